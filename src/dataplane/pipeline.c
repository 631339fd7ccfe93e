/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of a packet, as a table of contents: every stage is one file and one
 * function over the whole burst. Each drops or punts what it must; what is
 * still live goes on.
 */
#include "worker.h"

void
dp_pipeline_run(struct dp_worker *w, struct burst *b)
{
	do {
		dp_stage_parse(w, b);    /* headers are whole and right; the tuple is read */
		dp_stage_classify(w, b); /* towards a VIP, or perhaps a reply */
		dp_stage_handover(w, b); /* what another worker owns goes to it */
		dp_stage_lookup(w, b);   /* established flows are found */
		dp_stage_schedule(w, b); /* new ones get a server */
		if (unlikely(b->icmp != 0))
			dp_stage_icmp(w, b); /* errors about any of them go to the other side */
		do {
			dp_stage_track(w, b);    /* states and counters */
			dp_stage_rewrite(w, b);  /* addresses, ports, checksums, TTL, MAC */
			dp_stage_transmit(w, b); /* to the ports */
			b->live = b->later;      /* rare: packets behind one that replaces a connection */
		} while (unlikely(b->live != 0));
		dp_stage_punt(w, b); /* what is for the box itself */
		dp_drop_flush(w);
		/* Rare: fragments that waited for one in this burst. */
	} while (unlikely((b->gathered | b->headless) != 0) && dp_fragment_next(w, b));
}
