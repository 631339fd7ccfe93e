/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How packets reach a server, as `lb_kind` and `lvs_method` say it: the method,
 * and behind TUN the tunnel, in keepalived's words. Stateless; no allocation
 * but for messages.
 */
#ifndef CONF_METHOD_H
#define CONF_METHOD_H

#include "conf_keywords.h"

/* How such a keyword is written. */
#define CONF_METHOD_TEXT(keyword)                                                                            \
	keyword " NAT|DR|FNAT, or " keyword                                                                  \
		" TUN [type ipip|gue port NUMBER [nocsum|csum|remcsum]|gre [nocsum|csum]]"

/* A method and, for SL_FWD_TUN, its tunnel; else the tunnel is zero. */
struct conf_method {
	enum sl_fwd fwd;
	struct dp_tunnel tunnel;
};

/* False after reporting what is wrong; then *ret_method is as it was. */
bool conf_method_read(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_block *block,
		      struct conf_method *ret_method);

#endif
