/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading a configuration from end to end: read, parse, build, check. All or
 * nothing: a struct conf comes out only if there is no error in it.
 *
 * Two arenas: one becomes the configuration's own, the other holds what only
 * the load needs (texts, statements, tables) and is freed at its end.
 */
#include "conf_vrrp.h"

#include <stdlib.h>
#include <string.h>

enum {
	CONNECTIONS_DEFAULT = 1000 * 1000,
	ANSWER_RATE_DEFAULT = 1000,
	KERNEL_RATE_DEFAULT = 50 * 1000,
};

struct text {
	const char *bytes; /* NULL: read the file */
	size_t len;
};

static struct conf *load_run(const char *name, struct text text, bool strict, struct conf_faults *faults);
static void load_steps(struct conf_load *load, const char *name, struct text text);

struct conf *
conf_load(const char *path, bool strict, struct conf_faults *faults)
{
	return load_run(path, (struct text){ NULL, 0 }, strict, faults);
}

struct conf *
conf_load_text(const char *name, const char *text, size_t len, bool strict, struct conf_faults *faults)
{
	return load_run(name, (struct text){ text == NULL ? "" : text, len }, strict, faults);
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;

	struct conf_arena *arena = conf->arena;

	conf_arena_free(arena);
	free(arena);
}

static struct conf *
load_run(const char *name, struct text text, bool strict, struct conf_faults *faults)
{
	unsigned int errors = faults->errors, warnings = faults->warnings - faults->here;
	struct conf_place place = { .file = name };
	struct conf_arena *keep = calloc(1, sizeof(*keep));
	struct conf_arena scratch = { 0 };
	struct conf_load load = { .faults = faults, .keep = keep, .scratch = &scratch };
	jmp_buf out_of_memory;

	if (keep == NULL) {
		conf_fault_add(faults, CONF_ERROR, &place, "out of memory");
		return NULL;
	}
	keep->out_of_memory = scratch.out_of_memory = &out_of_memory;
	if (setjmp(out_of_memory) == 0) {
		load_steps(&load, name, text);
	} else {
		if (load.undo != NULL)
			load.undo(load.undo_object);
		conf_fault_add(faults, CONF_ERROR, &place, "out of memory");
	}
	keep->out_of_memory = NULL;
	conf_arena_free(&scratch);
	if (faults->errors == errors && (!strict || faults->warnings - faults->here == warnings))
		return load.conf;
	conf_arena_free(keep);
	free(keep);
	return NULL;
}

static void
load_steps(struct conf_load *load, const char *name, struct text text)
{
	struct conf_file file;
	struct conf *conf = conf_arena_alloc(load->keep, sizeof(*conf));
	bool readable;

	conf->arena = load->keep;
	conf->conn_reuse_mode = 1;
	conf->connections = CONNECTIONS_DEFAULT;
	conf->idle = DP_IDLE_ADAPTIVE;
	conf->pmtu_disc = true;
	conf->answer_rate = ANSWER_RATE_DEFAULT;
	conf->kernel_rate = KERNEL_RATE_DEFAULT;
	load->conf = conf;
	conf_ha_begin(load);
	readable = text.bytes == NULL ? conf_file_read(load, name, NULL, &file)
				      : conf_file_take(load, name, text.bytes, text.len, &file);
	if (!readable)
		return;
	load->first_file = file.name;
	conf->dataplane_place = (struct conf_place){ .file = file.name, .line = 1, .column = 1 };
	load->top = conf_tree_parse(load, &file);
	conf_walk(load, load->top, &conf_block_top, NULL);
	conf_check(load);
	conf_faults_sort(load);
}
