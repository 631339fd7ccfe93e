/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How high availability looks: vrrp_instances, channels to the peer, connection
 * sync; with --all also what each has counted.
 */
#include "cli.h"

#include <string.h>

static const struct table_column instance_columns[] = {
	{ "INSTANCE", TABLE_LEFT }, { "STATE", TABLE_LEFT },  { "PRIORITY", TABLE_LEFT },
	{ "SINCE", TABLE_RIGHT },   { "MASTER", TABLE_LEFT }, { "WHY", TABLE_LEFT },
};

static const struct table_column channel_columns[] = {
	{ "CHANNEL", TABLE_LEFT },  { "KIND", TABLE_LEFT },  { "STATE", TABLE_LEFT },
	{ "HEARD", TABLE_RIGHT },   { "SENT", TABLE_RIGHT }, { "RECEIVED", TABLE_RIGHT },
	{ "REFUSED", TABLE_RIGHT }, { "PEER", TABLE_LEFT },
};

static const struct table_column counter_columns[] = {
	{ "OF", TABLE_LEFT },
	{ "COUNTER", TABLE_LEFT },
	{ "VALUE", TABLE_RIGHT },
};

#define COLUMNS(columns) (columns), sizeof(columns) / sizeof((columns)[0])

static void instance_row(struct table *table, const json_t *instance);
static void channel_row(struct table *table, const json_t *channel, const json_t *instances);
static bool speaks_only(const json_t *channel, const json_t *instances);
static void sync_print(const json_t *sync);
static void sync_peer_print(const json_t *sync, bool receiving);
static void counters_print(const json_t *result);
static void counter_rows(struct table *table, const char *name, const json_t *object);
static bool is(const json_t *object, const char *member);

void
cli_ha_status_show(struct cli *cli, const json_t *result)
{
	const json_t *instances = json_object_get(result, "instances");
	const json_t *channels = json_object_get(result, "channels"), *sync = json_object_get(result, "sync");
	const json_t *entry;
	struct table *table;
	size_t i;

	if (json_array_size(instances) == 0 && json_array_size(channels) == 0 && !json_is_object(sync)) {
		printf("the configuration has no vrrp_instance, heartbeat or connection_sync\n");
		return;
	}
	if (json_array_size(instances) > 0) {
		table = table_create(stdout, COLUMNS(instance_columns));
		json_array_foreach(instances, i, entry) instance_row(table, entry);
		table_destroy(table);
	}
	if (json_array_size(channels) > 0) {
		printf("\n");
		table = table_create(stdout, COLUMNS(channel_columns));
		json_array_foreach(channels, i, entry) channel_row(table, entry, instances);
		table_destroy(table);
	}
	if (json_is_object(sync))
		sync_print(sync);
	if (cli->options & CLI_ALL)
		counters_print(result);
}

static void
instance_row(struct table *table, const json_t *instance)
{
	long long priority = cli_number(instance, "priority"), base = cli_number(instance, "base_priority");
	const char *master = cli_text(instance, "master");
	char ago[TABLE_NUMBER_SIZE];

	table_cell(table, "%s", cli_text(instance, "instance"));
	table_cell(table, "%s%s", cli_text(instance, "state"),
		   is(instance, "held_back") ? " (held back)" : "");
	if (priority == base)
		table_cell(table, "%lld", priority);
	else
		table_cell(table, "%lld (of %lld)", priority, base);
	table_cell(table, "%s", table_ago((uint64_t)cli_number(instance, "since_ms"), ago));
	if (strcmp(cli_text(instance, "state"), "MASTER") == 0)
		table_cell(table, "%s", "this box");
	else if (*master != '\0')
		table_cell(table, "%s, priority %lld", master,
			   (long long)cli_number(instance, "master_priority"));
	else
		table_cell(table, "%s", "nobody");
	table_cell(table, "%s", cli_text(instance, "why"));
}

static void
channel_row(struct table *table, const json_t *channel, const json_t *instances)
{
	static const char *const refused[] = { "bad_frame", "bad_auth", "replayed", "foreign" };
	const json_t *counters = json_object_get(channel, "counters");
	const json_t *heard = json_object_get(channel, "heard_ago_ms");
	long long sum = 0;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		sum += cli_number(counters, refused[i]);
	table_cell(table, "%s", cli_text(channel, "channel"));
	table_cell(table, "%s", cli_text(channel, "kind"));
	table_cell(table, "%s",
		   speaks_only(channel, instances) ? "speaks"
		   : is(channel, "alive")          ? "alive"
						   : "silent");
	if (json_is_integer(heard))
		table_cell(table, "%lld ms", (long long)json_integer_value(heard));
	else
		table_cell(table, "%s", "never");
	table_cell(table, "%lld", (long long)cli_number(counters, "sent"));
	table_cell(table, "%lld", (long long)cli_number(counters, "received"));
	table_cell(table, "%lld", sum);
	table_cell(table, "%s", cli_text(channel, "peer"));
}

/* VRRP's backups say nothing: a MASTER has nobody to hear, and no silence to be worried about. */
static bool
speaks_only(const json_t *channel, const json_t *instances)
{
	const char *name = cli_text(channel, "channel");
	const json_t *instance;
	size_t i;

	if (strcmp(cli_text(channel, "kind"), "vrrp") != 0 || strncmp(name, "vrrp ", 5) != 0)
		return false;
	json_array_foreach(instances, i, instance)
	{
		if (strcmp(cli_text(instance, "instance"), name + 5) == 0)
			return strcmp(cli_text(instance, "state"), "MASTER") == 0;
	}
	return false;
}

static void
sync_print(const json_t *sync)
{
	const json_t *counters = json_object_get(sync, "counters");
	bool sending = is(sync, "sending"), receiving = is(sync, "receiving");

	printf("\nconnection sync: %s%s%s", sending ? "sends" : "", sending && receiving ? ", " : "",
	       receiving ? "receives" : (sending ? "" : "rests"));
	sync_peer_print(sync, receiving);
	printf("  connections sent %lld, received %lld; not sent for want of room %lld, messages lost %lld\n",
	       (long long)cli_number(counters, "conns_sent"),
	       (long long)cli_number(counters, "conns_received"), (long long)cli_number(counters, "dropped"),
	       (long long)cli_number(counters, "lost"));
	if (is(sync, "bulk"))
		printf("  bulk: %lld of %lld connections after %lld ms\n",
		       (long long)cli_number(sync, "bulk_done"), (long long)cli_number(sync, "bulk_total"),
		       (long long)cli_number(sync, "bulk_ms"));
	else if (cli_number(sync, "bulk_ms") > 0)
		printf("  last bulk: %lld connections in %lld ms\n", (long long)cli_number(sync, "bulk_done"),
		       (long long)cli_number(sync, "bulk_ms"));
}

/* "In sync" is said of a box that is heard, or learns; not where it would only mean that there is nobody. */
static void
sync_peer_print(const json_t *sync, bool receiving)
{
	const char *state = cli_text(sync, "peer_state"), *peer = cli_text(sync, "peer");
	bool deaf = strcmp(state, "deaf") == 0, silent = strcmp(state, "silent") == 0;
	bool gone = strcmp(state, "gone") == 0, none = strcmp(state, "none") == 0;
	char ago[TABLE_NUMBER_SIZE];

	table_ago((uint64_t)cli_number(sync, "peer_state_ms"), ago);
	if (!is(sync, "in_sync"))
		printf(", not in sync");
	else if (!none && !gone && !silent && (!deaf || receiving))
		printf(", in sync");
	if (none && *peer != '\0')
		printf(", no Sluice is heard, but %s\n", peer);
	else if (none)
		printf(", alone: nobody has been heard\n");
	else if (gone)
		printf(", alone: %s has ended\n", peer);
	else if (silent)
		printf(", peer %s silent for %s\n", peer, ago);
	else if (deaf)
		printf(", not heard by the peer %s for %s\n", peer, ago);
	else
		printf("%s%s\n", *peer != '\0' ? ", peer " : "", peer);
}

static void
counters_print(const json_t *result)
{
	struct table *table;
	const json_t *entry;
	size_t i;

	printf("\n");
	table = table_create(stdout, COLUMNS(counter_columns));
	json_array_foreach(json_object_get(result, "instances"), i, entry)
		counter_rows(table, cli_text(entry, "instance"), entry);
	json_array_foreach(json_object_get(result, "channels"), i, entry)
		counter_rows(table, cli_text(entry, "channel"), entry);
	counter_rows(table, "connection sync", json_object_get(result, "sync"));
	table_destroy(table);
}

/* What never happened is left out. */
static void
counter_rows(struct table *table, const char *name, const json_t *object)
{
	json_t *counters = json_object_get(object, "counters"), *value;
	const char *counter;

	json_object_foreach(counters, counter, value)
	{
		if (json_integer_value(value) == 0)
			continue;
		table_cell(table, "%s", name);
		table_cell(table, "%s", counter);
		table_cell(table, "%lld", (long long)json_integer_value(value));
	}
}

static bool
is(const json_t *object, const char *member)
{
	return json_is_true(json_object_get(object, member));
}
