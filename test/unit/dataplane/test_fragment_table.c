/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of datagrams in fragments, alone: what each fragment meets, as scripts of
 * pieces and verdicts; how little a flood can take; random orders, losses, copies and
 * overlaps beside a model that knows every unit of eight bytes.
 */
#include "fragment_table.h"

#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { WAIT_SPAN = 2000, LIFE_SPAN = 10000, PORTS = 0x50009c40 };

static const uint64_t secret[2] = { UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210) };

static struct frag_table table;
static uint8_t packet[1 << 16]; /* a packet is an address here */

static int
setup(void **state)
{
	return frag_table_init(&table, FRAG_WAITS, secret, WAIT_SPAN, LIFE_SPAN);
}

static int
teardown(void **state)
{
	enum sl_drop reason;

	frag_table_flush(&table);
	while (frag_table_lost(&table, &reason) != NULL)
		;
	assert_int_equal(table.used, 0);
	assert_int_equal(table.held, 0);
	for (unsigned int list = FRAG_WAITING; list < FRAG_LISTS; list++)
		assert_int_equal(table.head[list], FRAG_NONE);
	frag_table_fini(&table);
	return 0;
}

static struct frag_key
key_of(uint32_t n)
{
	return (struct frag_key){
		.src = sl_addr_from_v4(0x0a000001 + (n >> 16)),
		.dst = sl_addr_from_v4(0x010200c0),
		.id = n & 0xffff,
		.proto = 17,
	};
}

/* In units of eight bytes; a last one is three bytes shorter than its units. */
static int
put(uint32_t n, uint32_t from, uint32_t to, bool last, void *p, uint64_t now)
{
	struct frag_key key = key_of(n);
	struct frag_piece piece = {
		.start = from * 8,
		.end = to * 8 - (last ? 3 : 0),
		.last = last,
		.head = { from == 0 ? PORTS + n : 0, from == 0 ? 17 : 0 },
	};
	struct frag_head head = { 0 };
	int verdict = frag_table_put(&table, &key, &piece, p, now, &head);

	if (verdict == FRAG_GOES) {
		assert_int_equal(head.ports, PORTS + n);
		assert_int_equal(head.proto, 17);
	}
	return verdict;
}

static unsigned int
lost_count(enum sl_drop wanted)
{
	enum sl_drop reason;
	unsigned int count = 0;

	for (; frag_table_lost(&table, &reason) != NULL; count++)
		assert_int_equal(reason, wanted);
	return count;
}

/* ---- scripts ---- */

enum { STEPS = 20, GOES = FRAG_GOES, WAITS = FRAG_WAITS_NOW, INVALID = SL_DROP_FRAG_INVALID };
enum { OVERLAP = SL_DROP_FRAG_OVERLAP, FULL = SL_DROP_FRAG_FULL };

struct step {
	uint16_t from, to; /* to 0: the end */
	bool last;
	int verdict;
	const char *released; /* which steps' packets leave now, in this order: letters */
	unsigned int lost;    /* for OVERLAP */
};

static const struct {
	const char *name;
	struct step step[STEPS];
	unsigned int left; /* entries in the end */
} scripts[] = {
	{ "in order", { { 0, 10, false, GOES }, { 10, 20, false, GOES }, { 20, 21, true, GOES } }, 0 },
	{ "backwards",
	  { { 20, 21, true, WAITS }, { 10, 20, false, WAITS }, { 0, 10, false, GOES, "ba" } },
	  0 },
	{ "the middle is late",
	  { { 0, 10, false, GOES }, { 20, 21, true, GOES }, { 10, 20, false, GOES } },
	  0 },
	{ "the first is late, the last later",
	  { { 20, 30, false, WAITS },
	    { 10, 20, false, WAITS },
	    { 0, 10, false, GOES, "ba" },
	    { 30, 40, true, GOES } },
	  0 },
	{ "never ends", { { 0, 10, false, GOES }, { 10, 20, false, GOES } }, 1 },
	{ "the first twice", { { 0, 10, false, GOES }, { 0, 10, false, OVERLAP } }, 1 },
	{ "a copy that waits too",
	  { { 10, 20, false, WAITS }, { 10, 20, false, OVERLAP }, { 0, 10, false, GOES, "a" } },
	  1 },
	{ "inside what has come",
	  { { 0, 10, false, GOES },
	    { 10, 20, false, GOES },
	    { 8, 12, false, OVERLAP },
	    { 20, 21, true, GOES } },
	  0 },
	{ "teardrop: overlaps the first one's end",
	  { { 0, 10, false, GOES },
	    { 9, 12, false, OVERLAP },
	    { 10, 20, false, OVERLAP },
	    { 20, 21, true, OVERLAP } },
	  1 },
	{ "overlaps one that waits",
	  { { 10, 20, false, WAITS }, { 15, 25, false, OVERLAP, "", 1 }, { 0, 10, false, OVERLAP } },
	  1 },
	{ "the first overlaps what waits",
	  { { 10, 20, false, WAITS }, { 0, 11, false, OVERLAP, "", 1 } },
	  1 },
	{ "covers all that came",
	  { { 0, 10, false, GOES }, { 20, 30, false, GOES }, { 5, 40, false, OVERLAP } },
	  1 },
	{ "spans a gap between two",
	  { { 0, 10, false, GOES }, { 20, 30, false, GOES }, { 10, 30, false, OVERLAP } },
	  1 },
	{ "two ends",
	  { { 0, 10, false, GOES },
	    { 20, 30, true, GOES },
	    { 30, 31, true, INVALID },
	    { 10, 20, false, OVERLAP } },
	  1 },
	{ "beyond the end",
	  { { 0, 10, false, GOES }, { 20, 30, true, GOES }, { 30, 40, false, INVALID } },
	  1 },
	{ "ends before what has come",
	  { { 0, 10, false, GOES }, { 20, 30, false, GOES }, { 12, 15, true, INVALID } },
	  1 },
	{ "the end again, and it says more follows",
	  { { 0, 10, false, GOES }, { 20, 30, true, GOES }, { 20, 30, false, INVALID } },
	  1 },
	{ "every other one, 16 stretches and one too many",
	  { { 0, 1, false, GOES },   { 2, 3, false, GOES },   { 4, 5, false, GOES },
	    { 6, 7, false, GOES },   { 8, 9, false, GOES },   { 10, 11, false, GOES },
	    { 12, 13, false, GOES }, { 14, 15, false, GOES }, { 16, 17, false, GOES },
	    { 18, 19, false, GOES }, { 20, 21, false, GOES }, { 22, 23, false, GOES },
	    { 24, 25, false, GOES }, { 26, 27, false, GOES }, { 28, 29, false, GOES },
	    { 30, 31, false, GOES }, { 32, 33, false, FULL }, { 31, 32, false, GOES },
	    { 33, 34, false, FULL }, { 32, 33, false, GOES } },
	  1 },
};

static void
test_scripts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(scripts); i++) {
		char row[128];

		for (unsigned int s = 0; s < STEPS && scripts[i].step[s].to != 0; s++) {
			const struct step *step = &scripts[i].step[s];
			const char *released = step->released != NULL ? step->released : "";
			struct frag_head head;
			uint8_t *p;

			snprintf(row, sizeof(row), "%s, step %c", scripts[i].name, 'a' + (int)s);
			sl_check_int(row, put(7, step->from, step->to, step->last, &packet[s], 1),
				     step->verdict);
			sl_check_int(row, lost_count(SL_DROP_FRAG_OVERLAP), step->lost);
			for (; (p = frag_table_released(&table, &head)) != NULL; released++) {
				sl_check_int(row, 'a' + (p - packet), *released);
				sl_check_int(row, head.ports, PORTS + 7);
			}
			sl_check_int(row, *released, 0);
		}
		sl_check_int(scripts[i].name, table.used, scripts[i].left);
		frag_table_flush(&table);
		(void)lost_count(SL_DROP_FRAG_TIMEOUT);
	}
}

/* Datagrams that differ in one member of the key alone do not meet. */
static void
test_keys(void **state)
{
	const struct frag_key base = key_of(1);
	struct frag_key keys[5] = { base, base, base, base, base };
	struct frag_head head;
	struct frag_piece first = { .end = 8, .head = { 1, 17 } },
			  rest = { .start = 8, .end = 16, .last = true };

	keys[1].src.b[15] ^= 1;
	keys[2].dst.b[12] ^= 128;
	keys[3].id ^= 0x80000000;
	keys[4].proto = 6;
	for (unsigned int i = 0; i < 5; i++) {
		first.head.ports = 100 + i;
		assert_int_equal(frag_table_put(&table, &keys[i], &first, packet, 1, &head), FRAG_GOES);
	}
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(frag_table_put(&table, &keys[i], &rest, packet, 1, &head), FRAG_GOES);
		assert_int_equal(head.ports, 100 + i);
	}
	assert_int_equal(table.used, 0);
}

/* ---- bounds ---- */

/* Fragments of one burst that come behind a first one join those it has let go, by their offsets. */
static void
test_released_together(void **state)
{
	struct frag_head head;

	assert_int_equal(put(1, 30, 40, false, &packet[3], 1), WAITS);
	assert_int_equal(put(1, 0, 10, false, &packet[0], 1), GOES);
	assert_int_equal(put(1, 40, 50, true, &packet[4], 1), WAITS);
	assert_int_equal(put(1, 10, 30, false, &packet[1], 1), WAITS);
	assert_int_equal(table.held, 3);
	assert_ptr_equal(frag_table_released(&table, &head), &packet[1]);
	assert_ptr_equal(frag_table_released(&table, &head), &packet[3]);
	assert_int_equal(table.used, 1);
	assert_ptr_equal(frag_table_released(&table, &head), &packet[4]);
	assert_null(frag_table_released(&table, &head));
	assert_int_equal(table.used, 0);
}

static void
test_wait_of_one(void **state)
{
	for (unsigned int i = 0; i < FRAG_WAIT_MAX; i++)
		assert_int_equal(put(1, i + 1, i + 2, false, &packet[i], 1), WAITS);
	assert_int_equal(put(1, 200, 201, false, &packet[99], 1), FULL);
	assert_int_equal(lost_count(SL_DROP_FRAG_FULL), 0);
	assert_int_equal(table.held, FRAG_WAIT_MAX);
}

/* The oldest that waits makes room, however many entries are free. */
static void
test_wait_of_all(void **state)
{
	for (unsigned int i = 0; i < FRAG_WAITS; i++)
		assert_int_equal(put(i / 2, 1 + i % 2, 2 + i % 2, false, &packet[i], i), WAITS);
	assert_int_equal(table.held, FRAG_WAITS);
	for (unsigned int i = 0; i < 10; i++) {
		enum sl_drop reason;

		assert_int_equal(put(FRAG_WAITS + i, 1, 2, false, &packet[FRAG_WAITS + i], FRAG_WAITS),
				 WAITS);
		if (i % 2 != 0) {
			assert_null(frag_table_lost(&table, &reason));
			continue;
		}
		assert_ptr_equal(frag_table_lost(&table, &reason), &packet[i]);
		assert_int_equal(reason, SL_DROP_FRAG_FULL);
		assert_ptr_equal(frag_table_lost(&table, &reason), &packet[i + 1]);
		assert_null(frag_table_lost(&table, &reason));
	}
	assert_true(table.held <= FRAG_WAITS);
}

/* A pool so small that nothing may wait: what needs not wait goes on. */
static void
test_no_room_to_wait(void **state)
{
	table.wait_count = 0;
	assert_int_equal(put(1, 1, 2, false, packet, 1), FULL);
	assert_int_equal(put(1, 0, 1, false, packet, 1), GOES);
	assert_int_equal(put(1, 1, 2, true, packet, 1), GOES);
	assert_int_equal(table.used, 0);
}

/* Each ends in its time, and no other. */
static void
test_expire(void **state)
{
	assert_int_equal(put(1, 1, 2, false, packet, 1000), WAITS);
	assert_int_equal(put(2, 0, 1, false, packet, 1500), GOES);
	assert_int_equal(put(3, 1, 2, false, packet, 2500), WAITS);
	assert_int_equal(put(3, 0, 1, false, packet, 2600), GOES);
	assert_ptr_equal(frag_table_released(&table, &(struct frag_head){ 0 }), packet);
	frag_table_expire(&table, 2999, 64);
	assert_int_equal(table.used, 3);
	frag_table_expire(&table, 3000, 64);
	assert_int_equal(lost_count(SL_DROP_FRAG_TIMEOUT), 1);
	assert_int_equal(table.used, 2);
	frag_table_expire(&table, 11499, 64);
	assert_int_equal(table.used, 2);
	frag_table_expire(&table, 11500, 64);
	assert_int_equal(table.used, 1);
	frag_table_expire(&table, 12600, 64);
	assert_int_equal(table.used, 0);
	/* In steps of the budget. */
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(put(i, 0, 1, false, packet, 20000), GOES);
	frag_table_expire(&table, 40000, 64);
	assert_int_equal(table.used, 36);
}

/*
 * Half of all datagrams are a flood's and never complete; the others' fragments come
 * a few packets apart, and none is kept out.
 */
static void
test_flood(void **state)
{
	uint64_t now = 1;

	for (uint32_t n = 0; n < 200000; n++, now++) {
		uint32_t good = 0x40000000 + n;
		int verdict = put(n, n % 3, n % 3 + 1, false, &packet[n % 1000], now);

		assert_true(verdict == GOES || verdict == WAITS);
		(void)lost_count(SL_DROP_FRAG_FULL);
		/* This datagram's rest came 64 packets ago, its first fragment comes now. */
		assert_int_equal(put(good, 1, 2, true, &packet[2000 + n % 64], now), WAITS);
		(void)lost_count(SL_DROP_FRAG_FULL);
		if (n >= 63) {
			struct frag_head head;

			assert_int_equal(put(good - 63, 0, 1, false, packet, now), GOES);
			assert_ptr_equal(frag_table_released(&table, &head), &packet[2000 + (n - 63) % 64]);
			assert_int_equal(head.ports, PORTS + good - 63);
			assert_null(frag_table_released(&table, &head));
		}
		assert_true(table.held <= FRAG_WAITS && table.used <= FRAG_ENTRIES);
	}
}

/* ---- chance ---- */

enum { DATAGRAMS = 24, UNITS = 40 };

struct model {
	bool seen[UNITS + 8], refused, head, out[UNITS + 8];
	uint32_t end;
};

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

static bool
model_complete(const struct model *m)
{
	for (uint32_t u = 0; u < m->end; u++)
		if (!m->seen[u])
			return false;
	return m->end != 0;
}

static unsigned int
model_stretches(const struct model *m)
{
	unsigned int count = 0;

	for (unsigned int u = 0; u < UNITS + 8; u++)
		count += m->seen[u] && (u == 0 || !m->seen[u - 1]);
	return count;
}

/* What must become of a piece, by what the model has seen unit by unit. */
static int
model_put(struct model *m, uint32_t from, uint32_t to, bool last)
{
	unsigned int seen = 0, beyond = 0;
	bool contained;

	if (m->refused)
		return OVERLAP;
	for (uint32_t u = from; u < to; u++)
		seen += m->seen[u];
	for (uint32_t u = to; u < UNITS + 8; u++)
		beyond += m->seen[u];
	contained = seen == to - from;
	if (m->end != 0 && (last ? to != m->end : to >= m->end)) {
		m->refused = true;
		return INVALID;
	}
	if (seen != 0) {
		m->refused = !contained;
		return OVERLAP;
	}
	if (last && beyond != 0) {
		m->refused = true;
		return INVALID;
	}
	for (uint32_t u = from; u < to; u++)
		m->seen[u] = true;
	if (model_stretches(m) > FRAG_RANGES) {
		for (uint32_t u = from; u < to; u++)
			m->seen[u] = false;
		return FULL;
	}
	if (last)
		m->end = to;
	m->head |= from == 0;
	return m->head ? GOES : WAITS;
}

static void
chance(uint64_t seed)
{
	static struct model models[DATAGRAMS];
	unsigned int waiting = 0, complete = 0, steps = 0;
	uint64_t x = seed;

	memset(models, 0, sizeof(models));
	for (unsigned int n = 0; n < 1500; n++) {
		uint32_t d = random_next(&x) % DATAGRAMS, from = random_next(&x) % UNITS;
		/* Mostly pieces of five units on a grid, as a sender cuts them; now and then a lie. */
		bool lie = random_next(&x) % 30 == 0;
		uint32_t to, length = 15 + d % 3 * 10;
		struct model *m = &models[d];
		struct frag_head head;
		char row[96];
		bool last;
		int want, got;
		uint8_t *p;

		if (!lie)
			from = from % length / 5 * 5;
		to = lie ? from + 1 + random_next(&x) % 8 : from + 5;
		last = lie ? random_next(&x) % 4 == 0 : to == length;
		snprintf(row, sizeof(row), "seed %lu, step %u: datagram %u, %u..%u", seed, n, d, from, to);
		want = model_put(m, from, to, last);
		got = put(d, from, to, last, &packet[d * 64 + from], n);
		sl_check_int(row, got, want);
		while ((p = frag_table_released(&table, &head)) != NULL) {
			sl_check_int(row, (p - packet) / 64, d);
			sl_check_int(row, head.ports, PORTS + d);
			waiting--;
		}
		waiting += got == WAITS;
		waiting -= lost_count(SL_DROP_FRAG_OVERLAP);
		sl_check_int(row, table.held, waiting);
		steps++;
		if (m->head && !m->refused && model_complete(m)) {
			memset(m, 0, sizeof(*m));
			complete++;
		}
	}
	assert_true(steps == 1500 && complete > 0);
	frag_table_flush(&table);
	assert_int_equal(lost_count(SL_DROP_FRAG_TIMEOUT), waiting);
}

static void
test_chance(void **state)
{
	for (uint64_t seed = 1; seed <= 200; seed++)
		chance(seed);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_scripts),     TEST(test_keys),        TEST(test_released_together),
		TEST(test_wait_of_one), TEST(test_wait_of_all), TEST(test_no_room_to_wait),
		TEST(test_expire),      TEST(test_flood),       TEST(test_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
