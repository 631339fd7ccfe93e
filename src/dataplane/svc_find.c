/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A service's server by its address and port: for connections that the peer has, which
 * name their servers so. The index is part of the service as it is published, made
 * with it and never changed. A service with few servers has none.
 */
#include "real.h"
#include "snapshot.h"

enum { SCAN_MAX = 8 };

uint32_t
dp_svc_index_size(uint32_t servers)
{
	uint32_t size = 2 * SCAN_MAX;

	if (servers <= SCAN_MAX)
		return 0;
	while (size < 2 * servers)
		size *= 2;
	return size;
}

/* Where the search begins. By the product's top bits: the low ones do not depend on an IPv4 address's last bytes. */
static uint32_t
place_hash(const struct dp_svc *svc, const struct sl_addr *addr, uint16_t port_be)
{
	uint64_t low, high;

	memcpy(&low, addr->b, 8);
	memcpy(&high, addr->b + 8, 8);
	low = (low * UINT64_C(0xc2b2ae3d27d4eb4f)) ^ high ^ port_be;
	low *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)((low >> 32) * (svc->index_mask + UINT64_C(1)) >> 32);
}

void
dp_svc_index_fill(struct dp_svc *svc)
{
	for (uint32_t i = 0; svc->index_mask != 0 && i < svc->all; i++) {
		const struct dp_real_slot *slot = &dp_real_slots[svc->server[i].slot];
		uint32_t at = place_hash(svc, &slot->addr, slot->port_be);

		while (svc->index[at] != 0)
			at = (at + 1) & svc->index_mask;
		svc->index[at] = i + 1;
	}
}

static bool
place_is(const struct dp_svc *svc, uint32_t place, const struct sl_addr *addr, uint16_t port_be)
{
	const struct dp_real_slot *slot = &dp_real_slots[svc->server[place].slot];

	return slot->port_be == port_be && sl_addr_eq(&slot->addr, addr);
}

int
dp_svc_server_find(const struct dp_svc *svc, const struct sl_addr *addr, uint16_t port_be)
{
	uint32_t at;

	if (svc->index_mask == 0) {
		for (uint32_t i = 0; i < svc->all; i++)
			if (place_is(svc, i, addr, port_be))
				return (int)i;
		return -1;
	}
	at = place_hash(svc, addr, port_be);
	for (; svc->index[at] != 0; at = (at + 1) & svc->index_mask)
		if (place_is(svc, svc->index[at] - 1, addr, port_be))
			return (int)svc->index[at] - 1;
	return -1;
}
