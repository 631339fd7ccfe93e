/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of `vrrp_script` and `vrrp_track_process`: what instances and sync
 * groups name in track_script and track_process.
 */
#include "conf_script.h"
#include "conf_value.h"
#include "conf_vrrp.h"

#include <string.h>

enum {
	NAME_MAX_LEN = KA_NAME_SIZE - 1,
	INTERVAL_MAX_MS = 86400 * 1000,
	ROUNDS_MAX = 1000,
	PROCESSES_MAX = 65535,
	DELAY_MAX_MS = 3600 * 1000,
};

struct script_object {
	struct conf_vrrp_script script;
	const struct conf_word *command; /* NULL: not given */
	bool has_user;
	uid_t uid;
	gid_t gid;
};

void
conf_build_vrrp_script(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ha *ha = &load->conf->ha;
	const struct conf_word *name = &stmt->words[1];
	struct script_object self = {
		.script = { .place = name->place, .interval_ms = 1000, .rise = 1, .fall = 1 }
	};
	unsigned int errors = load->faults->errors;
	const struct conf_vrrp_script *before;

	conf_value_host(load, name, "the name of a vrrp_script", NAME_MAX_LEN, &self.script.name);
	conf_walk(load, stmt->first, &conf_block_vrrp_script, &self);
	if (self.command == NULL && load->faults->errors == errors && !load->incomplete)
		conf_error(load, &name->place, "vrrp_script %s lacks its command: script \"/path arg\"",
			   conf_show(load, name->text));
	if (self.script.timeout_ms == 0)
		self.script.timeout_ms = self.script.interval_ms;
	if (self.script.name == NULL || self.command == NULL)
		return;
	self.script.script->uid = self.uid;
	self.script.script->gid = self.gid;
	conf_script_keep(load, self.script.script, self.command, self.has_user);
	before = conf_ha_script(load->conf, self.script.name);
	if (before != NULL)
		conf_error(load, &name->place, "vrrp_script %s is defined in %s already",
			   conf_show(load, self.script.name), conf_where(load, &before->place, &name->place));
	ha->scripts = conf_arena_grow(load->keep, ha->scripts, ha->script_count, sizeof(self.script));
	ha->scripts[ha->script_count++] = self.script;
}

void
conf_build_script(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct script_object *self = object;
	struct conf_script *script = conf_arena_alloc(load->keep, sizeof(*script));

	if (!conf_script_read(load, &stmt->words[1], stmt->word_count - 1, script))
		return;
	self->command = &stmt->words[1];
	self->script.script = script;
}

void
conf_build_script_time(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct script_object *self = object;
	bool interval = strcmp(stmt->words[0].text, "interval") == 0;

	conf_value_time(load, &stmt->words[1], stmt->words[0].text, 100, INTERVAL_MAX_MS,
			interval ? &self->script.interval_ms : &self->script.timeout_ms);
}

void
conf_build_script_rounds(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct script_object *self = object;
	bool rise = strcmp(stmt->words[0].text, "rise") == 0;

	conf_value_number(load, &stmt->words[1], stmt->words[0].text, 1, ROUNDS_MAX,
			  rise ? &self->script.rise : &self->script.fall);
}

void
conf_build_script_weight(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct script_object *self = object;

	conf_ha_weight(load, &stmt->words[1], stmt->word_count - 1, 253, &self->script.weight,
		       &self->script.reverse);
}

void
conf_build_vrrp_script_user(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct script_object *self = object;

	self->has_user =
		conf_script_user(load, &stmt->words[1], stmt->word_count - 1, &self->uid, &self->gid);
}

void
conf_build_init_fail(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct script_object *self = object;

	self->script.init_fail = true;
}

void
conf_build_vrrp_track_process(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ha *ha = &load->conf->ha;
	const struct conf_word *name = &stmt->words[1];
	struct conf_track_process self = {
		.place = name->place, .quorum = 1, .quorum_max = UINT32_MAX, .weight = 1
	};
	unsigned int errors = load->faults->errors;
	const struct conf_track_process *before;

	conf_value_host(load, name, "the name of a vrrp_track_process", NAME_MAX_LEN, &self.name);
	conf_walk(load, stmt->first, &conf_block_vrrp_track_process, &self);
	if (self.argv == NULL && load->faults->errors == errors && !load->incomplete)
		conf_error(load, &name->place,
			   "vrrp_track_process %s lacks its process: process NAME [PARAMETER ...]",
			   conf_show(load, name->text));
	if (self.match == CONF_PARAM_ANY && self.argv != NULL && self.argv[1] != NULL)
		self.match = CONF_PARAM_EXACT;
	if (self.quorum_max < self.quorum && self.quorum_max != 0)
		conf_error(load, &name->place,
			   "quorum %u of vrrp_track_process %s is more than its quorum_max, %u", self.quorum,
			   conf_show(load, name->text), self.quorum_max);
	if (self.name == NULL)
		return;
	before = conf_ha_process(load->conf, self.name);
	if (before != NULL)
		conf_error(load, &name->place, "vrrp_track_process %s is defined in %s already",
			   conf_show(load, self.name), conf_where(load, &before->place, &name->place));
	ha->processes = conf_arena_grow(load->keep, ha->processes, ha->process_count, sizeof(self));
	ha->processes[ha->process_count++] = self;
}

void
conf_build_process(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_process *self = object;
	char **argv = conf_arena_alloc(load->keep, stmt->word_count * sizeof(*argv));

	for (unsigned int i = 1; i < stmt->word_count; i++) {
		const struct conf_word *word = &stmt->words[i];

		if (!conf_value_defined(load, word))
			return;
		if (i == 1 && word->text[0] == '\0') {
			conf_error(load, &word->place, "the name of a process is empty");
			return;
		}
		argv[i - 1] = conf_arena_strndup(load->keep, word->text, strlen(word->text));
	}
	self->argv = argv;
}

void
conf_build_param_match(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_process *self = object;
	const struct conf_word *word = &stmt->words[1];

	/* By itself: there are no parameters. */
	if (stmt->word_count == 1 || strcmp(word->text, "exact") == 0)
		self->match = CONF_PARAM_EXACT;
	else if (strcmp(word->text, "initial") == 0)
		self->match = CONF_PARAM_INITIAL;
	else if (strcmp(word->text, "partial") == 0)
		self->match = CONF_PARAM_PARTIAL;
	else if (conf_value_defined(load, word))
		conf_error(load, &word->place, "param_match must be initial or partial, not %s",
			   conf_show(load, word->text));
}

void
conf_build_process_weight(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_process *self = object;

	conf_ha_weight(load, &stmt->words[1], stmt->word_count - 1, 254, &self->weight, &self->reverse);
}

void
conf_build_process_quorum(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_process *self = object;
	bool most = strcmp(stmt->words[0].text, "quorum_max") == 0;

	conf_value_number(load, &stmt->words[1], stmt->words[0].text, most ? 0 : 1, PROCESSES_MAX,
			  most ? &self->quorum_max : &self->quorum);
}

/* `delay` is both. */
void
conf_build_process_delay(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_process *self = object;
	const char *name = stmt->words[0].text;
	uint32_t ms;

	if (!conf_value_time(load, &stmt->words[1], name, 0, DELAY_MAX_MS, &ms))
		return;
	if (strcmp(name, "terminate_delay") != 0)
		self->fork_delay_ms = ms;
	if (strcmp(name, "fork_delay") != 0)
		self->terminate_delay_ms = ms;
}

void
conf_build_full_command(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_track_process *self = object;

	self->full_command = true;
}
