/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside high availability: what its files share (ha.h).
 *
 * A member is a vrrp_instance or a sync group, as control knows it: by name, with the state that was told last.
 * Members are made anew with each configuration; states and queues of notifiers pass over by name. All in
 * the control thread.
 */
#ifndef SLUICE_HA_PRIVATE_H
#define SLUICE_HA_PRIVATE_H

#include "ha.h"
#include "notify.h"
#include "watch.h"

#include <stdarg.h>
#include <time.h>

struct ha_member {
	char name[KA_NAME_SIZE];
	bool is_group;
	uint8_t state, priority;           /* told last; INIT: nothing yet */
	const struct conf_ha_notify *says; /* of the configuration in force */
	struct notify *notify;             /* keeps the order of its commands */
};

struct ha_fifo;
struct ha_fence;
struct ha_tracks;

/* What event.c has logged in the current second, and what it has not. */
struct ha_log {
	time_t second;
	unsigned int lines, unlogged;
};

struct ha {
	struct event_base *base;
	struct model *model;
	struct health *health;
	const struct conf *conf; /* in force */

	struct ha_member *members; /* instances in the file's order, then groups */
	unsigned int instance_count, member_count;

	struct event *events; /* ka_event_fd */
	int events_fd;
	bool started;
	struct watches watches;
	struct ha_log log;
	struct ha_fifo *fifo, *vrrp_fifo; /* NULL: none */
	struct ha_fence *fence;
	struct ha_tracks *tracks;
};

/* NULL: there is none. */
struct ha_member *ha_member_find(struct ha *ha, const char *name, bool is_group);

/* ---- event.c ---- */

/* Takes all that keepalive has to tell. */
void ha_events_take(struct ha *ha);
/* A command, the FIFO or something tracked does not do as it should. The text is a sentence. */
void ha_event_failed(struct ha *ha, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- notify.c ---- */

/* A member is in a new state: its commands, and a line in the FIFOs. */
void ha_notify_state(struct ha *ha, struct ha_member *member);
/* Its priority has changed; a MASTER heard a lower one. */
void ha_notify_priority(struct ha *ha, struct ha_member *member);
void ha_notify_lower(struct ha *ha, struct ha_member *member);
/* A new configuration does not have it any more: once for each, while the old one is still there. */
void ha_notify_deleted(struct ha *ha, struct ha_member *member);
/* The daemon ends: notify_stop begins at once, whatever waits. */
void ha_notify_stop(struct ha *ha, struct ha_member *member);

/* ---- fifo.c ---- */

/*
 * Makes the FIFO if there is none, opens it and starts its script. `old` is the one before (may be NULL), which is
 * taken over if nothing but its owner has changed, else closed. NULL: there is none, or it cannot be, which has been said.
 */
struct ha_fifo *ha_fifo_open(struct ha *ha, const struct conf_fifo *conf, struct ha_fifo *old);
/* What was written stays there to be read; the FIFO is removed if it was made here. */
void ha_fifo_close(struct ha_fifo *fifo);
/* NULL does nothing. One that nobody empties loses lines, which is said once. */
void ha_fifo_write(struct ha_fifo *fifo, const char *line);

/* ---- fence.c ---- */

struct ha_fence *ha_fence_create(struct ha *ha);
void ha_fence_destroy(struct ha_fence *fence);
/* Keepalive wants it to run, because of `peer`: it gets an answer by ka_fenced in any case. */
void ha_fence_run(struct ha_fence *fence, const char *peer);

/* ---- held.c ---- */

/* Tells health which VIPs are not here, by the members' states. */
void ha_held_update(struct ha *ha);

/* ---- tracks.c ---- */

/* One thing that instances or groups depend on, and what is known of it. */
struct ha_track {
	struct ha *ha;
	enum ka_track_kind kind;
	char name[KA_NAME_SIZE];
	bool known;
	int32_t value; /* as ka_track_set takes it */
};

/*
 * What the configuration in force tracks is watched from now on. `old` (may be NULL) is what was watched
 * before, and ends: what is of the same name goes on from where it stood. NULL: out of memory.
 */
struct ha_tracks *ha_tracks_create(struct ha *ha, struct ha_tracks *old);
void ha_tracks_destroy(struct ha_tracks *tracks);

/* It is so, says keepalive; and the log, if it was not so before. `why` is in words, or "". */
void ha_track_say(struct ha_track *track, int32_t value, const char *why);

/* A timer that turns each `ms`, from now on. NULL: out of memory. */
struct event *ha_track_timer(struct ha *ha, uint32_t ms, void (*turn)(int fd, short what, void *context),
			     void *context);

/*
 * The kinds that are watched here, one a file. `create` watches all of them, which live as long as what it
 * returns; `old` (may be NULL) is what it returned for the configuration before, still there. NULL:
 * out of memory.
 */
struct ha_track_ops {
	enum ka_track_kind kind;
	void *(*create)(struct ha *ha, struct ha_track *tracks, unsigned int count, const void *old);
	void (*destroy)(void *watched);
};

extern const struct ha_track_ops ha_track_script, ha_track_file, ha_track_process, ha_track_gateway,
	ha_track_quorum;

#endif
