/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's connection table.
 *
 * One flow is one cache line, and one bucket of the index is one cache line:
 * eight 16-bit tags, compared at once, and eight flow numbers. A flow hashes by
 * its client's address and port alone, as in Linux IPVS, so both directions of
 * NAT find the same entry. A bucket that is full continues in an overflow
 * bucket; a chain is bounded, because a single client tuple may open as many
 * flows as there are services.
 *
 * The table belongs to one worker, which alone writes it. The control thread
 * reads flows beside it (dp_conn_next): `seq` is odd while an entry is being
 * made or unmade, and different after every reuse.
 */
#ifndef DP_FLOW_H
#define DP_FLOW_H

#include "burst.h"
#include "real.h"

#include <sluice/conn.h>

#include <assert.h>
#include <smmintrin.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
	FLOW_FWD_MASK = 0x03, /* enum sl_fwd */
	FLOW_ASKED = 0x04,    /* TCP, replies pass here: the server has not answered the SYN yet */
	FLOW_V6 = 0x08,
	FLOW_IN_ONLY = 0x10, /* replies do not pass here: enum tcp_side */
	FLOW_IN_ONLY_SHIFT = 4,
	FLOW_TOA = 0x20,        /* full NAT: the server is still to be told the client's address (toa.c) */
	FLOW_NAT64 = 0x80,      /* full NAT: IPv6 towards the client, IPv4 towards the server */
	FLOW_FRAGMENTED = 0x40, /* a fragment opened it, where RSS may not bring its whole packets */
};

enum { FLOW_SHIFT_SEQ = 56 }; /* of `seq` in `ports` */

static_assert(SL_FWD_MAX - 1 <= FLOW_FWD_MASK, "methods have two bits");

/*
 * A bit of `generation` that no server's has: the flow came from the peer and has had no packet here. So
 * its first packet is a rare case (track.c), where the bit goes, and no other packet pays for it.
 */
#define FLOW_FOREIGN ((uint16_t)1 << 15)

static_assert((GENERATION_MASK & FLOW_FOREIGN) == 0, "no generation looks like a foreign flow");

struct flow {
	struct sl_addr client;
	struct sl_addr vip;
	union {
		struct {
			uint16_t client_port_be;
			uint16_t vip_port_be;
			uint16_t real_port_be;
			uint8_t proto; /* 0: the entry is free */
			uint8_t seq;
		};
		uint64_t ports; /* as struct pkt_key's */
	};
	uint32_t real;       /* slot of the server */
	uint16_t generation; /* of that slot when the flow was made; FLOW_FOREIGN */
	uint8_t state;       /* enum sl_state */
	uint8_t flags;       /* FLOW_* */
	uint32_t seen;       /* tick of the last packet */
	union {
		uint32_t local;     /* full NAT: local address and port, see local.h */
		uint32_t next_free; /* while the entry is free */
	};
	uint64_t route; /* way to the client: network epoch << 16 | next hop; 0: unknown */
};
static_assert(sizeof(struct flow) == 64, "a flow is one cache line");

enum { BUCKET_SLOTS = 8, BUCKET_CHAIN_MAX = 16 };

struct flow_bucket {
	_Alignas(64) uint16_t tag[BUCKET_SLOTS]; /* 0: the slot is free */
	uint32_t flow[BUCKET_SLOTS];
	uint32_t next; /* overflow bucket, or 0 */
	uint32_t pad[3];
};
static_assert(sizeof(struct flow_bucket) == 64, "a bucket is one cache line");

struct flow_table {
	/* Constant: others read it beside the worker, which must not wait for the line each time a flow comes or goes. */
	_Alignas(64) struct flow *flow; /* number 0 is never used */
	struct flow_bucket *bucket;     /* `bucket_count` hashed ones, then the overflow ones */
	uint64_t secret[2];
	uint32_t bucket_count;
	uint32_t capacity;
	size_t flow_bytes, bucket_bytes;

	_Alignas(64) uint32_t used;
	uint32_t high;          /* no flow above this number was ever used */
	uint32_t free;          /* list of freed flows, 0: none */
	uint32_t overflow_free; /* list of free overflow buckets, 0: none */
	uint32_t sweep;         /* where expiry goes on */
};

/* Where a tuple belongs. */
struct flow_hash {
	uint32_t bucket;
	uint16_t tag;
};

/* 0 or -ENOMEM. Huge pages where there are any. */
int flow_table_init(struct flow_table *table, uint32_t capacity, const uint64_t secret[2], int numa_node);
void flow_table_fini(struct flow_table *table);

/*
 * Makes an entry for `key` (direction in); the caller knows there is none. Its
 * other members are the caller's to fill. NULL and a reason when it cannot be.
 */
struct flow *flow_insert(struct flow_table *table, const struct pkt_key *key, struct flow_hash hash,
			 enum sl_drop *ret_reason);
void flow_remove(struct flow_table *table, struct flow *flow);
/* Of two flows in the chain of `bucket`, both of one client tuple, `first` is found before `second` from now on. */
void flow_prefer(struct flow_table *table, uint32_t bucket, const struct flow *first,
		 const struct flow *second);

/* How many FLOW_FRAGMENTED flows of a protocol the box has. Written when one is opened or ends. */
extern _Atomic uint32_t dp_fragmented_flows[2];

static inline _Atomic uint32_t *
dp_fragmented_count(uint8_t proto)
{
	return &dp_fragmented_flows[proto == SL_PROTO_TCP];
}

/* What of a pkt_key's ports a flow is hashed by: the client's port and the protocol. */
#define HASH_PORTS 0x00ff00000000ffffull

/*
 * Multiply-and-fold under the worker's secret: clients choose their tuples, and
 * must not be able to choose their buckets. `ports`: laid out as in struct pkt_key.
 */
static inline struct flow_hash
flow_hash_ports(const struct flow_table *table, const struct sl_addr *client, uint64_t ports)
{
	uint64_t low, high;

	memcpy(&low, client->b, 8);
	memcpy(&high, client->b + 8, 8);
	high ^= table->secret[0];
	low = (low + (ports & HASH_PORTS) * UINT64_C(0x9e3779b97f4a7c15)) ^ table->secret[1];
	low = (high * low) ^ (uint64_t)((unsigned __int128)high * low >> 64);
	/* Addresses in steps are told apart by low bits alone so far: carry those up. */
	low *= UINT64_C(0x9e3779b97f4a7c15);
	return (struct flow_hash){
		.bucket = (uint32_t)(((low >> 32) * table->bucket_count) >> 32),
		.tag = (uint16_t)(low >> 16) | 1,
	};
}

static inline struct flow_hash
flow_hash(const struct flow_table *table, const struct sl_addr *client, uint16_t client_port_be,
	  uint8_t proto)
{
	return flow_hash_ports(table, client, client_port_be | (uint64_t)proto << KEY_SHIFT_PROTO);
}

/* Slots of a bucket that bear the tag, two bits a slot. */
static inline uint32_t
bucket_match(const struct flow_bucket *bucket, uint16_t tag)
{
	__m128i tags = _mm_load_si128((const __m128i *)bucket->tag);

	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag)));
}

/* The flow in the first of the slots that bucket_match() found, of which there is one. */
static inline uint32_t
bucket_flow(const struct flow_bucket *bucket, uint32_t match)
{
	uint32_t number;

	/* Two bits a slot, four bytes a number. */
	memcpy(&number, (const uint8_t *)bucket->flow + 2 * (size_t)(unsigned int)__builtin_ctz(match),
	       sizeof(number));
	return number;
}

/* Are both pairs of addresses equal? The first of each pair begins a line, or its second quarter. */
static inline bool
addrs_same(const struct sl_addr *a, const struct sl_addr *a2, const struct sl_addr *b,
	   const struct sl_addr *b2)
{
	__m128i first =
		_mm_xor_si128(_mm_loadu_si128((const __m128i *)a2), _mm_load_si128((const __m128i *)a));
	__m128i second =
		_mm_xor_si128(_mm_loadu_si128((const __m128i *)b2), _mm_load_si128((const __m128i *)b));
	__m128i differ = _mm_or_si128(first, second);

	return _mm_testz_si128(differ, differ);
}

#endif
