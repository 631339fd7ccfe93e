/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real servers by slot.
 *
 * A slot is taken when a server is added to a service and freed after its last
 * flow ended; as long as it is taken, its address, port and service do not
 * change, so a flow needs only the number. The control thread writes the
 * shared part (constant while the slot is taken, but for the atomic words);
 * every worker has a record of its own beside it for what it counts.
 */
#ifndef DP_REAL_H
#define DP_REAL_H

#include <sluice/addr.h>
#include <sluice/dp.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

enum {
	DP_REALS_MAX = 1 << 19,    /* slot 0 is never used */
	DP_SERVICES_MAX = 1 << 17, /* slot 0 is never used */
};

/* What a packet of a flow needs to know of its server: one line. */
struct dp_real_slot {
	_Alignas(64) struct sl_addr addr;
	uint16_t port_be;
	/*
	 * One's complement sums that turn a checksum over the VIP's address and
	 * port into one over the server's (in) and back (out), RFC 1624. Those of
	 * the IPv4 header include the decrement of the TTL.
	 */
	uint16_t l4_in, l4_out, ip_in, ip_out;
	_Atomic uint16_t
		generation;       /* changes when the slot's flows are ended or the slot is reused: 15 bits */
	_Atomic uint32_t nexthop; /* index of neigh.h; 0: no route */
	uint32_t service;         /* slot of the service */
	_Atomic uint32_t tunnel;  /* index of tunnel.h; 0: there is none, or none was to be had */
	_Atomic uint16_t mss;     /* of its service: greatest MSS that SYNs may offer, or DP_MSS_* */
	_Atomic uint8_t options;  /* of its service: DP_SERVICE_*, for connections to come */
	_Atomic uint8_t limited;  /* its connections are counted box-wide: limit.h */
};
static_assert(sizeof(struct dp_real_slot) == 64, "one line");

#define GENERATION_MASK 0x7fffu

/* All flows of the server end. Control thread. */
static inline void
real_generation_next(struct dp_real_slot *slot)
{
	uint16_t now = atomic_load_explicit(&slot->generation, memory_order_relaxed);

	atomic_store_explicit(&slot->generation, (uint16_t)((now + 1u) & GENERATION_MASK),
			      memory_order_seq_cst);
}

/* A worker's own record of a server. Its worker writes, anyone reads. */
struct dp_real_own {
	_Alignas(64) uint64_t in_packets;
	uint64_t out_packets;
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t conns;
	uint32_t active;
	uint32_t total;         /* active and inactive */
	uint32_t others_active; /* of the other workers, a millisecond old at most when used */
	uint32_t others_total;
	uint32_t counted; /* 0 or 1: `total` is part of the box-wide count of limit.h */
};
static_assert(sizeof(struct dp_real_own) == 64, "one line");

/*
 * How TCP connections began whose replies pass here, as in struct dp_real_stats: beside the
 * record above, and touched only by segments that open a connection or answer one that does.
 */
struct dp_real_outcome {
	_Alignas(32) uint64_t syns;
	uint64_t answered;
	uint64_t refused;
};

extern struct dp_real_slot *dp_real_slots;

#endif
