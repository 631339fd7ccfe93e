/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notify_master and its like, of instances and of sync groups. Both keep a
 * struct conf_ha_notify in their drafts; one table says where each command goes.
 */
#include "conf_script.h"
#include "conf_value.h"
#include "conf_vrrp.h"

#include <string.h>

static const struct {
	const char *keyword;
	size_t offset;
} commands[] = {
	{ "notify", offsetof(struct conf_ha_notify, any) },
	{ "notify_master", offsetof(struct conf_ha_notify, master) },
	{ "notify_backup", offsetof(struct conf_ha_notify, backup) },
	{ "notify_fault", offsetof(struct conf_ha_notify, fault) },
	{ "notify_stop", offsetof(struct conf_ha_notify, stop) },
	{ "notify_deleted", offsetof(struct conf_ha_notify, deleted) },
	{ "notify_master_rx_lower_pri", offsetof(struct conf_ha_notify, master_rx_lower_pri) },
};

static void notify_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_ha_notify *notify);

void
conf_build_instance_notify(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	notify_read(load, stmt, &self->notify);
}

void
conf_build_group_notify(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_group_draft *self = object;

	notify_read(load, stmt, &self->notify);
}

void
conf_build_group_notify_priority(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_group_draft *self = object;

	conf_value_flag(load, stmt, &self->notify.priority_changes);
}

static void
notify_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_ha_notify *notify)
{
	unsigned int i = 0;
	struct conf_script *script;

	while (strcmp(commands[i].keyword, stmt->words[0].text) != 0)
		i++;
	notify->say_deleted |= strcmp(commands[i].keyword, "notify_deleted") == 0;
	if (stmt->word_count == 1)
		return;
	script = conf_script_notify(load, stmt);
	memcpy((char *)notify + commands[i].offset, &script, sizeof(script));
}
