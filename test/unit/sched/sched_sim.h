/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A service that tests can change and pick from: the list as the data plane
 * would show it, newest server first, with a state per worker. Servers are
 * called A, B, C... by the number of servers added before them.
 */
#ifndef SCHED_SIM_H
#define SCHED_SIM_H

#include <sluice/sched.h>

#include "sl_test.h"

#include <assert.h>

enum { SIM_SERVERS = 64, SIM_WORKERS = 8 };

struct sim {
	const struct sched_ops *ops;
	struct sched_server server[SIM_SERVERS];
	struct sched_load load[SIM_SERVERS];
	uint32_t count, added, epoch;
	struct sched_state state[SIM_WORKERS];
};

static inline void
sim_init(struct sim *sim, const char *scheduler)
{
	memset(sim, 0, sizeof(*sim));
	sim->ops = sched_find(scheduler);
	sim->epoch = 1;
	assert_non_null(sim->ops);
}

static inline void
sim_add(struct sim *sim, uint32_t weight)
{
	assert_true(sim->count < SIM_SERVERS);
	memmove(&sim->server[1], &sim->server[0], sim->count * sizeof(sim->server[0]));
	memmove(&sim->load[1], &sim->load[0], sim->count * sizeof(sim->load[0]));
	/* Orders with gaps: only their falling counts. `slot` is the name. */
	sim->server[0] =
		(struct sched_server){ .order = 10 + 7 * sim->added, .weight = weight, .slot = sim->added };
	sim->load[0] = (struct sched_load){ 0 };
	sim->added++;
	sim->count++;
	sim->epoch++;
}

/* The index of a server by its number, or -1. */
static inline int
sim_find(const struct sim *sim, uint32_t number)
{
	for (uint32_t i = 0; i < sim->count; i++) {
		if (sim->server[i].slot == number)
			return (int)i;
	}
	return -1;
}

static inline void
sim_remove(struct sim *sim, uint32_t number)
{
	int i = sim_find(sim, number);

	assert_true(i >= 0);
	sim->count--;
	memmove(&sim->server[i], &sim->server[i + 1], (sim->count - (uint32_t)i) * sizeof(sim->server[0]));
	memmove(&sim->load[i], &sim->load[i + 1], (sim->count - (uint32_t)i) * sizeof(sim->load[0]));
	sim->epoch++;
}

static inline void
sim_weight(struct sim *sim, uint32_t number, uint32_t weight)
{
	sim->server[sim_find(sim, number)].weight = weight;
	sim->epoch++;
}

/* No change of the epoch: a limit is reached and left by connections alone. */
static inline void
sim_overload(struct sim *sim, uint32_t number, bool overloaded)
{
	sim->server[sim_find(sim, number)].flags = overloaded ? SCHED_SERVER_OVERLOADED : 0;
}

/* The number of the server chosen, or -1. */
static inline int
sim_pick(struct sim *sim, unsigned int worker)
{
	static const struct sched_flow flow;
	struct sched_view view = {
		.server = sim->server,
		.load = sim->ops->needs_load ? sim->load : NULL,
		.count = sim->count,
		.epoch = sim->epoch,
		.stagger = worker,
	};
	int i = sim->ops->pick(&view, &sim->state[worker], &flow);

	assert_true(i >= -1 && i < (int)sim->count);
	if (i < 0)
		return -1;
	assert_true(sim->server[i].weight > 0 && sim->server[i].flags == 0);
	return (int)sim->server[i].slot;
}

#endif
