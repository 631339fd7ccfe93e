/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits on connections in the pipeline: whatever way a connection begins, fails to
 * begin or ends, in every mode, the box-wide count of its server is the number of
 * entries in the workers' tables, and never above the limit.
 */
#include "fnat_box.h"
#include "frag_box.h"
#include "limit.h"
#include "wire.h"

#include "sl_addr.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, SLOTS = 64, TICKS_LONG = 2000 };

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

/* Every server of the box gets this limit, before it has a connection. */
static void
limits_set(uint32_t upper, uint32_t lower)
{
	for (uint32_t slot = 1; slot < SLOTS; slot++)
		if (dp_real_slots[slot].service != 0)
			dp_limit_set(slot, upper, lower, true);
}

static uint32_t
count_of(uint32_t slot)
{
	return (uint32_t)atomic_load(&dp_limits[slot].word);
}

/* Counts, workers' records and tables agree; no server has more than `upper`. Returns how many flows there are. */
static uint32_t
counts_check(const char *row, uint32_t upper)
{
	uint32_t entries[SLOTS] = { 0 }, records[SLOTS] = { 0 }, flows = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++) {
		const struct dp_worker *w = dp_workers[id];

		for (uint32_t i = 1; i <= w->table.high; i++)
			if (w->table.flow[i].proto != 0)
				entries[w->table.flow[i].real]++;
		for (uint32_t slot = 1; slot < SLOTS; slot++)
			records[slot] += w->real[slot].total;
		flows += w->table.used;
	}
	for (uint32_t slot = 1; slot < SLOTS; slot++) {
		sl_check_int(row, records[slot], entries[slot]);
		sl_check_int(row, count_of(slot), entries[slot]);
		sl_check(row, entries[slot] <= upper);
		sl_check_int(row, limit_is_full(slot) && upper != UINT32_MAX, entries[slot] >= upper);
	}
	return flows;
}

/* Time passes, and the sweep looks at everything. */
static void
expire(uint32_t ticks)
{
	for (unsigned int id = 0; id < dp_workers_count; id++) {
		dp_workers[id]->tick += ticks;
		dp_flow_sweep(dp_workers[id], dp_workers[id]->table.high);
	}
}

static int
send(const char *src, const char *dst, uint16_t sport, uint16_t dport, uint8_t proto, uint8_t flags)
{
	struct pipe_spec spec = {
		.src = src, .dst = dst, .sport = sport, .dport = dport, .proto = proto, .flags = flags
	};

	return pipe_spec_one(&spec);
}

/* ---- in every mode: up to the limit, nobody above it, and again when one has ended ---- */

static void
test_modes(void **state)
{
	static const struct {
		const char *name, *src, *dst;
		uint16_t dport;
		uint8_t proto;
		unsigned int servers;
	} rows[] = {
		{ "NAT", "203.0.113.5", "192.0.2.1", 80, SL_PROTO_TCP, 2 },
		{ "NAT, UDP", "203.0.113.5", "192.0.2.1", 80, SL_PROTO_UDP, 2 },
		{ "NAT, IPv6", "2001:db8:9::5", "2001:db8:ff::1", 80, SL_PROTO_TCP, 2 },
		{ "DR", "203.0.113.5", "192.0.2.2", 80, SL_PROTO_TCP, 1 },
		{ "DR, IPv6, UDP", "2001:db8:9::5", "2001:db8:ff::2", 80, SL_PROTO_UDP, 1 },
		{ "full NAT", "203.0.113.5", "192.0.2.3", 80, SL_PROTO_TCP, 1 },
		{ "full NAT with TOA", "203.0.113.5", "192.0.2.3", 81, SL_PROTO_TCP, 1 },
		{ "full NAT, IPv6", "2001:db8:9::5", "2001:db8:ff::3", 80, SL_PROTO_UDP, 1 },
		{ "NAT64", "2001:db8:9::5", "2001:db8:ff::4", 80, SL_PROTO_TCP, 1 },
		{ "NAT64, UDP", "2001:db8:9::5", "2001:db8:ff::4", 80, SL_PROTO_UDP, 1 },
	};
	enum { UPPER = 3 };

	dp_answer_rate_set(0);
	limits_set(UPPER, 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint16_t port = 1000;

		for (unsigned int turn = 0; turn < 3; turn++) {
			for (unsigned int n = 0; n < UPPER * rows[i].servers; n++)
				sl_check_int(rows[i].name,
					     send(rows[i].src, rows[i].dst, port++, rows[i].dport,
						  rows[i].proto, SYN),
					     PIPE_SENT);
			for (unsigned int n = 0; n < 4; n++)
				sl_check_int(rows[i].name,
					     send(rows[i].src, rows[i].dst, port++, rows[i].dport,
						  rows[i].proto, SYN),
					     SL_DROP_NO_SERVER);
			sl_check_int(rows[i].name, counts_check(rows[i].name, UPPER),
				     UPPER * rows[i].servers);
			/* Packets of those that there are go on. */
			sl_check_int(
				rows[i].name,
				send(rows[i].src, rows[i].dst, port - 5, rows[i].dport, rows[i].proto, ACK),
				PIPE_SENT);
			expire(TICKS_LONG);
			sl_check_int(rows[i].name, counts_check(rows[i].name, UPPER), 0);
		}
	}
}

/* Between two servers the turn passes over the full one, whatever the scheduler. */
static void
test_schedulers(void **state)
{
	static const char *const scheds[] = { "rr", "wrr", "lc", "wlc" };
	enum { UPPER = 4 };
	struct dp_real reals[2] = { { .upper = UPPER, .weight = 9 }, { .weight = 1 } };

	assert_int_equal(sl_addr_parse("10.0.0.11", &reals[0].addr), 0);
	assert_int_equal(sl_addr_parse("10.0.0.12", &reals[1].addr), 0);
	for (size_t i = 0; i < SL_COUNT(scheds); i++) {
		unsigned int got[2] = { 0 };

		pipe_serve_reals("192.0.2.9", 80, SL_PROTO_TCP, scheds[i], reals, 2);
		for (uint16_t n = 0; n < 20; n++) {
			sl_check_int(scheds[i],
				     send("203.0.113.5", "192.0.2.9", 100 + n, 80, SL_PROTO_TCP, SYN),
				     PIPE_SENT);
			got[pipe_box.sent[0].bytes[ETH_LEN + IP4_DST_AT + 3] - 11]++;
		}
		sl_check_int(scheds[i], got[0], UPPER);
		sl_check_int(scheds[i], got[1], 20 - UPPER);
		sl_check_int(scheds[i], count_of(reals[0].ret_slot), UPPER);
		/* The one without a limit is not counted. */
		sl_check_int(scheds[i], count_of(reals[1].ret_slot), 0);
		pipe_flows_end();
		sl_check_int(scheds[i], count_of(reals[0].ret_slot), 0);
	}
}

/* ---- ways to end, and not to begin ---- */

/* A client's port that comes again takes the place of its old connection, though the server is full. */
static void
test_reuse(void **state)
{
	limits_set(1, 0);
	for (unsigned int n = 0; n < 5; n++) {
		assert_int_equal(send("203.0.113.5", "192.0.2.2", 7, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
		assert_int_equal(counts_check("open", 1), 1);
		assert_int_equal(send("203.0.113.5", "192.0.2.2", 7, 80, SL_PROTO_TCP, ACK), PIPE_SENT);
		assert_int_equal(send("203.0.113.5", "192.0.2.2", 7, 80, SL_PROTO_TCP, RST), PIPE_SENT);
	}
	assert_int_equal(dp_workers[0]->count.flows_created, 5);
}

/* Connections that were flushed give their places back when the sweep, or a SYN, finds them. */
static void
test_flush(void **state)
{
	uint32_t slot;

	limits_set(2, 0);
	assert_int_equal(send("203.0.113.5", "192.0.2.2", 7, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	assert_int_equal(send("203.0.113.5", "192.0.2.2", 8, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	slot = dp_workers[0]->table.flow[1].real;
	atomic_fetch_add(&dp_real_slots[slot].generation, 1);
	assert_int_equal(send("203.0.113.5", "192.0.2.2", 7, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	assert_int_equal(counts_check("one opened anew", 2), 2);
	expire(0);
	assert_int_equal(counts_check("the other one swept", 2), 1);
	assert_int_equal(send("203.0.113.5", "192.0.2.2", 9, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	assert_int_equal(counts_check("full again", 2), 2);
}

/* A connection that finds no room in the table, or no local address, leaves no trace. */
static void
test_no_room(void **state)
{
	static const char *const only_v6[] = { "2001:db8:2::200" };
	struct flow_table *table = &dp_workers[0]->table;
	unsigned int full = 0;
	uint32_t before;

	dp_answer_rate_set(0);
	limits_set(1000000, 0);
	table->overflow_free = 0; /* a bucket has no more than its own slots */
	for (uint16_t port = 1000; port < 4000; port++)
		full += send("203.0.113.5", "192.0.2.2", port, 80, SL_PROTO_TCP, SYN) == SL_DROP_TABLE_FULL;
	assert_true(full > 0);
	assert_int_equal(counts_check("no slot in the bucket", 1000000), 3000 - full);
	table->capacity = table->high;
	before = table->used;
	assert_int_equal(send("203.0.113.6", "192.0.2.2", 9, 80, SL_PROTO_TCP, SYN), SL_DROP_TABLE_FULL);
	assert_int_equal(counts_check("no entry", 1000000), before);
	pipe_flows_end();

	fnat_configure(only_v6, 1);
	limits_set(1, 0);
	for (uint16_t port = 1; port < 9; port++)
		assert_int_equal(send("203.0.113.5", "192.0.2.3", port, 80, SL_PROTO_TCP, SYN),
				 SL_DROP_LOCAL_FULL);
	assert_int_equal(counts_check("no local address", 1), 0);
}

/* A datagram in fragments is one connection, by NAT, DR, full NAT and NAT64. */
static void
test_fragments(void **state)
{
	static const struct pipe_spec rows[] = {
		{ .dst = "192.0.2.1" },
		{ .dst = "192.0.2.2" },
		{ .dst = "192.0.2.3" },
		{ .src = "2001:db8:9::5", .dst = "2001:db8:ff::4" },
	};

	limits_set(1, 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec spec = rows[i];
		uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
		unsigned int len;

		spec.proto = SL_PROTO_UDP;
		spec.payload = 1000;
		len = pipe_build(&spec, whole);
		for (unsigned int piece = 0; piece < 2; piece++) {
			unsigned int end = piece == 0 ? 512 : frag_payload(whole, len);
			struct rte_mbuf *m = pipe_mbuf(
				bytes, frag_cut(whole, len, 77 + (uint32_t)i, piece * 512, end, bytes), NULL);

			pipe_burst(0, WAN, &m, 1);
		}
		sl_check_int(spec.dst, counts_check(spec.dst, 1), i + 1);
	}
	expire(TICKS_LONG);
	assert_int_equal(counts_check("expired", 1), 0);
}

/* Two NAT services with one server, one client port: the ended twin gives its place back. */
static void
test_twins(void **state)
{
	struct dp_real real = { .weight = 1, .upper = 1 };

	assert_int_equal(sl_addr_parse("10.0.0.11", &real.addr), 0);
	pipe_serve_reals("192.0.2.1", 83, SL_PROTO_TCP, "rr", &real, 1);
	limits_set(1, 0);
	pipe_serve_reals("192.0.2.1", 84, SL_PROTO_TCP, "rr", &real, 1);
	assert_int_equal(send("203.0.113.5", "192.0.2.1", 7, 83, SL_PROTO_TCP, SYN), PIPE_SENT);
	assert_int_equal(send("203.0.113.5", "192.0.2.1", 7, 83, SL_PROTO_TCP, ACK), PIPE_SENT);
	assert_int_equal(send("203.0.113.5", "192.0.2.1", 7, 83, SL_PROTO_TCP, RST), PIPE_SENT);
	assert_int_equal(send("203.0.113.5", "192.0.2.1", 7, 84, SL_PROTO_TCP, SYN), PIPE_SENT);
	assert_int_equal(counts_check("the newer twin", 1), 1);
}

/* ---- limits that change while there are connections ---- */

static void
test_reload(void **state)
{
	struct dp_real real = { .weight = 1 };
	struct dp_real_stats stats;
	uint16_t port = 1;

	dp_answer_rate_set(0);
	assert_int_equal(sl_addr_parse("10.0.0.11", &real.addr), 0);
	pipe_serve_reals("192.0.2.9", 80, SL_PROTO_TCP, "rr", &real, 1);
	for (; port <= 5; port++)
		assert_int_equal(send("203.0.113.5", "192.0.2.9", port, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	real.upper = 6;
	pipe_serve_reals("192.0.2.9", 80, SL_PROTO_TCP, "rr", &real, 1);
	/* What dp_poll and the worker's housekeeping do. */
	(void)dp_limit_poll();
	dp_limit_follow(dp_workers[0]);
	assert_int_equal(dp_limit_poll(), 1);
	assert_int_equal(count_of(real.ret_slot), 5);
	dp_real_stats(real.ret_slot, &stats);
	assert_false(stats.overloaded);
	assert_int_equal(send("203.0.113.5", "192.0.2.9", port++, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	dp_real_stats(real.ret_slot, &stats);
	assert_true(stats.overloaded);
	assert_int_equal(send("203.0.113.5", "192.0.2.9", port++, 80, SL_PROTO_TCP, SYN), SL_DROP_NO_SERVER);
	real.upper = 7;
	pipe_serve_reals("192.0.2.9", 80, SL_PROTO_TCP, "rr", &real, 1);
	assert_int_equal(send("203.0.113.5", "192.0.2.9", port++, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	assert_int_equal(send("203.0.113.5", "192.0.2.9", port++, 80, SL_PROTO_TCP, SYN), SL_DROP_NO_SERVER);
	/* Out and back in, it is as full as before. */
	real.out = true;
	pipe_serve_reals("192.0.2.9", 80, SL_PROTO_TCP, "rr", &real, 1);
	real.out = false;
	pipe_serve_reals("192.0.2.9", 80, SL_PROTO_TCP, "rr", &real, 1);
	assert_int_equal(send("203.0.113.5", "192.0.2.9", port++, 80, SL_PROTO_TCP, SYN), SL_DROP_NO_SERVER);
	real.upper = 0;
	pipe_serve_reals("192.0.2.9", 80, SL_PROTO_TCP, "rr", &real, 1);
	for (unsigned int n = 0; n < 5; n++)
		assert_int_equal(send("203.0.113.5", "192.0.2.9", port++, 80, SL_PROTO_TCP, SYN), PIPE_SENT);
	dp_real_stats(real.ret_slot, &stats);
	assert_false(stats.overloaded);
	assert_int_equal(stats.active, 12);
	expire(TICKS_LONG);
	assert_int_equal(count_of(real.ret_slot), 0);
}

/* ---- everything at once, on two workers ---- */

static void
receive_all(void)
{
	struct rte_mbuf *m;
	unsigned int count;

	do {
		count = 0;
		for (unsigned int id = 0; id < dp_workers_count; id++)
			count += pipe_receive(id);
	} while (count > 0);
	for (unsigned int id = 0; id < dp_workers_count; id++)
		while (rte_ring_sc_dequeue(dp_workers[id]->ring_punt, (void **)&m) == 0)
			rte_pktmbuf_free(m);
}

static void
test_random(void **state)
{
	enum { BURSTS = 1500, UPPER = 12 };
	static const char *const dst4[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	static const char *const dst6[] = { "2001:db8:ff::1", "2001:db8:ff::2", "2001:db8:ff::3",
					    "2001:db8:ff::4" };
	static const uint8_t flags[] = { SYN, SYN, SYN, ACK, FIN | ACK, RST, RST, SYN | ACK };
	uint64_t x = 77, refused = 0, created = 0;

	dp_answer_rate_set(0);
	limits_set(UPPER, 0);
	for (unsigned int n = 0; n < BURSTS; n++) {
		struct rte_mbuf *packets[BURST_MAX];
		unsigned int count = 1 + random_next(&x) % BURST_MAX;

		for (unsigned int i = 0; i < count; i++) {
			bool v6 = random_next(&x) & 1;
			uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
			struct pipe_spec spec = {
				.src = v6 ? "2001:db8:9::5" : "203.0.113.5",
				.dst = v6 ? dst6[random_next(&x) % 4] : dst4[random_next(&x) % 3],
				.sport = (uint16_t)(1 + random_next(&x) % 40),
				.proto = random_next(&x) & 1 ? SL_PROTO_TCP : SL_PROTO_UDP,
				.flags = flags[random_next(&x) % SL_COUNT(flags)],
				.payload = (uint16_t)(64 + random_next(&x) % 64),
			};
			unsigned int len = pipe_build(&spec, whole);

			if (random_next(&x) % 8 == 0) /* sometimes the rest never comes */
				packets[i] = pipe_mbuf(bytes, frag_cut(whole, len, n, 0, 64, bytes), NULL);
			else
				packets[i] = pipe_mbuf(whole, len, NULL);
		}
		pipe_forget();
		pipe_burst(random_next(&x) % dp_workers_count, WAN, packets, count);
		receive_all();
		(void)counts_check("after a burst", UPPER);
		if (random_next(&x) % 8 == 0)
			expire(random_next(&x) % 100);
		if (random_next(&x) % 32 == 0)
			atomic_fetch_add(&dp_real_slots[1 + random_next(&x) % 20].generation, 1);
		(void)counts_check("after a sweep", UPPER);
	}
	for (unsigned int id = 0; id < dp_workers_count; id++) {
		refused += dp_workers[id]->count.drop[SL_DROP_NO_SERVER];
		created += dp_workers[id]->count.flows_created;
	}
	assert_true(refused > 1000 && created > 1000);
	expire(TICKS_LONG);
	assert_int_equal(counts_check("in the end", UPPER), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fnat_setup1, pipe_teardown)
#define TEST2(name) cmocka_unit_test_setup_teardown(name, fnat_setup2, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_modes),   TEST(test_schedulers), TEST(test_reuse), TEST(test_flush),
		TEST(test_no_room), TEST(test_fragments),  TEST(test_twins), TEST(test_reload),
		TEST(test_random),  TEST2(test_random),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
