/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A million connections of the peer, put into one worker's table, as after a bulk; then told again in a
 * bulk of our own. Prints how long both take, and what a change costs the worker.
 */
#include "sync_box.h"

#include "sl_addr.h"
#include "wire.h"

#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>

enum { MILLION = 1000000, TABLE = 1100000, BATCH = 1000, SERVERS = 1000, LIMIT_MS = 60000 };

static struct dp_sync_conn conns[BATCH];

static unsigned int
ms_since(uint64_t tsc)
{
	return (unsigned int)((rte_rdtsc() - tsc) * 1000 / rte_get_tsc_hz());
}

static void
box_configure(void)
{
	static const uint64_t secret[2] = { 3, 5 };
	static struct dp_real reals[SERVERS];

	flow_table_fini(&dp_workers[0]->table);
	assert_int_equal(flow_table_init(&dp_workers[0]->table, TABLE, secret, -1), 0);
	for (uint32_t i = 0; i < SERVERS; i++)
		reals[i] = (struct dp_real){ .addr = sl_addr_from_v4(rte_cpu_to_be_32(0x0a010000 + i)),
					     .fwd = SL_FWD_NAT,
					     .weight = 1 };
	pipe_serve_reals("192.0.2.8", 80, SL_PROTO_TCP, "rr", reals, SERVERS);
	assert_int_equal(dp_sync_init(1, 1 << 16), 0);
	assert_int_equal(dp_sync_open(0), 0);
}

static void
conn_number(struct dp_sync_conn *c, uint32_t n)
{
	c->client = sl_addr_from_v4(rte_cpu_to_be_32(0x0b000000 + n / 50000));
	c->client_port = (uint16_t)(1024 + n % 50000);
	c->real = sl_addr_from_v4(rte_cpu_to_be_32(0x0a010000 + n % SERVERS));
}

static void
test_million(void **state)
{
	const struct sync_spec spec = { .vip = "192.0.2.8" };
	struct dp_worker *w = dp_workers[0];
	struct dp_sync_cursor cursor = { 0 };
	struct dp_sync_conn c = sync_conn(&spec);
	uint64_t tsc, in_put = 0, in_take = 0;
	size_t told = 0;

	box_configure();
	w->snapshot = atomic_load(&dp_snapshot_current);
	for (uint32_t n = 0; n < MILLION; n += 500) {
		tsc = rte_rdtsc();
		for (uint32_t i = n; i < n + 500; i++) {
			conn_number(&c, i);
			assert_int_equal(dp_sync_put(0, &c), DP_SYNC_TAKEN);
		}
		in_put += rte_rdtsc() - tsc;
		tsc = rte_rdtsc();
		while (dp_sync_serve(w, 0) != 0)
			;
		in_take += rte_rdtsc() - tsc;
	}
	assert_int_equal(w->table.used, MILLION);
	tsc = rte_rdtsc();
	while (!cursor.done)
		told += dp_sync_walk(0, &cursor, UINT32_MAX, conns, BATCH, BATCH);
	assert_int_equal(told, MILLION);
	print_message("a million put: %u ms on the thread, %u ms on the worker; told in a bulk: %u ms\n",
		      (unsigned int)(in_put * 1000 / rte_get_tsc_hz()),
		      (unsigned int)(in_take * 1000 / rte_get_tsc_hz()), ms_since(tsc));
	assert_true(ms_since(tsc) < LIMIT_MS);
	for (uint32_t slot = 1; slot < SERVERS; slot++)
		if (dp_real_slots[slot].service == w->snapshot->svc_count - 1)
			assert_int_equal(w->real[slot].total, MILLION / SERVERS);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * Datagrams of so many new clients; each opens a connection. Time in the pipeline, in ns a connection: that of
 * a burst that only a quarter of all were faster than, since others use the machine.
 */
static unsigned int
open_ns(unsigned int connections)
{
	static uint64_t bursts[1 << 12];
	static struct rte_mbuf *packets[BURST_MAX];
	struct pipe_spec spec = { .dst = "192.0.2.2", .proto = SL_PROTO_UDP };
	uint8_t bytes[PIPE_FRAME_MAX];

	for (unsigned int n = 0; n < connections; n += BURST_MAX) {
		uint64_t tsc;

		for (unsigned int i = 0; i < BURST_MAX; i++) {
			spec.sport = (uint16_t)(2000 + (n + i) % 60000);
			spec.src = (n + i) / 60000 == 0 ? "203.0.113.5" : "203.0.113.6";
			packets[i] = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);
		}
		pipe_forget();
		tsc = rte_rdtsc();
		pipe_burst(0, WAN, packets, BURST_MAX);
		bursts[n / BURST_MAX] = rte_rdtsc() - tsc;
	}
	assert_int_equal(dp_workers[0]->count.flows_created, connections);
	qsort(bursts, connections / BURST_MAX, sizeof(bursts[0]), compare);
	return (unsigned int)(bursts[connections / BURST_MAX / 4] * 1000 / (rte_get_tsc_hz() / 1000000) /
			      BURST_MAX);
}

static void
test_cost_with(void **state)
{
	box_configure();
	print_message("a new connection, with sync: %u ns\n", open_ns(102400));
}

static void
test_cost_without(void **state)
{
	box_configure();
	dp_sync_close(0);
	dp_sync_fini();
	print_message("a new connection, without sync: %u ns\n", open_ns(102400));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fnat_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_million),
		TEST(test_cost_without),
		TEST(test_cost_with),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
