/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses that move with an instance of VRRP: the lines of virtual_ipaddress
 * and virtual_ipaddress_excluded, and local addresses of full NAT whose group
 * names the instance. At the end of the file they are compared with each other
 * and with what else has an address here.
 */
#include "conf_value.h"
#include "conf_vrrp.h"
#include "sl_addr.h"

#include <string.h>

enum {
	ADVERT_V4_MAX = 255, /* what the count of a packet can say */
	ADVERT_V6_MAX = 90,  /* what a packet of 1500 bytes holds */
};

/* Words of a line behind the address that need no value, or one. */
static const struct {
	const char *name;
	bool value;
} options[] = {
	{ "label", true },          { "scope", true },         { "brd", true },       { "broadcast", true },
	{ "peer", true },           { "preferred_lft", true }, { "home", false },     { "nodad", false },
	{ "-nodad", false },        { "mngtmpaddr", false },   { "autojoin", false }, { "no_track", false },
	{ "noprefixroute", false }, { "track_group", true },   { "use_vmac", false },
};

static bool line_read(struct conf_load *load, const struct conf_stmt *line, struct conf_vip_draft *draft);
static bool option_skip(struct conf_load *load, const struct conf_stmt *line, unsigned int *at);
static void vip_add(struct conf_check *check, struct conf_instance_draft *draft,
		    const struct conf_vip_draft *vip);
static bool claim(struct conf_check *check, const struct conf_instance_draft *draft,
		  const struct sl_addr *addr, const struct conf_place *place);
static void locals_add(struct conf_check *check, struct conf_instance_draft *draft);
static void server_check(struct conf_load *load, const struct sl_addr *addr, const struct conf_place *place,
			 const char *what);
static void full_nat_check(struct conf_load *load, const struct conf_service *service);
static void addr_append(struct conf_load *load, struct ka_instance *ka, const struct ka_addr *addr);

/* virtual_ipaddress and virtual_ipaddress_excluded: each statement of the block is an address. */
void
conf_build_virtual_ipaddress(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;
	bool excluded = strcmp(stmt->words[0].text, "virtual_ipaddress_excluded") == 0;

	for (const struct conf_stmt *line = stmt->first; line != NULL; line = line->next) {
		struct conf_vip_draft draft = { .word = &line->words[0], .excluded = excluded };

		if (!line_read(load, line, &draft))
			continue;
		self->vips = conf_arena_grow(load->scratch, self->vips, self->vip_count, sizeof(draft));
		self->vips[self->vip_count++] = draft;
	}
}

void
conf_ha_finish_addrs(struct conf_check *check, struct conf_instance_draft *draft)
{
	struct conf_load *load = check->load;
	struct ka_instance *ka = &draft->ka;
	unsigned int listed = 0, most = ka->family == 4 ? ADVERT_V4_MAX : ADVERT_V6_MAX;

	for (unsigned int i = 0; i < draft->vip_count; i++) {
		vip_add(check, draft, &draft->vips[i]);
		if (!draft->vips[i].excluded && ++listed == most + 1)
			conf_error(load, &draft->vips[i].word->place,
				   "an advert has room for %u addresses of IPv%u: the others belong into "
				   "virtual_ipaddress_excluded",
				   most, ka->family);
	}
	locals_add(check, draft);
	if (ka->addr_count == 0 && draft->vip_count == 0 && !draft->bad && !load->incomplete)
		conf_warn(load, &draft->name->place,
			  "vrrp_instance %s has no address that would move with it", ka->name);
}

void
conf_ha_finish_servers(struct conf_check *check)
{
	struct conf_load *load = check->load;
	const struct conf *conf = load->conf;

	for (unsigned int i = 0; load->ha->addrs.used > 0 && i < conf->pool_count; i++) {
		const struct conf_service *service = &conf->services[conf->pools[i].first_service];

		for (unsigned int j = 0; j < service->real_count; j++)
			server_check(load, &service->reals[j].addr, &service->reals[j].place, "real_server");
		if (service->sorry != NULL)
			server_check(load, &service->sorry->addr, &service->sorry->place, "sorry_server");
	}
	for (unsigned int i = 0; load->ha->addrs.used > 0 && i < conf->pool_count; i++)
		full_nat_check(load, &conf->services[conf->pools[i].first_service]);
	for (unsigned int i = 0; load->ha->addrs.used > 0 && i < conf->port_count; i++) {
		const struct conf_port_draft *draft = &load->port_drafts[i];

		server_check(load, &conf->ports[i].gateway4, &draft->gateway4_place, "gateway");
		server_check(load, &conf->ports[i].gateway6, &draft->gateway6_place, "gateway");
	}
}

/* `ADDRESS[/LENGTH] [dev PORT] [...]` */
static bool
line_read(struct conf_load *load, const struct conf_stmt *line, struct conf_vip_draft *draft)
{
	const struct conf_word *word = draft->word;

	if (line->has_block || !conf_value_defined(load, word)) {
		if (line->has_block)
			conf_error(load, &word->place,
				   "a line of virtual_ipaddress is ADDRESS[/LENGTH] [dev PORT]");
		return false;
	}
	if (sl_prefix_parse(word->text, &draft->prefix) < 0 || !sl_addr_is_unicast(&draft->prefix.addr)) {
		conf_error(load, &word->place,
			   "an address that moves must be ADDRESS or ADDRESS/LENGTH of a host, such as "
			   "192.0.2.1/24 or 2001:db8::1/64, not %s",
			   conf_show(load, word->text));
		return false;
	}
	for (unsigned int i = 1; i < line->word_count; i++) {
		if (strcmp(line->words[i].text, "dev") != 0) {
			if (!option_skip(load, line, &i))
				return false;
			continue;
		}
		if (i + 1 == line->word_count) {
			conf_error(load, &line->words[i].place, "\"dev\" lacks its port");
			return false;
		}
		draft->dev = &line->words[++i];
	}
	return true;
}

static bool
option_skip(struct conf_load *load, const struct conf_stmt *line, unsigned int *at)
{
	const struct conf_word *word = &line->words[*at];

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, word->text) != 0)
			continue;
		*at += options[i].value && *at + 1 < line->word_count;
		conf_warn(load, &word->place,
			  "\"%s\" has no effect: addresses that move are no addresses of a kernel interface",
			  word->text);
		return true;
	}
	conf_error(load, &word->place,
		   "%s is too much: a line of virtual_ipaddress is ADDRESS[/LENGTH] [dev PORT]",
		   conf_show(load, word->text));
	return false;
}

static void
vip_add(struct conf_check *check, struct conf_instance_draft *draft, const struct conf_vip_draft *vip)
{
	struct conf_load *load = check->load;
	bool v4 = sl_addr_is_v4(&vip->prefix.addr);
	struct ka_addr addr = { .prefix = vip->prefix, .port = -1, .excluded = vip->excluded };

	if (!vip->excluded && v4 != (draft->ka.family == 4)) {
		conf_error(load, &vip->word->place,
			   "%s is IPv%c, and the first address of vrrp_instance %s is IPv%u: adverts list "
			   "one family; "
			   "the other belongs into virtual_ipaddress_excluded",
			   vip->word->text, v4 ? '4' : '6', draft->ka.name, draft->ka.family);
		return;
	}
	if (vip->dev != NULL) {
		addr.port = conf_ha_port(check, vip->dev);
		if (addr.port < 0)
			return;
		if (addr.port == draft->port)
			addr.port = -1;
	}
	if (claim(check, draft, &vip->prefix.addr, &vip->word->place))
		addr_append(load, &draft->ka, &addr);
}

/* An address moves with one instance, and is nobody's else. */
static bool
claim(struct conf_check *check, const struct conf_instance_draft *draft, const struct sl_addr *addr,
      const struct conf_place *place)
{
	struct conf_load *load = check->load;
	struct conf_moving_draft *moving = conf_arena_alloc(load->scratch, sizeof(*moving)), *before;
	const struct conf_owner *owner = conf_check_owner(check, addr);
	const struct conf_local_draft *local = conf_check_local(check, addr);

	*moving = (struct conf_moving_draft){ draft, place };
	before = conf_table_put(&load->ha->addrs, load->scratch, addr->b, sizeof(addr->b), moving);
	if (before != NULL) {
		conf_error(load, place, "address %s is in vrrp_instance %s already (%s)",
			   conf_addr_text(load, addr), before->instance->ka.name,
			   conf_where(load, before->place, place));
		return false;
	}
	if (owner != NULL) {
		conf_error(load, place,
			   "address %s is that of port %s (%s), which stays: an address that moves is given "
			   "here alone",
			   conf_addr_text(load, addr), owner->port->dp.name,
			   conf_where(load, &owner->place, place));
		return false;
	}
	if (local != NULL && &local->word->place != place) {
		conf_error(load, place,
			   "address %s is a local address of full NAT (%s): let its local_address_group say "
			   "\"vrrp_instance %s\" instead",
			   conf_addr_text(load, addr), conf_where(load, &local->word->place, place),
			   draft->ka.name);
		return false;
	}
	return true;
}

/* All addresses of the groups that name the instance. */
static void
locals_add(struct conf_check *check, struct conf_instance_draft *draft)
{
	struct conf_load *load = check->load;
	const struct conf *conf = load->conf;

	for (unsigned int i = 0; i < conf->group_count; i++) {
		const struct conf_word *word = load->group_drafts[i].instance;

		if (word == NULL || strcmp(word->text, draft->ka.name) != 0)
			continue;
		for (unsigned int j = 0; j < conf->groups[i].addr_count; j++) {
			const struct dp_local_addr *local = &conf->groups[i].addrs[j];
			struct ka_addr addr = {
				.prefix = { local->addr, sl_addr_is_v4(&local->addr) ? 32 : 128 },
				.port = (int)local->port == draft->port ? -1 : (int)local->port,
				.excluded = true,
				.local = true,
			};

			if (claim(check, draft, &local->addr,
				  &conf_check_local(check, &local->addr)->word->place))
				addr_append(load, &draft->ka, &addr);
		}
	}
}

static void
server_check(struct conf_load *load, const struct sl_addr *addr, const struct conf_place *place,
	     const char *what)
{
	const struct conf_moving_draft *moving = conf_table_get(&load->ha->addrs, addr->b, sizeof(addr->b));

	if (moving != NULL)
		conf_error(load, place,
			   "%s %s is an address of vrrp_instance %s (%s): packets to it would come "
			   "back to this box",
			   what, conf_addr_text(load, addr), moving->instance->ka.name,
			   conf_where(load, moving->place, place));
}

/* Servers answer to a local address: where that does not go with the VIP, connections end at a take-over. */
static void
full_nat_check(struct conf_load *load, const struct conf_service *service)
{
	const struct sl_addr *vip = &service->key.vip;
	const struct conf_moving_draft *moving = conf_table_get(&load->ha->addrs, vip->b, sizeof(vip->b));
	const struct conf_local_group *group = NULL;

	for (unsigned int i = 0; i < load->conf->group_count; i++) {
		if (strcmp(load->conf->groups[i].name, service->local_group) == 0)
			group = &load->conf->groups[i];
	}
	if (moving == NULL || group == NULL || group->name[0] == '\0' ||
	    strcmp(group->instance, moving->instance->ka.name) == 0)
		return;
	conf_warn(load, &service->place,
		  "VIP %s moves with vrrp_instance %s, and local_address_group %s does not: its connections "
		  "end at a "
		  "take-over, unless the group has a line \"vrrp_instance %s\"",
		  conf_addr_text(load, vip), moving->instance->ka.name, group->name,
		  moving->instance->ka.name);
}

static void
addr_append(struct conf_load *load, struct ka_instance *ka, const struct ka_addr *addr)
{
	ka->addrs = conf_arena_grow(load->keep, ka->addrs, ka->addr_count, sizeof(*addr));
	ka->addrs[ka->addr_count++] = *addr;
}
