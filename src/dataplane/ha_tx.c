/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keepalive thread's frames, before all others.
 *
 * Where the device has a transmit queue beyond the workers' (port.c), that is the keepalive
 * thread's, and no worker takes part. Else a frame goes through a ring to worker 0,
 * which looks there first in each turn and gives what it finds to the device at once. IP packets go
 * that way always, since workers know the neighbours. An advert that waited there while the worker stood
 * still is dropped: the peer may have taken over meanwhile, and would give way to it. So is anything that waited for so
 * long that this box is in FAULT (own_health): gratuitous ARP would call packets back from the peer.
 *
 * Buffers are the thread's own. Those of the transmit queue and those of the ring come from
 * different pools: of each, one thread takes and one side gives back, so that the
 * keepalive thread, which may be a real-time one, never waits for a thread that has lost its CPU.
 */
#include "ha.h"

#include "port.h"
#include "route.h"
#include "wire.h"
#include "worker.h"

#include <rte_errno.h>
#include <rte_ethdev.h>

#include <errno.h>

enum { POOL = DP_HA_MBUFS / 2, PROTO_VRRP = 112, ADVERT_LIMIT_MS = 250, FRAME_LIMIT_MS = 1000 };

/* Tag of a packet in ring_ha: as CONTROL_TO_NEIGHBOUR, but the address may be behind a gateway. */
#define TO_HOST ((uintptr_t)2)

struct ha_counters dp_ha_count;

static struct rte_mempool *own_pool, *ring_pool;

int
dp_ha_tx_start(void)
{
	bool own = false;

	for (unsigned int port = 0; port < dp_ports_count; port++)
		own |= dp_ports[port].ha_queue != 0;
	ring_pool = rte_pktmbuf_pool_create("keepalive", POOL, 0, sizeof(uint64_t), RTE_MBUF_DEFAULT_BUF_SIZE,
					    SOCKET_ID_ANY);
	if (own)
		own_pool = rte_pktmbuf_pool_create("keepalive queue", POOL, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
						   SOCKET_ID_ANY);
	return ring_pool == NULL || (own && own_pool == NULL) ? -ENOMEM : 0;
}

void
dp_ha_tx_fini(void)
{
	rte_mempool_free(own_pool);
	rte_mempool_free(ring_pool);
	own_pool = ring_pool = NULL;
	memset(&dp_ha_count, 0, sizeof(dp_ha_count));
}

/* ---- the keepalive thread ---- */

/* A buffer with `before` bytes of room and then `len` bytes of data. NULL, counted: there is none. */
static struct rte_mbuf *
frame_make(struct rte_mempool *pool, size_t before, const void *data, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL) {
		ha_count(&dp_ha_count.no_mbuf);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)(before + len)) + before, data, len);
	return m;
}

static int
queue_send(const struct dp_port *port, const void *frame, size_t len)
{
	struct rte_mbuf *m = frame_make(own_pool, 0, frame, len);

	if (m == NULL)
		return -ENOBUFS;
	if (rte_eth_tx_burst(port->ethdev, port->ha_queue, &m, 1) == 1) {
		ha_count(&dp_ha_count.tx);
		return 0;
	}
	ha_count(&dp_ha_count.tx_full);
	rte_pktmbuf_free(m);
	return -ENOBUFS;
}

/* When a packet was put into the ring: cycles. */
static uint64_t *
sent_at(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

/* A frame, or, with dst, a packet that wants one, which has the address before it. */
static int
ring_send(unsigned int port, const struct sl_addr *dst, const void *data, size_t len)
{
	struct rte_ring *ring = dp_workers[0]->ring_ha;
	struct rte_mbuf *m;

	if (rte_ring_full(ring)) {
		ha_count(&dp_ha_count.tx_full);
		return -ENOBUFS;
	}
	m = frame_make(ring_pool, dst != NULL ? sizeof(*dst) + ETH_LEN : 0, data, len);
	if (m == NULL)
		return -ENOBUFS;
	if (dst != NULL)
		memcpy(rte_pktmbuf_mtod(m, void *), dst, sizeof(*dst));
	m->port = (uint16_t)port;
	*sent_at(m) = rte_rdtsc();
	(void)rte_ring_sp_enqueue(ring, (void *)((uintptr_t)m | (dst != NULL ? TO_HOST : 0)));
	ha_count(&dp_ha_count.tx);
	return 0;
}

int
dp_ha_send(unsigned int port, const void *frame, size_t len)
{
	if (port >= dp_ports_count || dp_workers_count == 0)
		return -ENODEV;
	if (len < ETH_LEN || len > DP_HA_FRAME_MAX || len > (size_t)dp_ports[port].mtu + ETH_LEN)
		return -EMSGSIZE;
	return dp_ports[port].ha_queue != 0 ? queue_send(&dp_ports[port], frame, len)
					    : ring_send(port, NULL, frame, len);
}

int
dp_ha_send_ip(unsigned int port, const struct sl_addr *dst, const void *packet, size_t len)
{
	if (port >= dp_ports_count || dp_workers_count == 0)
		return -ENODEV;
	if (len < IP4_LEN || len > DP_HA_FRAME_MAX - ETH_LEN || len > dp_ports[port].mtu)
		return -EMSGSIZE;
	return ring_send(port, dst, packet, len);
}

/* ---- worker 0 ---- */

/* To the device, or, when it takes nothing just now, in front of all that waits for it. */
static __rte_cold void
send_first(struct dp_worker *w, unsigned int port, struct rte_mbuf *m)
{
	struct tx_buffer *buffer = &w->tx[port];

	if (rte_eth_tx_burst(dp_ports[port].ethdev, (uint16_t)w->id, &m, 1) == 1) {
		w->count.tx++;
		return;
	}
	if (buffer->count == TX_BUFFER)
		dp_drop_mbuf(w, buffer->mbuf[--buffer->count], SL_DROP_TX_FULL);
	memmove(buffer->mbuf + 1, buffer->mbuf, buffer->count * sizeof(buffer->mbuf[0]));
	buffer->mbuf[0] = m;
	buffer->count++;
}

/* A host on the port's link, or behind the gateway by which the port leads to it. */
static __rte_cold void
host_send(struct dp_worker *w, struct rte_mbuf *m)
{
	unsigned int port = m->port;
	struct dp_fib_hop hop;
	struct sl_addr addr;
	uint8_t *frame;
	uint32_t index;
	uint64_t word;

	memcpy(&addr, rte_pktmbuf_mtod(m, const uint8_t *), sizeof(addr));
	frame = (uint8_t *)rte_pktmbuf_adj(m, sizeof(addr));
	store16(frame + ETH_TYPE_AT, frame[ETH_LEN] >> 4 == 6 ? ETH_TYPE_IP6_BE : ETH_TYPE_IP4_BE);
	if (dp_fib_lookup(w->snapshot->fib, &addr, &hop) && hop.port == port && !sl_addr_is_none(&hop.via))
		addr = hop.via;
	index = dp_neigh_find(port, &addr);
	word = index != 0 ? dp_nh_load(index) : 0;
	if ((word & DP_NH_VALID) != 0) {
		store64(frame, (word & DP_NH_MAC_MASK) | dp_ports_l2[port].mac_low16_shifted);
		store32(frame + 8, dp_ports_l2[port].mac_high32);
		send_first(w, port, m);
	} else if ((word & DP_NH_FAILED) != 0) {
		dp_drop_mbuf(w, m, SL_DROP_NEIGH_FAILED);
	} else {
		dp_hold_mbuf(w, m, port, &addr);
	}
}

static __rte_cold bool
is_advert(const struct rte_mbuf *m, bool to_host)
{
	uint32_t at = to_host ? sizeof(struct sl_addr) + ETH_LEN : ETH_LEN;
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);

	if (m->data_len < at + IP4_LEN)
		return false;
	if (to_host)
		return ip[ip[0] >> 4 == 6 ? IP6_NEXT_AT : IP4_PROTO_AT] == PROTO_VRRP;
	switch (load16(ip - ETH_LEN + ETH_TYPE_AT)) {
	case ETH_TYPE_IP4_BE:
		return ip[IP4_PROTO_AT] == PROTO_VRRP;
	case ETH_TYPE_IP6_BE:
		return ip[IP6_NEXT_AT] == PROTO_VRRP;
	default:
		return false;
	}
}

__rte_cold void
dp_ha_transmit(struct dp_worker *w)
{
	void *tagged[BURST_MAX];
	unsigned int count = rte_ring_sc_dequeue_burst(w->ring_ha, tagged, BURST_MAX, NULL);

	int64_t ms = (int64_t)(rte_get_tsc_hz() / 1000);
	uint64_t now = rte_rdtsc();

	w->count.generated += count;
	for (unsigned int i = 0; i < count; i++) {
		uintptr_t pointer = (uintptr_t)tagged[i];
		struct rte_mbuf *m = (struct rte_mbuf *)(pointer & ~TO_HOST);

		/* Signed: the sender's core may have a clock that is ahead. */
		int64_t waited = (int64_t)(now - *sent_at(m));

		if (waited > FRAME_LIMIT_MS * ms ||
		    (waited > ADVERT_LIMIT_MS * ms && is_advert(m, (pointer & TO_HOST) != 0)))
			dp_drop_mbuf(w, m, SL_DROP_ADVERT_LATE);
		else if ((pointer & TO_HOST) != 0)
			host_send(w, m);
		else
			send_first(w, m->port, m);
	}
	dp_drop_flush(w);
}
