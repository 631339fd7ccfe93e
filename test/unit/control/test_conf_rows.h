/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of faulty configurations. A row's text stands behind a port that is
 * good:
 *
 *	port p { tap on
 *	  device net_null9
 *	  address 10.0.0.1/8
 *	  address 2001:db8::1/64
 *	}
 *
 * so "line 6" in a message is the first line of the row, while the expected
 * places count from the row's own first line.
 */
#ifndef TEST_CONF_ROWS_H
#define TEST_CONF_ROWS_H

#include "conf.h"
#include "sl_test.h"

struct conf_row {
	const char *name;
	const char *text;
	const char *faults; /* LINE:COLUMN: message, a line each; all there are, in order */
	bool bare;          /* without the port before it */
	bool passes;        /* a strict load takes it: no faults, or only what this box lacks */
};

/* Loads each row, and compares the faults; loads it strictly, and sees it refused. */
void conf_rows_check(const struct conf_row *rows, size_t count);

/* As in a row. To be freed. */
char *conf_faults_text(const struct conf_faults *faults, unsigned int lines_before);

#endif
