/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The regex of an HTTP_GET's url.
 *
 * A body can be made so that a careless pattern, (a+)+b, takes years. PCRE2's
 * own limit of steps is no bound of time: it counts anew at every place where a
 * match may begin, and one step that compares a back-reference may look at the
 * whole body. So a callout before each item of the pattern looks at the
 * thread's CPU time (which a busy machine does not shorten) now and then, and
 * ends the match when it is used up.
 *
 * The pattern is compiled for each body: that costs some microseconds, and
 * nothing of it has to be kept, shared and freed with a configuration.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "check_regex.h"

#include <pcre2.h>
#include <stdio.h>
#include <time.h>

/* The clock is a system call. */
enum { STEPS_A_LOOK = 256 };

struct budget {
	uint64_t end_us;
	unsigned int steps;
};

static uint64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int
step_count(pcre2_callout_block *block, void *context)
{
	struct budget *budget = context;

	if (++budget->steps % STEPS_A_LOOK != 0 || cpu_us() < budget->end_us)
		return 0;
	return PCRE2_ERROR_CALLOUT;
}

static pcre2_code *
regex_compile(const struct conf_http_url *url, char ret_text[CHECK_TEXT_SIZE])
{
	uint32_t options = url->regex_options | PCRE2_AUTO_CALLOUT | PCRE2_USE_OFFSET_LIMIT;
	PCRE2_SIZE offset;
	char reason[80];
	pcre2_code *code;
	int err;

	if (options & PCRE2_UTF)
		options |= PCRE2_MATCH_INVALID_UTF;
	code = pcre2_compile((PCRE2_SPTR)url->regex, PCRE2_ZERO_TERMINATED, options, &err, &offset, NULL);
	if (code == NULL) {
		pcre2_get_error_message(err, (PCRE2_UCHAR *)reason, sizeof(reason));
		snprintf(ret_text, CHECK_TEXT_SIZE, "regex is wrong at offset %zu: %s", offset, reason);
	}
	return code;
}

/* PCRE2's answer: a match (>= 0), PCRE2_ERROR_NOMATCH, or that it gave up. */
static int
regex_match(const pcre2_code *code, const struct conf_http_url *url, const char *body, size_t len)
{
	struct budget budget = { .end_us = cpu_us() + CHECK_REGEX_MS * 1000 };
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int rc = PCRE2_ERROR_NOMEMORY;

	if (context != NULL && data != NULL) {
		pcre2_set_callout(context, step_count, &budget);
		pcre2_set_match_limit(context, UINT32_MAX);
		pcre2_set_depth_limit(context, UINT32_MAX);
		pcre2_set_heap_limit(context, CHECK_REGEX_KB);
		if (url->regex_max_offset > 0)
			pcre2_set_offset_limit(context, url->regex_max_offset);
		rc = PCRE2_ERROR_NOMATCH;
		if (url->regex_min_offset <= len)
			rc = pcre2_match(code, (PCRE2_SPTR)body, len, url->regex_min_offset, 0, data,
					 context);
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(context);
	return rc;
}

bool
check_regex_good(const struct conf_http_url *url, const char *body, size_t len, bool cut,
		 char ret_text[CHECK_TEXT_SIZE])
{
	pcre2_code *code = regex_compile(url, ret_text);
	char reason[80], where[48] = "the body";
	int rc;

	if (code == NULL)
		return false;
	rc = regex_match(code, url, body, len);
	pcre2_code_free(code);
	if (cut)
		snprintf(where, sizeof(where), "the first %zu KB of the body", len >> 10);
	if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH) {
		bool matches = rc >= 0;

		snprintf(ret_text, CHECK_TEXT_SIZE, "regex %s %s", matches ? "matches" : "does not match",
			 where);
		return matches != url->regex_no_match;
	}
	if (rc == PCRE2_ERROR_CALLOUT) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "regex takes longer than %u ms on %s", CHECK_REGEX_MS,
			 where);
	} else if (rc == PCRE2_ERROR_HEAPLIMIT) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "regex takes more than %u KB on %s", CHECK_REGEX_KB,
			 where);
	} else {
		pcre2_get_error_message(rc, (PCRE2_UCHAR *)reason, sizeof(reason));
		snprintf(ret_text, CHECK_TEXT_SIZE, "regex fails on %s: %s", where, reason);
	}
	return false;
}
