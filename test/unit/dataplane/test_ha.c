/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses of groups that are held or not: what workers do with packets to them, and that
 * it holds from the next burst on, whatever is being published meanwhile.
 */
#include "fnat_box.h"

#include "ha.h"
#include "port.h"
#include "rcu.h"
#include "sl_addr.h"
#include "wire.h"

#include <errno.h>
#include <pthread.h>

enum { NAT_GROUP = 1, DR_GROUP = 2, LOCAL_GROUP = 3, PROTO_ICMP = 1, PROTO_ICMP6 = 58 };

static const uint8_t vmac[6] = { 0, 0, 0x5e, 0, 1, 7 };

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static const struct {
	const char *addr;
	unsigned int len;
	uint16_t group;
	bool no_ping;
} moves[] = {
	{ "192.0.2.1", 32, NAT_GROUP, false },         { "2001:db8:ff::1", 128, NAT_GROUP, false },
	{ "10.0.0.254", 24, NAT_GROUP, false },        { "2001:db8:2::fe", 64, NAT_GROUP, true },
	{ "192.0.2.2", 32, DR_GROUP, false },          { "2001:db8:ff::2", 128, DR_GROUP, false },
	{ "10.0.0.200", 24, LOCAL_GROUP, false },      { "10.0.0.201", 24, NAT_GROUP, false },
	{ "2001:db8:2::200", 64, LOCAL_GROUP, false },
};

/* The first `count` of these move; the rest of them is the box's as it always was, or nobody's. */
static void
moving_commit(unsigned int count)
{
	struct dp_local_addr locals[] = { { addr("10.0.0.200"), LAN },
					  { addr("10.0.0.201"), LAN },
					  { addr("2001:db8:2::200"), LAN } };
	const struct dp_local_group group = { .name = "snat", .addrs = locals, .addr_count = 3 };
	struct dp_moving moving[SL_COUNT(moves)];
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE];

	for (unsigned int i = 0; i < count; i++)
		moving[i] = (struct dp_moving){ .prefix = { addr(moves[i].addr), moves[i].len },
						.port = LAN,
						.group = moves[i].group,
						.no_ping = moves[i].no_ping };
	pipe_net_put(txn, moving, count, &group, 1);
	assert_int_equal(dp_txn_commit(txn, error), 0);
}

static int
setup(void **state)
{
	if (fnat_setup1(state) != 0)
		return -1;
	moving_commit(SL_COUNT(moves));
	return 0;
}

static int
echo_one(const char *to)
{
	struct pipe_spec spec = { .dst = to, .src = strchr(to, ':') != NULL ? "2001:db8:9::5" : NULL };
	bool v6 = spec.src != NULL;
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, bytes);

	bytes[ETH_LEN + (v6 ? (int)IP6_NEXT_AT : (int)IP4_PROTO_AT)] = v6 ? PROTO_ICMP6 : PROTO_ICMP;
	bytes[ETH_LEN + (v6 ? IP6_LEN : IP4_LEN)] = v6 ? 128 : 8;
	pipe_sums(bytes);
	return pipe_one(WAN, bytes, len, NULL);
}

/* The groups that are held, as bits, and what becomes of a packet from outside. */
static void
test_destinations(void **state)
{
	static const struct {
		const char *name, *dst;
		uint8_t proto; /* 0: TCP */
		bool echo;
		unsigned int held;
		int verdict;
	} rows[] = {
		{ "nothing is held from the beginning", "192.0.2.1", 0, false, 0, SL_DROP_VIP_NOT_HELD },
		{ "UDP", "192.0.2.1", SL_PROTO_UDP, false, 0, SL_DROP_VIP_NOT_HELD },
		{ "IPv6", "2001:db8:ff::1", 0, false, 0, SL_DROP_VIP_NOT_HELD },
		{ "a VIP of DR", "192.0.2.2", 0, false, 0, SL_DROP_VIP_NOT_HELD },
		{ "of IPv6", "2001:db8:ff::2", 0, false, 0, SL_DROP_VIP_NOT_HELD },
		{ "an own address", "10.0.0.254", 0, false, 0, SL_DROP_VIP_NOT_HELD },
		{ "a local address", "10.0.0.200", 0, false, 0, SL_DROP_VIP_NOT_HELD },
		{ "echo to a VIP", "192.0.2.1", 0, true, 0, SL_DROP_VIP_NOT_HELD },
		{ "echo to a VIP of IPv6", "2001:db8:ff::1", 0, true, 0, SL_DROP_VIP_NOT_HELD },
		{ "echo to an own address", "10.0.0.254", 0, true, 0, SL_DROP_VIP_NOT_HELD },
		{ "held", "192.0.2.1", 0, false, 1 << NAT_GROUP, PIPE_SENT },
		{ "held, UDP", "192.0.2.1", SL_PROTO_UDP, false, 1 << NAT_GROUP, PIPE_SENT },
		{ "held, IPv6", "2001:db8:ff::1", 0, false, 1 << NAT_GROUP, PIPE_SENT },
		{ "held, DR", "192.0.2.2", 0, false, 1 << DR_GROUP, PIPE_SENT },
		{ "held, DR, IPv6", "2001:db8:ff::2", 0, false, 1 << DR_GROUP, PIPE_SENT },
		{ "held, an own address", "10.0.0.254", 0, false, 1 << NAT_GROUP, PIPE_PUNTED },
		{ "held, an own address of IPv6", "2001:db8:2::fe", 0, false, 1 << NAT_GROUP, PIPE_PUNTED },
		{ "held, echo", "192.0.2.1", 0, true, 1 << NAT_GROUP, PIPE_PUNTED },
		{ "held, echo to an own address", "10.0.0.254", 0, true, 1 << NAT_GROUP, PIPE_PUNTED },
		{ "held, a local address without a flow", "10.0.0.200", 0, false, 1 << LOCAL_GROUP,
		  SL_DROP_TRANSIT },
		{ "another group is held", "192.0.2.1", 0, false, 1 << DR_GROUP, SL_DROP_VIP_NOT_HELD },
		{ "and this one again", "192.0.2.1", 0, false, 1 << NAT_GROUP | 1 << DR_GROUP, PIPE_SENT },
		{ "an address without a group", "192.0.2.3", 0, false, 1 << LOCAL_GROUP, PIPE_SENT },
	};

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec spec = { .dst = rows[i].dst, .proto = rows[i].proto };
		struct sl_addr dst = addr(rows[i].dst);
		bool ours = rows[i].verdict != SL_DROP_VIP_NOT_HELD;
		int verdict;

		if (!sl_addr_is_v4(&dst))
			spec.src = "2001:db8:9::5";
		for (unsigned int group = 1; group <= LOCAL_GROUP; group++)
			dp_ha_hold(group, (rows[i].held >> group & 1) != 0, NULL);
		verdict = rows[i].echo ? echo_one(rows[i].dst) : pipe_spec_one(&spec);
		sl_check_str(rows[i].name, pipe_verdict(verdict), pipe_verdict(rows[i].verdict));
		sl_check_int(rows[i].name, dp_ha_addr_is_held(&dst), ours);
		pipe_flows_end();
	}
}

/* On ports with a kernel interface that even takes transit: it never sees what another box holds. */
static void
test_kernel(void **state)
{
	static const struct {
		const char *name, *dst;
		bool echo, held;
		int verdict;
	} rows[] = {
		{ "an own address, not held", "10.0.0.254", false, false, SL_DROP_VIP_NOT_HELD },
		{ "echo to it", "10.0.0.254", true, false, SL_DROP_VIP_NOT_HELD },
		{ "a VIP, not held", "192.0.2.1", false, false, SL_DROP_VIP_NOT_HELD },
		{ "echo to it", "192.0.2.1", true, false, SL_DROP_VIP_NOT_HELD },
		{ "of IPv6", "2001:db8:ff::1", true, false, SL_DROP_VIP_NOT_HELD },
		{ "an own address, held", "10.0.0.254", false, true, PIPE_KERNEL },
		{ "echo to it", "10.0.0.254", true, true, PIPE_KERNEL },
		{ "one that is not to be pinged", "2001:db8:2::fe", false, true, PIPE_KERNEL },
		{ "echo to it is Sluice's to drop", "2001:db8:2::fe", true, true, PIPE_PUNTED },
		{ "somebody else", "203.0.113.9", false, true, PIPE_KERNEL },
	};
	struct dp_snapshot *snapshot = (struct dp_snapshot *)(uintptr_t)atomic_load(&dp_snapshot_current);

	dp_ports[WAN].conf.tap = dp_ports[WAN].conf.transit_kernel = true;
	atomic_store(&dp_kernel_rate, UINT32_MAX);
	for (unsigned int n = 0; n < 2 * SL_COUNT(rows); n++) {
		unsigned int i = n / 2;
		struct sl_addr dst = addr(rows[i].dst);
		struct pipe_spec spec = { .dst = rows[i].dst,
					  .src = sl_addr_is_v4(&dst) ? NULL : "2001:db8:9::5" };
		int verdict;

		snapshot->any_nat = n % 2 == 0; /* without, it is known sooner, and ends the same */
		dp_ha_hold(NAT_GROUP, rows[i].held, NULL);
		verdict = rows[i].echo ? echo_one(rows[i].dst) : pipe_spec_one(&spec);
		sl_check_str(rows[i].name, pipe_verdict(verdict), pipe_verdict(rows[i].verdict));
	}
	snapshot->any_nat = true;
	dp_ports[WAN].conf.tap = false;
}

/* What goes to the kernel is for its interface's MAC address, whichever it came by. */
static void
test_kernel_mac(void **state)
{
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&(struct pipe_spec){ .dst = "10.0.0.254" }, bytes);
	struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);

	dp_ports[WAN].conf.tap = true;
	atomic_store(&dp_kernel_rate, UINT32_MAX);
	dp_ha_hold(NAT_GROUP, true, vmac);
	memcpy(rte_pktmbuf_mtod(m, void *), vmac, 6);
	pipe_burst(0, WAN, &m, 1);
	assert_int_equal(rte_ring_sc_dequeue(dp_workers[0]->ring_kernel, (void **)&m), 0);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), bytes, len);
	rte_pktmbuf_free(m);
}

/* A connection of an address that went and came back goes on, with its server. */
static void
test_connection_stays(void **state)
{
	struct pipe_spec syn = { .sport = 4711 }, ack = { .sport = 4711, .flags = 16 };
	struct pipe_spec reply = { .src = "10.0.0.11",
				   .dst = "203.0.113.5",
				   .sport = 8080,
				   .dport = 4711,
				   .flags = 16,
				   .from_lan = true };
	uint8_t server[6];

	dp_ha_hold(NAT_GROUP, true, NULL);
	assert_int_equal(pipe_spec_one(&syn), PIPE_SENT);
	memcpy(server, pipe_box.sent[0].bytes, 6);
	dp_ha_hold(NAT_GROUP, false, NULL);
	assert_int_equal(pipe_spec_one(&ack), SL_DROP_VIP_NOT_HELD);
	assert_int_equal(pipe_spec_one(&syn), SL_DROP_VIP_NOT_HELD);
	assert_int_equal(pipe_spec_one(&reply), PIPE_SENT); /* is lost otherwise */
	assert_int_equal(dp_workers[0]->table.used, 1);
	moving_commit(SL_COUNT(moves)); /* a table made anew */
	assert_int_equal(pipe_spec_one(&ack), SL_DROP_VIP_NOT_HELD);
	dp_ha_hold(NAT_GROUP, true, NULL);
	assert_int_equal(pipe_spec_one(&ack), PIPE_SENT);
	assert_memory_equal(pipe_box.sent[0].bytes, server, 6);
	assert_int_equal(dp_workers[0]->table.used, 1);
	/* Somebody else's from an address that this box might hold is a client like any other. */
	dp_ha_hold(DR_GROUP, false, NULL);
	assert_int_equal(pipe_spec_one(&(struct pipe_spec){ .src = "192.0.2.2" }), PIPE_SENT);
	dp_ha_hold(DR_GROUP, true, NULL);
	assert_int_equal(pipe_spec_one(&(struct pipe_spec){ .src = "192.0.2.2", .sport = 2 }),
			 SL_DROP_SOURCE);
}

/* Of a group's local addresses those give ports that are held; the flows of the others stay. */
static void
test_locals(void **state)
{
	struct pipe_spec syn = { .dst = "192.0.2.3" };
	uint8_t answer[PIPE_FRAME_MAX];
	unsigned int len;

	assert_int_equal(pipe_spec_one(&syn), SL_DROP_LOCAL_FULL);
	dp_ha_hold(LOCAL_GROUP, true, NULL);
	for (uint16_t port = 1; port < 9; port++) {
		syn.sport = port;
		assert_int_equal(pipe_spec_one(&syn), PIPE_SENT);
		assert_memory_equal(pipe_box.sent[0].bytes + ETH_LEN + IP4_SRC_AT, addr("10.0.0.200").b + 12,
				    4);
	}
	len = fnat_answer(pipe_box.sent[0].bytes, pipe_box.sent[0].len, answer);
	assert_int_equal(pipe_one(LAN, answer, len, NULL), PIPE_SENT);
	dp_ha_hold(LOCAL_GROUP, false, NULL);
	dp_ha_hold(NAT_GROUP, true, NULL);
	assert_int_equal(pipe_one(LAN, answer, len, NULL), SL_DROP_VIP_NOT_HELD);
	for (uint16_t port = 11; port < 19; port++) {
		syn.sport = port;
		assert_int_equal(pipe_spec_one(&syn), PIPE_SENT);
		assert_memory_equal(pipe_box.sent[0].bytes + ETH_LEN + IP4_SRC_AT, addr("10.0.0.201").b + 12,
				    4);
	}
	dp_ha_hold(LOCAL_GROUP, true, NULL);
	assert_int_equal(pipe_one(LAN, answer, len, NULL), PIPE_SENT);
	/* Whoever leaves the groups altogether is the box's for good. */
	dp_ha_hold(LOCAL_GROUP, false, NULL);
	dp_ha_hold(NAT_GROUP, false, NULL);
	moving_commit(0);
	assert_int_equal(pipe_one(LAN, answer, len, NULL), PIPE_SENT);
	syn.sport = 31;
	assert_int_equal(pipe_spec_one(&syn), PIPE_SENT);
}

static void
test_virtual_mac(void **state)
{
	static const struct {
		const char *name;
		uint8_t options;
		bool v6;
	} rows[] = {
		{ "plain", 0, false },
		{ "with options", 1, false },
		{ "IPv6", 0, true },
	};
	uint8_t mac[6];

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec spec = { .options = rows[i].options };
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len;

		if (rows[i].v6) {
			spec.src = "2001:db8:9::5";
			spec.dst = "2001:db8:ff::1";
		}
		len = pipe_build(&spec, bytes);
		memcpy(bytes, vmac, 6);
		dp_ha_hold(NAT_GROUP, false, vmac);
		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), SL_DROP_NOT_TO_US);
		dp_ha_hold(NAT_GROUP, true, vmac);
		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
		assert_true(dp_ha_vmac(NAT_GROUP, mac));
		assert_memory_equal(mac, vmac, 6);
		dp_ha_hold(DR_GROUP, true, vmac); /* both have it: one lets go */
		dp_ha_hold(DR_GROUP, false, NULL);
		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
		dp_ha_hold(NAT_GROUP, true, NULL);
		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), SL_DROP_NOT_TO_US);
		assert_false(dp_ha_vmac(NAT_GROUP, mac));
		pipe_flows_end();
	}
	assert_int_equal(dp_ha_taken_count, 0);
	/* Many at once, let go in another order. */
	for (unsigned int group = 1; group < DP_HA_GROUPS_MAX; group++)
		dp_ha_hold(group, true, (const uint8_t[]){ 2, 1, 1, 1, 1, (uint8_t)group });
	assert_int_equal(dp_ha_taken_count, DP_HA_GROUPS_MAX - 1);
	for (unsigned int n = 1; n < DP_HA_GROUPS_MAX; n++)
		dp_ha_hold(n * 7 % 255 + 1, false, NULL);
	assert_int_equal(dp_ha_taken_count, 0);
}

/* What the keepalive thread says while tables are built and published holds in each of them. */
static atomic_bool publishing;

static void *
toggle(void *context)
{
	const struct sl_addr vip = addr("192.0.2.1"), own = addr("10.0.0.254");
	bool held = false;
	uint64_t *rounds = context;

	for (; atomic_load(&publishing); (*rounds)++) {
		held = !held;
		dp_ha_hold(NAT_GROUP, held, held ? vmac : NULL);
		if (dp_ha_is_held(NAT_GROUP) != held || dp_ha_addr_is_held(&vip) != held ||
		    dp_ha_addr_is_held(&own) != held)
			break;
	}
	dp_ha_hold(NAT_GROUP, true, vmac);
	return (void *)(uintptr_t)atomic_load(&publishing);
}

static void
test_publish_race(void **state)
{
	uint64_t rounds = 0, sent = 0, not_held = 0;
	pthread_t thread;
	void *failed;

	atomic_store(&publishing, true);
	assert_int_equal(pthread_create(&thread, NULL, toggle, &rounds), 0);
	for (unsigned int n = 0; n < 400; n++) {
		int verdict;

		moving_commit(n % 2 == 0 ? SL_COUNT(moves) : 5);
		verdict = pipe_spec_one(&(struct pipe_spec){ .sport = (uint16_t)(1000 + n) });
		sent += verdict == PIPE_SENT;
		not_held += verdict == SL_DROP_VIP_NOT_HELD;
		dp_rcu_poll();
	}
	atomic_store(&publishing, false);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(sent + not_held, 400);
	assert_true(rounds > 0);
	assert_int_equal(pipe_spec_one(&(struct pipe_spec){ .sport = 999 }), PIPE_SENT);
}

static void
test_nonsense(void **state)
{
	static const struct {
		const char *name, *addr;
		uint16_t group;
		unsigned int port;
		const char *second;
	} rows[] = {
		{ "no group", "192.0.2.9", 0, LAN, NULL },
		{ "no such group", "192.0.2.9", DP_HA_GROUPS_MAX, LAN, NULL },
		{ "no such port", "192.0.2.9", 1, DP_PORTS_MAX, NULL },
		{ "twice", "192.0.2.9", 1, LAN, "192.0.2.9" },
		{ "a port's own", "10.0.0.1", 1, LAN, NULL },
	};

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		const struct dp_net_addr own = { LAN, { addr("10.0.0.1"), 24 } };
		struct dp_moving moving[2] = {
			{ .prefix = { addr(rows[i].addr), 24 },
			  .port = rows[i].port,
			  .group = rows[i].group },
			{ .prefix = { addr("192.0.2.9"), 24 }, .port = LAN, .group = 2 },
		};
		const struct dp_net net = { .addrs = &own,
					    .addr_count = 1,
					    .moving = moving,
					    .moving_count = rows[i].second != NULL ? 2 : 1 };
		struct dp_txn *txn = dp_txn_begin();
		char error[DP_ERROR_SIZE] = "";

		sl_check_int(rows[i].name, dp_txn_net_set(txn, &net, error), -EINVAL);
		assert_true(strstr(error, rows[i].addr) != NULL);
		dp_txn_abort(txn);
	}
	dp_ha_hold(0, false, NULL);
	assert_true(dp_ha_is_held(0));
	dp_ha_hold(DP_HA_GROUPS_MAX, true, NULL);
	assert_false(dp_ha_is_held(DP_HA_GROUPS_MAX));
	assert_false(dp_ha_addr_is_held(&(struct sl_addr){ .b = { 1 } }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_destinations, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_kernel, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_kernel_mac, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_connection_stays, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_locals, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_virtual_mac, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_publish_race, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
