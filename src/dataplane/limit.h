/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits on the connections of a server, exact for the whole box.
 *
 * A server with a limit has a count that all workers share: a word of how many
 * connections it has, whether it is full, and a version of its bounds. A new
 * connection reserves a place in it, with one compare-and-swap, and gives it back
 * when it ends; so of all workers that want the last place one gets it, and a
 * limit of 100 is 100. A server is full from the moment it reaches its upper bound
 * until it has fallen below its lower one, as in Linux IPVS. Packets of
 * connections never come here, and a server without a limit costs a new connection
 * a test of a flag.
 *
 * The shared count is the sum of what those workers have that take part in it
 * (dp_real_own.counted): a worker that finds the server's flag (dp_real_slot.limited)
 * turned adds all its connections to the count, or takes them out, at its next new
 * connection. A limit that is set on a server with connections comes into force
 * once every worker has done so: the control thread asks them to (dp_limit_follow)
 * and waits, some milliseconds, without blocking. From then on it is exact.
 *
 * The word is everybody's, by compare-and-swap; bounds and the rest are the
 * control thread's. A change of the bounds also changes the word's version, so a
 * worker that read the old ones cannot take a place by them.
 */
#ifndef DP_LIMIT_H
#define DP_LIMIT_H

#include "real.h"

#include <stdbool.h>

struct dp_worker;

struct dp_limit {
	_Alignas(64) _Atomic uint64_t word; /* connections | LIMIT_FULL | version of the bounds */
	_Atomic uint64_t bounds;            /* in force: upper << 32 | lower; 0: none */
	uint64_t wanted;                    /* the same, as it is to be */
	uint32_t next;                      /* in the list of those that are to come into force */
	bool waits;                         /* in that list, or in the round under way */
	bool again;                         /* turned off or on meanwhile: that round does not tell */
};

#define LIMIT_FULL (UINT64_C(1) << 32)

extern struct dp_limit *dp_limits; /* by slot of the server */

/* ---- workers ---- */

/* Do new connections of this server go by dp_limit_reserve? */
static inline bool
limit_concerns(const struct dp_real_slot *slot, const struct dp_real_own *own)
{
	return (atomic_load_explicit(&slot->limited, memory_order_relaxed) | own->counted) != 0;
}

static inline bool
limit_is_full(uint32_t slot)
{
	return (atomic_load_explicit(&dp_limits[slot].word, memory_order_relaxed) & LIMIT_FULL) != 0;
}

/*
 * A place for a connection more, which `own` does not yet count. False: it is full. A place
 * that was reserved is given back if own->counted, and only then.
 */
bool dp_limit_reserve(struct dp_real_own *own, uint32_t slot);
/* Takes a place, whether or not there is one: the peer's connection is there already. */
void dp_limit_take(struct dp_real_own *own, uint32_t slot);
/* Gives a place back, of a connection that `own` counts no more. */
void dp_limit_release(uint32_t slot);

/* The round of the control thread that workers are to follow. */
extern _Atomic uint32_t dp_limit_round;
/* Takes part in the counts of the servers of the present round. Cold. */
void dp_limit_follow(struct dp_worker *w);

/* ---- control thread ---- */

/* 0 or -ENOMEM. */
int dp_limit_init(void);
void dp_limit_fini(void);

/*
 * As in struct dp_real; `upper` 0: no limit. `fresh`: no worker has, or can open, a connection
 * of this server yet, so that the limit is in force at once.
 */
void dp_limit_set(uint32_t slot, uint32_t upper, uint32_t lower, bool fresh);
/* Brings limits into force whose time has come. Returns how many. */
unsigned int dp_limit_poll(void);

#endif
