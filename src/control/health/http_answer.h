/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An HTTP/1 answer, as it comes: status, the end of its headers, its body with
 * chunks taken off, its end. Any bytes may come in pieces of any size; what is
 * kept is one line of 256 bytes. Pure: no socket, no allocation. Any thread.
 *
 *	struct http_answer answer = { 0 };
 *
 *	for each piece: http_answer_feed, until it is no longer HTTP_ANSWER_MORE
 *	at the end of the stream: http_answer_end
 */
#ifndef SLUICE_HTTP_ANSWER_H
#define SLUICE_HTTP_ANSWER_H

#include "check.h"

/* Bounds: headers with status line and trailers; the body as it comes, chunk sizes included. */
enum { HTTP_HEADER_MAX = 32 << 10, HTTP_BODY_MAX = 4 << 20, HTTP_LINE_KEPT = 256 };

enum http_answer_result { HTTP_ANSWER_MORE, HTTP_ANSWER_WHOLE, HTTP_ANSWER_FAULT };

enum http_answer_state {
	HTTP_STATUS_LINE,
	HTTP_HEADER,
	HTTP_BODY_COUNTED,
	HTTP_BODY_TO_END,
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_END,
};

struct http_answer {
	enum http_answer_state state;
	uint16_t status;        /* valid from http_answer_has_status on */
	bool chunked, counted;  /* Transfer-Encoding: chunked; Content-Length */
	uint16_t line_len;      /* of the line that is coming; longer ones are cut */
	uint32_t header_bytes;  /* status line, headers, trailers */
	uint32_t body_wire;     /* of the body as it comes */
	uint32_t body_bytes;    /* of the body */
	uint64_t left;          /* of the body or the chunk */
	uint64_t content_bytes; /* Content-Length */
	char line[HTTP_LINE_KEPT];
};

typedef void http_body_fn(const char *data, size_t len, void *context);

/* HTTP_ANSWER_FAULT: the reason is in ret_text. `body` gets what belongs to the body. */
enum http_answer_result http_answer_feed(struct http_answer *answer, const char *data, size_t len,
					 http_body_fn *body, void *context, char ret_text[CHECK_TEXT_SIZE]);
/* The stream is over: HTTP_ANSWER_WHOLE or HTTP_ANSWER_FAULT. */
enum http_answer_result http_answer_end(const struct http_answer *answer, char ret_text[CHECK_TEXT_SIZE]);

/* Whether the headers are over: the status stands, and is no 1xx. */
static inline bool
http_answer_has_status(const struct http_answer *answer)
{
	return answer->state >= HTTP_BODY_COUNTED;
}

#endif
