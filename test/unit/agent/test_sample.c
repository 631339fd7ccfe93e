/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sluice-agent makes of /proc, turn by turn: averages over three
 * intervals, counters that stand still or go back, files that are not there.
 */
#include "agent_room.h"
#include "sl_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char root[] = "/tmp/sluice-agent-XXXXXX";

/* The group's counters are compared with it; the tests have no group. */
uint64_t
now_ms(void)
{
	return 1000;
}

static void
file_write(const char *name, const char *text)
{
	char path[128];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/proc/%s", root, name);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

/* { what, the cpu line's ticks (NULL: the file is gone), load of the CPU after this turn; -1: not known } */
static const struct {
	const char *name, *ticks;
	double cpu;
} turns[] = {
	{ "the first says nothing", "100 0 0 900 0 0 0 0 0 0", -1 },
	{ "idle", "100 0 0 1000 0 0 0 0 0 0", 0 },
	{ "idle", "100 0 0 1100 0 0 0 0 0 0", 0 },
	{ "one busy interval of three", "200 0 0 1100 0 0 0 0 0 0", 100.0 / 3 },
	{ "it is seen in three", "200 0 0 1200 0 0 0 0 0 0", 100.0 / 3 },
	{ "it is seen in three", "200 0 0 1300 0 0 0 0 0 0", 100.0 / 3 },
	{ "and then no more", "200 0 0 1400 0 0 0 0 0 0", 0 },
	{ "nice, system, irq, softirq and steal are busy", "210 10 10 1440 0 10 10 10 0 0",
	  60.0 / 300 * 100 },
	{ "to wait for a disk is not", "210 10 10 1440 100 10 10 10 0 0", 60.0 / 300 * 100 },
	{ "guest time is in user already", "310 10 10 1440 100 10 10 10 100 0", 160.0 / 300 * 100 },
	{ "nothing goes on", "310 10 10 1440 100 10 10 10 100 0", 100.0 / 200 * 100 },
	{ "the file is gone", NULL, -1 },
	{ "back, from anew", "5 0 0 5 0 0 0 0 0 0", -1 },
	{ "back, from anew", "15 0 0 5 0 0 0 0 0 0", 100 },
	{ "counters that go back", "0 0 0 0 0 0 0 0 0 0", -1 },
	{ "no line of CPUs", "x", -1 },
};

static void
processor(void **state)
{
	struct sampler sampler;

	sampler_init(&sampler, root);
	file_write("loadavg", "3.00 0 0 1/1 1\n");
	for (size_t i = 0; i < SL_COUNT(turns); i++) {
		char path[128], text[256];

		snprintf(path, sizeof(path), "%s/proc/stat", root);
		if (turns[i].ticks == NULL) {
			unlink(path);
		} else {
			snprintf(text, sizeof(text), "%s%s\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n",
				 turns[i].ticks[0] == 'x' ? "" : "cpu  ", turns[i].ticks);
			file_write("stat", text);
		}
		sampler_turn(&sampler);
		if (fabs(sampler.cpu - turns[i].cpu) > 0.01)
			fail_msg("row %zu \"%s\": cpu is %f, not %f", i, turns[i].name, sampler.cpu,
				 turns[i].cpu);
		/* Two CPUs; without them no load. */
		sl_check(turns[i].name,
			 fabs(sampler.load -
			      (turns[i].ticks != NULL && turns[i].ticks[0] != 'x' ? 150 : -1)) < 0.01);
	}
}

/* { /proc/meminfo, percent used } */
static const struct {
	const char *text;
	double mem;
} memories[] = {
	{ "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 400 kB\n", 60 },
	{ "MemTotal: 1000 kB\nMemFree: 10 kB\n", -1 },
	{ "MemTotal: 0 kB\nMemAvailable: 0 kB\n", -1 },
	{ "MemTotal: 10 kB\nMemAvailable: 20 kB\n", -1 },
	{ "MemTotal: x kB\nMemAvailable: 20 kB\n", -1 },
	{ "nonsense", -1 },
	{ "", -1 },
};

static void
memory(void **state)
{
	struct sampler sampler;

	sampler_init(&sampler, root);
	for (size_t i = 0; i < SL_COUNT(memories); i++) {
		file_write("meminfo", memories[i].text);
		sampler_turn(&sampler);
		sl_check(memories[i].text, fabs(sampler.mem - memories[i].mem) < 0.01);
	}
}

/* { text, its first number, -1: none } */
static const struct {
	const char *text;
	double number;
} numbers[] = {
	{ "12", 12 },
	{ " 12.5 of 20", 12.5 },
	{ "load 0.25\n", 0.25 },
	{ "007", 7 },
	{ "12.", 12 },
	{ "1.2.3", 1.2 },
	{ "-3", -1 },
	{ "x", -1 },
	{ "", -1 },
	{ ".5", 0.5 },
	{ ".", -1 },
	{ "no. 5", -1 },
};

static void
texts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(numbers); i++)
		sl_check(numbers[i].text, fabs(number_find(numbers[i].text) - numbers[i].number) < 1e-9);
}

static int
setup(void **state)
{
	char path[128];

	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/proc", root);
	return mkdir(path, 0755);
}

static int
teardown(void **state)
{
	static const char *const files[] = { "proc/stat", "proc/meminfo", "proc/loadavg" };
	char path[128];

	for (size_t i = 0; i < SL_COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/proc", root);
	rmdir(path);
	return rmdir(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processor),
		cmocka_unit_test(memory),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
