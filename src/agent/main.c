/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-agent's life: start, a tick each interval, whoever asks in between,
 * and the end on SIGTERM or SIGINT. What is told was measured at the last tick,
 * so that being asked costs nothing, however often it happens.
 */
#include "agent_room.h"

#include "sl_clock.h"
#include "sl_log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct options options;
static struct sampler sampler;
static struct custom customs[CUSTOM_MAX];
static struct server server;
static volatile sig_atomic_t ended;

static void
on_signal(int number)
{
	ended = 1;
}

static void
answer(const char *nonce, char ret_line[ANSWER_SIZE])
{
	answer_write(&options, &sampler, customs, nonce, ret_line);
}

static void
signals_set(void)
{
	struct sigaction end = { .sa_handler = on_signal };

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
tick(void)
{
	sampler_turn(&sampler);
	for (unsigned int i = 0; i < options.custom_count; i++)
		custom_turn(&customs[i], now_ms());
}

int
main(int argc, char **argv)
{
	uint64_t next_ms;
	int code = options_parse(argc, argv, &options);

	if (code != 0)
		return code - 1;
	signals_set();
	sampler_init(&sampler, options.root);
	for (unsigned int i = 0; i < options.custom_count; i++)
		custom_init(&customs[i], &options.custom[i]);
	server.answer = answer;
	if (server_open(&server, &options) != 0)
		return 1;
	sl_notice("listening on port %u%s", options.port, options.secret[0] != '\0' ? ", secret needed" : "");
	tick();
	next_ms = now_ms() + options.interval_ms;
	while (!ended) {
		server_run(&server, next_ms);
		if (now_ms() < next_ms)
			continue;
		tick();
		next_ms += options.interval_ms;
		/* After a long sleep of the machine the missed ticks are not made up for. */
		if (next_ms < now_ms())
			next_ms = now_ms() + options.interval_ms;
	}
	server_close(&server);
	for (unsigned int i = 0; i < options.custom_count; i++)
		custom_fini(&customs[i]);
	explicit_bzero(options.secret, sizeof(options.secret));
	return 0;
}

uint64_t
now_ms(void)
{
	return sl_clock_ms();
}
