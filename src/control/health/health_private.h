/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside health: pools, their servers, and what the files about them share.
 *
 * A pool is what a configuration says of one service, or of all services of a
 * virtual_server_group: they share servers and checks. A server of a pool is
 * in one or more of its services, as a member each, since commands may treat
 * them differently there.
 *
 * State flows one way. Checks, agent and passive health decide whether a server
 * is alive (server.c), and mark its pool dirty. At the next turn (health.c) each
 * dirty pool looks at the model (pool_sync.c), decides about its quorum, and
 * says what it wants of each member (pool.c); what differs from what the
 * model has goes there in one transaction. So nothing that a command or a file
 * changes in between is lost, and a turn that fails is simply repeated.
 *
 * All in the control thread.
 */
#ifndef SLUICE_HEALTH_PRIVATE_H
#define SLUICE_HEALTH_PRIVATE_H

#include "agent.h"
#include "checker.h"
#include "conf_health_eq.h"
#include "feedback.h"
#include "health.h"
#include "notify.h"
#include "passive.h"
#include "sl_addr.h"
#include "tunnel.h"
#include "weight.h"

#include <errno.h>

enum { HISTORY_SIZE = 16, HEALTH_NAME_SIZE = 2 * SL_ENDPOINT_STRLEN + 32 };

/* ---- servers ---- */

#define SERVER_STATE_LIST(X)                                                                                 \
	X(SERVER_STARTING, "starting") /* alpha: nothing is known of it yet */                               \
	X(SERVER_UP, "up")                                                                                   \
	X(SERVER_DOWN, "down")                                                                               \
	X(SERVER_DRAIN, "drain")                                                                             \
	X(SERVER_MAINT, "maint")                                                                             \
	X(SERVER_SUSPENDED, "suspended") /* its pool's checks rest */                                        \
	X(SERVER_SORRY, "sorry")         /* a sorry server that is needed */                                 \
	X(SERVER_IDLE, "idle")           /* one that is not */

enum server_state {
#define X(id, name) id,
	SERVER_STATE_LIST(X)
#undef X
};

struct transition {
	uint64_t at_ms;
	enum server_state state;
	char text[CHECK_TEXT_SIZE];
};

/* A server in one of its pool's services. What it says is the model's, as it was last looked at. */
struct member {
	bool in_conf; /* the file has it in this service */
	bool present; /* the model has it */
	struct sl_addr addr;
	uint16_t port;
	enum sl_fwd fwd;
	struct dp_tunnel tunnel;
	uint32_t weight, slot;
	bool draining;
	bool out;
	int64_t health_weight;
	uint32_t maxconn;
};

/* dp_probe_add's address for check_via_dataplane. */
struct server_probe {
	bool held;
	struct dp_probe probe;
	struct sl_addr addr;
};

struct server {
	struct pool *pool;
	const struct conf_health *conf;
	bool sorry;
	bool present;           /* in any of the services */
	struct member *members; /* one for each service of the pool */

	struct checker **checkers;
	unsigned int checker_count;
	struct server_probe probe;
	struct agent *agent;
	struct agent_says says;
	uint64_t says_ms; /* when it said so; 0: never */
	struct passive passive;
	bool passive_down;
	uint64_t passive_ms; /* since when it is that, or not that */
	bool passive_tried;  /* its checks have been asked whether it may come back */
	char passive_text[PASSIVE_TEXT_SIZE];
	struct feedback_server feedback;
	struct notify *notify;

	bool alive; /* checks, agent and passive health, together */
	bool flush; /* it failed: its connections end at the next turn */
	enum server_state state;
	uint64_t since_ms;
	struct transition history[HISTORY_SIZE];
	unsigned int history_count; /* so many so far */
	bool weight_known;
	uint32_t weight;           /* effective, in the first service that has it */
	char why[WEIGHT_WHY_SIZE]; /* it is not the configured one */
};

/* Its checks are those of `conf`. Nothing runs until server_resume. NULL when out of memory. */
struct server *server_create(struct pool *pool, const struct conf_health *conf, bool sorry);
void server_destroy(struct server *server);

/*
 * Another configuration, perhaps of another pool: checks that are equal keep their state, others
 * begin with the server's. It is paused. 0 or -ENOMEM, with fewer checks than it should have.
 */
int server_conf_set(struct server *server, struct pool *pool, const struct conf_health *conf);

/* Checks, agent: rest, or go on; those that go on for the first time after a while of warm-up. */
void server_pause(struct server *server);
void server_resume(struct server *server);
/* It has left all services, or is in one again, as if it had never been there. */
void server_present_set(struct server *server, bool present);

/* What has changed may make it alive or not, or change its state: says so, in words. */
void server_update(struct server *server, const char *text);
/* ---- server_says.c ---- */

/* Asks its agent, if it has one. */
void server_agent_start(struct server *server);
/* Passive health: looks at the counters; ends what has lasted long enough. */
void server_sample(struct server *server, uint64_t now_ms);
/* Passive health takes it for down, for this reason, or for good again (NULL). */
void server_passive_set(struct server *server, const char *text);

/* The member that speaks for the server: the first that is present, else the first. */
const struct member *server_member(const struct server *server);
/* The weight that checks, agent and operator give it, before feedback. ret_why may be NULL. */
uint32_t server_base_weight(const struct server *server, const struct member *member,
			    char ret_why[WEIGHT_WHY_SIZE]);
const char *server_state_name(enum server_state state);
const char *server_name(const struct server *server, char buf[HEALTH_NAME_SIZE]);

/* ---- pools ---- */

struct pool {
	struct health *health;
	const struct conf_pool *conf;
	const struct conf_service *services; /* of this pool, service_count */
	unsigned int service_count;
	struct server **servers;
	unsigned int server_count;
	/* For each service: its servers by address and port, and how many. */
	struct server ***by_endpoint;
	unsigned int *by_endpoint_count;

	bool stale; /* the model may have changed: pool_sync */
	bool dirty; /* a server has changed: pool_decide */
	bool begun; /* has decided once */
	bool suspended;
	bool up;    /* has its quorum */
	bool sorry; /* and needs its sorry server */
	uint64_t alive_weight;
	uint32_t scale; /* of weights, by feedback; 1: none */
	struct event *feedback_timer;
	struct notify *notify;
};

/* ---- pool_conf.c, pool_sync.c ---- */

/*
 * The pool of `of`, with servers (and their states) of `old`, if there is one: they leave it.
 * NULL when out of memory; `old` is then to be destroyed with what is left in it.
 */
struct pool *pool_create(struct health *health, const struct conf *conf, const struct conf_pool *of,
			 struct pool *old);
void pool_destroy(struct pool *pool);
/* 0 or -ENOMEM. */
int pool_server_add(struct pool *pool, struct server *server);

/*
 * Takes over what the model has: weights, servers added and removed by command; those that are there
 * are watched from then on. -ENOMEM: not all of it.
 */
int pool_sync(struct pool *pool);
/* By address and port. */
int endpoint_compare(const struct sl_addr *a, uint16_t a_port, const struct sl_addr *b, uint16_t b_port);

/* ---- pool.c ---- */

/* Checks rest while none of the pool's VIPs is here. */
void pool_suspend_set(struct pool *pool);

/* keepalived's: does a pool with this sum of its living servers' weights have its quorum? */
bool pool_quorum(bool up, uint64_t alive_weight, uint32_t quorum, uint32_t hysteresis);
/* Quorum, sorry server, effective weights; what is wanted of the members goes to `changes`. 0 or -ENOMEM. */
struct changes;
int pool_decide(struct pool *pool, struct changes *changes);
void pool_sample(struct pool *pool, uint64_t now_ms);
/* The pool is to decide at the next turn. */
void pool_dirty(struct pool *pool);
/* omega: what is run at the end of the daemon. */
void pool_omega(const struct pool *pool);

/* ---- pool_feedback.c ---- */

/* 0 or -ENOMEM. Nothing where the pool has no feedback. */
int pool_feedback_start(struct pool *pool);
void pool_scale_set(struct pool *pool);

struct server *pool_server_find(const struct pool *pool, unsigned int service, const struct sl_addr *addr,
				uint16_t port);
const char *pool_name(const struct pool *pool, char buf[HEALTH_NAME_SIZE]);

/* ---- the turn ---- */

struct changes {
	struct model_health *change;
	struct member **member; /* of each, to take what was set over */
	struct server **server;
	size_t count, size;
};

/* 0 or -ENOMEM. */
int changes_add(struct changes *changes, const struct model_health *change, struct member *member,
		struct server *server);

/* Which pool a service belongs to, sorted by key. */
struct service_pool {
	struct dp_service_key key;
	struct pool *pool;
	unsigned int service; /* in the pool */
};

struct health {
	struct event_base *base;
	struct model *model;
	struct check_env env;
	struct pool **pools;
	unsigned int pool_count;
	struct service_pool *services;
	unsigned int service_count;

	struct event *turn;
	bool turn_due;
	uint64_t turn_ended_us, turn_took_us;
	unsigned int refusals; /* of the model, in a row */
	struct event *sampler;

	struct sl_addr *vips_away; /* VIPs that are not here, sorted */
	unsigned int vip_away_count;

	struct events *events;
	/* where health_list_next was last */
	uint64_t list_cursor;
	struct dp_service_key list_key;
};

void health_turn_soon(struct health *health);
struct service_pool *health_service_find(struct health *health, const struct dp_service_key *key);
bool health_vip_here(const struct health *health, const struct sl_addr *vip);

/* ---- events ---- */

#define EVENT_LIST(X)                                                                                        \
	X(EVENT_SERVER_UP, "server_up")                                                                      \
	X(EVENT_SERVER_DOWN, "server_down")                                                                  \
	X(EVENT_SERVER_STATE, "server_state")                                                                \
	X(EVENT_WEIGHT, "weight")                                                                            \
	X(EVENT_CHECK, "check")                                                                              \
	X(EVENT_QUORUM_UP, "quorum_up")                                                                      \
	X(EVENT_QUORUM_DOWN, "quorum_down")                                                                  \
	X(EVENT_SORRY_ON, "sorry_on")                                                                        \
	X(EVENT_SORRY_OFF, "sorry_off")                                                                      \
	X(EVENT_SCRIPT, "script")

enum event_kind {
#define X(id, name) id,
	EVENT_LIST(X)
#undef X
		EVENT_MAX
};

struct events *events_create(struct event_base *base);
void events_destroy(struct events *events);

/* What it is about: a server, or only a pool (server NULL). The text is a sentence. */
void event_tell(struct pool *pool, const struct server *server, enum event_kind kind, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
