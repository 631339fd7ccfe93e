/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Method `locals`: full NAT's source addresses, and how much of each is in use.
 * They are taken down at one moment and given out step by step, for there may
 * be thousands.
 */
#include "verb.h"

#include "sl_addr.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

enum { LOCALS_A_STEP = 128 };

/* A line of the answer; the group's name is the data plane's, and may be gone by the next step. */
struct local {
	struct dp_local_info info;
	char group[DP_NAME_SIZE];
};

struct local_stream {
	struct verb_stream stream;
	struct local *locals;
	size_t count, room, given;
	char port_name[DP_PORTS_MAX][DP_NAME_SIZE];
	bool failed;
};

static void local_collect(const struct dp_local_info *info, void *context);
static int local_step(struct verb_stream *base, struct evbuffer *out);
static void local_destroy(struct verb_stream *base);

int
verb_locals(struct verb_call *call)
{
	struct local_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return 0;
	stream->stream = (struct verb_stream){ local_step, local_destroy };
	for (unsigned int i = 0; i < dp_port_count() && i < DP_PORTS_MAX; i++) {
		struct dp_port_info port;

		dp_port_info(i, &port);
		memcpy(stream->port_name[i], port.name, sizeof(port.name));
	}
	dp_local_walk(local_collect, stream);
	if (stream->failed)
		local_destroy(&stream->stream);
	else
		call->stream = &stream->stream;
	return 0;
}

static void
local_collect(const struct dp_local_info *info, void *context)
{
	struct local_stream *stream = context;
	struct local *local;

	if (stream->count == stream->room) {
		size_t room = stream->room == 0 ? LOCALS_A_STEP : stream->room * 2;
		struct local *locals = realloc(stream->locals, room * sizeof(*locals));

		if (locals == NULL) {
			stream->failed = true;
			return;
		}
		stream->locals = locals;
		stream->room = room;
	}
	local = &stream->locals[stream->count++];
	local->info = *info;
	snprintf(local->group, sizeof(local->group), "%s", info->group);
}

static int
local_step(struct verb_stream *base, struct evbuffer *out)
{
	struct local_stream *stream = (struct local_stream *)base;
	size_t end = stream->given + LOCALS_A_STEP;

	if (stream->given == 0)
		evbuffer_add(out, "[", 1);
	for (; stream->given < stream->count && stream->given < end; stream->given++) {
		const struct local *local = &stream->locals[stream->given];
		const struct dp_local_info *info = &local->info;
		char addr[SL_ADDR_STRLEN];

		evbuffer_add_printf(out,
				    "%s{\"group\":\"%s\",\"address\":\"%s\",\"port\":\"%s\",\"ports\":%u,"
				    "\"tcp_used\":%u,\"udp_used\":%u}",
				    stream->given > 0 ? "," : "", local->group,
				    sl_addr_format(&info->addr, addr),
				    info->port < DP_PORTS_MAX ? stream->port_name[info->port] : "",
				    info->ports, info->tcp_used, info->udp_used);
	}
	if (stream->given < stream->count)
		return 1;
	evbuffer_add(out, "]", 1);
	return 0;
}

static void
local_destroy(struct verb_stream *base)
{
	struct local_stream *stream = (struct local_stream *)base;

	free(stream->locals);
	free(stream);
}
