/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the faults of a configuration and the changes by it look.
 */
#include "cli.h"

#include <string.h>

static size_t changes_print(const json_t *result);

void
cli_config_check_show(struct cli *cli, const json_t *result)
{
	cli_faults_print(stderr, json_object_get(result, "faults"));
	printf("the configuration is good\n");
}

void
cli_config_apply_show(struct cli *cli, const json_t *result)
{
	size_t count;

	cli_faults_print(stderr, json_object_get(result, "faults"));
	count = changes_print(result);
	printf("applied: %zu change%s\n", count, count == 1 ? "" : "s");
}

void
cli_config_diff_show(struct cli *cli, const json_t *result)
{
	cli_faults_print(stderr, json_object_get(result, "faults"));
	changes_print(result);
}

void
cli_line_row(struct cli *cli, const json_t *line)
{
	puts(json_string_value(line) != NULL ? json_string_value(line) : "");
}

void
cli_faults_print(FILE *out, const json_t *faults)
{
	const json_t *fault;
	size_t i;

	json_array_foreach(faults, i, fault)
	{
		if (cli_number(fault, "line") > 0)
			fprintf(out, "%s:%lld:%lld: ", cli_text(fault, "file"),
				(long long)cli_number(fault, "line"), (long long)cli_number(fault, "column"));
		else if (*cli_text(fault, "file") != '\0')
			fprintf(out, "%s: ", cli_text(fault, "file"));
		fprintf(out, "%s%s\n", strcmp(cli_text(fault, "severity"), "warning") == 0 ? "warning: " : "",
			cli_text(fault, "text"));
	}
}

static size_t
changes_print(const json_t *result)
{
	const json_t *changes = json_object_get(result, "changes"), *change;
	size_t i;

	json_array_foreach(changes, i, change) printf("%s\n", json_string_value(change));
	return json_array_size(changes);
}
