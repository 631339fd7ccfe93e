/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Send what is left to the ports, and free what was dropped.
 * Reads:  nexthop, ports_differ, split.   Writes: the ports' buffers.
 * Drops:  TX_FULL; TOO_BIG, NO_MBUF of what is cut up.   Prefetches: nothing.
 * Cost:   one device call a port and burst.
 *
 * A worker sends on its own queue; where a device has fewer queues than there
 * are workers, those without one hand the finished frame to a worker that has.
 * What a device does not take at once stays in the buffer for the next turn,
 * in order; only a full buffer drops.
 */
#include "rewrite.h"

#include <rte_ethdev.h>

#define FINISHED ((uintptr_t)1)

void
dp_transmit_flush_port(struct dp_worker *w, unsigned int port)
{
	struct tx_buffer *buffer = &w->tx[port];
	uint32_t sent = rte_eth_tx_burst(dp_ports[port].ethdev, (uint16_t)w->id, buffer->mbuf,
					 (uint16_t)buffer->count);

	w->count.tx += sent;
	buffer->count -= sent;
	if (unlikely(buffer->count != 0))
		memmove(buffer->mbuf, buffer->mbuf + sent, buffer->count * sizeof(buffer->mbuf[0]));
}

void
dp_transmit_flush(struct dp_worker *w)
{
	for (unsigned int port = 0; port < dp_ports_count; port++)
		if (w->tx[port].count != 0)
			dp_transmit_flush_port(w, port);
}

void
dp_transmit_one(struct dp_worker *w, unsigned int port, struct rte_mbuf *m)
{
	struct tx_buffer *buffer = &w->tx[port];

	if (unlikely(w->id >= dp_ports[port].tx_queues)) {
		m->port = (uint16_t)port;
		dp_handover_put(w, w->id % dp_ports[port].tx_queues,
				(struct rte_mbuf *)((uintptr_t)m | FINISHED));
		return;
	}
	if (unlikely(buffer->count == TX_BUFFER))
		dp_transmit_flush_port(w, port);
	if (unlikely(buffer->count == TX_BUFFER))
		dp_drop_mbuf(w, m, SL_DROP_TX_FULL);
	else
		buffer->mbuf[buffer->count++] = m;
}

void
dp_stage_transmit(struct dp_worker *w, struct burst *b)
{
	unsigned int i, port, sent;

	if (b->live == 0)
		return;
	port = dp_nh_port(b->nexthop[__builtin_ctzll(b->live)]);
	if (b->live == burst_all(b->count) && (b->ports_differ | b->split) == 0 && w->tx[port].count == 0 &&
	    w->id < dp_ports[port].tx_queues) {
		/* The whole burst as it is. */
		sent = rte_eth_tx_burst(dp_ports[port].ethdev, (uint16_t)w->id, b->mbuf, (uint16_t)b->count);
		w->count.tx += sent;
		for (; sent < b->count; sent++)
			dp_transmit_one(w, port, b->mbuf[sent]);
		return;
	}
	BURST_FOREACH(i, b->live)
	{
		if (unlikely((b->split >> i & 1) != 0))
			dp_split_packet(w, b, i);
		else
			dp_transmit_one(w, dp_nh_port(b->nexthop[i]), b->mbuf[i]);
	}
	dp_transmit_flush(w);
}

__rte_cold void
dp_drop_mbuf(struct dp_worker *w, struct rte_mbuf *m, enum sl_drop reason)
{
	w->count.drop[reason]++;
	w->count.drops++;
	if (w->free_count == BURST_MAX)
		dp_drop_flush(w);
	w->free_mbuf[w->free_count++] = m;
}

void
dp_drop_flush(struct dp_worker *w)
{
	if (likely(w->free_count == 0))
		return;
	rte_pktmbuf_free_bulk(w->free_mbuf, w->free_count);
	w->free_count = 0;
}
