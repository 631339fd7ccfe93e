/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two boxes with a wire between them, on a clock of the test's: elections, take-over, return, all of it through real
 * adverts, but no packet leaves the process.
 */
#include "fake_box.h"

#include "sl_addr.h"
#include "sl_test.h"

static struct ka_addr addrs[] = { { .port = -1 },
				  { .port = -1 },
				  { .port = -1, .local = true, .excluded = true } };

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
	return 0;
}

static int
teardown(void **state)
{
	fake_reset();
	return 0;
}

static void
election(void **state)
{
	struct ka_instance a = instance("VI", 51, 150), b = instance("VI", 51, 100);
	struct ka_conf conf_a = { .instances = &a, .instance_count = 1, .own_health = true };
	struct ka_conf conf_b = { .instances = &b, .instance_count = 1, .own_health = true };

	fake_box_start(0, &conf_a);
	fake_box_start(1, &conf_b);
	fake_run(1000);
	assert_int_equal(fake_state(0, "VI"), KA_MASTER);
	assert_int_equal(fake_state(1, "VI"), KA_BACKUP);
	assert_true(fake_boxes[0].held[51]);
	assert_false(fake_boxes[1].held[51]);
	assert_int_equal(fake_boxes[0].arps, 15);
	fake_run(5000);
	assert_int_equal(fake_boxes[0].arps, 30);
	assert_int_equal(fake_boxes[1].arps, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(election, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
