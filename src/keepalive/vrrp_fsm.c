/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state machine of one VRRP instance (vrrp_fsm.h).
 *
 * What an advert does depends on the state and on whose priority is higher; the rest is timers. The order of the
 * actions of a new MASTER matters: the advert first, so that the old one lets go, then
 * the addresses, then the neighbours are told.
 */
#include "vrrp_fsm.h"

#include "sl_addr.h"

#include <stdio.h>
#include <string.h>

enum { SECOND_US = 1000000, PRIORITIES = 256 };

static void backup_heard(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_heard *heard);
static void master_heard(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_heard *heard,
			 struct vrrp_actions *actions);
static void master_become(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions);
static void backup_become(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions);

static void
act(struct vrrp_actions *actions, enum vrrp_action action)
{
	if (actions->count < VRRP_ACTIONS_MAX)
		actions->list[actions->count++] = action;
}

static void
state_set(struct vrrp_fsm *fsm, uint64_t now_us, enum ka_state state, struct vrrp_actions *actions)
{
	fsm->state = state;
	fsm->since_us = now_us;
	fsm->wants = false;
	fsm->fencing = false;
	fsm->preempt_us = 0;
	fsm->graced = false;
	act(actions, VRRP_DO_STATE);
}

static void
timer_set(struct vrrp_fsm *fsm, uint64_t at_us)
{
	fsm->timer_us = at_us;
	fsm->graced = false;
}

/* keepalived's VRRP_TIMER_SKEW. */
uint64_t
vrrp_fsm_skew(const struct vrrp_fsm *fsm)
{
	uint64_t interval_us = fsm->conf.version == 2 ? SECOND_US : fsm->master_advert_us;

	return interval_us * (PRIORITIES - (uint64_t)fsm->priority) / PRIORITIES;
}

static uint64_t
skew_least(const struct vrrp_fsm *fsm)
{
	return (fsm->conf.version == 2 ? SECOND_US : fsm->master_advert_us) / PRIORITIES;
}

static void
down_compute(struct vrrp_fsm *fsm)
{
	fsm->down_us = fsm->conf.down_adverts * fsm->master_advert_us + vrrp_fsm_skew(fsm);
}

bool
vrrp_fsm_is_held_back(const struct vrrp_fsm *fsm)
{
	return fsm->held || (fsm->gate && fsm->state != KA_MASTER);
}

static bool
preempts(const struct vrrp_fsm *fsm)
{
	return !fsm->conf.nopreempt && !vrrp_fsm_is_held_back(fsm);
}

void
vrrp_fsm_init(struct vrrp_fsm *fsm, const struct vrrp_fsm_conf *conf, uint8_t priority)
{
	*fsm = (struct vrrp_fsm){
		.conf = *conf,
		.state = KA_INIT,
		.priority = priority,
		.timer_us = VRRP_NEVER,
		.master_advert_us = conf->advert_us,
		.heard_us = VRRP_NEVER,
		.gave_way_us = VRRP_NEVER,
		.lower_us = VRRP_NEVER,
	};
	down_compute(fsm);
}

void
vrrp_fsm_start(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	if (fsm->fault) {
		state_set(fsm, now_us, KA_FAULT, actions);
		return;
	}
	snprintf(fsm->why, sizeof(fsm->why), "started");
	backup_become(fsm, now_us, actions);
	/* One that must not preempt has to be sure that there is no master. */
	if (fsm->gate || fsm->conf.initial != KA_MASTER)
		return;
	timer_set(fsm, fsm->priority == KA_PRIORITY_OWNER ? now_us
							  : now_us + fsm->conf.advert_us + skew_least(fsm));
}

/* ---- adverts ---- */

void
vrrp_fsm_heard(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_heard *heard,
	       struct vrrp_actions *actions)
{
	if (fsm->state == KA_BACKUP)
		backup_heard(fsm, now_us, heard);
	else if (fsm->state == KA_MASTER)
		master_heard(fsm, now_us, heard, actions);
	if (heard->priority > 0) {
		fsm->met = true;
		fsm->heard_us = now_us;
		fsm->gave_way_us = VRRP_NEVER;
	}
	if (fsm->state != KA_MASTER) {
		fsm->master = heard->priority > 0 ? heard->source : (struct sl_addr){ 0 };
		fsm->master_priority = heard->priority;
	}
}

static void
interval_learn(struct vrrp_fsm *fsm, const struct vrrp_heard *heard)
{
	if (fsm->conf.version == 3)
		fsm->master_advert_us = heard->advert_us;
	down_compute(fsm);
}

/* preempt_delay runs from the first advert of a lower priority on. */
static bool
delay_runs(const struct vrrp_fsm *fsm, uint64_t now_us)
{
	return fsm->conf.preempt_delay_us > 0 && (fsm->preempt_us == 0 || now_us < fsm->preempt_us);
}

static void
backup_heard(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_heard *heard)
{
	if (heard->priority == 0) {
		uint64_t at_us = now_us + vrrp_fsm_skew(fsm);

		/* One that says it again and again does not put it off. */
		if (fsm->gave_way_us == VRRP_NEVER || at_us < fsm->timer_us)
			timer_set(fsm, at_us);
		fsm->gave_way_us = now_us;
		fsm->fencing = false;
		return;
	}
	if (heard->priority < fsm->priority && preempts(fsm) && !delay_runs(fsm, now_us))
		return;
	if (heard->priority >= fsm->priority)
		fsm->preempt_us = 0;
	else if (fsm->conf.preempt_delay_us > 0 && fsm->preempt_us == 0)
		fsm->preempt_us = now_us + fsm->conf.preempt_delay_us;
	interval_learn(fsm, heard);
	fsm->wants = false;
	fsm->fencing = false;
	timer_set(fsm, now_us + fsm->down_us);
}

/*
 * Two that both own the addresses cannot be resolved by priority. The one that still hears the other after two
 * adverts of its own and some, gives up its claim.
 */
static bool
owner_conflict(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	uint64_t patience_us = fsm->conf.advert_us * 32 / 10;

	if (fsm->owners_us == 0 || now_us - fsm->owners_last_us > patience_us) {
		fsm->owners_us = now_us;
		act(actions, VRRP_DO_OWNERS);
	}
	fsm->owners_last_us = now_us;
	if (now_us - fsm->owners_us < patience_us)
		return true;
	fsm->owners_us = 0;
	fsm->disowned = true;
	vrrp_fsm_priority(fsm, now_us, KA_PRIORITY_OWNER - 1);
	return false;
}

static void
master_heard(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_heard *heard,
	     struct vrrp_actions *actions)
{
	char text[SL_ADDR_STRLEN];
	int order = memcmp(heard->source.b, fsm->source.b, sizeof(fsm->source.b));

	if (heard->priority == 0) {
		act(actions, VRRP_DO_SEND);
		return;
	}
	if (heard->priority == KA_PRIORITY_OWNER && fsm->priority == KA_PRIORITY_OWNER &&
	    owner_conflict(fsm, now_us, actions))
		return;
	if (heard->priority < fsm->priority || (heard->priority == fsm->priority && order < 0)) {
		if (!fsm->conf.lower_prio_no_advert)
			act(actions, VRRP_DO_SEND);
		/* No second MASTER before it had the time to give way. */
		if (now_us - fsm->since_us >= fsm->down_us &&
		    (fsm->lower_us == VRRP_NEVER || now_us - fsm->lower_us > fsm->down_us))
			act(actions, VRRP_DO_SPLIT);
		if (fsm->lower_us == VRRP_NEVER || now_us - fsm->lower_us >= fsm->conf.advert_us / 2) {
			act(actions, VRRP_DO_ANNOUNCE_LOWER);
			/* One that was just preempted may have an advert under way; that is no news. */
			if (now_us - fsm->since_us >= fsm->conf.advert_us)
				act(actions, VRRP_DO_LOWER);
			fsm->lower_us = now_us;
		}
		return;
	}
	/* From our own address: a fault of the network that no election can mend. */
	if (heard->priority == fsm->priority && order == 0)
		return;
	snprintf(fsm->why, sizeof(fsm->why), "%s is MASTER with priority %u, this is %u",
		 sl_addr_format(&heard->source, text), heard->priority, fsm->priority);
	/*
	 * The other one may not have heard that there were two, and would not announce its addresses again, which
	 * neighbours have learned to be here.
	 */
	if (fsm->conf.higher_prio_send_advert)
		act(actions, VRRP_DO_SPEAK);
	act(actions, VRRP_DO_RELEASE);
	interval_learn(fsm, heard);
	backup_become(fsm, now_us, actions);
}

/* ---- timers ---- */

void
vrrp_fsm_timer(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	if (now_us < fsm->timer_us)
		return;
	if (fsm->state == KA_MASTER) {
		act(actions, VRRP_DO_SEND);
		fsm->timer_us += fsm->conf.advert_us;
		if (fsm->timer_us <= now_us)
			fsm->timer_us = now_us + fsm->conf.advert_us;
		return;
	}
	timer_set(fsm, VRRP_NEVER);
	if (fsm->state != KA_BACKUP)
		return;
	if (!fsm->conf.grouped) {
		vrrp_fsm_promote(fsm, now_us, actions);
		return;
	}
	/* Until then the next Master_Down runs. */
	fsm->wants = true;
	timer_set(fsm, now_us + fsm->down_us);
	act(actions, VRRP_DO_ASK);
}

/* Is a master alive, that is being preempted? */
static bool
master_lives(const struct vrrp_fsm *fsm, uint64_t now_us)
{
	return fsm->heard_us != VRRP_NEVER && now_us - fsm->heard_us < fsm->down_us;
}

bool
vrrp_fsm_obeys(const struct vrrp_fsm *fsm, uint64_t now_us)
{
	return fsm->state == KA_BACKUP && fsm->gave_way_us == VRRP_NEVER && master_lives(fsm, now_us) &&
	       (fsm->master_priority >= fsm->priority || !preempts(fsm) || delay_runs(fsm, now_us));
}

static void
why_master(struct vrrp_fsm *fsm, uint64_t now_us)
{
	char text[SL_ADDR_STRLEN];

	if (fsm->gave_way_us != VRRP_NEVER)
		snprintf(fsm->why, sizeof(fsm->why), "the MASTER gave way (priority 0)");
	else if (fsm->heard_us == VRRP_NEVER)
		snprintf(fsm->why, sizeof(fsm->why), "no MASTER is heard");
	else if (master_lives(fsm, now_us))
		snprintf(fsm->why, sizeof(fsm->why), "takes over from %s of priority %u, this is %u",
			 sl_addr_format(&fsm->master, text), fsm->master_priority, fsm->priority);
	else
		snprintf(fsm->why, sizeof(fsm->why), "no advert of %s for %llu ms",
			 sl_addr_format(&fsm->master, text),
			 (unsigned long long)((now_us - fsm->heard_us) / 1000));
}

bool
vrrp_fsm_misses_master(const struct vrrp_fsm *fsm, uint64_t now_us)
{
	return fsm->state == KA_BACKUP && fsm->gave_way_us == VRRP_NEVER && !master_lives(fsm, now_us);
}

/*
 * Who gave way, or is heard, need not be fenced; who fell silent may still hold the addresses. A box that
 * starts and hears nobody may be the one that is cut off: it must not shoot at who serves.
 */
bool
vrrp_fsm_needs_fence(const struct vrrp_fsm *fsm, uint64_t now_us)
{
	return fsm->conf.fence && fsm->met && vrrp_fsm_misses_master(fsm, now_us);
}

void
vrrp_fsm_wait_fence(struct vrrp_fsm *fsm)
{
	if (fsm->state != KA_BACKUP)
		return;
	fsm->fencing = true;
	timer_set(fsm, VRRP_NEVER);
}

void
vrrp_fsm_promote(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	if (fsm->state != KA_BACKUP)
		return;
	if (vrrp_fsm_needs_fence(fsm, now_us)) {
		vrrp_fsm_wait_fence(fsm);
		act(actions, VRRP_DO_FENCE);
		return;
	}
	master_become(fsm, now_us, actions);
}

void
vrrp_fsm_fenced(struct vrrp_fsm *fsm, uint64_t now_us, bool good, struct vrrp_actions *actions)
{
	if (!fsm->fencing)
		return;
	fsm->fencing = false;
	if (good) {
		master_become(fsm, now_us, actions);
		return;
	}
	snprintf(fsm->why, sizeof(fsm->why), "the fence command failed: stays BACKUP");
	fsm->wants = false;
	timer_set(fsm, now_us + fsm->down_us);
}

static void
master_become(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	why_master(fsm, now_us);
	fsm->silence = fsm->heard_us != VRRP_NEVER && vrrp_fsm_misses_master(fsm, now_us);
	act(actions, VRRP_DO_SEND);
	act(actions, VRRP_DO_HOLD);
	act(actions, VRRP_DO_ANNOUNCE);
	state_set(fsm, now_us, KA_MASTER, actions);
	fsm->held = false;
	fsm->gave_way_us = VRRP_NEVER;
	fsm->lower_us = VRRP_NEVER;
	fsm->owners_us = 0;
	fsm->master = fsm->source;
	fsm->master_priority = fsm->priority;
	fsm->master_advert_us = fsm->conf.advert_us;
	down_compute(fsm);
	timer_set(fsm, now_us + fsm->conf.advert_us);
}

static void
backup_become(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	state_set(fsm, now_us, KA_BACKUP, actions);
	timer_set(fsm, now_us + fsm->down_us);
}

/* Gives up what a MASTER has; nothing for others. */
static void
give_way(struct vrrp_fsm *fsm, struct vrrp_actions *actions)
{
	if (fsm->state != KA_MASTER)
		return;
	act(actions, VRRP_DO_SEND_ZERO);
	act(actions, VRRP_DO_RELEASE);
	fsm->master = (struct sl_addr){ 0 };
	fsm->master_priority = 0;
	fsm->heard_us = VRRP_NEVER;
}

/* ---- what is told from outside ---- */

void
vrrp_fsm_fault(struct vrrp_fsm *fsm, uint64_t now_us, bool fault, const char *why,
	       struct vrrp_actions *actions)
{
	bool was = fsm->fault;

	fsm->fault = fault;
	if (was == fault || fsm->state == KA_STOP)
		return;
	snprintf(fsm->why, sizeof(fsm->why), "%s", why);
	if (fsm->state == KA_INIT)
		return;
	if (fault) {
		give_way(fsm, actions);
		state_set(fsm, now_us, KA_FAULT, actions);
		timer_set(fsm, VRRP_NEVER);
		return;
	}
	/* What was heard before is old. */
	fsm->heard_us = fsm->gave_way_us = VRRP_NEVER;
	backup_become(fsm, now_us, actions);
	if (fsm->priority == KA_PRIORITY_OWNER && !fsm->gate)
		timer_set(fsm, now_us);
}

void
vrrp_fsm_priority(struct vrrp_fsm *fsm, uint64_t now_us, uint8_t priority)
{
	uint64_t old_us = fsm->down_us;

	if (fsm->priority == priority)
		return;
	fsm->priority = priority;
	down_compute(fsm);
	if (fsm->state == KA_MASTER)
		fsm->master_priority = priority;
	if (fsm->state != KA_BACKUP || fsm->timer_us == VRRP_NEVER)
		return;
	if (fsm->down_us >= old_us)
		fsm->timer_us += fsm->down_us - old_us;
	else
		fsm->timer_us = fsm->timer_us > old_us - fsm->down_us
					? fsm->timer_us - (old_us - fsm->down_us)
					: now_us;
}

void
vrrp_fsm_conf_set(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_fsm_conf *conf)
{
	uint64_t old_us = fsm->down_us;
	bool interval_changed = fsm->conf.advert_us != conf->advert_us;

	fsm->conf = *conf;
	if (conf->preempt_delay_us == 0)
		fsm->preempt_us = 0;
	/* Version 3: the MASTER that is heard has said its own, which holds until it says another. */
	if (interval_changed &&
	    (conf->version == 2 || fsm->state != KA_BACKUP || fsm->heard_us == VRRP_NEVER))
		fsm->master_advert_us = conf->advert_us;
	down_compute(fsm);
	if (fsm->state == KA_MASTER) {
		if (fsm->timer_us > now_us + conf->advert_us)
			timer_set(fsm, now_us + conf->advert_us);
	} else if (fsm->state == KA_BACKUP && fsm->timer_us != VRRP_NEVER && fsm->down_us != old_us) {
		timer_set(fsm, now_us + fsm->down_us);
	}
}

void
vrrp_fsm_stop(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	give_way(fsm, actions);
	snprintf(fsm->why, sizeof(fsm->why), "stopped");
	state_set(fsm, now_us, KA_STOP, actions);
	timer_set(fsm, VRRP_NEVER);
}

void
vrrp_fsm_failover(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions)
{
	if (fsm->state == KA_MASTER) {
		give_way(fsm, actions);
		snprintf(fsm->why, sizeof(fsm->why), "gave way by command");
		backup_become(fsm, now_us, actions);
	}
	fsm->held = true;
}

void
vrrp_fsm_release(struct vrrp_fsm *fsm)
{
	fsm->held = false;
}

void
vrrp_fsm_follow(struct vrrp_fsm *fsm, uint64_t now_us, const char *why, struct vrrp_actions *actions)
{
	fsm->wants = false;
	if (fsm->state != KA_MASTER)
		return;
	give_way(fsm, actions);
	snprintf(fsm->why, sizeof(fsm->why), "%s", why);
	backup_become(fsm, now_us, actions);
}

void
vrrp_fsm_stalled(struct vrrp_fsm *fsm, uint64_t now_us, uint64_t stall_us)
{
	uint64_t wait_us = fsm->master_advert_us + vrrp_fsm_skew(fsm);

	if (fsm->state != KA_BACKUP || fsm->timer_us == VRRP_NEVER || fsm->graced ||
	    stall_us < fsm->master_advert_us || fsm->timer_us > now_us + wait_us)
		return;
	timer_set(fsm, now_us + wait_us);
	fsm->graced = true;
}
