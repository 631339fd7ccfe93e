/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks' packets, byte by byte: from the kernel to a server by DR and by each tunnel, in every
 * pair of families, and the answers back; which are whose when several checks have the same
 * ports; and what is not for a check at all, from either side.
 *
 * Needs root and /dev/net/tun; without, it is skipped (exit status 77).
 */
#include "probe_box.h"

#include "control.h"
#include "port.h"
#include "tap.h"
#include "wire.h"

#include <stdio.h>

#define VIP4 "192.0.2.2"
#define VIP6 "2001:db8:ff::2"
#define SERVER4 "10.0.0.11"
#define SERVER6 "2001:db8:2::11"
#define OWN4 "10.0.0.1" /* lan's */
#define OWN6 "2001:db8:2::1"

enum { TCP = SL_PROTO_TCP, UDP = SL_PROTO_UDP, ICMP = 1, ICMP6 = 58, SYN = 2, ACK = 16 };

static const struct method {
	const char *name;
	uint8_t fwd;
	struct dp_tunnel tunnel;
} methods[] = {
	{ "DR", SL_FWD_DR, { 0 } },
	{ "IPIP", SL_FWD_TUN, { .type = SL_TUN_IPIP } },
	{ "GUE", SL_FWD_TUN, { .type = SL_TUN_GUE, .port = 6080 } },
	{ "GUE with checksum", SL_FWD_TUN, { .type = SL_TUN_GUE, .sum = SL_TUN_SUM_FULL, .port = 6081 } },
	{ "GRE", SL_FWD_TUN, { .type = SL_TUN_GRE } },
	{ "GRE with checksum", SL_FWD_TUN, { .type = SL_TUN_GRE, .sum = SL_TUN_SUM_FULL } },
};

/* What a check says, and the answer. */
static const struct exchange {
	const char *name;
	struct probe_packet ask, answer; /* IPv4's protocol; addresses are filled in */
	bool only4;
} exchanges[] = {
	{ "SYN",
	  { .proto = TCP, .sport = 40000, .dport = 80, .flags = SYN },
	  { .proto = TCP, .sport = 80, .dport = 40000, .flags = SYN | ACK },
	  false },
	{ "segment of odd length",
	  { .proto = TCP, .sport = 40000, .dport = 80, .flags = ACK, .payload = 101 },
	  { .proto = TCP, .sport = 80, .dport = 40000, .flags = ACK, .payload = 1001 },
	  false },
	{ "datagram",
	  { .proto = UDP, .sport = 5353, .dport = 53, .payload = 33 },
	  { .proto = UDP, .sport = 53, .dport = 5353, .payload = 77 },
	  false },
	{ "datagram without checksum",
	  { .proto = UDP, .sport = 5354, .dport = 53, .payload = 8, .no_sum = true },
	  { .proto = UDP, .sport = 53, .dport = 5354, .payload = 8, .no_sum = true },
	  true },
	{ "echo",
	  { .proto = ICMP, .sport = 0x0800, .dport = 777, .payload = 56 },
	  { .proto = ICMP, .sport = 0x0000, .dport = 777, .payload = 56 },
	  false },
};

static void
be16_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A packet with these ends; of ICMP in IPv6 its types are others. */
static struct probe_packet
between(const struct probe_packet *like, const char *src, const char *dst, bool v6)
{
	struct probe_packet p = *like;

	p.src = src;
	p.dst = dst;
	if (p.proto == ICMP && v6) {
		p.proto = ICMP6;
		p.sport = p.sport == 0x0800 ? 128 << 8 : 129 << 8;
	}
	return p;
}

/* The outer headers as the RFCs have them, with what `got` chose: identification and GUE's source port. */
static unsigned int
wrap(const struct method *method, bool outer6, const uint8_t *inner, unsigned int inner_len,
     const uint8_t *got, uint8_t *packet)
{
	bool inner6 = inner[0] >> 4 == 6, sum = method->tunnel.sum != SL_TUN_SUM_NONE;
	struct sl_addr src = probe_box_addr(outer6 ? OWN6 : OWN4);
	struct sl_addr dst = probe_box_addr(outer6 ? SERVER6 : SERVER4);
	unsigned int header = outer6 ? 40 : 20, shim = 0, len;
	uint8_t proto = inner6 ? 41 : 4, *p = packet + header;

	memset(packet, 0, 80);
	if (method->tunnel.type == SL_TUN_GUE) {
		shim = 12;
		be16_put(p, (uint32_t)got[header] << 8 | got[header + 1]);
		be16_put(p + 2, method->tunnel.port);
		be16_put(p + 4, shim + inner_len);
		p[9] = proto;
		proto = UDP;
	} else if (method->tunnel.type == SL_TUN_GRE) {
		shim = sum ? 8 : 4;
		p[0] = sum ? 0x80 : 0;
		be16_put(p + 2, inner6 ? 0x86dd : 0x0800);
		proto = 47;
	}
	memcpy(p + shim, inner, inner_len);
	len = shim + inner_len;
	if (outer6) {
		packet[0] = 0x60;
		be16_put(packet + 4, len);
		packet[6] = proto;
		packet[7] = 64;
		memcpy(packet + 8, src.b, 16);
		memcpy(packet + 24, dst.b, 16);
	} else {
		packet[0] = 0x45;
		be16_put(packet + 2, header + len);
		memcpy(packet + 4, got + 4, 2);
		packet[6] = inner6 ? 0 : inner[6] & 0x40;
		packet[8] = 64;
		packet[9] = proto;
		memcpy(packet + 12, src.b + 12, 4);
		memcpy(packet + 16, dst.b + 12, 4);
		be16_put(packet + 10, probe_box_sum(packet, 20, 0));
	}
	if (sum && method->tunnel.type == SL_TUN_GUE)
		be16_put(p + 6, probe_box_sum(p, len,
					      (uint16_t)~probe_box_sum(packet + (outer6 ? 8 : 12),
								       outer6 ? 32 : 8, proto + len)));
	else if (sum)
		be16_put(p + 4, probe_box_sum(p, len, 0));
	return header + len;
}

/* The one frame that was sent to the server's MAC address, from lan. Returns its packet. */
static const uint8_t *
sent_to_server(const char *row, unsigned int *ret_len)
{
	static const uint8_t head[12] = { 2, 0, 0, 0, 2, 0x11, 2, 0, 0, 0, 0, 0xb0 };
	const struct pipe_frame *frame = NULL;
	const uint8_t *packet;

	/* Beside it the kernel may say something of its own. */
	for (unsigned int i = 0; i < pipe_box.sent_count; i++) {
		if (memcmp(pipe_box.sent[i].bytes, head, 6) != 0)
			continue;
		sl_check(row, frame == NULL);
		frame = &pipe_box.sent[i];
	}
	sl_check(row, frame != NULL);
	packet = frame->bytes + ETH_LEN;
	sl_check_int(row, frame->port, LAN);
	assert_memory_equal(frame->bytes, head, sizeof(head));
	sl_check_int(row, frame->bytes[12] << 8 | frame->bytes[13], packet[0] >> 4 == 6 ? 0x86dd : 0x0800);
	*ret_len = frame->len - ETH_LEN;
	return packet;
}

static void
bytes_check(const char *row, const uint8_t *got, unsigned int got_len, const uint8_t *want,
	    unsigned int want_len)
{
	sl_check_int(row, got_len, want_len);
	for (unsigned int i = 0; i < want_len; i++)
		if (got[i] != want[i])
			fail_msg("row \"%s\": byte %u is %02x, not %02x", row, i, got[i], want[i]);
}

static void
exchange_run(const char *row, const struct method *method, const struct exchange *exchange, bool inner6,
	     bool outer6, unsigned int answer_port)
{
	const char *vip = inner6 ? VIP6 : VIP4, *own = inner6 ? OWN6 : OWN4;
	const char *check = inner6 ? PROBE_OWN6 : PROBE_OWN4;
	struct sl_addr addr = probe_box_add(vip, outer6 ? SERVER6 : SERVER4, method->fwd, &method->tunnel);
	const char *probe = probe_box_text(&addr);
	uint8_t bytes[PROBE_BOX_MAX], want[PROBE_BOX_MAX], outer[PROBE_BOX_MAX];
	struct probe_packet packet = between(&exchange->ask, check, probe, inner6);
	const uint8_t *got;
	unsigned int len, got_len;

	probe_box_kernel_sends(bytes, probe_box_build(&packet, bytes));
	got = sent_to_server(row, &got_len);
	packet = between(&exchange->ask, own, vip, inner6);
	len = probe_box_build(&packet, want);
	if (method->fwd == SL_FWD_TUN) {
		len = wrap(method, outer6, want, len, got, outer);
		bytes_check(row, got, got_len, outer, len);
		if (method->tunnel.type == SL_TUN_GUE)
			sl_check(row, got[outer6 ? 40 : 20] >= 0xc0);
	} else {
		bytes_check(row, got, got_len, want, len);
	}

	packet = between(&exchange->answer, vip, own, inner6);
	packet.ttl = 63;
	probe_box_server_sends(answer_port, bytes, probe_box_build(&packet, bytes));
	packet = between(&exchange->answer, probe, check, inner6);
	packet.ttl = 63;
	len = probe_box_build(&packet, want);
	got_len = probe_box_kernel_got(bytes);
	bytes_check(row, bytes, got_len, want, len);
	sl_check_int(row, probe_box_kernel_got(bytes), 0);
	dp_probe_remove(&addr);
}

static void
exchanges_run(unsigned int answer_port)
{
	/* One that stays, so that the interface does. */
	(void)probe_box_add("192.0.2.1", SERVER4, SL_FWD_DR, NULL);
	for (size_t m = 0; m < SL_COUNT(methods); m++)
		for (unsigned int families = 0; families < 4; families++)
			for (size_t e = 0; e < SL_COUNT(exchanges); e++) {
				bool inner6 = (families & 1) != 0, outer6 = (families & 2) != 0;
				char row[100];

				if ((exchanges[e].only4 && inner6) ||
				    (methods[m].fwd == SL_FWD_DR && inner6 != outer6))
					continue;
				snprintf(row, sizeof(row), "%s: %s, IPv%d to a server at IPv%d",
					 methods[m].name, exchanges[e].name, inner6 ? 6 : 4, outer6 ? 6 : 4);
				exchange_run(row, &methods[m], &exchanges[e], inner6, outer6, answer_port);
			}
}

static void
taps_start(void)
{
	char error[DP_ERROR_SIZE] = "";

	dp_ports[WAN].conf.tap = dp_ports[LAN].conf.tap = true;
	if (dp_tap_start(error) != 0)
		fail_msg("%s", error);
}

static void
test_exchanges(void **state)
{
	struct dp_probe_info info;

	exchanges_run(LAN);
	dp_probe_info(&info);
	/* The kernel, which has no such connection, has answered some of the answers. */
	assert_int_equal(info.answered, 99);
	assert_true(info.sent >= info.answered);
	assert_int_equal(info.probes, 1);
	assert_int_equal(info.connections, 0);
}

static void
test_exchanges_with_tap(void **state)
{
	taps_start();
	exchanges_run(LAN);
}

static void
test_answers_by_another_port(void **state)
{
	taps_start();
	exchanges_run(WAN);
}

/* ---- several checks with the same ports ---- */

static void
test_collision(void **state)
{
	struct sl_addr first = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);
	struct sl_addr second = probe_box_add(VIP4, "10.0.0.12", SL_FWD_DR, NULL);
	uint8_t bytes[PROBE_BOX_MAX], want[PROBE_BOX_MAX];
	struct probe_packet p = { PROBE_OWN4, probe_box_text(&first), TCP, 40000, 80, SYN };
	const uint8_t *tcp = pipe_box.sent[0].bytes + ETH_LEN + 20;
	unsigned int port;

	probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
	assert_int_equal(tcp[0] << 8 | tcp[1], 40000);
	p.dst = probe_box_text(&second);
	probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
	port = (unsigned int)tcp[0] << 8 | tcp[1];
	assert_int_not_equal(port, 40000);
	assert_true(pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
	assert_int_equal(pipe_box.sent[0].bytes[5], 0x12);
	/* Its next packet has that port too, though the first check's ends meanwhile. */
	dp_probe_remove(&first);
	p.flags = ACK;
	probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
	assert_int_equal(tcp[0] << 8 | tcp[1], port);

	p = (struct probe_packet){ VIP4, OWN4, TCP, 80, (uint16_t)port, SYN | ACK };
	probe_box_server_sends(LAN, bytes, probe_box_build(&p, bytes));
	p = (struct probe_packet){ probe_box_text(&second), PROBE_OWN4, TCP, 80, 40000, SYN | ACK };
	bytes_check("back to the kernel's port", bytes, probe_box_kernel_got(bytes), want,
		    probe_box_build(&p, want));
}

/* ---- what is no check's ---- */

struct patch {
	uint8_t at, value;
};

static void
test_garbage_of_the_kernel(void **state)
{
	static const struct {
		const char *row;
		struct probe_packet packet; /* dst NULL: the probe */
		struct patch patch[3];      /* ends with { 0, 0 } */
		unsigned int len;           /* not 0: so much of it is sent */
		enum sl_drop reason;
	} rows[] = {
		{ "a single byte", { PROBE_OWN4, NULL, UDP, 1, 2 }, { { 0 } }, 1, SL_DROP_IP_HEADER },
		{ "half a header", { PROBE_OWN4, NULL, UDP, 1, 2 }, { { 0 } }, 19, SL_DROP_IP_HEADER },
		{ "shorter than it says",
		  { PROBE_OWN4, NULL, UDP, 1, 2, .payload = 9 },
		  { { 0 } },
		  30,
		  SL_DROP_IP_HEADER },
		{ "longer than it says",
		  { PROBE_OWN4, NULL, UDP, 1, 2 },
		  { { 3, 27 } },
		  0,
		  SL_DROP_IP_HEADER },
		{ "version 5", { PROBE_OWN4, NULL, UDP, 1, 2 }, { { 0, 0x55 } }, 0, SL_DROP_IP_HEADER },
		{ "header of 16 bytes",
		  { PROBE_OWN4, NULL, UDP, 1, 2 },
		  { { 0, 0x44 } },
		  0,
		  SL_DROP_IP_HEADER },
		{ "to an address that no probe has",
		  { PROBE_OWN4, "169.254.64.99", UDP, 1, 2 },
		  { { 0 } },
		  0,
		  SL_DROP_TRANSIT },
		{ "to sl-check itself",
		  { PROBE_OWN4, PROBE_OWN4, UDP, 1, 2 },
		  { { 0 } },
		  0,
		  SL_DROP_TRANSIT },
		{ "to the world", { PROBE_OWN4, "203.0.113.9", UDP, 1, 2 }, { { 0 } }, 0, SL_DROP_TRANSIT },
		{ "to the subnet's broadcast address",
		  { PROBE_OWN4, "169.254.127.255", UDP, 1, 2 },
		  { { 0 } },
		  0,
		  SL_DROP_TRANSIT },
		{ "to a group of IPv6",
		  { PROBE_OWN6, "ff02::16", UDP, 1, 2 },
		  { { 0 } },
		  0,
		  SL_DROP_TRANSIT },
		{ "from another address", { "10.0.0.1", NULL, UDP, 1, 2 }, { { 0 } }, 0, SL_DROP_SOURCE },
		{ "fragment", { PROBE_OWN4, NULL, UDP, 1, 2 }, { { 6, 0x20 } }, 0, SL_DROP_FRAGMENT },
		{ "later fragment", { PROBE_OWN4, NULL, UDP, 1, 2 }, { { 7, 8 } }, 0, SL_DROP_FRAGMENT },
		{ "SCTP", { PROBE_OWN4, NULL, UDP, 1, 2 }, { { 9, 132 } }, 0, SL_DROP_PROTOCOL },
		{ "TCP of 8 bytes", { PROBE_OWN4, NULL, UDP, 1, 2 }, { { 9, TCP } }, 0, SL_DROP_PROTOCOL },
		{ "port unreachable",
		  { PROBE_OWN4, NULL, ICMP, 0x0303, 0, .payload = 28 },
		  { { 0 } },
		  0,
		  SL_DROP_PROTOCOL },
		{ "echo reply", { PROBE_OWN4, NULL, ICMP, 0x0000, 7 }, { { 0 } }, 0, SL_DROP_PROTOCOL },
	};
	struct sl_addr probe = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct probe_packet p = rows[i].packet;
		uint64_t before = probe_box_dropped(rows[i].reason);
		uint8_t bytes[PROBE_BOX_MAX];
		unsigned int len;

		if (p.dst == NULL)
			p.dst = probe_box_text(&probe);
		len = probe_box_build(&p, bytes);
		for (const struct patch *patch = rows[i].patch; patch->value != 0; patch++)
			bytes[patch->at] = patch->value;
		probe_box_kernel_sends(bytes, rows[i].len != 0 ? rows[i].len : len);
		sl_check_int(rows[i].row, pipe_box.sent_count, 0);
		sl_check(rows[i].row, probe_box_dropped(rows[i].reason) > before);
	}
}

/* Who gets what comes in: a probe's socket, nobody (dropped), or who would without probes. */
static void
test_unasked(void **state)
{
	enum { CHECK = 1000, OTHERS };
	static const struct {
		const char *row;
		struct probe_packet packet;
		struct patch patch[3];
		int verdict;
	} rows[] = {
		{ "the answer", { VIP4, OWN4, TCP, 80, 40000, SYN | ACK }, { { 0 } }, CHECK },
		{ "to another port", { VIP4, OWN4, TCP, 80, 40001, SYN | ACK }, { { 0 } }, SL_DROP_SOURCE },
		{ "from another port", { VIP4, OWN4, TCP, 81, 40000, SYN | ACK }, { { 0 } }, SL_DROP_SOURCE },
		{ "by another protocol", { VIP4, OWN4, UDP, 80, 40000 }, { { 0 } }, SL_DROP_SOURCE },
		{ "to another own address",
		  { VIP4, "198.51.100.2", TCP, 80, 40000, SYN | ACK },
		  { { 0 } },
		  SL_DROP_SOURCE },
		{ "from another VIP",
		  { "192.0.2.1", OWN4, TCP, 80, 40000, SYN | ACK },
		  { { 0 } },
		  SL_DROP_SOURCE },
		{ "echo reply that nobody asked for",
		  { VIP4, OWN4, ICMP, 0x0000, 777 },
		  { { 0 } },
		  SL_DROP_SOURCE },
		{ "IPv6", { VIP6, OWN6, TCP, 80, 40000, SYN | ACK }, { { 0 } }, SL_DROP_SOURCE },
		{ "fragment of the answer",
		  { VIP4, OWN4, TCP, 80, 40000, ACK, 8 },
		  { { 6, 0x20 } },
		  SL_DROP_FRAGMENT },
		{ "from anybody", { "203.0.113.5", OWN4, TCP, 80, 40000, SYN | ACK }, { { 0 } }, OTHERS },
		{ "echo request of the VIP's", { VIP4, OWN4, ICMP, 0x0800, 777 }, { { 0 } }, OTHERS },
		{ "solicitation by a server that has the VIP as its source",
		  { VIP6, OWN6, ICMP6, 135 << 8, 0, .payload = 16 },
		  { { 0 } },
		  OTHERS },
	};
	struct sl_addr probe = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);
	uint8_t bytes[PROBE_BOX_MAX];
	struct probe_packet p = { PROBE_OWN4, probe_box_text(&probe), TCP, 40000, 80, SYN };
	struct dp_probe_info info;

	taps_start();
	probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint64_t answered, dropped[2] = { probe_box_dropped(SL_DROP_SOURCE),
						  probe_box_dropped(SL_DROP_FRAGMENT) };
		unsigned int len = probe_box_build(&rows[i].packet, bytes);
		int verdict = OTHERS;

		dp_probe_info(&info);
		answered = info.answered;
		for (const struct patch *patch = rows[i].patch; patch->value != 0; patch++) {
			bytes[patch->at] = patch->value;
			memset(bytes + 10, 0, 2);
			be16_put(bytes + 10, probe_box_sum(bytes, 20, 0));
		}
		probe_box_server_sends(LAN, bytes, len);
		dp_probe_info(&info);
		if (info.answered != answered)
			verdict = CHECK;
		else if (probe_box_dropped(SL_DROP_SOURCE) != dropped[0])
			verdict = SL_DROP_SOURCE;
		else if (probe_box_dropped(SL_DROP_FRAGMENT) != dropped[1])
			verdict = SL_DROP_FRAGMENT;
		sl_check_int(rows[i].row, verdict, rows[i].verdict);
		sl_check_int(rows[i].row, probe_box_kernel_got(bytes) != 0, rows[i].verdict == CHECK);
	}
}

/* When a probe, or its connection's time, is over, its answers are nobody's. */
static void
test_late(void **state)
{
	struct sl_addr probe = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);
	uint8_t bytes[PROBE_BOX_MAX];
	struct probe_packet ask = { PROBE_OWN4, probe_box_text(&probe), UDP, 40000, 53 };
	struct probe_packet answer = { VIP4, OWN4, UDP, 53, 40000 };

	probe_box_kernel_sends(bytes, probe_box_build(&ask, bytes));
	probe_box_turn(29000);
	probe_box_server_sends(LAN, bytes, probe_box_build(&answer, bytes));
	assert_true(probe_box_kernel_got(bytes) != 0);
	probe_box_turn(30000);
	probe_box_server_sends(LAN, bytes, probe_box_build(&answer, bytes));
	assert_int_equal(probe_box_kernel_got(bytes), 0);
	assert_int_equal(probe_box_dropped(SL_DROP_SOURCE), 1);

	probe_box_kernel_sends(bytes, probe_box_build(&ask, bytes));
	(void)probe_box_add(VIP6, SERVER6, SL_FWD_DR, NULL);
	dp_probe_remove(&probe);
	probe_box_server_sends(LAN, bytes, probe_box_build(&answer, bytes));
	assert_int_equal(probe_box_kernel_got(bytes), 0);
	assert_int_equal(probe_box_dropped(SL_DROP_SOURCE), 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, probe_box_setup, probe_box_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_exchanges), TEST(test_exchanges_with_tap),    TEST(test_answers_by_another_port),
		TEST(test_collision), TEST(test_garbage_of_the_kernel), TEST(test_unasked),
		TEST(test_late),
	};

	if (!probe_box_possible())
		return PROBE_BOX_SKIPPED;
	return cmocka_run_group_tests(tests, probe_box_open, NULL);
}
