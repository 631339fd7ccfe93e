/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's interfaces of ports with `tap on`: sl-PORT, a tap device with the
 * port's MAC address, MTU, addresses and routes. What workers find to be the
 * kernel's (kernel.c) is written to it, and what the kernel sends by it leaves by
 * the port. Control thread only.
 */
#ifndef DP_TAP_H
#define DP_TAP_H

#include <sluice/dp.h>

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

/*
 * Makes the interfaces of all ports that want one. The ports are started. 0 or
 * -errno with the reason and its remedy.
 */
int dp_tap_start(char ret_error[DP_ERROR_SIZE]);

/* Interfaces disappear with it. */
void dp_tap_stop(void);

/*
 * The network has changed: addresses and routes of the interfaces follow. Routes
 * have their port, and those of ports without an interface do not matter.
 */
void dp_tap_net_set(const struct dp_net_addr *addrs, unsigned int addr_count, const struct dp_route *routes,
		    unsigned int route_count);

/* Addresses that interfaces have as well, each while its group is held: these from now on. */
void dp_tap_moving_set(const struct dp_moving *moving, unsigned int count);
/* Some group is held now that was not, or the other way round. */
void dp_tap_held_changed(void);

/*
 * Addresses that interfaces have without being told: the link-local ones, as addr_book.c
 * makes them. Returns how many.
 */
unsigned int dp_tap_link_locals(struct sl_addr ret_addrs[DP_PORTS_MAX]);

/* One more descriptor that dp_poll_fds' tells of. 0 or -errno. */
int dp_tap_watch(int fd);

/*
 * Both ways, a bounded number of packets a call; and makes again what has
 * disappeared. Returns how much it did.
 */
unsigned int dp_tap_poll(uint64_t now_ms);

/*
 * Gives the kernel a copy of a frame that came in by m->port. False: it has no interface
 * there, or did not take it. The frame stays the caller's.
 */
bool dp_tap_copy(const struct rte_mbuf *m);

#endif
