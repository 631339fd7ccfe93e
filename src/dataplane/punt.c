/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Send away what is for the box itself: to the kernel, or to the control core.
 * Reads:  punt.   Writes: the punt ring and the kernel's ring.
 * Drops:  PUNT_FULL, KERNEL_FULL, KERNEL_LIMIT.   Prefetches: nothing.
 * Cost:   none where there is nothing.
 *
 * What is the kernel's goes its own way (kernel.c). The ring to the control core is
 * bounded: a flood of such packets costs the flood, not the workers and not the control
 * core, which takes a limited number a turn. What a neighbour says to us alone may fill
 * the ring, what it says to everybody three quarters, as servers' answers to checks may, and all
 * the rest half, so that a flood of pings, or of ARP requests for somebody else, does not keep our
 * next hops from us.
 */
#include "kernel.h"
#include "worker.h"

static __rte_cold void
punt_put(struct dp_worker *w, struct rte_mbuf *m)
{
	bool to_all = (rte_pktmbuf_mtod(m, const uint8_t *)[0] & 1) != 0;
	unsigned int keep_free = 0;

	if (dp_is_neighbour_talk(m) ? to_all : dp_is_check_answer(w, m))
		keep_free = PUNT_RING_SIZE / 4;
	else if (!dp_is_neighbour_talk(m))
		keep_free = PUNT_RING_SIZE / 2;

	if (rte_ring_free_count(w->ring_punt) > keep_free && rte_ring_sp_enqueue(w->ring_punt, m) == 0)
		w->count.punts++;
	else
		dp_drop_mbuf(w, m, SL_DROP_PUNT_FULL);
}

static __rte_cold void
punt_send(struct dp_worker *w, struct burst *b)
{
	unsigned int i;

	BURST_FOREACH(i, b->punt)
	{
		struct rte_mbuf *m = b->mbuf[i];

		/* Packets handed over may have come in by several ports; they know theirs. */
		if (b->owned == 0)
			m->port = (uint16_t)b->port;
		if (!dp_kernel_give(w, m))
			punt_put(w, m);
	}
	b->punt = 0;
}

void
dp_stage_punt(struct dp_worker *w, struct burst *b)
{
	if (unlikely(b->punt != 0))
		punt_send(w, b);
}
