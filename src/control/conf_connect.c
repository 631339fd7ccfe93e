/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of where a check connects to and from: connect_ip, connect_port,
 * bindto, bind_port, bind_if, fwmark. Their object is a struct
 * conf_connect_draft: a check, or a host of an SMTP_CHECK.
 */
#include "conf_checker.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <net/if.h>
#include <string.h>

enum { CONNECT_TIMEOUT_MS = 5000, NAME_MAX_LEN = 253 };

static bool can_tunnel(const struct conf_real *real);
static void via_finish(struct conf_load *load, const struct conf_connect_draft *draft,
		       const struct conf_scope *scope, const struct conf_real *real,
		       struct conf_connect *connect);
static void via_source_forget(struct conf_load *load, const struct conf_connect_draft *draft,
			      const struct conf_word *word, struct conf_connect *connect);
static bool name_good(const char *text);
static bool source_addr(struct conf_load *load, const struct conf_word *word, struct sl_addr *ret_addr);

/* An address, or a name that is resolved whenever it is used. */
void
conf_build_connect_ip(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_connect_draft *self = object;
	const struct conf_word *word = &stmt->words[1];
	struct sl_addr addr;

	if (!conf_value_defined(load, word))
		return;
	self->connect.ip = (struct sl_addr){ 0 };
	self->connect.name = NULL;
	self->ip = word;
	if (sl_addr_parse(word->text, &addr) == 0)
		self->connect.ip = addr;
	else if (name_good(word->text))
		self->connect.name = conf_arena_strndup(load->keep, word->text, strlen(word->text));
	else
		conf_error(load, &word->place, "connect_ip must be an address or a host's name, not %s",
			   conf_show(load, word->text));
}

void
conf_build_connect_port(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_connect_draft *self = object;

	conf_value_port(load, &stmt->words[1], &self->connect.port);
}

void
conf_build_bindto(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_connect_draft *self = object;

	if (source_addr(load, &stmt->words[1], &self->connect.bindto))
		self->bindto = &stmt->words[1];
}

void
conf_build_bind_port(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_connect_draft *self = object;

	conf_value_port(load, &stmt->words[1], &self->connect.bind_port);
}

void
conf_build_bind_if(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_connect_draft *self = object;

	conf_value_host(load, &stmt->words[1], "bind_if", IF_NAMESIZE - 1, &self->connect.bind_if);
}

void
conf_build_fwmark(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_connect_draft *self = object;

	conf_value_number(load, &stmt->words[1], "fwmark", 0, UINT32_MAX, &self->connect.fwmark);
}

void
conf_connect_finish(struct conf_load *load, const struct conf_connect_draft *draft,
		    const struct conf_scope *scope, const struct conf_real *real,
		    struct conf_connect *ret_connect)
{
	const struct sl_addr *to = draft->ip != NULL ? &draft->connect.ip : &real->addr;

	*ret_connect = draft->connect;
	ret_connect->timeout_ms = conf_inherit_value(scope, CONF_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS);
	if (draft->bindto != NULL && !sl_addr_is_none(to) &&
	    sl_addr_is_v4(&draft->connect.bindto) != sl_addr_is_v4(to))
		conf_error(load, &draft->bindto->place, "bindto %s and %s are not of one family",
			   draft->bindto->text, conf_addr_text(load, to));
	via_finish(load, draft, scope, real, ret_connect);
}

void
conf_via_service_check(struct conf_load *load, const struct conf_service_object *service)
{
	const struct conf_word *word = service->inherit.word[CONF_VIA_DATAPLANE];
	unsigned int can = 0;

	if (word == NULL || service->inherit.value[CONF_VIA_DATAPLANE] == 0 || !service->fwd_good)
		return;
	for (unsigned int i = 0; i < service->service->real_count; i++)
		can += can_tunnel(&service->service->reals[i]);
	if (can == 0 && service->service->real_count > 0)
		conf_warn(
			load, &word->place,
			"\"%s\" has no effect: it is for servers by DR and TUN, which own the VIP, and here "
			"is none",
			word->text);
}

static bool
can_tunnel(const struct conf_real *real)
{
	return real->fwd == SL_FWD_DR || real->fwd == SL_FWD_TUN;
}

/* What a virtual_server says is for those of its servers and checks that can. */
static void
via_finish(struct conf_load *load, const struct conf_connect_draft *draft, const struct conf_scope *scope,
	   const struct conf_real *real, struct conf_connect *connect)
{
	const struct conf_inherit *who = conf_inherit_find(scope, CONF_VIA_DATAPLANE);
	const struct conf_word *word = who == NULL ? NULL : who->word[CONF_VIA_DATAPLANE];

	if (who == NULL || who->value[CONF_VIA_DATAPLANE] == 0)
		return;
	if (!can_tunnel(real)) {
		if (who != scope->service)
			conf_warn(load, &word->place,
				  "\"%s\" has no effect: it is for servers by DR and TUN, which own the VIP",
				  word->text);
	} else if (draft->ip != NULL) {
		if (who == scope->check)
			conf_warn(load, &word->place,
				  "\"%s\" has no effect: connect_ip leads past the data plane", word->text);
	} else {
		connect->via_dataplane = true;
		via_source_forget(load, draft, word, connect);
	}
}

/* Such a check has sl-check's own address, and leaves by it. */
static void
via_source_forget(struct conf_load *load, const struct conf_connect_draft *draft,
		  const struct conf_word *word, struct conf_connect *connect)
{
	if (draft->bindto == NULL && connect->bind_if == NULL)
		return;
	conf_warn(load, draft->bindto != NULL ? &draft->bindto->place : &word->place,
		  "\"%s\" has no effect: a check with check_via_dataplane leaves by an interface of its own, "
		  "with its address",
		  draft->bindto != NULL ? "bindto" : "bind_if");
	connect->bindto = (struct sl_addr){ 0 };
	connect->bind_if = NULL;
}

/* RFC 1123's letters and an underscore; what ends in a number is no name, but a mistyped address. */
static bool
name_good(const char *text)
{
	const char *last = strrchr(text, '.');
	size_t len = strlen(text);

	last = last == NULL ? text : last + 1;
	return len <= NAME_MAX_LEN && text[0] != '-' && text[0] != '.' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len &&
	       strspn(last, "0123456789") != strlen(last) && strstr(text, "..") == NULL;
}

/* Any address that a box can have: loopback too. */
static bool
source_addr(struct conf_load *load, const struct conf_word *word, struct sl_addr *ret_addr)
{
	if (!conf_value_defined(load, word))
		return false;
	if (sl_addr_parse(word->text, ret_addr) == 0 && !sl_addr_is_none(ret_addr))
		return true;
	conf_error(load, &word->place, "%s must be an address of this box, not %s", "bindto",
		   conf_show(load, word->text));
	return false;
}
