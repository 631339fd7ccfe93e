/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes a new configuration file what runs, or says what that would change.
 *
 * Services come from model_merge.c, the network from model_net.c; both go to
 * the data plane in one transaction. What is left then are settings that
 * cannot fail. Control thread only.
 */
#include "model_private.h"

#include <errno.h>
#include <stdio.h>

/* lvs_timeouts, in the order of dp_timeouts_set. */
enum { TIMEOUT_COUNT = 3 };
static const char *const timeout_names[TIMEOUT_COUNT] = { "tcp", "tcpfin", "udp" };

/* Everything that one file changes in the data plane. */
struct plan {
	struct model_change change;
	struct model_net old_net, new_net;
	struct model_groups groups;
};

static int plan_make(struct plan *plan, struct model *model, const struct conf *conf,
		     struct model_error *ret_error, const struct conf_place **ret_place);
static void plan_fini(struct plan *plan);
static void settings_apply(const struct model *model, const struct conf *old, const struct conf *new);
static void settings_diff(const struct model *model, const struct conf *old, const struct conf *new,
			  void (*line)(const char *text, void *context), void *context);
static void timeouts_new(const struct model *model, const struct conf *old, const struct conf *new,
			 unsigned int ret_s[TIMEOUT_COUNT]);

int
model_apply(struct model *model, struct conf *conf, struct conf_faults *faults)
{
	const struct conf_place *place = NULL;
	const struct model_step *failed = NULL;
	struct conf *old = model->conf;
	struct model_error error;
	struct plan plan;
	int rc;

	rc = model_check(model, conf, faults);
	if (rc < 0)
		return rc;
	rc = plan_make(&plan, model, conf, &error, &place);
	if (rc == 0) {
		/* Workers run from the first file's commit on: their first packet is to find its settings. */
		if (model->conf == NULL)
			settings_apply(model, NULL, conf);
		rc = model_change_commit(model, &plan.change, &error, &failed);
		if (failed != NULL)
			place = failed->place;
	}
	if (rc < 0)
		conf_fault_add(faults, CONF_ERROR, place != NULL ? place : model_conf_place(conf), "%s",
			       error.text);
	plan_fini(&plan);
	if (rc < 0)
		return rc;
	if (old != NULL)
		settings_apply(model, old, conf);
	model->groups = plan.groups;
	model->conf = conf;
	for (unsigned int i = 0; i < model->watcher_count; i++)
		model->watchers[i].applied(old, conf, model->watchers[i].context);
	conf_free(old);
	return 0;
}

void
model_diff(struct model *model, const struct conf *conf, void (*line)(const char *text, void *context),
	   void *context)
{
	const struct conf_place *place = NULL;
	struct conf_faults faults = { 0 };
	char text[DP_ERROR_SIZE + 2];
	struct model_error error;
	struct plan plan;

	model_check(model, conf, &faults);
	for (const struct conf_fault *fault = faults.first; fault != NULL; fault = fault->next) {
		snprintf(text, sizeof(text), "! %s", fault->text);
		line(text, context);
	}
	conf_faults_free(&faults);
	if (plan_make(&plan, model, conf, &error, &place) < 0) {
		snprintf(text, sizeof(text), "! %s", error.text);
		line(text, context);
	} else {
		settings_diff(model, model->conf, conf, line, context);
		model_net_diff(model, &plan.old_net, &plan.new_net, line, context);
		for (const struct model_step *step = plan.change.first; step != NULL; step = step->next)
			model_diff_service(step->running, step->future, line, context);
		model_diff_ha(model->conf, conf, line, context);
		model_diff_health(model->conf, conf, line, context);
	}
	plan_fini(&plan);
}

/* The plan is to be ended by plan_fini in any case. */
static int
plan_make(struct plan *plan, struct model *model, const struct conf *conf, struct model_error *ret_error,
	  const struct conf_place **ret_place)
{
	int rc;

	*plan = (struct plan){ 0 };
	model_change_init(&plan->change);
	rc = model_merge(model, conf, &plan->change, ret_error, ret_place);
	if (rc == 0)
		rc = model_forward_check_rest(model, conf, ret_error);
	if (rc < 0)
		return rc;
	plan->groups = model->groups;
	model_groups_assign(&plan->groups, conf);
	if (model_net_build(&plan->old_net, model->conf, model, &model->groups) < 0 ||
	    model_net_build(&plan->new_net, conf, model, &plan->groups) < 0)
		return model_error_memory(ret_error);
	rc = model_net_diff(model, &plan->old_net, &plan->new_net, NULL, NULL);
	if (rc < 0)
		return model_error_memory(ret_error);
	/* The first file is a transaction even when it is empty: workers run from then on. */
	if (rc > 0 || model->conf == NULL)
		plan->change.net = &plan->new_net.dp;
	return 0;
}

static void
plan_fini(struct plan *plan)
{
	model_change_fini(&plan->change);
	model_net_fini(&plan->old_net);
	model_net_fini(&plan->new_net);
}

/* `old` is NULL for the first file: then everything is new. */
static void
settings_apply(const struct model *model, const struct conf *old, const struct conf *new)
{
	unsigned int s[TIMEOUT_COUNT];

	if (old == NULL || old->idle != new->idle)
		dp_idle_set(new->idle);
	timeouts_new(model, old, new, s);
	dp_timeouts_set(s[0], s[1], s[2]);
	if (old == NULL || old->conn_reuse_mode != new->conn_reuse_mode)
		dp_conn_reuse_mode_set(new->conn_reuse_mode);
	if (old == NULL || old->pmtu_disc != new->pmtu_disc)
		dp_pmtu_disc_set(new->pmtu_disc);
	if (old == NULL || old->answer_rate != new->answer_rate)
		dp_answer_rate_set(new->answer_rate);
	if (old == NULL || old->kernel_rate != new->kernel_rate)
		dp_kernel_rate_set(new->kernel_rate);
}

static void
settings_diff(const struct model *model, const struct conf *old, const struct conf *new,
	      void (*line)(const char *text, void *context), void *context)
{
	static const char *const idle_names[] = { [DP_IDLE_ADAPTIVE] = "adaptive", [DP_IDLE_BUSY] = "busy" };
	const struct {
		const char *name;
		unsigned int now, then;
	} numbers[] = {
		{ "conn_reuse_mode", old->conn_reuse_mode, new->conn_reuse_mode },
		{ "answer_rate", old->answer_rate, new->answer_rate },
		{ "kernel_rate", old->kernel_rate, new->kernel_rate },
	};
	unsigned int s[TIMEOUT_COUNT], now[TIMEOUT_COUNT];
	char text[128];

	if (old->idle != new->idle) {
		snprintf(text, sizeof(text), "~ idle %s -> %s", idle_names[old->idle], idle_names[new->idle]);
		line(text, context);
	}
	timeouts_new(model, old, new, s);
	dp_timeouts_get(&now[0], &now[1], &now[2]);
	for (int i = 0; i < TIMEOUT_COUNT; i++) {
		if (s[i] == 0 || s[i] == now[i])
			continue;
		snprintf(text, sizeof(text), "~ timeout %s %u s -> %u s", timeout_names[i], now[i], s[i]);
		line(text, context);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].now == numbers[i].then)
			continue;
		snprintf(text, sizeof(text), "~ %s %u -> %u", numbers[i].name, numbers[i].now,
			 numbers[i].then);
		line(text, context);
	}
	if (old->pmtu_disc != new->pmtu_disc) {
		snprintf(text, sizeof(text), "~ pmtu_disc %s -> %s", old->pmtu_disc ? "on" : "off",
			 new->pmtu_disc ? "on" : "off");
		line(text, context);
	}
}

/* As dp_timeouts_set takes them: 0 where the text did not change, the default where it is gone. */
static void
timeouts_new(const struct model *model, const struct conf *old, const struct conf *new,
	     unsigned int ret_s[TIMEOUT_COUNT])
{
	const unsigned int before[] = { old != NULL ? old->tcp_s : 0, old != NULL ? old->tcp_fin_s : 0,
					old != NULL ? old->udp_s : 0 };
	const unsigned int after[] = { new->tcp_s, new->tcp_fin_s, new->udp_s };
	const unsigned int defaults[] = { model->tcp_s, model->tcp_fin_s, model->udp_s };

	for (int i = 0; i < TIMEOUT_COUNT; i++) {
		ret_s[i] = 0;
		if (after[i] != before[i])
			ret_s[i] = after[i] != 0 ? after[i] : defaults[i];
	}
}
