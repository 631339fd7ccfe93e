/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new configuration takes the place of the old one: instances keep their state by name, those that are gone give way
 * first, and channels that did not change go on. Keepalive thread, with the lock.
 */
#include "ka_room.h"

#include "sl_log.h"

#include <stdlib.h>

enum { LAST_WORD_MS = 200 }; /* so long a slow line has to say that this box gives way */

/* One that is another router now begins anew. */
static struct instance *
old_find(struct ka_run *run, const struct ka_instance *conf)
{
	struct instance *old = ka_instance_find(run, conf->name);

	return old != NULL && old->conf.vrid == conf->vrid && old->conf.family == conf->family &&
			       old->conf.version == conf->version && old->conf.port == conf->port &&
			       old->conf.adverts == conf->adverts
		       ? old
		       : NULL;
}

static void
instance_end(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	struct vrrp_actions actions = { 0 };

	vrrp_fsm_stop(&instance->fsm, now_us, &actions);
	ka_instance_do(run, instance, &actions, now_us);
}

static bool
is_kept(const struct ka_conf *next, struct ka_run *run, const struct instance *instance)
{
	for (unsigned int i = 0; i < next->instance_count; i++)
		if (old_find(run, &next->instances[i]) == instance)
			return true;
	return false;
}

static unsigned int
addr_port(const struct ka_instance *conf, unsigned int i)
{
	return conf->addrs[i].port < 0 ? conf->port : (unsigned int)conf->addrs[i].port;
}

/* Has an address come, or gone to another port or MAC? Neighbours have to hear of it. */
static bool
addrs_differ(const struct ka_instance *old, const struct ka_instance *conf)
{
	for (unsigned int i = 0; i < conf->addr_count; i++) {
		unsigned int k = 0;

		while (k < old->addr_count &&
		       (!sl_addr_eq(&old->addrs[k].prefix.addr, &conf->addrs[i].prefix.addr) ||
			addr_port(old, k) != addr_port(conf, i)))
			k++;
		if (k == old->addr_count)
			return true;
	}
	return old->vmac != conf->vmac;
}

/* Takes `old` along, or begins. False: no memory, and nothing is left of it. */
static bool
instance_make(struct ka_run *run, struct instance *instance, struct instance *old,
	      const struct ka_instance *conf, uint64_t now_us)
{
	struct ka_instance before = { 0 };

	if (old != NULL) {
		*instance = *old;
		before = old->conf;
		*old = (struct instance){ 0 };
	}
	if (!ka_instance_set(run, instance, conf, now_us)) {
		if (before.group != 0)
			dp_ha_hold(before.group, false, NULL);
		ka_instance_free(instance);
		sl_error("vrrp_instance %s: no memory", conf->name);
		return false;
	}
	instance->fsm.gate = run->gate;
	instance->apart_us = 0;
	if (instance->fsm.state != KA_MASTER) {
		/* Its virtual MAC is named early: by the time it is MASTER the devices let it in. */
		if (conf->vmac)
			ka_instance_hold(instance, false);
		return true;
	}
	if (before.group != conf->group)
		dp_ha_hold(before.group, false, NULL);
	ka_instance_hold(instance, true);
	/* A round that has begun goes on, among those that there are now. */
	announce_moved(&instance->announce, conf->addr_count);
	if (addrs_differ(&before, conf))
		announce_added(&instance->announce, &conf->garp, now_us);
	else
		announce_refresh(&instance->announce, &conf->garp, now_us);
	return true;
}

/* What was told of a sync group is not told again. */
static uint8_t *
states_make(const struct ka_run *run, const struct ka_conf *next)
{
	uint8_t *states = calloc(next->group_count + 1, sizeof(*states));

	for (unsigned int i = 0; states != NULL && i < next->group_count; i++)
		for (unsigned int k = 0; run->conf != NULL && k < run->conf->group_count; k++)
			if (strcmp(run->conf->groups[k].name, next->groups[i].name) == 0)
				states[i] = run->group_states[k];
	return states;
}

static bool
heartbeats_same(const struct ka_conf *a, const struct ka_conf *b)
{
	return a != NULL && a->heartbeat_count == b->heartbeat_count &&
	       (a->heartbeat_count == 0 ||
		memcmp(a->heartbeats, b->heartbeats, a->heartbeat_count * sizeof(*a->heartbeats)) == 0);
}

/* Bits by the number that a channel has now; `fresh`: of those that there were not. */
static uint16_t
bits_move(uint16_t bits, const int *from, unsigned int count, bool fresh)
{
	uint16_t moved = 0;

	for (unsigned int i = 0; i < count; i++)
		if (from[i] < 0 ? fresh : bits >> from[i] & 1)
			moved |= (uint16_t)(1U << i);
	return moved;
}

static void
said_move(struct instance *instance, const int *from, unsigned int count)
{
	uint8_t said_by[KA_HEARTBEATS_MAX] = { 0 };

	for (unsigned int i = 0; i < count; i++)
		if (from[i] >= 0)
			said_by[i] = instance->said_by[from[i]];
	memcpy(instance->said_by, said_by, sizeof(said_by));
	instance->said_master = bits_move(instance->said_master, from, count, false);
	/* A new one may still bring what was said before. */
	instance->behind = bits_move(instance->behind, from, count, instance->behind != 0);
}

/* What is known by a channel that goes on stays known, under its new number. */
static void
channels_move(struct ka_run *run, const struct ka_conf *before)
{
	struct channel channels[KA_HEARTBEATS_MAX] = { 0 };
	int from[KA_HEARTBEATS_MAX];
	const struct ka_conf *conf = run->conf;

	for (unsigned int i = 0; i < conf->heartbeat_count; i++) {
		from[i] = -1;
		for (unsigned int k = 0; k < run->channel_count && run->heartbeat != NULL; k++)
			if (memcmp(&before->heartbeats[k], &conf->heartbeats[i],
				   sizeof(conf->heartbeats[i])) == 0)
				from[i] = (int)k;
		if (from[i] >= 0)
			channels[i] = run->channels[from[i]];
	}
	for (unsigned int i = 0; i < run->instance_count; i++)
		said_move(&run->instances[i], from, conf->heartbeat_count);
	memcpy(run->channels, channels, sizeof(channels));
	run->channel_count = conf->heartbeat_count;
}

static void
heartbeats_set(struct ka_run *run, struct event_base *base, const struct ka_conf *before)
{
	const struct heartbeat_calls calls = { ka_peer_heard, ka_peer_channel, run };
	const struct ka_conf *conf = run->conf;
	bool good = true;

	channels_move(run, before);
	if (base == NULL || conf->heartbeat_count == 0) {
		heartbeat_destroy(run->heartbeat);
		run->heartbeat = NULL;
		run->channel_count = 0;
		return;
	}
	if (run->heartbeat != NULL)
		good = heartbeat_change(run->heartbeat, conf->heartbeats, conf->heartbeat_count);
	else
		run->heartbeat =
			heartbeat_create(base, conf->heartbeats, conf->heartbeat_count, run->boot_id, &calls);
	if (good && run->heartbeat != NULL)
		return;
	heartbeat_destroy(run->heartbeat);
	run->heartbeat = NULL;
	memset(run->channels, 0, sizeof(run->channels));
	for (unsigned int i = 0; i < run->instance_count; i++)
		run->instances[i].said_master = 0;
	sl_error("heartbeats: no memory");
}

static void
listen_set(const struct ka_run *run)
{
	uint32_t ports = 0;

	for (unsigned int i = 0; i < run->instance_count; i++)
		if (run->instances[i].conf.adverts)
			ports |= UINT32_C(1) << run->instances[i].conf.port;
	dp_ha_listen(ports);
}

void
ka_apply_next(struct ka_run *run, struct event_base *base, uint64_t now_us)
{
	struct ka_conf *next = run->next, *before = run->conf;
	struct instance *instances = calloc(next->instance_count + 1, sizeof(*instances));
	uint8_t *states = states_make(run, next);
	bool same = heartbeats_same(before, next);
	unsigned int count = 0;
	bool ended = false;

	run->next = NULL;
	if (instances == NULL || states == NULL) {
		free(instances);
		free(states);
		ka_conf_free(next);
		sl_error("keepalive: no memory for a new configuration; the old one stays");
		return;
	}
	for (unsigned int i = 0; i < run->instance_count; i++)
		if (!is_kept(next, run, &run->instances[i])) {
			instance_end(run, &run->instances[i], now_us);
			ended = true;
		}
	/* The last word of those that end, while they are still there to be listed. */
	if (ended)
		ka_peer_say(run, now_us);
	for (unsigned int i = 0; i < run->instance_count; i++)
		if (!is_kept(next, run, &run->instances[i])) {
			ka_instance_free(&run->instances[i]);
			run->instances[i].conf.name[0] = '\0';
		}
	run->conf = next;
	for (unsigned int i = 0; i < next->instance_count; i++)
		count += instance_make(run, &instances[count], old_find(run, &next->instances[i]),
				       &next->instances[i], now_us);
	free(run->instances);
	free(run->group_states);
	run->instances = instances;
	run->instance_count = count;
	run->group_states = states;
	if (!same)
		heartbeats_set(run, base, before);
	listen_set(run);
	ka_watch_forget(run);
	run->watch_now = run->say = true;
	run->sync_told = false;
	ka_sync_roles(run);
	ka_conf_free(before);
}

void
ka_apply_starts(struct ka_run *run, uint64_t now_us)
{
	if (run->conf == NULL || now_us < run->started_us + (uint64_t)run->conf->startup_delay_ms * 1000)
		return;
	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct vrrp_actions actions = { 0 };

		if (run->instances[i].fsm.state != KA_INIT)
			continue;
		vrrp_fsm_start(&run->instances[i].fsm, now_us, &actions);
		ka_instance_do(run, &run->instances[i], &actions, now_us);
	}
}

void
ka_apply_end(struct ka_run *run, uint64_t now_us)
{
	for (unsigned int i = 0; i < run->instance_count; i++)
		instance_end(run, &run->instances[i], now_us);
	if (run->conf != NULL)
		ka_group_tell(run);
	run->say = true;
	if (run->conf != NULL)
		ka_peer_say(run, now_us);
	dp_ha_listen(0);
	heartbeat_drain(run->heartbeat, LAST_WORD_MS);
	heartbeat_destroy(run->heartbeat);
	run->heartbeat = NULL;
	for (unsigned int i = 0; i < run->instance_count; i++)
		ka_instance_free(&run->instances[i]);
	free(run->instances);
	free(run->group_states);
	run->instances = NULL;
	run->group_states = NULL;
	run->instance_count = 0;
	ka_conf_free(run->conf);
	run->conf = NULL;
}
