/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is told of a change of state: commands and FIFOs, with the words of
 * keepalived.
 *
 *   notify_master, notify_backup, notify_fault, notify_stop ...   as they stand
 *   notify                        and four words: TYPE NAME STATE PRIORITY
 *   FIFO                          the same as a line: INSTANCE "VI_1" MASTER 100
 *
 * TYPE is INSTANCE or GROUP; a group's priority is 0. Commands of one member run one after the other in the order of
 * what happened, those of different members side by side (health/notify.h has the queue and its bounds). Control
 * thread only.
 */
#include "ha_private.h"

#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = KA_NAME_SIZE + 64, WORDS = 4 };

/* For commands, by state; NULL: the state has none of its own. */
static struct conf_script *
script_of(const struct ha_member *member, uint8_t state)
{
	const struct conf_ha_notify *says = member->says;

	switch (state) {
	case KA_MASTER:
		return says->master;
	case KA_BACKUP:
		return says->backup;
	case KA_FAULT:
		return says->fault;
	case KA_STOP:
		return says->stop;
	default:
		return NULL;
	}
}

static const char *
type_of(const struct ha_member *member)
{
	return member->is_group ? "GROUP" : "INSTANCE";
}

static void
fifo_tell(struct ha *ha, const struct ha_member *member, const char *state)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "%s \"%s\" %s %u\n", type_of(member), member->name, state,
		 member->is_group ? 0 : member->priority);
	ha_fifo_write(ha->fifo, line);
	ha_fifo_write(ha->vrrp_fifo, line);
}

/* `notify` with its four words, to be freed by free(). NULL: there is none, or no memory. */
static struct conf_script *
any_make(const struct ha_member *member, const char *state)
{
	const struct conf_script *any = member->says->any;
	char type[16], name[KA_NAME_SIZE], word[32], priority[8];
	char *words[WORDS] = { type, name, word, priority };
	struct conf_script with, *made;
	size_t count = 0;

	if (any == NULL)
		return NULL;
	snprintf(type, sizeof(type), "%s", type_of(member));
	snprintf(name, sizeof(name), "%s", member->name);
	snprintf(word, sizeof(word), "%s", state);
	snprintf(priority, sizeof(priority), "%u", member->is_group ? 0 : member->priority);
	while (any->argv[count] != NULL)
		count++;
	with = *any;
	with.argv = calloc(count + WORDS + 1, sizeof(*with.argv));
	if (with.argv == NULL)
		return NULL;
	memcpy(with.argv, any->argv, count * sizeof(*with.argv));
	memcpy(with.argv + count, words, sizeof(words));
	made = script_copy(&with);
	free(with.argv);
	return made;
}

/* Both commands into the queue, and the line. */
static void
tell(struct ha *ha, struct ha_member *member, const struct conf_script *own, const char *state)
{
	struct conf_script *any = any_make(member, state);

	notify_run(member->notify, own);
	notify_run(member->notify, any);
	free(any);
	fifo_tell(ha, member, state);
}

void
ha_notify_state(struct ha *ha, struct ha_member *member)
{
	if (member->state != KA_INIT)
		tell(ha, member, script_of(member, member->state), ha_state_name(member->state));
}

void
ha_notify_priority(struct ha *ha, struct ha_member *member)
{
	if (member->says->priority_changes)
		fifo_tell(ha, member, member->state == KA_MASTER ? "MASTER_PRIORITY" : "BACKUP_PRIORITY");
}

void
ha_notify_lower(struct ha *ha, struct ha_member *member)
{
	tell(ha, member, member->says->master_rx_lower_pri, "MASTER_RX_LOWER_PRI");
}

void
ha_notify_deleted(struct ha *ha, struct ha_member *member)
{
	bool say = member->says->say_deleted;

	if (!say && member->state == KA_FAULT)
		return;
	tell(ha, member, say ? member->says->deleted : member->says->fault, say ? "DELETED" : "FAULT");
}

void
ha_notify_stop(struct ha *ha, struct ha_member *member)
{
	struct conf_script *any = any_make(member, "STOP");
	const struct conf_script *scripts[] = { member->says->stop, any };

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		int rc = scripts[i] != NULL ? script_launch(scripts[i]) : 0;

		if (rc < 0)
			ha_event_failed(ha, "%s %s: %s: %s",
					member->is_group ? "vrrp_sync_group" : "vrrp_instance", member->name,
					scripts[i]->argv[0], strerror(-rc));
	}
	free(any);
	fifo_tell(ha, member, "STOP");
}
