/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock that nobody sets: what an operator or NTP does to the time of day is no matter to it. Any thread.
 */
#ifndef SL_CLOCK_H
#define SL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Since some moment before the process began. */
static inline uint64_t
sl_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline uint64_t
sl_clock_ms(void)
{
	return sl_clock_us() / 1000;
}

#endif
