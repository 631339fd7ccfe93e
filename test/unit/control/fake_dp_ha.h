/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * include/sluice/dp_ha.h and dp_sync.h over nothing: which groups are held is
 * kept, frames that are sent are counted, none come in, every worker advances,
 * and connections that are put are counted and forgotten.
 *
 * The calls are for the keepalive and the sync threads: what they touch is in
 * fake_dp_ha.c alone, under a lock, and never in what the control thread has.
 */
#ifndef FAKE_DP_HA_H
#define FAKE_DP_HA_H

#include <sluice/dp_ha.h>
#include <sluice/dp_sync.h>

/* How many frames and packets were sent by a port so far. */
uint64_t fake_dp_ha_sent(unsigned int port);

/* The link of a port is down from now on, or up; workers stand still from now on, or go on. */
void fake_dp_ha_link_set(unsigned int port, bool up);
void fake_dp_ha_stall(bool on);

#endif
