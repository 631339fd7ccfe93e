/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tracked gateway: a next hop that answers (ARP, neighbour discovery), as the
 * data plane finds.
 *
 * The data plane asks each of them every second (struct dp_net's `kept`), and
 * takes it for gone when it has not answered three requests, 2.25 s. Nothing is said of
 * one before it has answered or failed for the first time. Control thread only.
 */
#include "ha_private.h"

#include "sl_addr.h"

#include <event2/event.h>
#include <stdlib.h>

enum { LOOK_MS = 500 };

struct gateways {
	struct ha_track *tracks;
	struct gateway {
		struct sl_addr addr;
		bool seen;
		enum dp_neigh_state state;
	} * gateway;
	unsigned int count;
	struct event *timer;
};

static void gateways_look(int fd, short what, void *context);
static void neigh_visit(const struct dp_neigh *neigh, void *context);
static void gateways_destroy(void *watched);

static void *
gateways_create(struct ha *ha, struct ha_track *tracks, unsigned int count, const void *old)
{
	struct gateways *gateways = calloc(1, sizeof(*gateways));

	if (gateways == NULL)
		return NULL;
	gateways->tracks = tracks;
	gateways->count = count;
	gateways->gateway = calloc(count, sizeof(*gateways->gateway));
	gateways->timer = ha_track_timer(ha, LOOK_MS, gateways_look, gateways);
	if (gateways->gateway == NULL || gateways->timer == NULL) {
		gateways_destroy(gateways);
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++)
		sl_addr_parse(tracks[i].name, &gateways->gateway[i].addr);
	return gateways;
}

static void
gateways_destroy(void *watched)
{
	struct gateways *gateways = watched;

	if (gateways->timer != NULL)
		event_free(gateways->timer);
	free(gateways->gateway);
	free(gateways);
}

const struct ha_track_ops ha_track_gateway = { KA_TRACK_GATEWAY, gateways_create, gateways_destroy };

static void
gateways_look(int fd, short what, void *context)
{
	struct gateways *gateways = context;

	for (unsigned int i = 0; i < gateways->count; i++)
		gateways->gateway[i].seen = false;
	dp_neigh_walk(neigh_visit, gateways);
	for (unsigned int i = 0; i < gateways->count; i++) {
		const struct gateway *gateway = &gateways->gateway[i];

		if (!gateway->seen)
			ha_track_say(&gateways->tracks[i], 0, "it is on no port's link");
		else if (gateway->state == DP_NEIGH_FAILED ||
			 (gateway->state == DP_NEIGH_INCOMPLETE && gateways->tracks[i].known))
			ha_track_say(&gateways->tracks[i], 0, "it does not answer");
		else if (gateway->state != DP_NEIGH_INCOMPLETE)
			ha_track_say(&gateways->tracks[i], 1, "");
	}
}

static void
neigh_visit(const struct dp_neigh *neigh, void *context)
{
	struct gateways *gateways = context;

	for (unsigned int i = 0; i < gateways->count; i++) {
		struct gateway *gateway = &gateways->gateway[i];

		if (!sl_addr_eq(&gateway->addr, &neigh->addr))
			continue;
		gateway->seen = true;
		gateway->state = neigh->state;
	}
}
