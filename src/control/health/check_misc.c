/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MISC_CHECK: a command says how the server is, by its exit code (script.h
 * runs it). 0 is good; with misc_dynamic, 2..255 are good too, and weights
 * 0..253 in place of the server's.
 */
#include "check_kinds.h"
#include "script.h"

#include <stdio.h>
#include <stdlib.h>

enum { MISC_WEIGHT_FIRST = 2 };

struct check_misc {
	struct script_run *run;
	bool dynamic;
	check_done_fn *done;
	void *context;
};

static void
misc_done(const struct script_result *script, void *context)
{
	struct check_misc *misc = context;
	struct check_result result = { .took_us = script->took_us };
	check_done_fn *done = misc->done;
	void *done_context = misc->context;

	memcpy(result.text, script->text, sizeof(result.text));
	if (script->exited && !script->timed_out) {
		result.good = script->exit_code == 0;
		if (misc->dynamic && script->exit_code >= MISC_WEIGHT_FIRST) {
			result.good = result.has_weight = true;
			result.weight = script->exit_code - MISC_WEIGHT_FIRST;
			snprintf(result.text, sizeof(result.text), "exit code %d, weight %d",
				 script->exit_code, script->exit_code - MISC_WEIGHT_FIRST);
		}
	}
	free(misc);
	done(&result, done_context);
}

static void *
misc_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	   const struct check_target *target, check_done_fn *done, void *context,
	   char ret_text[CHECK_TEXT_SIZE])
{
	struct check_misc *misc = calloc(1, sizeof(*misc));

	if (misc == NULL) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "out of memory");
		return NULL;
	}
	misc->dynamic = conf->misc.dynamic;
	misc->done = done;
	misc->context = context;
	misc->run = script_start(env->base, SCRIPT_CHECK, &conf->misc.script, conf->misc.timeout_ms,
				 misc_done, misc, ret_text);
	if (misc->run != NULL)
		return misc;
	free(misc);
	return NULL;
}

static void
misc_cancel(void *attempt)
{
	struct check_misc *misc = attempt;

	script_cancel(misc->run);
	free(misc);
}

const struct check_ops check_misc = { .start = misc_start, .cancel = misc_cancel };
