/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options by full NAT: the client's address for the server, until the client has
 * acknowledged data; the MSS that leaves room for it; timestamps taken out of SYNs.
 */
#include "fnat_box.h"

#include "sl_addr.h"
#include "wire.h"

enum { SYN = 2, ACK = 16, SYN_ACK = 18, ISN = 1000, PORT_TOA = 81, PORT_STRIP = 82 };

#define C4 "203.0.113.5"
#define C6 "2001:db8:9::5"
#define V4 "192.0.2.3"
#define V6 "2001:db8:ff::3"
#define V64 "2001:db8:ff::4"

static const uint8_t toa4[] = { 254, 8, 0x9c, 0x40, 203, 0, 113, 5 };
static const uint8_t toa6[] = { 254, 20, 0x9c, 0x40, 0x20, 0x01, 0x0d, 0xb8, 0, 9,
				0,   0,  0,    0,    0,    0,    0,    0,    0, 5 };

/* A segment of the client's, or of the server's in answer to the last one that was sent to it. */
struct segment {
	const char *client, *vip;
	uint16_t port;
	uint8_t flags;
	uint32_t seq, ack;
	const uint8_t *options; /* of TCP: whole words */
	unsigned int option_len, payload;
};

static unsigned int
l4_at(const uint8_t *frame)
{
	return ETH_LEN + (frame[ETH_LEN] >> 4 == 6 ? (unsigned int)IP6_LEN : (unsigned int)IP4_LEN);
}

/* Seq, ack and options into a frame without options. */
static unsigned int
tcp_fill(uint8_t *frame, unsigned int len, const struct segment *s)
{
	unsigned int at = l4_at(frame);
	uint8_t *ip = frame + ETH_LEN, *tcp = frame + at;
	bool v6 = ip[0] >> 4 == 6;
	uint8_t *length = ip + (v6 ? IP6_PAYLOAD_AT : IP4_TOTAL_AT);

	memmove(tcp + TCP_LEN + s->option_len, tcp + TCP_LEN, len - at - TCP_LEN);
	memcpy(tcp + TCP_LEN, s->options, s->option_len);
	tcp[TCP_OFFSET_AT] = (uint8_t)((TCP_LEN + s->option_len) / 4 << 4);
	tcp[TCP_FLAGS_AT] = s->flags;
	store32(tcp + 4, rte_cpu_to_be_32(s->seq));
	store32(tcp + 8, rte_cpu_to_be_32(s->ack));
	store16(length, rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(load16(length)) + s->option_len)));
	pipe_sums(frame);
	return len + s->option_len;
}

static int
client_sends(const struct segment *s)
{
	const struct pipe_spec spec = {
		.src = s->client, .dst = s->vip, .dport = s->port, .payload = (uint16_t)s->payload
	};
	uint8_t frame[PIPE_FRAME_MAX];

	return pipe_one(WAN, frame, tcp_fill(frame, pipe_build(&spec, frame), s), NULL);
}

/* The server answers the segment `got` with one without payload. */
static int
server_sends(const struct pipe_frame *got, const struct segment *s)
{
	uint8_t frame[PIPE_FRAME_MAX];
	unsigned int at = l4_at(got->bytes), len = at + TCP_LEN;
	bool v6 = got->bytes[ETH_LEN] >> 4 == 6;

	memcpy(frame, got->bytes, len);
	store16(frame + ETH_LEN + (v6 ? IP6_PAYLOAD_AT : IP4_TOTAL_AT),
		rte_cpu_to_be_16((uint16_t)(v6 ? (unsigned int)TCP_LEN : len - ETH_LEN)));
	frame[at + TCP_OFFSET_AT] = TCP_LEN / 4 << 4;
	(void)fnat_answer(frame, len, frame);
	return pipe_one(LAN, frame, tcp_fill(frame, len, s), NULL);
}

static void
options_check(const char *row, const struct pipe_frame *frame, const uint8_t *options, unsigned int len)
{
	const uint8_t *tcp = frame->bytes + l4_at(frame->bytes);

	sl_check_int(row, (tcp[TCP_OFFSET_AT] >> 4) * 4u, TCP_LEN + len);
	if (len != 0)
		sl_check_int(row, memcmp(tcp + TCP_LEN, options, len), 0);
	sl_check_int(row, pipe_sums_right(frame->bytes, frame->len), 1);
}

static const struct {
	const char *name, *client, *vip;
	const uint8_t *toa;
	unsigned int toa_len;
} ways[] = {
	{ "4 to 4", C4, V4, toa4, sizeof(toa4) },
	{ "6 to 6", C6, V6, toa6, sizeof(toa6) },
	{ "6 to 4", C6, V64, toa6, sizeof(toa6) },
};

/* A connection from its SYN to the segment that ends the matter. */
static void
test_handshake(void **state)
{
	static const uint8_t mss[] = { 2, 4, 0x05, 0xb4 };

	for (unsigned int i = 0; i < SL_COUNT(ways); i++) {
		const char *row = ways[i].name;
		struct segment s = { ways[i].client, ways[i].vip, PORT_TOA, SYN, 1, 0, mss, sizeof(mss), 0 };
		struct segment answer = {
			.flags = SYN_ACK, .seq = ISN, .ack = 2, .options = mss, .option_len = 4
		};
		uint8_t both[64], lowered[4] = { 2, 4 };
		static struct pipe_frame syn;

		pipe_flows_end();
		memcpy(both, ways[i].toa, ways[i].toa_len);
		memcpy(both + ways[i].toa_len, mss, sizeof(mss));
		for (unsigned int again = 0; again < 2; again++) { /* a SYN may be sent twice */
			sl_check_int(row, client_sends(&s), PIPE_SENT);
			options_check(row, &pipe_box.sent[0], both, ways[i].toa_len + 4);
		}
		syn = pipe_box.sent[0];
		sl_check_int(row, server_sends(&syn, &answer), PIPE_SENT);
		lowered[2] = (uint8_t)((0x5b4 - ways[i].toa_len) >> 8);
		lowered[3] = (uint8_t)(0x5b4 - ways[i].toa_len);
		options_check(row, &pipe_box.sent[0], lowered, 4);
		s = (struct segment){ ways[i].client, ways[i].vip, PORT_TOA, ACK, 2, ISN + 1, NULL, 0, 0 };
		for (s.payload = 0; s.payload < 3; s.payload++) {
			sl_check_int(row, client_sends(&s), PIPE_SENT);
			options_check(row, &pipe_box.sent[0], ways[i].toa, ways[i].toa_len);
		}
		s.ack++; /* the server's data has come */
		sl_check_int(row, client_sends(&s), PIPE_SENT);
		options_check(row, &pipe_box.sent[0], NULL, 0);
		s.ack--; /* and an older segment later does not bring it back */
		sl_check_int(row, client_sends(&s), PIPE_SENT);
		options_check(row, &pipe_box.sent[0], NULL, 0);
	}
}

/* No room in the header, or on the way: the segment goes as it is. */
static void
test_no_room(void **state)
{
	static const uint8_t nops[40] = { [0 ... 39] = 1 };
	static const struct {
		const char *name;
		unsigned int option_len, payload, len;
	} rows[] = {
		{ "32 bytes of options: room for 8", 32, 0, 40 },
		{ "36: none", 36, 0, 36 },
		{ "40: none", 40, 0, 40 },
		{ "1492 bytes: room", 0, 1452, 8 },
		{ "1493 bytes: none", 0, 1453, 0 },
	};

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		const struct segment s = {
			C4, V4, PORT_TOA, SYN, 1, 0, nops, rows[i].option_len, rows[i].payload
		};
		uint8_t wanted[48];

		pipe_flows_end();
		memset(wanted, 1, sizeof(wanted));
		if (rows[i].len != rows[i].option_len)
			memcpy(wanted, toa4, sizeof(toa4));
		sl_check_int(rows[i].name, client_sends(&s), PIPE_SENT);
		options_check(rows[i].name, &pipe_box.sent[0], wanted, rows[i].len);
	}
}

/* clang-format off */
static const struct {
	const char *name;
	uint8_t flags, before[12], after[12];
} strips[] = {
	{ "alone", SYN, { 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ "behind two NOPs", SYN, { 1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ "at an odd place", SYN, { 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ "behind the end", SYN, { 0, 0, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0 }, { 0, 0, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0 } },
	{ "of a wrong length", SYN, { 8, 8, 1, 2, 3, 4, 0, 0, 1, 1, 1, 1 }, { 8, 8, 1, 2, 3, 4, 0, 0, 1, 1, 1, 1 } },
	{ "of no length", SYN, { 8, 0, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1 }, { 8, 0, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1 } },
	{ "beyond the header", SYN, { 1, 1, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6 }, { 1, 1, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6 } },
	{ "not in a SYN", ACK, { 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1 }, { 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1 } },
};
/* clang-format on */

static void
test_strip(void **state)
{
	for (unsigned int i = 0; i < SL_COUNT(strips); i++) {
		struct segment s = { C4, V4, PORT_STRIP, SYN, 1, 0, NULL, 0, 0 };

		pipe_flows_end();
		if (strips[i].flags != SYN)
			sl_check_int(strips[i].name, client_sends(&s), PIPE_SENT);
		s.flags = strips[i].flags;
		s.options = strips[i].before;
		s.option_len = 12;
		sl_check_int(strips[i].name, client_sends(&s), PIPE_SENT);
		options_check(strips[i].name, &pipe_box.sent[0], strips[i].after, 12);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_handshake, fnat_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_no_room, fnat_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_strip, fnat_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
