/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builder of `local_address_group`: full NAT's source addresses, in DPVS's
 * dialect, `ADDRESS[-ADDRESS] PORT` a line. A range is written in full
 * (10.0.0.200-10.0.0.207) or as keepalived does, by its last part (10.0.0.200-207,
 * 2001:db8::10-1f). Ports and other objects may follow in the file, so ranges
 * are drafts here; conf_check_local.c spreads them out.
 */
#include "conf_keywords.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <stdlib.h>
#include <string.h>

static void range_build(struct conf_load *load, const struct conf_stmt *stmt, unsigned int group);
static bool range_read(struct conf_load *load, const struct conf_word *word, struct sl_addr *ret_first,
		       uint32_t *ret_count);
static bool last_read(const struct sl_addr *first, const char *text, struct sl_addr *ret_last);
static uint64_t half(const struct sl_addr *addr, unsigned int number);

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
	for (const struct conf_stmt *range = stmt->first; range != NULL; range = range->next)
		range_build(load, range, conf->group_count - 1);
	load->group_drafts[conf->group_count - 1].uncertain = errors != load->faults->errors;
	if (stmt->first == NULL)
		conf_warn(load, &name->place,
			  "local_address_group %s has no address: it lacks lines ADDRESS[-ADDRESS] PORT",
			  conf_show(load, name->text));
}

/* `ADDRESS[-ADDRESS] PORT`: a statement without a keyword. */
static void
range_build(struct conf_load *load, const struct conf_stmt *stmt, unsigned int group)
{
	struct conf_local_draft draft = { .group = group, .word = &stmt->words[0] };

	if (stmt->has_block || stmt->word_count != 2) {
		conf_error(load, &stmt->words[0].place,
			   "a line of local_address_group is ADDRESS[-ADDRESS] PORT, such as "
			   "10.0.0.200-10.0.0.207 lan");
		return;
	}
	draft.dev = &stmt->words[1];
	if (!range_read(load, draft.word, &draft.first, &draft.count))
		return;
	load->locals = conf_arena_grow(load->scratch, load->locals, load->local_count, sizeof(draft));
	load->locals[load->local_count++] = draft;
}

static bool
range_read(struct conf_load *load, const struct conf_word *word, struct sl_addr *ret_first,
	   uint32_t *ret_count)
{
	const char *dash = strchr(word->text, '-');
	struct sl_addr first, last;
	uint64_t count;

	if (!conf_value_defined(load, word))
		return false;
	if (sl_addr_parse(
		    dash == NULL ? word->text
				 : conf_arena_strndup(load->scratch, word->text, (size_t)(dash - word->text)),
		    &first) < 0 ||
	    !last_read(&first, dash == NULL ? NULL : dash + 1, &last)) {
		conf_error(load, &word->place,
			   "a local address must be ADDRESS or ADDRESS-ADDRESS (10.0.0.200-10.0.0.207, "
			   "10.0.0.200-207), not %s",
			   conf_show(load, word->text));
		return false;
	}
	if (!sl_addr_is_unicast(&first) || !sl_addr_is_unicast(&last)) {
		conf_error(load, &word->place,
			   "local addresses must be those of hosts, not %s (zero, loopback, multicast or "
			   "broadcast)",
			   conf_show(load, word->text));
		return false;
	}
	if (memcmp(last.b, first.b, sizeof(last.b)) < 0) {
		conf_error(load, &word->place, "the range %s runs backwards", word->text);
		return false;
	}
	count = half(&last, 1) - half(&first, 1);
	if (half(&last, 0) != half(&first, 0) || count >= CONF_LOCALS_MAX) {
		conf_error(load, &word->place,
			   "the range %s is too long: all groups together have at most %d addresses",
			   word->text, CONF_LOCALS_MAX);
		return false;
	}
	*ret_first = first;
	*ret_count = (uint32_t)count + 1;
	return true;
}

/* What stands behind the dash: an address of the same family, or its last byte (IPv6: its last group). */
static bool
last_read(const struct sl_addr *first, const char *text, struct sl_addr *ret_last)
{
	bool v4 = sl_addr_is_v4(first);
	unsigned long part;
	char *end;

	*ret_last = *first;
	if (text == NULL)
		return true;
	if (strchr(text, v4 ? '.' : ':') != NULL)
		return sl_addr_parse(text, ret_last) == 0 && sl_addr_is_v4(ret_last) == v4;
	if (strlen(text) > (v4 ? 3 : 4) ||
	    text[strspn(text, v4 ? "0123456789" : "0123456789abcdefABCDEF")] != '\0')
		return false;
	part = strtoul(text, &end, v4 ? 10 : 16);
	if (end == text || part > (v4 ? 255 : 65535))
		return false;
	ret_last->b[15] = (uint8_t)part;
	if (!v4)
		ret_last->b[14] = (uint8_t)(part >> 8);
	return true;
}

static uint64_t
half(const struct sl_addr *addr, unsigned int number)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value = value << 8 | addr->b[8 * number + i];
	return value;
}
