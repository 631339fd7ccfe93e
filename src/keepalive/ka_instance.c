/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A running VRRP instance: its adverts out and in, and the effects of its state machine (vrrp_fsm.h) on the data
 * plane, the heartbeats and the sync group. Keepalive thread, with the lock (ka_room.h).
 */
#include "ka_room.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	RECEIVE_BUDGET = 512,    /* packets a turn: a flood must not keep the timers from running */
	LOWER_TOLD_US = 1000000, /* how often an event tells of a lower priority, at most */
};

/* Which counter a packet that is not taken belongs to. */
static const size_t verdict_counters[VRRP_VERDICT_MAX] = {
	[VRRP_BAD_LENGTH] = offsetof(struct ka_instance_status, bad_length),
	[VRRP_BAD_TTL] = offsetof(struct ka_instance_status, bad_ttl),
	[VRRP_BAD_VERSION] = offsetof(struct ka_instance_status, bad_version),
	[VRRP_BAD_AUTH] = offsetof(struct ka_instance_status, bad_auth),
	[VRRP_BAD_INTERVAL] = offsetof(struct ka_instance_status, bad_interval),
	[VRRP_BAD_TYPE] = offsetof(struct ka_instance_status, bad_type),
	[VRRP_BAD_CHECKSUM] = offsetof(struct ka_instance_status, bad_checksum),
	[VRRP_BAD_SOURCE] = offsetof(struct ka_instance_status, bad_source),
};

static struct sl_addr group4(void);
static struct sl_addr group6(void);

/* ---- configuration ---- */

static bool
listed_fill(struct instance *instance)
{
	const struct ka_instance *conf = &instance->conf;
	struct sl_addr *listed = calloc(conf->addr_count + 1, sizeof(*listed));
	unsigned int count = 0;

	if (listed == NULL)
		return false;
	for (unsigned int i = 0; i < conf->addr_count; i++)
		if (!conf->addrs[i].excluded &&
		    sl_addr_is_v4(&conf->addrs[i].prefix.addr) == (conf->family == 4))
			listed[count++] = conf->addrs[i].prefix.addr;
	free(instance->listed);
	instance->listed = listed;
	instance->wire = (struct vrrp_wire){
		.family = conf->family,
		.version = conf->version,
		.vrid = conf->vrid,
		.advert_ms = conf->advert_ms,
		.auth = conf->auth,
		.checksum_as_v2 = conf->checksum_as_v2,
		.unicast = conf->peer_count > 0,
		.check_source = conf->check_unicast_src,
		.skip_check_addrs = conf->skip_check_addrs,
		.peers = conf->peers,
		.peer_count = conf->peer_count,
		.addrs = listed,
		.addr_count = count,
	};
	memcpy(instance->wire.auth_pass, conf->auth_pass, VRRP_AUTH_SIZE);
	return true;
}

/* Links that go on being tracked are seen as they were, and a delay that runs goes on. */
static void
watches_keep(const struct instance *instance, const struct ka_instance *conf, struct watch *watches)
{
	for (unsigned int i = 0; i < conf->track_count; i++)
		for (unsigned int k = 0; k < instance->conf.track_count; k++)
			if (conf->tracks[i].kind == instance->conf.tracks[k].kind &&
			    strcmp(conf->tracks[i].name, instance->conf.tracks[k].name) == 0)
				watches[i] = instance->watches[k];
}

bool
ka_instance_set(struct ka_run *run, struct instance *instance, const struct ka_instance *conf,
		uint64_t now_us)
{
	const struct vrrp_fsm_conf fsm = {
		.version = conf->version,
		.family = conf->family,
		.base_priority = conf->priority,
		.initial = conf->initial,
		.advert_us = (uint64_t)conf->advert_ms * 1000,
		.down_adverts = conf->down_adverts,
		.nopreempt = conf->nopreempt,
		.preempt_delay_us = (uint64_t)conf->preempt_delay_ms * 1000,
		.lower_prio_no_advert = conf->lower_prio_no_advert,
		.higher_prio_send_advert = conf->higher_prio_send_advert,
		.grouped = conf->sync_group >= 0,
		.fence = run->conf->fence,
	};
	struct watch *watches = calloc(ka_watch_count(run, conf) + 1, sizeof(*watches));

	if (watches == NULL)
		return false;
	watches_keep(instance, conf, watches);
	free(instance->watches);
	instance->watches = watches;
	instance->conf = *conf;
	instance->addrs_told = instance->interval_told = false;
	instance->refused_told = 0;
	if (!listed_fill(instance))
		return false;
	if (instance->counts.group != 0) {
		instance->counts.group = conf->group;
		vrrp_fsm_conf_set(&instance->fsm, now_us, &fsm);
		return true;
	}
	instance->counts.group = conf->group;
	vrrp_fsm_init(&instance->fsm, &fsm, conf->priority);
	instance->fsm.since_us = now_us;
	instance->heard_us = VRRP_NEVER;
	announce_stop(&instance->announce);
	return true;
}

void
ka_instance_free(struct instance *instance)
{
	free(instance->listed);
	free(instance->watches);
	instance->listed = NULL;
	instance->watches = NULL;
}

struct instance *
ka_instance_find(struct ka_run *run, const char *name)
{
	for (unsigned int i = 0; i < run->instance_count; i++)
		if (strcmp(run->instances[i].conf.name, name) == 0)
			return &run->instances[i];
	return NULL;
}

/* ---- out ---- */

static void
vmac_make(const struct ka_instance *conf, uint8_t ret_mac[6])
{
	const uint8_t mac[6] = { 0, 0, 0x5e, 0, conf->family == 4 ? 1 : 2, conf->vrid };

	memcpy(ret_mac, mac, 6);
}

void
ka_instance_hold(struct instance *instance, bool held)
{
	uint8_t vmac[6];

	vmac_make(&instance->conf, vmac);
	dp_ha_hold(instance->conf.group, held, instance->conf.vmac ? vmac : NULL);
}

static struct sl_addr
group4(void)
{
	return sl_addr_from_v4(htonl(0xe0000012));
}

static struct sl_addr
group6(void)
{
	static const uint8_t group[16] = { 0xff, 0x02, [15] = 0x12 };

	return sl_addr_from_v6(group);
}

static void
advert_send(struct instance *instance, uint8_t priority)
{
	const struct ka_instance *conf = &instance->conf;
	uint8_t frame[DP_HA_FRAME_MAX], mac[6];
	struct dp_ha_port port;
	unsigned int sent = 0;
	size_t len;

	if (!conf->adverts || sl_addr_is_none(&instance->fsm.source))
		return;
	dp_ha_port(conf->port, &port);
	memcpy(mac, port.mac, sizeof(mac));
	if (conf->vmac)
		vmac_make(conf, mac);
	if (conf->peer_count == 0) {
		struct sl_addr dst = conf->family == 4 ? group4() : group6();

		if (!sl_addr_is_none(&conf->group_addr))
			dst = conf->group_addr;
		len = vrrp_packet_build(&instance->wire, priority, &instance->fsm.source, &dst, VRRP_TTL, mac,
					frame);
		sent += dp_ha_send(conf->port, frame, len) == 0;
	}
	for (unsigned int i = 0; i < conf->peer_count; i++) {
		len = vrrp_packet_build(&instance->wire, priority, &instance->fsm.source, &conf->peers[i],
					conf->unicast_ttl > 0 ? conf->unicast_ttl : VRRP_TTL, mac, frame);
		sent += dp_ha_send_ip(conf->port, &conf->peers[i], frame + VRRP_ETHER_SIZE,
				      len - VRRP_ETHER_SIZE) == 0;
	}
	instance->counts.adverts_sent += sent;
	if (priority == 0)
		instance->counts.priority_zero_sent += sent;
}

/* ---- effects ---- */

/* A peer that says by heartbeat that it is no MASTER is believed. */
bool
ka_instance_needs_fence(const struct ka_run *run, const struct instance *instance, uint64_t now_us)
{
	return vrrp_fsm_needs_fence(&instance->fsm, now_us) && run->fence.state != FENCE_DONE &&
	       (instance->said_master != 0 || !ka_peer_is_heard(run));
}

static void
fence_ask(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	struct vrrp_actions actions = { 0 };
	enum fence_answer answer = FENCE_GOOD;
	char text[SL_ADDR_STRLEN];

	if (ka_instance_needs_fence(run, instance, now_us))
		answer = fence_want(&run->fence, now_us, (uint64_t)run->conf->fence_timeout_ms * 1000);
	switch (answer) {
	case FENCE_ASK:
		ka_tell(KA_EVENT_FENCE, false,
			run->peer_count == 1 ? run->peers[0].name
					     : sl_addr_format(&instance->fsm.master, text),
			"to be fenced before this box takes over %s: %s is silent", instance->conf.name,
			sl_addr_format(&instance->fsm.master, text));
		break;
	case FENCE_GOOD:
		vrrp_fsm_fenced(&instance->fsm, now_us, true, &actions);
		ka_instance_do(run, instance, &actions, now_us);
		break;
	case FENCE_LATER:
		vrrp_fsm_fenced(&instance->fsm, now_us, false, &actions);
		break;
	case FENCE_WAIT:
		break;
	}
}

static void
state_changed(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	struct vrrp_fsm *fsm = &instance->fsm;

	if (fsm->state == KA_MASTER) {
		instance->counts.became_master++;
		if (fsm->silence)
			ka_peer_silent(run, instance, now_us);
	}
	ka_tell_state(instance);
	run->say = true;
	ka_sync_roles(run);
}

/* One that does not hear us may go on for hours. */
static void
lower_tell(struct instance *instance, uint64_t now_us)
{
	if (instance->lower_told_us != 0 && now_us - instance->lower_told_us < LOWER_TOLD_US)
		return;
	instance->lower_told_us = now_us;
	ka_tell(KA_EVENT_LOWER, true, instance->conf.name, "a MASTER of lower priority is heard");
}

static void
action_do(struct ka_run *run, struct instance *instance, enum vrrp_action action, uint64_t now_us)
{
	switch (action) {
	case VRRP_DO_SEND:
		advert_send(instance, instance->fsm.priority);
		run->say |= !instance->conf.adverts;
		break;
	case VRRP_DO_SEND_ZERO:
		advert_send(instance, 0);
		instance->says_zero = true;
		run->say = true;
		break;
	case VRRP_DO_SPEAK:
		advert_send(instance, instance->fsm.priority);
		/* One message tells of all instances. */
		if (run->said_us != now_us) {
			instance->says_master = run->say = true;
			ka_peer_say(run, now_us);
		}
		break;
	case VRRP_DO_HOLD:
		ka_instance_hold(instance, true);
		break;
	case VRRP_DO_RELEASE:
		ka_instance_hold(instance, false);
		announce_stop(&instance->announce);
		instance->counts.released++;
		break;
	case VRRP_DO_ANNOUNCE:
		announce_begin(&instance->announce, &instance->conf.garp, now_us);
		break;
	case VRRP_DO_ANNOUNCE_LOWER:
		ka_group_announce(run, instance, now_us);
		break;
	case VRRP_DO_STATE:
		state_changed(run, instance, now_us);
		break;
	case VRRP_DO_ASK:
		ka_group_asked(run, instance, now_us);
		break;
	case VRRP_DO_FENCE:
		fence_ask(run, instance, now_us);
		break;
	case VRRP_DO_LOWER:
		lower_tell(instance, now_us);
		break;
	case VRRP_DO_SPLIT:
		ka_tell(KA_EVENT_SPLIT, true, instance->conf.name,
			"there were two MASTERs: this box, with priority %u, stays it",
			instance->fsm.priority);
		break;
	case VRRP_DO_OWNERS:
		sl_warn("vrrp_instance %s: another box says that it owns the addresses (priority 255), as "
			"this one does",
			instance->conf.name);
		break;
	case VRRP_ACTION_MAX:
		break;
	}
}

void
ka_instance_do(struct ka_run *run, struct instance *instance, const struct vrrp_actions *actions,
	       uint64_t now_us)
{
	bool released = false;

	for (unsigned int i = 0; i < actions->count; i++) {
		action_do(run, instance, actions->list[i], now_us);
		released |= actions->list[i] == VRRP_DO_RELEASE;
	}
	if (released)
		ka_group_left(run, instance, now_us);
}

/* ---- in ---- */

/* Both boxes were MASTER, as far as can be known: the peer, that fell silent, was not started again since. */
static void
split_look(struct ka_run *run, struct instance *instance, bool was_master)
{
	if (!was_master || instance->fsm.state == KA_MASTER || instance->silent_boot_id == 0)
		return;
	for (unsigned int i = 0; i < run->peer_count; i++)
		if (run->peers[i].boot_id == instance->silent_boot_id)
			ka_tell(KA_EVENT_SPLIT, false, instance->conf.name,
				"there were two MASTERs: this box gives way to priority %u",
				instance->fsm.master_priority);
	instance->silent_boot_id = 0;
}

void
ka_instance_heard(struct ka_run *run, struct instance *instance, const struct vrrp_heard *heard,
		  uint64_t now_us)
{
	struct vrrp_actions actions = { 0 };
	bool was_master = instance->fsm.state == KA_MASTER;

	fence_peer_heard(&run->fence);
	vrrp_fsm_heard(&instance->fsm, now_us, heard, &actions);
	ka_instance_do(run, instance, &actions, now_us);
	split_look(run, instance, was_master);
}

static void
advert_take(struct ka_run *run, struct instance *instance, const struct dp_ha_packet *packet, uint64_t now_us)
{
	struct vrrp_advert advert;
	struct vrrp_heard heard;
	enum vrrp_verdict verdict = vrrp_packet_parse(&instance->wire, packet->frame, packet->len, &advert);

	if (verdict != VRRP_OK) {
		++*(uint64_t *)((char *)&instance->counts + verdict_counters[verdict]);
		ka_odd_refused(instance, verdict, &advert);
		return;
	}
	/* Our own, that a switch or a bridge sent back. */
	if (dp_ha_port_owns(packet->port, &advert.source) ||
	    sl_addr_eq(&advert.source, &instance->fsm.source)) {
		instance->counts.bad_source++;
		return;
	}
	instance->counts.adverts_received++;
	instance->counts.priority_zero_received += advert.priority == 0;
	ka_odd_taken(instance, &advert);
	heard = (struct vrrp_heard){
		.priority = advert.priority,
		.advert_us = (uint64_t)advert.advert_ms * 1000,
		.source = advert.source,
	};
	ka_peer_advert(run, instance, &heard, now_us);
	ka_instance_heard(run, instance, &heard, now_us);
}

static void
packet_take(struct ka_run *run, const struct dp_ha_packet *packet, uint64_t now_us)
{
	uint8_t family, vrid;
	bool whole = vrrp_packet_key(packet->frame, packet->len, &family, &vrid);

	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct instance *instance = &run->instances[i];
		const struct ka_instance *conf = &instance->conf;

		if (!conf->adverts || conf->port != packet->port)
			continue;
		/* Too short to say whose it is: the port's first is as good as any. */
		if (!whole) {
			instance->counts.bad_length++;
			return;
		}
		if (conf->vrid != vrid || conf->family != family)
			continue;
		advert_take(run, instance, packet, now_us);
		return;
	}
}

void
ka_instance_receive(struct ka_run *run, uint64_t now_us)
{
	for (unsigned int i = 0; i < RECEIVE_BUDGET && dp_ha_receive(&run->packet); i++)
		packet_take(run, &run->packet, now_us);
}

void
ka_instance_timers(struct ka_run *run, uint64_t now_us)
{
	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct instance *instance = &run->instances[i];
		struct vrrp_actions actions = { 0 };

		if (now_us < instance->fsm.timer_us)
			continue;
		/* By a channel that is not yet silent the peer said that it is MASTER. */
		if (vrrp_fsm_misses_master(&instance->fsm, now_us) &&
		    ka_peer_says_master(run, instance, now_us))
			continue;
		vrrp_fsm_timer(&instance->fsm, now_us, &actions);
		ka_instance_do(run, instance, &actions, now_us);
	}
}

void
ka_instance_fenced(struct ka_run *run, bool good, uint64_t now_us)
{
	if (!fence_ended(&run->fence, now_us, good))
		return;
	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct instance *instance = &run->instances[i];
		struct vrrp_actions actions = { 0 };

		if (!instance->fsm.fencing)
			continue;
		/* Another of its sync group may have heard a master meanwhile. */
		vrrp_fsm_fenced(&instance->fsm, now_us, good && ka_group_agrees(run, instance), &actions);
		ka_instance_do(run, instance, &actions, now_us);
	}
	if (!good)
		ka_tell(KA_EVENT_PEER, false, run->peer_count == 1 ? run->peers[0].name : NULL,
			"is not fenced, the command failed: this box does not take over, and tries again in "
			"%u s",
			(unsigned int)((run->fence.until_us - now_us) / 1000000));
}

/* ---- events ---- */

void
ka_tell_state(const struct instance *instance)
{
	struct ka_event event = {
		.kind = KA_EVENT_STATE,
		.state = (uint8_t)instance->fsm.state,
		.priority = instance->fsm.priority,
		.good = instance->fsm.state != KA_FAULT,
		.group = instance->conf.group,
	};

	memcpy(event.name, instance->conf.name, sizeof(event.name));
	memcpy(event.text, instance->fsm.why, sizeof(event.text));
	ka_queue_put(&event);
}
