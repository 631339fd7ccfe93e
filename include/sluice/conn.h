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
	X(SL_FWD_DR, "DR", "Route")

enum sl_fwd {
#define X(id, kind, word) id,
	SL_FWD_LIST(X)
#undef X
		SL_FWD_MAX
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
