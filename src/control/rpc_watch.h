/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that watch: each gets a line for every event of health and of high
 * availability, as it happens, between the answers to what it asks.
 *
 * The server has one watch at either while there is such a client. An event
 * becomes text once and is put into a queue of each client, because an answer
 * may be half written just then; the client takes it over at the next end of a
 * line (rpc_client.c). A client that does not read has a bounded queue: what
 * does not fit is counted, and told when there is room again. Control thread
 * only.
 */
#ifndef SLUICE_RPC_WATCH_H
#define SLUICE_RPC_WATCH_H

#include "rpc_client.h"

/* From now on the client gets events. 0 or -ENOMEM. Once more does nothing. */
int rpc_watch_start(struct rpc_client *client);
void rpc_watch_stop(struct rpc_client *client);

/* Moves what waits to the client's output, if it stands at the end of a line and has room. */
void rpc_watch_flush(struct rpc_client *client);

#endif
