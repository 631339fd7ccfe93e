/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection to the daemon's control socket, and one call at a time over it.
 * Blocking, with a time limit on silence.
 */
#ifndef SLUICE_CLI_CLIENT_H
#define SLUICE_CLI_CLIENT_H

#include "reply.h"

#include <jansson.h>

struct client {
	int fd;
	unsigned int timeout_s; /* of silence; 0: wait for ever */
	char error[256];        /* why the last call or client_open failed */
};

/* 0, or an enum cli_exit with client->error. */
int client_open(struct client *client, const char *socket_path, unsigned int timeout_s);
void client_close(struct client *client);

/*
 * Sends a request and reads its answer into `reply`, which the caller has
 * prepared. 0 when there is a whole answer (an error of the daemon, too), or
 * an enum cli_exit with client->error.
 */
int client_call(struct client *client, const char *method, json_t *params, struct reply *reply);

#endif
