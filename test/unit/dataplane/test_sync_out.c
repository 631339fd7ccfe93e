/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the peer is told of connections: which changes, which ends, what a full ring loses and a walk makes
 * good, and when a connection's traffic alone is worth telling.
 */
#include "sync_box.h"

#include "sl_addr.h"
#include "wire.h"

enum { MAX = 1000 };

static struct dp_sync_conn conns[MAX];

/* A packet of the client's (or of the server's, by NAT) of a spec's connection. */
static void
packet(const struct sync_spec *s, uint8_t flags, bool from_server)
{
	struct dp_sync_conn c = sync_conn(s);
	char src[SL_ADDR_STRLEN], dst[SL_ADDR_STRLEN];
	struct pipe_spec spec = {
		.src = sl_addr_format(from_server ? &c.real : &c.client, src),
		.dst = sl_addr_format(from_server ? &c.client : &c.vip, dst),
		.sport = from_server ? c.real_port : c.client_port,
		.dport = from_server ? c.client_port : c.vip_port,
		.proto = c.proto,
		.flags = flags,
		.from_lan = from_server,
	};

	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
}

/* ---- changes ---- */

static void
test_states(void **state)
{
	/* Packets in their order; what is told after each, if anything: a state. Upper bit: from the server. */
	enum { OUT = 0x80 };
	static const struct {
		const char *name;
		struct sync_spec spec;
		uint8_t packets[6], told[6];
	} rows[] = {
		{ "NAT: established by the client's ACK, FIN first by the server, last by the client",
		  { 0 },
		  { SYN, OUT | SYN | ACK, ACK, ACK, OUT | FIN | ACK, FIN | ACK },
		  { 0, 0, SL_STATE_ESTABLISHED, 0, SL_STATE_FIN_WAIT, SL_STATE_TIME_WAIT } },
		{ "NAT, IPv6: FIN by the client, reset by the server",
		  { .vip = "2001:db8:ff::1" },
		  { SYN, OUT | SYN | ACK, ACK, FIN | ACK, OUT | RST, 0 },
		  { 0, 0, SL_STATE_ESTABLISHED, SL_STATE_CLOSE_WAIT, SL_STATE_CLOSE, 0 } },
		{ "NAT: reset before it was established: never told",
		  { .client_port = 5 },
		  { SYN, OUT | RST | ACK, RST, 0, 0, 0 },
		  { 0 } },
		{ "DR: only the client is heard",
		  { .vip = "192.0.2.2", .fwd = SL_FWD_DR },
		  { SYN, ACK, ACK, FIN | ACK, ACK, RST },
		  { 0, SL_STATE_ESTABLISHED, 0, SL_STATE_FIN_WAIT, 0, SL_STATE_CLOSE } },
		{ "DR, IPv6, reset at once: never told",
		  { .vip = "2001:db8:ff::2", .fwd = SL_FWD_DR },
		  { SYN, RST, 0 },
		  { 0 } },
		{ "UDP: with the first packet",
		  { .proto = SL_PROTO_UDP },
		  { SYN, SYN, SYN, 0 },
		  { SL_STATE_UDP, 0 } },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sync_spec spec = rows[i].spec;
		char real[SL_ADDR_STRLEN];

		for (unsigned int n = 0; n < 6 && rows[i].packets[n] != 0; n++) {
			packet(&spec, rows[i].packets[n] & ~OUT, (rows[i].packets[n] & OUT) != 0);
			if (n == 0) /* servers take turns */
				spec.real =
					sl_addr_format(&dp_real_slots[sync_flow(0, &spec)->real].addr, real);
			spec.state = rows[i].told[n];
			spec.flags = DP_SYNC_NEW;
			sl_check_int(rows[i].name, sync_changes(conns, MAX), rows[i].told[n] != 0);
			if (rows[i].told[n] != 0)
				sl_check(rows[i].name, sync_is(&conns[0], &spec));
		}
		pipe_flows_end();
		(void)sync_changes(conns, MAX);
	}
}

static const struct sync_spec dr = { .vip = "192.0.2.2", .fwd = SL_FWD_DR };

static void
establish(const struct sync_spec *spec)
{
	packet(spec, SYN, false);
	packet(spec, ACK, false);
}

static struct sync_spec
told_as(const struct sync_spec *spec, uint8_t state, uint8_t flags)
{
	struct sync_spec s = *spec;

	s.state = state;
	s.flags = flags;
	return s;
}

/* What changed twice before anybody looked is told once, as it is now. */
static void
test_last_counts(void **state)
{
	struct sync_spec spec = told_as(&dr, SL_STATE_FIN_WAIT, DP_SYNC_NEW);

	establish(&dr);
	packet(&dr, FIN | ACK, false);
	assert_int_equal(sync_changes(conns, MAX), 1);
	assert_true(sync_is(&conns[0], &spec));
	assert_int_equal(conns[0].timeout_s, 120);
	assert_int_equal(sync_changes(conns, MAX), 0);
}

static void
expire(uint32_t ticks)
{
	for (unsigned int id = 0; id < dp_workers_count; id++) {
		dp_workers[id]->tick += ticks;
		dp_flow_sweep(dp_workers[id], dp_workers[id]->table.high);
	}
}

static void
test_ends(void **state)
{
	struct sync_spec closed = told_as(&dr, SL_STATE_CLOSE, DP_SYNC_NEW | DP_SYNC_ENDED);
	struct sync_spec established = told_as(&dr, SL_STATE_ESTABLISHED, DP_SYNC_NEW);
	struct sync_spec ended = told_as(&dr, SL_STATE_ESTABLISHED, DP_SYNC_NEW | DP_SYNC_ENDED);
	uint32_t real;

	/* Its port is used again: the old one ends, and half open the new one is not told. */
	establish(&dr);
	packet(&dr, RST, false);
	assert_int_equal(sync_changes(conns, MAX), 1);
	packet(&dr, SYN, false);
	assert_int_equal(sync_changes(conns, MAX), 1);
	assert_true(sync_is(&conns[0], &closed));
	packet(&dr, ACK, false);
	assert_int_equal(sync_changes(conns, MAX), 1);
	assert_true(sync_is(&conns[0], &established));
	/* Its server goes. */
	real = sync_flow(0, &dr)->real;
	real_generation_next(&dp_real_slots[real]);
	expire(0);
	assert_int_equal(sync_changes(conns, MAX), 1);
	assert_true(sync_is(&conns[0], &ended));
	/* Idle too long: the peer finds out by itself. */
	establish(&dr);
	assert_int_equal(sync_changes(conns, MAX), 1);
	expire(900 * 1000 / TICK_MS + 2);
	assert_int_equal(sync_counts_check("expired"), 0);
	assert_int_equal(sync_changes(conns, MAX), 0);
	/* Over before anybody told the peer of it: nothing. */
	establish(&dr);
	real_generation_next(&dp_real_slots[real]);
	expire(0);
	assert_int_equal(sync_changes(conns, MAX), 0);
}

/* In full NAT the local port is part of the connection, also when it has ended. */
static void
test_local(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .flags = DP_SYNC_NEW };
	const struct flow *flow;
	char text[SL_ADDR_STRLEN];

	packet(&spec, SYN, false);
	packet(&spec, ACK, false);
	assert_int_equal(sync_changes(conns, MAX), 1);
	flow = sync_flow(0, &spec);
	spec.local = sl_addr_format(local_addr(flow->local), text);
	spec.local_port = rte_be_to_cpu_16(local_port_be(flow->local));
	assert_true(sync_is(&conns[0], &spec));
	pipe_flows_end();
	assert_int_equal(sync_changes(conns, MAX), 1);
	spec.flags |= DP_SYNC_ENDED;
	assert_true(sync_is(&conns[0], &spec));
}

/* A ring that nobody reads loses its oldest content, all of which is counted; a walk finds the rest. */
static void
test_overwritten(void **state)
{
	enum { FLOWS = SYNC_BOX_QUEUE + 100 };
	struct dp_sync_cursor cursor = { 0 };
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP };
	uint64_t lost = 0;
	bool round, heard[FLOWS] = { false };

	for (uint16_t n = 0; n < FLOWS; n++) {
		spec.client_port = 1000 + n;
		packet(&spec, 0, false);
	}
	assert_int_equal(dp_sync_changes(0, conns, MAX, &lost), SYNC_BOX_QUEUE - 1);
	assert_int_equal(lost, FLOWS - (SYNC_BOX_QUEUE - 1));
	assert_int_equal(conns[SYNC_BOX_QUEUE - 2].client_port, 1000 + FLOWS - 1);
	/* Those and no others are missing. */
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), lost);
	assert_true(round);
	for (size_t i = 0; i < lost; i++)
		assert_int_equal(conns[i].client_port, 1000 + i);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 0);
	/* A bulk has all. */
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, conns, MAX, 100000), FLOWS);
	assert_true(cursor.done);
	/* Ends are lost in the same way, and those that are missing are told by the next round. */
	pipe_flows_end();
	lost = 0;
	assert_int_equal(dp_sync_changes(0, conns, MAX, &lost), SYNC_BOX_QUEUE - 1);
	assert_int_equal(lost, FLOWS - (SYNC_BOX_QUEUE - 1));
	assert_int_equal(
		dp_sync_refresh(0, 0, conns + SYNC_BOX_QUEUE - 1, MAX - (SYNC_BOX_QUEUE - 1), 100000, &round),
		lost);
	for (unsigned int n = 0; n < FLOWS; n++) {
		assert_int_equal(conns[n].flags, DP_SYNC_NEW | DP_SYNC_ENDED);
		heard[conns[n].client_port - 1000] = true;
	}
	for (unsigned int n = 0; n < FLOWS; n++)
		assert_true(heard[n]);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 0);
}

/* Overwrites all words that there are, and is not told. */
static void
words_lose(void)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP };
	uint64_t lost = 0;

	for (uint16_t n = 0; n < SYNC_BOX_QUEUE + 8; n++) {
		struct flow *flow;

		spec.client_port = 20000 + n;
		packet(&spec, 0, false);
		flow = sync_flow(0, &spec);
		/* Its own end has no word. */
		dp_flow_forget(dp_workers[0], flow);
	}
	while (dp_sync_changes(0, conns, MAX, &lost) != 0)
		;
	assert_true(lost > 0);
}

/* A connection that was told, and whose end was overwritten. Returns its entry. */
static struct flow *
end_lose(void)
{
	struct flow *flow;

	establish(&dr);
	assert_int_equal(sync_changes(conns, MAX), 1);
	flow = sync_flow(0, &dr);
	dp_flow_end(dp_workers[0], flow);
	words_lose();
	return flow;
}

/*
 * The end's word was overwritten. The entry's next connection shows it: first the end, then that one,
 * also where there is room for one at a time.
 */
static void
test_end_made_good(void **state)
{
	for (size_t room = 1; room <= 3; room++) {
		struct sync_spec ended = told_as(&dr, SL_STATE_ESTABLISHED, DP_SYNC_NEW | DP_SYNC_ENDED);
		struct sync_spec next = told_as(&dr, SL_STATE_ESTABLISHED, DP_SYNC_NEW);
		struct flow *flow;
		bool round;

		flow = end_lose();
		next.client_port = 7;
		establish(&next);
		assert_ptr_equal(sync_flow(0, &next), flow);
		assert_int_equal(sync_changes(conns, room), RTE_MIN(room, (size_t)2));
		if (room == 1)
			assert_int_equal(sync_changes(conns + 1, room), 1);
		assert_true(sync_is(&conns[0], &ended));
		assert_true(sync_is(&conns[1], &next));
		assert_int_equal(sync_changes(conns, MAX), 0);
		/* The losses are made good: a connection that expires is the peer's own business again. */
		assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 0);
		assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 0);
		dp_flow_forget(dp_workers[0], flow);
		establish(&dr);
		assert_ptr_equal(sync_flow(0, &dr), flow);
		assert_int_equal(sync_changes(conns, MAX), 1);
		assert_int_equal(conns[0].flags, DP_SYNC_NEW);
		pipe_flows_end();
		(void)sync_changes(conns, MAX);
	}
}

/* The same, but the key is in use again, in the same entry or another one: an end would take that one away. */
static void
test_end_overtaken(void **state)
{
	for (unsigned int other = 0; other < 2; other++) {
		struct sync_spec between = told_as(&dr, SL_STATE_ESTABLISHED, DP_SYNC_NEW);
		struct flow *flow;
		bool round;

		flow = end_lose();
		between.client_port = 7;
		if (other)
			packet(&between, SYN, false);
		establish(&dr);
		assert_int_equal(sync_flow(0, &dr) == flow, !other);
		assert_int_equal(sync_changes(conns, MAX), 1);
		assert_int_equal(conns[0].flags, DP_SYNC_NEW);
		if (other)
			packet(&between, ACK, false);
		assert_int_equal(sync_changes(conns, MAX), other);
		assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 0);
		/* One that is half open does not count: the peer does not have it. */
		flow = sync_flow(0, &dr);
		dp_flow_end(dp_workers[0], flow);
		words_lose();
		packet(&dr, SYN, false);
		assert_int_equal(sync_changes(conns, MAX), 0);
		assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 1);
		assert_int_equal(conns[0].flags, DP_SYNC_NEW | DP_SYNC_ENDED);
		assert_int_equal(conns[0].client_port, sync_conn(&dr).client_port);
		pipe_flows_end();
		(void)sync_changes(conns, MAX);
	}
}

/* Both words were overwritten: a walk tells the end, and what is in the entry now. */
static void
test_end_walked(void **state)
{
	struct sync_spec ended = told_as(&dr, SL_STATE_ESTABLISHED, DP_SYNC_NEW | DP_SYNC_ENDED);
	struct sync_spec next = told_as(&dr, SL_STATE_ESTABLISHED, 0);
	struct flow *flow;

	for (size_t room = 1; room <= 2; room++) {
		size_t found = 0;
		bool round = false;

		establish(&dr);
		assert_int_equal(sync_changes(conns, MAX), 1);
		flow = sync_flow(0, &dr);
		dp_flow_end(dp_workers[0], flow);
		next.client_port = 7;
		establish(&next);
		assert_ptr_equal(sync_flow(0, &next), flow);
		words_lose();
		while (!round)
			found += dp_sync_refresh(0, 0, conns + found, room, 100000, &round);
		assert_int_equal(found, 2);
		assert_true(sync_is(&conns[0], &ended));
		assert_true(sync_is(&conns[1], &next));
		pipe_flows_end();
		(void)sync_changes(conns, MAX);
		while (dp_sync_refresh(0, 0, conns, MAX, 100000, &round) != 0)
			;
	}
}

/* `seq` comes again after 64 connections of an entry: another key is another connection all the same. */
static void
test_seq_again(void **state)
{
	static const struct sync_spec others[] = {
		{ .vip = "192.0.2.2", .fwd = SL_FWD_DR, .flags = DP_SYNC_NEW, .client_port = 7 },
		{ .vip = "192.0.2.2", .fwd = SL_FWD_DR, .flags = DP_SYNC_NEW, .client = "203.0.113.6" },
	};
	struct dp_sync_worker *s = dp_workers[0]->sync;

	for (size_t i = 0; i < SL_COUNT(others); i++) {
		struct flow *flow;
		uint8_t seq;

		establish(&dr);
		assert_int_equal(sync_changes(conns, MAX), 1);
		flow = sync_flow(0, &dr);
		seq = flow->seq;
		dp_flow_forget(dp_workers[0], flow);
		establish(&others[i]);
		assert_ptr_equal(sync_flow(0, &others[i]), flow);
		flow->seq = seq;
		s->change[s->tail & s->change_mask] = sync_word_of(dp_workers[0], flow);
		assert_int_equal(sync_changes(conns, MAX), 1);
		assert_true(sync_is(&conns[0], &others[i]));
		pipe_flows_end();
		(void)sync_changes(conns, MAX);
	}
}

/* The same when both words are lost, and a round comes by. */
static void
test_seq_walked(void **state)
{
	struct sync_spec next = told_as(&dr, SL_STATE_ESTABLISHED, 0);
	struct flow *flow;
	uint8_t seq;
	bool round;

	establish(&dr);
	assert_int_equal(sync_changes(conns, MAX), 1);
	flow = sync_flow(0, &dr);
	seq = flow->seq;
	dp_flow_end(dp_workers[0], flow);
	next.client_port = 7;
	establish(&next);
	assert_ptr_equal(sync_flow(0, &next), flow);
	flow->seq = seq;
	words_lose();
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 2);
	assert_int_equal(conns[0].flags, DP_SYNC_NEW | DP_SYNC_ENDED);
	assert_true(sync_is(&conns[1], &next));
}

/* What has expired here has expired at the peer: a loss brings no news of it, neither in a round nor with what comes next. */
static void
test_expired_is_over(void **state)
{
	enum { FLOWS = 200 };
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP };
	bool round;

	for (uint16_t n = 0; n < FLOWS; n++) {
		spec.client_port = 1000 + n;
		packet(&spec, 0, false);
	}
	assert_int_equal(sync_changes(conns, MAX), FLOWS);
	expire(300 * 1000 / TICK_MS + 2);
	assert_int_equal(sync_counts_check("expired"), 0);
	words_lose();
	establish(&dr);
	assert_int_equal(sync_changes(conns, MAX), 1);
	assert_int_equal(conns[0].flags, DP_SYNC_NEW);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 0);
}

/* A connection of the peer's in an entry whose own one expired: told also while words wait, though it has none itself. */
static void
test_foreign_walked(void **state)
{
	struct sync_spec other = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .client_port = 7 };
	struct sync_spec third = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .client_port = 9 };
	struct dp_sync_cursor cursor = { 0 };
	struct flow *flow;
	bool round;

	establish(&dr);
	assert_int_equal(sync_changes(conns, MAX), 1);
	flow = sync_flow(0, &dr);
	expire(900 * 1000 / TICK_MS + 2);
	sync_put_taken(&other);
	assert_ptr_equal(sync_flow(0, &other), flow);
	establish(&third);
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, conns, MAX, 100000), 2);
	assert_int_equal(conns[0].client_port, 7);
	/* ... and when it is this box's. */
	packet(&other, ACK, false);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100000, &round), 1);
	assert_int_equal(conns[0].client_port, 7);
}

/* As many as are asked for, the rest later. */
static void
test_max(void **state)
{
	struct sync_spec spec = { .vip = "2001:db8:ff::2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP };
	struct dp_sync_cursor cursor = { 0 };
	size_t found = 0;

	for (uint16_t n = 0; n < 100; n++) {
		spec.client_port = 1000 + n;
		packet(&spec, 0, false);
	}
	for (unsigned int n = 0; n < 10; n++) {
		assert_int_equal(sync_changes(conns, 10), 10);
		assert_int_equal(conns[9].client_port, 1000 + 10 * n + 9);
	}
	assert_int_equal(sync_changes(conns, 10), 0);
	for (unsigned int step = 0; !cursor.done; step++) {
		size_t now = dp_sync_walk(0, &cursor, UINT32_MAX, conns + found, 10, 7);

		assert_true(now <= 7);
		found += now;
		assert_true(step <= 15);
	}
	assert_int_equal(found, 100);
	for (uint16_t n = 0; n < 100; n++)
		assert_int_equal(conns[n].client_port, 1000 + n);
}

/* Several threads: each worker's changes go to one of them. */
static void
test_threads(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP };
	uint64_t lost = 0;

	dp_sync_close(0);
	dp_sync_fini();
	assert_int_equal(dp_sync_init(0, 64), -EINVAL);
	assert_int_equal(dp_sync_init(DP_SYNC_THREADS_MAX + 1, 64), -EINVAL);
	assert_int_equal(dp_sync_init(3, 64), 0);
	for (unsigned int t = 0; t < 3; t++)
		assert_int_equal(dp_sync_open(t), 0);
	for (unsigned int worker = 0; worker < 2; worker++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		struct pipe_spec packet_spec = { .dst = "192.0.2.2",
						 .sport = (uint16_t)(1000 + worker),
						 .proto = SL_PROTO_UDP };
		struct rte_mbuf *m = pipe_mbuf(bytes, pipe_build(&packet_spec, bytes), NULL);

		pipe_burst(worker, WAN, &m, 1);
	}
	for (unsigned int t = 0; t < 3; t++) {
		bool round;

		spec.client_port = 1000 + t;
		spec.flags = DP_SYNC_NEW;
		assert_int_equal(dp_sync_changes(t, conns, MAX, &lost), t < 2);
		if (t < 2)
			assert_true(sync_is(&conns[0], &spec));
		assert_int_equal(dp_sync_refresh(t, 0, conns, MAX, 100, &round), 0);
		assert_true(round);
		dp_sync_close(t);
	}
}

/* ---- refreshes ---- */

static void
test_refresh(void **state)
{
	/* ESTABLISHED lasts 900 s: worth telling when the end has moved by 450, or by what is asked for. */
	static const struct {
		const char *name;
		uint32_t refresh_ms;
		uint32_t packet_s; /* when the last packet came, since the connection was told */
		bool told;
	} rows[] = {
		{ "nothing came", 0, 0, false },
		{ "half of the timeout is not over", 0, 449, false },
		{ "half of the timeout", 0, 450, true },
		{ "more", 0, 600, true },
		{ "sooner, as asked for", 20000, 20, true },
		{ "sooner, but not yet", 20000, 19, false },
		{ "the asked for is later: half of the timeout", 1000000, 449, false },
		{ "the same, reached", 1000000, 450, true },
		{ "a millisecond asked for: any packet", 1, 1, true },
		{ "a millisecond asked for, but no packet", 1, 0, false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sync_spec spec = told_as(&dr, SL_STATE_ESTABLISHED, 0);
		bool round;

		establish(&dr);
		assert_int_equal(sync_changes(conns, MAX), 1);
		dp_workers[0]->tick += rows[i].packet_s * 1000 / TICK_MS;
		if (rows[i].packet_s != 0)
			packet(&dr, ACK, false);
		dp_workers[0]->tick += 2000 / TICK_MS;
		spec.idle_s = 2;
		sl_check_int(rows[i].name, dp_sync_refresh(0, rows[i].refresh_ms, conns, MAX, 100, &round),
			     rows[i].told);
		sl_check(rows[i].name, !rows[i].told || sync_is(&conns[0], &spec));
		/* Once. */
		sl_check_int(rows[i].name, dp_sync_refresh(0, rows[i].refresh_ms, conns, MAX, 100, &round),
			     0);
		pipe_flows_end();
		(void)sync_changes(conns, MAX);
	}
}

/* In a state of ten seconds, ten seconds count, not five; a bulk counts as told. */
static void
test_refresh_short(void **state)
{
	struct dp_sync_cursor cursor = { 0 };
	bool round;

	establish(&dr);
	packet(&dr, RST, false);
	assert_int_equal(sync_changes(conns, MAX), 1);
	dp_workers[0]->tick += 9000 / TICK_MS;
	packet(&dr, RST, false);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100, &round), 0);
	dp_workers[0]->tick += 9000 / TICK_MS;
	packet(&dr, RST, false);
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, conns, MAX, 100), 1);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100, &round), 0);
	dp_workers[0]->tick += 9000 / TICK_MS;
	packet(&dr, RST, false);
	dp_workers[0]->tick += 2000 / TICK_MS;
	packet(&dr, RST, false);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100, &round), 1);
}

/* A walk over what had a packet lately, and never over half open or expired ones. */
static void
test_walk_seen(void **state)
{
	struct sync_spec other = { .vip = "192.0.2.2", .fwd = SL_FWD_DR, .client_port = 7 };
	struct dp_sync_cursor cursor = { 0 };

	establish(&dr);
	dp_workers[0]->tick += 60000 / TICK_MS;
	establish(&other);
	other.client_port = 8;
	packet(&other, SYN, false);
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, conns, MAX, 100), 2);
	cursor = (struct dp_sync_cursor){ 0 };
	assert_int_equal(dp_sync_walk(0, &cursor, 60, conns, MAX, 100), 1);
	assert_int_equal(conns[0].client_port, 7);
	cursor = (struct dp_sync_cursor){ 0 };
	assert_int_equal(dp_sync_walk(0, &cursor, 61, conns, MAX, 100), 2);
	dp_workers[0]->tick += 840 * 1000 / TICK_MS;
	cursor = (struct dp_sync_cursor){ 0 };
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, conns, MAX, 100), 1);
}

/* Without sync workers note nothing; what comes later finds flows from before by walking. */
static void
test_begun_later(void **state)
{
	struct sync_spec spec = told_as(&dr, SL_STATE_ESTABLISHED, 0);
	bool round;

	dp_sync_close(0);
	dp_sync_fini();
	establish(&dr);
	assert_int_equal(dp_sync_init(1, 64), 0);
	assert_int_equal(dp_sync_open(0), 0);
	assert_int_equal(sync_changes(conns, MAX), 0);
	assert_int_equal(dp_sync_refresh(0, 0, conns, MAX, 100, &round), 1);
	assert_true(sync_is(&conns[0], &spec));
	/* From now on it is known: its end is told. */
	pipe_flows_end();
	assert_int_equal(sync_changes(conns, MAX), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, sync_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_states),
		TEST(test_last_counts),
		TEST(test_ends),
		TEST(test_local),
		TEST(test_overwritten),
		TEST(test_end_made_good),
		TEST(test_end_overtaken),
		TEST(test_end_walked),
		TEST(test_seq_again),
		TEST(test_seq_walked),
		TEST(test_expired_is_over),
		TEST(test_foreign_walked),
		TEST(test_max),
		cmocka_unit_test_setup_teardown(test_threads, sync_setup2, pipe_teardown),
		TEST(test_refresh),
		TEST(test_refresh_short),
		TEST(test_walk_seen),
		TEST(test_begun_later),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
