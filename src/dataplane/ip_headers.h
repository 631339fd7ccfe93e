/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The headers of an IP packet of which only a part may be there, and none of it checked:
 * what ICMP errors quote, and what is to be answered. Any thread.
 */
#ifndef DP_IP_HEADERS_H
#define DP_IP_HEADERS_H

#include <sluice/addr.h>

#include <stdbool.h>
#include <stdint.h>

struct ip_headers {
	struct sl_addr src, dst;
	uint32_t ip_len; /* as the header says, which may be more than there is */
	uint32_t l4_at;  /* offset of the transport header; it may lie at the end of what there is */
	uint8_t proto;
	bool ip6;
	bool fragment; /* ... of a packet; `later`: without its transport header */
	bool later;
};

/*
 * Reads options and extension headers up to the transport header, never beyond `len` bytes.
 * False: cut off before, or malformed.
 */
bool dp_ip_headers_read(const uint8_t *ip, uint32_t len, struct ip_headers *ret_headers);

#endif
