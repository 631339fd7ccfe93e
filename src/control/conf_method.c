/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The words of `lb_kind` and `lvs_method`: METHOD, and for tunnels
 * `TUN [type TYPE [port NUMBER] [nocsum|csum|remcsum]]`, where the words behind
 * the type may stand in any order. What each type takes is a table (tunnel.h).
 */
#include "conf_method.h"
#include "conf_value.h"
#include "tunnel.h"

#include <string.h>
#include <strings.h>

static const char *const fwd_kinds[SL_FWD_MAX] = {
#define X(id, kind, word) [id] = kind,
	SL_FWD_LIST(X)
#undef X
};

/* The statement being read, and where in it. */
struct words {
	struct conf_load *load;
	const struct conf_stmt *stmt;
	const struct conf_block *block;
	unsigned int at;
};

static bool tunnel_read(struct words *words, struct dp_tunnel *tunnel);
static bool tunnel_options(struct words *words, struct dp_tunnel *tunnel);
static bool port_read(struct words *words, const struct tunnel_type *type, struct dp_tunnel *tunnel);
static bool sum_read(struct words *words, const struct tunnel_type *type, unsigned int sum,
		     const struct conf_word **before, struct dp_tunnel *tunnel);
static unsigned int name_find(const char *const *names, unsigned int count, const char *text);
static const char *fwd_names(void);

bool
conf_method_read(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_block *block,
		 struct conf_method *ret_method)
{
	struct words words = { .load = load, .stmt = stmt, .block = block, .at = 2 };
	const struct conf_word *word = &stmt->words[1];
	struct conf_method method = { .fwd = name_find(fwd_kinds, SL_FWD_MAX, word->text) };

	if (!conf_value_defined(load, word))
		return false;
	if (method.fwd == SL_FWD_MAX) {
		conf_error(load, &word->place, "forwarding method must be one of %s, not %s", fwd_names(),
			   conf_show(load, word->text));
		return false;
	}
	if (method.fwd != SL_FWD_TUN && stmt->word_count > 2) {
		if (strcmp(stmt->words[2].text, "type") == 0)
			conf_error(load, &stmt->words[2].place,
				   "\"type\" is too much: a tunnel goes with TUN, not with %s",
				   fwd_kinds[method.fwd]);
		else
			conf_surplus_report(load, block, stmt, &stmt->words[2]);
		return false;
	}
	if (method.fwd == SL_FWD_TUN && !tunnel_read(&words, &method.tunnel))
		return false;
	*ret_method = method;
	return true;
}

/* `[type TYPE ...]` */
static bool
tunnel_read(struct words *words, struct dp_tunnel *tunnel)
{
	struct conf_load *load = words->load;
	const struct conf_stmt *stmt = words->stmt;
	const struct conf_word *word = &stmt->words[words->at];

	if (words->at == stmt->word_count)
		return true;
	if (strcmp(word->text, "type") != 0) {
		conf_surplus_report(load, words->block, stmt, word);
		return false;
	}
	if (++words->at == stmt->word_count) {
		conf_error(load, &word->place, "\"type\" lacks its tunnel: ipip, gue or gre");
		return false;
	}
	word = &stmt->words[words->at++];
	if (!conf_value_defined(load, word))
		return false;
	for (tunnel->type = 0; tunnel->type < SL_TUN_MAX; tunnel->type++) {
		if (strcasecmp(tunnel_types[tunnel->type].name, word->text) == 0)
			return tunnel_options(words, tunnel);
	}
	conf_error(load, &word->place, "tunnel type must be ipip, gue or gre, not %s",
		   conf_show(load, word->text));
	return false;
}

static bool
tunnel_options(struct words *words, struct dp_tunnel *tunnel)
{
	const struct tunnel_type *type = &tunnel_types[tunnel->type];
	const struct conf_word *type_word = &words->stmt->words[words->at - 1], *sum_before = NULL;

	while (words->at < words->stmt->word_count) {
		const struct conf_word *word = &words->stmt->words[words->at++];
		unsigned int sum = name_find(tunnel_sum_names, SL_TUN_SUM_MAX, word->text);
		bool good;

		if (!conf_value_defined(words->load, word))
			return false;
		if (strcmp(word->text, "port") == 0) {
			good = port_read(words, type, tunnel);
		} else if (sum < SL_TUN_SUM_MAX) {
			good = sum_read(words, type, sum, &sum_before, tunnel);
		} else {
			conf_surplus_report(words->load, words->block, words->stmt, word);
			good = false;
		}
		if (!good)
			return false;
	}
	if (type->port && tunnel->port == 0) {
		conf_error(words->load, &type_word->place,
			   "a gue tunnel lacks its port: it is written type gue port NUMBER, such as 6080");
		return false;
	}
	return true;
}

static bool
port_read(struct words *words, const struct tunnel_type *type, struct dp_tunnel *tunnel)
{
	const struct conf_word *word = &words->stmt->words[words->at - 1];

	if (!type->port) {
		conf_error(words->load, &word->place, "a tunnel of type %s has no port: only gue has",
			   type->name);
		return false;
	}
	if (tunnel->port != 0) {
		conf_error(words->load, &word->place, "a tunnel has one \"port\"");
		return false;
	}
	if (words->at == words->stmt->word_count) {
		conf_error(words->load, &word->place, "\"port\" lacks its number, such as 6080");
		return false;
	}
	return conf_value_port(words->load, &words->stmt->words[words->at++], &tunnel->port);
}

static bool
sum_read(struct words *words, const struct tunnel_type *type, unsigned int sum,
	 const struct conf_word **before, struct dp_tunnel *tunnel)
{
	const struct conf_word *word = &words->stmt->words[words->at - 1];

	if (sum >= type->sum_count) {
		conf_error(words->load, &word->place, "a tunnel of type %s has %s, not \"%s\"", type->name,
			   type->sums, word->text);
		return false;
	}
	if (*before != NULL) {
		conf_error(words->load, &word->place, "a tunnel has %s: \"%s\" stands before \"%s\" already",
			   type->sums, (*before)->text, word->text);
		return false;
	}
	*before = word;
	tunnel->sum = (uint8_t)sum;
	return true;
}

/* `count` if it is none of them. */
static unsigned int
name_find(const char *const *names, unsigned int count, const char *text)
{
	unsigned int i = 0;

	while (i < count && strcasecmp(names[i], text) != 0)
		i++;
	return i;
}

static const char *
fwd_names(void)
{
#define X(id, kind, word) ", " kind
	static const char names[] = SL_FWD_LIST(X);
#undef X
	return names + 2;
}
