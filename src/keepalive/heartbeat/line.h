/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What carries a channel's messages: a UDP socket (udp.c) or a serial line
 * (serial.c), which may not be there yet, vanish and come back.
 *
 *	line_create -> [closed] --open, each second--> [open] --line_lost--> [closed] ...
 *
 * Why it is closed is logged once, when that begins or the reason changes, and that it is open again. A kind
 * is a struct line_ops and a struct that begins with a struct line. Nothing blocks. Keepalive thread only.
 */
#ifndef HEARTBEAT_LINE_H
#define HEARTBEAT_LINE_H

#include "heartbeat.h"

struct event;
struct line;

struct line_ops {
	size_t size; /* of the kind's own struct */
	/* Gives a non-blocking descriptor, or -errno with the reason in ret_error. */
	int (*open)(struct line *line, char ret_error[DP_ERROR_SIZE]);
	/* The descriptor is about to be closed. */
	void (*close)(struct line *line);
	/* Reads what there is, and has it taken (line_calls). It looks at line->fd after each: a call may close it. */
	void (*readable)(struct line *line);
	/* False: the message is lost; the line may be by then, too. */
	bool (*send)(struct line *line, const uint8_t *data, size_t size);
	/* Each second: NULL, or why it has to be opened anew. */
	const char *(*check)(struct line *line);
	/* Has what was sent leave, for so long at most. NULL: it does at once. */
	void (*drain)(struct line *line, unsigned int limit_ms);
};

struct line_calls {
	void (*take)(const uint8_t *message, size_t size, void *context);
	void (*bad)(void *context); /* something came that is no message */
	void (*opened)(void *context);
	void *context;
};

struct line {
	const struct line_ops *ops;
	const struct ka_heartbeat *conf;
	struct line_calls calls;
	struct event_base *base;
	struct event *second, *readable;
	int fd;              /* -1: closed */
	struct sl_addr from; /* of the message that is taken; none: not known */
	char fault[DP_ERROR_SIZE];
};

extern const struct line_ops udp_line_ops, serial_line_ops;

/* `conf` outlives it. NULL: no memory. Tries to open at once. */
struct line *line_create(struct event_base *base, const struct ka_heartbeat *conf,
			 const struct line_calls *calls);
void line_destroy(struct line *line);
bool line_send(struct line *line, const uint8_t *data, size_t size);

/* Waits for what was sent to leave. */
void line_drain(struct line *line, unsigned int limit_ms);

/* For kinds: it cannot be used any more. */
void line_lost(struct line *line, const char *why);

#endif
