/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading an answer of the daemon as its bytes arrive.
 *
 * An answer is one JSON object on one line, of which the result may be an
 * array of ten million connections. So it is cut into pieces on the way: the
 * elements of a result that is an array are handed out one by one, and with
 * `raw` the text of the result is passed on as it is. Anything else is kept
 * and parsed in the end.
 */
#ifndef SLUICE_CLI_REPLY_H
#define SLUICE_CLI_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct reply {
	/* Set before the first byte; either may be NULL. */
	FILE *raw;                                             /* takes the text of the result */
	void (*element)(const json_t *element, void *context); /* takes the elements of a result array */
	void *context;

	/* When done: one of these, unless the result went out by the ways above. */
	json_t *result;
	json_t *error;
	bool done;

	/* private */
	char member[16]; /* of the answer, whose value is being read */
	bool in_value, in_string, escaped, in_elements, is_raw;
	unsigned int depth;
	char *text;
	size_t len, room;
};

/* Takes bytes up to the end of the answer. 0, or -EPROTO, -ENOMEM. */
int reply_feed(struct reply *reply, const char *bytes, size_t len);

void reply_fini(struct reply *reply);

#endif
