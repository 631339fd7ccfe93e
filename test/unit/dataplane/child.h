/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A row of a table in a process of its own, because EAL starts once a process.
 */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <stddef.h>

/*
 * Calls `run`, which ends the process, in a child. What that prints is in `printed`, ended by a zero (what is past its
 * size is lost). The status of waitpid().
 */
int child_run(void (*run)(const void *row), const void *row, char *printed, size_t size);

#endif
