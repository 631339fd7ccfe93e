/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of connections, from the worker that sees them to the thread that tells the peer.
 *
 * The worker stores a flow's number in its ring; what the flow is like the thread reads from the
 * entry when it comes to it. So several changes of one connection are told as its last, and a flow
 * that is gone by then is not told. What is told is in the order of the ring: the end of a connection before the next
 * one with its key. What has ended the thread knows from its note of what it told (sync_told.c). The worker never
 * looks where the reader is: what it overwrites, the reader finds out from the ring's head. After a loss, changes and
 * walks tell what the peer does not know, and the ends that it has not heard of.
 */
#include "sync.h"

enum { WORDS_MAX = 64 };

/*
 * Copies words that are still there; returns how many. What was overwritten is counted: of the word
 * at `tail`, the one that is written now may have taken the place.
 */
static unsigned int
words_take(struct dp_sync_worker *s, uint64_t *words, unsigned int max, uint64_t *ret_lost)
{
	uint64_t head = atomic_load_explicit(&s->change_head, memory_order_acquire),
		 size = (uint64_t)s->change_mask + 1, lost = 0, oldest;
	unsigned int count, gone;

	if (head - s->tail >= size) {
		lost = head - s->tail - (size - 1);
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
	s->losses += lost + gone;
	*ret_lost += lost + gone;
	s->tail += count;
	memmove(words, words + gone, (count - gone) * sizeof(*words));
	return count - gone;
}

/* All entries that the words lead to, fetched side by side: each would be a wait for another core's line. */
static void
entries_prefetch(const struct dp_sync_worker *s, const uint64_t *words, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t number = RTE_MIN((uint32_t)words[i], s->table->capacity);

		__builtin_prefetch(&s->told[number], 1);
		if ((words[i] & SYNC_WORD_END) == 0)
			__builtin_prefetch(&s->table->flow[number]);
	}
}

/* Returns how many it told. 1, and *ret_again: one more, for which there was no room. */
static size_t
change_tell(unsigned int t, struct dp_sync_worker *s, uint64_t word, struct dp_sync_conn *ret_conns,
	    size_t room, bool *ret_again)
{
	struct sync_told *told = &s->told[(uint32_t)word];
	struct sl_addr real;
	struct flow flow;
	size_t found = 0;

	if (!sync_flow_read(s, (uint32_t)word, &flow, &real) ||
	    flow.seq != (uint8_t)(word >> SYNC_WORD_SEQ_SHIFT) || (SYNC_STATES >> flow.state & 1) == 0 ||
	    (flow.generation & FLOW_FOREIGN) != 0)
		return 0;
	if (!sync_told_is(told, &flow))
		found = sync_told_mend(t, s, (uint32_t)word, ret_conns);
	/* What a walk told may have overtaken the end of a connection with the same key: told again. */
	else if (sync_told_state(told) == flow.state && sync_told_as_change(told))
		return 0;
	if (!sync_is_held(&dp_sync.thread[t], &flow.vip))
		return found;
	*ret_again = found == room;
	if (*ret_again)
		return found;
	sync_told_set(told, &flow, &real, true);
	sync_conn_fill(s, &flow, &real, DP_SYNC_NEW, &ret_conns[found]);
	return found + 1;
}

/* The same for what a word says. */
static size_t
word_tell(unsigned int t, struct dp_sync_worker *s, uint64_t word, struct dp_sync_conn *ret_conns,
	  size_t room, bool *ret_again)
{
	if ((uint32_t)word > s->table->capacity)
		return 0;
	if ((word & SYNC_WORD_END) != 0)
		return sync_told_end(t, s, (uint32_t)word, (uint8_t)(word >> SYNC_WORD_SEQ_SHIFT), ret_conns);
	return change_tell(t, s, word, ret_conns, room, ret_again);
}

size_t
dp_sync_changes(unsigned int t, struct dp_sync_conn *ret_conns, size_t max, uint64_t *ret_lost)
{
	struct sync_thread *thread = &dp_sync.thread[t];
	unsigned int workers = (dp_sync.workers + dp_sync.threads - 1 - t) / dp_sync.threads;
	uint64_t words[WORDS_MAX];
	size_t found = 0;

	sync_call_begin(t);
	for (unsigned int n = 0; n < workers && found < max; n++) {
		unsigned int worker = t + thread->next_worker++ % workers * dp_sync.threads, count;
		struct dp_sync_worker *s = dp_sync.worker[worker];

		uint64_t left = (uint64_t)s->change_mask + 1; /* a worker may write as fast as this reads */

		do {
			bool again = false;

			count = words_take(s, words, (unsigned int)RTE_MIN(max - found, (size_t)WORDS_MAX),
					   ret_lost);
			entries_prefetch(s, words, count);
			for (unsigned int i = 0; i < count; i++) {
				found += word_tell(t, s, words[i], &ret_conns[found], max - found, &again);
				/* The rest waits in the ring; a word that told half of it does, too. */
				if (found == max) {
					s->tail -= count - i - !again;
					break;
				}
			}
			left -= RTE_MIN(left, (uint64_t)count);
		} while (count > 0 && left > 0 && found < max);
	}
	return found;
}
