/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words of results. The system's own sentences are used where nothing better
 * is known: what stands in the table below is what operators meet, in terms of
 * what they can do.
 */
#include "check_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int err;
	const char *words;
} known[] = {
	{ ECONNREFUSED, "connection refused" },
	{ ECONNRESET, "connection reset by the server" },
	{ EPIPE, "connection reset by the server" },
	{ EHOSTUNREACH, "host unreachable" },
	{ ENETUNREACH, "network unreachable: this box has no route to it" },
	{ ETIMEDOUT, "the server went silent" },
	{ EMFILE, "too many open files: raise LimitNOFILE of sluiced" },
	{ ENFILE, "too many open files on this box: raise fs.file-max" },
	{ ENOBUFS, "no memory for sockets" },
	{ ENOMEM, "out of memory" },
	{ EADDRNOTAVAIL,
	  "no local port is free: net.ipv4.ip_local_port_range is used up, or bind_port is in use" },
	{ EADDRINUSE, "the local port is in use" },
	{ EPERM, "not permitted: a firewall rule of this box, or sluiced lacks a capability" },
	{ EACCES, "not permitted: a route of this box prohibits it, or sluiced lacks a capability" },
};

const char *
check_words_time(uint64_t time_us, char buf[CHECK_TIME_SIZE])
{
	if (time_us < 10000)
		snprintf(buf, CHECK_TIME_SIZE, "%.2g ms", (double)time_us / 1e3);
	else if (time_us < 1000000)
		snprintf(buf, CHECK_TIME_SIZE, "%u ms", (unsigned int)(time_us / 1000));
	else
		snprintf(buf, CHECK_TIME_SIZE, "%.6g s", (double)(time_us / 1000) / 1e3);
	return buf;
}

const char *
check_words_errno(int err)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].err == err)
			return known[i].words;
	}
	return strerror(err);
}

const char *
check_words_quote(const void *data, size_t len, char *buf, size_t size)
{
	const unsigned char *bytes = data;
	size_t used = 0;

	while (used < len && used + 1 < size && bytes[used] != '\r' && bytes[used] != '\n') {
		buf[used] = bytes[used] >= ' ' && bytes[used] < 0x7f ? (char)bytes[used] : '.';
		used++;
	}
	buf[used] = '\0';
	return buf;
}
