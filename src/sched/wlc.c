/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Weighted least connections: the server with the fewest connections for its
 * weight. Of equals the first in the list, which is the one added last.
 * No state.
 *
 * overhead/weight is compared without dividing, by cross multiplication. An
 * overhead has up to 41 bits and a weight up to 32, hence the 128-bit products.
 */
#include "sched_room.h"

static int
wlc_pick(const struct sched_view *view, struct sched_state *state, const struct sched_flow *flow)
{
	unsigned __int128 least_overhead = 0;
	uint32_t least_weight = 0;
	int least = -1;

	for (uint32_t i = 0; i < view->count; i++) {
		const struct sched_server *server = &view->server[i];
		unsigned __int128 overhead;

		if (!sched_server_is_available(server))
			continue;
		overhead = sched_load_overhead(&view->load[i]);
		if (least < 0 || least_overhead * server->weight > overhead * least_weight) {
			least = (int)i;
			least_overhead = overhead;
			least_weight = server->weight;
		}
	}
	return least;
}

const struct sched_ops sched_wlc = {
	.name = "wlc",
	.summary = "the server with the fewest connections for its weight",
	.needs_load = true,
	.pick = wlc_pick,
};
