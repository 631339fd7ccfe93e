/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Health as a whole (health.h): pools by configuration, and the turn in which
 * what has changed goes to the model.
 *
 * What happens within a few milliseconds goes there together. A turn that took
 * long is followed by a pause in proportion, so that a storm of changes in a
 * large configuration takes a tenth of the loop's time at most. If the model
 * refuses (it is out of memory), all of it is tried again a second later.
 * Control thread.
 */
#include "health_private.h"

#include "sl_clock.h"
#include "sl_log.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TURN_MS = 5,     /* from the first change to its turn */
	TURN_SHARE = 10, /* a pause is so many times as long as the turn before it */
	TURN_MAX_MS = 500,
	REFUSED_MS = 1000,
	REFUSED_LOGGED = 60, /* of refusals in a row, one in so many */
};

static bool begin(struct health *health, const struct conf *conf, char error[DP_ERROR_SIZE]);
static void applied(const struct conf *old, const struct conf *now, void *context);
static void changed(const struct dp_service_key *key, void *context);
static int pools_make(struct health *health, const struct conf *conf);
static struct pool *old_pool(struct health *health, const struct conf *conf, const struct conf_pool *of);
static void services_index(struct health *health);
static void turn(evutil_socket_t fd, short what, void *context);
static void turn_made(struct health *health, const struct changes *changes, int rc,
		      const struct model_error *error);
static void turn_in(struct health *health, uint64_t ms);
static void sampler_start(struct health *health);
static void sampler_turn(evutil_socket_t fd, short what, void *context);
static int service_compare(const void *a, const void *b);
static int addr_compare(const void *a, const void *b);

struct health *
health_create(struct event_base *base, struct model *model, char ret_error[DP_ERROR_SIZE])
{
	struct health *health = calloc(1, sizeof(*health));
	const struct model_watcher watcher = { applied, changed, health };

	snprintf(ret_error, DP_ERROR_SIZE, "health checks: out of memory");
	if (health == NULL)
		return NULL;
	health->base = base;
	health->model = model;
	if (!begin(health, model_conf(model), ret_error)) {
		health_destroy(health);
		return NULL;
	}
	model_watch(model, &watcher);
	/* Sorry servers of pools that begin without a server are in from the start. */
	turn(-1, 0, health);
	return health;
}

void
health_destroy(struct health *health)
{
	if (health == NULL)
		return;
	model_unwatch(health->model, health);
	for (unsigned int i = 0; i < health->pool_count; i++)
		pool_omega(health->pools[i]);
	for (unsigned int i = 0; i < health->pool_count; i++)
		pool_destroy(health->pools[i]);
	script_forget_all();
	notify_forget_all();
	events_destroy(health->events);
	if (health->turn != NULL)
		event_free(health->turn);
	if (health->sampler != NULL)
		event_free(health->sampler);
	if (health->env.base != NULL)
		check_env_fini(&health->env);
	free(health->pools);
	free(health->services);
	free(health->vips_away);
	free(health);
}

void
health_vip_held(struct health *health, const struct sl_addr *vip, bool held)
{
	unsigned int count = health->vip_away_count;
	struct sl_addr *vips;

	if (held == health_vip_here(health, vip))
		return;
	vips = calloc(count + 1, sizeof(*vips));
	if (vips == NULL) {
		sl_warn("health checks do not know that a VIP came or left: out of memory");
		return;
	}
	count = 0;
	for (unsigned int i = 0; i < health->vip_away_count; i++)
		if (!sl_addr_eq(&health->vips_away[i], vip))
			vips[count++] = health->vips_away[i];
	if (!held)
		vips[count++] = *vip;
	health_vips_away_set(health, vips, count);
}

void
health_vips_away_set(struct health *health, struct sl_addr *vips, unsigned int count)
{
	if (count > 0)
		qsort(vips, count, sizeof(*vips), addr_compare);
	free(health->vips_away);
	health->vips_away = vips;
	health->vip_away_count = count;
	for (unsigned int i = 0; i < health->pool_count; i++)
		pool_suspend_set(health->pools[i]);
}

bool
health_vip_here(const struct health *health, const struct sl_addr *vip)
{
	return health->vip_away_count == 0 ||
	       bsearch(vip, health->vips_away, health->vip_away_count, sizeof(*vip), addr_compare) == NULL;
}

bool
health_pool_up(struct health *health, const struct dp_service_key *key)
{
	const struct service_pool *found = health_service_find(health, key);

	return found != NULL && found->pool->up;
}

struct service_pool *
health_service_find(struct health *health, const struct dp_service_key *key)
{
	const struct service_pool wanted = { .key = *key };

	if (health->service_count == 0)
		return NULL;
	return bsearch(&wanted, health->services, health->service_count, sizeof(wanted), service_compare);
}

void
health_turn_soon(struct health *health)
{
	uint64_t took_ms = health->turn_took_us / 1000,
		 since_ms = (sl_clock_us() - health->turn_ended_us) / 1000;
	uint64_t pause_ms = took_ms * TURN_SHARE;

	if (health->turn_due || health->turn == NULL)
		return;
	if (pause_ms > TURN_MAX_MS)
		pause_ms = TURN_MAX_MS;
	turn_in(health, pause_ms > since_ms + TURN_MS ? pause_ms - since_ms : TURN_MS);
}

int
changes_add(struct changes *changes, const struct model_health *change, struct member *member,
	    struct server *server)
{
	if (changes->count == changes->size) {
		size_t size = changes->size > 0 ? 2 * changes->size : 64;
		struct model_health *more = reallocarray(changes->change, size, sizeof(*more));
		struct member **members;
		struct server **servers;

		if (more == NULL)
			return -ENOMEM;
		changes->change = more;
		members = reallocarray(changes->member, size, sizeof(struct member *));
		if (members == NULL)
			return -ENOMEM;
		changes->member = members;
		servers = reallocarray(changes->server, size, sizeof(struct server *));
		if (servers == NULL)
			return -ENOMEM;
		changes->server = servers;
		changes->size = size;
	}
	changes->change[changes->count] = *change;
	changes->member[changes->count] = member;
	changes->server[changes->count++] = server;
	return 0;
}

static bool
begin(struct health *health, const struct conf *conf, char error[DP_ERROR_SIZE])
{
	health->turn = evtimer_new(health->base, turn, health);
	health->sampler = evtimer_new(health->base, sampler_turn, health);
	health->events = events_create(health->base);
	if (health->turn == NULL || health->sampler == NULL || health->events == NULL)
		return false;
	if (check_env_init(&health->env, health->base, conf, error) < 0)
		return false;
	if (pools_make(health, conf) < 0)
		return false;
	sampler_start(health);
	return true;
}

/*
 * Attempts under way end with the configuration that they are of, and are begun again. A
 * certificate that cannot be read any more does not undo what is applied: the old ones stay.
 */
static void
applied(const struct conf *old, const struct conf *now, void *context)
{
	struct health *health = context;
	struct pool **pools = health->pools;
	unsigned int pool_count = health->pool_count;
	struct check_env env = health->env;
	char error[DP_ERROR_SIZE];

	for (unsigned int i = 0; i < pool_count; i++)
		for (unsigned int s = 0; s < pools[i]->server_count; s++)
			server_pause(pools[i]->servers[s]);
	if (check_env_init(&health->env, health->base, now, error) < 0) {
		sl_error("%s: checks go on with the certificates that they had", error);
		health->env = env;
		env.base = NULL;
	}
	if (pools_make(health, now) < 0)
		sl_error("out of memory: some of the servers are not checked");
	for (unsigned int i = 0; i < pool_count; i++)
		pool_destroy(pools[i]);
	free(pools);
	if (env.base != NULL)
		check_env_fini(&env);
	sampler_start(health);
	health_turn_soon(health);
}

static void
changed(const struct dp_service_key *key, void *context)
{
	struct health *health = context;
	struct service_pool *found = health_service_find(health, key);

	if (found == NULL)
		return;
	found->pool->stale = true;
	pool_dirty(found->pool);
}

/* Takes servers out of the pools there are; those are the caller's then. -ENOMEM: there are fewer. */
static int
pools_make(struct health *health, const struct conf *conf)
{
	struct pool **pools = calloc(conf->pool_count + 1, sizeof(struct pool *));
	unsigned int count = 0;

	for (unsigned int i = 0; pools != NULL && i < conf->pool_count; i++) {
		pools[count] =
			pool_create(health, conf, &conf->pools[i], old_pool(health, conf, &conf->pools[i]));
		count += pools[count] != NULL;
	}
	health->pools = pools;
	health->pool_count = count;
	for (unsigned int i = 0; i < count; i++)
		pool_suspend_set(pools[i]);
	services_index(health);
	return pools != NULL && count == conf->pool_count && (count == 0 || health->service_count > 0)
		       ? 0
		       : -ENOMEM;
}

/* The one that had one of these services. */
static struct pool *
old_pool(struct health *health, const struct conf *conf, const struct conf_pool *of)
{
	for (unsigned int i = 0; i < of->service_count; i++) {
		struct service_pool *found =
			health_service_find(health, &conf->services[of->first_service + i].key);

		if (found != NULL)
			return found->pool;
	}
	return NULL;
}

static void
services_index(struct health *health)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < health->pool_count; i++)
		count += health->pools[i]->service_count;
	free(health->services);
	health->services = calloc(count + 1, sizeof(*health->services));
	health->service_count = 0;
	for (unsigned int i = 0; health->services != NULL && i < health->pool_count; i++)
		for (unsigned int s = 0; s < health->pools[i]->service_count; s++)
			health->services[health->service_count++] = (struct service_pool){
				.key = health->pools[i]->services[s].key,
				.pool = health->pools[i],
				.service = s,
			};
	if (health->service_count > 0)
		qsort(health->services, health->service_count, sizeof(*health->services), service_compare);
}

static void
turn(evutil_socket_t fd, short what, void *context)
{
	struct health *health = context;
	uint64_t began_us = sl_clock_us();
	struct changes changes = { 0 };
	struct model_error error = { .text = "out of memory" };
	int rc = 0;

	health->turn_due = false;
	for (unsigned int i = 0; i < health->pool_count && rc == 0; i++) {
		struct pool *pool = health->pools[i];

		if (pool->stale)
			rc = pool_sync(pool);
		if (rc == 0 && pool->dirty)
			rc = pool_decide(pool, &changes);
	}
	if (rc == 0 && changes.count > 0)
		rc = model_health_set(health->model, changes.change, changes.count, &error);
	turn_made(health, &changes, rc, &error);
	free(changes.change);
	free(changes.member);
	free(changes.server);
	health->turn_ended_us = sl_clock_us();
	health->turn_took_us = health->turn_ended_us - began_us;
	if (rc < 0)
		turn_in(health, REFUSED_MS);
}

/* What has been set is what the model has. What has not been is wanted again at the next turn. */
static void
turn_made(struct health *health, const struct changes *changes, int rc, const struct model_error *error)
{
	if (rc < 0) {
		if (health->refusals++ % REFUSED_LOGGED == 0)
			sl_error("what health checks found cannot be made what runs, and is tried again: %s",
				 error->text);
		return;
	}
	if (health->refusals > 0)
		sl_notice("what health checks found is what runs again");
	health->refusals = 0;
	for (size_t i = 0; i < changes->count; i++) {
		changes->member[i]->out = changes->change[i].out;
		changes->member[i]->health_weight = changes->change[i].weight;
		changes->member[i]->maxconn = changes->change[i].maxconn;
		changes->server[i]->flush = false;
	}
	for (unsigned int i = 0; i < health->pool_count; i++)
		health->pools[i]->dirty = false;
}

static void
turn_in(struct health *health, uint64_t ms)
{
	const struct timeval wait = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000 };

	health->turn_due = true;
	event_add(health->turn, &wait);
}

/* Runs while a pool has passive health on. */
static void
sampler_start(struct health *health)
{
	const struct timeval every = { .tv_usec = PASSIVE_EVERY_MS * 1000 };

	event_del(health->sampler);
	for (unsigned int i = 0; i < health->pool_count; i++)
		if (health->pools[i]->conf->passive.on)
			event_add(health->sampler, &every);
}

static void
sampler_turn(evutil_socket_t fd, short what, void *context)
{
	struct health *health = context;
	uint64_t now_ms = sl_clock_ms();

	for (unsigned int i = 0; i < health->pool_count; i++)
		pool_sample(health->pools[i], now_ms);
	sampler_start(health);
}

static int
service_compare(const void *a, const void *b)
{
	const struct service_pool *left = a, *right = b;

	if (left->key.proto != right->key.proto)
		return left->key.proto - right->key.proto;
	return endpoint_compare(&left->key.vip, left->key.port, &right->key.vip, right->key.port);
}

static int
addr_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_addr));
}
