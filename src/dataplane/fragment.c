/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments, forwarded one by one.
 *
 * Only the first fragment of a datagram has ports, so all of them meet at one worker,
 * by a hash of the addresses under a secret of the box (`home`). Its table
 * (fragment_table.h) tells each what the first one's ports are; what comes before
 * that one waits. From there on a fragment is `gathered`: its key is as whole as any
 * packet's, and it goes to the worker that has its flow: computed where the flow is
 * NAT's, else searched for from worker to worker (side.c). Fragments without a
 * transport header are `headless`: what the rewrites write to ports and checksums goes
 * to the worker's scratch. Sizes, offsets and identifications stay as they are.
 *
 * A flow that a fragment opened (DR, tunnel, full NAT) is where the search ended,
 * not where RSS brings whole packets of the same ports. Such flows are counted in
 * dp_fragmented_flows; while there are any, whole packets that find no flow where they
 * come in are searched for as well, before they open one. What remains is a race:
 * the first fragments and the first whole packet of one flow within the microseconds
 * of one search may miss each other on their rounds and open two flows, each of
 * which then keeps the packets that find it.
 *
 * All of it is cold; a burst without fragments tests one mask. A flood of them fills
 * its side rings, its tables and its eighth of the buffers, and nothing else.
 */
#include "fragment.h"
#include "kernel.h"
#include "sync.h"
#include "tcp_state.h"
#include "wire.h"

#include <rte_cycles.h>

#include <stddef.h>

enum {
	/*
	 * Fragments of a datagram leave their sender together. Those that come first for
	 * want of order do so by a few milliseconds; longer waits only serve floods.
	 */
	WAIT_MS = 2000,
	/*
	 * How long the ports of an incomplete datagram are known. IPv4 identifications come
	 * round after 65,536 datagrams (RFC 4963): the longer a lost fragment is waited
	 * for, the likelier another datagram's meets its ranges.
	 */
	LIFE_MS = 10000,
	EXPIRE_BUDGET = 64,
	UNIT = 8,
	DATAGRAM_MAX = UINT16_MAX,
	POOL_SHARE = 8,
};

static uint64_t home_secret[2];

void
dp_fragment_secret_set(const uint64_t secret[2])
{
	memcpy(home_secret, secret, sizeof(home_secret));
}

int
dp_fragment_init(struct dp_worker *w, uint32_t mbufs)
{
	uint64_t ms = rte_get_tsc_hz() / 1000;

	return frag_table_init(&w->fragments, mbufs / POOL_SHARE / w->worker_count, w->table.secret,
			       ms * WAIT_MS, ms * LIFE_MS);
}

void
dp_fragment_fini(struct dp_worker *w)
{
	enum sl_drop reason;
	struct rte_mbuf *m;

	if (w->fragments.entry == NULL)
		return;
	frag_table_flush(&w->fragments);
	while ((m = frag_table_lost(&w->fragments, &reason)) != NULL)
		rte_pktmbuf_free(m);
	frag_table_fini(&w->fragments);
}

/* ---- what it is ---- */

/* The first fragment has the whole transport header (RFC 7112 of IPv6, RFC 3128 of IPv4). */
static __rte_cold int
head_check(const uint8_t *l4, const struct fragment *f, uint32_t seen)
{
	uint32_t here = f->at + (f->end - f->start) - f->l4_at;
	uint32_t need = f->proto == SL_PROTO_TCP ? TCP_LEN : UDP_LEN;

	if (here < need)
		return SL_DROP_FRAG_INVALID;
	if (seen < f->l4_at + need)
		return SL_DROP_SEGMENTS;
	if (f->proto == SL_PROTO_UDP)
		return rte_be_to_cpu_16(load16(l4 + UDP_LEN_AT)) < UDP_LEN ? SL_DROP_L4_HEADER
									   : FRAGMENT_STAYS;
	need = (l4[TCP_OFFSET_AT] >> 4) * 4u;
	if (need < TCP_LEN)
		return SL_DROP_L4_HEADER;
	return need > here ? SL_DROP_FRAG_INVALID : FRAGMENT_STAYS;
}

static __rte_cold int
shape_check(const struct burst *b, unsigned int i, const struct fragment *f, uint32_t seen)
{
	if (f->end == f->start || (f->more && f->end % UNIT != 0) || f->header + f->end > DATAGRAM_MAX)
		return SL_DROP_FRAG_INVALID;
	if (f->start == 0)
		return head_check(b->l3[i] + f->l4_at, f, seen);
	if (f->proto == SL_PROTO_TCP && f->start < TCP_LEN)
		return SL_DROP_FRAG_INVALID;
	return FRAGMENT_STAYS;
}

/* Can it belong to a connection at all? As classify.c will see it. */
static __rte_cold int
destination_check(const struct dp_worker *w, uint64_t flags)
{
	if ((flags & (ADDR_VIP | ADDR_LOCAL)) != 0)
		return FRAGMENT_STAYS;
	if ((flags & ADDR_OWN) != 0)
		return SL_DROP_FRAGMENT; /* the kernel's, where there is one: it would put them together */
	return w->snapshot->any_nat ? FRAGMENT_STAYS : (int)dp_transit_reason(flags);
}

/* ---- its ports ---- */

static __rte_cold void
lost_drop(struct dp_worker *w)
{
	enum sl_drop reason;
	struct rte_mbuf *m;

	while ((m = frag_table_lost(&w->fragments, &reason)) != NULL)
		dp_drop_mbuf(w, m, reason);
}

/*
 * Full NAT sends many clients' datagrams from one address, so their own identifications
 * no longer tell them apart. Workers count in steps, each from its own number.
 */
static __rte_cold uint16_t
fragment_id(struct dp_worker *w)
{
	if (w->fragment_id == 0)
		w->fragment_id = (uint16_t)w->id;
	w->fragment_id = (uint16_t)(w->fragment_id + w->worker_count);
	return w->fragment_id;
}

/* At home: as dp_fragment_take, with the first fragment's ports and protocol. */
static __rte_cold int
gather(struct dp_worker *w, struct burst *b, unsigned int i, const struct fragment *f,
       struct frag_head *ret_head)
{
	const struct frag_key key = {
		.src = b->key[i].client,
		.dst = b->key[i].other,
		.id = f->id,
		.proto = f->key_proto,
	};
	const struct frag_piece piece = {
		.start = f->start,
		.end = f->end,
		.last = !f->more,
		.head = { .ports = f->start == 0 ? load32(b->l3[i] + f->l4_at) : 0,
			  .proto = f->proto,
			  .id = f->start == 0 ? fragment_id(w) : 0 },
	};
	int verdict;

	if (b->owned == 0)
		b->mbuf[i]->port = (uint16_t)b->port;
	verdict = frag_table_put(&w->fragments, &key, &piece, b->mbuf[i], rte_rdtsc(), ret_head);
	lost_drop(w);
	if (verdict == FRAG_WAITS_NOW) {
		b->live &= ~(UINT64_C(1) << i);
		return FRAGMENT_GONE;
	}
	return verdict == FRAG_GOES ? FRAGMENT_STAYS : verdict;
}

static __rte_cold void
row_fill(struct dp_worker *w, struct burst *b, unsigned int i, const struct fragment *f,
	 struct frag_head head)
{
	struct pkt_note *note = mbuf_note(b->mbuf[i]);
	uint64_t bit = UINT64_C(1) << i;

	note->ports = head.ports;
	note->proto = (uint8_t)head.proto;
	note->id = head.id;
	b->gathered |= bit;
	b->ports[i] = head.ports;
	b->key[i].ports = head.ports | (uint64_t)head.proto << KEY_SHIFT_PROTO;
	b->info[i].event = head.proto == SL_PROTO_TCP ? TCP_EVENT_ACK : TCP_EVENT_UDP;
	if (f->start != 0) {
		b->headless |= bit;
		b->l4[i] = w->scratch;
	} else {
		b->l4[i] = b->l3[i] + f->l4_at;
		if (head.proto == SL_PROTO_TCP)
			b->info[i].event = tcp_event_of_flags[b->l4[i][TCP_FLAGS_AT]];
	}
}

/* ---- its worker ---- */

/*
 * The worker that has the flow, or where the search for it begins: here. A packet on
 * its search is where it is to be.
 */
static __rte_cold unsigned int
worker_of(struct dp_worker *w, const struct burst *b, unsigned int i, uint64_t flags)
{
	struct pkt_key key = b->key[i];

	if ((b->searching >> i & 1) != 0)
		return w->id;
	if ((flags & ADDR_LOCAL) != 0) {
		int owner = dp_local_owner(local_index_of(flags), (uint8_t)(key.ports >> KEY_SHIFT_PROTO),
					   (uint16_t)(key.ports >> KEY_SHIFT_VIP_PORT));

		return owner >= 0 ? (unsigned int)owner : w->id;
	}
	if ((flags & ADDR_VIP) == 0)
		return dp_owner(w, &key.other, (uint16_t)(key.ports >> KEY_SHIFT_VIP_PORT));
	if ((flags & ADDR_OWNER_HASH) == 0)
		return w->id;
	/* As dp_stage_handover does. */
	if ((flags & ADDR_LOCAL_FIRST) != 0 &&
	    dp_flow_find_slow(w, &key, true,
			      flow_hash(&w->table, &key.client, (uint16_t)key.ports,
					(uint8_t)(key.ports >> KEY_SHIFT_PROTO))) != NULL)
		return w->id;
	return dp_owner(w, &key.client, (uint16_t)key.ports);
}

__rte_cold int
dp_fragment_take(struct dp_worker *w, struct burst *b, unsigned int i, const struct fragment *f,
		 uint32_t seen)
{
	const struct pkt_note *note = mbuf_note(b->mbuf[i]);
	uint64_t flags = addr_table_find(w->snapshot->addrs, &b->key[i].other);
	struct frag_head head = { .ports = note->ports, .proto = note->proto, .id = note->id };
	unsigned int worker;
	int verdict = shape_check(b, i, f, seen);

	if (verdict == FRAGMENT_STAYS)
		verdict = destination_check(w, flags);
	if (verdict != FRAGMENT_STAYS)
		return verdict;
	if ((b->gathered >> i & 1) == 0) {
		worker = (unsigned int)(frag_hash_addrs(home_secret, &b->key[i].client, &b->key[i].other) %
					w->worker_count);
		if (worker != w->id) {
			dp_side_give(w, b, i, worker);
			return FRAGMENT_GONE;
		}
		verdict = gather(w, b, i, f, &head);
		if (verdict != FRAGMENT_STAYS)
			return verdict;
	}
	row_fill(w, b, i, f, head);
	worker = worker_of(w, b, i, flags);
	if (worker == w->id)
		return FRAGMENT_STAYS;
	dp_side_give(w, b, i, worker);
	return FRAGMENT_GONE;
}

/* ---- after the burst ---- */

__rte_cold bool
dp_fragment_next(struct dp_worker *w, struct burst *b)
{
	struct frag_head head;
	struct rte_mbuf *m;

	b->count = 0;
	while (b->count < BURST_MAX && (m = frag_table_released(&w->fragments, &head)) != NULL) {
		mbuf_note(m)->ports = head.ports;
		mbuf_note(m)->proto = (uint8_t)head.proto;
		mbuf_note(m)->id = head.id;
		b->mbuf[b->count++] = m;
	}
	b->headless = 0;
	b->searching = 0;
	b->gathered = b->owned = burst_all(b->count);
	if (b->count != 0)
		b->port = b->mbuf[0]->port;
	return b->count != 0;
}

__rte_cold void
dp_fragment_serve(struct dp_worker *w, uint64_t now_tsc)
{
	frag_table_expire(&w->fragments, now_tsc, EXPIRE_BUDGET);
	lost_drop(w);
	dp_drop_flush(w);
}

/* ---- flows of which a fragment came first ---- */

/* Does RSS alone decide where flows of this VIP are? */
static __rte_cold bool
is_searched(uint64_t flags)
{
	return (flags & ADDR_OWNER_HASH) == 0 || (flags & ADDR_LOCAL_FIRST) != 0;
}

/*
 * Whole packet i found no flow where it came in. May one be elsewhere? A flood that fills the rings does not keep
 * others from opening connections; but what cannot open one is better lost than refused.
 */
static __rte_cold bool
whole_is_searched(const struct dp_worker *w, const struct burst *b, unsigned int i, uint8_t proto)
{
	bool foreign = dp_sync_may_be_elsewhere(&b->key[i]);
	uint8_t event = b->info[i].event;

	if (!foreign && atomic_load_explicit(dp_fragmented_count(proto), memory_order_relaxed) == 0)
		return false;
	return !rte_ring_full(w->side_out[(w->id + 1) % w->worker_count]) ||
	       (foreign && event != TCP_EVENT_SYN && event != TCP_EVENT_UDP);
}

__rte_cold bool
dp_fragment_search(struct dp_worker *w, struct burst *b, unsigned int i)
{
	const struct pkt_key *key = &b->key[i];
	uint8_t proto = (uint8_t)(key->ports >> KEY_SHIFT_PROTO);

	if ((b->in >> i & 1) == 0 || !is_searched(b->vip_flags[i]))
		return false;
	if (((b->gathered | b->searching) >> i & 1) == 0 && !whole_is_searched(w, b, i, proto))
		return false;
	if (dp_flow_find_slow(w, key, true, (struct flow_hash){ .bucket = b->bucket[i], .tag = b->tag[i] }) !=
	    NULL)
		return false;
	return dp_side_search(w, b, i);
}

__rte_cold void
dp_fragment_opened(const struct dp_worker *w, const struct burst *b, unsigned int i, struct flow *flow)
{
	if (w->worker_count == 1 || (b->vip_flags[i] & ADDR_OWNER_HASH) != 0)
		return;
	flow->flags |= FLOW_FRAGMENTED;
	atomic_fetch_add_explicit(dp_fragmented_count(flow->proto), 1, memory_order_relaxed);
}
