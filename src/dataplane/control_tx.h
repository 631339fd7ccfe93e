/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the control thread sends and drops packets.
 *
 * Whatever control transmits of its own (ARP, neighbour discovery) or answers
 * (echo) leaves through here, and whatever it receives by punt and does not
 * answer ends here or is consumed (punt_rx.h), so that dp_control_stats()
 * balances. Control thread only.
 */
#ifndef DP_CONTROL_TX_H
#define DP_CONTROL_TX_H

#include <sluice/drop.h>

#include <sluice/addr.h>

#include <stdbool.h>

struct rte_mbuf;

/* Sends a complete Ethernet frame by a port. Takes ownership, also when it cannot be sent. */
void dp_control_tx(unsigned int port, struct rte_mbuf *m);

/*
 * Sends an IP packet, complete behind ETH_LEN bytes for its Ethernet header, by a port to a
 * neighbour whose MAC address may not be known yet: then it waits there. Takes ownership likewise.
 */
void dp_control_tx_via(unsigned int port, const struct sl_addr *via, struct rte_mbuf *m);

/* Is there room for what can wait (packets of the kernel's)? Some is kept for ARP and the like. */
bool dp_control_tx_room(void);

/* An empty buffer for a frame of our own; NULL, counted as a drop of that frame, when the pool is empty. */
struct rte_mbuf *dp_control_mbuf(void);

/* Frees a packet and counts why. */
void dp_control_drop(struct rte_mbuf *m, enum sl_drop reason);

#endif
