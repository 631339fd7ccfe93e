/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SMTP_CHECK: the server greets, and answers HELO. A step is a `host`.
 *
 * QUIT is for the server's log: whatever it says to that, or when it just
 * closes, the check has passed. Only silence is a failure.
 */
#include "check_kinds.h"
#include "check_stream.h"
#include "check_words.h"
#include "smtp_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* What the server says, what it should be (0: anything), and what we say then. */
static const struct {
	const char *name;
	unsigned int want;
	const char *say; /* NULL: the check is over */
	bool say_name;
} talk[] = {
	{ "banner", 220, "HELO ", true },
	{ "answer to HELO", 250, "QUIT", false },
	{ "answer to QUIT", 0, NULL, false },
};

enum { TALK_COUNT = sizeof(talk) / sizeof(talk[0]), QUIT_SAID = TALK_COUNT - 1 };

struct check_smtp {
	struct check_stream stream;
	const char *helo_name;
	unsigned int turn; /* of talk[] */
	struct smtp_answer answer;
};

static unsigned int
smtp_step_count(const struct conf_checker *conf)
{
	return conf->smtp.host_count > 0 ? conf->smtp.host_count : 1;
}

static void
smtp_pass(struct check_smtp *smtp)
{
	char took[CHECK_TIME_SIZE];

	check_net_verdict(&smtp->stream.net, true, "HELO answered in %s",
			  check_words_time(check_net_took_us(&smtp->stream.net), took));
}

/* A whole answer has come. True: and with it the verdict. */
static bool
smtp_answer_take(struct check_smtp *smtp)
{
	unsigned int want = talk[smtp->turn].want;
	char quote[SMTP_LINE_KEPT], *text;

	if (want != 0 && smtp->answer.code != want) {
		check_net_verdict(
			&smtp->stream.net, false, "%s \"%s\", want %u", talk[smtp->turn].name,
			check_words_quote(smtp->answer.line, smtp->answer.line_len, quote, sizeof(quote)),
			want);
		return true;
	}
	if (talk[smtp->turn].say == NULL) {
		smtp_pass(smtp);
		return true;
	}
	if (asprintf(&text, "%s%s\r\n", talk[smtp->turn].say,
		     talk[smtp->turn].say_name ? smtp->helo_name : "") < 0) {
		check_net_verdict(&smtp->stream.net, false, "out of memory");
		return true;
	}
	check_stream_send(&smtp->stream, text);
	smtp->turn++;
	smtp->stream.farewell = smtp->turn == QUIT_SAID;
	smtp->answer = (struct smtp_answer){ 0 };
	return false;
}

static void
smtp_late(struct check_net *net)
{
	struct check_smtp *smtp = (struct check_smtp *)net;
	char time[CHECK_TIME_SIZE];

	check_net_verdict(net, false, "no %s within %s", talk[smtp->turn].name,
			  check_words_time(net->connect->timeout_ms * UINT64_C(1000), time));
}

static bool
smtp_take(struct check_stream *stream, const char *data, size_t len)
{
	struct check_smtp *smtp = (struct check_smtp *)stream;
	enum smtp_answer_result result;
	char text[CHECK_TEXT_SIZE];
	size_t taken;

	if (data == NULL) {
		if (smtp->turn == QUIT_SAID)
			smtp_pass(smtp);
		else
			check_net_verdict(&stream->net, false, "connection closed without %s%s",
					  smtp->turn == 0 ? "a " : "an ", talk[smtp->turn].name);
		return true;
	}
	result = smtp_answer_feed(&smtp->answer, data, len, &taken, text);
	if (result == SMTP_ANSWER_MORE)
		return false;
	if (result == SMTP_ANSWER_FAULT) {
		check_net_verdict(&stream->net, false, "%s", text);
		return true;
	}
	if (taken < len && smtp->turn != QUIT_SAID) {
		check_net_verdict(&stream->net, false, "server says more after its %s, before it is asked",
				  talk[smtp->turn].name);
		return true;
	}
	return smtp_answer_take(smtp);
}

static void
smtp_ready(struct check_net *net)
{
	check_stream_run((struct check_stream *)net, smtp_take);
}

static void
smtp_fini(struct check_net *net)
{
	check_stream_fini((struct check_stream *)net);
}

static const struct check_net_kind smtp_kind = {
	.size = sizeof(struct check_smtp),
	.type = SOCK_STREAM,
	.ready = smtp_ready,
	.late = smtp_late,
	.fini = smtp_fini,
};

static void *
smtp_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	   const struct check_target *target, check_done_fn *done, void *context,
	   char ret_text[CHECK_TEXT_SIZE])
{
	const struct conf_connect *connect =
		conf->smtp.host_count > 0 ? &conf->smtp.hosts[step].connect : &conf->connect;
	struct check_net_order order = { env, connect, target, done, context };
	struct check_smtp *smtp = check_net_start(&smtp_kind, &order, ret_text);

	if (smtp != NULL)
		smtp->helo_name = conf->smtp.helo_name != NULL ? conf->smtp.helo_name : env->host_name;
	return smtp;
}

const struct check_ops check_smtp = {
	.step_count = smtp_step_count,
	.start = smtp_start,
	.cancel = check_net_cancel,
};
