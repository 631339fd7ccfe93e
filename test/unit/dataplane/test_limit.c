/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits on connections: when a server becomes full and when it ceases to be, the
 * rules of Linux IPVS; that a limit is exact when workers on threads of their own
 * want the last place, while the control thread changes it; and how one comes into
 * force on a server that has connections.
 */
#include "limit.h"
#include "worker.h"

#include "sl_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { WORKERS_MAX = 4, SLOT = 7, SLOTS = 300 };

struct dp_worker *dp_workers[DP_WORKERS_MAX];
unsigned int dp_workers_count;
struct dp_real_slot *dp_real_slots;

static void
workers_make(unsigned int count)
{
	dp_real_slots = aligned_alloc(64, SLOTS * sizeof(*dp_real_slots));
	memset(dp_real_slots, 0, SLOTS * sizeof(*dp_real_slots));
	dp_workers_count = count;
	for (unsigned int i = 0; i < count; i++) {
		dp_workers[i] = mmap(NULL, sizeof(struct dp_worker), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		dp_workers[i]->real = aligned_alloc(64, SLOTS * sizeof(struct dp_real_own));
		memset(dp_workers[i]->real, 0, SLOTS * sizeof(struct dp_real_own));
	}
	assert_int_equal(dp_limit_init(), 0);
}

static int
teardown(void **state)
{
	dp_limit_fini();
	for (unsigned int i = 0; i < dp_workers_count; i++) {
		free(dp_workers[i]->real);
		munmap(dp_workers[i], sizeof(struct dp_worker));
	}
	free(dp_real_slots);
	return 0;
}

static uint32_t
count_of(uint32_t slot)
{
	return (uint32_t)atomic_load(&dp_limits[slot].word);
}

/* What the pipeline does for a new connection, and for one that ends. */
static bool
conn_open(unsigned int worker, uint32_t slot)
{
	struct dp_real_own *own = &dp_workers[worker]->real[slot];

	if (limit_concerns(&dp_real_slots[slot], own) && !dp_limit_reserve(own, slot))
		return false;
	own->total++;
	return true;
}

static void
conn_end(unsigned int worker, uint32_t slot)
{
	struct dp_real_own *own = &dp_workers[worker]->real[slot];

	own->total--;
	if (own->counted != 0)
		dp_limit_release(slot);
}

static void
conns_open(unsigned int worker, uint32_t slot, unsigned int count)
{
	for (; count > 0; count--)
		assert_true(conn_open(worker, slot));
}

/* ---- when a server is full ---- */

static void
test_full(void **state)
{
	enum { UP = 1, DOWN = -1, EDIT = 0 };
	static const struct {
		const char *name;
		int step;           /* connections come (as many as get in), go, or the limits are edited */
		unsigned int count; /* of those */
		uint32_t upper, lower;
		unsigned int connections; /* after it */
		bool full;
	} rows[] = {
		{ "u=100 with LVS's l, 75: nothing yet", EDIT, 0, 100, 75, 0, false },
		{ "99 are not 100", UP, 99, 0, 0, 99, false },
		{ "100 reach it", UP, 1, 0, 0, 100, true },
		{ "no 101st", UP, 5, 0, 0, 100, true },
		{ "99: a place, but it is still full", DOWN, 1, 0, 0, 99, true },
		{ "... so nobody gets in", UP, 1, 0, 0, 99, true },
		{ "75 is not below 75", DOWN, 24, 0, 0, 75, true },
		{ "74 is", DOWN, 1, 0, 0, 74, false },
		{ "and it takes connections up to 100 again", UP, 200, 0, 0, 100, true },
		{ "edited to l=0: below u at once", EDIT, 0, 100, 0, 100, true },
		{ "99", DOWN, 1, 0, 0, 99, false },
		{ "100 again", UP, 7, 0, 0, 100, true },
		{ "u raised, l above what there is: it is free", EDIT, 0, 200, 150, 100, false },
		{ "u lowered to exactly what there is", EDIT, 0, 100, 75, 100, true },
		{ "u raised, between both: it stays full", EDIT, 0, 120, 80, 100, true },
		{ "u lowered far below what there is", EDIT, 0, 50, 40, 100, true },
		{ "those beyond may stay, and end one by one", DOWN, 60, 0, 0, 40, true },
		{ "until below l", DOWN, 1, 0, 0, 39, false },
		{ "u lowered, between both: it stays free", EDIT, 0, 45, 30, 39, false },
		{ "up to the new one", UP, 99, 0, 0, 45, true },
		{ "no limit any more", EDIT, 0, 0, 0, 45, false },
	};

	workers_make(1);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		if (rows[i].step == EDIT)
			dp_limit_set(SLOT, rows[i].upper, rows[i].lower, i == 0);
		for (unsigned int n = 0; n < rows[i].count; n++) {
			if (rows[i].step == UP)
				(void)conn_open(0, SLOT);
			else
				conn_end(0, SLOT);
		}
		sl_check_int(rows[i].name, dp_workers[0]->real[SLOT].total, rows[i].connections);
		sl_check_int(rows[i].name, count_of(SLOT), rows[i].connections);
		sl_check_int(rows[i].name, limit_is_full(SLOT), rows[i].full);
		sl_check_int(rows[i].name, dp_limit_poll(), 0);
	}
	/* Without a limit connections come and go uncounted. */
	conns_open(0, SLOT, 1000);
	assert_int_equal(dp_workers[0]->real[SLOT].counted, 0);
	assert_int_equal(count_of(SLOT), 0);
}

/* A limit of 1, by the way: full at each connection, free after each. */
static void
test_one(void **state)
{
	workers_make(2);
	dp_limit_set(SLOT, 1, 0, true);
	for (unsigned int i = 0; i < 10; i++) {
		assert_true(conn_open(i & 1, SLOT));
		assert_false(conn_open(0, SLOT));
		assert_false(conn_open(1, SLOT));
		conn_end(i & 1, SLOT);
	}
	assert_int_equal(count_of(SLOT), 0);
}

/* ---- into force on a server with connections ---- */

/* One round of the control thread; `follow`: a bit each worker that takes part. */
static unsigned int
round_make(unsigned int follow)
{
	unsigned int done = dp_limit_poll();

	for (unsigned int i = 0; i < dp_workers_count; i++)
		if ((follow >> i & 1) != 0)
			dp_limit_follow(dp_workers[i]);
	return done + dp_limit_poll();
}

static void
test_turned_on(void **state)
{
	workers_make(3);
	conns_open(0, SLOT, 30);
	conns_open(1, SLOT, 20); /* worker 2 has none, and never hears of the server but by the round */
	dp_limit_set(SLOT, 60, 0, false);
	/* Not in force while one has not followed; connections come and go meanwhile. */
	assert_int_equal(round_make(1 << 0), 0);
	assert_int_equal(count_of(SLOT), 30);
	conns_open(0, SLOT, 8);
	conn_end(0, SLOT);
	conn_end(1, SLOT); /* uncounted so far, and so is its end */
	assert_int_equal(count_of(SLOT), 37);
	conns_open(1, SLOT, 1); /* finds the flag: now it counts, before it followed */
	assert_int_equal(count_of(SLOT), 57);
	conns_open(1, SLOT, 10);
	assert_int_equal(count_of(SLOT), 67);
	assert_false(limit_is_full(SLOT));
	assert_int_equal(round_make(1 << 1), 0);
	/* The last one: 67 of 60. */
	assert_int_equal(round_make(1 << 2), 1);
	assert_true(limit_is_full(SLOT));
	for (unsigned int i = 0; i < 3; i++)
		assert_false(conn_open(i, SLOT));
	for (unsigned int n = 67; n > 59; n--)
		conn_end(n & 1, SLOT);
	assert_true(conn_open(2, SLOT));
	assert_false(conn_open(0, SLOT));
	/* Off, half of them end, and on again: the count is right once more. */
	dp_limit_set(SLOT, 0, 0, false);
	assert_false(limit_is_full(SLOT));
	conns_open(0, SLOT, 40);
	for (unsigned int n = 0; n < 10; n++)
		conn_end(1, SLOT);
	dp_limit_set(SLOT, 100, 0, false);
	assert_int_equal(round_make(7), 1);
	assert_int_equal(count_of(SLOT), 60 + 40 - 10);
	conns_open(2, SLOT, 10);
	assert_false(conn_open(2, SLOT));
}

/* What is turned off and on within a round has to be asked for again. */
static void
test_turned_in_a_round(void **state)
{
	workers_make(2);
	conns_open(0, SLOT, 5);
	conns_open(1, SLOT, 5);
	dp_limit_set(SLOT, 3, 0, false);
	assert_int_equal(round_make(1 << 0), 0);
	dp_limit_set(SLOT, 0, 0, false);
	conns_open(0, SLOT, 1); /* worker 0 goes back on what it had followed */
	assert_int_equal(count_of(SLOT), 0);
	dp_limit_set(SLOT, 4, 0, false);
	(void)round_make(1 << 1);
	assert_false(limit_is_full(SLOT)); /* worker 0's would be missing */
	(void)round_make(3);
	assert_int_equal(count_of(SLOT), 11);
	assert_true(limit_is_full(SLOT));
	/* Turned off before the round begins, and on in it. */
	dp_limit_set(SLOT, 0, 0, false);
	conns_open(0, SLOT, 1);
	conns_open(1, SLOT, 1);
	dp_limit_set(SLOT, 4, 0, false);
	dp_limit_set(SLOT, 0, 0, false);
	(void)round_make(3 & ~1u);
	dp_limit_set(SLOT, 5, 0, false);
	(void)round_make(1);
	(void)round_make(3);
	assert_int_equal(count_of(SLOT), 13);
	assert_true(limit_is_full(SLOT));
}

/* More servers than a round has room for. */
static void
test_many(void **state)
{
	unsigned int rounds = 0, done = 0;

	workers_make(2);
	for (uint32_t slot = 1; slot < SLOTS; slot++) {
		conns_open(slot & 1, slot, 3);
		dp_limit_set(slot, 3, 0, false);
	}
	for (; done < SLOTS - 1; rounds++) {
		done += round_make(3);
		assert_true(rounds < 10);
	}
	for (uint32_t slot = 1; slot < SLOTS; slot++)
		assert_true(limit_is_full(slot) && count_of(slot) == 3);
	assert_int_equal(round_make(3), 0);
}

/* ---- workers on threads ---- */

enum { RACE_LIMIT = 100, RACE_STEPS = 1000000 };

static struct {
	pthread_barrier_t barrier;
	_Atomic int connections; /* counted by the test itself */
	_Atomic bool over;       /* a limit was exceeded */
	_Atomic bool done;       /* the control thread of the test has done its work */
	bool edits;              /* limits change meanwhile: they cannot be checked, but the count can */
} race;

static uint64_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *x >> 33;
}

static void
race_open(unsigned int worker)
{
	if (conn_open(worker, SLOT) && atomic_fetch_add(&race.connections, 1) >= RACE_LIMIT && !race.edits)
		atomic_store(&race.over, true);
}

static void
race_end(unsigned int worker)
{
	if (dp_workers[worker]->real[SLOT].total == 0)
		return;
	atomic_fetch_sub(&race.connections, 1);
	conn_end(worker, SLOT);
}

static void *
race_run(void *arg)
{
	struct dp_worker *w = arg;
	uint64_t x = w->id + 1;

	pthread_barrier_wait(&race.barrier);
	for (unsigned int step = 0; race.edits ? !atomic_load(&race.done) : step < RACE_STEPS; step++) {
		if (random_next(&x) % 3 != 0)
			race_open(w->id);
		else
			race_end(w->id);
		if (step % 64 == 0 && atomic_load(&dp_limit_round) !=
					      atomic_load_explicit(&w->limit_round, memory_order_relaxed))
			dp_limit_follow(w);
	}
	/* All stop ending connections; then all want what is left. */
	pthread_barrier_wait(&race.barrier);
	for (unsigned int step = 0; !race.edits && step < 2 * RACE_LIMIT; step++)
		race_open(w->id);
	return NULL;
}

static uint32_t
race_total(void)
{
	uint32_t total = 0;

	for (unsigned int i = 0; i < dp_workers_count; i++)
		total += dp_workers[i]->real[SLOT].total;
	return total;
}

static void
race_start(pthread_t *threads, unsigned int extra)
{
	atomic_store(&race.connections, 0);
	atomic_store(&race.over, false);
	atomic_store(&race.done, false);
	pthread_barrier_init(&race.barrier, NULL, dp_workers_count + extra);
	for (unsigned int i = 0; i < dp_workers_count; i++) {
		dp_workers[i]->id = i;
		assert_int_equal(pthread_create(&threads[i], NULL, race_run, dp_workers[i]), 0);
	}
}

static void
race_join(pthread_t *threads)
{
	for (unsigned int i = 0; i < dp_workers_count; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&race.barrier);
}

static void
race_exact(unsigned int workers)
{
	pthread_t threads[WORKERS_MAX];

	workers_make(workers);
	race.edits = false;
	dp_limit_set(SLOT, RACE_LIMIT, 0, true);
	race_start(threads, 0);
	race_join(threads);
	assert_false(atomic_load(&race.over));
	assert_int_equal(race_total(), RACE_LIMIT);
	assert_int_equal(count_of(SLOT), RACE_LIMIT);
	assert_true(limit_is_full(SLOT));
}

static void
test_race_two(void **state)
{
	race_exact(2);
}

static void
test_race_four(void **state)
{
	race_exact(4);
}

/* Limits are set, changed and taken away under four workers: in the end nothing is lost or twice. */
static void
test_race_edits(void **state)
{
	enum { EDITS = 3000 };
	pthread_t threads[WORKERS_MAX];
	uint64_t x = 5;

	workers_make(4);
	race.edits = true;
	race_start(threads, 1);
	pthread_barrier_wait(&race.barrier);
	for (unsigned int i = 0; i < EDITS; i++) {
		uint32_t upper = random_next(&x) % 3 == 0 ? 0 : 1 + (uint32_t)random_next(&x) % 400;

		dp_limit_set(SLOT, upper, upper / 2, false);
		for (uint64_t polls = random_next(&x) % 8; polls > 0; polls--)
			(void)dp_limit_poll();
		if (i % 16 == 0)
			sched_yield();
	}
	atomic_store(&race.done, true);
	pthread_barrier_wait(&race.barrier);
	race_join(threads);
	dp_limit_set(SLOT, RACE_LIMIT, 0, false);
	for (unsigned int i = 0; i < 3; i++)
		(void)round_make(0xf);
	assert_int_equal(atomic_load(&race.connections), race_total());
	assert_int_equal(count_of(SLOT), race_total());
	for (unsigned int i = 0; i < 4; i++)
		while (dp_workers[i]->real[SLOT].total > 0)
			conn_end(i, SLOT);
	assert_int_equal(count_of(SLOT), 0);
	for (unsigned int n = 0; n < RACE_LIMIT; n++)
		conns_open(n % 4, SLOT, 1);
	assert_false(conn_open(0, SLOT));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_full), TEST(test_one),      TEST(test_turned_on), TEST(test_turned_in_a_round),
		TEST(test_many), TEST(test_race_two), TEST(test_race_four), TEST(test_race_edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
