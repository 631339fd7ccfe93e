/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables: alignment, rows past those that set the widths, and numbers.
 */
#include "sl_test.h"
#include "table.h"

#include <stdlib.h>

static const struct table_column columns[] = { { "NAME", TABLE_LEFT },
					       { "N", TABLE_RIGHT },
					       { "NOTE", TABLE_LEFT } };

static void
test_alignment(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct table *table = table_create(out, columns, 3);

	table_cell(table, "%s", "a");
	table_cell(table, "%d", 100);
	table_cell(table, "%s", "first");
	table_cell(table, "%s", "longer");
	table_row_end(table);
	table_cell(table, "%s", "");
	table_cell(table, "%d", 7);
	table_cell(table, "%s", "");
	table_cell(table, "%s", "");
	table_cell(table, "%s", "");
	table_cell(table, "%s", "last");
	table_destroy(table);
	fclose(out);
	assert_string_equal(text, "NAME      N  NOTE\n"
				  "a       100  first\n"
				  "longer\n"
				  "          7\n"
				  "             last\n");
	free(text);
}

static void
test_empty(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	table_destroy(table_create(out, columns, 3));
	table_abandon(table_create(out, columns, 3));
	table_destroy(NULL);
	table_abandon(NULL);
	fclose(out);
	assert_string_equal(text, "NAME  N  NOTE\n");
	free(text);
}

/* Rows are printed while there are more to come; a wider cell then pushes its line only. */
static void
test_flow(void **state)
{
	enum { ROWS = 2000 };
	char *text;
	size_t len, lines = 0;
	FILE *out = open_memstream(&text, &len);
	struct table *table = table_create(out, columns, 3);

	for (int i = 0; i < ROWS; i++) {
		table_cell(table, "%s", i == ROWS - 1 ? "very long" : "a");
		table_cell(table, "%d", i);
		table_cell(table, "%s", "x");
		fflush(out);
		assert_true(i < 600 || len > 1000);
	}
	table_destroy(table);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, ROWS + 1);
	assert_non_null(strstr(text, "\na     1998  x\n"));
	assert_non_null(strstr(text, "\nvery long  1999  x\n"));
	free(text);
}

static void
test_numbers(void **state)
{
	static const struct {
		uint64_t number;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1.00k" },
		{ 1234, "1.23k" },
		{ 9994, "9.99k" },
		{ 9995, "10.0k" },
		{ 99949, "99.9k" },
		{ 99950, "100k" },
		{ 999499, "999k" },
		{ 999500, "1.00M" },
		{ 12345678, "12.3M" },
		{ 5000000000, "5.00G" },
		{ 7200000000000, "7.20T" },
		{ UINT64_MAX, "18.4E" },
	};
	char buf[TABLE_NUMBER_SIZE];

	for (size_t i = 0; i < SL_COUNT(rows); i++)
		sl_check_str(rows[i].text, table_number(rows[i].number, buf), rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
