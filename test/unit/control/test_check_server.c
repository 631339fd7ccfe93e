/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers on loopback for tests of checks, each a thread that blocks. Whatever
 * they do ends when the client has closed, so one is stopped by shutting its
 * socket down.
 */
#include "test_check_kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLOW_MS = 2, HEARD_SIZE = 8192, DATAGRAM_SIZE = 65536 };

struct kit_server {
	int fd;
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t lock; /* of what is below */
	const struct kit_line *lines;
	unsigned int connections;
	char heard[HEARD_SIZE];
};

struct kit_udp {
	int fd;
	pthread_t thread;
	kit_answer_fn *answer;
	void *context;
};

int
kit_socket(const char *addr, int type, uint16_t *ret_port)
{
	bool ipv6 = strchr(addr, ':') != NULL;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_storage name = { 0 };
	socklen_t size = sizeof(name);
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		inet_pton(ipv6 ? AF_INET6 : AF_INET, addr, ipv6 ? (void *)&v6.sin6_addr : &v4.sin_addr), 1);
	assert_int_equal(bind(fd, ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
			      ipv6 ? sizeof(v6) : sizeof(v4)),
			 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	memcpy(&v4, &name, sizeof(v4)); /* the port is in the same place */
	*ret_port = ntohs(v4.sin_port);
	return fd;
}

/* ---- TCP ---- */

static bool
say(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		text += sent;
		len -= (size_t)sent;
	}
	return true;
}

static void
wait_closed(int fd)
{
	char rest[256];

	while (recv(fd, rest, sizeof(rest), 0) > 0)
		;
}

/* A byte at a time, for as long as somebody listens. */
static void
say_slowly(int fd, const char *text, size_t len)
{
	struct pollfd closed = { .fd = fd, .events = POLLRDHUP };

	for (size_t i = 0; i < len; i++) {
		if (!say(fd, text + i, 1) || poll(&closed, 1, SLOW_MS) > 0)
			return;
	}
	wait_closed(fd);
}

static bool
hear(struct kit_server *server, int fd, const char *await)
{
	char text[HEARD_SIZE] = "";
	size_t len = 0;
	bool found = false;

	while (!found && len + 1 < sizeof(text)) {
		ssize_t got = recv(fd, text + len, sizeof(text) - 1 - len, 0);

		if (got <= 0)
			break;
		len += (size_t)got;
		text[len] = '\0';
		found = strstr(text, await) != NULL;
	}
	pthread_mutex_lock(&server->lock);
	memcpy(server->heard, text, sizeof(text));
	pthread_mutex_unlock(&server->lock);
	return found;
}

static void
serve(struct kit_server *server, int fd)
{
	static const struct linger reset = { .l_onoff = 1 };

	for (const struct kit_line *line = server->lines; line != NULL; line++) {
		size_t len = line->say_len != 0 ? line->say_len : line->say != NULL ? strlen(line->say) : 0;

		if (line->await != NULL && !hear(server, fd, line->await))
			return;
		if (line->say == NULL) {
			wait_closed(fd);
			return;
		}
		if (line->manner == KIT_SLOW) {
			say_slowly(fd, line->say, len);
			return;
		}
		if (!say(fd, line->say, len))
			return;
		switch (line->manner) {
		case KIT_ENDLESS:
			while (say(fd, line->tail, strlen(line->tail)))
				;
			return;
		case KIT_RESET:
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			return;
		case KIT_KEEP:
			continue;
		default:
			return;
		}
	}
}

static void *
server_main(void *context)
{
	struct kit_server *server = context;
	int fd;

	while ((fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == ECONNABORTED) {
		if (fd < 0)
			continue;
		pthread_mutex_lock(&server->lock);
		server->connections++;
		pthread_mutex_unlock(&server->lock);
		serve(server, fd);
		close(fd);
	}
	return NULL;
}

struct kit_server *
kit_server_start(const struct kit_line *lines)
{
	struct kit_server *server = calloc(1, sizeof(*server));

	assert_non_null(server);
	server->lines = lines;
	pthread_mutex_init(&server->lock, NULL);
	server->fd = kit_socket("127.0.0.1", SOCK_STREAM, &server->port);
	assert_int_equal(pthread_create(&server->thread, NULL, server_main, server), 0);
	return server;
}

const char *
kit_server_heard(struct kit_server *server)
{
	static char copy[HEARD_SIZE];

	pthread_mutex_lock(&server->lock);
	memcpy(copy, server->heard, sizeof(copy));
	pthread_mutex_unlock(&server->lock);
	return copy;
}

unsigned int
kit_server_connections(struct kit_server *server)
{
	unsigned int count;

	pthread_mutex_lock(&server->lock);
	count = server->connections;
	pthread_mutex_unlock(&server->lock);
	return count;
}

uint16_t
kit_server_port(const struct kit_server *server)
{
	return server->port;
}

void
kit_server_stop(struct kit_server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

/* ---- UDP ---- */

static void *
udp_main(void *context)
{
	static const uint8_t stop[] = "kit: stop";
	struct kit_udp *udp = context;
	uint8_t *query = malloc(DATAGRAM_SIZE), *answer = malloc(DATAGRAM_SIZE);

	for (;;) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		ssize_t len = recvfrom(udp->fd, query, DATAGRAM_SIZE, 0, (struct sockaddr *)&from, &size);

		if (len == sizeof(stop) && memcmp(query, stop, sizeof(stop)) == 0)
			break;
		for (unsigned int number = 0;; number++) {
			int answer_len =
				len < 0 ? -1 : udp->answer(query, (int)len, answer, number, udp->context);

			if (answer_len < 0)
				break;
			sendto(udp->fd, answer, (size_t)answer_len, 0, (struct sockaddr *)&from, size);
		}
	}
	free(query);
	free(answer);
	return NULL;
}

struct kit_udp *
kit_udp_start(kit_answer_fn *answer, void *context, uint16_t *ret_port)
{
	struct kit_udp *udp = calloc(1, sizeof(*udp));

	assert_non_null(udp);
	udp->answer = answer;
	udp->context = context;
	udp->fd = kit_socket("127.0.0.1", SOCK_DGRAM, ret_port);
	assert_int_equal(pthread_create(&udp->thread, NULL, udp_main, udp), 0);
	return udp;
}

void
kit_udp_stop(struct kit_udp *udp)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);

	/* A datagram to itself, as a blocked recvfrom ends by nothing else. */
	getsockname(udp->fd, (struct sockaddr *)&name, &size);
	sendto(udp->fd, "kit: stop", sizeof("kit: stop"), 0, (struct sockaddr *)&name, size);
	pthread_join(udp->thread, NULL);
	close(udp->fd);
	free(udp);
}
