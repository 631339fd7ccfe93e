/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All connections for a peer that has come, or has lost something.
 *
 *	accepted -> greeting said -> request heard and found right -> STREAM: walk, and changes as they come
 *	   -> walked to the end: END, with the count and the number of our last message to all -> the peer closes
 *
 * A change is put into the stream where it falls, between what was walked before and after it, so the peer's last word
 * about a connection is the right one, whatever overtakes what on the other way. The walk goes on only while little
 * waits to be written; changes may wait by the megabyte; who lets more wait than that has to begin anew.
 */
#include "sync_link.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	REQUEST_LIMIT_MS = 3000,
	STILL_LIMIT_MS = 10000, /* nothing taken for so long */
	WALK_BELOW = 256 << 10, /* bytes that wait */
	WALKS_STEP = 32,        /* of SYNC_CONNS, in one step */
	WALK_BUDGET = 2048,
	SIGN_OF_LIFE_MS = 500,
};

static bool request_read(struct sync_link *link, struct sync_bulk_client *client);
static bool stream_flush(struct sync_link *link, struct sync_bulk_client *client, uint8_t flags);
static bool stream_add(struct sync_link *link, struct sync_bulk_client *client,
		       const struct dp_sync_conn *conn);
static bool stream_walk(struct sync_link *link, struct sync_bulk_client *client);
static bool stream_write(struct sync_link *link, struct sync_bulk_client *client);
static bool is_peer(const struct sync_link *link, const struct sockaddr_storage *from);

void
sync_serve_accept(struct sync_link *link)
{
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof(from);
	int fd = accept4(link->sockets.listener, (struct sockaddr *)&from, &from_len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct sync_bulk_client *client = NULL;
	uint8_t greeting[SYNC_BULK_GREETING];

	if (fd < 0)
		return;
	for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX && client == NULL; i++) {
		if (link->clients[i].fd < 0)
			client = &link->clients[i];
	}
	/* Without a key, who may ask is who is heard. */
	if (!link->key.is_set && !is_peer(link, &from)) {
		sync_count(link, SYNC_BAD_AUTH, 1);
		close(fd);
		return;
	}
	/* One that has proved nothing yet gives way to the next: strangers must not keep the places. */
	for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX && client == NULL; i++) {
		if (!link->clients[i].streams) {
			client = &link->clients[i];
			sync_serve_close(client);
		}
	}
	if (client == NULL || !sync_seal_nonce(client->nonce)) {
		close(fd);
		return;
	}
	client->fd = fd;
	client->streams = client->ended = false;
	client->since_ms = client->moved_ms = link->now_ms;
	client->request_size = 0;
	sync_addr_text(&from, client->name);
	sync_seal_greeting(&link->key, client->nonce, greeting);
	/* It always fits into the buffer of a new socket. */
	if (send(fd, greeting, sizeof(greeting), MSG_NOSIGNAL) != (ssize_t)sizeof(greeting))
		sync_serve_close(client);
}

void
sync_serve_close(struct sync_bulk_client *client)
{
	if (client->fd < 0)
		return;
	close(client->fd);
	client->fd = -1;
	free(client->stream);
	client->stream = NULL;
}

void
sync_serve_step(struct sync_link *link, struct sync_bulk_client *client, bool readable)
{
	uint64_t limit_ms =
		client->streams ? client->moved_ms + STILL_LIMIT_MS : client->since_ms + REQUEST_LIMIT_MS;
	bool good = link->now_ms < limit_ms;

	if (good && readable)
		good = request_read(link, client);
	if (good && client->streams)
		good = stream_walk(link, client) && stream_write(link, client);
	if (good)
		return;
	if (client->streams && !client->ended)
		sync_event(link->sync, false, "bulk for %s broken off after %llu connections", client->name,
			   (unsigned long long)client->count);
	sync_serve_close(client);
}

void
sync_serve_change(struct sync_link *link, const struct dp_sync_conn *conn)
{
	for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX; i++) {
		struct sync_bulk_client *client = &link->clients[i];

		if (client->fd >= 0 && client->streams && !client->ended && !stream_add(link, client, conn)) {
			sync_event(link->sync, false, "bulk for %s broken off: it takes less than there is",
				   client->name);
			sync_serve_close(client);
		}
	}
}

void
sync_serve_again(struct sync_link *link)
{
	for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX; i++)
		link->clients[i].cursor = (struct dp_sync_cursor){ 0 };
}

static bool
is_peer(const struct sync_link *link, const struct sockaddr_storage *from)
{
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		const struct sync_peer *peer = &link->peers.peers[i];

		if (peer->known && !peer->gone && sync_same_host(&peer->addr, from))
			return true;
	}
	return false;
}

/* False: it has left, or is none of ours. After its request it has nothing to say but that it leaves. */
static bool
request_read(struct sync_link *link, struct sync_bulk_client *client)
{
	ssize_t size = recv(client->fd, client->request + client->request_size,
			    sizeof(client->request) - client->request_size, 0);

	if (size < 0)
		return errno == EAGAIN || errno == EINTR;
	if (size == 0)
		return false;
	client->request_size += (size_t)size;
	if (client->request_size < sizeof(client->request))
		return true;
	if (!sync_seal_requested(&link->key, link->thread, client->nonce, client->request, &client->key)) {
		sync_count(link, SYNC_BAD_AUTH, 1);
		return false;
	}
	client->stream = malloc(SYNC_BULK_STREAM_MAX);
	if (client->stream == NULL)
		return false;
	client->stream_from = client->stream_to = 0;
	client->cursor = (struct dp_sync_cursor){ 0 };
	client->number = client->count = 0;
	client->streams = true;
	client->moved_ms = link->now_ms;
	sync_wire_begin(&client->out, client->message, sizeof(client->message), link->sync->conf.sync_id,
			sync_trailer_room(&client->key));
	/* Proves at once that we know the key. */
	return stream_flush(link, client, 0);
}

/* Appends the message to the stream. False: too much waits there. */
static bool
stream_flush(struct sync_link *link, struct sync_bulk_client *client, uint8_t flags)
{
	struct sync_trailer trailer = {
		.flags = (uint8_t)(flags | SYNC_FLAG_BULK),
		.threads = (uint8_t)link->sync->link_count,
		.thread = (uint8_t)link->thread,
		.boot_id = link->sync->boot_id,
		.number = ++client->number,
		.mark = link->sender.number,
	};
	size_t size;

	client->count += client->out.count;
	trailer.count = client->count;
	size = sync_trailer_write(&client->out, &trailer, &client->key);
	if (client->stream_to + size > SYNC_BULK_STREAM_MAX) {
		memmove(client->stream, client->stream + client->stream_from,
			client->stream_to - client->stream_from);
		client->stream_to -= client->stream_from;
		client->stream_from = 0;
		if (client->stream_to + size > SYNC_BULK_STREAM_MAX)
			return false;
	}
	memcpy(client->stream + client->stream_to, client->message, size);
	client->stream_to += size;
	sync_wire_begin(&client->out, client->message, sizeof(client->message), link->sync->conf.sync_id,
			sync_trailer_room(&client->key));
	return true;
}

static bool
stream_add(struct sync_link *link, struct sync_bulk_client *client, const struct dp_sync_conn *conn)
{
	if (sync_wire_add(&client->out, conn))
		return true;
	return stream_flush(link, client, 0) && sync_wire_add(&client->out, conn);
}

static bool
stream_walk(struct sync_link *link, struct sync_bulk_client *client)
{
	struct dp_sync_conn conns[SYNC_CONNS];

	for (unsigned int i = 0; i < WALKS_STEP && !client->ended && !client->cursor.done &&
				 client->stream_to - client->stream_from < WALK_BELOW;
	     i++) {
		size_t count = dp_sync_walk(link->thread, &client->cursor, UINT32_MAX, conns, SYNC_CONNS,
					    WALK_BUDGET);

		for (size_t k = 0; k < count; k++) {
			if (!stream_add(link, client, &conns[k]))
				return false;
		}
	}
	if (client->ended)
		return true;
	if (client->cursor.done) {
		/* Changes up to the mark are in the stream, or in the message that is being filled now. */
		client->ended = true;
		return stream_flush(link, client, SYNC_FLAG_END);
	}
	if (client->stream_to == client->stream_from && link->now_ms - client->moved_ms >= SIGN_OF_LIFE_MS)
		return stream_flush(link, client, 0);
	return true;
}

static bool
stream_write(struct sync_link *link, struct sync_bulk_client *client)
{
	while (client->stream_from < client->stream_to) {
		ssize_t size = send(client->fd, client->stream + client->stream_from,
				    client->stream_to - client->stream_from, MSG_NOSIGNAL);

		if (size < 0)
			return errno == EAGAIN || errno == EINTR;
		client->stream_from += (size_t)size;
		client->moved_ms = link->now_ms;
	}
	client->stream_from = client->stream_to = 0;
	return true;
}
