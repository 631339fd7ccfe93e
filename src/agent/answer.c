/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The line that is told: the administrative state, the weight in percent that
 * HAProxy understands, the loads that Sluice does, and the seal. The loads stand
 * behind a #, where HAProxy expects words for people; anywhere else it reports
 * an error for each word that it does not know.
 */
#include "agent_room.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void loads_add(const struct options *options, const struct sampler *sampler,
		      const struct custom *custom, char *line);
static void add(char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *admin_word(const struct options *options);
static double room_left(const struct options *options, const struct sampler *sampler);

void
answer_write(const struct options *options, const struct sampler *sampler, const struct custom *custom,
	     const char *nonce, char ret_line[ANSWER_SIZE])
{
	double room = room_left(options, sampler);
	char seal[SL_SEAL_TELL_SIZE];

	snprintf(ret_line, ANSWER_SIZE, "%s", admin_word(options));
	/* 0% would drain, which is said by another word. */
	if (room >= 0)
		add(ret_line, " %.0f%%", room < 1 ? 1 : room);
	add(ret_line, " #");
	loads_add(options, sampler, custom, ret_line);
	if (nonce != NULL) {
		sl_seal_tell(options->secret, nonce, ret_line, seal);
		add(ret_line, "%s", seal);
	}
	add(ret_line, "\n");
}

static void
loads_add(const struct options *options, const struct sampler *sampler, const struct custom *custom,
	  char *line)
{
	const struct {
		const char *name;
		double value;
	} loads[] = { { "cpu", sampler->cpu }, { "mem", sampler->mem }, { "load", sampler->load } };

	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (loads[i].value >= 0)
			add(line, " %s:%.1f", loads[i].name, loads[i].value);
	for (unsigned int i = 0; i < options->custom_count; i++)
		if (custom[i].value >= 0 && custom[i].value < 1e9)
			add(line, " %s:%.2f", custom[i].option->name, custom[i].value);
}

static void
add(char *line, const char *format, ...)
{
	size_t len = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + len, ANSWER_SIZE - len, format, args);
	va_end(args);
}

static const char *
admin_word(const struct options *options)
{
	if (options->maint_file != NULL && access(options->maint_file, F_OK) == 0)
		return "maint";
	if (options->drain_file != NULL && access(options->drain_file, F_OK) == 0)
		return "drain";
	return "ready";
}

/* -1: not known, or not wanted. */
static double
room_left(const struct options *options, const struct sampler *sampler)
{
	double load = -1;

	switch (options->percent) {
	case PERCENT_CPU:
		load = sampler->cpu;
		break;
	case PERCENT_MEM:
		load = sampler->mem;
		break;
	case PERCENT_MAX:
		load = sampler->cpu > sampler->mem ? sampler->cpu : sampler->mem;
		break;
	case PERCENT_NONE:
		break;
	}
	return load < 0 ? -1 : 100 - load;
}
