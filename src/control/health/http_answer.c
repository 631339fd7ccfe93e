/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An HTTP/1 answer, as it comes (RFC 9112).
 *
 * A state takes whole lines (line_*, by the table below) or bytes of the body.
 * Where the body ends follows RFC 9112 6.3: none with 204 and 304, chunks,
 * Content-Length, the end of the stream.
 */
#include "http_answer.h"
#include "check_words.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

typedef enum http_answer_result line_fn(struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE]);

static line_fn line_status, line_header, line_chunk_size, line_chunk_end, line_trailer;

static line_fn *const lines[] = {
	[HTTP_STATUS_LINE] = line_status,  [HTTP_HEADER] = line_header,   [HTTP_CHUNK_SIZE] = line_chunk_size,
	[HTTP_CHUNK_END] = line_chunk_end, [HTTP_TRAILER] = line_trailer, [HTTP_END] = NULL,
};

static enum http_answer_result bound_check(struct http_answer *answer, size_t bytes,
					   char ret_text[CHECK_TEXT_SIZE]);
static enum http_answer_result fault(char ret_text[CHECK_TEXT_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

enum http_answer_result
http_answer_feed(struct http_answer *answer, const char *data, size_t len, http_body_fn *body, void *context,
		 char ret_text[CHECK_TEXT_SIZE])
{
	enum http_answer_result result = HTTP_ANSWER_MORE;

	while (len > 0 && answer->state != HTTP_END) {
		line_fn *line = lines[answer->state];
		size_t taken;

		if (line != NULL) {
			const char *end = memchr(data, '\n', len);
			size_t text = end != NULL ? (size_t)(end - data) : len;
			size_t room = sizeof(answer->line) - 1 - answer->line_len;
			size_t kept = text < room ? text : room;

			memcpy(answer->line + answer->line_len, data, kept);
			answer->line_len += (uint16_t)kept;
			taken = text + (end != NULL);
			result = bound_check(answer, taken, ret_text);
			if (result == HTTP_ANSWER_MORE && end != NULL) {
				if (answer->line_len > 0 && answer->line[answer->line_len - 1] == '\r')
					answer->line_len--;
				answer->line[answer->line_len] = '\0';
				result = line(answer, ret_text);
				answer->line_len = 0;
			}
		} else {
			taken = answer->left < len ? (size_t)answer->left : len;
			answer->body_bytes += (uint32_t)taken;
			answer->left -= answer->state == HTTP_BODY_TO_END ? 0 : taken;
			body(data, taken, context);
			result = bound_check(answer, taken, ret_text);
			if (answer->left == 0)
				answer->state = answer->chunked ? HTTP_CHUNK_END : HTTP_END;
		}
		if (result != HTTP_ANSWER_MORE)
			return result;
		data += taken;
		len -= taken;
	}
	return answer->state == HTTP_END ? HTTP_ANSWER_WHOLE : HTTP_ANSWER_MORE;
}

enum http_answer_result
http_answer_end(const struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE])
{
	if (answer->state == HTTP_BODY_TO_END || answer->state == HTTP_END)
		return HTTP_ANSWER_WHOLE;
	if (answer->header_bytes == 0)
		return fault(ret_text, "connection closed without an answer");
	if (!http_answer_has_status(answer))
		return fault(ret_text, "connection closed in the middle of the headers");
	if (answer->counted)
		return fault(ret_text, "connection closed after %u of %" PRIu64 " bytes of the body",
			     answer->body_bytes, answer->content_bytes);
	return fault(ret_text, "connection closed in the middle of a chunked body, after %u bytes",
		     answer->body_bytes);
}

static enum http_answer_result
bound_check(struct http_answer *answer, size_t bytes, char ret_text[CHECK_TEXT_SIZE])
{
	if (answer->state == HTTP_STATUS_LINE || answer->state == HTTP_HEADER ||
	    answer->state == HTTP_TRAILER) {
		answer->header_bytes += (uint32_t)bytes;
		if (answer->header_bytes > HTTP_HEADER_MAX)
			return fault(ret_text, "headers are longer than %u KB", HTTP_HEADER_MAX >> 10);
	} else {
		answer->body_wire += (uint32_t)bytes;
		if (answer->body_wire > HTTP_BODY_MAX)
			return fault(ret_text, "body is longer than %u MB", HTTP_BODY_MAX >> 20);
	}
	return HTTP_ANSWER_MORE;
}

/* "HTTP/1.1 200 OK"; the words after the number need not be there. */
static enum http_answer_result
line_status(struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE])
{
	const char *line = answer->line;
	char quote[48];

	if (strncasecmp(line, "HTTP/", 5) != 0 || !isdigit((unsigned char)line[5]) || line[6] != '.' ||
	    !isdigit((unsigned char)line[7]) || line[8] != ' ' || strspn(line + 9, "0123456789") != 3 ||
	    (line[12] != ' ' && line[12] != '\0'))
		return fault(ret_text, "answer is not HTTP: \"%s\"",
			     check_words_quote(line, answer->line_len, quote, sizeof(quote)));
	answer->status = (uint16_t)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
	answer->state = HTTP_HEADER;
	return HTTP_ANSWER_MORE;
}

/* Where the body begins, and how it will end. */
static void
headers_end(struct http_answer *answer)
{
	if (answer->status < 200) {
		answer->state =
			HTTP_STATUS_LINE; /* 100 Continue, 103 Early Hints: the answer is yet to come */
		answer->chunked = answer->counted = false;
	} else if (answer->status == 204 || answer->status == 304) {
		answer->state = HTTP_END;
	} else if (answer->chunked) {
		answer->state = HTTP_CHUNK_SIZE;
		answer->counted = false;
	} else if (answer->counted) {
		answer->left = answer->content_bytes;
		answer->state = answer->left > 0 ? HTTP_BODY_COUNTED : HTTP_END;
	} else {
		answer->left = UINT64_MAX;
		answer->state = HTTP_BODY_TO_END;
	}
}

/* The value of a header of that name, or NULL. */
static const char *
header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " \t");
}

static enum http_answer_result
content_length(struct http_answer *answer, const char *value, char ret_text[CHECK_TEXT_SIZE])
{
	size_t digits = strspn(value, "0123456789");
	uint64_t bytes = 0;
	char quote[32];

	if (digits == 0 || digits > 18 || value[digits + strspn(value + digits, " \t")] != '\0')
		return fault(ret_text, "bad Content-Length \"%s\"",
			     check_words_quote(value, strlen(value), quote, sizeof(quote)));
	for (size_t i = 0; i < digits; i++)
		bytes = bytes * 10 + (uint64_t)(value[i] - '0');
	if (answer->counted && bytes != answer->content_bytes)
		return fault(ret_text, "two Content-Lengths that differ");
	answer->counted = true;
	answer->content_bytes = bytes;
	return HTTP_ANSWER_MORE;
}

static enum http_answer_result
line_header(struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE])
{
	const char *value;

	if (answer->line_len == 0) {
		headers_end(answer);
		return HTTP_ANSWER_MORE;
	}
	value = header_value(answer->line, "Content-Length");
	if (value != NULL)
		return content_length(answer, value, ret_text);
	value = header_value(answer->line, "Transfer-Encoding");
	if (value == NULL)
		return HTTP_ANSWER_MORE;
	/* Nothing else was asked for, so a server that compresses breaks RFC 9112 6.1. */
	if (strncasecmp(value, "chunked", 7) != 0 || value[7 + strspn(value + 7, " \t")] != '\0') {
		char quote[48];

		return fault(ret_text, "Transfer-Encoding \"%s\", want chunked or none",
			     check_words_quote(value, strlen(value), quote, sizeof(quote)));
	}
	answer->chunked = true;
	return HTTP_ANSWER_MORE;
}

static enum http_answer_result
line_chunk_size(struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE])
{
	const char *line = answer->line;
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	char quote[32];

	if (digits == 0 || digits > 15 || strchr("; \t", line[digits]) == NULL)
		return fault(ret_text, "bad size of a chunk: \"%s\"",
			     check_words_quote(line, answer->line_len, quote, sizeof(quote)));
	answer->left = 0;
	for (size_t i = 0; i < digits; i++) {
		int digit = tolower((unsigned char)line[i]);

		answer->left = answer->left * 16 + (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
	}
	answer->state = answer->left > 0 ? HTTP_CHUNK_DATA : HTTP_TRAILER;
	return HTTP_ANSWER_MORE;
}

static enum http_answer_result
line_chunk_end(struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE])
{
	if (answer->line_len > 0)
		return fault(ret_text, "a chunk is longer than it says");
	answer->state = HTTP_CHUNK_SIZE;
	return HTTP_ANSWER_MORE;
}

static enum http_answer_result
line_trailer(struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE])
{
	if (answer->line_len == 0)
		answer->state = HTTP_END;
	return HTTP_ANSWER_MORE;
}

static enum http_answer_result
fault(char ret_text[CHECK_TEXT_SIZE], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret_text, CHECK_TEXT_SIZE, format, args);
	va_end(args);
	return HTTP_ANSWER_FAULT;
}
