/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Put packets into the tunnels to their servers: part of the rewrite stage.
 * Reads:  flow, l3, info, tag.   Writes: the packet; l3, info (of the outer packet), nexthop; live.
 * Drops:  TUNNEL, TOO_BIG, SEGMENTS.   Prefetches: the tunnel's line.
 * Cost:   the tunnel's line (tunnel.h), the line before the packet's headers.
 *
 * As Linux IPVS does it: the inner TTL is decremented and goes into the outer header;
 * so do the traffic class and ECN, where "congestion experienced" inside becomes ECT(0)
 * outside (RFC 6040, full functionality); DF as the inner packet has it. A
 * GUE packet's source port comes from the flow's hash, the same for all its packets,
 * so that networks and servers can spread by it.
 *
 * The headers are copied in one piece of fixed length that ends where the packet
 * begins; what is too much of it falls on the Ethernet header that is written
 * after it, and on headroom.
 */
#include "message.h"
#include "rewrite.h"
#include "tunnel.h"

#include <rte_prefetch.h>

enum {
	GUE_LEN = 4,
	GRE_SUM_AT = 4,
	GUE_PORT_FIRST = 49152,
	GUE_PORT_MASK = 0x3fff,
	IP4_DF_BE = 0x0040, /* of the 16 bits at IP4_FRAG_AT */
	IP4_TOS_AT = 1,
};

/* What an outer header takes from the packet. */
struct outside {
	uint32_t len; /* of the outer packet */
	uint16_t df_be, id;
	uint16_t port_be; /* of GUE's source */
	uint8_t tos, ttl;
};

static inline uint32_t
tunnel_of(const struct flow *flow)
{
	return atomic_load_explicit(&dp_real_slots[flow->real].tunnel, memory_order_acquire);
}

static inline uint8_t
traffic_class(const uint8_t *ip, bool ip6)
{
	return ip6 ? (uint8_t)(rte_bswap16(load16(ip)) >> 4) : ip[IP4_TOS_AT];
}

static inline void
outer4_write(uint8_t *ip, const struct dp_tunnel_entry *entry, const struct outside *o)
{
	uint16_t total_be = rte_bswap16((uint16_t)o->len);
	uint32_t sum =
		entry->ip_sum + (uint32_t)total_be + ((uint32_t)o->tos << 8) + o->id + o->df_be + o->ttl;

	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	store32(ip, 0x45u | (uint32_t)o->tos << 8 | (uint32_t)total_be << 16);
	store32(ip + 4, o->id | (uint32_t)o->df_be << 16);
	ip[IP4_TTL_AT] = o->ttl;
	store16(ip + IP4_SUM_AT, (uint16_t)~sum);
}

static inline void
outer6_write(uint8_t *ip, const struct outside *o)
{
	store16(ip, rte_bswap16((uint16_t)(0x6000 | o->tos << 4)));
	store16(ip + IP6_PAYLOAD_AT, rte_bswap16((uint16_t)(o->len - IP6_LEN)));
	ip[IP6_HOPS_AT] = o->ttl;
}

/* The tunnel's own checksum, over all that follows the outer IP header. It reads the whole packet. */
static __rte_noinline void
sum_write(const struct rte_mbuf *m, uint8_t *ip, uint8_t flags, uint32_t len)
{
	uint32_t header = (flags & TUNNEL_V6) != 0 ? (uint32_t)IP6_LEN : (uint32_t)IP4_LEN;
	uint16_t sum = message_sum(m, ETH_LEN + header, len - header);

	if ((flags & TUNNEL_GUE) != 0) {
		sum = (uint16_t)~sum_fold((uint64_t)sum + message_pseudo_sum(ip, SL_PROTO_UDP, len - header));
		store16(ip + header + UDP_SUM_AT, sum != 0 ? sum : 0xffff);
	} else {
		store16(ip + header + GRE_SUM_AT, (uint16_t)~sum);
	}
}

/*
 * The outer headers before `inner`, which lies ETH_LEN behind the packet's begin; the
 * packet begins ETH_LEN before them then, and ends where they say. Returns them.
 */
static inline uint8_t *
wrap(struct rte_mbuf *m, uint8_t *inner, const struct dp_tunnel_entry *entry, const struct outside *o)
{
	uint8_t *ip = inner - entry->len;

	memcpy(inner - TUNNEL_ROOM, entry->bytes, TUNNEL_ROOM);
	if ((entry->flags & TUNNEL_V6) != 0)
		outer6_write(ip, o);
	else
		outer4_write(ip, entry, o);
	m->data_off -= entry->len;
	if (likely(m->nb_segs == 1)) {
		/* Without Ethernet's padding. */
		m->data_len = (uint16_t)(o->len + ETH_LEN);
		m->pkt_len = o->len + ETH_LEN;
	} else {
		m->data_len += entry->len;
		m->pkt_len += entry->len;
	}
	if ((entry->flags & TUNNEL_GUE) != 0) {
		uint8_t *udp = inner - GUE_LEN - UDP_LEN;

		store16(udp, o->port_be);
		store16(udp + UDP_LEN_AT, rte_bswap16((uint16_t)(o->len - (uint32_t)(udp - ip))));
	}
	if ((entry->flags & TUNNEL_SUM) != 0)
		sum_write(m, ip, entry->flags, o->len);
	return ip;
}

/* From the inner header, after its TTL was decremented. */
static inline struct outside
outside_make(struct dp_worker *w, const uint8_t *ip, bool ip6, uint32_t len, uint16_t entropy,
	     uint16_t df_mask)
{
	uint8_t tos = traffic_class(ip, ip6);

	/* Workers count in steps, each from its own number, so that no two use the same. */
	w->tunnel_id = (uint16_t)(w->tunnel_id + w->worker_count);
	return (struct outside){
		.len = len,
		.df_be = ip6 ? 0 : load16(ip + IP4_FRAG_AT) & df_mask,
		.id = w->tunnel_id,
		.port_be = rte_bswap16((uint16_t)(GUE_PORT_FIRST | (entropy & GUE_PORT_MASK))),
		.tos = tos & (uint8_t) ~(tos & tos >> 1 & 1),
		.ttl = ip6 ? ip[IP6_HOPS_AT] : ip[IP4_TTL_AT],
	};
}

static inline uint16_t
df_mask_load(void)
{
	return atomic_load_explicit(&dp_pmtu_disc, memory_order_relaxed) ? IP4_DF_BE : 0;
}

/* The lowest bit of a tag is always one. */
static inline uint16_t
entropy_of_tag(uint16_t tag)
{
	return tag >> 1;
}

void
dp_rewrite_tunnel(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	uint16_t df_mask = df_mask_load();
	unsigned int i;

	BURST_FOREACH(i, mask)
	rte_prefetch0(&dp_tunnels[tunnel_of(b->flow[i])]);
	BURST_FOREACH(i, mask)
	{
		const struct flow *flow = b->flow[i];
		uint32_t index = tunnel_of(flow), len = b->info[i].ip_len;
		const struct dp_tunnel_entry *entry = &dp_tunnels[index];
		bool ip6 = b->info[i].family6 != 0;
		struct rte_mbuf *m = b->mbuf[i];
		struct outside o;

		/* First, because an answer to the sender takes a hop that has gone for granted. */
		ttl_decrement(b, i);
		if (unlikely(len > dp_tunnel_mtu(index) || m->data_off < TUNNEL_ROOM)) {
			if (!dp_tunnel_too_long(w, b, i, index))
				continue;
			back->unusual |= UINT64_C(1) << i;
		}
		o = outside_make(w, b->l3[i], ip6, len + entry->len, entropy_of_tag(b->tag[i]), df_mask);
		b->l3[i] = wrap(m, b->l3[i], entry, &o);
		b->info[i] = pkt_info_make(o.len, b->info[i].event, (entry->flags & TUNNEL_V6) != 0);
		way_write(b, i,
			  atomic_load_explicit(&dp_real_slots[flow->real].nexthop, memory_order_relaxed),
			  back);
	}
}

__rte_cold bool
dp_tunnel_wrap(struct dp_worker *w, struct rte_mbuf *m, uint32_t slot, uint16_t entropy)
{
	uint32_t index = atomic_load_explicit(&dp_real_slots[slot].tunnel, memory_order_acquire), len;
	const struct dp_tunnel_entry *entry = &dp_tunnels[index];
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	bool ip6 = ip[0] >> 4 == 6;
	struct outside o;

	len = ip6 ? IP6_LEN + (uint32_t)rte_bswap16(load16(ip + IP6_PAYLOAD_AT))
		  : rte_bswap16(load16(ip + IP4_TOTAL_AT));
	if (dp_tunnel_mtu(index) == 0) {
		dp_drop_mbuf(w, m, SL_DROP_TUNNEL);
		return false;
	}
	if (m->data_off < TUNNEL_ROOM || len + entry->len > UINT16_MAX) {
		dp_drop_mbuf(w, m, SL_DROP_SEGMENTS);
		return false;
	}
	o = outside_make(w, ip, ip6, len + entry->len, entropy,
			 len > dp_tunnel_mtu(index) ? 0 : df_mask_load());
	(void)wrap(m, ip, entry, &o);
	return true;
}
