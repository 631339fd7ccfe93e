/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock: monotonic, so that setting the time of day changes nothing. A file of its own, because tests have
 * another one. Any thread.
 */
#include "ka_room.h"

#include "sl_clock.h"

uint64_t
ka_now_us(void)
{
	return sl_clock_us();
}
