/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the peer knows: of each flow's entry the connection that was told last, noted by the thread that told it
 * and read by no other. By it a change that is none is not told, a refresh knows how old what was told has become,
 * and an end can be told although the entry has long had another flow.
 *
 * An end before its time has a word in the worker's ring. Where the ring was overwritten, an entry whose flow is not the one that
 * was told shows that an end is missing. Where it was not, that flow has expired, which the peer finds out by itself.
 */
#include "sync.h"

#include "local.h"

enum {
	TOLD_CHANGE = 1, /* not by a walk */
	TOLD_STATE_SHIFT = 1,
	TOLD_FLAGS_SHIFT = 5,
	TOLD_SEEN_SHIFT = 13,
	TOLD_SEEN_MASK = 0x7ffff, /* of the tick: three days */
};

static_assert((uint64_t)TOLD_SEEN_MASK * TICK_MS / 2 >= SYNC_REFRESH_MAX_MS, "older is not told from newer");

void
sync_told_set(struct sync_told *told, const struct flow *flow, const struct sl_addr *real, bool change)
{
	*told = (struct sync_told){
		.client = flow->client,
		.vip = flow->vip,
		.real = *real,
		.ports = flow->ports,
		.local = flow->local,
		.note = (flow->seen & TOLD_SEEN_MASK) << TOLD_SEEN_SHIFT |
			(uint32_t)flow->flags << TOLD_FLAGS_SHIFT | (flow->state & 15u) << TOLD_STATE_SHIFT |
			(change ? TOLD_CHANGE : 0),
	};
}

/* `seq` comes again after 64 flows, with the same key it hardly does. */
bool
sync_told_is(const struct sync_told *told, const struct flow *flow)
{
	return told->ports == flow->ports && sl_addr_eq(&told->client, &flow->client) &&
	       sl_addr_eq(&told->vip, &flow->vip);
}

uint8_t
sync_told_state(const struct sync_told *told)
{
	return told->note >> TOLD_STATE_SHIFT & 15;
}

bool
sync_told_as_change(const struct sync_told *told)
{
	return (told->note & TOLD_CHANGE) != 0;
}

uint32_t
sync_told_moved_ms(const struct sync_told *told, const struct flow *flow)
{
	return ((flow->seen - (told->note >> TOLD_SEEN_SHIFT)) & TOLD_SEEN_MASK) * TICK_MS;
}

bool
sync_told_is_over(const struct dp_sync_worker *s, const struct sync_told *told)
{
	uint32_t ticks = (s->tick - (told->note >> TOLD_SEEN_SHIFT)) & TOLD_SEEN_MASK;
	uint32_t timeout_s =
		atomic_load_explicit(&tcp_timeout_s[sync_told_state(told)], memory_order_relaxed);

	/* Half of what can be told apart is in the future: a packet that came since the call began. */
	return ticks <= TOLD_SEEN_MASK / 2 && ticks > timeout_s * (1000 / TICK_MS);
}

/* Forgets it. False: its VIP is held elsewhere, and so is its connection. */
static bool
end_tell(unsigned int t, const struct dp_sync_worker *s, struct sync_told *told,
	 struct dp_sync_conn *ret_conn)
{
	struct flow flow = {
		.client = told->client,
		.vip = told->vip,
		.ports = told->ports,
		.local = told->local,
		.state = sync_told_state(told),
		.flags = (uint8_t)(told->note >> TOLD_FLAGS_SHIFT),
		.seen = s->tick,
	};
	struct sl_addr real = told->real;

	told->ports = 0;
	if (!sync_is_held(&dp_sync.thread[t], &flow.vip))
		return false;
	sync_conn_fill(s, &flow, &real, DP_SYNC_ENDED | DP_SYNC_NEW, ret_conn);
	return true;
}

bool
sync_told_end(unsigned int t, struct dp_sync_worker *s, uint32_t number, uint8_t seq,
	      struct dp_sync_conn *ret_conn)
{
	struct sync_told *told = &s->told[number];

	return told->ports != 0 && (uint8_t)(told->ports >> FLOW_SHIFT_SEQ) == seq &&
	       end_tell(t, s, told, ret_conn);
}

/* Is the connection that was told, or one of its key, in this entry? */
static bool
key_is_at(const struct dp_sync_worker *s, uint32_t number, const struct sync_told *told)
{
	struct sl_addr real;
	struct flow flow;

	return number <= s->table->capacity && sync_flow_read(s, number, &flow, &real) &&
	       (SYNC_STATES >> flow.state & 1) != 0 && ((flow.ports ^ told->ports) & KEY_PORTS_IN) == 0 &&
	       sl_addr_eq(&flow.client, &told->client) && sl_addr_eq(&flow.vip, &told->vip);
}

/* ... or in any entry of a worker's? */
static bool
key_is_in_table(const struct dp_sync_worker *s, const struct sync_told *told)
{
	const struct flow_table *table = s->table;
	struct flow_hash hash = flow_hash_ports(table, &told->client, told->ports);
	uint32_t bucket = hash.bucket;

	for (unsigned int depth = 0; depth < BUCKET_CHAIN_MAX; depth++) {
		const struct flow_bucket *b = &table->bucket[bucket];

		for (unsigned int slot = 0; slot < BUCKET_SLOTS; slot++) {
			if (__atomic_load_n(&b->tag[slot], __ATOMIC_RELAXED) == hash.tag &&
			    key_is_at(s, __atomic_load_n(&b->flow[slot], __ATOMIC_RELAXED), told))
				return true;
		}
		bucket = __atomic_load_n(&b->next, __ATOMIC_RELAXED);
		if (bucket == 0)
			break;
	}
	return false;
}

/*
 * ... or of anybody's? Chains are read beside their workers: numbers out of a bucket that is being changed lead to
 * entries of another key, and a flow that moves up meanwhile is passed by, hardly twice. A flow may have moved to
 * another worker (sync_move.c).
 */
static bool
key_is_in_use(const struct sync_told *told)
{
	for (unsigned int look = 0; look < 2; look++)
		for (unsigned int id = 0; id < dp_sync.workers; id++)
			if (key_is_in_table(dp_sync.worker[id], told))
				return true;
	return false;
}

bool
sync_told_mend(unsigned int t, struct dp_sync_worker *s, uint32_t number, struct dp_sync_conn *ret_conn)
{
	struct sync_told *told = &s->told[number];

	if (told->ports == 0 || s->losses == s->mended)
		return false;
	/* The peer has it no more, or has the later connection under its key: an end would be taken for that one's. */
	if (sync_told_is_over(s, told) || key_is_at(s, number, told) || key_is_in_use(told)) {
		told->ports = 0;
		return false;
	}
	return end_tell(t, s, told, ret_conn);
}
