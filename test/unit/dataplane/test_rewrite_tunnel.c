/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What leaves for a server behind a tunnel, byte by byte. The outer header is taken apart
 * here by the RFCs (791, 8200, 2784, GUE variant 0), not by what wrote it.
 */
#include "pipe_box.h"
#include "tunnel.h"
#include "wire.h"

#include "sl_addr.h"

enum { UDP = SL_PROTO_UDP, VIP_PORT = 80, GUE_PORT = 6080, TTL = 64 };

/* ---- taking apart ---- */

struct outer {
	unsigned int version, tos, total, id, ttl, proto, header;
	bool df, more, ip_sum_right;
	unsigned int offset, label;
	struct sl_addr src, dst;
	const uint8_t *inside; /* what follows the IP header */
};

static unsigned int
be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static uint32_t
sum_plain(const uint8_t *p, unsigned int len, uint32_t sum)
{
	for (unsigned int i = 0; i < len; i++)
		sum += (uint32_t)p[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static struct outer
outer_read(const uint8_t *ip)
{
	struct outer o = { .version = ip[0] >> 4 };

	if (o.version == 4) {
		o.tos = ip[1];
		o.total = be16(ip + 2);
		o.id = be16(ip + 4);
		o.df = (ip[6] & 0x40) != 0;
		o.more = (ip[6] & 0x20) != 0;
		o.offset = be16(ip + 6) & 0x1fff;
		o.ttl = ip[8];
		o.proto = ip[9];
		o.header = (ip[0] & 15) * 4u;
		o.ip_sum_right = sum_plain(ip, o.header, 0) == 0xffff;
		o.src = sl_addr_from_v4(load32(ip + 12));
		o.dst = sl_addr_from_v4(load32(ip + 16));
	} else {
		o.tos = (be16(ip) >> 4) & 0xff;
		o.label = (ip[1] & 15u) << 16 | be16(ip + 2);
		o.total = be16(ip + 4) + 40;
		o.ttl = ip[7];
		o.proto = ip[6];
		o.header = 40;
		o.ip_sum_right = true;
		o.src = sl_addr_from_v6(ip + 8);
		o.dst = sl_addr_from_v6(ip + 24);
	}
	o.inside = ip + o.header;
	return o;
}

/* Of UDP over either family. */
static bool
udp_sum_right(const uint8_t *ip, const struct outer *o)
{
	unsigned int len = o->total - o->header;
	uint8_t tail[4] = { 0, 17, (uint8_t)(len >> 8), (uint8_t)len };
	uint32_t sum = o->version == 4 ? sum_plain(ip + 12, 8, 0) : sum_plain(ip + 8, 32, 0);

	return sum_plain(o->inside, len, sum_plain(tail, 4, sum)) == 0xffff;
}

static bool
addr_is(const struct sl_addr *addr, const char *text)
{
	struct sl_addr want;

	assert_int_equal(sl_addr_parse(text, &want), 0);
	return sl_addr_eq(addr, &want);
}

/* ---- kinds of tunnels, families and lengths ---- */

struct kind {
	const char *name;
	struct dp_tunnel tunnel;
	unsigned int header; /* behind the outer IP header */
	bool sum;
};

static const struct kind kinds[] = {
	{ "ipip", { .type = SL_TUN_IPIP }, 0, false },
	{ "gue", { SL_TUN_GUE, SL_TUN_SUM_NONE, GUE_PORT }, 12, false },
	{ "gue csum", { SL_TUN_GUE, SL_TUN_SUM_FULL, GUE_PORT }, 12, true },
	{ "gue remcsum", { SL_TUN_GUE, SL_TUN_SUM_REMOTE, GUE_PORT }, 12, true },
	{ "gre", { SL_TUN_GRE, SL_TUN_SUM_NONE, 0 }, 4, false },
	{ "gre csum", { SL_TUN_GRE, SL_TUN_SUM_FULL, 0 }, 8, true },
};

static const struct families {
	const char *name, *vip, *client, *server, *source;
	bool inner6, outer6;
} families[] = {
	{ "4 in 4", "192.0.2.9", "203.0.113.5", "10.0.0.11", "10.0.0.1", false, false },
	{ "4 in 6", "192.0.2.9", "203.0.113.5", "2001:db8:2::11", "2001:db8:2::1", false, true },
	{ "6 in 4", "2001:db8:ff::9", "2001:db8:9::5", "10.0.0.11", "10.0.0.1", true, false },
	{ "6 in 6", "2001:db8:ff::9", "2001:db8:9::5", "2001:db8:2::11", "2001:db8:2::1", true, true },
};

/* The bytes between outer IP header and inner packet. */
static void
header_check(const char *row, const struct kind *k, const struct families *f, const uint8_t *ip,
	     const struct outer *o)
{
	const uint8_t *p = o->inside;

	switch (k->tunnel.type) {
	case SL_TUN_IPIP:
		sl_check_int(row, o->proto, f->inner6 ? 41 : 4);
		break;
	case SL_TUN_GUE:
		sl_check_int(row, o->proto, 17);
		sl_check(row, be16(p) >= 49152);
		sl_check_int(row, be16(p + 2), GUE_PORT);
		sl_check_int(row, be16(p + 4), o->total - o->header);
		if (k->sum)
			sl_check(row, be16(p + 6) != 0 && udp_sum_right(ip, o));
		else
			sl_check_int(row, be16(p + 6), 0);
		sl_check_int(row, p[8], 0);
		sl_check_int(row, p[9], f->inner6 ? 41 : 4);
		sl_check_int(row, be16(p + 10), 0);
		break;
	default:
		sl_check_int(row, o->proto, 47);
		sl_check_int(row, be16(p), k->sum ? 0x8000 : 0);
		sl_check_int(row, be16(p + 2), f->inner6 ? 0x86dd : 0x0800);
		if (k->sum) {
			sl_check_int(row, sum_plain(p, o->total - o->header, 0), 0xffff);
			sl_check_int(row, be16(p + 6), 0);
		}
	}
}

/* The frame that was sent for `bytes`, which arrived; `len` long without padding. */
static void
frame_check(const char *row, const struct kind *k, const struct families *f, uint8_t *bytes, unsigned int len)
{
	const struct pipe_frame *sent = &pipe_box.sent[0];
	const uint8_t *ip = sent->bytes + ETH_LEN;
	struct outer o = outer_read(ip);
	uint8_t *inner = bytes + ETH_LEN;

	sl_check_int(row, pipe_box.sent_count, 1);
	sl_check_int(row, sent->port, LAN);
	sl_check(row, memcmp(sent->bytes, (uint8_t[]){ 2, 0, 0, 0, 2, 0x11, 2, 0, 0, 0, 0, 0xb0 }, 12) == 0);
	sl_check_int(row, be16(sent->bytes + 12), f->outer6 ? 0x86dd : 0x0800);
	sl_check_int(row, o.version, f->outer6 ? 6 : 4);
	sl_check_int(row, o.header, f->outer6 ? 40 : 20);
	sl_check(row, o.ip_sum_right);
	sl_check_int(row, o.total, o.header + k->header + len - ETH_LEN);
	sl_check_int(row, sent->len, ETH_LEN + o.total);
	sl_check_int(row, o.ttl, TTL - 1);
	sl_check_int(row, o.offset, 0);
	sl_check(row, !o.more);
	sl_check_int(row, o.label, 0);
	sl_check(row, addr_is(&o.src, f->source));
	sl_check(row, addr_is(&o.dst, f->server));
	header_check(row, k, f, ip, &o);
	/* Inside is what came, a hop older. */
	inner[f->inner6 ? 7 : 8]--;
	pipe_sums(bytes);
	sl_check(row, memcmp(o.inside + k->header, inner, len - ETH_LEN) == 0);
}

/* Lengths with odd and even payloads, and segments that begin at odd bytes. */
static const struct {
	unsigned int payload;
	unsigned int cuts[5];
} shapes[] = {
	{ 0, { 0 } },
	{ 1, { 0 } },
	{ 17, { 0 } },
	{ 1000, { 0 } },
	{ 1001, { 0 } },
	{ 500, { 101, 102, 305, 0 } },
	{ 501, { 100, 103, 0 } },
	{ 1300, { 99, 200, 401, 1000, 0 } },
};

static void
test_bytes(void **state)
{
	for (size_t k = 0; k < SL_COUNT(kinds); k++)
		for (size_t f = 0; f < SL_COUNT(families); f++) {
			pipe_serve(families[f].vip, VIP_PORT, UDP, SL_FWD_TUN, families[f].server,
				   &kinds[k].tunnel, 0);
			for (size_t s = 0; s < SL_COUNT(shapes); s++) {
				struct pipe_spec spec = {
					.src = families[f].client,
					.dst = families[f].vip,
					.proto = UDP,
					.payload = (uint16_t)shapes[s].payload,
					.seed = (uint32_t)s,
				};
				uint8_t bytes[PIPE_FRAME_MAX];
				unsigned int len = pipe_build(&spec, bytes);
				char row[64];

				snprintf(row, sizeof(row), "%s, %s, %u bytes, shape %zu", kinds[k].name,
					 families[f].name, shapes[s].payload, s);
				sl_check_int(row, pipe_one(WAN, bytes, len, shapes[s].cuts), PIPE_SENT);
				frame_check(row, &kinds[k], &families[f], bytes, len);
			}
			pipe_flows_end();
		}
}

/* A short packet came with Ethernet's padding; none of it goes into the tunnel. */
static void
test_padding(void **state)
{
	struct pipe_spec spec = { .dst = "192.0.2.9", .proto = UDP };
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, bytes);

	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", &kinds[5].tunnel, 0);
	memset(bytes + len, 0x5a, 60 - len);
	assert_int_equal(pipe_one(WAN, bytes, 60, NULL), PIPE_SENT);
	frame_check("padded", &kinds[5], &families[0], bytes, len);
}

/* Whole frames as they must be, written down once. */
static void
test_known_frames(void **state)
{
	static const uint8_t gue[] = {
		/* clang-format off */
		2, 0, 0, 0, 2, 0x11, 2, 0, 0, 0, 0, 0xb0, 0x08, 0x00,
		0x45, 0, 0, 62, 0, 0, 0x40, 0, 63, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 11,
		0, 0, 0x17, 0xc0, 0, 42, 0, 0, 0, 4, 0, 0,
		0x45, 0, 0, 30, 0, 0, 0x40, 0, 63, 17, 0, 0, 203, 0, 113, 5, 192, 0, 2, 9,
		0x9c, 0x40, 0, 80, 0, 10, 0, 0, 0, 0,
	}; /* clang-format on */
	struct pipe_spec spec = { .dst = "192.0.2.9", .proto = UDP, .payload = 2 };
	uint8_t bytes[PIPE_FRAME_MAX], got[sizeof(gue)];
	unsigned int len = pipe_build(&spec, bytes);

	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", &kinds[1].tunnel, 0);
	assert_int_equal(pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].len, sizeof(gue));
	memcpy(got, pipe_box.sent[0].bytes, sizeof(got));
	/* What is looked at elsewhere: identification, source port, checksums, payload. */
	for (size_t i = 0; i < sizeof(got); i++)
		if (i == 18 || i == 19 || i == 24 || i == 25 || i == 34 || i == 35 || (i >= 56 && i <= 57) ||
		    i >= 72 || i == 50 || i == 51)
			got[i] = gue[i];
	assert_memory_equal(got, gue, sizeof(gue));
}

/* RFC 6040, full functionality: what is inside, and outside. DSCP is copied. */
static void
test_traffic_class(void **state)
{
	static const struct {
		const char *name;
		unsigned int inside, outside;
	} rows[] = {
		{ "nothing", 0x00, 0x00 },
		{ "ECT(1)", 0x01, 0x01 },
		{ "ECT(0)", 0x02, 0x02 },
		{ "CE becomes ECT(0)", 0x03, 0x02 },
		{ "EF", 0xb8, 0xb8 },
		{ "AF11, ECT(0)", 0x2a, 0x2a },
		{ "AF41, CE", 0x8b, 0x8a },
		{ "all bits", 0xff, 0xfe },
		{ "all but the lowest", 0xfe, 0xfe },
		{ "all but the second", 0xfd, 0xfd },
	};

	for (size_t f = 0; f < SL_COUNT(families); f++) {
		pipe_serve(families[f].vip, VIP_PORT, UDP, SL_FWD_TUN, families[f].server, NULL, 0);
		for (size_t i = 0; i < SL_COUNT(rows); i++) {
			struct pipe_spec spec = {
				.src = families[f].client, .dst = families[f].vip, .proto = UDP, .payload = 3
			};
			uint8_t bytes[PIPE_FRAME_MAX], *ip = bytes + ETH_LEN;
			unsigned int len = pipe_build(&spec, bytes);
			struct outer o;

			if (families[f].inner6) {
				ip[0] = (uint8_t)(0x60 | rows[i].inside >> 4);
				ip[1] = (uint8_t)(rows[i].inside << 4 |
						  0x0a); /* a flow label that stays inside */
				ip[2] = 0xbc;
			} else {
				ip[1] = (uint8_t)rows[i].inside;
			}
			pipe_sums(bytes);
			sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
			o = outer_read(pipe_box.sent[0].bytes + ETH_LEN);
			sl_check_int(rows[i].name, o.tos, rows[i].outside);
			sl_check_int(rows[i].name, o.label, 0);
			sl_check(rows[i].name, o.ip_sum_right);
			/* Inside nothing has changed. */
			sl_check_int(rows[i].name, o.inside[1], ip[1]);
		}
		pipe_flows_end();
	}
}

/* DF of the outer header: the inner one's with pmtu_disc, else none; IPv6 has none. */
static void
test_df(void **state)
{
	static const struct {
		const char *name;
		unsigned int family;
		bool pmtu_disc, inside, outside;
	} rows[] = {
		{ "DF", 0, true, true, true },
		{ "no DF", 0, true, false, false },
		{ "DF, no pmtu_disc", 0, false, true, false },
		{ "no DF, no pmtu_disc", 0, false, false, false },
		{ "IPv6", 2, true, false, false },
		{ "IPv6, no pmtu_disc", 2, false, false, false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct families *f = &families[rows[i].family];
		struct pipe_spec spec = { .src = f->client, .dst = f->vip, .proto = UDP, .payload = 3 };
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&spec, bytes);
		struct outer o;

		pipe_serve(f->vip, VIP_PORT, UDP, SL_FWD_TUN, f->server, NULL, 0);
		dp_pmtu_disc_set(rows[i].pmtu_disc);
		if (!f->inner6)
			bytes[ETH_LEN + 6] = rows[i].inside ? 0x40 : 0;
		pipe_sums(bytes);
		sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, NULL), PIPE_SENT);
		o = outer_read(pipe_box.sent[0].bytes + ETH_LEN);
		sl_check_int(rows[i].name, o.df, rows[i].outside);
		sl_check(rows[i].name, o.ip_sum_right);
		dp_pmtu_disc_set(true);
	}
}

/* TTL: one less inside, and that outside; with 1 there is nothing left to send. */
static void
test_ttl(void **state)
{
	static const struct {
		uint8_t ttl;
		int verdict;
	} rows[] = { { 255, PIPE_SENT }, { 64, PIPE_SENT }, { 2, PIPE_SENT }, { 1, SL_DROP_TTL } };

	for (size_t f = 0; f < SL_COUNT(families); f++) {
		pipe_serve(families[f].vip, VIP_PORT, UDP, SL_FWD_TUN, families[f].server, NULL, 0);
		for (size_t i = 0; i < SL_COUNT(rows); i++) {
			struct pipe_spec spec = { .src = families[f].client,
						  .dst = families[f].vip,
						  .proto = UDP,
						  .ttl = rows[i].ttl };
			const char *row = families[f].name;
			struct outer o;

			sl_check_int(row, pipe_spec_one(&spec), rows[i].verdict);
			if (rows[i].verdict != PIPE_SENT)
				continue;
			o = outer_read(pipe_box.sent[0].bytes + ETH_LEN);
			sl_check_int(row, o.ttl, rows[i].ttl - 1);
			sl_check_int(row, o.inside[families[f].inner6 ? 7 : 8], rows[i].ttl - 1);
		}
	}
}

/* All packets of a flow have one source port; flows have many. */
static void
test_entropy(void **state)
{
	unsigned int seen[256] = { 0 }, different = 0;

	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", &kinds[1].tunnel, 0);
	for (unsigned int flow = 0; flow < 256; flow++) {
		for (unsigned int packet = 0; packet < 3; packet++) {
			struct pipe_spec spec = { .dst = "192.0.2.9",
						  .proto = UDP,
						  .sport = (uint16_t)(20000 + flow),
						  .payload = (uint16_t)(packet * 7) };
			unsigned int port;

			assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
			port = be16(pipe_box.sent[0].bytes + ETH_LEN + 20);
			assert_true(port >= 49152);
			if (packet > 0)
				assert_int_equal(port, seen[flow]);
			seen[flow] = port;
		}
		different += flow == 0 || seen[flow] != seen[flow - 1];
	}
	assert_true(different > 240);
}

/* Identifications of packets that follow one another differ, and those of two workers too. */
static void
test_identification(void **state)
{
	unsigned int seen[2][50];

	for (unsigned int worker = 0; worker < 2; worker++)
		dp_workers[worker]->tunnel_id = (uint16_t)worker;
	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", NULL, 0);
	for (unsigned int i = 0; i < 100; i++) {
		struct pipe_spec spec = { .dst = "192.0.2.9", .proto = UDP };
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&spec, bytes);
		struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);

		pipe_forget();
		pipe_burst(i % 2, WAN, &m, 1);
		assert_int_equal(pipe_box.sent_count, 1);
		seen[i % 2][i / 2] = outer_read(pipe_box.sent[0].bytes + ETH_LEN).id;
	}
	for (unsigned int i = 0; i < 100; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(seen[i % 2][i / 2], seen[j % 2][j / 2]);
}

/* No source address of the server's family: everything is dropped. */
static void
test_no_source(void **state)
{
	struct pipe_spec spec = { .dst = "192.0.2.9", .proto = UDP };

	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", NULL, 0);
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	atomic_store(&dp_tunnels[1].mtu, 0);
	assert_int_equal(pipe_spec_one(&spec), SL_DROP_TUNNEL);
}

/* A server that changes its tunnel takes its connections along; one that changes its method does not. */
static void
test_edit(void **state)
{
	struct pipe_spec spec = { .dst = "192.0.2.9", .proto = UDP };

	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", NULL, 0);
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].bytes[ETH_LEN + 9], 4);
	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", &kinds[1].tunnel, 0);
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].bytes[ETH_LEN + 9], 17);
	assert_int_equal(be16(pipe_box.sent[0].bytes + ETH_LEN + 16), 0x0a00);
	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_DR, "10.0.0.11", NULL, 0);
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].len, ETH_LEN + 20 + 12 + 28);
	spec.sport = 41000;
	assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
	assert_int_equal(pipe_box.sent[0].len, ETH_LEN + 28);
}

/* One burst with all methods: each packet as by itself, in order. */
static void
test_mixed_burst(void **state)
{
	static const char *const vips[] = { "192.0.2.1", "192.0.2.2", "192.0.2.9" };
	struct rte_mbuf *packets[60];

	pipe_serve("192.0.2.9", VIP_PORT, UDP, SL_FWD_TUN, "10.0.0.11", NULL, 0);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < SL_COUNT(packets); i++) {
			struct pipe_spec spec = { .dst = vips[i % 3],
						  .proto = UDP,
						  .sport = (uint16_t)(30000 + i),
						  .payload = (uint16_t)(100 + i) };
			uint8_t bytes[PIPE_FRAME_MAX];
			unsigned int len = pipe_build(&spec, bytes);

			packets[i] = pipe_mbuf(bytes, len, NULL);
		}
		pipe_forget();
		pipe_burst(0, WAN, packets, SL_COUNT(packets));
		assert_int_equal(pipe_box.sent_count, SL_COUNT(packets));
		for (unsigned int i = 0; i < SL_COUNT(packets); i++) {
			unsigned int extra = i % 3 == 2 ? 20 : 0;

			assert_int_equal(pipe_box.sent[i].len, ETH_LEN + 28 + 100 + i + extra);
			assert_int_equal(be16(pipe_box.sent[i].bytes + ETH_LEN + 20 + extra), 30000 + i);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_padding, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_known_frames, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_traffic_class, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_df, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_ttl, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_entropy, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_identification, pipe_setup2, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_no_source, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_edit, pipe_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_mixed_burst, pipe_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
