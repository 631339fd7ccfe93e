/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual_server while its block is read: what its keywords' builders
 * (conf_service.c, conf_option.c, conf_pool.c) share. Lives for one block.
 */
#ifndef CONF_SERVICE_H
#define CONF_SERVICE_H

#include "conf_inherit.h"

struct conf_checker_draft;
struct conf_agent_draft;
struct conf_vip_group;

struct conf_real_object {
	struct conf_inherit inherit; /* first */
	struct conf_real real;
	const struct conf_word *port; /* NULL: the service's */
	bool has_weight, has_fwd, fwd_good;
	const struct conf_word *upper, *lower; /* uthreshold, lthreshold; NULL: not given */
	struct conf_checker_draft **checks;    /* in the file's order */
	unsigned int check_count;
	struct conf_agent_draft *agent; /* NULL: none */
	struct conf_script *notify_up, *notify_down;
};

struct conf_service_object {
	struct conf_inherit inherit; /* first */
	struct conf_service *service;
	uint32_t weight; /* of servers that give none */
	bool vip_good, port_good, proto_good, fwd_good;
	const struct conf_vip_group *vip_group; /* of `virtual_server group NAME`; else NULL */
	bool repeated; /* a further member of the group: faults of servers have been reported */
	struct conf_real_object *reals;
	unsigned int real_count;

	/* Keywords that hold for some services only, where they are given to have an effect; else NULL. */
	const struct conf_word *toa, *strip, *mss, *group, *fallback, *hash_port;
	bool group_good;

	struct conf_pool pool;
	const struct conf_word *quorum, *hysteresis; /* where they are given; else NULL */
	bool has_flush;                              /* flush_on_failure is given */
	struct conf_real_object sorry;
	bool has_sorry, sorry_bad;
	const struct conf_word *passive, *feedback; /* passive_check, feedback; NULL: not given */
	const struct conf_word *sorry_word;         /* what goes with a sorry_server; NULL: nothing */
};

/* `KEYWORD ADDRESS [PORT]`; false after reporting a fault, and then what was good of it is kept. */
bool conf_server_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_real_object *draft);

/* Says which options have no effect on such a service, and takes those out. After its servers are known. */
void conf_options_finish(struct conf_load *load, struct conf_service_object *self);

#endif
