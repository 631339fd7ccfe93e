/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots and records of services and real servers; see book.h.
 */
#include "book.h"
#include "limit.h"
#include "neigh.h"
#include "rcu.h"
#include "tunnel.h"
#include "wire.h"
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { REAP_BATCH = 256 };

/* Free numbers below `high`, then `high` upwards. */
struct slot_pool {
	uint32_t *free;
	uint32_t free_count, high, max;
};

struct book_service *book_services;
struct book_real *book_reals;
struct dp_real_slot *dp_real_slots;

static struct slot_pool real_pool = { .max = DP_REALS_MAX };
static struct slot_pool service_pool = { .max = DP_SERVICES_MAX };
static struct book_real **real_at;
static struct book_service **service_at;
static TAILQ_HEAD(, book_real) unlisted = TAILQ_HEAD_INITIALIZER(unlisted);
static uint32_t unlisted_count;

static uint32_t
slot_take(struct slot_pool *pool)
{
	if (pool->free_count > 0)
		return pool->free[--pool->free_count];
	return pool->high + 1 < pool->max ? ++pool->high : 0;
}

static void
slot_put(struct slot_pool *pool, uint32_t slot)
{
	pool->free[pool->free_count++] = slot;
}

int
book_init(void)
{
	dp_real_slots = mmap(NULL, sizeof(*dp_real_slots) * DP_REALS_MAX, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	real_pool.free = calloc(DP_REALS_MAX, sizeof(uint32_t));
	service_pool.free = calloc(DP_SERVICES_MAX, sizeof(uint32_t));
	real_at = calloc(DP_REALS_MAX, sizeof(*real_at));
	service_at = calloc(DP_SERVICES_MAX, sizeof(*service_at));
	if (dp_real_slots == MAP_FAILED || real_pool.free == NULL || service_pool.free == NULL ||
	    real_at == NULL || service_at == NULL || dp_limit_init() != 0) {
		if (dp_real_slots == MAP_FAILED)
			dp_real_slots = NULL;
		book_fini();
		return -ENOMEM;
	}
	(void)madvise(dp_real_slots, sizeof(*dp_real_slots) * DP_REALS_MAX, MADV_HUGEPAGE);
	return 0;
}

void
book_fini(void)
{
	struct book_real *real, *real_tmp;
	struct book_service *service, *service_tmp;

	HASH_ITER(hh, book_reals, real, real_tmp)
	{
		HASH_DEL(book_reals, real);
		free(real);
	}
	HASH_ITER(hh, book_services, service, service_tmp)
	{
		HASH_DEL(book_services, service);
		free(service);
	}
	if (dp_real_slots != NULL)
		munmap(dp_real_slots, sizeof(*dp_real_slots) * DP_REALS_MAX);
	dp_real_slots = NULL;
	dp_limit_fini();
	free(real_pool.free);
	free(service_pool.free);
	free(real_at);
	free(service_at);
	real_pool = (struct slot_pool){ .max = DP_REALS_MAX };
	service_pool = (struct slot_pool){ .max = DP_SERVICES_MAX };
	real_at = NULL;
	service_at = NULL;
	TAILQ_INIT(&unlisted);
	unlisted_count = 0;
}

/* Keys are hashed as bytes, so their padding must be zero. */
static struct dp_service_key
service_key_clean(const struct dp_service_key *key)
{
	struct dp_service_key clean;

	memset(&clean, 0, sizeof(clean));
	clean.vip = key->vip;
	clean.port = key->port;
	clean.proto = key->proto;
	return clean;
}

struct book_service *
book_service_find(const struct dp_service_key *key)
{
	struct dp_service_key clean = service_key_clean(key);
	struct book_service *service;

	HASH_FIND(hh, book_services, &clean, sizeof(clean), service);
	return service;
}

struct book_service *
book_service_take(const struct dp_service_key *key)
{
	struct book_service *service = book_service_find(key);

	if (service != NULL)
		return service;
	service = calloc(1, sizeof(*service));
	if (service == NULL)
		return NULL;
	service->key = service_key_clean(key);
	service->slot = slot_take(&service_pool);
	if (service->slot == 0) {
		free(service);
		return NULL;
	}
	HASH_ADD(hh, book_services, key, sizeof(service->key), service);
	if (service->hh.tbl == NULL) {
		slot_put(&service_pool, service->slot);
		free(service);
		return NULL;
	}
	service_at[service->slot] = service;
	return service;
}

struct book_service *
book_service_at(uint32_t slot)
{
	return slot < DP_SERVICES_MAX ? service_at[slot] : NULL;
}

void
book_service_release(struct book_service *service)
{
	if (service->listed || service->reals != NULL || service->refs != 0)
		return;
	HASH_DEL(book_services, service);
	service_at[service->slot] = NULL;
	slot_put(&service_pool, service->slot);
	free(service);
}

static void
traffic_add(struct dp_traffic *to, const struct dp_traffic *t)
{
	to->conns += t->conns;
	to->in_packets += t->in_packets;
	to->out_packets += t->out_packets;
	to->in_bytes += t->in_bytes;
	to->out_bytes += t->out_bytes;
}

static void
traffic_sub(struct dp_traffic *to, const struct dp_traffic *t)
{
	to->conns -= t->conns;
	to->in_packets -= t->in_packets;
	to->out_packets -= t->out_packets;
	to->in_bytes -= t->in_bytes;
	to->out_bytes -= t->out_bytes;
}

/* What all workers have counted in a slot since they started. */
static void
slot_sum(uint32_t slot, struct dp_real_stats *ret)
{
	uint32_t total = 0;

	*ret = (struct dp_real_stats){ 0 };
	for (unsigned int i = 0; i < dp_workers_count; i++) {
		const struct dp_real_own *own = &dp_workers[i]->real[slot];
		const struct dp_real_outcome *outcome = &dp_workers[i]->outcome[slot];

		ret->traffic.conns += __atomic_load_n(&own->conns, __ATOMIC_RELAXED);
		ret->traffic.in_packets += __atomic_load_n(&own->in_packets, __ATOMIC_RELAXED);
		ret->traffic.out_packets += __atomic_load_n(&own->out_packets, __ATOMIC_RELAXED);
		ret->traffic.in_bytes += __atomic_load_n(&own->in_bytes, __ATOMIC_RELAXED);
		ret->traffic.out_bytes += __atomic_load_n(&own->out_bytes, __ATOMIC_RELAXED);
		ret->active += __atomic_load_n(&own->active, __ATOMIC_RELAXED);
		total += __atomic_load_n(&own->total, __ATOMIC_RELAXED);
		ret->syns += __atomic_load_n(&outcome->syns, __ATOMIC_RELAXED);
		ret->answered += __atomic_load_n(&outcome->answered, __ATOMIC_RELAXED);
		ret->refused += __atomic_load_n(&outcome->refused, __ATOMIC_RELAXED);
	}
	/* Read beside the workers: a connection may have changed between the two loads. */
	ret->inactive = total >= ret->active ? total - ret->active : 0;
}

struct book_real *
book_real_take(struct book_service *service, const struct sl_addr *addr, uint16_t port, bool *ret_fresh)
{
	struct book_real_key key;
	struct dp_real_stats sum;
	struct book_real *real;

	memset(&key, 0, sizeof(key));
	key.addr = *addr;
	key.port = port;
	key.service = service->slot;
	HASH_FIND(hh, book_reals, &key, sizeof(key), real);
	*ret_fresh = real == NULL;
	if (real != NULL)
		return real;
	real = calloc(1, sizeof(*real));
	if (real == NULL)
		return NULL;
	real->slot = slot_take(&real_pool);
	if (real->slot == 0) {
		free(real);
		return NULL;
	}
	real->key = key;
	HASH_ADD(hh, book_reals, key, sizeof(real->key), real);
	if (real->hh.tbl == NULL) {
		slot_put(&real_pool, real->slot);
		free(real);
		return NULL;
	}
	real->service = service;
	slot_sum(real->slot, &sum);
	real->base = sum;
	real->next = service->reals;
	if (real->next != NULL)
		real->next->prev = real;
	service->reals = real;
	real_at[real->slot] = real;
	return real;
}

struct book_real *
book_real_at(uint32_t slot)
{
	return slot < DP_REALS_MAX ? real_at[slot] : NULL;
}

/* After a grace period: no burst uses the slot any more. */
static void
real_slot_put(void *slot)
{
	slot_put(&real_pool, (uint32_t)(uintptr_t)slot);
}

static void
unlisted_remove(struct book_real *real)
{
	if (!real->known || real->listed)
		return;
	TAILQ_REMOVE(&unlisted, real, unlisted);
	unlisted_count--;
}

void
book_real_free(struct book_real *real)
{
	struct book_service *service = real->service;
	struct dp_real_stats stats;

	dp_real_stats(real->slot, &stats);
	traffic_add(&service->retired, &stats.traffic);
	if (real->neigh != 0)
		dp_neigh_unpin(real->neigh);
	dp_tunnel_put(real->tunnel);
	dp_limit_set(real->slot, 0, 0, false);
	/* A flow that some mistake left behind must not find the slot's next owner. */
	real_generation_next(&dp_real_slots[real->slot]);
	if (real->prev != NULL)
		real->prev->next = real->next;
	else
		service->reals = real->next;
	if (real->next != NULL)
		real->next->prev = real->prev;
	HASH_DEL(book_reals, real);
	unlisted_remove(real);
	real_at[real->slot] = NULL;
	if (real->known)
		dp_rcu_defer(real_slot_put, (void *)(uintptr_t)real->slot);
	else
		slot_put(&real_pool, real->slot);
	free(real);
	book_service_release(service);
}

void
book_real_list(struct book_real *real)
{
	unlisted_remove(real);
	real->known = true;
	real->listed = true;
}

/* Of several grace periods begun by leaving and coming back, only the last one tells. */
static void
grace_passed(void *slot)
{
	book_real_at((uint32_t)(uintptr_t)slot)->graces--;
}

void
book_real_unlist(struct book_real *real)
{
	real->listed = false;
	TAILQ_INSERT_TAIL(&unlisted, real, unlisted);
	unlisted_count++;
	real->graces++;
	dp_rcu_defer(grace_passed, (void *)(uintptr_t)real->slot);
}

unsigned int
book_reap(unsigned int *ret_services)
{
	unsigned int freed = 0, services = HASH_COUNT(book_services);
	uint32_t count = unlisted_count < REAP_BATCH ? unlisted_count : REAP_BATCH;

	for (; count > 0; count--) {
		struct book_real *real = TAILQ_FIRST(&unlisted);
		struct dp_real_stats sum;

		TAILQ_REMOVE(&unlisted, real, unlisted);
		TAILQ_INSERT_TAIL(&unlisted, real, unlisted);
		if (real->refs != 0 || real->graces != 0)
			continue;
		slot_sum(real->slot, &sum);
		if (sum.active + sum.inactive == 0) {
			book_real_free(real);
			freed++;
		}
	}
	*ret_services = services - HASH_COUNT(book_services);
	return freed;
}

void
dp_real_stats(uint32_t slot, struct dp_real_stats *ret_stats)
{
	const struct book_real *real = book_real_at(slot);

	if (real == NULL) {
		*ret_stats = (struct dp_real_stats){ 0 };
		return;
	}
	slot_sum(slot, ret_stats);
	ret_stats->overloaded = limit_is_full(slot);
	traffic_sub(&ret_stats->traffic, &real->base.traffic);
	ret_stats->syns -= real->base.syns;
	ret_stats->answered -= real->base.answered;
	ret_stats->refused -= real->base.refused;
}

void
book_traffic(const struct book_service *service, struct dp_traffic *ret_traffic)
{
	*ret_traffic = service->retired;
	for (const struct book_real *real = service->reals; real != NULL; real = real->next) {
		struct dp_real_stats stats;

		dp_real_stats(real->slot, &stats);
		traffic_add(ret_traffic, &stats.traffic);
	}
}

void
dp_service_stats(uint32_t slot, struct dp_traffic *ret_traffic)
{
	const struct book_service *service = book_service_at(slot);

	*ret_traffic = (struct dp_traffic){ 0 };
	if (service == NULL)
		return;
	book_traffic(service, ret_traffic);
	traffic_sub(ret_traffic, &service->base);
}
