/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets for the box itself, on the control thread: who gets which.
 *
 * Workers have punted them because of their kind or destination and looked no
 * further, so nothing about them is taken for granted here. ARP, neighbour
 * discovery and echo requests have a receiver; everything else ends in the reason
 * that says why nobody answers it. Router advertisements and redirects are
 * among those: the configuration says where the routes go, not the link.
 */
#include "punt_rx.h"

#include "frame.h"
#include "probe.h"

enum {
	PROTO_ICMP = 1,
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_ICMP6 = 58,
	NEXT_DESTINATION = 60,
	ICMP6_ECHO_REQUEST = 128,
	ND_SOLICIT = 135,
	ND_ADVERT = 136,
};

static uint64_t consumed;

static void
ip4_receive(struct rte_mbuf *m)
{
	uint8_t copy;
	const uint8_t *proto = rte_pktmbuf_read(m, ETH_LEN + IP4_PROTO_AT, 1, &copy);

	if (proto == NULL)
		dp_control_drop(m, SL_DROP_TRUNCATED);
	else if (*proto == PROTO_ICMP)
		dp_echo4_receive(m);
	else
		dp_control_drop(m, SL_DROP_PUNT_IGNORED);
}

static void
icmp6_receive(struct rte_mbuf *m)
{
	uint8_t copy;
	const uint8_t *type = rte_pktmbuf_read(m, ETH_LEN + IP6_LEN, 1, &copy);

	if (type == NULL)
		dp_control_drop(m, SL_DROP_TRUNCATED);
	else if (*type == ND_SOLICIT || *type == ND_ADVERT)
		dp_nd_receive(m);
	else if (*type == ICMP6_ECHO_REQUEST)
		dp_echo6_receive(m);
	else
		dp_control_drop(m, SL_DROP_ICMP_IGNORED);
}

static void
ip6_receive(struct rte_mbuf *m)
{
	uint8_t copy;
	const uint8_t *next = rte_pktmbuf_read(m, ETH_LEN + IP6_NEXT_AT, 1, &copy);

	if (next == NULL) {
		dp_control_drop(m, SL_DROP_TRUNCATED);
		return;
	}
	switch (*next) {
	case NEXT_ICMP6:
		icmp6_receive(m);
		break;
	case NEXT_FRAGMENT:
		dp_control_drop(m, SL_DROP_FRAGMENT);
		break;
	case NEXT_HOP_BY_HOP:
	case NEXT_ROUTING:
	case NEXT_DESTINATION:
		/* Workers punt these when ICMPv6 follows: multicast listener reports and the like. */
		dp_control_drop(m, SL_DROP_ICMP_IGNORED);
		break;
	default:
		dp_control_drop(m, SL_DROP_PUNT_IGNORED);
		break;
	}
}

/* Why a frame must not be looked into; SL_DROP_MAX: it may. */
static enum sl_drop
ethernet_check(const struct rte_mbuf *m)
{
	const uint8_t *eth = rte_pktmbuf_mtod(m, const uint8_t *);

	if (m->data_len < ETH_LEN)
		return m->pkt_len < ETH_LEN ? SL_DROP_TRUNCATED : SL_DROP_SEGMENTS;
	if ((eth[0] & 1) == 0 && memcmp(eth, dp_port_mac(m->port), 6) != 0 && !dp_mac_is_taken(eth))
		return SL_DROP_NOT_TO_US;
	if (!dp_mac_is_station(eth + 6))
		return SL_DROP_SOURCE;
	/* Our own broadcast, come back by another port or a loop in the network. */
	if (dp_mac_is_ours(eth + 6) || dp_mac_is_taken(eth + 6))
		return SL_DROP_PUNT_IGNORED;
	return SL_DROP_MAX;
}

static void
frame_receive(struct rte_mbuf *m)
{
	enum sl_drop reason = ethernet_check(m);

	if (reason != SL_DROP_MAX) {
		dp_control_drop(m, reason);
		return;
	}
	/* Ports without a kernel interface have what is for the kernel's sockets here too. */
	if (dp_probe_receive(m))
		return;
	switch (load16(rte_pktmbuf_mtod(m, const uint8_t *) + ETH_TYPE_AT)) {
	case ETH_TYPE_ARP_BE:
		dp_arp_receive(m);
		break;
	case ETH_TYPE_IP4_BE:
		ip4_receive(m);
		break;
	case ETH_TYPE_IP6_BE:
		ip6_receive(m);
		break;
	default:
		dp_control_drop(m, SL_DROP_ETHERTYPE);
		break;
	}
}

void
dp_punt_rx(struct rte_mbuf **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		frame_receive(pkts[i]);
}

void
dp_punt_consume(struct rte_mbuf *m)
{
	consumed++;
	rte_pktmbuf_free(m);
}

uint64_t
dp_punt_consumed(void)
{
	return consumed;
}
