/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which way does every packet go, by its destination address alone?
 * Reads:  key.   Writes: in, out, key (client and other change sides where out), vip_flags; live, punt.
 * Drops:  TRANSIT, where no reply is possible.   Prefetches: nothing.
 * Cost:   a line of the address table, the same few for all packets.
 *
 * A destination that is a VIP: the source is the client. Any other: if it
 * belongs to a connection at all, it is a server's reply and the destination is
 * the client.
 */
#include "worker.h"

static inline void
key_turn(struct pkt_key *key)
{
	struct sl_addr client = key->other;
	uint64_t ports = key->ports;

	key->other = key->client;
	key->client = client;
	key->ports = (ports >> KEY_SHIFT_PROTO << KEY_SHIFT_PROTO) | (uint32_t)ports >> 16 |
		     (ports & 0xffff) << KEY_SHIFT_REAL_PORT;
}

void
dp_stage_classify(struct dp_worker *w, struct burst *b)
{
	const struct dp_snapshot *snapshot = w->snapshot;
	const struct addr_table *addrs = snapshot->addrs;
	uint64_t not_vip = 0, own = 0;
	unsigned int i;

	/* Packets already dropped are looked at too: that is cheaper than to leave them out. */
	for (i = 0; i < b->count; i++) {
		uint32_t flags = addr_table_find(addrs, &b->key[i].other);

		b->vip_flags[i] = (uint8_t)flags;
		not_vip |= (uint64_t)(~flags & ADDR_VIP) << i;
	}
	not_vip &= b->live;
	BURST_FOREACH(i, not_vip)
	own |= (uint64_t)((b->vip_flags[i] & ADDR_OWN) != 0) << i;
	b->punt |= own;
	b->live &= ~own;
	b->in = b->live & ~not_vip;
	b->out = b->live & not_vip;
	if (b->out == 0)
		return;
	if (snapshot->any_nat) {
		BURST_FOREACH(i, b->out)
		key_turn(&b->key[i]);
	} else {
		BURST_FOREACH(i, b->out)
		dp_drop(w, b, i, SL_DROP_TRANSIT);
		b->out = 0;
	}
}
