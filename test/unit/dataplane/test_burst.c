/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst is what its packets alone are. Stages have loops of their own for bursts that
 * are all alike, and take for granted what most are; here each burst is sent packet by packet
 * first, and then as a whole: the frames of each port must be the same, byte by byte.
 */
#include "pipe_box.h"
#include "wire.h"

#include <netinet/in.h>

enum { UDP = SL_PROTO_UDP, FRAMES_MAX = 64 };

static const struct dp_tunnel gue = { .type = SL_TUN_GUE, .port = 6080 };

/* The kinds of packets, by letter. */
static const struct kind {
	char letter;
	const char *vip, *server;
	uint8_t fwd;
	const struct dp_tunnel *tunnel;
	uint16_t payload;
} kinds[] = {
	{ 'd', "192.0.2.20", "10.0.0.11", SL_FWD_DR, NULL, 10 },
	{ 'D', "192.0.2.21", "198.51.100.1", SL_FWD_DR, NULL, 10 }, /* by the other port */
	{ 'l', "192.0.2.20", "10.0.0.11", SL_FWD_DR, NULL, 1300 },  /* longer than lan's MTU */
	{ 'L', "192.0.2.21", "198.51.100.1", SL_FWD_DR, NULL, 1300 },
	{ 'h', "192.0.2.22", "10.0.0.99", SL_FWD_DR, NULL, 10 }, /* nobody knows its server */
	{ '6', "2001:db8:ff::20", "2001:db8:2::11", SL_FWD_DR, NULL, 10 },
	{ 'n', "192.0.2.23", "10.0.0.12", SL_FWD_NAT, NULL, 10 },
	{ 't', "192.0.2.24", "10.0.0.11", SL_FWD_TUN, NULL, 10 },
	{ 'T', "192.0.2.25", "198.51.100.1", SL_FWD_TUN, NULL, 10 },
	{ 'v', "192.0.2.26", "2001:db8:2::11", SL_FWD_TUN, NULL, 10 },
	{ 'g', "192.0.2.27", "10.0.0.11", SL_FWD_TUN, &gue, 10 },
	{ 's', "2001:db8:ff::21", "10.0.0.11", SL_FWD_TUN, NULL, 10 }, /* IPv6 in IPv4 */
	{ 'x', "192.0.2.200", NULL, SL_FWD_DR, NULL, 10 },             /* to nobody: dropped */
};

static const struct {
	const char *name, *packets;
} bursts[] = {
	{ "DR", "dddddd" },
	{ "DR, two ports", "ddDdDD" },
	{ "DR, the other port first", "Dddd" },
	{ "DR, one server unknown", "ddhd" },
	{ "DR, the first server unknown", "hddd" },
	{ "DR, the last one dropped", "dddx" },
	{ "DR, too long for its port", "ddld" },
	{ "DR, too long for another's port", "dLdL" },
	{ "DR, too long, another's port first", "Lldd" },
	{ "both families", "d6d66d" },
	{ "both families, IPv6 first", "6d6dd" },
	{ "NAT", "nnnn" },
	{ "plain tunnels", "tttttt" },
	{ "plain tunnels, two ports", "tTttT" },
	{ "plain tunnels, then another", "tttvttgt" },
	{ "another tunnel first", "vttg" },
	{ "tunnels of IPv6", "sssts" },
	{ "methods", "dtnd6DTvngs" },
	{ "methods, and drops", "xdtxnx" },
	{ "whole burst", "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd" },
	{ "whole burst of tunnels", "tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt" },
};

static const struct kind *
kind_of(char letter)
{
	for (unsigned int i = 0; i < SL_COUNT(kinds); i++)
		if (kinds[i].letter == letter)
			return &kinds[i];
	fail_msg("no kind '%c'", letter);
	return NULL;
}

static struct rte_mbuf *
packet_of(char letter, unsigned int i)
{
	const struct kind *kind = kind_of(letter);
	const struct pipe_spec spec = {
		.src = strchr(kind->vip, ':') != NULL ? "2001:db8:9::5" : "203.0.113.5",
		.dst = kind->vip,
		.proto = UDP,
		.sport = (uint16_t)(30000 + i),
		.payload = (uint16_t)(kind->payload + i),
	};
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, bytes);

	return pipe_mbuf(bytes, len, NULL);
}

/* An answer of our own, that something was too long, overtakes what waits for its burst's end. */
static bool
is_answer(const struct pipe_frame *frame)
{
	return load16(frame->bytes + ETH_TYPE_AT) == ETH_TYPE_IP4_BE &&
	       frame->bytes[ETH_LEN + IP4_PROTO_AT] == IPPROTO_ICMP;
}

/* What was sent: port after port, its packets and then the answers by it. */
static unsigned int
sent_copy(struct pipe_frame *frames)
{
	unsigned int count = 0;

	assert_true(pipe_box.sent_count <= FRAMES_MAX * 2);
	for (unsigned int part = 0; part < 2 * PIPE_PORTS; part++)
		for (unsigned int i = 0; i < pipe_box.sent_count; i++)
			if (pipe_box.sent[i].port == part / 2 && is_answer(&pipe_box.sent[i]) == part % 2)
				frames[count++] = pipe_box.sent[i];
	return count;
}

static void
burst_check(const char *name, const char *letters)
{
	static struct pipe_frame alone[FRAMES_MAX * 2], together[FRAMES_MAX * 2];
	struct dp_worker *w = dp_workers[0];
	uint16_t tunnel_id = w->tunnel_id, answer_id = w->answer_id;
	struct rte_mbuf *packets[BURST_MAX];
	unsigned int count = (unsigned int)strlen(letters), frames;
	uint64_t drops = w->count.drops, held = w->held, drops_alone, held_alone;

	pipe_forget();
	for (unsigned int i = 0; i < count; i++) {
		packets[0] = packet_of(letters[i], i);
		pipe_burst(0, WAN, packets, 1);
	}
	frames = sent_copy(alone);
	drops_alone = w->count.drops - drops;
	held_alone = w->held - held;

	/* Once more, with the connections there are now. */
	drops = w->count.drops;
	held = w->held;
	w->tunnel_id = tunnel_id;
	w->answer_id = answer_id;
	pipe_forget();
	for (unsigned int i = 0; i < count; i++)
		packets[i] = packet_of(letters[i], i);
	pipe_burst(0, WAN, packets, count);
	sl_check_int(name, sent_copy(together), frames);
	sl_check_int(name, w->count.drops - drops, drops_alone);
	sl_check_int(name, w->held - held, held_alone);
	for (unsigned int i = 0; i < frames; i++) {
		sl_check_int(name, together[i].port, alone[i].port);
		sl_check_int(name, together[i].len, alone[i].len);
		sl_check(name, memcmp(together[i].bytes, alone[i].bytes, alone[i].len) == 0);
	}
}

static void
test_bursts(void **state)
{
	pipe_mtu_set(LAN, 1000);
	for (unsigned int i = 0; i < SL_COUNT(kinds); i++)
		if (kinds[i].server != NULL)
			pipe_serve(kinds[i].vip, 80, UDP, kinds[i].fwd, kinds[i].server, kinds[i].tunnel, 0);
	for (unsigned int i = 0; i < SL_COUNT(bursts); i++)
		burst_check(bursts[i].name, bursts[i].packets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bursts, pipe_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
