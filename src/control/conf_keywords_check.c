/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords inside checks, as keepalived has them, and a few of our own
 * (fall, rise, check_via_dataplane, tls_verify). conf_keywords.h says what the
 * columns mean. Constant tables.
 */
#include "conf_keywords_check.h"

#define CHECK_REASON "this check is not built yet"

/* Inside a checker the warning of its block has said it all. */
#define KNOWN(keyword)                                                                                       \
	{                                                                                                    \
		keyword, CONF_NO_EFFECT, CHECK_REASON                                                        \
	}

#define KNOWN_OF_ALL                                                                                         \
	KNOWN("alpha"), KNOWN("connect_timeout"), KNOWN("retry"), KNOWN("delay_before_retry"),               \
		KNOWN("warmup"), KNOWN("delay_loop"), KNOWN("log_all_failures")

#define KNOWN_OF_CONNECTIONS                                                                                 \
	KNOWN("connect_ip"), KNOWN("connect_port"), KNOWN("bindto"), KNOWN("bind_if"), KNOWN("bind_port"),   \
		KNOWN("fwmark"), KNOWN_OF_ALL

#define KNOWN_OF_HTTP                                                                                        \
	KNOWN("http_protocol"), KNOWN("fast_recovery"), KNOWN("virtualhost"), KNOWN("nb_get_retry"),         \
		{ "url", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_url }, KNOWN_OF_CONNECTIONS

#define ONE(keyword, text, build)                                                                            \
	{                                                                                                    \
		keyword, CONF_SUPPORTED, keyword " " text, build, 1, 1, CONF_BRACES_NO                       \
	}
#define SWITCH(keyword, build)                                                                               \
	{                                                                                                    \
		keyword, CONF_SUPPORTED, keyword " [on|off]", build, 0, 1, CONF_BRACES_NO                    \
	}

#define OF_CONNECTIONS                                                                                       \
	ONE("connect_ip", "ADDRESS|NAME", conf_build_connect_ip),                                            \
		ONE("connect_port", "PORT", conf_build_connect_port),                                        \
		ONE("bindto", "ADDRESS", conf_build_bindto), ONE("bind_port", "PORT", conf_build_bind_port), \
		ONE("bind_if", "INTERFACE", conf_build_bind_if), ONE("fwmark", "NUMBER", conf_build_fwmark)

#define OF_CHECKS OF_CONNECTIONS, CONF_KEYWORDS_OF_CHECKS, CONF_KEYWORD_VIA_DATAPLANE

static const struct conf_keyword checker_tcp[] = { OF_CHECKS, { 0 } };
static const struct conf_keyword checker_ping[] = { OF_CHECKS, { 0 } };

static const struct conf_keyword url[] = {
	ONE("path", "PATH", conf_build_path),
	{ "status_code", CONF_SUPPORTED, "status_code CODE[-CODE] ...", conf_build_status_code, 1,
	  CONF_ARGS_ANY, CONF_BRACES_NO },
	ONE("digest", "MD5-SUM", conf_build_digest),
	ONE("virtualhost", "NAME", conf_build_url_virtualhost),
	ONE("regex", "PATTERN", conf_build_regex),
	SWITCH("regex_no_match", conf_build_regex_no_match),
	{ "regex_options", CONF_SUPPORTED, "regex_options OPTION ...", conf_build_regex_options, 1,
	  CONF_ARGS_ANY, CONF_BRACES_NO },
	ONE("regex_min_offset", "BYTES", conf_build_regex_offset),
	ONE("regex_max_offset", "BYTES", conf_build_regex_offset),
	{ "regex_stack", CONF_NO_EFFECT, "a pattern takes what memory it needs, within a bound" },
	{ "tls_compliant", CONF_NO_EFFECT, "a check ends its TLS connection as the protocol wants it" },
	{ 0 },
};

#define OF_HTTP                                                                                              \
	{                                                                                                    \
		"url",           CONF_SUPPORTED, "url { path PATH ... }", conf_build_url, 0, 0,              \
		CONF_BRACES_YES, .many = true                                                                \
	},                                                                                                   \
		ONE("http_protocol", "1.0|1.0C|1.1", conf_build_http_protocol),                              \
		SWITCH("fast_recovery", conf_build_fast_recovery),                                           \
		ONE("virtualhost", "NAME", conf_build_virtualhost),                                          \
		CONF_KEYWORD_INHERITED("nb_get_retry", "COUNT"), OF_CHECKS

static const struct conf_keyword checker_http[] = { OF_HTTP, { 0 } };

static const struct conf_keyword checker_misc[] = {
	{ "misc_path", CONF_SUPPORTED, "misc_path \"COMMAND [ARG ...]\"", conf_build_misc_path, 1,
	  CONF_ARGS_ANY, CONF_BRACES_NO },
	ONE("misc_timeout", "SECONDS", conf_build_misc_timeout),
	SWITCH("misc_dynamic", conf_build_misc_dynamic),
	{ "user", CONF_SUPPORTED, "user NAME [GROUP]", conf_build_misc_user, 1, 3, CONF_BRACES_NO },
	CONF_KEYWORDS_OF_SCHEDULE,
	{ 0 },
};

static const struct conf_keyword checker_ssl[] = {
	KNOWN("enable_sni"), KNOWN("sni_name"), KNOWN("tls_compliant"), KNOWN_OF_HTTP, { 0 }
};
static const struct conf_keyword smtp_host[] = { KNOWN_OF_CONNECTIONS, { 0 } };
static const struct conf_block block_smtp_host = { "in host", smtp_host };
static const struct conf_keyword checker_smtp[] = {
	KNOWN("helo_name"),
	{ "host", CONF_NO_EFFECT, CHECK_REASON, .inside = &block_smtp_host },
	KNOWN_OF_CONNECTIONS,
	{ 0 },
};
static const struct conf_keyword checker_dns[] = {
	KNOWN("type"), KNOWN("name"), KNOWN_OF_CONNECTIONS, { 0 }
};
static const struct conf_keyword checker_bfd[] = { KNOWN("name"), KNOWN("alpha"), { 0 } };
static const struct conf_keyword checker_udp[] = { KNOWN("payload"),          KNOWN("require_reply"),
						   KNOWN("min_reply_length"), KNOWN("max_reply_length"),
						   KNOWN_OF_CONNECTIONS,      { 0 } };
static const struct conf_keyword checker_file[] = {
	KNOWN("track_file"), KNOWN("dynamic"), KNOWN("weight"), { 0 }
};

const struct conf_block conf_block_checker_tcp = { "in TCP_CHECK", checker_tcp };
const struct conf_block conf_block_checker_http = { "in HTTP_GET", checker_http };
const struct conf_block conf_block_url = { "in url", url };
const struct conf_block conf_block_checker_ssl = { "in SSL_GET", checker_ssl };
const struct conf_block conf_block_checker_smtp = { "in SMTP_CHECK", checker_smtp };
const struct conf_block conf_block_checker_dns = { "in DNS_CHECK", checker_dns };
const struct conf_block conf_block_checker_misc = { "in MISC_CHECK", checker_misc };
const struct conf_block conf_block_checker_bfd = { "in BFD_CHECK", checker_bfd };
const struct conf_block conf_block_checker_ping = { "in PING_CHECK", checker_ping };
const struct conf_block conf_block_checker_udp = { "in UDP_CHECK", checker_udp };
const struct conf_block conf_block_checker_file = { "in FILE_CHECK", checker_file };
