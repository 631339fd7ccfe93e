/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluicectl: the control client. Options, help, and the way to the verb
 * (verbs.c). Exit codes are enum cli_exit.
 */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_S = 10, OPTION_RATE = 256, OPTION_WATCH, OPTION_ALL, OPTION_FORCE };

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "timeout", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "rate", no_argument, NULL, OPTION_RATE },
	{ "watch", required_argument, NULL, OPTION_WATCH },
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ 0 },
};

static int option_take(struct cli *cli, int option, const char *text);
static int seconds_parse(const char *option, const char *text, unsigned int *ret_seconds);
static int help_print(int argc, char **argv);
static void verb_help_print(const struct cli_verb *verb);
static int verb_call(struct cli *cli, int argc, char **argv);
static int verb_watch(struct cli *cli, const struct cli_verb *verb, json_t *params);

int
main(int argc, char **argv)
{
	struct cli cli = { .socket_path = CLI_SOCKET_PATH, .timeout_s = TIMEOUT_S };
	bool help = false;
	int option;

	while ((option = getopt_long(argc, argv, "s:jt:hV", options, NULL)) != -1) {
		if (option == 'V') {
			printf("sluicectl %s\n", SLUICE_VERSION);
			return CLI_DONE;
		}
		help |= option == 'h';
		if (option != 'h' && option_take(&cli, option, optarg) != 0)
			return CLI_USAGE;
	}
	argc -= optind;
	argv += optind;
	if (argc > 0 && strcmp(argv[0], "help") == 0)
		return help_print(argc - 1, argv + 1);
	if (help)
		return help_print(argc, argv);
	if (argc == 0) {
		fprintf(stderr, "usage: sluicectl [-s SOCKET] [-j] [-t SECONDS] VERB ...\n"
				"sluicectl help lists the verbs\n");
		return CLI_USAGE;
	}
	if (strcmp(argv[0], "complete") == 0) {
		cli_complete(&cli, argc - 1, argv + 1);
		return CLI_DONE;
	}
	return verb_call(&cli, argc, argv);
}

static int
option_take(struct cli *cli, int option, const char *text)
{
	switch (option) {
	case 's':
		cli->socket_path = text;
		return 0;
	case 'j':
		cli->json = true;
		return 0;
	case 't':
		return seconds_parse("-t", text, &cli->timeout_s);
	case OPTION_RATE:
		cli->options |= CLI_RATE;
		return 0;
	case OPTION_WATCH:
		cli->options |= CLI_WATCH;
		return seconds_parse("--watch", text, &cli->watch_s);
	case OPTION_ALL:
		cli->options |= CLI_ALL;
		return 0;
	case OPTION_FORCE:
		cli->options |= CLI_FORCE;
		return 0;
	default:
		fprintf(stderr, "usage: sluicectl [-s SOCKET] [-j] [-t SECONDS] VERB ...\n");
		return -1;
	}
}

static int
seconds_parse(const char *option, const char *text, unsigned int *ret_seconds)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || seconds < 1 || seconds > 86400) {
		fprintf(stderr, "sluicectl: %s \"%s\": seconds are wanted, 1 to 86400\n", option, text);
		return -1;
	}
	*ret_seconds = (unsigned int)seconds;
	return 0;
}

static int
help_print(int argc, char **argv)
{
	const struct cli_verb *verb;
	int used;

	if (argc == 1 && cli_verb_in_group(0, argv[0]) != NULL) {
		for (unsigned int i = 0; (verb = cli_verb_in_group(i, argv[0])) != NULL; i++)
			verb_help_print(verb);
		return CLI_DONE;
	}
	if (argc > 0) {
		if ((verb = cli_verb_find(argc, argv, &used)) == NULL)
			return CLI_USAGE;
		verb_help_print(verb);
		return CLI_DONE;
	}
	printf("usage: sluicectl [-s SOCKET] [-j] [-t SECONDS] VERB ...\n\n"
	       "  -s, --socket SOCKET    the daemon's control socket (" CLI_SOCKET_PATH ")\n"
	       "  -j, --json             print the result as JSON, not as a table\n"
	       "  -t, --timeout SECONDS  give up after so long without an answer (%d)\n"
	       "  -h, --help             this text, or the arguments of the verb that stands with it\n"
	       "  -V, --version          the version\n\n",
	       TIMEOUT_S);
	for (unsigned int i = 0; (verb = cli_verb_at(i)) != NULL; i++)
		printf("  %-14s %s\n", verb->words, verb->help);
	printf("  %-14s %s\n\nExit codes: 0 done, 1 refused by the daemon, 2 usage, 3 daemon not reachable,\n"
	       "4 bad configuration, 5 timed out.\n",
	       "help [VERB]", "this text, or the arguments of a verb");
	return CLI_DONE;
}

static void
verb_help_print(const struct cli_verb *verb)
{
	cli_usage_print(stdout, verb);
	printf("\n  %s\n", verb->help);
}

static int
verb_call(struct cli *cli, int argc, char **argv)
{
	const struct cli_verb *verb;
	json_t *params;
	int used, code;

	if ((verb = cli_verb_find(argc, argv, &used)) == NULL)
		return CLI_USAGE;
	if (cli->options & ~verb->options) {
		fprintf(stderr, "sluicectl: %s does not know that option\nusage: ", verb->words);
		cli_usage_print(stderr, verb);
		fputc('\n', stderr);
		return CLI_USAGE;
	}
	params = cli_args_parse(verb, argc - used, argv + used);
	if (params == NULL)
		return CLI_USAGE;
	if (cli->options & CLI_FORCE)
		json_object_set_new(params, "force", json_true());
	code = cli->watch_s > 0 ? verb_watch(cli, verb, params) : cli_verb_run(cli, verb, params);
	json_decref(params);
	return code;
}

/* Again and again until it fails or a signal ends the program. */
static int
verb_watch(struct cli *cli, const struct cli_verb *verb, json_t *params)
{
	bool screen = isatty(STDOUT_FILENO) && !cli->json;
	int code;

	for (;;) {
		if (screen)
			printf("\033[H\033[J");
		code = cli_verb_run(cli, verb, params);
		if (code != CLI_DONE || fflush(stdout) != 0)
			return code;
		sleep(cli->watch_s);
		if (!screen && !cli->json)
			putchar('\n');
	}
}
