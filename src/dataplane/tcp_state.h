/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connection states of Linux IPVS: what a packet does to a connection,
 * and how long a connection lasts in each state. The tables are constant;
 * timeouts are set by the control thread, one atomic word a state, and read by
 * the sweep and the connection list.
 */
#ifndef DP_TCP_STATE_H
#define DP_TCP_STATE_H

#include <sluice/conn.h>

#include <stdint.h>

/* What a packet means to the state machine. RST goes before SYN, FIN, ACK. */
enum tcp_event {
	TCP_EVENT_SYN,
	TCP_EVENT_FIN,
	TCP_EVENT_ACK,
	TCP_EVENT_RST,
	TCP_EVENT_NONE, /* none of these flags: ends the connection */
	TCP_EVENT_UDP,  /* any UDP datagram */
	TCP_EVENT_MAX = 8,
};

/* Which table applies: packets in, out, or in where replies are not seen. */
enum tcp_side {
	TCP_SIDE_IN,
	TCP_SIDE_IN_ONLY,
	TCP_SIDE_OUT,
	TCP_SIDE_OUT_SAME, /* a copy: both of a flow's sides in have one that is two on */
	TCP_SIDE_MAX,
};

/* State after `event` in a state: tcp_next[side][event][state]. */
extern const uint8_t tcp_next[TCP_SIDE_MAX][TCP_EVENT_MAX][16];

/* Event of a TCP flags byte. */
extern const uint8_t tcp_event_of_flags[256];

/* One bit a state that counts as an active connection. */
#define TCP_ACTIVE_STATES                                                                                    \
	((1u << SL_STATE_ESTABLISHED) | (1u << SL_STATE_SYN_SENT) | (1u << SL_STATE_SYN_RECV) |              \
	 (1u << SL_STATE_SYNACK))

/* Seconds a connection may stay in each state without a packet. */
extern _Atomic uint32_t tcp_timeout_s[16];

#endif
