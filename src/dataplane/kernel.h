/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The workers' half of the kernel's path: which packets are the kernel's, and how
 * they get to the control thread (tap.c has the other half). Workers only, all cold.
 */
#ifndef DP_KERNEL_H
#define DP_KERNEL_H

#include "port.h"
#include "snapshot.h"
#include "worker.h"

/*
 * Is a packet from `port` to an address with these flags (ADDR_*) for the kernel,
 * whatever it is, ICMP and neighbour discovery excepted? Own addresses are that are no VIP.
 */
static inline bool
dp_kernel_has(unsigned int port, uint64_t addr_flags)
{
	return dp_ports[port].conf.tap && (addr_flags & (ADDR_OWN | ADDR_VIP | ADDR_LOCAL)) == ADDR_OWN;
}

/* Why a packet is dropped that is for nobody here, by its destination's flags (the low byte will do). */
static inline enum sl_drop
dp_transit_reason(uint64_t addr_flags)
{
	return (addr_flags & ADDR_NOT_HELD) != 0 ? SL_DROP_VIP_NOT_HELD : SL_DROP_TRANSIT;
}

/*
 * Packet i is about to be dropped for this reason. True: it is the kernel's instead, and was
 * punted: transit on a port with `transit kernel`, or what no service wants of an
 * address that is a VIP and the box's own.
 */
bool dp_kernel_takes(struct dp_worker *w, struct burst *b, unsigned int i, enum sl_drop reason);

/*
 * A punted packet; m->port is where it came in. True: it is the kernel's, and was given
 * or dropped. False: it is Sluice's own business.
 */
bool dp_kernel_give(struct dp_worker *w, struct rte_mbuf *m);

/* VRRP, whole IP header: Sluice's own business, whoever else listens. */
bool dp_is_vrrp(const uint8_t *ip);

/* From a VIP to an own address: perhaps a server's answer to a check. */
bool dp_is_check_answer(const struct dp_worker *w, const struct rte_mbuf *m);

/* ARP, or a neighbour's solicitation or advertisement. */
bool dp_is_neighbour_talk(const struct rte_mbuf *m);

#endif
