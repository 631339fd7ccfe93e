/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Find the established flow of every live packet.
 * Reads:  key, in.   Writes: flow, hit, miss, bucket, tag.
 * Drops:  nothing.   Prefetches: the server's two lines.
 * Cost:   two lines a packet: bucket, entry.
 *
 * Three passes, so that the lines of all packets are on their way at once:
 * hash and fetch buckets, compare tags and fetch entries, compare keys. What
 * the third pass cannot settle (a full bucket's chain, two flows with one tag)
 * is looked for again, alone, by dp_flow_find_slow.
 */
#include "worker.h"

#include <rte_prefetch.h>

static inline bool
flow_is(const struct flow *flow, const struct pkt_key *key, bool in)
{
	uint64_t mask = in ? KEY_PORTS_IN : KEY_PORTS_OUT;
	const struct sl_addr *other = in ? &flow->vip : &dp_real_slots[flow->real].addr;

	return ((flow->ports ^ key->ports) & mask) == 0 &&
	       addrs_same(&flow->client, &key->client, other, &key->other);
}

__rte_cold struct flow *
dp_flow_find_slow(struct dp_worker *w, const struct pkt_key *key, bool in, struct flow_hash hash)
{
	struct flow_table *table = &w->table;
	uint32_t bucket = hash.bucket;

	for (;;) {
		struct flow_bucket *b = &table->bucket[bucket];
		uint32_t match = bucket_match(b, hash.tag);

		for (; match != 0; match &= match - 1, match &= match - 1) {
			struct flow *flow = &table->flow[b->flow[(unsigned int)__builtin_ctz(match) / 2]];

			if (flow_is(flow, key, in))
				return flow;
		}
		if (b->next == 0)
			return NULL;
		bucket = b->next;
	}
}

/* The first two passes take every row: one that was dropped finds some bucket and entry, to no effect. */
static inline void
pass_buckets(struct dp_worker *w, struct burst *b)
{
	const struct flow_table table = w->table;

	for (unsigned int i = 0; i < b->count; i++) {
		const struct pkt_key *key = &b->key[i];
		struct flow_hash hash = flow_hash(&table, &key->client, (uint16_t)key->ports,
						  (uint8_t)(key->ports >> KEY_SHIFT_PROTO));

		b->bucket[i] = hash.bucket;
		b->tag[i] = hash.tag;
		rte_prefetch0(&table.bucket[hash.bucket]);
	}
}

/* Sets flow[] to the first entry of the right tag; number 0, which matches no key, where there is none. */
static inline void
pass_entries(struct dp_worker *w, struct burst *b)
{
	const struct flow_bucket *buckets = w->table.bucket;
	struct flow *flows = w->table.flow;

	for (unsigned int i = 0; i < b->count; i++) {
		const struct flow_bucket *bucket = &buckets[b->bucket[i]];
		uint32_t match = bucket_match(bucket, b->tag[i]);
		uint32_t number = 0;

		if (likely(match != 0))
			number = bucket->flow[(unsigned int)__builtin_ctz(match) / 2];
		b->flow[i] = &flows[number];
		rte_prefetch0(b->flow[i]);
	}
}

/* The packets of `mask`, all of one direction, whose candidate is not their flow. */
static inline uint64_t
pass_keys(struct dp_worker *w, struct burst *b, uint64_t mask, bool in)
{
	const struct dp_real_own *own = w->real;
	uint64_t other = 0;
	unsigned int i;

	BURST_FOREACH(i, mask)
	{
		const struct flow *flow = b->flow[i];

		if (unlikely(!flow_is(flow, &b->key[i], in)))
			other |= UINT64_C(1) << i;
		rte_prefetch0(&dp_real_slots[flow->real]);
		rte_prefetch0(&own[flow->real]);
	}
	return other;
}

void
dp_stage_lookup(struct dp_worker *w, struct burst *b)
{
	uint64_t rest;
	unsigned int i;

	pass_buckets(w, b);
	pass_entries(w, b);
	rest = pass_keys(w, b, b->in, true) | pass_keys(w, b, b->out, false);
	b->miss = 0;
	BURST_FOREACH(i, rest)
	{
		struct flow *flow =
			dp_flow_find_slow(w, &b->key[i], (b->in >> i & 1) != 0,
					  (struct flow_hash){ .bucket = b->bucket[i], .tag = b->tag[i] });

		if (flow != NULL)
			b->flow[i] = flow;
		else
			b->miss |= UINT64_C(1) << i;
	}
	b->hit = b->live & ~b->miss;
	w->count.hits += (unsigned int)__builtin_popcountll(b->hit);
	w->count.misses += (unsigned int)__builtin_popcountll(b->miss);
}
