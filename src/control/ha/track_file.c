/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vrrp_track_file: a file with a number in it.
 *
 * It is read when its folder says that it was written, moved there or removed (inotify), and each second
 * besides, for not every file system says so. A file that is missing, or holds no number, counts as 0; one
 * that is empty is being written, and what was known of it holds. Control thread only.
 */
#include "ha_private.h"

#include "number_file.h"

#include <errno.h>
#include <event2/event.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { LOOK_MS = 1000 };

struct files {
	struct ha_track *tracks;
	const char **path; /* NULL: the configuration does not say */
	unsigned int count;
	int inotify; /* -1: there is none */
	struct event *changed, *timer;
};

static void folder_watch(int inotify, const char *path);
static void files_look(int fd, short what, void *context);
static void files_changed(int fd, short what, void *context);
static void file_look(struct ha_track *track, const char *path);
static void files_destroy(void *watched);

static void *
files_create(struct ha *ha, struct ha_track *tracks, unsigned int count, const void *old)
{
	struct files *files = calloc(1, sizeof(*files));

	if (files == NULL)
		return NULL;
	files->tracks = tracks;
	files->count = count;
	files->path = calloc(count, sizeof(*files->path));
	files->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	files->timer = ha_track_timer(ha, LOOK_MS, files_look, files);
	if (files->path == NULL || files->timer == NULL) {
		files_destroy(files);
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++) {
		const struct conf_track_file *conf = conf_ha_file(ha->conf, tracks[i].name);

		files->path[i] = conf != NULL ? conf->path : NULL;
		if (files->path[i] != NULL && files->inotify >= 0)
			folder_watch(files->inotify, files->path[i]);
	}
	if (files->inotify >= 0)
		files->changed =
			event_new(ha->base, files->inotify, EV_READ | EV_PERSIST, files_changed, files);
	if (files->changed != NULL)
		event_add(files->changed, NULL);
	files_look(-1, 0, files);
	return files;
}

static void
files_destroy(void *watched)
{
	struct files *files = watched;

	if (files->changed != NULL)
		event_free(files->changed);
	if (files->timer != NULL)
		event_free(files->timer);
	if (files->inotify >= 0)
		close(files->inotify);
	free(files->path);
	free(files);
}

const struct ha_track_ops ha_track_file = { KA_TRACK_FILE, files_create, files_destroy };

/* The same folder again is the same watch. One that does not exist is looked at each second, as all are. */
static void
folder_watch(int inotify, const char *path)
{
	char folder[PATH_MAX];

	if (strlen(path) >= sizeof(folder))
		return;
	strcpy(folder, path);
	(void)inotify_add_watch(inotify, dirname(folder),
				IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
}

/* What happened does not matter: reading a few files again costs less than to find out. */
static void
files_changed(int fd, short what, void *context)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(fd, events, sizeof(events)) > 0)
		;
	files_look(-1, 0, context);
}

static void
files_look(int fd, short what, void *context)
{
	struct files *files = context;

	for (unsigned int i = 0; i < files->count; i++)
		if (files->path[i] != NULL)
			file_look(&files->tracks[i], files->path[i]);
}

static void
file_look(struct ha_track *track, const char *path)
{
	char buf[NUMBER_FILE_SIZE], text[CHECK_TEXT_SIZE] = "";
	ssize_t len = number_file_read(path, buf, text);
	int64_t value;

	if (len == 0 && track->known)
		return;
	if (len < 0)
		ha_track_say(track, 0, text);
	else if (number_file_parse(buf, (size_t)len, &value))
		ha_track_say(track, (int32_t)value, "");
	else
		ha_track_say(track, 0, len == 0 ? "it is empty" : "it holds no number of 32 bits");
}
