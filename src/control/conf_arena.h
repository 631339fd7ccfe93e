/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that is given back all at once. Everything that belongs to one load
 * of a configuration comes from an arena, so there is nothing to free on the
 * many ways out of a faulty file.
 *
 * Out of memory is one long jump to where the load began: the arena's owner
 * sets `out_of_memory` and has setjmp called before the first allocation. One
 * thread at a time.
 */
#ifndef CONF_ARENA_H
#define CONF_ARENA_H

#include <setjmp.h>
#include <stddef.h>

struct conf_arena {
	struct conf_arena_chunk *chunks;
	size_t used, room; /* of the newest chunk */
	jmp_buf *out_of_memory;
};

/* Zeroed, aligned for any type. Does not return when there is no memory. */
void *conf_arena_alloc(struct conf_arena *arena, size_t size);

/*
 * Room for one more element behind `count` of them: `items` itself, or a
 * larger copy whenever count reaches a power of two (or zero).
 */
void *conf_arena_grow(struct conf_arena *arena, void *items, size_t count, size_t item_size);

/* The first `len` bytes with a terminating zero. */
char *conf_arena_strndup(struct conf_arena *arena, const char *text, size_t len);
char *conf_arena_printf(struct conf_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Frees all of it; the arena is empty and usable afterwards. */
void conf_arena_free(struct conf_arena *arena);

#endif
