/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose messages a sync thread takes, which of them only once, and what it
 * finds missing: scripts of messages and of time that passes.
 */
#include "sl_test.h"
#include "sync_peer.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { OWN = 99, NO_KEY = 1, KEY = 2 };

static struct sync_peers *peers;

static struct sockaddr_storage
host(unsigned int last, unsigned int port)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(0xc0000200 + last) };
	struct sockaddr_storage addr = { 0 };

	memcpy(&addr, &four, sizeof(four));
	return addr;
}

/* { what, at, host, boot, echo, number, what is found, whether it is new; lost at the check after it } */
struct step {
	const char *name;
	uint64_t now_ms;
	unsigned int host;
	uint64_t boot, echo, number;
	enum sync_verdict verdict;
	bool is_new;
	uint64_t lost;
};

static void
play(bool key, const struct step *steps, size_t count)
{
	sync_peers_init(peers, OWN, !key);
	for (size_t i = 0; i < count; i++) {
		const struct step *step = &steps[i];
		const struct sync_trailer trailer = { .boot_id = step->boot,
						      .echo = step->echo,
						      .number = step->number };
		struct sockaddr_storage from = host(step->host, 1000 + (unsigned int)i);
		struct sync_peer *peer;
		uint64_t lost = 0;
		bool is_new;

		if (step->boot != 0) {
			sl_check_int(step->name,
				     sync_peer_heard(peers, &trailer, &from, step->now_ms, &peer, &is_new),
				     step->verdict);
			sl_check_int(step->name, is_new, step->is_new);
			sl_check(step->name, (peer != NULL) == (step->verdict == SYNC_PEER_TAKE ||
								step->verdict == SYNC_PEER_WAIT));
		}
		for (unsigned int k = 0; k < SYNC_PEERS_MAX; k++) {
			if (peers->peers[k].boot_id != 0)
				lost += sync_peer_check(peers, &peers->peers[k], step->now_ms);
		}
		sl_check_int(step->name, lost, step->lost);
	}
}

static void
boots(void **state)
{
	static const struct step keyed[] = {
		{ "a stranger waits", 0, 1, 5, 0, 1, SYNC_PEER_WAIT, false, 0 },
		{ "it hears somebody else", 10, 1, 5, 7, 2, SYNC_PEER_WAIT, false, 0 },
		{ "it hears us", 20, 1, 5, OWN, 3, SYNC_PEER_TAKE, true, 0 },
		{ "need not say it again", 30, 1, 5, 0, 4, SYNC_PEER_TAKE, false, 0 },
		{ "said before", 40, 1, 5, 0, 4, SYNC_PEER_REPLAYED, false, 0 },
		{ "from before it was known", 40, 1, 5, OWN, 2, SYNC_PEER_REPLAYED, false, 0 },
		{ "our own", 50, 1, OWN, 0, 9, SYNC_PEER_OWN, false, 0 },
		{ "restarted: does not hear us yet", 60, 1, 6, 0, 1, SYNC_PEER_WAIT, false, 0 },
		{ "what it said before still holds", 61, 1, 5, 0, 5, SYNC_PEER_TAKE, false, 0 },
		{ "now it does", 70, 1, 6, OWN, 2, SYNC_PEER_TAKE, true, 0 },
		{ "its earlier boot is over", 80, 1, 5, OWN, 6, SYNC_PEER_REPLAYED, false, 0 },
		{ "no number", 90, 1, 6, OWN, 0, SYNC_PEER_REPLAYED, false, 0 },
		{ "a third box", 100, 2, 8, OWN, 1, SYNC_PEER_TAKE, true, 0 },
		{ "beside the second", 110, 1, 6, 0, 3, SYNC_PEER_TAKE, false, 0 },
	};
	static const struct step open[] = {
		{ "whoever speaks is known", 0, 1, 5, 0, 10, SYNC_PEER_TAKE, true, 0 },
		{ "restarted", 10, 1, 6, 0, 1, SYNC_PEER_TAKE, true, 0 },
		{ "an earlier boot", 20, 1, 5, 0, 11, SYNC_PEER_REPLAYED, false, 0 },
	};

	play(true, keyed, SL_COUNT(keyed));
	play(false, open, SL_COUNT(open));
}

static void
numbers(void **state)
{
	static const struct step steps[] = {
		{ "the first is where it begins", 0, 1, 5, 0, 100, SYNC_PEER_TAKE, true, 0 },
		{ "one is missing", 10, 1, 5, 0, 102, SYNC_PEER_TAKE, false, 0 },
		{ "it comes late", 20, 1, 5, 0, 101, SYNC_PEER_TAKE, false, 0 },
		{ "and once more", 30, 1, 5, 0, 101, SYNC_PEER_REPLAYED, false, 0 },
		{ "a second later nothing is missing", 1000, 1, 5, 0, 103, SYNC_PEER_TAKE, false, 0 },
		{ "two are missing", 1500, 1, 5, 0, 106, SYNC_PEER_TAKE, false, 0 },
		{ "not yet for a second", 2400, 1, 0, 0, 0, 0, false, 0 },
		{ "one of them comes late", 2450, 1, 5, 0, 105, SYNC_PEER_TAKE, false, 0 },
		{ "in the turn after they were found missing", 3500, 1, 0, 0, 0, 0, false, 1 },
		{ "it is told once", 4600, 1, 0, 0, 0, 0, false, 0 },
		{ "and may come still", 4700, 1, 5, 0, 104, SYNC_PEER_TAKE, false, 0 },
		{ "all that was said in a minute of silence", 64000, 1, 5, 0, 404, SYNC_PEER_TAKE, false,
		  297 },
		{ "it is told once", 66000, 1, 0, 0, 0, 0, false, 0 },
		{ "nothing was said in this one", 70000, 1, 5, 0, 405, SYNC_PEER_TAKE, false, 0 },
		{ "far ahead", 71000, 1, 5, 0, 1000000, SYNC_PEER_TAKE, false, 999594 },
		{ "older than the window", 72000, 1, 5, 0, 1000000 - SYNC_WINDOW, SYNC_PEER_REPLAYED, false,
		  0 },
		{ "before the leap", 73000, 1, 5, 0, 999999, SYNC_PEER_REPLAYED, false, 0 },
		{ "the last number there is", 73500, 1, 5, 0, UINT64_MAX, SYNC_PEER_REPLAYED, false, 0 },
		{ "goes on", 74000, 1, 5, 0, 1000001, SYNC_PEER_TAKE, false, 0 },
	};

	play(false, steps, SL_COUNT(steps));
}

static struct sync_peer *
heard(unsigned int last, uint64_t boot, uint64_t echo, uint64_t number, uint8_t flags, uint64_t now_ms)
{
	const struct sync_trailer trailer = {
		.boot_id = boot, .echo = echo, .number = number, .flags = flags
	};
	struct sockaddr_storage from = host(last, 8848);
	struct sync_peer *peer;
	bool is_new;

	sync_peer_heard(peers, &trailer, &from, now_ms, &peer, &is_new);
	return peer;
}

/* Numbers that leap so far that the window forgets: counted as lost, and not one by one. */
static void
numbers_leap(void **state)
{
	struct sync_peer *peer;
	uint64_t number = 1;

	sync_peers_init(peers, OWN, true);
	peer = heard(1, 5, 0, number, 0, 1000);
	assert_non_null(peer);
	for (unsigned int i = 0; i < 20; i++)
		heard(1, 5, 0, number += SYNC_WINDOW - 2, 0, 1000);
	sync_peer_check(peers, peer, 3000);
	/* All but the last two, which are what the window still knows of: not one of the forgotten passes for received. */
	assert_int_equal(sync_peer_check(peers, peer, 5000), number - 1 - 2);
	assert_true(peer->floor == number);
}

/* When all is wanted, and when no more. */
static void
bulk_wanted(void **state)
{
	struct sync_peer *peer;

	sync_peers_init(peers, OWN, true);
	peer = heard(1, 5, 0, 1, 0, 0);
	assert_true(peer->wants_bulk);
	sync_peer_bulk_failed(peer, 100);
	assert_true(peer->wants_bulk && peer->bulk_at_ms == 350);
	sync_peer_bulk_failed(peer, 400);
	assert_true(peer->bulk_at_ms == 900);
	for (unsigned int i = 0; i < 20; i++)
		sync_peer_bulk_failed(peer, 1000);
	assert_true(peer->bulk_at_ms == 17000);

	/* Number 3 is missing, but the bulk tells what it said; 6 is missing after it. */
	heard(1, 5, 0, 2, 0, 2000);
	heard(1, 5, 0, 5, 0, 2000);
	sync_peer_bulk_done(peer, 4, 2000);
	assert_false(peer->wants_bulk);
	assert_int_equal(sync_peer_check(peers, peer, 3100), 0);
	assert_int_equal(sync_peer_check(peers, peer, 4200), 0);
	assert_false(peer->wants_bulk);
	heard(1, 5, 0, 7, 0, 4300);
	assert_int_equal(sync_peer_check(peers, peer, 5400), 0);
	assert_int_equal(sync_peer_check(peers, peer, 6500), 1);
	assert_true(peer->wants_bulk);
	assert_true(peer->bulk_at_ms == 12000); /* not at once again */

	/* A mark that is still on its way. */
	sync_peer_bulk_done(peer, 9, 7000);
	heard(1, 5, 0, 8, 0, 7100);
	heard(1, 5, 0, 9, 0, 7100);
	assert_int_equal(sync_peer_check(peers, peer, 8200) + sync_peer_check(peers, peer, 9300), 0);

	peer->wants_bulk = true;
	heard(1, 5, 0, 10, SYNC_FLAG_GOODBYE, 9400);
	assert_true(peer->gone);
	assert_false(peer->wants_bulk);
}

/*
 * { what, the number that came after 1, whether what is missing between them has been found, the mark;
 * whether all is wanted still }
 */
static const struct {
	const char *name;
	uint64_t next;
	bool found;
	uint64_t mark;
	bool wanted;
} marks[] = {
	{ "nothing is missing", 2, true, 1, false },
	{ "the bulk tells it", 4, true, 4, false },
	{ "the last one that it tells", 4, true, 3, false },
	{ "a mark that is still on its way", 4, true, 9, false },
	{ "it does not tell the last one", 4, true, 2, true },
	{ "nor any", 4, true, 1, true },
	{ "that will be found later", 4, false, 2, false },
	{ "a leap up to the mark", SYNC_WINDOW + 2, true, SYNC_WINDOW + 1, false },
	{ "a leap beyond the mark", SYNC_WINDOW + 2, true, SYNC_WINDOW, true },
	{ "a leap up to the mark, just now", SYNC_WINDOW + 2, false, SYNC_WINDOW + 1, false },
	{ "a leap beyond the mark, just now", SYNC_WINDOW + 2, false, SYNC_WINDOW, true },
};

/* A bulk tells what is missing up to its mark. What is missing after it is wanted of the next one. */
static void
bulk_marks(void **state)
{
	for (size_t i = 0; i < SL_COUNT(marks); i++) {
		const char *name = marks[i].name;
		struct sync_peer *peer;

		sync_peers_init(peers, OWN, true);
		heard(1, 5, 0, 1, 0, 0);
		peer = heard(1, 5, 0, marks[i].next, 0, 0);
		if (marks[i].found) {
			sync_peer_check(peers, peer, 1000);
			sync_peer_check(peers, peer, 2000);
		}
		sync_peer_bulk_done(peer, marks[i].mark, 2000);
		sl_check_int(name, peer->wants_bulk, marks[i].wanted);
		/* At a join it is begun at once, */
		sl_check_int(name, peer->bulk_at_ms, marks[i].wanted ? 2000 : 12000);
		sync_peer_bulk_done(peer, marks[i].next, 2500);
		sl_check(name, !peer->wants_bulk);
		sl_check_int(name, sync_peer_check(peers, peer, 3500), 0);
		sl_check_int(name, sync_peer_check(peers, peer, 4500), 0);
		sl_check(name, !peer->wants_bulk);
		/* but not again and again. */
		sync_peer_missing(peer, marks[i].next);
		sl_check(name, peer->wants_bulk);
		sync_peer_bulk_done(peer, marks[i].next - 1, 13000);
		sl_check(name, peer->wants_bulk);
		sl_check_int(name, peer->bulk_at_ms, 23000);
		/* Who has gone is asked for nothing. */
		heard(1, 5, 0, marks[i].next + 1, SYNC_FLAG_GOODBYE, 13000);
		sync_peer_missing(peer, marks[i].next + 1);
		sync_peer_bulk_done(peer, marks[i].next, 13000);
		sl_check(name, !peer->wants_bulk);
	}
}

/* More than there is room for, and a peer that restarts without end. */
static void
many(void **state)
{
	struct sync_peer *peer;

	sync_peers_init(peers, OWN, false);
	/* Those that only speak push each other out, but never one that is known. */
	peer = heard(1, 1000, OWN, 1, 0, 0);
	assert_non_null(peer);
	for (unsigned int i = 0; i < 100; i++)
		assert_non_null(heard(2 + i, 2000 + i, 0, 1, 0, 1 + i));
	assert_true(peer->boot_id == 1000 && heard(1, 1000, 0, 2, 0, 200) == peer);
	/* Known ones, until no place is left. */
	for (unsigned int i = 0; i < SYNC_PEERS_MAX - 1; i++)
		assert_non_null(heard(2 + i, 3000 + i, OWN, 1, 0, 300));
	assert_null(heard(200, 4000, OWN, 1, 0, 400));
	/* One of them falls silent. */
	assert_non_null(heard(1, 1000, 0, 3, 0, 3400));
	assert_non_null(heard(200, 4000, OWN, 1, 0, 3400));

	sync_peers_init(peers, OWN, false);
	for (unsigned int i = 0; i < 10000; i++) {
		assert_non_null(heard(1, 5000 + i, OWN, 1, 0, i * 1000));
		if (i > 0)
			assert_null(heard(1, 5000 + i - 1, OWN, 2, 0, i * 1000));
	}
	/* Who was heard once and is silent since is forgotten. */
	sync_peers_init(peers, OWN, false);
	peer = heard(1, 5, 0, 1, 0, 0);
	sync_peer_check(peers, peer, SYNC_SILENT_MS);
	assert_int_equal(peer->boot_id, 0);
}

static void
echoes(void **state)
{
	unsigned int seen[3] = { 0 };

	sync_peers_init(peers, OWN, false);
	assert_int_equal(sync_peers_echo(peers, 0), 0);
	heard(1, 1, OWN, 1, 0, 0);
	heard(2, 2, 0, 1, 0, 0);
	for (unsigned int i = 0; i < 10; i++)
		seen[sync_peers_echo(peers, 1)]++;
	assert_true(seen[0] == 0 && seen[1] == 5 && seen[2] == 5);
	assert_int_equal(sync_peers_echo(peers, SYNC_SILENT_MS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots),       cmocka_unit_test(numbers),    cmocka_unit_test(numbers_leap),
		cmocka_unit_test(bulk_wanted), cmocka_unit_test(bulk_marks), cmocka_unit_test(many),
		cmocka_unit_test(echoes),
	};

	peers = calloc(1, sizeof(*peers));
	return peers != NULL ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
