/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Texts that somebody else may have a part in (a peer, a file, a command), as JSON, which knows UTF-8 only.
 */
#ifndef CONTROL_JSON_TEXT_H
#define CONTROL_JSON_TEXT_H

#include <jansson.h>

/* The text; if it is not UTF-8, with "?" for each of its bytes that is not ASCII. NULL: out of memory. */
json_t *json_text(const char *text);

#endif
