/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One check of one server on the loop (checker.h): a timer, and the attempt
 * under way.
 *
 * The timer runs while there is no attempt, and an attempt runs while there is
 * no timer, so they never overlap. All times are of the monotonic clock: what
 * is done to the system's time is not noticed here.
 */
#include "checker.h"

#include "sl_clock.h"
#include "sl_log.h"

#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct checker {
	struct check_env *env;
	const struct conf_checker *conf;
	const struct check_ops *ops;
	struct checker_owner owner;
	struct checker_rules rules;
	struct checker_state state;
	struct checker_report report;
	struct event *timer;
	void *attempt; /* NULL: none */
};

static void attempt_begin(evutil_socket_t fd, short what, void *context);
static void attempt_ended(const struct check_result *result, void *context);
static void verdict_take(struct checker *checker, const struct check_result *result);
static void due_at(struct checker *checker, uint64_t due_ms);

struct checker *
checker_create(struct check_env *env, const struct conf_checker *conf, bool up,
	       const struct checker_owner *owner)
{
	struct checker *checker = calloc(1, sizeof(*checker));

	if (checker == NULL)
		return NULL;
	checker->timer = evtimer_new(env->base, attempt_begin, checker);
	if (checker->timer == NULL) {
		free(checker);
		return NULL;
	}
	checker_conf_set(checker, env, conf, owner);
	checker->state = checker_state_new(up);
	return checker;
}

void
checker_destroy(struct checker *checker)
{
	if (checker == NULL)
		return;
	checker_pause(checker);
	event_free(checker->timer);
	free(checker);
}

void
checker_resume(struct checker *checker, uint32_t within_ms)
{
	uint32_t random = 0;

	if (checker->report.running)
		return;
	checker->report.running = true;
	/* A long rest, of many together, does not end with all of them at once. */
	if (checker->report.due_ms + checker->conf->delay_loop_ms < sl_clock_ms()) {
		if (within_ms > 0)
			evutil_secure_rng_get_bytes(&random, sizeof(random));
		checker->report.due_ms = sl_clock_ms() + (within_ms > 0 ? random % within_ms : 0);
	}
	due_at(checker, checker->report.due_ms);
}

void
checker_pause(struct checker *checker)
{
	checker->report.running = false;
	event_del(checker->timer);
	if (checker->attempt != NULL)
		checker->ops->cancel(checker->attempt);
	checker->attempt = NULL;
}

void
checker_hurry(struct checker *checker)
{
	if (checker->report.running && checker->attempt == NULL)
		due_at(checker, sl_clock_ms());
}

void
checker_forget(struct checker *checker, bool up)
{
	checker->state = checker_state_new(up);
	checker->report = (struct checker_report){ 0 };
}

void
checker_conf_set(struct checker *checker, struct check_env *env, const struct conf_checker *conf,
		 const struct checker_owner *owner)
{
	checker->env = env;
	checker->conf = conf;
	checker->owner = *owner;
	checker->ops = check_kinds[conf->type];
	checker->rules =
		checker_rules_of(conf, checker->ops->step_count != NULL ? checker->ops->step_count(conf) : 1);
}

const struct conf_checker *
checker_conf(const struct checker *checker)
{
	return checker->conf;
}

const struct checker_state *
checker_state(const struct checker *checker)
{
	return &checker->state;
}

const struct checker_report *
checker_report(const struct checker *checker)
{
	return &checker->report;
}

const char *
checker_name(const struct checker *checker)
{
	static const char *const names[CONF_CHECK_MAX] = {
#define CHECKER_NAME(name, keyword) keyword,
		CONF_CHECK_LIST(CHECKER_NAME)
#undef CHECKER_NAME
	};

	return names[checker->conf->type];
}

static void
attempt_begin(evutil_socket_t fd, short what, void *context)
{
	struct checker *checker = context;
	struct check_result failure = { .good = false };
	struct check_target target;

	checker->report.began_ms = sl_clock_ms();
	if (checker->owner.target(checker->owner.context, checker->conf, &target, failure.text))
		checker->attempt = checker->ops->start(checker->env, checker->conf, checker->state.step,
						       &target, attempt_ended, checker, failure.text);
	if (checker->attempt == NULL)
		verdict_take(checker, &failure);
}

static void
attempt_ended(const struct check_result *result, void *context)
{
	struct checker *checker = context;

	checker->attempt = NULL;
	verdict_take(checker, result);
}

static void
verdict_take(struct checker *checker, const struct check_result *result)
{
	struct checker_report *report = &checker->report;
	const struct checker_attempt attempt = {
		.due_ms = report->due_ms,
		.began_ms = report->began_ms,
		.ended_ms = sl_clock_ms(),
		.good = result->good,
	};
	bool changed;

	due_at(checker, checker_state_verdict(&checker->state, &checker->rules, &attempt, &changed));
	report->last_ms = attempt.ended_ms;
	report->good = result->good;
	report->took_us = result->took_us;
	snprintf(report->text, sizeof(report->text), "%s", result->text);
	report->weight_changed = result->good && (report->has_weight != result->has_weight ||
						  (result->has_weight && report->weight != result->weight));
	if (result->good) {
		report->has_weight = result->has_weight;
		report->weight_adds = result->weight_adds;
		report->weight = result->weight;
	}
	checker->owner.verdict(checker, changed, checker->owner.context);
}

static void
due_at(struct checker *checker, uint64_t due_ms)
{
	uint64_t now_ms = sl_clock_ms(), wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
	const struct timeval wait = { (time_t)(wait_ms / 1000), (suseconds_t)(wait_ms % 1000) * 1000 };

	checker->report.due_ms = due_ms;
	event_add(checker->timer, &wait);
}
