/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What objects say against each other, once all are known: names that nobody
 * has, things that are there twice, addresses that no port can reach.
 *
 * Where something could not be read (load->incomplete, or a port's addresses
 * had faults), nothing is reported as missing: it may be in what was not read.
 */
#include "conf_load.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct address_owner {
	const struct conf_port *port;
	struct conf_place place;
};

struct check {
	struct conf_load *load;
	bool uncertain;                          /* some port's subnets are not all known */
	struct conf_table owners;                /* own address -> struct address_owner */
	struct conf_table vips;                  /* VIP -> struct conf_service */
	struct conf_table network;               /* prefix -> whatever leads there */
	bool network_len[129];                   /* which lengths it has, in bits of the 16-byte form */
	const struct conf_port *gateway_port[2]; /* by family: 0 IPv4, 1 IPv6 */
};

static void ports_check(struct check *check);
static void port_devices_check(struct check *check);
static void port_addrs_check(struct check *check, unsigned int number);
static void port_gateways_check(struct check *check, unsigned int number);
static void gateway_check(struct check *check, unsigned int number, const struct sl_addr *gateway,
			  const struct conf_place *place, const struct conf_port **holder);
static void routes_check(struct check *check);
static bool route_check(struct check *check, struct conf_route_draft *draft, struct conf_table *seen);
static void neighs_check(struct check *check);
static void services_check(struct check *check);
static void service_check(struct check *check, struct conf_service *service);
static const struct conf_real *real_before(struct check *check, struct conf_table *seen,
					   const struct conf_service *service, unsigned int number);
static void real_check(struct check *check, const struct conf_real *real);

static int port_find(struct check *check, const struct conf_word *name);
static const struct conf_port *link_find(const struct check *check, const struct sl_addr *addr, int port);
static bool is_link_local(const struct sl_addr *addr);
static void network_add(struct check *check, const struct sl_prefix *prefix);
static bool network_has(const struct check *check, const struct sl_addr *addr);
static const char *key_text(struct check *check, const struct dp_service_key *key);

void
conf_check(struct conf_load *load)
{
	struct check *check = conf_arena_alloc(load->scratch, sizeof(*check));

	check->load = load;
	check->uncertain = load->incomplete;
	for (unsigned int i = 0; i < load->conf->port_count; i++)
		check->uncertain |= load->port_drafts[i].addrs_uncertain;
	ports_check(check);
	routes_check(check);
	neighs_check(check);
	services_check(check);
}

static void
ports_check(struct check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;

	if (!load->port_seen && !load->incomplete) {
		struct conf_place place = { .file = load->first_file, .line = 1, .column = 1 };

		conf_error(load, &place,
			   "no port is defined: without \"port NAME { device ... }\" there is nothing to "
			   "balance");
	}
	port_devices_check(check);
	for (unsigned int i = 0; i < conf->port_count; i++)
		port_addrs_check(check, i);
	for (unsigned int i = 0; i < conf->port_count; i++)
		port_gateways_check(check, i);
}

/* The same device twice, by its name before the first comma. */
static void
port_devices_check(struct check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;

	for (unsigned int i = 1; i < conf->port_count; i++) {
		const char *device = conf->ports[i].dp.device;
		size_t len = strcspn(device, ",");

		for (unsigned int j = 0; j < i && len > 0; j++) {
			const char *other = conf->ports[j].dp.device;
			size_t other_len = strcspn(other, ",");
			/* 3b:00.0 is 0000:3b:00.0 */
			size_t skip = strncmp(device, "0000:", 5) == 0 ? 5 : 0;
			size_t other_skip = strncmp(other, "0000:", 5) == 0 ? 5 : 0;

			if (len - skip == other_len - other_skip &&
			    strncasecmp(device + skip, other + other_skip, len - skip) == 0) {
				conf_error(load, &load->port_drafts[i].device_place,
					   "device %.*s is that of port %s already (line %u)", (int)len,
					   device, conf->ports[j].dp.name,
					   load->port_drafts[j].device_place.line);
				break;
			}
		}
	}
}

static void
port_addrs_check(struct check *check, unsigned int number)
{
	struct conf_load *load = check->load;
	const struct conf_port *port = &load->conf->ports[number];
	const struct conf_port_draft *draft = &load->port_drafts[number];

	for (unsigned int i = 0; i < port->addr_count; i++) {
		const struct sl_prefix *prefix = &port->addrs[i];
		struct address_owner *owner = conf_arena_alloc(load->scratch, sizeof(*owner)), *before;

		*owner = (struct address_owner){ .port = port, .place = draft->addr_places[i] };
		before = conf_table_put(&check->owners, load->scratch, prefix->addr.b, sizeof(prefix->addr.b),
					owner);
		if (before != NULL) {
			conf_error(load, &owner->place, "address %s is that of port %s already (line %u)",
				   conf_addr_text(load, &prefix->addr), before->port->dp.name,
				   before->place.line);
			continue;
		}

		/* Two ports on one subnet: replies could leave by either. */
		for (unsigned int j = 0; j < number; j++) {
			const struct conf_port *other = &load->conf->ports[j];

			for (unsigned int k = 0; k < other->addr_count; k++) {
				const struct sl_prefix *theirs = &other->addrs[k];

				if (theirs->len == prefix->len && sl_prefix_contains(theirs, &prefix->addr))
					conf_error(
						load, &owner->place,
						"subnet of %s is that of port %s already (%s in line %u): a "
						"subnet is on one port",
						conf_prefix_text(load, prefix), other->dp.name,
						conf_prefix_text(load, theirs),
						load->port_drafts[j].addr_places[k].line);
			}
		}
		if (!sl_addr_is_v4(&prefix->addr) && port->dp.mtu != 0 && port->dp.mtu < 1280)
			conf_error(load, &draft->mtu_place, "mtu %u is too small for IPv6, which needs 1280",
				   port->dp.mtu);
		network_add(check, prefix);
	}
}

static void
port_gateways_check(struct check *check, unsigned int number)
{
	struct conf_load *load = check->load;
	const struct conf_port *port = &load->conf->ports[number];
	const struct conf_port_draft *draft = &load->port_drafts[number];

	if (!sl_addr_is_none(&port->gateway4))
		gateway_check(check, number, &port->gateway4, &draft->gateway4_place,
			      &check->gateway_port[0]);
	if (!sl_addr_is_none(&port->gateway6))
		gateway_check(check, number, &port->gateway6, &draft->gateway6_place,
			      &check->gateway_port[1]);
}

static void
gateway_check(struct check *check, unsigned int number, const struct sl_addr *gateway,
	      const struct conf_place *place, const struct conf_port **holder)
{
	struct conf_load *load = check->load;
	const struct conf_port *port = &load->conf->ports[number];
	const char *text = conf_addr_text(load, gateway);

	if (*holder != NULL)
		conf_error(load, place,
			   "port %s has the %s gateway already: there is one default route of each family; "
			   "others are static_route PREFIX via %s",
			   (*holder)->dp.name, sl_addr_is_v4(gateway) ? "IPv4" : "IPv6", text);
	else
		*holder = port;
	if (conf_table_get(&check->owners, gateway->b, sizeof(gateway->b)) != NULL)
		conf_error(load, place, "gateway %s is an address of this box itself", text);
	else if (!check->uncertain && !is_link_local(gateway) &&
		 link_find(check, gateway, (int)number) == NULL)
		conf_error(load, place,
			   "gateway %s is on no subnet of port %s: one of its addresses must be of "
			   "the gateway's subnet",
			   text, port->dp.name);
}

static void
routes_check(struct check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;
	struct conf_table seen = { 0 };

	for (unsigned int i = 0; i < load->route_count; i++) {
		if (!route_check(check, &load->routes[i], &seen))
			continue;
		conf->routes =
			conf_arena_grow(load->keep, conf->routes, conf->route_count, sizeof(*conf->routes));
		conf->routes[conf->route_count++] = load->routes[i].route;
	}
}

static bool
route_check(struct check *check, struct conf_route_draft *draft, struct conf_table *seen)
{
	struct conf_load *load = check->load;
	struct dp_route *route = &draft->route.dp;
	unsigned int bits = sl_prefix_bits(&route->prefix);
	const struct conf_place *place = &draft->prefix->place;
	struct conf_route_draft *before;
	uint8_t key[17];

	memcpy(key, route->prefix.addr.b, 16);
	key[16] = (uint8_t)bits;
	before = conf_table_put(seen, load->scratch, key, sizeof(key), draft);
	if (before != NULL) {
		conf_error(load, place, "there is a route to %s in line %u of %s already",
			   conf_prefix_text(load, &route->prefix), before->prefix->place.line,
			   before->prefix->place.file);
		return false;
	}
	if (route->prefix.len == 0 && check->gateway_port[!sl_addr_is_v4(&route->prefix.addr)] != NULL) {
		conf_error(load, place, "port %s has a gateway, which is the route to %s already",
			   check->gateway_port[!sl_addr_is_v4(&route->prefix.addr)]->dp.name,
			   conf_prefix_text(load, &route->prefix));
		return false;
	}
	network_add(check, &route->prefix);
	if (draft->dev != NULL) {
		route->port = port_find(check, draft->dev);
		if (route->port < 0)
			return false;
	}
	if (draft->via == NULL || check->uncertain)
		return true;
	if (conf_table_get(&check->owners, route->via.b, sizeof(route->via.b)) != NULL) {
		conf_error(load, &draft->via->place, "%s is an address of this box itself", draft->via->text);
		return false;
	}
	if (is_link_local(&route->via)) {
		if (route->port < 0)
			conf_error(load, &draft->via->place,
				   "%s is link-local and exists on every port: \"dev PORT\" must say which",
				   draft->via->text);
		return route->port >= 0;
	}
	if (link_find(check, &route->via, route->port) == NULL) {
		conf_error(load, &draft->via->place,
			   "%s is on no subnet of %s%s: a route leads to a neighbour of this box",
			   draft->via->text, route->port < 0 ? "any port" : "port ",
			   route->port < 0 ? "" : draft->dev->text);
		return false;
	}
	return true;
}

static void
neighs_check(struct check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;
	struct conf_table seen = { 0 };

	for (unsigned int i = 0; i < load->neigh_count; i++) {
		struct conf_neigh_draft *draft = &load->neighs[i], *before;
		int port = port_find(check, draft->dev);

		if (port < 0)
			continue;
		draft->neigh.dp.port = (unsigned int)port;

		struct {
			struct sl_addr addr;
			uint64_t port;
		} key = { draft->neigh.dp.addr, (uint64_t)port };

		before = conf_table_put(&seen, load->scratch, &key, sizeof(key), draft);
		if (before != NULL) {
			conf_error(load, &draft->addr->place,
				   "static_neighbor %s on port %s is in line %u of %s already",
				   draft->addr->text, draft->dev->text, before->addr->place.line,
				   before->addr->place.file);
			continue;
		}
		if (conf_table_get(&check->owners, key.addr.b, sizeof(key.addr.b)) != NULL)
			conf_error(load, &draft->addr->place, "%s is an address of this box itself",
				   draft->addr->text);
		conf->neighs =
			conf_arena_grow(load->keep, conf->neighs, conf->neigh_count, sizeof(*conf->neighs));
		conf->neighs[conf->neigh_count++] = draft->neigh;
	}
}

static void
services_check(struct check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;
	struct conf_table seen = { 0 };

	for (unsigned int i = 0; i < conf->service_count; i++)
		conf_table_put(&check->vips, load->scratch, conf->services[i].key.vip.b,
			       sizeof(conf->services[i].key.vip.b), &conf->services[i]);
	for (unsigned int i = 0; i < conf->service_count; i++) {
		struct conf_service *service = &conf->services[i], *before;
		struct {
			struct sl_addr vip;
			uint64_t rest;
		} key = { service->key.vip, (uint64_t)service->key.port << 8 | service->key.proto };

		before = load->service_keys_good[i]
				 ? conf_table_put(&seen, load->scratch, &key, sizeof(key), service)
				 : NULL;
		if (before != NULL)
			conf_error(load, &service->place, "virtual_server %s is in line %u of %s already",
				   key_text(check, &service->key), before->place.line, before->place.file);
		service_check(check, service);
	}
}

static void
service_check(struct check *check, struct conf_service *service)
{
	struct conf_table seen = { 0 };
	struct conf_load *load = check->load;
	const struct address_owner *owner =
		conf_table_get(&check->owners, service->key.vip.b, sizeof(service->key.vip.b));

	if (owner != NULL)
		conf_warn(load, &service->place,
			  "VIP %s is also the address of port %s (line %u): whatever comes to it and is for "
			  "none "
			  "of its services is dropped",
			  conf_addr_text(load, &service->key.vip), owner->port->dp.name, owner->place.line);
	for (unsigned int i = 0; i < service->real_count; i++) {
		const struct conf_real *real = &service->reals[i];
		const struct conf_real *before = real_before(check, &seen, service, i);

		if (before != NULL)
			conf_error(load, &real->place,
				   "real_server %s is in line %u of this virtual_server already",
				   conf_endpoint_text(load, &real->addr, real->port), before->place.line);
		else
			real_check(check, real);
	}
}

/* The same address and port, further up in the service; few servers are compared one by one. */
static const struct conf_real *
real_before(struct check *check, struct conf_table *seen, const struct conf_service *service,
	    unsigned int number)
{
	enum { FEW = 8 };
	struct conf_real *real = &service->reals[number];
	struct {
		struct sl_addr addr;
		uint64_t port;
	} key = { real->addr, real->port };

	if (service->real_count > FEW)
		return conf_table_put(seen, check->load->scratch, &key, sizeof(key), real);
	for (unsigned int i = 0; i < number; i++) {
		const struct conf_real *other = &service->reals[i];

		if (other->port == real->port && sl_addr_eq(&other->addr, &real->addr))
			return other;
	}
	return NULL;
}

static void
real_check(struct check *check, const struct conf_real *real)
{
	struct conf_load *load = check->load;
	const struct address_owner *owner =
		conf_table_get(&check->owners, real->addr.b, sizeof(real->addr.b));

	if (owner != NULL)
		conf_error(load, &real->place,
			   "real_server %s is this box itself (port %s, line %u): servers run elsewhere",
			   conf_addr_text(load, &real->addr), owner->port->dp.name, owner->place.line);
	else if (conf_table_get(&check->vips, real->addr.b, sizeof(real->addr.b)) != NULL)
		conf_error(load, &real->place,
			   "real_server %s is a VIP: connections would come back to this box",
			   conf_addr_text(load, &real->addr));
	else if (!check->uncertain && load->conf->port_count > 0 && !network_has(check, &real->addr))
		conf_warn(load, &real->place,
			  "there is no way to real_server %s: no subnet of a port, static_route or gateway "
			  "leads there",
			  conf_addr_text(load, &real->addr));
}

/* The number of a port, or -1 after reporting that there is none of that name. */
static int
port_find(struct check *check, const struct conf_word *name)
{
	struct conf_load *load = check->load;
	const struct conf *conf = load->conf;
	const char *names = "";

	for (unsigned int i = 0; i < conf->port_count; i++) {
		if (strcmp(conf->ports[i].dp.name, name->text) == 0)
			return (int)i;
		names = conf_arena_printf(load->scratch, "%s%s%s", names, i > 0 ? ", " : "",
					  conf->ports[i].dp.name);
	}
	if (!conf_value_defined(load, name))
		return -1;
	if (!load->incomplete)
		conf_error(load, &name->place, "there is no port %s%s%s", conf_show(load, name->text),
			   conf->port_count > 0 ? ": there are " : "", names);
	return -1;
}

/* The port on one of whose subnets the address is; `port` asks for that one only. */
static const struct conf_port *
link_find(const struct check *check, const struct sl_addr *addr, int port)
{
	const struct conf *conf = check->load->conf;

	for (unsigned int i = 0; i < conf->port_count; i++) {
		if (port >= 0 && (unsigned int)port != i)
			continue;
		for (unsigned int j = 0; j < conf->ports[i].addr_count; j++) {
			if (sl_prefix_contains(&conf->ports[i].addrs[j], addr))
				return &conf->ports[i];
		}
	}
	return NULL;
}

static bool
is_link_local(const struct sl_addr *addr)
{
	return addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

static void
network_add(struct check *check, const struct sl_prefix *prefix)
{
	struct sl_prefix network = sl_prefix_network(prefix);
	unsigned int bits = sl_prefix_bits(&network);
	uint8_t key[17];

	memcpy(key, network.addr.b, 16);
	key[16] = (uint8_t)bits;
	conf_table_put(&check->network, check->load->scratch, key, sizeof(key), check);
	check->network_len[bits] = true;
}

/* Does anything lead to the address? One look for each length that there is. */
static bool
network_has(const struct check *check, const struct sl_addr *addr)
{
	bool v4 = sl_addr_is_v4(addr);

	if (check->gateway_port[!v4] != NULL)
		return true;
	for (unsigned int bits = v4 ? 96 : 0; bits <= 128; bits++) {
		struct sl_prefix prefix = { *addr, (uint8_t)(v4 ? bits - 96 : bits) };
		uint8_t key[17];

		if (!check->network_len[bits])
			continue;
		prefix = sl_prefix_network(&prefix);
		memcpy(key, prefix.addr.b, 16);
		key[16] = (uint8_t)bits;
		if (conf_table_get(&check->network, key, sizeof(key)) != NULL)
			return true;
	}
	return false;
}

static const char *
key_text(struct check *check, const struct dp_service_key *key)
{
	return conf_arena_printf(check->load->scratch, "%s %s", key->proto == SL_PROTO_UDP ? "UDP" : "TCP",
				 conf_endpoint_text(check->load, &key->vip, key->port));
}
