/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT64: what one family's IP header says, said in the other's (RFC 7915). An IPv6
 * client and an IPv6 VIP on one side, an IPv4 local address and an IPv4 server on the
 * other: a flow by full NAT with FLOW_NAT64.
 *
 * The two functions for headers are also for the packets inside ICMP errors: they
 * look at nothing but the header, and leave TTL and hop limit as they are.
 * Workers only.
 */
#ifndef DP_NAT64_H
#define DP_NAT64_H

#include "burst.h"

struct dp_worker;

enum {
	NAT64_GROWTH = 20, /* an IPv4 packet without options becomes so much longer; a fragment, 28 */
	NAT64_HEADER_MAX = 48,
};

/* A header in the other family. */
struct nat64_header {
	uint8_t bytes[NAT64_HEADER_MAX];
	uint16_t len;  /* of bytes[]: 20; 40, or 48 with a fragment header */
	uint16_t used; /* how much of the old packet it stands for: its headers up to the transport's */
	uint8_t proto; /* of what follows; ICMP's number is changed to the other family's */
	bool fragment; /* the packet is a fragment; first: of offset 0 */
	bool first;
};

/*
 * `len` bytes at ip are there; the packet itself may be longer (in an ICMP error). False:
 * it cannot be said (a routing header with segments left, a source route, headers
 * that do not end, or of which a part is missing).
 */
bool dp_nat64_to4(const uint8_t *ip6, uint32_t len, const struct sl_addr *src, const struct sl_addr *dst,
		  uint16_t id_be, struct nat64_header *ret_header);
bool dp_nat64_to6(const uint8_t *ip4, uint32_t len, const struct sl_addr *src, const struct sl_addr *dst,
		  struct nat64_header *ret_header);

/*
 * Translates packet i of a burst, which has a flow with FLOW_NAT64, in its direction:
 * addresses, ports, checksums, TTL; l3[], l4[] and info[] follow, the Ethernet type too.
 * False: it was dropped (TRANSLATE, or SEGMENTS where it cannot grow). Cold.
 */
bool dp_nat64_packet(struct dp_worker *w, struct burst *b, unsigned int i);

#endif
