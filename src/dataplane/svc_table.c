/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers' tables of services: see svc_table.h. Workers read the table alone;
 * what stands beside it is the control thread's.
 */
#include "svc_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct svc_table {
	const struct sched_ops *sched;
	void *table;
	uint32_t refs;  /* forms of the service that use it */
	uint32_t count; /* of member[] */
	struct sched_member member[];
};

static struct svc_table *table_create(const struct dp_service *service, uint32_t count);
static bool table_build(struct svc_table *shared);
static void table_put(struct svc_table *shared);
static bool same_members(const struct svc_table *a, const struct svc_table *b);

int
svc_table_take(struct dp_svc *svc, const struct dp_svc *old, const struct dp_service *service,
	       char *ret_error)
{
	const struct sched_ops *sched = svc->sched;
	struct svc_table *shared;

	if (sched->table_build == NULL)
		return 0;
	if (sched->servers_max != 0 && svc->count > sched->servers_max) {
		snprintf(ret_error, DP_ERROR_SIZE, "scheduler %s takes %u real servers at most, not %u",
			 sched->name, sched->servers_max, svc->count);
		return -EINVAL;
	}
	shared = table_create(service, svc->count);
	if (shared != NULL && old != NULL && old->shared != NULL && same_members(shared, old->shared)) {
		table_put(shared);
		shared = old->shared;
		shared->refs++;
	} else if (shared == NULL || !table_build(shared)) {
		table_put(shared);
		snprintf(ret_error, DP_ERROR_SIZE, "out of memory for a scheduler's table");
		return -ENOMEM;
	}
	svc->shared = shared;
	svc->table = shared->table;
	return 0;
}

void
svc_free(void *svc)
{
	if (svc == NULL)
		return;
	table_put(((struct dp_svc *)svc)->shared);
	free(svc);
}

/* Of those that may be chosen: the first of the compiled form, in the same order. */
static struct svc_table *
table_create(const struct dp_service *service, uint32_t count)
{
	struct svc_table *shared = calloc(1, sizeof(*shared) + count * sizeof(shared->member[0]));

	if (shared == NULL)
		return NULL;
	shared->sched = service->sched;
	shared->refs = 1;
	for (uint32_t i = 0; i < service->real_count; i++) {
		const struct dp_real *real = &service->reals[i];

		if (!real->out)
			shared->member[shared->count++] = (struct sched_member){
				.addr = real->addr,
				.port = real->port,
				.weight = real->weight != 0 ? real->weight : real->last_weight,
			};
	}
	return shared;
}

static bool
table_build(struct svc_table *shared)
{
	shared->table = shared->sched->table_build(shared->member, shared->count);
	return shared->table != NULL;
}

static void
table_put(struct svc_table *shared)
{
	if (shared == NULL || --shared->refs > 0)
		return;
	free(shared->table);
	free(shared);
}

static bool
same_members(const struct svc_table *a, const struct svc_table *b)
{
	if (a->sched != b->sched || a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		const struct sched_member *x = &a->member[i], *y = &b->member[i];

		if (!sl_addr_eq(&x->addr, &y->addr) || x->port != y->port || x->weight != y->weight)
			return false;
	}
	return true;
}
