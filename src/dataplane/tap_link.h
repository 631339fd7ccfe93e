/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a kernel interface is to the kernel's network stack: its MAC address, MTU,
 * addresses and routes, set through rtnetlink. Errors are logged here, once until
 * something has succeeded again. Control thread only.
 */
#ifndef DP_TAP_LINK_H
#define DP_TAP_LINK_H

#include <sluice/dp.h>

#include <stdbool.h>
#include <stdint.h>

/* By this number `ip route show proto 83` knows the routes, and by this metric they come last. */
enum { TAP_ROUTE_PROTOCOL = 83, TAP_ROUTE_METRIC = 4096, HOST_ROUTE_PROTOCOL = 84 };

/*
 * The port has an interface of this name from now on (made just now, still down): gives
 * it MAC address and MTU, brings it up, and sets what addresses and routes it shall
 * have. 0, or -errno: the interface is of no use.
 */
int dp_tap_link_add(unsigned int port, const char *name, const uint8_t mac[6], unsigned int mtu);

/* The kernel's number of the port's interface; 0: there is none just now, or it has been set down. */
unsigned int dp_tap_link_index(unsigned int port);

/* It has disappeared; what was set went with it. */
void dp_tap_link_lost(unsigned int port);

/*
 * Addresses and routes of all interfaces shall be these. Those of ports without an
 * interface are remembered for when it comes. 0 or -ENOMEM with nothing changed.
 */
int dp_tap_link_net_set(const struct dp_net_addr *addrs, unsigned int addr_count,
			const struct dp_route *routes, unsigned int route_count);

/* The same for addresses that belong to groups, and are there while that is held. */
int dp_tap_link_moving_set(const struct dp_moving *moving, unsigned int count);
void dp_tap_link_held_changed(void);

/*
 * Tries again what the kernel refused before, and what an interface has lost by being set
 * down. To be called now and then.
 */
void dp_tap_link_retry(void);

void dp_tap_link_fini(void);

#endif
