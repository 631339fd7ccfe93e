/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of the daemon: start-up as a table of steps, the event loop, and
 * the way back. main.c reads the command line; everything after that is here.
 *
 * One daemon a process: what runs is kept inside boot.c and belongs to the
 * control thread, which calls everything declared here.
 */
#ifndef SLUICE_BOOT_H
#define SLUICE_BOOT_H

#include "conf.h"

#define BOOT_CONF_PATH "/etc/sluice/sluice.conf"
#define BOOT_SOCKET_PATH "/run/sluice/control.sock"

struct boot_options {
	const char *conf_path;
	const char *socket_path; /* NULL: the file's, else BOOT_SOCKET_PATH */
	bool seeded;             /* --seed: hash keys from `seed` (tests) */
	uint64_t seed;
	int eal_argc; /* the user's own EAL options, after `--` */
	char **eal_argv;
};

/* Runs the daemon until a signal ends it. Returns the exit code: 0, or 1 after a failure (already logged). */
int boot_run(const struct boot_options *options);

/*
 * `--check`: all faults, then `FILE: ok` or how many there were, on standard
 * output. Returns the exit code: 0 or 1.
 */
int boot_check(const char *conf_path, bool strict);

/*
 * Loads the configuration file again and makes it what runs: SIGHUP and
 * `config apply`. Each change that was made is given to line() as one line of
 * text ("+ service ...", "- real ..."; may be NULL). 0, or -errno with the
 * reasons in `faults` and nothing changed and nothing given to line().
 *
 * `dry_run`: check and report the changes only, change nothing. Faults are then
 * those that applying would have, as far as they can be known without doing it.
 */
int boot_reload(bool dry_run, struct conf_faults *faults, void (*line)(const char *text, void *context),
		void *context);

#endif
