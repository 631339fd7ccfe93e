/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions: what workers, neighbours and the network see of them, what a failure
 * or an abort leaves behind (nothing), and what schedulers remember across them.
 */
#include "txn_box.h"

#include "ha.h"

#include <errno.h>
#include <stdio.h>

/* ---- abort ---- */

/* What must be as it was. */
struct before {
	const struct dp_snapshot *snapshot;
	unsigned int services, reals, pins, deferred, neighs, vips, static_neighs, own, epoch;
};

static struct before
before_take(void)
{
	return (struct before){
		.snapshot = box_snapshot(),
		.services = HASH_COUNT(book_services),
		.reals = HASH_COUNT(book_reals),
		.pins = box.pins,
		.deferred = box.deferred_count - box.deferred_first,
		.vips = box.vip_count,
		.static_neighs = box.static_count,
		.own = box.own_count,
		.epoch = box.epoch,
	};
}

static void
before_check(const char *row, const struct before *b)
{
	sl_check(row, box_snapshot() == b->snapshot);
	sl_check_int(row, HASH_COUNT(book_services), b->services);
	sl_check_int(row, HASH_COUNT(book_reals), b->reals);
	sl_check_int(row, box.pins, b->pins);
	sl_check_int(row, box.deferred_count - box.deferred_first, b->deferred);
	sl_check_int(row, box.vip_count, b->vips);
	sl_check_int(row, box.static_count, b->static_neighs);
	sl_check_int(row, box.own_count, b->own);
	sl_check_int(row, box.epoch, b->epoch);
}

static void
abort_nothing(struct dp_txn *txn)
{
}

static void
abort_new_service(struct dp_txn *txn)
{
	PUT(txn, "192.0.2.9:80", NULL, NAT("10.0.0.1"), DR("10.0.0.2"));
}

static void
abort_more_servers(struct dp_txn *txn)
{
	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"), NAT("10.0.0.7"));
}

static void
abort_put_twice(struct dp_txn *txn)
{
	PUT(txn, "192.0.2.9:80", NULL, NAT("10.0.0.7"));
	PUT(txn, "192.0.2.9:80", NULL, NAT("10.0.0.7"), NAT("10.0.0.8"));
}

static void
abort_put_then_remove(struct dp_txn *txn)
{
	PUT(txn, "192.0.2.9:80", NULL, NAT("10.0.0.7"));
	box_drop(txn, "192.0.2.9:80");
}

static void
abort_remove_then_put(struct dp_txn *txn)
{
	box_drop(txn, "192.0.2.1:80");
	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"), NAT("10.0.0.7"));
}

static void
abort_remove_twice(struct dp_txn *txn)
{
	box_drop(txn, "192.0.2.1:80");
	box_drop(txn, "192.0.2.1:80");
}

static void
abort_server_of_other_family(struct dp_txn *txn)
{
	static const struct server servers[] = { NAT("10.0.0.7"), NAT("2001:db8::7") };

	assert_int_equal(box_put(txn, "192.0.2.1:80", &box_sched, servers, 2, NULL), -EINVAL);
}

static void
abort_network(struct dp_txn *txn)
{
	const struct dp_net_addr own = { .port = 0, .prefix = { box_addr("10.0.0.200"), 24 } };
	const struct dp_net net = { .addrs = &own, .addr_count = 1 };
	char error[DP_ERROR_SIZE];

	assert_int_equal(dp_txn_net_set(txn, &net, error), 0);
	assert_int_equal(dp_txn_net_set(txn, &net, error), 0);
}

static const struct {
	const char *name;
	void (*gather)(struct dp_txn *txn);
} gathered[] = {
	{ "nothing", abort_nothing },
	{ "a new service", abort_new_service },
	{ "a server more", abort_more_servers },
	{ "the same put twice", abort_put_twice },
	{ "put, then removed", abort_put_then_remove },
	{ "removed, then put", abort_remove_then_put },
	{ "removed twice", abort_remove_twice },
	{ "a server of the other family", abort_server_of_other_family },
	{ "a network, twice", abort_network },
};

static void
base_config(void)
{
	const struct dp_net_addr own = { .port = 0, .prefix = { box_addr("10.0.0.100"), 24 } };
	const struct dp_route route = { .prefix = { box_addr("0.0.0.0"), 0 },
					.via = box_addr("10.0.0.254"),
					.port = -1 };
	const struct dp_static_neigh neigh = { .addr = box_addr("10.0.0.1") };
	const struct dp_net net = { .addrs = &own,
				    .addr_count = 1,
				    .routes = &route,
				    .route_count = 1,
				    .neighs = &neigh,
				    .neigh_count = 1 };
	struct dp_txn *txn = box_begin();
	char error[DP_ERROR_SIZE];

	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"), NAT("10.0.0.2"));
	PUT(txn, "192.0.2.2:80", NULL, DR("10.0.0.1"));
	assert_int_equal(dp_txn_net_set(txn, &net, error), 0);
	box_commit(txn);
	box_grace();
}

static void
test_abort(void **state)
{
	base_config();
	for (size_t i = 0; i < SL_COUNT(gathered); i++) {
		struct before before = before_take();
		struct dp_txn *txn = box_begin();

		gathered[i].gather(txn);
		sl_check(gathered[i].name, dp_txn_begin() == NULL);
		dp_txn_abort(txn);
		before_check(gathered[i].name, &before);
	}
	dp_txn_abort(NULL);
}

static void
test_committed(void **state)
{
	static const struct {
		const char *name;
		void (*gather)(struct dp_txn *txn);
		int first, ninth; /* servers that workers find then; -1: no such service */
	} rows[] = {
		{ "nothing", abort_nothing, 2, -1 },
		{ "a new service", abort_new_service, 2, 2 },
		{ "a server more", abort_more_servers, 2, -1 },
		{ "the same put twice", abort_put_twice, 2, 2 },
		{ "put, then removed", abort_put_then_remove, 2, -1 },
		{ "removed, then put", abort_remove_then_put, 2, -1 },
		{ "removed twice", abort_remove_twice, -1, -1 },
		{ "a network, twice", abort_network, 2, -1 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct dp_svc *svc;
		struct dp_txn *txn;

		base_config();
		txn = box_begin();
		rows[i].gather(txn);
		box_commit(txn);
		svc = box_service("192.0.2.1:80");
		sl_check_int(rows[i].name, svc != NULL ? (int)svc->count : -1, rows[i].first);
		svc = box_service("192.0.2.9:80");
		sl_check_int(rows[i].name, svc != NULL ? (int)svc->count : -1, rows[i].ninth);
		for (uint32_t slot = 1; slot < box_snapshot()->svc_count; slot++)
			for (uint32_t k = 0;
			     box_snapshot()->svc[slot] != NULL && k < box_snapshot()->svc[slot]->count; k++) {
				uint32_t real = box_snapshot()->svc[slot]->server[k].slot;

				sl_check(rows[i].name,
					 book_real_at(real) != NULL && book_real_at(real)->listed);
				sl_check(rows[i].name, dp_real_slots[real].service == slot);
			}
		box_grace();
		(void)box_reap();
		box_grace();
		txn = box_begin();
		if (box_service("192.0.2.9:80") != NULL)
			box_drop(txn, "192.0.2.9:80");
		box_commit(txn);
		box_grace();
		(void)box_reap();
		box_grace();
	}
}

/* A service and a network; 0 or the first failure. Ends the transaction. */
static int
big_change(void)
{
	const struct dp_net_addr own[2] = {
		{ .port = 0, .prefix = { box_addr("10.0.0.200"), 24 } },
		{ .port = 1, .prefix = { box_addr("10.1.0.200"), 24 } },
	};
	const struct dp_route route = { .prefix = { box_addr("0.0.0.0"), 0 },
					.via = box_addr("10.1.0.254"),
					.port = -1 };
	const struct dp_net net = { .addrs = own, .addr_count = 2, .routes = &route, .route_count = 1 };
	struct dp_real reals[2] = {
		{ .addr = box_addr("10.0.0.7"), .order = 2 },
		{ .addr = box_addr("10.0.0.8"), .order = 1 },
	};
	struct dp_service service = {
		.key = box_key("192.0.2.9:80"), .sched = &box_sched, .reals = reals, .real_count = 2
	};
	char error[DP_ERROR_SIZE] = "";
	struct dp_txn *txn = dp_txn_begin();
	int code = txn != NULL ? 0 : -ENOMEM;

	if (code == 0)
		code = dp_txn_service_put(txn, &service, error);
	if (code == 0)
		code = dp_txn_net_set(txn, &net, error);
	if (code == 0)
		return dp_txn_commit(txn, error);
	dp_txn_abort(txn);
	return code;
}

/* Whichever allocation fails: nothing has changed, and the next one succeeds. */
static void
memory_runs_out(const char *when)
{
	bool done = false;
	unsigned long at;

	for (at = 1; !done; at++) {
		struct before before = before_take();
		char row[64];
		int code;

		snprintf(row, sizeof(row), "%s, allocation %lu fails", when, at);
		box.allocs = 0;
		box.alloc_fails_at = at;
		code = big_change();
		done = box.allocs < at;
		box.alloc_fails_at = 0;
		if (done) {
			sl_check_int(row, code, 0);
		} else {
			sl_check(row, code == -ENOMEM || code == -ENOSPC);
			before_check(row, &before);
		}
	}
	sl_check(when, at > 15); /* else the allocations of the code under test were not counted */
	sl_check_int(when, box_service("192.0.2.9:80")->count, 2);
}

static void
test_memory_runs_out_at_first(void **state)
{
	memory_runs_out("nothing yet");
}

static void
test_memory_runs_out(void **state)
{
	base_config();
	memory_runs_out("two services");
}

static void
test_surroundings_fail(void **state)
{
	static const struct {
		const char *name;
		bool neighs_full, addrs_fail;
		int code;
	} rows[] = {
		{ "no room for a static neighbour", true, false, -ENOSPC },
		{ "no memory for the addresses", false, true, -ENOMEM },
	};

	base_config();
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct dp_net_addr own = { .port = 0, .prefix = { box_addr("10.0.0.200"), 24 } };
		const struct dp_net net = { .addrs = &own, .addr_count = 1 };
		struct before before = before_take();
		struct dp_txn *txn = box_begin();
		char error[DP_ERROR_SIZE] = "";

		PUT(txn, "192.0.2.9:80", NULL, NAT("10.0.0.7"));
		assert_int_equal(dp_txn_net_set(txn, &net, error), 0);
		box.neighs_full = rows[i].neighs_full;
		box.addrs_fail = rows[i].addrs_fail;
		sl_check_int(rows[i].name, dp_txn_commit(txn, error), rows[i].code);
		box.addrs_fail = false;
		sl_check(rows[i].name, error[0] != '\0');
		before_check(rows[i].name, &before);
		sl_check(rows[i].name, sl_addr_eq(&box.static_neighs[0].addr,
						  &(struct sl_addr[]){ box_addr("10.0.0.1") }[0]));
	}
}

/* ---- what schedulers remember ---- */

static void
test_epochs(void **state)
{
	static const struct server two[] = { NAT("10.0.0.1"), NAT("10.0.0.2") };
	static const struct server one[] = { NAT("10.0.0.1") };
	static const struct server heavier[] = { NAT("10.0.0.1"), { "10.0.0.2", 7, SL_FWD_NAT } };
	static const struct server routed[] = { NAT("10.0.0.1"), DR("10.0.0.2") };
	static const struct {
		const char *name;
		const struct server *servers;
		uint32_t count;
		const struct sched_ops *sched;
		bool remove_first, same_generation, same_epoch;
	} rows[] = {
		{ "the same again", two, 2, &box_sched, false, true, true },
		{ "another weight", heavier, 2, &box_sched, false, true, false },
		{ "another way of forwarding", routed, 2, &box_sched, false, true, true },
		{ "a server less", one, 1, &box_sched, false, true, false },
		{ "another scheduler", two, 2, &box_sched_other, false, false, true },
		{ "removed and put again at once", two, 2, &box_sched, true, false, false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_txn *txn = box_begin();
		uint32_t generation, epoch;

		assert_int_equal(box_put(txn, "192.0.2.1:80", &box_sched, two, 2, NULL), 0);
		box_commit(txn);
		generation = box_service("192.0.2.1:80")->sched_generation;
		epoch = box_service("192.0.2.1:80")->epoch;
		sl_check(rows[i].name, generation != 0 && epoch != 0); /* 0 is "fresh" to schedulers */
		txn = box_begin();
		if (rows[i].remove_first)
			box_drop(txn, "192.0.2.1:80");
		assert_int_equal(
			box_put(txn, "192.0.2.1:80", rows[i].sched, rows[i].servers, rows[i].count, NULL), 0);
		box_commit(txn);
		sl_check_int(rows[i].name, box_service("192.0.2.1:80")->sched_generation == generation,
			     rows[i].same_generation);
		sl_check_int(rows[i].name, box_service("192.0.2.1:80")->epoch == epoch, rows[i].same_epoch);
		box_grace();
	}
}

/*
 * A server that is out is none to schedulers, and the rotation starts anew as if it had been
 * removed; but its slot, connections and counters stay, and its packets find their way.
 */
static void
test_out(void **state)
{
	static const struct {
		const char *name;
		struct server servers[3];
		const char *seen[3]; /* by schedulers, in their order */
		bool same_epoch;     /* as the row before */
	} rows[] = {
		{ "all in",
		  { NAT("10.0.0.1"), NAT("10.0.0.2"), NAT("10.0.0.3") },
		  { "10.0.0.1", "10.0.0.2", "10.0.0.3" },
		  false },
		{ "the first is out",
		  { OUT("10.0.0.1"), NAT("10.0.0.2"), NAT("10.0.0.3") },
		  { "10.0.0.2", "10.0.0.3" },
		  false },
		{ "the same again",
		  { OUT("10.0.0.1"), NAT("10.0.0.2"), NAT("10.0.0.3") },
		  { "10.0.0.2", "10.0.0.3" },
		  true },
		{ "the middle one instead",
		  { NAT("10.0.0.1"), OUT("10.0.0.2"), NAT("10.0.0.3") },
		  { "10.0.0.1", "10.0.0.3" },
		  false },
		{ "all out", { OUT("10.0.0.1"), OUT("10.0.0.2"), OUT("10.0.0.3") }, { NULL }, false },
		{ "another weight of one that is out",
		  { OUT("10.0.0.1"), OUT("10.0.0.2"), { "10.0.0.3", 9, SL_FWD_NAT, true } },
		  { NULL },
		  true },
		{ "and back",
		  { NAT("10.0.0.1"), NAT("10.0.0.2"), NAT("10.0.0.3") },
		  { "10.0.0.1", "10.0.0.2", "10.0.0.3" },
		  false },
	};
	struct dp_real_stats stats;
	uint32_t first[3], slots[3], epoch = 0;

	box_net_commit("10.0.0.254", "10.0.0.253");
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_txn *txn = box_begin();
		const struct dp_svc *svc;
		uint32_t seen = 0;

		assert_int_equal(
			box_put(txn, "192.0.2.1:80", &box_sched, rows[i].servers, 3, i == 0 ? first : slots),
			0);
		box_commit(txn);
		if (i == 0)
			for (unsigned int s = 0; s < 3; s++) {
				box_flows(1, first[s], 3);
				box_packets(0, first[s], 5, 7);
			}
		box_grace();
		assert_int_equal(box_reap(), 0);
		svc = box_service("192.0.2.1:80");
		for (; seen < 3 && rows[i].seen[seen] != NULL; seen++) {
			struct sl_addr addr = box_addr(rows[i].seen[seen]);

			sl_check(rows[i].name, seen < svc->count);
			sl_check(rows[i].name,
				 sl_addr_eq(&dp_real_slots[svc->server[seen].slot].addr, &addr));
		}
		sl_check_int(rows[i].name, svc->count, seen);
		sl_check_int(rows[i].name, svc->epoch == epoch, rows[i].same_epoch);
		epoch = svc->epoch;
		for (unsigned int s = 0; s < 3; s++) {
			sl_check_int(rows[i].name, i == 0 ? first[s] : slots[s], first[s]);
			dp_real_stats(first[s], &stats);
			sl_check_int(rows[i].name, stats.inactive, 3);
			sl_check_int(rows[i].name, stats.traffic.in_packets, 5);
			sl_check_int(rows[i].name, stats.traffic.out_packets, 7);
			sl_check_int(rows[i].name, atomic_load(&dp_real_slots[first[s]].generation), 0);
			sl_check(rows[i].name, atomic_load(&dp_real_slots[first[s]].nexthop) != 0);
		}
		sl_check(rows[i].name, box_snapshot()->any_nat);
	}
}

/* A server that was out when the service was made has all that it needs the moment it comes in. */
static void
test_out_from_the_start(void **state)
{
	struct dp_txn *txn;
	uint32_t slots[2];

	box_net_commit("10.0.0.254", "10.0.0.253");
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", slots, OUT("10.0.0.1"), OUT("10.0.0.2"));
	box_commit(txn);
	assert_int_equal(box_service("192.0.2.1:80")->count, 0);
	assert_int_equal(box_pins("10.0.0.1"), 1);
	assert_int_equal(box_pins("10.0.0.2"), 1);
	/* Removed with its service it goes as any other. */
	txn = box_begin();
	box_drop(txn, "192.0.2.1:80");
	box_commit(txn);
	box_grace();
	assert_int_equal(box_reap(), 2);
	assert_int_equal(box_pins("10.0.0.1"), 0);
}

/* ---- VIPs ---- */

static void
test_vip_flags(void **state)
{
	static const struct server nat[] = { NAT("10.0.0.1") }, dr[] = { DR("10.0.0.1") };
	static const struct server dr_and_nat[] = { DR("10.0.0.2"), NAT("10.0.0.1") };
	static const struct {
		const char *name;
		const struct server *servers; /* of service :80; NULL: removed */
		uint32_t count, flags;
		bool any_nat;
	} rows[] = {
		{ "DR", dr, 1, ADDR_VIP, false },
		{ "DR again", dr, 1, ADDR_VIP, false },
		{ "turns to NAT: flows are where they were received", nat, 1,
		  ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST, true },
		{ "DR once more: NAT's flows go on", dr, 1, ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST,
		  true },
		{ "removed, with connections", NULL, 0, ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST, true },
		{ "and back", dr_and_nat, 2, ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST, true },
	};
	uint32_t slot = 0;

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_txn *txn = box_begin();
		uint32_t slots[2];

		if (rows[i].servers != NULL)
			assert_int_equal(box_put(txn, "192.0.2.1:80", &box_sched, rows[i].servers,
						 rows[i].count, slots),
					 0);
		else
			box_drop(txn, "192.0.2.1:80");
		box_commit(txn);
		if (i == 0) {
			slot = slots[0];
			box_flows(0, slot, 1);
		}
		box_grace();
		assert_int_equal(box_reap(), 0);
		sl_check_int(rows[i].name, box_vip_flags("192.0.2.1"), rows[i].flags);
		sl_check_int(rows[i].name, box_snapshot()->any_nat, rows[i].any_nat);
		sl_check(rows[i].name, box_answers("192.0.2.1"));
	}

	/* Two services of a fresh VIP at once, NAT and DR: the owner is the hash's from the beginning. */
	struct dp_txn *txn = box_begin();

	PUT(txn, "192.0.2.7:80", NULL, DR("10.0.0.1"));
	PUT(txn, "192.0.2.7:81", NULL, NAT("10.0.0.1"));
	box_commit(txn);
	assert_int_equal(box_vip_flags("192.0.2.7"), ADDR_VIP | ADDR_OWNER_HASH);
}

/* A removed service takes no connection, but what it has goes on, and then its VIP goes. */
static void
test_vip_lingers(void **state)
{
	struct dp_txn *txn = box_begin();
	uint32_t slot[1];

	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"));
	PUT(txn, "192.0.2.2:80", NULL, DR("10.0.0.1"));
	box_commit(txn);
	assert_int_equal(box.vip_count, 2);
	box_flows(1, slot[0], 1);
	txn = box_begin();
	box_drop(txn, "192.0.2.1:80");
	box_commit(txn);
	box_grace();
	(void)box_reap();
	assert_null(box_service("192.0.2.1:80"));
	assert_int_equal(box_vip_flags("192.0.2.1"), ADDR_VIP | ADDR_OWNER_HASH);
	assert_true(box_answers("192.0.2.1"));
	assert_true(box_snapshot()->any_nat);

	/* Whatever else changes meanwhile. */
	txn = box_begin();
	PUT(txn, "192.0.2.3:80", NULL, DR("10.0.0.1"));
	box_commit(txn);
	assert_int_equal(box_vip_flags("192.0.2.1"), ADDR_VIP | ADDR_OWNER_HASH);

	box_flows(1, slot[0], -1);
	box_grace();
	assert_int_equal(box_reap(), 1);
	assert_int_equal(box_vip_flags("192.0.2.1"), 0);
	assert_false(box_answers("192.0.2.1"));
	assert_false(box_snapshot()->any_nat);
	assert_int_equal(box_vip_flags("192.0.2.2"), ADDR_VIP);
	assert_non_null(box_service("192.0.2.2:80"));
}

/* Not while a transaction is open, which has seen the tables as they are. */
static void
test_tidy_waits(void **state)
{
	struct dp_txn *txn = box_begin();

	assert_false(dp_txn_tidy());
	dp_txn_abort(txn);
	assert_true(dp_txn_tidy());
	box.addrs_fail = true;
	assert_false(dp_txn_tidy());
	box.addrs_fail = false;
}

/* ---- the network ---- */

static void
test_gateways_are_pinned(void **state)
{
	struct dp_txn *txn = box_begin();
	uint32_t slot[3];

	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"), NAT("172.16.5.5"), NAT("203.0.113.1"));
	box_commit(txn);
	assert_int_equal(box.pins, 0); /* no network yet, so no way */
	box_net_commit("198.51.100.1", "10.0.0.254");
	assert_int_equal(box_pins("198.51.100.1"), 2); /* as a gateway, and as a server's next hop */
	assert_int_equal(box_pins("10.0.0.254"), 2);
	assert_int_equal(box_pins("10.0.0.1"), 1);
	assert_int_equal(box.epoch, 1);
	box_net_commit("198.51.100.9", "198.51.100.9");
	assert_int_equal(box_pins("198.51.100.1"), 0);
	assert_int_equal(box_pins("10.0.0.254"), 0);
	assert_int_equal(box_pins("198.51.100.9"),
			 3); /* both routes name it in a row: pinned once for them */
	assert_int_equal(box_pins("10.0.0.1"), 1);
	assert_int_equal(dp_real_slots[slot[2]].nexthop, dp_real_slots[slot[1]].nexthop);
	assert_int_equal(box.logged, 0);
}

/* Neighbours that somebody watches, with and without a route by them; none that is behind a gateway. */
static void
test_kept_are_pinned(void **state)
{
	const struct dp_net_addr addr = { .prefix = { box_addr("198.51.100.2"), 24 } };
	const struct dp_route route = { { box_addr("203.0.113.0"), 24 }, box_addr("198.51.100.1"), -1 };
	const struct sl_addr kept[] = { box_addr("198.51.100.1"), box_addr("198.51.100.77"),
					box_addr("203.0.113.9"), box_addr("192.0.2.9") };

	for (unsigned int count = 4; count > 0; count = count == 4 ? 1 : 0) {
		struct dp_net net = { .addrs = &addr,
				      .addr_count = 1,
				      .routes = &route,
				      .route_count = 1,
				      .kept = kept,
				      .kept_count = count };
		struct dp_txn *txn = box_begin();

		assert_int_equal(dp_txn_net_set(txn, &net, (char[DP_ERROR_SIZE]){ "" }), 0);
		box_commit(txn);
		assert_int_equal(box_pins("198.51.100.1"), 2);
		assert_int_equal(box_pins("198.51.100.77"), count == 4);
		assert_true(box_watched("198.51.100.1"));
		assert_int_equal(box_watched("198.51.100.77"), count == 4);
		assert_int_equal(box_pins("203.0.113.9") + box_pins("192.0.2.9"), 0);
	}
}

/* ---- addresses of groups ---- */

static int
moving_commit(const char *const *texts, unsigned int count)
{
	const struct dp_net_addr own[] = { { .port = 0, .prefix = { box_addr("10.0.0.100"), 24 } } };
	struct dp_moving moving[8];
	struct dp_net net = { .addrs = own, .addr_count = 1, .moving = moving, .moving_count = count };
	struct dp_txn *txn = box_begin();
	char error[DP_ERROR_SIZE] = "";
	int code;

	for (unsigned int i = 0; i < count; i++)
		moving[i] = (struct dp_moving){ .prefix = { box_addr(texts[i]), 24 },
						.group = (uint16_t)(i + 1) };
	code = dp_txn_net_set(txn, &net, error);
	if (code == 0)
		box_commit(txn);
	else
		dp_txn_abort(txn);
	return code;
}

/* What an address is, is kept aside while it is not held, from table to table. */
static void
test_groups(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "10.0.0.254" };
	const uint64_t nat_vip = ADDR_VIP | ADDR_OWNER_HASH;
	struct dp_txn *txn = box_begin();
	unsigned int services;

	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"));
	box_commit(txn);
	assert_int_equal(box_vip_flags("192.0.2.1"), nat_vip);
	assert_int_equal(moving_commit(texts, 2), 0);
	for (unsigned int round = 0; round < 4; round++) {
		bool held = round % 2 != 0;
		uint64_t kept = nat_vip << ADDR_KEPT_SHIFT | 1 << ADDR_GROUP_SHIFT;

		dp_ha_hold(1, held, NULL);
		dp_ha_hold(2, held, NULL);
		if (round >= 2) { /* in a new table */
			txn = box_begin();
			PUT(txn, "192.0.2.7:80", NULL, DR("10.0.0.1"));
			box_commit(txn);
		}
		assert_true(addr_table_find(box_snapshot()->addrs,
					    &(struct sl_addr[]){ box_addr(texts[0]) }[0]) ==
			    (kept | (held ? nat_vip : ADDR_NOT_HELD)));
		assert_int_equal(box_vip_flags(texts[1]) & (ADDR_KINDS | ADDR_NOT_HELD),
				 held ? ADDR_OWN : ADDR_NOT_HELD);
	}
	assert_true(box_answers("192.0.2.1")); /* the book asks for itself whether it is held */
	/* Kernel interfaces have the one that is nothing else, and are told only when that changes. */
	assert_int_equal(box.tap_set, 1);
	assert_int_equal(box.tap_count, 1);
	assert_true(sl_addr_eq(&box.tap[0].prefix.addr, &(struct sl_addr[]){ box_addr(texts[1]) }[0]));
	txn = box_begin();
	PUT(txn, "10.0.0.254:80", NULL, DR("10.0.0.1"));
	box_commit(txn);
	assert_int_equal(box.tap_set, 2);
	assert_int_equal(box.tap_count, 0);
	txn = box_begin();
	box_drop(txn, "10.0.0.254:80");
	box_drop(txn, "192.0.2.1:80");
	box_commit(txn);
	assert_int_equal(box.tap_count, 0); /* they may have connections left */
	box_grace();
	(void)book_reap(&services);
	assert_true(dp_txn_tidy());
	assert_int_equal(box.tap_count, 2); /* one that has no service any more, too */
	/* What cannot be leaves all as it is. */
	assert_int_equal(moving_commit((const char *const[]){ "10.0.0.100" }, 1), -EINVAL);
	assert_int_equal(moving_commit((const char *const[]){ "10.0.0.9", "10.0.0.9" }, 2), -EINVAL);
	assert_int_equal(box.tap_count, 2);
	assert_int_equal(moving_commit(NULL, 0), 0);
	assert_int_equal(box.tap_count, 0);
	assert_int_equal(box_vip_flags("192.0.2.1"), 0);
}

static void
test_neighbours_full(void **state)
{
	struct dp_txn *txn;
	uint32_t slot[3];

	box.neigh_max = 2;
	box_net_commit("198.51.100.1", "10.0.0.254");
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"), NAT("172.16.5.5"));
	box_commit(txn);
	assert_int_equal(dp_real_slots[slot[0]].nexthop, 0);
	assert_int_not_equal(dp_real_slots[slot[1]].nexthop, 0);
	assert_int_equal(box.logged, 1);

	/* Another commit that names it tries again. */
	box.neigh_max = 3;
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"), NAT("172.16.5.5"));
	box_commit(txn);
	assert_int_not_equal(dp_real_slots[slot[0]].nexthop, 0);
}

static void
test_flush(void **state)
{
	struct dp_txn *txn = box_begin();
	uint16_t generation[40];
	uint32_t slot[2];

	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"), NAT("10.0.0.2"));
	box_commit(txn);
	generation[0] = dp_real_slots[slot[0]].generation;
	generation[1] = dp_real_slots[slot[1]].generation;
	txn = box_begin();
	for (unsigned int i = 0; i < 40; i++) /* more than fit at first */
		assert_int_equal(dp_txn_real_flush(txn, slot[0]), 0);
	assert_int_equal(dp_txn_real_flush(txn, 99), -ENOENT);
	assert_int_equal(dp_txn_real_flush(txn, UINT32_MAX), -ENOENT);
	assert_int_equal(dp_real_slots[slot[0]].generation, generation[0]);
	box_commit(txn);
	assert_int_equal(dp_real_slots[slot[0]].generation, (uint16_t)(generation[0] + 40));
	assert_int_equal(dp_real_slots[slot[1]].generation, generation[1]);
	txn = box_begin();
	assert_int_equal(dp_txn_real_flush(txn, slot[0]), 0);
	dp_txn_abort(txn);
	assert_int_equal(dp_real_slots[slot[0]].generation, (uint16_t)(generation[0] + 40));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_abort),
		BOX_TEST(test_committed),
		BOX_TEST(test_memory_runs_out),
		BOX_TEST(test_memory_runs_out_at_first),
		BOX_TEST(test_surroundings_fail),
		BOX_TEST(test_epochs),
		BOX_TEST(test_out),
		BOX_TEST(test_out_from_the_start),
		BOX_TEST(test_vip_flags),
		BOX_TEST(test_vip_lingers),
		BOX_TEST(test_tidy_waits),
		BOX_TEST(test_gateways_are_pinned),
		BOX_TEST(test_kept_are_pinned),
		BOX_TEST(test_groups),
		BOX_TEST(test_neighbours_full),
		BOX_TEST(test_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
