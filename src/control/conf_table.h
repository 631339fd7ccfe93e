/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hash table from byte strings to pointers, for finding what was there
 * before: variables, duplicate services, servers, routes. It lives in an arena
 * and only grows. One thread at a time.
 */
#ifndef CONF_TABLE_H
#define CONF_TABLE_H

#include "conf_arena.h"

struct conf_table {
	struct conf_table_slot *slots;
	size_t slot_count, used;
};

/* The value stored under the key, or NULL. */
void *conf_table_get(const struct conf_table *table, const void *key, size_t key_len);

/*
 * Stores `value` under the key unless there is one already; returns what was
 * there before, or NULL. The key is copied. A value is never NULL.
 */
void *conf_table_put(struct conf_table *table, struct conf_arena *arena, const void *key, size_t key_len,
		     void *value);

#endif
