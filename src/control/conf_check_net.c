/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of the network say against each other: devices, addresses and
 * subnets that are there twice, gateways and routes that lead nowhere, names of
 * ports that do not exist. Turns the drafts of routes and neighbours into those
 * of the configuration, and remembers which way leads where (conf_check.h).
 */
#include "conf_check.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <string.h>
#include <strings.h>

static void devices_check(struct conf_check *check);
static void addrs_check(struct conf_check *check, unsigned int number);
static bool addr_add(struct conf_check *check, unsigned int number, unsigned int i);
static void subnet_check(struct conf_check *check, unsigned int number, unsigned int i);
static void routes_resolve(struct conf_check *check);
static void gateways_check(struct conf_check *check, unsigned int number);
static void gateway_check(struct conf_check *check, unsigned int number, const struct sl_addr *gateway,
			  const struct conf_place *place);
static void routes_check(struct conf_check *check);
static bool via_check(struct conf_check *check, const struct conf_route_draft *draft);
static void neighs_check(struct conf_check *check);
static void neigh_check(struct conf_check *check, const struct conf_neigh_draft *draft);

static bool is_on_link(const struct conf_check *check, const struct sl_addr *addr, int port);
static bool is_link_local(const struct sl_addr *addr);
static void way_key(const struct sl_prefix *network, uint8_t key[17]);
static void way_add(struct conf_check *check, const struct sl_prefix *prefix, enum conf_way way);

void
conf_check_net(struct conf_check *check)
{
	struct conf_load *load = check->load;

	if (!load->port_seen && !load->incomplete) {
		struct conf_place place = { .file = load->first_file, .line = 1, .column = 1 };

		conf_error(load, &place,
			   "no port is defined: without \"port NAME { device ... }\" there is nothing to "
			   "balance");
	}
	devices_check(check);
	for (unsigned int i = 0; i < load->conf->port_count; i++)
		addrs_check(check, i);
	routes_resolve(check);
	for (unsigned int i = 0; i < load->conf->port_count; i++)
		gateways_check(check, i);
	routes_check(check);
	neighs_check(check);
}

const struct conf_owner *
conf_check_owner(const struct conf_check *check, const struct sl_addr *addr)
{
	return conf_table_get(&check->owners, addr->b, sizeof(addr->b));
}

/* The longest prefix that holds the address: one look for each length that there is. */
enum conf_way
conf_check_way(const struct conf_check *check, const struct sl_addr *addr)
{
	bool v4 = sl_addr_is_v4(addr);

	for (int bits = 128; bits >= (v4 ? 96 : 0); bits--) {
		struct sl_prefix prefix = { *addr, (uint8_t)(v4 ? bits - 96 : bits) };
		uint8_t key[17];
		void *way;

		if (!check->way_len[bits])
			continue;
		prefix = sl_prefix_network(&prefix);
		way_key(&prefix, key);
		way = conf_table_get(&check->ways, key, sizeof(key));
		if (way != NULL)
			return (enum conf_way)(uintptr_t)way;
	}
	return check->gateway_port[!v4] != NULL ? CONF_WAY_ROUTER : CONF_WAY_NONE;
}

int
conf_check_port(struct conf_check *check, const struct conf_word *name)
{
	struct conf_load *load = check->load;
	const struct conf *conf = load->conf;
	const char *names = "";

	for (unsigned int i = 0; i < conf->port_count; i++) {
		if (strcmp(conf->ports[i].dp.name, name->text) == 0)
			return (int)i;
	}
	if (!conf_value_defined(load, name) || load->incomplete)
		return -1;
	for (unsigned int i = 0; i < conf->port_count; i++)
		names = conf_arena_printf(load->scratch, "%s%s%s", names, i > 0 ? ", " : ": there are ",
					  conf->ports[i].dp.name);
	conf_error(load, &name->place, "there is no port %s%s", conf_show(load, name->text), names);
	return -1;
}

/* The same device twice, by its name before the first comma; 3b:00.0 is 0000:3b:00.0. */
static void
devices_check(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;

	for (unsigned int i = 1; i < conf->port_count; i++) {
		const char *device = conf->ports[i].dp.device;
		size_t skip = strncmp(device, "0000:", 5) == 0 ? 5 : 0;
		size_t len = strcspn(device + skip, ",");

		for (unsigned int j = 0; j < i && len > 0; j++) {
			const char *other = conf->ports[j].dp.device;

			other += strncmp(other, "0000:", 5) == 0 ? 5 : 0;
			if (strcspn(other, ",") != len || strncasecmp(device + skip, other, len) != 0)
				continue;
			conf_error(load, &load->port_drafts[i].device_place,
				   "device %.*s is that of port %s already (%s)", (int)(skip + len), device,
				   conf->ports[j].dp.name,
				   conf_where(load, &load->port_drafts[j].device_place,
					      &load->port_drafts[i].device_place));
			break;
		}
	}
}

static void
addrs_check(struct conf_check *check, unsigned int number)
{
	struct conf_load *load = check->load;
	const struct conf_port *port = &load->conf->ports[number];
	bool has_v6 = false;

	for (unsigned int i = 0; i < port->addr_count; i++) {
		has_v6 |= !sl_addr_is_v4(&port->addrs[i].addr);
		if (addr_add(check, number, i))
			subnet_check(check, number, i);
	}
	if (has_v6 && port->dp.mtu != 0 && port->dp.mtu < 1280)
		conf_error(load, &load->port_drafts[number].mtu_place,
			   "mtu %u is too small for IPv6, which needs 1280", port->dp.mtu);
}

static bool
addr_add(struct conf_check *check, unsigned int number, unsigned int i)
{
	struct conf_load *load = check->load;
	const struct conf_port *port = &load->conf->ports[number];
	const struct sl_prefix *prefix = &port->addrs[i];
	struct conf_owner *owner = conf_arena_alloc(load->scratch, sizeof(*owner)), *before;

	*owner = (struct conf_owner){ .port = port, .place = load->port_drafts[number].addr_places[i] };
	before = conf_table_put(&check->owners, load->scratch, prefix->addr.b, sizeof(prefix->addr.b), owner);
	if (before != NULL) {
		conf_error(load, &owner->place, "address %s is that of port %s already (%s)",
			   conf_addr_text(load, &prefix->addr), before->port->dp.name,
			   conf_where(load, &before->place, &owner->place));
		return false;
	}
	way_add(check, prefix, CONF_WAY_LINK);
	return true;
}

/* Two ports on one subnet: packets to it could leave by either. */
static void
subnet_check(struct conf_check *check, unsigned int number, unsigned int i)
{
	struct conf_load *load = check->load;
	const struct sl_prefix *prefix = &load->conf->ports[number].addrs[i];
	const struct conf_place *place = &load->port_drafts[number].addr_places[i];

	for (unsigned int j = 0; j < number; j++) {
		const struct conf_port *other = &load->conf->ports[j];

		for (unsigned int k = 0; k < other->addr_count; k++) {
			if (other->addrs[k].len != prefix->len ||
			    !sl_prefix_contains(&other->addrs[k], &prefix->addr))
				continue;
			conf_error(load, place,
				   "the subnet of %s is that of port %s already (%s, %s): a subnet is on one "
				   "port",
				   conf_prefix_text(load, prefix), other->dp.name,
				   conf_prefix_text(load, &other->addrs[k]),
				   conf_where(load, &load->port_drafts[j].addr_places[k], place));
			return;
		}
	}
}

/* Finds the routes' ports, and keeps those routes that put a network on a link. */
static void
routes_resolve(struct conf_check *check)
{
	struct conf_load *load = check->load;

	for (unsigned int i = 0; i < load->route_count; i++) {
		struct conf_route_draft *draft = &load->routes[i];

		if (draft->dev != NULL) {
			draft->route.dp.port = conf_check_port(check, draft->dev);
			draft->lost = draft->route.dp.port < 0;
		}
		way_add(check, &draft->route.dp.prefix, draft->via == NULL ? CONF_WAY_LINK : CONF_WAY_ROUTER);
		if (draft->via != NULL || draft->lost)
			continue;
		load->links =
			conf_arena_grow(load->scratch, load->links, load->link_count, sizeof(*load->links));
		load->links[load->link_count++] = &draft->route.dp;
	}
}

static void
gateways_check(struct conf_check *check, unsigned int number)
{
	const struct conf_port *port = &check->load->conf->ports[number];
	const struct conf_port_draft *draft = &check->load->port_drafts[number];

	if (!sl_addr_is_none(&port->gateway4))
		gateway_check(check, number, &port->gateway4, &draft->gateway4_place);
	if (!sl_addr_is_none(&port->gateway6))
		gateway_check(check, number, &port->gateway6, &draft->gateway6_place);
}

static void
gateway_check(struct conf_check *check, unsigned int number, const struct sl_addr *gateway,
	      const struct conf_place *place)
{
	struct conf_load *load = check->load;
	const struct conf_port *port = &load->conf->ports[number];
	const struct conf_port **holder = &check->gateway_port[!sl_addr_is_v4(gateway)];
	const char *text = conf_addr_text(load, gateway);

	if (*holder != NULL)
		conf_error(load, place,
			   "port %s has the %s gateway already: there is one default route of each family; "
			   "others are static_route PREFIX via %s",
			   (*holder)->dp.name, sl_addr_is_v4(gateway) ? "IPv4" : "IPv6", text);
	else
		*holder = port;
	if (conf_check_owner(check, gateway) != NULL)
		conf_error(load, place, "gateway %s is an address of this box itself", text);
	else if (!load->port_drafts[number].addrs_uncertain && !load->incomplete && !is_link_local(gateway) &&
		 !is_on_link(check, gateway, (int)number))
		conf_error(load, place,
			   "gateway %s is on no subnet of port %s: one of its addresses must be of the "
			   "gateway's "
			   "subnet, or static_route %s dev %s say that it is there",
			   text, port->dp.name, text, port->dp.name);
}

static void
routes_check(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;
	struct conf_table seen = { 0 };

	for (unsigned int i = 0; i < load->route_count; i++) {
		struct conf_route_draft *draft = &load->routes[i], *before;
		const struct dp_route *route = &draft->route.dp;
		const struct conf_port *gateway_port =
			check->gateway_port[!sl_addr_is_v4(&route->prefix.addr)];
		uint8_t key[17];

		way_key(&route->prefix, key);
		before = conf_table_put(&seen, load->scratch, key, sizeof(key), draft);
		if (before != NULL)
			conf_error(load, &draft->route.place, "there is a route to %s in %s already",
				   conf_prefix_text(load, &route->prefix),
				   conf_where(load, &before->route.place, &draft->route.place));
		else if (route->prefix.len == 0 && gateway_port != NULL)
			conf_error(load, &draft->route.place,
				   "port %s has a gateway, which is the route to %s already",
				   gateway_port->dp.name, conf_prefix_text(load, &route->prefix));
		if (draft->lost || (draft->via != NULL && !via_check(check, draft)))
			continue;
		conf->routes =
			conf_arena_grow(load->keep, conf->routes, conf->route_count, sizeof(*conf->routes));
		conf->routes[conf->route_count++] = draft->route;
	}
}

static bool
via_check(struct conf_check *check, const struct conf_route_draft *draft)
{
	struct conf_load *load = check->load;
	const struct dp_route *route = &draft->route.dp;
	const struct conf_place *place = &draft->via->place;

	if (conf_check_owner(check, &route->via) != NULL)
		conf_error(load, place, "%s is an address of this box itself", draft->via->text);
	else if (is_link_local(&route->via) && route->port < 0)
		conf_error(load, place,
			   "%s is link-local and exists on every port: \"dev PORT\" must say which",
			   draft->via->text);
	else if (!check->uncertain && !is_link_local(&route->via) &&
		 !is_on_link(check, &route->via, route->port))
		conf_error(load, place,
			   "%s is on no subnet of %s%s: a route leads to a neighbour of this box",
			   draft->via->text, route->port < 0 ? "any port" : "port ",
			   route->port < 0 ? "" : draft->dev->text);
	else
		return true;
	return false;
}

static void
neighs_check(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;
	struct conf_table seen = { 0 };

	for (unsigned int i = 0; i < load->neigh_count; i++) {
		struct conf_neigh_draft *draft = &load->neighs[i], *before;
		int port = conf_check_port(check, draft->dev);

		if (port < 0)
			continue;
		draft->neigh.dp.port = (unsigned int)port;

		struct {
			struct sl_addr addr;
			uint64_t port;
		} key = { draft->neigh.dp.addr, (uint64_t)port };

		before = conf_table_put(&seen, load->scratch, &key, sizeof(key), draft);
		if (before != NULL) {
			conf_error(load, &draft->neigh.place,
				   "static_neighbor %s on port %s is in %s already", draft->addr->text,
				   draft->dev->text,
				   conf_where(load, &before->neigh.place, &draft->neigh.place));
			continue;
		}
		neigh_check(check, draft);
		conf->neighs =
			conf_arena_grow(load->keep, conf->neighs, conf->neigh_count, sizeof(*conf->neighs));
		conf->neighs[conf->neigh_count++] = draft->neigh;
	}
}

static void
neigh_check(struct conf_check *check, const struct conf_neigh_draft *draft)
{
	struct conf_load *load = check->load;
	const struct sl_addr *addr = &draft->neigh.dp.addr;

	if (conf_check_owner(check, addr) != NULL)
		conf_error(load, &draft->neigh.place, "%s is an address of this box itself",
			   draft->addr->text);
	else if (!check->uncertain && !is_link_local(addr) &&
		 !is_on_link(check, addr, (int)draft->neigh.dp.port))
		conf_warn(load, &draft->neigh.place,
			  "static_neighbor %s is on no subnet of port %s: no packet will look for it there",
			  draft->addr->text, draft->dev->text);
}

/* On a subnet of the port, or what a route puts there; -1: of any port. */
static bool
is_on_link(const struct conf_check *check, const struct sl_addr *addr, int port)
{
	const struct conf_load *load = check->load;

	for (unsigned int i = 0; i < load->conf->port_count; i++) {
		const struct conf_port *candidate = &load->conf->ports[i];

		for (unsigned int j = 0; j < candidate->addr_count && (port < 0 || port == (int)i); j++) {
			if (sl_prefix_contains(&candidate->addrs[j], addr))
				return true;
		}
	}
	for (unsigned int i = 0; i < load->link_count; i++) {
		if (load->links[i]->port == port && sl_prefix_contains(&load->links[i]->prefix, addr))
			return true;
	}
	return false;
}

static bool
is_link_local(const struct sl_addr *addr)
{
	return addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

static void
way_key(const struct sl_prefix *network, uint8_t key[17])
{
	memcpy(key, network->addr.b, 16);
	key[16] = (uint8_t)sl_prefix_bits(network);
}

static void
way_add(struct conf_check *check, const struct sl_prefix *prefix, enum conf_way way)
{
	struct sl_prefix network = sl_prefix_network(prefix);
	uint8_t key[17];

	way_key(&network, key);
	conf_table_put(&check->ways, check->load->scratch, key, sizeof(key), (void *)(uintptr_t)way);
	check->way_len[key[16]] = true;
}
