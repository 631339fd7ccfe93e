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

static void route_build(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_word *words,
			unsigned int word_count);
static bool is_option(const char *text);
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

/* [to] PREFIX [via|gw ADDR] [dev PORT], with one of them at least. */
static void
route_build(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_word *words,
	    unsigned int word_count)
{
	struct conf_route_draft draft = { .route.place = stmt->words[0].place, .route.dp.port = -1 };
	struct sl_addr via = { 0 };
	unsigned int errors = load->faults->errors;

	for (unsigned int i = 0; i < word_count; i++) {
		const char *text = words[i].text;
		bool is_via = strcmp(text, "via") == 0 || strcmp(text, "gw") == 0;
		bool is_dev = strcmp(text, "dev") == 0;

		if (strcmp(text, "to") == 0 && draft.prefix == NULL)
			continue;
		if (!is_via && !is_dev && draft.prefix == NULL && !is_option(text)) {
			draft.prefix = &words[i];
			continue;
		}
		if (!is_via && !is_dev) {
			conf_error(load, &words[i].place,
				   "%s in a route is not available: a route is PREFIX via ADDRESS [dev "
				   "PORT], or "
				   "PREFIX dev PORT",
				   conf_show(load, text));
			return;
		}
		if (i + 1 == word_count) {
			conf_error(load, &words[i].place,
				   is_via ? "\"%s\" lacks its address" : "\"%s\" lacks its port", text);
			return;
		}
		if ((is_via && draft.via != NULL) || (is_dev && draft.dev != NULL)) {
			conf_error(load, &words[i].place, "a route has one \"%s\"", text);
			return;
		}
		i++;
		if (is_dev)
			draft.dev = &words[i];
		else if (conf_value_addr(load, &words[i], text, &via))
			draft.via = &words[i];
	}
	if (errors != load->faults->errors)
		return;
	if (draft.prefix == NULL || (draft.via == NULL && draft.dev == NULL)) {
		conf_error(load, &stmt->words[0].place,
			   "a route is PREFIX via ADDRESS [dev PORT], or PREFIX dev PORT");
		return;
	}
	draft.route.dp.via = via;
	draft.route.place = draft.prefix->place;
	if (!route_prefix(load, draft.prefix, &via, &draft.route.dp.prefix))
		return;
	load->routes = conf_arena_grow(load->scratch, load->routes, load->route_count, sizeof(draft));
	load->routes[load->route_count++] = draft;
}

/* A word of letters in the place of a prefix: one of the many options of `ip route`. */
static bool
is_option(const char *text)
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
