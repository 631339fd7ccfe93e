/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers that do not answer clients (passive.h).
 */
#include "passive.h"

#include <stdio.h>

static const struct passive_sample *sample_last(const struct passive *passive);
static const struct passive_sample *sample_at(const struct passive *passive, uint64_t at_ms);
static bool counts_fell(const struct passive_counts *then, const struct passive_counts *now);
static uint64_t before(uint64_t now_ms, uint64_t by_ms);

bool
passive_add(struct passive *passive, const struct conf_passive *conf, const struct passive_counts *counts,
	    uint64_t now_ms, char ret_text[PASSIVE_TEXT_SIZE])
{
	/* So that the samples cover the window and the second before it. */
	uint64_t every_ms = (conf->window_ms + PASSIVE_ANSWER_MS) / (PASSIVE_SAMPLES - 2);
	int64_t settled = (int64_t)(counts->answered + counts->refused), given, failed;
	uint64_t recent, older, total;

	if (passive->count > 0 && counts_fell(&passive->last, counts))
		passive->count = 0;
	if (passive->count == 0)
		passive->unanswered = (int64_t)counts->syns - settled;
	else if (now_ms < sample_last(passive)->at_ms + every_ms)
		return false;
	passive->last = *counts;
	if (passive->count > 0) {
		given = (int64_t)sample_at(passive, before(now_ms, PASSIVE_ANSWER_MS))->syns;
		if (given - settled > passive->unanswered)
			passive->unanswered = given - settled;
	}
	passive->sample[passive->count++ % PASSIVE_SAMPLES] = (struct passive_sample){
		.at_ms = now_ms,
		.syns = counts->syns,
		.failed = (int64_t)counts->refused + passive->unanswered,
	};

	failed = sample_last(passive)->failed - sample_at(passive, before(now_ms, conf->window_ms))->failed;
	recent = counts->syns - sample_at(passive, before(now_ms, conf->window_ms))->syns;
	older = sample_at(passive, before(now_ms, PASSIVE_ANSWER_MS))->syns -
		sample_at(passive, before(now_ms, conf->window_ms + PASSIVE_ANSWER_MS))->syns;
	total = recent > older ? recent : older;
	if (failed <= 0 || failed < (int64_t)conf->failures ||
	    (uint64_t)failed * 100 < (uint64_t)conf->percent * total)
		return false;
	snprintf(ret_text, PASSIVE_TEXT_SIZE, "%lld connections refused or unanswered in %u ms",
		 (long long)failed, conf->window_ms);
	return true;
}

static const struct passive_sample *
sample_last(const struct passive *passive)
{
	return &passive->sample[(passive->count - 1) % PASSIVE_SAMPLES];
}

/* The newest that is as old; else the oldest there is. */
static const struct passive_sample *
sample_at(const struct passive *passive, uint64_t at_ms)
{
	unsigned int held = passive->count < PASSIVE_SAMPLES ? passive->count : PASSIVE_SAMPLES;
	const struct passive_sample *sample = sample_last(passive);

	for (unsigned int i = 1; i <= held && (i == 1 || sample->at_ms > at_ms); i++)
		sample = &passive->sample[(passive->count - i) % PASSIVE_SAMPLES];
	return sample;
}

static bool
counts_fell(const struct passive_counts *then, const struct passive_counts *now)
{
	return now->syns < then->syns || now->answered < then->answered || now->refused < then->refused;
}

static uint64_t
before(uint64_t now_ms, uint64_t by_ms)
{
	return now_ms > by_ms ? now_ms - by_ms : 0;
}
