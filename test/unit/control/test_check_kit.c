/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One attempt run to its verdict. Servers: test_check_server.c.
 */
#include "test_check_kit.h"

#include "sl_addr.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct check_env kit_env;
const struct conf kit_conf;

static struct event_base *base;
static unsigned int fds_before;

/* What a verdict leaves behind. */
struct verdict {
	unsigned int count;
	struct check_result result;
};

static unsigned int
fds_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

int
kit_setup(void **state)
{
	char error[DP_ERROR_SIZE];

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	fds_before = fds_open();
	base = event_base_new();
	assert_non_null(base);
	assert_int_equal(check_env_init(&kit_env, base, &kit_conf, error), 0);
	return 0;
}

int
kit_teardown(void **state)
{
	check_env_fini(&kit_env);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	assert_int_equal(fds_open(), fds_before);
	return 0;
}

struct conf_checker
kit_checker(enum conf_check_type type)
{
	struct conf_checker conf = { .type = type, .connect.timeout_ms = KIT_LONG_MS };

	return conf;
}

struct check_target
kit_target(const char *addr, uint16_t port)
{
	struct check_target target = { .port = port };

	assert_int_equal(sl_addr_parse(addr, &target.addr), 0);
	return target;
}

static void
take(const struct check_result *result, void *context)
{
	struct verdict *verdict = context;

	verdict->count++;
	verdict->result = *result;
}

struct check_result
kit_run_step(const struct conf_checker *conf, const struct check_target *target, unsigned int step)
{
	struct check_result failed = { .good = false };
	struct verdict verdict = { 0 };

	if (check_kinds[conf->type]->start(&kit_env, conf, step, target, take, &verdict, failed.text) ==
	    NULL) {
		assert_int_equal(verdict.count, 0);
		return failed;
	}
	assert_int_equal(verdict.count, 0); /* never from inside */
	while (verdict.count == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(verdict.count, 1);
	return verdict.result;
}

struct check_result
kit_run(const struct conf_checker *conf, const struct check_target *target)
{
	return kit_run_step(conf, target, 0);
}

void
kit_cancel_everywhere(const struct conf_checker *conf, const struct check_target *target)
{
	const struct check_ops *ops = check_kinds[conf->type];

	for (unsigned int turns = 0;; turns++) {
		char text[CHECK_TEXT_SIZE];
		struct verdict verdict = { 0 };
		void *attempt = ops->start(&kit_env, conf, 0, target, take, &verdict, text);

		assert_non_null(attempt);
		for (unsigned int i = 0; i < turns && verdict.count == 0; i++)
			event_base_loop(base, EVLOOP_ONCE);
		if (verdict.count != 0)
			return;
		ops->cancel(attempt);
		event_base_loop(base, EVLOOP_NONBLOCK);
		assert_int_equal(verdict.count, 0);
	}
}

void
kit_verdict(const char *row, const struct check_result *got, bool good, const char *text)
{
	const char *star = strchr(text, '*');

	if (got->good != good)
		fail_msg("row \"%s\": %s: \"%s\"", row, got->good ? "good" : "not good", got->text);
	if (star == NULL ? strcmp(got->text, text) != 0
			 : strncmp(got->text, text, (size_t)(star - text)) != 0)
		fail_msg("row \"%s\": \"%s\", not \"%s\"", row, got->text, text);
}
