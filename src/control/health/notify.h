/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notifiers: notify_up, notify_down, quorum_up, quorum_down. Those of one
 * object (a server, a pool) run one after the other, in the order of what
 * happened; those of different objects side by side. Control thread only.
 */
#ifndef SLUICE_NOTIFY_H
#define SLUICE_NOTIFY_H

#include "script.h"

enum {
	NOTIFY_QUEUE_MAX = 16,   /* further ones of an object push out the oldest that has not begun */
	NOTIFY_LIMIT_MS = 60000, /* then a notifier is ended, so that the next can run */
};

/* The queue of one object. */
struct notify;

/* `failed` (may be NULL) is told of each that fails. NULL when out of memory. */
struct notify *notify_create(struct event_base *base, void (*failed)(const char *text, void *context),
			     void *context);
/* What is queued runs on by itself, and tells nobody. */
void notify_destroy(struct notify *notify);
/* At the end of the daemon, after script_forget_all: what is still queued is not run. */
void notify_forget_all(void);

/* script NULL: nothing. */
void notify_run(struct notify *notify, const struct conf_script *script);

#endif
