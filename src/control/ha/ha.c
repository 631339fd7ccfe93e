/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * High availability from start to end (ha.h).
 *
 * Members (vrrp_instances and sync groups) are made from the configuration, and made anew with each
 * new one; what is known of them passes over by name. Keepalive gets the new configuration last, when
 * the data plane has the addresses that it may hold and all that it depends on is watched.
 * Control thread only.
 */
#include "ha_private.h"

#include "sl_log.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool begin(struct ha *ha, char error[DP_ERROR_SIZE]);
static void applied(const struct conf *old, const struct conf *now, void *context);
static void conf_take(struct ha *ha, const struct conf *conf);
static void keepalive_follow(struct ha *ha);
static bool members_make(struct ha *ha, const struct conf *conf, struct ha_member *old,
			 unsigned int old_count);
static bool member_make(struct ha *ha, struct ha_member *member, const char *name, bool is_group,
			const struct conf_ha_notify *says);
static void members_free(struct ha_member *members, unsigned int count);
static struct ha_member *member_find(struct ha_member *members, unsigned int count, const char *name,
				     bool is_group);
static void events_ready(int fd, short what, void *context);
static void notifier_failed(const char *text, void *context);

struct ha *
ha_create(struct event_base *base, struct model *model, struct health *health, char ret_error[DP_ERROR_SIZE])
{
	struct ha *ha = calloc(1, sizeof(*ha));
	const struct model_watcher watcher = { .applied = applied, .context = ha };

	snprintf(ret_error, DP_ERROR_SIZE, "high availability: out of memory");
	if (ha == NULL)
		return NULL;
	ha->base = base;
	ha->model = model;
	ha->health = health;
	ha->events_fd = -1;
	if (!begin(ha, ret_error)) {
		ha_destroy(ha);
		return NULL;
	}
	model_watch(model, &watcher);
	return ha;
}

void
ha_destroy(struct ha *ha)
{
	if (ha == NULL)
		return;
	model_unwatch(ha->model, ha);
	if (ha->started)
		ka_stop();
	for (unsigned int i = 0; ha->started && i < ha->member_count; i++)
		ha_notify_stop(ha, &ha->members[i]);
	if (ha->events != NULL)
		event_free(ha->events);
	ha_tracks_destroy(ha->tracks);
	ha_fence_destroy(ha->fence);
	ha_fifo_close(ha->fifo);
	ha_fifo_close(ha->vrrp_fifo);
	members_free(ha->members, ha->member_count);
	watches_fini(&ha->watches);
	free(ha);
}

struct ha_member *
ha_member_find(struct ha *ha, const char *name, bool is_group)
{
	return member_find(ha->members, ha->member_count, name, is_group);
}

static bool
begin(struct ha *ha, char error[DP_ERROR_SIZE])
{
	struct ka_conf *ka = model_ka(ha->model);
	int rc = -ENOMEM;

	ha->fence = ha_fence_create(ha);
	if (ka != NULL && ha->fence != NULL) {
		conf_take(ha, model_conf(ha->model));
		rc = ka_start(ka, error);
	}
	free(ka);
	if (rc < 0)
		return false;
	ha->started = true;
	keepalive_follow(ha);
	return true;
}

/* Keepalive goes on with what it had if it cannot take the new one; conf has checked all that can be. */
static void
applied(const struct conf *old, const struct conf *now, void *context)
{
	struct ha *ha = context;
	char error[DP_ERROR_SIZE] = "out of memory";
	struct ka_conf *ka = model_ka(ha->model);

	conf_take(ha, now);
	if (ka == NULL || ka_apply(ka, error) < 0)
		sl_error("keepalive goes on with the configuration before: %s", error);
	free(ka);
	keepalive_follow(ha);
}

/* What does not depend on keepalive. Nothing of the configuration before is in use afterwards. */
static void
conf_take(struct ha *ha, const struct conf *conf)
{
	struct ha_member *old = ha->members;
	unsigned int old_count = ha->member_count;

	if (!members_make(ha, conf, old, old_count))
		sl_error("out of memory: commands and FIFOs are not told of changes of state");
	ha->conf = conf;
	for (unsigned int i = 0; i < old_count; i++)
		if (old[i].notify != NULL && old[i].state != KA_INIT)
			ha_notify_deleted(ha, &old[i]);
	members_free(old, old_count);
	ha->fifo = ha_fifo_open(ha, &conf->ha.fifo, ha->fifo);
	ha->vrrp_fifo = ha_fifo_open(ha, &conf->ha.vrrp_fifo, ha->vrrp_fifo);
	ha_held_update(ha);
}

/* Its descriptor may be another now; and what it depends on is watched. */
static void
keepalive_follow(struct ha *ha)
{
	int fd = ka_event_fd();

	if (fd != ha->events_fd && ha->events != NULL) {
		event_free(ha->events);
		ha->events = NULL;
	}
	if (fd >= 0 && ha->events == NULL) {
		ha->events = event_new(ha->base, fd, EV_READ | EV_PERSIST, events_ready, ha);
		if (ha->events == NULL || event_add(ha->events, NULL) < 0)
			sl_error("out of memory: what keepalive tells is not heard");
	}
	ha->events_fd = fd;
	ha->tracks = ha_tracks_create(ha, ha->tracks);
	if (ha->tracks == NULL)
		sl_error("out of memory: scripts, files and processes are not tracked");
}

/* What is taken over from an old member leaves it without a queue. False: out of memory, there are none. */
static bool
members_make(struct ha *ha, const struct conf *conf, struct ha_member *old, unsigned int old_count)
{
	const struct ka_conf *ka = &conf->ka;
	bool good;

	ha->instance_count = ka->instance_count;
	ha->member_count = ka->instance_count + ka->group_count;
	ha->members = calloc(ha->member_count + 1, sizeof(*ha->members));
	good = ha->members != NULL;
	for (unsigned int i = 0; good && i < ka->instance_count; i++)
		good = member_make(ha, &ha->members[i], ka->instances[i].name, false,
				   &conf->ha.instances[i].notify);
	for (unsigned int i = 0; good && i < ka->group_count; i++)
		good = member_make(ha, &ha->members[ka->instance_count + i], ka->groups[i].name, true,
				   &conf->ha.groups[i].notify);
	if (!good) {
		members_free(ha->members, ha->members != NULL ? ha->member_count : 0);
		ha->members = NULL;
		ha->instance_count = ha->member_count = 0;
		return false;
	}
	for (unsigned int i = 0; i < ha->member_count; i++) {
		struct ha_member *member = &ha->members[i];
		struct ha_member *before = member_find(old, old_count, member->name, member->is_group);

		if (before == NULL)
			continue;
		member->state = before->state;
		member->priority = before->priority;
		notify_destroy(member->notify);
		member->notify = before->notify;
		before->notify = NULL;
	}
	return true;
}

static bool
member_make(struct ha *ha, struct ha_member *member, const char *name, bool is_group,
	    const struct conf_ha_notify *says)
{
	*member = (struct ha_member){ .is_group = is_group, .says = says };
	snprintf(member->name, sizeof(member->name), "%s", name);
	member->notify = notify_create(ha->base, notifier_failed, ha);
	return member->notify != NULL;
}

static void
members_free(struct ha_member *members, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		notify_destroy(members[i].notify);
	free(members);
}

static struct ha_member *
member_find(struct ha_member *members, unsigned int count, const char *name, bool is_group)
{
	for (unsigned int i = 0; i < count; i++)
		if (members[i].is_group == is_group && strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static void
events_ready(int fd, short what, void *context)
{
	ha_events_take(context);
}

static void
notifier_failed(const char *text, void *context)
{
	ha_event_failed(context, "notify: %s", text);
}
