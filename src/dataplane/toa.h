/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP options that full NAT adds, and takes out, on the way to the server: see toa.c.
 * Workers only, cold.
 */
#ifndef DP_TOA_H
#define DP_TOA_H

#include "burst.h"

struct dp_worker;

/*
 * Packet i, rewritten already and on its way to the server, of a flow with FLOW_TOA: gets
 * the option with the client's address, if it still should and can.
 */
void dp_toa_add(struct dp_worker *w, struct burst *b, unsigned int i);
/* Packet i comes from the server of a flow with FLOW_TOA, and has not been rewritten: a SYN/ACK is noted. */
void dp_toa_reply(struct dp_worker *w, struct burst *b, unsigned int i);

/* Takes the timestamps option out of the SYN of packet i. */
void dp_timestamps_strip(struct burst *b, unsigned int i);

#endif
