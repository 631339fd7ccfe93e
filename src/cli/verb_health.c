/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How health looks: a server a row, with a row for each of its checks below
 * it (with --all also what happened before), and an event a line.
 */
#include "cli.h"

#include <string.h>

static void check_row(struct cli *cli, const json_t *check);
static void history_row(struct cli *cli, const json_t *entry);
static void blank_cells(struct cli *cli, unsigned int count);
static void weight_cell(struct cli *cli, const json_t *server);
static void ago_cell(struct cli *cli, json_int_t ms);
static void next_cell(struct cli *cli, const json_t *check);
static void reason_cell(struct cli *cli, const json_t *server);

const struct table_column cli_health_columns[CLI_HEALTH_COLUMNS] = {
	{ "PROTO", TABLE_LEFT },  { "SERVICE", TABLE_LEFT }, { "SERVER", TABLE_LEFT },
	{ "STATE", TABLE_LEFT },  { "SINCE", TABLE_RIGHT },  { "NEXT", TABLE_RIGHT },
	{ "WEIGHT", TABLE_LEFT }, { "WHY", TABLE_LEFT },
};

void
cli_health_row(struct cli *cli, const json_t *server)
{
	const json_t *agent = json_object_get(server, "agent"), *passive = json_object_get(server, "passive");
	const json_t *entry;
	size_t i;

	table_cell(cli->table, "%s", cli_text(server, "proto"));
	table_cell(cli->table, "%s", cli_text(server, "vip"));
	table_cell(cli->table, "%s", cli_text(server, "real"));
	table_cell(cli->table, "%s", cli_text(server, "state"));
	ago_cell(cli, cli_number(server, "since_ago_ms"));
	table_cell(cli->table, "%s", "");
	weight_cell(cli, server);
	reason_cell(cli, server);
	json_array_foreach(json_object_get(server, "checks"), i, entry) check_row(cli, entry);
	if (json_is_object(agent)) {
		blank_cells(cli, 2);
		table_cell(cli->table, "  %s", "AGENT_CHECK");
		table_cell(cli->table, "%s",
			   json_is_true(json_object_get(agent, "reached")) ? "" : "unreached");
		ago_cell(cli, cli_number(agent, "last_ago_ms"));
		blank_cells(cli, 2);
		table_cell(cli->table, "%s", cli_text(agent, "text"));
	}
	if (json_is_object(passive) && *cli_text(passive, "text") != '\0') {
		blank_cells(cli, 2);
		table_cell(cli->table, "  %s", "passive_check");
		table_cell(cli->table, "%s", json_is_true(json_object_get(passive, "down")) ? "down" : "up");
		blank_cells(cli, 3);
		table_cell(cli->table, "%s", cli_text(passive, "text"));
	}
	if (cli->options & CLI_ALL)
		json_array_foreach(json_object_get(server, "history"), i, entry) history_row(cli, entry);
}

void
cli_event_show(struct cli *cli, const json_t *event)
{
	if (strcmp(cli_text(event, "event"), "lost") == 0)
		printf("(%lld events more, which were not read in time)\n",
		       (long long)cli_number(event, "count"));
	else
		printf("%s %-12s %s\n", cli_text(event, "time"), cli_text(event, "event"),
		       cli_text(event, "text"));
}

static void
check_row(struct cli *cli, const json_t *check)
{
	blank_cells(cli, 2);
	table_cell(cli->table, "  %s", cli_text(check, "check"));
	table_cell(cli->table, "%s", cli_text(check, "state"));
	ago_cell(cli, json_is_integer(json_object_get(check, "last_ago_ms"))
			      ? cli_number(check, "last_ago_ms")
			      : -1);
	next_cell(cli, check);
	table_cell(cli->table, "%s", "");
	if (cli_number(check, "failures") > 0)
		table_cell(cli->table, "%s (%lld in a row)", cli_text(check, "text"),
			   (long long)cli_number(check, "failures"));
	else
		table_cell(cli->table, "%s", cli_text(check, "text"));
}

static void
history_row(struct cli *cli, const json_t *entry)
{
	blank_cells(cli, 2);
	table_cell(cli->table, "%s", "  before");
	table_cell(cli->table, "%s", cli_text(entry, "state"));
	ago_cell(cli, cli_number(entry, "ago_ms"));
	blank_cells(cli, 2);
	table_cell(cli->table, "%s", cli_text(entry, "text"));
}

static void
blank_cells(struct cli *cli, unsigned int count)
{
	while (count-- > 0)
		table_cell(cli->table, "%s", "");
}

/* The weight that holds, and the configured one where that is another. */
static void
weight_cell(struct cli *cli, const json_t *server)
{
	long long now = cli_number(server, "weight"), configured = cli_number(server, "configured");

	if (now == configured)
		table_cell(cli->table, "%lld", now);
	else
		table_cell(cli->table, "%lld (of %lld)", now, configured);
}

/* Below 0: never. */
static void
ago_cell(struct cli *cli, json_int_t ms)
{
	char ago[TABLE_NUMBER_SIZE];

	table_cell(cli->table, "%s", ms < 0 ? "" : table_ago((uint64_t)ms, ago));
}

static void
next_cell(struct cli *cli, const json_t *check)
{
	if (json_is_integer(json_object_get(check, "next_ms")))
		table_cell(cli->table, "%.1f s", (double)cli_number(check, "next_ms") / 1000);
	else
		table_cell(cli->table, "%s", "");
}

/* Why the weight is another, the limit that an agent gave, and what has become of the pool. */
static void
reason_cell(struct cli *cli, const json_t *server)
{
	const json_t *pool = json_object_get(server, "pool");
	const char *why = cli_text(server, "why");
	long long maxconn = cli_number(server, "maxconn");
	bool lost = json_is_false(json_object_get(pool, "up"));
	char limit[40] = "", quorum[80] = "";

	if (maxconn > 0)
		snprintf(limit, sizeof(limit), "%smaxconn %lld", *why != '\0' ? "; " : "", maxconn);
	if (lost)
		snprintf(quorum, sizeof(quorum), "%squorum lost: weight %lld of %lld",
			 *why != '\0' || *limit != '\0' ? "; " : "",
			 (long long)cli_number(pool, "alive_weight"), (long long)cli_number(pool, "quorum"));
	table_cell(cli->table, "%s%s%s", why, limit, quorum);
}
