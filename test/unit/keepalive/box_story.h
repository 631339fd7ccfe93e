/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stories of two boxes begin with: configurations that are alike but for the priorities (A's is higher), and
 * the usual beginnings.
 */
#ifndef BOX_STORY_H
#define BOX_STORY_H

#include "fake_box.h"

enum { A, B };

/* Instances VI and VJ, of which a box has the first unless the story wants both. */
extern struct ka_instance story_ones[FAKE_BOXES][2];
extern struct ka_conf story_confs[FAKE_BOXES];

/* For cmocka: around each test. */
int story_setup(void **state);
int story_teardown(void **state);

/* Both run, and A is MASTER. */
void story_both_start(void);
void story_heartbeats_too(void);
void story_heartbeats_alone(void);
/* Both instances, in one sync group. */
void story_grouped(void);
/*
 * For `ms`: VI is never MASTER on both boxes for longer than `most_ms`, and held where it is MASTER. Returns for how
 * long it was MASTER on none.
 */
unsigned int story_watch(unsigned int ms, unsigned int most_ms);

#endif
