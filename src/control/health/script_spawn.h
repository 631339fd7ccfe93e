/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Beginning a process from one with gigabytes mapped and several threads.
 */
#ifndef SLUICE_SCRIPT_SPAWN_H
#define SLUICE_SCRIPT_SPAWN_H

#include "conf.h"

/*
 * Begins `argv` as this user and group. 0, or -errno: of the system call that failed, in the child
 * too. *ret_pidfd becomes readable when it has ended. It leads a process group of its own.
 */
int script_spawn(char *const argv[], uid_t uid, gid_t gid, pid_t *ret_pid, int *ret_pidfd);

#endif
