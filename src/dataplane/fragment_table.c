/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of fragment_table.h: set-associative, and three lists by age through
 * its entries. Written and read by one worker. All of it is cold: fragments alone
 * come here.
 */
#include "fragment_table.h"

#include <rte_common.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { UNIT = 8 };

/* Beside the reasons, what a range may be. */
enum { RANGE_NEW = -1 };

static void *
map(size_t size)
{
	void *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory != MAP_FAILED ? memory : NULL;
}

int
frag_table_init(struct frag_table *table, uint32_t waits, const uint64_t secret[2], uint64_t wait_span,
		uint64_t life_span)
{
	*table = (struct frag_table){
		.entry = map(FRAG_ENTRIES * sizeof(struct frag_entry)),
		.wait = map((FRAG_WAITS + 1) * sizeof(struct frag_wait)),
		.secret = { secret[0], secret[1] },
		.wait_span = wait_span,
		.life_span = life_span,
		.wait_free = FRAG_NONE,
		.lost_head = FRAG_NONE,
		.lost_tail = FRAG_NONE,
		.wait_count = RTE_MIN(waits, (uint32_t)FRAG_WAITS),
	};
	if (table->entry == NULL || table->wait == NULL) {
		frag_table_fini(table);
		return -ENOMEM;
	}
	for (unsigned int list = 0; list < FRAG_LISTS; list++)
		table->head[list] = table->tail[list] = FRAG_NONE;
	for (uint32_t i = table->wait_count + 1; i-- > 0;) {
		table->wait[i].next = table->wait_free;
		table->wait_free = (uint16_t)i;
	}
	return 0;
}

void
frag_table_fini(struct frag_table *table)
{
	if (table->entry != NULL)
		munmap(table->entry, FRAG_ENTRIES * sizeof(struct frag_entry));
	if (table->wait != NULL)
		munmap(table->wait, (FRAG_WAITS + 1) * sizeof(struct frag_wait));
	table->entry = NULL;
	table->wait = NULL;
}

/* ---- lists ---- */

static __rte_cold void
list_leave(struct frag_table *table, struct frag_entry *e)
{
	if (e->list == FRAG_FREE)
		return;
	if (e->prev != FRAG_NONE)
		table->entry[e->prev].next = e->next;
	else
		table->head[e->list] = e->next;
	if (e->next != FRAG_NONE)
		table->entry[e->next].prev = e->prev;
	else
		table->tail[e->list] = e->prev;
	e->list = FRAG_FREE;
}

/* To the end of a list, where the youngest are. */
static __rte_cold void
list_join(struct frag_table *table, struct frag_entry *e, enum frag_list list)
{
	uint16_t number = (uint16_t)(e - table->entry);

	list_leave(table, e);
	e->list = (uint8_t)list;
	e->next = FRAG_NONE;
	e->prev = table->tail[list];
	if (e->prev != FRAG_NONE)
		table->entry[e->prev].next = number;
	else
		table->head[list] = number;
	table->tail[list] = number;
}

/* The fragments that wait in an entry are given up. */
static __rte_cold void
waits_lose(struct frag_table *table, struct frag_entry *e, enum sl_drop reason)
{
	uint16_t next;

	for (uint16_t number = e->wait; number != FRAG_NONE; number = next) {
		struct frag_wait *wait = &table->wait[number];

		next = wait->next;
		wait->reason = (uint16_t)reason;
		wait->next = FRAG_NONE;
		if (table->lost_tail != FRAG_NONE)
			table->wait[table->lost_tail].next = number;
		else
			table->lost_head = number;
		table->lost_tail = number;
		table->held--;
	}
	e->wait = FRAG_NONE;
	e->wait_count = 0;
}

static __rte_cold void *
wait_free(struct frag_table *table, uint16_t number)
{
	struct frag_wait *wait = &table->wait[number];
	void *packet = wait->packet;

	wait->next = table->wait_free;
	table->wait_free = number;
	return packet;
}

__rte_cold void *
frag_table_lost(struct frag_table *table, enum sl_drop *ret_reason)
{
	uint16_t number = table->lost_head;

	if (number == FRAG_NONE)
		return NULL;
	*ret_reason = (enum sl_drop)table->wait[number].reason;
	table->lost_head = table->wait[number].next;
	if (table->lost_head == FRAG_NONE)
		table->lost_tail = FRAG_NONE;
	return wait_free(table, number);
}

/* ---- entries ---- */

static __rte_cold uint64_t
fold_addr(uint64_t secret, const struct sl_addr *addr)
{
	uint64_t low, high;

	memcpy(&low, addr->b, 8);
	memcpy(&high, addr->b + 8, 8);
	return frag_fold(low ^ secret, high ^ UINT64_C(0x9e3779b97f4a7c15) ^ (secret >> 32 | secret << 32));
}

__rte_cold uint64_t
frag_hash_addrs(const uint64_t secret[2], const struct sl_addr *src, const struct sl_addr *dst)
{
	return frag_fold(fold_addr(secret[0], src) ^ secret[1],
			 fold_addr(secret[1], dst) ^ UINT64_C(0xc2b2ae3d27d4eb4f));
}

static __rte_cold struct frag_entry *
bucket_of(struct frag_table *table, const struct frag_key *key)
{
	uint64_t hash = frag_hash_addrs(table->secret, &key->src, &key->dst);

	hash = frag_fold(hash ^ ((uint64_t)key->id << 32 | key->proto), table->secret[1] | 1);
	return &table->entry[(hash >> 32) % FRAG_BUCKETS * FRAG_WAYS];
}

static __rte_cold bool
key_is(const struct frag_key *a, const struct frag_key *b)
{
	return a->id == b->id && a->proto == b->proto && sl_addr_eq(&a->src, &b->src) &&
	       sl_addr_eq(&a->dst, &b->dst);
}

static __rte_cold void
entry_end(struct frag_table *table, struct frag_entry *e, enum sl_drop reason)
{
	waits_lose(table, e, reason);
	list_leave(table, e);
	table->used--;
}

/* The datagram's entry, or a new one, for which the oldest of the bucket may have to go. */
static __rte_cold struct frag_entry *
entry_get(struct frag_table *table, const struct frag_key *key, uint64_t now)
{
	struct frag_entry *bucket = bucket_of(table, key), *place = bucket;

	for (unsigned int way = 0; way < FRAG_WAYS; way++) {
		struct frag_entry *e = &bucket[way];

		if (e->list != FRAG_FREE && key_is(&e->key, key))
			return e;
		if (place->list != FRAG_FREE && (e->list == FRAG_FREE || e->since < place->since))
			place = e;
	}
	if (place->list != FRAG_FREE)
		entry_end(table, place, SL_DROP_FRAG_FULL);
	memset(place, 0, sizeof(*place));
	place->key = *key;
	place->since = now;
	place->wait = FRAG_NONE;
	list_join(table, place, FRAG_WAITING);
	table->used++;
	return place;
}

static __rte_cold bool
is_complete(const struct frag_entry *e)
{
	return e->total != 0 && e->range_count == 1 && e->range[0].from == 0 &&
	       e->range[0].to == (e->total + UNIT - 1) / UNIT;
}

/* ---- ranges ---- */

/*
 * Notes that the bytes of a piece have come. RANGE_NEW, or the reason why it
 * cannot be let through. RFC 5722: a datagram one of whose fragments overlaps
 * another in part, or contradicts another about the end, is refused as a whole;
 * what has come before and comes again is merely dropped.
 */
static __rte_cold int
range_add(struct frag_entry *e, const struct frag_piece *piece)
{
	uint16_t from = (uint16_t)(piece->start / UNIT), to = (uint16_t)((piece->end + UNIT - 1) / UNIT);
	struct frag_range *r = e->range;
	unsigned int at = 0;
	bool joins_last, joins_next;

	if (e->total != 0 && (piece->last ? piece->end != e->total : piece->end >= e->total)) {
		e->refused = true;
		return SL_DROP_FRAG_INVALID;
	}
	while (at < e->range_count && r[at].to <= from)
		at++;
	if (at < e->range_count && r[at].from < to) {
		e->refused = from < r[at].from || to > r[at].to;
		return SL_DROP_FRAG_OVERLAP;
	}
	if (piece->last && at < e->range_count) {
		e->refused = true;
		return SL_DROP_FRAG_INVALID;
	}
	joins_last = at > 0 && r[at - 1].to == from;
	joins_next = at < e->range_count && r[at].from == to;
	if (joins_last && joins_next) {
		r[at - 1].to = r[at].to;
		e->range_count--;
		memmove(&r[at], &r[at + 1], (e->range_count - at) * sizeof(r[0]));
	} else if (joins_last) {
		r[at - 1].to = to;
	} else if (joins_next) {
		r[at].from = from;
	} else if (e->range_count == FRAG_RANGES) {
		return SL_DROP_FRAG_FULL;
	} else {
		memmove(&r[at + 1], &r[at], (e->range_count - at) * sizeof(r[0]));
		r[at] = (struct frag_range){ .from = from, .to = to };
		e->range_count++;
	}
	if (piece->last)
		e->total = piece->end;
	return RANGE_NEW;
}

/* ---- fragments ---- */

/* Room for a fragment that waits; the oldest other datagram that waits may have to go for it. */
static __rte_cold bool
wait_room_make(struct frag_table *table, const struct frag_entry *e)
{
	while (table->held >= table->wait_count) {
		uint16_t oldest = table->head[FRAG_WAITING];

		if (oldest != FRAG_NONE && &table->entry[oldest] == e)
			oldest = e->next;
		if (oldest == FRAG_NONE)
			return false;
		entry_end(table, &table->entry[oldest], SL_DROP_FRAG_FULL);
	}
	return true;
}

/* Among those that wait, by its offset. There is a place: one more than `wait_count`. */
static __rte_cold void
wait_insert(struct frag_table *table, struct frag_entry *e, uint16_t from, void *packet)
{
	uint16_t number = table->wait_free, *link = &e->wait;
	struct frag_wait *wait = &table->wait[number];

	table->wait_free = wait->next;
	while (*link != FRAG_NONE && table->wait[*link].from < from)
		link = &table->wait[*link].next;
	*wait = (struct frag_wait){ .packet = packet, .next = *link, .from = from };
	*link = number;
	e->wait_count++;
	table->held++;
}

/* The first fragment: what waited for it may go now. */
static __rte_cold int
head_set(struct frag_table *table, struct frag_entry *e, const struct frag_piece *piece, uint64_t now,
	 struct frag_head *ret_head)
{
	e->head = piece->head;
	e->since = now;
	*ret_head = e->head;
	if (e->wait != FRAG_NONE)
		list_join(table, e, FRAG_RELEASED);
	else if (is_complete(e))
		entry_end(table, e, SL_DROP_FRAG_FULL);
	else
		list_join(table, e, FRAG_PASSING);
	return FRAG_GOES;
}

/* Refused from now on, and remembered as such for its time. */
static __rte_cold void
refuse(struct frag_table *table, struct frag_entry *e, uint64_t now)
{
	waits_lose(table, e, SL_DROP_FRAG_OVERLAP);
	e->since = now;
	list_join(table, e, FRAG_PASSING);
}

__rte_cold int
frag_table_put(struct frag_table *table, const struct frag_key *key, const struct frag_piece *piece,
	       void *packet, uint64_t now, struct frag_head *ret_head)
{
	struct frag_entry *e = entry_get(table, key, now);
	int reason;

	if (e->refused)
		return SL_DROP_FRAG_OVERLAP;
	if (e->list == FRAG_WAITING && piece->start != 0 &&
	    (e->wait_count == FRAG_WAIT_MAX || !wait_room_make(table, e)))
		return SL_DROP_FRAG_FULL;
	reason = range_add(e, piece);
	if (e->refused)
		refuse(table, e, now);
	if (reason >= 0)
		return reason;
	if (piece->start == 0)
		return head_set(table, e, piece, now, ret_head);
	/* What comes while others are let go goes behind them, as long as there is room. */
	if (e->list == FRAG_WAITING || (e->list == FRAG_RELEASED && table->held < table->wait_count)) {
		wait_insert(table, e, (uint16_t)(piece->start / UNIT), packet);
		return FRAG_WAITS_NOW;
	}
	*ret_head = e->head;
	if (e->list == FRAG_PASSING && is_complete(e))
		entry_end(table, e, SL_DROP_FRAG_FULL);
	return FRAG_GOES;
}

__rte_cold void *
frag_table_released(struct frag_table *table, struct frag_head *ret_head)
{
	struct frag_entry *e;
	uint16_t number = table->head[FRAG_RELEASED];
	void *packet;

	if (number == FRAG_NONE)
		return NULL;
	e = &table->entry[number];
	*ret_head = e->head;
	number = e->wait;
	e->wait = table->wait[number].next;
	e->wait_count--;
	table->held--;
	packet = wait_free(table, number);
	if (e->wait == FRAG_NONE && is_complete(e))
		entry_end(table, e, SL_DROP_FRAG_FULL);
	else if (e->wait == FRAG_NONE)
		list_join(table, e, FRAG_PASSING);
	return packet;
}

/* The oldest entry of a list ends if its time is over. */
static __rte_cold bool
oldest_expire(struct frag_table *table, enum frag_list list, uint64_t span, uint64_t now)
{
	uint16_t number = table->head[list];

	if (number == FRAG_NONE || now - table->entry[number].since < span)
		return false;
	entry_end(table, &table->entry[number], SL_DROP_FRAG_TIMEOUT);
	return true;
}

__rte_cold void
frag_table_expire(struct frag_table *table, uint64_t now, uint32_t budget)
{
	while (budget > 0 && oldest_expire(table, FRAG_WAITING, table->wait_span, now))
		budget--;
	while (budget > 0 && oldest_expire(table, FRAG_PASSING, table->life_span, now))
		budget--;
}

void
frag_table_flush(struct frag_table *table)
{
	for (uint32_t i = 0; table->used > 0; i++)
		if (table->entry[i].list != FRAG_FREE)
			entry_end(table, &table->entry[i], SL_DROP_FRAG_TIMEOUT);
}
