/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lc and wlc: one view a row, and who is chosen. Servers stand in the order of
 * the list, newest first; -1: nobody. Also: the table of schedulers.
 */
#include "sched_sim.h"

#define MOST UINT32_MAX
#define FULL SCHED_SERVER_OVERLOADED

struct row {
	const char *name;
	int lc, wlc; /* index chosen */
	struct {
		uint32_t weight, active, total, flags;
	} server[5];
};

static const struct row rows[] = {
	{ "idle: of equals the first in the list", 0, 0, { { 1, 0, 0 }, { 1, 0, 0 }, { 1, 0, 0 } } },
	{ "equal load: likewise", 0, 0, { { 1, 7, 9 }, { 1, 7, 9 } } },
	{ "fewest active", 1, 1, { { 1, 2, 2 }, { 1, 1, 1 }, { 1, 3, 3 } } },
	{ "equals behind a busier one", 1, 1, { { 1, 2, 2 }, { 1, 1, 1 }, { 1, 1, 1 } } },
	{ "256 inactive ones weigh less than an active one", 1, 1, { { 1, 1, 1 }, { 1, 0, 256 } } },
	{ "257 weigh as much", 0, 0, { { 1, 1, 1 }, { 1, 0, 257 } } },
	{ "258 weigh more", 1, 1, { { 1, 0, 258 }, { 1, 1, 1 } } },
	{ "wlc: idle, weights do not matter", 0, 0, { { 1, 0, 0 }, { 100, 0, 0 } } },
	{ "wlc: a load in proportion is equal", 1, 0, { { 4, 4, 4 }, { 2, 2, 2 } } },
	{ "wlc: the heavier carries more", 1, 0, { { 3, 2, 2 }, { 1, 1, 1 } } },
	{ "wlc: until it carries too much", 1, 1, { { 3, 4, 4 }, { 1, 1, 1 } } },
	{ "weight 0 is not chosen", 1, 1, { { 0, 0, 0 }, { 1, 9, 9 } } },
	{ "weight 0 behind is not chosen", 0, 0, { { 1, 9, 9 }, { 0, 0, 0 } } },
	{ "overloaded is not chosen", 1, 1, { { 1, 0, 0, FULL }, { 1, 9, 9 }, { 1, 10, 10 } } },
	{ "all overloaded", -1, -1, { { 1, 0, 0, FULL }, { 1, 1, 1, FULL } } },
	{ "all weight 0", -1, -1, { { 0, 0, 0 }, { 0, 0, 0 } } },
	{ "nobody", -1, -1, { { 0 } } },
	{ "largest numbers", 1, 1, { { MOST, MOST, MOST }, { MOST, MOST - 1, MOST } } },
	{ "largest numbers, weights differ by one",
	  0,
	  1,
	  { { MOST - 1, MOST, MOST }, { MOST, MOST, MOST } } },
	/* 2^33 * 2^31 is 2^64: in 64 bits it would be 0, and the first would win */
	{ "products past 64 bits", 1, 1, { { 1u << 31, 3u << 23, 1u << 31 }, { 1u << 31, 1, 1 } } },
};

static void
views(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sched_server server[SL_COUNT(rows[i].server)];
		struct sched_load load[SL_COUNT(rows[i].server)];
		struct sched_view view = { .server = server, .load = load, .epoch = 1 };
		struct sched_state fresh = { 0 };
		struct sched_flow flow = { 0 };

		/* A row that is shorter goes on with servers of weight 0. */
		for (size_t j = 0; j < SL_COUNT(server); j++) {
			server[j] = (struct sched_server){ .order = (uint32_t)(100 - j),
							   .weight = rows[i].server[j].weight,
							   .flags = rows[i].server[j].flags };
			load[j] = (struct sched_load){ rows[i].server[j].active, rows[i].server[j].total };
			view.count++;
		}
		sl_check_int(rows[i].name, sched_find("lc")->pick(&view, &fresh, &flow), rows[i].lc);
		sl_check_int(rows[i].name, sched_find("wlc")->pick(&view, &fresh, &flow), rows[i].wlc);
	}
}

/* New connections end up in proportion to the weights, each within one of it. */
static void
wlc_levels_out(void **state)
{
	static const uint32_t weights[] = { 5, 1, 0, 3 };
	struct sim sim;

	sim_init(&sim, "wlc");
	for (size_t i = 0; i < SL_COUNT(weights); i++)
		sim_add(&sim, weights[i]);
	for (unsigned int n = 0; n < 900; n++) {
		int i = sim_find(&sim, (uint32_t)sim_pick(&sim, 0));

		sim.load[i].active++;
		sim.load[i].total++;
	}
	for (size_t i = 0; i < SL_COUNT(weights); i++) {
		uint32_t active = sim.load[sim_find(&sim, (uint32_t)i)].active;

		assert_in_range(active, 100 * weights[i] - (weights[i] != 0), 100 * weights[i] + 1);
	}
}

static void
empty_list(void **state)
{
	const struct sched_view view = { .epoch = 1 };
	const struct sched_flow flow = { 0 };

	for (unsigned int i = 0; sched_at(i) != NULL; i++) {
		struct sched_state fresh = { 0 };

		sl_check_int(sched_at(i)->name, sched_at(i)->pick(&view, &fresh, &flow), -1);
	}
}

static void
table(void **state)
{
	static const struct {
		const char *name;
		bool needs_load, has_table;
	} names[] = { { "rr", false, false },
		      { "wrr", false, false },
		      { "lc", true, false },
		      { "wlc", true, false },
		      { "mh", false, true } };
	size_t i;

	for (i = 0; i < SL_COUNT(names); i++) {
		const struct sched_ops *ops = sched_at((unsigned int)i);

		assert_non_null(ops);
		assert_ptr_equal(ops, sched_find(names[i].name));
		sl_check_str(names[i].name, ops->name, names[i].name);
		sl_check_int(names[i].name, ops->needs_load, names[i].needs_load);
		sl_check_int(names[i].name, ops->table_build != NULL, names[i].has_table);
		sl_check(names[i].name, ops->summary[0] != '\0');
	}
	assert_null(sched_at((unsigned int)i));
	assert_null(sched_at(UINT32_MAX));
	assert_null(sched_find("wlcc"));
	assert_null(sched_find("WLC"));
	assert_null(sched_find(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views),
		cmocka_unit_test(wlc_levels_out),
		cmocka_unit_test(empty_list),
		cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
