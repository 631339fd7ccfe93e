/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HAProxy's agent-check: what a server says of itself.
 *
 * An agent asks its server every delay_loop, for as long as it is started, and
 * gives all that holds after each answer; what an answer does not mention holds
 * on, as in HAProxy. What is made of it is the pool's business:
 *
 *   up, down            operational: a server is up when its checks and its agent say so
 *   ready, drain, maint administrative: drained servers have weight 0, those in maintenance are
 *                       out; both are no failure, and no notifier runs
 *   NN%                 of the weight that configuration and checks give; rounded up, 0% drains.
 *                       With `feedback` on, it goes there damped
 *   maxconn             upper limit of the server's connections, beside its uthreshold
 *   cpu:NN, mem:NN      loads in percent, rt:NN a response time in ms, NAME:NN the custom load in
 *                       percent; these go to feedback alone, and HAProxy passes over them
 *
 * Failing to reach the agent leaves all as it is. Control thread only.
 */
#ifndef SLUICE_AGENT_H
#define SLUICE_AGENT_H

#include "check.h"

struct agent;

enum agent_admin { AGENT_READY, AGENT_DRAIN, AGENT_MAINT };

/* All that holds after an attempt. What has never been said is as in a zero struct but for percent. */
struct agent_says {
	bool reached;    /* this attempt got an answer that could be read */
	bool down;       /* down, failed, stopped; until up */
	int32_t percent; /* of the weight; -1: none said */
	enum agent_admin admin;
	uint32_t maxconn;                            /* 0: none */
	bool fresh_percent, has_load[CONF_LOAD_MAX]; /* this answer had it: a report for feedback */
	double load[CONF_LOAD_MAX];                  /* percent; CONF_LOAD_RESPONSE: ms */
	char text[CHECK_TEXT_SIZE]; /* the answer, or why there is none; behind "down#" stands its reason */
};

#define AGENT_SAYS_NOTHING                                                                                   \
	{                                                                                                    \
		.percent = -1                                                                                \
	}

/* Called from the loop after each attempt; never from inside agent_start. May stop the agent. */
typedef void agent_says_fn(const struct agent_says *says, void *context);

/*
 * `conf` and `custom` outlive the agent. `custom` is what agents call the load that is
 * CONF_LOAD_CUSTOM here (conf_feedback.custom), or NULL. `before` is what held when this server's
 * agent was stopped last (a new configuration was applied); NULL: nothing. NULL when out of memory.
 */
struct agent *agent_start(struct check_env *env, const struct conf_agent *conf, const char *custom,
			  const struct check_target *target, const struct agent_says *before,
			  agent_says_fn *says, void *context);
void agent_stop(struct agent *agent);

#endif
