/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools as a configuration has them, with the states of the one before.
 *
 * A server is the same when its address and port in the pool's first service
 * are. It is taken from the old pool as it is, and given its new text; so what
 * a reload does not mention it does not touch. Control thread.
 */
#include "health_private.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* Servers of the old pool that are not taken yet. */
struct leftover {
	struct sl_addr addr;
	uint16_t port;
	struct server **server; /* in the old pool */
};

static int servers_make(struct pool *pool, struct pool *old);
static int server_make(struct pool *pool, const struct leftover *left, size_t left_count, unsigned int i);
static const struct conf_real *real_at(const struct pool *pool, unsigned int service, unsigned int i);
static struct leftover *leftovers_make(const struct pool *pool, struct pool *old, size_t *ret_count);
static int leftover_compare(const void *a, const void *b);
static void notify_failed(const char *text, void *context);

struct pool *
pool_create(struct health *health, const struct conf *conf, const struct conf_pool *of, struct pool *old)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->health = health;
	pool->conf = of;
	pool->services = &conf->services[of->first_service];
	pool->service_count = of->service_count;
	pool->scale = 1;
	pool->stale = pool->dirty = true;
	if (old != NULL) {
		pool->begun = old->begun;
		pool->up = old->up;
		pool->sorry = old->sorry;
		pool->suspended = old->suspended;
	}
	pool->by_endpoint = calloc(pool->service_count, sizeof(*pool->by_endpoint));
	pool->by_endpoint_count = calloc(pool->service_count, sizeof(*pool->by_endpoint_count));
	pool->notify = notify_create(health->base, notify_failed, pool);
	if (pool->by_endpoint == NULL || pool->by_endpoint_count == NULL || pool->notify == NULL ||
	    servers_make(pool, old) < 0 || pool_feedback_start(pool) < 0) {
		pool_destroy(pool);
		return NULL;
	}
	return pool;
}

void
pool_destroy(struct pool *pool)
{
	if (pool == NULL)
		return;
	for (unsigned int i = 0; i < pool->server_count; i++)
		server_destroy(pool->servers[i]);
	for (unsigned int i = 0; pool->by_endpoint != NULL && i < pool->service_count; i++)
		free(pool->by_endpoint[i]);
	if (pool->feedback_timer != NULL)
		event_free(pool->feedback_timer);
	notify_destroy(pool->notify);
	free(pool->servers);
	free(pool->by_endpoint);
	free(pool->by_endpoint_count);
	free(pool);
}

int
pool_server_add(struct pool *pool, struct server *server)
{
	/* Full at each power of two. */
	if ((pool->server_count & (pool->server_count - 1)) == 0) {
		struct server **more = reallocarray(
			pool->servers, pool->server_count > 0 ? 2 * (size_t)pool->server_count : 1,
			sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		pool->servers = more;
	}
	pool->servers[pool->server_count++] = server;
	return 0;
}

int
endpoint_compare(const struct sl_addr *a, uint16_t a_port, const struct sl_addr *b, uint16_t b_port)
{
	int by_addr = memcmp(a->b, b->b, sizeof(a->b));

	return by_addr != 0 ? by_addr : a_port - b_port;
}

static int
servers_make(struct pool *pool, struct pool *old)
{
	size_t left_count = 0;
	struct leftover *left = old != NULL ? leftovers_make(pool, old, &left_count) : NULL;
	int rc = old != NULL && left == NULL ? -ENOMEM : 0;

	/* One behind the real servers is the sorry server. */
	for (unsigned int i = 0; rc == 0 && i <= pool->services[0].real_count; i++)
		if (real_at(pool, 0, i) != NULL)
			rc = server_make(pool, left, left_count, i);
	free(left);
	return rc;
}

static int
server_make(struct pool *pool, const struct leftover *left, size_t left_count, unsigned int i)
{
	const struct conf_real *real = real_at(pool, 0, i);
	const struct leftover wanted = { .addr = real->addr, .port = real->port };
	const struct leftover *found =
		left_count > 0 ? bsearch(&wanted, left, left_count, sizeof(wanted), leftover_compare) : NULL;
	bool sorry = i == pool->services[0].real_count;
	struct server *server;
	int rc = 0;

	if (found != NULL && *found->server != NULL && (*found->server)->sorry == sorry) {
		struct member *members = calloc(pool->service_count, sizeof(*members));

		if (members == NULL)
			return -ENOMEM;
		server = *found->server;
		*found->server = NULL;
		free(server->members);
		server->members = members;
		rc = server_conf_set(server, pool, real->health);
	} else {
		server = server_create(pool, real->health, sorry);
		if (server == NULL)
			return -ENOMEM;
	}
	for (unsigned int s = 0; s < pool->service_count; s++) {
		const struct conf_real *in_service = real_at(pool, s, i);

		if (in_service == NULL)
			continue;
		server->members[s].in_conf = true;
		server->members[s].addr = in_service->addr;
		server->members[s].port = in_service->port;
		server->members[s].weight = in_service->weight;
	}
	if (pool_server_add(pool, server) < 0) {
		server_destroy(server);
		return -ENOMEM;
	}
	server_update(server, "configured");
	return rc;
}

/* The i-th server of a service; NULL: it has none there. */
static const struct conf_real *
real_at(const struct pool *pool, unsigned int service, unsigned int i)
{
	const struct conf_service *conf = &pool->services[service];

	if (i == pool->services[0].real_count)
		return conf->sorry;
	return i < conf->real_count ? &conf->reals[i] : NULL;
}

/* By where they are in the service that is the new pool's first. */
static struct leftover *
leftovers_make(const struct pool *pool, struct pool *old, size_t *ret_count)
{
	const struct service_pool *first = health_service_find(pool->health, &pool->services[0].key);
	unsigned int service = first != NULL && first->pool == old ? first->service : 0;
	struct leftover *left = calloc(old->server_count + 1, sizeof(*left));
	size_t count = 0;

	if (left == NULL)
		return NULL;
	for (unsigned int i = 0; i < old->server_count; i++) {
		/* Another new pool may have taken it: services of a group were taken apart. */
		if (old->servers[i] == NULL)
			continue;
		left[count++] = (struct leftover){
			.addr = old->servers[i]->members[service].addr,
			.port = old->servers[i]->members[service].port,
			.server = &old->servers[i],
		};
	}
	qsort(left, count, sizeof(*left), leftover_compare);
	*ret_count = count;
	return left;
}

static int
leftover_compare(const void *a, const void *b)
{
	const struct leftover *left = a, *right = b;

	return endpoint_compare(&left->addr, left->port, &right->addr, right->port);
}

static void
notify_failed(const char *text, void *context)
{
	struct pool *pool = context;

	event_tell(pool, NULL, EVENT_SCRIPT, "notifier failed: %s", text);
}
