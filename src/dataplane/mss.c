/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lower the maximum segment size that SYNs announce, where a service wants it: to a
 * number, or to what fits the way between client and server.
 *
 * The option is lowered only: it is what one side can receive (RFC 9293 3.7.1). A
 * segment without it stays as it is, since nothing may be put into a header that
 * middle boxes have no business in; and so does one whose options end in the middle.
 * The checksum changes by the difference. Workers only, all cold: SYNs are rare.
 */
#include "rewrite.h"
#include "route.h"
#include "tunnel.h"

enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_MSS_LEN = 4,
};

/* Where in the TCP header the option's value lies; 0: there is none, or the options are malformed. */
static __rte_cold uint32_t
mss_at(const uint8_t *tcp, uint32_t header)
{
	uint32_t at = TCP_LEN;

	while (at < header && tcp[at] != OPTION_END) {
		if (tcp[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= header || tcp[at + 1] < 2 || at + tcp[at + 1] > header)
			return 0;
		if (tcp[at] == OPTION_MSS)
			return tcp[at + 1] == OPTION_MSS_LEN ? at + 2 : 0;
		at += tcp[at + 1];
	}
	return 0;
}

/* A 16-bit value that begins at an odd place counts with its bytes exchanged. */
static __rte_cold void
mss_write(uint8_t *tcp, uint32_t at, uint16_t mss)
{
	uint16_t old = load16(tcp + at), new = rte_cpu_to_be_16(mss);

	store16(tcp + at, new);
	if ((at & 1) != 0) {
		old = rte_bswap16(old);
		new = rte_bswap16(new);
	}
	store16(tcp + TCP_SUM_AT,
		sum_update(load16(tcp + TCP_SUM_AT), sum_fold((uint64_t)(uint16_t)~old + new)));
}

static __rte_cold uint32_t
headers_len(bool ip6)
{
	return (ip6 ? (uint32_t)IP6_LEN : (uint32_t)IP4_LEN) + TCP_LEN;
}

/* The MTU towards the client; by the port that the packet came in by, where no route says. */
static __rte_cold uint32_t
client_mtu(const struct dp_worker *w, const struct burst *b, unsigned int i, const struct flow *flow)
{
	unsigned int port = b->owned != 0 ? b->mbuf[i]->port : b->port;
	struct dp_fib_hop hop;

	if (dp_fib_lookup(w->snapshot->fib, &flow->client, &hop))
		port = hop.port;
	return dp_ports[port].mtu;
}

static __rte_cold uint32_t
server_mtu(const struct dp_real_slot *real, const struct flow *flow)
{
	uint32_t index = atomic_load_explicit(&real->nexthop, memory_order_relaxed);
	struct sl_addr addr;
	unsigned int port;

	if ((flow->flags & FLOW_FWD_MASK) == SL_FWD_TUN)
		return dp_tunnel_mtu(atomic_load_explicit(&real->tunnel, memory_order_acquire));
	if (index == 0)
		return UINT16_MAX;
	dp_neigh_info(index, &port, &addr);
	return dp_ports[port].mtu;
}

/* What fits both ways: each side's MTU without the headers that packets have there. */
static __rte_cold uint32_t
mss_that_fits(const struct dp_worker *w, const struct burst *b, unsigned int i, const struct flow *flow)
{
	const struct dp_real_slot *real = &dp_real_slots[flow->real];
	bool client6 = (flow->flags & FLOW_V6) != 0;
	bool server6 = (flow->flags & FLOW_FWD_MASK) == SL_FWD_TUN ? client6 : !sl_addr_is_v4(&real->addr);
	uint32_t to_client = client_mtu(w, b, i, flow), to_server = server_mtu(real, flow);

	to_client -= RTE_MIN(to_client, headers_len(client6));
	to_server -= RTE_MIN(to_server, headers_len(server6));
	return RTE_MIN(to_client, to_server);
}

__rte_cold void
dp_mss_clamp(struct dp_worker *w, struct burst *b, unsigned int i, const struct flow *flow)
{
	uint32_t most = atomic_load_explicit(&dp_real_slots[flow->real].mss, memory_order_relaxed);
	uint8_t *tcp = b->l4[i];
	const struct rte_mbuf *m = b->mbuf[i];
	uint32_t header, at, seen;

	if (most == DP_MSS_KEEP || flow->proto != SL_PROTO_TCP || (b->headless >> i & 1) != 0)
		return;
	if (most == DP_MSS_AUTO)
		most = mss_that_fits(w, b, i, flow);
	seen = m->data_len - (uint32_t)(tcp - rte_pktmbuf_mtod(m, const uint8_t *));
	header = (tcp[TCP_OFFSET_AT] >> 4) * 4u;
	if (most == 0 || header > seen)
		return;
	at = mss_at(tcp, header);
	if (at != 0 && rte_be_to_cpu_16(load16(tcp + at)) > most)
		mss_write(tcp, at, (uint16_t)most);
}
