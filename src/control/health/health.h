/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Health: watches the real servers, and has the model act on what it finds.
 *
 *   check_*.c    one attempt of each kind of check (check.h)
 *   checker.c    when attempts are due, and when a server's state changes
 *   pool.c       servers and their checkers, quorum, sorry server, weights
 *   passive.c    servers that do not answer clients, by the data plane's counters
 *   agent.c      HAProxy's agent-check
 *   feedback.c   from reported load to weights
 *   script.c     commands: MISC_CHECK, notify_up, quorum_down ...
 *   health.c     pools by configuration; what changes in one turn of the loop goes to the model together
 *   event.c      what happened, for the log and for those who watch
 *
 * Everything runs in the control thread's loop. The configuration in force
 * says what is checked; states stay over a new one where a check is the same.
 */
#ifndef SLUICE_HEALTH_H
#define SLUICE_HEALTH_H

#include "model.h"

#include <jansson.h>

struct event_base;
struct health;

/* Begins to watch what `model` runs. NULL with the reason in ret_error. */
struct health *health_create(struct event_base *base, struct model *model, char ret_error[DP_ERROR_SIZE]);

/* Before the model ends. Runs omega's notifiers, and waits for no script. */
void health_destroy(struct health *health);

/*
 * Whether this box holds the VIP of a service: checks of an ha_suspend pool rest while it does not.
 * Held until something says otherwise.
 */
void health_vip_held(struct health *health, const struct sl_addr *vip, bool held);

/* The same of all VIPs at once: these are not here, all others are. Takes the array, which free() is to end. */
void health_vips_away_set(struct health *health, struct sl_addr *vips, unsigned int count);

/* Has the pool of this service its quorum? False where there is no such service. */
bool health_pool_up(struct health *health, const struct dp_service_key *key);

/* What is known of a service, the worst first. */
enum health_service {
	HEALTH_SERVICE_DOWN, /* it has not its quorum, nor a sorry server */
	HEALTH_SERVICE_ASSUMED, /* as far as is known: some of the servers that it counts have not been checked yet */
	HEALTH_SERVICE_UP,
};

/* One that no file knows, and nothing checks, is up while it has a server that takes connections. */
enum health_service health_service_state(struct health *health, const struct model_service *service);

/* ---- for those who look ---- */

/*
 * One server after the other, services in the model's order, servers in theirs. *cursor begins
 * at 0. NULL at the end, or with errno ENOMEM. `key` NULL: of all services. Times are
 * milliseconds; "..._ago_ms" are before now. A server that nothing checks has no checks, and is up.
 *
 *   { "proto": "tcp", "vip": "192.0.2.1:80", "real": "10.0.0.11:8080",
 *     "state": "up" | "down" | "starting" | "drain" | "maint" | "suspended" | "sorry" | "idle" (a sorry server not needed),
 *     "since_ago_ms": 5000,
 *     "weight": 100, "configured": 100, "why": "" (why they differ, in words), "maxconn": 0,
 *     "pool": { "name": "web" or null, "quorum": 1, "hysteresis": 0, "alive_weight": 300, "up": true, "sorry": false },
 *     "checks": [ { "check": "TCP_CHECK", "state": "up" | "down" | "starting" | "suspended",
 *                   "text": "connected in 3 ms", "good": true, "last_ago_ms": 200, "took_ms": 3, "next_ms": 1800,
 *                   "failures": 0 (in a row) } ],
 *     "agent": null or { "text": "75% cpu:30", "last_ago_ms": 100, "reached": true },
 *     "passive": null or { "down": false, "text": "" },
 *     "history": [ { "ago_ms": 5000, "state": "up", "text": "TCP_CHECK: connected in 3 ms" } ] } newest first, 16 at most
 */
json_t *health_list_next(struct health *health, const struct dp_service_key *key, uint64_t *cursor);

/*
 * Events from now on (watch.h), each as a JSON object that the callee borrows:
 *
 *   { "time": "2026-11-29T17:31:47.123Z", "event": EVENT, "text": "in words, as in the log",
 *     "proto", "vip", "real" as far as it is about one, "pool": a group's name }
 *
 * EVENT is server_up, server_down, server_state (drain, maint, ready ...), weight (with "weight", "configured"),
 * check (a check's own state changed), quorum_up, quorum_down, sorry_on, sorry_off, script (a command failed).
 */
struct watch;
struct watch *health_watch_add(struct health *health, void (*event)(json_t *event, void *context),
			       void *context);

#endif
