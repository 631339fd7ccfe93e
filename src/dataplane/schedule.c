/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Give every new connection a server.
 * Reads:  miss, key, event, in.   Writes: flow, hit; live.
 * Drops:  TRANSIT, VIP_NOT_HELD (out, and no reply; or in, astray), SOURCE, NO_SERVICE, NO_CONNECTION, NO_SERVER, TABLE_FULL, BUCKET_FULL, LOCAL_FULL.   Prefetches: nothing.
 * Cost:   on misses only: the service, its servers, a new entry; one word of limit.h if the server has a limit.
 *
 * Packets of a burst are taken in order, and each is looked up again first:
 * the one before it may have opened the same connection. What may open one:
 * any datagram, and a segment with SYN and without RST (Linux IPVS).
 */
#include "answer.h"
#include "kernel.h"
#include "limit.h"
#include "sync.h"
#include "tcp_state.h"
#include "wire.h"
#include "worker.h"

#include <rte_cycles.h>

enum { PORT_FTP_DATA = 20, OTHERS_MAX_AGE_MS = 1 };

/* Addresses that nobody can send from, and our own. */
bool
dp_source_is_bad(const struct dp_worker *w, const struct sl_addr *source)
{
	if (sl_addr_is_v4(source)) {
		uint8_t first = source->b[12];

		if (first == 0 || first == 127 || first >= 224)
			return true;
	} else {
		static const struct sl_addr loopback = { .b = { [15] = 1 } };

		if (source->b[0] == 0xff || sl_addr_is_none(source) || sl_addr_eq(source, &loopback))
			return true;
	}
	return (addr_table_find(w->snapshot->addrs, source) & ADDR_KINDS) != 0;
}

/* Sums up, a millisecond old at most, what the other workers have on these servers. */
static void
others_refresh(struct dp_worker *w, const struct dp_svc *svc, struct svc_own *own)
{
	uint64_t now = rte_rdtsc();

	if (own->others_tsc != 0 && now - own->others_tsc < rte_get_tsc_hz() / 1000 * OTHERS_MAX_AGE_MS)
		return;
	own->others_tsc = now;
	for (uint32_t i = 0; i < svc->count; i++) {
		uint32_t slot = svc->server[i].slot, active = 0, total = 0;

		for (unsigned int other = 0; other < w->worker_count; other++) {
			const struct dp_real_own *real = &dp_workers[other]->real[slot];

			if (other == w->id)
				continue;
			active += __atomic_load_n(&real->active, __ATOMIC_RELAXED);
			total += __atomic_load_n(&real->total, __ATOMIC_RELAXED);
		}
		w->real[slot].others_active = active;
		w->real[slot].others_total = total;
	}
}

static void
view_load(struct dp_worker *w, const struct dp_svc *svc, struct svc_own *own, struct sched_load *load)
{
	if (w->worker_count > 1)
		others_refresh(w, svc, own);
	for (uint32_t i = 0; i < svc->count; i++) {
		const struct dp_real_own *real = &w->real[svc->server[i].slot];

		load[i].active = real->active + real->others_active;
		load[i].total = real->total + real->others_total;
	}
}

/* A place for one more connection: at once where there is no limit. */
static inline bool
server_reserve(struct dp_worker *w, uint32_t slot)
{
	struct dp_real_own *own = &w->real[slot];

	return !limit_concerns(&dp_real_slots[slot], own) || dp_limit_reserve(own, slot);
}

/* The connection that a place was reserved for did not come about. */
static __rte_cold void
server_unreserve(struct dp_worker *w, uint32_t slot)
{
	if (w->real[slot].counted != 0)
		dp_limit_release(slot);
}

/*
 * The server that was picked is full. The choice is made again between those that are not; one
 * that another worker fills meanwhile is passed over too. Index into svc->server, or -1.
 */
static __rte_cold int
server_pick_free(struct dp_worker *w, const struct dp_svc *svc, struct sched_view *view,
		 struct sched_state *state, const struct sched_flow *flow)
{
	int choice;

	memcpy(w->server, svc->server, svc->count * sizeof(w->server[0]));
	for (uint32_t i = 0; i < svc->count; i++)
		if (limit_is_full(w->server[i].slot))
			w->server[i].flags |= SCHED_SERVER_OVERLOADED;
	view->server = w->server;
	while ((choice = svc->sched->pick(view, state, flow)) >= 0 &&
	       !server_reserve(w, w->server[choice].slot))
		w->server[choice].flags |= SCHED_SERVER_OVERLOADED;
	return choice;
}

/* The server of a new connection, with a place reserved: index into svc->server, or -1. */
static int
server_pick(struct dp_worker *w, const struct dp_svc *svc, const struct pkt_key *key)
{
	struct svc_own *own = &w->svc[svc->slot];
	struct sched_view view = {
		.server = svc->server,
		.table = svc->table,
		.options = svc->sched_options,
		.count = svc->count,
		.epoch = svc->epoch,
		.stagger = w->id,
	};
	struct sched_flow flow = {
		.client = key->client,
		.vip = key->other,
		.client_port = rte_be_to_cpu_16((uint16_t)key->ports),
		.vip_port = rte_be_to_cpu_16((uint16_t)(key->ports >> KEY_SHIFT_VIP_PORT)),
	};
	struct sched_state before;
	int choice;

	if (own->sched_generation != svc->sched_generation)
		*own = (struct svc_own){ .sched_generation = svc->sched_generation };
	if (svc->sched->needs_load) {
		view_load(w, svc, own, w->load);
		view.load = w->load;
	}
	before = own->sched;
	choice = svc->sched->pick(&view, &own->sched, &flow);
	if (choice < 0 || server_reserve(w, svc->server[choice].slot))
		return choice;
	own->sched = before;
	return server_pick_free(w, svc, &view, &own->sched, &flow);
}

/*
 * The replies of two NAT connections are alike when one client tuple reaches
 * one server through two services. The newest connection has them, as in Linux
 * IPVS: an older one that has ended makes room, another comes second.
 */
static void
twin_outrank(struct dp_worker *w, struct burst *b, unsigned int i, struct flow *flow, struct flow *twin)
{
	if (twin == NULL)
		return;
	if (twin->state != SL_STATE_UDP && (TCP_ACTIVE_STATES >> twin->state & 1) == 0) {
		b->moved = true; /* a packet of this burst may have been found to be the twin's */
		dp_flow_end(w, twin);
	} else {
		flow_prefer(&w->table, b->bucket[i], flow, twin);
	}
}

/* The flow that the server's reply to this new connection would be taken for. */
static struct flow *
twin_find(struct dp_worker *w, struct burst *b, unsigned int i, const struct dp_real_slot *real)
{
	struct pkt_key reply = {
		.client = b->key[i].client,
		.other = real->addr,
		.ports = (b->key[i].ports & (KEY_PORTS_IN & KEY_PORTS_OUT)) | (uint64_t)real->port_be
										      << KEY_SHIFT_REAL_PORT,
	};

	return dp_flow_find_slow(w, &reply, false,
				 (struct flow_hash){ .bucket = b->bucket[i], .tag = b->tag[i] });
}

/* What a connection by full NAT has besides. */
static void
local_begin(struct dp_worker *w, struct flow *flow, const struct dp_svc *svc, uint32_t local)
{
	uint32_t number = (uint32_t)(flow - w->table.flow);

	flow->local = local;
	if ((flow->flags & FLOW_V6) != 0 && sl_addr_is_v4(&dp_real_slots[flow->real].addr))
		flow->flags |= FLOW_NAT64;
	if ((svc->options & DP_SERVICE_TOA) != 0 && flow->proto == SL_PROTO_TCP) {
		flow->flags |= FLOW_TOA;
		w->toa_ack[number] = 0;
	}
	dp_local_bind(w, local, flow->proto, number);
}

/* Opens the connection of packet i. Returns the reason why not, or -1. */
static int
connection_open(struct dp_worker *w, struct burst *b, unsigned int i, const struct dp_svc *svc)
{
	const struct pkt_key *key = &b->key[i];
	enum sl_drop reason = SL_DROP_TABLE_FULL;
	const struct dp_real_slot *shared;
	struct flow *flow, *twin = NULL;
	struct dp_real_own *real;
	uint8_t fwd, proto = (uint8_t)(key->ports >> KEY_SHIFT_PROTO);
	uint32_t local = 0;
	int choice;

	if (w->table.free == 0 && w->table.high == w->table.capacity)
		return SL_DROP_TABLE_FULL; /* before a scheduler's turn is spent on it */
	choice = server_pick(w, svc, key);
	if (choice < 0)
		return SL_DROP_NO_SERVER;
	shared = &dp_real_slots[svc->server[choice].slot];
	fwd = svc->fwd[choice];
	if (fwd == SL_FWD_FNAT) {
		local = dp_local_take(w, svc->local_group, proto, &shared->addr, shared->port_be);
		if (local == 0) {
			server_unreserve(w, svc->server[choice].slot);
			return SL_DROP_LOCAL_FULL;
		}
	}
	if (fwd == SL_FWD_NAT)
		twin = twin_find(w, b, i, shared);
	flow = flow_insert(&w->table, key, (struct flow_hash){ .bucket = b->bucket[i], .tag = b->tag[i] },
			   &reason);
	if (flow == NULL) {
		server_unreserve(w, svc->server[choice].slot);
		if (local != 0)
			dp_local_put(w, local, proto);
		return (int)reason;
	}
	flow->real = svc->server[choice].slot;
	flow->real_port_be = shared->port_be;
	flow->generation = atomic_load_explicit(&shared->generation, memory_order_relaxed);
	flow->state = b->info[i].event == TCP_EVENT_UDP ? SL_STATE_UDP : SL_STATE_NONE;
	flow->flags = fwd | (fwd == SL_FWD_NAT || fwd == SL_FWD_FNAT ? 0 : FLOW_IN_ONLY) |
		      (b->info[i].family6 ? FLOW_V6 : 0);
	if (fwd == SL_FWD_FNAT)
		local_begin(w, flow, svc, local);
	flow->seen = w->tick;
	if (b->info[i].event == TCP_EVENT_SYN && (flow->flags & FLOW_IN_ONLY) == 0) {
		flow->flags |= FLOW_ASKED;
		w->outcome[flow->real].syns++;
	}
	if (unlikely((b->gathered >> i & 1) != 0))
		dp_fragment_opened(w, b, i, flow);
	atomic_signal_fence(memory_order_seq_cst);
	flow->seq++;
	real = &w->real[flow->real];
	real->conns++;
	real->total++;
	w->count.flows_created++;
	b->flow[i] = flow;
	if (flow->state == SL_STATE_UDP)
		dp_sync_began(w, flow);
	twin_outrank(w, b, i, flow, twin);
	return -1;
}

/*
 * Was it handed over to a worker that has no business with it? It was when its VIP was not held yet, so that it was taken for
 * a reply. Its connection is another worker's: neither is it told that there is none, nor does it open one here.
 */
static __rte_cold bool
is_astray(const struct dp_worker *w, const struct burst *b, unsigned int i)
{
	return ((b->owned & ~(b->gathered | b->searching)) >> i & 1) != 0 &&
	       ((b->vip_flags[i] & ADDR_OWNER_HASH) == 0 ||
		dp_owner(w, &b->key[i].client, (uint16_t)b->key[i].ports) != w->id);
}

int
dp_schedule_one(struct dp_worker *w, struct burst *b, unsigned int i)
{
	const struct dp_snapshot *snapshot = w->snapshot;
	const struct pkt_key *key = &b->key[i];
	bool in = (b->in >> i & 1) != 0;
	struct dp_service_key service_key = {
		.vip = key->other,
		.port = rte_be_to_cpu_16((uint16_t)(key->ports >> KEY_SHIFT_VIP_PORT)),
		.proto = (uint8_t)(key->ports >> KEY_SHIFT_PROTO),
	};
	uint32_t slot;

	if ((b->reply >> i & 1) != 0) {
		b->flow[i] = dp_flow_find_reply(w, b, i);
		return b->flow[i] != NULL ? -1 : SL_DROP_TRANSIT;
	}
	b->flow[i] =
		dp_flow_find_slow(w, key, in, (struct flow_hash){ .bucket = b->bucket[i], .tag = b->tag[i] });
	if (b->flow[i] != NULL)
		return -1;
	if (!in)
		return (int)dp_transit_reason(b->vip_flags[i]);
	if (b->owned != 0 && is_astray(w, b, i))
		return SL_DROP_VIP_NOT_HELD;
	if (dp_source_is_bad(w, &key->client))
		return SL_DROP_SOURCE;
	slot = service_table_find(snapshot->services, &service_key);
	if (slot == 0)
		return SL_DROP_NO_SERVICE;
	if (b->info[i].event != TCP_EVENT_SYN && b->info[i].event != TCP_EVENT_UDP)
		return SL_DROP_NO_CONNECTION;
	if ((uint16_t)key->ports == RTE_BE16(PORT_FTP_DATA))
		return SL_DROP_NO_CONNECTION;
	return connection_open(w, b, i, snapshot->svc[slot]);
}

void
dp_stage_schedule(struct dp_worker *w, struct burst *b)
{
	unsigned int i;

	if (b->miss == 0)
		return;
	BURST_FOREACH(i, b->miss)
	{
		int reason;

		if (w->worker_count > 1 && dp_fragment_search(w, b, i))
			continue;
		reason = dp_schedule_one(w, b, i);
		if (reason < 0)
			b->hit |= UINT64_C(1) << i;
		else if (!dp_kernel_takes(w, b, i, (enum sl_drop)reason))
			dp_answer_drop(w, b, i, (enum sl_drop)reason);
	}
}
