/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keepalive without a peer: include/sluice/ka.h in memory, for tests of those
 * who drive it. It keeps what it was given last, tells what the test has put into its
 * queue, and answers as the test has set it. One thread.
 */
#ifndef FAKE_KA_H
#define FAKE_KA_H

#include <sluice/ka.h>

enum { FAKE_KA_TRACKS_MAX = 32, FAKE_KA_MAX = 8 };

struct fake_ka {
	bool running;
	unsigned int starts, applies, stops;
	int start_rc, apply_rc; /* what ka_start and ka_apply return from now on */

	/* of the configuration that it was given last: names and groups of instances, how many addresses */
	unsigned int instance_count;
	char name[FAKE_KA_MAX][KA_NAME_SIZE];
	uint16_t group[FAKE_KA_MAX];
	unsigned int port[FAKE_KA_MAX], addr_count[FAKE_KA_MAX];

	/* ka_track_set, the last value of each */
	unsigned int track_count;
	struct {
		enum ka_track_kind kind;
		char name[KA_NAME_SIZE];
		int32_t value;
		unsigned int sets;
	} track[FAKE_KA_TRACKS_MAX];

	unsigned int fenced_good, fenced_bad;

	/* ka_failover, ka_release: what was asked last, and the answer */
	unsigned int failovers, releases;
	char instance[KA_NAME_SIZE]; /* "": all */
	bool force;
	int move_rc;

	struct ka_instance_status instances[FAKE_KA_MAX];
	unsigned int instance_status_count;
	struct ka_channel_status channels[FAKE_KA_MAX];
	unsigned int channel_count;
	struct ka_sync_status sync;
};

extern struct fake_ka fake_ka;

/* As before ka_start. */
void fake_ka_reset(void);

/* Puts an event into the queue, as the keepalive thread would. */
void fake_ka_tell(enum ka_event_kind kind, const char *name, enum ka_state state, uint8_t priority, bool good,
		  const char *text);

/* The last value that a tracked thing was set to; -1000: none. */
int32_t fake_ka_track(enum ka_track_kind kind, const char *name);

#endif
