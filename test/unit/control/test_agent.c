/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The agents' client: against servers that answer as a row says, against a
 * shell script behind socat, and against sluice-agent with and without a secret.
 */
#include "agent.h"
#include "test_check_kit.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* What came until now. `stop_at`: so many reports end the loop. */
struct heard {
	unsigned int count, stop_at;
	struct agent_says says;
	struct agent *stop; /* to be stopped from inside of the report */
};

static void
hear(const struct agent_says *says, void *context)
{
	struct heard *heard = context;

	heard->count++;
	heard->says = *says;
	if (heard->count >= heard->stop_at)
		event_base_loopbreak(kit_env.base);
	if (heard->stop != NULL) {
		agent_stop(heard->stop);
		heard->stop = NULL;
	}
}

static struct conf_agent
agent_conf(uint32_t timeout_ms)
{
	return (struct conf_agent){ .delay_loop_ms = 10, .connect.timeout_ms = timeout_ms };
}

/* `count` attempts at a port; the last one's report. */
static struct agent_says
ask(const struct conf_agent *conf, const char *custom, uint16_t port, const struct agent_says *before,
    unsigned int count)
{
	struct check_target target = kit_target("127.0.0.1", port);
	struct heard heard = { .stop_at = count };
	struct agent *agent = agent_start(&kit_env, conf, custom, &target, before, hear, &heard);

	assert_non_null(agent);
	assert_int_equal(heard.count, 0);
	while (heard.count < count)
		assert_int_equal(event_base_loop(kit_env.base, 0), 0);
	agent_stop(agent);
	event_base_loop(kit_env.base, EVLOOP_NONBLOCK);
	assert_int_equal(heard.count, count);
	return heard.says;
}

static char long_line[1400];

/* { what the agent is like, what it says, how, reached, text ("*": whatever follows) } */
static const struct {
	const char *name, *say;
	enum kit_manner manner;
	const char *tail;
	uint32_t timeout_ms;
	bool reached;
	const char *text;
} rows[] = {
	{ "says a line and closes", "75% ready\n", KIT_WHOLE, NULL, KIT_LONG_MS, true, "75% ready" },
	{ "says a line and stays", "75% ready\r\n", KIT_KEEP, NULL, KIT_LONG_MS, true, "75% ready" },
	{ "says no end of its line", "75% ready", KIT_WHOLE, NULL, KIT_LONG_MS, true, "75% ready" },
	{ "says its line byte by byte", "up 75%\n", KIT_SLOW, NULL, KIT_LONG_MS, true, "up 75%" },
	{ "never stops after its line", "up 75%\n", KIT_ENDLESS, "down\n", KIT_LONG_MS, true, "up 75%" },
	{ "says what nobody knows, too", "up fast cheap\n", KIT_WHOLE, NULL, KIT_LONG_MS, true,
	  "up fast cheap (2 words unknown)" },
	{ "says bytes that do not print", "up \x01\x80\n", KIT_WHOLE, NULL, KIT_LONG_MS, true,
	  "up .. (1 words unknown)" },
	{ "is a web server", "HTTP/1.0 400 Bad Request\r\n\r\n", KIT_WHOLE, NULL, KIT_LONG_MS, false,
	  "no word in \"HTTP/1.0 400 Bad Request\" that an agent says" },
	{ "says nothing and closes", "", KIT_WHOLE, NULL, KIT_LONG_MS, false,
	  "connection closed without an answer" },
	{ "says an empty line", "\n", KIT_WHOLE, NULL, KIT_LONG_MS, false,
	  "no word in \"\" that an agent says" },
	{ "says nothing", "", KIT_KEEP, NULL, KIT_SHORT_MS, false, "no answer within 300 ms" },
	{ "says no end of its line and stays", "75%", KIT_KEEP, NULL, KIT_SHORT_MS, false,
	  "answer not complete within 300 ms" },
	{ "says a line that is too long", long_line, KIT_WHOLE, NULL, KIT_LONG_MS, false,
	  "answer of more than 1024 bytes" },
	{ "says a line without an end", "up ", KIT_ENDLESS, "up up up up up up up up ", KIT_LONG_MS, false,
	  "answer of more than 1024 bytes" },
};

static void
manners(void **state)
{
	memset(long_line, 'x', sizeof(long_line) - 1);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct kit_line lines[] = { { NULL, rows[i].say, rows[i].manner, rows[i].tail },
					    { NULL, NULL } };
		struct kit_server *server = kit_server_start(lines);
		struct conf_agent conf = agent_conf(rows[i].timeout_ms);
		struct agent_says says = ask(&conf, NULL, kit_server_port(server), NULL, 1);
		struct check_result as_result = { .good = says.reached };

		snprintf(as_result.text, sizeof(as_result.text), "%s", says.text);
		kit_verdict(rows[i].name, &as_result, rows[i].reached, rows[i].text);
		kit_server_stop(server);
	}
}

/* What was said before holds on when the agent cannot be reached, and over a new start. */
static void
not_reached(void **state)
{
	struct agent_says before = AGENT_SAYS_NOTHING, says;
	struct conf_agent conf = agent_conf(KIT_LONG_MS);
	uint16_t port;
	int fd = kit_socket("127.0.0.1", SOCK_DGRAM, &port); /* nobody listens for TCP */

	before.down = true;
	before.percent = 40;
	before.admin = AGENT_DRAIN;
	before.maxconn = 7;
	before.fresh_percent = before.has_load[CONF_LOAD_CPU] = true;
	says = ask(&conf, NULL, port, &before, 3);
	assert_false(says.reached);
	assert_true(says.down);
	assert_int_equal(says.percent, 40);
	assert_int_equal(says.admin, AGENT_DRAIN);
	assert_int_equal(says.maxconn, 7);
	assert_false(says.fresh_percent || says.has_load[CONF_LOAD_CPU]);
	assert_non_null(strstr(says.text, "refused"));
	close(fd);
}

/* It is asked again and again, at most once in a delay_loop; `send` reaches it; it may be stopped by its report. */
static void
repeats(void **state)
{
	static const struct kit_line lines[] = { { "web1\n", "cpu:5 queue:7\n", KIT_WHOLE }, { NULL, NULL } };
	struct kit_server *server = kit_server_start(lines);
	struct conf_agent conf = agent_conf(KIT_LONG_MS);
	struct check_target target = kit_target("127.0.0.1", kit_server_port(server));
	struct heard heard = { .stop_at = 1 };
	struct timespec begin, end;
	struct agent_says says;

	conf.send = "web1\n";
	conf.delay_loop_ms = 30;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	says = ask(&conf, "queue", kit_server_port(server), NULL, 5);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >=
		    4 * 30 - 4);
	assert_true(says.reached && says.has_load[CONF_LOAD_CPU] && says.has_load[CONF_LOAD_CUSTOM]);
	assert_true(says.load[CONF_LOAD_CUSTOM] > 6.9 && says.load[CONF_LOAD_CUSTOM] < 7.1);
	assert_string_equal(kit_server_heard(server), "web1\n");

	heard.stop = agent_start(&kit_env, &conf, NULL, &target, NULL, hear, &heard);
	assert_non_null(heard.stop);
	while (heard.count == 0)
		event_base_loop(kit_env.base, EVLOOP_ONCE);
	event_base_loop(kit_env.base, EVLOOP_NONBLOCK);
	assert_null(heard.stop);
	/* And before it was ever due, or in the middle. */
	for (unsigned int turns = 0; turns < 5; turns++) {
		struct agent *agent = agent_start(&kit_env, &conf, NULL, &target, NULL, hear, &heard);

		for (unsigned int i = 0; i < turns; i++)
			event_base_loop(kit_env.base, EVLOOP_ONCE);
		agent_stop(agent);
	}
	agent_stop(NULL);
	event_base_loop(kit_env.base, EVLOOP_NONBLOCK);
	kit_server_stop(server);
}

/* ---- agents that are programs ---- */

static uint16_t
port_free(void)
{
	uint16_t port;
	int fd = kit_socket("127.0.0.1", SOCK_STREAM, &port);

	close(fd);
	return port;
}

static pid_t running; /* that runs; 0: none */

static void
program_start(char *const argv[])
{
	int err = posix_spawnp(&running, argv[0], NULL, NULL, argv, environ);

	if (err == ENOENT)
		skip();
	assert_int_equal(err, 0);
}

static void
program_end(void)
{
	kill(running, SIGTERM);
	assert_int_equal(waitpid(running, NULL, 0), running);
	running = 0;
}

/* Where the test failed before that. */
static int
program_left(void **state)
{
	if (running > 0)
		program_end();
	return 0;
}

/* Until it is reached, or not any more. */
static struct agent_says
ask_until(const struct conf_agent *conf, uint16_t port, const char *text)
{
	struct agent_says says = AGENT_SAYS_NOTHING;

	for (int i = 0; i < 200; i++) {
		says = ask(conf, NULL, port, NULL, 1);
		if (strstr(says.text, text) != NULL)
			return says;
		usleep(10000);
	}
	fail_msg("never \"%s\", last \"%s\"", text, says.text);
	return says;
}

/* An agent that is not ours: three lines of shell, as people write them for HAProxy. */
static void
shell_script(void **state)
{
	char listen_at[64], socat[] = "socat",
			    script[] = "SYSTEM:load=37; echo \"$((100 - load))%\\,up\\,maxconn\\:20\"";
	char *argv[] = { socat, listen_at, script, NULL };
	struct conf_agent conf = agent_conf(KIT_LONG_MS);
	uint16_t port = port_free();
	struct agent_says says;

	snprintf(listen_at, sizeof(listen_at), "TCP-LISTEN:%u,bind=127.0.0.1,reuseaddr,fork", port);
	program_start(argv);
	says = ask_until(&conf, port, "%");
	assert_string_equal(says.text, "63%,up,maxconn:20");
	assert_int_equal(says.percent, 63);
	assert_int_equal(says.maxconn, 20);
	program_end();
}

/* { our secret (NULL: none), the agent's, what is said of the answer } */
static const struct {
	const char *ours, *theirs, *text;
} secrets[] = {
	{ NULL, NULL, "ready" },
	{ "one", "one", "ready" },
	{ "one", "two", "connection closed without an answer" },
	{ NULL, "one", "no answer within" },
	{ "one", NULL, "not signed" },
};

static void
sluice_agent(void **state)
{
	for (size_t i = 0; i < SL_COUNT(secrets); i++) {
		char path[] = "/tmp/sluice-secret-XXXXXX", program[] = SLUICE_AGENT,
		     bind_at[] = "--bind=127.0.0.1";
		char port_at[32], secret_at[64];
		char *argv[] = { program, bind_at, port_at, secrets[i].theirs != NULL ? secret_at : NULL,
				 NULL };
		struct conf_agent conf = agent_conf(
			secrets[i].theirs != NULL && secrets[i].ours == NULL ? KIT_SHORT_MS : KIT_LONG_MS);
		int fd = mkstemp(path);
		uint16_t port = port_free();
		struct agent_says says;

		assert_true(fd >= 0);
		if (secrets[i].theirs != NULL)
			dprintf(fd, "%s\n", secrets[i].theirs);
		close(fd);
		snprintf(port_at, sizeof(port_at), "--port=%u", port);
		snprintf(secret_at, sizeof(secret_at), "--secret-file=%s", path);
		conf.secret = secrets[i].ours;
		program_start(argv);
		says = ask_until(&conf, port, secrets[i].text);
		sl_check_int(secrets[i].text, says.reached, strcmp(secrets[i].text, "ready") == 0);
		if (says.reached) {
			sl_check(says.text, says.has_load[CONF_LOAD_MEMORY]);
			sl_check(says.text, strstr(says.text, "unknown") == NULL);
			sl_check(says.text, strstr(says.text, "sig:") == NULL);
		} else {
			sl_check_int(secrets[i].text, says.percent, -1);
		}
		program_end();
		unlink(path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manners),
		cmocka_unit_test(not_reached),
		cmocka_unit_test(repeats),
		cmocka_unit_test_teardown(shell_script, program_left),
		cmocka_unit_test_teardown(sluice_agent, program_left),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
