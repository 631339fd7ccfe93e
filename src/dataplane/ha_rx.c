/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VRRP packets on their way to the keepalive thread.
 *
 * Each worker has a ring of its own to it, bounded, through which frames go by value: so
 * the keepalive thread never gives a buffer back to a pool that others use, where a
 * real-time thread could wait for one that has lost its CPU. A flood of VRRP packets
 * fills the ring of the worker it comes to, and nothing else.
 */
#include "ha.h"

#include "worker.h"

#include <rte_ring_elem.h>

_Atomic uint32_t dp_ha_listening;

static unsigned int turn; /* the worker whose ring is looked at next; keepalive's alone */

static_assert(sizeof(struct dp_ha_packet) % 4 == 0, "an element of a ring consists of words");

void
dp_ha_listen(uint32_t ports)
{
	atomic_store_explicit(&dp_ha_listening, ports, memory_order_relaxed);
}

__rte_cold void
dp_ha_give(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, uint32_t len)
{
	struct dp_ha_packet packet;
	const uint8_t *frame;

	if (len > sizeof(packet.frame) || rte_ring_full(w->ring_vrrp)) {
		dp_drop_mbuf(w, m, SL_DROP_VRRP);
		return;
	}
	frame = rte_pktmbuf_read(m, 0, len, packet.frame);
	if (frame == NULL) {
		dp_drop_mbuf(w, m, SL_DROP_TRUNCATED);
		return;
	}
	if (frame != packet.frame)
		memcpy(packet.frame, frame, len);
	packet.port = port;
	packet.len = (uint16_t)len;
	(void)rte_ring_sp_enqueue_elem(w->ring_vrrp, &packet, sizeof(packet));
	w->count.punts++;
	rte_pktmbuf_free(m);
}

/* Round the workers, so that a flood to one of them does not silence the others. */
bool
dp_ha_receive(struct dp_ha_packet *ret_packet)
{
	for (unsigned int n = 0; n < dp_workers_count; n++) {
		struct rte_ring *ring = dp_workers[turn++ % dp_workers_count]->ring_vrrp;

		if (rte_ring_sc_dequeue_elem(ring, ret_packet, sizeof(*ret_packet)) != 0)
			continue;
		ha_count(&dp_ha_count.rx);
		return true;
	}
	return false;
}

uint64_t
dp_ha_worker_turns(unsigned int worker)
{
	return worker < dp_workers_count
		       ? atomic_load_explicit(&dp_workers[worker]->published_loops, memory_order_relaxed)
		       : 0;
}
