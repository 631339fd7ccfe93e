/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last hop: packets that would have to be forwarded and must not be.
 *
 * The sender hears of it (time exceeded) if it is a client of a VIP, or a server whose
 * packet belongs to a connection; whatever only passes by is none of our business. A
 * reply's connection is known to its owner alone, so the packet goes there first.
 */
#include "answer.h"
#include "local.h"

/* Does a reply belong to a connection of this worker's? */
static __rte_cold bool
reply_has_flow(struct dp_worker *w, const struct pkt_key *packet, const struct sl_addr *client,
	       uint16_t client_port_be, uint64_t flags)
{
	uint8_t proto = (uint8_t)(packet->ports >> KEY_SHIFT_PROTO);
	struct pkt_key key = {
		.client = *client,
		.other = packet->client,
		.ports = client_port_be | (packet->ports & 0xffff) << KEY_SHIFT_REAL_PORT |
			 (uint64_t)proto << KEY_SHIFT_PROTO,
	};

	if ((flags & ADDR_LOCAL) != 0) {
		const struct flow *flow = dp_local_flow(w, local_index_of(flags), proto, client_port_be);

		return flow != NULL && flow->real_port_be == (uint16_t)packet->ports &&
		       sl_addr_eq(&dp_real_slots[flow->real].addr, &packet->client);
	}
	return dp_flow_find_slow(w, &key, false, flow_hash(&w->table, client, client_port_be, proto)) != NULL;
}

__rte_cold void
dp_answer_ttl(struct dp_worker *w, struct burst *b, unsigned int i)
{
	const struct pkt_key *key = &b->key[i];
	uint64_t flags = addr_table_find(w->snapshot->addrs, &key->other);
	uint16_t dport_be = (uint16_t)(key->ports >> KEY_SHIFT_VIP_PORT);
	int owner;

	if ((flags & ADDR_VIP) != 0) {
		dp_answer_drop(w, b, i, SL_DROP_TTL);
		return;
	}
	if ((flags & ADDR_LOCAL) != 0)
		owner = dp_local_owner(local_index_of(flags), (uint8_t)(key->ports >> KEY_SHIFT_PROTO),
				       dport_be);
	else
		owner = w->snapshot->any_nat ? (int)dp_owner(w, &key->other, dport_be) : -1;
	if (owner >= 0 && owner != (int)w->id && (b->owned >> i & 1) == 0)
		dp_side_give(w, b, i, (unsigned int)owner);
	else if (owner == (int)w->id && reply_has_flow(w, key, &key->other, dport_be, flags))
		dp_answer_drop(w, b, i, SL_DROP_TTL);
	else
		dp_drop(w, b, i, SL_DROP_TTL);
}
