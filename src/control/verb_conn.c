/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods on connections: conn.list and conn.count. Both walk the workers'
 * tables beside the running workers, filtered at the source, in small steps:
 * a table of ten million entries costs the loop no more a turn than a small one.
 */
#include "verb.h"

#include "sl_addr.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum {
	CONNS_A_STEP = 64,
	ENTRIES_A_STEP = 2048,
	CONN_TEXT_SIZE = 512,
};

struct conn_stream {
	struct verb_stream stream;
	struct dp_conn_filter filter;
	struct dp_conn_cursor cursor;
	uint64_t left; /* list: how many more may be given */
	uint64_t seen;
	uint64_t by_state[SL_STATE_MAX];
	bool open;
};

static struct conn_stream *conn_open(struct verb_call *call,
				     int (*step)(struct verb_stream *, struct evbuffer *));
static int list_step(struct verb_stream *base, struct evbuffer *out);
static int count_step(struct verb_stream *base, struct evbuffer *out);
static void conn_destroy(struct verb_stream *base);
static void conn_write(struct evbuffer *out, const struct dp_conn *conn, bool first);

int
verb_conn_list(struct verb_call *call)
{
	struct conn_stream *stream = conn_open(call, list_step);

	if (stream != NULL)
		stream->left = call->args->present & VERB_BIT(LIMIT) ? call->args->limit : UINT64_MAX;
	return 0;
}

int
verb_conn_count(struct verb_call *call)
{
	conn_open(call, count_step);
	return 0;
}

static struct conn_stream *
conn_open(struct verb_call *call, int (*step)(struct verb_stream *, struct evbuffer *))
{
	struct conn_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	stream->stream = (struct verb_stream){ step, conn_destroy };
	stream->filter = call->args->filter;
	call->stream = &stream->stream;
	return stream;
}

static void
conn_destroy(struct verb_stream *base)
{
	free(base);
}

static int
list_step(struct verb_stream *base, struct evbuffer *out)
{
	struct conn_stream *stream = (struct conn_stream *)base;
	struct dp_conn conns[CONNS_A_STEP];
	size_t max = stream->left < CONNS_A_STEP ? (size_t)stream->left : CONNS_A_STEP;
	size_t count = dp_conn_next(&stream->cursor, &stream->filter, conns, max, ENTRIES_A_STEP);

	if (!stream->open)
		evbuffer_add(out, "[", 1);
	stream->open = true;
	for (size_t i = 0; i < count; i++)
		conn_write(out, &conns[i], stream->seen++ == 0);
	stream->left -= count;
	if (!stream->cursor.done && stream->left > 0)
		return 1;
	evbuffer_add(out, "]", 1);
	return 0;
}

static int
count_step(struct verb_stream *base, struct evbuffer *out)
{
	struct conn_stream *stream = (struct conn_stream *)base;
	struct dp_conn conns[CONNS_A_STEP];
	bool first = true;

	/* Nothing is written for a connection here, so more of them make a step. */
	for (unsigned int i = 0; i < 8 && !stream->cursor.done; i++) {
		size_t count = dp_conn_next(&stream->cursor, &stream->filter, conns, CONNS_A_STEP,
					    ENTRIES_A_STEP / 4);

		for (size_t c = 0; c < count; c++)
			stream->by_state[conns[c].state < SL_STATE_MAX ? conns[c].state : SL_STATE_NONE]++;
		stream->seen += count;
	}
	if (!stream->cursor.done)
		return 1;
	evbuffer_add_printf(out, "{\"count\":%ju,\"states\":{", (uintmax_t)stream->seen);
	for (unsigned int i = 0; i < SL_STATE_MAX; i++) {
		if (stream->by_state[i] == 0)
			continue;
		evbuffer_add_printf(out, "%s\"%s\":%ju", first ? "" : ",", verb_state_name((uint8_t)i),
				    (uintmax_t)stream->by_state[i]);
		first = false;
	}
	evbuffer_add(out, "}}", 2);
	return 0;
}

static void
conn_write(struct evbuffer *out, const struct dp_conn *conn, bool first)
{
	char client[SL_ENDPOINT_STRLEN], vip[SL_ENDPOINT_STRLEN], real[SL_ENDPOINT_STRLEN];
	char local[SL_ENDPOINT_STRLEN] = "", quote[] = "\"";
	char text[CONN_TEXT_SIZE];
	bool full_nat = !sl_addr_is_none(&conn->local);
	int len;

	if (full_nat)
		sl_endpoint_format(&conn->local, conn->local_port, local);
	else
		quote[0] = '\0';
	len = snprintf(
		text, sizeof(text),
		"%s{\"proto\":\"%s\",\"client\":\"%s\",\"vip\":\"%s\",\"real\":\"%s\",\"local\":%s%s%s,"
		"\"method\":\"%s\",\"state\":\"%s\",\"expires_s\":%u,\"worker\":%u}",
		first ? "" : ",", verb_proto_name(conn->proto),
		sl_endpoint_format(&conn->client, conn->client_port, client),
		sl_endpoint_format(&conn->vip, conn->vip_port, vip),
		sl_endpoint_format(&conn->real, conn->real_port, real), quote, full_nat ? local : "null",
		quote, verb_fwd_name(conn->fwd), verb_state_name(conn->state),
		(conn->expires_ms + 999) / 1000, conn->worker);

	evbuffer_add(out, text, (size_t)len);
}
