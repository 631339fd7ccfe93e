/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rr and wrr pick by pick. Each row is a little script and the picks that it
 * must give; the sequences are those of Linux IPVS.
 *
 * Scripts: "+3" adds a server of weight 3 (the first is A, the next B, ...),
 * "-B" removes B, "B=5" gives it weight 5, "B!" overloads it, "B?" relieves
 * it, "*4" picks four times. Picks: the servers' letters, "." for none.
 */
#include "sched_sim.h"

#include <stdlib.h>

static const struct {
	const char *name, *scheduler, *script, *picks;
} rows[] = {
	{ "rr: newest first, then round", "rr", "+1 +1 +1 *7", "CBACBAC" },
	{ "rr: weights do not count", "rr", "+9 +1 +5 *6", "CBACBA" },
	{ "rr: weight 0 is passed over", "rr", "+1 +0 +1 *4", "CACA" },
	{ "rr: overloaded is passed over, until relieved", "rr", "+1 +1 +1 B! *3 B? *3", "CACBAC" },
	{ "rr: all overloaded, then one relieved", "rr", "+1 +1 A! B! *2 A? *2 B? *2", "..AABA" },
	{ "rr: no server at all", "rr", "*2", ".." },
	{ "rr: only weight 0", "rr", "+0 +0 *2", ".." },
	{ "rr: one server", "rr", "+1 *3", "AAA" },
	{ "rr: a new server waits for its turn", "rr", "+1 +1 +1 *1 +1 *4", "CBADC" },
	{ "rr: the one chosen last is removed", "rr", "+1 +1 +1 *2 -B *3", "CBACA" },
	{ "rr: the one chosen last, first in the list, is removed", "rr", "+1 +1 +1 *1 -C *3", "CBAB" },
	{ "rr: the one chosen last, last in the list, is removed", "rr", "+1 +1 +1 *3 -A *3", "CBACBC" },
	{ "rr: it and its predecessor are removed", "rr", "+1 +1 +1 +1 *2 -C -D *3", "DCBAB" },
	{ "rr: the next is removed", "rr", "+1 +1 +1 *1 -B *3", "CACA" },
	{ "rr: a failed pick does not move the turn", "rr", "+1 +1 +1 *1 A! B! C! *2 A? B? C? *2", "C..BA" },
	{ "rr: a weight that changes moves nothing", "rr", "+1 +1 +1 *1 A=7 *3", "CBAC" },

	{ "wrr: 4, 3, 2", "wrr", "+4 +3 +2 *18", "ABACBACBAABACBACBA" },
	{ "wrr: 4, 2 have the divisor 2", "wrr", "+4 +2 *6", "ABAABA" },
	{ "wrr: 40000, 20000 likewise", "wrr", "+40000 +20000 *6", "ABAABA" },
	{ "wrr: equal weights are round robin", "wrr", "+5 +5 +5 *6", "CBACBA" },
	{ "wrr: one server", "wrr", "+7 *3", "AAA" },
	{ "wrr: weight 0 is never chosen", "wrr", "+2 +0 +1 *6", "ACAACA" },
	{ "wrr: no server at all", "wrr", "*2", ".." },
	{ "wrr: only weight 0", "wrr", "+0 +0 *2", ".." },
	{ "wrr: weight 0 at first, then not", "wrr", "+0 +0 *1 A=2 *2", ".AA" },
	{ "wrr: a service that fills while it is used", "wrr", "*1 +4 *1 +3 +2 *10", ".ACBAABACBAC" },
	{ "wrr: overloaded is passed over", "wrr", "+4 +3 +2 B! *7", "AACACAA" },
	{ "wrr: the heavy one is overloaded", "wrr", "+2147483647 +1 A! *3 A? *1", "BBBA" },
	{ "wrr: the light one is overloaded", "wrr", "+1 +2147483647 A! *3", "BBB" },
	{ "wrr: all overloaded", "wrr", "+4 +3 A! B! *2 A? B? *3", "..ABA" },
	{ "wrr: all overloaded within a rotation: it begins again", "wrr",
	  "+4 +3 +2 *2 A! B! C! *1 A? B? C? *3", "AB.ABA" },
	{ "wrr: all overloaded on the lowest level: it stays there", "wrr",
	  "+4 +3 +2 *7 A! B! C! *1 A? B? C? *4", "ABACBAC.BAAB" },
	{ "wrr: a weight changes: same level, from the head", "wrr", "+4 +3 +2 *5 B=5 *7", "ABACBCBACBAB" },
	{ "wrr: weights fall below the level", "wrr", "+4 +3 +2 *1 A=2 *5", "ABCBAC" },
	{ "wrr: the divisor grows: the level is rounded", "wrr", "+4 +3 +2 *5 B=4 *5", "ABACBBACBA" },
	{ "wrr: a server is added: same level, from the head", "wrr", "+2 +2 *1 +2 *4", "BCBAC" },
	{ "wrr: the one chosen last is removed", "wrr", "+1 +1 +1 *1 -C *3", "CBAB" },
};

/* Runs a script and writes what was picked. */
static void
script_run(const char *script, struct sim *sim, char *picks)
{
	for (const char *word = script; *word != '\0';
	     word += strcspn(word, " "), word += strspn(word, " ")) {
		if (*word == '+') {
			sim_add(sim, (uint32_t)strtoul(word + 1, NULL, 10));
		} else if (*word == '-') {
			sim_remove(sim, (uint32_t)(word[1] - 'A'));
		} else if (*word == '*') {
			for (long n = strtol(word + 1, NULL, 10); n > 0; n--) {
				int number = sim_pick(sim, 0);

				*picks++ = (char)(number < 0 ? '.' : 'A' + number);
			}
		} else if (word[1] == '=') {
			sim_weight(sim, (uint32_t)(*word - 'A'), (uint32_t)strtoul(word + 2, NULL, 10));
		} else {
			assert_true(word[1] == '!' || word[1] == '?');
			sim_overload(sim, (uint32_t)(*word - 'A'), word[1] == '!');
		}
	}
	*picks = '\0';
}

static void
scripts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char picks[64];
		struct sim sim;

		sim_init(&sim, rows[i].scheduler);
		script_run(rows[i].script, &sim, picks);
		sl_check_str(rows[i].name, picks, rows[i].picks);
	}
}

/* Over whole rotations each server gets its weight exactly, whatever the weights. */
static void
wrr_is_exact_over_a_rotation(void **state)
{
	static const uint32_t weights[] = { 100, 51, 7, 65535, 1, 300 };
	unsigned int got[SL_COUNT(weights)] = { 0 };
	uint32_t sum = 0;
	struct sim sim;

	sim_init(&sim, "wrr");
	for (size_t i = 0; i < SL_COUNT(weights); i++) {
		sim_add(&sim, weights[i]);
		sum += weights[i];
	}
	for (uint32_t n = 0; n < 3 * sum; n++)
		got[sim_pick(&sim, 0)]++;
	for (size_t i = 0; i < SL_COUNT(weights); i++)
		assert_int_equal(got[i], 3 * weights[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts),
		cmocka_unit_test(wrr_is_exact_over_a_rotation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
