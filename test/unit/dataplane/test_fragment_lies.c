/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only looks like a fragment, or is a bad one: each alone, by what becomes of it.
 * Good ones: test_fragment.c.
 */
#include "frag_box.h"
#include "wire.h"

#include <stdio.h>

enum { IP = ETH_LEN };

struct piece {
	uint16_t start, end;
	bool more;
	int verdict;
};

static const struct {
	const char *name;
	struct pipe_spec spec;
	struct piece piece[4]; /* end 0: no more */
} lies[] = {
#define UDP4                                                                                                 \
	{                                                                                                    \
		.proto = SL_PROTO_UDP, .payload = 1000                                                       \
	}
#define TCP4                                                                                                 \
	{                                                                                                    \
		.payload = 988                                                                               \
	}
#define UDP6                                                                                                 \
	{                                                                                                    \
		.proto = SL_PROTO_UDP, .src = "2001:db8:9::5", .dst = "2001:db8:ff::2", .payload = 1000      \
	}
	{ "length no multiple of 8, more to come", UDP4, { { 0, 801, true, SL_DROP_FRAG_INVALID } } },
	{ "the same, IPv6", UDP6, { { 0, 801, true, SL_DROP_FRAG_INVALID } } },
	{ "the last may end anywhere",
	  UDP4,
	  { { 0, 800, true, PIPE_SENT }, { 800, 801, false, PIPE_SENT } } },
	{ "the first one without all of UDP's header", UDP4, { { 0, 4, false, SL_DROP_L4_HEADER } } },
	{ "the first one with half of TCP's header", TCP4, { { 0, 16, true, SL_DROP_FRAG_INVALID } } },
	{ "the first one with TCP's header and 4 bytes", TCP4, { { 0, 24, true, PIPE_SENT } } },
	{ "over TCP's flags (RFC 3128)",
	  TCP4,
	  { { 0, 24, true, PIPE_SENT }, { 8, 24, true, SL_DROP_FRAG_INVALID } } },
	{ "over TCP's urgent pointer", TCP4, { { 16, 24, true, SL_DROP_FRAG_INVALID } } },
	{ "UDP behind 8 bytes", UDP4, { { 0, 8, true, PIPE_SENT }, { 8, 16, true, PIPE_SENT } } },
	{ "teardrop",
	  UDP4,
	  { { 0, 800, true, PIPE_SENT },
	    { 400, 808, false, SL_DROP_FRAG_OVERLAP },
	    { 808, 1000, true, SL_DROP_FRAG_OVERLAP } } },
	{ "the same piece twice",
	  UDP6,
	  { { 0, 800, true, PIPE_SENT },
	    { 800, 808, true, PIPE_SENT },
	    { 800, 808, true, SL_DROP_FRAG_OVERLAP },
	    { 808, 1008, false, PIPE_SENT } } },
	{ "two ends",
	  UDP4,
	  { { 0, 800, true, PIPE_SENT },
	    { 808, 816, false, PIPE_SENT },
	    { 816, 824, false, SL_DROP_FRAG_INVALID } } },
	{ "waits", UDP4, { { 800, 1000, true, PIPE_HELD } } },
	{ "waits for another port's service that is not there",
	  { .proto = SL_PROTO_UDP, .dport = 99, .payload = 1000 },
	  { { 0, 800, true, SL_DROP_NO_SERVICE }, { 800, 1008, false, SL_DROP_NO_SERVICE } } },
	{ "TTL 1",
	  { .proto = SL_PROTO_UDP, .ttl = 1, .payload = 1000 },
	  { { 800, 1008, false, SL_DROP_TTL } } },
	{ "to an own address",
	  { .proto = SL_PROTO_UDP, .dst = "198.51.100.2", .payload = 1000 },
	  { { 0, 800, true, SL_DROP_FRAGMENT }, { 800, 1008, false, SL_DROP_FRAGMENT } } },
	{ "to nobody",
	  { .proto = SL_PROTO_UDP, .dst = "10.9.9.9", .payload = 1000 },
	  { { 0, 800, true, SL_DROP_TRANSIT } } },
	{ "TCP in the middle of no connection",
	  { .flags = 16, .payload = 988 },
	  { { 0, 800, true, SL_DROP_NO_CONNECTION }, { 800, 1008, false, SL_DROP_NO_CONNECTION } } },
	{ "whole, and says so in a fragment header (RFC 6946)", UDP6, { { 0, 1008, false, PIPE_SENT } } },
#undef UDP4
#undef TCP4
#undef UDP6
};

static void
test_lies(void **state)
{
	for (size_t i = 0; i < SL_COUNT(lies); i++) {
		uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
		unsigned int len = pipe_build(&lies[i].spec, whole);

		for (unsigned int p = 0; p < 4 && lies[i].piece[p].end != 0; p++) {
			const struct piece *piece = &lies[i].piece[p];
			unsigned int part =
				frag_cut(whole, len, (uint32_t)i + 100, piece->start, piece->end, bytes);
			char row[96];

			frag_more_set(bytes, piece->more);
			snprintf(row, sizeof(row), "%s, piece %u", lies[i].name, p);
			sl_check_str(
				row,
				pipe_verdict(pipe_one(lies[i].spec.from_lan ? LAN : WAN, bytes, part, NULL)),
				pipe_verdict(piece->verdict));
		}
		pipe_flows_end();
	}
}

/* Headers that no sender makes: IPv6 chains around the fragment header. */
static void
test_headers6(void **state)
{
	enum { F = IP + IP6_LEN, NEXT = IP + IP6_NEXT_AT };
	static const struct {
		const char *name;
		struct {
			unsigned int at;
			uint8_t byte;
		} patch[6];
		unsigned int len; /* of the frame; 0: as it is */
		int verdict;
	} rows[] = {
		{ "as it is", { { 0 } }, 0, PIPE_SENT },
		{ "reserved bits set", { { F + 1, 0xff }, { F + 3, 7 } }, 0, PIPE_SENT },
		{ "a fragment header in a fragment", { { F, 44 } }, 0, SL_DROP_EXT_HEADER },
		{ "ICMPv6", { { F, 58 } }, 0, SL_DROP_FRAGMENT },
		{ "ICMPv6, not the first", { { F, 58 }, { F + 2, 1 } }, 0, SL_DROP_FRAGMENT },
		{ "SCTP", { { F, 132 } }, 0, SL_DROP_PROTOCOL },
		{ "SCTP, not the first", { { F, 132 }, { F + 2, 1 } }, 0, SL_DROP_PROTOCOL },
		{ "options, not the first", { { F, 60 }, { F + 2, 1 } }, 0, PIPE_HELD },
		{ "nothing follows", { { F, 59 } }, 0, SL_DROP_EXT_HEADER },
		{ "options to the end of the first one",
		  { { F, 60 }, { F + 9, 255 } },
		  0,
		  SL_DROP_FRAG_INVALID },
		{ "the fragment header alone",
		  { { IP + 4, 0 }, { IP + 5, 8 } },
		  ETH_LEN + IP6_LEN + 8,
		  SL_DROP_FRAG_INVALID },
		{ "half a fragment header", { { IP + 4, 0 }, { IP + 5, 4 } }, 60, SL_DROP_EXT_HEADER },
		{ "highest offset", { { F + 2, 0xff }, { F + 3, 0xf8 } }, 0, SL_DROP_FRAG_INVALID },
	};
	struct pipe_spec spec = {
		.proto = SL_PROTO_UDP, .src = "2001:db8:9::5", .dst = "2001:db8:ff::2", .payload = 1000
	};
	uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
	unsigned int whole_len = pipe_build(&spec, whole);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		unsigned int len = frag_cut(whole, whole_len, (uint32_t)i + 1, 0, 800, bytes);

		for (unsigned int p = 0; p < 6 && rows[i].patch[p].at != 0; p++)
			bytes[rows[i].patch[p].at] = rows[i].patch[p].byte;
		if (rows[i].len != 0)
			len = rows[i].len;
		sl_check_str(rows[i].name, pipe_verdict(pipe_one(WAN, bytes, len, NULL)),
			     pipe_verdict(rows[i].verdict));
		pipe_flows_end();
	}
}

/* Options behind the fragment header: only the first fragment says that UDP follows, and where. */
static void
test_options_behind(void **state)
{
	struct pipe_spec spec = {
		.proto = SL_PROTO_UDP, .src = "2001:db8:9::5", .dst = "2001:db8:ff::1", .payload = 1000
	};
	static const uint8_t options[8] = { 17, 0, 1, 4 };
	uint8_t whole[PIPE_FRAME_MAX], bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, whole), part, at = IP + IP6_LEN;
	struct rte_mbuf *m;

	memmove(whole + at + 8, whole + at, len - at);
	memcpy(whole + at, options, 8);
	whole[IP + IP6_NEXT_AT] = 60;
	whole[IP + IP6_PAYLOAD_AT] = 1016 >> 8;
	whole[IP + IP6_PAYLOAD_AT + 1] = 1016 & 0xff;
	len += 8;
	part = frag_cut(whole, len, 5, 800, 1016, bytes);
	assert_int_equal(pipe_one(WAN, bytes, part, NULL), PIPE_HELD);
	part = frag_cut(whole, len, 5, 0, 800, bytes);
	pipe_forget();
	m = pipe_mbuf(bytes, part, NULL);
	pipe_burst(0, WAN, &m, 1);
	assert_int_equal(pipe_box.sent_count, 2);
	/* The server's port, behind the options. */
	assert_int_equal(pipe_box.sent[0].bytes[at + 8 + 8 + 2] << 8 | pipe_box.sent[0].bytes[at + 8 + 8 + 3],
			 8080);
	assert_memory_equal(pipe_box.sent[1].bytes + at + 8, whole + at + 800, 216);
	assert_int_equal(dp_workers[0]->fragments.used, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, pipe_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = { TEST(test_lies), TEST(test_headers6), TEST(test_options_behind) };

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
