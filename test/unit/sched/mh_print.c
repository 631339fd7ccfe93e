/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mh for test_mh_oracle.py. Reads servers from standard input, one a line
 * ("ADDRESS PORT LAST-WEIGHT WEIGHT"; newest first, as the list has them), a
 * line "-", then clients ("ADDRESS PORT OPTIONS"), to the end. Prints the owner of each place on
 * one line, then one line a client: the index of its server, or -1.
 */
#include "mh.h"
#include "sl_addr.h"

#include <stdio.h>
#include <stdlib.h>

static struct sched_member member[MH_SIZE];
static struct sched_server server[MH_SIZE];

int
main(void)
{
	struct sched_view view = { .server = server, .epoch = 1 };
	unsigned int port, weight, last;
	char text[SL_ADDR_STRLEN];
	struct mh_table *table;

	while (view.count < MH_SIZE && scanf("%45s", text) == 1 && strcmp(text, "-") != 0) {
		struct sched_member *m = &member[view.count];

		if (sl_addr_parse(text, &m->addr) != 0 || scanf("%u %u %u", &port, &last, &weight) != 3)
			return 1;
		m->port = (uint16_t)port;
		m->weight = last;
		server[view.count++] =
			(struct sched_server){ .order = MH_SIZE - view.count, .weight = weight };
	}
	table = sched_mh_table_build(member, view.count);
	if (table == NULL)
		return 1;
	for (unsigned int i = 0; i < MH_SIZE; i++)
		printf("%d ", table->owner[i] == MH_NOBODY ? -1 : table->owner[i]);
	printf("\n");
	view.table = table;
	while (scanf("%45s %u %u", text, &port, &view.options) == 3) {
		struct sched_flow flow = { .client_port = (uint16_t)port };
		struct sched_state state = { 0 };

		if (sl_addr_parse(text, &flow.client) != 0)
			return 1;
		printf("%d\n", sched_mh.pick(&view, &state, &flow));
	}
	free(table);
	return 0;
}
