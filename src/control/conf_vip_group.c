/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `virtual_server_group NAME { ADDRESS[-ADDRESS] PORT[-PORT] ... }`: addresses
 * and ports that share one virtual_server. Groups may stand behind those that
 * name them: whoever asks first has a group's block read.
 */
#include "conf_vip_group.h"
#include "conf_range.h"
#include "conf_value.h"
#include "sl_addr.h"
#include "sl_near.h"

#include <stdio.h>
#include <string.h>

static struct conf_vip_group *group_read(struct conf_load *load, const struct conf_stmt *stmt);
static void line_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_vip_group *group);
static bool ports_read(struct conf_load *load, const struct conf_word *word, uint16_t *ret_first,
		       uint16_t *ret_last);
static bool is_group(const struct conf_stmt *stmt);
static const char *name_at(unsigned int i, const void *context);

void
conf_build_virtual_server_group(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_vip_group *group = group_read(load, stmt);
	const char *name = stmt->words[1].text;

	for (const struct conf_stmt *other = load->top; other != stmt; other = other->next) {
		if (!is_group(other) || strcmp(other->words[1].text, name) != 0)
			continue;
		conf_error(load, &stmt->words[1].place, "virtual_server_group %s is defined in %s already",
			   conf_show(load, name),
			   conf_where(load, &other->words[1].place, &stmt->words[1].place));
		return;
	}
	if (group->member_count == 0 && !group->uncertain)
		conf_warn(load, &stmt->words[1].place,
			  "virtual_server_group %s is empty: it lacks lines ADDRESS[-ADDRESS] PORT[-PORT]",
			  conf_show(load, name));
}

const struct conf_vip_group *
conf_vip_group_find(struct conf_load *load, const struct conf_word *name)
{
	const char *near;

	if (!conf_value_defined(load, name))
		return NULL;
	for (const struct conf_stmt *stmt = load->top; stmt != NULL; stmt = stmt->next) {
		if (is_group(stmt) && strcmp(stmt->words[1].text, name->text) == 0)
			return group_read(load, stmt);
	}
	near = sl_near_find(name->text, name_at, load->top);
	if (!load->incomplete)
		conf_error(load, &name->place, "there is no virtual_server_group %s%s%s%s",
			   conf_show(load, name->text), near == NULL ? "" : " (did you mean ",
			   near == NULL ? "" : near, near == NULL ? "" : "?)");
	return NULL;
}

/* Once a statement; its faults are reported then. */
static struct conf_vip_group *
group_read(struct conf_load *load, const struct conf_stmt *stmt)
{
	struct conf_vip_group *group = conf_table_get(&load->vip_groups, &stmt, sizeof(stmt));
	unsigned int errors = load->faults->errors;

	if (group != NULL)
		return group;
	group = conf_arena_alloc(load->scratch, sizeof(*group));
	conf_table_put(&load->vip_groups, load->scratch, &stmt, sizeof(stmt), group);
	conf_value_host(load, &stmt->words[1], "the name of a virtual_server_group", 63, &group->name);
	for (const struct conf_stmt *line = stmt->first; line != NULL; line = line->next)
		line_read(load, line, group);
	group->uncertain = load->faults->errors != errors || load->incomplete;
	return group;
}

static void
line_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_vip_group *group)
{
	static const struct conf_range_kind kind = {
		.what = "an address of a virtual_server_group",
		.max = CONF_VIP_GROUP_MAX,
		.limit = "a group can have 65536 members",
		.networks = true,
	};
	const struct conf_word *word = &stmt->words[0];
	struct conf_vip_member member = { .word = word };
	uint16_t first = 0, last = 0;
	uint32_t count;

	if (strcmp(word->text, "fwmark") == 0) {
		conf_error(load, &word->place,
			   "fwmark is not available: packets reach Sluice without passing a firewall that "
			   "could mark them; give their addresses and ports");
		return;
	}
	if (stmt->has_block || stmt->word_count > 2) {
		conf_error(load, &word->place,
			   "a line of virtual_server_group is ADDRESS[-ADDRESS] PORT[-PORT], such as "
			   "192.0.2.10-192.0.2.19 80");
		return;
	}
	if (!conf_range_read(load, word, &kind, &member.vip, &count))
		return;
	if (stmt->word_count == 1 || strcmp(stmt->words[1].text, "0") == 0) {
		conf_error(load, &stmt->words[stmt->word_count - 1].place,
			   "%s needs a port from 1 to 65535: all ports at once (port 0) take persistence, "
			   "which is not available yet",
			   word->text);
		return;
	}
	if (!ports_read(load, &stmt->words[1], &first, &last))
		return;
	if (group->member_count + (uint64_t)count * (uint64_t)(last - first + 1) > CONF_VIP_GROUP_MAX) {
		conf_error(load, &word->place, "this line is too much: %s", kind.limit);
		return;
	}
	for (; count > 0; count--, member.vip = sl_addr_next(&member.vip)) {
		for (uint32_t port = first; port <= last; port++) {
			member.port = (uint16_t)port;
			group->members = conf_arena_grow(load->scratch, group->members, group->member_count,
							 sizeof(member));
			group->members[group->member_count++] = member;
		}
	}
}

static bool
ports_read(struct conf_load *load, const struct conf_word *word, uint16_t *ret_first, uint16_t *ret_last)
{
	unsigned int first, last;
	int used = 0;

	if (strchr(word->text, '-') == NULL) {
		if (!conf_value_port(load, word, ret_first))
			return false;
		*ret_last = *ret_first;
		return true;
	}
	if (!conf_value_defined(load, word))
		return false;
	if (sscanf(word->text, "%5u-%5u%n", &first, &last, &used) < 2 || word->text[used] != '\0' ||
	    strspn(word->text, "0123456789-") != strlen(word->text) || first < 1 || last > 65535) {
		conf_error(load, &word->place, "ports must be PORT or PORT-PORT, from 1 to 65535, not %s",
			   conf_show(load, word->text));
		return false;
	}
	if (first > last) {
		conf_error(load, &word->place, "the range of ports %s runs backwards", word->text);
		return false;
	}
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return true;
}

static bool
is_group(const struct conf_stmt *stmt)
{
	return stmt->word_count >= 2 && strcmp(stmt->words[0].text, "virtual_server_group") == 0;
}

static const char *
name_at(unsigned int i, const void *context)
{
	for (const struct conf_stmt *stmt = context; stmt != NULL; stmt = stmt->next) {
		if (is_group(stmt) && i-- == 0)
			return stmt->words[1].text;
	}
	return NULL;
}
