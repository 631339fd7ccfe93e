/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control thread does with the packets that workers punt to it, and
 * the receivers it hands them to. Control thread only.
 *
 * A receiver owns the packet it is given: it transmits it, drops it with a
 * reason or consumes it, once. Frames come from the wire as they were: they
 * may be truncated, lie or lie in several segments.
 */
#ifndef DP_PUNT_RX_H
#define DP_PUNT_RX_H

#include <stdint.h>

struct rte_mbuf;

/* Takes ownership of n complete Ethernet frames; m->port is where each came in. */
void dp_punt_rx(struct rte_mbuf **pkts, unsigned int n);

/*
 * Frees a packet that has done its work without an answer of its own (an ARP
 * reply that resolved a neighbour). dp_control_stats() reports the count as
 * punts: rx + generated == tx + drops + consumed.
 */
void dp_punt_consume(struct rte_mbuf *m);
uint64_t dp_punt_consumed(void);

/* Receivers, by protocol. The Ethernet header is complete and for us. */
void dp_arp_receive(struct rte_mbuf *m);
void dp_nd_receive(struct rte_mbuf *m);    /* IPv6, ICMPv6 type 135 or 136 */
void dp_echo4_receive(struct rte_mbuf *m); /* IPv4, ICMP echo request */
void dp_echo6_receive(struct rte_mbuf *m); /* IPv6, ICMPv6 echo request */

#endif
