/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of the snapshots; transactions themselves are in sluice/dp.h.
 * Control thread only.
 */
#ifndef DP_TXN_H
#define DP_TXN_H

/* Publishes an empty snapshot. 0 or -ENOMEM. */
int dp_txn_init(void);
/* A removed service's last connection has ended: its VIP need not be held any more. */
void dp_txn_refresh(void);
/* After the workers have ended. */
void dp_txn_fini(void);

#endif
