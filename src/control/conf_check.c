/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What services say against each other and against the network, once all of
 * the file is known: things that are there twice, servers that nothing reaches.
 * The network itself is checked first, in conf_check_net.c.
 *
 * Where something could not be read, nothing is reported as missing: it may
 * stand in what was not read.
 */
#include "conf_check.h"
#include "conf_checker.h"
#include "conf_pool.h"
#include "conf_script.h"
#include "conf_value.h"
#include "conf_vrrp.h"

static void services_check(struct conf_check *check);
static void service_check(struct conf_check *check, struct conf_service *service);
static const struct conf_real *real_before(struct conf_check *check, struct conf_table *seen,
					   const struct conf_service *service, unsigned int number);
static void reals_check(struct conf_check *check, const struct conf_service *service);
static void sorry_check(struct conf_check *check, const struct conf_service *service, bool first);
static void real_check(struct conf_check *check, const struct conf_real *real, const char *what);
static const char *key_text(struct conf_check *check, const struct dp_service_key *key);

void
conf_check(struct conf_load *load)
{
	struct conf_check *check = conf_arena_alloc(load->scratch, sizeof(*check));

	check->load = load;
	conf_pools_link(load->conf);
	conf_order_make(load->conf,
			conf_arena_alloc(load->keep, load->conf->service_count * sizeof(uint32_t)));
	conf_scripts_finish(load);
	conf_track_files_finish(load);
	conf_log_all_finish(load);
	check->uncertain = load->incomplete || load->conf->port_count == 0;
	for (unsigned int i = 0; i < load->conf->port_count; i++)
		check->uncertain |= load->port_drafts[i].addrs_uncertain;
	conf_check_net(check);
	for (unsigned int i = 0; i < load->conf->service_count; i++)
		conf_table_put(&check->vips, load->scratch, load->conf->services[i].key.vip.b,
			       sizeof(load->conf->services[i].key.vip.b), &load->conf->services[i]);
	conf_check_locals(check);
	conf_check_announce(load);
	services_check(check);
	conf_ha_finish(check);
}

static void
services_check(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;
	struct conf_table seen = { 0 };

	for (unsigned int i = 0; i < conf->service_count; i++) {
		struct conf_service *service = &conf->services[i], *before = NULL;
		struct {
			struct sl_addr vip;
			uint64_t rest;
		} key = { service->key.vip, (uint64_t)service->key.port << 8 | service->key.proto };

		if (load->service_drafts[i].key_good)
			before = conf_table_put(&seen, load->scratch, &key, sizeof(key), service);
		if (before != NULL)
			conf_error(load, &service->place, "virtual_server %s is in %s already",
				   key_text(check, &service->key),
				   conf_where(load, &before->place, &service->place));
		service_check(check, service);
		if (service->pool->first_service == i)
			conf_check_full_nat(check, i);
	}
}

static void
service_check(struct conf_check *check, struct conf_service *service)
{
	struct conf_load *load = check->load;
	const struct conf_owner *owner = conf_check_owner(check, &service->key.vip);

	if (owner != NULL)
		conf_warn(
			load, &service->place,
			"VIP %s is also the address of port %s (%s): whatever comes to it and is for none of "
			"its services is dropped",
			conf_addr_text(load, &service->key.vip), owner->port->dp.name,
			conf_where(load, &owner->place, &service->place));
	reals_check(check, service);
}

/* Servers of a group's services differ in their ports at most: what is wrong with one is said once. */
static void
reals_check(struct conf_check *check, const struct conf_service *service)
{
	struct conf_load *load = check->load;
	struct conf_table seen = { 0 };
	bool first = service == &load->conf->services[service->pool->first_service];

	if (check->reported == service->pool)
		return;
	for (unsigned int i = 0; i < service->real_count; i++) {
		const struct conf_real *real = &service->reals[i];
		const struct conf_real *before = real_before(check, &seen, service, i);

		if (before == NULL) {
			if (first) {
				real_check(check, real, "real_server");
				conf_check_tap(check, real);
			}
			continue;
		}
		check->reported = service->pool;
		conf_error(load, &real->place, "real_server %s is in this virtual_server already (%s)",
			   conf_endpoint_text(load, &real->addr, real->port),
			   conf_where(load, &before->place, &real->place));
	}
	if (service->sorry != NULL && check->reported != service->pool)
		sorry_check(check, service, first);
}

/* The model knows a server by its address and port, so it cannot be there twice. */
static void
sorry_check(struct conf_check *check, const struct conf_service *service, bool first)
{
	struct conf_load *load = check->load;
	const struct conf_real *sorry = service->sorry;

	for (unsigned int i = 0; i < service->real_count; i++) {
		const struct conf_real *real = &service->reals[i];

		if (real->port != sorry->port || !sl_addr_eq(&real->addr, &sorry->addr))
			continue;
		conf_error(load, &sorry->place,
			   "sorry_server %s is a real_server of this virtual_server (%s)",
			   conf_endpoint_text(load, &sorry->addr, sorry->port),
			   conf_where(load, &real->place, &sorry->place));
		check->reported = service->pool;
		return;
	}
	if (first)
		real_check(check, sorry, "sorry_server");
}

/* The same address and port, further up in the service; few servers are compared one by one. */
static const struct conf_real *
real_before(struct conf_check *check, struct conf_table *seen, const struct conf_service *service,
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
real_check(struct conf_check *check, const struct conf_real *real, const char *what)
{
	struct conf_load *load = check->load;
	const struct conf_owner *owner = conf_check_owner(check, &real->addr);
	enum conf_way way = check->uncertain ? CONF_WAY_LINK : conf_check_way(check, &real->addr);

	if (owner != NULL)
		conf_error(load, &real->place,
			   "%s %s is this box itself (port %s, %s): servers run elsewhere", what,
			   conf_addr_text(load, &real->addr), owner->port->dp.name,
			   conf_where(load, &owner->place, &real->place));
	else if (conf_table_get(&check->vips, real->addr.b, sizeof(real->addr.b)) != NULL)
		conf_error(load, &real->place, "%s %s is a VIP: connections would come back to this box",
			   what, conf_addr_text(load, &real->addr));
	else if (conf_check_local(check, &real->addr) != NULL)
		conf_error(
			load, &real->place,
			"%s %s is a local address of full NAT (%s): connections would come back "
			"to this box",
			what, conf_addr_text(load, &real->addr),
			conf_where(load, &conf_check_local(check, &real->addr)->word->place, &real->place));
	else if (way == CONF_WAY_NONE)
		conf_warn(load, &real->place,
			  "there is no way to %s %s: no port's subnet, static_route or gateway leads "
			  "there",
			  what, conf_addr_text(load, &real->addr));
	else if (way == CONF_WAY_ROUTER && real->fwd == SL_FWD_DR)
		conf_warn(load, &real->place,
			  "%s %s is behind a router: DR leaves the VIP in the packet, and a router "
			  "sends that back to this box",
			  what, conf_addr_text(load, &real->addr));
}

static const char *
key_text(struct conf_check *check, const struct dp_service_key *key)
{
	return conf_arena_printf(check->load->scratch, "%s %s", key->proto == SL_PROTO_UDP ? "UDP" : "TCP",
				 conf_endpoint_text(check->load, &key->vip, key->port));
}
