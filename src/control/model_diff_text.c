/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new configuration file changes of an object that is kept as the file
 * says it. Both files' are written as the lines that would say them
 * (conf_write.h), and lines are compared by the keywords that lead to them, so
 * no keyword can be forgotten here. Control thread only.
 */
#include "model_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 4 };

/* A line of a text: "TCP_CHECK delay_loop" and "2". A block's value is "". */
struct entry {
	char *path;
	const char *value;
	bool block, seen;
};

struct entries {
	char *text;
	struct entry *entry;
	size_t count;
};

struct output {
	void (*line)(const char *text, void *context);
	void *context;
	const char *object; /* "real TCP ... -> ..." */
};

static void entry_put(const struct output *out, char sign, const struct entry *now, const struct entry *then);
static bool is_inside(const struct entry *entry, const struct entry *block);
static bool entries_make(struct entries *entries, char *text);
static bool entry_add(struct entries *entries, const char *inside, const char *name, const char *value,
		      bool block);
static struct entry *entry_find(const struct entries *entries, const char *path);
static void entries_fini(struct entries *entries);

void
model_diff_texts(const char *object, char *old, char *new, void (*line)(const char *text, void *context),
		 void *context)
{
	const struct output put = { .line = line, .context = context, .object = object }, *out = &put;
	struct entries before = { 0 }, now = { 0 };
	const struct entry *block = NULL;

	if (entries_make(&before, old) && entries_make(&now, new)) {
		for (size_t i = 0; i < now.count; i++) {
			struct entry *entry = &now.entry[i], *was = entry_find(&before, entry->path);

			if (was != NULL)
				was->seen = true;
			if (block != NULL && is_inside(entry, block))
				continue;
			if (was == NULL && entry->block)
				block = entry;
			if (was == NULL)
				entry_put(out, '+', entry, NULL);
			else if (strcmp(was->value, entry->value) != 0)
				entry_put(out, '~', was, entry);
		}
		block = NULL;
		for (size_t i = 0; i < before.count; i++) {
			struct entry *was = &before.entry[i];

			if (was->seen || (block != NULL && is_inside(was, block)))
				continue;
			if (was->block)
				block = was;
			entry_put(out, '-', was, NULL);
		}
	}
	entries_fini(&before);
	entries_fini(&now);
}

/* A shared secret stands in no log and no terminal. */
static void
entry_put(const struct output *out, char sign, const struct entry *now, const struct entry *then)
{
	static const char *const secrets[] = { "secret", "key", "auth_pass" };
	const char *last = strrchr(now->path, ' ');
	bool secret = false;
	char *text = NULL;
	int len;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		secret |= strcmp(last == NULL ? now->path : last + 1, secrets[i]) == 0;
	if (secret || now->block || (then == NULL && now->value[0] == '\0'))
		len = asprintf(&text, "%c %s %s", sign, out->object, now->path);
	else if (then == NULL)
		len = asprintf(&text, "%c %s %s %s", sign, out->object, now->path, now->value);
	else
		len = asprintf(&text, "%c %s %s %s -> %s", sign, out->object, now->path, now->value,
			       then->value);
	if (len >= 0)
		out->line(text, out->context);
	free(len >= 0 ? text : NULL);
}

static bool
is_inside(const struct entry *entry, const struct entry *block)
{
	size_t len = strlen(block->path);

	return strncmp(entry->path, block->path, len) == 0 && entry->path[len] == ' ';
}

/* Takes the text over, and cuts it into its lines. */
static bool
entries_make(struct entries *entries, char *text)
{
	const char *inside[DEPTH_MAX + 1] = { "" }; /* paths of the blocks that are open */
	unsigned int depth = 0;
	char *rest = NULL;

	entries->text = text;
	if (text == NULL)
		return false;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strlen(line);
		bool opens = len > 2 && strcmp(line + len - 2, " {") == 0;
		char *value;

		line += strspn(line, " ");
		if (strcmp(line, "}") == 0) {
			depth--;
			continue;
		}
		value = line + strcspn(line, " ");
		if (*value != '\0')
			*value++ = '\0';
		if (!entry_add(entries, inside[depth], line, opens ? "" : value, opens))
			return false;
		if (opens && ++depth > DEPTH_MAX)
			return false;
		if (opens)
			inside[depth] = entries->entry[entries->count - 1].path;
	}
	return true;
}

/* Of several blocks of one name the further ones are numbered: "TCP_CHECK 2". */
static bool
entry_add(struct entries *entries, const char *inside, const char *name, const char *value, bool block)
{
	struct entry *larger = realloc(entries->entry, (entries->count + 1) * sizeof(*larger));
	const char *blank = *inside == '\0' ? "" : " ";
	char *path = NULL;

	if (larger == NULL)
		return false;
	entries->entry = larger;
	if (asprintf(&path, "%s%s%s", inside, blank, name) < 0)
		return false;
	for (unsigned int number = 2; block && entry_find(entries, path) != NULL; number++) {
		free(path);
		if (asprintf(&path, "%s%s%s %u", inside, blank, name, number) < 0)
			return false;
	}
	larger[entries->count++] = (struct entry){ .path = path, .value = value, .block = block };
	return true;
}

static struct entry *
entry_find(const struct entries *entries, const char *path)
{
	for (size_t i = 0; i < entries->count; i++) {
		if (strcmp(entries->entry[i].path, path) == 0)
			return &entries->entry[i];
	}
	return NULL;
}

static void
entries_fini(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->entry[i].path);
	free(entries->entry);
	free(entries->text);
}
