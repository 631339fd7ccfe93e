/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands that end well, badly, or not by themselves: how each is said to
 * have ended, that nothing of it stays behind, and that the loop goes on.
 */
#include "script.h"
#include "sl_test.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_S = 20, MANY = 150 };

static struct event_base *base;
static struct script_result last;
static unsigned int done_count, ticks;

static void
script_done(const struct script_result *result, void *context)
{
	unsigned int *wanted = context;

	last = *result;
	if (++done_count == *wanted)
		event_base_loopbreak(base);
}

static void
patience_over(evutil_socket_t fd, short what, void *context)
{
	fail_msg("nothing happened for %d s", PATIENCE_S);
}

static void
tick(evutil_socket_t fd, short what, void *context)
{
	ticks++;
}

static void
loop_run(void)
{
	struct event *patience = evtimer_new(base, patience_over, NULL);

	const struct timeval limit = { PATIENCE_S, 0 };

	evtimer_add(patience, &limit);
	event_base_dispatch(base);
	event_free(patience);
}

static struct script_run *
start(const char *text, uint32_t timeout_ms, enum script_kind kind, unsigned int *wanted)
{
	char shell[] = "/bin/sh", option[] = "-c", command[512];
	char *argv[] = { shell, option, command, NULL };
	const struct conf_script script = { argv, geteuid(), getegid() };
	char why[CHECK_TEXT_SIZE] = "";
	struct script_run *run;

	snprintf(command, sizeof(command), "%s", text);
	run = script_start(base, kind, &script, timeout_ms, script_done, wanted, why);
	if (run == NULL)
		fail_msg("%s", why);
	memset(command, 'x', sizeof(command));
	return run;
}

static void
test_ends(void **state)
{
	static const struct {
		const char *command;
		bool exited;
		int exit_code;
		const char *text;
	} rows[] = {
		{ "exit 0", true, 0, "exit code 0" },
		{ "exit 7", true, 7, "exit code 7" },
		{ "exit 255", true, 255, "exit code 255" },
		{ "kill -9 $$", false, 0, "ended by SIGKILL" },
		{ "kill -15 $$", false, 0, "ended by SIGTERM" },
		{ "kill -13 $$", false, 0, "ended by SIGPIPE" },
		{ "sleep 30", false, 0, "ran longer than 300 ms: ended" },
		{ "trap '' TERM; sleep 30 & sleep 30", false, 0, "ran longer than 300 ms: ended" },
		{ "while :; do echo flood; done", false, 0, "ran longer than 300 ms: ended" },
		{ "head -c 10000000 /dev/zero; exit 3", true, 3, "exit code 3" },
		{ "read line; exit 4", true, 4, "exit code 4" },
		{ "test -z \"$HOME$USER$LD_PRELOAD\" && test -n \"$PATH\"", true, 0, "exit code 0" },
		{ "test \"$(cat /proc/self/oom_score_adj)\" = 0", true, 0, "exit code 0" },
		/* ls has the directory itself open, as 3 */
		{ "test \"$(ls /proc/self/fd | tr '\\n' ' ')\" = '0 1 2 3 '", true, 0, "exit code 0" },
	};
	unsigned int one = 1;
	int left_open = dup(STDIN_FILENO);

	assert_true(left_open >= 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint32_t timeout_ms = strstr(rows[i].text, "ran longer") != NULL ? 300 : 60000;

		done_count = 0;
		start(rows[i].command, timeout_ms, SCRIPT_CHECK, &one);
		loop_run();
		sl_check_int(rows[i].command, last.exited, rows[i].exited);
		sl_check_int(rows[i].command, last.timed_out, timeout_ms == 300);
		if (last.exited)
			sl_check_int(rows[i].command, last.exit_code, rows[i].exit_code);
		sl_check_str(rows[i].command, last.text, rows[i].text);
		assert_int_equal(script_running(), 0);
	}
	close(left_open);
}

/* A child of a command holds a FIFO open: it can be read to its end only when that has ended. */
static void
group_check(const char *fifo, const char *rest, uint32_t timeout_ms, enum script_kind kind, bool stays)
{
	unsigned int one = 1;
	char command[256], text[8];
	ssize_t got;
	int fd;

	done_count = 0;
	fd = open(fifo, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	snprintf(command, sizeof(command), "fifo=%s; %s", fifo, rest);
	start(command, timeout_ms, kind, &one);
	loop_run();
	for (int i = 0; i < 100 * PATIENCE_S; i++) {
		got = read(fd, text, sizeof(text));
		if (stays || got == 0)
			break;
		usleep(10000);
	}
	sl_check_int(rest, got, stays ? -1 : 0);
	close(fd);
}

static void
test_groups(void **state)
{
	char directory[] = "/tmp/test_health_script.XXXXXX", fifo[64], command[256];
	unsigned int one = 1;

	assert_non_null(mkdtemp(directory));
	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	group_check(fifo, "sleep 60 > $fifo & trap '' TERM; wait", 200, SCRIPT_CHECK, false);
	group_check(fifo, "exec 3> $fifo; sleep 60 & sleep 0.1; exit 0", 60000, SCRIPT_CHECK, false);
	group_check(fifo, "exec 3> $fifo; sleep 3 & sleep 0.1; exit 0", 60000, SCRIPT_NOTIFY, true);

	/* One that is cancelled says nothing, and goes with its children. */
	done_count = 0;
	snprintf(command, sizeof(command), "sleep 60 > %s & wait", fifo);
	script_cancel(start(command, 0, SCRIPT_CHECK, &one));
	start("exit 0", 60000, SCRIPT_CHECK, &one);
	loop_run();
	while (script_running() > 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(done_count, 1);
	unlink(fifo);
	rmdir(directory);
}

static void
test_failures(void **state)
{
	static char missing[] = "/nonexistent/check", directory[] = "/tmp";
	static const struct {
		char *argv0;
		const char *text;
	} rows[] = {
		{ missing, "/nonexistent/check: No such file or directory" },
		{ directory, "/tmp: Permission denied" },
	};
	unsigned int many = MANY + 1;

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char *argv[] = { rows[i].argv0, NULL };
		const struct conf_script script = { argv, geteuid(), getegid() };
		char why[CHECK_TEXT_SIZE] = "";

		assert_null(script_start(base, SCRIPT_CHECK, &script, 0, script_done, &many, why));
		assert_string_equal(why, rows[i].text);
	}
	assert_int_equal(script_running(), 0);
}

/* More at once than may be: all come to their turn, those that cannot begin too. */
static void
test_queue(void **state)
{
	static char missing[] = "/nonexistent/check";
	char *argv[] = { missing, NULL };
	const struct conf_script script = { argv, geteuid(), getegid() };
	unsigned int wanted = MANY;
	char why[CHECK_TEXT_SIZE];
	struct script_run *cancelled[2];

	done_count = 0;
	for (int i = 0; i < SCRIPT_MAX; i++)
		start("sleep 0.2", 60000, SCRIPT_CHECK, &wanted);
	assert_int_equal(script_running(), SCRIPT_MAX);
	cancelled[0] = start("exit 1", 60000, SCRIPT_CHECK, &wanted);
	for (int i = SCRIPT_MAX; i < MANY - 1; i++)
		start("exit 0", 60000, SCRIPT_CHECK, &wanted);
	assert_non_null(script_start(base, SCRIPT_CHECK, &script, 0, script_done, &wanted, why));
	cancelled[1] = start("exit 1", 60000, SCRIPT_CHECK, &wanted);
	assert_int_equal(script_queued(), MANY - SCRIPT_MAX + 2);
	script_cancel(cancelled[0]);
	script_cancel(cancelled[1]);
	loop_run();
	assert_int_equal(script_running() + script_queued(), 0);
	/* The end of the queue is right after all of that. */
	wanted = ++done_count + 1;
	start("exit 5", 60000, SCRIPT_CHECK, &wanted);
	loop_run();
	assert_int_equal(last.exit_code, 5);
}

/* Only root can begin a command as somebody else. */
static void
test_user(void **state)
{
	char shell[] = "/bin/sh", option[] = "-c";
	char command[] = "test \"$(id -u):$(id -g):$(id -G)\" = '65534:12345:12345'";
	char *argv[] = { shell, option, command, NULL };
	const struct conf_script script = { argv, 65534, 12345 };
	char why[CHECK_TEXT_SIZE] = "";
	unsigned int one = 1;
	struct script_run *run;

	done_count = 0;
	run = script_start(base, SCRIPT_CHECK, &script, 60000, script_done, &one, why);
	if (geteuid() != 0) {
		assert_null(run);
		assert_string_equal(why, "/bin/sh: Operation not permitted");
		return;
	}
	assert_non_null(run);
	loop_run();
	assert_string_equal(last.text, "exit code 0");
	assert_int_equal(geteuid(), 0);
}

/* The loop turns while commands hang, and nothing waits for them at the end. */
static void
test_loop(void **state)
{
	const struct timeval every = { 0, 1000 };
	struct event *ticker = event_new(base, -1, EV_PERSIST, tick, NULL);
	unsigned int one = 1;

	done_count = ticks = 0;
	event_add(ticker, &every);
	start("sleep 60", 200, SCRIPT_CHECK, &one);
	loop_run();
	assert_true(ticks > 10);
	event_free(ticker);
	start("sleep 60", 0, SCRIPT_CHECK, &one);
	script_forget_all();
	assert_int_equal(script_running() + script_queued(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),  cmocka_unit_test(test_groups), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_queue), cmocka_unit_test(test_user),   cmocka_unit_test(test_loop),
	};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	event_base_free(base);
	return rc;
}
