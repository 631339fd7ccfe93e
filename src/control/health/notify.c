/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notifiers, in the order of what happened (notify.h).
 *
 * A queue outlives its object until it is empty: a server that a new
 * configuration removes has gone down, and its notifier is still to be run.
 */
#include "notify.h"

#include "sl_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	struct item *next;
	struct conf_script *script;
};

struct notify {
	struct notify *next, **link; /* of the orphans */
	struct event_base *base;
	void (*failed)(const char *text, void *context);
	void *context;
	struct item *first; /* runs, if `busy` */
	unsigned int count;
	bool busy;
};

static struct notify *orphans;

static void notify_free(struct notify *notify);
static void item_drop(struct notify *notify, struct item **link);
static void next_begin(struct notify *notify);
static void script_ended(const struct script_result *result, void *context);
static void fail(struct notify *notify, const char *name, const char *text);

struct notify *
notify_create(struct event_base *base, void (*failed)(const char *text, void *context), void *context)
{
	struct notify *notify = calloc(1, sizeof(*notify));

	if (notify == NULL)
		return NULL;
	notify->base = base;
	notify->failed = failed;
	notify->context = context;
	return notify;
}

void
notify_destroy(struct notify *notify)
{
	if (notify == NULL)
		return;
	notify->failed = NULL;
	notify->next = orphans;
	notify->link = &orphans;
	if (orphans != NULL)
		orphans->link = &notify->next;
	orphans = notify;
	if (notify->first == NULL)
		notify_free(notify);
}

void
notify_forget_all(void)
{
	while (orphans != NULL)
		notify_free(orphans);
}

void
notify_run(struct notify *notify, const struct conf_script *script)
{
	struct item *item, **link;

	if (script == NULL)
		return;
	item = calloc(1, sizeof(*item));
	if (item != NULL)
		item->script = script_copy(script);
	if (item == NULL || item->script == NULL) {
		free(item);
		fail(notify, script->argv[0], "out of memory");
		return;
	}
	if (notify->count == NOTIFY_QUEUE_MAX) {
		link = notify->busy ? &notify->first->next : &notify->first;
		fail(notify, (*link)->script->argv[0],
		     "not run: too many wait behind one that takes its time");
		item_drop(notify, link);
	}
	for (link = &notify->first; *link != NULL; link = &(*link)->next)
		;
	*link = item;
	notify->count++;
	if (!notify->busy)
		next_begin(notify);
}

/* Of an orphan. */
static void
notify_free(struct notify *notify)
{
	*notify->link = notify->next;
	if (notify->next != NULL)
		notify->next->link = notify->link;
	while (notify->first != NULL)
		item_drop(notify, &notify->first);
	free(notify);
}

static void
item_drop(struct notify *notify, struct item **link)
{
	struct item *item = *link;

	*link = item->next;
	notify->count--;
	free(item->script);
	free(item);
}

/* The first that can be begun; an orphan ends when there is none. */
static void
next_begin(struct notify *notify)
{
	char text[CHECK_TEXT_SIZE];

	while (notify->first != NULL) {
		notify->busy = script_start(notify->base, SCRIPT_NOTIFY, notify->first->script,
					    NOTIFY_LIMIT_MS, script_ended, notify, text) != NULL;
		if (notify->busy)
			return;
		fail(notify, NULL, text);
		item_drop(notify, &notify->first);
	}
	if (notify->link != NULL)
		notify_free(notify);
}

static void
script_ended(const struct script_result *result, void *context)
{
	struct notify *notify = context;

	if (!result->exited || result->exit_code != 0)
		fail(notify, notify->first->script->argv[0], result->text);
	notify->busy = false;
	item_drop(notify, &notify->first);
	next_begin(notify);
}

/* `name` NULL: the text has it. */
static void
fail(struct notify *notify, const char *name, const char *text)
{
	char line[CHECK_TEXT_SIZE + 128];

	snprintf(line, sizeof(line), "%s%s%s", name != NULL ? name : "", name != NULL ? ": " : "", text);
	if (notify->failed != NULL)
		notify->failed(line, notify->context);
	else
		sl_warn("notifier %s", line);
}
