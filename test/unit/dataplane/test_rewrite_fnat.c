/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full NAT through the pipeline: what the server gets of a client's packet, what the client
 * gets of the server's answer, in the families as they come; with one worker and with
 * two, where the answer comes to the other one.
 */
#include "fnat_box.h"

#include "addr_book.h"
#include "local_book.h"
#include "rcu.h"
#include "txn.h"

#include "sl_addr.h"
#include "wire.h"

/* Who speaks to whom in a frame. */
struct tuple {
	struct sl_addr src, dst;
	uint16_t sport, dport;
	unsigned int ttl, total;
};

static struct tuple
tuple_of(const uint8_t *frame)
{
	const uint8_t *ip = frame + ETH_LEN, *l4;
	struct tuple t;
	bool v6 = ip[0] >> 4 == 6;

	assert_int_equal(load16(frame + ETH_TYPE_AT), v6 ? ETH_TYPE_IP6_BE : ETH_TYPE_IP4_BE);
	l4 = ip + (v6 ? (unsigned int)IP6_LEN : (ip[0] & 15) * 4u);
	t.src = v6 ? sl_addr_from_v6(ip + IP6_SRC_AT) : sl_addr_from_v4(load32(ip + IP4_SRC_AT));
	t.dst = v6 ? sl_addr_from_v6(ip + IP6_DST_AT) : sl_addr_from_v4(load32(ip + IP4_DST_AT));
	t.sport = rte_be_to_cpu_16(load16(l4));
	t.dport = rte_be_to_cpu_16(load16(l4 + 2));
	t.ttl = ip[v6 ? IP6_HOPS_AT : IP4_TTL_AT];
	t.total = v6 ? IP6_LEN + rte_be_to_cpu_16(load16(ip + IP6_PAYLOAD_AT))
		     : rte_be_to_cpu_16(load16(ip + IP4_TOTAL_AT));
	return t;
}

static void
addr_check(const char *row, const struct sl_addr *got, const char *wanted)
{
	char text[SL_ADDR_STRLEN];

	sl_check_str(row, sl_addr_format(got, text), wanted);
}

struct fnat_row {
	const char *name, *client, *vip, *server, *local;
	uint8_t proto;
	bool no_sum;
	int growth; /* of the packet, towards the server */
};

#define C4 "203.0.113.5"
#define C6 "2001:db8:9::5"
#define S4 "10.0.0.11"
#define S6 "2001:db8:2::11"
#define L4 "10.0.0.200"
#define L6 "2001:db8:2::200"
#define V4 "192.0.2.3"
#define V6 "2001:db8:ff::3"
#define V64 "2001:db8:ff::4"

static const struct fnat_row rows[] = {
	{ "TCP 4 to 4", C4, V4, S4, L4, SL_PROTO_TCP, false, 0 },
	{ "UDP 4 to 4", C4, V4, S4, L4, SL_PROTO_UDP, false, 0 },
	{ "UDP 4 to 4, no checksum", C4, V4, S4, L4, SL_PROTO_UDP, true, 0 },
	{ "TCP 6 to 6", C6, V6, S6, L6, SL_PROTO_TCP, false, 0 },
	{ "UDP 6 to 6", C6, V6, S6, L6, SL_PROTO_UDP, false, 0 },
	{ "TCP 6 to 4", C6, V64, S4, L4, SL_PROTO_TCP, false, -20 },
	{ "UDP 6 to 4", C6, V64, S4, L4, SL_PROTO_UDP, false, -20 },
};

/* The client's packet at the server, and the answer at the client. Payloads of both parities. */
static void
row_check(const struct fnat_row *row, uint16_t payload)
{
	const struct pipe_spec spec = {
		.src = row->client,
		.dst = row->vip,
		.proto = row->proto,
		.payload = payload,
		.no_sum = row->no_sum,
		.seed = payload,
	};
	unsigned int header =
		strchr(row->client, ':') != NULL ? (unsigned int)IP6_LEN : (unsigned int)IP4_LEN;
	unsigned int total = header + (row->proto == SL_PROTO_TCP ? 20u : 8u) + payload;
	uint8_t bytes[PIPE_FRAME_MAX];
	struct tuple t, back;
	unsigned int len;

	pipe_flows_end();
	pipe_box.tailroom = 0;
	sl_check_str(row->name, pipe_verdict(pipe_spec_one(&spec)), "sent");
	t = tuple_of(pipe_box.sent[0].bytes);
	sl_check_int(row->name, pipe_box.sent[0].port, LAN);
	addr_check(row->name, &t.dst, row->server);
	sl_check_int(row->name, t.dport, 8080);
	sl_check_int(row->name, t.ttl, 63);
	sl_check_int(row->name, t.total, total + (unsigned int)row->growth);
	sl_check_int(row->name, t.sport >= 1024, 1);
	sl_check_int(row->name, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len), 1);
	sl_check_int(
		row->name,
		(dp_local_used(1, row->proto) + dp_local_used(2, row->proto) + dp_local_used(3, row->proto)),
		1);

	len = fnat_answer(pipe_box.sent[0].bytes, ETH_LEN + t.total, bytes);
	if (row->no_sum)
		memset(bytes + ETH_LEN + IP4_LEN + UDP_SUM_AT, 0, 2);
	sl_check_str(row->name, pipe_verdict(pipe_one(LAN, bytes, len, NULL)), "sent");
	back = tuple_of(pipe_box.sent[0].bytes);
	sl_check_int(row->name, pipe_box.sent[0].port, WAN);
	addr_check(row->name, &back.src, row->vip);
	addr_check(row->name, &back.dst, row->client);
	sl_check_int(row->name, back.sport, 80);
	sl_check_int(row->name, back.dport, 40000);
	sl_check_int(row->name, back.ttl, 63);
	sl_check_int(row->name, back.total, total);
	sl_check_int(row->name, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len), 1);

	/* From elsewhere, or to another port, it is nobody's. */
	bytes[ETH_LEN + (t.src.b[10] == 0xff && t.src.b[0] == 0 ? IP4_SRC_AT + 3 : IP6_SRC_AT + 15)]++;
	pipe_sums(bytes);
	sl_check_str(row->name, pipe_verdict(pipe_one(LAN, bytes, len, NULL)), "transit");
	pipe_flows_end();
	sl_check_int(
		row->name,
		(dp_local_used(1, row->proto) + dp_local_used(2, row->proto) + dp_local_used(3, row->proto)),
		0);
}

static void
test_rows(void **state)
{
	static const uint16_t payloads[] = { 0, 1, 8, 201, 1000 };

	for (unsigned int i = 0; i < SL_COUNT(rows); i++)
		for (unsigned int n = 0; n < SL_COUNT(payloads); n++)
			row_check(&rows[i], payloads[n]);
}

/* A datagram from an IPv4 server without a checksum gets one for its IPv6 client. */
static void
test_nat64_sum(void **state)
{
	const struct pipe_spec spec = { .src = C6, .dst = V64, .proto = SL_PROTO_UDP, .payload = 33 };
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len;
	struct tuple t;

	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	t = tuple_of(pipe_box.sent[0].bytes);
	len = fnat_answer(pipe_box.sent[0].bytes, ETH_LEN + t.total, bytes);
	memset(bytes + ETH_LEN + IP4_LEN + UDP_SUM_AT, 0, 2);
	for (unsigned int cut = 0; cut < 2; cut++) {
		const unsigned int cuts[] = { cut * 57, 0 };

		assert_int_equal(pipe_one(LAN, bytes, len, cuts), PIPE_SENT);
		assert_true(pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
	}
}

/* With two workers an answer that comes to the wrong one is handed to the flow's. */
static void
test_answer_elsewhere(void **state)
{
	const struct pipe_spec spec = { .src = C4, .dst = V4 };
	uint8_t bytes[PIPE_FRAME_MAX];
	struct rte_mbuf *m;
	struct tuple t;

	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	t = tuple_of(pipe_box.sent[0].bytes);
	m = pipe_mbuf(bytes, fnat_answer(pipe_box.sent[0].bytes, ETH_LEN + t.total, bytes), NULL);
	pipe_forget();
	pipe_burst(1, LAN, &m, 1);
	assert_int_equal(pipe_box.sent_count, 0);
	assert_int_equal(pipe_receive(0), 1);
	assert_int_equal(pipe_box.sent_count, 1);
	t = tuple_of(pipe_box.sent[0].bytes);
	addr_check("answer", &t.dst, C4);
}

/* What comes from a server for a client directly belongs to no flow by full NAT. */
static void
test_no_nat(void **state)
{
	const struct pipe_spec spec = { .src = C4, .dst = V4 };
	const struct pipe_spec direct = {
		.src = S4, .dst = C4, .sport = 8080, .dport = 40000, .flags = 0x10, .from_lan = true
	};

	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	sl_check_str("direct", pipe_verdict(pipe_spec_one(&direct)), "transit");
}

static void
left_count(const struct dp_local_info *local, void *count)
{
	*(unsigned int *)count += local->group[0] == '\0';
}

static unsigned int
left(void)
{
	unsigned int count = 0;

	dp_local_walk(left_count, &count);
	return count;
}

/* An address that leaves its group serves its flow to the end, and nobody else. */
static void
test_address_leaves(void **state)
{
	static const char *const rest[] = { "10.0.0.201" };
	struct pipe_spec spec = { .src = C4, .dst = V4 };
	uint8_t bytes[PIPE_FRAME_MAX];
	struct tuple t;
	unsigned int len;

	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	t = tuple_of(pipe_box.sent[0].bytes);
	addr_check("before", &t.src, L4);
	len = fnat_answer(pipe_box.sent[0].bytes, ETH_LEN + t.total, bytes);
	fnat_configure(rest, SL_COUNT(rest));
	assert_int_equal(left(), 2); /* the IPv6 one too */
	assert_int_equal(pipe_one(LAN, bytes, len, NULL), PIPE_SENT);
	assert_true(dp_addr_book_answers(LAN, &t.src));
	for (spec.sport = 50000; spec.sport < 50010; spec.sport++) {
		struct tuple new;

		assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
		new = tuple_of(pipe_box.sent[0].bytes);
		addr_check("new connections", &new.src, rest[0]);
	}
	(void)dp_rcu_poll();
	assert_true(local_book_reap()); /* the IPv6 one */
	assert_true(dp_txn_tidy());
	assert_int_equal(left(), 1);
	pipe_flows_end();
	assert_true(local_book_reap());
	assert_true(dp_txn_tidy());
	assert_int_equal(left(), 0);
	assert_false(dp_addr_book_answers(LAN, &t.src));
	sl_check_str("gone", pipe_verdict(pipe_one(LAN, bytes, len, NULL)), "transit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, fnat_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_nat64_sum, fnat_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_answer_elsewhere, fnat_setup2, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_address_leaves, fnat_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_no_nat, fnat_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
