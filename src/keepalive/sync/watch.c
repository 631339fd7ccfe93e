/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether the boxes hear each other, for those who look and for the log.
 *
 *	its threads' peers (sync_peer.h) -> a view of each thread -> what is told, ha.status
 *
 * A box has one line in a view, that of its boot that was heard last; while a boot that is known speaks, one
 * that is not, which may be a recording, says nothing of the box. What one thread finds is told once: not
 * again by the others, and its end not before all of them have found that. Views lie behind the lock of the news. LVS
 * speaks when it has something to say: it is not watched.
 */
#include "sync_link.h"

#include <stdio.h>

enum { WATCH_MS = 100, TOLD_MAX = 2 * SYNC_PEERS_MAX };

/* A change that is to be told. */
struct told {
	const char *name; /* in the thread's view */
	bool good;
	enum ka_sync_peer state; /* that has begun, or ended */
};

static void view_fill(const struct sync_link *link, struct sync_view *view);
static enum ka_sync_peer state_in(const struct sync_view *view, const char *name);
static bool others_say(const struct sync_link *link, const char *name, enum ka_sync_peer state);
static void tell(struct sync *sync, const struct told *told);

void
sync_watch(struct sync_link *link)
{
	static const enum ka_sync_peer troubles[] = { KA_SYNC_PEER_SILENT, KA_SYNC_PEER_DEAF };
	struct sync_view before, now = { .opened_ms = link->opened_ms };
	struct told told[TOLD_MAX];
	unsigned int count = 0;

	if (link->sync->conf.lvs_peer || link->now_ms - link->watched_ms < WATCH_MS)
		return;
	link->watched_ms = link->now_ms;
	view_fill(link, &now);
	pthread_mutex_lock(&link->sync->news->lock);
	before = link->view;
	link->view = now;
	for (unsigned int i = 0; i < now.count; i++) {
		const struct sync_sight *sight = &now.sights[i];
		enum ka_sync_peer was = state_in(&before, sight->name);

		for (unsigned int k = 0; k < 2 && was != sight->state; k++) {
			if ((was == troubles[k]) == (sight->state == troubles[k]) ||
			    others_say(link, sight->name, troubles[k]))
				continue;
			/* Who falls silent hears no better, and who says goodbye is not heard again. */
			if (was == troubles[k] &&
			    (sight->state == KA_SYNC_PEER_GONE || sight->state == KA_SYNC_PEER_SILENT))
				continue;
			told[count++] = (struct told){ .name = sight->name,
						       .good = was == troubles[k],
						       .state = troubles[k] };
		}
	}
	pthread_mutex_unlock(&link->sync->news->lock);
	for (unsigned int i = 0; i < count; i++)
		tell(link->sync, &told[i]);
}

void
sync_watch_status(const struct sync *sync, struct ka_sync_status *ret_status)
{
	uint64_t now_ms = sync_now_ms(), since_ms = now_ms, unheard_ms = 0;
	enum ka_sync_peer state = KA_SYNC_PEER_NONE;

	for (unsigned int t = 0; t < sync->link_count; t++) {
		const struct sync_view *view = &sync->links[t].view;

		if (view->count == 0 && view->opened_ms > unheard_ms)
			unheard_ms = view->opened_ms;
		for (unsigned int i = 0; i < view->count; i++) {
			const struct sync_sight *sight = &view->sights[i];

			if (sight->state < state || (sight->state == state && sight->since_ms >= since_ms))
				continue;
			state = sight->state;
			since_ms = sight->since_ms;
			snprintf(ret_status->peer, sizeof(ret_status->peer), "%s", sight->name);
		}
	}
	/* What it says to a thread of ours that hears nobody is lost, though the others hear it. */
	if (unheard_ms != 0 && state == KA_SYNC_PEER_ALIVE) {
		unheard_ms = unheard_ms > since_ms ? unheard_ms : since_ms;
		if (now_ms - unheard_ms >= SYNC_SILENT_MS) {
			state = KA_SYNC_PEER_SILENT;
			since_ms = unheard_ms;
		}
	}
	ret_status->peer_state = sync->conf.lvs_peer ? KA_SYNC_PEER_LVS : state;
	ret_status->peer_state_ms = now_ms > since_ms ? now_ms - since_ms : 0;
}

static void
view_fill(const struct sync_link *link, struct sync_view *view)
{
	bool lives[SYNC_PEERS_MAX] = { false };

	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		const struct sync_peer *peer = &link->peers.peers[i];
		struct sync_sight sight = { .heard_ms = peer->heard_ms };
		bool speaks = peer->known && !peer->gone && !sync_peer_silent(peer, link->now_ms);
		unsigned int k;

		if (peer->boot_id == 0)
			continue;
		if (peer->gone) {
			sight.state = KA_SYNC_PEER_GONE;
			sight.since_ms = peer->heard_ms;
		} else if (sync_peer_silent(peer, link->now_ms)) {
			sight.state = KA_SYNC_PEER_SILENT;
			sight.since_ms = peer->heard_ms;
		} else if (sync_peer_deaf(peer, link->now_ms)) {
			sight.state = KA_SYNC_PEER_DEAF;
			sight.since_ms = peer->echoed_ms;
		} else if (peer->known) {
			sight.state = KA_SYNC_PEER_ALIVE;
			sight.since_ms = peer->known_ms;
		} else {
			continue;
		}
		sync_addr_text(&peer->addr, sight.name);
		for (k = 0; k < view->count && strcmp(view->sights[k].name, sight.name) != 0; k++)
			;
		if (k == view->count)
			view->count++;
		else if (lives[k] != speaks ? lives[k] : view->sights[k].heard_ms > sight.heard_ms)
			continue;
		view->sights[k] = sight;
		lives[k] = speaks;
	}
}

/* NONE: it has none there. */
static enum ka_sync_peer
state_in(const struct sync_view *view, const char *name)
{
	for (unsigned int i = 0; i < view->count; i++) {
		if (strcmp(view->sights[i].name, name) == 0)
			return view->sights[i].state;
	}
	return KA_SYNC_PEER_NONE;
}

static bool
others_say(const struct sync_link *link, const char *name, enum ka_sync_peer state)
{
	for (unsigned int t = 0; t < link->sync->link_count; t++) {
		const struct sync_link *other = &link->sync->links[t];

		if (other != link && state_in(&other->view, name) == state)
			return true;
	}
	return false;
}

static void
tell(struct sync *sync, const struct told *told)
{
	if (told->state == KA_SYNC_PEER_SILENT && told->good)
		sync_event(sync, true, "%s is heard again", told->name);
	else if (told->state == KA_SYNC_PEER_SILENT)
		sync_event(
			sync, false,
			"nothing heard of %s for %u s: what is told meanwhile may be missing there and here",
			told->name, SYNC_SILENT_MS / 1000);
	else if (told->good)
		sync_event(sync, true, "%s hears this box", told->name);
	else
		sync_event(sync, false, "%s does not hear this box: what is told it is missing there",
			   told->name);
}
