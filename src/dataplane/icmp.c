/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Give ICMP errors to those whose packets they are about.
 * Reads:  icmp, l3, l4, key.   Writes: the packets; punt, icmp.
 * Drops:  ICMP_INVALID, ICMP_NO_FLOW, ICMP_IGNORED, TRANSIT, VIP_NOT_HELD, SERVER_REMOVED, TTL, SEGMENTS, TRANSLATE, and what sending drops.
 * Cost:   for errors only; they leave one by one (dp_output).
 *
 * An error is believed if its checksum is right, the packet that it quotes is one that
 * passed here, going to where the error comes from, and the connection exists: what an
 * attacker has to guess is the connection. Cases, by the error's destination:
 *
 *	a VIP             a client's side about what the client was sent: to the server
 *	a local address   a server's side about what full NAT sent there: to the client
 *	an own address    about a tunnel packet (icmp_tunnel.c), or for the box itself
 *	anything else     a server's side about what NAT sent there: to the client
 *
 * The quoted packet names the connection. Its worker is the hash's owner (NAT) or the
 * slot's (full NAT); a flow of DR or a tunnel, whose worker nobody knows, is looked for
 * from worker to worker (side.c). A packet given to another worker comes here again.
 */
#include "icmp.h"

#include "kernel.h"
#include "local.h"
#include "message.h"

/* Checksum and length of the message. SL_DROP_MAX: it is whole. */
static __rte_cold enum sl_drop
error_read(struct icmp_error *e)
{
	struct burst *b = e->b;
	struct rte_mbuf *m = b->mbuf[e->i];
	uint32_t at, len;
	uint64_t sum;

	e->ip = b->l3[e->i];
	e->icmp = b->l4[e->i];
	e->ip6 = b->info[e->i].family6 != 0;
	at = (uint32_t)(e->icmp - rte_pktmbuf_mtod(m, uint8_t *));
	len = b->info[e->i].ip_len - (uint32_t)(e->icmp - e->ip);
	if (len < ICMP_LEN)
		return SL_DROP_ICMP_INVALID;
	sum = message_sum(m, at, len);
	if (e->ip6)
		sum += message_pseudo_sum(e->ip, PROTO_ICMP6, len);
	if (sum_fold(sum) != MESSAGE_SUM_OK)
		return SL_DROP_ICMP_INVALID;
	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0)
		return SL_DROP_SEGMENTS;
	e->quote = e->icmp + ICMP_LEN;
	e->quote_len = len - ICMP_LEN;
	e->src = b->key[e->i].client;
	e->dst = b->key[e->i].other;
	return SL_DROP_MAX;
}

__rte_cold bool
dp_icmp_ports_read(const uint8_t *ip, uint32_t len, const struct ip_headers *headers, uint16_t *ret_sport_be,
		   uint16_t *ret_dport_be)
{
	/* RFC 792 promises eight bytes of transport. */
	if (headers->later || (headers->proto != SL_PROTO_TCP && headers->proto != SL_PROTO_UDP) ||
	    headers->l4_at + UDP_LEN > len || headers->l4_at + UDP_LEN > headers->ip_len)
		return false;
	*ret_sport_be = load16(ip + headers->l4_at);
	*ret_dport_be = load16(ip + headers->l4_at + 2);
	return true;
}

static __rte_cold bool
quote_read(struct icmp_error *e)
{
	return dp_ip_headers_read(e->quote, e->quote_len, &e->quoted) && e->quoted.ip6 == e->ip6 &&
	       dp_icmp_ports_read(e->quote, e->quote_len, &e->quoted, &e->sport_be, &e->dport_be);
}

static __rte_cold void
error_drop(const struct icmp_error *e, enum sl_drop reason)
{
	dp_drop(e->w, e->b, e->i, reason);
}

/* About nothing that is here. */
static __rte_cold void
error_unknown(const struct icmp_error *e)
{
	if ((e->flags & ADDR_OWN) != 0)
		e->b->punt |= UINT64_C(1) << e->i;
	else
		error_drop(e, SL_DROP_ICMP_NO_FLOW);
}

/* Has another worker had it already, and decided that it is for this one, or for all to look at? */
static __rte_cold bool
is_handed(const struct icmp_error *e)
{
	return (e->b->owned >> e->i & 1) != 0;
}

static __rte_cold struct flow *
flow_find(struct dp_worker *w, const struct pkt_key *key, bool in)
{
	return dp_flow_find_slow(w, key, in,
				 flow_hash(&w->table, &key->client, (uint16_t)key->ports,
					   (uint8_t)(key->ports >> KEY_SHIFT_PROTO)));
}

/* True: another worker is asked. */
static __rte_cold bool
vip_ask_others(const struct icmp_error *e, const struct pkt_key *key)
{
	struct dp_worker *w = e->w;
	unsigned int owner;

	/* The owner by hash has all flows of such a VIP, but for those from before it had NAT. */
	if ((e->flags & (ADDR_OWNER_HASH | ADDR_LOCAL_FIRST)) != ADDR_OWNER_HASH)
		return dp_side_search(w, e->b, e->i);
	owner = dp_owner(w, &key->client, (uint16_t)key->ports);
	if (owner == w->id || is_handed(e))
		return false;
	dp_handover_flush(w); /* what the error is about goes first */
	dp_side_give(w, e->b, e->i, owner);
	return true;
}

static __rte_cold void
vip_error(struct icmp_error *e)
{
	struct pkt_key key = {
		.client = e->quoted.dst,
		.other = e->quoted.src,
		.ports = e->dport_be | (uint64_t)e->sport_be << KEY_SHIFT_VIP_PORT |
			 (uint64_t)e->quoted.proto << KEY_SHIFT_PROTO,
	};
	const struct flow *flow;

	if (!sl_addr_eq(&e->quoted.src, &e->dst)) {
		error_unknown(e);
		return;
	}
	flow = flow_find(e->w, &key, true);
	if (flow != NULL && flow_is_removed(flow))
		error_drop(e, SL_DROP_SERVER_REMOVED);
	else if (flow != NULL)
		dp_icmp_to_server(e, flow);
	else if (!vip_ask_others(e, &key))
		error_unknown(e);
}

static __rte_cold void
local_error(struct icmp_error *e)
{
	struct dp_worker *w = e->w;
	uint32_t index = local_index_of(e->flags);
	int owner = dp_local_owner(index, e->quoted.proto, e->sport_be);
	const struct flow *flow;

	if (owner < 0 || !sl_addr_eq(&e->quoted.src, &e->dst)) {
		error_unknown(e);
		return;
	}
	if (owner != (int)w->id && !is_handed(e)) {
		dp_side_give(w, e->b, e->i, (unsigned int)owner);
		return;
	}
	flow = dp_local_flow(w, index, e->quoted.proto, e->sport_be);
	if (flow == NULL || flow->real_port_be != e->dport_be ||
	    !sl_addr_eq(&dp_real_slots[flow->real].addr, &e->quoted.dst))
		error_unknown(e);
	else if (flow_is_removed(flow))
		error_drop(e, SL_DROP_SERVER_REMOVED);
	else
		dp_icmp_to_client(e, flow);
}

static __rte_cold void
reply_error(struct icmp_error *e)
{
	struct dp_worker *w = e->w;
	struct pkt_key key = {
		.client = e->quoted.src,
		.other = e->quoted.dst,
		.ports = e->sport_be | (uint64_t)e->dport_be << KEY_SHIFT_REAL_PORT |
			 (uint64_t)e->quoted.proto << KEY_SHIFT_PROTO,
	};
	unsigned int owner = dp_owner(w, &key.client, e->sport_be);
	bool ours = sl_addr_eq(&e->quoted.src, &e->dst);
	const struct flow *flow;

	if (ours && owner != w->id && !is_handed(e)) {
		dp_handover_flush(w);
		dp_side_give(w, e->b, e->i, owner);
		return;
	}
	flow = ours && owner == w->id ? flow_find(w, &key, false) : NULL;
	if (flow != NULL && (flow->flags & FLOW_FWD_MASK) == SL_FWD_NAT && !flow_is_removed(flow))
		dp_icmp_to_client(e, flow);
	else if (!dp_kernel_takes(w, e->b, e->i, dp_transit_reason(e->flags)))
		error_drop(e, dp_transit_reason(e->flags));
}

static __rte_cold void
error_handle(struct icmp_error *e)
{
	enum sl_drop reason = error_read(e);

	if (reason != SL_DROP_MAX) {
		error_drop(e, reason);
		return;
	}
	e->flags = addr_table_find(e->w->snapshot->addrs, &e->dst);
	if ((e->flags & (ADDR_VIP | ADDR_LOCAL)) == 0 && (e->flags & ADDR_OWN) != 0) {
		if (!dp_icmp_tunnel(e))
			error_unknown(e);
	} else if (!quote_read(e)) {
		error_drop(e, SL_DROP_ICMP_INVALID);
	} else if ((e->flags & ADDR_VIP) != 0) {
		vip_error(e);
	} else if ((e->flags & ADDR_LOCAL) != 0) {
		local_error(e);
	} else {
		reply_error(e);
	}
}

__rte_cold void
dp_stage_icmp(struct dp_worker *w, struct burst *b)
{
	unsigned int i;

	BURST_FOREACH(i, b->icmp)
	{
		struct icmp_error e = { .w = w, .b = b, .i = i };

		error_handle(&e);
	}
	b->icmp = 0;
}
