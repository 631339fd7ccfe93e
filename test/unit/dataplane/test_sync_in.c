/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of the peer, put into the table of one worker: in every mode the next packet goes on as
 * if the connection had begun here; what is there already is brought up to date, replaced or left; what
 * cannot be taken ends in a result or a counter.
 */
#include "limit.h"
#include "local_book.h"
#include "sync_box.h"

#include <sluice/dp_ha.h>

#include "sl_addr.h"
#include "wire.h"

#include <stdio.h>

static struct dp_sync_put_stats
stats(void)
{
	struct dp_sync_put_stats s;

	dp_sync_put_stats(&s);
	return s;
}

/* What becomes of a packet of the client's. */
static int
client_sends(const struct sync_spec *s, uint8_t flags)
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

	return pipe_spec_one(&spec);
}

/* Does the frame that was sent go to the server by full NAT, from the local address and port? */
static bool
sent_from(const struct dp_sync_conn *c)
{
	const uint8_t *ip = pipe_box.sent[0].bytes + ETH_LEN;
	bool v6 = ip[0] >> 4 == 6;
	const uint8_t *l4 = ip + (v6 ? IP6_LEN : IP4_LEN);
	struct sl_addr src = v6 ? sl_addr_from_v6(ip + IP6_SRC_AT) : sl_addr_from_v4(load32(ip + IP4_SRC_AT));

	return sl_addr_eq(&src, &c->local) && load16(l4) == rte_cpu_to_be_16(c->local_port);
}

static const struct {
	const char *name;
	struct sync_spec spec;
	uint8_t flags; /* of the flow */
} modes[] = {
	{ "NAT, the second server", { .real = "10.0.0.12" }, SL_FWD_NAT },
	{ "NAT, IPv6", { .vip = "2001:db8:ff::1", .real = "2001:db8:2::12" }, SL_FWD_NAT | FLOW_V6 },
	{ "NAT, UDP", { .proto = SL_PROTO_UDP, .real = "10.0.0.12" }, SL_FWD_NAT },
	{ "DR", { .vip = "192.0.2.2", .fwd = SL_FWD_DR }, SL_FWD_DR | FLOW_IN_ONLY },
	{ "DR, IPv6, UDP",
	  { .vip = "2001:db8:ff::2", .fwd = SL_FWD_DR, .proto = SL_PROTO_UDP },
	  SL_FWD_DR | FLOW_IN_ONLY | FLOW_V6 },
	{ "tunnel", { .vip = "192.0.2.7", .fwd = SL_FWD_TUN }, SL_FWD_TUN | FLOW_IN_ONLY },
	{ "the server's method holds, not the peer's",
	  { .vip = "192.0.2.2", .fwd = SL_FWD_TUN, .client_port = 7 },
	  SL_FWD_DR | FLOW_IN_ONLY },
	{ "full NAT",
	  { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.201", .local_port = 5555 },
	  SL_FWD_FNAT },
	{ "full NAT, the first port there is",
	  { .vip = "192.0.2.3",
	    .fwd = SL_FWD_FNAT,
	    .local = "10.0.0.200",
	    .local_port = 1024,
	    .client_port = 9 },
	  SL_FWD_FNAT },
	{ "full NAT, the last port there is",
	  { .vip = "192.0.2.3",
	    .fwd = SL_FWD_FNAT,
	    .local = "10.0.0.200",
	    .local_port = 65535,
	    .client_port = 10 },
	  SL_FWD_FNAT },
	{ "full NAT, UDP",
	  { .vip = "192.0.2.3",
	    .fwd = SL_FWD_FNAT,
	    .local = "10.0.0.201",
	    .local_port = 5555,
	    .proto = SL_PROTO_UDP },
	  SL_FWD_FNAT },
	{ "full NAT, IPv6",
	  { .vip = "2001:db8:ff::3", .fwd = SL_FWD_FNAT, .local = "2001:db8:2::200", .local_port = 5555 },
	  SL_FWD_FNAT | FLOW_V6 },
	{ "NAT64",
	  { .vip = "2001:db8:ff::4",
	    .fwd = SL_FWD_FNAT,
	    .real = "10.0.0.11",
	    .local = "10.0.0.201",
	    .local_port = 6666 },
	  SL_FWD_FNAT | FLOW_V6 | FLOW_NAT64 },
	{ "the server is still to be told the client's address",
	  { .vip = "192.0.2.3",
	    .vip_port = 81,
	    .fwd = SL_FWD_FNAT,
	    .local = "10.0.0.201",
	    .local_port = 7777,
	    .flags = DP_SYNC_TOA },
	  SL_FWD_FNAT | FLOW_TOA },
	{ "it is told",
	  { .vip = "192.0.2.3",
	    .vip_port = 81,
	    .fwd = SL_FWD_FNAT,
	    .local = "10.0.0.201",
	    .local_port = 7778,
	    .client_port = 11 },
	  SL_FWD_FNAT },
};

static void
test_modes(void **state)
{
	pipe_serve("192.0.2.7", 80, SL_PROTO_TCP, SL_FWD_TUN, "10.0.0.11", NULL, 0);
	for (size_t i = 0; i < SL_COUNT(modes); i++) {
		const struct sync_spec *spec = &modes[i].spec;
		struct dp_sync_conn c = sync_conn(spec);
		const struct flow *flow;

		sync_put_taken(spec);
		flow = sync_flow(0, spec);
		sl_check(modes[i].name, flow != NULL);
		if (flow == NULL)
			continue;
		sl_check_int(modes[i].name, flow->flags, modes[i].flags);
		sl_check_int(modes[i].name, flow->state, c.state);
		sl_check(modes[i].name, (flow->generation & FLOW_FOREIGN) != 0);
		sl_check_int(modes[i].name, client_sends(spec, ACK), PIPE_SENT);
		sl_check(modes[i].name, (flow->generation & FLOW_FOREIGN) == 0);
		sl_check(modes[i].name, sl_addr_eq(&dp_real_slots[flow->real].addr, &c.real));
		if (c.fwd == SL_FWD_FNAT && c.local_port != 0) {
			uint8_t bytes[PIPE_FRAME_MAX];
			unsigned int len = fnat_answer(pipe_box.sent[0].bytes, pipe_box.sent[0].len, bytes);

			sl_check(modes[i].name, sent_from(&c));
			sl_check_int(modes[i].name, pipe_one(LAN, bytes, len, NULL), PIPE_SENT);
			sl_check_int(modes[i].name, pipe_box.sent[0].port, WAN);
		}
		/* Of what the peer put nothing is told back. */
		sl_check_int(modes[i].name, sync_changes(&c, 1), 0);
	}
	assert_int_equal(sync_counts_check("all"), SL_COUNT(modes));
	assert_int_equal(stats().inserted, SL_COUNT(modes));
	pipe_flows_end();
	for (uint32_t index = 1; index <= 3; index++)
		assert_int_equal(dp_local_used(index, SL_PROTO_TCP) + dp_local_used(index, SL_PROTO_UDP), 0);
}

/* A server's reply may be the first packet here: by NAT it finds the connection. */
static void
test_reply_first(void **state)
{
	struct sync_spec spec = { .real = "10.0.0.12" };
	struct pipe_spec reply = { .src = "10.0.0.12",
				   .dst = "203.0.113.5",
				   .sport = 8080,
				   .dport = 40000,
				   .flags = ACK,
				   .from_lan = true };

	sync_put_taken(&spec);
	assert_int_equal(pipe_spec_one(&reply), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].port, WAN);
	assert_int_equal(sync_flow(0, &spec)->generation & FLOW_FOREIGN, 0);
}

/* By full NAT too; but where the client's packets will come in is still not known. */
static void
test_reply_first_fnat(void **state)
{
	struct sync_spec spec = {
		.vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200", .local_port = 2000
	};
	struct pipe_spec reply = { .src = "10.0.0.11",
				   .dst = "10.0.0.200",
				   .sport = 8080,
				   .dport = 2000,
				   .flags = ACK,
				   .from_lan = true };

	sync_put_taken(&spec);
	assert_int_equal(pipe_spec_one(&reply), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].port, WAN);
	assert_int_not_equal(sync_flow(0, &spec)->generation & FLOW_FOREIGN, 0);
}

static void
test_results(void **state)
{
	static const struct {
		const char *name;
		struct sync_spec spec;
		enum dp_sync_result result;
	} rows[] = {
		{ "no such service", { .vip_port = 99 }, DP_SYNC_UNKNOWN },
		{ "no such address", { .vip = "192.0.2.99" }, DP_SYNC_UNKNOWN },
		{ "no such server", { .real = "10.0.0.77" }, DP_SYNC_UNKNOWN },
		{ "no such port of the server", { .real_port = 81 }, DP_SYNC_UNKNOWN },
		{ "a service without servers", { .vip_port = 81 }, DP_SYNC_UNKNOWN },
		{ "no such protocol", { .proto = 132 }, DP_SYNC_BAD },
		{ "no such method", { .fwd = SL_FWD_MAX }, DP_SYNC_BAD },
		{ "no such state", { .state = SL_STATE_MAX }, DP_SYNC_BAD },
		{ "a state beyond all", { .state = 255 }, DP_SYNC_BAD },
		{ "UDP's state in TCP", { .state = SL_STATE_UDP }, DP_SYNC_BAD },
		{ "TCP's state in UDP",
		  { .state = SL_STATE_ESTABLISHED, .proto = SL_PROTO_UDP },
		  DP_SYNC_BAD },
		{ "nobody can be this client", { .client = "224.0.0.1" }, DP_SYNC_BAD },
		{ "nor this one", { .client = "127.0.0.1" }, DP_SYNC_BAD },
		{ "nor this one", { .client = "::", .vip = "2001:db8:ff::1" }, DP_SYNC_BAD },
		{ "nor this one", { .client = "ff02::1", .vip = "2001:db8:ff::1" }, DP_SYNC_BAD },
		{ "families differ", { .client = "2001:db8:9::5" }, DP_SYNC_BAD },
		{ "no server", { .real = "::" }, DP_SYNC_BAD },
		{ "full NAT without its local port",
		  { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200" },
		  DP_SYNC_BAD },
		{ "full NAT without its local address",
		  { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local_port = 5000 },
		  DP_SYNC_BAD },
		{ "full NAT from another family",
		  { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "2001:db8:2::200", .local_port = 5000 },
		  DP_SYNC_BAD },
		{ "full NAT's server, but not the peer's full NAT",
		  { .vip = "192.0.2.3", .fwd = SL_FWD_NAT },
		  DP_SYNC_BAD },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		sl_check_int(rows[i].name, sync_put(&rows[i].spec), rows[i].result);
		sync_take_all();
	}
	assert_int_equal(sync_counts_check("none"), 0);
}

/* ---- what goes wrong later ---- */

static void
test_conflict(void **state)
{
	struct sync_spec spec = {
		.vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200", .local_port = 5000
	};
	struct sync_spec other = spec;

	sync_put_taken(&spec);
	other.client_port = 7;
	sync_put_taken(&other);
	assert_int_equal(stats().conflict, 1);
	other.local = "10.0.0.203"; /* not ours */
	sync_put_taken(&other);
	assert_int_equal(stats().conflict, 2);
	other.local = "10.0.0.200";
	other.local_port = 1023; /* nobody's */
	sync_put_taken(&other);
	assert_int_equal(stats().conflict, 3);
	assert_int_equal(sync_counts_check("one"), 1);
	/* A connection that begins here gets no port that a put one has. */
	for (unsigned int n = 0; n < 200; n++) {
		other.client_port = (uint16_t)(100 + n);
		assert_int_equal(client_sends(&other, SYN), PIPE_SENT);
		assert_true(sync_flow(0, &other)->local != sync_flow(0, &spec)->local);
	}
	assert_int_equal(dp_local_used(1, SL_PROTO_TCP) + dp_local_used(2, SL_PROTO_TCP), 201);
	pipe_flows_end();
	assert_int_equal(dp_local_used(1, SL_PROTO_TCP) + dp_local_used(2, SL_PROTO_TCP), 0);
}

/* Ports taken out of their queue in any order, and given back, are all there again and given out once. */
static void
test_ports(void **state)
{
	enum { PUTS = 1500 };
	struct sync_spec spec = { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200" };
	struct sl_addr real = sync_conn(&spec).real;
	uint32_t expected = 0, taken = 0;
	uint64_t x = 5;

	for (unsigned int n = 0; n < PUTS; n++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		spec.client_port = (uint16_t)(1 + n);
		spec.local_port = (uint16_t)(1024 + (x >> 40) % 3000);
		sync_put_taken(&spec);
		expected += sync_flow(0, &spec) != NULL;
		if (n % 3 == 0 && sync_flow(0, &spec) != NULL) {
			dp_flow_end(dp_workers[0], sync_flow(0, &spec));
			expected--;
		}
	}
	assert_true(expected > PUTS / 3 && stats().conflict > 50);
	assert_int_equal(dp_local_used(1, SL_PROTO_TCP), expected);
	pipe_flows_end();
	assert_int_equal(dp_local_used(1, SL_PROTO_TCP), 0);
	/* What is left of both addresses is given out, each port once, and no more. */
	dp_workers[0]->snapshot = atomic_load(&dp_snapshot_current);
	for (uint32_t n = 0; n < 40000; n++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		spec.local_port = (uint16_t)(1024 + (x >> 40) % 60000);
		taken += dp_local_take_this(dp_workers[0], local_make(1, rte_cpu_to_be_16(spec.local_port)),
					    SL_PROTO_UDP);
		dp_local_bind(dp_workers[0], local_make(1, rte_cpu_to_be_16(spec.local_port)), SL_PROTO_UDP,
			      1);
	}
	for (uint32_t local; (local = dp_local_take(dp_workers[0], local_group_slot("snat"), SL_PROTO_UDP,
						    &real, RTE_BE16(8080))) != 0;
	     taken++) {
		assert_int_equal(atomic_load(local_slot(local, SL_PROTO_UDP)), 0);
		dp_local_bind(dp_workers[0], local, SL_PROTO_UDP, 1);
	}
	assert_int_equal(taken, 2 * LOCAL_PORTS);
	/* Every port can be had, once. */
	for (uint32_t port = LOCAL_PORT_FIRST; port < 65536; port++) {
		uint32_t local = local_make(1, rte_cpu_to_be_16((uint16_t)port));

		assert_true(dp_local_take_this(dp_workers[0], local, SL_PROTO_TCP));
		dp_local_bind(dp_workers[0], local, SL_PROTO_TCP, 1);
		assert_false(dp_local_take_this(dp_workers[0], local, SL_PROTO_TCP));
	}
	assert_int_equal(dp_local_used(1, SL_PROTO_TCP), LOCAL_PORTS);
}

/* A ring that its worker does not empty is full: the thread hears of it. */
static void
test_busy(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR };
	uint16_t taken = 0;

	for (;; taken++) {
		enum dp_sync_result result;

		spec.client_port = (uint16_t)(1000 + taken);
		result = sync_put(&spec);
		if (result == DP_SYNC_BUSY)
			break;
		assert_int_equal(result, DP_SYNC_TAKEN);
		assert_true(taken < 5000);
	}
	assert_int_equal(stats().waiting, taken);
	/* A turn takes a part, so that packets are not kept waiting. */
	dp_workers[0]->snapshot = atomic_load(&dp_snapshot_current);
	assert_int_equal(dp_sync_serve(dp_workers[0], 2 * BURST_MAX), 2);
	assert_int_equal(dp_sync_serve(dp_workers[0], BURST_MAX / 2), 1);
	assert_int_equal(dp_sync_serve(dp_workers[0], 1), 32);
	assert_int_equal(sync_put(&spec), DP_SYNC_TAKEN);
	sync_take_all();
	assert_int_equal(stats().waiting, 0);
	assert_int_equal(sync_counts_check("all"), taken + 1u);
	assert_int_equal(dp_sync_serve(dp_workers[0], 0), 0);
}

static void
test_table_full(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200" };

	dp_workers[0]->table.capacity = 5;
	for (uint16_t n = 0; n < 8; n++) {
		spec.client_port = 1000 + n;
		spec.local_port = 2000 + n;
		sync_put_taken(&spec);
	}
	assert_int_equal(stats().table_full, 3);
	assert_int_equal(stats().inserted, 5);
	assert_int_equal(sync_counts_check("full"), 5);
	assert_int_equal(dp_local_used(1, SL_PROTO_TCP), 5);
}

/* Its server goes while it waits. */
static void
test_server_goes(void **state)
{
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR };

	assert_int_equal(sync_put(&spec), DP_SYNC_TAKEN);
	pipe_serve_reals("192.0.2.2", 80, SL_PROTO_TCP, "rr", NULL, 0);
	sync_take_all();
	assert_int_equal(stats().lost, 1);
	assert_int_equal(sync_counts_check("none"), 0);
}

/* A server that is out keeps what it has, and gets what the peer has of it; of many servers each is found. */
static void
test_servers(void **state)
{
	enum { SERVERS = 200 };
	static struct dp_real reals[SERVERS];
	struct sync_spec spec = { .vip = "192.0.2.8", .fwd = SL_FWD_DR };
	char text[SL_ADDR_STRLEN];

	for (uint32_t i = 0; i < SERVERS; i++)
		reals[i] = (struct dp_real){ .addr = sl_addr_from_v4(rte_cpu_to_be_32(0x0a000014 + i)),
					     .fwd = SL_FWD_DR,
					     .weight = 1,
					     .out = i % 3 == 0 };
	for (uint32_t count = 1; count <= SERVERS; count += count < 20 ? 1 : 60) {
		pipe_serve_reals("192.0.2.8", 80, SL_PROTO_TCP, "rr", reals, count);
		for (uint32_t i = 0; i < SERVERS; i++) {
			spec.client_port = (uint16_t)(1000 + i);
			spec.real = sl_addr_format(&reals[i].addr, text);
			assert_int_equal(sync_put(&spec), i < count ? DP_SYNC_TAKEN : DP_SYNC_UNKNOWN);
			sync_take_all();
			if (i < count)
				assert_int_equal(sync_flow(0, &spec)->real, reals[i].ret_slot);
		}
		pipe_flows_end();
	}
}

/* Limits count the peer's connections, but refuse none of them. */
static void
test_limit(void **state)
{
	struct dp_real real = { .weight = 1, .upper = 3, .fwd = SL_FWD_DR };
	struct sync_spec spec = { .vip = "192.0.2.8", .fwd = SL_FWD_DR };

	assert_int_equal(sl_addr_parse("10.0.0.11", &real.addr), 0);
	pipe_serve_reals("192.0.2.8", 80, SL_PROTO_TCP, "rr", &real, 1);
	for (uint16_t n = 0; n < 5; n++) {
		spec.client_port = 1000 + n;
		sync_put_taken(&spec);
		assert_int_equal((uint32_t)atomic_load(&dp_limits[real.ret_slot].word), n + 1);
		assert_int_equal(limit_is_full(real.ret_slot), n >= 2);
	}
	spec.client_port = 7;
	assert_int_equal(client_sends(&spec, SYN), SL_DROP_NO_SERVER);
	pipe_flows_end();
	assert_int_equal((uint32_t)atomic_load(&dp_limits[real.ret_slot].word), 0);
	assert_int_equal(client_sends(&spec, SYN), PIPE_SENT);
}

/* ---- what is there already ---- */

static void
test_updates(void **state)
{
	enum { NONE, PUT, HERE }; /* how the flow came about */
	enum { STAYS, UPDATED, REPLACED, REMOVED };
	static const struct {
		const char *name;
		uint8_t was, state; /* of the flow */
		uint32_t idle_s;    /* since the flow's last packet (here, or as the peer said) */
		const char *real;   /* the message's; the flow's is .11 */
		uint8_t put_state, put_flags;
		uint32_t put_idle_s;
		uint8_t becomes;
	} rows[] = {
		{ "the peer goes on", PUT, SL_STATE_ESTABLISHED, 100, "10.0.0.11", SL_STATE_FIN_WAIT, 0, 0,
		  UPDATED },
		{ "even backwards", PUT, SL_STATE_FIN_WAIT, 100, "10.0.0.11", SL_STATE_ESTABLISHED, 0, 0,
		  UPDATED },
		{ "had a packet here later: not set back", HERE, SL_STATE_ESTABLISHED, 5, "10.0.0.11",
		  SL_STATE_CLOSE, 0, 60, STAYS },
		{ "at the same time: not set back", HERE, SL_STATE_ESTABLISHED, 60, "10.0.0.11",
		  SL_STATE_CLOSE, 0, 60, STAYS },
		{ "the peer had a packet later", HERE, SL_STATE_ESTABLISHED, 60, "10.0.0.11",
		  SL_STATE_FIN_WAIT, 0, 5, UPDATED },
		{ "another server, active", PUT, SL_STATE_ESTABLISHED, 5, "10.0.0.12", SL_STATE_ESTABLISHED,
		  0, 60, REPLACED },
		{ "another server, inactive", PUT, SL_STATE_ESTABLISHED, 60, "10.0.0.12", SL_STATE_FIN_WAIT,
		  0, 5, STAYS },
		{ "another server, but in use here", HERE, SL_STATE_ESTABLISHED, 5, "10.0.0.12",
		  SL_STATE_ESTABLISHED, 0, 60, STAYS },
		{ "another server, no more in use here", HERE, SL_STATE_ESTABLISHED, 60, "10.0.0.12",
		  SL_STATE_ESTABLISHED, 0, 5, REPLACED },
		{ "over there", PUT, SL_STATE_ESTABLISHED, 5, "10.0.0.11", SL_STATE_CLOSE, DP_SYNC_ENDED, 60,
		  REMOVED },
		{ "over there, but in use here", HERE, SL_STATE_ESTABLISHED, 5, "10.0.0.11", SL_STATE_CLOSE,
		  DP_SYNC_ENDED, 60, STAYS },
		{ "over there, later", HERE, SL_STATE_ESTABLISHED, 60, "10.0.0.11", SL_STATE_CLOSE,
		  DP_SYNC_ENDED, 5, REMOVED },
		{ "over there: one with another server", PUT, SL_STATE_ESTABLISHED, 60, "10.0.0.12",
		  SL_STATE_CLOSE, DP_SYNC_ENDED, 5, STAYS },
		{ "over there: not here", NONE, 0, 0, "10.0.0.12", SL_STATE_CLOSE, DP_SYNC_ENDED, 5, STAYS },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sync_spec spec = { .real = "10.0.0.11", .state = rows[i].state };
		struct sync_spec message = { .real = rows[i].real,
					     .state = rows[i].put_state,
					     .flags = rows[i].put_flags,
					     .idle_s = rows[i].put_idle_s };
		struct dp_sync_put_stats before, after;
		const struct flow *flow;
		struct sl_addr real;

		if (rows[i].was != NONE)
			sync_put_taken(&spec);
		if (rows[i].was == HERE)
			sl_check_int(rows[i].name, client_sends(&spec, ACK), PIPE_SENT);
		dp_workers[0]->tick += rows[i].idle_s * 1000 / TICK_MS;
		before = stats();
		sync_put_taken(&message);
		after = stats();
		flow = sync_flow(0, &spec);
		sl_check_int(rows[i].name, after.updated - before.updated, rows[i].becomes == UPDATED);
		sl_check_int(rows[i].name, after.inserted - before.inserted, rows[i].becomes == REPLACED);
		sl_check_int(rows[i].name, after.removed - before.removed,
			     rows[i].becomes == REPLACED || rows[i].becomes == REMOVED);
		sl_check_int(rows[i].name, flow != NULL, rows[i].was != NONE && rows[i].becomes != REMOVED);
		(void)sync_counts_check(rows[i].name);
		if (flow != NULL) {
			bool message_holds = rows[i].becomes == UPDATED || rows[i].becomes == REPLACED;

			assert_int_equal(sl_addr_parse(message_holds ? rows[i].real : spec.real, &real), 0);
			sl_check(rows[i].name, sl_addr_eq(&dp_real_slots[flow->real].addr, &real));
			sl_check_int(rows[i].name, flow->state,
				     message_holds ? rows[i].put_state : rows[i].state);
			sl_check_int(rows[i].name, (dp_workers[0]->tick - flow->seen) * TICK_MS / 1000,
				     message_holds ? rows[i].put_idle_s : rows[i].idle_s);
			sl_check_int(rows[i].name, (flow->generation & FLOW_FOREIGN) != 0,
				     message_holds || rows[i].was == PUT);
		}
		pipe_flows_end();
	}
}

/* So much of its timeout is over. */
static void
test_expires(void **state)
{
	struct sync_spec spec = { .idle_s = 890 };

	sync_put_taken(&spec);
	dp_workers[0]->tick += 9000 / TICK_MS;
	dp_flow_sweep(dp_workers[0], 100);
	assert_int_equal(sync_counts_check("a second left"), 1);
	dp_workers[0]->tick += 2000 / TICK_MS;
	dp_flow_sweep(dp_workers[0], 100);
	assert_int_equal(sync_counts_check("over"), 0);
}

/* A walk shows a foreign connection as that, a refresh does not tell it; when it is ours it is told. */
static void
test_told(void **state)
{
	struct sync_spec spec = { .real = "10.0.0.12", .flags = DP_SYNC_FOREIGN };
	struct dp_sync_cursor cursor = { 0 };
	struct dp_sync_conn conn;
	bool round;

	sync_put_taken(&spec);
	assert_int_equal(dp_sync_refresh(0, 0, &conn, 1, 100, &round), 0);
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, &conn, 1, 100), 1);
	assert_true(sync_is(&conn, &spec));
	assert_int_equal(client_sends(&spec, ACK), PIPE_SENT);
	spec.flags = 0;
	assert_int_equal(dp_sync_refresh(0, 0, &conn, 1, 100, &round), 1);
	assert_true(sync_is(&conn, &spec));
	assert_int_equal(client_sends(&spec, FIN | ACK), PIPE_SENT);
	spec.state = SL_STATE_CLOSE_WAIT;
	spec.flags = DP_SYNC_NEW;
	assert_int_equal(sync_changes(&conn, 1), 1);
	assert_true(sync_is(&conn, &spec));
	/* A foreign one that goes is no news for the peer that has it. */
	pipe_flows_end();
	(void)sync_changes(&conn, 1);
	spec.state = SL_STATE_ESTABLISHED;
	spec.flags = 0;
	sync_put_taken(&spec);
	pipe_flows_end();
	assert_int_equal(sync_changes(&conn, 1), 0);
}

/* Of two connections whose replies are alike, the one that had a packet later gets them. */
static void
test_twins(void **state)
{
	struct pipe_spec reply = { .src = "10.0.0.11",
				   .dst = "203.0.113.5",
				   .sport = 8080,
				   .dport = 40000,
				   .flags = ACK,
				   .from_lan = true };

	pipe_serve("192.0.2.1", 83, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.11", NULL, 0);
	for (unsigned int older = 0; older < 4; older++) {
		for (unsigned int n = 0; n < 2; n++) {
			bool second = (older & 1) == n;
			struct sync_spec spec = { .vip_port = second ? 83 : 80,
						  .idle_s = second == older >> 1 ? 50 : 10 };

			sync_put_taken(&spec);
		}
		assert_int_equal(pipe_spec_one(&reply), PIPE_SENT);
		assert_int_equal(load16(pipe_box.sent[0].bytes + ETH_LEN + IP4_LEN),
				 rte_cpu_to_be_16(older >> 1 ? 80 : 83));
		pipe_flows_end();
	}
}

/* Addresses that the peer holds: its connections are taken, and not told until they are ours. */
static void
test_not_held(void **state)
{
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.3", "10.0.0.200" };
	struct dp_local_addr local = { .port = LAN };
	const struct dp_local_group group = { .name = "snat", .addrs = &local, .addr_count = 1 };
	struct sync_spec rows[] = {
		{ .real = "10.0.0.12" },
		{ .vip = "192.0.2.3", .fwd = SL_FWD_FNAT, .local = "10.0.0.200", .local_port = 5000 },
	};
	struct dp_moving moving[SL_COUNT(addrs)];
	struct dp_sync_cursor cursor = { 0 };
	struct dp_txn *txn = dp_txn_begin();
	struct dp_sync_conn conns[4];
	char error[DP_ERROR_SIZE];
	bool round;

	assert_int_equal(sl_addr_parse("10.0.0.200", &local.addr), 0);
	for (size_t i = 0; i < SL_COUNT(addrs); i++) {
		moving[i] = (struct dp_moving){ .port = LAN, .group = 1, .prefix.len = 32 };
		assert_int_equal(sl_addr_parse(addrs[i], &moving[i].prefix.addr), 0);
	}
	pipe_net_put(txn, moving, SL_COUNT(addrs), &group, 1);
	assert_int_equal(dp_txn_commit(txn, error), 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		sync_put_taken(&rows[i]);
		assert_non_null(sync_flow(0, &rows[i]));
		assert_int_equal(client_sends(&rows[i], ACK), SL_DROP_VIP_NOT_HELD);
	}
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, conns, 4, 100), 0);
	dp_ha_hold(1, true, NULL);
	cursor = (struct dp_sync_cursor){ 0 };
	assert_int_equal(dp_sync_walk(0, &cursor, UINT32_MAX, conns, 4, 100), 2);
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		assert_int_equal(client_sends(&rows[i], FIN | ACK), PIPE_SENT);
	/* Given back before anybody had asked for changes: the peer knows better by now. */
	dp_ha_hold(1, false, NULL);
	assert_int_equal(sync_changes(conns, 4), 0);
	assert_int_equal(dp_sync_refresh(0, 0, conns, 4, 100, &round), 0);
	/* Ours again: what was not told is. */
	dp_ha_hold(1, true, NULL);
	assert_int_equal(dp_sync_refresh(0, 0, conns, 4, 100, &round), 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, sync_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_modes),   TEST(test_reply_first), TEST(test_reply_first_fnat),
		TEST(test_results), TEST(test_conflict),    TEST(test_ports),
		TEST(test_busy),    TEST(test_table_full),  TEST(test_server_goes),
		TEST(test_servers), TEST(test_limit),       TEST(test_updates),
		TEST(test_expires), TEST(test_not_held),    TEST(test_told),
		TEST(test_twins),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
