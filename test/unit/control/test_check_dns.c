/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS_CHECK: what is asked, which answers count, and which are passed over.
 */
#include "test_check_kit.h"

#include "dns_message.h"

#include <stdio.h>
#include <unistd.h>

enum { TYPE_A = 1, TYPE_SOA = 6 };

/* How a server bends its answer. */
enum bend {
	BEND_ID = 1 << 0,
	BEND_NO_QR = 1 << 1,
	BEND_NAME = 1 << 2,
	BEND_TYPE = 1 << 3,
	BEND_NO_QUESTION = 1 << 4,
	BEND_SHORT = 1 << 5,
	BEND_TINY = 1 << 6,
	BEND_CASE = 1 << 7,
	BEND_EMPTY = 1 << 8,
};

/* What a server sends: one answer after the other. */
struct plan {
	unsigned int count;
	struct {
		unsigned int bend, rcode;
	} answers[4];
};

static int
answer_plan(const uint8_t *query, int len, uint8_t *answer, unsigned int number, void *context)
{
	const struct plan *plan = context;
	unsigned int bend;

	if (number >= plan->count)
		return -1;
	bend = plan->answers[number].bend;
	memcpy(answer, query, (size_t)len);
	answer[0] ^= (bend & BEND_ID) != 0;
	answer[2] |= bend & BEND_NO_QR ? 0 : 0x84;
	answer[3] = (uint8_t)(0x80 | plan->answers[number].rcode);
	if (bend & BEND_NAME)
		answer[13] ^= 1;
	if (bend & BEND_CASE)
		answer[13] ^= 0x20;
	if (bend & BEND_TYPE)
		answer[len - 3] ^= 1;
	if (bend & BEND_NO_QUESTION) {
		answer[5] = 0;
		return DNS_HEADER_SIZE;
	}
	if (bend & BEND_EMPTY)
		return 0;
	return bend & BEND_TINY ? 3 : bend & BEND_SHORT ? len - 1 : len;
}

static void
test_answers(void **state)
{
	static const struct {
		const char *row;
		struct plan plan;
		bool good;
		const char *text;
	} rows[] = {
		{ "all well", { 1, { { 0, 0 } } }, true, "answered in *" },
		{ "letters in the other case", { 1, { { BEND_CASE, 0 } } }, true, "answered in *" },
		{ "RCODE 2", { 1, { { 0, 2 } } }, false, "answer SERVFAIL, want NOERROR" },
		{ "RCODE 3", { 1, { { 0, 3 } } }, false, "answer NXDOMAIN, want NOERROR" },
		{ "RCODE 5, without the question",
		  { 1, { { BEND_NO_QUESTION, 5 } } },
		  false,
		  "answer REFUSED, want NOERROR" },
		{ "RCODE 15", { 1, { { 0, 15 } } }, false, "answer with RCODE 15, want 0" },
		{ "forged ones before it",
		  { 4, { { BEND_ID, 3 }, { BEND_NAME, 2 }, { BEND_TINY, 0 }, { 0, 0 } } },
		  true,
		  "answered in *" },
		{ "another id",
		  { 1, { { BEND_ID, 0 } } },
		  false,
		  "no good answer within 300 ms; 1 passed over, the last of another id" },
		{ "the query itself",
		  { 1, { { BEND_NO_QR, 0 } } },
		  false,
		  "no good answer within 300 ms; 1 passed over, the last not an answer" },
		{ "another name",
		  { 1, { { BEND_NAME, 0 } } },
		  false,
		  "no good answer within 300 ms; 1 passed over, the last to another question" },
		{ "another type",
		  { 1, { { BEND_TYPE, 0 } } },
		  false,
		  "no good answer within 300 ms; 1 passed over, the last to another question" },
		{ "no question",
		  { 1, { { BEND_NO_QUESTION, 0 } } },
		  false,
		  "no good answer within 300 ms; 1 passed over, the last to another question" },
		{ "cut off in the question",
		  { 2, { { BEND_ID, 0 }, { BEND_SHORT, 0 } } },
		  false,
		  "no good answer within 300 ms; 2 passed over, the last too short" },
		{ "three bytes",
		  { 1, { { BEND_TINY, 0 } } },
		  false,
		  "no good answer within 300 ms; 1 passed over, the last too short" },
		{ "an empty datagram",
		  { 1, { { BEND_EMPTY, 0 } } },
		  false,
		  "no good answer within 300 ms; 1 passed over, the last too short" },
		{ "no answer", { 0 }, false, "no answer within 300 ms" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_checker conf = kit_checker(CONF_CHECK_DNS);
		struct check_target target = kit_target("127.0.0.1", 0);
		struct plan plan = rows[i].plan;
		struct kit_udp *udp = kit_udp_start(answer_plan, &plan, &target.port);
		struct check_result result;

		conf.dns.name = "www.example.test";
		conf.dns.type = TYPE_A;
		if (strstr(rows[i].text, "300 ms") != NULL)
			conf.connect.timeout_ms = KIT_SHORT_MS;
		result = kit_run(&conf, &target);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
		kit_udp_stop(udp);
	}
}

static void
test_refused(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_DNS);
	struct check_target target = kit_target("127.0.0.1", 0);
	struct check_result result;

	close(kit_socket("127.0.0.1", SOCK_DGRAM, &target.port));
	result = kit_run(&conf, &target);
	kit_verdict("nobody there", &result, false, "connection refused");
	conf.dns.name = "two..dots";
	result = kit_run(&conf, &target);
	kit_verdict("a name that is none", &result, false, "name two..dots cannot be asked for");
}

/* The bytes of RFC 1035 4.1; what is not given is ".", SOA. */
static void
test_queries(void **state)
{
	static const char label63[] = "012345678901234567890123456789012345678901234567890123456789012";
	static const struct {
		const char *name;
		uint16_t type;
		int len;
		const char *question;
	} rows[] = {
		{ ".", TYPE_SOA, 17, "\0\0\6\0\1" },
		{ "", TYPE_SOA, 17, "\0\0\6\0\1" },
		{ "a.bc", TYPE_A, 22, "\1a\2bc\0\0\1\0\1" },
		{ "a.bc.", 257, 22, "\1a\2bc\0\1\1\0\1" },
		{ ".a", TYPE_A, -22, NULL },
		{ "a..", TYPE_A, -22, NULL },
	};
	uint8_t query[DNS_QUERY_SIZE];
	char longest[300];

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		static const uint8_t head[DNS_HEADER_SIZE] = { 0x12, 0x34, 1, 0, 0, 1 };
		int len = dns_query_build(query, 0x1234, rows[i].name, rows[i].type);

		sl_check_int(rows[i].name, len, rows[i].len);
		if (len > 0) {
			sl_check(rows[i].name, memcmp(query, head, sizeof(head)) == 0);
			sl_check(rows[i].name, memcmp(query + sizeof(head), rows[i].question,
						      (size_t)len - sizeof(head)) == 0);
		}
	}
	/* 4 labels of 63 are 257 bytes; one letter less in two of them is 255. */
	snprintf(longest, sizeof(longest), "%s.%s.%s.%s", label63, label63, label63, label63);
	assert_int_equal(dns_query_build(query, 1, longest, TYPE_A), -22);
	snprintf(longest, sizeof(longest), "%s.%s.%s.%s", label63, label63, label63, label63 + 2);
	assert_int_equal(dns_query_build(query, 1, longest, TYPE_A), DNS_QUERY_SIZE);
	snprintf(longest, sizeof(longest), "x%s", label63);
	assert_int_equal(dns_query_build(query, 1, longest, TYPE_A), -22);
}

static void
test_cancel(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_DNS);
	struct check_target target = kit_target("127.0.0.1", 0);
	struct plan plan = { 3, { { BEND_ID, 0 }, { BEND_ID, 0 }, { 0, 0 } } };
	struct kit_udp *udp = kit_udp_start(answer_plan, &plan, &target.port);

	conf.dns.type = TYPE_SOA;
	kit_cancel_everywhere(&conf, &target);
	kit_udp_stop(udp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
