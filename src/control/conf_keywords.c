/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of the outermost level and of Sluice's own blocks. Those of
 * global_defs, of virtual_server, of checks and of VRRP have files of their own
 * beside this. conf_keywords.h says what the columns mean. Constant tables; the
 * supported keywords come first, because they are looked for most.
 */
#include "conf_keyword_rows.h"

#include <string.h>

#define TRACK_GROUP "static routes are not tracked"
#define GARP_GROUP "garp_interval of an instance, or vrrp_garp_interval, holds for each port by itself"
#define LINK "the data plane says when a port's link changes"
#define PROCESS "it is about keepalived's own processes"

static const struct conf_keyword top[] = {
	BLOCK("virtual_server", conf_build_virtual_server, 1, 2,
	      "virtual_server ADDRESS PORT|group NAME { real_server ... }"),
	{ "static_route", CONF_SUPPORTED,
	  "static_route PREFIX via ADDRESS [dev PORT], or static_route PREFIX dev PORT",
	  conf_build_static_route, 3, CONF_ARGS_ANY, CONF_BRACES_NO, .many = true },
	{ "static_neighbor", CONF_SUPPORTED, "static_neighbor ADDRESS MAC dev PORT",
	  conf_build_static_neighbor, 4, 4, CONF_BRACES_NO, .many = true },
	BLOCK("port", conf_build_port, 1, 1, "port NAME { device ... }"),
	BLOCK("local_address_group", conf_build_local_address_group, 1, 1,
	      "local_address_group NAME { ADDRESS[-ADDRESS] PORT ... }"),
	BLOCK("global_defs", conf_build_global_defs, 0, 0, "global_defs { ... }"),
	BLOCK("dataplane", conf_build_dataplane, 0, 0, "dataplane { ... }"),
	BLOCK("static_routes", conf_build_static_routes, 0, 0,
	      "static_routes { PREFIX via ADDRESS dev PORT }"),

	BLOCK("virtual_server_group", conf_build_virtual_server_group, 1, 1,
	      "virtual_server_group NAME { ADDRESS[-ADDRESS] PORT[-PORT] ... }"),
	BLOCK("track_file", conf_build_track_file, 1, 1, "track_file NAME { file PATH }"),
	BLOCK("vrrp_track_file", conf_build_track_file, 1, 1, "vrrp_track_file NAME { file PATH }"),
	{ "SSL", CONF_SUPPORTED, "SSL { ca FILE ... }", conf_build_ssl, 0, 0, CONF_BRACES_YES },

	BLOCK("vrrp_instance", conf_build_vrrp_instance, 1, 1, "vrrp_instance NAME { interface PORT ... }"),
	BLOCK("vrrp_sync_group", conf_build_vrrp_sync_group, 1, 1,
	      "vrrp_sync_group NAME { group { INSTANCE ... } }"),
	BLOCK("vrrp_script", conf_build_vrrp_script, 1, 1, "vrrp_script NAME { script COMMAND ... }"),
	BLOCK("vrrp_track_process", conf_build_vrrp_track_process, 1, 1,
	      "vrrp_track_process NAME { process NAME ... }"),
	BLOCK("interface_up_down_delays", conf_build_interface_up_down_delays, 0, 0,
	      "interface_up_down_delays { PORT DOWN [UP] ... }"),
	BLOCK("heartbeat", conf_build_heartbeat, 2, 2, "heartbeat udp|serial NAME { ... }"),
	{ "connection_sync", CONF_SUPPORTED, "connection_sync { interface INTERFACE ... }",
	  conf_build_connection_sync, 0, 0, CONF_BRACES_YES, .many = true },

	{ "static_rules", CONF_REFUSED, "packets are routed by their destination alone" },
	NONE("static_ipaddress", "addresses of the box are given by \"address\" in a port"),
	{ "track_group", CONF_NO_EFFECT, TRACK_GROUP, .inside = &conf_block_track_group },
	{ "garp_group", CONF_NO_EFFECT, GARP_GROUP, .inside = &conf_block_garp_group },
	{ "bfd_instance", CONF_NO_EFFECT, "no BFD session is run here", .inside = &conf_block_bfd_instance },
	NONE("linkbeat_interfaces", LINK),
	NONE("linkbeat_use_polling", LINK),
	NONE("net_namespace", PROCESS),
	NONE("net_namespace_ipvs", PROCESS),
	NONE("namespace_with_ipsets", PROCESS),
	NONE("instance", PROCESS),
	NONE("use_pid_dir", PROCESS),
	NONE("child_wait_time", PROCESS),
	{ 0 },
};

static const struct conf_keyword dataplane[] = {
	WORD("workers", conf_build_workers, "auto|COUNT"),
	WORDS("worker_cores", conf_build_worker_cores, 1, CONF_ARGS_ANY, "worker_cores LIST, such as 2-5,7"),
	WORD("idle", conf_build_idle, "adaptive|busy"),
	WORD("connections", conf_build_connections, "COUNT, such as 4m"),
	WORD("mbufs", conf_build_mbufs, "COUNT"),
	WORD("memory", conf_build_memory, "MEGABYTES"),
	WORD("pmtu_disc", conf_build_pmtu_disc, "on|off"),
	WORD("answer_rate", conf_build_answer_rate, "PER-SECOND, such as 1000"),
	WORD("kernel_rate", conf_build_kernel_rate, "PER-SECOND, such as 50k"),
	{ 0 },
};

static const struct conf_keyword port[] = {
	WORD("device", conf_build_device, "PCI-ADDRESS, or device \"net_...,key=value\""),
	WORD("queues", conf_build_queues, "auto|COUNT"),
	{ "address", CONF_SUPPORTED, "address ADDRESS/LENGTH", conf_build_address, 1, 1, CONF_BRACES_NO,
	  .many = true },
	{ "gateway", CONF_SUPPORTED, "gateway ADDRESS", conf_build_gateway, 1, 1, CONF_BRACES_NO,
	  .many = true },
	WORD("mtu", conf_build_mtu, "BYTES"),
	WORD("promiscuous", conf_build_promiscuous, "on|off"),
	WORD("tap", conf_build_tap, "on|off"),
	WORD("transit", conf_build_transit, "kernel|drop"),
	WORD("closed_port", conf_build_closed_port, "reject|drop"),
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
