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

	return ((flow->ports ^ key->ports) & mask) == 0 && addr_same(&flow->client, &key->client) &&
	       addr_same(other, &key->other);
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

static inline void
pass_buckets(struct dp_worker *w, struct burst *b)
{
	unsigned int i;

	BURST_FOREACH(i, b->live)
	{
		const struct pkt_key *key = &b->key[i];
		struct flow_hash hash = flow_hash(&w->table, &key->client, (uint16_t)key->ports,
						  (uint8_t)(key->ports >> KEY_SHIFT_PROTO));

		b->bucket[i] = hash.bucket;
		b->tag[i] = hash.tag;
		rte_prefetch0(&w->table.bucket[hash.bucket]);
	}
}

/* Sets flow[] to the first entry of the right tag; number 0, which matches no key, where there is none. */
static inline void
pass_entries(struct dp_worker *w, struct burst *b)
{
	unsigned int i;

	BURST_FOREACH(i, b->live)
	{
		const struct flow_bucket *bucket = &w->table.bucket[b->bucket[i]];
		uint32_t match = bucket_match(bucket, b->tag[i]);
		uint32_t number = match != 0 ? bucket->flow[(unsigned int)__builtin_ctz(match) / 2] : 0;

		b->flow[i] = &w->table.flow[number];
		rte_prefetch0(b->flow[i]);
	}
}

static inline uint64_t
pass_keys(struct dp_worker *w, struct burst *b)
{
	uint64_t hit = 0;
	unsigned int i;

	BURST_FOREACH(i, b->live)
	{
		const struct flow *flow = b->flow[i];
		bool same = flow_is(flow, &b->key[i], (b->in >> i & 1) != 0);

		hit |= (uint64_t)same << i;
		rte_prefetch0(&dp_real_slots[flow->real]);
		rte_prefetch0(&w->real[flow->real]);
	}
	return hit;
}

void
dp_stage_lookup(struct dp_worker *w, struct burst *b)
{
	uint64_t rest;
	unsigned int i;

	pass_buckets(w, b);
	pass_entries(w, b);
	b->hit = pass_keys(w, b);
	rest = b->live & ~b->hit;
	BURST_FOREACH(i, rest)
	{
		struct flow *flow =
			dp_flow_find_slow(w, &b->key[i], (b->in >> i & 1) != 0,
					  (struct flow_hash){ .bucket = b->bucket[i], .tag = b->tag[i] });

		if (flow != NULL) {
			b->flow[i] = flow;
			b->hit |= UINT64_C(1) << i;
		}
	}
	b->miss = b->live & ~b->hit;
	w->count.hits += (unsigned int)__builtin_popcountll(b->hit);
	w->count.misses += (unsigned int)__builtin_popcountll(b->miss);
}
