/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about checks' packets: the check shall fail at once, and with the reason.
 *
 * An error quotes the packet as it was on the wire, perhaps in its tunnel. If a check's connection
 * is quoted, the kernel gets the message as one about the packet that it sent itself, from the
 * probe's address. What a tunnel's end or a router on the way to it says is put into the inner packet's words
 * as it is for clients (icmp_tunnel.c), and a path's MTU is learned.
 */
#include "probe.h"

#include "icmp.h"
#include "message.h"
#include "probe_conn.h"
#include "tunnel.h"

#include <rte_mbuf.h>

enum {
	ERROR_TTL = 64,
	QUOTE_MAX = PROBE_MTU - IP6_LEN - ICMP_LEN, /* as much as is looked at, and passed on at most */
};

/* The quoted packet of a check. */
struct quoted {
	const uint8_t *ip;
	uint32_t len;
	struct ip_headers headers;
	struct probe_conn *conn;
	struct icmp_word word; /* what the kernel is told about it */
};

/* The check's connection that the packet at `ip` is of. */
static bool
conn_find(struct quoted *q, const uint8_t *ip, uint32_t len)
{
	struct probe_ends ends;

	q->ip = ip;
	q->len = RTE_MIN(len, (uint32_t)QUOTE_MAX);
	if (!dp_ip_headers_read(ip, q->len, &q->headers) ||
	    !dp_probe_ends_read(ip, q->len, &q->headers, true, &ends))
		return false;
	q->conn = dp_probe_conn_by_wire(q->headers.proto, &q->headers.src, ends.near_be, &q->headers.dst,
					ends.far_be);
	return q->conn != NULL;
}

/* Reads the quote of an error, whole from `icmp` on. False: not about a check, or nothing that it need know. */
static bool
quote_read(struct quoted *q, const uint8_t *icmp, uint32_t len, const struct ip_headers *h)
{
	bool ip6 = h->ip6;
	const uint8_t *quote = icmp + ICMP_LEN;
	uint32_t quote_len = len - ICMP_LEN, inner_at, tunnel;

	if (conn_find(q, quote, quote_len)) {
		q->word = (struct icmp_word){ .type = icmp[0],
					      .code = icmp[1],
					      .rest = rte_be_to_cpu_32(load32(icmp + ICMP_REST_AT)) };
		/* It was told to the packet's sender. */
		return q->conn->probe->conf.fwd == SL_FWD_DR && sl_addr_eq(&q->conn->own, &h->dst);
	}
	tunnel = dp_tunnel_find(quote, quote_len, &inner_at);
	if (tunnel == 0 || inner_at >= quote_len || !conn_find(q, quote + inner_at, quote_len - inner_at) ||
	    q->conn->probe->tunnel != tunnel)
		return false;
	if (dp_icmp_mtu_told(icmp, ip6) != 0)
		dp_tunnel_mtu_learn(tunnel, dp_icmp_mtu_told(icmp, ip6));
	return dp_icmp_tunnel_word(icmp, ip6, q->ip, q->headers.ip6, tunnel, &q->word);
}

/* The message to the kernel. Returns its length. */
static uint32_t
error_make(const struct quoted *q, uint8_t packet[PROBE_MTU])
{
	const struct probe *probe = q->conn->probe;
	bool ip6 = q->headers.ip6;
	const struct sl_addr own = dp_probe_link_addr(!ip6, PROBE_NUMBER_OWN);
	uint32_t header = ip6 ? (uint32_t)IP6_LEN : (uint32_t)IP4_LEN;
	uint32_t most = (ip6 ? (uint32_t)ICMP6_MAX : (uint32_t)ICMP4_MAX) - header - ICMP_LEN;
	uint32_t quote_len = RTE_MIN(q->len, most), len = header + ICMP_LEN + quote_len;
	uint8_t *icmp = packet + header;
	uint64_t sum;

	memset(packet, 0, header + ICMP_LEN);
	icmp[0] = q->word.type;
	icmp[1] = q->word.code;
	store32(icmp + ICMP_REST_AT, rte_cpu_to_be_32(q->word.rest));
	memcpy(icmp + ICMP_LEN, q->ip, quote_len);
	dp_probe_readdress(icmp + ICMP_LEN, quote_len, &q->headers, true, &own, &probe->addr,
			   q->conn->kernel_port_be);
	if (ip6) {
		packet[0] = 0x60;
		store16(packet + IP6_PAYLOAD_AT, rte_cpu_to_be_16((uint16_t)(len - IP6_LEN)));
		packet[IP6_NEXT_AT] = PROTO_ICMP6;
		packet[IP6_HOPS_AT] = ERROR_TTL;
		memcpy(packet + IP6_SRC_AT, probe->addr.b, 16);
		memcpy(packet + IP6_DST_AT, own.b, 16);
	} else {
		packet[0] = 0x45;
		store16(packet + IP4_TOTAL_AT, rte_cpu_to_be_16((uint16_t)len));
		packet[IP4_TTL_AT] = ERROR_TTL;
		packet[IP4_PROTO_AT] = PROTO_ICMP4;
		memcpy(packet + IP4_SRC_AT, probe->addr.b + 12, 4);
		memcpy(packet + IP4_DST_AT, own.b + 12, 4);
		ip4_sum_write(packet);
	}
	sum = rte_raw_cksum(icmp, len - header);
	if (ip6)
		sum += message_pseudo_sum(packet, PROTO_ICMP6, len - header);
	store16(icmp + ICMP_SUM_AT, (uint16_t)~sum_fold(sum));
	return len;
}

bool
dp_probe_error_receive(struct rte_mbuf *m, const struct ip_headers *h)
{
	uint8_t packet[PROBE_MTU];
	const uint8_t *ip;
	struct quoted q;
	uint32_t len;
	uint64_t sum;

	if (h->proto != (h->ip6 ? PROTO_ICMP6 : PROTO_ICMP4) || h->fragment ||
	    h->ip_len < h->l4_at + ICMP_LEN || rte_pktmbuf_linearize(m) != 0)
		return false;
	ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, ETH_LEN);
	len = h->ip_len - h->l4_at;
	if (!icmp_is_error(ip[h->l4_at], h->ip6))
		return false;
	sum = message_sum(m, ETH_LEN + h->l4_at, len);
	if (h->ip6)
		sum += message_pseudo_sum(ip, PROTO_ICMP6, len);
	if (sum_fold(sum) != MESSAGE_SUM_OK || !quote_read(&q, ip + h->l4_at, len, h))
		return false;
	dp_probe_count.errors++;
	dp_probe_deliver(m, packet, error_make(&q, packet));
	return true;
}
