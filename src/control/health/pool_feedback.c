/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool's weights follow the load that its servers report: once in each
 * interval they are decided about (feedback.c). Control thread.
 */
#include "health_private.h"

#include "sl_clock.h"

#include <event2/event.h>
#include <stdlib.h>

static size_t servers_take(struct pool *pool, struct feedback_server **ret_servers, uint32_t *ret_weights);
static void interval_over(evutil_socket_t fd, short what, void *context);
static void interval_begin(struct pool *pool);

int
pool_feedback_start(struct pool *pool)
{
	if (!pool->conf->feedback.on)
		return 0;
	pool->feedback_timer = evtimer_new(pool->health->base, interval_over, pool);
	if (pool->feedback_timer == NULL)
		return -ENOMEM;
	interval_begin(pool);
	return 0;
}

/* The same for all of the pool, as long as configured weights are. */
void
pool_scale_set(struct pool *pool)
{
	uint32_t *weights;
	size_t count;

	if (!pool->conf->feedback.on)
		return;
	weights = calloc(pool->server_count + 1, sizeof(*weights));
	if (weights == NULL)
		return;
	count = servers_take(pool, NULL, weights);
	pool->scale = feedback_scale(&pool->conf->feedback, weights, count);
	free(weights);
}

/* Those that are in a service. Either array may be NULL. */
static size_t
servers_take(struct pool *pool, struct feedback_server **ret_servers, uint32_t *ret_weights)
{
	size_t count = 0;

	for (unsigned int i = 0; i < pool->server_count; i++) {
		struct server *server = pool->servers[i];
		const struct member *member = server_member(server);

		if (server->sorry || !server->present)
			continue;
		server->feedback.weight = server_base_weight(server, member, NULL);
		server->feedback.in = server->alive && server->says.admin == AGENT_READY && !member->draining;
		if (ret_servers != NULL)
			ret_servers[count] = &server->feedback;
		if (ret_weights != NULL)
			ret_weights[count] = member->weight;
		count++;
	}
	return count;
}

static void
interval_over(evutil_socket_t fd, short what, void *context)
{
	struct pool *pool = context;
	struct feedback_server **servers = calloc(pool->server_count + 1, sizeof(struct feedback_server *));

	interval_begin(pool);
	if (servers == NULL || pool->suspended) {
		free(servers);
		return;
	}
	if (feedback_decide(servers, servers_take(pool, servers, NULL), &pool->conf->feedback, sl_clock_ms()))
		pool_dirty(pool);
	free(servers);
}

static void
interval_begin(struct pool *pool)
{
	uint32_t ms = pool->conf->feedback.interval_ms;
	const struct timeval interval = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	event_add(pool->feedback_timer, &interval);
}
