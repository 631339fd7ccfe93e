/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Make every packet what its receiver expects.
 * Reads:  flow, l3, l4, in, info, syn, method.   Writes: the packet; nexthop, ports_differ; live, split.
 * Drops:  NO_ROUTE, NEIGH_FAILED, NEIGH_QUEUE_FULL, TOO_BIG, SEGMENTS, TUNNEL.   Prefetches: nothing.
 * Cost:   the server's line, the next hop's word, the packet's header.
 *
 * NAT in writes the server's address and port over the VIP's, out the VIP's over
 * the server's; DR changes nothing but the TTL. Checksums change by sums that
 * were made with the server (real.h); a UDP checksum of 0 stays, a result of 0
 * is sent as 0xffff. What TUN does is in rewrite_tunnel.c. The L2 header is a next
 * hop's word and the port's own MAC: at first that of the first packet's port, since
 * bursts leave by one; frames_sort() writes others over it.
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

static inline uint32_t
nexthop_of(const struct dp_real_slot *real)
{
	return atomic_load_explicit(&real->nexthop, memory_order_relaxed);
}

/* What rewrite_tunnel.c will need of a packet. */
static inline void
tunnel_fetch(const struct burst *b, unsigned int i, const struct dp_real_slot *real)
{
	rte_prefetch0(&dp_tunnels[atomic_load_explicit(&real->tunnel, memory_order_relaxed)]);
	/* Nobody has touched the line before the packet yet. */
	__builtin_prefetch(b->l3[i] - TUNNEL_ROOM, 1);
}

static inline void
rewrite_in(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	struct held_back all = *back;
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
			tunnel_fetch(b, i, real);
			continue;
		} else {
			fnat |= UINT64_C(1) << i;
			continue;
		}
		way_write(b, i, nexthop_of(real), &all);
	}
	*back = all;
	if (tunneled != 0)
		dp_rewrite_tunnel(w, b, tunneled, back);
	if (fnat != 0)
		dp_rewrite_fnat_in(w, b, fnat, back);
}

/* A burst of which all goes in by DR. */
static inline void
rewrite_all_dr(struct burst *b, struct held_back *back)
{
	const struct dp_real_slot *slots = dp_real_slots;
	struct held_back all = *back;

	for (unsigned int i = 0, count = b->count; i < count; i++) {
		ttl_decrement(b, i);
		way_write(b, i, nexthop_of(&slots[b->flow[i]->real]), &all);
	}
	*back = all;
}

/* ... through tunnels. */
static inline void
rewrite_all_tunnel(struct dp_worker *w, struct burst *b, struct held_back *back)
{
	const struct dp_real_slot *slots = dp_real_slots;

	for (unsigned int i = 0, count = b->count; i < count; i++)
		tunnel_fetch(b, i, &slots[b->flow[i]->real]);
	dp_rewrite_tunnel(w, b, b->live, back);
}

/* Replies: the way to the client is remembered in the flow, or looked up and remembered. */
static inline void
rewrite_out(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	struct held_back all = *back;
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
		way_write(b, i, (uint32_t)(flow->route & 0xffff), &all);
	}
	*back = all;
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

/*
 * Where packets leave by several ports, or by a next hop that cannot be used: L2 headers and MTUs
 * by each one's own port. Returns those that cannot leave.
 */
static uint64_t
frames_sort(struct burst *b, struct held_back *back)
{
	uint64_t missing = 0;
	unsigned int i;

	BURST_FOREACH(i, b->live)
	{
		uint64_t word = b->nexthop[i];
		const struct dp_port_l2 *l2 = &dp_ports_l2[dp_nh_port(word)];

		l2_write(b->l3[i], word, l2);
		back->unusual |= (uint64_t)(b->info[i].ip_len > l2->mtu) << i;
		missing |= (uint64_t)((word & DP_NH_VALID) == 0) << i;
	}
	return missing;
}

static inline void
methods_rewrite(struct dp_worker *w, struct burst *b, struct held_back *back)
{
	switch (b->method) {
	case SL_FWD_DR:
		rewrite_all_dr(b, back);
		return;
	case SL_FWD_TUN:
		rewrite_all_tunnel(w, b, back);
		return;
	case SL_FWD_FNAT:
		dp_rewrite_fnat_in(w, b, b->live, back);
		return;
	default:
		rewrite_in(w, b, b->live & b->in, back);
		rewrite_out(w, b, b->live & b->out & ~b->reply, back);
		if (b->reply != 0)
			dp_rewrite_fnat_out(w, b, b->live & b->reply, back);
	}
}

void
dp_stage_rewrite(struct dp_worker *w, struct burst *b)
{
	uint64_t word = b->live != 0 ? first_word(b) : 0, missing = 0;
	struct held_back back = { .any = word, .all = word, .l2 = dp_ports_l2[dp_nh_port(word)] };
	unsigned int i;

	b->split = 0;
	if (unlikely(b->syn != 0))
		syns_edit(w, b);
	methods_rewrite(w, b, &back);
	b->ports_differ = dp_nh_port(back.any ^ back.all);
	if (unlikely(b->ports_differ != 0 || (back.all & DP_NH_VALID) == 0))
		missing = frames_sort(b, &back);
	BURST_FOREACH(i, missing)
	nexthop_missing(w, b, i);
	back.unusual = (back.unusual | b->segments) & b->live;
	if (unlikely(back.unusual != 0)) {
		BURST_FOREACH(i, back.unusual)
		frame_unusual(w, b, i);
	}
}
