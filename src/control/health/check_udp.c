/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP_CHECK: a datagram is not refused; with require_reply, it is answered.
 *
 * Most UDP services stay silent to what they do not understand. So without
 * require_reply silence is a success, and only an ICMP error (port, host or
 * network unreachable), which the kernel hands to the connected socket, is a
 * failure. Any answer settles it sooner.
 */
#include "check_kinds.h"
#include "check_net.h"
#include "check_words.h"

#include <errno.h>
#include <sys/socket.h>

struct check_udp {
	struct check_net net;
	const struct conf_udp *conf;
	bool sent;
};

static void udp_ready(struct check_net *net);
static void udp_late(struct check_net *net);

static const struct check_net_kind udp_kind = {
	.size = sizeof(struct check_udp),
	.type = SOCK_DGRAM,
	.ready = udp_ready,
	.late = udp_late,
};

static void *
udp_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	  const struct check_target *target, check_done_fn *done, void *context,
	  char ret_text[CHECK_TEXT_SIZE])
{
	struct check_net_order order = { env, &conf->connect, target, done, context };
	struct check_udp *udp = check_net_start(&udp_kind, &order, ret_text);

	if (udp != NULL)
		udp->conf = &conf->udp;
	return udp;
}

const struct check_ops check_udp = { .start = udp_start, .cancel = check_net_cancel };

/* The first byte that is not as it should be, or -1. */
static long
reply_differs(const struct conf_udp *conf, const uint8_t *reply, size_t len)
{
	for (size_t i = 0; i < conf->reply_size; i++) {
		uint8_t mask = conf->reply_mask != NULL ? conf->reply_mask[i] : 0xff;

		if (i >= len || ((reply[i] ^ conf->reply_data[i]) & mask) != 0)
			return (long)i;
	}
	return -1;
}

static void
reply_judge(struct check_udp *udp, const uint8_t *reply, size_t len)
{
	const struct conf_udp *conf = udp->conf;
	struct check_net *net = &udp->net;
	char took[CHECK_TIME_SIZE];
	long differs = reply_differs(conf, reply, len);

	check_words_time(check_net_took_us(net), took);
	if (!conf->require_reply)
		check_net_verdict(net, true, "answered in %s", took);
	else if (len < conf->min_reply_size || len > conf->max_reply_size)
		check_net_verdict(net, false, "reply of %zu bytes, want %u to %u", len, conf->min_reply_size,
				  conf->max_reply_size);
	else if (differs >= (long)len)
		check_net_verdict(net, false, "reply of %zu bytes, the pattern has %u", len,
				  conf->reply_size);
	else if (differs >= 0)
		check_net_verdict(net, false, "reply differs from the pattern at byte %ld: 0x%02x", differs,
				  reply[differs]);
	else
		check_net_verdict(net, true, "answered in %s", took);
}

static void
udp_ready(struct check_net *net)
{
	static uint8_t reply[65536];
	struct check_udp *udp = (struct check_udp *)net;
	ssize_t len;

	if (!udp->sent && send(net->fd, udp->conf->payload, udp->conf->payload_size, 0) < 0) {
		check_net_fail(net, errno);
		return;
	}
	udp->sent = true;
	len = recv(net->fd, reply, sizeof(reply), 0);
	if (len >= 0)
		reply_judge(udp, reply, (size_t)len);
	else if (errno == ECONNREFUSED)
		check_net_verdict(net, false, "port unreachable");
	else if (errno != EAGAIN)
		check_net_fail(net, errno);
}

static void
udp_late(struct check_net *net)
{
	struct check_udp *udp = (struct check_udp *)net;
	char time[CHECK_TIME_SIZE];

	check_words_time(net->connect->timeout_ms * UINT64_C(1000), time);
	if (udp->conf->require_reply)
		check_net_verdict(net, false, "no answer within %s", time);
	else
		check_net_verdict(net, true, "not refused within %s", time);
}
