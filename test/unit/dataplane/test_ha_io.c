/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keepalive thread's own ways: frames that go before all others, and VRRP packets that come
 * to it past the control thread. The accounts balance whatever happens.
 */
#include "pipe_box.h"

#include "ha.h"
#include "port.h"
#include "sl_addr.h"
#include "wire.h"

#include <rte_ring_elem.h>

#include <errno.h>

enum { PROTO_VRRP = 112, ADVERT_LEN = 20 };

static const uint8_t gateway_mac[6] = { 2, 0, 0, 0, 1, 1 }, server_mac[6] = { 2, 0, 0, 0, 2, 0x11 };

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static int
setup(void **state)
{
	return pipe_setup2(state) != 0 || dp_ha_tx_start() != 0;
}

static void
control_check(const char *row)
{
	struct dp_worker_stats s;

	dp_control_stats(&s);
	sl_check_int(row, s.rx + s.generated, s.tx + s.drops + s.punts);
}

/* ---- out ---- */

static void
frame_fill(uint8_t *frame, size_t len, uint8_t mark)
{
	memset(frame, mark, len);
	memcpy(frame, gateway_mac, 6);
}

static void
test_send(void **state)
{
	uint8_t frame[DP_HA_FRAME_MAX + 1];
	static const struct {
		const char *name;
		unsigned int port;
		size_t len;
		int code;
	} rows[] = {
		{ "a frame", WAN, 60, 0 },
		{ "the longest", LAN, DP_HA_FRAME_MAX, 0 },
		{ "the shortest", WAN, ETH_LEN, 0 },
		{ "too long", WAN, DP_HA_FRAME_MAX + 1, -EMSGSIZE },
		{ "no frame", WAN, ETH_LEN - 1, -EMSGSIZE },
		{ "no port", PIPE_PORTS, 60, -ENODEV },
	};

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		frame_fill(frame, sizeof(frame), (uint8_t)i);
		pipe_forget();
		sl_check_int(rows[i].name, dp_ha_send(rows[i].port, frame, rows[i].len), rows[i].code);
		pipe_receive(0);
		control_check(rows[i].name);
		sl_check_int(rows[i].name, pipe_box.sent_count, rows[i].code == 0);
		if (rows[i].code != 0)
			continue;
		sl_check_int(rows[i].name, pipe_box.sent[0].port, rows[i].port);
		sl_check_int(rows[i].name, pipe_box.sent[0].len, (unsigned int)rows[i].len);
		assert_memory_equal(pipe_box.sent[0].bytes, frame, rows[i].len);
	}
	pipe_mtu_set(WAN, 1300);
	assert_int_equal(dp_ha_send(WAN, frame, 1300 + ETH_LEN + 1), -EMSGSIZE);
}

/* Before what a device has not taken yet, also when there is no more room behind that. */
static void
test_first(void **state)
{
	uint8_t frame[60], bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&(struct pipe_spec){ .dst = "192.0.2.2" }, bytes);

	pipe_box.room = 0;
	for (unsigned int n = 0; n < TX_BUFFER; n++) {
		struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);

		pipe_burst(0, WAN, &m, 1);
	}
	assert_int_equal(dp_workers[0]->tx[LAN].count, TX_BUFFER);
	for (unsigned int n = 0; n < 2; n++) {
		frame_fill(frame, sizeof(frame), (uint8_t)(0xe0 + n));
		assert_int_equal(dp_ha_send(LAN, frame, sizeof(frame)), 0);
		pipe_receive(0);
	}
	assert_int_equal(dp_workers[0]->count.drop[SL_DROP_TX_FULL], 2);
	pipe_box.room = UINT32_MAX;
	pipe_forget();
	frame_fill(frame, sizeof(frame), 0xe2);
	assert_int_equal(dp_ha_send(LAN, frame, sizeof(frame)), 0);
	pipe_receive(0);
	assert_int_equal(pipe_box.sent_count, TX_BUFFER + 1);
	assert_int_equal(pipe_box.sent[0].bytes[20], 0xe2);
	assert_int_equal(pipe_box.sent[1].bytes[20], 0xe1);
	assert_int_equal(pipe_box.sent[2].bytes[20], 0xe0);
	control_check("before all others");
}

static void
test_send_full(void **state)
{
	uint8_t frame[60];
	unsigned int sent = 0;

	frame_fill(frame, sizeof(frame), 1);
	while (dp_ha_send(WAN, frame, sizeof(frame)) == 0)
		assert_true(++sent < 2 * HA_RING_SIZE);
	assert_true(sent >= HA_RING_SIZE - 1);
	assert_int_equal(dp_ha_send(WAN, frame, sizeof(frame)), -ENOBUFS);
	control_check("full");
	while (!rte_ring_empty(dp_workers[0]->ring_ha))
		pipe_receive(0);
	assert_int_equal(pipe_box.sent_count, sent);
	assert_int_equal(dp_ha_send(WAN, frame, sizeof(frame)), 0);
	pipe_receive(0);
}

/* All that waits in the ring has waited for so long. */
static void
ring_age(int ms)
{
	struct rte_ring *ring = dp_workers[0]->ring_ha;
	unsigned int count = rte_ring_count(ring);
	void *tagged = NULL;

	while (count-- > 0) {
		assert_int_equal(rte_ring_sc_dequeue(ring, &tagged), 0);
		*(uint64_t *)rte_mbuf_to_priv((struct rte_mbuf *)((uintptr_t)tagged & ~(uintptr_t)2)) -=
			(int64_t)(rte_get_tsc_hz() / 1000) * ms;
		assert_int_equal(rte_ring_sp_enqueue(ring, tagged), 0);
	}
}

/* An advert that waited for a worker that stood still must not go out; gratuitous ARP must, while the box may be MASTER. */
static void
test_advert_late(void **state)
{
	static const struct {
		const char *name;
		uint16_t type; /* of the frame; 0: a packet to a host */
		uint8_t first, proto_at, proto;
		int waited_ms;
		bool sent;
	} rows[] = {
		{ "an advert", ETH_TYPE_IP4_BE, 0x45, IP4_PROTO_AT, PROTO_VRRP, 0, true },
		{ "an advert that waited a little", ETH_TYPE_IP4_BE, 0x45, IP4_PROTO_AT, PROTO_VRRP, 200,
		  true },
		{ "a late one", ETH_TYPE_IP4_BE, 0x45, IP4_PROTO_AT, PROTO_VRRP, 260, false },
		{ "IPv6", ETH_TYPE_IP6_BE, 0x60, IP6_NEXT_AT, PROTO_VRRP, 0, true },
		{ "IPv6, late", ETH_TYPE_IP6_BE, 0x60, IP6_NEXT_AT, PROTO_VRRP, 260, false },
		{ "unicast, late", 0, 0x45, IP4_PROTO_AT, PROTO_VRRP, 260, false },
		{ "unicast, IPv6, late", 0, 0x60, IP6_NEXT_AT, PROTO_VRRP, 260, false },
		{ "an advert of a core whose clock is ahead", ETH_TYPE_IP4_BE, 0x45, IP4_PROTO_AT, PROTO_VRRP,
		  -50, true },
		{ "something else, late", ETH_TYPE_IP4_BE, 0x45, IP4_PROTO_AT, 17, 900, true },
		{ "an ARP frame, late", ETH_TYPE_ARP_BE, 0, IP4_PROTO_AT, PROTO_VRRP, 900, true },
		{ "an ARP frame, too late", ETH_TYPE_ARP_BE, 0, IP4_PROTO_AT, PROTO_VRRP, 1100, false },
	};

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		const struct sl_addr host = addr("198.51.100.1");
		uint8_t frame[ETH_LEN + 60], *ip = frame + ETH_LEN;
		uint64_t late = dp_workers[0]->count.drop[SL_DROP_ADVERT_LATE];

		frame_fill(frame, sizeof(frame), 0);
		store16(frame + ETH_TYPE_AT, rows[i].type);
		ip[0] = rows[i].first;
		ip[rows[i].proto_at] = rows[i].proto;
		pipe_forget();
		sl_check_int(rows[i].name,
			     rows[i].type != 0 ? dp_ha_send(WAN, frame, sizeof(frame))
					       : dp_ha_send_ip(WAN, &host, ip, 60),
			     0);
		ring_age(rows[i].waited_ms);
		pipe_receive(0);
		sl_check_int(rows[i].name, pipe_box.sent_count, rows[i].sent);
		sl_check_int(rows[i].name, dp_workers[0]->count.drop[SL_DROP_ADVERT_LATE],
			     late + !rows[i].sent);
	}
}

/* A device with a queue to spare: no worker takes part. */
static void
test_own_queue(void **state)
{
	uint8_t frame[60];

	dp_ha_tx_fini();
	dp_ports[WAN].ha_queue = (uint16_t)dp_workers_count;
	assert_int_equal(dp_ha_tx_start(), 0);
	frame_fill(frame, sizeof(frame), 1);
	assert_int_equal(dp_ha_send(WAN, frame, sizeof(frame)), 0);
	assert_int_equal(pipe_box.sent_count, 1);
	assert_int_equal(pipe_box.sent[0].queue, dp_workers_count);
	pipe_box.room = 0;
	assert_int_equal(dp_ha_send(WAN, frame, sizeof(frame)), -ENOBUFS);
	pipe_box.room = UINT32_MAX;
	assert_int_equal(dp_ha_send(LAN, frame, sizeof(frame)), 0);
	assert_int_equal(pipe_box.sent_count, 1);
	pipe_receive(0);
	assert_int_equal(pipe_box.sent_count, 2);
	control_check("a queue of its own");
}

static void
test_send_ip(void **state)
{
	static const struct {
		const char *name, *dst;
		unsigned int port;
		const uint8_t *mac; /* NULL: nobody knows it yet */
	} rows[] = {
		{ "a neighbour", "10.0.0.11", LAN, server_mac },
		{ "of IPv6", "2001:db8:2::11", LAN, server_mac },
		{ "behind a gateway", "203.0.113.9", WAN, gateway_mac },
		{ "behind a gateway, IPv6", "2001:db8:9::9", WAN, gateway_mac },
		{ "unknown", "198.51.100.99", WAN, NULL },
		{ "on another port than the route says", "203.0.113.9", LAN, NULL },
	};

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		struct sl_addr dst = addr(rows[i].dst);
		uint8_t packet[64] = { sl_addr_is_v4(&dst) ? 0x45 : 0x60 };
		const struct pipe_frame *sent = &pipe_box.sent[0];

		pipe_forget();
		sl_check_int(rows[i].name, dp_ha_send_ip(rows[i].port, &dst, packet, sizeof(packet)), 0);
		pipe_receive(0);
		control_check(rows[i].name);
		sl_check_int(rows[i].name, pipe_box.sent_count, rows[i].mac != NULL);
		if (rows[i].mac == NULL) {
			sl_check_int(rows[i].name, dp_workers[0]->held != 0, 1);
			continue;
		}
		sl_check_int(rows[i].name, sent->port, rows[i].port);
		assert_memory_equal(sent->bytes, rows[i].mac, 6);
		assert_memory_equal(sent->bytes + 6, dp_port_mac(rows[i].port), 6);
		sl_check_int(rows[i].name, load16(sent->bytes + ETH_TYPE_AT),
			     sl_addr_is_v4(&dst) ? ETH_TYPE_IP4_BE : ETH_TYPE_IP6_BE);
		assert_memory_equal(sent->bytes + ETH_LEN, packet, sizeof(packet));
	}
	assert_int_equal(dp_ha_send_ip(WAN, &(struct sl_addr){ { 0 } }, "", 1), -EMSGSIZE);
	assert_int_equal(dp_ha_send_ip(WAN, &(struct sl_addr){ { 0 } }, "", DP_HA_FRAME_MAX), -EMSGSIZE);
	assert_int_equal(dp_ha_send_ip(PIPE_PORTS, &(struct sl_addr){ { 0 } }, "", 40), -ENODEV);
}

/* ---- in ---- */

enum {
	TO_GROUP_MAC = 1,
	TO_OTHER_MAC = 2,
	FROM_US = 4,
	MORE_FRAGMENTS = 8,
	NO_PAYLOAD = 16,
	DEAF = 32,
	HEADER_SUM = 64,
	CUT = 128,
	LONG = 256
};

static unsigned int
advert_build(uint8_t *bytes, const char *to, unsigned int what, uint8_t options)
{
	struct sl_addr dst = addr(to);
	bool v6 = !sl_addr_is_v4(&dst);
	struct pipe_spec spec = { .src = v6 ? "fe80::9" : "198.51.100.9",
				  .dst = to,
				  .proto = SL_PROTO_UDP,
				  .ttl = 255,
				  .options = options,
				  .payload = (uint16_t)((what & LONG) != 0 ? 1480 : ADVERT_LEN - UDP_LEN) };
	unsigned int len = pipe_build(&spec, bytes),
		     header = v6 ? (unsigned int)IP6_LEN : IP4_LEN + options * 4u;
	uint8_t *ip = bytes + ETH_LEN;

	if ((what & NO_PAYLOAD) != 0) {
		len = ETH_LEN + header;
		ip[v6 ? IP6_PAYLOAD_AT + 1 : IP4_TOTAL_AT + 1] = v6 ? 0 : (uint8_t)header;
	}
	if ((what & MORE_FRAGMENTS) != 0)
		ip[IP4_FRAG_AT] = 0x20;
	pipe_sums(bytes);
	if (v6) {
		ip[IP6_NEXT_AT] = PROTO_VRRP;
	} else {
		/* The header's sum with its protocol changed from UDP's. */
		store16(ip + IP4_SUM_AT, sum_update(load16(ip + IP4_SUM_AT),
						    sum_fold((uint64_t)(uint16_t)~RTE_BE16(SL_PROTO_UDP) +
							     RTE_BE16(PROTO_VRRP))));
		ip[IP4_PROTO_AT] = PROTO_VRRP;
	}
	if ((what & TO_GROUP_MAC) != 0)
		memcpy(bytes,
		       v6 ? (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 0x12 }
			  : (const uint8_t[]){ 1, 0, 0x5e, 0, 0, 0x12 },
		       6);
	if ((what & TO_OTHER_MAC) != 0)
		memcpy(bytes, (const uint8_t[]){ 1, 0, 0x5e, 0, 0, 0x13 }, 6);
	if ((what & FROM_US) != 0)
		memcpy(bytes + 6, dp_port_mac(LAN), 6);
	if ((what & HEADER_SUM) != 0)
		ip[IP4_SUM_AT] ^= 1;
	return (what & CUT) != 0 ? len - 8 : len;
}

static void
test_receive(void **state)
{
	static const struct {
		const char *name, *to;
		unsigned int what;
		uint8_t options;
		int verdict;
	} rows[] = {
		{ "to the group", "224.0.0.18", TO_GROUP_MAC, 0, PIPE_VRRP },
		{ "to the group of IPv6", "ff02::12", TO_GROUP_MAC, 0, PIPE_VRRP },
		{ "to an own address", "198.51.100.2", 0, 0, PIPE_VRRP },
		{ "to an own address of IPv6", "2001:db8:1::2", 0, 0, PIPE_VRRP },
		{ "to the link-local address", "fe80::ff:fe00:a0", 0, 0, PIPE_VRRP },
		{ "with options", "224.0.0.18", TO_GROUP_MAC, 2, PIPE_VRRP },
		{ "nobody listens", "224.0.0.18", TO_GROUP_MAC | DEAF, 0, SL_DROP_NOT_TO_US },
		{ "nobody listens, IPv6", "ff02::12", TO_GROUP_MAC | DEAF, 0, SL_DROP_TRANSIT },
		{ "nobody listens, to an own address", "198.51.100.2", DEAF, 0, SL_DROP_PROTOCOL },
		{ "another group's frame", "224.0.0.18", TO_OTHER_MAC, 0, SL_DROP_NOT_TO_US },
		{ "another group", "224.0.0.19", TO_GROUP_MAC, 0, SL_DROP_NOT_TO_US },
		{ "another group, in its own frame", "224.0.0.19", TO_OTHER_MAC, 0, PIPE_VRRP },
		{ "another group of IPv6", "ff02::13", TO_GROUP_MAC, 0, SL_DROP_TRANSIT },
		{ "to one, in the group's frame", "198.51.100.2", TO_GROUP_MAC, 0, SL_DROP_NOT_TO_US },
		{ "to the group, in a frame for us", "224.0.0.18", 0, 0, SL_DROP_TRANSIT },
		{ "to a VIP", "192.0.2.1", 0, 0, SL_DROP_PROTOCOL },
		{ "to somebody else", "203.0.113.7", 0, 0, SL_DROP_TRANSIT },
		{ "our own, come back", "224.0.0.18", TO_GROUP_MAC | FROM_US, 0, SL_DROP_PUNT_IGNORED },
		{ "a fragment", "224.0.0.18", TO_GROUP_MAC | MORE_FRAGMENTS, 0, SL_DROP_FRAGMENT },
		{ "nothing in it", "224.0.0.18", TO_GROUP_MAC | NO_PAYLOAD, 0, SL_DROP_TRUNCATED },
		{ "nothing in it, IPv6", "ff02::12", TO_GROUP_MAC | NO_PAYLOAD, 0, SL_DROP_TRUNCATED },
		{ "cut short", "224.0.0.18", TO_GROUP_MAC | CUT, 0, SL_DROP_TRUNCATED },
		{ "a wrong header sum", "224.0.0.18", TO_GROUP_MAC | HEADER_SUM, 0, SL_DROP_IP_CHECKSUM },
		{ "too long", "224.0.0.18", TO_GROUP_MAC | LONG, 0, SL_DROP_VRRP },
	};
	static const unsigned int cuts[] = { 40, 0 };

	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];
		unsigned int len = advert_build(bytes, rows[i].to, rows[i].what, rows[i].options);
		struct dp_ha_packet packet;
		int verdict;

		dp_ha_listen((rows[i].what & DEAF) != 0 ? 1 << LAN : 1 << WAN);
		verdict = pipe_one(WAN, bytes, len, NULL);
		sl_check_str(rows[i].name, pipe_verdict(verdict), pipe_verdict(rows[i].verdict));
		sl_check_int(rows[i].name, dp_ha_receive(&packet), rows[i].verdict == PIPE_VRRP);
		if (verdict == PIPE_VRRP) {
			sl_check_int(rows[i].name, packet.len, len);
			sl_check_int(rows[i].name, packet.port, WAN);
			assert_memory_equal(packet.frame, bytes, len);
		}
		control_check(rows[i].name);
		/* The header in one buffer, the rest in another. */
		if (verdict == PIPE_VRRP && rows[i].options == 0 && len < ETH_LEN + IP6_LEN + ADVERT_LEN) {
			sl_check_int(rows[i].name, pipe_one(WAN, bytes, len, cuts), PIPE_VRRP);
			assert_true(dp_ha_receive(&packet));
			assert_memory_equal(packet.frame, bytes, len);
		}
	}
}

/* Each worker has a ring; who fills one does not silence the others. */
static void
test_flood(void **state)
{
	struct dp_ha_packet packet;
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = advert_build(bytes, "224.0.0.18", TO_GROUP_MAC, 0), got = 0;
	struct rte_mbuf *m;

	dp_ha_listen(1 << WAN | 1 << LAN);
	for (unsigned int n = 0; n < 2 * VRRP_RING_SIZE; n++) {
		int verdict = pipe_one(WAN, bytes, len, NULL);

		assert_int_equal(verdict, n < VRRP_RING_SIZE - 1 ? (int)PIPE_VRRP : (int)SL_DROP_VRRP);
	}
	m = pipe_mbuf(bytes, len, NULL);
	pipe_burst(1, LAN, &m, 1);
	for (unsigned int n = 0; n < 2; n++) {
		assert_true(dp_ha_receive(&packet));
		got += packet.port == LAN;
	}
	assert_int_equal(got, 1);
	while (dp_ha_receive(&packet))
		got++;
	assert_int_equal(got, VRRP_RING_SIZE - 1);
	control_check("flood");
}

/* More addresses than a snapshot lists. */
static void
test_many_own(void **state)
{
	enum { MANY = DP_OWN_MAX + 2 };
	struct sl_addr stranger = addr("203.0.113.1");
	struct dp_net_addr own[MANY + 1];
	const struct dp_net net = { .addrs = own, .addr_count = MANY + 1 };
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE];

	for (unsigned int i = 0; i < MANY; i++) {
		own[i] = (struct dp_net_addr){ WAN, { addr("198.51.100.0"), 24 } };
		own[i].prefix.addr.b[15] = (uint8_t)(2 + i);
	}
	own[MANY] = (struct dp_net_addr){ LAN, { addr("10.0.0.1"), 24 } };
	assert_int_equal(dp_txn_net_set(txn, &net, error), 0);
	assert_int_equal(dp_txn_commit(txn, error), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		assert_true(dp_ha_port_owns(WAN, &own[i].prefix.addr));
		assert_false(dp_ha_port_owns(LAN, &own[i].prefix.addr));
	}
	assert_false(dp_ha_port_owns(WAN, &stranger));
}

static void
test_ports(void **state)
{
	struct sl_addr a = addr("198.51.100.2"), b = addr("10.0.0.1"), c = addr("fe80::ff:fe00:a0");
	struct dp_ha_port port;

	dp_ha_port(WAN, &port);
	assert_memory_equal(port.mac, dp_port_mac(WAN), 6);
	assert_int_equal(port.mtu, PIPE_MTU);
	assert_true(sl_addr_eq(&port.source4, &a));
	assert_true(sl_addr_eq(&port.source6, &c));
	assert_true(dp_ha_port_owns(WAN, &a));
	assert_true(dp_ha_port_owns(WAN, &c));
	assert_false(dp_ha_port_owns(WAN, &b));
	assert_false(dp_ha_port_owns(LAN, &c));
	assert_false(dp_ha_port_owns(DP_PORTS_MAX, &a));
	dp_ha_port(PIPE_PORTS, &port);
	assert_int_equal(port.mtu, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_send, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_first, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_send_full, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_advert_late, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_own_queue, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_send_ip, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_receive, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_ports, setup, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_many_own, setup, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
