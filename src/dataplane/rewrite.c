/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Make every packet what its receiver expects.
 * Reads:  flow, l3, l4, in, info, syn.   Writes: the packet; nexthop, ports_differ; live, split.
 * Drops:  NO_ROUTE, NEIGH_FAILED, NEIGH_QUEUE_FULL, TOO_BIG, SEGMENTS, TUNNEL.   Prefetches: nothing.
 * Cost:   the server's line, the next hop's word, the packet's header.
 *
 * NAT in writes the server's address and port over the VIP's, out the VIP's over
 * the server's; DR changes nothing but the TTL. Checksums change by sums that
 * were made with the server (real.h); a UDP checksum of 0 stays, a result of 0
 * is sent as 0xffff. What TUN does is in rewrite_tunnel.c. The L2 header is a next
 * hop's word and the port's own MAC.
 */
#include "rewrite.h"
#include "toa.h"
#include "tunnel.h"

#include <rte_prefetch.h>

static inline void
nat_rewrite(struct burst *b, unsigned int i, const struct flow *flow, const struct dp_real_slot *real,
	    bool in)
{
	uint8_t *ip = b->l3[i], *l4 = b->l4[i];
	bool ip6 = b->info[i].family6 != 0;
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
	l4_sum_update(l4, flow->proto, in ? real->l4_in : real->l4_out);
}

/* A next hop that cannot be used as it is. */
static __rte_cold void
nexthop_missing(struct dp_worker *w, struct burst *b, unsigned int i)
{
	uint32_t index =
		(b->in >> i & 1) != 0
			? atomic_load_explicit(&dp_real_slots[b->flow[i]->real].nexthop, memory_order_relaxed)
			: (uint32_t)(b->flow[i]->route & 0xffff);
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

/* Longer than the port's MTU or the path's, or in several buffers. */
static __rte_cold void
frame_unusual(struct dp_worker *w, struct burst *b, unsigned int i)
{
	unsigned int port = dp_nh_port(b->nexthop[i]);

	if (dp_rewritten_too_long(w, b, i, port) != 0)
		b->split |= UINT64_C(1) << i;
	else if ((b->live >> i & 1) != 0 && !dp_ports[port].tx_segments &&
		 rte_pktmbuf_linearize(b->mbuf[i]) != 0)
		dp_drop(w, b, i, SL_DROP_SEGMENTS);
}

/* Segments with SYN, before the method's own rewrite. */
static __rte_cold void
syns_edit(struct dp_worker *w, struct burst *b)
{
	unsigned int i;

	BURST_FOREACH(i, b->syn & b->live)
	{
		const struct flow *flow = b->flow[i];
		unsigned int options =
			atomic_load_explicit(&dp_real_slots[flow->real].options, memory_order_relaxed);

		dp_mss_clamp(w, b, i, flow);
		if ((options & DP_SERVICE_STRIP_TS) != 0 && (b->in >> i & 1) != 0)
			dp_timestamps_strip(b, i);
	}
}

static inline void
rewrite_in(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	uint64_t tunneled = 0, fnat = 0;
	unsigned int i;

	BURST_FOREACH(i, mask)
	{
		const struct flow *flow = b->flow[i];
		const struct dp_real_slot *real = &dp_real_slots[flow->real];
		unsigned int fwd = flow->flags & FLOW_FWD_MASK;

		if (fwd == SL_FWD_NAT) {
			nat_rewrite(b, i, flow, real, true);
		} else if (likely(fwd == SL_FWD_DR)) {
			ttl_decrement(b, i);
		} else if (fwd == SL_FWD_TUN) {
			tunneled |= UINT64_C(1) << i;
			rte_prefetch0(&dp_tunnels[atomic_load_explicit(&real->tunnel, memory_order_relaxed)]);
			/* Nobody has touched the line before the packet yet. */
			__builtin_prefetch(b->l3[i] - TUNNEL_ROOM, 1);
			continue;
		} else {
			fnat |= UINT64_C(1) << i;
			continue;
		}
		way_write(b, i, atomic_load_explicit(&real->nexthop, memory_order_relaxed), back);
	}
	if (tunneled != 0)
		dp_rewrite_tunnel(w, b, tunneled, back);
	if (fnat != 0)
		dp_rewrite_fnat_in(w, b, fnat, back);
}

/* Replies: the way to the client is remembered in the flow, or looked up and remembered. */
static inline void
rewrite_out(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	unsigned int i;

	BURST_FOREACH(i, mask)
	{
		const struct flow *flow = b->flow[i];

		nat_rewrite(b, i, flow, &dp_real_slots[flow->real], false);
		if (unlikely(flow->route >> 16 != w->net_epoch)) {
			dp_route_client(w, b, i);
			if ((b->live >> i & 1) == 0)
				continue;
		}
		way_write(b, i, (uint32_t)(flow->route & 0xffff), back);
	}
}

/* The word of the first live packet, or 0 where that takes a look-up. */
static inline uint64_t
first_word(const struct burst *b)
{
	unsigned int i = (unsigned int)__builtin_ctzll(b->live);
	const struct flow *flow = b->flow[i];

	if ((b->in >> i & 1) != 0)
		return dp_nh_load(
			atomic_load_explicit(&dp_real_slots[flow->real].nexthop, memory_order_relaxed));
	return dp_nh_load((uint32_t)(flow->route & 0xffff));
}

void
dp_stage_rewrite(struct dp_worker *w, struct burst *b)
{
	struct held_back back = { 0 };
	unsigned int i;

	back.first = b->live != 0 ? first_word(b) : 0;
	b->split = 0;
	if (unlikely(b->syn != 0))
		syns_edit(w, b);
	rewrite_in(w, b, b->live & b->in, &back);
	rewrite_out(w, b, b->live & b->out & ~b->reply, &back);
	if (b->reply != 0)
		dp_rewrite_fnat_out(w, b, b->live & b->reply, &back);
	b->ports_differ = dp_nh_port(back.differ);
	if (unlikely(back.missing != 0)) {
		BURST_FOREACH(i, back.missing)
		nexthop_missing(w, b, i);
	}
	back.unusual = (back.unusual | b->segments) & b->live;
	if (unlikely(back.unusual != 0)) {
		BURST_FOREACH(i, back.unusual)
		frame_unusual(w, b, i);
	}
}
