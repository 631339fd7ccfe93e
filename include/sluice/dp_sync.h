/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane as connection sync sees it: which connections have changed, all
 * that there are, and a way to put in those that the peer has.
 *
 * Sync thread t of n serves workers t, t + n, t + 2n ... as a reader; every thread may put. Each call is for a
 * thread that has opened itself, names itself by its number, and never blocks. What a worker pays is one
 * store into a ring of its own when a connection's state changes or it ends, and nothing per packet. A ring that is
 * full loses its oldest content, which is counted and made good by the next round of refreshes.
 */
#ifndef SLUICE_DP_SYNC_H
#define SLUICE_DP_SYNC_H

#include <sluice/addr.h>
#include <sluice/conn.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DP_SYNC_THREADS_MAX = 8 };

enum {
	DP_SYNC_ENDED = 1 << 0,   /* the connection is over and its entry gone (or, put: is to go) */
	DP_SYNC_TOA = 1 << 1,     /* full NAT: the server is still to be told the client's address */
	DP_SYNC_NEW = 1 << 2,     /* its state changed; without: it is here because it had traffic */
	DP_SYNC_FOREIGN = 1 << 3, /* came by dp_sync_put and has had no packet here since */
};

/* A connection. Ports in host order. */
struct dp_sync_conn {
	struct sl_addr client, vip, real;
	struct sl_addr local; /* full NAT: source towards the server; else none */
	uint16_t client_port, vip_port, real_port, local_port;
	uint8_t proto, fwd, state, flags; /* enum sl_proto, enum sl_fwd, enum sl_state, DP_SYNC_* */
	uint32_t timeout_s;               /* of its state */
	uint32_t idle_s;                  /* since its last packet; put: so much of its timeout is over */
};

/*
 * n: all threads that there will be. `queue`: entries that may wait, a worker. 0 or -ENOMEM. From here on workers
 * note changes. Control or keepalive thread; once until dp_sync_fini, which no thread may outlive.
 */
int dp_sync_init(unsigned int n, uint32_t queue);
void dp_sync_fini(void);

/* The calling thread is t from here on, until it closes. 0 or -errno. */
int dp_sync_open(unsigned int t);
void dp_sync_close(unsigned int t);

/*
 * The next changes of connections whose VIP is held here, at most `max`; several changes of one connection may
 * be told as its last. Wants: TCP from ESTABLISHED on (never half open), UDP from its first packet. Adds
 * to *ret_lost how many were overwritten unread.
 */
size_t dp_sync_changes(unsigned int t, struct dp_sync_conn *ret_conns, size_t max, uint64_t *ret_lost);

/* Where a walk over the connections of t's workers stands. Starts as zero. */
struct dp_sync_cursor {
	uint32_t worker, index;
	bool done;
};

/*
 * The next connections whose VIP is held here and that had a packet in the last `seen_s` seconds (UINT32_MAX: all), at most `max`,
 * looking at no more than `budget` entries: for a bulk (all of them) and for refreshes.
 */
size_t dp_sync_walk(unsigned int t, struct dp_sync_cursor *cursor, uint32_t seen_s,
		    struct dp_sync_conn *ret_conns, size_t max, size_t budget);

/*
 * The same, for refreshes: connections that have had a packet since they were last told (by dp_sync_changes, a bulk
 * walk, or this) and whose end has moved by at least min(`refresh_ms` if not 0, max(timeout / 2, 10 s)) since; and, after changes
 * were overwritten, ends that are missing (DP_SYNC_ENDED), which dp_sync_changes tells, too, when it comes by one. The walk
 * goes round and round, and says in *ret_round when one has ended.
 */
size_t dp_sync_refresh(unsigned int t, uint32_t refresh_ms, struct dp_sync_conn *ret_conns, size_t max,
		       size_t budget, bool *ret_round);

/* How a connection that was put was taken. X(enum suffix, word) */
#define DP_SYNC_RESULT_LIST(X)                                                                               \
	X(TAKEN, "taken")     /* on its way to its worker */                                                 \
	X(UNKNOWN, "unknown") /* no such service, or server */                                               \
	X(BUSY, "busy")       /* its worker's ring is full: try again */                                     \
	X(BAD, "bad")         /* no such protocol, method or state; a port or address that cannot be */

enum dp_sync_result {
#define X(id, word) DP_SYNC_##id,
	DP_SYNC_RESULT_LIST(X)
#undef X
		DP_SYNC_RESULT_MAX
};

/*
 * Puts a connection into the table of the worker that will have its packets, or brings the one that is there up to date
 * (state, idle time; another server: it takes the place of the old one if it is in an active state). One that has had packets here
 * since is not set back. The server's own method of forwarding holds, as in LVS, unless the entry says FNAT.
 * What goes wrong later (no room, the local port is taken) is in dp_sync_put_stats.
 */
enum dp_sync_result dp_sync_put(unsigned int t, const struct dp_sync_conn *conn);

struct dp_sync_put_stats {
	uint64_t inserted, updated, removed;
	uint64_t table_full; /* no room for it */
	uint64_t
		conflict; /* full NAT: its local port belongs to another connection, or its address is not ours */
	uint64_t lost;    /* its server went, or a ring between two workers was full, before it arrived */
	uint64_t waiting; /* still in the rings */
};

/* Sums over the workers. Any thread. */
void dp_sync_put_stats(struct dp_sync_put_stats *ret_stats);

#endif
