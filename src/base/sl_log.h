/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: one line an event to standard error, with systemd's priority
 * prefix when standard error is the journal. Never called by a worker on the
 * packet path. Any other thread.
 */
#ifndef SL_LOG_H
#define SL_LOG_H

enum sl_log_level {
	SL_LOG_ERROR,
	SL_LOG_WARN,
	SL_LOG_NOTICE, /* what an operator wants to see without asking; the default limit */
	SL_LOG_INFO,
	SL_LOG_DEBUG,
};

void sl_log_limit_set(enum sl_log_level most_verbose);
/*
 * Lines of the calling thread that standard error has no room for are lost, from here on: a reader that stands
 * still must not stop a thread that keeps time.
 */
void sl_log_never_wait(void);
void sl_log(enum sl_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define sl_error(...) sl_log(SL_LOG_ERROR, __VA_ARGS__)
#define sl_warn(...) sl_log(SL_LOG_WARN, __VA_ARGS__)
#define sl_notice(...) sl_log(SL_LOG_NOTICE, __VA_ARGS__)
#define sl_info(...) sl_log(SL_LOG_INFO, __VA_ARGS__)
#define sl_debug(...) sl_log(SL_LOG_DEBUG, __VA_ARGS__)

#endif
