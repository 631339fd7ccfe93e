/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of neighbours: a wheel of lists.
 *
 * A slot holds the timers of 16 milliseconds (and of every whole turn of the
 * wheel, 65 s, after these: they are passed over until their turn has come).
 * Setting and cancelling touch one list; a run looks at the slots since the
 * last one, so 60,000 neighbours cost nothing until they are due. What is due
 * moves to a list of its own first, so whatever fire() does cannot disturb the
 * walk, and what exceeds the budget waits there.
 *
 * Lists are circular through the index arrays, each with a head of its own
 * behind the indices. next == 0 means "on no list": index 0 is never used.
 */
#include "neigh_timer.h"

#include "neigh.h"

enum {
	SLOT_MS = 16,
	SLOTS = 4096,
	RIPE = DP_NH_MAX + SLOTS, /* head of the list of what is due */
	NODES = RIPE + 1,
};

static struct {
	uint32_t next[NODES], prev[NODES];
	uint64_t deadline_ms[DP_NH_MAX];
	uint64_t slot_time; /* of the last run: time / SLOT_MS */
} wheel;

static void
list_remove(uint32_t node)
{
	wheel.next[wheel.prev[node]] = wheel.next[node];
	wheel.prev[wheel.next[node]] = wheel.prev[node];
	wheel.next[node] = 0;
}

static void
list_append(uint32_t head, uint32_t node)
{
	wheel.prev[node] = wheel.prev[head];
	wheel.next[node] = head;
	wheel.next[wheel.prev[head]] = node;
	wheel.prev[head] = node;
}

void
dp_neigh_timer_init(uint64_t now_ms)
{
	for (uint32_t i = 0; i < NODES; i++) {
		wheel.next[i] = i < DP_NH_MAX ? 0 : i;
		wheel.prev[i] = i < DP_NH_MAX ? 0 : i;
	}
	wheel.slot_time = now_ms / SLOT_MS;
}

void
dp_neigh_timer_set(uint32_t index, uint64_t deadline_ms)
{
	uint64_t slot_time = deadline_ms / SLOT_MS;

	/* What is due already goes where the next run begins. */
	if (slot_time < wheel.slot_time)
		slot_time = wheel.slot_time;
	dp_neigh_timer_cancel(index);
	wheel.deadline_ms[index] = deadline_ms;
	list_append(DP_NH_MAX + (uint32_t)(slot_time % SLOTS), index);
}

void
dp_neigh_timer_cancel(uint32_t index)
{
	if (wheel.next[index] != 0)
		list_remove(index);
}

static void
ripen(uint32_t head, uint64_t now_ms)
{
	uint32_t next;

	for (uint32_t i = wheel.next[head]; i != head; i = next) {
		next = wheel.next[i];
		if (wheel.deadline_ms[i] <= now_ms) {
			list_remove(i);
			list_append(RIPE, i);
		}
	}
}

unsigned int
dp_neigh_timer_run(uint64_t now_ms, unsigned int budget, void (*fire)(uint32_t index))
{
	uint64_t end = now_ms / SLOT_MS;
	unsigned int fired = 0;

	if (end >= wheel.slot_time + SLOTS) /* once around is everything */
		wheel.slot_time = end - SLOTS + 1;
	for (uint64_t t = wheel.slot_time; t <= end; t++)
		ripen(DP_NH_MAX + (uint32_t)(t % SLOTS), now_ms);
	if (end > wheel.slot_time)
		wheel.slot_time = end;
	for (; fired < budget && wheel.next[RIPE] != RIPE; fired++) {
		uint32_t index = wheel.next[RIPE];

		list_remove(index);
		fire(index);
	}
	return fired;
}
