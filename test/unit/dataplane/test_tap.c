/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which packets go to the kernel, by `tap` and `transit` of the port they come in by: a table
 * of frames with the verdict for each setting. And what happens when there are
 * too many of them.
 */
#include "kernel.h"
#include "pipe_box.h"
#include "port.h"
#include "wire.h"

#include "sl_addr.h"

#include <rte_cycles.h>

enum {
	OTHER_PORT = 443,
	ICMP = 1,
	IGMP = 2,
	GRE = 47,
	ICMP6 = 58,
	OSPF = 89,
	VRRP = 112,
	SCTP = 132,
	HOP_BY_HOP = 0,
	FRAGMENT6 = 44,
};

/* Destination MAC addresses. */
enum { US, ALL, GROUP4, GROUP6, OTHER };
static const uint8_t macs[][6] = {
	[ALL] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	[GROUP4] = { 0x01, 0x00, 0x5e, 0, 0, 5 },
	[GROUP6] = { 0x33, 0x33, 0, 0, 0, 5 },
	[OTHER] = { 2, 0, 0, 0, 7, 7 },
};

/* Short names for the table's columns. */
enum {
	CONTROL = PIPE_PUNTED,
	KERNEL = PIPE_KERNEL,
	SENT = PIPE_SENT,
	TRANSIT = SL_DROP_TRANSIT,
	NOT_TO_US = SL_DROP_NOT_TO_US,
	PROTOCOL = SL_DROP_PROTOCOL,
};

#define OWN4 "198.51.100.2"
#define OWN6 "2001:db8:1::2"
#define OWN6_LL "fe80::ff:fe00:a0" /* wan's, by its MAC address */
#define BOTH4 "10.0.0.1"           /* own address and VIP: TCP 80 is balanced there */
#define BOTH6 "2001:db8:2::1"
#define VIP4 "192.0.2.1"
#define VIP6 "2001:db8:ff::1"
#define ELSE4 "203.0.113.77" /* neither: behind the gateway */
#define ELSE6 "2001:db8:9::77"

/* Bytes of the frame that are changed after the checksums are made; IPv4's is made again. */
struct patch {
	uint8_t at, value;
};

#define ICMP_TYPE(type)                                                                                      \
	{ 34, (type) },                                                                                      \
	{                                                                                                    \
		35, 0                                                                                        \
	}
#define ICMP6_TYPE(type)                                                                                     \
	{ 54, (type) },                                                                                      \
	{                                                                                                    \
		55, 0                                                                                        \
	}
#define LATER_FRAGMENT                                                                                       \
	{ 20, 0 },                                                                                           \
	{                                                                                                    \
		21, 10                                                                                       \
	}
#define FIRST_FRAGMENT                                                                                       \
	{ 20, 0x20 },                                                                                        \
	{                                                                                                    \
		21, 0                                                                                        \
	}

static const struct {
	const char *row;
	struct pipe_spec spec;
	unsigned int mac;
	struct patch patch[4]; /* ends with { 0, 0 } */
	int off, on, transit;  /* tap off; tap on; tap on and transit kernel */
} rows[] = {
	{ "SYN to an own address", { .dst = OWN4 }, US, { { 0 } }, CONTROL, KERNEL, KERNEL },
	{ "SYN to an own IPv6 address", { .dst = OWN6 }, US, { { 0 } }, CONTROL, KERNEL, KERNEL },
	{ "segment to it", { .dst = OWN4, .flags = 16 }, US, { { 0 } }, CONTROL, KERNEL, KERNEL },
	{ "datagram to it", { .dst = OWN4, .proto = SL_PROTO_UDP }, US, { { 0 } }, CONTROL, KERNEL, KERNEL },
	{ "datagram to the other port's address",
	  { .dst = "10.9.0.1", .proto = SL_PROTO_UDP },
	  US,
	  { { 0 } },
	  CONTROL,
	  KERNEL,
	  KERNEL },
	{ "BGP with TTL 1", { .dst = OWN4, .dport = 179, .ttl = 1 }, US, { { 0 } }, CONTROL, KERNEL, KERNEL },
	{ "the same over IPv6", { .dst = OWN6, .ttl = 1 }, US, { { 0 } }, CONTROL, KERNEL, KERNEL },
	{ "IP options", { .dst = OWN4, .options = 2 }, US, { { 0 } }, CONTROL, KERNEL, KERNEL },
	{ "SCTP", { .dst = OWN4, .proto = SCTP }, US, { { 0 } }, PROTOCOL, KERNEL, KERNEL },
	{ "SCTP over IPv6", { .dst = OWN6, .proto = SCTP }, US, { { 0 } }, PROTOCOL, KERNEL, KERNEL },
	{ "OSPF by unicast", { .dst = OWN4, .proto = OSPF }, US, { { 0 } }, PROTOCOL, KERNEL, KERNEL },
	{ "ping", { .dst = OWN4, .proto = ICMP }, US, { ICMP_TYPE(8) }, CONTROL, KERNEL, KERNEL },
	{ "ping over IPv6",
	  { .dst = OWN6, .proto = ICMP6 },
	  US,
	  { ICMP6_TYPE(128) },
	  CONTROL,
	  KERNEL,
	  KERNEL },
	{ "pong", { .dst = OWN4, .proto = ICMP }, US, { ICMP_TYPE(0) }, CONTROL, KERNEL, KERNEL },
	{ "pong over IPv6",
	  { .dst = OWN6, .proto = ICMP6 },
	  US,
	  { ICMP6_TYPE(129) },
	  CONTROL,
	  KERNEL,
	  KERNEL },
	{ "first fragment",
	  { .dst = OWN4, .proto = GRE, .payload = 96 },
	  US,
	  { FIRST_FRAGMENT },
	  PROTOCOL,
	  KERNEL,
	  KERNEL },
	{ "later fragment of a datagram",
	  { .dst = OWN4, .proto = SL_PROTO_UDP, .payload = 96 },
	  US,
	  { LATER_FRAGMENT },
	  SL_DROP_FRAGMENT,
	  KERNEL,
	  KERNEL },
	{ "fragment of a ping",
	  { .dst = OWN4, .proto = ICMP, .payload = 96 },
	  US,
	  { LATER_FRAGMENT },
	  SL_DROP_FRAGMENT,
	  KERNEL,
	  KERNEL },
	{ "fragment over IPv6",
	  { .dst = OWN6, .proto = SL_PROTO_UDP, .payload = 96 },
	  US,
	  { { 20, FRAGMENT6 }, { 54, 17 }, { 57, 0x40 } },
	  SL_DROP_FRAGMENT,
	  KERNEL,
	  KERNEL },
	{ "VRRP by unicast is ours",
	  { .dst = OWN4, .proto = VRRP },
	  US,
	  { { 0 } },
	  PROTOCOL,
	  PROTOCOL,
	  PROTOCOL },
	{ "to the link-local address", { .dst = OWN6_LL }, US, { { 0 } }, TRANSIT, KERNEL, KERNEL },
	{ "ping to it",
	  { .dst = OWN6_LL, .proto = ICMP6 },
	  US,
	  { ICMP6_TYPE(128) },
	  CONTROL,
	  KERNEL,
	  KERNEL },

	{ "solicitation to us",
	  { .dst = OWN6, .proto = ICMP6 },
	  US,
	  { ICMP6_TYPE(135) },
	  CONTROL,
	  CONTROL,
	  CONTROL },
	{ "advertisement to us",
	  { .dst = OWN6, .proto = ICMP6 },
	  US,
	  { ICMP6_TYPE(136) },
	  CONTROL,
	  CONTROL,
	  CONTROL },
	{ "solicitation to the group",
	  { .dst = "ff02::1:ff00:2", .proto = ICMP6 },
	  GROUP6,
	  { ICMP6_TYPE(135) },
	  CONTROL,
	  CONTROL,
	  CONTROL },
	{ "advertisement to all",
	  { .dst = "ff02::1", .proto = ICMP6 },
	  GROUP6,
	  { ICMP6_TYPE(136) },
	  CONTROL,
	  CONTROL,
	  CONTROL },
	{ "router advertisement",
	  { .dst = "ff02::1", .proto = ICMP6 },
	  GROUP6,
	  { ICMP6_TYPE(134) },
	  CONTROL,
	  KERNEL,
	  KERNEL },
	{ "redirect", { .dst = OWN6, .proto = ICMP6 }, US, { ICMP6_TYPE(137) }, CONTROL, KERNEL, KERNEL },
	{ "listener query",
	  { .dst = "ff02::1", .proto = ICMP6 },
	  GROUP6,
	  { { 20, HOP_BY_HOP }, { 54, ICMP6 }, { 55, 0 } },
	  CONTROL,
	  KERNEL,
	  KERNEL },

	{ "OSPF to all routers",
	  { .dst = "224.0.0.5", .proto = OSPF },
	  GROUP4,
	  { { 0 } },
	  NOT_TO_US,
	  KERNEL,
	  KERNEL },
	{ "IGMP", { .dst = "224.0.0.1", .proto = IGMP }, GROUP4, { { 0 } }, NOT_TO_US, KERNEL, KERNEL },
	{ "OSPF over IPv6", { .dst = "ff02::5", .proto = OSPF }, GROUP6, { { 0 } }, TRANSIT, KERNEL, KERNEL },
	{ "multicast datagram",
	  { .dst = "239.1.2.3", .proto = SL_PROTO_UDP },
	  GROUP4,
	  { { 0 } },
	  NOT_TO_US,
	  KERNEL,
	  KERNEL },
	{ "multicast datagram over IPv6",
	  { .dst = "ff02::fb", .proto = SL_PROTO_UDP },
	  GROUP6,
	  { { 0 } },
	  TRANSIT,
	  KERNEL,
	  KERNEL },
	{ "ping to all",
	  { .dst = "224.0.0.1", .proto = ICMP },
	  GROUP4,
	  { ICMP_TYPE(8) },
	  NOT_TO_US,
	  KERNEL,
	  KERNEL },
	{ "DHCP to all",
	  { .dst = "255.255.255.255", .proto = SL_PROTO_UDP },
	  ALL,
	  { { 0 } },
	  NOT_TO_US,
	  KERNEL,
	  KERNEL },
	{ "one host's address to a group",
	  { .dst = OWN4 },
	  GROUP4,
	  { { 0 } },
	  NOT_TO_US,
	  NOT_TO_US,
	  NOT_TO_US },
	{ "a group's address to all",
	  { .dst = "224.0.0.5" },
	  ALL,
	  { { 0 } },
	  NOT_TO_US,
	  NOT_TO_US,
	  NOT_TO_US },
	{ "VRRP",
	  { .dst = "224.0.0.18", .proto = VRRP },
	  GROUP4,
	  { { 0 } },
	  NOT_TO_US,
	  NOT_TO_US,
	  NOT_TO_US },
	{ "VRRP over IPv6",
	  { .dst = "ff02::12", .proto = VRRP },
	  GROUP6,
	  { { 0 } },
	  TRANSIT,
	  TRANSIT,
	  TRANSIT },

	{ "VIP, balanced", { .dst = VIP4 }, US, { { 0 } }, SENT, SENT, SENT },
	{ "VIP, no service",
	  { .dst = VIP4, .dport = OTHER_PORT },
	  US,
	  { { 0 } },
	  SL_DROP_NO_SERVICE,
	  SL_DROP_NO_SERVICE,
	  SL_DROP_NO_SERVICE },
	{ "VIP, no connection",
	  { .dst = VIP4, .flags = 16 },
	  US,
	  { { 0 } },
	  SL_DROP_NO_CONNECTION,
	  SL_DROP_NO_CONNECTION,
	  SL_DROP_NO_CONNECTION },
	{ "VIP, another protocol",
	  { .dst = VIP4, .proto = SCTP },
	  US,
	  { { 0 } },
	  PROTOCOL,
	  PROTOCOL,
	  PROTOCOL },
	{ "ping to a VIP", { .dst = VIP4, .proto = ICMP }, US, { ICMP_TYPE(8) }, CONTROL, CONTROL, CONTROL },
	{ "ping to a VIP over IPv6",
	  { .dst = VIP6, .proto = ICMP6 },
	  US,
	  { ICMP6_TYPE(128) },
	  CONTROL,
	  CONTROL,
	  CONTROL },
	{ "pong to a VIP", { .dst = VIP4, .proto = ICMP }, US, { ICMP_TYPE(0) }, CONTROL, CONTROL, CONTROL },

	{ "own and VIP, balanced", { .dst = BOTH4 }, US, { { 0 } }, SENT, SENT, SENT },
	{ "own and VIP, no service",
	  { .dst = BOTH4, .dport = 22 },
	  US,
	  { { 0 } },
	  SL_DROP_NO_SERVICE,
	  KERNEL,
	  KERNEL },
	{ "own and VIP, no service, a segment",
	  { .dst = BOTH4, .dport = 22, .flags = 16 },
	  US,
	  { { 0 } },
	  SL_DROP_NO_SERVICE,
	  KERNEL,
	  KERNEL },
	{ "own and VIP, no connection",
	  { .dst = BOTH4, .flags = 16 },
	  US,
	  { { 0 } },
	  SL_DROP_NO_CONNECTION,
	  SL_DROP_NO_CONNECTION,
	  SL_DROP_NO_CONNECTION },
	{ "own and VIP, another protocol",
	  { .dst = BOTH4, .proto = SCTP },
	  US,
	  { { 0 } },
	  PROTOCOL,
	  KERNEL,
	  KERNEL },
	{ "own and VIP, over IPv6",
	  { .dst = BOTH6, .dport = 22 },
	  US,
	  { { 0 } },
	  SL_DROP_NO_SERVICE,
	  KERNEL,
	  KERNEL },
	{ "ping to what is both",
	  { .dst = BOTH4, .proto = ICMP },
	  US,
	  { ICMP_TYPE(8) },
	  CONTROL,
	  CONTROL,
	  CONTROL },
	{ "pong to what is both",
	  { .dst = BOTH4, .proto = ICMP },
	  US,
	  { ICMP_TYPE(0) },
	  CONTROL,
	  KERNEL,
	  KERNEL },

	{ "transit", { .dst = ELSE4 }, US, { { 0 } }, TRANSIT, TRANSIT, KERNEL },
	{ "transit over IPv6",
	  { .dst = ELSE6, .proto = SL_PROTO_UDP },
	  US,
	  { { 0 } },
	  TRANSIT,
	  TRANSIT,
	  KERNEL },
	{ "transit of another protocol",
	  { .dst = ELSE4, .proto = GRE },
	  US,
	  { { 0 } },
	  TRANSIT,
	  TRANSIT,
	  KERNEL },
	{ "transit of another protocol over IPv6",
	  { .dst = ELSE6, .proto = GRE },
	  US,
	  { { 0 } },
	  TRANSIT,
	  TRANSIT,
	  KERNEL },
	{ "transit of pings",
	  { .dst = ELSE4, .proto = ICMP },
	  US,
	  { ICMP_TYPE(8) },
	  TRANSIT,
	  TRANSIT,
	  KERNEL },
	{ "somebody else's frame", { .dst = ELSE4 }, OTHER, { { 0 } }, NOT_TO_US, NOT_TO_US, NOT_TO_US },
	{ "somebody else's frame, own address",
	  { .dst = OWN4 },
	  OTHER,
	  { { 0 } },
	  NOT_TO_US,
	  NOT_TO_US,
	  NOT_TO_US },
	{ "our own frame, come back",
	  { .dst = OWN4 },
	  US,
	  { { 6, 2 }, { 7, 0 }, { 10, 0 }, { 11, 0xa0 } },
	  CONTROL,
	  CONTROL,
	  CONTROL },

	{ "ARP", { .dst = OWN4 }, ALL, { { 12, 8 }, { 13, 6 } }, CONTROL, CONTROL, CONTROL },
	{ "LLDP",
	  { .dst = OWN4 },
	  US,
	  { { 12, 0x88 }, { 13, 0xcc } },
	  SL_DROP_ETHERTYPE,
	  SL_DROP_ETHERTYPE,
	  SL_DROP_ETHERTYPE },
};

/* ---- the bench ---- */

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static void
settings_set(bool tap, bool transit)
{
	for (unsigned int port = 0; port < dp_ports_count; port++) {
		dp_ports[port].conf.tap = tap;
		dp_ports[port].conf.transit_kernel = transit;
	}
}

static void
both_put(struct dp_txn *txn, const char *vip, const char *server)
{
	struct dp_real real = { .addr = addr(server), .port = 8080, .fwd = SL_FWD_NAT, .weight = 1 };
	struct dp_service service = {
		.key = { .vip = addr(vip), .port = 80, .proto = SL_PROTO_TCP },
		.sched = sched_find("rr"),
		.reals = &real,
		.real_count = 1,
	};
	char error[DP_ERROR_SIZE] = "";

	if (dp_txn_service_put(txn, &service, error) != 0)
		fail_msg("%s", error);
}

/* The bench's box, and what is own address and VIP at once. */
static int
setup(void **state, int (*pipe_setup)(void **))
{
	const struct dp_net_addr own[] = {
		{ WAN, { addr(OWN4), 24 } },  { WAN, { addr(OWN6), 64 } },       { LAN, { addr(BOTH4), 24 } },
		{ LAN, { addr(BOTH6), 64 } }, { LAN, { addr("10.9.0.1"), 24 } },
	};
	const struct dp_static_neigh neighs[] = {
		{ LAN, addr("10.0.0.11"), { 2, 0, 0, 0, 2, 0x11 } },
		{ LAN, addr("10.0.0.12"), { 2, 0, 0, 0, 2, 0x12 } },
	};
	const struct dp_net net = {
		.addrs = own, .addr_count = SL_COUNT(own), .neighs = neighs, .neigh_count = SL_COUNT(neighs)
	};
	char error[DP_ERROR_SIZE] = "";
	struct dp_txn *txn;

	if (pipe_setup(state) != 0)
		return -1;
	settings_set(true, false); /* so that link-local addresses are own ones */
	txn = dp_txn_begin();
	both_put(txn, BOTH4, "10.0.0.11");
	both_put(txn, BOTH6, "2001:db8:2::11");
	if (dp_txn_net_set(txn, &net, error) != 0 || dp_txn_commit(txn, error) != 0)
		fail_msg("%s", error);
	atomic_store(&dp_kernel_rate, UINT32_MAX);
	return 0;
}

static int
setup1(void **state)
{
	return setup(state, pipe_setup1);
}

static int
setup2(void **state)
{
	return setup(state, pipe_setup2);
}

static unsigned int
frame_build(unsigned int row, uint8_t bytes[PIPE_FRAME_MAX])
{
	unsigned int len = pipe_build(&rows[row].spec, bytes);
	const struct patch *patch = rows[row].patch;

	if (rows[row].mac != US)
		memcpy(bytes, macs[rows[row].mac], 6);
	for (unsigned int i = 0; i < SL_COUNT(rows[row].patch) && patch[i].at != 0; i++)
		bytes[patch[i].at] = patch[i].value;
	if (bytes[14] == 0x45) {
		memset(bytes + ETH_LEN + IP4_SUM_AT, 0, 2);
		store16(bytes + ETH_LEN + IP4_SUM_AT,
			(uint16_t)~sum_fold(sum_bytes(bytes + ETH_LEN, IP4_LEN)));
	}
	return len;
}

/* ---- who gets what ---- */

static void
table_check(const unsigned int *cuts)
{
	static const struct {
		const char *name;
		bool tap, transit;
	} settings[] = { { "tap off", false, false }, { "tap on", true, false }, { "transit", true, true } };

	for (unsigned int s = 0; s < SL_COUNT(settings); s++) {
		settings_set(settings[s].tap, settings[s].transit);
		for (unsigned int r = 0; r < SL_COUNT(rows); r++) {
			int want = s == 0 ? rows[r].off : s == 1 ? rows[r].on : rows[r].transit, got;
			uint8_t bytes[PIPE_FRAME_MAX];
			unsigned int len = frame_build(r, bytes);

			pipe_flows_end();
			got = pipe_one(WAN, bytes, len, cuts != NULL && len > cuts[0] ? cuts : NULL);
			/* Only own link-local addresses of ports with an interface are known to workers. */
			if (s == 0 && strcmp(rows[r].spec.dst, OWN6_LL) == 0)
				continue;
			if (got != want)
				fail_msg("%s, row \"%s\": %s, not %s", settings[s].name, rows[r].row,
					 pipe_verdict(got), pipe_verdict(want));
		}
	}
}

static void
test_table(void **state)
{
	table_check(NULL);
}

/* Where no service is NAT, packets to nobody are known sooner, and end the same. */
static void
test_table_no_nat(void **state)
{
	struct dp_snapshot *snapshot = (struct dp_snapshot *)(uintptr_t)atomic_load(&dp_snapshot_current);

	snapshot->any_nat = false;
	table_check(NULL);
}

/* The rest of the frame lies in another buffer. */
static void
test_table_segments(void **state)
{
	table_check((const unsigned int[]){ 74, 0 });
}

/* Transit that looked like a reply went to the worker that would have its flow; it knows where it came in. */
static void
test_transit_handed_over(void **state)
{
	struct pipe_spec spec = { .dst = ELSE4, .src = "203.0.113.9" };
	unsigned int handed = 0;

	settings_set(true, true);
	for (spec.dport = 1000; spec.dport < 1064; spec.dport++) {
		int verdict = pipe_spec_one(&spec);
		struct rte_mbuf *m = NULL;

		if (verdict == PIPE_KERNEL)
			continue;
		assert_int_equal(verdict, PIPE_HANDED);
		assert_int_equal(pipe_receive(1), 1);
		assert_int_equal(rte_ring_sc_dequeue(dp_workers[1]->ring_kernel, (void **)&m), 0);
		assert_int_equal(m->port, WAN);
		rte_pktmbuf_free(m);
		handed++;
	}
	assert_in_range(handed, 10, 54);
}

/* Packets of two ports come to a worker in one burst, and each port has its own setting. */
static void
test_handed_over_mixed(void **state)
{
	struct pipe_spec spec = { .dst = ELSE4, .src = "203.0.113.9", .dport = 1000 };
	struct rte_mbuf *m = NULL;

	settings_set(true, true);
	while (pipe_spec_one(&spec) != PIPE_HANDED)
		spec.dport++;
	assert_int_equal(pipe_receive(1), 1);
	assert_int_equal(rte_ring_sc_dequeue(dp_workers[1]->ring_kernel, (void **)&m), 0);
	rte_pktmbuf_free(m);
	dp_ports[LAN].conf.transit_kernel = false;
	for (unsigned int i = 0; i < 4; i++) {
		spec.from_lan = i % 2 == 0;
		assert_int_equal(pipe_spec_one(&spec), PIPE_HANDED);
	}
	assert_int_equal(pipe_receive(1), 4);
	assert_int_equal(dp_workers[1]->count.drop[SL_DROP_TRANSIT], 2);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rte_ring_sc_dequeue(dp_workers[1]->ring_kernel, (void **)&m), 0);
		assert_int_equal(m->port, WAN);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(rte_ring_count(dp_workers[1]->ring_kernel), 0);
}

/* ---- too many ---- */

/* Gives worker 0 the same frame n times. Returns how many went into the kernel's ring. */
static uint64_t
flood(const struct pipe_spec *spec, unsigned int n)
{
	uint64_t before = dp_workers[0]->count.punts;
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(spec, bytes);

	while (n-- > 0) {
		struct rte_mbuf *m = pipe_mbuf(bytes, len, NULL);

		pipe_burst(0, WAN, &m, 1);
	}
	return dp_workers[0]->count.punts - before;
}

static void
test_ring_full(void **state)
{
	const uint64_t *drop = dp_workers[0]->count.drop;

	assert_int_equal(flood(&(struct pipe_spec){ .dst = OWN4 }, 1000), KERNEL_RING_SIZE / 2);
	assert_int_equal(flood(&(struct pipe_spec){ .dst = OWN4, .flags = 16 }, 1000),
			 KERNEL_RING_SIZE / 2 - 1);
	assert_int_equal(drop[SL_DROP_KERNEL_FULL], 2000 - (KERNEL_RING_SIZE - 1));
	assert_int_equal(drop[SL_DROP_KERNEL_LIMIT], 0);
	/* Whatever happens there, neighbours are heard. */
	assert_int_equal(flood(&(struct pipe_spec){ .dst = VIP4, .proto = ICMP, .sport = 0x0800 }, 10), 10);
	assert_int_equal(rte_ring_count(dp_workers[0]->ring_punt), 10);
}

/* Half of the ring is kept for these, and so is their part of the rate. */
static void
test_classes(void **state)
{
	static const struct {
		const char *row;
		struct pipe_spec spec;
		bool preferred;
	} kinds[] = {
		{ "SYN", { .dst = OWN4, .flags = 2 }, false },
		{ "SYN with ACK, to a connection of ours", { .dst = OWN4, .flags = 18 }, false },
		{ "ACK", { .dst = OWN4, .flags = 16 }, true },
		{ "FIN", { .dst = OWN6, .flags = 17 }, true },
		{ "RST alone", { .dst = OWN4, .flags = 4 }, false },
		{ "ACK behind IP options", { .dst = OWN4, .flags = 16, .options = 3 }, true },
		{ "SYN behind IP options", { .dst = OWN4, .flags = 2, .options = 3 }, false },
		{ "datagram", { .dst = OWN4, .proto = SL_PROTO_UDP, .dport = 53 }, false },
		{ "BFD", { .dst = OWN4, .proto = SL_PROTO_UDP, .dport = 3784 }, true },
		{ "BFD echo over IPv6", { .dst = OWN6, .proto = SL_PROTO_UDP, .dport = 3785 }, true },
		{ "BFD over several hops", { .dst = OWN4, .proto = SL_PROTO_UDP, .dport = 4784 }, true },
		{ "OSPF", { .dst = OWN4, .proto = OSPF }, true },
		{ "ping", { .dst = OWN4, .proto = ICMP, .sport = 0x0800 }, true },
		{ "ping over IPv6", { .dst = OWN6, .proto = ICMP6, .sport = 0x8000 }, true },
		{ "GRE", { .dst = OWN4, .proto = GRE }, false },
	};

	flood(&(struct pipe_spec){ .dst = OWN4, .proto = SL_PROTO_UDP }, KERNEL_RING_SIZE);
	for (unsigned int i = 0; i < SL_COUNT(kinds); i++)
		sl_check_int(kinds[i].row, flood(&kinds[i].spec, 1), kinds[i].preferred);
}

static void
test_rate(void **state)
{
	const uint64_t *drop = dp_workers[0]->count.drop;
	uint64_t taken;

	atomic_store(&dp_kernel_rate, 0);
	assert_int_equal(flood(&(struct pipe_spec){ .dst = OWN4 }, 10), 0);
	assert_int_equal(drop[SL_DROP_KERNEL_LIMIT], 10);
	/* 100 ms of 1000 a second, and what comes in between, which is less than as much again. */
	atomic_store(&dp_kernel_rate, 1000);
	taken = flood(&(struct pipe_spec){ .dst = OWN4 }, 400);
	assert_in_range(taken, 50, 200);
	assert_int_equal(drop[SL_DROP_KERNEL_LIMIT], 10 + 400 - taken);
	assert_int_equal(drop[SL_DROP_KERNEL_FULL], 0);
	/* Sessions have their reserve still. */
	assert_true(flood(&(struct pipe_spec){ .dst = OWN4, .flags = 16 }, 20) == 20);
	/* Control's own business is not policed. */
	assert_int_equal(flood(&(struct pipe_spec){ .dst = VIP4, .proto = ICMP, .sport = 0x0800 }, 100), 100);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup1, pipe_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_table_no_nat),
		TEST(test_table_segments),
		cmocka_unit_test_setup_teardown(test_transit_handed_over, setup2, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_handed_over_mixed, setup2, pipe_teardown),
		TEST(test_ring_full),
		TEST(test_classes),
		TEST(test_rate),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
