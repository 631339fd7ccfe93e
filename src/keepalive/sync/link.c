/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop of a sync thread (sync_link.h). It sleeps in poll() until something
 * comes in, or the next turn is due; a turn is due every SYNC_TURN_MS. A worker that is
 * busy is asked again a millisecond later, so a full ring is no reason to spin.
 */
#include "sync_link.h"

#include "sl_log.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { FD_END, FD_UDP, FD_LISTENER, FD_FETCH, FD_CLIENTS, FD_MAX = FD_CLIENTS + SYNC_BULK_CLIENTS_MAX };
enum { RETRY_MS = 1 };

static int sleep_ms(const struct sync_link *link, uint64_t turn_ms);
static void fds_fill(const struct sync_link *link, struct pollfd fds[FD_MAX]);
static void role_follow(struct sync_link *link);
static void peers_check(struct sync_link *link);
static void link_end(struct sync_link *link);

int
sync_link_init(struct sync_link *link, struct sync *sync, unsigned int thread)
{
	int err;

	link->sync = sync;
	link->thread = thread;
	link->sockets = (struct sync_sockets){ .udp_in = -1, .udp_out = -1, .listener = -1 };
	link->bulk.fd = -1;
	for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX; i++)
		link->clients[i].fd = -1;
	sync_key_init(&link->key, sync->conf.key, strlen(sync->conf.key));
	sync_peers_init(&link->peers, sync->boot_id, !link->key.is_set || sync->conf.lvs_peer);
	link->now_ms = sync_now_ms();
	/* At the first turn. */
	link->sockets.tried_ms = link->now_ms - SYNC_SOCKET_MS;
	link->sockets.max_len = SYNC_MESSAGE_MIN;
	err = sync_sender_init(link);
	return err != 0 ? err : sync_pending_init(link);
}

void
sync_link_fini(struct sync_link *link)
{
	sync_fetch_close(link);
	for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX; i++)
		sync_serve_close(&link->clients[i]);
	sync_sockets_close(&link->sockets);
	sync_sender_fini(link);
	free(link->pending.conns);
}

void *
sync_link_run(void *context)
{
	struct sync_link *link = context;
	uint64_t turn_ms = 0;
	int err = dp_sync_open(link->thread);

	if (err != 0) {
		sync_event(link->sync, false, "thread %u cannot read connections: %s", link->thread,
			   strerror(-err));
		return NULL;
	}
	while (atomic_load(&link->sync->end_ms) == 0) {
		struct pollfd fds[FD_MAX];
		uint64_t before_ms = link->now_ms;

		fds_fill(link, fds);
		poll(fds, FD_MAX, sleep_ms(link, turn_ms));
		link->now_ms = sync_now_ms();
		if (link->now_ms - before_ms >= SYNC_PAUSE_MS)
			sync_peers_pause(&link->peers, link->now_ms - before_ms);
		if (fds[FD_UDP].revents != 0)
			sync_receive(link);
		if (fds[FD_LISTENER].revents != 0)
			sync_serve_accept(link);
		if (fds[FD_FETCH].revents != 0)
			sync_fetch_step(link);
		for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX; i++) {
			if (fds[FD_CLIENTS + i].revents != 0 && link->clients[i].fd == fds[FD_CLIENTS + i].fd)
				sync_serve_step(link, &link->clients[i],
						(fds[FD_CLIENTS + i].revents & ~POLLOUT) != 0);
		}
		sync_pending_retry(link);
		if (link->bulk.waiting)
			sync_fetch_step(link);
		if (link->now_ms - turn_ms < SYNC_TURN_MS)
			continue;
		turn_ms = link->now_ms;
		role_follow(link);
		if (sync_sockets_tend(link))
			sync_send_turn(link);
		peers_check(link);
		sync_fetch_tend(link);
		for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX; i++) {
			if (link->clients[i].fd >= 0)
				sync_serve_step(link, &link->clients[i], false);
		}
		sync_state_update(link);
		sync_watch(link);
	}
	link_end(link);
	dp_sync_close(link->thread);
	return NULL;
}

static int
sleep_ms(const struct sync_link *link, uint64_t turn_ms)
{
	uint64_t due_ms = turn_ms + SYNC_TURN_MS, now_ms = sync_now_ms();

	if (now_ms >= due_ms)
		return 0;
	if (link->bulk.waiting || link->pending.count > 0)
		return RETRY_MS;
	return (int)(due_ms - now_ms);
}

static void
fds_fill(const struct sync_link *link, struct pollfd fds[FD_MAX])
{
	fds[FD_END] = (struct pollfd){ .fd = link->sync->end_fd, .events = POLLIN };
	fds[FD_UDP] = (struct pollfd){ .fd = link->sockets.udp_in, .events = POLLIN };
	fds[FD_LISTENER] = (struct pollfd){ .fd = link->sockets.listener, .events = POLLIN };
	fds[FD_FETCH] = (struct pollfd){ .fd = link->bulk.waiting ? -1 : link->bulk.fd, .events = POLLIN };
	for (unsigned int i = 0; i < SYNC_BULK_CLIENTS_MAX; i++) {
		const struct sync_bulk_client *client = &link->clients[i];

		fds[FD_CLIENTS + i] = (struct pollfd){ .fd = client->fd, .events = POLLIN };
		if (sync_serve_writes(client))
			fds[FD_CLIENTS + i].events |= POLLOUT;
	}
}

/* Who begins to receive does not know what was said while it did not. */
static void
role_follow(struct sync_link *link)
{
	bool receives = atomic_load_explicit(&link->sync->receives, memory_order_relaxed);

	if (receives && !link->received_before) {
		for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
			struct sync_peer *peer = &link->peers.peers[i];

			if (peer->known && !peer->gone) {
				peer->wants_bulk = true;
				peer->bulk_at_ms = link->now_ms;
			}
		}
	}
	link->received_before = receives;
}

static void
peers_check(struct sync_link *link)
{
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		struct sync_peer *peer = &link->peers.peers[i];
		bool wanted = peer->wants_bulk;
		uint64_t lost;
		char name[SL_ADDR_STRLEN];

		if (peer->boot_id == 0)
			continue;
		lost = sync_peer_check(&link->peers, peer, link->now_ms);
		if (lost == 0)
			continue;
		sync_count(link, SYNC_LOST, lost);
		sync_addr_text(&peer->addr, name);
		if (!wanted && peer->wants_bulk)
			sync_event(link->sync, false, "%llu messages of %s are lost: all is wanted again",
				   (unsigned long long)lost, name);
	}
}

/* What waits is sent, as long as there is time; then goodbye. */
static void
link_end(struct sync_link *link)
{
	while (link->sockets.udp_out >= 0 && !sync_send_turn(link) &&
	       link->now_ms < atomic_load(&link->sync->end_ms)) {
		struct pollfd writable = { .fd = link->sockets.udp_out, .events = POLLOUT };

		poll(&writable, 1, 1);
		link->now_ms = sync_now_ms();
	}
	if (link->sockets.udp_out >= 0)
		sync_send_goodbye(link);
}
