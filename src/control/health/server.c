/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One server of a pool: its checks, its agent, what passive health sees, and
 * whether all of them together leave it alive.
 *
 * It is alive while every check is up, its agent does not say down, and passive
 * health has nothing against it. Whatever may change that calls server_update,
 * which says what has changed, runs the notifier, and marks the pool; the model
 * is told at the pool's next decision (pool.c), never here. Control thread.
 */
#include "health_private.h"

#include "sl_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct checker *checker_take(struct checker **from, unsigned int count,
				    const struct conf_checker *conf);
static bool checks_up(const struct server *server);
static bool checks_known(const struct server *server);
static enum server_state state_now(const struct server *server);
static void state_set(struct server *server, enum server_state state, const char *text);
static bool checker_target(void *context, const struct conf_checker *conf, struct check_target *ret_target,
			   char ret_text[CHECK_TEXT_SIZE]);
static bool probe_target(struct server *server, struct sl_addr *ret_addr, char ret_text[CHECK_TEXT_SIZE]);
static void probe_release(struct server *server);
static void checker_verdict(struct checker *checker, bool changed, void *context);
static bool passive_may_return(const struct server *server, const struct checker_report *report);
static void notify_failed(const char *text, void *context);

struct server *
server_create(struct pool *pool, const struct conf_health *conf, bool sorry)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->sorry = sorry;
	server->says = (struct agent_says)AGENT_SAYS_NOTHING;
	server->since_ms = sl_clock_ms();
	server->alive = !conf->alpha;
	server->members = calloc(pool->service_count, sizeof(*server->members));
	server->notify = notify_create(pool->health->base, notify_failed, server);
	if (server->members == NULL || server->notify == NULL || server_conf_set(server, pool, conf) < 0) {
		server_destroy(server);
		return NULL;
	}
	server->state = state_now(server);
	return server;
}

void
server_destroy(struct server *server)
{
	if (server == NULL)
		return;
	for (unsigned int i = 0; i < server->checker_count; i++)
		checker_destroy(server->checkers[i]);
	agent_stop(server->agent);
	probe_release(server);
	notify_destroy(server->notify);
	free(server->checkers);
	free(server->members);
	free(server);
}

int
server_conf_set(struct server *server, struct pool *pool, const struct conf_health *conf)
{
	const struct checker_owner owner = { checker_target, checker_verdict, server };
	struct checker **checkers = calloc(conf->check_count + 1, sizeof(struct checker *));
	bool again = server->conf != NULL, up = again ? checks_up(server) : !conf->alpha;
	unsigned int count = 0;

	if (checkers == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < conf->check_count; i++) {
		const struct conf_checker *check = &conf->checks[i];

		checkers[count] = checker_take(server->checkers, server->checker_count, check);
		if (checkers[count] != NULL)
			checker_conf_set(checkers[count], &pool->health->env, check, &owner);
		else
			/* keepalived: an alpha check of a server that is up already does not take it out. */
			checkers[count] =
				checker_create(&pool->health->env, check, again ? up : !check->alpha, &owner);
		count += checkers[count] != NULL;
	}
	for (unsigned int i = 0; i < server->checker_count; i++)
		checker_destroy(server->checkers[i]);
	free(server->checkers);
	server->checkers = checkers;
	server->checker_count = count;
	server->pool = pool;
	server->conf = conf;
	if (conf->agent == NULL) {
		server->says = (struct agent_says)AGENT_SAYS_NOTHING;
		server->says_ms = 0;
	}
	return count == conf->check_count ? 0 : -ENOMEM;
}

void
server_update(struct server *server, const char *text)
{
	const struct conf_health *conf = server->conf;
	bool alive = checks_up(server) && !server->says.down && !server->passive_down;
	bool was_alive = server->alive;

	server->alive = alive;
	pool_dirty(server->pool);
	state_set(server, state_now(server), text);
	if (alive == was_alive || server->sorry)
		return;
	/* Coming up takes the end of its connections back, if that was not made yet. */
	server->flush = !alive && server->pool->conf->flush_on_failure && !conf->inhibit_on_failure;
	event_tell(server->pool, server, alive ? EVENT_SERVER_UP : EVENT_SERVER_DOWN, "is %s: %s",
		   alive ? "up" : "down", text);
	notify_run(server->notify, alive ? conf->notify_up : conf->notify_down);
}

void
server_resume(struct server *server)
{
	if (!server->present || server->pool->suspended)
		return;
	for (unsigned int i = 0; i < server->checker_count; i++)
		checker_resume(server->checkers[i], checker_conf(server->checkers[i])->warmup_ms);
	state_set(server, state_now(server), server->checker_count > 0 ? "not checked yet" : "no checks");
	server_agent_start(server);
}

void
server_pause(struct server *server)
{
	for (unsigned int i = 0; i < server->checker_count; i++)
		checker_pause(server->checkers[i]);
	agent_stop(server->agent);
	server->agent = NULL;
	if (server->pool->suspended)
		state_set(server, state_now(server), "its VIP is not here");
}

void
server_present_set(struct server *server, bool present)
{
	if (server->present == present)
		return;
	server->present = present;
	pool_dirty(server->pool);
	if (present)
		return;
	/* What is known of it is worth nothing when it comes back. */
	server_pause(server);
	probe_release(server);
	for (unsigned int i = 0; i < server->checker_count; i++)
		checker_forget(server->checkers[i], !checker_conf(server->checkers[i])->alpha);
	server->says = (struct agent_says)AGENT_SAYS_NOTHING;
	server->passive = (struct passive){ 0 };
	server->feedback = (struct feedback_server){ 0 };
	server->passive_down = server->flush = false;
	server->alive = checks_up(server);
}

void
server_passive_set(struct server *server, const char *text)
{
	bool down = text != NULL;

	if (server->passive_down == down)
		return;
	server->passive_down = down;
	server->passive = (struct passive){ 0 };
	server->passive_ms = sl_clock_ms();
	server->passive_tried = false;
	snprintf(server->passive_text, sizeof(server->passive_text), "%s", down ? text : "");
	for (unsigned int i = 0; down && i < server->checker_count; i++)
		checker_hurry(server->checkers[i]);
	server_update(server, down ? text : "passive health: its checks are good");
}

const struct member *
server_member(const struct server *server)
{
	for (unsigned int i = 0; i < server->pool->service_count; i++)
		if (server->members[i].present)
			return &server->members[i];
	for (unsigned int i = 0; i < server->pool->service_count; i++)
		if (server->members[i].in_conf)
			return &server->members[i];
	return &server->members[0];
}

uint32_t
server_base_weight(const struct server *server, const struct member *member, char ret_why[WEIGHT_WHY_SIZE])
{
	struct weight_says says = { .configured = member->weight, .percent = -1 };

	for (unsigned int i = 0; i < server->checker_count; i++) {
		const struct checker_report *report = checker_report(server->checkers[i]);

		if (!report->has_weight)
			continue;
		if (report->weight_adds) {
			says.added += report->weight;
		} else {
			says.replaced = true;
			says.replacement = report->weight;
		}
	}
	if (!server->pool->conf->feedback.on || server->says.percent == 0)
		says.percent = server->says.percent;
	if (server->says.admin == AGENT_DRAIN)
		says.zero = "agent says drain";
	else if (!server->alive && server->conf->inhibit_on_failure)
		says.zero = "down (inhibit_on_failure)";
	return weight_of(&says, ret_why);
}

const char *
server_state_name(enum server_state state)
{
	static const char *const names[] = {
#define X(id, name) [id] = name,
		SERVER_STATE_LIST(X)
#undef X
	};

	return names[state];
}

const char *
server_name(const struct server *server, char buf[HEALTH_NAME_SIZE])
{
	const struct member *member = server_member(server);
	char endpoint[SL_ENDPOINT_STRLEN], pool[HEALTH_NAME_SIZE];

	snprintf(buf, HEALTH_NAME_SIZE, "%s %.*s of %.*s", server->sorry ? "sorry server" : "server",
		 SL_ENDPOINT_STRLEN, sl_endpoint_format(&member->addr, member->port, endpoint),
		 SL_ENDPOINT_STRLEN + 8, pool_name(server->pool, pool));
	return buf;
}

/* One that does the same is taken out of `from`; NULL: there is none. */
static struct checker *
checker_take(struct checker **from, unsigned int count, const struct conf_checker *conf)
{
	for (unsigned int i = 0; i < count; i++) {
		struct checker *checker = from[i];

		if (checker == NULL || !conf_checker_eq(checker_conf(checker), conf))
			continue;
		from[i] = NULL;
		return checker;
	}
	return NULL;
}

static bool
checks_up(const struct server *server)
{
	for (unsigned int i = 0; i < server->checker_count; i++)
		if (!checker_state(server->checkers[i])->up)
			return false;
	return true;
}

/* Is one of those that are down so by a verdict, and not for want of one? */
static bool
checks_known(const struct server *server)
{
	for (unsigned int i = 0; i < server->checker_count; i++) {
		const struct checker_state *state = checker_state(server->checkers[i]);

		if (!state->up && state->known)
			return true;
	}
	return false;
}

static enum server_state
state_now(const struct server *server)
{
	if (server->sorry)
		return server->pool->sorry ? SERVER_SORRY : SERVER_IDLE;
	if (server->pool->suspended)
		return SERVER_SUSPENDED;
	if (server->says.admin == AGENT_MAINT)
		return SERVER_MAINT;
	if (!server->alive)
		return server->says.down || server->passive_down || checks_known(server) ? SERVER_DOWN
											 : SERVER_STARTING;
	return server->says.admin == AGENT_DRAIN || server_member(server)->draining ? SERVER_DRAIN
										    : SERVER_UP;
}

static void
state_set(struct server *server, enum server_state state, const char *text)
{
	struct transition *transition;

	if (server->state == state && server->history_count > 0)
		return;
	transition = &server->history[server->history_count++ % HISTORY_SIZE];
	transition->at_ms = server->since_ms = sl_clock_ms();
	transition->state = state;
	snprintf(transition->text, sizeof(transition->text), "%s", text);
	if (server->history_count > 1 && !server->sorry &&
	    (state >= SERVER_DRAIN || server->state >= SERVER_DRAIN))
		event_tell(server->pool, server, EVENT_SERVER_STATE, "is in state %s: %s",
			   server_state_name(state), text);
	server->state = state;
}

/* ---- for its checks ---- */

static bool
checker_target(void *context, const struct conf_checker *conf, struct check_target *ret_target,
	       char ret_text[CHECK_TEXT_SIZE])
{
	struct server *server = context;
	const struct member *member = server_member(server);

	*ret_target = (struct check_target){ .addr = member->addr, .port = member->port };
	return !conf->connect.via_dataplane || probe_target(server, &ret_target->addr, ret_text);
}

/* Servers' methods and tunnels change: what is held is compared with what is wanted at each attempt. */
static bool
probe_target(struct server *server, struct sl_addr *ret_addr, char ret_text[CHECK_TEXT_SIZE])
{
	const struct member *member = server_member(server);
	const struct dp_probe wanted = {
		.vip = server->pool->services[member - server->members].key.vip,
		.real = member->addr,
		.fwd = (uint8_t)member->fwd,
		.tunnel = member->tunnel,
	};
	struct server_probe *probe = &server->probe;
	char error[DP_ERROR_SIZE];

	if (probe->held && sl_addr_eq(&probe->probe.vip, &wanted.vip) && probe->probe.fwd == wanted.fwd &&
	    tunnel_eq(&probe->probe.tunnel, &wanted.tunnel)) {
		*ret_addr = probe->addr;
		return true;
	}
	probe_release(server);
	if (dp_probe_add(&wanted, &probe->addr, error) < 0) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "check_via_dataplane: %.130s", error);
		return false;
	}
	probe->probe = wanted;
	probe->held = true;
	*ret_addr = probe->addr;
	return true;
}

static void
probe_release(struct server *server)
{
	if (server->probe.held)
		dp_probe_remove(&server->probe.addr);
	server->probe.held = false;
}

static void
checker_verdict(struct checker *checker, bool changed, void *context)
{
	const struct checker_report *report = checker_report(checker);
	const struct checker_state *state = checker_state(checker);
	const struct conf_checker *conf = checker_conf(checker);
	struct server *server = context;
	char text[CHECK_TEXT_SIZE];

	snprintf(text, sizeof(text), "%s: %.*s", checker_name(checker),
		 (int)(sizeof(text) - strlen(checker_name(checker)) - 3), report->text);
	if (changed)
		event_tell(server->pool, server, EVENT_CHECK, "check %s: %s", state->up ? "good" : "failed",
			   text);
	else if (!report->good && conf->log_all_failures)
		event_tell(server->pool, server, EVENT_CHECK, "attempt failed: %s", text);
	if (report->good && report->took_us > 0)
		feedback_response_add(&server->feedback, &server->pool->conf->feedback, report->took_us,
				      sl_clock_ms());
	if (server->passive_down && state->up && report->good && passive_may_return(server, report) &&
	    checks_up(server))
		server_passive_set(server, NULL);
	else if (changed || report->weight_changed || server->state == SERVER_STARTING)
		server_update(server, text);
}

/*
 * A good check takes a mark away if it was begun a window after it: a server whose checks are good though its
 * clients get no answer would else be back at once, every time.
 */
static bool
passive_may_return(const struct server *server, const struct checker_report *report)
{
	return report->began_ms >= server->passive_ms + server->pool->conf->passive.window_ms;
}

static void
notify_failed(const char *text, void *context)
{
	struct server *server = context;

	event_tell(server->pool, server, EVENT_SCRIPT, "notifier failed: %s", text);
}
