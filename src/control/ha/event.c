/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What keepalive tells: a line in the log, an object for each who watches
 * (ha.h has its members), commands and FIFOs, the fence, and which VIPs health
 * is to take for present.
 *
 * A peer that flaps tells much. The log gets LOG_LINES a second, and a count of the rest; everybody
 * else gets all of it. Control thread only.
 */
#include "ha_private.h"

#include "json_text.h"
#include "sl_addr.h"
#include "sl_log.h"

#include <stdio.h>
#include <time.h>

enum { LOG_LINES = 50, TEXT_SIZE = 512, A_TURN = 64 };

static void state_take(struct ha *ha, const struct ka_event *event);
static void priority_take(struct ha *ha, const struct ka_event *event);
static void lower_take(struct ha *ha, const struct ka_event *event);
static void fence_take(struct ha *ha, const struct ka_event *event);

/* Which members an event has besides its name and text. */
enum { STATE = 1 << 0, PRIORITY = 1 << 1, GOOD = 1 << 2 };

static const struct {
	const char *member, *label; /* whom it is about: in JSON, in the log */
	unsigned int has;
	enum sl_log_level level; /* but for one that is GOOD: a notice */
	void (*take)(struct ha *ha, const struct ka_event *event);
} kinds[KA_EVENT_MAX] = {
	[KA_EVENT_STATE] = { "instance", "vrrp_instance", STATE | PRIORITY, SL_LOG_NOTICE, state_take },
	[KA_EVENT_GROUP] = { "group", "vrrp_sync_group", STATE | PRIORITY, SL_LOG_NOTICE, state_take },
	[KA_EVENT_PRIORITY] = { "instance", "vrrp_instance", PRIORITY, SL_LOG_NOTICE, priority_take },
	[KA_EVENT_CHANNEL] = { "channel", "channel", GOOD, SL_LOG_WARN, NULL },
	[KA_EVENT_PEER] = { "peer", "peer", GOOD, SL_LOG_WARN, NULL },
	[KA_EVENT_SPLIT] = { "instance", "vrrp_instance", 0, SL_LOG_WARN, NULL },
	[KA_EVENT_LOWER] = { "instance", "vrrp_instance", 0, SL_LOG_WARN, lower_take },
	[KA_EVENT_FENCE] = { "peer", "peer", 0, SL_LOG_WARN, fence_take },
	[KA_EVENT_SYNC] = { "peer", "connection sync", GOOD, SL_LOG_WARN, NULL },
};

static void event_take(struct ha *ha, const struct ka_event *event);
static void tell(struct ha *ha, enum sl_log_level level, const char *name, const char *text, json_t *more);
static void watchers_tell(struct ha *ha, const char *name, const char *text, json_t *more);
static void log_line(struct ha_log *log, enum sl_log_level level, const char *text);

struct watch *
ha_watch_add(struct ha *ha, void (*event)(json_t *event, void *context), void *context)
{
	return watch_add(&ha->watches, event, context);
}

const char *
ha_state_name(uint8_t state)
{
	static const char *const names[KA_STATE_MAX] = {
#define X(id, word) [KA_##id] = (word),
		KA_STATE_LIST(X)
#undef X
	};

	return state < KA_STATE_MAX ? names[state] : "?";
}

/* What is left comes at the next turn of the loop: the descriptor stays readable. */
void
ha_events_take(struct ha *ha)
{
	struct ka_event event;

	for (unsigned int i = 0; i < A_TURN && ka_event_next(&event); i++)
		if (event.kind < KA_EVENT_MAX)
			event_take(ha, &event);
}

void
ha_event_failed(struct ha *ha, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tell(ha, SL_LOG_WARN, "ha_script", text, json_object());
}

void
ha_vip_announced(struct ha *ha, const struct sl_addr *vip, bool announced, const char *text)
{
	char addr[SL_ADDR_STRLEN];
	json_t *more = json_object();

	json_object_set_new(more, "vip", json_string(sl_addr_format(vip, addr)));
	watchers_tell(ha, announced ? "vip_announced" : "vip_withdrawn", text, more);
}

/* Commands first: a transition does not wait for those who look. */
static void
event_take(struct ha *ha, const struct ka_event *event)
{
	static const char *const names[KA_EVENT_MAX] = {
#define X(id, word) [KA_EVENT_##id] = (word),
		KA_EVENT_LIST(X)
#undef X
	};
	unsigned int has = kinds[event->kind].has;
	bool named = event->name[0] != '\0', good = (has & GOOD) && event->good;
	json_t *more = json_object();
	char text[TEXT_SIZE], state[48] = "";

	if (kinds[event->kind].take != NULL)
		kinds[event->kind].take(ha, event);
	if (has & STATE) {
		snprintf(state, sizeof(state), "%s, priority %u%s", ha_state_name(event->state),
			 event->priority, event->text[0] != '\0' ? ": " : "");
		json_object_set_new(more, "state", json_string(ha_state_name(event->state)));
	}
	if (has & PRIORITY)
		json_object_set_new(more, "priority", json_integer(event->priority));
	if (has & GOOD)
		json_object_set_new(more, "good", json_boolean(event->good));
	if (named)
		json_object_set_new(more, kinds[event->kind].member, json_text(event->name));
	snprintf(text, sizeof(text), "%s%s%s: %s%s", kinds[event->kind].label, named ? " " : "", event->name,
		 state, event->text);
	tell(ha, good ? SL_LOG_NOTICE : kinds[event->kind].level, names[event->kind], text, more);
}

/* ---- what else comes of some of them ---- */

static void
state_take(struct ha *ha, const struct ka_event *event)
{
	struct ha_member *member = ha_member_find(ha, event->name, event->kind == KA_EVENT_GROUP);

	/* One that a new configuration does not have any more is told of by ha_notify_deleted. */
	if (member == NULL)
		return;
	member->state = event->state;
	member->priority = event->priority;
	if (!member->is_group)
		ha_held_update(ha);
	ha_notify_state(ha, member);
}

static void
priority_take(struct ha *ha, const struct ka_event *event)
{
	struct ha_member *member = ha_member_find(ha, event->name, false);

	if (member == NULL)
		return;
	member->priority = event->priority;
	ha_notify_priority(ha, member);
}

static void
lower_take(struct ha *ha, const struct ka_event *event)
{
	struct ha_member *member = ha_member_find(ha, event->name, false);

	if (member != NULL)
		ha_notify_lower(ha, member);
}

static void
fence_take(struct ha *ha, const struct ka_event *event)
{
	ha_fence_run(ha->fence, event->name);
}

/* ---- telling ---- */

/* Takes `more`. */
static void
tell(struct ha *ha, enum sl_log_level level, const char *name, const char *text, json_t *more)
{
	log_line(&ha->log, level, text);
	watchers_tell(ha, name, text, more);
}

/* The same. */
static void
watchers_tell(struct ha *ha, const char *name, const char *text, json_t *more)
{
	json_t *event = NULL;

	if (ha->watches.count > 0)
		event = watch_event(name, text);
	if (event != NULL && more != NULL)
		json_object_update(event, more);
	json_decref(more);
	watches_tell(&ha->watches, event);
}

static void
log_line(struct ha_log *log, enum sl_log_level level, const char *text)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != log->second) {
		if (log->unlogged > 0)
			sl_warn("high availability: %u events more within a second, not logged",
				log->unlogged);
		log->second = now.tv_sec;
		log->lines = log->unlogged = 0;
	}
	if (log->lines++ < LOG_LINES)
		sl_log(level, "%s", text);
	else
		log->unlogged++;
}
