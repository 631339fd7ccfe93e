/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Feedback: from the load that servers report to their weights.
 *
 * What is wanted is equal load on all servers of a pool. Reports are averaged,
 * each server is compared with the pool, and weights move a bounded step at a
 * time to where they should be; within the dead band nothing moves. An agent
 * that reports no load but HAProxy's percent names its weight itself, which is
 * approached the same way. Without reports a weight returns to the configured
 * one. doc/feedback.md explains the arithmetic and shows it at work.
 *
 * Here is only arithmetic on plain data: no clock but what the caller says, no
 * timers, no descriptors. The caller owns a struct feedback_server for each
 * server, feeds it with reports as they come, calls feedback_decide once in
 * each interval, and asks for the weights then. Control thread only.
 */
#ifndef SLUICE_FEEDBACK_H
#define SLUICE_FEEDBACK_H

#include "conf_health.h"

#include <stddef.h>

enum { FEEDBACK_WHY_SIZE = 96 };

struct feedback_average {
	double value;
	uint32_t reports; /* that it is made of; 0: there is none */
	uint64_t at_ms;   /* the last one */
};

/* Why a server's weight is what it is. */
enum feedback_state {
	FEEDBACK_OUT,     /* down, drained, or without a weight: left out, and forgotten */
	FEEDBACK_SILENT,  /* has not reported yet */
	FEEDBACK_STALE,   /* reports no more: goes back to the configured weight */
	FEEDBACK_LOAD,    /* goes where its load is the pool's */
	FEEDBACK_PERCENT, /* goes where its agent says */
};

struct feedback_server {
	/* The caller's: before each decision. */
	uint32_t weight; /* as configured */
	bool in;         /* up and not drained */
	/* Ours. All zero is a server that has never been in. */
	struct feedback_average load[CONF_LOAD_MAX], percent;
	bool reported;    /* since the last decision */
	double ratio;     /* its weight, as a multiple of the configured one */
	double gain;      /* how much harder than in proportion its weight has to be moved */
	int lean;         /* which way it was off at the last decision: -1, 0, 1 */
	unsigned int off; /* decisions in a row that it was off this way */
	double before;    /* its ratio before the decision */
	bool moved;       /* by itself, at this decision */
	/* What the last decision saw. */
	enum feedback_state state;
	double seen, pool; /* percent */
};

/* A report in percent: of the load, whose kind is named, or of HAProxy's kind. What is no number is passed over, what is absurd is bounded. */
void feedback_load_add(struct feedback_server *server, const struct conf_feedback *conf,
		       enum conf_load_kind kind, double percent, uint64_t now_ms);
void feedback_response_add(struct feedback_server *server, const struct conf_feedback *conf, uint32_t took_us,
			   uint64_t now_ms);
void feedback_percent_add(struct feedback_server *server, const struct conf_feedback *conf, double percent,
			  uint64_t now_ms);

/* One interval is over. Says whether a ratio has changed. */
bool feedback_decide(struct feedback_server *const servers[], size_t count, const struct conf_feedback *conf,
		     uint64_t now_ms);

/*
 * What all effective weights of a pool are multiplied with, so that fractions of small ones can be told apart: the
 * least weight becomes 100 or more, none becomes more than the data plane takes. The same as long as the configured
 * weights are. Weights of 0 do not count.
 */
uint32_t feedback_scale(const struct conf_feedback *conf, const uint32_t weights[], size_t count);

/* The effective weight: at least 1, for what has a weight. */
uint32_t feedback_weight(const struct feedback_server *server, uint32_t scale);

/* "load 62 %, pool 48 %, weight 74 % of configured" */
void feedback_why(const struct feedback_server *server, char ret_text[FEEDBACK_WHY_SIZE]);

#endif
