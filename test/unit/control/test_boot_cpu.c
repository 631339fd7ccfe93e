/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which CPU does what, by a table.
 */
#include "boot_cpu.h"
#include "sl_test.h"

#include <errno.h>
#include <stdio.h>

enum { LIST_MAX = 8, END = -1 };

static const struct row {
	const char *name;
	int allowed[LIST_MAX];
	unsigned int workers;
	int given[LIST_MAX]; /* worker_cores */
	unsigned int given_count;
	int rc;
	int cpus[LIST_MAX]; /* of the workers */
	const char *control, *says;
} rows[] = {
	{ "auto on one CPU", { 0, END }, 0, { 0 }, 0, 0, { 0, END }, "0", NULL },
	{ "auto on two", { 0, 1, END }, 0, { 0 }, 0, 0, { 1, END }, "0", NULL },
	{ "auto on four", { 0, 1, 2, 3, END }, 0, { 0 }, 0, 0, { 1, 2, 3, END }, "0", NULL },
	{ "auto, in a container", { 4, 6, 7, END }, 0, { 0 }, 0, 0, { 6, 7, END }, "4", NULL },
	{ "one on two", { 0, 1, END }, 1, { 0 }, 0, 0, { 1, END }, "0", NULL },
	{ "two on two use both", { 0, 1, END }, 2, { 0 }, 0, 0, { 1, 0, END }, "0-1", NULL },
	{ "three on two share", { 0, 1, END }, 3, { 0 }, 0, 0, { 1, 0, 1, END }, "0-1", NULL },
	{ "two on one share", { 3, END }, 2, { 0 }, 0, 0, { 3, 3, END }, "3", NULL },
	{ "two on four leave control more", { 0, 1, 2, 3, END }, 2, { 0 }, 0, 0, { 1, 2, END }, "0,3", NULL },
	{ "given", { 0, 1, 2, 3, END }, 0, { 3, 1 }, 2, 0, { 3, 1, END }, "0,2", NULL },
	{ "given the first", { 0, 1, END }, 0, { 0 }, 1, 0, { 0, END }, "1", NULL },
	{ "given one that may not be used",
	  { 0, 1, 2, 5, END },
	  0,
	  { 1, 4 },
	  2,
	  -EINVAL,
	  { END },
	  NULL,
	  "worker_cores: CPU 4 is not one that sluiced may use (it may use 0-2,5)" },
	{ "given nonsense", { 0, END }, 0, { 99999 }, 1, -EINVAL, { END }, NULL, "CPU 99999" },
	{ "none allowed", { END }, 0, { 0 }, 0, -EINVAL, { END }, NULL, "no CPU" },
};

static void
test_choose(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		int given[LIST_MAX];
		struct conf conf = {
			.workers = row->workers,
			.worker_cpus = given,
			.worker_cpu_count = row->given_count,
		};
		struct dp_params params = { 0 };
		char error[DP_ERROR_SIZE] = "", text[64];
		unsigned int count = 0;
		cpu_set_t allowed, control;

		memcpy(given, row->given, sizeof(given));
		CPU_ZERO(&allowed);
		for (int a = 0; row->allowed[a] != END; a++)
			CPU_SET(row->allowed[a], &allowed);
		sl_check_int(row->name, boot_cpu_choose(&conf, &allowed, &params, error), row->rc);
		if (row->says != NULL)
			sl_check(row->name, strstr(error, row->says) != NULL);
		if (row->rc != 0)
			continue;
		for (; row->cpus[count] != END; count++)
			sl_check_int(row->name, params.cpu[count], row->cpus[count]);
		sl_check_int(row->name, params.workers, count);
		control = boot_cpu_control(&allowed, &params);
		sl_check_str(row->name, boot_cpu_format(&control, text, sizeof(text)), row->control);
	}
}

/* More CPUs than workers there can be. */
static void
test_many(void **state)
{
	struct conf conf = { 0 };
	struct dp_params params;
	char error[DP_ERROR_SIZE];
	cpu_set_t allowed;

	memset(&allowed, 0xff, sizeof(allowed));
	assert_int_equal(boot_cpu_choose(&conf, &allowed, &params, error), 0);
	assert_int_equal(params.workers, DP_WORKERS_MAX);
	assert_int_equal(params.cpu[0], 1);
	assert_int_equal(params.cpu[DP_WORKERS_MAX - 1], DP_WORKERS_MAX);
}

/* A text that does not fit is cut, not overrun. */
static void
test_format(void **state)
{
	char text[8];
	cpu_set_t set;

	CPU_ZERO(&set);
	assert_string_equal(boot_cpu_format(&set, text, sizeof(text)), "");
	for (int i = 0; i < 40; i += 2)
		CPU_SET(i, &set);
	assert_string_equal(boot_cpu_format(&set, text, sizeof(text)), "0,2,4,6");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
