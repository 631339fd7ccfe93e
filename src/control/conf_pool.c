/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a virtual_server makes of the states of its servers: quorum, sorry
 * server, what happens to a failed server's connections. Builders take the
 * struct conf_service_object for the object.
 */
#include "conf_pool.h"
#include "conf_checker.h"
#include "conf_method.h"
#include "conf_value.h"

enum { QUORUM_MAX = 2147483647 };

static void quorum_check(struct conf_load *load, struct conf_service_object *self);

void
conf_build_quorum(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	self->quorum = &stmt->words[1];
	conf_value_number(load, self->quorum, "quorum", 1, QUORUM_MAX, &self->pool.quorum);
}

void
conf_build_hysteresis(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	self->hysteresis = &stmt->words[1];
	conf_value_number(load, self->hysteresis, "hysteresis", 0, QUORUM_MAX, &self->pool.hysteresis);
}

void
conf_build_omega(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	conf_value_flag(load, stmt, &self->pool.omega);
}

void
conf_build_ha_suspend(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	conf_value_flag(load, stmt, &self->pool.ha_suspend);
}

void
conf_build_flush_on_failure(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	self->has_flush =
		conf_value_bool(load, &stmt->words[1], "flush_on_failure", &self->pool.flush_on_failure);
}

void
conf_build_sorry_server(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	self->sorry_bad |= !conf_server_read(load, stmt, &self->sorry);
	self->has_sorry = true;
}

void
conf_build_sorry_server_inhibit(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	if (conf_value_flag(load, stmt, &self->pool.sorry_server_inhibit))
		self->sorry_word = &stmt->words[0];
}

void
conf_build_sorry_server_lvs_method(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	struct conf_method method;

	self->sorry_word = &stmt->words[0];
	self->sorry.has_fwd = true;
	self->sorry.fwd_good = conf_method_read(load, stmt, &conf_block_service, &method);
	if (!self->sorry.fwd_good)
		return;
	self->sorry.real.fwd = method.fwd;
	self->sorry.real.tunnel = method.tunnel;
}

void
conf_pool_init(struct conf_pool *pool)
{
	pool->quorum = 1;
	pool->passive = (struct conf_passive){
		.window_ms = 3000, .failures = 10, .percent = 50, .retry_ms = 10 * 1000
	};
	pool->feedback = (struct conf_feedback){
		.interval_ms = 2000,
		.factor[CONF_LOAD_CPU] = 100,
		.response_ms = 1000,
		.smoothing = 4,
		.dead_band = 5,
		.step = 20,
		.floor = 10,
		.ceiling = 200,
		.stale_ms = 10 * 1000,
	};
}

void
conf_pool_finish(struct conf_load *load, struct conf_service_object *self)
{
	struct conf *conf = load->conf;
	struct conf_pool *pool = &self->pool;

	if (!self->has_flush)
		pool->flush_on_failure = self->service->key.proto == SL_PROTO_UDP;
	if (self->sorry_word != NULL && !self->has_sorry && !load->incomplete) {
		conf_warn(load, &self->sorry_word->place, "\"%s\" has no effect: there is no sorry_server",
			  self->sorry_word->text);
		pool->sorry_server_inhibit = false;
	}
	quorum_check(load, self);
	conf->pools = conf_arena_grow(load->keep, conf->pools, conf->pool_count, sizeof(*conf->pools));
	conf->pools[conf->pool_count++] = *pool;
}

void
conf_pools_link(struct conf *conf)
{
	for (unsigned int i = 0; i < conf->pool_count; i++) {
		const struct conf_pool *pool = &conf->pools[i];

		for (unsigned int j = 0; j < pool->service_count; j++)
			conf->services[pool->first_service + j].pool = pool;
	}
}

/* keepalived too makes the hysteresis fit; a quorum that is never reached it makes fit in silence. */
static void
quorum_check(struct conf_load *load, struct conf_service_object *self)
{
	const struct conf_service *service = self->service;
	struct conf_pool *pool = &self->pool;
	uint64_t sum = 0;

	if (self->quorum == NULL && self->hysteresis == NULL)
		return;
	if (self->hysteresis != NULL && pool->hysteresis >= pool->quorum) {
		conf_warn(load, &self->hysteresis->place,
			  "hysteresis %u is not less than the quorum, which is %u: %u is used",
			  pool->hysteresis, pool->quorum, pool->quorum - 1);
		pool->hysteresis = pool->quorum - 1;
	}
	for (unsigned int i = 0; i < service->real_count; i++)
		sum += service->reals[i].weight;
	if (service->real_count > 0 && sum < (uint64_t)pool->quorum + pool->hysteresis && !load->incomplete)
		conf_warn(load, &(self->quorum != NULL ? self->quorum : self->hysteresis)->place,
			  "quorum %u and hysteresis %u are not reached: the weights of all servers are %llu",
			  pool->quorum, pool->hysteresis, (unsigned long long)sum);
}
