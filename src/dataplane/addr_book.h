/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address book: which addresses the box answers for, and on which ports.
 *
 * Three lists make it: the own addresses of the ports (with their subnets), the
 * VIPs, and full NAT's local addresses. A fourth says which of these belong to a group, and adds
 * own addresses that do; such an address is answered only while its group is held. An own address is answered (ARP,
 * neighbour discovery) on its port, and so is a local one. A VIP inside a subnet of some port is answered on those ports,
 * any other VIP on all of them. Every port also has its EUI-64 link-local
 * address without being told.
 *
 * Whatever becomes answerable on a port is announced there: gratuitous ARP or
 * unsolicited neighbour advertisement, at once (with the next dp_neigh_tick)
 * and once more a second later. So is everything when a port's link comes up,
 * because what was said before nobody heard. For addresses of groups that is
 * keepalive's to do, and so is to defend them.
 *
 * Control thread only; workers have what they need of it in their snapshot.
 */
#ifndef DP_ADDR_BOOK_H
#define DP_ADDR_BOOK_H

#include "route.h"

#include <sluice/addr.h>
#include <sluice/dp.h>

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum dp_book_kind {
	DP_BOOK_OWN = 1u << 0,
	DP_BOOK_VIP = 1u << 1,
	DP_BOOK_LOCAL = 1u << 2,
};

struct dp_addr_entry {
	struct sl_addr addr;
	uint16_t group;                          /* of dp_ha.h; 0: it is always held */
	bool no_ping;                            /* echo requests are dropped */
	uint8_t kinds;                           /* DP_BOOK_*: an address may be several */
	uint16_t ports;                          /* bit i: answered on port i */
	uint16_t announce_first, announce_again; /* ports where a round is still to be sent */
	uint64_t again_ms;                       /* when the second round is due */
	uint64_t defended_ms, warned_ms;         /* when that is allowed again */
};

static_assert(DP_PORTS_MAX <= 16, "dp_addr_entry.ports has one bit a port");

struct dp_book_lists {
	const struct dp_net_addr *own;
	const struct sl_addr *vips;
	const struct dp_local_addr *locals;
	const struct dp_moving *moving;
	unsigned int own_count, vip_count, local_count, moving_count;
};

/* Replace all lists, which are copied, or one of them. 0, or -ENOMEM with nothing changed. */
int dp_addr_book_set(const struct dp_book_lists *lists);
int dp_addr_book_set_own(const struct dp_net_addr *addrs, unsigned int count);
int dp_addr_book_set_vips(const struct sl_addr *vips, unsigned int count);
int dp_addr_book_set_moving(const struct dp_moving *moving, unsigned int count);
void dp_addr_book_fini(void);

/* The entry of an own address, VIP or local address, whatever the port, held or not; NULL when it is none. */
struct dp_addr_entry *dp_addr_book_find(const struct sl_addr *addr);

/* The same, but NULL while its group is not held. */
struct dp_addr_entry *dp_addr_book_held(const struct sl_addr *addr);

/* Does the box answer for this address on this port, just now? Link-local ones included. */
bool dp_addr_book_answers(unsigned int port, const struct sl_addr *addr);

/* The MAC address that it answers with: the port's own, or the virtual one of the address's group. */
void dp_addr_book_mac(unsigned int port, const struct sl_addr *addr, uint8_t ret_mac[6]);

/* Is the address inside a subnet of the port (and so may be its neighbour)? */
bool dp_addr_book_on_link(unsigned int port, const struct sl_addr *addr);

/*
 * The source of what we send by `port` to `dst` ourselves: the own address of
 * the port whose subnet holds dst, else the port's first of that family, else
 * (IPv6) its link-local address. False: there is none.
 */
bool dp_net_source(unsigned int port, const struct sl_addr *dst, struct sl_addr *ret_addr);

/* fe80::/10. */
static inline bool
dp_is_link_local6(const struct sl_addr *addr)
{
	return addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

/*
 * The source of outer packets to a server along this way: as the box's own towards its next
 * hop. A link-local address leads no further than the link. None: there is none of its family.
 */
static inline struct sl_addr
dp_net_tunnel_source(const struct sl_addr *server, const struct dp_fib_hop *hop)
{
	bool on_link = sl_addr_is_none(&hop->via) || dp_is_link_local6(&hop->via);
	struct sl_addr source;

	if (!dp_net_source(hop->port, on_link ? server : &hop->via, &source) ||
	    (dp_is_link_local6(&source) && !dp_is_link_local6(server)))
		memset(&source, 0, sizeof(source));
	return source;
}

/* fe80::/64 with the port's MAC address as EUI-64 (RFC 4291 appendix A). */
struct sl_addr dp_addr_link_local(unsigned int port);

/* Announces again, in two rounds, whatever is answered on this port. */
void dp_addr_book_announce_port(unsigned int port);

/* Called by dp_neigh_tick: sends the announcements that are due, a bounded number a call. */
unsigned int dp_addr_book_tick(uint64_t now_ms);

/*
 * Somebody else claims an address that we answer for on `port`. warn: say so in
 * the log; defend: and announce it again, unless it belongs to a group. Both rate-limited.
 */
void dp_addr_book_warn(unsigned int port, const struct sl_addr *addr, const uint8_t claimer[6],
		       uint64_t now_ms);
void dp_addr_book_defend(unsigned int port, const struct sl_addr *addr, const uint8_t claimer[6],
			 uint64_t now_ms);

#endif
