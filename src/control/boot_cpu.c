/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which CPU does what (boot_cpu.h). No state, any thread.
 */
#include "boot_cpu.h"

#include <errno.h>
#include <stdio.h>

static int choose_given(const struct conf *conf, const cpu_set_t *allowed, struct dp_params *params,
			char ret_error[DP_ERROR_SIZE]);
static unsigned int order_for_workers(const cpu_set_t *allowed, int ret_cpu[CPU_SETSIZE]);

int
boot_cpu_choose(const struct conf *conf, const cpu_set_t *allowed, struct dp_params *params,
		char ret_error[DP_ERROR_SIZE])
{
	int order[CPU_SETSIZE];
	unsigned int count = order_for_workers(allowed, order);
	unsigned int workers = conf->workers;

	if (conf->worker_cpu_count > 0)
		return choose_given(conf, allowed, params, ret_error);
	if (count == 0) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "this process may use no CPU at all: look at `taskset -p $$`");
		return -EINVAL;
	}
	if (workers == 0)
		workers = count > 1 ? count - 1 : 1;
	if (workers > DP_WORKERS_MAX)
		workers = DP_WORKERS_MAX;
	params->workers = workers;
	for (unsigned int i = 0; i < workers; i++)
		params->cpu[i] = order[i % count];
	return 0;
}

cpu_set_t
boot_cpu_control(const cpu_set_t *allowed, const struct dp_params *params)
{
	cpu_set_t rest = *allowed;

	for (unsigned int i = 0; i < params->workers; i++)
		if (params->cpu[i] >= 0)
			CPU_CLR(params->cpu[i], &rest);
	return CPU_COUNT(&rest) > 0 ? rest : *allowed;
}

const char *
boot_cpu_format(const cpu_set_t *cpus, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int first = 0; first < CPU_SETSIZE && len < size; first++) {
		int last = first;

		if (!CPU_ISSET(first, cpus))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, cpus))
			last++;
		len += (size_t)snprintf(buf + len, size - len, "%s%d", len > 0 ? "," : "", first);
		if (last > first && len < size)
			len += (size_t)snprintf(buf + len, size - len, "-%d", last);
		first = last;
	}
	return buf;
}

static int
choose_given(const struct conf *conf, const cpu_set_t *allowed, struct dp_params *params,
	     char ret_error[DP_ERROR_SIZE])
{
	char text[128];

	params->workers = conf->worker_cpu_count;
	for (unsigned int i = 0; i < conf->worker_cpu_count; i++) {
		int cpu = conf->worker_cpus[i];

		if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, allowed)) {
			snprintf(ret_error, DP_ERROR_SIZE,
				 "worker_cores: CPU %d is not one that sluiced may use (it may use %s)", cpu,
				 boot_cpu_format(allowed, text, sizeof(text)));
			return -EINVAL;
		}
		params->cpu[i] = cpu;
	}
	return 0;
}

/* All allowed CPUs, with the first, which is control's, at the end. */
static unsigned int
order_for_workers(const cpu_set_t *allowed, int ret_cpu[CPU_SETSIZE])
{
	unsigned int count = 0;
	int control = -1;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, allowed))
			continue;
		if (control < 0)
			control = cpu;
		else
			ret_cpu[count++] = cpu;
	}
	if (control >= 0)
		ret_cpu[count++] = control;
	return count;
}
