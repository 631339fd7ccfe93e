/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All schedulers that need no table against a plain model of what Linux IPVS does, through long
 * random sequences of servers added and removed, weights and limits changed,
 * connections made and picks.
 *
 * The model is the slow and obvious one: a ring of servers behind a head, a
 * pointer into it, and for wrr a walk down every level.
 */
#include "sched_sim.h"

#include <stdio.h>

#define HEAD (-1)

/* ring[0] is the head, then the servers' numbers, newest first. */
struct model {
	int ring[SIM_SERVERS + 1];
	int size;
	int rr;           /* the number the pointer is at, or HEAD */
	bool rr_gap;      /* at HEAD because the first server, chosen last, was removed */
	int cl;           /* wrr's pointer */
	long cw, mw, di;  /* wrr's level, highest level, step; di 0: not yet in use */
	bool wrr_changed; /* servers or weights changed since the last pick */
};

static uint64_t random_state;

static uint32_t
random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 33) % limit;
}

static int
ring_find(const struct model *model, int number)
{
	int at = 0;

	while (model->ring[at] != number)
		assert_true(++at < model->size);
	return at;
}

static const struct sched_server *
server_of(const struct sim *sim, int number)
{
	return &sim->server[sim_find(sim, (uint32_t)number)];
}

static bool
available(const struct sim *sim, int number)
{
	return server_of(sim, number)->weight > 0 && server_of(sim, number)->flags == 0;
}

static void
model_add(struct model *model, int number)
{
	memmove(&model->ring[2], &model->ring[1], (size_t)(model->size - 1) * sizeof(model->ring[0]));
	model->ring[1] = number;
	model->size++;
	model->wrr_changed = true;
	/*
	 * The one difference: here IPVS would turn to the new server, because
	 * its pointer fell back to the head; we go on where the removed one stood.
	 */
	if (model->rr == HEAD && model->rr_gap)
		model->rr = number;
}

static void
model_remove(struct model *model, int number)
{
	int at = ring_find(model, number);

	if (model->rr == number) {
		model->rr = model->ring[at - 1];
		model->rr_gap = model->rr == HEAD;
	}
	model->size--;
	memmove(&model->ring[at], &model->ring[at + 1], (size_t)(model->size - at) * sizeof(model->ring[0]));
	model->wrr_changed = true;
}

/* Once round from the pointer; the server that it is at comes last. */
static int
model_rr(struct model *model, const struct sim *sim)
{
	int at = ring_find(model, model->rr);

	for (int step = 1; step <= model->size; step++) {
		int number = model->ring[(at + step) % model->size];

		if (number != HEAD && available(sim, number)) {
			model->rr = number;
			return number;
		}
	}
	return -1;
}

static void
model_wrr_change(struct model *model, const struct sim *sim)
{
	bool fresh = model->di == 0;
	long most = 0, divisor = 0;

	for (uint32_t i = 0; i < sim->count; i++)
		most = sim->server[i].weight > most ? sim->server[i].weight : most;
	for (long d = 1; d <= most; d++) {
		bool divides = true;

		for (uint32_t i = 0; i < sim->count; i++)
			divides &= sim->server[i].weight % d == 0;
		divisor = divides ? d : divisor;
	}
	model->cl = HEAD;
	model->di = divisor > 0 ? divisor : 1;
	model->mw = most - (model->di - 1);
	if (fresh || model->cw > model->mw || model->cw == 0)
		model->cw = model->mw;
	else if (model->di > 1)
		model->cw = model->cw / model->di * model->di + 1;
}

static int
model_wrr(struct model *model, const struct sim *sim)
{
	int start, at, stop = 0;
	bool lowest = false, again = false;

	if (model->wrr_changed || model->di == 0)
		model_wrr_change(model, sim);
	model->wrr_changed = false;
	if (model->mw == 0)
		return -1;
	start = at = ring_find(model, model->cl);
	for (;;) {
		for (at++; at < model->size; at++) {
			int number = model->ring[at];

			if (server_of(sim, number)->flags == 0 && server_of(sim, number)->weight >= model->cw)
				return model->cl = number;
			if (at == stop)
				return -1; /* pointer and level are where they were */
		}
		at = 0;
		model->cw -= model->di;
		if (model->cw <= 0) {
			model->cw = model->mw;
			if (lowest || start == 0) {
				model->cl = HEAD;
				return -1;
			}
			again = true;
		}
		lowest = model->cw <= model->di;
		if (lowest && again)
			stop = start;
	}
}

/* The first in the list that nobody beats. With small numbers, doubles are exact. */
static int
model_least(const struct model *model, const struct sim *sim, bool weighted)
{
	for (int at = 1; at < model->size; at++) {
		bool beaten = !available(sim, model->ring[at]);

		for (int other = 1; other < model->size; other++) {
			int a = sim_find(sim, (uint32_t)model->ring[at]);
			int b = sim_find(sim, (uint32_t)model->ring[other]);
			double load_a = 256.0 * sim->load[a].active + sim->load[a].total;
			double load_b = 256.0 * sim->load[b].active + sim->load[b].total;

			if (weighted) {
				load_a *= sim->server[b].weight;
				load_b *= sim->server[a].weight;
			}
			beaten |= available(sim, model->ring[other]) && load_b < load_a;
		}
		if (!beaten)
			return model->ring[at];
	}
	return -1;
}

static int
model_pick(struct model *model, const struct sim *sim)
{
	if (strcmp(sim->ops->name, "rr") == 0)
		return model_rr(model, sim);
	if (strcmp(sim->ops->name, "wrr") == 0)
		return model_wrr(model, sim);
	return model_least(model, sim, strcmp(sim->ops->name, "wlc") == 0);
}

/* A weight: often small and with common divisors, sometimes 0 or larger. */
static uint32_t
random_weight(void)
{
	switch (random_below(8)) {
	case 0:
		return 0;
	case 1:
		return random_below(200);
	case 2:
		return 4 * random_below(5);
	default:
		return random_below(6);
	}
}

/* One random event; true when it was a pick, which model and scheduler then made. */
static void
random_event(struct sim *sim, struct model *model, const char *run)
{
	uint32_t event = random_below(100), index = sim->count > 0 ? random_below(sim->count) : 0;
	uint32_t number = sim->count > 0 ? sim->server[index].slot : 0;

	if (event < 8 || sim->count == 0) {
		if (sim->count < 12) {
			model_add(model, (int)sim->added);
			sim_add(sim, random_weight());
		}
	} else if (event < 14) {
		model_remove(model, (int)number);
		sim_remove(sim, number);
	} else if (event < 20) {
		sim_weight(sim, number, random_weight());
		model->wrr_changed = true;
	} else if (event < 40) {
		sim_overload(sim, number, random_below(3) > 0);
	} else if (event < 50) {
		sim->load[index].active = random_below(4);
		sim->load[index].total = sim->load[index].active + random_below(600);
	} else {
		int want = model_pick(model, sim);

		sl_check_int(run, sim_pick(sim, 0), want);
	}
}

static void
random_runs(void **state)
{
	for (unsigned int i = 0; sched_at(i) != NULL; i++) {
		for (uint64_t seed = 1; sched_at(i)->table_build == NULL && seed <= 1500; seed++) {
			struct model model = { .ring = { HEAD }, .size = 1, .rr = HEAD, .cl = HEAD };
			struct sim sim;
			char run[64];

			random_state = seed * 0x9e3779b97f4a7c15u;
			sim_init(&sim, sched_at(i)->name);
			for (int event = 0; event < 200; event++) {
				snprintf(run, sizeof(run), "%s, seed %llu, event %d", sched_at(i)->name,
					 (unsigned long long)seed, event);
				random_event(&sim, &model, run);
				if (sim.added >= SIM_SERVERS)
					break;
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
