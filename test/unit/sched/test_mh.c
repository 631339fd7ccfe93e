/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mh: the kernel's hash, the table, and choosing by it. The numbers of whole
 * tables are compared with an oracle's in test_mh_oracle.py.
 */
#include "mh.h"
#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { SERVERS = 16 };

/* A service with a table, as the data plane has it. */
struct box {
	struct sched_member member[SERVERS];
	struct sched_server server[SERVERS];
	struct sched_view view;
};

static const uint32_t ones[SERVERS] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

static void
box_table(struct box *box)
{
	free((void *)(uintptr_t)box->view.table);
	box->view.table = sched_find("mh")->table_build(box->member, box->view.count);
	assert_non_null(box->view.table);
}

static void
box_make(struct box *box, const uint32_t *weights, uint32_t count)
{
	*box = (struct box){ .view = { .server = box->server, .count = count, .epoch = 1 } };
	for (uint32_t i = 0; i < count; i++) {
		box->member[i] = (struct sched_member){
			.addr = sl_addr_from_v4(__builtin_bswap32(0x0a000000 + 10 + 7 * i)),
			.port = 80,
			.weight = weights[i],
		};
		box->server[i] = (struct sched_server){ .order = 100 - i, .weight = weights[i] };
	}
	box_table(box);
}

static void
box_free(struct box *box)
{
	free((void *)(uintptr_t)box->view.table);
}

/* Client number n from somewhere, by one worker or another. */
static int
pick(const struct box *box, uint32_t n, uint16_t port)
{
	struct sched_flow flow = {
		.client = sl_addr_from_v4(__builtin_bswap32(n * UINT32_C(2654435769))),
		.client_port = port,
	};
	struct sched_view view = box->view;
	struct sched_state state = { 0 }, fresh = { 0 };
	int choice;

	view.stagger = n % 5;
	choice = sched_find("mh")->pick(&view, &state, &flow);
	assert_memory_equal(&state, &fresh, sizeof(state));
	assert_in_range(choice + 1, 0, view.count);
	return choice;
}

/* lib/tests/siphash_kunit.c of Linux: hsiphash of the bytes 0, 1, 2, 3 on 64-bit machines. */
static void
kernel_hash(void **state)
{
	assert_int_equal(mh_hash(0x03020100, UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)),
			 0x88d38328);
}

static void
words(void **state)
{
	const struct sl_addr v6 = { .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x11 } };
	const struct sl_addr v4 = sl_addr_from_v4(__builtin_bswap32(0xc0000201));

	assert_int_equal(mh_word(&v4, 0), 0xc0000201);
	assert_int_equal(mh_word(&v4, 80), 0xc0000251);
	assert_int_equal(mh_word(&v6, 1), (0x20010db8 ^ 0x11) + 1);
}

static void
shares(void **state)
{
	static const struct {
		const char *name;
		uint32_t count, weight[SERVERS];
	} rows[] = {
		{ "one server", 1, { 1 } },
		{ "two", 2, { 1, 1 } },
		{ "ten", 10, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
		{ "a common factor", 3, { 300, 200, 100 } },
		{ "one that never had weight", 3, { 1, 0, 1 } },
		{ "a round of 63 turns and more", 3, { 63, 1, 62 } },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint32_t sum = 0, places[SERVERS] = { 0 };
		const struct mh_table *table;
		struct box box;

		box_make(&box, rows[i].weight, rows[i].count);
		table = box.view.table;
		for (uint32_t place = 0; place < MH_SIZE; place++) {
			assert_in_range(table->owner[place], 0, rows[i].count - 1);
			places[table->owner[place]]++;
		}
		for (uint32_t j = 0; j < rows[i].count; j++)
			sum += rows[i].weight[j];
		for (uint32_t j = 0; j < rows[i].count; j++) {
			/* Exact but for the round that the table's end cuts off. */
			long want = (long)MH_SIZE * rows[i].weight[j] / sum;

			sl_check(rows[i].name, labs((long)places[j] - want) <= 63);
			sl_check(rows[i].name, rows[i].weight[j] != 0 || places[j] == 0);
		}
		box_free(&box);
	}
}

/* Weights whose ratio does not fit in a round are rounded, and nobody to nothing. */
static void
wide_weights(void **state)
{
	static const uint32_t weight[] = { 65535, 1, 32768 };
	uint32_t places[3] = { 0 };
	const struct mh_table *table;
	struct box box;

	box_make(&box, weight, 3);
	table = box.view.table;
	for (uint32_t place = 0; place < MH_SIZE; place++)
		places[table->owner[place]]++;
	assert_in_range(places[1], MH_SIZE / 97, MH_SIZE / 95 + 1); /* turns 63, 1, 32 */
	box_free(&box);
}

static void
balance(void **state)
{
	uint32_t picks[10] = { 0 };
	struct box box;

	box_make(&box, ones, 10);
	for (uint32_t n = 0; n < 100000; n++)
		picks[pick(&box, n, 0)]++;
	for (unsigned int i = 0; i < 10; i++)
		assert_in_range(picks[i], 9600, 10400);
	box_free(&box);
}

/* Which server has a place is a matter of the servers, not of how they came to be there. */
static void
any_order(void **state)
{
	static const uint32_t weight[] = { 3, 1, 2, 5, 1, 4 };
	struct box box, other;

	box_make(&box, weight, 6);
	box_make(&other, weight, 6);
	for (uint32_t i = 0; i < 6; i++)
		other.member[i] = box.member[5 - i];
	box_table(&other);
	for (uint32_t place = 0; place < MH_SIZE; place++)
		assert_int_equal(((const struct mh_table *)box.view.table)->owner[place],
				 5 - ((const struct mh_table *)other.view.table)->owner[place]);
	box_free(&box);
	box_free(&other);
}

static void
server_goes(void **state)
{
	uint32_t lost = 0, moved = 0, clients = 20000;
	struct box box, less;

	box_make(&box, ones, 10);
	box_make(&less, ones, 9);
	for (uint32_t i = 5; i < 9; i++)
		less.member[i] = box.member[i + 1];
	box_table(&less);
	for (uint32_t n = 0; n < clients; n++) {
		int before = pick(&box, n, 0), after = pick(&less, n, 0);

		if (before == 5)
			lost++;
		else
			moved += before != after + (after >= 5);
	}
	print_message("of %u clients %u lost their server, and %u others were moved\n", clients, lost, moved);
	assert_in_range(lost, clients / 10 * 9 / 10, clients / 10 * 11 / 10);
	assert_in_range(moved, 0, clients / 33);
	box_free(&box);
	box_free(&less);
}

/* One that takes no new connections keeps its places; others keep their clients. */
static void
unavailable(void **state)
{
	static const struct {
		const char *name;
		uint32_t weight, flags, options;
	} rows[] = {
		{ "weight 0", 0, 0, 0 },
		{ "overloaded", 1, SCHED_SERVER_OVERLOADED, 0 },
		{ "weight 0, fallback", 0, 0, SCHED_FALLBACK },
		{ "overloaded, fallback", 1, SCHED_SERVER_OVERLOADED, SCHED_FALLBACK },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint32_t others = 0, took[4] = { 0 };
		struct box box, now;

		box_make(&box, ones, 4);
		box_make(&now, ones, 4); /* of its last weight that was not 0 */
		now.server[2].weight = rows[i].weight;
		now.server[2].flags = rows[i].flags;
		now.view.options = rows[i].options;
		for (uint32_t n = 0; n < 4000; n++) {
			int before = pick(&box, n, 0), after = pick(&now, n, 0);

			others += before != 2;
			if (before != 2)
				sl_check_int(rows[i].name, after, before);
			else if ((rows[i].options & SCHED_FALLBACK) == 0)
				sl_check_int(rows[i].name, after, -1);
			else
				took[after]++;
		}
		sl_check(rows[i].name, others > 2500 && others < 3500);
		sl_check_int(rows[i].name, took[2], 0);
		for (unsigned int j = 0; j < 4; j++)
			sl_check(rows[i].name, j == 2 || (rows[i].options & SCHED_FALLBACK) == 0 ||
						       (took[j] > 250 && took[j] < 420));
		box_free(&box);
		box_free(&now);
	}
}

static void
nobody(void **state)
{
	static const uint32_t never[3] = { 0 };
	struct box box;

	box_make(&box, never, 3);
	assert_int_equal(pick(&box, 7, 0), -1);
	box.view.options = SCHED_FALLBACK;
	assert_int_equal(pick(&box, 7, 0), -1);
	box_free(&box);
	box_make(&box, ones, 3);
	box.view.options = SCHED_FALLBACK;
	for (unsigned int i = 0; i < 3; i++)
		box.server[i].weight = 0;
	assert_int_equal(pick(&box, 7, 0), -1);
	box_free(&box);
	box_make(&box, ones, 0);
	assert_int_equal(pick(&box, 7, 0), -1);
	box_free(&box);
}

static void
ports(void **state)
{
	struct box box;
	uint32_t seen = 0;

	box_make(&box, ones, 8);
	for (uint16_t port = 1024; port < 2048; port++)
		assert_int_equal(pick(&box, 99, port), pick(&box, 99, 0));
	box.view.options = SCHED_PORT;
	for (uint16_t port = 1024; port < 2048; port++)
		seen |= 1u << pick(&box, 99, port);
	assert_int_equal(seen, 0xff);
	box_free(&box);
}

static void
as_many_as_places(void **state)
{
	struct sched_member *member = calloc(MH_SIZE, sizeof(*member));
	uint8_t *seen = calloc(MH_SIZE, 1);
	struct mh_table *table;

	assert_int_equal(sched_find("mh")->servers_max, MH_SIZE);
	for (uint32_t i = 0; i < MH_SIZE; i++)
		member[i] = (struct sched_member){ .addr = sl_addr_from_v4(
							   __builtin_bswap32(0x0a000000 + 31 * i)),
						   .port = 80,
						   .weight = 9 };
	table = sched_find("mh")->table_build(member, MH_SIZE);
	assert_non_null(table);
	for (uint32_t place = 0; place < MH_SIZE; place++)
		assert_int_equal(seen[table->owner[place]]++, 0);
	free(table);
	free(seen);
	free(member);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_hash),
		cmocka_unit_test(words),
		cmocka_unit_test(shares),
		cmocka_unit_test(wide_weights),
		cmocka_unit_test(balance),
		cmocka_unit_test(any_order),
		cmocka_unit_test(server_goes),
		cmocka_unit_test(unavailable),
		cmocka_unit_test(nobody),
		cmocka_unit_test(ports),
		cmocka_unit_test(as_many_as_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
