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

#define CHECKER(keyword) BLOCK(keyword, conf_build_checker, 0, 0, keyword " { ... }")

static const struct conf_keyword service[] = {
	{ "real_server", CONF_SUPPORTED, "real_server ADDRESS [PORT] { weight ... }", conf_build_real_server,
	  1, 2, CONF_BRACES_MAYBE, .many = true },
	WORD("lb_algo", conf_build_lb_algo, "SCHEDULER, such as wlc"),
	WORDS("lb_kind", conf_build_lb_kind, 1, CONF_ARGS_ANY, CONF_METHOD_TEXT("lb_kind")),
	WORD("protocol", conf_build_protocol, "TCP|UDP"),
	WORD("lvs_sched", conf_build_lb_algo, "SCHEDULER, such as wlc"),
	WORDS("lvs_method", conf_build_lb_kind, 1, CONF_ARGS_ANY, CONF_METHOD_TEXT("lvs_method")),
	WORD("weight", conf_build_service_weight, "0..65535"),
	WORD("laddr_group_name", conf_build_laddr_group_name, "NAME"),
	WORD("toa", conf_build_toa, "on|off"),
	WORD("strip_tcp_timestamps", conf_build_strip_tcp_timestamps, "on|off"),
	WORD("mss_clamp", conf_build_mss_clamp, "auto|BYTES|off"),
	WORD("reject", conf_build_reject, "on|off"),
	FLAG("mh-port", conf_build_sched_option),
	FLAG("mh-fallback", conf_build_sched_option),
	FLAG("flag-1", conf_build_sched_option),
	FLAG("flag-2", conf_build_sched_option),
	WORD("announce", conf_build_announce, "on|off"),
	WORD("quorum", conf_build_quorum, "WEIGHT"),
	WORD("hysteresis", conf_build_hysteresis, "WEIGHT"),
	WORDS("quorum_up", conf_build_quorum_notify, 1, 4, "quorum_up \"COMMAND [ARG ...]\" [USER [GROUP]]"),
	WORDS("quorum_down", conf_build_quorum_notify, 1, 4,
	      "quorum_down \"COMMAND [ARG ...]\" [USER [GROUP]]"),
	SWITCH("omega", conf_build_omega),
	SWITCH("ha_suspend", conf_build_ha_suspend),
	WORD("flush_on_failure", conf_build_flush_on_failure, "on|off"),
	{ "passive_check", CONF_SUPPORTED, "passive_check { ... }", conf_build_passive_check, 0, 0,
	  CONF_BRACES_YES },
	{ "feedback", CONF_SUPPORTED, "feedback { ... }", conf_build_feedback, 0, 0, CONF_BRACES_YES },
	WORDS("sorry_server", conf_build_sorry_server, 1, 2, "sorry_server ADDRESS [PORT]"),
	SWITCH("sorry_server_inhibit", conf_build_sorry_server_inhibit),
	WORDS("sorry_server_lvs_method", conf_build_sorry_server_lvs_method, 1, CONF_ARGS_ANY,
	      CONF_METHOD_TEXT("sorry_server_lvs_method")),
	WORD("virtualhost", conf_build_virtualhost, "NAME"),
	CONF_KEYWORDS_OF_CHECKS,
	CONF_KEYWORD_INHIBIT,
	CONF_KEYWORD_VIA_DATAPLANE,

	NONE("persistence_timeout", PERSISTENCE_REASON),
	NONE("persistence_granularity", PERSISTENCE_REASON),
	NONE("persistence_engine", PERSISTENCE_REASON),
	NONE("ops",
	     "one-packet scheduling is not built yet, UDP packets of one client port go to one server"),
	NONE("hashed", "every service is hashed"),
	NONE("flag-3", FLAG_REASON),
	NONE("sh-port", FLAG_REASON),
	NONE("sh-fallback", FLAG_REASON),
	NONE("smtp_alert", "no mail is sent"),
	NONE("snmp_name", "there is no SNMP"),
	NONE("ip_family", "the VIP says it"),
	{ 0 },
};

static const struct conf_keyword real[] = {
	WORD("weight", conf_build_weight, "0..65535"),
	WORDS("lvs_method", conf_build_lvs_method, 1, CONF_ARGS_ANY, CONF_METHOD_TEXT("lvs_method")),
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
	WORD("uthreshold", conf_build_threshold, "CONNECTIONS"),
	WORD("lthreshold", conf_build_threshold, "CONNECTIONS"),
	WORDS("notify_up", conf_build_notify, 1, 4, "notify_up \"COMMAND [ARG ...]\" [USER [GROUP]]"),
	WORDS("notify_down", conf_build_notify, 1, 4, "notify_down \"COMMAND [ARG ...]\" [USER [GROUP]]"),
	WORD("virtualhost", conf_build_virtualhost, "NAME"),
	CONF_KEYWORDS_OF_CHECKS,
	CONF_KEYWORD_INHIBIT,
	CONF_KEYWORD_VIA_DATAPLANE,

	{ "BFD_CHECK", CONF_NO_EFFECT, BFD_REASON, .inside = &conf_block_checker_bfd },
	NONE("smtp_alert", "no mail is sent"),
	NONE("snmp_name", "there is no SNMP"),
	{ 0 },
};

const struct conf_block conf_block_service = { "in virtual_server", service };
const struct conf_block conf_block_real = { "in real_server", real };
