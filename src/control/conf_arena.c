/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The arena of one configuration: chunks of zeros, cut from the front. What
 * is larger than a chunk gets a chunk of its own. See conf_arena.h for who may
 * use it and what happens when memory runs out.
 */
#include "conf_arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE_MIN = 4096, CHUNK_SIZE_MAX = 1 << 20, ALIGNMENT = 16 };

struct conf_arena_chunk {
	struct conf_arena_chunk *next;
	_Alignas(ALIGNMENT) char bytes[];
};

static size_t aligned(size_t size);
static void *cut(struct conf_arena *arena, size_t size);
static void chunk_add(struct conf_arena *arena, size_t size);
static void out_of_memory(struct conf_arena *arena) __attribute__((noreturn));

void *
conf_arena_alloc(struct conf_arena *arena, size_t size)
{
	if (size > SIZE_MAX / 4)
		out_of_memory(arena);

	/* A chunk's room is a multiple of it, so that this never passes the end. */
	arena->used = aligned(arena->used);
	return cut(arena, size);
}

void *
conf_arena_grow(struct conf_arena *arena, void *items, size_t count, size_t item_size)
{
	if (count > 0 && (count & (count - 1)) != 0)
		return items;

	size_t room = count == 0 ? 1 : count * 2;

	if (room > SIZE_MAX / 4 / item_size)
		out_of_memory(arena);

	void *larger = conf_arena_alloc(arena, room * item_size);

	if (count > 0)
		memcpy(larger, items, count * item_size);
	return larger;
}

char *
conf_arena_strndup(struct conf_arena *arena, const char *text, size_t len)
{
	if (len > SIZE_MAX / 4)
		out_of_memory(arena);

	/* Text needs no alignment, and there is much of it. Without length there may be no text. */
	char *copy = cut(arena, len + 1);

	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

char *
conf_arena_printf(struct conf_arena *arena, const char *format, ...)
{
	char small[256];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (len < 0)
		out_of_memory(arena);
	if ((size_t)len < sizeof(small))
		return conf_arena_strndup(arena, small, (size_t)len);

	char *text = conf_arena_alloc(arena, (size_t)len + 1);

	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

void
conf_arena_free(struct conf_arena *arena)
{
	struct conf_arena_chunk *chunk = arena->chunks;

	while (chunk != NULL) {
		struct conf_arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	arena->chunks = NULL;
	arena->used = arena->room = 0;
}

static size_t
aligned(size_t size)
{
	return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static void *
cut(struct conf_arena *arena, size_t size)
{
	if (size > arena->room - arena->used)
		chunk_add(arena, aligned(size));

	void *memory = arena->chunks->bytes + arena->used;

	arena->used += size;
	return memory;
}

/* Chunks double, so that a small file stays small and a large one has few. */
static void
chunk_add(struct conf_arena *arena, size_t size)
{
	size_t room = arena->room == 0 ? CHUNK_SIZE_MIN : arena->room * 2;

	if (room > CHUNK_SIZE_MAX)
		room = CHUNK_SIZE_MAX;
	if (room < size)
		room = size;

	struct conf_arena_chunk *chunk = calloc(1, sizeof(*chunk) + room);

	if (chunk == NULL)
		out_of_memory(arena);
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->used = 0;
	arena->room = room;
}

static void
out_of_memory(struct conf_arena *arena)
{
	longjmp(*arena->out_of_memory, 1);
}
