/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words of results: what a person reads in `sluicectl health` and the log.
 * One printable line each, whatever a server sent. Any thread.
 */
#ifndef SLUICE_CHECK_WORDS_H
#define SLUICE_CHECK_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { CHECK_TIME_SIZE = 24 };

/* "0.4 ms", "35 ms", "1.5 s"; returns buf. */
const char *check_words_time(uint64_t time_us, char buf[CHECK_TIME_SIZE]);
/* What a system call's error means for a check, and what to do about it where that is known. */
const char *check_words_errno(int err);
/*
 * The first bytes of what a server sent, as many as `buf` holds: up to the end of its line, what
 * does not print as a dot. Returns buf.
 */
const char *check_words_quote(const void *data, size_t len, char *buf, size_t size);

#endif
