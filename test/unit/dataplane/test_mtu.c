/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is too long for its way: what Linux IPVS answers by table, and the pieces
 * that packets are cut into, put together again here by RFC 791 and RFC 8200.
 */
#include "pipe_box.h"
#include "rewrite.h"
#include "tunnel.h"
#include "wire.h"

#include "sl_addr.h"

#include <rte_cycles.h>
#include <rte_ip.h>

enum { UDP = SL_PROTO_UDP, ICMP = 1, ICMP6 = 58, WHOLE_MAX = 9000 };

static const struct dp_tunnel ipip,
	gue = { SL_TUN_GUE, SL_TUN_SUM_NONE, 6080 }, gue_sum = { SL_TUN_GUE, SL_TUN_SUM_FULL, 6080 },
	gre = { SL_TUN_GRE, SL_TUN_SUM_NONE, 0 }, gre_sum = { SL_TUN_GRE, SL_TUN_SUM_FULL, 0 };

static unsigned int
be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* A datagram of this IP length, with or without DF (IPv4). */
static unsigned int
datagram(uint8_t bytes[PIPE_FRAME_MAX], const char *vip, unsigned int ip_len, bool df)
{
	bool v6 = strchr(vip, ':') != NULL;
	struct pipe_spec spec = {
		.src = v6 ? "2001:db8:9::5" : NULL,
		.dst = vip,
		.proto = UDP,
		.payload = (uint16_t)(ip_len - (v6 ? 48 : 28)),
		.seed = ip_len,
	};
	unsigned int len = pipe_build(&spec, bytes);

	if (!v6 && !df) {
		bytes[ETH_LEN + 6] = 0;
		pipe_sums(bytes);
	}
	return len;
}

/* ---- putting pieces together ---- */

struct whole {
	uint8_t ip[WHOLE_MAX];
	unsigned int len, pieces, longest;
};

/* Are the frames that were sent, all of them, the pieces of one packet, in order and without a gap? */
static void
whole_read(const char *row, struct whole *whole)
{
	unsigned int header = 0, at = 0;

	*whole = (struct whole){ .pieces = pipe_box.sent_count };
	for (unsigned int i = 0; i < pipe_box.sent_count; i++) {
		const struct pipe_frame *frame = &pipe_box.sent[i];
		const uint8_t *ip = frame->bytes + ETH_LEN;
		bool v6 = ip[0] >> 4 == 6, last = i + 1 == pipe_box.sent_count, more;
		unsigned int total = v6 ? 40 + be16(ip + 4) : be16(ip + 2), own = v6 ? 48 : (ip[0] & 15) * 4u;
		unsigned int offset = v6 ? be16(ip + 42) & 0xfff8 : (be16(ip + 6) & 0x1fff) * 8;

		sl_check_int(row, frame->len, ETH_LEN + total);
		sl_check(row, memcmp(frame->bytes, pipe_box.sent[0].bytes, ETH_LEN) == 0);
		if (total > whole->longest)
			whole->longest = total;
		if (v6) {
			sl_check_int(row, ip[6], 44);
			sl_check(row, memcmp(ip + 44, pipe_box.sent[0].bytes + ETH_LEN + 44, 4) == 0);
			more = (ip[43] & 1) != 0;
		} else {
			sl_check_int(row, be16(ip + 4), be16(pipe_box.sent[0].bytes + ETH_LEN + 4));
			sl_check_int(row, rte_raw_cksum(ip, own), 0xffff);
			more = (ip[6] & 0x20) != 0;
		}
		sl_check_int(row, more, !last);
		sl_check_int(row, offset, at);
		sl_check(row, last || (total - own) % 8 == 0);
		if (i == 0) {
			header = v6 ? 40 : own;
			memcpy(whole->ip, ip, header);
			if (v6)
				whole->ip[6] = ip[40];
		}
		sl_check(row, header + at + total - own <= WHOLE_MAX);
		memcpy(whole->ip + header + at, ip + own, total - own);
		at += total - own;
	}
	whole->len = header + at;
	if (whole->ip[0] >> 4 == 6) {
		whole->ip[4] = (uint8_t)(at >> 8);
		whole->ip[5] = (uint8_t)at;
	} else {
		whole->ip[2] = (uint8_t)(whole->len >> 8);
		whole->ip[3] = (uint8_t)whole->len;
		whole->ip[6] &= 0x40;
		whole->ip[10] = whole->ip[11] = 0;
	}
}

/* ---- tunnels: what fits, and what becomes of what does not ---- */

static const struct way {
	const char *name, *vip, *server;
	const struct dp_tunnel *tunnel;
	unsigned int fits; /* of a link of 1500 bytes */
} ways[] = {
	{ "ipip 4 in 4", "192.0.2.9", "10.0.0.11", &ipip, 1480 },
	{ "ipip 6 in 4", "2001:db8:ff::9", "10.0.0.11", &ipip, 1480 },
	{ "ipip 4 in 6", "192.0.2.9", "2001:db8:2::11", &ipip, 1460 },
	{ "ipip 6 in 6", "2001:db8:ff::9", "2001:db8:2::11", &ipip, 1460 },
	{ "gue 4 in 4", "192.0.2.9", "10.0.0.11", &gue, 1468 },
	{ "gue 6 in 4", "2001:db8:ff::9", "10.0.0.11", &gue, 1468 },
	{ "gue 4 in 6", "192.0.2.9", "2001:db8:2::11", &gue, 1448 },
	{ "gue csum 6 in 6", "2001:db8:ff::9", "2001:db8:2::11", &gue_sum, 1448 },
	{ "gre 4 in 4", "192.0.2.9", "10.0.0.11", &gre, 1476 },
	{ "gre csum 4 in 4", "192.0.2.9", "10.0.0.11", &gre_sum, 1472 },
	{ "gre csum 6 in 4", "2001:db8:ff::9", "10.0.0.11", &gre_sum, 1472 },
	{ "gre 4 in 6", "192.0.2.9", "2001:db8:2::11", &gre, 1456 },
};

/* The one frame that was sent is an error to the client that says this MTU. */
static void
answer_check(const char *row, bool v6, unsigned int mtu)
{
	const uint8_t *ip = pipe_box.sent[0].bytes + ETH_LEN;

	sl_check_int(row, pipe_box.sent_count, 1);
	sl_check_int(row, pipe_box.sent[0].port, WAN);
	if (v6) {
		sl_check_int(row, ip[6], ICMP6);
		sl_check_int(row, be16(ip + 40), 0x0200);
		sl_check_int(row, be16(ip + 46), mtu);
	} else {
		sl_check_int(row, ip[9], ICMP);
		sl_check_int(row, be16(ip + 20), 0x0304);
		sl_check_int(row, be16(ip + 26), mtu);
	}
}

static void
test_tunnel_fits(void **state)
{
	dp_answer_rate_set(1000000);
	for (size_t i = 0; i < SL_COUNT(ways); i++) {
		bool v6 = strchr(ways[i].vip, ':') != NULL;
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = datagram(bytes, ways[i].vip, ways[i].fits, true);

		pipe_serve(ways[i].vip, 80, UDP, SL_FWD_TUN, ways[i].server, ways[i].tunnel, 0);
		sl_check_int(ways[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
		sl_check_int(ways[i].name, pipe_box.sent[0].len, ETH_LEN + 1500);
		len = datagram(bytes, ways[i].vip, ways[i].fits + 1, true);
		sl_check_int(ways[i].name, pipe_one(WAN, bytes, len, NULL), SL_DROP_TOO_BIG);
		answer_check(ways[i].name, v6, ways[i].fits);
		pipe_flows_end();
	}
}

/* Without DF the outer packet leaves in pieces, in either family; inside nothing is cut. */
static void
test_tunnel_cut(void **state)
{
	static const unsigned int longer[] = { 1, 2, 8, 500, 4001 };

	for (size_t i = 0; i < SL_COUNT(ways); i++) {
		if (strchr(ways[i].vip, ':') != NULL)
			continue;
		pipe_serve(ways[i].vip, 80, UDP, SL_FWD_TUN, ways[i].server, ways[i].tunnel, 0);
		for (size_t j = 0; j < SL_COUNT(longer); j++) {
			unsigned int inner_len = ways[i].fits + longer[j], outer;
			uint8_t bytes[PIPE_FRAME_MAX], *ip = bytes + ETH_LEN;
			unsigned int len = datagram(bytes, ways[i].vip, inner_len, false);
			struct whole whole;

			sl_check_int(ways[i].name,
				     pipe_one(WAN, bytes, len, (const unsigned int[]){ 200, 1333, 0 }),
				     PIPE_SENT);
			whole_read(ways[i].name, &whole);
			outer = 1500 - ways[i].fits;
			sl_check(ways[i].name, whole.pieces > 1 && whole.longest <= 1500);
			sl_check_int(ways[i].name, whole.len, outer + inner_len);
			ip[8]--;
			pipe_sums(bytes);
			sl_check(ways[i].name, memcmp(whole.ip + outer, ip, inner_len) == 0);
		}
		pipe_flows_end();
	}
}

/* pmtu_disc off: IPv4 with DF is cut outside too, and never answered; IPv6 is answered as ever. */
static void
test_no_pmtu_disc(void **state)
{
	dp_answer_rate_set(1000000);
	dp_pmtu_disc_set(false);
	for (size_t i = 0; i < SL_COUNT(ways); i++) {
		bool v6 = strchr(ways[i].vip, ':') != NULL;
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = datagram(bytes, ways[i].vip, ways[i].fits + 1, true);
		struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);
		struct whole whole;

		pipe_serve(ways[i].vip, 80, UDP, SL_FWD_TUN, ways[i].server, ways[i].tunnel, 0);
		pipe_forget();
		pipe_burst(0, WAN, &m, 1);
		if (v6) {
			answer_check(ways[i].name, true, ways[i].fits);
		} else {
			whole_read(ways[i].name, &whole);
			sl_check_int(ways[i].name, whole.pieces, 2);
			sl_check_int(ways[i].name, whole.len, 1501);
		}
		pipe_flows_end();
	}
	dp_pmtu_disc_set(true);
}

/* Links that are too narrow for a tunnel, and just wide enough. */
static void
test_least(void **state)
{
	static const struct {
		const char *name, *vip, *server;
		unsigned int link;
		bool good;
	} rows[] = {
		{ "4 in 4", "192.0.2.9", "10.0.0.11", 68 + 20, true },
		{ "4 in 4, one less", "192.0.2.9", "10.0.0.11", 68 + 19, false },
		{ "6 in 4", "2001:db8:ff::9", "10.0.0.11", 68 + 20, true },
		{ "6 in 4, one less", "2001:db8:ff::9", "10.0.0.11", 68 + 19, false },
		{ "4 in 6", "192.0.2.9", "2001:db8:2::11", 1280 + 40, true },
		{ "4 in 6, one less", "192.0.2.9", "2001:db8:2::11", 1280 + 39, false },
		{ "6 in 6", "2001:db8:ff::9", "2001:db8:2::11", 1280 + 40, true },
		{ "6 in 6, one less", "2001:db8:ff::9", "2001:db8:2::11", 1280 + 39, false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = datagram(bytes, rows[i].vip, 60, true);

		pipe_mtu_set(LAN, rows[i].link);
		/* Another type first: the tunnel is made for the link as it is now. */
		pipe_serve(rows[i].vip, 80, UDP, SL_FWD_TUN, rows[i].server, &gre, 0);
		pipe_serve(rows[i].vip, 80, UDP, SL_FWD_TUN, rows[i].server, NULL, 0);
		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL),
			     rows[i].good ? PIPE_SENT : SL_DROP_TUNNEL);
		pipe_flows_end();
	}
}

/* ---- a path that is narrower than the link ---- */

static uint32_t
tunnel_used(void)
{
	for (uint32_t slot = 1; slot < 100; slot++)
		if (atomic_load(&dp_real_slots[slot].tunnel) != 0)
			return atomic_load(&dp_real_slots[slot].tunnel);
	return 0;
}

static void
test_learned(void **state)
{
	uint8_t bytes[PIPE_FRAME_MAX];
	struct whole whole;
	unsigned int len;

	dp_answer_rate_set(1000000);
	pipe_serve("192.0.2.9", 80, UDP, SL_FWD_TUN, "2001:db8:2::11", NULL, 0);
	dp_tunnel_mtu_learn(tunnel_used(), 1400);
	len = datagram(bytes, "192.0.2.9", 1360, true);
	assert_int_equal(pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
	len = datagram(bytes, "192.0.2.9", 1361, true);
	assert_int_equal(pipe_one(WAN, bytes, len, NULL), SL_DROP_TOO_BIG);
	answer_check("learned", false, 1360);
	len = datagram(bytes, "192.0.2.9", 1361, false);
	assert_int_equal(pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
	whole_read("learned", &whole);
	assert_int_equal(whole.pieces, 2);
	assert_true(whole.longest <= 1400);
	assert_int_equal(whole.len, 1401);
	/* And again as ever, when it has been forgotten. */
	assert_int_equal(dp_tunnel_tick(1000 * (TUNNEL_MTU_EXPIRES_S + 5)), 1);
	len = datagram(bytes, "192.0.2.9", 1361, true);
	assert_int_equal(pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
}

/* ---- the other methods ---- */

static void
test_methods(void **state)
{
	static const struct {
		const char *name, *vip;
		bool df, cut;
	} rows[] = {
		{ "NAT", "192.0.2.1", true, false },
		{ "NAT without DF", "192.0.2.1", false, true },
		{ "DR", "192.0.2.2", true, false },
		{ "DR without DF", "192.0.2.2", false, true },
		{ "NAT, IPv6", "2001:db8:ff::1", false, false },
		{ "DR, IPv6", "2001:db8:ff::2", false, false },
	};

	dp_answer_rate_set(1000000);
	pipe_mtu_set(LAN, 1400);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		bool v6 = strchr(rows[i].vip, ':') != NULL;
		uint8_t bytes[PIPE_FRAME_MAX];
		struct whole whole;
		unsigned int len = datagram(bytes, rows[i].vip, 1401, rows[i].df);

		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL),
			     rows[i].cut ? PIPE_SENT : SL_DROP_TOO_BIG);
		if (!rows[i].cut) {
			answer_check(rows[i].name, v6, 1400);
			continue;
		}
		whole_read(rows[i].name, &whole);
		sl_check_int(rows[i].name, whole.pieces, 2);
		sl_check_int(rows[i].name, whole.len, 1401);
		sl_check(rows[i].name, whole.longest <= 1400);
		memcpy(bytes + ETH_LEN, whole.ip, whole.len);
		store16(bytes + ETH_LEN + IP4_SUM_AT, (uint16_t)~rte_raw_cksum(bytes + ETH_LEN, 20));
		sl_check(rows[i].name, pipe_sums_right(bytes, ETH_LEN + whole.len));
	}
}

/* Options: those to be copied are in all pieces, the others in the first one. */
static void
test_options(void **state)
{
	static const uint8_t options[] = { 0x94, 4, 0xde, 0xad, 7, 7, 4, 1, 2, 3, 4, 1 };
	static const uint8_t later[] = { 0x94, 4, 0xde, 0xad, 1, 1, 1, 1, 1, 1, 1, 1 };
	struct pipe_spec spec = { .dst = "192.0.2.2", .proto = UDP, .payload = 1450, .options = 3 };
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, bytes);
	struct whole whole;

	bytes[ETH_LEN + 6] = 0;
	memcpy(bytes + ETH_LEN + 20, options, sizeof(options));
	pipe_sums(bytes);
	pipe_mtu_set(LAN, 600);
	assert_int_equal(pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
	whole_read("options", &whole);
	assert_int_equal(whole.pieces, 3);
	assert_int_equal(whole.len, len - ETH_LEN);
	assert_memory_equal(whole.ip + 20, bytes + ETH_LEN + 20, whole.len - 20);
	for (unsigned int i = 1; i < 3; i++)
		assert_memory_equal(pipe_box.sent[i].bytes + ETH_LEN + 20, later, sizeof(later));
}

/* Pieces leave in their packet's place of the burst, and buffers that run out are counted. */
static void
test_order(void **state)
{
	struct rte_mbuf *packets[8];
	unsigned int at = 0;

	for (unsigned int i = 0; i < SL_COUNT(packets); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = datagram(bytes, "192.0.2.2", i % 2 == 0 ? 3000 + i : 100 + i, false);

		packets[i] = pipe_mbuf(bytes, len, NULL);
	}
	pipe_burst(0, WAN, packets, SL_COUNT(packets));
	assert_int_equal(pipe_box.sent_count, 4 * 3 + 4);
	for (unsigned int i = 0; i < SL_COUNT(packets); i++)
		for (unsigned int piece = 0; piece < (i % 2 == 0 ? 3 : 1); piece++, at++) {
			const uint8_t *ip = pipe_box.sent[at].bytes + ETH_LEN;

			assert_int_equal(be16(ip + 4), i % 2 == 0 ? 3000 + i : 100 + i);
			assert_int_equal((be16(ip + 6) & 0x1fff) * 8, piece * 1480);
		}
	assert_int_equal(dp_workers[0]->count.generated, 4 * 2);
}

/* While the neighbour is being asked for, the packet waits in one piece; what cannot be cut is answered at once. */
static void
test_waiting(void **state)
{
	static const char *const vips[] = { "192.0.2.2", "192.0.2.9", "192.0.2.10" };
	uint8_t bytes[PIPE_FRAME_MAX];

	dp_answer_rate_set(1000000);
	pipe_serve("192.0.2.9", 80, UDP, SL_FWD_TUN, "10.0.0.11", NULL, 0);
	pipe_serve("192.0.2.10", 80, UDP, SL_FWD_TUN, "2001:db8:2::11", &gue_sum, 0);
	for (size_t i = 0; i < SL_COUNT(vips); i++) {
		const char *neigh = i == 2 ? "2001:db8:2::11" : "10.0.0.11";
		unsigned int len = datagram(bytes, vips[i], 5000, false);
		uint64_t word;
		struct sl_addr a;
		struct whole whole;

		assert_int_equal(sl_addr_parse(neigh, &a), 0);
		word = dp_nh_load(dp_neigh_find(LAN, &a));
		pipe_neigh_set(LAN, neigh, 0);
		sl_check_int(vips[i], pipe_one(WAN, bytes, len, NULL), PIPE_HELD);
		len = datagram(bytes, vips[i], 5000, true);
		sl_check_int(vips[i], pipe_one(WAN, bytes, len, NULL), SL_DROP_TOO_BIG);
		answer_check(vips[i], false, i == 0 ? 1500 : i == 1 ? 1480 : 1448);
		pipe_forget();
		pipe_neigh_set(LAN, neigh, word);
		dp_hold_serve(dp_workers[0], rte_rdtsc());
		dp_transmit_flush(dp_workers[0]);
		whole_read(vips[i], &whole);
		sl_check_int(vips[i], whole.len, i == 0 ? 5000 : i == 1 ? 5020 : 5052);
		pipe_check(vips[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tunnel_fits, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_tunnel_cut, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_no_pmtu_disc, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_least, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_learned, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_methods, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_options, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_order, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_waiting, pipe_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
