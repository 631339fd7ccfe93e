/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP on the wire: who is answered, what is asked and announced, whom the box
 * believes, and hostile frames.
 */
#include "addr_book.h"
#include "neigh.h"
#include "neigh_box.h"

/* Ether()/ARP() of scapy. Senders: 198.51.100.7 or the gateway 198.51.100.1. */
#define FROM_C "020000000101"
#define FROM_X "020000000666"
#define TO_ALL "ffffffffffff"
#define TO_WAN "0200000000a0"
#define ARP_REQUEST "08060001080006040001"
#define ARP_REPLY "08060001080006040002"
#define NOBODY "000000000000"
#define IP_WAN "c6336402"
#define IP_VIP "c000020a"
#define IP_C "c6336407"
#define IP_GW "c6336401"

static void
test_requests(void **state)
{
	static const struct {
		const char *row;
		unsigned int port;
		const char *in, *out;
		enum sl_drop reason;
		const char *learned; /* the sender is a neighbour now */
	} rows[] = {
		{ "own address", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_WAN,
		  FROM_C TO_WAN ARP_REPLY TO_WAN IP_WAN FROM_C IP_C, SL_DROP_MAX, "198.51.100.7" },
		{ "own address, asked by unicast, padded", WAN,
		  TO_WAN FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_WAN "000000000000000000000000000000000000",
		  FROM_C TO_WAN ARP_REPLY TO_WAN IP_WAN FROM_C IP_C, SL_DROP_MAX, "198.51.100.7" },
		{ "VIP in no subnet, on wan", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_VIP,
		  FROM_C TO_WAN ARP_REPLY TO_WAN IP_VIP FROM_C IP_C, SL_DROP_MAX, "198.51.100.7" },
		{ "VIP in no subnet, on lan, by one who is not in lan's subnet", LAN,
		  TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_VIP,
		  FROM_C "0200000000b0" ARP_REPLY "0200000000b0" IP_VIP FROM_C IP_C, SL_DROP_MAX, NULL },
		{ "VIP in wan's subnet, on wan", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY "c6336450",
		  FROM_C TO_WAN ARP_REPLY TO_WAN "c6336450" FROM_C IP_C, SL_DROP_MAX, "198.51.100.7" },
		{ "VIP in wan's subnet, on lan", LAN,
		  TO_ALL FROM_C ARP_REQUEST FROM_C "0a000007" NOBODY "c6336450", NULL, SL_DROP_PUNT_IGNORED,
		  NULL },
		{ "lan's own address, on wan", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY "0a000001",
		  NULL, SL_DROP_PUNT_IGNORED, NULL },
		{ "somebody else's address", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_GW, NULL,
		  SL_DROP_PUNT_IGNORED, NULL },
		{ "a probe (sender 0.0.0.0) is answered, nobody learned", WAN,
		  TO_ALL FROM_C ARP_REQUEST FROM_C "00000000" NOBODY IP_WAN,
		  FROM_C TO_WAN ARP_REPLY TO_WAN IP_WAN FROM_C "00000000", SL_DROP_MAX, NULL },
		{ "the subnet's broadcast address as sender is no neighbour", WAN,
		  TO_ALL FROM_C ARP_REQUEST FROM_C "c63364ff" NOBODY IP_WAN,
		  FROM_C TO_WAN ARP_REPLY TO_WAN IP_WAN FROM_C "c63364ff", SL_DROP_MAX, NULL },
		{ "a reply that nobody asked for", WAN, TO_WAN FROM_C ARP_REPLY FROM_C IP_C TO_WAN IP_WAN,
		  NULL, SL_DROP_PUNT_IGNORED, NULL },
		{ "a gratuitous request of a stranger", WAN,
		  TO_ALL FROM_C ARP_REQUEST FROM_C IP_C TO_ALL IP_C, NULL, SL_DROP_PUNT_IGNORED, NULL },
		{ "sender is multicast", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C "e0000001" NOBODY IP_WAN, NULL,
		  SL_DROP_ARP_INVALID, NULL },
		{ "sender is loopback", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C "7f000001" NOBODY IP_WAN, NULL,
		  SL_DROP_ARP_INVALID, NULL },
		{ "sender's MAC is multicast", WAN,
		  TO_ALL FROM_C ARP_REQUEST "030000000101" IP_C NOBODY IP_WAN, NULL, SL_DROP_ARP_INVALID,
		  NULL },
		{ "sender's MAC is zero", WAN, TO_ALL FROM_C ARP_REQUEST NOBODY IP_C NOBODY IP_WAN, NULL,
		  SL_DROP_ARP_INVALID, NULL },
		{ "sender says that it is at our MAC", WAN,
		  TO_ALL FROM_C ARP_REQUEST "0200000000b0" IP_C NOBODY IP_WAN, NULL, SL_DROP_ARP_INVALID,
		  NULL },
		{ "hardware is not Ethernet", WAN,
		  TO_ALL FROM_C "08060006080006040001" FROM_C IP_C NOBODY IP_WAN, NULL, SL_DROP_ARP_INVALID,
		  NULL },
		{ "protocol is not IPv4", WAN, TO_ALL FROM_C "0806000186dd06040001" FROM_C IP_C NOBODY IP_WAN,
		  NULL, SL_DROP_ARP_INVALID, NULL },
		{ "address lengths", WAN, TO_ALL FROM_C "08060001080004060001" FROM_C IP_C NOBODY IP_WAN,
		  NULL, SL_DROP_ARP_INVALID, NULL },
		{ "RARP", WAN, TO_ALL FROM_C "08060001080006040003" FROM_C IP_C NOBODY IP_WAN, NULL,
		  SL_DROP_ARP_INVALID, NULL },
		{ "cut off", WAN, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY "c63364", NULL,
		  SL_DROP_TRUNCATED, NULL },
		{ "to another station", WAN, "020000000777" FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_WAN,
		  NULL, SL_DROP_NOT_TO_US, NULL },
		{ "our own, come back", WAN, TO_ALL TO_WAN ARP_REQUEST TO_WAN IP_WAN NOBODY IP_GW, NULL,
		  SL_DROP_PUNT_IGNORED, NULL },
		{ "our own, come back by the other port", LAN,
		  TO_ALL TO_WAN ARP_REQUEST TO_WAN IP_VIP TO_ALL IP_VIP, NULL, SL_DROP_PUNT_IGNORED, NULL },
		{ "from a multicast station", WAN,
		  TO_ALL "030000000101" ARP_REQUEST FROM_C IP_C NOBODY IP_WAN, NULL, SL_DROP_SOURCE, NULL },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_addr senders[] = { box_addr("198.51.100.7"), box_addr("198.51.100.255") };

		box_setup(state);
		sl_check_int(rows[i].row, box_receive_hex(rows[i].port, rows[i].in), rows[i].reason);
		box_check_sent(rows[i].row, rows[i].port, rows[i].out);
		sl_check_int(rows[i].row, dp_neigh_find(rows[i].port, &senders[0]) != 0,
			     rows[i].learned != NULL);
		sl_check_int(rows[i].row, dp_neigh_find(rows[i].port, &senders[1]), 0);
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
		{ "a reply to us, or to the kernel", TO_WAN FROM_C ARP_REPLY FROM_C IP_C TO_WAN IP_WAN, true,
		  SL_DROP_MAX },
		{ "an announcement by request", TO_ALL FROM_C ARP_REQUEST FROM_C IP_C TO_ALL IP_C, true,
		  SL_DROP_MAX },
		{ "an announcement by reply", TO_ALL FROM_C ARP_REPLY FROM_C IP_C TO_ALL IP_C, true,
		  SL_DROP_MAX },
		{ "a question to us is answered here", TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_WAN,
		  false, SL_DROP_MAX },
		{ "a question to somebody else", TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_GW, false,
		  SL_DROP_PUNT_IGNORED },
		{ "a claim to our address", TO_WAN FROM_C ARP_REPLY FROM_C IP_WAN TO_WAN IP_WAN, false,
		  SL_DROP_ARP_CONFLICT },
		{ "a claim to the VIP by announcement", TO_ALL FROM_C ARP_REQUEST FROM_C IP_VIP TO_ALL IP_VIP,
		  false, SL_DROP_ARP_CONFLICT },
		{ "a malformed reply", TO_WAN FROM_C ARP_REPLY NOBODY IP_C TO_WAN IP_WAN, false,
		  SL_DROP_ARP_INVALID },
		{ "our own, come back", TO_ALL TO_WAN ARP_REPLY TO_WAN IP_WAN TO_ALL IP_WAN, false,
		  SL_DROP_PUNT_IGNORED },
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

static void
test_ask(void **state)
{
	struct sl_addr gateway = box_addr("198.51.100.1"), foreign = box_addr("203.0.113.1");
	uint32_t index = dp_neigh_want(WAN, &gateway);
	uint64_t word = 0;

	box_check_sent("broadcast", WAN, TO_ALL TO_WAN ARP_REQUEST TO_WAN IP_WAN NOBODY IP_GW);
	memcpy(&word, (uint8_t[]){ 2, 0, 0, 0, 1, 1 }, 6);
	assert_int_equal(box_receive_hex(WAN, TO_WAN FROM_C ARP_REPLY FROM_C IP_GW TO_WAN IP_WAN),
			 SL_DROP_MAX);
	assert_true(dp_nh_load(index) == (word | DP_NH_VALID));
	box_forget();
	while (box.sent_count == 0)
		box_advance(1);
	box_check_sent("unicast", WAN, FROM_C TO_WAN ARP_REQUEST TO_WAN IP_WAN NOBODY IP_GW);
	box_forget();
	/* No subnet holds it: the port's first address asks. */
	dp_neigh_want(WAN, &foreign);
	box_check_sent("foreign", WAN, TO_ALL TO_WAN ARP_REQUEST TO_WAN IP_WAN NOBODY "cb007101");
	/* No address at all: as a probe asks. */
	box_forget();
	assert_int_equal(dp_addr_book_set_own(NULL, 0), 0);
	foreign = box_addr("203.0.113.2");
	dp_neigh_want(WAN, &foreign);
	box_check_sent("no address", WAN, TO_ALL TO_WAN ARP_REQUEST TO_WAN "00000000" NOBODY "cb007102");
}

/* How many gratuitous ARPs of the VIP went out by a port. */
static unsigned int
announced(unsigned int port, const char *hex)
{
	uint8_t bytes[BOX_FRAME_MAX];
	unsigned int len = box_bytes(hex, bytes), count = 0;

	for (unsigned int i = 0; i < box.sent_count; i++)
		count += box.sent[i].port == port && box.sent[i].len == len &&
			 memcmp(box.sent[i].bytes, bytes, len) == 0;
	return count;
}

#define GARP(mac, ip) TO_ALL mac ARP_REQUEST mac ip TO_ALL ip

static void
test_announcements(void **state)
{
	const struct sl_addr more[] = { box_addr("192.0.2.10"), box_addr("198.51.100.81"),
					box_addr("192.0.2.11") };
	struct dp_net_addr own[] = { { .port = LAN, .prefix = { box_addr("192.0.2.1"), 24 } },
				     { .port = WAN, .prefix = { box_addr("198.51.100.2"), 24 } } };

	/* A VIP that was there before is not announced again, one that has gone neither. */
	assert_int_equal(dp_addr_book_set_vips(more, SL_COUNT(more)), 0);
	box_advance(1);
	assert_int_equal(box.sent_count, 3);
	assert_int_equal(announced(WAN, GARP(TO_WAN, "c6336451")), 1);
	assert_int_equal(announced(WAN, GARP(TO_WAN, "c000020b")), 1);
	assert_int_equal(announced(LAN, GARP("0200000000b0", "c000020b")), 1);
	box_advance(999);
	assert_int_equal(box.sent_count, 3);
	box_advance(1);
	assert_int_equal(box.sent_count, 6);
	assert_int_equal(announced(LAN, GARP("0200000000b0", "c000020b")), 2);
	box_advance(20000);
	assert_int_equal(box.sent_count, 6);

	/* With a new subnet two VIPs are no longer answered on wan; nothing is new but its address. */
	box_forget();
	assert_int_equal(dp_addr_book_set_own(own, SL_COUNT(own)), 0);
	box_advance(5000);
	assert_int_equal(box.sent_count, 2);
	assert_int_equal(announced(LAN, GARP("0200000000b0", "c0000201")), 2);
	assert_true(dp_addr_book_answers(LAN, &more[2]));
	assert_false(dp_addr_book_answers(WAN, &more[2]));
	/* Back on wan: announced there, and there only. */
	box_forget();
	assert_int_equal(dp_addr_book_set_own(own + 1, 1), 0);
	box_advance(5000);
	assert_int_equal(box.sent_count, 4);
	assert_int_equal(announced(WAN, GARP(TO_WAN, "c000020a")), 2);
	assert_int_equal(announced(WAN, GARP(TO_WAN, "c000020b")), 2);
}

static void
test_many_announcements(void **state)
{
	enum { VIPS = 700 };
	static struct sl_addr vips[VIPS];

	for (unsigned int i = 0; i < VIPS; i++)
		vips[i] = sl_addr_from_v4(__builtin_bswap32(0xc6336400u + 0x10000 + i));
	assert_int_equal(dp_addr_book_set_vips(vips, VIPS), 0);
	box_advance(1);
	assert_int_equal(box.sent_count, 64); /* not all at one time */
	box_advance(50);
	assert_int_equal(box.sent_count, 2 * VIPS); /* two ports */
	/* Buffers that are missing put them off. */
	box.no_buffers = true;
	box_advance(2000);
	assert_int_equal(box.sent_count, 2 * VIPS);
	box.no_buffers = false;
	box_advance(100);
	assert_int_equal(box.sent_count, 4 * VIPS);
}

static void
test_our_address_claimed(void **state)
{
	static const struct {
		const char *row, *in, *defence;
	} rows[] = {
		{ "gratuitous request for a VIP", TO_ALL FROM_X ARP_REQUEST FROM_X IP_VIP NOBODY IP_VIP,
		  GARP(TO_WAN, IP_VIP) },
		{ "reply that claims our own address", TO_WAN FROM_X ARP_REPLY FROM_X IP_WAN TO_WAN IP_WAN,
		  GARP(TO_WAN, IP_WAN) },
		{ "a real server asks with the VIP as sender",
		  TO_ALL FROM_X ARP_REQUEST FROM_X IP_VIP NOBODY IP_WAN, GARP(TO_WAN, IP_VIP) },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		box_setup(state);
		sl_check_int(rows[i].row, box_receive_hex(WAN, rows[i].in), SL_DROP_ARP_CONFLICT);
		box_check_sent(rows[i].row, WAN, rows[i].defence);
		/* A storm of them is counted, not answered frame by frame. */
		for (unsigned int again = 0; again < 1000; again++)
			sl_check_int(rows[i].row, box_receive_hex(WAN, rows[i].in), SL_DROP_ARP_CONFLICT);
		sl_check_int(rows[i].row, box.sent_count, 1);
		sl_check_int(rows[i].row, box.warned, 1);
		sl_check_int(rows[i].row, box.dropped[SL_DROP_ARP_CONFLICT], 1001);
		box_advance(1000);
		box_receive_hex(WAN, rows[i].in);
		sl_check_int(rows[i].row, box.sent_count, 2);
		box_teardown(state);
	}
	box_setup(state);
}

/* The gateway is at C; a stranger X says that it is there. */
static void
test_gateway_claimed(void **state)
{
	static const char claim_reply[] = TO_WAN FROM_X ARP_REPLY FROM_X IP_GW TO_WAN IP_WAN;
	static const char claim_request[] = TO_ALL FROM_X ARP_REQUEST FROM_X IP_GW NOBODY IP_WAN;
	static const char answer_c[] = TO_WAN FROM_C ARP_REPLY FROM_C IP_GW TO_WAN IP_WAN;
	struct sl_addr gateway = box_addr("198.51.100.1");
	uint32_t index = dp_neigh_want_pinned(WAN, &gateway);
	uint64_t at_c;

	box_receive_hex(WAN, answer_c);
	at_c = dp_nh_load(index);
	assert_true((at_c & DP_NH_VALID) != 0);

	/* The gateway answers: packets go to it all the time. */
	box_forget();
	assert_int_equal(box_receive_hex(WAN, claim_reply), SL_DROP_ARP_CONFLICT);
	box_check_sent("asked at its known MAC", WAN, FROM_C TO_WAN ARP_REQUEST TO_WAN IP_WAN NOBODY IP_GW);
	assert_int_equal(box.warned, 1);
	assert_true(dp_nh_load(index) == at_c);
	box_advance(50);
	assert_int_equal(box_receive_hex(WAN, answer_c), SL_DROP_MAX);
	for (unsigned int i = 0; i < 300; i++) {
		box_advance(10);
		assert_int_equal(box_receive_hex(WAN, claim_reply), SL_DROP_ARP_CONFLICT);
		assert_true(dp_nh_load(index) == at_c);
		box_receive_hex(WAN, answer_c);
	}

	/* A claim in a request for our address: answered, not believed. */
	box_advance(2000);
	box_forget();
	assert_int_equal(box_receive_hex(WAN, claim_request), SL_DROP_ARP_CONFLICT);
	assert_int_equal(box.sent_count, 2);
	assert_int_equal(announced(WAN, FROM_X TO_WAN ARP_REPLY TO_WAN IP_WAN FROM_X IP_GW), 1);
	assert_true(dp_nh_load(index) == at_c);

	/* This time the gateway is silent: it has moved. */
	box_advance(299);
	assert_true(dp_nh_load(index) == at_c);
	box_forget();
	box_advance(1);
	box_check_sent("everybody", WAN, TO_ALL TO_WAN ARP_REQUEST TO_WAN IP_WAN NOBODY IP_GW);
	assert_true(dp_nh_load(index) == 0);
	assert_int_equal(box_receive_hex(WAN, claim_reply), SL_DROP_MAX);
	assert_true((dp_nh_load(index) & DP_NH_VALID) != 0);
	assert_true(dp_nh_load(index) != at_c);
}

static void
test_no_buffers(void **state)
{
	box.no_buffers = true;
	assert_int_equal(box_receive_hex(WAN, TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_WAN),
			 SL_DROP_NO_MBUF);
	assert_int_equal(box.sent_count, 0);
}

static void
test_hostile(void **state)
{
	box_check_hostile(TO_ALL FROM_C ARP_REQUEST FROM_C IP_C NOBODY IP_WAN, 20000, NULL);
	box_check_hostile(TO_WAN FROM_X ARP_REPLY FROM_X IP_GW TO_WAN IP_WAN
			  "000000000000000000000000000000000000",
			  5000, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, NULL, box_teardown),
		cmocka_unit_test_setup_teardown(test_kernel_hears, NULL, box_teardown),
		cmocka_unit_test_setup_teardown(test_ask, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_announcements, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_many_announcements, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_our_address_claimed, NULL, box_teardown),
		cmocka_unit_test_setup_teardown(test_gateway_claimed, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_no_buffers, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(test_hostile, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, box_open, NULL);
}
