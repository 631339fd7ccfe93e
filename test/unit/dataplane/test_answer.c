/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the box answers itself: every field of resets and ICMP errors, when it is silent,
 * and how much it says.
 */
#include "pipe_box.h"
#include "port.h"
#include "wire.h"

enum {
	FIN = 1,
	SYN = 2,
	RST = 4,
	PSH = 8,
	ACK = 16,
	IP4 = ETH_LEN,
	L4_4 = IP4 + IP4_LEN,
	L4_6 = ETH_LEN + IP6_LEN
};

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
be32_put(uint8_t *p, uint32_t v)
{
	for (unsigned int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static unsigned int
be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* The checksum of an ICMP message that fills its packet. */
static bool
icmp_sum_right(const uint8_t *bytes, unsigned int len)
{
	bool v6 = bytes[ETH_LEN] >> 4 == 6;
	unsigned int at = v6 ? L4_6 : L4_4;
	uint32_t sum = v6 ? 58 + len - at : 0;

	for (unsigned int i = ETH_LEN + IP6_SRC_AT; v6 && i < L4_6; i += 2)
		sum += be16(bytes + i);
	for (unsigned int i = at; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | (i + 1 < len ? bytes[i + 1] : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* ---- resets: RFC 9293 3.10.7.1 ---- */

static void
test_reset(void **state)
{
	static const struct {
		const char *name;
		uint8_t flags;
		uint16_t payload;
		uint32_t seq, ack;
		uint8_t reset; /* flags of the reset; 0: none */
		uint32_t reset_seq, reset_ack;
	} rows[] = {
		{ "SYN", SYN, 0, 1000, 0, RST | ACK, 0, 1001 },
		{ "SYN with data", SYN, 10, 1000, 0, RST | ACK, 0, 1011 },
		{ "the number wraps", SYN, 1, UINT32_MAX, 0, RST | ACK, 0, 1 },
		{ "ACK", ACK, 0, 1000, 2000, RST, 2000, 0 },
		{ "ACK with data", PSH | ACK, 33, 1000, 2000, RST, 2000, 0 },
		{ "SYN and ACK", SYN | ACK, 0, 1000, 2000, RST, 2000, 0 },
		{ "FIN", FIN, 7, 1000, 0, RST | ACK, 0, 1008 },
		{ "FIN and ACK", FIN | ACK, 7, 1000, 5, RST, 5, 0 },
		{ "a reset is not reset", RST, 0, 1000, 0, 0, 0, 0 },
		{ "nor one with ACK", RST | ACK, 0, 1000, 2000, 0, 0, 0 },
	};

	for (size_t i = 0; i < 2 * SL_COUNT(rows); i++) {
		bool v6 = i % 2 != 0;
		const char *name = rows[i / 2].name;
		unsigned int l4 = v6 ? L4_6 : L4_4, len;
		struct pipe_spec spec = {
			.src = v6 ? "2001:db8:9::5" : NULL,
			.dst = v6 ? "2001:db8:ff::1" : NULL,
			.dport = 4444,
			.flags = rows[i / 2].flags,
			.payload = rows[i / 2].payload,
		};
		uint8_t bytes[PIPE_FRAME_MAX];
		const uint8_t *sent = pipe_box.sent[0].bytes;

		len = pipe_build(&spec, bytes);
		be32_put(bytes + l4 + 4, rows[i / 2].seq);
		be32_put(bytes + l4 + 8, rows[i / 2].ack);
		pipe_sums(bytes);
		sl_check_str(name, pipe_verdict(pipe_one(WAN, bytes, len, NULL)), "no_service");
		sl_check_int(name, pipe_box.sent_count, rows[i / 2].reset != 0);
		if (rows[i / 2].reset == 0)
			continue;
		sl_check_int(name, pipe_box.sent[0].port, WAN);
		sl_check_int(name, pipe_box.sent[0].len, l4 + TCP_LEN);
		sl_check_int(name, pipe_sums_right(sent, pipe_box.sent[0].len), true);
		sl_check_int(name, be16(sent + l4), 4444);
		sl_check_int(name, be16(sent + l4 + 2), 40000);
		sl_check_int(name, be32(sent + l4 + 4), rows[i / 2].reset_seq);
		sl_check_int(name, be32(sent + l4 + 8), rows[i / 2].reset_ack);
		sl_check_int(name, sent[l4 + 13], rows[i / 2].reset);
		sl_check_int(name, be16(sent + l4 + 14), 0); /* window */
		if (v6) {
			assert_memory_equal(sent + ETH_LEN + 8, bytes + ETH_LEN + 24, 16);
			assert_memory_equal(sent + ETH_LEN + 24, bytes + ETH_LEN + 8, 16);
		} else {
			assert_memory_equal(sent + IP4 + 12, bytes + IP4 + 16, 4);
			assert_memory_equal(sent + IP4 + 16, bytes + IP4 + 12, 4);
			sl_check_int(name, be16(sent + IP4 + 4), 0);
			sl_check_int(name, be16(sent + IP4 + 6), 0x4000);
			sl_check_int(name, sent[IP4 + 8], 64);
		}
	}
}

/* ---- ICMP errors ---- */

static void
test_errors(void **state)
{
	static const struct {
		const char *name;
		struct pipe_spec spec;
		const char *verdict;
		uint8_t type, code;
		unsigned int quoted; /* bytes */
	} rows[] = {
		{ "closed port",
		  { .proto = SL_PROTO_UDP, .dport = 9, .payload = 20 },
		  "no_service",
		  3,
		  3,
		  48 },
		{ "... and a quote that is cut",
		  { .proto = SL_PROTO_UDP, .dport = 9, .payload = 1000 },
		  "no_service",
		  3,
		  3,
		  548 },
		{ "... of odd length",
		  { .proto = SL_PROTO_UDP, .dport = 9, .payload = 21 },
		  "no_service",
		  3,
		  3,
		  49 },
		{ "closed port, IPv6",
		  { .src = "2001:db8:9::5",
		    .dst = "2001:db8:ff::1",
		    .proto = SL_PROTO_UDP,
		    .dport = 9,
		    .payload = 1400 },
		  "no_service",
		  1,
		  4,
		  1232 },
		{ "no server, TCP", { .dport = 81 }, "no_server", 3, 3, 40 },
		{ "last hop", { .ttl = 1, .payload = 5 }, "ttl", 11, 0, 45 },
		{ "last hop, IPv6",
		  { .src = "2001:db8:9::5", .dst = "2001:db8:ff::1", .ttl = 1 },
		  "ttl",
		  3,
		  0,
		  60 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const uint8_t *sent = pipe_box.sent[0].bytes;
		bool v6 = rows[i].spec.src != NULL;
		unsigned int l4 = v6 ? L4_6 : L4_4;
		uint8_t bytes[PIPE_FRAME_MAX];
		uint64_t answered = dp_workers[0]->count.answered;

		(void)pipe_build(&rows[i].spec, bytes);
		sl_check_str(rows[i].name, pipe_verdict(pipe_spec_one(&rows[i].spec)), rows[i].verdict);
		sl_check_int(rows[i].name, pipe_box.sent_count, 1);
		sl_check_int(rows[i].name, dp_workers[0]->count.answered, answered + 1);
		sl_check_int(rows[i].name, pipe_box.sent[0].len, l4 + 8 + rows[i].quoted);
		sl_check_int(rows[i].name, sent[l4], rows[i].type);
		sl_check_int(rows[i].name, sent[l4 + 1], rows[i].code);
		sl_check_int(rows[i].name, icmp_sum_right(sent, pipe_box.sent[0].len), true);
		assert_memory_equal(sent + l4 + 8, bytes + ETH_LEN, rows[i].quoted);
		/* From the VIP to the client. */
		assert_memory_equal(sent + ETH_LEN + (v6 ? 8 : 12), bytes + ETH_LEN + (v6 ? 24 : 16),
				    v6 ? 16 : 4);
		assert_memory_equal(sent + ETH_LEN + (v6 ? 24 : 16), bytes + ETH_LEN + (v6 ? 8 : 12),
				    v6 ? 16 : 4);
		sl_check_int(rows[i].name, v6 ? sent[ETH_LEN + 7] : sent[ETH_LEN + 8], 64);
		if (!v6)
			sl_check_int(rows[i].name, sent[ETH_LEN + 1], 0xc0);
	}
}

/* A server whose reply has no hop left hears it from the box's address on its link, if there is a connection. */
static void
test_reply_last_hop(void **state)
{
	struct pipe_spec open = { .sport = 7 };
	struct pipe_spec late = { .src = "10.0.0.11",
				  .sport = 8080,
				  .dst = "203.0.113.5",
				  .dport = 7,
				  .flags = ACK,
				  .ttl = 1,
				  .from_lan = true };
	const uint8_t *sent = pipe_box.sent[0].bytes;

	assert_int_equal(pipe_spec_one(&open), PIPE_SENT);
	late.src = sent[ETH_LEN + 19] == 11 ? "10.0.0.11" : "10.0.0.12";
	assert_int_equal(pipe_spec_one(&late), SL_DROP_TTL);
	assert_int_equal(pipe_box.sent_count, 1);
	assert_int_equal(pipe_box.sent[0].port, LAN);
	assert_memory_equal(sent + ETH_LEN + 12, ((const uint8_t[]){ 10, 0, 0, 1 }), 4);
	assert_int_equal(sent[L4_4], 11);
	late.dport = 8; /* nobody's */
	assert_int_equal(pipe_spec_one(&late), SL_DROP_TTL);
	assert_int_equal(pipe_box.sent_count, 0);
}

/* ---- silence ---- */

static void
test_silent(void **state)
{
	static const struct {
		const char *name;
		struct pipe_spec spec;
		bool closed_drop, silent, broken;
		const char *verdict;
		unsigned int sent;
	} rows[] = {
		{ "reject", { .dport = 9 }, false, false, false, "no_service", 1 },
		{ "closed_port drop", { .dport = 9 }, true, false, false, "no_service", 0 },
		{ "a wrong checksum", { .dport = 9 }, false, false, true, "no_service", 0 },
		{ "stray", { .flags = ACK }, false, false, false, "no_connection", 1 },
		{ "stray, reject off", { .flags = ACK }, false, true, false, "no_connection", 0 },
		{ "no server, reject off", { .dport = 81 }, false, true, false, "no_server", 0 },
		{ "no source", { .src = "127.0.0.1" }, false, false, false, "source", 0 },
		{ "passes by", { .dst = "192.0.2.9", .ttl = 1 }, false, false, false, "ttl", 0 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct dp_snapshot *snapshot = atomic_load(&dp_snapshot_current);
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&rows[i].spec, bytes);

		dp_ports[WAN].conf.closed_drop = rows[i].closed_drop;
		for (uint32_t slot = 0; slot < snapshot->svc_count; slot++)
			if (snapshot->svc[slot] != NULL)
				((struct dp_svc *)(uintptr_t)snapshot->svc[slot])->options =
					rows[i].silent ? DP_SERVICE_SILENT : 0;
		if (rows[i].broken)
			bytes[len - 1] ^= 1;
		sl_check_str(rows[i].name, pipe_verdict(pipe_one(WAN, bytes, len, NULL)), rows[i].verdict);
		sl_check_int(rows[i].name, pipe_box.sent_count, rows[i].sent);
	}
	dp_ports[WAN].conf.closed_drop = false;
}

/* ---- limits ---- */

/* Sends so many packets from a client to a closed port; returns how many answers came. */
static unsigned int
flood(const char *src, uint8_t proto, unsigned int count)
{
	struct pipe_spec spec = { .src = src, .dport = 9, .proto = proto };
	unsigned int answers = 0;

	for (unsigned int i = 0; i < count; i++) {
		(void)pipe_spec_one(&spec);
		answers += pipe_box.sent_count;
	}
	return answers;
}

static void
test_limits(void **state)
{
	struct dp_worker *w = dp_workers[0];

	dp_answer_rate_set(0);
	assert_int_equal(flood("203.0.113.1", SL_PROTO_UDP, 3), 0);
	assert_int_equal(w->count.answers_limited, 3);
	/* A second's worth, of errors and resets each. One that comes while this runs is allowed for. */
	dp_answer_rate_set(10);
	assert_in_range(flood("203.0.113.1", SL_PROTO_UDP, 40), 10, 12);
	assert_in_range(flood("203.0.113.1", SL_PROTO_TCP, 40), 10, 12);
	assert_in_range(flood("203.0.113.2", SL_PROTO_TCP, 5), 0, 1);
	/* One client takes an eighth, and leaves the rest to others. */
	memset(&w->answers, 0, sizeof(w->answers));
	dp_answer_rate_set(1000);
	assert_in_range(flood("203.0.113.1", SL_PROTO_UDP, 300), 125, 160);
	assert_int_equal(flood("203.0.113.2", SL_PROTO_UDP, 100), 100);
	assert_int_equal(flood("203.0.113.3", SL_PROTO_UDP, 100), 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reset, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_errors, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_reply_last_hop, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_silent, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_limits, pipe_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
