/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state tables of Linux IPVS 6.12, normal and input-only, one row an
 * event, one column a present state, and its default timeouts.
 */
#include "tcp_state.h"

#define NO SL_STATE_NONE
#define ES SL_STATE_ESTABLISHED
#define SS SL_STATE_SYN_SENT
#define SR SL_STATE_SYN_RECV
#define FW SL_STATE_FIN_WAIT
#define TW SL_STATE_TIME_WAIT
#define CL SL_STATE_CLOSE
#define CW SL_STATE_CLOSE_WAIT
#define LA SL_STATE_LAST_ACK
#define LI SL_STATE_LISTEN
#define SA SL_STATE_SYNACK
#define UD SL_STATE_UDP

/* A TCP segment with none of the flags closes; a datagram's state is always UDP. */
#define ROW_NONE                                                                                             \
	{                                                                                                    \
		CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, UD                                               \
	}
#define ROW_UDP                                                                                              \
	{                                                                                                    \
		UD, UD, UD, UD, UD, UD, UD, UD, UD, UD, UD, UD                                               \
	}

/* clang-format off */
#define TABLE_OUT { \
		/*                  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA  UD */ \
		[TCP_EVENT_SYN] = { SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR, UD }, \
		[TCP_EVENT_FIN] = { TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW, UD }, \
		[TCP_EVENT_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES, UD }, \
		[TCP_EVENT_RST] = { CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL, UD }, \
		[TCP_EVENT_NONE] = ROW_NONE, \
		[TCP_EVENT_UDP] = ROW_UDP, \
	}

const uint8_t tcp_next[TCP_SIDE_MAX][TCP_EVENT_MAX][16] = {
	[TCP_SIDE_IN] = {
		/*                  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA  UD */
		[TCP_EVENT_SYN] = { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, UD },
		[TCP_EVENT_FIN] = { CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW, UD },
		[TCP_EVENT_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES, UD },
		[TCP_EVENT_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR, UD },
		[TCP_EVENT_NONE] = ROW_NONE,
		[TCP_EVENT_UDP] = ROW_UDP,
	},
	[TCP_SIDE_IN_ONLY] = {
		/*                  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA  UD */
		[TCP_EVENT_SYN] = { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, UD },
		[TCP_EVENT_FIN] = { CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW, UD },
		[TCP_EVENT_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES, UD },
		[TCP_EVENT_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL, UD },
		[TCP_EVENT_NONE] = ROW_NONE,
		[TCP_EVENT_UDP] = ROW_UDP,
	},
	[TCP_SIDE_OUT] = TABLE_OUT,
	[TCP_SIDE_OUT_SAME] = TABLE_OUT,
};
/* clang-format on */

/* The flags byte: FIN 1, SYN 2, RST 4, PSH 8, ACK 16. RST over SYN over FIN over ACK. */
#define E1(f)                                                                                                \
	((f)&4    ? TCP_EVENT_RST                                                                            \
	 : (f)&2  ? TCP_EVENT_SYN                                                                            \
	 : (f)&1  ? TCP_EVENT_FIN                                                                            \
	 : (f)&16 ? TCP_EVENT_ACK                                                                            \
		  : TCP_EVENT_NONE)
#define E4(f) E1(f), E1((f) + 1), E1((f) + 2), E1((f) + 3)
#define E16(f) E4(f), E4((f) + 4), E4((f) + 8), E4((f) + 12)
#define E64(f) E16(f), E16((f) + 16), E16((f) + 32), E16((f) + 48)

const uint8_t tcp_event_of_flags[256] = { E64(0), E64(64), E64(128), E64(192) };

_Atomic uint32_t tcp_timeout_s[16] = {
	[NO] = 2,  [ES] = 900, [SS] = 120, [SR] = 60,  [FW] = 120, [TW] = 120,
	[CL] = 10, [CW] = 60,  [LA] = 30,  [LI] = 120, [SA] = 120, [UD] = 300,
};
