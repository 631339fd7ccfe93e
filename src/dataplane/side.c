/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The side rings between workers: fragments, ICMP errors and first packets of flows that
 * came from the peer (sync_move.c), on their way to the worker that has their flow.
 *
 * A flow of NAT has an owner that can be computed, a flow of full NAT one that
 * its local port names; those packets are given to it (dp_side_give). A flow of DR
 * or a tunnel belongs to whichever worker its other packets happened to come to, and
 * nobody knows which. A packet that RSS did not bring there goes round instead: from
 * worker to worker in order of number, until one has its flow, or until it is back
 * where it began (dp_side_search). The rounds take time, but fragments and errors only.
 *
 * Between two workers there is one such ring each way, one producer and one
 * consumer, apart from the hand-over's: what floods them is lost there
 * (HANDOVER_FULL), and a worker takes one burst a turn from each.
 * The packet's note (burst.h) goes with it; bits of the pointer say what it is.
 */
#include "sync.h"
#include "worker.h"

#define GATHERED ((uintptr_t)1) /* ports are known */
#define SEARCHING ((uintptr_t)2)
#define TAGS (GATHERED | SEARCHING)

static __rte_cold void
side_put(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int to, uintptr_t tags)
{
	uint64_t bit = UINT64_C(1) << i;
	struct rte_mbuf *m = b->mbuf[i];

	if (b->owned == 0)
		m->port = (uint16_t)b->port;
	if ((b->gathered & bit) != 0)
		tags |= GATHERED;
	b->live &= ~bit;
	b->in &= ~bit;
	b->out &= ~bit;
	if (rte_ring_sp_enqueue(w->side_out[to], (void *)((uintptr_t)m | tags)) == 0)
		w->count.handed_out++;
	else
		dp_drop_mbuf(w, m, SL_DROP_HANDOVER_FULL);
}

__rte_cold void
dp_side_give(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int owner)
{
	side_put(w, b, i, owner, 0);
}

__rte_cold bool
dp_side_search(struct dp_worker *w, struct burst *b, unsigned int i)
{
	struct pkt_note *note = mbuf_note(b->mbuf[i]);

	if ((b->searching >> i & 1) == 0)
		note->hops = 0;
	if (++note->hops > w->worker_count || w->worker_count == 1)
		return false;
	side_put(w, b, i, (w->id + 1) % w->worker_count, SEARCHING);
	return true;
}

static __rte_cold unsigned int
side_receive_from(struct dp_worker *w, struct rte_ring *ring)
{
	struct burst *b = &w->burst;
	void *tagged[BURST_MAX];
	unsigned int count = rte_ring_sc_dequeue_burst(ring, tagged, BURST_MAX, NULL), earlier;

	if (count == 0)
		return 0;
	/* Their senders had handed over before what opens these packets' connections. */
	earlier = dp_handover_receive(w);
	/* ... and flows that they are searched for by. */
	(void)dp_sync_serve(w, 0);
	w->count.handed_in += count;
	b->count = count;
	b->gathered = 0;
	b->searching = 0;
	for (unsigned int i = 0; i < count; i++) {
		uintptr_t pointer = (uintptr_t)tagged[i];

		b->mbuf[i] = (struct rte_mbuf *)(pointer & ~TAGS);
		b->gathered |= (uint64_t)((pointer & GATHERED) != 0) << i;
		b->searching |= (uint64_t)((pointer & SEARCHING) != 0) << i;
	}
	b->owned = burst_all(count);
	b->port = b->mbuf[0]->port;
	dp_pipeline_run(w, b);
	dp_sync_move(w);
	b->owned = 0;
	b->gathered = 0;
	b->searching = 0;
	return earlier + count;
}

__rte_cold unsigned int
dp_side_receive(struct dp_worker *w)
{
	unsigned int count = 0;

	for (unsigned int from = 0; from < w->worker_count; from++)
		if (from != w->id)
			count += side_receive_from(w, w->side_in[from]);
	return count;
}
