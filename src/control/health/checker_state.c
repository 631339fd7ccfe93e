/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a check is due, and when its verdicts change a state (checker_state.h).
 * Plain functions; any thread.
 */
#include "checker_state.h"

static uint64_t good_while_up(struct checker_state *state, const struct checker_rules *rules,
			      const struct checker_attempt *attempt);
static uint64_t bad_while_up(struct checker_state *state, const struct checker_rules *rules,
			     const struct checker_attempt *attempt);
static uint64_t good_while_down(struct checker_state *state, const struct checker_rules *rules,
				const struct checker_attempt *attempt);
static uint64_t bad_while_down(struct checker_state *state, const struct checker_rules *rules,
			       const struct checker_attempt *attempt);
static uint64_t later(uint64_t a, uint64_t b);

struct checker_rules
checker_rules_of(const struct conf_checker *conf, unsigned int steps)
{
	bool http = conf->type == CONF_CHECK_HTTP || conf->type == CONF_CHECK_SSL;
	struct checker_rules rules = {
		.delay_loop_ms = conf->delay_loop_ms,
		.delay_before_retry_ms = conf->delay_before_retry_ms,
		.down_ms = conf->delay_loop_ms,
		.fall = conf->fall > 0 ? conf->fall : 1,
		.rise = conf->rise > 0 ? conf->rise : 1,
		.steps = steps > 0 ? steps : 1,
		.retry_since_start = conf->type == CONF_CHECK_MISC,
		.fast_recovery = http && conf->http.fast_recovery,
	};

	if (http && rules.down_ms < rules.delay_before_retry_ms)
		rules.down_ms = rules.delay_before_retry_ms;
	return rules;
}

struct checker_state
checker_state_new(bool up)
{
	return (struct checker_state){ .up = up, .round = !up };
}

uint64_t
checker_state_verdict(struct checker_state *state, const struct checker_rules *rules,
		      const struct checker_attempt *attempt, bool *ret_changed)
{
	bool was_up = state->up;
	uint64_t next_ms;

	state->known = true;
	state->failures = attempt->good ? 0 : state->failures + 1;
	if (state->up)
		next_ms = attempt->good ? good_while_up(state, rules, attempt)
					: bad_while_up(state, rules, attempt);
	else
		next_ms = attempt->good ? good_while_down(state, rules, attempt)
					: bad_while_down(state, rules, attempt);
	*ret_changed = state->up != was_up;
	return next_ms;
}

static uint64_t
good_while_up(struct checker_state *state, const struct checker_rules *rules,
	      const struct checker_attempt *attempt)
{
	state->step = (state->step + 1) % rules->steps;
	return later(attempt->due_ms + rules->delay_loop_ms, attempt->ended_ms);
}

/* The same step again, until it is good or there have been enough. */
static uint64_t
bad_while_up(struct checker_state *state, const struct checker_rules *rules,
	     const struct checker_attempt *attempt)
{
	if (state->failures < rules->fall) {
		uint64_t since_ms = rules->retry_since_start ? attempt->began_ms : attempt->ended_ms;

		return later(since_ms + rules->delay_before_retry_ms, attempt->ended_ms);
	}
	state->up = false;
	state->round = rules->steps == 1;
	state->successes = 0;
	return later(attempt->due_ms + rules->down_ms, attempt->ended_ms);
}

static uint64_t
good_while_down(struct checker_state *state, const struct checker_rules *rules,
		const struct checker_attempt *attempt)
{
	uint64_t next_ms = later(attempt->due_ms + rules->delay_loop_ms, attempt->ended_ms);

	if (!state->round) {
		/* The step that failed is good again: now all of them. */
		state->round = true;
		state->step = 0;
		return rules->fast_recovery ? attempt->ended_ms : next_ms;
	}
	state->step = (state->step + 1) % rules->steps;
	if (state->step != 0)
		return rules->fast_recovery ? attempt->ended_ms : next_ms;
	if (++state->successes >= rules->rise) {
		state->up = true;
		state->round = false;
	}
	return next_ms;
}

static uint64_t
bad_while_down(struct checker_state *state, const struct checker_rules *rules,
	       const struct checker_attempt *attempt)
{
	state->round = rules->steps == 1;
	state->successes = 0;
	return later(attempt->due_ms + rules->down_ms, attempt->ended_ms);
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}
