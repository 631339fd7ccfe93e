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
 * Buckets are eight slots for five flows at most on average. Flows that come and go leave chains half empty:
 * with a quarter as many overflow buckets none is ever refused, at 16 bytes a flow in all (a sixteenth refused
 * 2 % of new flows at 85 % load).
 */
enum { FLOWS_PER_BUCKET = 5, OVERFLOW_SHARE = 4, OVERFLOW_MIN = 64 };

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
	flow->ports = (key->ports & KEY_PORTS_IN) | (uint64_t)seq << 56;
	flow->route = 0;
	*slot_flow = number;
	*slot_tag = hash.tag;
	return flow;
}

/* Takes an empty overflow bucket out of the chain that starts at `first`. */
static void
chain_trim(struct flow_table *table, uint32_t first, uint32_t empty)
{
	uint32_t before = first;

	while (table->bucket[before].next != empty)
		before = table->bucket[before].next;
	table->bucket[before].next = table->bucket[empty].next;
	table->bucket[empty].next = table->overflow_free;
	table->overflow_free = empty;
}

void
flow_remove(struct flow_table *table, struct flow *flow)
{
	uint32_t number = (uint32_t)(flow - table->flow);
	struct flow_hash hash = flow_hash(table, &flow->client, flow->client_port_be, flow->proto);
	uint32_t bucket = hash.bucket;

	for (;;) {
		struct flow_bucket *b = &table->bucket[bucket];
		bool found = false;

		for (unsigned int slot = 0; slot < BUCKET_SLOTS; slot++) {
			if (b->tag[slot] != 0 && b->flow[slot] == number) {
				b->tag[slot] = 0;
				found = true;
				break;
			}
		}
		if (found)
			break;
		assert(b->next != 0); /* every flow in use stands in its chain */
		bucket = b->next;
	}
	if (bucket != hash.bucket && bucket_match(&table->bucket[bucket], 0) == 0xffff)
		chain_trim(table, hash.bucket, bucket);
	flow->seq++;
	atomic_signal_fence(memory_order_seq_cst);
	flow->proto = 0;
	flow->next_free = table->free;
	table->free = number;
	table->used--;
	flow->seq++;
}

/* Where in the chain of `bucket` a flow's number stands, and as how manieth slot. */
static uint32_t *
number_find(struct flow_table *table, uint32_t bucket, uint32_t number, unsigned int *ret_place)
{
	for (unsigned int depth = 0;; depth++) {
		struct flow_bucket *b = &table->bucket[bucket];

		for (unsigned int slot = 0; slot < BUCKET_SLOTS; slot++) {
			if (b->tag[slot] != 0 && b->flow[slot] == number) {
				*ret_place = depth * BUCKET_SLOTS + slot;
				return &b->flow[slot];
			}
		}
		assert(b->next != 0); /* both stand in this chain */
		bucket = b->next;
	}
}

void
flow_prefer(struct flow_table *table, uint32_t bucket, const struct flow *first, const struct flow *second)
{
	unsigned int first_place, second_place;
	uint32_t *a = number_find(table, bucket, (uint32_t)(first - table->flow), &first_place);
	uint32_t *b = number_find(table, bucket, (uint32_t)(second - table->flow), &second_place);

	/* Their tags are equal: only the numbers change places. */
	if (first_place > second_place) {
		uint32_t number = *a;

		*a = *b;
		*b = number;
	}
}
