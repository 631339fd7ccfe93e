/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Announcements of addresses and their schedule (announce.h).
 */
#include "announce.h"

#include "vrrp_packet.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

enum {
	ARP_REQUEST = 1,
	ARP_FRAME_SIZE = 42,
	ND_SIZE = 32, /* advertisement and target link-layer address option */
	ND_ADVERTISEMENT = 136,
	ND_ROUTER_OVERRIDE = 0xa0, /* the box routes: as its answers say */
	ND_OPTION_TARGET_MAC = 2,
	HOP_LIMIT = 255,
};

void
announce_stop(struct announce *announce)
{
	*announce = (struct announce){ .again_us = UINT64_MAX, .refresh_us = UINT64_MAX };
}

static uint64_t
after_ms(uint64_t now_us, uint64_t ms)
{
	return now_us + ms * 1000;
}

/* Whole ones, after the one that is under way: begun anew each time, it might never come to its end. */
static void
rounds_add(struct announce *announce, uint32_t repeat)
{
	uint32_t left = repeat + (announce->at > 0);

	if (repeat > 0 && announce->left < left)
		announce->left = left;
}

void
announce_begin(struct announce *announce, const struct ka_garp *garp, uint64_t now_us)
{
	announce_stop(announce);
	announce_added(announce, garp, now_us);
}

void
announce_added(struct announce *announce, const struct ka_garp *garp, uint64_t now_us)
{
	rounds_add(announce, garp->repeat);
	announce->again_us = UINT64_MAX;
	announce->again_repeat = garp->repeat;
	if (garp->delay_ms > 0 && garp->repeat > 0)
		announce->again_us = after_ms(now_us, garp->delay_ms);
	announce->refresh_us = UINT64_MAX;
	if (garp->refresh_ms > 0)
		announce->refresh_us = after_ms(now_us, (uint64_t)garp->delay_ms + garp->refresh_ms);
}

void
announce_moved(struct announce *announce, unsigned int addr_count)
{
	if (announce->at >= addr_count)
		announce->at = 0;
	/* One that was to come may stand now where the round has been: a whole round follows. */
	if (announce->at > 0)
		rounds_add(announce, 1);
}

void
announce_lower(struct announce *announce, const struct ka_garp *garp, uint64_t now_us)
{
	rounds_add(announce, garp->lower_repeat);
	if (garp->lower_repeat == 0 || garp->lower_delay_ms == 0)
		return;
	announce->again_us = after_ms(now_us, garp->lower_delay_ms);
	announce->again_repeat = garp->lower_repeat;
}

void
announce_refresh(struct announce *announce, const struct ka_garp *garp, uint64_t now_us)
{
	uint64_t next_us = garp->refresh_ms > 0 ? after_ms(now_us, garp->refresh_ms) : UINT64_MAX;

	if (garp->refresh_ms == 0 || next_us < announce->refresh_us)
		announce->refresh_us = next_us;
}

bool
announce_is_due(struct announce *announce, const struct ka_garp *garp, uint64_t now_us)
{
	if (now_us >= announce->again_us) {
		rounds_add(announce, announce->again_repeat);
		announce->again_us = UINT64_MAX;
	}
	if (now_us >= announce->refresh_us) {
		rounds_add(announce, garp->refresh_repeat);
		announce->refresh_us = garp->refresh_ms > 0 ? after_ms(now_us, garp->refresh_ms) : UINT64_MAX;
	}
	return announce->left > 0;
}

void
announce_sent(struct announce *announce, unsigned int addr_count)
{
	if (++announce->at < addr_count)
		return;
	announce->at = 0;
	if (announce->left > 0)
		announce->left--;
}

static size_t
arp_build(const struct sl_addr *addr, const uint8_t mac[6], uint8_t *frame)
{
	static const uint8_t fixed[8] = { 0, 1, 0x08, 0x00, 6, 4, 0, ARP_REQUEST };

	memset(frame, 0xff, 6);
	memcpy(frame + 6, mac, 6);
	frame[12] = 0x08;
	frame[13] = 0x06;
	memcpy(frame + 14, fixed, sizeof(fixed));
	memcpy(frame + 22, mac, 6);
	memcpy(frame + 28, addr->b + 12, 4);
	memset(frame + 32, 0xff, 6);
	memcpy(frame + 38, addr->b + 12, 4);
	return ARP_FRAME_SIZE;
}

static size_t
nd_build(const struct sl_addr *addr, const uint8_t mac[6], uint8_t *frame)
{
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	uint8_t *ip = frame + VRRP_ETHER_SIZE, *nd = ip + 40;
	uint32_t sum = IPPROTO_ICMPV6 + ND_SIZE;
	uint16_t check;

	memset(frame, 0, ANNOUNCE_FRAME_MAX);
	frame[0] = frame[1] = 0x33;
	frame[5] = 1;
	memcpy(frame + 6, mac, 6);
	frame[12] = 0x86;
	frame[13] = 0xdd;
	ip[0] = 0x60;
	ip[5] = ND_SIZE;
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, addr->b, 16);
	memcpy(ip + 24, all_nodes, 16);
	nd[0] = ND_ADVERTISEMENT;
	nd[4] = ND_ROUTER_OVERRIDE;
	memcpy(nd + 8, addr->b, 16);
	nd[24] = ND_OPTION_TARGET_MAC;
	nd[25] = 1;
	memcpy(nd + 26, mac, 6);
	sum = vrrp_sum(sum, ip + 8, 32);
	check = vrrp_sum_end(vrrp_sum(sum, nd, ND_SIZE));
	nd[2] = (uint8_t)(check >> 8);
	nd[3] = (uint8_t)check;
	return VRRP_ETHER_SIZE + 40 + ND_SIZE;
}

size_t
announce_build(const struct sl_addr *addr, const uint8_t mac[6], uint8_t ret_frame[ANNOUNCE_FRAME_MAX])
{
	return sl_addr_is_v4(addr) ? arp_build(addr, mac, ret_frame) : nd_build(addr, mac, ret_frame);
}
