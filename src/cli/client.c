/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client's end of the control socket (client.h).
 */
#include "client.h"

#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 65536, RETRY_MS = 50 };

static int fail(struct client *client, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int call_send(struct client *client, const char *method, json_t *params);
static int lines_take(struct client *client, char *bytes, size_t *len,
		      int (*line)(const json_t *line, void *context), void *context);
static int request_send(struct client *client, const char *text, size_t len);
static int wait_for(struct client *client, short events);

int
client_open(struct client *client, const char *socket_path, unsigned int timeout_s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	unsigned int tries = timeout_s * (1000 / RETRY_MS);

	*client = (struct client){ .fd = -1, .timeout_s = timeout_s };
	if (strlen(socket_path) >= sizeof(address.sun_path))
		return fail(client, CLI_USAGE, "%s: a socket path has at most %zu characters", socket_path,
			    sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, socket_path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return fail(client, CLI_UNREACHABLE, "socket: %s", strerror(errno));

	/* A Unix socket is connected at once, or its queue is full (EAGAIN). */
	while (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == EAGAIN && (timeout_s == 0 || tries-- > 0)) {
			nanosleep(&pause, NULL);
			continue;
		}
		if (errno == EAGAIN)
			return fail(client, CLI_TIMEOUT, "%s: the daemon does not accept", socket_path);
		if (errno == EACCES)
			return fail(client, CLI_UNREACHABLE,
				    "%s: permission denied; be root or a member of the group of the socket",
				    socket_path);
		return fail(client, CLI_UNREACHABLE, "%s: %s; is sluiced running?", socket_path,
			    strerror(errno));
	}
	return 0;
}

void
client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

int
client_call(struct client *client, const char *method, json_t *params, struct reply *reply)
{
	static char bytes[READ_SIZE];
	int error = call_send(client, method, params);

	while (error == 0 && !reply->done) {
		ssize_t got;

		if ((error = wait_for(client, POLLIN)) != 0)
			break;
		got = recv(client->fd, bytes, sizeof(bytes), 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return fail(client, CLI_UNREACHABLE, "the daemon has closed the connection");
		if (reply_feed(reply, bytes, (size_t)got) != 0)
			return fail(client, CLI_REFUSED, "the answer of the daemon cannot be understood");
	}
	return error;
}

int
client_follow(struct client *client, const char *method, json_t *params,
	      int (*line)(const json_t *line, void *context), void *context)
{
	static char bytes[READ_SIZE];
	int error = call_send(client, method, params);
	size_t len = 0;

	while (error == 0) {
		ssize_t got;

		if ((error = wait_for(client, POLLIN)) != 0)
			break;
		got = recv(client->fd, bytes + len, sizeof(bytes) - len, 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return fail(client, CLI_UNREACHABLE, "the daemon has closed the connection");
		len += (size_t)got;
		error = lines_take(client, bytes, &len, line, context);
		if (error == 0 && len == sizeof(bytes))
			return fail(client, CLI_REFUSED, "a line of the daemon is too long");
	}
	return error;
}

/* The lines that are whole; what follows them moves to the front. */
static int
lines_take(struct client *client, char *bytes, size_t *len, int (*line)(const json_t *line, void *context),
	   void *context)
{
	char *begin = bytes, *end;
	int error = 0;

	while (error == 0 && (end = memchr(begin, '\n', *len - (size_t)(begin - bytes))) != NULL) {
		json_t *json = json_loadb(begin, (size_t)(end - begin), 0, NULL);

		if (json == NULL)
			return fail(client, CLI_REFUSED, "the daemon's line cannot be understood");
		client->timeout_s = 0;
		error = line(json, context);
		json_decref(json);
		begin = end + 1;
	}
	*len -= (size_t)(begin - bytes);
	memmove(bytes, begin, *len);
	return error;
}

static int
call_send(struct client *client, const char *method, json_t *params)
{
	json_t *request = json_pack("{s:s, s:i, s:s, s:O}", "jsonrpc", "2.0", "id", 1, "method", method,
				    "params", params);
	char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;
	int error;

	json_decref(request);
	if (text == NULL)
		return fail(client, CLI_USAGE, "an argument is not UTF-8");
	text[len] = '\n';
	error = request_send(client, text, len + 1);
	free(text);
	return error;
}

/* A daemon that refuses a client may close before it has read: its answer is still there to be read. */
static int
request_send(struct client *client, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(client->fd, text, len, MSG_NOSIGNAL);
		int error;

		if (sent >= 0) {
			text += sent;
			len -= (size_t)sent;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		} else if (errno == EAGAIN) {
			if ((error = wait_for(client, POLLOUT)) != 0)
				return error;
		} else if (errno != EINTR) {
			return fail(client, CLI_UNREACHABLE, "send: %s", strerror(errno));
		}
	}
	return 0;
}

static int
wait_for(struct client *client, short events)
{
	struct pollfd pollfd = { .fd = client->fd, .events = events };
	int ready = poll(&pollfd, 1, client->timeout_s == 0 ? -1 : (int)client->timeout_s * 1000);

	if (ready == 0)
		return fail(client, CLI_TIMEOUT, "the daemon has not answered within %u s",
			    client->timeout_s);
	return 0;
}

static int
fail(struct client *client, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(client->error, sizeof(client->error), format, args);
	va_end(args);
	return code;
}
