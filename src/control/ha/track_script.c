/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vrrp_script: a command that is run each `interval`, and is good when it
 * exits with 0.
 *
 * The first result counts at once, but with init_fail, where it has to be good `rise` times; later ones when there
 * were `fall`, or `rise`, in a row. One that runs longer than its timeout is ended and has failed; while it
 * runs, it is not begun again. Control thread only.
 */
#include "ha_private.h"

#include "script.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct watched {
	struct ha_track *track;
	const struct conf_vrrp_script *conf;
	struct event *timer;
	struct script_run *run;
	uint32_t good, bad; /* in a row */
};

struct scripts {
	struct watched *script;
	unsigned int count;
};

static void script_turn(int fd, short what, void *context);
static void script_ended(const struct script_result *result, void *context);
static void script_judge(struct watched *script, bool good, const char *text);
static void scripts_destroy(void *watched);

static void *
scripts_create(struct ha *ha, struct ha_track *tracks, unsigned int count, const void *old)
{
	const struct scripts *before = old;
	struct scripts *scripts = calloc(1, sizeof(*scripts));

	if (scripts == NULL)
		return NULL;
	scripts->script = calloc(count, sizeof(*scripts->script));
	for (unsigned int i = 0; scripts->script != NULL && i < count; i++) {
		struct watched *script = &scripts->script[i];

		script->track = &tracks[i];
		script->conf = conf_ha_script(ha->conf, tracks[i].name);
		scripts->count++;
		for (unsigned int b = 0; before != NULL && b < before->count; b++) {
			if (strcmp(before->script[b].track->name, tracks[i].name) == 0) {
				script->good = before->script[b].good;
				script->bad = before->script[b].bad;
			}
		}
		if (script->conf != NULL)
			script->timer = ha_track_timer(ha, script->conf->interval_ms, script_turn, script);
		if (script->timer != NULL)
			script_turn(-1, 0, script);
	}
	if (scripts->script != NULL)
		return scripts;
	scripts_destroy(scripts);
	return NULL;
}

static void
scripts_destroy(void *watched)
{
	struct scripts *scripts = watched;

	for (unsigned int i = 0; i < scripts->count; i++) {
		script_cancel(scripts->script[i].run);
		if (scripts->script[i].timer != NULL)
			event_free(scripts->script[i].timer);
	}
	free(scripts->script);
	free(scripts);
}

const struct ha_track_ops ha_track_script = { KA_TRACK_SCRIPT, scripts_create, scripts_destroy };

static void
script_turn(int fd, short what, void *context)
{
	struct watched *script = context;
	char text[CHECK_TEXT_SIZE];

	if (script->run != NULL)
		return;
	script->run = script_start(script->track->ha->base, SCRIPT_CHECK, script->conf->script,
				   script->conf->timeout_ms, script_ended, script, text);
	if (script->run == NULL)
		script_judge(script, false, text);
}

static void
script_ended(const struct script_result *result, void *context)
{
	struct watched *script = context;

	script->run = NULL;
	script_judge(script, result->exited && result->exit_code == 0, result->text);
}

static void
script_judge(struct watched *script, bool good, const char *text)
{
	const struct ha_track *track = script->track;
	bool at_once = !track->known && !(good && script->conf->init_fail);

	script->good = good ? script->good + 1 : 0;
	script->bad = good ? 0 : script->bad + 1;
	if (good && (at_once || script->good >= script->conf->rise))
		ha_track_say(script->track, 1, text);
	else if (!good && (at_once || script->bad >= script->conf->fall))
		ha_track_say(script->track, 0, text);
}
