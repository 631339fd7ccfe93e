/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A million connections by full NAT at once, over 20 local addresses and two workers: no
 * protocol, address and port is used twice, every reply finds its client, whichever worker
 * it comes to, and when the connections are over all ports are free again. And what
 * happens when there are no ports left.
 */
#include "fnat_box.h"

#include "sl_addr.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	MILLION = 1000000,
	WORKERS = 2,
	LOCALS = 20,
	BURST = 64,
	TABLE = 600000,
	CLIENTS = 250, /* of 203.0.113.0/24, each with 4,000 ports */
	PORTS = 4000,
	FIRST_PORT = 2000,
};

static uint8_t template[PIPE_FRAME_MAX];
static unsigned int template_len;
static uint8_t *used; /* by local address and port */

static void
tables_grow(void)
{
	static const uint64_t secret[2] = { 3, 5 };

	for (unsigned int id = 0; id < WORKERS; id++) {
		flow_table_fini(&dp_workers[id]->table);
		assert_int_equal(flow_table_init(&dp_workers[id]->table, TABLE, secret, -1), 0);
	}
}

static void
locals_configure(unsigned int count)
{
	static char text[LOCALS][16];
	const char *list[LOCALS];

	for (unsigned int i = 0; i < count; i++) {
		snprintf(text[i], sizeof(text[i]), "10.0.0.%u", 200 + i);
		list[i] = text[i];
	}
	fnat_configure(list, count);
}

/* The SYN of client number n. */
static struct rte_mbuf *
syn(unsigned int n)
{
	uint8_t *ip = template + ETH_LEN;

	ip[IP4_SRC_AT + 3] = (uint8_t)(1 + n % CLIENTS);
	store16(ip + IP4_LEN, rte_cpu_to_be_16((uint16_t)(FIRST_PORT + n / CLIENTS % PORTS)));
	pipe_sums(template);
	return pipe_mbuf(template, template_len, NULL);
}

/* Whose is the packet that was sent? The payload of a SYN is not looked at by anybody: none here. */
static unsigned int
client_of(const uint8_t *addr, const uint8_t *port)
{
	return (unsigned int)(addr[3] - 1) +
	       (unsigned int)(rte_be_to_cpu_16(load16(port)) - FIRST_PORT) * CLIENTS;
}

/* Clients n to n + BURST - 1 open connections at one worker; the servers' answers come to any. */
static void
burst_open(unsigned int n, unsigned int worker)
{
	static struct pipe_frame got[BURST];
	struct rte_mbuf *packets[BURST];
	uint8_t answer[PIPE_FRAME_MAX];
	unsigned int count = RTE_MIN((unsigned int)BURST, MILLION - n);

	for (unsigned int i = 0; i < count; i++)
		packets[i] = syn(n + i);
	pipe_forget();
	pipe_burst(worker, WAN, packets, count);
	assert_int_equal(pipe_box.sent_count, count);
	for (unsigned int i = 0; i < count; i++) {
		const uint8_t *ip = pipe_box.sent[i].bytes + ETH_LEN;
		uint32_t at =
			(uint32_t)(ip[IP4_SRC_AT + 3] - 200) << 16 | rte_be_to_cpu_16(load16(ip + IP4_LEN));

		got[i].len = pipe_box.sent[i].len;
		memcpy(got[i].bytes, pipe_box.sent[i].bytes, got[i].len);
		assert_int_equal(used[at]++, 0);
	}
	for (unsigned int i = 0; i < count; i++)
		packets[i] = pipe_mbuf(answer, fnat_answer(got[i].bytes, got[i].len, answer), NULL);
	pipe_forget();
	pipe_burst((n / BURST / 2) % WORKERS, LAN, packets, count);
	for (unsigned int id = 0; id < WORKERS; id++)
		(void)pipe_receive(id);
	assert_int_equal(pipe_box.sent_count, count);
	for (unsigned int i = 0; i < count; i++) {
		const uint8_t *ip = pipe_box.sent[i].bytes + ETH_LEN;

		assert_int_equal(pipe_box.sent[i].port, WAN);
		assert_int_equal(client_of(ip + IP4_DST_AT, ip + IP4_LEN + 2), n + i);
	}
}

static uint32_t
ports_used(void)
{
	uint32_t sum = 0;

	for (uint32_t index = 1; index <= LOCALS; index++)
		sum += dp_local_used(index, SL_PROTO_TCP);
	return sum;
}

/* Time passes, and the sweep goes over both tables. */
static void
expire(void)
{
	for (unsigned int id = 0; id < WORKERS; id++) {
		dp_workers[id]->tick += 2000 * 1000 / TICK_MS;
		dp_flow_sweep(dp_workers[id], dp_workers[id]->table.high);
		assert_int_equal(dp_workers[id]->table.used, 0);
	}
}

static void
test_million(void **state)
{
	const struct pipe_spec spec = { .dst = "192.0.2.3" };

	locals_configure(LOCALS);
	tables_grow();
	used = calloc(LOCALS << 16, 1);
	template_len = pipe_build(&spec, template);
	for (unsigned int n = 0; n < MILLION; n += BURST)
		burst_open(n, n / BURST % WORKERS);
	assert_int_equal(dp_workers[0]->table.used + dp_workers[1]->table.used, MILLION);
	assert_int_equal(ports_used(), MILLION);
	expire();
	assert_int_equal(ports_used(), 0);
	free(used);
}

/* A worker's share of one address, and not one connection more, until one has ended. */
static void
test_exhaustion(void **state)
{
	const struct pipe_spec spec = { .dst = "192.0.2.3" };
	struct worker_counters *count = &dp_workers[0]->count;
	unsigned int share = LOCAL_PORTS / WORKERS, n = 0;

	locals_configure(1);
	tables_grow();
	template_len = pipe_build(&spec, template);
	for (unsigned int left = share + 100; left > 0;) {
		struct rte_mbuf *packets[BURST];
		unsigned int now = RTE_MIN(left, (unsigned int)BURST);

		for (unsigned int i = 0; i < now; i++)
			packets[i] = syn(n++);
		left -= now;
		pipe_forget();
		pipe_burst(0, WAN, packets, now);
	}
	assert_int_equal(count->drop[SL_DROP_LOCAL_FULL], 100);
	assert_int_equal(dp_workers[0]->table.used, share);
	assert_int_equal(ports_used(), share);
	dp_flow_end(dp_workers[0], &dp_workers[0]->table.flow[1]);
	assert_int_equal(ports_used(), share - 1);
	for (unsigned int again = 0; again < 2; again++) {
		struct rte_mbuf *m = syn(n++);

		pipe_forget();
		pipe_burst(0, WAN, &m, 1);
		assert_int_equal(pipe_box.sent_count, again == 0);
	}
	expire();
	assert_int_equal(ports_used(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_million, pipe_setup2, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_exhaustion, pipe_setup2, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
