/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fixture with a server on its socket, whose loop is turned by hand, and clients of it.
 */
#ifndef TEST_RPC_WORLD_H
#define TEST_RPC_WORLD_H

#include "test_rpc_fixture.h"

enum { PATIENCE_MS = 20000 };

struct rpc_limits;

struct world {
	struct fixture fixture;
	struct rpc_server *server;
};

/* `conns` as fixture_setup has it; `limits` NULL: those that there are. */
void world_open(struct world *world, const char *conf_text, unsigned int conns,
		const struct rpc_limits *limits);
void world_close(struct world *world);

/* One turn of the loop, whatever there is still to do. */
void world_turn(struct world *world);

/* A client, nonblocking. */
int world_connect(struct world *world);
/* Its next line, without the newline, until the next call; NULL when the server has closed. Fails if none comes. */
const char *world_line(struct world *world, int fd);

#endif
