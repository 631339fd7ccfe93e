/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The estimator of rates (verb_rate.h).
 *
 * A round walks the model in its order and the array of the round before
 * beside it; both are sorted, so each entry finds its predecessor by going
 * forward. Answers are looked up in the last complete round. Control thread
 * only.
 */
#include "verb_rate.h"

#include "sl_clock.h"
#include "verb_walk.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ROUND_S = 2,
	SLICE = 256,             /* entries a turn of the loop */
	OF_SERVICE = UINT32_MAX, /* order of an entry that is the service's own; no real server has it */
	COUNTERS = sizeof(struct dp_traffic) / sizeof(uint64_t),
};

/* struct dp_traffic as a list of counters. */
union counters {
	struct dp_traffic traffic;
	uint64_t value[COUNTERS];
};

struct entry {
	struct dp_service_key key;
	uint32_t order;
	uint32_t slot;
	uint64_t time_ms;
	union counters last;
	double avg[COUNTERS];
};

struct round {
	struct entry *entries;
	size_t count, room;
};

struct verb_rates {
	struct model *model;
	struct event *every;
	struct round seen, next;
	struct verb_walk walk; /* of the round under way */
	size_t behind;         /* the first of `seen` that the round has not passed */
	bool running;
	uint64_t shift_ms; /* tests turn the clock */
	union counters gone;
};

static void round_event(evutil_socket_t fd, short what, void *context);
static bool slice_run(struct verb_rates *rates, size_t budget);
static int entry_add(struct verb_rates *rates, enum verb_walk_at at, uint64_t now_ms);
static void entry_follow(struct entry *entry, const struct entry *before);
static void passed(struct verb_rates *rates, const struct entry *entry);
static void round_end(struct verb_rates *rates);
static int entry_compare(const struct entry *a, const struct dp_service_key *key, uint32_t order);
static struct entry *entry_find(const struct round *round, const struct dp_service_key *key, uint32_t order);
static void rate_get(const struct verb_rates *rates, const struct dp_service_key *key, uint32_t order,
		     struct dp_traffic *ret_per_s);
static uint64_t clock_ms(const struct verb_rates *rates);

struct verb_rates *
verb_rates_create(struct event_base *base, struct model *model)
{
	static const struct timeval first = { .tv_sec = ROUND_S };
	struct verb_rates *rates = calloc(1, sizeof(*rates));

	if (rates == NULL)
		return NULL;
	rates->model = model;
	rates->every = event_new(base, -1, 0, round_event, rates);
	if (rates->every == NULL || event_add(rates->every, &first) != 0) {
		verb_rates_destroy(rates);
		errno = ENOMEM;
		return NULL;
	}
	return rates;
}

void
verb_rates_destroy(struct verb_rates *rates)
{
	if (rates == NULL)
		return;
	if (rates->every != NULL)
		event_free(rates->every);
	free(rates->seen.entries);
	free(rates->next.entries);
	free(rates);
}

void
verb_rates_service(const struct verb_rates *rates, const struct dp_service_key *key,
		   struct dp_traffic *ret_per_s)
{
	rate_get(rates, key, OF_SERVICE, ret_per_s);
}

void
verb_rates_real(const struct verb_rates *rates, const struct dp_service_key *key, uint32_t order,
		struct dp_traffic *ret_per_s)
{
	rate_get(rates, key, order, ret_per_s);
}

/* Counted here at once; what the rounds know of it then counts nothing more. */
void
verb_rates_service_removed(struct verb_rates *rates, const struct dp_service_key *key,
			   const struct dp_traffic *traffic)
{
	struct entry *seen = entry_find(&rates->seen, key, OF_SERVICE);
	struct entry *next = entry_find(&rates->next, key, OF_SERVICE);

	verb_traffic_add(&rates->gone.traffic, traffic);
	if (seen != NULL)
		seen->last = (union counters){ 0 };
	if (next != NULL)
		next->last = (union counters){ 0 };
}

void
verb_rates_gone(const struct verb_rates *rates, struct dp_traffic *ret_traffic)
{
	*ret_traffic = rates->gone.traffic;
}

void
verb_rates_round(struct verb_rates *rates, uint64_t elapsed_ms)
{
	rates->shift_ms += elapsed_ms;
	while (slice_run(rates, SLICE))
		;
}

void
verb_traffic_add(struct dp_traffic *sum, const struct dp_traffic *traffic)
{
	sum->conns += traffic->conns;
	sum->in_packets += traffic->in_packets;
	sum->out_packets += traffic->out_packets;
	sum->in_bytes += traffic->in_bytes;
	sum->out_bytes += traffic->out_bytes;
}

static void
round_event(evutil_socket_t fd, short what, void *context)
{
	static const struct timeval pause = { .tv_sec = ROUND_S }, at_once = { 0 };
	struct verb_rates *rates = context;
	bool more = slice_run(rates, SLICE);

	event_add(rates->every, more ? &at_once : &pause);
}

/* True when the round is not over yet. */
static bool
slice_run(struct verb_rates *rates, size_t budget)
{
	uint64_t now_ms = clock_ms(rates);
	enum verb_walk_at at = VERB_WALK_SERVICE;

	if (!rates->running) {
		rates->running = true;
		rates->behind = 0;
		rates->next.count = 0;
		memset(&rates->walk, 0, sizeof(rates->walk));
	}
	verb_walk_resume(&rates->walk, rates->model);
	while (budget > 0 && (at = verb_walk_next(&rates->walk)) != VERB_WALK_END) {
		if (at == VERB_WALK_SERVICE_END)
			continue;
		budget--;
		/* Without memory, what cannot be followed has no rate. */
		if (entry_add(rates, at, now_ms) != 0)
			break;
	}
	if (budget == 0 && at != VERB_WALK_END)
		return true;
	round_end(rates);
	return false;
}

static int
entry_add(struct verb_rates *rates, enum verb_walk_at at, uint64_t now_ms)
{
	struct round *next = &rates->next;
	struct round *seen = &rates->seen;
	struct entry *entry;
	int order = -1;

	if (next->count == next->room) {
		size_t room = next->room == 0 ? SLICE : next->room * 2;
		struct entry *entries = realloc(next->entries, room * sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		next->entries = entries;
		next->room = room;
	}
	entry = &next->entries[next->count++];
	*entry = (struct entry){ .key = rates->walk.service->key, .time_ms = now_ms };
	if (at == VERB_WALK_SERVICE) {
		entry->order = OF_SERVICE;
		entry->slot = rates->walk.service->slot;
		dp_service_stats(entry->slot, &entry->last.traffic);
	} else {
		struct dp_real_stats stats;

		entry->order = rates->walk.real->order;
		entry->slot = rates->walk.real->slot;
		dp_real_stats(entry->slot, &stats);
		entry->last.traffic = stats.traffic;
	}
	while (rates->behind < seen->count) {
		const struct entry *before = &seen->entries[rates->behind];

		order = entry_compare(before, &entry->key, entry->order);
		if (order > 0)
			break;
		rates->behind++;
		if (order == 0 && before->slot == entry->slot &&
		    before->last.traffic.in_packets <= entry->last.traffic.in_packets) {
			entry_follow(entry, before);
			break;
		}
		passed(rates, before);
	}
	return 0;
}

static void
entry_follow(struct entry *entry, const struct entry *before)
{
	uint64_t elapsed_ms = entry->time_ms - before->time_ms;

	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t delta = entry->last.value[i] - before->last.value[i];
		double rate = elapsed_ms > 0 ? (double)delta * 1000.0 / (double)elapsed_ms : before->avg[i];

		entry->avg[i] = before->avg[i] + (rate - before->avg[i]) / 4.0;
	}
}

/* The round has met no successor of this entry: the service or the server is gone, or made anew. */
static void
passed(struct verb_rates *rates, const struct entry *entry)
{
	if (entry->order == OF_SERVICE)
		verb_traffic_add(&rates->gone.traffic, &entry->last.traffic);
}

static void
round_end(struct verb_rates *rates)
{
	struct round seen = rates->seen;

	while (rates->behind < rates->seen.count)
		passed(rates, &rates->seen.entries[rates->behind++]);
	rates->running = false;
	rates->seen = rates->next;
	rates->next = seen;
	rates->next.count = 0;
}

/* Order of the arrays: services as in the model, the service's own entry first, servers by falling order. */
static int
entry_compare(const struct entry *a, const struct dp_service_key *key, uint32_t order)
{
	int by_key = verb_key_compare(&a->key, key);

	if (by_key != 0)
		return by_key;
	return a->order == order ? 0 : a->order > order ? -1 : 1;
}

static struct entry *
entry_find(const struct round *round, const struct dp_service_key *key, uint32_t order)
{
	size_t low = 0, high = round->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int compared = entry_compare(&round->entries[middle], key, order);

		if (compared == 0)
			return &round->entries[middle];
		if (compared < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void
rate_get(const struct verb_rates *rates, const struct dp_service_key *key, uint32_t order,
	 struct dp_traffic *ret_per_s)
{
	const struct entry *entry = entry_find(&rates->seen, key, order);
	union counters rounded = { 0 };

	for (size_t i = 0; entry != NULL && i < COUNTERS; i++)
		rounded.value[i] = (uint64_t)(entry->avg[i] + 0.5);
	*ret_per_s = rounded.traffic;
}

static uint64_t
clock_ms(const struct verb_rates *rates)
{
	return sl_clock_ms() + rates->shift_ms;
}
