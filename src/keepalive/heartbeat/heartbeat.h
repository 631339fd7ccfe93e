/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heartbeats: what two boxes say to each other besides VRRP, over any number of
 * channels (UDP on a kernel interface, a serial line).
 *
 * A message says which box speaks, since which boot, and for each of its VRRP instances what an advert
 * would say. What it means is the caller's business (the state machine takes such a line as an advert of that
 * peer). Here it is put into bytes, signed (HMAC-SHA256 under the channel's key), numbered against
 * replay, framed, sent, and the same way back.
 *
 * Everything runs in the keepalive thread's loop. Nothing blocks: a line that does not take bytes loses messages.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <sluice/ka.h>

struct event_base;
struct heartbeat;

enum { HEARTBEAT_INSTANCES_MAX = KA_INSTANCES_MAX };

/* What a box says of one of its instances. */
struct heartbeat_instance {
	uint8_t vrid;
	uint8_t family;   /* 4 or 6 */
	uint8_t state;    /* enum ka_state */
	uint8_t priority; /* effective; 0: gives way now, as an advert of priority 0 */
	uint32_t advert_ms;
	struct sl_addr source; /* decides between equal priorities, as an advert's source does */
};

struct heartbeat_message {
	char router_id[KA_NAME_SIZE];
	uint64_t boot_id; /* random, of each start; never 0 */
	uint64_t
		number; /* when it was made, by the sender's clock, in microseconds: its channels are not equally fast */
	bool in_sync; /* its connection sync is */
	unsigned int instance_count;
	struct heartbeat_instance instances[HEARTBEAT_INSTANCES_MAX];
};

struct heartbeat_calls {
	/* A good message has come in by a channel. It lives as long as the call. */
	void (*heard)(unsigned int channel, const struct heartbeat_message *message, void *context);
	/* A channel has become silent (nothing good for dead_ms), or speaks again; not told before it has spoken first,
	   but for one that has been silent for dead_ms from the start. */
	void (*channel)(unsigned int channel, bool alive, const char *why, void *context);
	void *context;
};

/*
 * Opens the channels, numbered as in confs. One that cannot be opened (no such device, address not there yet) is
 * tried again every second and said in the log once; that is no failure. NULL: no memory.
 * `boot_id`: of this box, in every message.
 */
struct heartbeat *heartbeat_create(struct event_base *base, const struct ka_heartbeat *confs,
				   unsigned int count, uint64_t boot_id, const struct heartbeat_calls *calls);
/*
 * Other channels, numbered as in confs. Those whose configuration is as before go on as they are, whatever their number
 * was; the others end, and begin. False: no memory, and it can only be destroyed.
 */
bool heartbeat_change(struct heartbeat *heartbeat, const struct ka_heartbeat *confs, unsigned int count);
void heartbeat_destroy(struct heartbeat *heartbeat);

/*
 * What every channel says from now on: at once by all, then every interval of each until the next call. The message is
 * copied; its boot_id and number are ignored.
 */
void heartbeat_say(struct heartbeat *heartbeat, const struct heartbeat_message *message);

/*
 * Waits until what was said has left, for so long at most by each channel: the last word of a box that ends, on a
 * line that is slow.
 */
void heartbeat_drain(struct heartbeat *heartbeat, unsigned int limit_ms);

/* sent, received, bad_*, heard_ago_ms, alive, peer, name and kind of a channel. */
void heartbeat_status(const struct heartbeat *heartbeat, unsigned int channel,
		      struct ka_channel_status *ret_status);

#endif
