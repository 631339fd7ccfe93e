/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walks over all connections, by the thread that tells the peer, beside the running workers: each
 * entry is copied, and taken only if its sequence number was even and did not change meanwhile.
 *
 * What was told of a flow is noted (sync_told.c). By it the reader knows what the peer knows: what a full ring of
 * changes lost is not there.
 */
#include "sync.h"

#include "local.h"
#include "wire.h"

#include <sluice/dp_ha.h>

enum { REFRESH_MIN_MS = 10000 };

bool
sync_flow_read(const struct dp_sync_worker *s, uint32_t number, struct flow *ret_flow,
	       struct sl_addr *ret_real)
{
	const struct flow *flow = &s->table->flow[number];
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

/* A packet may have come since the call began. */
static uint32_t
idle_ms(const struct dp_sync_worker *s, const struct flow *flow)
{
	int32_t ticks = (int32_t)(s->tick - flow->seen);

	return ticks > 0 ? (uint32_t)ticks * TICK_MS : 0;
}

void
sync_conn_fill(const struct dp_sync_worker *s, const struct flow *flow, const struct sl_addr *real,
	       uint8_t flags, struct dp_sync_conn *ret_conn)
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
		.idle_s = idle_ms(s, flow) / 1000,
	};
	if (local) {
		ret_conn->local = *local_addr(flow->local);
		ret_conn->local_port = rte_be_to_cpu_16(local_port_be(flow->local));
	}
}

void
sync_call_begin(unsigned int t)
{
	dp_sync.thread[t].call++;
	for (unsigned int id = t; id < dp_sync.workers; id += dp_sync.threads) {
		struct dp_sync_worker *s = dp_sync.worker[id];

		s->tick = __atomic_load_n(&dp_workers[id]->tick, __ATOMIC_RELAXED);
		s->high = __atomic_load_n(&dp_workers[id]->table.high, __ATOMIC_ACQUIRE);
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

/* The next entry that a cursor stands before: its worker's part and number. False: the walk is over. */
static bool
cursor_next(unsigned int t, struct dp_sync_cursor *c, struct dp_sync_worker **ret_worker)
{
	for (;;) {
		unsigned int id = t + c->worker * dp_sync.threads;

		if (id >= dp_sync.workers)
			return false;
		if (c->index < dp_sync.worker[id]->high) {
			*ret_worker = dp_sync.worker[id];
			c->index++;
			return true;
		}
		c->worker++;
		c->index = 0;
	}
}

/*
 * Another flow of this entry was told. If its end may still be in the ring, it must be told before that note is
 * overwritten; this flow's own word is in the ring then, too, but for one that came from the peer or from another
 * worker. Once the ring is empty no end is to come, nor is one of a flow that has expired.
 */
static bool
told_is_settled(const struct dp_sync_worker *s, uint32_t number, const struct flow *flow)
{
	const struct sync_told *told = &s->told[number];

	return told->ports == 0 || sync_told_is(told, flow) || sync_told_is_over(s, told) ||
	       atomic_load_explicit(&s->change_head, memory_order_acquire) == s->tail;
}

/* A flow that can be told at all: its entry, its server. */
static bool
flow_take(struct sync_thread *thread, const struct dp_sync_worker *s, uint32_t number, struct flow *ret_flow,
	  struct sl_addr *ret_real)
{
	return sync_flow_read(s, number, ret_flow, ret_real) && (SYNC_STATES >> ret_flow->state & 1) != 0 &&
	       idle_ms(s, ret_flow) < timeout_ms(ret_flow->state) && told_is_settled(s, number, ret_flow) &&
	       sync_is_held(thread, &ret_flow->vip);
}

static void
flow_tell(struct dp_sync_worker *s, uint32_t number, const struct flow *flow, const struct sl_addr *real,
	  struct dp_sync_conn *ret_conn)
{
	if ((flow->generation & FLOW_FOREIGN) == 0)
		sync_told_set(&s->told[number], flow, real, false);
	sync_conn_fill(s, flow, real, 0, ret_conn);
}

size_t
dp_sync_walk(unsigned int t, struct dp_sync_cursor *cursor, uint32_t seen_s, struct dp_sync_conn *ret_conns,
	     size_t max, size_t budget)
{
	struct sync_thread *thread = &dp_sync.thread[t];
	struct dp_sync_worker *s;
	size_t found = 0;

	sync_call_begin(t);
	for (; !cursor->done && found < max && budget > 0; budget--) {
		struct sl_addr real;
		struct flow flow;

		if (!cursor_next(t, cursor, &s)) {
			cursor->done = true;
			break;
		}
		if (flow_take(thread, s, cursor->index, &flow, &real) &&
		    (seen_s == UINT32_MAX || idle_ms(s, &flow) / 1000 < seen_s))
			flow_tell(s, cursor->index, &flow, &real, &ret_conns[found++]);
	}
	return found;
}

/* Has its end moved so far that the peer must hear of it? */
static bool
refresh_is_due(const struct sync_told *told, const struct flow *flow, uint32_t refresh_ms)
{
	uint32_t moved_ms = sync_told_moved_ms(told, flow);
	uint32_t wanted_ms = RTE_MAX(timeout_ms(flow->state) / 2, (uint32_t)REFRESH_MIN_MS);

	if (!sync_told_is(told, flow) || sync_told_state(told) != flow->state)
		return true;
	wanted_ms = RTE_MIN(wanted_ms, (uint32_t)SYNC_REFRESH_MAX_MS);
	if (refresh_ms != 0)
		wanted_ms = RTE_MIN(wanted_ms, refresh_ms);
	return moved_ms != 0 && moved_ms >= wanted_ms;
}

/* A round begins, or has ended: what was lost before it began is made good then. */
static void
round_mark(unsigned int t, bool ended)
{
	for (unsigned int id = t; id < dp_sync.workers; id += dp_sync.threads) {
		struct dp_sync_worker *s = dp_sync.worker[id];

		if (ended)
			s->mended = s->losses_before;
		else
			s->losses_before = s->losses;
	}
}

/* Has the flow that was told of this entry gone? `flow`: the one that is there; NULL: none, or it could not be read. */
static bool
told_is_gone(const struct dp_sync_worker *s, uint32_t number, const struct flow *flow)
{
	const struct sync_told *told = &s->told[number];

	if (told->ports == 0 || flow != NULL)
		return told->ports != 0 && !sync_told_is(told, flow);
	return (uint8_t)(told->ports >> FLOW_SHIFT_SEQ) !=
	       __atomic_load_n(&s->table->flow[number].seq, __ATOMIC_RELAXED);
}

/* An entry. Returns how many it told. 1, and *ret_again: there may be one more. */
static size_t
entry_refresh(unsigned int t, struct dp_sync_worker *s, uint32_t number, uint32_t refresh_ms,
	      struct dp_sync_conn *ret_conn, bool *ret_again)
{
	const struct sync_told *told = &s->told[number];
	struct sl_addr real;
	struct flow flow;
	bool there = sync_flow_read(s, number, &flow, &real);

	if (told_is_gone(s, number, there ? &flow : NULL) && sync_told_mend(t, s, number, ret_conn)) {
		*ret_again = true;
		return 1;
	}
	if (!there || (flow.generation & FLOW_FOREIGN) != 0 || !refresh_is_due(told, &flow, refresh_ms) ||
	    !flow_take(&dp_sync.thread[t], s, number, &flow, &real))
		return 0;
	flow_tell(s, number, &flow, &real, ret_conn);
	return 1;
}

size_t
dp_sync_refresh(unsigned int t, uint32_t refresh_ms, struct dp_sync_conn *ret_conns, size_t max,
		size_t budget, bool *ret_round)
{
	struct sync_thread *thread = &dp_sync.thread[t];
	struct dp_sync_cursor *cursor = &thread->round;
	struct dp_sync_worker *s;
	size_t found = 0;

	*ret_round = false;
	sync_call_begin(t);
	if (cursor->worker == 0 && cursor->index == 0)
		round_mark(t, false);
	for (; found < max && budget > 0; budget--) {
		bool again = false;

		if (!cursor_next(t, cursor, &s)) {
			*cursor = (struct dp_sync_cursor){ 0 };
			*ret_round = true;
			round_mark(t, true);
			break;
		}
		found += entry_refresh(t, s, cursor->index, refresh_ms, &ret_conns[found], &again);
		cursor->index -= again;
	}
	return found;
}
