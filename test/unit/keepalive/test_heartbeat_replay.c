/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which signed heartbeats are new: stories of what an attacker could have
 * recorded, one row a message. Our own boot id is 1; times are milliseconds, the window is 1,000.
 */
#include "replay.h"
#include "sl_test.h"

enum { OURS = 1, WINDOW_MS = 1000 };

/* { comment, now, router id, boot id, number, boot id it has heard, number it has heard, verdict } */
struct row {
	const char *name;
	uint64_t now_ms;
	const char *router_id;
	uint64_t boot_id, number_ms, echo_boot_id, echo_ms;
	enum replay_verdict verdict;
};

static void
story(const struct row *rows, size_t count)
{
	struct replay replay;

	replay_init(&replay, OURS, WINDOW_MS * 1000);
	for (size_t i = 0; i < count; i++) {
		static struct heartbeat_message message;
		struct heartbeat_proof proof = { .number = rows[i].number_ms * 1000, .echo_count = 1 };

		strcpy(message.router_id, rows[i].router_id);
		message.boot_id = rows[i].boot_id;
		proof.echoes[0].boot_id = rows[i].echo_boot_id;
		proof.echoes[0].number = rows[i].echo_ms * 1000;
		sl_check_int(rows[i].name, replay_take(&replay, &message, &proof, rows[i].now_ms * 1000),
			     rows[i].verdict);
	}
}

static void
meeting(void **state)
{
	static const struct row rows[] = {
		{ "has not heard us", 10000, "b", 7, 500, 0, 0, REPLAY_UNPROVED },
		{ "has heard an earlier boot of ours", 10010, "b", 7, 510, 9, 9990, REPLAY_UNPROVED },
		{ "has heard us", 10020, "b", 7, 520, OURS, 10010, REPLAY_PROVED },
		{ "goes on", 10120, "b", 7, 620, OURS, 10110, REPLAY_GOOD },
		{ "the same again", 10120, "b", 7, 620, OURS, 10110, REPLAY_OLD },
		{ "one before it", 10120, "b", 7, 520, OURS, 10010, REPLAY_OLD },
		{ "one that got lost between them", 10121, "b", 7, 570, OURS, 10060, REPLAY_OLD },
		{ "ourselves", 10200, "a", OURS, 10150, OURS, 10140, REPLAY_OLD },
		{ "another box", 10200, "c", 8, 99000, OURS, 10150, REPLAY_PROVED },
		{ "both go on", 10220, "b", 7, 720, OURS, 10210, REPLAY_GOOD },
		{ "a number from far ahead proves nothing of ours", 10300, "d", 5, 1, OURS, 99000,
		  REPLAY_UNPROVED },
	};

	story(rows, SL_COUNT(rows));
}

static void
recorded(void **state)
{
	static const struct row rows[] = {
		{ "an earlier boot of the peer, before we started", 10000, "b", 6, 5000, 3, 4000,
		  REPLAY_UNPROVED },
		{ "and on", 10100, "b", 6, 5100, 3, 4100, REPLAY_UNPROVED },
		{ "it had heard this boot of ours, long ago", 20000, "b", 6, 5200, OURS, 10100,
		  REPLAY_UNPROVED },
		{ "the peer as it is now", 20010, "b", 7, 10, OURS, 20000, REPLAY_PROVED },
		{ "the recording goes on", 20020, "b", 6, 5300, OURS, 10200, REPLAY_UNPROVED },
		{ "the peer goes on", 20110, "b", 7, 110, OURS, 20100, REPLAY_GOOD },
		{ "the peer has restarted", 21000, "b", 12, 5, OURS, 20950, REPLAY_PROVED },
		{ "what it had said last arrives late", 21010, "b", 7, 210, OURS, 20900, REPLAY_OLD },
		{ "and much later", 99000, "b", 7, 310, OURS, 20900, REPLAY_OLD },
		{ "the new one", 99010, "b", 12, 78010, OURS, 99000, REPLAY_GOOD },
	};

	story(rows, SL_COUNT(rows));
}

static void
cut_one_way(void **state)
{
	static const struct row rows[] = {
		{ "proved", 10000, "b", 7, 500, OURS, 9990, REPLAY_PROVED },
		{ "hears us no more, and speaks", 11500, "b", 7, 2000, OURS, 9990, REPLAY_GOOD },
		{ "for an hour, its clock a little slower", 3610000, "b", 7, 3600300, OURS, 9990,
		  REPLAY_GOOD },
		{ "or faster", 3620000, "b", 7, 3610900, OURS, 9990, REPLAY_GOOD },
		{ "hears us again", 3620100, "b", 7, 3611000, OURS, 3620000, REPLAY_GOOD },
		{ "what had been held back for two seconds", 3622200, "b", 7, 3611100, OURS, 3620090,
		  REPLAY_OLD },
		{ "and what for half a one: a thread may have had to wait", 3622210, "b", 7, 3612600, OURS,
		  3620090, REPLAY_GOOD },
	};

	story(rows, SL_COUNT(rows));
}

/* Its clock has stood still for an hour (a virtual machine that was suspended): heard again as soon as it has heard us. */
static void
stood_still(void **state)
{
	static const struct row rows[] = {
		{ "proved", 10000, "b", 7, 500, OURS, 9990, REPLAY_PROVED },
		{ "an hour late", 3610000, "b", 7, 600, OURS, 10090, REPLAY_OLD },
		{ "it has heard us", 3610100, "b", 7, 700, OURS, 3610050, REPLAY_GOOD },
		{ "and hears us no more", 3610300, "b", 7, 900, OURS, 3610050, REPLAY_GOOD },
	};

	story(rows, SL_COUNT(rows));
}

/* Recordings of many boots fill the places of strangers and do not take that of a box that lives. */
static void
crowded(void **state)
{
	static struct heartbeat_message message;
	struct heartbeat_proof proof = { .number = 1000000,
					 .echo_count = 1,
					 .echoes = { { OURS, 10000000 } } };
	struct replay replay;

	replay_init(&replay, OURS, WINDOW_MS * 1000);
	strcpy(message.router_id, "b");
	message.boot_id = 7;
	assert_int_equal(replay_take(&replay, &message, &proof, 10000000), REPLAY_PROVED);
	for (uint64_t boot_id = 100; boot_id < 1000; boot_id++) {
		proof.echo_count = 0;
		message.boot_id = boot_id;
		assert_int_equal(replay_take(&replay, &message, &proof, 10000000 + boot_id), REPLAY_UNPROVED);
	}
	message.boot_id = 7;
	proof.number = 1100000;
	proof.echo_count = 1;
	assert_int_equal(replay_take(&replay, &message, &proof, 10100000), REPLAY_GOOD);

	/* What we say of whom we heard: the box, and strangers as far as there is room. */
	replay_echoes(&replay, &proof);
	assert_int_equal(proof.echo_count, HEARTBEAT_ECHOES_MAX);
	assert_int_equal(proof.echoes[0].boot_id, 7);
	assert_int_equal(proof.echoes[0].number, 1100000);
}

/* Boxes that live fill all places: the next has none until one has fallen silent. */
static void
full(void **state)
{
	static struct heartbeat_message message;
	struct heartbeat_proof proof = { .number = 1, .echo_count = 1, .echoes = { { OURS, 10000000 } } };
	struct replay replay;

	replay_init(&replay, OURS, WINDOW_MS * 1000);
	for (uint64_t boot_id = 2; boot_id < 2 + REPLAY_SENDERS_MAX; boot_id++) {
		message.boot_id = boot_id;
		message.router_id[0] = (char)('a' + boot_id);
		assert_int_equal(replay_take(&replay, &message, &proof, 10000000), REPLAY_PROVED);
	}
	message.boot_id = 100;
	message.router_id[0] = 'z';
	assert_int_equal(replay_take(&replay, &message, &proof, 10500000), REPLAY_UNPROVED);
	proof.echoes[0].number = 11500000;
	assert_int_equal(replay_take(&replay, &message, &proof, 11500000), REPLAY_PROVED);
}

/* A peer that restarts often: each boot is taken, and none of those before. */
static void
restarts(void **state)
{
	static struct heartbeat_message message;
	struct replay replay;

	replay_init(&replay, OURS, WINDOW_MS * 1000);
	strcpy(message.router_id, "b");
	for (uint64_t i = 0; i < 200; i++) {
		uint64_t now_us = 10000000 + i * 50000;
		struct heartbeat_proof proof = { .number = 10,
						 .echo_count = 1,
						 .echoes = { { OURS, now_us - 5 } } };

		message.boot_id = 100 + i;
		assert_int_equal(replay_take(&replay, &message, &proof, now_us), REPLAY_PROVED);
		for (uint64_t before = 1; before <= i && before <= REPLAY_RETIRED_MAX; before++) {
			proof.number = 20;
			message.boot_id = 100 + i - before;
			assert_int_equal(replay_take(&replay, &message, &proof, now_us + 1), REPLAY_OLD);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meeting),     cmocka_unit_test(recorded), cmocka_unit_test(cut_one_way),
		cmocka_unit_test(stood_still), cmocka_unit_test(crowded),  cmocka_unit_test(full),
		cmocka_unit_test(restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
