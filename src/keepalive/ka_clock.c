/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock: monotonic, so that setting the time of day changes nothing. A file of its own, because tests have
 * another one. Any thread.
 */
#include "ka_room.h"

#include <time.h>

uint64_t
ka_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
