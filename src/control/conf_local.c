/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builder of `local_address_group`: full NAT's source addresses, in DPVS's
 * dialect, `ADDRESS[-ADDRESS] PORT` a line. Ports and other objects may follow
 * in the file, so ranges are drafts here; conf_check_local.c spreads them out.
 */
#include "conf_keywords.h"
#include "conf_range.h"
#include "conf_value.h"

#include <string.h>

static void instance_build(struct conf_load *load, const struct conf_stmt *stmt, unsigned int group);
static void range_build(struct conf_load *load, const struct conf_stmt *stmt, unsigned int group);

void
conf_build_local_address_group(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf *conf = load->conf;
	const struct conf_word *name = &stmt->words[1];
	struct conf_local_group group = { .place = name->place };
	unsigned int errors = load->faults->errors;

	if (conf_value_name(load, name, "local_address_group"))
		strcpy(group.name, name->text);
	for (unsigned int i = 0; group.name[0] != '\0' && i < conf->group_count; i++) {
		if (strcmp(conf->groups[i].name, group.name) != 0)
			continue;
		conf_error(load, &name->place, "local_address_group %s is defined in %s already", group.name,
			   conf_where(load, &conf->groups[i].place, &name->place));
		break;
	}
	if (conf->group_count == CONF_GROUPS_MAX) {
		conf_error(load, &stmt->words[0].place, "there can be at most %d groups of local addresses",
			   CONF_GROUPS_MAX);
		return;
	}
	conf->groups = conf_arena_grow(load->keep, conf->groups, conf->group_count, sizeof(group));
	load->group_drafts = conf_arena_grow(load->scratch, load->group_drafts, conf->group_count,
					     sizeof(*load->group_drafts));
	conf->groups[conf->group_count++] = group;
	for (const struct conf_stmt *range = stmt->first; range != NULL; range = range->next) {
		if (strcmp(range->words[0].text, "vrrp_instance") == 0)
			instance_build(load, range, conf->group_count - 1);
		else
			range_build(load, range, conf->group_count - 1);
	}
	load->group_drafts[conf->group_count - 1].uncertain = errors != load->faults->errors;
	if (stmt->first == NULL)
		conf_warn(load, &name->place,
			  "local_address_group %s has no address: it lacks lines ADDRESS[-ADDRESS] PORT",
			  conf_show(load, name->text));
}

/* `vrrp_instance NAME`: the addresses move with it. Who it is, is looked up in conf_vrrp_addr.c. */
static void
instance_build(struct conf_load *load, const struct conf_stmt *stmt, unsigned int group)
{
	const struct conf_word **instance = &load->group_drafts[group].instance;
	const struct conf_place *place = &stmt->words[0].place;
	const char *name;

	if (stmt->has_block || stmt->word_count != 2) {
		conf_error(load, place, "in a local_address_group it is written vrrp_instance NAME");
		return;
	}
	if (*instance != NULL) {
		conf_error(load, place,
			   "a local_address_group moves with one vrrp_instance, which is in %s already",
			   conf_where(load, &(*instance)->place, place));
		return;
	}
	if (!conf_value_host(load, &stmt->words[1], "the name of a vrrp_instance", KA_NAME_SIZE - 1, &name))
		return;
	*instance = &stmt->words[1];
	strcpy(load->conf->groups[group].instance, name);
}

/* `ADDRESS[-ADDRESS] PORT`: a statement without a keyword. */
static void
range_build(struct conf_load *load, const struct conf_stmt *stmt, unsigned int group)
{
	static const struct conf_range_kind kind = {
		.what = "a local address",
		.max = CONF_LOCALS_MAX,
		.limit = "all groups together have at most 4095 addresses",
	};
	struct conf_local_draft draft = { .group = group, .word = &stmt->words[0] };

	if (stmt->has_block || stmt->word_count != 2) {
		conf_error(load, &stmt->words[0].place,
			   "a line of local_address_group is ADDRESS[-ADDRESS] PORT, such as "
			   "10.0.0.200-10.0.0.207 lan");
		return;
	}
	draft.dev = &stmt->words[1];
	if (!conf_range_read(load, draft.word, &kind, &draft.first, &draft.count))
		return;
	load->locals = conf_arena_grow(load->scratch, load->locals, load->local_count, sizeof(draft));
	load->locals[load->local_count++] = draft;
}
