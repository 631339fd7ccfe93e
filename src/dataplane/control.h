/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's part of the data plane: what it sends through and what
 * it counts. Control thread only.
 */
#ifndef DP_CONTROL_H
#define DP_CONTROL_H

#include <sluice/drop.h>

#include <stdint.h>

struct rte_mempool;
struct rte_ring;

struct control_counters {
	struct rte_mempool *pool;
	struct rte_ring *ring; /* to worker 0 */
	uint64_t rx;           /* punts received */
	uint64_t generated, tx, drops;
	uint64_t drop[SL_DROP_MAX];
};

extern struct control_counters dp_control;

#endif
