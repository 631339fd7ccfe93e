/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The MSS option of SYNs: what is lowered, what is left alone, and that checksums are
 * right either way.
 */
#include "pipe_box.h"
#include "wire.h"

#include <stdio.h>

enum { SYN = 2, ACK = 16, TCP_AT = ETH_LEN + IP4_LEN };

/* A SYN of the client with these options behind its header; to the end of a word they are padded. */
static unsigned int
syn_build(uint8_t bytes[PIPE_FRAME_MAX], const struct pipe_spec *spec, const uint8_t *options,
	  unsigned int options_len)
{
	unsigned int len = pipe_build(spec, bytes), ip6 = bytes[ETH_LEN] >> 4 == 6;
	unsigned int tcp = ETH_LEN + (ip6 ? IP6_LEN : IP4_LEN), padded = (options_len + 3) & ~3u;
	uint8_t *total = bytes + ETH_LEN + (ip6 ? IP6_PAYLOAD_AT : IP4_TOTAL_AT);
	unsigned int before = (unsigned int)total[0] << 8 | total[1];

	memset(bytes + len, 0, padded);
	memcpy(bytes + len, options, options_len);
	bytes[tcp + TCP_OFFSET_AT] = (uint8_t)((TCP_LEN + padded) / 4 << 4);
	total[0] = (uint8_t)((before + padded) >> 8);
	total[1] = (uint8_t)(before + padded);
	pipe_sums(bytes);
	return len + padded;
}

#define OPTIONS(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define MSS(n) 2, 4, (n) >> 8, (n)&0xff

static const struct {
	const char *name;
	const uint8_t *options;
	unsigned int len;
	unsigned int at, mss; /* what is there afterwards, at this offset of the options; 0: as before */
} rows[] = {
	{ "greater", OPTIONS(MSS(1460)), 2, 1200 },
	{ "one more", OPTIONS(MSS(1201)), 2, 1200 },
	{ "equal", OPTIONS(MSS(1200)), 0, 0 },
	{ "less", OPTIONS(MSS(536)), 0, 0 },
	{ "greatest", OPTIONS(MSS(65535)), 2, 1200 },
	{ "behind others", OPTIONS(4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, MSS(1460)), 14, 1200 },
	{ "at an odd place", OPTIONS(1, MSS(1460)), 3, 1200 },
	{ "at an odd place, behind another", OPTIONS(3, 3, 7, MSS(9000), 1), 5, 1200 },
	{ "none", OPTIONS(1, 1, 4, 2), 0, 0 },
	{ "no options", (const uint8_t[]){ 0 }, 0, 0, 0 },
	{ "behind the end", OPTIONS(0, 0, 0, 0, MSS(1460)), 0, 0 },
	{ "first of two", OPTIONS(MSS(1460), MSS(1460)), 2, 1200 },
	{ "length 0", OPTIONS(8, 0, 0, 0, MSS(1460)), 0, 0 },
	{ "length 1", OPTIONS(8, 1, 0, 0, MSS(1460)), 0, 0 },
	{ "another beyond the header", OPTIONS(8, 200, 0, 0, MSS(1460)), 0, 0 },
	{ "of length 2", OPTIONS(2, 2, 1, 1, MSS(1460)), 0, 0 },
	{ "of length 6", OPTIONS(2, 6, 5, 180, 0, 0), 0, 0 },
	{ "cut after its kind", OPTIONS(1, 1, 1, 2), 0, 0 },
	{ "cut in its value", OPTIONS(1, 2, 4, 5), 0, 0 },
	{ "cut behind its length", OPTIONS(1, 1, 2, 4), 0, 0 },
	{ "nothing but no operation",
	  OPTIONS(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		  1, 1, 1, 1, 1, 1, 1, 1, 1),
	  0, 0 },
};

/* The options of the frame that was sent, towards `vip`. */
static void
options_check(const char *row, const uint8_t *came, const uint8_t *options, unsigned int len, unsigned int at,
	      unsigned int mss)
{
	uint8_t want[64] = { 0 };

	memcpy(want, options, len);
	if (mss != 0) {
		want[at] = (uint8_t)(mss >> 8);
		want[at + 1] = (uint8_t)mss;
	}
	sl_check(row, memcmp(came, want, len) == 0);
}

static void
test_options(void **state)
{
	pipe_serve("192.0.2.8", 80, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.11", NULL, 1200);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec spec = { .dst = "192.0.2.8", .sport = (uint16_t)(30000 + i) };
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = syn_build(bytes, &spec, rows[i].options, rows[i].len);

		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
		sl_check(rows[i].name, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
		options_check(rows[i].name, pipe_box.sent[0].bytes + TCP_AT + TCP_LEN, rows[i].options,
			      rows[i].len, rows[i].at, rows[i].mss);
	}
}

/* Which segments: SYNs of either side, and no others; and only where the service wants it. */
static void
test_segments(void **state)
{
	static const uint8_t option[] = { MSS(1460) };
	static const struct {
		const char *name;
		uint16_t mss;
		uint8_t flags;
		bool reply;
		unsigned int want;
	} table[] = {
		{ "SYN", 1000, SYN, false, 1000 },
		{ "SYN ACK of the server", 1000, SYN | ACK, true, 1000 },
		{ "another segment", 1000, ACK, false, 1460 },
		{ "another segment of the server", 1000, ACK, true, 1460 },
		{ "not wanted", DP_MSS_KEEP, SYN, false, 1460 },
		{ "not wanted of the server", DP_MSS_KEEP, SYN | ACK, true, 1460 },
		{ "auto fits", DP_MSS_AUTO, SYN, false, 1460 },
	};

	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct pipe_spec open = { .dst = "192.0.2.8" },
				 spec = { .dst = "192.0.2.8", .flags = table[i].flags };
		uint8_t bytes[PIPE_FRAME_MAX];
		const uint8_t *tcp = pipe_box.sent[0].bytes + TCP_AT;
		unsigned int len;

		pipe_serve("192.0.2.8", 80, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.11", NULL, table[i].mss);
		sl_check_int(table[i].name, pipe_spec_one(&open), PIPE_SENT);
		if (table[i].reply)
			spec = (struct pipe_spec){ .src = "10.0.0.11",
						   .dst = "203.0.113.5",
						   .sport = 8080,
						   .dport = 40000,
						   .flags = table[i].flags,
						   .from_lan = true };
		len = syn_build(bytes, &spec, option, sizeof(option));
		sl_check_int(table[i].name, pipe_one(table[i].reply ? LAN : WAN, bytes, len, NULL),
			     PIPE_SENT);
		sl_check(table[i].name, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
		sl_check_int(table[i].name, tcp[22] << 8 | tcp[23], table[i].want);
		pipe_flows_end();
	}
}

/* What fits: the least of the client's way, the server's way and its tunnel, without headers. */
static void
test_auto(void **state)
{
	static const uint8_t option[] = { MSS(8960) };
	static const struct dp_tunnel gre = { .type = SL_TUN_GRE };
	static const struct {
		const char *name;
		uint8_t fwd;
		bool ip6;
		const char *server;
		const struct dp_tunnel *tunnel;
		unsigned int wan, lan, want;
	} table[] = {
		{ "NAT, wan is narrower", SL_FWD_NAT, false, "10.0.0.11", NULL, 1400, 1500, 1360 },
		{ "NAT, lan is narrower", SL_FWD_NAT, false, "10.0.0.11", NULL, 1500, 1300, 1260 },
		{ "NAT, jumbo", SL_FWD_NAT, false, "10.0.0.11", NULL, 9000, 9000, 8960 },
		{ "NAT, IPv6", SL_FWD_NAT, true, "2001:db8:2::11", NULL, 1500, 1500, 1440 },
		{ "DR", SL_FWD_DR, false, "10.0.0.11", NULL, 1500, 1400, 1360 },
		{ "IPIP", SL_FWD_TUN, false, "10.0.0.11", NULL, 1500, 1500, 1440 },
		{ "IPIP, wan is narrower", SL_FWD_TUN, false, "10.0.0.11", NULL, 1450, 1500, 1410 },
		{ "GRE", SL_FWD_TUN, false, "10.0.0.11", &gre, 1500, 1500, 1436 },
		{ "4 in 6", SL_FWD_TUN, false, "2001:db8:2::11", NULL, 1500, 1500, 1420 },
		{ "6 in 4", SL_FWD_TUN, true, "10.0.0.11", NULL, 1500, 1500, 1420 },
		{ "6 in 6, GRE", SL_FWD_TUN, true, "2001:db8:2::11", &gre, 1500, 1500, 1396 },
	};

	for (size_t i = 0; i < SL_COUNT(table); i++) {
		struct pipe_spec spec = { .dst = table[i].ip6 ? "2001:db8:ff::8" : "192.0.2.8",
					  .src = table[i].ip6 ? "2001:db8:9::5" : NULL,
					  .dport = (uint16_t)(1000 + i) };
		uint8_t bytes[PIPE_FRAME_MAX];
		const struct pipe_frame *sent = &pipe_box.sent[0];
		unsigned int len = syn_build(bytes, &spec, option, sizeof(option));

		pipe_mtu_set(WAN, table[i].wan);
		pipe_mtu_set(LAN, table[i].lan);
		pipe_serve(spec.dst, spec.dport, SL_PROTO_TCP, table[i].fwd, table[i].server, table[i].tunnel,
			   DP_MSS_AUTO);
		sl_check_int(table[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
		sl_check_int(table[i].name, sent->bytes[sent->len - 2] << 8 | sent->bytes[sent->len - 1],
			     table[i].want);
	}
}

/* Both directions, and SYNs amid other packets of a burst. */
static void
test_burst(void **state)
{
	static const uint8_t option[] = { MSS(1460) };
	struct rte_mbuf *packets[32];

	pipe_serve("192.0.2.8", 80, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.11", NULL, 700);
	for (unsigned int i = 0; i < SL_COUNT(packets); i++) {
		struct pipe_spec spec = { .dst = i % 2 == 0 ? "192.0.2.8" : "192.0.2.2",
					  .sport = (uint16_t)(20000 + i) };
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = syn_build(bytes, &spec, option, sizeof(option));

		packets[i] = pipe_mbuf(bytes, len, NULL);
	}
	pipe_burst(0, WAN, packets, SL_COUNT(packets));
	assert_int_equal(pipe_box.sent_count, SL_COUNT(packets));
	for (unsigned int i = 0; i < SL_COUNT(packets); i++) {
		const uint8_t *tcp = pipe_box.sent[i].bytes + TCP_AT;

		assert_int_equal(tcp[22] << 8 | tcp[23], i % 2 == 0 ? 700 : 1460);
		assert_true(pipe_sums_right(pipe_box.sent[i].bytes, pipe_box.sent[i].len));
	}
}

/* Options in the second buffer cannot be reached: the segment goes as it is, or not at all, but unharmed. */
static void
test_segmented(void **state)
{
	static const uint8_t option[] = { MSS(1460) };
	struct pipe_spec spec = { .dst = "192.0.2.8" };
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = syn_build(bytes, &spec, option, sizeof(option));
	const uint8_t *tcp = pipe_box.sent[0].bytes + TCP_AT;

	pipe_serve("192.0.2.8", 80, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.11", NULL, 700);
	assert_int_equal(pipe_one(WAN, bytes, len, (const unsigned int[]){ TCP_AT + TCP_LEN + 1, 0 }),
			 PIPE_SENT);
	assert_int_equal(tcp[22] << 8 | tcp[23], 1460);
	assert_true(pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_options, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_segments, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_auto, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_burst, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_segmented, pipe_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
