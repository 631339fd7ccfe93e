/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happened: a line in the log, and an object for each who watches
 * (health.h has its members).
 *
 * A rack that fails is thousands of events at once. Watchers get each of them;
 * of the log, which others need to read and write too, they take at most
 * LOG_LINES a second, and the rest is counted there in one line. Control thread
 * only.
 */
#include "health_private.h"

#include "json_text.h"
#include "sl_log.h"
#include "watch.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOG_LINES = 50, TEXT_SIZE = HEALTH_NAME_SIZE + 2 * CHECK_TEXT_SIZE };

/* For the log. What only those who watch want to know is shown with --log-level info or more. */
static const struct {
	const char *name;
	enum sl_log_level level;
	const char *many; /* in the line that counts */
} kinds[EVENT_MAX] = {
	[EVENT_SERVER_UP] = { "server_up", SL_LOG_NOTICE, "servers up" },
	[EVENT_SERVER_DOWN] = { "server_down", SL_LOG_WARN, "servers down" },
	[EVENT_SERVER_STATE] = { "server_state", SL_LOG_NOTICE, "servers in another state" },
	[EVENT_WEIGHT] = { "weight", SL_LOG_INFO, "weights" },
	[EVENT_CHECK] = { "check", SL_LOG_INFO, "checks" },
	[EVENT_QUORUM_UP] = { "quorum_up", SL_LOG_NOTICE, "quorums gained" },
	[EVENT_QUORUM_DOWN] = { "quorum_down", SL_LOG_WARN, "quorums lost" },
	[EVENT_SORRY_ON] = { "sorry_on", SL_LOG_WARN, "sorry servers in" },
	[EVENT_SORRY_OFF] = { "sorry_off", SL_LOG_NOTICE, "sorry servers out" },
	[EVENT_SCRIPT] = { "script", SL_LOG_WARN, "commands failed" },
};

struct events {
	struct watches watches;
	struct event *second;
	unsigned int lines; /* in this second */
	unsigned int unlogged[EVENT_MAX];
};

static void log_line(struct events *events, enum event_kind kind, const char *text);
static void log_rest(struct events *events, enum sl_log_level from, enum sl_log_level to);
static void second_over(evutil_socket_t fd, short what, void *context);
static json_t *event_json(const struct pool *pool, const struct server *server, enum event_kind kind,
			  const char *text);

struct events *
events_create(struct event_base *base)
{
	struct events *events = calloc(1, sizeof(*events));

	if (events == NULL)
		return NULL;
	events->second = evtimer_new(base, second_over, events);
	if (events->second == NULL) {
		free(events);
		return NULL;
	}
	return events;
}

void
events_destroy(struct events *events)
{
	if (events == NULL)
		return;
	second_over(-1, 0, events);
	watches_fini(&events->watches);
	event_free(events->second);
	free(events);
}

struct watch *
health_watch_add(struct health *health, void (*event)(json_t *event, void *context), void *context)
{
	return watch_add(&health->events->watches, event, context);
}

void
event_tell(struct pool *pool, const struct server *server, enum event_kind kind, const char *format, ...)
{
	struct events *events = pool->health->events;
	char text[TEXT_SIZE], name[HEALTH_NAME_SIZE];
	int len = snprintf(text, sizeof(text), "%s ",
			   server != NULL ? server_name(server, name) : pool_name(pool, name));
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, sizeof(text) - (size_t)len, format, args);
	va_end(args);
	log_line(events, kind, text);
	if (events->watches.count > 0)
		watches_tell(&events->watches, event_json(pool, server, kind, text));
}

static void
log_line(struct events *events, enum event_kind kind, const char *text)
{
	const struct timeval second = { .tv_sec = 1 };

	if (events->lines == 0)
		event_add(events->second, &second);
	if (events->lines < LOG_LINES) {
		sl_log(kinds[kind].level, "%s", text);
		/* What the log's limit hides takes nobody's place. */
		events->lines += kinds[kind].level <= SL_LOG_NOTICE;
		return;
	}
	events->unlogged[kind]++;
}

static void
second_over(evutil_socket_t fd, short what, void *context)
{
	struct events *events = context;

	log_rest(events, SL_LOG_ERROR, SL_LOG_NOTICE);
	log_rest(events, SL_LOG_INFO, SL_LOG_DEBUG);
	events->lines = 0;
}

/* One line for what was not logged of these levels: what the log hides does not come up in another's line. */
static void
log_rest(struct events *events, enum sl_log_level from, enum sl_log_level to)
{
	enum sl_log_level level = to;
	char text[512] = "";
	size_t len = 0;

	for (int kind = 0; kind < EVENT_MAX; kind++) {
		if (events->unlogged[kind] == 0 || kinds[kind].level < from || kinds[kind].level > to)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u %s", len > 0 ? ", " : "",
					events->unlogged[kind], kinds[kind].many);
		if (kinds[kind].level < level)
			level = kinds[kind].level;
		events->unlogged[kind] = 0;
	}
	if (len > 0)
		sl_log(level, "and within the same second, not logged one by one: %s", text);
}

static json_t *
event_json(const struct pool *pool, const struct server *server, enum event_kind kind, const char *text)
{
	const struct dp_service_key *key = &pool->services[0].key;
	char vip[SL_ENDPOINT_STRLEN], real[SL_ENDPOINT_STRLEN];
	const struct member *member = server != NULL ? server_member(server) : NULL;
	json_t *event = watch_event(kinds[kind].name, text);

	if (event == NULL)
		return NULL;
	json_object_set_new(event, "proto", json_string(key->proto == SL_PROTO_TCP ? "tcp" : "udp"));
	json_object_set_new(event, "vip", json_string(sl_endpoint_format(&key->vip, key->port, vip)));
	if (member != NULL)
		json_object_set_new(event, "real",
				    json_string(sl_endpoint_format(&member->addr, member->port, real)));
	if (pool->conf->name != NULL)
		json_object_set_new(event, "pool", json_text(pool->conf->name));
	if (kind == EVENT_WEIGHT) {
		json_object_set_new(event, "weight", json_integer(server->weight));
		json_object_set_new(event, "configured", json_integer(member->weight));
	}
	return event;
}
