/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full NAT: both sides of the tuple change.
 * Reads:  flow, l3, l4, info.   Writes: the packet; nexthop, ports_differ; live.
 * Drops:  TRANSLATE, and what rewrite.c drops.   Prefetches: nothing.
 * Cost:   NAT's, and the local address's line, one of a few for all packets.
 *
 * In, the client's address and port become the local ones and the VIP's become the
 * server's; out, the server's become the VIP's and the local ones the client's. What
 * VIP and server have to do with checksums is in the server's sums (real.h); what
 * client and local address differ by is added up here.
 *
 * Connections between families and those whose server is still to be told of the
 * client (nat64.c, toa.c) are told apart by a flag of the flow.
 */
#include "rewrite.h"

#include "local.h"
#include "nat64.h"
#include "toa.h"

/* What a checksum changes by where the words of one address are replaced by those of another. */
static inline uint64_t
sum_change(const uint8_t *from, const uint8_t *to, bool ip6)
{
	uint64_t sum = 0;

	for (unsigned int at = ip6 ? 0 : 12; at < 16; at += 4)
		sum += (uint64_t)(uint32_t)~load32(from + at) + load32(to + at);
	return sum;
}

/* Writes both addresses and ports; the sums are of the server's side. */
static inline void
tuple_write(struct burst *b, unsigned int i, const struct sl_addr *src, const struct sl_addr *dst,
	    uint32_t ports, uint64_t change, uint16_t l4_sum, uint16_t ip_sum, uint32_t port_change,
	    uint8_t proto)
{
	uint8_t *ip = b->l3[i], *l4 = b->l4[i];

	if (b->info[i].family6 != 0) {
		memcpy(ip + IP6_SRC_AT, src->b, 16);
		memcpy(ip + IP6_DST_AT, dst->b, 16);
		ip[IP6_HOPS_AT]--;
	} else {
		memcpy(ip + IP4_SRC_AT, src->b + 12, 4);
		memcpy(ip + IP4_DST_AT, dst->b + 12, 4);
		ip[IP4_TTL_AT]--;
		store16(ip + IP4_SUM_AT, sum_update(load16(ip + IP4_SUM_AT), sum_fold(change + ip_sum)));
	}
	store32(l4, ports);
	l4_sum_update(l4, proto, sum_fold(change + port_change + l4_sum));
}

static inline void
rewrite_one_in(struct burst *b, unsigned int i, const struct flow *flow, const struct dp_real_slot *real)
{
	const struct sl_addr *local = local_addr(flow->local);
	uint16_t port_be = local_port_be(flow->local);
	uint64_t change = sum_change(flow->client.b, local->b, b->info[i].family6 != 0);

	tuple_write(b, i, local, &real->addr, port_be | (uint32_t)flow->real_port_be << 16, change,
		    real->l4_in, real->ip_in, (uint32_t)(uint16_t)~flow->client_port_be + port_be,
		    flow->proto);
}

static inline void
rewrite_one_out(struct burst *b, unsigned int i, const struct flow *flow, const struct dp_real_slot *real)
{
	const struct sl_addr *local = local_addr(flow->local);
	uint16_t port_be = local_port_be(flow->local);
	uint64_t change = sum_change(local->b, flow->client.b, b->info[i].family6 != 0);

	tuple_write(b, i, &flow->vip, &flow->client, flow->vip_port_be | (uint32_t)flow->client_port_be << 16,
		    change, real->l4_out, real->ip_out, (uint32_t)(uint16_t)~port_be + flow->client_port_be,
		    flow->proto);
}

/* Packets of flows between families, or that tell the server of the client. False: dropped. */
static __rte_cold bool
rewrite_rare(struct dp_worker *w, struct burst *b, unsigned int i, bool in)
{
	struct flow *flow = b->flow[i];
	const struct dp_real_slot *real = &dp_real_slots[flow->real];

	if (!in && (flow->flags & FLOW_TOA) != 0)
		dp_toa_reply(w, b, i);
	if ((flow->flags & FLOW_NAT64) != 0) {
		if (!dp_nat64_packet(w, b, i))
			return false;
	} else if (in) {
		rewrite_one_in(b, i, flow, real);
	} else {
		rewrite_one_out(b, i, flow, real);
	}
	if (in && (flow->flags & FLOW_TOA) != 0)
		dp_toa_add(w, b, i);
	return true;
}

void
dp_rewrite_fnat_in(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	unsigned int i;

	BURST_FOREACH(i, mask)
	{
		const struct flow *flow = b->flow[i];
		const struct dp_real_slot *real = &dp_real_slots[flow->real];

		if (likely((flow->flags & (FLOW_TOA | FLOW_NAT64)) == 0))
			rewrite_one_in(b, i, flow, real);
		else if (!rewrite_rare(w, b, i, true))
			continue;
		way_write(b, i, atomic_load_explicit(&real->nexthop, memory_order_relaxed), back);
	}
}

void
dp_rewrite_fnat_out(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	unsigned int i;

	BURST_FOREACH(i, mask)
	{
		const struct flow *flow = b->flow[i];

		if (likely((flow->flags & (FLOW_TOA | FLOW_NAT64)) == 0))
			rewrite_one_out(b, i, flow, &dp_real_slots[flow->real]);
		else if (!rewrite_rare(w, b, i, false))
			continue;
		if (unlikely(flow->route >> 16 != w->net_epoch)) {
			dp_route_client(w, b, i);
			if ((b->live >> i & 1) == 0)
				continue;
		}
		way_write(b, i, (uint32_t)(flow->route & 0xffff), back);
	}
}
