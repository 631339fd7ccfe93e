/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loads that the operator names: the first number in a file, or that a command
 * prints. A command runs beside the loop, by /bin/sh in a process group of its
 * own, and what it prints is read at the next tick. One that has not ended
 * after COMMAND_LIMIT_MS is killed with all that it started. What cannot be
 * read, or fails, is not known, and not told.
 */
#include "agent_room.h"

#include "sl_log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND_LIMIT_MS = 10000 };

extern char **environ;

static void command_begin(struct custom *custom, uint64_t now);
static void command_look(struct custom *custom, uint64_t now);
static void command_read(struct custom *custom);
static void command_kill(struct custom *custom);
static double file_value(const char *path);

void
custom_init(struct custom *custom, const struct custom_option *option)
{
	*custom = (struct custom){ .option = option, .value = -1, .fd = -1 };
}

void
custom_turn(struct custom *custom, uint64_t now)
{
	if (custom->option->file != NULL) {
		custom->value = file_value(custom->option->file);
		return;
	}
	if (custom->pid != 0)
		command_look(custom, now);
	if (custom->pid == 0)
		command_begin(custom, now);
}

void
custom_fini(struct custom *custom)
{
	if (custom->pid != 0)
		command_kill(custom);
}

double
number_find(const char *text)
{
	const char *at = text + strcspn(text, "0123456789.-");
	double number = 0, place = 1;

	/* bc writes .5 */
	if (!isdigit((unsigned char)at[*at == '.']))
		return -1;
	for (; isdigit((unsigned char)*at); at++)
		number = number * 10 + (*at - '0');
	if (*at == '.')
		for (at++; isdigit((unsigned char)*at); at++) {
			place /= 10;
			number += place * (*at - '0');
		}
	return number;
}

/* A pipe without a writer, or a device, must not stop us. */
static double
file_value(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char text[64];
	ssize_t len = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	return number_find(text);
}

static void
command_begin(struct custom *custom, uint64_t now)
{
	char shell[] = "/bin/sh", flag[] = "-c", *command = strdup(custom->option->command);
	char *argv[] = { shell, flag, command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int pipe_fds[2], err;

	if (command == NULL || pipe2(pipe_fds, O_CLOEXEC) != 0) {
		free(command);
		return;
	}
	/* Our end alone: the command may expect to be waited for. */
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, pipe_fds[1], STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(&custom->pid, shell, &files, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	free(command);
	close(pipe_fds[1]);
	if (err != 0) {
		sl_warn("%s: cannot run its command: %s", custom->option->name, strerror(err));
		close(pipe_fds[0]);
		custom->pid = 0;
		custom->value = -1;
		return;
	}
	custom->fd = pipe_fds[0];
	custom->begun_ms = now;
	custom->len = 0;
}

/* Looks whether it has ended before it reads: what was printed until then is all there is. */
static void
command_look(struct custom *custom, uint64_t now)
{
	siginfo_t end = { .si_pid = 0 };
	bool ended =
		waitid(P_PID, (id_t)custom->pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid != 0;

	command_read(custom);
	if (ended) {
		custom->text[custom->len] = '\0';
		custom->value =
			end.si_code == CLD_EXITED && end.si_status == 0 ? number_find(custom->text) : -1;
		/* What it left behind ends, too; before the group's number may be somebody else's. */
		command_kill(custom);
	} else if (now - custom->begun_ms >= COMMAND_LIMIT_MS) {
		sl_warn("%s: its command has not ended in %d s, killed", custom->option->name,
			COMMAND_LIMIT_MS / 1000);
		custom->value = -1;
		command_kill(custom);
	}
}

/* What is too much is thrown away, a bounded part at a time: who never stops printing is stopped by its time. */
static void
command_read(struct custom *custom)
{
	char piece[4096];

	for (int turn = 0; turn < 16; turn++) {
		ssize_t len = read(custom->fd, piece, sizeof(piece));
		size_t room = sizeof(custom->text) - 1 - custom->len;

		if (len <= 0)
			return;
		if ((size_t)len < room)
			room = (size_t)len;
		memcpy(custom->text + custom->len, piece, room);
		custom->len += room;
	}
}

static void
command_kill(struct custom *custom)
{
	kill(-custom->pid, SIGKILL);
	while (waitpid(custom->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(custom->fd);
	custom->pid = 0;
	custom->fd = -1;
}
