/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Weighted round robin: servers in turn, each as often as its weight says.
 *
 * The rule is that of Linux IPVS. A rotation has one level for each multiple of
 * the weights' greatest common divisor, the highest first; a level visits, in
 * the order of the list, the servers whose weight reaches it. Weights 4, 3, 2
 * of A, B, C (added in that order) make the levels A, BA, CBA, CBA.
 *
 * The state is the level (cw), the server chosen last in it, and what follows
 * from the weights alone: the highest level (mw) and the step between levels
 * (di). Levels are mw, mw - di, ..., 1. When the epoch says that servers or
 * weights have changed, the rotation goes on at the head of the list, on the
 * level it had reached, as far as the new weights have it.
 *
 * IPVS walks down the levels one at a time, which takes 2^31 steps if the only
 * heavy server is overloaded. Here the next level that has an available server
 * is computed: a pick looks at each server at most three times.
 *
 * With several workers each rotates by itself. Worker 0 is IPVS to the letter.
 * The others begin elsewhere in the rotation, and do so again after every
 * change, because with weights like 100 and 51 a rotation begins with 49 times
 * the same server: all workers at that place would mean 49 times each. Their
 * places, a half, a quarter, three quarters, an eighth of the rotation and so
 * on, lie as far from each other as they can for any number of workers.
 */
#include "sched_room.h"

static void rotation_reset(const struct sched_view *view, struct sched_state *state);
static void weights_survey(const struct sched_view *view, uint32_t *ret_max, uint32_t *ret_gcd);
static void rotation_stagger(const struct sched_view *view, struct sched_state *state);
static uint64_t picks_above(const struct sched_view *view, int64_t di, uint32_t level);
static uint32_t bits_reverse(uint32_t bits);
static int find_level(const struct sched_view *view, uint32_t from, int64_t cw);
static uint32_t available_max(const struct sched_view *view);

static int
wrr_pick(const struct sched_view *view, struct sched_state *state, const struct sched_flow *flow)
{
	int64_t below, top;
	int found;

	if (state->di == 0 || state->epoch != view->epoch)
		rotation_reset(view, state);
	if (state->mw == 0)
		return -1;
	found = find_level(view, sched_view_after(view, state->last), state->cw);
	if (found < 0) {
		top = available_max(view);
		if (top == 0) {
			/* All are overloaded: IPVS searches once round, and stops where it then is. */
			if (state->last == 0 || state->cw > 1) {
				state->cw = state->mw;
				state->last = 0;
			}
			return -1;
		}
		below = state->cw > state->di ? state->cw - state->di : state->mw;
		top -= state->di - 1;
		state->cw = below < top ? below : top;
		found = find_level(view, 0, state->cw);
	}
	state->last = view->server[found].order;
	return found;
}

static void
rotation_reset(const struct sched_view *view, struct sched_state *state)
{
	uint32_t max, gcd;

	weights_survey(view, &max, &gcd);
	state->di = gcd > 0 ? gcd : 1;
	state->mw = (int64_t)max - (state->di - 1); /* 0 when there is no weight */
	if (state->cw > state->mw || state->cw == 0)
		state->cw = state->mw;
	else if (state->di > 1)
		state->cw = state->cw / state->di * state->di + 1;
	state->last = 0;
	state->epoch = view->epoch;
	if (view->stagger > 0 && state->mw > 0)
		rotation_stagger(view, state);
}

/* The highest weight, and the greatest common divisor of those that are not 0. */
static void
weights_survey(const struct sched_view *view, uint32_t *ret_max, uint32_t *ret_gcd)
{
	uint32_t max = 0, gcd = 0;

	for (uint32_t i = 0; i < view->count; i++) {
		uint32_t weight = view->server[i].weight;

		if (weight > max)
			max = weight;
		gcd = sched_gcd(gcd, weight);
	}
	*ret_max = max;
	*ret_gcd = gcd;
}

/*
 * Moves to this worker's place in the rotation, as if so many picks had been
 * made since its beginning. Levels count from 1, the lowest, to max / gcd; the
 * one that holds the place is found by bisection.
 */
static void
rotation_stagger(const struct sched_view *view, struct sched_state *state)
{
	uint32_t low = 1, high = (uint32_t)((state->mw + state->di - 1) / state->di);
	uint64_t period = picks_above(view, state->di, 0);
	uint64_t skip = (uint64_t)((unsigned __int128)period * bits_reverse(view->stagger) >> 32);

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (picks_above(view, state->di, middle) <= skip)
			high = middle;
		else
			low = middle + 1;
	}
	state->cw = (int64_t)(low - 1) * state->di + 1;
	skip -= picks_above(view, state->di, low);
	for (uint32_t i = 0; skip > 0; i++) {
		if (view->server[i].weight >= state->cw) {
			state->last = view->server[i].order;
			skip--;
		}
	}
}

/* How many picks of a rotation are made on the levels above this one; 0: all of them. */
static uint64_t
picks_above(const struct sched_view *view, int64_t di, uint32_t level)
{
	uint64_t picks = 0;

	for (uint32_t i = 0; i < view->count; i++) {
		uint32_t levels = view->server[i].weight / (uint32_t)di;

		if (levels > level)
			picks += levels - level;
	}
	return picks;
}

/* Of 1, 2, 3, 4, as fractions of 2^32: a half, a quarter, three quarters, an eighth. */
static uint32_t
bits_reverse(uint32_t bits)
{
	uint32_t reverse = 0;

	for (unsigned int i = 0; i < 32; i++, bits >>= 1)
		reverse = reverse << 1 | (bits & 1);
	return reverse;
}

static int
find_level(const struct sched_view *view, uint32_t from, int64_t cw)
{
	for (uint32_t i = from; i < view->count; i++) {
		if (view->server[i].weight >= cw && sched_server_is_available(&view->server[i]))
			return (int)i;
	}
	return -1;
}

/* The highest weight among the servers that can be chosen; 0: there is none. */
static uint32_t
available_max(const struct sched_view *view)
{
	uint32_t max = 0;

	for (uint32_t i = 0; i < view->count; i++) {
		if (view->server[i].weight > max && sched_server_is_available(&view->server[i]))
			max = view->server[i].weight;
	}
	return max;
}

const struct sched_ops sched_wrr = {
	.name = "wrr",
	.summary = "servers in turn, as often as their weights say",
	.pick = wrr_pick,
};
