/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of weights (vrrp_track.h), by keepalived's rules:
 *
 *	weight 0     bad is FAULT; `reverse`: good is
 *	weight > 0   added while good
 *	weight < 0   added (so: taken away) while bad
 *	`reverse`    turns the direction of a weight round
 *	a file       its number times the weight; at -254 or below it is FAULT; weight 0: any number but 0 is
 */
#include "vrrp_track.h"

#include <stdio.h>

enum { PRIORITY_LEAST = 1, PRIORITY_MOST = 254, FILE_MOST = 253, FILE_FAULT = -254 };

static const char *const words[] = {
#define X(id, word) [KA_TRACK_##id] = word,
	KA_TRACK_LIST(X)
#undef X
};

const char *
vrrp_track_word(enum ka_track_kind kind)
{
	return words[kind];
}

static void
fault_add(struct vrrp_tracked *tracked, const struct ka_track *track, const char *what)
{
	if (!tracked->fault && track->kind == KA_TRACK_PORT)
		snprintf(tracked->why, sizeof(tracked->why), "%s %s", track->name[0] ? track->name : "port",
			 what);
	else if (!tracked->fault)
		snprintf(tracked->why, sizeof(tracked->why), "%s %s %s", words[track->kind], track->name,
			 what);
	tracked->fault = true;
}

static void
file_add(const struct ka_track *track, int weight, bool known, int32_t value, struct vrrp_tracked *tracked)
{
	int64_t number;

	/* A file that could not be read yet says nothing. */
	if (!known)
		return;
	if (weight == 0) {
		if ((value != 0) != track->reverse)
			fault_add(tracked, track, "says so");
		return;
	}
	number = (int64_t)value * weight * (track->reverse ? -1 : 1);
	if (number <= FILE_FAULT)
		fault_add(tracked, track, "takes the whole priority");
	else
		tracked->weight += number > FILE_MOST ? FILE_MOST : number;
}

static void
thing_add(const struct ka_track *track, int weight, bool good, struct vrrp_tracked *tracked)
{
	int turn = track->reverse ? -1 : 1;

	if (weight == 0) {
		if (good == track->reverse)
			fault_add(tracked, track, good ? "is good, which is tracked in reverse" : "failed");
	} else if ((weight > 0) == good) {
		tracked->weight += weight * turn;
	}
}

void
vrrp_track_sum(const struct ka_track *tracks, unsigned int count, bool weights, vrrp_track_look *look,
	       void *context, struct vrrp_tracked *tracked)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct ka_track *track = &tracks[i];
		int weight = weights ? track->weight : 0;
		int32_t value = 0;
		bool known = look(track, &value, context);

		if (track->kind == KA_TRACK_FILE)
			file_add(track, weight, known, value, tracked);
		else if (known)
			thing_add(track, weight, value != 0, tracked);
		else
			/* Until something is known, it is as it should be, unless told otherwise. */
			thing_add(track, weight, !track->init_fail == !track->reverse, tracked);
	}
}

uint8_t
vrrp_track_priority(uint8_t base, int64_t weight)
{
	int64_t priority = base + weight;

	if (base == KA_PRIORITY_OWNER)
		return base;
	if (priority < PRIORITY_LEAST)
		return PRIORITY_LEAST;
	return (uint8_t)(priority > PRIORITY_MOST ? PRIORITY_MOST : priority);
}
