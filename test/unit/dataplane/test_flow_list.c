/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that end by themselves, and the list of those there are: every state's
 * time to the tick, budgets and cursors over several workers, filters as a table, and
 * a reader beside a worker that never rests.
 */
#include "sync.h"
#include "tcp_state.h"
#include "worker.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WORKERS = 3, SERVERS = 4, FLOWS = 2000, LIVE = 1900 };

struct dp_real_slot *dp_real_slots;
struct dp_worker *dp_workers[DP_WORKERS_MAX];
unsigned int dp_workers_count;

/* What the peer would be told: who ends before time. */
static _Atomic uint64_t words[128];
static struct dp_sync_worker sync_part = { .change = words, .change_mask = SL_COUNT(words) - 1 };

void
dp_sync_foreign_clear(struct dp_worker *w, struct flow *flow)
{
	flow->generation &= GENERATION_MASK;
}

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static int
setup(void **state)
{
	static const uint64_t secret[2] = { 1, 2 };

	dp_real_slots = calloc(SERVERS + 1, sizeof(*dp_real_slots));
	for (uint32_t i = 1; i <= SERVERS; i++) {
		dp_real_slots[i].addr = sl_addr_from_v4(rte_cpu_to_be_32(0x0a000000 + i));
		dp_real_slots[i].port_be = RTE_BE16(8080);
	}
	dp_workers_count = WORKERS;
	for (unsigned int id = 0; id < WORKERS; id++) {
		dp_workers[id] = aligned_alloc(64, sizeof(struct dp_worker));
		memset(dp_workers[id], 0, sizeof(struct dp_worker));
		dp_workers[id]->id = id;
		dp_workers[id]->tick = 1000000;
		dp_workers[id]->real = calloc(SERVERS + 1, sizeof(struct dp_real_own));
		if (flow_table_init(&dp_workers[id]->table, FLOWS, secret, -1) != 0)
			return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	for (unsigned int id = 0; id < WORKERS; id++) {
		flow_table_fini(&dp_workers[id]->table);
		free(dp_workers[id]->real);
		free(dp_workers[id]);
	}
	free(dp_real_slots);
	return 0;
}

/* As schedule.c opens one. */
static struct flow *
flow_open(struct dp_worker *w, const struct sl_addr *client, uint16_t client_port, uint16_t vip_port,
	  uint8_t proto, uint8_t flow_state, uint32_t real)
{
	struct pkt_key key = {
		.client = *client,
		.other = sl_addr_from_v4(RTE_BE32(0xc0000201)),
		.ports = (uint64_t)rte_cpu_to_be_16(client_port) |
			 (uint64_t)rte_cpu_to_be_16(vip_port) << KEY_SHIFT_VIP_PORT |
			 (uint64_t)proto << KEY_SHIFT_PROTO,
	};
	struct flow_hash hash = flow_hash(&w->table, client, (uint16_t)key.ports, proto);
	enum sl_drop reason;
	struct flow *flow = flow_insert(&w->table, &key, hash, &reason);

	assert_non_null(flow);
	flow->real = real;
	flow->real_port_be = dp_real_slots[real].port_be;
	flow->generation = dp_real_slots[real].generation;
	flow->state = flow_state;
	flow->flags = real % 2 ? SL_FWD_NAT : SL_FWD_DR | FLOW_IN_ONLY;
	flow->seen = w->tick;
	atomic_signal_fence(memory_order_seq_cst);
	flow->seq++;
	w->real[real].total++;
	w->real[real].active += TCP_ACTIVE_STATES >> flow_state & 1;
	w->count.flows_created++;
	return flow;
}

/* ---- ends ---- */

static void
test_every_state_ends(void **state)
{
	static const struct {
		enum sl_state state;
		uint32_t seconds;
	} rows[] = {
		{ SL_STATE_NONE, 2 },      { SL_STATE_ESTABLISHED, 900 }, { SL_STATE_SYN_SENT, 120 },
		{ SL_STATE_SYN_RECV, 60 }, { SL_STATE_FIN_WAIT, 120 },    { SL_STATE_TIME_WAIT, 120 },
		{ SL_STATE_CLOSE, 10 },    { SL_STATE_CLOSE_WAIT, 60 },   { SL_STATE_LAST_ACK, 30 },
		{ SL_STATE_LISTEN, 120 },  { SL_STATE_SYNACK, 120 },      { SL_STATE_UDP, 300 },
	};
	struct dp_worker *w = dp_workers[0];
	struct sl_addr client = addr("203.0.113.5");

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint32_t ticks = rows[i].seconds * 1000 / TICK_MS;
		char row[32];

		snprintf(row, sizeof(row), "state %u", rows[i].state);
		flow_open(w, &client, 1000, 80, rows[i].state == SL_STATE_UDP ? SL_PROTO_UDP : SL_PROTO_TCP,
			  rows[i].state, 1);
		/* Not a moment before its time: the first tick may have been nearly over. */
		w->tick += ticks;
		dp_flow_sweep(w, 10);
		sl_check_int(row, w->table.used, 1);
		w->tick += 1;
		dp_flow_sweep(w, 10);
		sl_check_int(row, w->table.used, 0);
		sl_check_int(row, w->real[1].total, 0);
		sl_check_int(row, w->real[1].active, 0);
	}
	assert_int_equal(w->count.flows_expired, SL_COUNT(rows));
}

/* The clock of ticks turns over without ending anybody early. */
static void
test_clock_turns_over(void **state)
{
	struct dp_worker *w = dp_workers[0];
	struct sl_addr client = addr("203.0.113.5");

	w->tick = UINT32_MAX - 10;
	flow_open(w, &client, 1000, 80, SL_PROTO_TCP, SL_STATE_SYN_RECV, 1);
	w->tick += 120;
	dp_flow_sweep(w, 10);
	assert_int_equal(w->table.used, 1);
	w->tick += 1;
	dp_flow_sweep(w, 10);
	assert_int_equal(w->table.used, 0);
}

/* A budget is what is looked at, no more; in as many steps as it takes everything is. */
static void
test_budget(void **state)
{
	struct dp_worker *w = dp_workers[0];
	struct sl_addr client = addr("203.0.113.5");

	atomic_store(&w->sync, &sync_part);
	dp_flow_sweep(w, 10); /* of an empty table */
	for (uint16_t i = 0; i < 1000; i++)
		flow_open(w, &client, (uint16_t)(1000 + i), 80, SL_PROTO_TCP, SL_STATE_CLOSE, 1);
	w->tick += 1000;
	for (unsigned int step = 1; step <= 10; step++) {
		dp_flow_sweep(w, 100);
		assert_int_equal(w->table.used, 1000 - step * 100);
	}
	/* Flows whose server's generation changed end at once; of those, not of idle ones, the peer is told. */
	assert_int_equal(sync_part.change_head, 0);
	for (uint16_t i = 0; i < 100; i++)
		flow_open(w, &client, (uint16_t)(1000 + i), 80, SL_PROTO_TCP, SL_STATE_ESTABLISHED,
			  1 + i % 2);
	dp_real_slots[1].generation++;
	dp_flow_sweep(w, 5000);
	assert_int_equal(w->table.used, 50);
	assert_int_equal(sync_part.change_head, 50);
	for (unsigned int i = 0; i < 50; i++)
		assert_true((words[i] & SYNC_WORD_END) != 0);
	assert_int_equal(w->real[1].total, 0);
	assert_int_equal(w->real[2].total, 50);
	assert_int_equal(w->real[2].active, 50);
}

/* ---- the list ---- */

static size_t
list(const struct dp_conn_filter *filter, size_t max, size_t budget, struct dp_conn *ret)
{
	struct dp_conn_cursor cursor = { 0 };
	size_t count = 0, calls = 0;

	while (!cursor.done) {
		count += dp_conn_next(&cursor, filter, ret + count, max, budget);
		assert_true(++calls < 100000);
	}
	return count;
}

static void
test_cursor(void **state)
{
	static const struct {
		const char *name;
		size_t max, budget;
	} rows[] = {
		{ "all at once", 10000, 1000000 },          { "one at a time", 1, 1000000 },
		{ "seven at a time", 7, 1000000 },          { "one entry a step", 10000, 1 },
		{ "five entries a step, two found", 2, 5 },
	};
	static struct dp_conn conns[10000];
	const struct dp_conn_filter all = { .proto = 0 };

	/* An empty worker between two others; every third flow is gone again. */
	for (unsigned int id = 0; id < WORKERS; id += 2) {
		for (uint32_t i = 0; i < 600; i++) {
			struct sl_addr client = sl_addr_from_v4(rte_cpu_to_be_32(0xcb007100 + i));
			struct flow *flow = flow_open(dp_workers[id], &client, (uint16_t)(1000 + id), 80,
						      SL_PROTO_TCP, SL_STATE_ESTABLISHED, 1);

			if (i % 3 == 0)
				dp_flow_end(dp_workers[id], flow);
		}
	}
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		size_t count = list(&all, rows[i].max, rows[i].budget, conns);
		uint32_t seen[2] = { 0 };

		sl_check_int(rows[i].name, count, 800);
		for (size_t k = 0; k < count; k++) {
			sl_check(rows[i].name, conns[k].worker == 0 || conns[k].worker == 2);
			sl_check_int(rows[i].name, conns[k].client_port, 1000 + conns[k].worker);
			seen[conns[k].worker / 2]++;
		}
		sl_check_int(rows[i].name, seen[0], 400);
	}
}

/* One that is just being made is in nobody's list. */
static void
test_half_made(void **state)
{
	const struct dp_conn_filter all = { .proto = 0 };
	struct sl_addr client = addr("203.0.113.5");
	struct flow *flow = flow_open(dp_workers[0], &client, 1, 80, SL_PROTO_TCP, SL_STATE_ESTABLISHED, 1);
	struct dp_conn conn;

	flow->seq++;
	assert_int_equal(list(&all, 1, 100, &conn), 0);
	flow->seq++;
	assert_int_equal(list(&all, 1, 100, &conn), 1);
}

static void
test_entry(void **state)
{
	static const struct {
		const char *name;
		uint32_t idle_ticks;
		uint8_t state;
		uint32_t expires_ms;
	} rows[] = {
		{ "just now", 0, SL_STATE_ESTABLISHED, 900000 },
		{ "a minute ago", 120, SL_STATE_ESTABLISHED, 840000 },
		{ "over time, not swept yet", 5000, SL_STATE_ESTABLISHED, 0 },
		{ "UDP", 2, SL_STATE_UDP, 299000 },
	};
	struct dp_worker *w = dp_workers[1];
	struct sl_addr client = addr("2001:db8::7");

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct dp_conn_filter all = { .proto = 0 };
		struct flow *flow = flow_open(w, &client, 4000, 443, SL_PROTO_TCP, rows[i].state, 2);
		struct dp_conn conn;

		w->tick += rows[i].idle_ticks;
		sl_check_int(rows[i].name, list(&all, 1, 100, &conn), 1);
		sl_check(rows[i].name, sl_addr_eq(&conn.client, &client));
		sl_check(rows[i].name, sl_addr_eq(&conn.vip, &(struct sl_addr[]){ addr("192.0.2.1") }[0]));
		sl_check(rows[i].name, sl_addr_eq(&conn.real, &(struct sl_addr[]){ addr("10.0.0.2") }[0]));
		sl_check_int(rows[i].name, conn.client_port, 4000);
		sl_check_int(rows[i].name, conn.vip_port, 443);
		sl_check_int(rows[i].name, conn.real_port, 8080);
		sl_check_int(rows[i].name, conn.proto, SL_PROTO_TCP);
		sl_check_int(rows[i].name, conn.fwd, SL_FWD_DR);
		sl_check_int(rows[i].name, conn.state, rows[i].state);
		sl_check_int(rows[i].name, conn.worker, 1);
		sl_check_int(rows[i].name, conn.expires_ms, rows[i].expires_ms);
		dp_flow_end(w, flow);
	}
}

static void
test_filters(void **state)
{
	struct filter {
		const char *name;
		struct dp_conn_filter filter;
		size_t count;
	};
	/* Ten clients, ports 1000 and 1001, services 80 and 81, servers in turn; every second one closes. */
	const struct filter rows[] = {
		{ "all", { .proto = 0 }, 40 },
		{ "a client", { .client = { addr("203.0.113.5"), 32 } }, 4 },
		{ "a network", { .client = { addr("203.0.113.0"), 30 } }, 16 },
		{ "all IPv4", { .client = { addr("0.0.0.0"), 0 } }, 40 },
		{ "an IPv6 network", { .client = { addr("2001:db8::"), 32 } }, 0 },
		{ "a client's port", { .client_port = 1001 }, 20 },
		{ "a service", { .vip = addr("192.0.2.1"), .vip_port = 81 }, 20 },
		{ "another VIP", { .vip = addr("192.0.2.2") }, 0 },
		{ "a server", { .real = addr("10.0.0.1") }, 10 },
		{ "a server and its port", { .real = addr("10.0.0.1"), .real_port = 8080 }, 10 },
		{ "a server's other port", { .real_port = 8081 }, 0 },
		{ "TCP", { .proto = SL_PROTO_TCP }, 40 },
		{ "UDP", { .proto = SL_PROTO_UDP }, 0 },
		{ "a state", { .by_state = true, .state = SL_STATE_CLOSE }, 20 },
		{ "state NONE, which is 0", { .by_state = true, .state = SL_STATE_NONE }, 0 },
		{ "several at once",
		  { .client = { addr("203.0.113.4"), 32 }, .client_port = 1000, .vip_port = 80 },
		  1 },
	};
	static struct dp_conn conns[100];
	uint32_t n = 0;

	for (uint32_t c = 0; c < 10; c++)
		for (uint16_t port = 1000; port < 1002; port++)
			for (uint16_t vport = 80; vport < 82; vport++, n++) {
				struct sl_addr client = sl_addr_from_v4(rte_cpu_to_be_32(0xcb007100 + c));

				flow_open(dp_workers[n % WORKERS], &client, port, vport, SL_PROTO_TCP,
					  n % 2 ? SL_STATE_CLOSE : SL_STATE_ESTABLISHED, 1 + n % SERVERS);
			}
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		sl_check_int(rows[i].name, list(&rows[i].filter, 100, 10, conns), rows[i].count);
}

/* ---- a reader beside a worker ---- */

static _Atomic bool stop;

/*
 * Flows whose every member follows from one number come and go as fast as can be;
 * so many that an entry's sequence number does not come round while a reader waits for a CPU.
 */
static void *
churn(void *arg)
{
	struct dp_worker *w = dp_workers[0];
	static struct flow *live[LIVE];

	for (uint32_t n = 0; !atomic_load(&stop); n++) {
		struct sl_addr client = sl_addr_from_v4(rte_cpu_to_be_32(0x0b000000 + (n & 0xffff)));

		if (live[n % LIVE] != NULL)
			dp_flow_end(w, live[n % LIVE]);
		live[n % LIVE] = flow_open(w, &client, (uint16_t)(n ^ 0x5555), (uint16_t)(n ^ 0x2222),
					   SL_PROTO_TCP, SL_STATE_ESTABLISHED, 1 + n % SERVERS);
	}
	return NULL;
}

static void
test_reader_beside_worker(void **state)
{
	const struct dp_conn_filter all = { .proto = 0 };
	struct dp_conn_cursor cursor = { 0 };
	unsigned long found = 0;
	pthread_t worker;
	time_t limit = time(NULL) + 5;

	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&worker, NULL, churn, NULL), 0);
	while (found < 2000000 && time(NULL) < limit) {
		struct dp_conn conns[64];
		size_t count = dp_conn_next(&cursor, &all, conns, 64, 64);

		for (size_t i = 0; i < count; i++) {
			uint32_t n = rte_be_to_cpu_32(sl_addr_v4_be(&conns[i].client)) - 0x0b000000;

			/* A copy is of one flow, whole. */
			assert_int_equal(conns[i].client_port, (uint16_t)(n ^ 0x5555));
			assert_int_equal(conns[i].vip_port, (uint16_t)(n ^ 0x2222));
			assert_int_equal(conns[i].state, SL_STATE_ESTABLISHED);
		}
		found += count;
		if (cursor.done)
			cursor = (struct dp_conn_cursor){ 0 };
	}
	atomic_store(&stop, true);
	pthread_join(worker, NULL);
	assert_true(found >= 100000); /* of a slow machine */
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_state_ends), TEST(test_clock_turns_over),
		TEST(test_budget),           TEST(test_cursor),
		TEST(test_half_made),        TEST(test_entry),
		TEST(test_filters),          TEST(test_reader_beside_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
