/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread answers for addresses of groups: ARP, neighbour discovery and ping,
 * while the group is held, while it is not, and with a virtual MAC address. And what it leaves
 * to keepalive: to announce and to defend them. Frames are scapy's.
 */
#include "addr_book.h"
#include "ha.h"
#include "neigh.h"
#include "neigh_box.h"

enum { VIP_GROUP = 1, OWN_GROUP = 2 };

#define FROM_C "020000000101"
#define FROM_X "020000000666"
#define TO_ALL "ffffffffffff"
#define TO_WAN "0200000000a0"
#define VMAC "00005e000107"
#define ARP_REQUEST "08060001080006040001"
#define ARP_REPLY "08060001080006040002"
#define NOBODY "000000000000"
#define IP_VIP "c000020a"
#define IP_OWN "c63364fe"
#define IP_C "c6336407"

/* 198.51.100.7 pings 198.51.100.254, 2001:db8:1::7 pings the VIP 2001:db8:1::80 and asks for it. */
#define PING_OWN                                                                                             \
	"0200000000a00200000001010800450000270007000003016263c6336407c63364fe08007fca12340001"               \
	"6162636465666768696a6b"
#define PING_VIP                                                                                             \
	"0200000000a002000000010186dd6000000000133a0320010db800010000000000000000000720010db8000100000000"   \
	"0000000000808000ab81123400016162636465666768696a6b"
#define PONG_VIP                                                                                             \
	"0200000001010200000000a086dd6000000000133a4020010db800010000000000000000008020010db8000100000000"   \
	"0000000000078100aa81123400016162636465666768696a6b"
#define NS_VIP                                                                                               \
	"3333ff00008002000000010186dd6000000000203aff20010db8000100000000000000000007ff020000000000000000"   \
	"0001ff00008087001a230000000020010db80001000000000000000000800101020000000101"
#define NA_VIP                                                                                               \
	"0200000001010200000000a086dd6000000000203aff20010db800010000000000000000008020010db8000100000000"   \
	"000000000007880008cee000000020010db800010000000000000000008002010200000000a0"
#define NA_VIP_VMAC                                                                                          \
	"0200000001010200000000a086dd6000000000203aff20010db800010000000000000000008020010db8000100000000"   \
	"0000000000078800ac66e000000020010db8000100000000000000000080020100005e000107"
#define DAD_VIP                                                                                              \
	"3333ff00008002000000010186dd6000000000183aff00000000000000000000000000000000ff020000000000000000"   \
	"0001ff00008087004bee0000000020010db8000100000000000000000080"
#define NA_ALL_VIP_VMAC                                                                                      \
	"3333000000010200000000a086dd6000000000203aff20010db8000100000000000000000080ff020000000000000000"   \
	"00000000000188001b24a000000020010db8000100000000000000000080020100005e000107"
#define NA_VIP_FALSE                                                                                         \
	"33330000000102000000066686dd6000000000203aff20010db8000100000000000000000080ff020000000000000000"   \
	"000000000001880071c5a000000020010db80001000000000000000000800201020000000666"

static const uint8_t vmac[6] = { 0, 0, 0x5e, 0, 1, 7 };

static int
setup(void **state)
{
	/* The first two are VIPs, the third is nothing else. */
	const struct dp_moving moving[] = {
		{ .prefix = { box_addr("192.0.2.10"), 32 }, .group = VIP_GROUP },
		{ .prefix = { box_addr("2001:db8:1::80"), 64 }, .group = VIP_GROUP },
		{ .prefix = { box_addr("198.51.100.254"), 24 },
		  .port = WAN,
		  .group = OWN_GROUP,
		  .no_ping = true },
	};

	if (box_setup(state) != 0)
		return -1;
	assert_int_equal(dp_addr_book_set_moving(moving, SL_COUNT(moving)), 0);
	return 0;
}

enum { NOT, HELD, WITH_VMAC };

static void
hold(int how)
{
	dp_ha_hold(VIP_GROUP, how != NOT, how == WITH_VMAC ? vmac : NULL);
	dp_ha_hold(OWN_GROUP, how != NOT, NULL);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *row;
		int how;
		const char *in, *out;
		enum sl_drop reason;
	} rows[] = {
		{ "a VIP is not held", NOT, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_VIP, NULL,
		  SL_DROP_PUNT_IGNORED },
		{ "held", HELD, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_VIP,
		  FROM_C TO_WAN ARP_REPLY TO_WAN IP_VIP FROM_C IP_C, SL_DROP_MAX },
		{ "by a virtual MAC address", WITH_VMAC, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_VIP,
		  FROM_C TO_WAN ARP_REPLY VMAC IP_VIP FROM_C IP_C, SL_DROP_MAX },
		{ "and by unicast", WITH_VMAC, VMAC FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_VIP,
		  FROM_C TO_WAN ARP_REPLY VMAC IP_VIP FROM_C IP_C, SL_DROP_MAX },
		{ "which is nobody's without it", HELD, VMAC FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_VIP,
		  NULL, SL_DROP_NOT_TO_US },
		{ "an own address is not held", NOT, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_OWN,
		  NULL, SL_DROP_PUNT_IGNORED },
		{ "held, of a group without a virtual one", WITH_VMAC,
		  TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_OWN,
		  FROM_C TO_WAN ARP_REPLY TO_WAN IP_OWN FROM_C IP_C, SL_DROP_MAX },
		{ "a solicitation, not held", NOT, NS_VIP, NULL, SL_DROP_PUNT_IGNORED },
		{ "held", HELD, NS_VIP, NA_VIP, SL_DROP_MAX },
		{ "by a virtual MAC address", WITH_VMAC, NS_VIP, NA_VIP_VMAC, SL_DROP_MAX },
		{ "somebody wants to use it, not held", NOT, DAD_VIP, NULL, SL_DROP_PUNT_IGNORED },
		{ "somebody wants to use it", WITH_VMAC, DAD_VIP, NA_ALL_VIP_VMAC, SL_DROP_ARP_CONFLICT },
		{ "a ping, not held", NOT, PING_VIP, NULL, SL_DROP_PUNT_IGNORED },
		{ "held", HELD, PING_VIP, PONG_VIP, SL_DROP_MAX },
		{ "a ping that nobody wants, not held", NOT, PING_OWN, NULL, SL_DROP_PUNT_IGNORED },
		{ "held", HELD, PING_OWN, NULL, SL_DROP_ICMP_IGNORED },
		/* The other box has it: an announcement. Here nobody defends it. */
		{ "claimed, not held", NOT, TO_ALL FROM_X ARP_REQUEST FROM_X IP_VIP TO_ALL IP_VIP, NULL,
		  SL_DROP_PUNT_IGNORED },
		{ "claimed, held", HELD, TO_ALL FROM_X ARP_REQUEST FROM_X IP_VIP TO_ALL IP_VIP, NULL,
		  SL_DROP_ARP_CONFLICT },
		{ "claimed, IPv6, not held", NOT, NA_VIP_FALSE, NULL, SL_DROP_PUNT_IGNORED },
		{ "claimed, IPv6, held", HELD, NA_VIP_FALSE, NULL, SL_DROP_ARP_CONFLICT },
		{ "by the same virtual MAC address", WITH_VMAC,
		  TO_ALL FROM_X ARP_REQUEST VMAC IP_VIP TO_ALL IP_VIP, NULL, SL_DROP_ARP_INVALID },
		{ "our own, come back", WITH_VMAC, TO_ALL VMAC ARP_REQUEST VMAC IP_VIP TO_ALL IP_VIP, NULL,
		  SL_DROP_PUNT_IGNORED },
		{ "the other box's", NOT, TO_ALL VMAC ARP_REQUEST VMAC IP_VIP TO_ALL IP_VIP, NULL,
		  SL_DROP_PUNT_IGNORED },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		setup(state);
		hold(rows[i].how);
		sl_check_int(rows[i].row, box_receive_hex(WAN, rows[i].in), rows[i].reason);
		box_check_sent(rows[i].row, WAN, rows[i].out);
		box_teardown(state);
	}
	setup(state);
}

/* Whatever becomes of groups and links: only what belongs to none is announced here. */
static void
test_announcements(void **state)
{
	const struct sl_addr vip = box_addr("192.0.2.10");

	box_advance(2000);
	assert_int_equal(box.sent_count, 0);
	hold(HELD);
	box_advance(2000);
	assert_int_equal(box.sent_count, 0);
	dp_addr_book_announce_port(WAN);
	box_advance(2000);
	assert_int_equal(box.sent_count, 6); /* two own addresses and the VIP without a group, twice */
	box_forget();
	/* It leaves its group: what was keepalive's is announced, on both ports; so for the two other ones. */
	assert_true(dp_addr_book_answers(WAN, &vip));
	hold(NOT);
	assert_false(dp_addr_book_answers(WAN, &vip));
	assert_int_equal(dp_addr_book_set_moving(NULL, 0), 0);
	assert_true(dp_addr_book_answers(WAN, &vip));
	box_advance(2000);
	assert_int_equal(box.sent_count, 6);
}

/* The box itself never speaks from an address that moves. */
static void
test_source(void **state)
{
	const struct sl_addr dst = box_addr("198.51.100.200"), first = box_addr("198.51.100.2");
	struct sl_addr source;

	hold(HELD);
	assert_true(dp_net_source(WAN, &dst, &source));
	assert_true(sl_addr_eq(&source, &first));
	assert_int_equal(dp_addr_book_set_own(NULL, 0), 0);
	assert_false(dp_net_source(WAN, &dst, &source));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, NULL, box_teardown),
		cmocka_unit_test_setup_teardown(test_announcements, setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, box_open, NULL);
}
