/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The members of a virtual_server_group, ranges spread out. Scratch memory.
 */
#ifndef CONF_VIP_GROUP_H
#define CONF_VIP_GROUP_H

#include "conf_keywords.h"

enum { CONF_VIP_GROUP_MAX = 65536 };

struct conf_vip_member {
	const struct conf_word *word; /* where it stands */
	struct sl_addr vip;
	uint16_t port;
};

struct conf_vip_group {
	const char *name;
	struct conf_vip_member *members;
	unsigned int member_count;
	bool uncertain; /* a line had a fault: do not miss its members */
};

/* NULL after reporting that there is none of this name. */
const struct conf_vip_group *conf_vip_group_find(struct conf_load *load, const struct conf_word *name);

#endif
