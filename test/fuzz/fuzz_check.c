/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer's entry for what servers answer to checks: the first byte says
 * which parser gets the rest. Besides what the sanitizers see, it holds the
 * parsers to their promises: an answer in pieces of any size comes to the same
 * as in one, bounds are kept, faults are of one printable line.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc/base -Isrc/control \
 *		-Isrc/control/health test/fuzz/fuzz_check.c src/control/health/http_answer.c \
 *		src/control/health/smtp_answer.c src/control/health/dns_message.c \
 *		src/control/health/check_words.c -o /tmp/fuzz_check
 *	/tmp/fuzz_check -dict=test/fuzz/check.dict -max_len=4096 test/fuzz/corpus/check
 *
 * The corpus is replayed by the unit test check_corpus.
 */
#include "dns_message.h"
#include "http_answer.h"
#include "smtp_answer.h"

#include <stdlib.h>

enum { DNS_TYPE_SOA = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool condition)
{
	if (!condition)
		abort();
}

static void
text_check(const char *text)
{
	demand(text[0] != '\0' && strlen(text) < CHECK_TEXT_SIZE);
	for (const char *c = text; *c != '\0'; c++)
		demand((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f);
}

/* ---- HTTP ---- */

struct body {
	size_t bytes;
	uint32_t sum;
};

static void
body_take(const char *data, size_t len, void *context)
{
	struct body *body = context;

	for (size_t i = 0; i < len; i++)
		body->sum = body->sum * 31 + (unsigned char)data[i];
	body->bytes += len;
}

static enum http_answer_result
http_run(const char *data, size_t size, size_t piece, struct http_answer *answer, struct body *body)
{
	enum http_answer_result result = HTTP_ANSWER_MORE;
	char text[CHECK_TEXT_SIZE] = "";

	for (size_t at = 0; at < size && result == HTTP_ANSWER_MORE; at += piece)
		result = http_answer_feed(answer, data + at, piece < size - at ? piece : size - at, body_take,
					  body, text);
	demand(body->bytes == answer->body_bytes && answer->header_bytes <= HTTP_HEADER_MAX + piece);
	demand(!http_answer_has_status(answer) || (answer->status >= 200 && answer->status <= 999));
	if (result == HTTP_ANSWER_FAULT)
		text_check(text);
	if (result != HTTP_ANSWER_MORE)
		return result;
	result = http_answer_end(answer, text);
	demand(result != HTTP_ANSWER_MORE);
	if (result == HTTP_ANSWER_FAULT)
		text_check(text);
	return result;
}

static void
http_check(const char *data, size_t size)
{
	struct http_answer whole = { 0 }, pieces = { 0 };
	struct body whole_body = { 0 }, pieces_body = { 0 };
	enum http_answer_result result = http_run(data, size, size + 1, &whole, &whole_body);

	demand(http_run(data, size, 1, &pieces, &pieces_body) == result);
	demand(whole.status == pieces.status && whole_body.sum == pieces_body.sum);
}

/* ---- SMTP ---- */

static enum smtp_answer_result
smtp_run(const char *data, size_t size, size_t piece, struct smtp_answer *answer, size_t *ret_used)
{
	enum smtp_answer_result result = SMTP_ANSWER_MORE;
	char text[CHECK_TEXT_SIZE] = "";

	*ret_used = 0;
	while (*ret_used < size && result == SMTP_ANSWER_MORE) {
		size_t left = size - *ret_used, given = piece < left ? piece : left, taken;

		result = smtp_answer_feed(answer, data + *ret_used, given, &taken, text);
		demand(taken <= given && (result != SMTP_ANSWER_MORE || taken == given));
		*ret_used += taken;
	}
	demand(*ret_used <= SMTP_REPLY_MAX + 1);
	if (result == SMTP_ANSWER_FAULT)
		text_check(text);
	if (result == SMTP_ANSWER_WHOLE)
		demand(answer->code <= 999 && memchr(answer->line, '\0', sizeof(answer->line)) != NULL);
	return result;
}

static void
smtp_check(const char *data, size_t size)
{
	struct smtp_answer whole = { 0 }, pieces = { 0 };
	size_t whole_used, pieces_used;

	demand(smtp_run(data, size, size + 1, &whole, &whole_used) ==
	       smtp_run(data, size, 1, &pieces, &pieces_used));
	demand(whole.code == pieces.code && whole_used == pieces_used);
}

/* ---- DNS ---- */

/* A query with the answer's own id, or none would ever be looked at further. */
static void
dns_check(const uint8_t *data, size_t size)
{
	static const char *const names[] = { ".", "www.example.test" };
	uint16_t id = size >= 2 ? (uint16_t)(data[0] << 8 | data[1]) : 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t query[DNS_QUERY_SIZE];
		unsigned int rcode = 99;
		int len = dns_query_build(query, id, names[i], DNS_TYPE_SOA);
		enum dns_answer answer;

		demand(len > 0 && len <= DNS_QUERY_SIZE);
		answer = dns_answer_check(query, (size_t)len, data, size, &rcode);
		demand(answer < DNS_ANSWER_MAX && (answer == DNS_ANSWER_OURS) == (rcode < 16));
		demand(answer != DNS_ANSWER_OURS || rcode != 0 || size >= (size_t)len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'H':
		http_check((const char *)data + 1, size - 1);
		break;
	case 'S':
		smtp_check((const char *)data + 1, size - 1);
		break;
	case 'D':
		dns_check(data + 1, size - 1);
		break;
	}
	return 0;
}
