/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the data plane itself has to know of groups of addresses (sluice/dp_ha.h), and of
 * the keepalive thread's own ways in and out.
 *
 *	ha.c       groups: which are held, and what that makes of the published address table
 *	ha_port.c  what ports are to keepalive, and what devices must let in
 *	ha_tx.c    its frames, before all others
 *	ha_rx.c    VRRP, past the control thread
 */
#ifndef DP_HA_PRIVATE_H
#define DP_HA_PRIVATE_H

#include <sluice/dp_ha.h>

#include <stdatomic.h>

struct dp_snapshot;
struct dp_worker;
struct rte_mbuf;

/* Buffers of keepalive's frames: in two pools, so that none has more than one thread that takes. */
enum { DP_HA_MBUFS = 2 * 1023 };

/* ---- ha.c ---- */

/*
 * Makes a snapshot the present one. What is held when workers first see its addresses
 * is what the keepalive thread said last, also while this was being built. Control thread.
 */
void dp_ha_publish(const struct dp_snapshot *snapshot);

/* Calls fn with the present snapshot, which stays what it is meanwhile. Short, for any thread. */
void dp_ha_with_snapshot(void (*fn)(const struct dp_snapshot *snapshot, void *context), void *context);

/* Counts calls of dp_ha_hold. Any thread. */
uint32_t dp_ha_round(void);

/* The virtual MAC address that answers for the group's addresses. False: the ports' own. Any thread. */
bool dp_ha_vmac(unsigned int group, uint8_t ret_mac[6]);

/* All virtual MAC addresses there have been, held or not, as words. Returns how many, at most `max`. */
unsigned int dp_ha_vmacs_told(uint64_t *ret_words, unsigned int max);

/* Those of groups that are held. Written in ha.c alone. */
extern _Atomic uint32_t dp_ha_taken_count;
/* VRRP has 255 numbers, of each family. */
enum { DP_HA_VMACS_MAX = 512 };

extern _Atomic uint64_t dp_ha_taken[DP_HA_GROUPS_MAX];

/* Is this a virtual MAC address (six bytes, bits 0..47) of a group that is held? Any thread. */
static inline bool
dp_ha_takes_mac(uint64_t word)
{
	uint32_t count = atomic_load_explicit(&dp_ha_taken_count, memory_order_acquire);

	for (uint32_t i = 0; i < count; i++)
		if (atomic_load_explicit(&dp_ha_taken[i], memory_order_relaxed) == word)
			return true;
	return false;
}

/* Nothing is held any more. After the workers have ended. */
void dp_ha_fini(void);

/* ---- ha_port.c (control thread) ---- */

/* Devices let in, and kernel interfaces have, what the groups want. Returns how much it did. */
unsigned int dp_ha_poll(void);
void dp_ha_port_fini(void);

/* ---- ha_tx.c ---- */

/* After the ports are started. 0 or -ENOMEM. Control thread. */
int dp_ha_tx_start(void);
/* After the ports are stopped. */
void dp_ha_tx_fini(void);
/* Sends what is in the worker's ring_ha. Cold. */
void dp_ha_transmit(struct dp_worker *w);

/* ---- ha_rx.c ---- */

extern _Atomic uint32_t dp_ha_listening; /* bit i: port i */

static inline bool
dp_ha_listens(unsigned int port)
{
	return (atomic_load_explicit(&dp_ha_listening, memory_order_relaxed) >> port & 1) != 0;
}

/* A VRRP packet of `len` bytes with its Ethernet header, in a frame that came by `port`. Takes it over. Cold. */
void dp_ha_give(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, uint32_t len);

/* ---- what the keepalive thread counts, for dp_control_stats ---- */

struct ha_counters {
	_Atomic uint64_t rx;                   /* taken from workers; each has ended there */
	_Atomic uint64_t tx, no_mbuf, tx_full; /* what became of a frame; their sum were generated */
};

extern struct ha_counters dp_ha_count;

/* One more; the keepalive thread is the only one that counts. */
static inline void
ha_count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

#endif
