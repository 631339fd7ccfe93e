/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What runs, for those who ask and for those who command.
 *
 * A command copies the service that it is about, changes the copy, and has the
 * copy committed (model_change.c). Files come in through model_apply.c. Only
 * the control thread calls anything here.
 */
#include "model_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What most commands on a service or a server need at hand. */
struct command {
	struct model *model;
	const struct dp_service_key *key;
	struct service *running, *future;
	struct model_error *error;
};

static int command_begin(struct command *command, struct model *model, const struct dp_service_key *key,
			 struct model_error *ret_error);
static int command_end(struct command *command, int rc, int64_t flush_slot);
static struct model_real *command_real(struct command *command, const struct sl_addr *addr, uint16_t port);
static int service_change(struct command *command, const struct model_service_change *change);
static int real_change(struct command *command, struct model_real *real,
		       const struct model_real_change *change, int64_t weight);
static int ports_remember(struct model *model, const struct conf *conf);

struct model *
model_create(struct conf *conf, struct model_error *ret_error)
{
	struct model *model = calloc(1, sizeof(*model));
	struct conf_faults faults = { 0 };

	if (model == NULL || ports_remember(model, conf) < 0) {
		model_error_memory(ret_error);
		free(model);
		return NULL;
	}
	dp_timeouts_get(&model->tcp_s, &model->tcp_fin_s, &model->udp_s);
	if (model_apply(model, conf, &faults) < 0) {
		const struct conf_fault *fault = faults.first;

		model_error_set(ret_error, -EINVAL, "%s:%u:%u: %s", fault->file, fault->line, fault->column,
				fault->text);
		conf_faults_free(&faults);
		model_destroy(model);
		return NULL;
	}
	conf_faults_free(&faults);
	return model;
}

void
model_destroy(struct model *model)
{
	if (model == NULL)
		return;
	model_index_fini(&model->index);
	conf_free(model->conf);
	free(model->ports);
	free(model);
}

const struct conf *
model_conf(const struct model *model)
{
	return model->conf;
}

void
model_watch(struct model *model, const struct model_watcher *watcher)
{
	assert(model->watcher_count < MODEL_WATCHERS_MAX);
	model->watchers[model->watcher_count++] = *watcher;
}

void
model_unwatch(struct model *model, const void *context)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < model->watcher_count; i++)
		if (model->watchers[i].context != context)
			model->watchers[kept++] = model->watchers[i];
	model->watcher_count = kept;
}

struct model_service *
model_services(struct model *model)
{
	return model_index_sorted(&model->index);
}

unsigned int
model_service_count(const struct model *model)
{
	return model->index.count;
}

struct model_service *
model_service_find(struct model *model, const struct dp_service_key *key)
{
	struct service *service = model_index_find(&model->index, key);

	return service != NULL ? &service->pub : NULL;
}

struct model_real *
model_real_find(struct model_service *service, const struct sl_addr *addr, uint16_t port)
{
	struct model_real *real = service->reals;

	while (real != NULL && (real->port != port || !sl_addr_eq(&real->addr, addr)))
		real = real->next;
	return real;
}

int
model_service_add(struct model *model, const struct dp_service_key *key,
		  const struct model_service_change *change, struct model_error *ret_error)
{
	struct command command = { .model = model, .key = key, .error = ret_error };
	char name[MODEL_KEY_STRLEN];
	int rc;

	rc = model_check_service(key, ret_error);
	if (rc < 0)
		return rc;
	if (model_service_find(model, key) != NULL)
		return model_error_set(ret_error, -EEXIST, "service %s already exists",
				       model_key_format(key, name));
	command.future = service_create(key);
	if (command.future == NULL)
		return model_error_memory(ret_error);
	command.future->pub.sched = sched_find("wlc");
	command.future->pub.fwd = SL_FWD_DR;
	return command_end(&command, service_change(&command, change), -1);
}

int
model_service_edit(struct model *model, const struct dp_service_key *key,
		   const struct model_service_change *change, struct model_error *ret_error)
{
	struct command command;
	int rc = command_begin(&command, model, key, ret_error);

	if (rc < 0)
		return rc;
	return command_end(&command, service_change(&command, change), -1);
}

int
model_service_del(struct model *model, const struct dp_service_key *key, struct model_error *ret_error)
{
	struct command command;
	int rc = command_begin(&command, model, key, ret_error);

	if (rc < 0)
		return rc;
	service_destroy(command.future);
	command.future = NULL;
	return command_end(&command, 0, -1);
}

int
model_real_add(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
	       uint16_t port, const struct model_real_change *change, struct model_error *ret_error)
{
	struct command command;
	struct model_real *real;
	int64_t weight = change->weight != -1 ? change->weight : 1;
	int rc = command_begin(&command, model, key, ret_error);

	if (rc < 0)
		return rc;
	rc = model_check_real(key, addr, port, weight, ret_error);
	if (rc == 0 && model_real_find(&command.future->pub, addr, port) != NULL) {
		char name[MODEL_KEY_STRLEN], endpoint[SL_ENDPOINT_STRLEN];

		rc = model_error_set(ret_error, -EEXIST, "server %s already exists in service %s",
				     sl_endpoint_format(addr, port, endpoint), model_key_format(key, name));
	}
	if (rc == 0) {
		real = service_real_add(command.future, addr, port);
		if (real == NULL) {
			rc = model_error_memory(ret_error);
		} else {
			real->fwd = command.future->pub.fwd;
			real->tunnel = command.future->pub.tunnel;
			rc = real_change(&command, real, change, weight);
		}
	}
	return command_end(&command, rc, -1);
}

int
model_real_edit(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
		uint16_t port, const struct model_real_change *change, struct model_error *ret_error)
{
	struct command command;
	struct model_real *real;
	int rc = command_begin(&command, model, key, ret_error);

	if (rc < 0)
		return rc;
	real = command_real(&command, addr, port);
	if (real != NULL) {
		int64_t weight = change->weight != -1 ? change->weight : (int64_t)real->weight;

		rc = model_check_real(key, addr, port, weight, ret_error);
		if (rc == 0)
			rc = real_change(&command, real, change, weight);
	}
	return command_end(&command, real != NULL ? rc : ret_error->code, -1);
}

int
model_real_del(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
	       uint16_t port, bool flush, struct model_error *ret_error)
{
	struct command command;
	struct model_real *real;
	int64_t slot = -1;
	int rc = command_begin(&command, model, key, ret_error);

	if (rc < 0)
		return rc;
	real = command_real(&command, addr, port);
	if (real == NULL)
		return command_end(&command, ret_error->code, -1);
	if (flush)
		slot = real->slot;
	service_real_remove(command.future, real);
	return command_end(&command, 0, slot);
}

int
model_real_drain(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
		 uint16_t port, bool on, struct model_error *ret_error)
{
	struct command command;
	struct model_real *real;
	int rc = command_begin(&command, model, key, ret_error);

	if (rc < 0)
		return rc;
	real = command_real(&command, addr, port);
	if (real == NULL)
		return command_end(&command, ret_error->code, -1);
	real->draining = on;
	return command_end(&command, 0, -1);
}

static int
command_begin(struct command *command, struct model *model, const struct dp_service_key *key,
	      struct model_error *ret_error)
{
	char name[MODEL_KEY_STRLEN];

	*command = (struct command){ .model = model, .key = key, .error = ret_error };
	command->running = model_index_find(&model->index, key);
	if (command->running == NULL)
		return model_error_set(ret_error, -ESRCH, "service %s does not exist",
				       model_key_format(key, name));
	command->future = service_copy(command->running);
	if (command->future == NULL)
		return model_error_memory(ret_error);
	return 0;
}

/* The copy as the command wants it. 0, or -EINVAL where that does not fit together. */
static int
service_change(struct command *command, const struct model_service_change *change)
{
	struct model_service *future = &command->future->pub;
	char object[MODEL_KEY_STRLEN + 16], name[MODEL_KEY_STRLEN];
	uint8_t stale = 0; /* what was asked of the scheduler before */
	int rc;

	snprintf(object, sizeof(object), "service %s", model_key_format(command->key, name));
	rc = model_forward_set(&future->fwd, &future->tunnel, change->fwd, change->tunnel, NULL, object,
			       command->error);
	if (rc < 0)
		return rc;
	if (change->sched != NULL) {
		future->sched = change->sched;
		stale = future->options & model_sched_unknown(future);
	}
	if (change->local_group != NULL)
		snprintf(future->local_group, sizeof(future->local_group), "%s", change->local_group);
	if (change->mss >= 0)
		future->mss = (uint16_t)change->mss;
	if (change->options >= 0)
		future->options = (uint8_t)change->options;
	future->options &= (uint8_t)~stale;
	return model_forward_check(command->model->conf, future, command->error, NULL);
}

static int
real_change(struct command *command, struct model_real *real, const struct model_real_change *change,
	    int64_t weight)
{
	struct model_service *future = &command->future->pub;
	char object[MODEL_KEY_STRLEN + SL_ENDPOINT_STRLEN + 32], name[MODEL_KEY_STRLEN],
		endpoint[SL_ENDPOINT_STRLEN];
	int rc;

	snprintf(object, sizeof(object), "server %s of service %s",
		 sl_endpoint_format(&real->addr, real->port, endpoint), model_key_format(command->key, name));
	rc = model_forward_set(&real->fwd, &real->tunnel, change->fwd, change->tunnel, &future->tunnel,
			       object, command->error);
	if (rc < 0)
		return rc;
	real->weight = (uint32_t)weight;
	return model_forward_check(command->model->conf, future, command->error, NULL);
}

/* Commits what the command made of the copy; after a failure (`rc`), throws it away. */
static int
command_end(struct command *command, int rc, int64_t flush_slot)
{
	const struct model_step *failed;
	struct model_change change;
	struct model_step *step;

	model_change_init(&change);
	if (rc < 0) {
		service_destroy(command->future);
		return rc;
	}
	step = model_change_add(&change, command->running, command->future);
	if (step == NULL)
		return model_error_memory(command->error);
	if (flush_slot >= 0 && model_step_flush(step, (uint32_t)flush_slot) < 0)
		rc = model_error_memory(command->error);
	else
		rc = model_change_commit(command->model, &change, command->error, &failed);
	model_change_fini(&change);
	for (unsigned int i = 0; rc == 0 && i < command->model->watcher_count; i++)
		if (command->model->watchers[i].changed != NULL)
			command->model->watchers[i].changed(command->key,
							    command->model->watchers[i].context);
	return rc;
}

/* The server in the copy; NULL with the error filled. */
static struct model_real *
command_real(struct command *command, const struct sl_addr *addr, uint16_t port)
{
	struct model_real *real = model_real_find(&command->future->pub, addr, port);
	char name[MODEL_KEY_STRLEN], endpoint[SL_ENDPOINT_STRLEN];

	if (real == NULL)
		model_error_set(command->error, -ENOENT, "server %s does not exist in service %s",
				sl_endpoint_format(addr, port, endpoint),
				model_key_format(command->key, name));
	return real;
}

static int
ports_remember(struct model *model, const struct conf *conf)
{
	model->ports = calloc(conf->port_count > 0 ? conf->port_count : 1, sizeof(*model->ports));
	if (model->ports == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < conf->port_count; i++)
		model->ports[i] = conf->ports[i].dp;
	model->port_count = conf->port_count;
	return 0;
}
