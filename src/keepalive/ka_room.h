/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keepalive room from within: what runs, and who of its files does what.
 *
 *	ka.c            what control calls; commands to the thread
 *	ka_loop.c       the thread: its loop, its turns, stalls
 *	ka_apply.c      a new configuration takes the place of the old one
 *	ka_instance.c   an instance: adverts in and out, what its state machine wants done
 *	ka_odd.c        adverts that show another configuration
 *	ka_announce.c   gratuitous ARP of all instances, within a budget
 *	ka_group.c      sync groups
 *	ka_watch.c      tracked things, own health
 *	ka_peer.c       channels, peers, heartbeats
 *	ka_compare.c    instances that only one box has
 *	ka_status.c     copies for those who look
 *	vrrp_*.c, announce.c, fence.c   pure parts
 *
 * There is one struct ka_run from ka_start to ka_stop. `lock` protects all of it: the thread holds it while it takes a
 * turn (microseconds) and not while it waits; control holds it to copy or to leave a command. It inherits priority, so
 * that control, interrupted while it holds it, does not delay the thread. What control alone
 * may touch is named.
 */
#ifndef KA_ROOM_H
#define KA_ROOM_H

#include "announce.h"
#include "fence.h"
#include "heartbeat.h"
#include "ka_conf.h"
#include "ka_event.h"
#include "ka_lock.h"
#include "sync.h"
#include "vrrp_fsm.h"
#include "vrrp_packet.h"
#include "vrrp_track.h"

#include <sluice/dp.h>
#include <sluice/dp_ha.h>
#include <sluice/ka.h>

enum {
	KA_PEERS_MAX = 16,
};

/* One tracked link with interface_up_down_delays: what counts changes when the other has lasted. */
struct watch {
	bool known, good; /* what counts */
	bool turning;
	uint64_t turned_us; /* since when it is seen otherwise */
};

struct instance {
	struct ka_instance conf; /* its arrays are run->conf's */
	struct vrrp_fsm fsm;
	struct vrrp_wire wire;
	struct sl_addr *listed; /* of its adverts; own */
	struct announce announce;
	uint64_t announced;               /* number of its last announcement among those of all instances */
	struct ka_instance_status counts; /* its counters */
	struct watch link, *watches;      /* of `port`; of each of conf.tracks, then its sync group's */
	struct vrrp_tracked tracked;      /* own, without the group's */
	/* Heartbeats (a bit each) by which a box called itself MASTER of it, and has said nothing else since; which box. */
	uint16_t said_master;
	uint8_t said_by[KA_HEARTBEATS_MAX]; /* index of run->peers */
	uint64_t line;                      /* the last message that had a line of it */
	uint64_t said_us;                   /* the first of them, since none was */
	/* The same: that may still bring what a box said before it gave way by VRRP; which one, and when. */
	uint16_t behind;
	struct sl_addr gave_way;
	uint64_t gave_way_us;
	bool says_zero;   /* the next heartbeat says priority 0 */
	bool says_master; /* or that it is MASTER, which it was until now */
	bool addrs_told, interval_told;
	uint16_t refused_told; /* a bit of each verdict */
	uint8_t alone;         /* so many looks in a row no peer had it (ka_compare.c) */
	uint64_t lower_told_us;
	bool failover, release; /* left by control */
	/* a group's first: since when some are MASTER here and others obey one elsewhere; 0: none such */
	uint64_t apart_us;
	/* VRRP as a channel to the peer */
	uint64_t heard_us; /* VRRP_NEVER */
	bool silent;       /* it ought to be heard, and is not */
	struct sl_addr heard_from;
	/* a MASTER because the peer fell silent, which was that boot of it; 0: not, or not known */
	uint64_t silent_boot_id;
};

struct channel {
	bool alive, silent;              /* neither: nothing was heard yet, and that is no wonder */
	struct ka_channel_status status; /* as it was a moment ago */
};

struct peer {
	char name[KA_NAME_SIZE];
	uint64_t boot_id;
	uint64_t number; /* of its newest message, whatever the channel */
	uint64_t heard_us;
	bool in_sync;
	/* By IPv6 or not, and virtual_router_id: how many instances it speaks of; so many looks in a row it alone did. */
	uint8_t lines[2][256], strange[2][256];
};

/* What control found of a tracked thing. */
struct found {
	uint8_t kind;
	char name[KA_NAME_SIZE];
	int32_t value;
};

enum peer_view { PEER_UNKNOWN, PEER_ALIVE, PEER_PARTLY, PEER_DEAD };

struct ka_run {
	pthread_mutex_t lock;
	/* control thread */
	pthread_t thread;
	bool has_thread;
	struct ka_sync sync_conf; /* of the one that runs */

	struct ka_conf *conf;
	struct ka_conf *next; /* to be taken up; NULL */
	int wake_fd;
	bool ending;
	bool fenced, fenced_good; /* left by control: the fence command ended, and how */
	uint64_t boot_id;
	uint64_t started_us;
	int rt_priority;

	struct instance *instances;
	unsigned int instance_count;
	uint8_t *group_states; /* of each of conf->groups, as last told */

	struct found *found;
	unsigned int found_count;
	bool watch_now; /* something tracked has changed */
	int interface_fd;
	uint64_t watched_us;
	struct {
		uint64_t turns, same_us; /* unchanged for so long, as far as this thread itself ran */
	} workers[DP_WORKERS_MAX];
	bool workers_good;

	struct heartbeat *heartbeat;
	struct channel channels[KA_HEARTBEATS_MAX];
	unsigned int channel_count;
	struct peer peers[KA_PEERS_MAX];
	unsigned int peer_count;
	enum peer_view peer_view;
	char silent[128]; /* by which channels it was, as last told */
	bool say;         /* heartbeats have something new to say */
	uint64_t said_us, peers_us, compared_us;
	struct heartbeat_message message;
	uint64_t messages; /* so many heartbeats have come in */

	struct sync *sync;
	bool sync_sends, sync_receives, sync_told;
	bool gate; /* closed: nobody preempts */

	struct fence fence;
	uint64_t announced;                      /* so many of all instances */
	uint64_t port_ready_us[DP_PORTS_MAX][2]; /* garp_interval, gna_interval */
	uint64_t turned_us, stall_told_us;
	struct dp_ha_packet packet;
};

/* The one that runs, or NULL. Control sets it; the thread has a pointer of its own. */
extern struct ka_run *ka_running;

uint64_t ka_now_us(void);

/* ---- ka_loop.c ---- */

/* Starts the thread. 0 or -errno. */
int ka_loop_start(struct ka_run *run);
/* Everything of one turn. With the lock. */
void ka_loop_turn(struct ka_run *run, uint64_t now_us);
/* Lets the thread look at what control has left for it. */
void ka_loop_wake(struct ka_run *run);

struct event_base;

/* ---- ka_apply.c: the thread, with the lock ---- */

/* Takes up run->next. `base` NULL: no heartbeats (tests). */
void ka_apply_next(struct ka_run *run, struct event_base *base, uint64_t now_us);
/* Begins with those that have not begun, when vrrp_startup_delay is over. */
void ka_apply_starts(struct ka_run *run, uint64_t now_us);
/* Every instance gives way, everything is freed. */
void ka_apply_end(struct ka_run *run, uint64_t now_us);

/* ---- ka_instance.c ---- */

/* What of a configuration the state machine and packets need. False: no memory. */
bool ka_instance_set(struct ka_run *run, struct instance *instance, const struct ka_instance *conf,
		     uint64_t now_us);
void ka_instance_free(struct instance *instance);
/* Does what the state machine wants, for this one and, after it, its sync group. */
void ka_instance_do(struct ka_run *run, struct instance *instance, const struct vrrp_actions *actions,
		    uint64_t now_us);
void ka_instance_receive(struct ka_run *run, uint64_t now_us);
void ka_instance_timers(struct ka_run *run, uint64_t now_us);
/* What came in by heartbeat stands for an advert. */
void ka_instance_heard(struct ka_run *run, struct instance *instance, const struct vrrp_heard *heard,
		       uint64_t now_us);
/* Would it become MASTER only after a fence command that is still to end well? */
bool ka_instance_needs_fence(const struct ka_run *run, const struct instance *instance, uint64_t now_us);
/* The fence command has ended. */
void ka_instance_fenced(struct ka_run *run, bool good, uint64_t now_us);
void ka_instance_hold(struct instance *instance, bool held);
/* By name; NULL. */
struct instance *ka_instance_find(struct ka_run *run, const char *name);

/* ---- ka_odd.c ---- */

/* Of an advert that is taken; of one that is not, but is none of VRRP_BAD_LENGTH. */
void ka_odd_taken(struct instance *instance, const struct vrrp_advert *advert);
void ka_odd_refused(struct instance *instance, enum vrrp_verdict verdict, const struct vrrp_advert *advert);

/* ---- ka_announce.c ---- */

void ka_announce_turn(struct ka_run *run, uint64_t now_us);
/* Own source address, to unicast peers that may have forgotten it. */
void ka_announce_source(struct instance *instance);

/* ---- ka_group.c ---- */

/* A member wants to be MASTER. */
void ka_group_asked(struct ka_run *run, struct instance *instance, uint64_t now_us);
/* A member is MASTER no more. */
void ka_group_left(struct ka_run *run, struct instance *instance, uint64_t now_us);
bool ka_group_agrees(const struct ka_run *run, const struct instance *instance);
/* Groups of which some are MASTER here and others elsewhere become one again. */
void ka_group_turn(struct ka_run *run, uint64_t now_us);
/* After an advert of lower priority: it and the others of its group are announced again. */
void ka_group_announce(struct ka_run *run, struct instance *instance, uint64_t now_us);
/* Events for groups whose state is another one. */
void ka_group_tell(struct ka_run *run);

/* ---- ka_watch.c ---- */

void ka_watch_turn(struct ka_run *run, uint64_t now_us, uint64_t gap_us);
/* What nobody tracks any more: who begins to track it again waits for what is found then. */
void ka_watch_forget(struct ka_run *run);
/* How many watches an instance needs. */
unsigned int ka_watch_count(const struct ka_run *run, const struct ka_instance *conf);
/* 0 or -ENOMEM. */
int ka_watch_found(struct ka_run *run, enum ka_track_kind kind, const char *name, int32_t value);

/* ---- ka_peer.c ---- */

/* Heartbeats' callbacks; `context` is the run. */
void ka_peer_heard(unsigned int channel, const struct heartbeat_message *message, void *context);
void ka_peer_channel(unsigned int channel, bool alive, const char *why, void *context);
void ka_peer_turn(struct ka_run *run, uint64_t now_us);
void ka_peer_say(struct ka_run *run, uint64_t now_us);
/* An instance heard an advert; or became MASTER because it heard none. */
void ka_peer_advert(struct ka_run *run, struct instance *instance, const struct vrrp_heard *heard,
		    uint64_t now_us);
void ka_peer_silent(struct ka_run *run, struct instance *instance, uint64_t now_us);
/* By a heartbeat? */
bool ka_peer_is_heard(const struct ka_run *run);
/* A box said last by a heartbeat that it is MASTER of it, and is not silent since. */
bool ka_peer_says_master(const struct ka_run *run, const struct instance *instance, uint64_t now_us);
/* One that is heard and does not know all connections; NULL: none such. */
const struct peer *ka_peer_unsynced(const struct ka_run *run);

/* ---- ka_compare.c ---- */

void ka_compare_turn(struct ka_run *run, uint64_t now_us);

/* ---- ka_sync.c: what connection sync and the state machines have to do with each other ---- */

void ka_sync_turn(struct ka_run *run, uint64_t now_us);
void ka_sync_roles(struct ka_run *run);

/* ---- events ---- */

/* `name` NULL: "". */
void ka_tell(enum ka_event_kind kind, bool good, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void ka_tell_state(const struct instance *instance);

#endif
