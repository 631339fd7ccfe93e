/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PING_CHECK: the host answers an ICMP or ICMPv6 echo.
 *
 * The kernel's ping sockets need no privilege, but net.ipv4.ping_group_range
 * has to allow them, and by default it allows nobody; then a raw socket, which
 * needs CAP_NET_RAW, does the same work. A ping socket gets only its own
 * answers, a raw one every ICMP message of the host. So an answer is known by
 * 16 random bytes, whatever the socket, and all else is passed over.
 */
#include "check_kinds.h"
#include "check_net.h"
#include "check_words.h"

#include <errno.h>
#include <event2/util.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { PING_COOKIE = 16, MESSAGES_A_TURN = 16, IPV4_HEADER_MIN = 20, ANSWER_READ = 128 };

/* An echo, of either family. */
struct echo {
	uint8_t type, code;
	uint16_t checksum_be, id_be, sequence_be;
	uint8_t cookie[PING_COOKIE];
};

struct check_ping {
	struct check_net net;
	bool sent;
	struct echo echo;
};

static int ping_open(bool ipv4);
static void ping_ready(struct check_net *net);

static const struct check_net_kind ping_kind = {
	.size = sizeof(struct check_ping),
	.type = SOCK_DGRAM,
	.open = ping_open,
	.ready = ping_ready,
};

static void *
ping_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	   const struct check_target *target, check_done_fn *done, void *context,
	   char ret_text[CHECK_TEXT_SIZE])
{
	struct check_net_order order = { env, &conf->connect, target, done, context };

	return check_net_start(&ping_kind, &order, ret_text);
}

const struct check_ops check_ping = { .start = ping_start, .cancel = check_net_cancel };

/* A raw socket that gets echo replies only, or -errno. */
static int
raw_open(bool ipv4)
{
	int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			ipv4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6);

	if (fd < 0)
		return -errno;
	if (ipv4) {
		struct icmp_filter filter = { .data = ~(UINT32_C(1) << ICMP_ECHOREPLY) };

		setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
	} else {
		struct icmp6_filter filter;

		ICMP6_FILTER_SETBLOCKALL(&filter);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
	}
	return fd;
}

static int
ping_open(bool ipv4)
{
	int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			ipv4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6);

	return fd >= 0 || errno != EACCES ? (fd >= 0 ? fd : -errno) : raw_open(ipv4);
}

/* RFC 1071, over an even count of bytes. A kernel that reckons it itself (ping sockets, ICMPv6) writes over ours. */
static uint16_t
checksum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static int
echo_send(struct check_ping *ping)
{
	struct echo *echo = &ping->echo;

	echo->type = sl_addr_is_v4(&ping->net.addr) ? (uint8_t)ICMP_ECHO : (uint8_t)ICMP6_ECHO_REQUEST;
	evutil_secure_rng_get_bytes(&echo->id_be, sizeof(*echo) - offsetof(struct echo, id_be));
	echo->checksum_be = htons(checksum(echo, sizeof(*echo)));
	return send(ping->net.fd, echo, sizeof(*echo), 0) < 0 ? -errno : 0;
}

/* A ping socket changes the id, both ways. A raw socket shows the IPv4 header, too. */
static bool
echo_is_ours(const struct check_ping *ping, const uint8_t *data, size_t len)
{
	bool ipv4 = sl_addr_is_v4(&ping->net.addr);
	struct echo got;

	if (ipv4 && len > IPV4_HEADER_MIN && data[0] >> 4 == 4) {
		size_t header = (data[0] & 0xfu) * 4;

		header = header < len ? header : len;
		data += header;
		len -= header;
	}
	if (len < sizeof(got))
		return false;
	memcpy(&got, data, sizeof(got));
	return got.type == (ipv4 ? (uint8_t)ICMP_ECHOREPLY : (uint8_t)ICMP6_ECHO_REPLY) &&
	       got.sequence_be == ping->echo.sequence_be &&
	       memcmp(got.cookie, ping->echo.cookie, sizeof(got.cookie)) == 0;
}

static void
ping_ready(struct check_net *net)
{
	struct check_ping *ping = (struct check_ping *)net;
	uint8_t data[ANSWER_READ];
	char took[CHECK_TIME_SIZE];

	if (!ping->sent) {
		int rc = echo_send(ping);

		if (rc != 0) {
			check_net_fail(net, -rc);
			return;
		}
		ping->sent = true;
	}
	for (unsigned int i = 0; i < MESSAGES_A_TURN; i++) {
		ssize_t len = recv(net->fd, data, sizeof(data), 0);

		if (len < 0) {
			if (errno != EAGAIN)
				check_net_fail(net, errno);
			return;
		}
		if (echo_is_ours(ping, data, (size_t)len)) {
			check_net_verdict(net, true, "echo in %s",
					  check_words_time(check_net_took_us(net), took));
			return;
		}
	}
	check_net_again(net);
}
