/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Feedback on a simulated plant: servers with a capacity, requests that arrive
 * at random and are given out by the weights, CPUs that answer with a queue,
 * agents that report what was, averaged, late and with noise, and a clock that
 * only the test moves. The trace of the first scenario is printed as a table;
 * doc/feedback.md shows it.
 *
 *	build/test/unit/control/test_control_feedback
 */
#include "feedback.h"
#include "sl_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERVERS_MAX = 4, INTERVALS_MAX = 300, SEEDS = 200, INTERVAL_MS = 2000 };

static const struct conf_feedback defaults = {
	.on = true,
	.interval_ms = INTERVAL_MS,
	.factor = { [CONF_LOAD_CPU] = 100 },
	.response_ms = 1000,
	.smoothing = 4,
	.dead_band = 5,
	.step = 20,
	.floor = 10,
	.ceiling = 200,
	.stale_ms = 5 * INTERVAL_MS,
};

/* What a server is, and what its agent makes of it. */
enum agent { HONEST, ALWAYS_0, ALWAYS_100, FLAPS, GARBAGE, MUTE, PERCENT_50, PERCENT_FLAPS };

struct plant_server {
	uint32_t weight;
	double capacity; /* requests an interval */
	enum agent agent;
	/* An outside job: so many percent of the CPU, in intervals [from, to). */
	double outside;
	int from, to;
	int silent_from, down_from, down_to; /* its agent, and itself; 0: never */
	/* its state */
	double queue, busy[3]; /* CPU of this interval and of the two before */
	struct feedback_server feedback;
};

struct scenario {
	const char *name;
	double requests; /* an interval, on average */
	double noise;    /* of reports: plus or minus so many percent */
	int intervals;
	bool feedback;
	int server_count;
	struct plant_server server[SERVERS_MAX];
};

struct trace {
	double load[SERVERS_MAX], ratio[SERVERS_MAX], spread;
	uint32_t weight[SERVERS_MAX];
	enum feedback_state state[SERVERS_MAX];
	bool changed;
};

static struct trace trace[INTERVALS_MAX];

/* ---- the plant ---- */

static uint64_t random_state;

static double
random_unit(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) / 9007199254740992.0;
}

/* Arrivals of a Poisson process: exponential gaps until the interval is full. */
static int
random_arrivals(double mean)
{
	double time = 0;
	int count = -1;

	do {
		time -= log(1 - random_unit());
		count++;
	} while (time < mean);
	return count;
}

/* One interval: requests go out by weight, queues are worked off, and what the CPU did is kept. */
static void
plant_turn(struct scenario *plant, int now, const uint32_t weights[])
{
	uint64_t sum = 0;
	int arrivals = random_arrivals(plant->requests);

	for (int i = 0; i < plant->server_count; i++)
		sum += weights[i];
	for (int n = 0; n < arrivals; n++) {
		double pick = random_unit() * (double)sum;
		int i = 0;

		while (i < plant->server_count - 1 && pick >= weights[i])
			pick -= weights[i++];
		plant->server[i].queue++;
	}
	for (int i = 0; i < plant->server_count; i++) {
		struct plant_server *server = &plant->server[i];
		double outside = now >= server->from && now < server->to ? server->outside : 0;
		double room = server->capacity * (1 - outside / 100);
		double done = fmin(server->queue, room);

		server->queue -= done;
		/* Who waits too long goes away: two intervals' worth. */
		server->queue = fmin(server->queue, 2 * server->capacity);
		memmove(server->busy + 1, server->busy, 2 * sizeof(server->busy[0]));
		server->busy[0] = outside + 100 * done / server->capacity;
	}
}

/* What the agent says. */
static void
plant_report(struct plant_server *server, double noise, int now, uint64_t now_ms)
{
	double truth;

	if (server->silent_from > 0 && now >= server->silent_from)
		return;
	switch (server->agent) {
	case HONEST:
		/* Of the last two intervals, as agents average. */
		truth = (server->busy[0] + server->busy[1]) / 2 + (random_unit() * 2 - 1) * noise;
		feedback_load_add(&server->feedback, &defaults, CONF_LOAD_CPU, fmax(0, fmin(100, truth)),
				  now_ms);
		break;
	case ALWAYS_0:
		feedback_load_add(&server->feedback, &defaults, CONF_LOAD_CPU, 0, now_ms);
		break;
	case ALWAYS_100:
		feedback_load_add(&server->feedback, &defaults, CONF_LOAD_CPU, 100, now_ms);
		break;
	case FLAPS:
		feedback_load_add(&server->feedback, &defaults, CONF_LOAD_CPU, now % 2 ? 100 : 0, now_ms);
		break;
	case GARBAGE: {
		static const double garbage[] = { NAN, -1e300, INFINITY, 1e300, -0.0, -INFINITY };

		feedback_load_add(&server->feedback, &defaults, CONF_LOAD_CPU,
				  garbage[now % SL_COUNT(garbage)], now_ms);
		break;
	}
	case MUTE:
		break;
	case PERCENT_50:
		feedback_percent_add(&server->feedback, &defaults, 50, now_ms);
		break;
	case PERCENT_FLAPS:
		feedback_percent_add(&server->feedback, &defaults, now % 2 ? 100 : 0, now_ms);
		break;
	}
}

static void
play(const struct scenario *scenario, uint64_t seed)
{
	struct scenario plant = *scenario;
	struct feedback_server *servers[SERVERS_MAX];
	uint32_t configured[SERVERS_MAX], weights[SERVERS_MAX], scale;

	random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
	for (int i = 0; i < plant.server_count; i++) {
		servers[i] = &plant.server[i].feedback;
		servers[i]->weight = configured[i] = plant.server[i].weight;
	}
	scale = feedback_scale(&defaults, configured, (size_t)plant.server_count);
	for (int now = 0; now < plant.intervals; now++) {
		uint64_t now_ms = 1000000 + (uint64_t)now * INTERVAL_MS;
		double least = 1e9, most = 0;

		for (int i = 0; i < plant.server_count; i++) {
			servers[i]->in = now < plant.server[i].down_from || now >= plant.server[i].down_to;
			weights[i] = servers[i]->in ? feedback_weight(servers[i], scale) : 0;
			sl_check(plant.name, weights[i] <= 65535);
		}
		plant_turn(&plant, now, weights);
		trace[now].changed = false;
		for (int i = 0; i < plant.server_count; i++) {
			trace[now].load[i] = plant.server[i].busy[0];
			trace[now].weight[i] = weights[i];
			least = fmin(least, trace[now].load[i]);
			most = fmax(most, trace[now].load[i]);
			plant_report(&plant.server[i], plant.noise, now, now_ms);
		}
		trace[now].spread = most - least;
		if (plant.feedback)
			trace[now].changed =
				feedback_decide(servers, (size_t)plant.server_count, &defaults, now_ms);
		for (int i = 0; i < plant.server_count; i++) {
			trace[now].ratio[i] = servers[i]->ratio;
			trace[now].state[i] = servers[i]->state;
		}
	}
}

static void
trace_print(const struct scenario *scenario, int from, int to)
{
	printf("\n%s\n\n| interval |", scenario->name);
	for (int i = 0; i < scenario->server_count; i++)
		printf(" CPU %c | weight %c |", 'A' + i, 'A' + i);
	printf(" spread |\n|---:|");
	for (int i = 0; i < 2 * scenario->server_count + 1; i++)
		printf("---:|");
	for (int now = from; now < to; now++) {
		printf("\n| %d |", now);
		for (int i = 0; i < scenario->server_count; i++)
			printf(" %.0f %% | %u |", trace[now].load[i], trace[now].weight[i]);
		printf(" %.0f |", trace[now].spread);
	}
	printf("\n\n");
}

/* ---- the outside job ---- */

enum { JOB_BEGINS = 20, JOB_ENDS = 60, SETTLE = 10 };

static const struct scenario outside_job = {
	.name = "Three servers alike. An outside job takes 50 % of A's CPU in intervals 20 to 59.",
	.requests = 3 * 450,
	.noise = 3,
	.intervals = 100,
	.feedback = true,
	.server_count = 3,
	.server = { { .weight = 1, .capacity = 1000, .outside = 50, .from = JOB_BEGINS, .to = JOB_ENDS },
		    { .weight = 1, .capacity = 1000 },
		    { .weight = 1, .capacity = 1000 } },
};

/* The average of the spread over [from, to). */
static double
spread_in(int from, int to)
{
	double sum = 0;

	for (int now = from; now < to; now++)
		sum += trace[now].spread;
	return sum / (to - from);
}

/* The first interval from which on all ratios stay within `band` of their average over [end - 25, end). */
static int
settled_at(const struct scenario *scenario, int begin, int end, double band)
{
	int at = begin;

	for (int i = 0; i < scenario->server_count; i++) {
		double average = 0;

		for (int now = end - 25; now < end; now++)
			average += trace[now].ratio[i] / 25;
		for (int now = begin; now < end; now++)
			if (fabs(trace[now].ratio[i] - average) > band && at <= now)
				at = now + 1;
	}
	return at;
}

static int
moves_in(int from, int to)
{
	int moves = 0;

	for (int now = from; now < to; now++)
		moves += trace[now].changed;
	return moves;
}

static void
job_trace(void **state)
{
	double band = defaults.dead_band / 100.0;

	play(&outside_job, 1);
	trace_print(&outside_job, JOB_BEGINS - 2, JOB_BEGINS + 20);
	trace_print(&outside_job, JOB_ENDS - 2, JOB_ENDS + 15);
	assert_true(settled_at(&outside_job, JOB_BEGINS, JOB_ENDS, band) <= JOB_BEGINS + SETTLE);
	assert_true(settled_at(&outside_job, JOB_ENDS, outside_job.intervals, 2 * band) <= JOB_ENDS + SETTLE);
}

/* The same at many seeds: what is true of one trace could be luck. */
static void
job_seeds(void **state)
{
	struct scenario without = outside_job;
	double with_sum = 0, without_sum = 0, back = 0;
	int late = 0, moves = 0;

	without.feedback = false;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		double with, plain;

		play(&without, seed);
		plain = spread_in(JOB_BEGINS + SETTLE, JOB_ENDS);
		play(&outside_job, seed);
		with = spread_in(JOB_BEGINS + SETTLE, JOB_ENDS);
		assert_true(with * 3 < plain);
		with_sum += with;
		without_sum += plain;
		/* Not beyond twice the dead band in any trace, and within ten intervals in nearly all. */
		late += settled_at(&outside_job, JOB_BEGINS, JOB_ENDS, 0.1) > JOB_BEGINS + SETTLE;
		assert_true(settled_at(&outside_job, JOB_BEGINS, JOB_ENDS, 0.1) <= JOB_BEGINS + 2 * SETTLE);
		moves += moves_in(JOB_BEGINS + SETTLE, JOB_ENDS);
		for (int i = 0; i < 3; i++)
			back = fmax(back, fabs(trace[90].ratio[i] - 1));
	}
	printf("%d seeds: spread %.1f instead of %.1f (%.1f times less); %d settled later than %d intervals; "
	       "%.2f moves\n"
	       "in the %d intervals after that; 30 intervals after the job no weight is more than %.0f %% "
	       "off\n",
	       SEEDS, with_sum / SEEDS, without_sum / SEEDS, without_sum / with_sum, late, SETTLE,
	       (double)moves / SEEDS, JOB_ENDS - JOB_BEGINS - SETTLE, back * 100);
	assert_true(late <= SEEDS / 20);
	assert_true(moves <= SEEDS * 2);
	assert_true(back <= 0.15);
}

/* ---- whatever servers and agents do ---- */

/* { what, where the ratios of A, B and C end (least, most), and how often anything moved in the last half } */
static const struct {
	struct scenario scenario;
	struct {
		double least, most;
	} end[SERVERS_MAX];
	int moves;
} end_rows[] = {
	{ { "all alike, without noise", 300, 0, 100, true, 3, { { 1, 1e6 }, { 1, 1e6 }, { 1, 1e6 } } },
	  { { 1, 1 }, { 1, 1 }, { 1, 1 } },
	  0 },
	{ { "all alike, with noise", 1350, 3, 100, true, 3, { { 1, 1000 }, { 1, 1000 }, { 1, 1000 } } },
	  { { .85, 1.15 }, { .85, 1.15 }, { .85, 1.15 } },
	  8 },
	{ { "one server", 450, 3, 100, true, 1, { { 1, 1000 } } }, { { 1, 1 } }, 0 },
	/* Half of what the others can: 1.2, 1.2, 0.6. */
	{ { "C is slower", 1000, 3, 100, true, 3, { { 1, 1000 }, { 1, 1000 }, { 1, 500 } } },
	  { { 1.05, 1.35 }, { 1.05, 1.35 }, { .5, .75 } },
	  8 },
	/* A quarter of the others: 1.33, 1.33, 0.33. Its load moves three times as much as its weight. */
	{ { "C is much slower", 1000, 3, 100, true, 3, { { 1, 1000 }, { 1, 1000 }, { 1, 250 } } },
	  { { 1.15, 1.5 }, { 1.15, 1.5 }, { .25, .45 } },
	  8 },
	{ { "weights 1 and 3, and so they can", 1350, 3, 100, true, 2, { { 1, 750 }, { 3, 2250 } } },
	  { { .8, 1.2 }, { .9, 1.1 } },
	  8 },
	{ { "weights 1 and 65535", 1350, 3, 100, true, 2, { { 1, 1000 }, { 65535, 3000 } } },
	  { { 1, 2 }, { .99, 1.01 } },
	  8 },
	{ { "loads like 1 and 2 %", 45, 0, 100, true, 3, { { 1, 1000 }, { 1, 2000 }, { 1, 1500 } } },
	  { { 1, 1 }, { 1, 1 }, { 1, 1 } },
	  0 },
	{ { "A lies: always 0 %",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, ALWAYS_0 }, { 1, 1000 }, { 1, 1000 } } },
	  { { 2, 2 }, { .3, .7 }, { .3, .7 } },
	  8 },
	{ { "A lies: always 100 %",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, ALWAYS_100 }, { 1, 1000 }, { 1, 1000 } } },
	  { { .1, .1 }, { 1.3, 1.6 }, { 1.3, 1.6 } },
	  8 },
	{ { "all say 100 %",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, ALWAYS_100 }, { 1, 1000, ALWAYS_100 }, { 1, 1000, ALWAYS_100 } } },
	  { { 1, 1 }, { 1, 1 }, { 1, 1 } },
	  0 },
	{ { "A flaps between 0 and 100 %",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, FLAPS }, { 1, 1000 }, { 1, 1000 } } },
	  { { .6, 1.4 }, { .7, 1.3 }, { .7, 1.3 } },
	  8 },
	{ { "A reports no numbers",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, GARBAGE }, { 1, 1000 }, { 1, 1000 } } },
	  { { .1, 2 }, { .1, 2 }, { .1, 2 } },
	  50 },
	{ { "A never reports", 1350, 3, 100, true, 3, { { 1, 1000, MUTE }, { 1, 1000 }, { 1, 1000 } } },
	  { { 1, 1 }, { .85, 1.15 }, { .85, 1.15 } },
	  8 },
	{ { "A falls silent",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, .outside = 50, .from = 0, .to = 100, .silent_from = 50 },
	      { 1, 1000 },
	      { 1, 1000 } } },
	  { { 1, 1 }, { .85, 1.15 }, { .85, 1.15 } },
	  15 },
	{ { "all fall silent",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, .outside = 50, .from = 0, .to = 100, .silent_from = 60 },
	      { 1, 1000, .silent_from = 60 },
	      { 1, 1000, .silent_from = 60 } } },
	  { { 1, 1 }, { 1, 1 }, { 1, 1 } },
	  10 },
	/* It comes back with its configured weight, and the job that it had has ended. */
	{ { "A is down for a while",
	    1000,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, .outside = 50, .from = 0, .to = 65, .down_from = 40, .down_to = 70 },
	      { 1, 1000 },
	      { 1, 1000 } } },
	  { { .85, 1.15 }, { .85, 1.15 }, { .85, 1.15 } },
	  10 },
	{ { "A asks for 50 %", 1350, 3, 100, true, 3, { { 1, 1000, PERCENT_50 }, { 1, 1000 }, { 1, 1000 } } },
	  { { .5, .5 }, { .85, 1.15 }, { .85, 1.15 } },
	  8 },
	{ { "A asks for 0 and 100 %",
	    1350,
	    3,
	    100,
	    true,
	    3,
	    { { 1, 1000, PERCENT_FLAPS }, { 1, 1000 }, { 1, 1000 } } },
	  { { .3, .8 }, { .85, 1.15 }, { .85, 1.15 } },
	  8 },
};

/* What holds in every interval: bounds, the step, and that weights of those who follow their load sum up. */
static void
trace_check(const struct scenario *scenario)
{
	for (int now = 1; now < scenario->intervals; now++) {
		double sum = 0, configured = 0;
		bool steady = true;

		for (int i = 0; i < scenario->server_count; i++) {
			double ratio = trace[now].ratio[i], before = trace[now - 1].ratio[i];

			sl_check(scenario->name, ratio >= 0.1 && ratio <= 2);
			sl_check(scenario->name, trace[now].state[i] == FEEDBACK_OUT ||
							 trace[now - 1].state[i] == FEEDBACK_OUT ||
							 fabs(ratio - before) < 0.2 + 1e-9);
			sum += ratio * scenario->server[i].weight;
			configured += scenario->server[i].weight;
			/* Who joins or leaves them changes the sum; it is brought back within the step. */
			steady &= trace[now].state[i] == FEEDBACK_LOAD &&
				  trace[now > 10 ? now - 10 : 0].state[i] == FEEDBACK_LOAD;
		}
		if (steady)
			sl_check(scenario->name, fabs(sum - configured) < configured * 0.01);
	}
}

static void
ends(void **state)
{
	for (size_t row = 0; row < SL_COUNT(end_rows); row++) {
		const struct scenario *scenario = &end_rows[row].scenario;

		for (uint64_t seed = 1; seed <= 10; seed++) {
			int last = scenario->intervals - 1;

			play(scenario, seed);
			trace_check(scenario);
			for (int i = 0; i < scenario->server_count; i++) {
				double ratio = trace[last].ratio[i], least = end_rows[row].end[i].least,
				       most = end_rows[row].end[i].most;

				if (ratio < least - 1e-9 || ratio > most + 1e-9) {
					trace_print(scenario, 0, scenario->intervals);
					fail_msg("row \"%s\", seed %d: %c ends at %.3f, not in %.2f..%.2f",
						 scenario->name, (int)seed, 'A' + i, ratio, least, most);
				}
			}
			if (moves_in(scenario->intervals / 2, scenario->intervals) > end_rows[row].moves)
				fail_msg("row \"%s\", seed %d: moved %d times in the last half, not up to %d",
					 scenario->name, (int)seed,
					 moves_in(scenario->intervals / 2, scenario->intervals),
					 end_rows[row].moves);
		}
	}
}

/* ---- scales and words ---- */

/* { configured weights, their scale } */
static const struct {
	const char *name;
	uint32_t weights[3], scale;
} scale_rows[] = {
	{ "ones", { 1, 1, 1 }, 100 },
	{ "one and three", { 1, 3, 3 }, 100 },
	{ "tens", { 10, 20, 30 }, 10 },
	{ "threes", { 3, 3, 3 }, 34 },
	{ "hundreds", { 100, 200, 300 }, 1 },
	{ "a weight of 0 does not count", { 0, 1, 2 }, 100 },
	{ "none", { 0, 0, 0 }, 1 },
	{ "no room for 100", { 1, 1000, 1000 }, 32 },
	{ "no room at all", { 1, 65535, 65535 }, 1 },
};

static void
scales(void **state)
{
	for (size_t i = 0; i < SL_COUNT(scale_rows); i++) {
		uint32_t scale = feedback_scale(&defaults, scale_rows[i].weights, 3);

		sl_check_int(scale_rows[i].name, scale, scale_rows[i].scale);
		for (int n = 0; n < 3; n++) {
			struct feedback_server server = { .weight = scale_rows[i].weights[n], .ratio = 2 };

			sl_check(scale_rows[i].name, feedback_weight(&server, scale) <= 65535);
			/* Before its first decision a server has its configured weight. */
			server.ratio = 0;
			sl_check_int(scale_rows[i].name, feedback_weight(&server, scale),
				     server.weight * scale);
		}
	}
}

/* Several kinds of load count by their factors, as far as they are reported. */
static void
kinds(void **state)
{
	struct conf_feedback conf = defaults;
	struct feedback_server a = { .weight = 1, .in = true }, b = a;
	struct feedback_server *both[] = { &a, &b };
	char text[FEEDBACK_WHY_SIZE];

	conf.factor[CONF_LOAD_RESPONSE] = 300;
	conf.response_ms = 200;
	feedback_decide(both, 2, &conf, 1000);
	feedback_why(&a, text);
	assert_string_equal(text, "no report yet");
	feedback_load_add(&a, &conf, CONF_LOAD_CPU, 80, 1000);
	feedback_response_add(&a, &conf, 80000, 1000);            /* 40 % */
	feedback_load_add(&a, &conf, CONF_LOAD_MEMORY, 99, 1000); /* does not count */
	feedback_load_add(&b, &conf, CONF_LOAD_CPU, 60, 1000);
	feedback_decide(both, 2, &conf, 3000);
	assert_true(fabs(a.seen - 50) < 0.01);
	assert_true(fabs(b.seen - 60) < 0.01);
	feedback_why(&a, text);
	assert_string_equal(text, "load 50 %, pool 55 %: 100 % of its weight");
	/* Later than stale_ms the report is none. */
	feedback_decide(both, 2, &conf, 1000 + conf.stale_ms + 1);
	feedback_why(&a, text);
	assert_string_equal(text, "no reports any more: 100 % of its weight");
	b.in = false;
	feedback_decide(both, 2, &conf, 20000);
	feedback_why(&b, text);
	assert_string_equal(text, "left out");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(job_trace), cmocka_unit_test(job_seeds), cmocka_unit_test(ends),
		cmocka_unit_test(scales),    cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
