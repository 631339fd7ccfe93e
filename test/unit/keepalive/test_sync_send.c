/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a sync thread says by a socket that takes some messages and then no more: nothing is lost or said twice,
 * and refreshes, which the data plane takes for told, go out before what has changed since.
 */
#include "fake_dp_sync.h"
#include "sl_test.h"
#include "sync_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { CHANGED = 1000, LATER, TURNS_MAX = 1000 };

static struct sync sync_state;
static struct sync_link *link_state;

/* The socket: how many messages it takes, and what it took. */
static struct {
	unsigned int room;
	uint64_t messages;
	struct dp_sync_conn conns[2 * SYNC_CONNS];
	size_t count;
} box;

static void
message_take(const uint8_t *bytes, size_t size)
{
	struct sync_wire_message message;
	struct sync_wire_reader reader;
	struct sync_trailer trailer;

	assert_true(sync_wire_open(bytes, size, &message));
	assert_int_equal(sync_trailer_read(&message, &link_state->key, &trailer), SYNC_TRAILER_GOOD);
	assert_int_equal(trailer.number, ++box.messages);
	sync_wire_read(&reader, &message, trailer.extras, trailer.extras_size);
	for (unsigned int i = 0; i < message.count; i++) {
		assert_true(box.count < SL_COUNT(box.conns));
		assert_int_equal(sync_wire_next(&reader, &box.conns[box.count++]), SYNC_WIRE_CONN);
	}
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);

ssize_t
__wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	if (box.room == 0) {
		errno = EAGAIN;
		return -1;
	}
	box.room--;
	message_take(bytes, size);
	return (ssize_t)size;
}

static void
link_begin(void)
{
	memset(&box, 0, sizeof(box));
	memset(&sync_state, 0, sizeof(sync_state));
	sync_state.links = link_state;
	sync_state.link_count = 1;
	atomic_store(&sync_state.sends, true);
	memset(link_state, 0, sizeof(*link_state));
	assert_int_equal(sync_link_init(link_state, &sync_state, 0), 0);
}

/* A turn, in which the socket takes so many messages. True: all has been sent. */
static bool
turn(unsigned int room)
{
	box.room = room;
	return sync_send_turn(link_state);
}

/* Connection i of a batch of refreshes: some are ends that were missing. */
static struct dp_sync_conn
refresh(uint32_t i)
{
	struct dp_sync_conn conn = fake_conn(i);

	conn.flags = i % 5 == 4 ? DP_SYNC_NEW | DP_SYNC_ENDED : 0;
	return conn;
}

/* The socket is full before the first message of a batch of refreshes, before the second, ... and never. */
static void
full(void **state)
{
	const struct sync_sender *sender = &link_state->sender;
	unsigned int broken = 0;
	bool all = false;

	/* Once: each round takes all that there is. */
	fake_reset();
	assert_int_equal(dp_sync_init(1, 0), 0);
	assert_int_equal(dp_sync_open(0), 0);
	for (unsigned int room = 0; !all; room++) {
		unsigned int turns = 0;
		struct dp_sync_conn conn;
		uint64_t deletes = 0;
		char row[32];

		snprintf(row, sizeof(row), "full after %u messages", room);
		link_begin();
		for (uint32_t i = 0; i < SYNC_CONNS; i++) {
			conn = refresh(i);
			fake_refresh(0, &conn);
		}
		all = turn(room);
		broken += sender->batch_at < sender->batch_count;
		conn = fake_conn(CHANGED);
		fake_change(0, &conn);
		conn = fake_conn(LATER);
		fake_refresh(0, &conn);
		sl_check(row, !turn(0));
		while (!turn(1))
			sl_check(row, ++turns < TURNS_MAX);
		sl_check_int(row, box.count, SYNC_CONNS + 2);
		for (uint32_t i = 0; i < SYNC_CONNS; i++) {
			sl_check_int(row, box.conns[i].client_port, i);
			sl_check_int(row, box.conns[i].flags & DP_SYNC_ENDED,
				     refresh(i).flags & DP_SYNC_ENDED);
			deletes += (box.conns[i].flags & DP_SYNC_ENDED) != 0;
		}
		sl_check_int(row, box.conns[SYNC_CONNS].client_port, CHANGED);
		sl_check_int(row, box.conns[SYNC_CONNS + 1].client_port, LATER);
		sl_check_int(row, atomic_load(&link_state->counters[SYNC_MESSAGES_SENT]), box.messages);
		sl_check_int(row, atomic_load(&link_state->counters[SYNC_DELETES_SENT]), deletes);
		sl_check_int(row, atomic_load(&link_state->counters[SYNC_CONNS_SENT]), box.count - deletes);
		sl_check_int(row, atomic_load(&link_state->counters[SYNC_DROPPED]), 0);
		sync_link_fini(link_state);
	}
	assert_true(broken > SYNC_CONNS / 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full),
	};

	link_state = calloc(1, sizeof(*link_state));
	if (link_state == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
