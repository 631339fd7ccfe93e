/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the checks between objects share: whose an address is, and which way a
 * packet to an address would take. Lives in a load's scratch memory.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf_load.h"

struct conf_owner {
	const struct conf_port *port;
	struct conf_place place;
};

/* How an address is reached. */
enum conf_way {
	CONF_WAY_NONE,
	CONF_WAY_LINK,   /* on a link of this box */
	CONF_WAY_ROUTER, /* by a gateway or the `via` of a route */
};

struct conf_check {
	struct conf_load *load;
	bool uncertain; /* some port's subnets are not all known: nothing is out of reach for sure */
	struct conf_table owners;                /* own address -> struct conf_owner */
	struct conf_table ways;                  /* network and its length -> enum conf_way */
	bool way_len[129];                       /* which lengths it has, in bits of the 16-byte form */
	const struct conf_port *gateway_port[2]; /* with the default gateway of IPv4, of IPv6 */
	struct conf_table vips;                  /* VIP -> one of its struct conf_service */
	struct conf_table locals;                /* local address -> its struct conf_local_draft */
	unsigned int local_count;
	const struct conf_pool *reported; /* the pool whose servers had a fault last */
	uint64_t tap_missed;              /* ports, by bits, of which conf_check_tap has said something */
};

/* Ports, routes and neighbours; fills the tables above. */
void conf_check_net(struct conf_check *check);

/* NULL: not an address of this box. */
const struct conf_owner *conf_check_owner(const struct conf_check *check, const struct sl_addr *addr);

enum conf_way conf_check_way(const struct conf_check *check, const struct sl_addr *addr);

/* The number of a port, or -1 after reporting that there is none of that name. */
int conf_check_port(struct conf_check *check, const struct conf_word *name);

/* Spreads the ranges of local addresses out, and compares each with all else. */
void conf_check_locals(struct conf_check *check);
/* conf_announce.c */
void conf_check_announce(struct conf_load *load);

/* NULL: not an address of full NAT. */
const struct conf_local_draft *conf_check_local(const struct conf_check *check, const struct sl_addr *addr);

/* Do the checks of a server leave by a port that the kernel does not see? */
void conf_check_tap(struct conf_check *check, const struct conf_real *real);

/* Has the service by number what its servers by FNAT need? */
void conf_check_full_nat(struct conf_check *check, unsigned int number);

#endif
