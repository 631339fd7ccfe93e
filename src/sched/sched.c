/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of schedulers: to add one, write its file and add its line here.
 * Constant data, for any thread.
 */
#include "sched_room.h"

#include <stddef.h>
#include <string.h>

static const struct sched_ops *const schedulers[] = {
	&sched_rr, &sched_wrr, &sched_lc, &sched_wlc, &sched_mh,
};

static const unsigned int scheduler_count = sizeof(schedulers) / sizeof(schedulers[0]);

const struct sched_ops *
sched_find(const char *name)
{
	for (unsigned int i = 0; i < scheduler_count; i++) {
		if (strcmp(schedulers[i]->name, name) == 0)
			return schedulers[i];
	}
	return NULL;
}

const struct sched_ops *
sched_at(unsigned int i)
{
	return i < scheduler_count ? schedulers[i] : NULL;
}
