/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words of regex_options, which are PCRE2's names in small letters, as
 * keepalived has them. X(word, bit of pcre2_compile)
 */
#ifndef CONF_REGEX_H
#define CONF_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define CONF_REGEX_OPTION_LIST(X)                                                                            \
	X("allow_empty_class", PCRE2_ALLOW_EMPTY_CLASS)                                                      \
	X("alt_bsux", PCRE2_ALT_BSUX)                                                                        \
	X("alt_circumflex", PCRE2_ALT_CIRCUMFLEX)                                                            \
	X("alt_verbnames", PCRE2_ALT_VERBNAMES)                                                              \
	X("auto_callout", PCRE2_AUTO_CALLOUT)                                                                \
	X("caseless", PCRE2_CASELESS)                                                                        \
	X("dollar_endonly", PCRE2_DOLLAR_ENDONLY)                                                            \
	X("dotall", PCRE2_DOTALL)                                                                            \
	X("dupnames", PCRE2_DUPNAMES)                                                                        \
	X("extended", PCRE2_EXTENDED)                                                                        \
	X("firstline", PCRE2_FIRSTLINE)                                                                      \
	X("match_unset_backref", PCRE2_MATCH_UNSET_BACKREF)                                                  \
	X("multiline", PCRE2_MULTILINE)                                                                      \
	X("never_backslash_c", PCRE2_NEVER_BACKSLASH_C)                                                      \
	X("never_ucp", PCRE2_NEVER_UCP)                                                                      \
	X("never_utf", PCRE2_NEVER_UTF)                                                                      \
	X("no_auto_capture", PCRE2_NO_AUTO_CAPTURE)                                                          \
	X("no_auto_possess", PCRE2_NO_AUTO_POSSESS)                                                          \
	X("no_dotstar_anchor", PCRE2_NO_DOTSTAR_ANCHOR)                                                      \
	X("no_start_optimize", PCRE2_NO_START_OPTIMIZE)                                                      \
	X("ucp", PCRE2_UCP)                                                                                  \
	X("ungreedy", PCRE2_UNGREEDY)                                                                        \
	X("use_offset_limit", PCRE2_USE_OFFSET_LIMIT)                                                        \
	X("utf", PCRE2_UTF)

#endif
