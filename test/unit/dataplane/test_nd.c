/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour discovery on the wire: who is answered, what is asked and announced,
 * whom the box believes, the checks of RFC 4861 7.1, and hostile frames. Frames
 * are scapy's Ether()/IPv6(hlim=255)/ICMPv6ND_NS or _NA()/..., checksums included.
 */
#include "addr_book.h"
#include "neigh.h"
#include "neigh_box.h"

/* 2001:db8:1::7 at 02:00:00:00:01:01 asks for wan's own address, a VIP, the link-local address. */
#define NS_OWN                                                                                               \
	"3333ff00000202000000010186dd6000000000203aff20010db8000100000000000000000007ff020000000000000000"   \
	"0001ff00000287001b1f0000000020010db80001000000000000000000020101020000000101"
#define NA_OWN                                                                                               \
	"0200000001010200000000a086dd6000000000203aff20010db800010000000000000000000220010db8000100000000"   \
	"000000000007880009cae000000020010db800010000000000000000000202010200000000a0"
#define NS_VIP                                                                                               \
	"3333ff00008002000000010186dd6000000000203aff20010db8000100000000000000000007ff020000000000000000"   \
	"0001ff00008087001a230000000020010db80001000000000000000000800101020000000101"
#define NA_VIP                                                                                               \
	"0200000001010200000000a086dd6000000000203aff20010db800010000000000000000008020010db8000100000000"   \
	"000000000007880008cee000000020010db800010000000000000000008002010200000000a0"
#define NS_LINK_LOCAL                                                                                        \
	"3333ff0000a002000000010186dd6000000000203afffe800000000000000000000000000007ff020000000000000000"   \
	"0001ff0000a08700795500000000fe80000000000000000000fffe0000a00101020000000101"
#define NA_LINK_LOCAL                                                                                        \
	"0200000001010200000000a086dd6000000000203afffe80000000000000000000fffe0000a0fe800000000000000000"   \
	"00000000000788009839e0000000fe80000000000000000000fffe0000a002010200000000a0"
/* Duplicate address detection for the VIP, and what the box tells everybody. */
#define DAD_VIP                                                                                              \
	"3333ff00008002000000010186dd6000000000183aff00000000000000000000000000000000ff020000000000000000"   \
	"0001ff0000808700"                                                                                   \
	"4bee0000000020010db8000100000000000000000080"
#define NA_ALL_VIP                                                                                           \
	"3333000000010200000000a086dd6000000000203aff20010db8000100000000000000000080ff020000000000000000"   \
	"0000000000018800778ba000000020010db800010000000000000000008002010200000000a0"
/* The box asks for the gateway 2001:db8:1::1 and for fe80::1. */
#define ASK_ALL                                                                                              \
	"3333ff0000010200000000a086dd6000000000203aff20010db8000100000000000000000002ff020000000000000000"   \
	"0001ff00000187001b870000000020010db8000100000000000000000001"                                       \
	"01010200000000a0"
#define ASK_ONE                                                                                              \
	"0200000001010200000000a086dd6000000000203aff20010db800010000000000000000000220010db8000100000000"   \
	"0000000000018700ebd10000000020010db800010000000000000000000101010200000000a0"
#define ASK_LINK_LOCAL                                                                                       \
	"3333ff0000010200000000a086dd6000000000203afffe80000000000000000000fffe0000a0ff020000000000000000"   \
	"0001ff00000187007a5b00000000fe80000000000000000000000000000101010200000000a0"
/* The gateway answers: with its MAC address, and without as Linux does to a unicast. */
#define NA_GATEWAY                                                                                           \
	"0200000000a002000000010186dd6000000000203aff20010db800010000000000000000000120010db8000100000000"   \
	"00000000000288000970e000000020010db80001000000000000000000010201020000000101"
#define NA_GATEWAY_BARE                                                                                      \
	"0200000000a002000000010186dd6000000000183aff20010db800010000000000000000000120010db8000100000000"   \
	"00000000000288002e7ac000000020010db8000100000000000000000001"
/* 02:00:00:00:06:66 claims the gateway's address and the VIP, and advertises itself as a router. */
#define NA_GATEWAY_FALSE                                                                                     \
	"33330000000102000000066686dd6000000000203aff20010db8000100000000000000000001ff020000000000000000"   \
	"000000000001880072c3a000000020010db80001000000000000000000010201020000000666"
#define NA_VIP_FALSE                                                                                         \
	"33330000000102000000066686dd6000000000203aff20010db8000100000000000000000080ff020000000000000000"   \
	"000000000001880071c5a000000020010db80001000000000000000000800201020000000666"
#define ROUTER_ADVERT                                                                                        \
	"33330000000102000000066686dd6000000000183afffe800000000000000000000000000666ff020000000000000000"   \
	"0000000000018600654b0008070800000000000000000101020000000666"

static void
test_solicitations(void **state)
{
	static const struct {
		const char *row;
		unsigned int port;
		const char *in, *out;
		enum sl_drop reason;
		bool learned;
	} rows[] = {
		{ "own address", WAN, NS_OWN, NA_OWN, SL_DROP_MAX, true },
		{ "VIP", WAN, NS_VIP, NA_VIP, SL_DROP_MAX, true },
		{ "link-local address; its asker is nobody's next hop", WAN, NS_LINK_LOCAL, NA_LINK_LOCAL,
		  SL_DROP_MAX, false },
		{ "wan's address, on lan", LAN, NS_OWN, NULL, SL_DROP_PUNT_IGNORED, false },
		{ "wan's link-local address, on lan", LAN, NS_LINK_LOCAL, NULL, SL_DROP_PUNT_IGNORED, false },
		{ "somebody wants to use the VIP", WAN, DAD_VIP, NA_ALL_VIP, SL_DROP_ARP_CONFLICT, false },
		{ "the same where the VIP is not ours", LAN, DAD_VIP, NULL, SL_DROP_PUNT_IGNORED, false },
		{ "router advertisements are ignored", WAN, ROUTER_ADVERT, NULL, SL_DROP_ICMP_IGNORED,
		  false },
		{ "an advertisement nobody asked for", WAN, NA_GATEWAY, NULL, SL_DROP_PUNT_IGNORED, false },
	};
	struct sl_addr sender = box_addr("2001:db8:1::7");

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		box_setup(state);
		sl_check_int(rows[i].row, box_receive_hex(rows[i].port, rows[i].in), rows[i].reason);
		box_check_sent(rows[i].row, rows[i].port, rows[i].out);
		sl_check_int(rows[i].row, dp_neigh_find(rows[i].port, &sender) != 0, rows[i].learned);
		box_teardown(state);
	}
	box_setup(state);
}

/* On a port with a kernel interface: what the kernel hears, and what has then done its work. */
static void
test_kernel_hears(void **state)
{
	static const struct {
		const char *row;
		const char *in;
		bool copied;
		enum sl_drop reason;
	} rows[] = {
		{ "an answer, perhaps to the kernel", NA_GATEWAY, true, SL_DROP_MAX },
		{ "one without a MAC address", NA_GATEWAY_BARE, true, SL_DROP_MAX },
		{ "a solicitation is answered here", NS_OWN, false, SL_DROP_MAX },
		{ "a claim to the VIP", NA_VIP_FALSE, false, SL_DROP_ARP_CONFLICT },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		box_setup(state);
		box.tap = true;
		sl_check_int(rows[i].row, box_receive_hex(WAN, rows[i].in), rows[i].reason);
		sl_check_int(rows[i].row, box.copied, rows[i].copied);
		box_teardown(state);
	}
	box_setup(state);
}

/* ---- changed frames ---- */

enum {
	ETH_SRC = 6,
	PAYLOAD_LEN = 18,
	HOPS = 21,
	SRC = 22,
	DST = 38,
	ICMP = 54,
	TARGET = ICMP + 8,
	OPTION = ICMP + 24
};

/* RFC 1071 over the pseudo header and the message, written for this test. */
static void
checksum_set(uint8_t *frame, unsigned int len)
{
	uint32_t sum = 58 + (len - ICMP);

	if (len < ICMP + 4)
		return;
	frame[ICMP + 2] = frame[ICMP + 3] = 0;
	for (unsigned int i = SRC; i < len; i++)
		sum += (i - SRC) % 2 == 0 ? frame[i] * 256u : frame[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	frame[ICMP + 2] = (uint8_t)(sum >> 8);
	frame[ICMP + 3] = (uint8_t)sum;
}

static const struct {
	const char *row;
	const char *frame;
	struct {
		unsigned int at;
		uint8_t value;
	} change[3];
	int longer; /* bytes put behind (ones) or taken away */
	bool keep_checksum;
	enum sl_drop reason;
} check_rows[] = {
	{ "unchanged", NS_OWN, { { 0 } }, 0, false, SL_DROP_MAX },
	{ "hop limit 254", NS_OWN, { { HOPS, 254 } }, 0, false, SL_DROP_ND_INVALID },
	{ "checksum", NS_OWN, { { ICMP + 3, 0x20 } }, 0, true, SL_DROP_ND_INVALID },
	{ "code 1", NS_OWN, { { ICMP + 1, 1 } }, 0, false, SL_DROP_ND_INVALID },
	{ "target multicast", NS_OWN, { { TARGET, 0xff } }, 0, false, SL_DROP_ND_INVALID },
	{ "option of length 0", NS_OWN, { { OPTION + 1, 0 } }, 0, false, SL_DROP_ND_INVALID },
	{ "option longer than the message", NS_OWN, { { OPTION + 1, 2 } }, 0, false, SL_DROP_ND_INVALID },
	{ "unknown option of length 0",
	  NS_OWN,
	  { { OPTION, 77 }, { OPTION + 1, 0 } },
	  0,
	  false,
	  SL_DROP_ND_INVALID },
	{ "unknown option longer than the message",
	  NS_OWN,
	  { { OPTION, 77 }, { OPTION + 1, 2 } },
	  0,
	  false,
	  SL_DROP_ND_INVALID },
	{ "option cut off", NS_OWN, { { 0 } }, -1, false, SL_DROP_ND_INVALID },
	{ "half an option behind", NS_OWN, { { 0 } }, 4, false, SL_DROP_ND_INVALID },
	{ "an option more, unknown",
	  NS_OWN,
	  { { OPTION + 8, 77 }, { OPTION + 9, 1 } },
	  8,
	  false,
	  SL_DROP_MAX },
	{ "MAC address option of 16 bytes", NS_OWN, { { OPTION + 1, 2 } }, 8, false, SL_DROP_ND_INVALID },
	{ "multicast MAC address in the option",
	  NS_OWN,
	  { { OPTION + 2, 3 } },
	  0,
	  false,
	  SL_DROP_ND_INVALID },
	{ "our MAC address in the option",
	  NS_OWN,
	  { { OPTION + 6, 0 }, { OPTION + 7, 0xa0 } },
	  0,
	  false,
	  SL_DROP_ND_INVALID },
	{ "source multicast", NS_OWN, { { SRC, 0xff } }, 0, false, SL_DROP_ND_INVALID },
	{ "no options, no target even", NS_OWN, { { 0 } }, -16, false, SL_DROP_ND_INVALID },
	{ "solicitation without option, answered to the frame's sender",
	  NS_OWN,
	  { { 0 } },
	  -8,
	  false,
	  SL_DROP_MAX },
	{ "DAD to another group", DAD_VIP, { { DST + 15, 0x81 } }, 0, false, SL_DROP_ND_INVALID },
	{ "DAD with a MAC address option",
	  DAD_VIP,
	  { { OPTION, 1 }, { OPTION + 1, 1 }, { OPTION + 2, 2 } },
	  8,
	  false,
	  SL_DROP_ND_INVALID },
	{ "advertisement to all with the solicited flag",
	  NA_GATEWAY_FALSE,
	  { { ICMP + 4, 0xe0 } },
	  0,
	  false,
	  SL_DROP_ND_INVALID },
	{ "advertisement from a multicast address",
	  NA_GATEWAY_FALSE,
	  { { SRC, 0xff } },
	  0,
	  false,
	  SL_DROP_ND_INVALID },
	{ "advertisement of a multicast MAC address",
	  NA_GATEWAY_FALSE,
	  { { OPTION + 2, 0x33 } },
	  0,
	  false,
	  SL_DROP_ND_INVALID },
};

/* One byte changed at a time: every check of RFC 4861 7.1.1 and 7.1.2 has to bite. */
static void
test_checks(void **state)
{
	for (size_t i = 0; i < SL_COUNT(check_rows); i++) {
		uint8_t frame[BOX_FRAME_MAX];
		unsigned int len = box_bytes(check_rows[i].frame, frame);

		memset(frame + len, 1, 16);
		len = (unsigned int)((int)len + check_rows[i].longer);
		frame[PAYLOAD_LEN + 1] = (uint8_t)(len - ICMP);
		for (unsigned int c = 0; c < SL_COUNT(check_rows[i].change); c++)
			if (check_rows[i].change[c].at != 0)
				frame[check_rows[i].change[c].at] = check_rows[i].change[c].value;
		if (!check_rows[i].keep_checksum)
			checksum_set(frame, len);
		box_setup(state);
		sl_check_int(check_rows[i].row, box_receive(WAN, frame, len, 0), check_rows[i].reason);
		/* Where its bytes lie makes no difference. */
		for (unsigned int seg_len = 14; seg_len < 80; seg_len++) {
			box_forget();
			sl_check_int(check_rows[i].row, box_receive(WAN, frame, len, seg_len),
				     check_rows[i].reason);
			sl_check_int(check_rows[i].row, box.sent_count, check_rows[i].reason == SL_DROP_MAX);
		}
		box_teardown(state);
	}
	box_setup(state);
}

/* With options behind that nobody knows: looked at up to 512 bytes, however it is cut. */
static void
test_long(void **state)
{
	for (unsigned int message = 32; message <= 1400; message += 8) {
		uint8_t frame[BOX_FRAME_MAX];
		unsigned int len = box_bytes(NS_OWN, frame);

		for (; len < ICMP + message; len += 8)
			memcpy(frame + len, (uint8_t[8]){ 77, 1 }, 8);
		frame[PAYLOAD_LEN] = (uint8_t)(message >> 8);
		frame[PAYLOAD_LEN + 1] = (uint8_t)message;
		checksum_set(frame, len);
		for (unsigned int seg_len = 0; seg_len < 200; seg_len += 66) {
			box_forget();
			assert_int_equal(box_receive(WAN, frame, len, seg_len),
					 message <= 512 ? SL_DROP_MAX : SL_DROP_ND_INVALID);
		}
	}
}

static void
test_ask(void **state)
{
	struct sl_addr gateway = box_addr("2001:db8:1::1"), link_local = box_addr("fe80::1");
	uint32_t index = dp_neigh_want(WAN, &gateway);
	uint64_t word = 0;

	memcpy(&word, (uint8_t[]){ 2, 0, 0, 0, 1, 1 }, 6);
	box_check_sent("everybody", WAN, ASK_ALL);
	/* Without its MAC address an answer to everybody is none. */
	assert_int_equal(box_receive_hex(WAN, NA_GATEWAY_BARE), SL_DROP_PUNT_IGNORED);
	assert_true(dp_nh_load(index) == 0);
	assert_int_equal(box_receive_hex(WAN, NA_GATEWAY), SL_DROP_MAX);
	assert_true(dp_nh_load(index) == (word | DP_NH_VALID));
	box_forget();
	while (box.sent_count == 0)
		box_advance(1);
	box_check_sent("its known MAC", WAN, ASK_ONE);
	assert_int_equal(box_receive_hex(WAN, NA_GATEWAY_BARE), SL_DROP_MAX);
	box_forget();
	box_advance(14999);
	assert_int_equal(box.sent_count, 0);
	/* A link-local neighbour is asked from the link-local address. */
	dp_neigh_want(WAN, &link_local);
	box_check_sent("link-local", WAN, ASK_LINK_LOCAL);
}

static void
test_announcement(void **state)
{
	const struct sl_addr none[] = { box_addr("192.0.2.10") };
	const struct sl_addr vips[] = { box_addr("2001:db8:1::80") };

	assert_int_equal(dp_addr_book_set_vips(none, 1), 0);
	box_advance(2000);
	box_forget();
	assert_int_equal(dp_addr_book_set_vips(vips, 1), 0);
	box_advance(1);
	box_check_sent("unsolicited advertisement", WAN, NA_ALL_VIP);
	box_forget();
	box_advance(1000);
	box_check_sent("once more", WAN, NA_ALL_VIP);
}

static void
test_vip_claimed(void **state)
{
	assert_int_equal(box_receive_hex(WAN, NA_VIP_FALSE), SL_DROP_ARP_CONFLICT);
	box_check_sent("defended", WAN, NA_ALL_VIP);
	assert_int_equal(box.warned, 1);
	assert_int_equal(box_receive_hex(WAN, NA_VIP_FALSE), SL_DROP_ARP_CONFLICT);
	assert_int_equal(box.sent_count, 1);
	/* Duplicate address detection is answered every time, or it succeeds. */
	for (unsigned int i = 0; i < 3; i++) {
		box_forget();
		assert_int_equal(box_receive_hex(WAN, DAD_VIP), SL_DROP_ARP_CONFLICT);
		box_check_sent("dad", WAN, NA_ALL_VIP);
	}
}

static void
test_gateway_claimed(void **state)
{
	struct sl_addr gateway = box_addr("2001:db8:1::1");
	uint32_t index = dp_neigh_want_pinned(WAN, &gateway);
	uint64_t known;

	box_receive_hex(WAN, NA_GATEWAY);
	known = dp_nh_load(index);
	box_forget();
	assert_int_equal(box_receive_hex(WAN, NA_GATEWAY_FALSE), SL_DROP_ARP_CONFLICT);
	box_check_sent("asked at its known MAC", WAN, ASK_ONE);
	assert_true(dp_nh_load(index) == known);
	box_advance(150);
	assert_int_equal(box_receive_hex(WAN, NA_GATEWAY_BARE), SL_DROP_MAX);
	box_advance(1000);
	assert_true(dp_nh_load(index) == known);
	/* The next time it is silent. */
	assert_int_equal(box_receive_hex(WAN, NA_GATEWAY_FALSE), SL_DROP_ARP_CONFLICT);
	box_advance(300);
	assert_true(dp_nh_load(index) == 0);
	assert_int_equal(box_receive_hex(WAN, NA_GATEWAY_FALSE), SL_DROP_MAX);
	assert_true((dp_nh_load(index) & DP_NH_VALID) != 0 && dp_nh_load(index) != known);
}

static void
test_hostile(void **state)
{
	static const char *const frames[] = { NS_OWN, DAD_VIP, NA_GATEWAY, NA_VIP_FALSE, ROUTER_ADVERT };

	for (size_t i = 0; i < SL_COUNT(frames); i++)
		box_check_hostile(frames[i], 10000, checksum_set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_solicitations, NULL, box_teardown),
		cmocka_unit_test_setup_teardown(test_checks, NULL, box_teardown),
		cmocka_unit_test_setup_teardown(test_long, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_kernel_hears, NULL, box_teardown),
		cmocka_unit_test_setup_teardown(test_ask, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_announcement, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_vip_claimed, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_gateway_claimed, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_hostile, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, box_open, NULL);
}
