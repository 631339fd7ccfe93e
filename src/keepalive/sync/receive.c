/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a sync thread hears, from the socket to the data plane.
 *
 *	bytes -> size, entries' bounds -> sync id -> trailer, signature -> peer, number -> each entry: put
 *	           bad_message           foreign      bad_auth             replayed         bad_entry, ...
 *
 * Each way out is a counter. An entry whose worker is busy waits in `pending`; as long as any waits, later ones
 * go behind it, so that of two words about one connection the later one holds.
 */
#include "sync_link.h"

#include "sl_log.h"

#include <errno.h>
#include <stdlib.h>

enum { MESSAGES_TURN = 256, PENDING_TURN = 4096 };

static bool refused(struct sync_link *link, _Atomic uint64_t *last_ms);
static void message_take(struct sync_link *link, const struct sync_wire_message *message,
			 const struct sync_trailer *trailer, const struct sockaddr_storage *from);
static void stranger_take(struct sync_link *link, const struct sync_wire_message *message,
			  const struct sockaddr_storage *from);
static void entries_put(struct sync_link *link, const struct sync_wire_message *message,
			const struct sync_trailer *trailer, struct sync_peer *peer);
static void pending_add(struct sync_link *link, const struct dp_sync_conn *conn, struct sync_peer *peer,
			uint64_t number);
static void peer_name(struct sync_link *link, const struct sockaddr_storage *from);

int
sync_pending_init(struct sync_link *link)
{
	link->pending.conns = malloc(sizeof(*link->pending.conns) * SYNC_PENDING_MAX);
	return link->pending.conns != NULL ? 0 : -ENOMEM;
}

void
sync_receive(struct sync_link *link)
{
	static _Thread_local uint8_t bytes[SYNC_WIRE_SIZE_MAX + 1];

	for (unsigned int i = 0; i < MESSAGES_TURN; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t from_len = sizeof(from);
		ssize_t size = recvfrom(link->sockets.udp_in, bytes, sizeof(bytes), MSG_DONTWAIT,
					(struct sockaddr *)&from, &from_len);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return;
		sync_receive_message(link, bytes, (size_t)size, &from);
	}
}

void
sync_receive_message(struct sync_link *link, const uint8_t *bytes, size_t size,
		     const struct sockaddr_storage *from)
{
	const struct ka_sync *conf = &link->sync->conf;
	struct sync_wire_message message;
	struct sync_trailer trailer;

	sync_count(link, SYNC_MESSAGES_RECEIVED, 1);
	sync_count(link, SYNC_BYTES_RECEIVED, size);
	if (!sync_wire_open(bytes, size, &message)) {
		sync_count(link, SYNC_BAD_MESSAGE, 1);
		return;
	}
	if (conf->sync_id != 0 && message.sync_id != conf->sync_id) {
		sync_count(link, SYNC_FOREIGN, 1);
		return;
	}
	switch (sync_trailer_read(&message, &link->key, &trailer)) {
	case SYNC_TRAILER_GOOD:
		message_take(link, &message, &trailer, from);
		return;
	case SYNC_TRAILER_NONE:
		stranger_take(link, &message, from);
		return;
	case SYNC_TRAILER_BAD:
		sync_count(link, SYNC_BAD_MESSAGE, 1);
		return;
	case SYNC_TRAILER_UNSIGNED:
		if (trailer.boot_id != link->sync->boot_id && refused(link, &link->sync->unsigned_ms))
			sync_event(
				link->sync, false,
				link->key.is_set
					? "a Sluice without the key speaks: it is not heard"
					: "a Sluice signs its messages, but here is no key: it is not heard");
		sync_count(link, SYNC_BAD_AUTH, 1);
		return;
	case SYNC_TRAILER_FORGED:
		if (refused(link, &link->sync->forged_ms)) {
			char name[SL_ADDR_STRLEN];

			sync_addr_text(from, name);
			sync_event(link->sync, false,
				   "a Sluice with another key speaks at %s: it is not heard", name);
		}
		sync_count(link, SYNC_BAD_AUTH, 1);
	}
}

/* Is it to be told? Once, as long as such messages come. Another thread's turn may have begun later. */
static bool
refused(struct sync_link *link, _Atomic uint64_t *last_ms)
{
	uint64_t before_ms = atomic_exchange(last_ms, link->now_ms);

	return before_ms == 0 || link->now_ms >= before_ms + SYNC_REFUSED_MS;
}

/* A Sluice's. */
static void
message_take(struct sync_link *link, const struct sync_wire_message *message,
	     const struct sync_trailer *trailer, const struct sockaddr_storage *from)
{
	bool is_new;
	struct sync_peer *peer;

	/*
	 * A bulk's message is signed by that stream's key; without keys only its flag tells. Another thread's
	 * message is numbered as its own are: here it would be new.
	 */
	if ((trailer->flags & SYNC_FLAG_BULK) != 0 || trailer->thread != link->thread ||
	    (!link->key.is_set && !sync_addr_expected(link, from))) {
		sync_count(link, SYNC_BAD_AUTH, 1);
		return;
	}
	switch (sync_peer_heard(&link->peers, trailer, from, link->now_ms, &peer, &is_new)) {
	case SYNC_PEER_TAKE:
		break;
	case SYNC_PEER_WAIT:
		link->heard_ms = link->now_ms;
		link->greet = true;
		return;
	case SYNC_PEER_OWN:
		return;
	case SYNC_PEER_REPLAYED:
		sync_count(link, SYNC_REPLAYED, 1);
		return;
	case SYNC_PEER_MANY:
		sync_count(link, SYNC_FOREIGN, 1);
		return;
	}
	link->heard_ms = link->now_ms;
	if (is_new) {
		link->greet = true;
		peer_name(link, from);
		/* Before it is in sync: the first heartbeat that says so is not to be late. */
		atomic_store(&link->sync->heard, true);
		link->watched_ms = 0;
		sync_state_update(link);
	}
	if (trailer->threads != link->sync->link_count && !link->threads_told) {
		link->threads_told = true;
		sl_warn("connection sync: the peer has %u threads, this box %u: what the others say is not "
			"heard",
			trailer->threads, link->sync->link_count);
	}
	entries_put(link, message, trailer, peer);
}

/* LVS's, or of somebody who speaks its protocol. */
static void
stranger_take(struct sync_link *link, const struct sync_wire_message *message,
	      const struct sockaddr_storage *from)
{
	if ((link->key.is_set && !link->sync->conf.lvs_peer) || !sync_addr_expected(link, from)) {
		sync_count(link, SYNC_BAD_AUTH, 1);
		return;
	}
	if (message->count > 0)
		peer_name(link, from);
	entries_put(link, message, NULL, NULL);
}

static void
peer_name(struct sync_link *link, const struct sockaddr_storage *from)
{
	char text[SL_ADDR_STRLEN];

	sync_addr_text(from, text);
	pthread_mutex_lock(&link->sync->news->lock);
	memcpy(link->sync->news->peer, text, sizeof(text));
	pthread_mutex_unlock(&link->sync->news->lock);
}

/* Without a trailer it is of no peer (NULL), and has no number. */
static void
entries_put(struct sync_link *link, const struct sync_wire_message *message,
	    const struct sync_trailer *trailer, struct sync_peer *peer)
{
	static const struct sync_trailer none;
	struct sync_wire_reader reader;
	enum sync_wire_entry entry;
	struct dp_sync_conn conn;

	if (!atomic_load_explicit(&link->sync->receives, memory_order_relaxed))
		return;
	if (trailer == NULL)
		trailer = &none;
	sync_wire_read(&reader, message, trailer->extras, trailer->extras_size);
	while ((entry = sync_wire_next(&reader, &conn)) != SYNC_WIRE_END) {
		if (entry == SYNC_WIRE_SKIP)
			sync_count(link, SYNC_SKIPPED, 1);
		else if (entry == SYNC_WIRE_BAD)
			sync_count(link, SYNC_BAD_ENTRY, 1);
		else if (link->pending.count > 0 || !sync_put(link, &conn))
			pending_add(link, &conn, peer, trailer->number);
	}
}

bool
sync_put(struct sync_link *link, const struct dp_sync_conn *conn)
{
	switch (dp_sync_put(link->thread, conn)) {
	case DP_SYNC_TAKEN:
		sync_count(link,
			   (conn->flags & DP_SYNC_ENDED) != 0 ? SYNC_DELETES_RECEIVED : SYNC_CONNS_RECEIVED,
			   1);
		return true;
	case DP_SYNC_UNKNOWN:
		sync_count(link, SYNC_UNKNOWN_SERVER, 1);
		return true;
	case DP_SYNC_BUSY:
		return false;
	case DP_SYNC_BAD:
	case DP_SYNC_RESULT_MAX:
		break;
	}
	sync_count(link, SYNC_BAD_ENTRY, 1);
	return true;
}

/*
 * Where there is no room, what this box knows is not what the peer told: all of it is wanted again. What has
 * no number may be of any peer, and as late as the last that it said.
 */
static void
pending_add(struct sync_link *link, const struct dp_sync_conn *conn, struct sync_peer *peer, uint64_t number)
{
	struct sync_pending *pending = &link->pending;

	if (pending->count < SYNC_PENDING_MAX) {
		pending->conns[(pending->first + pending->count++) % SYNC_PENDING_MAX] = *conn;
		return;
	}
	sync_count(link, SYNC_OVERRUN, 1);
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		struct sync_peer *one = &link->peers.peers[i];

		if ((peer == NULL && sync_peer_missing(one, one->high)) ||
		    (peer == one && sync_peer_missing(one, number)))
			sync_state_update(link);
	}
}

void
sync_pending_retry(struct sync_link *link)
{
	struct sync_pending *pending = &link->pending;

	for (unsigned int i = 0; pending->count > 0 && i < PENDING_TURN; i++) {
		if (!sync_put(link, &pending->conns[pending->first]))
			return;
		pending->first = (pending->first + 1) % SYNC_PENDING_MAX;
		pending->count--;
	}
}
