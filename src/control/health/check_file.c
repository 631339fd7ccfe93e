/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FILE_CHECK: a number in a file (a track_file).
 *
 * The file is read at each attempt and not watched: delay_loop says how old
 * what is known may be, as for every check, and it works on every file system,
 * whether the file is written in place, replaced, or removed. Only a regular
 * file is read, and of it only what a number can take: a FIFO or a device could
 * block. (So can a file on a network file system that is gone; none belongs here.)
 */
#include "check_kinds.h"
#include "check_words.h"

#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_READ = 64 };

struct check_file {
	struct event soon;
	struct check_result result;
	check_done_fn *done;
	void *context;
};

static void file_judge(const struct conf_file_check *conf, struct check_result *result);

static void
file_done(evutil_socket_t fd, short what, void *context)
{
	struct check_file *file = context;
	struct check_result result = file->result;
	check_done_fn *done = file->done;
	void *done_context = file->context;

	free(file);
	done(&result, done_context);
}

static void *
file_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	   const struct check_target *target, check_done_fn *done, void *context,
	   char ret_text[CHECK_TEXT_SIZE])
{
	static const struct timeval at_once;
	struct check_file *file = calloc(1, sizeof(*file));

	if (file == NULL) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "out of memory");
		return NULL;
	}
	file->done = done;
	file->context = context;
	file_judge(&conf->file, &file->result);
	evtimer_assign(&file->soon, env->base, file_done, file);
	event_add(&file->soon, &at_once);
	return file;
}

static void
file_cancel(void *attempt)
{
	struct check_file *file = attempt;

	event_del(&file->soon);
	free(file);
}

const struct check_ops check_file = { .start = file_start, .cancel = file_cancel };

/* The count of bytes read, or -1 with the reason in ret_text. */
static ssize_t
file_read(const char *path, char buf[FILE_READ], char ret_text[CHECK_TEXT_SIZE])
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	ssize_t len = -1;
	struct stat info;

	if (fd >= 0 && fstat(fd, &info) == 0 && !S_ISREG(info.st_mode)) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "%.100s is not a regular file", path);
		close(fd);
		return -1;
	}
	if (fd >= 0)
		len = read(fd, buf, FILE_READ);
	if (len < 0)
		snprintf(ret_text, CHECK_TEXT_SIZE, "cannot read %.100s: %s", path, check_words_errno(errno));
	if (fd >= 0)
		close(fd);
	return len;
}

/* One whole number, and blanks around it. */
static bool
number_parse(const char *text, size_t len, int64_t *ret_value)
{
	char copy[FILE_READ + 1], *end;
	long long value;

	memcpy(copy, text, len);
	copy[len] = '\0';
	if (memchr(copy, '\0', len) != NULL)
		return false;
	errno = 0;
	value = strtoll(copy, &end, 10);
	if (end == copy || errno != 0 || value < INT32_MIN || value > INT32_MAX)
		return false;
	while (isspace((unsigned char)*end))
		end++;
	if (*end != '\0' || len == FILE_READ)
		return false;
	*ret_value = value;
	return true;
}

static void
file_judge(const struct conf_file_check *conf, struct check_result *result)
{
	char text[FILE_READ], quote[24];
	ssize_t len = file_read(conf->path, text, result->text);
	int64_t value;

	if (len < 0)
		return;
	if (!number_parse(text, (size_t)len, &value)) {
		snprintf(result->text, sizeof(result->text),
			 "%.80s holds \"%s\"%s, want a number of %" PRId32 " to %" PRId32, conf->path,
			 check_words_quote(text, (size_t)len, quote, sizeof(quote)),
			 len == FILE_READ ? "..." : "", INT32_MIN, INT32_MAX);
		return;
	}
	if (conf->dynamic) {
		int64_t change = value * conf->weight * (conf->reverse ? -1 : 1);

		result->good = result->has_weight = result->weight_adds = true;
		result->weight = change;
		snprintf(result->text, sizeof(result->text), "value %" PRId64 ", weight %+" PRId64, value,
			 change);
	} else {
		result->good = (value == 0) != conf->reverse;
		snprintf(result->text, sizeof(result->text), "value %" PRId64 "%s%s", value,
			 result->good ? "" : ", want ",
			 result->good ? "" : (conf->reverse ? "another than 0" : "0"));
	}
}
