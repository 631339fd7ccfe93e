/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's loop: poll, run the pipeline, keep house, be polite when idle.
 *
 * Housekeeping comes once a millisecond: time, the sweep over idle flows, held
 * packets, and a consistent copy of the counters for readers. A worker without
 * traffic sleeps for microseconds at first and a fraction of a millisecond in
 * the end (idle adaptive), offline for RCU meanwhile, or polls on (idle busy).
 */
#include "worker.h"
#include "ha.h"
#include "limit.h"
#include "port.h"
#include "rcu.h"
#include "sync.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

enum {
	IDLE_LOOPS = 256, /* empty turns before the first sleep */
	SLEEP_FIRST_NS = 10000,
	SLEEP_MAX_NS = 250000,
	SWEEP_PASS_MS = 1000, /* the sweep's aim for a whole pass */
	SWEEP_MIN = 64,
	SWEEP_MAX = 4096,
};

_Atomic bool dp_workers_stop;
_Atomic unsigned int dp_idle_mode;
_Atomic unsigned int dp_reuse_mode = 1;
_Atomic bool dp_pmtu_disc = true;
_Atomic unsigned int dp_answer_rate = 1000;
_Atomic unsigned int dp_kernel_rate = 50000;

static unsigned int
poll_queue(struct dp_worker *w, const struct worker_queue *queue)
{
	struct burst *b = &w->burst;
	unsigned int count = rte_eth_rx_burst(queue->ethdev, queue->queue, b->mbuf, BURST_MAX);

	if (count == 0)
		return 0;
	b->count = count;
	b->port = queue->port;
	w->count.rx += count;
	dp_pipeline_run(w, b);
	return count;
}

/* What the worker holds in its hands: waiting for a neighbour, a device or a ring. */
static uint64_t
held_count(const struct dp_worker *w)
{
	uint64_t held = w->held + w->fragments.held;

	for (unsigned int port = 0; port < dp_ports_count; port++)
		held += w->tx[port].count;
	for (unsigned int to = 0; to < w->worker_count; to++)
		held += w->handover[to].count;
	return held;
}

/* Readers take the copy between two equal, even values of `published_seq`. */
static void
counters_publish(struct dp_worker *w)
{
	uint32_t seq = atomic_load_explicit(&w->published_seq, memory_order_relaxed);

	atomic_store_explicit(&w->published_seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	w->published = w->count;
	w->published_held = held_count(w);
	w->published_flows = w->table.used;
	atomic_store_explicit(&w->published_loops, w->count.loops, memory_order_relaxed);
	atomic_store_explicit(&w->published_seq, seq + 2, memory_order_release);
}

static void
housekeep(struct dp_worker *w, uint64_t now)
{
	uint64_t hz = rte_get_tsc_hz();
	uint32_t share = w->table.high / SWEEP_PASS_MS;

	w->next_house_tsc = now + hz / 1000;
	while (now - w->tick_tsc >= hz / 1000 * TICK_MS) {
		w->tick_tsc += hz / 1000 * TICK_MS;
		w->tick++;
	}
	dp_flow_sweep(w, share < SWEEP_MIN ? SWEEP_MIN : share > SWEEP_MAX ? SWEEP_MAX : share);
	if (w->hold_lanes != 0) {
		dp_hold_serve(w, now);
		dp_drop_flush(w);
	}
	if (w->fragments.used != 0)
		dp_fragment_serve(w, now);
	if (atomic_load_explicit(&dp_limit_round, memory_order_relaxed) !=
	    atomic_load_explicit(&w->limit_round, memory_order_relaxed))
		dp_limit_follow(w);
	counters_publish(w);
}

/* Nothing to do: after a while, sleep, longer each time. */
static void
idle(struct dp_worker *w, unsigned int empty_loops, uint64_t *sleep_ns)
{
	struct timespec span;

	if (empty_loops < IDLE_LOOPS ||
	    atomic_load_explicit(&dp_idle_mode, memory_order_relaxed) == DP_IDLE_BUSY) {
		rte_pause();
		return;
	}
	counters_publish(w);
	span = (struct timespec){ .tv_nsec = (long)*sleep_ns };
	*sleep_ns = RTE_MIN(*sleep_ns * 2, (uint64_t)SLEEP_MAX_NS);
	w->count.sleeps++;
	rte_rcu_qsbr_thread_offline(dp_rcu, w->id);
	nanosleep(&span, NULL);
	rte_rcu_qsbr_thread_online(dp_rcu, w->id);
}

/* One turn: everything there is to take, once. Returns how many packets it had. */
static unsigned int
turn(struct dp_worker *w)
{
	unsigned int count = 0;

	w->net_epoch = dp_net_epoch_load();
	w->snapshot = atomic_load_explicit(&dp_snapshot_current, memory_order_acquire);
	if (w->ring_ha != NULL && unlikely(!rte_ring_empty(w->ring_ha)))
		dp_ha_transmit(w);
	for (unsigned int i = 0; i < w->rx_count; i++)
		count += poll_queue(w, &w->rx[i]);
	if (w->rings)
		count += dp_handover_receive(w);
	if (w->worker_count > 1)
		count += dp_side_receive(w);
	count += dp_sync_serve(w, count);
	dp_handover_flush(w);
	dp_transmit_flush(w);
	return count;
}

int
dp_worker_run(void *worker)
{
	struct dp_worker *w = worker;
	uint64_t sleep_ns = SLEEP_FIRST_NS;
	unsigned int empty_loops = 0;
	sigset_t all;

	/* Signals are the control thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
	rte_rcu_qsbr_thread_register(dp_rcu, w->id);
	rte_rcu_qsbr_thread_online(dp_rcu, w->id);
	w->tick_tsc = rte_rdtsc();
	while (!atomic_load_explicit(&dp_workers_stop, memory_order_relaxed)) {
		uint64_t now = rte_rdtsc();

		w->count.loops++;
		if (now >= w->next_house_tsc)
			housekeep(w, now);
		if (turn(w) != 0) {
			w->count.busy_loops++;
			empty_loops = 0;
			sleep_ns = SLEEP_FIRST_NS;
		} else {
			idle(w, ++empty_loops, &sleep_ns);
		}
		rte_rcu_qsbr_quiescent(dp_rcu, w->id);
	}
	counters_publish(w);
	rte_rcu_qsbr_thread_offline(dp_rcu, w->id);
	rte_rcu_qsbr_thread_unregister(dp_rcu, w->id);
	return 0;
}
