/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks of real servers: what all kinds have in common, and how checks and
 * notifiers make a server's health. Adding a kind is a row here, a table of
 * keywords in conf_keywords_check.c, and a file for what only it has.
 *
 * Defaults are keepalived's, and so is the order in which they are looked for:
 * the check, its real_server, its virtual_server, the kind.
 */
#include "conf_checker.h"
#include "conf_value.h"

#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

/* delay_before_retry is the delay_loop */
#define AS_DELAY_LOOP UINT32_MAX

#define CONNECTS true

/* A FILE_CHECK is no attempt at anything far away: keepalived sees a change at once, and has no retry. */
const struct conf_checker_kind conf_checker_kinds[CONF_CHECK_MAX] = {
	[CONF_CHECK_TCP] = { &conf_block_checker_tcp, 1, 1000, MINUTE_MS, CONNECTS, NULL, NULL },
	[CONF_CHECK_HTTP] = { &conf_block_checker_http, 1, 3000, MINUTE_MS, CONNECTS, conf_http_begin,
			      conf_http_finish },
	[CONF_CHECK_SSL] = { &conf_block_checker_ssl, 1, 3000, MINUTE_MS, CONNECTS, conf_http_begin,
			     conf_http_finish },
	[CONF_CHECK_SMTP] = { &conf_block_checker_smtp, 1, 1000, MINUTE_MS, CONNECTS, NULL,
			      conf_smtp_finish },
	[CONF_CHECK_DNS] = { &conf_block_checker_dns, 3, AS_DELAY_LOOP, MINUTE_MS, CONNECTS, conf_dns_begin,
			     conf_dns_finish },
	[CONF_CHECK_UDP] = { &conf_block_checker_udp, 1, 1000, MINUTE_MS, CONNECTS, conf_udp_begin,
			     conf_udp_finish },
	[CONF_CHECK_PING] = { &conf_block_checker_ping, 1, 1000, MINUTE_MS, CONNECTS, NULL, NULL },
	[CONF_CHECK_MISC] = { &conf_block_checker_misc, 0, 1000, MINUTE_MS, false, NULL, conf_misc_finish },
	[CONF_CHECK_FILE] = { &conf_block_checker_file, 0, 1000, 1000, false, conf_file_begin,
			      conf_file_finish },
};

const struct conf_health conf_health_none;

static void checker_finish(struct conf_load *load, const struct conf_checker_draft *draft,
			   const struct conf_scope *scope, const struct conf_real *real,
			   struct conf_checker *ret_checker);

void
conf_build_checker(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	static const char *const keywords[CONF_CHECK_MAX] = {
#define X(name, keyword) keyword,
		CONF_CHECK_LIST(X)
#undef X
	};
	struct conf_real_object *self = object;
	struct conf_checker_draft *draft = conf_arena_alloc(load->scratch, sizeof(*draft));
	const struct conf_checker_kind *kind;
	unsigned int errors = load->faults->errors;

	draft->keyword = &stmt->words[0];
	while (strcmp(keywords[draft->type], draft->keyword->text) != 0)
		draft->type++;
	kind = &conf_checker_kinds[draft->type];
	if (kind->begin != NULL)
		kind->begin(draft);
	conf_walk(load, stmt->first, kind->block, draft);
	draft->bad = load->faults->errors > errors || load->incomplete;
	self->checks = conf_arena_grow(load->scratch, self->checks, self->check_count, sizeof(*self->checks));
	self->checks[self->check_count++] = draft;
}

const struct conf_health *
conf_health_finish(struct conf_load *load, const struct conf_service_object *service,
		   const struct conf_real_object *draft, const struct conf_real *real)
{
	struct conf_scope scope = { .real = &draft->inherit, .service = &service->inherit };
	struct conf_health health = {
		.check_count = draft->check_count,
		.inhibit_on_failure = conf_inherit_value(&scope, CONF_INHIBIT, false),
		.notify_up = draft->notify_up,
		.notify_down = draft->notify_down,
	};
	struct conf_health *keep;

	if (draft->agent != NULL)
		health.agent = conf_agent_finish(load, draft->agent, &scope, real);
	if (health.check_count == 0 && health.agent == NULL && !health.inhibit_on_failure &&
	    health.notify_up == NULL && health.notify_down == NULL)
		return &conf_health_none;
	if (health.check_count > 0)
		health.checks = conf_arena_alloc(load->keep, health.check_count * sizeof(*health.checks));
	for (unsigned int i = 0; i < health.check_count; i++) {
		scope.check = &draft->checks[i]->net.inherit;
		checker_finish(load, draft->checks[i], &scope, real, &health.checks[i]);
		health.alpha |= health.checks[i].alpha;
	}
	keep = conf_arena_alloc(load->keep, sizeof(*keep));
	*keep = health;
	return keep;
}

void
conf_build_checker_log_all_failures(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_flag(load, stmt, &load->log_all_failures);
}

void
conf_log_all_finish(struct conf_load *load)
{
	if (!load->log_all_failures)
		return;
	for (unsigned int i = 0; i < load->conf->service_count; i++) {
		const struct conf_service *service = &load->conf->services[i];

		for (unsigned int j = 0; j < service->real_count; j++) {
			const struct conf_health *health = service->reals[j].health;

			for (unsigned int k = 0; k < health->check_count; k++)
				health->checks[k].log_all_failures = true;
		}
	}
}

static void
checker_finish(struct conf_load *load, const struct conf_checker_draft *draft, const struct conf_scope *scope,
	       const struct conf_real *real, struct conf_checker *ret_checker)
{
	const struct conf_checker_kind *kind = &conf_checker_kinds[draft->type];
	uint32_t delay_loop_ms = conf_inherit_value(scope, CONF_DELAY_LOOP, kind->delay_loop_ms);

	ret_checker->place = draft->keyword->place;
	ret_checker->type = draft->type;
	ret_checker->delay_loop_ms = delay_loop_ms;
	ret_checker->retry = conf_inherit_value(scope, CONF_RETRY, kind->retry);
	ret_checker->delay_before_retry_ms = conf_inherit_value(
		scope, CONF_DELAY_BEFORE_RETRY,
		kind->delay_before_retry_ms == AS_DELAY_LOOP ? delay_loop_ms : kind->delay_before_retry_ms);
	ret_checker->warmup_ms = conf_inherit_value(scope, CONF_WARMUP, delay_loop_ms);
	ret_checker->fall = ret_checker->retry + 1;
	ret_checker->rise = conf_inherit_value(scope, CONF_RISE, 1);
	ret_checker->alpha = conf_inherit_value(scope, CONF_ALPHA, false);
	ret_checker->log_all_failures = conf_inherit_value(scope, CONF_LOG_ALL, false);
	if (kind->connects)
		conf_connect_finish(load, &draft->net, scope, real, &ret_checker->connect);
	if (kind->finish != NULL)
		kind->finish(load, draft, scope, real, ret_checker);
}
