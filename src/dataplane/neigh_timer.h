/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One timer for each neighbour index, for neigh.c. Control thread only.
 */
#ifndef DP_NEIGH_TIMER_H
#define DP_NEIGH_TIMER_H

#include <stdint.h>

void dp_neigh_timer_init(uint64_t now_ms);

/* Fires at the first run at or after deadline_ms; replaces what was set before. */
void dp_neigh_timer_set(uint32_t index, uint64_t deadline_ms);
void dp_neigh_timer_cancel(uint32_t index);

/*
 * Fires what is due, at most `budget` timers; the rest is left to the next
 * run. fire() may set and cancel any timer. Returns how many fired.
 */
unsigned int dp_neigh_timer_run(uint64_t now_ms, unsigned int budget, void (*fire)(uint32_t index));

#endif
