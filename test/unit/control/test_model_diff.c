/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runner of the tables of changes; see test_model_diff.h.
 */
#include "test_model_diff.h"

#include "sl_test.h"
#include "test_conf_load.h"

#include <stdio.h>
#include <stdlib.h>

static void
line_keep(const char *text, void *context)
{
	fprintf(context, "%s\n", text);
}

void
diff_rows_check(const struct diff_row *rows, size_t count, diff_fn *diff)
{
	for (size_t i = 0; i < count; i++) {
		struct conf *old = conf_load_good(rows[i].name, rows[i].old);
		struct conf *now = conf_load_good(rows[i].name, rows[i].now);
		char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		diff(old, now, line_keep, stream);
		fclose(stream);
		sl_check_str(rows[i].name, text, rows[i].lines);
		free(text);
		conf_free(old);
		conf_free(now);
	}
}
