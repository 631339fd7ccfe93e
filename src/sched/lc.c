/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Least connections: the server with the fewest, active ones counting most.
 * Weights only say yes (not 0) or no. Of equals the first in the list, which is
 * the one added last. No state.
 */
#include "sched_room.h"

static int
lc_pick(const struct sched_view *view, struct sched_state *state, const struct sched_flow *flow)
{
	uint64_t least_overhead = 0;
	int least = -1;

	for (uint32_t i = 0; i < view->count; i++) {
		uint64_t overhead;

		if (!sched_server_is_available(&view->server[i]))
			continue;
		overhead = sched_load_overhead(&view->load[i]);
		if (least < 0 || overhead < least_overhead) {
			least = (int)i;
			least_overhead = overhead;
		}
	}
	return least;
}

const struct sched_ops sched_lc = {
	.name = "lc",
	.summary = "the server with the fewest connections",
	.needs_load = true,
	.pick = lc_pick,
};
