/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which way does every packet go, by its destination address alone?
 * Reads:  key, ports.   Writes: in, out, key (client and other change sides where out), vip_flags; live, punt.
 * Drops:  TRANSIT, where no reply is possible.   Prefetches: nothing.
 * Cost:   a line of the address table, the same few for all packets.
 *
 * A destination that is a VIP: the source is the client. Any other: if it
 * belongs to a connection at all, it is a server's reply and the destination is
 * the client.
 */
#include "wire.h"
#include "worker.h"

static inline void
key_turn(struct pkt_key *key, uint32_t ports)
{
	struct sl_addr client = key->other;

	key->other = key->client;
	key->client = client;
	key->ports = (key->ports & ~UINT64_C(0xffffffffffff)) | ports >> 16 |
		     (uint64_t)(ports & 0xffff) << KEY_SHIFT_REAL_PORT;
}

void
dp_stage_classify(struct dp_worker *w, struct burst *b)
{
	const struct dp_snapshot *snapshot = w->snapshot;
	const struct addr_table *addrs = snapshot->addrs;
	uint64_t in = 0, own = 0, rest;
	unsigned int i;

	BURST_FOREACH(i, b->live)
	{
		uint32_t flags = addr_table_find(addrs, &b->key[i].other);

		b->vip_flags[i] = (uint8_t)flags;
		in |= (uint64_t)(flags & ADDR_VIP) << i;
		own |= (uint64_t)((flags & (ADDR_VIP | ADDR_OWN)) == ADDR_OWN) << i;
	}
	b->in = in;
	b->punt |= own;
	b->live &= ~own;
	rest = b->live & ~in;
	b->out = rest;
	if (rest == 0)
		return;
	if (snapshot->any_nat) {
		BURST_FOREACH(i, rest)
		key_turn(&b->key[i], b->ports[i]);
	} else {
		b->out = 0;
		BURST_FOREACH(i, rest)
		dp_drop(w, b, i, SL_DROP_TRANSIT);
	}
}
