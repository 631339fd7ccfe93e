/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See child.h.
 */
#include "child.h"

#include "sl_test.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int
child_run(void (*run)(const void *row), const void *row, char *printed, size_t size)
{
	int pipes[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		run(row);
	}
	close(pipes[1]);
	while (len < size - 1 && (got = read(pipes[0], printed + len, size - 1 - len)) > 0)
		len += (size_t)got;
	printed[len] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}
