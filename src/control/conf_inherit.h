/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a virtual_server says for its servers, and a real_server for its
 * checks: keywords that may stand in either or in the check itself. The
 * innermost that says it counts, and what stands around a check may stand
 * behind it in the file; so what was said is kept until the virtual_server
 * ends. Lives for one block.
 */
#ifndef CONF_INHERIT_H
#define CONF_INHERIT_H

#include "conf_keywords.h"

enum conf_inherited {
	CONF_DELAY_LOOP,
	CONF_CONNECT_TIMEOUT,
	CONF_RETRY,
	CONF_DELAY_BEFORE_RETRY,
	CONF_WARMUP,
	CONF_RISE,
	CONF_ALPHA,
	CONF_INHIBIT,
	CONF_LOG_ALL,
	CONF_VIA_DATAPLANE,
	CONF_INHERITED_MAX,
};

/* The first member of every object whose block has such keywords: conf_build_inherited takes it for the object. */
struct conf_inherit {
	const struct conf_word *word[CONF_INHERITED_MAX]; /* the keyword that says it; NULL: nobody here */
	uint32_t value[CONF_INHERITED_MAX];               /* milliseconds, counts, 0 or 1 */
	const char *virtualhost;
};

/* From the check outwards; NULL where there is none. */
struct conf_scope {
	const struct conf_inherit *check, *real, *service;
};

/* Who says it: the innermost; NULL: nobody. */
const struct conf_inherit *conf_inherit_find(const struct conf_scope *scope, enum conf_inherited what);
/* What it says, or `otherwise`. */
uint32_t conf_inherit_value(const struct conf_scope *scope, enum conf_inherited what, uint32_t otherwise);

#endif
