/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the schedulers share among themselves: their table's entries, the three
 * questions that each of them asks about a server, and a little arithmetic. Pure
 * functions of the view, which does not change while they run.
 */
#ifndef SCHED_ROOM_H
#define SCHED_ROOM_H

#include <sluice/sched.h>

extern const struct sched_ops sched_rr;
extern const struct sched_ops sched_wrr;
extern const struct sched_ops sched_lc;
extern const struct sched_ops sched_wlc;
extern const struct sched_ops sched_mh;

/* May the server have a new connection? */
static inline bool
sched_server_is_available(const struct sched_server *server)
{
	return server->weight > 0 && (server->flags & SCHED_SERVER_OVERLOADED) == 0;
}

/*
 * Where the list goes on after the server of that order, whether or not it is
 * still there: the first index whose order is smaller. `count` past the end, 0
 * for order 0, which stands for the head of the list.
 */
static inline uint32_t
sched_view_after(const struct sched_view *view, uint32_t order)
{
	uint32_t low = 0, high = view->count;

	if (order == 0)
		return 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (view->server[middle].order < order)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/*
 * How busy a server is in the eyes of lc and wlc: an active connection weighs
 * 256 times as much as its being there. Below 2^41.
 */
static inline uint64_t
sched_load_overhead(const struct sched_load *load)
{
	return (uint64_t)load->active * 256 + load->total;
}

/* The greatest common divisor; that of 0 and a number is the number. */
static inline uint32_t
sched_gcd(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

#endif
