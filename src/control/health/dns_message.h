/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DNS query, and whether what came is its answer (RFC 1035 4.1). Pure. Any
 * thread.
 */
#ifndef SLUICE_DNS_MESSAGE_H
#define SLUICE_DNS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

/* Header, longest name, type and class. */
enum {
	DNS_HEADER_SIZE = 12,
	DNS_QUERY_SIZE = DNS_HEADER_SIZE + 255 + 4,
	DNS_LABEL_MAX = 63,
	DNS_NAME_MAX = 255
};

/* X(enum suffix, what stands in a result) */
#define DNS_ANSWER_LIST(X)                                                                                   \
	X(OURS, "it")                                                                                        \
	X(SHORT, "too short")                                                                                \
	X(OTHER_ID, "of another id")                                                                         \
	X(NO_ANSWER, "not an answer")                                                                        \
	X(OTHER_QUESTION, "to another question")

enum dns_answer {
#define DNS_ANSWER_ENUM(name, words) DNS_ANSWER_##name,
	DNS_ANSWER_LIST(DNS_ANSWER_ENUM)
#undef DNS_ANSWER_ENUM
		DNS_ANSWER_MAX
};

extern const char *const dns_answer_words[DNS_ANSWER_MAX];

/* Its length, or -EINVAL: the name has an empty label, or one or all of it is too long. */
int dns_query_build(uint8_t query[DNS_QUERY_SIZE], uint16_t id, const char *name, uint16_t type);
/* DNS_ANSWER_OURS: and how it went is in ret_rcode. */
enum dns_answer dns_answer_check(const uint8_t *query, size_t query_len, const uint8_t *answer, size_t len,
				 unsigned int *ret_rcode);
/* "NXDOMAIN", or NULL when it has no name. */
const char *dns_rcode_name(unsigned int rcode);

#endif
