/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When it is looked which VIPs shall be announced, and the routes there are: see
 * announce.h. The list of routes is what the kernel has, as long as the interface is the one
 * that they were made for.
 */
#include "announce_private.h"

#include "ha/ha.h"
#include "sl_addr.h"
#include "sl_clock.h"
#include "sl_log.h"

#include <sluice/dp_ha.h>

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	LOOK_MS = 100,
	LOOK_SHARE = 20,      /* ... but a look takes a twentieth of the loop's time at most */
	CHANGES_A_TURN = 256, /* so that the loop is never held up for long; the rest is next */
	REST_MS = 2,
	STALL_MS = 2000, /* a worker that has not gone round for so long forwards nothing */
	LINGER_MS = 200,
};

struct announce {
	struct model *model;
	struct health *health;
	struct ha *ha;
	struct event *timer;
	struct announce_vips vips;

	/* what there is: the routes, sorted, and where they are */
	struct sl_addr *route, *route_next;
	size_t route_count, route_size;
	char port_name[DP_NAME_SIZE];
	unsigned int port;  /* its number */
	unsigned int index; /* of its kernel interface; 0: there is none just now */
	uint32_t table;
	bool complained;

	uint64_t loops[DP_WORKERS_MAX], loops_ms[DP_WORKERS_MAX];
	int stalled; /* the worker that stands still; -1: none */
};

static void look_timer(evutil_socket_t fd, short what, void *context);
static bool look(struct announce *announce);
static void place_find(struct announce *announce);
static unsigned int port_find(const char *name);
static void workers_look(struct announce *announce, uint64_t now_ms);
static bool routes_change(struct announce *announce);
static bool room_make(struct announce *announce);
static void routes_swap(struct announce *announce, size_t count);
static bool wanted(const struct announce *announce, const struct announce_vip *vip, bool is,
		   char why[ANNOUNCE_WHY_SIZE]);
static bool route_set(struct announce *announce, const struct sl_addr *addr, bool add, const char *why);
static void watchers_tell(const struct announce *announce, const struct sl_addr *vip, bool announced,
			  const char *why);
static void withdraw_all(struct announce *announce, const char *why);

struct announce *
announce_create(struct event_base *base, struct model *model, struct health *health, struct ha *ha)
{
	struct announce *announce = calloc(1, sizeof(*announce));
	const struct timeval soon = { 0 };

	if (announce == NULL)
		return NULL;
	announce->model = model;
	announce->health = health;
	announce->ha = ha;
	announce->stalled = -1;
	announce->timer = evtimer_new(base, look_timer, announce);
	if (announce->timer == NULL || event_add(announce->timer, &soon) < 0) {
		announce_destroy(announce);
		return NULL;
	}
	return announce;
}

void
announce_destroy(struct announce *announce)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t end_us;

	if (announce == NULL)
		return;
	if (announce->route_count > 0) {
		withdraw_all(announce, "sluiced ends");
		/* The daemon's own packets to its routers go through the data plane. */
		end_us = sl_clock_us() + LINGER_MS * 1000;
		while (sl_clock_us() < end_us)
			if (dp_poll() == 0)
				nanosleep(&pause, NULL);
	}
	if (announce->timer != NULL)
		event_free(announce->timer);
	free(announce->vips.vip);
	free(announce->route);
	free(announce->route_next);
	free(announce);
}

static void
look_timer(evutil_socket_t fd, short what, void *context)
{
	struct announce *announce = context;
	uint64_t began_us = sl_clock_us(), pause_ms;
	bool complete = look(announce);
	struct timeval wait;

	pause_ms = (sl_clock_us() - began_us) * LOOK_SHARE / 1000;
	if (!complete)
		pause_ms = REST_MS;
	else if (pause_ms < LOOK_MS)
		pause_ms = LOOK_MS;
	wait = (struct timeval){ (time_t)(pause_ms / 1000), (suseconds_t)(pause_ms % 1000) * 1000 };
	event_add(announce->timer, &wait);
}

/* False: there is more to change, at once. */
static bool
look(struct announce *announce)
{
	const struct conf *conf = model_conf(announce->model);

	if (announce->table != conf->announce.table && announce->table != 0)
		withdraw_all(announce, "announce_table is another");
	announce->table = conf->announce.table;
	if (announce->table == 0)
		return true;
	place_find(announce);
	if (announce->index == 0)
		return true;
	workers_look(announce, sl_clock_ms());
	if (announce_vips_collect(&announce->vips, announce->model, announce->health) < 0) {
		sl_warn("announced VIPs stay as they are: out of memory");
		return true;
	}
	return routes_change(announce);
}

/*
 * Where the routes lead. An interface that was made anew, or set down and up again, has
 * lost those it had.
 */
static void
place_find(struct announce *announce)
{
	const char *name = model_conf(announce->model)->announce.port;
	struct dp_tap_info tap;

	if (strcmp(announce->port_name, name) != 0) {
		unsigned int port = port_find(name);

		withdraw_all(announce, "announce_port is another");
		announce->port = port;
		strcpy(announce->port_name, name);
	}
	dp_tap_info(announce->port, &tap);
	if (tap.index == announce->index)
		return;
	if (announce->route_count > 0)
		sl_warn("%zu VIPs are announced no longer: %s is gone or was set down", announce->route_count,
			tap.name);
	for (size_t i = 0; i < announce->route_count; i++)
		watchers_tell(announce, &announce->route[i], false, "its interface is gone or was set down");
	announce->route_count = 0;
	announce->index = tap.index;
}

static unsigned int
port_find(const char *name)
{
	struct dp_port_info info;
	unsigned int port = 0;

	for (; port < dp_port_count(); port++) {
		dp_port_info(port, &info);
		if (strcmp(info.name, name) == 0)
			break;
	}
	return port;
}

static void
workers_look(struct announce *announce, uint64_t now_ms)
{
	unsigned int count = dp_worker_count();

	announce->stalled = -1;
	for (unsigned int i = 0; i < count; i++) {
		struct dp_worker_stats stats;

		dp_worker_stats(i, &stats);
		if (stats.loops != announce->loops[i] || announce->loops_ms[i] == 0) {
			announce->loops[i] = stats.loops;
			announce->loops_ms[i] = now_ms;
		} else if (now_ms - announce->loops_ms[i] >= STALL_MS) {
			announce->stalled = (int)i;
		}
	}
}

/*
 * Both lists are sorted. False: there is more to change than is done in a turn.
 */
static bool
routes_change(struct announce *announce)
{
	size_t count = 0, v = 0, left = CHANGES_A_TURN;
	bool complete = true;

	if (!room_make(announce))
		return true;
	for (size_t r = 0; r < announce->route_count || v < announce->vips.count;) {
		const struct announce_vip *vip = v < announce->vips.count ? &announce->vips.vip[v] : NULL;
		const struct sl_addr *route = r < announce->route_count ? &announce->route[r] : NULL;
		int order = vip == NULL     ? -1
			    : route == NULL ? 1
					    : memcmp(route->b, vip->addr.b, sizeof(route->b));
		char why[ANNOUNCE_WHY_SIZE] = "its services no longer announce it";
		bool is = order <= 0, shall = order >= 0 && wanted(announce, vip, is, why);
		const struct sl_addr *addr = is ? route : &vip->addr;

		if (is != shall && left > 0) {
			left--;
			if (route_set(announce, addr, shall, why))
				is = shall;
		} else if (is != shall) {
			complete = false;
		}
		if (is)
			announce->route_next[count++] = *addr;
		r += order <= 0;
		v += order >= 0;
	}
	routes_swap(announce, count);
	return complete;
}

static bool
room_make(struct announce *announce)
{
	size_t size = announce->route_count + announce->vips.count + 1;
	struct sl_addr *more;

	if (size <= announce->route_size)
		return true;
	more = reallocarray(announce->route, size, sizeof(*more));
	if (more != NULL) {
		announce->route = more;
		more = reallocarray(announce->route_next, size, sizeof(*more));
	}
	if (more == NULL) {
		sl_warn("announced VIPs stay as they are: out of memory");
		return false;
	}
	announce->route_next = more;
	announce->route_size = size;
	return true;
}

static void
routes_swap(struct announce *announce, size_t count)
{
	struct sl_addr *now = announce->route_next;

	announce->route_next = announce->route;
	announce->route = now;
	announce->route_count = count;
}

/*
 * What is taken for good because nothing is known yet announces nothing: a box that has just
 * started, and may reach none of its servers, gets no traffic. But it takes nothing back either.
 */
static bool
wanted(const struct announce *announce, const struct announce_vip *vip, bool is, char why[ANNOUNCE_WHY_SIZE])
{
	char endpoint[SL_ENDPOINT_STRLEN];
	const struct dp_service_key *key = &vip->decisive->key;

	if (announce->stalled >= 0)
		snprintf(why, ANNOUNCE_WHY_SIZE, "worker %d stands still", announce->stalled);
	else if (!dp_ha_addr_is_held(&vip->addr))
		snprintf(why, ANNOUNCE_WHY_SIZE, "this box does not hold it");
	else if (vip->state == HEALTH_SERVICE_UP || (vip->state == HEALTH_SERVICE_ASSUMED && is))
		return true;
	else
		snprintf(why, ANNOUNCE_WHY_SIZE, "service %s %s has not its quorum of servers",
			 key->proto == SL_PROTO_TCP ? "TCP" : "UDP",
			 sl_endpoint_format(&key->vip, key->port, endpoint));
	return false;
}

/* Whether the kernel has done it. What it refuses is tried again at the next look. */
static bool
route_set(struct announce *announce, const struct sl_addr *addr, bool add, const char *why)
{
	int rc = dp_host_route_set(announce->port, announce->table, addr, add);
	char text[SL_ADDR_STRLEN];

	sl_addr_format(addr, text);
	if (rc < 0 && rc != -ENODEV && !announce->complained)
		sl_error("VIP %s: the kernel refuses to %s its route in table %u (%s); tried again", text,
			 add ? "make" : "delete", announce->table, strerror(-rc));
	announce->complained = rc < 0;
	if (rc < 0)
		return false;
	if (add)
		sl_notice("VIP %s is announced", text);
	else
		sl_notice("VIP %s is no longer announced: %s", text, why);
	watchers_tell(announce, addr, add, why);
	return true;
}

static void
watchers_tell(const struct announce *announce, const struct sl_addr *vip, bool announced, const char *why)
{
	char addr[SL_ADDR_STRLEN], text[SL_ADDR_STRLEN + ANNOUNCE_WHY_SIZE + 32];

	sl_addr_format(vip, addr);
	if (announced)
		snprintf(text, sizeof(text), "VIP %s is announced", addr);
	else
		snprintf(text, sizeof(text), "VIP %s is no longer announced: %s", addr, why);
	ha_vip_announced(announce->ha, vip, announced, text);
}

static void
withdraw_all(struct announce *announce, const char *why)
{
	for (size_t i = 0; i < announce->route_count; i++)
		(void)route_set(announce, &announce->route[i], false, why);
	announce->route_count = 0;
}
