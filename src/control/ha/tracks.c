/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What instances and sync groups depend on: which of it is watched by control
 * (the rest keepalive sees itself), each thing once, whoever names it.
 *
 * With a new configuration all is watched anew; what has the same name keeps what is known of it, so
 * that a reload is no change. Control thread only.
 */
#include "ha_private.h"

#include "sl_log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

static const struct ha_track_ops *const kinds[] = {
	&ha_track_script, &ha_track_file, &ha_track_process, &ha_track_gateway, &ha_track_quorum,
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

struct ha_tracks {
	struct {
		struct ha_track *track;
		unsigned int count;
		void *watched; /* NULL: there are none */
	} kind[KIND_COUNT];
};

static bool kind_create(struct ha *ha, struct ha_tracks *tracks, unsigned int k, const struct ha_tracks *old);
static void track_add(struct ha *ha, struct ha_tracks *tracks, unsigned int k, const struct ka_track *track,
		      const struct ha_tracks *old);
static struct ha_track *track_find(const struct ha_tracks *tracks, unsigned int k, const char *name);

struct ha_tracks *
ha_tracks_create(struct ha *ha, struct ha_tracks *old)
{
	struct ha_tracks *tracks = calloc(1, sizeof(*tracks));
	bool good = tracks != NULL;

	for (unsigned int k = 0; good && k < KIND_COUNT; k++)
		good = kind_create(ha, tracks, k, old);
	ha_tracks_destroy(old);
	if (good)
		return tracks;
	ha_tracks_destroy(tracks);
	return NULL;
}

void
ha_tracks_destroy(struct ha_tracks *tracks)
{
	if (tracks == NULL)
		return;
	for (unsigned int k = 0; k < KIND_COUNT; k++) {
		if (tracks->kind[k].watched != NULL)
			kinds[k]->destroy(tracks->kind[k].watched);
		free(tracks->kind[k].track);
	}
	free(tracks);
}

void
ha_track_say(struct ha_track *track, int32_t value, const char *why)
{
	static const char *const names[KA_TRACK_MAX] = {
#define X(id, word) [KA_TRACK_##id] = (word),
		KA_TRACK_LIST(X)
#undef X
	};
	bool number = track->kind == KA_TRACK_FILE;

	if (track->known && track->value == value)
		return;
	/* That something is good from the start is no news. */
	if (number)
		sl_log(why[0] != '\0' ? SL_LOG_WARN : SL_LOG_NOTICE, "tracked %s %s: %d%s%s",
		       names[track->kind], track->name, (int)value, why[0] != '\0' ? ": " : "", why);
	else if (track->known || value == 0)
		sl_log(value == 0 ? SL_LOG_WARN : SL_LOG_NOTICE, "tracked %s %s: %s%s%s", names[track->kind],
		       track->name, value == 0 ? "bad" : "good", why[0] != '\0' ? ": " : "", why);
	track->known = true;
	track->value = value;
	ka_track_set(track->kind, track->name, value);
}

struct event *
ha_track_timer(struct ha *ha, uint32_t ms, void (*turn)(int fd, short what, void *context), void *context)
{
	const struct timeval each = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };
	struct event *timer = event_new(ha->base, -1, EV_PERSIST, turn, context);

	if (timer != NULL)
		event_add(timer, &each);
	return timer;
}

static bool
kind_create(struct ha *ha, struct ha_tracks *tracks, unsigned int k, const struct ha_tracks *old)
{
	const struct ka_conf *ka = &ha->conf->ka;
	unsigned int room = 0;

	for (unsigned int i = 0; i < ka->instance_count; i++)
		room += ka->instances[i].track_count;
	for (unsigned int i = 0; i < ka->group_count; i++)
		room += ka->groups[i].track_count;
	tracks->kind[k].track = calloc(room + 1, sizeof(*tracks->kind[k].track));
	if (tracks->kind[k].track == NULL)
		return false;
	for (unsigned int i = 0; i < ka->instance_count; i++)
		for (unsigned int t = 0; t < ka->instances[i].track_count; t++)
			track_add(ha, tracks, k, &ka->instances[i].tracks[t], old);
	for (unsigned int i = 0; i < ka->group_count; i++)
		for (unsigned int t = 0; t < ka->groups[i].track_count; t++)
			track_add(ha, tracks, k, &ka->groups[i].tracks[t], old);
	if (tracks->kind[k].count == 0)
		return true;
	tracks->kind[k].watched = kinds[k]->create(ha, tracks->kind[k].track, tracks->kind[k].count,
						   old != NULL ? old->kind[k].watched : NULL);
	return tracks->kind[k].watched != NULL;
}

static void
track_add(struct ha *ha, struct ha_tracks *tracks, unsigned int k, const struct ka_track *track,
	  const struct ha_tracks *old)
{
	const struct ha_track *before = old != NULL ? track_find(old, k, track->name) : NULL;
	struct ha_track *added = &tracks->kind[k].track[tracks->kind[k].count];

	if (track->kind != kinds[k]->kind || track_find(tracks, k, track->name) != NULL)
		return;
	if (before != NULL)
		*added = *before;
	else
		*added = (struct ha_track){ .ha = ha, .kind = kinds[k]->kind };
	strcpy(added->name, track->name);
	tracks->kind[k].count++;
}

static struct ha_track *
track_find(const struct ha_tracks *tracks, unsigned int k, const char *name)
{
	for (unsigned int i = 0; i < tracks->kind[k].count; i++)
		if (strcmp(tracks->kind[k].track[i].name, name) == 0)
			return &tracks->kind[k].track[i];
	return NULL;
}
