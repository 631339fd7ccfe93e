/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The book: servers and services that leave and come back while connections
 * last, what they have counted by then, and that nothing is left in the end; at
 * random, and a hundred thousand of them.
 */
#include "txn_box.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- life of servers and services ---- */

static void
test_server_leaves(void **state)
{
	struct dp_txn *txn;
	uint32_t slot[2], again[3];
	uint16_t generation;

	box_net_commit("198.51.100.1", "10.0.0.254");
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"), NAT("10.0.0.2"));
	assert_null(box_service("192.0.2.1:80")); /* nothing is seen before the commit */
	box_commit(txn);
	assert_int_equal(box.launched, 1);
	assert_int_equal(box_service("192.0.2.1:80")->count, 2);
	assert_int_not_equal(slot[0], slot[1]);
	assert_int_not_equal(dp_real_slots[slot[0]].nexthop, 0);
	box_flows(0, slot[1], 1);
	box_flows(1, slot[1], 1);

	/* The second server leaves with two connections. */
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", again, NAT("10.0.0.1"));
	box_commit(txn);
	assert_int_equal(again[0], slot[0]);
	assert_int_equal(box_service("192.0.2.1:80")->count, 1);
	assert_int_equal(box_reap(), 0);
	box_grace();
	assert_int_equal(box_reap(), 0);
	assert_non_null(book_real_at(slot[1]));
	assert_int_not_equal(dp_real_slots[slot[1]].nexthop, 0); /* its packets still go somewhere */
	box_flows(0, slot[1], -1);
	assert_int_equal(box_reap(), 0);
	box_flows(1, slot[1], -1);
	generation = dp_real_slots[slot[1]].generation;
	assert_int_equal(box_reap(), 1);
	assert_null(book_real_at(slot[1]));
	assert_int_not_equal(dp_real_slots[slot[1]].generation, generation);
	assert_int_equal(box_pins("10.0.0.1"), 1);
	assert_int_equal(box_pins("10.0.0.2"), 0);

	/* Its slot is not given away while a burst may still read it. */
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", again, NAT("10.0.0.1"), NAT("10.0.0.3"));
	box_commit(txn);
	assert_int_not_equal(again[1], slot[1]);
	box_grace();
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", again, NAT("10.0.0.1"), NAT("10.0.0.3"), NAT("10.0.0.4"));
	box_commit(txn);
	assert_int_equal(again[2], slot[1]);
}

/* A grace period that began before the server came back says nothing about when it left again. */
static void
test_server_leaves_twice(void **state)
{
	struct dp_txn *txn = box_begin();
	uint32_t slot[2];
	unsigned int before, first_leave;

	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"), NAT("10.0.0.2"));
	box_commit(txn);
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"));
	box_commit(txn);
	first_leave = box.deferred_count;
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"), NAT("10.0.0.2"));
	box_commit(txn);
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"));
	before = box.deferred_count;
	box_commit(txn);

	box_grace_some(first_leave);
	assert_int_equal(box_reap(), 0); /* a worker may still follow the snapshot that has it */
	box_grace_some(before - first_leave);
	assert_int_equal(box_reap(), 0);
	box_grace();
	assert_int_equal(box_reap(), 1);
}

static void
test_server_returns(void **state)
{
	struct dp_txn *txn = box_begin();
	struct dp_real_stats stats;
	uint32_t slot[1], again[1];

	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"));
	box_commit(txn);
	box_flows(0, slot[0], 3);
	box_packets(0, slot[0], 10, 20);
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.9"));
	box_commit(txn);
	box_grace();
	assert_int_equal(box_reap(), 0);
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", again, NAT("10.0.0.1"));
	box_commit(txn);
	box_grace();
	assert_int_equal(again[0], slot[0]);
	dp_real_stats(again[0], &stats);
	assert_int_equal(stats.traffic.conns, 3);
	assert_int_equal(stats.traffic.out_packets, 20);
	assert_int_equal(stats.inactive, 3);
	box_flows(0, slot[0], -3);
	(void)box_reap();
	assert_non_null(book_real_at(slot[0])); /* listed: stays without connections */
}

/* The book does not forget a server that an open transaction is about to bring back. */
static void
test_reap_beside_transaction(void **state)
{
	struct dp_txn *txn = box_begin();
	uint32_t slot[1], again[1];

	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"));
	box_commit(txn);
	txn = box_begin();
	box_drop(txn, "192.0.2.1:80");
	box_commit(txn);
	box_grace();
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", again, NAT("10.0.0.1"));
	assert_int_equal(box_reap(), 0);
	box_commit(txn);
	assert_int_equal(again[0], slot[0]);
	assert_int_equal(box_service("192.0.2.1:80")->server[0].slot, slot[0]);
}

/* ---- counters ---- */

static void
test_counters(void **state)
{
	struct dp_service_key key = box_key("192.0.2.1:80");
	struct dp_txn *txn = box_begin();
	struct dp_real_stats stats;
	struct dp_traffic traffic;
	uint32_t slot[2], service, again[1];

	PUT(txn, "192.0.2.1:80", slot, NAT("10.0.0.1"), NAT("10.0.0.2"));
	box_commit(txn);
	service = book_service_find(&key)->slot;
	box_flows(0, slot[0], 2);
	box_packets(0, slot[0], 5, 3);
	box_flows(1, slot[1], 4);
	box_packets(1, slot[1], 7, 0);
	dp_real_stats(slot[1], &stats);
	assert_int_equal(stats.traffic.conns, 4);
	assert_int_equal(stats.traffic.in_bytes, 700);
	dp_service_stats(service, &traffic);
	assert_int_equal(traffic.conns, 6);
	assert_int_equal(traffic.in_packets, 12);
	assert_int_equal(traffic.out_bytes, 3000);

	dp_workers[1]->outcome[slot[1]] = (struct dp_real_outcome){ .syns = 4, .answered = 2, .refused = 1 };
	dp_workers[0]->outcome[slot[1]].answered = 1;
	dp_real_stats(slot[1], &stats);
	assert_true(stats.syns == 4 && stats.answered == 3 && stats.refused == 1);

	/* A server goes: the service has counted what it counted. */
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", NULL, NAT("10.0.0.1"));
	box_commit(txn);
	box_grace();
	box_flows(1, slot[1], -4);
	box_packets(1, slot[1], 1, 0);
	assert_int_equal(box_reap(), 1);
	box_grace();
	dp_service_stats(service, &traffic);
	assert_int_equal(traffic.conns, 6);
	assert_int_equal(traffic.in_packets, 13);
	dp_real_stats(slot[1], &stats);
	assert_int_equal(stats.traffic.in_packets, 0);

	/* Another server takes its slot: it begins at zero. */
	txn = box_begin();
	PUT(txn, "192.0.2.2:80", again, NAT("10.0.0.3"));
	box_commit(txn);
	assert_int_equal(again[0], slot[1]);
	dp_real_stats(again[0], &stats);
	assert_int_equal(stats.traffic.in_packets, 0);
	assert_true(stats.syns == 0 && stats.answered == 0 && stats.refused == 0);
	dp_workers[1]->outcome[slot[1]].refused++;
	dp_real_stats(again[0], &stats);
	assert_int_equal(stats.refused, 1);
	box_packets(1, again[0], 2, 2);
	dp_real_stats(again[0], &stats);
	assert_int_equal(stats.traffic.in_packets, 2);

	/* The first service goes and comes back while it has flows: it counts anew, its server goes on. */
	txn = box_begin();
	box_drop(txn, "192.0.2.1:80");
	box_commit(txn);
	box_packets(0, slot[0], 1, 0);
	dp_service_stats(service, &traffic);
	assert_int_equal(traffic.in_packets, 14); /* still looked at by its slot */
	txn = box_begin();
	PUT(txn, "192.0.2.1:80", again, NAT("10.0.0.1"));
	box_commit(txn);
	assert_int_equal(again[0], slot[0]);
	assert_int_equal(book_service_find(&key)->slot, service);
	dp_service_stats(service, &traffic);
	assert_int_equal(traffic.in_packets, 0);
	assert_int_equal(traffic.conns, 0);
	dp_real_stats(slot[0], &stats);
	assert_int_equal(stats.traffic.in_packets, 6);
	box_packets(0, slot[0], 1, 1);
	dp_service_stats(service, &traffic);
	assert_int_equal(traffic.in_packets, 1);

	dp_service_stats(0, &traffic);
	dp_service_stats(UINT32_MAX, &traffic);
	assert_int_equal(traffic.conns, 0);
	dp_real_stats(UINT32_MAX, &stats);
	assert_int_equal(stats.inactive, 0);
}

/* ---- at random, and at scale ---- */

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

/*
 * Services that come, change and go at random while connections come and end;
 * at the end all has gone and nothing is left in the book.
 */
static void
test_random(void **state)
{
	enum { SERVICES = 6, SERVERS = 8, ROUNDS = 4000 };
	static const char *const servers[SERVERS] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4",
						      "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8" };
	uint32_t present[SERVICES] = { 0 }; /* a bit a server; bit 31: the service is there */
	uint64_t x = 7;

	box_net_commit("198.51.100.1", "10.0.0.254");
	for (unsigned int round = 0; round < ROUNDS; round++) {
		bool last = round >= ROUNDS - 2 * SERVICES, aborted;
		uint32_t wanted[SERVICES], n = 1 + random_next(&x) % 3;
		struct dp_txn *txn = box_begin();

		memcpy(wanted, present, sizeof(wanted));
		for (; n > 0; n--) {
			uint32_t s = last ? round % SERVICES : random_next(&x) % SERVICES;
			struct server list[SERVERS];
			char endpoint[32];
			uint32_t count = 0;

			snprintf(endpoint, sizeof(endpoint), "192.0.2.%u:80", s);
			if (wanted[s] != 0 && (last || random_next(&x) % 4 == 0)) {
				box_drop(txn, endpoint);
				wanted[s] = 0;
			} else if (!last) {
				wanted[s] = 1u << 31 | (random_next(&x) & ((1u << SERVERS) - 1));
				for (uint32_t k = 0; k < SERVERS; k++)
					if (wanted[s] >> k & 1)
						list[count++] =
							(struct server){ servers[k], 1 + random_next(&x) % 3,
									 random_next(&x) & 1 };
				assert_int_equal(box_put(txn, endpoint, &box_sched, list, count, NULL), 0);
			}
		}
		aborted = !last && random_next(&x) % 5 == 0;
		if (aborted) {
			dp_txn_abort(txn);
		} else {
			box_commit(txn);
			memcpy(present, wanted, sizeof(present));
		}

		/* Workers follow the present snapshot: open connections, and end some anywhere. */
		for (uint32_t s = 0; s < SERVICES; s++) {
			char endpoint[32];
			const struct dp_svc *svc;

			snprintf(endpoint, sizeof(endpoint), "192.0.2.%u:80", s);
			svc = box_service(endpoint);
			assert_int_equal(svc != NULL, present[s] != 0);
			if (svc == NULL)
				continue;
			assert_int_equal(svc->count, __builtin_popcount(present[s] & ((1u << SERVERS) - 1)));
			assert_true((box_vip_flags(strtok(endpoint, ":")) & ADDR_VIP) != 0);
			if (svc->count > 0 && !last)
				box_flows(random_next(&x) % WORKERS,
					  svc->server[random_next(&x) % svc->count].slot, 1);
		}
		for (uint32_t slot = 1; slot < 200; slot++)
			for (unsigned int worker = 0; worker < WORKERS; worker++)
				if (dp_workers[worker]->real[slot].total > 0) {
					assert_non_null(book_real_at(slot)); /* never freed under its flows */
					if (last || random_next(&x) % 3 == 0)
						box_flows(worker, slot,
							  -(int)dp_workers[worker]->real[slot].total);
				}
		if (random_next(&x) % 3 == 0)
			box_grace();
		(void)box_reap();
	}
	box_grace();
	(void)box_reap();
	box_grace();
	assert_int_equal(HASH_COUNT(book_services), 0);
	assert_int_equal(HASH_COUNT(book_reals), 0);
	assert_int_equal(box.pins, 2); /* the gateways */
	assert_int_equal(box.vip_count, 0);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 100,000 services in one transaction, each with a server; then one of them changes. */
static void
test_scale(void **state)
{
	enum { COUNT = 100000 };
	double start, half = 0, put, committed, change, removal;
	struct dp_txn *txn = box_begin();
	char error[DP_ERROR_SIZE];

	start = seconds();
	for (uint32_t i = 0; i < COUNT; i++) {
		struct dp_real real = { .weight = 1, .order = 1 };
		struct dp_service service = { .sched = &box_sched, .reals = &real, .real_count = 1 };

		if (i == COUNT / 2)
			half = seconds() - start;
		service.key = (struct dp_service_key){
			.vip = sl_addr_from_v4(RTE_BE32(0x0a000000) + rte_cpu_to_be_32(i / 4)),
			.port = (uint16_t)(80 + i % 4),
			.proto = SL_PROTO_TCP,
		};
		real.addr = sl_addr_from_v4(RTE_BE32(0x0b000000) + rte_cpu_to_be_32(i));
		assert_int_equal(dp_txn_service_put(txn, &service, error), 0);
	}
	put = seconds() - start;
	box_commit(txn);
	committed = seconds() - start;
	box_grace();
	assert_int_equal(box.vip_count, COUNT / 4);

	start = seconds();
	for (uint32_t i = 0; i < 100; i++) {
		struct dp_real real = { .weight = 2 + i, .order = 1, .addr = box_addr("11.0.0.5") };
		struct dp_service service = {
			.key = box_key("10.0.0.1:81"), .sched = &box_sched, .reals = &real, .real_count = 1
		};

		txn = box_begin();
		assert_int_equal(dp_txn_service_put(txn, &service, error), 0);
		box_commit(txn);
	}
	change = (seconds() - start) / 100;
	box_grace();

	start = seconds();
	txn = box_begin();
	for (uint32_t i = 0; i < COUNT; i++) {
		struct dp_service_key key = {
			.vip = sl_addr_from_v4(RTE_BE32(0x0a000000) + rte_cpu_to_be_32(i / 4)),
			.port = (uint16_t)(80 + i % 4),
			.proto = SL_PROTO_TCP,
		};

		assert_int_equal(dp_txn_service_remove(txn, &key, error), 0);
	}
	box_commit(txn);
	box_grace();
	removal = seconds() - start;
	print_message("%d services: put in %.0f ms (the first half in %.0f), published in %.0f ms; one "
		      "changed in %.3f ms; "
		      "all removed in %.0f ms\n",
		      COUNT, put * 1e3, half * 1e3, (committed - put) * 1e3, change * 1e3, removal * 1e3);
	/* Generous, for a machine that is busy: linear takes a tenth of it, quadratic a hundred times as long. */
	assert_true(committed < 5.0);
	assert_true(change < 0.05);
	assert_true(removal < 5.0);
}
int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_server_leaves),  BOX_TEST(test_server_leaves_twice),
		BOX_TEST(test_server_returns), BOX_TEST(test_reap_beside_transaction),
		BOX_TEST(test_counters),       BOX_TEST(test_random),
		BOX_TEST(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
