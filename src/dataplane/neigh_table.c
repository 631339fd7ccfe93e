/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hash table that takes an address to its neighbour's index.
 *
 * Buckets are chains through the key array. The control thread alone links and
 * unlinks; any thread walks the chains at the same time without a lock: a new
 * entry is complete before the release store that makes it findable, and an
 * unlinked one keeps its `next`, so that whoever stands on it finds the rest of
 * the chain. The index must not be linked again before a grace period has
 * passed (neigh.c sees to it).
 *
 * The hash is keyed, because whoever sends packets chooses the addresses.
 */
#include "neigh.h"

__extension__ typedef unsigned __int128 u128;

struct dp_neigh_table dp_neigh_table;
_Atomic uint64_t dp_net_epoch = 1;

static uint32_t
hash(unsigned int port, const struct sl_addr *addr)
{
	uint64_t low, high;
	u128 product;

	memcpy(&low, addr->b, sizeof(low));
	memcpy(&high, addr->b + 8, sizeof(high));
	product = (u128)(low ^ dp_neigh_table.secret[0]) *
		  (high ^ dp_neigh_table.secret[1] ^ (uint64_t)port << 32);
	low = (uint64_t)product ^ (uint64_t)(product >> 64);
	return (uint32_t)(low ^ low >> 32) & (DP_NEIGH_BUCKETS - 1);
}

uint32_t
dp_neigh_find(unsigned int port, const struct sl_addr *addr)
{
	uint32_t index = atomic_load_explicit(&dp_neigh_table.bucket[hash(port, addr)], memory_order_acquire);

	while (index != 0) {
		const struct dp_neigh_key *key = &dp_neigh_table.key[index];

		if (sl_addr_eq(&key->addr, addr) && key->port == port)
			break;
		index = atomic_load_explicit(&key->next, memory_order_acquire);
	}
	return index;
}

void
dp_net_epoch_bump(void)
{
	atomic_fetch_add_explicit(&dp_net_epoch, 1, memory_order_release);
}

static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void
dp_neigh_table_init(uint64_t seed)
{
	for (uint32_t i = 0; i < DP_NH_MAX; i++) {
		atomic_store_explicit(&dp_neigh_table.word[i], 0, memory_order_relaxed);
		atomic_store_explicit(&dp_neigh_table.key[i].next, 0, memory_order_relaxed);
	}
	for (uint32_t i = 0; i < DP_NEIGH_BUCKETS; i++)
		atomic_store_explicit(&dp_neigh_table.bucket[i], 0, memory_order_relaxed);
	/* IPv4-mapped addresses are zero in the half that the first one is added to: never 0. */
	dp_neigh_table.secret[0] = splitmix(&seed) | 1;
	dp_neigh_table.secret[1] = splitmix(&seed);
}

void
dp_neigh_table_link(uint32_t index, unsigned int port, const struct sl_addr *addr)
{
	_Atomic uint32_t *bucket = &dp_neigh_table.bucket[hash(port, addr)];
	struct dp_neigh_key *key = &dp_neigh_table.key[index];

	key->addr = *addr;
	key->port = port;
	atomic_store_explicit(&key->next, atomic_load_explicit(bucket, memory_order_relaxed),
			      memory_order_relaxed);
	atomic_store_explicit(bucket, index, memory_order_release);
}

void
dp_neigh_table_unlink(uint32_t index)
{
	struct dp_neigh_key *key = &dp_neigh_table.key[index];
	_Atomic uint32_t *from = &dp_neigh_table.bucket[hash(key->port, &key->addr)];
	uint32_t at;

	while ((at = atomic_load_explicit(from, memory_order_relaxed)) != index && at != 0)
		from = &dp_neigh_table.key[at].next;
	if (at == index)
		atomic_store_explicit(from, atomic_load_explicit(&key->next, memory_order_relaxed),
				      memory_order_release);
}
