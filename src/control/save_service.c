/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Services and their servers as text (save.h): what runs of them by the model,
 * and by the configuration applied last what it has only there, which is
 * checks, notifiers and the settings of pools.
 *
 * Services of a virtual_server_group are written as one while they are alike;
 * a command may have changed one of them, and then each is written by itself.
 */
#include "save.h"

#include "conf_write.h"
#include "sl_addr.h"
#include "tunnel.h"

#include <errno.h>
#include <stdlib.h>

/* A service as it is written, alone or for its whole group. */
struct source {
	const struct model_service *service;
	const struct conf_service *conf; /* NULL: made by command */
	const struct conf *whole_conf;
	const struct conf_pool *group; /* NULL: alone */
};

static int body(FILE *out, const struct source *source);
static void options(FILE *out, const struct model_service *service);
static void server(FILE *out, const struct source *source, const struct model_real *real);
static void sorry(FILE *out, const struct source *source, const struct model_real *real);
static bool port_is_members(const struct source *source, const struct model_real *real);
static bool service_alike(const struct model_service *a, const struct model_service *b);
static void method(FILE *out, const char *keyword, enum sl_fwd fwd, const struct dp_tunnel *tunnel);

int
save_service(FILE *out, const struct conf *conf, const struct model_service *service)
{
	struct source source = { .service = service, .conf = conf_service_find(conf, &service->key) };
	char vip[SL_ADDR_STRLEN];

	fprintf(out, "\nvirtual_server %s %u {\n", sl_addr_format(&service->key.vip, vip), service->key.port);
	return body(out, &source);
}

bool
save_group_alike(struct model *model, const struct conf *conf, const struct conf_pool *pool)
{
	const struct conf_service *members = &conf->services[pool->first_service];
	const struct model_service *first = model_service_find(model, &members[0].key), *service;

	for (unsigned int i = 0; i < pool->service_count; i++) {
		service = model_service_find(model, &members[i].key);
		if (first == NULL || service == NULL || !service_alike(first, service))
			return false;
	}
	return true;
}

int
save_service_group(FILE *out, struct model *model, const struct conf *conf, const struct conf_pool *pool)
{
	const struct conf_service *first = &conf->services[pool->first_service];
	struct source source = { model_service_find(model, &first->key), first, conf, pool };
	const struct conf_pool *before = conf->pools;

	/* UDP and TCP may share a group; it is written once. */
	while (before != pool && (before->name == NULL || strcmp(before->name, pool->name) != 0))
		before++;
	if (before == pool)
		conf_write_vip_group(out, conf, pool);
	fprintf(out, "\nvirtual_server group");
	conf_write_word(out, pool->name);
	fprintf(out, " {\n");
	return body(out, &source);
}

/* In the order in which a file has to add the servers: the model has the newest first. */
static int
body(FILE *out, const struct source *source)
{
	const struct model_service *service = source->service;
	const struct model_real **reals = calloc(service->real_count + 1, sizeof(*reals)), *real;
	uint32_t count = 0;

	if (reals == NULL)
		return -ENOMEM;
	fprintf(out, "    protocol %s\n", service->key.proto == SL_PROTO_UDP ? "UDP" : "TCP");
	fprintf(out, "    lb_algo %s\n", service->sched->name);
	method(out, "    lb_kind", service->fwd, &service->tunnel);
	options(out, service);
	if (source->conf != NULL)
		conf_write_pool(out, "    ", source->conf->pool, service->key.proto == SL_PROTO_UDP);
	for (real = service->reals; real != NULL; real = real->next) {
		if (real->sorry)
			sorry(out, source, real);
		else
			reals[count++] = real;
	}
	while (count > 0)
		server(out, source, reals[--count]);
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
	if (service->options & DP_SERVICE_PORT)
		fprintf(out, "    mh-port\n");
	if (service->options & DP_SERVICE_FALLBACK)
		fprintf(out, "    mh-fallback\n");
	if (service->options & CONF_SERVICE_UNANNOUNCED)
		fprintf(out, "    announce off\n");
}

/* That a server is draining is no matter of a file: a comment says it. */
static void
server(FILE *out, const struct source *source, const struct model_real *real)
{
	const struct model_service *service = source->service;
	const struct conf_real *conf =
		source->conf == NULL ? NULL : conf_real_find(source->conf, &real->addr, real->port);
	char addr[SL_ADDR_STRLEN];

	fprintf(out, "    real_server %s", sl_addr_format(&real->addr, addr));
	if (!port_is_members(source, real))
		fprintf(out, " %u", real->port);
	fprintf(out, " {%s\n        weight %u\n", real->draining ? " # draining" : "", real->weight);
	if (real->fwd != service->fwd || !tunnel_eq(&real->tunnel, &service->tunnel))
		method(out, "        lvs_method", real->fwd, &real->tunnel);
	if (real->upper != 0)
		fprintf(out, "        uthreshold %u\n", real->upper);
	if (real->lower != 0)
		fprintf(out, "        lthreshold %u\n", real->lower);
	if (conf != NULL)
		conf_write_health(out, "        ", conf->health);
	fprintf(out, "    }\n");
}

static void
sorry(FILE *out, const struct source *source, const struct model_real *real)
{
	const struct model_service *service = source->service;
	char addr[SL_ADDR_STRLEN];

	fprintf(out, "    sorry_server %s", sl_addr_format(&real->addr, addr));
	if (!port_is_members(source, real))
		fprintf(out, " %u", real->port);
	fputc('\n', out);
	if (real->fwd != service->fwd || !tunnel_eq(&real->tunnel, &service->tunnel))
		method(out, "    sorry_server_lvs_method", real->fwd, &real->tunnel);
}

/* A server of a group whose members have several ports, with each member's own. */
static bool
port_is_members(const struct source *source, const struct model_real *real)
{
	const struct conf_service *members;

	if (source->group == NULL || real->port != source->service->key.port)
		return false;
	members = &source->whole_conf->services[source->group->first_service];
	for (unsigned int i = 1; i < source->group->service_count; i++) {
		if (members[i].key.port != members[0].key.port)
			return true;
	}
	return false;
}

/* But for their keys, and the ports of servers that have the service's. */
static bool
service_alike(const struct model_service *a, const struct model_service *b)
{
	const struct model_real *x = a->reals, *y = b->reals;

	if (a->sched != b->sched || a->fwd != b->fwd || !tunnel_eq(&a->tunnel, &b->tunnel) ||
	    strcmp(a->local_group, b->local_group) != 0 || a->mss != b->mss || a->options != b->options ||
	    a->real_count != b->real_count)
		return false;
	for (; x != NULL && y != NULL; x = x->next, y = y->next) {
		bool own = x->port == a->key.port && y->port == b->key.port;

		if (!sl_addr_eq(&x->addr, &y->addr) || (x->port != y->port && !own) || x->fwd != y->fwd ||
		    !tunnel_eq(&x->tunnel, &y->tunnel) || x->weight != y->weight || x->upper != y->upper ||
		    x->lower != y->lower || x->sorry != y->sorry || x->draining != y->draining)
			return false;
	}
	return x == NULL && y == NULL;
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
