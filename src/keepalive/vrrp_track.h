/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tracked things make of an instance: FAULT, or another priority
 * (keepalived's weights). Pure. Keepalive thread.
 */
#ifndef VRRP_TRACK_H
#define VRRP_TRACK_H

#include <sluice/ka.h>

/* A tracked thing's value; false: nothing is known of it yet. FILE: its number; others 0 or 1. */
typedef bool vrrp_track_look(const struct ka_track *track, int32_t *ret_value, void *context);

struct vrrp_tracked {
	bool fault;
	int64_t weight; /* to be added to the base priority */
	char why[192];  /* of the fault */
};

/*
 * Adds what `tracks` say to `tracked`. `weights` false: each counts as one of weight 0 (members of a sync group without
 * sync_group_tracking_weight).
 */
void vrrp_track_sum(const struct ka_track *tracks, unsigned int count, bool weights, vrrp_track_look *look,
		    void *context, struct vrrp_tracked *tracked);
/* The effective priority: 1..254; 255 stays what it is. */
uint8_t vrrp_track_priority(uint8_t base, int64_t weight);
/* The words of a kind. */
const char *vrrp_track_word(enum ka_track_kind kind);

#endif
