/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration's two boxes for those who start keepalive (conf_ha.h): copies
 * with their numbers, moving addresses for the data plane, and names looked up.
 * Pure functions.
 */
#include "conf.h"
#include "sl_addr.h"

#include <stdlib.h>
#include <string.h>

/* Takes what copies need from one block of memory; with `base` NULL it only counts. */
struct cut {
	char *base;
	size_t used;
};

static void *cut_copy(struct cut *cut, const void *items, size_t count, size_t size);
static void ka_copy(struct cut *cut, const struct conf *conf, const unsigned int *ports,
		    const uint16_t *groups);
static void tracks_map(struct ka_track *tracks, unsigned int count, const unsigned int *ports);

struct ka_conf *
conf_ha_copy(const struct conf *conf, const unsigned int *ports, const uint16_t *groups)
{
	struct cut cut = { NULL, 0 };

	ka_copy(&cut, conf, ports, groups);
	cut.base = calloc(1, cut.used);
	if (cut.base == NULL)
		return NULL;
	cut.used = 0;
	ka_copy(&cut, conf, ports, groups);
	return (struct ka_conf *)(void *)cut.base;
}

unsigned int
conf_ha_moving_count(const struct ka_conf *ka)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < ka->instance_count; i++)
		count += ka->instances[i].addr_count;
	return count;
}

void
conf_ha_moving(const struct ka_conf *ka, struct dp_moving *ret_moving)
{
	for (unsigned int i = 0; i < ka->instance_count; i++) {
		const struct ka_instance *instance = &ka->instances[i];

		for (unsigned int j = 0; j < instance->addr_count; j++) {
			const struct ka_addr *addr = &instance->addrs[j];

			*ret_moving++ = (struct dp_moving){
				.prefix = addr->prefix,
				.port = addr->port >= 0 ? (unsigned int)addr->port : instance->port,
				.group = instance->group,
				.no_ping = !instance->accept && instance->priority != KA_PRIORITY_OWNER,
			};
		}
	}
}

const struct conf_pool *
conf_ha_pool(const struct conf *conf, const char *name)
{
	struct dp_service_key key = { .proto = strncmp(name, "UDP ", 4) == 0 ? SL_PROTO_UDP : SL_PROTO_TCP };
	const struct conf_service *service;

	if ((strncmp(name, "TCP ", 4) == 0 || strncmp(name, "UDP ", 4) == 0) &&
	    sl_endpoint_parse(name + 4, &key.vip, &key.port) == 0) {
		service = conf_service_find(conf, &key);
		return service == NULL ? NULL : service->pool;
	}
	for (unsigned int i = 0; i < conf->pool_count; i++) {
		if (conf->pools[i].name != NULL && strcmp(conf->pools[i].name, name) == 0)
			return &conf->pools[i];
	}
	return NULL;
}

bool
conf_addr_is_multicast(const struct sl_addr *addr)
{
	return sl_addr_is_v4(addr) ? (addr->b[12] & 0xf0) == 0xe0 : addr->b[0] == 0xff;
}

const struct conf_vrrp_script *
conf_ha_script(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->ha.script_count; i++) {
		if (strcmp(conf->ha.scripts[i].name, name) == 0)
			return &conf->ha.scripts[i];
	}
	return NULL;
}

const struct conf_track_process *
conf_ha_process(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->ha.process_count; i++) {
		if (strcmp(conf->ha.processes[i].name, name) == 0)
			return &conf->ha.processes[i];
	}
	return NULL;
}

const struct conf_track_file *
conf_ha_file(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->track_file_count; i++) {
		if (strcmp(conf->track_files[i].name, name) == 0)
			return &conf->track_files[i];
	}
	return NULL;
}

/* The struct ka_conf itself is the first. */
static void
ka_copy(struct cut *cut, const struct conf *conf, const unsigned int *ports, const uint16_t *groups)
{
	const struct ka_conf *from = &conf->ka;
	struct ka_conf *ka = cut_copy(cut, from, 1, sizeof(*from));
	struct ka_instance *instances =
		cut_copy(cut, from->instances, from->instance_count, sizeof(*from->instances));
	struct ka_sync_group *sync_groups =
		cut_copy(cut, from->groups, from->group_count, sizeof(*from->groups));
	struct ka_heartbeat *heartbeats =
		cut_copy(cut, from->heartbeats, from->heartbeat_count, sizeof(*from->heartbeats));

	for (unsigned int i = 0; i < from->instance_count; i++) {
		const struct ka_instance *old = &from->instances[i];
		struct sl_addr *peers = cut_copy(cut, old->peers, old->peer_count, sizeof(*old->peers));
		struct ka_addr *addrs = cut_copy(cut, old->addrs, old->addr_count, sizeof(*old->addrs));
		struct ka_track *tracks = cut_copy(cut, old->tracks, old->track_count, sizeof(*old->tracks));

		if (cut->base == NULL)
			continue;
		instances[i].peers = peers;
		instances[i].addrs = addrs;
		instances[i].tracks = tracks;
		if (groups != NULL)
			instances[i].group = groups[i];
		if (ports == NULL)
			continue;
		instances[i].port = ports[old->port];
		for (unsigned int j = 0; j < old->addr_count; j++)
			addrs[j].port = addrs[j].port < 0 ? -1 : (int)ports[addrs[j].port];
		tracks_map(tracks, old->track_count, ports);
	}
	for (unsigned int i = 0; i < from->group_count; i++) {
		const struct ka_sync_group *old = &from->groups[i];
		struct ka_track *tracks = cut_copy(cut, old->tracks, old->track_count, sizeof(*old->tracks));

		if (cut->base == NULL)
			continue;
		sync_groups[i].tracks = tracks;
		tracks_map(tracks, old->track_count, ports);
	}
	if (cut->base == NULL)
		return;
	ka->instances = instances;
	ka->groups = sync_groups;
	ka->heartbeats = heartbeats;
}

static void *
cut_copy(struct cut *cut, const void *items, size_t count, size_t size)
{
	void *copy = cut->base == NULL ? NULL : cut->base + cut->used;

	if (cut->base != NULL && count > 0)
		memcpy(copy, items, count * size);
	cut->used += (count * size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	return copy;
}

static void
tracks_map(struct ka_track *tracks, unsigned int count, const unsigned int *ports)
{
	for (unsigned int i = 0; ports != NULL && i < count; i++) {
		if (tracks[i].kind == KA_TRACK_PORT)
			tracks[i].port = ports[tracks[i].port];
	}
}
