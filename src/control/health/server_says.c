/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What others than checks say of a server: its agent, and the data plane's
 * counters (passive health). Control thread.
 */
#include "health_private.h"

#include "sl_clock.h"

#include <stdio.h>

static void agent_said(const struct agent_says *says, void *context);
static void loads_report(struct server *server, const struct agent_says *says);
static void passive_return(struct server *server, uint64_t now_ms);
static bool watched_passively(const struct member *member, const struct dp_service_key *key);

void
server_agent_start(struct server *server)
{
	const struct conf_agent *conf = server->conf->agent;
	const struct member *member = server_member(server);
	const struct check_target target = { .addr = member->addr, .port = member->port };

	if (conf == NULL || server->agent != NULL)
		return;
	server->agent = agent_start(&server->pool->health->env, conf, server->pool->conf->feedback.custom,
				    &target, server->says_ms != 0 ? &server->says : NULL, agent_said, server);
	if (server->agent == NULL)
		event_tell(server->pool, server, EVENT_CHECK, "AGENT_CHECK cannot begin: out of memory");
}

void
server_sample(struct server *server, uint64_t now_ms)
{
	const struct conf_passive *conf = &server->pool->conf->passive;
	struct passive_counts counts = { 0 };
	char text[PASSIVE_TEXT_SIZE];

	if (server->passive_down) {
		passive_return(server, now_ms);
		return;
	}
	if (!server->alive || server->sorry)
		return;
	for (unsigned int i = 0; i < server->pool->service_count; i++) {
		struct dp_real_stats stats;

		if (!watched_passively(&server->members[i], &server->pool->services[i].key))
			continue;
		dp_real_stats(server->members[i].slot, &stats);
		counts.syns += stats.syns;
		counts.answered += stats.answered;
		counts.refused += stats.refused;
	}
	if (passive_add(&server->passive, conf, &counts, now_ms, text))
		server_passive_set(server, text);
}

/* Its checks decide, asked once as soon as their word counts; without one, time does. */
static void
passive_return(struct server *server, uint64_t now_ms)
{
	const struct conf_passive *conf = &server->pool->conf->passive;

	if (server->checker_count == 0 && now_ms >= server->passive_ms + conf->retry_ms)
		server_passive_set(server, NULL);
	if (server->passive_tried || now_ms < server->passive_ms + conf->window_ms)
		return;
	server->passive_tried = true;
	for (unsigned int i = 0; i < server->checker_count; i++)
		checker_hurry(server->checkers[i]);
}

/* It may have changed the state, the weight, the limit, or nothing. */
static void
agent_said(const struct agent_says *says, void *context)
{
	struct server *server = context;
	const struct agent_says before = server->says;
	char text[CHECK_TEXT_SIZE];

	server->says = *says;
	server->says_ms = sl_clock_ms();
	loads_report(server, says);
	if (before.down == says->down && before.admin == says->admin && before.percent == says->percent &&
	    before.maxconn == says->maxconn)
		return;
	snprintf(text, sizeof(text), "agent: %.150s", says->text);
	server_update(server, text);
}

static void
loads_report(struct server *server, const struct agent_says *says)
{
	const struct conf_feedback *conf = &server->pool->conf->feedback;

	if (!conf->on || !says->reached)
		return;
	for (int kind = 0; kind < CONF_LOAD_MAX; kind++) {
		if (!says->has_load[kind])
			continue;
		if (kind == CONF_LOAD_RESPONSE)
			feedback_response_add(&server->feedback, conf, (uint32_t)(says->load[kind] * 1000),
					      server->says_ms);
		else
			feedback_load_add(&server->feedback, conf, (enum conf_load_kind)kind,
					  says->load[kind], server->says_ms);
	}
	if (says->fresh_percent)
		feedback_percent_add(&server->feedback, conf, says->percent, server->says_ms);
}

/* Only there does the data plane see what servers answer. */
static bool
watched_passively(const struct member *member, const struct dp_service_key *key)
{
	return member->present && key->proto == SL_PROTO_TCP &&
	       (member->fwd == SL_FWD_NAT || member->fwd == SL_FWD_FNAT);
}
