/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which VIPs are here, for health: checks of a pool with ha_suspend rest while
 * none of its VIPs is.
 *
 * A VIP that an instance has is here while that is MASTER; all others are always. Told after each change of
 * state, and after each configuration. Control thread only.
 */
#include "ha_private.h"

#include "health.h"
#include "sl_log.h"

#include <stdlib.h>

void
ha_held_update(struct ha *ha)
{
	const struct ka_conf *ka = &ha->conf->ka;
	struct sl_addr *away;
	unsigned int count = 0, room = 0;

	for (unsigned int i = 0; i < ka->instance_count; i++)
		room += ka->instances[i].addr_count;
	away = calloc(room + 1, sizeof(*away));
	if (away == NULL) {
		sl_warn("out of memory: health checks do not know which VIPs are here");
		return;
	}
	for (unsigned int i = 0; i < ha->instance_count; i++)
		for (unsigned int a = 0; a < ka->instances[i].addr_count; a++)
			if (ha->members[i].state != KA_MASTER && !ka->instances[i].addrs[a].local)
				away[count++] = ka->instances[i].addrs[a].prefix.addr;
	health_vips_away_set(ha->health, away, count);
}
