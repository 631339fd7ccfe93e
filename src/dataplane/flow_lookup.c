/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Find the established flow of every live packet.
 * Reads:  key, in, reply, local.   Writes: flow, hit, miss, bucket, tag, out; live, punt.
 * Drops:  TRANSIT (no flow at a local port).   Prefetches: the server's two lines.
 * Cost:   two lines a packet: bucket, or the local port's slot, and entry.
 *
 * Three passes, so that the lines of all packets are on their way at once:
 * hash and fetch buckets, compare tags and fetch entries, compare keys. What
 * the third pass cannot settle (a full bucket's chain, two flows with one tag)
 * is looked for again, alone, by dp_flow_find_slow. A reply to a local address of full NAT
 * needs no hash: its port's slot names the entry.
 */
#include "worker.h"

#include <rte_prefetch.h>

/* What comes from a server for a client belongs to a flow by NAT only; others' replies do not look so. */
static inline bool
flow_is(const struct flow *flow, const struct pkt_key *key, bool in)
{
	uint64_t mask = in ? KEY_PORTS_IN : KEY_PORTS_OUT;
	const struct sl_addr *other = in ? &flow->vip : &dp_real_slots[flow->real].addr;
	uint64_t method = in ? 0 : flow->flags & FLOW_FWD_MASK;

	static_assert(SL_FWD_NAT == 0, "differs from the others in some bit");
	return (((flow->ports ^ key->ports) & mask) | method) == 0 &&
	       addrs_same(&flow->client, &key->client, other, &key->other);
}

/* Is this the flow of a packet from its server to its local address and port? */
static inline bool
flow_is_local(const struct flow *flow, const struct pkt_key *key, uint32_t local)
{
	uint64_t ports = (key->ports & 0xffff) | key->ports >> KEY_SHIFT_PROTO << 16;
	uint64_t differ = ((flow->ports >> KEY_SHIFT_REAL_PORT) ^ ports) & 0xffffff;

	differ |= flow->local ^ local;
	differ |= (flow->flags & FLOW_FWD_MASK) ^ SL_FWD_FNAT;
	return differ == 0 && sl_addr_eq(&dp_real_slots[flow->real].addr, &key->client);
}

/* The flow of the slot that a reply names; number 0, which is nobody's, where there is none or another worker's. */
static inline struct flow *
local_candidate(const struct dp_worker *w, const struct burst *b, unsigned int i)
{
	uint32_t slot = atomic_load_explicit(
		local_slot(b->local[i], (uint8_t)(b->key[i].ports >> KEY_SHIFT_PROTO)), memory_order_relaxed);

	return &w->table.flow[local_owner(slot) == w->id ? local_number(slot) : 0];
}

__rte_cold struct flow *
dp_flow_find_reply(struct dp_worker *w, const struct burst *b, unsigned int i)
{
	struct flow *flow = local_candidate(w, b, i);

	return flow_is_local(flow, &b->key[i], b->local[i]) ? flow : NULL;
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
			struct flow *flow = &table->flow[bucket_flow(b, match)];

			if (flow_is(flow, key, in))
				return flow;
		}
		if (b->next == 0)
			return NULL;
		bucket = b->next;
	}
}

static inline void
bucket_fetch(const struct flow_table *table, struct burst *b, unsigned int i)
{
	const struct pkt_key *key = &b->key[i];
	struct flow_hash hash = flow_hash_ports(table, &key->client, key->ports);

	b->bucket[i] = hash.bucket;
	b->tag[i] = hash.tag;
	rte_prefetch0(&table->bucket[hash.bucket]);
}

/* Sets flow[] to the first entry of the right tag; number 0, which matches no key, where there is none. */
static inline void
entry_fetch(const struct flow_bucket *buckets, struct flow *flows, struct burst *b, unsigned int i)
{
	const struct flow_bucket *bucket = &buckets[b->bucket[i]];
	uint32_t match = bucket_match(bucket, b->tag[i]);
	uint32_t number = 0;

	if (likely(match != 0))
		number = bucket_flow(bucket, match);
	b->flow[i] = &flows[number];
	rte_prefetch0(b->flow[i]);
}

/* The first two passes take every row: one that was dropped finds some bucket and entry, to no effect. */
static inline void
pass_buckets(struct dp_worker *w, struct burst *b)
{
	const struct flow_table table = w->table;

	for (unsigned int i = 0; i < b->count; i++)
		bucket_fetch(&table, b, i);
}

static inline void
pass_entries(struct dp_worker *w, struct burst *b)
{
	const struct flow_bucket *buckets = w->table.bucket;
	struct flow *flows = w->table.flow;

	for (unsigned int i = 0; i < b->count; i++)
		entry_fetch(buckets, flows, b, i);
}

/* The same where replies to local addresses are among them. */
static inline void
passes_mixed(struct dp_worker *w, struct burst *b)
{
	const struct flow_table table = w->table;
	uint64_t hashed = burst_all(b->count) & ~b->reply;
	unsigned int i;

	BURST_FOREACH(i, hashed)
	bucket_fetch(&table, b, i);
	BURST_FOREACH(i, b->reply)
	{
		b->flow[i] = local_candidate(w, b, i);
		rte_prefetch0(b->flow[i]);
	}
	BURST_FOREACH(i, hashed)
	entry_fetch(table.bucket, table.flow, b, i);
}

/* Is the candidate of row i, which goes this direction, its flow? Its server is fetched. */
static inline bool
row_settle(const struct burst *b, unsigned int i, bool in, const struct dp_real_slot *slots,
	   const struct dp_real_own *own)
{
	const struct flow *flow = b->flow[i];

	rte_prefetch0(&slots[flow->real]);
	rte_prefetch0(&own[flow->real]);
	return flow_is(flow, &b->key[i], in);
}

/* The packets of `mask`, all of one direction, whose candidate is not their flow. */
static inline uint64_t
pass_keys(struct dp_worker *w, struct burst *b, uint64_t mask, bool in)
{
	const struct dp_real_slot *slots = dp_real_slots;
	const struct dp_real_own *own = w->real;
	uint64_t other = 0;
	unsigned int i;

	if (mask == burst_all(b->count)) {
		/* The usual burst, without the cost of finding bits. */
		for (i = 0; i < b->count; i++)
			if (unlikely(!row_settle(b, i, in, slots, own)))
				other |= UINT64_C(1) << i;
		return other;
	}
	BURST_FOREACH(i, mask)
	if (unlikely(!row_settle(b, i, in, slots, own)))
		other |= UINT64_C(1) << i;
	return other;
}

/* Replies that have a flow go out; returns those that have none. */
static inline uint64_t
pass_replies(struct dp_worker *w, struct burst *b)
{
	const struct dp_real_own *own = w->real;
	uint64_t strays = 0;
	unsigned int i;

	BURST_FOREACH(i, b->reply)
	{
		const struct flow *flow = b->flow[i];

		if (unlikely(!flow_is_local(flow, &b->key[i], b->local[i])))
			strays |= UINT64_C(1) << i;
		rte_prefetch0(&dp_real_slots[flow->real]);
		rte_prefetch0(&own[flow->real]);
	}
	b->reply &= ~strays;
	b->out |= b->reply;
	return strays;
}

/* To a local address, but to no flow: for the box itself, where the address is its own besides. */
static __rte_cold void
strays_leave(struct dp_worker *w, struct burst *b, uint64_t strays)
{
	unsigned int i;

	BURST_FOREACH(i, strays)
	{
		if ((b->vip_flags[i] & ADDR_OWN) != 0) {
			b->punt |= UINT64_C(1) << i;
			b->live &= ~(UINT64_C(1) << i);
		} else {
			dp_drop(w, b, i, SL_DROP_TRANSIT);
		}
	}
}

void
dp_stage_lookup(struct dp_worker *w, struct burst *b)
{
	uint64_t rest, strays = 0;
	unsigned int i;

	b->reply &= b->live;
	if (b->reply == 0) {
		pass_buckets(w, b);
		pass_entries(w, b);
	} else {
		passes_mixed(w, b);
	}
	rest = pass_keys(w, b, b->in, true) | pass_keys(w, b, b->out, false);
	if (b->reply != 0)
		strays = pass_replies(w, b);
	if (unlikely(strays != 0))
		strays_leave(w, b, strays);
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
