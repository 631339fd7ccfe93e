/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT64: headers between the families as RFC 7915 has it, for flows by full NAT whose
 * client and VIP are IPv6 and whose server and local address are IPv4.
 *
 * Nothing is kept here: each packet is translated by itself, in its own buffer, whose
 * beginning moves. A fragment header and IPv4's fragment fields say the same and
 * become one another, so fragments need no reassembly; only a UDP datagram without a
 * checksum must be whole, since IPv6 wants one. A packet that is too long for its way once it
 * is translated is answered with the length that would do, before it is touched.
 */
#include "nat64.h"

#include "answer.h"
#include "message.h"
#include "rewrite.h"

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_ICMP6 = 58,
	PROTO_DEST_OPTIONS = 60,
	EXT_HEADERS_MAX = 8,
	EXT_MIN = 8, /* of any extension header */
	FRAGMENT_LEN = 8,
	FRAGMENT_ID_AT = 4,
	IP4_DF = 0x4000,
	IP4_MORE = 0x2000,
	IP4_OFFSET = 0x1fff,
	OPT4_END = 0,
	OPT4_NOP = 1,
	OPT4_LOOSE_ROUTE = 131,
	OPT4_STRICT_ROUTE = 137,
	DF_LONGER_THAN = 1260, /* IPv6 packets that may be fragmented on their way in IPv4 are not longer */
};

/* ---- IPv6 to IPv4 ---- */

/* Finds the end of the headers that IPv4 does not have. False: there is one that it cannot do without. */
static __rte_cold bool
headers6_skip(const uint8_t *ip6, uint32_t len, uint32_t *ret_at, uint8_t *ret_next,
	      const uint8_t **ret_fragment)
{
	uint8_t next = ip6[IP6_NEXT_AT];
	uint32_t at = IP6_LEN;

	*ret_fragment = NULL;
	for (unsigned int n = 0; n < EXT_HEADERS_MAX; n++) {
		const uint8_t *header = ip6 + at;

		if (next != PROTO_HOP_BY_HOP && next != PROTO_DEST_OPTIONS && next != PROTO_ROUTING &&
		    next != PROTO_FRAGMENT) {
			*ret_at = at;
			*ret_next = next;
			return true;
		}
		/* What is fragmented cannot lose a header: the offsets would be wrong. */
		if (at + EXT_MIN > len || *ret_fragment != NULL)
			return false;
		if (next == PROTO_ROUTING && header[3] != 0)
			return false;
		if (next == PROTO_FRAGMENT)
			*ret_fragment = header;
		at += next == PROTO_FRAGMENT ? (uint32_t)FRAGMENT_LEN : (header[1] + 1u) * 8;
		next = header[0];
		if (at > len)
			return false;
	}
	return false;
}

__rte_cold bool
dp_nat64_to4(const uint8_t *ip6, uint32_t len, const struct sl_addr *src, const struct sl_addr *dst,
	     uint16_t id_be, struct nat64_header *ret_header)
{
	uint8_t *ip4 = ret_header->bytes, next;
	uint32_t payload_len, at, offset = 0;
	const uint8_t *fragment;

	if (len < IP6_LEN || !headers6_skip(ip6, len, &at, &next, &fragment))
		return false;
	payload_len = rte_be_to_cpu_16(load16(ip6 + IP6_PAYLOAD_AT));
	if (payload_len + IP6_LEN < at || payload_len + IP6_LEN - at + IP4_LEN > UINT16_MAX)
		return false;
	if (fragment != NULL) {
		offset = rte_be_to_cpu_16(load16(fragment + 2));
		id_be = load16(fragment + FRAGMENT_ID_AT + 2);
		offset = offset >> 3 | ((offset & 1) != 0 ? IP4_MORE : 0);
	} else if (payload_len + IP6_LEN > DF_LONGER_THAN) {
		offset = IP4_DF;
		id_be = 0;
	}
	memset(ip4, 0, IP4_LEN);
	ip4[0] = 0x45;
	ip4[1] = (uint8_t)(ip6[0] << 4 | ip6[1] >> 4);
	store16(ip4 + IP4_TOTAL_AT, rte_cpu_to_be_16((uint16_t)(payload_len + IP6_LEN - at + IP4_LEN)));
	store16(ip4 + IP4_ID_AT, id_be);
	store16(ip4 + IP4_FRAG_AT, rte_cpu_to_be_16((uint16_t)offset));
	ip4[IP4_TTL_AT] = ip6[IP6_HOPS_AT];
	ip4[IP4_PROTO_AT] = next == PROTO_ICMP6 ? (uint8_t)PROTO_ICMP : next;
	memcpy(ip4 + IP4_SRC_AT, src->b + 12, 4);
	memcpy(ip4 + IP4_DST_AT, dst->b + 12, 4);
	ip4_sum_write(ip4);
	ret_header->len = IP4_LEN;
	ret_header->used = (uint16_t)at;
	ret_header->proto = ip4[IP4_PROTO_AT];
	ret_header->fragment = fragment != NULL;
	ret_header->first = (offset & IP4_OFFSET) == 0;
	return true;
}

/* ---- IPv4 to IPv6 ---- */

/* Is there a source route that still leads elsewhere? Options that cannot be read count as one. */
static __rte_cold bool
is_source_routed(const uint8_t *ip4, uint32_t header_len)
{
	uint32_t at = IP4_LEN;

	while (at < header_len && ip4[at] != OPT4_END) {
		if (ip4[at] == OPT4_NOP) {
			at++;
			continue;
		}
		if (at + 2 > header_len || ip4[at + 1] < 2 || at + ip4[at + 1] > header_len)
			return true;
		if ((ip4[at] == OPT4_LOOSE_ROUTE || ip4[at] == OPT4_STRICT_ROUTE) &&
		    (ip4[at + 1] < 3 || ip4[at + 2] <= ip4[at + 1]))
			return true;
		at += ip4[at + 1];
	}
	return false;
}

__rte_cold bool
dp_nat64_to6(const uint8_t *ip4, uint32_t len, const struct sl_addr *src, const struct sl_addr *dst,
	     struct nat64_header *ret_header)
{
	uint32_t header_len, total_len, offset, payload_len;
	uint8_t *ip6 = ret_header->bytes, proto;
	bool fragment;

	if (len < IP4_LEN)
		return false;
	header_len = (ip4[0] & 15) * 4u;
	total_len = rte_be_to_cpu_16(load16(ip4 + IP4_TOTAL_AT));
	if (header_len < IP4_LEN || header_len > len || total_len < header_len ||
	    is_source_routed(ip4, header_len))
		return false;
	offset = rte_be_to_cpu_16(load16(ip4 + IP4_FRAG_AT));
	fragment = (offset & (IP4_MORE | IP4_OFFSET)) != 0;
	proto = ip4[IP4_PROTO_AT] == PROTO_ICMP ? (uint8_t)PROTO_ICMP6 : ip4[IP4_PROTO_AT];
	payload_len = total_len - header_len + (fragment ? (uint32_t)FRAGMENT_LEN : 0);
	if (payload_len > UINT16_MAX - IP6_LEN)
		return false;
	memset(ip6, 0, NAT64_HEADER_MAX);
	ip6[0] = (uint8_t)(0x60 | ip4[1] >> 4);
	ip6[1] = (uint8_t)(ip4[1] << 4);
	store16(ip6 + IP6_PAYLOAD_AT, rte_cpu_to_be_16((uint16_t)payload_len));
	ip6[IP6_NEXT_AT] = fragment ? (uint8_t)PROTO_FRAGMENT : proto;
	ip6[IP6_HOPS_AT] = ip4[IP4_TTL_AT];
	memcpy(ip6 + IP6_SRC_AT, src->b, 16);
	memcpy(ip6 + IP6_DST_AT, dst->b, 16);
	if (fragment) {
		uint32_t field = (offset & IP4_OFFSET) << 3 | ((offset & IP4_MORE) != 0);

		ip6[IP6_LEN] = proto;
		store16(ip6 + IP6_LEN + 2, rte_cpu_to_be_16((uint16_t)field));
		store16(ip6 + IP6_LEN + FRAGMENT_ID_AT + 2, load16(ip4 + IP4_ID_AT));
	}
	ret_header->len = (uint16_t)(IP6_LEN + (fragment ? (uint32_t)FRAGMENT_LEN : 0));
	ret_header->used = (uint16_t)header_len;
	ret_header->proto = proto;
	ret_header->fragment = fragment;
	ret_header->first = (offset & IP4_OFFSET) == 0;
	return true;
}

/* ---- packets of a flow ---- */

/* The MTU of the way that the packet will go; the greatest there is where that is not known yet. */
static __rte_cold uint32_t
way_mtu(const struct dp_worker *w, const struct flow *flow, bool in)
{
	struct dp_fib_hop hop;
	uint32_t index = in ? atomic_load_explicit(&dp_real_slots[flow->real].nexthop, memory_order_relaxed)
			    : (uint32_t)(flow->route & 0xffff);

	if (index != 0 && (in || flow->route >> 16 == w->net_epoch))
		return dp_ports_l2[dp_nh_port(dp_nh_load(index))].mtu;
	if (!in && dp_fib_lookup(w->snapshot->fib, &flow->client, &hop))
		return dp_ports_l2[hop.port].mtu;
	return UINT16_MAX;
}

/*
 * Longer than its way once it is translated? Then its sender is told how long it may be;
 * but for an IPv4 packet that may be fragmented: it is cut up as it is sent (mtu.c).
 */
static __rte_cold bool
is_too_long(struct dp_worker *w, struct burst *b, unsigned int i, const struct nat64_header *header, bool in)
{
	int growth = (int)header->len - (int)header->used;
	uint32_t mtu = way_mtu(w, b->flow[i], in);

	if (b->info[i].ip_len + growth <= (int)mtu || (!in && dp_may_be_cut(b->l3[i])))
		return false;
	dp_answer_too_big(w, b, i, (uint32_t)((int)mtu - growth));
	dp_drop(w, b, i, SL_DROP_TOO_BIG);
	return true;
}

/* The transport checksum under new addresses and ports: of TCP, or a UDP checksum that is there. */
static __rte_cold void
transport_write(struct burst *b, unsigned int i, const struct flow *flow, bool in)
{
	const struct dp_real_slot *real = &dp_real_slots[flow->real];
	const struct sl_addr *local = local_addr(flow->local);
	uint16_t port_be = local_port_be(flow->local);
	uint64_t sum = in ? real->l4_in : real->l4_out;

	if (in) {
		for (unsigned int at = 0; at < 16; at += 4)
			sum += (uint32_t)~load32(flow->client.b + at);
		sum += (uint64_t)load32(local->b + 12) + (uint16_t)~flow->client_port_be + port_be;
		store32(b->l4[i], port_be | (uint32_t)flow->real_port_be << 16);
	} else {
		for (unsigned int at = 0; at < 16; at += 4)
			sum += load32(flow->client.b + at);
		sum += (uint64_t)(uint32_t)~load32(local->b + 12) + (uint16_t)~port_be + flow->client_port_be;
		store32(b->l4[i], flow->vip_port_be | (uint32_t)flow->client_port_be << 16);
	}
	if (flow->proto == SL_PROTO_TCP) {
		store16(b->l4[i] + TCP_SUM_AT, sum_update(load16(b->l4[i] + TCP_SUM_AT), sum_fold(sum)));
	} else if (load16(b->l4[i] + UDP_SUM_AT) != 0) {
		uint16_t value = sum_update(load16(b->l4[i] + UDP_SUM_AT), sum_fold(sum));

		store16(b->l4[i] + UDP_SUM_AT, value != 0 ? value : 0xffff);
	}
}

/* The checksum of a whole datagram that has none. The IPv6 header is before it already. */
static __rte_cold void
udp_sum_write(struct rte_mbuf *m, const uint8_t *ip6, uint8_t *udp)
{
	uint32_t len = rte_be_to_cpu_16(load16(udp + UDP_LEN_AT));
	uint32_t at = (uint32_t)(udp - rte_pktmbuf_mtod(m, uint8_t *));
	uint64_t sum = (uint64_t)message_pseudo_sum(ip6, SL_PROTO_UDP, len) + message_sum(m, at, len);
	uint16_t value = (uint16_t)~sum_fold(sum);

	store16(udp + UDP_SUM_AT, value != 0 ? value : 0xffff);
}

/* Puts the new header in the old one's place: the packet begins elsewhere. False: no room for it. */
static __rte_cold bool
header_write(struct burst *b, unsigned int i, const struct nat64_header *header, bool in)
{
	uint32_t ip_len = b->info[i].ip_len + header->len - header->used;
	struct rte_mbuf *m = b->mbuf[i];
	uint8_t *payload = b->l3[i] + header->used;

	if (m->nb_segs == 1 && m->pkt_len > ETH_LEN + (uint32_t)b->info[i].ip_len) /* Ethernet's padding */
		rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - ETH_LEN - b->info[i].ip_len));
	if (header->len > header->used) {
		if (rte_pktmbuf_prepend(m, header->len - header->used) == NULL)
			return false;
	} else {
		rte_pktmbuf_adj(m, header->used - header->len);
	}
	b->l3[i] = payload - header->len;
	memcpy(b->l3[i], header->bytes, header->len);
	store16(b->l3[i] - ETH_LEN + ETH_TYPE_AT, in ? ETH_TYPE_IP4_BE : ETH_TYPE_IP6_BE);
	b->info[i] = pkt_info_make(ip_len, b->info[i].event, !in);
	return true;
}

__rte_cold bool
dp_nat64_packet(struct dp_worker *w, struct burst *b, unsigned int i)
{
	const struct flow *flow = b->flow[i];
	const struct dp_real_slot *real = &dp_real_slots[flow->real];
	const struct rte_mbuf *m = b->mbuf[i];
	uint32_t len = (uint32_t)(rte_pktmbuf_mtod(m, uint8_t *) + m->data_len - b->l3[i]);
	bool in = (b->in >> i & 1) != 0, headless = (b->headless >> i & 1) != 0;
	struct nat64_header header;
	bool good = in ? dp_nat64_to4(b->l3[i], len, local_addr(flow->local), &real->addr,
				      rte_cpu_to_be_16(++w->nat64_id), &header)
		       : dp_nat64_to6(b->l3[i], len, &flow->vip, &flow->client, &header);
	bool unsummed =
		good && flow->proto == SL_PROTO_UDP && !headless && !in && load16(b->l4[i] + UDP_SUM_AT) == 0;

	if (!good || (unsummed && header.fragment)) {
		dp_drop(w, b, i, SL_DROP_TRANSLATE);
		return false;
	}
	if (is_too_long(w, b, i, &header, in))
		return false;
	if (!header_write(b, i, &header, in)) {
		dp_drop(w, b, i, SL_DROP_SEGMENTS);
		return false;
	}
	if (!headless)
		transport_write(b, i, flow, in);
	if (unsummed)
		udp_sum_write(b->mbuf[i], b->l3[i], b->l4[i]);
	if (in) {
		b->l3[i][IP4_TTL_AT]--;
		if ((b->gathered >> i & 1) != 0)
			store16(b->l3[i] + IP4_ID_AT, rte_cpu_to_be_16(mbuf_note(b->mbuf[i])->id));
		ip4_sum_write(b->l3[i]);
	} else {
		b->l3[i][IP6_HOPS_AT]--;
	}
	return true;
}
