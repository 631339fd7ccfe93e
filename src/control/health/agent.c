/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HAProxy's agent-check, as the one who asks (agent.h).
 *
 *	agent_start -> due -> attempt -> says -> due ...
 *	                      |-- connect, [challenge, send], one line back
 *
 * An attempt begins delay_loop after the last one began, or when that has
 * ended, and the first somewhere in the first delay_loop, so that the agents
 * of many servers are not asked at once. Its line is kept until it is whole or
 * AGENT_LINE_MAX long, and then read (agent_answer.c). With a secret, each
 * attempt asks a question of its own, and takes no other's answer (sl_seal.h).
 *
 * Only a stopped agent forgets what it was told. Control thread only.
 */
#include "agent.h"

#include "agent_answer.h"
#include "check_stream.h"
#include "check_words.h"
#include "sl_clock.h"
#include "sl_seal.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

struct agent {
	struct check_env *env;
	const struct conf_agent *conf;
	const char *custom;
	struct check_target target;
	agent_says_fn *report;
	void *context;
	struct event *due;
	uint64_t begun_us;
	void *attempt; /* NULL: none runs */
	struct agent_says says;
};

struct attempt {
	struct check_stream stream;
	struct agent *agent;
	char nonce[SL_SEAL_NONCE + 1];
	char line[AGENT_LINE_MAX + 1];
	size_t len;
};

static void due_set(struct agent *agent, uint64_t wait_us);
static void attempt_begin(evutil_socket_t fd, short what, void *context);
static void attempt_done(const struct check_result *result, void *context);
static bool question_send(struct attempt *attempt);
static bool answer_take(struct check_stream *stream, const char *data, size_t len);
static void answer_judge(struct attempt *attempt);
static void attempt_ready(struct check_net *net);
static void attempt_fini(struct check_net *net);

static const struct check_net_kind attempt_kind = {
	.size = sizeof(struct attempt),
	.type = SOCK_STREAM,
	.ready = attempt_ready,
	.late = check_stream_late,
	.fini = attempt_fini,
};

struct agent *
agent_start(struct check_env *env, const struct conf_agent *conf, const char *custom,
	    const struct check_target *target, const struct agent_says *before, agent_says_fn *says,
	    void *context)
{
	static const struct agent_says nothing = AGENT_SAYS_NOTHING;
	struct agent *agent = calloc(1, sizeof(*agent));
	uint32_t chance = 0;

	if (agent == NULL)
		return NULL;
	agent->env = env;
	agent->conf = conf;
	agent->custom = custom;
	agent->target = *target;
	agent->report = says;
	agent->context = context;
	agent->says = before != NULL ? *before : nothing;
	agent->due = evtimer_new(env->base, attempt_begin, agent);
	if (agent->due == NULL) {
		free(agent);
		return NULL;
	}
	/* Without it they would all be asked at once, and that works too. */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0;
	due_set(agent, (uint64_t)conf->delay_loop_ms * 1000 * (chance >> 16) >> 16);
	return agent;
}

void
agent_stop(struct agent *agent)
{
	if (agent == NULL)
		return;
	if (agent->attempt != NULL)
		check_net_cancel(agent->attempt);
	event_free(agent->due);
	free(agent);
}

static void
due_set(struct agent *agent, uint64_t wait_us)
{
	struct timeval wait = { .tv_sec = (time_t)(wait_us / 1000000), .tv_usec = (long)(wait_us % 1000000) };

	evtimer_add(agent->due, &wait);
}

/* ---- an attempt ---- */

static void
attempt_begin(evutil_socket_t fd, short what, void *context)
{
	struct agent *agent = context;
	struct check_result result = { .good = false };
	struct check_net_order order = { agent->env, &agent->conf->connect, &agent->target, attempt_done,
					 agent };
	struct attempt *attempt;

	agent->begun_us = sl_clock_us();
	attempt = check_net_start(&attempt_kind, &order, result.text);
	if (attempt != NULL) {
		agent->attempt = attempt;
		attempt->agent = agent;
		if (question_send(attempt))
			return;
		snprintf(result.text, sizeof(result.text), "cannot ask: no random numbers, or out of memory");
		check_net_cancel(attempt);
	}
	attempt_done(&result, agent);
}

/* The callback may stop the agent: it comes last. */
static void
attempt_done(const struct check_result *result, void *context)
{
	struct agent *agent = context;
	uint64_t delay_us = (uint64_t)agent->conf->delay_loop_ms * 1000;
	uint64_t took_us = sl_clock_us() - agent->begun_us;

	agent->attempt = NULL;
	due_set(agent, took_us < delay_us ? delay_us - took_us : 0);
	agent->says.reached = result->good;
	if (!result->good) {
		agent->says.fresh_percent = false;
		memset(agent->says.has_load, 0, sizeof(agent->says.has_load));
	}
	snprintf(agent->says.text, sizeof(agent->says.text), "%s", result->text);
	agent->report(&agent->says, agent->context);
}

/* What is sent before the agent is listened to: the challenge comes first, as sluice-agent waits for it. */
static bool
question_send(struct attempt *attempt)
{
	const struct conf_agent *conf = attempt->agent->conf;
	const char *send = conf->send != NULL ? conf->send : "";
	char ask[SL_SEAL_ASK_SIZE] = "", *text;
	uint8_t chance[SL_SEAL_NONCE / 2];

	if (conf->secret != NULL) {
		if (getrandom(chance, sizeof(chance), GRND_NONBLOCK) != (ssize_t)sizeof(chance))
			return false;
		sl_hex_format(chance, sizeof(chance), attempt->nonce);
		sl_seal_ask(conf->secret, attempt->nonce, ask);
	}
	if (asprintf(&text, "%s%s%s", ask, ask[0] != '\0' ? "\n" : "", send) < 0)
		return false;
	check_stream_send(&attempt->stream, text);
	return true;
}

static void
attempt_ready(struct check_net *net)
{
	check_stream_run((struct check_stream *)net, answer_take);
}

static void
attempt_fini(struct check_net *net)
{
	check_stream_fini((struct check_stream *)net);
}

/* ---- the answer ---- */

static bool
answer_take(struct check_stream *stream, const char *data, size_t len)
{
	struct attempt *attempt = (struct attempt *)stream;
	const char *end = data != NULL ? memchr(data, '\n', len) : NULL;
	size_t part = end != NULL ? (size_t)(end - data) : len;

	if (data == NULL) {
		if (attempt->len > 0)
			answer_judge(attempt);
		else
			check_net_verdict(&stream->net, false, "connection closed without an answer");
		return true;
	}
	if (part > AGENT_LINE_MAX - attempt->len) {
		check_net_verdict(&stream->net, false, "answer of more than %d bytes", AGENT_LINE_MAX);
		return true;
	}
	memcpy(attempt->line + attempt->len, data, part);
	attempt->len += part;
	/* An agent that goes away without reading what we sent resets the connection; its line counts. */
	stream->farewell = attempt->len > 0;
	if (end == NULL)
		return false;
	answer_judge(attempt);
	return true;
}

static void
answer_judge(struct attempt *attempt)
{
	struct agent *agent = attempt->agent;
	struct check_net *net = &attempt->stream.net;
	const char *secret = agent->conf->secret;
	struct agent_answer answer;
	char quote[CHECK_TEXT_SIZE / 2];

	if (attempt->len > 0 && attempt->line[attempt->len - 1] == '\r')
		attempt->len--;
	attempt->line[attempt->len] = '\0';
	if (secret != NULL) {
		/* A zero byte would end what is signed before what is read ends. */
		if (strlen(attempt->line) != attempt->len ||
		    !sl_seal_told(secret, attempt->nonce, attempt->line)) {
			check_net_verdict(net, false,
					  "answer is not signed with our secret for this question");
			return;
		}
		attempt->len = strlen(attempt->line);
	}
	agent_answer_parse(attempt->line, attempt->len, agent->custom, &answer);
	check_words_quote(attempt->line, attempt->len, quote, sizeof(quote));
	if (answer.known == 0) {
		check_net_verdict(net, false, "no word in \"%s\" that an agent says", quote);
		return;
	}
	agent_answer_apply(&answer, &agent->says);
	if (answer.unknown > 0)
		check_net_verdict(net, true, "%s (%u words unknown)", quote, answer.unknown);
	else
		check_net_verdict(net, true, "%s", quote);
}
