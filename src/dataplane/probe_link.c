/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel interface of checks: a layer-3 TUN device with one subnet a family, in which each probe
 * has an address. Routes to it are the subnets' own, so that the kernel needs no rule,
 * and even a strict rp_filter finds that answers come from where they must.
 *
 * IPv4: a quarter of the link-local block (RFC 3927), which no router forwards and no service may have; the
 * quarter that has neither of its reserved ends, nor 169.254.169.254, where clouds keep their
 * metadata. A narrower subnet elsewhere in the box goes before it. IPv6: a prefix of our own
 * from fd00::/8 (RFC 4193), its global identifier drawn at random.
 */
#include "probe.h"

#include "port.h"
#include "rtnl.h"
#include "sysctl.h"
#include "tap.h"
#include "tun_open.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
	SUBNET4_LEN = 18,
	SUBNET6_LEN = 112,
	NUMBERS = 1 << (32 - SUBNET4_LEN),
	/* What a burst of checks sends before it is read. */
	QUEUE_LEN = 8192,
};

static_assert(DP_PROBES_MAX == NUMBERS - PROBE_NUMBER_FIRST - 1, "all numbers but the broadcast address's");

static const struct sl_addr subnet4 = { .b = { [10] = 0xff, 0xff, 169, 254, 64, 0 } };
static const struct sl_addr subnet6 = { .b = { 0xfd, 0x11, 0x40, 0x82, 0xf9, 0x2f, 0x4e, 0xe0 } };

static int link_fd = -1;
static bool has6;

struct sl_addr
dp_probe_link_addr(bool v4, uint32_t number)
{
	struct sl_addr addr = v4 ? subnet4 : subnet6;

	addr.b[14] = (uint8_t)(addr.b[14] + (number >> 8));
	addr.b[15] = (uint8_t)number;
	return addr;
}

uint32_t
dp_probe_link_number(const struct sl_addr *addr)
{
	uint32_t number = (uint32_t)addr->b[14] << 8 | addr->b[15];
	const struct sl_addr *subnet = sl_addr_is_v4(addr) ? &subnet4 : &subnet6;

	number -= (uint32_t)subnet->b[14] << 8;
	return memcmp(addr->b, subnet->b, 14) == 0 && number < NUMBERS ? number : 0;
}

static void
sysctls_set(void)
{
	static const struct {
		const char *name, *value;
	} sysctls[] = { { "disable_ipv6", "0" }, { "accept_ra", "0" }, { "accept_dad", "0" } };

	for (unsigned int i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		char path[SYSCTL_PATH_SIZE];

		/* Where they cannot be set, IPv6 checks find out that they have no address. */
		dp_sysctl_path(path, "ipv6", PROBE_LINK_NAME, sysctls[i].name);
		(void)dp_sysctl_set(path, sysctls[i].value);
	}
}

/* Of this link only: no other socket takes it for its source. */
static int
addr_add(unsigned int index, bool v4)
{
	const struct sl_prefix prefix = { .addr = dp_probe_link_addr(v4, PROBE_NUMBER_OWN),
					  .len = v4 ? SUBNET4_LEN : SUBNET6_LEN };

	return dp_rtnl_addr_set(index, &prefix, v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE, true);
}

static int
link_set_up(void)
{
	unsigned int index = if_nametoindex(PROBE_LINK_NAME);
	struct sl_addr own6;
	int code;

	if (index == 0)
		return -errno;
	sysctls_set();
	/* It would say more than anybody listens to. A kernel without IPv6 refuses, and needs it not. */
	(void)dp_rtnl_link_local_set(index, false);
	code = dp_rtnl_link_set(index,
				&(struct rtnl_link){ .mtu = PROBE_MTU, .queue_len = QUEUE_LEN, .up = true });
	if (code == 0)
		code = addr_add(index, true);
	own6 = dp_probe_link_addr(false, PROBE_NUMBER_OWN);
	has6 = code == 0 && addr_add(index, false) == 0 && dp_rtnl_local6_add(index, &own6) == 0;
	return code;
}

static const char *
name_taken_by_port(void)
{
	for (unsigned int port = 0; port < dp_ports_count; port++)
		if (dp_ports[port].conf.tap && strcmp(dp_ports[port].conf.name, PROBE_LINK_NAME + 3) == 0)
			return "port \"check\" has its kernel interface under that name: call the port "
			       "something else";
	return NULL;
}

int
dp_probe_link_open(char ret_error[DP_ERROR_SIZE])
{
	const char *remedy = "the kernel takes neither its MTU nor its address";
	int fd = dp_tun_open(PROBE_LINK_NAME, IFF_TUN, &remedy), code;

	if (fd >= 0) {
		code = link_set_up();
		if (code == 0)
			code = dp_tap_watch(fd);
		if (code == 0) {
			link_fd = fd;
			return 0;
		}
		close(fd);
	} else {
		code = fd;
		if (name_taken_by_port() != NULL)
			remedy = name_taken_by_port();
	}
	snprintf(ret_error, DP_ERROR_SIZE,
		 "checks by the way of clients' packets: kernel interface " PROBE_LINK_NAME
		 " cannot be made (%s); %s",
		 strerror(-code), remedy);
	return code;
}

void
dp_probe_link_close(void)
{
	if (link_fd >= 0)
		close(link_fd);
	link_fd = -1;
	has6 = false;
}

bool
dp_probe_link_present(void)
{
	return link_fd >= 0;
}

bool
dp_probe_link_has6(void)
{
	return has6;
}

/* A descriptor without interface reads and writes nothing any more. */
static void
link_lost(int code)
{
	sl_warn("kernel interface " PROBE_LINK_NAME " has disappeared (%s); it will be made again",
		strerror(code));
	dp_probe_link_close();
}

int
dp_probe_link_read(uint8_t *packet, uint32_t room)
{
	ssize_t len = link_fd >= 0 ? read(link_fd, packet, room) : -1;
	int code = errno;

	if (link_fd < 0)
		return -ENODEV;
	if (len >= 0)
		return (int)len;
	if (code == EAGAIN || code == EINTR)
		return 0;
	link_lost(code);
	return -code;
}

enum probe_written
dp_probe_link_write(const uint8_t *packet, uint32_t len)
{
	if (link_fd < 0)
		return PROBE_GONE;
	if (write(link_fd, packet, len) >= 0)
		return PROBE_WRITTEN;
	if (errno != EBADFD && errno != ENODEV)
		return PROBE_REFUSED; /* down, or out of memory */
	link_lost(errno);
	return PROBE_GONE;
}
