/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boxes without packets: the data plane, heartbeats and connection sync as the keepalive room sees them,
 * on a clock that the test turns. Frames and heartbeats of one box come to the other after a delay, or not at all.
 *
 *	fake_reset(2);
 *	fake_box_start(0, &conf_a); fake_box_start(1, &conf_b);
 *	fake_run(3000);                   three seconds
 *	fake_state(0, "VI_1")
 */
#ifndef FAKE_BOX_H
#define FAKE_BOX_H

#include "ka_room.h"

enum { FAKE_BOXES = 2, FAKE_QUEUE = 4096 };

struct fake_frame {
	uint64_t due_us;
	unsigned int port;
	uint16_t len;
	uint8_t bytes[DP_HA_FRAME_MAX];
};

struct fake_box {
	struct ka_run *run;
	bool held[DP_HA_GROUPS_MAX];
	bool vmac[DP_HA_GROUPS_MAX];
	struct dp_ha_port port;
	uint32_t links_down; /* of ports, a bit each, whatever `port` says */
	uint32_t listens;
	uint64_t turns;     /* of its worker */
	bool worker_stands; /* they do not advance */
	uint8_t deaf_vrid;  /* none of this one comes in */
	bool deaf;          /* no VRRP comes in */
	bool heartbeat_cut; /* no heartbeat comes in */
	bool stands;        /* the keepalive thread is not run */
	bool in_sync;
	bool sync_unheard;                              /* connection sync has heard nobody */
	unsigned int frames, adverts, zeros, arps, nas; /* sent */
	uint64_t arp_us[64];                            /* when the first ones were */
	unsigned int arps_of[256];                      /* of the address that ends so */
	struct fake_frame *queue;
	unsigned int first, count;
	struct heartbeat_calls calls;
	bool heartbeats;
	struct heartbeat_message said;
	uint64_t heard_us; /* last heartbeat that came in */
	bool told_silent;
	bool sends, receives; /* connection sync's roles */
};

extern struct fake_box fake_boxes[FAKE_BOXES];
extern uint64_t fake_now_us; /* 0: the true clock, for tests that run the thread */
/* How long a frame is under way, and of a thousand how many are lost. */
extern uint64_t fake_delay_us, fake_jitter_us;
/* How long no heartbeat has come when they are silent. */
extern uint64_t fake_dead_us;
extern unsigned int fake_loss;
extern unsigned int fake_seed;

void fake_reset(void);
/* Begins a box with this configuration, on this thread. */
void fake_box_start(unsigned int box, const struct ka_conf *conf);
void fake_box_apply(unsigned int box, const struct ka_conf *conf);
/* All gives way; or just ends, as after SIGKILL. */
void fake_box_stop(unsigned int box);
void fake_box_kill(unsigned int box);
/* Turns of all boxes, a millisecond each. */
void fake_run(unsigned int ms);
/* Until an instance is in the state; at most so many ms. How long it took; UINT64_MAX: it did not. */
uint64_t fake_wait(unsigned int box, const char *name, enum ka_state state, unsigned int ms);

struct instance *fake_instance(unsigned int box, const char *name);
enum ka_state fake_state(unsigned int box, const char *name);
/* Takes all events: how many of a kind there were whose text has this in it. */
unsigned int fake_events(enum ka_event_kind kind, const char *text);
/* And whose name is this one. */
unsigned int fake_events_of(enum ka_event_kind kind, const char *name, const char *text);

#endif
