/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See fake_ha.h.
 */
#include "fake_ha.h"

#include "watch.h"

struct fake_ha fake_ha;
static struct watches watches;

struct watch *
ha_watch_add(struct ha *ha, void (*event)(json_t *event, void *context), void *context)
{
	return fake_ha.no_memory ? NULL : watch_add(&watches, event, context);
}

unsigned int
fake_ha_watchers(void)
{
	return watches.count;
}

void
fake_ha_event(json_t *event)
{
	watches_tell(&watches, json_incref(event));
}

const char *
ha_state_name(uint8_t state)
{
	static const char *const names[KA_STATE_MAX] = {
#define X(id, word) [KA_##id] = (word),
		KA_STATE_LIST(X)
#undef X
	};

	return state < KA_STATE_MAX ? names[state] : "?";
}
