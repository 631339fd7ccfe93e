/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heartbeats over UDP (line.h): a datagram is a message, to a peer's address
 * or to a multicast group, over a kernel interface or whichever the route says.
 *
 * The socket sees its own port from anybody; who may speak is the signature's to say, as a peer
 * may have several addresses. An interface that has been taken away and made anew has another
 * index, which the socket does not follow: it is looked at every second.
 */
#include "line.h"
#include "message.h"

#include "sl_addr.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BURST = 64 }; /* datagrams at a time, so that a flood does not stop the timers */

struct udp_line {
	struct line line;
	unsigned int ifindex; /* of conf->interface; 0: none is configured */
	struct sockaddr_storage peer;
	socklen_t peer_size;
};

static int udp_open(struct line *line, char ret_error[DP_ERROR_SIZE]);
static void udp_close(struct line *line);
static void udp_readable(struct line *line);
static bool udp_send(struct line *line, const uint8_t *data, size_t size);
static const char *udp_check(struct line *line);

const struct line_ops udp_line_ops = {
	.size = sizeof(struct udp_line),
	.open = udp_open,
	.close = udp_close,
	.readable = udp_readable,
	.send = udp_send,
	.check = udp_check,
};

static int udp_set_up(struct udp_line *udp, int fd, const char **ret_what);
static int multicast_set_up(const struct udp_line *udp, int fd, const char **ret_what);
static socklen_t sockaddr_set(struct sockaddr_storage *to, const struct sl_addr *addr, uint16_t port,
			      unsigned int ifindex);
static struct sl_addr sockaddr_get(const struct sockaddr_storage *from);
static bool is_multicast(const struct sl_addr *addr);
static bool is_link_local(const struct sl_addr *addr);
static int option_set(int fd, int level, int name, int value);

static int
udp_open(struct line *line, char ret_error[DP_ERROR_SIZE])
{
	struct udp_line *udp = (struct udp_line *)line;
	const struct ka_heartbeat *conf = line->conf;
	const char *what = "socket";
	int fd, err;

	udp->ifindex = conf->interface[0] != '\0' ? if_nametoindex(conf->interface) : 0;
	if (conf->interface[0] != '\0' && udp->ifindex == 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "no interface %s", conf->interface);
		return -ENODEV;
	}
	udp->peer_size = sockaddr_set(&udp->peer, &conf->peer, conf->udp_port, udp->ifindex);
	fd = socket(udp->peer.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	err = fd < 0 ? -errno : udp_set_up(udp, fd, &what);
	if (err < 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "%s: %s", what, strerror(-err));
		if (fd >= 0)
			close(fd);
		return err;
	}
	return fd;
}

static void
udp_close(struct line *line)
{
}

static void
udp_readable(struct line *line)
{
	uint8_t data[HEARTBEAT_SIZE_MAX + 1]; /* one more: too long is seen as such */

	for (unsigned int i = 0; i < READ_BURST && line->fd >= 0; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t from_size = sizeof(from);
		ssize_t size =
			recvfrom(line->fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_size);

		if (size < 0 && errno == EAGAIN)
			return;
		if (size < 0)
			continue;
		line->from = sockaddr_get(&from);
		line->calls.take(data, (size_t)size, line->calls.context);
	}
}

static bool
udp_send(struct line *line, const uint8_t *data, size_t size)
{
	const struct udp_line *udp = (const struct udp_line *)line;

	if (sendto(line->fd, data, size, MSG_NOSIGNAL, (const struct sockaddr *)&udp->peer, udp->peer_size) >=
	    0)
		return true;
	/* The interface, or the address that it is bound to, is gone. Other errors pass: no route now, nobody there, queue full. */
	if (errno == ENODEV || errno == ENXIO || errno == EADDRNOTAVAIL || errno == EINVAL)
		line_lost(line, strerror(errno));
	return false;
}

static const char *
udp_check(struct line *line)
{
	const struct udp_line *udp = (const struct udp_line *)line;

	if (udp->ifindex == 0 || if_nametoindex(line->conf->interface) == udp->ifindex)
		return NULL;
	return "the interface is gone";
}

/* *ret_what: what has failed. */
static int
udp_set_up(struct udp_line *udp, int fd, const char **ret_what)
{
	const struct ka_heartbeat *conf = udp->line.conf;
	bool v4 = sl_addr_is_v4(&conf->peer);
	static const struct sl_addr none;
	struct sl_addr any = v4 ? sl_addr_from_v4(0) : none;
	struct sockaddr_storage local;
	socklen_t local_size;
	int err;

	/* Several channels may have one port: by interface, or by address. */
	err = option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (err == 0 && !v4)
		err = option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (err == 0 && conf->interface[0] != '\0') {
		*ret_what = conf->interface;
		if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, conf->interface,
			       (socklen_t)strlen(conf->interface) + 1) < 0)
			err = -errno;
	}
	if (err < 0)
		return err;
	/* First in every queue on the way; where the system does not grant it, it goes without. */
	option_set(fd, SOL_SOCKET, SO_PRIORITY, 6);
	if (v4)
		option_set(fd, IPPROTO_IP, IP_TOS, IPTOS_CLASS_CS6);
	else
		option_set(fd, IPPROTO_IPV6, IPV6_TCLASS, IPTOS_CLASS_CS6);

	*ret_what = "multicast";
	err = is_multicast(&conf->peer) ? multicast_set_up(udp, fd, ret_what)
					: option_set(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
						     v4 ? IP_TTL : IPV6_UNICAST_HOPS, conf->ttl);
	if (err < 0)
		return err;

	/* A group's datagrams have its address, not ours: such a socket is bound to the port alone. */
	*ret_what = "bind";
	local_size = sockaddr_set(
		&local, is_multicast(&conf->peer) || sl_addr_is_none(&conf->local) ? &any : &conf->local,
		conf->udp_port, udp->ifindex);
	return bind(fd, (const struct sockaddr *)&local, local_size) < 0 ? -errno : 0;
}

static int
multicast_set_up(const struct udp_line *udp, int fd, const char **ret_what)
{
	const struct ka_heartbeat *conf = udp->line.conf;

	if (sl_addr_is_v4(&conf->peer)) {
		struct ip_mreqn group = { .imr_ifindex = (int)udp->ifindex };
		int err = option_set(fd, IPPROTO_IP, IP_MULTICAST_TTL, conf->ttl);

		group.imr_multiaddr.s_addr = sl_addr_v4_be(&conf->peer);
		if (!sl_addr_is_none(&conf->local))
			group.imr_address.s_addr = sl_addr_v4_be(&conf->local);
		if (err < 0)
			return err;
		if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)) < 0 ||
		    setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			return -errno;
		return option_set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	} else {
		struct ipv6_mreq group = { .ipv6mr_interface = udp->ifindex };
		int err = option_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, conf->ttl);

		memcpy(&group.ipv6mr_multiaddr, conf->peer.b, sizeof(conf->peer.b));
		if (err == 0)
			err = option_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)udp->ifindex);
		if (err < 0)
			return err;
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			return -errno;
		return option_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	}
}

static socklen_t
sockaddr_set(struct sockaddr_storage *to, const struct sl_addr *addr, uint16_t port, unsigned int ifindex)
{
	memset(to, 0, sizeof(*to));
	if (sl_addr_is_v4(addr)) {
		struct sockaddr_in *in = (struct sockaddr_in *)to;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = sl_addr_v4_be(addr);
		return sizeof(*in);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, addr->b, sizeof(addr->b));
		/* ff02::/16 and fe80::/10 mean nothing without a link. */
		if (is_link_local(addr))
			in6->sin6_scope_id = ifindex;
		return sizeof(*in6);
	}
}

static struct sl_addr
sockaddr_get(const struct sockaddr_storage *from)
{
	if (from->ss_family == AF_INET)
		return sl_addr_from_v4(((const struct sockaddr_in *)from)->sin_addr.s_addr);
	return sl_addr_from_v6(((const struct sockaddr_in6 *)from)->sin6_addr.s6_addr);
}

static bool
is_multicast(const struct sl_addr *addr)
{
	return sl_addr_is_v4(addr) ? addr->b[12] >> 4 == 0xe : addr->b[0] == 0xff;
}

static bool
is_link_local(const struct sl_addr *addr)
{
	return (addr->b[0] == 0xfe && addr->b[1] >> 6 == 2) ||
	       (addr->b[0] == 0xff && (addr->b[1] & 0xf) == 2);
}

static int
option_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}
