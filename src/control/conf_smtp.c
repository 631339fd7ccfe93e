/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SMTP_CHECK: its greeting, and the hosts that it asks in place of the server.
 */
#include "conf_checker.h"
#include "conf_value.h"

enum { NAME_MAX_LEN = 255 };

void
conf_build_helo_name(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;

	conf_value_host(load, &stmt->words[1], "helo_name", NAME_MAX_LEN, &self->smtp.helo_name);
}

void
conf_build_smtp_host(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;
	struct conf_connect_draft *host = conf_arena_alloc(load->scratch, sizeof(*host));

	conf_walk(load, stmt->first, &conf_block_smtp_host, host);
	self->smtp.hosts = conf_arena_grow(load->scratch, self->smtp.hosts, self->smtp.host_count,
					   sizeof(*self->smtp.hosts));
	self->smtp.hosts[self->smtp.host_count++] = host;
}

void
conf_smtp_finish(struct conf_load *load, const struct conf_checker_draft *draft,
		 const struct conf_scope *scope, const struct conf_real *real,
		 struct conf_checker *ret_checker)
{
	struct conf_smtp *smtp = &ret_checker->smtp;

	smtp->helo_name = draft->smtp.helo_name;
	smtp->host_count = draft->smtp.host_count;
	if (smtp->host_count > 0)
		smtp->hosts = conf_arena_alloc(load->keep, smtp->host_count * sizeof(*smtp->hosts));
	for (unsigned int i = 0; i < smtp->host_count; i++) {
		const struct conf_connect_draft *host = draft->smtp.hosts[i];
		struct conf_inherit inherit = *scope->check;
		struct conf_scope host_scope = *scope;

		if (host->inherit.word[CONF_CONNECT_TIMEOUT] != NULL) {
			inherit.word[CONF_CONNECT_TIMEOUT] = host->inherit.word[CONF_CONNECT_TIMEOUT];
			inherit.value[CONF_CONNECT_TIMEOUT] = host->inherit.value[CONF_CONNECT_TIMEOUT];
		}
		host_scope.check = &inherit;
		conf_connect_finish(load, host, &host_scope, real, &smtp->hosts[i].connect);
	}
}
