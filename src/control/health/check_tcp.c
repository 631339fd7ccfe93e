/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP_CHECK: somebody listens. The connection is closed as soon as it stands
 * (check_socket.c says why the server's program does not even see it).
 */
#include "check_net.h"
#include "check_kinds.h"
#include "check_words.h"

#include <sys/socket.h>

static void
tcp_ready(struct check_net *net)
{
	char took[CHECK_TIME_SIZE];

	check_net_verdict(net, true, "connected in %s", check_words_time(check_net_took_us(net), took));
}

static const struct check_net_kind tcp_kind = {
	.size = sizeof(struct check_net),
	.type = SOCK_STREAM,
	.unseen = true,
	.ready = tcp_ready,
};

static void *
tcp_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	  const struct check_target *target, check_done_fn *done, void *context,
	  char ret_text[CHECK_TEXT_SIZE])
{
	struct check_net_order order = { env, &conf->connect, target, done, context };

	return check_net_start(&tcp_kind, &order, ret_text);
}

const struct check_ops check_tcp = { .start = tcp_start, .cancel = check_net_cancel };
