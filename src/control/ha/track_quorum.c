/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tracked quorum: a pool of real servers that has as many as it needs. Health
 * says when that changes; besides, it is asked each second, for a reload makes
 * pools anew. Control thread only.
 */
#include "ha_private.h"

#include "health.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 1000 };

struct quorums {
	struct ha *ha;
	struct ha_track *tracks;
	unsigned int count;
	struct event *timer;
	struct watch *watch;
};

static void quorums_look(int fd, short what, void *context);
static void quorums_hear(json_t *event, void *context);
static void quorums_destroy(void *watched);

static void *
quorums_create(struct ha *ha, struct ha_track *tracks, unsigned int count, const void *old)
{
	struct quorums *quorums = calloc(1, sizeof(*quorums));

	if (quorums == NULL)
		return NULL;
	*quorums = (struct quorums){ .ha = ha, .tracks = tracks, .count = count };
	quorums->timer = ha_track_timer(ha, LOOK_MS, quorums_look, quorums);
	quorums->watch = health_watch_add(ha->health, quorums_hear, quorums);
	if (quorums->timer == NULL || quorums->watch == NULL) {
		quorums_destroy(quorums);
		return NULL;
	}
	quorums_look(-1, 0, quorums);
	return quorums;
}

static void
quorums_destroy(void *watched)
{
	struct quorums *quorums = watched;

	if (quorums->timer != NULL)
		event_free(quorums->timer);
	watch_remove(quorums->watch);
	free(quorums);
}

const struct ha_track_ops ha_track_quorum = { KA_TRACK_QUORUM, quorums_create, quorums_destroy };

static void
quorums_look(int fd, short what, void *context)
{
	struct quorums *quorums = context;

	for (unsigned int i = 0; i < quorums->count; i++) {
		const struct conf *conf = quorums->ha->conf;
		const struct conf_pool *pool = conf_ha_pool(conf, quorums->tracks[i].name);
		bool up = pool != NULL &&
			  health_pool_up(quorums->ha->health, &conf->services[pool->first_service].key);

		ha_track_say(&quorums->tracks[i], up, up ? "" : "its quorum is lost");
	}
}

static void
quorums_hear(json_t *event, void *context)
{
	const char *name = json_string_value(json_object_get(event, "event"));

	if (name != NULL && (strcmp(name, "quorum_up") == 0 || strcmp(name, "quorum_down") == 0))
		quorums_look(-1, 0, context);
}
