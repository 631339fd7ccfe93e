/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of global_defs, keepalived's and ours. Most of keepalived's are
 * about its own processes and the kernel that it steers; each row says why the
 * keyword does nothing here. conf_keywords.h says what the columns mean.
 */
#include "conf_keywords.h"

#define MAIL "no mail is sent"
#define VRRP "VRRP is not built yet, VIPs are always held"
#define CHECK "health checkers are not built yet, servers count as up"
#define BFD "BFD is not built yet"
#define SCRIPT "no event runs scripts yet"
#define SNMP "there is no SNMP; sluicectl shows statistics"
#define DBUS "there is no D-Bus interface; sluicectl is the way in"
#define PROCESS "it is about keepalived's own processes"
#define KERNEL "it is about the kernel, which does not see these packets"
#define RELOAD "a changed file is always checked whole before it is applied"

#define NONE(keyword, reason)                                                                                \
	{                                                                                                    \
		keyword, CONF_NO_EFFECT, reason                                                              \
	}

static const struct conf_keyword global[] = {
	{ "router_id", CONF_SUPPORTED, "router_id NAME", conf_build_router_id, 1, 1, CONF_BRACES_NO },
	{ "lvs_timeouts", CONF_SUPPORTED, "lvs_timeouts [tcp SECONDS] [tcpfin SECONDS] [udp SECONDS]",
	  conf_build_lvs_timeouts, 1, CONF_ARGS_ANY, CONF_BRACES_NO },
	{ "control_socket", CONF_SUPPORTED, "control_socket PATH", conf_build_control_socket, 1, 1,
	  CONF_BRACES_NO },
	{ "conn_reuse_mode", CONF_SUPPORTED, "conn_reuse_mode 0|1", conf_build_conn_reuse_mode, 1, 1,
	  CONF_BRACES_NO },

	{ "script_user", CONF_SUPPORTED, "script_user NAME [GROUP]", conf_build_script_user, 1, 3,
	  CONF_BRACES_NO },
	{ "enable_script_security", CONF_SUPPORTED, "enable_script_security [on|off]",
	  conf_build_enable_script_security, 0, 1, CONF_BRACES_NO },

	NONE("metrics", "the metrics server is not built yet"),

	NONE("notification_email", MAIL),
	NONE("notification_email_from", MAIL),
	NONE("smtp_server", MAIL),
	NONE("smtp_helo_name", MAIL),
	NONE("smtp_connect_timeout", MAIL),
	NONE("smtp_alert", MAIL),
	NONE("smtp_alert_vrrp", MAIL),
	NONE("smtp_alert_checker", MAIL),
	NONE("no_email_faults", MAIL),
	NONE("no_checker_emails", MAIL),
	NONE("checker_log_all_failures", CHECK),
	NONE("rs_init_notifies", CHECK),

	NONE("lvs_sync_daemon", "connections are not synchronised with a peer yet"),
	NONE("lvs_flush", "at its start the box has no services but those of its file"),
	NONE("lvs_flush_on_stop", "all services end with the daemon"),
	NONE("nftables", KERNEL),
	NONE("nftables_priority", KERNEL),
	NONE("nftables_counters", KERNEL),
	NONE("nftables_ifindex", KERNEL),
	NONE("nftables_ipvs", KERNEL),
	NONE("nftables_ipvs_priority", KERNEL),
	NONE("nftables_ipvs_start_fwmark", KERNEL),
	NONE("default_interface", "a route finds its port by the subnet of its gateway"),
	NONE("iproute_usr_dir", KERNEL),
	NONE("iproute_etc_dir", KERNEL),

	NONE("vrrp_mcast_group4", VRRP),
	NONE("vrrp_mcast_group6", VRRP),
	NONE("vrrp_garp_master_delay", VRRP),
	NONE("vrrp_garp_master_repeat", VRRP),
	NONE("vrrp_garp_master_refresh", VRRP),
	NONE("vrrp_garp_master_refresh_repeat", VRRP),
	NONE("vrrp_garp_lower_prio_delay", VRRP),
	NONE("vrrp_garp_lower_prio_repeat", VRRP),
	NONE("vrrp_garp_interval", VRRP),
	NONE("vrrp_gna_interval", VRRP),
	NONE("vrrp_garp_extra_if", VRRP),
	NONE("vrrp_min_garp", VRRP),
	NONE("vrrp_down_timer_adverts", VRRP),
	NONE("vrrp_lower_prio_no_advert", VRRP),
	NONE("vrrp_higher_prio_send_advert", VRRP),
	NONE("vrrp_version", VRRP),
	NONE("v3_checksum_as_v2", VRRP),
	NONE("vrrp_iptables", VRRP),
	NONE("vrrp_ipsets", VRRP),
	NONE("vrrp_check_unicast_src", VRRP),
	NONE("vrrp_skip_check_adv_addr", VRRP),
	NONE("vrrp_strict", VRRP),
	NONE("vrrp_notify_priority_changes", VRRP),
	NONE("vrrp_startup_delay", VRRP),
	NONE("vrrp_delay_after_boot", VRRP),
	NONE("vrrp_rx_bufs_policy", VRRP),
	NONE("vrrp_rx_bufs_multiplier", VRRP),
	NONE("vrrp_netlink_cmd_rcv_bufs", VRRP),
	NONE("vrrp_netlink_cmd_rcv_bufs_force", VRRP),
	NONE("vrrp_netlink_monitor_rcv_bufs", VRRP),
	NONE("vrrp_netlink_monitor_rcv_bufs_force", VRRP),
	NONE("log_unknown_vrids", VRRP),
	NONE("vmac_prefix", VRRP),
	NONE("vmac_addr_prefix", VRRP),
	NONE("disable_local_igmp", VRRP),
	NONE("dynamic_interfaces", VRRP),
	NONE("linkbeat_use_polling", VRRP),

	NONE("notify_fifo", SCRIPT),
	NONE("notify_fifo_script", SCRIPT),
	NONE("vrrp_notify_fifo", SCRIPT),
	NONE("vrrp_notify_fifo_script", SCRIPT),
	NONE("lvs_notify_fifo", SCRIPT),
	NONE("lvs_notify_fifo_script", SCRIPT),
	NONE("fifo_write_vrrp_states_on_reload", SCRIPT),
	NONE("use_symlink_paths", SCRIPT),
	NONE("set_supplementary_groups", SCRIPT),
	NONE("startup_script", SCRIPT),
	NONE("startup_script_timeout", SCRIPT),
	NONE("shutdown_script", SCRIPT),
	NONE("shutdown_script_timeout", SCRIPT),

	NONE("snmp_socket", SNMP),
	NONE("enable_snmp_vrrp", SNMP),
	NONE("enable_snmp_keepalived", SNMP),
	NONE("enable_snmp_checker", SNMP),
	NONE("enable_snmp_rfc", SNMP),
	NONE("enable_snmp_rfcv2", SNMP),
	NONE("enable_snmp_rfcv3", SNMP),
	NONE("enable_traps", SNMP),
	NONE("snmp_vs_stats_update_interval", SNMP),
	NONE("snmp_rs_stats_update_interval", SNMP),
	NONE("enable_dbus", DBUS),
	NONE("dbus_service_name", DBUS),
	NONE("dbus_no_interface_name", DBUS),

	NONE("vrrp_priority", PROCESS),
	NONE("vrrp_no_swap", PROCESS),
	NONE("vrrp_cpu_affinity", PROCESS),
	NONE("vrrp_rt_priority", PROCESS),
	NONE("vrrp_rlimit_rttime", PROCESS),
	NONE("vrrp_rlimit_rtime", PROCESS),
	NONE("vrrp_process_name", PROCESS),
	NONE("checker_priority", PROCESS),
	NONE("checker_no_swap", PROCESS),
	NONE("checker_cpu_affinity", PROCESS),
	NONE("checker_rt_priority", PROCESS),
	NONE("checker_rlimit_rttime", PROCESS),
	NONE("checker_rlimit_rtime", PROCESS),
	NONE("checker_process_name", PROCESS),
	NONE("bfd_priority", BFD),
	NONE("bfd_no_swap", BFD),
	NONE("bfd_cpu_affinity", BFD),
	NONE("bfd_rt_priority", BFD),
	NONE("bfd_rlimit_rttime", BFD),
	NONE("bfd_rlimit_rtime", BFD),
	NONE("bfd_process_name", BFD),
	NONE("process_names", PROCESS),
	NONE("process_name", PROCESS),
	NONE("max_auto_priority", PROCESS),
	NONE("min_auto_priority_delay", PROCESS),
	NONE("child_wait_time", PROCESS),
	NONE("lvs_netlink_cmd_rcv_bufs", KERNEL),
	NONE("lvs_netlink_cmd_rcv_bufs_force", KERNEL),
	NONE("lvs_netlink_monitor_rcv_bufs", KERNEL),
	NONE("lvs_netlink_monitor_rcv_bufs_force", KERNEL),
	NONE("process_monitor_rcv_bufs", PROCESS),
	NONE("process_monitor_rcv_bufs_force", PROCESS),
	NONE("umask", PROCESS),
	NONE("random_seed", "the variable _RANDOM is not available"),
	NONE("tmp_config_directory", PROCESS),
	NONE("config_save_dir", PROCESS),
	NONE("data_use_instance", PROCESS),
	NONE("state_file_location", PROCESS),
	NONE("stats_file_location", PROCESS),
	NONE("json_file_location", PROCESS),
	NONE("json_version", PROCESS),
	NONE("include_check", "an included file that cannot be read is always an error"),
	NONE("reload_check_config", RELOAD),
	NONE("reload_time_file", RELOAD),
	NONE("reload_repeat", RELOAD),
	NONE("reload_file", RELOAD),
	{ 0 },
};

const struct conf_block conf_block_global = { "in global_defs", global, .one = true };
