/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `sluicectl complete WORD ...`: what may come after these words, one a line,
 * for the completion of shells (conf/completions). From the same tables as
 * everything else; services and real servers from the daemon, if it answers
 * within a second. "@file" stands for the name of a file.
 */
#include "cli.h"

#include "client.h"

#include <sluice/conn.h>

#include <string.h>

enum { PATIENCE_S = 1 };

/* Where values are looked for: the service that the words before have named. */
struct place {
	struct cli *cli;
	const char *proto, *vip; /* NULL: not named */
};

static void proto_list(const struct place *place);
static void vip_list(const struct place *place);
static void real_list(const struct place *place);
static void scheduler_list(const struct place *place);
static void method_list(const struct place *place);
static void tunnel_list(const struct place *place);
static void mss_list(const struct place *place);
static void switch_list(const struct place *place);
static void state_list(const struct place *place);
static void file_list(const struct place *place);
static void instance_list(const struct place *place);

static const struct {
	const char *argument;
	void (*list)(const struct place *place);
} values[] = {
	{ "proto", proto_list },         { "vip", vip_list },       { "real", real_list },
	{ "scheduler", scheduler_list }, { "method", method_list }, { "state", state_list },
	{ "file", file_list },           { "tunnel", tunnel_list }, { "mss_clamp", mss_list },
	{ "toa", switch_list },          { "reject", switch_list }, { "strip_tcp_timestamps", switch_list },
	{ "instance", instance_list },
};

static void verbs_print(int argc, char **argv);
static void keywords_print(const struct cli_verb *verb, int argc, char **argv, const struct place *place);
static void values_print(const char *argument, const struct place *place);

void
cli_complete(struct cli *cli, int argc, char **argv)
{
	struct place place = { .cli = cli };
	const struct cli_verb *verb;
	int used, places = 0;

	verb = cli_verb_match(argc, argv, &used);
	if (verb == NULL) {
		verbs_print(argc, argv);
		return;
	}
	argc -= used;
	argv += used;
	while (places < CLI_ARGS_MAX && verb->positional[places] != NULL) {
		if (places < argc && strcmp(verb->positional[places], "proto") == 0)
			place.proto = argv[places];
		if (places < argc && strcmp(verb->positional[places], "vip") == 0)
			place.vip = argv[places];
		places++;
	}
	if (argc < places)
		values_print(verb->positional[argc], &place);
	else
		keywords_print(verb, argc - places, argv + places, &place);
}

/* First words, each once; or second words of verbs that begin with the one there is. */
static void
verbs_print(int argc, char **argv)
{
	const struct cli_verb *verb;
	const char *before = "";

	for (unsigned int i = 0; argc < 2 && (verb = cli_verb_at(i)) != NULL; i++) {
		int len = (int)strcspn(verb->words, " ");

		if (argc == 0 && (strncmp(before, verb->words, (size_t)len) != 0 || before[len] != ' '))
			printf("%.*s\n", len, verb->words);
		else if (argc == 1 && (int)strlen(argv[0]) == len && verb->words[len] == ' ' &&
			 strncmp(verb->words, argv[0], (size_t)len) == 0)
			printf("%s\n", verb->words + len + 1);
		before = verb->words;
	}
	if (argc == 0)
		printf("help\n");
}

static void
keywords_print(const struct cli_verb *verb, int argc, char **argv, const struct place *place)
{
	bool given[CLI_ARGS_MAX] = { false };

	for (int at = 0; at < argc; at++) {
		unsigned int k = 0;

		while (k < CLI_ARGS_MAX && verb->keywords[k] != NULL &&
		       strcmp(verb->keywords[k], argv[at]) != 0)
			k++;
		if (k == CLI_ARGS_MAX || verb->keywords[k] == NULL)
			return;
		given[k] = true;
		if (!cli_argument_is_flag(verb->keywords[k]) && ++at == argc) {
			values_print(verb->keywords[k], place);
			return;
		}
	}
	for (unsigned int k = 0; k < CLI_ARGS_MAX && verb->keywords[k] != NULL; k++)
		if (!given[k])
			printf("%s\n", verb->keywords[k]);
	printf("%s%s%s%s", verb->options & CLI_RATE ? "--rate\n" : "",
	       verb->options & CLI_WATCH ? "--watch\n" : "", verb->options & CLI_ALL ? "--all\n" : "",
	       verb->options & CLI_FORCE ? "--force\n" : "");
}

static void
values_print(const char *argument, const struct place *place)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(values[i].argument, argument) == 0)
			values[i].list(place);
}

static void
proto_list(const struct place *place)
{
	printf("tcp\nudp\n");
}

static void
scheduler_list(const struct place *place)
{
	printf("rr\nwrr\nlc\nwlc\n");
}

static void
method_list(const struct place *place)
{
	printf("nat\ndr\ntun\nfnat\n");
}

static void
tunnel_list(const struct place *place)
{
	printf("ipip\ngue:\ngre\n");
}

static void
mss_list(const struct place *place)
{
	printf("auto\noff\n");
}

static void
switch_list(const struct place *place)
{
	printf("on\noff\n");
}

static void
state_list(const struct place *place)
{
#define X(id, number, name) printf("%s\n", name);
	SL_STATE_LIST(X)
#undef X
}

static void
file_list(const struct place *place)
{
	printf("@file\n");
}

static void
vip_print(const json_t *service, void *context)
{
	const struct place *place = context;

	if (place->proto == NULL || strcmp(place->proto, cli_text(service, "proto")) == 0)
		printf("%s\n", cli_text(service, "vip"));
}

static void
reals_print(const json_t *service, void *context)
{
	const struct place *place = context;
	const json_t *real;
	size_t i;

	if ((place->proto != NULL && strcmp(place->proto, cli_text(service, "proto")) != 0) ||
	    (place->vip != NULL && strcmp(place->vip, cli_text(service, "vip")) != 0))
		return;
	json_array_foreach(json_object_get(service, "reals"), i, real) printf("%s\n", cli_text(real, "real"));
}

/* A daemon that is not there completes nothing. */
static void
services_ask(const struct place *place, void (*element)(const json_t *service, void *context))
{
	struct place context = *place;
	struct reply reply = { .element = element, .context = &context };
	json_t *params = json_object();
	struct client client;

	if (client_open(&client, place->cli->socket_path, PATIENCE_S) == 0)
		client_call(&client, "service.list", params, &reply);
	client_close(&client);
	reply_fini(&reply);
	json_decref(params);
}

static void
vip_list(const struct place *place)
{
	services_ask(place, vip_print);
}

static void
real_list(const struct place *place)
{
	services_ask(place, reals_print);
}

static void
instance_list(const struct place *place)
{
	struct reply reply = { 0 };
	json_t *params = json_object();
	struct client client;
	const json_t *instance;
	size_t i;

	if (client_open(&client, place->cli->socket_path, PATIENCE_S) == 0)
		client_call(&client, "ha.status", params, &reply);
	json_array_foreach(json_object_get(reply.result, "instances"), i, instance)
		printf("%s\n", cli_text(instance, "instance"));
	client_close(&client);
	reply_fini(&reply);
	json_decref(params);
}
