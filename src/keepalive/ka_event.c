/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue of events (ka_event.h): a ring under a mutex with priority inheritance, because its writer is a real-time
 * thread and its reader is not.
 */
#include "ka_event.h"

#include "ka_lock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>

enum { EVENTS_MAX = 1024 };

static struct {
	pthread_mutex_t lock;
	struct ka_event events[EVENTS_MAX];
	unsigned int first, count;
	uint64_t lost;
	int fd;
} queue = { .fd = -1 };

int
ka_queue_open(void)
{
	eventfd_t told;
	int err;

	if (queue.fd < 0) {
		err = ka_lock_init(&queue.lock);
		if (err != 0)
			return err;
		queue.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	if (queue.fd < 0)
		return -errno;
	(void)eventfd_read(queue.fd, &told);
	queue.first = queue.count = 0;
	queue.lost = 0;
	return 0;
}

int
ka_queue_fd(void)
{
	return queue.fd;
}

static void
append(const struct ka_event *event)
{
	queue.events[(queue.first + queue.count++) % EVENTS_MAX] = *event;
}

void
ka_queue_put(const struct ka_event *event)
{
	if (queue.fd < 0)
		return;
	pthread_mutex_lock(&queue.lock);
	if (queue.lost > 0 && queue.count + 2 <= EVENTS_MAX) {
		struct ka_event lost = { .kind = KA_EVENT_PEER };

		snprintf(lost.text, sizeof(lost.text), "%llu events were lost: nobody took them",
			 (unsigned long long)queue.lost);
		append(&lost);
		queue.lost = 0;
	}
	if (queue.count <
	    (event->kind == KA_EVENT_LOWER || event->kind == KA_EVENT_PRIORITY ? EVENTS_MAX / 2 : EVENTS_MAX))
		append(event);
	else
		queue.lost++;
	(void)eventfd_write(queue.fd, 1);
	pthread_mutex_unlock(&queue.lock);
}

bool
ka_queue_get(struct ka_event *ret_event)
{
	eventfd_t told;
	bool found;

	if (queue.fd < 0)
		return false;
	pthread_mutex_lock(&queue.lock);
	found = queue.count > 0;
	if (found) {
		*ret_event = queue.events[queue.first];
		queue.first = (queue.first + 1) % EVENTS_MAX;
		queue.count--;
	}
	if (queue.count == 0)
		(void)eventfd_read(queue.fd, &told);
	pthread_mutex_unlock(&queue.lock);
	return found;
}
