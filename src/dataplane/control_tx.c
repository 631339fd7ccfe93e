/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the control core's own packets leave: through a ring that worker 0, which
 * has a transmit queue on every port, empties before anything else of a turn.
 * See control_tx.h. Control thread only, but for the ring's other end.
 */
#include "control_tx.h"
#include "control.h"
#include "port.h"
#include "worker.h"

#include "sl_log.h"

#include <rte_mbuf.h>

enum { RING_RESERVE = 256 };

struct control_counters dp_control;

static void
ring_put(unsigned int port, struct rte_mbuf *m, uintptr_t tag)
{
	if (port >= dp_ports_count) {
		dp_control_drop(m, SL_DROP_NO_ROUTE);
		return;
	}
	m->port = (uint16_t)port;
	if (dp_control.ring != NULL &&
	    rte_ring_sp_enqueue(dp_control.ring, (void *)((uintptr_t)m | tag)) == 0)
		dp_control.tx++;
	else
		dp_control_drop(m, SL_DROP_TX_FULL);
}

void
dp_control_tx(unsigned int port, struct rte_mbuf *m)
{
	ring_put(port, m, 0);
}

void
dp_control_tx_via(unsigned int port, const struct sl_addr *via, struct rte_mbuf *m)
{
	char *before = rte_pktmbuf_prepend(m, sizeof(*via));

	if (before == NULL) {
		dp_control_drop(m, SL_DROP_SEGMENTS);
		return;
	}
	memcpy(before, via, sizeof(*via));
	ring_put(port, m, CONTROL_TO_NEIGHBOUR);
}

bool
dp_control_tx_room(void)
{
	return dp_control.ring != NULL && rte_ring_free_count(dp_control.ring) > RING_RESERVE;
}

struct rte_mbuf *
dp_control_mbuf(void)
{
	struct rte_mbuf *m = dp_control.pool != NULL ? rte_pktmbuf_alloc(dp_control.pool) : NULL;

	dp_control.generated++;
	if (m == NULL) {
		dp_control.drops++;
		dp_control.drop[SL_DROP_NO_MBUF]++;
	}
	return m;
}

void
dp_control_drop(struct rte_mbuf *m, enum sl_drop reason)
{
	dp_control.drops++;
	dp_control.drop[reason]++;
	rte_pktmbuf_free(m);
}
