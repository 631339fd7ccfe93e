/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a line of the log looks like, on a terminal and in the journal, and that
 * lines of several threads stay whole. Standard error is a file of ours while
 * something is logged.
 */
#include "sl_log.h"
#include "sl_test.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *file;
static int real_stderr;
static char text[1 << 20];

static void
capture_start(void)
{
	file = tmpfile();
	assert_non_null(file);
	real_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
}

/* Gives standard error back; what was logged is in `text`. */
static void
capture_end(void)
{
	size_t len;

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
}

/* JOURNAL_STREAM as systemd sets it, off by `inode_error`. */
static void
journal_set(unsigned int inode_error)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + inode_error);
	setenv("JOURNAL_STREAM", stream, 1);
}

static bool
matches(const char *pattern)
{
	regex_t regex;
	bool match;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	match = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return match;
}

#define STAMP "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "

enum stream { TO_FILE, TO_JOURNAL, TO_OTHER_JOURNAL };

/* { scenario, limit, level, where, text, the whole output } */
static const struct {
	const char *name;
	enum sl_log_level limit, level;
	enum stream stream;
	const char *message, *pattern;
} rows[] = {
	{ "error", SL_LOG_NOTICE, SL_LOG_ERROR, TO_FILE, "no", STAMP "error no\n$" },
	{ "warning", SL_LOG_NOTICE, SL_LOG_WARN, TO_FILE, "hm", STAMP "warning hm\n$" },
	{ "at the limit", SL_LOG_NOTICE, SL_LOG_NOTICE, TO_FILE, "up", STAMP "notice up\n$" },
	{ "past the limit", SL_LOG_NOTICE, SL_LOG_INFO, TO_FILE, "x", "^$" },
	{ "only errors", SL_LOG_ERROR, SL_LOG_WARN, TO_FILE, "x", "^$" },
	{ "all", SL_LOG_DEBUG, SL_LOG_DEBUG, TO_FILE, "x", STAMP "debug x\n$" },
	{ "journal, error", SL_LOG_DEBUG, SL_LOG_ERROR, TO_JOURNAL, "no", "^<3>no\n$" },
	{ "journal, warning", SL_LOG_DEBUG, SL_LOG_WARN, TO_JOURNAL, "hm", "^<4>hm\n$" },
	{ "journal, notice", SL_LOG_DEBUG, SL_LOG_NOTICE, TO_JOURNAL, "up", "^<5>up\n$" },
	{ "journal, info", SL_LOG_DEBUG, SL_LOG_INFO, TO_JOURNAL, "x", "^<6>x\n$" },
	{ "journal, debug", SL_LOG_DEBUG, SL_LOG_DEBUG, TO_JOURNAL, "x", "^<7>x\n$" },
	{ "journal of a parent", SL_LOG_DEBUG, SL_LOG_INFO, TO_OTHER_JOURNAL, "x", STAMP "info x\n$" },
	{ "several lines", SL_LOG_DEBUG, SL_LOG_INFO, TO_JOURNAL, "a\n<0>b\033c", "^<6>a <0>b c\n$" },
	{ "ends in a newline", SL_LOG_DEBUG, SL_LOG_INFO, TO_JOURNAL, "a\n", "^<6>a\n$" },
	{ "empty", SL_LOG_DEBUG, SL_LOG_INFO, TO_JOURNAL, "", "^<6>\n$" },
};

static void
lines(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		capture_start();
		if (rows[i].stream != TO_FILE)
			journal_set(rows[i].stream == TO_OTHER_JOURNAL);
		sl_log_limit_set(rows[i].limit);
		errno = ENOENT;
		sl_log(rows[i].level, "%s", rows[i].message);
		sl_check_int(rows[i].name, errno, ENOENT);
		capture_end();
		unsetenv("JOURNAL_STREAM");
		if (!matches(rows[i].pattern))
			fail_msg("row \"%s\": \"%s\" does not match %s", rows[i].name, text, rows[i].pattern);
	}
}

/* A text that is too long is cut, says so, and still ends its line. */
static void
long_line(void **state)
{
	static char message[5000];

	memset(message, 'x', sizeof(message) - 1);
	sl_log_limit_set(SL_LOG_DEBUG);
	capture_start();
	sl_info("%s", message);
	sl_info("next");
	capture_end();
	assert_int_equal(strcspn(text, "\n") + 1, 2048);
	assert_memory_equal(text + 2040, "xxxx...\n", 8);
	assert_non_null(strstr(text, "info next\n"));
}

enum { THREADS = 4, LINES = 500 };

static void *
write_lines(void *arg)
{
	char filler[200];

	memset(filler, 'a' + *(int *)arg, sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	for (int i = 0; i < LINES; i++)
		sl_info("%s", filler);
	return NULL;
}

static void
threads_do_not_mix(void **state)
{
	pthread_t thread[THREADS];
	int number[THREADS];
	unsigned int whole = 0;

	sl_log_limit_set(SL_LOG_DEBUG);
	capture_start();
	for (int i = 0; i < THREADS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, write_lines, &number[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	capture_end();
	for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char *filler = strstr(line, " info ");

		assert_true(filler != NULL && filler < end);
		filler += strlen(" info ");
		assert_int_equal(end - filler, 199);
		for (char *c = filler; c < end; c++)
			assert_int_equal(*c, *filler);
		whole++;
	}
	assert_int_equal(whole, THREADS * LINES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(long_line),
		cmocka_unit_test(threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
