/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VRRP adverts to and from bytes (vrrp_packet.h).
 *
 *	Ethernet 14 | IPv4 20.. or IPv6 40 | VRRP 8 | addresses 4 or 16 each | v2: 8 octets of authentication
 *
 * Version 2's checksum is over the VRRP part alone; version 3's begins with a pseudo header, which some
 * implementations leave out over IPv4 (`checksum_as_v2`). A frame may be longer than its packet: Ethernet pads.
 */
#include "vrrp_packet.h"

#include "sl_addr.h"
#include "sl_sha256.h"

#include <sluice/ka.h>

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <string.h>

enum {
	IP4_SIZE = 20,
	IP6_SIZE = 40,
	VRRP_SIZE = 8,
	TYPE_ADVERT = 1,
	TOS = 0xc0, /* internetwork control */
	V3_INTERVAL_MASK = 0x0fff,
};

/* Where the parts of a frame are. */
struct parts {
	uint8_t family, ttl;
	struct sl_addr source, dst;
	const uint8_t *vrrp;
	size_t vrrp_len;     /* as the IP header says */
	size_t vrrp_present; /* what came in, at least that; with padding */
};

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void
put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

uint32_t
vrrp_sum(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (; len > 1; len -= 2, at += 2)
		sum += get16(at);
	if (len > 0)
		sum += (uint32_t)at[0] << 8;
	return sum;
}

uint16_t
vrrp_sum_end(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

int
vrrp_addr_compare(const struct sl_addr *a, const struct sl_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

static bool
split4(const uint8_t *ip, size_t len, struct parts *ret_parts)
{
	size_t header = (size_t)(ip[0] & 15) * 4, total = get16(ip + 2);
	uint32_t addr_be;

	if (len < IP4_SIZE || ip[0] >> 4 != 4 || header < IP4_SIZE || len < header || ip[9] != VRRP_PROTO)
		return false;
	/* A fragment has no beginning, or no end. */
	if ((get16(ip + 6) & 0x3fff) != 0)
		return false;
	ret_parts->family = 4;
	ret_parts->ttl = ip[8];
	memcpy(&addr_be, ip + 12, 4);
	ret_parts->source = sl_addr_from_v4(addr_be);
	memcpy(&addr_be, ip + 16, 4);
	ret_parts->dst = sl_addr_from_v4(addr_be);
	ret_parts->vrrp = ip + header;
	ret_parts->vrrp_present = len - header;
	ret_parts->vrrp_len = total > header ? total - header : 0;
	return true;
}

static bool
split6(const uint8_t *ip, size_t len, struct parts *ret_parts)
{
	if (len < IP6_SIZE || ip[0] >> 4 != 6 || ip[6] != VRRP_PROTO)
		return false;
	ret_parts->family = 6;
	ret_parts->ttl = ip[7];
	ret_parts->source = sl_addr_from_v6(ip + 8);
	ret_parts->dst = sl_addr_from_v6(ip + 24);
	ret_parts->vrrp = ip + IP6_SIZE;
	ret_parts->vrrp_present = len - IP6_SIZE;
	ret_parts->vrrp_len = get16(ip + 4);
	return true;
}

static bool
split(const uint8_t *frame, size_t len, struct parts *ret_parts)
{
	const uint8_t *ip = frame + VRRP_ETHER_SIZE;
	bool good;

	if (len < VRRP_ETHER_SIZE + IP4_SIZE)
		return false;
	switch (get16(frame + 12)) {
	case ETHERTYPE_IP:
		good = split4(ip, len - VRRP_ETHER_SIZE, ret_parts);
		break;
	case ETHERTYPE_IPV6:
		good = split6(ip, len - VRRP_ETHER_SIZE, ret_parts);
		break;
	default:
		return false;
	}
	return good;
}

bool
vrrp_packet_key(const uint8_t *frame, size_t len, uint8_t *ret_family, uint8_t *ret_vrid)
{
	struct parts parts;

	if (!split(frame, len, &parts) || parts.vrrp_present < 2)
		return false;
	*ret_family = parts.family;
	*ret_vrid = parts.vrrp[1];
	return true;
}

static size_t
addr_size(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

/* Of the VRRP part of a packet with so many addresses. */
static size_t
vrrp_size(uint8_t family, uint8_t version, size_t addr_count)
{
	return VRRP_SIZE + addr_count * addr_size(family) + (version == 2 ? VRRP_AUTH_SIZE : 0);
}

static uint32_t
pseudo_sum(uint8_t family, const struct sl_addr *source, const struct sl_addr *dst, size_t len)
{
	size_t size = addr_size(family);
	uint32_t sum = VRRP_PROTO + (uint32_t)len;

	sum = vrrp_sum(sum, source->b + 16 - size, size);
	return vrrp_sum(sum, dst->b + 16 - size, size);
}

static bool
checksum_is_good(const struct vrrp_wire *wire, const struct parts *parts, size_t len)
{
	uint32_t sum = 0;

	if (wire->version == 3 && !(parts->family == 4 && wire->checksum_as_v2))
		sum = pseudo_sum(parts->family, &parts->source, &parts->dst, len);
	return vrrp_sum_end(vrrp_sum(sum, parts->vrrp, len)) == 0;
}

static bool
auth_is_good(const struct vrrp_wire *wire, const struct parts *parts, size_t len)
{
	if (wire->version != 2)
		return true;
	if (parts->vrrp[4] != wire->auth)
		return false;
	return wire->auth != KA_AUTH_PASS ||
	       sl_same_secret(parts->vrrp + len - VRRP_AUTH_SIZE, wire->auth_pass, VRRP_AUTH_SIZE);
}

static bool
source_is_peer(const struct vrrp_wire *wire, const struct sl_addr *source)
{
	for (unsigned int i = 0; i < wire->peer_count; i++)
		if (sl_addr_eq(&wire->peers[i], source))
			return true;
	return false;
}

static bool
addr_is_multicast(const struct sl_addr *addr)
{
	return sl_addr_is_v4(addr) ? (addr->b[12] & 0xf0) == 0xe0 : addr->b[0] == 0xff;
}

/* An IPv4 address in IPv6's form would be taken for one of the other family. */
static bool
source_is_host(const struct parts *parts)
{
	return sl_addr_is_unicast(&parts->source) && sl_addr_is_v4(&parts->source) == (parts->family == 4);
}

/* As a set: the order is the sender's. */
static bool
addrs_differ(const struct vrrp_wire *wire, const struct parts *parts)
{
	size_t size = addr_size(parts->family), count = parts->vrrp[3];

	if (count != wire->addr_count)
		return true;
	for (unsigned int i = 0; i < wire->addr_count; i++) {
		const uint8_t *own = wire->addrs[i].b + 16 - size;
		size_t k = 0;

		while (k < count && memcmp(parts->vrrp + VRRP_SIZE + k * size, own, size) != 0)
			k++;
		if (k == count)
			return true;
	}
	return false;
}

enum vrrp_verdict
vrrp_packet_parse(const struct vrrp_wire *wire, const uint8_t *frame, size_t len,
		  struct vrrp_advert *ret_advert)
{
	struct parts parts;
	size_t want;
	uint32_t advert_ms;

	if (!split(frame, len, &parts) || parts.family != wire->family || parts.vrrp_present < VRRP_SIZE)
		return VRRP_BAD_LENGTH;
	want = vrrp_size(wire->family, parts.vrrp[0] >> 4, parts.vrrp[3]);
	if (parts.vrrp_present < want)
		return VRRP_BAD_LENGTH;
	*ret_advert = (struct vrrp_advert){ .version = parts.vrrp[0] >> 4, .source = parts.source };
	if (!wire->unicast && parts.ttl != VRRP_TTL)
		return VRRP_BAD_TTL;
	if (parts.vrrp[0] >> 4 != wire->version)
		return VRRP_BAD_VERSION;
	if (!auth_is_good(wire, &parts, want))
		return VRRP_BAD_AUTH;
	advert_ms = wire->version == 2 ? parts.vrrp[5] * 1000U
				       : (uint32_t)(get16(parts.vrrp + 4) & V3_INTERVAL_MASK) * 10;
	ret_advert->advert_ms = advert_ms;
	/* An interval of zero would be a Master_Down of nothing. */
	if ((wire->version == 2 && advert_ms != wire->advert_ms) || advert_ms == 0)
		return VRRP_BAD_INTERVAL;
	if ((parts.vrrp[0] & 15) != TYPE_ADVERT)
		return VRRP_BAD_TYPE;
	if (parts.vrrp_len != want)
		return VRRP_BAD_LENGTH;
	if (!checksum_is_good(wire, &parts, want))
		return VRRP_BAD_CHECKSUM;
	if (addr_is_multicast(&parts.dst) == wire->unicast || !source_is_host(&parts))
		return VRRP_BAD_SOURCE;
	if (wire->unicast && wire->check_source && !source_is_peer(wire, &parts.source))
		return VRRP_BAD_SOURCE;
	ret_advert->priority = parts.vrrp[2];
	ret_advert->addrs_differ = !wire->skip_check_addrs && addrs_differ(wire, &parts);
	return VRRP_OK;
}

/* ---- the other way ---- */

/* RFC 1112 6.4, RFC 2464 7: the group's low bits in the MAC. */
static void
ether_build(uint8_t *frame, const struct sl_addr *dst, const uint8_t source_mac[6], uint16_t type)
{
	static const uint8_t group4[3] = { 0x01, 0x00, 0x5e };

	memset(frame, 0, 6);
	if (addr_is_multicast(dst) && sl_addr_is_v4(dst)) {
		memcpy(frame, group4, 3);
		memcpy(frame + 3, dst->b + 13, 3);
		frame[3] &= 0x7f;
	} else if (addr_is_multicast(dst)) {
		frame[0] = frame[1] = 0x33;
		memcpy(frame + 2, dst->b + 12, 4);
	}
	memcpy(frame + 6, source_mac, 6);
	put16(frame + 12, type);
}

static size_t
ip_build(uint8_t *ip, const struct sl_addr *source, const struct sl_addr *dst, uint8_t ttl, size_t len)
{
	if (sl_addr_is_v4(source)) {
		memset(ip, 0, IP4_SIZE);
		ip[0] = 0x45;
		ip[1] = TOS;
		put16(ip + 2, (uint16_t)(IP4_SIZE + len));
		ip[8] = ttl;
		ip[9] = VRRP_PROTO;
		memcpy(ip + 12, source->b + 12, 4);
		memcpy(ip + 16, dst->b + 12, 4);
		put16(ip + 10, vrrp_sum_end(vrrp_sum(0, ip, IP4_SIZE)));
		return IP4_SIZE;
	}
	memset(ip, 0, 8);
	ip[0] = 0x60 | TOS >> 4;
	ip[1] = (uint8_t)(TOS << 4);
	put16(ip + 4, (uint16_t)len);
	ip[6] = VRRP_PROTO;
	ip[7] = ttl;
	memcpy(ip + 8, source->b, 16);
	memcpy(ip + 24, dst->b, 16);
	return IP6_SIZE;
}

size_t
vrrp_packet_build(const struct vrrp_wire *wire, uint8_t priority, const struct sl_addr *source,
		  const struct sl_addr *dst, uint8_t ttl, const uint8_t source_mac[6],
		  uint8_t ret_frame[DP_HA_FRAME_MAX])
{
	size_t size = addr_size(wire->family), len = vrrp_size(wire->family, wire->version, wire->addr_count);
	uint8_t *vrrp = ret_frame + VRRP_ETHER_SIZE;
	uint32_t sum = 0;

	ether_build(ret_frame, dst, source_mac, wire->family == 4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	vrrp += ip_build(vrrp, source, dst, ttl, len);
	vrrp[0] = (uint8_t)(wire->version << 4 | TYPE_ADVERT);
	vrrp[1] = wire->vrid;
	vrrp[2] = priority;
	vrrp[3] = (uint8_t)wire->addr_count;
	if (wire->version == 2) {
		vrrp[4] = wire->auth;
		vrrp[5] = (uint8_t)(wire->advert_ms / 1000);
	} else {
		put16(vrrp + 4, (uint16_t)(wire->advert_ms / 10 & V3_INTERVAL_MASK));
	}
	put16(vrrp + 6, 0);
	for (unsigned int i = 0; i < wire->addr_count; i++)
		memcpy(vrrp + VRRP_SIZE + i * size, wire->addrs[i].b + 16 - size, size);
	if (wire->version == 2)
		memset(vrrp + len - VRRP_AUTH_SIZE, 0, VRRP_AUTH_SIZE);
	if (wire->version == 2 && wire->auth == KA_AUTH_PASS)
		memcpy(vrrp + len - VRRP_AUTH_SIZE, wire->auth_pass, VRRP_AUTH_SIZE);
	if (wire->version == 3 && !(wire->family == 4 && wire->checksum_as_v2))
		sum = pseudo_sum(wire->family, source, dst, len);
	put16(vrrp + 6, vrrp_sum_end(vrrp_sum(sum, vrrp, len)));
	return (size_t)(vrrp - ret_frame) + len;
}
