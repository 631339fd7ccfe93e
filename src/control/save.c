/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The box and its network as text (save.h); services are in save_service.c.
 * What has its default is left out, but where saying it tells a reader
 * something. Everything that could be read as a comment, a brace or a variable
 * stands in quotes and escaped.
 */
#include "save.h"

#include "conf_write.h"
#include "sl_addr.h"

enum { ANSWER_RATE_DEFAULT = 1000, KERNEL_RATE_DEFAULT = 50000 };

static void save_announce(FILE *out, const struct conf_announce *announce);
static const char *port_name(const struct conf *conf, unsigned int port);
static bool follows(const struct dp_local_addr *before, const struct dp_local_addr *after);

void
save_globals(FILE *out, const struct conf *conf)
{
	unsigned int tcp_s, tcp_fin_s, udp_s;

	dp_timeouts_get(&tcp_s, &tcp_fin_s, &udp_s);
	fprintf(out, "global_defs {\n");
	if (conf->router_id[0] != '\0')
		conf_write_quoted(out, "    router_id", conf->router_id);
	fprintf(out, "    lvs_timeouts tcp %u tcpfin %u udp %u\n", tcp_s, tcp_fin_s, udp_s);
	fprintf(out, "    conn_reuse_mode %u\n", conf->conn_reuse_mode);
	if (conf->script_security)
		fprintf(out, "    enable_script_security on\n");
	conf_write_ha_global(out, "    ", conf);
	save_announce(out, &conf->announce);
	if (conf->socket_path[0] != '\0')
		conf_write_quoted(out, "    control_socket", conf->socket_path);
	fprintf(out, "}\n\ndataplane {\n");
	if (conf->workers > 0)
		fprintf(out, "    workers %u\n", conf->workers);
	for (unsigned int i = 0; i < conf->worker_cpu_count; i++)
		fprintf(out, "%s%d%s", i == 0 ? "    worker_cores " : ",", conf->worker_cpus[i],
			i + 1 == conf->worker_cpu_count ? "\n" : "");
	fprintf(out, "    idle %s\n", conf->idle == DP_IDLE_BUSY ? "busy" : "adaptive");
	fprintf(out, "    connections %u\n", conf->connections);
	if (conf->mbufs > 0)
		fprintf(out, "    mbufs %u\n", conf->mbufs);
	if (conf->memory_mb > 0)
		fprintf(out, "    memory %u\n", conf->memory_mb);
	if (!conf->pmtu_disc)
		fprintf(out, "    pmtu_disc off\n");
	if (conf->answer_rate != ANSWER_RATE_DEFAULT)
		fprintf(out, "    answer_rate %u\n", conf->answer_rate);
	if (conf->kernel_rate != KERNEL_RATE_DEFAULT)
		fprintf(out, "    kernel_rate %u\n", conf->kernel_rate);
	fprintf(out, "}\n");
}

static void
save_announce(FILE *out, const struct conf_announce *announce)
{
	if (announce->table == 0)
		return;
	fprintf(out, "    announce_table %u\n", announce->table);
	fprintf(out, "    announce_port %s\n", announce->port);
	if (announce->any)
		fprintf(out, "    announce_while any\n");
}

void
save_port(FILE *out, const struct conf_port *port)
{
	const struct dp_port_conf *dp = &port->dp;
	char text[SL_PREFIX_STRLEN];

	fprintf(out, "\nport %s {\n", dp->name);
	conf_write_quoted(out, "    device", dp->device);
	if (dp->queues > 0)
		fprintf(out, "    queues %u\n", dp->queues);
	for (unsigned int i = 0; i < port->addr_count; i++)
		fprintf(out, "    address %s\n", sl_prefix_format(&port->addrs[i], text));
	if (!sl_addr_is_none(&port->gateway4))
		fprintf(out, "    gateway %s\n", sl_addr_format(&port->gateway4, text));
	if (!sl_addr_is_none(&port->gateway6))
		fprintf(out, "    gateway %s\n", sl_addr_format(&port->gateway6, text));
	if (dp->mtu > 0)
		fprintf(out, "    mtu %u\n", dp->mtu);
	if (dp->promiscuous)
		fprintf(out, "    promiscuous on\n");
	if (dp->tap)
		fprintf(out, "    tap on\n");
	if (dp->transit_kernel)
		fprintf(out, "    transit kernel\n");
	if (dp->closed_drop)
		fprintf(out, "    closed_port drop\n");
	fprintf(out, "}\n");
}

void
save_route(FILE *out, const struct conf *conf, const struct dp_route *route)
{
	char prefix[SL_PREFIX_STRLEN], via[SL_ADDR_STRLEN];

	fprintf(out, "static_route %s", sl_prefix_format(&route->prefix, prefix));
	if (!sl_addr_is_none(&route->via))
		fprintf(out, " via %s", sl_addr_format(&route->via, via));
	if (route->port >= 0)
		fprintf(out, " dev %s", port_name(conf, (unsigned int)route->port));
	fputc('\n', out);
}

void
save_neigh(FILE *out, const struct conf *conf, const struct dp_static_neigh *neigh)
{
	char addr[SL_ADDR_STRLEN], mac[SL_MAC_STRLEN];

	fprintf(out, "static_neighbor %s %s dev %s\n", sl_addr_format(&neigh->addr, addr),
		sl_mac_format(neigh->mac, mac), port_name(conf, neigh->port));
}

/* Addresses that follow each other on one port are a range again. */
void
save_group(FILE *out, const struct conf *conf, const struct conf_local_group *group)
{
	char first[SL_ADDR_STRLEN], last[SL_ADDR_STRLEN];
	unsigned int i = 0, end;

	fprintf(out, "\nlocal_address_group %s {\n", group->name);
	for (; i < group->addr_count; i = end) {
		end = i + 1;
		while (end < group->addr_count && follows(&group->addrs[end - 1], &group->addrs[end]))
			end++;
		fprintf(out, "    %s", sl_addr_format(&group->addrs[i].addr, first));
		if (end > i + 1)
			fprintf(out, "-%s", sl_addr_format(&group->addrs[end - 1].addr, last));
		fprintf(out, " %s\n", port_name(conf, group->addrs[i].port));
	}
	if (group->instance[0] != '\0')
		conf_write_quoted(out, "    vrrp_instance", group->instance);
	fprintf(out, "}\n");
}

void
save_ha(FILE *out, const struct conf *conf, enum conf_ha_block kind, unsigned int i)
{
	const char *name = conf_write_ha_name(conf, kind, i);

	fprintf(out, "\n%s", conf_write_ha_keyword(conf, kind, i));
	if (name != NULL)
		conf_write_word(out, name);
	fprintf(out, " {\n");
	conf_write_ha(out, "    ", conf, kind, i);
	fprintf(out, "}\n");
}

static const char *
port_name(const struct conf *conf, unsigned int port)
{
	return conf->ports[port].dp.name;
}

static bool
follows(const struct dp_local_addr *before, const struct dp_local_addr *after)
{
	struct sl_addr next = sl_addr_next(&before->addr);

	return before->port == after->port && sl_addr_eq(&next, &after->addr) &&
	       sl_addr_is_v4(&before->addr) == sl_addr_is_v4(&after->addr);
}
