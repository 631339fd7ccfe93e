/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full NAT's local addresses against everything else: ranges spread out into
 * their groups, each address in one place and nobody else's, and a group with
 * an address of the right family for every service that needs one. After the
 * network and the VIPs are known (conf_check.h).
 */
#include "conf_check.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <string.h>

static void range_check(struct conf_check *check, const struct conf_local_draft *draft);
static bool addr_check(struct conf_check *check, const struct conf_local_draft *draft,
		       const struct sl_addr *addr);
static void group_count_families(struct conf_check *check, struct conf_local_group *group);
static const struct conf_local_group *group_find(const struct conf *conf, const char *name);
static void group_missing_report(struct conf_check *check, const struct conf_service *service,
				 const struct conf_word *word);

void
conf_check_locals(struct conf_check *check)
{
	struct conf_load *load = check->load;

	for (unsigned int i = 0; i < load->local_count; i++)
		range_check(check, &load->locals[i]);
	for (unsigned int i = 0; i < load->conf->group_count; i++)
		group_count_families(check, &load->conf->groups[i]);
}

const struct conf_local_draft *
conf_check_local(const struct conf_check *check, const struct sl_addr *addr)
{
	return conf_table_get(&check->locals, addr->b, sizeof(addr->b));
}

void
conf_check_full_nat(struct conf_check *check, unsigned int number)
{
	struct conf_load *load = check->load;
	const struct conf_service *service = &load->conf->services[number];
	const struct conf_service_draft *draft = &load->service_drafts[number];
	const struct conf_local_group *group = group_find(load->conf, service->local_group);
	const struct conf_real *needs = NULL;

	for (unsigned int i = 0; needs == NULL && i < service->real_count; i++)
		needs = service->reals[i].fwd == SL_FWD_FNAT ? &service->reals[i] : NULL;
	if (draft->group != NULL && group == NULL) {
		if (service->local_group[0] != '\0')
			group_missing_report(check, service, draft->group);
		return;
	}
	if (group == NULL) {
		if ((needs != NULL || service->fwd == SL_FWD_FNAT) && !load->incomplete)
			conf_error(load, needs != NULL ? &needs->place : &service->place,
				   "FNAT needs \"laddr_group_name NAME\" in the virtual_server: the "
				   "local_address_group whose addresses servers see");
		return;
	}
	for (unsigned int i = 0; i < service->real_count; i++) {
		const struct conf_real *real = &service->reals[i];
		bool v4 = sl_addr_is_v4(&real->addr);

		if (real->fwd != SL_FWD_FNAT || load->group_drafts[group - load->conf->groups].uncertain ||
		    load->group_drafts[group - load->conf->groups].has_family[!v4])
			continue;
		conf_error(load, &real->place,
			   "real_server %s is %s, and local_address_group %s (%s) has no %s address to reach "
			   "it from",
			   conf_addr_text(load, &real->addr), v4 ? "IPv4" : "IPv6", group->name,
			   conf_where(load, &group->place, &real->place), v4 ? "IPv4" : "IPv6");
	}
}

static void
range_check(struct conf_check *check, const struct conf_local_draft *draft)
{
	struct conf_load *load = check->load;
	struct conf_local_group *group = &load->conf->groups[draft->group];
	int port = conf_check_port(check, draft->dev);
	struct sl_addr addr = draft->first;

	if (port < 0) {
		load->group_drafts[draft->group].uncertain = true;
		return;
	}
	for (uint32_t i = 0; i < draft->count; i++, addr = sl_addr_next(&addr)) {
		if (!addr_check(check, draft, &addr)) {
			load->group_drafts[draft->group].uncertain = true;
			return;
		}
		group->addrs =
			conf_arena_grow(load->keep, group->addrs, group->addr_count, sizeof(*group->addrs));
		group->addrs[group->addr_count++] =
			(struct dp_local_addr){ .addr = addr, .port = (unsigned int)port };
	}
}

/* One fault a range is enough: false ends it. */
static bool
addr_check(struct conf_check *check, const struct conf_local_draft *draft, const struct sl_addr *addr)
{
	struct conf_load *load = check->load;
	const struct conf_place *place = &draft->word->place;
	const struct conf_owner *owner = conf_check_owner(check, addr);
	const struct conf_service *vip = conf_table_get(&check->vips, addr->b, sizeof(addr->b));
	struct conf_local_draft *kept = conf_arena_alloc(load->scratch, sizeof(*kept)), *before;

	if (owner != NULL) {
		conf_error(load, place,
			   "local address %s is that of port %s (%s): full NAT takes addresses of its own",
			   conf_addr_text(load, addr), owner->port->dp.name,
			   conf_where(load, &owner->place, place));
		return false;
	}
	if (vip != NULL) {
		conf_error(load, place, "local address %s is a VIP (%s): full NAT takes addresses of its own",
			   conf_addr_text(load, addr), conf_where(load, &vip->place, place));
		return false;
	}
	*kept = *draft;
	before = conf_table_put(&check->locals, load->scratch, addr->b, sizeof(addr->b), kept);
	if (before != NULL) {
		conf_error(load, place, "local address %s is in local_address_group %s already (%s)",
			   conf_addr_text(load, addr), load->conf->groups[before->group].name,
			   conf_where(load, &before->word->place, place));
		return false;
	}
	if (++check->local_count > CONF_LOCALS_MAX) {
		if (check->local_count == CONF_LOCALS_MAX + 1)
			conf_error(load, place, "there can be at most %d local addresses in all groups",
				   CONF_LOCALS_MAX);
		return false;
	}
	return true;
}

static void
group_count_families(struct conf_check *check, struct conf_local_group *group)
{
	struct conf_group_draft *draft = &check->load->group_drafts[group - check->load->conf->groups];

	for (unsigned int i = 0; i < group->addr_count; i++)
		draft->has_family[!sl_addr_is_v4(&group->addrs[i].addr)] = true;
}

static const struct conf_local_group *
group_find(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; name[0] != '\0' && i < conf->group_count; i++) {
		if (strcmp(conf->groups[i].name, name) == 0)
			return &conf->groups[i];
	}
	return NULL;
}

static void
group_missing_report(struct conf_check *check, const struct conf_service *service,
		     const struct conf_word *word)
{
	struct conf_load *load = check->load;
	const struct conf *conf = load->conf;
	const char *names = "";

	if (load->incomplete)
		return;
	for (unsigned int i = 0; i < conf->group_count; i++) {
		if (conf->groups[i].name[0] == '\0')
			return;
		names = conf_arena_printf(load->scratch, "%s%s%s", names, i > 0 ? ", " : ": there are ",
					  conf->groups[i].name);
	}
	conf_error(load, &word->place, "there is no local_address_group %s%s",
		   conf_show(load, service->local_group), names);
}
