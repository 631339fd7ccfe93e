/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every unit test needs: cmocka with the headers it wants first, and
 * checks that name the row of the table that failed.
 *
 *	static const struct { const char *text; int err; } rows[] = { ... };
 *
 *	for (size_t i = 0; i < SL_COUNT(rows); i++)
 *		sl_check_int(rows[i].text, parse(rows[i].text), rows[i].err);
 */
#ifndef SL_TEST_H
#define SL_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define SL_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* `row` is what the table's comment column says, or whatever names the case. */
#define sl_check(row, condition)                                                                             \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			fail_msg("row \"%s\": not true: %s", (row), #condition);                             \
	} while (0)

#define sl_check_int(row, got, want)                                                                         \
	do {                                                                                                 \
		long long got_ = (long long)(got), want_ = (long long)(want);                                \
		if (got_ != want_)                                                                           \
			fail_msg("row \"%s\": %s is %lld, not %lld", (row), #got, got_, want_);              \
	} while (0)

#define sl_check_str(row, got, want)                                                                         \
	do {                                                                                                 \
		const char *got_ = (got), *want_ = (want);                                                   \
		if (strcmp(got_, want_) != 0)                                                                \
			fail_msg("row \"%s\": %s is \"%s\", not \"%s\"", (row), #got, got_, want_);          \
	} while (0)

#endif
