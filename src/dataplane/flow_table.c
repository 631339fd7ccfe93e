/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making, filling and emptying a worker's connection table. The layout and who
 * may touch it are in flow.h; finding flows is the pipeline's (flow_lookup.c),
 * ending idle ones is the sweep's (flow_sweep.c).
 *
 * Memory is the program's own mapping, not EAL's heap: it is reserved whole at
 * start, becomes real page by page as flows come, and lies in huge pages where
 * the system has any.
 */
#include "flow.h"

#include <errno.h>
#include <numa.h>
#include <stdatomic.h>
#include <sys/mman.h>

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26)
#endif

/*
 * Buckets are eight slots for five flows at most on average. Flows that fall by
 * chance make 6.8 % of the buckets of a full table overflow; there are nearly twice
 * as many overflow buckets. The index takes 14.4 bytes a flow in all.
 */
enum { FLOWS_PER_BUCKET = 5, OVERFLOW_SHARE = 8, OVERFLOW_MIN = 64 };

/* A chain of buckets, and places in it counted from its first slot. */
struct chain {
	struct flow_bucket *bucket[BUCKET_CHAIN_MAX];
	unsigned int depth;
};

static void *
table_map(size_t bytes, int numa_node)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);

	if (memory == MAP_FAILED) {
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return NULL;
		(void)madvise(memory, bytes, MADV_HUGEPAGE);
	}
	if (numa_node >= 0 && numa_available() >= 0)
		numa_tonode_memory(memory, bytes, numa_node);
	return memory;
}

static size_t
round_up_2mb(size_t bytes)
{
	return (bytes + (2u << 20) - 1) & ~(size_t)((2u << 20) - 1);
}

int
flow_table_init(struct flow_table *table, uint32_t capacity, const uint64_t secret[2], int numa_node)
{
	uint32_t overflow_count;

	*table = (struct flow_table){
		.capacity = capacity,
		.bucket_count = capacity / FLOWS_PER_BUCKET + 1,
		.secret = { secret[0], secret[1] },
		.sweep = 1,
	};
	overflow_count = table->bucket_count / OVERFLOW_SHARE + OVERFLOW_MIN;
	table->flow_bytes = round_up_2mb(((size_t)capacity + 1) * sizeof(struct flow));
	table->bucket_bytes =
		round_up_2mb(((size_t)table->bucket_count + overflow_count) * sizeof(struct flow_bucket));
	table->flow = table_map(table->flow_bytes, numa_node);
	table->bucket = table_map(table->bucket_bytes, numa_node);
	if (table->flow == NULL || table->bucket == NULL) {
		flow_table_fini(table);
		return -ENOMEM;
	}
	for (uint32_t i = overflow_count; i-- > 0;) {
		table->bucket[table->bucket_count + i].next = table->overflow_free;
		table->overflow_free = table->bucket_count + i;
	}
	return 0;
}

void
flow_table_fini(struct flow_table *table)
{
	if (table->flow != NULL)
		munmap(table->flow, table->flow_bytes);
	if (table->bucket != NULL)
		munmap(table->bucket, table->bucket_bytes);
	table->flow = NULL;
	table->bucket = NULL;
}

/* A free slot in the chain of `bucket`, with an overflow bucket added if need be. */
static uint16_t *
slot_find(struct flow_table *table, uint32_t bucket, uint32_t **ret_flow)
{
	unsigned int depth = 1;
	uint32_t fresh;

	for (;; depth++) {
		struct flow_bucket *b = &table->bucket[bucket];
		uint32_t empty = bucket_match(b, 0);

		if (empty != 0) {
			unsigned int slot = (unsigned int)__builtin_ctz(empty) / 2;

			*ret_flow = &b->flow[slot];
			return &b->tag[slot];
		}
		if (b->next == 0)
			break;
		bucket = b->next;
	}
	fresh = table->overflow_free;
	if (depth >= BUCKET_CHAIN_MAX || fresh == 0)
		return NULL;
	table->overflow_free = table->bucket[fresh].next;
	table->bucket[fresh].next = 0;
	table->bucket[bucket].next = fresh;
	*ret_flow = &table->bucket[fresh].flow[0];
	return &table->bucket[fresh].tag[0];
}

struct flow *
flow_insert(struct flow_table *table, const struct pkt_key *key, struct flow_hash hash,
	    enum sl_drop *ret_reason)
{
	struct flow *flow;
	uint32_t number, *slot_flow;
	uint16_t *slot_tag;
	uint8_t seq;

	if (unlikely(table->free == 0 && table->high == table->capacity)) {
		*ret_reason = SL_DROP_TABLE_FULL;
		return NULL;
	}
	slot_tag = slot_find(table, hash.bucket, &slot_flow);
	if (unlikely(slot_tag == NULL)) {
		*ret_reason = table->overflow_free == 0 ? SL_DROP_TABLE_FULL : SL_DROP_BUCKET_FULL;
		return NULL;
	}
	if (table->free != 0) {
		number = table->free;
		table->free = table->flow[number].next_free;
	} else {
		number = ++table->high;
	}
	table->used++;
	flow = &table->flow[number];
	seq = (uint8_t)(flow->seq + 1);
	flow->seq = seq;
	atomic_signal_fence(memory_order_seq_cst);
	flow->client = key->client;
	flow->vip = key->other;
	flow->ports = (key->ports & KEY_PORTS_IN) | (uint64_t)seq << FLOW_SHIFT_SEQ;
	flow->route = 0;
	*slot_flow = number;
	*slot_tag = hash.tag;
	return flow;
}

static struct chain
chain_of(const struct flow_table *table, uint32_t bucket)
{
	struct chain chain = { .depth = 0 };

	do {
		assert(chain.depth < BUCKET_CHAIN_MAX);
		chain.bucket[chain.depth] = &table->bucket[bucket];
		bucket = chain.bucket[chain.depth++]->next;
	} while (bucket != 0);
	return chain;
}

static inline uint16_t *
tag_at(const struct chain *chain, unsigned int place)
{
	return &chain->bucket[place / BUCKET_SLOTS]->tag[place % BUCKET_SLOTS];
}

static inline uint32_t *
number_at(const struct chain *chain, unsigned int place)
{
	return &chain->bucket[place / BUCKET_SLOTS]->flow[place % BUCKET_SLOTS];
}

/* The place of a flow that stands in this chain. */
static unsigned int
place_find(const struct chain *chain, uint32_t number)
{
	unsigned int place = 0;

	while (*tag_at(chain, place) == 0 || *number_at(chain, place) != number) {
		place++;
		assert(place < chain->depth * BUCKET_SLOTS);
	}
	return place;
}

/*
 * Fills a hole from the chain's end, so that all its buckets but the last are
 * full: a flow in an overflow bucket is found more slowly. Flows of one tag may be
 * twins (flow_prefer), so they keep their order: of those that bear the last
 * one's tag the first behind the hole moves up, and leaves the next hole.
 */
static void
hole_fill(const struct chain *chain, unsigned int hole)
{
	unsigned int last = chain->depth * BUCKET_SLOTS - 1;

	while (last > hole && *tag_at(chain, last) == 0)
		last--;
	while (hole < last) {
		uint16_t tag = *tag_at(chain, last);
		unsigned int from = hole + 1;

		while (*tag_at(chain, from) != tag)
			from++;
		*number_at(chain, hole) = *number_at(chain, from);
		*tag_at(chain, hole) = tag;
		*tag_at(chain, from) = 0;
		hole = from;
	}
}

/* Gives the chain's last bucket back if it is empty. */
static void
chain_trim(struct flow_table *table, const struct chain *chain)
{
	struct flow_bucket *last = chain->bucket[chain->depth - 1];

	if (bucket_match(last, 0) != 0xffff)
		return;
	chain->bucket[chain->depth - 2]->next = 0;
	last->next = table->overflow_free;
	table->overflow_free = (uint32_t)(last - table->bucket);
}

void
flow_remove(struct flow_table *table, struct flow *flow)
{
	uint32_t number = (uint32_t)(flow - table->flow);
	struct flow_hash hash = flow_hash(table, &flow->client, flow->client_port_be, flow->proto);
	struct chain chain = chain_of(table, hash.bucket);
	unsigned int place = place_find(&chain, number);

	*tag_at(&chain, place) = 0;
	if (chain.depth > 1) {
		hole_fill(&chain, place);
		chain_trim(table, &chain);
	}
	flow->seq++;
	atomic_signal_fence(memory_order_seq_cst);
	flow->proto = 0;
	flow->next_free = table->free;
	table->free = number;
	table->used--;
	flow->seq++;
}

void
flow_prefer(struct flow_table *table, uint32_t bucket, const struct flow *first, const struct flow *second)
{
	struct chain chain = chain_of(table, bucket);
	unsigned int a = place_find(&chain, (uint32_t)(first - table->flow));
	unsigned int b = place_find(&chain, (uint32_t)(second - table->flow));

	/* Their tags are equal: only the numbers change places. */
	if (a > b) {
		uint32_t number = *number_at(&chain, a);

		*number_at(&chain, a) = *number_at(&chain, b);
		*number_at(&chain, b) = number;
	}
}
