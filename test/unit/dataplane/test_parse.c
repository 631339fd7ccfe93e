/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the pipeline makes of frames that lie: a table of lies and what each is
 * called, every truncation of good frames, every cut into segments, and random
 * damage. Nothing is read beyond a buffer (a sanitizer sees it), nothing is forwarded
 * that is not whole, and the accounts balance after each.
 */
#include "pipe_box.h"
#include "port.h"
#include "wire.h"

#include <stdio.h>

enum { PATCHES = 4, IP = ETH_LEN, L4 = ETH_LEN + IP4_LEN, L4_6 = ETH_LEN + IP6_LEN };

/* Packets to the NAT service and the DR one, of both families and protocols. */
static const struct pipe_spec tcp4 = { .payload = 0 };
static const struct pipe_spec tcp4_data = { .payload = 100 };
static const struct pipe_spec udp4 = { .proto = SL_PROTO_UDP, .payload = 33 };
static const struct pipe_spec udp4_empty = { .proto = SL_PROTO_UDP };
static const struct pipe_spec udp4_dr = { .proto = SL_PROTO_UDP, .dst = "192.0.2.2", .payload = 7 };
static const struct pipe_spec tcp4_options = { .options = 3, .payload = 9 };
static const struct pipe_spec tcp6 = { .src = "2001:db8:9::5", .dst = "2001:db8:ff::1", .payload = 20 };
static const struct pipe_spec udp6 = {
	.src = "2001:db8:9::5", .dst = "2001:db8:ff::1", .proto = SL_PROTO_UDP, .payload = 1
};
static const struct pipe_spec udp6_dr = {
	.src = "2001:db8:9::5", .dst = "2001:db8:ff::2", .proto = SL_PROTO_UDP, .payload = 64
};

static const struct {
	const char *name;
	const struct pipe_spec *spec;
} goods[] = {
	{ "TCP4", &tcp4 },          { "TCP4 with data", &tcp4_data },
	{ "UDP4", &udp4 },          { "UDP4 without data", &udp4_empty },
	{ "UDP4 to DR", &udp4_dr }, { "TCP4 with IP options", &tcp4_options },
	{ "TCP6", &tcp6 },          { "UDP6", &udp6 },
	{ "UDP6 to DR", &udp6_dr },
};

/* IPv4's header checksum, as whoever damaged the header would have put it right. */
static void
ip4_mend(uint8_t *bytes)
{
	uint32_t sum = 0;

	bytes[IP + IP4_SUM_AT] = bytes[IP + IP4_SUM_AT + 1] = 0;
	for (unsigned int i = 0; i < (bytes[IP] & 15) * 4u; i += 2)
		sum += (uint32_t)bytes[IP + i] << 8 | bytes[IP + i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	bytes[IP + IP4_SUM_AT] = (uint8_t)(sum >> 8);
	bytes[IP + IP4_SUM_AT + 1] = (uint8_t)sum;
}

/* ---- lies ---- */

struct lie {
	const char *name;
	const struct pipe_spec *spec;
	struct {
		unsigned int at;
		uint8_t byte;
	} patch[PATCHES]; /* at 0: no more */
	bool mended;      /* with a right IPv4 header checksum */
	int verdict;
};

static const struct lie lies[] = {
	{ "good TCP4", &tcp4, { { 0 } }, false, PIPE_SENT },
	{ "good UDP6", &udp6, { { 0 } }, false, PIPE_SENT },
	{ "good TCP4 with IP options", &tcp4_options, { { 0 } }, false, PIPE_SENT },
	{ "IP options, wrong header checksum",
	  &tcp4_options,
	  { { IP + 22, 2 } },
	  false,
	  SL_DROP_IP_CHECKSUM },
	{ "another station's", &tcp4, { { 5, 0xa1 } }, false, SL_DROP_NOT_TO_US },
	{ "to all stations", &tcp4, { { 1, 0xff }, { 2, 0xff }, { 3, 0xff } }, false, SL_DROP_NOT_TO_US },
	{ "unicast IPv6 in an IPv6 multicast frame", &tcp6, { { 1, 0x33 } }, false, SL_DROP_NOT_TO_US },
	{ "VLAN", &tcp4, { { 12, 0x81 } }, false, SL_DROP_ETHERTYPE },
	{ "a length, not a type", &tcp4, { { 12, 0x00 }, { 13, 0x28 } }, false, SL_DROP_ETHERTYPE },
	{ "IPv6 that says IPv4", &tcp4, { { 12, 0x86 }, { 13, 0xdd } }, false, SL_DROP_IP_HEADER },
	{ "IPv4 that says IPv6", &tcp6, { { 12, 0x08 }, { 13, 0x00 } }, false, SL_DROP_IP_HEADER },
	{ "ARP's type", &tcp4, { { 13, 0x06 } }, false, PIPE_PUNTED },

	{ "IPv4 version 5", &tcp4, { { IP, 0x55 } }, true, SL_DROP_IP_HEADER },
	{ "IPv4 header of 16 bytes", &tcp4, { { IP, 0x44 } }, true, SL_DROP_IP_HEADER },
	{ "IPv4 header longer than the packet", &udp4_empty, { { IP, 0x4f } }, false, SL_DROP_IP_HEADER },
	{ "IPv4 packet shorter than its header", &tcp4, { { IP + 3, 19 } }, true, SL_DROP_IP_HEADER },
	{ "IPv4 packet of its header alone", &tcp4, { { IP + 3, 20 } }, true, SL_DROP_L4_HEADER },
	{ "IPv4 longer than the frame", &tcp4_data, { { IP + 3, 141 } }, true, SL_DROP_TRUNCATED },
	{ "IPv4 of 65,535 bytes",
	  &tcp4_data,
	  { { IP + 2, 0xff }, { IP + 3, 0xff } },
	  true,
	  SL_DROP_TRUNCATED },
	{ "IPv4 header checksum off by one", &tcp4, { { IP + 11, 0 } }, false, SL_DROP_IP_CHECKSUM },
	{ "a bit of the source flipped", &tcp4, { { IP + 15, 7 } }, false, SL_DROP_IP_CHECKSUM },
	{ "first fragment of no multiple of 8", &udp4, { { IP + 6, 0x20 } }, true, SL_DROP_FRAG_INVALID },
	{ "a later fragment", &udp4, { { IP + 6, 0x00 }, { IP + 7, 0x10 } }, true, PIPE_HELD },
	{ "highest fragment offset",
	  &udp4,
	  { { IP + 6, 0x1f }, { IP + 7, 0xff } },
	  true,
	  SL_DROP_FRAG_INVALID },
	{ "evil bit alone", &tcp4, { { IP + 6, 0x80 } }, true, PIPE_SENT },
	{ "TTL 1", &tcp4, { { IP + 8, 1 } }, true, SL_DROP_TTL },
	{ "TTL 0", &tcp4, { { IP + 8, 0 } }, true, SL_DROP_TTL },
	{ "TTL 2", &tcp4, { { IP + 8, 2 } }, true, PIPE_SENT },
	{ "SCTP to a VIP", &tcp4, { { IP + 9, 132 } }, true, SL_DROP_PROTOCOL },
	{ "ICMP to a VIP", &tcp4, { { IP + 9, 1 } }, true, PIPE_PUNTED },
	{ "ICMP to somebody else", &tcp4, { { IP + 9, 1 }, { IP + 19, 9 } }, true, SL_DROP_TRANSIT },
	{ "SCTP to somebody else", &tcp4, { { IP + 9, 132 }, { IP + 19, 9 } }, true, SL_DROP_TRANSIT },
	{ "TCP to an own address",
	  &tcp4,
	  { { IP + 16, 198 }, { IP + 17, 51 }, { IP + 18, 100 }, { IP + 19, 2 } },
	  true,
	  PIPE_PUNTED },

	{ "TCP header of 16 bytes", &tcp4, { { L4 + 12, 0x40 } }, false, SL_DROP_L4_HEADER },
	{ "TCP header longer than the segment", &tcp4, { { L4 + 12, 0x60 } }, false, SL_DROP_L4_HEADER },
	{ "TCP header of 60 bytes that are there", &tcp4_data, { { L4 + 12, 0xf0 } }, false, PIPE_SENT },
	{ "UDP length 7", &udp4, { { L4 + 5, 7 } }, false, SL_DROP_L4_HEADER },
	{ "UDP length 0", &udp4, { { L4 + 5, 0 } }, false, SL_DROP_L4_HEADER },
	{ "UDP length one too long", &udp4, { { L4 + 5, 42 } }, false, SL_DROP_L4_HEADER },
	{ "UDP length shorter than the packet", &udp4, { { L4 + 5, 8 } }, false, PIPE_SENT },

	{ "IPv6 version 4", &tcp6, { { IP, 0x40 } }, false, SL_DROP_IP_HEADER },
	{ "IPv6 longer than the frame", &tcp6, { { IP + 5, 41 } }, false, SL_DROP_TRUNCATED },
	{ "IPv6 of no payload", &tcp6, { { IP + 5, 0 } }, false, SL_DROP_L4_HEADER },
	{ "IPv6 payload of 65,535 bytes",
	  &tcp6,
	  { { IP + 4, 0xff }, { IP + 5, 0xff } },
	  false,
	  SL_DROP_TRUNCATED },
	{ "hop limit 1", &tcp6, { { IP + 7, 1 } }, false, SL_DROP_TTL },
	{ "hop limit 0", &udp6, { { IP + 7, 0 } }, false, SL_DROP_TTL },
	{ "IPv6 fragment of what is not balanced", &udp6_dr, { { IP + 6, 44 } }, false, SL_DROP_PROTOCOL },
	{ "nothing follows", &udp6_dr, { { IP + 6, 59 } }, false, SL_DROP_EXT_HEADER },
	{ "hop-by-hop, then UDP",
	  &udp6_dr,
	  { { IP + 6, 0 }, { L4_6, 17 }, { L4_6 + 1, 0 }, { L4_6 + 13, 60 } },
	  false,
	  SL_DROP_L4_HEADER },
	{ "a routing header past the end",
	  &udp6_dr,
	  { { IP + 6, 43 }, { L4_6 + 1, 200 } },
	  false,
	  SL_DROP_EXT_HEADER },
	{ "ESP", &udp6_dr, { { IP + 6, 50 } }, false, SL_DROP_PROTOCOL },
	{ "ICMPv6 to a VIP", &udp6_dr, { { IP + 6, 58 } }, false, PIPE_PUNTED },
	{ "UDP6 length one too long", &udp6, { { L4_6 + 5, 10 } }, false, SL_DROP_L4_HEADER },

	{ "source 0.0.0.0",
	  &tcp4,
	  { { IP + 12, 0 }, { IP + 13, 0 }, { IP + 14, 0 }, { IP + 15, 0 } },
	  true,
	  SL_DROP_SOURCE },
	{ "source 127.0.113.5", &tcp4, { { IP + 12, 127 } }, true, SL_DROP_SOURCE },
	{ "source 224.0.113.5", &tcp4, { { IP + 12, 224 } }, true, SL_DROP_SOURCE },
	{ "source 255.0.113.5", &tcp4, { { IP + 12, 255 } }, true, SL_DROP_SOURCE },
	{ "source is the VIP",
	  &tcp4,
	  { { IP + 12, 192 }, { IP + 13, 0 }, { IP + 14, 2 }, { IP + 15, 1 } },
	  true,
	  SL_DROP_SOURCE },
	{ "source is multicast", &tcp6, { { IP + 8, 0xff } }, false, SL_DROP_SOURCE },

	{ "another port of the VIP", &tcp4, { { L4 + 3, 99 } }, false, SL_DROP_NO_SERVICE },
	{ "a service without servers", &tcp4, { { L4 + 3, 81 } }, false, SL_DROP_NO_SERVER },
	{ "a server without a way", &tcp4, { { L4 + 3, 82 } }, false, PIPE_HELD },
	{ "ACK without a connection", &tcp4, { { L4 + 13, 0x10 } }, false, SL_DROP_NO_CONNECTION },
	{ "SYN and RST", &tcp4, { { L4 + 13, 0x06 } }, false, SL_DROP_NO_CONNECTION },
	{ "no flags", &tcp4, { { L4 + 13, 0x00 } }, false, SL_DROP_NO_CONNECTION },
	{ "SYN and ACK", &tcp4, { { L4 + 13, 0x12 } }, false, PIPE_SENT },
	{ "SYN and FIN", &tcp4, { { L4 + 13, 0x03 } }, false, PIPE_SENT },
	{ "source port 20", &tcp4, { { L4, 0 }, { L4 + 1, 20 } }, false, SL_DROP_NO_CONNECTION },
	{ "to somebody else", &tcp4, { { IP + 19, 200 } }, true, SL_DROP_TRANSIT },
};

static unsigned int
lie_build(const struct lie *lie, uint8_t *bytes)
{
	unsigned int len = pipe_build(lie->spec, bytes);

	for (unsigned int i = 0; i < PATCHES && lie->patch[i].at != 0; i++)
		bytes[lie->patch[i].at] = lie->patch[i].byte;
	if (lie->mended)
		ip4_mend(bytes);
	return len;
}

static void
test_lies(void **state)
{
	for (size_t i = 0; i < SL_COUNT(lies); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = lie_build(&lies[i], bytes);

		sl_check_str(lies[i].name, pipe_verdict(pipe_one(WAN, bytes, len, NULL)),
			     pipe_verdict(lies[i].verdict));
		pipe_flows_end();
	}
}

/*
 * The same in two and three segments. What is in one segment is judged as before;
 * headers in several may be refused for that, but never believed to be another.
 */
static void
test_lies_in_segments(void **state)
{
	for (size_t i = 0; i < SL_COUNT(lies); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = lie_build(&lies[i], bytes);

		if (lies[i].verdict == PIPE_HELD)
			continue;
		for (unsigned int first = 1; first < len; first++) {
			const unsigned int cuts[3] = { first,
						       first % 3 == 0 && first + 5 < len ? first + 5 : 0, 0 };
			int verdict = pipe_one(WAN, bytes, len, cuts);

			if (verdict != lies[i].verdict && verdict != SL_DROP_SEGMENTS)
				fail_msg("row \"%s\", cut at %u: %s", lies[i].name, first,
					 pipe_verdict(verdict));
			/* Behind 14 + 60 + 60 bytes no header ends. */
			if (first >= 134)
				sl_check_int(lies[i].name, verdict, lies[i].verdict);
			pipe_flows_end();
		}
	}
}

/* ---- truncations ---- */

static void
test_cut_short(void **state)
{
	for (size_t i = 0; i < SL_COUNT(goods); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int whole = pipe_build(goods[i].spec, bytes);

		for (unsigned int len = 0; len < whole; len++) {
			int verdict = pipe_one(WAN, bytes, len, NULL);

			if (verdict != SL_DROP_TRUNCATED)
				fail_msg("row \"%s\", %u of %u bytes: %s", goods[i].name, len, whole,
					 pipe_verdict(verdict));
		}
		sl_check_int(goods[i].name, pipe_one(WAN, bytes, whole, NULL), PIPE_SENT);
		sl_check(goods[i].name, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
		pipe_flows_end();
	}
}

/* Cut, and the IP header made to say so: then it is the transport header that does not fit. */
static void
test_cut_and_mended(void **state)
{
	for (size_t i = 0; i < SL_COUNT(goods); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int whole = pipe_build(goods[i].spec, bytes);
		bool v6 = bytes[IP] >> 4 == 6;
		unsigned int l4 = v6 ? (unsigned int)L4_6 : IP + (bytes[IP] & 15) * 4u;
		bool tcp = goods[i].spec->proto != SL_PROTO_UDP;

		for (unsigned int len = l4; len < whole; len++) {
			unsigned int said = v6 ? len - l4 : len - IP, at = v6 ? IP + 4 : IP + 2;
			int want = tcp && len >= l4 + TCP_LEN ? (int)PIPE_SENT : (int)SL_DROP_L4_HEADER, got;

			bytes[at] = (uint8_t)(said >> 8);
			bytes[at + 1] = (uint8_t)said;
			if (!v6)
				ip4_mend(bytes);
			got = pipe_one(WAN, bytes, len, NULL);
			if (got != want)
				fail_msg("row \"%s\", %u of %u bytes: %s", goods[i].name, len, whole,
					 pipe_verdict(got));
			pipe_flows_end();
		}
	}
}

/* Ethernet's padding is no part of the packet; more behind it is cut off. */
static void
test_padding(void **state)
{
	static const struct {
		const char *name;
		unsigned int pad_to, sent;
	} rows[] = {
		{ "no padding", 0, 42 },           { "to 46 bytes", 46, 46 },
		{ "to Ethernet's least", 60, 60 }, { "with a checksum behind it", 64, 60 },
		{ "a long trailer", 1514, 60 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&udp4_empty, bytes);

		memset(bytes + len, 0xee, 1600);
		sl_check_int(rows[i].name,
			     pipe_one(WAN, bytes, rows[i].pad_to > len ? rows[i].pad_to : len, NULL),
			     PIPE_SENT);
		sl_check_int(rows[i].name, pipe_box.sent[0].len, rows[i].sent);
		sl_check(rows[i].name, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
		pipe_flows_end();
	}
}

/* What lies behind the packet is no part of it in another segment either. */
static void
test_trailer_in_segment(void **state)
{
	for (size_t i = 0; i < SL_COUNT(goods); i++) {
		uint8_t bytes[PIPE_FRAME_MAX] = { 0 };
		unsigned int len = pipe_build(goods[i].spec, bytes), least = len < 60 ? 60 : len;

		sl_check_int(goods[i].name,
			     pipe_one(WAN, bytes, least + 30, (const unsigned int[]){ least, 0 }), PIPE_SENT);
		sl_check_int(goods[i].name, pipe_box.sent[0].len, least);
		sl_check(goods[i].name, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
		pipe_flows_end();
	}
}

/* A device that has looked at the header checksum is believed when it says "bad", and need not be asked again. */
static void
test_offload(void **state)
{
	static const struct {
		const char *name;
		uint64_t flag;
		bool right;
		int verdict;
	} rows[] = {
		{ "right, says nothing", 0, true, PIPE_SENT },
		{ "wrong, says nothing", 0, false, SL_DROP_IP_CHECKSUM },
		{ "right, says good", RTE_MBUF_F_RX_IP_CKSUM_GOOD, true, PIPE_SENT },
		{ "wrong, says bad", RTE_MBUF_F_RX_IP_CKSUM_BAD, false, SL_DROP_IP_CHECKSUM },
		{ "right, says none", RTE_MBUF_F_RX_IP_CKSUM_NONE, true, PIPE_SENT },
		{ "wrong, says none", RTE_MBUF_F_RX_IP_CKSUM_NONE, false, SL_DROP_IP_CHECKSUM },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_worker *w = dp_workers[0];
		uint64_t before = w->count.drop[SL_DROP_IP_CHECKSUM];
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&tcp4, bytes);
		struct rte_mbuf *m;

		if (!rows[i].right)
			bytes[IP + IP4_SUM_AT] ^= 0x10;
		m = pipe_mbuf(bytes, len, NULL);
		m->ol_flags |= rows[i].flag;
		pipe_forget();
		pipe_burst(0, WAN, &m, 1);
		sl_check_int(rows[i].name, pipe_box.sent_count, rows[i].verdict == PIPE_SENT);
		sl_check_int(rows[i].name, w->count.drop[SL_DROP_IP_CHECKSUM] - before,
			     rows[i].verdict == SL_DROP_IP_CHECKSUM);
		pipe_flows_end();
	}
}

/* ---- segments ---- */

/* A long packet in every way of two segments, and in many: sent as it is, or put together for a device that cannot. */
static void
test_segments(void **state)
{
	static const struct pipe_spec specs[] = {
		{ .payload = 300, .proto = SL_PROTO_UDP },
		{ .payload = 301, .proto = SL_PROTO_UDP, .dst = "192.0.2.2" },
		{ .payload = 300, .src = "2001:db8:9::5", .dst = "2001:db8:ff::1" },
	};

	for (size_t i = 0; i < SL_COUNT(specs); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&specs[i], bytes);

		for (unsigned int step = 1; step < len; step++) {
			unsigned int cuts[8] = { step }, n = 1;
			int verdict;

			for (; step >= 70 && n < 6 && cuts[n - 1] + step < len; n++)
				cuts[n] = cuts[n - 1] + step;
			verdict = pipe_one(WAN, bytes, len, cuts);
			if (step >= 74) { /* headers end by there */
				sl_check_int("whole header", verdict, PIPE_SENT);
				sl_check_int("length", pipe_box.sent[0].len, len);
				sl_check("sums", pipe_sums_right(pipe_box.sent[0].bytes, len));
				sl_check("payload",
					 memcmp(pipe_box.sent[0].bytes + 74, bytes + 74, len - 74) == 0);
			} else {
				sl_check("split header", verdict == SL_DROP_SEGMENTS || verdict == PIPE_SENT);
			}
			pipe_flows_end();
		}

		dp_ports[LAN].tx_segments = false;
		sl_check_int("no room", pipe_one(WAN, bytes, len, (const unsigned int[]){ 100, 0 }),
			     SL_DROP_SEGMENTS);
		pipe_box.tailroom = 1500;
		sl_check_int("room", pipe_one(WAN, bytes, len, (const unsigned int[]){ 100, 200, 0 }),
			     PIPE_SENT);
		sl_check_int("length", pipe_box.sent[0].len, len);
		sl_check("payload", memcmp(pipe_box.sent[0].bytes + 74, bytes + 74, len - 74) == 0);
		pipe_box.tailroom = 0;
		dp_ports[LAN].tx_segments = true;
		pipe_flows_end();
	}
}

/* ---- at random ---- */

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

/* Damaged copies of good frames, 1 to 64 a burst: nothing breaks, and what is sent was right if it came right. */
static void
test_damage(void **state)
{
	enum { BURSTS = 1500 };
	uint64_t x = 11;

	for (unsigned int n = 0; n < BURSTS; n++) {
		unsigned int count = 1 + random_next(&x) % BURST_MAX;
		struct rte_mbuf *packets[BURST_MAX];
		struct rte_mbuf *m;

		for (unsigned int i = 0; i < count; i++) {
			const struct pipe_spec *spec = goods[random_next(&x) % SL_COUNT(goods)].spec;
			unsigned int damage = random_next(&x) % 5, cuts[3] = { 0 };
			uint8_t bytes[PIPE_FRAME_MAX] = { 0 };
			unsigned int len = pipe_build(spec, bytes);

			for (; damage > 0; damage--)
				bytes[random_next(&x) % (random_next(&x) & 1 ? 60 : len)] =
					(uint8_t)random_next(&x);
			if (random_next(&x) % 2 == 0 && (bytes[IP] & 15) <= 15)
				ip4_mend(bytes);
			if (random_next(&x) % 8 == 0)
				len = random_next(&x) % (len + 40);
			if (random_next(&x) % 8 == 0 && len > 4) {
				cuts[0] = 1 + random_next(&x) % (len - 1);
				cuts[1] = cuts[0] + 1 < len && random_next(&x) & 1 ? cuts[0] + 1 : 0;
			}
			packets[i] = pipe_mbuf(bytes, len, cuts);
		}
		pipe_forget();
		pipe_burst(0, WAN, packets, count);
		while (rte_ring_sc_dequeue(dp_workers[0]->ring_punt, (void **)&m) == 0)
			rte_pktmbuf_free(m);
		if (n % 50 == 0)
			pipe_flows_end();
	}
	pipe_flows_end();
	/* The walk has been where it is interesting. */
	assert_true(dp_workers[0]->count.tx > BURSTS);
	assert_true(dp_workers[0]->count.drop[SL_DROP_TRUNCATED] > 100);
	assert_true(dp_workers[0]->count.drop[SL_DROP_SEGMENTS] > 100);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pipe_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lies),           TEST(test_lies_in_segments), TEST(test_cut_short),
		TEST(test_cut_and_mended), TEST(test_padding),          TEST(test_trailer_in_segment),
		TEST(test_offload),        TEST(test_segments),         TEST(test_damage),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
