/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every keyword that may stand in a configuration file, block by block, in
 * tables. A keyword is one of three things:
 *
 *   supported     has a builder, which checks its words and keeps the value
 *   no effect     keepalived knows it, but here it does nothing yet: a warning
 *                 with the reason. Blocks of this kind may name the table of
 *                 what stands inside, so that typing errors are found there too
 *   refused       keepalived knows it, and to go on without it would send
 *                 packets elsewhere than the file says: an error
 *
 * Anything else is unknown: an error that names the nearest that exists.
 */
#ifndef CONF_KEYWORDS_H
#define CONF_KEYWORDS_H

#include "conf_load.h"

enum conf_kind { CONF_SUPPORTED, CONF_NO_EFFECT, CONF_REFUSED };

enum conf_braces {
	CONF_BRACES_NO,
	CONF_BRACES_YES,
	CONF_BRACES_MAYBE,
};

enum { CONF_ARGS_ANY = 255 };

typedef void conf_build_fn(struct conf_load *load, const struct conf_stmt *stmt, void *object);

struct conf_keyword {
	const char *name;
	enum conf_kind kind;
	const char *text; /* supported: how it is written; else the reason */
	conf_build_fn *build;
	unsigned char args_min, args_max;
	unsigned char braces; /* enum conf_braces */
	bool many;            /* may stand more than once in its block */
	const struct conf_block *inside;
};

struct conf_block {
	const char *name;                    /* as in messages: "in real_server" */
	const struct conf_keyword *keywords; /* ends with a NULL name */
	bool one;                            /* however often it stands in the file, it is one object */
};

extern const struct conf_block conf_block_top, conf_block_global, conf_block_dataplane, conf_block_port,
	conf_block_service, conf_block_real, conf_block_passive, conf_block_feedback, conf_block_track_file,
	conf_block_ssl;
extern const struct conf_block conf_block_checker_tcp, conf_block_checker_http, conf_block_checker_ssl,
	conf_block_url, conf_block_checker_smtp, conf_block_smtp_host, conf_block_checker_dns,
	conf_block_checker_udp, conf_block_checker_ping, conf_block_checker_misc, conf_block_checker_file,
	conf_block_agent;

extern const struct conf_block conf_block_vrrp_instance, conf_block_vrrp_sync_group, conf_block_vrrp_script,
	conf_block_vrrp_track_process, conf_block_authentication, conf_block_heartbeat_udp,
	conf_block_heartbeat_serial, conf_block_connection_sync;

/* Not for builders: tables that others point to. */
extern const struct conf_block conf_block_track_group, conf_block_garp_group, conf_block_bfd_instance,
	conf_block_checker_bfd;

/* Blocks by number, NULL past the last: to say where a keyword does belong. */
const struct conf_block *conf_block_at(unsigned int i);

/* Stands at the outermost level and never inside a block. `block`: it opens one. */
bool conf_keyword_is_outermost(const char *name, bool block);

/* Hands every statement of a block to its builder, or reports it. */
void conf_walk(struct conf_load *load, const struct conf_stmt *first, const struct conf_block *block,
	       void *object);

/* Reports a word behind the last that a statement can have. */
void conf_surplus_report(struct conf_load *load, const struct conf_block *block, const struct conf_stmt *stmt,
			 const struct conf_word *surplus);

/* Builders, named after their keywords. */
conf_build_fn conf_build_global_defs, conf_build_dataplane, conf_build_port, conf_build_static_route,
	conf_build_static_routes, conf_build_static_neighbor, conf_build_local_address_group,
	conf_build_virtual_server;
conf_build_fn conf_build_router_id, conf_build_lvs_timeouts, conf_build_control_socket,
	conf_build_conn_reuse_mode, conf_build_announce_table, conf_build_announce_port,
	conf_build_announce_while, conf_build_announce;
conf_build_fn conf_build_workers, conf_build_worker_cores, conf_build_idle, conf_build_connections,
	conf_build_mbufs, conf_build_memory, conf_build_pmtu_disc, conf_build_answer_rate,
	conf_build_kernel_rate;
conf_build_fn conf_build_device, conf_build_queues, conf_build_address, conf_build_gateway, conf_build_mtu,
	conf_build_promiscuous, conf_build_tap, conf_build_transit, conf_build_closed_port;
conf_build_fn conf_build_protocol, conf_build_lb_algo, conf_build_lb_kind, conf_build_service_weight,
	conf_build_real_server, conf_build_laddr_group_name, conf_build_toa, conf_build_strip_tcp_timestamps,
	conf_build_mss_clamp, conf_build_reject, conf_build_sched_option;
conf_build_fn conf_build_weight, conf_build_lvs_method, conf_build_threshold, conf_build_notify,
	conf_build_checker;
conf_build_fn conf_build_inherited, conf_build_virtualhost;
conf_build_fn conf_build_quorum, conf_build_hysteresis, conf_build_quorum_notify, conf_build_omega,
	conf_build_ha_suspend, conf_build_flush_on_failure, conf_build_sorry_server,
	conf_build_sorry_server_inhibit, conf_build_sorry_server_lvs_method;
conf_build_fn conf_build_script_user, conf_build_enable_script_security;
conf_build_fn conf_build_connect_ip, conf_build_connect_port, conf_build_bindto, conf_build_bind_port,
	conf_build_bind_if, conf_build_fwmark;
conf_build_fn conf_build_url, conf_build_path, conf_build_url_virtualhost, conf_build_digest,
	conf_build_status_code, conf_build_regex, conf_build_regex_no_match, conf_build_regex_options,
	conf_build_regex_offset, conf_build_http_protocol, conf_build_fast_recovery, conf_build_enable_sni,
	conf_build_sni_name, conf_build_tls_verify;
conf_build_fn conf_build_virtual_server_group, conf_build_ssl, conf_build_ssl_file, conf_build_ssl_password,
	conf_build_checker_log_all_failures;
conf_build_fn conf_build_helo_name, conf_build_smtp_host, conf_build_dns_type, conf_build_dns_name,
	conf_build_payload, conf_build_require_reply, conf_build_reply_length;
conf_build_fn conf_build_track_file, conf_build_track_file_path, conf_build_track_file_weight,
	conf_build_file_name, conf_build_file_weight, conf_build_file_dynamic;
conf_build_fn conf_build_agent, conf_build_agent_send, conf_build_agent_secret;
conf_build_fn conf_build_passive_check, conf_build_passive_number, conf_build_feedback,
	conf_build_feedback_number, conf_build_feedback_custom;
conf_build_fn conf_build_misc_path, conf_build_misc_timeout, conf_build_misc_dynamic, conf_build_misc_user;
conf_build_fn conf_build_vrrp_instance, conf_build_state, conf_build_interface, conf_build_virtual_router_id,
	conf_build_priority, conf_build_advert_int, conf_build_adverts, conf_build_preempt,
	conf_build_preempt_delay, conf_build_authentication, conf_build_auth_type, conf_build_auth_pass,
	conf_build_use_vmac, conf_build_accept, conf_build_dont_track_primary,
	conf_build_interface_up_down_delays, conf_build_src_ip, conf_build_unicast_ttl,
	conf_build_unicast_peer;
conf_build_fn conf_build_vrrp_setting, conf_build_vrrp_min_garp, conf_build_vrrp_mcast_group,
	conf_build_mcast_dst_ip, conf_build_vrrp_startup_delay, conf_build_vrrp_rt_priority,
	conf_build_own_health, conf_build_fence, conf_build_fence_timeout, conf_build_notify_fifo,
	conf_build_notify_fifo_script;
conf_build_fn conf_build_instance_notify, conf_build_group_notify, conf_build_group_notify_priority;
conf_build_fn conf_build_instance_track, conf_build_group_track;
conf_build_fn conf_build_vrrp_sync_group, conf_build_group, conf_build_sync_group_tracking_weight;
conf_build_fn conf_build_virtual_ipaddress;
conf_build_fn conf_build_vrrp_script, conf_build_script, conf_build_script_time, conf_build_script_rounds,
	conf_build_script_weight, conf_build_vrrp_script_user, conf_build_init_fail,
	conf_build_vrrp_track_process, conf_build_process, conf_build_param_match, conf_build_process_weight,
	conf_build_process_quorum, conf_build_process_delay, conf_build_full_command;
conf_build_fn conf_build_heartbeat, conf_build_heartbeat_interface, conf_build_heartbeat_addr,
	conf_build_heartbeat_port, conf_build_heartbeat_ttl, conf_build_heartbeat_key,
	conf_build_heartbeat_time, conf_build_heartbeat_device, conf_build_heartbeat_baud;
conf_build_fn conf_build_lvs_sync_daemon, conf_build_connection_sync, conf_build_sync_word,
	conf_build_sync_threads, conf_build_sync_refresh, conf_build_sync_retries, conf_build_sync_queue,
	conf_build_sync_key, conf_build_sync_local, conf_build_sync_gate, conf_build_sync_lvs_peer;

#endif
