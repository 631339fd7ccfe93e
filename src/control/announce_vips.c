/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which VIPs there are to announce, and how their services are: see announce.h.
 *
 * A VIP has one route and may have many services. As announce_while says, all of them have
 * to be good, or one. Services with `announce off` are not looked at.
 */
#include "announce_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int vip_add(struct announce_vips *vips, const struct model_service *service,
		   enum health_service state);
static void vips_unite(struct announce_vips *vips, bool any);

int
announce_vips_collect(struct announce_vips *vips, struct model *model, struct health *health)
{
	int rc = 0;

	vips->count = 0;
	for (struct model_service *s = model_services(model); s != NULL && rc == 0; s = s->next)
		if ((s->options & CONF_SERVICE_UNANNOUNCED) == 0)
			rc = vip_add(vips, s, health_service_state(health, s));
	if (vips->count > 0)
		qsort(vips->vip, vips->count, sizeof(*vips->vip), announce_vip_compare);
	vips_unite(vips, model_conf(model)->announce.any);
	return rc;
}

int
announce_vip_compare(const void *a, const void *b)
{
	const struct announce_vip *left = a, *right = b;

	return memcmp(left->addr.b, right->addr.b, sizeof(left->addr.b));
}

static int
vip_add(struct announce_vips *vips, const struct model_service *service, enum health_service state)
{
	if (vips->count == vips->size) {
		size_t size = vips->size > 0 ? 2 * vips->size : 64;
		struct announce_vip *more = reallocarray(vips->vip, size, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		vips->vip = more;
		vips->size = size;
	}
	vips->vip[vips->count++] = (struct announce_vip){ service->key.vip, state, service };
	return 0;
}

/* States are ordered: of several services the worst counts, or the best. */
static void
vips_unite(struct announce_vips *vips, bool any)
{
	size_t count = 0;

	for (size_t i = 0; i < vips->count; i++) {
		struct announce_vip *last = count > 0 ? &vips->vip[count - 1] : NULL;
		const struct announce_vip *vip = &vips->vip[i];

		if (last == NULL || !sl_addr_eq(&last->addr, &vip->addr))
			vips->vip[count++] = *vip;
		else if (any ? vip->state > last->state : vip->state < last->state)
			*last = *vip;
	}
	vips->count = count;
}
