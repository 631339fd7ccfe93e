/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DNS query, and whether what came is its answer.
 *
 * An answer is ours by its id and by its question, which a forger off the path
 * has to guess together with our port. A server that refuses may leave the
 * question out (RFC 1035 4.1.1: it could not read the query); one that says
 * that all is well may not.
 */
#include "dns_message.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { FLAG_QR = 0x80, FLAG_RD = 0x01, OPCODE_MASK = 0x78, RCODE_MASK = 0x0f, CLASS_IN = 1 };

const char *const dns_answer_words[DNS_ANSWER_MAX] = {
#define DNS_ANSWER_WORDS(name, words) [DNS_ANSWER_##name] = words,
	DNS_ANSWER_LIST(DNS_ANSWER_WORDS)
#undef DNS_ANSWER_WORDS
};

static const char *const rcodes[] = {
	"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
	"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE",
};

int
dns_query_build(uint8_t query[DNS_QUERY_SIZE], uint16_t id, const char *name, uint16_t type)
{
	uint8_t *at = query + DNS_HEADER_SIZE;

	memset(query, 0, DNS_HEADER_SIZE);
	query[0] = (uint8_t)(id >> 8);
	query[1] = (uint8_t)id;
	query[2] = FLAG_RD;
	query[5] = 1; /* one question */
	if (strcmp(name, ".") == 0)
		name = "";
	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > DNS_LABEL_MAX ||
		    at + 1 + label + 1 > query + DNS_HEADER_SIZE + DNS_NAME_MAX)
			return -EINVAL;
		*at++ = (uint8_t)label;
		memcpy(at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	*at++ = 0;
	*at++ = (uint8_t)(type >> 8);
	*at++ = (uint8_t)type;
	*at++ = 0;
	*at++ = CLASS_IN;
	return (int)(at - query);
}

/* Letters of either case are the same; lengths of labels and types are below 'A', or compare as they are. */
static bool
question_same(const uint8_t *query, const uint8_t *answer, size_t query_len)
{
	for (size_t i = DNS_HEADER_SIZE; i < query_len; i++) {
		if (i < query_len - 4 ? tolower(query[i]) != tolower(answer[i]) : query[i] != answer[i])
			return false;
	}
	return true;
}

enum dns_answer
dns_answer_check(const uint8_t *query, size_t query_len, const uint8_t *answer, size_t len,
		 unsigned int *ret_rcode)
{
	unsigned int rcode;
	bool question;

	if (len < DNS_HEADER_SIZE)
		return DNS_ANSWER_SHORT;
	if (answer[0] != query[0] || answer[1] != query[1])
		return DNS_ANSWER_OTHER_ID;
	if (!(answer[2] & FLAG_QR) || (answer[2] & OPCODE_MASK) != 0)
		return DNS_ANSWER_NO_ANSWER;
	rcode = answer[3] & RCODE_MASK;
	question = answer[4] != 0 || answer[5] != 0;
	if (question && len < query_len)
		return DNS_ANSWER_SHORT;
	if (question ? answer[4] != 0 || answer[5] != 1 || !question_same(query, answer, query_len)
		     : rcode == 0)
		return DNS_ANSWER_OTHER_QUESTION;
	*ret_rcode = rcode;
	return DNS_ANSWER_OURS;
}

const char *
dns_rcode_name(unsigned int rcode)
{
	return rcode < sizeof(rcodes) / sizeof(rcodes[0]) ? rcodes[rcode] : NULL;
}
