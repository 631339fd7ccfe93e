/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of `virtual_server` and its `real_server`s, with keepalived's
 * defaults: TCP, wlc, NAT, weight 1, the service's port. What a server inherits
 * may stand behind it in the file, so servers are finished when the block ends.
 */
#include "conf_checker.h"
#include "conf_method.h"
#include "conf_pool.h"
#include "conf_value.h"
#include "conf_vip_group.h"
#include "sl_addr.h"
#include "sl_near.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WEIGHT_MAX = 65535 };

static void key_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_service_object *self);
static void group_read(struct conf_load *load, const struct conf_stmt *stmt,
		       struct conf_service_object *self);
static void service_add(struct conf_load *load, struct conf_service_object *self);
static void members_add(struct conf_load *load, struct conf_service_object *self);
static void reals_finish(struct conf_load *load, struct conf_service_object *self);
static void real_finish(struct conf_load *load, const struct conf_service_object *self,
			const struct conf_real_object *draft, struct conf_real *real);
static void thresholds_check(struct conf_load *load, struct conf_real_object *draft);
static void family_check(struct conf_load *load, const struct dp_service_key *key,
			 const struct conf_real *real, const char *what);
static const char *sched_name_at(unsigned int i, const void *context);
static const char *sched_names(struct conf_load *load);

void
conf_build_virtual_server(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service service = {
		.place = stmt->words[1].place,
		.key.proto = SL_PROTO_TCP,
		.sched = sched_find("wlc"),
		.fwd = SL_FWD_NAT,
	};
	struct conf_service_object self = {
		.service = &service, .weight = 1, .fwd_good = true, .proto_good = true
	};
	unsigned int errors = load->faults->errors;

	conf_pool_init(&self.pool);
	self.pool.place = stmt->words[0].place;
	self.pool.first_service = load->conf->service_count;
	key_read(load, stmt, &self);
	conf_walk(load, stmt->first, &conf_block_service, &self);
	reals_finish(load, &self);
	conf_options_finish(load, &self);
	conf_via_service_check(load, &self);
	conf_feedback_finish(load, &self);
	if (service.real_count == 0 && errors == load->faults->errors && !load->incomplete)
		conf_warn(
			load, &service.place,
			"virtual_server has no real_server: nobody gets its connections until one is added");
	service_add(load, &self);
	if (self.vip_group != NULL)
		members_add(load, &self);
	conf_pool_finish(load, &self);
}

void
conf_build_protocol(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (strcasecmp(word->text, "TCP") == 0) {
		self->service->key.proto = SL_PROTO_TCP;
	} else if (strcasecmp(word->text, "UDP") == 0) {
		self->service->key.proto = SL_PROTO_UDP;
	} else if (conf_value_defined(load, word)) {
		self->proto_good = false;
		conf_error(load, &word->place, "protocol must be TCP or UDP, not %s%s",
			   conf_show(load, word->text),
			   strcasecmp(word->text, "SCTP") == 0 ? " (which is not available yet)" : "");
	}
}

void
conf_build_lb_algo(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	static const char *const known[] = { "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "twos" };
	struct conf_service_object *self = object;
	const struct conf_word *word = &stmt->words[1];
	const struct sched_ops *sched = sched_find(word->text);

	if (!conf_value_defined(load, word))
		return;
	if (sched != NULL) {
		self->service->sched = sched;
		return;
	}
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i], word->text) == 0) {
			conf_error(load, &word->place, "scheduler \"%s\" is not available yet: there are %s",
				   word->text, sched_names(load));
			return;
		}
	}

	const char *near = sl_near_find(word->text, sched_name_at, NULL);

	conf_error(load, &word->place, "unknown scheduler %s (%s%s%s%s)", conf_show(load, word->text),
		   near == NULL ? "" : "did you mean ", near == NULL ? "" : near,
		   near == NULL ? "there are " : "? There are ", sched_names(load));
}

void
conf_build_lb_kind(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	struct conf_method method;

	self->fwd_good = conf_method_read(load, stmt, &conf_block_service, &method);
	if (!self->fwd_good)
		return;
	self->service->fwd = method.fwd;
	self->service->tunnel = method.tunnel;
}

/* keepalived's default for the servers of the block. */
void
conf_build_service_weight(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	conf_value_number(load, &stmt->words[1], "weight", 0, WEIGHT_MAX, &self->weight);
}

void
conf_build_real_server(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	struct conf_real_object draft = { .port = NULL };
	bool good = conf_server_read(load, stmt, &draft);

	conf_walk(load, stmt->first, &conf_block_real, &draft);
	thresholds_check(load, &draft);
	if (!good)
		return;
	self->reals = conf_arena_grow(load->scratch, self->reals, self->real_count, sizeof(draft));
	self->reals[self->real_count++] = draft;
}

void
conf_build_weight(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_real_object *self = object;

	self->has_weight = true;
	conf_value_number(load, &stmt->words[1], "weight", 0, WEIGHT_MAX, &self->real.weight);
}

void
conf_build_threshold(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_real_object *self = object;
	bool upper = strcmp(stmt->words[0].text, "uthreshold") == 0;

	if (conf_value_number(load, &stmt->words[1], stmt->words[0].text, 0, UINT32_MAX,
			      upper ? &self->real.upper : &self->real.lower))
		*(upper ? &self->upper : &self->lower) = &stmt->words[1];
}

void
conf_build_lvs_method(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_real_object *self = object;
	struct conf_method method;

	self->has_fwd = true;
	self->fwd_good = conf_method_read(load, stmt, &conf_block_real, &method);
	if (!self->fwd_good)
		return;
	self->real.fwd = method.fwd;
	self->real.tunnel = method.tunnel;
}

bool
conf_server_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_real_object *draft)
{
	bool good = conf_value_addr(load, &stmt->words[1], stmt->words[0].text, &draft->real.addr);

	draft->real.place = stmt->words[1].place;
	draft->port = NULL;
	if (stmt->word_count == 2)
		return good;
	if (!conf_value_port(load, &stmt->words[2], &draft->real.port))
		return false;
	draft->port = &stmt->words[2];
	return good;
}

/* `virtual_server ADDRESS PORT` or `virtual_server group NAME`; the third of keepalived's would lose a service. */
static void
key_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_service_object *self)
{
	const struct conf_word *word = &stmt->words[1];
	struct dp_service_key *key = &self->service->key;

	if (strcmp(word->text, "fwmark") == 0) {
		conf_error(load, &word->place,
			   "\"virtual_server fwmark\" is not available, and this service would be lost: "
			   "packets reach Sluice without passing a firewall that could mark them. Write "
			   "virtual_server ADDRESS PORT, or a virtual_server_group of them");
		return;
	}
	if (strcmp(word->text, "group") == 0) {
		group_read(load, stmt, self);
		return;
	}
	self->vip_good = conf_value_addr(load, word, "virtual_server", &key->vip);
	if (stmt->word_count == 2 || strcmp(stmt->words[2].text, "0") == 0) {
		if (self->vip_good)
			conf_error(
				load, stmt->word_count == 2 ? &word->place : &stmt->words[2].place,
				"virtual_server %s needs a port from 1 to 65535: all ports at once (port 0) "
				"take persistence, which is not available yet",
				word->text);
		return;
	}
	self->port_good = conf_value_port(load, &stmt->words[2], &key->port);
}

/* The service is that of the group's first member; the others come of it. */
static void
group_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_service_object *self)
{
	const struct conf_vip_group *group;

	if (stmt->word_count == 2) {
		conf_error(load, &stmt->words[1].place,
			   "\"virtual_server group\" lacks the name of its virtual_server_group");
		return;
	}
	group = conf_vip_group_find(load, &stmt->words[2]);
	if (group == NULL || group->member_count == 0)
		return;
	self->vip_group = group;
	self->pool.name = group->name;
	self->vip_good = self->port_good = true;
	self->service->place = group->members[0].word->place;
	self->service->key.vip = group->members[0].vip;
	self->service->key.port = group->members[0].port;
}

static void
service_add(struct conf_load *load, struct conf_service_object *self)
{
	struct conf *conf = load->conf;

	load->service_drafts = conf_arena_grow(load->scratch, load->service_drafts, conf->service_count,
					       sizeof(*load->service_drafts));
	load->service_drafts[conf->service_count] = (struct conf_service_draft){
		.key_good = self->vip_good && self->port_good && self->proto_good,
		.group = self->group,
	};
	conf->services =
		conf_arena_grow(load->keep, conf->services, conf->service_count, sizeof(*conf->services));
	conf->services[conf->service_count++] = *self->service;
	self->pool.service_count++;
}

/*
 * Services of one group differ in their keys, and in the ports of servers that name none. What is wrong
 * with a server was said for the first; families are looked at again where a VIP has the other one.
 */
static void
members_add(struct conf_load *load, struct conf_service_object *self)
{
	const struct conf_vip_group *group = self->vip_group;
	const struct conf_service first = *self->service;
	bool v4 = sl_addr_is_v4(&first.key.vip), other_seen = false;

	for (unsigned int i = 1; i < group->member_count; i++) {
		const struct conf_vip_member *member = &group->members[i];
		bool other = sl_addr_is_v4(&member->vip) != v4;

		self->service->place = member->word->place;
		self->service->key.vip = member->vip;
		self->service->key.port = member->port;
		self->repeated = !other || other_seen;
		other_seen |= other;
		reals_finish(load, self);
		for (unsigned int j = 0; j < first.real_count; j++)
			self->service->reals[j].health = first.reals[j].health;
		service_add(load, self);
	}
}

static void
reals_finish(struct conf_load *load, struct conf_service_object *self)
{
	struct conf_service *service = self->service;

	if (self->real_count > 0)
		service->reals = conf_arena_alloc(load->keep, self->real_count * sizeof(*service->reals));
	service->real_count = self->real_count;
	for (unsigned int i = 0; i < self->real_count; i++) {
		struct conf_real *real = &service->reals[i];

		real_finish(load, self, &self->reals[i], real);
		if (self->pool.service_count == 0)
			real->health = conf_health_finish(load, self, &self->reals[i], real);
	}
	if (!self->has_sorry || self->sorry_bad)
		return;
	service->sorry = conf_arena_alloc(load->keep, sizeof(*service->sorry));
	self->sorry.has_weight = true;
	self->sorry.real.weight = 1;
	real_finish(load, self, &self->sorry, service->sorry);
	service->sorry->health = &conf_health_none;
}

static void
real_finish(struct conf_load *load, const struct conf_service_object *self,
	    const struct conf_real_object *draft, struct conf_real *real)
{
	const struct dp_service_key *key = &self->service->key;
	bool fwd_good = draft->has_fwd ? draft->fwd_good : self->fwd_good;

	*real = draft->real;
	real->weight = draft->has_weight ? draft->real.weight : self->weight;
	real->fwd = draft->has_fwd ? draft->real.fwd : self->service->fwd;
	real->tunnel = draft->has_fwd ? draft->real.tunnel : self->service->tunnel;
	if (draft->port == NULL)
		real->port = key->port;
	if (!fwd_good)
		return;
	if (self->vip_good && !self->repeated)
		family_check(load, key, real, draft == &self->sorry ? "sorry_server" : "real_server");
	if ((real->fwd == SL_FWD_DR || real->fwd == SL_FWD_TUN) && self->port_good &&
	    real->port != key->port) {
		if (!self->repeated)
			conf_warn(load, &draft->port->place,
				  "%s cannot change the port: port %u of the virtual_server is used, not %u",
				  real->fwd == SL_FWD_DR ? "DR" : "TUN", key->port, real->port);
		real->port = key->port;
	}
}

/* LVS lets a server back in below the lower one. */
static void
thresholds_check(struct conf_load *load, struct conf_real_object *draft)
{
	struct conf_real *real = &draft->real;

	if (draft->lower == NULL || real->lower == 0)
		return;
	if (draft->upper == NULL || real->upper == 0) {
		conf_warn(load, &draft->lower->place, "\"lthreshold\" has no effect: there is no uthreshold");
		real->lower = 0;
	} else if (real->lower > real->upper) {
		conf_error(load, &draft->lower->place, "lthreshold %u is more than uthreshold, which is %u",
			   real->lower, real->upper);
	}
}

/* Tunnels carry either family in either; full NAT translates IPv6 to IPv4 (NAT64). */
static void
family_check(struct conf_load *load, const struct dp_service_key *key, const struct conf_real *real,
	     const char *what)
{
	bool vip_v4 = sl_addr_is_v4(&key->vip), real_v4 = sl_addr_is_v4(&real->addr);

	if (vip_v4 == real_v4 || real->fwd == SL_FWD_TUN || (real->fwd == SL_FWD_FNAT && real_v4))
		return;
	conf_error(load, &real->place, "%s %s is %s and its virtual_server %s: %s", what,
		   conf_addr_text(load, &real->addr), real_v4 ? "IPv4" : "IPv6", vip_v4 ? "IPv4" : "IPv6",
		   real->fwd == SL_FWD_FNAT ? "FNAT translates from IPv6 to IPv4, not back"
					    : "NAT and DR keep the family");
}

static const char *
sched_name_at(unsigned int i, const void *context)
{
	const struct sched_ops *sched = sched_at(i);

	return sched == NULL ? NULL : sched->name;
}

static const char *
sched_names(struct conf_load *load)
{
	const char *names = "";

	for (unsigned int i = 0; sched_at(i) != NULL; i++)
		names = conf_arena_printf(load->scratch, "%s%s%s", names, i > 0 ? ", " : "",
					  sched_at(i)->name);
	return names;
}
