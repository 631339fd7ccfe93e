/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers' tables (sched_ops.table_build) of services.
 *
 * A table is built when a transaction is gathered, and only if the servers that
 * schedulers see, or their weights, are others than in the service's published
 * form; else the new form shares that one's. It is freed with the last form
 * that uses it, after the grace period of that. Control thread only.
 */
#ifndef DP_SVC_TABLE_H
#define DP_SVC_TABLE_H

#include "snapshot.h"

/*
 * Gives a compiled service its table, if its scheduler wants one. `old` is what is published of
 * it, or NULL. 0, or -errno with the reason in ret_error.
 */
int svc_table_take(struct dp_svc *svc, const struct dp_svc *old, const struct dp_service *service,
		   char *ret_error);

/* Frees a compiled service that no worker can see, and its table if nobody shares it. As dp_rcu_defer wants it. */
void svc_free(void *svc);

#endif
