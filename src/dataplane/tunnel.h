/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tunnels that packets to real servers by SL_FWD_TUN are sent through.
 *
 * One entry, one cache line, holds the outer headers ready to be copied. All
 * servers of one address, VIP's family, tunnel type, port and checksum mode share
 * it, however many they are. The control thread makes and counts entries; one is immutable from
 * when it is published (struct dp_real_slot's `tunnel`) until it is freed, a grace
 * period after its last server let go of it, but for the MTU: workers lower it when
 * an ICMP error tells that the path is narrower, and the control thread forgets
 * that after ten minutes, as Linux does. A server that is edited, or whose way has
 * another source address since the network changed, gets another entry.
 *
 * Entry 0 leads nowhere: its MTU is 0, so every packet is too long for it.
 */
#ifndef DP_TUNNEL_H
#define DP_TUNNEL_H

#include <sluice/addr.h>
#include <sluice/dp.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	DP_TUNNELS_MAX = 1 << 19,
	TUNNEL_ROOM = 56, /* what the longest outer headers take, with the EtherType before them */
	TUNNEL_MTU_EXPIRES_S = 600,
};

enum {
	TUNNEL_V6 = 1 << 0,     /* the outer header is IPv6 */
	TUNNEL_INNER6 = 1 << 1, /* what is put in is */
	TUNNEL_GUE = 1 << 2,    /* UDP and GUE follow the outer header */
	TUNNEL_GRE = 1 << 3,    /* GRE does */
	TUNNEL_SUM = 1 << 4,    /* ... with a checksum over the packet */
};

/* What it takes to wrap a packet. */
struct dp_tunnel_entry {
	_Alignas(64) uint8_t bytes[TUNNEL_ROOM]; /* EtherType and outer headers; they end where this ends */
	uint16_t ip_sum;      /* one's complement sum of what is constant in an outer IPv4 header */
	_Atomic uint16_t mtu; /* of the packets that are put in, bytes; 0: of none */
	uint8_t len;          /* of the outer headers, without the EtherType */
	uint8_t flags;        /* TUNNEL_* */
	uint8_t pad[2];
};
static_assert(sizeof(struct dp_tunnel_entry) == 64, "one line");

extern struct dp_tunnel_entry *dp_tunnels; /* by index */

/* ---- any thread ---- */

/* The longest packet that can be put in just now; 0: none can. */
static inline uint16_t
dp_tunnel_mtu(uint32_t index)
{
	return atomic_load_explicit(&dp_tunnels[index].mtu, memory_order_relaxed);
}

/* How much longer a packet gets. */
static inline unsigned int
dp_tunnel_overhead(uint32_t index)
{
	return dp_tunnels[index].len;
}

/*
 * The tunnel that a packet of ours, quoted by an ICMP error from its outer IP header
 * on, went through: addresses, type, port and checksum mode are compared. `len` bytes
 * are there. 0: none. *ret_inner_at: where in it the packet that was put in begins,
 * which may be where the quote ends, or behind that. Workers (cold).
 */
uint32_t dp_tunnel_find(const uint8_t *quoted, uint32_t len, uint32_t *ret_inner_at);

/*
 * An ICMP error says that the outer packets may be so long and no longer. Believed for ten
 * minutes, and only if it is less than what is known; never less than a tunnel must be able
 * to carry (68 bytes of IPv4, 1280 through IPv6). Workers (cold).
 */
void dp_tunnel_mtu_learn(uint32_t index, uint32_t outer_mtu);

/* ---- the control thread ---- */

/* 0 or -ENOMEM. */
int dp_tunnel_init(void);
void dp_tunnel_fini(void);

/* What makes two servers share a tunnel. */
struct dp_tunnel_way {
	struct sl_addr server; /* where outer packets go */
	struct sl_addr source; /* of theirs; none: all are dropped */
	struct dp_tunnel tunnel;
	bool inner6;           /* what is put in is IPv6 */
	unsigned int link_mtu; /* of the port they leave by */
};

/* Finds the tunnel, or makes it, and counts a user more. 0: there is no room. */
uint32_t dp_tunnel_get(const struct dp_tunnel_way *way);
/* A user less. Index 0 is nobody's. */
void dp_tunnel_put(uint32_t index);

/* Time, and path MTUs that are forgotten by it; about once a second. Returns how many. */
unsigned int dp_tunnel_tick(uint64_t now_ms);

#endif
