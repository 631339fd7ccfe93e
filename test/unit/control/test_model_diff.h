/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of what a new file changes: two files, and the lines that tell it.
 */
#ifndef TEST_MODEL_DIFF_H
#define TEST_MODEL_DIFF_H

#include "model_private.h"

struct diff_row {
	const char *name, *old, *now;
	const char *lines; /* one each change, all there are, in order */
};

typedef void diff_fn(const struct conf *old, const struct conf *now,
		     void (*line)(const char *text, void *context), void *context);

/* Loads both files of each row, and compares what `diff` says of them. */
void diff_rows_check(const struct diff_row *rows, size_t count, diff_fn *diff);

#endif
