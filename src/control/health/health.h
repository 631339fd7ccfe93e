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

/* ---- for those who look ---- */

/*
 * One server after the other, as JSON objects (doc/control-socket.md: health). *cursor begins at 0.
 * NULL at the end, or when out of memory (errno). `key` NULL: of all services.
 */
json_t *health_list_next(struct health *health, const struct dp_service_key *key, uint64_t *cursor);

/* Events from now on, each as a JSON object that the callee borrows. */
struct health_watch;
struct health_watch *health_watch_add(struct health *health, void (*event)(json_t *event, void *context),
				      void *context);
void health_watch_remove(struct health_watch *watch);

#endif
