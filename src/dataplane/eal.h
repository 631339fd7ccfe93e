/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting DPDK's environment: dp_eal_start is in sluice/dp.h.
 */
#ifndef DP_EAL_H
#define DP_EAL_H

#include <sluice/dp.h>

/* How many packet buffers the box needs, or the configuration wants. */
uint32_t dp_mbufs_needed(const struct dp_params *params, unsigned int port_count);

/* What dp_start works by; dp_eal_start has them from its caller. */
void dp_params_set(const struct dp_params *wanted);

#endif
