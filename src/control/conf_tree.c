/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From words to statements, and from included files to one tree.
 *
 * A statement ends with its line or at a brace; a block may open on the same
 * line or on the next. Every file must close the blocks that it opens. An
 * include may stand wherever a statement may, and its statements take its
 * place. Lines beginning with `@id` count only where the host is called that.
 *
 * A missing brace would make nonsense of everything behind it. So a keyword
 * that stands only at the outermost level closes, with one fault, whatever is
 * open where it appears, and the closing braces that are then too many are
 * taken in silence.
 */
#include "conf_keywords.h"
#include "conf_lex.h"

#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BLOCKS_DEPTH_MAX = 32,
	INCLUDES_DEPTH_MAX = 16,
	FILES_MAX = 10000,
	WORDS_MAX = 10000, /* of one statement */
	STMTS_MAX = 4000000,
};

struct level {
	struct conf_stmt *stmt; /* whose block it is; NULL: the outermost */
	struct conf_stmt **tail;
};

struct parser {
	struct conf_load *load;
	struct level level[BLOCKS_DEPTH_MAX + 1];
	unsigned int depth;
	struct conf_word *words; /* of the statement being read */
	unsigned int word_room;
	bool too_many; /* statements: said already */
};

/* The file being read, inside the one that includes it. */
struct open_file {
	const struct open_file *includer;
	const struct conf_file *file;
	struct parser *parser;
	struct conf_lex lex;
	unsigned int number;       /* of files that are open around it */
	unsigned int base;         /* depth of blocks where it begins */
	unsigned int forgiven;     /* closing braces that will be too many */
	struct conf_stmt *pending; /* the last statement, if a block may still follow it */
};

struct include_kind {
	const char *keyword;
	bool must_match; /* a pattern without a file is a fault */
};

/* keepalived's variants differ in what it checks; we check that all can be read. */
static const struct include_kind include_kinds[] = {
	{ "include", false }, { "includer", false }, { "includem", true },
	{ "includew", true }, { "includeb", true },  { "includea", true },
};

static void file_parse(struct parser *parser, const struct conf_file *file, const struct open_file *includer);
static enum conf_token word_take(struct open_file *self, struct conf_word *word);
static void open_take(struct open_file *self, const struct conf_place *place);
static void close_take(struct open_file *self, const struct conf_place *place);
static void file_end_check(const struct open_file *self);
static enum conf_token stmt_read(struct parser *parser, struct conf_lex *lex, struct conf_word *word,
				 struct conf_stmt *stmt);
static void words_grow(struct parser *parser);
static bool stmt_broken(const struct conf_stmt *stmt);
static bool condition_holds(const struct conf_word *word);
static void block_skip(struct parser *parser, struct conf_lex *lex);
static void outermost_restore(struct open_file *self, const struct conf_stmt *stmt, bool block);
static const struct include_kind *include_kind_find(const char *keyword);
static void glob_undo(void *found);
static void include(struct parser *parser, const struct conf_stmt *stmt, const struct open_file *includer);
static void include_file(struct parser *parser, const char *name, const struct conf_place *place,
			 const struct open_file *includer);

struct conf_stmt *
conf_tree_parse(struct conf_load *load, const struct conf_file *file)
{
	struct conf_stmt *first = NULL;
	struct parser *parser = conf_arena_alloc(load->scratch, sizeof(*parser));

	parser->load = load;
	parser->level[0].tail = &first;
	file_parse(parser, file, NULL);
	return first;
}

static void
file_parse(struct parser *parser, const struct conf_file *file, const struct open_file *includer)
{
	struct open_file *self = conf_arena_alloc(parser->load->scratch, sizeof(*self));
	struct conf_word word;

	self->includer = includer;
	self->file = file;
	self->parser = parser;
	self->number = includer == NULL ? 0 : includer->number + 1;
	self->base = parser->depth;
	conf_lex_init(&self->lex, parser->load, file);
	while (!parser->too_many) {
		enum conf_token token = conf_lex_next(&self->lex, true, false, &word);

		if (token == CONF_TOKEN_END)
			break;
		if (token == CONF_TOKEN_WORD)
			token = word_take(self, &word);
		if (token == CONF_TOKEN_OPEN)
			open_take(self, &word.place);
		else if (token == CONF_TOKEN_CLOSE)
			close_take(self, &word.place);
	}
	file_end_check(self);
	parser->depth = self->base;
}

/*
 * The first word of a statement, and all of it. Returns the token behind it,
 * whose place `word` then has; a block that opens is that of self->pending.
 */
static enum conf_token
word_take(struct open_file *self, struct conf_word *word)
{
	struct parser *parser = self->parser;
	struct conf_stmt *stmt;
	enum conf_token token;

	if (word->text[0] == '@' && !word->quoted) {
		if (!condition_holds(word))
			conf_lex_skip_line(&self->lex);
		return CONF_TOKEN_EOL;
	}
	if (!word->quoted && (strncmp(word->text, "~SEQ", 4) == 0 || strncmp(word->text, "~LST", 4) == 0)) {
		conf_error(parser->load, &word->place,
			   "%.4s lines are not available: write out the lines that it stands for",
			   word->text);
		parser->load->incomplete = true;
		conf_lex_skip_line(&self->lex);
		return CONF_TOKEN_EOL;
	}
	stmt = conf_arena_alloc(parser->load->scratch, sizeof(*stmt));
	token = stmt_read(parser, &self->lex, word, stmt);
	self->pending = stmt;
	if (stmt_broken(stmt)) {
		parser->load->incomplete = true;
	} else if (include_kind_find(stmt->words[0].text) != NULL) {
		include(parser, stmt, self);
		self->pending = NULL;
	} else {
		outermost_restore(self, stmt, token == CONF_TOKEN_OPEN);
		*parser->level[parser->depth].tail = stmt;
		parser->level[parser->depth].tail = &stmt->next;
	}
	return token;
}

static void
open_take(struct open_file *self, const struct conf_place *place)
{
	struct parser *parser = self->parser;

	if (self->pending == NULL) {
		conf_error(parser->load, place, "a block needs a keyword before its \"{\"");
		block_skip(parser, &self->lex);
	} else if (parser->depth == BLOCKS_DEPTH_MAX) {
		conf_error(parser->load, place, "blocks are nested more than %d deep", BLOCKS_DEPTH_MAX);
		block_skip(parser, &self->lex);
	} else {
		self->pending->has_block = true;
		parser->depth++;
		parser->level[parser->depth] =
			(struct level){ .stmt = self->pending, .tail = &self->pending->first };
	}
	self->pending = NULL;
}

static void
close_take(struct open_file *self, const struct conf_place *place)
{
	struct parser *parser = self->parser;

	self->pending = NULL;
	if (parser->depth > self->base)
		parser->depth--;
	else if (self->forgiven > 0)
		self->forgiven--;
	else
		conf_error(parser->load, place, "this \"}\" closes nothing: no block is open%s",
			   self->includer == NULL ? "" : " in this file");
}

static void
file_end_check(const struct open_file *self)
{
	struct parser *parser = self->parser;
	const struct conf_word *opener;

	if (parser->depth == self->base || self->lex.failed || parser->too_many)
		return;
	opener = &parser->level[parser->depth].stmt->words[0];
	conf_error(parser->load, &opener->place,
		   "block %s is not closed: a \"}\" is missing before the end of the file",
		   conf_show(parser->load, opener->text));
	parser->load->incomplete = true;
}

/*
 * The words of one statement, the first of which has been read. Returns the
 * token that ends it; `word` then has its place.
 */
static enum conf_token
stmt_read(struct parser *parser, struct conf_lex *lex, struct conf_word *word, struct conf_stmt *stmt)
{
	bool is_include = include_kind_find(word->text) != NULL, too_long = false;
	enum conf_token token = CONF_TOKEN_WORD;

	for (; token == CONF_TOKEN_WORD; token = conf_lex_next(lex, false, is_include, word)) {
		if (stmt->word_count < WORDS_MAX) {
			if (stmt->word_count == parser->word_room)
				words_grow(parser);
			parser->words[stmt->word_count++] = *word;
		} else if (!too_long) {
			conf_error(parser->load, &word->place, "a statement of more than 10,000 words");
			too_long = true;
		}
	}
	stmt->words = conf_arena_alloc(parser->load->scratch, stmt->word_count * sizeof(*stmt->words));
	memcpy(stmt->words, parser->words, stmt->word_count * sizeof(*stmt->words));
	stmt->words[0].broken |= too_long || lex->failed || lex->broken;
	lex->broken = false;
	if (++parser->load->stmt_count > STMTS_MAX && !parser->too_many) {
		conf_error(parser->load, &stmt->words[0].place,
			   "more than 4,000,000 statements: the rest was not read");
		parser->load->incomplete = parser->too_many = true;
	}
	return token;
}

static void
words_grow(struct parser *parser)
{
	unsigned int room = parser->word_room == 0 ? 16 : parser->word_room * 2;
	struct conf_word *larger = conf_arena_alloc(parser->load->scratch, room * sizeof(*larger));

	if (parser->word_room > 0)
		memcpy(larger, parser->words, parser->word_room * sizeof(*larger));
	parser->words = larger;
	parser->word_room = room;
}

/* A statement with a fault in a word has been reported; nobody looks at it. */
static bool
stmt_broken(const struct conf_stmt *stmt)
{
	for (unsigned int i = 0; i < stmt->word_count; i++) {
		if (stmt->words[i].broken)
			return true;
	}
	return false;
}

/* `@id` and `@^id`, where id is the host's name up to its first dot. */
static bool
condition_holds(const struct conf_word *word)
{
	char host[HOST_NAME_MAX + 1] = "";
	bool negated = word->text[1] == '^';

	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	return (strcmp(word->text + (negated ? 2 : 1), host) == 0) != negated;
}

/* Past the block whose brace has just been read. */
static void
block_skip(struct parser *parser, struct conf_lex *lex)
{
	struct conf_word word = { 0 };

	for (size_t open = 1; open > 0;) {
		switch (conf_lex_next(lex, true, false, &word)) {
		case CONF_TOKEN_OPEN:
			open++;
			break;
		case CONF_TOKEN_CLOSE:
			open--;
			break;
		case CONF_TOKEN_END:
			/* There has been a fault already: why it is skipped. */
			parser->load->incomplete = true;
			lex->failed = true;
			return;
		default:
			break;
		}
	}
}

static void
outermost_restore(struct open_file *self, const struct conf_stmt *stmt, bool block)
{
	struct parser *parser = self->parser;
	const struct conf_word *opener;

	if (parser->depth == self->base || !conf_keyword_is_outermost(stmt->words[0].text, block))
		return;
	opener = &parser->level[parser->depth].stmt->words[0];
	conf_error(parser->load, &stmt->words[0].place,
		   "\"%s\" cannot stand inside %s, which is open since %s: "
		   "a \"}\" is missing before this line",
		   stmt->words[0].text, conf_show(parser->load, opener->text),
		   conf_where(parser->load, &opener->place, &stmt->words[0].place));
	self->forgiven += parser->depth - self->base;
	parser->depth = self->base;
}

static const struct include_kind *
include_kind_find(const char *keyword)
{
	if (keyword[0] != 'i' || strncmp(keyword, "include", 7) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(include_kinds) / sizeof(include_kinds[0]); i++) {
		if (strcmp(include_kinds[i].keyword, keyword) == 0)
			return &include_kinds[i];
	}
	return NULL;
}

static void
glob_undo(void *found)
{
	globfree(found);
}

static void
include(struct parser *parser, const struct conf_stmt *stmt, const struct open_file *includer)
{
	const struct conf_word *keyword = &stmt->words[0];
	struct conf_arena *scratch = parser->load->scratch;

	if (stmt->word_count != 2 || stmt->words[1].text[0] == '\0') {
		conf_error(parser->load, &stmt->words[stmt->word_count > 2 ? 2 : 0].place,
			   "\"%s\" takes one file name or pattern", keyword->text);
		return;
	}

	const char *pattern = stmt->words[1].text;
	const char *slash = strrchr(includer->file->name, '/');
	glob_t found = { 0 };

	if (pattern[0] != '/' && slash != NULL)
		pattern = conf_arena_printf(scratch, "%.*s/%s", (int)(slash - includer->file->name),
					    includer->file->name, pattern);
	if (strpbrk(pattern, "*?[{") == NULL || access(pattern, F_OK) == 0) {
		include_file(parser, pattern, &stmt->words[1].place, includer);
		return;
	}

	int result = strlen(pattern) < PATH_MAX ? glob(pattern, GLOB_BRACE, NULL, &found) : GLOB_NOMATCH;
	char **names = NULL;
	size_t count = result == 0 ? found.gl_pathc : 0;

	parser->load->undo = glob_undo;
	parser->load->undo_object = &found;
	for (size_t i = 0; i < count; i++) {
		names = conf_arena_grow(scratch, names, i, sizeof(*names));
		names[i] = conf_arena_strndup(scratch, found.gl_pathv[i], strlen(found.gl_pathv[i]));
	}
	parser->load->undo = NULL;
	globfree(&found);
	if (count == 0 && include_kind_find(keyword->text)->must_match)
		conf_error(parser->load, &stmt->words[1].place, "no file matches %s",
			   conf_show(parser->load, pattern));
	for (size_t i = 0; i < count; i++)
		include_file(parser, names[i], &stmt->words[1].place, includer);
}

static void
include_file(struct parser *parser, const char *name, const struct conf_place *place,
	     const struct open_file *includer)
{
	struct conf_load *load = parser->load;
	struct conf_file *file = conf_arena_alloc(load->scratch, sizeof(*file));

	if (includer->number + 1 > INCLUDES_DEPTH_MAX || load->file_count >= FILES_MAX) {
		if (!load->incomplete)
			conf_error(load, place,
				   load->file_count >= FILES_MAX ? "more than 10,000 files are included"
								 : "files include files more than 16 deep");
		load->incomplete = true;
		return;
	}
	if (!conf_file_read(load, name, place, file))
		return;
	for (const struct open_file *open = includer; open != NULL; open = open->includer) {
		if (open->file->inode == file->inode && open->file->device == file->device) {
			conf_error(load, place, "%s includes itself%s", conf_show(load, name),
				   open == includer ? "" : " by way of other files");
			load->incomplete = true;
			return;
		}
	}
	file_parse(parser, file, includer);
}
