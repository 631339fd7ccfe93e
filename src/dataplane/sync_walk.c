/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walks over all connections, by the thread that tells the peer, beside the running workers: each
 * entry is copied, and taken only if its sequence number was even and did not change meanwhile.
 *
 * What was told of a flow is noted in an array of the reader's, a word a flow: the tick of the flow's last
 * packet then, its state, and its entry's sequence number, so that the next flow in the entry is another one. By
 * it the reader knows what the peer knows: what a full ring of changes lost is not there.
 */
#include "sync.h"

#include "local.h"
#include "wire.h"

#include <sluice/dp_ha.h>

enum {
	TOLD_ONCE = 1, /* `seq` of a flow in use is even: its lowest bit is free */
	TOLD_SEQ_MASK = 0xfe,
	TOLD_STATE_SHIFT = 8,
	TOLD_CHANGE = 1 << 12,
	TOLD_SEEN_SHIFT = 13,
	TOLD_SEEN_MASK = 0x7ffff, /* of the tick: three days */
	REFRESH_MIN_MS = 10000,
	REFRESH_MAX_MS = TOLD_SEEN_MASK / 2 * TICK_MS,
};

uint32_t
sync_told_of(const struct flow *flow, bool change)
{
	return (flow->seen & TOLD_SEEN_MASK) << TOLD_SEEN_SHIFT | (flow->state & 15u) << TOLD_STATE_SHIFT |
	       (flow->seq & TOLD_SEQ_MASK) | (change ? TOLD_CHANGE : 0) | TOLD_ONCE;
}

bool
sync_told_as_change(uint32_t told)
{
	return (told & TOLD_CHANGE) != 0;
}

bool
sync_told_is(uint32_t told, uint8_t seq)
{
	return (told & (TOLD_SEQ_MASK | TOLD_ONCE)) == ((seq & TOLD_SEQ_MASK) | TOLD_ONCE);
}

uint8_t
sync_told_state(uint32_t told)
{
	return told >> TOLD_STATE_SHIFT & 15;
}

bool
sync_flow_read(const struct dp_worker *w, uint32_t number, struct flow *ret_flow, struct sl_addr *ret_real)
{
	const struct flow *flow = &w->table.flow[number];
	uint8_t seq = __atomic_load_n(&flow->seq, __ATOMIC_ACQUIRE);

	if ((seq & 1) != 0)
		return false;
	*ret_flow = *flow;
	if (ret_flow->proto == 0 || ret_flow->real >= DP_REALS_MAX)
		return false;
	/* While the flow is there, its server's slot has no other owner. */
	*ret_real = dp_real_slots[ret_flow->real].addr;
	atomic_thread_fence(memory_order_acquire);
	return __atomic_load_n(&flow->seq, __ATOMIC_RELAXED) == seq;
}

static uint32_t
timeout_ms(uint8_t state)
{
	return atomic_load_explicit(&tcp_timeout_s[state & 15], memory_order_relaxed) * 1000;
}

static uint32_t
idle_ms(const struct dp_worker *w, const struct flow *flow)
{
	return (__atomic_load_n(&w->tick, __ATOMIC_RELAXED) - flow->seen) * TICK_MS;
}

void
sync_conn_fill(const struct dp_worker *w, const struct flow *flow, const struct sl_addr *real, uint8_t flags,
	       struct dp_sync_conn *ret_conn)
{
	bool local = (flow->flags & FLOW_FWD_MASK) == SL_FWD_FNAT && flow->local != 0;

	*ret_conn = (struct dp_sync_conn){
		.client = flow->client,
		.vip = flow->vip,
		.real = *real,
		.client_port = rte_be_to_cpu_16(flow->client_port_be),
		.vip_port = rte_be_to_cpu_16(flow->vip_port_be),
		.real_port = rte_be_to_cpu_16(flow->real_port_be),
		.proto = flow->proto,
		.fwd = flow->flags & FLOW_FWD_MASK,
		.state = flow->state,
		.flags = flags | ((flow->flags & FLOW_TOA) != 0 ? DP_SYNC_TOA : 0) |
			 ((flow->generation & FLOW_FOREIGN) != 0 ? DP_SYNC_FOREIGN : 0),
		.timeout_s = timeout_ms(flow->state) / 1000,
		.idle_s = idle_ms(w, flow) / 1000,
	};
	if (local) {
		ret_conn->local = *local_addr(flow->local);
		ret_conn->local_port = rte_be_to_cpu_16(local_port_be(flow->local));
	}
}

/* Asked once a call and address: a million flows have a few. */
bool
sync_is_held(struct sync_thread *thread, const struct sl_addr *vip)
{
	uint64_t low, high;
	struct sync_held *held;

	memcpy(&low, vip->b, 8);
	memcpy(&high, vip->b + 8, 8);
	held = &thread->held[((low ^ high) * UINT64_C(0x9e3779b97f4a7c15)) >> 56];
	static_assert(SYNC_HELD_CACHE == 256, "eight bits of a hash");
	if (held->call != thread->call || !sl_addr_eq(&held->addr, vip))
		*held = (struct sync_held){ *vip, thread->call, dp_ha_addr_is_held(vip) };
	return held->held;
}

/* ---- walks ---- */

/* The next entry that a cursor stands before: its worker and number. False: the walk is over. */
static bool
cursor_next(unsigned int t, struct dp_sync_cursor *c, const struct dp_worker **ret_worker)
{
	for (;;) {
		unsigned int id = t + c->worker * dp_sync.threads;

		if (id >= dp_sync.workers)
			return false;
		if (c->index < __atomic_load_n(&dp_workers[id]->table.high, __ATOMIC_ACQUIRE)) {
			*ret_worker = dp_workers[id];
			c->index++;
			return true;
		}
		c->worker++;
		c->index = 0;
	}
}

/*
 * Another flow of this entry was told. If its end may still be in the ring, it must be told before that note is
 * overwritten; this flow's own word is in the ring then, too. Once the ring is empty no end is to come.
 */
static bool
told_is_settled(const struct dp_worker *w, uint32_t number, uint8_t seq)
{
	const struct dp_sync_worker *s = dp_sync.worker[w->id];
	uint32_t told = atomic_load_explicit(&s->told[number], memory_order_relaxed);

	return told == 0 || sync_told_is(told, seq) ||
	       atomic_load_explicit(&s->change_head, memory_order_acquire) == s->tail;
}

/* A flow that can be told at all: its entry, its server. */
static bool
flow_take(struct sync_thread *thread, const struct dp_worker *w, uint32_t number, struct flow *ret_flow,
	  struct sl_addr *ret_real)
{
	return sync_flow_read(w, number, ret_flow, ret_real) && (SYNC_STATES >> ret_flow->state & 1) != 0 &&
	       idle_ms(w, ret_flow) < timeout_ms(ret_flow->state) &&
	       told_is_settled(w, number, ret_flow->seq) && sync_is_held(thread, &ret_flow->vip);
}

static void
flow_tell(const struct dp_worker *w, uint32_t number, const struct flow *flow, const struct sl_addr *real,
	  struct dp_sync_conn *ret_conn)
{
	if ((flow->generation & FLOW_FOREIGN) == 0)
		atomic_store_explicit(&dp_sync.worker[w->id]->told[number], sync_told_of(flow, false),
				      memory_order_relaxed);
	sync_conn_fill(w, flow, real, 0, ret_conn);
}

size_t
dp_sync_walk(unsigned int t, struct dp_sync_cursor *cursor, uint32_t seen_s, struct dp_sync_conn *ret_conns,
	     size_t max, size_t budget)
{
	struct sync_thread *thread = &dp_sync.thread[t];
	const struct dp_worker *w;
	size_t found = 0;

	thread->call++;
	for (; !cursor->done && found < max && budget > 0; budget--) {
		struct sl_addr real;
		struct flow flow;

		if (!cursor_next(t, cursor, &w)) {
			cursor->done = true;
			break;
		}
		if (flow_take(thread, w, cursor->index, &flow, &real) &&
		    (seen_s == UINT32_MAX || idle_ms(w, &flow) / 1000 < seen_s))
			flow_tell(w, cursor->index, &flow, &real, &ret_conns[found++]);
	}
	return found;
}

/* Has its end moved so far that the peer must hear of it? */
static bool
refresh_is_due(uint32_t told, const struct flow *flow, uint32_t refresh_ms)
{
	uint32_t moved_ms = ((flow->seen - (told >> TOLD_SEEN_SHIFT)) & TOLD_SEEN_MASK) * TICK_MS;
	uint32_t wanted_ms = RTE_MAX(timeout_ms(flow->state) / 2, (uint32_t)REFRESH_MIN_MS);

	if (!sync_told_is(told, flow->seq) || sync_told_state(told) != flow->state)
		return true;
	wanted_ms = RTE_MIN(wanted_ms, (uint32_t)REFRESH_MAX_MS);
	if (refresh_ms != 0)
		wanted_ms = RTE_MIN(wanted_ms, refresh_ms);
	return moved_ms != 0 && moved_ms >= wanted_ms;
}

size_t
dp_sync_refresh(unsigned int t, uint32_t refresh_ms, struct dp_sync_conn *ret_conns, size_t max,
		size_t budget, bool *ret_round)
{
	struct sync_thread *thread = &dp_sync.thread[t];
	struct dp_sync_cursor *cursor = &thread->round;
	const struct dp_worker *w;
	size_t found = 0;

	*ret_round = false;
	thread->call++;
	for (; found < max && budget > 0; budget--) {
		struct sl_addr real;
		struct flow flow;
		uint32_t told;

		if (!cursor_next(t, cursor, &w)) {
			*cursor = (struct dp_sync_cursor){ 0 };
			*ret_round = true;
			break;
		}
		told = atomic_load_explicit(&dp_sync.worker[w->id]->told[cursor->index],
					    memory_order_relaxed);
		if (sync_flow_read(w, cursor->index, &flow, &real) && (flow.generation & FLOW_FOREIGN) == 0 &&
		    refresh_is_due(told, &flow, refresh_ms) &&
		    flow_take(thread, w, cursor->index, &flow, &real))
			flow_tell(w, cursor->index, &flow, &real, &ret_conns[found++]);
	}
	return found;
}
