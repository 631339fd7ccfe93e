/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers' tables: what they are built from, when, how long they live, and
 * that a service without its table is none. The scheduler is a fake whose table
 * says what it was built from.
 */
#include "txn_box.h"

#include <stdlib.h>

enum { SERVERS_MAX = 4 };

struct table {
	unsigned int number; /* so many were built before it */
	uint32_t count;
	struct sched_member member[SERVERS_MAX];
};

static unsigned int built;

static void *
fake_build(const struct sched_member *member, uint32_t count)
{
	struct table *table = calloc(1, sizeof(*table));

	assert_in_range(count, 0, SERVERS_MAX);
	if (table == NULL)
		return NULL;
	table->number = built++;
	table->count = count;
	memcpy(table->member, member, count * sizeof(*member));
	return table;
}

static const struct sched_ops tabular = { .name = "tabular",
					  .servers_max = SERVERS_MAX,
					  .table_build = fake_build };
static const struct sched_ops tabular_other = { .name = "other",
						.servers_max = SERVERS_MAX,
						.table_build = fake_build };

/* Two servers, and what may be done with them. */
static const struct {
	const char *name;
	const struct sched_ops *sched;
	struct server server[SERVERS_MAX];
	uint32_t count;
	bool again;                   /* the table is another than the row before had; NULL has none */
	uint32_t seen;                /* servers in it */
	uint32_t weight[SERVERS_MAX]; /* theirs */
} rows[] = {
	{ "a new service", &tabular, { NAT("10.0.0.1"), NAT("10.0.0.2") }, 2, true, 2, { 1, 1 } },
	{ "the same again", &tabular, { NAT("10.0.0.1"), NAT("10.0.0.2") }, 2, false, 2, { 1, 1 } },
	{ "another method", &tabular, { DR("10.0.0.1"), NAT("10.0.0.2") }, 2, false, 2, { 1, 1 } },
	{ "drained",
	  &tabular,
	  { { "10.0.0.1", 0, SL_FWD_NAT, false, 1 }, NAT("10.0.0.2") },
	  2,
	  false,
	  2,
	  { 1, 1 } },
	{ "another weight",
	  &tabular,
	  { { "10.0.0.1", 5, SL_FWD_NAT }, NAT("10.0.0.2") },
	  2,
	  true,
	  2,
	  { 5, 1 } },
	{ "one is out", &tabular, { OUT("10.0.0.1"), NAT("10.0.0.2") }, 2, true, 1, { 1 } },
	{ "the other instead", &tabular, { NAT("10.0.0.1"), OUT("10.0.0.2") }, 2, true, 1, { 1 } },
	{ "and gone", &tabular, { NAT("10.0.0.1") }, 1, false, 1, { 1 } },
	{ "another scheduler", &tabular_other, { NAT("10.0.0.1") }, 1, true, 1, { 1 } },
	{ "one without a table", &box_sched, { NAT("10.0.0.1") }, 1, false, 0, { 0 } },
	{ "back", &tabular, { { "10.0.0.1", 0, SL_FWD_NAT, false, 0 } }, 1, true, 1, { 0 } },
	{ "nobody", &tabular, { OUT("10.0.0.1") }, 1, true, 0, { 0 } },
};

static void
test_built_when_needed(void **state)
{
	built = 0;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		unsigned int before = built;
		struct dp_txn *txn = box_begin();
		const struct dp_svc *svc;
		const struct table *table;

		assert_int_equal(
			box_put(txn, "192.0.2.1:80", rows[i].sched, rows[i].server, rows[i].count, NULL), 0);
		box_commit(txn);
		box_grace();
		svc = box_service("192.0.2.1:80");
		table = svc->table;
		sl_check_int(rows[i].name, built - before, rows[i].again);
		sl_check_int(rows[i].name, table != NULL, rows[i].sched != &box_sched);
		if (table == NULL)
			continue;
		sl_check_int(rows[i].name, table->number, built - 1);
		sl_check_int(rows[i].name, table->count, rows[i].seen);
		sl_check_int(rows[i].name, svc->count, rows[i].seen);
		for (uint32_t j = 0; j < table->count; j++) {
			sl_check_int(rows[i].name, table->member[j].weight, rows[i].weight[j]);
			sl_check_int(rows[i].name, table->member[j].port, 8080);
			sl_check(rows[i].name, sl_addr_eq(&table->member[j].addr,
							  &dp_real_slots[svc->server[j].slot].addr));
		}
	}
}

/* A transaction that is given up leaves the table that workers read. */
static void
test_abort(void **state)
{
	static const struct server one[] = { NAT("10.0.0.1") }, two[] = { NAT("10.0.0.1"), NAT("10.0.0.2") };
	struct dp_txn *txn = box_begin();
	const void *table;

	assert_int_equal(box_put(txn, "192.0.2.1:80", &tabular, one, 1, NULL), 0);
	box_commit(txn);
	table = box_service("192.0.2.1:80")->table;
	for (uint32_t count = 1; count <= 2; count++) {
		txn = box_begin();
		assert_int_equal(box_put(txn, "192.0.2.1:80", &tabular, two, count, NULL), 0);
		dp_txn_abort(txn);
		box_grace();
		assert_ptr_equal(box_service("192.0.2.1:80")->table, table);
		assert_int_equal(((const struct table *)table)->count, 1);
	}
	txn = box_begin();
	box_drop(txn, "192.0.2.1:80");
	box_commit(txn);
	box_grace();
	assert_null(box_service("192.0.2.1:80"));
}

static void
test_too_many(void **state)
{
	static const struct server five[] = { NAT("10.0.0.1"), NAT("10.0.0.2"), NAT("10.0.0.3"),
					      NAT("10.0.0.4"), NAT("10.0.0.5") };
	static const struct server four[] = { NAT("10.0.0.1"), NAT("10.0.0.2"), OUT("10.0.0.3"),
					      NAT("10.0.0.4"), NAT("10.0.0.5") };
	struct dp_txn *txn = box_begin();

	assert_int_equal(box_put(txn, "192.0.2.1:80", &tabular, five, 5, NULL), -EINVAL);
	dp_txn_abort(txn);
	txn = box_begin();
	assert_int_equal(box_put(txn, "192.0.2.1:80", &tabular, four, 5, NULL), 0);
	box_commit(txn);
}

/* Every allocation fails in turn; nothing is lost, nothing half there. */
static void
test_memory_runs_out(void **state)
{
	static const struct server two[] = { NAT("10.0.0.1"), NAT("10.0.0.2") };
	int code = -ENOMEM;

	for (unsigned long at = 1; code != 0; at++) {
		struct dp_txn *txn = box_begin();

		box.allocs = 0;
		box.alloc_fails_at = at;
		code = box_put(txn, "192.0.2.1:80", &tabular, two, 2, NULL);
		box.alloc_fails_at = 0;
		assert_true(code == 0 || code == -ENOMEM || code == -ENOSPC);
		assert_true(code != 0 || at > 3); /* the change, the service, the table's record, the table */
		dp_txn_abort(txn);
		assert_null(box_service("192.0.2.1:80"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_built_when_needed),
		BOX_TEST(test_abort),
		BOX_TEST(test_too_many),
		BOX_TEST(test_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
