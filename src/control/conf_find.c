/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a service of a configuration by its key: by halves, in an order that
 * is made once when the file has been read.
 */
#include "conf.h"

#include <stdlib.h>
#include <string.h>

static int key_compare(const struct dp_service_key *a, const struct dp_service_key *b);
static int order_compare(const void *a, const void *b, void *context);

void
conf_order_make(struct conf *conf, uint32_t *room)
{
	for (unsigned int i = 0; i < conf->service_count; i++)
		room[i] = i;
	qsort_r(room, conf->service_count, sizeof(*room), order_compare, conf->services);
	conf->service_order = room;
}

const struct conf_service *
conf_service_find(const struct conf *conf, const struct dp_service_key *key)
{
	unsigned int low = 0, high = conf->service_order == NULL ? 0 : conf->service_count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;
		const struct conf_service *service = &conf->services[conf->service_order[middle]];
		int order = key_compare(key, &service->key);

		if (order == 0)
			return service;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct conf_real *
conf_real_find(const struct conf_service *service, const struct sl_addr *addr, uint16_t port)
{
	for (unsigned int i = 0; i < service->real_count; i++) {
		if (service->reals[i].port == port && sl_addr_eq(&service->reals[i].addr, addr))
			return &service->reals[i];
	}
	return NULL;
}

static int
key_compare(const struct dp_service_key *a, const struct dp_service_key *b)
{
	int by_vip = memcmp(a->vip.b, b->vip.b, sizeof(a->vip.b));

	if (by_vip != 0)
		return by_vip;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->proto > b->proto) - (a->proto < b->proto);
}

static int
order_compare(const void *a, const void *b, void *context)
{
	const struct conf_service *services = context;

	return key_compare(&services[*(const uint32_t *)a].key, &services[*(const uint32_t *)b].key);
}
