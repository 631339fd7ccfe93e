/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration as text (save.h). What has its default is left out, but where
 * saying it tells a reader something. Everything that could be read as a
 * comment, a brace or a variable stands in quotes and escaped.
 */
#include "save.h"

#include "sl_addr.h"
#include "tunnel.h"

#include <errno.h>
#include <stdlib.h>

enum { ANSWER_RATE_DEFAULT = 1000, KERNEL_RATE_DEFAULT = 50000 };

static void quoted(FILE *out, const char *keyword, const char *text);
static void method(FILE *out, const char *keyword, enum sl_fwd fwd, const struct dp_tunnel *tunnel);
static void options(FILE *out, const struct model_service *service);
static void server(FILE *out, const struct model_service *service, const struct model_real *real);
static const char *port_name(const struct conf *conf, unsigned int port);
static bool follows(const struct dp_local_addr *before, const struct dp_local_addr *after);

void
save_globals(FILE *out, const struct conf *conf)
{
	unsigned int tcp_s, tcp_fin_s, udp_s;

	dp_timeouts_get(&tcp_s, &tcp_fin_s, &udp_s);
	fprintf(out, "global_defs {\n");
	if (conf->router_id[0] != '\0')
		quoted(out, "    router_id", conf->router_id);
	fprintf(out, "    lvs_timeouts tcp %u tcpfin %u udp %u\n", tcp_s, tcp_fin_s, udp_s);
	fprintf(out, "    conn_reuse_mode %u\n", conf->conn_reuse_mode);
	if (conf->socket_path[0] != '\0')
		quoted(out, "    control_socket", conf->socket_path);
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

void
save_port(FILE *out, const struct conf_port *port)
{
	const struct dp_port_conf *dp = &port->dp;
	char text[SL_PREFIX_STRLEN];

	fprintf(out, "\nport %s {\n", dp->name);
	quoted(out, "    device", dp->device);
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
	fprintf(out, "}\n");
}

int
save_service(FILE *out, const struct model_service *service)
{
	const struct model_real **reals = calloc(service->real_count + 1, sizeof(*reals)), *real;
	char vip[SL_ADDR_STRLEN];
	uint32_t count = 0;

	if (reals == NULL)
		return -ENOMEM;
	fprintf(out, "\nvirtual_server %s %u {\n", sl_addr_format(&service->key.vip, vip), service->key.port);
	fprintf(out, "    protocol %s\n", service->key.proto == SL_PROTO_UDP ? "UDP" : "TCP");
	fprintf(out, "    lb_algo %s\n", service->sched->name);
	method(out, "    lb_kind", service->fwd, &service->tunnel);
	options(out, service);
	for (real = service->reals; real != NULL; real = real->next)
		reals[count++] = real;
	while (count > 0)
		server(out, service, reals[--count]);
	fprintf(out, "}\n");
	free(reals);
	return 0;
}

static void
options(FILE *out, const struct model_service *service)
{
	if (service->local_group[0] != '\0')
		fprintf(out, "    laddr_group_name %s\n", service->local_group);
	if (service->options & DP_SERVICE_TOA)
		fprintf(out, "    toa on\n");
	if (service->options & DP_SERVICE_STRIP_TS)
		fprintf(out, "    strip_tcp_timestamps on\n");
	if (service->mss == DP_MSS_AUTO)
		fprintf(out, "    mss_clamp auto\n");
	else if (service->mss != DP_MSS_KEEP)
		fprintf(out, "    mss_clamp %u\n", service->mss);
	if (service->options & DP_SERVICE_SILENT)
		fprintf(out, "    reject off\n");
}

/* That a server is draining is no matter of a file: a comment says it. */
static void
server(FILE *out, const struct model_service *service, const struct model_real *real)
{
	char addr[SL_ADDR_STRLEN];

	fprintf(out, "    real_server %s %u {%s\n", sl_addr_format(&real->addr, addr), real->port,
		real->draining ? " # draining" : "");
	fprintf(out, "        weight %u\n", real->weight);
	if (real->fwd != service->fwd || !tunnel_eq(&real->tunnel, &service->tunnel))
		method(out, "        lvs_method", real->fwd, &real->tunnel);
	fprintf(out, "    }\n");
}

static void
method(FILE *out, const char *keyword, enum sl_fwd fwd, const struct dp_tunnel *tunnel)
{
	static const char *const kinds[SL_FWD_MAX] = {
#define X(id, kind, word) [id] = kind,
		SL_FWD_LIST(X)
#undef X
	};
	char words[TUNNEL_STRLEN];

	fprintf(out, "%s %s%s%s\n", keyword, kinds[fwd], fwd == SL_FWD_TUN ? " " : "",
		fwd == SL_FWD_TUN ? tunnel_words(tunnel, words) : "");
}

static void
quoted(FILE *out, const char *keyword, const char *text)
{
	fprintf(out, "%s \"", keyword);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c > '~' || c == '"' || c == '\\' || c == '$')
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fprintf(out, "\"\n");
}

static const char *
port_name(const struct conf *conf, unsigned int port)
{
	return conf->ports[port].dp.name;
}

static bool
follows(const struct dp_local_addr *before, const struct dp_local_addr *after)
{
	struct sl_addr next = before->addr;

	for (unsigned int i = sizeof(next.b); i-- > 0 && ++next.b[i] == 0;)
		;
	return before->port == after->port && sl_addr_eq(&next, &after->addr) &&
	       sl_addr_is_v4(&before->addr) == sl_addr_is_v4(&after->addr);
}
