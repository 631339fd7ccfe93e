/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of virtual_server, real_server and the checkers, as keepalived
 * has them. conf_keywords.h says what the columns mean. Constant tables.
 */
#include "conf_keywords.h"
#include "conf_method.h"

#define CHECK_REASON "health checkers are not built yet, servers count as up"
#define PERSISTENCE_REASON                                                                                   \
	"persistence is not built yet, connections of one client may go to different servers"
#define QUORUM_REASON "without health checkers there is always a quorum"
#define SCRIPT_REASON "no event runs scripts yet"
#define FLAG_REASON "it is an option of a scheduler that is not built yet"

static const struct conf_keyword service[] = {
	{ "real_server", CONF_SUPPORTED, "real_server ADDRESS [PORT] { weight ... }", conf_build_real_server,
	  1, 2, CONF_BRACES_MAYBE, .many = true },
	{ "lb_algo", CONF_SUPPORTED, "lb_algo SCHEDULER, such as wlc", conf_build_lb_algo, 1, 1,
	  CONF_BRACES_NO },
	{ "lb_kind", CONF_SUPPORTED, CONF_METHOD_TEXT("lb_kind"), conf_build_lb_kind, 1, CONF_ARGS_ANY,
	  CONF_BRACES_NO },
	{ "protocol", CONF_SUPPORTED, "protocol TCP|UDP", conf_build_protocol, 1, 1, CONF_BRACES_NO },
	{ "lvs_sched", CONF_SUPPORTED, "lvs_sched SCHEDULER, such as wlc", conf_build_lb_algo, 1, 1,
	  CONF_BRACES_NO },
	{ "lvs_method", CONF_SUPPORTED, CONF_METHOD_TEXT("lvs_method"), conf_build_lb_kind, 1, CONF_ARGS_ANY,
	  CONF_BRACES_NO },
	{ "weight", CONF_SUPPORTED, "weight 0..65535", conf_build_service_weight, 1, 1, CONF_BRACES_NO },
	{ "laddr_group_name", CONF_SUPPORTED, "laddr_group_name NAME", conf_build_laddr_group_name, 1, 1,
	  CONF_BRACES_NO },
	{ "toa", CONF_SUPPORTED, "toa on|off", conf_build_toa, 1, 1, CONF_BRACES_NO },
	{ "strip_tcp_timestamps", CONF_SUPPORTED, "strip_tcp_timestamps on|off",
	  conf_build_strip_tcp_timestamps, 1, 1, CONF_BRACES_NO },
	{ "mss_clamp", CONF_SUPPORTED, "mss_clamp auto|BYTES|off", conf_build_mss_clamp, 1, 1,
	  CONF_BRACES_NO },
	{ "reject", CONF_SUPPORTED, "reject on|off", conf_build_reject, 1, 1, CONF_BRACES_NO },

	{ "delay_loop", CONF_NO_EFFECT, CHECK_REASON },
	{ "persistence_timeout", CONF_NO_EFFECT, PERSISTENCE_REASON },
	{ "persistence_granularity", CONF_NO_EFFECT, PERSISTENCE_REASON },
	{ "persistence_engine", CONF_NO_EFFECT, PERSISTENCE_REASON },
	{ "sorry_server", CONF_NO_EFFECT,
	  "without health checkers servers count as up, and it is never needed" },
	{ "sorry_server_inhibit", CONF_NO_EFFECT, "sorry_server is not built yet" },
	{ "sorry_server_lvs_method", CONF_NO_EFFECT, "sorry_server is not built yet" },
	{ "ops", CONF_NO_EFFECT,
	  "one-packet scheduling is not built yet, UDP packets of one client port go to one server" },
	{ "hashed", CONF_NO_EFFECT, "every service is hashed" },
	{ "flag-1", CONF_NO_EFFECT, FLAG_REASON },
	{ "flag-2", CONF_NO_EFFECT, FLAG_REASON },
	{ "flag-3", CONF_NO_EFFECT, FLAG_REASON },
	{ "sh-port", CONF_NO_EFFECT, FLAG_REASON },
	{ "sh-fallback", CONF_NO_EFFECT, FLAG_REASON },
	{ "mh-port", CONF_NO_EFFECT, FLAG_REASON },
	{ "mh-fallback", CONF_NO_EFFECT, FLAG_REASON },
	{ "ha_suspend", CONF_NO_EFFECT, CHECK_REASON },
	{ "smtp_alert", CONF_NO_EFFECT, "no mail is sent" },
	{ "virtualhost", CONF_NO_EFFECT, CHECK_REASON },
	{ "snmp_name", CONF_NO_EFFECT, "there is no SNMP" },
	{ "alpha", CONF_NO_EFFECT, CHECK_REASON " from the start" },
	{ "omega", CONF_NO_EFFECT, SCRIPT_REASON },
	{ "quorum", CONF_NO_EFFECT, QUORUM_REASON },
	{ "hysteresis", CONF_NO_EFFECT, QUORUM_REASON },
	{ "quorum_up", CONF_NO_EFFECT, SCRIPT_REASON },
	{ "quorum_down", CONF_NO_EFFECT, SCRIPT_REASON },
	{ "ip_family", CONF_NO_EFFECT, "the VIP says it" },
	{ "connect_timeout", CONF_NO_EFFECT, CHECK_REASON },
	{ "retry", CONF_NO_EFFECT, CHECK_REASON },
	{ "delay_before_retry", CONF_NO_EFFECT, CHECK_REASON },
	{ "warmup", CONF_NO_EFFECT, CHECK_REASON },
	{ "inhibit_on_failure", CONF_NO_EFFECT, CHECK_REASON },
	{ 0 },
};

static const struct conf_keyword real[] = {
	{ "weight", CONF_SUPPORTED, "weight 0..65535", conf_build_weight, 1, 1, CONF_BRACES_NO },
	{ "lvs_method", CONF_SUPPORTED, CONF_METHOD_TEXT("lvs_method"), conf_build_lvs_method, 1,
	  CONF_ARGS_ANY, CONF_BRACES_NO },

	{ "TCP_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_tcp },
	{ "HTTP_GET", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_http },
	{ "SSL_GET", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_ssl },
	{ "SMTP_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_smtp },
	{ "DNS_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_dns },
	{ "MISC_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_misc },
	{ "BFD_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_bfd },
	{ "PING_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_ping },
	{ "UDP_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_udp },
	{ "FILE_CHECK", CONF_NO_EFFECT, CHECK_REASON, .inside = &conf_block_checker_file },
	{ "uthreshold", CONF_NO_EFFECT,
	  "connection limits are not built yet, the server gets more than this" },
	{ "lthreshold", CONF_NO_EFFECT, "connection limits are not built yet" },
	{ "inhibit_on_failure", CONF_NO_EFFECT, CHECK_REASON },
	{ "notify_up", CONF_NO_EFFECT, SCRIPT_REASON },
	{ "notify_down", CONF_NO_EFFECT, SCRIPT_REASON },
	{ "smtp_alert", CONF_NO_EFFECT, "no mail is sent" },
	{ "virtualhost", CONF_NO_EFFECT, CHECK_REASON },
	{ "snmp_name", CONF_NO_EFFECT, "there is no SNMP" },
	{ "alpha", CONF_NO_EFFECT, CHECK_REASON " from the start" },
	{ "connect_timeout", CONF_NO_EFFECT, CHECK_REASON },
	{ "retry", CONF_NO_EFFECT, CHECK_REASON },
	{ "delay_before_retry", CONF_NO_EFFECT, CHECK_REASON },
	{ "warmup", CONF_NO_EFFECT, CHECK_REASON },
	{ "delay_loop", CONF_NO_EFFECT, CHECK_REASON },
	{ 0 },
};

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
		{ "url", CONF_NO_EFFECT, CHECK_REASON, .inside = &block_url }, KNOWN_OF_CONNECTIONS

static const struct conf_keyword url[] = {
	KNOWN("path"),
	KNOWN("digest"),
	KNOWN("status_code"),
	KNOWN("virtualhost"),
	KNOWN("regex"),
	KNOWN("regex_no_match"),
	KNOWN("regex_options"),
	KNOWN("regex_stack"),
	KNOWN("regex_min_offset"),
	KNOWN("regex_max_offset"),
	KNOWN("tls_compliant"),
	{ 0 },
};
static const struct conf_block block_url = { "in url", url };

static const struct conf_keyword checker_tcp[] = { KNOWN_OF_CONNECTIONS, { 0 } };
static const struct conf_keyword checker_http[] = { KNOWN_OF_HTTP, { 0 } };
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
static const struct conf_keyword checker_misc[] = { KNOWN("misc_path"),    KNOWN("misc_timeout"),
						    KNOWN("misc_dynamic"), KNOWN("user"),
						    KNOWN_OF_ALL,          { 0 } };
static const struct conf_keyword checker_bfd[] = { KNOWN("name"), KNOWN("alpha"), { 0 } };
static const struct conf_keyword checker_ping[] = { KNOWN_OF_CONNECTIONS, { 0 } };
static const struct conf_keyword checker_udp[] = { KNOWN("payload"),          KNOWN("require_reply"),
						   KNOWN("min_reply_length"), KNOWN("max_reply_length"),
						   KNOWN_OF_CONNECTIONS,      { 0 } };
static const struct conf_keyword checker_file[] = {
	KNOWN("track_file"), KNOWN("dynamic"), KNOWN("weight"), { 0 }
};

const struct conf_block conf_block_service = { "in virtual_server", service };
const struct conf_block conf_block_real = { "in real_server", real };
const struct conf_block conf_block_checker_tcp = { "in TCP_CHECK", checker_tcp };
const struct conf_block conf_block_checker_http = { "in HTTP_GET", checker_http };
const struct conf_block conf_block_checker_ssl = { "in SSL_GET", checker_ssl };
const struct conf_block conf_block_checker_smtp = { "in SMTP_CHECK", checker_smtp };
const struct conf_block conf_block_checker_dns = { "in DNS_CHECK", checker_dns };
const struct conf_block conf_block_checker_misc = { "in MISC_CHECK", checker_misc };
const struct conf_block conf_block_checker_bfd = { "in BFD_CHECK", checker_bfd };
const struct conf_block conf_block_checker_ping = { "in PING_CHECK", checker_ping };
const struct conf_block conf_block_checker_udp = { "in UDP_CHECK", checker_udp };
const struct conf_block conf_block_checker_file = { "in FILE_CHECK", checker_file };
