/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of verbs, finding one in the words of the command line, and
 * running it: one call, and its answer as a table, as text or as JSON.
 */
#include "cli.h"

#include "client.h"
#include "sl_near.h"

#include <string.h>

#define LIST(name, NAME)                                                                                     \
	.columns = cli_##name##_columns, .column_count = CLI_##NAME##_COLUMNS, .row = cli_##name##_row

#define SERVICE .positional = { "proto", "vip" }, .required = 2
#define SERVICE_IF_ANY .positional = { "proto", "vip" }, .all_or_none = true
#define SERVICE_FIELDS                                                                                       \
	{                                                                                                    \
		"scheduler", "method", "tunnel", "laddr_group_name", "toa", "strip_tcp_timestamps",          \
			"mss_clamp", "reject", "mh-port", "mh-fallback", "announce"                          \
	}
#define REAL .positional = { "proto", "vip", "real" }, .required = 3
#define FILE_IF_ANY .positional = { "file" }

enum { ERROR_CONFIGURATION = -32003, WORDS_SIZE = 64 };

static const struct cli_verb verbs[] = {
	{ "status", "status", "what runs: version, uptime, counts, timeouts", .show = cli_status_show },
	{ "service list", "service.list", "virtual services and their real servers", SERVICE_IF_ANY,
	  LIST(service, SERVICE) },
	{ "service add", "service.add", "make a virtual service (wlc and dr unless said otherwise)", SERVICE,
	  .keywords = SERVICE_FIELDS },
	{ "service edit", "service.edit", "change a virtual service", SERVICE, .keywords = SERVICE_FIELDS },
	{ "service del", "service.del", "remove a virtual service; its connections may finish", SERVICE },
	{ "real add", "real.add", "add a real server to a service", REAL,
	  .keywords = { "weight", "method", "tunnel" } },
	{ "real edit", "real.edit", "change weight, method or tunnel of a real server", REAL,
	  .keywords = { "weight", "method", "tunnel" } },
	{ "real del", "real.del", "remove a real server; its connections may finish, unless flush", REAL,
	  .keywords = { "flush" } },
	{ "real drain", "real.drain", "give a real server no new connections", REAL },
	{ "real undrain", "real.undrain", "give a real server new connections again", REAL },
	{ "conn list", "conn.list", "connections, those that fit all that is given", LIST(conn, CONN),
	  .keywords = { "client", "vip", "real", "state", "proto", "limit" } },
	{ "conn count", "conn.count", "how many connections there are, by state",
	  .keywords = { "client", "vip", "real", "state", "proto" }, .show = cli_conn_count_show },
	{ "stats", "stats", "what services and real servers have counted, or their rates", SERVICE_IF_ANY,
	  .options = CLI_RATE | CLI_WATCH, .show = cli_stats_show },
	{ "drops", "drops", "why packets were dropped (--all: also what never happened)", LIST(drop, DROP),
	  .options = CLI_ALL | CLI_WATCH },
	{ "workers", "workers", "what each worker has done, and whether its packets add up",
	  LIST(worker, WORKER), .options = CLI_WATCH },
	{ "ports", "ports", "devices and their counters", LIST(port, PORT), .options = CLI_WATCH },
	{ "neigh", "neigh", "neighbours: ARP and IPv6 neighbour discovery", LIST(neigh, NEIGH) },
	{ "locals", "locals", "local addresses of full NAT, and how many of their ports are in use",
	  LIST(local, LOCAL), .options = CLI_WATCH },
	{ "health", "health", "real servers and their checks (--all: also what happened before)",
	  SERVICE_IF_ANY, LIST(health, HEALTH), .options = CLI_ALL | CLI_WATCH },
	{ "monitor", "monitor", "what happens to servers, pools, vrrp_instances and announced VIPs",
	  .follow = cli_event_show },
	{ "ha status", "ha.status", "vrrp_instances, channels to the peer, connection sync (--all: counters)",
	  .options = CLI_ALL | CLI_WATCH, .show = cli_ha_status_show },
	{ "ha failover", "ha.failover",
	  "give the addresses of one instance, or of all, to the peer (--force: even if none is heard)",
	  .positional = { "instance" }, .options = CLI_FORCE },
	{ "ha release", "ha.release", "end what a failover holds back: the priority decides again",
	  .positional = { "instance" } },
	{ "config check", "config.check", "check a configuration file, change nothing", FILE_IF_ANY,
	  .show = cli_config_check_show },
	{ "config apply", "config.apply", "make a configuration file what runs", FILE_IF_ANY,
	  .show = cli_config_apply_show },
	{ "config diff", "config.diff", "what applying it would change", FILE_IF_ANY,
	  .show = cli_config_diff_show },
	{ "config save", "config.save", "print what runs as a configuration file", .row = cli_line_row },
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

static void group_list(const char *word);
static int words_match(const struct cli_verb *verb, int argc, char **argv);
static const char *words_at(unsigned int i, const void *context);
static void element_show(const json_t *element, void *context);
static int verb_follow(struct cli *cli, const struct cli_verb *verb, struct client *client, json_t *params);
static int line_show(const json_t *line, void *context);
static int error_show(const struct cli *cli, const struct cli_verb *verb, const json_t *error);

struct showing {
	struct cli *cli;
	const struct cli_verb *verb;
};

const struct cli_verb *
cli_verb_at(unsigned int i)
{
	return i < VERB_COUNT ? &verbs[i] : NULL;
}

const struct cli_verb *
cli_verb_in_group(unsigned int i, const char *word)
{
	size_t len = strlen(word);

	for (const struct cli_verb *verb = verbs; verb < verbs + VERB_COUNT; verb++)
		if (strncmp(verb->words, word, len) == 0 && verb->words[len] == ' ' && i-- == 0)
			return verb;
	return NULL;
}

const struct cli_verb *
cli_verb_match(int argc, char **argv, int *ret_used)
{
	for (unsigned int i = 0; i < VERB_COUNT; i++) {
		*ret_used = words_match(&verbs[i], argc, argv);
		if (*ret_used > 0)
			return &verbs[i];
	}
	return NULL;
}

const struct cli_verb *
cli_verb_find(int argc, char **argv, int *ret_used)
{
	const struct cli_verb *verb = cli_verb_match(argc, argv, ret_used);
	char words[WORDS_SIZE];
	const char *near;

	if (verb != NULL)
		return verb;
	snprintf(words, sizeof(words), "%s%s%s", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
	if (argc == 1 && cli_verb_in_group(0, argv[0]) != NULL) {
		fprintf(stderr, "sluicectl: \"%s\" needs its second word:\n", argv[0]);
		group_list(argv[0]);
		return NULL;
	}
	near = sl_near_find(words, words_at, NULL);
	if (near == NULL)
		near = sl_near_find(argv[0], words_at, NULL);
	fprintf(stderr, "sluicectl: there is no verb \"%s\"", words);
	if (near != NULL)
		fprintf(stderr, " (did you mean \"%s\"?)", near);
	fprintf(stderr, "\n");
	group_list(argv[0]);
	if (near == NULL)
		fprintf(stderr, "sluicectl help lists them\n");
	return NULL;
}

int
cli_verb_run(struct cli *cli, const struct cli_verb *verb, json_t *params)
{
	struct showing showing = { cli, verb };
	struct client client;
	struct reply reply = {
		.raw = cli->json ? stdout : NULL,
		.element = verb->row != NULL ? element_show : NULL,
		.context = &showing,
	};
	int code = client_open(&client, cli->socket_path, cli->timeout_s);

	if (verb->columns != NULL && !cli->json)
		cli->table = table_create(stdout, verb->columns, verb->column_count);
	if (code == 0 && verb->follow != NULL)
		return verb_follow(cli, verb, &client, params);
	if (code == 0)
		code = client_call(&client, verb->method, params, &reply);
	if (code == 0 && reply.error == NULL) {
		table_destroy(cli->table);
		cli->table = NULL;
		if (cli->json)
			putchar('\n');
		else if (verb->show != NULL)
			verb->show(cli, reply.result);
	} else if (code == 0) {
		code = error_show(cli, verb, reply.error);
	} else {
		fflush(stdout);
		fprintf(stderr, "sluicectl: %s\n", client.error);
	}
	table_abandon(cli->table);
	cli->table = NULL;
	client_close(&client);
	reply_fini(&reply);
	return code;
}

static void
group_list(const char *word)
{
	const struct cli_verb *verb;

	for (unsigned int i = 0; (verb = cli_verb_in_group(i, word)) != NULL; i++)
		fprintf(stderr, "  %-14s %s\n", verb->words, verb->help);
}

/* How many words of the command line are the verb's; 0: it is another one. */
static int
words_match(const struct cli_verb *verb, int argc, char **argv)
{
	const char *rest = verb->words;
	int used = 0;

	while (*rest != '\0') {
		size_t len = strcspn(rest, " ");

		if (used == argc || strlen(argv[used]) != len || strncmp(argv[used], rest, len) != 0)
			return 0;
		used++;
		rest += len;
		rest += strspn(rest, " ");
	}
	return used;
}

static const char *
words_at(unsigned int i, const void *context)
{
	return i < VERB_COUNT ? verbs[i].words : NULL;
}

/* Until a signal ends the program, or the daemon ends. */
static int
verb_follow(struct cli *cli, const struct cli_verb *verb, struct client *client, json_t *params)
{
	struct showing showing = { cli, verb };
	int code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	code = client_follow(client, verb->method, params, line_show, &showing);
	if (client->error[0] != '\0')
		fprintf(stderr, "sluicectl: %s\n", client->error);
	client_close(client);
	return code;
}

/* The answer says only that events will come; who reads them has gone away when they cannot be written. */
static int
line_show(const json_t *line, void *context)
{
	struct showing *showing = context;
	const json_t *error = json_object_get(line, "error"), *event = json_object_get(line, "params");

	if (error != NULL)
		return error_show(showing->cli, showing->verb, error);
	if (event == NULL)
		return 0;
	if (showing->cli->json) {
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		showing->verb->follow(showing->cli, event);
	}
	return ferror(stdout) ? CLI_REFUSED : 0;
}

static void
element_show(const json_t *element, void *context)
{
	struct showing *showing = context;

	showing->verb->row(showing->cli, element);
}

/* With -j the error is on standard output too, for programs. */
static int
error_show(const struct cli *cli, const struct cli_verb *verb, const json_t *error)
{
	bool faulty = cli_number(error, "code") == ERROR_CONFIGURATION;

	if (cli->json) {
		json_t *json = json_pack("{s:O}", "error", error);

		json_dumpf(json, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(json);
	}
	if (faulty && !cli->json) {
		cli_faults_print(stderr, json_object_get(json_object_get(error, "data"), "faults"));
		fprintf(stderr, "sluicectl: %s: the configuration is refused, nothing is changed\n",
			verb->words);
	} else {
		fprintf(stderr, "sluicectl: %s\n", cli_text(error, "message"));
	}
	return faulty ? CLI_CONFIGURATION : CLI_REFUSED;
}
