/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet that is not the common one: told apart header by header.
 *
 * Comes here from dp_stage_parse alone. Ends in one of three ways: the packet
 * is good after all (options, extension headers, several buffers, a trailer
 * to be cut off) and stays live with its columns filled, or it is punted, or it
 * is dropped with the reason that fits first. Fragments go through fragment.c.
 */
#include "addr_book.h"
#include "answer.h"
#include "fragment.h"
#include "frame.h"
#include "ha.h"
#include "icmp.h"
#include "kernel.h"
#include "port.h"
#include "tcp_state.h"
#include "wire.h"
#include "worker.h"

#include <rte_byteorder.h>

enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_NONE = 59,
	PROTO_DEST_OPTIONS = 60,
	PROTO_VRRP = 112,
	EXT_HEADERS_MAX = 8,
	IDENT4_AT = 4, /* IPv4's identification */
};

/* What becomes of the packet: a drop reason, or one of these. */
enum {
	GOES_ON = SL_DROP_MAX,
	PUNTED,
	GONE, /* it waits, or is another worker's */
};

struct slow {
	struct dp_worker *w;
	struct burst *b;
	unsigned int i;
	struct rte_mbuf *m;
	unsigned int port; /* where it came in */
	uint8_t *ip;
	uint32_t room; /* bytes from `ip` to the frame's end */
	uint32_t seen; /* of them in the first buffer */
	bool fragmented;
	struct fragment fragment;
};

/* The frame is for more stations than one. */
static __rte_cold bool
is_to_many(const struct slow *s)
{
	return (rte_pktmbuf_mtod(s->m, const uint8_t *)[0] & 1) != 0;
}

/*
 * To many, or to an own address, on a port with a kernel interface. ICMP to an own address
 * is looked at first.
 */
static __rte_cold bool
is_kernels(const struct slow *s, uint64_t addr_flags, bool icmp)
{
	if (dp_is_vrrp(s->ip))
		return false;
	return is_to_many(s) ? dp_ports[s->port].conf.tap : !icmp && dp_kernel_has(s->port, addr_flags);
}

static __rte_cold int
transport(struct slow *s, uint32_t at, uint8_t proto, uint32_t ip_len)
{
	struct burst *b = s->b;
	unsigned int i = s->i;
	uint32_t l4_len = ip_len - at, need = proto == SL_PROTO_TCP ? TCP_LEN : UDP_LEN;
	uint8_t *l4 = s->ip + at;

	if (l4_len < need)
		return SL_DROP_L4_HEADER;
	if (s->seen < at + need)
		return SL_DROP_SEGMENTS;
	b->l4[i] = l4;
	b->key[i].ports = load32(l4) | (uint64_t)proto << KEY_SHIFT_PROTO;
	b->info[i].event = TCP_EVENT_UDP;
	if (proto == SL_PROTO_TCP) {
		uint32_t offset = (l4[TCP_OFFSET_AT] >> 4) * 4u;

		if (offset < TCP_LEN || offset > l4_len)
			return SL_DROP_L4_HEADER;
		b->info[i].event = tcp_event_of_flags[l4[TCP_FLAGS_AT]];
	} else {
		uint32_t udp_len = rte_be_to_cpu_16(load16(l4 + UDP_LEN_AT));

		if (udp_len < UDP_LEN || udp_len > l4_len)
			return SL_DROP_L4_HEADER;
	}
	return GOES_ON;
}

/* A fragment of TCP or UDP. */
static __rte_cold int
fragment(struct slow *s)
{
	int verdict = dp_fragment_take(s->w, s->b, s->i, &s->fragment, s->seen);

	if (verdict == FRAGMENT_GONE)
		return GONE;
	return verdict == FRAGMENT_STAYS ? GOES_ON : verdict;
}

/* What an IPv4 header says of its fragment. */
static __rte_cold void
fragment4_read(struct slow *s, uint32_t header_len, uint32_t ip_len)
{
	uint32_t field = rte_be_to_cpu_16(load16(s->ip + IP4_FRAG_AT)), start = (field & 0x1fff) * 8;

	s->fragmented = (field & 0x3fff) != 0;
	if (start != 0)
		s->b->headless |= UINT64_C(1) << s->i;
	s->fragment = (struct fragment){
		.id = load16(s->ip + IDENT4_AT),
		.at = header_len,
		.l4_at = header_len,
		.header = header_len,
		.start = start,
		.end = start + ip_len - header_len,
		.more = (field & 0x2000) != 0,
		.proto = s->ip[IP4_PROTO_AT],
		.key_proto = s->ip[IP4_PROTO_AT],
	};
}

/*
 * What the fragment header at `at` says. A datagram in a single "fragment" is whole
 * (RFC 6946).
 */
static __rte_cold void
fragment6_read(struct slow *s, uint32_t at, uint32_t ip_len)
{
	uint32_t field = rte_be_to_cpu_16(load16(s->ip + at + 2)), start = field & 0xfff8;

	s->fragmented = (field & 0xfff9) != 0;
	if (start != 0)
		s->b->headless |= UINT64_C(1) << s->i;
	s->fragment = (struct fragment){
		.id = load32(s->ip + at + 4),
		.at = at + 8,
		.header = at - IP6_LEN,
		.start = start,
		.end = start + ip_len - (at + 8),
		.more = (field & 1) != 0,
	};
}

/* Cuts off what lies behind the packet, when it is more than Ethernet's padding. */
static __rte_cold void
trailer_cut(struct slow *s, uint32_t ip_len)
{
	uint32_t whole = RTE_MAX(ip_len + (uint32_t)ETH_LEN, (uint32_t)ETH_MIN_FRAME);

	if (s->m->pkt_len > whole)
		(void)rte_pktmbuf_trim(s->m, (uint16_t)RTE_MIN(s->m->pkt_len - whole, (uint32_t)UINT16_MAX));
}

/* TCP or UDP, or a fragment of it, that must have a hop left unless it is for the box itself. */
static __rte_cold int
whole_or_not(struct slow *s, uint8_t hops, uint32_t at, uint8_t proto, uint32_t ip_len)
{
	uint64_t flags = addr_table_find(s->w->snapshot->addrs, &s->b->key[s->i].other);
	bool over = hops <= 1 && (flags & (ADDR_VIP | ADDR_OWN)) != ADDR_OWN;
	int verdict;

	trailer_cut(s, ip_len);
	if (!s->fragmented) {
		verdict = transport(s, at, proto, ip_len);
		return verdict == GOES_ON && over ? (int)SL_DROP_TTL : verdict;
	}
	if (!over)
		return fragment(s);
	s->b->key[s->i].ports = 0; /* no connection's */
	return SL_DROP_TTL;
}

/* An ICMP error that may be about a connection. */
static __rte_cold bool
is_icmp_error(const struct slow *s, uint32_t at, uint64_t addr_flags)
{
	return s->seen > at && icmp_is_error(s->ip[at], s->b->info[s->i].family6 != 0) && !is_to_many(s) &&
	       ((addr_flags & ADDR_KINDS) != 0 || s->w->snapshot->any_nat);
}

/* Waits for dp_stage_icmp. */
static __rte_cold int
icmp_error(struct slow *s, uint32_t at)
{
	uint64_t bit = UINT64_C(1) << s->i;

	s->b->l4[s->i] = s->ip + at;
	s->b->live &= ~bit;
	s->b->icmp |= bit;
	return GONE;
}

/* To a group, in a frame to just that group (RFC 1112, 6.4; RFC 2464, 7). */
static __rte_cold bool
is_group_frame(const uint8_t *frame)
{
	const uint8_t *ip = frame + ETH_LEN;

	if (ip[0] >> 4 == 6)
		return ip[IP6_DST_AT] == 0xff && frame[0] == 0x33 && frame[1] == 0x33 &&
		       memcmp(frame + 2, ip + IP6_DST_AT + 12, 4) == 0;
	return ip[IP4_DST_AT] >> 4 == 14 && frame[0] == 0x01 && frame[1] == 0x00 && frame[2] == 0x5e &&
	       frame[3] == (ip[IP4_DST_AT + 1] & 0x7f) && memcmp(frame + 4, ip + IP4_DST_AT + 2, 2) == 0;
}

/*
 * VRRP by a port that keepalive listens to: to a group (which one, the configuration says), or to an
 * own address alone, in a frame that says the same. True: it is keepalive's, or was dropped.
 */
static __rte_cold bool
vrrp_take(struct slow *s, uint32_t header_len, uint32_t ip_len, uint64_t addr_flags)
{
	const struct sl_addr *dst = &s->b->key[s->i].other;
	struct sl_addr link_local;

	if (!dp_ha_listens(s->port))
		return false;
	link_local = dp_addr_link_local(s->port);
	if (is_to_many(s) ? !is_group_frame(s->ip - ETH_LEN)
			  : (addr_flags & ADDR_OWN) == 0 && !sl_addr_eq(dst, &link_local))
		return false;
	s->b->live &= ~(UINT64_C(1) << s->i);
	if (s->b->info[s->i].family6 == 0 && (load16(s->ip + IP4_FRAG_AT) & RTE_BE16(0x3fff)) != 0)
		dp_drop_mbuf(s->w, s->m, SL_DROP_FRAGMENT);
	else if (header_len == ip_len)
		dp_drop_mbuf(s->w, s->m, SL_DROP_TRUNCATED);
	else if (dp_mac_is_ours(rte_pktmbuf_mtod(s->m, const uint8_t *) + 6))
		dp_drop_mbuf(s->w, s->m, SL_DROP_PUNT_IGNORED); /* our own, come back */
	else
		dp_ha_give(s->w, s->m, s->port, ETH_LEN + ip_len);
	return true;
}

static __rte_cold int
slow4(struct slow *s)
{
	struct pkt_key *key = &s->b->key[s->i];
	uint8_t *ip = s->ip;
	uint32_t header_len, ip_len;
	uint64_t addr_flags;
	bool own;
	uint8_t proto;

	if (s->room < IP4_LEN)
		return SL_DROP_TRUNCATED;
	if (s->seen < IP4_LEN)
		return SL_DROP_SEGMENTS;
	header_len = (ip[0] & 0x0f) * 4u;
	ip_len = rte_be_to_cpu_16(load16(ip + IP4_TOTAL_AT));
	if (ip[0] >> 4 != 4 || header_len < IP4_LEN || ip_len < header_len)
		return SL_DROP_IP_HEADER;
	if (ip_len > s->room)
		return SL_DROP_TRUNCATED;
	if (header_len > s->seen)
		return SL_DROP_SEGMENTS;
	if ((s->m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
	    sum_fold(sum_bytes(ip, header_len)) != 0xffff)
		return SL_DROP_IP_CHECKSUM;
	key->client = sl_addr_from_v4(load32(ip + IP4_SRC_AT));
	key->other = sl_addr_from_v4(load32(ip + IP4_DST_AT));
	s->b->info[s->i].ip_len = (uint16_t)ip_len;
	s->b->info[s->i].family6 = 0;
	proto = ip[IP4_PROTO_AT];
	addr_flags = addr_table_find(s->w->snapshot->addrs, &key->other);
	own = (addr_flags & ADDR_KINDS) != 0;
	if (proto == PROTO_VRRP && vrrp_take(s, header_len, ip_len, addr_flags))
		return GONE;
	if (is_kernels(s, addr_flags,
		       proto == PROTO_ICMP4 && (load16(ip + IP4_FRAG_AT) & RTE_BE16(0x3fff)) == 0))
		return PUNTED;
	fragment4_read(s, header_len, ip_len);
	if (proto != SL_PROTO_TCP && proto != SL_PROTO_UDP) {
		if (s->fragmented && proto == PROTO_ICMP4)
			return SL_DROP_FRAGMENT;
		if (proto == PROTO_ICMP4 && is_icmp_error(s, header_len, addr_flags))
			return icmp_error(s, header_len);
		if (own && proto == PROTO_ICMP4)
			return PUNTED;
		return own ? SL_DROP_PROTOCOL : (int)dp_transit_reason(addr_flags);
	}
	return whole_or_not(s, ip[IP4_TTL_AT], header_len, proto, ip_len);
}

/*
 * The offset and protocol of what follows the extension headers. Of a fragment that is
 * not the first: what its fragment header says follows.
 */
static __rte_cold int
ext_headers_skip(struct slow *s, uint32_t ip_len, uint32_t *ret_at, uint8_t *ret_proto)
{
	int too_short = SL_DROP_EXT_HEADER;
	uint8_t next = s->ip[IP6_NEXT_AT];
	uint32_t at = IP6_LEN;

	for (unsigned int n = 0; n < EXT_HEADERS_MAX; n++) {
		switch (next) {
		case PROTO_HOP_BY_HOP:
			if (n != 0)
				return SL_DROP_EXT_HEADER;
			break;
		case PROTO_ROUTING:
		case PROTO_DEST_OPTIONS:
			break;
		case PROTO_FRAGMENT:
			if (s->fragment.at != 0)
				return SL_DROP_EXT_HEADER;
			break;
		case PROTO_NONE:
			return SL_DROP_EXT_HEADER;
		default:
			*ret_at = at;
			*ret_proto = next;
			return GOES_ON;
		}
		if (at + 8 > ip_len)
			return too_short;
		if (at + 8 > s->seen)
			return SL_DROP_SEGMENTS;
		if (next == PROTO_FRAGMENT) {
			fragment6_read(s, at, ip_len);
			too_short = s->fragmented ? SL_DROP_FRAG_INVALID : SL_DROP_EXT_HEADER;
			next = s->ip[at];
			at += 8;
			if (s->fragment.start == 0)
				continue;
			*ret_at = at;
			*ret_proto = next;
			return GOES_ON;
		}
		next = s->ip[at];
		at += (s->ip[at + 1] + 1u) * 8;
		if (at > ip_len)
			return too_short;
	}
	return SL_DROP_EXT_HEADER;
}

/* A later fragment of a datagram with options between its fragment header and its ports: the first one tells. */
static __rte_cold bool
is_behind_options(const struct slow *s, uint8_t proto)
{
	return s->fragmented && s->fragment.start != 0 && proto == PROTO_DEST_OPTIONS;
}

static __rte_cold int
slow6(struct slow *s)
{
	struct pkt_key *key = &s->b->key[s->i];
	uint8_t *ip = s->ip, proto = 0;
	uint32_t ip_len, at = 0;
	uint64_t addr_flags;
	int verdict;
	bool own;

	if (s->room < IP6_LEN)
		return SL_DROP_TRUNCATED;
	if (s->seen < IP6_LEN)
		return SL_DROP_SEGMENTS;
	if (ip[0] >> 4 != 6)
		return SL_DROP_IP_HEADER;
	ip_len = rte_be_to_cpu_16(load16(ip + IP6_PAYLOAD_AT)) + (uint32_t)IP6_LEN;
	if (ip_len > s->room)
		return SL_DROP_TRUNCATED;
	if (ip_len > UINT16_MAX)
		return SL_DROP_IP_HEADER;
	key->client = sl_addr_from_v6(ip + IP6_SRC_AT);
	key->other = sl_addr_from_v6(ip + IP6_DST_AT);
	s->b->info[s->i].ip_len = (uint16_t)ip_len;
	s->b->info[s->i].family6 = 1;
	addr_flags = addr_table_find(s->w->snapshot->addrs, &key->other);
	own = (addr_flags & ADDR_KINDS) != 0;
	if (ip[IP6_NEXT_AT] == PROTO_VRRP && vrrp_take(s, IP6_LEN, ip_len, addr_flags))
		return GONE;
	if (is_kernels(s, addr_flags, ip[IP6_NEXT_AT] == PROTO_ICMP6))
		return PUNTED;
	verdict = ext_headers_skip(s, ip_len, &at, &proto);
	if (verdict != GOES_ON)
		return verdict;
	s->fragment.l4_at = at;
	s->fragment.proto = proto;
	if (proto != SL_PROTO_TCP && proto != SL_PROTO_UDP && !is_behind_options(s, proto)) {
		if (s->fragmented && proto == PROTO_ICMP6)
			return SL_DROP_FRAGMENT;
		if (proto == PROTO_ICMP6 && is_icmp_error(s, at, addr_flags))
			return icmp_error(s, at);
		/* Multicast and link-local ICMPv6 is neighbour discovery's; control sorts it out. */
		if (proto == PROTO_ICMP6 && (own || ip[IP6_DST_AT] == 0xff || ip[IP6_DST_AT] == 0xfe))
			return PUNTED;
		return own ? SL_DROP_PROTOCOL : (int)dp_transit_reason(addr_flags);
	}
	return whole_or_not(s, ip[IP6_HOPS_AT], at, proto, ip_len);
}

/* VRRP to a group, on a port that keepalive listens to. */
static __rte_cold bool
is_vrrp_link4(const uint8_t *frame, uint32_t len, unsigned int port)
{
	return dp_ha_listens(port) && len >= ETH_LEN + IP4_LEN &&
	       frame[ETH_LEN + IP4_PROTO_AT] == PROTO_VRRP && is_group_frame(frame);
}

/* IPv4 to many stations is for the kernel or nobody; VRRP is Sluice's own business. */
static __rte_cold bool
is_kernels_link4(const uint8_t *frame, uint32_t len, unsigned int port)
{
	const uint8_t *ip = frame + ETH_LEN;

	return (frame[0] & 1) != 0 && dp_ports[port].conf.tap && len >= ETH_LEN + IP4_LEN &&
	       (ip[IP4_DST_AT] >> 4 == 14) == (frame[0] == 0x01) && !dp_is_vrrp(ip);
}

/*
 * A frame that is not for our MAC address: only what the whole link must hear is
 * for us, and a multicast frame carries nothing for one host alone.
 */
static __rte_cold bool
is_for_link(const uint8_t *frame, uint32_t len, uint16_t type, unsigned int port)
{
	if (type == ETH_TYPE_ARP_BE)
		return (frame[0] & 1) != 0;
	if (type == ETH_TYPE_IP4_BE)
		return is_kernels_link4(frame, len, port) || is_vrrp_link4(frame, len, port);
	return type == ETH_TYPE_IP6_BE && frame[0] == 0x33 && frame[1] == 0x33 &&
	       (len <= ETH_LEN + IP6_DST_AT || frame[ETH_LEN + IP6_DST_AT] == 0xff);
}

static __rte_cold int
slow_frame(struct slow *s)
{
	const struct dp_port *port = &dp_ports[s->b->port];
	uint8_t *frame = rte_pktmbuf_mtod(s->m, uint8_t *);
	uint16_t type;
	uint64_t mac;

	if (s->m->pkt_len < ETH_LEN)
		return SL_DROP_TRUNCATED;
	if (s->m->data_len < ETH_LEN)
		return SL_DROP_SEGMENTS;
	type = load16(frame + ETH_TYPE_AT);
	s->ip = frame + ETH_LEN;
	s->room = s->m->pkt_len - ETH_LEN;
	s->seen = s->m->data_len - (uint32_t)ETH_LEN;
	s->b->l3[s->i] = s->ip;
	mac = load64(frame) & DP_NH_MAC_MASK;
	if (s->b->owned == 0 && mac != port->mac_word && !dp_ha_takes_mac(mac) &&
	    !is_for_link(frame, s->m->data_len, type, s->port))
		return SL_DROP_NOT_TO_US;
	switch (type) {
	case ETH_TYPE_IP4_BE:
		return slow4(s);
	case ETH_TYPE_IP6_BE:
		return slow6(s);
	case ETH_TYPE_ARP_BE:
		return PUNTED;
	default:
		return SL_DROP_ETHERTYPE;
	}
}

__rte_cold void
dp_parse_slow(struct dp_worker *w, struct burst *b, unsigned int i)
{
	struct slow s = {
		.w = w, .b = b, .i = i, .m = b->mbuf[i], .port = b->owned == 0 ? b->port : b->mbuf[i]->port
	};
	int verdict = slow_frame(&s);

	if (verdict == PUNTED) {
		b->live &= ~(UINT64_C(1) << i);
		b->punt |= UINT64_C(1) << i;
	} else if (verdict == GONE) {
		return;
	} else if (verdict == SL_DROP_TTL) {
		dp_answer_ttl(w, b, i);
	} else if (verdict != GOES_ON) {
		if (!dp_kernel_takes(w, b, i, (enum sl_drop)verdict))
			dp_drop(w, b, i, (enum sl_drop)verdict);
	} else if (s.m->nb_segs > 1) {
		b->segments |= UINT64_C(1) << i;
	}
}
