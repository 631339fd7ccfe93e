/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sends DNS queries over UDP at an even pace, each once, and counts answers.
 *
 *	queries SERVER PORT COUNT PER_SECOND SOCKETS SOURCE,SOURCE,...
 *
 * There is no retransmission: a query that gets no answer within two seconds
 * of the last one sent is lost, and the test that started this says so. No
 * more than WINDOW queries wait for their answers at a time, less than what
 * fits a server's socket: a machine that stands still for a moment slows this
 * program down, and does not make it lose what nobody else lost. The
 * queries go round over SOCKETS sockets, bound to the source addresses in
 * turn, so a balancer sees SOCKETS connections. An answer counts when it came
 * from the address that was asked, carries the number of a query of that
 * socket that was not answered before, and holds an address; the last byte of
 * that address tells which server gave it.
 *
 * One JSON object at the end: sent, answered, repeated, wrong, slowest_ms,
 * tally (last byte: answers). Exit code 0 when it could be run at all.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 100, SOURCES_MAX = 256, SOCKETS_MAX = 4096, TICK_NS = 1000000, PATIENCE_NS = 2000000000 };

static const uint8_t question[] = { 1,   0,   0,   1, 0,   0,   0,   0,   0, 0, 5, 'q', 'u',
				    'e', 'r', 'y', 4, 't', 'e', 's', 't', 0, 0, 1, 0,   1 };

struct query_socket {
	int fd;
	uint64_t *sent_ns; /* by query number; 0: answered or not sent */
};

static struct query_socket *sockets;
static unsigned int socket_count, per_socket;
static unsigned long sent, answered, repeated, wrong, unsendable, tally[256];
static uint64_t slowest_ns;

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "queries: %s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t
address_parse(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	errno = EINVAL;
	fail(text);
	return 0;
}

/* Connected sockets: the kernel then drops what comes from anybody else. */
static void
sockets_open(int epoll_fd, const char *server, uint16_t port, char *source_list)
{
	struct sockaddr_storage to, from[SOURCES_MAX];
	socklen_t len = address_parse(server, port, &to);
	unsigned int sources = 0;
	char *word;

	while ((word = strsep(&source_list, ",")) != NULL && sources < SOURCES_MAX)
		address_parse(word, 0, &from[sources++]);
	for (unsigned int i = 0; i < socket_count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
		int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&from[i % sources], len) != 0 ||
		    connect(fd, (struct sockaddr *)&to, len) != 0 ||
		    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
			fail("socket");
		sockets[i].fd = fd;
		sockets[i].sent_ns = calloc(per_socket, sizeof(uint64_t));
		if (sockets[i].sent_ns == NULL)
			fail("memory");
	}
}

static void
query_send(unsigned long number)
{
	struct query_socket *s = &sockets[number % socket_count];
	uint16_t id = (uint16_t)(number / socket_count);
	uint8_t packet[2 + sizeof(question)] = { (uint8_t)(id >> 8), (uint8_t)id };

	memcpy(packet + 2, question, sizeof(question));
	s->sent_ns[id] = now_ns();
	if (send(s->fd, packet, sizeof(packet), 0) != (ssize_t)sizeof(packet))
		unsendable++;
	sent++;
}

static void
answer_count(struct query_socket *s, const uint8_t *packet, size_t len, uint64_t now)
{
	unsigned int id = len >= 12 ? (unsigned int)(packet[0] << 8 | packet[1]) : per_socket;
	bool whole = len > sizeof(question) + 16 && (packet[2] & 0x80) != 0 && (packet[3] & 15) == 0 &&
		     packet[7] == 1;

	if (!whole || id >= per_socket) {
		wrong++;
	} else if (s->sent_ns[id] == 0) {
		repeated++;
	} else {
		if (now - s->sent_ns[id] > slowest_ns)
			slowest_ns = now - s->sent_ns[id];
		s->sent_ns[id] = 0;
		answered++;
		tally[packet[len - 1]]++;
	}
}

/* What has arrived; waits up to `ms` for the first. */
static bool
answers_receive(int epoll_fd, int ms)
{
	struct epoll_event events[64];
	uint8_t packet[1500];
	int ready = epoll_wait(epoll_fd, events, 64, ms);

	for (int i = 0; i < ready; i++) {
		struct query_socket *s = &sockets[events[i].data.u32];
		ssize_t got;

		while ((got = recv(s->fd, packet, sizeof(packet), 0)) >= 0)
			answer_count(s, packet, (size_t)got, now_ns());
		/* ICMP errors arrive here: the query is lost, which the sums will show. */
		if (errno != EAGAIN && errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENETUNREACH)
			fail("receive");
	}
	return ready > 0;
}

static void
report(void)
{
	const char *comma = "";

	printf("{\"sent\": %lu, \"answered\": %lu, \"repeated\": %lu, \"wrong\": %lu, \"unsendable\": %lu, "
	       "\"slowest_ms\": %.1f, \"tally\": {",
	       sent, answered, repeated, wrong, unsendable, (double)slowest_ns / 1e6);
	for (unsigned int i = 0; i < 256; i++) {
		if (tally[i] == 0)
			continue;
		printf("%s\"%u\": %lu", comma, i, tally[i]);
		comma = ", ";
	}
	printf("}}\n");
}

int
main(int argc, char **argv)
{
	unsigned long count, per_second;
	uint64_t start, last;
	int epoll_fd;

	if (argc != 7) {
		fprintf(stderr, "usage: queries SERVER PORT COUNT PER_SECOND SOCKETS SOURCE,...\n");
		return 2;
	}
	count = strtoul(argv[3], NULL, 10);
	per_second = strtoul(argv[4], NULL, 10);
	socket_count = (unsigned int)strtoul(argv[5], NULL, 10);
	per_socket = socket_count == 0 ? 0 : (unsigned int)((count + socket_count - 1) / socket_count);
	if (count == 0 || per_second == 0 || socket_count == 0 || socket_count > SOCKETS_MAX ||
	    per_socket > UINT16_MAX) {
		fprintf(stderr, "queries: a number is out of range\n");
		return 2;
	}
	sockets = calloc(socket_count, sizeof(*sockets));
	epoll_fd = epoll_create1(0);
	if (sockets == NULL || epoll_fd < 0)
		fail("start");
	sockets_open(epoll_fd, argv[1], (uint16_t)strtoul(argv[2], NULL, 10), argv[6]);
	start = last = now_ns();
	while (sent < count && now_ns() - last < PATIENCE_NS) {
		struct timespec tick = { .tv_nsec = TICK_NS };

		/* Late by a tick means two ticks' worth at once, never a burst of a second. */
		for (unsigned int burst = 0; burst < 1 + 4 * per_second / 1000; burst++) {
			if (sent == count || sent - answered >= WINDOW ||
			    (now_ns() - start) * per_second / 1000000000 <= sent)
				break;
			query_send(sent);
		}
		nanosleep(&tick, NULL);
		while (answers_receive(epoll_fd, 0))
			last = now_ns();
	}
	for (last = now_ns(); answered < sent && now_ns() - last < PATIENCE_NS;)
		answers_receive(epoll_fd, 50);
	report();
	return 0;
}
