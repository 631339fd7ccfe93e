/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of tunnels; see tunnel.h. Beside each entry, which packets need, stands
 * a record that they do not: whose it is, how many users, what was learned of the path.
 *
 * Records are found by a hash of the server's address: by the control thread, which
 * alone links and unlinks them, and by workers that have met an ICMP error. These
 * walk over a chain without a lock; a record is used again only a grace period
 * after it was unlinked.
 *
 * A path MTU is one atomic word, MTU and time together. Whoever changes it computes
 * the entry's MTU from it, and again until it has not changed meanwhile, so the last
 * word always wins.
 */
#include "tunnel.h"

#include "rcu.h"
#include "wire.h"

#include <rte_common.h>

#include <errno.h>
#include <sys/mman.h>

enum {
	BUCKETS = 1 << 16,
	PROTO_IPIP = 4,
	PROTO_IP6 = 41,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	FRAGMENT_LEN = 8,
	GUE_LEN = 4,
	GRE_LEN = 4,
	GRE_SUM_LEN = 4,
	GRE_SUM_PRESENT_BE = 0x0080,
	MTU_MIN_V4 = 68,
	MTU_MIN_V6 = 1280,
};

struct record {
	struct sl_addr server, source;
	uint16_t port_be; /* of GUE */
	uint16_t link_mtu;
	uint32_t refs;
	_Atomic uint64_t learned; /* second when it is forgotten << 16 | MTU of the path; 0: nothing */
	_Atomic uint32_t next;    /* in the bucket; of free records, the next free one */
	uint8_t flags;            /* as the entry's */
};

static struct {
	struct dp_tunnel_entry entry[DP_TUNNELS_MAX];
	struct record record[DP_TUNNELS_MAX];
	_Atomic uint32_t bucket[BUCKETS];
	_Atomic uint64_t learners[DP_TUNNELS_MAX / 64]; /* which records have learned something */
	_Atomic uint32_t now_s;
	uint32_t free, high;
} * table;

struct dp_tunnel_entry *dp_tunnels;

static void entry_fill(struct dp_tunnel_entry *entry, const struct dp_tunnel_way *way, uint8_t flags);

int
dp_tunnel_init(void)
{
	void *memory = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	table = memory;
	dp_tunnels = table->entry;
	return 0;
}

void
dp_tunnel_fini(void)
{
	if (table != NULL)
		munmap(table, sizeof(*table));
	table = NULL;
	dp_tunnels = NULL;
}

static _Atomic uint32_t *
bucket_of(const struct sl_addr *server)
{
	uint64_t low, high;

	memcpy(&low, server->b, 8);
	memcpy(&high, server->b + 8, 8);
	return &table->bucket[((high ^ low * UINT64_C(0xc2b2ae3d27d4eb4f)) * UINT64_C(0x9e3779b97f4a7c15)) >>
			      48];
}

static_assert(BUCKETS == 1 << (64 - 48), "a hash is a bucket's number");

/* ---- path MTU ---- */

/* What fits into outer packets of this length; 0: they are too short for a tunnel to be of use. */
static uint16_t
mtu_inside(const struct dp_tunnel_entry *entry, unsigned int outer_mtu)
{
	unsigned int least = (entry->flags & TUNNEL_V6) != 0 ? MTU_MIN_V6 : MTU_MIN_V4;

	return outer_mtu >= entry->len + least ? (uint16_t)(outer_mtu - entry->len) : 0;
}

static void
mtu_update(uint32_t index)
{
	struct dp_tunnel_entry *entry = &table->entry[index];
	struct record *record = &table->record[index];
	uint64_t learned = atomic_load(&record->learned), before;

	do {
		uint16_t outer = learned != 0 ? (uint16_t)learned : record->link_mtu;

		before = learned;
		if (!sl_addr_is_none(&record->source))
			atomic_store(&entry->mtu, mtu_inside(entry, outer));
		learned = atomic_load(&record->learned);
	} while (learned != before);
}

__rte_cold void
dp_tunnel_mtu_learn(uint32_t index, uint32_t outer_mtu)
{
	const struct dp_tunnel_entry *entry = &table->entry[index];
	struct record *record = &table->record[index];
	uint32_t least = entry->len + (uint32_t)((entry->flags & TUNNEL_V6) != 0 ? MTU_MIN_V6 : MTU_MIN_V4);
	uint32_t expires = atomic_load(&table->now_s) + TUNNEL_MTU_EXPIRES_S;
	uint64_t learned = atomic_load(&record->learned);

	outer_mtu = RTE_MAX(outer_mtu, least);
	do {
		if (outer_mtu >= record->link_mtu || (learned != 0 && outer_mtu > (uint16_t)learned))
			return;
	} while (!atomic_compare_exchange_weak(&record->learned, &learned,
					       (uint64_t)expires << 16 | outer_mtu));
	atomic_fetch_or(&table->learners[index / 64], UINT64_C(1) << index % 64);
	mtu_update(index);
}

/* True when it has been forgotten. */
static bool
mtu_expire(uint32_t index, uint32_t now_s)
{
	struct record *record = &table->record[index];
	uint64_t learned = atomic_load(&record->learned), bit = UINT64_C(1) << index % 64;

	if (learned != 0 && learned >> 16 > now_s)
		return false;
	/* Whoever learns anew from here on sets the bit again. */
	atomic_fetch_and(&table->learners[index / 64], ~bit);
	if (!atomic_compare_exchange_strong(&record->learned, &learned, 0)) {
		atomic_fetch_or(&table->learners[index / 64], bit);
		return false;
	}
	mtu_update(index);
	return true;
}

unsigned int
dp_tunnel_tick(uint64_t now_ms)
{
	uint32_t now_s = (uint32_t)(now_ms / 1000);
	unsigned int count = 0;

	if (now_s == atomic_load_explicit(&table->now_s, memory_order_relaxed))
		return 0;
	atomic_store(&table->now_s, now_s);
	for (uint32_t word = 0; word <= table->high / 64; word++) {
		uint64_t bits = atomic_load_explicit(&table->learners[word], memory_order_relaxed);

		for (; bits != 0; bits &= bits - 1)
			count += mtu_expire(word * 64 + (uint32_t)__builtin_ctzll(bits), now_s);
	}
	return count;
}

/* ---- tunnels by server ---- */

static uint8_t
flags_of(const struct dp_tunnel_way *way)
{
	static const uint8_t types[SL_TUN_MAX] = { [SL_TUN_GUE] = TUNNEL_GUE, [SL_TUN_GRE] = TUNNEL_GRE };
	uint8_t flags = types[way->tunnel.type];

	if (flags != 0 && way->tunnel.sum != SL_TUN_SUM_NONE)
		flags |= TUNNEL_SUM;
	if (!sl_addr_is_v4(&way->server))
		flags |= TUNNEL_V6;
	return way->inner6 ? flags | TUNNEL_INNER6 : flags;
}

static bool
record_is(const struct record *record, const struct dp_tunnel_way *way, uint8_t flags)
{
	return record->flags == flags && record->link_mtu == way->link_mtu &&
	       record->port_be == rte_cpu_to_be_16(way->tunnel.port) &&
	       sl_addr_eq(&record->server, &way->server) && sl_addr_eq(&record->source, &way->source);
}

static uint32_t
record_take(void)
{
	uint32_t index = table->free;

	if (index != 0)
		table->free = atomic_load(&table->record[index].next);
	else if (table->high + 1 < DP_TUNNELS_MAX)
		index = ++table->high;
	return index;
}

uint32_t
dp_tunnel_get(const struct dp_tunnel_way *way)
{
	_Atomic uint32_t *bucket = bucket_of(&way->server);
	uint8_t flags = flags_of(way);
	struct record *record;
	uint32_t index;

	for (index = atomic_load(bucket); index != 0; index = atomic_load(&table->record[index].next)) {
		record = &table->record[index];
		if (record_is(record, way, flags)) {
			record->refs++;
			return index;
		}
	}
	index = record_take();
	if (index == 0)
		return 0;
	record = &table->record[index];
	record->server = way->server;
	record->source = way->source;
	record->port_be = rte_cpu_to_be_16(way->tunnel.port);
	record->link_mtu = (uint16_t)RTE_MIN(way->link_mtu, (unsigned int)UINT16_MAX);
	record->flags = flags;
	record->refs = 1;
	atomic_store(&record->learned, 0);
	entry_fill(&table->entry[index], way, flags);
	mtu_update(index);
	atomic_store(&record->next, atomic_load(bucket));
	atomic_store(bucket, index);
	return index;
}

/* After a grace period: no worker knows the number any more. */
static void
record_free(void *pointer)
{
	uint32_t index = (uint32_t)(uintptr_t)pointer;

	atomic_store(&table->record[index].next, table->free);
	table->free = index;
}

void
dp_tunnel_put(uint32_t index)
{
	struct record *record = &table->record[index];
	_Atomic uint32_t *link;

	if (index == 0 || --record->refs > 0)
		return;
	for (link = bucket_of(&record->server); atomic_load(link) != index;
	     link = &table->record[atomic_load(link)].next)
		;
	atomic_store(link, atomic_load(&record->next));
	dp_rcu_defer(record_free, (void *)(uintptr_t)index);
}

/* ---- the headers ---- */

/* What follows the outer IP header, at `p`; and which protocol that is. */
static uint8_t
inside_fill(uint8_t *p, const struct dp_tunnel_way *way, uint8_t flags)
{
	uint8_t inner = way->inner6 ? PROTO_IP6 : PROTO_IPIP;

	if ((flags & TUNNEL_GUE) != 0) {
		store16(p + 2, rte_cpu_to_be_16(way->tunnel.port));
		p[UDP_LEN + 1] = inner;
		return SL_PROTO_UDP;
	}
	if ((flags & TUNNEL_GRE) != 0) {
		store16(p, (flags & TUNNEL_SUM) != 0 ? GRE_SUM_PRESENT_BE : 0);
		store16(p + 2, way->inner6 ? ETH_TYPE_IP6_BE : ETH_TYPE_IP4_BE);
		return PROTO_GRE;
	}
	return inner;
}

static unsigned int
inside_len(uint8_t flags)
{
	if ((flags & TUNNEL_GUE) != 0)
		return UDP_LEN + GUE_LEN;
	if ((flags & TUNNEL_GRE) != 0)
		return GRE_LEN + ((flags & TUNNEL_SUM) != 0 ? GRE_SUM_LEN : 0);
	return 0;
}

/* Everything that is the same for all packets. */
static void
entry_fill(struct dp_tunnel_entry *entry, const struct dp_tunnel_way *way, uint8_t flags)
{
	bool v6 = (flags & TUNNEL_V6) != 0;
	unsigned int ip_len = v6 ? IP6_LEN : IP4_LEN, len = ip_len + inside_len(flags);
	uint8_t *ip = entry->bytes + TUNNEL_ROOM - len, proto;

	memset(entry, 0, sizeof(*entry));
	entry->len = (uint8_t)len;
	entry->flags = flags;
	store16(ip - 2, v6 ? ETH_TYPE_IP6_BE : ETH_TYPE_IP4_BE);
	proto = inside_fill(ip + ip_len, way, flags);
	if (v6) {
		ip[0] = 0x60;
		ip[IP6_NEXT_AT] = proto;
		memcpy(ip + IP6_SRC_AT, way->source.b, 16);
		memcpy(ip + IP6_DST_AT, way->server.b, 16);
	} else {
		ip[0] = 0x45;
		ip[IP4_PROTO_AT] = proto;
		memcpy(ip + IP4_SRC_AT, way->source.b + 12, 4);
		memcpy(ip + IP4_DST_AT, way->server.b + 12, 4);
		entry->ip_sum = sum_fold(sum_bytes(ip, IP4_LEN));
	}
}

/* ---- what an ICMP error quotes ---- */

/* The outer headers of a quote, as far as they are there. */
struct quote {
	struct sl_addr source, server;
	const uint8_t *inside; /* what follows the IP header */
	uint32_t left;         /* bytes of it */
	uint32_t at;           /* where in the quote it begins */
	uint8_t proto;
	uint8_t flags, known; /* TUNNEL_* that it has, of those that it tells */
	uint16_t port_be;
};

static __rte_cold bool
quote_ip(struct quote *q, const uint8_t *ip, uint32_t len)
{
	if (len >= IP4_LEN && ip[0] >> 4 == 4) {
		q->at = (ip[0] & 15) * 4u;
		q->proto = ip[IP4_PROTO_AT];
		q->source = sl_addr_from_v4(load32(ip + IP4_SRC_AT));
		q->server = sl_addr_from_v4(load32(ip + IP4_DST_AT));
		if (q->at < IP4_LEN || (load16(ip + IP4_FRAG_AT) & RTE_BE16(0x1fff)) != 0)
			return false;
	} else if (len >= IP6_LEN && ip[0] >> 4 == 6) {
		q->at = IP6_LEN;
		q->proto = ip[IP6_NEXT_AT];
		q->source = sl_addr_from_v6(ip + IP6_SRC_AT);
		q->server = sl_addr_from_v6(ip + IP6_DST_AT);
		q->flags = TUNNEL_V6;
		if (q->proto == PROTO_FRAGMENT) {
			if (len < IP6_LEN + FRAGMENT_LEN ||
			    (load16(ip + IP6_LEN + 2) & RTE_BE16(0xfff8)) != 0)
				return false;
			q->proto = ip[IP6_LEN];
			q->at += FRAGMENT_LEN;
		}
	} else {
		return false;
	}
	q->inside = ip + q->at;
	q->left = len > q->at ? len - q->at : 0;
	return true;
}

/* What kind of tunnel it went through. False: none of ours. */
static __rte_cold bool
quote_tunnel(struct quote *q)
{
	q->known = UINT8_MAX;
	switch (q->proto) {
	case PROTO_IPIP:
	case PROTO_IP6:
		q->flags |= q->proto == PROTO_IP6 ? TUNNEL_INNER6 : 0;
		return true;
	case SL_PROTO_UDP:
		if (q->left < UDP_LEN)
			return false;
		q->flags |= TUNNEL_GUE | (load16(q->inside + UDP_SUM_AT) != 0 ? TUNNEL_SUM : 0);
		q->port_be = load16(q->inside + 2);
		if (q->left < UDP_LEN + GUE_LEN)
			q->known &= (uint8_t)~TUNNEL_INNER6;
		else if (load16(q->inside + UDP_LEN + 2) != 0 || q->inside[UDP_LEN] != 0)
			return false;
		else
			q->flags |= q->inside[UDP_LEN + 1] == PROTO_IP6 ? TUNNEL_INNER6 : 0;
		return true;
	case PROTO_GRE:
		if (q->left < GRE_LEN || (load16(q->inside) & (uint16_t)~GRE_SUM_PRESENT_BE) != 0)
			return false;
		q->flags |= TUNNEL_GRE | (load16(q->inside) != 0 ? TUNNEL_SUM : 0);
		q->flags |= load16(q->inside + 2) == ETH_TYPE_IP6_BE ? TUNNEL_INNER6 : 0;
		return true;
	default:
		return false;
	}
}

__rte_cold uint32_t
dp_tunnel_find(const uint8_t *quoted, uint32_t len, uint32_t *ret_inner_at)
{
	struct quote q = { 0 };
	uint32_t index;

	if (!quote_ip(&q, quoted, len) || !quote_tunnel(&q))
		return 0;
	for (index = atomic_load(bucket_of(&q.server)); index != 0;
	     index = atomic_load(&table->record[index].next)) {
		const struct record *record = &table->record[index];

		if (((record->flags ^ q.flags) & q.known) == 0 && record->port_be == q.port_be &&
		    sl_addr_eq(&record->server, &q.server) && sl_addr_eq(&record->source, &q.source))
			break;
	}
	if (index != 0)
		*ret_inner_at = q.at + inside_len(table->record[index].flags);
	return index;
}
