/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What health makes of servers: out or in, another weight, a limit of its own.
 *
 * Decisions come many at once (a switch fails, and five thousand servers with
 * it), so they are sorted first; then each service that they are about is
 * copied once, walked once, and all copies go to the data plane in one
 * transaction. What a decision leaves as it is, is not touched at all. Control
 * thread only.
 */
#include "model_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static int key_order(const struct model_health *a, const struct model_health *b);
static int change_order(const void *a, const void *b);
static int stage_service(struct model *model, struct model_change *change, const struct model_health **from,
			 size_t count);
static bool real_set(struct model_real *real, const struct model_health *change);

int
model_health_set(struct model *model, const struct model_health *changes, size_t count,
		 struct model_error *ret_error)
{
	const struct model_health **sorted = calloc(count + 1, sizeof(const struct model_health *));
	const struct model_step *failed;
	struct model_change change;
	int rc = 0;

	if (sorted == NULL)
		return model_error_memory(ret_error);
	for (size_t i = 0; i < count; i++)
		sorted[i] = &changes[i];
	qsort(sorted, count, sizeof(*sorted), change_order);
	model_change_init(&change);
	for (size_t i = 0, end; i < count && rc == 0; i = end) {
		for (end = i + 1; end < count && key_order(sorted[i], sorted[end]) == 0; end++)
			;
		rc = stage_service(model, &change, &sorted[i], end - i);
	}
	if (rc < 0)
		model_error_memory(ret_error);
	else
		rc = model_change_commit(model, &change, ret_error, &failed);
	model_change_fini(&change);
	free(sorted);
	return rc;
}

uint32_t
model_real_weight(const struct model_real *real)
{
	if (real->draining)
		return 0;
	return real->health_weight >= 0 ? (uint32_t)real->health_weight : real->weight;
}

/* LVS's lower threshold, where none is given, is three quarters of the upper (rounded up). */
void
model_real_limits(const struct model_real *real, uint32_t *ret_upper, uint32_t *ret_lower)
{
	uint32_t upper = real->upper, lower = real->lower != 0 ? real->lower : upper - upper / 4;

	if (real->maxconn != 0 && (upper == 0 || real->maxconn < upper)) {
		*ret_upper = real->maxconn;
		*ret_lower = 0;
		return;
	}
	*ret_upper = upper;
	*ret_lower = lower < upper ? lower : upper;
}

/* All of one service. 0 or -ENOMEM. */
static int
stage_service(struct model *model, struct model_change *change, const struct model_health **from,
	      size_t count)
{
	struct service *running = model_index_find(&model->index, &from[0]->key);
	struct service *future = running != NULL ? service_copy(running) : NULL;
	struct model_step *step = NULL;
	int rc = 0;

	if (running == NULL)
		return 0;
	if (future == NULL)
		return -ENOMEM;
	for (struct model_real *real = future->pub.reals; real != NULL; real = real->next) {
		const struct model_health key = { .key = from[0]->key,
						  .addr = real->addr,
						  .port = real->port },
					  *wanted = &key;
		const struct model_health **found =
			bsearch(&wanted, from, count, sizeof(*from), change_order);

		if (found == NULL)
			continue;
		if (!real_set(real, *found) && !(*found)->flush)
			continue;
		if (step == NULL) {
			step = model_change_add(change, running, future);
			if (step == NULL)
				return -ENOMEM;
		}
		if ((*found)->flush)
			rc = model_step_flush(step, real->slot);
		if (rc < 0)
			return rc;
	}
	if (step == NULL)
		service_destroy(future);
	return 0;
}

/* True if that changed something. */
static bool
real_set(struct model_real *real, const struct model_health *change)
{
	bool changed = real->out != change->out || real->health_weight != change->weight ||
		       real->maxconn != change->maxconn;

	assert(change->weight >= -1 && change->weight <= UINT32_MAX);
	real->out = change->out;
	real->health_weight = change->weight;
	real->maxconn = change->maxconn;
	return changed;
}

static int
key_order(const struct model_health *a, const struct model_health *b)
{
	return model_key_compare(&a->key, &b->key);
}

static int
change_order(const void *a, const void *b)
{
	const struct model_health *const *left = a, *const *right = b;
	int order = key_order(*left, *right);

	if (order == 0)
		order = memcmp((*left)->addr.b, (*right)->addr.b, sizeof((*left)->addr.b));
	return order != 0 ? order : (*left)->port - (*right)->port;
}
