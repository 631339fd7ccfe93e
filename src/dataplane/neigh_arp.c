/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP (RFC 826, conflicts as in RFC 5227): asking, announcing, and hearing.
 *
 * Whatever is heard is checked before it means anything. A sender is believed
 * only about an address that we know already or, if it has just asked for us and
 * is in the port's subnet, about a new one; what belief means is neigh.c's.
 * A sender that uses an address of ours is never believed.
 *
 * Stateless. Control thread only.
 */
#include "addr_book.h"
#include "frame.h"
#include "neigh.h"
#include "punt_rx.h"
#include "sl_addr.h"
#include "tap.h"

enum {
	ARP_LEN = 28,
	OP_AT = 6,
	SENDER_MAC_AT = 8,
	SENDER_IP_AT = 14,
	TARGET_MAC_AT = 18,
	TARGET_IP_AT = 24,
	OP_REQUEST_BE = 0x0100,
	OP_REPLY_BE = 0x0200,
};

/* Hardware type Ethernet, protocol IPv4, and the lengths of their addresses. */
static const uint8_t preamble[6] = { 0, 1, 8, 0, 6, 4 };
static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t nobody[6];

struct arp {
	uint16_t op_be;
	uint32_t sender_ip_be, target_ip_be;
	const uint8_t *sender_mac, *target_mac;
};

static bool
arp_send(unsigned int port, const uint8_t dst_mac[6], const struct arp *arp)
{
	struct rte_mbuf *m;
	uint8_t *p = dp_frame_create(port, dst_mac, ETH_TYPE_ARP_BE, ARP_LEN, &m);

	if (p == NULL)
		return false;
	memcpy(p, preamble, sizeof(preamble));
	store16(p + OP_AT, arp->op_be);
	memcpy(p + SENDER_MAC_AT, arp->sender_mac, 6);
	store32(p + SENDER_IP_AT, arp->sender_ip_be);
	memcpy(p + TARGET_MAC_AT, arp->target_mac, 6);
	store32(p + TARGET_IP_AT, arp->target_ip_be);
	dp_control_tx(port, m);
	return true;
}

bool
dp_arp_ask(unsigned int port, const struct sl_addr *addr, const uint8_t *mac)
{
	struct sl_addr source;
	/* Without an address of our own, ask as a probe does: from 0.0.0.0. */
	bool have_source = dp_net_source(port, addr, &source);
	struct arp request = { .op_be = OP_REQUEST_BE,
			       .sender_mac = dp_port_mac(port),
			       .sender_ip_be = have_source ? sl_addr_v4_be(&source) : 0,
			       .target_mac = nobody,
			       .target_ip_be = sl_addr_v4_be(addr) };

	return arp_send(port, mac != NULL ? mac : broadcast, &request);
}

/* keepalived's form: a request whose both addresses are the one announced, target MAC all ones. */
bool
dp_arp_announce(unsigned int port, const struct sl_addr *addr)
{
	uint8_t mac[6];
	struct arp request = { .op_be = OP_REQUEST_BE,
			       .sender_mac = mac,
			       .sender_ip_be = sl_addr_v4_be(addr),
			       .target_mac = broadcast,
			       .target_ip_be = sl_addr_v4_be(addr) };

	dp_addr_book_mac(port, addr, mac);
	return arp_send(port, broadcast, &request);
}

static bool
arp_parse(const uint8_t *p, struct arp *ret_arp)
{
	*ret_arp = (struct arp){ .op_be = load16(p + OP_AT),
				 .sender_mac = p + SENDER_MAC_AT,
				 .sender_ip_be = load32(p + SENDER_IP_AT),
				 .target_mac = p + TARGET_MAC_AT,
				 .target_ip_be = load32(p + TARGET_IP_AT) };
	return memcmp(p, preamble, sizeof(preamble)) == 0 &&
	       (ret_arp->op_be == OP_REQUEST_BE || ret_arp->op_be == OP_REPLY_BE) &&
	       dp_mac_is_station(ret_arp->sender_mac) && !dp_mac_is_ours(ret_arp->sender_mac) &&
	       !dp_mac_is_taken(ret_arp->sender_mac);
}

/* What a well-formed packet is good for: SL_DROP_MAX when it did its work. */
static enum sl_drop
arp_handle(unsigned int port, const struct arp *arp)
{
	struct sl_addr sender = sl_addr_from_v4(arp->sender_ip_be);
	struct sl_addr target = sl_addr_from_v4(arp->target_ip_be);
	bool for_us = arp->op_be == OP_REQUEST_BE && dp_addr_book_answers(port, &target);
	enum dp_neigh_verdict verdict = DP_NEIGH_UNKNOWN;

	/* Zero: a probe. Its sender has no address yet, so there is nothing to hear. */
	if (arp->sender_ip_be != 0) {
		if (!sl_addr_is_unicast(&sender))
			return SL_DROP_ARP_INVALID;
		if (dp_addr_book_answers(port, &sender)) {
			dp_addr_book_defend(port, &sender, arp->sender_mac, dp_neigh_now());
			return SL_DROP_ARP_CONFLICT;
		}
		verdict = dp_neigh_heard(port, &sender, arp->sender_mac,
					 for_us && dp_addr_book_on_link(port, &sender));
	}
	if (for_us) {
		uint8_t mac[6];
		struct arp reply = { .op_be = OP_REPLY_BE,
				     .sender_mac = mac,
				     .sender_ip_be = arp->target_ip_be,
				     .target_mac = arp->sender_mac,
				     .target_ip_be = arp->sender_ip_be };

		dp_addr_book_mac(port, &target, mac);
		/* Let go meanwhile: its MAC address went after it, so what was found may be the port's own. */
		if (!dp_addr_book_answers(port, &target))
			return SL_DROP_PUNT_IGNORED;
		if (!arp_send(port, arp->sender_mac, &reply))
			return SL_DROP_NO_MBUF;
	}
	if (verdict == DP_NEIGH_CONFLICT)
		return SL_DROP_ARP_CONFLICT;
	return for_us || verdict == DP_NEIGH_HEARD ? SL_DROP_MAX : SL_DROP_PUNT_IGNORED;
}

/*
 * Answers are the kernel's too, since it may have asked, and so are announcements. Not what we
 * do not believe: claims to addresses of ours, or of somebody else.
 */
static enum sl_drop
kernel_tell(const struct rte_mbuf *m, const struct arp *arp, enum sl_drop reason)
{
	bool tells = arp->op_be == OP_REPLY_BE || arp->sender_ip_be == arp->target_ip_be;

	if (!tells || (reason != SL_DROP_MAX && reason != SL_DROP_PUNT_IGNORED) || !dp_tap_copy(m))
		return reason;
	return SL_DROP_MAX;
}

void
dp_arp_receive(struct rte_mbuf *m)
{
	uint8_t copy[ARP_LEN];
	const uint8_t *p = rte_pktmbuf_read(m, ETH_LEN, ARP_LEN, copy);
	enum sl_drop reason;
	struct arp arp;

	if (p == NULL)
		reason = SL_DROP_TRUNCATED;
	else if (!arp_parse(p, &arp))
		reason = SL_DROP_ARP_INVALID;
	else
		reason = kernel_tell(m, &arp, arp_handle(m->port, &arp));
	if (reason == SL_DROP_MAX)
		dp_punt_consume(m);
	else
		dp_control_drop(m, reason);
}
