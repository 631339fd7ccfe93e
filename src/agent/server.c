/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Those who ask. Without a secret whoever connects is told the line at once,
 * as HAProxy says nothing itself; with one, a question comes first, and who
 * cannot ask it is told nothing.
 *
 *	accepted -> [CLIENT_ASKS: a question] -> told -> CLIENT_LEAVES -> closed
 *	              '-- nonsense, too much, too late -----------------> closed
 *
 * There are CLIENTS_MAX at most; the next one takes the place of the one whose
 * time would be over first, so nobody is kept out by peers that just stay.
 */
#include "agent_room.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ASK_LIMIT_MS = 2000,
	LEAVE_LIMIT_MS = 1000,
	TAKEN_MAX = 65536, /* of what comes after the answer */
	BACKLOG = 128,
	EVENTS = 16,
};

static int address_make(const struct options *options, struct sockaddr_storage *ret_addr, socklen_t *ret_len);
static int listener_open(const struct options *options);
static void client_accept(struct server *server);
static void client_read(struct server *server, struct client *client);
static void client_tell(struct server *server, struct client *client, const char *nonce);
static void client_close(struct client *client);
static uint64_t clients_expire(struct server *server, uint64_t until_ms);

int
server_open(struct server *server, const struct options *options)
{
	struct epoll_event listener = { .events = EPOLLIN };

	server->secret = options->secret;
	server->epoll_fd = -1;
	server->listen_fd = listener_open(options);
	if (server->listen_fd < 0)
		return server->listen_fd;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (server->epoll_fd < 0 ||
	    epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listen_fd, &listener) < 0) {
		int err = errno;

		sl_error("epoll: %s", strerror(err));
		server_close(server);
		return -err;
	}
	return 0;
}

void
server_close(struct server *server)
{
	for (unsigned int i = 0; i < CLIENTS_MAX; i++)
		client_close(&server->clients[i]);
	close(server->listen_fd);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
}

void
server_run(struct server *server, uint64_t until_ms)
{
	struct epoll_event events[EVENTS];
	uint64_t wake_ms = clients_expire(server, until_ms), now = now_ms();
	int count = epoll_wait(server->epoll_fd, events, EVENTS, wake_ms > now ? (int)(wake_ms - now) : 0);

	for (int i = 0; i < count; i++) {
		struct client *client = events[i].data.ptr;

		if (client == NULL)
			client_accept(server);
		else if (client->state != CLIENT_FREE)
			client_read(server, client);
	}
}

/* ---- the listening socket ---- */

static int
listener_open(const struct options *options)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int on = 1, off = 0, fd, err = address_make(options, &addr, &len);

	if (err != 0) {
		sl_error("--bind: \"%s\" is no address, such as 192.0.2.1 or 2001:db8::1", options->bind);
		return err;
	}
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 && options->bind == NULL && addr.ss_family == AF_INET6) {
		/* A machine without IPv6. */
		struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(options->port) };

		memcpy(&addr, &any, sizeof(any));
		len = sizeof(any);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (addr.ss_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		if (bind(fd, (struct sockaddr *)&addr, len) == 0 && listen(fd, BACKLOG) == 0)
			return fd;
	}
	err = errno;
	sl_error("cannot listen on port %u of %s: %s", options->port,
		 options->bind ? options->bind : "any address", strerror(err));
	if (fd >= 0)
		close(fd);
	return -err;
}

static int
address_make(const struct options *options, struct sockaddr_storage *ret_addr, socklen_t *ret_len)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(options->port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(options->port) };
	struct sl_addr addr;

	*ret_addr = (struct sockaddr_storage){ 0 };
	if (options->bind != NULL && sl_addr_parse(options->bind, &addr) != 0)
		return -EINVAL;
	if (options->bind != NULL && sl_addr_is_v4(&addr)) {
		memcpy(&four.sin_addr, addr.b + 12, 4);
		memcpy(ret_addr, &four, sizeof(four));
		*ret_len = sizeof(four);
		return 0;
	}
	if (options->bind != NULL)
		memcpy(&six.sin6_addr, addr.b, 16);
	memcpy(ret_addr, &six, sizeof(six));
	*ret_len = sizeof(six);
	return 0;
}

/* ---- clients ---- */

/* A free place, or that of the one who has to go first. */
static struct client *
client_place(struct server *server)
{
	struct client *first = &server->clients[0];

	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];

		if (client->state == CLIENT_FREE)
			return client;
		if (client->until_ms < first->until_ms)
			first = client;
	}
	client_close(first);
	return first;
}

static void
client_accept(struct server *server)
{
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *client;
	struct epoll_event event = { .events = EPOLLIN };

	if (fd < 0)
		return;
	client = client_place(server);
	client->fd = fd;
	client->taken = 0;
	client->state = CLIENT_ASKS;
	client->until_ms = now_ms() + ASK_LIMIT_MS;
	event.data.ptr = client;
	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		client_close(client);
	else if (server->secret[0] == '\0')
		client_tell(server, client, NULL);
}

static void
client_read(struct server *server, struct client *client)
{
	char waste[4096], nonce[SL_SEAL_NONCE + 1], *end;
	bool asks = client->state == CLIENT_ASKS;
	char *to = asks ? client->question + client->taken : waste;
	size_t room = asks ? sizeof(client->question) - 1 - client->taken : sizeof(waste);
	ssize_t len = recv(client->fd, to, room, 0);

	if (len < 0 && errno == EAGAIN)
		return;
	if (len > 0) {
		client->taken += (uint32_t)len;
		if (!asks && client->taken < TAKEN_MAX)
			return;
	}
	if (len <= 0 || !asks) {
		client_close(client);
		return;
	}
	client->question[client->taken] = '\0';
	end = strpbrk(client->question, "\r\n");
	if (end != NULL) {
		*end = '\0';
		if (sl_seal_asked(server->secret, client->question, nonce))
			client_tell(server, client, nonce);
		else
			client_close(client);
	} else if (client->taken == sizeof(client->question) - 1 ||
		   strlen(client->question) < client->taken) {
		client_close(client);
	}
}

/* A line always fits in the buffer of a new socket. */
static void
client_tell(struct server *server, struct client *client, const char *nonce)
{
	char line[ANSWER_SIZE];

	server->answer(nonce, line);
	if (send(client->fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line) ||
	    shutdown(client->fd, SHUT_WR) < 0) {
		client_close(client);
		return;
	}
	client->state = CLIENT_LEAVES;
	client->taken = 0;
	client->until_ms = now_ms() + LEAVE_LIMIT_MS;
}

static void
client_close(struct client *client)
{
	if (client->state == CLIENT_FREE)
		return;
	close(client->fd);
	client->state = CLIENT_FREE;
}

/* Closes those whose time is over. Returns when the next one's is, or until_ms. */
static uint64_t
clients_expire(struct server *server, uint64_t until_ms)
{
	uint64_t now = now_ms();

	for (unsigned int i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];

		if (client->state == CLIENT_FREE)
			continue;
		if (client->until_ms <= now)
			client_close(client);
		else if (client->until_ms < until_ms)
			until_ms = client->until_ms;
	}
	return until_ms;
}
