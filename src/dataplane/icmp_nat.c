/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors on to the other side of their connection, as Linux IPVS translates them.
 *
 * Whoever gets an error must know the packet in it as the one that he sent, so what was
 * rewritten on that packet's way is undone in the quote: addresses and ports, and the
 * checksum of an IPv4 header. The quoted checksum of TCP or UDP stays what it is, as in
 * Linux: it can rarely be checked, and is not. The error itself has its addresses rewritten
 * as a packet of the connection, but where a router is its author and stays it; its TTL
 * goes down, and its checksum is made anew.
 */
#include "icmp.h"

#include "local.h"
#include "message.h"
#include "rewrite.h"

static __rte_cold void
hops_decrement(struct icmp_error *e)
{
	if (e->ip6)
		e->ip[IP6_HOPS_AT]--;
	else
		e->ip[IP4_TTL_AT]--;
}

__rte_cold void
dp_icmp_finish(struct icmp_error *e)
{
	struct rte_mbuf *m = e->b->mbuf[e->i];
	uint32_t len = ICMP_LEN + e->quote_len, ip_len = (uint32_t)(e->icmp - e->ip) + len;
	uint16_t sum;

	m->data_len = (uint16_t)(ETH_LEN + ip_len); /* without Ethernet's padding */
	m->pkt_len = m->data_len;
	hops_decrement(e);
	if (e->ip6) {
		store16(e->ip + IP6_PAYLOAD_AT, rte_cpu_to_be_16((uint16_t)(ip_len - IP6_LEN)));
	} else {
		store16(e->ip + IP4_TOTAL_AT, rte_cpu_to_be_16((uint16_t)ip_len));
		ip4_sum_write(e->ip);
	}
	store16(e->icmp + ICMP_SUM_AT, 0);
	sum = rte_raw_cksum(e->icmp, len);
	if (e->ip6)
		sum = sum_fold((uint64_t)sum + message_pseudo_sum(e->ip, PROTO_ICMP6, len));
	store16(e->icmp + ICMP_SUM_AT, (uint16_t)~sum);
}

static __rte_cold void
addrs_write(uint8_t *ip, bool ip6, const struct sl_addr *src, const struct sl_addr *dst)
{
	unsigned int len = ip6 ? 16 : 4;

	if (src != NULL)
		memcpy(ip + (ip6 ? IP6_SRC_AT : IP4_SRC_AT), src->b + 16 - len, len);
	if (dst != NULL)
		memcpy(ip + (ip6 ? IP6_DST_AT : IP4_DST_AT), dst->b + 16 - len, len);
}

/* The message with these ends, finished, in the family that they have. False: it was dropped. */
static __rte_cold bool
ends_write(struct icmp_error *e, const struct icmp_ends *ends, bool other_family)
{
	if (other_family) {
		int reason = dp_icmp_translate(e, ends);

		if (reason >= 0) {
			dp_drop(e->w, e->b, e->i, (enum sl_drop)reason);
			return false;
		}
	} else {
		addrs_write(e->ip, e->ip6, ends->src, ends->dst);
		addrs_write(e->quote, e->ip6, ends->quoted_src, ends->quoted_dst);
		if (!e->ip6)
			ip4_sum_write(e->quote);
		store16(e->quote + e->quoted.l4_at, ends->sport_be);
		store16(e->quote + e->quoted.l4_at + 2, ends->dport_be);
	}
	dp_icmp_finish(e);
	return true;
}

/* False: it has run out of hops, and was dropped. */
static __rte_cold bool
hops_left(const struct icmp_error *e)
{
	if ((e->ip6 ? e->ip[IP6_HOPS_AT] : e->ip[IP4_TTL_AT]) > 1)
		return true;
	dp_drop(e->w, e->b, e->i, SL_DROP_TTL);
	return false;
}

/* Unchanged but for the hop: DR's server has the VIP itself, the tunnel's too. */
static __rte_cold bool
as_it_is(struct icmp_error *e, const struct flow *flow)
{
	struct flow_hash hash = flow_hash(&e->w->table, &flow->client, flow->client_port_be, flow->proto);

	dp_icmp_finish(e);
	return (flow->flags & FLOW_FWD_MASK) == SL_FWD_DR ||
	       dp_tunnel_wrap(e->w, e->b->mbuf[e->i], flow->real, hash.tag >> 1);
}

__rte_cold void
dp_icmp_to_server(struct icmp_error *e, const struct flow *flow)
{
	const struct dp_real_slot *slot = &dp_real_slots[flow->real];
	struct dp_real_own *own = &e->w->real[flow->real];
	unsigned int method = flow->flags & FLOW_FWD_MASK;
	struct icmp_ends ends = {
		.dst = &slot->addr,
		.quoted_src = &slot->addr,
		.sport_be = flow->real_port_be,
		.dport_be = flow->client_port_be,
	};

	if (!hops_left(e))
		return;
	own->in_packets++;
	own->in_bytes += e->b->info[e->i].ip_len;
	if (method == SL_FWD_FNAT) {
		ends.src = local_addr(flow->local);
		ends.quoted_dst = ends.src;
		ends.dport_be = local_port_be(flow->local);
	}
	if (method == SL_FWD_DR || method == SL_FWD_TUN
		    ? as_it_is(e, flow)
		    : ends_write(e, &ends, (flow->flags & FLOW_NAT64) != 0))
		dp_output_server(e->w, e->b->mbuf[e->i], flow->real);
}

__rte_cold void
dp_icmp_to_client(struct icmp_error *e, const struct flow *flow)
{
	struct dp_real_own *own = &e->w->real[flow->real];
	struct icmp_ends ends = {
		.src = &flow->vip,
		.dst = &flow->client,
		.quoted_src = &flow->client,
		.quoted_dst = &flow->vip,
		.sport_be = flow->client_port_be,
		.dport_be = flow->vip_port_be,
	};

	if (!hops_left(e))
		return;
	own->out_packets++;
	own->out_bytes += e->b->info[e->i].ip_len;
	if (ends_write(e, &ends, (flow->flags & FLOW_NAT64) != 0))
		dp_output(e->w, e->b->mbuf[e->i]);
}
