/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords inside checks, as keepalived has them, and a few of our own
 * (fall, rise, check_via_dataplane, tls_verify). conf_keywords.h says what the
 * columns mean. Constant tables.
 */
#include "conf_keywords_check.h"

#define TLS_END "a check ends its TLS connection as the protocol wants it"

#define OF_CONNECTIONS                                                                                       \
	WORD("connect_ip", conf_build_connect_ip, "ADDRESS|NAME"),                                           \
		WORD("connect_port", conf_build_connect_port, "PORT"),                                       \
		WORD("bindto", conf_build_bindto, "ADDRESS"),                                                \
		WORD("bind_port", conf_build_bind_port, "PORT"),                                             \
		WORD("bind_if", conf_build_bind_if, "INTERFACE"),                                            \
		WORD("fwmark", conf_build_fwmark, "NUMBER")

#define OF_CHECKS OF_CONNECTIONS, CONF_KEYWORDS_OF_CHECKS, CONF_KEYWORD_VIA_DATAPLANE

static const struct conf_keyword checker_tcp[] = { OF_CHECKS, { 0 } };
static const struct conf_keyword checker_ping[] = { OF_CHECKS, { 0 } };

static const struct conf_keyword url[] = {
	WORD("path", conf_build_path, "PATH"),
	WORDS("status_code", conf_build_status_code, 1, CONF_ARGS_ANY, "status_code CODE[-CODE] ..."),
	WORD("digest", conf_build_digest, "MD5-SUM"),
	WORD("virtualhost", conf_build_url_virtualhost, "NAME"),
	WORD("regex", conf_build_regex, "PATTERN"),
	SWITCH("regex_no_match", conf_build_regex_no_match),
	WORDS("regex_options", conf_build_regex_options, 1, CONF_ARGS_ANY, "regex_options OPTION ..."),
	WORD("regex_min_offset", conf_build_regex_offset, "BYTES"),
	WORD("regex_max_offset", conf_build_regex_offset, "BYTES"),
	NONE("regex_stack", "a pattern takes what memory it needs, within a bound"),
	NONE("tls_compliant", TLS_END),
	{ 0 },
};

#define OF_HTTP                                                                                              \
	BLOCK("url", conf_build_url, 0, 0, "url { path PATH ... }"),                                         \
		WORD("http_protocol", conf_build_http_protocol, "1.0|1.0C|1.1"),                             \
		SWITCH("fast_recovery", conf_build_fast_recovery),                                           \
		WORD("virtualhost", conf_build_virtualhost, "NAME"),                                         \
		CONF_KEYWORD_INHERITED("nb_get_retry", "COUNT"), OF_CHECKS

static const struct conf_keyword checker_http[] = { OF_HTTP, { 0 } };

static const struct conf_keyword checker_misc[] = {
	WORDS("misc_path", conf_build_misc_path, 1, CONF_ARGS_ANY, "misc_path \"COMMAND [ARG ...]\""),
	WORD("misc_timeout", conf_build_misc_timeout, "SECONDS"),
	SWITCH("misc_dynamic", conf_build_misc_dynamic),
	WORDS("user", conf_build_misc_user, 1, 3, "user NAME [GROUP]"),
	CONF_KEYWORDS_OF_SCHEDULE,
	{ 0 },
};

static const struct conf_keyword checker_ssl[] = {
	OF_HTTP,
	SWITCH("enable_sni", conf_build_enable_sni),
	WORD("sni_name", conf_build_sni_name, "NAME"),
	WORD("tls_verify", conf_build_tls_verify, "on|off"),
	NONE("tls_compliant", TLS_END),
	{ 0 },
};

static const struct conf_keyword smtp_host[] = {
	OF_CONNECTIONS,
	CONF_KEYWORD_INHERITED("connect_timeout", "SECONDS"),
	{ 0 },
};

static const struct conf_keyword checker_smtp[] = {
	WORD("helo_name", conf_build_helo_name, "NAME"),
	BLOCK("host", conf_build_smtp_host, 0, 0, "host { connect_ip ADDRESS ... }"),
	OF_CHECKS,
	{ 0 },
};

static const struct conf_keyword checker_dns[] = {
	WORD("type", conf_build_dns_type, "A|NS|CNAME|SOA|PTR|MX|TXT|AAAA|SRV"),
	WORD("name", conf_build_dns_name, "DOMAIN"),
	OF_CHECKS,
	{ 0 },
};

static const struct conf_keyword checker_udp[] = {
	WORDS("payload", conf_build_payload, 1, CONF_ARGS_ANY, "payload HEX ..."),
	WORDS("require_reply", conf_build_require_reply, 0, CONF_ARGS_ANY, "require_reply [HEX ...]"),
	WORD("min_reply_length", conf_build_reply_length, "BYTES"),
	WORD("max_reply_length", conf_build_reply_length, "BYTES"),
	OF_CHECKS,
	{ 0 },
};

static const struct conf_keyword checker_file[] = {
	WORD("track_file", conf_build_file_name, "NAME"),
	WORDS("weight", conf_build_file_weight, 1, 2, "weight NUMBER [reverse|noreverse]"),
	SWITCH("dynamic", conf_build_file_dynamic),
	CONF_KEYWORDS_OF_SCHEDULE,
	{ 0 },
};

static const struct conf_keyword track_file[] = {
	WORD("file", conf_build_track_file_path, "PATH"),
	WORDS("weight", conf_build_track_file_weight, 1, 2, "weight NUMBER [reverse|noreverse]"),
	NONE("init_file", "files are read, and never written"),
	{ 0 },
};

static const struct conf_keyword agent[] = {
	WORD("port", conf_build_connect_port, "PORT"),
	CONF_KEYWORD_INHERITED("delay_loop", "SECONDS"),
	CONF_KEYWORD_INHERITED("interval", "SECONDS"),
	CONF_KEYWORD_INHERITED("connect_timeout", "SECONDS"),
	WORD("send", conf_build_agent_send, "\"TEXT\\n\""),
	WORD("secret", conf_build_agent_secret, "TEXT"),
	OF_CONNECTIONS,
	{ 0 },
};

static const struct conf_keyword passive[] = {
	WORD("window", conf_build_passive_number, "SECONDS"),
	WORD("failures", conf_build_passive_number, "COUNT"),
	WORD("percent", conf_build_passive_number, "PERCENT"),
	WORD("retry", conf_build_passive_number, "SECONDS"),
	{ 0 },
};

static const struct conf_keyword feedback[] = {
	WORD("interval", conf_build_feedback_number, "SECONDS"),
	WORD("cpu", conf_build_feedback_number, "FACTOR"),
	WORD("memory", conf_build_feedback_number, "FACTOR"),
	WORD("response", conf_build_feedback_number, "FACTOR"),
	WORD("response_time", conf_build_feedback_number, "SECONDS"),
	WORDS("custom", conf_build_feedback_custom, 2, 2, "custom NAME FACTOR"),
	WORD("smoothing", conf_build_feedback_number, "REPORTS"),
	WORD("dead_band", conf_build_feedback_number, "PERCENT"),
	WORD("step", conf_build_feedback_number, "PERCENT"),
	WORD("floor", conf_build_feedback_number, "PERCENT"),
	WORD("ceiling", conf_build_feedback_number, "PERCENT"),
	WORD("stale", conf_build_feedback_number, "SECONDS"),
	{ 0 },
};

static const struct conf_keyword ssl[] = {
	WORD("ca", conf_build_ssl_file, "FILE"),
	WORD("certificate", conf_build_ssl_file, "FILE"),
	WORD("key", conf_build_ssl_file, "FILE"),
	WORD("password", conf_build_ssl_password, "TEXT"),
	{ 0 },
};

/* Where it stands is a warning already. */
static const struct conf_keyword checker_bfd[] = {
	NONE("name", "no BFD session is run here"),
	NONE("alpha", "no BFD session is run here"),
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
