/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPv6 neighbour discovery (RFC 4861, duplicate address detection of RFC 4862):
 * solicitations and advertisements sent, and heard.
 *
 * Only what comes from the link itself (hop limit 255), carries a right checksum
 * and consists of whole options is looked at (RFC 4861 7.1). Whom to believe is
 * as with ARP (neigh_arp.c). Advertisements carry the router flag, because
 * servers behind NAT use our addresses as their gateway.
 *
 * Stateless. Control thread only.
 */
#include "addr_book.h"
#include "frame.h"
#include "neigh.h"
#include "punt_rx.h"
#include "sl_addr.h"
#include "tap.h"

#include <rte_ip.h>

enum {
	PROTO_ICMP6 = 58,
	TYPE_SOLICIT = 135,
	TYPE_ADVERT = 136,
	CODE_AT = 1, /* offsets in the ICMPv6 message */
	SUM_AT = 2,
	FLAGS_AT = 4,
	TARGET_AT = 8,
	OPTIONS_AT = 24,
	OPTION_SOURCE_MAC = 1,
	OPTION_TARGET_MAC = 2,
	OPTION_LEN = 8,
	MESSAGE_MAX = 512, /* longer ones have nothing to say that we should hear */
	FLAG_ROUTER = 0x80,
	FLAG_SOLICITED = 0x40,
	FLAG_OVERRIDE = 0x20,
	SUM_OK = 0xffff,
};

static const struct sl_addr all_nodes = { .b = { 0xff, 0x02, [15] = 1 } };

/* A message that has passed every check. */
struct nd {
	struct sl_addr src, dst, target;
	uint8_t type, flags;
	const uint8_t *mac;     /* of the link-layer address option of its kind; NULL: has none */
	const uint8_t *eth_src; /* the frame's */
};

/* ff02::1:ffXX:XXXX with the last three bytes of the address (RFC 4291 2.7.1). */
static struct sl_addr
solicited_node(const struct sl_addr *addr)
{
	struct sl_addr a = { .b = { 0xff, 0x02, [11] = 1, [12] = 0xff } };

	memcpy(&a.b[13], &addr->b[13], 3);
	return a;
}

/* Of either kind: both are flags, a target and one option with our MAC address, or the target's virtual one. */
static bool
nd_send(unsigned int port, const uint8_t *dst_mac, const struct nd *nd)
{
	uint16_t len = OPTIONS_AT + OPTION_LEN;
	const uint8_t group_mac[6] = {
		0x33, 0x33, nd->dst.b[12], nd->dst.b[13], nd->dst.b[14], nd->dst.b[15]
	};
	struct rte_mbuf *m;
	uint8_t *ip = dp_frame_create(port, dst_mac != NULL ? dst_mac : group_mac, ETH_TYPE_IP6_BE,
				      (uint16_t)(IP6_LEN + len), &m);
	uint8_t *p;

	if (ip == NULL)
		return false;
	ip[0] = 6 << 4;
	store16(ip + IP6_PAYLOAD_AT, rte_cpu_to_be_16(len));
	ip[IP6_NEXT_AT] = PROTO_ICMP6;
	ip[IP6_HOPS_AT] = 255;
	memcpy(ip + IP6_SRC_AT, nd->src.b, 16);
	memcpy(ip + IP6_DST_AT, nd->dst.b, 16);
	p = ip + IP6_LEN;
	p[0] = nd->type;
	p[FLAGS_AT] = nd->flags;
	memcpy(p + TARGET_AT, nd->target.b, 16);
	p[OPTIONS_AT] = nd->type == TYPE_SOLICIT ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC;
	p[OPTIONS_AT + 1] = OPTION_LEN / 8;
	if (nd->type == TYPE_ADVERT)
		dp_addr_book_mac(port, &nd->target, p + OPTIONS_AT + 2);
	else
		memcpy(p + OPTIONS_AT + 2, dp_port_mac(port), 6);
	store16(p + SUM_AT, rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip, p));
	dp_control_tx(port, m);
	return true;
}

bool
dp_nd_ask(unsigned int port, const struct sl_addr *addr, const uint8_t *mac)
{
	struct nd nd = { .type = TYPE_SOLICIT,
			 .dst = mac != NULL ? *addr : solicited_node(addr),
			 .target = *addr };

	(void)dp_net_source(port, addr, &nd.src); /* there always is one: the link-local address */
	return nd_send(port, mac, &nd);
}

bool
dp_nd_announce(unsigned int port, const struct sl_addr *addr)
{
	struct nd nd = { .type = TYPE_ADVERT,
			 .src = *addr,
			 .dst = all_nodes,
			 .target = *addr,
			 .flags = FLAG_ROUTER | FLAG_OVERRIDE };

	return nd_send(port, NULL, &nd);
}

/* ---- hearing ---- */

static bool
is_multicast(const struct sl_addr *addr)
{
	return addr->b[0] == 0xff;
}

/* The options are whole, and the one with the MAC address is usable. */
static bool
options_parse(const uint8_t *options, unsigned int len, uint8_t kind, const uint8_t **ret_mac)
{
	*ret_mac = NULL;
	for (unsigned int at = 0; at < len;) {
		unsigned int option_len;

		if (len - at < OPTION_LEN)
			return false;
		option_len = options[at + 1] * 8u;
		if (option_len == 0 || option_len > len - at)
			return false;
		if (options[at] == kind) {
			if (option_len != OPTION_LEN || !dp_mac_is_station(options + at + 2) ||
			    dp_mac_is_ours(options + at + 2) || dp_mac_is_taken(options + at + 2))
				return false;
			*ret_mac = options + at + 2;
		}
		at += option_len;
	}
	return true;
}

/* RFC 4861 7.1.1 and 7.1.2, in their order. `p` holds the message whole. */
static bool
nd_parse(const uint8_t *ip, const uint8_t *p, unsigned int len, struct nd *ret_nd)
{
	struct nd *nd = ret_nd;
	struct sl_addr group;

	nd->src = sl_addr_from_v6(ip + IP6_SRC_AT);
	nd->dst = sl_addr_from_v6(ip + IP6_DST_AT);
	nd->target = sl_addr_from_v6(p + TARGET_AT);
	nd->type = p[0];
	nd->flags = p[FLAGS_AT];
	if (ip[IP6_HOPS_AT] != 255 || p[CODE_AT] != 0)
		return false;
	if (sum_fold((uint64_t)rte_raw_cksum(p, len) +
		     rte_ipv6_phdr_cksum((const struct rte_ipv6_hdr *)ip, 0)) != SUM_OK)
		return false;
	/* Also turns IPv4-mapped ones down: ARP alone speaks for IPv4. */
	if (!sl_addr_is_unicast(&nd->target) || sl_addr_is_v4(&nd->target) || sl_addr_is_v4(&nd->src))
		return false;
	if (!options_parse(p + OPTIONS_AT, len - OPTIONS_AT,
			   nd->type == TYPE_SOLICIT ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC, &nd->mac))
		return false;
	if (nd->type == TYPE_ADVERT)
		return sl_addr_is_unicast(&nd->src) &&
		       !(is_multicast(&nd->dst) && (nd->flags & FLAG_SOLICITED) != 0);
	if (!sl_addr_is_none(&nd->src))
		return sl_addr_is_unicast(&nd->src);
	group = solicited_node(&nd->target);
	return sl_addr_eq(&nd->dst, &group) && nd->mac == NULL;
}

/* Both return SL_DROP_MAX when the message did its work. */
static enum sl_drop
solicit_handle(unsigned int port, const struct nd *nd)
{
	bool for_us = dp_addr_book_answers(port, &nd->target);
	enum dp_neigh_verdict verdict = DP_NEIGH_UNKNOWN;
	struct nd advert = { .type = TYPE_ADVERT,
			     .src = nd->target,
			     .dst = nd->src,
			     .target = nd->target,
			     .flags = FLAG_ROUTER | FLAG_SOLICITED | FLAG_OVERRIDE };

	if (sl_addr_is_none(&nd->src)) {
		/* Somebody wants to use the address: tell everybody whose it is. */
		if (!for_us)
			return SL_DROP_PUNT_IGNORED;
		dp_addr_book_warn(port, &nd->target, nd->eth_src, dp_neigh_now());
		return dp_nd_announce(port, &nd->target) ? SL_DROP_ARP_CONFLICT : SL_DROP_NO_MBUF;
	}
	if (dp_addr_book_answers(port, &nd->src)) {
		dp_addr_book_defend(port, &nd->src, nd->mac != NULL ? nd->mac : nd->eth_src, dp_neigh_now());
		return SL_DROP_ARP_CONFLICT;
	}
	if (nd->mac != NULL)
		verdict = dp_neigh_heard(port, &nd->src, nd->mac,
					 for_us && dp_addr_book_on_link(port, &nd->src));
	if (for_us && !nd_send(port, nd->mac != NULL ? nd->mac : nd->eth_src, &advert))
		return SL_DROP_NO_MBUF;
	if (verdict == DP_NEIGH_CONFLICT)
		return SL_DROP_ARP_CONFLICT;
	return for_us || verdict == DP_NEIGH_HEARD ? SL_DROP_MAX : SL_DROP_PUNT_IGNORED;
}

static enum sl_drop
advert_handle(unsigned int port, const struct nd *nd)
{
	enum dp_neigh_verdict verdict = DP_NEIGH_UNKNOWN;

	if (dp_addr_book_answers(port, &nd->target)) {
		dp_addr_book_defend(port, &nd->target, nd->mac != NULL ? nd->mac : nd->eth_src,
				    dp_neigh_now());
		return SL_DROP_ARP_CONFLICT;
	}
	if (nd->mac != NULL)
		verdict = dp_neigh_heard(port, &nd->target, nd->mac, false);
	else if ((nd->flags & FLAG_SOLICITED) != 0)
		verdict = dp_neigh_confirmed(port, &nd->target, nd->eth_src);
	if (verdict == DP_NEIGH_CONFLICT)
		return SL_DROP_ARP_CONFLICT;
	return verdict == DP_NEIGH_HEARD ? SL_DROP_MAX : SL_DROP_PUNT_IGNORED;
}

static enum sl_drop
nd_handle(struct rte_mbuf *m)
{
	_Alignas(2) uint8_t copy[ETH_LEN + IP6_LEN + MESSAGE_MAX];
	const uint8_t *frame = rte_pktmbuf_read(m, 0, ETH_LEN + IP6_LEN, copy);
	unsigned int len;
	enum sl_drop reason;
	struct nd nd;

	if (frame == NULL)
		return SL_DROP_TRUNCATED;
	len = rte_be_to_cpu_16(load16(frame + ETH_LEN + IP6_PAYLOAD_AT));
	if (len < OPTIONS_AT || len > MESSAGE_MAX)
		return SL_DROP_ND_INVALID;
	frame = rte_pktmbuf_read(m, 0, ETH_LEN + IP6_LEN + len, copy);
	if (frame == NULL)
		return SL_DROP_TRUNCATED;
	if (!nd_parse(frame + ETH_LEN, frame + ETH_LEN + IP6_LEN, len, &nd))
		return SL_DROP_ND_INVALID;
	nd.eth_src = frame + 6;
	if (nd.type == TYPE_SOLICIT)
		return solicit_handle(m->port, &nd);
	reason = advert_handle(m->port, &nd);
	/* The kernel may have asked as well; what we do not believe it shall not hear. */
	if ((reason == SL_DROP_MAX || reason == SL_DROP_PUNT_IGNORED) && dp_tap_copy(m))
		reason = SL_DROP_MAX;
	return reason;
}

void
dp_nd_receive(struct rte_mbuf *m)
{
	enum sl_drop reason = nd_handle(m);

	if (reason == SL_DROP_MAX)
		dp_punt_consume(m);
	else
		dp_control_drop(m, reason);
}
