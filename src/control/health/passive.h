/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers that do not answer clients: how many of the connections of the last
 * window were refused, or got no answer.
 *
 * The data plane counts connections given, answered and refused, not which. So
 * of those that are under way nothing is known yet: each has a second to be
 * answered. What was given a second ago and earlier, less all that has been
 * answered or refused by now, has failed for sure; the greatest that this has
 * ever been only grows, and what it grew by in the window are the failures in
 * it. A server that is slow but answers makes it grow once, not on and on.
 * Plain functions; any thread.
 */
#ifndef SLUICE_PASSIVE_H
#define SLUICE_PASSIVE_H

#include "conf_health.h"

enum { PASSIVE_EVERY_MS = 250, PASSIVE_ANSWER_MS = 1000, PASSIVE_SAMPLES = 64, PASSIVE_TEXT_SIZE = 128 };

/* As dp_real_stats counts. */
struct passive_counts {
	uint64_t syns, answered, refused;
};

struct passive_sample {
	uint64_t at_ms, syns;
	int64_t failed; /* refused, and unanswered for sure */
};

/* Zero: nothing seen yet. */
struct passive {
	struct passive_counts last;
	int64_t unanswered; /* for sure, at most so far */
	struct passive_sample sample[PASSIVE_SAMPLES];
	unsigned int count; /* added so far */
};

/*
 * Takes in what the counters are now, every PASSIVE_EVERY_MS or less often. True if the server is to
 * be taken for down, with the reason in ret_text. Counters that fall begin anew.
 */
bool passive_add(struct passive *passive, const struct conf_passive *conf,
		 const struct passive_counts *counts, uint64_t now_ms, char ret_text[PASSIVE_TEXT_SIZE]);

#endif
