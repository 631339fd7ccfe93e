/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting DPDK's environment for what the configuration asks: with hugepages
 * if enough are free, else without; with PCI only if a port needs it; one lcore
 * a worker, on the CPU it was given. The user's own EAL options come last.
 */
#include "eal.h"
#include "port.h"

#include "sl_log.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGS_MAX = 128, ARG_SIZE = 1024 };

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
uint32_t
dp_mbufs_needed(const struct dp_params *params, unsigned int port_count)
{
	unsigned int per_worker = 4096 + 2048 * (params->workers > 1 ? params->workers - 1 : 0);
	uint64_t need =
		(uint64_t)port_count * params->workers * 2048 + (uint64_t)params->workers * per_worker + 4096;

	return params->mbufs != 0 ? params->mbufs : (uint32_t)need;
}

static void
memory_add(struct args *args, const struct dp_params *params, unsigned int port_count, int eal_argc,
	   char **eal_argv)
{
	uint64_t mbufs = dp_mbufs_needed(params, port_count);
	/* A buffer with its headers and headroom, and an eighth for rings and devices. */
	uint64_t huge_mb = (mbufs * 2432 * 9 / 8 >> 20) + 48, need_mb;
	uint64_t free_mb = hugepages_free_mb();
	bool no_huge = user_has(eal_argc, eal_argv, "--no-huge");

	if (user_has(eal_argc, eal_argv, "--in-memory") || user_has(eal_argc, eal_argv, "--huge-dir"))
		return;
	if (!no_huge && free_mb >= huge_mb && geteuid() == 0) {
		arg_add(args, "--in-memory");
		return;
	}
	/* Without hugepages a buffer lies in a 4 KB page of its own. */
	need_mb = params->memory_mb != 0 ? params->memory_mb : (mbufs * 4096 * 33 / 32 >> 20) + 48;
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
}

int
dp_eal_start(const struct dp_params *params, const struct dp_port_conf *ports, unsigned int port_count,
	     int eal_argc, char **eal_argv, char ret_error[DP_ERROR_SIZE])
{
	static struct args args; /* EAL keeps pointers to the texts, */
	char *given[ARGS_MAX];   /* and writes to the array it is given */
	bool pci = false;
	int code;

	dp_params_set(params);
	arg_add(&args, "sluiced");
	lcores_add(&args, params);
	memory_add(&args, params, port_count, eal_argc, eal_argv);
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
	code = rte_eal_init(args.argc, given);
	if (code < 0) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "DPDK does not start (%s); its own messages stand above. Without hugepages it needs "
			 "-m "
			 "megabytes of memory, with PCI devices root or the vfio group",
			 strerror(rte_errno));
		return rte_errno != 0 ? -rte_errno : -EINVAL;
	}
	return 0;
}
