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

/*
 * What the loops of a burst gather, and what they take for granted: that all packets leave by the
 * first one's port, towards next hops that can be used. Where that was wrong frames_sort() puts
 * it right afterwards. Loops work on a copy of their own, which the compiler keeps in registers.
 */
struct held_back {
	uint64_t unusual;     /* longer than the port's MTU, or than that of the tunnel */
	uint64_t any, all;    /* the next hops' words, or'ed and and'ed */
	struct dp_port_l2 l2; /* of the first packet's port */
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

/*
 * TTL, which is not 0, and the IPv4 header checksum with it (RFC 1141), in the word that holds
 * TTL, protocol and checksum: one less below is 0xffff more with one more above. Returns the new TTL.
 */
static inline uint8_t
ttl4_decrement(uint8_t *ip)
{
	uint32_t word = load32(ip + IP4_TTL_AT);

	word += likely(word < 0xfffe0000) ? 0xffff : 0x1ffff;
	store32(ip + IP4_TTL_AT, word);
	return (uint8_t)word;
}

static inline void
ttl_decrement(struct burst *b, unsigned int i)
{
	if (b->info[i].family6)
		b->l3[i][IP6_HOPS_AT]--;
	else
		ttl4_decrement(b->l3[i]);
}

/* The L2 header before the packet at `ip`; a word that is not valid gives one that nobody will see. */
static inline void
l2_write(uint8_t *ip, uint64_t word, const struct dp_port_l2 *l2)
{
	uint8_t *frame = ip - ETH_LEN;

	store64(frame, (word & DP_NH_MAC_MASK) | l2->mac_low16_shifted);
	store32(frame + 8, l2->mac_high32);
}

/* The same for packet i, to the next hop of that index. Sorts out what is longer than the port's MTU. */
static inline void
frame_write(struct burst *b, unsigned int i, uint8_t *ip, uint32_t ip_len, uint32_t index,
	    struct held_back *back)
{
	uint64_t word = dp_nh_load(index);

	b->nexthop[i] = word;
	back->any |= word;
	back->all &= word;
	l2_write(ip, word, &back->l2);
	if (unlikely(ip_len > back->l2.mtu))
		back->unusual |= UINT64_C(1) << i;
}

/* The same as the burst has it. */
static inline void
way_write(struct burst *b, unsigned int i, uint32_t index, struct held_back *back)
{
	frame_write(b, i, b->l3[i], b->info[i].ip_len, index, back);
}

/* ---- rewrite_tunnel.c ---- */

/* The packets of `mask`, all towards servers by SL_FWD_TUN, are put into their tunnels. */
void dp_rewrite_tunnel(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back);

/*
 * Puts a single packet, its TTL decremented, IP behind ETH_LEN bytes, into the tunnel of the
 * server of a slot. False: it was dropped. `entropy`: what a GUE packet's source port comes
 * from. One that is too long is dropped, or loses DF where it may be cut up. Cold.
 */
bool dp_tunnel_wrap(struct dp_worker *w, struct rte_mbuf *m, uint32_t slot, uint16_t entropy);
/*
 * The same by a tunnel's index, for any thread; `id`: of an outer IPv4 header. SL_DROP_MAX: done.
 * Else why it must be dropped, which is the caller's to do.
 */
enum sl_drop dp_tunnel_wrap_into(struct rte_mbuf *m, uint32_t index, uint16_t id, uint16_t entropy);

/* ---- mtu.c, cold: what is longer than its way allows ---- */

/* Is it IPv4 without DF? */
bool dp_may_be_cut(const uint8_t *ip);
/*
 * Packet i, with the length and family that it came with, does not fit into `mtu`. True: it may go
 * nevertheless, and is cut up when it is sent (its bit of `unusual`). False: it was answered and dropped.
 */
bool dp_too_long(struct dp_worker *w, struct burst *b, unsigned int i, uint32_t mtu);
/* The same before it is put into a tunnel, for which it is too long, or its buffer too small. */
bool dp_tunnel_too_long(struct dp_worker *w, struct burst *b, unsigned int i, uint32_t index);
/*
 * Packet i as it has been rewritten, to leave by `port`: 0 if it fits, or if it was dropped
 * (then it is not live); else how long its pieces may be.
 */
uint32_t dp_rewritten_too_long(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int port);
/* Sends packet i of `split`, which is finished, in pieces. */
void dp_split_packet(struct dp_worker *w, struct burst *b, unsigned int i);
/* The same for a single frame. Takes it over. */
void dp_send_split(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, uint32_t mtu);

/* ---- mss.c, cold ---- */

/* Packet i is a segment with SYN of this flow, either way: its MSS option is lowered as the service wants it. */
void dp_mss_clamp(struct dp_worker *w, struct burst *b, unsigned int i, const struct flow *flow);
/* Packets of flows by full NAT, of one direction (rewrite_fnat.c). */
void dp_rewrite_fnat_in(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back);
void dp_rewrite_fnat_out(struct dp_worker *w, struct burst *b, uint64_t mask, struct held_back *back);

#endif
