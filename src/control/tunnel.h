/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tunnels there are, in words: of the configuration (keepalived's), of the
 * control socket and its lists (ipvsadm's). One table for all that read, check
 * or show them. Pure functions, any thread.
 */
#ifndef SLUICE_TUNNEL_H
#define SLUICE_TUNNEL_H

#include <sluice/dp.h>

/* What belongs to each type of tunnel, by enum sl_tun. */
struct tunnel_type {
	const char *name;
	bool port;              /* and then it must */
	unsigned int sum_count; /* takes the first so many of enum sl_tun_sum; 0: none at all */
	const char *sums;       /* what they are, for people */
};

extern const struct tunnel_type tunnel_types[SL_TUN_MAX];
extern const char *const tunnel_sum_names[SL_TUN_SUM_MAX];

/* Why there can be no such tunnel, for the person who asked for it; NULL: it is good. */
const char *tunnel_fault(const struct dp_tunnel *tunnel);

/* "ipip", "gue:PORT[:SUM]", "gre[:SUM]", where SUM is as in either text below. 0 or -EINVAL. */
int tunnel_parse(const char *text, struct dp_tunnel *ret_tunnel);

bool tunnel_eq(const struct dp_tunnel *a, const struct dp_tunnel *b);

/* Longest of the texts below, with its terminating zero. */
enum { TUNNEL_STRLEN = 40 };

/* As `ipvsadm -L --tun-info`: "ipip", "gue:6080:-c", "gre:+c". Returns `buf`. */
const char *tunnel_info(const struct dp_tunnel *tunnel, char buf[TUNNEL_STRLEN]);

/* As behind TUN in a configuration: "type gue port 6080 csum". Returns `buf`. */
const char *tunnel_words(const struct dp_tunnel *tunnel, char buf[TUNNEL_STRLEN]);

#endif
