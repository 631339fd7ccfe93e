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
#include "port.h"
#include "tcp_state.h"
#include "wire.h"
#include "worker.h"

#include <rte_prefetch.h>

#include <smmintrin.h>

/* The first eight bytes of an IPv4 header: version 4, no options, neither fragment offset nor "more". */
#define IP4_FIRST_MASK 0xff3f0000000000ffull
#define IP4_FIRST_VALUE 0x45ull

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
	uint64_t sum = first + second;

	sum += sum < second;
	sum += third;
	sum += sum < third;
	return sum * INVERSE_65535 <= LARGEST_QUOTIENT;
}

/* What the transport header says, of which at least eight bytes are there. */
static inline bool
transport_read(struct burst *b, unsigned int i, uint8_t *l4, uint64_t proto, uint32_t l4_len, uint32_t ip_len,
	       bool ip6)
{
	uint32_t header_len;

	b->l4[i] = l4;
	b->key[i].ports = load32(l4) | proto << KEY_SHIFT_PROTO;
	if (proto == SL_PROTO_UDP) {
		uint32_t udp_len = rte_bswap16(load16(l4 + UDP_LEN_AT));

		b->info[i] = pkt_info_make(ip_len, TCP_EVENT_UDP, ip6);
		return udp_len >= UDP_LEN && udp_len <= l4_len;
	}
	b->info[i] = pkt_info_make(ip_len, tcp_event_of_flags[l4[TCP_FLAGS_AT]], ip6);
	if (unlikely(proto != SL_PROTO_TCP))
		return false;
	header_len = l4[TCP_OFFSET_AT] >> 2 & 0x3cu;
	return likely(header_len >= TCP_LEN) && header_len <= l4_len;
}

/* Ends the frame where the packet ends, give or take Ethernet's padding? */
static inline bool
frame_fits(uint32_t frame_len, uint32_t ip_len)
{
	return frame_len <= ETH_MIN_FRAME ? frame_len >= ip_len + ETH_LEN : frame_len == ip_len + ETH_LEN;
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

static inline bool
parse4(struct burst *b, unsigned int i, uint8_t *ip, uint32_t frame_len, const struct rte_mbuf *m)
{
	uint64_t first = load64(ip), second = load64(ip + 8);
	uint32_t ip_len = (uint16_t)rte_bswap32((uint32_t)first);

	b->l3[i] = ip;
	addrs4_read(&b->key[i], ip);
	return (first & IP4_FIRST_MASK) == IP4_FIRST_VALUE && frame_fits(frame_len, ip_len) &&
	       ip_len >= IP4_LEN + UDP_LEN && (uint8_t)second > 1 &&
	       (likely(sum4_is_right(first, second, load32(ip + IP4_DST_AT))) || sum4_was_checked(m)) &&
	       transport_read(b, i, ip + IP4_LEN, (uint8_t)(second >> 8), ip_len - IP4_LEN, ip_len, false);
}

static inline bool
parse6(struct burst *b, unsigned int i, uint8_t *ip, uint32_t frame_len)
{
	uint64_t first = load64(ip);
	uint32_t payload_len = (uint16_t)(rte_bswap64(first) >> 16);
	uint32_t ip_len = payload_len + IP6_LEN;

	b->l3[i] = ip;
	memcpy(b->key[i].client.b, ip + IP6_SRC_AT, 16);
	memcpy(b->key[i].other.b, ip + IP6_DST_AT, 16);
	return (first & 0xf0) == 0x60 && frame_fits(frame_len, ip_len) && payload_len >= UDP_LEN &&
	       first >> 56 > 1 && ip_len <= UINT16_MAX &&
	       transport_read(b, i, ip + IP6_LEN, (uint8_t)(first >> 48), payload_len, ip_len, true);
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
	uint64_t slow = 0;
	unsigned int count = b->count;

	b->punt = 0;
	b->icmp = 0;
	b->segments = 0;
	b->moved = false;
	b->live = burst_all(count);
	if (port->dma)
		headers_prefetch(b);
	for (unsigned int i = 0; i < count; i++) {
		struct rte_mbuf *m = b->mbuf[i];
		uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
		uint32_t len = m->data_len;
		uint16_t type = load16(frame + ETH_TYPE_AT);
		bool fast = false;

		/* A frame shorter than this is read beyond its end, but inside its buffer, and refused. */
		if (type == ETH_TYPE_IP4_BE)
			fast = parse4(b, i, frame + ETH_LEN, len, m);
		else if (type == ETH_TYPE_IP6_BE)
			fast = parse6(b, i, frame + ETH_LEN, len);
		/* For us, and in one buffer. */
		if (unlikely(!fast || (load64(frame) & mac_mask) != mac || len != m->pkt_len))
			slow |= UINT64_C(1) << i;
	}
	if (unlikely(slow != 0)) {
		unsigned int i;

		BURST_FOREACH(i, slow)
		dp_parse_slow(w, b, i);
	}
}
