/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fence: before a silent peer's addresses are taken, a command of the operator's has to make sure that it does not
 * use them. One command at a time for the whole box, whatever instance asks; a success counts until the peer is
 * heard again. One that fails is asked for again, later and later, up to FENCE_APART_MOST_US. Pure. Keepalive thread.
 */
#ifndef FENCE_H
#define FENCE_H

#include <stdbool.h>
#include <stdint.h>

enum fence_state {
	FENCE_IDLE,
	FENCE_RUNS, /* asked for, not answered */
	FENCE_DONE, /* the peer is out of the way */
};

enum { FENCE_APART_US = 1000000, FENCE_APART_MOST_US = 64000000 };

struct fence {
	enum fence_state state;
	uint64_t until_us; /* RUNS: then it has failed. IDLE: not before; 0: at once */
	uint64_t apart_us; /* from its next failure to the next time; 0: FENCE_APART_US */
};

enum fence_answer { FENCE_WAIT, FENCE_ASK, FENCE_GOOD, FENCE_LATER };

/*
 * An instance wants it. ASK: the command has to be started; WAIT: it runs already; GOOD: it has been done; LATER: it
 * failed not long ago.
 */
enum fence_answer fence_want(struct fence *fence, uint64_t now_us, uint64_t timeout_us);
/* The command ended. False: nobody waits for it. */
bool fence_ended(struct fence *fence, uint64_t now_us, bool good);
/* Did it take too long? */
bool fence_is_late(struct fence *fence, uint64_t now_us);
/* The peer is heard. */
void fence_peer_heard(struct fence *fence);

#endif
