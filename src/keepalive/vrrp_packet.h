/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VRRP adverts to and from bytes: versions 2 (RFC 3768) and 3 (RFC 5798), IPv4
 * and IPv6, with keepalived's order of checks. Pure functions: no state, no
 * clock, nothing is sent. Any thread.
 */
#ifndef VRRP_PACKET_H
#define VRRP_PACKET_H

#include <sluice/addr.h>
#include <sluice/dp_ha.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VRRP_PROTO = 112,
	VRRP_TTL = 255,
	VRRP_AUTH_SIZE = 8,
	VRRP_ETHER_SIZE = 14,
	VRRP_ADDRS4_MAX = 255,
	VRRP_ADDRS6_MAX = 90, /* that many fit into a frame */
};

/* How an advert was taken. X(enum suffix): in the order of the checks */
#define VRRP_VERDICT_LIST(X)                                                                                 \
	X(OK)                                                                                                \
	X(BAD_LENGTH)                                                                                        \
	X(BAD_TTL)                                                                                           \
	X(BAD_VERSION)                                                                                       \
	X(BAD_AUTH)                                                                                          \
	X(BAD_INTERVAL)                                                                                      \
	X(BAD_TYPE)                                                                                          \
	X(BAD_CHECKSUM)                                                                                      \
	X(BAD_SOURCE)

enum vrrp_verdict {
#define X(id) VRRP_##id,
	VRRP_VERDICT_LIST(X)
#undef X
		VRRP_VERDICT_MAX
};

/* An instance as its packets show it, and as they must be to be for it. */
struct vrrp_wire {
	uint8_t family, version, vrid;
	uint32_t advert_ms;
	uint8_t auth; /* enum ka_auth; v2 */
	uint8_t auth_pass[VRRP_AUTH_SIZE];
	bool checksum_as_v2;
	bool unicast; /* to `peers`, else to a multicast group */
	bool check_source, skip_check_addrs;
	const struct sl_addr *peers;
	unsigned int peer_count;
	const struct sl_addr *addrs; /* of its family, in the order of the adverts */
	unsigned int addr_count;
};

/* What an advert says. */
struct vrrp_advert {
	uint8_t version;
	uint8_t priority;
	uint32_t advert_ms;
	struct sl_addr source;
	bool addrs_differ; /* lists other addresses than the instance does: told, and taken all the same */
};

/* Whose packet is it? False: it is no VRRP, or too short to say. */
bool vrrp_packet_key(const uint8_t *frame, size_t len, uint8_t *ret_family, uint8_t *ret_vrid);
/*
 * An Ethernet frame whose key is that of `wire`. ret_advert is written if OK; else there are version and source in it, and
 * from VRRP_BAD_INTERVAL on the interval, but of VRRP_BAD_LENGTH nothing that counts.
 */
enum vrrp_verdict vrrp_packet_parse(const struct vrrp_wire *wire, const uint8_t *frame, size_t len,
				    struct vrrp_advert *ret_advert);

/*
 * The Ethernet frame of an advert with this priority; its IP packet begins at VRRP_ETHER_SIZE. A `dst` of a
 * multicast group decides the destination MAC, else that stays zero. Returns its length.
 */
size_t vrrp_packet_build(const struct vrrp_wire *wire, uint8_t priority, const struct sl_addr *source,
			 const struct sl_addr *dst, uint8_t ttl, const uint8_t source_mac[6],
			 uint8_t ret_frame[DP_HA_FRAME_MAX]);

/* Addresses are compared as RFC 5798 6.4.3 wants it, as numbers: below 0, 0, above 0. */
int vrrp_addr_compare(const struct sl_addr *a, const struct sl_addr *b);

/* The Internet's checksum (RFC 1071) over `len` bytes, begun with `sum`, not yet complemented: for more to come. */
uint32_t vrrp_sum(uint32_t sum, const void *data, size_t len);
uint16_t vrrp_sum_end(uint32_t sum);

#endif
