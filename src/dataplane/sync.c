/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync's life in the data plane: rings made while workers run, and unmade when none
 * of them can have one in its hands any more. See sync.h.
 *
 * Control or keepalive thread, but dp_sync_open and dp_sync_close, which are the sync
 * threads' own, and dp_sync_put_stats, which is anybody's.
 */
#include "sync.h"

#include "local.h"
#include "rcu.h"

#include <rte_rcu_qsbr.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

struct sync_state dp_sync;

static void *
memory_map(size_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* A wish: what is large is walked by leaps. */
	(void)madvise(memory, bytes, MADV_HUGEPAGE);
	return memory;
}

static void
memory_unmap(void *memory, size_t bytes)
{
	if (memory != NULL)
		munmap(memory, bytes);
}

static size_t
ring_bytes(uint32_t size)
{
	return sizeof(struct sync_ring) + size * sizeof(struct sync_message);
}

static struct sync_ring *
ring_create(uint32_t size)
{
	struct sync_ring *ring = memory_map(ring_bytes(size));

	if (ring != NULL)
		ring->mask = size - 1;
	return ring;
}

/* A port on its way between two workers goes back to the share that it is of; a flow on its way is no more. */
static void
ring_destroy(struct sync_ring *ring)
{
	uint32_t tail;

	if (ring == NULL)
		return;
	for (tail = atomic_load(&ring->tail); tail != atomic_load(&ring->head); tail++) {
		const struct sync_message *m = &ring->message[tail & ring->mask];

		if ((m->kind == SYNC_LENT || m->kind == SYNC_MOVED) && m->local != 0)
			dp_local_return(m->local, (uint8_t)(m->ports >> KEY_SHIFT_PROTO));
		if (m->kind == SYNC_MOVED)
			sync_arrived(m);
	}
	munmap(ring, ring_bytes(ring->mask + 1));
}

static void
worker_part_destroy(struct dp_sync_worker *s)
{
	if (s == NULL)
		return;
	for (unsigned int i = 0; i < RTE_DIM(s->ring); i++)
		ring_destroy(s->ring[i]);
	memory_unmap(s->change, (s->change_mask + 1) * sizeof(*s->change));
	memory_unmap(s->told, s->told_bytes);
	free(s);
}

static struct dp_sync_worker *
worker_part_create(unsigned int id, unsigned int threads, uint32_t size)
{
	struct dp_sync_worker *s = aligned_alloc(64, sizeof(*s));
	bool ok;

	if (s == NULL)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->table = &dp_workers[id]->table;
	s->change_mask = size - 1;
	s->told_bytes = ((size_t)dp_workers[id]->table.capacity + 1) * sizeof(*s->told);
	s->change = memory_map(size * sizeof(*s->change));
	s->told = memory_map(s->told_bytes);
	ok = s->change != NULL && s->told != NULL;
	s->ring_count = threads;
	for (unsigned int t = 0; ok && t < threads; t++)
		ok = (s->ring[t] = ring_create(SYNC_PUT_RING)) != NULL;
	for (unsigned int from = 0; ok && dp_workers_count > 1 && from < dp_workers_count; from++) {
		s->ring_count = threads + from + 1;
		if (from != id)
			ok = (s->ring[threads + from] = ring_create(SYNC_MOVE_RING)) != NULL;
	}
	if (ok)
		return s;
	worker_part_destroy(s);
	return NULL;
}

static void
parts_destroy(void)
{
	for (unsigned int id = 0; id < dp_sync.workers; id++)
		worker_part_destroy(dp_sync.worker[id]);
	free(dp_sync.thread);
	memset(&dp_sync, 0, sizeof(dp_sync));
}

int
dp_sync_init(unsigned int n, uint32_t queue)
{
	uint32_t size = SYNC_RING_MIN;
	uint64_t flows = 0;
	bool ok;

	if (n == 0 || n > DP_SYNC_THREADS_MAX || dp_sync.threads != 0 || dp_workers_count == 0)
		return -EINVAL;
	while (size < queue && size < SYNC_RING_MAX)
		size *= 2;
	dp_sync.thread = aligned_alloc(64, n * sizeof(*dp_sync.thread));
	dp_sync.threads = n;
	dp_sync.workers = dp_workers_count;
	ok = dp_sync.thread != NULL;
	if (ok)
		memset(dp_sync.thread, 0, n * sizeof(*dp_sync.thread));
	for (unsigned int id = 0; ok && id < dp_sync.workers; id++) {
		flows += dp_workers[id]->table.capacity;
		ok = (dp_sync.worker[id] = worker_part_create(id, n, size)) != NULL;
	}
	if (ok && dp_sync.workers > 1)
		ok = sync_filter_init(flows) == 0;
	if (!ok) {
		parts_destroy();
		return -ENOMEM;
	}
	for (unsigned int id = 0; id < dp_sync.workers; id++)
		atomic_store_explicit(&dp_workers[id]->sync, dp_sync.worker[id], memory_order_release);
	return 0;
}

void
dp_sync_fini(void)
{
	if (dp_sync.threads == 0)
		return;
	for (unsigned int id = 0; id < dp_workers_count; id++)
		atomic_store_explicit(&dp_workers[id]->sync, NULL, memory_order_release);
	/* Workers pass between two bursts, within microseconds. */
	if (dp_rcu != NULL)
		rte_rcu_qsbr_synchronize(dp_rcu, RTE_QSBR_THRID_INVALID);
	parts_destroy();
}

void
dp_sync_stop(void)
{
	dp_sync_fini();
	sync_filter_fini();
}

static unsigned int
reader_id(unsigned int t)
{
	return dp_sync.workers + t;
}

int
dp_sync_open(unsigned int t)
{
	if (t >= dp_sync.threads || dp_rcu == NULL)
		return -EINVAL;
	return rte_rcu_qsbr_thread_register(dp_rcu, reader_id(t)) == 0 ? 0 : -EINVAL;
}

void
dp_sync_close(unsigned int t)
{
	if (t < dp_sync.threads && dp_rcu != NULL)
		(void)rte_rcu_qsbr_thread_unregister(dp_rcu, reader_id(t));
}

void
sync_reader_begin(unsigned int t)
{
	rte_rcu_qsbr_thread_online(dp_rcu, reader_id(t));
}

void
sync_reader_end(unsigned int t)
{
	rte_rcu_qsbr_thread_offline(dp_rcu, reader_id(t));
}

static uint64_t
load(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
dp_sync_put_stats(struct dp_sync_put_stats *ret_stats)
{
	*ret_stats = (struct dp_sync_put_stats){ 0 };
	for (unsigned int id = 0; id < dp_sync.workers; id++) {
		const struct dp_sync_worker *s = dp_sync.worker[id];

		ret_stats->inserted += load(&s->inserted);
		ret_stats->updated += load(&s->updated);
		ret_stats->removed += load(&s->removed);
		ret_stats->table_full += load(&s->table_full);
		ret_stats->conflict += load(&s->conflict);
		ret_stats->lost += load(&s->lost);
		for (unsigned int i = 0; i < s->ring_count; i++)
			if (s->ring[i] != NULL)
				ret_stats->waiting += sync_ring_count(s->ring[i]);
	}
}
