/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual_server while its block is read: what its keywords' builders
 * (conf_service.c, conf_option.c) share. Lives for one block.
 */
#ifndef CONF_SERVICE_H
#define CONF_SERVICE_H

#include "conf_keywords.h"

struct conf_real_object {
	struct conf_real real;
	const struct conf_word *port; /* NULL: the service's */
	bool has_weight, has_fwd, fwd_good;
};

struct conf_service_object {
	struct conf_service *service;
	uint32_t weight; /* of servers that give none */
	bool vip_good, port_good, proto_good, fwd_good;
	struct conf_real_object *reals;
	unsigned int real_count;

	/* Keywords that hold for some services only, where they are given to have an effect; else NULL. */
	const struct conf_word *toa, *strip, *mss, *group;
	bool group_good;
};

/* Says which options have no effect on such a service, and takes those out. After its servers are known. */
void conf_options_finish(struct conf_load *load, struct conf_service_object *self);

#endif
