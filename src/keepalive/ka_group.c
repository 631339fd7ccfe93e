/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sync groups: instances that change state together. One becomes MASTER only when all others want to, too;
 * when one is MASTER no more, or another box is of one, none is. That FAULT of one is FAULT of all is in
 * ka_watch.c. Keepalive thread, with the lock.
 */
#include "ka_room.h"

#include <stdio.h>

/* The next member of the instance's group after `at` (NULL: the first); NULL: there are no more. */
static struct instance *
member_next(const struct ka_run *run, int group, const struct instance *at)
{
	for (unsigned int i = at == NULL ? 0 : (unsigned int)(at - run->instances) + 1;
	     i < run->instance_count; i++)
		if (run->instances[i].conf.sync_group == group)
			return &run->instances[i];
	return NULL;
}

bool
ka_group_agrees(const struct ka_run *run, const struct instance *instance)
{
	int group = instance->conf.sync_group;

	if (group < 0)
		return true;
	for (struct instance *member = member_next(run, group, NULL); member != NULL;
	     member = member_next(run, group, member))
		if (member != instance && member->fsm.state != KA_MASTER && !member->fsm.wants &&
		    !member->fsm.fencing)
			return false;
	return true;
}

void
ka_group_asked(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	int group = instance->conf.sync_group;
	bool fence = false;

	if (!ka_group_agrees(run, instance))
		return;
	for (struct instance *member = member_next(run, group, NULL); member != NULL;
	     member = member_next(run, group, member))
		fence |= ka_instance_needs_fence(run, member, now_us);
	for (struct instance *member = member_next(run, group, NULL); member != NULL;
	     member = member_next(run, group, member)) {
		struct vrrp_actions actions = { 0 };

		/* One whose own MASTER gave way waits for the others: all take over, or none. */
		if (fence && !ka_instance_needs_fence(run, member, now_us))
			vrrp_fsm_wait_fence(&member->fsm);
		else
			vrrp_fsm_promote(&member->fsm, now_us, &actions);
		ka_instance_do(run, member, &actions, now_us);
	}
}

void
ka_group_left(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	int group = instance->conf.sync_group;
	char why[192];

	/* In FAULT and STOP the others are told by who found that out. */
	if (group < 0 || instance->fsm.state != KA_BACKUP)
		return;
	snprintf(why, sizeof(why), "sync group %s: %s is MASTER no more", run->conf->groups[group].name,
		 instance->conf.name);
	for (struct instance *member = member_next(run, group, NULL); member != NULL;
	     member = member_next(run, group, member)) {
		struct vrrp_actions actions = { 0 };

		if (member == instance)
			continue;
		vrrp_fsm_follow(&member->fsm, now_us, why, &actions);
		ka_instance_do(run, member, &actions, now_us);
	}
}

/* As others hear it. */
static const struct sl_addr *
master_source(const struct instance *instance)
{
	return instance->fsm.state == KA_MASTER ? &instance->fsm.source : &instance->fsm.master;
}

/* Has `a` the stronger MASTER? Than none (NULL) any is. */
static bool
master_wins(const struct instance *a, const struct instance *b)
{
	if (b == NULL || a->fsm.master_priority != b->fsm.master_priority)
		return b == NULL || a->fsm.master_priority > b->fsm.master_priority;
	return memcmp(master_source(a)->b, master_source(b)->b, sizeof(master_source(a)->b)) > 0;
}

/*
 * After a reload has put them together, one member may be MASTER here and another obey a MASTER elsewhere.
 * Both boxes compare the same two, the strongest of either, by adverts that came since: so one of them gives
 * way, and the other takes over what it leaves. When it does not, as it knows of no such group, the stronger
 * one does after Master_Down.
 */
static void
apart_look(struct ka_run *run, int group, uint64_t now_us)
{
	struct instance *first = member_next(run, group, NULL), *here = NULL, *there = NULL;
	struct vrrp_actions actions = { 0 };
	uint64_t patience_us;
	char why[192];

	for (struct instance *member = first; member != NULL; member = member_next(run, group, member)) {
		if (member->fsm.state == KA_MASTER && master_wins(member, here))
			here = member;
		if (vrrp_fsm_obeys(&member->fsm, now_us) && master_wins(member, there))
			there = member;
	}
	if (first == NULL)
		return;
	if (here == NULL || there == NULL) {
		first->apart_us = 0;
		return;
	}
	if (first->apart_us == 0)
		first->apart_us = now_us;
	patience_us = master_wins(here, there) ? there->fsm.down_us : 0;
	if (there->fsm.heard_us <= first->apart_us + patience_us)
		return;
	snprintf(why, sizeof(why), "sync group %s: another box is MASTER of %s",
		 run->conf->groups[group].name, there->conf.name);
	/* The others that are MASTER follow it. */
	vrrp_fsm_follow(&here->fsm, now_us, why, &actions);
	ka_instance_do(run, here, &actions, now_us);
}

void
ka_group_turn(struct ka_run *run, uint64_t now_us)
{
	for (unsigned int i = 0; i < run->conf->group_count; i++)
		apart_look(run, (int)i, now_us);
}

void
ka_group_announce(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	int group = instance->conf.sync_group;

	announce_lower(&instance->announce, &instance->conf.garp, now_us);
	for (struct instance *member = group < 0 ? NULL : member_next(run, group, NULL); member != NULL;
	     member = member_next(run, group, member))
		if (member != instance && member->fsm.state == KA_MASTER)
			announce_lower(&member->announce, &member->conf.garp, now_us);
}

/* What they are together; INIT while they are not one. */
static enum ka_state
group_state(const struct ka_run *run, int group, uint8_t *ret_priority)
{
	const struct instance *first = member_next(run, group, NULL);

	if (first == NULL)
		return KA_INIT;
	for (const struct instance *member = first; member != NULL; member = member_next(run, group, member))
		if (member->fsm.state != first->fsm.state)
			return KA_INIT;
	*ret_priority = first->fsm.priority;
	return first->fsm.state;
}

void
ka_group_tell(struct ka_run *run)
{
	for (unsigned int i = 0; i < run->conf->group_count; i++) {
		struct ka_event event = { .kind = KA_EVENT_GROUP };
		enum ka_state state = group_state(run, (int)i, &event.priority);

		if (state == KA_INIT || state == run->group_states[i])
			continue;
		run->group_states[i] = (uint8_t)state;
		event.state = (uint8_t)state;
		event.good = state != KA_FAULT;
		memcpy(event.name, run->conf->groups[i].name, sizeof(event.name));
		snprintf(event.text, sizeof(event.text), "%s", member_next(run, (int)i, NULL)->fsm.why);
		ka_queue_put(&event);
	}
}
