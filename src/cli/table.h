/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables for people. The first rows are kept until there are enough of them to
 * know how wide the columns are; all others are printed as they come, so a
 * list of any length takes no more memory than a short one.
 */
#ifndef SLUICE_CLI_TABLE_H
#define SLUICE_CLI_TABLE_H

#include <stdint.h>
#include <stdio.h>

struct table_column {
	const char *title;
	enum { TABLE_LEFT, TABLE_RIGHT } align;
};

enum { TABLE_COLUMNS_MAX = 20 };

struct table;

/* The columns must live as long as the table. NULL with errno set. */
struct table *table_create(FILE *out, const struct table_column *columns, unsigned int count);

/* The next cell of the row; the last one ends the row. */
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empty cells to the end of the row that has been begun. */
void table_row_end(struct table *table);

/* Prints what is left. A table without rows prints its titles. */
void table_destroy(struct table *table);

/* Ends it without printing what is left. */
void table_abandon(struct table *table);

/* A number with three digits or so: "999", "12.3k", "1.25M". */
enum { TABLE_NUMBER_SIZE = 24 };
const char *table_number(uint64_t number, char buf[TABLE_NUMBER_SIZE]);

/* How long ago, or for how long: "3 s", "2 min", "5 h", "12 d". Whole, so that a list that is read again does not flicker. */
const char *table_ago(uint64_t ms, char buf[TABLE_NUMBER_SIZE]);

#endif
