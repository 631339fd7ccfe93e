/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The peer, and the channels by which it is heard: each heartbeat, and VRRP of each instance. Keepalive thread, with
 * the lock.
 *
 * A heartbeat speaks always, so its silence is known as such (heartbeat.h). VRRP is spoken by a MASTER alone: it is silent
 * when this box is BACKUP, the peer is known as MASTER, and no advert has come for Master_Down. The peer is dead when
 * all are silent that were ever heard; it is partly silent when some are.
 *
 * A line of a heartbeat that says MASTER stands for an advert; the first one afterwards that says
 * something else, for an advert of priority 0. Lines of one number belong to instances of this number in the order of both
 * configurations.
 */
#include "ka_room.h"

#include "sl_addr.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PEERS_US = 10000,
	SAY_LEAST_US = 10000,
	SAY_MOST_US = 500000,
	PEER_FRESH_US = 3000000, /* a peer that was heard since counts for failover */
	BEHIND_US = 1000000,     /* how late a heartbeat may be */
};

void
ka_tell(enum ka_event_kind kind, bool good, const char *name, const char *format, ...)
{
	struct ka_event event = { .kind = (uint8_t)kind, .good = good };
	va_list args;

	if (name != NULL)
		snprintf(event.name, sizeof(event.name), "%s", name);
	va_start(args, format);
	vsnprintf(event.text, sizeof(event.text), format, args);
	va_end(args);
	ka_queue_put(&event);
}

/* ---- who speaks ---- */

static struct peer *
peer_find(struct ka_run *run, const char *name)
{
	struct peer *oldest = &run->peers[0];

	for (unsigned int i = 0; i < run->peer_count; i++) {
		if (strcmp(run->peers[i].name, name) == 0)
			return &run->peers[i];
		if (run->peers[i].heard_us < oldest->heard_us)
			oldest = &run->peers[i];
	}
	if (run->peer_count < KA_PEERS_MAX)
		oldest = &run->peers[run->peer_count++];
	*oldest = (struct peer){ 0 };
	snprintf(oldest->name, sizeof(oldest->name), "%s", name);
	return oldest;
}

/* NULL: by a faster channel the peer has said something newer, so this is no news of its instances. */
static const struct peer *
peer_note(struct ka_run *run, const struct heartbeat_message *message, uint64_t now_us)
{
	struct peer *peer = peer_find(run, message->router_id);
	bool is_new = peer->boot_id != message->boot_id || message->number >= peer->number;

	if (is_new)
		peer->number = message->number;
	peer->heard_us = now_us;
	if (!is_new)
		return NULL;
	if (peer->boot_id == 0)
		ka_tell(KA_EVENT_PEER, true, peer->name, "appeared");
	else if (peer->boot_id != message->boot_id)
		ka_tell(KA_EVENT_PEER, true, peer->name, "was started again");
	else if (peer->in_sync != message->in_sync)
		ka_tell(KA_EVENT_PEER, true, peer->name,
			message->in_sync ? "knows all connections" : "does not know all connections");
	peer->boot_id = message->boot_id;
	peer->in_sync = message->in_sync;
	return peer;
}

/* ---- heartbeats ---- */

/* The instance that a line means: the nth of its family and number. */
static struct instance *
line_find(struct ka_run *run, const struct heartbeat_instance *line, unsigned int nth)
{
	for (unsigned int i = 0; i < run->instance_count; i++)
		if (run->instances[i].conf.vrid == line->vrid &&
		    run->instances[i].conf.family == line->family && nth-- == 0)
			return &run->instances[i];
	return NULL;
}

/* Said before its box gave way, and overtaken by the priority 0 of VRRP? */
static bool
line_is_late(const struct instance *instance, const struct heartbeat_instance *line, uint16_t bit,
	     uint64_t now_us)
{
	return (instance->behind & bit) != 0 && now_us - instance->gave_way_us < BEHIND_US &&
	       sl_addr_eq(&instance->gave_way, &line->source);
}

static void
said_set(struct instance *instance, unsigned int channel, uint8_t peer, uint64_t now_us)
{
	if (instance->said_master == 0)
		instance->said_us = now_us;
	instance->said_master |= (uint16_t)(1U << channel);
	instance->said_by[channel] = peer;
}

/* A peer's newest word, by whatever channel, holds for all of them. True: it had said that it is MASTER. */
static bool
said_clear(struct instance *instance, uint8_t peer)
{
	uint16_t before = instance->said_master;

	for (unsigned int i = 0; i < KA_HEARTBEATS_MAX; i++)
		if (instance->said_by[i] == peer)
			instance->said_master &= (uint16_t) ~(1U << i);
	return instance->said_master != before;
}

static void
line_take(struct ka_run *run, unsigned int channel, uint8_t peer, const struct heartbeat_instance *line,
	  unsigned int nth, uint64_t now_us)
{
	struct instance *instance = line_find(run, line, nth);
	uint16_t bit = (uint16_t)(1U << channel);
	struct vrrp_heard heard = {
		.priority = line->priority,
		.advert_us = (uint64_t)line->advert_ms * 1000,
		.source = line->source,
	};

	if (instance == NULL || line->advert_ms == 0)
		return;
	instance->line = run->messages;
	if (line->state == KA_MASTER && line->priority > 0) {
		if (line_is_late(instance, line, bit, now_us))
			return;
		said_set(instance, channel, peer, now_us);
		ka_instance_heard(run, instance, &heard, now_us);
		return;
	}
	if (sl_addr_eq(&instance->gave_way, &line->source))
		instance->behind &= (uint16_t)~bit;
	/* Told once: what a BACKUP says of itself later changes nothing. */
	if (!said_clear(instance, peer))
		return;
	/* Another box's word says nothing of the MASTER. */
	if (instance->fsm.state == KA_BACKUP && !sl_addr_is_none(&instance->fsm.master) &&
	    !sl_addr_eq(&instance->fsm.master, &line->source))
		return;
	heard.priority = 0;
	ka_instance_heard(run, instance, &heard, now_us);
}

static void
lines_take(struct ka_run *run, unsigned int channel, uint8_t peer, const struct heartbeat_message *message,
	   uint64_t now_us)
{
	uint8_t seen[2][256] = { 0 };

	run->messages++;
	for (unsigned int i = 0; i < message->instance_count && i < HEARTBEAT_INSTANCES_MAX; i++) {
		const struct heartbeat_instance *line = &message->instances[i];

		line_take(run, channel, peer, line, seen[line->family == 6][line->vrid]++, now_us);
	}
	memcpy(run->peers[peer].lines, seen, sizeof(seen));
	/* Of one that it has no more it is not MASTER. */
	for (unsigned int i = 0; i < run->instance_count; i++)
		if (run->instances[i].said_master != 0 && run->instances[i].line != run->messages)
			said_clear(&run->instances[i], peer);
}

void
ka_peer_heard(unsigned int channel, const struct heartbeat_message *message, void *context)
{
	struct ka_run *run = context;
	uint64_t now_us = ka_now_us();
	const struct peer *peer;

	pthread_mutex_lock(&run->lock);
	if (message->boot_id != run->boot_id && channel < KA_HEARTBEATS_MAX) {
		run->channels[channel].alive = true;
		run->channels[channel].silent = false;
		fence_peer_heard(&run->fence);
		peer = peer_note(run, message, now_us);
		if (peer != NULL)
			lines_take(run, channel, (uint8_t)(peer - run->peers), message, now_us);
	}
	pthread_mutex_unlock(&run->lock);
}

void
ka_peer_channel(unsigned int channel, bool alive, const char *why, void *context)
{
	struct ka_run *run = context;

	pthread_mutex_lock(&run->lock);
	if (channel < run->channel_count) {
		run->channels[channel].alive = alive;
		run->channels[channel].silent = !alive;
		/* What it said last is no longer known to be so. */
		for (unsigned int i = 0; i < run->instance_count && !alive; i++)
			run->instances[i].said_master &= (uint16_t) ~(1U << channel);
		ka_tell(KA_EVENT_CHANNEL, alive, run->conf->heartbeats[channel].name, "%s", why);
		run->peers_us = 0;
	}
	pthread_mutex_unlock(&run->lock);
}

/* ---- VRRP as a channel ---- */

static void
vrrp_tell(const struct instance *instance, const char *text)
{
	char name[KA_NAME_SIZE];

	snprintf(name, sizeof(name), "vrrp %.58s", instance->conf.name);
	ka_tell(KA_EVENT_CHANNEL, !instance->silent, name, "%s", text);
}

void
ka_peer_advert(struct ka_run *run, struct instance *instance, const struct vrrp_heard *heard, uint64_t now_us)
{
	instance->heard_us = now_us;
	instance->heard_from = heard->source;
	if (heard->priority == 0) {
		instance->behind = UINT16_MAX;
		instance->gave_way = heard->source;
		instance->gave_way_us = now_us;
	} else if (sl_addr_eq(&instance->gave_way, &heard->source)) {
		instance->behind = 0;
	}
	if (!instance->silent)
		return;
	instance->silent = false;
	vrrp_tell(instance, "is heard again");
	run->peers_us = 0;
}

static void
vrrp_silent(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	char text[64];

	if (!instance->conf.adverts || instance->heard_us == VRRP_NEVER || instance->silent)
		return;
	instance->silent = true;
	snprintf(text, sizeof(text), "no advert for %llu ms",
		 (unsigned long long)((now_us - instance->heard_us) / 1000));
	vrrp_tell(instance, text);
	run->peers_us = 0;
}

void
ka_peer_silent(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	/* With one peer it is known whose boot this was; with several it is not. */
	instance->silent_boot_id = run->peer_count == 1 ? run->peers[0].boot_id : 0;
	vrrp_silent(run, instance, now_us);
}

static bool
vrrp_is_alive(const struct instance *instance, uint64_t now_us)
{
	return instance->conf.adverts && instance->heard_us != VRRP_NEVER && !instance->silent &&
	       now_us - instance->heard_us < instance->fsm.down_us;
}

/* ---- the peer as a whole ---- */

static void
view_tell(struct ka_run *run, enum peer_view view, const char *silent)
{
	const char *name = run->peer_count == 1 ? run->peers[0].name : "";

	if (view == PEER_DEAD)
		ka_tell(KA_EVENT_PEER, false, name, "dead: silent by %s", silent);
	else if (view == PEER_PARTLY)
		ka_tell(KA_EVENT_PEER, true, name, "partly silent: nothing by %s", silent);
	else
		ka_tell(KA_EVENT_PEER, true, name, "is heard by all channels");
}

static void
name_add(char *list, size_t size, const char *kind, const char *name)
{
	size_t len = strlen(list);

	snprintf(list + len, size - len, "%s%s%s", len > 0 ? ", " : "", kind, name);
}

static void
view_update(struct ka_run *run, uint64_t now_us)
{
	bool alive = false, silent = false;
	enum peer_view view = run->peer_view;
	char list[sizeof(run->silent)] = "";

	for (unsigned int i = 0; i < run->channel_count; i++) {
		alive |= run->channels[i].alive;
		silent |= run->channels[i].silent;
		if (run->channels[i].silent)
			name_add(list, sizeof(list), "", run->conf->heartbeats[i].name);
	}
	for (unsigned int i = 0; i < run->instance_count; i++) {
		alive |= vrrp_is_alive(&run->instances[i], now_us);
		silent |= run->instances[i].silent;
		if (run->instances[i].silent)
			name_add(list, sizeof(list), "vrrp ", run->instances[i].conf.name);
	}
	if (alive)
		view = silent ? PEER_PARTLY : PEER_ALIVE;
	else if (silent)
		view = PEER_DEAD;
	/* One more that falls silent is news, and one fewer. */
	if (view == run->peer_view && (view != PEER_PARTLY || strcmp(list, run->silent) == 0))
		return;
	memcpy(run->silent, list, sizeof(list));
	/* That it appeared was told, if it is one that says its name. */
	if (run->peer_view != PEER_UNKNOWN || view != PEER_ALIVE)
		view_tell(run, view, list);
	run->peer_view = view;
}

static void
channels_copy(struct ka_run *run)
{
	for (unsigned int i = 0; i < run->channel_count && run->heartbeat != NULL; i++)
		heartbeat_status(run->heartbeat, i, &run->channels[i].status);
}

void
ka_peer_turn(struct ka_run *run, uint64_t now_us)
{
	if (run->peers_us != 0 && now_us - run->peers_us < PEERS_US)
		return;
	run->peers_us = now_us;
	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct instance *instance = &run->instances[i];

		/* What a MASTER last said is no reason to expect more of it once it has given way. */
		if (instance->fsm.state == KA_BACKUP && instance->heard_us != VRRP_NEVER &&
		    instance->fsm.heard_us != VRRP_NEVER && instance->fsm.gave_way_us == VRRP_NEVER &&
		    sl_addr_eq(&instance->fsm.master, &instance->heard_from) &&
		    now_us - instance->heard_us > instance->fsm.down_us &&
		    /* A new MASTER is told of by a heartbeat before its first advert is here. */
		    (instance->said_master == 0 || now_us - instance->said_us > instance->fsm.down_us))
			vrrp_silent(run, instance, now_us);
	}
	view_update(run, now_us);
	channels_copy(run);
}

bool
ka_peer_is_heard(const struct ka_run *run)
{
	bool alive = false;

	for (unsigned int i = 0; i < run->channel_count; i++)
		alive |= run->channels[i].alive;
	return alive;
}

/* Of several boxes that speak by one channel each falls silent for itself: the channel lives on. */
bool
ka_peer_says_master(const struct ka_run *run, const struct instance *instance, uint64_t now_us)
{
	for (unsigned int i = 0; instance->said_master != 0 && i < run->channel_count; i++) {
		const struct peer *peer = &run->peers[instance->said_by[i]];

		if ((instance->said_master >> i & 1) != 0 &&
		    now_us < peer->heard_us + (uint64_t)run->conf->heartbeats[i].dead_ms * 1000)
			return true;
	}
	return false;
}

static bool
peer_is_fresh(const struct ka_run *run)
{
	uint64_t now_us = ka_now_us();

	for (unsigned int i = 0; i < run->peer_count; i++)
		if (now_us - run->peers[i].heard_us < PEER_FRESH_US)
			return true;
	return false;
}

const struct peer *
ka_peer_unsynced(const struct ka_run *run)
{
	uint64_t now_us = ka_now_us();

	for (unsigned int i = 0; i < run->peer_count; i++)
		if (now_us - run->peers[i].heard_us < PEER_FRESH_US && !run->peers[i].in_sync)
			return &run->peers[i];
	return NULL;
}

/* ---- what this box says ---- */

/* Where heartbeats come and sync has never heard anybody, it is not alone: what the peer knows is not told it. */
static bool
knows_all(const struct ka_run *run)
{
	return run->sync == NULL ||
	       (sync_is_in_sync(run->sync) && !(sync_is_unheard(run->sync) && peer_is_fresh(run)));
}

static void
message_fill(struct ka_run *run)
{
	struct heartbeat_message *message = &run->message;

	memset(message, 0, sizeof(*message));
	snprintf(message->router_id, sizeof(message->router_id), "%s", run->conf->router_id);
	message->boot_id = run->boot_id;
	message->in_sync = knows_all(run);
	for (unsigned int i = 0; i < run->instance_count && i < HEARTBEAT_INSTANCES_MAX; i++) {
		struct instance *instance = &run->instances[i];

		message->instances[message->instance_count++] = (struct heartbeat_instance){
			.vrid = instance->conf.vrid,
			.family = instance->conf.family,
			.state = (uint8_t)(instance->says_master ? KA_MASTER : instance->fsm.state),
			.priority = instance->says_zero ? 0 : instance->fsm.priority,
			.advert_ms = instance->conf.advert_ms,
			.source = instance->fsm.source,
		};
	}
}

/* An advert's interval is a promise that heartbeats keep, too. */
static uint64_t
say_interval(const struct ka_run *run)
{
	uint64_t interval_us = SAY_MOST_US;

	for (unsigned int i = 0; i < run->instance_count; i++) {
		const struct instance *instance = &run->instances[i];

		if (instance->fsm.state == KA_MASTER && instance->fsm.conf.advert_us < interval_us)
			interval_us = instance->fsm.conf.advert_us;
	}
	return interval_us < SAY_LEAST_US ? SAY_LEAST_US : interval_us;
}

void
ka_peer_say(struct ka_run *run, uint64_t now_us)
{
	/* The peer's `ha failover` depends on it. */
	if (run->message.in_sync != knows_all(run) && now_us - run->said_us >= SAY_LEAST_US)
		run->say = true;
	if (!run->say && now_us - run->said_us < say_interval(run))
		return;
	run->say = false;
	run->said_us = now_us;
	if (run->heartbeat != NULL) {
		message_fill(run);
		heartbeat_say(run->heartbeat, &run->message);
	}
	/* Both are said once, or never: they are of now. */
	for (unsigned int i = 0; i < run->instance_count; i++)
		run->instances[i].says_zero = run->instances[i].says_master = false;
}
