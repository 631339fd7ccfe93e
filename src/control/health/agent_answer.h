/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What agents say: a line of words, by blanks, tabs or commas, in any order.
 *
 *	75% maxconn:200 # cpu:62 mem:48
 *	drain
 *	down#disk full
 *
 * The words are HAProxy's (up, down, fail, failed, stopped, ready, drain,
 * maint, NN%, maxconn:NN; small or capital letters) and Sluice's (cpu:NN,
 * mem:NN, rt:NN, NAME:NN). What follows a # is for people; only loads are looked
 * for there, too, which HAProxy does not know and would complain of elsewhere.
 * Where a line contradicts itself the later word holds, as in HAProxy. Words
 * that nobody knows are counted, and nothing else. Pure functions. Any thread.
 */
#ifndef SLUICE_AGENT_ANSWER_H
#define SLUICE_AGENT_ANSWER_H

#include "agent.h"

/* An answer is longer than that: refused. */
enum { AGENT_LINE_MAX = 1024 };

struct agent_answer {
	unsigned int known, unknown; /* words */
	bool says_health, down;
	bool says_admin;
	enum agent_admin admin;
	bool says_percent;
	int32_t percent;
	bool says_maxconn;
	uint32_t maxconn;
	bool has_load[CONF_LOAD_MAX];
	double load[CONF_LOAD_MAX]; /* percent; CONF_LOAD_RESPONSE: ms */
};

/* `line` may hold anything; it ends at `size`, or at the first end of a line before that. */
void agent_answer_parse(const char *line, size_t size, const char *custom, struct agent_answer *ret_answer);

/* What holds after an answer; what it does not mention holds on. All but `text`. */
void agent_answer_apply(const struct agent_answer *answer, struct agent_says *says);

#endif
