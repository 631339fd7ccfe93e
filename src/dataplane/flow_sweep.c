/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ending connections: those that were idle too long, found by a sweep over the
 * worker's own entries. It walks memory in order, a few entries a millisecond,
 * and passes the whole table about once a second; nothing is done per packet
 * but to note the time. Runs in the worker, between two bursts.
 */
#include "limit.h"
#include "sync.h"
#include "tcp_state.h"
#include "worker.h"

_Atomic uint32_t dp_fragmented_flows[2];

__rte_cold void
dp_flow_leave(struct dp_worker *w, struct flow *flow)
{
	struct dp_real_own *real = &w->real[flow->real];

	real->active -= TCP_ACTIVE_STATES >> flow->state & 1;
	real->total--;
	if (real->counted != 0)
		dp_limit_release(flow->real);
	w->count.flows_expired++;
	if ((flow->flags & FLOW_FRAGMENTED) != 0)
		atomic_fetch_sub_explicit(dp_fragmented_count(flow->proto), 1, memory_order_relaxed);
	if (unlikely((flow->generation & FLOW_FOREIGN) != 0))
		dp_sync_foreign_clear(w, flow);
	flow_remove(&w->table, flow);
}

__rte_cold void
dp_flow_forget(struct dp_worker *w, struct flow *flow)
{
	if ((flow->flags & FLOW_FWD_MASK) == SL_FWD_FNAT)
		dp_local_put(w, flow->local, flow->proto);
	dp_flow_leave(w, flow);
}

__rte_cold void
dp_flow_end(struct dp_worker *w, struct flow *flow)
{
	uint64_t told = dp_sync_ends(w, flow);

	dp_flow_forget(w, flow);
	dp_sync_ended(w, told);
}

void
dp_flow_sweep(struct dp_worker *w, uint32_t budget)
{
	struct flow_table *table = &w->table;
	uint32_t limit[16];

	if (table->high == 0)
		return;
	/* One tick more: the first one may have been nearly over. */
	for (unsigned int state = 0; state < 16; state++)
		limit[state] =
			atomic_load_explicit(&tcp_timeout_s[state], memory_order_relaxed) * 1000 / TICK_MS +
			1;
	if (budget > table->high)
		budget = table->high;
	for (; budget > 0; budget--) {
		struct flow *flow = &table->flow[table->sweep];

		/* The peer's entry expires by itself. */
		if (flow->proto != 0 && w->tick - flow->seen >= limit[flow->state])
			dp_flow_forget(w, flow);
		else if (flow->proto != 0 && flow_is_removed(flow))
			dp_flow_end(w, flow);
		if (++table->sweep > table->high)
			table->sweep = 1;
	}
}
