/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between announce.c and announce_vips.c: announce.h.
 */
#ifndef SLUICE_ANNOUNCE_PRIVATE_H
#define SLUICE_ANNOUNCE_PRIVATE_H

#include "announce.h"

#include "health.h"

enum { ANNOUNCE_WHY_SIZE = 160 };

/* A VIP, and what its services say of it. */
struct announce_vip {
	struct sl_addr addr;
	enum health_service state;            /* of all services together */
	const struct model_service *decisive; /* the one that state comes from */
};

struct announce_vips {
	struct announce_vip *vip; /* by address; each once */
	size_t count, size;
};

/* Those of all services that announce theirs. 0 or -ENOMEM. */
int announce_vips_collect(struct announce_vips *vips, struct model *model, struct health *health);

/* By address. */
int announce_vip_compare(const void *a, const void *b);

#endif
