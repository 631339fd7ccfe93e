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

/* A checksum after a change whose one's complement sum is `change`, not folded. */
static inline uint16_t
sum_apply(uint16_t checksum, uint64_t change)
{
	return (uint16_t)~sum_fold(change + (uint16_t)~checksum);
}

/* What a checksum changes by where one address stands instead of another. */
static inline uint64_t
sum_change4(const struct sl_addr *from, const struct sl_addr *to)
{
	return (uint64_t)(uint32_t)~load32(from->b + 12) + load32(to->b + 12);
}

static inline uint64_t
sum_change6(const struct sl_addr *from, const struct sl_addr *to)
{
	uint64_t sum = 0;

	for (unsigned int at = 0; at < 16; at += 4)
		sum += (uint64_t)(uint32_t)~load32(from->b + at) + load32(to->b + at);
	return sum;
}

/* Ports, and the transport checksum under what has changed. A UDP checksum of 0 stays. */
static inline void
ports_write(uint8_t *l4, uint32_t ports, uint64_t change, uint8_t proto)
{
	store32(l4, ports);
	if (likely(proto == SL_PROTO_TCP)) {
		store16(l4 + TCP_SUM_AT, sum_apply(load16(l4 + TCP_SUM_AT), change));
	} else {
		uint16_t old = load16(l4 + UDP_SUM_AT), sum = sum_apply(old, change);

		if (old != 0)
			store16(l4 + UDP_SUM_AT, sum != 0 ? sum : 0xffff);
	}
}

/*
 * Writes both addresses and ports. `from` and `to` are what changes besides the server's
 * side, whose sums stand in the slot; `l4_sum` has the ports' part in it.
 */
static inline void
tuple_write(struct burst *b, unsigned int i, const struct sl_addr *src, const struct sl_addr *dst,
	    uint32_t ports, const struct sl_addr *from, const struct sl_addr *to, uint32_t l4_sum,
	    uint16_t ip_sum, uint8_t proto)
{
	uint8_t *ip = b->l3[i];
	uint64_t change;

	if (b->info[i].family6 == 0) {
		change = sum_change4(from, to);
		store64(ip + IP4_SRC_AT, load32(src->b + 12) | (uint64_t)load32(dst->b + 12) << 32);
		ip[IP4_TTL_AT]--;
		store16(ip + IP4_SUM_AT, sum_apply(load16(ip + IP4_SUM_AT), change + ip_sum));
	} else {
		change = sum_change6(from, to);
		memcpy(ip + IP6_SRC_AT, src->b, 16);
		memcpy(ip + IP6_DST_AT, dst->b, 16);
		ip[IP6_HOPS_AT]--;
	}
	ports_write(b->l4[i], ports, change + l4_sum, proto);
}

static inline void
rewrite_one_in(struct burst *b, unsigned int i, const struct flow *flow, const struct dp_real_slot *real)
{
	const struct sl_addr *local = local_addr(flow->local);
	uint16_t port_be = local_port_be(flow->local);

	tuple_write(b, i, local, &real->addr, port_be | (uint32_t)flow->real_port_be << 16, &flow->client,
		    local, (uint32_t)(uint16_t)~flow->client_port_be + port_be + real->l4_in, real->ip_in,
		    flow->proto);
}

static inline void
rewrite_one_out(struct burst *b, unsigned int i, const struct flow *flow, const struct dp_real_slot *real)
{
	const struct sl_addr *local = local_addr(flow->local);
	uint16_t port_be = local_port_be(flow->local);

	tuple_write(b, i, &flow->vip, &flow->client, flow->vip_port_be | (uint32_t)flow->client_port_be << 16,
		    local, &flow->client, (uint32_t)(uint16_t)~port_be + flow->client_port_be + real->l4_out,
		    real->ip_out, flow->proto);
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

/* Fragments of clients that used the same identification would be mixed up by the server (RFC 6864, 5.3). */
static __rte_cold void
fragments_number(struct burst *b, uint64_t mask)
{
	unsigned int i;

	BURST_FOREACH(i, mask)
	{
		uint8_t *ip = b->l3[i];
		uint16_t id_be = rte_cpu_to_be_16(mbuf_note(b->mbuf[i])->id), before = load16(ip + IP4_ID_AT);

		if (b->info[i].family6 != 0)
			continue;
		store16(ip + IP4_ID_AT, id_be);
		store16(ip + IP4_SUM_AT,
			sum_apply(load16(ip + IP4_SUM_AT), (uint64_t)(uint16_t)~before + id_be));
	}
}

void
dp_rewrite_fnat_in(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	struct held_back all = *back;
	unsigned int i;

	if (unlikely((b->gathered & mask) != 0))
		fragments_number(b, b->gathered & mask);
	BURST_FOREACH(i, mask)
	{
		const struct flow *flow = b->flow[i];
		const struct dp_real_slot *real = &dp_real_slots[flow->real];

		if (likely((flow->flags & (FLOW_TOA | FLOW_NAT64)) == 0))
			rewrite_one_in(b, i, flow, real);
		else if (!rewrite_rare(w, b, i, true))
			continue;
		way_write(b, i, atomic_load_explicit(&real->nexthop, memory_order_relaxed), &all);
	}
	*back = all;
}

void
dp_rewrite_fnat_out(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	struct held_back all = *back;
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
		way_write(b, i, (uint32_t)(flow->route & 0xffff), &all);
	}
	*back = all;
}
