/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the pipeline makes of good packets: every byte of what it sends, against
 * frames built from nothing with checksums summed up in full; every reason for a
 * drop that is not the packet's own fault; and bursts, whose order and counts hold.
 */
#include "pipe_box.h"
#include "port.h"
#include "tcp_state.h"
#include "wire.h"

#include "sl_addr.h"

#include <stdio.h>

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

/* The frame that must leave: `spec` with other addresses and ports, one hop on, between these stations. */
static unsigned int
expected_build(struct pipe_spec spec, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	       bool by_lan, uint8_t last_mac_byte, uint8_t *bytes)
{
	unsigned int len;

	spec.src = src;
	spec.dst = dst;
	spec.sport = sport;
	spec.dport = dport;
	spec.ttl = (uint8_t)((spec.ttl != 0 ? spec.ttl : 64) - 1);
	len = pipe_build(&spec, bytes);
	memcpy(bytes, (const uint8_t[]){ 2, 0, 0, 0, by_lan ? 2 : 1, last_mac_byte }, 6);
	memcpy(bytes + 6, dp_port_mac(by_lan ? LAN : WAN), 6);
	return len;
}

static void
sent_check(const char *row, unsigned int at, unsigned int port, const uint8_t *bytes, unsigned int len)
{
	const struct pipe_frame *frame = &pipe_box.sent[at];

	sl_check_int(row, frame->port, port);
	sl_check_int(row, frame->len, len);
	for (unsigned int i = 0; i < len; i++)
		if (frame->bytes[i] != bytes[i])
			fail_msg("row \"%s\": byte %u is 0x%02x, not 0x%02x", row, i, frame->bytes[i],
				 bytes[i]);
}

/* Which of the two servers the packet that was just sent has gone to: 11 or 12. */
static unsigned int
server_of(const struct pipe_frame *frame)
{
	bool v6 = frame->bytes[ETH_LEN] >> 4 == 6;

	return v6 ? (frame->bytes[ETH_LEN + 39] == 0x11 ? 11 : 12) : frame->bytes[ETH_LEN + 19];
}

/* ---- NAT, byte by byte ---- */

/* One packet in and one back; both as they must leave. */
static void
nat_round(const char *row, struct pipe_spec spec)
{
	bool v6 = strchr(spec.src, ':') != NULL;
	uint8_t bytes[PIPE_FRAME_MAX], expected[PIPE_FRAME_MAX];
	struct pipe_spec reply = spec;
	char server[32];
	unsigned int len, last;

	len = pipe_build(&spec, bytes);
	sl_check_str(row, pipe_verdict(pipe_one(WAN, bytes, len, NULL)), "sent");
	last = server_of(&pipe_box.sent[0]);
	snprintf(server, sizeof(server), v6 ? "2001:db8:2::%u" : "10.0.0.%u", last);
	len = expected_build(spec, spec.src, server, spec.sport, 8080, true, last == 11 ? 0x11 : 0x12,
			     expected);
	if (spec.no_sum)
		memset(expected + len - spec.payload - 2, 0, 2);
	sent_check(row, 0, LAN, expected, len);

	reply.from_lan = true;
	reply.src = server;
	reply.dst = spec.src;
	reply.sport = 8080;
	reply.dport = spec.sport;
	reply.seed = spec.seed * 7 + 1;
	if (spec.proto != SL_PROTO_UDP)
		reply.flags = SYN | ACK;
	sl_check_str(row, pipe_verdict(pipe_spec_one(&reply)), "sent");
	len = expected_build(reply, spec.dst, spec.src, 80, spec.sport, false, 1, expected);
	if (spec.no_sum)
		memset(expected + len - reply.payload - 2, 0, 2);
	sent_check(row, 0, WAN, expected, len);
}

static void
test_nat_random(void **state)
{
	enum { ROUNDS = 6000 };
	uint64_t x = 21;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		bool v6 = random_next(&x) & 1;
		char src[32];
		struct pipe_spec spec = {
			.src = src,
			.dst = v6 ? "2001:db8:ff::1" : "192.0.2.1",
			.proto = random_next(&x) & 1 ? SL_PROTO_UDP : SL_PROTO_TCP,
			.sport = (uint16_t)(1024 + random_next(&x) % 60000),
			.ttl = (uint8_t)(2 + random_next(&x) % 254),
			.payload = (uint16_t)(random_next(&x) % 200),
			.seed = random_next(&x),
		};

		snprintf(src, sizeof(src), v6 ? "2001:db8:9::%x" : "203.0.113.%u", 1 + random_next(&x) % 250);
		spec.no_sum = spec.proto == SL_PROTO_UDP && random_next(&x) % 4 == 0;
		nat_round(spec.proto == SL_PROTO_UDP ? "UDP" : "TCP", spec);
		if (i % 500 == 0)
			pipe_flows_end();
	}
}

/* Every checksum that a packet can come with, so also those that become 0 and 0xffff. */
static void
test_nat_all_checksums(void **state)
{
	static const struct pipe_spec rows[] = {
		{ .src = "203.0.113.9",
		  .dst = "192.0.2.1",
		  .proto = SL_PROTO_UDP,
		  .sport = 5000,
		  .payload = 2 },
		{ .src = "203.0.113.9",
		  .dst = "192.0.2.1",
		  .proto = SL_PROTO_TCP,
		  .sport = 5000,
		  .payload = 2 },
		{ .src = "2001:db8:9::9",
		  .dst = "2001:db8:ff::1",
		  .proto = SL_PROTO_UDP,
		  .sport = 5000,
		  .payload = 2 },
	};

	for (size_t r = 0; r < SL_COUNT(rows); r++) {
		bool v6 = strchr(rows[r].src, ':') != NULL, udp = rows[r].proto == SL_PROTO_UDP;
		unsigned int at = (v6 ? ETH_LEN + IP6_LEN : ETH_LEN + IP4_LEN) +
				  (udp ? (unsigned int)UDP_SUM_AT : (unsigned int)TCP_SUM_AT);
		unsigned int zeros = 0, ones = 0;

		for (unsigned int value = 0; value < 65536; value += r == 0 ? 1 : 7) {
			uint8_t bytes[PIPE_FRAME_MAX], *sum;
			unsigned int len = pipe_build(&rows[r], bytes);

			bytes[len - 2] = (uint8_t)(value >> 8);
			bytes[len - 1] = (uint8_t)value;
			pipe_sums(bytes);
			assert_int_equal(pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
			sum = pipe_box.sent[0].bytes + at;
			if (!pipe_sums_right(pipe_box.sent[0].bytes, len))
				fail_msg("row %zu: payload %04x: checksum %02x%02x is wrong", r, value,
					 sum[0], sum[1]);
			zeros += sum[0] == 0 && sum[1] == 0;
			ones += sum[0] == 0xff && sum[1] == 0xff;
		}
		/* UDP never has 0, which would mean none; TCP never 0xffff, as a sum of something is never 0. */
		assert_int_equal(udp ? zeros : ones, 0);
		if (r == 0)
			assert_int_equal(ones, 1);
	}
}

static uint32_t
sum_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* A wrong transport checksum stays wrong by as much: the server shall find the damage, not we. */
static void
test_nat_keeps_damage(void **state)
{
	static const struct {
		const char *name;
		struct pipe_spec spec;
		unsigned int at;
	} rows[] = {
		{ "TCP", { .payload = 40 }, ETH_LEN + IP4_LEN + TCP_SUM_AT },
		{ "UDP", { .proto = SL_PROTO_UDP, .payload = 40 }, ETH_LEN + IP4_LEN + UDP_SUM_AT },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint8_t bytes[PIPE_FRAME_MAX], expected[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&rows[i].spec, bytes);
		uint32_t wrong, right;

		bytes[rows[i].at] ^= 0x55;
		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
		sl_check(rows[i].name, !pipe_sums_right(pipe_box.sent[0].bytes, len));
		/* How far it is off, in one's complement arithmetic. */
		memcpy(expected, pipe_box.sent[0].bytes, len);
		pipe_sums(expected);
		wrong = sum_at(pipe_box.sent[0].bytes + rows[i].at) + 65535 - sum_at(expected + rows[i].at);
		right = sum_at(bytes + rows[i].at) + 65535;
		pipe_sums(bytes);
		right -= sum_at(bytes + rows[i].at);
		sl_check_int(rows[i].name, wrong % 65535, right % 65535);
	}
}

/* DR changes nothing but the TTL and the stations. */
static void
test_dr(void **state)
{
	static const struct {
		const char *name, *src, *dst;
		uint8_t proto, options;
		bool no_sum;
	} rows[] = {
		{ "TCP4", "203.0.113.5", "192.0.2.2", SL_PROTO_TCP, 0, false },
		{ "TCP4 with options", "203.0.113.5", "192.0.2.2", SL_PROTO_TCP, 10, false },
		{ "UDP4", "203.0.113.5", "192.0.2.2", SL_PROTO_UDP, 0, false },
		{ "UDP4 without checksum", "203.0.113.5", "192.0.2.2", SL_PROTO_UDP, 0, true },
		{ "TCP6", "2001:db8:9::5", "2001:db8:ff::2", SL_PROTO_TCP, 0, false },
		{ "UDP6", "2001:db8:9::5", "2001:db8:ff::2", SL_PROTO_UDP, 0, false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		for (unsigned int ttl = 2; ttl < 256; ttl++) {
			struct pipe_spec spec = { .src = rows[i].src,
						  .dst = rows[i].dst,
						  .proto = rows[i].proto,
						  .options = rows[i].options,
						  .no_sum = rows[i].no_sum,
						  .ttl = (uint8_t)ttl,
						  .payload = (uint16_t)(ttl % 50),
						  .seed = ttl * 77 };
			uint8_t expected[PIPE_FRAME_MAX];
			unsigned int len;

			sl_check_int(rows[i].name, pipe_spec_one(&spec), PIPE_SENT);
			len = expected_build(spec, spec.src, spec.dst, 40000, 80, true, 0x11, expected);
			sent_check(rows[i].name, 0, LAN, expected, len);
		}
	}
}

/* Every header checksum that a packet can come with: the identification makes them all. 0 may be written as 0xffff. */
static void
test_all_header_checksums(void **state)
{
	static const char *const vips[] = { "192.0.2.1", "192.0.2.2" };

	for (size_t i = 0; i < SL_COUNT(vips); i++) {
		unsigned int zeros = 0;

		for (uint32_t id = 0; id < 65536; id++) {
			struct pipe_spec spec = { .dst = vips[i], .proto = SL_PROTO_UDP, .seed = id };
			uint8_t bytes[PIPE_FRAME_MAX], *sum = bytes + ETH_LEN + IP4_SUM_AT;
			unsigned int len = pipe_build(&spec, bytes);

			for (bool again = true; again;) {
				assert_int_equal(pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
				if (!pipe_sums_right(pipe_box.sent[0].bytes, len))
					fail_msg("%s, checksum 0x%02x%02x", vips[i], sum[0], sum[1]);
				again = sum[0] == 0 && sum[1] == 0;
				zeros += again;
				memset(sum, 0xff, 2);
			}
		}
		assert_int_equal(zeros, 1);
	}
}

/* ---- replies that are none ---- */

static void
test_replies(void **state)
{
	static const struct {
		const char *name;
		struct pipe_spec spec;
		int verdict;
	} rows[] = {
		{ "the server's",
		  { .src = "10.0.0.11", .sport = 8080, .dst = "203.0.113.5", .dport = 40000 },
		  PIPE_SENT },
		{ "from another port",
		  { .src = "10.0.0.11", .sport = 8081, .dst = "203.0.113.5", .dport = 40000 },
		  SL_DROP_TRANSIT },
		{ "to another port",
		  { .src = "10.0.0.11", .sport = 8080, .dst = "203.0.113.5", .dport = 40001 },
		  SL_DROP_TRANSIT },
		{ "to another client",
		  { .src = "10.0.0.11", .sport = 8080, .dst = "203.0.113.6", .dport = 40000 },
		  SL_DROP_TRANSIT },
		{ "of another server",
		  { .src = "10.0.0.12", .sport = 8080, .dst = "203.0.113.5", .dport = 40000 },
		  SL_DROP_TRANSIT },
		{ "by the other protocol",
		  { .src = "10.0.0.11",
		    .sport = 8080,
		    .dst = "203.0.113.5",
		    .dport = 40000,
		    .proto = SL_PROTO_UDP },
		  SL_DROP_TRANSIT },
	};

	assert_int_equal(pipe_spec_one(&(struct pipe_spec){ 0 }), PIPE_SENT);
	assert_int_equal(server_of(&pipe_box.sent[0]), 11);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec spec = rows[i].spec;

		spec.from_lan = true;
		spec.flags = ACK;
		sl_check_str(rows[i].name, pipe_verdict(pipe_spec_one(&spec)), pipe_verdict(rows[i].verdict));
	}
}

/* A client on the link itself is sent to without the gateway, once somebody knows where it is. */
static void
test_client_on_link(void **state)
{
	struct pipe_spec in = { .src = "198.51.100.77" };
	struct pipe_spec out = { .src = "10.0.0.11",
				 .sport = 8080,
				 .dst = "198.51.100.77",
				 .dport = 40000,
				 .flags = SYN | ACK,
				 .from_lan = true };
	uint64_t word = UINT64_C(0x7755030000000002) & DP_NH_MAC_MASK;
	struct neigh_wish wish;

	assert_int_equal(pipe_spec_one(&in), PIPE_SENT);
	assert_int_equal(pipe_spec_one(&out), PIPE_HELD);
	assert_int_equal(rte_ring_sc_dequeue_elem(dp_workers[0]->ring_wish, &wish, sizeof(wish)), 0);
	assert_int_equal(wish.port, WAN);
	assert_int_equal(wish.addr.b[15], 77);
	pipe_neigh_set(WAN, "198.51.100.77", word | (uint64_t)WAN << DP_NH_PORT_SHIFT | DP_NH_VALID);
	assert_int_equal(pipe_spec_one(&out), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].port, WAN);
	assert_memory_equal(pipe_box.sent[0].bytes, &word, 6);
	/* And a client that no route leads to. */
	in.src = "100.64.0.1";
	out.src = "10.0.0.12";
	out.dst = "100.64.0.1";
	assert_int_equal(pipe_spec_one(&in), PIPE_SENT);
	assert_int_equal(pipe_spec_one(&out), SL_DROP_NO_ROUTE);
}

/* ---- drops that are not the packet's fault ---- */

static void
test_too_big(void **state)
{
	static const struct {
		const char *name;
		uint16_t payload;
		int verdict;
	} rows[] = {
		{ "as long as the MTU", 1500 - 28, PIPE_SENT },
		{ "one byte longer", 1500 - 27, SL_DROP_TOO_BIG },
		{ "jumbo", 8000, SL_DROP_TOO_BIG },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec spec = { .proto = SL_PROTO_UDP, .payload = rows[i].payload };

		sl_check_int(rows[i].name, pipe_spec_one(&spec), rows[i].verdict);
		spec.dst = "192.0.2.2";
		sl_check_int(rows[i].name, pipe_spec_one(&spec), rows[i].verdict);
	}
}

static void
test_table_full(void **state)
{
	struct dp_worker *w = dp_workers[0];
	struct pipe_spec spec = { .dst = "192.0.2.2", .sport = 7 };
	uint32_t capacity = w->table.capacity;

	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	w->table.capacity = 1;
	spec.sport = 8;
	assert_int_equal(pipe_spec_one(&spec), SL_DROP_TABLE_FULL);
	spec.sport = 7;
	spec.flags = ACK;
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT); /* who is there is not touched */
	w->table.capacity = capacity;
	spec.sport = 8;
	spec.flags = SYN;
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
}

/* Numbered datagrams to the DR service. */
static void
numbered_burst(unsigned int first, unsigned int count)
{
	struct rte_mbuf *packets[BURST_MAX];
	uint8_t bytes[PIPE_FRAME_MAX];

	for (unsigned int i = 0; i < count; i++) {
		struct pipe_spec spec = {
			.dst = "192.0.2.2", .proto = SL_PROTO_UDP, .payload = 4, .seed = first + i
		};

		packets[i] = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);
	}
	pipe_burst(0, WAN, packets, count);
}

/* Those that were sent are these, in order. */
static void
numbered_check(unsigned int count)
{
	uint8_t bytes[PIPE_FRAME_MAX];

	assert_int_equal(pipe_box.sent_count, count);
	for (unsigned int i = 0; i < count; i++) {
		struct pipe_spec spec = {
			.dst = "192.0.2.2", .proto = SL_PROTO_UDP, .payload = 4, .seed = i
		};
		unsigned int len = pipe_build(&spec, bytes);

		assert_memory_equal(pipe_box.sent[i].bytes + len - 4, bytes + len - 4, 4);
	}
}

/* The device takes 10, then nothing: what it does not take waits, until no more can wait. */
static void
test_device_full(void **state)
{
	struct dp_worker *w = dp_workers[0];
	unsigned int given = 0;

	pipe_box.room = 10;
	for (; w->count.drop[SL_DROP_TX_FULL] == 0; given += BURST_MAX) {
		numbered_burst(given, BURST_MAX);
		assert_true(given < 1000);
	}
	assert_int_equal(given - 10 - w->count.drops, TX_BUFFER);
	/* It takes again, a few at a time. */
	for (unsigned int room = 1; pipe_box.sent_count < 10 + TX_BUFFER; room += 7) {
		pipe_box.room = room;
		dp_transmit_flush(w);
		pipe_check("after a full device");
	}
	numbered_check(10 + TX_BUFFER);
}

/* A burst does not overtake what waits. */
static void
test_device_busy(void **state)
{
	pipe_box.room = 10;
	numbered_burst(0, 40);
	pipe_box.room = UINT32_MAX;
	numbered_burst(40, BURST_MAX);
	numbered_check(40 + BURST_MAX);
}

/* How many of one kind the ring to control takes: pings leave room for the link's questions, those for answers. */
static void
test_punt_full(void **state)
{
	static const struct {
		const char *row;
		uint16_t type; /* of Ethernet; 0: a segment to an own address */
		uint8_t first; /* byte of the destination's MAC address */
		unsigned int punted;
	} rows[] = {
		{ "for the box, nothing for neighbours", 0, 2, PUNT_RING_SIZE / 2 - 1 },
		{ "ARP to all", 0x0806, 0xff, PUNT_RING_SIZE * 3 / 4 - 1 },
		{ "ARP to us", 0x0806, 2, PUNT_RING_SIZE - 1 },
	};
	struct dp_worker *w = dp_workers[0];
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&(struct pipe_spec){ .dst = "198.51.100.2" }, bytes);
	struct rte_mbuf *m;

	for (unsigned int r = 0; r < SL_COUNT(rows); r++) {
		uint64_t punts = w->count.punts, drops = w->count.drop[SL_DROP_PUNT_FULL];

		bytes[0] = rows[r].first;
		bytes[12] = rows[r].type != 0 ? (uint8_t)(rows[r].type >> 8) : 8;
		bytes[13] = (uint8_t)rows[r].type;
		for (unsigned int i = 0; i < PUNT_RING_SIZE; i++) {
			m = pipe_mbuf(bytes, len, NULL);
			pipe_burst(0, WAN, &m, 1);
		}
		sl_check_int(rows[r].row, w->count.punts - punts, rows[r].punted);
		sl_check_int(rows[r].row, w->count.drop[SL_DROP_PUNT_FULL] - drops,
			     PUNT_RING_SIZE - rows[r].punted);
		while (rte_ring_sc_dequeue(w->ring_punt, (void **)&m) == 0)
			rte_pktmbuf_free(m);
	}
}

/* A server's flows are ended: what belongs to them is dropped, a SYN opens anew. */
static void
test_server_removed(void **state)
{
	struct dp_worker *w = dp_workers[0];
	struct pipe_spec spec = { .dst = "192.0.2.2" };
	uint32_t slot;

	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	slot = w->table.flow[1].real;
	atomic_fetch_add(&dp_real_slots[slot].generation, 1);
	spec.flags = ACK;
	assert_int_equal(pipe_spec_one(&spec), SL_DROP_SERVER_REMOVED);
	spec.flags = SYN;
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	assert_int_equal(w->table.used, 1);
	spec.flags = ACK;
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	/* Without a SYN the sweep ends it. */
	atomic_fetch_add(&dp_real_slots[slot].generation, 1);
	dp_flow_sweep(w, 100);
	assert_int_equal(w->table.used, 0);
	assert_int_equal(w->real[slot].active, 0);
	assert_int_equal(w->real[slot].total, 0);
}

/* Whatever the scheduler, a server that is out is passed over, and its connections go on, both ways. */
static void
test_server_out(void **state)
{
	static const struct {
		const char *name, *sched;
		bool out[2];       /* of 10.0.0.11 and .12 */
		unsigned int goes; /* whereto new connections go; 0: nowhere */
	} rows[] = {
		{ "rr, one out", "rr", { true, false }, 12 },
		{ "wrr, one out", "wrr", { true, false }, 12 },
		{ "lc, one out", "lc", { true, false }, 12 },
		{ "wlc, one out", "wlc", { true, false }, 12 },
		{ "the other one", "wlc", { false, true }, 11 },
		{ "rr, both", "rr", { true, true }, 0 },
		{ "wrr, both", "wrr", { true, true }, 0 },
		{ "lc, both", "lc", { true, true }, 0 },
		{ "wlc, both", "wlc", { true, true }, 0 },
	};
	struct dp_worker *w = dp_workers[0];
	struct dp_real reals[2] = { { .addr = { { 0 } } } };
	struct pipe_spec spec = { .sport = 1 };
	unsigned int old;

	assert_int_equal(sl_addr_parse("10.0.0.11", &reals[0].addr), 0);
	assert_int_equal(sl_addr_parse("10.0.0.12", &reals[1].addr), 0);
	reals[0].weight = reals[1].weight = 5;
	dp_answer_rate_set(0);
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	old = server_of(&pipe_box.sent[0]);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct pipe_spec reply = { .src = old == 11 ? "10.0.0.11" : "10.0.0.12",
					   .dst = "203.0.113.5",
					   .sport = 8080,
					   .dport = 1,
					   .flags = ACK,
					   .from_lan = true };

		reals[0].out = rows[i].out[0];
		reals[1].out = rows[i].out[1];
		pipe_serve_reals("192.0.2.1", 80, SL_PROTO_TCP, rows[i].sched, reals, 2);
		for (unsigned int n = 0; n < 4; n++) {
			spec = (struct pipe_spec){ .sport = (uint16_t)(1000 + 10 * i + n) };
			sl_check_int(rows[i].name, pipe_spec_one(&spec),
				     rows[i].goes != 0 ? (int)PIPE_SENT : (int)SL_DROP_NO_SERVER);
			if (rows[i].goes != 0)
				sl_check_int(rows[i].name, server_of(&pipe_box.sent[0]), rows[i].goes);
		}
		spec = (struct pipe_spec){ .sport = 1, .flags = ACK };
		sl_check_int(rows[i].name, pipe_spec_one(&spec), PIPE_SENT);
		sl_check_int(rows[i].name, server_of(&pipe_box.sent[0]), old);
		sl_check_int(rows[i].name, pipe_spec_one(&reply), PIPE_SENT);
		sl_check_int(rows[i].name, pipe_box.sent[0].port, WAN);
	}
	assert_int_equal(w->table.used, 1 + 5 * 4);
}

static void
test_next_hop(void **state)
{
	struct pipe_spec spec = { .dport = 82 };

	assert_int_equal(pipe_spec_one(&spec), PIPE_HELD);
	pipe_neigh_set(LAN, "10.0.0.99", DP_NH_FAILED);
	assert_int_equal(pipe_spec_one(&spec), SL_DROP_NEIGH_FAILED);
	pipe_neigh_set(LAN, "10.0.0.99", 0);
	assert_int_equal(pipe_spec_one(&spec), PIPE_HELD);
}

/* ---- bursts ---- */

/* All kinds of packets in one burst: each has its end, and those that leave are in order. */
static void
test_mixed_burst(void **state)
{
	static const struct {
		struct pipe_spec spec;
		int end; /* the port it leaves by, or -1 */
	} rows[] = {
		{ { .sport = 1 }, LAN },
		{ { .sport = 1, .flags = ACK, .payload = 10 }, LAN }, /* a flow that this burst opens */
		{ { .dst = "192.0.2.2", .sport = 2 }, LAN },
		{ { .src = "10.0.0.11", .sport = 8080, .dst = "203.0.113.5", .dport = 1, .flags = SYN | ACK },
		  WAN },
		{ { .dst = "192.0.2.9" }, -1 },
		{ { .sport = 9, .flags = ACK }, -1 },
		{ { .dst = "198.51.100.2" }, -1 },
		{ { .src = "2001:db8:9::1", .dst = "2001:db8:ff::1", .sport = 3 }, LAN },
		{ { .sport = 1, .ttl = 1 }, -1 },
		{ { .sport = 4, .proto = SL_PROTO_UDP, .payload = 1 }, LAN },
		{ { .sport = 5, .dport = 82 }, -1 },
		{ { .sport = 4, .proto = SL_PROTO_UDP, .payload = 2 }, LAN },
	};
	struct rte_mbuf *packets[SL_COUNT(rows)];
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int at[PIPE_PORTS] = { 0 };

	dp_answer_rate_set(0);
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		packets[i] = pipe_mbuf(bytes, pipe_build(&rows[i].spec, bytes), NULL);
	pipe_burst(0, WAN, packets, SL_COUNT(rows));
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		unsigned int len = pipe_build(&rows[i].spec, bytes), port, k;

		if (rows[i].end < 0)
			continue;
		/* The next frame of that port: ports keep their order, whatever leaves by another meanwhile. */
		port = (unsigned int)rows[i].end;
		for (k = at[port]; k < pipe_box.sent_count && pipe_box.sent[k].port != port; k++)
			;
		assert_true(k < pipe_box.sent_count);
		at[port] = k + 1;
		assert_int_equal(pipe_box.sent[k].len, len);
		assert_memory_equal(pipe_box.sent[k].bytes + len - rows[i].spec.payload,
				    bytes + len - rows[i].spec.payload, rows[i].spec.payload);
		assert_true(pipe_sums_right(pipe_box.sent[k].bytes, len));
	}
	assert_int_equal(pipe_box.sent_count, 7);
}

/* Random bursts of random connections: counters of servers are the packets and bytes that were sent. */
static void
test_accounts(void **state)
{
	enum { BURSTS = 600, CLIENTS = 40 };
	struct dp_worker *w = dp_workers[0];
	uint64_t x = 31, in = 0, out = 0, conns = 0, bytes_in = 0;
	uint32_t total = 0, active = 0;

	dp_answer_rate_set(0);
	for (unsigned int n = 0; n < BURSTS; n++) {
		unsigned int count = 1 + random_next(&x) % BURST_MAX;
		struct rte_mbuf *packets[BURST_MAX], *m;
		uint8_t bytes[PIPE_FRAME_MAX];

		for (unsigned int i = 0; i < count; i++) {
			static const uint8_t flags[] = {
				SYN, ACK, ACK, ACK, FIN | ACK, RST, SYN | ACK, 0x40
			};
			uint16_t client = (uint16_t)(1024 + random_next(&x) % CLIENTS);
			struct pipe_spec spec = {
				.sport = client,
				.dst = random_next(&x) & 1 ? "192.0.2.1" : "192.0.2.2",
				.flags = flags[random_next(&x) % SL_COUNT(flags)],
				.payload = (uint16_t)(random_next(&x) % 90),
			};

			if (random_next(&x) % 3 == 0)
				spec = (struct pipe_spec){ .src = random_next(&x) & 1 ? "10.0.0.11"
										      : "10.0.0.12",
							   .sport = 8080,
							   .dst = "203.0.113.5",
							   .dport = client,
							   .flags = spec.flags,
							   .payload = spec.payload };
			packets[i] = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);
		}
		pipe_forget();
		pipe_burst(0, WAN, packets, count);
		for (unsigned int i = 0; i < pipe_box.sent_count; i++) {
			const struct pipe_frame *frame = &pipe_box.sent[i];

			assert_true(pipe_sums_right(frame->bytes, frame->len));
			in += frame->port == LAN;
			out += frame->port == WAN;
			if (frame->port == LAN)
				bytes_in +=
					(uint64_t)frame->bytes[ETH_LEN + 2] << 8 | frame->bytes[ETH_LEN + 3];
		}
		while (rte_ring_sc_dequeue(w->ring_punt, (void **)&m) == 0)
			rte_pktmbuf_free(m);
		w->tick += random_next(&x) % 4 == 0 ? 100 : 0; /* 50 s: some time out */
		dp_flow_sweep(w, 64);
		pipe_check("after a sweep");
	}
	for (uint32_t slot = 1; slot < 100; slot++) {
		const struct dp_real_own *own = &w->real[slot];

		in -= own->in_packets;
		out -= own->out_packets;
		bytes_in -= own->in_bytes;
		conns += own->conns;
		total += own->total;
		active += own->active;
		assert_true(own->active <= own->total);
	}
	assert_int_equal(in, 0);
	assert_int_equal(out, 0);
	assert_int_equal(bytes_in, 0);
	assert_int_equal(conns, w->count.flows_created);
	assert_int_equal(total, w->table.used);
	for (uint32_t i = 1; i <= w->table.high; i++)
		if (w->table.flow[i].proto != 0)
			active -= TCP_ACTIVE_STATES >> w->table.flow[i].state & 1;
	assert_int_equal(active, 0);
	assert_true(w->count.flows_created > 200 && w->count.flows_expired > 100);
	pipe_flows_end();
	for (uint32_t slot = 1; slot < 100; slot++)
		assert_int_equal(w->real[slot].total + w->real[slot].active, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pipe_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nat_random),
		TEST(test_nat_all_checksums),
		TEST(test_nat_keeps_damage),
		TEST(test_dr),
		TEST(test_all_header_checksums),
		TEST(test_replies),
		TEST(test_client_on_link),
		TEST(test_too_big),
		TEST(test_table_full),
		TEST(test_device_full),
		TEST(test_device_busy),
		TEST(test_punt_full),
		TEST(test_server_removed),
		TEST(test_server_out),
		TEST(test_next_hop),
		TEST(test_mixed_burst),
		TEST(test_accounts),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
