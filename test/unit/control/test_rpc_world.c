/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See test_rpc_world.h.
 */
#include "test_rpc_world.h"

#include "rpc.h"
#include "sl_test.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { LINE_SIZE = 1 << 20 };

void
world_open(struct world *world, const char *conf_text, unsigned int conns, const struct rpc_limits *limits)
{
	char error[DP_ERROR_SIZE];

	fixture_setup(&world->fixture, conf_text, conns);
	world->server = rpc_server_create(world->fixture.base, world->fixture.socket_path,
					  world->fixture.model, world->fixture.conf_path, error);
	if (world->server == NULL)
		fail_msg("%s", error);
	if (limits != NULL)
		rpc_server_limits_set(world->server, limits);
}

void
world_close(struct world *world)
{
	rpc_server_destroy(world->server);
	fixture_teardown(&world->fixture);
}

/* NONBLOCK alone would go on for as long as there is anything to do. */
void
world_turn(struct world *world)
{
	event_base_loop(world->fixture.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

int
world_connect(struct world *world)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, world->fixture.socket_path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	world_turn(world);
	return fd;
}

const char *
world_line(struct world *world, int fd)
{
	static char line[LINE_SIZE];
	size_t len = 0;

	for (unsigned int waited_ms = 0; waited_ms < PATIENCE_MS;) {
		ssize_t n = recv(fd, line + len, 1, 0);
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };

		if (n == 1 && line[len] == '\n') {
			line[len] = '\0';
			return line;
		}
		if (n == 1) {
			assert_true(++len < sizeof(line));
			continue;
		}
		if (n == 0 || errno == ECONNRESET)
			return NULL;
		world_turn(world);
		waited_ms += poll(&pollfd, 1, 1) == 0;
	}
	fail_msg("no line within %d ms", PATIENCE_MS);
	return NULL;
}
