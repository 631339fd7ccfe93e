/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Put packets into the tunnels to their servers: part of the rewrite stage.
 * Reads:  flow, l3, info, tag.   Writes: the packet; l3, info (of the outer packet), nexthop; live.
 * Drops:  TUNNEL, TOO_BIG, SEGMENTS.   Prefetches: nothing; rewrite.c has fetched the tunnel's line.
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

enum {
	GUE_LEN = 4,
	GRE_SUM_AT = 4,
	GUE_PORT_FIRST = 49152,
	GUE_PORT_MASK = 0x3fff,
	IP4_DF_BE = 0x0040, /* of the 16 bits at IP4_FRAG_AT */
	IP4_TOS_AT = 1,
};

/* What an outer header takes from the packet in it. */
struct inner {
	uint16_t df_be, id;
	uint16_t entropy;
	uint8_t tos, ttl;
};

static inline uint32_t
tunnel_of(const struct dp_real_slot *real)
{
	return atomic_load_explicit(&real->tunnel, memory_order_acquire);
}

static inline void
outer4_write(uint8_t *ip, uint16_t constant_sum, const struct inner *in, uint32_t total)
{
	uint16_t total_be = rte_bswap16((uint16_t)total);
	uint32_t tos = (uint32_t)in->tos << 8;
	uint32_t sum = constant_sum + (uint32_t)total_be + tos + in->id + in->df_be + in->ttl;

	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	store32(ip, 0x45u | tos | (uint32_t)total_be << 16);
	store32(ip + 4, in->id | (uint32_t)in->df_be << 16);
	ip[IP4_TTL_AT] = in->ttl;
	store16(ip + IP4_SUM_AT, (uint16_t)~sum);
}

static inline void
outer6_write(uint8_t *ip, const struct inner *in, uint32_t total)
{
	store16(ip, rte_bswap16((uint16_t)(0x6000 | in->tos << 4)));
	store16(ip + IP6_PAYLOAD_AT, rte_bswap16((uint16_t)(total - IP6_LEN)));
	ip[IP6_HOPS_AT] = in->ttl;
}

/* The tunnel's own checksum, over all that follows the outer IP header. It reads the whole packet. */
static __rte_noinline void
sum_write(const struct rte_mbuf *m, uint8_t *ip, uint32_t flags, uint32_t len)
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
 * The outer headers before the packet at `inner`, which lies ETH_LEN behind the frame's begin;
 * the frame begins ETH_LEN before them then, and ends where they say. `total`: the length of
 * the outer packet. Returns where that begins.
 */
static inline uint8_t *
wrap(struct rte_mbuf *m, uint8_t *inner, const struct dp_tunnel_entry *entry, const struct inner *in,
     uint32_t total)
{
	/* Of its own, since the packet might be the entry as far as the compiler knows. */
	uint32_t len = entry->len, flags = entry->flags;
	uint16_t ip_sum = entry->ip_sum;
	uint8_t *ip = inner - len;

	memcpy(inner - TUNNEL_ROOM, entry->bytes, TUNNEL_ROOM);
	if ((flags & TUNNEL_V6) != 0)
		outer6_write(ip, in, total);
	else
		outer4_write(ip, ip_sum, in, total);
	m->data_off = (uint16_t)(m->data_off - len);
	if (likely(m->nb_segs == 1)) {
		/* Without Ethernet's padding. */
		m->data_len = (uint16_t)(total + ETH_LEN);
		m->pkt_len = total + ETH_LEN;
	} else {
		m->data_len = (uint16_t)(m->data_len + len);
		m->pkt_len += len;
	}
	if ((flags & TUNNEL_GUE) != 0) {
		uint8_t *udp = inner - GUE_LEN - UDP_LEN;

		store16(udp, rte_bswap16((uint16_t)(GUE_PORT_FIRST | (in->entropy & GUE_PORT_MASK))));
		store16(udp + UDP_LEN_AT, rte_bswap16((uint16_t)(total - (uint32_t)(udp - ip))));
	}
	if (unlikely((flags & TUNNEL_SUM) != 0))
		sum_write(m, ip, flags, total);
	return ip;
}

/* Reads a packet that is to be put into a tunnel, and takes `hops` from its TTL. */
static inline struct inner
inner_read(struct dp_worker *w, uint8_t *ip, bool ip6, uint8_t hops, uint16_t df_mask)
{
	struct inner in = { 0 };

	if (ip6) {
		ip[IP6_HOPS_AT] -= hops;
		in.tos = (uint8_t)(rte_bswap16(load16(ip)) >> 4);
		in.ttl = ip[IP6_HOPS_AT];
	} else {
		if (hops != 0)
			ttl4_decrement(ip);
		in.tos = ip[IP4_TOS_AT];
		in.ttl = ip[IP4_TTL_AT];
		in.df_be = load16(ip + IP4_FRAG_AT) & df_mask;
	}
	in.tos &= (uint8_t) ~(in.tos & in.tos >> 1 & 1);
	/* Workers count in steps, each from its own number, so that no two use the same. */
	in.id = w->tunnel_id = (uint16_t)(w->tunnel_id + w->worker_count);
	return in;
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

	/* Nobody has touched the line before the packet yet. */
	BURST_FOREACH(i, mask)
	__builtin_prefetch(b->l3[i] - TUNNEL_ROOM, 1);
	BURST_FOREACH(i, mask)
	{
		const struct dp_real_slot *real = &dp_real_slots[b->flow[i]->real];
		uint32_t index = tunnel_of(real), len = b->info[i].ip_len;
		const struct dp_tunnel_entry *entry = &dp_tunnels[index];
		struct rte_mbuf *m = b->mbuf[i];
		struct pkt_info info;
		struct inner in;

		if (unlikely(len > dp_tunnel_mtu(index) || m->data_off < TUNNEL_ROOM)) {
			if (!dp_tunnel_too_long(w, b, i, index))
				continue;
			back->unusual |= UINT64_C(1) << i;
		}
		in = inner_read(w, b->l3[i], b->info[i].family6 != 0, 1, df_mask);
		in.entropy = entropy_of_tag(b->tag[i]);
		len += entry->len;
		info = pkt_info_make(len, b->info[i].event, (entry->flags & TUNNEL_V6) != 0);
		b->l3[i] = wrap(m, b->l3[i], entry, &in, len);
		b->info[i] = info;
		way_write(b, i, atomic_load_explicit(&real->nexthop, memory_order_relaxed), back);
	}
}

__rte_cold bool
dp_tunnel_wrap(struct dp_worker *w, struct rte_mbuf *m, uint32_t slot, uint16_t entropy)
{
	uint32_t index = tunnel_of(&dp_real_slots[slot]), len;
	const struct dp_tunnel_entry *entry = &dp_tunnels[index];
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	uint16_t df_mask = df_mask_load();
	bool ip6 = ip[0] >> 4 == 6;
	struct inner in;

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
	if (len > dp_tunnel_mtu(index)) {
		/* Its sender is not told, since nobody answers an ICMP error. */
		if (df_mask != 0 ? !dp_may_be_cut(ip) : ip6) {
			dp_drop_mbuf(w, m, SL_DROP_TOO_BIG);
			return false;
		}
		df_mask = 0;
	}
	in = inner_read(w, ip, ip6, 0, df_mask);
	in.entropy = entropy;
	(void)wrap(m, ip, entry, &in, len + entry->len);
	return true;
}
