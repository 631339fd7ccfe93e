/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods about health: `health`, which lists the servers with their checks,
 * and `monitor`, after which the client gets events (rpc_watch.c). What either
 * says is put together by health itself (health/health.h).
 */
#include "verb.h"

#include "health/health.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>

enum { SERVERS_A_STEP = 16 };

struct health_stream {
	struct verb_stream stream;
	struct health *health;
	struct dp_service_key key;
	bool one; /* only the service of `key` */
	uint64_t cursor;
	bool begun, second;
};

static int health_step(struct verb_stream *base, struct evbuffer *out);
static void health_stream_free(struct verb_stream *base);
static int text_add(const char *text, size_t len, void *out);

int
verb_health(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	bool proto = args->present & VERB_BIT(PROTO), vip = args->present & VERB_BIT(VIP);
	struct health_stream *stream;

	if (proto != vip)
		return verb_refuse(call, VERB_ERROR_PARAMS,
				   "health: one service is named by both \"proto\" and \"vip\"");
	if (vip && model_service_find(call->context->model, &args->key) == NULL)
		return verb_refuse(call, VERB_ERROR_NO_SERVICE, "there is no such service");
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		return 0;
	stream->stream = (struct verb_stream){ health_step, health_stream_free };
	stream->health = call->context->health;
	stream->key = args->key;
	stream->one = vip;
	call->stream = &stream->stream;
	return 0;
}

int
verb_monitor(struct verb_call *call)
{
	call->watch = true;
	call->result = json_object();
	return 0;
}

static int
health_step(struct verb_stream *base, struct evbuffer *out)
{
	struct health_stream *stream = (struct health_stream *)base;

	if (!stream->begun)
		evbuffer_add(out, "[", 1);
	stream->begun = true;
	for (unsigned int i = 0; i < SERVERS_A_STEP; i++) {
		json_t *server;

		errno = 0;
		server = health_list_next(stream->health, stream->one ? &stream->key : NULL, &stream->cursor);
		if (server == NULL && errno == ENOMEM)
			return -ENOMEM;
		if (server == NULL) {
			evbuffer_add(out, "]", 1);
			return 0;
		}
		if (stream->second)
			evbuffer_add(out, ",", 1);
		stream->second = true;
		json_dump_callback(server, text_add, out, JSON_COMPACT);
		json_decref(server);
	}
	return 1;
}

static void
health_stream_free(struct verb_stream *base)
{
	free(base);
}

static int
text_add(const char *text, size_t len, void *out)
{
	return evbuffer_add(out, text, len);
}
