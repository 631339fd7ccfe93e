/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many packets a worker may give the kernel: its share of dp_kernel_rate, divided
 * among classes so that a flood of one kind leaves the others their part. Whatever a
 * class does not use, others may, but for a reserve: half of what it may have saved.
 * A part of struct dp_worker, its worker's alone; arithmetic without a clock of its own.
 */
#ifndef DP_POLICE_H
#define DP_POLICE_H

#include <stdbool.h>
#include <stdint.h>

enum police_class {
	POLICE_SESSION, /* TCP that looks established, and what routing daemons say to each other */
	POLICE_ICMP,
	POLICE_REST, /* SYN, UDP, transit, anything */
	POLICE_CLASSES,
};

enum {
	POLICE_SHARES = 8,    /* the rate in parts: 4 for sessions, 1 for ICMP, 3 for the rest */
	POLICE_BURST_MS = 100 /* what a class may save */
};

/* Cycles that have not been spent yet. Zero: all is saved. */
struct police {
	uint64_t credit[POLICE_CLASSES];
	uint64_t tsc;
};

/*
 * Takes a packet of a class out of what there is; false when there is nothing left.
 * hz is the clock's, packet how many of its cycles a packet costs at the whole rate.
 */
bool dp_police_take(struct police *police, enum police_class class, uint64_t now_tsc, uint64_t hz,
		    uint64_t packet);

#endif
