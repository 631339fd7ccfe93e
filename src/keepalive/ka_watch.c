/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What instances depend on: links, kernel interfaces and the workers, looked at here; scripts, files, gateways and
 * the like, found by control. From it follow FAULT and the effective priorities. Keepalive thread,
 * with the lock.
 *
 * A worker stands still when its turns do not advance for a second in which this thread itself ran in time: on a machine that
 * stood still as a whole nothing has failed.
 */
#include "ka_room.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

enum {
	WATCH_US = 50000,
	WORKER_STILL_US = 1000000,
	IN_TIME_US = 50000, /* this thread was run late if it did not run for so long */
};

struct look {
	struct ka_run *run;
	uint64_t now_us;
	const struct ka_track *tracks; /* that are summed: the instance's, its sync group's */
	struct watch *watches;         /* of each of them */
};

/* ---- links ---- */

static bool
port_is_up(unsigned int number)
{
	struct dp_ha_port port;

	if (number >= DP_PORTS_MAX)
		return false;
	dp_ha_port(number, &port);
	return port.link_up;
}

static bool
interface_is_up(const struct ka_run *run, const char *name)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", name);
	return ioctl(run->interface_fd, SIOCGIFFLAGS, &request) == 0 &&
	       (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
}

/* interface_up_down_delays: a change counts when it has lasted. */
static bool
watch_see(struct watch *watch, uint32_t down_ms, uint32_t up_ms, bool good, uint64_t now_us)
{
	uint64_t delay_us = (uint64_t)(good ? up_ms : down_ms) * 1000;

	if (!watch->known) {
		*watch = (struct watch){ .known = true, .good = good };
		return good;
	}
	if (good == watch->good) {
		watch->turning = false;
		return good;
	}
	if (!watch->turning) {
		watch->turning = true;
		watch->turned_us = now_us;
	}
	if (now_us - watch->turned_us >= delay_us) {
		watch->good = good;
		watch->turning = false;
	}
	return watch->good;
}

/* ---- what control found ---- */

static struct found *
found_lookup(const struct ka_run *run, enum ka_track_kind kind, const char *name)
{
	for (unsigned int i = 0; i < run->found_count; i++)
		if (run->found[i].kind == kind && strcmp(run->found[i].name, name) == 0)
			return &run->found[i];
	return NULL;
}

int
ka_watch_found(struct ka_run *run, enum ka_track_kind kind, const char *name, int32_t value)
{
	struct found *found = found_lookup(run, kind, name);

	if (found == NULL) {
		struct found *more = realloc(run->found, (run->found_count + 1) * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		run->found = more;
		found = &more[run->found_count++];
		*found = (struct found){ .kind = (uint8_t)kind };
		snprintf(found->name, sizeof(found->name), "%s", name);
	} else if (found->value == value) {
		return 0;
	}
	found->value = value;
	run->watch_now = true;
	return 0;
}

static bool
list_has(const struct ka_track *tracks, unsigned int count, const struct found *found)
{
	for (unsigned int i = 0; i < count; i++)
		if (tracks[i].kind == found->kind && strcmp(tracks[i].name, found->name) == 0)
			return true;
	return false;
}

static bool
is_tracked(const struct ka_conf *conf, const struct found *found)
{
	for (unsigned int i = 0; i < conf->instance_count; i++)
		if (list_has(conf->instances[i].tracks, conf->instances[i].track_count, found))
			return true;
	for (unsigned int i = 0; i < conf->group_count; i++)
		if (list_has(conf->groups[i].tracks, conf->groups[i].track_count, found))
			return true;
	return false;
}

void
ka_watch_forget(struct ka_run *run)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < run->found_count; i++)
		if (is_tracked(run->conf, &run->found[i]))
			run->found[kept++] = run->found[i];
	run->found_count = kept;
}

static bool
track_look(const struct ka_track *track, int32_t *ret_value, void *context)
{
	struct look *look = context;
	const struct found *found;

	switch (track->kind) {
	case KA_TRACK_PORT:
		*ret_value = watch_see(&look->watches[track - look->tracks], track->debounce_down_ms,
				       track->debounce_up_ms, port_is_up(track->port), look->now_us);
		return true;
	case KA_TRACK_INTERFACE:
		*ret_value = interface_is_up(look->run, track->name);
		return true;
	case KA_TRACK_WORKERS:
		*ret_value = look->run->workers_good;
		return true;
	default:
		found = found_lookup(look->run, track->kind, track->name);
		if (found != NULL)
			*ret_value = found->value;
		return found != NULL;
	}
}

/* ---- own health ---- */

static void
workers_look(struct ka_run *run, uint64_t gap_us)
{
	unsigned int count = dp_worker_count();
	bool good = true;

	for (unsigned int i = 0; i < count && i < DP_WORKERS_MAX; i++) {
		uint64_t turns = dp_ha_worker_turns(i);

		if (turns != run->workers[i].turns || turns == 0 || gap_us > IN_TIME_US)
			run->workers[i].same_us = 0;
		else
			run->workers[i].same_us += gap_us;
		run->workers[i].turns = turns;
		good = good && run->workers[i].same_us < WORKER_STILL_US;
	}
	if (good != run->workers_good)
		run->watch_now = true;
	run->workers_good = good;
}

/* ---- what follows ---- */

static void
own_fault(struct vrrp_tracked *tracked, const char *why)
{
	if (!tracked->fault)
		snprintf(tracked->why, sizeof(tracked->why), "%s", why);
	tracked->fault = true;
}

static void
source_look(const struct ka_run *run, struct instance *instance, struct vrrp_tracked *tracked)
{
	const struct ka_instance *conf = &instance->conf;
	struct dp_ha_port port;

	dp_ha_port(conf->port, &port);
	instance->fsm.source = conf->source;
	if (sl_addr_is_none(&conf->source))
		instance->fsm.source = conf->family == 4 ? port.source4 : port.source6;
	/* Heartbeats alone need no address, but something that decides between equal priorities. */
	if (!conf->adverts && sl_addr_is_none(&instance->fsm.source)) {
		instance->fsm.source.b[0] = 0xfe;
		instance->fsm.source.b[1] = 0x80;
		memcpy(instance->fsm.source.b + 8, &run->boot_id, 8);
	}
	if (conf->adverts && sl_addr_is_none(&instance->fsm.source))
		own_fault(tracked, conf->family == 4 ? "its port has no IPv4 address to speak from"
						     : "its port has no link-local address to speak from");
}

unsigned int
ka_watch_count(const struct ka_run *run, const struct ka_instance *conf)
{
	return conf->track_count +
	       (conf->sync_group < 0 ? 0 : run->conf->groups[conf->sync_group].track_count);
}

static void
instance_look(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	const struct ka_instance *conf = &instance->conf;
	const struct ka_sync_group *group =
		conf->sync_group < 0 ? NULL : &run->conf->groups[conf->sync_group];
	struct look look = { run, now_us, conf->tracks, instance->watches };
	struct vrrp_tracked tracked = { 0 };

	if (run->conf->own_health && !run->workers_good)
		own_fault(&tracked, "a worker stands still");
	source_look(run, instance, &tracked);
	if (conf->track_port && !watch_see(&instance->link, conf->debounce_down_ms, conf->debounce_up_ms,
					   port_is_up(conf->port), now_us))
		own_fault(&tracked, "the link of its port is down");
	vrrp_track_sum(conf->tracks, conf->track_count, group == NULL || group->track_weights, track_look,
		       &look, &tracked);
	if (group != NULL) {
		look.tracks = group->tracks;
		look.watches = instance->watches + conf->track_count;
		vrrp_track_sum(group->tracks, group->track_count, group->track_weights, track_look, &look,
			       &tracked);
	}
	instance->tracked = tracked;
}

/* The fault of another member of the sync group is this one's. */
static const struct instance *
faulty_find(const struct ka_run *run, const struct instance *instance)
{
	if (instance->tracked.fault)
		return instance;
	for (unsigned int i = 0; i < run->instance_count && instance->conf.sync_group >= 0; i++)
		if (run->instances[i].conf.sync_group == instance->conf.sync_group &&
		    run->instances[i].tracked.fault)
			return &run->instances[i];
	return NULL;
}

static void
fault_apply(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	const struct instance *faulty = faulty_find(run, instance);
	struct vrrp_actions actions = { 0 };
	char why[KA_NAME_SIZE + 192 + 8];

	if ((faulty != NULL) == instance->fsm.fault)
		return;
	if (faulty == NULL)
		snprintf(why, sizeof(why), "what was wrong is over");
	else if (faulty == instance)
		snprintf(why, sizeof(why), "%s", faulty->tracked.why);
	else
		snprintf(why, sizeof(why), "%s: %s", faulty->conf.name, faulty->tracked.why);
	vrrp_fsm_fault(&instance->fsm, now_us, faulty != NULL, why, &actions);
	if (faulty == NULL)
		ka_announce_source(instance);
	ka_instance_do(run, instance, &actions, now_us);
}

static void
priority_apply(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	uint8_t base = instance->conf.priority,
		priority = vrrp_track_priority(base, instance->tracked.weight), old = instance->fsm.priority;
	struct ka_event event = { .kind = KA_EVENT_PRIORITY, .good = priority >= old };

	/* One of two owners has given up its claim. */
	if (base != KA_PRIORITY_OWNER)
		instance->fsm.disowned = false;
	if (instance->fsm.disowned)
		return;
	if (priority == old)
		return;
	vrrp_fsm_priority(&instance->fsm, now_us, priority);
	run->say = true;
	event.priority = priority;
	event.state = (uint8_t)instance->fsm.state;
	event.group = instance->conf.group;
	memcpy(event.name, instance->conf.name, sizeof(event.name));
	snprintf(event.text, sizeof(event.text), "%u, it was %u", priority, old);
	if (instance->conf.notify_priority)
		ka_queue_put(&event);
}

void
ka_watch_turn(struct ka_run *run, uint64_t now_us, uint64_t gap_us)
{
	workers_look(run, gap_us);
	if (!run->watch_now && now_us - run->watched_us < WATCH_US)
		return;
	run->watch_now = false;
	run->watched_us = now_us;
	for (unsigned int i = 0; i < run->instance_count; i++)
		instance_look(run, &run->instances[i], now_us);
	for (unsigned int i = 0; i < run->instance_count; i++) {
		priority_apply(run, &run->instances[i], now_us);
		fault_apply(run, &run->instances[i], now_us);
	}
}
