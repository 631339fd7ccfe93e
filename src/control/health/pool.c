/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool's decisions: does it have its quorum, is its sorry server needed, and
 * what shall the model make of each of its servers.
 *
 * keepalived's rules: a server that is not alive is out, or has weight 0 with
 * inhibit_on_failure. The sum of living servers' weights makes the quorum, with
 * hysteresis. Without it, and with a sorry server, all are out but that one.
 * A decision looks at everything anew, and only what differs from what the
 * model has is asked of it: so the order of events never matters. Control
 * thread.
 */
#include "health_private.h"
#include "sl_log.h"

#include <stdio.h>
#include <string.h>

static uint64_t alive_weight(const struct pool *pool);
static bool has_sorry(const struct pool *pool);
static void quorum_set(struct pool *pool, bool up);
static void sorry_set(struct pool *pool, bool on);
static struct model_health wanted(const struct server *server, unsigned int service);
static void weight_note(struct server *server, const struct member *member, const struct model_health *want);
static bool differs(const struct member *member, const struct model_health *want);
static uint32_t weight_wanted(const struct server *server, const struct member *member,
			      char why[WEIGHT_WHY_SIZE]);

bool
pool_quorum(bool up, uint64_t weight, uint32_t quorum, uint32_t hysteresis)
{
	if (!up)
		return weight >= (uint64_t)quorum + hysteresis;
	return weight != 0 && weight + hysteresis >= quorum;
}

int
pool_decide(struct pool *pool, struct changes *changes)
{
	bool up;

	pool_scale_set(pool);
	pool->alive_weight = alive_weight(pool);
	/* At first it is down until it has all that it wants to come up. */
	up = pool_quorum(pool->begun && pool->up, pool->alive_weight, pool->conf->quorum,
			 pool->conf->hysteresis);
	if (!pool->begun)
		pool->up = up || pool->server_count > 0;
	if (up != pool->up)
		quorum_set(pool, up);
	pool->begun = true;
	sorry_set(pool, !pool->up && has_sorry(pool));
	for (unsigned int s = 0; s < pool->server_count; s++) {
		struct server *server = pool->servers[s];
		bool noted = false;

		for (unsigned int i = 0; i < pool->service_count; i++) {
			struct member *member = &server->members[i];
			struct model_health want;

			if (!member->present)
				continue;
			want = wanted(server, i);
			if (!noted)
				weight_note(server, member, &want);
			noted = true;
			if ((want.flush || differs(member, &want)) &&
			    changes_add(changes, &want, member, server) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

void
pool_suspend_set(struct pool *pool)
{
	bool here = !pool->conf->ha_suspend;

	for (unsigned int i = 0; i < pool->service_count && !here; i++)
		here = health_vip_here(pool->health, &pool->services[i].key.vip);
	if (pool->suspended == !here)
		return;
	pool->suspended = !here;
	for (unsigned int i = 0; i < pool->server_count; i++) {
		if (pool->suspended)
			server_pause(pool->servers[i]);
		else
			server_resume(pool->servers[i]);
	}
}

void
pool_sample(struct pool *pool, uint64_t now_ms)
{
	if (!pool->conf->passive.on || pool->suspended)
		return;
	for (unsigned int i = 0; i < pool->server_count; i++)
		server_sample(pool->servers[i], now_ms);
}

void
pool_dirty(struct pool *pool)
{
	pool->dirty = true;
	health_turn_soon(pool->health);
}

void
pool_omega(const struct pool *pool)
{
	char name[HEALTH_NAME_SIZE];
	int rc = 0;

	if (!pool->conf->omega)
		return;
	for (unsigned int i = 0; i < pool->server_count; i++) {
		const struct server *server = pool->servers[i];

		if (server->alive && server->conf->notify_down != NULL)
			rc = script_launch(server->conf->notify_down);
		if (rc < 0)
			sl_warn("%s: notify_down: %s", server_name(server, name), strerror(-rc));
		rc = 0;
	}
	if (pool->up && pool->conf->quorum_down != NULL)
		rc = script_launch(pool->conf->quorum_down);
	if (rc < 0)
		sl_warn("%s: quorum_down: %s", pool_name(pool, name), strerror(-rc));
}

const char *
pool_name(const struct pool *pool, char buf[HEALTH_NAME_SIZE])
{
	const struct dp_service_key *key = &pool->services[0].key;
	char endpoint[SL_ENDPOINT_STRLEN];

	if (pool->conf->name != NULL)
		snprintf(buf, HEALTH_NAME_SIZE, "group %s", pool->conf->name);
	else
		snprintf(buf, HEALTH_NAME_SIZE, "%s %s", key->proto == SL_PROTO_TCP ? "TCP" : "UDP",
			 sl_endpoint_format(&key->vip, key->port, endpoint));
	return buf;
}

/* A server counts once, whatever the number of services. One that takes no connections counts nothing. */
static uint64_t
alive_weight(const struct pool *pool)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < pool->server_count; i++) {
		const struct server *server = pool->servers[i];
		const struct member *member = server_member(server);

		if (server->present && !server->sorry && server->alive && server->says.admin != AGENT_MAINT &&
		    !member->draining)
			sum += server_base_weight(server, member, NULL);
	}
	return sum;
}

static bool
has_sorry(const struct pool *pool)
{
	for (unsigned int i = 0; i < pool->server_count; i++)
		if (pool->servers[i]->sorry && pool->servers[i]->present)
			return true;
	return false;
}

static void
quorum_set(struct pool *pool, bool up)
{
	pool->up = up;
	event_tell(pool, NULL, up ? EVENT_QUORUM_UP : EVENT_QUORUM_DOWN,
		   "has %s its quorum of %u: living servers have weight %llu", up ? "gained" : "lost",
		   pool->conf->quorum, (unsigned long long)pool->alive_weight);
	notify_run(pool->notify, up ? pool->conf->quorum_up : pool->conf->quorum_down);
}

static void
sorry_set(struct pool *pool, bool on)
{
	if (pool->sorry == on)
		return;
	pool->sorry = on;
	for (unsigned int i = 0; i < pool->server_count; i++) {
		struct server *server = pool->servers[i];

		if (!server->sorry || !server->present)
			continue;
		server_update(server, on ? "no quorum" : "quorum");
		event_tell(pool, server, on ? EVENT_SORRY_ON : EVENT_SORRY_OFF, "is %s",
			   on ? "in: all others are out" : "out again");
	}
}

static struct model_health
wanted(const struct server *server, unsigned int service)
{
	const struct pool *pool = server->pool;
	const struct member *member = &server->members[service];
	uint32_t weight = weight_wanted(server, member, NULL);
	bool in = server->sorry ? pool->sorry : server->alive && !pool->sorry;
	bool inhibit = server->sorry ? pool->conf->sorry_server_inhibit : server->conf->inhibit_on_failure;
	bool maint = server->says.admin == AGENT_MAINT;

	if (!in && inhibit)
		weight = 0;
	return (struct model_health){
		.key = pool->services[service].key,
		.addr = member->addr,
		.port = member->port,
		.out = maint || (!in && !inhibit),
		.weight = weight == member->weight ? -1 : (int64_t)weight,
		.maxconn = server->says.maxconn,
		.flush = server->flush,
	};
}

/* After feedback. */
static uint32_t
weight_wanted(const struct server *server, const struct member *member, char why[WEIGHT_WHY_SIZE])
{
	uint32_t base = server_base_weight(server, member, why);

	if (!server->pool->conf->feedback.on || server->sorry || base == 0)
		return base;
	if (why != NULL)
		feedback_why(&server->feedback, why);
	if (base != server->feedback.weight)
		return base * server->pool->scale < WEIGHT_MAX ? base * server->pool->scale : WEIGHT_MAX;
	return feedback_weight(&server->feedback, server->pool->scale);
}

/* What is shown, and told when it changes. */
static void
weight_note(struct server *server, const struct member *member, const struct model_health *want)
{
	uint32_t weight = want->weight < 0 ? member->weight : (uint32_t)want->weight;
	bool changed;

	weight_wanted(server, member, server->why);
	if (member->draining) {
		weight = 0;
		snprintf(server->why, sizeof(server->why), "drained by command");
	}
	changed = server->weight_known && weight != server->weight;
	server->weight = weight;
	server->weight_known = true;
	if (changed)
		event_tell(server->pool, server, EVENT_WEIGHT, "has weight %u, configured %u%s%s", weight,
			   member->weight, server->why[0] != '\0' ? ": " : "", server->why);
}

static bool
differs(const struct member *member, const struct model_health *want)
{
	return member->out != want->out || member->health_weight != want->weight ||
	       member->maxconn != want->maxconn;
}
