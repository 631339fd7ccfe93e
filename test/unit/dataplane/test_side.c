/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The side rings alone: what is given comes to the worker it is given to, with its note;
 * what is searched for goes round once and ends where it began; a ring that is full
 * loses what does not fit, and nothing else suffers.
 */
#include "frag_box.h"
#include "wire.h"

#include <stdio.h>

static void
round_once(void)
{
	for (unsigned int id = 0; id < dp_workers_count; id++)
		(void)pipe_receive(id);
}

static uint64_t
handed_out(void)
{
	uint64_t sum = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++)
		sum += dp_workers[id]->count.handed_out;
	return sum;
}

/* The first fragment of a datagram to a service that is not there: it opens no flow, and is refused at the end of its way. */
static struct rte_mbuf *
stray_make(uint16_t sport, uint32_t id)
{
	struct pipe_spec spec = {
		.proto = SL_PROTO_UDP, .dst = "192.0.2.2", .sport = sport, .dport = 99, .payload = 100
	};
	uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, whole);

	return pipe_mbuf(bytes, frag_cut(whole, len, id, 0, 80, bytes), NULL);
}

/* A burst that a worker has parsed, of one packet, as a stage would find it. */
static struct burst *
burst_make(unsigned int worker, struct rte_mbuf *m)
{
	struct burst *b = &dp_workers[worker]->burst;

	b->mbuf[0] = m;
	b->count = 1;
	b->port = LAN;
	b->live = b->in = 1;
	b->owned = b->gathered = b->searching = b->headless = b->out = 0;
	dp_workers[worker]->count.rx++;
	pipe_box.given++;
	return b;
}

static struct rte_mbuf *
ring_take(unsigned int from, unsigned int to, uintptr_t *ret_tags)
{
	void *tagged;

	if (rte_ring_sc_dequeue(dp_workers[to]->side_in[from], &tagged) != 0)
		return NULL;
	dp_workers[to]->count.handed_in++;
	*ret_tags = (uintptr_t)tagged & 3;
	return (struct rte_mbuf *)((uintptr_t)tagged & ~(uintptr_t)3);
}

static void
take_end(unsigned int worker, struct rte_mbuf *m)
{
	dp_drop_mbuf(dp_workers[worker], m, SL_DROP_TRANSIT);
	dp_drop_flush(dp_workers[worker]);
	pipe_check("taken");
}

static void
test_give(void **state)
{
	static const struct {
		const char *name;
		unsigned int from, to;
		bool gathered, owned;
	} rows[] = {
		{ "to the next", 0, 1, false, false },
		{ "back", 1, 0, true, false },
		{ "across", 3, 1, true, true },
		{ "on from a ring", 2, 3, false, true },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct rte_mbuf *m = stray_make(1, 1), *taken;
		struct burst *b = burst_make(rows[i].from, m);
		uintptr_t tags;

		m->port = WAN;
		b->gathered = rows[i].gathered;
		b->owned = rows[i].owned;
		mbuf_note(m)->ports = 0x12345678;
		dp_side_give(dp_workers[rows[i].from], b, 0, rows[i].to);
		sl_check_int(rows[i].name, b->live | b->in | b->out, 0);
		taken = ring_take(rows[i].from, rows[i].to, &tags);
		sl_check(rows[i].name, taken == m);
		sl_check_int(rows[i].name, tags, rows[i].gathered ? 1 : 0);
		sl_check_int(rows[i].name, mbuf_note(m)->ports, 0x12345678);
		/* It knows the port it came in by, however often it is handed on. */
		sl_check_int(rows[i].name, m->port, rows[i].owned ? WAN : LAN);
		take_end(rows[i].to, m);
	}
}

/* From each worker: to all others in order of number, then nobody is left to ask. */
static void
test_search_goes_round(void **state)
{
	for (unsigned int start = 0; start < 4; start++) {
		struct rte_mbuf *m = stray_make(1, 1);
		struct burst *b = burst_make(start, m);
		unsigned int at = start;
		uintptr_t tags;

		for (unsigned int hop = 0; hop < 4; hop++) {
			assert_true(dp_side_search(dp_workers[at], b, 0));
			assert_int_equal(b->live, 0);
			assert_ptr_equal(ring_take(at, (at + 1) % 4, &tags), m);
			assert_int_equal(tags, 2);
			at = (at + 1) % 4;
			b = &dp_workers[at]->burst;
			b->mbuf[0] = m;
			b->count = 1;
			b->live = b->owned = b->searching = 1;
			b->gathered = 0;
		}
		assert_int_equal(at, start);
		assert_false(dp_side_search(dp_workers[at], b, 0));
		b->owned = b->searching = 0;
		take_end(at, m);
	}
}

/* The pipeline's own way: home, round, and refused at home. */
static void
test_stray_ends(void **state)
{
	for (uint16_t sport = 1; sport <= 50; sport++) {
		struct rte_mbuf *m = stray_make(sport, sport);
		uint64_t before = handed_out(), moved;

		pipe_burst(sport % 4, WAN, &m, 1);
		for (unsigned int round = 0; round < 6; round++)
			round_once();
		moved = handed_out() - before;
		assert_true(moved == 4 || moved == 5); /* round, and home where it came to another */
	}
	pipe_check("in the end");
	for (unsigned int id = 0; id < 4; id++)
		assert_int_equal(dp_workers[id]->count.drops, dp_workers[id]->count.drop[SL_DROP_NO_SERVICE]);
}

/* A worker that is slow: its side ring fills; the hand-over's ring does not notice. */
static void
test_ring_full(void **state)
{
	struct dp_worker *w = dp_workers[0];
	struct pipe_spec spec = { .proto = SL_PROTO_UDP, .sport = 1000 };
	struct sl_addr client = sl_addr_from_v4(RTE_BE32(0xcb007105));
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int given = 0, full, turns = 0;
	struct rte_mbuf *m;

	for (uint32_t id = 0; given < SIDE_RING_SIZE + 100; id++, given++) {
		m = stray_make(1, id);
		dp_side_give(w, burst_make(0, m), 0, 1);
	}
	full = (unsigned int)w->count.drop[SL_DROP_HANDOVER_FULL];
	assert_int_equal(full, given - (SIDE_RING_SIZE - 1));
	assert_int_equal(w->count.handed_out, SIDE_RING_SIZE - 1);
	dp_drop_flush(w);
	while (dp_owner(w, &client, rte_cpu_to_be_16(spec.sport)) != 1)
		spec.sport++;
	m = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);
	pipe_burst(0, WAN, &m, 1);
	(void)pipe_receive(1);
	assert_int_equal(pipe_box.sent_count, 1);
	/* One burst a turn: what established connections wait for is bounded. */
	for (turns = 1; rte_ring_count(dp_workers[1]->side_in[0]) != 0; turns++)
		(void)pipe_receive(1);
	assert_int_equal(turns, (SIDE_RING_SIZE + BURST_MAX - 1) / BURST_MAX);
	assert_int_equal(w->count.drop[SL_DROP_HANDOVER_FULL], full);
}

/* Whole packets that would be searched for open their flow where they are when there is no way round. */
static void
test_full_ring_opens_here(void **state)
{
	struct pipe_spec spec = { .proto = SL_PROTO_UDP, .dst = "192.0.2.2", .sport = 1000 };
	uint8_t bytes[PIPE_FRAME_MAX];
	struct rte_mbuf *m;

	atomic_store(&dp_fragmented_flows[0], 1);
	m = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);
	pipe_burst(0, WAN, &m, 1);
	assert_int_equal(dp_workers[0]->table.used, 0);
	for (unsigned int round = 0; round < 2; round++)
		round_once();
	assert_int_equal(dp_workers[0]->table.used, 1);
	for (uint32_t id = 0; id < SIDE_RING_SIZE; id++) {
		m = stray_make(1, id);
		dp_side_give(dp_workers[0], burst_make(0, m), 0, 1);
	}
	spec.sport++;
	pipe_forget();
	m = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);
	pipe_burst(0, WAN, &m, 1);
	assert_int_equal(dp_workers[0]->table.used, 2);
	assert_int_equal(pipe_box.sent_count, 1);
	atomic_store(&dp_fragmented_flows[0], 0);
}

int
main(void)
{
#define TEST(name, workers) cmocka_unit_test_setup_teardown(name, pipe_setup##workers, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_give, 4),      TEST(test_search_goes_round, 4),    TEST(test_stray_ends, 4),
		TEST(test_ring_full, 2), TEST(test_full_ring_opens_here, 2),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
