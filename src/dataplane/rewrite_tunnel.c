/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Put packets into the tunnels to their servers: part of the rewrite stage.
 * Reads:  flow, l3, info, tag.   Writes: the packet; l3, info (of the outer packet), nexthop; live.
 * Drops:  TUNNEL, TOO_BIG, SEGMENTS.   Prefetches: nothing; rewrite.c has fetched both lines below.
 * Cost:   the tunnel's line (tunnel.h), the line before the packet's headers.
 *
 * As Linux IPVS does it: the inner TTL is decremented and goes into the outer header;
 * so do the traffic class and ECN, where "congestion experienced" inside becomes ECT(0)
 * outside (RFC 6040, full functionality); DF as the inner packet has it. A
 * GUE packet's source port comes from the flow's hash, the same for all its packets,
 * so that networks and servers can spread by it.
 *
 * The headers are copied in one piece of fixed length (one for IPv4, one for IPv6) that
 * ends where the packet begins; what is too much of it falls on the Ethernet header that
 * is written after it, and on headroom.
 */
#include "message.h"
#include "rewrite.h"
#include "tunnel.h"

enum {
	TUNNEL_ROOM4 = 40, /* what the longest take over IPv4, in whole words */
	GUE_LEN = 4,
	GRE_SUM_AT = 4,
	GUE_PORT_FIRST = 49152,
	GUE_PORT_MASK = 0x3fff,
};

/* What stands between the outer IP header and the packet is not the same for all packets. */
#define TUNNEL_VARIES (TUNNEL_GUE | TUNNEL_SUM)

/* A tunnel without any of these takes IPv4 over IPv4, and all its packets alike. */
#define TUNNEL_NOT_PLAIN (TUNNEL_V6 | TUNNEL_INNER6 | TUNNEL_VARIES)

/* The first eight bytes of an IPv4 header as one number: version, TOS, total length, identification, DF. */
#define FIRST_VERSION UINT64_C(0x45)
#define FIRST_TOS UINT64_C(0xff00)
#define FIRST_ECN_LOW UINT64_C(0x0100)
#define FIRST_DF (UINT64_C(0x0040) << 48)

enum { FIRST_SHIFT_TOS = 8, FIRST_SHIFT_ID = 32 };

/* What an outer header takes from the packet in it. */
struct inner {
	uint64_t first; /* an outer IPv4 header's, but for version and length */
	uint8_t ttl;
};

static __rte_cold uint32_t
ip_len_read(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 ? IP6_LEN + (uint32_t)rte_bswap16(load16(ip + IP6_PAYLOAD_AT))
			       : rte_bswap16(load16(ip + IP4_TOTAL_AT));
}

static inline uint32_t
tunnel_of(const struct dp_real_slot *real)
{
	return atomic_load_explicit(&real->tunnel, memory_order_acquire);
}

static inline void
outer4_write(uint8_t *ip, uint16_t constant_sum, const struct inner *in, uint32_t total)
{
	/* Exchanged in four bytes, two stand where they belong. */
	uint64_t first = in->first | rte_bswap32(total);

	/* With DF as the highest bit of `first` that can be set, nothing is carried out of this sum. */
	store16(ip + IP4_SUM_AT, (uint16_t)~sum_fold(first + constant_sum + in->ttl));
	store64(ip, first | FIRST_VERSION);
	ip[IP4_TTL_AT] = in->ttl;
}

static inline void
outer6_write(uint8_t *ip, const struct inner *in, uint32_t total)
{
	uint8_t tos = (uint8_t)(in->first >> FIRST_SHIFT_TOS);

	store16(ip, rte_bswap16((uint16_t)(0x6000 | tos << 4)));
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

/* What TUNNEL_VARIES says, once the rest is there: `outer` is outer_write()'s answer. */
static inline void
outer_end_write(const struct rte_mbuf *m, uint8_t *inner, uint8_t *outer, uint32_t flags, uint16_t entropy,
		uint32_t total)
{
	if ((flags & TUNNEL_GUE) != 0) {
		uint8_t *udp = inner - GUE_LEN - UDP_LEN;

		store16(udp, rte_bswap16((uint16_t)(GUE_PORT_FIRST | (entropy & GUE_PORT_MASK))));
		store16(udp + UDP_LEN_AT, rte_bswap16((uint16_t)(total - (uint32_t)(udp - outer))));
	}
	if (unlikely((flags & TUNNEL_SUM) != 0))
		sum_write(m, outer, flags, total);
}

/* All loads before the first store, which might be what they read as far as the compiler knows. */
static inline void
room4_copy(uint8_t *to, const uint8_t *from)
{
	__m128i first = _mm_loadu_si128((const __m128i *)from);
	__m128i second = _mm_loadu_si128((const __m128i *)(from + 16));
	uint64_t third = load64(from + 32);

	_mm_storeu_si128((__m128i *)to, first);
	_mm_storeu_si128((__m128i *)(to + 16), second);
	store64(to + 32, third);
}

/*
 * The outer headers before the packet at `inner`, which lies ETH_LEN behind the frame's begin;
 * the frame begins ETH_LEN before them then. `total`: the length of the outer packet. Returns
 * where that begins.
 */
static inline uint8_t *
outer_write(uint8_t *inner, const struct dp_tunnel_entry *entry, uint32_t len, uint32_t flags,
	    const struct inner *in, uint32_t total)
{
	/* Of its own, since the packet might be the entry as far as the compiler knows. */
	uint16_t ip_sum = entry->ip_sum;
	uint8_t *ip = inner - len;

	if ((flags & TUNNEL_V6) != 0) {
		memcpy(inner - TUNNEL_ROOM, entry->bytes, TUNNEL_ROOM);
		outer6_write(ip, in, total);
	} else {
		room4_copy(inner - TUNNEL_ROOM4, entry->bytes + TUNNEL_ROOM - TUNNEL_ROOM4);
		outer4_write(ip, ip_sum, in, total);
	}
	return ip;
}

/* The packet ends where its header says: without Ethernet's padding. */
static inline void
mbuf_set(struct rte_mbuf *m, uint32_t len, uint32_t total)
{
	uint32_t frame_len = total + ETH_LEN;

	m->data_off = (uint16_t)(m->data_off - len);
	m->data_len = (uint16_t)frame_len;
	m->pkt_len = frame_len;
}

/* The same of any packet, whatever buffers it lies in. */
static __rte_cold uint8_t *
wrap(struct rte_mbuf *m, uint8_t *inner, const struct dp_tunnel_entry *entry, const struct inner *in,
     uint16_t entropy)
{
	uint32_t len = entry->len, flags = entry->flags;
	uint32_t total = len + ip_len_read(inner);
	uint8_t *outer = outer_write(inner, entry, len, flags, in, total);

	if (m->nb_segs == 1) {
		mbuf_set(m, len, total);
	} else {
		m->data_off = (uint16_t)(m->data_off - len);
		m->data_len = (uint16_t)(m->data_len + len);
		m->pkt_len += len;
	}
	if ((flags & TUNNEL_VARIES) != 0)
		outer_end_write(m, inner, outer, flags, entropy, total);
	return outer;
}

/*
 * Reads a packet that is to be put into a tunnel, and takes `hops` from its TTL. `mask`: what
 * an outer header takes from the first eight bytes of an IPv4 header in it.
 */
static inline struct inner
inner_read(uint8_t *ip, bool ip6, uint8_t hops, uint64_t mask, uint16_t id)
{
	struct inner in = { 0 };
	uint64_t first;

	if (ip6) {
		ip[IP6_HOPS_AT] -= hops;
		first = (uint64_t)(uint8_t)(rte_bswap16(load16(ip)) >> 4) << FIRST_SHIFT_TOS;
		in.ttl = ip[IP6_HOPS_AT];
	} else {
		first = load64(ip) & mask;
		in.ttl = hops != 0 ? ttl4_decrement(ip) : ip[IP4_TTL_AT];
	}
	first &= ~(first >> 1 & FIRST_ECN_LOW);
	in.first = first | (uint64_t)id << FIRST_SHIFT_ID;
	return in;
}

/* Workers count in steps, each from its own number, so that no two use the same. */
static inline uint16_t
id_take(struct dp_worker *w)
{
	return w->tunnel_id = (uint16_t)(w->tunnel_id + w->worker_count);
}

static inline uint64_t
first_mask_load(void)
{
	return FIRST_TOS | (atomic_load_explicit(&dp_pmtu_disc, memory_order_relaxed) ? FIRST_DF : 0);
}

/* The lowest bit of a tag is always one. */
static inline uint16_t
entropy_of_tag(uint16_t tag)
{
	return tag >> 1;
}

/* Is packet i too long for the tunnel, or is there too little room before it? */
static inline bool
is_too_long(const struct burst *b, unsigned int i, const struct dp_tunnel_entry *entry)
{
	return b->info[i].ip_len > atomic_load_explicit(&entry->mtu, memory_order_relaxed) ||
	       b->mbuf[i]->data_off < TUNNEL_ROOM;
}

/* Packet i of those that are too long, have too little room before them, or lie in several buffers. */
static __rte_cold void
unusual_wrap(struct dp_worker *w, struct burst *b, unsigned int i, struct held_back *back)
{
	const struct dp_real_slot *real = &dp_real_slots[b->flow[i]->real];
	uint32_t index = tunnel_of(real);
	const struct dp_tunnel_entry *entry = &dp_tunnels[index];
	uint8_t *ip = b->l3[i];
	struct inner in;

	if (is_too_long(b, i, entry)) {
		if (!dp_tunnel_too_long(w, b, i, index))
			return;
		back->unusual |= UINT64_C(1) << i;
	}
	in = inner_read(ip, b->info[i].family6 != 0, 1, first_mask_load(), id_take(w));
	b->info[i] = pkt_info_make(b->info[i].ip_len + (uint32_t)entry->len, b->info[i].event,
				   entry->flags & TUNNEL_V6);
	b->l3[i] = wrap(b->mbuf[i], ip, entry, &in, entropy_of_tag(b->tag[i]));
	way_write(b, i, atomic_load_explicit(&real->nexthop, memory_order_relaxed), back);
}

/*
 * A burst of which all goes in through tunnels, up to the first packet that is unusual or whose
 * tunnel is not plain: what most do, in few instructions. Returns how many.
 */
static inline unsigned int
plain_wrap(struct dp_worker *w, struct burst *b, struct held_back *back)
{
	const struct dp_real_slot *slots = dp_real_slots;
	const struct dp_tunnel_entry *entries = dp_tunnels;
	struct held_back all = *back;
	uint64_t first_mask = first_mask_load();
	uint16_t id = w->tunnel_id, id_step = (uint16_t)w->worker_count;
	unsigned int i, count = b->count;

	for (i = 0; i < count; i++) {
		const struct dp_real_slot *real = &slots[b->flow[i]->real];
		const struct dp_tunnel_entry *entry = &entries[tunnel_of(real)];
		struct rte_mbuf *m = b->mbuf[i];
		uint32_t len = entry->len, total = b->info[i].ip_len + len;
		uint8_t *outer = b->l3[i] - len;
		struct inner in;

		if (unlikely(is_too_long(b, i, entry) || (entry->flags & TUNNEL_NOT_PLAIN) != 0))
			break;
		id = (uint16_t)(id + id_step);
		in = inner_read(b->l3[i], false, 1, first_mask, id);
		outer_write(b->l3[i], entry, len, 0, &in, total);
		mbuf_set(m, len, total);
		b->l3[i] = outer;
		b->info[i] = pkt_info_make(total, 0, 0);
		frame_write(b, i, outer, total, atomic_load_explicit(&real->nexthop, memory_order_relaxed),
			    &all);
	}
	w->tunnel_id = id;
	*back = all;
	return i;
}

/*
 * Packets into whatever tunnels, in a loop without calls, which leaves it all registers; what
 * asks for one comes after them.
 */
static void
mixed_wrap(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	struct held_back all = *back;
	uint64_t first_mask = first_mask_load(), unusual = mask & b->segments, varies = 0;
	uint16_t id = w->tunnel_id, id_step = (uint16_t)w->worker_count;
	uint32_t through[BURST_MAX]; /* of `varies`: a server may be given another tunnel meanwhile */
	unsigned int i;

	BURST_FOREACH(i, mask & ~unusual)
	{
		const struct dp_real_slot *real = &dp_real_slots[b->flow[i]->real];
		uint32_t info = pkt_info_word(&b->info[i]), ip_len = (uint16_t)info;
		uint32_t index = tunnel_of(real), len, flags;
		const struct dp_tunnel_entry *entry = &dp_tunnels[index];
		struct rte_mbuf *m = b->mbuf[i];
		struct inner in;
		uint8_t *outer;

		if (unlikely(is_too_long(b, i, entry))) {
			unusual |= UINT64_C(1) << i;
			continue;
		}
		id = (uint16_t)(id + id_step);
		in = inner_read(b->l3[i], info >> 24 != 0, 1, first_mask, id);
		len = entry->len;
		flags = entry->flags;
		ip_len += len;
		outer = outer_write(b->l3[i], entry, len, flags, &in, ip_len);
		mbuf_set(m, len, ip_len);
		b->l3[i] = outer;
		b->info[i] = pkt_info_make((info & 0xff0000) | ip_len, 0, flags & TUNNEL_V6);
		if ((flags & TUNNEL_VARIES) != 0) {
			varies |= UINT64_C(1) << i;
			through[i] = index;
		}
		frame_write(b, i, outer, ip_len, atomic_load_explicit(&real->nexthop, memory_order_relaxed),
			    &all);
	}
	w->tunnel_id = id;
	*back = all;
	BURST_FOREACH(i, varies)
	{
		const struct dp_tunnel_entry *entry = &dp_tunnels[through[i]];

		outer_end_write(b->mbuf[i], b->l3[i] + entry->len, b->l3[i], entry->flags,
				entropy_of_tag(b->tag[i]), b->info[i].ip_len);
	}
	BURST_FOREACH(i, unusual)
	unusual_wrap(w, b, i, back);
}

void
dp_rewrite_tunnel(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back)
{
	if (mask == burst_all(b->count) && b->segments == 0)
		mask &= ~burst_all(plain_wrap(w, b, back));
	if (mask != 0)
		mixed_wrap(w, b, mask, back);
}

__rte_cold enum sl_drop
dp_tunnel_wrap_into(struct rte_mbuf *m, uint32_t index, uint16_t id, uint16_t entropy)
{
	const struct dp_tunnel_entry *entry = &dp_tunnels[index];
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	uint32_t len = ip_len_read(ip);
	uint64_t first_mask = first_mask_load();
	bool ip6 = ip[0] >> 4 == 6;
	struct inner in;

	if (dp_tunnel_mtu(index) == 0)
		return SL_DROP_TUNNEL;
	if (m->data_off < TUNNEL_ROOM || len + entry->len > UINT16_MAX)
		return SL_DROP_SEGMENTS;
	if (len > dp_tunnel_mtu(index)) {
		/* Its sender is not told, since nobody answers an ICMP error. */
		if ((first_mask & FIRST_DF) != 0 ? !dp_may_be_cut(ip) : ip6)
			return SL_DROP_TOO_BIG;
		first_mask = FIRST_TOS;
	}
	in = inner_read(ip, ip6, 0, first_mask, id);
	(void)wrap(m, ip, entry, &in, entropy);
	return SL_DROP_MAX;
}

__rte_cold bool
dp_tunnel_wrap(struct dp_worker *w, struct rte_mbuf *m, uint32_t slot, uint16_t entropy)
{
	enum sl_drop reason = dp_tunnel_wrap_into(m, tunnel_of(&dp_real_slots[slot]), id_take(w), entropy);

	if (reason != SL_DROP_MAX)
		dp_drop_mbuf(w, m, reason);
	return reason == SL_DROP_MAX;
}
