/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reload and what it must not lose: neighbours hear of what they cannot see otherwise, delays go on, and nothing is believed that
 * was found long ago.
 */
#include "box_story.h"

#include "sl_test.h"

#include <string.h>

static struct ka_track tracks[2];

static void
apply(void)
{
	fake_box_apply(A, &story_confs[A]);
	fake_run(100);
}

/* The same addresses by another MAC, or on another port. */
static void
announced(void **state)
{
	struct ka_instance *one = &story_ones[A][0];
	struct ka_addr other[3];
	unsigned int arps;

	story_both_start();
	arps = fake_boxes[A].arps;
	apply();
	assert_int_equal(fake_boxes[A].arps, arps);
	one->vmac = true;
	apply();
	assert_int_equal(fake_boxes[A].arps, arps + 15);
	one->vmac = false;
	apply();
	assert_int_equal(fake_boxes[A].arps, arps + 30);
	memcpy(other, one->addrs, sizeof(other));
	other[1].port = 1;
	one->addrs = other;
	apply();
	assert_int_equal(fake_boxes[A].arps, arps + 45);
	/* Named or not, it is the same port. */
	other[0].port = (int)one->port;
	apply();
	assert_int_equal(fake_boxes[A].arps, arps + 45);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
}

static void
refresh(void **state)
{
	struct ka_garp *garp = &story_ones[A][0].garp;
	unsigned int arps;

	story_both_start();
	fake_run(6000);
	arps = fake_boxes[A].arps;
	garp->refresh_ms = 1000;
	apply();
	fake_run(3500);
	assert_int_equal(fake_boxes[A].arps, arps + 3 * 3);
	/* A reload does not put it off. */
	for (unsigned int i = 0; i < 15; i++)
		apply();
	assert_int_equal(fake_boxes[A].arps, arps + 5 * 3);
	garp->refresh_ms = 0;
	apply();
	fake_run(3000);
	assert_int_equal(fake_boxes[A].arps, arps + 5 * 3);
}

/* A BACKUP's, too: at take-over it would be late. */
static void
vmac_early(void **state)
{
	story_ones[A][0].vmac = story_ones[B][0].vmac = true;
	fake_box_start(B, &story_confs[B]);
	fake_run(1);
	assert_true(fake_boxes[B].vmac[51]);
	assert_false(fake_boxes[B].held[51]);
}

static void
delay_goes_on(void **state)
{
	struct ka_instance *one = &story_ones[A][0];

	one->track_port = false;
	one->tracks = tracks;
	one->track_count = 1;
	tracks[0] = (struct ka_track){ .kind = KA_TRACK_PORT, .name = "lan", .debounce_down_ms = 1000 };
	story_both_start();
	fake_boxes[A].port.link_up = false;
	fake_run(500);
	tracks[1] = tracks[0];
	tracks[0] = (struct ka_track){ .kind = KA_TRACK_WORKERS };
	one->track_count = 2;
	apply();
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	fake_run(300);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	fake_run(250);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
}

static void
found_again(void **state)
{
	struct ka_instance *one = &story_ones[A][0];
	struct ka_run *run;

	one->tracks = tracks;
	tracks[0] = (struct ka_track){ .kind = KA_TRACK_SCRIPT, .name = "chk" };
	one->track_count = 1;
	story_both_start();
	run = fake_boxes[A].run;
	assert_int_equal(ka_watch_found(run, KA_TRACK_SCRIPT, "chk", 0), 0);
	apply();
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	one->track_count = 0;
	apply();
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	/* What it was then says nothing of now. */
	one->track_count = 1;
	apply();
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	/* Control may be faster than this thread. */
	one->track_count = 0;
	apply();
	assert_int_equal(ka_watch_found(run, KA_TRACK_SCRIPT, "chk", 0), 0);
	one->track_count = 1;
	apply();
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
}

/* What is known by a heartbeat that stays goes with it to its new place; of one that is new nothing is known. */
static void
channels(void **state)
{
	struct ka_heartbeat before[2] = { { .name = "x", .key = "k" }, { .name = "y", .key = "k" } },
			    after[3] = { before[1], before[0] };
	struct heartbeat_message *said = &fake_boxes[A].said;
	struct ka_run *run;
	struct instance *one;

	story_heartbeats_too();
	story_confs[B].heartbeats = before;
	story_confs[B].heartbeat_count = 2;
	story_both_start();
	run = fake_boxes[B].run;
	said->number += 1;
	ka_peer_heard(1, said, run);
	one = fake_instance(B, "VI");
	assert_int_equal(one->said_master, 3);
	one->behind = 2;
	one->said_by[1] = 3;
	run->channels[0].status.sent = 5;
	run->channels[1].status.sent = 7;
	/* The other way round. */
	one->said_master = 2;
	story_confs[B].heartbeats = after;
	story_confs[B].heartbeat_count = 2;
	fake_box_apply(B, &story_confs[B]);
	one = fake_instance(B, "VI");
	assert_int_equal(one->said_master, 1);
	assert_int_equal(one->behind, 1);
	assert_int_equal(one->said_by[0], 3);
	assert_int_equal(run->channels[0].status.sent, 7);
	assert_int_equal(run->channels[1].status.sent, 5);
	assert_true(run->channels[0].alive && run->channels[1].alive);
	/* One before them is new, and another key is another channel. */
	strcpy(after[0].name, "z");
	after[1] = before[1];
	after[2] = before[0];
	strcpy(after[2].key, "l");
	story_confs[B].heartbeat_count = 3;
	fake_box_apply(B, &story_confs[B]);
	one = fake_instance(B, "VI");
	assert_int_equal(one->said_master, 2);
	assert_int_equal(one->behind, 7);
	assert_true(!run->channels[0].alive && run->channels[1].alive && !run->channels[2].alive);
	assert_int_equal(run->channels[1].status.sent, 7);
	assert_int_equal(run->channel_count, 3);
	story_confs[B].heartbeat_count = 0;
	fake_box_apply(B, &story_confs[B]);
	assert_int_equal(run->channel_count, 0);
	assert_int_equal(fake_instance(B, "VI")->said_master, 0);
	assert_null(run->heartbeat);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, story_setup, story_teardown)
		TEST(announced),     TEST(refresh),     TEST(vmac_early),
		TEST(delay_goes_on), TEST(found_again), TEST(channels),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
