/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Aligned columns (table.h). Rows that are kept lie one after another in one
 * buffer, each cell as its text and a zero.
 */
#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_ROWS = 512, CELL_SIZE = 512, GAP = 2 };

struct table {
	FILE *out;
	const struct table_column *columns;
	unsigned int count, column; /* of the row under way */
	int width[TABLE_COLUMNS_MAX];
	int blanks;        /* owed before the next text of the line: none stand at its end */
	unsigned int kept; /* rows; once they are printed, `flowing` */
	bool flowing;
	char *text;
	size_t len, room;
};

static void cell_keep(struct table *table, const char *cell);
static void cell_print(struct table *table, unsigned int column, const char *cell);
static void kept_print(struct table *table);

struct table *
table_create(FILE *out, const struct table_column *columns, unsigned int count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->out = out;
	table->columns = columns;
	table->count = count;
	for (unsigned int i = 0; i < count; i++)
		table->width[i] = (int)strlen(columns[i].title);
	return table;
}

void
table_cell(struct table *table, const char *format, ...)
{
	char cell[CELL_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(cell, sizeof(cell), format, args);
	va_end(args);
	if (table->flowing)
		cell_print(table, table->column, cell);
	else
		cell_keep(table, cell);
	if (++table->column < table->count)
		return;
	table->column = 0;
	if (!table->flowing && ++table->kept == KEPT_ROWS)
		kept_print(table);
}

void
table_row_end(struct table *table)
{
	while (table->column != 0)
		table_cell(table, "%s", "");
}

void
table_destroy(struct table *table)
{
	if (table == NULL)
		return;
	if (!table->flowing)
		kept_print(table);
	table_abandon(table);
}

void
table_abandon(struct table *table)
{
	if (table == NULL)
		return;
	fflush(table->out);
	free(table->text);
	free(table);
}

const char *
table_number(uint64_t number, char buf[TABLE_NUMBER_SIZE])
{
	static const char units[] = "kMGTPE";
	double value = (double)number;
	int unit = -1;

	while (value >= 999.5 && units[unit + 1] != '\0') {
		value /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, TABLE_NUMBER_SIZE, "%u", (unsigned int)number);
	else
		snprintf(buf, TABLE_NUMBER_SIZE, "%.*f%c",
			 value < 9.995   ? 2
			 : value < 99.95 ? 1
					 : 0,
			 value, units[unit]);
	return buf;
}

const char *
table_ago(uint64_t ms, char buf[TABLE_NUMBER_SIZE])
{
	static const struct {
		uint64_t below_s, s;
		const char *unit;
	} units[] = {
		{ 120, 1, "s" }, { 7200, 60, "min" }, { 172800, 3600, "h" }, { UINT64_MAX, 86400, "d" }
	};
	size_t i = 0;

	while (ms / 1000 >= units[i].below_s)
		i++;
	snprintf(buf, TABLE_NUMBER_SIZE, "%llu %s", (unsigned long long)(ms / 1000 / units[i].s),
		 units[i].unit);
	return buf;
}

static void
cell_keep(struct table *table, const char *cell)
{
	size_t size = strlen(cell) + 1;

	if (table->len + size > table->room) {
		size_t room = (table->room + size) * 2;
		char *text = realloc(table->text, room);

		if (text == NULL) {
			fprintf(stderr, "sluicectl: out of memory\n");
			exit(1);
		}
		table->text = text;
		table->room = room;
	}
	memcpy(table->text + table->len, cell, size);
	table->len += size;
	if ((int)size - 1 > table->width[table->column])
		table->width[table->column] = (int)size - 1;
}

static void
cell_print(struct table *table, unsigned int column, const char *cell)
{
	int fill = table->width[column] - (int)strlen(cell);
	bool right = table->columns[column].align == TABLE_RIGHT;

	if (fill < 0)
		fill = 0;
	table->blanks += right ? fill : 0;
	if (*cell != '\0') {
		fprintf(table->out, "%*s%s", table->blanks, "", cell);
		table->blanks = 0;
	}
	table->blanks += (right ? 0 : fill) + GAP;
	if (column + 1 == table->count) {
		fputc('\n', table->out);
		table->blanks = 0;
	}
}

static void
kept_print(struct table *table)
{
	const char *cell = table->text;

	for (unsigned int i = 0; i < table->count; i++)
		cell_print(table, i, table->columns[i].title);
	for (unsigned int row = 0; row < table->kept; row++) {
		for (unsigned int i = 0; i < table->count; i++) {
			cell_print(table, i, cell);
			cell += strlen(cell) + 1;
		}
	}
	table->flowing = true;
}
