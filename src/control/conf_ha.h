/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a configuration says of two boxes, beyond what keepalive needs of it
 * (struct ka_conf, sluice/ka.h): scripts, files and processes that are watched,
 * and who is told of a change of state. Control reads it; keepalive does not.
 *
 * The loader counts in its own way, and whoever hands its struct ka_conf on
 * counts anew (conf_ha_copy):
 *   ports   are those of struct conf, in the file's order; the data plane's
 *           are in the order in which they were opened
 *   groups  of addresses (ka_instance.group) are 1, 2, 3 ... in the file's order;
 *           an instance has to keep its own over a reload, whatever the order
 *
 * Plain data that lives as long as its struct conf: strings are in the conf's
 * arena, or NULL. Times are milliseconds.
 */
#ifndef SLUICE_CONF_HA_H
#define SLUICE_CONF_HA_H

#include "conf_health.h"

#include <sluice/ka.h>

/* vrrp_script. Its weight stands in each struct ka_track that names it. */
struct conf_vrrp_script {
	struct conf_place place;
	const char *name;
	struct conf_script *script;
	uint32_t interval_ms; /* default 1 s */
	uint32_t timeout_ms;  /* default: the interval */
	uint32_t rise, fall;  /* consecutive; default 1, 1 */
	bool init_fail;       /* counts as failed until it has succeeded `rise` times */
	int32_t weight;       /* for who tracks it without one; default 0 */
	bool reverse;
};

/* param_match of vrrp_track_process */
enum conf_param_match {
	CONF_PARAM_ANY,     /* none given, and no parameters: any will do */
	CONF_PARAM_EXACT,   /* all, and no others */
	CONF_PARAM_PARTIAL, /* these, and others may follow */
	CONF_PARAM_INITIAL, /* the same, and the last of them may be longer */
};

struct conf_track_process {
	struct conf_place place;
	const char *name;
	char **argv; /* the process, then its parameters; ends with NULL */
	enum conf_param_match match;
	bool full_command;           /* argv[0] is compared with the command line, not with the name */
	uint32_t quorum, quorum_max; /* so many of them are good; default 1, UINT32_MAX */
	uint32_t fork_delay_ms,
		terminate_delay_ms; /* a change counts when it has lasted so long; default 0 */
	int32_t weight;             /* default 1 */
	bool reverse;
};

/* Commands at changes of state; NULL: none. */
struct conf_ha_notify {
	struct conf_script *any; /* notify: gets four words more, TYPE NAME STATE PRIORITY */
	struct conf_script *master, *backup, *fault, *stop;
	struct conf_script *deleted, *master_rx_lower_pri; /* of instances */
	bool say_deleted; /* notify_deleted: who is gone is DELETED, and not FAULT; with or without a command */
	bool priority_changes; /* the FIFO is told of each */
};

/* Beside ka.instances[i]. */
struct conf_ha_instance {
	struct conf_place place;
	struct conf_ha_notify notify;
};

/* Beside ka.groups[i]. */
struct conf_ha_group {
	struct conf_place place;
	struct conf_ha_notify notify;
};

/* notify_fifo, vrrp_notify_fifo: a line for each change. */
struct conf_fifo {
	const char *path; /* NULL: none */
	bool has_owner; /* it names one; else it is its script's user's, and without a script the daemon's */
	uid_t uid;      /* whose it will be, if it is created */
	gid_t gid;
	struct conf_script *script; /* is run with the FIFO's path as its last argument; NULL: none */
};

struct conf_ha {
	struct conf_vrrp_script *scripts;
	unsigned int script_count;
	struct conf_track_process *processes;
	unsigned int process_count;
	struct conf_ha_instance *instances; /* ka.instance_count */
	struct conf_ha_group *groups;       /* ka.group_count */
	const char **heartbeat_key_files;   /* ka.heartbeat_count; NULL: the key stands in the file */
	const char *sync_key_file;
	struct conf_fifo fifo, vrrp_fifo;
	struct conf_script *fence; /* NULL: none. Its end with 0 is the peer's */
};

struct conf;
struct conf_pool;
struct conf_service;

/*
 * The configuration for keepalive, counted anew: ports[i] is the data plane's
 * number of conf->ports[i], groups[i] the group of conf->ka.instances[i]; NULL:
 * as the file has them. To be freed by free(); strings are copied, nothing of
 * the conf is needed. NULL: out of memory.
 */
struct ka_conf *conf_ha_copy(const struct conf *conf, const unsigned int *ports, const uint16_t *groups);

/* How many addresses move, and all of them for struct dp_net. */
unsigned int conf_ha_moving_count(const struct ka_conf *ka);
void conf_ha_moving(const struct ka_conf *ka, struct dp_moving *ret_moving);

/*
 * The pool that a tracked quorum names: a virtual_server_group by its name, or a
 * service as "TCP 192.0.2.1:80". NULL: there is none.
 */
const struct conf_pool *conf_ha_pool(const struct conf *conf, const char *name);

bool conf_addr_is_multicast(const struct sl_addr *addr);

/* NULL: there is none of this name. */
const struct conf_vrrp_script *conf_ha_script(const struct conf *conf, const char *name);
const struct conf_track_process *conf_ha_process(const struct conf *conf, const char *name);
const struct conf_track_file *conf_ha_file(const struct conf *conf, const char *name);

#endif
