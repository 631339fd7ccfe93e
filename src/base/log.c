/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: one event, one line, one write(2) to standard error.
 *
 * The journal wants the priority as a `<N>` before the text and adds the time
 * itself; a terminal or a file gets a UTC timestamp and the level's word. Which
 * of the two standard error is, is asked for every line (systemd.exec(5),
 * JOURNAL_STREAM), so redirecting it later is not a special case.
 *
 * Lines of several threads do not mix: each is built on its thread's stack and
 * is shorter than PIPE_BUF. The only shared datum is the limit, an atomic that
 * anybody may set.
 */
#include "sl_log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of a whole line with its newline; a longer text ends in "...". Below PIPE_BUF. */
#define LINE_SIZE 2048

/* Syslog's priority (RFC 5424 6.2.1), and the word for people. */
static const struct {
	int priority;
	const char *word;
} levels[] = {
	[SL_LOG_ERROR] = { 3, "error" }, [SL_LOG_WARN] = { 4, "warning" }, [SL_LOG_NOTICE] = { 5, "notice" },
	[SL_LOG_INFO] = { 6, "info" },   [SL_LOG_DEBUG] = { 7, "debug" },
};

static atomic_int limit = SL_LOG_NOTICE;

/* The model spares a position-independent object the call of the dynamic linker: all of this is linked into programs. */
static _Thread_local bool never_waits __attribute__((tls_model("initial-exec")));

static size_t prefix_write(char *line, size_t size, enum sl_log_level level);
static size_t text_clean(char *text, size_t len, size_t room);
static bool stderr_is_journal(void);

void
sl_log_limit_set(enum sl_log_level most_verbose)
{
	atomic_store_explicit(&limit, (int)most_verbose, memory_order_relaxed);
}

void
sl_log_never_wait(void)
{
	never_waits = true;
}

void
sl_log(enum sl_log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[LINE_SIZE];
	size_t used, room;
	va_list args;
	int len;

	if ((int)level > atomic_load_explicit(&limit, memory_order_relaxed))
		return;
	used = prefix_write(line, sizeof(line), level);
	room = sizeof(line) - used - 1; /* 1: the newline, where vsnprintf puts its zero */
	errno = saved_errno;            /* for %m */
	va_start(args, format);
	len = vsnprintf(line + used, room + 1, format, args);
	va_end(args);
	if (len > 0)
		used += text_clean(line + used, (size_t)len, room);
	line[used++] = '\n';
	if (never_waits && poll(&(struct pollfd){ .fd = STDERR_FILENO, .events = POLLOUT }, 1, 0) != 1) {
		errno = saved_errno;
		return;
	}
	while (write(STDERR_FILENO, line, used) < 0 && errno == EINTR)
		;
	errno = saved_errno;
}

static size_t
prefix_write(char *line, size_t size, enum sl_log_level level)
{
	struct timespec now;
	struct tm utc;
	size_t used;

	if (stderr_is_journal())
		return (size_t)snprintf(line, size, "<%d>", levels[level].priority);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
	used += (size_t)snprintf(line + used, size - used, ".%03ldZ %s ", now.tv_nsec / 1000000,
				 levels[level].word);
	return used;
}

/*
 * Cuts a text of `len` bytes to the room it has had, and blanks control
 * characters: what a stranger sent must not look like a line of ours.
 */
static size_t
text_clean(char *text, size_t len, size_t room)
{
	static const char cut[] = "...";

	if (len > room) {
		len = room;
		memcpy(text + len - strlen(cut), cut, strlen(cut));
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 0x7f)
			text[i] = ' ';
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return len;
}

static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}
