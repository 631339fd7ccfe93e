/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways to clients, packets that wait for a neighbour's MAC address, and single
 * packets sent outside of a burst (errors, answers, fragments).
 *
 * A reply goes where the route to its client leads. The first of a flow looks
 * that up and leaves the next hop in the flow; a change of routes or neighbours
 * (dp_net_epoch) voids what flows remember. A packet whose next hop has no MAC
 * address yet waits in one of 64 lanes chosen by that neighbour's address, a
 * few a lane: a neighbour that does not answer, or a flood towards many, fills
 * its lane and drops there (NEIGH_QUEUE_FULL), and the others do not notice.
 *
 * All of it belongs to one worker. It asks the control core to resolve through
 * a ring of its own and looks once a millisecond whether that has happened.
 */
#include "rewrite.h"
#include "route.h"

#include <rte_cycles.h>
#include <rte_ring_elem.h>

enum { HOLD_MAX_MS = 3500 };

static __rte_cold void
wish(struct dp_worker *w, unsigned int port, const struct sl_addr *addr)
{
	struct neigh_wish wish = { .addr = *addr, .port = port };

	/* A full ring is no loss: whatever is held is wished for again. */
	(void)rte_ring_sp_enqueue_elem(w->ring_wish, &wish, sizeof(wish));
}

/*
 * Remembers the way of an outbound packet in its flow, or ends the packet: no
 * route, or it waits.
 */
__rte_cold void
dp_route_client(struct dp_worker *w, struct burst *b, unsigned int i)
{
	const struct sl_addr *client = &b->flow[i]->client;
	struct dp_fib_hop hop;
	uint32_t index;

	if (!dp_fib_lookup(w->snapshot->fib, client, &hop)) {
		dp_drop(w, b, i, SL_DROP_NO_ROUTE);
		return;
	}
	if (sl_addr_is_none(&hop.via))
		hop.via = *client;
	index = dp_neigh_find(hop.port, &hop.via);
	if (index == 0) {
		dp_hold_packet(w, b, i, hop.port, &hop.via);
		return;
	}
	b->flow[i]->route = w->net_epoch << 16 | index;
}

static unsigned int
lane_of(const struct sl_addr *addr)
{
	uint64_t low, high;

	memcpy(&low, addr->b, 8);
	memcpy(&high, addr->b + 8, 8);
	return (unsigned int)(((low ^ high) * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

static __rte_cold void
hold(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, const struct sl_addr *addr, uint32_t mtu)
{
	unsigned int number = lane_of(addr);
	struct hold_lane *lane = &w->hold[number];

	if (lane->count == HOLD_LANE_SIZE) {
		dp_drop_mbuf(w, m, SL_DROP_NEIGH_QUEUE_FULL);
		return;
	}
	lane->packet[lane->count++] = (struct hold_packet){
		.mbuf = m,
		.addr = *addr,
		.deadline_tsc = rte_rdtsc() + rte_get_tsc_hz() / 1000 * HOLD_MAX_MS,
		.port = port,
		.mtu = mtu,
	};
	w->hold_lanes |= UINT64_C(1) << number;
	w->held++;
	wish(w, port, addr);
}

/* What is too long is answered now, while it is known what it was. It waits in one piece, whatever becomes of it. */
__rte_cold void
dp_hold_packet(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int port,
	       const struct sl_addr *addr)
{
	uint32_t mtu = dp_rewritten_too_long(w, b, i, port);

	if ((b->live >> i & 1) == 0)
		return;
	b->live &= ~(UINT64_C(1) << i);
	hold(w, b->mbuf[i], port, addr, mtu);
}

__rte_cold void
dp_hold_mbuf(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, const struct sl_addr *addr)
{
	hold(w, m, port, addr, 0);
}

/* `mtu`: of the pieces that it is to be sent in; 0: in one, or, of IPv4 without DF, as the port can. */
static __rte_cold void
send_held(struct dp_worker *w, struct rte_mbuf *m, uint64_t word, uint32_t mtu)
{
	unsigned int number = dp_nh_port(word);
	const struct dp_port *port = dp_port_get(number);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	store64(frame, (word & DP_NH_MAC_MASK) | dp_ports_l2[number].mac_low16_shifted);
	store32(frame + 8, dp_ports_l2[number].mac_high32);
	if (mtu != 0 || m->pkt_len > (uint32_t)port->mtu + ETH_LEN) {
		if (mtu != 0 || dp_may_be_cut(frame + ETH_LEN))
			dp_send_split(w, m, number, mtu != 0 ? RTE_MIN(mtu, (uint32_t)port->mtu) : port->mtu);
		else
			dp_drop_mbuf(w, m, SL_DROP_TOO_BIG);
		return;
	}
	if (m->nb_segs > 1 && !port->tx_segments && rte_pktmbuf_linearize(m) != 0) {
		dp_drop_mbuf(w, m, SL_DROP_SEGMENTS);
		return;
	}
	dp_transmit_one(w, number, m);
}

/* To a neighbour: now, or when its MAC address is known. */
static __rte_cold void
send_to(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, const struct sl_addr *addr)
{
	uint32_t index = dp_neigh_find(port, addr);
	uint64_t word = index != 0 ? dp_nh_load(index) : 0;

	if ((word & DP_NH_VALID) != 0)
		send_held(w, m, word, 0);
	else if ((word & DP_NH_FAILED) != 0)
		dp_drop_mbuf(w, m, SL_DROP_NEIGH_FAILED);
	else
		dp_hold_mbuf(w, m, port, addr);
}

__rte_cold void
dp_output_neighbour(struct dp_worker *w, struct rte_mbuf *m)
{
	struct sl_addr addr;
	uint8_t *frame;

	memcpy(&addr, rte_pktmbuf_mtod(m, const uint8_t *), sizeof(addr));
	frame = (uint8_t *)rte_pktmbuf_adj(m, sizeof(addr));
	store16(frame + ETH_TYPE_AT, frame[ETH_LEN] >> 4 == 6 ? ETH_TYPE_IP6_BE : ETH_TYPE_IP4_BE);
	send_to(w, m, m->port, &addr);
}

__rte_cold void
dp_output(struct dp_worker *w, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	const uint8_t *ip = frame + ETH_LEN;
	bool ip6 = ip[0] >> 4 == 6;
	struct sl_addr dst =
		ip6 ? sl_addr_from_v6(ip + IP6_DST_AT) : sl_addr_from_v4(load32(ip + IP4_DST_AT));
	struct dp_fib_hop hop;

	store16(frame + ETH_TYPE_AT, ip6 ? ETH_TYPE_IP6_BE : ETH_TYPE_IP4_BE);
	if (!dp_fib_lookup(w->snapshot->fib, &dst, &hop)) {
		dp_drop_mbuf(w, m, SL_DROP_NO_ROUTE);
		return;
	}
	if (sl_addr_is_none(&hop.via))
		hop.via = dst;
	send_to(w, m, hop.port, &hop.via);
}

__rte_cold void
dp_output_server(struct dp_worker *w, struct rte_mbuf *m, uint32_t slot)
{
	uint32_t index = atomic_load_explicit(&dp_real_slots[slot].nexthop, memory_order_relaxed);
	uint64_t word = index != 0 ? dp_nh_load(index) : 0;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct sl_addr addr;
	unsigned int port;

	store16(frame + ETH_TYPE_AT, frame[ETH_LEN] >> 4 == 6 ? ETH_TYPE_IP6_BE : ETH_TYPE_IP4_BE);
	if (index == 0) {
		dp_drop_mbuf(w, m, SL_DROP_NO_ROUTE);
	} else if ((word & DP_NH_VALID) != 0) {
		send_held(w, m, word, 0);
	} else if ((word & DP_NH_FAILED) != 0) {
		dp_drop_mbuf(w, m, SL_DROP_NEIGH_FAILED);
	} else {
		dp_neigh_info(index, &port, &addr);
		dp_hold_mbuf(w, m, port, &addr);
	}
}

/* True when the packet has left the lane. */
static bool
serve_packet(struct dp_worker *w, struct hold_packet *p, uint64_t now_tsc)
{
	uint32_t index = dp_neigh_find(p->port, &p->addr);
	uint64_t word = index != 0 ? dp_nh_load(index) : 0;

	if ((word & DP_NH_VALID) != 0) {
		send_held(w, p->mbuf, word, p->mtu);
	} else if ((word & DP_NH_FAILED) != 0 || now_tsc >= p->deadline_tsc) {
		dp_drop_mbuf(w, p->mbuf, SL_DROP_NEIGH_FAILED);
	} else {
		if (index == 0)
			wish(w, p->port, &p->addr);
		return false;
	}
	w->held--;
	return true;
}

void
dp_hold_serve(struct dp_worker *w, uint64_t now_tsc)
{
	unsigned int number;

	BURST_FOREACH(number, w->hold_lanes)
	{
		struct hold_lane *lane = &w->hold[number];
		uint32_t kept = 0;

		for (uint32_t i = 0; i < lane->count; i++)
			if (!serve_packet(w, &lane->packet[i], now_tsc))
				lane->packet[kept++] = lane->packet[i];
		lane->count = kept;
		if (kept == 0)
			w->hold_lanes &= ~(UINT64_C(1) << number);
	}
}

void
dp_hold_fini(struct dp_worker *w)
{
	for (unsigned int number = 0; number < HOLD_LANES; number++)
		for (uint32_t i = 0; i < w->hold[number].count; i++)
			rte_pktmbuf_free(w->hold[number].packet[i].mbuf);
}
