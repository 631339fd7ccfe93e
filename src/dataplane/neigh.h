/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbours: the MAC addresses behind next-hop addresses.
 *
 * Workers never resolve anything. A neighbour is known to them by its index,
 * and what they need of it is one 64-bit word that they load once a packet:
 * MAC address, port, valid, failed. They find the index of an address in a
 * hash table without a lock and keep it in the flow together with the value
 * that dp_net_epoch had before they looked.
 *
 *	index 0 from dp_neigh_find   nobody has asked for it yet: ask control
 *	                             (its request ring, then dp_neigh_want), hold
 *	                             the packet and find again
 *	word has DP_NH_VALID         send
 *	word has DP_NH_FAILED        drop; asking is of no use just now
 *	word is 0                    being resolved: hold the packet
 *	dp_net_epoch has changed     the index in the flow may mean something else
 *	                             by now: route and find again
 *
 * The control thread writes everything here. An index goes back into use only
 * after its entry has left the hash table, dp_net_epoch has been bumped and all
 * workers have passed a quiescent state, in that order.
 *
 * Life cycle of an entry: INCOMPLETE (asking by broadcast), REACHABLE, PROBE
 * (asking its known MAC address by unicast, still used), FAILED (nobody answers;
 * dropped for a while, then forgotten, or asked again if pinned). STATIC ones
 * never change. The table of transitions stands in neigh.c.
 */
#ifndef DP_NEIGH_H
#define DP_NEIGH_H

#include <sluice/addr.h>
#include <sluice/dp.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	DP_NH_MAX = 65536, /* index 0 is "none" */
	DP_NEIGH_BUCKETS = 65536,
};

/* A next-hop word. Bits 0..47: the MAC address as it lies in memory; 48..55: the port. */
#define DP_NH_MAC_MASK UINT64_C(0xffffffffffff)
#define DP_NH_PORT_SHIFT 48
#define DP_NH_VALID (UINT64_C(1) << 56)
#define DP_NH_FAILED (UINT64_C(1) << 57)

/* What an index means: immutable while it is alive. */
struct dp_neigh_key {
	_Alignas(32) struct sl_addr addr;
	uint32_t port;
	_Atomic uint32_t next; /* the next index in the bucket */
};

struct dp_neigh_table {
	_Alignas(64) _Atomic uint64_t word[DP_NH_MAX];
	_Alignas(64) _Atomic uint32_t bucket[DP_NEIGH_BUCKETS];
	struct dp_neigh_key key[DP_NH_MAX];
	uint64_t secret[2]; /* of the hash: attackers choose addresses */
};

extern struct dp_neigh_table dp_neigh_table;

/*
 * Counts changes of what routes and indexes mean. Workers read it (acquire)
 * before they look up a route and an index, and cache it with the index.
 */
extern _Atomic uint64_t dp_net_epoch;

/* ---- workers ---- */

/* The index of a neighbour; 0: there is none of that address. Any thread. */
uint32_t dp_neigh_find(unsigned int port, const struct sl_addr *addr);

/* Any thread. */
static inline uint64_t
dp_nh_load(uint32_t index)
{
	return atomic_load_explicit(&dp_neigh_table.word[index], memory_order_relaxed);
}

static inline unsigned int
dp_nh_port(uint64_t word)
{
	return (word >> DP_NH_PORT_SHIFT) & 0xff;
}

static inline uint64_t
dp_net_epoch_load(void)
{
	return atomic_load_explicit(&dp_net_epoch, memory_order_acquire);
}

/* Whose index it is. Any thread, while the index is alive (found under this epoch). */
static inline void
dp_neigh_info(uint32_t index, unsigned int *ret_port, struct sl_addr *ret_addr)
{
	*ret_port = dp_neigh_table.key[index].port;
	*ret_addr = dp_neigh_table.key[index].addr;
}

/* ---- the control thread ---- */

/* `seed` keys the hash and the timers' jitter. 0 or -errno. */
int dp_neigh_init(uint64_t seed, uint64_t now_ms);
void dp_neigh_fini(void);

/* After a change of routes has been published. */
void dp_net_epoch_bump(void);

/*
 * The index of a neighbour; makes the entry and starts asking if there is
 * none. 0 when the table is full (counted).
 */
uint32_t dp_neigh_want(unsigned int port, const struct sl_addr *addr);

/*
 * A pinned neighbour (real server, gateway) is resolved before it is needed,
 * kept fresh, asked again for ever when it does not answer, and keeps its index
 * until it is unpinned as often as pinned. Pin an index that dp_neigh_want
 * returned before the next dp_neigh_tick; dp_neigh_want_pinned does both and may use
 * the last entries of a table that is full for others.
 */
void dp_neigh_pin(uint32_t index);
void dp_neigh_unpin(uint32_t index);
uint32_t dp_neigh_want_pinned(unsigned int port, const struct sl_addr *addr);

/* A pinned one that is watched is asked each second whether it is there; until this is taken back. */
void dp_neigh_watch(uint32_t index, bool on);

/* Replaces the static neighbours. 0, or -ENOSPC when the table has no room for one. */
int dp_neigh_static_set(const struct dp_static_neigh *neighs, unsigned int count);

/*
 * Timers and announcements; time is what the last call said it is. Every few
 * milliseconds. Returns how much it did.
 */
unsigned int dp_neigh_tick(uint64_t now_ms);
uint64_t dp_neigh_now(void);

struct dp_neigh_counters {
	uint64_t created, removed;
	uint64_t evicted;   /* unresolved ones that had to make room */
	uint64_t refused;   /* dp_neigh_want found no room */
	uint64_t conflicts; /* claims by another MAC address */
	uint64_t asked;     /* requests and solicitations sent */
	uint64_t throttled; /* requests put off because too many were sent */
};

const struct dp_neigh_counters *dp_neigh_counters(void);

/* ---- what ARP and neighbour discovery have heard (control thread) ---- */

enum dp_neigh_verdict {
	DP_NEIGH_HEARD,    /* known, and it agrees or was taken over */
	DP_NEIGH_UNKNOWN,  /* nobody asked for this address */
	DP_NEIGH_CONFLICT, /* another MAC address than the one we hold */
};

/*
 * Somebody says that `addr` is at `mac`. With `create`, an unknown address
 * becomes an entry (it has just asked for us, so we shall answer).
 */
enum dp_neigh_verdict dp_neigh_heard(unsigned int port, const struct sl_addr *addr, const uint8_t mac[6],
				     bool create);

/*
 * It has confirmed itself without naming its MAC address (a solicited advertisement
 * without option, as Linux answers unicast ones): counts if the frame came from
 * the MAC address that we hold.
 */
enum dp_neigh_verdict dp_neigh_confirmed(unsigned int port, const struct sl_addr *addr,
					 const uint8_t from[6]);

/* May one more warning about somebody else's frames be logged? A few a minute. */
bool dp_neigh_warn_allowed(void);

/* ---- what neighbour discovery sends (control thread) ---- */

/* Asks who has `addr`; `mac` NULL: everybody, else that one. False: no buffer. */
bool dp_arp_ask(unsigned int port, const struct sl_addr *addr, const uint8_t *mac);
bool dp_nd_ask(unsigned int port, const struct sl_addr *addr, const uint8_t *mac);

/* Tells everybody on the port that `addr` is ours (gratuitous ARP request, unsolicited advertisement). */
bool dp_arp_announce(unsigned int port, const struct sl_addr *addr);
bool dp_nd_announce(unsigned int port, const struct sl_addr *addr);

/* ---- the hash table, for neigh.c only (control thread) ---- */

void dp_neigh_table_init(uint64_t seed);

/* Makes an index findable; its word must be set. */
void dp_neigh_table_link(uint32_t index, unsigned int port, const struct sl_addr *addr);

/* Readers on their way over it go on unharmed until the index is linked again. */
void dp_neigh_table_unlink(uint32_t index);

#endif
