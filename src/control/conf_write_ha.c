/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scripts, processes, heartbeats and connection sync as text (conf_write.h), and
 * the table of all blocks of two boxes; instances and sync groups are in
 * conf_write_vrrp.c.
 */
#include "conf_write_private.h"

#include <string.h>

enum { RT_PRIORITY_DEFAULT = 50, FENCE_TIMEOUT_DEFAULT_MS = 10 * 1000 };

static void script(FILE *out, const char *indent, const struct conf_vrrp_script *script);
static void process(FILE *out, const char *indent, const struct conf_track_process *process);
static void delays(FILE *out, const char *indent, const struct conf *conf);
static void delay_find(const struct ka_conf *ka, unsigned int port, uint32_t *ret_down_ms,
		       uint32_t *ret_up_ms);
static void tracked_delay_find(const struct ka_track *tracks, unsigned int count, unsigned int port,
			       uint32_t *ret_down_ms, uint32_t *ret_up_ms);
static void heartbeat(FILE *out, const char *indent, const struct ka_heartbeat *ka, const char *key_file);
static void sync(FILE *out, const char *indent, const struct ka_sync *ka, const char *key_file);
static void key(FILE *out, const char *indent, const char *text, const char *file);
static void word(FILE *out, const char *indent, const char *keyword, const char *text);
static void addr(FILE *out, const char *indent, const char *keyword, const struct sl_addr *addr);
static void fifo(FILE *out, const char *indent, const char *keyword, const struct conf_fifo *fifo);

unsigned int
conf_write_ha_count(const struct conf *conf, enum conf_ha_block kind)
{
	uint32_t down_ms = 0, up_ms = 0;

	for (unsigned int i = 0; i < conf->port_count; i++)
		delay_find(&conf->ka, i, &down_ms, &up_ms);

	const bool any_delay = down_ms != 0 || up_ms != 0;
	const unsigned int counts[CONF_HA_BLOCK_MAX] = {
		[CONF_HA_SCRIPT] = conf->ha.script_count,
		[CONF_HA_PROCESS] = conf->ha.process_count,
		[CONF_HA_DELAYS] = any_delay,
		[CONF_HA_INSTANCE] = conf->ka.instance_count,
		[CONF_HA_SYNC_GROUP] = conf->ka.group_count,
		[CONF_HA_HEARTBEAT] = conf->ka.heartbeat_count,
		[CONF_HA_SYNC] = conf->ka.sync.enabled,
	};

	return counts[kind];
}

const char *
conf_write_ha_keyword(const struct conf *conf, enum conf_ha_block kind, unsigned int i)
{
	static const char *const keywords[CONF_HA_BLOCK_MAX] = {
		[CONF_HA_SCRIPT] = "vrrp_script",
		[CONF_HA_PROCESS] = "vrrp_track_process",
		[CONF_HA_DELAYS] = "interface_up_down_delays",
		[CONF_HA_INSTANCE] = "vrrp_instance",
		[CONF_HA_SYNC_GROUP] = "vrrp_sync_group",
		[CONF_HA_SYNC] = "connection_sync",
	};

	if (kind == CONF_HA_HEARTBEAT)
		return conf->ka.heartbeats[i].kind == KA_HEARTBEAT_UDP ? "heartbeat udp" : "heartbeat serial";
	return keywords[kind];
}

const char *
conf_write_ha_name(const struct conf *conf, enum conf_ha_block kind, unsigned int i)
{
	switch (kind) {
	case CONF_HA_SCRIPT:
		return conf->ha.scripts[i].name;
	case CONF_HA_PROCESS:
		return conf->ha.processes[i].name;
	case CONF_HA_INSTANCE:
		return conf->ka.instances[i].name;
	case CONF_HA_SYNC_GROUP:
		return conf->ka.groups[i].name;
	case CONF_HA_HEARTBEAT:
		return conf->ka.heartbeats[i].name;
	default:
		return NULL;
	}
}

void
conf_write_ha(FILE *out, const char *indent, const struct conf *conf, enum conf_ha_block kind, unsigned int i)
{
	switch (kind) {
	case CONF_HA_SCRIPT:
		script(out, indent, &conf->ha.scripts[i]);
		break;
	case CONF_HA_PROCESS:
		process(out, indent, &conf->ha.processes[i]);
		break;
	case CONF_HA_DELAYS:
		delays(out, indent, conf);
		break;
	case CONF_HA_INSTANCE:
		conf_write_instance(out, indent, conf, i);
		break;
	case CONF_HA_SYNC_GROUP:
		conf_write_sync_group(out, indent, conf, i);
		break;
	case CONF_HA_HEARTBEAT:
		heartbeat(out, indent, &conf->ka.heartbeats[i], conf->ha.heartbeat_key_files[i]);
		break;
	default:
		sync(out, indent, &conf->ka.sync, conf->ha.sync_key_file);
	}
}

void
conf_write_ha_global(FILE *out, const char *indent, const struct conf *conf)
{
	const struct ka_conf *ka = &conf->ka;

	if (ka->startup_delay_ms != 0)
		conf_write_time(out, indent, "vrrp_startup_delay", ka->startup_delay_ms);
	if (ka->rt_priority != RT_PRIORITY_DEFAULT)
		fprintf(out, "%svrrp_rt_priority %d\n", indent, ka->rt_priority);
	if (!ka->own_health)
		fprintf(out, "%sown_health off\n", indent);
	conf_write_script(out, indent, "fence", conf->ha.fence);
	if (conf->ha.fence != NULL && ka->fence_timeout_ms != FENCE_TIMEOUT_DEFAULT_MS)
		conf_write_time(out, indent, "fence_timeout", ka->fence_timeout_ms);
	fifo(out, indent, "notify_fifo", &conf->ha.fifo);
	conf_write_script(out, indent, "notify_fifo_script", conf->ha.fifo.script);
	fifo(out, indent, "vrrp_notify_fifo", &conf->ha.vrrp_fifo);
	conf_write_script(out, indent, "vrrp_notify_fifo_script", conf->ha.vrrp_fifo.script);
}

/* Its command and its user are one line elsewhere, and two here. */
static void
script(FILE *out, const char *indent, const struct conf_vrrp_script *self)
{
	conf_write_command(out, indent, "script", self->script);
	fprintf(out, "%suser %u %u\n", indent, self->script->uid, self->script->gid);
	conf_write_time(out, indent, "interval", self->interval_ms);
	conf_write_time(out, indent, "timeout", self->timeout_ms);
	fprintf(out, "%srise %u\n%sfall %u\n", indent, self->rise, indent, self->fall);
	fprintf(out, "%sweight %d%s\n", indent, self->weight, self->reverse ? " reverse" : "");
	if (self->init_fail)
		fprintf(out, "%sinit_fail\n", indent);
}

static void
process(FILE *out, const char *indent, const struct conf_track_process *self)
{
	fprintf(out, "%sprocess", indent);
	for (char **arg = self->argv; *arg != NULL; arg++)
		conf_write_word(out, *arg);
	fputc('\n', out);
	if (self->match == CONF_PARAM_EXACT && self->argv[1] == NULL)
		fprintf(out, "%sparam_match\n", indent);
	else if (self->match == CONF_PARAM_INITIAL || self->match == CONF_PARAM_PARTIAL)
		fprintf(out, "%sparam_match %s\n", indent,
			self->match == CONF_PARAM_INITIAL ? "initial" : "partial");
	if (self->full_command)
		fprintf(out, "%sfull_command\n", indent);
	fprintf(out, "%squorum %u\n", indent, self->quorum);
	if (self->quorum_max != UINT32_MAX)
		fprintf(out, "%squorum_max %u\n", indent, self->quorum_max);
	conf_write_time(out, indent, "fork_delay", self->fork_delay_ms);
	conf_write_time(out, indent, "terminate_delay", self->terminate_delay_ms);
	fprintf(out, "%sweight %d%s\n", indent, self->weight, self->reverse ? " reverse" : "");
}

static void
delays(FILE *out, const char *indent, const struct conf *conf)
{
	for (unsigned int i = 0; i < conf->port_count; i++) {
		uint32_t down_ms = 0, up_ms = 0;

		delay_find(&conf->ka, i, &down_ms, &up_ms);
		if (down_ms != 0 || up_ms != 0)
			fprintf(out, "%s%s %u.%03u %u.%03u\n", indent, conf->ports[i].dp.name, down_ms / 1000,
				down_ms % 1000, up_ms / 1000, up_ms % 1000);
	}
}

/* All that stand on a port or track it have the same. Written only if there is one. */
static void
delay_find(const struct ka_conf *ka, unsigned int port, uint32_t *ret_down_ms, uint32_t *ret_up_ms)
{
	for (unsigned int i = 0; i < ka->instance_count; i++) {
		const struct ka_instance *self = &ka->instances[i];

		if (self->port == port && (self->debounce_down_ms != 0 || self->debounce_up_ms != 0)) {
			*ret_down_ms = self->debounce_down_ms;
			*ret_up_ms = self->debounce_up_ms;
		}
		tracked_delay_find(self->tracks, self->track_count, port, ret_down_ms, ret_up_ms);
	}
	for (unsigned int i = 0; i < ka->group_count; i++)
		tracked_delay_find(ka->groups[i].tracks, ka->groups[i].track_count, port, ret_down_ms,
				   ret_up_ms);
}

static void
tracked_delay_find(const struct ka_track *tracks, unsigned int count, unsigned int port,
		   uint32_t *ret_down_ms, uint32_t *ret_up_ms)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct ka_track *self = &tracks[i];

		if (self->kind == KA_TRACK_PORT && self->port == port &&
		    (self->debounce_down_ms != 0 || self->debounce_up_ms != 0)) {
			*ret_down_ms = self->debounce_down_ms;
			*ret_up_ms = self->debounce_up_ms;
		}
	}
}

static void
heartbeat(FILE *out, const char *indent, const struct ka_heartbeat *ka, const char *key_file)
{
	if (ka->kind == KA_HEARTBEAT_UDP) {
		if (ka->interface[0] != '\0')
			word(out, indent, "interface", ka->interface);
		addr(out, indent, "local", &ka->local);
		addr(out, indent, "peer", &ka->peer);
		fprintf(out, "%sport %u\n%sttl %u\n", indent, ka->udp_port, indent, ka->ttl);
	} else {
		word(out, indent, "device", ka->device);
		fprintf(out, "%sbaud %u\n", indent, ka->baud);
	}
	key(out, indent, ka->key, key_file);
	conf_write_time(out, indent, "interval", ka->interval_ms);
	conf_write_time(out, indent, "dead", ka->dead_ms);
}

static void
sync(FILE *out, const char *indent, const struct ka_sync *ka, const char *key_file)
{
	word(out, indent, "interface", ka->interface);
	if (ka->instance[0] != '\0')
		word(out, indent, "instance", ka->instance);
	fprintf(out, "%sid %u\n", indent, ka->sync_id);
	addr(out, indent, conf_addr_is_multicast(&ka->group) ? "group" : "peer", &ka->group);
	fprintf(out, "%sport %u\n%sttl %u\n", indent, ka->udp_port, indent, ka->ttl);
	if (ka->max_len != 0)
		fprintf(out, "%smaxlen %u\n", indent, ka->max_len);
	fprintf(out, "%sthreads %u\n", indent, ka->threads);
	conf_write_time(out, indent, "refresh", ka->refresh_ms);
	fprintf(out, "%sretries %u\n%squeue %u\n", indent, ka->retries, indent, ka->queue);
	key(out, indent, ka->key, key_file);
	addr(out, indent, "local", &ka->local);
	if (ka->lvs_peer)
		fprintf(out, "%slvs_peer on\n", indent);
	else
		conf_write_time(out, indent, "gate", ka->gate_ms);
}

static void
key(FILE *out, const char *indent, const char *text, const char *file)
{
	if (file != NULL)
		word(out, indent, "key_file", file);
	else if (text[0] != '\0')
		word(out, indent, "key", text);
}

static void
word(FILE *out, const char *indent, const char *keyword, const char *text)
{
	fputs(indent, out);
	conf_write_quoted(out, keyword, text);
}

static void
addr(FILE *out, const char *indent, const char *keyword, const struct sl_addr *self)
{
	char text[SL_ADDR_STRLEN];

	if (!sl_addr_is_none(self))
		fprintf(out, "%s%s %s\n", indent, keyword, sl_addr_format(self, text));
}

static void
fifo(FILE *out, const char *indent, const char *keyword, const struct conf_fifo *self)
{
	if (self->path == NULL)
		return;
	fprintf(out, "%s%s", indent, keyword);
	conf_write_word(out, self->path);
	if (self->has_owner)
		fprintf(out, " %u %u", self->uid, self->gid);
	fputc('\n', out);
}
