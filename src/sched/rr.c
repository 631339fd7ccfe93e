/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Round robin: servers in turn, weights only say yes (not 0) or no.
 *
 * The state is the order of the server chosen last. Servers that come and go
 * move nothing: the turn goes to the next in the list, and when the one chosen
 * last has gone, to the one that stood after it.
 *
 * With several workers each goes round by itself. A worker whose state is fresh
 * begins as if it had already picked `stagger` times, so the first connections
 * of several workers meet several servers. Every worker gives each available
 * server the same number of connections within one.
 */
#include "sched_room.h"

static uint32_t fresh_start(const struct sched_view *view);
static int find_available(const struct sched_view *view, uint32_t from, uint32_t end);

static int
rr_pick(const struct sched_view *view, struct sched_state *state, const struct sched_flow *flow)
{
	uint32_t from = state->last != 0 ? sched_view_after(view, state->last) : fresh_start(view);
	int found = find_available(view, from, view->count);

	if (found < 0)
		found = find_available(view, 0, from);
	if (found >= 0)
		state->last = view->server[found].order;
	return found;
}

/* Where a worker begins: past as many available servers as its number says. */
static uint32_t
fresh_start(const struct sched_view *view)
{
	uint32_t available = 0, skip, i;

	if (view->stagger == 0)
		return 0;
	for (i = 0; i < view->count; i++)
		available += sched_server_is_available(&view->server[i]);
	if (available == 0)
		return 0;
	skip = view->stagger % available;
	for (i = 0; skip > 0; i++)
		skip -= sched_server_is_available(&view->server[i]);
	return i;
}

static int
find_available(const struct sched_view *view, uint32_t from, uint32_t end)
{
	for (uint32_t i = from; i < end; i++) {
		if (sched_server_is_available(&view->server[i]))
			return (int)i;
	}
	return -1;
}

const struct sched_ops sched_rr = {
	.name = "rr",
	.summary = "servers in turn",
	.pick = rr_pick,
};
