/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers to packets that go no further; answer.h says which and when.
 *
 * A packet is looked at as a question: where it came in, its header, its transport
 * header. An answer is a buffer of its own, made whole with its checksums and sent by the
 * route to whoever asked (dp_output). Where it can be seen, Linux is followed: TTL 64;
 * ICMP errors with precedence 6 (IPv4), without DF, 576 or 1280 bytes at most; resets
 * with DF, identification 0, the class of the segment without ECN.
 */
#include "answer.h"

#include "ip_headers.h"
#include "local.h"
#include "message.h"
#include "port.h"
#include "sl_addr.h"

enum {
	ICMP_LEN = 8, /* of an error without its quote */
	ICMP_SUM_AT = 2,
	ICMP_MTU4_AT = 6, /* 16 bits, RFC 1191 */
	ICMP_MTU6_AT = 4, /* 32 bits */
	ICMP4_MAX = 576,
	ICMP6_MAX = 1280,
	ANSWER_TTL = 64,
	TOS_ERROR = 0xc0, /* precedence: internetwork control */
	TOS_KEPT = 0x1e,
	ECN_MASK = 3,
	PROTO_ICMP = 1,
	PROTO_ICMP6 = 58,
	TCP_SEQ_AT = 4,
	TCP_ACK_AT = 8,
	TCP_WINDOW_AT = 14,
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_ACK = 16,
};

/* An ICMP error's type and code in either family. */
struct error {
	uint8_t type4, code4, type6, code6;
};

static const struct error port_unreachable = { 3, 3, 1, 4 };
static const struct error time_exceeded = { 11, 0, 3, 0 };
static const struct error too_big = { 3, 4, 2, 0 };

struct question {
	const struct rte_mbuf *m;
	unsigned int port; /* where it came in */
	const uint8_t *ip;
	uint32_t ip_at, ip_len;
	bool ip6, whole;         /* whole: no fragment */
	bool rewritten;          /* the Ethernet header is not the one it came with */
	uint8_t proto;           /* of l4 */
	const uint8_t *l4;       /* NULL: unknown, and not needed */
	struct sl_addr src, dst; /* as it came in */
};

/* ---- what may be answered ---- */

/*
 * The answer's source: the address that the packet was for, or else one of the port's, of the
 * receiver's subnet if there is such. False: there is none.
 */
static __rte_cold bool
source_find(const struct dp_worker *w, const struct question *q, struct sl_addr *ret_src)
{
	const struct sl_prefix *own = w->snapshot->own[q->port];
	bool found = (addr_table_find(w->snapshot->addrs, &q->dst) & (ADDR_VIP | ADDR_OWN)) != 0;

	if (found) {
		*ret_src = q->dst;
		return true;
	}
	for (unsigned int n = 0; n < DP_OWN_MAX && own[n].len != 0; n++) {
		if (sl_addr_is_v4(&own[n].addr) == q->ip6)
			continue;
		if (sl_prefix_contains(&own[n], &q->src)) {
			*ret_src = own[n].addr;
			return true;
		}
		if (!found)
			*ret_src = own[n].addr;
		found = true;
	}
	return found;
}

/* RFC 1122 3.2.2: neither to nobody nor to many, nor about errors or what many have received. */
static __rte_cold bool
is_answerable(const struct dp_worker *w, const struct question *q)
{
	return (q->rewritten || (rte_pktmbuf_mtod(q->m, const uint8_t *)[0] & 1) == 0) &&
	       (q->proto == SL_PROTO_TCP || q->proto == SL_PROTO_UDP) && !dp_source_is_bad(w, &q->src);
}

/* What a host checks before it looks for somebody to receive the packet. Fragments cannot be. */
static __rte_cold bool
transport_is_right(const struct question *q)
{
	uint32_t l4_at = (uint32_t)(q->l4 - q->ip), len = q->ip_len - l4_at;

	if (!q->whole || (q->proto == SL_PROTO_UDP && load16(q->l4 + UDP_SUM_AT) == 0))
		return true;
	if (q->proto == SL_PROTO_UDP)
		len = rte_be_to_cpu_16(load16(q->l4 + UDP_LEN_AT));
	return sum_fold((uint64_t)message_sum(q->m, q->ip_at + l4_at, len) +
			message_pseudo_sum(q->ip, q->proto, len)) == MESSAGE_SUM_OK;
}

static __rte_cold bool
service_is_silent(const struct dp_worker *w, const struct question *q)
{
	struct dp_service_key key = {
		.vip = q->dst,
		.port = rte_be_to_cpu_16(load16(q->l4 + 2)),
		.proto = q->proto,
	};
	uint32_t slot = service_table_find(w->snapshot->services, &key);

	return slot != 0 && (w->snapshot->svc[slot]->options & DP_SERVICE_SILENT) != 0;
}

/* ---- making it ---- */

/* A packet of `len` bytes behind ETH_LEN, all zero, its IP header written but for IPv4's checksum. */
static __rte_cold struct rte_mbuf *
packet_make(struct dp_worker *w, const struct question *q, const struct sl_addr *src, uint8_t proto,
	    uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(q->m->pool);
	uint8_t *ip;

	w->count.generated++;
	if (m == NULL) {
		w->count.drops++;
		w->count.drop[SL_DROP_NO_MBUF]++;
		return NULL;
	}
	ip = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(ETH_LEN + len));
	if (ip == NULL) {
		dp_drop_mbuf(w, m, SL_DROP_NO_MBUF);
		return NULL;
	}
	memset(ip, 0, ETH_LEN + len);
	ip += ETH_LEN;
	if (q->ip6) {
		ip[0] = 0x60;
		store16(ip + IP6_PAYLOAD_AT, rte_cpu_to_be_16((uint16_t)(len - IP6_LEN)));
		ip[IP6_NEXT_AT] = proto;
		ip[IP6_HOPS_AT] = ANSWER_TTL;
		memcpy(ip + IP6_SRC_AT, src->b, 16);
		memcpy(ip + IP6_DST_AT, q->src.b, 16);
	} else {
		ip[0] = 0x45;
		store16(ip + IP4_TOTAL_AT, rte_cpu_to_be_16((uint16_t)len));
		ip[IP4_TTL_AT] = ANSWER_TTL;
		ip[IP4_PROTO_AT] = proto;
		memcpy(ip + IP4_SRC_AT, src->b + 12, 4);
		memcpy(ip + IP4_DST_AT, q->src.b + 12, 4);
	}
	return m;
}

static __rte_cold void
packet_send(struct dp_worker *w, struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);

	if (ip[0] >> 4 == 4)
		ip4_sum_write(ip);
	w->count.answered++;
	dp_output(w, m);
}

/* The packet, as much of it as may be quoted; the caller has room for `len` bytes. */
static __rte_cold void
quote(const struct question *q, uint8_t *to, uint32_t len)
{
	const uint8_t *bytes = rte_pktmbuf_read(q->m, q->ip_at, len, to);

	if (bytes != NULL && bytes != to)
		memcpy(to, bytes, len);
}

/* Addresses and ports of a quoted packet, in case a rewrite has changed them. */
struct original {
	const struct sl_addr *src, *dst;
	uint16_t sport_be, dport_be;
	bool hop_taken;
};

/* Undoes a rewrite in the quote of `len` bytes. */
static __rte_cold void
quote_restore(const struct question *q, const struct original *o, uint8_t *ip, uint32_t len)
{
	unsigned int hops_at = q->ip6 ? (unsigned int)IP6_HOPS_AT : (unsigned int)IP4_TTL_AT;
	unsigned int l4_at = q->l4 != NULL ? (unsigned int)(q->l4 - q->ip) : len;
	unsigned int sum_at =
		l4_at + (q->proto == SL_PROTO_TCP ? (unsigned int)TCP_SUM_AT : (unsigned int)UDP_SUM_AT);
	uint64_t delta;

	ip[hops_at] = (uint8_t)(ip[hops_at] + o->hop_taken);
	if (q->ip6) {
		delta = bytes_rewrite(ip + IP6_SRC_AT, o->src->b, 16);
		delta += bytes_rewrite(ip + IP6_DST_AT, o->dst->b, 16);
	} else {
		delta = bytes_rewrite(ip + IP4_SRC_AT, o->src->b + 12, 4);
		delta += bytes_rewrite(ip + IP4_DST_AT, o->dst->b + 12, 4);
		ip4_sum_write(ip);
	}
	if (l4_at + UDP_LEN > len)
		return;
	delta += bytes_rewrite(ip + l4_at, &o->sport_be, 2);
	delta += bytes_rewrite(ip + l4_at + 2, &o->dport_be, 2);
	if (sum_at + 2 <= len && (q->proto == SL_PROTO_TCP || load16(ip + sum_at) != 0))
		store16(ip + sum_at, sum_update(load16(ip + sum_at), sum_fold(delta)));
}

static __rte_cold void
error_send(struct dp_worker *w, const struct question *q, const struct error *error, uint32_t mtu,
	   const struct original *original)
{
	uint32_t header = q->ip6 ? (uint32_t)IP6_LEN : (uint32_t)IP4_LEN;
	uint32_t most = q->ip6 ? (uint32_t)ICMP6_MAX : (uint32_t)ICMP4_MAX;
	uint32_t len = header + ICMP_LEN + RTE_MIN(q->ip_len, most - header - ICMP_LEN);
	uint8_t proto = q->ip6 ? (uint8_t)PROTO_ICMP6 : (uint8_t)PROTO_ICMP;
	struct sl_addr src;
	struct rte_mbuf *m;
	uint8_t *ip, *icmp;
	uint16_t sum;

	if (!is_answerable(w, q) || !source_find(w, q, &src) || !dp_answer_allowed(w, ANSWER_ICMP, &q->src))
		return;
	m = packet_make(w, q, &src, proto, len);
	if (m == NULL)
		return;
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	icmp = ip + header;
	icmp[0] = q->ip6 ? error->type6 : error->type4;
	icmp[1] = q->ip6 ? error->code6 : error->code4;
	if (q->ip6) {
		store32(icmp + ICMP_MTU6_AT, rte_cpu_to_be_32(mtu));
	} else {
		store16(icmp + ICMP_MTU4_AT, rte_cpu_to_be_16((uint16_t)mtu));
		ip[1] = (uint8_t)((q->ip[1] & TOS_KEPT) | TOS_ERROR);
		store16(ip + IP4_ID_AT, rte_cpu_to_be_16(++w->answer_id));
	}
	quote(q, icmp + ICMP_LEN, len - header - ICMP_LEN);
	if (original != NULL)
		quote_restore(q, original, icmp + ICMP_LEN, len - header - ICMP_LEN);
	sum = rte_raw_cksum(icmp, len - header);
	if (q->ip6)
		sum = sum_fold((uint64_t)sum + message_pseudo_sum(ip, proto, len - header));
	store16(icmp + ICMP_SUM_AT, (uint16_t)~sum);
	packet_send(w, m);
}

/* RFC 9293 3.10.7.1: the reset that a host sends to a segment of no connection. */
static __rte_cold void
reset_send(struct dp_worker *w, const struct question *q)
{
	uint32_t header = q->ip6 ? (uint32_t)IP6_LEN : (uint32_t)IP4_LEN;
	uint32_t segment = q->ip_len - (uint32_t)(q->l4 - q->ip);
	uint8_t flags = q->l4[TCP_FLAGS_AT];
	struct sl_addr src;
	struct rte_mbuf *m;
	uint8_t *ip, *tcp;

	if ((flags & TCP_RST) != 0 || !q->whole || !is_answerable(w, q) || !source_find(w, q, &src) ||
	    !dp_answer_allowed(w, ANSWER_RESET, &q->src))
		return;
	m = packet_make(w, q, &src, SL_PROTO_TCP, header + TCP_LEN);
	if (m == NULL)
		return;
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	tcp = ip + header;
	if (q->ip6) {
		ip[0] |= (q->ip[0] & 0x0f);
		ip[1] = (uint8_t)(q->ip[1] & 0xf0 & ~(ECN_MASK << 4));
	} else {
		ip[1] = (uint8_t)(q->ip[1] & ~ECN_MASK);
		store16(ip + IP4_FRAG_AT, RTE_BE16(0x4000));
	}
	store16(tcp, load16(q->l4 + 2));
	store16(tcp + 2, load16(q->l4));
	if ((flags & TCP_ACK) != 0) {
		store32(tcp + TCP_SEQ_AT, load32(q->l4 + TCP_ACK_AT));
		tcp[TCP_FLAGS_AT] = TCP_RST;
	} else {
		uint32_t payload = segment - (q->l4[TCP_OFFSET_AT] >> 4) * 4u;
		uint32_t next = rte_be_to_cpu_32(load32(q->l4 + TCP_SEQ_AT)) + payload +
				((flags & TCP_SYN) != 0) + ((flags & TCP_FIN) != 0);

		store32(tcp + TCP_ACK_AT, rte_cpu_to_be_32(next));
		tcp[TCP_FLAGS_AT] = TCP_RST | TCP_ACK;
	}
	tcp[TCP_OFFSET_AT] = TCP_LEN / 4 << 4;
	store16(tcp + TCP_SUM_AT,
		(uint16_t)~sum_fold(sum_bytes(tcp, TCP_LEN) + message_pseudo_sum(ip, SL_PROTO_TCP, TCP_LEN)));
	packet_send(w, m);
}

/* ---- reasons ---- */

static __rte_cold void
closed_answer(struct dp_worker *w, const struct question *q)
{
	if (dp_ports[q->port].conf.closed_drop || !transport_is_right(q))
		return;
	if (q->proto == SL_PROTO_TCP)
		reset_send(w, q);
	else
		error_send(w, q, &port_unreachable, 0, NULL);
}

static __rte_cold void
stray_answer(struct dp_worker *w, const struct question *q)
{
	if (q->proto == SL_PROTO_TCP && !service_is_silent(w, q) && transport_is_right(q))
		reset_send(w, q);
}

static __rte_cold void
no_server_answer(struct dp_worker *w, const struct question *q)
{
	if (!service_is_silent(w, q) && transport_is_right(q))
		error_send(w, q, &port_unreachable, 0, NULL);
}

static __rte_cold void
answer(struct dp_worker *w, const struct question *q, enum sl_drop reason)
{
	if (reason == SL_DROP_TTL)
		error_send(w, q, &time_exceeded, 0, NULL);
	else if (q->l4 == NULL)
		return;
	else if (reason == SL_DROP_NO_SERVICE)
		closed_answer(w, q);
	else if (reason == SL_DROP_NO_CONNECTION)
		stray_answer(w, q);
	else if (reason == SL_DROP_NO_SERVER)
		no_server_answer(w, q);
}

/* ---- packets ---- */

/* False: not the beginning of a packet. */
static __rte_cold bool
question_read(struct question *q, uint32_t seen)
{
	struct ip_headers h;

	if (!dp_ip_headers_read(q->ip, seen, &h) || h.later)
		return false;
	q->ip_at = (uint32_t)(q->ip - rte_pktmbuf_mtod(q->m, const uint8_t *));
	q->ip_len = h.ip_len;
	q->ip6 = h.ip6;
	q->whole = !h.fragment;
	q->proto = h.proto;
	q->src = h.src;
	q->dst = h.dst;
	if (q->proto == SL_PROTO_TCP ? h.l4_at + TCP_LEN <= seen
				     : q->proto == SL_PROTO_UDP && h.l4_at + UDP_LEN <= seen)
		q->l4 = q->ip + h.l4_at;
	return true;
}

static __rte_cold bool
row_read(const struct burst *b, unsigned int i, struct question *q)
{
	const struct rte_mbuf *m = b->mbuf[i];
	uint32_t at = (uint32_t)(b->l3[i] - rte_pktmbuf_mtod(m, uint8_t *));

	*q = (struct question){
		.m = m,
		.port = b->owned != 0 ? m->port : b->port,
		.ip = b->l3[i],
	};
	return (b->headless >> i & 1) == 0 && question_read(q, m->data_len - at);
}

static __rte_cold bool
mbuf_read(const struct rte_mbuf *m, struct question *q)
{
	*q = (struct question){
		.m = m,
		.port = m->port,
		.ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_LEN),
	};
	return question_read(q, m->data_len - (uint32_t)ETH_LEN);
}

/* Packet i of this flow before any rewrite. */
static __rte_cold struct original
original_of(const struct flow *flow, bool out)
{
	const struct dp_real_slot *real = &dp_real_slots[flow->real];
	unsigned int method = flow->flags & FLOW_FWD_MASK;
	bool full = method == SL_FWD_FNAT;
	/* Tunnels and NAT64 look at the length first. */
	bool taken = method != SL_FWD_TUN && (flow->flags & FLOW_NAT64) == 0;

	if (!out)
		return (struct original){ &flow->client, &flow->vip, flow->client_port_be, flow->vip_port_be,
					  taken };
	return (struct original){ &real->addr, full ? local_addr(flow->local) : &flow->client,
				  flow->real_port_be,
				  full ? local_port_be(flow->local) : flow->client_port_be, taken };
}

__rte_cold void
dp_answer_too_big(struct dp_worker *w, const struct burst *b, unsigned int i, uint32_t mtu)
{
	struct original original = original_of(b->flow[i], (b->out >> i & 1) != 0);
	struct question q;

	if (!row_read(b, i, &q))
		return;
	q.src = *original.src;
	q.dst = *original.dst;
	q.rewritten = true;
	error_send(w, &q, &too_big, mtu, &original);
}

__rte_cold void
dp_answer_drop(struct dp_worker *w, struct burst *b, unsigned int i, enum sl_drop reason)
{
	struct question q;

	if (row_read(b, i, &q))
		answer(w, &q, reason);
	dp_drop(w, b, i, reason);
}

__rte_cold void
dp_answer_too_big_mbuf(struct dp_worker *w, const struct rte_mbuf *m, uint32_t mtu)
{
	struct question q;

	if (mbuf_read(m, &q))
		error_send(w, &q, &too_big, mtu, NULL);
}

__rte_cold void
dp_answer_drop_mbuf(struct dp_worker *w, struct rte_mbuf *m, enum sl_drop reason)
{
	struct question q;

	if (mbuf_read(m, &q))
		answer(w, &q, reason);
	dp_drop_mbuf(w, m, reason);
}
