/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of sluicectl share: the options of the command line, the exit
 * codes, and the shape of a verb.
 *
 * A verb is one line of the table in verbs.c: its words, the method of the
 * control socket behind it, which arguments it takes, and how its answer is
 * shown. Arguments become members of the method's params under the same names
 * (args.c); whether they are valid is the daemon's to say.
 */
#ifndef SLUICE_CLI_H
#define SLUICE_CLI_H

#include "table.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define CLI_SOCKET_PATH "/run/sluice/control.sock"

enum cli_exit {
	CLI_DONE = 0,
	CLI_REFUSED = 1, /* by the daemon */
	CLI_USAGE = 2,
	CLI_UNREACHABLE = 3,   /* no daemon at the socket */
	CLI_CONFIGURATION = 4, /* faults in a configuration file */
	CLI_TIMEOUT = 5,
};

/* Options that only some verbs know. */
enum {
	CLI_RATE = 1u << 0,
	CLI_WATCH = 1u << 1,
	CLI_ALL = 1u << 2,
	CLI_FORCE = 1u << 3, /* becomes the argument `force` */
};

struct cli {
	const char *socket_path;
	bool json;
	unsigned int timeout_s;
	uint32_t options; /* CLI_RATE ... that were given */
	unsigned int watch_s;
	struct table *table; /* of the list that is being shown */
};

enum { CLI_ARGS_MAX = 12 };

struct cli_verb {
	const char *words; /* "service add" */
	const char *method;
	const char *help;
	const char *positional[CLI_ARGS_MAX]; /* names of arguments, in their order */
	unsigned int required;                /* how many of these must be there */
	bool all_or_none;                     /* of the others */
	const char *keywords[CLI_ARGS_MAX];   /* names of arguments that follow their name */
	uint32_t options;                     /* CLI_RATE ... it knows */

	/* A list: its columns (NULL: it is no table), and what one element prints. */
	const struct table_column *columns;
	unsigned int column_count;
	void (*row)(struct cli *cli, const json_t *element);
	/* Or anything else. NULL: nothing is printed. */
	void (*show)(struct cli *cli, const json_t *result);
	/* The daemon goes on talking: what each event prints. */
	void (*follow)(struct cli *cli, const json_t *event);
};

/* The i-th verb, NULL past the last. */
const struct cli_verb *cli_verb_at(unsigned int i);

/* The i-th of the verbs of two words whose first is `word`, NULL past the last. */
const struct cli_verb *cli_verb_in_group(unsigned int i, const char *word);

/* The verb that the words begin with, and how many words it has; NULL: none. */
const struct cli_verb *cli_verb_match(int argc, char **argv, int *ret_used);

/* The same; if there is none, says so on standard error, with what may have been meant. */
const struct cli_verb *cli_verb_find(int argc, char **argv, int *ret_used);

/* Arguments to params. NULL with what is wrong on standard error. */
json_t *cli_args_parse(const struct cli_verb *verb, int argc, char **argv);

/* An argument that is only there or not, without a value. */
bool cli_argument_is_flag(const char *name);

/* What may follow these words, one a line, for shells (complete.c). */
void cli_complete(struct cli *cli, int argc, char **argv);

/* One line of usage, without a newline. */
void cli_usage_print(FILE *out, const struct cli_verb *verb);

/* Calls the method and shows the answer. An enum cli_exit. */
int cli_verb_run(struct cli *cli, const struct cli_verb *verb, json_t *params);

/* Members of an object of the daemon: "" or 0 when there is none. */
static inline const char *
cli_text(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

static inline json_int_t
cli_number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- how answers look, by file ---- */

extern const struct table_column cli_service_columns[], cli_conn_columns[], cli_drop_columns[],
	cli_worker_columns[], cli_port_columns[], cli_neigh_columns[], cli_local_columns[],
	cli_health_columns[];

enum {
	CLI_SERVICE_COLUMNS = 9,
	CLI_CONN_COLUMNS = 9,
	CLI_DROP_COLUMNS = 4,
	CLI_WORKER_COLUMNS = 16,
	CLI_PORT_COLUMNS = 16,
	CLI_NEIGH_COLUMNS = 6,
	CLI_LOCAL_COLUMNS = 6,
	CLI_HEALTH_COLUMNS = 8,
};

void cli_service_row(struct cli *cli, const json_t *service);
void cli_conn_row(struct cli *cli, const json_t *conn);
void cli_conn_count_show(struct cli *cli, const json_t *result);
void cli_drop_row(struct cli *cli, const json_t *reason);
void cli_worker_row(struct cli *cli, const json_t *worker);
void cli_port_row(struct cli *cli, const json_t *port);
void cli_neigh_row(struct cli *cli, const json_t *neigh);
void cli_local_row(struct cli *cli, const json_t *local);
void cli_health_row(struct cli *cli, const json_t *server);
void cli_event_show(struct cli *cli, const json_t *event);
void cli_ha_status_show(struct cli *cli, const json_t *result);
void cli_status_show(struct cli *cli, const json_t *result);
void cli_stats_show(struct cli *cli, const json_t *result);
void cli_config_check_show(struct cli *cli, const json_t *result);
void cli_config_apply_show(struct cli *cli, const json_t *result);
void cli_config_diff_show(struct cli *cli, const json_t *result);
/* An element that is a line of text. */
void cli_line_row(struct cli *cli, const json_t *line);
/* The faults of a refused configuration, one a line. */
void cli_faults_print(FILE *out, const json_t *faults);

#endif
