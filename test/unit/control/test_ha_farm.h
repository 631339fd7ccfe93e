/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of high availability share: ha over a keepalive, a health and
 * a data plane that are the test's, by the text of a configuration, with a folder where commands leave
 * what they were called with.
 */
#ifndef TEST_HA_FARM_H
#define TEST_HA_FARM_H

#include "fake_dp.h"
#include "fake_health.h"
#include "fake_ka.h"
#include "ha.h"

struct farm {
	struct event_base *base;
	struct model *model;
	struct ha *ha;   /* NULL: it did not start, because of `error` */
	char folder[64]; /* a command there, "say", adds its arguments to the file "said" as a line */
	char error[DP_ERROR_SIZE];
};

/*
 * Ends the test if the text is no good configuration. "FOLDER" in it is the farm's folder. A port
 * "wan" with the address 192.0.2.2/24 stands before it.
 */
void farm_open(struct farm *farm, const char *text);
void farm_close(struct farm *farm);
/* Another configuration. */
void farm_apply(struct farm *farm, const char *text);

/* Turns the loop until the condition holds; ends the test when it does not within seconds. */
#define farm_wait(farm, condition)                                                                           \
	do {                                                                                                 \
		unsigned int waited_ = 0;                                                                    \
		while (!(condition))                                                                         \
			farm_turn((farm), #condition, waited_++);                                            \
	} while (0)
void farm_turn(struct farm *farm, const char *condition, unsigned int waited);
/* Turns the loop for so long. */
void farm_rest(struct farm *farm, unsigned int ms);

/* The contents of a file of the folder, good until the next call; "" if it is not there. */
const char *farm_read(struct farm *farm, const char *name);
void farm_write(struct farm *farm, const char *name, const char *text);

#endif
