/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FILE_CHECK: numbers, what is none, and files that are none.
 */
#include "test_check_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-check-file-XXXXXX", path[64];

static void
write_file(const char *text, size_t len)
{
	FILE *stream = fopen(path, "wb");

	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, len, stream), len);
	fclose(stream);
}

static struct check_result
check(bool dynamic, int32_t weight, bool reverse)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_FILE);
	struct check_target target = kit_target("127.0.0.1", 80);

	conf.file = (struct conf_file_check){
		.path = path, .weight = weight, .reverse = reverse, .dynamic = dynamic
	};
	return kit_run(&conf, &target);
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *row, *text;
		bool dynamic;
		int32_t weight;
		bool reverse, good;
		int64_t change;
		const char *words;
	} rows[] = {
		{ "added", "7\n", true, 3, false, true, 21, "value 7, weight +21" },
		{ "taken away", "-7", true, 3, false, true, -21, "value -7, weight -21" },
		{ "reversed", " 7 \n", true, 3, true, true, -21, "value 7, weight -21" },
		{ "nothing to add", "0", true, 5, false, true, 0, "value 0, weight +0" },
		{ "the largest of all", "2147483647", true, INT32_MAX, false, true,
		  INT64_C(4611686014132420609), "value 2147483647, weight +4611686014132420609" },
		{ "0 is good", "0\n", false, 1, false, true, 0, "value 0" },
		{ "1 is not", "1\n", false, 1, false, false, 0, "value 1, want 0" },
		{ "reversed, 0 is not", "0\n", false, 1, true, false, 0, "value 0, want another than 0" },
		{ "reversed, -1 is good", "-1\n", false, 1, true, true, 0, "value -1" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct check_result result;

		write_file(rows[i].text, strlen(rows[i].text));
		result = check(rows[i].dynamic, rows[i].weight, rows[i].reverse);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].words);
		sl_check_int(rows[i].row, result.has_weight, rows[i].dynamic);
		sl_check_int(rows[i].row, result.weight_adds, rows[i].dynamic);
		sl_check_int(rows[i].row, result.weight, rows[i].change);
	}
}

static void
test_garbage(void **state)
{
	static const struct {
		const char *row, *text;
		size_t len;
		const char *quote;
	} rows[] = {
		{ "nothing", "", 0, "\"\"" },
		{ "words", "up\n", 3, "\"up\"" },
		{ "a number and words", "5 apples", 8, "\"5 apples\"" },
		{ "two numbers", "5\n6\n", 4, "\"5\"" },
		{ "a fraction", "1.5", 3, "\"1.5\"" },
		{ "too large", "2147483648", 10, "\"2147483648\"" },
		{ "larger than any", "99999999999999999999", 20, "\"99999999999999999999\"" },
		{ "bytes", "\x01\xff\0", 3, "\"...\"" },
		{ "a zero byte behind it", "5\0", 2, "\"5.\"" },
		{ "blanks without end",
		  "1                                                                               ", 80,
		  "\"1                      \"..." },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char want[CHECK_TEXT_SIZE];

		write_file(rows[i].text, rows[i].len);
		snprintf(want, sizeof(want), "%s holds %s, want a number of -2147483648 to 2147483647", path,
			 rows[i].quote);
		for (int dynamic = 0; dynamic < 2; dynamic++) {
			struct check_result result = check(dynamic, 1, false);

			kit_verdict(rows[i].row, &result, false, want);
			sl_check(rows[i].row, !result.has_weight);
		}
	}
}

/* None of them is waited for; a huge file is not read. */
static void
test_no_file(void **state)
{
	struct check_result result;

	unlink(path);
	result = check(true, 1, false);
	assert_false(result.good);
	assert_non_null(strstr(result.text, "No such file or directory"));

	assert_int_equal(mkfifo(path, 0600), 0);
	result = check(true, 1, false);
	assert_false(result.good);
	assert_non_null(strstr(result.text, "is not a regular file"));
	unlink(path);

	assert_int_equal(mkdir(path, 0700), 0);
	result = check(true, 1, false);
	assert_false(result.good);
	assert_non_null(strstr(result.text, "is not a regular file"));
	rmdir(path);

	write_file("", 0);
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	result = check(true, 1, false);
	assert_false(result.good);
	assert_non_null(strstr(result.text, "want a number"));
}

static void
test_cancel(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_FILE);
	struct check_target target = kit_target("127.0.0.1", 80);

	conf.file.path = path;
	kit_cancel_everywhere(&conf, &target);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_cancel),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/value", folder);
	failed = cmocka_run_group_tests(tests, kit_setup, kit_teardown);
	unlink(path);
	rmdir(folder);
	return failed;
}
