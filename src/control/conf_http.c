/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP_GET and SSL_GET: what is asked for, and which answers are good. The
 * object of a `url` block is a struct url_draft; of the others, the check.
 */
#include "conf_checker.h"
#include "conf_regex.h"
#include "conf_value.h"
#include "sl_near.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	TEXT_MAX = 4096,
	NAME_MAX_LEN = 255,
	STATUS_MIN = 100,
	STATUS_MAX = 599,
	OFFSET_MAX = 1 << 30,
};

struct url_draft {
	struct conf_http_url url;
	const struct conf_word *regex, *options, *status, *min_offset;
};

static const struct {
	const char *name;
	uint32_t option;
} regex_options[] = {
#define X(word, bit) { word, bit },
	CONF_REGEX_OPTION_LIST(X)
#undef X
};

static bool status_range_read(struct conf_load *load, const struct conf_word *word, uint8_t status[75]);
static void regex_finish(struct conf_load *load, struct url_draft *self);
static const char *option_name_at(unsigned int i, const void *context);

void
conf_http_begin(struct conf_checker_draft *draft)
{
	draft->http.protocol = CONF_HTTP_1_0;
}

void
conf_build_url(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *check = object;
	struct url_draft self = { .url.path = NULL };
	unsigned int errors = load->faults->errors;

	conf_walk(load, stmt->first, &conf_block_url, &self);
	if (self.url.path == NULL && errors == load->faults->errors && !load->incomplete)
		conf_error(load, &stmt->words[0].place, "url lacks its path, such as path /health");
	if (self.status == NULL) {
		for (unsigned int code = 200; code <= 299; code++)
			self.url.status[code / 8] |= (uint8_t)(1 << code % 8);
	}
	regex_finish(load, &self);
	check->http.urls = conf_arena_grow(load->keep, check->http.urls, check->http.url_count,
					   sizeof(*check->http.urls));
	check->http.urls[check->http.url_count++] = self.url;
}

void
conf_build_path(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct url_draft *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (conf_value_host(load, word, "path", TEXT_MAX, &self->url.path) && word->text[0] != '/')
		conf_error(load, &word->place, "path must begin with \"/\", not %s",
			   conf_show(load, word->text));
}

void
conf_build_url_virtualhost(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct url_draft *self = object;

	conf_value_host(load, &stmt->words[1], "virtualhost", NAME_MAX_LEN, &self->url.virtualhost);
}

/* MD5, as genhash(1) and md5sum(1) print it. */
void
conf_build_digest(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct url_draft *self = object;
	const struct conf_word *word = &stmt->words[1];
	size_t len = strlen(word->text);

	if (!conf_value_defined(load, word))
		return;
	if (len != 2 * sizeof(self->url.digest) || strspn(word->text, "0123456789abcdefABCDEF") != len) {
		conf_error(load, &word->place,
			   "digest must be an MD5 sum, 32 hexadecimal digits, not %s (%zu characters)",
			   conf_show(load, word->text), len);
		return;
	}
	for (size_t i = 0; i < sizeof(self->url.digest); i++) {
		char byte[3] = { word->text[2 * i], word->text[2 * i + 1] };

		self->url.digest[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	self->url.has_digest = true;
}

/* `status_code 200 204-206 ...` */
void
conf_build_status_code(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct url_draft *self = object;

	self->status = &stmt->words[0];
	memset(self->url.status, 0, sizeof(self->url.status));
	for (unsigned int i = 1; i < stmt->word_count; i++) {
		if (!status_range_read(load, &stmt->words[i], self->url.status))
			return;
	}
}

void
conf_build_regex(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct url_draft *self = object;

	self->regex = &stmt->words[1];
	conf_value_keep(load, self->regex, "regex", TEXT_MAX, &self->url.regex);
}

void
conf_build_regex_no_match(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct url_draft *self = object;

	if (conf_value_flag(load, stmt, &self->url.regex_no_match) && self->options == NULL)
		self->options = &stmt->words[0];
}

void
conf_build_regex_options(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const size_t count = sizeof(regex_options) / sizeof(regex_options[0]);
	struct url_draft *self = object;

	self->options = &stmt->words[0];
	self->url.regex_options = 0;
	for (unsigned int i = 1; i < stmt->word_count; i++) {
		const struct conf_word *word = &stmt->words[i];
		const char *near;
		size_t which = 0;

		if (!conf_value_defined(load, word))
			return;
		while (which < count && strcmp(regex_options[which].name, word->text) != 0)
			which++;
		if (which < count) {
			self->url.regex_options |= regex_options[which].option;
			continue;
		}
		near = sl_near_find(word->text, option_name_at, NULL);
		conf_error(load, &word->place, "unknown option of a regex %s%s%s%s",
			   conf_show(load, word->text), near == NULL ? "" : " (did you mean ",
			   near == NULL ? "" : near, near == NULL ? "" : "?)");
	}
}

void
conf_build_regex_offset(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct url_draft *self = object;
	bool is_min = strcmp(stmt->words[0].text, "regex_min_offset") == 0;

	conf_value_number(load, &stmt->words[1], stmt->words[0].text, 0, OFFSET_MAX,
			  is_min ? &self->url.regex_min_offset : &self->url.regex_max_offset);
	self->min_offset = &stmt->words[0];
}

void
conf_build_http_protocol(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(word->text, "1.0") == 0 || strcasecmp(word->text, "1.0C") == 0)
		self->http.protocol = CONF_HTTP_1_0;
	else if (strcmp(word->text, "1.1") == 0)
		self->http.protocol = CONF_HTTP_1_1;
	else if (conf_value_defined(load, word))
		conf_error(load, &word->place, "http_protocol must be 1.0, 1.0C or 1.1, not %s",
			   conf_show(load, word->text));
}

void
conf_build_fast_recovery(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_flag(load, stmt, &self->http.fast_recovery);
}

void
conf_build_enable_sni(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_flag(load, stmt, &self->http.sni);
}

void
conf_build_sni_name(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_host(load, &stmt->words[1], "sni_name", NAME_MAX_LEN, &self->http.sni_name);
}

void
conf_build_tls_verify(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_bool(load, &stmt->words[1], "tls_verify", &self->http.verify);
}

void
conf_http_finish(struct conf_load *load, const struct conf_checker_draft *draft,
		 const struct conf_scope *scope, const struct conf_real *real,
		 struct conf_checker *ret_checker)
{
	const struct conf_inherit *const around[] = { scope->check, scope->real, scope->service };
	struct conf_http *http = &ret_checker->http;
	const char *virtualhost = NULL;
	bool nameless = false;

	*http = draft->http;
	http->sni |= http->sni_name != NULL;
	if (http->url_count == 0) {
		if (!draft->bad)
			conf_error(load, &draft->keyword->place, "%s lacks a url { path ... }",
				   draft->keyword->text);
		return;
	}
	for (size_t i = 0; virtualhost == NULL && i < sizeof(around) / sizeof(around[0]); i++)
		virtualhost = around[i]->virtualhost;
	/* The draft may serve the servers of a group once more: it stays as it was read. */
	http->urls = conf_arena_alloc(load->keep, http->url_count * sizeof(*http->urls));
	memcpy(http->urls, draft->http.urls, http->url_count * sizeof(*http->urls));
	for (unsigned int i = 0; i < http->url_count; i++) {
		if (http->urls[i].virtualhost == NULL)
			http->urls[i].virtualhost = virtualhost;
		nameless |= http->urls[i].virtualhost == NULL;
	}
	if (http->verify && http->sni_name == NULL && nameless)
		conf_warn(load, &draft->keyword->place,
			  "tls_verify has no name to compare the certificate with: give sni_name or "
			  "virtualhost");
}

static bool
status_range_read(struct conf_load *load, const struct conf_word *word, uint8_t status[75])
{
	unsigned int first, last;
	int used = 0;

	if (!conf_value_defined(load, word))
		return false;
	if (sscanf(word->text, "%3u-%3u%n", &first, &last, &used) < 2 || used == 0) {
		if (sscanf(word->text, "%3u%n", &first, &used) < 1)
			used = 0;
		last = first;
	}
	if (used == 0 || word->text[used] != '\0' || word->text[0] < '0' || word->text[0] > '9' ||
	    first < STATUS_MIN || last > STATUS_MAX) {
		conf_error(
			load, &word->place,
			"status_code must be codes from %d to %d or ranges of them, such as 200-299, not %s",
			STATUS_MIN, STATUS_MAX, conf_show(load, word->text));
		return false;
	}
	if (first > last) {
		conf_error(load, &word->place, "status_code: the range %u-%u runs backwards", first, last);
		return false;
	}
	for (unsigned int code = first; code <= last; code++)
		status[code / 8] |= (uint8_t)(1 << code % 8);
	return true;
}

/* Compiles it once, to see whether it can be. */
static void
regex_finish(struct conf_load *load, struct url_draft *self)
{
	struct conf_http_url *url = &self->url;
	const struct conf_word *needless = self->options != NULL ? self->options : self->min_offset;
	PCRE2_SIZE offset;
	pcre2_code *code;
	int error;

	if (self->regex == NULL) {
		if (needless != NULL)
			conf_warn(load, &needless->place, "\"%s\" has no effect: the url has no regex",
				  needless->text);
		return;
	}
	if (url->regex == NULL)
		return;
	if (url->regex_max_offset > 0 && url->regex_min_offset > url->regex_max_offset)
		conf_error(load, &self->min_offset->place,
			   "regex_min_offset %u is more than regex_max_offset %u: nothing can match",
			   url->regex_min_offset, url->regex_max_offset);
	if (url->regex_max_offset > 0)
		url->regex_options |= PCRE2_USE_OFFSET_LIMIT;
	code = pcre2_compile((PCRE2_SPTR)url->regex, PCRE2_ZERO_TERMINATED, url->regex_options, &error,
			     &offset, NULL);
	if (code == NULL) {
		char text[120] = "";

		pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
		conf_error(load, &self->regex->place, "regex %s is wrong at its character %zu: %s",
			   conf_show(load, url->regex), offset + 1, text);
	}
	pcre2_code_free(code);
}

static const char *
option_name_at(unsigned int i, const void *context)
{
	return i < sizeof(regex_options) / sizeof(regex_options[0]) ? regex_options[i].name : NULL;
}
