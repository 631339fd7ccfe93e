/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counts that workers share of servers with a limit; see limit.h. Nothing else
 * that workers write for a connection is shared among them.
 */
#include "limit.h"
#include "worker.h"

#include <errno.h>
#include <sys/mman.h>

enum { LIMIT_ROUND_MAX = 64, VERSION_SHIFT = 33 };

struct dp_limit *dp_limits;
_Atomic uint32_t dp_limit_round;

/* Servers whose limits come into force when all workers have followed the round. */
static struct {
	uint32_t slot[LIMIT_ROUND_MAX];
	uint32_t count;
	uint32_t first; /* of the list of those that wait for the next one; 0: none */
} rounds;

/* ---- workers ---- */

static inline uint64_t
bounds_load(const struct dp_limit *limit)
{
	return atomic_load_explicit(&limit->bounds, memory_order_relaxed);
}

/* The word with this many connections: full from the upper bound on, until below the lower one. */
static inline uint64_t
word_with(uint64_t word, uint64_t bounds, uint32_t connections)
{
	uint64_t full = word & LIMIT_FULL;

	if (bounds == 0 || connections < (uint32_t)bounds)
		full = 0;
	else if (connections >= bounds >> 32)
		full = LIMIT_FULL;
	return word >> VERSION_SHIFT << VERSION_SHIFT | full | connections;
}

/* Adds `change` connections (modulo 2^32, so also fewer). False: not to a full one, if that is asked. */
static inline bool
word_add(struct dp_limit *limit, uint32_t change, bool unless_full)
{
	uint64_t word = atomic_load_explicit(&limit->word, memory_order_acquire);

	do {
		if (unless_full && (word & LIMIT_FULL) != 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&limit->word, &word, word_with(word, bounds_load(limit), (uint32_t)word + change),
		memory_order_acquire, memory_order_acquire));
	return true;
}

/* The worker's connections become part of the count, or cease to be. */
static __rte_cold void
own_turn(struct dp_real_own *own, uint32_t slot, bool counted)
{
	(void)word_add(&dp_limits[slot], counted ? own->total : 0u - own->total, false);
	own->counted = counted;
}

static inline bool
slot_is_limited(uint32_t slot)
{
	return atomic_load_explicit(&dp_real_slots[slot].limited, memory_order_relaxed) != 0;
}

bool
dp_limit_reserve(struct dp_real_own *own, uint32_t slot)
{
	bool limited = slot_is_limited(slot);

	if (unlikely((own->counted != 0) != limited))
		own_turn(own, slot, limited);
	return !limited || word_add(&dp_limits[slot], 1, true);
}

__rte_cold void
dp_limit_take(struct dp_real_own *own, uint32_t slot)
{
	bool limited = slot_is_limited(slot);

	if ((own->counted != 0) != limited)
		own_turn(own, slot, limited);
	if (limited)
		(void)word_add(&dp_limits[slot], 1, false);
}

void
dp_limit_release(uint32_t slot)
{
	(void)word_add(&dp_limits[slot], UINT32_MAX, false);
}

__rte_cold void
dp_limit_follow(struct dp_worker *w)
{
	uint32_t round = atomic_load_explicit(&dp_limit_round, memory_order_acquire);

	for (uint32_t i = 0; i < rounds.count; i++) {
		uint32_t slot = rounds.slot[i];
		struct dp_real_own *own = &w->real[slot];

		if (own->counted == 0 && slot_is_limited(slot))
			own_turn(own, slot, true);
	}
	atomic_store_explicit(&w->limit_round, round, memory_order_release);
}

/* ---- control thread ---- */

int
dp_limit_init(void)
{
	dp_limits = mmap(NULL, sizeof(*dp_limits) * DP_REALS_MAX, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (dp_limits == MAP_FAILED) {
		dp_limits = NULL;
		return -ENOMEM;
	}
	return 0;
}

void
dp_limit_fini(void)
{
	if (dp_limits != NULL)
		munmap(dp_limits, sizeof(*dp_limits) * DP_REALS_MAX);
	dp_limits = NULL;
	rounds.count = rounds.first = 0;
	atomic_store_explicit(&dp_limit_round, 0, memory_order_relaxed);
}

/* From now on connections are judged by the bounds that are wanted. */
static void
bounds_enforce(struct dp_limit *limit)
{
	uint64_t word = atomic_load_explicit(&limit->word, memory_order_relaxed);

	atomic_store_explicit(&limit->bounds, limit->wanted, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&limit->word, &word,
						      word_with(word, limit->wanted, (uint32_t)word) +
							      (UINT64_C(1) << VERSION_SHIFT),
						      memory_order_release, memory_order_relaxed))
		;
}

static void
wait_for_round(struct dp_limit *limit)
{
	limit->waits = true;
	limit->next = rounds.first;
	rounds.first = (uint32_t)(limit - dp_limits);
}

void
dp_limit_set(uint32_t slot, uint32_t upper, uint32_t lower, bool fresh)
{
	struct dp_limit *limit = &dp_limits[slot];
	bool was = slot_is_limited(slot);

	limit->wanted = (uint64_t)upper << 32 | (lower != 0 ? RTE_MIN(lower, upper) : upper);
	if (was != (upper != 0)) {
		atomic_store_explicit(&dp_real_slots[slot].limited, upper != 0, memory_order_relaxed);
		limit->again = limit->waits;
	}
	if (upper == 0) {
		limit->wanted = 0;
		if (was)
			bounds_enforce(limit);
	} else if (fresh || (was && !limit->waits)) {
		bounds_enforce(limit);
	} else if (!limit->waits) {
		wait_for_round(limit);
	}
}

static bool
round_is_over(void)
{
	uint32_t round = atomic_load_explicit(&dp_limit_round, memory_order_relaxed);

	for (unsigned int i = 0; i < dp_workers_count; i++)
		if (atomic_load_explicit(&dp_workers[i]->limit_round, memory_order_acquire) != round)
			return false;
	return true;
}

/* The round is over: its limits are in force, but for those that were turned off meanwhile. */
static unsigned int
round_end(void)
{
	unsigned int count = rounds.count;

	for (uint32_t i = 0; i < rounds.count; i++) {
		uint32_t slot = rounds.slot[i];
		struct dp_limit *limit = &dp_limits[slot];

		limit->waits = false;
		if (!slot_is_limited(slot))
			continue;
		if (limit->again)
			wait_for_round(limit);
		else
			bounds_enforce(limit);
	}
	rounds.count = 0;
	return count;
}

unsigned int
dp_limit_poll(void)
{
	unsigned int done = 0;

	if (rounds.count > 0) {
		if (!round_is_over())
			return 0;
		done = round_end();
	}
	for (; rounds.first != 0 && rounds.count < LIMIT_ROUND_MAX; rounds.count++) {
		struct dp_limit *limit = &dp_limits[rounds.first];

		rounds.slot[rounds.count] = rounds.first;
		rounds.first = limit->next;
		limit->again = false;
	}
	if (rounds.count > 0)
		atomic_fetch_add_explicit(&dp_limit_round, 1, memory_order_release);
	return done;
}
