/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of global_defs, keepalived's and ours. Most of keepalived's are
 * about its own processes and the kernel that it steers; each row says why the
 * keyword does nothing here. conf_keywords.h says what the columns mean.
 */
#include "conf_keyword_rows.h"
#include "conf_vrrp.h"

#define MAIL "no mail is sent"
#define VMAC "a virtual MAC address needs no interface of its own"
#define SOCKET "adverts do not come through a socket of the kernel"
#define BFD "no BFD session is run here"
#define LVS_FIFO "sluicectl monitor tells what happens to services and servers"
#define FIFO_OPTION "a FIFO is told what happens, as it happens"
#define SNMP "there is no SNMP; sluicectl shows statistics"
#define DBUS "there is no D-Bus interface; sluicectl is the way in"
#define PROCESS "it is about keepalived's own processes"
#define KERNEL "it is about the kernel, which does not see these packets"
#define RELOAD "a changed file is always checked whole before it is applied"

static const struct conf_keyword global[] = {
	WORD("router_id", conf_build_router_id, "NAME"),
	WORDS("lvs_timeouts", conf_build_lvs_timeouts, 1, CONF_ARGS_ANY,
	      "lvs_timeouts [tcp SECONDS] [tcpfin SECONDS] [udp SECONDS]"),
	WORD("control_socket", conf_build_control_socket, "PATH"),
	WORD("announce_table", conf_build_announce_table, "NUMBER"),
	WORD("announce_port", conf_build_announce_port, "NAME"),
	WORD("announce_while", conf_build_announce_while, "all|any"),
	WORD("conn_reuse_mode", conf_build_conn_reuse_mode, "0|1"),

	WORDS("script_user", conf_build_script_user, 1, 3, "script_user NAME [GROUP]"),
	SWITCH("enable_script_security", conf_build_enable_script_security),
	SWITCH("checker_log_all_failures", conf_build_checker_log_all_failures),

	SWITCH("vrrp_min_garp", conf_build_vrrp_min_garp),
	WORD("vrrp_mcast_group4", conf_build_vrrp_mcast_group, "ADDRESS"),
	WORD("vrrp_mcast_group6", conf_build_vrrp_mcast_group, "ADDRESS"),
	WORD("vrrp_startup_delay", conf_build_vrrp_startup_delay, "SECONDS"),
	WORD("vrrp_rt_priority", conf_build_vrrp_rt_priority, "0..99"),
	WORD("own_health", conf_build_own_health, "on|off"),
	WORDS("fence", conf_build_fence, 1, 4, "fence COMMAND [USER [GROUP]]"),
	WORD("fence_timeout", conf_build_fence_timeout, "SECONDS"),
	WORDS("notify_fifo", conf_build_notify_fifo, 1, 4, "notify_fifo PATH [USER [GROUP]]"),
	WORDS("notify_fifo_script", conf_build_notify_fifo_script, 1, 4,
	      "notify_fifo_script COMMAND [USER [GROUP]]"),
	WORDS("vrrp_notify_fifo", conf_build_notify_fifo, 1, 4, "vrrp_notify_fifo PATH [USER [GROUP]]"),
	WORDS("vrrp_notify_fifo_script", conf_build_notify_fifo_script, 1, 4,
	      "vrrp_notify_fifo_script COMMAND [USER [GROUP]]"),
	{ "lvs_sync_daemon", CONF_SUPPORTED,
	  "lvs_sync_daemon INTERFACE [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]",
	  conf_build_lvs_sync_daemon, 1, CONF_ARGS_ANY, CONF_BRACES_NO, .many = true },
/* for all instances that do not say it themselves */
#define X(id, prefix, keyword, value, kind, low, high, standard)                                             \
	CONF_SETTING_ROW(prefix keyword, value, CONF_SETTING_##kind),
	CONF_SETTING_LIST(X)
#undef X

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
	NONE("rs_init_notifies", "notifiers are run when a state changes, and not for the first one"),

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

	NONE("vrrp_garp_extra_if", "the addresses' switches are refreshed by vrrp_garp_master_refresh"),
	NONE("vrrp_iptables", KERNEL),
	NONE("vrrp_ipsets", KERNEL),
	NONE("vrrp_strict", "what the RFCs forbid is not forbidden here"),
	NONE("vrrp_delay_after_boot", "vrrp_startup_delay is counted from the daemon's start"),
	NONE("vrrp_rx_bufs_policy", SOCKET),
	NONE("vrrp_rx_bufs_multiplier", SOCKET),
	NONE("vrrp_netlink_cmd_rcv_bufs", KERNEL),
	NONE("vrrp_netlink_cmd_rcv_bufs_force", KERNEL),
	NONE("vrrp_netlink_monitor_rcv_bufs", KERNEL),
	NONE("vrrp_netlink_monitor_rcv_bufs_force", KERNEL),
	NONE("log_unknown_vrids", "adverts of instances that are not configured here are nobody's business"),
	NONE("vmac_prefix", VMAC),
	NONE("vmac_addr_prefix", VMAC),
	NONE("disable_local_igmp", VMAC),
	NONE("dynamic_interfaces", "the ports are known when the daemon starts"),
	NONE("linkbeat_use_polling", "the data plane says when a port's link changes"),

	NONE("lvs_notify_fifo", LVS_FIFO),
	NONE("lvs_notify_fifo_script", LVS_FIFO),
	NONE("fifo_write_vrrp_states_on_reload", FIFO_OPTION),
	NONE("use_symlink_paths", "a command is run by the path that is given"),
	NONE("set_supplementary_groups", "a command has its user and its group, and no others"),
	NONE("startup_script", "systemd runs what has to be run before and after a daemon"),
	NONE("startup_script_timeout", "systemd runs what has to be run before and after a daemon"),
	NONE("shutdown_script", "systemd runs what has to be run before and after a daemon"),
	NONE("shutdown_script_timeout", "systemd runs what has to be run before and after a daemon"),

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
