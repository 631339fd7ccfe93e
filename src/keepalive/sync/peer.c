/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who speaks, what of it is new, and what is missing (sync_peer.h). The window is
 * a ring of bits, one a number: bit n % SYNC_WINDOW belongs to the number n
 * as long as n is within SYNC_WINDOW of the highest.
 */
#include "sync_peer.h"

#include <netinet/in.h>

enum { BULK_RETRY_MS = 250, BULK_RETRY_SHIFT_MAX = 6 };

/* Nobody comes so far; and no sum overflows. */
static const uint64_t number_max = UINT64_MAX / 2;

static struct sync_peer *peer_find(struct sync_peers *peers, uint64_t boot_id);
static struct sync_peer *peer_place(struct sync_peers *peers, uint64_t now_ms);
static bool is_past(const struct sync_peers *peers, uint64_t boot_id);
static void peer_retire(struct sync_peers *peers, struct sync_peer *peer);
static void peer_known(struct sync_peers *peers, struct sync_peer *peer, uint64_t now_ms);
static void heard_note(const struct sync_peers *peers, struct sync_peer *peer,
		       const struct sync_trailer *trailer, uint64_t now_ms);
static bool number_take(struct sync_peer *peer, uint64_t number, bool silent);
static void missing_note(struct sync_peer *peer, uint64_t number);

void
sync_peers_init(struct sync_peers *peers, uint64_t own_boot_id, bool trusting)
{
	memset(peers, 0, sizeof(*peers));
	peers->own_boot_id = own_boot_id;
	peers->trusting = trusting;
}

enum sync_verdict
sync_peer_heard(struct sync_peers *peers, const struct sync_trailer *trailer,
		const struct sockaddr_storage *from, uint64_t now_ms, struct sync_peer **ret_peer,
		bool *ret_new)
{
	struct sync_peer *peer;
	bool silent;

	*ret_peer = NULL;
	*ret_new = false;
	if (trailer->boot_id == peers->own_boot_id)
		return SYNC_PEER_OWN;
	if (trailer->boot_id == 0 || trailer->number == 0 || trailer->number > number_max ||
	    is_past(peers, trailer->boot_id))
		return SYNC_PEER_REPLAYED;
	peer = peer_find(peers, trailer->boot_id);
	if (peer == NULL) {
		peer = peer_place(peers, now_ms);
		if (peer == NULL)
			return SYNC_PEER_MANY;
		peer->boot_id = trailer->boot_id;
		peer->heard_ms = peer->echoed_ms = now_ms;
	}
	if (!peer->known) {
		peer->addr = *from;
		*ret_peer = peer;
		if (!peers->trusting && trailer->echo != peers->own_boot_id) {
			heard_note(peers, peer, trailer, now_ms);
			return SYNC_PEER_WAIT;
		}
		peer_known(peers, peer, now_ms);
		*ret_new = true;
	}
	silent = !*ret_new && sync_peer_silent(peer, now_ms);
	if (!number_take(peer, trailer->number, silent)) {
		*ret_peer = NULL;
		return SYNC_PEER_REPLAYED;
	}
	/* What was said in its silence is lost, and found so in this turn. */
	if (silent)
		peer->checked_ms = now_ms - SYNC_HOLE_MS;
	heard_note(peers, peer, trailer, now_ms);
	peer->addr = *from;
	peer->threads = trailer->threads;
	peer->in_sync = (trailer->flags & SYNC_FLAG_IN_SYNC) != 0;
	if ((trailer->flags & SYNC_FLAG_GOODBYE) != 0) {
		peer->gone = true;
		peer->wants_bulk = false;
	}
	*ret_peer = peer;
	return SYNC_PEER_TAKE;
}

uint64_t
sync_peer_check(struct sync_peers *peers, struct sync_peer *peer, uint64_t now_ms)
{
	uint64_t lost = 0;

	if (!peer->known) {
		if (now_ms - peer->heard_ms >= SYNC_SILENT_MS)
			memset(peer, 0, sizeof(*peer));
		return 0;
	}
	if (now_ms - peer->checked_ms < SYNC_HOLE_MS)
		return 0;
	/* Of what the window has forgotten nothing is known: it counts as lost. */
	if (peer->checked > peer->floor && peer->checked - peer->floor > SYNC_WINDOW) {
		lost = peer->checked - peer->floor - SYNC_WINDOW;
		peer->floor = peer->checked - SYNC_WINDOW;
		missing_note(peer, peer->floor);
	}
	for (uint64_t n = peer->floor + 1; n <= peer->checked; n++) {
		if ((peer->window[n % SYNC_WINDOW / 64] >> (n % 64) & 1) == 0) {
			lost++;
			missing_note(peer, n);
		}
	}
	if (peer->checked > peer->floor)
		peer->floor = peer->checked;
	peer->checked = peer->high;
	peer->checked_ms = now_ms;
	lost += peer->lost;
	peer->lost = 0;
	if (lost > 0 && !peer->gone)
		peer->wants_bulk = true;
	return lost;
}

bool
sync_peer_deaf(const struct sync_peer *peer, uint64_t now_ms)
{
	return peer->boot_id != 0 && !peer->gone && now_ms - peer->echoed_ms >= SYNC_SILENT_MS &&
	       now_ms - peer->heard_ms < SYNC_SILENT_MS &&
	       (peer->hears_nobody || peer->unechoed >= SYNC_ECHO_ROUNDS);
}

void
sync_peers_pause(struct sync_peers *peers, uint64_t ms)
{
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		peers->peers[i].heard_ms += ms;
		peers->peers[i].echoed_ms += ms;
	}
}

bool
sync_peer_missing(struct sync_peer *peer, uint64_t number)
{
	bool wanted = peer->wants_bulk;

	if (!peer->known || peer->gone)
		return false;
	missing_note(peer, number);
	peer->wants_bulk = true;
	return !wanted;
}

/* What was missing up to the mark has been told now; what is missing after it has not. */
void
sync_peer_bulk_done(struct sync_peer *peer, uint64_t mark, uint64_t now_ms)
{
	if (mark > peer->high)
		mark = peer->high;
	if (mark > peer->floor)
		peer->floor = mark;
	peer->bulk_failures = 0;
	peer->bulk_at_ms = now_ms + SYNC_BULK_APART_MS;
	if (peer->missing_to <= mark) {
		peer->lost = 0;
		peer->wants_bulk = false;
	} else if (!peer->told) {
		/* The gate may wait for it. Not a third: where bulks are the load, they do no good. */
		peer->bulk_at_ms = now_ms;
	}
	peer->told = true;
}

void
sync_peer_bulk_failed(struct sync_peer *peer, uint64_t now_ms)
{
	unsigned int shift =
		peer->bulk_failures < BULK_RETRY_SHIFT_MAX ? peer->bulk_failures : BULK_RETRY_SHIFT_MAX;

	peer->bulk_failures++;
	peer->bulk_at_ms = now_ms + ((uint64_t)BULK_RETRY_MS << shift);
}

uint64_t
sync_peers_echo(struct sync_peers *peers, uint64_t now_ms)
{
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		const struct sync_peer *peer = &peers->peers[peers->echo_next++ % SYNC_PEERS_MAX];

		if (peer->boot_id != 0 && !peer->gone && now_ms - peer->heard_ms < SYNC_SILENT_MS)
			return peer->boot_id;
	}
	return 0;
}

bool
sync_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	struct sockaddr_in four[2];
	struct sockaddr_in6 six[2];

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET) {
		memcpy(&four[0], a, sizeof(four[0]));
		memcpy(&four[1], b, sizeof(four[1]));
		return four[0].sin_addr.s_addr == four[1].sin_addr.s_addr;
	}
	memcpy(&six[0], a, sizeof(six[0]));
	memcpy(&six[1], b, sizeof(six[1]));
	return memcmp(&six[0].sin6_addr, &six[1].sin6_addr, sizeof(six[0].sin6_addr)) == 0;
}

static struct sync_peer *
peer_find(struct sync_peers *peers, uint64_t boot_id)
{
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		if (peers->peers[i].boot_id == boot_id)
			return &peers->peers[i];
	}
	return NULL;
}

/* A free place, or that of one who is gone, of one who was only heard, or of the one who is silent longest. */
static struct sync_peer *
peer_place(struct sync_peers *peers, uint64_t now_ms)
{
	struct sync_peer *heard = NULL, *silent = NULL;

	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		struct sync_peer *peer = &peers->peers[i];

		if (peer->boot_id == 0)
			return peer;
		if (!peer->known && (heard == NULL || peer->heard_ms < heard->heard_ms))
			heard = peer;
		if (peer->known && (peer->gone || now_ms - peer->heard_ms >= SYNC_SILENT_MS) &&
		    (silent == NULL || peer->heard_ms < silent->heard_ms))
			silent = peer;
	}
	if (silent != NULL) {
		peer_retire(peers, silent);
		return silent;
	}
	if (heard != NULL)
		memset(heard, 0, sizeof(*heard));
	return heard;
}

static bool
is_past(const struct sync_peers *peers, uint64_t boot_id)
{
	for (unsigned int i = 0; i < SYNC_PAST_MAX; i++) {
		if (peers->past[i] == boot_id)
			return true;
	}
	return false;
}

static void
peer_retire(struct sync_peers *peers, struct sync_peer *peer)
{
	peers->past[peers->past_next++ % SYNC_PAST_MAX] = peer->boot_id;
	memset(peer, 0, sizeof(*peer));
}

/* A host has one boot at a time. */
static void
peer_known(struct sync_peers *peers, struct sync_peer *peer, uint64_t now_ms)
{
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		struct sync_peer *other = &peers->peers[i];

		if (other != peer && other->known && sync_same_host(&other->addr, &peer->addr))
			peer_retire(peers, other);
	}
	peer->known = true;
	peer->known_ms = now_ms;
	peer->wants_bulk = true;
	peer->bulk_at_ms = now_ms;
	peer->checked_ms = now_ms;
}

/* While nothing comes of it, it cannot say whom it hears. */
static void
heard_note(const struct sync_peers *peers, struct sync_peer *peer, const struct sync_trailer *trailer,
	   uint64_t now_ms)
{
	if (now_ms - peer->heard_ms >= SYNC_HOLE_MS)
		peer->echoed_ms += now_ms - peer->heard_ms;
	peer->heard_ms = now_ms;
	peer->hears_nobody = trailer->echo == 0;
	if (trailer->echo == peers->own_boot_id) {
		peer->echoed_ms = now_ms;
		peer->unechoed = 0;
	} else if (peer->unechoed < SYNC_ECHO_ROUNDS) {
		peer->unechoed++;
	}
}

/* Has this number not come yet? Notes it. After a silence it is not waited for those before it. */
static bool
number_take(struct sync_peer *peer, uint64_t number, bool silent)
{
	uint64_t *word = &peer->window[number % SYNC_WINDOW / 64], bit = UINT64_C(1) << (number % 64);

	if (!peer->numbered) {
		peer->numbered = true;
		peer->high = peer->floor = peer->checked = number;
		memset(peer->window, 0xff, sizeof(peer->window));
		return true;
	}
	if (number <= peer->high) {
		if (peer->high - number >= SYNC_WINDOW || (*word & bit) != 0)
			return false;
		*word |= bit;
		return true;
	}
	if (number - peer->high >= SYNC_WINDOW || (silent && number - peer->high > 1)) {
		peer->lost += number - peer->high - 1;
		missing_note(peer, number - 1);
		peer->floor = peer->checked = number;
		memset(peer->window, 0xff, sizeof(peer->window));
	} else {
		for (uint64_t n = peer->high + 1; n < number; n++)
			peer->window[n % SYNC_WINDOW / 64] &= ~(UINT64_C(1) << (n % 64));
	}
	*word |= bit;
	peer->high = number;
	return true;
}

static void
missing_note(struct sync_peer *peer, uint64_t number)
{
	if (number > peer->missing_to)
		peer->missing_to = number;
}
