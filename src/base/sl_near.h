/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * "Did you mean ...?": the word of a list that a mistyped one was probably
 * meant to be. Pure functions. Any thread.
 */
#ifndef SL_NEAR_H
#define SL_NEAR_H

/*
 * How many letters have to be inserted, removed, exchanged or swapped with
 * their neighbour to make one word of the other; case does not count. Words
 * longer than 63 letters are far from everything (1000).
 */
unsigned int sl_near_distance(const char *a, const char *b);

/* The i-th word of a list, NULL past its end. */
typedef const char *sl_near_at(unsigned int i, const void *context);

/* The nearest word of the list, or NULL when none is near: more than one letter in three is wrong. */
const char *sl_near_find(const char *word, sl_near_at *at, const void *context);

#endif
