/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vrrp_track_process: so many processes of a name run.
 *
 * /proc is read through, for all names at once, every SCAN_MS; on a box with so many processes that this takes long,
 * less often, so that it has SCAN_SHARE of the loop's time at the most. A count that is good, or not, counts
 * when it has been so for terminate_delay (there are fewer) or fork_delay (there are more). Control thread only.
 */
#include "ha_private.h"

#include "sl_clock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	SCAN_MS = 200,
	SCAN_SHARE = 20,     /* the pause is so many times as long as the scan */
	COMM_SIZE = 16,      /* of the kernel: 15 characters */
	COMMAND_SIZE = 8192, /* of a command line: so much of it is compared */
};

struct process {
	struct ha_track *track;
	const struct conf_track_process *conf;
	uint32_t count;        /* in the scan under way */
	uint32_t count_before; /* at the last change of good */
	bool pending;          /* it is not as was said, since: */
	uint64_t since_ms;
};

struct processes {
	struct process *process;
	unsigned int count;
	struct event *timer;
};

static void processes_scan(int fd, short what, void *context);
static void pid_look(struct processes *processes, int proc, const char *pid);
static bool command_matches(const struct conf_track_process *conf, const char *command, size_t len);
static void process_judge(struct process *process, uint64_t now_ms);
static ssize_t file_read(int proc, const char *pid, const char *name, char *buf, size_t size);
static void processes_destroy(void *watched);

static void *
processes_create(struct ha *ha, struct ha_track *tracks, unsigned int count, const void *old)
{
	struct processes *processes = calloc(1, sizeof(*processes));

	if (processes == NULL)
		return NULL;
	processes->process = calloc(count, sizeof(*processes->process));
	processes->timer = event_new(ha->base, -1, 0, processes_scan, processes);
	if (processes->process == NULL || processes->timer == NULL) {
		processes_destroy(processes);
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++) {
		processes->process[i].track = &tracks[i];
		processes->process[i].conf = conf_ha_process(ha->conf, tracks[i].name);
	}
	processes->count = count;
	processes_scan(-1, 0, processes);
	return processes;
}

static void
processes_destroy(void *watched)
{
	struct processes *processes = watched;

	if (processes->timer != NULL)
		event_free(processes->timer);
	free(processes->process);
	free(processes);
}

const struct ha_track_ops ha_track_process = { KA_TRACK_PROCESS, processes_create, processes_destroy };

static void
processes_scan(int fd, short what, void *context)
{
	struct processes *processes = context;
	uint64_t began_us = sl_clock_us(), pause_us;
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	for (unsigned int i = 0; i < processes->count; i++)
		processes->process[i].count = 0;
	while (proc != NULL && (entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			pid_look(processes, dirfd(proc), entry->d_name);
	if (proc != NULL) {
		closedir(proc);
		for (unsigned int i = 0; i < processes->count; i++)
			process_judge(&processes->process[i], began_us / 1000);
	}
	pause_us = (sl_clock_us() - began_us) * SCAN_SHARE;
	if (pause_us < SCAN_MS * 1000)
		pause_us = SCAN_MS * 1000;
	event_add(processes->timer,
		  &(struct timeval){ (time_t)(pause_us / 1000000), (suseconds_t)(pause_us % 1000000) });
}

/* Its command line is read only where it counts. */
static void
pid_look(struct processes *processes, int proc, const char *pid)
{
	char comm[COMM_SIZE + 1], command[COMMAND_SIZE];
	ssize_t comm_len = file_read(proc, pid, "comm", comm, sizeof(comm) - 1), len = -1;

	if (comm_len <= 0)
		return;
	comm[comm_len] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	for (unsigned int i = 0; i < processes->count; i++) {
		struct process *process = &processes->process[i];
		const struct conf_track_process *conf = process->conf;

		if (conf == NULL || (!conf->full_command && strncmp(comm, conf->argv[0], COMM_SIZE - 1) != 0))
			continue;
		if (!conf->full_command && conf->match == CONF_PARAM_ANY) {
			process->count++;
			continue;
		}
		if (len < 0)
			len = file_read(proc, pid, "cmdline", command, sizeof(command) - 1);
		if (len <= 0)
			continue;
		command[len] = '\0';
		process->count += command_matches(conf, command, (size_t)len);
	}
}

/* `command` is words with a zero behind each. */
static bool
command_matches(const struct conf_track_process *conf, const char *command, size_t len)
{
	const char *word = command, *end = command + len;

	if (conf->full_command && strcmp(word, conf->argv[0]) != 0)
		return false;
	if (conf->match == CONF_PARAM_ANY)
		return true;
	word += strlen(word) + 1;
	for (unsigned int i = 1; conf->argv[i] != NULL; i++, word += strlen(word) + 1) {
		bool last = conf->argv[i + 1] == NULL;

		if (word >= end)
			return false;
		if (conf->match == CONF_PARAM_INITIAL && last)
			return strncmp(word, conf->argv[i], strlen(conf->argv[i])) == 0;
		if (strcmp(word, conf->argv[i]) != 0)
			return false;
	}
	return conf->match != CONF_PARAM_EXACT || word >= end;
}

static void
process_judge(struct process *process, uint64_t now_ms)
{
	const struct conf_track_process *conf = process->conf;
	struct ha_track *track = process->track;
	bool good = conf != NULL && process->count >= conf->quorum && process->count <= conf->quorum_max;
	uint32_t delay_ms;
	char text[64];

	if (track->known && good == (track->value != 0)) {
		process->pending = false;
		process->count_before = process->count;
		return;
	}
	if (!process->pending)
		process->since_ms = now_ms;
	process->pending = true;
	if (track->known && conf != NULL) {
		delay_ms = process->count > process->count_before ? conf->fork_delay_ms
								  : conf->terminate_delay_ms;
		if (now_ms - process->since_ms < delay_ms)
			return;
	}
	snprintf(text, sizeof(text), "%u of them run", process->count);
	process->pending = false;
	process->count_before = process->count;
	ha_track_say(track, good, text);
}

static ssize_t
file_read(int proc, const char *pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%.20s/%s", pid, name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, buf, size);
	close(fd);
	return len;
}
