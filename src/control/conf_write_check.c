/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server's health as text: one function for what all checks have, one for
 * each kind's own.
 */
#include "conf_dns.h"
#include "conf_regex.h"
#include "conf_write_private.h"

#include <stdlib.h>
#include <string.h>

static void checker(FILE *out, const char *indent, const struct conf_checker *check);
static void timing(FILE *out, const char *indent, const struct conf_checker *check);
static void connection(FILE *out, const char *indent, const struct conf_connect *connect);
static void agent(FILE *out, const char *indent, const struct conf_agent *agent);
static void http(FILE *out, const char *indent, const struct conf_checker *check);
static void url(FILE *out, const char *indent, const struct conf_http_url *url);
static void smtp(FILE *out, const char *indent, const struct conf_checker *check);
static void dns(FILE *out, const char *indent, const struct conf_checker *check);
static void udp(FILE *out, const char *indent, const struct conf_checker *check);
static void misc(FILE *out, const char *indent, const struct conf_checker *check);
static void file(FILE *out, const char *indent, const struct conf_checker *check);
static void bytes(FILE *out, const uint8_t *data, const uint8_t *mask, uint32_t count);
static void text(FILE *out, const char *indent, const char *keyword, const char *value);
static char *command(const struct conf_script *script);

/* What a kind writes of its own; NULL: nothing. */
static void (*const kinds[CONF_CHECK_MAX])(FILE *out, const char *indent,
					   const struct conf_checker *check) = {
	[CONF_CHECK_HTTP] = http, [CONF_CHECK_SSL] = http,  [CONF_CHECK_SMTP] = smtp, [CONF_CHECK_DNS] = dns,
	[CONF_CHECK_UDP] = udp,   [CONF_CHECK_MISC] = misc, [CONF_CHECK_FILE] = file,
};

void
conf_write_health(FILE *out, const char *indent, const struct conf_health *health)
{
	if (health->inhibit_on_failure)
		fprintf(out, "%sinhibit_on_failure on\n", indent);
	conf_write_script(out, indent, "notify_up", health->notify_up);
	conf_write_script(out, indent, "notify_down", health->notify_down);
	for (unsigned int i = 0; i < health->check_count; i++)
		checker(out, indent, &health->checks[i]);
	if (health->agent != NULL)
		agent(out, indent, health->agent);
}

void
conf_write_time(FILE *out, const char *indent, const char *keyword, uint32_t ms)
{
	char decimals[8] = "";

	if (ms % 1000 != 0) {
		snprintf(decimals, sizeof(decimals), ".%03u", ms % 1000);
		for (size_t len = strlen(decimals); decimals[len - 1] == '0'; len--)
			decimals[len - 1] = '\0';
	}
	fprintf(out, "%s%s %u%s\n", indent, keyword, ms / 1000, decimals);
}

void
conf_write_script(FILE *out, const char *indent, const char *keyword, const struct conf_script *script)
{
	char *line;

	if (script == NULL)
		return;
	line = command(script);
	if (line == NULL)
		return;
	fprintf(out, "%s%s", indent, keyword);
	conf_write_word(out, line);
	fprintf(out, " %u %u\n", script->uid, script->gid);
	free(line);
}

void
conf_write_command(FILE *out, const char *indent, const char *keyword, const struct conf_script *script)
{
	char *line = command(script);

	if (line == NULL)
		return;
	fputs(indent, out);
	conf_write_quoted(out, keyword, line);
	free(line);
}

static void
checker(FILE *out, const char *indent, const struct conf_checker *check)
{
	static const char *const keywords[CONF_CHECK_MAX] = {
#define X(name, keyword) keyword,
		CONF_CHECK_LIST(X)
#undef X
	};
	char inside[64];

	snprintf(inside, sizeof(inside), "%s    ", indent);
	fprintf(out, "%s%s {\n", indent, keywords[check->type]);
	if (kinds[check->type] != NULL)
		kinds[check->type](out, inside, check);
	timing(out, inside, check);
	if (check->type != CONF_CHECK_MISC && check->type != CONF_CHECK_FILE) {
		connection(out, inside, &check->connect);
		if (check->connect.via_dataplane)
			fprintf(out, "%scheck_via_dataplane on\n", inside);
	}
	fprintf(out, "%s}\n", indent);
}

static void
timing(FILE *out, const char *indent, const struct conf_checker *check)
{
	conf_write_time(out, indent, "delay_loop", check->delay_loop_ms);
	fprintf(out, "%sretry %u\n", indent, check->retry);
	conf_write_time(out, indent, "delay_before_retry", check->delay_before_retry_ms);
	if (check->warmup_ms != check->delay_loop_ms)
		conf_write_time(out, indent, "warmup", check->warmup_ms);
	if (check->rise != 1)
		fprintf(out, "%srise %u\n", indent, check->rise);
	if (check->alpha)
		fprintf(out, "%salpha on\n", indent);
	if (check->log_all_failures)
		fprintf(out, "%slog_all_failures on\n", indent);
}

static void
connection(FILE *out, const char *indent, const struct conf_connect *connect)
{
	char addr[SL_ADDR_STRLEN];

	conf_write_time(out, indent, "connect_timeout", connect->timeout_ms);
	if (connect->name != NULL)
		fprintf(out, "%sconnect_ip %s\n", indent, connect->name);
	else if (!sl_addr_is_none(&connect->ip))
		fprintf(out, "%sconnect_ip %s\n", indent, sl_addr_format(&connect->ip, addr));
	if (connect->port != 0)
		fprintf(out, "%sconnect_port %u\n", indent, connect->port);
	if (!sl_addr_is_none(&connect->bindto))
		fprintf(out, "%sbindto %s\n", indent, sl_addr_format(&connect->bindto, addr));
	if (connect->bind_port != 0)
		fprintf(out, "%sbind_port %u\n", indent, connect->bind_port);
	text(out, indent, "bind_if", connect->bind_if);
	if (connect->fwmark != 0)
		fprintf(out, "%sfwmark %u\n", indent, connect->fwmark);
}

static void
agent(FILE *out, const char *indent, const struct conf_agent *from)
{
	char inside[64];

	snprintf(inside, sizeof(inside), "%s    ", indent);
	fprintf(out, "%sAGENT_CHECK {\n", indent);
	conf_write_time(out, inside, "delay_loop", from->delay_loop_ms);
	connection(out, inside, &from->connect);
	text(out, inside, "send", from->send);
	text(out, inside, "secret", from->secret);
	fprintf(out, "%s}\n", indent);
}

static void
http(FILE *out, const char *indent, const struct conf_checker *check)
{
	const struct conf_http *from = &check->http;

	for (unsigned int i = 0; i < from->url_count; i++)
		url(out, indent, &from->urls[i]);
	if (from->protocol == CONF_HTTP_1_1)
		fprintf(out, "%shttp_protocol 1.1\n", indent);
	if (from->fast_recovery)
		fprintf(out, "%sfast_recovery on\n", indent);
	if (from->sni && check->type == CONF_CHECK_SSL)
		fprintf(out, "%senable_sni on\n", indent);
	text(out, indent, "sni_name", from->sni_name);
	if (from->verify)
		fprintf(out, "%stls_verify on\n", indent);
}

static void
url(FILE *out, const char *indent, const struct conf_http_url *from)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} options[] = {
#define X(word, bit) { word, bit },
		CONF_REGEX_OPTION_LIST(X)
#undef X
	};
	char inside[64];

	snprintf(inside, sizeof(inside), "%s    ", indent);
	fprintf(out, "%surl {\n", indent);
	text(out, inside, "path", from->path);
	text(out, inside, "virtualhost", from->virtualhost);
	fprintf(out, "%sstatus_code", inside);
	for (unsigned int code = 0; code < 600; code++) {
		unsigned int last = code;

		if ((from->status[code / 8] & 1 << code % 8) == 0)
			continue;
		while (last < 599 && (from->status[(last + 1) / 8] & 1 << (last + 1) % 8) != 0)
			last++;
		if (last > code)
			fprintf(out, " %u-%u", code, last);
		else
			fprintf(out, " %u", code);
		code = last;
	}
	fputc('\n', out);
	if (from->has_digest) {
		fprintf(out, "%sdigest ", inside);
		for (size_t i = 0; i < sizeof(from->digest); i++)
			fprintf(out, "%02x", from->digest[i]);
		fputc('\n', out);
	}
	text(out, inside, "regex", from->regex);
	if (from->regex_no_match)
		fprintf(out, "%sregex_no_match on\n", inside);
	if (from->regex_options != 0) {
		fprintf(out, "%sregex_options", inside);
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			if ((from->regex_options & options[i].bit) != 0)
				fprintf(out, " %s", options[i].word);
		}
		fputc('\n', out);
	}
	if (from->regex_min_offset != 0)
		fprintf(out, "%sregex_min_offset %u\n", inside, from->regex_min_offset);
	if (from->regex_max_offset != 0)
		fprintf(out, "%sregex_max_offset %u\n", inside, from->regex_max_offset);
	fprintf(out, "%s}\n", indent);
}

static void
smtp(FILE *out, const char *indent, const struct conf_checker *check)
{
	char inside[64];

	snprintf(inside, sizeof(inside), "%s    ", indent);
	text(out, indent, "helo_name", check->smtp.helo_name);
	for (unsigned int i = 0; i < check->smtp.host_count; i++) {
		fprintf(out, "%shost {\n", indent);
		connection(out, inside, &check->smtp.hosts[i].connect);
		fprintf(out, "%s}\n", indent);
	}
}

static void
dns(FILE *out, const char *indent, const struct conf_checker *check)
{
	static const struct {
		const char *name;
		uint16_t type;
	} types[] = {
#define X(name, type) { name, type },
		CONF_DNS_TYPE_LIST(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type == check->dns.type)
			fprintf(out, "%stype %s\n", indent, types[i].name);
	}
	text(out, indent, "name", check->dns.name);
}

static void
udp(FILE *out, const char *indent, const struct conf_checker *check)
{
	const struct conf_udp *from = &check->udp;

	if (from->payload_size > 0) {
		fprintf(out, "%spayload", indent);
		bytes(out, from->payload, NULL, from->payload_size);
	}
	if (!from->require_reply)
		return;
	fprintf(out, "%srequire_reply", indent);
	bytes(out, from->reply_data, from->reply_mask, from->reply_size);
	fprintf(out, "%smin_reply_length %u\n%smax_reply_length %u\n", indent, from->min_reply_size, indent,
		from->max_reply_size);
}

static void
misc(FILE *out, const char *indent, const struct conf_checker *check)
{
	const struct conf_misc *from = &check->misc;
	char *line = command(&from->script);

	if (line != NULL)
		text(out, indent, "misc_path", line);
	free(line);
	fprintf(out, "%suser %u %u\n", indent, from->script.uid, from->script.gid);
	conf_write_time(out, indent, "misc_timeout", from->timeout_ms);
	if (from->dynamic)
		fprintf(out, "%smisc_dynamic on\n", indent);
}

static void
file(FILE *out, const char *indent, const struct conf_checker *check)
{
	const struct conf_file_check *from = &check->file;

	text(out, indent, "track_file", from->name);
	fprintf(out, "%sweight %d%s\n", indent, from->weight, from->reverse ? " reverse" : "");
	if (!from->dynamic)
		fprintf(out, "%sdynamic off\n", indent);
}

/* Half a byte that does not matter is an x. */
static void
bytes(FILE *out, const uint8_t *data, const uint8_t *mask, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		unsigned int bits = mask == NULL ? 0xff : mask[i];

		fputc(' ', out);
		fputc((bits & 0xf0) != 0 ? "0123456789abcdef"[data[i] >> 4] : 'x', out);
		fputc((bits & 0x0f) != 0 ? "0123456789abcdef"[data[i] & 15] : 'x', out);
	}
	fputc('\n', out);
}

static void
text(FILE *out, const char *indent, const char *keyword, const char *value)
{
	if (value == NULL)
		return;
	fputs(indent, out);
	conf_write_quoted(out, keyword, value);
}

/* The arguments as one text that the loader cuts into the same. To be freed; NULL: out of memory. */
static char *
command(const struct conf_script *script)
{
	char *line = NULL;
	size_t size;
	FILE *memory = open_memstream(&line, &size);

	if (memory == NULL)
		return NULL;
	for (char **arg = script->argv; *arg != NULL; arg++) {
		bool plain = **arg != '\0' && strpbrk(*arg, " \t\n'\"\\") == NULL;

		fputs(arg == script->argv ? "" : " ", memory);
		fputs(plain ? "" : "\"", memory);
		for (const char *c = *arg; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				fputc('\\', memory);
			fputc(*c, memory);
		}
		fputs(plain ? "" : "\"", memory);
	}
	return fclose(memory) == 0 ? line : NULL;
}
