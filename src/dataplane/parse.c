/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Read the tuple of every packet and refuse what is malformed.
 * Reads:  the frame.   Writes: l3, l4, key (as if inbound), info; live, punt, icmp, segments.
 * Drops:  what parse_slow.c finds wrong.   Prefetches: all headers, where a device wrote them.
 * Cost:   the header's line.
 *
 * The common packet (IPv4 without options or IPv6 without extension headers,
 * whole, TCP or UDP, for our MAC address) is read here in a few loads; everything
 * else goes through parse_slow.c, one at a time.
 */
#include "ha.h"
#include "port.h"
#include "tcp_state.h"
#include "wire.h"
#include "worker.h"

#include <rte_prefetch.h>

#include <immintrin.h>

enum {
	IP4_COMMON_AT = 8, /* from here on the 16 bytes with which it is told whether IPv4 is common */
	IP4_COMMON_TO = ETH_LEN + IP4_PROTO_AT,
};

static_assert(IP4_COMMON_TO - IP4_COMMON_AT == 15, "they end with the protocol");

/*
 * A header is whole when the one's complement sum over it is 0xffff, that is
 * when a plain sum is divisible by 65535: 2^16, 2^32 and 2^64 all leave 1. An
 * odd number's multiples are those whose product with its inverse modulo 2^64
 * is small.
 */
#define INVERSE_65535 0xfffefffefffeffffull
#define LARGEST_QUOTIENT (UINT64_MAX / 65535)

static_assert(INVERSE_65535 * 65535 == 1, "inverse modulo 2^64");

static inline bool
sum4_is_right(uint64_t first, uint64_t second, uint32_t third)
{
	unsigned long long two, three;
	unsigned char carry = _addcarry_u64(0, first, second, &two);

	carry = _addcarry_u64(carry, two, third, &three);
	return (three + carry) * INVERSE_65535 <= LARGEST_QUOTIENT;
}

/* What the transport header says, `at` bytes into the packet; whether there is room for it, too. */
static inline bool
transport_read(struct burst *b, unsigned int i, uint8_t *l4, uint8_t proto, uint32_t at, uint32_t ip_len,
	       bool ip6)
{
	b->l4[i] = l4;
	if (likely(proto == SL_PROTO_TCP)) {
		uint8_t offset = l4[TCP_OFFSET_AT];

		b->key[i].ports = load32(l4) | (uint64_t)SL_PROTO_TCP << KEY_SHIFT_PROTO;
		b->info[i] = pkt_info_make(ip_len, tcp_event_of_flags[l4[TCP_FLAGS_AT]], ip6);
		return likely(offset >= TCP_LEN << 2) && (offset >> 2 & 0x3cu) + at <= ip_len;
	}
	if (proto == SL_PROTO_UDP) {
		uint32_t udp_len = rte_bswap16(load16(l4 + UDP_LEN_AT));

		b->key[i].ports = load32(l4) | (uint64_t)SL_PROTO_UDP << KEY_SHIFT_PROTO;
		b->info[i] = pkt_info_make(ip_len, TCP_EVENT_UDP, ip6);
		return udp_len >= UDP_LEN && udp_len + at <= ip_len;
	}
	return false;
}

/* Ends the frame where the packet ends, give or take Ethernet's padding? */
static inline bool
frame_fits(uint32_t frame_len, uint32_t ip_len)
{
	uint32_t wanted = ip_len + ETH_LEN;

	return frame_len == wanted || (frame_len <= ETH_MIN_FRAME && frame_len > wanted);
}

/* Both addresses, as IPv6 maps them: each is the end of 16 bytes that begin in the header, too. */
static inline void
addrs4_read(struct pkt_key *key, const uint8_t *ip)
{
	const __m128i mapped = _mm_set_epi32(0, (int)0xffff0000, 0, 0);
	__m128i src = _mm_loadu_si128((const __m128i *)(ip + IP4_SRC_AT - 12));
	__m128i dst = _mm_loadu_si128((const __m128i *)(ip + IP4_DST_AT - 12));

	_mm_storeu_si128((__m128i *)&key->client, _mm_blend_epi16(src, mapped, 0x3f));
	_mm_storeu_si128((__m128i *)&key->other, _mm_blend_epi16(dst, mapped, 0x3f));
}

static inline bool
sum4_was_checked(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/* An IPv4 packet without options that is no fragment: EtherType, version and length, offset and "more". */
static inline bool
is_common4(const uint8_t *frame)
{
	const __m128i value = _mm_setr_epi8(0, 0, 0, 0, 0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m128i mask = _mm_setr_epi8(0, 0, 0, 0, -1, -1, -1, 0, 0, 0, 0, 0, 0x3f, -1, 0, 0);
	__m128i differ = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(frame + IP4_COMMON_AT)), value);

	return _mm_testz_si128(differ, mask);
}

/*
 * The common packet of row i, or false. A frame shorter than what is read is read
 * beyond its end, but inside its buffer, and refused.
 */
static inline bool
parse4(struct burst *b, unsigned int i, uint8_t *frame, uint32_t frame_len, const struct rte_mbuf *m)
{
	uint8_t *ip = frame + ETH_LEN;
	uint64_t first = load64(ip), second = load64(ip + 8);
	uint32_t ip_len = rte_bswap32(load32(ip + IP4_TOTAL_AT)) >> 16;

	b->l3[i] = ip;
	addrs4_read(&b->key[i], ip);
	return is_common4(frame) && frame_fits(frame_len, ip_len) && (uint8_t)second > 1 &&
	       (likely(sum4_is_right(first, second, load32(ip + IP4_DST_AT))) || sum4_was_checked(m)) &&
	       transport_read(b, i, ip + IP4_LEN, (uint8_t)(second >> 8), IP4_LEN, ip_len, false);
}

static inline bool
parse6(struct burst *b, unsigned int i, uint8_t *frame, uint32_t frame_len)
{
	uint8_t *ip = frame + ETH_LEN;
	uint64_t first = load64(ip);
	uint32_t ip_len = (uint32_t)((uint16_t)(rte_bswap64(first) >> 16)) + IP6_LEN;

	b->l3[i] = ip;
	memcpy(b->key[i].client.b, ip + IP6_SRC_AT, 16);
	memcpy(b->key[i].other.b, ip + IP6_DST_AT, 16);
	return load16(frame + ETH_TYPE_AT) == ETH_TYPE_IP6_BE && (first & 0xf0) == 0x60 &&
	       frame_fits(frame_len, ip_len) && first >> 56 > 1 && ip_len <= UINT16_MAX &&
	       transport_read(b, i, ip + IP6_LEN, (uint8_t)(first >> 48), IP6_LEN, ip_len, true);
}

/* Reads row i. False: it is not of this family, not common, not for `mac`, or not in one buffer. */
static inline bool
row_parse(struct burst *b, unsigned int i, uint64_t mac, uint64_t mac_mask, bool ip6)
{
	struct rte_mbuf *m = b->mbuf[i];
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = m->data_len;

	return likely(ip6 ? parse6(b, i, frame, len) : parse4(b, i, frame, len, m)) &&
	       likely((load64(frame) & mac_mask) == mac) && likely(len == m->pkt_len);
}

/* All rows as packets of one family; returns those that were not read. */
static inline uint64_t
rows_parse(struct burst *b, uint64_t mac, uint64_t mac_mask, bool ip6)
{
	uint64_t rest = 0;
	unsigned int count =
		b->count; /* of its own, since a store might change it as far as the compiler knows */

	for (unsigned int i = 0; i < count; i++)
		if (unlikely(!row_parse(b, i, mac, mac_mask, ip6)))
			rest |= UINT64_C(1) << i;
	return rest;
}

/* What was not read as a packet of the one family, as one of the other. */
static inline uint64_t
rest_parse(struct burst *b, uint64_t rest, uint64_t mac, uint64_t mac_mask, bool ip6)
{
	uint64_t slow = rest;
	unsigned int i;

	BURST_FOREACH(i, rest)
	slow ^= (uint64_t)row_parse(b, i, mac, mac_mask, ip6) << i;
	return slow;
}

/* Frames to a virtual MAC address that is ours just now (ha.h): read as those to the port's own. */
static __rte_cold uint64_t
taken_parse(struct burst *b, uint64_t rest)
{
	uint64_t slow = rest;
	unsigned int i;

	BURST_FOREACH(i, rest)
	{
		const uint8_t *frame = rte_pktmbuf_mtod(b->mbuf[i], const uint8_t *);
		uint64_t mac = load64(frame) & DP_NH_MAC_MASK;

		if (!dp_ha_takes_mac(mac))
			continue;
		slow ^= (uint64_t)row_parse(b, i, mac, DP_NH_MAC_MASK,
					    load16(frame + ETH_TYPE_AT) == ETH_TYPE_IP6_BE)
			<< i;
	}
	return slow;
}

static inline bool
first_is4(const struct burst *b)
{
	return b->count != 0 &&
	       load16(rte_pktmbuf_mtod(b->mbuf[0], uint8_t *) + ETH_TYPE_AT) == ETH_TYPE_IP4_BE;
}

/* Of what a device wrote to memory; what a virtual device's driver copied is in the cache. */
static inline void
headers_prefetch(const struct burst *b)
{
	for (unsigned int i = 0; i < b->count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(b->mbuf[i], void *));
}

void
dp_stage_parse(struct dp_worker *w, struct burst *b)
{
	const struct dp_port *port = &dp_ports[b->port];
	/* Frames handed over were found to be for us by the worker that received them. */
	uint64_t mac_mask = b->owned != 0 ? 0 : DP_NH_MAC_MASK;
	uint64_t mac = port->mac_word & mac_mask;
	uint64_t slow;
	bool ip4;

	b->punt = 0;
	b->icmp = 0;
	b->segments = 0;
	b->moved = false;
	b->live = burst_all(b->count);
	if (port->dma)
		headers_prefetch(b);
	/* Bursts are of one family, or nearly: each has a loop of its own. */
	ip4 = first_is4(b);
	rte_compiler_barrier(); /* else what it loads is carried through the loops */
	if (likely(ip4)) {
		slow = rows_parse(b, mac, mac_mask, false);
		if (unlikely(slow != 0))
			slow = rest_parse(b, slow, mac, mac_mask, true);
	} else {
		slow = rows_parse(b, mac, mac_mask, true);
		if (unlikely(slow != 0))
			slow = rest_parse(b, slow, mac, mac_mask, false);
	}
	if (unlikely(slow != 0)) {
		unsigned int i;

		if (b->owned == 0 && atomic_load_explicit(&dp_ha_taken_count, memory_order_relaxed) != 0)
			slow = taken_parse(b, slow);
		BURST_FOREACH(i, slow)
		dp_parse_slow(w, b, i);
	}
}
