/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers of vrrp_instances: each keeps its own by its name, and one that has
 * just become free is nobody's yet.
 */
#include "model_private.h"
#include "sl_test.h"

#include <stdio.h>

enum { COUNT = 254 };

static struct ka_instance instances[KA_INSTANCES_MAX];
static struct conf conf = { .ka.instances = instances };

static void
named(unsigned int i, const char *name)
{
	snprintf(instances[i].name, sizeof(instances[i].name), "%s", name);
}

/* All numbers are different, and all instances have one. */
static void
groups_require(const struct model_groups *groups)
{
	bool taken[DP_HA_GROUPS_MAX] = { false };

	for (unsigned int i = 0; i < conf.ka.instance_count; i++) {
		uint16_t group = model_groups_find(groups, instances[i].name);

		assert_true(group != 0 && group < DP_HA_GROUPS_MAX && !taken[group]);
		taken[group] = true;
	}
}

static void
test_groups(void **state)
{
	struct model_groups groups = { 0 };
	char name[16];

	conf.ka.instance_count = COUNT;
	for (unsigned int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "VI_%u", i);
		named(i, name);
	}
	model_groups_assign(&groups, &conf);
	groups_require(&groups);
	assert_int_equal(model_groups_find(&groups, "VI_0"), 1);
	assert_int_equal(model_groups_find(&groups, "VI_253"), 254);

	/* The one number left; then the one that is free for longer; never the one that has just become free. */
	named(5, "A");
	model_groups_assign(&groups, &conf);
	assert_int_equal(model_groups_find(&groups, "A"), 255);
	assert_int_equal(model_groups_find(&groups, "VI_5"), 0);
	named(2, "B");
	model_groups_assign(&groups, &conf);
	assert_int_equal(model_groups_find(&groups, "B"), 6);
	groups_require(&groups);

	/* The other way round in the file. */
	named(0, "VI_253");
	named(253, "VI_0");
	model_groups_assign(&groups, &conf);
	assert_int_equal(model_groups_find(&groups, "VI_0"), 1);
	assert_int_equal(model_groups_find(&groups, "VI_253"), 254);

	/* All at once, and no number to spare: there is no other way than to give a number on. */
	conf.ka.instance_count = KA_INSTANCES_MAX;
	for (unsigned int i = 0; i < KA_INSTANCES_MAX; i++) {
		snprintf(name, sizeof(name), "NEW_%u", i);
		named(i, name);
	}
	model_groups_assign(&groups, &conf);
	groups_require(&groups);
	conf.ka.instance_count = 0;
	model_groups_assign(&groups, &conf);
	assert_int_equal(model_groups_find(&groups, "NEW_0"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_groups) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
