/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See fake_health.h.
 */
#include "fake_health.h"

#include "sl_addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WATCHERS_MAX = 8 };

struct health_watch {
	void (*event)(json_t *event, void *context);
	void *context;
};

struct fake_health fake_health;
static struct health_watch watches[WATCHERS_MAX];

json_t *
health_list_next(struct health *health, const struct dp_service_key *key, uint64_t *cursor)
{
	char vip[SL_ENDPOINT_STRLEN] = "";
	json_t *server;

	if (key != NULL)
		sl_endpoint_format(&key->vip, key->port, vip);
	while ((server = json_array_get(fake_health.servers, *cursor)) != NULL) {
		(*cursor)++;
		if (fake_health.no_memory && *cursor > 1) {
			errno = ENOMEM;
			return NULL;
		}
		if (key == NULL || strcmp(json_string_value(json_object_get(server, "vip")), vip) == 0)
			return json_incref(server);
	}
	return NULL;
}

struct health_watch *
health_watch_add(struct health *health, void (*event)(json_t *event, void *context), void *context)
{
	for (unsigned int i = 0; i < WATCHERS_MAX && !fake_health.no_memory; i++) {
		if (watches[i].event != NULL)
			continue;
		watches[i] = (struct health_watch){ event, context };
		fake_health.watchers++;
		return &watches[i];
	}
	return NULL;
}

void
health_watch_remove(struct health_watch *watch)
{
	watch->event = NULL;
	fake_health.watchers--;
}

void
fake_health_event(json_t *event)
{
	for (unsigned int i = 0; i < WATCHERS_MAX; i++)
		if (watches[i].event != NULL)
			watches[i].event(event, watches[i].context);
}

void
health_vips_away_set(struct health *health, struct sl_addr *vips, unsigned int count)
{
	fake_health.away_count = count;
	for (unsigned int i = 0; i < count && i < 8; i++)
		fake_health.away[i] = vips[i];
	free(vips);
}

bool
health_pool_up(struct health *health, const struct dp_service_key *key)
{
	return !fake_health.quorum_lost;
}
