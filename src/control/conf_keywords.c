/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of the outermost level and of Sluice's own blocks. Those of
 * global_defs, of virtual_server, of checks and of VRRP have files of their own
 * beside this. conf_keywords.h says what the columns mean. Constant tables; the
 * supported keywords come first, because they are looked for most.
 */
#include "conf_keywords.h"

#include <string.h>

#define TRACK_GROUP "static routes are not tracked"
#define GARP_GROUP "garp_interval of an instance, or vrrp_garp_interval, holds for each port by itself"
#define LINK "the data plane says when a port's link changes"
#define PROCESS "it is about keepalived's own processes"

static const struct conf_keyword top[] = {
	{ "virtual_server", CONF_SUPPORTED, "virtual_server ADDRESS PORT|group NAME { real_server ... }",
	  conf_build_virtual_server, 1, 2, CONF_BRACES_YES, .many = true },
	{ "static_route", CONF_SUPPORTED,
	  "static_route PREFIX via ADDRESS [dev PORT], or static_route PREFIX dev PORT",
	  conf_build_static_route, 3, CONF_ARGS_ANY, CONF_BRACES_NO, .many = true },
	{ "static_neighbor", CONF_SUPPORTED, "static_neighbor ADDRESS MAC dev PORT",
	  conf_build_static_neighbor, 4, 4, CONF_BRACES_NO, .many = true },
	{ "port", CONF_SUPPORTED, "port NAME { device ... }", conf_build_port, 1, 1, CONF_BRACES_YES,
	  .many = true },
	{ "local_address_group", CONF_SUPPORTED, "local_address_group NAME { ADDRESS[-ADDRESS] PORT ... }",
	  conf_build_local_address_group, 1, 1, CONF_BRACES_YES, .many = true },
	{ "global_defs", CONF_SUPPORTED, "global_defs { ... }", conf_build_global_defs, 0, 0, CONF_BRACES_YES,
	  .many = true },
	{ "dataplane", CONF_SUPPORTED, "dataplane { ... }", conf_build_dataplane, 0, 0, CONF_BRACES_YES,
	  .many = true },
	{ "static_routes", CONF_SUPPORTED, "static_routes { PREFIX via ADDRESS dev PORT }",
	  conf_build_static_routes, 0, 0, CONF_BRACES_YES, .many = true },

	{ "virtual_server_group", CONF_SUPPORTED,
	  "virtual_server_group NAME { ADDRESS[-ADDRESS] PORT[-PORT] ... }", conf_build_virtual_server_group,
	  1, 1, CONF_BRACES_YES, .many = true },
	{ "track_file", CONF_SUPPORTED, "track_file NAME { file PATH }", conf_build_track_file, 1, 1,
	  CONF_BRACES_YES, .many = true },
	{ "vrrp_track_file", CONF_SUPPORTED, "vrrp_track_file NAME { file PATH }", conf_build_track_file, 1,
	  1, CONF_BRACES_YES, .many = true },
	{ "SSL", CONF_SUPPORTED, "SSL { ca FILE ... }", conf_build_ssl, 0, 0, CONF_BRACES_YES },

	{ "vrrp_instance", CONF_SUPPORTED, "vrrp_instance NAME { interface PORT ... }",
	  conf_build_vrrp_instance, 1, 1, CONF_BRACES_YES, .many = true },
	{ "vrrp_sync_group", CONF_SUPPORTED, "vrrp_sync_group NAME { group { INSTANCE ... } }",
	  conf_build_vrrp_sync_group, 1, 1, CONF_BRACES_YES, .many = true },
	{ "vrrp_script", CONF_SUPPORTED, "vrrp_script NAME { script COMMAND ... }", conf_build_vrrp_script, 1,
	  1, CONF_BRACES_YES, .many = true },
	{ "vrrp_track_process", CONF_SUPPORTED, "vrrp_track_process NAME { process NAME ... }",
	  conf_build_vrrp_track_process, 1, 1, CONF_BRACES_YES, .many = true },
	{ "interface_up_down_delays", CONF_SUPPORTED, "interface_up_down_delays { PORT DOWN [UP] ... }",
	  conf_build_interface_up_down_delays, 0, 0, CONF_BRACES_YES, .many = true },
	{ "heartbeat", CONF_SUPPORTED, "heartbeat udp|serial NAME { ... }", conf_build_heartbeat, 2, 2,
	  CONF_BRACES_YES, .many = true },
	{ "connection_sync", CONF_SUPPORTED, "connection_sync { interface INTERFACE ... }",
	  conf_build_connection_sync, 0, 0, CONF_BRACES_YES },

	{ "static_rules", CONF_REFUSED, "packets are routed by their destination alone" },
	{ "static_ipaddress", CONF_NO_EFFECT, "addresses of the box are given by \"address\" in a port" },
	{ "track_group", CONF_NO_EFFECT, TRACK_GROUP, .inside = &conf_block_track_group },
	{ "garp_group", CONF_NO_EFFECT, GARP_GROUP, .inside = &conf_block_garp_group },
	{ "bfd_instance", CONF_NO_EFFECT, "no BFD session is run here", .inside = &conf_block_bfd_instance },
	{ "linkbeat_interfaces", CONF_NO_EFFECT, LINK },
	{ "linkbeat_use_polling", CONF_NO_EFFECT, LINK },
	{ "net_namespace", CONF_NO_EFFECT, PROCESS },
	{ "net_namespace_ipvs", CONF_NO_EFFECT, PROCESS },
	{ "namespace_with_ipsets", CONF_NO_EFFECT, PROCESS },
	{ "instance", CONF_NO_EFFECT, PROCESS },
	{ "use_pid_dir", CONF_NO_EFFECT, PROCESS },
	{ "child_wait_time", CONF_NO_EFFECT, PROCESS },
	{ 0 },
};

static const struct conf_keyword dataplane[] = {
	{ "workers", CONF_SUPPORTED, "workers auto|COUNT", conf_build_workers, 1, 1, CONF_BRACES_NO },
	{ "worker_cores", CONF_SUPPORTED, "worker_cores LIST, such as 2-5,7", conf_build_worker_cores, 1,
	  CONF_ARGS_ANY, CONF_BRACES_NO },
	{ "idle", CONF_SUPPORTED, "idle adaptive|busy", conf_build_idle, 1, 1, CONF_BRACES_NO },
	{ "connections", CONF_SUPPORTED, "connections COUNT, such as 4m", conf_build_connections, 1, 1,
	  CONF_BRACES_NO },
	{ "mbufs", CONF_SUPPORTED, "mbufs COUNT", conf_build_mbufs, 1, 1, CONF_BRACES_NO },
	{ "memory", CONF_SUPPORTED, "memory MEGABYTES", conf_build_memory, 1, 1, CONF_BRACES_NO },
	{ "pmtu_disc", CONF_SUPPORTED, "pmtu_disc on|off", conf_build_pmtu_disc, 1, 1, CONF_BRACES_NO },
	{ "answer_rate", CONF_SUPPORTED, "answer_rate PER-SECOND, such as 1000", conf_build_answer_rate, 1, 1,
	  CONF_BRACES_NO },
	{ "kernel_rate", CONF_SUPPORTED, "kernel_rate PER-SECOND, such as 50k", conf_build_kernel_rate, 1, 1,
	  CONF_BRACES_NO },
	{ 0 },
};

static const struct conf_keyword port[] = {
	{ "device", CONF_SUPPORTED, "device PCI-ADDRESS, or device \"net_...,key=value\"", conf_build_device,
	  1, 1, CONF_BRACES_NO },
	{ "queues", CONF_SUPPORTED, "queues auto|COUNT", conf_build_queues, 1, 1, CONF_BRACES_NO },
	{ "address", CONF_SUPPORTED, "address ADDRESS/LENGTH", conf_build_address, 1, 1, CONF_BRACES_NO,
	  .many = true },
	{ "gateway", CONF_SUPPORTED, "gateway ADDRESS", conf_build_gateway, 1, 1, CONF_BRACES_NO,
	  .many = true },
	{ "mtu", CONF_SUPPORTED, "mtu BYTES", conf_build_mtu, 1, 1, CONF_BRACES_NO },
	{ "promiscuous", CONF_SUPPORTED, "promiscuous on|off", conf_build_promiscuous, 1, 1, CONF_BRACES_NO },
	{ "tap", CONF_SUPPORTED, "tap on|off", conf_build_tap, 1, 1, CONF_BRACES_NO },
	{ "transit", CONF_SUPPORTED, "transit kernel|drop", conf_build_transit, 1, 1, CONF_BRACES_NO },
	{ "closed_port", CONF_SUPPORTED, "closed_port reject|drop", conf_build_closed_port, 1, 1,
	  CONF_BRACES_NO },
	{ 0 },
};

const struct conf_block conf_block_top = { "at the outermost level", top };
const struct conf_block conf_block_dataplane = { "in dataplane", dataplane, .one = true };
const struct conf_block conf_block_port = { "in port", port };

const struct conf_block *
conf_block_at(unsigned int i)
{
	static const struct conf_block *const blocks[] = {
		&conf_block_top,
		&conf_block_global,
		&conf_block_dataplane,
		&conf_block_port,
		&conf_block_service,
		&conf_block_real,
		&conf_block_checker_tcp,
		&conf_block_checker_http,
		&conf_block_checker_ssl,
		&conf_block_url,
		&conf_block_checker_smtp,
		&conf_block_smtp_host,
		&conf_block_checker_dns,
		&conf_block_checker_udp,
		&conf_block_checker_ping,
		&conf_block_checker_misc,
		&conf_block_checker_file,
		&conf_block_track_file,
		&conf_block_agent,
		&conf_block_passive,
		&conf_block_feedback,
		&conf_block_ssl,
		&conf_block_vrrp_instance,
		&conf_block_authentication,
		&conf_block_vrrp_sync_group,
		&conf_block_vrrp_script,
		&conf_block_vrrp_track_process,
		&conf_block_heartbeat_udp,
		&conf_block_heartbeat_serial,
		&conf_block_connection_sync,
	};

	return i < sizeof(blocks) / sizeof(blocks[0]) ? blocks[i] : NULL;
}

bool
conf_keyword_is_outermost(const char *name, bool block)
{
	static const char *const names[] = {
		"virtual_server",     "virtual_server_group",
		"global_defs",        "dataplane",
		"static_route",       "static_routes",
		"static_neighbor",    "static_rules",
		"vrrp_script",        "static_ipaddress",
		"vrrp_sync_group",    "local_address_group",
		"vrrp_track_process", "heartbeat",
		"connection_sync",
	};

	/* These are words of other blocks, too, so their block must tell it. */
	if (block && (strcmp(name, "port") == 0 || strcmp(name, "vrrp_instance") == 0))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i][0] == name[0] && strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}
