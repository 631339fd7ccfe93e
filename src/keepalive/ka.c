/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keepalive's life, and the commands that control gives it (ka.h). Control thread.
 *
 * The thread is left alone: a command is written where it finds it in its next turn. Connection sync has threads
 * of its own; it is started and stopped here, because that may take a moment that the keepalive thread does not have.
 */
#include "ka_room.h"

#include "sl_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FLUSH_STOP_MS = 500, FLUSH_APPLY_MS = 200 };

struct ka_run *ka_running;

static struct ka_run *
run_create(const struct ka_conf *conf)
{
	struct ka_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->started_us = ka_now_us();
	run->gate = run->workers_good = true;
	run->rt_priority = conf->rt_priority;
	while (run->boot_id == 0)
		if (getrandom(&run->boot_id, sizeof(run->boot_id), 0) < 0 && errno != EINTR)
			run->boot_id = run->started_us;
	run->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	run->interface_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	run->next = ka_conf_copy(conf);
	if (run->wake_fd >= 0 && run->interface_fd >= 0 && run->next != NULL && ka_lock_init(&run->lock) == 0)
		return run;
	ka_conf_free(run->next);
	if (run->wake_fd >= 0)
		close(run->wake_fd);
	if (run->interface_fd >= 0)
		close(run->interface_fd);
	free(run);
	return NULL;
}

static void
run_destroy(struct ka_run *run)
{
	if (run == NULL)
		return;
	pthread_mutex_destroy(&run->lock);
	ka_conf_free(run->next);
	close(run->wake_fd);
	close(run->interface_fd);
	free(run->found);
	free(run);
}

/* ---- connection sync ---- */

/* Nobody uses it any more when it is stopped; that is not done under the lock, because it may take a while. */
static void
sync_end(struct ka_run *run, unsigned int flush_ms)
{
	struct sync *sync;

	pthread_mutex_lock(&run->lock);
	sync = run->sync;
	run->sync = NULL;
	pthread_mutex_unlock(&run->lock);
	if (sync != NULL)
		sync_stop(sync, flush_ms);
}

static int
sync_begin(struct ka_run *run, const struct ka_sync *conf, char ret_error[DP_ERROR_SIZE])
{
	struct sync *sync;

	if (!conf->enabled)
		return 0;
	sync = sync_start(conf, run->boot_id, ret_error);
	if (sync == NULL)
		return -EINVAL;
	pthread_mutex_lock(&run->lock);
	run->sync = sync;
	run->sync_told = false;
	if (run->conf != NULL)
		ka_sync_roles(run);
	pthread_mutex_unlock(&run->lock);
	return 0;
}

/* One that changed begins anew; if it cannot, the old one does. */
static int
sync_change(struct ka_run *run, const struct ka_sync *conf, char ret_error[DP_ERROR_SIZE])
{
	struct ka_sync before = run->sync_conf;
	char error[DP_ERROR_SIZE];
	int err;

	if (memcmp(&before, conf, sizeof(before)) == 0)
		return 0;
	sync_end(run, FLUSH_APPLY_MS);
	err = sync_begin(run, conf, ret_error);
	if (err == 0)
		run->sync_conf = *conf;
	else
		(void)sync_begin(run, &before, error);
	return err;
}

/* ---- life ---- */

int
ka_start(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE])
{
	struct ka_run *run;
	int err = ka_conf_check(conf, ret_error);

	if (err != 0)
		return err;
	run = run_create(conf);
	if (run == NULL || ka_queue_open() < 0) {
		run_destroy(run);
		snprintf(ret_error, DP_ERROR_SIZE, "keepalive: no memory, or no descriptors");
		return -ENOMEM;
	}
	ka_running = run;
	err = sync_change(run, &conf->sync, ret_error);
	if (err == 0 && !ka_conf_is_empty(conf)) {
		err = ka_loop_start(run);
		if (err != 0)
			snprintf(ret_error, DP_ERROR_SIZE, "keepalive: no thread: %s", strerror(-err));
	}
	if (err != 0)
		ka_stop();
	return err;
}

int
ka_apply(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE])
{
	struct ka_run *run = ka_running;
	struct ka_conf *next, *unused;
	int err = ka_conf_check(conf, ret_error);

	if (err != 0)
		return err;
	if (run == NULL)
		return ka_start(conf, ret_error);
	next = ka_conf_copy(conf);
	if (next == NULL) {
		snprintf(ret_error, DP_ERROR_SIZE, "keepalive: no memory");
		return -ENOMEM;
	}
	err = sync_change(run, &conf->sync, ret_error);
	if (err != 0) {
		ka_conf_free(next);
		return err;
	}
	pthread_mutex_lock(&run->lock);
	unused = run->next;
	run->next = next;
	pthread_mutex_unlock(&run->lock);
	ka_conf_free(unused);
	if (run->has_thread) {
		ka_loop_wake(run);
	} else if (!ka_conf_is_empty(conf)) {
		err = ka_loop_start(run);
		if (err != 0)
			snprintf(ret_error, DP_ERROR_SIZE, "keepalive: no thread: %s", strerror(-err));
	}
	return err;
}

void
ka_stop(void)
{
	struct ka_run *run = ka_running;

	if (run == NULL)
		return;
	if (run->has_thread) {
		pthread_mutex_lock(&run->lock);
		run->ending = true;
		pthread_mutex_unlock(&run->lock);
		ka_loop_wake(run);
		pthread_join(run->thread, NULL);
	}
	/* The peer has the addresses now; what is left to tell it is told. */
	sync_end(run, FLUSH_STOP_MS);
	ka_running = NULL;
	run_destroy(run);
}

/* ---- events ---- */

int
ka_event_fd(void)
{
	return ka_queue_fd();
}

bool
ka_event_next(struct ka_event *ret_event)
{
	return ka_queue_get(ret_event);
}

/* ---- commands ---- */

void
ka_track_set(enum ka_track_kind kind, const char *name, int32_t value)
{
	struct ka_run *run = ka_running;

	if (run == NULL)
		return;
	pthread_mutex_lock(&run->lock);
	if (ka_watch_found(run, kind, name, value) != 0)
		sl_error("%s %s: no memory to track it", vrrp_track_word(kind), name);
	pthread_mutex_unlock(&run->lock);
	ka_loop_wake(run);
}

void
ka_fenced(bool good)
{
	struct ka_run *run = ka_running;

	if (run == NULL)
		return;
	pthread_mutex_lock(&run->lock);
	run->fenced = true;
	run->fenced_good = good;
	pthread_mutex_unlock(&run->lock);
	ka_loop_wake(run);
}

/* Named itself, or by another of its sync group, or all are meant. */
static bool
is_meant(const struct instance *instance, const struct instance *named)
{
	return named == NULL || instance == named ||
	       (named->conf.sync_group >= 0 && instance->conf.sync_group == named->conf.sync_group);
}

/* Could anybody take over? */
static int
peer_check(const struct ka_run *run, char ret_error[DP_ERROR_SIZE])
{
	const struct peer *unsynced = ka_peer_unsynced(run);

	if (run->channel_count == 0)
		snprintf(ret_error, DP_ERROR_SIZE,
			 "whether a peer lives is known by heartbeats alone, and none is configured");
	else if (!ka_peer_is_heard(run))
		snprintf(ret_error, DP_ERROR_SIZE, "no peer is heard");
	else if (unsynced != NULL)
		snprintf(ret_error, DP_ERROR_SIZE, "%s does not know all connections yet", unsynced->name);
	else
		return 0;
	return -EHOSTUNREACH;
}

static int
failover_order(struct ka_run *run, const char *name, bool force, char ret_error[DP_ERROR_SIZE])
{
	struct instance *named = name == NULL ? NULL : ka_instance_find(run, name);
	bool master = false;
	int err;

	if (name != NULL && named == NULL) {
		snprintf(ret_error, DP_ERROR_SIZE, "no vrrp_instance %s", name);
		return -ENOENT;
	}
	for (unsigned int i = 0; i < run->instance_count; i++)
		master |= is_meant(&run->instances[i], named) && run->instances[i].fsm.state == KA_MASTER;
	if (!master) {
		if (name == NULL)
			snprintf(ret_error, DP_ERROR_SIZE, "no instance is MASTER here");
		else
			snprintf(ret_error, DP_ERROR_SIZE, "%s is not MASTER here", name);
		return -EALREADY;
	}
	err = force ? 0 : peer_check(run, ret_error);
	if (err != 0)
		return err;
	for (unsigned int i = 0; i < run->instance_count; i++)
		if (is_meant(&run->instances[i], named) &&
		    (named != NULL || run->instances[i].fsm.state == KA_MASTER))
			run->instances[i].failover = true;
	return 0;
}

int
ka_failover(const char *instance, bool force, char ret_error[DP_ERROR_SIZE])
{
	struct ka_run *run = ka_running;
	int err;

	if (run == NULL) {
		snprintf(ret_error, DP_ERROR_SIZE, "no vrrp_instance is configured");
		return -ENOENT;
	}
	pthread_mutex_lock(&run->lock);
	err = failover_order(run, instance, force, ret_error);
	pthread_mutex_unlock(&run->lock);
	ka_loop_wake(run);
	return err;
}

int
ka_release(const char *instance, char ret_error[DP_ERROR_SIZE])
{
	struct ka_run *run = ka_running;
	struct instance *named;

	if (run == NULL) {
		snprintf(ret_error, DP_ERROR_SIZE, "no vrrp_instance is configured");
		return -ENOENT;
	}
	pthread_mutex_lock(&run->lock);
	named = instance == NULL ? NULL : ka_instance_find(run, instance);
	for (unsigned int i = 0; i < run->instance_count && (instance == NULL || named != NULL); i++)
		if (is_meant(&run->instances[i], named))
			run->instances[i].release = true;
	pthread_mutex_unlock(&run->lock);
	ka_loop_wake(run);
	if (instance == NULL || named != NULL)
		return 0;
	snprintf(ret_error, DP_ERROR_SIZE, "no vrrp_instance %s", instance);
	return -ENOENT;
}
