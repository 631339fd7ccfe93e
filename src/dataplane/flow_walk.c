/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of connections, read by the control thread beside the running
 * workers: each entry is copied and taken only if its sequence number was even
 * and did not change meanwhile. A caller takes as many a step as it likes; the
 * workers do nothing for it.
 */
#include "tcp_state.h"
#include "wire.h"
#include "worker.h"

#include "sl_addr.h"

/* A copy of an entry in use. False: free, or being changed just now. */
static bool
flow_copy(const struct flow *flow, struct flow *ret_copy)
{
	uint8_t seq = __atomic_load_n(&flow->seq, __ATOMIC_ACQUIRE);

	if ((seq & 1) != 0)
		return false;
	*ret_copy = *flow;
	atomic_thread_fence(memory_order_acquire);
	return __atomic_load_n(&flow->seq, __ATOMIC_RELAXED) == seq && ret_copy->proto != 0;
}

static bool
conn_passes(const struct dp_conn *c, const struct dp_conn_filter *f)
{
	return (f->proto == 0 || f->proto == c->proto) && (!f->by_state || f->state == c->state) &&
	       (f->client_port == 0 || f->client_port == c->client_port) &&
	       (f->vip_port == 0 || f->vip_port == c->vip_port) &&
	       (f->real_port == 0 || f->real_port == c->real_port) &&
	       (sl_addr_is_none(&f->client.addr) || sl_prefix_contains(&f->client, &c->client)) &&
	       (sl_addr_is_none(&f->vip) || sl_addr_eq(&f->vip, &c->vip)) &&
	       (sl_addr_is_none(&f->real) || sl_addr_eq(&f->real, &c->real));
}

static void
conn_fill(const struct dp_worker *w, const struct flow *flow, struct dp_conn *ret)
{
	uint32_t timeout_s = atomic_load_explicit(&tcp_timeout_s[flow->state & 15], memory_order_relaxed);
	static const struct sl_addr none;
	bool local = (flow->flags & FLOW_FWD_MASK) == SL_FWD_FNAT;
	uint32_t idle_ms = (__atomic_load_n(&w->tick, __ATOMIC_RELAXED) - flow->seen) * TICK_MS;

	*ret = (struct dp_conn){
		.client = flow->client,
		.vip = flow->vip,
		.real = dp_real_slots[flow->real].addr,
		.client_port = rte_be_to_cpu_16(flow->client_port_be),
		.vip_port = rte_be_to_cpu_16(flow->vip_port_be),
		.real_port = rte_be_to_cpu_16(flow->real_port_be),
		.local = local ? *local_addr(flow->local) : none,
		.local_port = local ? rte_be_to_cpu_16(local_port_be(flow->local)) : 0,
		.proto = flow->proto,
		.fwd = flow->flags & FLOW_FWD_MASK,
		.state = flow->state,
		.worker = (uint8_t)w->id,
		.expires_ms = timeout_s * 1000 > idle_ms ? timeout_s * 1000 - idle_ms : 0,
	};
}

size_t
dp_conn_next(struct dp_conn_cursor *cursor, const struct dp_conn_filter *filter, struct dp_conn *ret_conns,
	     size_t max, size_t budget)
{
	size_t found = 0;

	while (!cursor->done && found < max && budget > 0) {
		const struct dp_worker *w;
		struct flow flow;

		if (cursor->worker >= dp_workers_count) {
			cursor->done = true;
			break;
		}
		w = dp_workers[cursor->worker];
		if (cursor->index >= __atomic_load_n(&w->table.high, __ATOMIC_ACQUIRE)) {
			cursor->worker++;
			cursor->index = 0;
			continue;
		}
		budget--;
		if (!flow_copy(&w->table.flow[++cursor->index], &flow))
			continue;
		conn_fill(w, &flow, &ret_conns[found]);
		if (conn_passes(&ret_conns[found], filter))
			found++;
	}
	return found;
}
