/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interruptible walk over services and real servers (verb_walk.h).
 */
#include "verb_walk.h"

static struct model_real *real_after(struct model_real *real, uint32_t order);

void
verb_walk_resume(struct verb_walk *walk, struct model *model)
{
	walk->model = model;
	walk->service = NULL;
	walk->real = NULL;
	walk->next_real = NULL;
	if (!walk->begun) {
		walk->begun = true;
		walk->next_service = model_services(model);
		return;
	}
	walk->service = model_service_find(model, &walk->key);
	if (walk->service != NULL) {
		walk->next_service = walk->service->next;
		walk->next_real = real_after(walk->service->reals, walk->order);
		return;
	}
	walk->next_service = model_services(model);
	while (walk->next_service != NULL && verb_key_compare(&walk->next_service->key, &walk->key) <= 0)
		walk->next_service = walk->next_service->next;
}

enum verb_walk_at
verb_walk_next(struct verb_walk *walk)
{
	if (walk->inside) {
		walk->real = walk->next_real;
		if (walk->real != NULL) {
			walk->order = walk->real->order;
			walk->next_real = walk->real->next;
			return VERB_WALK_REAL;
		}
		walk->inside = false;
		return VERB_WALK_SERVICE_END;
	}
	walk->service = walk->next_service;
	if (walk->service == NULL)
		return VERB_WALK_END;
	walk->inside = true;
	walk->key = walk->service->key;
	walk->order = UINT32_MAX;
	walk->next_service = walk->service->next;
	walk->next_real = walk->service->reals;
	return VERB_WALK_SERVICE;
}

int
verb_key_compare(const struct dp_service_key *a, const struct dp_service_key *b)
{
	bool a_is_v4 = sl_addr_is_v4(&a->vip), b_is_v4 = sl_addr_is_v4(&b->vip);
	int by_vip;

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a_is_v4 != b_is_v4)
		return a_is_v4 ? -1 : 1;
	by_vip = memcmp(a->vip.b, b->vip.b, sizeof(a->vip.b));
	if (by_vip != 0)
		return by_vip;
	return a->port == b->port ? 0 : a->port < b->port ? -1 : 1;
}

static struct model_real *
real_after(struct model_real *real, uint32_t order)
{
	while (real != NULL && real->order >= order)
		real = real->next;
	return real;
}
