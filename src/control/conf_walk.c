/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From statements to builders, by the tables of conf_keywords.h. What can be
 * said of a statement by its table alone is said here: unknown or misplaced
 * keywords, too few or too many words, a block missing or too much, keywords
 * given twice, and keywords that have no effect.
 */
#include "conf_keywords.h"
#include "conf_value.h"
#include "sl_near.h"

#include <string.h>

enum {
	KEYWORDS_MAX = 256,
	FAR = 1000, /* sl_near's distance of what is too long to be compared */
};

static const struct conf_keyword *keyword_find(const struct conf_block *block, const char *name);
static bool shape_check(struct conf_load *load, const struct conf_block *block,
			const struct conf_keyword *keyword, const struct conf_stmt *stmt);
static void again_check(struct conf_load *load, const struct conf_block *block,
			const struct conf_keyword *keyword, const struct conf_stmt *first,
			const struct conf_stmt *stmt, uint64_t seen[]);
static void no_effect_walk(struct conf_load *load, const struct conf_stmt *first,
			   const struct conf_block *block);
static void unknown_report(struct conf_load *load, const struct conf_block *block,
			   const struct conf_stmt *stmt);
static const char *elsewhere(const char *name);

void
conf_walk(struct conf_load *load, const struct conf_stmt *first, const struct conf_block *block, void *object)
{
	uint64_t seen[KEYWORDS_MAX / 64] = { 0 };

	for (const struct conf_stmt *stmt = first; stmt != NULL; stmt = stmt->next) {
		const char *name = stmt->words[0].text;
		const struct conf_keyword *keyword = keyword_find(block, name);

		if (keyword == NULL) {
			unknown_report(load, block, stmt);
			continue;
		}
		switch (keyword->kind) {
		case CONF_SUPPORTED:
			break;
		case CONF_NO_EFFECT:
			conf_warn(load, &stmt->words[0].place, "\"%s\" has no effect yet: %s", name,
				  keyword->text);
			if (keyword->inside != NULL)
				no_effect_walk(load, stmt->first, keyword->inside);
			continue;
		case CONF_REFUSED:
			conf_error(load, &stmt->words[0].place, "\"%s\" is not available yet: %s", name,
				   keyword->text);
			continue;
		}
		if (!shape_check(load, block, keyword, stmt))
			continue;
		if (!keyword->many)
			again_check(load, block, keyword, first, stmt, seen);
		keyword->build(load, stmt, object);
	}
}

void
conf_surplus_report(struct conf_load *load, const struct conf_block *block, const struct conf_stmt *stmt,
		    const struct conf_word *surplus)
{
	const char *name = stmt->words[0].text;

	if (!surplus->quoted && keyword_find(block, surplus->text) != NULL)
		conf_error(load, &surplus->place,
			   "\"%s\" must begin a line of its own: \"%s\" ends before it", surplus->text, name);
	else
		conf_error(load, &surplus->place, "%s is too much: \"%s\" is written %s",
			   conf_show(load, surplus->text), name, keyword_find(block, name)->text);
}

static const struct conf_keyword *
keyword_find(const struct conf_block *block, const char *name)
{
	for (const struct conf_keyword *keyword = block->keywords; keyword->name != NULL; keyword++) {
		if (keyword->name[0] == name[0] && strcmp(keyword->name, name) == 0)
			return keyword;
	}
	return NULL;
}

static bool
shape_check(struct conf_load *load, const struct conf_block *block, const struct conf_keyword *keyword,
	    const struct conf_stmt *stmt)
{
	const struct conf_place *place = &stmt->words[0].place;
	unsigned int args = stmt->word_count - 1;

	if (args < keyword->args_min) {
		conf_error(load, place, "\"%s\" lacks a value: it is written %s", keyword->name,
			   keyword->text);
		return false;
	}
	if (args > keyword->args_max && keyword->args_max != CONF_ARGS_ANY) {
		conf_surplus_report(load, block, stmt, &stmt->words[1 + keyword->args_max]);
		/* what stands before it is good enough to look at */
	}
	if (keyword->braces == CONF_BRACES_YES && !stmt->has_block) {
		conf_error(load, place, "\"%s\" needs a block: it is written %s", keyword->name,
			   keyword->text);
		return false;
	}
	if (keyword->braces == CONF_BRACES_NO && stmt->has_block) {
		conf_error(load, place, "\"%s\" takes no block: it is written %s", keyword->name,
			   keyword->text);
		return false;
	}
	return true;
}

/*
 * Has the keyword stood in this block before? `seen` has a bit for each keyword
 * of the block; a block that may be repeated is remembered by the load.
 */
static void
again_check(struct conf_load *load, const struct conf_block *block, const struct conf_keyword *keyword,
	    const struct conf_stmt *first, const struct conf_stmt *stmt, uint64_t seen[])
{
	size_t number = (size_t)(keyword - block->keywords);
	uint64_t bit = (uint64_t)1 << number % 64;
	const struct conf_place *place = &stmt->words[0].place;
	struct conf_place *before = NULL;

	if (block->one) {
		before = conf_table_put(&load->once, load->scratch, &keyword, sizeof(keyword),
					&stmt->words[0].place);
	} else if ((seen[number / 64] & bit) != 0) {
		while (strcmp(first->words[0].text, keyword->name) != 0)
			first = first->next;
		before = &first->words[0].place;
	}
	seen[number / 64] |= bit;
	if (before != NULL)
		conf_warn(load, place, "\"%s\" stands in %s already: the last one counts", keyword->name,
			  conf_where(load, before, place));
}

/* Inside a block that was reported as a whole: only what is unknown is news. */
static void
no_effect_walk(struct conf_load *load, const struct conf_stmt *first, const struct conf_block *block)
{
	for (const struct conf_stmt *stmt = first; stmt != NULL; stmt = stmt->next) {
		const struct conf_keyword *keyword = keyword_find(block, stmt->words[0].text);

		if (keyword == NULL)
			unknown_report(load, block, stmt);
		else if (keyword->inside != NULL)
			no_effect_walk(load, stmt->first, keyword->inside);
	}
}

static void
unknown_report(struct conf_load *load, const struct conf_block *block, const struct conf_stmt *stmt)
{
	const struct conf_word *word = &stmt->words[0];
	const char *nearest = NULL, *belongs;
	unsigned int nearest_distance = FAR;
	size_t len = strnlen(word->text, 64);

	if (conf_faults_full(load->faults, CONF_ERROR)) {
		load->faults->errors++;
		return;
	}
	if (!conf_value_defined(load, word))
		return;
	belongs = elsewhere(word->text);
	if (belongs != NULL) {
		conf_error(load, &word->place, "\"%s\" cannot stand %s: it belongs %s", word->text,
			   block->name, belongs);
		return;
	}
	for (const struct conf_keyword *keyword = block->keywords; keyword->name != NULL; keyword++) {
		unsigned int distance = sl_near_distance(word->text, keyword->name);

		if (distance < nearest_distance) {
			nearest_distance = distance;
			nearest = keyword->name;
		}
	}
	if (nearest == NULL)
		conf_error(load, &word->place, "unknown keyword %s %s", conf_show(load, word->text),
			   block->name);
	else if (nearest_distance <= len / 2)
		conf_error(load, &word->place, "unknown keyword %s %s (did you mean \"%s\"?)",
			   conf_show(load, word->text), block->name, nearest);
	else
		conf_error(load, &word->place, "unknown keyword %s %s (the nearest that exists is \"%s\")",
			   conf_show(load, word->text), block->name, nearest);
}

/* Where a keyword would be known, or NULL. */
static const char *
elsewhere(const char *name)
{
	const struct conf_block *block;

	for (unsigned int i = 0; (block = conf_block_at(i)) != NULL; i++) {
		if (keyword_find(block, name) != NULL)
			return block->name;
	}
	return NULL;
}
