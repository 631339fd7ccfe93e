/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SMTP_CHECK against servers that talk as they should, and as they should not.
 */
#include "test_check_kit.h"

#include <stdio.h>

#define BANNER                                                                                               \
	{                                                                                                    \
		.say = "220 mx.example.test ESMTP\r\n", .manner = KIT_KEEP                                   \
	}
#define HELO                                                                                                 \
	{                                                                                                    \
		.await = "HELO lb1.example.test\r\n", .say = "250 mx.example.test\r\n", .manner = KIT_KEEP   \
	}

enum { LINES = 4 };

static struct check_result
talk(const struct kit_line *lines, uint32_t timeout_ms)
{
	struct kit_server *server = kit_server_start(lines);
	struct conf_checker conf = kit_checker(CONF_CHECK_SMTP);
	struct check_target target = kit_target("127.0.0.1", kit_server_port(server));
	struct check_result result;

	conf.smtp.helo_name = "lb1.example.test";
	if (timeout_ms != 0)
		conf.connect.timeout_ms = timeout_ms;
	result = kit_run(&conf, &target);
	kit_server_stop(server);
	return result;
}

static const struct {
	const char *row;
	struct kit_line lines[LINES];
	uint32_t timeout_ms;
	bool good;
	const char *text;
} talk_rows[] = {
	{ "as it should be",
	  { BANNER, HELO, { .await = "QUIT\r\n", .say = "221 bye\r\n" } },
	  0,
	  true,
	  "HELO answered in *" },
	{ "lines of a banner and an answer",
	  { { .say = "220-mx\r\n220-no spam\r\n220 please\r\n", .manner = KIT_KEEP },
	    { .await = "HELO", .say = "250-mx\r\n250\r\n", .manner = KIT_KEEP },
	    { .await = "QUIT", .say = "221-a\r\n221 b\r\n" } },
	  0,
	  true,
	  "HELO answered in *" },
	{ "closed after QUIT",
	  { BANNER, HELO, { .await = "QUIT", .say = "" } },
	  0,
	  true,
	  "HELO answered in *" },
	{ "reset after QUIT",
	  { BANNER, HELO, { .await = "QUIT", .say = "", .manner = KIT_RESET } },
	  0,
	  true,
	  "HELO answered in *" },
	{ "an error after QUIT",
	  { BANNER, HELO, { .await = "QUIT", .say = "500 what?\r\n" } },
	  0,
	  true,
	  "HELO answered in *" },
	{ "silent after QUIT",
	  { BANNER, HELO, { .await = "QUIT", .say = NULL } },
	  KIT_SHORT_MS,
	  false,
	  "no answer to QUIT within 300 ms" },
	{ "421",
	  { { .say = "421 4.3.2 too busy\x01\r\n" } },
	  0,
	  false,
	  "banner \"421 4.3.2 too busy.\", want 220" },
	{ "421 after a line",
	  { { .say = "220-mx\r\n421 no\r\n" } },
	  0,
	  false,
	  "answer is not SMTP: \"421 no\"" },
	{ "HELO refused",
	  { BANNER, { .await = "HELO", .say = "550 who are you\r\n" } },
	  0,
	  false,
	  "answer to HELO \"550 who are you\", want 250" },
	{ "another protocol",
	  { { .say = "HTTP/1.1 400 Bad\r\n" } },
	  0,
	  false,
	  "answer is not SMTP: \"HTTP/1.1 400 Bad\"" },
	{ "no banner", { { .say = NULL } }, KIT_SHORT_MS, false, "no banner within 300 ms" },
	{ "no answer to HELO",
	  { BANNER, { .await = "HELO", .say = NULL } },
	  KIT_SHORT_MS,
	  false,
	  "no answer to HELO within 300 ms" },
	{ "a byte now and then",
	  { { .say = "220 0123456789012345678901234567890123456789\r\n", .manner = KIT_SLOW } },
	  60,
	  false,
	  "no banner within 60 ms" },
	{ "closed at once", { { .say = "" } }, 0, false, "connection closed without a banner" },
	{ "closed after the banner",
	  { { .say = "220 mx\r\n", .manner = KIT_KEEP }, { .await = "HELO", .say = "" } },
	  0,
	  false,
	  "connection closed without an answer to HELO" },
	{ "talks before it is asked",
	  { { .say = "220 mx\r\n250 ok\r\n", .manner = KIT_KEEP }, { .say = NULL } },
	  0,
	  false,
	  "server says more after its banner, before it is asked" },
	{ "a banner without end",
	  { { .say = "", .manner = KIT_ENDLESS, .tail = "220-more\r\n" } },
	  0,
	  false,
	  "answer is longer than 8 KB" },
	{ "a line without end",
	  { { .say = "220 ", .manner = KIT_ENDLESS, .tail = "more" } },
	  0,
	  false,
	  "answer is longer than 8 KB" },
};

static void
test_talks(void **state)
{
	for (size_t i = 0; i < SL_COUNT(talk_rows); i++) {
		struct check_result result = talk(talk_rows[i].lines, talk_rows[i].timeout_ms);

		kit_verdict(talk_rows[i].row, &result, talk_rows[i].good, talk_rows[i].text);
	}
}

/* Each `host` is a step, with a place of its own; the box's name stands in where no helo_name is given. */
static void
test_hosts(void **state)
{
	struct kit_line lines[] = {
		{ .say = "220 mx\r\n", .manner = KIT_KEEP },
		{ .await = "\r\n", .say = "550 no\r\n" },
	};
	struct kit_server *server = kit_server_start(lines);
	struct conf_checker conf = kit_checker(CONF_CHECK_SMTP);
	struct conf_smtp_host hosts[2] = { { conf.connect }, { conf.connect } };
	struct check_target target = kit_target("127.0.0.1", 1);
	struct check_result result;
	char want[128];

	assert_int_equal(check_kinds[CONF_CHECK_SMTP]->step_count(&conf), 1);
	hosts[1].connect.port = kit_server_port(server);
	conf.smtp.hosts = hosts;
	conf.smtp.host_count = 2;
	assert_int_equal(check_kinds[CONF_CHECK_SMTP]->step_count(&conf), 2);
	result = kit_run_step(&conf, &target, 1);
	kit_verdict("the second host", &result, false, "answer to HELO \"550 no\", want 250");
	snprintf(want, sizeof(want), "HELO %s\r\n", kit_env.host_name);
	assert_string_equal(kit_server_heard(server), want);
	kit_server_stop(server);
}

static void
test_cancel(void **state)
{
	static const struct kit_line lines[] = {
		{ .say = "220 mx.example.test ESMTP\r\n", .manner = KIT_KEEP },
		{ .await = "HELO", .say = "250 mx\r\n", .manner = KIT_KEEP },
		{ .await = "QUIT", .say = "221 bye\r\n" },
	};
	struct kit_server *server = kit_server_start(lines);
	struct conf_checker conf = kit_checker(CONF_CHECK_SMTP);
	struct check_target target = kit_target("127.0.0.1", kit_server_port(server));

	kit_cancel_everywhere(&conf, &target);
	kit_server_stop(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
