/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams in fragments through the pipeline: every order, every mode the bench has,
 * both directions and families, one worker, two and four, each fragment by whichever
 * worker it likes. What comes out is put together again and must be what a whole
 * packet would have become. Floods cost others nothing, and chance is held against a
 * plain model. What is not a good fragment: test_fragment_lies.c.
 */
#include "flow.h"
#include "frag_box.h"
#include "sl_addr.h"
#include "wire.h"

#include <rte_cycles.h>

#include <stdio.h>
#include <stdlib.h>

enum { PIECES = 4, IP = ETH_LEN };

static const unsigned int cuts[PIECES] = { 0, 800, 1400, 1600 };

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

static void
drain(void)
{
	unsigned int count;

	do {
		count = 0;
		for (unsigned int id = 0; id < dp_workers_count; id++)
			count += pipe_receive(id);
	} while (count != 0);
}

static void
give(unsigned int worker, unsigned int port, const uint8_t *bytes, unsigned int len)
{
	struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);

	pipe_burst(worker, port, &m, 1);
}

static void
give_piece(unsigned int worker, const struct pipe_spec *spec, uint32_t id, unsigned int start,
	   unsigned int end)
{
	uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(spec, whole);

	len = frag_cut(whole, len, id, start, end, bytes);
	give(worker, spec->from_lan ? LAN : WAN, bytes, len);
}

static uint64_t
drops(enum sl_drop reason)
{
	uint64_t sum = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++)
		sum += dp_workers[id]->count.drop[reason];
	return sum;
}

static uint64_t
all_drops(void)
{
	uint64_t sum = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++)
		sum += dp_workers[id]->count.drops;
	return sum;
}

static unsigned int
flows(void)
{
	unsigned int sum = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++)
		sum += dp_workers[id]->table.used;
	return sum;
}

static unsigned int
remembered(void)
{
	unsigned int sum = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++)
		sum += dp_workers[id]->fragments.used;
	return sum;
}

static void
serve(uint64_t after_ms)
{
	for (unsigned int id = 0; id < dp_workers_count; id++)
		dp_fragment_serve(dp_workers[id], rte_rdtsc() + after_ms * (rte_get_tsc_hz() / 1000));
	pipe_check("after a while");
}

/* ---- every order ---- */

static const struct {
	const char *name;
	struct pipe_spec spec;
	bool nat;
} modes[] = {
	{ "UDP4 by NAT", { .proto = SL_PROTO_UDP, .payload = 2000 }, true },
	{ "UDP4 by NAT, no checksum", { .proto = SL_PROTO_UDP, .payload = 2000, .no_sum = true }, true },
	{ "UDP4 by NAT, IP options", { .proto = SL_PROTO_UDP, .payload = 2000, .options = 3 }, true },
	{ "UDP4 by DR", { .proto = SL_PROTO_UDP, .dst = "192.0.2.2", .payload = 2000 }, false },
	{ "TCP4 by NAT", { .payload = 1990 }, true },
	{ "TCP4 by DR", { .dst = "192.0.2.2", .payload = 1990 }, false },
	{ "UDP6 by NAT",
	  { .proto = SL_PROTO_UDP, .src = "2001:db8:9::5", .dst = "2001:db8:ff::1", .payload = 2000 },
	  true },
	{ "UDP6 by DR",
	  { .proto = SL_PROTO_UDP, .src = "2001:db8:9::5", .dst = "2001:db8:ff::2", .payload = 2000 },
	  false },
	{ "TCP6 by NAT", { .src = "2001:db8:9::5", .dst = "2001:db8:ff::1", .payload = 1990 }, true },
};

/* The n-th order of PIECES pieces. */
static void
order_make(unsigned int n, unsigned int order[PIECES])
{
	unsigned int left[PIECES] = { 0, 1, 2, 3 };

	for (unsigned int i = 0; i < PIECES; i++) {
		unsigned int k = n % (PIECES - i);

		n /= PIECES - i;
		order[i] = left[k];
		memmove(&left[k], &left[k + 1], (PIECES - 1 - k) * sizeof(left[0]));
	}
}

/* What was sent is this datagram, changed as a whole packet is. */
static void
sent_check(const char *row, const struct pipe_spec *spec, unsigned int port)
{
	uint8_t whole[PIPE_FRAME_MAX], joined[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(spec, whole), joined_len;
	bool udp = spec->proto == SL_PROTO_UDP;
	struct frag_info info;

	sl_check_int(row, pipe_box.sent_count, PIECES);
	sl_check_int(row, pipe_box.sent[0].port, port);
	/* The first fragment is never overtaken. */
	sl_check(row, frag_read(pipe_box.sent[0].bytes, pipe_box.sent[0].len, &info) && info.start == 0);
	joined_len = frag_join(pipe_box.sent, pipe_box.sent_count, joined);
	sl_check_int(row, joined_len, len);
	sl_check(row, pipe_sums_right(joined, joined_len));
	sl_check(row, memcmp(joined + len - spec->payload, whole + len - spec->payload, spec->payload) == 0);
	if (udp && spec->no_sum)
		sl_check_int(row, joined[len - spec->payload - 1] | joined[len - spec->payload - 2], 0);
}

/* Where both directions of a NAT flow come to. */
static unsigned int
owner_of(const struct pipe_spec *spec)
{
	struct sl_addr client;

	assert_int_equal(sl_addr_parse(spec->src != NULL ? spec->src : "203.0.113.5", &client), 0);
	return dp_owner(dp_workers[0], &client, rte_cpu_to_be_16(spec->sport));
}

static void
orders_run(uint64_t seed)
{
	uint64_t x = seed;

	for (size_t m = 0; m < SL_COUNT(modes); m++) {
		for (unsigned int n = 0; n < 24; n++) {
			struct pipe_spec spec = modes[m].spec;
			unsigned int order[PIECES];
			char row[96];

			snprintf(row, sizeof(row), "%s, order %u, %u workers", modes[m].name, n,
				 dp_workers_count);
			order_make(n, order);
			spec.sport = (uint16_t)(1000 + random_next(&x) % 60000);
			spec.seed = random_next(&x);
			pipe_forget();
			for (unsigned int i = 0; i < PIECES; i++) {
				unsigned int k = order[i],
					     end = k + 1 < PIECES
							   ? cuts[k + 1]
							   : spec.payload +
								     (spec.proto == SL_PROTO_UDP ? 8u : 20u);

				give_piece(random_next(&x) % dp_workers_count, &spec, spec.seed, cuts[k],
					   end);
				drain();
			}
			sent_check(row, &spec, LAN);
			sl_check_int(row, flows(), 1);
			if (modes[m].nat)
				sl_check_int(row, dp_workers[owner_of(&spec)]->table.used, 1);
			sl_check_int(row, remembered(), 0);
			sl_check_int(row, all_drops(), 0);
			pipe_flows_end();
		}
	}
	assert_int_equal(dp_fragmented_flows[0] + dp_fragmented_flows[1], 0);
}

static void
test_orders(void **state)
{
	orders_run(11);
}

/* A server's answer in fragments, to a client of NAT. */
static void
test_replies(void **state)
{
	uint64_t x = 5;

	for (unsigned int n = 0; n < 48; n++) {
		bool v6 = n >= 24;
		struct pipe_spec in = { .proto = SL_PROTO_UDP, .sport = (uint16_t)(2000 + n), .payload = 10 };
		struct pipe_spec out = { .proto = SL_PROTO_UDP,
					 .src = v6 ? "2001:db8:2::11" : "10.0.0.11",
					 .dst = v6 ? "2001:db8:9::5" : "203.0.113.5",
					 .sport = 8080,
					 .dport = (uint16_t)(2000 + n),
					 .payload = 2000,
					 .seed = n,
					 .from_lan = true };
		unsigned int order[PIECES], to;
		uint8_t bytes[PIPE_FRAME_MAX];
		char row[32];

		if (v6) {
			in.src = "2001:db8:9::5";
			in.dst = "2001:db8:ff::1";
		}
		give(random_next(&x) % dp_workers_count, WAN, bytes, pipe_build(&in, bytes));
		drain();
		to = pipe_box.sent[pipe_box.sent_count - 1]
			     .bytes[IP + (v6 ? IP6_DST_AT + 15 : IP4_DST_AT + 3)];
		if (v6 ? to == 0x12 : to == 12)
			out.src = v6 ? "2001:db8:2::12" : "10.0.0.12";
		pipe_forget();
		snprintf(row, sizeof(row), "reply %u", n);
		order_make(n % 24, order);
		for (unsigned int i = 0; i < PIECES; i++) {
			unsigned int k = order[i];

			give_piece(random_next(&x) % dp_workers_count, &out, n, cuts[k],
				   k + 1 < PIECES ? cuts[k + 1] : 2008);
			drain();
		}
		sent_check(row, &out, WAN);
		sl_check_int(row, flows(), 1);
		/* From the VIP's port 80. */
		sl_check_int(row, pipe_box.sent[0].bytes[pipe_box.sent[0].len - 800 + 1], 80);
		pipe_flows_end();
	}
	assert_int_equal(all_drops(), 0);
}

/* All in one burst: those that came too early follow in order of offsets, with those that come behind. */
static void
test_one_burst(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "0123", "0123" }, { "3210", "0123" }, { "2013", "0123" }, { "3012", "0123" },
		{ "0231", "0231" }, { "1302", "0123" }, { "0321", "0321" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec spec = { .proto = SL_PROTO_UDP, .payload = 2000 };
		uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&spec, whole);
		struct rte_mbuf *packets[PIECES];

		for (unsigned int n = 0; n < PIECES; n++) {
			unsigned int k = (unsigned int)(rows[i].in[n] - '0');
			unsigned int part = frag_cut(whole, len, (uint32_t)i + 1, cuts[k],
						     k + 1 < PIECES ? cuts[k + 1] : 2008, bytes);

			packets[n] = pipe_mbuf(bytes, part, NULL);
		}
		pipe_forget();
		pipe_burst(0, WAN, packets, PIECES);
		sl_check_int(rows[i].in, pipe_box.sent_count, PIECES);
		for (unsigned int n = 0; n < PIECES; n++) {
			struct frag_info info;

			sl_check(rows[i].in, frag_read(pipe_box.sent[n].bytes, pipe_box.sent[n].len, &info));
			sl_check_int(rows[i].in, info.start, cuts[rows[i].out[n] - '0']);
		}
		sl_check_int(rows[i].in, remembered(), 0);
	}
}

/* ---- bounds ---- */

/* What waits comes to its end: counted while it waits, dropped in time, and given back. */
static void
test_timeout(void **state)
{
	struct pipe_spec spec = { .proto = SL_PROTO_UDP, .payload = 2000 };

	for (uint32_t id = 0; id < 100; id++)
		give_piece(0, &spec, id, 800, 1600);
	assert_int_equal(dp_workers[0]->fragments.held, 100);
	serve(1000);
	assert_int_equal(drops(SL_DROP_FRAG_TIMEOUT), 0);
	serve(2001);
	assert_int_equal(drops(SL_DROP_FRAG_TIMEOUT), 64); /* a turn's worth */
	serve(2001);
	assert_int_equal(drops(SL_DROP_FRAG_TIMEOUT), 100);
	assert_int_equal(remembered(), 0);
	assert_int_equal(pipe_box.sent_count, 0);
}

/*
 * A flood of fragments that never complete, of every kind, beside established connections
 * and a datagram in fragments now and then: nobody but the flood loses a packet, and
 * buffers stay within their share.
 */
static void
test_flood(void **state)
{
	struct pipe_spec quiet = { .flags = 2 }, udp = { .proto = SL_PROTO_UDP, .payload = 2000 };
	struct pipe_spec flood = { .proto = SL_PROTO_UDP, .src = "203.0.113.9", .payload = 2000 };
	uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX], calm[PIPE_FRAME_MAX];
	unsigned int calm_len, len = pipe_build(&flood, whole), workers = dp_workers_count;
	uint64_t x = 77;

	calm_len = pipe_build(&quiet, calm);
	give(0, WAN, calm, calm_len);
	drain();
	quiet.flags = 16;
	calm_len = pipe_build(&quiet, calm);
	for (unsigned int n = 0; n < 400; n++) {
		struct rte_mbuf *packets[BURST_MAX];
		uint64_t wanted = 0, held = 0;
		bool good = n % 10 == 0;

		pipe_forget();
		for (unsigned int i = 0; i < BURST_MAX - 1; i++) {
			unsigned int k = random_next(&x) % 16, part;

			/* Most of what arrives waits for a first one that never comes. */
			part = frag_cut(whole, len, random_next(&x), k * 8, k * 8 + 8, bytes);
			packets[i] = pipe_mbuf(bytes, part, NULL);
		}
		packets[BURST_MAX - 1] = pipe_mbuf(calm, calm_len, NULL);
		pipe_burst(n % workers, WAN, packets, BURST_MAX);
		for (unsigned int p = good ? PIECES : 0; p-- > 0;)
			give_piece(random_next(&x) % workers, &udp, n, cuts[p],
				   p + 1 < PIECES ? cuts[p + 1] : 2008);
		for (unsigned int round = 0; round < 8; round++)
			for (unsigned int id = 0; id < workers; id++)
				(void)pipe_receive(id);
		for (unsigned int i = 0; i < pipe_box.sent_count; i++) {
			struct frag_info info;

			if (!frag_read(pipe_box.sent[i].bytes, pipe_box.sent[i].len, &info))
				wanted++;
			else if (pipe_box.sent[i].bytes[IP + IP4_SRC_AT + 3] == 5)
				wanted++;
		}
		assert_int_equal(wanted, good ? 1 + PIECES : 1);
		for (unsigned int id = 0; id < workers; id++)
			held += dp_workers[id]->fragments.held;
		assert_true(held <= 4095 / 8);
	}
	assert_int_equal(drops(SL_DROP_NO_MBUF), 0);
	serve(20000);
}

/* ---- flows that a fragment opened, and whole packets of them ---- */

static void
test_flow_found_by_whole(void **state)
{
	/* Toward DR, whose flows are where RSS brings them: this one is where the fragments met. */
	for (uint16_t sport = 3000; sport < 3032; sport++) {
		struct pipe_spec spec = {
			.proto = SL_PROTO_UDP, .dst = "192.0.2.2", .sport = sport, .payload = 2000
		};
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len;

		give_piece(sport % dp_workers_count, &spec, sport, 0, 800);
		drain();
		assert_int_equal(dp_fragmented_flows[0], 1);
		spec.payload = 20;
		len = pipe_build(&spec, bytes);
		pipe_forget();
		for (unsigned int id = 0; id < dp_workers_count; id++) {
			give(id, WAN, bytes, len);
			drain();
			assert_int_equal(pipe_box.sent_count, id + 1);
		}
		assert_int_equal(flows(), 1);
		pipe_flows_end();
		assert_int_equal(dp_fragmented_flows[0], 0);
	}
	/* None left: a whole packet opens its flow where it is. */
	for (unsigned int id = 0; id < dp_workers_count; id++) {
		struct pipe_spec spec = { .proto = SL_PROTO_UDP,
					  .dst = "192.0.2.2",
					  .sport = (uint16_t)(7 + id) };
		uint8_t bytes[PIPE_FRAME_MAX];

		give(id, WAN, bytes, pipe_build(&spec, bytes));
		assert_int_equal(dp_workers[id]->table.used, 1);
	}
	serve(20000);
}

/* The flow was opened by whole packets at the worker of their RSS: fragments find it there. */
static void
test_flow_found_by_fragments(void **state)
{
	uint64_t x = 3;

	for (uint16_t sport = 3000; sport < 3064; sport++) {
		struct pipe_spec spec = {
			.proto = SL_PROTO_UDP, .dst = "192.0.2.2", .sport = sport, .payload = 20
		};
		unsigned int home = sport % dp_workers_count;
		uint8_t bytes[PIPE_FRAME_MAX];

		give(home, WAN, bytes, pipe_build(&spec, bytes));
		spec.payload = 2000;
		pipe_forget();
		for (unsigned int p = 0; p < PIECES; p++)
			give_piece(random_next(&x) % dp_workers_count, &spec, sport, cuts[p],
				   p + 1 < PIECES ? cuts[p + 1] : 2008);
		drain();
		assert_int_equal(pipe_box.sent_count, PIECES);
		assert_int_equal(dp_workers[home]->table.used, 1);
		assert_int_equal(flows(), 1);
		assert_int_equal(dp_fragmented_flows[0], 0);
		pipe_flows_end();
	}
}

/* TCP too: a SYN in fragments, and the segments that follow by any worker. */
static void
test_tcp_found_by_whole(void **state)
{
	for (uint16_t sport = 3000; sport < 3016; sport++) {
		struct pipe_spec spec = { .dst = "192.0.2.2", .sport = sport, .payload = 988 };
		uint8_t bytes[PIPE_FRAME_MAX];

		give_piece(0, &spec, sport, 0, 800);
		give_piece(0, &spec, sport, 800, 1008);
		drain();
		spec.flags = 16;
		spec.payload = 0;
		pipe_forget();
		for (unsigned int id = 0; id < dp_workers_count; id++)
			give(id, WAN, bytes, pipe_build(&spec, bytes));
		drain();
		assert_int_equal(pipe_box.sent_count, dp_workers_count);
		assert_int_equal(flows(), 1);
		pipe_flows_end();
	}
	assert_int_equal(dp_fragmented_flows[1], 0);
	assert_int_equal(all_drops(), 0);
}

/* ---- chance ---- */

enum { DATAGRAMS = 400 };

/* A copy that comes when its datagram has passed begins it once more: that is as it was. */
static bool
is_copy(const struct pipe_frame *frames, unsigned int count, unsigned int start)
{
	for (unsigned int i = 0; i < count; i++) {
		struct frag_info info;

		assert_true(frag_read(frames[i].bytes, frames[i].len, &info));
		if (info.start == start)
			return true;
	}
	return false;
}

/* Pieces of datagrams in the order in which they come. */
static struct plan {
	unsigned int datagram, start, end;
	uint32_t when;
} plan[DATAGRAMS * 16];
static unsigned int plan_count, copies;

static struct pipe_spec specs[DATAGRAMS];
static unsigned int pieces[DATAGRAMS];
static bool lost[DATAGRAMS];

/* A piece of a datagram: lost, or twice, or neither; near those of its neighbours in time. */
static void
piece_plan(unsigned int d, unsigned int start, unsigned int end, uint64_t *x)
{
	bool twice = random_next(x) % 40 == 0;

	if (random_next(x) % 100 == 0) {
		lost[d] = true;
		return;
	}
	pieces[d]++;
	copies += twice;
	for (unsigned int t = 0; t < 1u + twice; t++) {
		assert_true(plan_count < SL_COUNT(plan));
		plan[plan_count++] = (struct plan){
			.datagram = d,
			.start = start,
			.end = end,
			.when = d * 1000 + random_next(x) % 6000,
		};
	}
}

/* Datagrams of random sizes to all services, cut at random. */
static void
datagrams_plan(uint64_t *x)
{
	static const char *const vips[] = { "192.0.2.1", "192.0.2.2", "2001:db8:ff::1", "2001:db8:ff::2" };

	memset(lost, 0, sizeof(lost));
	memset(pieces, 0, sizeof(pieces));
	plan_count = copies = 0;
	for (unsigned int d = 0; d < DATAGRAMS; d++) {
		unsigned int vip = random_next(x) % 4, start = 0, size;

		specs[d] = (struct pipe_spec){
			.proto = SL_PROTO_UDP,
			.src = vip < 2 ? "203.0.113.5" : "2001:db8:9::5",
			.dst = vips[vip],
			.sport = (uint16_t)(1000 + random_next(x) % 20),
			.payload = (uint16_t)(500 + random_next(x) % 1600),
			.seed = d,
		};
		size = specs[d].payload + 8u;
		while (start < size) {
			unsigned int end = start + 128 + random_next(x) % 45 * 8;

			if (end > size)
				end = size;
			piece_plan(d, start, end, x);
			start = end;
		}
	}
}

static int
plan_compare(const void *a, const void *b)
{
	const struct plan *first = a, *second = b;

	return first->when < second->when ? -1 : first->when > second->when;
}

/* What was sent of a datagram is all of it, as its server shall see it. */
static void
datagram_check(unsigned int d)
{
	static struct pipe_frame frames[64];
	uint8_t joined[PIPE_FRAME_MAX], whole[PIPE_FRAME_MAX];
	unsigned int n = 0, len = pipe_build(&specs[d], whole), data = specs[d].payload;

	for (unsigned int i = 0; i < pipe_box.sent_count; i++) {
		const struct pipe_frame *frame = &pipe_box.sent[i];
		struct frag_info info;

		assert_true(frag_read(frame->bytes, frame->len, &info));
		if (info.id == d && !is_copy(frames, n, info.start))
			frames[n++] = *frame;
		assert_true(n < SL_COUNT(frames));
	}
	assert_int_equal(n, pieces[d]);
	assert_int_equal(frag_join(frames, n, joined), len);
	assert_true(pipe_sums_right(joined, len));
	assert_memory_equal(joined + len - data, whole + len - data, data);
}

/* All of them mixed up, some pieces lost, others twice: each that is whole arrives whole. */
static void
chance(uint64_t seed)
{
	uint64_t x = seed, before = drops(SL_DROP_FRAG_OVERLAP);
	unsigned int arrived = 0;

	datagrams_plan(&x);
	qsort(plan, plan_count, sizeof(plan[0]), plan_compare);
	pipe_forget();
	for (unsigned int i = 0; i < plan_count; i++) {
		give_piece(random_next(&x) % dp_workers_count, &specs[plan[i].datagram], plan[i].datagram,
			   plan[i].start, plan[i].end);
		if (random_next(&x) % 4 == 0)
			(void)pipe_receive(random_next(&x) % dp_workers_count);
	}
	drain();
	for (unsigned int d = 0; d < DATAGRAMS; d++) {
		if (!lost[d])
			datagram_check(d);
		arrived += !lost[d];
	}
	assert_true(arrived > DATAGRAMS / 2 && arrived < DATAGRAMS && copies > 20);
	/* Copies are dropped, or come when their datagram has passed and begin it once more. */
	assert_true(drops(SL_DROP_FRAG_OVERLAP) - before <= copies);
	for (unsigned int round = 0; round < 8; round++)
		serve(20000);
	assert_int_equal(remembered(), 0);
	pipe_flows_end();
	assert_int_equal(dp_fragmented_flows[0], 0);
}

static void
test_chance(void **state)
{
	for (uint64_t seed = 1; seed <= 3; seed++)
		chance(seed);
}

int
main(void)
{
#define TEST(name, workers)                                                                                  \
	{                                                                                                    \
#name ", " #workers " workers", name, pipe_setup##workers, pipe_teardown, NULL               \
	}
#define TESTS(name) TEST(name, 1), TEST(name, 2), TEST(name, 4)
	const struct CMUnitTest tests[] = {
		TESTS(test_orders),
		TESTS(test_replies),
		TEST(test_one_burst, 1),
		TEST(test_timeout, 1),
		TESTS(test_flood),
		TEST(test_flow_found_by_whole, 2),
		TEST(test_flow_found_by_whole, 4),
		TESTS(test_flow_found_by_fragments),
		TESTS(test_tcp_found_by_whole),
		TESTS(test_chance),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
