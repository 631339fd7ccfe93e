/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The regex of an HTTP_GET's url, on a body that may be hostile. Control
 * thread only.
 */
#ifndef SLUICE_CHECK_REGEX_H
#define SLUICE_CHECK_REGEX_H

#include "check.h"

/* CPU time and memory that one body may cost. */
enum { CHECK_REGEX_MS = 20, CHECK_REGEX_KB = 2048 };

/* Whether the body is as `url` wants it; in ret_text what was found. `cut`: there was more of it. */
bool check_regex_good(const struct conf_http_url *url, const char *body, size_t len, bool cut,
		      char ret_text[CHECK_TEXT_SIZE]);

#endif
