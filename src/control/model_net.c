/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network part of a configuration, as the data plane takes it: addresses,
 * routes (gateways are the default routes), static neighbours, local addresses
 * of full NAT, and which addresses are the box's only while a vrrp_instance is MASTER.
 *
 * A file may name its ports in any order; the data plane counts them in the
 * order in which they were opened. Two networks are compared as sets of lines
 * of text, which are also what people see of the difference. Control thread
 * only.
 */
#include "model_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { NET_LINE_SIZE = 160 };

/* A network as sorted lines. */
struct net_text {
	char (*line)[NET_LINE_SIZE];
	unsigned int count;
};

static void net_fill(struct model_net *net, const struct conf *conf, const struct model *model);
static void net_fill_groups(struct model_net *net, const struct conf *conf, const struct model *model);
static struct sl_addr *kept_make(const struct ka_conf *ka, unsigned int *ret_count);
static unsigned int kept_add(struct sl_addr *kept, unsigned int count, const struct ka_track *tracks,
			     unsigned int track_count);
static void net_gateway(struct model_net *net, unsigned int port, const struct sl_addr *via);
static int text_build(struct net_text *ret_text, const struct model *model, const struct model_net *of);
static void text_route(char line[NET_LINE_SIZE], const struct model *model, const struct dp_route *route);
static const char *port_name(const struct model *model, unsigned int port);
static int line_compare(const void *a, const void *b);

int
model_net_build(struct model_net *ret_net, const struct conf *conf, const struct model *model,
		const struct model_groups *owners)
{
	unsigned int addrs = 0, locals = 0, routes, neighs;
	struct ka_conf *ka;

	*ret_net = (struct model_net){ .owners = owners };
	if (conf == NULL)
		return 0;
	ka = model_groups_ka(owners, conf, model);
	for (unsigned int i = 0; i < conf->port_count; i++)
		addrs += conf->ports[i].addr_count;
	routes = conf->route_count + 2 * conf->port_count;
	neighs = conf->neigh_count;
	for (unsigned int i = 0; i < conf->group_count; i++)
		locals += conf->groups[i].addr_count;
	/* One more of each, for calloc(0) may give NULL. */
	ret_net->addrs = calloc(addrs + 1, sizeof(*ret_net->addrs));
	ret_net->routes = calloc(routes + 1, sizeof(*ret_net->routes));
	ret_net->neighs = calloc(neighs + 1, sizeof(*ret_net->neighs));
	ret_net->groups = calloc(conf->group_count + 1, sizeof(*ret_net->groups));
	ret_net->locals = calloc(locals + 1, sizeof(*ret_net->locals));
	if (ka != NULL) {
		ret_net->dp.moving_count = conf_ha_moving_count(ka);
		ret_net->moving = calloc(ret_net->dp.moving_count + 1, sizeof(*ret_net->moving));
		ret_net->kept = kept_make(ka, &ret_net->dp.kept_count);
	}
	if (ret_net->addrs == NULL || ret_net->routes == NULL || ret_net->neighs == NULL ||
	    ret_net->groups == NULL || ret_net->locals == NULL || ret_net->moving == NULL ||
	    ret_net->kept == NULL) {
		free(ka);
		model_net_fini(ret_net);
		return -ENOMEM;
	}
	net_fill(ret_net, conf, model);
	conf_ha_moving(ka, ret_net->moving);
	free(ka);
	ret_net->dp.addrs = ret_net->addrs;
	ret_net->dp.routes = ret_net->routes;
	ret_net->dp.neighs = ret_net->neighs;
	ret_net->dp.groups = ret_net->groups;
	ret_net->dp.moving = ret_net->moving;
	ret_net->dp.kept = ret_net->kept;
	return 0;
}

void
model_net_fini(struct model_net *net)
{
	free(net->addrs);
	free(net->routes);
	free(net->neighs);
	free(net->groups);
	free(net->locals);
	free(net->moving);
	free(net->kept);
	*net = (struct model_net){ 0 };
}

int
model_net_diff(const struct model *model, const struct model_net *from, const struct model_net *to,
	       void (*line)(const char *text, void *context), void *context)
{
	struct net_text old = { 0 }, new = { 0 };
	unsigned int o = 0, n = 0;
	int rc = 0;

	if (text_build(&old, model, from) < 0 || text_build(&new, model, to) < 0)
		rc = -ENOMEM;
	while (rc >= 0 && (o < old.count || n < new.count)) {
		char text[NET_LINE_SIZE + 2];
		int order = o == old.count ? 1 : n == new.count ? -1 : strcmp(old.line[o], new.line[n]);

		if (order == 0) {
			o++;
			n++;
			continue;
		}
		rc = 1;
		snprintf(text, sizeof(text), "%s %s", order < 0 ? "-" : "+",
			 order < 0 ? old.line[o++] : new.line[n++]);
		if (line != NULL)
			line(text, context);
	}
	free(old.line);
	free(new.line);
	return rc;
}

unsigned int
model_port_opened(const struct model *model, const struct conf *conf, unsigned int index)
{
	for (unsigned int i = 0; i < model->port_count; i++)
		if (strcmp(model->ports[i].name, conf->ports[index].dp.name) == 0)
			return i;
	return index;
}

static void
net_fill(struct model_net *net, const struct conf *conf, const struct model *model)
{
	struct dp_net *dp = &net->dp;

	for (unsigned int i = 0; i < conf->port_count; i++) {
		const struct conf_port *port = &conf->ports[i];
		unsigned int opened = model_port_opened(model, conf, i);

		for (unsigned int a = 0; a < port->addr_count; a++)
			net->addrs[dp->addr_count++] =
				(struct dp_net_addr){ .port = opened, .prefix = port->addrs[a] };
		net_gateway(net, opened, &port->gateway4);
		net_gateway(net, opened, &port->gateway6);
	}
	for (unsigned int i = 0; i < conf->route_count; i++) {
		struct dp_route route = conf->routes[i].dp;

		if (route.port >= 0)
			route.port = (int)model_port_opened(model, conf, (unsigned int)route.port);
		net->routes[dp->route_count++] = route;
	}
	for (unsigned int i = 0; i < conf->neigh_count; i++) {
		struct dp_static_neigh neigh = conf->neighs[i].dp;

		neigh.port = model_port_opened(model, conf, neigh.port);
		net->neighs[dp->neigh_count++] = neigh;
	}
	net_fill_groups(net, conf, model);
}

static void
net_fill_groups(struct model_net *net, const struct conf *conf, const struct model *model)
{
	struct dp_local_addr *next = net->locals;

	for (unsigned int i = 0; i < conf->group_count; i++) {
		const struct conf_local_group *from = &conf->groups[i];
		struct dp_local_group *group = &net->groups[net->dp.group_count++];

		memcpy(group->name, from->name, sizeof(group->name));
		group->addrs = next;
		group->addr_count = from->addr_count;
		for (unsigned int a = 0; a < from->addr_count; a++)
			*next++ = (struct dp_local_addr){
				.addr = from->addrs[a].addr,
				.port = model_port_opened(model, conf, from->addrs[a].port),
			};
	}
}

/* Tracked gateways, each once. NULL: out of memory. */
static struct sl_addr *
kept_make(const struct ka_conf *ka, unsigned int *ret_count)
{
	unsigned int count = 0, room = 0;
	struct sl_addr *kept;

	for (unsigned int i = 0; i < ka->instance_count; i++)
		room += ka->instances[i].track_count;
	for (unsigned int i = 0; i < ka->group_count; i++)
		room += ka->groups[i].track_count;
	kept = calloc(room + 1, sizeof(*kept));
	for (unsigned int i = 0; kept != NULL && i < ka->instance_count; i++)
		count = kept_add(kept, count, ka->instances[i].tracks, ka->instances[i].track_count);
	for (unsigned int i = 0; kept != NULL && i < ka->group_count; i++)
		count = kept_add(kept, count, ka->groups[i].tracks, ka->groups[i].track_count);
	*ret_count = count;
	return kept;
}

/* How many there are then. */
static unsigned int
kept_add(struct sl_addr *kept, unsigned int count, const struct ka_track *tracks, unsigned int track_count)
{
	for (unsigned int t = 0; t < track_count; t++) {
		struct sl_addr addr;
		unsigned int i = 0;

		if (tracks[t].kind != KA_TRACK_GATEWAY || sl_addr_parse(tracks[t].name, &addr) < 0)
			continue;
		while (i < count && !sl_addr_eq(&kept[i], &addr))
			i++;
		if (i == count)
			kept[count++] = addr;
	}
	return count;
}

static void
net_gateway(struct model_net *net, unsigned int port, const struct sl_addr *via)
{
	struct dp_route route = { .via = *via, .port = (int)port };

	if (sl_addr_is_none(via))
		return;
	if (sl_addr_is_v4(via))
		route.prefix.addr = sl_addr_from_v4(0);
	net->routes[net->dp.route_count++] = route;
}

static int
text_build(struct net_text *ret_text, const struct model *model, const struct model_net *of)
{
	const struct dp_net *net = &of->dp;
	unsigned int n = 0, locals = 0;
	char mac[SL_MAC_STRLEN], addr[SL_ADDR_STRLEN], prefix[SL_PREFIX_STRLEN];

	for (unsigned int i = 0; i < net->group_count; i++)
		locals += net->groups[i].addr_count;
	ret_text->line = calloc(net->addr_count + net->route_count + net->neigh_count + locals +
					net->moving_count + net->kept_count + 1,
				sizeof(*ret_text->line));
	if (ret_text->line == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < net->addr_count; i++)
		snprintf(ret_text->line[n++], NET_LINE_SIZE, "address %s on port %s",
			 sl_prefix_format(&net->addrs[i].prefix, prefix),
			 port_name(model, net->addrs[i].port));
	for (unsigned int i = 0; i < net->route_count; i++)
		text_route(ret_text->line[n++], model, &net->routes[i]);
	for (unsigned int i = 0; i < net->neigh_count; i++)
		snprintf(ret_text->line[n++], NET_LINE_SIZE, "neighbour %s %s on port %s",
			 sl_addr_format(&net->neighs[i].addr, addr), sl_mac_format(net->neighs[i].mac, mac),
			 port_name(model, net->neighs[i].port));
	for (unsigned int i = 0; i < net->group_count; i++)
		for (unsigned int a = 0; a < net->groups[i].addr_count; a++)
			snprintf(ret_text->line[n++], NET_LINE_SIZE,
				 "local address %s of group %s on port %s",
				 sl_addr_format(&net->groups[i].addrs[a].addr, addr), net->groups[i].name,
				 port_name(model, net->groups[i].addrs[a].port));
	for (unsigned int i = 0; i < net->moving_count; i++)
		snprintf(ret_text->line[n++], NET_LINE_SIZE, "address %s of vrrp_instance %s on port %s%s",
			 sl_prefix_format(&net->moving[i].prefix, prefix),
			 of->owners->name[net->moving[i].group], port_name(model, net->moving[i].port),
			 net->moving[i].no_ping ? ", without ping" : "");
	for (unsigned int i = 0; i < net->kept_count; i++)
		snprintf(ret_text->line[n++], NET_LINE_SIZE, "tracked gateway %s",
			 sl_addr_format(&net->kept[i], addr));
	ret_text->count = n;
	qsort(ret_text->line, n, sizeof(*ret_text->line), line_compare);
	return 0;
}

static void
text_route(char line[NET_LINE_SIZE], const struct model *model, const struct dp_route *route)
{
	char prefix[SL_PREFIX_STRLEN], via[SL_ADDR_STRLEN];
	int len = snprintf(line, NET_LINE_SIZE, "route %s", sl_prefix_format(&route->prefix, prefix));

	if (!sl_addr_is_none(&route->via))
		len += snprintf(line + len, NET_LINE_SIZE - (size_t)len, " via %s",
				sl_addr_format(&route->via, via));
	if (route->port >= 0)
		snprintf(line + len, NET_LINE_SIZE - (size_t)len, " on port %s",
			 port_name(model, (unsigned int)route->port));
}

static const char *
port_name(const struct model *model, unsigned int port)
{
	return port < model->port_count ? model->ports[port].name : "?";
}

static int
line_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}
