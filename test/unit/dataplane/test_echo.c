/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ping: the reply byte by byte, payloads of every length and in every kind of
 * segments, what is refused and why, and hostile frames. Frames are scapy's
 * Ether()/IP()/ICMP() and Ether()/IPv6()/ICMPv6EchoRequest().
 */
#include "neigh.h"
#include "neigh_box.h"

/* From 198.51.100.7 and 2001:db8:9::7 (02:00:00:00:01:01), TTL 3, eleven bytes of data. */
#define PING4                                                                                                \
	"0200000000a0020000000101080045000027000700000301635fc6336407c633640208007fca12340001"               \
	"6162636465666768696a6b"
#define PONG4                                                                                                \
	"0200000001010200000000a0080045000027000700004001265fc6336402c6336407000087ca12340001"               \
	"6162636465666768696a6b"
#define PING6                                                                                                \
	"0200000000a002000000010186dd6000000000133a0320010db800090000000000000000000720010db800010000000000" \
	"00"                                                                                                 \
	"000000808000ab79123400016162636465666768696a6b"
#define PONG6                                                                                                \
	"0200000001010200000000a086dd6000000000133a4020010db800010000000000000000008020010db800090000000000" \
	"00"                                                                                                 \
	"000000078100aa79123400016162636465666768696a6b"

enum { ETH = 14, IP4 = 34, IP6 = 54 };

static bool
is_v6(const uint8_t *frame)
{
	return frame[12] == 0x86;
}

/* RFC 1071, written for this test. */
static void
sum_put(uint8_t *at, const uint8_t *from, unsigned int len, uint32_t sum)
{
	at[0] = at[1] = 0;
	for (unsigned int i = 0; i < len; i++)
		sum += i % 2 == 0 ? from[i] * 256u : from[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

static void
checksums_set(uint8_t *frame, unsigned int len)
{
	if (is_v6(frame) && len >= IP6 + 8) {
		sum_put(frame + IP6 + 2, frame + 22, len - 22, 58 + len - IP6);
	} else if (!is_v6(frame) && len >= IP4 + 8) {
		sum_put(frame + 24, frame + ETH, 20, 0);
		sum_put(frame + IP4 + 2, frame + IP4, len - IP4, 0);
	}
}

/* The request with `data` bytes of data, all right. Returns its length. */
static unsigned int
request_make(uint8_t *frame, const char *hex, unsigned int data)
{
	unsigned int start = 0, len, ip_len;

	box_bytes(hex, frame);
	start = is_v6(frame) ? IP6 : IP4;
	len = start + 8 + data;
	for (unsigned int i = start + 8; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + 1);
	ip_len = is_v6(frame) ? len - IP6 : len - ETH;
	frame[is_v6(frame) ? 18 : 16] = (uint8_t)(ip_len >> 8);
	frame[is_v6(frame) ? 19 : 17] = (uint8_t)ip_len;
	checksums_set(frame, len);
	return len;
}

static void
test_replies(void **state)
{
	static const struct {
		const char *row, *in, *out;
	} rows[] = {
		{ "IPv4", PING4, PONG4 },
		{ "IPv6", PING6, PONG6 },
		{ "Ethernet padding is cut off", PING4 "00000000000000", PONG4 },
		{ "and so is more than that",
		  PING6 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff", PONG6 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint8_t frame[BOX_FRAME_MAX];
		unsigned int len = box_bytes(rows[i].in, frame);

		for (unsigned int seg_len = 80; seg_len >= (is_v6(frame) ? IP6 : IP4) + 8; seg_len--) {
			box_forget();
			sl_check_int(rows[i].row, box_receive(WAN, frame, len, seg_len), SL_DROP_MAX);
			box_check_sent(rows[i].row, WAN, rows[i].out);
		}
	}
}

/* The reply to any request is the request with addresses, type, TTL and checksums changed. */
static void
test_every_length(void **state)
{
	static const char *const hex[] = { PING4, PING6 };

	for (size_t f = 0; f < SL_COUNT(hex); f++)
		for (unsigned int data = 0; data <= BOX_MTU - 48; data += data < 70 || data > 1400 ? 1 : 61) {
			uint8_t frame[BOX_FRAME_MAX];
			unsigned int len = request_make(frame, hex[f], data);
			bool v6 = is_v6(frame);
			const unsigned int addr = v6 ? 22 : 26, addr_len = v6 ? 16 : 4;
			uint8_t saved[16];

			box_forget();
			assert_int_equal(box_receive(WAN, frame, len, data % 3 == 0 ? 0 : 62 + data % 400),
					 SL_DROP_MAX);
			memcpy(saved, frame, 6);
			memcpy(frame, frame + 6, 6);
			memcpy(frame + 6, saved, 6);
			memcpy(saved, frame + addr, addr_len);
			memcpy(frame + addr, frame + addr + addr_len, addr_len);
			memcpy(frame + addr + addr_len, saved, addr_len);
			frame[v6 ? 21 : 22] = 64;
			frame[v6 ? IP6 : IP4] = v6 ? 129 : 0;
			checksums_set(frame, len);
			assert_int_equal(box.sent_count, 1);
			assert_int_equal(box.sent[0].len, len);
			assert_memory_equal(box.sent[0].bytes, frame, len);
		}
}

/* One thing wrong at a time. `mend`: with right checksums. */
static void
test_refusals(void **state)
{
	static const struct {
		const char *row;
		const char *frame;
		struct {
			unsigned int at;
			uint8_t value;
		} change[4];
		int longer;
		bool mend;
		enum sl_drop reason;
	} rows[] = {
		{ "unchanged", PING4, { { 0 } }, 0, true, SL_DROP_MAX },
		{ "unchanged", PING6, { { 0 } }, 0, true, SL_DROP_MAX },
		{ "one byte short", PING4, { { 0 } }, -1, false, SL_DROP_TRUNCATED },
		{ "one byte short", PING6, { { 0 } }, -1, false, SL_DROP_TRUNCATED },
		{ "no whole header", PING4, { { 0 } }, -12, false, SL_DROP_TRUNCATED },
		{ "no whole header", PING6, { { 0 } }, -12, false, SL_DROP_TRUNCATED },
		{ "version 5", PING4, { { ETH, 0x55 } }, 0, true, SL_DROP_IP_HEADER },
		{ "version 5", PING6, { { ETH, 0x50 } }, 0, true, SL_DROP_IP_HEADER },
		{ "header of 16 bytes", PING4, { { ETH, 0x44 } }, 0, true, SL_DROP_IP_HEADER },
		{ "options", PING4, { { ETH, 0x46 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "length says less than a header", PING4, { { 17, 27 } }, 0, true, SL_DROP_IP_HEADER },
		{ "length says less than a header", PING6, { { 19, 7 } }, 0, true, SL_DROP_IP_HEADER },
		{ "header checksum", PING4, { { 22, 9 } }, 0, false, SL_DROP_IP_CHECKSUM },
		{ "message checksum", PING4, { { 50, 0 } }, 0, false, SL_DROP_ICMP_INVALID },
		{ "message checksum", PING6, { { 70, 0 } }, 0, false, SL_DROP_ICMP_INVALID },
		{ "first fragment", PING4, { { 20, 0x20 } }, 0, true, SL_DROP_FRAGMENT },
		{ "a later fragment", PING4, { { 21, 1 } }, 0, true, SL_DROP_FRAGMENT },
		{ "don't fragment is fine", PING4, { { 20, 0x40 } }, 0, true, SL_DROP_MAX },
		{ "fragment", PING6, { { 20, 44 } }, 0, true, SL_DROP_FRAGMENT },
		{ "hop-by-hop options", PING6, { { 20, 0 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "TCP to the box", PING4, { { 23, 6 } }, 0, true, SL_DROP_PUNT_IGNORED },
		{ "TCP to the box", PING6, { { 20, 6 } }, 0, true, SL_DROP_PUNT_IGNORED },
		{ "VRRP", PING4, { { 23, 112 } }, 0, true, SL_DROP_PUNT_IGNORED },
		{ "echo reply", PING4, { { IP4, 0 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "unreachable", PING4, { { IP4, 3 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "code 1", PING4, { { IP4 + 1, 1 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "packet too big", PING6, { { IP6, 2 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "redirect", PING6, { { IP6, 137 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "code 1", PING6, { { IP6 + 1, 1 } }, 0, true, SL_DROP_ICMP_IGNORED },
		{ "to somebody else", PING4, { { 33, 9 } }, 0, true, SL_DROP_PUNT_IGNORED },
		{ "to somebody else", PING6, { { 53, 9 } }, 0, true, SL_DROP_PUNT_IGNORED },
		{ "to lan's address, heard on wan",
		  PING4,
		  { { 30, 10 }, { 31, 0 }, { 32, 0 }, { 33, 1 } },
		  0,
		  true,
		  SL_DROP_MAX },
		{ "to the VIP", PING4, { { 33, 80 } }, 0, true, SL_DROP_MAX },
		{ "from multicast", PING4, { { 26, 224 } }, 0, true, SL_DROP_SOURCE },
		{ "from multicast", PING6, { { 22, 0xff } }, 0, true, SL_DROP_SOURCE },
		{ "from the address that it is for", PING4, { { 29, 2 } }, 0, true, SL_DROP_SOURCE },
		{ "in a broadcast, to one of our addresses",
		  PING4,
		  { { 0, 0xff } },
		  0,
		  true,
		  SL_DROP_ICMP_IGNORED },
		{ "in a multicast, to one of our addresses",
		  PING6,
		  { { 0, 0x33 } },
		  0,
		  true,
		  SL_DROP_ICMP_IGNORED },
		{ "neither IP nor ARP", PING4, { { 12, 0x88 } }, 0, false, SL_DROP_ETHERTYPE },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint8_t frame[BOX_FRAME_MAX];
		unsigned int len = box_bytes(rows[i].frame, frame);

		len = (unsigned int)((int)len + rows[i].longer);
		for (unsigned int c = 0; c < SL_COUNT(rows[i].change); c++)
			if (rows[i].change[c].at != 0 || rows[i].change[c].value != 0)
				frame[rows[i].change[c].at] = rows[i].change[c].value;
		if (rows[i].mend)
			checksums_set(frame, len);
		box_forget();
		sl_check_int(rows[i].row, box_receive(WAN, frame, len, 0), rows[i].reason);
		sl_check_int(rows[i].row, box.sent_count, rows[i].reason == SL_DROP_MAX);
	}
}

static void
test_size(void **state)
{
	static const struct {
		const char *row, *frame;
		unsigned int data, seg_len;
		enum sl_drop reason;
	} rows[] = {
		{ "as long as the MTU", PING4, BOX_MTU - 28, 0, SL_DROP_MAX },
		{ "one byte longer", PING4, BOX_MTU - 27, 0, SL_DROP_TOO_BIG },
		{ "as long as the MTU", PING6, BOX_MTU - 48, 0, SL_DROP_MAX },
		{ "one byte longer", PING6, BOX_MTU - 47, 0, SL_DROP_TOO_BIG },
		{ "jumbo in segments", PING4, 3900, 700, SL_DROP_TOO_BIG },
		{ "headers in two segments", PING4, 20, 41, SL_DROP_SEGMENTS },
		{ "headers in two segments", PING6, 20, 61, SL_DROP_SEGMENTS },
		{ "headers in one segment", PING6, 20, 62, SL_DROP_MAX },
		{ "not even the Ethernet header in one", PING4, 20, 13, SL_DROP_SEGMENTS },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint8_t frame[BOX_FRAME_MAX];
		unsigned int len = request_make(frame, rows[i].frame, rows[i].data);

		sl_check_int(rows[i].row, box_receive(WAN, frame, len, rows[i].seg_len), rows[i].reason);
	}
}

static void
test_hostile(void **state)
{
	box_check_hostile(PING4, 20000, checksums_set);
	box_check_hostile(PING6, 20000, checksums_set);
	box_check_hostile(PING4 "000102030405060708090a0b0c0d0e0f", 5000, checksums_set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replies, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_every_length, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_refusals, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_size, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_hostile, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, box_open, NULL);
}
