/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model by stories: files applied and commands given one after the other,
 * and what runs then. After each step the data plane must have the same, and
 * what was refused must have changed nothing.
 */
#ifndef TEST_MODEL_STORY_H
#define TEST_MODEL_STORY_H

#include "test_model_text.h"

enum { STEPS_MAX = 12 };

/* "= " before a step's text is a file, everything else a command (test_model_text.h). */
struct step {
	const char *text;
	int rc;
	const char *says; /* part of the refusal's text; NULL: not looked at */
};

struct story {
	const char *name;
	const char *first; /* file; the data plane has its ports */
	struct step steps[STEPS_MAX];
	const char *runs;
};

void stories_run(const struct story *stories, size_t count);

/* A model over a data plane with the ports of `text`. */
struct model *model_from_text(const char *text);

/* A file or a command; on refusal, its text. */
int step_run(struct model *model, const char *text, char ret_says[DP_ERROR_SIZE]);

#endif
