/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VIPs as routes of the kernel: those that are good stand in a routing table of
 * the operator's choice (announce_table), where a routing daemon such as BIRD
 * learns them and tells its routers.
 *
 *   announce.c        when it is looked, and the routes there are
 *   announce_vips.c   which VIPs shall be announced
 *
 * A VIP is announced while it is held here, its services have their quorum, and
 * the box is healthy. Nobody says when one of these changes: all of it is looked at anew ten
 * times a second, and only what differs from the routes there are is changed.
 * So neither a reload, a command, a check nor a state of VRRP can be missed. Routes
 * lead to a port's kernel interface and vanish with it, however sluiced ends.
 *
 * Control thread.
 */
#ifndef SLUICE_ANNOUNCE_H
#define SLUICE_ANNOUNCE_H

#include "model.h"

struct event_base;
struct ha;
struct health;
struct announce;

/*
 * Looks from now on, and tells `ha` what is announced. Without an announce_table it only waits for a file that
 * has one. NULL: out of memory.
 */
struct announce *announce_create(struct event_base *base, struct model *model, struct health *health,
				 struct ha *ha);

/*
 * Withdraws everything, and gives routers the time to take their packets elsewhere, while workers still forward:
 * a fifth of a second, if anything was announced. Before anything else ends.
 */
void announce_destroy(struct announce *announce);

#endif
