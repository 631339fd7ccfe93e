/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See fake_health.h.
 */
#include "fake_health.h"

#include "sl_addr.h"
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fake_health fake_health;
static struct watches watches;

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

struct watch *
health_watch_add(struct health *health, void (*event)(json_t *event, void *context), void *context)
{
	return fake_health.no_memory ? NULL : watch_add(&watches, event, context);
}

unsigned int
fake_health_watchers(void)
{
	return watches.count;
}

void
fake_health_event(json_t *event)
{
	watches_tell(&watches, json_incref(event));
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
