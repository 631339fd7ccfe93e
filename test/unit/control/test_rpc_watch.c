/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `monitor` on the control socket: who watches gets every event, whole and
 * between answers; who does not read loses events, is told how many, and costs
 * nobody else anything. And `health`, whose servers come from elsewhere.
 */
#include "fake_ha.h"
#include "fake_health.h"
#include "rpc.h"
#include "rpc_client.h"
#include "sl_test.h"
#include "test_rpc_world.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL(id, method) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\"}\n"
#define MONITOR CALL("1", "monitor")

static const char conf_text[] = "port wan {\n device net_null0\n address 10.0.0.1/24\n}\n"
				"virtual_server 192.0.2.1 80 {\n real_server 10.0.0.11 8080 {\n }\n}\n"
				"virtual_server 192.0.2.2 80 {\n real_server 10.0.0.11 8080 {\n }\n}\n";

static void
world_setup(struct world *world, const struct rpc_limits *limits)
{
	fake_health = (struct fake_health){ 0 };
	world_open(world, conf_text, 4, limits);
}

static void
world_teardown(struct world *world)
{
	world_close(world);
	assert_int_equal(fake_health_watchers(), 0);
}

static void
client_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* The next line as JSON, the caller's; NULL when the server has closed. */
static json_t *
line_receive(struct world *world, int fd)
{
	const char *line = world_line(world, fd);
	json_t *json = line != NULL ? json_loads(line, 0, NULL) : NULL;

	assert_true(line == NULL || json != NULL);
	return json;
}

/* Fails the test unless the next line holds what `format` makes. */
static void
line_expect(struct world *world, int fd, const char *want_text)
{
	json_t *want = json_loads(want_text, 0, NULL), *got = line_receive(world, fd);

	assert_non_null(want);
	if (got == NULL || !json_holds(got, want))
		fail_msg("wanted %s, got %s", want_text, got != NULL ? json_dumps(got, 0) : "the end");
	json_decref(want);
	json_decref(got);
}

/* Nothing comes, however often the loop turns. */
static void
silence_expect(struct world *world, int fd)
{
	char byte;

	for (unsigned int i = 0; i < 100; i++)
		world_turn(world);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* So many events, numbered from `first`. */
static void
events_make(unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++) {
		json_t *event = json_pack("{s:s, s:i}", "event", "server_down", "number", (int)i);

		fake_health_event(event);
		json_decref(event);
	}
}

static void
event_expect(struct world *world, int fd, unsigned int number)
{
	char want[128];

	snprintf(want, sizeof(want),
		 "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"event\":\"server_down\",\"number\":"
		 "%u}}",
		 number);
	line_expect(world, fd, want);
}

/* Two watch, one does not. */
static void
test_events(void **state)
{
	struct world world;
	int fd[3];

	world_setup(&world, NULL);
	for (int i = 0; i < 3; i++)
		fd[i] = world_connect(&world);
	for (int i = 0; i < 2; i++) {
		client_send(fd[i], MONITOR);
		line_expect(&world, fd[i], "{\"id\":1,\"result\":{}}");
	}
	client_send(fd[2], CALL("5", "status"));
	line_expect(&world, fd[2], "{\"id\":5}");
	assert_int_equal(fake_health_watchers(), 1);
	events_make(0, 3);
	for (int i = 0; i < 2; i++)
		for (unsigned int number = 0; number < 3; number++)
			event_expect(&world, fd[i], number);
	silence_expect(&world, fd[2]);

	/* It may ask on, and to watch once more is nothing new. */
	client_send(fd[0], CALL("2", "status") MONITOR);
	line_expect(&world, fd[0], "{\"id\":2}");
	line_expect(&world, fd[0], "{\"id\":1,\"result\":{}}");
	events_make(3, 1);
	event_expect(&world, fd[0], 3);
	silence_expect(&world, fd[0]);

	/* One goes, the other has what comes. */
	close(fd[0]);
	world_turn(&world);
	events_make(4, 2);
	for (unsigned int number = 3; number < 6; number++)
		event_expect(&world, fd[1], number);
	close(fd[1]);
	close(fd[2]);
	world_teardown(&world);
}

/* Who watches hears of high availability too; without memory for that, of nothing. */
static void
test_ha_events(void **state)
{
	struct world world;
	json_t *event = json_pack("{s:s, s:s}", "event", "ha_state", "instance", "VI_1");
	int fd;

	world_setup(&world, NULL);
	rpc_server_ha_set(world.server, (struct ha *)&world);
	fd = world_connect(&world);
	client_send(fd, MONITOR);
	line_expect(&world, fd, "{\"id\":1,\"result\":{}}");
	assert_int_equal(fake_ha_watchers(), 1);
	fake_ha_event(event);
	events_make(0, 1);
	line_expect(&world, fd, "{\"params\":{\"event\":\"ha_state\",\"instance\":\"VI_1\"}}");
	event_expect(&world, fd, 0);
	close(fd);
	for (unsigned int waited_ms = 0; fake_ha_watchers() > 0 && waited_ms < PATIENCE_MS; waited_ms++) {
		world_turn(&world);
		poll(NULL, 0, 1);
	}
	fake_ha.no_memory = true;
	fd = world_connect(&world);
	client_send(fd, MONITOR);
	assert_null(line_receive(&world, fd));
	fake_ha.no_memory = false;
	close(fd);
	world_teardown(&world);
	assert_int_equal(fake_ha_watchers(), 0);
	json_decref(event);
}

/* An event that comes while an answer is half written waits for its end. */
static void
test_within_answer(void **state)
{
	enum { SERVERS = 40000 };
	struct rpc_limits limits = RPC_LIMITS_DEFAULT;
	struct world world;
	json_t *list;
	int fd, lines = 0, events = 0;

	limits.output_high_size = 8192;
	limits.output_low_size = 1024;
	world_setup(&world, &limits);
	fd = world_connect(&world);
	client_send(fd, MONITOR);
	line_expect(&world, fd, "{\"id\":1}");
	fake_health.servers = json_array();
	/* More than the socket takes: the answer is half written until it is read. */
	for (int i = 0; i < SERVERS; i++)
		json_array_append_new(fake_health.servers, json_pack("{s:i}", "number", i));
	client_send(fd, CALL("7", "health"));
	for (unsigned int i = 0; i < 40; i++) {
		world_turn(&world);
		events_make(i, 1);
	}
	while (lines == 0 || events < 40) {
		json_t *line = line_receive(&world, fd);

		assert_non_null(line);
		list = json_object_get(line, "result");
		if (list != NULL) {
			assert_int_equal(json_array_size(list), SERVERS);
			lines++;
		} else {
			assert_int_equal(json_integer_value(
						 json_object_get(json_object_get(line, "params"), "number")),
					 events);
			events++;
		}
		json_decref(line);
	}
	close(fd);
	json_decref(fake_health.servers);
	world_teardown(&world);
}

/* Who reads nothing gets what fits, is told how much did not, and then gets what is new: in order, none uncounted. */
static void
test_slow_watcher(void **state)
{
	struct rpc_limits limits = RPC_LIMITS_DEFAULT;
	json_int_t next = 0, made = 100000, lost = 0;
	struct world world;
	int fd;

	limits.output_high_size = 8192;
	limits.output_low_size = 1024;
	world_setup(&world, &limits);
	fd = world_connect(&world);
	client_send(fd, MONITOR);
	line_expect(&world, fd, "{\"id\":1}");
	for (unsigned int i = 0; i < 100; i++) {
		events_make(i * 1000, 1000);
		world_turn(&world);
	}
	while (next <= 100000) {
		json_t *line, *params;
		char byte;

		/* What was lost last is told with the next event. */
		world_turn(&world);
		if (recv(fd, &byte, 1, MSG_PEEK) < 0)
			events_make((unsigned int)made++, 1);
		line = line_receive(&world, fd);
		params = json_object_get(line, "params");
		if (strcmp(json_string_value(json_object_get(params, "event")), "lost") == 0) {
			next += json_integer_value(json_object_get(params, "count"));
			lost += json_integer_value(json_object_get(params, "count"));
		} else {
			assert_int_equal(json_integer_value(json_object_get(params, "number")), next++);
		}
		json_decref(line);
	}
	assert_true(lost > 0);
	close(fd);
	world_teardown(&world);
}

/* Closed for writing is not gone: `echo ... | nc -U` watches too. Gone is gone, at the next look. */
static void
test_half_closed(void **state)
{
	struct world world;
	int fd;

	world_setup(&world, NULL);
	fd = world_connect(&world);
	client_send(fd, MONITOR);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	line_expect(&world, fd, "{\"id\":1}");
	for (unsigned int i = 0; i < 100; i++)
		world_turn(&world);
	events_make(0, 1);
	event_expect(&world, fd, 0);
	assert_int_equal(fake_health_watchers(), 1);
	close(fd);
	for (unsigned int waited_ms = 0; fake_health_watchers() > 0 && waited_ms < PATIENCE_MS; waited_ms++) {
		world_turn(&world);
		poll(NULL, 0, 1);
	}
	world_teardown(&world);
}

static void
test_no_memory(void **state)
{
	struct world world;
	json_t *line;
	int fd;

	world_setup(&world, NULL);
	fd = world_connect(&world);
	fake_health.no_memory = true;
	client_send(fd, MONITOR);
	while ((line = line_receive(&world, fd)) != NULL)
		json_decref(line);
	close(fd);
	assert_int_equal(fake_health_watchers(), 0);
	world_teardown(&world);
}

/* params of `health`, and what is in the answer */
static void
test_health(void **state)
{
	static const struct {
		const char *name, *params, *answer;
	} rows[] = {
		{ "all", "{}", "{\"result\":[{\"real\":\"a\"},{\"real\":\"b\"},{\"real\":\"c\"}]}" },
		{ "of one service", "{\"proto\":\"tcp\",\"vip\":\"192.0.2.2:80\"}",
		  "{\"result\":[{\"real\":\"b\"}]}" },
		{ "of none", "{\"proto\":\"udp\",\"vip\":\"192.0.2.2:80\"}",
		  "{\"error\":{\"code\":-32001}}" },
		{ "half a service", "{\"vip\":\"192.0.2.2:80\"}",
		  "{\"error\":{\"code\":-32602,\"message\":\"~both \\\"proto\\\" and \\\"vip\\\"\"}}" },
	};
	char request[256];
	struct world world;
	int fd;

	world_setup(&world, NULL);
	fd = world_connect(&world);
	fake_health.servers =
		json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "vip", "192.0.2.1:80", "real", "a", "vip",
			  "192.0.2.2:80", "real", "b", "vip", "192.0.2.1:80", "real", "c");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request),
			 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"health\",\"params\":%s}\n",
			 rows[i].params);
		client_send(fd, request);
		line_expect(&world, fd, rows[i].answer);
	}
	json_decref(fake_health.servers);
	fake_health.servers = NULL;
	client_send(fd, CALL("2", "health"));
	line_expect(&world, fd, "{\"result\":[]}");
	close(fd);
	world_teardown(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),        cmocka_unit_test(test_ha_events),
		cmocka_unit_test(test_within_answer), cmocka_unit_test(test_slow_watcher),
		cmocka_unit_test(test_half_closed),   cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_health),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
