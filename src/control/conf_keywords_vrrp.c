/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of two boxes: keepalived's blocks of VRRP, and what they track.
 * Heartbeats and connection sync, which are ours, are in conf_keywords_ha.c.
 * conf_keywords.h says what the columns mean. Constant tables; the supported
 * keywords come first.
 */
#include "conf_keyword_rows.h"
#include "conf_vrrp.h"

#define MAIL "no mail is sent"
#define BFD "no BFD session is run here"
#define KERNEL "addresses that move are no addresses of a kernel interface"
#define HMAC "adverts are not signed; a heartbeat is"
#define ROUTE "routes do not move: static_route says what both boxes have"
#define FAMILY "the addresses decide which family an instance speaks"

/* In a block that has been reported as a whole, a keyword needs no reason of its own. */
#define KNOWN(keyword) NONE(keyword, "")
#define LINES(keyword, build, text) BLOCK(keyword, build, 0, 0, text)
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
	WORD("auth_type", conf_build_auth_type, "PASS"),
	WORD("auth_pass", conf_build_auth_pass, "PASSWORD"),
	{ 0 },
};

static const struct conf_keyword auth_hmac[] = { KNOWN("key"),         KNOWN("active_key"),
						 KNOWN("anti_replay"), KNOWN("time_window"),
						 KNOWN("mode"),        { 0 } };
static const struct conf_block block_auth_hmac = { "in auth_hmac", auth_hmac };

static const struct conf_keyword instance[] = {
	WORD("state", conf_build_state, "MASTER|BACKUP"),
	WORD("interface", conf_build_interface, "PORT"),
	WORD("virtual_router_id", conf_build_virtual_router_id, "NUMBER"),
	WORD("priority", conf_build_priority, "NUMBER"),
	WORD("advert_int", conf_build_advert_int, "SECONDS"),
	LINES("virtual_ipaddress", conf_build_virtual_ipaddress,
	      "virtual_ipaddress { ADDRESS[/LENGTH] [dev PORT] ... }"),
	LINES("virtual_ipaddress_excluded", conf_build_virtual_ipaddress,
	      "virtual_ipaddress_excluded { ADDRESS[/LENGTH] [dev PORT] ... }"),
	{ "authentication", CONF_SUPPORTED, "authentication { auth_type PASS auth_pass PASSWORD }",
	  conf_build_authentication, 0, 0, CONF_BRACES_YES },
	FLAG("nopreempt", conf_build_preempt),
	FLAG("preempt", conf_build_preempt),
	WORD("preempt_delay", conf_build_preempt_delay, "SECONDS"),
	WORD("adverts", conf_build_adverts, "on|off"),
	WORD("mcast_src_ip", conf_build_src_ip, "ADDRESS"),
	WORD("unicast_src_ip", conf_build_src_ip, "ADDRESS"),
	WORD("mcast_dst_ip", conf_build_mcast_dst_ip, "ADDRESS"),
	LINES("unicast_peer", conf_build_unicast_peer, "unicast_peer { ADDRESS ... }"),
	WORD("unicast_ttl", conf_build_unicast_ttl, "NUMBER"),
	WORDS("use_vmac", conf_build_use_vmac, 0, 2, "use_vmac"),
	FLAG("accept", conf_build_accept),
	FLAG("no_accept", conf_build_accept),
	FLAG("dont_track_primary", conf_build_dont_track_primary),
	TRACK(conf_build_instance_track),
	NOTIFY(conf_build_instance_notify),
	COMMAND("notify_master_rx_lower_pri", conf_build_instance_notify),
/* what global_defs can say for all of them */
#define X(id, prefix, keyword, value, kind, low, high, standard)                                             \
	CONF_SETTING_ROW(keyword, value, CONF_SETTING_##kind),
	CONF_SETTING_LIST(X)
#undef X

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
	SWITCH("notify_priority_changes", conf_build_group_notify_priority),

	NONE("smtp_alert", MAIL),
	NONE("track_bfd", BFD),
	NONE("global_tracking", "what a sync group tracks always counts for all of its instances"),
	{ 0 },
};

static const struct conf_keyword script[] = {
	WORD("script", conf_build_script, "\"COMMAND [ARGUMENT ...]\""),
	WORD("interval", conf_build_script_time, "SECONDS"),
	WORD("timeout", conf_build_script_time, "SECONDS"),
	WORDS("weight", conf_build_script_weight, 1, 2, "weight NUMBER [reverse]"),
	WORD("rise", conf_build_script_rounds, "NUMBER"),
	WORD("fall", conf_build_script_rounds, "NUMBER"),
	WORDS("user", conf_build_vrrp_script_user, 1, 3, "user NAME [GROUP]"),
	FLAG("init_fail", conf_build_init_fail),
	{ 0 },
};

static const struct conf_keyword track_process[] = {
	WORDS("process", conf_build_process, 1, CONF_ARGS_ANY, "process NAME [PARAMETER ...]"),
	WORDS("param_match", conf_build_param_match, 0, 1, "param_match [initial|partial]"),
	WORDS("weight", conf_build_process_weight, 1, 2, "weight NUMBER [reverse]"),
	WORD("quorum", conf_build_process_quorum, "NUMBER"),
	WORD("quorum_max", conf_build_process_quorum, "NUMBER"),
	WORD("fork_delay", conf_build_process_delay, "SECONDS"),
	WORD("terminate_delay", conf_build_process_delay, "SECONDS"),
	WORD("delay", conf_build_process_delay, "SECONDS"),
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
