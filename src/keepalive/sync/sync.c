/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync as the keepalive thread sees it (sync.h): starts and ends the
 * threads, sums up what they count, and hands on what they tell.
 *
 * The threads work at normal priority whatever the caller's is, on the CPUs that the caller may use.
 */
#include "sync_link.h"

#include "ka_lock.h"
#include "sl_log.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { NAME_SIZE = 16 };

static int sync_init(struct sync *sync, const struct ka_sync *conf, uint64_t boot_id, unsigned int count);
static int thread_start(struct sync_link *link);
static void sync_free(struct sync *sync);
static bool link_in_sync(const struct sync_link *link);

struct sync *
sync_start(const struct ka_sync *conf, uint64_t boot_id, char ret_error[DP_ERROR_SIZE])
{
	unsigned int count = conf->threads > 0 ? conf->threads : 1;
	struct sync *sync = calloc(1, sizeof(*sync));
	int err = -ENOMEM;

	if (count > DP_SYNC_THREADS_MAX)
		count = DP_SYNC_THREADS_MAX;
	if (sync != NULL)
		err = sync_init(sync, conf, boot_id, count);
	for (; err == 0 && sync->link_count < count; sync->link_count++)
		err = sync_link_init(&sync->links[sync->link_count], sync, sync->link_count);
	if (err == 0)
		err = dp_sync_init(count, conf->queue);
	if (err != 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "connection sync: %s", strerror(-err));
		sync_free(sync);
		return NULL;
	}
	for (unsigned int i = 0; err == 0 && i < count; i++)
		err = thread_start(&sync->links[i]);
	if (err != 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "connection sync: cannot start a thread: %s",
			 strerror(-err));
		sync_stop(sync, 0);
		return NULL;
	}
	return sync;
}

void
sync_stop(struct sync *sync, unsigned int flush_ms)
{
	static const uint64_t one = 1;

	if (sync == NULL)
		return;
	/* Never 0, which means that they are to run. */
	atomic_store(&sync->end_ms, sync_now_ms() + flush_ms + 1);
	if (write(sync->end_fd, &one, sizeof(one)) < 0)
		sl_debug("connection sync: %s", strerror(errno)); /* they look at end_ms within a turn */
	for (unsigned int i = 0; i < sync->link_count; i++) {
		if (sync->links[i].started)
			pthread_join(sync->links[i].pthread, NULL);
	}
	dp_sync_fini();
	sync_free(sync);
}

void
sync_role_set(struct sync *sync, bool sends, bool receives)
{
	bool always = sync->conf.instance[0] == '\0';

	atomic_store(&sync->sends, sends || always);
	atomic_store(&sync->receives, receives || always);
}

bool
sync_is_in_sync(const struct sync *sync)
{
	for (unsigned int i = 0; i < sync->link_count; i++) {
		if (!atomic_load(&sync->links[i].in_sync))
			return false;
	}
	return true;
}

bool
sync_is_unheard(const struct sync *sync)
{
	return atomic_load(&sync->receives) && !sync->conf.lvs_peer && !atomic_load(&sync->heard);
}

void
sync_status(const struct sync *sync, struct ka_sync_status *ret_status)
{
	struct ka_sync_status status = { .enabled = true };
	struct dp_sync_put_stats puts;

	status.sending = atomic_load(&sync->sends);
	status.receiving = atomic_load(&sync->receives);
	status.in_sync = sync_is_in_sync(sync);
	for (unsigned int i = 0; i < sync->link_count; i++) {
		const struct sync_link *link = &sync->links[i];
		uint64_t bulk_ms = atomic_load(&link->bulk_ms);

#define X(id, member) status.member += atomic_load_explicit(&link->counters[SYNC_##id], memory_order_relaxed);
		SYNC_COUNTER_LIST(X)
#undef X
		status.bulk |= atomic_load(&link->bulk_runs);
		status.bulk_done += atomic_load(&link->bulk_done);
		status.bulk_total += atomic_load(&link->bulk_total);
		if (bulk_ms > status.bulk_ms)
			status.bulk_ms = bulk_ms;
	}
	dp_sync_put_stats(&puts);
	status.conflict = puts.conflict;
	status.table_full = puts.table_full;
	pthread_mutex_lock(&sync->news->lock);
	snprintf(status.peer, sizeof(status.peer), "%s", sync->news->peer);
	sync_watch_status(sync, &status);
	pthread_mutex_unlock(&sync->news->lock);
	*ret_status = status;
}

bool
sync_event_next(struct sync *sync, bool *ret_good, char ret_text[SYNC_EVENT_SIZE])
{
	bool any;

	pthread_mutex_lock(&sync->news->lock);
	any = sync->news->count > 0;
	if (any) {
		*ret_good = sync->news->events[sync->news->first].good;
		memcpy(ret_text, sync->news->events[sync->news->first].text, SYNC_EVENT_SIZE);
		sync->news->first = (sync->news->first + 1) % SYNC_EVENTS_MAX;
		sync->news->count--;
	}
	pthread_mutex_unlock(&sync->news->lock);
	return any;
}

/* ---- for the threads ---- */

void
sync_event(struct sync *sync, bool good, const char *format, ...)
{
	unsigned int at;
	va_list args;

	pthread_mutex_lock(&sync->news->lock);
	if (sync->news->count == SYNC_EVENTS_MAX) {
		sync->news->first = (sync->news->first + 1) % SYNC_EVENTS_MAX;
		sync->news->count--;
	}
	at = (sync->news->first + sync->news->count++) % SYNC_EVENTS_MAX;
	sync->news->events[at].good = good;
	va_start(args, format);
	vsnprintf(sync->news->events[at].text, SYNC_EVENT_SIZE, format, args);
	va_end(args);
	pthread_mutex_unlock(&sync->news->lock);
}

void
sync_state_update(struct sync_link *link)
{
	struct sync *sync = link->sync;
	bool was, now;
	uint64_t done = 0, ms = 0;
	char peer[SL_ADDR_STRLEN];

	atomic_store(&link->in_sync, link_in_sync(link));
	pthread_mutex_lock(&sync->news->lock);
	now = sync_is_in_sync(sync);
	was = atomic_exchange(&sync->in_sync, now);
	memcpy(peer, sync->news->peer, sizeof(peer));
	pthread_mutex_unlock(&sync->news->lock);
	/* Who does not receive has nothing to learn, which is no news. */
	if (was == now || !link->received_before)
		return;
	for (unsigned int i = 0; i < sync->link_count; i++) {
		uint64_t took = atomic_load(&sync->links[i].bulk_ms);

		done += atomic_load(&sync->links[i].bulk_done);
		ms = took > ms ? took : ms;
	}
	if (!now)
		sync_event(sync, false, "out of sync: does not know all that %s knows", peer);
	else if (peer[0] == '\0' || sync->conf.lvs_peer)
		sync_event(sync, true, "in sync: there is nobody to learn from");
	else
		sync_event(sync, true, "in sync with %s: %llu connections in %llu ms", peer,
			   (unsigned long long)done, (unsigned long long)ms);
}

static int
sync_init(struct sync *sync, const struct ka_sync *conf, uint64_t boot_id, unsigned int count)
{
	static _Atomic uint64_t starts;

	sync->conf = *conf;
	/* Numbers begin anew with each start, also when the configuration has changed, and so does what they belong to. */
	sync->boot_id = boot_id + starts++;
	/* Until the instance's state is told, it is nobody's MASTER. */
	atomic_store(&sync->sends, conf->instance[0] == '\0');
	atomic_store(&sync->receives, true);
	sync->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (sync->end_fd < 0)
		return -errno;
	sync->news = calloc(1, sizeof(*sync->news));
	sync->links = calloc(count, sizeof(*sync->links));
	if (sync->news == NULL || sync->links == NULL)
		return -ENOMEM;
	/* The keepalive thread takes it, too. */
	return ka_lock_init(&sync->news->lock);
}

static bool
link_in_sync(const struct sync_link *link)
{
	bool any = false, heard = false;

	if (link->sync->conf.lvs_peer || !link->received_before)
		return true;
	for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
		const struct sync_peer *peer = &link->peers.peers[i];

		if (peer->boot_id == 0 || peer->gone)
			continue;
		if (!peer->known || peer->wants_bulk)
			return false;
		any = true;
		heard |= !sync_peer_silent(peer, link->now_ms);
	}
	/* Those that spoke are silent, and may live: what they say is missing here. */
	if (any)
		return heard;
	/* Nobody speaks: that is known only since there has been an ear. */
	return link->heard_ms != 0 ||
	       (link->opened_ms != 0 && link->now_ms - link->opened_ms >= SYNC_SILENT_MS);
}

static int
thread_start(struct sync_link *link)
{
	const struct sched_param normal = { .sched_priority = 0 };
	char name[NAME_SIZE];
	pthread_attr_t attr;
	sigset_t all, before;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &normal);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&link->pthread, &attr, sync_link_run, link);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err != 0)
		return -err;
	link->started = true;
	snprintf(name, sizeof(name), "sl-sync-%u", link->thread);
	pthread_setname_np(link->pthread, name);
	return 0;
}

static void
sync_free(struct sync *sync)
{
	if (sync == NULL)
		return;
	for (unsigned int i = 0; i < sync->link_count; i++)
		sync_link_fini(&sync->links[i]);
	if (sync->end_fd >= 0)
		close(sync->end_fd);
	free(sync->news);
	free(sync->links);
	free(sync);
}
