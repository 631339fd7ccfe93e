/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AGENT_CHECK: HAProxy's agent-check. Unlike a check it has no say in whether
 * its server is up when it cannot be reached, and its own interval: a
 * delay_loop around it is not for it.
 */
#include "conf_checker.h"
#include "conf_value.h"

#include <string.h>

enum { DELAY_LOOP_MS = 2000, SEND_MAX = 512, SECRET_MAX = 255 };

struct conf_agent_draft {
	struct conf_connect_draft net; /* first */
	const struct conf_word *keyword;
	const char *send, *secret;
	bool bad;
};

void
conf_build_agent(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_real_object *self = object;
	struct conf_agent_draft *draft = conf_arena_alloc(load->scratch, sizeof(*draft));
	unsigned int errors = load->faults->errors;

	draft->keyword = &stmt->words[0];
	conf_walk(load, stmt->first, &conf_block_agent, draft);
	draft->bad = load->faults->errors > errors || load->incomplete;
	self->agent = draft;
}

/* As it is: agents read lines, so it mostly ends with \n. */
void
conf_build_agent_send(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_agent_draft *self = object;
	const struct conf_word *word = &stmt->words[1];
	size_t len = strlen(word->text);

	if (!conf_value_defined(load, word))
		return;
	if (len == 0 || len > SEND_MAX)
		conf_error(load, &word->place, "send must have 1 to %d characters, not %zu", SEND_MAX, len);
	else
		self->send = conf_arena_strndup(load->keep, word->text, len);
}

void
conf_build_agent_secret(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_agent_draft *self = object;

	conf_value_keep(load, &stmt->words[1], "secret", SECRET_MAX, &self->secret);
}

struct conf_agent *
conf_agent_finish(struct conf_load *load, const struct conf_agent_draft *draft,
		  const struct conf_scope *around, const struct conf_real *real)
{
	struct conf_agent *agent = conf_arena_alloc(load->keep, sizeof(*agent));
	struct conf_scope own = { .check = &draft->net.inherit }, scope = *around;

	scope.check = &draft->net.inherit;
	agent->place = draft->keyword->place;
	agent->delay_loop_ms = conf_inherit_value(&own, CONF_DELAY_LOOP, DELAY_LOOP_MS);
	agent->send = draft->send;
	agent->secret = draft->secret;
	conf_connect_finish(load, &draft->net, &scope, real, &agent->connect);
	if (agent->connect.port == 0 && !draft->bad)
		conf_error(load, &draft->keyword->place,
			   "AGENT_CHECK lacks the agent's port: port NUMBER, such as port 3333");
	return agent;
}
