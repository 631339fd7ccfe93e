/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a sync thread says: changes first, in every turn; then, slowly, refreshes
 * of connections that live on; hellos in between.
 *
 * The data plane's ring is the only queue. As long as the socket takes nothing, no more is taken from the ring,
 * which loses its oldest, and no refresh is looked for. What the ring lost leaves a hole in the numbers of our
 * messages: a Sluice that misses a number asks for all connections.
 */
#include "sync_link.h"

#include "sl_log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	CHANGES_TURN = 4096,   /* in one turn: a million a second, and time to listen in between */
	REFRESHES_TURN = 128,  /* 32,000 a second */
	REFRESH_BUDGET = 1024, /* entries looked at for SYNC_CONNS of them */
	REPEATS_MAX = 16384,
	TOLD_COUNT = 65536,
};

/*
 * sync_retries: what was told is told again, refresh / 8 later, unless it was
 * told anew in between. `told` has the number of the last telling by the connection's hash; two
 * connections of one hash cost a repeat.
 */
struct sync_repeats {
	struct {
		struct dp_sync_conn conn;
		uint64_t due_ms;
		uint32_t told, left;
	} ring[REPEATS_MAX];
	uint32_t first, count;
	uint32_t number;
	uint32_t told[TOLD_COUNT];
};

static bool message_flush(struct sync_link *link, uint8_t flags);
static bool message_send(struct sync_link *link);
static bool conn_send(struct sync_link *link, const struct dp_sync_conn *conn);
static bool changes_send(struct sync_link *link);
static void refreshes_send(struct sync_link *link);
static uint32_t *told_place(struct sync_repeats *repeats, const struct dp_sync_conn *conn);
static void repeat_note(struct sync_link *link, const struct dp_sync_conn *conn, uint32_t left);
static void repeats_send(struct sync_link *link);

int
sync_sender_init(struct sync_link *link)
{
	struct sync_sender *sender = &link->sender;
	const struct ka_sync *conf = &link->sync->conf;

	sender->bytes = malloc(SYNC_WIRE_SIZE_MAX);
	if (sender->bytes == NULL)
		return -ENOMEM;
	if (conf->retries > 0 && conf->refresh_ms > 0) {
		sender->repeats = calloc(1, sizeof(*sender->repeats));
		if (sender->repeats == NULL)
			return -ENOMEM;
	}
	return 0;
}

void
sync_sender_fini(struct sync_link *link)
{
	free(link->sender.bytes);
	free(link->sender.repeats);
}

bool
sync_send_turn(struct sync_link *link)
{
	struct sync_sender *sender = &link->sender;
	bool sends = atomic_load_explicit(&link->sync->sends, memory_order_relaxed), all = true;

	if (sender->ready > 0 && !message_send(link))
		return false;
	if (sends) {
		all = changes_send(link);
		if (all && sender->ready == 0)
			repeats_send(link);
		if (all && sender->ready == 0)
			refreshes_send(link);
	} else {
		/* When the role comes back it is no news any more. */
		sender->batch_at = sender->batch_count = 0;
	}
	sender->sent_before = sends;
	if (sender->out.count > 0 && sender->ready == 0)
		message_flush(link, 0);
	if (sender->ready == 0 && !link->sync->conf.lvs_peer &&
	    (link->greet || link->now_ms - sender->hello_ms >= SYNC_HELLO_MS)) {
		link->greet = false;
		sender->hello_ms = link->now_ms;
		message_flush(link, SYNC_FLAG_HELLO);
	}
	return all && sender->ready == 0;
}

void
sync_send_goodbye(struct sync_link *link)
{
	if (link->sync->conf.lvs_peer || link->sender.ready > 0)
		return;
	message_flush(link, SYNC_FLAG_GOODBYE);
	message_flush(link, SYNC_FLAG_GOODBYE);
}

/* Sends what is in `out`, if only a trailer, and begins the next. False: the socket did not take it. */
static bool
message_flush(struct sync_link *link, uint8_t flags)
{
	struct sync_sender *sender = &link->sender;
	const struct sync_trailer trailer = {
		.flags = (uint8_t)(flags | (atomic_load(&link->sync->in_sync) ? SYNC_FLAG_IN_SYNC : 0)),
		.threads = (uint8_t)link->sync->link_count,
		.thread = (uint8_t)link->thread,
		.boot_id = link->sync->boot_id,
		.echo = sync_peers_echo(&link->peers, link->now_ms),
		.number = ++sender->number,
	};

	if (sender->out.count == 0)
		sync_wire_begin(&sender->out, sender->bytes, link->sockets.max_len, link->sync->conf.sync_id,
				sync_trailer_room(&link->key));
	sender->ready = sync_trailer_write(&sender->out, &trailer, &link->key);
	return message_send(link);
}

static bool
message_send(struct sync_link *link)
{
	struct sync_sender *sender = &link->sender;
	ssize_t sent = send(link->sockets.udp_out, sender->bytes, sender->ready, MSG_DONTWAIT);

	/* An answer to an earlier message (the peer's port is closed): this one is still to be sent. */
	if (sent < 0 && errno == ECONNREFUSED)
		sent = send(link->sockets.udp_out, sender->bytes, sender->ready, MSG_DONTWAIT);
	if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EINTR))
		return false;
	if (sent < 0) {
		/* Nobody hears it. Its number is missing when there is a way again. */
		sync_count(link, SYNC_DROPPED, sender->out.count);
	} else {
		sync_count(link, SYNC_MESSAGES_SENT, 1);
		sync_count(link, SYNC_BYTES_SENT, sender->ready);
		sync_count(link, SYNC_CONNS_SENT, sender->out.count - sender->deletes);
		sync_count(link, SYNC_DELETES_SENT, sender->deletes);
	}
	sender->ready = 0;
	sender->out.count = 0;
	sender->deletes = 0;
	return true;
}

/* False: the socket takes no more, and the connection has to wait for the next turn. */
static bool
conn_send(struct sync_link *link, const struct dp_sync_conn *conn)
{
	struct sync_sender *sender = &link->sender;

	if (sender->out.count == 0)
		sync_wire_begin(&sender->out, sender->bytes, link->sockets.max_len, link->sync->conf.sync_id,
				sync_trailer_room(&link->key));
	if (!sync_wire_add(&sender->out, conn)) {
		if (!message_flush(link, 0))
			return false;
		sync_wire_begin(&sender->out, sender->bytes, link->sockets.max_len, link->sync->conf.sync_id,
				sync_trailer_room(&link->key));
		sync_wire_add(&sender->out, conn);
	}
	sender->deletes += (conn->flags & DP_SYNC_ENDED) != 0;
	return true;
}

/* True: all that there were. A batch that the socket breaks off goes on in the next turn. */
static bool
changes_send(struct sync_link *link)
{
	struct sync_sender *sender = &link->sender;
	uint64_t lost = 0;
	bool all = false;

	for (unsigned int done = 0; done < CHANGES_TURN && !all; done++) {
		if (sender->batch_at == sender->batch_count) {
			sender->batch_at = 0;
			sender->batch_count = dp_sync_changes(link->thread, sender->batch, SYNC_CONNS, &lost);
			if (sender->batch_count == 0) {
				all = true;
				break;
			}
		}
		if (!conn_send(link, &sender->batch[sender->batch_at]))
			break;
		sync_serve_change(link, &sender->batch[sender->batch_at]);
		repeat_note(link, &sender->batch[sender->batch_at], link->sync->conf.retries);
		sender->batch_at++;
	}
	if (lost > 0 && sender->sent_before) {
		sync_count(link, SYNC_DROPPED, lost);
		sender->number++;
		sync_serve_again(link);
	}
	return all;
}

static void
refreshes_send(struct sync_link *link)
{
	struct sync_sender *sender = &link->sender;
	bool round = false;

	for (unsigned int done = 0; done < REFRESHES_TURN && !round; done += SYNC_CONNS) {
		sender->batch_count = dp_sync_refresh(link->thread, link->sync->conf.refresh_ms,
						      sender->batch, SYNC_CONNS, REFRESH_BUDGET, &round);
		for (sender->batch_at = 0; sender->batch_at < sender->batch_count; sender->batch_at++) {
			const struct dp_sync_conn *conn = &sender->batch[sender->batch_at];

			/* The rest goes on in the next turn, before any change: the data plane takes it for told. */
			if (!conn_send(link, conn))
				return;
			/* A bulk that is on its way may have the connection behind this. */
			if ((conn->flags & DP_SYNC_ENDED) != 0)
				sync_serve_change(link, conn);
			repeat_note(link, conn, link->sync->conf.retries);
		}
		if (sender->batch_count < SYNC_CONNS)
			return;
	}
}

/* ---- repeats ---- */

static uint32_t *
told_place(struct sync_repeats *repeats, const struct dp_sync_conn *conn)
{
	uint32_t hash = (uint32_t)conn->client_port << 16 ^ conn->vip_port ^ conn->proto, word;

	for (unsigned int i = 0; i < sizeof(conn->client.b); i += sizeof(word)) {
		memcpy(&word, conn->client.b + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b1;
		hash ^= hash >> 15;
	}
	return &repeats->told[hash % TOLD_COUNT];
}

static void
repeat_note(struct sync_link *link, const struct dp_sync_conn *conn, uint32_t left)
{
	struct sync_repeats *repeats = link->sender.repeats;
	uint32_t at;

	if (repeats == NULL)
		return;
	*told_place(repeats, conn) = ++repeats->number;
	if (left == 0)
		return;
	if (repeats->count == REPEATS_MAX) {
		repeats->first++;
		repeats->count--;
	}
	at = (repeats->first + repeats->count++) % REPEATS_MAX;
	repeats->ring[at].conn = *conn;
	repeats->ring[at].due_ms = link->now_ms + link->sync->conf.refresh_ms / 8;
	repeats->ring[at].told = repeats->number;
	repeats->ring[at].left = left - 1;
}

static void
repeats_send(struct sync_link *link)
{
	struct sync_repeats *repeats = link->sender.repeats;

	for (unsigned int done = 0; repeats != NULL && repeats->count > 0 && done < REFRESHES_TURN; done++) {
		uint32_t at = repeats->first % REPEATS_MAX, left = repeats->ring[at].left;
		struct dp_sync_conn conn = repeats->ring[at].conn;

		if (repeats->ring[at].due_ms > link->now_ms)
			return;
		if (*told_place(repeats, &conn) == repeats->ring[at].told) {
			if (!conn_send(link, &conn))
				return;
			repeat_note(link, &conn, left);
		}
		repeats->first++;
		repeats->count--;
	}
}
