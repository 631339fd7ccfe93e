/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instances that one box alone has: of such a one both boxes may be MASTER, each under its own number, and no other sign
 * tells of it. What peers say by heartbeats is compared with what is configured here; it is told, and nothing else
 * follows. Keepalive thread, with the lock.
 *
 * Of several peers each may have instances that others lack: what two boxes have has a backup, and is in order. A
 * reload of both boxes takes its time: a difference counts when it has been seen for LOOKS seconds in which the
 * peer spoke.
 */
#include "ka_room.h"

enum {
	LOOK_US = 1000000,
	LOOKS = 5,
	FRESH_US = 3000000, /* a peer that was heard since says what is so now */
};

/* By IPv6 or not, and the number: how many instances this box has, the peer with the most, and how many peers have as many. */
struct table {
	uint8_t own[2][256], most[2][256], sharers[2][256];
};

static void
table_fill(struct table *table, const struct ka_run *run)
{
	for (unsigned int p = 0; p < run->peer_count; p++)
		for (unsigned int v6 = 0; v6 < 2; v6++)
			for (unsigned int vrid = 1; vrid < 256; vrid++) {
				uint8_t lines = run->peers[p].lines[v6][vrid];

				if (lines > table->most[v6][vrid]) {
					table->most[v6][vrid] = lines;
					table->sharers[v6][vrid] = 0;
				}
				table->sharers[v6][vrid] += lines == table->most[v6][vrid];
			}
}

/* Is it the look at which it is told? */
static bool
look(uint8_t *looks, bool differs)
{
	bool now = differs && *looks == LOOKS - 1;

	if (!differs)
		*looks = 0;
	else if (*looks < LOOKS)
		++*looks;
	return now;
}

/* Known by this name to a person? With one peer it is, with several it is all of them. */
static const char *
peer_name(const struct ka_run *run)
{
	return run->peer_count == 1 ? run->peers[0].name : NULL;
}

static void
own_look(struct ka_run *run, struct table *table)
{
	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct instance *instance = &run->instances[i];
		const struct ka_instance *conf = &instance->conf;
		unsigned int v6 = conf->family == 6;

		if (look(&instance->alone, table->own[v6][conf->vrid]++ >= table->most[v6][conf->vrid]))
			ka_tell(KA_EVENT_PEER, false, peer_name(run),
				"%s vrrp_instance %s (virtual_router_id %u, IPv%u), which is configured here",
				run->peer_count == 1 ? "does not speak of" : "none speaks of", conf->name,
				conf->vrid, conf->family);
	}
}

static void
peer_look(struct peer *peer, const struct table *table)
{
	for (unsigned int v6 = 0; v6 < 2; v6++)
		for (unsigned int vrid = 1; vrid < 256; vrid++) {
			uint8_t lines = peer->lines[v6][vrid];

			if (look(&peer->strange[v6][vrid], lines > table->own[v6][vrid] &&
								   lines == table->most[v6][vrid] &&
								   table->sharers[v6][vrid] == 1))
				ka_tell(KA_EVENT_PEER, false, peer->name,
					"speaks of virtual_router_id %u (IPv%u), which is not configured "
					"here",
					vrid, v6 ? 6 : 4);
		}
}

void
ka_compare_turn(struct ka_run *run, uint64_t now_us)
{
	struct table table = { 0 };
	bool fresh = false;

	if (now_us - run->compared_us < LOOK_US)
		return;
	run->compared_us = now_us;
	for (unsigned int p = 0; p < run->peer_count; p++)
		fresh |= now_us - run->peers[p].heard_us < FRESH_US;
	/* Who is silent has said what it has, and may have something else by now. */
	if (!fresh)
		return;
	table_fill(&table, run);
	own_look(run, &table);
	for (unsigned int p = 0; p < run->peer_count; p++)
		if (now_us - run->peers[p].heard_us < FRESH_US)
			peer_look(&run->peers[p], &table);
}
