/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `track_file NAME { file PATH ... }`, and FILE_CHECK, which looks at one. The
 * block may stand behind the check, so checks get their file at the end.
 */
#include "conf_checker.h"
#include "conf_value.h"
#include "sl_near.h"

#include <limits.h>
#include <string.h>

enum { WEIGHT_MAX = 2147483647 };

/* A FILE_CHECK that waits for its track_file. */
struct conf_file_draft {
	struct conf_checker *checker;
	const struct conf_checker_draft *draft;
};

static bool weight_read(struct conf_load *load, const struct conf_stmt *stmt, int32_t *ret_weight,
			bool *ret_reverse);
static void file_finish(struct conf_load *load, const struct conf_file_draft *waiting);
static const char *name_at(unsigned int i, const void *context);

void
conf_build_track_file(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf *conf = load->conf;
	const struct conf_word *name = &stmt->words[1];
	struct conf_track_file file = { .place = name->place, .weight = 1 };
	unsigned int errors = load->faults->errors;
	const struct conf_track_file *before;

	conf_value_host(load, name, "the name of a track_file", NAME_MAX, &file.name);
	conf_walk(load, stmt->first, &conf_block_track_file, &file);
	if (file.path == NULL && errors == load->faults->errors && !load->incomplete)
		conf_error(load, &name->place, "track_file %s lacks its file: file PATH",
			   conf_show(load, name->text));
	if (file.name == NULL)
		return;
	before = conf_ha_file(conf, file.name);
	if (before != NULL)
		conf_error(load, &name->place, "track_file %s is defined in %s already",
			   conf_show(load, file.name), conf_where(load, &before->place, &name->place));
	conf->track_files =
		conf_arena_grow(load->keep, conf->track_files, conf->track_file_count, sizeof(file));
	conf->track_files[conf->track_file_count++] = file;
}

void
conf_build_track_file_path(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_file *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (conf_value_keep(load, word, "file", PATH_MAX - 1, &self->path) && word->text[0] != '/')
		conf_error(load, &word->place, "file must be a path from the root, not %s",
			   conf_show(load, word->text));
}

void
conf_build_track_file_weight(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_file *self = object;

	weight_read(load, stmt, &self->weight, &self->reverse);
}

void
conf_file_begin(struct conf_checker_draft *draft)
{
	draft->file.file.dynamic = true;
}

void
conf_build_file_name(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	if (conf_value_defined(load, &stmt->words[1]))
		self->file.name = &stmt->words[1];
}

void
conf_build_file_weight(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	self->file.has_weight = weight_read(load, stmt, &self->file.file.weight, &self->file.file.reverse);
}

void
conf_build_file_dynamic(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_flag(load, stmt, &self->file.file.dynamic);
}

void
conf_file_finish(struct conf_load *load, const struct conf_checker_draft *draft,
		 const struct conf_scope *scope, const struct conf_real *real,
		 struct conf_checker *ret_checker)
{
	if (draft->file.name == NULL) {
		if (!draft->bad)
			conf_error(load, &draft->keyword->place,
				   "FILE_CHECK lacks its file: track_file NAME");
		return;
	}
	load->files_wanted = conf_arena_grow(load->scratch, load->files_wanted, load->file_wanted_count,
					     sizeof(*load->files_wanted));
	load->files_wanted[load->file_wanted_count++] = (struct conf_file_draft){ ret_checker, draft };
}

void
conf_track_files_finish(struct conf_load *load)
{
	for (unsigned int i = 0; i < load->file_wanted_count; i++)
		file_finish(load, &load->files_wanted[i]);
}

/* As in keepalived, a weight of 0 makes a verdict of the number: 0 is good. */
static void
file_finish(struct conf_load *load, const struct conf_file_draft *waiting)
{
	const struct conf_word *name = waiting->draft->file.name;
	const struct conf_track_file *file = conf_ha_file(load->conf, name->text);
	struct conf_file_check *check = &waiting->checker->file;
	const char *near;

	if (file == NULL) {
		near = sl_near_find(name->text, name_at, load->conf);
		if (!load->incomplete)
			conf_error(load, &name->place,
				   "there is no track_file %s%s%s%s: it is written track_file NAME { file "
				   "PATH }",
				   conf_show(load, name->text), near == NULL ? "" : " (did you mean ",
				   near == NULL ? "" : near, near == NULL ? "" : "?)");
		return;
	}
	*check = waiting->draft->file.file;
	check->name = file->name;
	check->path = file->path;
	if (!waiting->draft->file.has_weight) {
		check->weight = file->weight;
		check->reverse = file->reverse;
	}
	check->dynamic &= check->weight != 0;
}

/* `weight NUMBER [reverse|noreverse]` */
static bool
weight_read(struct conf_load *load, const struct conf_stmt *stmt, int32_t *ret_weight, bool *ret_reverse)
{
	const struct conf_word *word = &stmt->words[1], *option = &stmt->words[2];
	bool has_option = stmt->word_count > 2, negative = word->text[0] == '-';
	struct conf_word digits = *word;
	uint32_t number;

	digits.text += negative;
	if (!conf_value_number(load, &digits, "weight (which may be negative)", 0, WEIGHT_MAX, &number))
		return false;
	if (has_option && strcmp(option->text, "reverse") != 0 && strcmp(option->text, "noreverse") != 0) {
		conf_error(load, &option->place, "behind a weight may stand reverse or noreverse, not %s",
			   conf_show(load, option->text));
		return false;
	}
	*ret_weight = negative ? -(int32_t)number : (int32_t)number;
	*ret_reverse = has_option && strcmp(option->text, "reverse") == 0;
	return true;
}

static const char *
name_at(unsigned int i, const void *context)
{
	const struct conf *conf = context;

	return i < conf->track_file_count ? conf->track_files[i].name : NULL;
}
