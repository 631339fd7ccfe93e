/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock that nobody sets is the kernel's, in both units, and does not go back.
 */
#include "sl_clock.h"
#include "sl_test.h"

static void
test_between(void **state)
{
	struct timespec before, after;
	uint64_t us, ms;

	for (unsigned int i = 0; i < 10000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		us = sl_clock_us();
		ms = sl_clock_ms();
		clock_gettime(CLOCK_MONOTONIC, &after);
		assert_in_range(us, (uint64_t)before.tv_sec * 1000000 + (uint64_t)before.tv_nsec / 1000,
				(uint64_t)after.tv_sec * 1000000 + (uint64_t)after.tv_nsec / 1000);
		assert_in_range(ms, us / 1000,
				(uint64_t)after.tv_sec * 1000 + (uint64_t)after.tv_nsec / 1000000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
