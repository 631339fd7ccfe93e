/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full NAT on the bench of the pipeline (pipe_box.h): local addresses and services beside
 * those that the bench has. Configured in a second transaction, once there are workers.
 *
 *	group snat, on lan   10.0.0.200, 10.0.0.201, 2001:db8:2::200
 *	192.0.2.3            TCP and UDP 80 to 10.0.0.11:8080, 81 with TOA, 82 without timestamps
 *	2001:db8:ff::3       the same to 2001:db8:2::11
 *	2001:db8:ff::4       the same to 10.0.0.11 (NAT64)
 */
#ifndef FNAT_BOX_H
#define FNAT_BOX_H

#include "pipe_box.h"

/* The addresses of the group: by default all that are listed above. */
void fnat_configure(const char *const *locals, unsigned int count);
void fnat_configure_all(void);

/* Of cmocka: pipe_setup1 and pipe_setup2 with this configuration. */
int fnat_setup1(void **state);
int fnat_setup2(void **state);

/* The answer to a frame that a server got: its addresses and ports turned round. */
unsigned int fnat_answer(const uint8_t *frame, unsigned int len, uint8_t bytes[PIPE_FRAME_MAX]);

#endif
