/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Passive health: traffic of every shape, simulated connection by connection,
 * and when it says that a server is down. And weights: who has a say.
 */
#include "passive.h"
#include "sl_test.h"
#include "weight.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECONDS = 30, STEP_MS = 10, NEVER = 0 };

/* What happens to connections that are opened in one part of the time. */
struct part {
	uint32_t until_ms;
	uint32_t per_second;
	uint32_t bad_percent; /* of them get no answer, or a reset */
	bool refused;
	uint32_t answer_ms; /* how long the others take */
};

/* Each: defaults, 10 failures and 50 percent in 3 s. Parts follow each other to the 30th second. */
static void
test_shapes(void **state)
{
	static const struct {
		const char *name;
		struct part part[4];
		uint32_t from_ms, to_ms; /* when it is to be noticed; NEVER: not at all */
	} rows[] = {
		{ "all is well", { { 30000, 100, 0, false, 1 } }, NEVER, NEVER },
		{ "no traffic", { { 30000, 0, 0, false, 1 } }, NEVER, NEVER },
		{ "refuses all from 10 s on",
		  { { 10000, 100, 0, false, 1 }, { 30000, 100, 100, true, 1 } },
		  10000,
		  12500 },
		{ "answers none from 10 s on",
		  { { 10000, 100, 0, false, 1 }, { 30000, 100, 100, false, 1 } },
		  11000,
		  13500 },
		{ "refuses from the first on", { { 30000, 100, 100, true, 1 } }, 100, 1000 },
		{ "answers none from the first on", { { 30000, 100, 100, false, 1 } }, 1000, 3000 },
		{ "a trickle: too few", { { 30000, 2, 100, true, 1 } }, NEVER, NEVER },
		{ "a third fails: too small a share", { { 30000, 100, 33, true, 1 } }, NEVER, NEVER },
		{ "a third unanswered", { { 30000, 100, 33, false, 1 } }, NEVER, NEVER },
		{ "four of five unanswered", { { 30000, 100, 80, false, 1 } }, 1000, 5000 },
		{ "slow: 900 ms", { { 30000, 100, 0, false, 900 } }, NEVER, NEVER },
		{ "becomes slow: 900 ms",
		  { { 10000, 100, 0, false, 1 }, { 30000, 100, 0, false, 900 } },
		  NEVER,
		  NEVER },
		{ "becomes very slow: 1500 ms, but answers",
		  { { 10000, 100, 0, false, 1 }, { 30000, 100, 0, false, 1500 } },
		  NEVER,
		  NEVER },
		{ "a burst is under way for a second",
		  { { 10000, 10, 0, false, 1 }, { 10100, 5000, 0, false, 900 }, { 30000, 10, 0, false, 1 } },
		  NEVER,
		  NEVER },
		{ "a burst behind answered ones",
		  { { 10000, 1, 0, false, 1 },
		    { 10500, 200, 0, false, 1 },
		    { 11000, 1800, 0, false, 950 },
		    { 30000, 1, 0, false, 1 } },
		  NEVER,
		  NEVER },
		{ "ten refused among a thousand new ones",
		  { { 10000, 0, 0, false, 1 }, { 10500, 2000, 1, true, 1 }, { 30000, 0, 0, false, 1 } },
		  NEVER,
		  NEVER },
		{ "fails for a moment, long ago",
		  { { 5000, 100, 0, false, 1 }, { 5500, 100, 100, false, 1 }, { 30000, 100, 0, false, 1 } },
		  NEVER,
		  NEVER },
	};
	static const struct conf_passive conf = { true, 3000, 10, 50, 10000 };

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		static uint32_t answers[SECONDS * 1000 + 2000];
		const struct part *part = rows[i].part;
		struct passive passive = { 0 };
		struct passive_counts counts = { 1000000, 900000, 50000 };
		uint32_t noticed_ms = NEVER, opened = 0;
		char text[PASSIVE_TEXT_SIZE];

		memset(answers, 0, sizeof(answers));
		for (uint32_t now_ms = 0; now_ms < SECONDS * 1000 && noticed_ms == NEVER; now_ms++) {
			if (now_ms >= part->until_ms)
				part++;
			counts.answered += answers[now_ms];
			/* evenly spread: so many until this millisecond */
			for (uint32_t n = (uint32_t)((uint64_t)part->per_second * (now_ms + 1) / 1000) -
					  (uint32_t)((uint64_t)part->per_second * now_ms / 1000);
			     n > 0; n--) {
				bool bad = opened++ % 100 * 37 % 100 < part->bad_percent;

				counts.syns++;
				counts.refused += bad && part->refused;
				if (!bad)
					answers[now_ms + part->answer_ms]++;
			}
			if (now_ms % PASSIVE_EVERY_MS == 0 &&
			    passive_add(&passive, &conf, &counts, 5000000 + now_ms, text))
				noticed_ms = now_ms;
		}
		if (noticed_ms < rows[i].from_ms || noticed_ms > rows[i].to_ms)
			fail_msg("row \"%s\": noticed at %u ms, not %u..%u", rows[i].name, noticed_ms,
				 rows[i].from_ms, rows[i].to_ms);
	}
}

/* Counters that begin anew (another server has the slot) are no failures, and are watched from there. */
static void
test_reset(void **state)
{
	static const struct conf_passive conf = { true, 3000, 10, 50, 10000 };
	struct passive_counts counts = { 5000, 5000, 0 };
	char text[PASSIVE_TEXT_SIZE] = "";
	struct passive passive = { 0 };
	uint64_t now_ms = 1000;

	for (int i = 0; i < 40; i++, now_ms += 250) {
		counts.syns += 25;
		counts.answered += 25;
		assert_false(passive_add(&passive, &conf, &counts, now_ms, text));
	}
	counts = (struct passive_counts){ 0 };
	for (int i = 0; i < 40; i++, now_ms += 250) {
		counts.syns += 25;
		counts.answered += 25;
		assert_false(passive_add(&passive, &conf, &counts, now_ms, text));
	}
	counts = (struct passive_counts){ 0 };
	for (int i = 0; i < 4 * 3; i++, now_ms += 250) {
		counts.syns += 25;
		if (passive_add(&passive, &conf, &counts, now_ms, text))
			break;
	}
	assert_non_null(strstr(text, "connections refused or unanswered in 3000 ms"));
}

/* A long window has coarser samples, a short one as many as come. */
static void
test_windows(void **state)
{
	static const struct {
		uint32_t window_ms, least_ms, most_ms;
	} rows[] = { { 500, 1000, 2000 }, { 3000, 2000, 4000 }, { 60000, 20000, 40000 } };

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct conf_passive conf = { true, rows[i].window_ms, 10, 50, 10000 };
		struct passive_counts counts = { 0 };
		struct passive passive = { 0 };
		char text[PASSIVE_TEXT_SIZE];
		uint64_t now_ms = 0;

		for (; now_ms < 100000; now_ms += 250) {
			counts.syns += 25;
			counts.answered += 25;
			assert_false(passive_add(&passive, &conf, &counts, now_ms, text));
		}
		for (; now_ms < 200000; now_ms += 250) {
			counts.syns += 25;
			if (passive_add(&passive, &conf, &counts, now_ms, text))
				break;
		}
		assert_in_range(now_ms - 100000, rows[i].least_ms, rows[i].most_ms);
	}
}

static void
test_weights(void **state)
{
	static const struct {
		const char *name;
		struct weight_says says;
		uint32_t weight;
		const char *why;
	} rows[] = {
		{ "configured", { 5, false, 0, 0, -1, NULL }, 5, "" },
		{ "configured above the most", { 100000, false, 0, 0, -1, NULL }, 100000, "" },
		{ "misc_dynamic", { 5, true, 9, 0, -1, NULL }, 9, "misc_dynamic says 9" },
		{ "misc_dynamic 0", { 5, true, 0, 0, -1, NULL }, 0, "misc_dynamic says 0" },
		{ "a file adds", { 5, false, 0, 3, -1, NULL }, 8, "FILE_CHECK adds 3" },
		{ "a file takes away", { 5, false, 0, -3, -1, NULL }, 2, "FILE_CHECK adds -3" },
		{ "not below 0", { 5, false, 0, -30, -1, NULL }, 0, "FILE_CHECK adds -30" },
		{ "not above 65535",
		  { 5, false, 0, INT64_MAX / 2, -1, NULL },
		  65535,
		  "FILE_CHECK adds 4611686018427387903" },
		{ "both", { 5, true, 10, -3, -1, NULL }, 7, "misc_dynamic says 10, FILE_CHECK adds -3" },
		{ "percent", { 200, false, 0, 0, 50, NULL }, 100, "agent says 50%" },
		{ "100 percent", { 200, false, 0, 0, 100, NULL }, 200, "" },
		{ "more", { 200, false, 0, 0, 150, NULL }, 300, "agent says 150%" },
		{ "rounded up", { 1, false, 0, 0, 1, NULL }, 1, "agent says 1%" },
		{ "0 percent is 0", { 200, false, 0, 0, 0, NULL }, 0, "agent says 0%" },
		{ "percent of what checks give",
		  { 5, true, 10, 0, 50, NULL },
		  5,
		  "misc_dynamic says 10, agent says 50%" },
		{ "drain", { 5, true, 10, 0, 50, "drain" }, 0, "drain" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char why[WEIGHT_WHY_SIZE];

		sl_check_int(rows[i].name, weight_of(&rows[i].says, why), rows[i].weight);
		sl_check_str(rows[i].name, why, rows[i].why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
