/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of two boxes that keepalived does not have: heartbeats beside
 * VRRP, and connection sync. Some names are sysctls of LVS, which somebody may
 * look for here. conf_keywords.h says what the columns mean. Constant tables.
 */
#include "conf_keyword_rows.h"

#define EARLY "a connection is synced as soon as it is established, and each change of its state at once"

static const struct conf_keyword heartbeat_udp[] = {
	WORD("interface", conf_build_heartbeat_interface, "INTERFACE"),
	WORD("local", conf_build_heartbeat_addr, "ADDRESS"),
	WORD("peer", conf_build_heartbeat_addr, "ADDRESS"),
	WORD("port", conf_build_heartbeat_port, "NUMBER"),
	WORD("ttl", conf_build_heartbeat_ttl, "NUMBER"),
	WORD("key", conf_build_heartbeat_key, "\"KEY\""),
	WORD("key_file", conf_build_heartbeat_key, "PATH"),
	WORD("interval", conf_build_heartbeat_time, "SECONDS"),
	WORD("dead", conf_build_heartbeat_time, "SECONDS"),
	{ 0 },
};

static const struct conf_keyword heartbeat_serial[] = {
	WORD("device", conf_build_heartbeat_device, "PATH"),
	WORD("baud", conf_build_heartbeat_baud, "NUMBER"),
	WORD("key", conf_build_heartbeat_key, "\"KEY\""),
	WORD("key_file", conf_build_heartbeat_key, "PATH"),
	WORD("interval", conf_build_heartbeat_time, "SECONDS"),
	WORD("dead", conf_build_heartbeat_time, "SECONDS"),
	{ 0 },
};

static const struct conf_keyword connection_sync[] = {
	WORD("interface", conf_build_sync_word, "INTERFACE"),
	WORD("instance", conf_build_sync_word, "INSTANCE"),
	WORD("id", conf_build_sync_word, "NUMBER"),
	WORD("peer", conf_build_sync_word, "ADDRESS"),
	WORD("group", conf_build_sync_word, "ADDRESS"),
	WORD("port", conf_build_sync_word, "NUMBER"),
	WORD("ttl", conf_build_sync_word, "NUMBER"),
	WORD("maxlen", conf_build_sync_word, "BYTES"),
	WORD("threads", conf_build_sync_threads, "NUMBER"),
	WORD("refresh", conf_build_sync_refresh, "SECONDS"),
	WORD("retries", conf_build_sync_retries, "NUMBER"),
	WORD("queue", conf_build_sync_queue, "NUMBER"),
	WORD("key", conf_build_sync_key, "\"KEY\""),
	WORD("key_file", conf_build_sync_key, "PATH"),
	WORD("local", conf_build_sync_local, "ADDRESS"),
	WORD("gate", conf_build_sync_gate, "SECONDS|off"),
	SWITCH("lvs_peer", conf_build_sync_lvs_peer),

	NONE("sync_threshold", EARLY),
	NONE("sync_period", EARLY),
	NONE("sync_version", "version 1 of the protocol is spoken; version 0 is not"),
	NONE("sync_ports", "threads says how many there are"),
	NONE("sync_persist_mode", "there are no persistence templates yet"),
	NONE("sync_qlen_max", "queue says how many entries may wait"),
	NONE("sync_sock_size", "sockets have the room that the kernel gives them"),
	NONE("sync_refresh_period", "it is called refresh here"),
	NONE("sync_retries", "it is called retries here"),
	{ 0 },
};

const struct conf_block conf_block_heartbeat_udp = { "in heartbeat udp", heartbeat_udp };
const struct conf_block conf_block_heartbeat_serial = { "in heartbeat serial", heartbeat_serial };
const struct conf_block conf_block_connection_sync = { "in connection_sync", connection_sync };
