/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words of the command line to params of a method: arguments by their place,
 * then arguments by their name, as `real add tcp VIP:PORT REAL:PORT weight 2`.
 * Names are those of the params' members.
 */
#include "cli.h"

#include "sl_near.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What an argument's text becomes. FLAG has none: it is there or not. */
enum kind { TEXT, NUMBER, NUMBER_OR_TEXT, SWITCH, FLAG, PATH };

static const struct argument {
	const char *name;
	enum kind kind;
	const char *shown; /* in usage */
	const char *after; /* in usage after its name, where that differs */
} arguments[] = {
	{ "proto", TEXT, "tcp|udp", NULL },
	{ "vip", TEXT, "VIP:PORT", "ADDRESS[:PORT]" },
	{ "real", TEXT, "REAL:PORT", "ADDRESS[:PORT]" },
	{ "scheduler", TEXT, "NAME", NULL },
	{ "method", TEXT, "nat|dr|tun|fnat", NULL },
	{ "tunnel", TEXT, "ipip|gue:PORT[:SUM]|gre[:SUM]", NULL },
	{ "laddr_group_name", TEXT, "NAME", NULL },
	{ "toa", SWITCH, "on|off", NULL },
	{ "strip_tcp_timestamps", SWITCH, "on|off", NULL },
	{ "mss_clamp", NUMBER_OR_TEXT, "auto|N|off", NULL },
	{ "reject", SWITCH, "on|off", NULL },
	{ "mh-port", SWITCH, "on|off", NULL },
	{ "mh-fallback", SWITCH, "on|off", NULL },
	{ "announce", SWITCH, "on|off", NULL },
	{ "weight", NUMBER, "N", NULL },
	{ "flush", FLAG, NULL, NULL },
	{ "client", TEXT, "ADDRESS[/LEN][:PORT]", NULL },
	{ "state", TEXT, "NAME", NULL },
	{ "limit", NUMBER, "N", NULL },
	{ "file", PATH, "FILE", NULL },
	{ "instance", TEXT, "INSTANCE", NULL },
};

static const struct argument *argument_find(const char *name);
static const char *keyword_at(unsigned int i, const void *verb);
static json_t *value_make(const struct argument *argument, const char *text);
static int keyword_parse(const struct cli_verb *verb, json_t *params, const char *word, const char *text,
			 bool *ret_took_text);

json_t *
cli_args_parse(const struct cli_verb *verb, int argc, char **argv)
{
	json_t *params = json_object();
	int used = 0;

	for (unsigned int i = 0; i < CLI_ARGS_MAX && verb->positional[i] != NULL; i++) {
		const struct argument *argument = argument_find(verb->positional[i]);
		bool needed = i < verb->required ||
			      (verb->all_or_none && i > verb->required && used > (int)verb->required);
		json_t *value;

		if (used == argc && !needed)
			break;
		value = used < argc ? value_make(argument, argv[used]) : NULL;
		if (value == NULL) {
			if (used == argc)
				fprintf(stderr, "sluicectl: %s: %s is missing\n", verb->words,
					argument->shown);
			goto fail;
		}
		json_object_set_new(params, argument->name, value);
		used++;
	}
	while (used < argc) {
		bool took_text;

		if (keyword_parse(verb, params, argv[used], used + 1 < argc ? argv[used + 1] : NULL,
				  &took_text) != 0)
			goto fail;
		used += took_text ? 2 : 1;
	}
	return params;
fail:
	fprintf(stderr, "usage: ");
	cli_usage_print(stderr, verb);
	fputc('\n', stderr);
	json_decref(params);
	return NULL;
}

bool
cli_argument_is_flag(const char *name)
{
	return argument_find(name)->kind == FLAG;
}

void
cli_usage_print(FILE *out, const struct cli_verb *verb)
{
	unsigned int i;

	fprintf(out, "sluicectl %s", verb->words);
	for (i = 0; i < CLI_ARGS_MAX && verb->positional[i] != NULL; i++) {
		const char *shown = argument_find(verb->positional[i])->shown;
		bool last = i + 1 == CLI_ARGS_MAX || verb->positional[i + 1] == NULL;

		fprintf(out, " %s%s%s",
			i == verb->required || (i > verb->required && !verb->all_or_none) ? "[" : "", shown,
			i >= verb->required && (last || !verb->all_or_none) ? "]" : "");
	}
	for (i = 0; i < CLI_ARGS_MAX && verb->keywords[i] != NULL; i++) {
		const struct argument *argument = argument_find(verb->keywords[i]);

		if (argument->kind == FLAG)
			fprintf(out, " [%s]", argument->name);
		else
			fprintf(out, " [%s %s]", argument->name,
				argument->after != NULL ? argument->after : argument->shown);
	}
	fprintf(out, "%s%s%s%s", verb->options & CLI_RATE ? " [--rate]" : "",
		verb->options & CLI_WATCH ? " [--watch N]" : "", verb->options & CLI_ALL ? " [--all]" : "",
		verb->options & CLI_FORCE ? " [--force]" : "");
}

static int
keyword_parse(const struct cli_verb *verb, json_t *params, const char *word, const char *text,
	      bool *ret_took_text)
{
	const struct argument *argument = NULL;
	const char *name, *near;
	json_t *value;

	for (unsigned int i = 0; (name = keyword_at(i, verb)) != NULL; i++)
		if (strcmp(name, word) == 0)
			argument = argument_find(name);
	if (argument == NULL) {
		near = sl_near_find(word, keyword_at, verb);
		fprintf(stderr, "sluicectl: %s: unexpected \"%s\"", verb->words, word);
		if (near != NULL)
			fprintf(stderr, " (did you mean %s?)", near);
		fputc('\n', stderr);
		return -EINVAL;
	}
	if (json_object_get(params, argument->name) != NULL) {
		fprintf(stderr, "sluicectl: %s: %s is given twice\n", verb->words, argument->name);
		return -EINVAL;
	}
	*ret_took_text = argument->kind != FLAG;
	if (*ret_took_text && text == NULL) {
		fprintf(stderr, "sluicectl: %s: %s wants %s after it\n", verb->words, argument->name,
			argument->shown);
		return -EINVAL;
	}
	value = value_make(argument, text);
	if (value == NULL)
		return -EINVAL;
	json_object_set_new(params, argument->name, value);
	return 0;
}

static const struct argument *
argument_find(const char *name)
{
	size_t i = 0;

	while (strcmp(arguments[i].name, name) != 0)
		i++;
	return &arguments[i];
}

static const char *
keyword_at(unsigned int i, const void *verb)
{
	return i < CLI_ARGS_MAX ? ((const struct cli_verb *)verb)->keywords[i] : NULL;
}

/* The daemon may run in another directory: paths are made absolute here. */
static json_t *
value_make(const struct argument *argument, const char *text)
{
	char *end, *path;
	json_int_t number;
	json_t *value;

	switch (argument->kind) {
	case FLAG:
		return json_true();
	case SWITCH:
		if (strcmp(text, "on") == 0 || strcmp(text, "off") == 0)
			return json_boolean(text[1] == 'n');
		fprintf(stderr, "sluicectl: %s \"%s\": on or off is wanted\n", argument->name, text);
		return NULL;
	case NUMBER:
	case NUMBER_OR_TEXT:
		errno = 0;
		number = strtoll(text, &end, 10);
		if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0)
			return json_integer(number);
		if (argument->kind == NUMBER_OR_TEXT) {
			value = json_string(text);
			break;
		}
		fprintf(stderr, "sluicectl: %s \"%s\": a number is wanted\n", argument->name, text);
		return NULL;
	case PATH:
		path = realpath(text, NULL);
		if (path == NULL) {
			fprintf(stderr, "sluicectl: %s: %s\n", text, strerror(errno));
			return NULL;
		}
		value = json_string(path);
		free(path);
		break;
	default:
		value = json_string(text);
		break;
	}
	if (value == NULL)
		fprintf(stderr, "sluicectl: %s: not UTF-8\n", argument->name);
	return value;
}
