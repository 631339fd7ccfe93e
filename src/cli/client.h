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

/*
 * Sends a request after which the daemon goes on talking (`monitor`): `line` gets each line, the
 * answer first, and borrows it; anything but 0 from it ends the call with that. Silence has no time limit
 * once the answer is there. Else an enum cli_exit with client->error: only the daemon ends it.
 */
int client_follow(struct client *client, const char *method, json_t *params,
		  int (*line)(const json_t *line, void *context), void *context);

#endif
