/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is heard and who hears this box: what is told when a peer falls silent, is
 * deaf, or has another key, and what ha.status says of it. Hellos and time come from the test.
 */
#include "fake_dp_sync.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "sync_link.h"

#include <netinet/in.h>
#include <stdlib.h>

enum { OWN = 99, PEER = 7, THREADS = 2 };
static const char key_text[] = "a shared key", other_text[] = "another key";
static const char *const silent_words = "nothing heard of 192.0.2.1 for 3 s", *const heard_words =
										      "is heard again";
static const char *const deaf_words = "192.0.2.1 does not hear this box", *const hears_words =
										  "hears this box";

static struct sync sync_state;
static struct sync_link *links; /* THREADS */
static struct sync_news news;
static uint64_t number;

static void
begin(const char *key, bool lvs_peer, unsigned int threads)
{
	fake_reset();
	dp_sync_init(1, 0);
	memset(&sync_state, 0, sizeof(sync_state));
	news.first = news.count = 0;
	news.peer[0] = '\0';
	sync_state.news = &news;
	sync_state.links = links;
	sync_state.link_count = threads;
	sync_state.boot_id = OWN;
	memcpy(sync_state.conf.key, key, strlen(key));
	assert_int_equal(sl_addr_parse("224.0.0.81", &sync_state.conf.group), 0);
	sync_state.conf.lvs_peer = lvs_peer;
	atomic_store(&sync_state.receives, true);
	memset(links, 0, THREADS * sizeof(*links));
	for (unsigned int i = 0; i < threads; i++) {
		assert_int_equal(sync_link_init(&links[i], &sync_state, i), 0);
		links[i].received_before = true;
		links[i].opened_ms = links[i].now_ms = links[0].now_ms;
	}
	number = 0;
}

static void
end(void)
{
	for (unsigned int i = 0; i < sync_state.link_count; i++)
		sync_link_fini(&links[i]);
}

/* So much later the threads have looked. */
static void
after(uint64_t ms)
{
	for (unsigned int i = 0; i < sync_state.link_count; i++) {
		links[i].now_ms += ms;
		for (unsigned int k = 0; k < SYNC_PEERS_MAX; k++) {
			if (links[i].peers.peers[k].boot_id != 0)
				sync_peer_check(&links[i].peers, &links[i].peers.peers[k], links[i].now_ms);
		}
		sync_state_update(&links[i]);
		sync_watch(&links[i]);
	}
}

/* A hello to one thread, by `key`, of the next number. */
static void
hear(unsigned int thread, const char *key, uint64_t boot, uint64_t echo, uint8_t flags)
{
	static struct sync_wire_out out;
	const struct sync_trailer trailer = { .boot_id = boot,
					      .echo = echo,
					      .number = ++number,
					      .flags = flags,
					      .threads = (uint8_t)sync_state.link_count,
					      .thread = (uint8_t)thread };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(8848),
				    .sin_addr.s_addr = htonl(0xc0000201) };
	struct sockaddr_storage from = { 0 };
	uint8_t bytes[1472];
	struct sync_key sign;

	memcpy(&from, &four, sizeof(four));
	sync_key_init(&sign, key, strlen(key));
	sync_wire_begin(&out, bytes, sizeof(bytes), 0, sync_trailer_room(&sign));
	sync_receive_message(&links[thread], bytes, sync_trailer_write(&out, &trailer, &sign), &from);
}

/* Of so many hellos, the first now, each has this echo. */
static void
hellos(unsigned int count, uint64_t echo)
{
	for (unsigned int i = 0; i < count; i++) {
		hear(0, key_text, PEER, echo, 0);
		after(SYNC_HELLO_MS);
	}
}

static void
bulk_done(void)
{
	sync_peer_bulk_done(&links[0].peers.peers[0], number, links[0].now_ms);
}

/* Known, and told all. */
static void
joined(void)
{
	hear(0, key_text, PEER, OWN, 0);
	bulk_done();
	after(SYNC_HELLO_MS);
}

/* How many events have these words, which all must be good, or all not; the others are lost. */
static unsigned int
told(const char *words, bool good)
{
	char text[SYNC_EVENT_SIZE];
	unsigned int count = 0;
	bool is_good;

	while (sync_event_next(&sync_state, &is_good, text)) {
		if (strstr(text, words) == NULL)
			continue;
		assert_int_equal(is_good, good);
		count++;
	}
	return count;
}

static void
state_check(const char *name, enum ka_sync_peer state, bool in_sync)
{
	struct ka_sync_status status;

	sync_status(&sync_state, &status);
	sl_check_int(name, status.peer_state, state);
	sl_check_int(name, status.in_sync, in_sync);
	sl_check_str(name, status.peer, state == KA_SYNC_PEER_NONE ? "" : "192.0.2.1");
}

/* A peer that falls silent is told of once, and so is its return; what it said meanwhile is wanted. */
static void
silence(void **state)
{
	begin(key_text, false, 1);
	after(100);
	state_check("nobody yet", KA_SYNC_PEER_NONE, false);
	after(SYNC_SILENT_MS);
	state_check("nobody", KA_SYNC_PEER_NONE, true);
	assert_true(sync_is_unheard(&sync_state));
	hear(0, key_text, PEER, OWN, 0);
	assert_false(sync_is_unheard(&sync_state));
	after(4);
	state_check("heard just now", KA_SYNC_PEER_ALIVE, false);
	bulk_done();
	after(SYNC_HELLO_MS);
	state_check("alive", KA_SYNC_PEER_ALIVE, true);
	after(SYNC_SILENT_MS - SYNC_HELLO_MS - 5);
	state_check("not silent yet", KA_SYNC_PEER_ALIVE, true);
	assert_int_equal(told(silent_words, false), 0);
	after(SYNC_SILENT_MS);
	state_check("silent", KA_SYNC_PEER_SILENT, false);
	after(60000);
	assert_int_equal(told(silent_words, false), 1);

	number += 20;
	hear(0, key_text, PEER, 0, 0);
	after(4);
	after(100);
	state_check("heard again, and twenty messages are missing", KA_SYNC_PEER_ALIVE, false);
	assert_true(links[0].peers.peers[0].wants_bulk);
	assert_int_equal(told(heard_words, true), 1);
	bulk_done();
	hellos(1, OWN);
	state_check("told all", KA_SYNC_PEER_ALIVE, true);
	assert_int_equal(told(deaf_words, false), 0);

	/* It was stopped: nothing is missing. */
	after(SYNC_SILENT_MS);
	assert_int_equal(told(silent_words, false), 1);
	hellos(1, OWN);
	state_check("goes on", KA_SYNC_PEER_ALIVE, true);
	assert_int_equal(told(heard_words, true), 1);

	hear(0, key_text, PEER, OWN, SYNC_FLAG_GOODBYE);
	after(100);
	after(SYNC_SILENT_MS);
	state_check("goodbye", KA_SYNC_PEER_GONE, true);
	assert_int_equal(told("192.0.2.1", false), 0);
	end();
}

/* Who does not receive misses nothing, but its peer does. */
static void
silence_sender(void **state)
{
	begin(key_text, false, 1);
	links[0].received_before = false;
	joined();
	after(SYNC_SILENT_MS);
	state_check("a sender", KA_SYNC_PEER_SILENT, true);
	assert_int_equal(told(silent_words, false), 1);
	/* Another boot at its address. */
	hear(0, key_text, PEER + 1, OWN, 0);
	after(100);
	state_check("restarted", KA_SYNC_PEER_ALIVE, true);
	assert_int_equal(told(heard_words, true), 1);
	end();
}

/* While this box is stopped, nobody else is silent, or deaf. */
static void
silence_own(void **state)
{
	begin(key_text, false, 1);
	joined();
	news.count = 0;
	links[0].now_ms += 10000;
	sync_peers_pause(&links[0].peers, 10000);
	after(100);
	hear(0, key_text, PEER, 0, 0);
	after(100);
	state_check("after a pause", KA_SYNC_PEER_ALIVE, true);
	assert_int_equal(news.count, 0);
	end();
}

/* { what, whom hellos name, how many of them, alarms } */
static const struct {
	const char *name;
	uint64_t echo;
	unsigned int count, alarms;
} echoes[] = {
	{ "it hears nobody", 0, 15, 1 },
	{ "not for long", 0, 13, 0 },
	{ "it hears another", 5, 28, 1 },
	{ "two rounds of eight", 5, 15, 0 },
};

static void
deaf(void **state)
{
	for (size_t i = 0; i < SL_COUNT(echoes); i++) {
		const char *name = echoes[i].name;

		begin(key_text, false, 1);
		joined();
		hellos(echoes[i].count, echoes[i].echo);
		state_check(name, echoes[i].alarms > 0 ? KA_SYNC_PEER_DEAF : KA_SYNC_PEER_ALIVE, true);
		sl_check_int(name, told(deaf_words, false), echoes[i].alarms);
		hellos(30, OWN);
		state_check(name, KA_SYNC_PEER_ALIVE, true);
		sl_check_int(name, told(hears_words, true), echoes[i].alarms);
		end();
	}
}

/* With a peer that never hears us, nothing is taken of it, and that is told. */
static void
deaf_from_start(void **state)
{
	begin(key_text, false, 1);
	hellos(10, 0);
	assert_int_equal(told(deaf_words, false), 0);
	hellos(6, 0);
	state_check("one way", KA_SYNC_PEER_DEAF, false);
	hellos(30, 0);
	assert_int_equal(told(deaf_words, false), 1);
	hellos(1, OWN);
	assert_int_equal(told(hears_words, true), 1);
	bulk_done();
	hellos(1, OWN);
	state_check("both ways", KA_SYNC_PEER_ALIVE, true);
	end();
}

/* Both ways are cut, for a moment less than a silence: its first word after it is of before. */
static void
deaf_never(void **state)
{
	begin(key_text, false, 1);
	joined();
	for (unsigned int i = 0; i < 5; i++) {
		after(SYNC_SILENT_MS - SYNC_HELLO_MS - 1);
		hellos(2, 0);
		hellos(1, OWN);
	}
	/* Seven others beside us: each is named in its turn. */
	for (unsigned int i = 0; i < 20; i++) {
		hellos(7, 5);
		hellos(1, i % 2 == 0 ? OWN : 5);
	}
	assert_int_equal(told(deaf_words, false), 0);
	assert_int_equal(told(silent_words, false), 0);
	end();
}

/* Recordings of a boot that is over, from the address of the one that speaks: they say nothing of it. */
static void
deaf_recorded(void **state)
{
	begin(key_text, false, 1);
	joined();
	for (unsigned int i = 0; i < 60; i++) {
		hear(0, key_text, PEER, OWN, 0);
		after(100);
		hear(0, key_text, PEER + 1, 0, 0);
		number--;
		after(100);
	}
	state_check("recordings", KA_SYNC_PEER_ALIVE, false);
	assert_int_equal(told(deaf_words, false), 0);
	/* It was started again, and does not hear this box. */
	for (unsigned int i = 0; i < 20; i++) {
		hear(0, key_text, PEER + 1, 0, 0);
		after(SYNC_HELLO_MS);
	}
	state_check("its new boot", KA_SYNC_PEER_DEAF, false);
	assert_int_equal(told(deaf_words, false), 1);
	end();
}

/* What all threads find is told once, and is over when all find so. */
static void
threads(void **state)
{
	begin(key_text, false, THREADS);
	for (unsigned int i = 0; i < THREADS; i++) {
		number = 0;
		hear(i, key_text, PEER, OWN, 0);
		sync_peer_bulk_done(&links[i].peers.peers[0], 1, links[i].now_ms);
	}
	after(100);
	state_check("two threads", KA_SYNC_PEER_ALIVE, true);
	after(SYNC_SILENT_MS);
	after(100);
	assert_int_equal(told(silent_words, false), 1);
	hear(0, key_text, PEER, OWN, 0);
	after(100);
	state_check("one of them", KA_SYNC_PEER_SILENT, false);
	assert_int_equal(told(heard_words, true), 0);
	number = 1;
	hear(1, key_text, PEER, OWN, 0);
	after(100);
	state_check("both", KA_SYNC_PEER_ALIVE, true);
	assert_int_equal(told(heard_words, true), 1);
	end();
}

/* LVS has no hellos. Neither has a Sluice that takes its peer for LVS. */
static void
lvs(void **state)
{
	begin("", true, 1);
	hear(0, "", PEER, 0, 0);
	after(SYNC_SILENT_MS);
	after(100);
	state_check("LVS", KA_SYNC_PEER_LVS, true);
	assert_false(sync_is_unheard(&sync_state));
	assert_int_equal(told("192.0.2.1", false), 0);
	end();
}

/* Another key, or none: told once, until there was none of it for a minute. */
static void
keys(void **state)
{
	static const struct {
		const char *own, *by, *words;
	} rows[] = {
		{ key_text, other_text, "a Sluice with another key speaks at 192.0.2.1" },
		{ key_text, "", "a Sluice without the key speaks" },
		{ "", key_text, "here is no key" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		begin(rows[i].own, false, 1);
		for (unsigned int k = 0; k < 1000; k++) {
			hear(0, rows[i].by, PEER, 0, 0);
			after(SYNC_HELLO_MS);
		}
		sl_check_int(rows[i].words, told(rows[i].words, false), 1);
		state_check(rows[i].words, KA_SYNC_PEER_NONE, true);
		after(SYNC_REFUSED_MS);
		hear(0, rows[i].by, PEER, 0, 0);
		sl_check_int(rows[i].words, told(rows[i].words, false), 1);
		end();
	}
}

/* And once of all threads, of which one may take its message by an earlier clock. */
static void
keys_threads(void **state)
{
	begin(key_text, false, THREADS);
	links[1].now_ms--;
	for (unsigned int k = 0; k < 10; k++) {
		for (unsigned int i = 0; i < THREADS; i++) {
			hear(i, other_text, PEER, 0, 0);
			hear(i, "", PEER, 0, 0);
		}
		after(SYNC_HELLO_MS);
	}
	assert_int_equal(news.count, 2);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence),
		cmocka_unit_test(silence_sender),
		cmocka_unit_test(silence_own),
		cmocka_unit_test(deaf),
		cmocka_unit_test(deaf_from_start),
		cmocka_unit_test(deaf_never),
		cmocka_unit_test(deaf_recorded),
		cmocka_unit_test(threads),
		cmocka_unit_test(lvs),
		cmocka_unit_test(keys),
		cmocka_unit_test(keys_threads),
	};

	links = calloc(THREADS, sizeof(*links));
	if (links == NULL || pthread_mutex_init(&news.lock, NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
