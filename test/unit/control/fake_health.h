/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Health without checks, for tests of those who ask it: a list of servers and
 * events that the test gives.
 */
#ifndef FAKE_HEALTH_H
#define FAKE_HEALTH_H

#include "health/health.h"

extern struct fake_health {
	json_t *servers;         /* an array: what health_list_next gives; NULL: none. Borrowed */
	bool no_memory;          /* health_watch_add fails, and health_list_next after the first server */
	bool quorum_lost;        /* of every pool */
	unsigned int away_count; /* VIPs that are not here, in order */
	struct sl_addr away[8];
} fake_health;

/* How many health_watch_add there are and have not been removed. */
unsigned int fake_health_watchers(void);
/* Tells all watchers. */
void fake_health_event(json_t *event);

#endif
