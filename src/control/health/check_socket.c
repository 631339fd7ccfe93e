/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A socket as a check wants it.
 *
 * IP_RECVERR: without it the kernel keeps "host unreachable" and "network
 * unreachable" from a connected datagram socket, and a UDP_CHECK without
 * require_reply would take a dead host for a good one.
 *
 * Who closes a TCP connection as soon as it stands need not wake the server's
 * program: with TCP_QUICKACK off the kernel holds the last ACK of the handshake
 * back, and the reset goes in its place. The server's kernel has shown by its
 * SYN-ACK that somebody listens, and no log there fills with empty connections.
 */
#include "check_socket.h"
#include "check_words.h"

#include "sl_addr.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

static const int on = 1, off = 0;

static int options_set(int fd, const struct check_net_kind *kind, const struct conf_connect *conf, bool ipv4,
		       char ret_text[CHECK_TEXT_SIZE]);
static int bind_set(int fd, const struct check_net_kind *kind, const struct conf_connect *conf,
		    const struct sl_addr *to, char ret_text[CHECK_TEXT_SIZE]);
static socklen_t sockaddr_make(const struct sl_addr *addr, uint16_t port, struct sockaddr_storage *ret);

int
check_socket_open(const struct check_net_kind *kind, const struct conf_connect *conf,
		  const struct sl_addr *addr, uint16_t port, char ret_text[CHECK_TEXT_SIZE])
{
	bool ipv4 = sl_addr_is_v4(addr);
	struct sockaddr_storage to;
	socklen_t to_size = sockaddr_make(addr, port, &to);
	int fd;

	if (kind->open != NULL) {
		fd = kind->open(ipv4);
		errno = fd < 0 ? -fd : 0;
	} else {
		fd = socket(ipv4 ? AF_INET : AF_INET6, kind->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd < 0) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "%s", check_words_errno(errno));
		return -1;
	}
	if (options_set(fd, kind, conf, ipv4, ret_text) == 0 &&
	    bind_set(fd, kind, conf, addr, ret_text) == 0) {
		if (connect(fd, (struct sockaddr *)&to, to_size) == 0 || errno == EINPROGRESS)
			return fd;
		snprintf(ret_text, CHECK_TEXT_SIZE, "%s", check_words_errno(errno));
	}
	close(fd);
	return -1;
}

int
check_socket_error(int fd)
{
	int err;
	socklen_t size = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) == 0 ? err : errno;
}

int
check_socket_addr(const struct sockaddr *from, struct sl_addr *ret_addr)
{
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name;

	if (from->sa_family == AF_INET) {
		memcpy(&name.v4, from, sizeof(name.v4));
		*ret_addr = sl_addr_from_v4(name.v4.sin_addr.s_addr);
	} else if (from->sa_family == AF_INET6) {
		memcpy(&name.v6, from, sizeof(name.v6));
		*ret_addr = sl_addr_from_v6(&name.v6.sin6_addr);
	} else {
		return -EAFNOSUPPORT;
	}
	return 0;
}

static int
options_set(int fd, const struct check_net_kind *kind, const struct conf_connect *conf, bool ipv4,
	    char ret_text[CHECK_TEXT_SIZE])
{
	if (kind->type == SOCK_DGRAM)
		setsockopt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_RECVERR : IPV6_RECVERR, &on,
			   sizeof(on));
	if (kind->unseen)
		setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
	if (conf->fwmark != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &conf->fwmark, sizeof(conf->fwmark)) != 0) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "cannot set fwmark %u: %s", conf->fwmark,
			 errno == EPERM ? "sluiced lacks CAP_NET_ADMIN" : check_words_errno(errno));
		return -1;
	}
	if (conf->bind_if != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, conf->bind_if,
						(socklen_t)strnlen(conf->bind_if, IFNAMSIZ)) != 0) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "cannot leave by bind_if %.16s: %s", conf->bind_if,
			 errno == ENODEV ? "there is no such interface" : check_words_errno(errno));
		return -1;
	}
	return 0;
}

/* Where the check comes from. A port left to the kernel is chosen at connect: one for each server may be the same. */
static int
bind_set(int fd, const struct check_net_kind *kind, const struct conf_connect *conf, const struct sl_addr *to,
	 char ret_text[CHECK_TEXT_SIZE])
{
	uint16_t port = kind->open == NULL ? conf->bind_port : 0;
	struct sl_addr from = conf->bindto;
	char text[SL_ENDPOINT_STRLEN];
	struct sockaddr_storage name;
	socklen_t size;

	if (sl_addr_is_none(&from)) {
		if (port == 0)
			return 0;
		if (sl_addr_is_v4(to))
			from = sl_addr_from_v4(INADDR_ANY);
	} else if (sl_addr_is_v4(&from) != sl_addr_is_v4(to)) {
		snprintf(ret_text, CHECK_TEXT_SIZE,
			 "cannot be sent from bindto %s: the server's address is IPv%d",
			 sl_addr_format(&from, text), sl_addr_is_v4(to) ? 4 : 6);
		return -1;
	}
	if (port != 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	else if (kind->open == NULL)
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	size = sockaddr_make(&from, port, &name);
	if (bind(fd, (struct sockaddr *)&name, size) == 0)
		return 0;
	snprintf(ret_text, CHECK_TEXT_SIZE, "cannot be sent from %s: %s",
		 port != 0 ? sl_endpoint_format(&from, port, text) : sl_addr_format(&from, text),
		 errno == EADDRNOTAVAIL ? "not an address of this box" : check_words_errno(errno));
	return -1;
}

static socklen_t
sockaddr_make(const struct sl_addr *addr, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(ret, 0, sizeof(*ret));
	if (sl_addr_is_v4(addr)) {
		v4.sin_addr.s_addr = sl_addr_v4_be(addr);
		memcpy(ret, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, addr->b, sizeof(addr->b));
	memcpy(ret, &v6, sizeof(v6));
	return sizeof(v6);
}
