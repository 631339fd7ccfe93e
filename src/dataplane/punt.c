/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Send to the control core what is for the box itself.
 * Reads:  punt.   Writes: the punt ring.
 * Drops:  PUNT_FULL.   Prefetches: nothing.
 * Cost:   none where there is nothing.
 *
 * The ring is bounded: a flood of such packets costs the flood, not the workers
 * and not the control core, which takes a limited number a turn.
 */
#include "worker.h"

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
		if (rte_ring_sp_enqueue(w->ring_punt, m) == 0)
			w->count.punts++;
		else
			dp_drop_mbuf(w, m, SL_DROP_PUNT_FULL);
	}
	b->punt = 0;
}

void
dp_stage_punt(struct dp_worker *w, struct burst *b)
{
	if (unlikely(b->punt != 0))
		punt_send(w, b);
}
