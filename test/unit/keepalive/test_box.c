/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two boxes with a wire between them, on a clock of the test's: elections, take-over, return, all of it through real
 * adverts, but no packet leaves the process.
 */
#include "fake_box.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <errno.h>

enum { A, B };

static struct ka_addr addrs[] = { { .port = -1 },
				  { .port = -1 },
				  { .port = -1, .local = true, .excluded = true } };
static struct ka_heartbeat heartbeat = { .name = "hb", .key = "k", .interval_ms = 100, .dead_ms = 400 };

/* Configurations of two boxes, alike but for the priorities. */
static struct ka_instance ones[FAKE_BOXES][2];
static struct ka_sync_group groups[FAKE_BOXES];
static struct ka_conf confs[FAKE_BOXES];

static struct ka_instance
instance(const char *name, uint8_t vrid, uint8_t priority)
{
	struct ka_instance one = {
		.group = vrid,
		.adverts = true,
		.family = 4,
		.version = 3,
		.vrid = vrid,
		.priority = priority,
		.initial = KA_BACKUP,
		.advert_ms = 100,
		.down_adverts = 3,
		.track_port = true,
		.sync_group = -1,
		.addrs = addrs,
		.addr_count = 3,
		.garp = { .repeat = 5,
			  .delay_ms = 5000,
			  .refresh_repeat = 1,
			  .lower_repeat = 5,
			  .lower_delay_ms = 5000 },
	};

	strcpy(one.name, name);
	return one;
}

static int
setup(void **state)
{
	sl_prefix_parse("192.0.2.1/24", &addrs[0].prefix);
	sl_prefix_parse("192.0.2.2/24", &addrs[1].prefix);
	sl_prefix_parse("10.0.0.200/32", &addrs[2].prefix);
	fake_reset();
	for (unsigned int box = 0; box < FAKE_BOXES; box++) {
		ones[box][0] = instance("VI", 51, box == A ? 150 : 100);
		ones[box][1] = instance("VJ", 52, box == A ? 150 : 100);
		groups[box] = (struct ka_sync_group){ .name = "G" };
		confs[box] = (struct ka_conf){
			.instances = ones[box],
			.instance_count = 1,
			.groups = &groups[box],
			.heartbeats = &heartbeat,
			.own_health = true,
			.fence_timeout_ms = 1000,
		};
		strcpy(confs[box].router_id, box == A ? "lb1" : "lb2");
	}
	return 0;
}

static int
teardown(void **state)
{
	fake_reset();
	ka_running = NULL;
	return 0;
}

/* Both run, and A is MASTER. */
static void
both_start(void)
{
	fake_box_start(A, &confs[A]);
	fake_box_start(B, &confs[B]);
	fake_run(1500);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

static void
heartbeats_too(void)
{
	confs[A].heartbeat_count = confs[B].heartbeat_count = 1;
}

static void
heartbeats_alone(void)
{
	heartbeats_too();
	ones[A][0].adverts = ones[B][0].adverts = false;
}

static void
grouped(void)
{
	for (unsigned int box = 0; box < FAKE_BOXES; box++) {
		confs[box].group_count = 1;
		confs[box].instance_count = 2;
		ones[box][0].sync_group = ones[box][1].sync_group = 0;
	}
}

/* In `ms`: is never MASTER on both boxes for longer than `most_ms`; when was there none, in all. */
static unsigned int
watch(unsigned int ms, unsigned int most_ms)
{
	unsigned int both = 0, none = 0;

	for (unsigned int i = 0; i < ms; i++) {
		bool a = fake_state(A, "VI") == KA_MASTER, b = fake_state(B, "VI") == KA_MASTER;

		fake_run(1);
		both = a && b ? both + 1 : 0;
		assert_true(both <= most_ms);
		/* What is said is what is done. */
		assert_true(fake_boxes[A].run == NULL ||
			    fake_boxes[A].held[51] == (fake_state(A, "VI") == KA_MASTER));
		assert_true(fake_boxes[B].run == NULL ||
			    fake_boxes[B].held[51] == (fake_state(B, "VI") == KA_MASTER));
		none += !a && !b;
	}
	return none;
}

static void
election(void **state)
{
	both_start();
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
		struct ka_instance *one = &ones[box][0];

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
		heartbeats_alone();
}

/* Killed, back with preemption, stopped, back: each within its time. */
static void
take_over(void **state)
{
	for (size_t i = 0; i < SL_COUNT(kinds); i++) {
		const struct kind *kind = &kinds[i];
		uint64_t took;

		setup(state);
		kind_set(kind);
		fake_box_start(A, &confs[A]);
		fake_box_start(B, &confs[B]);
		sl_check(kind->name, fake_wait(A, "VI", KA_MASTER, 5000) != UINT64_MAX);
		fake_run(2 * kind->down_ms);
		sl_check_int(kind->name, fake_state(B, "VI"), KA_BACKUP);
		sl_check_int(kind->name, fake_boxes[A].vmac[51], kind->vmac);

		fake_box_kill(A);
		took = fake_wait(B, "VI", KA_MASTER, 10000);
		sl_check(kind->name,
			 took <= kind->down_ms + 2 && took + kind->advert_ms + 2 >= kind->down_ms);
		fake_box_start(A, &confs[A]);
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
	ones[A][0].nopreempt = ones[B][0].nopreempt = true;
	both_start();
	fake_box_kill(A);
	assert_true(fake_wait(B, "VI", KA_MASTER, 400) != UINT64_MAX);
	fake_box_start(A, &confs[A]);
	assert_int_equal(watch(3000, 0), 0);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	fake_box_stop(B);
	assert_true(fake_wait(A, "VI", KA_MASTER, 100) != UINT64_MAX);
}

/* Started at the same moment with equal priorities: the greater address; by heartbeats, that are faster, whoever says it first. */
static void
equals(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		setup(state);
		ones[A][0].priority = ones[B][0].priority = 100;
		if (i == 1)
			heartbeats_alone();
		ones[A][0].initial = ones[B][0].initial = KA_MASTER;
		fake_box_start(A, &confs[A]);
		fake_box_start(B, &confs[B]);
		fake_run(500);
		watch(2000, 0);
		assert_int_equal(fake_state(i == 0 ? A : B, "VI"), KA_BACKUP);
		assert_int_equal(fake_state(i == 0 ? B : A, "VI"), KA_MASTER);
	}
}

/* VRRP alone is cut, then heartbeats alone: nobody takes over, and it is told. Then both: both are MASTER, until contact returns. */
static void
channels_cut(void **state)
{
	heartbeats_too();
	both_start();
	fake_events(KA_EVENT_MAX, "");
	fake_boxes[B].deaf = true;
	assert_int_equal(watch(3000, 0), 0);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_true(fake_boxes[B].run->instances[0].silent);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_PARTLY);
	assert_int_equal(fake_events(KA_EVENT_PEER, "partly silent: nothing by vrrp VI"), 1);
	fake_boxes[B].deaf = false;
	fake_run(300);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_ALIVE);
	assert_int_equal(fake_events(KA_EVENT_PEER, "is heard by all channels"), 1);

	fake_boxes[A].heartbeat_cut = fake_boxes[B].heartbeat_cut = true;
	assert_int_equal(watch(3000, 0), 0);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_PARTLY);
	assert_int_equal(fake_events(KA_EVENT_CHANNEL, "silent"), 2);

	fake_boxes[A].deaf = fake_boxes[B].deaf = true;
	assert_true(fake_wait(B, "VI", KA_MASTER, 400) != UINT64_MAX);
	fake_run(2000);
	assert_int_equal(fake_boxes[B].run->peer_view, PEER_DEAD);
	assert_true(fake_events(KA_EVENT_PEER, "dead: silent by") >= 1);
	fake_boxes[A].deaf = fake_boxes[B].deaf = false;
	fake_boxes[A].heartbeat_cut = fake_boxes[B].heartbeat_cut = false;
	watch(1000, 110);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

/* Who stays and who gives way both tell of it. */
static void
split(void **state)
{
	struct ka_event event;
	unsigned int stays = 0, gives_way = 0;

	heartbeats_too();
	both_start();
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
	heartbeats_too();
	both_start();
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

/* Two instances of one number, on different ports: lines are told apart by their order. */
static void
same_number(void **state)
{
	heartbeats_alone();
	for (unsigned int box = 0; box < FAKE_BOXES; box++) {
		confs[box].instance_count = 2;
		ones[box][1].adverts = false;
		ones[box][1].vrid = 51;
		ones[box][1].port = 1;
		ones[box][1].priority = box == A ? 100 : 150;
	}
	both_start();
	fake_run(2000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(A, "VJ"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
}

static void
sync_groups(void **state)
{
	struct vrrp_heard outside = { .priority = 250, .advert_us = 100000 };

	grouped();
	both_start();
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	assert_int_equal(fake_events(KA_EVENT_GROUP, ""), 3); /* both were BACKUP, one became MASTER */
	/* One hears no master, the other does: nobody moves. */
	fake_boxes[B].deaf_vrid = 52;
	fake_run(2000);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_BACKUP);
	assert_true(fake_instance(B, "VJ")->fsm.wants);
	fake_boxes[B].deaf_vrid = 0;
	fake_run(200);
	assert_false(fake_instance(B, "VJ")->fsm.wants);
	/* One of the two is preempted from outside: both go, and both come back. */
	sl_addr_parse("192.0.2.99", &outside.source);
	ka_instance_heard(fake_boxes[A].run, fake_instance(A, "VI"), &outside, fake_now_us);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(A, "VJ"), KA_BACKUP);
	assert_false(fake_boxes[A].held[52]);
	assert_string_equal(fake_instance(A, "VJ")->fsm.why, "sync group G: VI is MASTER no more");
	fake_run(2000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	/* A reload is no news. */
	fake_events(KA_EVENT_MAX, "");
	fake_box_apply(A, &confs[A]);
	fake_run(300);
	assert_int_equal(fake_events(KA_EVENT_GROUP, ""), 0);
	fake_box_kill(A);
	fake_run(800);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
}

static void
sync_group_fault(void **state)
{
	static struct ka_track script = { .kind = KA_TRACK_SCRIPT, .weight = -50, .name = "chk" };

	grouped();
	ones[A][1].tracks = &script;
	ones[A][1].track_count = 1;
	both_start();
	ka_watch_found(fake_boxes[A].run, KA_TRACK_SCRIPT, "chk", 0);
	fake_run(1500);
	/* A member's weight is no weight. */
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	assert_int_equal(fake_state(A, "VJ"), KA_FAULT);
	assert_non_null(strstr(fake_instance(A, "VI")->fsm.why, "VJ: script chk failed"));
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
	ka_watch_found(fake_boxes[A].run, KA_TRACK_SCRIPT, "chk", 1);
	fake_run(2000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	assert_int_equal(fake_state(B, "VJ"), KA_BACKUP);
}

static void
tracked(void **state)
{
	static struct ka_track script = { .kind = KA_TRACK_SCRIPT, .weight = -60, .name = "chk" };
	unsigned int events;

	ones[A][0].tracks = &script;
	ones[A][0].track_count = 1;
	ones[A][0].notify_priority = true;
	both_start();
	fake_events(KA_EVENT_MAX, "");
	ka_watch_found(fake_boxes[A].run, KA_TRACK_SCRIPT, "chk", 0);
	fake_run(1);
	assert_int_equal(fake_instance(A, "VI")->fsm.priority, 90);
	events = fake_events(KA_EVENT_PRIORITY, "90, it was 150");
	assert_int_equal(events, 1);
	watch(1000, 2);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	ka_watch_found(fake_boxes[A].run, KA_TRACK_SCRIPT, "chk", 1);
	watch(1000, 2);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
}

static void
link_delays(void **state)
{
	ones[A][0].debounce_down_ms = 500;
	ones[A][0].debounce_up_ms = 1000;
	both_start();
	fake_boxes[A].port.link_up = false;
	fake_run(400);
	fake_boxes[A].port.link_up = true;
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	fake_boxes[A].port.link_up = false;
	fake_run(620);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	fake_boxes[A].port.link_up = true;
	fake_run(900);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	fake_run(200);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
}

static void
no_source(void **state)
{
	fake_boxes[A].port.source4 = (struct sl_addr){ 0 };
	fake_box_start(A, &confs[A]);
	fake_run(100);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	sl_addr_parse("192.0.2.11", &fake_boxes[A].port.source4);
	fake_run(100);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
}

static void
own_health(void **state)
{
	both_start();
	fake_boxes[A].worker_stands = true;
	assert_true(fake_wait(A, "VI", KA_FAULT, 1010) > 900);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	fake_run(100);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_boxes[A].worker_stands = false;
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	/* A machine that stands still as a whole has not failed. */
	fake_boxes[A].worker_stands = true;
	for (unsigned int i = 0; i < 40; i++) {
		fake_boxes[A].stands = true;
		fake_run(60);
		fake_boxes[A].stands = false;
		fake_run(1);
	}
	assert_int_not_equal(fake_state(A, "VI"), KA_FAULT);
}

/* The backup's thread is not run for two seconds: what it finds then keeps it what it is. */
static void
stalls(void **state)
{
	both_start();
	fake_boxes[B].stands = true;
	fake_run(2000);
	fake_boxes[B].stands = false;
	assert_int_equal(watch(1000, 0), 0);
	/* Nothing of it has come in: the queues stood still, too. */
	fake_boxes[B].stands = fake_boxes[B].deaf = true;
	fake_run(2000);
	fake_boxes[B].stands = fake_boxes[B].deaf = false;
	assert_int_equal(watch(1000, 0), 0);
	/* The MASTER's thread: the other has taken over, and lets go. */
	fake_boxes[A].stands = true;
	fake_run(2000);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_boxes[A].stands = false;
	fake_run(3);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

static void
gate(void **state)
{
	confs[A].sync = (struct ka_sync){ .enabled = true, .gate_ms = 5000, .instance = "VI" };
	fake_box_start(B, &confs[B]);
	fake_run(1000);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_box_start(A, &confs[A]);
	assert_int_equal(watch(2000, 0), 0);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	assert_true(vrrp_fsm_is_held_back(&fake_instance(A, "VI")->fsm));
	assert_true(fake_boxes[A].receives && !fake_boxes[A].sends);
	fake_boxes[A].in_sync = true;
	fake_run(500);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_true(fake_boxes[A].sends && !fake_boxes[A].receives);
	assert_int_equal(fake_events(KA_EVENT_SYNC, "gate opened: the connections are known"), 1);
	/* It takes too long. */
	fake_box_kill(A);
	fake_boxes[A].in_sync = false;
	fake_run(1000);
	fake_box_start(A, &confs[A]);
	fake_run(4900);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	fake_run(600);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	/* The master falls silent meanwhile. */
	fake_box_kill(A);
	fake_run(1000);
	fake_box_start(A, &confs[A]);
	fake_run(1000);
	fake_box_kill(B);
	assert_true(fake_wait(A, "VI", KA_MASTER, 400) != UINT64_MAX);
}

static void
failover(void **state)
{
	char error[DP_ERROR_SIZE];

	heartbeats_too();
	confs[B].sync.enabled = true;
	both_start();
	ka_running = fake_boxes[B].run;
	assert_int_equal(ka_failover("VI", false, error), -EALREADY);
	assert_int_equal(ka_failover("none", false, error), -ENOENT);
	ka_running = fake_boxes[A].run;
	assert_int_equal(ka_failover(NULL, false, error), -EHOSTUNREACH);
	assert_non_null(strstr(error, "lb2 does not know all connections"));
	fake_boxes[B].in_sync = true;
	fake_run(500);
	assert_int_equal(ka_failover(NULL, false, error), 0);
	fake_run(70);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(watch(3000, 0), 0);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	assert_int_equal(ka_release("none", error), -ENOENT);
	assert_int_equal(ka_release("VI", error), 0);
	fake_run(500);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	/* Nobody is there. */
	fake_box_kill(B);
	fake_run(1000);
	assert_int_equal(ka_failover("VI", false, error), -EHOSTUNREACH);
	assert_int_equal(ka_failover("VI", true, error), 0);
	fake_run(10);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	fake_run(400);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
}

static void
fence(void **state)
{
	struct vrrp_heard outside = { .priority = 250, .advert_us = 100000 };

	confs[B].fence = true;
	grouped();
	fake_box_start(A, &confs[A]);
	fake_run(1000);
	fake_box_start(B, &confs[B]);
	fake_run(1000);
	fake_events(KA_EVENT_MAX, "");
	fake_box_kill(A);
	fake_run(500);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_events(KA_EVENT_FENCE, "to be fenced"), 1);
	fake_boxes[B].run->fenced = true;
	fake_boxes[B].run->fenced_good = true;
	fake_run(2);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
	/* A command that never ends; it is tried again. */
	fake_box_start(A, &confs[A]);
	fake_run(1000);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	fake_box_kill(A);
	fake_events(KA_EVENT_MAX, "");
	fake_run(500 + 1000);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	fake_run(400);
	assert_int_equal(fake_events(KA_EVENT_FENCE, "to be fenced"), 2);
	/* One that gives way need not be fenced. */
	fake_box_start(A, &confs[A]);
	fake_run(1000);
	fake_box_stop(A);
	fake_run(70);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	/* While the command runs, one of the group hears a master again: none takes over. */
	fake_box_start(A, &confs[A]);
	fake_run(1000);
	fake_box_kill(A);
	fake_run(500);
	sl_addr_parse("192.0.2.99", &outside.source);
	ka_instance_heard(fake_boxes[B].run, fake_instance(B, "VI"), &outside, fake_now_us);
	fake_boxes[B].run->fenced = fake_boxes[B].run->fenced_good = true;
	fake_run(2);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_BACKUP);
}

static void
reload(void **state)
{
	struct ka_instance *one = ones[A];
	unsigned int arps;

	confs[A].instance_count = confs[B].instance_count = 2;
	ones[A][0].addr_count = 2;
	both_start();
	arps = fake_boxes[A].arps;
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	/* The same again: nothing happens. */
	fake_events(KA_EVENT_MAX, "");
	fake_box_apply(A, &confs[A]);
	fake_run(300);
	assert_int_equal(fake_events(KA_EVENT_STATE, ""), 0);
	assert_int_equal(fake_boxes[A].arps, arps);
	/* One more address is announced, with the others of its instance; a lower priority counts. */
	one[0].addr_count = 3;
	fake_box_apply(A, &confs[A]);
	fake_run(300);
	assert_int_equal(fake_boxes[A].arps, arps + 15);
	assert_int_equal(fake_events(KA_EVENT_STATE, ""), 0);
	/* An instance that is gone gives way at once. */
	confs[A].instance_count = 1;
	fake_box_apply(A, &confs[A]);
	assert_false(fake_boxes[A].held[52]);
	assert_true(fake_boxes[A].held[51]);
	fake_run(70);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
	assert_int_equal(fake_events(KA_EVENT_STATE, "stopped"), 1);
	/* Another number is another router. */
	one[0].vrid = 77;
	fake_box_apply(A, &confs[A]);
	assert_false(fake_boxes[A].held[51]);
	assert_int_equal(fake_state(A, "VI"), KA_INIT);
	fake_run(400);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	/* Other priorities: who is MASTER changes. */
	one[0].vrid = 51;
	one[0].priority = 50;
	fake_box_apply(A, &confs[A]);
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	one[0].priority = 150;
	fake_box_apply(A, &confs[A]);
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

static void
startup_delay(void **state)
{
	confs[A].startup_delay_ms = 2000;
	fake_box_start(A, &confs[A]);
	fake_run(1990);
	assert_int_equal(fake_state(A, "VI"), KA_INIT);
	fake_run(20);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
}

/* A peer that is started again every second, and a flood of its adverts. */
static void
restless_peer(void **state)
{
	heartbeats_too();
	both_start();
	fake_events(KA_EVENT_MAX, "");
	for (unsigned int i = 0; i < 5; i++) {
		fake_box_kill(B);
		fake_run(100);
		fake_box_start(B, &confs[B]);
		fake_run(900);
		assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	}
	assert_int_equal(fake_events(KA_EVENT_PEER, "was started again"), 5);
}

/* Through a link that loses a fifth of all: nobody takes over but now and then, and it always heals. */
static void
lossy(void **state)
{
	heartbeats_too();
	both_start();
	fake_loss = 200;
	fake_jitter_us = 20000;
	for (fake_seed = 1; fake_seed < 20; fake_seed++)
		fake_run(1000);
	fake_loss = 0;
	fake_run(1000);
	watch(1000, 0);
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
	both_start();
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(election),
		TEST(take_over),
		TEST(return_nopreempt),
		TEST(equals),
		TEST(channels_cut),
		TEST(split),
		TEST(gives_way_by_heartbeat),
		TEST(same_number),
		TEST(sync_groups),
		TEST(sync_group_fault),
		TEST(tracked),
		TEST(link_delays),
		TEST(no_source),
		TEST(own_health),
		TEST(stalls),
		TEST(gate),
		TEST(failover),
		TEST(fence),
		TEST(reload),
		TEST(startup_delay),
		TEST(restless_peer),
		TEST(lossy),
		TEST(bad_adverts),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
