/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The look-up tables of a snapshot: built by the control thread, never changed
 * afterwards (but for addresses that are held or not: ha.c), read by every worker. Both are open-addressing tables at most
 * half full, so a search always ends at an empty entry.
 */
#include "snapshot.h"

#include <rte_common.h>

#include <stdlib.h>

enum { ADDR_SPARSE_MAX = 4096 };

_Atomic(const struct dp_snapshot *) dp_snapshot_current;

static uint32_t
table_size(uint32_t count)
{
	uint32_t size = 8;

	while (size < 2 * count)
		size *= 2;
	return size;
}

/* The product's top bits: the low ones do not depend on an IPv4 address's last bytes, which lie highest. */
static uint32_t
key_hash(const struct service_table *table, const struct dp_service_key *key)
{
	uint64_t low, high;

	memcpy(&low, key->vip.b, 8);
	memcpy(&high, key->vip.b + 8, 8);
	low = (low * UINT64_C(0xc2b2ae3d27d4eb4f)) ^ high ^ ((uint64_t)key->port << 8 | key->proto);
	return (uint32_t)((low * UINT64_C(0x9e3779b97f4a7c15)) >> table->shift);
}

static bool
key_eq(const struct dp_service_key *a, const struct dp_service_key *b)
{
	return a->port == b->port && a->proto == b->proto && sl_addr_eq(&a->vip, &b->vip);
}

uint32_t
service_table_find(const struct service_table *table, const struct dp_service_key *key)
{
	uint32_t at = key_hash(table, key);

	for (; table->entry[at].slot != 0; at = (at + 1) & table->mask)
		if (key_eq(&table->entry[at].key, key))
			return table->entry[at].slot;
	return 0;
}

/* So empty that a search ends at its first entry; where that would cost megabytes, half full. */
static uint32_t
addr_table_size(uint32_t count)
{
	return table_size(count <= ADDR_SPARSE_MAX ? RTE_MAX(count, 4u) * 4 : count);
}

/* What entries of groups are, kept aside. One that is nothing else is an own address. */
static void
moving_list(struct addr_table *table)
{
	for (uint32_t at = 0; at <= table->mask; at++) {
		uint64_t flags = table->entry[at].flags;

		if (addr_flags_group(flags) == 0)
			continue;
		if ((flags & ADDR_KINDS) == 0)
			flags |= ADDR_OWN;
		table->entry[at].flags = flags | (flags & ADDR_KINDS) << ADDR_KEPT_SHIFT;
		table->moving[table->moving_count++] = at;
	}
}

struct addr_table *
addr_table_build(const struct addr_entry *entries, uint32_t count)
{
	uint32_t size = addr_table_size(count);
	uint32_t moving = 0;
	struct addr_table *table;

	for (uint32_t i = 0; i < count; i++)
		moving += addr_flags_group(entries[i].flags) != 0;
	table = calloc(1, sizeof(*table) + size * sizeof(table->entry[0]) + moving * sizeof(*table->moving));
	if (table == NULL)
		return NULL;
	table->mask = size - 1;
	table->shift = 64 - (uint32_t)__builtin_ctz(size);
	table->moving = (uint32_t *)&table->entry[size];
	for (uint32_t i = 0; i < count; i++) {
		uint64_t low, high;
		uint32_t at;

		memcpy(&low, entries[i].addr.b, 8);
		memcpy(&high, entries[i].addr.b + 8, 8);
		at = (uint32_t)addr_table_hash(table->shift, low, high);

		while (table->entry[at].flags != 0 && !sl_addr_eq(&table->entry[at].addr, &entries[i].addr))
			at = (at + 1) & table->mask;
		table->entry[at].addr = entries[i].addr;
		table->entry[at].flags |= entries[i].flags;
	}
	moving_list(table);
	return table;
}

struct service_table *
service_table_build(const struct service_entry *entries, uint32_t count)
{
	uint32_t size = table_size(count);
	struct service_table *table = calloc(1, sizeof(*table) + size * sizeof(table->entry[0]));

	if (table == NULL)
		return NULL;
	table->mask = size - 1;
	table->shift = 64 - (uint32_t)__builtin_ctz(size);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = key_hash(table, &entries[i].key);

		while (table->entry[at].slot != 0)
			at = (at + 1) & table->mask;
		table->entry[at] = entries[i];
	}
	return table;
}
