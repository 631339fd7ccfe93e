/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about the box's own tunnel packets, as Linux IPVS relays them.
 *
 * A router on the way to a tunnel's end, or that end, tells the box; who should know is
 * the client whose packet was in the tunnel. If the quote shows that packet's headers, and
 * its connection exists, the message becomes one from the VIP about it, with the MTU that
 * is left inside the tunnel. The path's MTU is learned as well, for whichever packet
 * comes next; where the quote ends before the inner headers (RFC 792 promises but eight
 * bytes of them) this is all that can be done, and the tunnel's two ends are what has to
 * be right. Of a quoted packet that can be read and belongs to nobody nothing is learned.
 *
 * The message is made over in its own buffer, so it counts as forwarded, but within the
 * limits of what the box answers. A flow by TUN may be any worker's: side.c.
 */
#include "icmp.h"

#include "answer_rate.h"
#include "tunnel.h"

enum {
	IP4_DF_BE = 0x0040, /* of the 16 bits at IP4_FRAG_AT */
	RELAY_TTL = 64,
	TOS_ERROR = 0xc0,
};

/* The packet in the tunnel packet, as far as it is quoted. */
struct inner {
	uint8_t *ip;
	uint32_t len;
	struct ip_headers headers;
	uint16_t sport_be, dport_be;
};

static __rte_cold bool
inner_read(const struct icmp_error *e, uint32_t at, struct inner *inner)
{
	if (at >= e->quote_len)
		return false;
	inner->ip = e->quote + at;
	inner->len = e->quote_len - at;
	return dp_ip_headers_read(inner->ip, inner->len, &inner->headers) &&
	       dp_icmp_ports_read(inner->ip, inner->len, &inner->headers, &inner->sport_be, &inner->dport_be);
}

/* The connection of a packet that was put into this tunnel. */
static __rte_cold bool
inner_has_flow(struct dp_worker *w, const struct inner *inner, uint32_t tunnel)
{
	uint8_t proto = inner->headers.proto;
	struct pkt_key key = {
		.client = inner->headers.src,
		.other = inner->headers.dst,
		.ports = inner->sport_be | (uint64_t)inner->dport_be << KEY_SHIFT_VIP_PORT |
			 (uint64_t)proto << KEY_SHIFT_PROTO,
	};
	const struct flow *flow =
		dp_flow_find_slow(w, &key, true, flow_hash(&w->table, &key.client, inner->sport_be, proto));

	return flow != NULL && (flow->flags & FLOW_FWD_MASK) == SL_FWD_TUN &&
	       atomic_load_explicit(&dp_real_slots[flow->real].tunnel, memory_order_acquire) == tunnel;
}

__rte_cold uint32_t
dp_icmp_mtu_told(const uint8_t *icmp, bool ip6)
{
	uint32_t rest = rte_be_to_cpu_32(load32(icmp + ICMP_REST_AT));

	if (ip6)
		return icmp[0] == ICMP6_TOO_BIG ? rest : 0;
	return icmp[0] == ICMP4_UNREACHABLE && icmp[1] == ICMP4_TOO_BIG_CODE ? rest & 0xffff : 0;
}

__rte_cold bool
dp_icmp_tunnel_word(const uint8_t *icmp, bool ip6, const uint8_t *inner, bool inner6, uint32_t tunnel,
		    struct icmp_word *ret_word)
{
	struct icmp_word word = { .type = icmp[0], .code = icmp[1] };

	if (dp_icmp_mtu_told(icmp, ip6) != 0) {
		*ret_word = (struct icmp_word){
			.type = inner6 ? (uint8_t)ICMP6_TOO_BIG : (uint8_t)ICMP4_UNREACHABLE,
			.code = inner6 ? 0 : (uint8_t)ICMP4_TOO_BIG_CODE,
			.rest = dp_tunnel_mtu(tunnel),
		};
		/* What may be cut up will be. */
		return inner6 || (load16(inner + IP4_FRAG_AT) & IP4_DF_BE) != 0;
	}
	if (ip6 ? word.type != ICMP6_UNREACHABLE && word.type != ICMP6_EXCEEDED
		: (word.type != ICMP4_UNREACHABLE || word.code == ICMP4_TOO_BIG_CODE) &&
			    word.type != ICMP4_EXCEEDED)
		return false; /* about the outer header, which the sender has not written */
	if (inner6 == ip6) {
		*ret_word = word;
		return true;
	}
	return inner6 ? dp_icmp_word_to6(&word, ret_word) : dp_icmp_word_to4(&word, ret_word);
}

/* The VIP's own error about the inner packet, in the place of headers that nobody needs any more. */
static __rte_cold void
relay(struct icmp_error *e, const struct inner *inner, const struct icmp_word *word)
{
	struct rte_mbuf *m = e->b->mbuf[e->i];
	bool ip6 = inner->headers.ip6;
	uint32_t header = ip6 ? (uint32_t)IP6_LEN : (uint32_t)IP4_LEN;
	uint32_t most = (ip6 ? (uint32_t)ICMP6_MAX : (uint32_t)ICMP4_MAX) - header - ICMP_LEN;
	uint32_t before = (uint32_t)(inner->ip - rte_pktmbuf_mtod(m, uint8_t *));

	e->ip6 = ip6;
	e->quote = inner->ip;
	e->quote_len = RTE_MIN(inner->len, most);
	e->icmp = e->quote - ICMP_LEN;
	e->ip = e->icmp - header;
	/* An outer header, ICMP's and a tunnel's were there: always room for these. */
	rte_pktmbuf_adj(m, (uint16_t)(before - header - ICMP_LEN - ETH_LEN));
	memset(e->ip, 0, header + ICMP_LEN);
	e->icmp[0] = word->type;
	e->icmp[1] = word->code;
	store32(e->icmp + ICMP_REST_AT, rte_cpu_to_be_32(word->rest));
	if (ip6) {
		e->ip[0] = 0x60;
		e->ip[IP6_NEXT_AT] = PROTO_ICMP6;
		e->ip[IP6_HOPS_AT] = RELAY_TTL + 1;
		memcpy(e->ip + IP6_SRC_AT, inner->headers.dst.b, 16);
		memcpy(e->ip + IP6_DST_AT, inner->headers.src.b, 16);
	} else {
		e->ip[0] = 0x45;
		e->ip[1] = TOS_ERROR;
		store16(e->ip + IP4_ID_AT, rte_cpu_to_be_16(++e->w->answer_id));
		e->ip[IP4_TTL_AT] = RELAY_TTL + 1;
		e->ip[IP4_PROTO_AT] = PROTO_ICMP4;
		memcpy(e->ip + IP4_SRC_AT, inner->headers.dst.b + 12, 4);
		memcpy(e->ip + IP4_DST_AT, inner->headers.src.b + 12, 4);
	}
	dp_icmp_finish(e);
	dp_output(e->w, m);
}

__rte_cold bool
dp_icmp_tunnel(struct icmp_error *e)
{
	uint32_t inner_at, index = dp_tunnel_find(e->quote, e->quote_len, &inner_at), mtu;
	struct dp_worker *w = e->w;
	struct icmp_word word;
	struct inner inner;

	if (index == 0)
		return false;
	mtu = dp_icmp_mtu_told(e->icmp, e->ip6);
	if (!inner_read(e, inner_at, &inner)) {
		if (mtu != 0)
			dp_tunnel_mtu_learn(index, mtu);
		dp_drop(w, e->b, e->i, SL_DROP_ICMP_IGNORED);
		return true;
	}
	/* The box is nobody's client but for its checks (probe_error.c). */
	if ((addr_table_find(w->snapshot->addrs, &inner.headers.src) & (ADDR_OWN | ADDR_VIP)) == ADDR_OWN)
		return false;
	if (!inner_has_flow(w, &inner, index)) {
		if (!dp_side_search(w, e->b, e->i))
			dp_drop(w, e->b, e->i, SL_DROP_ICMP_NO_FLOW);
		return true;
	}
	if (mtu != 0)
		dp_tunnel_mtu_learn(index, mtu);
	if (dp_icmp_tunnel_word(e->icmp, e->ip6, inner.ip, inner.headers.ip6, index, &word) &&
	    dp_answer_allowed(w, ANSWER_ICMP, &inner.headers.src))
		relay(e, &inner, &word);
	else
		dp_drop(w, e->b, e->i, SL_DROP_ICMP_IGNORED);
	return true;
}
