/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What servers answer to checks, on its way back to the kernel.
 *
 * It comes from the VIP to an own address, by whichever port, as a packet for the box itself. If
 * a connection of a check's has exactly these ends, the kernel gets it as from the
 * probe's address. Otherwise nobody waits for it: nothing else than a check talks to a VIP
 * of ours from an own address, so it is late, or a lie, and the kernel, which would answer it by a
 * reset to the VIP, shall not have it.
 */
#include "probe.h"

#include "control_tx.h"
#include "probe_conn.h"
#include "punt_rx.h"
#include "rewrite.h"

enum {
	PROTO_ICMP4 = 1,
	PROTO_ICMP6 = 58,
	ECHO4_REQUEST = 8,
	ECHO4_REPLY = 0,
	ECHO6_REQUEST = 128,
	ECHO6_REPLY = 129,
	ICMP_SUM_AT = 2,
	ECHO_ID_AT = 4,
	L4_SEEN = 8, /* bytes of any transport that tell whose it is */
};

bool
dp_probe_ends_read(const uint8_t *ip, uint32_t len, const struct ip_headers *h, bool out,
		   struct probe_ends *ret_ends)
{
	const uint8_t *l4 = ip + h->l4_at;
	uint32_t whole = h->proto == SL_PROTO_TCP ? (uint32_t)TCP_LEN : L4_SEEN;
	uint8_t echo;

	if (h->later || h->l4_at + L4_SEEN > len || h->l4_at + whole > h->ip_len)
		return false;
	if (h->proto == SL_PROTO_TCP || h->proto == SL_PROTO_UDP) {
		*ret_ends = (struct probe_ends){ .near_be = load16(l4 + (out ? 0 : 2)),
						 .far_be = load16(l4 + (out ? 2 : 0)) };
		return true;
	}
	if (h->proto != (h->ip6 ? PROTO_ICMP6 : PROTO_ICMP4))
		return false;
	if (h->ip6)
		echo = out ? ECHO6_REQUEST : ECHO6_REPLY;
	else
		echo = out ? ECHO4_REQUEST : ECHO4_REPLY;
	*ret_ends = (struct probe_ends){ .near_be = load16(l4 + ECHO_ID_AT) };
	return l4[0] == echo && l4[1] == 0;
}

/* The sum that new addresses add to checksums over them. */
static uint64_t
addrs_rewrite(uint8_t *ip, bool ip6, const struct sl_addr *src, const struct sl_addr *dst)
{
	uint64_t delta;

	if (ip6)
		return bytes_rewrite(ip + IP6_SRC_AT, src->b, 16) +
		       bytes_rewrite(ip + IP6_DST_AT, dst->b, 16);
	delta = bytes_rewrite(ip + IP4_SRC_AT, src->b + 12, 4) +
		bytes_rewrite(ip + IP4_DST_AT, dst->b + 12, 4);
	store16(ip + IP4_SUM_AT, sum_update(load16(ip + IP4_SUM_AT), sum_fold(delta)));
	return delta;
}

void
dp_probe_readdress(uint8_t *ip, uint32_t len, const struct ip_headers *h, bool out, const struct sl_addr *src,
		   const struct sl_addr *dst, uint16_t near_be)
{
	uint64_t delta = addrs_rewrite(ip, h->ip6, src, dst);
	uint8_t *l4 = ip + h->l4_at;

	if (h->proto == SL_PROTO_TCP || h->proto == SL_PROTO_UDP) {
		uint32_t sum_end = (h->proto == SL_PROTO_TCP ? TCP_SUM_AT : UDP_SUM_AT) + 2u;

		delta += bytes_rewrite(l4 + (out ? 0 : 2), &near_be, 2);
		if (h->l4_at + sum_end <= len)
			l4_sum_update(l4, h->proto, sum_fold(delta));
		return;
	}
	/* ICMP over IPv4 does not sum the addresses up. */
	delta = bytes_rewrite(l4 + ECHO_ID_AT, &near_be, 2) + (h->ip6 ? delta : 0);
	store16(l4 + ICMP_SUM_AT, sum_update(load16(l4 + ICMP_SUM_AT), sum_fold(delta)));
}

void
dp_probe_deliver(struct rte_mbuf *m, const uint8_t *packet, uint32_t len)
{
	enum probe_written written = dp_probe_link_write(packet, len);

	if (written == PROBE_WRITTEN)
		dp_punt_consume(m);
	else
		dp_control_drop(m, written == PROBE_GONE ? SL_DROP_KERNEL_GONE : SL_DROP_KERNEL_FULL);
}

static void
answer_take(struct rte_mbuf *m, const struct ip_headers *h, struct probe_conn *conn)
{
	const struct sl_addr own = dp_probe_link_addr(!h->ip6, PROBE_NUMBER_OWN);
	uint8_t *ip;

	if (rte_pktmbuf_linearize(m) != 0) {
		dp_control_drop(m, SL_DROP_SEGMENTS);
		return;
	}
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	dp_probe_conn_pass(conn, false, h->proto == SL_PROTO_TCP ? ip[h->l4_at + TCP_FLAGS_AT] : 0);
	dp_probe_readdress(ip, h->ip_len, h, false, &conn->probe->addr, &own, conn->kernel_port_be);
	dp_probe_count.answered++;
	dp_probe_deliver(m, ip, h->ip_len);
}

/* From a VIP, held or not, to an address that is the box's own and no VIP. */
static bool
is_from_vip(const struct ip_headers *h)
{
	const struct addr_table *addrs = probe_snapshot()->addrs;

	return (addr_table_find(addrs, &h->dst) & (ADDR_OWN | ADDR_VIP)) == ADDR_OWN &&
	       (addr_flags_kinds(addr_table_find(addrs, &h->src)) & ADDR_VIP) != 0;
}

static bool
has_ports(const struct ip_headers *h)
{
	return h->proto == SL_PROTO_TCP || h->proto == SL_PROTO_UDP;
}

/* The IP headers of a frame. False: there are none, or it ends before the packet does. */
static bool
headers_read(const struct rte_mbuf *m, struct ip_headers *h)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t type;

	if (m->data_len < ETH_LEN + IP4_LEN)
		return false;
	type = load16(frame + ETH_TYPE_AT);
	return (type == ETH_TYPE_IP4_BE || type == ETH_TYPE_IP6_BE) &&
	       dp_ip_headers_read(frame + ETH_LEN, m->data_len - (uint32_t)ETH_LEN, h) &&
	       h->ip6 == (type == ETH_TYPE_IP6_BE) && h->ip_len <= m->pkt_len - ETH_LEN;
}

bool
dp_probe_receive(struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_LEN);
	struct probe_ends ends = { 0 };
	struct probe_conn *conn = NULL;
	struct ip_headers h;
	bool known;

	if (!dp_probe_exist() || !headers_read(m, &h))
		return false;
	if (dp_probe_error_receive(m, &h))
		return true;
	known = dp_probe_ends_read(ip, RTE_MIN((uint32_t)(m->data_len - ETH_LEN), h.ip_len), &h, false,
				   &ends);
	if (known && !h.fragment)
		conn = dp_probe_conn_by_wire(h.proto, &h.dst, ends.near_be, &h.src, ends.far_be);
	if (conn != NULL)
		answer_take(m, &h, conn);
	else if ((known || has_ports(&h)) && is_from_vip(&h))
		dp_control_drop(m, h.fragment ? SL_DROP_FRAGMENT : SL_DROP_SOURCE);
	else
		return false;
	return true;
}
