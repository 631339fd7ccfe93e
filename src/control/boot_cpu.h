/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which CPU does what: a worker each where there are enough, control beside
 * them. Pure functions of the configuration and the CPUs that this process may
 * use.
 */
#ifndef SLUICE_BOOT_CPU_H
#define SLUICE_BOOT_CPU_H

#include "conf.h"

#include <sched.h>

/*
 * Fills workers and cpu[] of `params`. `workers auto` is all CPUs but one.
 * Control has the first CPU; workers take the others in turn, and the first
 * too when the others do not suffice. 0, or -EINVAL with the reason.
 */
int boot_cpu_choose(const struct conf *conf, const cpu_set_t *allowed, struct dp_params *params,
		    char ret_error[DP_ERROR_SIZE]);

/* Where control runs: the CPUs that no worker has, or all of them when there is none such. */
cpu_set_t boot_cpu_control(const cpu_set_t *allowed, const struct dp_params *params);

/* "0-3,6" */
const char *boot_cpu_format(const cpu_set_t *cpus, char *buf, size_t size);

#endif
