/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ranges of addresses: written in full (10.0.0.200-10.0.0.207) or, as keepalived
 * does, by the last part (10.0.0.200-207, 2001:db8::10-1f), and where it is said
 * so as a network (10.0.0.200/29), from the address given to the network's last.
 */
#ifndef CONF_RANGE_H
#define CONF_RANGE_H

#include "conf_load.h"

/* What is read, for messages: "a local address". */
struct conf_range_kind {
	const char *what;
	uint32_t max;      /* addresses of a range */
	const char *limit; /* what a longer one is told */
	bool networks;
};

/* False after reporting what is wrong. */
bool conf_range_read(struct conf_load *load, const struct conf_word *word, const struct conf_range_kind *kind,
		     struct sl_addr *ret_first, uint32_t *ret_count);

#endif
