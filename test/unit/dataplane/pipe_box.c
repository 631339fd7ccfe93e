/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rig around the pipeline; see pipe_box.h. Ethernet devices are entries of
 * DPDK's table of burst functions, so no driver takes part.
 */
#include "pipe_box.h"

#include "addr_book.h"
#include "book.h"
#include "control.h"
#include "eal.h"
#include "fragment.h"
#include "ha.h"
#include "port.h"
#include "rcu.h"
#include "sync.h"
#include "sl_addr.h"
#include "tunnel.h"
#include "txn.h"
#include "wire.h"

#include <sluice/dp_sync.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { MBUFS = 4095, ETHDEV_FIRST = 8, FLOWS = 4000, TTL = 64 };

struct pipe pipe_box;

static struct rte_mempool *pool;
static const uint8_t mac_client[6] = { 2, 0, 0, 0, 1, 1 }, mac_server[6] = { 2, 0, 0, 0, 2, 2 };
static const uint8_t macs[PIPE_PORTS][6] = { { 2, 0, 0, 0, 0, 0xa0 }, { 2, 0, 0, 0, 0, 0xb0 } };

/* ---- devices ---- */

struct device_queue {
	unsigned int port, queue;
};

static uint16_t
device_send(void *queue, struct rte_mbuf **packets, uint16_t count)
{
	const struct device_queue *q = queue;
	uint16_t sent = 0;

	for (; sent < count && pipe_box.room > 0; sent++, pipe_box.room--) {
		struct pipe_frame *frame = &pipe_box.sent[pipe_box.sent_count++];
		struct rte_mbuf *m = packets[sent];
		const char *why = NULL;

		assert_true(pipe_box.sent_count < PIPE_SENT_MAX);
		if (rte_mbuf_check(m, 1, &why) != 0)
			fail_msg("a broken packet was sent: %s", why);
		assert_true(m->nb_segs == 1 || dp_ports[q->port].tx_segments);
		*frame = (struct pipe_frame){ .port = q->port, .queue = q->queue, .len = m->pkt_len };
		assert_true(frame->len <= PIPE_FRAME_MAX);
		for (unsigned int at = 0; m != NULL; at += m->data_len, m = m->next)
			memcpy(frame->bytes + at, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		rte_pktmbuf_free(packets[sent]);
	}
	return sent;
}

static void
devices_make(unsigned int workers)
{
	static struct device_queue queues[PIPE_PORTS][DP_WORKERS_MAX + 1];
	static void *data[PIPE_PORTS][DP_WORKERS_MAX + 1], *no_callbacks[DP_WORKERS_MAX + 1];

	for (unsigned int port = 0; port < PIPE_PORTS; port++) {
		struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[ETHDEV_FIRST + port];
		struct dp_port *p = &dp_ports[port];

		*p = (struct dp_port){
			.ethdev = (uint16_t)(ETHDEV_FIRST + port),
			.mtu = PIPE_MTU,
			.rx_queues = (uint16_t)workers,
			.tx_queues = (uint16_t)workers,
			.tx_segments = true,
		};
		snprintf(p->conf.name, sizeof(p->conf.name), "%s", port == WAN ? "wan" : "lan");
		memcpy(p->mac, macs[port], 6);
		memcpy(&p->mac_word, macs[port], 6);
		dp_ports_l2[port] = (struct dp_port_l2){
			.mac_low16_shifted = p->mac_word << 48,
			.mac_high32 = (uint32_t)(p->mac_word >> 16),
			.mtu = PIPE_MTU,
		};
		for (unsigned int q = 0; q <= workers; q++) { /* one is keepalive's, where a test says so */
			queues[port][q] = (struct device_queue){ .port = port, .queue = q };
			data[port][q] = &queues[port][q];
		}
		ops->tx_pkt_burst = device_send;
		ops->txq.data = data[port];
		ops->txq.clbk = no_callbacks;
	}
	dp_ports_count = PIPE_PORTS;
}

/* ---- the box ---- */

int
pipe_open(void **state)
{
	static char program[] = "test", no_huge[] = "--no-huge", no_shconf[] = "--no-shconf", memory[] = "-m",
		    mb[] = "64", no_pci[] = "--no-pci", lcores[] = "-l", lcore[] = "0",
		    level[] = "--log-level=*:4", no_telemetry[] = "--no-telemetry";
	char *argv[] = {
		program, no_huge, no_shconf, memory, mb, no_pci, lcores, lcore, level, no_telemetry
	};

	if (rte_eal_init(SL_COUNT(argv), argv) < 0)
		return -1;
	dp_owner_init();
	/* Every packet that a test makes brings memory of its own; what workers make lies in their buffers'. */
	pool = rte_pktmbuf_pool_create("pipe", MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

static void *
map(size_t count, size_t size)
{
	void *memory = mmap(NULL, count * size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(memory != MAP_FAILED);
	return memory;
}

static struct rte_ring *
ring(unsigned int elem_size, unsigned int count)
{
	ssize_t size = rte_ring_get_memsize_elem(elem_size, count);
	struct rte_ring *r = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)size);

	assert_int_equal(rte_ring_init(r, "pipe", count, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	return r;
}

static void
worker_make(unsigned int id, unsigned int workers)
{
	static const uint64_t secret[2] = { UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210) };
	struct dp_worker *w = map(1, sizeof(*w));

	dp_workers[id] = w;
	w->id = id;
	w->worker_count = workers;
	w->rings = true;
	assert_int_equal(flow_table_init(&w->table, FLOWS, secret, -1), 0);
	assert_int_equal(dp_fragment_init(w, MBUFS), 0);
	w->real = map(DP_REALS_MAX, sizeof(*w->real));
	w->outcome = map(DP_REALS_MAX, sizeof(*w->outcome));
	w->svc = map(DP_SERVICES_MAX, sizeof(*w->svc));
	w->load = map(DP_REALS_MAX, sizeof(*w->load));
	w->server = map(DP_REALS_MAX, sizeof(*w->server));
	w->local_cursor = map(LOCAL_GROUPS_MAX, sizeof(*w->local_cursor));
	w->toa_ack = map(FLOWS + 1, sizeof(*w->toa_ack));
	w->ring_punt = ring(sizeof(void *), PUNT_RING_SIZE);
	w->ring_kernel = ring(sizeof(void *), KERNEL_RING_SIZE);
	w->ring_wish = ring(sizeof(struct neigh_wish), WISH_RING_SIZE);
	w->ring_vrrp = ring(sizeof(struct dp_ha_packet), VRRP_RING_SIZE);
	if (id == 0)
		w->ring_ha = ring(sizeof(void *), HA_RING_SIZE);
}

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	if (sl_addr_parse(text, &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

static void
service_put(struct dp_txn *txn, const char *vip, uint16_t port, uint8_t proto, uint8_t fwd, const char *first,
	    const char *second)
{
	struct dp_real reals[2] = { 0 };
	struct dp_service service = {
		.key = { .vip = addr(vip), .port = port, .proto = proto },
		.sched = sched_find("rr"),
		.reals = reals,
	};
	char error[DP_ERROR_SIZE] = "";

	for (const char **text = (const char *[]){ first, second, NULL }; *text != NULL; text++) {
		reals[service.real_count] = (struct dp_real){
			.addr = addr(*text),
			.port = fwd == SL_FWD_NAT ? 8080 : port,
			.fwd = fwd,
			.weight = 1,
			.order = 2 - service.real_count,
		};
		service.real_count++;
	}
	if (dp_txn_service_put(txn, &service, error) != 0)
		fail_msg("%s", error);
}

void
pipe_net_put(struct dp_txn *txn, const struct dp_moving *moving, unsigned int moving_count,
	     const struct dp_local_group *groups, unsigned int group_count)
{
	char error[DP_ERROR_SIZE] = "";
	const struct dp_net_addr own[] = {
		{ WAN, { addr("198.51.100.2"), 24 } },
		{ WAN, { addr("2001:db8:1::2"), 64 } },
		{ LAN, { addr("10.0.0.1"), 24 } },
		{ LAN, { addr("2001:db8:2::1"), 64 } },
	};
	const struct dp_route routes[] = {
		{ { addr("203.0.113.0"), 24 }, addr("198.51.100.1"), -1 },
		{ { addr("2001:db8:9::"), 64 }, addr("2001:db8:1::1"), -1 },
	};
	const struct dp_static_neigh neighs[] = {
		{ WAN, addr("198.51.100.1"), { 2, 0, 0, 0, 1, 1 } },
		{ WAN, addr("2001:db8:1::1"), { 2, 0, 0, 0, 1, 1 } },
		{ LAN, addr("10.0.0.11"), { 2, 0, 0, 0, 2, 0x11 } },
		{ LAN, addr("10.0.0.12"), { 2, 0, 0, 0, 2, 0x12 } },
		{ LAN, addr("2001:db8:2::11"), { 2, 0, 0, 0, 2, 0x11 } },
		{ LAN, addr("2001:db8:2::12"), { 2, 0, 0, 0, 2, 0x12 } },
	};
	const struct dp_net net = {
		.addrs = own,
		.addr_count = SL_COUNT(own),
		.routes = routes,
		.route_count = SL_COUNT(routes),
		.neighs = neighs,
		.neigh_count = SL_COUNT(neighs),
		.moving = moving,
		.moving_count = moving_count,
		.groups = groups,
		.group_count = group_count,
	};

	if (dp_txn_net_set(txn, &net, error) != 0)
		fail_msg("%s", error);
}

static void
configure(void)
{
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE] = "";

	assert_non_null(txn);
	for (unsigned int i = 0; i < 2; i++) {
		uint8_t proto = i == 0 ? SL_PROTO_TCP : SL_PROTO_UDP;

		service_put(txn, "192.0.2.1", 80, proto, SL_FWD_NAT, "10.0.0.11", "10.0.0.12");
		service_put(txn, "2001:db8:ff::1", 80, proto, SL_FWD_NAT, "2001:db8:2::11", "2001:db8:2::12");
		service_put(txn, "192.0.2.2", 80, proto, SL_FWD_DR, "10.0.0.11", NULL);
		service_put(txn, "2001:db8:ff::2", 80, proto, SL_FWD_DR, "2001:db8:2::11", NULL);
	}
	service_put(txn, "192.0.2.1", 81, SL_PROTO_TCP, SL_FWD_NAT, NULL, NULL);
	service_put(txn, "192.0.2.1", 82, SL_PROTO_TCP, SL_FWD_NAT, "10.0.0.99", NULL);
	pipe_net_put(txn, NULL, 0, NULL, 0);
	if (dp_txn_commit(txn, error) != 0)
		fail_msg("%s", error);
}

static int
setup(unsigned int workers)
{
	memset(&pipe_box, 0, sizeof(pipe_box));
	pipe_box.workers = workers;
	pipe_box.room = UINT32_MAX;
	dp_answer_rate_set(1000);
	devices_make(workers);
	if (dp_rcu_init(workers, DP_SYNC_THREADS_MAX) != 0 || book_init() != 0 || dp_tunnel_init() != 0 ||
	    dp_neigh_init(1, 1) != 0 || dp_txn_init() != 0)
		return -1;
	configure(); /* with no worker yet, so none is started */
	for (unsigned int id = 0; id < workers; id++)
		worker_make(id, workers);
	dp_workers_count = workers;
	for (unsigned int from = 0; from < workers; from++) {
		for (unsigned int to = 0; to < workers; to++) {
			if (from == to)
				continue;
			dp_workers[to]->ring_in[from] = dp_workers[from]->ring_out[to] =
				ring(sizeof(void *), HANDOVER_RING_SIZE);
			dp_workers[to]->side_in[from] = dp_workers[from]->side_out[to] =
				ring(sizeof(void *), SIDE_RING_SIZE);
		}
	}
	atomic_store(&dp_fragmented_flows[0], 0);
	atomic_store(&dp_fragmented_flows[1], 0);
	return 0;
}

int
pipe_setup1(void **state)
{
	return setup(1);
}

int
pipe_setup2(void **state)
{
	return setup(2);
}

int
pipe_setup4(void **state)
{
	return setup(4);
}

static void
ring_empty(struct rte_ring *r)
{
	void *m;

	while (r != NULL && rte_ring_sc_dequeue(r, &m) == 0)
		rte_pktmbuf_free((struct rte_mbuf *)((uintptr_t)m & ~(uintptr_t)3));
	free(r);
}

int
pipe_teardown(void **state)
{
	dp_sync_stop();
	dp_rcu_fini();
	dp_ha_fini();
	dp_ha_port_fini();
	dp_txn_fini();
	dp_addr_book_fini();
	dp_neigh_fini();
	for (unsigned int id = 0; id < dp_workers_count; id++) {
		struct dp_worker *w = dp_workers[id];

		dp_hold_fini(w);
		dp_fragment_fini(w);
		for (unsigned int port = 0; port < PIPE_PORTS; port++)
			rte_pktmbuf_free_bulk(w->tx[port].mbuf, w->tx[port].count);
		for (unsigned int from = 0; from < dp_workers_count; from++)
			ring_empty(w->ring_in[from]);
		for (unsigned int from = 0; from < dp_workers_count; from++)
			ring_empty(w->side_in[from]);
		ring_empty(w->ring_punt);
		ring_empty(w->ring_kernel);
		ring_empty(w->ring_ha);
		free(w->ring_wish);
		free(w->ring_vrrp);
		flow_table_fini(&w->table);
		munmap(w->real, sizeof(*w->real) * DP_REALS_MAX);
		munmap(w->outcome, sizeof(*w->outcome) * DP_REALS_MAX);
		munmap(w->svc, sizeof(*w->svc) * DP_SERVICES_MAX);
		munmap(w->load, sizeof(*w->load) * DP_REALS_MAX);
		munmap(w->server, sizeof(*w->server) * DP_REALS_MAX);
		munmap(w->local_cursor, sizeof(*w->local_cursor) * LOCAL_GROUPS_MAX);
		munmap(w->toa_ack, sizeof(*w->toa_ack) * (FLOWS + 1));
		munmap(w, sizeof(*w));
	}
	dp_ha_tx_fini();
	dp_workers_count = 0;
	book_fini();
	dp_tunnel_fini();
	/* Nothing has leaked. */
	return rte_mempool_in_use_count(pool) == 0 ? 0 : -1;
}

/* ---- frames ---- */

/* The one's complement sum over `len` bytes, the plain way: big-endian words, odd byte first of its word. */
static uint32_t
sum_over(const uint8_t *bytes, unsigned int len, uint32_t sum)
{
	for (unsigned int i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Where things are in a frame of ours. */
struct layout {
	bool v6;
	unsigned int l4, l4_len, proto;
	uint32_t pseudo; /* the sum over the pseudo header */
};

static struct layout
layout_of(const uint8_t *bytes)
{
	const uint8_t *ip = bytes + ETH_LEN;
	struct layout at = { .v6 = ip[0] >> 4 == 6 };
	uint8_t tail[4];

	if (at.v6) {
		at.l4 = ETH_LEN + IP6_LEN;
		at.l4_len = (unsigned int)ip[4] << 8 | ip[5];
		at.proto = ip[6];
		at.pseudo = sum_over(ip + IP6_SRC_AT, 32, 0);
	} else {
		at.l4 = ETH_LEN + (ip[0] & 15) * 4u;
		at.l4_len = ((unsigned int)ip[2] << 8 | ip[3]) - (ip[0] & 15) * 4u;
		at.proto = ip[9];
		at.pseudo = sum_over(ip + IP4_SRC_AT, 8, 0);
	}
	memcpy(tail, (uint8_t[]){ 0, (uint8_t)at.proto, (uint8_t)(at.l4_len >> 8), (uint8_t)at.l4_len }, 4);
	at.pseudo = sum_over(tail, 4, at.pseudo);
	return at;
}

static void
be16_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
pipe_sums(uint8_t *bytes)
{
	struct layout at = layout_of(bytes);
	uint8_t *sum = bytes + at.l4 + (at.proto == SL_PROTO_TCP ? TCP_SUM_AT : UDP_SUM_AT);
	uint32_t value;

	if (!at.v6) {
		be16_put(bytes + ETH_LEN + IP4_SUM_AT, 0);
		be16_put(bytes + ETH_LEN + IP4_SUM_AT, ~sum_over(bytes + ETH_LEN, at.l4 - ETH_LEN, 0));
	}
	be16_put(sum, 0);
	value = ~sum_over(bytes + at.l4, at.l4_len, at.pseudo) & 0xffff;
	be16_put(sum, at.proto == SL_PROTO_UDP && value == 0 ? 0xffff : value);
}

bool
pipe_sums_right(const uint8_t *bytes, unsigned int len)
{
	struct layout at = layout_of(bytes);
	const uint8_t *udp_sum = bytes + at.l4 + UDP_SUM_AT;

	if (at.l4 + at.l4_len > len)
		return false;
	if (!at.v6 && sum_over(bytes + ETH_LEN, at.l4 - ETH_LEN, 0) != 0xffff)
		return false;
	if (at.proto == SL_PROTO_UDP && udp_sum[0] == 0 && udp_sum[1] == 0)
		return !at.v6;
	return sum_over(bytes + at.l4, at.l4_len, at.pseudo) == 0xffff;
}

static unsigned int
transport_build(const struct pipe_spec *spec, uint8_t proto, uint8_t *l4)
{
	unsigned int header = proto == SL_PROTO_UDP ? (unsigned int)UDP_LEN : (unsigned int)TCP_LEN;
	uint32_t x = spec->seed;

	memset(l4, 0, header);
	be16_put(l4, spec->sport != 0 ? spec->sport : 40000);
	be16_put(l4 + 2, spec->dport != 0 ? spec->dport : 80);
	if (proto == SL_PROTO_UDP) {
		be16_put(l4 + 4, header + spec->payload);
	} else {
		l4[TCP_OFFSET_AT] = (uint8_t)(header / 4 << 4);
		l4[TCP_FLAGS_AT] = spec->flags != 0 ? spec->flags : 2;
	}
	for (unsigned int i = 0; i < spec->payload; i++) {
		x = x * 1664525 + 1013904223;
		l4[header + i] = (uint8_t)(x >> 24);
	}
	return header + spec->payload;
}

unsigned int
pipe_build(const struct pipe_spec *spec, uint8_t bytes[PIPE_FRAME_MAX])
{
	struct sl_addr src = addr(spec->src != NULL ? spec->src : "203.0.113.5");
	struct sl_addr dst = addr(spec->dst != NULL ? spec->dst : "192.0.2.1");
	uint8_t proto = spec->proto != 0 ? spec->proto : (uint8_t)SL_PROTO_TCP;
	uint8_t *ip = bytes + ETH_LEN, ttl = spec->ttl != 0 ? spec->ttl : TTL;
	unsigned int l4_len, header;

	memcpy(bytes, macs[spec->from_lan ? LAN : WAN], 6);
	memcpy(bytes + 6, spec->from_lan ? mac_server : mac_client, 6);
	if (sl_addr_is_v4(&dst)) {
		header = IP4_LEN + spec->options * 4u;
		memset(ip, 0, header);
		memset(ip + IP4_LEN, 1, spec->options * 4u);
		l4_len = transport_build(spec, proto, ip + header);
		be16_put(bytes + ETH_TYPE_AT, 0x0800);
		ip[0] = (uint8_t)(0x40 | header / 4);
		be16_put(ip + IP4_TOTAL_AT, header + l4_len);
		be16_put(ip + 4, spec->seed);
		be16_put(ip + IP4_FRAG_AT, 0x4000);
		ip[IP4_TTL_AT] = ttl;
		ip[IP4_PROTO_AT] = proto;
		memcpy(ip + IP4_SRC_AT, src.b + 12, 4);
		memcpy(ip + IP4_DST_AT, dst.b + 12, 4);
	} else {
		header = IP6_LEN;
		memset(ip, 0, header);
		l4_len = transport_build(spec, proto, ip + header);
		be16_put(bytes + ETH_TYPE_AT, 0x86dd);
		ip[0] = 0x60;
		be16_put(ip + IP6_PAYLOAD_AT, l4_len);
		ip[IP6_NEXT_AT] = proto;
		ip[IP6_HOPS_AT] = ttl;
		memcpy(ip + IP6_SRC_AT, src.b, 16);
		memcpy(ip + IP6_DST_AT, dst.b, 16);
	}
	pipe_sums(bytes);
	if (spec->no_sum)
		memset(ip + header + UDP_SUM_AT, 0, 2);
	return ETH_LEN + header + l4_len;
}

/* ---- packets ---- */

static void
memory_free(void *memory, void *shared)
{
	free(memory);
	free(shared);
}

/* Its buffer ends with the frame, but not before a header could end. */
static struct rte_mbuf *
segment(const uint8_t *bytes, unsigned int len, unsigned int tailroom)
{
	unsigned int room = (len < PIPE_HEADERS ? PIPE_HEADERS : len) + tailroom;
	struct rte_mbuf_ext_shared_info *shared = calloc(1, sizeof(*shared));
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *memory = malloc(PIPE_HEADROOM + room);

	assert_non_null(m);
	shared->free_cb = memory_free;
	shared->fcb_opaque = shared;
	rte_mbuf_ext_refcnt_set(shared, 1);
	/* What lies behind a short frame in its buffer is an older frame's. */
	memset(memory, 0xa5, PIPE_HEADROOM + room);
	rte_pktmbuf_attach_extbuf(m, memory, (rte_iova_t)(uintptr_t)memory, (uint16_t)(PIPE_HEADROOM + room),
				  shared);
	m->data_off = PIPE_HEADROOM;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes, len);
	return m;
}

struct rte_mbuf *
pipe_mbuf(const uint8_t *bytes, unsigned int len, const unsigned int *cuts)
{
	unsigned int at = cuts != NULL && cuts[0] != 0 ? cuts[0] : len;
	struct rte_mbuf *head = segment(bytes, at, pipe_box.tailroom);

	for (unsigned int i = 1; at < len; i++) {
		unsigned int end = cuts[i] != 0 ? cuts[i] : len;

		assert_int_equal(rte_pktmbuf_chain(head, segment(bytes + at, end - at, 0)), 0);
		at = end;
		if (cuts[i] == 0)
			break;
	}
	return head;
}

static void
turn_begin(struct dp_worker *w)
{
	w->net_epoch = dp_net_epoch_load();
	w->snapshot = atomic_load_explicit(&dp_snapshot_current, memory_order_acquire);
}

void
pipe_burst(unsigned int worker, unsigned int port, struct rte_mbuf **packets, unsigned int count)
{
	struct dp_worker *w = dp_workers[worker];

	assert_true(count <= BURST_MAX);
	turn_begin(w);
	memcpy(w->burst.mbuf, packets, count * sizeof(packets[0]));
	w->burst.count = count;
	w->burst.port = port;
	w->count.rx += count;
	w->count.loops++;
	pipe_box.given += count;
	dp_pipeline_run(w, &w->burst);
	dp_handover_flush(w);
	dp_transmit_flush(w);
	pipe_check("after a burst");
}

unsigned int
pipe_receive(unsigned int worker)
{
	struct dp_worker *w = dp_workers[worker];
	unsigned int count;

	turn_begin(w);
	w->count.loops++;
	if (w->ring_ha != NULL && !rte_ring_empty(w->ring_ha))
		dp_ha_transmit(w);
	count = dp_handover_receive(w);
	if (w->worker_count > 1)
		count += dp_side_receive(w);
	count += dp_sync_serve(w, count);
	dp_handover_flush(w);
	dp_transmit_flush(w);
	pipe_check("after a hand-over");
	return count;
}

void
pipe_forget(void)
{
	pipe_box.sent_count = 0;
}

void
pipe_check(const char *row)
{
	uint64_t drops = 0, tx = 0, punts = 0, held = 0, on_way = 0, generated = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++) {
		const struct dp_worker *w = dp_workers[id];
		const struct worker_counters *c = &w->count;
		uint64_t by_reason = 0, holds = w->held + w->fragments.held;

		for (unsigned int reason = 0; reason < SL_DROP_MAX; reason++)
			by_reason += c->drop[reason];
		sl_check_int(row, by_reason, c->drops);
		for (unsigned int port = 0; port < PIPE_PORTS; port++)
			holds += w->tx[port].count;
		for (unsigned int to = 0; to < dp_workers_count; to++)
			holds += w->handover[to].count;
		sl_check_int(row, c->rx + c->handed_in + c->generated,
			     c->tx + c->drops + c->punts + c->handed_out + holds);
		sl_check_int(row, w->free_count, 0);
		generated += c->generated;
		drops += c->drops;
		tx += c->tx;
		punts += c->punts;
		held += holds;
		on_way += c->handed_out - c->handed_in;
		sl_check_int(row, c->flows_created - c->flows_expired, w->table.used);
	}
	sl_check_int(row, pipe_box.given + generated, tx + drops + punts + held + on_way);
}

int
pipe_one(unsigned int port, const uint8_t *bytes, unsigned int len, const unsigned int *cuts)
{
	struct dp_worker *w = dp_workers[0];
	struct worker_counters before = w->count;
	struct rte_mbuf *m = pipe_mbuf(bytes, len, cuts);
	uint64_t held = w->held + w->fragments.held;
	unsigned int vrrp = rte_ring_count(w->ring_vrrp);

	pipe_forget();
	pipe_burst(0, port, &m, 1);
	for (unsigned int reason = 0; reason < SL_DROP_MAX; reason++)
		if (w->count.drop[reason] != before.drop[reason])
			return (int)reason;
	if (rte_ring_count(w->ring_vrrp) != vrrp)
		return PIPE_VRRP;
	if (w->count.punts != before.punts) {
		int verdict = rte_ring_sc_dequeue(w->ring_punt, (void **)&m) == 0 ? PIPE_PUNTED : PIPE_KERNEL;

		if (verdict == PIPE_KERNEL)
			assert_int_equal(rte_ring_sc_dequeue(w->ring_kernel, (void **)&m), 0);
		assert_int_equal(m->port, port);
		rte_pktmbuf_free(m);
		return verdict;
	}
	if (w->held + w->fragments.held != held)
		return PIPE_HELD;
	if (w->count.handed_out != before.handed_out)
		return PIPE_HANDED;
	/* Itself, or its pieces. */
	assert_int_equal(pipe_box.sent_count, 1 + w->count.generated - before.generated);
	return PIPE_SENT;
}

int
pipe_spec_one(const struct pipe_spec *spec)
{
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(spec, bytes);

	return pipe_one(spec->from_lan ? LAN : WAN, bytes, len, NULL);
}

const char *
pipe_verdict(int verdict)
{
	static const char *const names[] = {
#define X(id, name, text) [SL_DROP_##id] = name,
		SL_DROP_LIST(X)
#undef X
			[PIPE_SENT] = "sent",
		[PIPE_PUNTED] = "punted",
		[PIPE_HELD] = "held",
		[PIPE_HANDED] = "handed over",
		[PIPE_KERNEL] = "given to the kernel",
		[PIPE_VRRP] = "kept for keepalive",
	};

	return names[verdict];
}

void
pipe_flows_end(void)
{
	for (unsigned int id = 0; id < dp_workers_count; id++) {
		struct flow_table *table = &dp_workers[id]->table;

		for (uint32_t i = 1; i <= table->high; i++)
			if (table->flow[i].proto != 0)
				dp_flow_end(dp_workers[id], &table->flow[i]);
		assert_int_equal(table->used, 0);
	}
}

void
pipe_neigh_set(unsigned int port, const char *text, uint64_t word)
{
	struct sl_addr a = addr(text);
	uint32_t index = dp_neigh_want(port, &a);

	assert_int_not_equal(index, 0);
	atomic_store(&dp_neigh_table.word[index], word);
}

static void
service_commit(struct dp_service *service)
{
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE] = "";

	assert_non_null(txn);
	if (dp_txn_service_put(txn, service, error) != 0 || dp_txn_commit(txn, error) != 0)
		fail_msg("%s", error);
}

void
pipe_serve(const char *vip, uint16_t port, uint8_t proto, uint8_t fwd, const char *server,
	   const struct dp_tunnel *tunnel, uint16_t mss)
{
	struct dp_real real = {
		.addr = addr(server),
		.port = fwd == SL_FWD_NAT ? 8080 : port,
		.fwd = fwd,
		.weight = 1,
		.order = 1,
		.tunnel = tunnel != NULL ? *tunnel : (struct dp_tunnel){ 0 },
	};
	struct dp_service service = {
		.key = { .vip = addr(vip), .port = port, .proto = proto },
		.sched = sched_find("rr"),
		.reals = &real,
		.real_count = 1,
		.mss = mss,
	};

	service_commit(&service);
}

void
pipe_serve_reals(const char *vip, uint16_t port, uint8_t proto, const char *sched, struct dp_real *reals,
		 uint32_t count)
{
	struct dp_service service = {
		.key = { .vip = addr(vip), .port = port, .proto = proto },
		.sched = sched_find(sched),
		.reals = reals,
		.real_count = count,
	};

	for (uint32_t i = 0; i < count; i++) {
		reals[i].port = reals[i].fwd == SL_FWD_NAT ? 8080 : port;
		reals[i].order = count - i;
	}
	service_commit(&service);
}

void
pipe_mtu_set(unsigned int port, unsigned int mtu)
{
	dp_ports[port].mtu = (uint16_t)mtu;
	dp_ports_l2[port].mtu = mtu;
}
