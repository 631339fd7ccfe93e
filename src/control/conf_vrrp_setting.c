/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an instance of VRRP can say for itself and global_defs for all of them:
 * CONF_SETTING_LIST in conf_vrrp.h. One builder serves both, with the instance's
 * draft for its object, or none. Beside it, what global_defs alone can say.
 */
#include "conf_script.h"
#include "conf_value.h"
#include "conf_vrrp.h"

#include "sl_addr.h"

#include <string.h>
#include <unistd.h>

static const struct setting {
	const char *keyword;
	enum conf_setting_kind kind;
	uint32_t low, high, standard;
} settings[CONF_SETTING_MAX] = {
#define X(id, prefix, keyword, value, kind, low, high, standard)                                             \
	{ keyword, CONF_SETTING_##kind, low, high, standard },
	CONF_SETTING_LIST(X)
#undef X
};

static bool mcast_read(struct conf_load *load, const struct conf_stmt *stmt, struct sl_addr *ret_addr);
static struct conf_fifo *fifo_of(struct conf_load *load, const char *keyword);

void
conf_ha_begin(struct conf_load *load)
{
	struct conf *conf = load->conf;

	load->ha = conf_arena_alloc(load->scratch, sizeof(*load->ha));
	for (unsigned int i = 0; i < CONF_SETTING_MAX; i++)
		load->ha->defaults.value[i] = settings[i].standard;
	conf->ka.own_health = true;
	conf->ka.rt_priority = 50;
	conf->ka.fence_timeout_ms = 10 * 1000;
}

void
conf_build_vrrp_setting(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *instance = object;
	struct conf_settings *self = instance == NULL ? &load->ha->defaults : &instance->settings;
	const char *name = stmt->words[0].text;
	const struct conf_word *word = &stmt->words[1];
	const struct setting *setting = settings;
	uint32_t value;
	bool on, good;

	name += strncmp(name, "vrrp_", 5) == 0 ? 5 : 0;
	while (strcmp(setting->keyword, name) != 0)
		setting++;
	switch (setting->kind) {
	case CONF_SETTING_NUMBER:
		good = conf_value_number(load, word, stmt->words[0].text, setting->low, setting->high,
					 &value);
		break;
	case CONF_SETTING_TIME:
		good = conf_value_time(load, word, stmt->words[0].text, setting->low, setting->high, &value);
		break;
	case CONF_SETTING_MICRO:
		good = conf_value_micro(load, word, stmt->words[0].text, setting->high, &value);
		break;
	default:
		good = conf_value_flag(load, stmt, &on);
		value = good && on;
	}
	if (!good)
		return;
	self->given[setting - settings] = &stmt->words[0];
	self->value[setting - settings] = value;
}

/* One announcement, without a second round, for all who do not say it otherwise. */
void
conf_build_vrrp_min_garp(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_flag(load, stmt, &load->ha->min_garp);
}

void
conf_build_vrrp_mcast_group(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *word = &stmt->words[1];
	bool v4 = strcmp(stmt->words[0].text, "vrrp_mcast_group4") == 0;
	struct sl_addr addr;

	if (!mcast_read(load, stmt, &addr))
		return;
	if (sl_addr_is_v4(&addr) != v4)
		conf_error(load, &word->place, "%s must be an IPv%c address, not %s", stmt->words[0].text,
			   v4 ? '4' : '6', conf_show(load, word->text));
	else
		*(v4 ? &load->ha->mcast4 : &load->ha->mcast6) = addr;
}

/* Of an instance. */
void
conf_build_mcast_dst_ip(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	if (mcast_read(load, stmt, &self->ka.group_addr))
		self->group_addr = &stmt->words[1];
}

void
conf_build_vrrp_startup_delay(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_time(load, &stmt->words[1], "vrrp_startup_delay", 0, 3600 * 1000,
			&load->conf->ka.startup_delay_ms);
}

void
conf_build_vrrp_rt_priority(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	uint32_t priority;

	if (conf_value_number(load, &stmt->words[1], "vrrp_rt_priority", 0, 99, &priority))
		load->conf->ka.rt_priority = (int)priority;
}

void
conf_build_own_health(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_bool(load, &stmt->words[1], "own_health", &load->conf->ka.own_health);
}

void
conf_build_fence(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	load->conf->ha.fence = conf_script_notify(load, stmt);
	load->conf->ka.fence = load->conf->ha.fence != NULL;
}

void
conf_build_fence_timeout(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	load->ha->fence_timeout = &stmt->words[0];
	conf_value_time(load, &stmt->words[1], "fence_timeout", 100, 600 * 1000,
			&load->conf->ka.fence_timeout_ms);
}

void
conf_build_notify_fifo(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_fifo *fifo = fifo_of(load, stmt->words[0].text);
	const struct conf_word *word = &stmt->words[1];

	if (!conf_value_keep(load, word, stmt->words[0].text, 4095, &fifo->path))
		return;
	if (word->text[0] != '/')
		conf_error(load, &word->place, "%s must be a path from the root, not %s", stmt->words[0].text,
			   conf_show(load, word->text));
	fifo->uid = geteuid();
	fifo->gid = getegid();
	fifo->has_owner = stmt->word_count > 2;
	if (fifo->has_owner)
		conf_script_user(load, &stmt->words[2], stmt->word_count - 2, &fifo->uid, &fifo->gid);
}

void
conf_build_notify_fifo_script(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	fifo_of(load, stmt->words[0].text)->script = conf_script_notify(load, stmt);
}

static bool
mcast_read(struct conf_load *load, const struct conf_stmt *stmt, struct sl_addr *ret_addr)
{
	const struct conf_word *word = &stmt->words[1];
	struct sl_addr addr;

	if (!conf_value_defined(load, word))
		return false;
	if (sl_addr_parse(word->text, &addr) < 0 || !conf_addr_is_multicast(&addr)) {
		conf_error(load, &word->place,
			   "%s must be a multicast address, such as 224.0.0.18 or ff02::12, not %s",
			   stmt->words[0].text, conf_show(load, word->text));
		return false;
	}
	*ret_addr = addr;
	return true;
}

static struct conf_fifo *
fifo_of(struct conf_load *load, const char *keyword)
{
	return strncmp(keyword, "vrrp_", 5) == 0 ? &load->conf->ha.vrrp_fifo : &load->conf->ha.fifo;
}
