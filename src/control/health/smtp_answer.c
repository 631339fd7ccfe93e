/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One reply of an SMTP server: lines of the same code, the last of which has
 * no "-" after it.
 */
#include "smtp_answer.h"
#include "check_words.h"

#include <ctype.h>
#include <stdio.h>

/* A whole line stands in `line`. */
static enum smtp_answer_result
line_take(struct smtp_answer *answer, char ret_text[CHECK_TEXT_SIZE])
{
	const char *line = answer->line;
	unsigned int code = 0, digits = 0;
	char quote[SMTP_LINE_KEPT];

	while (digits < 3 && isdigit((unsigned char)line[digits]))
		code = code * 10 + (unsigned int)(line[digits++] - '0');
	if (digits < 3 || (line[3] != ' ' && line[3] != '-' && line[3] != '\0') ||
	    (answer->code != 0 && answer->code != code)) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "answer is not SMTP: \"%s\"",
			 check_words_quote(line, answer->line_len, quote, sizeof(quote)));
		return SMTP_ANSWER_FAULT;
	}
	answer->code = (uint16_t)code;
	return line[3] == '-' ? SMTP_ANSWER_MORE : SMTP_ANSWER_WHOLE;
}

enum smtp_answer_result
smtp_answer_feed(struct smtp_answer *answer, const char *data, size_t len, size_t *ret_taken,
		 char ret_text[CHECK_TEXT_SIZE])
{
	enum smtp_answer_result result = SMTP_ANSWER_MORE;
	size_t taken = 0;

	while (taken < len && result == SMTP_ANSWER_MORE) {
		char c = data[taken++];

		if (++answer->bytes > SMTP_REPLY_MAX) {
			snprintf(ret_text, CHECK_TEXT_SIZE, "answer is longer than %u KB",
				 SMTP_REPLY_MAX >> 10);
			result = SMTP_ANSWER_FAULT;
		} else if (c == '\n') {
			if (answer->line_len > 0 && answer->line[answer->line_len - 1] == '\r')
				answer->line_len--;
			answer->line[answer->line_len] = '\0';
			result = line_take(answer, ret_text);
			if (result == SMTP_ANSWER_MORE)
				answer->line_len = 0;
		} else if (answer->line_len + 1 < SMTP_LINE_KEPT) {
			answer->line[answer->line_len++] = c;
		}
	}
	*ret_taken = taken;
	return result;
}
