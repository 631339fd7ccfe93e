/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Make every packet what its receiver expects.
 * Reads:  flow, l3, l4, in, family6.   Writes: the packet; nexthop, nexthop_index; live.
 * Drops:  NO_ROUTE, NEIGH_FAILED, NEIGH_QUEUE_FULL, TOO_BIG, SEGMENTS.   Prefetches: nothing.
 * Cost:   the server's line, the next hop's word, the packet's header.
 *
 * NAT in writes the server's address and port over the VIP's, out the VIP's over
 * the server's; DR changes nothing but the TTL. Checksums change by sums that
 * were made with the server (real.h); a UDP checksum of 0 stays, a result of 0
 * is sent as 0xffff. The L2 header is a next hop's word and the port's own MAC.
 */
#include "port.h"
#include "wire.h"
#include "worker.h"

/* The transport checksum under a changed address and port. */
static inline void
l4_sum_update(uint8_t *l4, uint8_t proto, bool ip6, uint16_t delta)
{
	if (proto == SL_PROTO_TCP) {
		store16(l4 + TCP_SUM_AT, sum_update(load16(l4 + TCP_SUM_AT), delta));
	} else {
		uint16_t old = load16(l4 + UDP_SUM_AT);
		uint16_t sum = sum_update(old, delta);

		if (old != 0 || ip6)
			store16(l4 + UDP_SUM_AT, sum != 0 ? sum : 0xffff);
	}
}

static inline void
nat_rewrite(struct burst *b, unsigned int i, const struct flow *flow, const struct dp_real_slot *real,
	    bool in)
{
	uint8_t *ip = b->l3[i], *l4 = b->l4[i];
	bool ip6 = b->family6[i] != 0;
	const struct sl_addr *addr = in ? &real->addr : &flow->vip;
	uint16_t port_be = in ? flow->real_port_be : flow->vip_port_be;

	if (ip6) {
		memcpy(ip + (in ? IP6_DST_AT : IP6_SRC_AT), addr->b, 16);
		ip[IP6_HOPS_AT]--;
	} else {
		memcpy(ip + (in ? IP4_DST_AT : IP4_SRC_AT), addr->b + 12, 4);
		ip[IP4_TTL_AT]--;
		store16(ip + IP4_SUM_AT,
			sum_update(load16(ip + IP4_SUM_AT), in ? real->ip_in : real->ip_out));
	}
	store16(l4 + (in ? 2 : 0), port_be);
	l4_sum_update(l4, flow->proto, ip6, in ? real->l4_in : real->l4_out);
}

/* TTL alone, and the IPv4 header checksum with it (RFC 1141). */
static inline void
ttl_decrement(struct burst *b, unsigned int i)
{
	uint8_t *ip = b->l3[i];

	if (b->family6[i]) {
		ip[IP6_HOPS_AT]--;
	} else {
		uint32_t sum = load16(ip + IP4_SUM_AT) + (uint32_t)RTE_BE16(0x0100);

		ip[IP4_TTL_AT]--;
		store16(ip + IP4_SUM_AT, (uint16_t)(sum + (sum >= 0xffff)));
	}
}

static inline void
l2_write(uint8_t *ip, uint64_t word)
{
	const struct dp_port *port = &dp_ports[dp_nh_port(word)];

	store64(ip - ETH_LEN, (word & DP_NH_MAC_MASK) | port->mac_low16_shifted);
	store32(ip - ETH_LEN + 8, port->mac_high32);
}

/* A next hop that cannot be used as it is. */
static __rte_cold void
nexthop_missing(struct dp_worker *w, struct burst *b, unsigned int i)
{
	uint32_t index = b->nexthop_index[i];
	struct sl_addr addr;
	unsigned int port;

	if (index == 0) {
		dp_drop(w, b, i, SL_DROP_NO_ROUTE);
	} else if ((b->nexthop[i] & DP_NH_FAILED) != 0) {
		dp_drop(w, b, i, SL_DROP_NEIGH_FAILED);
	} else {
		dp_neigh_info(index, &port, &addr);
		dp_hold_packet(w, b, i, port, &addr);
	}
}

/* Longer than the port's MTU, or in several buffers. */
static __rte_cold void
frame_unusual(struct dp_worker *w, struct burst *b, unsigned int i)
{
	const struct dp_port *port = &dp_ports[dp_nh_port(b->nexthop[i])];
	struct rte_mbuf *m = b->mbuf[i];

	if (b->ip_len[i] > port->mtu)
		dp_drop(w, b, i, SL_DROP_TOO_BIG);
	else if (!port->tx_segments && rte_pktmbuf_linearize(m) != 0)
		dp_drop(w, b, i, SL_DROP_SEGMENTS);
}

/* Next hops: a server's is with the server, a client's is remembered in the flow. */
static inline uint64_t
nexthops_find(struct dp_worker *w, struct burst *b)
{
	uint64_t missing = 0;
	unsigned int i;

	BURST_FOREACH(i, b->live)
	{
		const struct flow *flow = b->flow[i];
		uint32_t index;

		if ((b->in >> i & 1) != 0)
			index = atomic_load_explicit(&dp_real_slots[flow->real].nexthop,
						     memory_order_relaxed);
		else if (likely(flow->route >> 16 == w->net_epoch))
			index = (uint32_t)(flow->route & 0xffff);
		else {
			dp_route_client(w, b, i);
			if ((b->live >> i & 1) == 0)
				continue;
			index = b->nexthop_index[i];
		}
		b->nexthop_index[i] = index;
		b->nexthop[i] = dp_nh_load(index);
		missing |= (uint64_t)((b->nexthop[i] & DP_NH_VALID) == 0) << i;
	}
	return missing;
}

void
dp_stage_rewrite(struct dp_worker *w, struct burst *b)
{
	uint64_t missing, unusual = 0;
	unsigned int i;

	BURST_FOREACH(i, b->live)
	{
		const struct flow *flow = b->flow[i];

		if ((flow->flags & FLOW_FWD_MASK) == SL_FWD_NAT)
			nat_rewrite(b, i, flow, &dp_real_slots[flow->real], (b->in >> i & 1) != 0);
		else
			ttl_decrement(b, i);
	}
	missing = nexthops_find(w, b);
	if (unlikely(missing != 0)) {
		BURST_FOREACH(i, missing)
		nexthop_missing(w, b, i);
	}
	BURST_FOREACH(i, b->live)
	{
		const struct dp_port *port = &dp_ports[dp_nh_port(b->nexthop[i])];

		l2_write(b->l3[i], b->nexthop[i]);
		unusual |= (uint64_t)((b->ip_len[i] > port->mtu) | (b->mbuf[i]->nb_segs > 1)) << i;
	}
	if (unlikely(unusual != 0)) {
		BURST_FOREACH(i, unusual)
		frame_unusual(w, b, i);
	}
}
