/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From characters to words: keepalived's comments, quotes, escapes, and its
 * `$NAME=value` definitions and their uses.
 *
 * A variable is replaced as text, before words are cut: its value may hold
 * several words, or several lines with braces and definitions of their own. A
 * use therefore pushes the value on a stack of sources and reading goes on
 * there; the place of whatever comes out of it is the place of its use.
 */
#ifndef CONF_LEX_H
#define CONF_LEX_H

#include "conf_load.h"

enum conf_token {
	CONF_TOKEN_WORD,
	CONF_TOKEN_OPEN,  /* { */
	CONF_TOKEN_CLOSE, /* } */
	CONF_TOKEN_EOL,
	CONF_TOKEN_END,
};

enum { CONF_LEX_SOURCES_MAX = 64 };

struct conf_source {
	const char *text;
	size_t len, pos;
	struct conf_var *var; /* whose value it is; NULL: the file, or plain text */
	bool plain;           /* its characters mean nothing but themselves */
};

struct conf_lex {
	struct conf_load *load;
	struct conf_source source[CONF_LEX_SOURCES_MAX]; /* [0] is the file */
	unsigned int depth;                              /* of the source being read */
	struct conf_place here;                          /* in the file: of the next character */
	struct conf_place use;                           /* of the outermost variable being read */
	char *buf;                                       /* the word being cut */
	size_t buf_len, buf_room;
	bool failed;         /* a limit was met: the rest is not read */
	bool broken;         /* a fault in the statement being read: who reads it takes this down again */
	bool open_swallowed; /* by a quote that is not closed: the next token */
};

void conf_lex_init(struct conf_lex *lex, struct conf_load *load, const struct conf_file *file);

/*
 * The next token. *ret_word is filled for a word; for the others it has only
 * the place. With `statement_start`, definitions before it are carried out.
 * With `literal_braces` a brace inside a word is part of it (file patterns).
 */
enum conf_token conf_lex_next(struct conf_lex *lex, bool statement_start, bool literal_braces,
			      struct conf_word *ret_word);

/* Goes to the end of the line. */
void conf_lex_skip_line(struct conf_lex *lex);

#endif
