/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Give every packet to the worker that owns its flow.
 * Reads:  key, in, out, reply, local, vip_flags.   Writes: live, in, out, reply.
 * Drops:  HANDOVER_FULL (at the flush).   Prefetches: nothing.
 * Cost:   two look-ups in 1 KB tables a packet, with several workers and NAT only.
 *
 * A flow of DR or full NAT belongs to the worker that received it, and a reply by
 * full NAT to the worker that its local port names. A flow of NAT has
 * packets both ways, so it belongs to the worker of a hash that both directions
 * share: Toeplitz over the client's address and port, with a key that repeats
 * every 16 bits, so that it does not matter where in a device's hash input the
 * address stands. Between two workers there is one ring each way, with one
 * producer and one consumer; packets go through it in bursts and in order.
 *
 * Bit 0 of a pointer in a ring says that the frame is finished and wants only
 * to be sent, by a worker that has a transmit queue. The control core's ring has a tag of its own (worker.h).
 */
#include "port.h"
#include "wire.h"
#include "worker.h"

#define FINISHED ((uintptr_t)1)

/* Toeplitz of a 16-bit word under the key 6d5a 6d5a ..., by byte. */
static uint32_t toeplitz[2][256];

__rte_cold void
dp_owner_init(void)
{
	const uint64_t key = UINT64_C(0x6d5a6d5a6d5a6d5a);

	for (unsigned int byte = 0; byte < 2; byte++) {
		for (unsigned int value = 0; value < 256; value++) {
			uint32_t hash = 0;

			for (unsigned int bit = 0; bit < 8; bit++)
				if (value & (0x80u >> bit))
					hash ^= (uint32_t)(key >> (32 - (byte * 8 + bit)));
			toeplitz[byte][value] = hash;
		}
	}
}

/* An address as one 16-bit word of the hash's input. Of IPv4 the mapped prefix does not count: devices do not hash it. */
static inline uint16_t
addr_word(const struct sl_addr *addr)
{
	uint64_t low, high;

	memcpy(&low, addr->b, 8);
	memcpy(&high, addr->b + 8, 8);
	if (sl_addr_is_v4(addr))
		high >>= 32;
	high ^= low;
	high ^= high >> 32;
	return (uint16_t)(high ^ high >> 16);
}

static inline unsigned int
owner_of_word(const struct dp_worker *w, uint16_t word)
{
	return (toeplitz[0][word & 0xff] ^ toeplitz[1][word >> 8]) % w->worker_count;
}

__rte_cold unsigned int
dp_owner_rss(const struct dp_worker *w, const struct pkt_key *key)
{
	return owner_of_word(w, addr_word(&key->client) ^ addr_word(&key->other) ^ (uint16_t)key->ports ^
					(uint16_t)(key->ports >> KEY_SHIFT_VIP_PORT));
}

unsigned int
dp_owner(const struct dp_worker *w, const struct sl_addr *client, uint16_t client_port_be)
{
	return owner_of_word(w, addr_word(client) ^ client_port_be);
}

void
dp_handover_put(struct dp_worker *w, unsigned int to, struct rte_mbuf *tagged)
{
	struct tx_buffer *buffer = &w->handover[to];

	if (buffer->count == TX_BUFFER)
		dp_handover_flush(w);
	buffer->mbuf[buffer->count++] = tagged;
}

static void
hand_over(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int owner)
{
	uint64_t bit = UINT64_C(1) << i;

	b->live &= ~bit;
	b->in &= ~bit;
	b->out &= ~bit;
	b->reply &= ~bit;
	b->mbuf[i]->port = (uint16_t)b->port;
	dp_handover_put(w, owner, b->mbuf[i]);
}

void
dp_stage_handover(struct dp_worker *w, struct burst *b)
{
	unsigned int i;

	if (w->worker_count == 1 || b->owned != 0)
		return;
	/* A fragment is already where it belongs: fragment.c. */
	BURST_FOREACH(i, b->reply & ~b->gathered)
	{
		uint32_t slot = atomic_load_explicit(
			local_slot(b->local[i], (uint8_t)(b->key[i].ports >> KEY_SHIFT_PROTO)),
			memory_order_relaxed);

		/* A free port's is dropped here. */
		if (slot != 0 && local_owner(slot) != w->id)
			hand_over(w, b, i, local_owner(slot));
	}
	BURST_FOREACH(i, b->live & ~(b->reply | b->gathered))
	{
		const struct pkt_key *key = &b->key[i];
		unsigned int owner;

		if ((b->in >> i & 1) != 0) {
			if ((b->vip_flags[i] & ADDR_OWNER_HASH) == 0)
				continue;
			/* This VIP was DR's before: a flow from then is here. */
			if (unlikely((b->vip_flags[i] & ADDR_LOCAL_FIRST) != 0) &&
			    dp_flow_find_slow(w, key, true,
					      flow_hash(&w->table, &key->client, (uint16_t)key->ports,
							(uint8_t)(key->ports >> KEY_SHIFT_PROTO))) != NULL)
				continue;
		}
		owner = dp_owner(w, &key->client, (uint16_t)key->ports);
		if (owner != w->id)
			hand_over(w, b, i, owner);
	}
}

void
dp_handover_flush(struct dp_worker *w)
{
	for (unsigned int to = 0; to < w->worker_count; to++) {
		struct tx_buffer *buffer = &w->handover[to];
		unsigned int sent;

		if (buffer->count == 0)
			continue;
		sent = rte_ring_sp_enqueue_burst(w->ring_out[to], (void **)buffer->mbuf, buffer->count, NULL);
		w->count.handed_out += sent;
		for (; sent < buffer->count; sent++) {
			uintptr_t tagged = (uintptr_t)buffer->mbuf[sent];

			dp_drop_mbuf(w, (struct rte_mbuf *)(tagged & ~FINISHED), SL_DROP_HANDOVER_FULL);
		}
		buffer->count = 0;
	}
	dp_drop_flush(w);
}

/* Sorts what came through a ring: frames to send, packets to process. */
static unsigned int
receive_from(struct dp_worker *w, struct rte_ring *ring)
{
	struct burst *b = &w->burst;
	void *tagged[BURST_MAX];
	unsigned int count = rte_ring_sc_dequeue_burst(ring, tagged, BURST_MAX, NULL);

	if (count == 0)
		return 0;
	w->count.handed_in += count;
	b->count = 0;
	for (unsigned int i = 0; i < count; i++) {
		uintptr_t pointer = (uintptr_t)tagged[i];
		struct rte_mbuf *m = (struct rte_mbuf *)(pointer & ~FINISHED);

		if ((pointer & FINISHED) != 0)
			dp_transmit_one(w, m->port, m);
		else
			b->mbuf[b->count++] = m;
	}
	if (b->count != 0) {
		b->owned = burst_all(b->count);
		b->port = b->mbuf[0]->port;
		dp_pipeline_run(w, b);
		b->owned = 0;
	}
	return count;
}

static void
control_send(struct dp_worker *w, uintptr_t tagged)
{
	struct rte_mbuf *m = (struct rte_mbuf *)(tagged & ~CONTROL_TO_NEIGHBOUR);

	if ((tagged & CONTROL_TO_NEIGHBOUR) != 0)
		dp_output_neighbour(w, m);
	else
		dp_transmit_one(w, m->port, m);
}

unsigned int
dp_handover_receive(struct dp_worker *w)
{
	unsigned int count = 0;

	if (w->ring_control != NULL && unlikely(!rte_ring_empty(w->ring_control))) {
		void *m[BURST_MAX];
		unsigned int n = rte_ring_sc_dequeue_burst(w->ring_control, m, BURST_MAX, NULL);

		w->count.generated += n;
		for (unsigned int i = 0; i < n; i++)
			control_send(w, (uintptr_t)m[i]);
		count += n;
	}
	for (unsigned int from = 0; from < w->worker_count; from++)
		if (from != w->id)
			count += receive_from(w, w->ring_in[from]);
	return count;
}
