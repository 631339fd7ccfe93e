/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The policer of packets to the kernel; see police.h.
 *
 * A class's bucket counts cycles and fills with time itself, to POLICE_BURST_MS; a
 * packet costs what its class's share of the rate allows. A class whose bucket is empty
 * pays out of another one's that is more than half full. So a class that is quiet
 * lends what it does not use, keeps a reserve against the moment when it speaks, and from then
 * on has its whole share. A rate so low that two packets cost more than a bucket holds
 * makes the bucket that deep.
 */
#include "police.h"

#include <rte_branch_prediction.h>
#include <rte_common.h>

static const uint8_t shares[POLICE_CLASSES] = {
	[POLICE_SESSION] = 4,
	[POLICE_ICMP] = 1,
	[POLICE_REST] = 3,
};

static inline uint64_t
cost_of(enum police_class class, uint64_t packet)
{
	return RTE_MAX(packet * POLICE_SHARES / shares[class], UINT64_C(1));
}

static inline uint64_t
depth_of(enum police_class class, uint64_t hz, uint64_t packet)
{
	return RTE_MAX(hz / 1000 * POLICE_BURST_MS, 2 * cost_of(class, packet));
}

/* Pays a packet, if at least `keep` remains. */
static bool
pay(struct police *police, enum police_class class, uint64_t packet, uint64_t keep)
{
	uint64_t cost = cost_of(class, packet);

	if (police->credit[class] < cost + keep)
		return false;
	police->credit[class] -= cost;
	return true;
}

__rte_cold bool
dp_police_take(struct police *police, enum police_class class, uint64_t now_tsc, uint64_t hz, uint64_t packet)
{
	uint64_t passed = now_tsc - police->tsc;

	police->tsc = now_tsc;
	for (unsigned int c = 0; c < POLICE_CLASSES; c++)
		police->credit[c] = RTE_MIN(police->credit[c] + passed, depth_of(c, hz, packet));
	if (pay(police, class, packet, 0))
		return true;
	for (unsigned int c = 0; c < POLICE_CLASSES; c++)
		if (pay(police, c, packet, depth_of(c, hz, packet) / 2))
			return true;
	return false;
}
