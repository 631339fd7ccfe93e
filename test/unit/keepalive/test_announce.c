/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Announcements of several instances, on ports that they share: that each has its share of what garp_interval
 * and a turn let through, and that no address is left out, whatever begins while a round is under way. The
 * schedule itself is in test_parts.c.
 */
#include "box_story.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <stdio.h>

enum { ADDRS = 255 };

/* 192.0.2.1, .2 and so on: an instance has some of them. */
static struct ka_addr addrs[ADDRS];
static struct ka_instance ones[3];

static int
setup(void **state)
{
	static const char *const names[] = { "VI", "VJ", "VK" };
	char text[sizeof("192.0.2.255/24")];

	story_setup(state);
	for (unsigned int i = 0; i < ADDRS; i++) {
		addrs[i] = (struct ka_addr){ .port = -1 };
		snprintf(text, sizeof(text), "192.0.2.%u/24", i + 1);
		sl_prefix_parse(text, &addrs[i].prefix);
	}
	for (unsigned int i = 0; i < SL_COUNT(ones); i++) {
		ones[i] = story_ones[A][0];
		strcpy(ones[i].name, names[i]);
		ones[i].vrid = (uint8_t)(51 + i);
		ones[i].group = ones[i].vrid;
		ones[i].garp.interval_us = 2000;
	}
	story_confs[A].instances = ones;
	return 0;
}

/* Addresses that end with `first` and so on. */
static void
addrs_set(unsigned int i, unsigned int first, unsigned int count)
{
	ones[i].addrs = &addrs[first - 1];
	ones[i].addr_count = count;
}

static uint64_t
sent(const char *name)
{
	return fake_instance(A, name)->counts.garps_sent;
}

/* A begins, and is MASTER with its first announcements sent. */
static void
take_over(unsigned int instance_count)
{
	story_confs[A].instance_count = instance_count;
	fake_box_start(A, &story_confs[A]);
	assert_true(fake_wait(A, "VI", KA_MASTER, 1000) != UINT64_MAX);
}

/* Announced that many times, each of them. */
static void
check_each(const char *what, unsigned int first, unsigned int count, unsigned int least, unsigned int most)
{
	for (unsigned int i = first; i < first + count; i++) {
		char row[96];

		snprintf(row, sizeof(row), "%s: .%u was announced %u times", what, i,
			 fake_boxes[A].arps_of[i]);
		sl_check(row, fake_boxes[A].arps_of[i] >= least && fake_boxes[A].arps_of[i] <= most);
	}
}

/* Split brain: the lower one does not hear us, and is heard all the time. */
static void
lower_again_and_again(void **state)
{
	addrs_set(0, 1, 100);
	addrs_set(1, 101, 10);
	take_over(2);
	fake_boxes[B].deaf = true;
	fake_box_start(B, &story_confs[B]);
	fake_run(20000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	/* 10000 frames, but for those of the other instance: five rounds, and five after 5 s. */
	check_each("the one with the lower advert", 1, 100, 98, 100);
	check_each("the other of its port", 101, 10, 10, 10);
}

/* Those that share a port take turns, whoever else sends between them. */
static void
turns_of_a_port(void **state)
{
	for (unsigned int between = 0; between < 3; between++) {
		static const char *const names[] = { "VI", "VJ", "VK" };

		setup(state);
		for (unsigned int i = 0; i < 3; i++) {
			addrs_set(i, 1 + 80 * i, 80);
			ones[i].port = i == between;
		}
		take_over(3);
		fake_run(80);
		for (unsigned int i = 0; i < 3; i++) {
			unsigned int want = i == between ? 41 : 20;

			sl_check(names[i], sent(names[i]) >= want && sent(names[i]) <= want + 1);
		}
	}
}

/* One that is slow keeps no other from its turn. */
static void
turns_beside_a_slow_one(void **state)
{
	addrs_set(0, 1, 80);
	addrs_set(1, 81, 80);
	addrs_set(2, 161, 80);
	ones[2].port = 1;
	ones[2].garp.interval_us = 3600000000;
	take_over(3);
	fake_run(80);
	assert_in_range(sent("VI"), 20, 21);
	assert_in_range(sent("VJ"), 20, 21);
	assert_int_equal(sent("VK"), 1);
}

/* Without an interval it is the turn's budget that they share. */
static void
turns_of_a_budget(void **state)
{
	addrs_set(0, 1, 100);
	addrs_set(1, 101, 100);
	ones[0].garp.interval_us = ones[1].garp.interval_us = 0;
	take_over(2);
	assert_int_equal(sent("VI"), 64);
	assert_int_equal(sent("VJ"), 64);
	fake_run(1);
	check_each("the first round", 1, 200, 1, 2);
	fake_run(100);
	check_each("all rounds", 1, 200, 5, 5);
}

/* A round that a reload finds under way leaves nothing out. */
static void
reload(void **state)
{
	ones[0].garp = (struct ka_garp){ .repeat = 1, .interval_us = 2000 };
	addrs_set(0, 1, 100);
	take_over(1);
	fake_run(100);
	check_each("half a round", 1, 50, 1, 1);
	/* The next one moves to a place where the round has been. */
	addrs_set(0, 31, 70);
	fake_box_apply(A, &story_confs[A]);
	fake_run(400);
	check_each("fewer", 31, 70, 1, 2);
	check_each("those that are gone", 1, 30, 1, 1);
	assert_int_equal(fake_instance(A, "VI")->announce.left, 0);
	/* Fewer than the round has done. */
	memset(fake_boxes[A].arps_of, 0, sizeof(fake_boxes[A].arps_of));
	addrs_set(0, 31, 100);
	fake_box_apply(A, &story_confs[A]);
	fake_run(100);
	addrs_set(0, 101, 20);
	fake_box_apply(A, &story_confs[A]);
	assert_int_equal(fake_instance(A, "VI")->announce.at, 0);
	fake_run(400);
	check_each("far fewer", 101, 20, 1, 1);
	assert_int_equal(fake_instance(A, "VI")->announce.left, 0);
}

/* One more address, again and again: the others are not kept waiting. */
static void
added_again_and_again(void **state)
{
	ones[0].garp = (struct ka_garp){ .repeat = 1, .interval_us = 2000 };
	addrs_set(0, 1, 100);
	take_over(1);
	for (unsigned int i = 1; i <= 10; i++) {
		fake_run(100);
		addrs_set(0, 1, 100 + i);
		fake_box_apply(A, &story_confs[A]);
	}
	check_each("those that there were", 1, 100, 4, 6);
	fake_run(1000);
	check_each("those that were added", 101, 10, 1, 6);
	assert_int_equal(fake_instance(A, "VI")->announce.left, 0);
}

/* Another take-over begins with the first. */
static void
taken_over_again(void **state)
{
	struct vrrp_heard outside = { .priority = 250, .advert_us = 100000 };

	addrs_set(0, 1, 100);
	take_over(1);
	fake_run(100);
	sl_addr_parse("192.0.2.99", &outside.source);
	ka_instance_heard(fake_boxes[A].run, fake_instance(A, "VI"), &outside, fake_now_us);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	memset(fake_boxes[A].arps_of, 0, sizeof(fake_boxes[A].arps_of));
	assert_true(fake_wait(A, "VI", KA_MASTER, 1000) != UINT64_MAX);
	fake_run(98);
	check_each("the first half", 1, 50, 1, 1);
	fake_run(900);
	check_each("five rounds", 1, 100, 5, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, story_teardown)
		TEST(lower_again_and_again), TEST(turns_of_a_port), TEST(turns_beside_a_slow_one),
		TEST(turns_of_a_budget),     TEST(reload),          TEST(added_again_and_again),
		TEST(taken_over_again),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
