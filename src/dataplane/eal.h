/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting DPDK's environment: dp_eal_start is in sluice/dp.h.
 */
#ifndef DP_EAL_H
#define DP_EAL_H

#include <sluice/dp.h>

/* What dp_start works by: what dp_eal_start has from its caller, with a number of packet buffers. */
void dp_params_set(const struct dp_params *wanted);

#endif
