/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * High availability without keepalive, for tests of those who watch it: events
 * that the test gives.
 */
#ifndef FAKE_HA_H
#define FAKE_HA_H

#include "ha/ha.h"

extern struct fake_ha {
	bool no_memory; /* ha_watch_add fails */
} fake_ha;

/* How many ha_watch_add there are and have not been removed. */
unsigned int fake_ha_watchers(void);
/* Tells all watchers. */
void fake_ha_event(json_t *event);

#endif
