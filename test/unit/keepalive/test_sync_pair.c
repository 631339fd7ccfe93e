/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two boxes that sync with each other over the loopback interface, each with a
 * data plane of its own (fake_dp_sync.h): changes, ends, joining late, restarts, losses, keys, strangers.
 */
#include "fake_dp_sync.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "sync.h"
#include "sync_link.h"

#include <sluice/conn.h>

#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

enum { LIMIT_MS = 20000 };

static uint16_t port;
static struct sync *syncs[FAKE_BOXES];
static unsigned int started;

/* Waits for the condition, and fails with its text when it does not come. */
#define until(condition)                                                                                     \
	do {                                                                                                 \
		uint64_t end_ = sync_now_ms() + LIMIT_MS;                                                    \
		while (!(condition)) {                                                                       \
			if (sync_now_ms() > end_)                                                            \
				fail_msg("not within %u ms: %s", LIMIT_MS, #condition);                      \
			usleep(500);                                                                         \
		}                                                                                            \
	} while (0)

/* Box 0 is 127.0.0.1, box 1 127.0.0.2. */
static struct ka_sync
conf_make(unsigned int own, const char *key)
{
	static const char *const addrs[] = { "127.0.0.1", "127.0.0.2" };
	struct ka_sync conf = {
		.enabled = true, .interface = "lo", .udp_port = port, .ttl = 1, .threads = 1, .queue = 65536
	};

	assert_int_equal(sl_addr_parse(addrs[own], &conf.local), 0);
	assert_int_equal(sl_addr_parse(addrs[1 - own], &conf.group), 0);
	snprintf(conf.key, sizeof(conf.key), "%s", key);
	return conf;
}

/* Returns the number of its data plane. */
static unsigned int
start(const struct ka_sync *conf, uint64_t boot_id)
{
	char error[DP_ERROR_SIZE] = "";

	syncs[started] = sync_start(conf, boot_id, error);
	if (syncs[started] == NULL)
		fail_msg("%s", error);
	until(fake_box_threads(started) == (conf->threads > 0 ? conf->threads : 1));
	return started++;
}

static void
stop(unsigned int box)
{
	sync_stop(syncs[box], 100);
	syncs[box] = NULL;
	assert_int_equal(fake_box_threads(box), 0);
}

static struct ka_sync_status
status(unsigned int box)
{
	struct ka_sync_status s;

	sync_status(syncs[box], &s);
	return s;
}

static bool
has(unsigned int box, const struct dp_sync_conn *conn)
{
	struct dp_sync_conn found;

	return fake_lookup(box, conn, &found);
}

static bool
event_find(unsigned int box, const char *words)
{
	char text[192];
	bool good;

	while (sync_event_next(syncs[box], &good, text)) {
		if (strstr(text, words) != NULL)
			return true;
	}
	return false;
}

static int
setup(void **state)
{
	fake_reset();
	started = 0;
	port = (uint16_t)(20000 + (getpid() * 7 + port) % 20000);
	return 0;
}

static int
teardown(void **state)
{
	for (unsigned int i = 0; i < FAKE_BOXES; i++) {
		sync_stop(syncs[i], 0);
		syncs[i] = NULL;
	}
	return 0;
}

/* What is established here is known there soon, and what is over here is gone there. */
static void
changes(void **state)
{
	static const char *const keys[] = { "", "a shared key" };

	for (size_t k = 0; k < SL_COUNT(keys); k++) {
		struct ka_sync confs[2] = { conf_make(0, keys[k]), conf_make(1, keys[k]) };
		struct dp_sync_conn conn = fake_conn(1), found;
		uint64_t worst_us = 0;
		unsigned int a = start(&confs[0], 1), b = start(&confs[1], 2);

		until(sync_is_in_sync(syncs[a]) && sync_is_in_sync(syncs[b]));
		for (uint32_t i = 0; i < 50; i++) {
			uint64_t begin = sync_now_ms();

			conn = fake_conn(i);
			conn.fwd = SL_FWD_FNAT;
			conn.local = conn.vip;
			conn.local_port = (uint16_t)(1 + i);
			conn.flags = DP_SYNC_NEW | DP_SYNC_TOA;
			fake_change(a, &conn);
			until(has(b, &conn));
			if (sync_now_ms() - begin > worst_us)
				worst_us = sync_now_ms() - begin;
		}
		print_message("a change was at the peer after %llu ms at the worst\n",
			      (unsigned long long)worst_us);
		assert_true(fake_lookup(b, &conn, &found));
		assert_int_equal(found.fwd, SL_FWD_FNAT);
		assert_int_equal(found.local_port, 50);
		assert_true(sl_addr_eq(&found.local, &conn.local));
		assert_int_equal(found.flags, DP_SYNC_TOA);
		for (uint32_t i = 0; i < 50; i++) {
			conn = fake_conn(i);
			conn.flags = DP_SYNC_ENDED;
			fake_change(a, &conn);
		}
		until(fake_count(b) == 0);
		assert_int_equal(status(a).conns_sent, 50);
		assert_int_equal(status(a).deletes_sent, 50);
		assert_int_equal(status(b).conns_received, 50);
		assert_int_equal(status(b).deletes_received, 50);
		assert_int_equal(status(b).lost + status(b).bad_auth + status(b).replayed, 0);
		assert_string_equal(status(b).peer, "127.0.0.1");
		assert_int_equal(status(b).conflict, 3);
		assert_int_equal(status(b).table_full, 4);

		/* The other way round, at the same time. */
		conn = fake_conn(100);
		fake_change(b, &conn);
		until(has(a, &conn));
		stop(b);
		stop(a);
	}
}

/* A box that joins is told all; what changes meanwhile is right in the end. */
static void
join(void **state)
{
	enum { COUNT = 1000000, LIVE = 20000 };
	struct ka_sync confs[2] = { conf_make(0, "a shared key"), conf_make(1, "a shared key") };
	unsigned int a = start(&confs[0], 1), b;
	struct dp_sync_conn conn;
	struct ka_sync_status at_end;

	for (uint32_t i = 0; i < COUNT; i++) {
		conn = fake_conn(i);
		conn.idle_s = i % 900;
		fake_add(a, &conn);
	}
	fake_holds(started, false);
	b = start(&confs[1], 2);
	until(status(b).bulk_done > 0);
	assert_false(sync_is_in_sync(syncs[b]));
	/* Some end, some change, some begin. */
	for (uint32_t i = 0; i < LIVE; i++) {
		conn = fake_conn(i * 40);
		conn.state = SL_STATE_FIN_WAIT;
		conn.flags = i % 2 == 0 ? DP_SYNC_ENDED : DP_SYNC_NEW;
		fake_change(a, &conn);
		conn = fake_conn(COUNT + i);
		fake_change(a, &conn);
		if (i % 100 == 0)
			usleep(1000);
	}
	until(sync_is_in_sync(syncs[b]));
	at_end = status(b);
	print_message("%llu of %llu connections in %llu ms\n", (unsigned long long)at_end.bulk_done,
		      (unsigned long long)at_end.bulk_total, (unsigned long long)at_end.bulk_ms);
	assert_false(at_end.bulk);
	assert_true(at_end.bulk_total >= COUNT - LIVE && at_end.bulk_done == at_end.bulk_total);
	until(fake_count(b) == fake_count(a));
	assert_int_equal(fake_count(a), COUNT + LIVE / 2);
	for (uint32_t i = 0; i < COUNT + LIVE; i++) {
		struct dp_sync_conn here = { 0 }, there = { 0 };

		conn = fake_conn(i);
		if (has(a, &conn) != has(b, &conn))
			fail_msg("connection %u is at one box only", i);
		if (fake_lookup(a, &conn, &here) && fake_lookup(b, &conn, &there) &&
		    (here.state != there.state || here.idle_s != there.idle_s))
			fail_msg("connection %u: state %u, %u; idle %u, %u", i, here.state, there.state,
				 here.idle_s, there.idle_s);
	}
	assert_true(event_find(b, "in sync with 127.0.0.1"));
	assert_int_equal(status(b).bad_entry + status(b).bad_message + status(b).bad_auth, 0);
}

/* Two threads a box: each is told its share. */
static void
threads(void **state)
{
	struct ka_sync confs[2] = { conf_make(0, ""), conf_make(1, "") };
	unsigned int a, b;

	confs[0].threads = confs[1].threads = 2;
	a = start(&confs[0], 1);
	for (uint32_t i = 0; i < 10000; i++) {
		struct dp_sync_conn conn = fake_conn(i);

		fake_add(a, &conn);
	}
	b = start(&confs[1], 2);
	until(sync_is_in_sync(syncs[b]));
	assert_int_equal(fake_count(b), 10000);
	assert_int_equal(status(b).bulk_total, 10000);
}

/* The receiver's workers take one of three: the sender is held up, and nothing is lost. */
static void
busy(void **state)
{
	struct ka_sync confs[2] = { conf_make(0, "k"), conf_make(1, "k") };
	unsigned int a = start(&confs[0], 1), b;

	for (uint32_t i = 0; i < 2000; i++) {
		struct dp_sync_conn conn = fake_conn(i);

		fake_add(a, &conn);
	}
	b = start(&confs[1], 2);
	fake_busy(b, 3);
	until(sync_is_in_sync(syncs[b]));
	for (uint32_t i = 2000; i < 3000; i++) {
		struct dp_sync_conn conn = fake_conn(i);

		fake_change(a, &conn);
	}
	until(fake_count(b) == 3000);
	assert_int_equal(status(b).overrun, 0);
}

/* Nobody speaks: in sync after three seconds. A boot that comes again is learned from anew. */
static void
restarts(void **state)
{
	struct ka_sync confs[2] = { conf_make(0, "k"), conf_make(1, "k") };
	uint64_t begin = sync_now_ms();
	unsigned int a = start(&confs[0], 1), b;
	struct dp_sync_conn conn = fake_conn(0);

	assert_false(sync_is_in_sync(syncs[a]));
	until(sync_is_in_sync(syncs[a]));
	assert_true(sync_now_ms() - begin >= SYNC_SILENT_MS - 100);
	assert_true(event_find(a, "nobody to learn from"));
	fake_add(a, &conn);

	for (unsigned int boot = 2; boot < 4; boot++) {
		b = start(&confs[1], boot);
		until(sync_is_in_sync(syncs[b]));
		assert_int_equal(fake_count(b), boot - 1);
		conn = fake_conn(boot);
		fake_change(b, &conn);
		until(has(a, &conn));
		stop(b);
		until(event_find(a, "out of sync"));
		until(event_find(a, "in sync with 127.0.0.2"));
		/* It has said goodbye: nothing is wanted of it. */
		until(sync_is_in_sync(syncs[a]));
	}
}

/* Changes that the rings lost are a hole in the numbers, and the peer asks for all. */
static void
lost(void **state)
{
	struct ka_sync confs[2] = { conf_make(0, "k"), conf_make(1, "k") };
	unsigned int a = start(&confs[0], 1), b = start(&confs[1], 2);
	struct dp_sync_conn conn = fake_conn(5);

	until(sync_is_in_sync(syncs[a]) && sync_is_in_sync(syncs[b]));
	fake_add(a, &conn);
	fake_lose(a, 7);
	until(status(b).lost == 1);
	assert_int_equal(status(a).dropped, 7);
	until(!sync_is_in_sync(syncs[b]));
	until(sync_is_in_sync(syncs[b]));
	assert_true(has(b, &conn));
	assert_true(event_find(b, "1 messages of 127.0.0.1 are lost"));
}

/* Roles: who does not send is not heard, who does not receive learns nothing, and makes it good afterwards. */
static void
roles(void **state)
{
	struct ka_sync confs[2] = { conf_make(0, "k"), conf_make(1, "k") };
	unsigned int a, b;
	struct dp_sync_conn conn = fake_conn(1);

	snprintf(confs[0].instance, sizeof(confs[0].instance), "VI_1");
	snprintf(confs[1].instance, sizeof(confs[1].instance), "VI_1");
	a = start(&confs[0], 1);
	b = start(&confs[1], 2);
	assert_false(status(a).sending);
	assert_true(status(a).receiving);
	until(sync_is_in_sync(syncs[a]) && sync_is_in_sync(syncs[b]));
	fake_change(a, &conn);
	usleep(100000);
	assert_false(has(b, &conn));
	sync_role_set(syncs[a], true, false);
	sync_role_set(syncs[b], false, true);
	until(has(b, &conn));

	sync_role_set(syncs[b], true, false);
	until(!status(b).receiving);
	conn = fake_conn(2);
	fake_change(a, &conn);
	usleep(100000);
	assert_false(has(b, &conn));
	sync_role_set(syncs[b], false, true);
	until(has(b, &conn));
	until(sync_is_in_sync(syncs[b]));
}

/* Keys that differ, or that one has only: nothing is taken, and somebody says so. */
static void
strangers(void **state)
{
	static const char *const keys[][2] = { { "one", "another" }, { "one", "" }, { "", "one" } };
	static const char *const words[] = { "another key", "here is no key", "without the key" };

	for (size_t k = 0; k < SL_COUNT(keys); k++) {
		struct ka_sync confs[2] = { conf_make(0, keys[k][0]), conf_make(1, keys[k][1]) };
		unsigned int a = start(&confs[0], 1), b = start(&confs[1], 2);
		struct dp_sync_conn conn = fake_conn(1);

		fake_change(a, &conn);
		until(status(b).bad_auth > 5);
		assert_int_equal(fake_count(b), 0);
		assert_int_equal(status(b).conns_received, 0);
		until(event_find(b, words[k]));
		assert_int_equal(status(b).peer_state, KA_SYNC_PEER_NONE);
		stop(a);
		stop(b);
		fake_reset();
		started = 0;
	}
}

/* A group: both boxes hear it by the loopback interface, which is alone in sending back what goes out by it. */
static void
group(void **state)
{
	struct ka_sync conf = conf_make(0, "k");
	struct dp_sync_conn conn = fake_conn(1);
	unsigned int a, b;

	assert_int_equal(sl_addr_parse("224.0.0.81", &conf.group), 0);
	conf.local = (struct sl_addr){ 0 };
	/* One host has one port to listen on for bulks: without. */
	conf.lvs_peer = true;
	a = start(&conf, 1);
	b = start(&conf, 2);
	usleep(50000);
	fake_change(a, &conn);
	until(has(b, &conn));
	assert_true(sync_is_in_sync(syncs[b]));
	assert_int_equal(status(a).conns_received, 0);
	assert_int_equal(status(b).bad_auth + status(b).bad_message, 0);
}

/* IPv6, and a peer that is this box itself: what it says is not taken. */
static void
itself(void **state)
{
	struct ka_sync conf = conf_make(0, "");
	struct dp_sync_conn conn = fake_conn(1);
	unsigned int a;

	assert_int_equal(sl_addr_parse("::1", &conf.group), 0);
	conf.local = (struct sl_addr){ 0 };
	a = start(&conf, 1);
	usleep(50000);
	fake_change(a, &conn);
	until(status(a).messages_received > 3);
	assert_int_equal(status(a).conns_received + status(a).replayed + status(a).bad_auth, 0);
	until(sync_is_in_sync(syncs[a]));
}

static int
lvs_socket(struct sockaddr_in *ret_to)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	*ret_to = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(0x7f000001) };
	return fd;
}

/* LVS on the other side: its message is taken, there are no hellos, and nobody waits for a bulk. */
static void
lvs(void **state)
{
	/* 192.0.2.1:1000 -> 198.51.100.1:80 -> 10.0.0.1:8080, ESTABLISHED, 900 s */
	static const uint8_t message[] = {
		0,  0,   0, 44, 1, 1, 0, 0, 0, 6,   0,   36, 0, 0, 0,   0,  0,   1, 3,  232, 0, 80,
		31, 144, 0, 0,  0, 0, 0, 0, 3, 132, 192, 0,  2, 1, 198, 51, 100, 1, 10, 0,   0, 1,
	};
	struct ka_sync conf = conf_make(0, "k");
	struct sockaddr_in to;
	uint8_t bytes[2048];
	unsigned int a;
	int fd = lvs_socket(&to);

	conf.lvs_peer = true;
	a = start(&conf, 1);
	until(sync_is_in_sync(syncs[a]));
	until(sendto(fd, message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to)) ==
		      (ssize_t)sizeof(message) &&
	      fake_count(a) == 1);
	assert_true(status(a).conns_received >= 1);
	assert_true(sync_is_in_sync(syncs[a]));
	assert_int_equal(status(a).messages_sent, 0);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), -1);
	close(fd);
}

/* sync_retries: told again, refresh / 8 apart, unless it was told anew. */
static void
retries(void **state)
{
	struct ka_sync conf = conf_make(0, "");
	struct dp_sync_conn conn = fake_conn(0);
	unsigned int a;

	conf.lvs_peer = true;
	conf.refresh_ms = 800;
	conf.retries = 2;
	a = start(&conf, 1);
	usleep(50000);
	fake_change(a, &conn);
	until(status(a).conns_sent == 3);
	usleep(300000);
	assert_int_equal(status(a).conns_sent, 3);
	/* Established, and over at once: its end alone is repeated. */
	fake_change(a, &conn);
	conn.flags = DP_SYNC_ENDED;
	fake_change(a, &conn);
	until(status(a).deletes_sent == 3);
	usleep(300000);
	assert_int_equal(status(a).conns_sent, 4);
	/* A refresh is told, and repeated as well. */
	conn = fake_conn(2);
	fake_refresh(a, &conn);
	until(status(a).conns_sent == 7);
	/* So is an end that a round finds missing. */
	conn.flags = DP_SYNC_NEW | DP_SYNC_ENDED;
	fake_refresh(a, &conn);
	until(status(a).deletes_sent == 6);
	assert_int_equal(status(a).conns_sent, 7);
}

/* An interface that comes later. */
static void
no_interface(void **state)
{
	struct ka_sync conf = conf_make(0, "k");
	unsigned int a;

	snprintf(conf.interface, sizeof(conf.interface), "sl-none");
	a = start(&conf, 1);
	usleep(100000);
	assert_int_equal(status(a).messages_sent, 0);
	stop(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes, setup, teardown),
		cmocka_unit_test_setup_teardown(join, setup, teardown),
		cmocka_unit_test_setup_teardown(threads, setup, teardown),
		cmocka_unit_test_setup_teardown(busy, setup, teardown),
		cmocka_unit_test_setup_teardown(restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(lost, setup, teardown),
		cmocka_unit_test_setup_teardown(roles, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(group, setup, teardown),
		cmocka_unit_test_setup_teardown(itself, setup, teardown),
		cmocka_unit_test_setup_teardown(lvs, setup, teardown),
		cmocka_unit_test_setup_teardown(retries, setup, teardown),
		cmocka_unit_test_setup_teardown(no_interface, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
