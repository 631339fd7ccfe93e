/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the daemon and its data plane look: status, drops, workers, ports, neigh,
 * locals.
 */
#include "cli.h"

#include <string.h>

const struct table_column cli_drop_columns[CLI_DROP_COLUMNS] = {
	{ "PACKETS", TABLE_RIGHT },
	{ "REASON", TABLE_LEFT },
	{ "BY WORKER", TABLE_LEFT },
	{ "MEANING", TABLE_LEFT },
};

const struct table_column cli_worker_columns[CLI_WORKER_COLUMNS] = {
	{ "WORKER", TABLE_LEFT },     { "CPU", TABLE_RIGHT },       { "RX", TABLE_RIGHT },
	{ "HANDED-IN", TABLE_RIGHT }, { "GENERATED", TABLE_RIGHT }, { "TX", TABLE_RIGHT },
	{ "DROPS", TABLE_RIGHT },     { "PUNTS", TABLE_RIGHT },     { "HANDED-OUT", TABLE_RIGHT },
	{ "HELD", TABLE_RIGHT },      { "BALANCED", TABLE_LEFT },   { "FLOWS", TABLE_RIGHT },
	{ "ANSWERED", TABLE_RIGHT },  { "LIMITED", TABLE_RIGHT },   { "HITS %", TABLE_RIGHT },
	{ "BUSY %", TABLE_RIGHT },
};

const struct table_column cli_port_columns[CLI_PORT_COLUMNS] = {
	{ "PORT", TABLE_LEFT },    { "LINK", TABLE_LEFT },       { "SPEED", TABLE_RIGHT },
	{ "QUEUES", TABLE_RIGHT }, { "MTU", TABLE_RIGHT },       { "MAC", TABLE_LEFT },
	{ "RSS", TABLE_LEFT },     { "CHECKSUM", TABLE_LEFT },   { "RX", TABLE_RIGHT },
	{ "TX", TABLE_RIGHT },     { "MISSED", TABLE_RIGHT },    { "ERRORS", TABLE_RIGHT },
	{ "KERNEL", TABLE_LEFT },  { "TO KERNEL", TABLE_RIGHT }, { "FROM KERNEL", TABLE_RIGHT },
	{ "DEVICE", TABLE_LEFT },
};

const struct table_column cli_neigh_columns[CLI_NEIGH_COLUMNS] = {
	{ "PORT", TABLE_LEFT },  { "ADDRESS", TABLE_LEFT }, { "MAC", TABLE_LEFT },
	{ "STATE", TABLE_LEFT }, { "AGE", TABLE_RIGHT },    { "PINNED", TABLE_LEFT },
};

const struct table_column cli_local_columns[CLI_LOCAL_COLUMNS] = {
	{ "ADDRESS", TABLE_LEFT },   { "GROUP", TABLE_LEFT },     { "PORT", TABLE_LEFT },
	{ "TCP USED", TABLE_RIGHT }, { "UDP USED", TABLE_RIGHT }, { "PORTS", TABLE_RIGHT },
};

static void number_cells(struct cli *cli, const json_t *object, const char *const *members, size_t count);
static void kernel_cells(struct cli *cli, const json_t *kernel);
static void percent_cell(struct cli *cli, json_int_t part, json_int_t whole);
static const char *yes(const json_t *object, const char *member);

void
cli_status_show(struct cli *cli, const json_t *result)
{
	const json_t *timeouts = json_object_get(result, "timeouts_s"), *ha = json_object_get(result, "ha");
	long long up = cli_number(result, "uptime_s");

	printf("sluiced      %s, pid %lld, up %lld d %02lld:%02lld:%02lld\n", cli_text(result, "version"),
	       (long long)cli_number(result, "pid"), up / 86400, up / 3600 % 24, up / 60 % 60, up % 60);
	if (*cli_text(result, "router_id") != '\0')
		printf("router id    %s\n", cli_text(result, "router_id"));
	printf("config       %s\n", cli_text(result, "config"));
	printf("data plane   workers: %lld, ports: %lld\n", (long long)cli_number(result, "workers"),
	       (long long)cli_number(result, "ports"));
	printf("services     %lld, real servers: %lld\n", (long long)cli_number(result, "services"),
	       (long long)cli_number(result, "reals"));
	printf("connections  %lld, room for %lld\n", (long long)cli_number(result, "connections"),
	       (long long)cli_number(result, "connection_capacity"));
	if (json_is_object(ha))
		printf("two boxes    instances: %lld, MASTER: %lld, FAULT: %lld\n",
		       (long long)cli_number(ha, "instances"), (long long)cli_number(ha, "master"),
		       (long long)cli_number(ha, "fault"));
	printf("timeouts     tcp %lld s, tcpfin %lld s, udp %lld s\n", (long long)cli_number(timeouts, "tcp"),
	       (long long)cli_number(timeouts, "tcpfin"), (long long)cli_number(timeouts, "udp"));
}

/* What never happened is left out, unless --all. */
void
cli_drop_row(struct cli *cli, const json_t *reason)
{
	const json_t *workers = json_object_get(reason, "workers"), *part;
	json_int_t control = cli_number(reason, "control");
	char parts[256] = "";
	size_t i, len = 0;

	if (cli_number(reason, "packets") == 0 && !(cli->options & CLI_ALL))
		return;
	json_array_foreach(workers, i, part)
	{
		if (json_integer_value(part) != 0 && len < sizeof(parts))
			len += (size_t)snprintf(parts + len, sizeof(parts) - len, "%s%zu:%lld",
						len > 0 ? " " : "", i, (long long)json_integer_value(part));
	}
	if (control != 0 && len < sizeof(parts))
		snprintf(parts + len, sizeof(parts) - len, "%scontrol:%lld", len > 0 ? " " : "",
			 (long long)control);
	table_cell(cli->table, "%lld", (long long)cli_number(reason, "packets"));
	table_cell(cli->table, "%s", cli_text(reason, "reason"));
	table_cell(cli->table, "%s", parts);
	table_cell(cli->table, "%s", cli_text(reason, "text"));
}

void
cli_worker_row(struct cli *cli, const json_t *worker)
{
	static const char *const terms[] = { "rx",    "handed_in", "generated",  "tx",
					     "drops", "punts",     "handed_out", "held" };
	const json_t *number = json_object_get(worker, "worker");
	json_int_t hits = cli_number(worker, "hits"), misses = cli_number(worker, "misses");

	if (json_is_integer(number))
		table_cell(cli->table, "%lld", (long long)json_integer_value(number));
	else
		table_cell(cli->table, "%s", cli_text(worker, "worker"));
	table_cell(cli->table, "%lld", (long long)cli_number(worker, "cpu"));
	number_cells(cli, worker, terms, sizeof(terms) / sizeof(terms[0]));
	table_cell(cli->table, "%s", yes(worker, "balanced"));
	table_cell(cli->table, "%lld", (long long)cli_number(worker, "flows"));
	table_cell(cli->table, "%lld", (long long)cli_number(worker, "answered"));
	table_cell(cli->table, "%lld", (long long)cli_number(worker, "answers_limited"));
	percent_cell(cli, hits, hits + misses);
	percent_cell(cli, cli_number(worker, "busy_loops"), cli_number(worker, "loops"));
}

void
cli_port_row(struct cli *cli, const json_t *port)
{
	json_int_t speed_mbps = cli_number(port, "speed_mbps");

	table_cell(cli->table, "%s", cli_text(port, "port"));
	table_cell(cli->table, "%s", json_is_true(json_object_get(port, "link")) ? "up" : "down");
	if (speed_mbps >= 1000)
		table_cell(cli->table, "%g Gbit/s", (double)speed_mbps / 1000);
	else if (speed_mbps > 0)
		table_cell(cli->table, "%lld Mbit/s", (long long)speed_mbps);
	else
		table_cell(cli->table, "%s", "?");
	table_cell(cli->table, "%lld/%lld", (long long)cli_number(port, "rx_queues"),
		   (long long)cli_number(port, "tx_queues"));
	table_cell(cli->table, "%lld", (long long)cli_number(port, "mtu"));
	table_cell(cli->table, "%s", cli_text(port, "mac"));
	table_cell(cli->table, "%s", cli_text(port, "rss"));
	table_cell(cli->table, "%s", cli_text(port, "checksum"));
	table_cell(cli->table, "%lld", (long long)cli_number(port, "rx_packets"));
	table_cell(cli->table, "%lld", (long long)cli_number(port, "tx_packets"));
	table_cell(cli->table, "%lld",
		   (long long)(cli_number(port, "rx_missed") + cli_number(port, "rx_no_mbuf")));
	table_cell(cli->table, "%lld",
		   (long long)(cli_number(port, "rx_errors") + cli_number(port, "tx_errors")));
	kernel_cells(cli, json_object_get(port, "kernel"));
	table_cell(cli->table, "%s (%s)", cli_text(port, "device"), cli_text(port, "driver"));
}

void
cli_neigh_row(struct cli *cli, const json_t *neigh)
{
	table_cell(cli->table, "%s", cli_text(neigh, "port"));
	table_cell(cli->table, "%s", cli_text(neigh, "address"));
	table_cell(cli->table, "%s", *cli_text(neigh, "mac") != '\0' ? cli_text(neigh, "mac") : "-");
	table_cell(cli->table, "%s", cli_text(neigh, "state"));
	table_cell(cli->table, "%lld s", (long long)cli_number(neigh, "age_s"));
	table_cell(cli->table, "%s", yes(neigh, "pinned"));
}

void
cli_local_row(struct cli *cli, const json_t *local)
{
	const char *group = cli_text(local, "group");

	table_cell(cli->table, "%s", cli_text(local, "address"));
	table_cell(cli->table, "%s", *group != '\0' ? group : "(left)");
	table_cell(cli->table, "%s", cli_text(local, "port"));
	table_cell(cli->table, "%lld", (long long)cli_number(local, "tcp_used"));
	table_cell(cli->table, "%lld", (long long)cli_number(local, "udp_used"));
	table_cell(cli->table, "%lld", (long long)cli_number(local, "ports"));
}

static void
number_cells(struct cli *cli, const json_t *object, const char *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		table_cell(cli->table, "%lld", (long long)cli_number(object, members[i]));
}

/* The kernel's interface, and what went through it; nothing without one. */
static void
kernel_cells(struct cli *cli, const json_t *kernel)
{
	if (!json_is_object(kernel)) {
		for (int i = 0; i < 3; i++)
			table_cell(cli->table, "%s", "");
		return;
	}
	table_cell(cli->table, "%s%s", cli_text(kernel, "name"),
		   json_is_true(json_object_get(kernel, "present")) ? "" : " (gone)");
	table_cell(cli->table, "%lld", (long long)cli_number(kernel, "to_kernel_packets"));
	table_cell(cli->table, "%lld", (long long)cli_number(kernel, "from_kernel_packets"));
}

static void
percent_cell(struct cli *cli, json_int_t part, json_int_t whole)
{
	if (whole > 0)
		table_cell(cli->table, "%.1f", 100.0 * (double)part / (double)whole);
	else
		table_cell(cli->table, "%s", "-");
}

static const char *
yes(const json_t *object, const char *member)
{
	return json_is_true(json_object_get(object, member)) ? "yes" : "no";
}
