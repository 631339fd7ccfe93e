/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `vrrp_sync_group NAME { group { INSTANCE ... } ... }`: instances that change
 * state together. They may follow in the file, so members are words here.
 */
#include "conf_value.h"
#include "conf_vrrp.h"

#include <string.h>

static void group_finish(struct conf_check *check, unsigned int number);
static void member_finish(struct conf_check *check, unsigned int number, const struct conf_word *word);
static void members_compare(struct conf_load *load, unsigned int number);

void
conf_build_vrrp_sync_group(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ha_load *ha = load->ha;
	unsigned int errors = load->faults->errors, i = ha->group_count;
	struct conf_sync_group_draft *draft;
	const char *name;

	ha->groups = conf_arena_grow(load->scratch, ha->groups, i, sizeof(*ha->groups));
	draft = &ha->groups[i];
	*draft = (struct conf_sync_group_draft){ .name = &stmt->words[1] };
	ha->group_count++;
	if (conf_value_host(load, draft->name, "the name of a vrrp_sync_group", KA_NAME_SIZE - 1, &name))
		strcpy(draft->ka.name, name);
	for (unsigned int j = 0; draft->ka.name[0] != '\0' && j < i; j++) {
		if (strcmp(ha->groups[j].ka.name, draft->ka.name) == 0)
			conf_error(load, &draft->name->place, "vrrp_sync_group %s is defined in %s already",
				   conf_show(load, draft->ka.name),
				   conf_where(load, &ha->groups[j].name->place, &draft->name->place));
	}
	conf_walk(load, stmt->first, &conf_block_vrrp_sync_group, draft);
	draft->bad = load->faults->errors != errors;
	if (draft->member_count == 0 && !draft->bad && !load->incomplete)
		conf_error(load, &stmt->words[0].place,
			   "vrrp_sync_group %s lacks its members: group { INSTANCE ... }",
			   conf_show(load, draft->ka.name));
}

/* One name a line, or several. */
void
conf_build_group(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_group_draft *self = object;

	for (const struct conf_stmt *line = stmt->first; line != NULL; line = line->next) {
		if (line->has_block) {
			conf_error(load, &line->words[0].place,
				   "a line of group is the name of a vrrp_instance");
			continue;
		}
		for (unsigned int i = 0; i < line->word_count; i++) {
			self->members = conf_arena_grow(load->scratch, self->members, self->member_count,
							sizeof(*self->members));
			self->members[self->member_count++] = &line->words[i];
		}
	}
}

void
conf_build_sync_group_tracking_weight(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_group_draft *self = object;

	self->ka.track_weights = true;
}

void
conf_ha_finish_groups(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf_ha_load *ha = load->ha;
	struct conf *conf = load->conf;

	conf->ka.groups = conf_arena_alloc(load->keep, (ha->group_count + 1) * sizeof(*conf->ka.groups));
	conf->ha.groups = conf_arena_alloc(load->keep, (ha->group_count + 1) * sizeof(*conf->ha.groups));
	for (unsigned int i = 0; i < ha->group_count; i++)
		group_finish(check, i);
	conf->ka.group_count = ha->group_count;
}

static void
group_finish(struct conf_check *check, unsigned int number)
{
	struct conf_load *load = check->load;
	struct conf_sync_group_draft *draft = &load->ha->groups[number];
	const char *owner = conf_arena_printf(load->scratch, "vrrp_sync_group %s", draft->ka.name);

	for (unsigned int i = 0; i < draft->member_count; i++)
		member_finish(check, number, draft->members[i]);
	members_compare(load, number);
	draft->ka.tracks = conf_ha_finish_tracks(check, &draft->tracks, owner, NULL, &draft->ka.track_count);
	load->conf->ka.groups[number] = draft->ka;
	load->conf->ha.groups[number] =
		(struct conf_ha_group){ .place = draft->name->place, .notify = draft->notify };
}

static void
member_finish(struct conf_check *check, unsigned int number, const struct conf_word *word)
{
	struct conf_load *load = check->load;
	struct conf_instance_draft *member = conf_ha_instance_find(load, word);

	if (member == NULL)
		return;
	if (member->ka.sync_group >= 0) {
		const struct conf_sync_group_draft *other = &load->ha->groups[member->ka.sync_group];

		conf_error(load, &word->place, "vrrp_instance %s is in vrrp_sync_group %s already (%s)",
			   conf_show(load, member->ka.name), conf_show(load, other->ka.name),
			   conf_where(load, &other->name->place, &word->place));
		return;
	}
	member->ka.sync_group = (int)number;
}

/* Members that want different things elect again and again. */
static void
members_compare(struct conf_load *load, unsigned int number)
{
	const struct conf_sync_group_draft *draft = &load->ha->groups[number];
	const struct conf_instance_draft *first = NULL;

	for (unsigned int i = 0; i < load->ha->instance_count; i++) {
		const struct conf_instance_draft *member = &load->ha->instances[i];
		const char *what = NULL;

		if (member->ka.sync_group != (int)number)
			continue;
		if (first == NULL)
			first = member;
		else if (member->ka.priority != first->ka.priority)
			what = "priority";
		else if (member->ka.initial != first->ka.initial)
			what = "state";
		else if (member->ka.nopreempt != first->ka.nopreempt)
			what = "nopreempt";
		if (what == NULL)
			continue;
		conf_warn(
			load, &draft->name->place,
			"vrrp_instance %s and %s of vrrp_sync_group %s differ in their %s: they change state "
			"together, so give both the same",
			conf_show(load, first->ka.name), conf_show(load, member->ka.name),
			conf_show(load, draft->ka.name), what);
		return;
	}
}
