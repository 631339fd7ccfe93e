/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One message of a client and its answer: JSON-RPC 2.0 without the socket.
 *
 * A message is one line: a request or a batch of them. It is answered in
 * steps, one request or one piece of a stream a step, into an evbuffer, in
 * one line again. Who calls decides when the next step may be taken.
 */
#ifndef SLUICE_RPC_MESSAGE_H
#define SLUICE_RPC_MESSAGE_H

#include "verb.h"

/* Zero, with context and caller set, is "nothing to answer". */
struct rpc_message {
	struct verb_context *context;
	struct verb_caller caller;

	json_t *root;  /* the message under way; NULL: none */
	bool batch;    /* root is an array: index is of the request that is next */
	bool answered; /* something has been written for this message */
	bool watch;    /* a method asked for events: the client's business, and for the rest of its life */
	size_t index;
	struct verb_stream *stream;
};

/* Takes a message up. One that cannot be parsed is answered right away with an error. */
void rpc_message_start(struct rpc_message *message, const char *text, size_t len, struct evbuffer *out);

/* 1: there is more to do; 0: the message is answered; -errno: the answer cannot be completed. */
int rpc_message_step(struct rpc_message *message, struct evbuffer *out);

static inline bool
rpc_message_busy(const struct rpc_message *message)
{
	return message->root != NULL;
}

/* Gives up the message under way. */
void rpc_message_abort(struct rpc_message *message);

/* A line with an error that answers no request in particular. */
void rpc_message_error(struct evbuffer *out, int code, const char *text);

#endif
