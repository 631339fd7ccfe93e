/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a service good enough to be announced? Its pool's quorum says so, as soon as it does not
 * rest on servers that nobody has asked yet. Control thread only.
 */
#include "health_private.h"

static bool has_available(const struct model_service *service);
static bool is_proven(const struct server *server);
static uint64_t proven_weight(const struct pool *pool);

enum health_service
health_service_state(struct health *health, const struct model_service *service)
{
	const struct service_pool *found = health_service_find(health, &service->key);
	const struct pool *pool = found != NULL ? found->pool : NULL;

	if (pool == NULL)
		return has_available(service) ? HEALTH_SERVICE_UP : HEALTH_SERVICE_DOWN;
	if (!pool->begun)
		return has_available(service) ? HEALTH_SERVICE_ASSUMED : HEALTH_SERVICE_DOWN;
	if (pool->sorry)
		return HEALTH_SERVICE_UP;
	if (!pool->up)
		return HEALTH_SERVICE_DOWN;
	return pool_quorum(true, proven_weight(pool), pool->conf->quorum, pool->conf->hysteresis)
		       ? HEALTH_SERVICE_UP
		       : HEALTH_SERVICE_ASSUMED;
}

static bool
has_available(const struct model_service *service)
{
	for (const struct model_real *real = service->reals; real != NULL; real = real->next)
		if (!real->out && model_real_weight(real) > 0)
			return true;
	return false;
}

/* As alive_weight in pool.c, of those whose checks have all had a verdict. */
static uint64_t
proven_weight(const struct pool *pool)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < pool->server_count; i++) {
		const struct server *server = pool->servers[i];
		const struct member *member = server_member(server);

		if (server->present && !server->sorry && server->alive && server->says.admin != AGENT_MAINT &&
		    !member->draining && is_proven(server))
			sum += server_base_weight(server, member, NULL);
	}
	return sum;
}

static bool
is_proven(const struct server *server)
{
	for (unsigned int i = 0; i < server->checker_count; i++)
		if (!checker_state(server->checkers[i])->known)
			return false;
	return true;
}
