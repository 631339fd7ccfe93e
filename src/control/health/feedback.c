/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Feedback's arithmetic (feedback.h).
 *
 * Averages are exponential, over `smoothing` reports. A server's part of the
 * error is (pool - load) / load, by which its weight would have to grow if all
 * of its load came from us. Some of it may not (a backup that runs beside the
 * service), then the weight has to be moved harder; or the load follows the
 * weight late, then less hard. Nobody tells which, so each server has a gain:
 * it grows while the error keeps its sign, is halved when the sign turns, and
 * relaxes to 1 in the dead band. An overshoot is thus followed by a smaller one
 * whatever the server is like.
 *
 * When a weight moves, the averages are moved along, by what the gain says that
 * the load will do. Otherwise they would tell for some reports more of how it
 * was before, and the weight would go too far.
 */
#include "feedback.h"

#include <math.h>
#include <stdio.h>

enum {
	WEIGHT_MAX = 65535, /* of the data plane */
	SCALED_MIN = 100,   /* what the least weight of a pool becomes at least */
	LOAD_MAX = 200,     /* percent: more is not worse */
	LOAD_NEAR = 2,      /* percent: loads nearer than that are the same */
	LOAD_OFFSET = 10,   /* percent: added before loads are compared by division */
	OFF_MUCH = 2,       /* so often in a row before a weight moves: one report is none */
	OFF_LITTLE = 3,     /* the same, if it is not twice as far off as the dead band is wide */
	OFF_LONG = 4,       /* the same, before its gain grows */
	TOTAL_PASSES = 8,
};

static const double gain_min = 0.25, gain_max = 4, gain_grow = 1.5, gain_halve = 0.5, gain_relax = 0.1;
#define TOTAL_NEAR 1e-6

static void average_add(struct feedback_average *average, const struct conf_feedback *conf, double value,
			uint64_t now_ms);
static enum feedback_state server_look(struct feedback_server *server, const struct conf_feedback *conf,
				       uint64_t now_ms);
static double pool_load(struct feedback_server *const servers[], size_t count,
			const struct conf_feedback *conf);
static double average_load(struct feedback_server *const servers[], size_t count,
			   const struct conf_feedback *bounds, double pool);
static double server_error(const struct feedback_server *server);
static void servers_move(struct feedback_server *const servers[], size_t count,
			 const struct conf_feedback *conf);
static bool server_is_off(struct feedback_server *server, const struct conf_feedback *conf, double error);
static void total_keep(struct feedback_server *const servers[], size_t count,
		       const struct conf_feedback *conf);
static void averages_follow(struct feedback_server *server);
static double ratio_bounded(const struct conf_feedback *conf, double ratio);
static bool ratio_can_move(const struct feedback_server *server, const struct conf_feedback *conf, int lean);
static double bounded(double value, double low, double high);

void
feedback_load_add(struct feedback_server *server, const struct conf_feedback *conf, enum conf_load_kind kind,
		  double percent, uint64_t now_ms)
{
	average_add(&server->load[kind], conf, percent, now_ms);
	server->reported |= conf->factor[kind] > 0;
}

void
feedback_response_add(struct feedback_server *server, const struct conf_feedback *conf, uint32_t took_us,
		      uint64_t now_ms)
{
	uint32_t full_ms = conf->response_ms > 0 ? conf->response_ms : 1;

	feedback_load_add(server, conf, CONF_LOAD_RESPONSE, took_us / 10.0 / full_ms, now_ms);
}

void
feedback_percent_add(struct feedback_server *server, const struct conf_feedback *conf, double percent,
		     uint64_t now_ms)
{
	average_add(&server->percent, conf, percent, now_ms);
	server->reported = true;
}

bool
feedback_decide(struct feedback_server *const servers[], size_t count, const struct conf_feedback *conf,
		uint64_t now_ms)
{
	bool changed = false;
	double pool;

	for (size_t i = 0; i < count; i++) {
		struct feedback_server *server = servers[i];

		server->before = server->ratio;
		server->moved = false;
		server->state = server_look(server, conf, now_ms);
	}
	pool = pool_load(servers, count, conf);
	for (size_t i = 0; i < count; i++)
		servers[i]->pool = pool;
	servers_move(servers, count, conf);
	total_keep(servers, count, conf);
	for (size_t i = 0; i < count; i++) {
		changed |= servers[i]->ratio != servers[i]->before;
		averages_follow(servers[i]);
		servers[i]->reported = false;
	}
	return changed;
}

uint32_t
feedback_scale(const struct conf_feedback *conf, const uint32_t weights[], size_t count)
{
	uint32_t least = 0, most = 0;
	uint64_t scale, room;

	for (size_t i = 0; i < count; i++) {
		if (weights[i] == 0)
			continue;
		if (least == 0 || weights[i] < least)
			least = weights[i];
		if (weights[i] > most)
			most = weights[i];
	}
	if (least == 0)
		return 1;
	scale = (SCALED_MIN + least - 1) / least;
	room = (uint64_t)WEIGHT_MAX * 100 / ((uint64_t)most * (conf->ceiling > 100 ? conf->ceiling : 100));
	if (scale > room)
		scale = room;
	return scale > 0 ? (uint32_t)scale : 1;
}

uint32_t
feedback_weight(const struct feedback_server *server, uint32_t scale)
{
	double ratio = server->ratio > 0 ? server->ratio : 1;

	if (server->weight == 0)
		return 0;
	return (uint32_t)bounded(round(server->weight * (double)scale * ratio), 1, WEIGHT_MAX);
}

void
feedback_why(const struct feedback_server *server, char ret_text[FEEDBACK_WHY_SIZE])
{
	double percent = server->ratio * 100;

	switch (server->state) {
	case FEEDBACK_LOAD:
		snprintf(ret_text, FEEDBACK_WHY_SIZE, "load %.0f %%, pool %.0f %%: %.0f %% of its weight",
			 server->seen, server->pool, percent);
		break;
	case FEEDBACK_PERCENT:
		snprintf(ret_text, FEEDBACK_WHY_SIZE, "agent asks for %.0f %%: %.0f %% of its weight",
			 server->seen, percent);
		break;
	case FEEDBACK_STALE:
		snprintf(ret_text, FEEDBACK_WHY_SIZE, "no reports any more: %.0f %% of its weight", percent);
		break;
	case FEEDBACK_SILENT:
		snprintf(ret_text, FEEDBACK_WHY_SIZE, "no report yet");
		break;
	case FEEDBACK_OUT:
		snprintf(ret_text, FEEDBACK_WHY_SIZE, "left out");
		break;
	}
}

/* ---- averages ---- */

static void
average_add(struct feedback_average *average, const struct conf_feedback *conf, double value, uint64_t now_ms)
{
	double part = 2.0 / (conf->smoothing + 1);

	if (isnan(value))
		return;
	/* The first few count alike, or the very first would count for most of them. */
	average->reports++;
	if (part < 1.0 / average->reports)
		part = 1.0 / average->reports;
	average->value += (bounded(value, 0, LOAD_MAX) - average->value) * part;
	average->at_ms = now_ms;
}

/* Old reports are forgotten: who reports again is averaged anew. */
static bool
average_is_fresh(struct feedback_average *average, const struct conf_feedback *conf, uint64_t now_ms)
{
	if (average->reports > 0 && now_ms - average->at_ms <= conf->stale_ms)
		return true;
	average->reports = 0;
	average->value = 0;
	return false;
}

/* What there is of a server: its state, and its load or its agent's percent in `seen`. */
static enum feedback_state
server_look(struct feedback_server *server, const struct conf_feedback *conf, uint64_t now_ms)
{
	double sum = 0, factors = 0;

	if (!server->in || server->weight == 0 || server->ratio == 0) {
		uint32_t weight = server->weight;
		bool in = server->in && weight > 0;

		*server = (struct feedback_server){
			.weight = weight, .in = in, .ratio = 1, .before = 1, .gain = 1
		};
		return in ? FEEDBACK_SILENT : FEEDBACK_OUT;
	}
	for (int kind = 0; kind < CONF_LOAD_MAX; kind++) {
		if (conf->factor[kind] == 0 || !average_is_fresh(&server->load[kind], conf, now_ms))
			continue;
		sum += server->load[kind].value * conf->factor[kind];
		factors += conf->factor[kind];
	}
	if (factors > 0) {
		server->seen = sum / factors;
		return FEEDBACK_LOAD;
	}
	if (average_is_fresh(&server->percent, conf, now_ms)) {
		server->seen = server->percent.value;
		return FEEDBACK_PERCENT;
	}
	server->gain = 1;
	server->lean = 0;
	return server->state == FEEDBACK_SILENT || server->state == FEEDBACK_OUT ? FEEDBACK_SILENT
										 : FEEDBACK_STALE;
}

/*
 * The average server's load: each counts by what it is given. Who is at a bound, and would have to go further, is left
 * out: the others cannot reach an average that it is part of, and would pull at each other for ever.
 */
static double
pool_load(struct feedback_server *const servers[], size_t count, const struct conf_feedback *conf)
{
	double pool = average_load(servers, count, NULL, 0);

	return average_load(servers, count, conf, pool);
}

static double
average_load(struct feedback_server *const servers[], size_t count, const struct conf_feedback *bounds,
	     double pool)
{
	double sum = 0, weights = 0;

	for (size_t i = 0; i < count; i++) {
		const struct feedback_server *server = servers[i];

		if (server->state != FEEDBACK_LOAD ||
		    (bounds != NULL && !ratio_can_move(server, bounds, server->seen > pool ? -1 : 1)))
			continue;
		sum += server->seen * server->ratio * server->weight;
		weights += server->ratio * server->weight;
	}
	return weights > 0 ? sum / weights : pool;
}

/* ---- moves ---- */

/* How far the ratio is from where it should be. */
static double
server_error(const struct feedback_server *server)
{
	double apart = server->pool - server->seen;

	if (server->state == FEEDBACK_PERCENT)
		return server->seen / 100 - server->ratio;
	if (server->state != FEEDBACK_LOAD)
		return 1 - server->ratio;
	if (fabs(apart) < LOAD_NEAR)
		return 0;
	return server->gain * server->ratio * apart / (server->seen + LOAD_OFFSET);
}

/*
 * Those that follow their load move together: what one has to give up is taken by those that are below the pool, even
 * where each of these is inside of the dead band.
 */
static void
servers_move(struct feedback_server *const servers[], size_t count, const struct conf_feedback *conf)
{
	bool due = false;

	for (size_t i = 0; i < count; i++) {
		struct feedback_server *server = servers[i];
		double error = server_error(server);

		server->moved = server->state == FEEDBACK_STALE;
		/* Without news there is nothing to decide. */
		if (!server->reported ||
		    (server->state != FEEDBACK_LOAD && server->state != FEEDBACK_PERCENT))
			continue;
		server->moved = server_is_off(server, conf, error);
		if (server->state == FEEDBACK_LOAD)
			due |= server->moved;
	}
	for (size_t i = 0; i < count; i++) {
		struct feedback_server *server = servers[i];
		double step = conf->step / 100.0;

		if (server->moved || (due && server->reported && server->state == FEEDBACK_LOAD))
			server->ratio = ratio_bounded(
				conf, server->ratio + bounded(server_error(server), -step, step));
	}
}

/* Whether it should move, and can; and what its errors tell of its gain. */
static bool
server_is_off(struct feedback_server *server, const struct conf_feedback *conf, double error)
{
	double size = fabs(error) * 100;
	int lean = size <= conf->dead_band ? 0 : error < 0 ? -1 : 1;

	if (lean == 0 || !ratio_can_move(server, conf, lean)) {
		server->off = 0;
		server->gain += (1 - server->gain) * gain_relax;
		return false;
	}
	if (lean == server->lean) {
		server->off++;
		if (server->off >= OFF_LONG)
			server->gain = fmin(server->gain * gain_grow, gain_max);
	} else {
		server->off = 1;
		if (server->lean != 0)
			server->gain = fmax(server->gain * gain_halve, gain_min);
	}
	server->lean = lean;
	return server->off >= (size > 2 * conf->dead_band ? OFF_MUCH : OFF_LITTLE);
}

/*
 * The weights of those that follow their load sum up to what is configured, or all would wander to a bound: what is
 * missing is given to all, in proportion. Who reaches a bound leaves something for the next pass.
 */
static void
total_keep(struct feedback_server *const servers[], size_t count, const struct conf_feedback *conf)
{
	double step = conf->step / 100.0;

	for (int pass = 0; pass < TOTAL_PASSES; pass++) {
		double configured = 0, sum = 0;

		for (size_t i = 0; i < count; i++) {
			if (servers[i]->state != FEEDBACK_LOAD)
				continue;
			configured += servers[i]->weight;
			sum += servers[i]->weight * servers[i]->ratio;
		}
		if (fabs(sum - configured) <= configured * TOTAL_NEAR)
			return;
		for (size_t i = 0; i < count; i++) {
			struct feedback_server *server = servers[i];

			if (server->state == FEEDBACK_LOAD)
				server->ratio = ratio_bounded(conf, bounded(server->ratio * configured / sum,
									    server->before - step,
									    server->before + step));
		}
	}
}

static void
averages_follow(struct feedback_server *server)
{
	double factor;

	if (server->state != FEEDBACK_LOAD || server->ratio == server->before)
		return;
	factor = 1 + (server->ratio / server->before - 1) / fmax(server->gain, 1);
	for (int kind = 0; kind < CONF_LOAD_MAX; kind++)
		/* What is in memory stays there. */
		if (kind != CONF_LOAD_MEMORY)
			server->load[kind].value = bounded(server->load[kind].value * factor, 0, LOAD_MAX);
}

static double
ratio_bounded(const struct conf_feedback *conf, double ratio)
{
	return bounded(ratio, conf->floor / 100.0, conf->ceiling / 100.0);
}

static bool
ratio_can_move(const struct feedback_server *server, const struct conf_feedback *conf, int lean)
{
	return lean < 0 ? server->ratio > conf->floor / 100.0 : server->ratio < conf->ceiling / 100.0;
}

static double
bounded(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}
