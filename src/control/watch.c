/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists of watches (watch.h).
 */
#include "watch.h"

#include "json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct watch {
	struct watch *next;
	struct watches *watches;
	void (*event)(json_t *event, void *context);
	void *context;
};

static void time_format(char buf[32]);

struct watch *
watch_add(struct watches *watches, void (*event)(json_t *event, void *context), void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	*watch = (struct watch){ watches->first, watches, event, context };
	watches->first = watch;
	watches->count++;
	return watch;
}

void
watch_remove(struct watch *watch)
{
	struct watch **link;

	if (watch == NULL)
		return;
	for (link = &watch->watches->first; *link != watch; link = &(*link)->next)
		;
	*link = watch->next;
	watch->watches->count--;
	free(watch);
}

void
watches_fini(struct watches *watches)
{
	while (watches->first != NULL)
		watch_remove(watches->first);
}

json_t *
watch_event(const char *name, const char *text)
{
	char time[32];

	time_format(time);
	return json_pack("{s:s, s:s, s:o}", "time", time, "event", name, "text", json_text(text));
}

void
watches_tell(struct watches *watches, json_t *event)
{
	for (struct watch *watch = watches->first, *next; event != NULL && watch != NULL; watch = next) {
		next = watch->next;
		watch->event(event, watch->context);
	}
	json_decref(event);
}

static void
time_format(char buf[32])
{
	struct timespec now;
	struct tm utc;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(buf, 32, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buf + used, 32 - used, ".%03ldZ", now.tv_nsec / 1000000);
}
