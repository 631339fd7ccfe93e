/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keepalive as control calls it (ka.h): its thread runs, on the true clock, over a data plane without packets. What
 * the states do is in test_box.c and test_fsm.c.
 */
#include "fake_box.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 5000 };

static struct ka_addr addrs[1] = { { .port = -1 } };
static struct ka_track script = { .kind = KA_TRACK_SCRIPT, .name = "chk" };
static struct ka_instance one;
static struct ka_conf conf, empty;
static char error[DP_ERROR_SIZE];

static int
setup(void **state)
{
	fake_reset();
	fake_now_us = 0;
	sl_prefix_parse("192.0.2.1/24", &addrs[0].prefix);
	one = (struct ka_instance){
		.name = "VI",
		.group = 3,
		.adverts = true,
		.family = 4,
		.version = 3,
		.vrid = 51,
		.priority = 100,
		.initial = KA_BACKUP,
		.advert_ms = 20,
		.down_adverts = 3,
		.track_port = true,
		.sync_group = -1,
		.addrs = addrs,
		.addr_count = 1,
		.tracks = &script,
		.track_count = 1,
		.garp = { .repeat = 2 },
	};
	conf = (struct ka_conf){
		.router_id = "lb1", .instances = &one, .instance_count = 1, .rt_priority = 50
	};
	empty = (struct ka_conf){ 0 };
	return 0;
}

static int
teardown(void **state)
{
	ka_stop();
	fake_now_us = 1;
	fake_reset();
	return 0;
}

/* The next change of state of an instance, waited for by the descriptor. */
static enum ka_state
state_wait(char *ret_text)
{
	struct pollfd wait = { .fd = ka_event_fd(), .events = POLLIN };
	struct ka_event event;

	for (;;) {
		assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
		while (ka_event_next(&event))
			if (event.kind == KA_EVENT_STATE) {
				assert_string_equal(event.name, "VI");
				assert_int_equal(event.group, 3);
				if (ret_text != NULL)
					strcpy(ret_text, event.text);
				return event.state;
			}
	}
}

static void
life(void **state)
{
	struct ka_instance_status status;
	struct ka_channel_status channel;
	struct timespec before, after;
	char text[192];

	assert_int_equal(ka_start(&conf, error), 0);
	assert_int_equal(state_wait(text), KA_BACKUP);
	assert_int_equal(state_wait(text), KA_MASTER);
	assert_string_equal(text, "no MASTER is heard");
	assert_true(fake_boxes[0].held[3]);

	assert_int_equal(ka_instance_count(), 1);
	assert_true(ka_instance_status(0, &status));
	assert_false(ka_instance_status(1, &status));
	assert_string_equal(status.name, "VI");
	assert_int_equal(status.state, KA_MASTER);
	assert_int_equal(status.priority, 100);
	assert_int_equal(status.master_down_ms, 72);
	assert_true(sl_addr_eq(&status.master, &fake_boxes[0].port.source4));
	assert_true(status.adverts_sent > 0);
	assert_int_equal(status.became_master, 1);
	assert_true(ka_channel_status(0, &channel));
	assert_string_equal(channel.name, "vrrp VI");
	assert_false(channel.alive);
	assert_false(ka_channel_status(1, &channel));

	ka_track_set(KA_TRACK_SCRIPT, "chk", 0);
	assert_int_equal(state_wait(text), KA_FAULT);
	assert_string_equal(text, "script chk failed");
	assert_false(fake_boxes[0].held[3]);
	ka_track_set(KA_TRACK_SCRIPT, "chk", 1);
	assert_int_equal(state_wait(text), KA_BACKUP);
	assert_int_equal(state_wait(text), KA_MASTER);

	assert_int_equal(ka_failover("VI", false, error), -EHOSTUNREACH);
	assert_int_equal(ka_failover("VI", true, error), 0);
	assert_int_equal(state_wait(text), KA_BACKUP);
	assert_int_equal(state_wait(text), KA_MASTER);

	clock_gettime(CLOCK_MONOTONIC, &before);
	ka_stop();
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 <
		    1000);
	assert_false(fake_boxes[0].held[3]);
	assert_int_equal(fake_boxes[0].zeros, 3);
	/* What happened at the end can still be read. */
	assert_int_equal(state_wait(text), KA_STOP);
	assert_int_equal(ka_instance_count(), 0);
}

static void
nothing_runs(void **state)
{
	struct ka_event event;

	assert_int_equal(ka_start(&empty, error), 0);
	assert_true(ka_event_fd() >= 0);
	assert_false(ka_event_next(&event));
	assert_false(ka_running->has_thread);
	assert_int_equal(ka_failover(NULL, false, error), -EALREADY);
	/* Until there is something to run. */
	assert_int_equal(ka_apply(&conf, error), 0);
	assert_int_equal(state_wait(NULL), KA_BACKUP);
	assert_int_equal(state_wait(NULL), KA_MASTER);
	/* And nothing again: the addresses are let go. */
	assert_int_equal(ka_apply(&empty, error), 0);
	assert_int_equal(state_wait(NULL), KA_STOP);
	assert_false(fake_boxes[0].held[3]);
}

/* What cannot be run is refused, and what runs goes on. { what, changes, error } */
static void
refused(void **state)
{
	struct ka_instance good = one;
	static const struct {
		const char *error;
		uint8_t family, version, vrid, auth;
		uint32_t advert_ms;
		uint16_t group;
		int err;
	} rows[] = {
		{ "vrrp_instance VI: its family is neither 4 nor 6", 5, 3, 51, 0, 100, 3, -EINVAL },
		{ "vrrp_instance VI: version 2 is for IPv4 alone", 6, 2, 51, 0, 1000, 3, -EINVAL },
		{ "vrrp_instance VI: VRRP has versions 2 and 3", 4, 1, 51, 0, 1000, 3, -EINVAL },
		{ "vrrp_instance VI: version 2 needs an advert_int of 1 to 255 seconds", 4, 2, 51, 0, 100, 3,
		  -EINVAL },
		{ "vrrp_instance VI: version 3 needs an advert_int of 0.01 to 40.95 seconds", 4, 3, 51, 0, 5,
		  3, -EINVAL },
		{ "vrrp_instance VI: virtual_router_id, priority and down_timer_adverts begin at 1", 4, 3, 0,
		  0, 100, 3, -EINVAL },
		{ "vrrp_instance VI: its group is none of the data plane", 4, 3, 51, 0, 100, 0, -EINVAL },
		{ "vrrp_instance VI: auth_type AH is not spoken here; use PASS, or heartbeats with a key", 4,
		  2, 51, KA_AUTH_AH, 1000, 3, -ENOTSUP },
	};

	assert_int_equal(ka_start(&conf, error), 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		one = good;
		one.family = rows[i].family;
		one.version = rows[i].version;
		one.vrid = rows[i].vrid;
		one.auth = rows[i].auth;
		one.advert_ms = rows[i].advert_ms;
		one.group = rows[i].group;
		sl_check_int(rows[i].error, ka_apply(&conf, error), rows[i].err);
		sl_check_str(rows[i].error, error, rows[i].error);
	}
	conf.sync = (struct ka_sync){ .enabled = true, .udp_port = 1 };
	one = good;
	assert_int_equal(ka_apply(&conf, error), -EINVAL);
	assert_string_equal(error, "connection_sync: port 1 is refused");
	assert_int_equal(state_wait(NULL), KA_BACKUP);
	assert_int_equal(state_wait(NULL), KA_MASTER);
}

/* Events that nobody takes are lost, and that is told. */
static void
overflow(void **state)
{
	struct ka_event event = { .kind = KA_EVENT_SYNC };
	unsigned int sync = 0, lost = 0;

	assert_int_equal(ka_start(&empty, error), 0);
	for (unsigned int i = 0; i < 3000; i++)
		ka_queue_put(&event);
	for (unsigned int i = 0; i < 10; i++)
		assert_true(ka_event_next(&event));
	ka_queue_put(&event);
	while (ka_event_next(&event)) {
		sync += event.kind == KA_EVENT_SYNC;
		lost += event.kind == KA_EVENT_PEER &&
			strcmp(event.text, "1976 events were lost: nobody took them") == 0;
	}
	assert_int_equal(sync, 1024 - 10 + 1);
	assert_int_equal(lost, 1);
}

/* A thread of its own, at real-time priority if that is allowed, and nothing that it starts has it. */
static void
realtime(void **state)
{
	char path[64], name[32] = "";
	struct sched_param param;
	struct dirent *entry;
	DIR *folder;
	int policy = -1;

	assert_int_equal(ka_start(&conf, error), 0);
	assert_int_equal(state_wait(NULL), KA_BACKUP);
	folder = opendir("/proc/self/task");
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		FILE *stream;

		snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm", entry->d_name);
		stream = fopen(path, "r");
		if (stream == NULL || fgets(name, sizeof(name), stream) == NULL)
			name[0] = '\0';
		if (stream != NULL)
			fclose(stream);
		if (strcmp(name, "sl-keepalive\n") != 0)
			continue;
		policy = sched_getscheduler(atoi(entry->d_name));
		sched_getparam(atoi(entry->d_name), &param);
	}
	closedir(folder);
	assert_int_not_equal(policy, -1);
	if ((policy & ~SCHED_RESET_ON_FORK) != SCHED_FIFO)
		skip();
	assert_int_equal(policy, SCHED_FIFO | SCHED_RESET_ON_FORK);
	assert_int_equal(param.sched_priority, 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(life), TEST(nothing_runs), TEST(refused), TEST(overflow), TEST(realtime),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
