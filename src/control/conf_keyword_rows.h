/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of the tables of keywords (conf_keywords.h), by the shape of what is written. Only for the files
 * conf_keywords*.c; a row of none of these shapes is written in full.
 */
#ifndef CONF_KEYWORD_ROWS_H
#define CONF_KEYWORD_ROWS_H

#include "conf_keywords.h"

/* It does nothing here. */
#define NONE(keyword, reason)                                                                                \
	{                                                                                                    \
		keyword, CONF_NO_EFFECT, reason                                                              \
	}

/* So many words behind it at least, and at most. `text` is how all of it is written, `value` without the keyword. */
#define WORDS(keyword, build, least, most, text)                                                             \
	{                                                                                                    \
		keyword, CONF_SUPPORTED, text, build, least, most, CONF_BRACES_NO                            \
	}
#define WORD(keyword, build, value) WORDS(keyword, build, 1, 1, keyword " " value)
#define SWITCH(keyword, build) WORDS(keyword, build, 0, 1, keyword " [on|off]")
#define FLAG(keyword, build) WORDS(keyword, build, 0, 0, keyword)

/* It opens a block, and may stand more than once. */
#define BLOCK(keyword, build, least, most, text)                                                             \
	{                                                                                                    \
		keyword, CONF_SUPPORTED, text, build, least, most, CONF_BRACES_YES, .many = true             \
	}

#endif
