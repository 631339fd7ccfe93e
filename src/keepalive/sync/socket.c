/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sync thread's sockets: one to hear by, one to speak by, one to serve bulks.
 *
 * As LVS has them: bound to the interface, the group joined there, not looped back, fragments allowed. The
 * interface may come later than Sluice, or be made anew; both are looked for every second.
 */
#include "sync_link.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 8 << 20,
	BACKLOG = 4,
	LEN_DEFAULT = 1472, /* what LVS's masters send */
	HEADERS_V4 = 28,
	HEADERS_V6 = 48,
};

static int sockets_open(struct sync_link *link, const char **ret_what);
static socklen_t sockaddr_make(struct sockaddr_storage *to, const struct sl_addr *addr, bool six,
			       unsigned int port, unsigned int ifindex);
static bool is_multicast(const struct sl_addr *addr);
static int udp_in_open(struct sync_link *link, bool six);
static int udp_out_open(struct sync_link *link, bool six);
static int listener_open(struct sync_link *link, bool six);
static size_t len_allowed(const struct sync_link *link, bool six);

bool
sync_sockets_tend(struct sync_link *link)
{
	struct sync_sockets *sockets = &link->sockets;
	const struct ka_sync *conf = &link->sync->conf;
	const char *what = NULL;
	unsigned int ifindex;
	int err;

	if (link->now_ms - sockets->tried_ms < SYNC_SOCKET_MS)
		return sockets->udp_in >= 0;
	sockets->tried_ms = link->now_ms;
	ifindex = conf->interface[0] != '\0' ? if_nametoindex(conf->interface) : 0;
	if (sockets->udp_in >= 0 && ifindex == sockets->ifindex)
		return true;
	sync_sockets_close(sockets);
	sockets->ifindex = ifindex;
	if (conf->interface[0] != '\0' && ifindex == 0) {
		err = -ENODEV;
		what = "find the interface";
	} else {
		err = sockets_open(link, &what);
	}
	if (err == 0) {
		if (sockets->told)
			sl_notice("connection sync: %s is there now", conf->interface);
		sockets->told = false;
		if (link->opened_ms == 0)
			link->opened_ms = link->now_ms;
		return true;
	}
	sync_sockets_close(sockets);
	if (!sockets->told)
		sl_warn("connection sync by %s: cannot %s: %s; tries again every second",
			conf->interface[0] != '\0' ? conf->interface : "any interface", what, strerror(-err));
	sockets->told = true;
	return false;
}

void
sync_sockets_close(struct sync_sockets *sockets)
{
	int *const fds[] = { &sockets->udp_in, &sockets->udp_out, &sockets->listener };

	for (unsigned int i = 0; i < 3; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int
sync_socket_connect(const struct sync_link *link, const struct sockaddr_storage *peer)
{
	const struct ka_sync *conf = &link->sync->conf;
	struct sockaddr_storage to = *peer, from;
	in_port_t port_be = htons((uint16_t)(conf->udp_port + link->thread));
	bool six = peer->ss_family == AF_INET6;
	int buffer = BUFFER_SIZE, fd = socket(peer->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	/* The port is at the same place in both families' addresses. */
	((struct sockaddr_in *)(void *)&to)->sin_port = port_be;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (conf->interface[0] != '\0')
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, conf->interface, sizeof(conf->interface));
	if (!sl_addr_is_none(&conf->local)) {
		socklen_t len = sockaddr_make(&from, &conf->local, six, 0, link->sockets.ifindex);

		if (bind(fd, (struct sockaddr *)&from, len) < 0)
			goto failed;
	}
	if (connect(fd, (struct sockaddr *)&to,
		    six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)) == 0 ||
	    errno == EINPROGRESS)
		return fd;
failed:
	err = -errno;
	close(fd);
	return err;
}

static struct sl_addr
addr_of(const struct sockaddr_storage *from)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (from->ss_family == AF_INET) {
		memcpy(&four, from, sizeof(four));
		return sl_addr_from_v4(four.sin_addr.s_addr);
	}
	memcpy(&six, from, sizeof(six));
	return sl_addr_from_v6(&six.sin6_addr);
}

void
sync_addr_text(const struct sockaddr_storage *addr, char ret_text[SL_ADDR_STRLEN])
{
	struct sl_addr a = addr_of(addr);

	sl_addr_format(&a, ret_text);
}

bool
sync_addr_expected(const struct sync_link *link, const struct sockaddr_storage *from)
{
	struct sl_addr addr = addr_of(from);

	return is_multicast(&link->sync->conf.group) || sl_addr_eq(&addr, &link->sync->conf.group);
}

static bool
is_multicast(const struct sl_addr *addr)
{
	return sl_addr_is_v4(addr) ? (addr->b[12] & 0xf0) == 0xe0 : addr->b[0] == 0xff;
}

static socklen_t
sockaddr_make(struct sockaddr_storage *to, const struct sl_addr *addr, bool six, unsigned int port,
	      unsigned int ifindex)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	bool local_scope;

	memset(to, 0, sizeof(*to));
	if (!six) {
		if (!sl_addr_is_none(addr))
			a4.sin_addr.s_addr = sl_addr_v4_be(addr);
		memcpy(to, &a4, sizeof(a4));
		return sizeof(a4);
	}
	memcpy(&a6.sin6_addr, addr->b, sizeof(a6.sin6_addr));
	local_scope = (addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80) || addr->b[0] == 0xff;
	a6.sin6_scope_id = local_scope ? ifindex : 0;
	memcpy(to, &a6, sizeof(a6));
	return sizeof(a6);
}

static int
sockets_open(struct sync_link *link, const char **ret_what)
{
	struct sync_sockets *sockets = &link->sockets;
	bool six = !sl_addr_is_v4(&link->sync->conf.group);

	*ret_what = "hear the peer";
	sockets->udp_in = udp_in_open(link, six);
	if (sockets->udp_in < 0)
		return sockets->udp_in;
	*ret_what = "speak to the peer";
	sockets->udp_out = udp_out_open(link, six);
	if (sockets->udp_out < 0)
		return sockets->udp_out;
	sockets->max_len = len_allowed(link, six);
	if (link->sync->conf.lvs_peer)
		return 0;
	*ret_what = "listen for bulk resynchronisation";
	sockets->listener = listener_open(link, six);
	return sockets->listener < 0 ? sockets->listener : 0;
}

static int
socket_make(const struct sync_link *link, bool six, int type)
{
	const char *interface = link->sync->conf.interface;
	int on = 1, off = 0, fd = socket(six ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, type == SOCK_STREAM ? &on : &off, sizeof(on));
	if (interface[0] != '\0' &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int
fail(int fd)
{
	int err = -errno;

	close(fd);
	return err;
}

/* The forced sizes are for who may, the others for who may not. */
static void
buffer_set(int fd, int forced, int plain)
{
	int size = BUFFER_SIZE;

	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

/* Bound to the group, so that nothing else comes in by it; or to the own address. */
static int
udp_in_open(struct sync_link *link, bool six)
{
	const struct ka_sync *conf = &link->sync->conf;
	bool multicast = is_multicast(&conf->group);
	struct sockaddr_storage addr;
	socklen_t len = sockaddr_make(&addr, multicast ? &conf->group : &conf->local, six,
				      conf->udp_port + link->thread, link->sockets.ifindex);
	struct group_req join = { .gr_interface = link->sockets.ifindex };
	int off = 0, fd = socket_make(link, six, SOCK_DGRAM);

	if (fd < 0)
		return fd;
	buffer_set(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	if (bind(fd, (struct sockaddr *)&addr, len) < 0)
		return fail(fd);
	if (!multicast)
		return fd;
	if (!six)
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
	memcpy(&join.gr_group, &addr, sizeof(addr));
	if (setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP, &join, sizeof(join)) < 0)
		return fail(fd);
	return fd;
}

static int
udp_out_open(struct sync_link *link, bool six)
{
	const struct ka_sync *conf = &link->sync->conf;
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	int off = 0, ttl = conf->ttl != 0 ? conf->ttl : 1, fd = socket_make(link, six, SOCK_DGRAM);
	int discover = six ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT;
	struct ip_mreqn by = { .imr_ifindex = (int)link->sockets.ifindex };
	struct sockaddr_storage addr;
	socklen_t len;

	if (fd < 0)
		return fd;
	buffer_set(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	setsockopt(fd, level, six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &discover, sizeof(discover));
	if (is_multicast(&conf->group)) {
		setsockopt(fd, level, six ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP, &off, sizeof(off));
		setsockopt(fd, level, six ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL, &ttl, sizeof(ttl));
		if (six)
			setsockopt(fd, level, IPV6_MULTICAST_IF, &by.imr_ifindex, sizeof(by.imr_ifindex));
		else
			setsockopt(fd, level, IP_MULTICAST_IF, &by, sizeof(by));
	} else if (conf->ttl > 1) {
		/* A peer that is named may be behind a router; 1 is the default for groups. */
		setsockopt(fd, level, six ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, sizeof(ttl));
	}
	if (!sl_addr_is_none(&conf->local)) {
		len = sockaddr_make(&addr, &conf->local, six, 0, link->sockets.ifindex);
		if (bind(fd, (struct sockaddr *)&addr, len) < 0)
			return fail(fd);
	}
	len = sockaddr_make(&addr, &conf->group, six, conf->udp_port + link->thread, link->sockets.ifindex);
	if (connect(fd, (struct sockaddr *)&addr, len) < 0)
		return fail(fd);
	return fd;
}

static int
listener_open(struct sync_link *link, bool six)
{
	const struct ka_sync *conf = &link->sync->conf;
	struct sockaddr_storage addr;
	socklen_t len =
		sockaddr_make(&addr, &conf->local, six, conf->udp_port + link->thread, link->sockets.ifindex);
	int fd = socket_make(link, six, SOCK_STREAM);

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&addr, len) < 0 || listen(fd, BACKLOG) < 0)
		return fail(fd);
	return fd;
}

/* What the configuration says, or what fits into a packet. */
static size_t
len_allowed(const struct sync_link *link, bool six)
{
	const struct ka_sync *conf = &link->sync->conf;
	size_t len = conf->max_len != 0 ? conf->max_len : LEN_DEFAULT;
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", conf->interface);
	if (conf->max_len == 0 && ioctl(link->sockets.udp_out, SIOCGIFMTU, &request) == 0) {
		size_t fits = (size_t)request.ifr_mtu - (six ? HEADERS_V6 : HEADERS_V4);

		if (fits < len)
			len = fits;
	}
	return len < SYNC_MESSAGE_MIN ? (size_t)SYNC_MESSAGE_MIN : len;
}
