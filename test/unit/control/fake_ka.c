/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See fake_ka.h. The queue is a pipe of events, so its descriptor is readable
 * while there are any.
 */
#include "fake_ka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake_ka fake_ka;
static int queue[2] = { -1, -1 };

static void conf_keep(const struct ka_conf *conf);
static void queue_close(void);
static int move(const char *instance, char ret_error[DP_ERROR_SIZE]);

void
fake_ka_reset(void)
{
	queue_close();
	fake_ka = (struct fake_ka){ 0 };
}

void
fake_ka_tell(enum ka_event_kind kind, const char *name, enum ka_state state, uint8_t priority, bool good,
	     const char *text)
{
	struct ka_event event = {
		.kind = (uint8_t)kind, .state = (uint8_t)state, .priority = priority, .good = good
	};

	snprintf(event.name, sizeof(event.name), "%s", name);
	snprintf(event.text, sizeof(event.text), "%s", text);
	if (write(queue[1], &event, sizeof(event)) != sizeof(event))
		abort();
}

int32_t
fake_ka_track(enum ka_track_kind kind, const char *name)
{
	for (unsigned int i = 0; i < fake_ka.track_count; i++)
		if (fake_ka.track[i].kind == kind && strcmp(fake_ka.track[i].name, name) == 0)
			return fake_ka.track[i].value;
	return -1000;
}

/* ---- ka.h ---- */

int
ka_start(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE])
{
	if (fake_ka.running)
		abort();
	if (fake_ka.start_rc < 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "keepalive was told to fail");
		return fake_ka.start_rc;
	}
	fake_ka.starts++;
	fake_ka.running = true;
	conf_keep(conf);
	return 0;
}

int
ka_apply(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE])
{
	if (!fake_ka.running)
		abort();
	if (fake_ka.apply_rc < 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "keepalive was told to fail");
		return fake_ka.apply_rc;
	}
	fake_ka.applies++;
	conf_keep(conf);
	return 0;
}

void
ka_stop(void)
{
	fake_ka.stops++;
	fake_ka.running = false;
	queue_close();
}

int
ka_event_fd(void)
{
	return queue[0];
}

bool
ka_event_next(struct ka_event *ret_event)
{
	return queue[0] >= 0 && read(queue[0], ret_event, sizeof(*ret_event)) == sizeof(*ret_event);
}

void
ka_track_set(enum ka_track_kind kind, const char *name, int32_t value)
{
	unsigned int i = 0;

	while (i < fake_ka.track_count &&
	       (fake_ka.track[i].kind != kind || strcmp(fake_ka.track[i].name, name) != 0))
		i++;
	if (i == FAKE_KA_TRACKS_MAX)
		abort();
	if (i == fake_ka.track_count) {
		fake_ka.track_count++;
		fake_ka.track[i].kind = kind;
		snprintf(fake_ka.track[i].name, KA_NAME_SIZE, "%s", name);
	}
	fake_ka.track[i].value = value;
	fake_ka.track[i].sets++;
}

void
ka_fenced(bool good)
{
	if (good)
		fake_ka.fenced_good++;
	else
		fake_ka.fenced_bad++;
}

int
ka_failover(const char *instance, bool force, char ret_error[DP_ERROR_SIZE])
{
	fake_ka.failovers++;
	fake_ka.force = force;
	return move(instance, ret_error);
}

int
ka_release(const char *instance, char ret_error[DP_ERROR_SIZE])
{
	fake_ka.releases++;
	return move(instance, ret_error);
}

unsigned int
ka_instance_count(void)
{
	return fake_ka.instance_status_count;
}

bool
ka_instance_status(unsigned int i, struct ka_instance_status *ret_status)
{
	if (i < fake_ka.instance_status_count)
		*ret_status = fake_ka.instances[i];
	return i < fake_ka.instance_status_count;
}

bool
ka_channel_status(unsigned int i, struct ka_channel_status *ret_status)
{
	if (i < fake_ka.channel_count)
		*ret_status = fake_ka.channels[i];
	return i < fake_ka.channel_count;
}

void
ka_sync_status(struct ka_sync_status *ret_status)
{
	*ret_status = fake_ka.sync;
}

/* ---- helpers ---- */

/* Without an instance, a heartbeat or sync nothing runs. */
static void
conf_keep(const struct ka_conf *conf)
{
	bool runs = conf->instance_count > 0 || conf->heartbeat_count > 0 || conf->sync.enabled;

	fake_ka.instance_count = conf->instance_count;
	for (unsigned int i = 0; i < conf->instance_count && i < FAKE_KA_MAX; i++) {
		snprintf(fake_ka.name[i], KA_NAME_SIZE, "%s", conf->instances[i].name);
		fake_ka.group[i] = conf->instances[i].group;
		fake_ka.port[i] = conf->instances[i].port;
		fake_ka.addr_count[i] = conf->instances[i].addr_count;
	}
	if (!runs)
		queue_close();
	else if (queue[0] < 0 && pipe2(queue, O_NONBLOCK | O_CLOEXEC) < 0)
		abort();
}

static void
queue_close(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (queue[i] >= 0)
			close(queue[i]);
		queue[i] = -1;
	}
}

static int
move(const char *instance, char ret_error[DP_ERROR_SIZE])
{
	snprintf(fake_ka.instance, sizeof(fake_ka.instance), "%s", instance != NULL ? instance : "");
	if (fake_ka.move_rc < 0)
		snprintf(ret_error, DP_ERROR_SIZE, "keepalive was told to refuse");
	return fake_ka.move_rc;
}
