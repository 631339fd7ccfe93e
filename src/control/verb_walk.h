/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A walk over all services and their real servers that may be interrupted.
 *
 * The loop turns between two pieces of a long answer, and services come and
 * go then. So a walk remembers where it stands by key, not by pointer: the
 * service (in the model's order) and the real server
 * (by falling order). What is removed is not met again, what is added behind
 * the walk is missed, nothing is met twice.
 */
#ifndef SLUICE_VERB_WALK_H
#define SLUICE_VERB_WALK_H

#include "model.h"

/* What the walk has come to. */
enum verb_walk_at {
	VERB_WALK_SERVICE,     /* a service; its real servers follow */
	VERB_WALK_REAL,        /* a real server of that service */
	VERB_WALK_SERVICE_END, /* there is no further real server of that service */
	VERB_WALK_END,
};

/* Starts as zero. Pointers are good from resume until the loop turns. */
struct verb_walk {
	struct model_service *service;
	struct model_real *real;
	/* private */
	struct model *model;
	struct model_service *next_service;
	struct model_real *next_real;
	bool begun, inside;
	struct dp_service_key key; /* of the service met last */
	uint32_t order;            /* of the real server met last; UINT32_MAX: none yet */
};

/* Finds the place again; before the first verb_walk_next of each turn of the loop. */
void verb_walk_resume(struct verb_walk *walk, struct model *model);
enum verb_walk_at verb_walk_next(struct verb_walk *walk);

/* The model's order of services, by protocol, address (IPv4 first), port: <0, 0, >0. */
int verb_key_compare(const struct dp_service_key *a, const struct dp_service_key *b);

#endif
