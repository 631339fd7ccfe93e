/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the control socket: its lines, its answers, its limits
 * (rpc_client.h). The callbacks of libevent only note what has happened and
 * put the client into the server's queue; work is done in rpc_client_step.
 */
#include "rpc_client.h"

#include "rpc_watch.h"
#include "sl_clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { CLOSING_MS = 10000 };

/* What line_take finds in the input. */
enum line { LINE_NONE, LINE_FOUND, LINE_TOO_LONG };

static void on_read(struct bufferevent *bev, void *context);
static void on_write(struct bufferevent *bev, void *context);
static void on_event(struct bufferevent *bev, short what, void *context);
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context);
static bool line_step(struct rpc_client *client);
static enum line line_find(struct rpc_client *client, size_t *ret_len, size_t *ret_end);
static void client_close(struct rpc_client *client, int code, const char *text);
static bool peer_is_gone(const struct rpc_client *client);

int
rpc_client_create(struct rpc_server *server, evutil_socket_t fd)
{
	struct rpc_client *client = calloc(1, sizeof(*client));
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);

	if (client != NULL)
		client->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (client == NULL || client->bev == NULL) {
		free(client);
		evutil_closesocket(fd);
		return -ENOMEM;
	}
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	client->server = server;
	client->limits = server->limits;
	client->message.context = &server->context;
	client->message.caller = (struct verb_caller){ .uid = cred.uid, .pid = cred.pid };
	client->moved_ms = sl_clock_ms();
	TAILQ_INSERT_TAIL(&server->all, client, in_all);
	server->client_count++;

	/* Reading stops at a whole message and its newline: who sends faster than it is answered, waits. */
	bufferevent_setwatermark(client->bev, EV_READ, 0, client->limits.message_size + 1);
	bufferevent_setwatermark(client->bev, EV_WRITE, client->limits.output_low_size, 0);
	bufferevent_setcb(client->bev, on_read, on_write, on_event, client);
	evbuffer_add_cb(bufferevent_get_output(client->bev), on_output, client);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	return 0;
}

void
rpc_client_destroy(struct rpc_client *client)
{
	struct rpc_server *server = client->server;

	if (client->ready)
		TAILQ_REMOVE(&server->ready, client, in_ready);
	TAILQ_REMOVE(&server->all, client, in_all);
	server->client_count--;
	rpc_watch_stop(client);
	rpc_message_abort(&client->message);
	evbuffer_remove_cb(bufferevent_get_output(client->bev), on_output, client);
	bufferevent_free(client->bev);
	free(client);
}

bool
rpc_client_step(struct rpc_client *client)
{
	struct evbuffer *output = bufferevent_get_output(client->bev);
	bool more;

	if (client->closing) {
		if (evbuffer_get_length(output) == 0)
			rpc_client_destroy(client);
		return false;
	}
	rpc_watch_flush(client);
	if (evbuffer_get_length(output) >= client->limits.output_high_size)
		return false;
	if (!rpc_message_busy(&client->message)) {
		more = line_step(client);
	} else {
		int step = rpc_message_step(&client->message, output);

		if (step < 0 || (client->message.watch && rpc_watch_start(client) < 0)) {
			rpc_client_destroy(client);
			return false;
		}
		more = true;
	}
	return more || client->closing;
}

void
rpc_client_tick(struct rpc_client *client, uint64_t now_ms)
{
	if (client->events != NULL && client->eof && peer_is_gone(client))
		rpc_client_destroy(client);
	else if (client->closing_ms != 0 && now_ms - client->closing_ms > CLOSING_MS)
		rpc_client_destroy(client);
	else if (!client->closing && client->half_ms != 0 &&
		 now_ms - client->half_ms > (uint64_t)client->limits.half_s * 1000)
		client_close(client, VERB_ERROR_REQUEST, "the message was not finished in time");
}

/* The next message of the input, if there is a whole one. */
static bool
line_step(struct rpc_client *client)
{
	struct evbuffer *input = bufferevent_get_input(client->bev);
	struct evbuffer *output = bufferevent_get_output(client->bev);
	char text[64];
	size_t len, end;

	switch (line_find(client, &len, &end)) {
	case LINE_FOUND:
		if (len > 0) {
			const char *line = (const char *)evbuffer_pullup(input, (ev_ssize_t)len);

			if (line == NULL) {
				client_close(client, VERB_ERROR_INTERNAL, "out of memory");
				return false;
			}
			rpc_message_start(&client->message, line, len, output);
		}
		evbuffer_drain(input, end);
		client->scanned_size = 0;
		client->half_ms = 0;
		client->moved_ms = sl_clock_ms();
		return true;
	case LINE_TOO_LONG:
		snprintf(text, sizeof(text), "the message is longer than %zu bytes",
			 client->limits.message_size);
		client_close(client, VERB_ERROR_REQUEST, text);
		return false;
	case LINE_NONE:
		break;
	}
	/* Who watches may have asked its last. */
	if (client->eof && client->events == NULL)
		client_close(client, 0, NULL);
	else if (evbuffer_get_length(input) > 0 && client->half_ms == 0)
		client->half_ms = sl_clock_ms();
	return false;
}

/* A message of `len` bytes that takes `end` bytes of the input. The last one may lack its newline. */
static enum line
line_find(struct rpc_client *client, size_t *ret_len, size_t *ret_end)
{
	struct evbuffer *input = bufferevent_get_input(client->bev);
	size_t size = evbuffer_get_length(input);
	struct evbuffer_ptr from, found = { .pos = -1 };

	if (size > client->scanned_size &&
	    evbuffer_ptr_set(input, &from, client->scanned_size, EVBUFFER_PTR_SET) == 0)
		found = evbuffer_search(input, "\n", 1, &from);
	if (found.pos >= 0) {
		*ret_len = (size_t)found.pos;
		*ret_end = *ret_len + 1;
	} else {
		client->scanned_size = size;
		*ret_len = *ret_end = size;
		if (size <= client->limits.message_size)
			return client->eof && size > 0 ? LINE_FOUND : LINE_NONE;
	}
	return *ret_len > client->limits.message_size ? LINE_TOO_LONG : LINE_FOUND;
}

/*
 * Ends the client once what it has to read is sent. With a text, that is the
 * last of it, and there is a time limit; without, everything was in order.
 */
static void
client_close(struct rpc_client *client, int code, const char *text)
{
	struct evbuffer *input = bufferevent_get_input(client->bev);

	bufferevent_disable(client->bev, EV_READ);
	evbuffer_drain(input, evbuffer_get_length(input));
	rpc_message_abort(&client->message);
	client->closing = true;
	if (text != NULL) {
		rpc_message_error(bufferevent_get_output(client->bev), code, text);
		client->closing_ms = sl_clock_ms();
	}
	bufferevent_setwatermark(client->bev, EV_WRITE, 0, 0);
	rpc_server_ready(client);
}

/* Has it closed, and not only said that it will send no more? */
static bool
peer_is_gone(const struct rpc_client *client)
{
	struct pollfd pollfd = { .fd = bufferevent_getfd(client->bev) };

	return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLHUP | POLLERR)) != 0;
}

static void
on_read(struct bufferevent *bev, void *context)
{
	struct rpc_client *client = context;

	if (!rpc_message_busy(&client->message))
		rpc_server_ready(client);
}

static void
on_write(struct bufferevent *bev, void *context)
{
	rpc_server_ready(context);
}

static void
on_event(struct bufferevent *bev, short what, void *context)
{
	struct rpc_client *client = context;

	if (what & BEV_EVENT_ERROR) {
		rpc_client_destroy(client);
	} else if (what & BEV_EVENT_EOF) {
		client->eof = true;
		rpc_server_ready(client);
	}
}

static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context)
{
	struct rpc_client *client = context;

	if (info->n_deleted > 0)
		client->moved_ms = sl_clock_ms();
}
