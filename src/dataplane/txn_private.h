/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What gathering a transaction (txn.c) and committing it (txn_commit.c) share.
 * Control thread only.
 */
#ifndef DP_TXN_PRIVATE_H
#define DP_TXN_PRIVATE_H

#include "book.h"
#include "local_book.h"
#include "route.h"

#include <stdio.h>

/* One change of the transaction: a service put (svc) or removed (svc NULL). */
struct change {
	struct change *next;
	struct book_service *service;
	struct dp_svc *svc;
};

/* How many servers' records the change holds: those of svc->server[]. */
static inline uint32_t
change_real_count(const struct change *change)
{
	return change->svc != NULL ? change->svc->all : 0;
}

struct dp_txn {
	struct change *first, **last_next;
	uint32_t *flush; /* slots of servers */
	uint32_t flush_count, flush_max;
	bool net_set;
	struct dp_fib *fib;
	struct local_plan *locals;
	struct dp_net_addr *addrs;
	struct dp_static_neigh *neighs;
	struct dp_route *routes; /* with their ports */
	struct dp_moving *moving;
	struct sl_addr *kept;
	unsigned int addr_count, neigh_count, route_count, moving_count, kept_count;
};

/* Ends the transaction. What was compiled for workers is theirs by now, or was freed by abort. */
void txn_free(struct dp_txn *txn);

/* Is one begun and not yet ended? */
bool txn_is_open(void);

static inline int
txn_fail(char *ret_error, int code, const char *what)
{
	snprintf(ret_error, DP_ERROR_SIZE, "%s", what);
	return code;
}

#endif
