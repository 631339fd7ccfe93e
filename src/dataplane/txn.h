/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of the snapshots; transactions themselves are in sluice/dp.h.
 * Control thread only.
 */
#ifndef DP_TXN_H
#define DP_TXN_H

#include <stdbool.h>

/* Publishes an empty snapshot. 0 or -ENOMEM. */
int dp_txn_init(void);
/* After the workers have ended. */
void dp_txn_fini(void);

/*
 * Publishes without the VIPs that were kept only for connections of removed
 * services and are needed no more. False: not now (a transaction is open, or
 * memory is short), to be called again.
 */
bool dp_txn_tidy(void);

#endif
