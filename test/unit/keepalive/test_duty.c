/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two boxes with a wire between them: what decides besides priorities and adverts. Sync groups, tracked things, own
 * health, the gate, failover and release, the fence, reloads.
 */
#include "box_story.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <errno.h>

static void
sync_groups(void **state)
{
	struct vrrp_heard outside = { .priority = 250, .advert_us = 100000 };

	story_grouped();
	story_both_start();
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
	fake_box_apply(A, &story_confs[A]);
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

	story_grouped();
	story_ones[A][1].tracks = &script;
	story_ones[A][1].track_count = 1;
	story_both_start();
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

	story_ones[A][0].tracks = &script;
	story_ones[A][0].track_count = 1;
	story_ones[A][0].notify_priority = true;
	story_both_start();
	fake_events(KA_EVENT_MAX, "");
	ka_watch_found(fake_boxes[A].run, KA_TRACK_SCRIPT, "chk", 0);
	fake_run(1);
	assert_int_equal(fake_instance(A, "VI")->fsm.priority, 90);
	events = fake_events(KA_EVENT_PRIORITY, "90, it was 150");
	assert_int_equal(events, 1);
	story_watch(1000, 2);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	ka_watch_found(fake_boxes[A].run, KA_TRACK_SCRIPT, "chk", 1);
	story_watch(1000, 2);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
}

/*
 * A link of A with a delay of 500 ms down and 1000 ms up: a blink does not count, a loss and a return do when they
 * have lasted. A ends as BACKUP.
 */
static void
delays_count(unsigned int port)
{
	fake_boxes[A].links_down = 1U << port;
	fake_run(400);
	fake_boxes[A].links_down = 0;
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	fake_boxes[A].links_down = 1U << port;
	fake_run(620);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	fake_boxes[A].links_down = 0;
	fake_run(900);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	fake_run(200);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
}

/* One without a delay counts at once, both ways. */
static void
counts_at_once(unsigned int port)
{
	fake_boxes[A].links_down = 1U << port;
	fake_run(100);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	fake_boxes[A].links_down = 0;
	fake_run(100);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
}

static void
link_delays(void **state)
{
	story_ones[A][0].debounce_down_ms = 500;
	story_ones[A][0].debounce_up_ms = 1000;
	story_both_start();
	delays_count(0);
}

/* What counts are the delays of the link that is tracked, not of the port that its instance stands on. */
static void
tracked_delays(void **state)
{
	static struct ka_track lan = { .kind = KA_TRACK_PORT, .port = 1, .name = "lan" };

	lan.debounce_down_ms = lan.debounce_up_ms = 0;
	story_ones[A][0].debounce_down_ms = story_ones[A][0].debounce_up_ms = 10000;
	story_ones[A][0].tracks = &lan;
	story_ones[A][0].track_count = 1;
	story_both_start();
	counts_at_once(1);
	/* The other way round. */
	story_ones[A][0].debounce_down_ms = story_ones[A][0].debounce_up_ms = 0;
	lan.debounce_down_ms = 500;
	lan.debounce_up_ms = 1000;
	fake_box_apply(A, &story_confs[A]);
	fake_run(1500);
	delays_count(1);
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	counts_at_once(0);
}

/* A sync group's own links have theirs, beside those of a member. */
static void
group_delays(void **state)
{
	static struct ka_track lan = { .kind = KA_TRACK_PORT, .port = 1, .name = "lan" },
			       dmz = { .kind = KA_TRACK_PORT,
				       .port = 2,
				       .debounce_down_ms = 500,
				       .debounce_up_ms = 1000,
				       .name = "dmz" };

	story_grouped();
	story_ones[A][0].tracks = &lan;
	story_ones[A][0].track_count = 1;
	story_confs[A].groups[0].tracks = &dmz;
	story_confs[A].groups[0].track_count = 1;
	story_both_start();
	fake_boxes[A].links_down = 1 << 2;
	fake_run(620);
	assert_int_equal(fake_state(A, "VJ"), KA_FAULT);
	fake_boxes[A].links_down = 0;
	fake_run(2500);
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	delays_count(2);
	fake_run(1500);
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	counts_at_once(1);
	assert_int_equal(fake_state(A, "VJ"), KA_BACKUP);
}

static void
no_source(void **state)
{
	fake_boxes[A].port.source4 = (struct sl_addr){ 0 };
	fake_box_start(A, &story_confs[A]);
	fake_run(100);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	sl_addr_parse("192.0.2.11", &fake_boxes[A].port.source4);
	fake_run(100);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
}

static void
own_health(void **state)
{
	story_both_start();
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

static void
gate(void **state)
{
	story_confs[A].sync = (struct ka_sync){ .enabled = true, .gate_ms = 5000, .instance = "VI" };
	fake_box_start(B, &story_confs[B]);
	fake_run(1000);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_box_start(A, &story_confs[A]);
	assert_int_equal(story_watch(2000, 0), 0);
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
	fake_box_start(A, &story_confs[A]);
	fake_run(4900);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	fake_run(600);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	/* The master falls silent meanwhile. */
	fake_box_kill(A);
	fake_run(1000);
	fake_box_start(A, &story_confs[A]);
	fake_run(1000);
	fake_box_kill(B);
	assert_true(fake_wait(A, "VI", KA_MASTER, 400) != UINT64_MAX);
}

static void
failover(void **state)
{
	char error[DP_ERROR_SIZE];

	story_heartbeats_too();
	story_confs[B].sync.enabled = true;
	story_both_start();
	ka_running = fake_boxes[B].run;
	assert_int_equal(ka_failover("VI", false, error), -EALREADY);
	assert_string_equal(error, "VI is not MASTER here");
	assert_int_equal(ka_failover(NULL, false, error), -EALREADY);
	assert_string_equal(error, "no instance is MASTER here");
	assert_int_equal(ka_failover("none", false, error), -ENOENT);
	ka_running = fake_boxes[A].run;
	assert_int_equal(ka_failover(NULL, false, error), -EHOSTUNREACH);
	assert_non_null(strstr(error, "lb2 does not know all connections"));
	/* It has another key, and thinks that nobody is there to learn from. */
	fake_boxes[B].in_sync = fake_boxes[B].sync_unheard = true;
	fake_run(500);
	assert_int_equal(ka_failover(NULL, false, error), -EHOSTUNREACH);
	assert_non_null(strstr(error, "lb2 does not know all connections"));
	/* What changes is said at once. */
	fake_boxes[B].sync_unheard = false;
	fake_run(11);
	assert_int_equal(ka_failover(NULL, false, error), 0);
	fake_run(70);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(story_watch(3000, 0), 0);
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

	story_confs[B].fence = true;
	story_grouped();
	fake_box_start(A, &story_confs[A]);
	fake_run(1000);
	fake_box_start(B, &story_confs[B]);
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
	fake_box_start(A, &story_confs[A]);
	fake_run(1000);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	fake_box_kill(A);
	fake_events(KA_EVENT_MAX, "");
	fake_run(500 + 1000);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	fake_run(1400);
	assert_int_equal(fake_events(KA_EVENT_FENCE, "to be fenced before this box takes over V"), 2);
	/* One that gives way need not be fenced. */
	fake_box_start(A, &story_confs[A]);
	fake_run(1000);
	fake_box_stop(A);
	fake_run(70);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	/* While the command runs, one of the group hears a master again: none takes over. */
	fake_box_start(A, &story_confs[A]);
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

/* Of a sync group one hears that the MASTER gives way, the other nothing: the command decides on both. */
static void
fence_sync_group(void **state)
{
	story_confs[B].fence = true;
	story_grouped();
	story_both_start();
	fake_boxes[B].deaf_vrid = 52;
	fake_run(1000);
	assert_true(fake_instance(B, "VJ")->fsm.wants);
	fake_events(KA_EVENT_MAX, "");
	fake_box_stop(A);
	fake_run(500);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_BACKUP);
	assert_int_equal(fake_events(KA_EVENT_FENCE, "to be fenced before this box takes over VJ"), 1);
	/* It fails, and is tried again. */
	fake_boxes[B].run->fenced = true;
	fake_run(300);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_string_equal(fake_instance(B, "VI")->fsm.why, "the fence command failed: stays BACKUP");
	fake_run(4600);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_BACKUP);
	/* After 1 s; that one takes 1 s; after 2 s. */
	assert_int_equal(fake_events(KA_EVENT_FENCE, "to be fenced"), 2);
	assert_true(fake_instance(B, "VI")->fsm.fencing && fake_instance(B, "VJ")->fsm.fencing);
	fake_boxes[B].run->fenced = fake_boxes[B].run->fenced_good = true;
	fake_run(2);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
}

/* While the command runs, the MASTER gives way on both after all. */
static void
fence_sync_group_late(void **state)
{
	struct vrrp_heard zero = { .advert_us = 100000 };

	story_confs[B].fence = true;
	story_grouped();
	story_both_start();
	fake_box_kill(A);
	fake_run(500);
	assert_true(fake_instance(B, "VI")->fsm.fencing && fake_instance(B, "VJ")->fsm.fencing);
	sl_addr_parse("192.0.2.11", &zero.source);
	ka_instance_heard(fake_boxes[B].run, fake_instance(B, "VI"), &zero, fake_now_us);
	fake_run(100);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_BACKUP);
	ka_instance_heard(fake_boxes[B].run, fake_instance(B, "VJ"), &zero, fake_now_us);
	fake_run(100);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
}

/* A peer that says that it is no MASTER is not fenced; one that said it was, and is silent, is. */
static void
fence_believes(void **state)
{
	story_confs[B].fence = true;
	story_heartbeats_too();
	story_both_start();
	fake_boxes[A].port.link_up = false;
	fake_run(500);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	fake_boxes[B].port.link_up = false;
	fake_run(500);
	assert_int_equal(fake_state(B, "VI"), KA_FAULT);
	fake_boxes[B].port.link_up = true;
	fake_run(500);
	assert_int_equal(fake_state(A, "VI"), KA_FAULT);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	assert_int_equal(fake_events(KA_EVENT_FENCE, ""), 0);
	fake_boxes[A].port.link_up = true;
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	fake_box_kill(A);
	fake_run(402);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
	assert_int_equal(fake_events(KA_EVENT_FENCE, ""), 1);
}

static void
reload(void **state)
{
	struct ka_instance *one = story_ones[A];
	unsigned int arps;

	story_confs[A].instance_count = story_confs[B].instance_count = 2;
	story_ones[A][0].addr_count = 2;
	story_both_start();
	arps = fake_boxes[A].arps;
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	/* The same again: nothing happens. */
	fake_events(KA_EVENT_MAX, "");
	fake_box_apply(A, &story_confs[A]);
	fake_run(300);
	assert_int_equal(fake_events(KA_EVENT_STATE, ""), 0);
	assert_int_equal(fake_boxes[A].arps, arps);
	/* One more address is announced, with the others of its instance; a lower priority counts. */
	one[0].addr_count = 3;
	fake_box_apply(A, &story_confs[A]);
	fake_run(300);
	assert_int_equal(fake_boxes[A].arps, arps + 15);
	assert_int_equal(fake_events(KA_EVENT_STATE, ""), 0);
	/* An instance that is gone gives way at once. */
	story_confs[A].instance_count = 1;
	fake_box_apply(A, &story_confs[A]);
	assert_false(fake_boxes[A].held[52]);
	assert_true(fake_boxes[A].held[51]);
	fake_run(70);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
	assert_int_equal(fake_events(KA_EVENT_STATE, "stopped"), 1);
	/* Another number is another router. */
	one[0].vrid = 77;
	fake_box_apply(A, &story_confs[A]);
	assert_false(fake_boxes[A].held[51]);
	assert_int_equal(fake_state(A, "VI"), KA_INIT);
	fake_run(400);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_MASTER);
	/* Other priorities: who is MASTER changes. */
	one[0].vrid = 51;
	one[0].priority = 50;
	fake_box_apply(A, &story_confs[A]);
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
	one[0].priority = 150;
	fake_box_apply(A, &story_confs[A]);
	fake_run(1000);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

/* For `ms`: at most how long at a stretch an instance was MASTER on neither box. */
static unsigned int
orphan_watch(unsigned int ms)
{
	static const char *const names[] = { "VI", "VJ" };
	unsigned int none[2] = { 0 }, most = 0;

	for (unsigned int i = 0; i < ms; i++) {
		fake_run(1);
		for (unsigned int k = 0; k < 2; k++) {
			bool held =
				fake_state(A, names[k]) == KA_MASTER || fake_state(B, names[k]) == KA_MASTER;

			none[k] = held ? 0 : none[k] + 1;
			most = none[k] > most ? none[k] : most;
		}
	}
	return most;
}

static void
both_are(unsigned int box, enum ka_state state)
{
	assert_int_equal(fake_state(box, "VI"), state);
	assert_int_equal(fake_state(box, "VJ"), state);
}

/* A is MASTER of VI, B of VJ; what a reload then says of them is up to the story. */
static void
active_active(void)
{
	story_confs[A].instance_count = story_confs[B].instance_count = 2;
	story_ones[A][1].priority = 50;
	story_both_start();
	assert_int_equal(fake_state(A, "VJ"), KA_BACKUP);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
	story_grouped();
	fake_events(KA_EVENT_MAX, "");
}

/* Put into one group while each box has one of them: the weaker box gives way, the other goes on. */
static void
group_formed(void **state)
{
	active_active();
	story_ones[A][1].priority = 150;
	story_ones[A][0].nopreempt = story_ones[A][1].nopreempt = true;
	fake_box_apply(A, &story_confs[A]);
	fake_box_apply(B, &story_confs[B]);
	assert_in_range(orphan_watch(10000), 1, 70);
	both_are(A, KA_MASTER);
	both_are(B, KA_BACKUP);
	assert_int_equal(fake_instance(A, "VI")->counts.released, 0);
	assert_int_equal(fake_events(KA_EVENT_STATE, "sync group G: another box is MASTER of VI"), 1);
}

/* Each box is the better one of what it has: the address decides. Each may reload first, or long before. */
static void
group_formed_equals(void **state)
{
	static const unsigned int apart_ms[] = { 0, 1, 30, 100, 350, 700, 3000 };

	for (unsigned int i = 0; i < 2 * SL_COUNT(apart_ms); i++) {
		unsigned int first = i % 2;

		story_teardown(state);
		story_setup(state);
		active_active();
		story_ones[B][1].priority = 150;
		fake_box_apply(first, &story_confs[first]);
		assert_true(orphan_watch(apart_ms[i / 2]) <= 100);
		fake_box_apply(1 - first, &story_confs[1 - first]);
		assert_true(orphan_watch(3000) <= 100);
		both_are(fake_state(A, "VI") == KA_MASTER ? A : B, KA_MASTER);
		both_are(fake_state(A, "VI") == KA_MASTER ? B : A, KA_BACKUP);
	}
}

/* The same reload lowers what each last heard of the other: by that, both would give way. */
static void
group_formed_lowered(void **state)
{
	active_active();
	story_ones[A][0].priority = story_ones[A][1].priority = 90;
	story_ones[B][0].priority = story_ones[B][1].priority = 95;
	fake_box_apply(A, &story_confs[A]);
	fake_box_apply(B, &story_confs[B]);
	assert_in_range(orphan_watch(3000), 1, 70);
	both_are(A, KA_BACKUP);
	both_are(B, KA_MASTER);
	assert_int_equal(fake_instance(B, "VJ")->counts.released, 0);
}

/* The weaker one knows of no group: the other waits for Master_Down, and leaves it all. */
static void
group_formed_here(void **state)
{
	active_active();
	story_ones[A][0].nopreempt = story_ones[A][1].nopreempt = true;
	fake_box_apply(A, &story_confs[A]);
	assert_int_equal(orphan_watch(300), 0);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_true(orphan_watch(400) <= 70);
	both_are(A, KA_BACKUP);
	both_are(B, KA_MASTER);
	fake_box_apply(B, &story_confs[B]);
	assert_int_equal(orphan_watch(3000), 0);
	both_are(B, KA_MASTER);
}

/* A member that is new, and hears nobody, takes nothing from the others. */
static void
group_extended(void **state)
{
	story_grouped();
	story_confs[A].instance_count = story_confs[B].instance_count = 1;
	story_both_start();
	story_confs[A].instance_count = story_confs[B].instance_count = 2;
	fake_box_apply(A, &story_confs[A]);
	fake_box_apply(B, &story_confs[B]);
	fake_run(3000);
	both_are(A, KA_MASTER);
	both_are(B, KA_BACKUP);
	assert_int_equal(fake_instance(A, "VI")->counts.released, 0);
}

/* An older message that comes by a slower channel after a newer one says nothing of who is MASTER. */
static void
slow_channel(void **state)
{
	struct heartbeat_message *late = &fake_boxes[A].said;

	story_heartbeats_too();
	story_both_start();
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	late->number = 1000;
	ka_peer_heard(0, late, fake_boxes[B].run);
	assert_int_equal(fake_instance(B, "VI")->said_master, 1);
	/* By the fast one it gives way; then what it said before comes by the slow one. */
	late->instances[0].priority = 0;
	late->number = 2000;
	ka_peer_heard(0, late, fake_boxes[B].run);
	assert_int_equal(fake_instance(B, "VI")->said_master, 0);
	late->instances[0].priority = 150;
	late->number = 1500;
	ka_peer_heard(0, late, fake_boxes[B].run);
	assert_int_equal(fake_instance(B, "VI")->said_master, 0);
	/* A later one counts again. */
	late->number = 2500;
	ka_peer_heard(0, late, fake_boxes[B].run);
	assert_int_equal(fake_instance(B, "VI")->said_master, 1);
}

/* Of an instance that a reload takes away heartbeats have the last word, too. */
static void
last_word(void **state)
{
	story_heartbeats_too();
	story_confs[A].instance_count = story_confs[B].instance_count = 2;
	for (unsigned int who = A; who <= B; who++)
		for (unsigned int i = 0; i < 2; i++)
			story_ones[who][i].adverts = false;
	story_both_start();
	assert_int_equal(fake_state(A, "VJ"), KA_MASTER);
	story_confs[A].instance_count = 1;
	fake_box_apply(A, &story_confs[A]);
	fake_run(70);
	assert_int_equal(fake_state(B, "VJ"), KA_MASTER);
}

static void
startup_delay(void **state)
{
	story_confs[A].startup_delay_ms = 2000;
	fake_box_start(A, &story_confs[A]);
	fake_run(1990);
	assert_int_equal(fake_state(A, "VI"), KA_INIT);
	fake_run(20);
	assert_int_equal(fake_state(A, "VI"), KA_BACKUP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, story_setup, story_teardown)
		TEST(sync_groups),
		TEST(sync_group_fault),
		TEST(tracked),
		TEST(link_delays),
		TEST(no_source),
		TEST(own_health),
		TEST(gate),
		TEST(failover),
		TEST(fence),
		TEST(fence_believes),
		TEST(reload),
		TEST(startup_delay),
		TEST(slow_channel),
		TEST(last_word),
		TEST(fence_sync_group),
		TEST(fence_sync_group_late),
		TEST(group_formed),
		TEST(group_formed_equals),
		TEST(group_formed_here),
		TEST(group_formed_lowered),
		TEST(group_extended),
		TEST(tracked_delays),
		TEST(group_delays),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
