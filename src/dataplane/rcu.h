/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When may something that workers might still be reading be freed?
 *
 * Workers read shared objects through pointers and indexes without any lock.
 * The control thread first makes an object unreachable, then hands it to
 * dp_rcu_defer; it is freed when every worker has since passed a point between
 * two bursts (rte_rcu_qsbr), where it holds no pointer. Nobody waits: the
 * control thread looks once per dp_poll. A worker that sleeps is offline and
 * holds nobody up.
 */
#ifndef DP_RCU_H
#define DP_RCU_H

struct rte_rcu_qsbr;

extern struct rte_rcu_qsbr *dp_rcu;

/*
 * Readers are the workers, by their numbers, and behind them `others` threads, which are offline but
 * for the time of a call. Control thread. 0 or -ENOMEM.
 */
int dp_rcu_init(unsigned int workers, unsigned int others);
/* After the workers have ended: runs what is still deferred. */
void dp_rcu_fini(void);

/*
 * Calls fn(arg) on the control thread after a grace period, in the order of the
 * calls. Out of memory, never: better leaked than freed under a reader.
 */
void dp_rcu_defer(void (*fn)(void *), void *arg);
/* Runs what is due, a bounded number; returns how many. Control thread. */
unsigned int dp_rcu_poll(void);

#endif
