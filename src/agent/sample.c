/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How busy the machine is, from /proc: CPU as the share of time that is neither
 * idle nor waiting for a disk, memory as what MemAvailable leaves, and the run
 * queue as the load average a CPU.
 *
 * One second says little: whatever happens to run makes it 0 or 100. The CPU's
 * load is therefore that of the last SAMPLE_INTERVALS intervals together.
 *
 * In a container /proc tells of the host. If its control group (version 2) has
 * a limit of CPU or memory, that is what counts there.
 */
#include "agent_room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool file_read(const struct sampler *sampler, const char *path, char *text, size_t size);
static bool host_sample(const struct sampler *sampler, struct sample *ret_sample, double *ret_cpus);
static bool group_sample(const struct sampler *sampler, struct sample *ret_sample, double *ret_cpus);
static double memory_used(const struct sampler *sampler);
static bool field_find(const char *text, const char *name, uint64_t *ret_number);

void
sampler_init(struct sampler *sampler, const char *root)
{
	struct sample sample;
	double cpus;

	*sampler = (struct sampler){ .root = root, .cpu = -1, .mem = -1, .load = -1 };
	sampler->group = group_sample(sampler, &sample, &cpus);
}

void
sampler_turn(struct sampler *sampler)
{
	struct sample *newest = &sampler->ring[SAMPLE_INTERVALS], *oldest;
	double cpus = 0;
	char text[64];
	bool known;

	memmove(sampler->ring, sampler->ring + 1, SAMPLE_INTERVALS * sizeof(sampler->ring[0]));
	known = sampler->group ? group_sample(sampler, newest, &cpus) : host_sample(sampler, newest, &cpus);
	if (known && sampler->count <= SAMPLE_INTERVALS)
		sampler->count++;
	if (!known)
		sampler->count = 0;
	sampler->cpu = -1;
	if (sampler->count > 1) {
		oldest = newest - (sampler->count - 1);
		if (newest->total > oldest->total && newest->busy >= oldest->busy)
			sampler->cpu = 100.0 * (double)(newest->busy - oldest->busy) /
				       (double)(newest->total - oldest->total);
		/* A control group may use up what it has saved. */
		if (sampler->cpu > 100)
			sampler->cpu = 100;
	}
	sampler->mem = memory_used(sampler);
	sampler->load = -1;
	if (known && cpus > 0 && file_read(sampler, "/proc/loadavg", text, sizeof(text)))
		sampler->load = 100 * number_find(text) / cpus;
}

/* The first `size` - 1 bytes. */
static bool
file_read(const struct sampler *sampler, const char *path, char *text, size_t size)
{
	char whole[PATH_SIZE];
	ssize_t len;
	int fd;

	snprintf(whole, sizeof(whole), "%s%s", sampler->root, path);
	fd = open(whole, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

/* Ticks of all CPUs, and how many CPUs there are: a line of its own each. */
static bool
host_sample(const struct sampler *sampler, struct sample *ret_sample, double *ret_cpus)
{
	/* user, nice, system, idle, iowait, irq, softirq, steal; guest time is in user */
	enum { IDLE = 3, IOWAIT = 4, FIELDS = 8 };
	static char text[65536];
	uint64_t total = 0, idle = 0;
	char *at = text + strlen("cpu");
	unsigned int cpus = 0;

	if (!file_read(sampler, "/proc/stat", text, sizeof(text)) || strncmp(text, "cpu ", 4) != 0)
		return false;
	for (int field = 0; field < FIELDS; field++) {
		char *end;
		uint64_t ticks = strtoull(at, &end, 10);

		if (end == at)
			break;
		total += ticks;
		if (field == IDLE || field == IOWAIT)
			idle += ticks;
		at = end;
	}
	for (const char *line = strchr(text, '\n'); line != NULL && strncmp(line, "\ncpu", 4) == 0;
	     line = strchr(line + 1, '\n'))
		cpus++;
	*ret_sample = (struct sample){ .busy = total - idle, .total = total };
	*ret_cpus = cpus;
	return true;
}

/* Microseconds of CPU that the group has used, and that its limit would have allowed until now. */
static bool
group_sample(const struct sampler *sampler, struct sample *ret_sample, double *ret_cpus)
{
	char text[1024];
	unsigned long long quota, period;
	uint64_t used;

	if (!file_read(sampler, "/sys/fs/cgroup/cpu.max", text, sizeof(text)) ||
	    sscanf(text, "%llu %llu", &quota, &period) != 2 || quota == 0 || period == 0)
		return false;
	if (!file_read(sampler, "/sys/fs/cgroup/cpu.stat", text, sizeof(text)) ||
	    !field_find(text, "usage_usec", &used))
		return false;
	*ret_cpus = (double)quota / (double)period;
	*ret_sample =
		(struct sample){ .busy = used, .total = (uint64_t)((double)now_ms() * 1000 * *ret_cpus) };
	return true;
}

static double
memory_used(const struct sampler *sampler)
{
	char text[4096];
	uint64_t total, available;
	double used, most;

	/* "max", where there is no limit, is no number. */
	if (file_read(sampler, "/sys/fs/cgroup/memory.max", text, sizeof(text)) &&
	    (most = number_find(text)) > 0 &&
	    file_read(sampler, "/sys/fs/cgroup/memory.current", text, sizeof(text)) &&
	    (used = number_find(text)) >= 0)
		return 100 * (used < most ? used / most : 1);
	if (!file_read(sampler, "/proc/meminfo", text, sizeof(text)) ||
	    !field_find(text, "MemTotal:", &total) || !field_find(text, "MemAvailable:", &available) ||
	    total == 0 || available > total)
		return -1;
	return 100.0 * (double)(total - available) / (double)total;
}

/* A line that begins with `name`, and the number behind it. */
static bool
field_find(const char *text, const char *name, uint64_t *ret_number)
{
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		char *end;
		uint64_t number;

		line += *line == '\n';
		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		number = strtoull(line + strlen(name), &end, 10);
		if (end == line + strlen(name))
			return false;
		*ret_number = number;
		return true;
	}
	return false;
}
