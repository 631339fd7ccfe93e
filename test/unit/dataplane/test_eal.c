/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting DPDK's environment: what cannot start says why in one line, which names
 * what is wrong, and nothing is printed beside it. Each row is a process of its own,
 * because EAL starts once a process.
 */
#include "child.h"
#include "eal.h"

#include "sl_log.h"
#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 4, PRINTED_MAX = 8192 };

struct row {
	const char *name;
	const char *args[ARGS_MAX];
	uint32_t mbufs;
	bool starts;
	const char *says[3]; /* parts of the line */
};

static const struct row rows[] = {
	{ "enough memory without hugepages", { "--no-huge", "-m", "64" }, 1000, true, { NULL } },
	{ "an option that there is not",
	  { "--no-huge", "--bogus" },
	  1000,
	  false,
	  { "EAL has no option \"--bogus\"" } },
	{ "with a value", { "--bogus=7", "--no-huge" }, 1000, false, { "\"--bogus=7\"" } },
	{ "a letter that is no option", { "-Z" }, 1000, false, { "\"-Z\"" } },
	{ "a driver that there is not",
	  { "--no-huge", "-m", "64", "--vdev=net_nosuch0" },
	  1000,
	  false,
	  { "DPDK does not start", "net_nosuch0" } },
	{ "more memory than anybody has",
	  { "--no-huge" },
	  1u << 31,
	  false,
	  { "8650808 MB of memory are needed", "dataplane { mbufs N }", "nr_hugepages" } },
};

/* In the child: what it prints goes to the pipe; the error line after a zero byte. */
static void
start(const void *context)
{
	const struct row *row = context;
	struct dp_params params = { .workers = 1, .connections = 1000, .mbufs = row->mbufs };
	struct dp_port_conf port = { .name = "a", .device = "net_null0" };
	char error[DP_ERROR_SIZE] = "";
	char *argv[ARGS_MAX];
	int argc = 0, code;

	sl_log_limit_set(SL_LOG_WARN);
	for (; argc < ARGS_MAX && row->args[argc] != NULL; argc++)
		argv[argc] = strdup(row->args[argc]);
	code = dp_eal_start(&params, &port, 1, argc, argv, error);
	fflush(stdout);
	(void)!write(STDOUT_FILENO, "\0", 1);
	(void)!write(STDOUT_FILENO, error, strlen(error) + 1);
	_exit(code == 0 ? 0 : 1);
}

static void
test_rows(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char printed[PRINTED_MAX] = "", *line;
		int status = child_run(start, &rows[i], printed, sizeof(printed));

		sl_check(rows[i].name, WIFEXITED(status));
		sl_check_str(rows[i].name, printed, ""); /* nothing but our own line */
		line = printed + strlen(printed) + 1;
		sl_check_int(rows[i].name, WEXITSTATUS(status), rows[i].starts ? 0 : 1);
		sl_check_int(rows[i].name, line[0] == '\0', rows[i].starts);
		sl_check(rows[i].name, strchr(line, '\n') == NULL);
		for (size_t k = 0; k < SL_COUNT(rows[i].says) && rows[i].says[k] != NULL; k++)
			if (strstr(line, rows[i].says[k]) == NULL)
				fail_msg("row \"%s\": \"%s\" does not say \"%s\"", rows[i].name, line,
					 rows[i].says[k]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
