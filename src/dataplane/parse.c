/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Read the tuple of every packet and refuse what is malformed.
 * Reads:  the frame.            Writes: l3, l4, key (as if inbound), ports, event, ip_len, family6; live, punt.
 * Drops:  NOT_TO_US and what parse_slow.c finds.   Prefetches: headers a few packets ahead.
 * Cost:   the header's line.
 *
 * The common packet (IPv4 without options or IPv6 without extension headers,
 * whole, TCP or UDP, for our MAC address) is decided by one branch here;
 * everything else goes through parse_slow.c, one at a time.
 */
#include "port.h"
#include "tcp_state.h"
#include "wire.h"
#include "worker.h"

#include <rte_prefetch.h>

enum { AHEAD = 6 };

static inline void
key_set4(struct pkt_key *key, const uint8_t *ip)
{
	uint64_t zero = 0;
	uint64_t src = (uint64_t)load32(ip + IP4_SRC_AT) << 32 | 0xffff0000u;
	uint64_t dst = (uint64_t)load32(ip + IP4_DST_AT) << 32 | 0xffff0000u;

	memcpy(key->client.b, &zero, 8);
	memcpy(key->client.b + 8, &src, 8);
	memcpy(key->other.b, &zero, 8);
	memcpy(key->other.b + 8, &dst, 8);
}

/* What the transport header says. `l4` has at least 8 bytes; TCP's flags are read only for TCP. */
static inline bool
transport_read(struct burst *b, unsigned int i, uint8_t *l4, uint8_t proto, uint32_t l4_len)
{
	uint32_t ports = load32(l4);

	b->l4[i] = l4;
	b->ports[i] = ports;
	b->key[i].ports = ports | (uint64_t)proto << KEY_SHIFT_PROTO;
	if (proto == SL_PROTO_UDP) {
		b->event[i] = TCP_EVENT_UDP;
		return l4_len >= UDP_LEN;
	}
	b->event[i] = tcp_event_of_flags[l4[TCP_FLAGS_AT]];
	return proto == SL_PROTO_TCP && l4_len >= TCP_LEN && l4[TCP_OFFSET_AT] >= 0x50 &&
	       (l4[TCP_OFFSET_AT] >> 4) * 4u <= l4_len;
}

static inline bool
parse4(struct burst *b, unsigned int i, uint8_t *ip, uint32_t room, uint64_t ol_flags)
{
	uint32_t ip_len = rte_be_to_cpu_16(load16(ip + IP4_TOTAL_AT));
	uint64_t sum =
		(uint64_t)load32(ip) + load32(ip + 4) + load32(ip + 8) + load32(ip + 12) + load32(ip + 16);
	bool sum_right = sum_fold(sum) == 0xffff ||
			 (ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;

	b->l3[i] = ip;
	b->family6[i] = 0;
	b->ip_len[i] = (uint16_t)ip_len;
	key_set4(&b->key[i], ip);
	return (ip[0] == 0x45) & ((load16(ip + IP4_FRAG_AT) & RTE_BE16(0x3fff)) == 0) & (ip_len <= room) &
		       (ip_len >= IP4_LEN + UDP_LEN) & (ip[IP4_TTL_AT] > 1) & sum_right &&
	       transport_read(b, i, ip + IP4_LEN, ip[IP4_PROTO_AT], ip_len - IP4_LEN);
}

static inline bool
parse6(struct burst *b, unsigned int i, uint8_t *ip, uint32_t room)
{
	uint32_t payload_len = rte_be_to_cpu_16(load16(ip + IP6_PAYLOAD_AT));
	uint32_t ip_len = payload_len + IP6_LEN;

	b->l3[i] = ip;
	b->family6[i] = 1;
	b->ip_len[i] = (uint16_t)ip_len;
	memcpy(b->key[i].client.b, ip + IP6_SRC_AT, 16);
	memcpy(b->key[i].other.b, ip + IP6_DST_AT, 16);
	return ((ip[0] & 0xf0) == 0x60) & (ip_len <= room) & (ip_len <= UINT16_MAX) & (ip[IP6_HOPS_AT] > 1) &&
	       transport_read(b, i, ip + IP6_LEN, ip[IP6_NEXT_AT], payload_len);
}

void
dp_stage_parse(struct dp_worker *w, struct burst *b)
{
	const struct dp_port *port = &dp_ports[b->port];
	/* Frames handed over were found to be for us by the worker that received them. */
	uint64_t mac_mask = b->owned != 0 ? 0 : DP_NH_MAC_MASK;
	uint64_t mac = port->mac_word & mac_mask;
	uint64_t slow = 0;

	b->punt = 0;
	b->live = burst_all(b->count);
	for (unsigned int i = 0; i < b->count; i++) {
		struct rte_mbuf *m = b->mbuf[i];
		uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
		uint32_t len = m->data_len;
		uint16_t type = load16(frame + ETH_TYPE_AT);
		bool fast = false;

		if (i + AHEAD < b->count)
			rte_prefetch0(rte_pktmbuf_mtod(b->mbuf[i + AHEAD], void *));
		/* A frame shorter than this is read beyond its end, but inside its buffer, and refused. */
		if (type == ETH_TYPE_IP4_BE)
			fast = len >= ETH_LEN + IP4_LEN + UDP_LEN &&
			       parse4(b, i, frame + ETH_LEN, m->pkt_len - ETH_LEN, m->ol_flags);
		else if (type == ETH_TYPE_IP6_BE)
			fast = len >= ETH_LEN + IP6_LEN + UDP_LEN &&
			       parse6(b, i, frame + ETH_LEN, m->pkt_len - ETH_LEN);
		/* Headers in one buffer; no more behind the packet than Ethernet's padding. */
		fast = fast & ((load64(frame) & mac_mask) == mac) & (len == m->pkt_len) &
		       (len <= RTE_MAX(b->ip_len[i] + (uint32_t)ETH_LEN, (uint32_t)ETH_MIN_FRAME));
		slow |= (uint64_t)!fast << i;
	}
	if (unlikely(slow != 0)) {
		unsigned int i;

		BURST_FOREACH(i, slow)
		dp_parse_slow(w, b, i);
	}
}
