/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stories of two boxes begin with (box_story.h).
 */
#include "box_story.h"

#include "sl_addr.h"
#include "sl_test.h"

static struct ka_addr addrs[] = { { .port = -1 },
				  { .port = -1 },
				  { .port = -1, .local = true, .excluded = true } };
static struct ka_heartbeat heartbeat = { .name = "hb", .key = "k", .interval_ms = 100, .dead_ms = 400 };

/* Configurations of two boxes, alike but for the priorities. */
struct ka_instance story_ones[FAKE_BOXES][2];
static struct ka_sync_group groups[FAKE_BOXES];
struct ka_conf story_confs[FAKE_BOXES];

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
		.higher_prio_send_advert = true,
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

int
story_setup(void **state)
{
	sl_prefix_parse("192.0.2.1/24", &addrs[0].prefix);
	sl_prefix_parse("192.0.2.2/24", &addrs[1].prefix);
	sl_prefix_parse("10.0.0.200/32", &addrs[2].prefix);
	fake_reset();
	heartbeat.dead_ms = 400;
	for (unsigned int box = 0; box < FAKE_BOXES; box++) {
		story_ones[box][0] = instance("VI", 51, box == A ? 150 : 100);
		story_ones[box][1] = instance("VJ", 52, box == A ? 150 : 100);
		groups[box] = (struct ka_sync_group){ .name = "G" };
		story_confs[box] = (struct ka_conf){
			.instances = story_ones[box],
			.instance_count = 1,
			.groups = &groups[box],
			.heartbeats = &heartbeat,
			.own_health = true,
			.fence_timeout_ms = 1000,
		};
		strcpy(story_confs[box].router_id, box == A ? "lb1" : "lb2");
	}
	return 0;
}

int
story_teardown(void **state)
{
	fake_reset();
	ka_running = NULL;
	return 0;
}

void
story_both_start(void)
{
	fake_box_start(A, &story_confs[A]);
	fake_box_start(B, &story_confs[B]);
	fake_run(1500);
	assert_int_equal(fake_state(A, "VI"), KA_MASTER);
	assert_int_equal(fake_state(B, "VI"), KA_BACKUP);
}

void
story_heartbeats_too(void)
{
	story_confs[A].heartbeat_count = story_confs[B].heartbeat_count = 1;
}

void
story_heartbeats_alone(void)
{
	story_heartbeats_too();
	story_ones[A][0].adverts = story_ones[B][0].adverts = false;
}

void
story_grouped(void)
{
	for (unsigned int box = 0; box < FAKE_BOXES; box++) {
		story_confs[box].group_count = 1;
		story_confs[box].instance_count = 2;
		story_ones[box][0].sync_group = story_ones[box][1].sync_group = 0;
	}
}

unsigned int
story_watch(unsigned int ms, unsigned int most_ms)
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
