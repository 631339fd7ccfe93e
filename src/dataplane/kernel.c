/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes to the kernel by way of a port's interface, on the workers.
 *
 * Stages punt whatever is for the box itself. On a port with `tap on` all of that is the
 * kernel's but for Sluice's own business, which is told apart here: ARP, neighbour
 * solicitations and advertisements, and ICMP to VIPs. Frames are read as they came; nothing about them is taken for granted but that they are for us.
 *
 * Packets for the kernel have a ring of their own, so that no flood of them keeps ARP
 * from the control thread. Before it stands the policer (police.h), and the class of the
 * rest may fill half of the ring only. What may be a check's answer is not policed, and
 * may fill three quarters. Frames come with their own source address when a
 * switch floods them back; those are left to punt_rx.c, which drops them.
 *
 * All cold: a balanced packet never comes here.
 */
#include "kernel.h"

#include "wire.h"

#include <rte_cycles.h>

enum {
	PROTO_ICMP = 1,
	PROTO_OSPF = 89,
	PROTO_ICMP6 = 58,
	PROTO_VRRP = 112,
	ECHO4_REQUEST = 8,
	ECHO6_REQUEST = 128,
	ND_SOLICIT = 135,
	ND_ADVERT = 136,
	HEADERS = ETH_LEN + IP6_LEN + TCP_LEN, /* as much of a frame as is looked at, and IPv4's options */
	HEADERS_MAX = ETH_LEN + 60 + TCP_LEN,
	BFD_PORT_FIRST = 3784,
	BFD_PORT_LAST = 3785,
	BFD_MULTIHOP_PORT = 4784,
	TCP_SYN = 2,
	TCP_ACK = 16,
};

/* A frame's headers as far as they are of interest. */
struct look {
	uint16_t type;
	uint8_t proto;           /* with dst: of IP; 0: it is not, or cannot be seen */
	struct sl_addr src, dst; /* of IP */
	const uint8_t *l4;       /* the transport header; NULL: there is none, or not to be seen */
	uint32_t l4_seen;        /* bytes of it */
	uint8_t copy[HEADERS_MAX];
};

static __rte_cold void
look4(struct look *look, const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + ETH_LEN;
	uint32_t header_len = (ip[0] & 15) * 4u;

	look->proto = ip[IP4_PROTO_AT];
	look->src = sl_addr_from_v4(load32(ip + IP4_SRC_AT));
	look->dst = sl_addr_from_v4(load32(ip + IP4_DST_AT));
	if ((load16(ip + IP4_FRAG_AT) & RTE_BE16(0x1fff)) == 0 && ETH_LEN + header_len < len) {
		look->l4 = ip + header_len;
		look->l4_seen = len - ETH_LEN - header_len;
	}
}

static __rte_cold void
look6(struct look *look, const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + ETH_LEN;

	look->proto = ip[IP6_NEXT_AT];
	look->src = sl_addr_from_v6(ip + IP6_SRC_AT);
	look->dst = sl_addr_from_v6(ip + IP6_DST_AT);
	if (len > ETH_LEN + IP6_LEN) {
		look->l4 = ip + IP6_LEN;
		look->l4_seen = len - ETH_LEN - IP6_LEN;
	}
}

static __rte_cold void
look_at(struct look *look, const struct rte_mbuf *m)
{
	uint32_t len = RTE_MIN(m->pkt_len, (uint32_t)HEADERS_MAX);
	const uint8_t *frame = rte_pktmbuf_read(m, 0, len, look->copy);

	look->type = 0;
	look->proto = 0;
	look->l4 = NULL;
	look->l4_seen = 0;
	if (frame == NULL || len < ETH_LEN)
		return;
	look->type = load16(frame + ETH_TYPE_AT);
	if (look->type == ETH_TYPE_IP4_BE && len >= ETH_LEN + IP4_LEN)
		look4(look, frame, len);
	else if (look->type == ETH_TYPE_IP6_BE && len >= ETH_LEN + IP6_LEN)
		look6(look, frame, len);
}

static __rte_cold bool
is_neighbour_talk(const struct look *look)
{
	return look->type == ETH_TYPE_ARP_BE ||
	       (look->type == ETH_TYPE_IP6_BE && look->proto == PROTO_ICMP6 && look->l4 != NULL &&
		(look->l4[0] == ND_SOLICIT || look->l4[0] == ND_ADVERT));
}

__rte_cold bool
dp_is_neighbour_talk(const struct rte_mbuf *m)
{
	struct look look;

	look_at(&look, m);
	return is_neighbour_talk(&look);
}

static __rte_cold bool
is_echo_request(const struct look *look)
{
	return look->l4 != NULL &&
	       (look->type == ETH_TYPE_IP4_BE ? look->proto == PROTO_ICMP && look->l4[0] == ECHO4_REQUEST
					      : look->proto == PROTO_ICMP6 && look->l4[0] == ECHO6_REQUEST);
}

static __rte_cold bool
is_ours(const struct rte_mbuf *m)
{
	const uint8_t *source = rte_pktmbuf_mtod(m, const uint8_t *) + 6;

	for (unsigned int port = 0; port < dp_ports_count; port++)
		if (m->data_len >= ETH_LEN && memcmp(source, dp_ports[port].mac, 6) == 0)
			return true;
	return false;
}

/* 224.0.0.0/24 and ff02::/16: what routers on a link say to each other. */
static __rte_cold bool
is_link_multicast(const struct sl_addr *dst)
{
	if (sl_addr_is_v4(dst))
		return dst->b[12] == 224 && dst->b[13] == 0 && dst->b[14] == 0;
	return dst->b[0] == 0xff && dst->b[1] == 0x02;
}

static __rte_cold enum police_class
class_of(const struct look *look)
{
	uint16_t port;

	if (look->proto == PROTO_ICMP || look->proto == PROTO_ICMP6)
		return POLICE_ICMP;
	if (is_link_multicast(&look->dst) || look->proto == PROTO_OSPF)
		return POLICE_SESSION;
	if (look->proto == SL_PROTO_TCP && look->l4_seen > TCP_FLAGS_AT)
		return (look->l4[TCP_FLAGS_AT] & (TCP_SYN | TCP_ACK)) == TCP_ACK ? POLICE_SESSION
										 : POLICE_REST;
	if (look->proto != SL_PROTO_UDP || look->l4_seen < UDP_LEN)
		return POLICE_REST;
	port = rte_be_to_cpu_16(load16(look->l4 + 2));
	return (port >= BFD_PORT_FIRST && port <= BFD_PORT_LAST) || port == BFD_MULTIHOP_PORT ? POLICE_SESSION
											      : POLICE_REST;
}

static __rte_cold bool
is_allowed(struct dp_worker *w, enum police_class class)
{
	uint64_t rate = atomic_load_explicit(&dp_kernel_rate, memory_order_relaxed);
	uint64_t hz = rte_get_tsc_hz();

	return rate != 0 && dp_police_take(&w->police, class, rte_rdtsc(), hz, hz * w->worker_count / rate);
}

/* Neighbours' talk, and what is for a VIP or full NAT's address but not for the kernel's own address there. */
static __rte_cold bool
is_own_business(const struct dp_worker *w, const struct look *look)
{
	uint64_t flags = look->proto != 0 ? addr_table_find(w->snapshot->addrs, &look->dst) : 0;

	if (is_neighbour_talk(look) || ((flags & ADDR_NO_PING) != 0 && is_echo_request(look)))
		return true;
	return (flags & (ADDR_VIP | ADDR_LOCAL)) != 0 && ((flags & ADDR_OWN) == 0 || is_echo_request(look));
}

/*
 * From a VIP to an own address: a server that answers a check (probe_in.c), or nobody whom the
 * kernel hears of. Floods of other packets, and the rate for the kernel, shall not make servers look dead.
 */
static __rte_cold bool
is_check_answer(const struct dp_worker *w, const struct look *look)
{
	const struct addr_table *addrs = w->snapshot->addrs;

	return look->proto != 0 && (addr_table_find(addrs, &look->dst) & (ADDR_OWN | ADDR_VIP)) == ADDR_OWN &&
	       (addr_flags_kinds(addr_table_find(addrs, &look->src)) & ADDR_VIP) != 0;
}

__rte_cold bool
dp_is_check_answer(const struct dp_worker *w, const struct rte_mbuf *m)
{
	struct look look;

	look_at(&look, m);
	return is_check_answer(w, &look);
}

/* The kernel's interface has the port's MAC address, and no virtual one. */
static __rte_cold void
mac_readdress(struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	if (m->data_len >= ETH_LEN && (frame[0] & 1) == 0)
		memcpy(frame, dp_ports[m->port].mac, 6);
}

__rte_cold bool
dp_kernel_give(struct dp_worker *w, struct rte_mbuf *m)
{
	unsigned int keep_free = 0;
	struct look look;

	if (!dp_ports[m->port].conf.tap)
		return false;
	look_at(&look, m);
	if (is_own_business(w, &look) || is_ours(m))
		return false;
	mac_readdress(m);
	if (is_check_answer(w, &look)) {
		keep_free = KERNEL_RING_SIZE / 4;
	} else {
		enum police_class class = class_of(&look);

		if (!is_allowed(w, class)) {
			dp_drop_mbuf(w, m, SL_DROP_KERNEL_LIMIT);
			return true;
		}
		if (class == POLICE_REST)
			keep_free = KERNEL_RING_SIZE / 2;
	}
	if (rte_ring_free_count(w->ring_kernel) < keep_free || rte_ring_sp_enqueue(w->ring_kernel, m) != 0)
		dp_drop_mbuf(w, m, SL_DROP_KERNEL_FULL);
	else
		w->count.punts++;
	return true;
}

static __rte_cold bool
is_vrrp_group(const uint8_t *ip)
{
	static const uint8_t group4[4] = { 224, 0, 0, 18 }, group6[16] = { 0xff, 0x02, [15] = 0x12 };

	return ip[0] >> 4 == 4 ? memcmp(ip + IP4_DST_AT, group4, 4) == 0
			       : memcmp(ip + IP6_DST_AT, group6, 16) == 0;
}

__rte_cold bool
dp_is_vrrp(const uint8_t *ip)
{
	return ip[ip[0] >> 4 == 4 ? (int)IP4_PROTO_AT : (int)IP6_NEXT_AT] == PROTO_VRRP || is_vrrp_group(ip);
}

__rte_cold bool
dp_kernel_takes(struct dp_worker *w, struct burst *b, unsigned int i, enum sl_drop reason)
{
	uint64_t bit = UINT64_C(1) << i;
	unsigned int port = b->owned == 0 ? b->port : b->mbuf[i]->port;
	const struct dp_port_conf *conf = &dp_ports[port].conf;
	bool takes;

	if (!conf->tap)
		return false;
	if (reason == SL_DROP_TRANSIT)
		takes = conf->transit_kernel && (b->l3[i][-ETH_LEN] & 1) == 0;
	else
		takes = (reason == SL_DROP_NO_SERVICE || reason == SL_DROP_PROTOCOL) &&
			(addr_table_find(w->snapshot->addrs, &b->key[i].other) & ADDR_OWN) != 0 &&
			!dp_is_vrrp(b->l3[i]);
	if (takes) {
		b->live &= ~bit;
		b->punt |= bit;
	}
	return takes;
}
