/* SPDX-License-Identifier: BSD-3-Clause */
/* Making a TUN or TAP interface of the kernel's. Control thread only. */
#ifndef DP_TUN_OPEN_H
#define DP_TUN_OPEN_H

/*
 * The descriptor of a new interface of this name, which lives as long as it is open, or
 * -errno with what helps against that. `flags`: IFF_TAP or IFF_TUN.
 */
int dp_tun_open(const char *name, short flags, const char **ret_remedy);

#endif
