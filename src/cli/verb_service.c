/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How services, real servers and connections look.
 */
#include "cli.h"

#include <string.h>

const struct table_column cli_service_columns[CLI_SERVICE_COLUMNS] = {
	{ "PROTO", TABLE_LEFT },   { "SERVICE", TABLE_LEFT },   { "SCHEDULER", TABLE_LEFT },
	{ "METHOD", TABLE_LEFT },  { "TUNNEL", TABLE_LEFT },    { "WEIGHT", TABLE_RIGHT },
	{ "ACTIVE", TABLE_RIGHT }, { "INACTIVE", TABLE_RIGHT }, { "NOTE", TABLE_LEFT },
};

const struct table_column cli_conn_columns[CLI_CONN_COLUMNS] = {
	{ "PROTO", TABLE_LEFT },    { "CLIENT", TABLE_LEFT },  { "VIP", TABLE_LEFT },
	{ "REAL", TABLE_LEFT },     { "LOCAL", TABLE_LEFT },   { "METHOD", TABLE_LEFT },
	{ "EXPIRES", TABLE_RIGHT }, { "WORKER", TABLE_RIGHT }, { "STATE", TABLE_LEFT },
};

/* What a service does besides, in the words of the configuration. */
static void
note_cell(struct cli *cli, const json_t *service)
{
	const json_t *mss = json_object_get(service, "mss_clamp");
	const char *group = cli_text(service, "laddr_group_name");
	char number[24] = "", note[160];

	if (json_is_integer(mss))
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(mss));
	else if (strcmp(cli_text(service, "mss_clamp"), "auto") == 0)
		strcpy(number, "auto");
	snprintf(note, sizeof(note), "%s%s%s%s%s%s%s%s%s%s", *group != '\0' ? " laddr_group_name " : "",
		 group, json_is_true(json_object_get(service, "toa")) ? " toa" : "",
		 json_is_true(json_object_get(service, "strip_tcp_timestamps")) ? " strip_tcp_timestamps"
										: "",
		 *number != '\0' ? " mss_clamp " : "", number,
		 json_is_false(json_object_get(service, "reject")) ? " reject off" : "",
		 json_is_true(json_object_get(service, "mh-port")) ? " mh-port" : "",
		 json_is_true(json_object_get(service, "mh-fallback")) ? " mh-fallback" : "",
		 json_is_false(json_object_get(service, "announce")) ? " announce off" : "");
	table_cell(cli->table, "%s", *note != '\0' ? note + 1 : "");
}

/* Why a server gets no new connections, or how many it may have. */
static void
real_note_cell(struct cli *cli, const json_t *real)
{
	json_int_t upper = cli_number(real, "uthreshold"), lower = cli_number(real, "lthreshold");
	json_int_t weight = cli_number(real, "effective_weight");
	bool draining = json_is_true(json_object_get(real, "draining"));
	char limits[80] = "", now[32] = "", note[160];

	if (!draining && weight != cli_number(real, "weight"))
		snprintf(now, sizeof(now), " weight now %lld", (long long)weight);

	if (upper != 0 && lower != 0)
		snprintf(limits, sizeof(limits), " uthreshold %lld lthreshold %lld", (long long)upper,
			 (long long)lower);
	else if (upper != 0)
		snprintf(limits, sizeof(limits), " uthreshold %lld", (long long)upper);
	snprintf(note, sizeof(note), "%s%s%s%s%s", json_is_true(json_object_get(real, "out")) ? " out" : "",
		 now, json_is_true(json_object_get(real, "overloaded")) ? " overloaded" : "", limits,
		 draining ? " draining" : "");
	table_cell(cli->table, "%s", *note != '\0' ? note + 1 : "");
}

/* A row for the service with the sums of its servers, then a row for each of them. */
void
cli_service_row(struct cli *cli, const json_t *service)
{
	const json_t *reals = json_object_get(service, "reals"), *real;
	json_int_t active = 0, inactive = 0;
	size_t i;

	json_array_foreach(reals, i, real)
	{
		active += cli_number(real, "active");
		inactive += cli_number(real, "inactive");
	}
	table_cell(cli->table, "%s", cli_text(service, "proto"));
	table_cell(cli->table, "%s", cli_text(service, "vip"));
	table_cell(cli->table, "%s", cli_text(service, "scheduler"));
	table_cell(cli->table, "%s", cli_text(service, "method"));
	table_cell(cli->table, "%s", cli_text(service, "tunnel"));
	table_cell(cli->table, "%s", "");
	table_cell(cli->table, "%lld", (long long)active);
	table_cell(cli->table, "%lld", (long long)inactive);
	note_cell(cli, service);
	json_array_foreach(reals, i, real)
	{
		table_cell(cli->table, "%s", "");
		table_cell(cli->table, "-> %s", cli_text(real, "real"));
		table_cell(cli->table, "%s", "");
		table_cell(cli->table, "%s", cli_text(real, "method"));
		table_cell(cli->table, "%s", cli_text(real, "tunnel"));
		table_cell(cli->table, "%lld", (long long)cli_number(real, "weight"));
		table_cell(cli->table, "%lld", (long long)cli_number(real, "active"));
		table_cell(cli->table, "%lld", (long long)cli_number(real, "inactive"));
		real_note_cell(cli, real);
	}
}

void
cli_conn_row(struct cli *cli, const json_t *conn)
{
	long long expires_s = cli_number(conn, "expires_s");

	table_cell(cli->table, "%s", cli_text(conn, "proto"));
	table_cell(cli->table, "%s", cli_text(conn, "client"));
	table_cell(cli->table, "%s", cli_text(conn, "vip"));
	table_cell(cli->table, "%s", cli_text(conn, "real"));
	table_cell(cli->table, "%s", cli_text(conn, "local"));
	table_cell(cli->table, "%s", cli_text(conn, "method"));
	table_cell(cli->table, "%02lld:%02lld", expires_s / 60, expires_s % 60);
	table_cell(cli->table, "%lld", (long long)cli_number(conn, "worker"));
	table_cell(cli->table, "%s", cli_text(conn, "state"));
}

void
cli_conn_count_show(struct cli *cli, const json_t *result)
{
	static const struct table_column columns[] = { { "STATE", TABLE_LEFT },
						       { "CONNECTIONS", TABLE_RIGHT } };
	struct table *table = table_create(stdout, columns, 2);
	const char *state;
	json_t *count;

	json_object_foreach(json_object_get(result, "states"), state, count)
	{
		table_cell(table, "%s", state);
		table_cell(table, "%lld", (long long)json_integer_value(count));
	}
	table_cell(table, "%s", "all");
	table_cell(table, "%lld", (long long)cli_number(result, "count"));
	table_destroy(table);
}
