/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of virtual_server and real_server, as keepalived has them; what
 * stands in checks is in conf_keywords_check.c. conf_keywords.h says what the
 * columns mean. Constant tables.
 */
#include "conf_keywords_check.h"
#include "conf_method.h"

#define BFD_REASON                                                                                           \
	"no BFD session is run here: BIRD can run one on the tap, and MISC_CHECK or FILE_CHECK take its "    \
	"word"
#define PERSISTENCE_REASON                                                                                   \
	"persistence is not built yet, connections of one client may go to different servers"
#define FLAG_REASON "it is an option of a scheduler that is not built yet"

#define CHECKER(keyword)                                                                                     \
	{                                                                                                    \
		keyword, CONF_SUPPORTED, keyword " { ... }", conf_build_checker, 0, 0, CONF_BRACES_YES,      \
			.many = true                                                                         \
	}

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
	{ "mh-port", CONF_SUPPORTED, "mh-port", conf_build_sched_option, 0, 0, CONF_BRACES_NO },
	{ "mh-fallback", CONF_SUPPORTED, "mh-fallback", conf_build_sched_option, 0, 0, CONF_BRACES_NO },
	{ "flag-1", CONF_SUPPORTED, "flag-1", conf_build_sched_option, 0, 0, CONF_BRACES_NO },
	{ "flag-2", CONF_SUPPORTED, "flag-2", conf_build_sched_option, 0, 0, CONF_BRACES_NO },
	{ "announce", CONF_SUPPORTED, "announce on|off", conf_build_announce, 1, 1, CONF_BRACES_NO },
	{ "quorum", CONF_SUPPORTED, "quorum WEIGHT", conf_build_quorum, 1, 1, CONF_BRACES_NO },
	{ "hysteresis", CONF_SUPPORTED, "hysteresis WEIGHT", conf_build_hysteresis, 1, 1, CONF_BRACES_NO },
	{ "quorum_up", CONF_SUPPORTED, "quorum_up \"COMMAND [ARG ...]\" [USER [GROUP]]",
	  conf_build_quorum_notify, 1, 4, CONF_BRACES_NO },
	{ "quorum_down", CONF_SUPPORTED, "quorum_down \"COMMAND [ARG ...]\" [USER [GROUP]]",
	  conf_build_quorum_notify, 1, 4, CONF_BRACES_NO },
	{ "omega", CONF_SUPPORTED, "omega [on|off]", conf_build_omega, 0, 1, CONF_BRACES_NO },
	{ "ha_suspend", CONF_SUPPORTED, "ha_suspend [on|off]", conf_build_ha_suspend, 0, 1, CONF_BRACES_NO },
	{ "flush_on_failure", CONF_SUPPORTED, "flush_on_failure on|off", conf_build_flush_on_failure, 1, 1,
	  CONF_BRACES_NO },
	{ "passive_check", CONF_SUPPORTED, "passive_check { ... }", conf_build_passive_check, 0, 0,
	  CONF_BRACES_YES },
	{ "feedback", CONF_SUPPORTED, "feedback { ... }", conf_build_feedback, 0, 0, CONF_BRACES_YES },
	{ "sorry_server", CONF_SUPPORTED, "sorry_server ADDRESS [PORT]", conf_build_sorry_server, 1, 2,
	  CONF_BRACES_NO },
	{ "sorry_server_inhibit", CONF_SUPPORTED, "sorry_server_inhibit [on|off]",
	  conf_build_sorry_server_inhibit, 0, 1, CONF_BRACES_NO },
	{ "sorry_server_lvs_method", CONF_SUPPORTED, CONF_METHOD_TEXT("sorry_server_lvs_method"),
	  conf_build_sorry_server_lvs_method, 1, CONF_ARGS_ANY, CONF_BRACES_NO },
	{ "virtualhost", CONF_SUPPORTED, "virtualhost NAME", conf_build_virtualhost, 1, 1, CONF_BRACES_NO },
	CONF_KEYWORDS_OF_CHECKS,
	CONF_KEYWORD_INHIBIT,
	CONF_KEYWORD_VIA_DATAPLANE,

	{ "persistence_timeout", CONF_NO_EFFECT, PERSISTENCE_REASON },
	{ "persistence_granularity", CONF_NO_EFFECT, PERSISTENCE_REASON },
	{ "persistence_engine", CONF_NO_EFFECT, PERSISTENCE_REASON },
	{ "ops", CONF_NO_EFFECT,
	  "one-packet scheduling is not built yet, UDP packets of one client port go to one server" },
	{ "hashed", CONF_NO_EFFECT, "every service is hashed" },
	{ "flag-3", CONF_NO_EFFECT, FLAG_REASON },
	{ "sh-port", CONF_NO_EFFECT, FLAG_REASON },
	{ "sh-fallback", CONF_NO_EFFECT, FLAG_REASON },
	{ "smtp_alert", CONF_NO_EFFECT, "no mail is sent" },
	{ "snmp_name", CONF_NO_EFFECT, "there is no SNMP" },
	{ "ip_family", CONF_NO_EFFECT, "the VIP says it" },
	{ 0 },
};

static const struct conf_keyword real[] = {
	{ "weight", CONF_SUPPORTED, "weight 0..65535", conf_build_weight, 1, 1, CONF_BRACES_NO },
	{ "lvs_method", CONF_SUPPORTED, CONF_METHOD_TEXT("lvs_method"), conf_build_lvs_method, 1,
	  CONF_ARGS_ANY, CONF_BRACES_NO },
	CHECKER("TCP_CHECK"),
	CHECKER("HTTP_GET"),
	CHECKER("SSL_GET"),
	CHECKER("MISC_CHECK"),
	CHECKER("PING_CHECK"),
	CHECKER("SMTP_CHECK"),
	CHECKER("DNS_CHECK"),
	CHECKER("UDP_CHECK"),
	CHECKER("FILE_CHECK"),
	{ "AGENT_CHECK", CONF_SUPPORTED, "AGENT_CHECK { port PORT ... }", conf_build_agent, 0, 0,
	  CONF_BRACES_YES },
	{ "uthreshold", CONF_SUPPORTED, "uthreshold CONNECTIONS", conf_build_threshold, 1, 1,
	  CONF_BRACES_NO },
	{ "lthreshold", CONF_SUPPORTED, "lthreshold CONNECTIONS", conf_build_threshold, 1, 1,
	  CONF_BRACES_NO },
	{ "notify_up", CONF_SUPPORTED, "notify_up \"COMMAND [ARG ...]\" [USER [GROUP]]", conf_build_notify, 1,
	  4, CONF_BRACES_NO },
	{ "notify_down", CONF_SUPPORTED, "notify_down \"COMMAND [ARG ...]\" [USER [GROUP]]",
	  conf_build_notify, 1, 4, CONF_BRACES_NO },
	{ "virtualhost", CONF_SUPPORTED, "virtualhost NAME", conf_build_virtualhost, 1, 1, CONF_BRACES_NO },
	CONF_KEYWORDS_OF_CHECKS,
	CONF_KEYWORD_INHIBIT,
	CONF_KEYWORD_VIA_DATAPLANE,

	{ "BFD_CHECK", CONF_NO_EFFECT, BFD_REASON, .inside = &conf_block_checker_bfd },
	{ "smtp_alert", CONF_NO_EFFECT, "no mail is sent" },
	{ "snmp_name", CONF_NO_EFFECT, "there is no SNMP" },
	{ 0 },
};

const struct conf_block conf_block_service = { "in virtual_server", service };
const struct conf_block conf_block_real = { "in real_server", real };
