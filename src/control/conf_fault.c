/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults of a configuration: a list that outlives the load. Texts are made
 * here and nowhere else, each for one line of a terminal.
 *
 * A file of garbage has a fault a line. The first thousand of each severity
 * are kept, one more says that there are others, and the rest are counted.
 */
#include "conf_load.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 1000, SHOWN_MAX = 60 };

static void fault_add_va(struct conf_faults *faults, enum conf_severity severity,
			 const struct conf_place *place, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));
static void fault_append(struct conf_faults *faults, enum conf_severity severity,
			 const struct conf_place *place, char *text);
static struct conf_fault *list_merge(struct conf_load *load, struct conf_fault *a, struct conf_fault *b);
static struct conf_fault *list_sort(struct conf_load *load, struct conf_fault *list);
static bool fault_after(struct conf_load *load, const struct conf_fault *a, const struct conf_fault *b);

void
conf_fault_add(struct conf_faults *faults, enum conf_severity severity, const struct conf_place *place,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fault_add_va(faults, severity, place, format, args);
	va_end(args);
}

void
conf_faults_print(const struct conf_faults *faults, FILE *stream)
{
	for (const struct conf_fault *fault = faults->first; fault != NULL; fault = fault->next) {
		const char *severity = fault->severity == CONF_WARNING ? "warning: " : "";

		if (fault->line > 0)
			fprintf(stream, "%s:%u:%u: %s%s\n", fault->file, fault->line, fault->column, severity,
				fault->text);
		else
			fprintf(stream, "%s: %s%s\n", fault->file, severity, fault->text);
	}
}

void
conf_faults_free(struct conf_faults *faults)
{
	struct conf_fault *fault = faults->first;

	while (fault != NULL) {
		struct conf_fault *next = fault->next;

		free(fault->file);
		free(fault->text);
		free(fault);
		fault = next;
	}
	*faults = (struct conf_faults){ 0 };
}

void
conf_error(struct conf_load *load, const struct conf_place *place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fault_add_va(load->faults, CONF_ERROR, place, format, args);
	va_end(args);
}

void
conf_warn(struct conf_load *load, const struct conf_place *place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fault_add_va(load->faults, CONF_WARNING, place, format, args);
	va_end(args);
}

void
conf_warn_here(struct conf_load *load, const struct conf_place *place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fault_add_va(load->faults, CONF_WARNING, place, format, args);
	va_end(args);
	load->faults->here++;
}

const char *
conf_where(struct conf_load *load, const struct conf_place *there, const struct conf_place *here)
{
	if (strcmp(there->file, here->file) == 0)
		return conf_arena_printf(load->scratch, "line %u", there->line);
	return conf_arena_printf(load->scratch, "line %u of %s", there->line, there->file);
}

const char *
conf_show(struct conf_load *load, const char *text)
{
	size_t len = strnlen(text, SHOWN_MAX + 1);
	const char *more = "";

	if (len > SHOWN_MAX) {
		len = SHOWN_MAX;
		more = "...";
		/* do not cut a UTF-8 character in two */
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}

	char *shown = conf_arena_printf(load->scratch, "\"%.*s%s\"", (int)len, text, more);

	for (char *c = shown; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	return shown;
}

bool
conf_faults_full(const struct conf_faults *faults, enum conf_severity severity)
{
	return (severity == CONF_ERROR ? faults->errors : faults->warnings) > LISTED_MAX;
}

void
conf_faults_sort(struct conf_load *load)
{
	struct conf_faults *faults = load->faults;

	faults->first = list_sort(load, faults->first);
	faults->last_next = NULL;
	for (struct conf_fault *fault = faults->first; fault != NULL; fault = fault->next)
		faults->last_next = &fault->next;
}

static void
fault_add_va(struct conf_faults *faults, enum conf_severity severity, const struct conf_place *place,
	     const char *format, va_list args)
{
	unsigned int *count = severity == CONF_ERROR ? &faults->errors : &faults->warnings;

	(*count)++;
	if (*count > LISTED_MAX + 1)
		return;

	char *text;

	if (*count > LISTED_MAX)
		text = strdup("there are more like these; only the first 1000 are listed");
	else if (vasprintf(&text, format, args) < 0)
		text = NULL;
	if (text != NULL)
		fault_append(faults, severity, place, text);
}

/* Without memory the fault is only counted; the load still fails. */
static void
fault_append(struct conf_faults *faults, enum conf_severity severity, const struct conf_place *place,
	     char *text)
{
	struct conf_fault *fault = calloc(1, sizeof(*fault));
	char *file = strdup(place->file);

	if (fault == NULL || file == NULL) {
		free(fault);
		free(file);
		free(text);
		return;
	}
	fault->severity = severity;
	fault->file = file;
	fault->line = place->line;
	fault->column = place->column;
	fault->text = text;
	if (faults->last_next == NULL)
		faults->last_next = &faults->first;
	*faults->last_next = fault;
	faults->last_next = &fault->next;
}

static struct conf_fault *
list_sort(struct conf_load *load, struct conf_fault *list)
{
	if (list == NULL || list->next == NULL)
		return list;

	struct conf_fault *middle = list;

	for (struct conf_fault *end = list->next; end != NULL && end->next != NULL; end = end->next->next)
		middle = middle->next;

	struct conf_fault *second = middle->next;

	middle->next = NULL;
	return list_merge(load, list_sort(load, list), list_sort(load, second));
}

static struct conf_fault *
list_merge(struct conf_load *load, struct conf_fault *a, struct conf_fault *b)
{
	struct conf_fault *first = NULL, **tail = &first;

	while (a != NULL && b != NULL) {
		struct conf_fault **least = fault_after(load, a, b) ? &b : &a;

		*tail = *least;
		tail = &(*least)->next;
		*least = *tail;
	}
	*tail = a != NULL ? a : b;
	return first;
}

/* Files in the order in which they were opened, then lines, then columns. */
static bool
fault_after(struct conf_load *load, const struct conf_fault *a, const struct conf_fault *b)
{
	if (strcmp(a->file, b->file) != 0) {
		void *a_number = conf_table_get(&load->files, a->file, strlen(a->file));
		void *b_number = conf_table_get(&load->files, b->file, strlen(b->file));

		return (uintptr_t)a_number > (uintptr_t)b_number;
	}
	if (a->line != b->line)
		return a->line > b->line;
	return a->column > b->column;
}
