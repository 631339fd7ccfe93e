/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All connections from a peer: when it has begun to speak, or something it said
 * is lost.
 *
 *	IDLE -> CONNECTS -> GREETED (request said) -> STREAMS -> END heard: in sync
 *	  ^------ refused, broken off, silent, forged: again, later and later ----'
 *
 * While a worker is busy nothing is read, which holds the peer up by TCP's own means.
 */
#include "sync_link.h"

#include "sl_log.h"

#include <errno.h>
#include <unistd.h>

enum {
	CONNECT_LIMIT_MS = 2000,
	STILL_LIMIT_MS = 5000, /* the peer says something every 500 ms */
	READS_STEP = 16,
};

static void fetch_begin(struct sync_link *link, struct sync_peer *peer);
static void fetch_fail(struct sync_link *link, const char *why);
static void fetch_done(struct sync_link *link, uint64_t mark);
static struct sync_peer *fetch_peer(struct sync_link *link);
static bool greeting_read(struct sync_link *link);
static bool stream_read(struct sync_link *link);
static bool messages_take(struct sync_link *link);

void
sync_fetch_tend(struct sync_link *link)
{
	struct sync_bulk *bulk = &link->bulk;
	struct sync_peer *peer;

	if (bulk->state != SYNC_BULK_IDLE) {
		uint64_t limit_ms = bulk->state == SYNC_BULK_STREAMS ? STILL_LIMIT_MS : CONNECT_LIMIT_MS;

		peer = fetch_peer(link);
		if (peer == NULL || peer->gone || !atomic_load(&link->sync->receives))
			sync_fetch_close(link);
		else if (!bulk->waiting && link->now_ms - bulk->moved_ms >= limit_ms)
			fetch_fail(link,
				   bulk->state == SYNC_BULK_STREAMS ? "nothing more came" : "no answer");
		return;
	}
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		peer = &link->peers.peers[i];
		if (peer->known && !peer->gone && peer->wants_bulk && link->now_ms >= peer->bulk_at_ms &&
		    link->now_ms - peer->heard_ms < SYNC_SILENT_MS && atomic_load(&link->sync->receives)) {
			fetch_begin(link, peer);
			return;
		}
	}
}

void
sync_fetch_step(struct sync_link *link)
{
	struct sync_bulk *bulk = &link->bulk;

	if (bulk->state == SYNC_BULK_CONNECTS && !greeting_read(link))
		return;
	for (unsigned int i = 0; bulk->state >= SYNC_BULK_GREETED && i < READS_STEP; i++) {
		if (!messages_take(link) || !stream_read(link))
			return;
	}
}

void
sync_fetch_close(struct sync_link *link)
{
	struct sync_bulk *bulk = &link->bulk;

	if (bulk->state == SYNC_BULK_IDLE)
		return;
	close(bulk->fd);
	bulk->fd = -1;
	bulk->state = SYNC_BULK_IDLE;
	bulk->reading = bulk->waiting = false;
	bulk->size = bulk->at = 0;
	atomic_store(&link->bulk_ms, link->now_ms - bulk->since_ms);
	atomic_store(&link->bulk_runs, false);
}

/* NULL: it has restarted since. */
static struct sync_peer *
fetch_peer(struct sync_link *link)
{
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		if (link->peers.peers[i].boot_id == link->bulk.boot_id)
			return &link->peers.peers[i];
	}
	return NULL;
}

static void
fetch_begin(struct sync_link *link, struct sync_peer *peer)
{
	struct sync_bulk *bulk = &link->bulk;

	bulk->boot_id = peer->boot_id;
	bulk->since_ms = bulk->moved_ms = link->now_ms;
	bulk->number = bulk->count = 0;
	bulk->size = 0;
	sync_addr_text(&peer->addr, bulk->name);
	bulk->fd = sync_socket_connect(link, &peer->addr);
	if (bulk->fd < 0) {
		if (peer->bulk_failures == 0)
			sync_event(link->sync, false, "cannot fetch the connections of %s: %s", bulk->name,
				   strerror(-bulk->fd));
		sync_peer_bulk_failed(peer, link->now_ms);
		return;
	}
	bulk->state = SYNC_BULK_CONNECTS;
	atomic_store(&link->bulk_done, 0);
	atomic_store(&link->bulk_total, 0);
	atomic_store(&link->bulk_ms, 0);
	atomic_store(&link->bulk_runs, true);
}

static void
fetch_fail(struct sync_link *link, const char *why)
{
	struct sync_peer *peer = fetch_peer(link);

	if (peer != NULL && peer->bulk_failures == 0)
		sync_event(link->sync, false, "bulk from %s failed after %llu connections: %s; tries again",
			   link->bulk.name, (unsigned long long)link->bulk.count, why);
	sync_fetch_close(link);
	if (peer != NULL)
		sync_peer_bulk_failed(peer, link->now_ms);
}

static void
fetch_done(struct sync_link *link, uint64_t mark)
{
	struct sync_peer *peer = fetch_peer(link);

	sync_fetch_close(link);
	atomic_store(&link->bulk_total, link->bulk.count);
	sl_info("connection sync %u: %llu connections of %s in %llu ms", link->thread,
		(unsigned long long)link->bulk.count, link->bulk.name,
		(unsigned long long)(link->now_ms - link->bulk.since_ms));
	if (peer != NULL)
		sync_peer_bulk_done(peer, mark, link->now_ms);
	if (peer != NULL && peer->wants_bulk)
		sync_event(link->sync, false, "messages of %s after its bulk are lost: all is wanted again",
			   link->bulk.name);
	sync_state_update(link);
}

/* True: the request is said. False: not yet, or the attempt has failed. */
static bool
greeting_read(struct sync_link *link)
{
	struct sync_bulk *bulk = &link->bulk;
	uint8_t request[SYNC_BULK_REQUEST], nonce[SYNC_NONCE];
	ssize_t size = recv(bulk->fd, bulk->bytes + bulk->size, SYNC_BULK_GREETING - bulk->size, 0);
	bool is_signed;

	if (size < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN))
		return false;
	if (size <= 0) {
		fetch_fail(link, size < 0 ? strerror(errno) : "the peer does not want to tell them now");
		return false;
	}
	bulk->size += (size_t)size;
	if (bulk->size < SYNC_BULK_GREETING)
		return false;
	if (!sync_seal_greeted(bulk->bytes, &is_signed) || is_signed != link->key.is_set ||
	    !sync_seal_nonce(nonce)) {
		sync_count(link, SYNC_BAD_AUTH, 1);
		fetch_fail(link, "it is no Sluice with the same key");
		return false;
	}
	sync_seal_request(&link->key, link->thread, link->sync->boot_id, bulk->bytes, nonce, request,
			  &bulk->key);
	/* It always fits into the buffer of a new socket. */
	if (send(bulk->fd, request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request)) {
		fetch_fail(link, "broken off");
		return false;
	}
	bulk->size = 0;
	bulk->state = SYNC_BULK_GREETED;
	bulk->moved_ms = link->now_ms;
	return true;
}

/* True: there is more to take. */
static bool
stream_read(struct sync_link *link)
{
	struct sync_bulk *bulk = &link->bulk;
	ssize_t size = recv(bulk->fd, bulk->bytes + bulk->size, sizeof(bulk->bytes) - bulk->size, 0);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (size <= 0) {
		fetch_fail(link, bulk->state == SYNC_BULK_GREETED ? "refused" : "broken off");
		return false;
	}
	bulk->size += (size_t)size;
	bulk->moved_ms = link->now_ms;
	sync_count(link, SYNC_BYTES_RECEIVED, (uint64_t)size);
	return true;
}

/* Is the message at the front this stream's next one? */
static bool
message_open(struct sync_link *link, size_t size)
{
	struct sync_bulk *bulk = &link->bulk;

	if (!sync_wire_open(bulk->bytes + bulk->at, size, &bulk->message)) {
		sync_count(link, SYNC_BAD_MESSAGE, 1);
		return false;
	}
	if (sync_trailer_read(&bulk->message, &bulk->key, &bulk->trailer) != SYNC_TRAILER_GOOD ||
	    (bulk->trailer.flags & SYNC_FLAG_BULK) == 0 || bulk->trailer.boot_id != bulk->boot_id ||
	    bulk->trailer.number != bulk->number + 1) {
		sync_count(link, SYNC_BAD_AUTH, 1);
		return false;
	}
	bulk->number++;
	bulk->count += bulk->message.count;
	if (bulk->trailer.count != bulk->count) {
		sync_count(link, SYNC_BAD_MESSAGE, 1);
		return false;
	}
	bulk->state = SYNC_BULK_STREAMS;
	bulk->reading = true;
	sync_wire_read(&bulk->reader, &bulk->message, bulk->trailer.extras, bulk->trailer.extras_size);
	return true;
}

/* Puts the rest of the message in. False: a worker is busy. */
static bool
message_put(struct sync_link *link)
{
	struct sync_bulk *bulk = &link->bulk;
	enum sync_wire_entry entry;

	if (bulk->waiting && !sync_put(link, &bulk->conn))
		return false;
	bulk->waiting = false;
	while ((entry = sync_wire_next(&bulk->reader, &bulk->conn)) != SYNC_WIRE_END) {
		if (entry != SYNC_WIRE_CONN) {
			sync_count(link, SYNC_BAD_ENTRY, 1);
		} else if (!sync_put(link, &bulk->conn)) {
			bulk->waiting = true;
			return false;
		}
	}
	return true;
}

/* Every whole message that is there. True: more bytes are wanted. */
static bool
messages_take(struct sync_link *link)
{
	struct sync_bulk *bulk = &link->bulk;

	for (;;) {
		size_t left = bulk->size - bulk->at, size;

		if (bulk->reading) {
			if (!message_put(link)) {
				bulk->moved_ms = link->now_ms;
				return false;
			}
			bulk->reading = false;
			bulk->at += bulk->message.size;
			atomic_store(&link->bulk_done, bulk->count);
			if ((bulk->trailer.flags & SYNC_FLAG_END) != 0) {
				fetch_done(link, bulk->trailer.mark);
				return false;
			}
			continue;
		}
		size = left >= SYNC_WIRE_HEADER ? sync_get16(bulk->bytes + bulk->at + 2) : SYNC_WIRE_SIZE_MAX;
		if (left < size)
			break;
		if (!message_open(link, size)) {
			fetch_fail(link, "a message was not the peer's");
			return false;
		}
	}
	memmove(bulk->bytes, bulk->bytes + bulk->at, bulk->size - bulk->at);
	bulk->size -= bulk->at;
	bulk->at = 0;
	return true;
}
