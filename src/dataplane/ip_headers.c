/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading IP headers that may be cut off anywhere; see ip_headers.h.
 */
#include "ip_headers.h"

#include "wire.h"

#include <rte_common.h>

enum {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_DEST_OPTIONS = 60,
	EXT_LEN = 8, /* of the shortest, and of a fragment header */
	EXT_MAX = 8,
	EXT_OFFSET_AT = 2,
};

static __rte_cold bool
read4(const uint8_t *ip, uint32_t len, struct ip_headers *h)
{
	uint32_t header_len = (ip[0] & 0x0f) * 4u;
	uint16_t frag_be;

	if (len < IP4_LEN || header_len < IP4_LEN || header_len > len)
		return false;
	frag_be = load16(ip + IP4_FRAG_AT);
	*h = (struct ip_headers){
		.src = sl_addr_from_v4(load32(ip + IP4_SRC_AT)),
		.dst = sl_addr_from_v4(load32(ip + IP4_DST_AT)),
		.ip_len = rte_be_to_cpu_16(load16(ip + IP4_TOTAL_AT)),
		.l4_at = header_len,
		.proto = ip[IP4_PROTO_AT],
		.fragment = (frag_be & RTE_BE16(0x3fff)) != 0,
		.later = (frag_be & RTE_BE16(0x1fff)) != 0,
	};
	return h->ip_len >= header_len;
}

/* Follows the chain of extension headers. A later fragment's ends with its fragment header. */
static __rte_cold bool
chain_follow(const uint8_t *ip, uint32_t len, struct ip_headers *h)
{
	for (unsigned int n = 0; n < EXT_MAX && !h->later; n++) {
		const uint8_t *ext = ip + h->l4_at;

		if (h->proto != EXT_HOP_BY_HOP && h->proto != EXT_ROUTING && h->proto != EXT_FRAGMENT &&
		    h->proto != EXT_DEST_OPTIONS)
			return true;
		if (h->l4_at + EXT_LEN > len)
			return false;
		if (h->proto == EXT_FRAGMENT) {
			h->fragment = (load16(ext + EXT_OFFSET_AT) & RTE_BE16(0xfff9)) != 0;
			h->later = (load16(ext + EXT_OFFSET_AT) & RTE_BE16(0xfff8)) != 0;
			h->l4_at += EXT_LEN;
		} else {
			h->l4_at += (ext[1] + 1u) * 8;
		}
		h->proto = ext[0];
		if (h->l4_at > len || h->l4_at > h->ip_len)
			return false;
	}
	return h->later;
}

static __rte_cold bool
read6(const uint8_t *ip, uint32_t len, struct ip_headers *h)
{
	if (len < IP6_LEN)
		return false;
	*h = (struct ip_headers){
		.src = sl_addr_from_v6(ip + IP6_SRC_AT),
		.dst = sl_addr_from_v6(ip + IP6_DST_AT),
		.ip_len = rte_be_to_cpu_16(load16(ip + IP6_PAYLOAD_AT)) + (uint32_t)IP6_LEN,
		.l4_at = IP6_LEN,
		.proto = ip[IP6_NEXT_AT],
		.ip6 = true,
	};
	return chain_follow(ip, len, h);
}

__rte_cold bool
dp_ip_headers_read(const uint8_t *ip, uint32_t len, struct ip_headers *ret_headers)
{
	if (len == 0)
		return false;
	if (ip[0] >> 4 == 4)
		return read4(ip, len, ret_headers);
	return ip[0] >> 4 == 6 && read6(ip, len, ret_headers);
}
