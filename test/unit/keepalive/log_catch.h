/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was logged, for tests that are linked with --wrap=sl_log.
 */
#ifndef LOG_CATCH_H
#define LOG_CATCH_H

#include "sl_log.h"

/* Forgets what was logged so far. */
void log_catch_clear(void);
/* How many lines since then have this in them. */
unsigned int log_catch_count(const char *text);

void __wrap_sl_log(enum sl_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
