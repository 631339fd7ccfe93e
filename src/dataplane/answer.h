/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the box says of packets that it cannot forward: ICMP errors and resets, as an
 * LVS host says it, or nothing.
 *
 *	NO_SERVICE      port unreachable, or a reset; nothing if the port has closed_port drop
 *	NO_CONNECTION   a reset; nothing if the service is silent (reject off)
 *	NO_SERVER       port unreachable, for TCP too; nothing if the service is silent
 *	TTL             time exceeded
 *	too long        fragmentation needed, or packet too big, with the MTU that fits
 *
 * Never answered: anything sent to many, by nobody, or by ourselves; fragments other
 * than the first; a reset by a reset. What goes out counts in `generated` and
 * `answered`, what answer_rate.h forbids in `answers_limited`. Of a packet to a VIP the
 * source is the VIP, of any other an own address of the port that it came in by; without one
 * nothing is sent. The packet itself is dropped and counted in any case.
 * Workers only, all cold.
 */
#ifndef DP_ANSWER_H
#define DP_ANSWER_H

#include "worker.h"

/*
 * Packet i, which has a flow, does not fit: its sender hears how long it may be. The caller
 * drops it (TOO_BIG). What is quoted is the packet as it came: it may have the addresses and
 * ports of the other side by now, and has one hop less (by TUN and NAT64 it is as it came), but it
 * has the length and the family it came with, and b->l3[i] is its own header, not a tunnel's.
 */
void dp_answer_too_big(struct dp_worker *w, const struct burst *b, unsigned int i, uint32_t mtu);

/* Packet i, as it came in, ends here for this reason: answered if the reason has an answer, and dropped. */
void dp_answer_drop(struct dp_worker *w, struct burst *b, unsigned int i, enum sl_drop reason);

/* Packet i was to be forwarded, but its TTL has run out: dropped, answered, or given to its flow's owner. */
void dp_answer_ttl(struct dp_worker *w, struct burst *b, unsigned int i);

/*
 * For packets that have no row any more: IP behind ETH_LEN bytes, as it came in,
 * its length and headers checked; m->port is where it came in. The second takes it over.
 */
void dp_answer_too_big_mbuf(struct dp_worker *w, const struct rte_mbuf *m, uint32_t mtu);
void dp_answer_drop_mbuf(struct dp_worker *w, struct rte_mbuf *m, enum sl_drop reason);

#endif
