/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of connections, from the worker that sees them to the thread that tells the peer.
 *
 * The worker stores a flow's number in its ring; what the flow is like the thread reads from the
 * entry when it comes to it. So several changes of one connection are told as its last, and a flow
 * that is gone by then is not told. What is told is in the order of the ring: the end of a connection before the next
 * one with its key. An end leaves a record beside, with all that is told of it, in a ring
 * of the same size. The worker never looks where the reader is: what it overwrites, the reader finds out from
 * the ring's head. After a loss a walk tells what the peer does not know (sync_walk.c).
 */
#include "sync.h"

enum { WORDS_MAX = 64 };

/* ---- workers ---- */

/* 0: nothing is to be told. */
__rte_cold uint64_t
dp_sync_ends(struct dp_worker *w, const struct flow *flow)
{
	struct dp_sync_worker *s = sync_of(w);
	uint64_t at;

	if (s == NULL || (flow->generation & FLOW_FOREIGN) != 0 || (SYNC_STATES >> flow->state & 1) == 0)
		return 0;
	at = atomic_load_explicit(&s->end_head, memory_order_relaxed);
	s->end[at & s->end_mask] = (struct sync_end){
		.client = flow->client,
		.vip = flow->vip,
		.real = dp_real_slots[flow->real].addr,
		.ports = flow->ports,
		.number = (uint32_t)(flow - w->table.flow),
		.local = flow->local,
		.seen = flow->seen,
		.state = flow->state,
		.flags = flow->flags,
	};
	atomic_store_explicit(&s->end_head, at + 1, memory_order_release);
	return SYNC_WORD_END | (at & UINT32_MAX);
}

/* Not before the flow is gone: a walk that finds it once its end was told would tell it again, for good. */
__rte_cold void
dp_sync_ended(struct dp_worker *w, uint64_t word)
{
	struct dp_sync_worker *s = sync_of(w);

	if (s != NULL && word != 0)
		sync_word_put(s, word);
}

/* ---- the reader ---- */

/*
 * Copies words that are still there; returns how many. What was overwritten is counted: of the word
 * at `tail`, the one that is written now may have taken the place.
 */
static unsigned int
words_take(struct dp_sync_worker *s, uint64_t *words, unsigned int max, uint64_t *ret_lost)
{
	uint64_t head = atomic_load_explicit(&s->change_head, memory_order_acquire),
		 size = s->change_mask + 1, oldest;
	unsigned int count, gone;

	if (head - s->tail >= size) {
		*ret_lost += head - s->tail - (size - 1);
		s->tail = head - (size - 1);
	}
	count = (unsigned int)RTE_MIN(head - s->tail, (uint64_t)max);
	for (unsigned int i = 0; i < count; i++)
		words[i] = atomic_load_explicit(&s->change[(s->tail + i) & s->change_mask],
						memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	head = atomic_load_explicit(&s->change_head, memory_order_relaxed);
	oldest = head >= size ? head - size + 1 : 0;
	gone = oldest > s->tail ? (unsigned int)RTE_MIN(oldest - s->tail, (uint64_t)count) : 0;
	*ret_lost += gone;
	s->tail += count;
	memmove(words, words + gone, (count - gone) * sizeof(*words));
	return count - gone;
}

/* A copy of an end's record. False: overwritten. */
static bool
end_read(const struct dp_sync_worker *s, uint32_t number, struct sync_end *ret_end)
{
	uint64_t head;

	*ret_end = s->end[number & s->end_mask];
	atomic_thread_fence(memory_order_acquire);
	head = atomic_load_explicit(&s->end_head, memory_order_relaxed);
	return (uint32_t)head - number <= s->end_mask;
}

/* False: there is nothing to tell of it. */
static bool
end_tell(unsigned int t, unsigned int worker, uint32_t number, struct dp_sync_conn *ret_conn,
	 uint64_t *ret_lost)
{
	struct dp_sync_worker *s = dp_sync.worker[worker];
	struct sync_end end;
	struct flow flow;
	uint32_t told;

	if (!end_read(s, number, &end)) {
		++*ret_lost;
		return false;
	}
	if (end.number > dp_workers[worker]->table.capacity)
		return false;
	flow = (struct flow){ .client = end.client, .vip = end.vip, .state = end.state, .flags = end.flags };
	flow.ports = end.ports;
	flow.local = end.local;
	flow.seen = end.seen;
	told = atomic_load_explicit(&s->told[end.number], memory_order_relaxed);
	if (!sync_told_is(told, flow.seq))
		return false;
	atomic_store_explicit(&s->told[end.number], 0, memory_order_relaxed);
	if (!sync_is_held(&dp_sync.thread[t], &flow.vip))
		return false;
	sync_conn_fill(dp_workers[worker], &flow, &end.real, DP_SYNC_ENDED | DP_SYNC_NEW, ret_conn);
	return true;
}

static bool
change_tell(unsigned int t, unsigned int worker, uint64_t word, struct dp_sync_conn *ret_conn)
{
	uint32_t number = (uint32_t)word;
	struct dp_sync_worker *s = dp_sync.worker[worker];
	struct sl_addr real;
	struct flow flow;
	uint32_t told;

	if (number > dp_workers[worker]->table.capacity ||
	    !sync_flow_read(dp_workers[worker], number, &flow, &real) ||
	    flow.seq != (uint8_t)(word >> SYNC_WORD_SEQ_SHIFT) || (SYNC_STATES >> flow.state & 1) == 0 ||
	    (flow.generation & FLOW_FOREIGN) != 0)
		return false;
	/* What a walk told may have overtaken the end of a connection with the same key: told again. */
	told = atomic_load_explicit(&s->told[number], memory_order_relaxed);
	if (sync_told_is(told, flow.seq) && sync_told_state(told) == flow.state && sync_told_as_change(told))
		return false;
	if (!sync_is_held(&dp_sync.thread[t], &flow.vip))
		return false;
	atomic_store_explicit(&s->told[number], sync_told_of(&flow, true), memory_order_relaxed);
	sync_conn_fill(dp_workers[worker], &flow, &real, DP_SYNC_NEW, ret_conn);
	return true;
}

size_t
dp_sync_changes(unsigned int t, struct dp_sync_conn *ret_conns, size_t max, uint64_t *ret_lost)
{
	struct sync_thread *thread = &dp_sync.thread[t];
	unsigned int workers = (dp_sync.workers + dp_sync.threads - 1 - t) / dp_sync.threads;
	uint64_t words[WORDS_MAX];
	size_t found = 0;

	thread->call++;
	for (unsigned int n = 0; n < workers && found < max; n++) {
		unsigned int worker = t + thread->next_worker++ % workers * dp_sync.threads, count;

		do {
			count = words_take(dp_sync.worker[worker], words,
					   (unsigned int)RTE_MIN(max - found, (size_t)WORDS_MAX), ret_lost);
			for (unsigned int i = 0; i < count; i++) {
				struct dp_sync_conn *conn = &ret_conns[found];

				if ((words[i] & SYNC_WORD_END) != 0)
					found += end_tell(t, worker, (uint32_t)words[i], conn, ret_lost);
				else
					found += change_tell(t, worker, words[i], conn);
			}
		} while (count > 0 && found < max);
	}
	return found;
}
