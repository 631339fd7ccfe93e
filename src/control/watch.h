/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who wants to know what happens, and how it is told. Health has such a list, and high availability has one; what
 * their events have in common is made here, the rest by each of them (health/event.c, ha/event.c).
 *
 * A list that is all zero is empty. It stays in its place as long as there are watches in it. Control thread only.
 */
#ifndef CONTROL_WATCH_H
#define CONTROL_WATCH_H

#include <jansson.h>

struct watch;

struct watches {
	struct watch *first; /* the one added last */
	unsigned int count;
};

/* From now on `event` is called for each that is told; it borrows the event. NULL: out of memory. */
struct watch *watch_add(struct watches *watches, void (*event)(json_t *event, void *context), void *context);
/* NULL does nothing. A watch may remove itself while it is told, and no other. */
void watch_remove(struct watch *watch);
/* Removes all that are left, whose owners forget them. */
void watches_fini(struct watches *watches);

/* { "time": now, as "2026-11-29T17:31:47.123Z", "event": name, "text": text }. NULL: out of memory. */
json_t *watch_event(const char *name, const char *text);
/* Takes the event; NULL does nothing. */
void watches_tell(struct watches *watches, json_t *event);

#endif
