/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distances between words, and which word of a list was meant.
 */
#include "sl_near.h"
#include "sl_test.h"

static void
test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned int distance;
	} rows[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "weight", "weight", 0 },
		{ "weight", "WEIGHT", 0 },
		{ "weight", "weigt", 1 },   /* a letter is missing */
		{ "weight", "weigh_t", 1 }, /* one too many */
		{ "weight", "waight", 1 },  /* another one */
		{ "weight", "wieght", 1 },  /* two swapped */
		{ "ca", "abc", 3 },         /* restricted: what was swapped stays */
		{ "kitten", "sitting", 3 },
		{ "abcdef", "ghijkl", 6 },
	};
	char long_word[65];

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		sl_check_int(rows[i].b, sl_near_distance(rows[i].a, rows[i].b), rows[i].distance);
		sl_check_int(rows[i].b, sl_near_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
	memset(long_word, 'x', 64);
	long_word[64] = '\0';
	assert_int_equal(sl_near_distance(long_word, long_word), 1000);
	assert_int_equal(sl_near_distance(long_word + 1, long_word + 1), 0);
}

static const char *
word_at(unsigned int i, const void *context)
{
	static const char *const words[] = { "rr", "wrr", "lc", "wlc", "scheduler", "weight" };

	return i < SL_COUNT(words) ? words[i] : NULL;
}

static void
test_find(void **state)
{
	static const struct {
		const char *word, *nearest; /* "": none */
	} rows[] = {
		{ "wlc", "wlc" },
		{ "wlcc", "wlc" },
		{ "WRR", "wrr" },
		{ "r", "rr" },
		{ "schedular", "scheduler" },
		{ "wait", "" },
		{ "skedule", "scheduler" },
		{ "xyz", "" },
		{ "scheduling", "scheduler" },
		{ "", "" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const char *nearest = sl_near_find(rows[i].word, word_at, NULL);

		sl_check_str(rows[i].word, nearest != NULL ? nearest : "", rows[i].nearest);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_distance), cmocka_unit_test(test_find) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
