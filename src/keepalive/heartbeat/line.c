/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opens lines, and opens them again (line.h).
 */
#include "line.h"

#include "sl_log.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void second_passed(evutil_socket_t fd, short what, void *context);
static void data_waits(evutil_socket_t fd, short what, void *context);
static void open_try(struct line *line);
static void fault_tell(struct line *line, const char *why);

struct line *
line_create(struct event_base *base, const struct ka_heartbeat *conf, const struct line_calls *calls)
{
	static const struct timeval each_second = { .tv_sec = 1 };
	const struct line_ops *ops = conf->kind == KA_HEARTBEAT_SERIAL ? &serial_line_ops : &udp_line_ops;
	struct line *line = calloc(1, ops->size);

	if (line == NULL)
		return NULL;
	line->ops = ops;
	line->conf = conf;
	line->calls = *calls;
	line->base = base;
	line->fd = -1;
	line->second = event_new(base, -1, EV_PERSIST, second_passed, line);
	if (line->second == NULL || event_add(line->second, &each_second) < 0) {
		line_destroy(line);
		return NULL;
	}
	open_try(line);
	return line;
}

void
line_destroy(struct line *line)
{
	if (line == NULL)
		return;
	if (line->fd >= 0)
		line_lost(line, NULL);
	if (line->second != NULL)
		event_free(line->second);
	free(line);
}

bool
line_send(struct line *line, const uint8_t *data, size_t size)
{
	return line->fd >= 0 && line->ops->send(line, data, size);
}

void
line_drain(struct line *line, unsigned int limit_ms)
{
	if (line->fd >= 0 && line->ops->drain != NULL)
		line->ops->drain(line, limit_ms);
}

void
line_lost(struct line *line, const char *why)
{
	if (line->fd < 0)
		return;
	line->ops->close(line);
	if (line->readable != NULL)
		event_free(line->readable);
	line->readable = NULL;
	close(line->fd);
	line->fd = -1;
	if (why != NULL)
		fault_tell(line, why);
}

static void
second_passed(evutil_socket_t fd, short what, void *context)
{
	struct line *line = context;
	const char *why = line->fd >= 0 ? line->ops->check(line) : NULL;

	if (why != NULL)
		line_lost(line, why);
	if (line->fd < 0)
		open_try(line);
}

static void
data_waits(evutil_socket_t fd, short what, void *context)
{
	struct line *line = context;

	line->ops->readable(line);
}

static void
open_try(struct line *line)
{
	char error[DP_ERROR_SIZE] = "";
	int fd = line->ops->open(line, error);

	if (fd < 0) {
		fault_tell(line, error);
		return;
	}
	line->fd = fd;
	line->readable = event_new(line->base, fd, EV_READ | EV_PERSIST, data_waits, line);
	if (line->readable == NULL || event_add(line->readable, NULL) < 0) {
		line_lost(line, strerror(ENOMEM));
		return;
	}
	if (line->fault[0] != '\0')
		sl_notice("heartbeat %s: open", line->conf->name);
	line->fault[0] = '\0';
	line->calls.opened(line->calls.context);
}

static void
fault_tell(struct line *line, const char *why)
{
	if (strcmp(line->fault, why) == 0)
		return;
	snprintf(line->fault, sizeof(line->fault), "%s", why);
	sl_warn("heartbeat %s: %s; tried again every second", line->conf->name, why);
}
