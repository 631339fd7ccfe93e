/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of mh: every server has an order in which it likes the places of
 * the table, and they take turns to take the best one that is left, as often a
 * round as their weights say. When a server goes, its places are shared out and
 * hardly another changes its owner. Numbers are those of Linux IPVS: an order
 * is a first place and a step, two hashes of address and port; the weight that
 * counts is the last that was not 0, so draining a server moves nobody else.
 *
 * One thing differs from IPVS. There the servers take their turns in the order
 * of the list, the one added last first, and a box to which they were added in
 * another order has another table. Here the turns go by address and port: boxes
 * with the same servers have the same table whatever happened before.
 *
 * Runs in the control thread, once a change of a service's servers.
 */
#include "mh.h"

#include <stdlib.h>

enum { WEIGHT_BITS = 6 }; /* of a round: IPVS's table bits (12), halved */

struct turn {
	const struct sched_member *member;
	uint32_t place, step, turns;
};

static void turns_fill(struct turn *turns, const struct sched_member *member, uint32_t count);
static int turn_compare(const void *a, const void *b);
static void places_share_out(struct mh_table *table, const struct sched_member *member, struct turn *turns,
			     uint32_t count);

void *
sched_mh_table_build(const struct sched_member *member, uint32_t count)
{
	struct mh_table *table = malloc(sizeof(*table));
	struct turn *turns = malloc((count + 1) * sizeof(*turns));

	if (table != NULL && turns != NULL) {
		turns_fill(turns, member, count);
		places_share_out(table, member, turns, count);
	} else {
		free(table);
		table = NULL;
	}
	free(turns);
	return table;
}

static void
turns_fill(struct turn *turns, const struct sched_member *member, uint32_t count)
{
	uint32_t max = 0, gcd = 0, levels;
	unsigned int shift = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t weight = member[i].weight;

		if (weight > max)
			max = weight;
		gcd = sched_gcd(gcd, weight);
	}
	for (levels = gcd > 0 ? max / gcd : 0; levels >> WEIGHT_BITS != 0; levels >>= 1)
		shift++;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t word = mh_word(&member[i].addr, member[i].port);
		uint32_t share = gcd > 0 ? member[i].weight / gcd >> shift : 0;

		turns[i] = (struct turn){
			.member = &member[i],
			.place = mh_hash(word, MH_KEY_PLACE, MH_KEY_PLACE) % MH_SIZE,
			.step = mh_hash(word, MH_KEY_STEP, MH_KEY_STEP) % (MH_SIZE - 1) + 1,
			.turns = share == 0 && member[i].weight != 0 ? 1 : share,
		};
	}
	qsort(turns, count, sizeof(*turns), turn_compare);
}

static int
turn_compare(const void *a, const void *b)
{
	const struct sched_member *x = ((const struct turn *)a)->member;
	const struct sched_member *y = ((const struct turn *)b)->member;
	int order = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));

	return order != 0 ? order : (int)x->port - (int)y->port;
}

static void
places_share_out(struct mh_table *table, const struct sched_member *member, struct turn *turns,
		 uint32_t count)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < MH_SIZE; i++)
		table->owner[i] = MH_NOBODY;
	for (uint32_t i = 0; i < count; i++) {
		if (turns[i].turns != 0)
			left = MH_SIZE;
	}
	while (left > 0) {
		for (uint32_t i = 0; i < count && left > 0; i++) {
			struct turn *turn = &turns[i];

			for (uint32_t n = 0; n < turn->turns && left > 0; n++, left--) {
				while (table->owner[turn->place] != MH_NOBODY)
					turn->place = (turn->place + turn->step) % MH_SIZE;
				table->owner[turn->place] = (uint16_t)(turn->member - member);
			}
		}
	}
}
