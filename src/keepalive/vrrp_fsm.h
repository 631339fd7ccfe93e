/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state machine of one VRRP instance: RFC 5798 6.4 with keepalived's
 * options (preempt_delay, lower_prio_no_advert ...), and what a pair of Sluices adds:
 * a planned failover, a fence, a gate for a box that is not in sync yet.
 *
 *	INIT --start--> BACKUP <--timer, higher advert--> MASTER
 *	any state --fault--> FAULT --fault over--> BACKUP;   any state --stop--> STOP
 *
 * Pure: it is told the time and what happened, and answers with a list of things to do, in the order
 * in which they are to be done. It sends nothing, logs nothing and asks nobody. Its owner (the keepalive thread)
 * calls vrrp_fsm_timer when timer_us has come.
 */
#ifndef VRRP_FSM_H
#define VRRP_FSM_H

#include <sluice/ka.h>

#include <stdbool.h>
#include <stdint.h>

#define VRRP_NEVER UINT64_MAX

/* X(enum suffix): what is to be done */
#define VRRP_ACTION_LIST(X)                                                                                  \
	X(SEND)           /* an advert with the effective priority */                                        \
	X(SEND_ZERO)      /* an advert with priority 0 */                                                    \
	X(SPEAK)          /* an advert, and by heartbeat the same, before the state is another one */        \
	X(HOLD)           /* the addresses are ours */                                                       \
	X(RELEASE)        /* they are no longer */                                                           \
	X(ANNOUNCE)       /* the rounds of gratuitous ARP of a new MASTER */                                 \
	X(ANNOUNCE_LOWER) /* those after an advert of lower priority */                                      \
	X(STATE)          /* tell that the state is another one, and why */                                  \
	X(ASK)            /* wants to be MASTER: when all of the sync group do, vrrp_fsm_promote */          \
	X(FENCE)          /* wants to be MASTER: when the peer is fenced, vrrp_fsm_fenced */                 \
	X(LOWER)          /* tell that a MASTER hears a lower priority */                                    \
	X(SPLIT)          /* tell that there were two MASTERs, and this one stays it */                      \
	X(OWNERS)         /* tell that another box owns the addresses too */

enum vrrp_action {
#define X(id) VRRP_DO_##id,
	VRRP_ACTION_LIST(X)
#undef X
		VRRP_ACTION_MAX
};

enum { VRRP_ACTIONS_MAX = 16 };

struct vrrp_actions {
	unsigned int count;
	uint8_t list[VRRP_ACTIONS_MAX]; /* enum vrrp_action */
};

struct vrrp_fsm_conf {
	uint8_t version, family;
	uint8_t base_priority;
	uint8_t initial; /* KA_MASTER, KA_BACKUP */
	uint64_t advert_us;
	uint32_t down_adverts;
	bool nopreempt;
	uint64_t preempt_delay_us;
	bool lower_prio_no_advert, higher_prio_send_advert;
	bool grouped; /* asks before it becomes MASTER */
	bool fence;   /* and has a silent peer fenced */
};

/* Read by all; written by the functions below. */
struct vrrp_fsm {
	struct vrrp_fsm_conf conf;
	enum ka_state state;
	uint8_t priority;      /* effective */
	struct sl_addr source; /* own, of the adverts */
	bool fault;
	bool gate;    /* does not preempt: not in sync yet */
	bool held;    /* does not preempt: gave way by a failover */
	bool wants;   /* its timer ran out, but the sync group's others did not */
	bool fencing; /* waits for the fence command */
	bool met;     /* a MASTER was heard since the start: who is silent has fallen silent */
	bool silence; /* the last time that it became MASTER: because the old one was silent */

	uint64_t since_us;
	uint64_t timer_us; /* next vrrp_fsm_timer; VRRP_NEVER */
	uint64_t down_us;  /* Master_Down_Interval */
	uint64_t master_advert_us;
	uint64_t preempt_us;  /* preempt_delay ends; 0: not begun */
	uint64_t heard_us;    /* last advert but of priority 0, taken or not; VRRP_NEVER: none yet */
	uint64_t gave_way_us; /* last one of priority 0; VRRP_NEVER: none, or another was heard since */
	uint64_t lower_us;    /* last time that a lower priority was answered with an announcement */
	uint64_t owners_us;   /* another owner is heard since; 0: none is */
	uint64_t owners_last_us;
	bool disowned;         /* gave up its claim to be the owner, which is its configured priority */
	bool graced;           /* the timer was moved once because of a stall */
	struct sl_addr master; /* none: nobody known */
	uint8_t master_priority;
	char why[192]; /* of the last change of state */
};

/* An advert, or a line of a heartbeat that stands for one. */
struct vrrp_heard {
	uint8_t priority;
	uint64_t advert_us;
	struct sl_addr source;
};

/* `priority`: the effective one so far. */
void vrrp_fsm_init(struct vrrp_fsm *fsm, const struct vrrp_fsm_conf *conf, uint8_t priority);
/* Each adds to `actions`, which the caller has emptied. Times are of CLOCK_MONOTONIC. */
void vrrp_fsm_start(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions);
void vrrp_fsm_heard(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_heard *heard,
		    struct vrrp_actions *actions);
void vrrp_fsm_timer(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions);
/* `why` is kept as the reason. */
void vrrp_fsm_fault(struct vrrp_fsm *fsm, uint64_t now_us, bool fault, const char *why,
		    struct vrrp_actions *actions);
void vrrp_fsm_priority(struct vrrp_fsm *fsm, uint64_t now_us, uint8_t priority);
/* Other parameters; timers that run are moved as by a change of priority. */
void vrrp_fsm_conf_set(struct vrrp_fsm *fsm, uint64_t now_us, const struct vrrp_fsm_conf *conf);
void vrrp_fsm_stop(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions);
/* A MASTER gives way and is held back; a BACKUP is held back. */
void vrrp_fsm_failover(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions);
void vrrp_fsm_release(struct vrrp_fsm *fsm);
/* A sync group's members: BACKUP because another is; MASTER because all want it. */
void vrrp_fsm_follow(struct vrrp_fsm *fsm, uint64_t now_us, const char *why, struct vrrp_actions *actions);
void vrrp_fsm_promote(struct vrrp_fsm *fsm, uint64_t now_us, struct vrrp_actions *actions);
/*
 * BACKUP that hears no MASTER any more, nor that it gave way? By adverts and their like: whether the box of the
 * MASTER is alive by other channels is for the owner to know, who then does not call vrrp_fsm_timer.
 */
bool vrrp_fsm_misses_master(const struct vrrp_fsm *fsm, uint64_t now_us);
/* Would it have the peer fenced first? */
bool vrrp_fsm_needs_fence(const struct vrrp_fsm *fsm, uint64_t now_us);
/* Another of the sync group does: this one waits with it for vrrp_fsm_fenced. */
void vrrp_fsm_wait_fence(struct vrrp_fsm *fsm);
/* The answer to VRRP_DO_FENCE. */
void vrrp_fsm_fenced(struct vrrp_fsm *fsm, uint64_t now_us, bool good, struct vrrp_actions *actions);
/*
 * Nobody ran this for `stall_us`: adverts may be on their way that could not come in. A timer of silence that
 * would fire now waits for one more advert, once.
 */
void vrrp_fsm_stalled(struct vrrp_fsm *fsm, uint64_t now_us, uint64_t stall_us);

/* (256 - priority) / 256 of an interval: version 2: of a second, version 3: of the master's. */
uint64_t vrrp_fsm_skew(const struct vrrp_fsm *fsm);
/* BACKUP of a MASTER that is alive and that it does not preempt? */
bool vrrp_fsm_obeys(const struct vrrp_fsm *fsm, uint64_t now_us);
/* Is it kept from preempting? */
bool vrrp_fsm_is_held_back(const struct vrrp_fsm *fsm);

#endif
