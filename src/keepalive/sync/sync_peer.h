/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Sluices that a sync thread hears: of each its boot, which of its messages
 * have come, and whether a bulk resynchronisation is wanted of it.
 *
 *	(a new boot id) -> HEARD -- it says our boot id --> KNOWN -- another boot at its address --> past
 *
 * Why HEARD is not enough where there is a key: messages of an earlier boot of the peer are signed well, and who has
 * recorded them could say them again. One that names our boot id was written after we started; and of those that
 * were written since, each number is taken once. Boots that ended are remembered.
 *
 * A number that has not come a second after a later one has is lost. A loss, or a new boot, wants a bulk;
 * which makes good what is missing up to its mark. What is missing after it wants the next one.
 *
 * A peer says as well whom it hears, one after the other. One that is heard and does not name our boot id for
 * SYNC_SILENT_MS is deaf: what we say does not come to it, or not with its key.
 *
 * Pure: time comes in as an argument. Belongs to one thread.
 */
#ifndef SYNC_PEER_H
#define SYNC_PEER_H

#include "sync_trailer.h"

#include <sys/socket.h>

enum {
	SYNC_PEERS_MAX = 8,
	SYNC_PAST_MAX = 256,
	SYNC_WINDOW = 65536,        /* numbers that may come late */
	SYNC_HOLE_MS = 1000,        /* a number that is missing for so long is lost */
	SYNC_SILENT_MS = 3000,      /* nobody speaks */
	SYNC_BULK_APART_MS = 10000, /* between two bulks for the sake of losses */
	/* messages in which a peer names each that it hears, however many these are: three rounds */
	SYNC_ECHO_ROUNDS = 3 * SYNC_PEERS_MAX,
};

struct sync_peer {
	uint64_t boot_id; /* 0: free */
	struct sockaddr_storage addr;
	bool known;        /* its messages are taken */
	bool gone;         /* it has said goodbye */
	bool in_sync;      /* as it says */
	bool numbered;     /* `high` and `floor` mean something */
	uint8_t threads;   /* as it says */
	uint64_t known_ms; /* since when */
	uint64_t heard_ms; /* when last */
	/*
	 * When it named our boot id last, or could have for the first time. Moved on by the time in which nothing is heard
	 * of it; `unechoed` messages have come since.
	 */
	uint64_t echoed_ms;
	unsigned int unechoed;
	bool hears_nobody; /* as its last message says */
	uint64_t high;     /* the highest number that came */
	uint64_t floor;    /* up to here it is clear what has come and what not */
	uint64_t checked;  /* the highest number at the last check */
	uint64_t checked_ms;
	uint64_t lost;       /* numbers that never came */
	uint64_t missing_to; /* the highest number that was lost, or for which there was no room */
	bool wants_bulk;
	bool told;           /* a bulk has ended */
	uint64_t bulk_at_ms; /* not before */
	unsigned int bulk_failures;
	uint64_t window[SYNC_WINDOW / 64];
};

struct sync_peers {
	uint64_t own_boot_id;
	bool trusting; /* there is no key: who speaks is known */
	unsigned int echo_next;
	unsigned int past_next;
	uint64_t past[SYNC_PAST_MAX];
	struct sync_peer peers[SYNC_PEERS_MAX];
};

enum sync_verdict {
	SYNC_PEER_TAKE,     /* a new message of a peer that is known */
	SYNC_PEER_WAIT,     /* not known yet: it has to hear us first. Nothing of it is taken. */
	SYNC_PEER_OWN,      /* our own message */
	SYNC_PEER_REPLAYED, /* it was here before, or its boot is over */
	SYNC_PEER_MANY,     /* no room for one more peer */
};

void sync_peers_init(struct sync_peers *peers, uint64_t own_boot_id, bool trusting);

/* A message with a good trailer has come. ret_peer: NULL unless TAKE or WAIT. ret_new: it has just become known. */
enum sync_verdict sync_peer_heard(struct sync_peers *peers, const struct sync_trailer *trailer,
				  const struct sockaddr_storage *from, uint64_t now_ms,
				  struct sync_peer **ret_peer, bool *ret_new);

/*
 * What has been lost since: numbers that are missing for SYNC_HOLE_MS. Forgets who was heard once and fell
 * silent. To be called several times a second.
 */
uint64_t sync_peer_check(struct sync_peers *peers, struct sync_peer *peer, uint64_t now_ms);

/* It is known, has not said goodbye, and nothing has come of it for SYNC_SILENT_MS. */
static inline bool
sync_peer_silent(const struct sync_peer *peer, uint64_t now_ms)
{
	return peer->known && !peer->gone && now_ms - peer->heard_ms >= SYNC_SILENT_MS;
}

/* It speaks, and does not hear us. */
bool sync_peer_deaf(const struct sync_peer *peer, uint64_t now_ms);

/* We did not listen for so long: that is nobody's silence. */
void sync_peers_pause(struct sync_peers *peers, uint64_t ms);

/* What this number said could not be taken. True: all is wanted now, and was not before. */
bool sync_peer_missing(struct sync_peer *peer, uint64_t number);

/* A bulk by which everything up to `mark` is told has ended, or failed. */
void sync_peer_bulk_done(struct sync_peer *peer, uint64_t mark, uint64_t now_ms);
void sync_peer_bulk_failed(struct sync_peer *peer, uint64_t now_ms);

/* What the next message's echo is to be: the peers take turns. 0: there is none. */
uint64_t sync_peers_echo(struct sync_peers *peers, uint64_t now_ms);

/* Two addresses are of one host, whatever the ports. */
bool sync_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

#endif
