/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One client of the control socket, and what the server keeps for all of them.
 *
 * Life of a client: accepted (rpc.c), reads lines, and whenever it has a line
 * to answer or an answer to go on with, stands in the server's queue of ready
 * clients. The server gives each in turn one step. A client whose reader lags
 * leaves the queue until its output has drained. It ends when its peer has
 * closed and everything is answered, on an error, or by a time limit.
 * Control thread only.
 */
#ifndef SLUICE_RPC_CLIENT_H
#define SLUICE_RPC_CLIENT_H

#include "rpc.h"
#include "rpc_message.h"
#include "rpc_socket.h"

#include <event2/util.h>
#include <sys/queue.h>

struct bufferevent;
struct evbuffer;
struct evconnlistener;
struct event;
struct watch;

struct rpc_client {
	TAILQ_ENTRY(rpc_client) in_all, in_ready;
	struct rpc_server *server;
	struct bufferevent *bev;
	struct rpc_message message; /* the one being answered */
	struct rpc_limits limits;
	bool ready;          /* stands in the queue */
	bool eof;            /* the peer will send no more */
	bool closing;        /* ends when its output has been sent */
	size_t scanned_size; /* of the input, known to hold no newline */
	uint64_t half_ms;    /* since when there is an unfinished message; 0: there is none */
	uint64_t moved_ms;   /* when the peer last took some output, or a line came */
	uint64_t closing_ms; /* since when it is closing after an error; 0: it is not */

	/* It watches (rpc_watch.c): what waits for the end of an answer; NULL: it does not. */
	struct evbuffer *events;
	uint64_t events_lost; /* for want of room since the last that is in `events` */
};

TAILQ_HEAD(rpc_client_list, rpc_client);

struct rpc_server {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *pump, *tick;
	struct rpc_socket socket;
	struct rpc_limits limits;
	struct verb_context context;
	struct rpc_client_list all, ready;
	unsigned int client_count;
	bool accept_paused; /* out of descriptors: the tick tries again */

	struct watch *health_watch, *ha_watch; /* while somebody watches */
	unsigned int watcher_count;
};

/* Takes over the descriptor of an accepted connection; closes it on failure. */
int rpc_client_create(struct rpc_server *server, evutil_socket_t fd);
void rpc_client_destroy(struct rpc_client *client);

/*
 * One step: a request answered or a piece of a stream. True when there is
 * another to take at once. The client may be gone after false.
 */
bool rpc_client_step(struct rpc_client *client);

/* Once a second: time limits. The client may be gone afterwards. */
void rpc_client_tick(struct rpc_client *client, uint64_t now_ms);

/* Puts the client into the queue (rpc.c). */
void rpc_server_ready(struct rpc_client *client);

#endif
