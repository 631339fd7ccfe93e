/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync inside the data plane (dp_sync.h is what others see of it): what workers and sync
 * threads pass to each other.
 *
 *	worker -> thread   changes: a ring of words (flow numbers), which never waits and overwrites its
 *	                   oldest
 *	thread -> worker   connections of the peer: a ring for each thread and worker
 *	worker -> worker   a flow that moves to where its packets come in; a local port that is lent
 *
 * What passes is told to a worker by a bell, one word that it looks at once a turn. A thread
 * reads flows beside their worker (`seq`, flow.h) and has its own note of what it told, by flow: so the end of a
 * connection costs the worker a word, and can still be told when its word was overwritten.
 *
 * sync.c: life. sync_changes.c, sync_walk.c, sync_told.c: out. sync_put.c: in, on the thread. sync_take.c: in, on
 * the worker. sync_move.c: flows that are not where their packets are.
 */
#ifndef DP_SYNC_PRIVATE_H
#define DP_SYNC_PRIVATE_H

#include "tcp_state.h"
#include "worker.h"

#include <sluice/dp_sync.h>

/* States that are told: never half open ones. */
#define SYNC_STATES                                                                                          \
	((1u << SL_STATE_ESTABLISHED) | (1u << SL_STATE_FIN_WAIT) | (1u << SL_STATE_TIME_WAIT) |             \
	 (1u << SL_STATE_CLOSE) | (1u << SL_STATE_CLOSE_WAIT) | (1u << SL_STATE_LAST_ACK) |                  \
	 (1u << SL_STATE_UDP))

enum {
	SYNC_RING_MIN = 64,
	SYNC_RING_MAX = 1 << 22,
	SYNC_PUT_RING = 1024,  /* from a thread */
	SYNC_MOVE_RING = 256,  /* from a worker */
	SYNC_HELD_CACHE = 256, /* addresses, by hash */
	SYNC_MOVES_MAX = BURST_MAX,
	SYNC_TAKE_MAX = 32,
	SYNC_REFRESH_MAX_MS = 24 * 3600 * 1000,
};

/*
 * A word of the ring of changes: a flow's number and its entry's `seq`, so that a later flow in the entry is not
 * taken for it; and whether the flow has ended. `seq` comes again after 64 lives of the entry: a reader that is so far
 * behind may tell the present one's end, and tells that one again at its own word.
 */
#define SYNC_WORD_END (UINT64_C(1) << 63)
enum { SYNC_WORD_SEQ_SHIFT = 32 };

/* What the peer knows of a flow's entry: the connection that was told last, as it was then. */
struct sync_told {
	struct sl_addr client, vip, real;
	uint64_t ports; /* as in struct flow, its seq included; 0: it knows nothing */
	uint32_t local;
	uint32_t note; /* TOLD_* (sync_told.c) */
};
static_assert(sizeof(struct sync_told) == 64, "what was told of a flow is one cache line");

/* What comes to a worker through a ring. */
enum sync_kind {
	SYNC_PUT,   /* a connection of the peer's */
	SYNC_ENDED, /* one that is over there */
	SYNC_LEND, /* one whose local port is in this worker's share, and whose packets come to worker `to` */
	SYNC_LENT, /* the same, with its port */
	SYNC_MOVED, /* a flow of another worker's */
	SYNC_KIND_MAX,
};

struct sync_message {
	struct sl_addr client, vip;
	struct sl_addr other;    /* full NAT: local address; SYNC_ENDED: the server's */
	uint64_t ports;          /* as in struct flow, seq 0 */
	uint32_t service, place; /* slot of the service, and where the server was in it */
	uint32_t real;
	uint32_t idle;  /* ticks; SYNC_MOVED: tick of the last packet */
	uint32_t local; /* SYNC_LENT, SYNC_MOVED: as in struct flow */
	uint32_t toa_ack;
	uint16_t generation;
	uint16_t local_port_be;
	uint8_t kind, fwd, state, flags; /* DP_SYNC_*; SYNC_MOVED: FLOW_* */
	uint8_t to;
};

/* One producer, one consumer. */
struct sync_ring {
	_Alignas(64) _Atomic uint32_t head; /* the producer's */
	_Alignas(64) _Atomic uint32_t tail; /* the consumer's */
	uint32_t mask;
	struct sync_message message[];
};

/* A flow that has its packets at another worker. */
struct sync_move {
	uint32_t number;
	uint8_t seq, to;
	_Atomic uint16_t *count; /* of the filter, until the flow has arrived */
};

/* A worker's part. */
struct dp_sync_worker {
	/* The worker's own. */
	_Alignas(64) _Atomic uint64_t *change;
	uint32_t change_mask;
	_Atomic uint64_t change_head;
	uint32_t next_ring; /* to be looked at first */
	uint32_t ring_count;
	unsigned int move_count;
	struct sync_move move[SYNC_MOVES_MAX];
	_Atomic uint64_t inserted, updated, removed, table_full, conflict, lost;

	_Alignas(64) _Atomic uint32_t bell; /* anybody's: there may be something in `ring` */

	/* Of the thread that reads it. */
	_Alignas(64) uint64_t tail;
	const struct flow_table *table;
	uint32_t tick; /* the worker's, when the call began; its own it writes beside much else */
	uint32_t high; /* the same for its table's */
	/* Words lost; when the round of refreshes began; and those made good by a round that has ended. */
	uint64_t losses, losses_before, mended;
	struct sync_told *told; /* by flow */
	size_t told_bytes;

	/* The worker's again. */
	_Alignas(64) struct sync_ring
		*ring[DP_SYNC_THREADS_MAX + DP_WORKERS_MAX]; /* from threads, then workers; NULL: none */
};

/* What a thread knows of an address for the time of a call. */
struct sync_held {
	struct sl_addr addr;
	uint64_t call; /* that asked; 0: none */
	bool held;
};

struct sync_thread {
	_Alignas(64) uint64_t call;
	unsigned int next_worker; /* whose changes come first */
	struct dp_sync_cursor round;
	struct sync_held held[SYNC_HELD_CACHE];
};

struct sync_state {
	unsigned int threads; /* 0: not initialised */
	unsigned int workers;
	struct dp_sync_worker *worker[DP_WORKERS_MAX];
	struct sync_thread *thread;
};

extern struct sync_state dp_sync;

/* ---- rings ---- */

/* Room for a message, or NULL. It is sent by sync_ring_send. */
static inline struct sync_message *
sync_ring_room(struct sync_ring *ring)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) > ring->mask)
		return NULL;
	return &ring->message[head & ring->mask];
}

static inline void
sync_ring_send(struct dp_sync_worker *to, struct sync_ring *ring)
{
	atomic_store_explicit(&ring->head, atomic_load_explicit(&ring->head, memory_order_relaxed) + 1,
			      memory_order_release);
	atomic_store_explicit(&to->bell, 1, memory_order_release);
}

static inline uint32_t
sync_ring_count(const struct sync_ring *ring)
{
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	return atomic_load_explicit(&ring->head, memory_order_acquire) - tail;
}

/* The ring from worker `from` to worker `to`. */
static inline struct sync_ring *
sync_ring_between(unsigned int from, unsigned int to)
{
	return dp_sync.worker[to]->ring[dp_sync.threads + from];
}

static inline void
sync_count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* ---- workers: changes (sync_changes.c) ---- */

static inline struct dp_sync_worker *
sync_of(struct dp_worker *w)
{
	return atomic_load_explicit(&w->sync, memory_order_acquire);
}

static inline void
sync_word_put(struct dp_sync_worker *s, uint64_t word)
{
	uint64_t head = atomic_load_explicit(&s->change_head, memory_order_relaxed);

	atomic_store_explicit(&s->change[head & s->change_mask], word, memory_order_relaxed);
	atomic_store_explicit(&s->change_head, head + 1, memory_order_release);
}

static inline uint64_t
sync_word_of(const struct dp_worker *w, const struct flow *flow)
{
	return (uint64_t)(flow - w->table.flow) | (uint64_t)flow->seq << SYNC_WORD_SEQ_SHIFT;
}

/* A flow of UDP has begun. */
static inline void
dp_sync_began(struct dp_worker *w, const struct flow *flow)
{
	struct dp_sync_worker *s = sync_of(w);

	if (unlikely(s != NULL))
		sync_word_put(s, sync_word_of(w, flow));
}

/* The state of a flow of TCP was `old` before. */
static inline void
dp_sync_changed(struct dp_worker *w, const struct flow *flow, uint8_t old)
{
	struct dp_sync_worker *s = sync_of(w);

	if (likely(s == NULL) || (SYNC_STATES >> flow->state & 1) == 0)
		return;
	/* What was never established is not told when it closes. */
	if (flow->state == SL_STATE_ESTABLISHED || (SYNC_STATES >> old & 1) != 0)
		sync_word_put(s, sync_word_of(w, flow));
}

/* A flow is about to end before its time: the word to be put when it has. 0: nothing is to be told. */
static inline uint64_t
dp_sync_ends(struct dp_worker *w, const struct flow *flow)
{
	if (likely(sync_of(w) == NULL) || (SYNC_STATES >> flow->state & 1) == 0 ||
	    (flow->generation & FLOW_FOREIGN) != 0)
		return 0;
	return SYNC_WORD_END | sync_word_of(w, flow);
}

/* Not before the flow is gone: a walk that finds it once its end was told would tell it again, for good. */
static inline void
dp_sync_ended(struct dp_worker *w, uint64_t word)
{
	struct dp_sync_worker *s = sync_of(w);

	if (unlikely(word != 0) && s != NULL)
		sync_word_put(s, word);
}

/* ---- threads: reading (sync_walk.c) ---- */

/* Between these two the calling thread may read what snapshots point to (sync.c). */
void sync_reader_begin(unsigned int t);
void sync_reader_end(unsigned int t);

/* A copy of a flow in use and its server's address. False: free, or being changed just now. */
bool sync_flow_read(const struct dp_sync_worker *s, uint32_t number, struct flow *ret_flow,
		    struct sl_addr *ret_real);
void sync_conn_fill(const struct dp_sync_worker *s, const struct flow *flow, const struct sl_addr *real,
		    uint8_t flags, struct dp_sync_conn *ret_conn);
/* A call of the thread's begins. */
void sync_call_begin(unsigned int t);
bool sync_is_held(struct sync_thread *thread, const struct sl_addr *vip);

/* ---- threads: what the peer knows (sync_told.c) ---- */

/* The flow is told now, as a change or by a walk. */
void sync_told_set(struct sync_told *told, const struct flow *flow, const struct sl_addr *real, bool change);
/* Was this flow, in this life of its entry, told? */
bool sync_told_is(const struct sync_told *told, const struct flow *flow);
uint8_t sync_told_state(const struct sync_told *told);
bool sync_told_as_change(const struct sync_told *told);
/* How far the tick of its last packet has moved since it was told. */
uint32_t sync_told_moved_ms(const struct sync_told *told, const struct flow *flow);
/* Has the peer's entry of it expired by itself, as far as the peer was told? */
bool sync_told_is_over(const struct dp_sync_worker *s, const struct sync_told *told);
/* The flow that had this `seq` has ended. False: there is nothing to tell of it. */
bool sync_told_end(unsigned int t, struct dp_sync_worker *s, uint32_t number, uint8_t seq,
		   struct dp_sync_conn *ret_conn);
/*
 * The flow that was told of this entry is gone. If words of the worker's were lost its end is told, unless its key
 * is in use again. False: nothing is to be told of it.
 */
bool sync_told_mend(unsigned int t, struct dp_sync_worker *s, uint32_t number, struct dp_sync_conn *ret_conn);

/* ---- workers: taking (sync_take.c, sync_move.c) ---- */

/*
 * Takes at most `max` of what waits from threads, and SYNC_TAKE_MAX, and all that other workers sent; returns how many.
 * `s` is the worker's, loaded once: sync may end meanwhile. Cold.
 */
unsigned int dp_sync_take(struct dp_worker *w, struct dp_sync_worker *s, unsigned int max);

/*
 * Once a turn, which had so many packets. A connection costs as much as a few packets: a worker that gets
 * full bursts takes one for each of them, so that it goes on forwarding; one that does not has the time.
 */
static inline unsigned int
dp_sync_serve(struct dp_worker *w, unsigned int packets)
{
	struct dp_sync_worker *s = sync_of(w);

	if (likely(s == NULL) || likely(atomic_load_explicit(&s->bell, memory_order_relaxed) == 0))
		return 0;
	return dp_sync_take(w, s, packets < BURST_MAX / 2 ? SYNC_TAKE_MAX : RTE_MAX(1u, packets / BURST_MAX));
}

/* The flow begins, or ceases, to be one that other workers search for. */
void sync_foreign_set(struct dp_worker *w, struct flow *flow);
void dp_sync_foreign_clear(struct dp_worker *w, struct flow *flow);
/* A flow that moved is where its packets find it, or is no more: they need not search any longer. */
void sync_arrived(const struct sync_message *m);
/* Packet i is the first one of a flow that came from the peer. Cold. */
void dp_sync_adopt(struct dp_worker *w, struct burst *b, unsigned int i);
/* Sends flows on to the workers that have their packets. After a burst of searching packets. Cold. */
void dp_sync_move(struct dp_worker *w);
/* May a flow of the peer's with this key be at another worker? */
bool dp_sync_may_be_elsewhere(const struct pkt_key *key);
/* After the workers have ended. */
void dp_sync_stop(void);
/* 0 or -ENOMEM. */
int sync_filter_init(uint64_t flows);
void sync_filter_fini(void);

#endif
