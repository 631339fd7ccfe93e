/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which signed messages are new (replay.h).
 */
#include "replay.h"

#include <string.h>

static bool echo_is_fresh(const struct replay *replay, const struct heartbeat_proof *proof, uint64_t now_us);
static bool is_in_time(const struct replay *replay, const struct replay_sender *sender, uint64_t number,
		       uint64_t now_us);
static bool is_retired(const struct replay *replay, uint64_t boot_id);
static struct replay_sender *sender_find(struct replay *replay, uint64_t boot_id);
static struct replay_sender *sender_add(struct replay *replay, uint64_t boot_id, uint64_t now_us);
static void others_retire(struct replay *replay, const struct replay_sender *sender);

void
replay_init(struct replay *replay, uint64_t own_boot_id, uint64_t window_us)
{
	static const struct replay none;

	*replay = none;
	replay->own_boot_id = own_boot_id;
	replay->window_us = window_us;
}

enum replay_verdict
replay_take(struct replay *replay, const struct heartbeat_message *message,
	    const struct heartbeat_proof *proof, uint64_t now_us)
{
	struct replay_sender *sender = sender_find(replay, message->boot_id);
	bool fresh = echo_is_fresh(replay, proof, now_us), first;

	if (message->boot_id == replay->own_boot_id || is_retired(replay, message->boot_id) ||
	    (sender != NULL && proof->number <= sender->number))
		return REPLAY_OLD;
	if (sender != NULL && sender->proved && !fresh && !is_in_time(replay, sender, proof->number, now_us))
		return REPLAY_OLD;
	if (sender == NULL)
		sender = sender_add(replay, message->boot_id, now_us);
	if (sender == NULL)
		return REPLAY_UNPROVED;
	first = fresh && !sender->proved;
	sender->number = proof->number;
	sender->heard_us = now_us;
	memcpy(sender->router_id, message->router_id, sizeof(sender->router_id));
	if (fresh) {
		sender->proved = true;
		sender->fresh_us = now_us;
		sender->behind_us = now_us - proof->number;
	}
	if (first)
		others_retire(replay, sender);
	return first ? REPLAY_PROVED : sender->proved ? REPLAY_GOOD : REPLAY_UNPROVED;
}

void
replay_echoes(const struct replay *replay, struct heartbeat_proof *ret_proof)
{
	ret_proof->echo_count = 0;
	for (unsigned int i = 0; i < REPLAY_SENDERS_MAX; i++) {
		const struct replay_sender *sender = &replay->senders[i];

		if (sender->boot_id == 0)
			continue;
		ret_proof->echoes[ret_proof->echo_count].boot_id = sender->boot_id;
		ret_proof->echoes[ret_proof->echo_count++].number = sender->number;
	}
}

static bool
echo_is_fresh(const struct replay *replay, const struct heartbeat_proof *proof, uint64_t now_us)
{
	for (unsigned int i = 0; i < proof->echo_count; i++)
		if (proof->echoes[i].boot_id == replay->own_boot_id && proof->echoes[i].number <= now_us &&
		    now_us - proof->echoes[i].number <= replay->window_us)
			return true;
	return false;
}

/* Later than the last fresh one by no more than the window? Earlier than that is no fault: it has travelled faster. */
static bool
is_in_time(const struct replay *replay, const struct replay_sender *sender, uint64_t number, uint64_t now_us)
{
	int64_t late_us = (int64_t)(now_us - number - sender->behind_us);

	return late_us <= (int64_t)(replay->window_us + (now_us - sender->fresh_us) / 1000);
}

static bool
is_retired(const struct replay *replay, uint64_t boot_id)
{
	for (unsigned int i = 0; i < REPLAY_RETIRED_MAX; i++)
		if (replay->retired[i] == boot_id)
			return true;
	return false;
}

static struct replay_sender *
sender_find(struct replay *replay, uint64_t boot_id)
{
	for (unsigned int i = 0; i < REPLAY_SENDERS_MAX; i++)
		if (replay->senders[i].boot_id == boot_id)
			return &replay->senders[i];
	return NULL;
}

/* A free place, else that of whoever has been silent for longest and longer than the window, those not proved first. */
static struct replay_sender *
sender_add(struct replay *replay, uint64_t boot_id, uint64_t now_us)
{
	static const struct replay_sender none;
	struct replay_sender *best = sender_find(replay, 0);

	for (unsigned int i = 0; best == NULL && i < REPLAY_SENDERS_MAX; i++)
		if (!replay->senders[i].proved)
			best = &replay->senders[i];
	for (unsigned int i = 0; i < REPLAY_SENDERS_MAX; i++) {
		struct replay_sender *sender = &replay->senders[i];

		if (best == NULL ? now_us - sender->heard_us > replay->window_us
				 : best->boot_id != 0 && sender->proved == best->proved &&
					   sender->heard_us < best->heard_us)
			best = sender;
	}
	if (best == NULL)
		return NULL;
	*best = none;
	best->boot_id = boot_id;
	return best;
}

/* Its router id has spoken before under other boot ids. */
static void
others_retire(struct replay *replay, const struct replay_sender *sender)
{
	static const struct replay_sender none;

	for (unsigned int i = 0; i < REPLAY_SENDERS_MAX; i++) {
		struct replay_sender *other = &replay->senders[i];

		if (other == sender || other->boot_id == 0 ||
		    strcmp(other->router_id, sender->router_id) != 0)
			continue;
		/* One that was never proved may be a recording as well as a box that starts just now: only its place is freed. */
		if (other->proved)
			replay->retired[replay->retired_next++ % REPLAY_RETIRED_MAX] = other->boot_id;
		*other = none;
	}
}
