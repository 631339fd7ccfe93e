/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The policer of packets to the kernel: what each class gets under every mixture of
 * floods, what it may save, and rates too low for a bucket.
 */
#include "police.h"

#include "sl_test.h"

#include <stdlib.h>

enum { HZ = 1000000, MS = HZ / 1000, FLOOD = 20 };

/* Takes up to `offered` packets of a class now. Returns how many it got. */
static unsigned int
take(struct police *police, enum police_class class, uint64_t now, uint64_t packet, unsigned int offered)
{
	unsigned int taken = 0;

	while (offered-- > 0)
		taken += dp_police_take(police, class, now, HZ, packet);
	return taken;
}

/* The whole rate is 1000 packets a second: 500 for sessions, 125 for ICMP, 375 for the rest. */
static void
test_shares(void **state)
{
	static const struct {
		const char *row;
		unsigned int offered[POLICE_CLASSES]; /* packets each 4 ms */
		unsigned int want[POLICE_CLASSES];    /* packets a second */
	} rows[] = {
		{ "nothing", { 0, 0, 0 }, { 0, 0, 0 } },
		{ "one flood takes all", { 0, 0, FLOOD }, { 0, 0, 1000 } },
		{ "another one, too", { 0, FLOOD, 0 }, { 0, 1000, 0 } },
		{ "and sessions", { FLOOD, 0, 0 }, { 1000, 0, 0 } },
		{ "a flood leaves sessions what they want", { 1, 0, FLOOD }, { 250, 0, 750 } },
		{ "up to their share", { 2, 0, FLOOD }, { 500, 0, 500 } },
		{ "three floods: by shares", { FLOOD, FLOOD, FLOOD }, { 500, 125, 375 } },
		{ "a flood of pings leaves the rest its own", { 1, FLOOD, 1 }, { 250, 500, 250 } },
		{ "a flood of sessions leaves the others theirs", { FLOOD, 0, 1 }, { 750, 0, 250 } },
		{ "less than the rate is never refused", { 1, 0, 2 }, { 250, 0, 500 } },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		unsigned int got[POLICE_CLASSES] = { 0 };
		struct police police = { 0 };

		for (unsigned int ms = 4; ms <= 20000; ms += 4)
			for (unsigned int c = 0; c < POLICE_CLASSES; c++) {
				/* Whoever comes first does not have all of what is left. */
				enum police_class class = (c + ms / 4) % POLICE_CLASSES;
				unsigned int n = take(&police, class, (uint64_t)HZ * 1000 + ms * MS, 1000,
						      rows[i].offered[class]);

				if (ms > 10000)
					got[class] += n;
			}
		for (unsigned int c = 0; c < POLICE_CLASSES; c++)
			if (labs((long)got[c] - 10 * (long)rows[i].want[c]) >
			    10 + 2 * 10 * (long)rows[i].want[c] / 100)
				fail_msg("row \"%s\": class %u got %u in ten seconds, not about %u",
					 rows[i].row, c, got[c], 10 * rows[i].want[c]);
	}
}

/* A tenth of a second's worth may be saved, and is at first. */
static void
test_burst(void **state)
{
	struct police police = { 0 };
	uint64_t now = (uint64_t)HZ * 1000;

	/* 50 of its own, half of ICMP's and of the rest's 100 ms at sessions' price of 2 ms are lent. */
	assert_int_equal(take(&police, POLICE_SESSION, now, 1000, 1000), 50 + 6 + 18);
	assert_int_equal(take(&police, POLICE_SESSION, now, 1000, 1000), 0);
	/* What was lent did not touch the reserve. */
	assert_in_range(take(&police, POLICE_ICMP, now, 1000, 1000), 6, 7);
	assert_in_range(take(&police, POLICE_REST, now, 1000, 1000), 18, 19);
	/* An hour later it is as at first. */
	now += (uint64_t)HZ * 3600;
	assert_int_equal(take(&police, POLICE_SESSION, now, 1000, 1000), 50 + 6 + 18);
}

/* Who was quiet finds half of its bucket, whatever flood there has been. */
static void
test_reserve(void **state)
{
	struct police police = { 0 };
	uint64_t now = (uint64_t)HZ * 1000;

	for (unsigned int ms = 0; ms < 5000; ms++)
		(void)take(&police, POLICE_REST, now += MS, 1000, FLOOD);
	assert_in_range(take(&police, POLICE_SESSION, now, 1000, 1000), 25, 26);
	for (unsigned int ms = 0; ms < 5000; ms++)
		(void)take(&police, POLICE_REST, now += MS, 1000, FLOOD);
	assert_in_range(take(&police, POLICE_ICMP, now, 1000, 1000), 6, 7);
}

/* One packet a second, and the box has 64 workers: every class lives. */
static void
test_slow(void **state)
{
	static const unsigned int want[POLICE_CLASSES] = { 500, 125, 375 };
	unsigned int got[POLICE_CLASSES] = { 0 };
	struct police police = { 0 };
	uint64_t now = (uint64_t)HZ * 1000;

	for (unsigned int s = 0; s < 64 * 1000; s++, now += HZ)
		for (unsigned int c = 0; c < POLICE_CLASSES; c++)
			got[c] += take(&police, c, now, (uint64_t)HZ * 64, 1);
	for (unsigned int c = 0; c < POLICE_CLASSES; c++)
		assert_in_range(got[c], want[c] - 2, want[c] + 2);
}

/* More packets a second than the clock has cycles. */
static void
test_fast(void **state)
{
	struct police police = { 0 };

	assert_int_equal(take(&police, POLICE_REST, HZ, 0, 10000), 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares), cmocka_unit_test(test_burst), cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_slow),   cmocka_unit_test(test_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
