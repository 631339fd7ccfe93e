/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words that every room uses of a connection: how it is forwarded and in
 * which state it is. Numbers of states are those of Linux IPVS, because they
 * travel in its connection synchronisation protocol.
 */
#ifndef SLUICE_CONN_H
#define SLUICE_CONN_H

/* IP protocol numbers that can be balanced. */
enum sl_proto {
	SL_PROTO_TCP = 6,
	SL_PROTO_UDP = 17,
};

/* How packets of a connection reach the real server. X(enum, lb_kind, ipvsadm's word) */
#define SL_FWD_LIST(X)                                                                                       \
	X(SL_FWD_NAT, "NAT", "Masq")                                                                         \
	X(SL_FWD_DR, "DR", "Route")                                                                          \
	X(SL_FWD_TUN, "TUN", "Tunnel")                                                                       \
	X(SL_FWD_FNAT, "FNAT", "FullNAT")

enum sl_fwd {
#define X(id, kind, word) id,
	SL_FWD_LIST(X)
#undef X
		SL_FWD_MAX
};

/* What a packet to a server by SL_FWD_TUN is wrapped in. X(enum, name) */
#define SL_TUN_LIST(X)                                                                                       \
	X(SL_TUN_IPIP, "ipip")                                                                               \
	X(SL_TUN_GUE, "gue")                                                                                 \
	X(SL_TUN_GRE, "gre")

enum sl_tun {
#define X(id, name) id,
	SL_TUN_LIST(X)
#undef X
		SL_TUN_MAX
};

/*
 * The tunnel header's own checksum, of GUE (in its UDP header) and GRE. Remote
 * checksum offload is for packets whose transport checksum is still to be
 * computed; none of those comes in from a wire, so it writes what CSUM writes,
 * as Linux does for forwarded packets. X(enum, name)
 */
#define SL_TUN_SUM_LIST(X)                                                                                   \
	X(SL_TUN_SUM_NONE, "nocsum")                                                                         \
	X(SL_TUN_SUM_FULL, "csum")                                                                           \
	X(SL_TUN_SUM_REMOTE, "remcsum")

enum sl_tun_sum {
#define X(id, name) id,
	SL_TUN_SUM_LIST(X)
#undef X
		SL_TUN_SUM_MAX
};

/* States of a TCP connection, and UDP's only one. X(enum, number, name) */
#define SL_STATE_LIST(X)                                                                                     \
	X(SL_STATE_NONE, 0, "NONE")                                                                          \
	X(SL_STATE_ESTABLISHED, 1, "ESTABLISHED")                                                            \
	X(SL_STATE_SYN_SENT, 2, "SYN_SENT")                                                                  \
	X(SL_STATE_SYN_RECV, 3, "SYN_RECV")                                                                  \
	X(SL_STATE_FIN_WAIT, 4, "FIN_WAIT")                                                                  \
	X(SL_STATE_TIME_WAIT, 5, "TIME_WAIT")                                                                \
	X(SL_STATE_CLOSE, 6, "CLOSE")                                                                        \
	X(SL_STATE_CLOSE_WAIT, 7, "CLOSE_WAIT")                                                              \
	X(SL_STATE_LAST_ACK, 8, "LAST_ACK")                                                                  \
	X(SL_STATE_LISTEN, 9, "LISTEN")                                                                      \
	X(SL_STATE_SYNACK, 10, "SYNACK")                                                                     \
	X(SL_STATE_UDP, 11, "UDP")

enum sl_state {
#define X(id, number, name) id = (number),
	SL_STATE_LIST(X)
#undef X
		SL_STATE_MAX
};

#endif
