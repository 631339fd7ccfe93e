/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offsets and numbers of the headers that the pipeline reads and writes, and
 * unaligned loads and stores for them. Multi-byte values are as they lie in
 * the packet unless a name says otherwise. Little-endian machines only.
 */
#ifndef DP_WIRE_H
#define DP_WIRE_H

#include <rte_byteorder.h>

#include <stdint.h>
#include <string.h>

#if RTE_BYTE_ORDER != RTE_LITTLE_ENDIAN
#error "the packet path is written for little-endian machines"
#endif

enum {
	ETH_LEN = 14,
	ETH_MIN_FRAME = 60,
	ETH_TYPE_AT = 12,
	ETH_TYPE_IP4_BE = 0x0008,
	ETH_TYPE_IP6_BE = 0xdd86,
	ETH_TYPE_ARP_BE = 0x0608,

	IP4_LEN = 20,
	IP4_TOTAL_AT = 2,
	IP4_ID_AT = 4,
	IP4_FRAG_AT = 6,
	IP4_TTL_AT = 8,
	IP4_PROTO_AT = 9,
	IP4_SUM_AT = 10,
	IP4_SRC_AT = 12,
	IP4_DST_AT = 16,

	IP6_LEN = 40,
	IP6_PAYLOAD_AT = 4,
	IP6_NEXT_AT = 6,
	IP6_HOPS_AT = 7,
	IP6_SRC_AT = 8,
	IP6_DST_AT = 24,

	TCP_LEN = 20,
	TCP_OFFSET_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_SUM_AT = 16,
	UDP_LEN = 8,
	UDP_LEN_AT = 4,
	UDP_SUM_AT = 6,
};

static inline uint16_t
load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t
load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void
store16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void
store32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void
store64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

/*
 * One's complement sum of 16-bit words, folded. A number added to itself with its halves
 * exchanged has the sum of both in the upper half, the carry out of it already added in.
 */
static inline uint16_t
sum_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* The sum over `len` bytes; even len. */
static inline uint64_t
sum_bytes(const uint8_t *p, unsigned int len)
{
	uint64_t sum = 0;

	for (; len >= 4; len -= 4, p += 4)
		sum += load32(p);
	return len >= 2 ? sum + load16(p) : sum;
}

/* The checksum of an IPv4 header, options included, made anew. */
static inline void
ip4_sum_write(uint8_t *ip)
{
	store16(ip + IP4_SUM_AT, 0);
	store16(ip + IP4_SUM_AT, (uint16_t)~sum_fold(sum_bytes(ip, (ip[0] & 15) * 4u)));
}

/* RFC 1624, equation 3: a checksum after a change whose one's complement sum is `delta`. */
static inline uint16_t
sum_update(uint16_t checksum, uint16_t delta)
{
	uint32_t sum = (uint32_t)(uint16_t)~checksum + delta;

	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~sum;
}

/* Writes `len` bytes, an even number; returns the one's complement sum that this adds to a checksum over them. */
static inline uint64_t
bytes_rewrite(uint8_t *at, const void *bytes, unsigned int len)
{
	uint64_t before = (uint16_t)~sum_fold(sum_bytes(at, len));

	memcpy(at, bytes, len);
	return before + sum_bytes(at, len);
}

#endif
