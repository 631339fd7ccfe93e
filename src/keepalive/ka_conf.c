/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration of keepalive's own (ka_conf.h). The arrays that hang on it are copied one by one; what a field
 * means stands in ka.h.
 */
#include "ka_conf.h"

#include "vrrp_packet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies `count` things of `size` bytes. An array of none is NULL. */
static bool
array_copy(void *to, const void *from, unsigned int count, size_t size)
{
	void *copy = NULL;

	if (count > 0) {
		copy = malloc(count * size);
		if (copy == NULL)
			return false;
		memcpy(copy, from, count * size);
	}
	memcpy(to, &copy, sizeof(copy));
	return true;
}

static bool
instance_copy(struct ka_instance *to, const struct ka_instance *from)
{
	*to = *from;
	to->peers = NULL;
	to->addrs = NULL;
	to->tracks = NULL;
	return array_copy(&to->peers, from->peers, from->peer_count, sizeof(*to->peers)) &&
	       array_copy(&to->addrs, from->addrs, from->addr_count, sizeof(*to->addrs)) &&
	       array_copy(&to->tracks, from->tracks, from->track_count, sizeof(*to->tracks));
}

static bool
arrays_fill(struct ka_conf *to, const struct ka_conf *from)
{
	if (from->instance_count > 0) {
		to->instances = calloc(from->instance_count, sizeof(*to->instances));
		if (to->instances == NULL)
			return false;
		to->instance_count = from->instance_count;
	}
	for (unsigned int i = 0; i < to->instance_count; i++)
		if (!instance_copy(&to->instances[i], &from->instances[i]))
			return false;
	if (from->group_count > 0) {
		to->groups = calloc(from->group_count, sizeof(*to->groups));
		if (to->groups == NULL)
			return false;
		to->group_count = from->group_count;
	}
	for (unsigned int i = 0; i < to->group_count; i++) {
		const struct ka_sync_group *group = &from->groups[i];

		to->groups[i] = *group;
		to->groups[i].tracks = NULL;
		if (!array_copy(&to->groups[i].tracks, group->tracks, group->track_count,
				sizeof(*group->tracks)))
			return false;
	}
	if (!array_copy(&to->heartbeats, from->heartbeats, from->heartbeat_count, sizeof(*to->heartbeats)))
		return false;
	to->heartbeat_count = from->heartbeat_count;
	return true;
}

struct ka_conf *
ka_conf_copy(const struct ka_conf *conf)
{
	struct ka_conf *copy = calloc(1, sizeof(*copy));

	if (copy == NULL)
		return NULL;
	*copy = *conf;
	copy->instances = NULL;
	copy->groups = NULL;
	copy->heartbeats = NULL;
	copy->instance_count = copy->group_count = copy->heartbeat_count = 0;
	if (arrays_fill(copy, conf))
		return copy;
	ka_conf_free(copy);
	return NULL;
}

void
ka_conf_free(struct ka_conf *conf)
{
	if (conf == NULL)
		return;
	for (unsigned int i = 0; i < conf->instance_count; i++) {
		free(conf->instances[i].peers);
		free(conf->instances[i].addrs);
		free(conf->instances[i].tracks);
	}
	for (unsigned int i = 0; i < conf->group_count; i++)
		free(conf->groups[i].tracks);
	free(conf->instances);
	free(conf->groups);
	free(conf->heartbeats);
	free(conf);
}

bool
ka_conf_is_empty(const struct ka_conf *conf)
{
	return conf->instance_count == 0 && conf->heartbeat_count == 0 && !conf->sync.enabled;
}

/* The addresses that its adverts list. */
static unsigned int
listed_count(const struct ka_instance *instance)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < instance->addr_count; i++)
		count += !instance->addrs[i].excluded &&
			 sl_addr_is_v4(&instance->addrs[i].prefix.addr) == (instance->family == 4);
	return count;
}

static int
instance_check(const struct ka_conf *conf, const struct ka_instance *instance, char ret_error[DP_ERROR_SIZE])
{
	unsigned int most = instance->family == 4 ? VRRP_ADDRS4_MAX : VRRP_ADDRS6_MAX;
	const char *wrong = NULL;

	if (instance->family != 4 && instance->family != 6)
		wrong = "its family is neither 4 nor 6";
	else if (instance->version != 2 && instance->version != 3)
		wrong = "VRRP has versions 2 and 3";
	else if (instance->version == 2 && instance->family == 6)
		wrong = "version 2 is for IPv4 alone";
	else if (instance->version == 2 && (instance->advert_ms < 1000 || instance->advert_ms > 255000))
		wrong = "version 2 needs an advert_int of 1 to 255 seconds";
	else if (instance->version == 3 && (instance->advert_ms < 10 || instance->advert_ms > 40950))
		wrong = "version 3 needs an advert_int of 0.01 to 40.95 seconds";
	else if (instance->vrid == 0 || instance->priority == 0 || instance->down_adverts == 0)
		wrong = "virtual_router_id, priority and down_timer_adverts begin at 1";
	else if (instance->group == 0 || instance->group >= DP_HA_GROUPS_MAX)
		wrong = "its group is none of the data plane";
	else if (instance->port >= DP_PORTS_MAX)
		wrong = "its port is none of the data plane";
	else if (instance->sync_group >= (int)conf->group_count)
		wrong = "there is no such sync group";
	if (wrong != NULL) {
		snprintf(ret_error, DP_ERROR_SIZE, "vrrp_instance %s: %s", instance->name, wrong);
		return -EINVAL;
	}
	if (listed_count(instance) > most) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "vrrp_instance %s: an advert lists %u addresses at most; put the others into "
			 "virtual_ipaddress_excluded",
			 instance->name, most);
		return -EINVAL;
	}
	if (instance->auth == KA_AUTH_AH) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "vrrp_instance %s: auth_type AH is not spoken here; use PASS, or heartbeats with a "
			 "key",
			 instance->name);
		return -ENOTSUP;
	}
	return 0;
}

int
ka_conf_check(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE])
{
	if (conf->instance_count > KA_INSTANCES_MAX || conf->heartbeat_count > KA_HEARTBEATS_MAX) {
		snprintf(ret_error, DP_ERROR_SIZE, "at most %d instances of VRRP and %d heartbeats",
			 KA_INSTANCES_MAX, KA_HEARTBEATS_MAX);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < conf->instance_count; i++) {
		int err = instance_check(conf, &conf->instances[i], ret_error);

		if (err != 0)
			return err;
	}
	return 0;
}
