/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP_GET against servers that answer as they should, and as they should not.
 */
#include "test_check_kit.h"

#include "http_answer.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"

static void
status_allow(struct conf_http_url *url, unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last; i++)
		url->status[i / 8] |= (uint8_t)(1u << i % 8);
}

static struct conf_http_url
url_usual(void)
{
	struct conf_http_url url = { .path = "/health" };

	status_allow(&url, 200, 299);
	return url;
}

/* One attempt at a server that answers so. */
static struct check_result
get(struct conf_http_url *url, const struct kit_line *line, uint32_t timeout_ms)
{
	struct kit_line lines[] = { *line, { NULL } };
	struct kit_server *server;
	struct conf_checker conf = kit_checker(CONF_CHECK_HTTP);
	struct check_target target;
	struct check_result result;

	lines[0].await = "\r\n\r\n";
	server = kit_server_start(lines);
	target = kit_target("127.0.0.1", kit_server_port(server));
	conf.http.urls = url;
	conf.http.url_count = 1;
	conf.http.protocol = CONF_HTTP_1_1;
	if (timeout_ms != 0)
		conf.connect.timeout_ms = timeout_ms;
	result = kit_run(&conf, &target);
	kit_server_stop(server);
	return result;
}

static const struct {
	const char *row;
	struct kit_line line;
	uint32_t timeout_ms;
	bool good;
	const char *text;
} answer_rows[] = {
	{ "counted body", { .say = HELLO }, 0, true, "status 200 in *" },
	{ "counted body, kept open", { .say = HELLO, .manner = KIT_KEEP }, 0, true, "status 200 in *" },
	{ "body to the end", { .say = OK "\r\nhello" }, 0, true, "status 200 in *" },
	{ "no body",
	  { .say = "HTTP/1.1 204 No Content\r\n\r\n", .manner = KIT_KEEP },
	  0,
	  true,
	  "status 204 in *" },
	{ "HTTP/1.0, no words, bare line feeds",
	  { .say = "HTTP/1.0 200\n\nhello" },
	  0,
	  true,
	  "status 200 in *" },
	{ "chunks with an extension and a trailer",
	  { .say = OK "transfer-encoding:  chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n",
	    .manner = KIT_KEEP },
	  0,
	  true,
	  "status 200 in *" },
	{ "100 Continue first",
	  { .say = "HTTP/1.1 100 Continue\r\n\r\n" HELLO },
	  0,
	  true,
	  "status 200 in *" },
	{ "a byte at a time, and in time", { .say = HELLO, .manner = KIT_SLOW }, 0, true, "status 200 in *" },
	{ "another status",
	  { .say = "HTTP/1.1 503 No\r\n\r\n", .manner = KIT_KEEP },
	  0,
	  false,
	  "status 503, want 200-299" },
	{ "a status that is none",
	  { .say = "HTTP/1.1 999 No\r\n\r\n" },
	  0,
	  false,
	  "status 999, want 200-299" },
	{ "closed at once", { .say = "" }, 0, false, "connection closed without an answer" },
	{ "reset", { .say = OK, .manner = KIT_RESET }, 0, false, "connection reset by the server" },
	{ "closed in the headers",
	  { .say = OK "Date:" },
	  0,
	  false,
	  "connection closed in the middle of the headers" },
	{ "half a counted body",
	  { .say = OK "Content-Length: 9\r\n\r\nhello" },
	  0,
	  false,
	  "connection closed after 5 of 9 bytes of the body" },
	{ "half a chunked body",
	  { .say = OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhello" },
	  0,
	  false,
	  "connection closed in the middle of a chunked body, after 5 bytes" },
	{ "not HTTP",
	  { .say = "SSH-2.0-Open\x1bSSH\r\n", .manner = KIT_KEEP },
	  0,
	  false,
	  "answer is not HTTP: \"SSH-2.0-Open.SSH\"" },
	{ "no number in the status line",
	  { .say = "HTTP/1.1 OK\r\n" },
	  0,
	  false,
	  "answer is not HTTP: \"HTTP/1.1 OK\"" },
	{ "Content-Length of words",
	  { .say = OK "Content-Length: five\r\n\r\n" },
	  0,
	  false,
	  "bad Content-Length \"five\"" },
	{ "two Content-Lengths",
	  { .say = OK "Content-Length: 5\r\ncontent-length: 6\r\n\r\n" },
	  0,
	  false,
	  "two Content-Lengths that differ" },
	{ "compressed, though not asked for",
	  { .say = OK "Transfer-Encoding: gzip, chunked\r\n\r\n" },
	  0,
	  false,
	  "Transfer-Encoding \"gzip, chunked\", want chunked or none" },
	{ "a chunk of no size",
	  { .say = OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" },
	  0,
	  false,
	  "bad size of a chunk: \"xyz\"" },
	{ "a chunk longer than it says",
	  { .say = OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n" },
	  0,
	  false,
	  "a chunk is longer than it says" },
	{ "headers without end",
	  { .say = OK, .manner = KIT_ENDLESS, .tail = "X-Filler: 0123456789012345678901234567890\r\n" },
	  0,
	  false,
	  "headers are longer than 32 KB" },
	{ "a header line without end",
	  { .say = OK "X: ", .manner = KIT_ENDLESS, .tail = "01234567890123456" },
	  0,
	  false,
	  "headers are longer than 32 KB" },
	{ "interim answers without end",
	  { .say = "", .manner = KIT_ENDLESS, .tail = "HTTP/1.1 100 Continue\r\n\r\n" },
	  0,
	  false,
	  "headers are longer than 32 KB" },
	{ "a body without end",
	  { .say = OK "\r\n", .manner = KIT_ENDLESS, .tail = "01234567890123456789" },
	  0,
	  false,
	  "body is longer than 4 MB" },
	{ "chunks without end",
	  { .say = OK "Transfer-Encoding: chunked\r\n\r\n", .manner = KIT_ENDLESS, .tail = "1\r\nx\r\n" },
	  0,
	  false,
	  "body is longer than 4 MB" },
	{ "accepts, never answers", { .say = NULL }, KIT_SHORT_MS, false, "no answer within 300 ms" },
	{ "a byte now and then does not outlive it",
	  { .say = OK "X: 0123456789012345678901234567890123456789", .manner = KIT_SLOW },
	  KIT_SHORT_MS,
	  false,
	  "*" },
};

static void
test_answers(void **state)
{
	for (size_t i = 0; i < SL_COUNT(answer_rows); i++) {
		struct conf_http_url url = url_usual();
		struct check_result result = get(&url, &answer_rows[i].line, answer_rows[i].timeout_ms);

		kit_verdict(answer_rows[i].row, &result, answer_rows[i].good, answer_rows[i].text);
		if (answer_rows[i].timeout_ms != 0)
			sl_check(answer_rows[i].row, strstr(result.text, "within 300 ms") != NULL);
	}
}

static void
test_statuses(void **state)
{
	static const struct kit_line moved = { .say = "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n" };
	struct conf_http_url url = { .path = "/" };
	struct check_result result;

	status_allow(&url, 200, 204);
	status_allow(&url, 401, 401);
	result = get(&url, &moved, 0);
	kit_verdict("wanted in words", &result, false, "status 301, want 200-204, 401");
	status_allow(&url, 301, 301);
	result = get(&url, &moved, 0);
	kit_verdict("301 wanted", &result, true, "status 301 in *");
	for (unsigned int i = 0; i < 600; i += 2)
		status_allow(&url, i, i);
	result = get(&url, &(struct kit_line){ .say = "HTTP/1.1 599 x\r\n\r\n" }, 0);
	kit_verdict("more than there is room for", &result, false, "status 599, want 0, 2, 4, 6, *");
}

static void
test_requests(void **state)
{
	static const struct {
		const char *row, *path, *virtualhost;
		enum conf_http_protocol protocol;
		const char *want;
	} rows[] = {
		{ "1.1 to a name", "/a?b=c", "www.example.test:8080", CONF_HTTP_1_1,
		  "GET /a?b=c HTTP/1.1\r\nHost: www.example.test:8080\r\nUser-Agent: sluice\r\nAccept: "
		  "*/*\r\n"
		  "Connection: close\r\n\r\n" },
		{ "1.0 to the address", "/", NULL, CONF_HTTP_1_0,
		  "GET / HTTP/1.0\r\nHost: 127.0.0.1:PORT\r\nUser-Agent: sluice\r\nAccept: */*\r\n"
		  "Connection: close\r\n\r\n" },
	};
	static const struct kit_line lines[] = { { .await = "\r\n\r\n", .say = HELLO }, { NULL } };

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct kit_server *server = kit_server_start(lines);
		struct conf_checker conf = kit_checker(CONF_CHECK_HTTP);
		struct conf_http_url urls[2] = { url_usual(), url_usual() };
		struct check_target target = kit_target("127.0.0.1", kit_server_port(server));
		struct check_result result;
		const char *port = strstr(rows[i].want, "PORT");
		char want[512];

		urls[1].path = rows[i].path;
		urls[1].virtualhost = rows[i].virtualhost;
		conf.http.urls = urls;
		conf.http.url_count = 2;
		conf.http.protocol = rows[i].protocol;
		sl_check_int(rows[i].row, check_kinds[CONF_CHECK_HTTP]->step_count(&conf), 2);
		result = kit_run_step(&conf, &target, 1);
		kit_verdict(rows[i].row, &result, true, "status 200 in *");
		snprintf(want, sizeof(want), "%s", rows[i].want);
		if (port != NULL)
			snprintf(want, sizeof(want), "%.*s%u%s", (int)(port - rows[i].want), rows[i].want,
				 target.port, port + 4);
		sl_check_str(rows[i].row, kit_server_heard(server), want);
		kit_server_stop(server);
	}
}

/* MD5 of "hello", as md5sum says it. */
static void
test_digest(void **state)
{
	static const uint8_t md5[16] = { 0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76,
					 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92 };
	static const struct {
		const char *row, *say;
		bool good;
		const char *text;
	} rows[] = {
		{ "counted", HELLO, true, "status 200 in *" },
		{ "chunked", OK "Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", true,
		  "status 200 in *" },
		{ "to the end", OK "\r\nhello", true, "status 200 in *" },
		{ "another body", OK "\r\nhallo", false,
		  "status 200, but the body's digest is 598d4c200461b81522a3328565c25f7c (5 bytes)" },
		{ "no body", OK "Content-Length: 0\r\n\r\n", false,
		  "status 200, but the body's digest is d41d8cd98f00b204e9800998ecf8427e (0 bytes)" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_http_url url = url_usual();
		struct check_result result;

		url.has_digest = true;
		memcpy(url.digest, md5, sizeof(md5));
		result = get(&url, &(struct kit_line){ .say = rows[i].say }, 0);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
	}
}

static void
test_regex(void **state)
{
	static const struct {
		const char *row, *regex;
		uint32_t options, min_offset, max_offset;
		bool no_match;
		const char *body;
		bool good;
		const char *text;
	} rows[] = {
		{ "matches", "^status: (ok|fine)$", PCRE2_MULTILINE, 0, 0, false, "a\nstatus: ok\nb", true,
		  "status 200 in *" },
		{ "does not", "ok", 0, 0, 0, false, "nothing", false,
		  "status 200, but regex does not match the body" },
		{ "no body", "ok", 0, 0, 0, false, "", false,
		  "status 200, but regex does not match the body" },
		{ "case", "OK", PCRE2_CASELESS, 0, 0, false, "ok", true, "status 200 in *" },
		{ "unwanted, and there", "error", 0, 0, 0, true, "an error", false,
		  "status 200, but regex matches the body" },
		{ "unwanted, and not there", "error", 0, 0, 0, true, "fine", true, "status 200 in *" },
		{ "from an offset on", "ok", 0, 1, 0, false, "ok.", false,
		  "status 200, but regex does not match the body" },
		{ "from an offset on, and there", "ok", 0, 1, 0, false, "ok ok", true, "status 200 in *" },
		{ "an offset behind the body", "ok", 0, 100, 0, false, "ok", false,
		  "status 200, but regex does not match the body" },
		{ "up to an offset", "ok", 0, 0, 2, false, "...ok", false,
		  "status 200, but regex does not match the body" },
		{ "up to an offset, and there", "ok", 0, 0, 3, false, "...ok", true, "status 200 in *" },
		{ "UTF", "^gr\xc3\xbc\xc3\x9f.$", PCRE2_UTF, 0, 0, false, "gr\xc3\xbc\xc3\x9f\xc3\xa4", true,
		  "status 200 in *" },
		{ "UTF, and a body that is none", "ok", PCRE2_UTF, 0, 0, false, "\xff\xfe ok", true,
		  "status 200 in *" },
		{ "a regex that is none", "(ok", 0, 0, 0, false, "ok", false,
		  "status 200, but regex is wrong at offset 3: *" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_http_url url = url_usual();
		struct check_result result;
		char say[256];

		url.regex = rows[i].regex;
		url.regex_options = rows[i].options;
		url.regex_min_offset = rows[i].min_offset;
		url.regex_max_offset = rows[i].max_offset;
		url.regex_no_match = rows[i].no_match;
		snprintf(say, sizeof(say), OK "\r\n%s", rows[i].body);
		result = get(&url, &(struct kit_line){ .say = say }, 0);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
	}
}

/* Bodies made for the pattern. That each row ends at all is the test: unbounded, they take years. */
static void
test_regex_hostile(void **state)
{
	static const struct {
		const char *row, *regex;
		unsigned int as;
	} rows[] = {
		{ "nested repetition", "(a+)+b", 60000 },
		{ "alternatives of the same", "^(a|aa)+$", 60000 },
		{ "back-references", "(.*)\\1\\1b", 60000 },
		{ "look-behind and around", "(?=(a+))(\\1)*b", 60000 },
		{ "a little body does", "((a*)*)*b", 40 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		for (int no_match = 0; no_match < 2; no_match++) {
			struct conf_http_url url = url_usual();
			size_t head = strlen(OK "\r\n");
			char *say = malloc(head + rows[i].as + 3);
			struct check_result result;

			memcpy(say, OK "\r\n", head);
			memset(say + head, 'a', rows[i].as);
			memcpy(say + head + rows[i].as, "cb", 3);
			url.regex = rows[i].regex;
			url.regex_no_match = no_match;
			result = get(&url, &(struct kit_line){ .say = say }, 0);
			kit_verdict(rows[i].row, &result, false, "status 200, but regex takes *");
			free(say);
		}
	}
}

/* What is kept of a long body, and how the result says so. */
static void
test_regex_long(void **state)
{
	static const struct {
		const char *row;
		size_t before;
		uint32_t max_offset;
		bool good;
		const char *text;
	} rows[] = {
		{ "within", (64 << 10) - 2, 0, true, "status 200 in *" },
		{ "cut", (64 << 10) - 1, 0, false,
		  "status 200, but regex does not match the first 64 KB of the body" },
		{ "far behind, as regex_max_offset wants", 100000, 100000, true, "status 200 in *" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_http_url url = url_usual();
		size_t head = strlen(OK "\r\n");
		char *say = malloc(head + rows[i].before + 3);
		struct check_result result;

		memcpy(say, OK "\r\n", head);
		memset(say + head, '.', rows[i].before);
		memcpy(say + head + rows[i].before, "ok", 3);
		url.regex = "ok";
		url.regex_max_offset = rows[i].max_offset;
		result = get(&url, &(struct kit_line){ .say = say }, 0);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
		free(say);
	}
}

static void
test_cancel(void **state)
{
	static const struct kit_line lines[] = {
		{ .await = "\r\n\r\n", .say = "HTTP/1.0 200\nContent-Length:2\n\nok", .manner = KIT_SLOW },
		{ NULL },
	};
	struct kit_server *server = kit_server_start(lines);
	struct conf_checker conf = kit_checker(CONF_CHECK_HTTP);
	struct conf_http_url url = url_usual();
	struct check_target target = kit_target("127.0.0.1", kit_server_port(server));

	url.has_digest = true;
	url.regex = "hello";
	conf.http.urls = &url;
	conf.http.url_count = 1;
	kit_cancel_everywhere(&conf, &target);
	kit_server_stop(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),    cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_requests),   cmocka_unit_test(test_digest),
		cmocka_unit_test(test_regex),      cmocka_unit_test(test_regex_hostile),
		cmocka_unit_test(test_regex_long), cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
