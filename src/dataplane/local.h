/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full NAT's local addresses and their ports.
 *
 * A connection by full NAT reaches its server from a local address and port of the
 * box; no two connections of one protocol have the same. So a reply names its flow
 * by destination alone: every local address has a number (its index), and for each
 * protocol an array of slots, one a port, that says whose flow it is: the owner's
 * number and the flow's number in that worker's table. 0: the port is free.
 *
 * Ports belong to workers: a port is given out and taken back by one worker alone,
 * so lists of free ports need no locks, and a slot is written by one thread. Free
 * ports are queued, so that the port that has been free longest is given out first
 * (its last user's TIME_WAIT at the server has the best chance to be over).
 *
 * Where the device that brings the replies spreads them by a hash that we know (port.h),
 * a port is chosen so that the reply comes to the worker that owns the flow: ports
 * are queued by class, which is what a port adds to that hash. Else there is one
 * class, and a reply that comes to another worker is handed to the owner.
 *
 * local.c is the workers' part; local_book.c is the control thread's: which
 * addresses there are, in which groups, and when one that left its group can go.
 */
#ifndef DP_LOCAL_H
#define DP_LOCAL_H

#include <sluice/addr.h>
#include <sluice/conn.h>
#include <sluice/dp.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct dp_worker;
struct flow;

enum {
	LOCAL_MAX = 4096, /* addresses; index 0 is never used */
	LOCAL_GROUPS_MAX = 1024,
	LOCAL_PORT_FIRST = 1024,
	LOCAL_PORTS = 65536 - LOCAL_PORT_FIRST,
	LOCAL_CLASSES_MAX = DP_WORKERS_MAX,
	LOCAL_NUMBER_BITS = 26, /* of a flow's number in a slot; above it, the owner */
};

static_assert(DP_WORKERS_MAX <= 1 << (32 - LOCAL_NUMBER_BITS), "a slot has room for the owner");

/* The address of each index in use. Changes only while no flow and no snapshot has the index. */
extern struct sl_addr dp_local_addrs[LOCAL_MAX];
/* By local_slot(). Constant from dp_local_init on. */
extern _Atomic uint32_t *dp_local_slots;

/* Of which addresses a group takes ports, by family: indexes from first[] on. Part of a snapshot. */
struct dp_local_range {
	uint32_t first, count;
};

struct dp_locals {
	uint32_t group_count; /* by slot of the group; slot 0 is never used */
	const uint16_t *index;
	uint64_t listed[LOCAL_MAX / 64];  /* by index: it is in a group */
	struct dp_local_range range[][2]; /* [0]: IPv4, [1]: IPv6 */
};

/* ---- a flow's local address and port, in one word: struct flow's member `local` ---- */

static inline uint32_t
local_make(uint32_t index, uint16_t port_be)
{
	return index << 16 | port_be;
}

static inline const struct sl_addr *
local_addr(uint32_t local)
{
	return &dp_local_addrs[local >> 16];
}

static inline uint16_t
local_port_be(uint32_t local)
{
	return (uint16_t)local;
}

/* The slot of a protocol, address and port. TCP's number is even, UDP's is odd. */
static inline _Atomic uint32_t *
local_slot(uint32_t local, uint8_t proto)
{
	static_assert(SL_PROTO_TCP % 2 == 0 && SL_PROTO_UDP % 2 == 1, "told apart by a bit");
	return &dp_local_slots[(size_t)(local >> 16) << 17 | (uint32_t)(proto & 1) << 16 |
			       local_port_be(local)];
}

/* The index of a local address out of its flags in the address table (ADDR_LOCAL is set). */
static inline uint32_t
local_index_of(uint64_t addr_flags)
{
	return (uint32_t)(addr_flags >> 32);
}

/* The worker that owns the flow of a slot's value. */
static inline uint32_t
local_owner(uint32_t slot)
{
	return slot >> LOCAL_NUMBER_BITS;
}

static inline uint32_t
local_number(uint32_t slot)
{
	return slot & ((UINT32_C(1) << LOCAL_NUMBER_BITS) - 1);
}

/* ---- workers (local.c) ---- */

/*
 * The owner of what comes to a local address and port (`index` of the address), or -1: the
 * port is free. For a worker that looks where to give a packet; any thread.
 */
int dp_local_owner(uint32_t index, uint8_t proto, uint16_t port_be);
/*
 * This worker's flow at a local address and port, or NULL: free, or another's. The caller
 * compares the server's address and port.
 */
struct flow *dp_local_flow(const struct dp_worker *w, uint32_t index, uint8_t proto, uint16_t port_be);

/*
 * Takes a port of the group for a connection to a server, the one that has been free
 * longest of those that suit; 0: none is left. It is the caller's until dp_local_bind or
 * dp_local_put.
 */
uint32_t dp_local_take(struct dp_worker *w, uint32_t group, uint8_t proto, const struct sl_addr *real,
		       uint16_t real_port_be);
/* The worker whose share of an address's ports this one is in. Any thread, while it has the address. */
unsigned int dp_local_share(uint32_t index, uint16_t port_be);
/*
 * Takes this port, for a connection that the peer has by it. False: it is not free, not in this
 * worker's share, or the address is in no group (any more).
 */
bool dp_local_take_this(const struct dp_worker *w, uint32_t local, uint8_t proto);
/* From now on replies to `local` find the flow of that number. */
void dp_local_bind(const struct dp_worker *w, uint32_t local, uint8_t proto, uint32_t number);
/* Gives the port back, to this worker's share or another's. */
void dp_local_put(const struct dp_worker *w, uint32_t local, uint8_t proto);
/* A port that this worker has goes to another one: nobody's until that one binds, or puts, it. */
void dp_local_lend(uint32_t local, uint8_t proto, unsigned int from, unsigned int to);
/* Gives a port back that was lent and has not arrived. Any thread. */
void dp_local_return(uint32_t local, uint8_t proto);

/* ---- control thread ---- */

/* Reserves the slots. 0 or -ENOMEM. */
int dp_local_init(void);
/* After the workers have ended. */
void dp_local_fini(void);
/*
 * Where addresses opened from now on begin to give out ports; 0: at LOCAL_PORT_FIRST. Another
 * place after each start, lest servers see the ports again that they hold in TIME_WAIT.
 */
void dp_local_begin_at(uint64_t number);

/*
 * Fills the lists of free ports of an index for so many workers. `classes`: a power of
 * two; 1 where the hash of the port is not known. 0 or -ENOMEM.
 */
int dp_local_open(uint32_t index, const struct sl_addr *addr, unsigned int workers, unsigned int classes);
/* Nobody uses the index any more. */
void dp_local_close(uint32_t index);
/* Does the address give ports to new connections? It does from the beginning. Under the lock of ha.c. */
void dp_local_hold(uint32_t index, bool held);
/* How many ports flows have; how many there are is LOCAL_PORTS. */
uint32_t dp_local_used(uint32_t index, uint8_t proto);

#endif
