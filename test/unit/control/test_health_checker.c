/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keepalived's rules of checks as tables: what each verdict does to the state,
 * and when the next attempt is due. Then thousands of checkers on a simulated
 * clock, against the bounds that the rules promise.
 */
#include "checker_state.h"
#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>

/* delay_loop 6 s, delay_before_retry 1 s: as most rows have it. */
#define PLAIN                                                                                                \
	{                                                                                                    \
		.delay_loop_ms = 6000, .delay_before_retry_ms = 1000                                         \
	}

/*
 * Verdicts g (good) and b (bad), one attempt each. What is expected for each: U (up) or D (down) after
 * it, the next attempt's step, and how long after this attempt's due time that is due.
 */
static void
test_verdicts(void **state)
{
	static const struct {
		const char *name;
		enum conf_check_type type;
		uint32_t fall, rise;
		unsigned int steps;
		bool fast, alpha;
		uint32_t retry_ms, took_ms;
		const char *verdicts, *want;
	} rows[] = {
		/* TCP and its like */
		{ "good stays up", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 3, "gg", "U0+6000 U0+6000" },
		{ "one failure is tried again", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 0, "bg",
		  "U0+1000 U0+6000" },
		{ "retry 1: two failures are down", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 0, "bb",
		  "U0+1000 D0+6000" },
		{ "retry 0: one failure is down", CONF_CHECK_TCP, 1, 1, 1, 0, 0, 1000, 0, "b", "D0+6000" },
		{ "retry 3: four in a row", CONF_CHECK_DNS, 4, 1, 1, 0, 0, 6000, 0, "bbbb",
		  "U0+6000 U0+6000 U0+6000 D0+6000" },
		{ "a success in between starts over", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 0, "bgbb",
		  "U0+1000 U0+6000 U0+1000 D0+6000" },
		{ "one success brings up", CONF_CHECK_TCP, 1, 1, 1, 0, 0, 1000, 0, "bbg",
		  "D0+6000 D0+6000 U0+6000" },
		{ "while down there are no retries", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 0, "bbbb",
		  "U0+1000 D0+6000 D0+6000 D0+6000" },
		{ "after coming up retries are back", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 0, "bbgbb",
		  "U0+1000 D0+6000 U0+6000 U0+1000 D0+6000" },
		{ "rise 3", CONF_CHECK_TCP, 1, 3, 1, 0, 0, 1000, 0, "bggg",
		  "D0+6000 D0+6000 D0+6000 U0+6000" },
		{ "rise 3, broken", CONF_CHECK_TCP, 1, 3, 1, 0, 0, 1000, 0, "bggbggg",
		  "D0+6000 D0+6000 D0+6000 D0+6000 D0+6000 D0+6000 U0+6000" },
		{ "alpha: down until the first success", CONF_CHECK_TCP, 2, 1, 1, 0, 1, 1000, 0, "bbg",
		  "D0+6000 D0+6000 U0+6000" },
		/* the time that an attempt takes */
		{ "is no part of the interval", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 5000, "g", "U0+6000" },
		{ "delays the next when it is longer", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 7000, "g",
		  "U0+7000" },
		{ "comes before the retry", CONF_CHECK_TCP, 2, 1, 1, 0, 0, 1000, 500, "b", "U0+1500" },
		{ "MISC: the retry counts from the start", CONF_CHECK_MISC, 2, 1, 1, 0, 0, 1000, 500, "b",
		  "U0+1000" },
		{ "MISC: but there are never two", CONF_CHECK_MISC, 2, 1, 1, 0, 0, 1000, 1500, "b",
		  "U0+1500" },
		{ "down, and longer than the interval", CONF_CHECK_TCP, 1, 1, 1, 0, 0, 1000, 7000, "bb",
		  "D0+7000 D0+7000" },
		/* HTTP */
		{ "URLs in turn", CONF_CHECK_HTTP, 2, 1, 3, 0, 0, 1000, 0, "gggg",
		  "U1+6000 U2+6000 U0+6000 U1+6000" },
		{ "the failing one is tried again", CONF_CHECK_HTTP, 2, 1, 3, 0, 0, 1000, 0, "gbgg",
		  "U1+6000 U1+1000 U2+6000 U0+6000" },
		{ "one that fails is down", CONF_CHECK_HTTP, 2, 1, 3, 0, 0, 1000, 0, "gbb",
		  "U1+6000 U1+1000 D1+6000" },
		{ "down: that one, then all", CONF_CHECK_HTTP, 1, 1, 3, 0, 0, 1000, 0, "gbbgggg",
		  "U1+6000 D1+6000 D1+6000 D0+6000 D1+6000 D2+6000 U0+6000" },
		{ "another one fails meanwhile", CONF_CHECK_HTTP, 1, 1, 2, 0, 0, 1000, 0, "bgggbggg",
		  "D0+6000 D0+6000 D1+6000 U0+6000 D0+6000 D0+6000 D1+6000 U0+6000" },
		{ "fails in the round", CONF_CHECK_HTTP, 1, 1, 2, 0, 0, 1000, 0, "bggbggg",
		  "D0+6000 D0+6000 D1+6000 D1+6000 D0+6000 D1+6000 U0+6000" },
		{ "fast_recovery: the round at once", CONF_CHECK_HTTP, 1, 1, 3, 1, 0, 1000, 10, "gbgggg",
		  "U1+6000 D1+6000 D0+10 D1+10 D2+10 U0+6000" },
		{ "one URL needs no round", CONF_CHECK_SSL, 1, 1, 1, 0, 0, 1000, 0, "bg", "D0+6000 U0+6000" },
		{ "down at the longer of both", CONF_CHECK_SSL, 2, 1, 1, 0, 0, 9000, 0, "bbbg",
		  "U0+9000 D0+9000 D0+9000 U0+6000" },
		{ "alpha: all of them first", CONF_CHECK_HTTP, 1, 1, 2, 0, 1, 1000, 0, "gg",
		  "D1+6000 U0+6000" },
		{ "rise counts rounds", CONF_CHECK_HTTP, 1, 2, 2, 0, 1, 1000, 0, "gggg",
		  "D1+6000 D0+6000 D1+6000 U0+6000" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_checker conf = { .type = rows[i].type,
					     .delay_loop_ms = 6000,
					     .delay_before_retry_ms = rows[i].retry_ms,
					     .fall = rows[i].fall,
					     .rise = rows[i].rise };
		struct checker_state checker = checker_state_new(!rows[i].alpha);
		struct checker_rules rules;
		uint64_t due_ms = 1000000;
		char got[512] = "";
		bool was_up = checker.up;

		if (rows[i].fast)
			conf.http.fast_recovery = true;
		rules = checker_rules_of(&conf, rows[i].steps);
		for (const char *v = rows[i].verdicts; *v != '\0'; v++) {
			struct checker_attempt attempt = { due_ms, due_ms, due_ms + rows[i].took_ms,
							   *v == 'g' };
			size_t len = strlen(got);
			bool changed;

			due_ms = checker_state_verdict(&checker, &rules, &attempt, &changed);
			sl_check_int(rows[i].name, changed, checker.up != was_up);
			was_up = checker.up;
			snprintf(got + len, sizeof(got) - len, "%s%c%u+%u", len > 0 ? " " : "",
				 checker.up ? 'U' : 'D', checker.step,
				 (unsigned int)(due_ms - attempt.due_ms));
		}
		sl_check_str(rows[i].name, got, rows[i].want);
	}
}

/*
 * Servers that fail and come back at random times: none is taken for up or down without a reason, and
 * every change is noticed within the bound.
 */
static void
test_bounds(void **state)
{
	enum { CHECKERS = 5000, HOURS_MS = 600000, TOOK_MS = 20 };
	static const struct conf_checker conf = PLAIN;
	unsigned int changes = 0, noticed = 0;
	struct checker_rules rules;

	srandom(4);
	for (unsigned int i = 0; i < CHECKERS; i++) {
		struct conf_checker own = conf;
		struct checker_state checker = checker_state_new(true);
		uint64_t due_ms = (uint64_t)random() % 6000, flip_ms = (uint64_t)random() % 60000, bound_ms;
		bool works = true;

		own.fall = 1 + i % 4;
		own.rise = 1 + i % 3;
		rules = checker_rules_of(&own, 1);
		while (due_ms < HOURS_MS) {
			struct checker_attempt attempt = { due_ms, due_ms, due_ms + TOOK_MS, works };
			bool changed;

			if (flip_ms <= due_ms) {
				/* It must have been noticed, before there is the next change. */
				works = !works;
				changes++;
				attempt.good = works;
				bound_ms = flip_ms + 6000 +
					   (works ? own.rise * 6000 : (own.fall - 1) * (1000 + TOOK_MS)) +
					   TOOK_MS;
				flip_ms = bound_ms + (uint64_t)random() % 60000;
				while (checker.up != works) {
					due_ms = checker_state_verdict(&checker, &rules, &attempt, &changed);
					assert_true(attempt.ended_ms <= bound_ms);
					assert_true(changed == (checker.up == works));
					attempt = (struct checker_attempt){ due_ms, due_ms, due_ms + TOOK_MS,
									    works };
				}
				noticed++;
				continue;
			}
			due_ms = checker_state_verdict(&checker, &rules, &attempt, &changed);
			assert_false(changed);
			assert_true(due_ms > attempt.due_ms);
		}
	}
	assert_int_equal(changes, noticed);
	assert_true(noticed > CHECKERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
