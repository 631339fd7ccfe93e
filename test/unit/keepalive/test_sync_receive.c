/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a sync thread makes of single messages: taken, or which counter; and what
 * those get who come by TCP and are no peers.
 */
#include "fake_dp_sync.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "sync_link.h"

#include <sluice/conn.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

enum { OWN = 99, PEER = 7 };
static const char key_text[] = "a shared key", other_text[] = "another key";

static struct sync sync_state;
static struct sync_link *link_state;
static struct sync_news news;

static struct sockaddr_storage
host(const char *text)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(8848) };
	struct sockaddr_storage addr = { 0 };
	struct sl_addr parsed;

	assert_int_equal(sl_addr_parse(text, &parsed), 0);
	four.sin_addr.s_addr = sl_addr_v4_be(&parsed);
	memcpy(&addr, &four, sizeof(four));
	return addr;
}

static void
link_begin(const char *key, bool lvs_peer, const char *group, uint8_t sync_id)
{
	fake_reset();
	dp_sync_init(1, 0);
	dp_sync_open(0);
	memset(&sync_state, 0, sizeof(sync_state));
	sync_state.news = &news;
	sync_state.links = link_state;
	sync_state.link_count = 1;
	sync_state.boot_id = OWN;
	memcpy(sync_state.conf.key, key, strlen(key));
	assert_int_equal(sl_addr_parse(group, &sync_state.conf.group), 0);
	sync_state.conf.sync_id = sync_id;
	sync_state.conf.lvs_peer = lvs_peer;
	atomic_store(&sync_state.receives, true);
	memset(link_state, 0, sizeof(*link_state));
	assert_int_equal(sync_link_init(link_state, &sync_state, 0), 0);
	link_state->received_before = true;
}

static void
link_end(void)
{
	sync_link_fini(link_state);
}

/* A message of three connections. `boot` 0: LVS's, without a trailer. */
static size_t
message_make(uint8_t *bytes, const char *key, uint64_t boot, uint64_t echo, uint64_t number, uint8_t flags)
{
	static struct sync_wire_out out;
	const struct sync_trailer trailer = {
		.boot_id = boot, .echo = echo, .number = number, .flags = flags, .threads = 1
	};
	struct sync_key sign;

	sync_key_init(&sign, key, strlen(key));
	sync_wire_begin(&out, bytes, 1472, 5, sync_trailer_room(&sign));
	for (uint32_t i = 0; i < 3; i++) {
		struct dp_sync_conn conn = fake_conn(i);

		assert_true(sync_wire_add(&out, &conn));
	}
	if (boot != 0)
		return sync_trailer_write(&out, &trailer, &sign);
	sync_wire_end(&out, out.size);
	return out.size;
}

/*
 * { what, our key, the peer is LVS, the group, our sync id; signed by, boot, echo, number, flags; the counter it
 * ends in (COUNTER_MAX: none), connections that are there after it }
 */
static const struct {
	const char *name, *key;
	bool lvs_peer;
	const char *group;
	uint8_t sync_id;
	const char *by;
	uint64_t boot, echo, number;
	uint8_t flags;
	enum sync_counter counter;
	uint32_t conns;
} messages[] = {
	{ "LVS's", "", false, "224.0.0.81", 0, "", 0, 0, 0, 0, SYNC_COUNTER_MAX, 3 },
	{ "LVS's, of our id", "", false, "224.0.0.81", 5, "", 0, 0, 0, 0, SYNC_COUNTER_MAX, 3 },
	{ "LVS's, of another id", "", false, "224.0.0.81", 6, "", 0, 0, 0, 0, SYNC_FOREIGN, 0 },
	{ "LVS's, where there is a key", key_text, false, "224.0.0.81", 0, "", 0, 0, 0, 0, SYNC_BAD_AUTH, 0 },
	{ "LVS's, where there is a key and LVS is expected", key_text, true, "224.0.0.81", 0, "", 0, 0, 0, 0,
	  SYNC_COUNTER_MAX, 3 },
	{ "LVS's, from the one peer", "", false, "192.0.2.1", 0, "", 0, 0, 0, 0, SYNC_COUNTER_MAX, 3 },
	{ "LVS's, from somebody else", "", false, "192.0.2.2", 0, "", 0, 0, 0, 0, SYNC_BAD_AUTH, 0 },
	{ "a Sluice's, no keys", "", false, "224.0.0.81", 0, "", PEER, 0, 1, 0, SYNC_COUNTER_MAX, 3 },
	{ "a Sluice's, no keys, from somebody else", "", false, "192.0.2.2", 0, "", PEER, 0, 1, 0,
	  SYNC_BAD_AUTH, 0 },
	{ "signed, and it hears us", key_text, false, "224.0.0.81", 0, key_text, PEER, OWN, 1, 0,
	  SYNC_COUNTER_MAX, 3 },
	{ "signed, and it does not hear us yet", key_text, false, "224.0.0.81", 0, key_text, PEER, 1, 1, 0,
	  SYNC_COUNTER_MAX, 0 },
	{ "signed by another key", key_text, false, "224.0.0.81", 0, other_text, PEER, OWN, 1, 0,
	  SYNC_BAD_AUTH, 0 },
	{ "a Sluice's, unsigned", key_text, false, "224.0.0.81", 0, "", PEER, OWN, 1, 0, SYNC_BAD_AUTH, 0 },
	{ "signed, and here is no key", "", false, "224.0.0.81", 0, key_text, PEER, OWN, 1, 0, SYNC_BAD_AUTH,
	  0 },
	{ "our own", key_text, false, "224.0.0.81", 0, key_text, OWN, OWN, 1, 0, SYNC_COUNTER_MAX, 0 },
	{ "without a number", key_text, false, "224.0.0.81", 0, key_text, PEER, OWN, 0, 0, SYNC_REPLAYED, 0 },
	{ "a bulk's message is not for here", "", false, "224.0.0.81", 0, "", PEER, OWN, 1, SYNC_FLAG_BULK,
	  SYNC_BAD_AUTH, 0 },
};

static void
counters_check(const char *name, enum sync_counter counter)
{
	static const enum sync_counter watched[] = { SYNC_BAD_MESSAGE,    SYNC_BAD_AUTH, SYNC_REPLAYED,
						     SYNC_BAD_ENTRY,      SYNC_FOREIGN,  SYNC_SKIPPED,
						     SYNC_UNKNOWN_SERVER, SYNC_OVERRUN };

	for (size_t i = 0; i < SL_COUNT(watched); i++)
		sl_check_int(name, atomic_load(&link_state->counters[watched[i]]), watched[i] == counter);
}

static void
single(void **state)
{
	const struct sockaddr_storage from = host("192.0.2.1");

	for (size_t i = 0; i < SL_COUNT(messages); i++) {
		uint8_t bytes[1472];
		size_t size = message_make(bytes, messages[i].by, messages[i].boot, messages[i].echo,
					   messages[i].number, messages[i].flags);

		link_begin(messages[i].key, messages[i].lvs_peer, messages[i].group, messages[i].sync_id);
		sync_receive_message(link_state, bytes, size, &from);
		counters_check(messages[i].name, messages[i].counter);
		sl_check_int(messages[i].name, fake_count(0), messages[i].conns);
		if (messages[i].conns > 0) {
			sl_check_str(messages[i].name, news.peer, "192.0.2.1");
			/* Recorded and said again: nothing, but for LVS, which has no numbers. */
			sync_receive_message(link_state, bytes, size, &from);
			sl_check_int(messages[i].name, atomic_load(&link_state->counters[SYNC_REPLAYED]),
				     messages[i].boot != 0);
		}
		link_end();
	}
}

/* Cut anywhere, nothing of it is taken. */
static void
cut(void **state)
{
	const struct sockaddr_storage from = host("192.0.2.1");
	uint8_t bytes[1472];
	size_t size = message_make(bytes, key_text, PEER, OWN, 1, 0);

	link_begin(key_text, false, "224.0.0.81", 0);
	for (size_t to = 0; to < size; to++)
		sync_receive_message(link_state, bytes, to, &from);
	assert_int_equal(atomic_load(&link_state->counters[SYNC_BAD_MESSAGE]), size);
	assert_int_equal(fake_count(0), 0);
	link_end();
}

/* What the data plane says of an entry. */
static void
puts_result(void **state)
{
	static const struct {
		const char *name;
		enum dp_sync_result result;
		enum sync_counter counter;
	} rows[] = {
		{ "no such server", DP_SYNC_UNKNOWN, SYNC_UNKNOWN_SERVER },
		{ "cannot be", DP_SYNC_BAD, SYNC_BAD_ENTRY },
	};
	const struct sockaddr_storage from = host("192.0.2.1");
	uint8_t bytes[1472];
	size_t size = message_make(bytes, "", 0, 0, 0, 0);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		link_begin("", false, "224.0.0.81", 0);
		fake_puts(0, rows[i].result);
		sync_receive_message(link_state, bytes, size, &from);
		sl_check_int(rows[i].name, atomic_load(&link_state->counters[rows[i].counter]), 3);
		link_end();
	}
}

/* Workers that take nothing: entries wait, then are too many; the peer is asked for all again. */
static void
overrun(void **state)
{
	const struct sockaddr_storage from = host("192.0.2.1");
	const uint32_t last = SYNC_PENDING_MAX / 3 + 10;
	uint8_t bytes[1472];
	size_t size = 0;

	link_begin("", false, "224.0.0.81", 0);
	fake_puts(0, DP_SYNC_BUSY);
	for (uint32_t i = 0; i < last; i++) {
		size = message_make(bytes, "", PEER, 0, 1 + i, 0);
		sync_receive_message(link_state, bytes, size, &from);
		if (i == 100)
			sync_peer_bulk_done(&link_state->peers.peers[0], 1, 0);
		if (i == SYNC_PENDING_MAX / 3 - 1) {
			assert_int_equal(atomic_load(&link_state->counters[SYNC_OVERRUN]), 0);
			assert_false(link_state->peers.peers[0].wants_bulk);
		}
	}
	assert_int_equal(atomic_load(&link_state->counters[SYNC_OVERRUN]), 29);
	assert_true(link_state->peers.peers[0].wants_bulk);
	/* A bulk that ends now has the last of it only if its mark is as high. */
	sync_peer_bulk_done(&link_state->peers.peers[0], last - 1, 0);
	assert_true(link_state->peers.peers[0].wants_bulk);
	sync_peer_bulk_done(&link_state->peers.peers[0], last, 0);
	assert_false(link_state->peers.peers[0].wants_bulk);
	/* LVS's message has no number: as if the peer's last one, which is heard only, had been too much. */
	atomic_store(&sync_state.receives, false);
	sync_receive_message(link_state, bytes, message_make(bytes, "", PEER, 0, last + 1, 0), &from);
	atomic_store(&sync_state.receives, true);
	sync_receive_message(link_state, bytes, message_make(bytes, "", 0, 0, 0, 0), &from);
	sync_peer_bulk_done(&link_state->peers.peers[0], last, 0);
	assert_true(link_state->peers.peers[0].wants_bulk);
	assert_int_equal(fake_count(0), 0);
	fake_puts(0, DP_SYNC_TAKEN);
	sync_pending_retry(link_state);
	assert_int_equal(fake_count(0), 3);
	for (unsigned int i = 0; i < 100; i++)
		sync_pending_retry(link_state);
	assert_int_equal(link_state->pending.count, 0);
	link_end();
}

/* ---- by TCP ---- */

/* Plays one who asks for a bulk, against a server's side on a socket pair: greeted, then `request`. */
static struct sync_bulk_client *
client_begin(int *ret_fd, uint8_t greeting[SYNC_BULK_GREETING])
{
	struct sync_bulk_client *client = &link_state->clients[0];
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	client->fd = pair[0];
	client->since_ms = client->moved_ms = link_state->now_ms;
	client->streams = client->ended = false;
	client->request_size = 0;
	assert_true(sync_seal_nonce(client->nonce));
	sync_seal_greeting(&link_state->key, client->nonce, greeting);
	*ret_fd = pair[1];
	return client;
}

/* { what, by which key, for which thread, byte that is changed (-1: none), bytes said, taken } */
static const struct {
	const char *name, *by;
	unsigned int thread;
	int changed;
	size_t size;
	bool taken;
} requests[] = {
	{ "right", key_text, 0, -1, SYNC_BULK_REQUEST, true },
	{ "another key", other_text, 0, -1, SYNC_BULK_REQUEST, false },
	{ "no key", "", 0, -1, SYNC_BULK_REQUEST, false },
	{ "for another thread", key_text, 1, -1, SYNC_BULK_REQUEST, false },
	{ "another magic", key_text, 0, 0, SYNC_BULK_REQUEST, false },
	{ "another boot", key_text, 0, 9, SYNC_BULK_REQUEST, false },
	{ "another nonce", key_text, 0, 20, SYNC_BULK_REQUEST, false },
	{ "another signature", key_text, 0, 87, SYNC_BULK_REQUEST, false },
};

static void
bulk_requests(void **state)
{
	for (size_t i = 0; i < SL_COUNT(requests); i++) {
		uint8_t greeting[SYNC_BULK_GREETING], request[SYNC_BULK_REQUEST], nonce[SYNC_NONCE] = { 1 };
		struct sync_bulk_client *client;
		struct sync_key key, stream;
		bool is_signed;
		int fd;

		link_begin(key_text, false, "224.0.0.81", 0);
		client = client_begin(&fd, greeting);
		assert_true(sync_seal_greeted(greeting, &is_signed) && is_signed);
		sync_key_init(&key, requests[i].by, strlen(requests[i].by));
		sync_seal_request(&key, requests[i].thread, PEER, greeting, nonce, request, &stream);
		if (requests[i].changed >= 0)
			request[requests[i].changed] ^= 1;
		/* In two pieces. */
		assert_int_equal(send(fd, request, 50, 0), 50);
		sync_serve_step(link_state, client, true);
		sl_check(requests[i].name, client->fd >= 0 && !client->streams);
		assert_int_equal(send(fd, request + 50, requests[i].size - 50, 0),
				 (ssize_t)requests[i].size - 50);
		sync_serve_step(link_state, client, true);
		sl_check_int(requests[i].name, client->fd >= 0 && client->streams, requests[i].taken);
		sl_check_int(requests[i].name, atomic_load(&link_state->counters[SYNC_BAD_AUTH]),
			     !requests[i].taken);
		close(fd);
		link_end();
	}
}

/* Who says nothing, who leaves, and who reads nothing. */
static void
bulk_slow(void **state)
{
	uint8_t greeting[SYNC_BULK_GREETING], request[SYNC_BULK_REQUEST], nonce[SYNC_NONCE] = { 1 };
	struct sync_bulk_client *client;
	struct sync_key key, stream;
	struct dp_sync_conn conn;
	unsigned int told_changes = 0;
	int fd;

	link_begin(key_text, false, "224.0.0.81", 0);
	client = client_begin(&fd, greeting);
	link_state->now_ms += 2999;
	sync_serve_step(link_state, client, false);
	assert_true(client->fd >= 0);
	link_state->now_ms += 1;
	sync_serve_step(link_state, client, false);
	assert_int_equal(client->fd, -1);
	close(fd);

	client = client_begin(&fd, greeting);
	close(fd);
	sync_serve_step(link_state, client, true);
	assert_int_equal(client->fd, -1);

	for (uint32_t i = 0; i < 100000; i++) {
		conn = fake_conn(i);
		fake_add(0, &conn);
	}
	client = client_begin(&fd, greeting);
	sync_key_init(&key, key_text, strlen(key_text));
	sync_seal_request(&key, 0, PEER, greeting, nonce, request, &stream);
	assert_int_equal(send(fd, request, sizeof(request), 0), sizeof(request));
	sync_serve_step(link_state, client, true);
	for (unsigned int i = 0; i < 100; i++)
		sync_serve_step(link_state, client, false);
	/* The walk waits; changes go in until there is no room. */
	assert_true(client->fd >= 0 && !client->cursor.done);
	assert_true(client->stream_to - client->stream_from < 1 << 20);
	for (; client->fd >= 0 && told_changes < 1000000; told_changes++)
		sync_serve_change(link_state, &conn);
	assert_int_equal(client->fd, -1);
	assert_in_range(told_changes, 80000, 250000);
	close(fd);

	client = client_begin(&fd, greeting);
	sync_seal_request(&key, 0, PEER, greeting, nonce, request, &stream);
	assert_int_equal(send(fd, request, sizeof(request), 0), sizeof(request));
	sync_serve_step(link_state, client, true);
	link_state->now_ms += 10000;
	sync_serve_step(link_state, client, false);
	assert_int_equal(client->fd, -1);
	close(fd);
	link_end();
}

/* { what, byte of the stream that is changed (-1: none), bytes that come; whether the bulk is taken for done } */
static const struct {
	const char *name;
	int changed;
	size_t less;
	bool done;
} streams[] = {
	{ "whole", -1, 0, true },
	{ "cut short", -1, 1, false },
	{ "without its end", -1, 96, false },
	{ "another client in it", 8 + 24, 0, false },
	{ "another size", 3, 0, false },
};

static void
bulk_streams(void **state)
{
	static uint8_t bytes[8192];
	static struct sync_wire_out out;

	for (size_t i = 0; i < SL_COUNT(streams); i++) {
		const struct sockaddr_storage from = host("192.0.2.1");
		struct sync_bulk *bulk = &link_state->bulk;
		struct sync_peer *peer = &link_state->peers.peers[0];
		struct sync_trailer trailer = { .boot_id = PEER, .flags = SYNC_FLAG_BULK };
		uint8_t hello[1472];
		size_t size = 0;
		int pair[2];

		link_begin(key_text, false, "224.0.0.81", 0);
		sync_receive_message(link_state, hello, message_make(hello, key_text, PEER, OWN, 1, 0),
				     &from);
		assert_true(peer->known && peer->wants_bulk);
		for (uint32_t k = 0; k < 10; k++) {
			struct dp_sync_conn conn = fake_conn(100 + k);

			sync_wire_begin(&out, bytes + size, 1472, 0, sync_trailer_room(&link_state->key));
			if (k < 9)
				assert_true(sync_wire_add(&out, &conn));
			else
				trailer.flags |= SYNC_FLAG_END;
			trailer.number = k + 1;
			trailer.count = k < 9 ? k + 1 : 9;
			size += sync_trailer_write(&out, &trailer, &link_state->key);
		}
		if (streams[i].changed >= 0)
			bytes[streams[i].changed] ^= 1;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
		bulk->fd = pair[0];
		bulk->state = SYNC_BULK_GREETED;
		bulk->boot_id = PEER;
		bulk->key = link_state->key;
		assert_int_equal(send(pair[1], bytes, size - streams[i].less, 0),
				 (ssize_t)(size - streams[i].less));
		close(pair[1]);
		for (unsigned int k = 0; k < 100 && bulk->state != SYNC_BULK_IDLE; k++)
			sync_fetch_step(link_state);
		sl_check_int(streams[i].name, bulk->state, SYNC_BULK_IDLE);
		sl_check_int(streams[i].name, peer->wants_bulk, !streams[i].done);
		sl_check_int(streams[i].name, peer->bulk_failures, streams[i].done ? 0 : 1);
		sl_check_int(streams[i].name, fake_count(0), streams[i].changed >= 0 ? 3 : 12);
		link_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single),        cmocka_unit_test(cut),
		cmocka_unit_test(puts_result),   cmocka_unit_test(overrun),
		cmocka_unit_test(bulk_requests), cmocka_unit_test(bulk_slow),
		cmocka_unit_test(bulk_streams),
	};

	link_state = calloc(1, sizeof(*link_state));
	if (link_state == NULL || pthread_mutex_init(&news.lock, NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
