/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of `static_route`, keepalived's `static_routes`, and
 * `static_neighbor`. They name ports that may be defined further on, so they
 * keep drafts; conf_check.c turns those into routes and neighbours.
 */
#include "conf_keywords.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <string.h>

enum route_kind {
	ROUTE_TO,
	ROUTE_VIA,
	ROUTE_DEV,
	ROUTE_WITHOUT_EFFECT, /* about packets of the box itself, or about bookkeeping */
};

static const struct route_option {
	const char *name;
	enum route_kind kind;
	const char *lacks; /* what must follow; NULL: nothing */
} route_options[] = {
	{ "to", ROUTE_TO, NULL },
	{ "via", ROUTE_VIA, "address" },
	{ "gw", ROUTE_VIA, "address" },
	{ "dev", ROUTE_DEV, "port" },
	{ "src", ROUTE_WITHOUT_EFFECT, "address" },
	{ "scope", ROUTE_WITHOUT_EFFECT, "value" },
	{ "proto", ROUTE_WITHOUT_EFFECT, "value" },
	{ "protocol", ROUTE_WITHOUT_EFFECT, "value" },
	{ "track_group", ROUTE_WITHOUT_EFFECT, "name" },
	{ "no_track", ROUTE_WITHOUT_EFFECT, NULL },
};

static void route_build(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_word *words,
			unsigned int word_count);
static bool route_words(struct conf_load *load, const struct conf_word *words, unsigned int word_count,
			struct conf_route_draft *draft);
static const struct route_option *option_find(const char *text);
static bool is_letters(const char *text);
static bool route_prefix(struct conf_load *load, const struct conf_word *word, const struct sl_addr *via,
			 struct sl_prefix *ret_prefix);

void
conf_build_static_route(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	route_build(load, stmt, stmt->words + 1, stmt->word_count - 1);
}

/* Each statement of the block is a route: it has no keyword. */
void
conf_build_static_routes(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	for (const struct conf_stmt *route = stmt->first; route != NULL; route = route->next) {
		if (route->has_block)
			conf_error(load, &route->words[0].place, "a route takes no block");
		else
			route_build(load, route, route->words, route->word_count);
	}
}

void
conf_build_static_neighbor(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *words = stmt->words;
	struct conf_neigh_draft draft = { .neigh.place = words[1].place,
					  .addr = &words[1],
					  .dev = &words[4] };
	struct dp_static_neigh *neigh = &draft.neigh.dp;
	bool good = conf_value_addr(load, &words[1], "static_neighbor", &neigh->addr);

	if (!conf_value_defined(load, &words[2])) {
		good = false;
	} else if (sl_mac_parse(words[2].text, neigh->mac) < 0) {
		conf_error(load, &words[2].place, "a MAC address is written 02:00:00:00:00:11, not %s",
			   conf_show(load, words[2].text));
		good = false;
	} else if ((neigh->mac[0] & 1) != 0 || memcmp(neigh->mac, "\0\0\0\0\0", 6) == 0) {
		conf_error(load, &words[2].place, "%s is not the MAC address of one host", words[2].text);
		good = false;
	}
	if (strcmp(words[3].text, "dev") != 0) {
		conf_error(load, &words[3].place, "\"dev\" and the name of a port must stand here, not %s",
			   conf_show(load, words[3].text));
		good = false;
	}
	if (!good)
		return;
	load->neighs = conf_arena_grow(load->scratch, load->neighs, load->neigh_count, sizeof(draft));
	load->neighs[load->neigh_count++] = draft;
}

/* [to] PREFIX [via|gw ADDR] [dev PORT], with one of the two at least. */
static void
route_build(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_word *words,
	    unsigned int word_count)
{
	struct conf_route_draft draft = { .route.dp.port = -1 };
	struct dp_route *route = &draft.route.dp;

	if (!route_words(load, words, word_count, &draft))
		return;
	if (draft.prefix == NULL || (draft.via == NULL && draft.dev == NULL)) {
		conf_error(load, &stmt->words[0].place,
			   "a route is PREFIX via ADDRESS [dev PORT], or PREFIX dev PORT");
		return;
	}
	if (draft.via != NULL && !conf_value_addr(load, draft.via, draft.via[-1].text, &route->via))
		return;
	draft.route.place = draft.prefix->place;
	if (!route_prefix(load, draft.prefix, &route->via, &route->prefix))
		return;
	load->routes = conf_arena_grow(load->scratch, load->routes, load->route_count, sizeof(draft));
	load->routes[load->route_count++] = draft;
}

/* Sorts the words into prefix, via and dev. False after reporting one that does not fit. */
static bool
route_words(struct conf_load *load, const struct conf_word *words, unsigned int word_count,
	    struct conf_route_draft *draft)
{
	for (unsigned int i = 0; i < word_count; i++) {
		const struct conf_word *word = &words[i];
		const struct route_option *option = option_find(word->text);
		const struct conf_word **value = NULL;

		if (option == NULL && draft->prefix == NULL && !is_letters(word->text)) {
			draft->prefix = word;
			continue;
		}
		if (option == NULL) {
			conf_error(load, &word->place,
				   "%s in a route is not available: a route is PREFIX via ADDRESS [dev "
				   "PORT], or "
				   "PREFIX dev PORT",
				   conf_show(load, word->text));
			return false;
		}
		if (option->lacks != NULL && i + 1 == word_count) {
			conf_error(load, &word->place, "\"%s\" lacks its %s", option->name, option->lacks);
			return false;
		}
		i += option->lacks != NULL;
		if (option->kind == ROUTE_WITHOUT_EFFECT)
			conf_warn(load, &word->place, "\"%s\" has no effect on a route here", option->name);
		else if (option->kind == ROUTE_VIA)
			value = &draft->via;
		else if (option->kind == ROUTE_DEV)
			value = &draft->dev;
		if (value != NULL && *value != NULL) {
			conf_error(load, &word->place, "a route has one \"%s\"", option->name);
			return false;
		}
		if (value != NULL)
			*value = &words[i];
	}
	return true;
}

static const struct route_option *
option_find(const char *text)
{
	for (size_t i = 0; i < sizeof(route_options) / sizeof(route_options[0]); i++) {
		if (strcmp(route_options[i].name, text) == 0)
			return &route_options[i];
	}
	return NULL;
}

/* Not a prefix, then, but one of the many other options of `ip route`. */
static bool
is_letters(const char *text)
{
	return strcmp(text, "default") != 0 && text[strspn(text, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static bool
route_prefix(struct conf_load *load, const struct conf_word *word, const struct sl_addr *via,
	     struct sl_prefix *ret_prefix)
{
	struct sl_prefix prefix, network;

	if (strcmp(word->text, "default") == 0)
		sl_prefix_parse(sl_addr_is_none(via) || sl_addr_is_v4(via) ? "0.0.0.0/0" : "::/0", &prefix);
	else if (!conf_value_prefix(load, word, "a route's prefix", &prefix))
		return false;
	network = sl_prefix_network(&prefix);
	if (!sl_addr_eq(&network.addr, &prefix.addr)) {
		conf_error(load, &word->place, "%s has bits behind its length: the network is %s", word->text,
			   conf_prefix_text(load, &network));
		return false;
	}
	if (!sl_addr_is_none(via) && sl_addr_is_v4(via) != sl_addr_is_v4(&prefix.addr)) {
		conf_error(load, &word->place, "the prefix is %s and the address behind \"via\" is %s",
			   sl_addr_is_v4(&prefix.addr) ? "IPv4" : "IPv6",
			   sl_addr_is_v4(via) ? "IPv4" : "IPv6");
		return false;
	}
	*ret_prefix = prefix;
	return true;
}
