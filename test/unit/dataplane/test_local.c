/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local ports by themselves: whose they are, in which order they come, what the hash of
 * their replies is, and when there are none left.
 */
#include "local.h"
#include "worker.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <stdlib.h>

enum { WORKERS_MAX = 4, A = 1, B = 2 };

/* One group, slot 1, of two addresses. */
static const uint16_t indexes[] = { A, B };
static struct dp_locals *locals;
static struct dp_snapshot snapshot;
static struct dp_worker *workers[WORKERS_MAX];
static struct sl_addr server;
static const uint16_t server_port_be = RTE_BE16(8080);

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static void
open_all(unsigned int worker_count, unsigned int classes, uint32_t addresses)
{
	const struct sl_addr a = addr("10.0.0.200"), b = addr("10.0.0.201");

	assert_int_equal(dp_local_init(), 0);
	assert_int_equal(dp_local_open(A, &a, worker_count, classes), 0);
	assert_int_equal(dp_local_open(B, &b, worker_count, classes), 0);
	locals = calloc(1, sizeof(*locals) + 2 * sizeof(locals->range[0]));
	locals->group_count = 2;
	locals->index = indexes;
	locals->range[1][0] = (struct dp_local_range){ 0, addresses };
	snapshot.locals = locals;
	server = addr("10.0.0.11");
	for (unsigned int id = 0; id < worker_count; id++) {
		workers[id] = aligned_alloc(64, sizeof(*workers[id]));
		memset(workers[id], 0, sizeof(*workers[id]));
		workers[id]->id = id;
		workers[id]->worker_count = worker_count;
		workers[id]->snapshot = &snapshot;
		workers[id]->local_cursor = calloc(2, sizeof(*workers[id]->local_cursor));
	}
}

static void
close_all(void)
{
	for (unsigned int id = 0; id < WORKERS_MAX; id++) {
		if (workers[id] != NULL)
			free(workers[id]->local_cursor);
		free(workers[id]);
		workers[id] = NULL;
	}
	free(locals);
	dp_local_fini();
}

static uint32_t
take(unsigned int worker, uint8_t proto)
{
	return dp_local_take(workers[worker], 1, proto, &server, server_port_be);
}

static unsigned int
port_of(uint32_t local)
{
	return rte_be_to_cpu_16(local_port_be(local));
}

/* Wherever a start begins: every port once, in a circle. */
static void
test_begin(void **state)
{
	static const struct {
		uint64_t number;
		unsigned int first;
	} rows[] = {
		{ 0, LOCAL_PORT_FIRST },
		{ 5, LOCAL_PORT_FIRST + 5 },
		{ LOCAL_PORTS - 1, 65535 },
		{ LOCAL_PORTS, LOCAL_PORT_FIRST },
		{ UINT64_MAX, LOCAL_PORT_FIRST + UINT64_MAX % LOCAL_PORTS },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		dp_local_begin_at(rows[i].number);
		open_all(1, 1, 1);
		for (unsigned int n = 0; n < LOCAL_PORTS; n++)
			assert_int_equal(port_of(take(0, SL_PROTO_TCP)),
					 LOCAL_PORT_FIRST +
						 (rows[i].first - LOCAL_PORT_FIRST + n) % LOCAL_PORTS);
		assert_int_equal(take(0, SL_PROTO_TCP), 0);
		close_all();
	}
	dp_local_begin_at(0);
}

/* The port that has been free longest comes first; never-used ones have been so for ever. */
static void
test_order(void **state)
{
	uint32_t first, second, last = 0;

	open_all(1, 1, 1);
	first = take(0, SL_PROTO_TCP);
	second = take(0, SL_PROTO_TCP);
	assert_int_equal(port_of(first), LOCAL_PORT_FIRST);
	assert_int_equal(port_of(second), LOCAL_PORT_FIRST + 1);
	dp_local_put(workers[0], second, SL_PROTO_TCP);
	dp_local_put(workers[0], first, SL_PROTO_TCP);
	for (unsigned int n = 2; n < LOCAL_PORTS; n++) {
		last = take(0, SL_PROTO_TCP);
		assert_int_equal(port_of(last), LOCAL_PORT_FIRST + n);
	}
	assert_int_equal(take(0, SL_PROTO_TCP), second);
	assert_int_equal(take(0, SL_PROTO_TCP), first);
	assert_int_equal(take(0, SL_PROTO_TCP), 0);
	assert_int_equal(dp_local_used(A, SL_PROTO_TCP), LOCAL_PORTS);
	assert_int_equal(dp_local_used(A, SL_PROTO_UDP), 0);
	/* The other protocol has its own. */
	assert_int_equal(port_of(take(0, SL_PROTO_UDP)), LOCAL_PORT_FIRST);
	dp_local_put(workers[0], last, SL_PROTO_TCP);
	assert_int_equal(take(0, SL_PROTO_TCP), last);
	close_all();
}

/* Addresses take turns; a full one is passed over; a group that is not there has none. */
static void
test_turns(void **state)
{
	uint32_t last = 0;

	open_all(1, 1, 2);
	for (unsigned int n = 0; n < 2 * LOCAL_PORTS; n++) {
		last = take(0, SL_PROTO_TCP);
		assert_int_equal(last >> 16, n % 2 == 0 ? A : B);
	}
	assert_int_equal(take(0, SL_PROTO_TCP), 0);
	dp_local_put(workers[0], last, SL_PROTO_TCP);
	assert_int_equal(take(0, SL_PROTO_TCP), last);
	assert_int_equal(dp_local_take(workers[0], 2, SL_PROTO_TCP, &server, server_port_be), 0);
	assert_int_equal(dp_local_take(workers[0], 0, SL_PROTO_TCP, &server, server_port_be), 0);
	server = addr("2001:db8::1");
	assert_int_equal(take(0, SL_PROTO_TCP), 0); /* the group has no IPv6 address */
	close_all();
}

/* Every port is some worker's, and one's only: however many workers and classes. */
static void
test_shares(void **state)
{
	static const struct {
		const char *name;
		unsigned int workers, classes;
	} rows[] = {
		{ "one worker", 1, 1 },   { "two workers", 2, 1 },           { "three workers", 3, 1 },
		{ "two, by hash", 2, 2 }, { "four workers, by hash", 4, 4 },
	};

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		static uint8_t seen[65536];
		unsigned int all = 0;

		open_all(rows[i].workers, rows[i].classes, 1);
		memset(seen, 0, sizeof(seen));
		for (unsigned int id = 0; id < rows[i].workers; id++) {
			unsigned int count = 0;
			uint32_t local;

			while ((local = take(id, SL_PROTO_UDP)) != 0) {
				sl_check_int(rows[i].name, seen[port_of(local)]++, 0);
				count++;
			}
			sl_check(rows[i].name, count >= LOCAL_PORTS / rows[i].workers - rows[i].classes);
			all += count;
		}
		sl_check_int(rows[i].name, all, LOCAL_PORTS);
		close_all();
	}
}

/* Toeplitz as devices compute it: a bit of the input at a time. */
static uint32_t
toeplitz(const uint8_t *input, unsigned int len)
{
	uint32_t hash = 0;

	for (unsigned int bit = 0; bit < len * 8; bit++)
		if ((input[bit / 8] & 0x80u >> bit % 8) != 0)
			for (unsigned int n = 0; n < 32; n++)
				if ((0x6d5au >> (15 - (bit + n) % 16) & 1) != 0)
					hash ^= 0x80000000u >> n;
	return hash;
}

/* As long as there are such ports, the reply comes to the queue of the worker that took the port. */
static void
test_rss(void **state)
{
	static const char *const servers[] = { "10.0.0.11", "10.0.0.12", "192.168.7.250", "172.16.3.4" };

	open_all(4, 4, 2);
	for (unsigned int n = 0; n < 4000; n++) {
		unsigned int id = n % 4;
		uint8_t input[12];
		uint16_t port_be;
		uint32_t local;

		server = addr(servers[n / 4 % SL_COUNT(servers)]);
		local = take(id, SL_PROTO_TCP);
		assert_int_not_equal(local, 0);
		port_be = local_port_be(local);
		memcpy(input, server.b + 12, 4);
		memcpy(input + 4, local_addr(local)->b + 12, 4);
		memcpy(input + 8, &server_port_be, 2);
		memcpy(input + 10, &port_be, 2);
		assert_int_equal(toeplitz(input, sizeof(input)) % 128 % 4, id);
	}
	close_all();
}

/* A slot names owner and flow while it is bound, for both protocols apart. */
static void
test_slots(void **state)
{
	uint32_t tcp, udp;

	open_all(2, 1, 1);
	tcp = take(1, SL_PROTO_TCP);
	udp = local_make(A, local_port_be(tcp));
	assert_int_equal(dp_local_owner(A, SL_PROTO_TCP, local_port_be(tcp)), -1);
	dp_local_bind(workers[1], tcp, SL_PROTO_TCP, (1u << LOCAL_NUMBER_BITS) - 1);
	assert_int_equal(dp_local_owner(A, SL_PROTO_TCP, local_port_be(tcp)), 1);
	assert_int_equal(local_number(*local_slot(tcp, SL_PROTO_TCP)), (1u << LOCAL_NUMBER_BITS) - 1);
	assert_int_equal(dp_local_owner(A, SL_PROTO_UDP, local_port_be(udp)), -1);
	assert_int_equal(dp_local_owner(B, SL_PROTO_TCP, local_port_be(tcp)), -1);
	assert_null(dp_local_flow(workers[0], A, SL_PROTO_TCP, local_port_be(tcp)));
	dp_local_put(workers[1], tcp, SL_PROTO_TCP);
	assert_int_equal(dp_local_owner(A, SL_PROTO_TCP, local_port_be(tcp)), -1);
	close_all();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),  cmocka_unit_test(test_order), cmocka_unit_test(test_turns),
		cmocka_unit_test(test_shares), cmocka_unit_test(test_rss),   cmocka_unit_test(test_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
