/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open addressing with linear probing, doubled when half full. FNV-1a with a
 * final mix: the keys are an operator's own file, not an attacker's packets.
 */
#include "conf_table.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SLOTS_MIN = 16 };

struct conf_table_slot {
	const void *key;
	void *value; /* NULL: free */
	uint32_t key_len, hash;
};

static struct conf_table_slot *slot_find(const struct conf_table *table, const void *key, size_t key_len,
					 uint32_t hash);
static void table_double(struct conf_table *table, struct conf_arena *arena);
static uint32_t key_hash(const void *key, size_t key_len);

void *
conf_table_get(const struct conf_table *table, const void *key, size_t key_len)
{
	if (table->slot_count == 0)
		return NULL;
	return slot_find(table, key, key_len, key_hash(key, key_len))->value;
}

void *
conf_table_put(struct conf_table *table, struct conf_arena *arena, const void *key, size_t key_len,
	       void *value)
{
	if (table->used * 2 >= table->slot_count)
		table_double(table, arena);

	uint32_t hash = key_hash(key, key_len);
	struct conf_table_slot *slot = slot_find(table, key, key_len, hash);

	if (slot->value != NULL)
		return slot->value;
	slot->key = conf_arena_strndup(arena, key, key_len);
	slot->key_len = (uint32_t)key_len;
	slot->hash = hash;
	slot->value = value;
	table->used++;
	return NULL;
}

/* The slot of the key, or the free one where it would go. */
static struct conf_table_slot *
slot_find(const struct conf_table *table, const void *key, size_t key_len, uint32_t hash)
{
	for (size_t i = hash;; i++) {
		struct conf_table_slot *slot = &table->slots[i & (table->slot_count - 1)];

		if (slot->value == NULL)
			return slot;
		if (slot->hash == hash && slot->key_len == key_len && memcmp(slot->key, key, key_len) == 0)
			return slot;
	}
}

static void
table_double(struct conf_table *table, struct conf_arena *arena)
{
	struct conf_table larger = { .slot_count =
					     table->slot_count == 0 ? SLOTS_MIN : table->slot_count * 2 };

	larger.slots = conf_arena_alloc(arena, larger.slot_count * sizeof(*larger.slots));
	for (size_t i = 0; i < table->slot_count; i++) {
		const struct conf_table_slot *slot = &table->slots[i];

		if (slot->value != NULL)
			*slot_find(&larger, slot->key, slot->key_len, slot->hash) = *slot;
	}
	larger.used = table->used;
	*table = larger;
}

static uint32_t
key_hash(const void *key, size_t key_len)
{
	const uint8_t *byte = key;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < key_len; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3;
	return (uint32_t)(hash ^ hash >> 29 ^ hash >> 47);
}
