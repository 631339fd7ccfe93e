/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket against clients that are slow, stuck, hostile or many:
 * real Unix sockets, the server's loop turned by hand. What is promised: each
 * of them harms itself at most.
 */
#include "rpc.h"
#include "rpc_client.h"
#include "sl_test.h"
#include "test_rpc_world.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static const char conf_text[] = "port wan {\n device net_null0\n address 10.0.0.1/24\n}\n"
				"virtual_server 192.0.2.1 80 {\n protocol TCP\n lb_algo wlc\n lb_kind NAT\n"
				" real_server 10.0.0.11 8080 {\n  weight 2\n }\n"
				" real_server 10.0.0.12 8080 {\n  weight 1\n }\n}\n";

#define STATUS "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n"
#define CONNS "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"conn.list\"}\n"

static void
world_setup(struct world *world, unsigned int conns, const struct rpc_limits *limits)
{
	world_open(world, conf_text, conns, limits);
}

/* All of it, as far as the server takes it; the number of bytes that went out. */
static size_t
client_send(struct world *world, int fd, const char *text, size_t len)
{
	size_t sent = 0;

	for (unsigned int idle = 0; sent < len && idle < 1000;) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		idle = n > 0 ? 0 : idle + 1;
		sent += n > 0 ? (size_t)n : 0;
		world_turn(world);
	}
	return sent;
}

static void
line_check(const char *name, const char *line, const char *part)
{
	sl_check(name, line != NULL);
	if (line != NULL && strstr(line, part) == NULL)
		fail_msg("row \"%s\": the answer is %s, without %s", name, line, part);
}

/* How many turns of the loop until a client has its status. */
static unsigned int
turns_to_status(struct world *world, int fd)
{
	char bytes[4096];
	unsigned int turns = 0;
	size_t len = 0;

	assert_int_equal(send(fd, STATUS, strlen(STATUS), 0), strlen(STATUS));
	while (len == 0 || bytes[len - 1] != '\n') {
		ssize_t n = recv(fd, bytes + len, sizeof(bytes) - len, 0);

		if (n > 0) {
			len += (size_t)n;
			continue;
		}
		assert_true(n < 0 && errno == EAGAIN);
		assert_true(turns++ < 100000);
		world_turn(world);
	}
	return turns;
}

/* What is sent, in pieces with turns of the loop between them ('|'), and what part each answer has. */
static void
test_lines(void **state)
{
	static const struct {
		const char *name, *sent;
		const char *answers[4];
	} rows[] = {
		{ "a request", STATUS, { "\"result\"" } },
		{ "two requests at once", STATUS CONNS, { "\"id\":1,\"result\"", "\"id\":2,\"result\"" } },
		{ "a request in pieces",
		  "{\"jsonrpc\":|\"2.0\",\"id\":1,|\"method\":\"status\"}|\n",
		  { "\"result\"" } },
		{ "garbage, then a request", "garbage\n" STATUS, { "-32700", "\"id\":1,\"result\"" } },
		{ "half an object, then a request", "{\"jsonrpc\":\n" STATUS, { "-32700", "\"result\"" } },
		{ "empty lines", "\n\n\r\n" STATUS, { "-32700", "\"result\"" } },
		{ "a batch",
		  "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"conn.list\"},7]\n" STATUS,
		  { "]},{\"jsonrpc\":\"2.0\",\"id\":null,\"error\"", "\"result\"" } },
		{ "notifications are not answered",
		  "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n" STATUS,
		  { "\"id\":1" } },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct world world;
		const char *sent = rows[i].sent;
		int fd;

		world_setup(&world, 4, NULL);
		fd = world_connect(&world);
		while (*sent != '\0') {
			size_t len = strcspn(sent, "|");

			sl_check_int(rows[i].name, client_send(&world, fd, sent, len), len);
			sent += len + (sent[len] == '|');
		}
		for (size_t a = 0; a < 4 && rows[i].answers[a] != NULL; a++)
			line_check(rows[i].name, world_line(&world, fd), rows[i].answers[a]);
		close(fd);
		world_close(&world);
	}
}

/* `printf REQUEST | nc -NU SOCKET`: no newline, and the writing end closed at once. */
static void
test_closed_for_writing(void **state)
{
	static const struct {
		const char *name, *sent, *answer;
	} rows[] = {
		{ "a whole line", STATUS, "\"result\"" },
		{ "a line without its end", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}",
		  "\"result\"" },
		{ "half an object", "{\"jsonrpc\":", "-32700" },
		{ "nothing", "", NULL },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct world world;
		int fd;

		world_setup(&world, 4, NULL);
		fd = world_connect(&world);
		client_send(&world, fd, rows[i].sent, strlen(rows[i].sent));
		shutdown(fd, SHUT_WR);
		if (rows[i].answer != NULL)
			line_check(rows[i].name, world_line(&world, fd), rows[i].answer);
		sl_check(rows[i].name, world_line(&world, fd) == NULL);
		sl_check_int(rows[i].name, world.server->client_count, 0);
		close(fd);
		world_close(&world);
	}
}

/* Up to the limit is parsed; one byte more is an error and the end, while others go on. */
static void
test_oversized(void **state)
{
	static const struct {
		const char *name;
		size_t size; /* of the line */
		bool newline;
		const char *answer;
		bool goes_on;
	} rows[] = {
		{ "as long as allowed", MIB, true, "\"result\"", true },
		{ "one byte more", MIB + 1, true, "longer than 1048576 bytes", false },
		{ "without end", 4 * MIB, false, "longer than 1048576 bytes", false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct world world;
		char *text = malloc(rows[i].size + 1);
		int fd, other;

		world_setup(&world, 4, NULL);
		memset(text, ' ', rows[i].size);
		memcpy(text, STATUS, strlen(STATUS) - 1);
		text[rows[i].size] = '\n';
		fd = world_connect(&world);
		other = world_connect(&world);
		client_send(&world, fd, text, rows[i].size + rows[i].newline);
		line_check(rows[i].name, world_line(&world, fd), rows[i].answer);
		if (rows[i].goes_on) {
			client_send(&world, fd, STATUS, strlen(STATUS));
			line_check(rows[i].name, world_line(&world, fd), "\"result\"");
		} else {
			sl_check(rows[i].name, world_line(&world, fd) == NULL);
		}
		turns_to_status(&world, other);
		close(fd);
		close(other);
		free(text);
		world_close(&world);
	}
}

/* An unfinished message is given up after its time, counted from its first byte; whoever is just silent stays. */
static void
test_half_object_times_out(void **state)
{
	struct rpc_limits limits = RPC_LIMITS_DEFAULT;
	struct world world;
	int half, silent, drip;

	limits.half_s = 1;
	world_setup(&world, 4, &limits);
	half = world_connect(&world);
	silent = world_connect(&world);
	drip = world_connect(&world);
	client_send(&world, half, "{\"jsonrpc\":", 11);
	for (unsigned int i = 0; i < 4000 && world.server->client_count > 1; i++) {
		if (i % 50 == 0)
			send(drip, "{", 1, MSG_NOSIGNAL);
		world_turn(&world);
		usleep(1000);
	}
	assert_int_equal(world.server->client_count, 1);
	line_check("half", world_line(&world, half), "not finished in time");
	line_check("drip", world_line(&world, drip), "not finished in time");
	turns_to_status(&world, silent);
	close(half);
	close(silent);
	close(drip);
	world_close(&world);
}

/* A million connections: the reader of the list stops reading, the other client is served at once. */
static void
test_slow_reader(void **state)
{
	static char bytes[MIB];
	struct rpc_limits limits = RPC_LIMITS_DEFAULT;
	struct world world;
	struct rpc_client *client;
	size_t total = 0, lines = 0, conns = 0, most = 0;
	int slow, other;
	ssize_t n;
	char last = 0;

	world_setup(&world, 500000, NULL);
	slow = world_connect(&world);
	other = world_connect(&world);
	client = TAILQ_FIRST(&world.server->all);
	client_send(&world, slow, CONNS, strlen(CONNS));

	/* Nothing is read: what is kept for it is bounded, and soon no more is made. */
	for (unsigned int i = 0; i < 20000 && (i < 100 || client->ready); i++)
		world_turn(&world);
	assert_false(client->ready);
	most = evbuffer_get_length(bufferevent_get_output(client->bev));
	assert_true(most > 0 && most <= limits.output_high_size + 32768);
	assert_true(turns_to_status(&world, other) <= 10);

	/* It reads again, with the other client asking all the while. */
	while (lines == 0) {
		n = recv(slow, bytes, sizeof(bytes), 0);
		for (ssize_t i = 0; i < n; i++) {
			conns += bytes[i] == 'p' && last == '"'; /* "proto" */
			lines += bytes[i] == '\n';
			last = bytes[i];
		}
		if (n > 0)
			total += (size_t)n;
		else
			assert_true(n < 0 && errno == EAGAIN);
		assert_true(turns_to_status(&world, other) <= 10);
	}
	assert_int_equal(conns, 1000000);
	assert_true(total > 100000000);
	close(slow);
	close(other);
	world_close(&world);
}

/* Counting a million connections writes nothing until its end, and still takes turns with others. */
static void
test_long_scan(void **state)
{
	static const char *const requests[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"conn.count\"}\n",
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"conn.list\",\"params\":{\"client\":\"203.0.113."
		"1\"}}\n",
	};

	for (size_t i = 0; i < SL_COUNT(requests); i++) {
		struct world world;
		char answer[256];
		unsigned int asked = 0;
		int counter, other;
		ssize_t n;

		world_setup(&world, 500000, NULL);
		counter = world_connect(&world);
		other = world_connect(&world);
		client_send(&world, counter, requests[i], strlen(requests[i]));
		while ((n = recv(counter, answer, sizeof(answer), MSG_PEEK)) <= 0 || answer[n - 1] != '\n') {
			assert_true(turns_to_status(&world, other) <= 10);
			asked++;
		}
		assert_true(asked > 10);
		line_check(requests[i], world_line(&world, counter),
			   i == 0 ? "\"count\":1000000" : "\"result\":[]");
		close(counter);
		close(other);
		world_close(&world);
	}
}

/* The reader of a long list goes away in the middle of it; so does one that never reads. */
static void
test_reader_leaves(void **state)
{
	static const size_t reads[] = { 0, 1, 100000 };

	for (size_t i = 0; i < SL_COUNT(reads); i++) {
		struct world world;
		char bytes[4096];
		size_t total = 0;
		int fd, other;

		world_setup(&world, 500000, NULL);
		fd = world_connect(&world);
		other = world_connect(&world);
		client_send(&world, fd, CONNS, strlen(CONNS));
		for (unsigned int t = 0; t < 10000 && total < reads[i]; t++) {
			ssize_t n = recv(fd, bytes, reads[i] == 1 ? 1 : sizeof(bytes), 0);

			total += n > 0 ? (size_t)n : 0;
			world_turn(&world);
		}
		close(fd);
		for (unsigned int t = 0; t < 10000 && world.server->client_count > 1; t++)
			world_turn(&world);
		assert_int_equal(world.server->client_count, 1);
		turns_to_status(&world, other);
		close(other);
		world_close(&world);
	}
}

/* Services come and go while a list of them is on its way: it stays JSON, and nothing is in it twice. */
static void
test_change_within_list(void **state)
{
	struct rpc_limits limits = RPC_LIMITS_DEFAULT;
	struct world world;
	struct dp_service_key key = { .vip = sl_addr_from_v4(0), .proto = SL_PROTO_TCP };
	struct model_service_change change = MODEL_SERVICE_CHANGE_NONE;
	struct model_error error;
	char *text = malloc(4 * MIB);
	size_t len = 0;
	json_t *answer, *services, *service;
	size_t i;
	int fd;

	limits.output_high_size = 2048;
	limits.output_low_size = 1024;
	world_setup(&world, 0, &limits);
	for (uint16_t port = 1; port <= 4000; port++) {
		key.vip.b[12] = 203;
		key.vip.b[15] = 9;
		key.port = port;
		assert_int_equal(model_service_add(world.fixture.model, &key, &change, &error), 0);
	}
	fd = world_connect(&world);
	client_send(&world, fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"service.list\"}\n", 50);
	for (uint16_t port = 4000; len == 0 || text[len - 1] != '\n';) {
		ssize_t n = recv(fd, text + len, 8192, 0);

		len += n > 0 ? (size_t)n : 0;
		assert_true(len < 4 * MIB - 8192);
		world_turn(&world);
		/* From the far end, and around the place where the list stands. */
		for (unsigned int round = 0; round < 20 && port > 2000; round++, port--) {
			key.port = port;
			assert_int_equal(model_service_del(world.fixture.model, &key, &error), 0);
			key.port = (uint16_t)(4001 - port);
			assert_int_equal(model_service_del(world.fixture.model, &key, &error), 0);
		}
	}
	answer = json_loadb(text, len, 0, NULL);
	services = json_object_get(answer, "result");
	assert_true(json_is_array(services));
	assert_true(json_array_size(services) >= 1 && json_array_size(services) < 4000);
	json_array_foreach(services, i, service)
	{
		const char *vip = json_string_value(json_object_get(service, "vip"));
		unsigned int port = (unsigned int)atoi(strchr(vip, ':') + 1);
		static unsigned int last;

		assert_true(strncmp(vip, "203.", 4) != 0 || port > last);
		last = strncmp(vip, "203.", 4) == 0 ? port : 0;
	}
	json_decref(answer);
	free(text);
	close(fd);
	world_close(&world);
}

/* Thousands of requests in one buffer: they are answered one by one, in turn with another client. */
static void
test_flood(void **state)
{
	enum { REQUESTS = 5000 };
	struct world world;
	char *text = malloc(REQUESTS * strlen(STATUS) + 1);
	unsigned int answers = 0;
	int fd, other;

	world_setup(&world, 4, NULL);
	for (size_t i = 0; i < REQUESTS; i++)
		memcpy(text + i * strlen(STATUS), STATUS, strlen(STATUS) + 1);
	fd = world_connect(&world);
	other = world_connect(&world);
	for (size_t sent = 0, len = strlen(text); answers < REQUESTS;) {
		char bytes[65536];
		ssize_t n = sent < len ? send(fd, text + sent, len - sent, MSG_NOSIGNAL) : 0;

		sent += n > 0 ? (size_t)n : 0;
		n = recv(fd, bytes, sizeof(bytes), 0);
		for (ssize_t i = 0; i < n; i++)
			answers += bytes[i] == '\n';
		assert_true(turns_to_status(&world, other) <= 10);
	}
	assert_int_equal(answers, REQUESTS);
	free(text);
	close(fd);
	close(other);
	world_close(&world);
}

/* No more clients than allowed; one that takes nothing off its answer loses its place after a while. */
static void
test_too_many(void **state)
{
	struct rpc_limits limits = RPC_LIMITS_DEFAULT;
	struct world world;
	int fds[3], stuck;

	limits.clients_max = 4;
	limits.stall_s = 1;
	world_setup(&world, 100000, &limits);
	stuck = world_connect(&world);
	client_send(&world, stuck, CONNS, strlen(CONNS));
	for (size_t i = 0; i < SL_COUNT(fds); i++)
		fds[i] = world_connect(&world);
	assert_int_equal(world.server->client_count, 4);

	int refused = world_connect(&world);

	line_check("one too many", world_line(&world, refused), "too many clients: 4 are connected");
	assert_null(world_line(&world, refused));
	close(refused);
	for (size_t i = 0; i < SL_COUNT(fds); i++)
		turns_to_status(&world, fds[i]);

	for (unsigned int i = 0; i < 1200; i++) {
		world_turn(&world);
		usleep(1000);
	}
	int taken = world_connect(&world);

	turns_to_status(&world, taken);
	assert_int_equal(world.server->client_count, 4);
	close(taken);
	close(stuck);
	for (size_t i = 0; i < SL_COUNT(fds); i++)
		close(fds[i]);
	world_close(&world);
}

/* The file: its mode, its directory, and what may be in its place. */
static void
test_socket_file(void **state)
{
	struct world world;
	char error[DP_ERROR_SIZE], path[128], directory[96];
	struct rpc_server *second;
	struct stat st;

	world_setup(&world, 4, NULL);
	assert_int_equal(stat(world.fixture.socket_path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);

	second = rpc_server_create(world.fixture.base, world.fixture.socket_path, world.fixture.model, "",
				   error);
	assert_null(second);
	assert_int_equal(errno, EADDRINUSE);
	assert_non_null(strstr(error, "another daemon answers"));
	assert_int_equal(stat(world.fixture.socket_path, &st), 0);

	second = rpc_server_create(world.fixture.base, world.fixture.conf_path, world.fixture.model, "",
				   error);
	assert_null(second);
	assert_int_equal(errno, EEXIST);
	assert_non_null(strstr(error, "not a socket"));
	assert_int_equal(access(world.fixture.conf_path, R_OK), 0);

	snprintf(directory, sizeof(directory), "%s/run", world.fixture.directory);
	snprintf(path, sizeof(path), "%s/control.sock", directory);
	second = rpc_server_create(world.fixture.base, path, world.fixture.model, "", error);
	assert_non_null(second);
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	rpc_server_destroy(second);
	assert_int_equal(access(path, F_OK), -1);

	snprintf(path, sizeof(path), "%s/no/such/control.sock", world.fixture.directory);
	assert_null(rpc_server_create(world.fixture.base, path, world.fixture.model, "", error));
	assert_non_null(strstr(error, "cannot make the directory"));

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(rpc_server_create(world.fixture.base, path, world.fixture.model, "", error));
	assert_int_equal(errno, ENAMETOOLONG);
	world_close(&world);
}

/* A daemon that died leaves its socket behind: the next one takes its place. */
static void
test_stale_socket(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct world world;
	struct rpc_server *second;
	char error[DP_ERROR_SIZE];
	int fd;

	world_setup(&world, 4, NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/dead.sock", world.fixture.directory);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	second = rpc_server_create(world.fixture.base, address.sun_path, world.fixture.model, "", error);
	assert_non_null(second);
	rpc_server_destroy(second);
	world_close(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),         cmocka_unit_test(test_closed_for_writing),
		cmocka_unit_test(test_oversized),     cmocka_unit_test(test_half_object_times_out),
		cmocka_unit_test(test_slow_reader),   cmocka_unit_test(test_long_scan),
		cmocka_unit_test(test_reader_leaves), cmocka_unit_test(test_change_within_list),
		cmocka_unit_test(test_flood),         cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_socket_file),   cmocka_unit_test(test_stale_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
