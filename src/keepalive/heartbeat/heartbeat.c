/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The channels of heartbeat.h: what is said on each and when, and whether
 * somebody is heard.
 *
 *	beat timer or heartbeat_say -> number, echoes (replay.c) -> bytes (message.c) -> line (udp.c, serial.c)
 *	line -> bytes -> signature (message.c) -> new? (replay.c) -> heard
 *
 * A box that is heard for the first time, and one that has just been found to live, is answered at once (no more
 * than once an interval), so that two who meet believe each other after a round trip and not after intervals.
 * Numbers are the monotonic clock's microseconds, which every channel counts for itself; they grow on when
 * a channel is made anew by a reload. One that a reload leaves as it is is not: its line, its numbers and what it has
 * heard go on, under another index if need be.
 */
#include "heartbeat.h"

#include "line.h"
#include "message.h"
#include "replay.h"

#include "sl_addr.h"
#include "sl_clock.h"
#include "sl_log.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	WINDOW_SLACK_MS =
		1000, /* beside dead_ms, for how old an echo may be: a thread that had to wait is no attack */
	KEY_TOLD_US = 60000000, /* how often the log tells of another key, at most */
};

struct channel {
	struct heartbeat *heartbeat;
	struct ka_heartbeat conf;
	unsigned int index;
	struct line *line;
	struct event *beat, *silence;
	struct replay replay;
	uint64_t number;      /* of the last message sent */
	uint64_t answered_us; /* when one was answered at once */
	uint64_t heard_us;    /* 0: never */
	bool alive, told;     /* told: of being alive or not */
	uint64_t key_told_us; /* when the log told of another key; 0: not yet */
	bool key_told;        /* and since nothing good was heard */
	uint64_t sent, received, bad_frame, bad_auth, replayed, foreign;
	char peer[KA_NAME_SIZE];
};

struct heartbeat {
	struct heartbeat_calls calls;
	uint64_t boot_id;
	bool speaks;
	struct heartbeat_message says, heard; /* too large for a stack */
	struct event_base *base;
	unsigned int count;
	struct channel *channels[KA_HEARTBEATS_MAX];
};

static struct channel *channel_create(struct heartbeat *heartbeat, const struct ka_heartbeat *conf,
				      unsigned int index);
static bool channel_init(struct channel *channel);
static void channel_destroy(struct channel *channel);
static void message_take(const uint8_t *data, size_t size, void *context);
static void message_bad(void *context);
static void key_tell(struct channel *channel, uint64_t now_us);
static void line_opened(void *context);
static void beat_due(evutil_socket_t fd, short what, void *context);
static void silence_due(evutil_socket_t fd, short what, void *context);
static void beat(struct channel *channel);
static void answer(struct channel *channel, uint64_t now_us);
static void alive_set(struct channel *channel, bool alive, const char *why);
static struct timeval ms_time(uint64_t ms);

struct heartbeat *
heartbeat_create(struct event_base *base, const struct ka_heartbeat *confs, unsigned int count,
		 uint64_t boot_id, const struct heartbeat_calls *calls)
{
	struct heartbeat *heartbeat = calloc(1, sizeof(*heartbeat));

	if (heartbeat == NULL)
		return NULL;
	heartbeat->calls = *calls;
	heartbeat->boot_id = boot_id;
	heartbeat->base = base;
	if (!heartbeat_change(heartbeat, confs, count)) {
		heartbeat_destroy(heartbeat);
		return NULL;
	}
	return heartbeat;
}

bool
heartbeat_change(struct heartbeat *heartbeat, const struct ka_heartbeat *confs, unsigned int count)
{
	struct channel *old[KA_HEARTBEATS_MAX];

	memcpy(old, heartbeat->channels, sizeof(old));
	memset(heartbeat->channels, 0, sizeof(heartbeat->channels));
	for (unsigned int i = 0; i < count; i++)
		for (unsigned int k = 0; k < heartbeat->count && heartbeat->channels[i] == NULL; k++) {
			if (old[k] == NULL || memcmp(&old[k]->conf, &confs[i], sizeof(confs[i])) != 0)
				continue;
			heartbeat->channels[i] = old[k];
			heartbeat->channels[i]->index = i;
			old[k] = NULL;
		}
	/* First those that go: a new one may want the same address or device. */
	for (unsigned int k = 0; k < heartbeat->count; k++)
		channel_destroy(old[k]);
	heartbeat->count = count;
	for (unsigned int i = 0; i < count; i++) {
		if (heartbeat->channels[i] == NULL)
			heartbeat->channels[i] = channel_create(heartbeat, &confs[i], i);
		if (heartbeat->channels[i] == NULL)
			return false;
	}
	return true;
}

void
heartbeat_destroy(struct heartbeat *heartbeat)
{
	if (heartbeat == NULL)
		return;
	for (unsigned int i = 0; i < heartbeat->count; i++)
		channel_destroy(heartbeat->channels[i]);
	free(heartbeat);
}

void
heartbeat_say(struct heartbeat *heartbeat, const struct heartbeat_message *message)
{
	heartbeat->says = *message;
	heartbeat->says.boot_id = heartbeat->boot_id;
	heartbeat->speaks = true;
	for (unsigned int i = 0; i < heartbeat->count; i++)
		beat(heartbeat->channels[i]);
}

void
heartbeat_drain(struct heartbeat *heartbeat, unsigned int limit_ms)
{
	for (unsigned int i = 0; heartbeat != NULL && i < heartbeat->count; i++)
		line_drain(heartbeat->channels[i]->line, limit_ms);
}

void
heartbeat_status(const struct heartbeat *heartbeat, unsigned int i, struct ka_channel_status *ret_status)
{
	static const char *const kinds[] = { [KA_HEARTBEAT_UDP] = "udp", [KA_HEARTBEAT_SERIAL] = "serial" };
	const struct channel *channel = heartbeat->channels[i];
	struct ka_channel_status status = {
		.kind = kinds[channel->conf.kind],
		.alive = channel->alive,
		.heard_ago_ms =
			channel->heard_us == 0 ? UINT64_MAX : (sl_clock_us() - channel->heard_us) / 1000,
		.sent = channel->sent,
		.received = channel->received,
		.bad_frame = channel->bad_frame,
		.bad_auth = channel->bad_auth,
		.replayed = channel->replayed,
		.foreign = channel->foreign,
	};

	memcpy(status.name, channel->conf.name, sizeof(status.name));
	memcpy(status.peer, channel->peer, sizeof(status.peer));
	*ret_status = status;
}

static struct channel *
channel_create(struct heartbeat *heartbeat, const struct ka_heartbeat *conf, unsigned int index)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (channel == NULL)
		return NULL;
	channel->heartbeat = heartbeat;
	channel->conf = *conf;
	channel->index = index;
	if (channel_init(channel))
		return channel;
	channel_destroy(channel);
	return NULL;
}

static bool
channel_init(struct channel *channel)
{
	struct event_base *base = channel->heartbeat->base;
	const struct timeval interval = ms_time(channel->conf.interval_ms),
			     dead = ms_time(channel->conf.dead_ms);
	struct line_calls calls = {
		.take = message_take, .bad = message_bad, .opened = line_opened, .context = channel
	};

	replay_init(&channel->replay, channel->heartbeat->boot_id,
		    ((uint64_t)channel->conf.dead_ms + WINDOW_SLACK_MS) * 1000);
	channel->beat = event_new(base, -1, EV_PERSIST, beat_due, channel);
	channel->silence = evtimer_new(base, silence_due, channel);
	if (channel->beat == NULL || channel->silence == NULL || event_add(channel->beat, &interval) < 0 ||
	    event_add(channel->silence, &dead) < 0)
		return false;
	channel->line = line_create(base, &channel->conf, &calls);
	return channel->line != NULL;
}

static void
channel_destroy(struct channel *channel)
{
	if (channel == NULL)
		return;
	line_destroy(channel->line);
	if (channel->beat != NULL)
		event_free(channel->beat);
	if (channel->silence != NULL)
		event_free(channel->silence);
	free(channel);
}

static void
message_take(const uint8_t *data, size_t size, void *context)
{
	struct channel *channel = context;
	struct heartbeat *heartbeat = channel->heartbeat;
	struct timeval dead = ms_time(channel->conf.dead_ms);
	struct heartbeat_proof proof;
	enum replay_verdict verdict;
	uint64_t now_us = sl_clock_us();
	char why[KA_NAME_SIZE + 32];

	switch (heartbeat_message_parse(data, size, channel->conf.kind, channel->conf.key, &heartbeat->heard,
					&proof)) {
	case HEARTBEAT_GOOD:
		break;
	case HEARTBEAT_BAD_FRAME:
		channel->bad_frame++;
		return;
	case HEARTBEAT_VERSION_OTHER:
		channel->foreign++;
		return;
	case HEARTBEAT_BAD_AUTH:
		channel->bad_auth++;
		key_tell(channel, now_us);
		return;
	}
	verdict = replay_take(&channel->replay, &heartbeat->heard, &proof, now_us);
	if (verdict == REPLAY_OLD)
		channel->replayed++;
	if (verdict == REPLAY_UNPROVED)
		channel->foreign++;
	if (verdict == REPLAY_UNPROVED || verdict == REPLAY_PROVED)
		answer(channel, now_us);
	if (verdict != REPLAY_GOOD && verdict != REPLAY_PROVED)
		return;
	channel->received++;
	channel->heard_us = now_us;
	channel->key_told = false;
	memcpy(channel->peer, heartbeat->heard.router_id, sizeof(channel->peer));
	event_add(channel->silence, &dead);
	snprintf(why, sizeof(why), "%s is heard", channel->peer);
	alive_set(channel, true, why);
	heartbeat->heard.number = proof.number;
	heartbeat->calls.heard(channel->index, &heartbeat->heard, heartbeat->calls.context);
}

/* While the peer is heard, somebody else's key is no concern; and a flood of them is one line. */
static void
key_tell(struct channel *channel, uint64_t now_us)
{
	char text[SL_ADDR_STRLEN];
	bool named = !sl_addr_is_none(&channel->line->from);

	if (channel->key_told ||
	    (channel->heard_us != 0 && now_us - channel->heard_us < (uint64_t)channel->conf.dead_ms * 1000) ||
	    (channel->key_told_us != 0 && now_us - channel->key_told_us < KEY_TOLD_US))
		return;
	channel->key_told = true;
	channel->key_told_us = now_us;
	sl_warn("heartbeat %s: a message with another key, or one that was changed on its way, has come "
		"in%s%s: "
		"key and key_file must be the same on all boxes",
		channel->conf.name, named ? " from " : "",
		named ? sl_addr_format(&channel->line->from, text) : "");
}

static void
message_bad(void *context)
{
	struct channel *channel = context;

	channel->bad_frame++;
}

/* The peer need not wait for the next interval. */
static void
line_opened(void *context)
{
	struct channel *channel = context;

	/* In line_create it is not known here yet. */
	if (channel->line != NULL)
		beat(channel);
}

static void
beat_due(evutil_socket_t fd, short what, void *context)
{
	beat(context);
}

static void
silence_due(evutil_socket_t fd, short what, void *context)
{
	struct channel *channel = context;
	char why[64];

	snprintf(why, sizeof(why), "nothing heard for %u ms", channel->conf.dead_ms);
	alive_set(channel, false, why);
}

static void
beat(struct channel *channel)
{
	struct heartbeat *heartbeat = channel->heartbeat;
	uint8_t data[HEARTBEAT_SIZE_MAX];
	struct heartbeat_proof proof;
	uint64_t now_us = sl_clock_us();
	size_t size;

	if (!heartbeat->speaks)
		return;
	channel->number = now_us > channel->number ? now_us : channel->number + 1;
	proof.number = channel->number;
	replay_echoes(&channel->replay, &proof);
	size = heartbeat_message_format(&heartbeat->says, &proof, channel->conf.kind, channel->conf.key,
					data);
	if (line_send(channel->line, data, size))
		channel->sent++;
}

static void
answer(struct channel *channel, uint64_t now_us)
{
	if (now_us - channel->answered_us < (uint64_t)channel->conf.interval_ms * 1000)
		return;
	channel->answered_us = now_us;
	beat(channel);
}

static void
alive_set(struct channel *channel, bool alive, const char *why)
{
	struct heartbeat *heartbeat = channel->heartbeat;

	if (channel->told && channel->alive == alive)
		return;
	channel->alive = alive;
	channel->told = true;
	heartbeat->calls.channel(channel->index, alive, why, heartbeat->calls.context);
}

static struct timeval
ms_time(uint64_t ms)
{
	return (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}
