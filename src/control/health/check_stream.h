/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An attempt that talks: a connection (check_net.h), TLS over it where that is
 * wanted, something to send, and what comes back handed over piece by piece.
 * No piece is kept here, so an attempt costs no buffer. Control thread only.
 */
#ifndef SLUICE_CHECK_STREAM_H
#define SLUICE_CHECK_STREAM_H

#include "check_net.h"

struct ssl_st;

struct check_stream {
	struct check_net net;
	struct ssl_st *ssl; /* NULL: plain */
	bool secured;       /* the handshake is over */
	bool answered;      /* a byte of the answer has come */
	bool farewell;      /* all is said: a connection that breaks now has just ended */
	char *out;          /* what is left to send: out_sent of out_len bytes are gone */
	size_t out_len, out_sent;
};

/* Something came, or at its end data NULL. False: go on. True: the verdict is given, the attempt is gone. */
typedef bool check_stream_take_fn(struct check_stream *stream, const char *data, size_t len);

/* The whole of a kind's ready(). */
void check_stream_run(struct check_stream *stream, check_stream_take_fn *take);
/* Sends a text, which it takes over and frees. What was to be sent before must be gone. */
void check_stream_send(struct check_stream *stream, char *text);
/* late(): "no answer within 5 s", "answer not complete within 5 s". */
void check_stream_late(struct check_net *net);
/* Frees what the stream holds; for a kind's fini(). */
void check_stream_fini(struct check_stream *stream);

#endif
