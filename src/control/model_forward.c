/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How packets reach servers: which method goes with which address family, port,
 * tunnel, option and group of local addresses.
 *
 * A file has been checked by the configuration room, but what comes of it and
 * of commands given before is only known here. So each service is checked as
 * it shall be, as a whole. Looks at nothing that runs but where it says so.
 * Control thread only.
 */
#include "model_private.h"
#include "tunnel.h"

#include <errno.h>
#include <stdio.h>

enum { MSS_MIN = 536, MSS_MAX = 65495 };

/* A server of a service. */
struct server {
	const struct model_service *service;
	const struct model_real *real;
	struct model_error *error;
};

/* What a refusal calls it. */
enum { SERVER_STRLEN = MODEL_KEY_STRLEN + SL_ENDPOINT_STRLEN + 32 };

static int service_check(const struct conf *conf, const struct model_service *service,
			 struct model_error *ret_error);
static int server_check(const struct conf *conf, struct server *server);
static int family_check(const struct server *server);
static const char *server_name(const struct server *server, char buf[SERVER_STRLEN]);
static const struct conf_local_group *group_find(const struct conf *conf, const char *name);
static bool group_has(const struct conf_local_group *group, bool v4);

int
model_forward_set(enum sl_fwd *now, struct dp_tunnel *now_tunnel, int fwd, const struct dp_tunnel *tunnel,
		  const struct dp_tunnel *otherwise, const char *object, struct model_error *ret_error)
{
	enum sl_fwd wanted = fwd >= 0 ? (enum sl_fwd)fwd : *now;
	const char *fault = tunnel != NULL ? tunnel_fault(tunnel) : NULL;

	if (model_fwd_name((int)wanted) == NULL)
		return model_error_set(ret_error, -EINVAL,
				       "%s: no such forwarding method (NAT, DR, TUN or FNAT)", object);
	if (tunnel != NULL && wanted != SL_FWD_TUN)
		return model_error_set(ret_error, -EINVAL, "%s: a tunnel goes with TUN, not with %s", object,
				       model_fwd_name((int)wanted));
	if (fault != NULL)
		return model_error_set(ret_error, -EINVAL, "%s: %s", object, fault);
	if (tunnel != NULL)
		*now_tunnel = *tunnel;
	else if (wanted != SL_FWD_TUN)
		*now_tunnel = (struct dp_tunnel){ 0 };
	else if (*now != SL_FWD_TUN && otherwise != NULL)
		*now_tunnel = *otherwise;
	*now = wanted;
	return 0;
}

int
model_forward_check(const struct conf *conf, const struct model_service *service,
		    struct model_error *ret_error, const struct model_real **ret_real)
{
	int rc = service_check(conf, service, ret_error);

	if (ret_real != NULL)
		*ret_real = NULL;
	for (const struct model_real *real = service->reals; rc == 0 && real != NULL; real = real->next) {
		struct server server = { .service = service, .real = real, .error = ret_error };

		rc = server_check(conf, &server);
		if (rc < 0 && ret_real != NULL)
			*ret_real = real;
	}
	return rc;
}

uint8_t
model_sched_unknown(const struct model_service *service)
{
	uint32_t known = service->sched->options;

	return (uint8_t)(((known & SCHED_FALLBACK) == 0 ? DP_SERVICE_FALLBACK : 0) |
			 ((known & SCHED_PORT) == 0 ? DP_SERVICE_PORT : 0));
}

int
model_forward_check_rest(struct model *model, const struct conf *conf, struct model_error *ret_error)
{
	int rc = 0;

	for (struct model_service *s = model_services(model); rc == 0 && s != NULL; s = s->next) {
		if (s->local_group[0] != '\0' && !service_of(s)->staged)
			rc = model_forward_check(conf, s, ret_error, NULL);
	}
	return rc;
}

static int
service_check(const struct conf *conf, const struct model_service *service, struct model_error *ret_error)
{
	char name[MODEL_KEY_STRLEN];
	const bool of_tcp = service->mss != DP_MSS_KEEP ||
			    (service->options & (DP_SERVICE_TOA | DP_SERVICE_STRIP_TS)) != 0;

	if (of_tcp && service->key.proto != SL_PROTO_TCP)
		return model_error_set(
			ret_error, -EINVAL,
			"service %s: toa, strip_tcp_timestamps and mss_clamp are for TCP services",
			model_key_format(&service->key, name));
	if (service->mss > DP_MSS_AUTO && (service->mss < MSS_MIN || service->mss > MSS_MAX))
		return model_error_set(ret_error, -EINVAL,
				       "service %s: mss_clamp %u is out of range (%d-%d, auto or off)",
				       model_key_format(&service->key, name), service->mss, MSS_MIN, MSS_MAX);
	if ((service->options & model_sched_unknown(service)) != 0)
		return model_error_set(ret_error, -EINVAL,
				       "service %s: mh-port and mh-fallback are for the scheduler mh, not %s",
				       model_key_format(&service->key, name), service->sched->name);
	if (service->sched->servers_max != 0 && service->real_count > service->sched->servers_max)
		return model_error_set(ret_error, -EINVAL,
				       "service %s: scheduler %s takes %u real servers at most, not %u",
				       model_key_format(&service->key, name), service->sched->name,
				       service->sched->servers_max, service->real_count);
	if (service->local_group[0] != '\0' && group_find(conf, service->local_group) == NULL)
		return model_error_set(ret_error, -EINVAL, "service %s: there is no local_address_group %s",
				       model_key_format(&service->key, name), service->local_group);
	if (service->local_group[0] == '\0' && service->fwd == SL_FWD_FNAT)
		return model_error_set(ret_error, -EINVAL,
				       "service %s: FNAT needs laddr_group_name: the group of local "
				       "addresses that servers see",
				       model_key_format(&service->key, name));
	return 0;
}

static int
server_check(const struct conf *conf, struct server *server)
{
	const struct model_service *service = server->service;
	const struct model_real *real = server->real;
	bool v4 = sl_addr_is_v4(&real->addr);
	char name[SERVER_STRLEN];

	if (family_check(server) < 0)
		return -EINVAL;
	if ((real->fwd == SL_FWD_DR || real->fwd == SL_FWD_TUN) && real->port != service->key.port)
		return model_error_set(
			server->error, -EINVAL, "%s: %s cannot change the port: use port %u, or NAT",
			server_name(server, name), model_fwd_name(real->fwd), service->key.port);
	if (real->fwd != SL_FWD_FNAT)
		return 0;
	if (service->local_group[0] == '\0')
		return model_error_set(
			server->error, -EINVAL,
			"%s: FNAT needs laddr_group_name of the service: the group of local addresses that "
			"servers see",
			server_name(server, name));
	if (!group_has(group_find(conf, service->local_group), v4))
		return model_error_set(server->error, -EINVAL,
				       "%s: local_address_group %s has no %s address to reach it from",
				       server_name(server, name), service->local_group, v4 ? "IPv4" : "IPv6");
	return 0;
}

/* Tunnels carry either family in either; full NAT translates IPv6 to IPv4 (NAT64). */
static int
family_check(const struct server *server)
{
	bool vip_v4 = sl_addr_is_v4(&server->service->key.vip), real_v4 = sl_addr_is_v4(&server->real->addr);
	enum sl_fwd fwd = server->real->fwd;
	char name[SERVER_STRLEN];

	if (vip_v4 == real_v4 || fwd == SL_FWD_TUN || (fwd == SL_FWD_FNAT && real_v4))
		return 0;
	return model_error_set(server->error, -EINVAL, "%s: %s needs a server of the service's family (%s)",
			       server_name(server, name), model_fwd_name(fwd), vip_v4 ? "IPv4" : "IPv6");
}

static const char *
server_name(const struct server *server, char buf[SERVER_STRLEN])
{
	char key[MODEL_KEY_STRLEN], endpoint[SL_ENDPOINT_STRLEN];

	snprintf(buf, SERVER_STRLEN, "server %s of service %s",
		 sl_endpoint_format(&server->real->addr, server->real->port, endpoint),
		 model_key_format(&server->service->key, key));
	return buf;
}

static const struct conf_local_group *
group_find(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->group_count; i++)
		if (strcmp(conf->groups[i].name, name) == 0)
			return &conf->groups[i];
	return NULL;
}

static bool
group_has(const struct conf_local_group *group, bool v4)
{
	for (unsigned int i = 0; i < group->addr_count; i++)
		if (sl_addr_is_v4(&group->addrs[i].addr) == v4)
			return true;
	return false;
}
