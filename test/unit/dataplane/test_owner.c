/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers: a flow by NAT belongs to one of them, whoever gets its packets, both
 * ways; a flow by DR to the one that received it. What is handed over comes out in
 * order, is counted once, and a full ring costs no more than what does not fit.
 */
#include "pipe_box.h"
#include "port.h"
#include "wire.h"

#include <stdio.h>

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

/* Everything that was handed over reaches its end. */
static void
rings_drain(void)
{
	while (pipe_receive(0) + pipe_receive(1) != 0)
		;
	assert_int_equal(dp_workers[0]->count.handed_out, dp_workers[1]->count.handed_in);
	assert_int_equal(dp_workers[1]->count.handed_out, dp_workers[0]->count.handed_in);
}

static void
give(unsigned int worker, unsigned int port, const struct pipe_spec *spec)
{
	uint8_t bytes[PIPE_FRAME_MAX];
	struct rte_mbuf *m = pipe_mbuf(bytes, pipe_build(spec, bytes), NULL);

	pipe_burst(worker, port, &m, 1);
}

static uint64_t
used(unsigned int worker)
{
	return dp_workers[worker]->table.used;
}

/* Toeplitz with a key that repeats every 16 bits, worked out from its definition, over address and port. */
static uint32_t
toeplitz(const uint8_t *input, unsigned int len)
{
	uint32_t hash = 0;

	for (unsigned int bit = 0; bit < len * 8; bit++)
		if (input[bit / 8] >> (7 - bit % 8) & 1)
			for (unsigned int k = 0; k < 32; k++)
				hash ^= (uint32_t)(0x6d5a >> (15 - (bit + k) % 16) & 1) << (31 - k);
	return hash;
}

static void
test_owner_is_toeplitz(void **state)
{
	static const struct {
		const char *name;
		uint8_t input[18];
		unsigned int len;
	} rows[] = {
		{ "203.0.113.5:40000", { 203, 0, 113, 5, 0x9c, 0x40 }, 6 },
		{ "1.2.3.4:1", { 1, 2, 3, 4, 0, 1 }, 6 },
		{ "255.255.255.255:65535", { 255, 255, 255, 255, 255, 255 }, 6 },
		{ "10.0.0.1:80", { 10, 0, 0, 1, 0, 80 }, 6 },
		{ "2001:db8::1:443",
		  { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xbb },
		  18 },
		{ "fe80::1234:abcd:5",
		  { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0xab, 0xcd, 0, 5 },
		  18 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_worker w = { .worker_count = 7 };
		struct sl_addr client;
		uint16_t port_be;
		uint32_t v4;

		memcpy(&v4, rows[i].input, 4);
		client = rows[i].len == 6 ? sl_addr_from_v4(v4) : sl_addr_from_v6(rows[i].input);
		memcpy(&port_be, rows[i].input + rows[i].len - 2, 2);
		for (; w.worker_count < DP_WORKERS_MAX; w.worker_count += 19)
			sl_check_int(rows[i].name, dp_owner(&w, &client, port_be),
				     toeplitz(rows[i].input, rows[i].len) % w.worker_count);
	}
}

/* Addresses and ports as clients have them give all workers about as many flows. */
static void
test_owner_is_fair(void **state)
{
	static const unsigned int counts[] = { 2, 3, 4, 6, 8, 16 };

	for (size_t i = 0; i < SL_COUNT(counts); i++) {
		struct dp_worker w = { .worker_count = counts[i] };
		uint32_t got[16] = { 0 };
		char row[32];

		snprintf(row, sizeof(row), "%u workers", counts[i]);
		for (uint32_t n = 0; n < 64000; n++) {
			struct sl_addr client = sl_addr_from_v4(rte_cpu_to_be_32(0x0a000001 + n / 4000));

			got[dp_owner(&w, &client, rte_cpu_to_be_16((uint16_t)(32768 + n % 4000 * 2)))]++;
		}
		for (unsigned int k = 0; k < counts[i]; k++)
			sl_check(row,
				 got[k] > 64000 / counts[i] * 3 / 4 && got[k] < 64000 / counts[i] * 5 / 4);
	}
}

/* Whichever worker gets a packet of a NAT flow, in or out: one flow, at its owner. */
static void
test_nat_meets(void **state)
{
	for (uint16_t sport = 1000; sport < 1064; sport++) {
		struct pipe_spec in = { .sport = sport };
		struct pipe_spec out = { .src = "10.0.0.11",
					 .sport = 8080,
					 .dst = "203.0.113.5",
					 .dport = sport,
					 .flags = 18,
					 .from_lan = true };
		unsigned int owner, receivers = sport % 4;

		pipe_forget();
		give(receivers & 1, WAN, &in);
		rings_drain();
		assert_int_equal(used(0) + used(1), 1);
		owner = used(1) != 0;
		assert_int_equal(pipe_box.sent_count, 1);
		assert_int_equal(pipe_box.sent[0].queue, owner);
		if (pipe_box.sent[0].bytes[ETH_LEN + 19] == 12)
			out.src = "10.0.0.12";
		give(receivers >> 1, LAN, &out);
		rings_drain();
		assert_int_equal(pipe_box.sent_count, 2);
		assert_int_equal(pipe_box.sent[1].port, WAN);
		assert_true(pipe_sums_right(pipe_box.sent[1].bytes, pipe_box.sent[1].len));
		in.flags = 16;
		give(0, WAN, &in);
		give(1, WAN, &in);
		rings_drain();
		assert_int_equal(pipe_box.sent_count, 4);
		assert_int_equal(used(0) + used(1), 1);
		pipe_flows_end();
	}
	/* Both have been owners. */
	assert_true(dp_workers[0]->count.flows_created > 10 && dp_workers[1]->count.flows_created > 10);
}

static void
test_dr_stays(void **state)
{
	for (uint16_t sport = 1000; sport < 1032; sport++) {
		give(sport % 2, WAN, &(struct pipe_spec){ .dst = "192.0.2.2", .sport = sport });
		assert_int_equal(used(sport % 2), 1);
		pipe_flows_end();
	}
	assert_int_equal(dp_workers[0]->count.handed_out + dp_workers[1]->count.handed_out, 0);
}

/* A burst that comes in by two ports and is for two owners: order of every connection, and the ports of what is punted. */
static void
test_order(void **state)
{
	enum { CLIENTS = 50, ROUNDS = 300 };
	static uint32_t next_in[CLIENTS], next_out[CLIENTS], seen_in[CLIENTS], seen_out[CLIENTS];
	uint64_t x = 41;

	for (unsigned int n = 0; n < ROUNDS; n++) {
		/* A connection's packets one way all come to one worker, as RSS has it; replies perhaps to the other. */
		for (unsigned int port = 0; port < PIPE_PORTS; port++) {
			for (unsigned int worker = 0; worker < 2; worker++) {
				unsigned int count = 0, wanted = 1 + random_next(&x) % BURST_MAX;
				struct rte_mbuf *packets[BURST_MAX];
				uint8_t bytes[PIPE_FRAME_MAX];

				while (count < wanted) {
					uint32_t c = random_next(&x) % CLIENTS;
					struct pipe_spec spec = { .proto = SL_PROTO_UDP,
								  .sport = (uint16_t)(2000 + c),
								  .payload = 8 };
					unsigned int len;
					uint32_t number;

					if ((c + port) % 2 != worker)
						continue;
					if (port == LAN)
						spec = (struct pipe_spec){ .proto = SL_PROTO_UDP,
									   .src = c / 2 % 2 ? "10.0.0.11"
											    : "10.0.0.12",
									   .sport = 8080,
									   .dst = "203.0.113.5",
									   .dport = (uint16_t)(2000 + c),
									   .from_lan = true,
									   .payload = 8 };
					number = port == LAN ? next_out[c]++ : next_in[c]++;
					len = pipe_build(&spec, bytes);
					memcpy(bytes + len - 8, &c, 4);
					memcpy(bytes + len - 4, &number, 4);
					pipe_sums(bytes);
					packets[count++] = pipe_mbuf(bytes, len, NULL);
				}
				pipe_burst(worker, port, packets, count);
				if (random_next(&x) & 1)
					pipe_receive(1 - worker);
			}
		}
		rings_drain();
		for (unsigned int i = 0; i < pipe_box.sent_count; i++) {
			const struct pipe_frame *frame = &pipe_box.sent[i];
			uint32_t c, number, *seen;

			memcpy(&c, frame->bytes + frame->len - 8, 4);
			memcpy(&number, frame->bytes + frame->len - 4, 4);
			seen = frame->port == LAN ? &seen_in[c] : &seen_out[c];
			assert_true(number >=
				    *seen); /* a reply from the other server was dropped, none overtakes */
			*seen = number + 1;
		}
		pipe_forget();
	}
	for (uint32_t c = 0; c < CLIENTS; c++)
		assert_int_equal(seen_in[c], next_in[c]); /* towards the servers nothing is lost */
	assert_true(dp_workers[0]->count.handed_out > 1000 && dp_workers[1]->count.handed_out > 1000);
	assert_int_equal(used(0) + used(1), CLIENTS);
}

/* A worker that is slow: its ring fills, what does not fit is counted, the rest arrives. */
static void
test_ring_full(void **state)
{
	struct dp_worker *w = dp_workers[0];
	uint8_t bytes[PIPE_FRAME_MAX];
	struct pipe_spec spec = { .proto = SL_PROTO_UDP, .sport = 1000 };
	struct sl_addr client = sl_addr_from_v4(RTE_BE32(0xcb007105));
	unsigned int len, given = 0;

	while (dp_owner(w, &client, rte_cpu_to_be_16(spec.sport)) != 1)
		spec.sport++;
	len = pipe_build(&spec, bytes);
	for (; given < HANDOVER_RING_SIZE + 100; given += 50) {
		struct rte_mbuf *packets[50];

		for (unsigned int i = 0; i < 50; i++)
			packets[i] = pipe_mbuf(bytes, len, NULL);
		pipe_burst(0, WAN, packets, 50);
	}
	assert_int_equal(w->count.handed_out, HANDOVER_RING_SIZE - 1);
	assert_int_equal(w->count.drop[SL_DROP_HANDOVER_FULL], given - (HANDOVER_RING_SIZE - 1));
	rings_drain();
	assert_int_equal(pipe_box.sent_count, HANDOVER_RING_SIZE - 1);
	assert_int_equal(dp_workers[1]->count.tx, HANDOVER_RING_SIZE - 1);
}

/* A device with one transmit queue: the second worker's frames leave through the first, finished. */
static void
test_one_transmit_queue(void **state)
{
	struct dp_worker *w = dp_workers[1];

	dp_ports[LAN].tx_queues = 1;
	for (uint16_t sport = 1000; sport < 1020; sport++)
		give(1, WAN,
		     &(struct pipe_spec){ .dst = "192.0.2.2", .sport = sport, .payload = 3, .seed = sport });
	assert_int_equal(pipe_box.sent_count, 0);
	assert_int_equal(w->count.handed_out, 20);
	assert_int_equal(w->count.tx, 0);
	rings_drain();
	assert_int_equal(pipe_box.sent_count, 20);
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(pipe_box.sent[i].queue, 0);
		assert_int_equal(pipe_box.sent[i].port, LAN);
		assert_int_equal(pipe_box.sent[i].bytes[ETH_LEN + 8], 63); /* one hop, not two */
		assert_int_equal(pipe_box.sent[i].bytes[ETH_LEN + 20] << 8 |
					 pipe_box.sent[i].bytes[ETH_LEN + 21],
				 1000 + i);
	}
	assert_int_equal(used(0), 0);
}

static void
flags_set(const struct sl_addr *addr, uint64_t flags)
{
	struct addr_table *addrs = (struct addr_table *)(uintptr_t)atomic_load(&dp_snapshot_current)->addrs;

	for (uint32_t at = 0; at <= addrs->mask; at++)
		if (addrs->entry[at].flags != 0 && sl_addr_eq(&addrs->entry[at].addr, addr))
			addrs->entry[at].flags = flags;
}

/* A VIP that was DR's and got NAT too: connections from before stay where they are. */
static void
test_local_first(void **state)
{
	struct pipe_spec spec = { .dst = "192.0.2.2", .sport = 1000 };
	struct sl_addr client = sl_addr_from_v4(RTE_BE32(0xcb007105)),
		       vip = sl_addr_from_v4(RTE_BE32(0xc0000202));

	while (dp_owner(dp_workers[0], &client, rte_cpu_to_be_16(spec.sport)) != 1)
		spec.sport++;
	give(0, WAN, &spec);
	assert_int_equal(used(0), 1);
	flags_set(&vip, ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST);
	spec.flags = 16;
	give(0, WAN, &spec);
	assert_int_equal(dp_workers[0]->count.handed_out, 0);
	assert_int_equal(pipe_box.sent_count, 2);
	/* A new one goes to its owner. */
	spec.flags = 0;
	do
		spec.sport++;
	while (dp_owner(dp_workers[0], &client, rte_cpu_to_be_16(spec.sport)) != 1);
	give(0, WAN, &spec);
	assert_int_equal(dp_workers[0]->count.handed_out, 1);
	rings_drain();
	assert_int_equal(used(1), 1);
}

/*
 * A packet to a VIP that is not held goes where a reply would; meanwhile the VIP is held. Whoever has it then resets no
 * connection of another worker's, and opens none.
 */
static void
test_astray(void **state)
{
	struct pipe_spec spec = { .sport = 1000 };
	struct sl_addr client = sl_addr_from_v4(RTE_BE32(0xcb007105)),
		       vip = sl_addr_from_v4(RTE_BE32(0xc0000201));
	unsigned int wrong = dp_owner(dp_workers[0], &vip, RTE_BE16(80)), owner = 1 - wrong;
	uint64_t handed;

	while (dp_owner(dp_workers[0], &client, rte_cpu_to_be_16(spec.sport)) != owner)
		spec.sport++;
	give(owner, WAN, &spec);
	assert_int_equal(used(owner), 1);
	assert_int_equal(pipe_box.sent_count, 1);
	handed = dp_workers[owner]->count.handed_out;
	flags_set(&vip, ADDR_NOT_HELD);
	spec.flags = 16;
	give(owner, WAN, &spec);
	do
		spec.sport++;
	while (dp_owner(dp_workers[0], &client, rte_cpu_to_be_16(spec.sport)) != owner);
	spec.flags = 0;
	give(owner, WAN, &spec);
	assert_int_equal(dp_workers[owner]->count.handed_out, handed + 2);
	flags_set(&vip, ADDR_VIP | ADDR_OWNER_HASH);
	rings_drain();
	assert_int_equal(dp_workers[wrong]->count.drop[SL_DROP_VIP_NOT_HELD], 2);
	assert_int_equal(pipe_box.sent_count, 1);
	assert_int_equal(used(0) + used(1), 1);
	/* It comes again. */
	give(wrong, WAN, &spec);
	rings_drain();
	assert_int_equal(used(owner), 2);
	assert_int_equal(pipe_box.sent_count, 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pipe_setup2, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_owner_is_toeplitz),  TEST(test_owner_is_fair), TEST(test_nat_meets),
		TEST(test_dr_stays),           TEST(test_order),         TEST(test_ring_full),
		TEST(test_one_transmit_queue), TEST(test_local_first),   TEST(test_astray),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
