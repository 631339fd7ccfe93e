/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups of addresses, held or not.
 *
 * Workers ask nothing for it: an address table's entry of a group that is not held has
 * the bits cleared that make its address the box's (snapshot.h), so a packet to it is a
 * packet to somebody else. Holding a group, or letting it go, changes its entries in place in the
 * published table, by one store each; entries stay where they are and keep their address.
 *
 * A table is built by the control thread, for as long as that takes, with all its addresses
 * held. The lock is taken only when it is published, to put that right and to store the
 * pointer, and by the keepalive thread to change the present table. So neither waits for
 * the other longer than a pass over the moving addresses; the lock hands priority on,
 * since the keepalive thread may be a real-time one.
 */
#include "ha.h"

#include "snapshot.h"

#include <pthread.h>
#include <string.h>

static struct {
	const struct dp_snapshot *snapshot; /* the present one; under the lock */
	_Atomic bool held[DP_HA_GROUPS_MAX];
	_Atomic uint64_t vmac[DP_HA_GROUPS_MAX]; /* while held; 0: none */
	uint64_t told[DP_HA_VMACS_MAX]; /* every virtual MAC address there has been; under the lock */
	unsigned int told_count;
	_Atomic uint32_t round;
} ha;

_Atomic uint32_t dp_ha_taken_count;
_Atomic uint64_t dp_ha_taken[DP_HA_GROUPS_MAX];

static pthread_mutex_t lock;
static pthread_once_t lock_once = PTHREAD_ONCE_INIT;

static void
lock_init(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void
lock_take(void)
{
	pthread_once(&lock_once, lock_init);
	pthread_mutex_lock(&lock);
}

/* The published table is everybody's to read, and here to write. */
static struct addr_table *
table_of(const struct dp_snapshot *snapshot)
{
	return snapshot != NULL ? (struct addr_table *)(uintptr_t)snapshot->addrs : NULL;
}

static void
entry_hold(struct addr_entry *e, bool held)
{
	uint64_t flags = e->flags, kinds = addr_flags_kinds(flags);

	addr_flags_store(e, held ? addr_flags_held(flags) : addr_flags_not_held(flags));
	if ((kinds & ADDR_LOCAL) != 0)
		dp_local_hold(local_index_of(flags), held);
}

/* Of the group, or of all. */
static void
table_hold(struct addr_table *table, unsigned int group)
{
	for (uint32_t i = 0; i < table->moving_count; i++) {
		struct addr_entry *e = &table->entry[table->moving[i]];
		unsigned int of = addr_flags_group(e->flags);

		if (group == 0 || group == of)
			entry_hold(e, dp_ha_is_held(of));
	}
}

/* Local addresses that belonged to a group and do so no more give ports again. */
static void
locals_free(const struct addr_table *old, const struct addr_table *next)
{
	for (uint32_t i = 0; old != NULL && i < old->moving_count; i++) {
		const struct addr_entry *e = &old->entry[old->moving[i]];

		if ((addr_flags_kinds(e->flags) & ADDR_LOCAL) != 0 &&
		    addr_flags_group(addr_table_find(next, &e->addr)) == 0)
			dp_local_hold(local_index_of(e->flags), true);
	}
}

void
dp_ha_publish(const struct dp_snapshot *snapshot)
{
	struct addr_table *next = table_of(snapshot), *old;

	lock_take();
	old = table_of(ha.snapshot);
	if (next != NULL && next != old) {
		table_hold(next, 0);
		locals_free(old, next);
	}
	ha.snapshot = snapshot;
	atomic_store_explicit(&dp_snapshot_current, snapshot, memory_order_release);
	pthread_mutex_unlock(&lock);
}

void
dp_ha_with_snapshot(void (*fn)(const struct dp_snapshot *snapshot, void *context), void *context)
{
	lock_take();
	if (ha.snapshot != NULL)
		fn(ha.snapshot, context);
	pthread_mutex_unlock(&lock);
}

/* ---- virtual MAC addresses ---- */

static uint64_t
mac_word(const uint8_t mac[6])
{
	uint64_t word = 0;

	if (mac != NULL)
		memcpy(&word, mac, 6);
	return word;
}

static void
told_add(uint64_t word)
{
	for (unsigned int i = 0; i < ha.told_count; i++)
		if (ha.told[i] == word)
			return;
	if (word != 0 && ha.told_count < DP_HA_VMACS_MAX)
		ha.told[ha.told_count++] = word;
}

/* Readers may find one twice meanwhile, but none that stays is ever missing. */
static void
taken_change(uint64_t word, bool add)
{
	uint32_t count = atomic_load_explicit(&dp_ha_taken_count, memory_order_relaxed), at = 0;

	while (at < count && atomic_load_explicit(&dp_ha_taken[at], memory_order_relaxed) != word)
		at++;
	if (word == 0 || add == (at < count))
		return;
	if (add) {
		atomic_store_explicit(&dp_ha_taken[count], word, memory_order_relaxed);
		atomic_store_explicit(&dp_ha_taken_count, count + 1, memory_order_release);
	} else {
		uint64_t last = atomic_load_explicit(&dp_ha_taken[count - 1], memory_order_relaxed);

		atomic_store_explicit(&dp_ha_taken[at], last, memory_order_relaxed);
		atomic_store_explicit(&dp_ha_taken_count, count - 1, memory_order_release);
	}
}

/* Two groups may share one. */
static bool
is_wanted(uint64_t word)
{
	for (unsigned int group = 1; group < DP_HA_GROUPS_MAX; group++)
		if (atomic_load_explicit(&ha.vmac[group], memory_order_relaxed) == word)
			return true;
	return false;
}

static void
vmac_set(unsigned int group, uint64_t word)
{
	uint64_t old = atomic_load_explicit(&ha.vmac[group], memory_order_relaxed);

	atomic_store_explicit(&ha.vmac[group], word, memory_order_relaxed);
	taken_change(word, true);
	if (old != word && !is_wanted(old))
		taken_change(old, false);
}

bool
dp_ha_vmac(unsigned int group, uint8_t ret_mac[6])
{
	uint64_t word =
		group < DP_HA_GROUPS_MAX ? atomic_load_explicit(&ha.vmac[group], memory_order_relaxed) : 0;

	if (word != 0)
		memcpy(ret_mac, &word, 6);
	return word != 0;
}

unsigned int
dp_ha_vmacs_told(uint64_t *ret_words, unsigned int max)
{
	unsigned int count;

	lock_take();
	count = ha.told_count < max ? ha.told_count : max;
	memcpy(ret_words, ha.told, count * sizeof(ret_words[0]));
	pthread_mutex_unlock(&lock);
	return count;
}

/* ---- the contract ---- */

void
dp_ha_hold(unsigned int group, bool held, const uint8_t vmac[6])
{
	uint64_t word = mac_word(vmac);
	struct addr_table *table;

	if (group == 0 || group >= DP_HA_GROUPS_MAX)
		return;
	lock_take();
	told_add(word);
	if (held)
		vmac_set(group, word); /* before anybody can hear of it */
	atomic_store_explicit(&ha.held[group], held, memory_order_relaxed);
	table = table_of(ha.snapshot);
	if (table != NULL)
		table_hold(table, group);
	if (!held)
		vmac_set(group, 0);
	atomic_fetch_add_explicit(&ha.round, 1, memory_order_relaxed);
	pthread_mutex_unlock(&lock);
}

bool
dp_ha_is_held(unsigned int group)
{
	return group == 0 ||
	       (group < DP_HA_GROUPS_MAX && atomic_load_explicit(&ha.held[group], memory_order_relaxed));
}

struct question {
	struct sl_addr addr;
	bool yes;
};

static void
addr_ask(const struct dp_snapshot *snapshot, void *context)
{
	struct question *q = context;

	q->yes = (addr_table_find(snapshot->addrs, &q->addr) & ADDR_KINDS) != 0;
}

bool
dp_ha_addr_is_held(const struct sl_addr *addr)
{
	struct question q = { .addr = *addr };

	dp_ha_with_snapshot(addr_ask, &q);
	return q.yes;
}

uint32_t
dp_ha_round(void)
{
	return atomic_load_explicit(&ha.round, memory_order_relaxed);
}

void
dp_ha_fini(void)
{
	lock_take();
	memset(&ha, 0, sizeof(ha));
	atomic_store(&dp_ha_taken_count, 0);
	pthread_mutex_unlock(&lock);
}
