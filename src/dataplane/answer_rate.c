/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The limit on what a worker answers; see answer_rate.h.
 *
 * A bucket counts cycles, not answers: it fills with time itself, to one second,
 * and an answer costs the cycles in which the rate allows one. Each worker pays its
 * number of workers times as much, which makes its share. A rate so low that one
 * answer costs more than a second fills the bucket to that.
 *
 * Linux gives every peer six errors and one more a second; here the box-wide rate is
 * the operator's, so a peer's share follows it (an eighth: 125 a second of the usual
 * 1000), with a floor below which splitting would only starve single clients.
 */
#include "worker.h"

#include <rte_cycles.h>

/* Fills the bucket up to now. Can it pay? */
static __rte_cold bool
bucket_fill(struct answer_bucket *bucket, uint64_t now, uint64_t cost)
{
	uint64_t most = RTE_MAX(rte_get_tsc_hz(), cost);

	bucket->credit = RTE_MIN(bucket->credit + (now - bucket->tsc), most);
	bucket->tsc = now;
	return bucket->credit >= cost;
}

/* Attackers choose addresses, but do not know the worker's secret. */
static __rte_cold unsigned int
peer_number(const struct dp_worker *w, const struct sl_addr *peer)
{
	return flow_hash(&w->table, peer, 0, 0).tag >> 1 & (ANSWER_PEERS - 1);
}

__rte_cold bool
dp_answer_allowed(struct dp_worker *w, enum answer_class class, const struct sl_addr *peer)
{
	uint64_t rate = atomic_load_explicit(&dp_answer_rate, memory_order_relaxed);
	uint64_t peer_rate = RTE_MAX(rate / ANSWER_PEER_SHARE, (uint64_t)ANSWER_PEER_LEAST);
	uint64_t now = rte_rdtsc(), second = rte_get_tsc_hz() * w->worker_count;
	struct answer_bucket *all = &w->answers.all[class];
	struct answer_bucket *one = &w->answers.peer[class][peer_number(w, peer)];

	if (rate != 0 && bucket_fill(one, now, second / peer_rate) && bucket_fill(all, now, second / rate)) {
		one->credit -= second / peer_rate;
		all->credit -= second / rate;
		return true;
	}
	w->count.answers_limited++;
	return false;
}
