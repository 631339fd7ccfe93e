/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one way by which anything changes: stage it, then make it.
 *
 * A step holds a running service and the copy that will take its place (or
 * none of one of them). All steps go to the data plane in one transaction;
 * only when that has been committed does the model take the copies' content
 * over, and that part allocates nothing and cannot fail. So a failure anywhere
 * leaves both as they were. Control thread only.
 */
#include "model_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The servers of one service at a time, as the data plane takes them. */
struct descriptors {
	struct dp_real *real;
	uint32_t size;
};

static int txn_fill(struct dp_txn *txn, struct model_change *change, struct model_error *ret_error,
		    const struct model_step **ret_step);
static int step_put(struct dp_txn *txn, struct service *future, struct descriptors *descriptors,
		    char error[DP_ERROR_SIZE]);
static void step_finish(struct model *model, struct model_step *step);

void
model_change_init(struct model_change *change)
{
	*change = (struct model_change){ 0 };
	change->last_next = &change->first;
}

struct model_step *
model_change_add(struct model_change *change, struct service *running, struct service *future)
{
	struct model_step *step = calloc(1, sizeof(*step));

	if (step == NULL) {
		service_destroy(future);
		return NULL;
	}
	if (running != NULL)
		running->staged = true;
	step->running = running;
	step->future = future;
	*change->last_next = step;
	change->last_next = &step->next;
	if (running == NULL)
		change->added++;
	return step;
}

int
model_step_flush(struct model_step *step, uint32_t slot)
{
	uint32_t count = step->flush_count;

	/* Full at each power of two. */
	if ((count & (count - 1)) == 0) {
		uint32_t *more = reallocarray(step->flush, count > 0 ? 2 * count : 1, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		step->flush = more;
	}
	step->flush[step->flush_count++] = slot;
	return 0;
}

int
model_change_commit(struct model *model, struct model_change *change, struct model_error *ret_error,
		    const struct model_step **ret_step)
{
	char error[DP_ERROR_SIZE] = "";
	struct dp_txn *txn;
	int rc;

	*ret_step = NULL;
	if (change->first == NULL && change->net == NULL)
		return 0;
	if (model_index_reserve(&model->index, change->added) < 0)
		return model_error_memory(ret_error);
	txn = dp_txn_begin();
	if (txn == NULL)
		return model_error_memory(ret_error);
	rc = txn_fill(txn, change, ret_error, ret_step);
	if (rc < 0) {
		dp_txn_abort(txn);
		return rc;
	}
	rc = dp_txn_commit(txn, error);
	if (rc < 0)
		return model_error_set(ret_error, rc, "%s", error);
	for (struct model_step *step = change->first; step != NULL; step = step->next)
		step_finish(model, step);
	return 0;
}

void
model_change_fini(struct model_change *change)
{
	for (struct model_step *step = change->first, *next; step != NULL; step = next) {
		next = step->next;
		if (step->running != NULL)
			step->running->staged = false;
		service_destroy(step->future);
		free(step->flush);
		free(step);
	}
	model_change_init(change);
}

/*
 * The network first: services' servers are routed by it. Removals before
 * additions, so that what is replaced makes room.
 */
static int
txn_fill(struct dp_txn *txn, struct model_change *change, struct model_error *ret_error,
	 const struct model_step **ret_step)
{
	struct descriptors descriptors = { 0 };
	char error[DP_ERROR_SIZE] = "";
	int rc = 0;

	if (change->net != NULL)
		rc = dp_txn_net_set(txn, change->net, error);
	for (struct model_step *step = change->first; rc == 0 && step != NULL; step = step->next) {
		*ret_step = step;
		if (step->future == NULL)
			rc = dp_txn_service_remove(txn, &step->running->pub.key, error);
		for (uint32_t i = 0; rc == 0 && i < step->flush_count; i++)
			rc = dp_txn_real_flush(txn, step->flush[i]);
		if (rc < 0 && error[0] == '\0')
			snprintf(error, sizeof(error), "cannot end the server's connections: %s",
				 strerror(-rc));
	}
	for (struct model_step *step = change->first; rc == 0 && step != NULL; step = step->next) {
		*ret_step = step;
		if (step->future != NULL)
			rc = step_put(txn, step->future, &descriptors, error);
	}
	free(descriptors.real);
	if (rc < 0)
		return model_error_set(ret_error, rc, "%s", error);
	*ret_step = NULL;
	return 0;
}

static int
step_put(struct dp_txn *txn, struct service *future, struct descriptors *descriptors,
	 char error[DP_ERROR_SIZE])
{
	struct dp_service service = {
		.key = future->pub.key,
		.sched = future->pub.sched,
		.real_count = future->pub.real_count,
		.mss = future->pub.mss,
		.options = (uint8_t)(future->pub.options & ~CONF_SERVICE_UNANNOUNCED),
	};
	struct model_real *real;
	uint32_t i = 0;
	int rc;

	if (service.real_count > descriptors->size) {
		struct dp_real *more = reallocarray(descriptors->real, service.real_count, sizeof(*more));

		if (more == NULL) {
			snprintf(error, DP_ERROR_SIZE, "out of memory: nothing was changed");
			return -ENOMEM;
		}
		descriptors->real = more;
		descriptors->size = service.real_count;
	}
	for (real = future->pub.reals; real != NULL; real = real->next) {
		struct dp_real *dp = &descriptors->real[i++];

		if (model_real_weight(real) != 0)
			real->last_weight = model_real_weight(real);
		*dp = (struct dp_real){
			.addr = real->addr,
			.port = real->port,
			.fwd = real->fwd,
			.out = real->out,
			.weight = model_real_weight(real),
			.last_weight = real->last_weight != 0 ? real->last_weight : real->weight,
			.order = real->order,
			.tunnel = real->tunnel,
		};
		model_real_limits(real, &dp->upper, &dp->lower);
	}
	memcpy(service.local_group, future->pub.local_group, sizeof(service.local_group));
	service.reals = descriptors->real;
	rc = dp_txn_service_put(txn, &service, error);
	if (rc < 0)
		return rc;
	future->pub.slot = service.ret_slot;
	for (i = 0, real = future->pub.reals; real != NULL; real = real->next)
		real->slot = service.reals[i++].ret_slot;
	return 0;
}

/* A running service stays where it is in the index and takes its copy's content. */
static void
step_finish(struct model *model, struct model_step *step)
{
	struct service *running = step->running, *future = step->future;
	struct model_real *reals;

	if (running == NULL) {
		model_index_add(&model->index, future);
		step->future = NULL;
		return;
	}
	if (future == NULL) {
		model_index_remove(&model->index, running);
		service_destroy(running);
		step->running = NULL;
		return;
	}
	reals = running->pub.reals;
	running->pub.reals = future->pub.reals;
	future->pub.reals = reals;
	running->pub.real_count = future->pub.real_count;
	running->pub.sched = future->pub.sched;
	running->pub.fwd = future->pub.fwd;
	running->pub.tunnel = future->pub.tunnel;
	memcpy(running->pub.local_group, future->pub.local_group, sizeof(running->pub.local_group));
	running->pub.mss = future->pub.mss;
	running->pub.options = future->pub.options;
	running->pub.slot = future->pub.slot;
	running->next_order = future->next_order;
}
