/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of the peer in a box of several workers: wherever a packet comes in, it goes on; from
 * then on the flow is where its packets are; no flow is there twice, and no local port is lost.
 */
#include "frag_box.h"
#include "sync_box.h"

#include "sl_addr.h"
#include "wire.h"

enum { PORTS = 64, BURST = 16 };

/* Everything that is on its way between workers arrives. */
static void
receive_all(void)
{
	unsigned int count;

	do {
		count = 0;
		for (unsigned int id = 0; id < dp_workers_count; id++)
			count += pipe_receive(id);
	} while (count > 0);
}

static uint64_t
handed_out(void)
{
	uint64_t sum = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++)
		sum += dp_workers[id]->count.handed_out;
	return sum;
}

static struct rte_mbuf *
packet(const struct sync_spec *s, uint8_t flags)
{
	struct dp_sync_conn c = sync_conn(s);
	char src[SL_ADDR_STRLEN], dst[SL_ADDR_STRLEN];
	struct pipe_spec spec = {
		.src = sl_addr_format(&c.client, src),
		.dst = sl_addr_format(&c.vip, dst),
		.sport = c.client_port,
		.dport = c.vip_port,
		.proto = c.proto,
		.flags = flags,
	};
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, bytes);

	return pipe_mbuf(bytes, len, NULL);
}

/* So many packets of one connection come in at a worker: how many are sent in the end. */
static unsigned int
send(const struct sync_spec *s, unsigned int worker, uint8_t flags, unsigned int count)
{
	struct rte_mbuf *packets[BURST];

	for (unsigned int i = 0; i < count; i++)
		packets[i] = packet(s, flags);
	pipe_forget();
	pipe_burst(worker, WAN, packets, count);
	receive_all();
	return pipe_box.sent_count;
}

static uint32_t
ports_used(void)
{
	uint32_t sum = 0;

	for (uint32_t index = 1; index <= 3; index++)
		sum += dp_local_used(index, SL_PROTO_TCP) + dp_local_used(index, SL_PROTO_UDP);
	return sum;
}

static bool
is_searched_for(const struct sync_spec *s)
{
	struct dp_sync_conn c = sync_conn(s);
	struct pkt_key key = {
		.client = c.client,
		.other = c.vip,
		.ports = rte_cpu_to_be_16(c.client_port) |
			 (uint64_t)rte_cpu_to_be_16(c.vip_port) << KEY_SHIFT_VIP_PORT |
			 (uint64_t)c.proto << KEY_SHIFT_PROTO,
	};

	return dp_sync_may_be_elsewhere(&key);
}

static const struct {
	const char *name;
	struct sync_spec spec;
	bool moves; /* NAT's have an owner */
} modes[] = {
	{ "NAT", { .real = "10.0.0.12" }, false },
	{ "NAT, IPv6, UDP",
	  { .vip = "2001:db8:ff::1", .real = "2001:db8:2::12", .proto = SL_PROTO_UDP },
	  false },
	{ "DR", { .vip = "192.0.2.2", .fwd = SL_FWD_DR }, true },
	{ "DR, IPv6, UDP", { .vip = "2001:db8:ff::2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP }, true },
	{ "tunnel", { .vip = "192.0.2.7", .fwd = SL_FWD_TUN }, true },
	{ "full NAT", { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.201" }, true },
	{ "full NAT, IPv6, UDP",
	  { .vip = "2001:db8:ff::3", .fwd = SL_FWD_FNAT, .local = "2001:db8:2::200", .proto = SL_PROTO_UDP },
	  true },
	{ "NAT64",
	  { .vip = "2001:db8:ff::4", .fwd = SL_FWD_FNAT, .real = "10.0.0.11", .local = "10.0.0.200" },
	  true },
};

/* The server's answer to what was sent last comes in at a worker, and goes to the client. */
static void
answer(const char *name, unsigned int worker)
{
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = fnat_answer(pipe_box.sent[0].bytes, pipe_box.sent[0].len, bytes);
	struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);

	pipe_forget();
	pipe_burst(worker, LAN, &m, 1);
	receive_all();
	sl_check_int(name, pipe_box.sent_count, 1);
	sl_check_int(name, pipe_box.sent[0].port, WAN);
}

/* Every mode, many clients, whose packets come to each worker in turn. */
static void
test_modes(void **state)
{
	pipe_serve("192.0.2.7", 80, SL_PROTO_TCP, SL_FWD_TUN, "10.0.0.11", NULL, 0);
	for (size_t i = 0; i < SL_COUNT(modes); i++) {
		const char *name = modes[i].name;
		struct sync_spec spec = modes[i].spec;
		bool local = spec.fwd == SL_FWD_FNAT;

		for (uint16_t n = 0; n < PORTS; n++) {
			unsigned int worker = n % dp_workers_count;
			uint64_t before;

			spec.client_port = 1000 + n;
			spec.local_port = local ? 3000 + 7 * n : 0;
			sync_put_taken(&spec);
			sl_check(name, sync_worker(&spec) >= 0);
			sl_check_int(name, is_searched_for(&spec), modes[i].moves);
			sl_check_int(name, send(&spec, worker, ACK, 3), 3);
			if (local)
				answer(name, n / dp_workers_count % dp_workers_count);
			if (modes[i].moves) {
				sl_check_int(name, sync_worker(&spec), worker);
				sl_check(name, !is_searched_for(&spec));
			}
			sl_check_int(name,
				     sync_flow((unsigned int)sync_worker(&spec), &spec)->generation &
					     FLOW_FOREIGN,
				     0);
			before = handed_out();
			sl_check_int(name, send(&spec, worker, ACK, 3), 3);
			sl_check(name, handed_out() == before || !modes[i].moves);
		}
		sl_check_int(name, sync_counts_check(name), PORTS);
		sl_check_int(name, ports_used(), local ? PORTS : 0);
		pipe_flows_end();
		sl_check_int(name, ports_used(), 0);
		for (uint16_t n = 0; n < PORTS; n++) {
			spec.client_port = 1000 + n;
			sl_check(name, !is_searched_for(&spec));
		}
	}
	for (unsigned int id = 0; id < dp_workers_count; id++)
		assert_int_equal(dp_workers[id]->count.drops, 0);
}

/* What the peer says again reaches the flow wherever it has gone; no second one begins. */
static void
test_said_again(void **state)
{
	for (size_t i = 0; i < SL_COUNT(modes); i++) {
		struct sync_spec spec = modes[i].spec, later;

		if (spec.fwd == SL_FWD_TUN)
			continue;
		for (uint16_t n = 0; n < PORTS; n++) {
			unsigned int worker = n % dp_workers_count;
			const struct flow *flow;

			spec.client_port = 1000 + n;
			spec.local_port = spec.fwd == SL_FWD_FNAT ? 3000 + 7 * n : 0;
			sync_put_taken(&spec);
			sl_check_int(modes[i].name, send(&spec, worker, ACK, 1), 1);
			for (unsigned int id = 0; id < dp_workers_count; id++)
				dp_workers[id]->tick += 100;
			later = spec;
			later.state = spec.proto == SL_PROTO_UDP ? SL_STATE_UDP : SL_STATE_FIN_WAIT;
			later.idle_s = 10;
			sync_put_taken(&later);
			sl_check(modes[i].name, sync_worker(&spec) >= 0);
			flow = sync_flow((unsigned int)sync_worker(&spec), &spec);
			sl_check_int(modes[i].name, flow->state, later.state);
			sl_check_int(modes[i].name, is_searched_for(&spec), modes[i].moves);
			later.flags = DP_SYNC_ENDED;
			sync_put_taken(&later);
			sl_check_int(modes[i].name, sync_worker(&spec), -1);
			sl_check(modes[i].name, !is_searched_for(&spec));
		}
		sl_check_int(modes[i].name, ports_used(), 0);
	}
}

/* A VIP of full NAT that has NAT besides: its flows belong to the client's hash, their ports to others. */
static void
test_lent(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200" };
	unsigned int elsewhere = 0;

	pipe_serve("192.0.2.3", 90, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.12", NULL, 0);
	for (unsigned int turn = 0; turn < 2; turn++) {
		for (uint16_t n = 0; n < PORTS; n++) {
			int worker;

			spec.client_port = 1000 + n;
			spec.local_port = 3000 + n;
			sync_put_taken(&spec);
			worker = sync_worker(&spec);
			assert_true(worker >= 0);
			elsewhere +=
				dp_local_share(1, rte_cpu_to_be_16(spec.local_port)) != (unsigned int)worker;
			for (unsigned int id = 0; id < dp_workers_count; id++) {
				assert_int_equal(send(&spec, id, ACK, 2), 2);
				assert_int_equal(sync_worker(&spec), worker);
				answer("lent", dp_workers_count - 1 - id);
			}
		}
		assert_true(elsewhere > PORTS / 4);
		assert_int_equal(ports_used(), PORTS);
		pipe_flows_end();
		assert_int_equal(ports_used(), 0);
	}
}

/* A port that is another's is nobody's to lend. */
static void
test_conflict(void **state)
{
	struct sync_spec spec = {
		.vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200", .local_port = 4000
	};
	struct dp_sync_put_stats stats;

	for (uint16_t n = 0; n < PORTS; n++) {
		spec.client_port = 1000 + n;
		sync_put_taken(&spec);
	}
	dp_sync_put_stats(&stats);
	assert_int_equal(stats.inserted, 1);
	assert_int_equal(stats.conflict, PORTS - 1);
	assert_int_equal(sync_counts_check("one"), 1);
	pipe_flows_end();
	assert_int_equal(ports_used(), 0);
}

/* A SYN that meets a foreign connection belongs to it, as with one worker. Others open theirs where they are. */
static void
test_syn(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR }, fresh = spec;
	uint64_t before;

	for (uint16_t n = 0; n < PORTS; n++) {
		spec.client_port = 1000 + n;
		sync_put_taken(&spec);
		assert_int_equal(send(&spec, n % dp_workers_count, SYN, 1), 1);
		assert_true(sync_worker(&spec) >= 0);
	}
	before = handed_out();
	for (uint16_t n = 0; n < PORTS; n++) {
		spec.client_port = 2000 + n; /* foreign, and nobody asks */
		sync_put_taken(&spec);
		fresh.client_port = 5000 + n;
		assert_int_equal(send(&fresh, n % dp_workers_count, SYN, 1), 1);
		assert_int_equal(sync_worker(&fresh), n % dp_workers_count);
	}
	assert_int_equal(handed_out(), before);
	/* What belongs to nobody is refused where it came in. */
	fresh.client_port = 7000;
	assert_int_equal(send(&fresh, 1, ACK, 1), 0);
	assert_int_equal(dp_workers[1]->count.drop[SL_DROP_NO_CONNECTION], 1);
}

/* Where a flow cannot move, for the rings are full, its packets go on finding it. */
static void
test_cannot_move(void **state)
{
	struct sync_spec spec = {
		.vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.201", .local_port = 5555
	};
	unsigned int has, other;
	struct sync_ring *ring;

	sync_put_taken(&spec);
	has = (unsigned int)sync_worker(&spec);
	other = 1 - has;
	ring = sync_ring_between(has, other);
	atomic_store(&ring->head, ring->mask + 1);
	for (unsigned int n = 0; n < 3; n++) {
		struct rte_mbuf *packets[2] = { packet(&spec, ACK), packet(&spec, ACK) };

		pipe_forget();
		pipe_burst(other, WAN, packets, 2);
		(void)dp_side_receive(dp_workers[has]);
		dp_transmit_flush(dp_workers[has]);
		assert_int_equal(pipe_box.sent_count, 2);
		assert_int_equal(sync_worker(&spec), has);
	}
	atomic_store(&ring->head, 0);
	answer("stays", other);
	assert_int_equal(dp_fragmented_flows[1], 1);
	pipe_flows_end();
	assert_int_equal(dp_fragmented_flows[1], 0);
	assert_int_equal(ports_used(), 0);
}

/* While a flow is on its way its local port is nobody's, and not free. */
static void
test_port_moves(void **state)
{
	struct sync_spec spec = {
		.vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.201", .local_port = 5555
	};
	_Atomic uint32_t *slot = local_slot(local_make(2, RTE_BE16(5555)), SL_PROTO_TCP);
	struct rte_mbuf *m = packet(&spec, ACK);
	unsigned int has, other;

	sync_put_taken(&spec);
	has = (unsigned int)sync_worker(&spec);
	other = 1 - has;
	assert_true(atomic_load(slot) != 0 && local_owner(*slot) == has && local_number(*slot) != 0);
	pipe_burst(other, WAN, &m, 1);
	(void)dp_side_receive(dp_workers[has]);
	dp_transmit_flush(dp_workers[has]);
	assert_int_equal(sync_worker(&spec), -1);
	assert_true(atomic_load(slot) != 0 && local_number(*slot) == 0);
	receive_all();
	assert_int_equal(sync_worker(&spec), other);
	assert_true(local_owner(*slot) == other && local_number(*slot) != 0);
}

/* The burst in which a flow is found may also end it. */
static void
test_ends_meanwhile(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR };
	struct rte_mbuf *packets[3];
	unsigned int other;

	sync_put_taken(&spec);
	other = 1 - (unsigned int)sync_worker(&spec);
	packets[0] = packet(&spec, ACK);
	packets[1] = packet(&spec, RST);
	packets[2] = packet(&spec, SYN);
	pipe_forget();
	pipe_burst(other, WAN, packets, 3);
	receive_all();
	assert_int_equal(pipe_box.sent_count, 3);
	assert_int_equal(sync_counts_check("one"), 1);
}

/* Once sync has ended, foreign flows are still found. */
static void
test_after_sync(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR };

	for (uint16_t n = 0; n < PORTS; n++) {
		spec.client_port = 1000 + n;
		sync_put_taken(&spec);
	}
	dp_sync_close(0);
	dp_sync_fini();
	for (uint16_t n = 0; n < PORTS; n++) {
		spec.client_port = 1000 + n;
		for (unsigned int again = 0; again < 2; again++)
			assert_int_equal(send(&spec, n % dp_workers_count, ACK, 2), 2);
	}
	pipe_flows_end();
	assert_int_equal(dp_fragmented_flows[1], 0);
}

/* Fragments of a datagram of a foreign flow, wherever they come in; the flow waits for a whole packet. */
static void
test_fragments(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP };

	for (uint16_t n = 0; n < PORTS; n++) {
		struct pipe_spec whole_spec = { .dst = "192.0.2.2",
						.sport = (uint16_t)(1000 + n),
						.proto = SL_PROTO_UDP,
						.payload = 1000 };
		uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&whole_spec, whole);

		spec.client_port = 1000 + n;
		sync_put_taken(&spec);
		pipe_forget();
		for (unsigned int piece = 0; piece < 2; piece++) {
			unsigned int end = piece == 0 ? 512 : frag_payload(whole, len);
			struct rte_mbuf *m =
				pipe_mbuf(bytes, frag_cut(whole, len, n, piece * 512, end, bytes), NULL);

			pipe_burst((n + piece) % dp_workers_count, WAN, &m, 1);
			receive_all();
		}
		assert_int_equal(pipe_box.sent_count, 2);
		assert_true(is_searched_for(&spec));
		assert_int_equal(send(&spec, n % dp_workers_count, 0, 2), 2);
		assert_int_equal(sync_worker(&spec), n % dp_workers_count);
	}
	assert_int_equal(sync_counts_check("no other flow"), PORTS);
}

/* Opened at the first worker, and told. Its server is noted in the spec. */
static struct flow *
open_told(struct sync_spec *s, char ret_real[SL_ADDR_STRLEN])
{
	struct flow *flow;
	struct dp_sync_conn conn;

	assert_int_equal(send(s, 0, SYN, 1), 1);
	assert_int_equal(send(s, 0, ACK, 1), 1);
	flow = sync_flow(0, s);
	s->real = sl_addr_format(&dp_real_slots[flow->real].addr, ret_real);
	s->flags = DP_SYNC_NEW;
	assert_int_equal(sync_changes(&conn, 1), 1);
	assert_true(sync_is(&conn, s));
	return flow;
}

/*
 * What was told is noted where the flow was then. When words are lost there, no end is told of a flow that has
 * moved and lives on, whether its entry is empty or has another flow; that of one that has ended is.
 */
static void
test_no_end(void **state)
{
	for (unsigned int reused = 0; reused < 2; reused++) {
		struct sync_spec moves = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .client_port = 1000 };
		struct sync_spec ends = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .client_port = 2000 };
		struct sync_spec next = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .client_port = 3000 };
		struct flow *entry[2] = { open_told(&moves, (char[SL_ADDR_STRLEN]){ 0 }),
					  open_told(&ends, (char[SL_ADDR_STRLEN]){ 0 }) };
		unsigned int other = dp_workers_count - 1;
		struct dp_sync_conn conns[8];
		uint64_t lost = 0;
		size_t found;
		bool round;

		/* The peer had it for a while, and its packets come in elsewhere now. */
		for (unsigned int id = 0; id < dp_workers_count; id++)
			dp_workers[id]->tick += 10;
		moves.flags = 0;
		sync_put_taken(&moves);
		assert_int_equal(send(&moves, other, ACK, 1), 1);
		assert_int_equal(sync_worker(&moves), other);
		dp_flow_end(dp_workers[0], entry[1]);
		for (unsigned int n = 0; n < SYNC_BOX_QUEUE; n++)
			sync_word_put(sync_of(dp_workers[0]), 0);
		for (unsigned int n = 0; n < 2 * reused; n++, next.client_port++) {
			assert_int_equal(send(&next, 0, SYN, 1), 1);
			assert_int_equal(send(&next, 0, ACK, 1), 1);
			assert_true(sync_flow(0, &next) == entry[0] || sync_flow(0, &next) == entry[1]);
		}
		found = dp_sync_changes(0, conns, SL_COUNT(conns), &lost);
		assert_true(lost > 0);
		assert_int_equal(found, 3 * reused);
		found += dp_sync_refresh(0, 0, conns + found, SL_COUNT(conns) - found, 100000, &round);
		assert_true(round);
		/* The end, what is in the entries now, and by its new worker the one that moved. */
		assert_int_equal(found, 2 + 2 * reused);
		ends.flags = DP_SYNC_NEW | DP_SYNC_ENDED;
		for (size_t i = 0; i < found - 1; i++) {
			if (conns[i].client_port == ends.client_port)
				assert_true(sync_is(&conns[i], &ends));
			else
				assert_true(conns[i].client_port >= 3000 && conns[i].flags == DP_SYNC_NEW);
		}
		assert_true(sync_is(&conns[found - 1], &moves));
		pipe_flows_end();
		while (dp_sync_changes(0, conns, SL_COUNT(conns), &lost) != 0 ||
		       dp_sync_refresh(0, 0, conns, SL_COUNT(conns), 100000, &round) != 0)
			;
	}
}

/* A ring between two workers goes back to where it was; ports that were on their way are free again. */
static void
test_on_their_way(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200" };
	uint32_t waiting = 0;

	pipe_serve("192.0.2.3", 90, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.12", NULL, 0);
	for (uint16_t n = 0; n < 20; n++) {
		spec.client_port = 1000 + n;
		spec.local_port = 3000 + n;
		assert_int_equal(sync_put(&spec), DP_SYNC_TAKEN);
	}
	for (unsigned int id = 0; id < dp_workers_count; id++) {
		dp_workers[id]->snapshot = atomic_load(&dp_snapshot_current);
		(void)dp_sync_take(dp_workers[id], sync_of(dp_workers[id]), 32);
	}
	for (unsigned int id = 0; id < dp_workers_count; id++)
		waiting += sync_ring_count(sync_ring_between(1 - id, id));
	assert_true(waiting > 0);
	dp_sync_close(0);
	dp_sync_fini();
	assert_int_equal(ports_used(), sync_counts_check("arrived"));
	pipe_flows_end();
	assert_int_equal(ports_used(), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, sync_setup2, pipe_teardown)
#define TEST4(name) cmocka_unit_test_setup_teardown(name, sync_setup4, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_modes),          TEST4(test_modes),
		TEST(test_said_again),     TEST4(test_said_again),
		TEST(test_lent),           TEST4(test_lent),
		TEST(test_conflict),       TEST(test_syn),
		TEST(test_cannot_move),    TEST(test_port_moves),
		TEST(test_ends_meanwhile), TEST(test_after_sync),
		TEST(test_fragments),      TEST(test_on_their_way),
		TEST(test_no_end),         TEST4(test_no_end),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
