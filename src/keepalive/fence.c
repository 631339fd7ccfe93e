/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fence (fence.h).
 */
#include "fence.h"

enum fence_answer
fence_want(struct fence *fence, uint64_t now_us, uint64_t timeout_us)
{
	if (fence->state == FENCE_DONE)
		return FENCE_GOOD;
	if (fence->state == FENCE_RUNS)
		return FENCE_WAIT;
	if (now_us < fence->until_us)
		return FENCE_LATER;
	fence->state = FENCE_RUNS;
	fence->until_us = now_us + timeout_us;
	return FENCE_ASK;
}

bool
fence_ended(struct fence *fence, uint64_t now_us, bool good)
{
	if (fence->state != FENCE_RUNS)
		return false;
	if (good) {
		*fence = (struct fence){ .state = FENCE_DONE };
		return true;
	}
	if (fence->apart_us == 0)
		fence->apart_us = FENCE_APART_US;
	fence->state = FENCE_IDLE;
	fence->until_us = now_us + fence->apart_us;
	if (fence->apart_us < FENCE_APART_MOST_US)
		fence->apart_us *= 2;
	return true;
}

bool
fence_is_late(struct fence *fence, uint64_t now_us)
{
	return fence->state == FENCE_RUNS && now_us >= fence->until_us;
}

void
fence_peer_heard(struct fence *fence)
{
	if (fence->state != FENCE_RUNS)
		*fence = (struct fence){ .state = FENCE_IDLE };
}
