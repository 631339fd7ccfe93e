/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instances of VRRP and sync groups as text (conf_write.h). Settings that have
 * their built-in default are left out.
 */
#include "conf_write_private.h"

#include <string.h>

static void head(FILE *out, const char *indent, const struct ka_instance *ka, const struct conf *conf);
static void garp(FILE *out, const char *indent, const struct ka_garp *garp);
static void addrs(FILE *out, const char *indent, const struct ka_instance *ka, const struct conf *conf,
		  bool excluded);
static void tracks(FILE *out, const char *indent, const struct ka_track *tracks, unsigned int count);
static void track(FILE *out, const char *indent, const struct ka_track *track);
static void notify(FILE *out, const char *indent, const struct conf_ha_notify *notify);
static void interval(FILE *out, const char *indent, const char *keyword, uint32_t us);
static const char *track_keyword(const struct ka_track *track);

void
conf_write_instance(FILE *out, const char *indent, const struct conf *conf, unsigned int number)
{
	const struct ka_instance *ka = &conf->ka.instances[number];
	const struct {
		const char *keyword;
		bool on;
	} switches[] = {
		{ "adverts off", !ka->adverts },
		{ "nopreempt", ka->nopreempt },
		{ "lower_prio_no_advert on", ka->lower_prio_no_advert },
		{ "higher_prio_send_advert off", !ka->higher_prio_send_advert },
		{ "check_unicast_src on", ka->check_unicast_src },
		{ "skip_check_adv_addr on", ka->skip_check_addrs },
		{ "v3_checksum_as_v2 on", ka->checksum_as_v2 },
		{ "use_vmac", ka->vmac },
		{ "no_accept", !ka->accept },
		{ "dont_track_primary", !ka->track_port },
		{ "notify_priority_changes on", ka->notify_priority },
	};
	char text[SL_ADDR_STRLEN];

	head(out, indent, ka, conf);
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (switches[i].on)
			fprintf(out, "%s%s\n", indent, switches[i].keyword);
	}
	if (ka->peer_count > 0) {
		fprintf(out, "%sunicast_ttl %u\n%sunicast_peer {\n", indent, ka->unicast_ttl, indent);
		for (unsigned int i = 0; i < ka->peer_count; i++)
			fprintf(out, "%s    %s\n", indent, sl_addr_format(&ka->peers[i], text));
		fprintf(out, "%s}\n", indent);
	}
	addrs(out, indent, ka, conf, false);
	addrs(out, indent, ka, conf, true);
	garp(out, indent, &ka->garp);
	tracks(out, indent, ka->tracks, ka->track_count);
	notify(out, indent, &conf->ha.instances[number].notify);
}

void
conf_write_sync_group(FILE *out, const char *indent, const struct conf *conf, unsigned int number)
{
	const struct ka_sync_group *ka = &conf->ka.groups[number];
	const struct conf_ha_notify *notifiers = &conf->ha.groups[number].notify;

	fprintf(out, "%sgroup {\n", indent);
	for (unsigned int i = 0; i < conf->ka.instance_count; i++) {
		if (conf->ka.instances[i].sync_group != (int)number)
			continue;
		fprintf(out, "%s   ", indent);
		conf_write_word(out, conf->ka.instances[i].name);
		fputc('\n', out);
	}
	fprintf(out, "%s}\n", indent);
	if (ka->track_weights)
		fprintf(out, "%ssync_group_tracking_weight\n", indent);
	tracks(out, indent, ka->tracks, ka->track_count);
	notify(out, indent, notifiers);
	if (notifiers->priority_changes)
		fprintf(out, "%snotify_priority_changes on\n", indent);
}

static void
head(FILE *out, const char *indent, const struct ka_instance *ka, const struct conf *conf)
{
	char text[SL_ADDR_STRLEN];

	fprintf(out, "%sstate %s\n", indent, ka->initial == KA_MASTER ? "MASTER" : "BACKUP");
	fprintf(out, "%sinterface %s\n", indent, conf->ports[ka->port].dp.name);
	fprintf(out, "%svirtual_router_id %u\n%spriority %u\n", indent, ka->vrid, indent, ka->priority);
	fprintf(out, "%sversion %u\n", indent, ka->version);
	conf_write_time(out, indent, "advert_int", ka->advert_ms);
	if (ka->down_adverts != 3)
		fprintf(out, "%sdown_timer_adverts %u\n", indent, ka->down_adverts);
	if (ka->preempt_delay_ms != 0)
		conf_write_time(out, indent, "preempt_delay", ka->preempt_delay_ms);
	if (ka->auth == KA_AUTH_PASS) {
		fprintf(out, "%sauthentication {\n%s    auth_type PASS\n%s    auth_pass", indent, indent,
			indent);
		conf_write_word(out, ka->auth_pass);
		fprintf(out, "\n%s}\n", indent);
	}
	if (!sl_addr_is_none(&ka->source))
		fprintf(out, "%s%s %s\n", indent, ka->peer_count > 0 ? "unicast_src_ip" : "mcast_src_ip",
			sl_addr_format(&ka->source, text));
	if (!sl_addr_is_none(&ka->group_addr))
		fprintf(out, "%smcast_dst_ip %s\n", indent, sl_addr_format(&ka->group_addr, text));
}

static void
garp(FILE *out, const char *indent, const struct ka_garp *self)
{
	if (self->repeat != 5)
		fprintf(out, "%sgarp_master_repeat %u\n", indent, self->repeat);
	if (self->delay_ms != 5000)
		conf_write_time(out, indent, "garp_master_delay", self->delay_ms);
	if (self->refresh_ms != 0)
		conf_write_time(out, indent, "garp_master_refresh", self->refresh_ms);
	if (self->refresh_repeat != 1)
		fprintf(out, "%sgarp_master_refresh_repeat %u\n", indent, self->refresh_repeat);
	if (self->lower_repeat != self->repeat)
		fprintf(out, "%sgarp_lower_prio_repeat %u\n", indent, self->lower_repeat);
	if (self->lower_delay_ms != self->delay_ms)
		conf_write_time(out, indent, "garp_lower_prio_delay", self->lower_delay_ms);
	interval(out, indent, "garp_interval", self->interval_us);
	interval(out, indent, "gna_interval", self->na_interval_us);
}

/* Those of full NAT stand in their groups. */
static void
addrs(FILE *out, const char *indent, const struct ka_instance *ka, const struct conf *conf, bool excluded)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < ka->addr_count; i++) {
		const struct ka_addr *addr = &ka->addrs[i];
		char text[SL_PREFIX_STRLEN];

		if (addr->local || addr->excluded != excluded)
			continue;
		if (count++ == 0)
			fprintf(out, "%svirtual_ipaddress%s {\n", indent, excluded ? "_excluded" : "");
		fprintf(out, "%s    %s", indent, sl_prefix_format(&addr->prefix, text));
		if (addr->port >= 0)
			fprintf(out, " dev %s", conf->ports[addr->port].dp.name);
		fputc('\n', out);
	}
	if (count > 0)
		fprintf(out, "%s}\n", indent);
}

/* A block for each kind, in the order of their first. */
static void
tracks(FILE *out, const char *indent, const struct ka_track *self, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const char *keyword = track_keyword(&self[i]);
		bool written = false;

		for (unsigned int j = 0; j < i; j++)
			written |= strcmp(track_keyword(&self[j]), keyword) == 0;
		if (written)
			continue;
		fprintf(out, "%s%s {\n", indent, keyword);
		for (unsigned int j = i; j < count; j++) {
			if (strcmp(track_keyword(&self[j]), keyword) == 0)
				track(out, indent, &self[j]);
		}
		fprintf(out, "%s}\n", indent);
	}
}

static void
track(FILE *out, const char *indent, const struct ka_track *self)
{
	char text[SL_ADDR_STRLEN];
	struct sl_addr addr;
	uint16_t port;

	fprintf(out, "%s   ", indent);
	if (self->kind == KA_TRACK_QUORUM && strlen(self->name) > 4 && self->name[3] == ' ' &&
	    sl_endpoint_parse(self->name + 4, &addr, &port) == 0)
		fprintf(out, " %.3s %s %u", self->name, sl_addr_format(&addr, text), port);
	else
		conf_write_word(out, self->name);
	fprintf(out, " weight %d%s\n", self->weight, self->reverse ? " reverse" : "");
}

static void
notify(FILE *out, const char *indent, const struct conf_ha_notify *self)
{
	const struct {
		const char *keyword;
		const struct conf_script *script;
	} commands[] = {
		{ "notify_master", self->master },
		{ "notify_backup", self->backup },
		{ "notify_fault", self->fault },
		{ "notify_stop", self->stop },
		{ "notify_deleted", self->deleted },
		{ "notify_master_rx_lower_pri", self->master_rx_lower_pri },
		{ "notify", self->any },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		conf_write_script(out, indent, commands[i].keyword, commands[i].script);
	if (self->say_deleted && self->deleted == NULL)
		fprintf(out, "%snotify_deleted\n", indent);
}

static void
interval(FILE *out, const char *indent, const char *keyword, uint32_t us)
{
	if (us != 0)
		fprintf(out, "%s%s %u.%06u\n", indent, keyword, us / 1000000, us % 1000000);
}

static const char *
track_keyword(const struct ka_track *self)
{
	static const char *const keywords[KA_TRACK_MAX] = {
		[KA_TRACK_PORT] = "track_interface",
		[KA_TRACK_INTERFACE] = "track_interface",
		[KA_TRACK_WORKERS] = "",
		[KA_TRACK_SCRIPT] = "track_script",
		[KA_TRACK_FILE] = "track_file",
		[KA_TRACK_PROCESS] = "track_process",
		[KA_TRACK_GATEWAY] = "track_gateway",
		[KA_TRACK_QUORUM] = "track_quorum",
	};

	return keywords[self->kind];
}
