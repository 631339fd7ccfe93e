/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Maglev hashing: a client goes where its hash points in a table of servers
 * (mh_table.c), by its address, or with SCHED_PORT by address and port. Nothing
 * is remembered and nothing depends on the worker, so every worker of every
 * box with the same servers gives the same answer: a connection that another
 * box of a group continues reaches the same server.
 *
 * Servers of weight 0 and those at their limit keep their places in the table.
 * Who finds one there gets no server; with SCHED_FALLBACK further places are
 * tried, in an order that follows from the first. Specification: Linux IPVS.
 */
#include "mh.h"

static int fallback_find(const struct sched_view *view, uint32_t word, uint32_t first);
static bool any_available(const struct sched_view *view);

static uint32_t
place_of(uint32_t word)
{
	return mh_hash(word, MH_KEY_PLACE, MH_KEY_PLACE) % MH_SIZE;
}

static int
mh_pick(const struct sched_view *view, struct sched_state *state, const struct sched_flow *flow)
{
	const struct mh_table *table = view->table;
	uint32_t word, first, owner;

	if (table == NULL)
		return -1;
	word = mh_word(&flow->client, (view->options & SCHED_PORT) != 0 ? flow->client_port : 0);
	first = place_of(word);
	owner = table->owner[first];
	if (owner == MH_NOBODY)
		return -1; /* and so are all others */
	if (sched_server_is_available(&view->server[owner]))
		return (int)owner;
	return (view->options & SCHED_FALLBACK) != 0 ? fallback_find(view, word, first) : -1;
}

/* Every place is tried once at most, though some may be met twice and others never: IPVS to the letter. */
static int
fallback_find(const struct sched_view *view, uint32_t word, uint32_t first)
{
	const struct mh_table *table = view->table;

	if (!any_available(view))
		return -1; /* IPVS would hash 4093 times to find that out */
	for (uint32_t i = 0; i < MH_SIZE; i++) {
		uint32_t owner = table->owner[place_of(word + (first + i) % MH_SIZE)];

		if (sched_server_is_available(&view->server[owner]))
			return (int)owner;
	}
	return -1;
}

static bool
any_available(const struct sched_view *view)
{
	for (uint32_t i = 0; i < view->count; i++) {
		if (sched_server_is_available(&view->server[i]))
			return true;
	}
	return false;
}

const struct sched_ops sched_mh = {
	.name = "mh",
	.summary = "a client always to the same server, on every box (Maglev hashing)",
	.options = SCHED_FALLBACK | SCHED_PORT,
	.servers_max = MH_SIZE,
	.table_build = sched_mh_table_build,
	.pick = mh_pick,
};
