/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool looks at the model: which of its servers are there, with what weight,
 * and which are there that no file knows of.
 *
 * A server that a command added has no checks and counts as up. One that a
 * command removed is watched no more, and starts afresh when it comes back. Both
 * sides are sorted and walked side by side, so that many servers cost little.
 * Control thread.
 */
#include "health_private.h"

#include <stdlib.h>

static const struct conf_health no_checks;

static int service_sync(struct pool *pool, unsigned int s);
static int servers_sort(struct pool *pool, unsigned int s);
static void member_take(struct server *server, unsigned int s, const struct model_real *real);
static int stranger_take(struct pool *pool, unsigned int s, const struct model_real *real);
static void servers_settle(struct pool *pool);
static int server_order(const void *a, const void *b, void *service);
static int real_order(const void *a, const void *b);

int
pool_sync(struct pool *pool)
{
	int rc = 0;

	for (unsigned int s = 0; rc == 0 && s < pool->service_count; s++)
		rc = service_sync(pool, s);
	if (rc == 0)
		servers_settle(pool);
	pool->stale = rc < 0;
	return rc;
}

struct server *
pool_server_find(const struct pool *pool, unsigned int s, const struct sl_addr *addr, uint16_t port)
{
	unsigned int low = 0, high = pool->by_endpoint_count[s];

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;
		struct server *server = pool->by_endpoint[s][middle];
		const struct member *member = &server->members[s];
		int order = endpoint_compare(&member->addr, member->port, addr, port);

		if (order == 0)
			return server;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int
service_sync(struct pool *pool, unsigned int s)
{
	struct model_service *service = model_service_find(pool->health->model, &pool->services[s].key);
	uint32_t count = service != NULL ? service->real_count : 0, r = 0, i = 0;
	struct model_real **reals = calloc(count + 1, sizeof(struct model_real *));
	bool strangers = false;
	int rc;

	if (reals == NULL)
		return -ENOMEM;
	rc = servers_sort(pool, s);
	for (struct model_real *real = count > 0 ? service->reals : NULL; real != NULL; real = real->next)
		reals[r++] = real;
	qsort(reals, count, sizeof(*reals), real_order);
	for (r = 0; rc == 0 && (r < count || i < pool->by_endpoint_count[s]);) {
		struct server *server = i < pool->by_endpoint_count[s] ? pool->by_endpoint[s][i] : NULL;
		int order = server == NULL ? 1 : -1;

		if (server != NULL && r < count)
			order = endpoint_compare(&server->members[s].addr, server->members[s].port,
						 &reals[r]->addr, reals[r]->port);
		if (order > 0) {
			rc = stranger_take(pool, s, reals[r++]);
			strangers = true;
			continue;
		}
		i++;
		server->members[s].present = order == 0;
		if (order == 0)
			member_take(server, s, reals[r++]);
	}
	free(reals);
	return rc == 0 && strangers ? servers_sort(pool, s) : rc;
}

/* by_endpoint: of those that the file or the model has in this service. */
static int
servers_sort(struct pool *pool, unsigned int s)
{
	struct server **servers = calloc(pool->server_count + 1, sizeof(struct server *));
	unsigned int count = 0;

	if (servers == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < pool->server_count; i++) {
		const struct member *member = &pool->servers[i]->members[s];

		if (member->in_conf || member->present)
			servers[count++] = pool->servers[i];
	}
	qsort_r(servers, count, sizeof(*servers), server_order, &s);
	free(pool->by_endpoint[s]);
	pool->by_endpoint[s] = servers;
	pool->by_endpoint_count[s] = count;
	return 0;
}

static void
member_take(struct server *server, unsigned int s, const struct model_real *real)
{
	struct member *member = &server->members[s];
	bool was_draining = member->draining;

	member->present = true;
	member->addr = real->addr;
	member->port = real->port;
	member->fwd = real->fwd;
	member->tunnel = real->tunnel;
	member->weight = real->weight;
	member->slot = real->slot;
	member->draining = real->draining;
	member->out = real->out;
	member->health_weight = real->health_weight;
	member->maxconn = real->maxconn;
	if (member->draining != was_draining)
		server_update(server,
			      member->draining ? "drained by command" : "no longer drained by command");
}

/* One that only the model has. In another service of the pool it may be known already. */
static int
stranger_take(struct pool *pool, unsigned int s, const struct model_real *real)
{
	struct server *server = NULL;

	for (unsigned int i = 0; server == NULL && i < pool->service_count; i++) {
		struct server *known = i != s ? pool_server_find(pool, i, &real->addr, real->port) : NULL;

		if (known != NULL && known->conf == &no_checks && !known->members[s].present)
			server = known;
	}
	if (server == NULL) {
		server = server_create(pool, &no_checks, false);
		if (server == NULL)
			return -ENOMEM;
		if (pool_server_add(pool, server) < 0) {
			server_destroy(server);
			return -ENOMEM;
		}
	}
	member_take(server, s, real);
	return 0;
}

/* Those that are in a service are watched; what neither file nor model has is forgotten. */
static void
servers_settle(struct pool *pool)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < pool->server_count; i++) {
		struct server *server = pool->servers[i];
		bool in_conf = false, present = false;

		for (unsigned int s = 0; s < pool->service_count; s++) {
			in_conf |= server->members[s].in_conf;
			present |= server->members[s].present;
		}
		if (!in_conf && !present) {
			server_destroy(server);
			continue;
		}
		pool->servers[kept++] = server;
		server_present_set(server, present);
		server_resume(server);
	}
	if (kept == pool->server_count)
		return;
	pool->server_count = kept;
	for (unsigned int s = 0; s < pool->service_count; s++)
		if (servers_sort(pool, s) < 0)
			pool->by_endpoint_count[s] = 0;
}

static int
server_order(const void *a, const void *b, void *service)
{
	const struct server *const *left = a, *const *right = b;
	unsigned int s = *(const unsigned int *)service;

	return endpoint_compare(&(*left)->members[s].addr, (*left)->members[s].port,
				&(*right)->members[s].addr, (*right)->members[s].port);
}

static int
real_order(const void *a, const void *b)
{
	const struct model_real *const *left = a, *const *right = b;

	return endpoint_compare(&(*left)->addr, (*left)->port, &(*right)->addr, (*right)->port);
}
