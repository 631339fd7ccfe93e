/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a check is due, and when its verdicts change a state: keepalived's rules
 * as arithmetic on plain data.
 *
 * A checker that is up stays so until `fall` failures in a row, tried again
 * after delay_before_retry; one that is down comes up by `rise` successes.
 * HTTP's URLs are steps: each in turn, one in each delay_loop. A failing one
 * is tried again until it is good or the checker is down; while down, first
 * that one must be good, and then all of them in one round.
 *
 * Attempts are due delay_loop after the one before was due, so that time spent
 * in them does not add up; one that takes longer delays the next, and there
 * are never two at once. The caller has clock and timers.
 */
#ifndef SLUICE_CHECKER_STATE_H
#define SLUICE_CHECKER_STATE_H

#include "conf_health.h"

struct checker_rules {
	uint32_t delay_loop_ms, delay_before_retry_ms;
	uint32_t down_ms;       /* between attempts while down */
	uint32_t fall, rise;    /* at least 1 */
	unsigned int steps;     /* at least 1 */
	bool retry_since_start; /* delay_before_retry counts from where the failed attempt began */
	bool fast_recovery;     /* a round's steps follow at once */
};

struct checker_state {
	bool up;
	bool known;         /* has had a verdict */
	bool round;         /* down: all steps are gone through, `step` is next */
	unsigned int step;  /* of the next attempt */
	uint32_t failures;  /* attempts in a row */
	uint32_t successes; /* down: whole ones in a row */
};

/* One attempt: when it was due, when it began and when its verdict came. */
struct checker_attempt {
	uint64_t due_ms, began_ms, ended_ms;
	bool good;
};

struct checker_rules checker_rules_of(const struct conf_checker *conf, unsigned int steps);
struct checker_state checker_state_new(bool up);

/* Takes a verdict in. Returns when the next attempt is due; *ret_changed: `up` is another now. */
uint64_t checker_state_verdict(struct checker_state *state, const struct checker_rules *rules,
			       const struct checker_attempt *attempt, bool *ret_changed);

#endif
