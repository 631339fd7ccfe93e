/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state machine of a VRRP instance as stories: one step a row, what goes in, what is to be done and in which
 * state, on a clock of the test's. Then two machines joined by a bad link, for thousands of seeds: they always
 * agree in the end, and there is always a MASTER.
 */
#include "vrrp_fsm.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { MS = 1000 };

/* What goes in. */
enum input {
	START,
	HEAR,   /* an advert of priority `a` from the peer, whose address is higher */
	HEAR_L, /* ... whose address is lower */
	HEAR_I, /* priority 100 from the peer, with an interval of `a` ms */
	TIMER,  /* the clock goes to where the timer is; the time since the step before is `at` */
	WAIT,   /* the clock goes on by `a` ms; the timer must not be due before */
	FAULT,  /* begins (a 1), ends (a 0) */
	PRIO,   /* the effective priority becomes a */
	STOP,
	FAILOVER,
	RELEASE,
	GATE, /* closed (1), open (0) */
	PROMOTE,
	FOLLOW,
	FENCED, /* by a command that succeeded (1), failed (0) */
	STALL,  /* nobody ran it for `a` ms, which have passed */
};

struct step {
	enum input input;
	unsigned int a;
	const char *does;    /* first letters of the actions */
	enum ka_state state; /* afterwards */
	long long left_us;   /* until the timer; -1: none; -2: whatever */
};

/* S send, Z send zero, H hold, R release, G announce, L announce again, T tell the state, A ask, F fence, l lower, s split,
   o owners */
static const char letters[VRRP_ACTION_MAX + 1] = "SZKHRGLTAFlso";

struct story {
	const char *name;
	struct vrrp_fsm_conf conf;
	uint8_t priority;
	const struct step *steps;
};

#define STEPS(...)                                                                                           \
	(const struct step[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__,                                                                                 \
		{                                                                                            \
			.does = NULL                                                                         \
		}                                                                                            \
	}

#define CONF_AS(version_, advert_ms, initial_, down_)                                                        \
	.version = version_, .family = 4, .initial = KA_##initial_, .advert_us = advert_ms * MS,             \
	.down_adverts = down_
#define CONF(version_, advert_ms) CONF_AS(version_, advert_ms, BACKUP, 3)

/* skew: v3, 100 ms, priority 100: 60.937 ms; Master_Down 360.937. v2, 1 s: 609.375; 3609.375 */
enum { SKEW3 = 60937, DOWN3 = 360937, SKEW2 = 609375, DOWN2 = 3609375 };

static const struct story stories[] = {
	{ "backup waits Master_Down, then: advert, addresses, neighbours, event",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { TIMER, 0, "SHGT", KA_MASTER, 100 * MS },
		{ TIMER, 0, "S", KA_MASTER, 100 * MS }) },
	{ "version 2's skew is of a second",
	  { CONF(2, 1000) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN2 }, { TIMER, 0, "SHGT", KA_MASTER, 1000 * MS }) },
	{ "version 2's skew is of a second, whatever the interval",
	  { CONF(2, 3000) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, 9000 * MS + SKEW2 }) },
	{ "down_timer_adverts",
	  { CONF_AS(3, 100, BACKUP, 7) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, 700 * MS + SKEW3 }) },
	{ "configured as MASTER waits an interval and the least skew",
	  { CONF_AS(3, 100, MASTER, 3) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, 100 * MS + 390 }, { TIMER, 0, "SHGT", KA_MASTER, 100 * MS }) },
	{ "configured as MASTER, version 2",
	  { CONF_AS(2, 1000, MASTER, 3) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, 1000 * MS + 3906 }) },
	{ "configured as MASTER, but a higher one is heard",
	  { CONF_AS(3, 100, MASTER, 3) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { HEAR, 150, "", KA_BACKUP, DOWN3 }) },
	{ "the owner is MASTER at once",
	  { CONF_AS(3, 100, MASTER, 3) },
	  255,
	  STEPS({ START, 0, "T", KA_BACKUP, 0 }, { TIMER, 0, "SHGT", KA_MASTER, 100 * MS }) },
	{ "an equal or higher priority restarts the timer",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, DOWN3 - 300 * MS },
		{ HEAR, 150, "", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, -2 },
		{ HEAR, 100, "", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, -2 },
		{ HEAR_L, 100, "", KA_BACKUP, DOWN3 }) },
	{ "a lower priority is discarded: preempts",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, DOWN3 - 300 * MS },
		{ HEAR, 99, "", KA_BACKUP, DOWN3 - 300 * MS }, { TIMER, 0, "SHGT", KA_MASTER, 100 * MS }) },
	{ "nopreempt takes a lower priority for its master",
	  { CONF(3, 100), .nopreempt = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, -2 },
		{ HEAR, 99, "", KA_BACKUP, DOWN3 }, { TIMER, 0, "SHGT", KA_MASTER, 100 * MS }) },
	{ "preempt_delay begins with the first lower advert",
	  { CONF(3, 100), .preempt_delay_us = 500 * MS },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, -2 },
		{ HEAR, 99, "", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, -2 },
		{ HEAR, 99, "", KA_BACKUP, DOWN3 }, { WAIT, 199, "", KA_BACKUP, -2 },
		{ HEAR, 99, "", KA_BACKUP, DOWN3 }, { WAIT, 1, "", KA_BACKUP, -2 },
		{ HEAR, 99, "", KA_BACKUP, DOWN3 - 1 * MS }, { TIMER, 0, "SHGT", KA_MASTER, -2 }) },
	{ "preempt_delay begins anew after a higher advert",
	  { CONF(3, 100), .preempt_delay_us = 500 * MS },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR, 99, "", KA_BACKUP, DOWN3 },
		{ WAIT, 300, "", KA_BACKUP, -2 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ WAIT, 300, "", KA_BACKUP, -2 }, { HEAR, 99, "", KA_BACKUP, DOWN3 },
		{ WAIT, 300, "", KA_BACKUP, -2 }, { HEAR, 99, "", KA_BACKUP, DOWN3 }) },
	{ "priority 0: the skew alone",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ HEAR, 0, "", KA_BACKUP, SKEW3 }, { WAIT, 30, "", KA_BACKUP, SKEW3 - 30 * MS },
		{ HEAR, 0, "", KA_BACKUP, SKEW3 - 30 * MS }, { TIMER, 0, "SHGT", KA_MASTER, 100 * MS }) },
	{ "version 3 learns the master's interval",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR_I, 1000, "", KA_BACKUP, 3609375 },
		{ HEAR, 0, "", KA_BACKUP, 609375 }, { TIMER, 0, "SHGT", KA_MASTER, 100 * MS }) },
	{ "a changed priority moves the running timer",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { WAIT, 100, "", KA_BACKUP, -2 },
		{ PRIO, 228, "", KA_BACKUP, 300 * MS + 10937 - 100 * MS },
		{ PRIO, 1, "", KA_BACKUP, 300 * MS + 99609 - 100 * MS }) },
	{ "MASTER: priority 0 is answered",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ WAIT, 50, "", KA_MASTER, 50 * MS }, { HEAR, 0, "S", KA_MASTER, 50 * MS }) },
	{ "MASTER: a higher priority",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR, 101, "RT", KA_BACKUP, DOWN3 }) },
	{ "MASTER: a higher priority, with one more advert",
	  { CONF(3, 100), .higher_prio_send_advert = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR, 101, "KRT", KA_BACKUP, DOWN3 }) },
	{ "MASTER: the higher address of equal priorities",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR, 100, "RT", KA_BACKUP, DOWN3 }) },
	{ "MASTER: the lower address of equal priorities",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR_L, 100, "SL", KA_MASTER, -2 }) },
	{ "MASTER: a lower priority, when it began: that one is still giving way, and may have announced "
	  "last",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR, 99, "SL", KA_MASTER, -2 }) },
	{ "MASTER: a lower priority is told and answered, as a split",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ TIMER, 0, "S", KA_MASTER, -2 }, { HEAR, 99, "SLl", KA_MASTER, -2 },
		{ TIMER, 0, "S", KA_MASTER, -2 }, { TIMER, 0, "S", KA_MASTER, -2 },
		{ TIMER, 0, "S", KA_MASTER, -2 }, { TIMER, 0, "S", KA_MASTER, -2 },
		{ HEAR, 99, "SsLl", KA_MASTER, -2 }, { HEAR, 99, "S", KA_MASTER, -2 },
		{ TIMER, 0, "S", KA_MASTER, -2 }, { HEAR, 99, "SLl", KA_MASTER, -2 }) },
	{ "MASTER: a lower priority, not answered by an advert",
	  { CONF(3, 100), .lower_prio_no_advert = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ TIMER, 0, "S", KA_MASTER, -2 }, { HEAR, 99, "Ll", KA_MASTER, -2 }) },
	{ "two owners: after two adverts and some, one gives up its claim",
	  { CONF_AS(3, 100, MASTER, 3) },
	  255,
	  STEPS({ START, 0, "T", KA_BACKUP, 0 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR, 255, "o", KA_MASTER, -2 }, { TIMER, 0, "S", KA_MASTER, -2 },
		{ HEAR, 255, "", KA_MASTER, -2 }, { TIMER, 0, "S", KA_MASTER, -2 },
		{ HEAR, 255, "", KA_MASTER, -2 }, { TIMER, 0, "S", KA_MASTER, -2 },
		{ HEAR, 255, "", KA_MASTER, -2 }, { TIMER, 0, "S", KA_MASTER, -2 },
		{ HEAR, 255, "RT", KA_BACKUP, -2 }) },
	{ "FAULT of a MASTER, and its end",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ FAULT, 1, "ZRT", KA_FAULT, -1 }, { HEAR, 50, "", KA_FAULT, -1 },
		{ FAULT, 0, "T", KA_BACKUP, DOWN3 }) },
	{ "FAULT of a BACKUP says nothing",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { FAULT, 1, "T", KA_FAULT, -1 },
		{ FAULT, 0, "T", KA_BACKUP, DOWN3 }) },
	{ "FAULT from the start",
	  { CONF(3, 100) },
	  100,
	  STEPS({ FAULT, 1, "", KA_INIT, -1 }, { START, 0, "T", KA_FAULT, -1 },
		{ FAULT, 0, "T", KA_BACKUP, DOWN3 }) },
	{ "shutdown of a MASTER",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ STOP, 0, "ZRT", KA_STOP, -1 }, { FAULT, 1, "", KA_STOP, -1 },
		{ HEAR, 50, "", KA_STOP, -1 }) },
	{ "shutdown of a BACKUP",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { STOP, 0, "T", KA_STOP, -1 }) },
	{ "failover: held back until it is released",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ FAILOVER, 0, "ZRT", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, -2 },
		{ HEAR, 99, "", KA_BACKUP, DOWN3 }, { RELEASE, 0, "", KA_BACKUP, DOWN3 },
		{ WAIT, 100, "", KA_BACKUP, -2 }, { HEAR, 99, "", KA_BACKUP, DOWN3 - 100 * MS },
		{ TIMER, 0, "SHGT", KA_MASTER, -2 }) },
	{ "failover: takes over when the peer falls silent, and is then as always",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, -2 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ FAILOVER, 0, "ZRT", KA_BACKUP, DOWN3 }, { HEAR, 99, "", KA_BACKUP, DOWN3 },
		{ TIMER, 0, "SHGT", KA_MASTER, -2 }, { HEAR, 101, "RT", KA_BACKUP, DOWN3 },
		{ WAIT, 100, "", KA_BACKUP, -2 }, { HEAR, 99, "", KA_BACKUP, DOWN3 - 100 * MS }) },
	{ "gate: does not preempt, and looks first, even as configured MASTER",
	  { CONF_AS(3, 100, MASTER, 3) },
	  255,
	  STEPS({ GATE, 1, "", KA_INIT, -1 }, { START, 0, "T", KA_BACKUP, 300 * MS + 390 },
		{ WAIT, 200, "", KA_BACKUP, -2 }, { HEAR, 50, "", KA_BACKUP, 300 * MS + 390 },
		{ GATE, 0, "", KA_BACKUP, -2 }, { WAIT, 200, "", KA_BACKUP, -2 },
		{ HEAR, 50, "", KA_BACKUP, 100 * MS + 390 }, { TIMER, 0, "SHGT", KA_MASTER, -2 }) },
	{ "gate: takes over when the master falls silent, or gives way",
	  { CONF(3, 100) },
	  100,
	  STEPS({ GATE, 1, "", KA_INIT, -1 }, { START, 0, "T", KA_BACKUP, DOWN3 },
		{ HEAR, 50, "", KA_BACKUP, DOWN3 }, { HEAR, 0, "", KA_BACKUP, SKEW3 },
		{ TIMER, 0, "SHGT", KA_MASTER, -2 }) },
	{ "sync group: asks, and goes on asking",
	  { CONF(3, 100), .grouped = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { TIMER, 0, "A", KA_BACKUP, DOWN3 },
		{ TIMER, 0, "A", KA_BACKUP, DOWN3 }, { PROMOTE, 0, "SHGT", KA_MASTER, 100 * MS },
		{ FOLLOW, 0, "ZRT", KA_BACKUP, DOWN3 }, { FOLLOW, 0, "", KA_BACKUP, DOWN3 }) },
	{ "fence: a silent peer first",
	  { CONF(3, 100), .fence = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ TIMER, 0, "F", KA_BACKUP, -1 }, { WAIT, 2000, "", KA_BACKUP, -1 },
		{ FENCED, 1, "SHGT", KA_MASTER, 100 * MS }) },
	{ "fence: not by a box that starts and hears nobody",
	  { CONF(3, 100), .fence = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR, 150, "RT", KA_BACKUP, DOWN3 }, { FAULT, 1, "T", KA_FAULT, -1 },
		{ FAULT, 0, "T", KA_BACKUP, DOWN3 }, { TIMER, 0, "F", KA_BACKUP, -1 }) },
	{ "fence: failed, and again after Master_Down",
	  { CONF(3, 100), .fence = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ TIMER, 0, "F", KA_BACKUP, -1 }, { FENCED, 0, "", KA_BACKUP, DOWN3 },
		{ TIMER, 0, "F", KA_BACKUP, -1 }) },
	{ "fence: the peer speaks again meanwhile",
	  { CONF(3, 100), .fence = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ TIMER, 0, "F", KA_BACKUP, -1 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ FENCED, 1, "", KA_BACKUP, DOWN3 }) },
	{ "fence: not for one that gives way, nor for one that is preempted",
	  { CONF(3, 100), .fence = true },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ HEAR, 0, "", KA_BACKUP, SKEW3 }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ HEAR, 150, "RT", KA_BACKUP, DOWN3 }, { WAIT, 300, "", KA_BACKUP, -2 },
		{ HEAR, 50, "", KA_BACKUP, DOWN3 - 300 * MS }, { TIMER, 0, "SHGT", KA_MASTER, -2 }) },
	{ "a stall: one more advert is waited for, once",
	  { CONF(3, 100) },
	  100,
	  STEPS({ START, 0, "T", KA_BACKUP, DOWN3 }, { HEAR, 150, "", KA_BACKUP, DOWN3 },
		{ STALL, 2000, "", KA_BACKUP, 100 * MS + SKEW3 },
		{ STALL, 150, "", KA_BACKUP, SKEW3 - 50 * MS }, { TIMER, 0, "SHGT", KA_MASTER, -2 },
		{ STALL, 5000, "", KA_MASTER, -2 }, { TIMER, 0, "S", KA_MASTER, 100 * MS }) },
};

static void
letters_write(const struct vrrp_actions *actions, char *ret_text)
{
	unsigned int i;

	for (i = 0; i < actions->count; i++)
		ret_text[i] = letters[actions->list[i]];
	ret_text[i] = '\0';
}

static struct vrrp_heard
heard_make(const struct vrrp_fsm *fsm, const char *address, unsigned int priority, uint64_t advert_us)
{
	struct vrrp_heard heard = { .priority = (uint8_t)priority, .advert_us = advert_us };

	sl_addr_parse(address, &heard.source);
	return heard;
}

static void
step_run(struct vrrp_fsm *fsm, const struct step *step, uint64_t *now_us, struct vrrp_actions *actions)
{
	struct vrrp_heard heard;

	switch (step->input) {
	case START:
		vrrp_fsm_start(fsm, *now_us, actions);
		break;
	case HEAR:
	case HEAR_L:
		heard = heard_make(fsm, step->input == HEAR ? "192.0.2.200" : "192.0.2.5", step->a, 100 * MS);
		vrrp_fsm_heard(fsm, *now_us, &heard, actions);
		break;
	case HEAR_I:
		heard = heard_make(fsm, "192.0.2.200", 100, (uint64_t)step->a * MS);
		vrrp_fsm_heard(fsm, *now_us, &heard, actions);
		break;
	case TIMER:
		if (*now_us < fsm->timer_us)
			*now_us = fsm->timer_us;
		vrrp_fsm_timer(fsm, *now_us, actions);
		break;
	case WAIT:
	case STALL:
		*now_us += (uint64_t)step->a * MS;
		if (step->input == STALL)
			vrrp_fsm_stalled(fsm, *now_us, (uint64_t)step->a * MS);
		else
			assert_true(*now_us <= fsm->timer_us);
		break;
	case FAULT:
		vrrp_fsm_fault(fsm, *now_us, step->a != 0, "test", actions);
		break;
	case PRIO:
		vrrp_fsm_priority(fsm, *now_us, (uint8_t)step->a);
		break;
	case STOP:
		vrrp_fsm_stop(fsm, *now_us, actions);
		break;
	case FAILOVER:
		vrrp_fsm_failover(fsm, *now_us, actions);
		break;
	case RELEASE:
		vrrp_fsm_release(fsm);
		break;
	case GATE:
		fsm->gate = step->a != 0;
		break;
	case PROMOTE:
		vrrp_fsm_promote(fsm, *now_us, actions);
		break;
	case FOLLOW:
		vrrp_fsm_follow(fsm, *now_us, "test", actions);
		break;
	case FENCED:
		vrrp_fsm_fenced(fsm, *now_us, step->a != 0, actions);
		break;
	}
}

static void
tell_stories(void **state)
{
	for (size_t i = 0; i < SL_COUNT(stories); i++) {
		const struct story *story = &stories[i];
		struct vrrp_fsm fsm;
		uint64_t now_us = 1000000;

		vrrp_fsm_init(&fsm, &story->conf, story->priority);
		sl_addr_parse("192.0.2.100", &fsm.source);
		for (unsigned int k = 0; story->steps[k].does != NULL; k++) {
			const struct step *step = &story->steps[k];
			struct vrrp_actions actions = { 0 };
			char row[160], did[VRRP_ACTIONS_MAX + 1];
			long long left_us;

			snprintf(row, sizeof(row), "%s, step %u", story->name, k + 1);
			step_run(&fsm, step, &now_us, &actions);
			letters_write(&actions, did);
			sl_check_str(row, did, step->does);
			sl_check_int(row, fsm.state, step->state);
			left_us =
				fsm.timer_us == VRRP_NEVER ? -1 : (long long)fsm.timer_us - (long long)now_us;
			if (step->left_us != -2)
				sl_check_int(row, left_us, step->left_us);
		}
	}
}

/* ---- two machines and a bad link ---- */

enum { LINK_MAX = 256, TICK_US = 1 * MS };

struct flight {
	uint64_t due_us;
	struct vrrp_heard heard;
};

struct pair {
	struct vrrp_fsm fsm[2];
	bool up[2];
	struct flight flights[2][LINK_MAX]; /* towards it */
	unsigned int count[2];
	unsigned int loss, delay_us, seed;
	uint64_t now_us;
	bool cut;
};

static uint32_t
chance(struct pair *pair, uint32_t below)
{
	return (uint32_t)rand_r(&pair->seed) % below;
}

static void
pair_do(struct pair *pair, unsigned int who, const struct vrrp_actions *actions)
{
	const struct vrrp_fsm *fsm = &pair->fsm[who];

	for (unsigned int i = 0; i < actions->count; i++) {
		unsigned int to = 1 - who;
		struct flight *flight = &pair->flights[to][pair->count[to]];

		if (actions->list[i] != VRRP_DO_SEND && actions->list[i] != VRRP_DO_SEND_ZERO)
			continue;
		if (pair->cut || !pair->up[to] || chance(pair, 1000) < pair->loss ||
		    pair->count[to] == LINK_MAX)
			continue;
		flight->due_us = pair->now_us + chance(pair, pair->delay_us + 1);
		flight->heard.priority = actions->list[i] == VRRP_DO_SEND ? fsm->priority : 0;
		flight->heard.advert_us = fsm->conf.advert_us;
		flight->heard.source = fsm->source;
		pair->count[to]++;
	}
}

static void
pair_tick(struct pair *pair)
{
	pair->now_us += TICK_US;
	for (unsigned int who = 0; who < 2; who++) {
		for (unsigned int i = 0; i < pair->count[who];) {
			struct flight flight = pair->flights[who][i];
			struct vrrp_actions actions = { 0 };

			if (flight.due_us > pair->now_us) {
				i++;
				continue;
			}
			pair->flights[who][i] = pair->flights[who][--pair->count[who]];
			vrrp_fsm_heard(&pair->fsm[who], pair->now_us, &flight.heard, &actions);
			pair_do(pair, who, &actions);
		}
		if (pair->up[who]) {
			struct vrrp_actions actions = { 0 };

			vrrp_fsm_timer(&pair->fsm[who], pair->now_us, &actions);
			pair_do(pair, who, &actions);
		}
	}
}

static void
pair_start(struct pair *pair, unsigned int who, const struct vrrp_fsm_conf *conf, uint8_t priority)
{
	struct vrrp_actions actions = { 0 };

	vrrp_fsm_init(&pair->fsm[who], conf, priority);
	sl_addr_parse(who == 0 ? "192.0.2.1" : "192.0.2.2", &pair->fsm[who].source);
	pair->up[who] = true;
	pair->count[who] = 0;
	vrrp_fsm_start(&pair->fsm[who], pair->now_us, &actions);
}

static unsigned int
masters(const struct pair *pair)
{
	return (pair->up[0] && pair->fsm[0].state == KA_MASTER) +
	       (pair->up[1] && pair->fsm[1].state == KA_MASTER);
}

/* Whatever happened: with contact, exactly one is MASTER after Master_Down and a bit, and stays it. */
static void
agreement(struct pair *pair, unsigned int seed)
{
	char row[32];

	snprintf(row, sizeof(row), "seed %u", seed);
	pair->cut = false;
	pair->loss = 0;
	for (unsigned int i = 0; i < 2000; i++)
		pair_tick(pair);
	for (unsigned int i = 0; i < 500; i++) {
		pair_tick(pair);
		sl_check_int(row, masters(pair), 1);
	}
}

static void
troubles(struct pair *pair, const struct vrrp_fsm_conf *conf, const uint8_t *priorities)
{
	for (unsigned int n = 0; n < 4; n++) {
		unsigned int who = chance(pair, 2);
		struct vrrp_actions actions = { 0 };

		switch (chance(pair, 7)) {
		case 0:
			pair->up[who] = false;
			break;
		case 1:
			pair_start(pair, who, conf, priorities[who]);
			break;
		case 2:
			pair->cut = !pair->cut;
			break;
		case 3:
			vrrp_fsm_priority(&pair->fsm[who], pair->now_us, (uint8_t)(1 + chance(pair, 254)));
			break;
		case 4:
			vrrp_fsm_failover(&pair->fsm[who], pair->now_us, &actions);
			break;
		case 5:
			vrrp_fsm_fault(&pair->fsm[who], pair->now_us, true, "test", &actions);
			break;
		case 6:
			vrrp_fsm_fault(&pair->fsm[who], pair->now_us, false, "test", &actions);
			break;
		}
		if (pair->up[who])
			pair_do(pair, who, &actions);
		for (unsigned int i = chance(pair, 600); i > 0; i--)
			pair_tick(pair);
	}
}

static void
bad_link(void **state)
{
	for (unsigned int seed = 1; seed <= 3000; seed++) {
		struct pair pair = { .seed = seed, .now_us = 1000000 };
		struct vrrp_fsm_conf conf = { CONF(3, 100) };
		uint8_t priorities[2];

		conf.nopreempt = chance(&pair, 2) != 0;
		conf.initial = !conf.nopreempt && chance(&pair, 2) ? KA_MASTER : KA_BACKUP;
		conf.preempt_delay_us = chance(&pair, 3) == 0 ? 400 * MS : 0;
		priorities[0] = (uint8_t)(1 + chance(&pair, 254));
		priorities[1] = chance(&pair, 3) == 0 ? priorities[0] : (uint8_t)(1 + chance(&pair, 254));
		pair.loss = chance(&pair, 400);
		pair.delay_us = chance(&pair, 20 * MS);
		pair_start(&pair, 0, &conf, priorities[0]);
		pair_start(&pair, 1, &conf, priorities[1]);
		troubles(&pair, &conf, priorities);
		for (unsigned int who = 0; who < 2; who++) {
			struct vrrp_actions actions = { 0 };

			if (!pair.up[who])
				pair_start(&pair, who, &conf, priorities[who]);
			vrrp_fsm_fault(&pair.fsm[who], pair.now_us, false, "test", &actions);
			pair_do(&pair, who, &actions);
		}
		agreement(&pair, seed);
		/* And one of them dies. */
		pair.up[pair.fsm[0].state == KA_MASTER ? 0 : 1] = false;
		for (unsigned int i = 0; i < 420; i++)
			pair_tick(&pair);
		assert_int_equal(masters(&pair), 1);
	}
}

/* A BACKUP is told a shorter interval while its MASTER still keeps the longer one: no reason to take over. */
static void
shorter_interval(void **state)
{
	struct vrrp_fsm_conf conf = { CONF(3, 1000) }, shorter = { CONF(3, 100) };
	struct vrrp_heard heard = { .priority = 200, .advert_us = 1000 * MS };
	struct vrrp_actions actions = { 0 };
	struct vrrp_fsm fsm;
	uint64_t now_us = 5000 * MS;

	sl_addr_parse("192.0.2.9", &heard.source);
	vrrp_fsm_init(&fsm, &conf, 100);
	vrrp_fsm_start(&fsm, now_us, &actions);
	for (unsigned int i = 0; i < 5; i++) {
		vrrp_fsm_heard(&fsm, now_us, &heard, &actions);
		if (i == 1)
			vrrp_fsm_conf_set(&fsm, now_us + 10 * MS, &shorter);
		now_us += 999 * MS;
		vrrp_fsm_timer(&fsm, now_us, &actions);
		assert_int_equal(fsm.state, KA_BACKUP);
	}
	/* Once it keeps the new one, so do we. */
	heard.advert_us = 100 * MS;
	vrrp_fsm_heard(&fsm, now_us, &heard, &actions);
	vrrp_fsm_timer(&fsm, now_us + 400 * MS, &actions);
	assert_int_equal(fsm.state, KA_MASTER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tell_stories),
		cmocka_unit_test(bad_link),
		cmocka_unit_test(shorter_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
