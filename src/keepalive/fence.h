/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fence: before a silent peer's addresses are taken, a command of the operator's has to make sure that it does not
 * use them. One command at a time for the whole box, whatever instance asks; a success counts until the peer is
 * heard again. Pure. Keepalive thread.
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

struct fence {
	enum fence_state state;
	uint64_t until_us; /* RUNS: then it has failed */
};

enum fence_answer { FENCE_WAIT, FENCE_ASK, FENCE_GOOD };

/* An instance wants it. ASK: the command has to be started; WAIT: it runs already; GOOD: it has been done. */
enum fence_answer fence_want(struct fence *fence, uint64_t now_us, uint64_t timeout_us);
/* The command ended. False: nobody waits for it. */
bool fence_ended(struct fence *fence, bool good);
/* Did it take too long? */
bool fence_is_late(struct fence *fence, uint64_t now_us);
/* The peer is heard. */
void fence_peer_heard(struct fence *fence);

#endif
