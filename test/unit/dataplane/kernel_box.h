/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel has of the interface sl-wan, for tests of kernel interfaces: asked
 * through netlink and ioctl by code of its own, not by that under test.
 */
#ifndef KERNEL_BOX_H
#define KERNEL_BOX_H

#include "sl_test.h"

#include <net/if.h>
#include <stdint.h>

#define KERNEL_BOX_NAME "sl-wan"

enum { KERNEL_BOX_TEXT = 2048 };

/* Its addresses ("198.51.100.2/24"), sorted: " [a] [b]". */
void kernel_box_addrs(char ret_text[KERNEL_BOX_TEXT]);
/* The routes that Sluice has set by it ("10.8.0.0/16 via 198.51.100.9"), in the same form. */
void kernel_box_routes(char ret_text[KERNEL_BOX_TEXT]);
/* Host routes of a table that lead there: " [192.0.2.1]", in the same form. */
void kernel_box_host_routes(uint32_t table, char ret_text[KERNEL_BOX_TEXT]);
/* A list that ends with NULL, and one more (NULL: none), in the same form. */
void kernel_box_list(const char *const *list, const char *more, char ret_text[KERNEL_BOX_TEXT]);

/* As `ip link del`. */
void kernel_box_delete(void);
/* An ioctl of the interface's: SIOCGIFMTU and the like. */
struct ifreq kernel_box_request(unsigned long what, short flags);

#endif
