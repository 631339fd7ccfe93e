/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of two boxes: keepalived's blocks of VRRP, and what they track.
 * Heartbeats and connection sync, which are ours, are in conf_keywords_ha.c.
 * conf_keywords.h says what the columns mean. Constant tables; the supported
 * keywords come first.
 */
#include "conf_keywords.h"

#define MAIL "no mail is sent"
#define BFD "no BFD session is run here"
#define KERNEL "addresses that move are no addresses of a kernel interface"
#define HMAC "adverts are not signed; a heartbeat is"
#define ROUTE "routes do not move: static_route says what both boxes have"
#define FAMILY "the addresses decide which family an instance speaks"

#define NONE(keyword, reason)                                                                                \
	{                                                                                                    \
		keyword, CONF_NO_EFFECT, reason                                                              \
	}

/* In a block that has been reported as a whole, a keyword needs no reason of its own. */
#define KNOWN(keyword) NONE(keyword, "")

/* keyword, words at least and at most, how it is written */
#define WORDS(keyword, build, least, most, text)                                                             \
	{                                                                                                    \
		keyword, CONF_SUPPORTED, text, build, least, most, CONF_BRACES_NO                            \
	}
#define LINES(keyword, build, text)                                                                          \
	{                                                                                                    \
		keyword, CONF_SUPPORTED, text, build, 0, 0, CONF_BRACES_YES, .many = true                    \
	}
#define FLAG(keyword, build) WORDS(keyword, build, 0, 0, keyword)
#define SETTING(keyword, value) WORDS(keyword, conf_build_vrrp_setting, 1, 1, keyword " " value)
#define SWITCH(keyword) WORDS(keyword, conf_build_vrrp_setting, 0, 1, keyword " [on|off]")
#define COMMAND(keyword, build) WORDS(keyword, build, 1, 4, keyword " COMMAND [USER [GROUP]]")

#define TRACK(build)                                                                                         \
	LINES("track_interface", build, "track_interface { PORT [weight NUMBER [reverse]] ... }"),           \
		LINES("track_script", build, "track_script { SCRIPT [weight NUMBER [reverse]] ... }"),       \
		LINES("track_file", build, "track_file { FILE [weight NUMBER [reverse]] ... }"),             \
		LINES("track_process", build, "track_process { PROCESS [weight NUMBER [reverse]] ... }"),    \
		LINES("track_gateway", build, "track_gateway { ADDRESS [weight NUMBER [reverse]] ... }"),    \
		LINES("track_quorum", build,                                                                 \
		      "track_quorum { GROUP|PROTOCOL ADDRESS PORT [weight NUMBER [reverse]] ... }")

#define NOTIFY(build)                                                                                        \
	COMMAND("notify", build), COMMAND("notify_master", build), COMMAND("notify_backup", build),          \
		COMMAND("notify_fault", build), COMMAND("notify_stop", build),                               \
		WORDS("notify_deleted", build, 0, 4, "notify_deleted [COMMAND [USER [GROUP]]]")

static const struct conf_keyword authentication[] = {
	WORDS("auth_type", conf_build_auth_type, 1, 1, "auth_type PASS"),
	WORDS("auth_pass", conf_build_auth_pass, 1, 1, "auth_pass PASSWORD"),
	{ 0 },
};

static const struct conf_keyword auth_hmac[] = { KNOWN("key"),         KNOWN("active_key"),
						 KNOWN("anti_replay"), KNOWN("time_window"),
						 KNOWN("mode"),        { 0 } };
static const struct conf_block block_auth_hmac = { "in auth_hmac", auth_hmac };

static const struct conf_keyword instance[] = {
	WORDS("state", conf_build_state, 1, 1, "state MASTER|BACKUP"),
	WORDS("interface", conf_build_interface, 1, 1, "interface PORT"),
	WORDS("virtual_router_id", conf_build_virtual_router_id, 1, 1, "virtual_router_id NUMBER"),
	WORDS("priority", conf_build_priority, 1, 1, "priority NUMBER"),
	WORDS("advert_int", conf_build_advert_int, 1, 1, "advert_int SECONDS"),
	LINES("virtual_ipaddress", conf_build_virtual_ipaddress,
	      "virtual_ipaddress { ADDRESS[/LENGTH] [dev PORT] ... }"),
	LINES("virtual_ipaddress_excluded", conf_build_virtual_ipaddress,
	      "virtual_ipaddress_excluded { ADDRESS[/LENGTH] [dev PORT] ... }"),
	{ "authentication", CONF_SUPPORTED, "authentication { auth_type PASS auth_pass PASSWORD }",
	  conf_build_authentication, 0, 0, CONF_BRACES_YES },
	SETTING("version", "2|3"),
	FLAG("nopreempt", conf_build_preempt),
	FLAG("preempt", conf_build_preempt),
	WORDS("preempt_delay", conf_build_preempt_delay, 1, 1, "preempt_delay SECONDS"),
	WORDS("adverts", conf_build_adverts, 1, 1, "adverts on|off"),
	WORDS("mcast_src_ip", conf_build_src_ip, 1, 1, "mcast_src_ip ADDRESS"),
	WORDS("unicast_src_ip", conf_build_src_ip, 1, 1, "unicast_src_ip ADDRESS"),
	WORDS("mcast_dst_ip", conf_build_mcast_dst_ip, 1, 1, "mcast_dst_ip ADDRESS"),
	LINES("unicast_peer", conf_build_unicast_peer, "unicast_peer { ADDRESS ... }"),
	WORDS("unicast_ttl", conf_build_unicast_ttl, 1, 1, "unicast_ttl NUMBER"),
	SWITCH("check_unicast_src"),
	SWITCH("skip_check_adv_addr"),
	SWITCH("v3_checksum_as_v2"),
	SETTING("down_timer_adverts", "NUMBER"),
	SWITCH("lower_prio_no_advert"),
	SWITCH("higher_prio_send_advert"),
	SETTING("garp_master_delay", "SECONDS"),
	SETTING("garp_master_repeat", "NUMBER"),
	SETTING("garp_master_refresh", "SECONDS"),
	SETTING("garp_master_refresh_repeat", "NUMBER"),
	SETTING("garp_lower_prio_delay", "SECONDS"),
	SETTING("garp_lower_prio_repeat", "NUMBER"),
	SETTING("garp_interval", "SECONDS"),
	SETTING("gna_interval", "SECONDS"),
	WORDS("use_vmac", conf_build_use_vmac, 0, 2, "use_vmac"),
	FLAG("accept", conf_build_accept),
	FLAG("no_accept", conf_build_accept),
	FLAG("dont_track_primary", conf_build_dont_track_primary),
	TRACK(conf_build_instance_track),
	NOTIFY(conf_build_instance_notify),
	COMMAND("notify_master_rx_lower_pri", conf_build_instance_notify),
	SWITCH("notify_priority_changes"),

	NONE("smtp_alert", MAIL),
	NONE("track_bfd", BFD),
	NONE("virtual_routes", ROUTE),
	NONE("virtual_rules", "packets are routed by their destination alone"),
	NONE("no_virtual_ipaddress", "an instance without addresses needs no word for it"),
	NONE("promote_secondaries", KERNEL),
	{ "auth_hmac", CONF_NO_EFFECT, HMAC, .inside = &block_auth_hmac },
	NONE("vrf", "a port has one table of routes"),
	NONE("use_vmac_addr", "use_vmac holds for all addresses of an instance, whatever their port"),
	NONE("vmac_xmit_base", "adverts come from the MAC address that RFC 5798 wants"),
	NONE("use_ipvlan", KERNEL),
	NONE("native_ipv6", FAMILY),
	NONE("linkbeat_use_polling", "the data plane says when a port's link changes"),
	NONE("unicast_fault_no_peer", "an empty unicast_peer is reported when the file is loaded"),
	NONE("track_src_ip", "adverts are sent from unicast_src_ip whether it is an address here or not"),
	NONE("old_unicast_checksum", "checksums are those of RFC 5798, or v3_checksum_as_v2's"),
	NONE("garp_extra_if", "the addresses' switches are refreshed by garp_master_refresh"),
	NONE("timer_expired_backup", "a backup whose timer expires is master, as RFC 5798 says"),
	NONE("strict_mode", "what the RFCs forbid is not forbidden here"),
	NONE("debug", "sluicectl ha status tells why an instance is in its state"),
	NONE("kernel_rx_buf_size", "adverts do not come through a socket of the kernel"),
	NONE("lvs_sync_daemon_interface", "connection_sync names its interface and its instance"),
	{ 0 },
};

static const struct conf_keyword sync_group[] = {
	LINES("group", conf_build_group, "group { INSTANCE ... }"),
	FLAG("sync_group_tracking_weight", conf_build_sync_group_tracking_weight),
	TRACK(conf_build_group_track),
	NOTIFY(conf_build_group_notify),
	WORDS("notify_priority_changes", conf_build_group_notify_priority, 0, 1,
	      "notify_priority_changes [on|off]"),

	NONE("smtp_alert", MAIL),
	NONE("track_bfd", BFD),
	NONE("global_tracking", "what a sync group tracks always counts for all of its instances"),
	{ 0 },
};

static const struct conf_keyword script[] = {
	WORDS("script", conf_build_script, 1, 1, "script \"COMMAND [ARGUMENT ...]\""),
	WORDS("interval", conf_build_script_time, 1, 1, "interval SECONDS"),
	WORDS("timeout", conf_build_script_time, 1, 1, "timeout SECONDS"),
	WORDS("weight", conf_build_script_weight, 1, 2, "weight NUMBER [reverse]"),
	WORDS("rise", conf_build_script_rounds, 1, 1, "rise NUMBER"),
	WORDS("fall", conf_build_script_rounds, 1, 1, "fall NUMBER"),
	WORDS("user", conf_build_vrrp_script_user, 1, 3, "user NAME [GROUP]"),
	FLAG("init_fail", conf_build_init_fail),
	{ 0 },
};

static const struct conf_keyword track_process[] = {
	WORDS("process", conf_build_process, 1, CONF_ARGS_ANY, "process NAME [PARAMETER ...]"),
	WORDS("param_match", conf_build_param_match, 0, 1, "param_match [initial|partial]"),
	WORDS("weight", conf_build_process_weight, 1, 2, "weight NUMBER [reverse]"),
	WORDS("quorum", conf_build_process_quorum, 1, 1, "quorum NUMBER"),
	WORDS("quorum_max", conf_build_process_quorum, 1, 1, "quorum_max NUMBER"),
	WORDS("fork_delay", conf_build_process_delay, 1, 1, "fork_delay SECONDS"),
	WORDS("terminate_delay", conf_build_process_delay, 1, 1, "terminate_delay SECONDS"),
	WORDS("delay", conf_build_process_delay, 1, 1, "delay SECONDS"),
	FLAG("full_command", conf_build_full_command),
	{ 0 },
};

static const struct conf_keyword track_group[] = { KNOWN("group"), { 0 } };

static const struct conf_keyword garp_group[] = {
	KNOWN("garp_interval"), KNOWN("gna_interval"), KNOWN("interface"), KNOWN("interfaces"), { 0 }
};

static const struct conf_keyword bfd[] = {
	KNOWN("neighbor_ip"), KNOWN("neighbour_ip"), KNOWN("source_ip"),  KNOWN("min_rx"),
	KNOWN("min_tx"),      KNOWN("idle_tx"),      KNOWN("multiplier"), KNOWN("passive"),
	KNOWN("ttl"),         KNOWN("hoplimit"),     KNOWN("max_hops"),   KNOWN("multihop"),
	KNOWN("weight"),      KNOWN("vrrp"),         KNOWN("checker"),    { 0 },
};

const struct conf_block conf_block_vrrp_instance = { "in vrrp_instance", instance };
const struct conf_block conf_block_authentication = { "in authentication", authentication };
const struct conf_block conf_block_vrrp_sync_group = { "in vrrp_sync_group", sync_group };
const struct conf_block conf_block_vrrp_script = { "in vrrp_script", script };
const struct conf_block conf_block_vrrp_track_process = { "in vrrp_track_process", track_process };
const struct conf_block conf_block_track_group = { "in track_group", track_group };
const struct conf_block conf_block_garp_group = { "in garp_group", garp_group };
const struct conf_block conf_block_bfd_instance = { "in bfd_instance", bfd };
