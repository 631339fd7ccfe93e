/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to the kernel about its network interfaces, by rtnetlink. Each is answered
 * before the call returns, and the kernel answers at once. Control thread only.
 */
#ifndef DP_RTNL_H
#define DP_RTNL_H

#include <sluice/addr.h>

#include <stdbool.h>
#include <stdint.h>

enum { RTNL_REQUEST_SIZE = 1024 };

struct nlmsghdr;

/* What an interface shall be; zero members stay as they are. */
struct rtnl_link {
	const uint8_t *mac;
	unsigned int mtu;
	unsigned int queue_len; /* packets that wait for whoever reads them */
	bool up;
};

/* Each: 0 or -errno, what the kernel says against it. `index` is the interface's. */
int dp_rtnl_link_set(unsigned int index, const struct rtnl_link *link);
/* Whether it makes itself an IPv6 link-local address: the EUI-64 one. */
int dp_rtnl_link_local_set(unsigned int index, bool on);
/* Adds (also what is there already) or deletes an address of this scope (RT_SCOPE_*), in its subnet. */
int dp_rtnl_addr_set(unsigned int index, const struct sl_prefix *prefix, uint8_t scope, bool add);

/*
 * Packets to this IPv6 address, which the interface has, are for the box at once. The kernel sees to that
 * by itself, but only some time after it has answered that the address is there.
 */
int dp_rtnl_local6_add(unsigned int index, const struct sl_addr *addr);

/* ---- any other request ---- */

/* Begins one, to be answered, in a buffer that is all zero. */
struct nlmsghdr *dp_rtnl_begin(char buffer[RTNL_REQUEST_SIZE], uint16_t type, uint16_t flags);
void dp_rtnl_addr_put(struct nlmsghdr *request, uint16_t type, const struct sl_addr *addr);
/* Sends it. 0 or -errno. */
int dp_rtnl_do(const struct nlmsghdr *request);

/* Closes the socket that the first request has opened. */
void dp_rtnl_fini(void);

#endif
