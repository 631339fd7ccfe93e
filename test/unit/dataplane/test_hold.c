/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that wait for a neighbour's MAC address: how many, how long, in which
 * order they leave, and that one silent neighbour is not another's trouble.
 */
#include "pipe_box.h"
#include "port.h"
#include "wire.h"

#include <rte_cycles.h>

#include <stdio.h>

/* A datagram to client number `host` of wan's link, in its connection: a reply that finds no neighbour. */
static int
reply_to(unsigned int host, uint32_t seed)
{
	char client[32];
	struct pipe_spec in = { .src = client, .proto = SL_PROTO_UDP, .payload = 8 };
	struct pipe_spec out = {
		.sport = 8080, .dst = client, .dport = 40000, .proto = SL_PROTO_UDP, .payload = 8
	};
	const struct flow *flow = NULL;

	snprintf(client, sizeof(client), "198.51.100.%u", host);
	assert_int_equal(pipe_spec_one(&in), PIPE_SENT);
	for (uint32_t i = 1; i <= dp_workers[0]->table.high; i++)
		if (dp_workers[0]->table.flow[i].client.b[15] == host)
			flow = &dp_workers[0]->table.flow[i];
	assert_non_null(flow);
	out.src = dp_real_slots[flow->real].addr.b[15] == 11 ? "10.0.0.11" : "10.0.0.12";
	out.seed = seed;
	out.from_lan = true;
	return pipe_spec_one(&out);
}

static void
serve(uint64_t ms)
{
	pipe_forget();
	dp_hold_serve(dp_workers[0], rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms);
	dp_drop_flush(dp_workers[0]);
	dp_handover_flush(dp_workers[0]);
	dp_transmit_flush(dp_workers[0]);
	pipe_check("after serving");
}

static uint64_t
word(unsigned int port, unsigned int last)
{
	return 2 | (uint64_t)last << 40 | (uint64_t)port << DP_NH_PORT_SHIFT | DP_NH_VALID;
}

static unsigned int
wishes(void)
{
	struct neigh_wish wish;
	unsigned int count = 0;

	while (rte_ring_sc_dequeue_elem(dp_workers[0]->ring_wish, &wish, sizeof(wish)) == 0)
		count++;
	return count;
}

static void
test_waits_then_goes(void **state)
{
	struct dp_worker *w = dp_workers[0];
	uint8_t bytes[PIPE_FRAME_MAX];

	for (uint32_t seed = 1; seed <= 3; seed++)
		assert_int_equal(reply_to(77, seed), PIPE_HELD);
	assert_int_equal(wishes(), 3);
	serve(1);
	assert_int_equal(pipe_box.sent_count, 0);
	assert_int_equal(w->held, 3);
	assert_true(wishes() > 0); /* nobody has heard of it, so it is asked for again */
	pipe_neigh_set(WAN, "198.51.100.77", 0);
	serve(2);
	assert_int_equal(w->held, 3);
	assert_int_equal(wishes(), 0); /* control asks by itself now */
	pipe_neigh_set(WAN, "198.51.100.77", word(WAN, 0x77));
	serve(3);
	assert_int_equal(w->held, 0);
	assert_int_equal(w->hold_lanes, 0);
	assert_int_equal(pipe_box.sent_count, 3);
	for (uint32_t seed = 1; seed <= 3; seed++) {
		const struct pipe_frame *frame = &pipe_box.sent[seed - 1];
		struct pipe_spec spec = { .proto = SL_PROTO_UDP, .payload = 8, .seed = seed };
		unsigned int len = pipe_build(&spec, bytes);

		assert_int_equal(frame->port, WAN);
		assert_memory_equal(frame->bytes + len - 8, bytes + len - 8, 8); /* in order */
		assert_memory_equal(frame->bytes, ((uint8_t[]){ 2, 0, 0, 0, 0, 0x77 }), 6);
		assert_memory_equal(frame->bytes + 6, dp_port_mac(WAN), 6);
		assert_true(pipe_sums_right(frame->bytes, frame->len));
	}
	/* The next one does not wait. */
	assert_int_equal(reply_to(77, 4), PIPE_SENT);
}

static void
test_ends_badly(void **state)
{
	struct dp_worker *w = dp_workers[0];

	/* Nobody answers, and control says so. */
	assert_int_equal(reply_to(77, 1), PIPE_HELD);
	pipe_neigh_set(WAN, "198.51.100.77", DP_NH_FAILED);
	serve(1);
	assert_int_equal(w->held, 0);
	assert_int_equal(w->count.drop[SL_DROP_NEIGH_FAILED], 1);
	/* Control never says anything. */
	pipe_neigh_set(WAN, "198.51.100.77", 0);
	assert_int_equal(reply_to(77, 1), PIPE_HELD);
	serve(3000);
	assert_int_equal(w->held, 1);
	serve(4000);
	assert_int_equal(w->held, 0);
	assert_int_equal(w->count.drop[SL_DROP_NEIGH_FAILED], 2);
	/* The way to a port whose MTU is smaller. */
	assert_int_equal(reply_to(77, 1), PIPE_HELD);
	dp_ports[WAN].mtu = 30;
	pipe_neigh_set(WAN, "198.51.100.77", word(WAN, 0x77));
	serve(1);
	assert_int_equal(w->count.drop[SL_DROP_TOO_BIG], 1);
}

/* Two neighbours that share a lane: each one's packets leave when it is known, in order. */
static void
test_lane_shared(void **state)
{
	unsigned int other = 100, seed;

	/* Who meets 77 in its lane finds it full. */
	while (reply_to(77, 0) == PIPE_HELD)
		;
	while (reply_to(other, 0) == PIPE_HELD)
		assert_true(++other < 250);
	pipe_neigh_set(WAN, "198.51.100.77", DP_NH_FAILED);
	serve(4000);
	assert_int_equal(dp_workers[0]->held, 0);
	pipe_neigh_set(WAN, "198.51.100.77", 0);

	for (seed = 1; seed <= 3; seed++) {
		assert_int_equal(reply_to(77, seed), PIPE_HELD);
		assert_int_equal(reply_to(other, seed), PIPE_HELD);
	}
	for (unsigned int first = 0; first < 2; first++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		char text[32];

		snprintf(text, sizeof(text), "198.51.100.%u", first == 0 ? 77 : other);
		pipe_neigh_set(WAN, text, word(WAN, 5));
		serve(1);
		assert_int_equal(pipe_box.sent_count, 3);
		assert_int_equal(dp_workers[0]->held, first == 0 ? 3 : 0);
		for (seed = 1; seed <= 3; seed++) {
			struct pipe_spec spec = { .proto = SL_PROTO_UDP, .payload = 8, .seed = seed };
			unsigned int len = pipe_build(&spec, bytes);

			assert_memory_equal(pipe_box.sent[seed - 1].bytes + len - 8, bytes + len - 8, 8);
			assert_int_equal(pipe_box.sent[seed - 1].bytes[ETH_LEN + 19],
					 first == 0 ? 77 : other);
		}
	}
}

/* A neighbour fills its lane and drops there; in 64 lanes most others have room. */
static void
test_lane_full(void **state)
{
	unsigned int held = 0, waiting = 0;

	while (reply_to(77, 1) == PIPE_HELD)
		held++;
	assert_int_equal(held, HOLD_LANE_SIZE);
	assert_int_equal(dp_workers[0]->count.drop[SL_DROP_NEIGH_QUEUE_FULL], 1);
	for (unsigned int host = 100; host < 140; host++)
		waiting += reply_to(host, 1) == PIPE_HELD;
	assert_true(waiting >= 36);
	/* One of a lane goes, the others of it stay, in order. */
	pipe_neigh_set(WAN, "198.51.100.100", word(WAN, 100));
	serve(1);
	assert_int_equal(pipe_box.sent_count, 1);
	assert_int_equal(dp_workers[0]->held, held + waiting - 1);
	/* What is left at the end is given back: the pool is looked at. */
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pipe_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_waits_then_goes),
		TEST(test_ends_badly),
		TEST(test_lane_shared),
		TEST(test_lane_full),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
