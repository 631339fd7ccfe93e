/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords inside checks, as keepalived has them, and a few of our own
 * (fall, rise, check_via_dataplane, tls_verify). conf_keywords.h says what the
 * columns mean. Constant tables.
 */
#include "conf_keywords_check.h"

#define TLS_END "a check ends its TLS connection as the protocol wants it"

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
	{ "tls_compliant", CONF_NO_EFFECT, TLS_END },
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
	OF_HTTP,
	SWITCH("enable_sni", conf_build_enable_sni),
	ONE("sni_name", "NAME", conf_build_sni_name),
	ONE("tls_verify", "on|off", conf_build_tls_verify),
	{ "tls_compliant", CONF_NO_EFFECT, TLS_END },
	{ 0 },
};

static const struct conf_keyword smtp_host[] = {
	OF_CONNECTIONS,
	CONF_KEYWORD_INHERITED("connect_timeout", "SECONDS"),
	{ 0 },
};

static const struct conf_keyword checker_smtp[] = {
	ONE("helo_name", "NAME", conf_build_helo_name),
	{ "host", CONF_SUPPORTED, "host { connect_ip ADDRESS ... }", conf_build_smtp_host, 0, 0,
	  CONF_BRACES_YES, .many = true },
	OF_CHECKS,
	{ 0 },
};

static const struct conf_keyword checker_dns[] = {
	ONE("type", "A|NS|CNAME|SOA|PTR|MX|TXT|AAAA|SRV", conf_build_dns_type),
	ONE("name", "DOMAIN", conf_build_dns_name),
	OF_CHECKS,
	{ 0 },
};

static const struct conf_keyword checker_udp[] = {
	{ "payload", CONF_SUPPORTED, "payload HEX ...", conf_build_payload, 1, CONF_ARGS_ANY,
	  CONF_BRACES_NO },
	{ "require_reply", CONF_SUPPORTED, "require_reply [HEX ...]", conf_build_require_reply, 0,
	  CONF_ARGS_ANY, CONF_BRACES_NO },
	ONE("min_reply_length", "BYTES", conf_build_reply_length),
	ONE("max_reply_length", "BYTES", conf_build_reply_length),
	OF_CHECKS,
	{ 0 },
};

static const struct conf_keyword checker_file[] = {
	ONE("track_file", "NAME", conf_build_file_name),
	{ "weight", CONF_SUPPORTED, "weight NUMBER [reverse|noreverse]", conf_build_file_weight, 1, 2,
	  CONF_BRACES_NO },
	SWITCH("dynamic", conf_build_file_dynamic),
	CONF_KEYWORDS_OF_SCHEDULE,
	{ 0 },
};

static const struct conf_keyword track_file[] = {
	ONE("file", "PATH", conf_build_track_file_path),
	{ "weight", CONF_SUPPORTED, "weight NUMBER [reverse|noreverse]", conf_build_track_file_weight, 1, 2,
	  CONF_BRACES_NO },
	{ "init_file", CONF_NO_EFFECT, "files are read, and never written" },
	{ 0 },
};

static const struct conf_keyword agent[] = {
	ONE("port", "PORT", conf_build_connect_port),
	CONF_KEYWORD_INHERITED("delay_loop", "SECONDS"),
	CONF_KEYWORD_INHERITED("interval", "SECONDS"),
	CONF_KEYWORD_INHERITED("connect_timeout", "SECONDS"),
	ONE("send", "\"TEXT\\n\"", conf_build_agent_send),
	ONE("secret", "TEXT", conf_build_agent_secret),
	OF_CONNECTIONS,
	{ 0 },
};

static const struct conf_keyword passive[] = {
	ONE("window", "SECONDS", conf_build_passive_number),
	ONE("failures", "COUNT", conf_build_passive_number),
	ONE("percent", "PERCENT", conf_build_passive_number),
	ONE("retry", "SECONDS", conf_build_passive_number),
	{ 0 },
};

static const struct conf_keyword feedback[] = {
	ONE("interval", "SECONDS", conf_build_feedback_number),
	ONE("cpu", "FACTOR", conf_build_feedback_number),
	ONE("memory", "FACTOR", conf_build_feedback_number),
	ONE("response", "FACTOR", conf_build_feedback_number),
	ONE("response_time", "SECONDS", conf_build_feedback_number),
	{ "custom", CONF_SUPPORTED, "custom NAME FACTOR", conf_build_feedback_custom, 2, 2, CONF_BRACES_NO },
	ONE("smoothing", "REPORTS", conf_build_feedback_number),
	ONE("dead_band", "PERCENT", conf_build_feedback_number),
	ONE("step", "PERCENT", conf_build_feedback_number),
	ONE("floor", "PERCENT", conf_build_feedback_number),
	ONE("ceiling", "PERCENT", conf_build_feedback_number),
	ONE("stale", "SECONDS", conf_build_feedback_number),
	{ 0 },
};

static const struct conf_keyword ssl[] = {
	ONE("ca", "FILE", conf_build_ssl_file),
	ONE("certificate", "FILE", conf_build_ssl_file),
	ONE("key", "FILE", conf_build_ssl_file),
	ONE("password", "TEXT", conf_build_ssl_password),
	{ 0 },
};

/* Where it stands is a warning already. */
static const struct conf_keyword checker_bfd[] = {
	{ "name", CONF_NO_EFFECT, "no BFD session is run here" },
	{ "alpha", CONF_NO_EFFECT, "no BFD session is run here" },
	{ 0 },
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
const struct conf_block conf_block_smtp_host = { "in host", smtp_host };
const struct conf_block conf_block_track_file = { "in track_file", track_file };
const struct conf_block conf_block_agent = { "in AGENT_CHECK", agent };
const struct conf_block conf_block_passive = { "in passive_check", passive };
const struct conf_block conf_block_feedback = { "in feedback", feedback };
const struct conf_block conf_block_ssl = { "in SSL", ssl };
