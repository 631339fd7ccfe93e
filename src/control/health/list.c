/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of each server, for those who look (health.h has the members).
 *
 * A cursor counts services and servers. Between two calls others may change
 * both, so nothing is kept but the key of the service that was listed last;
 * that is where the next call goes on without counting from the beginning.
 * Control thread.
 */
#include "health_private.h"

#include "json_text.h"
#include "sl_clock.h"

static struct model_service *service_at(struct health *health, uint64_t at);
static json_t *server_json(struct health *health, const struct model_service *service,
			   const struct model_real *real);
static int stranger_set(json_t *object, const struct model_real *real);
static int server_set(json_t *object, const struct server *server, const struct model_real *real);
static json_t *pool_json(const struct pool *pool);
static json_t *checks_json(const struct server *server);
static json_t *check_json(const struct server *server, const struct checker *checker, uint64_t now_ms);
static json_t *agent_json(const struct server *server);
static json_t *passive_json(const struct server *server);
static json_t *history_json(const struct server *server);
static json_t *ago(uint64_t at_ms, uint64_t now_ms);

json_t *
health_list_next(struct health *health, const struct dp_service_key *key, uint64_t *cursor)
{
	struct model_service *service;
	json_t *object;

	errno = 0;
	for (;; *cursor = ((*cursor >> 32) + 1) << 32) {
		uint32_t index = (uint32_t)*cursor;
		struct model_real *real;

		if (key != NULL)
			service = *cursor >> 32 == 0 ? model_service_find(health->model, key) : NULL;
		else
			service = service_at(health, *cursor >> 32);
		if (service == NULL)
			return NULL;
		for (real = service->reals; real != NULL && index > 0; index--)
			real = real->next;
		if (real == NULL)
			continue;
		object = server_json(health, service, real);
		if (object == NULL)
			errno = ENOMEM;
		else
			++*cursor;
		return object;
	}
}

/* Services are asked for one after the other. */
static struct model_service *
service_at(struct health *health, uint64_t at)
{
	struct model_service *service = NULL;

	if (at > 0 && (health->list_cursor == at || health->list_cursor + 1 == at))
		service = model_service_find(health->model, &health->list_key);
	if (service != NULL && health->list_cursor + 1 == at)
		service = service->next;
	else if (service == NULL)
		for (service = model_services(health->model); service != NULL && at > 0; at--)
			service = service->next;
	else
		return service;
	if (service != NULL) {
		health->list_cursor = at;
		health->list_key = service->key;
	}
	return service;
}

static json_t *
server_json(struct health *health, const struct model_service *service, const struct model_real *real)
{
	const struct service_pool *found = health_service_find(health, &service->key);
	char vip[SL_ENDPOINT_STRLEN], endpoint[SL_ENDPOINT_STRLEN];
	struct server *server;
	json_t *object;
	int rc;

	/* A file or a command may have changed the model since the last turn, and who asks has seen it done. */
	if (found != NULL && found->pool->stale && pool_sync(found->pool) < 0)
		return NULL;
	server =
		found != NULL ? pool_server_find(found->pool, found->service, &real->addr, real->port) : NULL;
	object = json_pack("{s:s, s:s, s:s}", "proto", service->key.proto == SL_PROTO_TCP ? "tcp" : "udp",
			   "vip", sl_endpoint_format(&service->key.vip, service->key.port, vip), "real",
			   sl_endpoint_format(&real->addr, real->port, endpoint));
	if (object == NULL)
		return NULL;
	rc = server != NULL ? server_set(object, server, real) : stranger_set(object, real);
	if (rc == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* A server of a service that a command made: nobody watches it. */
static int
stranger_set(json_t *object, const struct model_real *real)
{
	json_t *known = json_pack("{s:s, s:i, s:I, s:I, s:s, s:I, s:n, s:[], s:n, s:n, s:[]}", "state",
				  real->draining ? "drain" : "up", "since_ago_ms", 0, "weight",
				  (json_int_t)(real->draining ? 0 : real->weight), "configured",
				  (json_int_t)real->weight, "why", real->draining ? "drained by command" : "",
				  "maxconn", (json_int_t)real->maxconn, "pool", "checks", "agent", "passive",
				  "history");
	int rc = known != NULL ? json_object_update(object, known) : -1;

	json_decref(known);
	return rc;
}

static int
server_set(json_t *object, const struct server *server, const struct model_real *real)
{
	/* In force is what the model has: of this service. */
	uint32_t weight = model_real_weight(real);
	json_t *known = json_pack(
		"{s:s, s:o, s:I, s:I, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "state",
		server_state_name(server->state), "since_ago_ms", ago(server->since_ms, sl_clock_ms()),
		"weight", (json_int_t)weight, "configured", (json_int_t)real->weight, "why",
		json_text(weight != real->weight ? server->why : ""), "maxconn", (json_int_t)real->maxconn,
		"pool", pool_json(server->pool), "checks", checks_json(server), "agent", agent_json(server),
		"passive", passive_json(server), "history", history_json(server));
	int rc = known != NULL ? json_object_update(object, known) : -1;

	json_decref(known);
	return rc;
}

static json_t *
pool_json(const struct pool *pool)
{
	json_t *name = pool->conf->name != NULL ? json_text(pool->conf->name) : json_null();

	return json_pack("{s:o, s:I, s:I, s:I, s:b, s:b}", "name", name, "quorum",
			 (json_int_t)pool->conf->quorum, "hysteresis", (json_int_t)pool->conf->hysteresis,
			 "alive_weight", (json_int_t)pool->alive_weight, "up", pool->up, "sorry",
			 pool->sorry);
}

static json_t *
checks_json(const struct server *server)
{
	uint64_t now_ms = sl_clock_ms();
	json_t *checks = json_array();

	for (unsigned int i = 0; checks != NULL && i < server->checker_count; i++) {
		if (json_array_append_new(checks, check_json(server, server->checkers[i], now_ms)) == 0)
			continue;
		json_decref(checks);
		checks = NULL;
	}
	return checks;
}

static json_t *
check_json(const struct server *server, const struct checker *checker, uint64_t now_ms)
{
	const struct checker_report *report = checker_report(checker);
	const struct checker_state *state = checker_state(checker);
	const char *name = state->up ? "up" : "down";
	json_t *next = json_null();

	if (server->pool->suspended)
		name = "suspended";
	else if (!state->known)
		name = "starting";
	if (report->running)
		next = json_integer(report->due_ms > now_ms ? (json_int_t)(report->due_ms - now_ms) : 0);
	return json_pack("{s:s, s:s, s:o, s:b, s:o, s:f, s:o, s:I}", "check", checker_name(checker), "state",
			 name, "text", json_text(report->text), "good", report->good, "last_ago_ms",
			 report->last_ms != 0 ? ago(report->last_ms, now_ms) : json_null(), "took_ms",
			 report->took_us / 1000.0, "next_ms", next, "failures", (json_int_t)state->failures);
}

static json_t *
agent_json(const struct server *server)
{
	if (server->conf->agent == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:b}", "text", json_text(server->says.text), "last_ago_ms",
			 server->says_ms != 0 ? ago(server->says_ms, sl_clock_ms()) : json_null(), "reached",
			 server->says.reached);
}

static json_t *
passive_json(const struct server *server)
{
	if (!server->pool->conf->passive.on)
		return json_null();
	return json_pack("{s:b, s:o}", "down", server->passive_down, "text", json_text(server->passive_text));
}

/* Newest first. */
static json_t *
history_json(const struct server *server)
{
	unsigned int held = server->history_count < HISTORY_SIZE ? server->history_count : HISTORY_SIZE;
	uint64_t now_ms = sl_clock_ms();
	json_t *history = json_array();

	for (unsigned int i = 1; history != NULL && i <= held; i++) {
		const struct transition *transition =
			&server->history[(server->history_count - i) % HISTORY_SIZE];
		json_t *one =
			json_pack("{s:o, s:s, s:o}", "ago_ms", ago(transition->at_ms, now_ms), "state",
				  server_state_name(transition->state), "text", json_text(transition->text));

		if (json_array_append_new(history, one) == 0)
			continue;
		json_decref(history);
		history = NULL;
	}
	return history;
}

static json_t *
ago(uint64_t at_ms, uint64_t now_ms)
{
	return json_integer(now_ms > at_ms ? (json_int_t)(now_ms - at_ms) : 0);
}
