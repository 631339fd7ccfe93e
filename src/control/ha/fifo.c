/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notify_fifo and vrrp_notify_fifo: a named pipe that gets a line for each
 * change of state, and a command that reads it.
 *
 * The pipe is open for reading here too, so it keeps its lines while nobody reads, and writing
 * never fails for want of a reader. It does not block: a pipe that is full loses lines, which is said
 * once until it is not full any more. A line is shorter than PIPE_BUF, so it is in it whole or not at all.
 *
 * Only its owner may read it: who is named in the configuration, else who runs the command. One that was there
 * before stays whose it is.
 *
 * The command is begun once, with the pipe's path as its last argument, and ends by itself when the pipe is
 * closed and empty. Control thread only.
 */
#include "ha_private.h"

#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ha_fifo {
	struct ha *ha;
	char *path;
	struct conf_script *script; /* a copy, to see whether it is another now; NULL: none */
	int fd;
	bool made;
	uid_t uid; /* whose it is to be */
	gid_t gid;
	unsigned int lost;
};

static bool fifo_make(struct ha_fifo *fifo);
static void owner_of(const struct conf_fifo *conf, uid_t *ret_uid, gid_t *ret_gid);
static void owner_set(struct ha_fifo *fifo);
static void script_begin(struct ha_fifo *fifo);
static void script_ended(const struct script_result *result, void *context);
static bool script_same(const struct conf_script *a, const struct conf_script *b);

struct ha_fifo *
ha_fifo_open(struct ha *ha, const struct conf_fifo *conf, struct ha_fifo *old)
{
	struct ha_fifo *fifo;
	uid_t uid;
	gid_t gid;

	owner_of(conf, &uid, &gid);
	if (old != NULL && conf->path != NULL && strcmp(old->path, conf->path) == 0 &&
	    script_same(old->script, conf->script)) {
		bool same = old->uid == uid && old->gid == gid;

		old->uid = uid;
		old->gid = gid;
		if (!same)
			owner_set(old);
		return old;
	}
	ha_fifo_close(old);
	if (conf->path == NULL)
		return NULL;
	fifo = calloc(1, sizeof(*fifo));
	if (fifo == NULL)
		return NULL;
	fifo->ha = ha;
	fifo->fd = -1;
	fifo->uid = uid;
	fifo->gid = gid;
	fifo->path = strdup(conf->path);
	fifo->script = conf->script != NULL ? script_copy(conf->script) : NULL;
	if (fifo->path == NULL || !fifo_make(fifo)) {
		ha_fifo_close(fifo);
		return NULL;
	}
	if (fifo->script != NULL)
		script_begin(fifo);
	return fifo;
}

void
ha_fifo_close(struct ha_fifo *fifo)
{
	if (fifo == NULL)
		return;
	if (fifo->fd >= 0)
		close(fifo->fd);
	if (fifo->made)
		unlink(fifo->path);
	free(fifo->script);
	free(fifo->path);
	free(fifo);
}

void
ha_fifo_write(struct ha_fifo *fifo, const char *line)
{
	if (fifo == NULL)
		return;
	if (write(fifo->fd, line, strlen(line)) >= 0) {
		if (fifo->lost > 0)
			ha_event_failed(fifo->ha, "FIFO %s: is read again, after %u lines were lost",
					fifo->path, fifo->lost);
		fifo->lost = 0;
		return;
	}
	if (fifo->lost++ == 0)
		ha_event_failed(fifo->ha, "FIFO %s: a line is lost: %s", fifo->path,
				errno == EAGAIN ? "it is full, and nobody reads it" : strerror(errno));
}

/* Only a FIFO: a file in its place would grow, a device could do anything. */
static bool
fifo_make(struct ha_fifo *fifo)
{
	struct stat info;

	fifo->made = mkfifo(fifo->path, 0600) == 0;
	if (!fifo->made && errno != EEXIST) {
		ha_event_failed(fifo->ha, "FIFO %s: cannot be made: %s", fifo->path, strerror(errno));
		return false;
	}
	fifo->fd = open(fifo->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fifo->fd < 0 || fstat(fifo->fd, &info) < 0) {
		ha_event_failed(fifo->ha, "FIFO %s: cannot be opened: %s", fifo->path, strerror(errno));
		return false;
	}
	if (!S_ISFIFO(info.st_mode)) {
		ha_event_failed(fifo->ha,
				"FIFO %s: there is something else of this name, which is left as it is",
				fifo->path);
		return false;
	}
	owner_set(fifo);
	return true;
}

static void
owner_of(const struct conf_fifo *conf, uid_t *ret_uid, gid_t *ret_gid)
{
	bool by_script = !conf->has_owner && conf->script != NULL;

	*ret_uid = by_script ? conf->script->uid : conf->uid;
	*ret_gid = by_script ? conf->script->gid : conf->gid;
}

static void
owner_set(struct ha_fifo *fifo)
{
	if (fifo->made && fchown(fifo->fd, fifo->uid, fifo->gid) < 0)
		ha_event_failed(fifo->ha, "FIFO %s: cannot be given to user %u: %s", fifo->path,
				(unsigned int)fifo->uid, strerror(errno));
}

static void
script_begin(struct ha_fifo *fifo)
{
	char text[CHECK_TEXT_SIZE];
	struct conf_script with = *fifo->script;
	size_t count = 0;

	while (with.argv[count] != NULL)
		count++;
	with.argv = calloc(count + 2, sizeof(*with.argv));
	if (with.argv == NULL)
		return;
	memcpy(with.argv, fifo->script->argv, count * sizeof(*with.argv));
	with.argv[count] = fifo->path;
	if (script_start(fifo->ha->base, SCRIPT_NOTIFY, &with, 0, script_ended, fifo->ha, text) == NULL)
		ha_event_failed(fifo->ha, "FIFO %s: %s", fifo->path, text);
	free(with.argv);
}

/* It may end after its FIFO has been closed; high availability is still there, or forgets all commands. */
static void
script_ended(const struct script_result *result, void *context)
{
	if (!result->exited || result->exit_code != 0)
		ha_event_failed(context, "the command that reads a FIFO ended: %s", result->text);
}

static bool
script_same(const struct conf_script *a, const struct conf_script *b)
{
	size_t i = 0;

	if (a == NULL || b == NULL)
		return a == b;
	if (a->uid != b->uid || a->gid != b->gid)
		return false;
	for (; a->argv[i] != NULL && b->argv[i] != NULL; i++)
		if (strcmp(a->argv[i], b->argv[i]) != 0)
			return false;
	return a->argv[i] == b->argv[i];
}
