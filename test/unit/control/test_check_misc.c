/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MISC_CHECK: what exit codes mean. How commands run, and what becomes of
 * those that hang, fork and flood, is tested in test_health_script.c; here,
 * that each of these ends in a verdict.
 */
#include "test_check_kit.h"

#include <unistd.h>

static struct conf_checker
misc(char *const argv[4], bool dynamic, uint32_t timeout_ms)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_MISC);

	conf.misc.script.argv = (char **)(uintptr_t)argv;
	conf.misc.script.uid = getuid();
	conf.misc.script.gid = getgid();
	conf.misc.timeout_ms = timeout_ms;
	conf.misc.dynamic = dynamic;
	return conf;
}

static void
test_endings(void **state)
{
	static const struct {
		const char *row, *script;
		bool dynamic;
		uint32_t timeout_ms;
		bool good;
		int weight; /* -1: none */
		const char *text;
	} rows[] = {
		{ "0", "exit 0", false, KIT_LONG_MS, true, -1, "exit code 0" },
		{ "1", "exit 1", false, KIT_LONG_MS, false, -1, "exit code 1" },
		{ "2", "exit 2", false, KIT_LONG_MS, false, -1, "exit code 2" },
		{ "dynamic 0", "exit 0", true, KIT_LONG_MS, true, -1, "exit code 0" },
		{ "dynamic 1", "exit 1", true, KIT_LONG_MS, false, -1, "exit code 1" },
		{ "dynamic 2", "exit 2", true, KIT_LONG_MS, true, 0, "exit code 2, weight 0" },
		{ "dynamic 255", "exit 255", true, KIT_LONG_MS, true, 253, "exit code 255, weight 253" },
		{ "by a signal", "kill -9 $$", true, KIT_LONG_MS, false, -1, "ended by SIGKILL" },
		{ "hangs", "sleep 1000", true, KIT_SHORT_MS, false, -1, "ran longer than 300 ms: ended" },
		{ "hangs, and exits well when told to end",
		  "trap 'exit 0' TERM; while :; do sleep 0.05; done", true, KIT_SHORT_MS, false, -1,
		  "ran longer than 300 ms: ended" },
		{ "leaves a process behind", "sleep 1000 & exit 0", false, KIT_LONG_MS, true, -1,
		  "exit code 0" },
		{ "floods", "head -c 10000000 /dev/zero; exit 0", false, KIT_LONG_MS, true, -1,
		  "exit code 0" },
		{ "no such command", "exec /nonexistent/command", false, KIT_LONG_MS, false, -1,
		  "exit code 127" },
	};
	struct check_target target = kit_target("127.0.0.1", 80);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char *const argv[4] = { (char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c",
					(char *)(uintptr_t)rows[i].script, NULL };
		struct conf_checker conf = misc(argv, rows[i].dynamic, rows[i].timeout_ms);
		struct check_result result = kit_run(&conf, &target);

		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
		sl_check_int(rows[i].row, result.has_weight, rows[i].weight >= 0);
		sl_check(rows[i].row, !result.weight_adds);
		if (rows[i].weight >= 0)
			sl_check_int(rows[i].row, result.weight, rows[i].weight);
	}
}

static void
test_cannot_run(void **state)
{
	char *const argv[4] = { (char *)(uintptr_t) "/nonexistent/check", NULL };
	struct check_target target = kit_target("127.0.0.1", 80);
	struct conf_checker conf = misc(argv, false, KIT_LONG_MS);
	struct check_result result = kit_run(&conf, &target);

	kit_verdict("no such file", &result, false, "/nonexistent/check: No such file or directory");
}

static void
test_cancel(void **state)
{
	char *const argv[4] = { (char *)(uintptr_t) "/bin/true", NULL };
	struct check_target target = kit_target("127.0.0.1", 80);
	struct conf_checker conf = misc(argv, false, KIT_LONG_MS);

	kit_cancel_everywhere(&conf, &target);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_cannot_run),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
