/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP server for thousands of checks: takes every connection to a port, at
 * whatever address, and says nothing.
 *
 *	accepts PORT
 *
 * Says "ready". A connection is closed when some hundred others have come, so
 * that its client is the one that closes first.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEPT = 512, BACKLOG = 8192 };

static int
listen_at(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, BACKLOG) != 0) {
		perror("accepts");
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	int kept[KEPT], listening, next = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: accepts PORT\n");
		return 2;
	}
	memset(kept, 0xff, sizeof(kept));
	listening = listen_at((uint16_t)atoi(argv[1]));
	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = accept(listening, NULL, NULL);

		if (fd < 0) {
			perror("accepts: accept");
			return 1;
		}
		if (kept[next] >= 0)
			close(kept[next]);
		kept[next] = fd;
		next = (next + 1) % KEPT;
	}
}
