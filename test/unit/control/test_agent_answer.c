/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Agents' answers: what each word of HAProxy's grammar and of ours comes to,
 * and what is passed over.
 */
#include "agent_answer.h"
#include "sl_test.h"

#include <math.h>
#include <stdio.h>

#define NONE -1

/*
 * { line, down (NONE: not said), admin, percent, maxconn, known words, unknown words }
 */
static const struct {
	const char *line;
	int down, admin, percent, maxconn;
	unsigned int known, unknown;
} rows[] = {
	/* each word */
	{ "up\n", 0, NONE, NONE, NONE, 1, 0 },
	{ "down\n", 1, NONE, NONE, NONE, 1, 0 },
	{ "fail\n", 1, NONE, NONE, NONE, 1, 0 },
	{ "failed\n", 1, NONE, NONE, NONE, 1, 0 },
	{ "stopped\n", 1, NONE, NONE, NONE, 1, 0 },
	{ "ready\n", NONE, AGENT_READY, NONE, NONE, 1, 0 },
	{ "drain\n", NONE, AGENT_DRAIN, NONE, NONE, 1, 0 },
	{ "maint\n", NONE, AGENT_MAINT, NONE, NONE, 1, 0 },
	{ "75%\n", NONE, NONE, 75, NONE, 1, 0 },
	{ "maxconn:30\n", NONE, NONE, NONE, 30, 1, 0 },
	/* together, by any of the gaps, without an end, with another one */
	{ "75%,maxconn:30,maint,down\n", 1, AGENT_MAINT, 75, 30, 4, 0 },
	{ "  up\tready , 100%\r\n", 0, AGENT_READY, 100, NONE, 3, 0 },
	{ "UP Ready MaxConn:7", 0, AGENT_READY, NONE, 7, 3, 0 },
	{ "up\ndown\n", 0, NONE, NONE, NONE, 1, 0 },
	/* the later of two holds */
	{ "up down", 1, NONE, NONE, NONE, 2, 0 },
	{ "drain ready", NONE, AGENT_READY, NONE, NONE, 2, 0 },
	{ "10% 20%", NONE, NONE, 20, NONE, 2, 0 },
	/* reasons are for people */
	{ "down#up again at noon, 50%\n", 1, NONE, NONE, NONE, 1, 0 },
	{ "down # maint\n", 1, NONE, NONE, NONE, 1, 0 },
	{ "#down\n", NONE, NONE, NONE, NONE, 0, 0 },
	{ "down##\n", 1, NONE, NONE, NONE, 1, 0 },
	{ "ready 38% # cpu:62.0 mem:48.3 load:70.0 maxconn:3", NONE, AGENT_READY, 38, NONE, 5, 0 },
	/* numbers */
	{ "0%", NONE, NONE, 0, NONE, 1, 0 },
	{ "0.4%", NONE, NONE, 1, NONE, 1, 0 },
	{ "99.5%", NONE, NONE, 100, NONE, 1, 0 },
	{ "256%", NONE, NONE, 256, NONE, 1, 0 },
	{ "999999999%", NONE, NONE, 25600, NONE, 1, 0 },
	{ "9999999999%", NONE, NONE, NONE, NONE, 0, 1 },
	{ "-5%", NONE, NONE, NONE, NONE, 0, 1 },
	{ "%", NONE, NONE, NONE, NONE, 0, 1 },
	{ "1e3%", NONE, NONE, NONE, NONE, 0, 1 },
	{ "5.%", NONE, NONE, NONE, NONE, 0, 1 },
	{ ".5%", NONE, NONE, NONE, NONE, 0, 1 },
	{ "1.2.3%", NONE, NONE, NONE, NONE, 0, 1 },
	{ "nan% inf% 0x10%", NONE, NONE, NONE, NONE, 0, 3 },
	{ "75 %", NONE, NONE, NONE, NONE, 0, 2 },
	{ "maxconn:0", NONE, NONE, NONE, 0, 1, 0 },
	{ "maxconn:", NONE, NONE, NONE, NONE, 0, 1 },
	{ "maxconn:-1", NONE, NONE, NONE, NONE, 0, 1 },
	{ "maxconn:4294967296", NONE, NONE, NONE, NONE, 0, 1 },
	{ "maxconn: 30", NONE, NONE, NONE, NONE, 0, 2 },
	/* what is nearly a word is none */
	{ "upp downs draining ready!", NONE, NONE, NONE, NONE, 0, 4 },
	{ "HTTP/1.1 400 Bad Request\r\n", NONE, NONE, NONE, NONE, 0, 4 },
	{ "SSH-2.0-OpenSSH_9.2\r\n", NONE, NONE, NONE, NONE, 0, 1 },
	{ "", NONE, NONE, NONE, NONE, 0, 0 },
	{ "\n", NONE, NONE, NONE, NONE, 0, 0 },
	{ " ,,\t, \r\n", NONE, NONE, NONE, NONE, 0, 0 },
	{ "\xff\xfe up \x80", 0, NONE, NONE, NONE, 1, 2 },
};

static void
words(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const char *line = rows[i].line;
		struct agent_answer answer;

		agent_answer_parse(line, strlen(line), NULL, &answer);
		sl_check_int(line, answer.says_health ? answer.down : NONE, rows[i].down);
		sl_check_int(line, answer.says_admin ? (int)answer.admin : NONE, rows[i].admin);
		sl_check_int(line, answer.says_percent ? answer.percent : NONE, rows[i].percent);
		sl_check_int(line, answer.says_maxconn ? (int)answer.maxconn : NONE, rows[i].maxconn);
		sl_check_int(line, answer.known, rows[i].known);
		sl_check_int(line, answer.unknown, rows[i].unknown);
	}
}

/* { line, cpu, memory, response, custom load "queue" (NONE: not said) } */
static const struct {
	const char *line;
	double load[CONF_LOAD_MAX];
} load_rows[] = {
	{ "cpu:62 mem:48 rt:12.5 queue:3", { 62, 48, 12.5, 3 } },
	{ "ready # cpu:62.25% MEM:48 Queue:0", { 62.25, 48, NONE, 0 } },
	{ "cpu:1 cpu:2 # cpu:3", { 3, NONE, NONE, NONE } },
	{ "cpu:9999999.5", { 1000000, NONE, NONE, NONE } },
	{ "cpu:-1 mem: rt:x queue:nan", { NONE, NONE, NONE, NONE } },
	{ "other:5 :5 cpu::5 cpu", { NONE, NONE, NONE, NONE } },
	{ "#cpu:5#mem:6,rt:7", { 5, 6, 7, NONE } },
};

static void
loads(void **state)
{
	for (size_t i = 0; i < SL_COUNT(load_rows); i++) {
		const char *line = load_rows[i].line;
		struct agent_answer answer;

		agent_answer_parse(line, strlen(line), "queue", &answer);
		for (int kind = 0; kind < CONF_LOAD_MAX; kind++) {
			double got = answer.has_load[kind] ? answer.load[kind] : NONE;

			if (fabs(got - load_rows[i].load[kind]) > 1e-9)
				fail_msg("row \"%s\": load %d is %f, not %f", line, kind, got,
					 load_rows[i].load[kind]);
		}
	}
}

/* What an answer does not mention holds on; reports are of this answer alone. */
static void
holds_on(void **state)
{
	static const char *const lines[] = { "down drain 50% maxconn:9 cpu:40", "mem:7", "up", "ready 100%" };
	struct agent_says says = AGENT_SAYS_NOTHING;
	struct agent_answer answer;

	for (size_t i = 0; i < SL_COUNT(lines); i++) {
		agent_answer_parse(lines[i], strlen(lines[i]), NULL, &answer);
		agent_answer_apply(&answer, &says);
		sl_check_int(lines[i], says.down, i < 2);
		sl_check_int(lines[i], says.admin, i < 3 ? AGENT_DRAIN : AGENT_READY);
		sl_check_int(lines[i], says.percent, i < 3 ? 50 : 100);
		sl_check_int(lines[i], says.fresh_percent, i == 0 || i == 3);
		sl_check_int(lines[i], says.maxconn, 9);
		sl_check_int(lines[i], says.has_load[CONF_LOAD_CPU], i == 0);
		sl_check_int(lines[i], says.has_load[CONF_LOAD_MEMORY], i == 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(loads),
		cmocka_unit_test(holds_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
