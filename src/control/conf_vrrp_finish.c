/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Instances of VRRP when all of the file is known: defaults filled in, what an
 * instance says against itself and against the others, and conf->ka at the end.
 * What keepalived quietly makes fit is made fit here with a warning.
 */
#include "conf_value.h"
#include "conf_vrrp.h"
#include "sl_near.h"

#include <string.h>

static void instance_finish(struct conf_check *check, unsigned int number);
static void settings_finish(struct conf_load *load, struct conf_instance_draft *draft);
static uint32_t setting(const struct conf_load *load, const struct conf_instance_draft *draft,
			enum conf_setting which);
static uint32_t setting_or(const struct conf_load *load, const struct conf_instance_draft *draft,
			   enum conf_setting which, uint32_t standard);
static void family_finish(struct conf_load *load, struct conf_instance_draft *draft);
static void version_finish(struct conf_load *load, struct conf_instance_draft *draft);
static void auth_finish(struct conf_load *load, struct conf_instance_draft *draft);
static void preempt_finish(struct conf_load *load, struct conf_instance_draft *draft);
static void port_finish(struct conf_check *check, struct conf_instance_draft *draft);
static void peers_finish(struct conf_check *check, struct conf_instance_draft *draft);
static void same_check(struct conf_load *load, unsigned int number);
static const char *weights_ignored(const struct conf_load *load, const struct conf_instance_draft *draft);
static void family_check(struct conf_load *load, const struct conf_instance_draft *draft,
			 const struct conf_word *word, const struct sl_addr *addr, const char *what);
static const char *name_at(unsigned int i, const void *context);

void
conf_ha_finish(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf *conf = load->conf;

	memcpy(conf->ka.router_id, conf->router_id, sizeof(conf->ka.router_id));
	conf_ha_finish_heartbeats(check);
	conf_ha_finish_groups(check);
	for (unsigned int i = 0; i < conf->group_count; i++) {
		if (load->group_drafts[i].instance != NULL)
			conf_ha_instance_find(load, load->group_drafts[i].instance);
	}
	conf_ha_finish_instances(check);
	conf_ha_finish_servers(check);
	conf_ha_finish_sync(check);
	if (load->ha->fence_timeout != NULL && conf->ha.fence == NULL && !load->incomplete)
		conf_warn(load, &load->ha->fence_timeout->place,
			  "fence_timeout has no effect: there is no fence command");
	for (unsigned int i = 0; i < load->ha->delay_count; i++) {
		const struct conf_word *name = load->ha->delays[i].name;

		if (conf_ha_port_find(conf, name->text) < 0 && !load->incomplete)
			conf_warn(load, &name->place,
				  "the delays of %s have no effect: there is no such port",
				  conf_show(load, name->text));
	}
}

void
conf_ha_finish_instances(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf_ha_load *ha = load->ha;
	struct conf *conf = load->conf;

	conf->ka.instances =
		conf_arena_alloc(load->keep, (ha->instance_count + 1) * sizeof(*conf->ka.instances));
	conf->ha.instances =
		conf_arena_alloc(load->keep, (ha->instance_count + 1) * sizeof(*conf->ha.instances));
	for (unsigned int i = 0; i < ha->instance_count; i++)
		instance_finish(check, i);
	conf->ka.instance_count = ha->instance_count;
}

int
conf_ha_port_find(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->port_count; i++) {
		if (strcmp(conf->ports[i].dp.name, name) == 0)
			return (int)i;
	}
	for (unsigned int i = 0; i < conf->port_count; i++) {
		const char *device = strstr(conf->ports[i].dp.device, ",iface=");

		if (device == NULL)
			continue;
		device += strlen(",iface=");
		if (strcspn(device, ",") == strlen(name) && strncmp(device, name, strlen(name)) == 0)
			return (int)i;
	}
	return -1;
}

int
conf_ha_port(struct conf_check *check, const struct conf_word *name)
{
	int port = conf_ha_port_find(check->load->conf, name->text);

	return port >= 0 ? port : conf_check_port(check, name);
}

void
conf_ha_delays(const struct conf_load *load, int port, uint32_t *ret_down_ms, uint32_t *ret_up_ms)
{
	for (unsigned int i = 0; i < load->ha->delay_count; i++) {
		const struct conf_delay_draft *delay = &load->ha->delays[i];

		if (conf_ha_port_find(load->conf, delay->name->text) != port)
			continue;
		*ret_down_ms = delay->down_ms;
		*ret_up_ms = delay->up_ms;
	}
}

struct conf_instance_draft *
conf_ha_instance_find(struct conf_load *load, const struct conf_word *name)
{
	struct conf_ha_load *ha = load->ha;

	for (unsigned int i = 0; i < ha->instance_count; i++) {
		if (strcmp(ha->instances[i].ka.name, name->text) == 0)
			return &ha->instances[i];
	}
	conf_ha_missing(load, name, "vrrp_instance", sl_near_find(name->text, name_at, ha));
	return NULL;
}

static void
instance_finish(struct conf_check *check, unsigned int number)
{
	struct conf_load *load = check->load;
	struct conf_instance_draft *draft = &load->ha->instances[number];
	struct ka_instance *ka = &draft->ka;
	const char *owner = conf_arena_printf(load->scratch, "vrrp_instance %s", ka->name);

	ka->group = (uint16_t)(number + 1);
	settings_finish(load, draft);
	port_finish(check, draft);
	family_finish(load, draft);
	version_finish(load, draft);
	auth_finish(load, draft);
	preempt_finish(load, draft);
	peers_finish(check, draft);
	conf_ha_finish_addrs(check, draft);
	if (draft->vrid == NULL && !draft->bad && !load->incomplete)
		conf_error(load, &draft->name->place,
			   "%s lacks its virtual_router_id, 1 to 255, by which the boxes know it", owner);
	if (!ka->adverts && load->ha->heartbeat_count == 0 && !load->incomplete)
		conf_error(load, &draft->adverts->place,
			   "\"adverts off\" needs a heartbeat: without either, %s never knows whether its "
			   "peer lives",
			   owner);
	same_check(load, number);
	ka->tracks = conf_ha_finish_tracks(check, &draft->tracks, owner, weights_ignored(load, draft),
					   &ka->track_count);
	load->conf->ka.instances[number] = *ka;
	load->conf->ha.instances[number] =
		(struct conf_ha_instance){ .place = draft->name->place, .notify = draft->notify };
}

static void
settings_finish(struct conf_load *load, struct conf_instance_draft *draft)
{
	struct ka_instance *ka = &draft->ka;
	struct ka_garp *garp = &ka->garp;
	bool min = load->ha->min_garp;

	ka->down_adverts = setting(load, draft, CONF_SETTING_DOWN_ADVERTS);
	ka->lower_prio_no_advert = setting(load, draft, CONF_SETTING_LOWER_NO_ADVERT);
	ka->higher_prio_send_advert = setting(load, draft, CONF_SETTING_HIGHER_SEND_ADVERT);
	ka->check_unicast_src = setting(load, draft, CONF_SETTING_CHECK_UNICAST);
	ka->skip_check_addrs = setting(load, draft, CONF_SETTING_SKIP_CHECK);
	ka->checksum_as_v2 = setting(load, draft, CONF_SETTING_CHECKSUM_V2);
	ka->notify_priority = setting(load, draft, CONF_SETTING_NOTIFY_PRIORITY);
	draft->notify.priority_changes = ka->notify_priority;
	garp->delay_ms = setting_or(load, draft, CONF_SETTING_GARP_DELAY, min ? 0 : 5000);
	garp->repeat = setting_or(load, draft, CONF_SETTING_GARP_REPEAT, min ? 1 : 5);
	garp->refresh_ms = setting(load, draft, CONF_SETTING_GARP_REFRESH);
	garp->refresh_repeat = setting(load, draft, CONF_SETTING_GARP_REFRESH_REPEAT);
	garp->lower_delay_ms = setting_or(load, draft, CONF_SETTING_GARP_LOWER_DELAY, garp->delay_ms);
	garp->lower_repeat = setting_or(load, draft, CONF_SETTING_GARP_LOWER_REPEAT, garp->repeat);
	garp->interval_us = setting(load, draft, CONF_SETTING_GARP_INTERVAL);
	garp->na_interval_us = setting(load, draft, CONF_SETTING_GNA_INTERVAL);
}

static uint32_t
setting(const struct conf_load *load, const struct conf_instance_draft *draft, enum conf_setting which)
{
	return setting_or(load, draft, which, load->ha->defaults.value[which]);
}

static uint32_t
setting_or(const struct conf_load *load, const struct conf_instance_draft *draft, enum conf_setting which,
	   uint32_t standard)
{
	if (draft->settings.given[which] != NULL)
		return draft->settings.value[which];
	return load->ha->defaults.given[which] != NULL ? load->ha->defaults.value[which] : standard;
}

/* As keepalived: the first address decides; without one, what else has an address. */
static void
family_finish(struct conf_load *load, struct conf_instance_draft *draft)
{
	struct ka_instance *ka = &draft->ka;
	const struct sl_addr *by = NULL;

	for (unsigned int i = 0; by == NULL && i < draft->vip_count; i++)
		by = draft->vips[i].excluded ? NULL : &draft->vips[i].prefix.addr;
	if (by == NULL && ka->peer_count > 0)
		by = &ka->peers[0];
	if (by == NULL && draft->source != NULL)
		by = &ka->source;
	if (by == NULL && draft->group_addr != NULL)
		by = &ka->group_addr;
	if (by == NULL && draft->vip_count > 0)
		by = &draft->vips[0].prefix.addr;
	ka->family = by == NULL || sl_addr_is_v4(by) ? 4 : 6;
	if (draft->source != NULL)
		family_check(load, draft, draft->source, &ka->source, "the source");
	if (draft->group_addr != NULL)
		family_check(load, draft, draft->group_addr, &ka->group_addr, "mcast_dst_ip");
	else
		ka->group_addr = ka->family == 4 ? load->ha->mcast4 : load->ha->mcast6;
}

static void
version_finish(struct conf_load *load, struct conf_instance_draft *draft)
{
	struct ka_instance *ka = &draft->ka;
	const struct conf_word *given = draft->settings.given[CONF_SETTING_VERSION];

	ka->version = (uint8_t)setting(load, draft, CONF_SETTING_VERSION);
	if (ka->family == 6 && ka->version == 2) {
		if (given != NULL)
			conf_warn(
				load, &given->place,
				"version 2 knows IPv4 alone, and the addresses are IPv6: version 3 is used");
		ka->version = 3;
	}
	if (draft->advert == NULL)
		return;
	if (ka->version == 2 && (ka->advert_ms % 1000 != 0 || ka->advert_ms == 0))
		conf_error(load, &draft->advert->place,
			   "advert_int %s needs \"version 3\": with version 2 it is whole seconds, 1 to 255",
			   conf_time_text(load, ka->advert_ms));
	else if (ka->version == 3 && (ka->advert_ms % 10 != 0 || ka->advert_ms > 40950))
		conf_error(
			load, &draft->advert->place,
			"advert_int must be 0.01 to 40.95 in hundredths of a second with version 3, not %s",
			conf_time_text(load, ka->advert_ms));
}

static void
auth_finish(struct conf_load *load, struct conf_instance_draft *draft)
{
	struct ka_instance *ka = &draft->ka;

	if (draft->auth_type == NULL || draft->auth_pass == NULL) {
		memset(ka->auth_pass, 0, sizeof(ka->auth_pass));
		return;
	}
	if (ka->version == 3) {
		conf_warn(load, &draft->auth_type->place,
			  "authentication has no effect: version 3 of VRRP has none (RFC 5798, 9)");
		memset(ka->auth_pass, 0, sizeof(ka->auth_pass));
		return;
	}
	ka->auth = KA_AUTH_PASS;
}

static void
preempt_finish(struct conf_load *load, struct conf_instance_draft *draft)
{
	struct ka_instance *ka = &draft->ka;

	if (ka->priority == KA_PRIORITY_OWNER && draft->state != NULL && ka->initial != KA_MASTER)
		conf_warn(load, &draft->state->place,
			  "priority 255 is that of the addresses' owner, who begins as MASTER: state MASTER "
			  "is used");
	if (ka->priority == KA_PRIORITY_OWNER)
		ka->initial = KA_MASTER;
	if (ka->nopreempt && ka->initial == KA_MASTER) {
		conf_warn(load, &draft->nopreempt->place,
			  "nopreempt has no effect with %s: it needs \"state BACKUP\"",
			  ka->priority == KA_PRIORITY_OWNER ? "priority 255" : "state MASTER");
		ka->nopreempt = false;
	}
	if (ka->preempt_delay_ms > 0 && ka->initial == KA_MASTER) {
		conf_warn(load, &draft->preempt_delay->place,
			  "preempt_delay has no effect with %s: it needs \"state BACKUP\"",
			  ka->priority == KA_PRIORITY_OWNER ? "priority 255" : "state MASTER");
		ka->preempt_delay_ms = 0;
	}
	if (ka->preempt_delay_ms > 0 && ka->nopreempt) {
		conf_warn(load, &draft->preempt_delay->place, "preempt_delay has no effect with nopreempt");
		ka->preempt_delay_ms = 0;
	}
}

static void
port_finish(struct conf_check *check, struct conf_instance_draft *draft)
{
	struct conf_load *load = check->load;

	if (draft->interface == NULL) {
		if (!draft->bad && !load->incomplete)
			conf_error(load, &draft->name->place,
				   "vrrp_instance %s lacks its interface: the port where its addresses are",
				   draft->ka.name);
		return;
	}
	draft->port = conf_ha_port(check, draft->interface);
	if (draft->port < 0)
		return;
	draft->ka.port = (unsigned int)draft->port;
	conf_ha_delays(load, draft->port, &draft->ka.debounce_down_ms, &draft->ka.debounce_up_ms);
}

/* Peers, and whether there is an address to speak from. */
static void
peers_finish(struct conf_check *check, struct conf_instance_draft *draft)
{
	struct conf_load *load = check->load;
	const struct ka_instance *ka = &draft->ka;
	bool has_source = draft->source != NULL || ka->family == 6;

	for (unsigned int i = 0; i < ka->peer_count; i++) {
		const struct conf_owner *owner = conf_check_owner(check, &ka->peers[i]);

		family_check(load, draft, draft->peers[i], &ka->peers[i], "a peer");
		if (owner != NULL)
			conf_error(load, &draft->peers[i]->place,
				   "peer %s is this box itself (port %s, %s): peers are the other boxes",
				   draft->peers[i]->text, owner->port->dp.name,
				   conf_where(load, &owner->place, &draft->peers[i]->place));
		for (unsigned int j = 0; j < i; j++) {
			if (sl_addr_eq(&ka->peers[i], &ka->peers[j]))
				conf_warn(load, &draft->peers[i]->place, "peer %s is given twice",
					  draft->peers[i]->text);
		}
	}
	if (draft->ttl != NULL && ka->peer_count == 0 && !load->incomplete)
		conf_warn(load, &draft->ttl->place, "unicast_ttl has no effect: there is no unicast_peer");
	if (draft->port < 0 || has_source || !ka->adverts || check->uncertain)
		return;
	for (unsigned int i = 0; i < load->conf->ports[draft->port].addr_count; i++)
		has_source |= sl_addr_is_v4(&load->conf->ports[draft->port].addrs[i].addr);
	if (!has_source)
		conf_error(
			load, &draft->interface->place,
			"port %s has no IPv4 address to send adverts from: give it one, or the instance its "
			"mcast_src_ip or unicast_src_ip",
			draft->interface->text);
}

/* A packet names its instance by port, family and virtual_router_id, and by nothing else. */
static void
same_check(struct conf_load *load, unsigned int number)
{
	const struct conf_instance_draft *draft = &load->ha->instances[number];

	for (unsigned int i = 0; i < number && draft->ka.vrid != 0 && draft->port >= 0; i++) {
		const struct conf_instance_draft *other = &load->ha->instances[i];

		if (other->port != draft->port || other->ka.vrid != draft->ka.vrid ||
		    other->ka.family != draft->ka.family)
			continue;
		conf_error(
			load, &draft->vrid->place,
			"virtual_router_id %u of IPv%u on port %s is that of vrrp_instance %s already (%s)",
			draft->ka.vrid, draft->ka.family, draft->interface->text, other->ka.name,
			conf_where(load, &other->vrid->place, &draft->vrid->place));
		return;
	}
}

/* Why an instance's priority does not follow what it tracks, or NULL. */
static const char *
weights_ignored(const struct conf_load *load, const struct conf_instance_draft *draft)
{
	if (draft->ka.priority == KA_PRIORITY_OWNER)
		return "its priority is 255, which stays";
	if (draft->ka.sync_group >= 0 && !load->ha->groups[draft->ka.sync_group].ka.track_weights)
		return "it is in a vrrp_sync_group without sync_group_tracking_weight";
	return NULL;
}

static void
family_check(struct conf_load *load, const struct conf_instance_draft *draft, const struct conf_word *word,
	     const struct sl_addr *addr, const char *what)
{
	bool v4 = sl_addr_is_v4(addr);

	if (v4 != (draft->ka.family == 4))
		conf_error(load, &word->place, "%s is IPv%c, and vrrp_instance %s speaks IPv%u", what,
			   v4 ? '4' : '6', draft->ka.name, draft->ka.family);
}

static const char *
name_at(unsigned int i, const void *context)
{
	const struct conf_ha_load *ha = context;

	return i < ha->instance_count ? ha->instances[i].ka.name : NULL;
}
