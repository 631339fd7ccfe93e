/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's own interfaces under ports that share them with it (net_af_packet).
 * Control thread only.
 */
#ifndef DP_TAP_UNDER_H
#define DP_TAP_UNDER_H

/* Port's interface, if it has one of that kind, leaves to the port what the port receives. */
void dp_tap_under_quiet(unsigned int port);

/* Everything is as it was before. */
void dp_tap_under_restore(void);

#endif
