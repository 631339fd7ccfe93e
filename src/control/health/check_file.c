/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FILE_CHECK: a number in a file (a track_file).
 *
 * The file is read at each attempt and not watched: delay_loop says how old
 * what is known may be, as for every check, and it works on every file system,
 * whether the file is written in place, replaced, or removed.
 */
#include "check_kinds.h"
#include "check_words.h"
#include "number_file.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

static void
file_judge(const struct conf_file_check *conf, struct check_result *result)
{
	char text[NUMBER_FILE_SIZE], quote[24];
	ssize_t len = number_file_read(conf->path, text, result->text);
	int64_t value;

	if (len < 0)
		return;
	if (!number_file_parse(text, (size_t)len, &value)) {
		snprintf(result->text, sizeof(result->text),
			 "%.80s holds \"%s\"%s, want a number of %" PRId32 " to %" PRId32, conf->path,
			 check_words_quote(text, (size_t)len, quote, sizeof(quote)),
			 len == NUMBER_FILE_SIZE ? "..." : "", INT32_MIN, INT32_MAX);
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
