/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distances between words, for "did you mean ...?" (sl_near.h). The measure is
 * that of Damerau and Levenshtein in its restricted form (optimal string
 * alignment): a swap of two neighbours is one mistake, as typing goes.
 */
#include "sl_near.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { WORD_MAX = 63, FAR = 1000 };

static unsigned int
least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

unsigned int
sl_near_distance(const char *a, const char *b)
{
	/* Three rows of the table: of the letter before the last of a, the last, and this one. */
	unsigned int rows[3][WORD_MAX + 1];
	unsigned int *before = rows[0], *above = rows[1], *row = rows[2];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return FAR;
	for (size_t j = 0; j <= b_len; j++)
		above[j] = (unsigned int)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned int *spare = before;

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

const char *
sl_near_find(const char *word, sl_near_at *at, const void *context)
{
	const char *nearest = NULL, *name;
	size_t limit = (strlen(word) + 2) / 3;

	for (unsigned int i = 0; (name = at(i, context)) != NULL; i++) {
		unsigned int distance = sl_near_distance(word, name);

		if (distance <= limit) {
			nearest = name;
			limit = distance;
			if (limit == 0)
				break;
			limit--;
		}
	}
	return nearest;
}
