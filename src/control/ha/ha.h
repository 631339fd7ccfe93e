/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * High availability as the daemon sees it: keepalive (sluice/ka.h) is given its
 * configuration, what it tells is passed on, and what it cannot see is watched for it.
 *
 *   ha.c             start, reload, hand-over; the descriptor of events in the loop
 *   event.c          what happened, for the log, for those who watch, and for the rest of control
 *   notify.c         notify_master and its like; the lines of a FIFO
 *   fifo.c           notify_fifo, vrrp_notify_fifo, and who reads them
 *   fence.c          the fence command
 *   held.c           which VIPs are here, for health
 *   tracks.c         what instances depend on: which of it is watched here
 *   track_*.c        one kind of it each
 *
 * Everything runs in the control thread's loop. The keepalive thread waits for none of it: it
 * has its configuration and acts by itself, and hears of scripts and files when control comes to it.
 */
#ifndef SLUICE_HA_H
#define SLUICE_HA_H

#include "model.h"

#include <jansson.h>

struct event_base;
struct ha;
struct health;
struct watch;

/*
 * Starts keepalive by the model's configuration, and follows that from then on. `health` hears which
 * VIPs are here, and is asked for quorums. NULL with the reason in ret_error.
 */
struct ha *ha_create(struct event_base *base, struct model *model, struct health *health,
		     char ret_error[DP_ERROR_SIZE]);

/*
 * Hands over (ka_stop), and begins notify_stop. Before health and model end: servers are checked and
 * packets forwarded until the peer has the addresses.
 */
void ha_destroy(struct ha *ha);

/*
 * Events from now on (watch.h), each as a JSON object that the callee borrows:
 *
 *   { "time": "2026-11-29T17:31:47.123Z", "event": EVENT, "text": "in words, as in the log",
 *     "instance" or "group": whom it is about; "channel", "peer": what,
 *     "state": "MASTER", "priority": 150 with ha_state and ha_group, "good": of channel, peer, sync }
 *
 * EVENT is one of KA_EVENT_LIST, or ha_script (a command failed), or vip_announced or vip_withdrawn, with "vip".
 */
struct watch *ha_watch_add(struct ha *ha, void (*event)(json_t *event, void *context), void *context);

/* A VIP is announced to the routers, or no longer: for those who watch. The text says why. */
void ha_vip_announced(struct ha *ha, const struct sl_addr *vip, bool announced, const char *text);

/* "INIT" ... "STOP"; "?" for what is none. */
const char *ha_state_name(uint8_t state);

#endif
