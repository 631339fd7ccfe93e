/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets (fake_dp.h): probes.
 *
 * An IPv4 probe's address is one of loopback's (127.64.0.0/14), so that a test can put a
 * server there: what is sent to it arrives, as if the data plane had carried it.
 */
#include "fake_dp_private.h"

#include "sl_addr.h"

#include <stdlib.h>

/* ---- for tests ---- */

const struct fake_dp_probe *
fake_dp_probe_at(unsigned int i)
{
	for (uint32_t at = 0; at < fake_dp.probe_count; at++)
		if (fake_dp.probe[at].refs > 0 && i-- == 0)
			return &fake_dp.probe[at];
	return NULL;
}

void
fake_dp_probe_reset(void)
{
	free(fake_dp.probe);
	fake_dp.probe = NULL;
	fake_dp.probe_count = 0;
}

/* ---- dp.h ---- */

static bool
probe_eq(const struct dp_probe *a, const struct dp_probe *b)
{
	return sl_addr_eq(&a->vip, &b->vip) && sl_addr_eq(&a->real, &b->real) && a->fwd == b->fwd &&
	       a->tunnel.type == b->tunnel.type && a->tunnel.sum == b->tunnel.sum &&
	       a->tunnel.port == b->tunnel.port;
}

static struct sl_addr
probe_addr(const struct dp_probe *probe, uint32_t number)
{
	struct sl_addr addr = { .b = { 0xfd, 0x66, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number } };

	if (!sl_addr_is_v4(&probe->vip))
		return addr;
	addr = probe->vip;
	addr.b[12] = 127;
	addr.b[13] = 64;
	addr.b[14] = (uint8_t)(number >> 8);
	addr.b[15] = (uint8_t)number;
	return addr;
}

int
dp_probe_add(const struct dp_probe *probe, struct sl_addr *ret_addr, char ret_error[DP_ERROR_SIZE])
{
	bool same = sl_addr_is_v4(&probe->vip) == sl_addr_is_v4(&probe->real);
	struct fake_dp_probe *found = NULL, *all;
	int rc;

	fake_dp_require(probe->fwd == SL_FWD_DR || probe->fwd == SL_FWD_TUN,
			"probes are of servers by DR and TUN");
	fake_dp_require(same || probe->fwd == SL_FWD_TUN, "families differ by TUN only");
	if (fake_dp_fails(FAKE_DP_PROBE_ADD, &rc, ret_error))
		return rc;
	for (uint32_t i = 0; i < fake_dp.probe_count && found == NULL; i++)
		if (fake_dp.probe[i].refs > 0 && probe_eq(&fake_dp.probe[i].probe, probe))
			found = &fake_dp.probe[i];
	if (found == NULL) {
		all = reallocarray(fake_dp.probe, fake_dp.probe_count + 1, sizeof(*all));
		fake_dp_require(all != NULL, "there is memory");
		fake_dp.probe = all;
		found = &all[fake_dp.probe_count++];
		*found = (struct fake_dp_probe){ .probe = *probe,
						 .addr = probe_addr(probe, fake_dp.probe_count) };
	}
	found->refs++;
	*ret_addr = found->addr;
	return 0;
}

void
dp_probe_info(struct dp_probe_info *ret_info)
{
	*ret_info = (struct dp_probe_info){ 0 };
	for (uint32_t i = 0; i < fake_dp.probe_count; i++)
		ret_info->probes += fake_dp.probe[i].refs > 0;
	ret_info->present = ret_info->probes > 0;
}

void
dp_probe_remove(const struct sl_addr *addr)
{
	struct fake_dp_probe *found = NULL;

	for (uint32_t i = 0; i < fake_dp.probe_count && found == NULL; i++)
		if (fake_dp.probe[i].refs > 0 && sl_addr_eq(&fake_dp.probe[i].addr, addr))
			found = &fake_dp.probe[i];
	fake_dp_require(found != NULL, "a probe is removed as often as it was added, and no oftener");
	found->refs--;
}
