/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options on the way to a server by full NAT.
 *
 * A server by full NAT sees the box's local address; the TOA option (kind 254) tells it
 * the client's address and port. It is put first among the options of the client's SYN,
 * and of every segment of the client's until one acknowledges more than the server's SYN,
 * because the server reads it from the segment that completes the handshake, and that
 * one may be lost. From there on the flow costs nothing (FLOW_TOA is cleared). So that
 * the client leaves room for it, the MSS in the server's SYN/ACK is lowered.
 *
 * The other option is the client's timestamps: servers take a SYN with an older
 * timestamp for a duplicate of the local port's last connection (TIME_WAIT), and those
 * of different clients are not comparable. It is overwritten in SYNs by no-operations.
 *
 * Whatever does not fit, or is malformed, is left as it is and forwarded. Runs in the
 * worker of the flow, which alone has the notes (toa_ack).
 */
#include "toa.h"

#include "port.h"
#include "wire.h"
#include "worker.h"

enum {
	TOA_KIND = 254,
	TOA_LEN4 = 8, /* kind, length, port, address */
	TOA_LEN6 = 20,
	TCP_SEQ_AT = 4,
	TCP_ACK_AT = 8,
	TCP_OPTIONS_MAX = 40,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_ACK = 0x10,
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_MSS_LEN = 4,
	OPT_TIMESTAMPS = 8,
	OPT_TIMESTAMPS_LEN = 10,
};

static inline uint32_t
header_len(const uint8_t *tcp)
{
	return (tcp[TCP_OFFSET_AT] >> 4) * 4u;
}

/* Is the whole TCP header of packet i here, and a header of ours to change? */
static __rte_cold bool
header_is_whole(const struct burst *b, unsigned int i)
{
	const struct rte_mbuf *m = b->mbuf[i];
	const uint8_t *end = rte_pktmbuf_mtod(m, const uint8_t *) + m->data_len;
	uint64_t fragments = b->gathered | b->headless;

	return (fragments >> i & 1) == 0 && b->l4[i] + TCP_LEN <= end && header_len(b->l4[i]) >= TCP_LEN &&
	       b->l4[i] + header_len(b->l4[i]) <= end;
}

/* An option of at least `len` bytes, by its kind. NULL: not there, or what is before it is malformed. */
static __rte_cold uint8_t *
option_find(uint8_t *tcp, uint8_t kind, uint8_t len)
{
	uint8_t *p = tcp + TCP_LEN, *end = tcp + header_len(tcp);

	while (p < end && *p != OPT_END) {
		if (*p == OPT_NOP) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return NULL;
		if (*p == kind)
			return p[1] == len ? p : NULL;
		p += p[1];
	}
	return NULL;
}

/* Bytes at an even or odd offset of the TCP header become others: the checksum follows. */
static __rte_cold void
bytes_replace(uint8_t *tcp, uint8_t *at, const uint8_t *bytes, unsigned int len)
{
	uint64_t sum = 0;

	for (unsigned int n = 0; n < len; n++) {
		unsigned int shift = (unsigned int)(at + n - tcp) % 2 * 8;

		sum += (uint16_t) ~((uint32_t)at[n] << shift) + ((uint32_t)bytes[n] << shift);
		at[n] = bytes[n];
	}
	store16(tcp + TCP_SUM_AT, sum_update(load16(tcp + TCP_SUM_AT), sum_fold(sum)));
}

__rte_cold void
dp_timestamps_strip(struct burst *b, unsigned int i)
{
	static const uint8_t nops[OPT_TIMESTAMPS_LEN] = { OPT_NOP, OPT_NOP, OPT_NOP, OPT_NOP, OPT_NOP,
							  OPT_NOP, OPT_NOP, OPT_NOP, OPT_NOP, OPT_NOP };
	uint8_t *option;

	if (!header_is_whole(b, i))
		return;
	option = option_find(b->l4[i], OPT_TIMESTAMPS, OPT_TIMESTAMPS_LEN);
	if (option != NULL)
		bytes_replace(b->l4[i], option, nops, OPT_TIMESTAMPS_LEN);
}

static inline uint32_t
toa_len(const struct flow *flow)
{
	return (flow->flags & FLOW_V6) != 0 ? TOA_LEN6 : TOA_LEN4;
}

__rte_cold void
dp_toa_reply(struct dp_worker *w, struct burst *b, unsigned int i)
{
	const struct flow *flow = b->flow[i];
	uint8_t *tcp = b->l4[i], *option;
	uint16_t mss, room = (uint16_t)toa_len(flow);

	if (!header_is_whole(b, i) ||
	    (tcp[TCP_FLAGS_AT] & (FLAG_SYN | FLAG_ACK | FLAG_RST)) != (FLAG_SYN | FLAG_ACK))
		return;
	w->toa_ack[flow - w->table.flow] = rte_cpu_to_be_32(rte_be_to_cpu_32(load32(tcp + TCP_SEQ_AT)) + 1);
	option = option_find(tcp, OPT_MSS, OPT_MSS_LEN);
	if (option == NULL)
		return;
	mss = rte_be_to_cpu_16(load16(option + 2));
	if (mss > room) {
		mss = rte_cpu_to_be_16(mss - room);
		bytes_replace(tcp, option + 2, (const uint8_t *)&mss, sizeof(mss));
	}
}

/* Is the server still to be told? It is not once the client has acknowledged data of it. */
static __rte_cold bool
toa_is_due(struct dp_worker *w, struct flow *flow, const uint8_t *tcp)
{
	uint32_t ack = w->toa_ack[flow - w->table.flow];

	if ((tcp[TCP_FLAGS_AT] & FLAG_ACK) == 0 || ack == 0 || load32(tcp + TCP_ACK_AT) == ack)
		return true;
	flow->flags &= (uint8_t)~FLOW_TOA;
	return false;
}

static __rte_cold void
toa_write(uint8_t *option, const struct flow *flow, uint32_t len)
{
	option[0] = TOA_KIND;
	option[1] = (uint8_t)len;
	memcpy(option + 2, &flow->client_port_be, 2);
	memcpy(option + 4, flow->client.b + (len == TOA_LEN4 ? 12 : 0), len - 4);
}

/* The IP header's length grows. */
static __rte_cold void
ip_lengthen(struct burst *b, unsigned int i, uint32_t len)
{
	uint8_t *ip = b->l3[i];
	uint16_t old, grown;

	if (b->info[i].family6) {
		grown = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(load16(ip + IP6_PAYLOAD_AT)) + len));
		store16(ip + IP6_PAYLOAD_AT, grown);
	} else {
		old = load16(ip + IP4_TOTAL_AT);
		grown = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(old) + len));
		store16(ip + IP4_TOTAL_AT, grown);
		store16(ip + IP4_SUM_AT,
			sum_update(load16(ip + IP4_SUM_AT), sum_fold((uint64_t)(uint16_t)~old + grown)));
	}
	b->info[i].ip_len = (uint16_t)(b->info[i].ip_len + len);
}

__rte_cold void
dp_toa_add(struct dp_worker *w, struct burst *b, unsigned int i)
{
	struct flow *flow = b->flow[i];
	uint32_t nexthop = atomic_load_explicit(&dp_real_slots[flow->real].nexthop, memory_order_relaxed);
	uint32_t len = toa_len(flow), mtu = dp_ports_l2[dp_nh_port(dp_nh_load(nexthop))].mtu, head;
	struct rte_mbuf *m = b->mbuf[i];
	uint8_t *tcp = b->l4[i], *frame;
	uint16_t old_offset;
	uint64_t sum;

	if (!header_is_whole(b, i) || !toa_is_due(w, flow, tcp) ||
	    header_len(tcp) + len > TCP_LEN + TCP_OPTIONS_MAX || b->info[i].ip_len + len > mtu)
		return;
	if (m->nb_segs == 1 && m->pkt_len > ETH_LEN + (uint32_t)b->info[i].ip_len) /* Ethernet's padding */
		rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - ETH_LEN - b->info[i].ip_len));
	/* All headers but for the options move to the front. */
	head = (uint32_t)(tcp + TCP_LEN - rte_pktmbuf_mtod(m, uint8_t *));
	frame = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)len);
	if (frame == NULL)
		return;
	memmove(frame, frame + len, head);
	b->l3[i] -= len;
	b->l4[i] -= len;
	tcp = b->l4[i];
	toa_write(tcp + TCP_LEN, flow, len);
	old_offset = load16(tcp + TCP_OFFSET_AT);
	tcp[TCP_OFFSET_AT] = (uint8_t)(tcp[TCP_OFFSET_AT] + (len / 4 << 4));
	/* The option, the header's length, and the segment's length in the pseudo header. */
	sum = sum_bytes(tcp + TCP_LEN, len) + (uint16_t)~old_offset + load16(tcp + TCP_OFFSET_AT) +
	      rte_cpu_to_be_16((uint16_t)len);
	store16(tcp + TCP_SUM_AT, sum_update(load16(tcp + TCP_SUM_AT), sum_fold(sum)));
	ip_lengthen(b, i, len);
}
