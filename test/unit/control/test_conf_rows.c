/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runner of the tables of faults; see test_conf_rows.h.
 */
#include "test_conf_rows.h"

#include <stdio.h>
#include <stdlib.h>

static const char port[] =
	"port p { tap on\n  device net_null9\n  address 10.0.0.1/8\n  address 2001:db8::1/64\n}\n";

enum { PORT_LINES = 5 };

void
conf_rows_check(const struct conf_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct conf_row *row = &rows[i];
		struct conf_faults faults = { 0 };
		char *text = NULL, *got;
		int len = asprintf(&text, "%s%s", row->bare ? "" : port, row->text);
		struct conf *conf = conf_load_text("t", text, (size_t)len, false, &faults);

		got = conf_faults_text(&faults, row->bare ? 0 : PORT_LINES);
		sl_check_str(row->name, got, row->faults);
		sl_check_int(row->name, conf == NULL, faults.errors > 0);
		conf_free(conf);
		conf_faults_free(&faults);

		conf = conf_load_text("t", text, (size_t)len, true, &faults);
		sl_check_int(row->name, conf != NULL, row->passes);
		conf_free(conf);
		conf_faults_free(&faults);
		free(text);
		free(got);
	}
}

char *
conf_faults_text(const struct conf_faults *faults, unsigned int lines_before)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	for (const struct conf_fault *fault = faults->first; fault != NULL; fault = fault->next)
		fprintf(stream, "%d:%u: %s%s\n", (int)fault->line - (int)lines_before, fault->column,
			fault->severity == CONF_WARNING ? "warning: " : "", fault->text);
	fclose(stream);
	return text;
}
