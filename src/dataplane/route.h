/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The forwarding table: where a destination goes, longest prefix first.
 *
 * Built by the control thread from the whole network (struct dp_net) as part
 * of a snapshot, immutable from then on and retired with it. Lookup is a binary
 * search over disjoint ranges: no allocation, no lock, any worker.
 */
#ifndef DP_ROUTE_H
#define DP_ROUTE_H

#include <sluice/addr.h>
#include <sluice/dp.h>

#include <stdbool.h>

struct dp_fib;

struct dp_fib_hop {
	struct sl_addr via; /* sl_addr_is_none(): the destination itself is the neighbour */
	unsigned int port;
};

/* NULL with errno (EINVAL, ENOMEM) and the reason in ret_error. Control thread. */
struct dp_fib *dp_fib_build(const struct dp_net *net, char ret_error[DP_ERROR_SIZE]);
void dp_fib_free(struct dp_fib *fib);

/* False: no route. Any thread that holds the snapshot. */
bool dp_fib_lookup(const struct dp_fib *fib, const struct sl_addr *dst, struct dp_fib_hop *ret_hop);

unsigned int dp_fib_route_count(const struct dp_fib *fib);
/*
 * The gateway of the network's i-th route, and its port. False: no such route, or it
 * leads to the link itself. Control thread.
 */
bool dp_fib_gateway(const struct dp_fib *fib, unsigned int route, struct dp_fib_hop *ret_hop);

#endif
