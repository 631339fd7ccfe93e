/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a virtual_server does besides forwarding: the client's address told to
 * the server, timestamps, MSS, answers where there is no server, and the group
 * of local addresses of full NAT.
 *
 * Most of it is about TCP, or about FNAT; protocol and servers may stand behind
 * it in the file, so what has no effect is found when the block ends.
 */
#include "conf_service.h"
#include "conf_value.h"

#include <string.h>

enum {
	MSS_MIN = 536,   /* what every host takes, RFC 9293 3.7.1 */
	MSS_MAX = 65495, /* the longest IPv4 packet without its headers */
};

static void sched_options_finish(struct conf_load *load, struct conf_service_object *self);
static void option_read(struct conf_load *load, const struct conf_stmt *stmt,
			struct conf_service_object *self, uint8_t option, const struct conf_word **ret_word);
static bool has_full_nat(const struct conf_service *service);

void
conf_build_laddr_group_name(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	self->group = &stmt->words[1];
	self->group_good = conf_value_name(load, self->group, "local_address_group");
	self->service->local_group[0] = '\0';
	if (self->group_good)
		strcpy(self->service->local_group, self->group->text);
}

void
conf_build_toa(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	option_read(load, stmt, self, DP_SERVICE_TOA, &self->toa);
}

void
conf_build_strip_tcp_timestamps(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;

	option_read(load, stmt, self, DP_SERVICE_STRIP_TS, &self->strip);
}

void
conf_build_mss_clamp(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	const struct conf_word *word = &stmt->words[1];
	uint32_t mss = DP_MSS_KEEP;

	if (strcmp(word->text, "auto") == 0)
		mss = DP_MSS_AUTO;
	else if (strcmp(word->text, "off") != 0 &&
		 !conf_value_number(load, word, "mss_clamp (or auto, or off)", MSS_MIN, MSS_MAX, &mss))
		return;
	self->service->mss = (uint16_t)mss;
	self->mss = mss == DP_MSS_KEEP ? NULL : &stmt->words[0];
}

void
conf_build_reject(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	bool on;

	if (!conf_value_bool(load, &stmt->words[1], "reject", &on))
		return;
	self->service->options &= (uint8_t)~DP_SERVICE_SILENT;
	self->service->options |= on ? 0 : DP_SERVICE_SILENT;
}

/* mh-fallback and mh-port, by the names that ipvsadm has for them too. */
void
conf_build_sched_option(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	const struct conf_word *word = &stmt->words[0];
	bool port = strcmp(word->text, "mh-port") == 0 || strcmp(word->text, "flag-2") == 0;

	self->service->options |= port ? DP_SERVICE_PORT : DP_SERVICE_FALLBACK;
	*(port ? &self->hash_port : &self->fallback) = word;
}

void
conf_options_finish(struct conf_load *load, struct conf_service_object *self)
{
	struct conf_service *service = self->service;
	const struct {
		const struct conf_word *word;
		const char *why;
	} of_tcp[] = {
		{ self->toa, "it is a TCP option, and this service is UDP" },
		{ self->strip, "they are a TCP option, and this service is UDP" },
		{ self->mss, "the MSS is a TCP option, and this service is UDP" },
	};

	if (service->key.proto == SL_PROTO_UDP) {
		for (size_t i = 0; i < sizeof(of_tcp) / sizeof(of_tcp[0]); i++) {
			if (of_tcp[i].word != NULL)
				conf_warn(load, &of_tcp[i].word->place, "\"%s\" has no effect: %s",
					  of_tcp[i].word->text, of_tcp[i].why);
		}
		service->options &= (uint8_t) ~(DP_SERVICE_TOA | DP_SERVICE_STRIP_TS);
		service->mss = DP_MSS_KEEP;
	} else if (self->toa != NULL && self->fwd_good && !has_full_nat(service)) {
		conf_warn(load, &self->toa->place,
			  "\"toa\" has no effect: by NAT, DR and TUN the server sees the client's address "
			  "anyway; it is for FNAT");
	}
	sched_options_finish(load, self);
}

static void
sched_options_finish(struct conf_load *load, struct conf_service_object *self)
{
	struct conf_service *service = self->service;
	const struct sched_ops *sched = service->sched;
	const struct {
		const struct conf_word *word;
		uint32_t known;
		uint8_t option;
	} options[] = {
		{ self->fallback, SCHED_FALLBACK, DP_SERVICE_FALLBACK },
		{ self->hash_port, SCHED_PORT, DP_SERVICE_PORT },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].word == NULL || (sched->options & options[i].known) != 0)
			continue;
		conf_warn(
			load, &options[i].word->place,
			"\"%s\" has no effect: it is an option of the scheduler mh, and this service has %s",
			options[i].word->text, sched->name);
		service->options &= (uint8_t)~options[i].option;
	}
	if (sched->servers_max != 0 && service->real_count > sched->servers_max)
		conf_error(load, &service->place,
			   "scheduler %s takes %u real servers at most, and this virtual_server has %u",
			   sched->name, sched->servers_max, service->real_count);
}

static void
option_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_service_object *self,
	    uint8_t option, const struct conf_word **ret_word)
{
	bool on;

	if (!conf_value_bool(load, &stmt->words[1], stmt->words[0].text, &on))
		return;
	self->service->options &= (uint8_t)~option;
	self->service->options |= on ? option : 0;
	*ret_word = on ? &stmt->words[0] : NULL;
}

static bool
has_full_nat(const struct conf_service *service)
{
	for (unsigned int i = 0; i < service->real_count; i++) {
		if (service->reals[i].fwd == SL_FWD_FNAT)
			return true;
	}
	return service->fwd == SL_FWD_FNAT;
}
