/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keywords of conf_inherit.h: one builder for all of them, by a table of
 * what each takes.
 */
#include "conf_inherit.h"
#include "conf_value.h"

#include <string.h>

enum {
	DAY_MS = 24 * 60 * 60 * 1000,
	COUNT_MAX = 1000,
	HOST_MAX = 255,
};

enum shape { SHAPE_TIME, SHAPE_COUNT, SHAPE_SWITCH };

/* `less`: the value is one more than what is kept. */
static const struct row {
	const char *keyword;
	enum conf_inherited what;
	enum shape shape;
	uint32_t low, high;
	uint32_t less;
} rows[] = {
	{ "delay_loop", CONF_DELAY_LOOP, SHAPE_TIME, 10, DAY_MS, 0 },
	{ "interval", CONF_DELAY_LOOP, SHAPE_TIME, 10, DAY_MS, 0 },
	{ "connect_timeout", CONF_CONNECT_TIMEOUT, SHAPE_TIME, 1, DAY_MS, 0 },
	{ "retry", CONF_RETRY, SHAPE_COUNT, 0, COUNT_MAX, 0 },
	{ "nb_get_retry", CONF_RETRY, SHAPE_COUNT, 0, COUNT_MAX, 0 },
	{ "fall", CONF_RETRY, SHAPE_COUNT, 1, COUNT_MAX + 1, 1 },
	{ "rise", CONF_RISE, SHAPE_COUNT, 1, COUNT_MAX + 1, 0 },
	{ "delay_before_retry", CONF_DELAY_BEFORE_RETRY, SHAPE_TIME, 0, DAY_MS, 0 },
	{ "warmup", CONF_WARMUP, SHAPE_TIME, 0, DAY_MS, 0 },
	{ "alpha", CONF_ALPHA, SHAPE_SWITCH, 0, 0, 0 },
	{ "inhibit_on_failure", CONF_INHIBIT, SHAPE_SWITCH, 0, 0, 0 },
	{ "log_all_failures", CONF_LOG_ALL, SHAPE_SWITCH, 0, 0, 0 },
	{ "check_via_dataplane", CONF_VIA_DATAPLANE, SHAPE_SWITCH, 0, 0, 0 },
};

static bool value_read(struct conf_load *load, const struct conf_stmt *stmt, const struct row *row,
		       uint32_t *ret_value);

void
conf_build_inherited(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_inherit *self = object;
	const struct conf_word *keyword = &stmt->words[0], *before;
	const struct row *row = rows;
	uint32_t value;

	while (strcmp(row->keyword, keyword->text) != 0)
		row++;
	before = self->word[row->what];
	if (before != NULL && strcmp(before->text, keyword->text) != 0)
		conf_warn(load, &keyword->place,
			  "\"%s\" says what \"%s\" says in %s already: the last one counts", keyword->text,
			  before->text, conf_where(load, &before->place, &keyword->place));
	if (!value_read(load, stmt, row, &value))
		return;
	self->word[row->what] = keyword;
	self->value[row->what] = value - row->less;
}

void
conf_build_virtualhost(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_inherit *self = object;

	conf_value_host(load, &stmt->words[1], "virtualhost", HOST_MAX, &self->virtualhost);
}

const struct conf_inherit *
conf_inherit_find(const struct conf_scope *scope, enum conf_inherited what)
{
	const struct conf_inherit *const order[] = { scope->check, scope->real, scope->service };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (order[i] != NULL && order[i]->word[what] != NULL)
			return order[i];
	}
	return NULL;
}

uint32_t
conf_inherit_value(const struct conf_scope *scope, enum conf_inherited what, uint32_t otherwise)
{
	const struct conf_inherit *who = conf_inherit_find(scope, what);

	return who == NULL ? otherwise : who->value[what];
}

static bool
value_read(struct conf_load *load, const struct conf_stmt *stmt, const struct row *row, uint32_t *ret_value)
{
	bool on;

	switch (row->shape) {
	case SHAPE_TIME:
		return conf_value_time(load, &stmt->words[1], row->keyword, row->low, row->high, ret_value);
	case SHAPE_COUNT:
		return conf_value_number(load, &stmt->words[1], row->keyword, row->low, row->high, ret_value);
	default:
		if (!conf_value_flag(load, stmt, &on))
			return false;
		*ret_value = on;
		return true;
	}
}
