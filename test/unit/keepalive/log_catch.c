/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of the log (log_catch.h).
 */
#include "log_catch.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINES = 256 }; /* the last ones */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[LINES][512];
static unsigned int count;

void
log_catch_clear(void)
{
	pthread_mutex_lock(&lock);
	memset(lines, 0, sizeof(lines));
	pthread_mutex_unlock(&lock);
}

unsigned int
log_catch_count(const char *text)
{
	unsigned int found = 0;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < LINES; i++)
		found += strstr(lines[i], text) != NULL;
	pthread_mutex_unlock(&lock);
	return found;
}

void
__wrap_sl_log(enum sl_log_level level, const char *format, ...)
{
	va_list args;
	char *line;

	pthread_mutex_lock(&lock);
	line = lines[count++ % LINES];
	va_start(args, format);
	vsnprintf(line, sizeof(lines[0]), format, args);
	va_end(args);
	fprintf(stderr, "%s\n", line);
	pthread_mutex_unlock(&lock);
}
