/* SPDX-License-Identifier: BSD-3-Clause */
/* Making a TUN or TAP interface of the kernel's; see tun_open.h. */
#include "tun_open.h"

#include <linux/if_tun.h>
#include <net/if.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *
remedy_of(int code)
{
	switch (code) {
	case -EPERM:
		return "sluiced must run as root, or with CAP_NET_ADMIN";
	case -EBUSY:
		return "somebody has an interface of that name: is another sluiced running?";
	case -EINVAL:
		return "an interface of that name and another kind exists: ip link del it";
	default:
		return "see the kernel's log (dmesg)";
	}
}

int
dp_tun_open(const char *name, short flags, const char **ret_remedy)
{
	struct ifreq request = { .ifr_flags = (short)(flags | IFF_NO_PI) };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), code;

	if (fd < 0) {
		code = -errno;
		*ret_remedy = code == -EACCES || code == -EPERM
				      ? "sluiced must be allowed to open /dev/net/tun"
				      : "/dev/net/tun is needed: modprobe tun";
		return code;
	}
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) == 0)
		return fd;
	code = -errno;
	close(fd);
	*ret_remedy = remedy_of(code);
	return code;
}
