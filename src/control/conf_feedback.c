/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `passive_check { ... }` and `feedback { ... }` of a virtual_server: switched
 * on by being there. Whether they can do anything is seen when the service's
 * protocol and servers are known.
 */
#include "conf_pool.h"
#include "conf_value.h"

#include <stddef.h>
#include <string.h>

enum {
	DAY_MS = 24 * 60 * 60 * 1000,
	FACTOR_MAX = 1000,
	CUSTOM_NAME_MAX = 63,
	STALE_INTERVALS = 5,
};

/* Where a number of one of the two blocks goes, and what it may be. */
struct number {
	const char *keyword;
	size_t offset;
	uint32_t low, high;
	bool time; /* seconds, kept as milliseconds */
};

static const struct number passive_numbers[] = {
	{ "window", offsetof(struct conf_passive, window_ms), 100, 60 * 1000, true },
	{ "failures", offsetof(struct conf_passive, failures), 1, 1000000, false },
	{ "percent", offsetof(struct conf_passive, percent), 1, 100, false },
	{ "retry", offsetof(struct conf_passive, retry_ms), 100, DAY_MS, true },
};

#define FEEDBACK(member) offsetof(struct conf_feedback, member)

static const struct number feedback_numbers[] = {
	{ "interval", FEEDBACK(interval_ms), 100, DAY_MS, true },
	{ "cpu", FEEDBACK(factor[CONF_LOAD_CPU]), 0, FACTOR_MAX, false },
	{ "memory", FEEDBACK(factor[CONF_LOAD_MEMORY]), 0, FACTOR_MAX, false },
	{ "response", FEEDBACK(factor[CONF_LOAD_RESPONSE]), 0, FACTOR_MAX, false },
	{ "response_time", FEEDBACK(response_ms), 1, DAY_MS, true },
	{ "smoothing", FEEDBACK(smoothing), 1, 100, false },
	{ "dead_band", FEEDBACK(dead_band), 0, 100, false },
	{ "step", FEEDBACK(step), 1, 1000, false },
	{ "floor", FEEDBACK(floor), 0, 100, false },
	{ "ceiling", FEEDBACK(ceiling), 100, 10000, false },
	{ "stale", FEEDBACK(stale_ms), 100, DAY_MS, true },
};

static bool number_read(struct conf_load *load, const struct conf_stmt *stmt, const struct number *number,
			void *base);
static void passive_check(struct conf_load *load, struct conf_service_object *self);
static void feedback_check(struct conf_load *load, struct conf_service_object *self);

void
conf_build_passive_check(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	self->passive = &stmt->words[0];
	self->pool.passive.on = true;
	conf_walk(load, stmt->first, &conf_block_passive, &self->pool.passive);
}

void
conf_build_passive_number(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	number_read(load, stmt, passive_numbers, object);
}

void
conf_build_feedback(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	struct conf_feedback *feedback = &self->pool.feedback;
	unsigned int errors = load->faults->errors;
	uint32_t sum = 0;

	feedback->on = true;
	feedback->stale_ms = 0;
	conf_walk(load, stmt->first, &conf_block_feedback, feedback);
	if (feedback->stale_ms == 0)
		feedback->stale_ms = STALE_INTERVALS * feedback->interval_ms;
	else if (feedback->stale_ms < feedback->interval_ms)
		conf_error(
			load, &stmt->words[0].place,
			"feedback: stale (%s) is less than its interval (%s): every report would be too old",
			conf_time_text(load, feedback->stale_ms),
			conf_time_text(load, feedback->interval_ms));
	for (unsigned int i = 0; i < CONF_LOAD_MAX; i++)
		sum += feedback->factor[i];
	if (sum == 0)
		conf_error(load, &stmt->words[0].place,
			   "feedback: cpu, memory, response and custom are all 0: no load would count");
	if (errors == load->faults->errors)
		self->feedback = &stmt->words[0];
}

void
conf_build_feedback_number(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	number_read(load, stmt, feedback_numbers, object);
}

/* `custom NAME FACTOR` */
void
conf_build_feedback_custom(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_feedback *self = object;

	conf_value_host(load, &stmt->words[1], "the name of the custom load", CUSTOM_NAME_MAX, &self->custom);
	conf_value_number(load, &stmt->words[2], "custom", 0, FACTOR_MAX, &self->factor[CONF_LOAD_CUSTOM]);
}

void
conf_feedback_finish(struct conf_load *load, struct conf_service_object *self)
{
	if (self->passive != NULL)
		passive_check(load, self);
	if (self->feedback != NULL && self->service->real_count > 0)
		feedback_check(load, self);
}

static bool
number_read(struct conf_load *load, const struct conf_stmt *stmt, const struct number *number, void *base)
{
	const char *keyword = stmt->words[0].text;
	uint32_t *value;

	while (strcmp(number->keyword, keyword) != 0)
		number++;
	value = (uint32_t *)((char *)base + number->offset);
	return number->time
		       ? conf_value_time(load, &stmt->words[1], keyword, number->low, number->high, value)
		       : conf_value_number(load, &stmt->words[1], keyword, number->low, number->high, value);
}

/* Only where answers pass this box does it see that there are none. */
static void
passive_check(struct conf_load *load, struct conf_service_object *self)
{
	const struct conf_service *service = self->service;
	bool udp = service->key.proto == SL_PROTO_UDP, seen = service->real_count == 0 || !self->fwd_good;

	for (unsigned int i = 0; i < service->real_count; i++)
		seen |= service->reals[i].fwd == SL_FWD_NAT || service->reals[i].fwd == SL_FWD_FNAT;
	if (!udp && seen)
		return;
	conf_warn(load, &self->passive->place, "\"passive_check\" has no effect: %s",
		  udp ? "it is about SYNs without an answer, and this service is UDP"
		      : "by DR and TUN the servers' answers do not pass this box");
	self->pool.passive.on = false;
}

/* Loads come from agents, but for the response time, which checks measure. */
static void
feedback_check(struct conf_load *load, struct conf_service_object *self)
{
	const struct conf_service *service = self->service;
	bool agents = false, checks = false;

	for (unsigned int i = 0; i < service->real_count; i++) {
		agents |= service->reals[i].health->agent != NULL;
		checks |= service->reals[i].health->check_count > 0;
	}
	if (!agents && !(checks && self->pool.feedback.factor[CONF_LOAD_RESPONSE] > 0))
		conf_warn(load, &self->feedback->place,
			  "\"feedback\" has no effect: no server reports a load (AGENT_CHECK), and none has "
			  "its "
			  "response time measured (response, and a check)");
}
