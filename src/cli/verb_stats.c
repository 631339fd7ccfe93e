/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How counters and rates of services and real servers look.
 */
#include "cli.h"

static const struct table_column count_columns[] = {
	{ "PROTO", TABLE_LEFT },       { "SERVICE", TABLE_LEFT },      { "CONNS", TABLE_RIGHT },
	{ "IN PACKETS", TABLE_RIGHT }, { "OUT PACKETS", TABLE_RIGHT }, { "IN BYTES", TABLE_RIGHT },
	{ "OUT BYTES", TABLE_RIGHT },
};

static const struct table_column rate_columns[] = {
	{ "PROTO", TABLE_LEFT },         { "SERVICE", TABLE_LEFT },        { "CONNS/S", TABLE_RIGHT },
	{ "IN PACKETS/S", TABLE_RIGHT }, { "OUT PACKETS/S", TABLE_RIGHT }, { "IN BYTES/S", TABLE_RIGHT },
	{ "OUT BYTES/S", TABLE_RIGHT },
};

static void traffic_cells(struct table *table, const json_t *counted, bool rate);

void
cli_stats_show(struct cli *cli, const json_t *result)
{
	bool rate = cli->options & CLI_RATE;
	struct table *table = table_create(stdout, rate ? rate_columns : count_columns,
					   sizeof(count_columns) / sizeof(count_columns[0]));
	const json_t *service, *real;
	size_t i, j;

	json_array_foreach(json_object_get(result, "services"), i, service)
	{
		table_cell(table, "%s", cli_text(service, "proto"));
		table_cell(table, "%s", cli_text(service, "vip"));
		traffic_cells(table, service, rate);
		json_array_foreach(json_object_get(service, "reals"), j, real)
		{
			table_cell(table, "%s", "");
			table_cell(table, "-> %s", cli_text(real, "real"));
			traffic_cells(table, real, rate);
		}
	}
	table_cell(table, "%s", "all");
	table_cell(table, "%s", "");
	traffic_cells(table, json_object_get(result, "total"), rate);
	table_destroy(table);
	if (!rate)
		printf("ICMP errors and resets sent: %lld, not sent because of answer_rate: %lld\n",
		       (long long)cli_number(json_object_get(result, "total"), "answered"),
		       (long long)cli_number(json_object_get(result, "total"), "answers_limited"));
}

/* Counters exactly, rates with three digits. */
static void
traffic_cells(struct table *table, const json_t *counted, bool rate)
{
	static const char *const members[] = { "conns", "in_packets", "out_packets", "in_bytes",
					       "out_bytes" };
	const json_t *rates = json_object_get(counted, "rate");
	char number[TABLE_NUMBER_SIZE];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (rate)
			table_cell(table, "%s",
				   table_number((uint64_t)cli_number(rates, members[i]), number));
		else
			table_cell(table, "%lld", (long long)cli_number(counted, members[i]));
	}
}
