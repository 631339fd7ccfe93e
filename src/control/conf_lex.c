/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lexer of configuration files; conf_lex.h says what it understands. It
 * meets only what conf_file has found to be text. Cost is linear in the text
 * after replacement, which has a limit, as has the depth of replacement:
 * definitions that contain each other cannot make it run away.
 */
#include "conf_lex.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { END = -1, EXPANDED_SIZE_MAX = 64 << 20 };

struct conf_var {
	const char *value;
	size_t len;
	bool in_use; /* being replaced right now */
};

static int peek(struct conf_lex *lex);
static int peek_at(const struct conf_lex *lex, size_t ahead);
static void advance(struct conf_lex *lex);
static struct conf_place place_now(const struct conf_lex *lex);
static bool is_space(int c);
static bool is_name(int c);
static bool is_ordinary(int c);
static bool at_splice(const struct conf_lex *lex);
static void skip_space(struct conf_lex *lex);
static bool definition_read(struct conf_lex *lex);
static bool definition_line(struct conf_lex *lex, bool more);
static void word_read(struct conf_lex *lex, bool literal_braces, struct conf_word *word);
static void ordinary_read(struct conf_lex *lex);
static void quoted_read(struct conf_lex *lex, char quote, struct conf_word *word);
static void escape_read(struct conf_lex *lex, bool quoted);
static int digits_read(struct conf_lex *lex, unsigned int base, unsigned int digits_max);
static bool variable_use(struct conf_lex *lex, struct conf_word *word);
static bool variable_replace(struct conf_lex *lex, const char *name, size_t name_len, const char *args,
			     size_t args_len, size_t use_len);
static bool predefined(struct conf_lex *lex, const char *name, size_t name_len, const char *args,
		       size_t args_len, const char **ret_value);
static void source_push(struct conf_lex *lex, const char *text, size_t len, struct conf_var *var,
			const struct conf_place *use);
static void buf_add(struct conf_lex *lex, char c);
static void buf_grow(struct conf_lex *lex);
static void lex_fail(struct conf_lex *lex, const struct conf_place *place, const char *why);

void
conf_lex_init(struct conf_lex *lex, struct conf_load *load, const struct conf_file *file)
{
	static const char byte_order_mark[3] = { '\xef', '\xbb', '\xbf' };

	*lex = (struct conf_lex){
		.load = load,
		.source[0] = { .text = file->text, .len = file->len },
		.here = { .file = file->name, .line = 1, .column = 1 },
	};
	if (file->len >= sizeof(byte_order_mark) &&
	    memcmp(file->text, byte_order_mark, sizeof(byte_order_mark)) == 0)
		lex->source[0].pos = sizeof(byte_order_mark);
}

enum conf_token
conf_lex_next(struct conf_lex *lex, bool statement_start, bool literal_braces, struct conf_word *ret_word)
{
	skip_space(lex);
	while (statement_start && definition_read(lex))
		skip_space(lex);

	*ret_word = (struct conf_word){ .text = "", .place = place_now(lex) };
	if (lex->open_swallowed) {
		lex->open_swallowed = false;
		return CONF_TOKEN_OPEN;
	}
	for (;;) {
		int c = peek(lex);

		if (c == END)
			return CONF_TOKEN_END;
		if (!lex->source[lex->depth].plain) {
			if (c == '\n') {
				advance(lex);
				return CONF_TOKEN_EOL;
			}
			if (c == '{' || c == '}') {
				int after = peek_at(lex, 1);

				if (!literal_braces || is_space(after) || after == '\n' || after == END) {
					advance(lex);
					return c == '{' ? CONF_TOKEN_OPEN : CONF_TOKEN_CLOSE;
				}
			}
		}

		word_read(lex, literal_braces, ret_word);
		if (lex->buf_len > 0 || ret_word->quoted) {
			ret_word->text = conf_arena_strndup(lex->load->scratch, lex->buf, lex->buf_len);
			return CONF_TOKEN_WORD;
		}

		/* A variable without a value: no word. It may have held a definition. */
		skip_space(lex);
		while (statement_start && definition_read(lex))
			skip_space(lex);
		ret_word->place = place_now(lex);
	}
}

void
conf_lex_skip_line(struct conf_lex *lex)
{
	while (peek(lex) != '\n' && peek(lex) != END)
		advance(lex);
}

/* The next character; leaves replaced variables behind once they are read. */
static int
peek(struct conf_lex *lex)
{
	if (lex->failed)
		return END;
	for (;;) {
		struct conf_source *source = &lex->source[lex->depth];

		if (source->pos < source->len)
			return (unsigned char)source->text[source->pos];
		if (lex->depth == 0)
			return END;
		if (source->var != NULL)
			source->var->in_use = false;
		lex->depth--;
	}
}

/* A character further on in the same source. */
static int
peek_at(const struct conf_lex *lex, size_t ahead)
{
	const struct conf_source *source = &lex->source[lex->depth];

	return source->len - source->pos > ahead ? (unsigned char)source->text[source->pos + ahead] : END;
}

static void
advance(struct conf_lex *lex)
{
	struct conf_source *source = &lex->source[lex->depth];
	bool newline = source->text[source->pos++] == '\n';

	if (lex->depth > 0)
		return;
	if (newline) {
		lex->here.line++;
		lex->here.column = 1;
	} else {
		lex->here.column++;
	}
}

static struct conf_place
place_now(const struct conf_lex *lex)
{
	const struct conf_source *source = &lex->source[lex->depth];

	/* A source that is read to its end is no longer where we are. */
	for (unsigned int depth = lex->depth; depth > 0; source = &lex->source[--depth]) {
		if (source->pos < source->len)
			return lex->use;
	}
	return lex->here;
}

static bool
is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool
is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Means nothing but itself, wherever it stands. */
static bool
is_ordinary(int c)
{
	static const bool ordinary[256] = {
		['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, [0x80 ... 0xff] = true,
		['_'] = true,         ['.'] = true,         [':'] = true,         ['/'] = true,
		['-'] = true,         [','] = true,         ['='] = true,
	};

	return ordinary[c];
}

/* A backslash before the end of its line: the statement goes on in the next. */
static bool
at_splice(const struct conf_lex *lex)
{
	if (peek_at(lex, 0) != '\\')
		return false;
	return peek_at(lex, 1) == '\n' || (peek_at(lex, 1) == '\r' && peek_at(lex, 2) == '\n');
}

/* White space, comments, and line ends behind a backslash. */
static void
skip_space(struct conf_lex *lex)
{
	for (;;) {
		int c = peek(lex);

		if (c == END || lex->source[lex->depth].plain)
			return;
		if (is_space(c)) {
			do {
				advance(lex);
			} while (is_space(peek_at(lex, 0)));
		} else if (c == '!' || c == '#') {
			/* a comment ends with its line, or with the variable it stands in */
			for (unsigned int depth = lex->depth;
			     lex->depth == depth && peek_at(lex, 0) != '\n' && peek_at(lex, 0) != END;)
				advance(lex);
		} else if (at_splice(lex)) {
			while (peek(lex) != '\n')
				advance(lex);
			advance(lex);
		} else {
			return;
		}
	}
}

/* `$NAME=value` at the start of a statement. False: none here. */
static bool
definition_read(struct conf_lex *lex)
{
	size_t len = 1;

	if (peek(lex) != '$' || lex->source[lex->depth].plain)
		return false;
	while (is_name(peek_at(lex, len)))
		len++;
	if (len == 1 || peek_at(lex, len) != '=')
		return false;

	struct conf_source *source = &lex->source[lex->depth];
	const char *name = source->text + source->pos + 1;
	size_t name_len = len - 1;
	struct conf_place place = place_now(lex);

	for (size_t i = 0; i <= len; i++)
		advance(lex);

	lex->buf_len = 0;
	for (bool more = false; (more = definition_line(lex, more));)
		buf_add(lex, '\n');
	if (name[0] >= '0' && name[0] <= '9')
		conf_error(lex->load, &place, "a variable's name cannot begin with a digit");

	struct conf_var *var = conf_table_get(&lex->load->vars, name, name_len);

	if (var == NULL) {
		var = conf_arena_alloc(lex->load->scratch, sizeof(*var));
		conf_table_put(&lex->load->vars, lex->load->scratch, name, name_len, var);
	}
	var->value = conf_arena_strndup(lex->load->scratch, lex->buf, lex->buf_len);
	var->len = lex->buf_len;
	return true;
}

/*
 * Adds one line of a definition to the buffer, without its comment and the
 * white space around it. True: a backslash ends the line, another follows. In a
 * definition of several lines (`more`), it may also stand behind a comment.
 */
static bool
definition_line(struct conf_lex *lex, bool more)
{
	size_t start;
	char quote = 0;
	bool splice = false;

	while (is_space(peek_at(lex, 0)))
		advance(lex);
	start = lex->buf_len;
	for (int c; (c = peek_at(lex, 0)) != END && c != '\n'; advance(lex)) {
		if (at_splice(lex)) {
			splice = true;
			continue;
		}
		if (c == '\\' && peek_at(lex, 1) != END) {
			buf_add(lex, (char)c);
			advance(lex);
			c = peek_at(lex, 0);
		} else if (quote == 0 && (c == '#' || c == '!')) {
			break;
		} else if (c == quote) {
			quote = 0;
		} else if (quote == 0 && (c == '"' || c == '\'')) {
			quote = (char)c;
		}
		buf_add(lex, (char)c);
	}
	for (int c; (c = peek_at(lex, 0)) != END && c != '\n'; advance(lex))
		splice = more && at_splice(lex) ? true : splice;
	while (lex->buf_len > start && is_space(lex->buf[lex->buf_len - 1]))
		lex->buf_len--;
	if (splice)
		advance(lex);
	return splice;
}

/* Into the buffer, up to what ends a word. */
static void
word_read(struct conf_lex *lex, bool literal_braces, struct conf_word *word)
{
	lex->buf_len = 0;
	for (int c; (c = peek(lex)) != END;) {
		if (lex->source[lex->depth].plain) {
			buf_add(lex, (char)c);
			advance(lex);
		} else if (is_ordinary(c)) {
			ordinary_read(lex);
		} else if (is_space(c) || c == '\n' || c == '!' || c == '#' ||
			   ((c == '{' || c == '}') && !literal_braces)) {
			break;
		} else if (c == '"' || c == '\'') {
			quoted_read(lex, (char)c, word);
		} else if (c == '\\') {
			if (at_splice(lex))
				break;
			escape_read(lex, false);
		} else if (c != '$' || !variable_use(lex, word)) {
			buf_add(lex, (char)c);
			advance(lex);
		}
	}
}

/* A run of characters without a meaning: most of any file. */
static void
ordinary_read(struct conf_lex *lex)
{
	struct conf_source *source = &lex->source[lex->depth];
	const char *start = source->text + source->pos;
	size_t room = source->len - source->pos, len = 1;

	while (len < room && is_ordinary((unsigned char)start[len]))
		len++;
	while (lex->buf_room - lex->buf_len < len)
		buf_grow(lex);
	memcpy(lex->buf + lex->buf_len, start, len);
	lex->buf_len += len;
	source->pos += len;
	if (lex->depth == 0)
		lex->here.column += (unsigned int)len;
}

static void
quoted_read(struct conf_lex *lex, char quote, struct conf_word *word)
{
	struct conf_place opened = place_now(lex);
	bool undefined = word->undefined;

	advance(lex);
	word->quoted = true;
	for (int c; (c = peek(lex)) != END;) {
		bool plain = lex->source[lex->depth].plain;

		if (!plain && c == quote) {
			advance(lex);
			word->undefined = undefined;
			return;
		}
		if (!plain && c == '\n')
			break;
		if (!plain && c == '\\') {
			escape_read(lex, true);
		} else if (plain || c != '$' || !variable_use(lex, word)) {
			buf_add(lex, (char)c);
			advance(lex);
		}
	}
	word->undefined = undefined;
	word->broken = true;
	if (!lex->failed)
		conf_error(lex->load, &opened, "the quote is not closed on its line: a %c is missing", quote);

	/* A brace at the end of the line was most likely meant to be one. */
	while (lex->buf_len > 0 && is_space(lex->buf[lex->buf_len - 1]))
		lex->buf_len--;
	lex->open_swallowed = lex->buf_len > 0 && lex->buf[lex->buf_len - 1] == '{';
}

/* A backslash and what follows it. Outside quotes it only takes away a meaning. */
static void
escape_read(struct conf_lex *lex, bool quoted)
{
	static const char from[] = "abEfnrtv", to[] = "\a\b\033\f\n\r\t\v";
	struct conf_place place = place_now(lex);

	advance(lex);

	int c = peek(lex);
	const char *simple = c == END ? NULL : strchr(from, c);

	if (c == END)
		return;
	if (c >= '0' && c <= '7' && quoted) {
		c = digits_read(lex, 8, 3) & 0xff;
	} else {
		advance(lex);
		if (c == '\r' && peek(lex) == '\n') {
			c = '\n';
			advance(lex);
		}
		if (c == '\n')
			return;
		if (quoted && simple != NULL)
			c = to[simple - from];
		else if (quoted && c == 'x')
			c = digits_read(lex, 16, 2);
		else if (quoted && c == 'c' && peek(lex) != END && peek(lex) != '\n') {
			c = peek(lex) & 0x1f;
			advance(lex);
		}
	}
	if (c == 0)
		conf_error(lex->load, &place, "this escape gives a zero byte, which no value can hold");
	else
		buf_add(lex, (char)c);
}

static int
digits_read(struct conf_lex *lex, unsigned int base, unsigned int digits_max)
{
	unsigned int value = 0;

	for (unsigned int i = 0; i < digits_max; i++) {
		static const char digits[] = "0123456789abcdef";
		int c = peek(lex);
		const char *digit =
			c == END || c == 0 ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

		if (digit == NULL || digit >= digits + base)
			break;
		value = value * base + (unsigned int)(digit - digits);
		advance(lex);
	}
	return (int)value;
}

/* At a '$'. True: its value is what is read next. False: it is just a '$'. */
static bool
variable_use(struct conf_lex *lex, struct conf_word *word)
{
	const struct conf_source *source = &lex->source[lex->depth];
	const char *text = source->text + source->pos;
	bool braces = peek_at(lex, 1) == '{';
	size_t start = braces ? 2 : 1, end = start, args = 0, use_len;

	while (is_name(peek_at(lex, end)))
		end++;
	if (end == start)
		return false;
	use_len = end;
	if (braces) {
		args = end;
		while (peek_at(lex, args) == ' ')
			args++;
		while (peek_at(lex, use_len) != '}') {
			if (peek_at(lex, use_len) == END || peek_at(lex, use_len) == '\n')
				return false;
			use_len++;
		}
		if (args == end && use_len != end)
			return false;
		use_len++;
	}
	if (variable_replace(lex, text + start, end - start, text + args,
			     braces && args > end ? use_len - 1 - args : 0, use_len))
		return true;

	/* As in keepalived, what is not defined stays as it is; a value cannot, see conf_value. */
	word->undefined = true;
	for (size_t i = 0; i < use_len; i++) {
		buf_add(lex, (char)peek(lex));
		advance(lex);
	}
	return true;
}

static bool
variable_replace(struct conf_lex *lex, const char *name, size_t name_len, const char *args, size_t args_len,
		 size_t use_len)
{
	struct conf_place use = place_now(lex);
	struct conf_var *var = conf_table_get(&lex->load->vars, name, name_len);
	const char *value = NULL;

	if (var == NULL && !predefined(lex, name, name_len, args, args_len, &value))
		return false;

	size_t len = var != NULL ? var->len : strlen(value);

	for (size_t i = 0; i < use_len; i++)
		advance(lex);
	if (var != NULL && var->in_use) {
		conf_error(lex->load, &use, "variable $%.*s contains itself", (int)name_len, name);
		lex->broken = true;
		return true;
	}
	lex->load->expanded_size += len;
	if (lex->load->expanded_size > EXPANDED_SIZE_MAX) {
		lex_fail(lex, &use, "variables expand to more than 64 MB of text");
		return true;
	}
	if (var != NULL)
		source_push(lex, var->value, len, var, &use);
	else
		source_push(lex, value, len, NULL, &use);
	return true;
}

/* keepalived's own variables. Their values are plain text. */
static bool
predefined(struct conf_lex *lex, const char *name, size_t name_len, const char *args, size_t args_len,
	   const char **ret_value)
{
	struct conf_arena *arena = lex->load->scratch;
	char host[HOST_NAME_MAX + 1] = "";

#define IS(literal) (name_len == sizeof(literal) - 1 && memcmp(name, literal, name_len) == 0)
	if (IS("_HASH")) {
		*ret_value = "#";
	} else if (IS("_BANG")) {
		*ret_value = "!";
	} else if (IS("_PWD")) {
		const char *slash = strrchr(lex->here.file, '/');

		*ret_value = slash == NULL ? "."
					   : conf_arena_strndup(arena, lex->here.file,
								(size_t)(slash - lex->here.file));
	} else if (IS("_INSTANCE")) {
		gethostname(host, sizeof(host) - 1);
		host[strcspn(host, ".")] = '\0';
		*ret_value = conf_arena_strndup(arena, host, strlen(host));
	} else if (IS("_ENV")) {
		const char *value = getenv(conf_arena_strndup(arena, args, args_len));

		*ret_value = value == NULL ? "" : conf_arena_strndup(arena, value, strlen(value));
	} else {
		return false;
	}
#undef IS
	return true;
}

static void
source_push(struct conf_lex *lex, const char *text, size_t len, struct conf_var *var,
	    const struct conf_place *use)
{
	if (len == 0)
		return;
	if (lex->depth + 1 == CONF_LEX_SOURCES_MAX) {
		lex_fail(lex, use, "variables contain variables more than 62 deep");
		return;
	}
	if (lex->depth == 0)
		lex->use = *use;
	lex->depth++;
	lex->source[lex->depth] =
		(struct conf_source){ .text = text, .len = len, .var = var, .plain = var == NULL };
	if (var != NULL)
		var->in_use = true;
}

static void
buf_add(struct conf_lex *lex, char c)
{
	if (lex->buf_len == lex->buf_room)
		buf_grow(lex);
	lex->buf[lex->buf_len++] = c;
}

static void
buf_grow(struct conf_lex *lex)
{
	size_t room = lex->buf_room == 0 ? 256 : lex->buf_room * 2;
	char *larger = conf_arena_alloc(lex->load->scratch, room);

	if (lex->buf_len > 0)
		memcpy(larger, lex->buf, lex->buf_len);
	lex->buf = larger;
	lex->buf_room = room;
}

static void
lex_fail(struct conf_lex *lex, const struct conf_place *place, const char *why)
{
	conf_error(lex->load, place, "%s: the rest of the file was not read", why);
	lex->failed = true;
	lex->load->incomplete = true;
}
