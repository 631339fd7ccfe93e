/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods on configuration files: config.check, config.apply, config.diff.
 * Without "file" they mean the daemon's own, by boot_reload, as SIGHUP does.
 */
#include "verb.h"

#include "boot.h"
#include "json_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int own_reload(struct verb_call *call, bool dry_run, bool with_changes);
static int file_check(struct verb_call *call, struct conf **ret_conf, struct conf_faults *faults);
static int faults_refuse(struct verb_call *call, const struct conf_faults *faults);
static json_t *faults_json(const struct conf_faults *faults);
static void change_append(const char *text, void *changes);

int
verb_config_check(struct verb_call *call)
{
	struct conf_faults faults = { 0 };
	struct conf *conf;

	if (call->args->file == NULL)
		return own_reload(call, true, false);
	if (file_check(call, &conf, &faults) == 0) {
		call->result = json_pack("{s:o}", "faults", faults_json(&faults));
		conf_free(conf);
	}
	conf_faults_free(&faults);
	return call->error.code;
}

int
verb_config_apply(struct verb_call *call)
{
	struct model *model = call->context->model;
	struct conf_faults faults = { 0 };
	struct conf *conf;
	json_t *changes;

	if (call->args->file == NULL)
		return own_reload(call, false, true);
	if (file_check(call, &conf, &faults) == 0) {
		changes = json_array();
		model_diff(model, conf, change_append, changes);
		if (model_apply(model, conf, &faults) == 0) {
			call->result =
				json_pack("{s:o, s:O}", "faults", faults_json(&faults), "changes", changes);
		} else {
			faults_refuse(call, &faults);
			conf_free(conf);
		}
		json_decref(changes);
	}
	conf_faults_free(&faults);
	return call->error.code;
}

int
verb_config_diff(struct verb_call *call)
{
	struct conf_faults faults = { 0 };
	struct conf *conf;
	json_t *changes;

	if (call->args->file == NULL)
		return own_reload(call, true, true);
	if (file_check(call, &conf, &faults) == 0) {
		if (model_check(call->context->model, conf, &faults) == 0) {
			changes = json_array();
			model_diff(call->context->model, conf, change_append, changes);
			call->result =
				json_pack("{s:o, s:o}", "faults", faults_json(&faults), "changes", changes);
		} else {
			faults_refuse(call, &faults);
		}
		conf_free(conf);
	}
	conf_faults_free(&faults);
	return call->error.code;
}

static int
own_reload(struct verb_call *call, bool dry_run, bool with_changes)
{
	struct conf_faults faults = { 0 };
	json_t *changes = json_array();

	if (boot_reload(dry_run, &faults, change_append, changes) != 0) {
		faults_refuse(call, &faults);
	} else {
		call->result = json_pack("{s:o}", "faults", faults_json(&faults));
		if (with_changes)
			json_object_set(call->result, "changes", changes);
	}
	json_decref(changes);
	conf_faults_free(&faults);
	return call->error.code;
}

/*
 * The caller's file. Messages quote what they complain about, so a caller with
 * fewer rights than the daemon could read any file by having it checked: such
 * a caller may use the daemon's own file only. A pipe or a device would hold
 * the loop up, so it must be a regular file.
 */
static int
file_check(struct verb_call *call, struct conf **ret_conf, struct conf_faults *faults)
{
	const char *path = call->args->file;
	struct stat st;

	if (call->caller->uid != 0 && call->caller->uid != geteuid())
		return verb_refuse(
			call, VERB_ERROR_REFUSED,
			"\"file\": only root may name a file; without it, the daemon's own is used");
	if (stat(path, &st) != 0)
		return verb_refuse(call, VERB_ERROR_PARAMS, "\"file\": %.255s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return verb_refuse(call, VERB_ERROR_PARAMS, "\"file\": %.255s is not a regular file", path);
	*ret_conf = conf_load(path, false, faults);
	return *ret_conf != NULL ? 0 : faults_refuse(call, faults);
}

static int
faults_refuse(struct verb_call *call, const struct conf_faults *faults)
{
	const struct conf_fault *first = faults->first;

	while (first != NULL && first->severity != CONF_ERROR)
		first = first->next;
	call->error.data = json_pack("{s:o}", "faults", faults_json(faults));
	if (first == NULL)
		return verb_refuse(call, VERB_ERROR_CONFIGURATION, "the configuration is refused");
	return verb_refuse(call, VERB_ERROR_CONFIGURATION,
			   "the configuration has %u error%s, nothing is changed: "
			   "%s:%u:%u: %.200s",
			   faults->errors, faults->errors == 1 ? "" : "s",
			   first->file != NULL ? first->file : "", first->line, first->column, first->text);
}

static json_t *
faults_json(const struct conf_faults *faults)
{
	json_t *array = json_array();

	for (const struct conf_fault *f = faults->first; f != NULL; f = f->next)
		json_array_append_new(array, json_pack("{s:s, s:o, s:i, s:i, s:o}", "severity",
						       f->severity == CONF_ERROR ? "error" : "warning",
						       "file", json_text(f->file != NULL ? f->file : ""),
						       "line", (int)f->line, "column", (int)f->column, "text",
						       json_text(f->text)));
	return array;
}

static void
change_append(const char *text, void *changes)
{
	json_array_append_new(changes, json_text(text));
}
