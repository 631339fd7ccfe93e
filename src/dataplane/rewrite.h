/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the rewrites of the forwarding methods share: rewrite.c (NAT and DR, and
 * the stage itself), rewrite_tunnel.c, rewrite_fnat.c. Workers only.
 */
#ifndef DP_REWRITE_H
#define DP_REWRITE_H

#include "port.h"
#include "wire.h"
#include "worker.h"

/* Packets that cannot simply go: no usable next hop, or an unusual frame. */
struct held_back {
	uint64_t missing, unusual;
	uint64_t first;  /* the word of the first packet */
	uint64_t differ; /* bits of words that are not the first one's */
};

/* The transport checksum under a changed address and port. */
static inline void
l4_sum_update(uint8_t *l4, uint8_t proto, uint16_t delta)
{
	if (proto == SL_PROTO_TCP) {
		store16(l4 + TCP_SUM_AT, sum_update(load16(l4 + TCP_SUM_AT), delta));
	} else {
		uint16_t old = load16(l4 + UDP_SUM_AT);
		uint16_t sum = sum_update(old, delta);

		if (old != 0)
			store16(l4 + UDP_SUM_AT, sum != 0 ? sum : 0xffff);
	}
}

/* TTL alone, and the IPv4 header checksum with it (RFC 1141). */
static inline void
ttl_decrement(struct burst *b, unsigned int i)
{
	uint8_t *ip = b->l3[i];

	if (b->info[i].family6) {
		ip[IP6_HOPS_AT]--;
	} else {
		uint32_t sum = load16(ip + IP4_SUM_AT) + (uint32_t)RTE_BE16(0x0100);

		ip[IP4_TTL_AT]--;
		store16(ip + IP4_SUM_AT, (uint16_t)(sum + (sum >= 0xffff)));
	}
}

/*
 * The L2 header before b->l3[i] from the next hop's word; a word that is not valid
 * gives one that nobody will see. Sorts out what is longer than the port's MTU.
 */
static inline void
way_write(struct burst *b, unsigned int i, uint32_t index, struct held_back *back)
{
	uint64_t word = dp_nh_load(index);
	const struct dp_port_l2 *port = &dp_ports_l2[dp_nh_port(word)];
	uint8_t *frame = b->l3[i] - ETH_LEN;

	b->nexthop[i] = word;
	back->differ |= word ^ back->first;
	store64(frame, (word & DP_NH_MAC_MASK) | port->mac_low16_shifted);
	store32(frame + 8, port->mac_high32);
	if (unlikely((word & DP_NH_VALID) == 0))
		back->missing |= UINT64_C(1) << i;
	else if (unlikely(b->info[i].ip_len > port->mtu))
		back->unusual |= UINT64_C(1) << i;
}

#endif
