/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ping: answers echo requests to own addresses and held VIPs, of both families.
 *
 * The request becomes the reply in its own buffer: addresses swapped, type
 * changed, TTL fresh, sent back to the station that it came from, by the port
 * that it came in by. The payload is not touched, wherever its segments lie; its
 * checksum is verified first, so garbage is not given a right one.
 *
 * Stateless. Control thread only.
 */
#include "addr_book.h"
#include "frame.h"
#include "message.h"
#include "punt_rx.h"
#include "sl_addr.h"

#include <rte_ip.h>

enum {
	ICMP_LEN = 8, /* of an echo message without data */
	ICMP_SUM_AT = 2,
	ECHO4_REQUEST = 8,
	ECHO4_REPLY = 0,
	ECHO6_REQUEST = 128,
	ECHO6_REPLY = 129,
	REPLY_TTL = 64,
	PROTO_ICMP = 1,
	IP4_MORE_OR_OFFSET = 0x3fff,
};

static enum sl_drop request4(struct rte_mbuf *m);
static enum sl_drop request6(struct rte_mbuf *m);

void
dp_echo4_receive(struct rte_mbuf *m)
{
	enum sl_drop reason = request4(m);

	if (reason == SL_DROP_MAX)
		dp_control_tx(m->port, m);
	else
		dp_control_drop(m, reason);
}

void
dp_echo6_receive(struct rte_mbuf *m)
{
	enum sl_drop reason = request6(m);

	if (reason == SL_DROP_MAX)
		dp_control_tx(m->port, m);
	else
		dp_control_drop(m, reason);
}

/* Cuts off what lies behind the first `len` bytes: Ethernet padding, or whole segments more. */
static void
frame_trim(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *seg = m, *next;
	uint32_t left = len;
	uint16_t segs = 1;

	for (; left > seg->data_len; segs++) {
		left -= seg->data_len;
		seg = seg->next;
	}
	seg->data_len = (uint16_t)left;
	for (struct rte_mbuf *rest = seg->next; rest != NULL; rest = next) {
		next = rest->next;
		rte_pktmbuf_free_seg(rest);
	}
	seg->next = NULL;
	m->nb_segs = segs;
	m->pkt_len = len;
}

static void
swap(uint8_t *a, uint8_t *b, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

/* Type and checksum of the message, and the way back. Offload marks of its reception mean nothing now. */
static void
reply_make(struct rte_mbuf *m, uint8_t *icmp, uint8_t type)
{
	uint8_t *eth = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t before = load16(icmp);

	icmp[0] = type;
	store16(icmp + ICMP_SUM_AT,
		sum_update(load16(icmp + ICMP_SUM_AT), sum_fold((uint64_t)load16(icmp) + (uint16_t)~before)));
	memcpy(eth, eth + 6, 6);
	memcpy(eth + 6, dp_port_mac(m->port), 6);
	m->ol_flags = 0;
}

/* The message may be answered as far as addresses go: SL_DROP_MAX, or why not. */
static enum sl_drop
addresses_check(const struct rte_mbuf *m, const struct sl_addr *src, const struct sl_addr *dst)
{
	struct sl_addr link_local = dp_addr_link_local(m->port);
	const struct dp_addr_entry *entry = dp_addr_book_held(dst);

	/* RFC 1122 3.2.2.6: one question to all stations must not bring all of their answers. */
	if ((rte_pktmbuf_mtod(m, const uint8_t *)[0] & 1) != 0)
		return SL_DROP_ICMP_IGNORED;
	if (!sl_addr_is_unicast(src) || dp_addr_book_held(src) != NULL)
		return SL_DROP_SOURCE;
	if (entry == NULL && !sl_addr_eq(dst, &link_local))
		return SL_DROP_PUNT_IGNORED;
	return entry != NULL && entry->no_ping ? SL_DROP_ICMP_IGNORED : SL_DROP_MAX;
}

/* Turns the request into its reply: SL_DROP_MAX, or why it is not answered. */
static enum sl_drop
request4(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	uint8_t *icmp = ip + IP4_LEN;
	struct sl_addr src, dst;
	enum sl_drop reason;
	uint32_t len;

	if (m->data_len < ETH_LEN + IP4_LEN + ICMP_LEN)
		return m->pkt_len < ETH_LEN + IP4_LEN + ICMP_LEN ? SL_DROP_TRUNCATED : SL_DROP_SEGMENTS;
	len = rte_be_to_cpu_16(load16(ip + IP4_TOTAL_AT));
	if (ip[0] >> 4 != 4 || (ip[0] & 15) < 5 || len < IP4_LEN + ICMP_LEN)
		return SL_DROP_IP_HEADER;
	if (len > m->pkt_len - ETH_LEN)
		return SL_DROP_TRUNCATED;
	/* Options may ask for a way back (source route) that nobody should have. */
	if ((ip[0] & 15) > 5)
		return SL_DROP_ICMP_IGNORED;
	if (sum_fold(sum_bytes(ip, IP4_LEN)) != MESSAGE_SUM_OK)
		return SL_DROP_IP_CHECKSUM;
	if ((rte_be_to_cpu_16(load16(ip + IP4_FRAG_AT)) & IP4_MORE_OR_OFFSET) != 0)
		return SL_DROP_FRAGMENT;
	if (ip[IP4_PROTO_AT] != PROTO_ICMP)
		return SL_DROP_PUNT_IGNORED;
	if (icmp[0] != ECHO4_REQUEST || icmp[1] != 0)
		return SL_DROP_ICMP_IGNORED;
	if (len > dp_port_mtu(m->port))
		return SL_DROP_TOO_BIG;
	src = sl_addr_from_v4(load32(ip + IP4_SRC_AT));
	dst = sl_addr_from_v4(load32(ip + IP4_DST_AT));
	reason = addresses_check(m, &src, &dst);
	if (reason != SL_DROP_MAX)
		return reason;
	frame_trim(m, ETH_LEN + len);
	if (message_sum(m, ETH_LEN + IP4_LEN, len - IP4_LEN) != MESSAGE_SUM_OK)
		return SL_DROP_ICMP_INVALID;

	swap(ip + IP4_SRC_AT, ip + IP4_DST_AT, 4);
	ip[IP4_TTL_AT] = REPLY_TTL;
	ip4_sum_write(ip);
	reply_make(m, icmp, ECHO4_REPLY);
	return SL_DROP_MAX;
}

static enum sl_drop
request6(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	uint8_t *icmp = ip + IP6_LEN;
	struct sl_addr src, dst;
	enum sl_drop reason;
	uint32_t len;

	if (m->data_len < ETH_LEN + IP6_LEN + ICMP_LEN)
		return m->pkt_len < ETH_LEN + IP6_LEN + ICMP_LEN ? SL_DROP_TRUNCATED : SL_DROP_SEGMENTS;
	len = rte_be_to_cpu_16(load16(ip + IP6_PAYLOAD_AT));
	if (ip[0] >> 4 != 6 || len < ICMP_LEN)
		return SL_DROP_IP_HEADER;
	if (len > m->pkt_len - ETH_LEN - IP6_LEN)
		return SL_DROP_TRUNCATED;
	if (icmp[0] != ECHO6_REQUEST || icmp[1] != 0)
		return SL_DROP_ICMP_IGNORED;
	if (IP6_LEN + len > dp_port_mtu(m->port))
		return SL_DROP_TOO_BIG;
	src = sl_addr_from_v6(ip + IP6_SRC_AT);
	dst = sl_addr_from_v6(ip + IP6_DST_AT);
	reason = addresses_check(m, &src, &dst);
	if (reason != SL_DROP_MAX)
		return reason;
	frame_trim(m, ETH_LEN + IP6_LEN + len);
	if (sum_fold((uint64_t)message_sum(m, ETH_LEN + IP6_LEN, len) +
		     rte_ipv6_phdr_cksum((const struct rte_ipv6_hdr *)ip, 0)) != MESSAGE_SUM_OK)
		return SL_DROP_ICMP_INVALID;

	swap(ip + IP6_SRC_AT, ip + IP6_DST_AT, 16);
	ip[IP6_HOPS_AT] = REPLY_TTL;
	reply_make(m, icmp, ECHO6_REPLY);
	return SL_DROP_MAX;
}
