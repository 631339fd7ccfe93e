/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's event loop (boot_loop.h).
 *
 * The data plane wants to be polled: every millisecond while it has something
 * to do, and after idle turns more and more rarely, down to one in five. What
 * the kernel sends through a port's interface does not wait for that: its
 * descriptor wakes the loop. A descriptor that stays readable though nothing
 * could be done about it is left alone until the next turn. Only the control
 * thread runs any of this.
 */
#include "boot_loop.h"

#include "boot_notify.h"
#include "sl_log.h"

#include <sluice/dp.h>

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	POLL_BUSY_MS = 1,
	POLL_IDLE_MS = 5,
	LIST_S = 1, /* how long the list of descriptors may be out of date */
};

struct boot_loop {
	struct event_base *base;
	struct event *poll, *watchdog;
	struct event *term, *interrupt, *hangup;
	void (*reload)(void);
	long poll_ms;

	/* a descriptor of the data plane each; not waited for once it was readable, until poll_turn */
	struct event *wake[DP_PORTS_MAX], *list;
	unsigned int wake_count;
};

static void poll_turn(evutil_socket_t fd, short what, void *context);
static unsigned int poll_data_plane(struct boot_loop *loop);
static void wake_turn(evutil_socket_t fd, short what, void *context);
static void list_turn(evutil_socket_t fd, short what, void *context);
static void wakes_free(struct boot_loop *loop);
static void watchdog_turn(evutil_socket_t fd, short what, void *context);
static void signal_end(evutil_socket_t number, short what, void *context);
static void signal_reload(evutil_socket_t number, short what, void *context);
static bool loop_start(struct boot_loop *loop);

struct boot_loop *
boot_loop_create(void (*reload)(void))
{
	struct boot_loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	loop->reload = reload;
	loop->poll_ms = POLL_BUSY_MS;
	/* A peer of the control socket that goes away is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
	if (loop_start(loop))
		return loop;
	boot_loop_destroy(loop);
	return NULL;
}

void
boot_loop_destroy(struct boot_loop *loop)
{
	if (loop == NULL)
		return;
	struct event *events[] = { loop->poll,      loop->watchdog, loop->term,
				   loop->interrupt, loop->hangup,   loop->list };

	wakes_free(loop);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (loop->base != NULL)
		event_base_free(loop->base);
	free(loop);
}

struct event_base *
boot_loop_base(struct boot_loop *loop)
{
	return loop->base;
}

void
boot_loop_run(struct boot_loop *loop)
{
	uint64_t watchdog_us = boot_notify_watchdog_us();
	const struct timeval every = { (time_t)(watchdog_us / 1000000),
				       (suseconds_t)(watchdog_us % 1000000) };

	if (watchdog_us > 0)
		event_add(loop->watchdog, &every);
	list_turn(-1, 0, loop);
	poll_turn(-1, 0, loop);
	event_base_dispatch(loop->base);
}

static bool
loop_start(struct boot_loop *loop)
{
	loop->base = event_base_new();
	if (loop->base == NULL)
		return false;
	loop->poll = evtimer_new(loop->base, poll_turn, loop);
	loop->list = evtimer_new(loop->base, list_turn, loop);
	loop->watchdog = event_new(loop->base, -1, EV_PERSIST, watchdog_turn, NULL);
	loop->term = evsignal_new(loop->base, SIGTERM, signal_end, loop);
	loop->interrupt = evsignal_new(loop->base, SIGINT, signal_end, loop);
	loop->hangup = evsignal_new(loop->base, SIGHUP, signal_reload, loop);
	return loop->poll != NULL && loop->list != NULL && loop->watchdog != NULL && loop->term != NULL &&
	       loop->interrupt != NULL && loop->hangup != NULL && event_add(loop->term, NULL) == 0 &&
	       event_add(loop->interrupt, NULL) == 0 && event_add(loop->hangup, NULL) == 0;
}

static void
poll_turn(evutil_socket_t fd, short what, void *context)
{
	struct boot_loop *loop = context;

	if (poll_data_plane(loop) == 0 && loop->poll_ms < POLL_IDLE_MS)
		loop->poll_ms++;
	for (unsigned int i = 0; i < loop->wake_count; i++)
		event_add(loop->wake[i], NULL);
}

/* The next turn counts from here. */
static unsigned int
poll_data_plane(struct boot_loop *loop)
{
	unsigned int done = dp_poll();
	struct timeval next = { 0 };

	if (done > 0)
		loop->poll_ms = POLL_BUSY_MS;
	next.tv_usec = loop->poll_ms * 1000;
	evtimer_add(loop->poll, &next);
	return done;
}

static void
wake_turn(evutil_socket_t fd, short what, void *context)
{
	struct boot_loop *loop = context;

	if (poll_data_plane(loop) == 0)
		return;
	for (unsigned int i = 0; i < loop->wake_count; i++)
		event_add(loop->wake[i], NULL);
}

/*
 * Takes up the descriptors there are now. All of them anew: an interface that was made again may
 * have the number of the one before it.
 */
static void
list_turn(evutil_socket_t fd, short what, void *context)
{
	struct boot_loop *loop = context;
	const struct timeval next = { .tv_sec = LIST_S };
	int fds[DP_PORTS_MAX];
	unsigned int count = dp_poll_fds(fds, DP_PORTS_MAX);

	wakes_free(loop);
	for (unsigned int i = 0; i < count; i++) {
		struct event *wake = event_new(loop->base, fds[i], EV_READ, wake_turn, loop);

		if (wake == NULL)
			break;
		event_add(wake, NULL);
		loop->wake[loop->wake_count++] = wake;
	}
	evtimer_add(loop->list, &next);
}

static void
wakes_free(struct boot_loop *loop)
{
	while (loop->wake_count > 0)
		event_free(loop->wake[--loop->wake_count]);
}

static void
watchdog_turn(evutil_socket_t fd, short what, void *context)
{
	boot_notify_watchdog();
}

static void
signal_end(evutil_socket_t number, short what, void *context)
{
	struct boot_loop *loop = context;

	sl_notice("SIG%s: stopping", sigabbrev_np((int)number));
	event_base_loopbreak(loop->base);
}

static void
signal_reload(evutil_socket_t number, short what, void *context)
{
	struct boot_loop *loop = context;

	loop->reload();
}
