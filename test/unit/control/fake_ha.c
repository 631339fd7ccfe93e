/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See fake_ha.h.
 */
#include "fake_ha.h"

enum { WATCHERS_MAX = 8 };

struct ha_watch {
	void (*event)(json_t *event, void *context);
	void *context;
};

struct fake_ha fake_ha;
static struct ha_watch watches[WATCHERS_MAX];

struct ha_watch *
ha_watch_add(struct ha *ha, void (*event)(json_t *event, void *context), void *context)
{
	for (unsigned int i = 0; i < WATCHERS_MAX && !fake_ha.no_memory; i++) {
		if (watches[i].event != NULL)
			continue;
		watches[i] = (struct ha_watch){ event, context };
		fake_ha.watchers++;
		return &watches[i];
	}
	return NULL;
}

void
ha_watch_remove(struct ha_watch *watch)
{
	watch->event = NULL;
	fake_ha.watchers--;
}

void
fake_ha_event(json_t *event)
{
	for (unsigned int i = 0; i < WATCHERS_MAX; i++)
		if (watches[i].event != NULL)
			watches[i].event(event, watches[i].context);
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

json_t *
ha_text_json(const char *text)
{
	return json_string(text);
}
