/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A check's packet on its way from the kernel to its server.
 *
 * Nothing about it is taken for granted: what the kernel sends by sl-check may be of any socket on
 * the box. It becomes a client's packet with the own address of the port that leads to the
 * server as its source, which a connection keeps as long as the address stays the box's. The
 * route is looked up for each packet. Ports stay, but for one that another check has
 * there already (probe_conn.h). TTL stays too: no hop lies behind it.
 */
#include "probe.h"

#include "addr_book.h"
#include "control_tx.h"
#include "probe_conn.h"
#include "rewrite.h"
#include "tunnel.h"

/* What the outgoing packet says. */
struct outgoing {
	struct rte_mbuf *m;
	uint8_t *ip;
	uint32_t len;
	struct ip_headers headers;
	struct probe_ends ends;
	struct probe *probe;
};

static uint16_t tunnel_id; /* identification of the last tunnel packet over IPv4 */

/* SL_DROP_MAX: it is a check's. */
static enum sl_drop
outgoing_read(struct outgoing *out, struct rte_mbuf *m)
{
	const struct ip_headers *h = &out->headers;
	struct sl_addr own;

	out->m = m;
	out->ip = rte_pktmbuf_mtod_offset(m, uint8_t *, ETH_LEN);
	out->len = m->data_len - (uint32_t)ETH_LEN;
	if (out->len > PROBE_MTU)
		return SL_DROP_TOO_BIG;
	if (!dp_ip_headers_read(out->ip, out->len, &out->headers) || h->ip_len != out->len)
		return SL_DROP_IP_HEADER;
	out->probe = dp_probe_find(&h->dst);
	if (out->probe == NULL)
		return SL_DROP_TRANSIT;
	own = dp_probe_link_addr(!h->ip6, PROBE_NUMBER_OWN);
	if (!sl_addr_eq(&h->src, &own))
		return SL_DROP_SOURCE;
	if (h->fragment)
		return SL_DROP_FRAGMENT;
	if (!dp_probe_ends_read(out->ip, out->len, h, true, &out->ends))
		return SL_DROP_PROTOCOL;
	return SL_DROP_MAX;
}

/* The connection, with an address of ours that is still the box's. */
static enum sl_drop
conn_find(const struct outgoing *out, const struct dp_fib_hop *hop, struct probe_conn **ret_conn)
{
	uint8_t proto = out->headers.proto;
	struct probe_conn *conn =
		dp_probe_conn_by_kernel(out->probe, proto, out->ends.near_be, out->ends.far_be);
	struct sl_addr own;

	if (conn != NULL && (addr_table_find(probe_snapshot()->addrs, &conn->own) & ADDR_OWN) != 0) {
		*ret_conn = conn;
		return SL_DROP_MAX;
	}
	if (conn != NULL)
		dp_probe_conn_close(conn);
	if (!dp_net_source(hop->port, &out->probe->conf.vip, &own) || dp_is_link_local6(&own))
		return SL_DROP_NO_ROUTE;
	return dp_probe_conn_open(out->probe, proto, out->ends.near_be, out->ends.far_be, &own, ret_conn);
}

/* The tunnel to the server along its present way, as the server's own is (txn_commit.c). */
static void
tunnel_find(struct probe *probe, const struct dp_fib_hop *hop)
{
	uint32_t old = probe->tunnel;

	probe->tunnel = dp_tunnel_get(&(struct dp_tunnel_way){
		.server = probe->conf.real,
		.source = dp_net_tunnel_source(&probe->conf.real, hop),
		.tunnel = probe->conf.tunnel,
		.inner6 = !sl_addr_is_v4(&probe->conf.vip),
		.link_mtu = dp_port_mtu(hop->port),
	});
	dp_tunnel_put(old);
}

static enum sl_drop
packet_make(const struct outgoing *out, const struct dp_fib_hop *hop)
{
	struct probe *probe = out->probe;
	struct probe_conn *conn;
	enum sl_drop reason = conn_find(out, hop, &conn);

	if (reason != SL_DROP_MAX)
		return reason;
	dp_probe_conn_pass(conn, true,
			   conn->proto == SL_PROTO_TCP ? out->ip[out->headers.l4_at + TCP_FLAGS_AT] : 0);
	dp_probe_readdress(out->ip, out->len, &out->headers, true, &conn->own, &probe->conf.vip,
			   conn->port_be);
	if (probe->conf.fwd != SL_FWD_TUN)
		return SL_DROP_MAX;
	tunnel_find(probe, hop);
	/* All packets of a connection have the same GUE source port. */
	return dp_tunnel_wrap_into(out->m, probe->tunnel, ++tunnel_id,
				   (uint16_t)(conn->port_be ^ conn->vip_port_be));
}

void
dp_probe_send(struct rte_mbuf *m)
{
	struct outgoing out;
	struct dp_fib_hop hop = { 0 };
	enum sl_drop reason = outgoing_read(&out, m);

	if (reason == SL_DROP_MAX && !dp_fib_lookup(probe_snapshot()->fib, &out.probe->conf.real, &hop))
		reason = SL_DROP_NO_ROUTE;
	if (reason == SL_DROP_MAX)
		reason = packet_make(&out, &hop);
	if (reason != SL_DROP_MAX) {
		dp_control_drop(m, reason);
		return;
	}
	if (sl_addr_is_none(&hop.via))
		hop.via = out.probe->conf.real;
	dp_probe_count.sent++;
	dp_control_tx_via(hop.port, &hop.via, m);
}
