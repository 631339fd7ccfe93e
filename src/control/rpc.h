/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket: JSON-RPC 2.0 over a Unix socket, one object a line
 * (doc/control-socket.md is the protocol; verb.c is the table of methods).
 *
 * Everything here runs in the event loop of the control thread. No client can
 * hold the loop up: messages and answers are bounded, long answers are made
 * piece by piece as their reader drains them, and all clients together get
 * about half a millisecond a turn of the loop.
 */
#ifndef SLUICE_RPC_H
#define SLUICE_RPC_H

#include <sluice/dp.h>

struct event_base;
struct ha;
struct health;
struct model;
struct rpc_server;

/* Bounds on what clients may take. rpc_server_create sets those of RPC_LIMITS_DEFAULT. */
struct rpc_limits {
	unsigned int clients_max;
	size_t message_size;     /* longest message, without its newline */
	unsigned int half_s;     /* an unfinished message is given up after so long */
	unsigned int stall_s;    /* who reads nothing for so long may lose its place to another client */
	size_t output_high_size; /* no more is produced for a client that has so much to read ... */
	size_t output_low_size;  /* ... until it has read down to this */
};

#define RPC_LIMITS_DEFAULT                                                                                   \
	{                                                                                                    \
		.clients_max = 64, .message_size = 1u << 20, .half_s = 60, .stall_s = 60,                    \
		.output_high_size = 256u << 10, .output_low_size = 64u << 10,                                \
	}

/*
 * Listens at `socket_path` (mode 0660, group "sluice" if there is one; its
 * directory is made when missing). `conf_path` is named by `status`. NULL
 * with errno set and the reason and its remedy in ret_error. Ignores SIGPIPE
 * for the process.
 */
struct rpc_server *rpc_server_create(struct event_base *base, const char *socket_path, struct model *model,
				     const char *conf_path, char ret_error[DP_ERROR_SIZE]);

/* What answers `health` and `monitor`; it lives as long as the server. Before the loop turns. */
void rpc_server_health_set(struct rpc_server *server, struct health *health);
/* What else `monitor` tells of; the same holds for it. */
void rpc_server_ha_set(struct rpc_server *server, struct ha *ha);

/* Ends all clients, and removes the socket. Before the model and the event base end. */
void rpc_server_destroy(struct rpc_server *server);

/* Other bounds, for clients from now on. For tests. */
void rpc_server_limits_set(struct rpc_server *server, const struct rpc_limits *limits);

#endif
