/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a new file's changes of checks and pools read.
 */
#include "sl_test.h"
#include "test_model_diff.h"

#define PORT "port p {\n device net_null0\n address 10.0.0.1/8\n}\n"
#define SERVICE(lines, checks)                                                                               \
	PORT "virtual_server 192.0.2.1 80 {\n" lines "\n real_server 10.0.0.2 {\n" checks "\n }\n}\n"
#define OF_REAL " real TCP 192.0.2.1:80 -> 10.0.0.2:80 "
#define OF_SERVICE " service TCP 192.0.2.1:80 "

static const struct diff_row rows[] = {
	{ "nothing", SERVICE("delay_loop 2", "TCP_CHECK {\n}"),
	  SERVICE("", "\n\nTCP_CHECK {\ndelay_loop 2\n}"), "" },
	{ "a time", SERVICE("delay_loop 2", "TCP_CHECK {\n}"), SERVICE("delay_loop 0.5", "TCP_CHECK {\n}"),
	  "~" OF_REAL "TCP_CHECK delay_loop 2 -> 0.5\n" },
	{ "a check more, a check less", SERVICE("", "TCP_CHECK {\n}"), SERVICE("", "PING_CHECK {\n}"),
	  "+" OF_REAL "PING_CHECK\n-" OF_REAL "TCP_CHECK\n" },
	{ "the second of two", SERVICE("", "TCP_CHECK {\n}\nTCP_CHECK {\nretry 1\n}"),
	  SERVICE("", "TCP_CHECK {\n}\nTCP_CHECK {\nretry 2\n}"), "~" OF_REAL "TCP_CHECK 2 retry 1 -> 2\n" },
	{ "in a url", SERVICE("", "HTTP_GET {\nurl {\npath /a\n}\n}"),
	  SERVICE("", "HTTP_GET {\nurl {\npath /b\nregex x\n}\n}"),
	  "~" OF_REAL "HTTP_GET url path \"/a\" -> \"/b\"\n+" OF_REAL "HTTP_GET url regex \"x\"\n" },
	{ "a server's own", SERVICE("", "notify_up \"/bin/true a\" root"), SERVICE("", "inhibit_on_failure"),
	  "+" OF_REAL "inhibit_on_failure on\n-" OF_REAL "notify_up \"/bin/true a\" 0 0\n" },
	{ "a secret is not shown", SERVICE("", "AGENT_CHECK {\nport 1\nsecret a\n}"),
	  SERVICE("", "AGENT_CHECK {\nport 1\nsecret b\n}"), "~" OF_REAL "AGENT_CHECK secret\n" },
	{ "a pool", SERVICE("quorum 1\nomega", ""),
	  SERVICE("quorum 1\nhysteresis 0\nflush_on_failure on", ""),
	  "+" OF_SERVICE "flush_on_failure on\n-" OF_SERVICE "omega on\n" },
	{ "blocks of a pool", SERVICE("passive_check {\n}", ""),
	  SERVICE("passive_check {\npercent 60\n}\nfeedback {\n}",
		  "TCP_CHECK {\n}\nAGENT_CHECK {\nport 1\n}"),
	  "~" OF_SERVICE "passive_check percent 50 -> 60\n+" OF_SERVICE "feedback\n+" OF_REAL
	  "TCP_CHECK\n+" OF_REAL "AGENT_CHECK\n" },
	{ "a service that is new is none of it", PORT, SERVICE("quorum 1", "TCP_CHECK {\n}"), "" },
	{ "a group, once",
	  PORT "virtual_server_group g {\n 192.0.2.1-9 80\n}\nvirtual_server group g {\n real_server "
	       "10.0.0.2\n}\n",
	  PORT
	  "virtual_server_group g {\n 192.0.2.1-9 80\n}\nvirtual_server group g {\n real_server 10.0.0.2 {\n"
	  "  TCP_CHECK {\n  }\n }\n}\n",
	  "+" OF_REAL "TCP_CHECK\n" },
};

static void
changes(void **state)
{
	diff_rows_check(rows, SL_COUNT(rows), model_diff_health);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
