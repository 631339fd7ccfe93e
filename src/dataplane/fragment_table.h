/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a worker remembers of datagrams that come in fragments.
 *
 * An entry is one datagram: its key, the ports of its first fragment once that
 * has come, which bytes have come so far, and the fragments that came before the
 * first one and wait for it. Nothing is put together: whatever may go on goes on.
 *
 *	WAITING --first fragment, others wait--> RELEASED --all taken--> PASSING
 *	    '----first fragment, none waits----------------------------------^
 *	all bytes have come: free; WAITING ends after wait_span, PASSING after life_span
 *
 * Everything has a fixed size, and what is full makes room by age: the oldest entry
 * of a bucket goes for a new one, and the oldest waiting datagram for another's
 * fragment. So whoever fills the table with fragments that never complete keeps
 * others out for as long as it takes to fill it once more, not for the time-out.
 *
 * The table belongs to one worker, which alone uses it. It knows nothing of packets
 * but their pointers; those that it gives up it hands back by frag_table_lost.
 */
#ifndef DP_FRAGMENT_TABLE_H
#define DP_FRAGMENT_TABLE_H

#include <sluice/addr.h>
#include <sluice/drop.h>

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	FRAG_WAYS = 8,
	FRAG_BUCKETS = 1024,
	FRAG_ENTRIES = FRAG_WAYS * FRAG_BUCKETS,
	FRAG_RANGES = 16,   /* separate stretches of one datagram */
	FRAG_WAIT_MAX = 64, /* fragments of one datagram that wait */
	FRAG_WAITS = 1024,  /* ... and of all of a worker's */
	FRAG_NONE = 0xffff,
};

/* Whose fragments belong together: RFC 791, and RFC 8200, which leaves the protocol out (0). */
struct frag_key {
	struct sl_addr src, dst;
	uint32_t id; /* as it lies in the packet */
	uint32_t proto;
};

/* What the first fragment tells of all: ports as they lie in it, the protocol, and a number of its own. */
struct frag_head {
	uint32_t ports;
	uint16_t proto;
	uint16_t id;
};

/* A fragment: bytes start..end of the datagram, 0 <= start < end; a multiple of 8 unless it is the last. */
struct frag_piece {
	uint32_t start, end;
	bool last;
	struct frag_head head; /* where start is 0 */
};

enum frag_list { FRAG_FREE, FRAG_WAITING, FRAG_RELEASED, FRAG_PASSING, FRAG_LISTS };

struct frag_entry {
	_Alignas(64) struct frag_key key;
	uint64_t since; /* it is in its list */
	struct frag_head head;
	uint32_t total;      /* bytes; 0: not known yet */
	uint16_t next, prev; /* in its list, oldest first */
	uint16_t wait;       /* fragments that wait, by rising start */
	uint8_t wait_count;
	uint8_t list; /* enum frag_list */
	uint8_t range_count;
	bool refused;
	struct frag_range {
		uint16_t from, to; /* units of eight bytes */
	} range[FRAG_RANGES];      /* rising, apart from each other */
};
static_assert(sizeof(struct frag_entry) == 192, "three cache lines");

struct frag_wait {
	void *packet;
	uint16_t next;
	uint16_t from;   /* units of eight bytes */
	uint16_t reason; /* of a lost one: enum sl_drop */
};

struct frag_table {
	struct frag_entry *entry;
	struct frag_wait *wait;
	uint64_t secret[2];
	uint64_t wait_span, life_span; /* in the unit of `now` */
	uint16_t head[FRAG_LISTS], tail[FRAG_LISTS];
	uint16_t wait_free, lost_head, lost_tail;
	uint32_t used;       /* entries */
	uint32_t held;       /* packets that wait */
	uint32_t wait_count; /* room for them */
};

/* 0 or -ENOMEM. `waits` is cut down to FRAG_WAITS. */
int frag_table_init(struct frag_table *table, uint32_t waits, const uint64_t secret[2], uint64_t wait_span,
		    uint64_t life_span);
/* Packets that wait are to be taken back first: frag_table_flush, frag_table_lost. */
void frag_table_fini(struct frag_table *table);

/*
 * What becomes of a fragment: one of these, or the reason why it is dropped.
 * After each call, take what the table has lost.
 */
enum {
	FRAG_GOES = -1, /* its ports are in ret_head */
	FRAG_WAITS_NOW = -2,
};
int frag_table_put(struct frag_table *table, const struct frag_key *key, const struct frag_piece *piece,
		   void *packet, uint64_t now, struct frag_head *ret_head);

/*
 * The next of the fragments whose first one has come, in order of datagrams and of
 * offsets; NULL: no more. As long as a datagram has some, its others join them.
 */
void *frag_table_released(struct frag_table *table, struct frag_head *ret_head);

/* The next of the packets that are given up, and why; NULL: no more. */
void *frag_table_lost(struct frag_table *table, enum sl_drop *ret_reason);

/* Ends entries whose time is over, `budget` at most. */
void frag_table_expire(struct frag_table *table, uint64_t now, uint32_t budget);

/* Ends all entries. */
void frag_table_flush(struct frag_table *table);

/* Multiply-and-fold under a secret: senders choose what they send, and must not be able to choose where it goes. */
static inline uint64_t
frag_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t frag_hash_addrs(const uint64_t secret[2], const struct sl_addr *src, const struct sl_addr *dst);

#endif
