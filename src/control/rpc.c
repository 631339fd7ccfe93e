/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server of the control socket: who may connect, and whose turn it is
 * (rpc.h). One client is in rpc_client.c, one message in rpc_message.c, the
 * methods in verb.c.
 *
 * Ready clients stand in a queue and get one step in turn, for at most
 * TURN_US in all; then the loop looks after everything else before the next
 * turn. So neither a long list nor many clients can hold it up.
 */
#include "rpc.h"

#include "rpc_client.h"
#include "sl_clock.h"
#include "sl_log.h"
#include "verb_rate.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURN_US = 500, BACKLOG = 64 };

static const struct timeval at_once = { 0 }, every_second = { .tv_sec = 1 };

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len,
		      void *context);
static void on_accept_error(struct evconnlistener *listener, void *context);
static void on_pump(evutil_socket_t fd, short what, void *context);
static void on_tick(evutil_socket_t fd, short what, void *context);
static bool stalled_drop(struct rpc_server *server);
static void client_refuse(struct rpc_server *server, evutil_socket_t fd);

struct rpc_server *
rpc_server_create(struct event_base *base, const char *socket_path, struct model *model,
		  const char *conf_path, char ret_error[DP_ERROR_SIZE])
{
	struct rpc_server *server = calloc(1, sizeof(*server));
	int fd, error = ENOMEM;

	snprintf(ret_error, DP_ERROR_SIZE, "control socket %s: out of memory", socket_path);
	if (server == NULL)
		return NULL;
	server->base = base;
	server->limits = (struct rpc_limits)RPC_LIMITS_DEFAULT;
	server->context =
		(struct verb_context){ .model = model, .conf_path = conf_path, .started = time(NULL) };
	TAILQ_INIT(&server->all);
	TAILQ_INIT(&server->ready);
	signal(SIGPIPE, SIG_IGN);
	server->context.rates = verb_rates_create(base, model);
	server->pump = evtimer_new(base, on_pump, server);
	server->tick = event_new(base, -1, EV_PERSIST, on_tick, server);
	if (server->context.rates == NULL || server->pump == NULL || server->tick == NULL)
		goto fail;
	fd = rpc_socket_open(socket_path, &server->socket, ret_error);
	if (fd < 0) {
		error = -fd;
		goto fail;
	}
	server->listener = evconnlistener_new(base, on_accept, server,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (server->listener == NULL || event_add(server->tick, &every_second) != 0) {
		if (server->listener == NULL)
			close(fd);
		rpc_socket_unlink(&server->socket);
		goto fail;
	}
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	return server;
fail:
	server->socket.path[0] = '\0';
	rpc_server_destroy(server);
	errno = error;
	return NULL;
}

void
rpc_server_destroy(struct rpc_server *server)
{
	struct rpc_client *client;

	if (server == NULL)
		return;
	if (server->socket.path[0] != '\0')
		rpc_socket_unlink(&server->socket);
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	while ((client = TAILQ_FIRST(&server->all)) != NULL)
		rpc_client_destroy(client);
	if (server->pump != NULL)
		event_free(server->pump);
	if (server->tick != NULL)
		event_free(server->tick);
	verb_rates_destroy(server->context.rates);
	free(server);
}

void
rpc_server_health_set(struct rpc_server *server, struct health *health)
{
	server->context.health = health;
}

void
rpc_server_ha_set(struct rpc_server *server, struct ha *ha)
{
	server->context.ha = ha;
}

void
rpc_server_limits_set(struct rpc_server *server, const struct rpc_limits *limits)
{
	server->limits = *limits;
}

void
rpc_server_ready(struct rpc_client *client)
{
	struct rpc_server *server = client->server;

	if (client->ready)
		return;
	if (TAILQ_EMPTY(&server->ready))
		event_add(server->pump, &at_once);
	client->ready = true;
	TAILQ_INSERT_TAIL(&server->ready, client, in_ready);
}

static void
on_pump(evutil_socket_t fd, short what, void *context)
{
	struct rpc_server *server = context;
	uint64_t end_us = sl_clock_us() + TURN_US;
	struct rpc_client *client;

	while ((client = TAILQ_FIRST(&server->ready)) != NULL && sl_clock_us() < end_us) {
		TAILQ_REMOVE(&server->ready, client, in_ready);
		client->ready = false;
		if (rpc_client_step(client))
			rpc_server_ready(client);
	}
	/* A timer, not an activation: the loop polls its descriptors first. */
	if (!TAILQ_EMPTY(&server->ready))
		event_add(server->pump, &at_once);
}

static void
on_tick(evutil_socket_t fd, short what, void *context)
{
	struct rpc_server *server = context;
	uint64_t now_ms = sl_clock_ms();
	struct rpc_client *client, *next;

	for (client = TAILQ_FIRST(&server->all); client != NULL; client = next) {
		next = TAILQ_NEXT(client, in_all);
		rpc_client_tick(client, now_ms);
	}
	if (server->accept_paused) {
		server->accept_paused = false;
		evconnlistener_enable(server->listener);
	}
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int len, void *context)
{
	struct rpc_server *server = context;

	if (server->client_count >= server->limits.clients_max && !stalled_drop(server)) {
		client_refuse(server, fd);
		return;
	}
	if (rpc_client_create(server, fd) != 0)
		sl_warn("control socket: out of memory for another client");
}

/* Out of descriptors or memory: accepting again at once would only fail again. */
static void
on_accept_error(struct evconnlistener *listener, void *context)
{
	struct rpc_server *server = context;

	sl_warn("control socket: cannot accept a client (%s); trying again in a second", strerror(errno));
	evconnlistener_disable(listener);
	server->accept_paused = true;
}

/*
 * A reader that pauses (a pager) may take as long as it likes, until somebody
 * else needs its place. True when there is a place now.
 */
static bool
stalled_drop(struct rpc_server *server)
{
	uint64_t now_ms = sl_clock_ms();
	struct rpc_client *client, *longest = NULL;

	TAILQ_FOREACH(client, &server->all, in_all)
	{
		bool waits = evbuffer_get_length(bufferevent_get_output(client->bev)) > 0;

		if (waits && now_ms - client->moved_ms > (uint64_t)client->limits.stall_s * 1000 &&
		    (longest == NULL || client->moved_ms < longest->moved_ms))
			longest = client;
	}
	if (longest == NULL)
		return false;
	sl_warn("control socket: pid %d reads nothing; its place goes to another client",
		(int)longest->message.caller.pid);
	rpc_client_destroy(longest);
	return true;
}

static void
client_refuse(struct rpc_server *server, evutil_socket_t fd)
{
	struct evbuffer *out = evbuffer_new();
	char text[96];

	snprintf(text, sizeof(text), "too many clients: %u are connected, close one first",
		 server->client_count);
	if (out != NULL) {
		rpc_message_error(out, VERB_ERROR_REFUSED, text);
		evbuffer_write(out, fd);
		evbuffer_free(out);
	}
	evutil_closesocket(fd);
}
