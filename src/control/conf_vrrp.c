/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of `vrrp_instance`: all but its addresses (conf_vrrp_addr.c), what it
 * tracks (conf_vrrp_track.c), and whom it notifies (conf_vrrp_notify.c). The
 * object is a struct conf_instance_draft; conf_vrrp_finish.c makes it good.
 */
#include "conf_value.h"
#include "conf_vrrp.h"

#include <string.h>

enum {
	ADVERT_MIN_MS = 10,
	ADVERT_MAX_MS = 255 * 1000,
	PREEMPT_DELAY_MAX_MS = 1000 * 1000,
};

static bool name_read(struct conf_load *load, const struct conf_word *word, char ret_name[KA_NAME_SIZE]);

void
conf_build_vrrp_instance(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ha_load *ha = load->ha;
	unsigned int errors = load->faults->errors, i = ha->instance_count;
	struct conf_instance_draft *draft;

	if (i == KA_INSTANCES_MAX) {
		conf_error(load, &stmt->words[0].place, "there can be at most %d instances of VRRP",
			   KA_INSTANCES_MAX);
		return;
	}
	ha->instances = conf_arena_grow(load->scratch, ha->instances, i, sizeof(*ha->instances));
	draft = &ha->instances[i];
	*draft = (struct conf_instance_draft){
		.name = &stmt->words[1],
		.port = -1,
		.ka = { .adverts = true,
			.priority = 100,
			.initial = KA_BACKUP,
			.advert_ms = 1000,
			.unicast_ttl = 255,
			.accept = true,
			.track_port = true,
			.sync_group = -1 },
	};
	ha->instance_count++;
	name_read(load, draft->name, draft->ka.name);
	for (unsigned int j = 0; draft->ka.name[0] != '\0' && j < i; j++) {
		if (strcmp(ha->instances[j].ka.name, draft->ka.name) == 0)
			conf_error(load, &draft->name->place, "vrrp_instance %s is defined in %s already",
				   conf_show(load, draft->ka.name),
				   conf_where(load, &ha->instances[j].name->place, &draft->name->place));
	}
	conf_walk(load, stmt->first, &conf_block_vrrp_instance, draft);
	draft->bad = load->faults->errors != errors;
}

void
conf_build_state(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;
	const struct conf_word *word = &stmt->words[1];

	self->state = word;
	if (strcmp(word->text, "MASTER") == 0)
		self->ka.initial = KA_MASTER;
	else if (strcmp(word->text, "BACKUP") == 0)
		self->ka.initial = KA_BACKUP;
	else if (conf_value_defined(load, word))
		conf_error(load, &word->place, "state must be MASTER or BACKUP, not %s",
			   conf_show(load, word->text));
}

void
conf_build_interface(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->interface = &stmt->words[1];
}

void
conf_build_virtual_router_id(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;
	uint32_t vrid;

	self->vrid = &stmt->words[1];
	if (conf_value_number(load, self->vrid, "virtual_router_id", 1, 255, &vrid))
		self->ka.vrid = (uint8_t)vrid;
}

void
conf_build_priority(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;
	uint32_t priority;

	self->priority = &stmt->words[1];
	if (conf_value_number(load, self->priority, "priority", 1, 255, &priority))
		self->ka.priority = (uint8_t)priority;
}

void
conf_build_advert_int(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->advert = &stmt->words[1];
	conf_value_time(load, self->advert, "advert_int", ADVERT_MIN_MS, ADVERT_MAX_MS, &self->ka.advert_ms);
}

void
conf_build_adverts(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->adverts = &stmt->words[0];
	conf_value_bool(load, &stmt->words[1], "adverts", &self->ka.adverts);
}

void
conf_build_preempt(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->ka.nopreempt = strcmp(stmt->words[0].text, "nopreempt") == 0;
	self->nopreempt = self->ka.nopreempt ? &stmt->words[0] : NULL;
}

void
conf_build_preempt_delay(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->preempt_delay = &stmt->words[0];
	conf_value_time(load, &stmt->words[1], "preempt_delay", 0, PREEMPT_DELAY_MAX_MS,
			&self->ka.preempt_delay_ms);
}

void
conf_build_authentication(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	conf_walk(load, stmt->first, &conf_block_authentication, object);
	if (self->auth_type == NULL || self->auth_pass == NULL)
		conf_warn(load, &stmt->words[0].place,
			  "authentication needs auth_type PASS and auth_pass: adverts go without");
}

/* AH of version 2 was IPsec over a packet that the data plane builds itself: nobody uses it. */
void
conf_build_auth_type(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(word->text, "PASS") == 0)
		self->auth_type = word;
	else if (strcmp(word->text, "AH") == 0)
		conf_error(
			load, &word->place,
			"auth_type AH is not available: give PASS, or leave authentication out, as RFC 5798 "
			"does; a heartbeat is signed");
	else if (conf_value_defined(load, word))
		conf_error(load, &word->place, "auth_type must be PASS, not %s", conf_show(load, word->text));
}

/* The password itself stands in no message. */
void
conf_build_auth_pass(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;
	const struct conf_word *word = &stmt->words[1];
	size_t len = strlen(word->text);

	if (!conf_value_defined(load, word))
		return;
	if (len == 0) {
		conf_error(load, &word->place, "auth_pass is empty");
		return;
	}
	if (len > 8)
		conf_warn(load, &word->place,
			  "auth_pass has %zu characters: the first 8 are used, a packet has no room for more",
			  len);
	self->auth_pass = word;
	memset(self->ka.auth_pass, 0, sizeof(self->ka.auth_pass));
	memcpy(self->ka.auth_pass, word->text, len < 8 ? len : 8);
}

void
conf_build_use_vmac(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->ka.vmac = true;
	if (stmt->word_count > 1)
		conf_warn(load, &stmt->words[1].place,
			  "%s has no effect: a virtual MAC address needs no interface of its own, and is "
			  "that of "
			  "RFC 5798",
			  conf_show(load, stmt->words[1].text));
}

void
conf_build_accept(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->ka.accept = strcmp(stmt->words[0].text, "accept") == 0;
}

void
conf_build_dont_track_primary(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	self->ka.track_port = false;
}

/* `{ NAME DOWN [UP] }`, in seconds: a link's change counts when it has lasted so long. */
void
conf_build_interface_up_down_delays(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	enum { DELAY_MAX_MS = 255 * 1000 };

	for (const struct conf_stmt *line = stmt->first; line != NULL; line = line->next) {
		struct conf_ha_load *ha = load->ha;
		struct conf_delay_draft draft = { .name = &line->words[0] };

		if (line->has_block || line->word_count < 2 || line->word_count > 3) {
			conf_error(load, &line->words[0].place,
				   "a line of interface_up_down_delays is PORT DOWN [UP], in seconds");
			continue;
		}
		if (!conf_value_time(load, &line->words[1], "a delay", 0, DELAY_MAX_MS, &draft.down_ms))
			continue;
		draft.up_ms = draft.down_ms;
		if (line->word_count == 3 &&
		    !conf_value_time(load, &line->words[2], "a delay", 0, DELAY_MAX_MS, &draft.up_ms))
			continue;
		ha->delays = conf_arena_grow(load->scratch, ha->delays, ha->delay_count, sizeof(draft));
		ha->delays[ha->delay_count++] = draft;
	}
}

/* mcast_src_ip, unicast_src_ip */
void
conf_build_src_ip(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	if (conf_value_addr(load, &stmt->words[1], stmt->words[0].text, &self->ka.source))
		self->source = &stmt->words[1];
}

void
conf_build_unicast_ttl(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;
	uint32_t ttl;

	if (!conf_value_number(load, &stmt->words[1], "unicast_ttl", 1, 255, &ttl))
		return;
	self->ttl = &stmt->words[0];
	self->ka.unicast_ttl = (uint8_t)ttl;
}

/* `{ ADDRESS [min_ttl N] [max_ttl N] ... }` */
void
conf_build_unicast_peer(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	for (const struct conf_stmt *line = stmt->first; line != NULL; line = line->next) {
		const struct conf_word *word = &line->words[0];
		struct sl_addr addr;
		unsigned int i = self->ka.peer_count;

		if (line->has_block) {
			conf_error(load, &word->place, "a line of unicast_peer is ADDRESS");
			continue;
		}
		if (!conf_value_addr(load, word, "a peer", &addr))
			continue;
		if (line->word_count > 1)
			conf_warn(load, &line->words[1].place,
				  "%s has no effect: the peers' TTL is not looked at, their address is "
				  "(check_unicast_src)",
				  conf_show(load, line->words[1].text));
		self->ka.peers = conf_arena_grow(load->keep, self->ka.peers, i, sizeof(addr));
		self->peers = conf_arena_grow(load->scratch, self->peers, i, sizeof(*self->peers));
		self->ka.peers[i] = addr;
		self->peers[i] = word;
		self->ka.peer_count++;
	}
	if (stmt->first == NULL)
		conf_warn(load, &stmt->words[0].place,
			  "unicast_peer is empty, so adverts are multicast: it lacks lines ADDRESS");
}

/* Names go to scripts, a FIFO and the control socket: printable, and without blanks. */
static bool
name_read(struct conf_load *load, const struct conf_word *word, char ret_name[KA_NAME_SIZE])
{
	const char *name;

	if (!conf_value_host(load, word, "the name of a vrrp_instance", KA_NAME_SIZE - 1, &name))
		return false;
	strcpy(ret_name, name);
	return true;
}
