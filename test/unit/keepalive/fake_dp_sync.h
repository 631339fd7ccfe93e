/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets for the tests of connection sync: tables of
 * connections, one a box, and the calls of dp_sync.h over them.
 *
 * Boxes are numbered in the order in which they are started; a thread belongs to the box whose dp_sync_init was the last before it
 * opened itself, so a test waits (fake_box_wait) before it starts the next.
 */
#ifndef FAKE_DP_SYNC_H
#define FAKE_DP_SYNC_H

#include <sluice/dp_sync.h>

enum { FAKE_BOXES = 4, FAKE_CONNS_MAX = 1 << 21 };

/* Forgets all boxes; none may run. */
void fake_reset(void);
/* How many threads of box `box` have opened themselves. */
unsigned int fake_box_threads(unsigned int box);

/* Connection number i: TCP, NAT, IPv4 (odd numbers: IPv6), ESTABLISHED. */
struct dp_sync_conn fake_conn(uint32_t i);

/* A change as a worker sees it: the connection is in the table (ENDED: no more), and told. */
void fake_change(unsigned int box, const struct dp_sync_conn *conn);
/* The same, but nobody is told. */
void fake_add(unsigned int box, const struct dp_sync_conn *conn);
bool fake_lookup(unsigned int box, const struct dp_sync_conn *conn, struct dp_sync_conn *ret_conn);
uint32_t fake_count(unsigned int box);

/* What dp_sync_changes counts as lost at its next call. */
void fake_lose(unsigned int box, uint64_t count);
/* How puts are taken: TAKEN, or what else there is. */
void fake_puts(unsigned int box, enum dp_sync_result result);
/* Only every n-th put is taken, the others find their worker busy; 0, 1: all are. */
void fake_busy(unsigned int box, unsigned int n);
/* Whether the VIPs are this box's; if not, a walk finds nothing. They are, until told otherwise. */
void fake_holds(unsigned int box, bool holds);
/* What the next calls of dp_sync_refresh find, in this order. */
void fake_refresh(unsigned int box, const struct dp_sync_conn *conn);

#endif
