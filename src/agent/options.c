/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-agent's command line: a table of options, and a reader for each.
 */
#include "agent_room.h"

#include "sl_near.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef bool read_fn(const char *value, struct options *options);

static read_fn port_read, bind_read, interval_read, secret_read, custom_file_read, custom_command_read;
static read_fn drain_read, maint_read, percent_read, root_read;
static bool say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *option_at(unsigned int i, const void *context);
static const char *percent_at(unsigned int i, const void *context);
static void usage(FILE *stream);

static const struct {
	const char *name, *value, *help;
	read_fn *read;
} table[] = {
	{ "--port", "PORT", "to listen on (3333)", port_read },
	{ "--bind", "ADDRESS", "to listen on (all of this machine)", bind_read },
	{ "--interval", "SECONDS", "between measurements (1); three of them are averaged", interval_read },
	{ "--percent", "cpu|mem|max|none", "what NN% leaves room for (cpu); none: no NN%", percent_read },
	{ "--secret-file", "FILE", "its first line is shared with the balancer; others are told nothing",
	  secret_read },
	{ "--custom-file", "NAME=FILE", "a load that is the first number in FILE", custom_file_read },
	{ "--custom-command", "NAME=COMMAND", "a load that COMMAND prints, by /bin/sh", custom_command_read },
	{ "--drain-file", "FILE", "while it exists: drain", drain_read },
	{ "--maint-file", "FILE", "while it exists: maint", maint_read },
	{ "--root", "FOLDER", "of proc and sys (/), such as a container's view of its host", root_read },
};

enum { TABLE_COUNT = sizeof(table) / sizeof(table[0]) };

static const char *const percents[] = { "cpu", "mem", "max", "none" };

int
options_parse(int argc, char **argv, struct options *ret_options)
{
	*ret_options = (struct options){ .port = 3333, .interval_ms = 1000, .root = "" };
	for (int i = 1; i < argc; i++) {
		char *equals = strncmp(argv[i], "--", 2) == 0 ? strchr(argv[i], '=') : NULL;
		size_t len = equals != NULL ? (size_t)(equals - argv[i]) : strlen(argv[i]), found;
		const char *value = equals != NULL ? equals + 1 : argv[i + 1], *near;

		if (strcmp(argv[i], "--help") == 0) {
			usage(stdout);
			return 1;
		}
		if (strcmp(argv[i], "--version") == 0) {
			printf("sluice-agent %s\n", SLUICE_VERSION);
			return 1;
		}
		for (found = 0; found < TABLE_COUNT; found++)
			if (strlen(table[found].name) == len && strncmp(table[found].name, argv[i], len) == 0)
				break;
		if (found == TABLE_COUNT) {
			near = sl_near_find(argv[i], option_at, NULL);
			if (near != NULL)
				say("unknown option \"%s\" (did you mean %s?)", argv[i], near);
			else
				say("unknown option \"%s\"; --help shows them all", argv[i]);
			return 3;
		}
		if (value == NULL) {
			say("%s: %s is missing", table[found].name, table[found].value);
			return 3;
		}
		if (!table[found].read(value, ret_options))
			return 3;
		if (equals == NULL)
			i++;
	}
	return 0;
}

static bool
say(const char *format, ...)
{
	va_list args;

	fputs("sluice-agent: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

static const char *
option_at(unsigned int i, const void *context)
{
	return i < TABLE_COUNT ? table[i].name : NULL;
}

static const char *
percent_at(unsigned int i, const void *context)
{
	return i <= PERCENT_NONE ? percents[i] : NULL;
}

static void
usage(FILE *stream)
{
	fputs("usage: sluice-agent [OPTION VALUE]...\n\n", stream);
	for (unsigned int i = 0; i < TABLE_COUNT; i++)
		fprintf(stream, "  %s %s\n        %s\n", table[i].name, table[i].value, table[i].help);
	fputs("  --help, --version\n", stream);
}

/* ---- values ---- */

static bool
whole_read(const char *name, const char *value, unsigned long least, unsigned long most, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(value, &end, 10);
	if (errno != 0 || !isdigit((unsigned char)value[0]) || *end != '\0' || *ret < least || *ret > most)
		return say("%s: \"%s\" is no whole number from %lu to %lu", name, value, least, most);
	return true;
}

static bool
port_read(const char *value, struct options *options)
{
	unsigned long port;

	if (!whole_read("--port", value, 1, 65535, &port))
		return false;
	options->port = (uint16_t)port;
	return true;
}

static bool
bind_read(const char *value, struct options *options)
{
	options->bind = value;
	return true;
}

static bool
interval_read(const char *value, struct options *options)
{
	unsigned long seconds;

	if (!whole_read("--interval", value, 1, 3600, &seconds))
		return false;
	options->interval_ms = (uint32_t)seconds * 1000;
	return true;
}

static bool
percent_read(const char *value, struct options *options)
{
	const char *near;

	for (enum percent_of i = PERCENT_CPU; i <= PERCENT_NONE; i++) {
		if (strcmp(value, percents[i]) != 0)
			continue;
		options->percent = i;
		return true;
	}
	near = sl_near_find(value, percent_at, NULL);
	return say("--percent: \"%s\" is none of cpu, mem, max, none%s%s%s", value,
		   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* The first line, without blanks around it. */
static bool
secret_read(const char *value, struct options *options)
{
	FILE *stream = fopen(value, "re");
	struct stat status;
	char *begin = options->secret, *end;

	if (stream == NULL)
		return say("--secret-file %s: %s", value, strerror(errno));
	if (fstat(fileno(stream), &status) == 0 && (status.st_mode & S_IROTH) != 0)
		say("--secret-file %s: everybody on this machine can read it; chmod o-r %s", value, value);
	if (fgets(options->secret, sizeof(options->secret), stream) == NULL)
		options->secret[0] = '\0';
	fclose(stream);
	end = begin + strlen(begin);
	if (end - begin == sizeof(options->secret) - 1)
		return say("--secret-file %s: its line is longer than %zu bytes", value,
			   sizeof(options->secret) - 2);
	while (end > begin && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*begin))
		begin++;
	memmove(options->secret, begin, (size_t)(end - begin) + 1);
	if (options->secret[0] == '\0')
		return say("--secret-file %s: its first line is empty, it should be the secret", value);
	return true;
}

static bool
custom_read(const char *name, const char *value, struct options *options, struct custom_option **ret)
{
	static const char *const taken[] = { "cpu", "mem", "load", "maxconn", "sig" };
	struct custom_option *custom = &options->custom[options->custom_count];
	size_t len = strcspn(value, "=");

	if (options->custom_count == CUSTOM_MAX)
		return say("%s: there are %d custom loads already, which is the most", name, CUSTOM_MAX);
	if (len == 0 || len >= NAME_SIZE || value[len] != '=' || value[len + 1] == '\0')
		return say("%s: \"%s\" is not NAME=..., with a name of up to %d letters", name, value,
			   NAME_SIZE - 1);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)value[i]) && value[i] != '_' && value[i] != '-')
			return say("%s: a name has letters, digits, _ and -, not \"%c\"", name, value[i]);
	memcpy(custom->name, value, len);
	custom->name[len] = '\0';
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcasecmp(custom->name, taken[i]) == 0)
			return say("%s: \"%s\" means something else already", name, custom->name);
	options->custom_count++;
	*ret = custom;
	return true;
}

static bool
custom_file_read(const char *value, struct options *options)
{
	struct custom_option *custom;

	if (!custom_read("--custom-file", value, options, &custom))
		return false;
	custom->file = strchr(value, '=') + 1;
	return true;
}

static bool
custom_command_read(const char *value, struct options *options)
{
	struct custom_option *custom;

	if (!custom_read("--custom-command", value, options, &custom))
		return false;
	custom->command = strchr(value, '=') + 1;
	return true;
}

static bool
drain_read(const char *value, struct options *options)
{
	options->drain_file = value;
	return true;
}

static bool
maint_read(const char *value, struct options *options)
{
	options->maint_file = value;
	return true;
}

static bool
root_read(const char *value, struct options *options)
{
	options->root = value;
	return true;
}
