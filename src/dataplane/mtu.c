/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is too long for its way: answered with the length that fits, or cut up.
 *
 * An IPv4 packet without DF may be cut up, and so may a tunnel's outer packet, of
 * either family, where the packet in it may (RFC 791, RFC 8200 4.5). All
 * other packets that are too long are dropped, and whoever sent them is told the MTU.
 *
 * Cutting up happens as a packet is sent, so that its pieces leave in its place. Each
 * piece is a copy in one buffer of its own: pieces are rare, and librte_ip_frag's
 * functions drop the identification of IPv6 and want single buffers. A packet that
 * is itself a fragment keeps its offset and its "more fragments".
 *
 * Workers only, all cold.
 */
#include "answer.h"
#include "ip_headers.h"
#include "rewrite.h"
#include "tunnel.h"

enum {
	IP4_DF_BE = 0x0040, /* of the 16 bits at IP4_FRAG_AT */
	IP4_OFFSET_MASK = 0x1fff,
	IP4_MORE = 0x2000,
	IP4_OPTION_END = 0,
	IP4_OPTION_NOP = 1,
	IP4_OPTION_COPIED = 0x80,
	FRAGMENT_LEN = 8, /* IPv6's header */
	FRAGMENT_MORE = 1,
	PROTO_FRAGMENT = 44,
	UNIT = 8, /* offsets count in this */
};

/* ---- what becomes of it ---- */

__rte_cold bool
dp_may_be_cut(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 && (load16(ip + IP4_FRAG_AT) & IP4_DF_BE) == 0;
}

__rte_cold bool
dp_too_long(struct dp_worker *w, struct burst *b, unsigned int i, uint32_t mtu)
{
	if (dp_may_be_cut(b->l3[i]))
		return true;
	dp_answer_too_big(w, b, i, mtu);
	dp_drop(w, b, i, SL_DROP_TOO_BIG);
	return false;
}

__rte_cold bool
dp_tunnel_too_long(struct dp_worker *w, struct burst *b, unsigned int i, uint32_t index)
{
	uint32_t mtu = dp_tunnel_mtu(index), len = b->info[i].ip_len;
	bool ip6 = b->info[i].family6 != 0;

	if (mtu == 0) {
		dp_drop(w, b, i, SL_DROP_TUNNEL);
		return false;
	}
	if (b->mbuf[i]->data_off < TUNNEL_ROOM) {
		dp_drop(w, b, i, SL_DROP_SEGMENTS);
		return false;
	}
	if (len + dp_tunnel_overhead(index) > UINT16_MAX) {
		dp_drop(w, b, i, SL_DROP_TOO_BIG);
		return false;
	}
	if (!ip6 && !atomic_load_explicit(&dp_pmtu_disc, memory_order_relaxed))
		return true;
	return dp_too_long(w, b, i, mtu);
}

/* How packet i has been rewritten. */
static __rte_cold unsigned int
method_of(const struct burst *b, unsigned int i)
{
	return b->flow[i]->flags & FLOW_FWD_MASK;
}

/* How long pieces of packet i may be, as far as the path is known beyond the port. */
static __rte_cold uint32_t
path_mtu(const struct burst *b, unsigned int i)
{
	uint32_t index;

	if (method_of(b, i) != SL_FWD_TUN)
		return UINT16_MAX;
	index = atomic_load_explicit(&dp_real_slots[b->flow[i]->real].tunnel, memory_order_acquire);
	return dp_tunnel_mtu(index) + dp_tunnel_overhead(index);
}

/*
 * A packet that is in a tunnel, or has another family or length than it came with, can
 * no longer be quoted: whoever wrapped or translated it has asked before. What meets it here
 * is a way that has just changed.
 */
__rte_cold uint32_t
dp_rewritten_too_long(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int port)
{
	uint32_t mtu = RTE_MIN((uint32_t)dp_ports[port].mtu, path_mtu(b, i));
	unsigned int method = method_of(b, i);

	if (b->info[i].ip_len <= mtu)
		return 0;
	/* By full NAT an option is added only where there is room for it. */
	if (method != SL_FWD_TUN && (b->flow[i]->flags & FLOW_NAT64) == 0)
		return dp_too_long(w, b, i, mtu) ? mtu : 0;
	/* Into a tunnel, or translated from IPv4: it was asked then whether it may be cut. */
	if (dp_may_be_cut(b->l3[i]) || b->l3[i][0] >> 4 == 6)
		return mtu;
	dp_drop(w, b, i, SL_DROP_TOO_BIG);
	return 0;
}

/* ---- cutting up ---- */

/* A packet that is being cut up. */
struct whole {
	const struct rte_mbuf *m;
	const uint8_t *ip;
	uint32_t header; /* bytes that every piece begins with, but for IPv6's fragment header */
	uint32_t end;    /* of the packet, from `ip` */
	uint32_t chunk;  /* what a piece takes of the rest, a multiple of UNIT */
	bool ip6;
	/* of IPv6: */
	uint32_t id;
	uint32_t skip; /* FRAGMENT_LEN, where it is a fragment (translated from IPv4); that one's: */
	uint32_t base; /* offset */
	bool more;
	uint8_t next;
};

static __rte_cold void
fragment6_read(struct whole *p, struct dp_worker *w)
{
	const uint8_t *fragment = p->ip + IP6_LEN;
	uint32_t field;

	p->next = p->ip[IP6_NEXT_AT];
	if (p->next != PROTO_FRAGMENT) {
		p->id = w->split_id += w->worker_count;
		return;
	}
	field = rte_be_to_cpu_16(load16(fragment + 2));
	p->next = fragment[0];
	p->base = field & ~(uint32_t)(UNIT - 1);
	p->more = (field & FRAGMENT_MORE) != 0;
	p->id = rte_be_to_cpu_32(load32(fragment + 4));
	p->skip = FRAGMENT_LEN;
}

static __rte_cold bool
whole_read(struct whole *p, struct dp_worker *w, const struct rte_mbuf *m, uint32_t mtu)
{
	uint32_t room = rte_pktmbuf_data_room_size(m->pool), own;

	p->m = m;
	p->ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_LEN);
	p->ip6 = p->ip[0] >> 4 == 6;
	p->header = p->ip6 ? (uint32_t)IP6_LEN : (p->ip[0] & 15) * 4u;
	p->end = p->ip6 ? IP6_LEN + rte_be_to_cpu_16(load16(p->ip + IP6_PAYLOAD_AT))
			: rte_be_to_cpu_16(load16(p->ip + IP4_TOTAL_AT));
	own = p->header + (p->ip6 ? (uint32_t)FRAGMENT_LEN : 0);
	if (room < RTE_PKTMBUF_HEADROOM + ETH_LEN + own + UNIT)
		return false;
	mtu = RTE_MIN(mtu, room - RTE_PKTMBUF_HEADROOM - ETH_LEN);
	p->chunk = mtu > own ? (mtu - own) & ~(uint32_t)(UNIT - 1) : 0;
	p->skip = p->base = p->next = 0;
	p->more = false;
	if (p->ip6)
		fragment6_read(p, w);
	return p->chunk != 0 && p->end <= m->pkt_len - ETH_LEN;
}

/* RFC 791 3.1: only options that say so are in all pieces. The others' places stay, as no operation. */
static __rte_cold void
options_blank(uint8_t *ip, uint32_t header)
{
	uint32_t at = IP4_LEN, len;

	for (; at < header && ip[at] != IP4_OPTION_END; at += len) {
		len = 1;
		if (ip[at] == IP4_OPTION_NOP)
			continue;
		if (at + 1 >= header || ip[at + 1] < 2 || at + ip[at + 1] > header)
			return;
		len = ip[at + 1];
		if ((ip[at] & IP4_OPTION_COPIED) == 0)
			memset(ip + at, IP4_OPTION_NOP, len);
	}
}

/* The header of the piece that takes `len` bytes from `at` of what follows the whole's header. */
static __rte_cold void
piece4_header(const struct whole *p, uint8_t *ip, uint32_t at, uint32_t len)
{
	uint16_t frag = rte_be_to_cpu_16(load16(p->ip + IP4_FRAG_AT));
	bool last = p->header + at + len == p->end;

	if ((frag & IP4_OFFSET_MASK) + at != 0)
		options_blank(ip, p->header);
	frag = (uint16_t)((frag & IP4_MORE) | ((frag & IP4_OFFSET_MASK) + at / UNIT) | (last ? 0 : IP4_MORE));
	store16(ip + IP4_TOTAL_AT, rte_cpu_to_be_16((uint16_t)(p->header + len)));
	store16(ip + IP4_FRAG_AT, rte_cpu_to_be_16(frag));
	ip4_sum_write(ip);
}

static __rte_cold void
piece6_header(const struct whole *p, uint8_t *ip, uint32_t at, uint32_t len)
{
	bool last = p->header + p->skip + at + len == p->end && !p->more;

	store16(ip + IP6_PAYLOAD_AT, rte_cpu_to_be_16((uint16_t)(FRAGMENT_LEN + len)));
	ip[IP6_NEXT_AT] = PROTO_FRAGMENT;
	ip += IP6_LEN;
	ip[0] = p->next;
	ip[1] = 0;
	store16(ip + 2, rte_cpu_to_be_16((uint16_t)((p->base + at) | (last ? 0 : FRAGMENT_MORE))));
	store32(ip + 4, rte_cpu_to_be_32(p->id));
}

/* NULL: no buffer. */
static __rte_cold struct rte_mbuf *
piece_make(const struct whole *p, uint32_t at, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(p->m->pool);
	uint32_t own = p->header + (p->ip6 ? (uint32_t)FRAGMENT_LEN : 0);
	const uint8_t *payload;
	uint8_t *frame;

	if (m == NULL)
		return NULL;
	m->port = p->m->port;
	frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(ETH_LEN + own + len));
	memcpy(frame, p->ip - ETH_LEN, ETH_LEN + p->header);
	payload = rte_pktmbuf_read(p->m, ETH_LEN + p->header + p->skip + at, len, frame + ETH_LEN + own);
	if (payload != frame + ETH_LEN + own)
		memcpy(frame + ETH_LEN + own, payload, len);
	if (p->ip6)
		piece6_header(p, frame + ETH_LEN, at, len);
	else
		piece4_header(p, frame + ETH_LEN, at, len);
	return m;
}

/*
 * The packet counts as one of its pieces; the others are generated. When buffers run out
 * it counts as the one that is dropped, and what has left has left.
 */
__rte_cold void
dp_send_split(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, uint32_t mtu)
{
	struct whole p;

	if (!whole_read(&p, w, m, mtu)) {
		dp_drop_mbuf(w, m, SL_DROP_TOO_BIG);
		return;
	}
	for (uint32_t at = 0, len; p.header + p.skip + at < p.end; at += len) {
		struct rte_mbuf *piece;

		len = RTE_MIN(p.chunk, p.end - p.header - p.skip - at);
		piece = piece_make(&p, at, len);
		if (piece == NULL) {
			w->count.generated += at != 0;
			dp_drop_mbuf(w, m, SL_DROP_NO_MBUF);
			return;
		}
		w->count.generated += at != 0;
		dp_transmit_one(w, port, piece);
	}
	rte_pktmbuf_free(m);
}

__rte_cold void
dp_split_packet(struct dp_worker *w, struct burst *b, unsigned int i)
{
	unsigned int port = dp_nh_port(b->nexthop[i]);

	dp_send_split(w, b->mbuf[i], port, RTE_MIN((uint32_t)dp_ports[port].mtu, path_mtu(b, i)));
}
