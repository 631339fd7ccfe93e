/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two boxes with a wire between them, on a clock of the test's: elections, take-over, return, channels that are cut, all
 * of it through real adverts, but no packet leaves the process. What else decides is in test_duty.c.
 */
#include "box_story.h"
#include "log_catch.h"

#include "sl_addr.h"
#include "sl_test.h"

static void
election(void **state)
{
	story_both_start();
	assert_true(fake_boxes[A].held[51]);
	assert_false(fake_boxes[B].held[51]);
	assert_int_equal(fake_boxes[A].arps, 15);
	fake_run(5000);
	assert_int_equal(fake_boxes[A].arps, 30);
	assert_int_equal(fake_boxes[B].arps, 0);
	assert_int_equal(fake_boxes[B].run->instances[0].counts.bad_addrs, 0);
	assert_int_equal(fake_events(KA_EVENT_SPLIT, ""), 0);
}

/* { what, family, version, advert ms, unicast, VMAC, heartbeats alone, Master_Down of B, its skew } */
static const struct kind {
	const char *name;
	uint8_t family, version;
	unsigned int advert_ms;
	bool unicast, vmac, alone;
	unsigned int down_ms, skew_ms;
} kinds[] = {
	{ "v3", 4, 3, 100, false, false, false, 361, 61 },
	{ "v2", 4, 2, 1000, false, false, false, 3610, 610 },
	{ "IPv6", 6, 3, 100, false, true, false, 361, 61 },
	{ "unicast", 4, 3, 100, true, false, false, 361, 61 },
	{ "unicast, IPv6", 6, 3, 100, true, false, false, 361, 61 },
	{ "virtual MAC", 4, 3, 10, false, true, false, 37, 7 },
	{ "heartbeats alone", 4, 3, 100, false, false, true, 361, 61 },
	{ "heartbeats alone, IPv6", 6, 3, 100, false, false, true, 361, 61 },
};

static void
kind_set(const struct kind *kind)
{
	for (unsigned int box = 0; box < FAKE_BOXES; box++) {
		struct ka_instance *one = &story_ones[box][0];

		one->family = kind->family;
		one->version = kind->version;
		one->advert_ms = kind->advert_ms;
		one->vmac = kind->vmac;
		if (kind->unicast) {
			one->peers = kind->family == 4 ? &fake_boxes[1 - box].port.source4
						       : &fake_boxes[1 - box].port.source6;
			one->peer_count = 1;
			one->check_unicast_src = true;
		}
	}
	if (kind->alone)
		story_heartbeats_alone();
}

/* Killed, back with preemption, stopped, back: each within its time. */
static void
take_over(void **state)
{
	for (size_t i = 0; i < SL_COUNT(kinds); i++) {
		const struct kind *kind = &kinds[i];
		/* Heartbeats are silent after `dead`. */
		unsigned int down_ms = kind->alone ? (unsigned int)(fake_dead_us / 1000) : kind->down_ms;
		uint64_t took;

		story_setup(state);
		kind_set(kind);
		fake_box_start(A, &story_confs[A]);
		fake_box_start(B, &story_confs[B]);
		sl_check(kind->name, fake_wait(A, "VI", KA_MASTER, 5000) != UINT64_MAX);
		fake_run(2 * kind->down_ms);
		sl_check_int(kind->name, fake_state(B, "VI"), KA_BACKUP);
		sl_check_int(kind->name, fake_boxes[A].vmac[51], kind->vmac);

		fake_box_kill(A);
		took = fake_wait(B, "VI", KA_MASTER, 10000);
		sl_check(kind->name, took <= down_ms + 2 && took + kind->advert_ms + 2 >= down_ms);
		fake_box_start(A, &story_confs[A]);
		sl_check(kind->name, fake_wait(A, "VI", KA_MASTER, 10000) != UINT64_MAX);
		sl_check(kind->name, fake_wait(B, "VI", KA_BACKUP, 5) != UINT64_MAX);
		fake_run(3 * kind->down_ms);
		sl_check_int(kind->name, fake_state(A, "VI"), KA_MASTER);

		fake_box_stop(A);
		took = fake_wait(B, "VI", KA_MASTER, 10000);
		sl_check(kind->name, took <= kind->skew_ms + 3);
		sl_check_int(kind->name, fake_events(KA_EVENT_SPLIT, ""), 0);
	}
}

static void
return_nopreempt(void **state)
{
	story_ones[A][0].nopreempt = story_ones[B][0].nopreempt = true;
	story_both_start();
	fake_box_kill(A);
	assert_true(fake_wait(B, "VI", KA_MASTER, 400) != UINT64_MAX);
	fake_box_start(A, &story_confs[A]);
	assert_int_equal(story_watch(3000, 0), 0);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	fake_box_stop(B);
	assert_true(fake_wait(A, "VI", KA_MASTER, 100) != UINT64_MAX);
}

/* Started at the same moment with equal priorities: the greater address; by heartbeats, that are faster, whoever says it first. */
static void
equals(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		story_setup(state);
		story_ones[A][0].priority = story_ones[B][0].priority = 100;
		if (i == 1)
			story_heartbeats_alone();
		story_ones[A][0].initial = story_ones[B][0].initial = KA_MASTER;
		fake_box_start(A, &story_confs[A]);
		fake_box_start(B, &story_confs[B]);
		fake_run(500);
		story_watch(2000, 0);
		assert_int_equal(fake_state(i == 0 ? A : B, "VI"), KA_BACKUP);
		assert_int_equal(fake_state(i == 0 ? B : A, "VI"), KA_MASTER);
	}
}

/* When both announce within the link's delay, the one that stays MASTER has the last word with the neighbours. */
static void
announces_last(void **state)
{
	story_ones[A][0].priority = story_ones[B][0].priority = 100;
	story_ones[A][0].initial = story_ones[B][0].initial = KA_MASTER;
	fake_delay_us = 5000;
	fake_box_start(A, &story_confs[A]);
	fake_box_start(B, &story_confs[B]);
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_boxes[A].arps, 15);
	assert_int_equal(fake_boxes[B].arps, 30);
	assert_true(fake_boxes[B].arp_us[29] > fake_boxes[A].arp_us[14]);
	assert_int_equal(fake_events(KA_EVENT_LOWER, "") + fake_events(KA_EVENT_SPLIT, ""), 0);
}

/* VRRP alone is cut, then heartbeats alone: nobody takes over, and it is told. Then both: both are MASTER, until contact returns. */
static void
channels_cut(void **state)
{
	story_heartbeats_too();
	story_both_start();
	fake_events(KA_EVENT_MAX, "");
	fake_boxes[B].deaf = true;
	assert_int_equal(story_watch(3000, 0), 0);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_true(fake_boxes[B].run->instances[0].silent);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_PARTLY);
	assert_int_equal(fake_events(KA_EVENT_PEER, "partly silent: nothing by vrrp VI"), 1);
	fake_boxes[B].deaf = false;
	fake_run(300);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_ALIVE);
	assert_int_equal(fake_events(KA_EVENT_PEER, "is heard by all channels"), 1);

	fake_boxes[A].heartbeat_cut = fake_boxes[B].heartbeat_cut = true;
	assert_int_equal(story_watch(3000, 0), 0);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_PARTLY);
	assert_int_equal(fake_events(KA_EVENT_CHANNEL, "silent"), 2);

	fake_boxes[A].deaf = fake_boxes[B].deaf = true;
	assert_true(fake_wait(B, "VI", KA_MASTER, 400) != UINT64_MAX);
	fake_run(2000);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_DEAD);
	assert_true(fake_events(KA_EVENT_PEER, "dead: silent by") >= 1);
	fake_boxes[A].deaf = fake_boxes[B].deaf = false;
	fake_boxes[A].heartbeat_cut = fake_boxes[B].heartbeat_cut = false;
	story_watch(1000, 110);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

/* VRRP is cut: as long as a heartbeat is not silent, by its own `dead`, the peer is not dead. */
static void
heartbeats_late(void **state)
{
	fake_dead_us = 3000000;
	story_heartbeats_too();
	story_confs[B].heartbeats->dead_ms = 3000;
	story_confs[B].fence = true;
	story_both_start();
	fake_boxes[A].deaf = fake_boxes[B].deaf = true;
	fake_run(1000);
	fake_events(KA_EVENT_MAX, "");
	fake_boxes[B].heartbeat_cut = true;
	assert_int_equal(story_watch(2800, 0), 0);
	fake_boxes[B].heartbeat_cut = false;
	assert_int_equal(story_watch(1000, 0), 0);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_events(KA_EVENT_FENCE, ""), 0);
	fake_box_kill(A);
	fake_run(2800);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_events(KA_EVENT_FENCE, ""), 0);
	fake_run(220);
	assert_int_equal(fake_events(KA_EVENT_FENCE, "to be fenced"), 1);
	fake_boxes[B].run->fenced = fake_boxes[B].run->fenced_good = true;
	fake_run(2);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
}

/* A peer whose heartbeats go on, but without the instance of which it said that it is MASTER. */
static void
heartbeats_without(void **state)
{
	story_heartbeats_alone();
	story_confs[A].instance_count = story_confs[B].instance_count = 2;
	story_both_start();
	assert_int_equal(fake_instance(B, "VI")->said_master, 1);
	/* As if it had been taken away without a word. */
	fake_instance(A, "VI")->conf.vrid = 99;
	fake_run(110);
	assert_int_equal(fake_instance(B, "VI")->said_master, 0);
	assert_true(fake_wait(B, "VI", KA_MASTER, 400) != UINT64_MAX);
	assert_int_equal(fake_state(B, "VJ"), KA_BACKUP);
	assert_true(fake_boxes[B].run->channels[0].alive);
}

/* A planned move is no fault of any channel, though heartbeats tell of the new MASTER first. */
static void
planned_is_quiet(void **state)
{
	story_heartbeats_too();
	story_both_start();
	fake_delay_us = 30000;
	fake_run(5000);
	for (unsigned int i = 0; i < 2; i++) {
		fake_events(KA_EVENT_MAX, "");
		fake_instance(A, "VI")->failover = true;
		assert_true(fake_wait(B, "VI", KA_MASTER, 100) != UINT64_MAX);
		fake_run(3000);
		fake_instance(A, "VI")->release = true;
		assert_true(fake_wait(A, "VI", KA_MASTER, 500) != UINT64_MAX);
		fake_run(3000);
		assert_int_equal(fake_events(KA_EVENT_CHANNEL, ""), 0);
	}
}

/*
 * Two were MASTER, if only for some ms, and one kind of channel is there again: VRRP, heartbeats, heartbeats of instances that have no
 * other. Whoever speaks first, the one that stays MASTER announces its addresses again.
 */
static void
split_heals(void **state)
{
	for (unsigned int i = 0; i < 30; i++) {
		bool vrrp = i % 3 == 0;
		unsigned int arps;

		story_setup(state);
		if (i % 3 == 2)
			story_heartbeats_alone();
		else
			story_heartbeats_too();
		story_both_start();
		fake_run(5000);
		for (unsigned int box = A; box <= B; box++)
			fake_boxes[box].deaf = fake_boxes[box].heartbeat_cut = true;
		assert_true(fake_wait(B, "VI", KA_MASTER, 500) != UINT64_MAX);
		fake_run(i * 10);
		arps = fake_boxes[A].arps;
		for (unsigned int box = A; box <= B; box++) {
			fake_boxes[box].deaf = !vrrp;
			fake_boxes[box].heartbeat_cut = vrrp;
		}
		assert_true(fake_wait(B, "VI", KA_BACKUP, 150) != UINT64_MAX);
		fake_run(100);
		assert_int_equal(fake_state(A, "VI"), KA_MASTER);
		sl_check_int(vrrp ? "VRRP" : "heartbeats", fake_boxes[A].arps, arps + 15);
	}
}

/* That one is MASTER for a last time is not left over for heartbeats that a reload brings later. */
static void
split_then_heartbeats(void **state)
{
	story_both_start();
	fake_boxes[A].deaf = fake_boxes[B].deaf = true;
	fake_run(3000);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_boxes[A].deaf = fake_boxes[B].deaf = false;
	fake_run(3000);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	fake_events(KA_EVENT_MAX, "");
	story_heartbeats_too();
	fake_box_apply(A, &story_confs[A]);
	fake_run(500);
	fake_box_apply(B, &story_confs[B]);
	fake_run(500);
	assert_int_equal(fake_events(KA_EVENT_SPLIT, ""), 0);
}

/* While the peer is partly silent each further channel that falls silent, or speaks again, is told. */
static void
channels_cut_more(void **state)
{
	story_heartbeats_too();
	story_confs[A].instance_count = story_confs[B].instance_count = 2;
	story_both_start();
	fake_boxes[B].deaf_vrid = 51;
	fake_run(1000);
	assert_int_equal(fake_events(KA_EVENT_PEER, "partly silent: nothing by vrrp VI"), 1);
	fake_boxes[B].deaf = true;
	fake_run(1000);
	assert_int_equal(fake_events(KA_EVENT_PEER, "partly silent: nothing by vrrp VI, vrrp VJ"), 1);
	fake_run(1000);
	assert_int_equal(fake_events(KA_EVENT_PEER, ""), 0);
	fake_boxes[B].deaf = false;
	fake_run(1000);
	assert_int_equal(fake_events(KA_EVENT_PEER, "partly silent: nothing by vrrp VI"), 1);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_PARTLY);
}

/* Who stays and who gives way both tell of it. */
static void
split(void **state)
{
	struct ka_event event;
	unsigned int stays = 0, gives_way = 0;

	story_heartbeats_too();
	story_both_start();
	fake_events(KA_EVENT_MAX, "");
	fake_boxes[A].deaf = fake_boxes[B].deaf = fake_boxes[A].heartbeat_cut = fake_boxes[B].heartbeat_cut =
		true;
	fake_run(3000);
	fake_boxes[A].deaf = fake_boxes[B].deaf = fake_boxes[A].heartbeat_cut = fake_boxes[B].heartbeat_cut =
		false;
	fake_run(1000);
	while (ka_event_next(&event)) {
		stays += event.kind == KA_EVENT_SPLIT && strstr(event.text, "stays it") != NULL;
		gives_way += event.kind == KA_EVENT_SPLIT && strstr(event.text, "gives way") != NULL;
	}
	assert_true(stays + gives_way >= 1);
	assert_true(stays <= 1 && gives_way <= 1);
	assert_true(fake_boxes[A].arps > 15);
}

/* The peer says by heartbeat that it gives way; VRRP does not come through. */
static void
gives_way_by_heartbeat(void **state)
{
	story_heartbeats_too();
	story_both_start();
	fake_boxes[B].deaf = true;
	fake_run(1000);
	fake_boxes[A].port.link_up = false;
	assert_true(fake_wait(A, "VI", KA_FAULT, 60) != UINT64_MAX);
	assert_true(fake_wait(B, "VI", KA_MASTER, 70) != UINT64_MAX);
	/* It goes on saying that it is none; that is answered once. */
	fake_run(100);
	fake_boxes[B].adverts = 0;
	fake_run(2000);
	assert_in_range(fake_boxes[B].adverts, 19, 21);
}

/* A gives way by VRRP while heartbeats are late: what they bring from before changes nothing, what comes after it counts. */
static void
late_heartbeat(void **state)
{
	struct heartbeat_message *late = &fake_boxes[A].said, before;
	struct ka_run *run;

	story_heartbeats_too();
	story_both_start();
	run = fake_boxes[B].run;
	before = *late;
	assert_int_equal(before.instances[0].state, KA_MASTER);
	fake_boxes[B].heartbeat_cut = true;
	fake_instance(A, "VI")->failover = true;
	assert_true(fake_wait(B, "VI", KA_MASTER, 70) != UINT64_MAX);
	before.number = run->peers[0].number + 1;
	ka_peer_heard(0, &before, run);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_instance(B, "VI")->behind & 1, 1);
	/* It catches up. */
	late->number = before.number + 1;
	ka_peer_heard(0, late, run);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	before.number += 2;
	ka_peer_heard(0, &before, run);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

/* The same where it never says that A gave way: it is not doubted for ever. */
static void
late_heartbeat_ends(void **state)
{
	struct heartbeat_message before;
	struct ka_run *run;

	story_heartbeats_too();
	story_both_start();
	run = fake_boxes[B].run;
	before = fake_boxes[A].said;
	fake_boxes[B].heartbeat_cut = true;
	fake_instance(A, "VI")->failover = true;
	assert_true(fake_wait(B, "VI", KA_MASTER, 70) != UINT64_MAX);
	fake_run(900);
	before.number = run->peers[0].number + 1;
	ka_peer_heard(0, &before, run);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_run(150);
	before.number++;
	ka_peer_heard(0, &before, run);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

/* One box has another number: both are MASTER, and each says why; once, until it is right again. */
static void
other_number(void **state)
{
	static const char unknown[] = "speaks of virtual_router_id 52 (IPv4), which is not configured here",
			  missing[] = "does not speak of vrrp_instance VI (virtual_router_id 51, IPv4)";

	story_heartbeats_too();
	story_both_start();
	for (unsigned int i = 0; i < 2; i++) {
		story_ones[B][0].vrid = 52;
		fake_events(KA_EVENT_MAX, "");
		fake_box_apply(B, &story_confs[B]);
		fake_run(3000);
		assert_int_equal(fake_state(B, "VI"), KA_MASTER);
		assert_int_equal(fake_events(KA_EVENT_PEER, "speak"), 0);
		fake_run(10000);
		assert_int_equal(fake_events_of(KA_EVENT_PEER, "lb2", unknown), 1);
		fake_box_apply(B, &story_confs[B]);
		fake_run(10000);
		assert_int_equal(fake_events(KA_EVENT_PEER, "speak"), 0);
		story_ones[B][0].vrid = 51;
		fake_box_apply(B, &story_confs[B]);
		fake_run(3000);
	}
	/* The same two, of which the first is left out. */
	story_ones[B][0].vrid = 52;
	fake_box_apply(B, &story_confs[B]);
	fake_run(10000);
	assert_int_equal(fake_events_of(KA_EVENT_PEER, "lb2", missing), 1);
	fake_box_kill(B);
	fake_run(10000);
	assert_int_equal(fake_events(KA_EVENT_PEER, "speak"), 0);
}

/* Two instances of which the peer has one, of the same number: the second is missed. */
static void
one_of_two(void **state)
{
	story_heartbeats_too();
	story_confs[A].instance_count = 2;
	story_ones[A][1].vrid = 51;
	story_ones[A][1].port = 1;
	story_both_start();
	fake_run(10000);
	assert_int_equal(fake_events(KA_EVENT_PEER, "does not speak of vrrp_instance VJ"), 1);
}

/* Three boxes, two of each instance: all of them have a backup. What one alone has is told. */
static void
ring(void **state)
{
	struct heartbeat_message third;

	story_heartbeats_too();
	story_confs[B].instance_count = 2;
	story_both_start();
	for (unsigned int i = 0; i < 20; i++) {
		third = fake_boxes[B].said;
		strcpy(third.router_id, "lb3");
		third.boot_id = 3;
		third.number = 1000 + i;
		third.instances[0].vrid = 53;
		third.instances[0].state = KA_BACKUP;
		ka_peer_heard(0, &third, fake_boxes[A].run);
		fake_run(1000);
	}
	assert_int_equal(fake_events_of(KA_EVENT_PEER, "lb2", "speaks of"), 0);
	story_confs[B].instance_count = 1;
	story_ones[B][0].vrid = 54;
	fake_box_apply(B, &story_confs[B]);
	for (unsigned int i = 20; i < 40; i++) {
		third.number = 1000 + i;
		third.instance_count = 1;
		ka_peer_heard(0, &third, fake_boxes[A].run);
		fake_run(1000);
	}
	assert_int_equal(fake_events_of(KA_EVENT_PEER, "", "none speaks of vrrp_instance VI"), 1);
}

/* What a third box says in the heartbeats' group, where it is BACKUP. For so many ms. */
static void
third_speaks(unsigned int ms)
{
	static uint64_t number;
	struct heartbeat_message third = fake_boxes[B].said;

	strcpy(third.router_id, "lb3");
	third.boot_id = 3;
	third.instances[0].state = KA_BACKUP;
	third.instances[0].priority = 50;
	for (unsigned int i = 0; i < ms; i++) {
		third.number = ++number;
		fake_boxes[B].heard_us = fake_now_us;
		ka_peer_heard(0, &third, fake_boxes[B].run);
		fake_run(1);
	}
}

/* The MASTER dies, and its channel is not silent: a third box speaks by it. */
static void
third_goes_on(void **state)
{
	for (unsigned int fence = 0; fence < 2; fence++) {
		story_setup(NULL);
		story_heartbeats_too();
		story_confs[B].fence = fence != 0;
		story_both_start();
		third_speaks(500);
		fake_boxes[B].deaf = true;
		third_speaks(1000);
		assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
		fake_events(KA_EVENT_MAX, "");
		fake_box_kill(A);
		third_speaks(390);
		assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
		third_speaks(120);
		assert_true(fake_boxes[B].run->channels[0].alive);
		assert_int_equal(fake_state(B, "VI"), fence ? KA_BACKUP : KA_MASTER);
		assert_int_equal(fake_events(KA_EVENT_FENCE, "to be fenced"), fence);
	}
}

/* Two instances of one number, on different ports: lines are told apart by their order. */
static void
same_number(void **state)
{
	story_heartbeats_alone();
	for (unsigned int box = 0; box < FAKE_BOXES; box++) {
		story_confs[box].instance_count = 2;
		story_ones[box][1].adverts = false;
		story_ones[box][1].vrid = 51;
		story_ones[box][1].port = 1;
		story_ones[box][1].priority = box == A ? 100 : 150;
	}
	story_both_start();
	fake_run(2000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(A, "VJ"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
}

/* The backup's thread is not run for two seconds: what it finds then keeps it what it is. */
static void
stalls(void **state)
{
	story_both_start();
	fake_boxes[B].stands = true;
	fake_run(2000);
	fake_boxes[B].stands = false;
	assert_int_equal(story_watch(1000, 0), 0);
	/* Nothing of it has come in: the queues stood still, too. */
	fake_boxes[B].stands = fake_boxes[B].deaf = true;
	fake_run(2000);
	fake_boxes[B].stands = fake_boxes[B].deaf = false;
	assert_int_equal(story_watch(1000, 0), 0);
	/* The MASTER's thread: the other has taken over, and lets go. */
	fake_boxes[A].stands = true;
	fake_run(2000);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_boxes[A].stands = false;
	fake_run(3);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

/* A peer that is started again every second, and a flood of its adverts. */
static void
restless_peer(void **state)
{
	story_heartbeats_too();
	story_both_start();
	fake_events(KA_EVENT_MAX, "");
	for (unsigned int i = 0; i < 5; i++) {
		fake_box_kill(B);
		fake_run(100);
		fake_box_start(B, &story_confs[B]);
		fake_run(900);
		assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	}
	assert_int_equal(fake_events(KA_EVENT_PEER, "was started again"), 5);
}

/* Through a link that loses a fifth of all: nobody takes over but now and then, and it always heals. */
static void
lossy(void **state)
{
	story_heartbeats_too();
	story_both_start();
	fake_loss = 200;
	fake_jitter_us = 20000;
	for (fake_seed = 1; fake_seed < 20; fake_seed++)
		fake_run(1000);
	fake_loss = 0;
	fake_run(1000);
	story_watch(1000, 0);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
}

/* { what, byte of the IP packet that is spoilt, its counter } */
static const struct {
	const char *name;
	unsigned int at;
	size_t counter;
} spoilt[] = {
	{ "TTL", 8, offsetof(struct ka_instance_status, bad_ttl) },
	{ "version", 20, offsetof(struct ka_instance_status, bad_version) },
	{ "checksum", 26, offsetof(struct ka_instance_status, bad_checksum) },
	{ "length", 23, offsetof(struct ka_instance_status, bad_length) },
	{ "to whom", 16, offsetof(struct ka_instance_status, bad_checksum) },
};

static void
bad_adverts(void **state)
{
	story_both_start();
	for (size_t i = 0; i < SL_COUNT(spoilt); i++) {
		struct fake_box *box = &fake_boxes[B];
		const struct ka_instance_status *counts = &fake_instance(B, "VI")->counts;
		const uint64_t *counter = (const uint64_t *)((const char *)counts + spoilt[i].counter);
		uint64_t before = *counter, received = counts->adverts_received;

		while (box->count == 0)
			fake_run(1);
		box->queue[box->first].bytes[14 + spoilt[i].at] ^= 0x40;
		fake_run(2);
		sl_check_int(spoilt[i].name, *counter, before + 1);
		sl_check_int(spoilt[i].name, counts->adverts_received, received);
		/* One that is good, between them. */
		fake_run(150);
	}
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

/* { what, versions, passwords, advert_int: of A, of B; what A says of B } */
static const struct {
	const char *name;
	uint8_t versions[2];
	const char *passwords[2];
	uint32_t advert_ms[2];
	const char *told;
} refused[] = {
	{ "version",
	  { 3, 2 },
	  { "", "" },
	  { 1000, 1000 },
	  "vrrp_instance VI: 192.0.2.12 speaks version 2, this box version 3: its adverts are not taken" },
	{ "password",
	  { 2, 2 },
	  { "one", "two" },
	  { 1000, 1000 },
	  "vrrp_instance VI: 192.0.2.12 has another auth_type or auth_pass than is configured here: its" },
	{ "no password",
	  { 2, 2 },
	  { "one", "" },
	  { 1000, 1000 },
	  "vrrp_instance VI: 192.0.2.12 has another auth_type or auth_pass than is configured here: its" },
	{ "interval",
	  { 2, 2 },
	  { "", "" },
	  { 1000, 2000 },
	  "vrrp_instance VI: 192.0.2.12 has an advert_int of 2000 ms, this box one of 1000 ms: its" },
};

/* Both are MASTER, and each names once what it is that the other has otherwise. */
static void
refused_adverts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(refused); i++) {
		story_teardown(state);
		story_setup(state);
		log_catch_clear();
		for (unsigned int box = 0; box < FAKE_BOXES; box++) {
			struct ka_instance *one = &story_ones[box][0];

			one->version = refused[i].versions[box];
			one->advert_ms = refused[i].advert_ms[box];
			one->auth = refused[i].passwords[box][0] != '\0' ? KA_AUTH_PASS : KA_AUTH_NONE;
			strncpy(one->auth_pass, refused[i].passwords[box], sizeof(one->auth_pass));
			fake_box_start(box, &story_confs[box]);
		}
		fake_run(20000);
		sl_check_int(refused[i].name, fake_state(A, "VI"), KA_MASTER);
		sl_check_int(refused[i].name, fake_state(B, "VI"), KA_MASTER);
		sl_check_int(refused[i].name, log_catch_count(refused[i].told), 1);
		sl_check_int(refused[i].name, log_catch_count("vrrp_instance VI: 192.0.2.11"), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, story_setup, story_teardown)
		TEST(election),
		TEST(take_over),
		TEST(return_nopreempt),
		TEST(equals),
		TEST(channels_cut),
		TEST(channels_cut_more),
		TEST(split),
		TEST(split_heals),
		TEST(split_then_heartbeats),
		TEST(heartbeats_late),
		TEST(heartbeats_without),
		TEST(planned_is_quiet),
		TEST(gives_way_by_heartbeat),
		TEST(announces_last),
		TEST(late_heartbeat),
		TEST(late_heartbeat_ends),
		TEST(same_number),
		TEST(other_number),
		TEST(one_of_two),
		TEST(ring),
		TEST(third_goes_on),
		TEST(stalls),
		TEST(restless_peer),
		TEST(lossy),
		TEST(bad_adverts),
		TEST(refused_adverts),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
