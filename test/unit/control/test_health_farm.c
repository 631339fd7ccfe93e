/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The farm (test_health_farm.h): fake checks and agents, and waiting.
 */
#include "test_health_farm.h"

#include "fake_dp.h"
#include "script.h"
#include "sl_addr.h"
#include "sl_clock.h"
#include "sl_test.h"
#include "test_conf_load.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERVERS_MAX = 6000, PATIENCE_MS = 20000, TURN_MS = 2 };

/* One whose checks or agent the test speaks for. The first stands for all others. */
struct fake_server {
	struct sl_addr addr;
	uint16_t port;
	enum fake_verdict verdict;
	int weight;
	unsigned int attempts, running;
	agent_says_fn *says;
	void *says_context;
};

struct fake_attempt {
	struct event *timer;
	struct fake_server *server;
	bool dynamic;
	check_done_fn *done;
	void *context;
};

struct agent {
	struct fake_server *server;
};

static struct fake_server servers[SERVERS_MAX] = { { .weight = -1 } };
static unsigned int server_count = 1, agent_count;
void (*farm_conf_hook)(struct conf *conf);

static struct fake_server *
server_by(const struct sl_addr *addr, uint16_t port, bool make)
{
	for (unsigned int i = 1; i < server_count; i++)
		if (servers[i].port == port && sl_addr_eq(&servers[i].addr, addr))
			return &servers[i];
	if (!make)
		return &servers[0];
	assert_true(server_count < SERVERS_MAX);
	servers[server_count] = (struct fake_server){ .addr = *addr, .port = port, .weight = -1 };
	return &servers[server_count++];
}

static struct fake_server *
server_named(const char *name)
{
	struct sl_addr addr;
	uint16_t port;

	if (name == NULL)
		return &servers[0];
	assert_int_equal(sl_endpoint_parse(name, &addr, &port), 0);
	return server_by(&addr, port, true);
}

/* ---- checks ---- */

static void
fake_done(evutil_socket_t fd, short what, void *context)
{
	struct fake_attempt *attempt = context;
	struct fake_server *server = attempt->server;
	struct check_result result = {
		.good = server->verdict == FAKE_GOOD,
		.has_weight = attempt->dynamic && server->verdict == FAKE_GOOD && server->weight >= 0,
		.weight = server->weight,
		.took_us = 1000,
	};

	snprintf(result.text, sizeof(result.text), "%s", result.good ? "fake good" : "fake bad");
	server->running--;
	event_free(attempt->timer);
	attempt->done(&result, attempt->context);
	free(attempt);
}

static void *
fake_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	   const struct check_target *target, check_done_fn *done, void *context,
	   char ret_text[CHECK_TEXT_SIZE])
{
	struct fake_attempt *attempt = calloc(1, sizeof(*attempt));
	const struct timeval now = { 0, 0 };

	assert_non_null(attempt);
	attempt->server = server_by(&target->addr, target->port, false);
	attempt->server->attempts++;
	attempt->server->running++;
	attempt->done = done;
	attempt->context = context;
	attempt->dynamic = conf->type == CONF_CHECK_MISC && conf->misc.dynamic;
	attempt->timer = evtimer_new(env->base, fake_done, attempt);
	assert_non_null(attempt->timer);
	if (attempt->server->verdict != FAKE_HANG)
		event_add(attempt->timer, &now);
	return attempt;
}

static void
fake_cancel(void *context)
{
	struct fake_attempt *attempt = context;

	attempt->server->running--;
	event_free(attempt->timer);
	free(attempt);
}

static const struct check_ops fake = { NULL, fake_start, fake_cancel };
const struct check_ops *const check_kinds[CONF_CHECK_MAX] = { &fake, &fake, &fake, &fake, &fake,
							      &fake, &fake, &fake, &fake };

int
check_env_init(struct check_env *env, struct event_base *base, const struct conf *conf,
	       char ret_error[DP_ERROR_SIZE])
{
	*env = (struct check_env){ .base = base };
	return 0;
}

void
check_env_fini(struct check_env *env)
{
	env->base = NULL;
}

void
fake_check_set(const char *server, enum fake_verdict verdict)
{
	server_named(server)->verdict = verdict;
}

void
fake_check_weight(const char *server, int weight)
{
	server_named(server)->weight = weight;
}

unsigned int
fake_check_attempts(const char *server)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < server_count && server == NULL; i++)
		sum += servers[i].attempts;
	return server == NULL ? sum : server_named(server)->attempts;
}

unsigned int
fake_check_running(const char *server)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < server_count && server == NULL; i++)
		sum += servers[i].running;
	return server == NULL ? sum : server_named(server)->running;
}

/* ---- agents ---- */

struct agent *
agent_start(struct check_env *env, const struct conf_agent *conf, const char *custom,
	    const struct check_target *target, const struct agent_says *before, agent_says_fn *says,
	    void *context)
{
	struct agent *agent = calloc(1, sizeof(*agent));

	assert_non_null(agent);
	agent->server = server_by(&target->addr, target->port, true);
	agent->server->says = says;
	agent->server->says_context = context;
	agent_count++;
	return agent;
}

void
agent_stop(struct agent *agent)
{
	if (agent == NULL)
		return;
	agent->server->says = NULL;
	agent_count--;
	free(agent);
}

void
fake_agent_says(const char *server, const struct agent_says *says)
{
	struct fake_server *named = server_named(server);

	assert_non_null(named->says);
	named->says(says, named->says_context);
}

unsigned int
fake_agents(void)
{
	return agent_count;
}

/* ---- the farm ---- */

static struct conf *
conf_of(const char *services)
{
	static const char head[] = "port wan { device net_null0\n address 10.2.0.1/24 }\n";
	struct conf *conf;
	char *text = NULL;

	assert_true(asprintf(&text, "%s%s", head, services) > 0);
	conf = conf_load_good("a file", text);
	free(text);
	if (farm_conf_hook != NULL)
		farm_conf_hook(conf);
	return conf;
}

struct farm
farm_open(const char *services)
{
	struct farm farm = { .base = event_base_new() };
	struct dp_params params = { .workers = 1 };
	struct conf *conf = conf_of(services);
	struct model_error error = { 0 };
	char why[DP_ERROR_SIZE];

	server_count = 1;
	servers[0] = (struct fake_server){ .weight = -1 };
	assert_int_equal(dp_eal_start(&params, NULL, 0, 0, NULL, why), 0);
	for (unsigned int i = 0; i < conf->port_count; i++)
		assert_int_equal(dp_port_open(&conf->ports[i].dp, why), i);
	farm.model = model_create(conf, &error);
	if (farm.model == NULL)
		fail_msg("%s", error.text);
	farm.health = health_create(farm.base, farm.model, why);
	if (farm.health == NULL)
		fail_msg("%s", why);
	return farm;
}

void
farm_close(struct farm *farm)
{
	health_destroy(farm->health);
	assert_int_equal(fake_check_running(NULL), 0);
	assert_int_equal(fake_agents(), 0);
	assert_null(fake_dp_probe_at(0));
	model_destroy(farm->model);
	fake_dp_reset();
	event_base_free(farm->base);
	farm_conf_hook = NULL;
}

void
farm_apply(struct farm *farm, const char *services)
{
	struct conf_faults faults = { 0 };

	if (model_apply(farm->model, conf_of(services), &faults) < 0)
		fail_msg("%s", faults.first->text);
}

static void
turn_over(evutil_socket_t fd, short what, void *context)
{
	event_base_loopbreak(context);
}

void
farm_run_ms(struct farm *farm, unsigned int ms)
{
	const struct timeval wait = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };
	struct event *timer = evtimer_new(farm->base, turn_over, farm->base);

	event_add(timer, &wait);
	event_base_dispatch(farm->base);
	event_free(timer);
	/* However often a server is checked, there is one attempt at a time. */
	for (unsigned int i = 1; i < server_count; i++)
		assert_true(servers[i].running <= 2);
}

void
farm_until(struct farm *farm, bool (*reached)(struct farm *farm, void *context), void *context,
	   const char *what)
{
	uint64_t end_ms = sl_clock_ms() + PATIENCE_MS;

	while (!reached(farm, context)) {
		if (sl_clock_ms() > end_ms)
			fail_msg("not within %d ms: %s", PATIENCE_MS, what);
		farm_run_ms(farm, TURN_MS);
	}
}

static const char *
dp_text(const char *vip, char buf[1024])
{
	struct dp_service_key key = { .proto = SL_PROTO_TCP };
	const struct fake_dp_service *service;
	int len = 0;

	assert_int_equal(sl_endpoint_parse(vip, &key.vip, &key.port), 0);
	service = fake_dp_service_find(&key);
	buf[0] = '\0';
	for (uint32_t i = 0; service != NULL && i < service->real_count; i++) {
		const struct dp_real *real = &service->reals[i];
		char endpoint[SL_ENDPOINT_STRLEN], limit[16] = "";

		if (real->upper > 0)
			snprintf(limit, sizeof(limit), "<%u", real->upper);
		len += snprintf(buf + len, 1024 - (size_t)len, "%s%s*%u%s%s", i > 0 ? " " : "",
				sl_endpoint_format(&real->addr, real->port, endpoint), real->weight, limit,
				real->out ? "~" : "");
		assert_true(len < 1024);
	}
	return buf;
}

void
farm_expect(struct farm *farm, const char *vip, const char *wanted)
{
	uint64_t end_ms = sl_clock_ms() + PATIENCE_MS;
	char got[1024];

	while (strcmp(dp_text(vip, got), wanted) != 0) {
		if (sl_clock_ms() > end_ms)
			fail_msg("%s has \"%s\", not \"%s\"", vip, got, wanted);
		farm_run_ms(farm, TURN_MS);
	}
}

void
farm_command(struct farm *farm, const char *text)
{
	struct dp_service_key key = { .proto = SL_PROTO_TCP, .port = 80 };
	struct model_real_change change = MODEL_REAL_CHANGE_NONE;
	struct model_error error = { 0 };
	char verb[16], endpoint[64];
	struct sl_addr addr;
	uint16_t port;
	int weight = -1, rc;

	assert_int_equal(sl_addr_parse("10.0.0.1", &key.vip), 0);
	assert_true(sscanf(text, "%15s %63[^*]*%d", verb, endpoint, &weight) >= 2);
	assert_int_equal(sl_endpoint_parse(endpoint, &addr, &port), 0);
	change.weight = weight;
	if (strcmp(verb, "add") == 0)
		rc = model_real_add(farm->model, &key, &addr, port, &change, &error);
	else if (strcmp(verb, "edit") == 0)
		rc = model_real_edit(farm->model, &key, &addr, port, &change, &error);
	else if (strcmp(verb, "del") == 0)
		rc = model_real_del(farm->model, &key, &addr, port, false, &error);
	else
		rc = model_real_drain(farm->model, &key, &addr, port, verb[0] == 'd', &error);
	if (rc < 0)
		fail_msg("%s: %s", text, error.text);
}
