/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server's weight, from all who have a say in it, and why it is not the
 * configured one. Plain functions; any thread.
 */
#ifndef SLUICE_WEIGHT_H
#define SLUICE_WEIGHT_H

#include <stdbool.h>
#include <stdint.h>

enum { WEIGHT_MAX = 65535, WEIGHT_WHY_SIZE = 128 };

struct weight_says {
	uint32_t configured; /* by file or command */
	bool replaced;       /* misc_dynamic */
	int64_t replacement;
	int64_t added;    /* by dynamic FILE_CHECKs, together */
	int32_t percent;  /* the agent's; -1: none */
	const char *zero; /* why it is 0 whatever the others say ("drain"); NULL: it is not */
};

/* Within 0..WEIGHT_MAX. In ret_why, if it is not NULL, the reason: "" where all agree on the configured one. */
uint32_t weight_of(const struct weight_says *says, char ret_why[WEIGHT_WHY_SIZE]);

#endif
