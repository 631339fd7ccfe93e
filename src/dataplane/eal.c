/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting DPDK's environment for what the configuration asks: with hugepages
 * if enough are free, else without; with PCI only if a port needs it; one lcore
 * a worker, on the CPU it was given. The user's own EAL options come last.
 *
 * EAL says much when it does not start, above all a hundred lines about its
 * options. All of it is caught, and becomes the one line that our caller prints.
 */
#include "eal.h"
#include "port.h"

#include "sl_log.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARGS_MAX = 128, ARG_SIZE = 4096, SAID_MAX = 1 << 16 };

/* Set for a process that begins again: see start_again_without_hugepages. */
#define WITHOUT_HUGEPAGES "SLUICE_WITHOUT_HUGEPAGES"

struct args {
	char *argv[ARGS_MAX];
	int argc;
};

static void __attribute__((format(printf, 2, 3))) arg_add(struct args *args, const char *format, ...)
{
	va_list list;

	if (args->argc >= ARGS_MAX - 1)
		return;
	va_start(list, format);
	if (vasprintf(&args->argv[args->argc], format, list) >= 0)
		args->argc++;
	va_end(list);
}

static unsigned long
hugepages_read(const char *folder, const char *what)
{
	unsigned long pages = 0;
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/%s", folder, what);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages;
}

/* Megabytes in hugepages of all sizes that are free and not promised to somebody else's mapping. */
static uint64_t
hugepages_free_mb(void)
{
	DIR *dir = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;
	uint64_t mb = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		unsigned long page_kb, free_pages, promised;

		if (sscanf(entry->d_name, "hugepages-%lukB", &page_kb) != 1)
			continue;
		free_pages = hugepages_read(entry->d_name, "free_hugepages");
		promised = hugepages_read(entry->d_name, "resv_hugepages");
		if (free_pages > promised)
			mb += (uint64_t)page_kb * (free_pages - promised) / 1024;
	}
	if (dir != NULL)
		closedir(dir);
	return mb;
}

/* "0@(0-3),1@2,2@3": the main lcore on every CPU it may use, each worker on its own. */
static void
lcores_add(struct args *args, const struct dp_params *params)
{
	char text[ARG_SIZE] = "", main_cpus[ARG_SIZE / 2] = "";
	cpu_set_t allowed;
	size_t at = 0;

	CPU_ZERO(&allowed);
	(void)sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE && at < sizeof(main_cpus) - 8; cpu++)
		if (CPU_ISSET(cpu, &allowed))
			at += (size_t)snprintf(main_cpus + at, sizeof(main_cpus) - at, "%s%d", at ? "," : "",
					       cpu);
	at = (size_t)snprintf(text, sizeof(text), "0@(%s)", main_cpus);
	for (unsigned int i = 0; i < params->workers && at < sizeof(text) - 16; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, ",%u@%d", i + 1, params->cpu[i]);
	arg_add(args, "--lcores=%s", text);
}

static bool
user_has(int argc, char **argv, const char *option)
{
	size_t len = strlen(option);

	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], option, len) == 0)
			return true;
	return false;
}

/* Packet buffers that ports, rings and bursts may hold at once. */
static uint32_t
mbufs_needed(const struct dp_params *params, const struct dp_port_conf *ports, unsigned int port_count)
{
	/* Of its rings from other workers a worker does not find many full at a time. */
	uint64_t per_worker = 4608 + 2048 * (uint64_t)(params->workers < 5 ? params->workers - 1 : 4);
	uint64_t need = 4096 + params->workers * per_worker;

	if (params->mbufs != 0)
		return params->mbufs;
	for (unsigned int i = 0; i < port_count; i++) {
		unsigned int queues = ports[i].queues > params->workers ? ports[i].queues : params->workers;

		need += 1024 * ((uint64_t)queues + params->workers);
	}
	return (uint32_t)need;
}

/* What the kernel thinks can be had without swapping; 0: it does not say. */
static uint64_t
memory_available_mb(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kb = 0;
	char line[128];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "MemAvailable: %lu kB", &kb) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return kb / 1024;
}

/*
 * Somebody else took the hugepages between the look at them and EAL's start, and
 * EAL starts once a process: begin again in the same process, without them.
 * Nothing is open yet but what closes itself. Returns only if that cannot be done.
 */
static void
start_again_without_hugepages(void)
{
	static char line[1 << 16], path[PATH_MAX];
	char *argv[ARGS_MAX];
	int argc = 0, file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = file >= 0 ? read(file, line, sizeof(line) - 1) : -1;
	ssize_t path_len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (file >= 0)
		close(file);
	if (len <= 0 || path_len <= 0 || setenv(WITHOUT_HUGEPAGES, "1", 1) != 0)
		return;
	for (char *at = line; at < line + len && argc < ARGS_MAX - 1; at += strlen(at) + 1)
		argv[argc++] = at;
	argv[argc] = NULL;
	sl_notice("hugepages were taken by somebody else meanwhile: starting again without");
	execv(path, argv);
}

static int
memory_add(struct args *args, const struct dp_params *params, uint64_t mbufs, int eal_argc, char **eal_argv,
	   char *ret_error)
{
	/* A buffer with its headers and headroom, and an eighth for rings and devices. */
	uint64_t huge_mb = (mbufs * 2432 * 9 / 8 >> 20) + 56, need_mb, available_mb = memory_available_mb();
	uint64_t free_mb = hugepages_free_mb();
	bool no_huge = user_has(eal_argc, eal_argv, "--no-huge");

	if (user_has(eal_argc, eal_argv, "--in-memory") || user_has(eal_argc, eal_argv, "--huge-dir"))
		return 0;
	if (!no_huge && free_mb >= huge_mb && geteuid() == 0 && getenv(WITHOUT_HUGEPAGES) == NULL) {
		arg_add(args, "--in-memory");
		/* Taken at once, so that nobody takes them before the packet buffers are made. */
		if (!user_has(eal_argc, eal_argv, "-m") && !user_has(eal_argc, eal_argv, "--socket-mem"))
			arg_add(args, "-m%lu", huge_mb);
		return 0;
	}
	/* Without hugepages a buffer lies in a 4 KB page of its own. */
	need_mb = params->memory_mb != 0 ? params->memory_mb : (mbufs * 4096 * 33 / 32 >> 20) + 56;
	if (!user_has(eal_argc, eal_argv, "-m") && available_mb != 0 && need_mb > available_mb) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "%lu MB of memory are needed for %lu packet buffers, %lu MB are available: take "
			 "fewer "
			 "workers (%u now) or dataplane { mbufs N }, or add hugepages, with which %lu MB do "
			 "(echo %lu > /proc/sys/vm/nr_hugepages)",
			 need_mb, mbufs, available_mb, params->workers, huge_mb, huge_mb / 2 + 1);
		return -ENOMEM;
	}
	if (!no_huge) {
		sl_notice("hugepages: %s (%lu MB free, %lu MB needed): running without, somewhat slower; "
			  "more: echo %lu > /proc/sys/vm/nr_hugepages",
			  geteuid() == 0 ? "too few" : "not for an unprivileged user", free_mb, huge_mb,
			  huge_mb / 2 + 1);
		arg_add(args, "--no-huge");
	}
	if (!user_has(eal_argc, eal_argv, "-m"))
		arg_add(args, "-m%lu", need_mb);
	if (!user_has(eal_argc, eal_argv, "--no-shconf"))
		arg_add(args, "--no-shconf");
	return 0;
}

/* ---- what EAL says ---- */

/* Standard output and error go into a file in memory meanwhile. */
struct capture {
	int file, out, err;
};

static void
capture_start(struct capture *c)
{
	fflush(stdout);
	fflush(stderr);
	c->file = memfd_create("eal", MFD_CLOEXEC);
	c->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	c->err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (c->file < 0 || c->out < 0 || c->err < 0)
		return;
	(void)dup2(c->file, STDOUT_FILENO);
	(void)dup2(c->file, STDERR_FILENO);
}

/* Puts both back. What was said, as text. */
static void
capture_end(struct capture *c, char ret_said[SAID_MAX])
{
	ssize_t len = 0;

	fflush(stdout);
	fflush(stderr);
	if (c->file >= 0 && c->out >= 0 && c->err >= 0) {
		(void)dup2(c->out, STDOUT_FILENO);
		(void)dup2(c->err, STDERR_FILENO);
		len = pread(c->file, ret_said, SAID_MAX - 1, 0);
	}
	ret_said[len > 0 ? len : 0] = '\0';
	if (c->file >= 0)
		close(c->file);
	if (c->out >= 0)
		close(c->out);
	if (c->err >= 0)
		close(c->err);
}

/* Does EAL's help have this option? */
static bool
help_has(const char *help, const char *option, size_t len)
{
	for (const char *at = strstr(help, "options:"); at != NULL; at++) {
		at = strstr(at, "-");
		if (at == NULL)
			break;
		if ((at[-1] == ' ' || at[-1] == '|') && strncmp(at, option, len) == 0 &&
		    strchr(" =|,\n", at[len]) != NULL)
			return true;
	}
	return false;
}

/* The first option of the user's that EAL printed its help for; NULL: none is unknown. */
static const char *
option_unknown(const char *said, int eal_argc, char **eal_argv)
{
	if (strstr(said, "\nUsage:") == NULL)
		return NULL;
	for (int i = 0; i < eal_argc; i++) {
		bool is_long = strncmp(eal_argv[i], "--", 2) == 0;
		size_t len = is_long ? strcspn(eal_argv[i], "=") : 2;

		if (eal_argv[i][0] == '-' && eal_argv[i][1] != '\0' && !help_has(said, eal_argv[i], len))
			return eal_argv[i];
	}
	return NULL;
}

/* The lines that EAL has logged, each once and without its prefixes, as one. */
static void
said_summarize(char *said, char *ret_line, size_t size)
{
	size_t at = 0;
	char *save = NULL;

	ret_line[0] = '\0';
	for (char *line = strtok_r(said, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "EAL: ", 5) != 0)
			continue;
		line += 5;
		if (strncmp(line, "FATAL: ", 7) == 0)
			line += 7;
		if (strstr(ret_line, line) == NULL && at < size)
			at += (size_t)snprintf(ret_line + at, size - at, "%s%s", at > 0 ? "; " : "", line);
	}
}

static int
refuse(int code, char *said, int eal_argc, char **eal_argv, char *ret_error)
{
	const char *option = option_unknown(said, eal_argc, eal_argv);
	char summary[DP_ERROR_SIZE / 2];

	if (option != NULL) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "EAL has no option \"%.100s\"; what stands behind -- is for DPDK's environment",
			 option);
		return -EINVAL;
	}
	said_summarize(said, summary, sizeof(summary));
	snprintf(ret_error, DP_ERROR_SIZE,
		 "DPDK does not start (%s): %s. Without hugepages it needs memory (-m MEGABYTES), with PCI "
		 "devices root or the vfio group",
		 strerror(code), summary[0] != '\0' ? summary : "it does not say why");
	return code != 0 ? -code : -EINVAL;
}

int
dp_eal_start(const struct dp_params *params, const struct dp_port_conf *ports, unsigned int port_count,
	     int eal_argc, char **eal_argv, char ret_error[DP_ERROR_SIZE])
{
	static struct args args; /* EAL keeps pointers to the texts, */
	char *given[ARGS_MAX];   /* and writes to the array it is given */
	struct dp_params exact = *params;
	static char said[SAID_MAX];
	struct capture capture;
	bool pci = false;
	int code;

	exact.mbufs = mbufs_needed(params, ports, port_count);
	dp_params_set(&exact);
	arg_add(&args, "sluiced");
	lcores_add(&args, params);
	code = memory_add(&args, params, exact.mbufs, eal_argc, eal_argv, ret_error);
	if (code != 0)
		return code;
	for (unsigned int i = 0; i < port_count; i++) {
		if (!dp_device_is_pci(ports[i].device))
			continue;
		pci = true;
		arg_add(&args, "-a");
		arg_add(&args, "%s", ports[i].device);
	}
	if (!pci)
		arg_add(&args, "--no-pci");
	arg_add(&args, "--no-telemetry");
	arg_add(&args, "--file-prefix=sluice%d", (int)getpid());
	if (!user_has(eal_argc, eal_argv, "--log-level"))
		arg_add(&args, "--log-level=*:4");
	for (int i = 0; i < eal_argc; i++)
		arg_add(&args, "%s", eal_argv[i]);
	memcpy(given, args.argv, sizeof(given));
	capture_start(&capture);
	code = rte_eal_init(args.argc, given);
	capture_end(&capture, said);
	if (code < 0) {
		code = rte_errno;
		if (code == ENOMEM && user_has(args.argc, args.argv, "--in-memory") &&
		    !user_has(eal_argc, eal_argv, "--in-memory"))
			start_again_without_hugepages();
		return refuse(code, said, eal_argc, eal_argv, ret_error);
	}
	(void)fputs(said, stderr);
	return 0;
}
