/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MISC_CHECK: a command whose exit code is the verdict. It cannot be finished
 * before the check has its place in the configuration, because the command's
 * user may be named at the end of the file.
 */
#include "conf_checker.h"
#include "conf_script.h"
#include "conf_value.h"

enum { TIMEOUT_MS_MIN = 10, TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000 };

void
conf_build_misc_path(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	self->misc.path = &stmt->words[1];
	self->misc.path_good =
		conf_script_read(load, &stmt->words[1], stmt->word_count - 1, &self->misc.script);
}

void
conf_build_misc_timeout(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_time(load, &stmt->words[1], "misc_timeout", TIMEOUT_MS_MIN, TIMEOUT_MS_MAX,
			&self->misc.timeout_ms);
}

void
conf_build_misc_dynamic(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_flag(load, stmt, &self->misc.dynamic);
}

void
conf_build_misc_user(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	self->misc.has_user = conf_script_user(load, &stmt->words[1], stmt->word_count - 1,
					       &self->misc.script.uid, &self->misc.script.gid);
}

void
conf_misc_finish(struct conf_load *load, const struct conf_checker_draft *draft,
		 const struct conf_scope *scope, const struct conf_real *real,
		 struct conf_checker *ret_checker)
{
	struct conf_misc *misc = &ret_checker->misc;

	if (draft->misc.path == NULL && !draft->bad)
		conf_error(load, &draft->keyword->place, "MISC_CHECK lacks its command: misc_path COMMAND");
	if (!draft->misc.path_good)
		return;
	*misc = (struct conf_misc){
		.script = draft->misc.script,
		.timeout_ms =
			draft->misc.timeout_ms > 0 ? draft->misc.timeout_ms : ret_checker->delay_loop_ms,
		.dynamic = draft->misc.dynamic,
	};
	conf_script_keep(load, &misc->script, draft->misc.path, draft->misc.has_user);
}
