/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eight workers that each rotate by themselves, against one that has all the
 * connections to itself: after every single pick, no server has got more than
 * one connection per worker more or less than it should have.
 *
 * "Should" is the exact rule where the rule itself is smooth. With weights like
 * 100 and 51, IPVS's wrr begins with 49 times the same server; then "should" is
 * the server's share by weight, which several workers follow more closely than
 * one does.
 */
#include "sched_sim.h"

enum { WORKERS = SIM_WORKERS, PICKS = 8000 };

enum traffic { EVEN, RANDOM, ONE_BY_ONE, ONE_ONLY };
enum measure { EXACT, SHARE };

static const struct {
	const char *name, *scheduler;
	enum traffic traffic;
	enum measure measure;
	unsigned int change_every; /* picks between changes that reset wrr; 0: none */
	uint32_t weight[16];       /* 0 ends the list */
} rows[] = {
	{ "rr", "rr", EVEN, EXACT, 0, { 1, 1, 1 } },
	{ "rr, random workers", "rr", RANDOM, EXACT, 0, { 1, 1, 1 } },
	{ "rr, one worker at a time", "rr", ONE_BY_ONE, EXACT, 0, { 1, 1, 1 } },
	{ "rr, one worker only", "rr", ONE_ONLY, EXACT, 0, { 1, 1, 1 } },
	{ "rr, two servers", "rr", EVEN, EXACT, 0, { 1, 1 } },
	{ "rr, one server", "rr", RANDOM, EXACT, 0, { 1 } },
	{ "rr, more servers than workers", "rr", RANDOM, EXACT, 0, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
	{ "rr, changes do not matter", "rr", RANDOM, EXACT, 10, { 1, 1, 1, 1, 1 } },
	{ "wrr", "wrr", EVEN, EXACT, 0, { 4, 3, 2 } },
	{ "wrr, random workers", "wrr", RANDOM, EXACT, 0, { 4, 3, 2 } },
	{ "wrr, one worker at a time", "wrr", ONE_BY_ONE, EXACT, 0, { 4, 3, 2 } },
	{ "wrr, one worker only", "wrr", ONE_ONLY, EXACT, 0, { 4, 3, 2 } },
	{ "wrr, 2:1", "wrr", RANDOM, EXACT, 0, { 4, 2 } },
	{ "wrr, equal weights", "wrr", RANDOM, EXACT, 0, { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7 } },
	{ "wrr, a light one", "wrr", RANDOM, EXACT, 0, { 1, 100 } },
	{ "wrr, weights with a long lone run", "wrr", EVEN, SHARE, 0, { 100, 51 } },
	{ "wrr, weights far apart", "wrr", EVEN, SHARE, 0, { 1000, 333, 7 } },
	{ "wrr, many and few", "wrr", EVEN, SHARE, 0, { 100, 99, 98, 3 } },
	{ "wrr, reset again and again", "wrr", EVEN, SHARE, 30, { 4, 3, 2 } },
	{ "wrr, reset, long lone run", "wrr", EVEN, SHARE, 50, { 100, 51 } },
};

static uint32_t random_state;

static unsigned int
worker_next(enum traffic traffic, unsigned int pick)
{
	switch (traffic) {
	case EVEN:
		return pick % WORKERS;
	case RANDOM:
		random_state = random_state * 1664525 + 1013904223;
		return (random_state >> 16) % WORKERS;
	case ONE_BY_ONE:
		return pick / (PICKS / WORKERS);
	default:
		return WORKERS - 1;
	}
}

static void
row_run(size_t row, double *ret_worst)
{
	double got[16] = { 0 }, want[16] = { 0 }, worst = 0, sum = 0;
	struct sim box, exact;
	uint32_t count = 0;

	sim_init(&box, rows[row].scheduler);
	for (; count < 16 && rows[row].weight[count] != 0; count++) {
		sim_add(&box, rows[row].weight[count]);
		sum += rows[row].weight[count];
	}
	exact = box;
	for (unsigned int pick = 0; pick < PICKS; pick++) {
		if (rows[row].change_every != 0 && pick % rows[row].change_every == 0) {
			box.epoch++;
			exact.epoch++;
			if (rows[row].measure == SHARE) {
				/* A rotation that is broken off leaves its rest undone, in IPVS too. */
				memset(got, 0, sizeof(got));
				memset(want, 0, sizeof(want));
			}
		}
		got[sim_pick(&box, worker_next(rows[row].traffic, pick))]++;
		want[sim_pick(&exact, 0)] += rows[row].measure == EXACT;
		for (uint32_t i = 0; i < count; i++) {
			double off;

			if (rows[row].measure == SHARE)
				want[i] += rows[row].weight[i] / sum;
			off = got[i] > want[i] ? got[i] - want[i] : want[i] - got[i];
			worst = off > worst ? off : worst;
		}
	}
	*ret_worst = worst;
}

static void
one_per_worker(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		double worst;

		random_state = 1;
		row_run(i, &worst);
		if (worst > WORKERS)
			fail_msg("row \"%s\": a server is %.1f connections off", rows[i].name, worst);
	}
}

/* The first connection of each worker, as far as servers go round, meets another server. */
static void
first_picks_differ(void **state)
{
	static const char *const names[] = { "rr", "wrr" };

	for (size_t i = 0; i < SL_COUNT(names); i++) {
		unsigned int got[WORKERS] = { 0 };
		struct sim sim;

		sim_init(&sim, names[i]);
		for (unsigned int n = 0; n < WORKERS; n++)
			sim_add(&sim, 3);
		for (unsigned int worker = 0; worker < WORKERS; worker++)
			got[sim_pick(&sim, worker)]++;
		for (unsigned int n = 0; n < WORKERS; n++)
			sl_check_int(names[i], got[n], 1);
	}
}

/* Worker numbers far beyond any list, and the largest weights: places exist, picks go on. */
static void
any_stagger(void **state)
{
	static const uint32_t staggers[] = { 1, 2, 63, 1000003, 0x7fffffff, 0x80000000, UINT32_MAX };
	static const struct sched_server server[] = {
		{ .order = 3, .weight = UINT32_MAX },
		{ .order = 2, .weight = 1 },
		{ .order = 1, .weight = UINT32_MAX - 1 },
	};
	const struct sched_flow flow = { 0 };

	for (size_t i = 0; i < SL_COUNT(staggers); i++) {
		struct sched_view view = { .server = server, .count = 3, .epoch = 9, .stagger = staggers[i] };
		struct sched_state rr = { 0 }, wrr = { 0 };

		for (int pick = 0; pick < 10; pick++) {
			assert_in_range(sched_find("rr")->pick(&view, &rr, &flow), 0, 2);
			assert_in_range(sched_find("wrr")->pick(&view, &wrr, &flow), 0, 2);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_per_worker),
		cmocka_unit_test(first_picks_differ),
		cmocka_unit_test(any_stagger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
