/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync: the peer learns every established connection, in Linux IPVS's
 * synchronisation protocol, version 1, with what Sluices say to each other besides.
 *
 * Runs on threads of its own, at normal priority. The calls below are for the keepalive thread (or whoever is named), and
 * do not wait for them, but for sync_stop.
 */
#ifndef SYNC_H
#define SYNC_H

#include <sluice/ka.h>

struct sync;

/* NULL with the reason in ret_error. `conf` is copied. */
struct sync *sync_start(const struct ka_sync *conf, uint64_t boot_id, char ret_error[DP_ERROR_SIZE]);

/* Sends what waits, for `flush_ms` at the longest, says goodbye, and ends the threads. */
void sync_stop(struct sync *sync, unsigned int flush_ms);

/*
 * The instance named by the configuration (or any one, where none is named) has changed state: who of the two sends.
 * Where no instance is named both directions run always.
 */
void sync_role_set(struct sync *sync, bool sends, bool receives);

/*
 * Does this box know what its peer knows? False from the start until a bulk resynchronisation is complete, while one
 * is wanted after losses, and while all that have spoken are silent without a goodbye; true if no peer has spoken for
 * 3 s from the start (there is nobody to learn from), where the other side is LVS, and on a box that does
 * not receive. Any thread.
 */
bool sync_is_in_sync(const struct sync *sync);

/* It is to receive, and no Sluice has been heard since the start. Never where the other side is LVS. Any thread. */
bool sync_is_unheard(const struct sync *sync);

/* Any thread. */
void sync_status(const struct sync *sync, struct ka_sync_status *ret_status);

/* What happened, for the keepalive thread to tell on: true and a line of text for each; false: nothing more. */
bool sync_event_next(struct sync *sync, bool *ret_good, char ret_text[192]);

#endif
