/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events for the clients that watch (rpc_watch.h).
 */
#include "rpc_watch.h"

#include "ha/ha.h"
#include "health/health.h"
#include "watch.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

static bool sources_watch(struct rpc_server *server);
static void sources_unwatch(struct rpc_server *server);
static void on_event(json_t *event, void *context);
static void event_queue(struct rpc_client *client, const char *text);
static int line_add(struct evbuffer *out, const char *params);

int
rpc_watch_start(struct rpc_client *client)
{
	struct rpc_server *server = client->server;

	if (client->events != NULL)
		return 0;
	client->events = evbuffer_new();
	if (client->events == NULL)
		return -ENOMEM;
	if (server->watcher_count == 0 && !sources_watch(server)) {
		evbuffer_free(client->events);
		client->events = NULL;
		return -ENOMEM;
	}
	server->watcher_count++;
	return 0;
}

void
rpc_watch_stop(struct rpc_client *client)
{
	struct rpc_server *server = client->server;

	if (client->events == NULL)
		return;
	evbuffer_free(client->events);
	client->events = NULL;
	if (--server->watcher_count > 0)
		return;
	sources_unwatch(server);
}

void
rpc_watch_flush(struct rpc_client *client)
{
	struct evbuffer *output = bufferevent_get_output(client->bev);

	if (client->events == NULL || rpc_message_busy(&client->message) ||
	    evbuffer_get_length(output) >= client->limits.output_high_size)
		return;
	evbuffer_add_buffer(output, client->events);
}

static bool
sources_watch(struct rpc_server *server)
{
	server->health_watch = health_watch_add(server->context.health, on_event, server);
	if (server->health_watch != NULL && server->context.ha != NULL)
		server->ha_watch = ha_watch_add(server->context.ha, on_event, server);
	if (server->health_watch != NULL && (server->ha_watch != NULL || server->context.ha == NULL))
		return true;
	sources_unwatch(server);
	return false;
}

static void
sources_unwatch(struct rpc_server *server)
{
	watch_remove(server->health_watch);
	watch_remove(server->ha_watch);
	server->health_watch = server->ha_watch = NULL;
}

static void
on_event(json_t *event, void *context)
{
	struct rpc_server *server = context;
	char *text = json_dumps(event, JSON_COMPACT);
	struct rpc_client *client;

	TAILQ_FOREACH(client, &server->all, in_all)
	{
		if (client->events == NULL || client->closing)
			continue;
		if (text != NULL)
			event_queue(client, text);
		else
			client->events_lost++;
		rpc_server_ready(client);
	}
	free(text);
}

/* What was lost is told before what comes after it. */
static void
event_queue(struct rpc_client *client, const char *text)
{
	char lost[64];

	if (evbuffer_get_length(client->events) >= client->limits.output_high_size) {
		client->events_lost++;
		return;
	}
	if (client->events_lost > 0) {
		snprintf(lost, sizeof(lost), "{\"event\":\"lost\",\"count\":%llu}",
			 (unsigned long long)client->events_lost);
		if (line_add(client->events, lost) < 0) {
			client->events_lost++;
			return;
		}
		client->events_lost = 0;
	}
	if (line_add(client->events, text) < 0)
		client->events_lost++;
}

/* A notification of JSON-RPC. -1 when out of memory; evbuffer_add_printf adds all or nothing. */
static int
line_add(struct evbuffer *out, const char *params)
{
	return evbuffer_add_printf(out, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":%s}\n",
				   params) < 0
		       ? -1
		       : 0;
}
