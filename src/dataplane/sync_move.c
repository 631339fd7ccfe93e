/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows of the peer that are not where their packets come in.
 *
 * A flow of DR, a tunnel or full NAT belongs to whichever worker the device brings its packets
 * to, and where that is nobody knows before the first one. A foreign flow is therefore noted in a
 * filter that all workers share: counters, by a hash of the key. A packet that finds no flow where it came
 * in, but a count in the filter, goes round the workers (side.c), as fragments do. The worker that has the
 * flow forwards it and then sends the flow itself to the worker that asked, which has all
 * further packets of it. The filter is so large that other packets are hardly ever searched for.
 *
 * A flow that moves takes its local port with it: the port's slot names nobody until the other worker
 * has it, and the port returns to its share when the flow ends (local.c). Packets that went round meanwhile
 * end where they began, behind the flow.
 */
#include "sync.h"

#include "limit.h"
#include "local.h"

#include <errno.h>
#include <sys/mman.h>

enum { FILTER_BITS_MIN = 16, FILTER_BITS_MAX = 28 };

/* Counters of foreign flows; they stay until the workers end, for so long may there be such flows. */
static struct {
	_Atomic uint16_t *count;
	uint64_t secret;
	unsigned int bits;
} filter;

int
sync_filter_init(uint64_t flows)
{
	unsigned int bits = FILTER_BITS_MIN;
	void *memory;

	if (filter.count != NULL)
		return 0;
	while (bits < FILTER_BITS_MAX && UINT64_C(1) << bits < 2 * flows)
		bits++;
	memory = mmap(NULL, sizeof(*filter.count) << bits, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	filter.bits = bits;
	filter.secret = dp_workers[0]->table.secret[0];
	filter.count = memory;
	return 0;
}

void
sync_filter_fini(void)
{
	if (filter.count != NULL)
		munmap((void *)(uintptr_t)filter.count, sizeof(*filter.count) << filter.bits);
	filter.count = NULL;
}

static _Atomic uint16_t *
filter_at(const struct sl_addr *client, const struct sl_addr *vip, uint64_t ports)
{
	uint64_t low, high, vip_low, vip_high;

	memcpy(&low, client->b, 8);
	memcpy(&high, client->b + 8, 8);
	memcpy(&vip_low, vip->b, 8);
	memcpy(&vip_high, vip->b + 8, 8);
	low = (low ^ filter.secret) + (ports & KEY_PORTS_IN) * UINT64_C(0x9e3779b97f4a7c15);
	high ^= (vip_low ^ vip_high * UINT64_C(0xc2b2ae3d27d4eb4f)) * UINT64_C(0x9e3779b97f4a7c15);
	low = (high * low) ^ (uint64_t)((unsigned __int128)high * low >> 64);
	return &filter.count[low * UINT64_C(0x9e3779b97f4a7c15) >> (64 - filter.bits)];
}

/* A counter that has reached its end stays there. */
static __rte_cold void
filter_add(_Atomic uint16_t *count, int change)
{
	uint16_t old = atomic_load_explicit(count, memory_order_relaxed);

	do {
		if (old == UINT16_MAX || (old == 0 && change < 0))
			return;
	} while (!atomic_compare_exchange_weak_explicit(count, &old, (uint16_t)(old + change),
							memory_order_relaxed, memory_order_relaxed));
}

__rte_cold bool
dp_sync_may_be_elsewhere(const struct pkt_key *key)
{
	return filter.count != NULL && atomic_load_explicit(filter_at(&key->client, &key->other, key->ports),
							    memory_order_relaxed) != 0;
}

/* NAT's flows have an owner that is known. */
static bool
is_searched(const struct dp_worker *w, const struct flow *flow)
{
	return w->worker_count > 1 && filter.count != NULL && (flow->flags & FLOW_FWD_MASK) != SL_FWD_NAT;
}

__rte_cold void
sync_foreign_set(struct dp_worker *w, struct flow *flow)
{
	flow->generation |= FLOW_FOREIGN;
	if (is_searched(w, flow))
		filter_add(filter_at(&flow->client, &flow->vip, flow->ports), 1);
}

__rte_cold void
dp_sync_foreign_clear(struct dp_worker *w, struct flow *flow)
{
	flow->generation &= (uint16_t)~FLOW_FOREIGN;
	if (is_searched(w, flow))
		filter_add(filter_at(&flow->client, &flow->vip, flow->ports), -1);
}

__rte_cold void
sync_arrived(const struct sync_message *m)
{
	if ((m->flags & FLOW_FWD_MASK) != SL_FWD_NAT)
		filter_add(filter_at(&m->client, &m->vip, m->ports), -1);
}

/* It cannot move: its packets go on being searched for. */
static __rte_cold void
flow_stays(struct flow *flow)
{
	if ((flow->flags & FLOW_FRAGMENTED) != 0)
		return;
	flow->flags |= FLOW_FRAGMENTED;
	atomic_fetch_add_explicit(dp_fragmented_count(flow->proto), 1, memory_order_relaxed);
}

__rte_cold void
dp_sync_adopt(struct dp_worker *w, struct burst *b, unsigned int i)
{
	struct dp_sync_worker *s = sync_of(w);
	struct flow *flow = b->flow[i];
	unsigned int hops, to;

	/* What says nothing of where the client's packets come in: a fragment, which comes from where its datagram was
	   gathered, and a server's packet, which full NAT's local port has brought here. */
	if ((b->gathered >> i & 1) != 0 || (b->reply >> i & 1) != 0)
		return;
	to = w->id;
	if ((b->searching >> i & 1) != 0) {
		hops = mbuf_note(b->mbuf[i])->hops % w->worker_count;
		to = (w->id + w->worker_count - hops) % w->worker_count;
	}
	if (to == w->id || !is_searched(w, flow) || s == NULL || s->move_count == SYNC_MOVES_MAX) {
		if (to != w->id)
			flow_stays(flow);
		dp_sync_foreign_clear(w, flow);
		return;
	}
	/* It is on its way, and packets behind this one must find it: they are to search until it has arrived. */
	flow->generation &= (uint16_t)~FLOW_FOREIGN;
	s->move[s->move_count++] = (struct sync_move){
		.number = (uint32_t)(flow - w->table.flow),
		.seq = flow->seq,
		.to = (uint8_t)to,
		.count = filter_at(&flow->client, &flow->vip, flow->ports),
	};
}

/* False: it stays. */
static __rte_cold bool
flow_move(struct dp_worker *w, struct flow *flow, const struct sync_move *move)
{
	unsigned int to = move->to;
	struct sync_ring *ring = sync_ring_between(w->id, to);
	struct sync_message *m = sync_ring_room(ring);
	bool local = (flow->flags & FLOW_FWD_MASK) == SL_FWD_FNAT;

	if (m == NULL) {
		flow_stays(flow);
		return false;
	}
	*m = (struct sync_message){
		.client = flow->client,
		.vip = flow->vip,
		.ports = flow->ports & ~((uint64_t)0xff << 56),
		.real = flow->real,
		.generation = flow->generation & GENERATION_MASK,
		.idle = flow->seen,
		.local = local ? flow->local : 0,
		.toa_ack = local ? w->toa_ack[flow - w->table.flow] : 0,
		.kind = SYNC_MOVED,
		.state = flow->state,
		.flags = flow->flags & (uint8_t)~FLOW_FRAGMENTED,
	};
	if (local)
		dp_local_lend(flow->local, flow->proto, w->id, to);
	dp_flow_leave(w, flow);
	sync_ring_send(dp_sync.worker[to], ring);
	return true;
}

__rte_cold void
dp_sync_move(struct dp_worker *w)
{
	struct dp_sync_worker *s = sync_of(w);

	if (s == NULL)
		return;
	for (unsigned int i = 0; i < s->move_count; i++) {
		const struct sync_move *move = &s->move[i];
		struct flow *flow = &w->table.flow[move->number];

		/* The burst may have ended it. */
		if (flow->seq != move->seq || flow->proto == 0 || !flow_move(w, flow, move))
			filter_add(move->count, -1);
	}
	s->move_count = 0;
}
