/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers by which the data plane and keepalive know vrrp_instances: each
 * has a group of addresses (dp_ha.h), and keeps it by its name from one
 * configuration to the next, wherever it stands in the file.
 *
 * A configuration is applied here first, and a moment later by the keepalive thread, which only then lets
 * go of what an instance that is gone held. Were its number given to another at once, that one's addresses would
 * be held for this moment, by a box that is not MASTER. So numbers go round. Control thread only.
 */
#include "model_private.h"

#include <stdlib.h>

static uint16_t group_take(struct model_groups *groups, const struct model_groups *before);
static bool conf_has(const struct conf *conf, const char *name);

void
model_groups_assign(struct model_groups *groups, const struct conf *conf)
{
	const struct model_groups before = *groups;

	for (unsigned int g = 1; g < DP_HA_GROUPS_MAX; g++)
		if (groups->name[g][0] != '\0' && !conf_has(conf, groups->name[g]))
			groups->name[g][0] = '\0';
	for (unsigned int i = 0; i < conf->ka.instance_count; i++) {
		const char *name = conf->ka.instances[i].name;

		if (model_groups_find(groups, name) == 0)
			strcpy(groups->name[group_take(groups, &before)], name);
	}
}

uint16_t
model_groups_find(const struct model_groups *groups, const char *name)
{
	for (unsigned int g = 1; g < DP_HA_GROUPS_MAX; g++)
		if (strcmp(groups->name[g], name) == 0)
			return (uint16_t)g;
	return 0;
}

struct ka_conf *
model_groups_ka(const struct model_groups *groups, const struct conf *conf, const struct model *model)
{
	unsigned int ports[DP_PORTS_MAX] = { 0 };
	uint16_t numbers[DP_HA_GROUPS_MAX] = { 0 };

	for (unsigned int i = 0; i < conf->port_count && i < DP_PORTS_MAX; i++)
		ports[i] = model_port_opened(model, conf, i);
	for (unsigned int i = 0; i < conf->ka.instance_count && i < KA_INSTANCES_MAX; i++)
		numbers[i] = model_groups_find(groups, conf->ka.instances[i].name);
	return conf_ha_copy(conf, ports, numbers);
}

struct ka_conf *
model_ka(const struct model *model)
{
	return model_groups_ka(&model->groups, model->conf, model);
}

/* The next that nobody has and nobody had; else the next that nobody has. There are as many as instances. */
static uint16_t
group_take(struct model_groups *groups, const struct model_groups *before)
{
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < KA_INSTANCES_MAX; i++) {
			unsigned int g = 1 + (groups->last + i) % KA_INSTANCES_MAX;

			if (groups->name[g][0] != '\0' || (pass == 0 && before->name[g][0] != '\0'))
				continue;
			groups->last = g;
			return (uint16_t)g;
		}
	}
	return 0;
}

static bool
conf_has(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->ka.instance_count; i++)
		if (strcmp(conf->ka.instances[i].name, name) == 0)
			return true;
	return false;
}
