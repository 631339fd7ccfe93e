/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One reply of an SMTP server, of a line or more (RFC 5321 4.2), as it comes.
 * Pure. Any thread.
 */
#ifndef SLUICE_SMTP_ANSWER_H
#define SLUICE_SMTP_ANSWER_H

#include "check.h"

/* A reply may have so many bytes; of the line that is coming the first ones are kept. */
enum { SMTP_REPLY_MAX = 8 << 10, SMTP_LINE_KEPT = 64 };

enum smtp_answer_result { SMTP_ANSWER_MORE, SMTP_ANSWER_WHOLE, SMTP_ANSWER_FAULT };

struct smtp_answer {
	uint16_t code;  /* 0: no line has come yet */
	uint16_t bytes; /* of the reply so far */
	uint8_t line_len;
	char line[SMTP_LINE_KEPT]; /* when whole: the last line, a string */
};

/*
 * How much of `data` belongs to the reply is in ret_taken: the rest is the next one's, which
 * begins with the struct zeroed. SMTP_ANSWER_FAULT: the reason is in ret_text.
 */
enum smtp_answer_result smtp_answer_feed(struct smtp_answer *answer, const char *data, size_t len,
					 size_t *ret_taken, char ret_text[CHECK_TEXT_SIZE]);

#endif
