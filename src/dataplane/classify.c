/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which way does every packet go, by its destination address alone?
 * Reads:  key.   Writes: in, out, reply, key (client and other change sides where out), vip_flags, local; live, punt.
 * Drops:  TRANSIT, VIP_NOT_HELD, where no reply is possible.   Prefetches: the slots of local ports.
 * Cost:   a line of the address table, the same few for all packets.
 *
 * A destination that is a VIP: the source is the client. A local address of full
 * NAT: a server's reply, whose flow the address and port name; the key stays as it
 * is. Any other: if it belongs to a connection at all, it is a server's reply and the
 * destination is the client.
 */
#include "kernel.h"
#include "worker.h"

#include <rte_prefetch.h>

#include <emmintrin.h>

enum { ASK_AGAIN_MASK = 15 };

static_assert(ADDR_VIP == 1 << 0 && ADDR_LOCAL == 1 << 4 && BURST_MAX == 64,
	      "bits_of takes a bit of 64 bytes");

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

/* A set from one bit of 64 bytes. */
static inline uint64_t
bits_of(const uint8_t *bytes, int bit)
{
	uint64_t set = 0;

	for (unsigned int part = 0; part < 4; part++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(bytes + 16 * part));

		set |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_slli_epi16(v, 7 - bit)) << (16 * part);
	}
	return set;
}

/*
 * Flags of every destination. No branch on what is found, since directions
 * alternate as they like: the table is so empty that its first entry decides,
 * but for the few addresses that find another's there.
 * Packets already dropped are looked at too: that is cheaper than to leave them out.
 */
static inline void
flags_find(const struct addr_table *addrs, struct burst *b)
{
	const struct addr_entry *entries = addrs->entry;
	uint32_t shift = addrs->shift, count = b->count;

	for (uint32_t i = 0; i < count; i++) {
		const struct addr_entry *e;
		uint64_t low, high, has, flags;

		memcpy(&low, b->key[i].other.b, 8);
		memcpy(&high, b->key[i].other.b + 8, 8);
		e = &entries[addr_table_hash(shift, low, high)];
		has = addr_flags_load(e);
		flags = addr_entry_flags(e, has, low, high);
		if (unlikely(flags != has))
			flags = addr_table_find(addrs, &b->key[i].other);
		b->vip_flags[i] = (uint8_t)flags;
	}
}

/* Do all rows have the first one's destination? */
static inline bool
one_destination(const struct burst *b)
{
	__m128i first = _mm_loadu_si128((const __m128i *)&b->key[0].other);
	__m128i differ = _mm_setzero_si128();

	for (uint32_t i = 1, count = b->count; i < count; i++) {
		__m128i other = _mm_loadu_si128((const __m128i *)&b->key[i].other);

		differ = _mm_or_si128(differ, _mm_xor_si128(other, first));
	}
	return _mm_movemask_epi8(_mm_cmpeq_epi8(differ, _mm_setzero_si128())) == 0xffff;
}

/*
 * A burst whose packets all go to one VIP is looked up once. Whether it is one
 * is asked as long as bursts are, and now and then when they are not.
 */
static inline bool
flags_find_once(struct dp_worker *w, struct burst *b)
{
	if (!w->one_destination && (w->count.loops & ASK_AGAIN_MASK) != 0)
		return false;
	w->one_destination = one_destination(b);
	if (w->one_destination)
		memset(b->vip_flags, (int)addr_table_find(w->snapshot->addrs, &b->key[0].other), BURST_MAX);
	return w->one_destination;
}

/* Where replies' flows are written down. The address is looked up again: a line that is at hand. */
static inline void
replies_find(const struct addr_table *addrs, struct burst *b, uint64_t replies)
{
	unsigned int i;

	BURST_FOREACH(i, replies)
	{
		uint64_t flags = addr_table_find(addrs, &b->key[i].other);
		uint64_t ports = b->key[i].ports;

		b->local[i] = local_make(local_index_of(flags), (uint16_t)(ports >> KEY_SHIFT_VIP_PORT));
		rte_prefetch0((const void *)(uintptr_t)local_slot(b->local[i],
								  (uint8_t)(ports >> KEY_SHIFT_PROTO)));
	}
	b->reply = replies;
}

void
dp_stage_classify(struct dp_worker *w, struct burst *b)
{
	const struct dp_snapshot *snapshot = w->snapshot;
	uint64_t not_vip, own = 0;
	unsigned int i;

	if (!flags_find_once(w, b))
		flags_find(snapshot->addrs, b);
	not_vip = ~bits_of(b->vip_flags, 0);
	not_vip &= b->live;
	b->reply = 0;
	if (snapshot->any_local) {
		replies_find(snapshot->addrs, b, not_vip & bits_of(b->vip_flags, 4));
		not_vip &= ~b->reply;
	}
	BURST_FOREACH(i, not_vip)
	own |= (uint64_t)((b->vip_flags[i] & ADDR_OWN) != 0) << i;
	b->punt |= own;
	b->live &= ~own;
	b->in = b->live & ~not_vip & ~b->reply;
	b->out = b->live & not_vip;
	if (b->out == 0)
		return;
	if (snapshot->any_nat) {
		BURST_FOREACH(i, b->out)
		key_turn(&b->key[i]);
	} else {
		BURST_FOREACH(i, b->out)
		if (!dp_kernel_takes(w, b, i, dp_transit_reason(b->vip_flags[i])))
			dp_drop(w, b, i, dp_transit_reason(b->vip_flags[i]));
		b->out = 0;
	}
}
