/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about connections: byte by byte what the other side is told, and every way
 * of being cut short, wrong or about nothing.
 */
#include "pipe_box.h"
#include "port.h"
#include "wire.h"

#include <stdio.h>

enum { QUOTE_MAX = 1400, PORT = 40000, REAL_PORT = 8080 };

/* An error as a test describes it. */
struct error {
	const char *src, *dst;
	uint8_t type, code, ttl;
	uint32_t rest;
	const uint8_t *quote;
	unsigned int quote_len;
	bool from_lan;
};

static void
be16_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t
sum_over(const uint8_t *bytes, unsigned int len, uint32_t sum)
{
	for (unsigned int i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool
is_v6(const char *text)
{
	return strchr(text, ':') != NULL;
}

/* The whole frame; returns its length. The IP header is pipe_build's, of a UDP datagram as long. */
static unsigned int
error_build(const struct error *error, uint8_t *bytes)
{
	bool v6 = is_v6(error->dst);
	struct pipe_spec spec = {
		.src = error->src,
		.dst = error->dst,
		.proto = SL_PROTO_UDP,
		.payload = (uint16_t)error->quote_len,
		.ttl = error->ttl,
		.from_lan = error->from_lan,
	};
	unsigned int len = pipe_build(&spec, bytes), l4 = ETH_LEN + (v6 ? IP6_LEN : IP4_LEN);
	uint8_t *icmp = bytes + l4;

	icmp[0] = error->type;
	icmp[1] = error->code;
	be16_put(icmp + 2, 0);
	be16_put(icmp + 4, error->rest >> 16);
	be16_put(icmp + 6, error->rest);
	memcpy(icmp + 8, error->quote, error->quote_len);
	if (v6) {
		bytes[ETH_LEN + IP6_NEXT_AT] = 58;
		be16_put(icmp + 2, ~sum_over(icmp, len - l4,
					     sum_over(bytes + ETH_LEN + IP6_SRC_AT, 32, 58 + len - l4)));
	} else {
		bytes[ETH_LEN + IP4_PROTO_AT] = 1;
		be16_put(bytes + ETH_LEN + IP4_SUM_AT, 0);
		be16_put(bytes + ETH_LEN + IP4_SUM_AT, ~sum_over(bytes + ETH_LEN, IP4_LEN, 0));
		be16_put(icmp + 2, ~sum_over(icmp, len - l4, 0));
	}
	return len;
}

/* The packet that an error quotes, as somebody saw it; its transport checksum is that of `sums`. */
static unsigned int
quote_build(const struct pipe_spec *seen, const struct pipe_spec *sums, uint8_t *quote)
{
	uint8_t bytes[PIPE_FRAME_MAX], other[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(seen, bytes), l4 = ETH_LEN + (is_v6(seen->dst) ? IP6_LEN : IP4_LEN);
	unsigned int at =
		l4 + (seen->proto == SL_PROTO_UDP ? (unsigned int)UDP_SUM_AT : (unsigned int)TCP_SUM_AT);

	(void)pipe_build(sums, other);
	memcpy(bytes + at, other + at, 2);
	memcpy(quote, bytes + ETH_LEN, len - ETH_LEN);
	return len - ETH_LEN;
}

/* A connection of a client, as both sides see its packets. */
struct conn {
	bool v6, nat;
	uint8_t proto;
	const char *client, *vip;
	char real[32];
	struct pipe_spec to_vip, to_real, from_real, from_vip;
};

static const struct conn conns[] = {
	{ .nat = true, .proto = SL_PROTO_UDP, .client = "203.0.113.5", .vip = "192.0.2.1" },
	{ .nat = true, .proto = SL_PROTO_TCP, .client = "203.0.113.5", .vip = "192.0.2.1" },
	{ .nat = true,
	  .v6 = true,
	  .proto = SL_PROTO_UDP,
	  .client = "2001:db8:9::5",
	  .vip = "2001:db8:ff::1" },
	{ .nat = true,
	  .v6 = true,
	  .proto = SL_PROTO_TCP,
	  .client = "2001:db8:9::5",
	  .vip = "2001:db8:ff::1" },
	{ .proto = SL_PROTO_UDP, .client = "203.0.113.5", .vip = "192.0.2.2" },
	{ .v6 = true, .proto = SL_PROTO_TCP, .client = "2001:db8:9::5", .vip = "2001:db8:ff::2" },
};

/* Opens it. */
static void
conn_open(struct conn *c)
{
	const struct pipe_frame *sent = &pipe_box.sent[0];
	unsigned int last;

	c->to_vip = (struct pipe_spec){
		.src = c->client, .dst = c->vip, .sport = PORT, .dport = 80, .proto = c->proto, .payload = 40
	};
	assert_int_equal(pipe_spec_one(&c->to_vip), PIPE_SENT);
	last = c->v6 ? sent->bytes[ETH_LEN + 39] : sent->bytes[ETH_LEN + 19];
	if (c->nat && c->v6)
		snprintf(c->real, sizeof(c->real), "2001:db8:2::%x", last);
	else if (c->nat)
		snprintf(c->real, sizeof(c->real), "10.0.0.%u", last);
	else
		snprintf(c->real, sizeof(c->real), "%s", c->vip);
	c->to_real = c->to_vip;
	c->to_real.dst = c->real;
	c->to_real.dport = c->nat ? REAL_PORT : 80;
	c->from_vip = (struct pipe_spec){ .src = c->vip,
					  .dst = c->client,
					  .sport = 80,
					  .dport = PORT,
					  .proto = c->proto,
					  .payload = 40,
					  .ttl = 60 };
	c->from_real = c->from_vip;
	c->from_real.src = c->real;
	c->from_real.sport = c->to_real.dport;
}

static void
frame_check(const char *name, const struct error *wanted, unsigned int port)
{
	const struct pipe_frame *sent = &pipe_box.sent[0];
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = error_build(wanted, bytes);

	sl_check_int(name, pipe_box.sent_count, 1);
	sl_check_int(name, sent->port, port);
	sl_check_int(name, sent->len, len);
	for (unsigned int i = ETH_LEN; i < len; i++)
		if (sent->bytes[i] != bytes[i])
			fail_msg("row \"%s\": byte %u is 0x%02x, not 0x%02x", name, i, sent->bytes[i],
				 bytes[i]);
}

/* The client's side, about what it was sent. */
static void
error_to_server(const struct conn *c, unsigned int keep, struct error *came, struct error *left,
		uint8_t *quotes)
{
	const char *router = c->v6 ? "2001:db8:9::fe" : "203.0.113.254";
	unsigned int len = quote_build(&c->from_vip, &c->from_vip, quotes);

	(void)quote_build(&c->from_real, &c->from_vip, quotes + QUOTE_MAX);
	*came = (struct error){ .src = router,
				.dst = c->vip,
				.type = c->v6 ? 2 : 3,
				.code = c->v6 ? 0 : 4,
				.ttl = 64,
				.rest = 1400,
				.quote = quotes,
				.quote_len = keep < len ? keep : len };
	*left = *came;
	left->dst = c->real;
	left->ttl = 63;
	left->quote = quotes + QUOTE_MAX;
}

/* The server's side, about what it was sent. NAT only. */
static void
error_to_client(const struct conn *c, unsigned int keep, struct error *came, struct error *left,
		uint8_t *quotes)
{
	const char *router = c->v6 ? "2001:db8:2::99" : "10.0.0.99";
	unsigned int len = quote_build(&c->to_real, &c->to_real, quotes);

	(void)quote_build(&c->to_vip, &c->to_real, quotes + QUOTE_MAX);
	*came = (struct error){ .src = router,
				.dst = c->client,
				.type = c->v6 ? 1 : 3,
				.code = c->v6 ? 4 : 3,
				.ttl = 64,
				.quote = quotes,
				.quote_len = keep < len ? keep : len,
				.from_lan = true };
	*left = *came;
	left->src = c->vip;
	left->ttl = 63;
	left->quote = quotes + QUOTE_MAX;
}

static int
error_one(const struct error *error)
{
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = error_build(error, bytes);

	return pipe_one(error->from_lan ? LAN : WAN, bytes, len, NULL);
}

/* Every length of the quote, from nothing to all: with eight bytes of transport it is told, else refused. */
static void
test_all_lengths(void **state)
{
	static uint8_t quotes[2 * QUOTE_MAX];

	for (size_t i = 0; i < SL_COUNT(conns); i++) {
		struct conn c = conns[i];
		unsigned int least = (c.v6 ? IP6_LEN : IP4_LEN) + 8;
		struct error came, left;

		conn_open(&c);
		for (unsigned int keep = 0; keep <= least + 40; keep++) {
			const char *wanted = keep < least ? "icmp_invalid" : "sent";
			char name[64];

			snprintf(name, sizeof(name), "connection %zu, quote of %u", i, keep);
			error_to_server(&c, keep, &came, &left, quotes);
			sl_check_str(name, pipe_verdict(error_one(&came)), wanted);
			if (keep >= least)
				frame_check(name, &left, LAN);
			if (!c.nat)
				continue;
			error_to_client(&c, keep, &came, &left, quotes);
			sl_check_str(name, pipe_verdict(error_one(&came)), wanted);
			if (keep >= least)
				frame_check(name, &left, WAN);
		}
		pipe_flows_end();
	}
}

/* ---- errors that are not believed ---- */

enum lie {
	NO_LIE,
	LIE_SUM,      /* the message's checksum */
	LIE_PORT,     /* another client port */
	LIE_TUPLE,    /* from the wrong side */
	LIE_PROTO,    /* neither TCP nor UDP */
	LIE_ERROR,    /* about an ICMP error */
	LIE_LATER,    /* about a fragment without ports */
	LIE_FAMILY,   /* about a packet of the other family */
	LIE_HEADER,   /* an impossible header length */
	LIE_HOPS,     /* not a lie: no hop left */
	LIE_FRAGMENT, /* the error itself comes in fragments */
};

static void
test_lies(void **state)
{
	static const struct {
		const char *name, *verdict;
		enum lie lie;
	} rows[] = {
		{ "as it should be", "sent", NO_LIE },
		{ "wrong checksum", "icmp_invalid", LIE_SUM },
		{ "of no connection", "icmp_no_flow", LIE_PORT },
		{ "from the wrong side", "icmp_no_flow", LIE_TUPLE },
		{ "SCTP", "icmp_invalid", LIE_PROTO },
		{ "about an error", "icmp_invalid", LIE_ERROR },
		{ "about a later fragment", "icmp_invalid", LIE_LATER },
		{ "about the other family", "icmp_invalid", LIE_FAMILY },
		{ "header too short", "icmp_invalid", LIE_HEADER },
		{ "last hop", "ttl", LIE_HOPS },
		{ "in fragments", "fragment", LIE_FRAGMENT },
	};
	static uint8_t quotes[2 * QUOTE_MAX];

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conn c = conns[0];
		uint8_t bytes[PIPE_FRAME_MAX];
		struct error came, left;
		enum lie lie = rows[i].lie;
		unsigned int len;

		conn_open(&c);
		if (lie == LIE_PORT)
			c.from_vip.dport++;
		if (lie == LIE_TUPLE)
			c.from_vip = c.to_vip;
		error_to_server(&c, QUOTE_MAX, &came, &left, quotes);
		if (lie == LIE_PROTO || lie == LIE_ERROR)
			quotes[IP4_PROTO_AT] = lie == LIE_PROTO ? 132 : 1;
		if (lie == LIE_LATER)
			be16_put(quotes + IP4_FRAG_AT, 0x2005);
		if (lie == LIE_FAMILY)
			quotes[0] = 0x65;
		if (lie == LIE_HEADER)
			quotes[0] = 0x44;
		came.ttl = lie == LIE_HOPS ? 1 : 64;
		len = error_build(&came, bytes);
		if (lie == LIE_SUM)
			bytes[len - 1] ^= 1;
		if (lie == LIE_FRAGMENT) {
			be16_put(bytes + ETH_LEN + IP4_FRAG_AT, 0x2000);
			be16_put(bytes + ETH_LEN + IP4_SUM_AT, 0);
			be16_put(bytes + ETH_LEN + IP4_SUM_AT, ~sum_over(bytes + ETH_LEN, IP4_LEN, 0));
		}
		sl_check_str(rows[i].name, pipe_verdict(pipe_one(WAN, bytes, len, NULL)), rows[i].verdict);
		sl_check_int(rows[i].name, pipe_box.sent_count, lie == NO_LIE);
		sl_check_int(rows[i].name,
			     dp_workers[0]->count.flows_created - dp_workers[0]->count.flows_expired,
			     1); /* none was opened */
		pipe_flows_end();
	}
}

/* Messages shorter than an error's header, both families. */
static void
test_short_messages(void **state)
{
	static uint8_t none[1];

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		unsigned int l4 = ETH_LEN + (v6 ? IP6_LEN : IP4_LEN);

		for (unsigned int size = 1; size < 8; size++) {
			struct error error = { .src = v6 ? "2001:db8:9::5" : "203.0.113.5",
					       .dst = v6 ? "2001:db8:ff::1" : "192.0.2.1",
					       .type = v6 ? 1 : 3,
					       .ttl = 64,
					       .quote = none };
			uint8_t bytes[PIPE_FRAME_MAX];

			(void)error_build(&error, bytes);
			if (v6) {
				be16_put(bytes + ETH_LEN + IP6_PAYLOAD_AT, size);
			} else {
				be16_put(bytes + ETH_LEN + IP4_TOTAL_AT, IP4_LEN + size);
				be16_put(bytes + ETH_LEN + IP4_SUM_AT, 0);
				be16_put(bytes + ETH_LEN + IP4_SUM_AT,
					 ~sum_over(bytes + ETH_LEN, IP4_LEN, 0));
			}
			assert_int_equal(pipe_one(WAN, bytes, l4 + size, NULL), SL_DROP_ICMP_INVALID);
		}
	}
}

/* ---- several workers ---- */

/* Lets the workers pass on what they have until nothing moves. */
static void
settle(void)
{
	unsigned int moved;

	do {
		moved = 0;
		for (unsigned int id = 0; id < pipe_box.workers; id++)
			moved += pipe_receive(id);
	} while (moved != 0);
}

static void
burst_one(unsigned int worker, unsigned int port, const uint8_t *bytes, unsigned int len)
{
	struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);

	pipe_burst(worker, port, &m, 1);
	settle();
}

static uint64_t
dropped(enum sl_drop reason)
{
	uint64_t count = 0;

	for (unsigned int id = 0; id < pipe_box.workers; id++)
		count += dp_workers[id]->count.drop[reason];
	return count;
}

/* Whichever worker an error comes to, it meets its connection; one of none is dropped once. */
static void
test_workers(void **state)
{
	static uint8_t quotes[2 * QUOTE_MAX];

	for (unsigned int n = 0; n < 64; n++) {
		struct conn c = conns[n % 2 == 0 ? 0 : 4];
		uint8_t bytes[PIPE_FRAME_MAX];
		struct error came, left;
		unsigned int len;

		c.to_vip = (struct pipe_spec){ .src = c.client,
					       .dst = c.vip,
					       .sport = (uint16_t)(PORT + n),
					       .dport = 80,
					       .proto = c.proto,
					       .payload = 40 };
		pipe_forget();
		len = pipe_build(&c.to_vip, bytes);
		burst_one(n % pipe_box.workers, WAN, bytes, len);
		assert_int_equal(pipe_box.sent_count, 1);
		snprintf(c.real, sizeof(c.real), c.nat ? "10.0.0.%u" : "192.0.2.2",
			 pipe_box.sent[0].bytes[ETH_LEN + 19]);
		c.from_vip = (struct pipe_spec){ .src = c.vip,
						 .dst = c.client,
						 .sport = 80,
						 .dport = (uint16_t)(PORT + n),
						 .proto = c.proto,
						 .payload = 40 };
		c.from_real = c.from_vip;
		c.from_real.src = c.real;
		c.from_real.sport = c.nat ? REAL_PORT : 80;
		error_to_server(&c, QUOTE_MAX, &came, &left, quotes);
		for (unsigned int worker = 0; worker < pipe_box.workers; worker++) {
			uint64_t lost = dropped(SL_DROP_ICMP_NO_FLOW);

			pipe_forget();
			len = error_build(&came, bytes);
			burst_one(worker, WAN, bytes, len);
			frame_check("to any worker", &left, LAN);
			c.from_vip.sport = 81; /* nobody's */
			error_to_server(&c, QUOTE_MAX, &came, &left, quotes);
			pipe_forget();
			len = error_build(&came, bytes);
			burst_one(worker, WAN, bytes, len);
			assert_int_equal(pipe_box.sent_count, 0);
			assert_int_equal(dropped(SL_DROP_ICMP_NO_FLOW), lost + 1);
			c.from_vip.sport = 80;
			error_to_server(&c, QUOTE_MAX, &came, &left, quotes);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_lengths, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_lies, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_short_messages, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_workers, pipe_setup2, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_workers, pipe_setup4, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
