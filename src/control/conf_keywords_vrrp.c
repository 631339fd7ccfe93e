/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of keepalived's blocks that have nothing to do with balancing:
 * VRRP, its scripts and trackers, BFD, SSL. None has an effect yet, and the
 * warning of the block says so; the tables are here so that a typing error in
 * such a block is found today and not on the day when it begins to count.
 */
#include "conf_keywords.h"

/* In a block that has been reported as a whole, a keyword needs no reason of its own. */
#define KNOWN(keyword)                                                                                       \
	{                                                                                                    \
		keyword, CONF_NO_EFFECT, ""                                                                  \
	}

#define KNOWN_NOTIFY                                                                                         \
	KNOWN("notify"), KNOWN("notify_master"), KNOWN("notify_backup"), KNOWN("notify_fault"),              \
		KNOWN("notify_stop"), KNOWN("notify_deleted"), KNOWN("notify_priority_changes"),             \
		KNOWN("smtp_alert")

#define KNOWN_TRACK                                                                                          \
	KNOWN("track_interface"), KNOWN("track_script"), KNOWN("track_file"), KNOWN("track_process"),        \
		KNOWN("track_bfd")

static const struct conf_keyword authentication[] = { KNOWN("auth_type"), KNOWN("auth_pass"), { 0 } };
static const struct conf_block block_authentication = { "in authentication", authentication };

static const struct conf_keyword auth_hmac[] = { KNOWN("key"),         KNOWN("active_key"),
						 KNOWN("anti_replay"), KNOWN("time_window"),
						 KNOWN("mode"),        { 0 } };
static const struct conf_block block_auth_hmac = { "in auth_hmac", auth_hmac };

static const struct conf_keyword instance[] = {
	KNOWN("state"),
	KNOWN("interface"),
	KNOWN("virtual_router_id"),
	KNOWN("priority"),
	KNOWN("advert_int"),
	KNOWN("version"),
	KNOWN("virtual_ipaddress"),
	KNOWN("virtual_ipaddress_excluded"),
	KNOWN("no_virtual_ipaddress"),
	KNOWN("virtual_routes"),
	KNOWN("virtual_rules"),
	KNOWN("promote_secondaries"),
	{ "authentication", CONF_NO_EFFECT, "", .inside = &block_authentication },
	{ "auth_hmac", CONF_NO_EFFECT, "", .inside = &block_auth_hmac },
	KNOWN("vrf"),
	KNOWN("use_vmac"),
	KNOWN("use_vmac_addr"),
	KNOWN("vmac_xmit_base"),
	KNOWN("use_ipvlan"),
	KNOWN("native_ipv6"),
	KNOWN("dont_track_primary"),
	KNOWN("linkbeat_use_polling"),
	KNOWN("mcast_src_ip"),
	KNOWN("mcast_dst_ip"),
	KNOWN("unicast_src_ip"),
	KNOWN("unicast_peer"),
	KNOWN("unicast_fault_no_peer"),
	KNOWN("unicast_ttl"),
	KNOWN("track_src_ip"),
	KNOWN("check_unicast_src"),
	KNOWN("old_unicast_checksum"),
	KNOWN("v3_checksum_as_v2"),
	KNOWN("garp_master_delay"),
	KNOWN("garp_master_repeat"),
	KNOWN("garp_master_refresh"),
	KNOWN("garp_master_refresh_repeat"),
	KNOWN("garp_lower_prio_delay"),
	KNOWN("garp_lower_prio_repeat"),
	KNOWN("garp_extra_if"),
	KNOWN("garp_interval"),
	KNOWN("gna_interval"),
	KNOWN("down_timer_adverts"),
	KNOWN("timer_expired_backup"),
	KNOWN("lower_prio_no_advert"),
	KNOWN("higher_prio_send_advert"),
	KNOWN("accept"),
	KNOWN("no_accept"),
	KNOWN("preempt"),
	KNOWN("nopreempt"),
	KNOWN("preempt_delay"),
	KNOWN("skip_check_adv_addr"),
	KNOWN("strict_mode"),
	KNOWN("debug"),
	KNOWN("kernel_rx_buf_size"),
	KNOWN("lvs_sync_daemon_interface"),
	KNOWN("notify_master_rx_lower_pri"),
	KNOWN_TRACK,
	KNOWN_NOTIFY,
	{ 0 },
};

static const struct conf_keyword sync_group[] = {
	KNOWN("group"),
	KNOWN("global_tracking"),
	KNOWN("sync_group_tracking_weight"),
	KNOWN_TRACK,
	KNOWN_NOTIFY,
	{ 0 },
};

static const struct conf_keyword script[] = {
	KNOWN("script"), KNOWN("interval"), KNOWN("timeout"),   KNOWN("weight"), KNOWN("rise"),
	KNOWN("fall"),   KNOWN("user"),     KNOWN("init_fail"), { 0 },
};

static const struct conf_keyword track_process[] = {
	KNOWN("process"),         KNOWN("param_match"),
	KNOWN("weight"),          KNOWN("quorum"),
	KNOWN("quorum_max"),      KNOWN("fork_delay"),
	KNOWN("terminate_delay"), KNOWN("delay"),
	KNOWN("full_command"),    { 0 },
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
const struct conf_block conf_block_vrrp_sync_group = { "in vrrp_sync_group", sync_group };
const struct conf_block conf_block_vrrp_script = { "in vrrp_script", script };
const struct conf_block conf_block_vrrp_track_process = { "in vrrp_track_process", track_process };
const struct conf_block conf_block_track_group = { "in track_group", track_group };
const struct conf_block conf_block_garp_group = { "in garp_group", garp_group };
const struct conf_block conf_block_bfd_instance = { "in bfd_instance", bfd };
