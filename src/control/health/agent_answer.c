/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading an agent's answer (agent_answer.h): a table of words, and numbers
 * that are bounded where they are read, so that nobody behind has to.
 */
#include "agent_answer.h"

#include <string.h>
#include <strings.h>

enum {
	PERCENT_MAX = 25600, /* HAProxy's own bound */
	LOAD_MAX = 1000000,
	NUMBER_DIGITS = 9, /* before the point: fits in 32 bits */
};

struct word {
	const char *text;
	size_t size;
};

enum word_kind { WORD_UP, WORD_DOWN, WORD_READY, WORD_DRAIN, WORD_MAINT };

static const struct {
	const char *text;
	enum word_kind kind;
} words[] = {
	{ "up", WORD_UP },        { "down", WORD_DOWN },   { "fail", WORD_DOWN },   { "failed", WORD_DOWN },
	{ "stopped", WORD_DOWN }, { "ready", WORD_READY }, { "drain", WORD_DRAIN }, { "maint", WORD_MAINT },
};

static const struct {
	const char *name;
	enum conf_load_kind kind;
} loads[] = {
	{ "cpu", CONF_LOAD_CPU },
	{ "mem", CONF_LOAD_MEMORY },
	{ "rt", CONF_LOAD_RESPONSE },
};

static bool word_next(const char **line, const char *end, struct word *ret_word);
static bool word_read(struct word word, struct agent_answer *answer);
static bool word_is(struct word word, const char *text);
static bool plain_read(struct word word, struct agent_answer *answer);
static bool load_read(struct word word, const char *custom, struct agent_answer *answer);
static bool number_read(struct word word, double *ret_number);
static bool whole_read(struct word word, uint32_t *ret_number);

void
agent_answer_parse(const char *line, size_t size, const char *custom, struct agent_answer *ret_answer)
{
	const char *end = memchr(line, '\n', size);
	struct word word;

	if (end == NULL)
		end = line + size;
	*ret_answer = (struct agent_answer){ 0 };
	while (word_next(&line, end, &word)) {
		if (word_read(word, ret_answer) || load_read(word, custom, ret_answer))
			ret_answer->known++;
		else
			ret_answer->unknown++;
	}
	/* For people. */
	while (line < end) {
		line += *line == '#';
		if (word_next(&line, end, &word))
			ret_answer->known += load_read(word, custom, ret_answer);
	}
}

void
agent_answer_apply(const struct agent_answer *answer, struct agent_says *says)
{
	if (answer->says_health)
		says->down = answer->down;
	if (answer->says_admin)
		says->admin = answer->admin;
	if (answer->says_percent)
		says->percent = answer->percent;
	if (answer->says_maxconn)
		says->maxconn = answer->maxconn;
	says->fresh_percent = answer->says_percent;
	for (int kind = 0; kind < CONF_LOAD_MAX; kind++) {
		says->has_load[kind] = answer->has_load[kind];
		if (answer->has_load[kind])
			says->load[kind] = answer->load[kind];
	}
}

/* ---- words ---- */

static bool
is_gap(char letter)
{
	return letter == ' ' || letter == '\t' || letter == ',' || letter == '\r';
}

/* False at the end, and at what is said to people. */
static bool
word_next(const char **line, const char *end, struct word *ret_word)
{
	const char *begin = *line, *stop;

	while (begin < end && is_gap(*begin))
		begin++;
	for (stop = begin; stop < end && !is_gap(*stop) && *stop != '#';)
		stop++;
	*line = stop;
	*ret_word = (struct word){ begin, (size_t)(stop - begin) };
	return stop > begin;
}

/* All but loads. */
static bool
word_read(struct word word, struct agent_answer *answer)
{
	static const char maxconn[] = "maxconn:";
	size_t len = sizeof(maxconn) - 1;
	double percent;

	if (word.size > len && strncasecmp(word.text, maxconn, len) == 0) {
		struct word value = { word.text + len, word.size - len };

		if (!whole_read(value, &answer->maxconn))
			return false;
		answer->says_maxconn = true;
		return true;
	}
	if (word.text[word.size - 1] != '%')
		return plain_read(word, answer);
	word.size--;
	if (!number_read(word, &percent))
		return false;
	answer->says_percent = true;
	/* Rounded up: only what is 0 drains. */
	answer->percent = percent > PERCENT_MAX ? PERCENT_MAX : (int32_t)percent;
	answer->percent += answer->percent < percent && answer->percent < PERCENT_MAX;
	return true;
}

static bool
word_is(struct word word, const char *text)
{
	return strlen(text) == word.size && strncasecmp(word.text, text, word.size) == 0;
}

static bool
plain_read(struct word word, struct agent_answer *answer)
{
	static const enum agent_admin admins[] = {
		[WORD_READY] = AGENT_READY,
		[WORD_DRAIN] = AGENT_DRAIN,
		[WORD_MAINT] = AGENT_MAINT,
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		enum word_kind kind = words[i].kind;

		if (!word_is(word, words[i].text))
			continue;
		if (kind == WORD_UP || kind == WORD_DOWN) {
			answer->says_health = true;
			answer->down = kind == WORD_DOWN;
		} else {
			answer->says_admin = true;
			answer->admin = admins[kind];
		}
		return true;
	}
	return false;
}

/* NAME:NN or NAME:NN%. One by a name that nobody asked for is a load as well, of no use here. */
static bool
load_read(struct word word, const char *custom, struct agent_answer *answer)
{
	const char *colon = memchr(word.text, ':', word.size);
	enum conf_load_kind kind = CONF_LOAD_MAX;
	double number;

	if (colon == NULL || colon == word.text)
		return false;
	struct word name = { word.text, (size_t)(colon - word.text) };
	struct word value = { colon + 1, word.size - name.size - 1 };

	if (word_is(name, "maxconn"))
		return false;
	if (value.size > 0 && value.text[value.size - 1] == '%')
		value.size--;
	if (!number_read(value, &number))
		return false;
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (word_is(name, loads[i].name))
			kind = loads[i].kind;
	if (custom != NULL && word_is(name, custom))
		kind = CONF_LOAD_CUSTOM;
	if (kind == CONF_LOAD_MAX)
		return true;
	answer->has_load[kind] = true;
	answer->load[kind] = number > LOAD_MAX ? LOAD_MAX : number;
	return true;
}

/* ---- numbers: digits, and a point between digits; whatever the locale ---- */

static bool
whole_read(struct word word, uint32_t *ret_number)
{
	uint32_t number = 0;

	if (word.size == 0 || word.size > NUMBER_DIGITS)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		if (word.text[i] < '0' || word.text[i] > '9')
			return false;
		number = number * 10 + (uint32_t)(word.text[i] - '0');
	}
	*ret_number = number;
	return true;
}

static bool
number_read(struct word word, double *ret_number)
{
	const char *point = word.size > 0 ? memchr(word.text, '.', word.size) : NULL;
	uint32_t whole, part;
	double number;

	if (point == NULL) {
		if (!whole_read(word, &whole))
			return false;
		*ret_number = whole;
		return true;
	}
	struct word before = { word.text, (size_t)(point - word.text) };
	struct word behind = { point + 1, word.size - before.size - 1 };

	if (!whole_read(before, &whole) || !whole_read(behind, &part))
		return false;
	number = part;
	for (size_t i = 0; i < behind.size; i++)
		number /= 10;
	*ret_number = whole + number;
	return true;
}
