/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors of others about connections: what the parts of it share.
 *
 *	icmp.c          the stage: reads them, and finds the connection and its worker
 *	icmp_nat.c      says them to the other side, in its words
 *	icmp_nat64.c    the same in the other address family
 *	icmp_tunnel.c   those about the box's own tunnel packets
 *
 * Workers only, all cold.
 */
#ifndef DP_ICMP_H
#define DP_ICMP_H

#include "ip_headers.h"
#include "wire.h"
#include "worker.h"

enum {
	ICMP_LEN = 8, /* of an error without its quote */
	ICMP_SUM_AT = 2,
	ICMP_REST_AT = 4,
	ICMP4_UNREACHABLE = 3,
	ICMP4_QUENCH = 4,
	ICMP4_EXCEEDED = 11,
	ICMP4_PROBLEM = 12,
	ICMP4_TOO_BIG_CODE = 4, /* of UNREACHABLE */
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_EXCEEDED = 3,
	ICMP6_PROBLEM = 4,
	ICMP4_MAX = 576,
	ICMP6_MAX = 1280,
	PROTO_ICMP4 = 1,
	PROTO_ICMP6 = 58,
};

static inline bool
icmp_is_error(uint8_t type, bool ip6)
{
	return ip6 ? type >= ICMP6_UNREACHABLE && type <= ICMP6_PROBLEM
		   : type == ICMP4_UNREACHABLE || type == ICMP4_QUENCH || type == ICMP4_EXCEEDED ||
			       type == ICMP4_PROBLEM;
}

/* One that lies in a single buffer, with a right checksum. */
struct icmp_error {
	struct dp_worker *w;
	struct burst *b;
	unsigned int i;
	uint64_t flags; /* ADDR_* of its destination */
	struct sl_addr src, dst;
	uint8_t *ip, *icmp, *quote;
	uint32_t quote_len;
	bool ip6;
	struct ip_headers quoted; /* what follows: only of a TCP or UDP packet of the same family */
	uint16_t sport_be, dport_be;
};

/* Reads the ports that stand behind headers of which `len` bytes are there. False: there are none. */
bool dp_icmp_ports_read(const uint8_t *ip, uint32_t len, const struct ip_headers *headers,
			uint16_t *ret_sport_be, uint16_t *ret_dport_be);

/* From the network about what a client was sent: goes to the server of the flow. Ends the packet. */
void dp_icmp_to_server(struct icmp_error *e, const struct flow *flow);
/* From a server's side about what the box has sent there: goes to the client. Ends the packet. */
void dp_icmp_to_client(struct icmp_error *e, const struct flow *flow);

/* Length and checksums of a message that is otherwise finished, and one hop less. */
void dp_icmp_finish(struct icmp_error *e);

/* To an own address: about a tunnel packet, or nothing to do with it (then false, and nothing was done). */
bool dp_icmp_tunnel(struct icmp_error *e);

/* ---- the other family's words, RFC 7915 ---- */

/* Type, code, and the 32 bits behind the checksum, in host order. */
struct icmp_word {
	uint8_t type, code;
	uint32_t rest;
};

/* False: it has no counterpart. MTUs are changed by the 20 bytes between the headers. */
bool dp_icmp_word_to4(const struct icmp_word *six, struct icmp_word *ret_four);
bool dp_icmp_word_to6(const struct icmp_word *four, struct icmp_word *ret_six);

/* The MTU that an error tells of; 0: it tells none. */
uint32_t dp_icmp_mtu_told(const uint8_t *icmp, bool ip6);
/*
 * What the sender of the packet at `inner` is told when this error came about the packet of
 * `tunnel` that it was in. False: nothing.
 */
bool dp_icmp_tunnel_word(const uint8_t *icmp, bool ip6, const uint8_t *inner, bool inner6, uint32_t tunnel,
			 struct icmp_word *ret_word);

/* Who stands in the headers of a message and of the packet in it. */
struct icmp_ends {
	const struct sl_addr *src, *dst, *quoted_src, *quoted_dst; /* NULL: whoever does */
	uint16_t sport_be, dport_be;
};

/* Says the message with these ends in the other family; moves it in its buffer. Else a reason to drop it. */
int dp_icmp_translate(struct icmp_error *e, const struct icmp_ends *ends);

#endif
