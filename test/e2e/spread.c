/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A library to preload under a load generator (wrk): every outgoing TCP
 * connection gets the next of several source addresses, and at the end of the
 * program one line tells what the generator itself does not count.
 *
 * SPREAD_ADDRESSES is a list of addresses of one family, with commas between.
 * The address is bound without a port (IP_BIND_ADDRESS_NO_PORT), so the kernel
 * chooses one per destination and 16 addresses make 16 times 64,000 tuples.
 *
 * SPREAD_REPORT is a file that gets a JSON object: `connects`; `tuples`, how
 * many different address and port pairs they came from; `bind_errors`; `slowest_ms`, the longest time between a request and the first byte of its
 * answer; `stalled`, connections whose request was still unanswered at the end
 * after more than SPREAD_STALL_MS milliseconds (default 2,000). A generator that
 * runs against the clock never reports a request that hangs for ever.
 *
 * A descriptor belongs to the one thread that uses it at that time, so its
 * times need no protection; the sums are atomics.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 256, FDS_MAX = 65536, PORTS = 65536 };

static union {
	struct in_addr v4;
	struct in6_addr v6;
} addresses[ADDRESSES_MAX];
static unsigned int address_count;
static int address_family;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static atomic_uint turn, connects, tuples, bind_errors, slowest_ms;
/* One bit a pair: has a connection come from it? */
static atomic_uchar pair_used[ADDRESSES_MAX][PORTS / 8];
/* When the request was sent whose answer is awaited, in ms; 0: none is. */
static atomic_uint_fast64_t waiting_since[FDS_MAX];

static int (*next_connect)(int, const struct sockaddr *, socklen_t);
static ssize_t (*next_read)(int, void *, size_t);
static ssize_t (*next_write)(int, const void *, size_t);
static int (*next_close)(int);

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
setup(void)
{
	const char *list = getenv("SPREAD_ADDRESSES");
	char copy[ADDRESSES_MAX * INET6_ADDRSTRLEN], *rest = copy, *word;

	next_connect = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
	next_read = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	next_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	next_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
	if (list == NULL || strlen(list) >= sizeof(copy))
		return;
	strcpy(copy, list);
	address_family = strchr(list, ':') != NULL ? AF_INET6 : AF_INET;
	while ((word = strsep(&rest, ",")) != NULL && address_count < ADDRESSES_MAX) {
		if (inet_pton(address_family, word, &addresses[address_count]) != 1) {
			fprintf(stderr, "spread: not an address of the first one's family: %s\n", word);
			exit(1);
		}
		address_count++;
	}
}

static void
source_address_bind(int fd, unsigned int i)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr = addresses[i].v4 };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = addresses[i].v6 };
	int on = 1, error;

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	error = address_family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
					  : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (error != 0)
		atomic_fetch_add(&bind_errors, 1);
}

/* The port is the kernel's choice, made by connect(). */
static void
pair_count(int fd, unsigned int i)
{
	struct sockaddr_in6 own; /* IPv4's port is at the same place */
	socklen_t len = sizeof(own);
	unsigned int port;

	if (getsockname(fd, (struct sockaddr *)&own, &len) != 0 || own.sin6_port == 0)
		return;
	port = ntohs(own.sin6_port);
	if ((atomic_fetch_or(&pair_used[i][port / 8], (unsigned char)(1u << port % 8)) >> port % 8 & 1) == 0)
		atomic_fetch_add(&tuples, 1);
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	unsigned int i;
	int rc, error;

	pthread_once(&once, setup);
	if (address_count == 0 || to->sa_family != address_family)
		return next_connect(fd, to, len);
	i = atomic_fetch_add(&turn, 1) % address_count;
	source_address_bind(fd, i);
	atomic_fetch_add(&connects, 1);
	if (fd < FDS_MAX)
		atomic_store(&waiting_since[fd], now_ms());
	rc = next_connect(fd, to, len);
	error = errno;
	pair_count(fd, i);
	errno = error;
	return rc;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	uint64_t none = 0;

	pthread_once(&once, setup);
	if (fd >= 0 && fd < FDS_MAX && address_count > 0)
		atomic_compare_exchange_strong(&waiting_since[fd], &none, now_ms());
	return next_write(fd, data, len);
}

ssize_t
read(int fd, void *data, size_t len)
{
	ssize_t got;
	uint64_t since;
	unsigned int ms, most;

	pthread_once(&once, setup);
	got = next_read(fd, data, len);
	if (got <= 0 || fd >= FDS_MAX || (since = atomic_exchange(&waiting_since[fd], 0)) == 0)
		return got;
	ms = (unsigned int)(now_ms() - since);
	most = atomic_load(&slowest_ms);
	while (ms > most && !atomic_compare_exchange_weak(&slowest_ms, &most, ms))
		;
	return got;
}

int
close(int fd)
{
	pthread_once(&once, setup);
	if (fd >= 0 && fd < FDS_MAX)
		atomic_store(&waiting_since[fd], 0);
	return next_close(fd);
}

__attribute__((destructor)) static void
report(void)
{
	const char *path = getenv("SPREAD_REPORT"), *limit = getenv("SPREAD_STALL_MS");
	uint64_t now = now_ms(), since, limit_ms = limit != NULL ? strtoull(limit, NULL, 10) : 2000;
	unsigned int stalled = 0;
	FILE *file;

	if (path == NULL || address_count == 0 || (file = fopen(path, "w")) == NULL)
		return;
	for (int fd = 3; fd < FDS_MAX; fd++) {
		/* What this file's own stream waits for is nobody's request. */
		since = fd == fileno(file) ? 0 : atomic_load(&waiting_since[fd]);
		if (since != 0 && now - since > limit_ms)
			stalled++;
	}
	fprintf(file,
		"{\"connects\": %u, \"tuples\": %u, \"bind_errors\": %u, \"slowest_ms\": %u, \"stalled\": "
		"%u}\n",
		atomic_load(&connects), atomic_load(&tuples), atomic_load(&bind_errors),
		atomic_load(&slowest_ms), stalled);
	fclose(file);
}
