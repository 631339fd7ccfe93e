/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of the peer, taken into the worker's table: a few a turn, between two bursts.
 *
 * Such a flow is foreign until its first packet comes here. While it is, the peer's word on it holds; afterwards
 * only if it is newer than what was seen here. Counts and limits know it as any other, but a limit
 * refuses no connection that is there already.
 */
#include "sync.h"

#include "limit.h"
#include "local.h"

static struct flow_hash
hash_of(const struct dp_worker *w, const struct sync_message *m)
{
	return flow_hash_ports(&w->table, &m->client, m->ports);
}

static __rte_cold struct flow *
flow_find(struct dp_worker *w, const struct sync_message *m, struct flow_hash hash)
{
	struct pkt_key key = { .client = m->client, .other = m->vip, .ports = m->ports };

	return dp_flow_find_slow(w, &key, true, hash);
}

static inline bool
state_is_active(uint8_t state)
{
	return state == SL_STATE_UDP || (TCP_ACTIVE_STATES >> state & 1) != 0;
}

static inline bool
flow_is_foreign(const struct flow *flow)
{
	return (flow->generation & FLOW_FOREIGN) != 0;
}

/* Has the peer seen a packet of it later than this box? */
static inline bool
peer_is_newer(const struct dp_worker *w, const struct flow *flow, const struct sync_message *m)
{
	return flow_is_foreign(flow) || w->tick - flow->seen > m->idle;
}

/* The server, by the worker's own snapshot: only what is listed there stays as long as it has flows. */
static __rte_cold const struct dp_svc *
service_of(const struct dp_worker *w, const struct sync_message *m)
{
	const struct dp_svc *svc = m->service < w->snapshot->svc_count ? w->snapshot->svc[m->service] : NULL;
	uint32_t place = m->place;

	if (svc == NULL ||
	    m->generation != atomic_load_explicit(&dp_real_slots[m->real].generation, memory_order_relaxed))
		return NULL;
	if (place < svc->all && svc->server[place].slot == m->real)
		return svc;
	for (place = 0; place < svc->all; place++)
		if (svc->server[place].slot == m->real)
			return svc;
	return NULL;
}

/* The flow that the server's reply to this one would be taken for: see schedule.c. */
static __rte_cold struct flow *
twin_find(struct dp_worker *w, const struct sync_message *m, struct flow_hash hash)
{
	struct pkt_key reply = {
		.client = m->client,
		.other = dp_real_slots[m->real].addr,
		.ports = m->ports & KEY_PORTS_OUT,
	};

	return dp_flow_find_slow(w, &reply, false, hash);
}

static __rte_cold void
counts_begin(struct dp_worker *w, const struct flow *flow)
{
	struct dp_real_own *real = &w->real[flow->real];

	if (limit_concerns(&dp_real_slots[flow->real], real))
		dp_limit_take(real, flow->real);
	real->active += TCP_ACTIVE_STATES >> flow->state & 1;
	real->total++;
	w->count.flows_created++;
}

/* A new entry with what the message says; the local port, if any, is the caller's until then. NULL: no room. */
static __rte_cold struct flow *
flow_make(struct dp_worker *w, const struct sync_message *m, struct flow_hash hash, uint32_t seen,
	  uint8_t flags, uint16_t generation)
{
	struct pkt_key key = { .client = m->client, .other = m->vip, .ports = m->ports };
	uint8_t proto = (uint8_t)(m->ports >> KEY_SHIFT_PROTO), fwd = flags & FLOW_FWD_MASK;
	struct flow *twin = fwd == SL_FWD_NAT ? twin_find(w, m, hash) : NULL;
	struct flow *flow;
	enum sl_drop reason;
	uint32_t number;

	flow = flow_insert(&w->table, &key, hash, &reason);
	if (flow == NULL)
		return NULL;
	number = (uint32_t)(flow - w->table.flow);
	flow->real = m->real;
	flow->real_port_be = (uint16_t)(m->ports >> KEY_SHIFT_REAL_PORT);
	flow->generation = generation;
	flow->state = m->state;
	flow->flags = flags;
	flow->seen = seen;
	if (fwd == SL_FWD_FNAT) {
		flow->local = m->local;
		w->toa_ack[number] = m->toa_ack;
		dp_local_bind(w, m->local, proto, number);
	}
	atomic_signal_fence(memory_order_seq_cst);
	flow->seq++;
	counts_begin(w, flow);
	/* Of two whose replies are alike the newer one has them. */
	if (twin != NULL && w->tick - flow->seen < w->tick - twin->seen)
		flow_prefer(&w->table, hash.bucket, flow, twin);
	else if (twin != NULL)
		flow_prefer(&w->table, hash.bucket, twin, flow);
	return flow;
}

static __rte_cold uint8_t
flags_of(const struct sync_message *m, const struct dp_svc *svc)
{
	bool v6 = !sl_addr_is_v4(&m->vip), nat = m->fwd == SL_FWD_NAT || m->fwd == SL_FWD_FNAT;
	uint8_t flags = m->fwd | (nat ? 0 : FLOW_IN_ONLY) | (v6 ? FLOW_V6 : 0);

	if (m->fwd != SL_FWD_FNAT)
		return flags;
	if (v6 && sl_addr_is_v4(&dp_real_slots[m->real].addr))
		flags |= FLOW_NAT64;
	if ((m->flags & DP_SYNC_TOA) != 0 && (svc->options & DP_SERVICE_TOA) != 0 &&
	    (uint8_t)(m->ports >> KEY_SHIFT_PROTO) == SL_PROTO_TCP)
		flags |= FLOW_TOA;
	return flags;
}

/* A flow of the peer's begins here. `m->local` is taken for it where it has one. */
static __rte_cold void
flow_begin(struct dp_worker *w, struct dp_sync_worker *s, const struct sync_message *m, struct flow_hash hash)
{
	const struct dp_svc *svc = service_of(w, m);
	struct flow *flow = NULL;

	if (svc == NULL)
		sync_count(&s->lost);
	else if ((flow = flow_make(w, m, hash, w->tick - m->idle, flags_of(m, svc),
				   m->generation | FLOW_FOREIGN)) == NULL)
		sync_count(&s->table_full);
	if (flow != NULL) {
		sync_foreign_set(w, flow);
		sync_count(&s->inserted);
	} else if (m->local != 0) {
		dp_local_put(w, m->local, (uint8_t)(m->ports >> KEY_SHIFT_PROTO));
	}
}

/* The local address and port that the message names; 0: the address is none of ours. */
static __rte_cold uint32_t
local_of(const struct dp_worker *w, const struct sync_message *m)
{
	uint64_t flags = addr_table_find(w->snapshot->addrs, &m->other);

	return (addr_flags_kinds(flags) & ADDR_LOCAL) != 0
		       ? local_make(local_index_of(flags), m->local_port_be)
		       : 0;
}

/* The flow that is there has the message's server, and its local port. */
static __rte_cold bool
flow_is_the_same(const struct dp_worker *w, const struct flow *flow, const struct sync_message *m)
{
	return !flow_is_removed(flow) && flow->real == m->real && (flow->flags & FLOW_FWD_MASK) == m->fwd &&
	       (m->fwd != SL_FWD_FNAT || flow->local == local_of(w, m));
}

static __rte_cold void
flow_update(struct dp_worker *w, struct dp_sync_worker *s, const struct sync_message *m, struct flow *flow)
{
	struct dp_real_own *real = &w->real[flow->real];

	if (!peer_is_newer(w, flow, m))
		return;
	real->active -= TCP_ACTIVE_STATES >> flow->state & 1;
	real->active += TCP_ACTIVE_STATES >> m->state & 1;
	flow->state = m->state;
	flow->seen = w->tick - m->idle;
	if ((m->flags & DP_SYNC_TOA) == 0)
		flow->flags &= (uint8_t)~FLOW_TOA;
	if (!flow_is_foreign(flow))
		sync_foreign_set(w, flow);
	sync_count(&s->updated);
}

/*
 * What is there already goes, or the message does: an active connection takes the place of one with
 * another server, unless that had a packet here later. True: there is room for the message's.
 */
static __rte_cold bool
place_clear(struct dp_worker *w, struct dp_sync_worker *s, const struct sync_message *m, struct flow *flow)
{
	if (flow == NULL)
		return true;
	if (flow_is_the_same(w, flow, m)) {
		flow_update(w, s, m, flow);
		return false;
	}
	if (!flow_is_removed(flow) && (!state_is_active(m->state) || !peer_is_newer(w, flow, m)))
		return false;
	dp_flow_forget(w, flow);
	sync_count(&s->removed);
	return true;
}

/* ---- by kind: false: it cannot be done now ---- */

static __rte_cold bool
take_put(struct dp_worker *w, struct dp_sync_worker *s, struct sync_message *m, struct flow_hash hash)
{
	if (!place_clear(w, s, m, flow_find(w, m, hash)))
		return true;
	if (m->fwd == SL_FWD_FNAT) {
		uint32_t local = local_of(w, m);

		if (local == 0 || !dp_local_take_this(w, local, (uint8_t)(m->ports >> KEY_SHIFT_PROTO))) {
			sync_count(&s->conflict);
			return true;
		}
		m->local = local;
	}
	flow_begin(w, s, m, hash);
	return true;
}

/* A connection of the same key, but with another local port. */
static __rte_cold bool
has_other_port(const struct flow *flow, const struct sync_message *m)
{
	return (flow->flags & FLOW_FWD_MASK) == SL_FWD_FNAT && m->local_port_be != 0 &&
	       local_port_be(flow->local) != m->local_port_be;
}

/* Over at the peer: here too, if it is the same one and had no packet here since. */
static __rte_cold bool
take_ended(struct dp_worker *w, struct dp_sync_worker *s, struct sync_message *m, struct flow_hash hash)
{
	struct flow *flow = flow_find(w, m, hash);

	if (flow == NULL || !peer_is_newer(w, flow, m) ||
	    flow->real_port_be != (uint16_t)(m->ports >> KEY_SHIFT_REAL_PORT) ||
	    !sl_addr_eq(&dp_real_slots[flow->real].addr, &m->other) || has_other_port(flow, m))
		return true;
	dp_flow_forget(w, flow);
	sync_count(&s->removed);
	return true;
}

static __rte_cold bool
take_lend(struct dp_worker *w, struct dp_sync_worker *s, struct sync_message *m, struct flow_hash hash)
{
	uint8_t proto = (uint8_t)(m->ports >> KEY_SHIFT_PROTO);
	struct sync_ring *ring = sync_ring_between(w->id, m->to);
	struct sync_message *room = sync_ring_room(ring);
	uint32_t local = local_of(w, m);

	if (room == NULL)
		return false;
	if (local == 0) {
		sync_count(&s->conflict);
		return true;
	}
	*room = *m;
	if (dp_local_take_this(w, local, proto)) {
		dp_local_lend(local, proto, w->id, m->to);
		room->kind = SYNC_LENT;
		room->local = local;
	} else {
		/* This very connection may have it already: its worker knows, or counts a conflict. */
		room->kind = SYNC_PUT;
	}
	sync_ring_send(dp_sync.worker[m->to], ring);
	return true;
}

static __rte_cold bool
take_lent(struct dp_worker *w, struct dp_sync_worker *s, struct sync_message *m, struct flow_hash hash)
{
	if (place_clear(w, s, m, flow_find(w, m, hash)))
		flow_begin(w, s, m, hash);
	else
		dp_local_put(w, m->local, (uint8_t)(m->ports >> KEY_SHIFT_PROTO));
	return true;
}

/* A flow as it was at the worker where it was found. */
static __rte_cold bool
take_moved(struct dp_worker *w, struct dp_sync_worker *s, struct sync_message *m, struct flow_hash hash)
{
	bool there = m->generation ==
		     atomic_load_explicit(&dp_real_slots[m->real].generation, memory_order_relaxed);

	if (there && flow_find(w, m, hash) == NULL) {
		there = flow_make(w, m, hash, m->idle, m->flags, m->generation) != NULL;
		if (!there)
			sync_count(&s->table_full);
	} else {
		there = false;
	}
	if (!there && m->local != 0)
		dp_local_put(w, m->local, (uint8_t)(m->ports >> KEY_SHIFT_PROTO));
	sync_arrived(m);
	return true;
}

typedef bool take_function(struct dp_worker *w, struct dp_sync_worker *s, struct sync_message *m,
			   struct flow_hash hash);

static take_function *const take_by_kind[SYNC_KIND_MAX] = {
	[SYNC_PUT] = take_put,   [SYNC_ENDED] = take_ended, [SYNC_LEND] = take_lend,
	[SYNC_LENT] = take_lent, [SYNC_MOVED] = take_moved,
};

/* At most `max` of a ring. The lines of all are on their way before the first one is looked at. */
static __rte_cold unsigned int
ring_take(struct dp_worker *w, struct dp_sync_worker *s, struct sync_ring *ring, unsigned int max)
{
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	unsigned int count = RTE_MIN(sync_ring_count(ring), max), done = 0;
	struct flow_hash hash[SYNC_TAKE_MAX];

	for (unsigned int i = 0; i < count; i++) {
		hash[i] = hash_of(w, &ring->message[(tail + i) & ring->mask]);
		__builtin_prefetch(&w->table.bucket[hash[i].bucket]);
	}
	for (; done < count; done++) {
		struct sync_message *m = &ring->message[(tail + done) & ring->mask];

		if (!take_by_kind[m->kind](w, s, m, hash[done]))
			break;
	}
	atomic_store_explicit(&ring->tail, tail + done, memory_order_release);
	return done;
}

/*
 * Other workers' rings hold what packets are searching for, and lent ports: packets of the next burst may want any
 * of it, so all of it is taken. They are short, and nothing in them needs room elsewhere.
 */
static __rte_cold unsigned int
arrivals_take(struct dp_worker *w, struct dp_sync_worker *s)
{
	unsigned int done = 0;

	for (uint32_t i = dp_sync.threads; i < s->ring_count; i++) {
		uint32_t left = s->ring[i] != NULL ? sync_ring_count(s->ring[i]) : 0;

		while (left > 0) {
			unsigned int n = ring_take(w, s, s->ring[i], RTE_MIN(left, (uint32_t)SYNC_TAKE_MAX));

			if (n == 0)
				break;
			left -= n;
			done += n;
		}
	}
	return done;
}

__rte_cold unsigned int
dp_sync_take(struct dp_worker *w, struct dp_sync_worker *s, unsigned int max)
{
	unsigned int done = 0, arrived;

	max = RTE_MIN(max, (unsigned int)SYNC_TAKE_MAX);
	(void)atomic_exchange_explicit(&s->bell, 0, memory_order_acq_rel);
	arrived = arrivals_take(w, s);
	s->next_ring++;
	for (uint32_t i = 0; i < dp_sync.threads && done < max; i++) {
		struct sync_ring *ring = s->ring[(s->next_ring + i) % dp_sync.threads];

		if (ring == NULL || sync_ring_count(ring) == 0)
			continue;
		done += ring_take(w, s, ring, max - done);
		if (sync_ring_count(ring) != 0)
			atomic_store_explicit(&s->bell, 1, memory_order_relaxed);
	}
	if (done == max)
		atomic_store_explicit(&s->bell, 1, memory_order_relaxed);
	return done + arrived;
}
