/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keepalive thread: a loop of its own, at real-time priority where that is allowed, so that neither a reload nor
 * workers at 100 % delay a heartbeat.
 *
 * Heartbeats come in as events of the loop; VRRP is polled for every millisecond. A turn takes in first what has come
 * and looks at the timers only then: one that was not run for a while (a machine that
 * stood still) must not call a peer silent whose adverts wait to be read.
 */
#include "ka_room.h"

#include "sl_log.h"

#include <errno.h>
#include <event2/event.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
	POLL_US = 1000,
	IDLE_US = 20000, /* no instance: heartbeats and sync alone */
	STALL_US = 50000,
	STALL_LOOKS = 8,
	STALL_TOLD_US = 10000000,
};

static void *thread_main(void *context);

int
ka_loop_start(struct ka_run *run)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&run->thread, NULL, thread_main, run);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err != 0)
		return -err;
	pthread_setname_np(run->thread, "sl-keepalive");
	run->has_thread = true;
	return 0;
}

void
ka_loop_wake(struct ka_run *run)
{
	(void)eventfd_write(run->wake_fd, 1);
}

/* ---- a turn ---- */

static void
stall_look(struct ka_run *run, uint64_t now_us, uint64_t gap_us)
{
	if (gap_us < STALL_US)
		return;
	for (unsigned int i = 0; i < run->instance_count; i++)
		vrrp_fsm_stalled(&run->instances[i].fsm, now_us, gap_us);
	if (run->stall_told_us != 0 && now_us - run->stall_told_us < STALL_TOLD_US)
		return;
	for (unsigned int i = 0; i < run->instance_count; i++)
		if (gap_us > run->instances[i].fsm.down_us) {
			sl_warn("keepalive: this thread was not run for %llu ms, longer than Master_Down of "
				"%s",
				(unsigned long long)(gap_us / 1000), run->instances[i].conf.name);
			run->stall_told_us = now_us;
			return;
		}
}

static void
commands_take(struct ka_run *run, uint64_t now_us)
{
	if (run->fenced || fence_is_late(&run->fence, now_us))
		ka_instance_fenced(run, run->fenced && run->fenced_good, now_us);
	run->fenced = false;
	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct instance *instance = &run->instances[i];
		struct vrrp_actions actions = { 0 };

		if (instance->release)
			vrrp_fsm_release(&instance->fsm);
		if (instance->failover) {
			vrrp_fsm_failover(&instance->fsm, now_us, &actions);
			ka_instance_do(run, instance, &actions, now_us);
		}
		instance->release = instance->failover = false;
	}
}

void
ka_loop_turn(struct ka_run *run, uint64_t now_us)
{
	uint64_t gap_us = run->turned_us == 0 ? 0 : now_us - run->turned_us;

	run->turned_us = now_us;
	if (run->conf == NULL)
		return;
	ka_instance_receive(run, now_us);
	stall_look(run, now_us, gap_us);
	commands_take(run, now_us);
	ka_sync_turn(run, now_us);
	ka_watch_turn(run, now_us, gap_us);
	ka_apply_starts(run, now_us);
	ka_instance_timers(run, now_us);
	ka_group_turn(run, now_us);
	ka_announce_turn(run, now_us);
	ka_peer_turn(run, now_us);
	ka_compare_turn(run, now_us);
	ka_group_tell(run);
	ka_peer_say(run, now_us);
}

/* ---- the thread ---- */

static void
descriptor_drain(evutil_socket_t fd, short what, void *context)
{
	uint64_t count;

	/* What it is about is done in the turn that follows. */
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		sl_error("keepalive: %m");
}

/* Children that the process may have run at normal priority. */
static void
realtime_set(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (priority > 0 && sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) != 0)
		sl_warn("keepalive runs without real-time priority (%s): heartbeats may be late on a busy "
			"CPU",
			errno == EPERM ? "CAP_SYS_NICE is missing" : strerror(errno));
}

static void
tick_set(int fd, uint64_t interval_us)
{
	const struct timespec every = { (time_t)(interval_us / 1000000),
					(long)(interval_us % 1000000 * 1000) };
	const struct itimerspec times = { every, every };

	timerfd_settime(fd, 0, &times, NULL);
}

static void
loop_run(struct ka_run *run, struct event_base *base, int tick_fd)
{
	uint64_t interval_us = 0;
	bool ending = false;

	while (!ending) {
		uint64_t wanted_us, now_us;

		event_base_loop(base, EVLOOP_ONCE);
		now_us = ka_now_us();
		for (int i = 0; i < STALL_LOOKS && run->turned_us != 0 && now_us - run->turned_us > STALL_US;
		     i++)
			event_base_loop(base, EVLOOP_NONBLOCK);
		now_us = ka_now_us(); /* nothing that was heard above may be later */
		pthread_mutex_lock(&run->lock);
		if (run->next != NULL)
			ka_apply_next(run, base, now_us);
		ka_loop_turn(run, now_us);
		wanted_us = run->instance_count > 0 ? POLL_US : IDLE_US;
		ending = run->ending;
		if (ending)
			ka_apply_end(run, now_us);
		pthread_mutex_unlock(&run->lock);
		if (wanted_us != interval_us)
			tick_set(tick_fd, wanted_us);
		interval_us = wanted_us;
	}
}

static struct event_base *
base_create(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		return NULL;
	/* The base is this thread's alone. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void *
thread_main(void *context)
{
	struct ka_run *run = context;
	struct event_base *base = base_create();
	int tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct event *tick =
		base == NULL ? NULL : event_new(base, tick_fd, EV_READ | EV_PERSIST, descriptor_drain, NULL);
	struct event *wake =
		base == NULL ? NULL
			     : event_new(base, run->wake_fd, EV_READ | EV_PERSIST, descriptor_drain, NULL);

	sl_log_never_wait();
	realtime_set(run->rt_priority);
	if (tick_fd < 0 || tick == NULL || wake == NULL || event_add(tick, NULL) != 0 ||
	    event_add(wake, NULL) != 0) {
		sl_error("keepalive cannot run: no memory or no descriptors");
	} else {
		tick_set(tick_fd, POLL_US);
		loop_run(run, base, tick_fd);
	}
	if (tick != NULL)
		event_free(tick);
	if (wake != NULL)
		event_free(wake);
	if (base != NULL)
		event_base_free(base);
	if (tick_fd >= 0)
		close(tick_fd);
	return NULL;
}
