/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The event loop and the kernel's interfaces: a packet from the kernel is
 * handled at once and not when the data plane is next polled, also when the
 * interface was made anew; and a descriptor that nothing can be done about does
 * not keep the loop turning.
 */
#include "boot_loop.h"
#include "fake_dp.h"
#include "sl_test.h"

#include <event2/event.h>
#include <stdio.h>
#include <time.h>

enum { ROUNDS = 100, MOST = 80, AGAIN_S = 4 };

static void
reload(void)
{
}

static void
ports_open(bool tap)
{
	struct dp_params params = { .workers = 1 };
	struct dp_port_conf port = { .name = "wan", .device = "net_null0", .tap = tap };
	char error[DP_ERROR_SIZE];

	assert_int_equal(dp_eal_start(&params, &port, 1, 0, NULL, error), 0);
	assert_int_equal(dp_port_open(&port, error), 0);
}

static void
end(evutil_socket_t fd, short what, void *context)
{
	event_base_loopbreak(context);
}

/* As the daemon does, for so long; and again where it was interrupted. */
static void
run(struct boot_loop *loop, long ms, bool again)
{
	struct event_base *base = boot_loop_base(loop);
	struct timeval after = { ms / 1000, ms % 1000 * 1000 };
	struct event *event = evtimer_new(base, end, base);

	event_add(event, &after);
	if (again)
		event_base_dispatch(base);
	else
		boot_loop_run(loop);
	event_free(event);
}

/* How many of ROUNDS packets are handled by one look at what is ready, without waiting for time to pass. */
static unsigned int
handled_at_once(struct boot_loop *loop)
{
	unsigned int handled = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct dp_tap_info before, after;

		/* Nothing is due after this. */
		event_base_loop(boot_loop_base(loop), EVLOOP_NONBLOCK);
		dp_tap_info(0, &before);
		fake_dp_from_kernel(0, false);
		event_base_loop(boot_loop_base(loop), EVLOOP_NONBLOCK);
		dp_tap_info(0, &after);
		handled += after.from_kernel_packets > before.from_kernel_packets;
	}
	return handled;
}

static void
test_at_once(void **state)
{
	struct boot_loop *loop;

	ports_open(true);
	loop = boot_loop_create(reload);
	assert_non_null(loop);
	run(loop, 1, false);
	assert_in_range(handled_at_once(loop), MOST, ROUNDS);
	boot_loop_destroy(loop);
	fake_dp_reset();
}

static void
test_made_anew(void **state)
{
	time_t until = time(NULL) + AGAIN_S;
	struct boot_loop *loop;
	unsigned int handled;

	ports_open(true);
	loop = boot_loop_create(reload);
	run(loop, 1, false);
	for (int times = 0; times < 2; times++) {
		fake_dp_from_kernel(0, true);
		do {
			run(loop, 100, true);
			handled = handled_at_once(loop);
		} while (handled < MOST && time(NULL) < until);
		assert_in_range(handled, MOST, ROUNDS);
	}
	boot_loop_destroy(loop);
	fake_dp_reset();
}

/* Half a second has a few hundred turns by time at most; a loop that spins has a hundred thousand. */
static void
test_readable_for_nothing(void **state)
{
	struct boot_loop *loop;

	ports_open(true);
	fake_dp_deaf(true);
	loop = boot_loop_create(reload);
	fake_dp_from_kernel(0, false);
	run(loop, 500, false);
	assert_in_range(fake_dp_polls(), 10, 2000);
	boot_loop_destroy(loop);
	fake_dp_reset();
}

static void
test_without(void **state)
{
	struct boot_loop *loop;

	ports_open(false);
	loop = boot_loop_create(reload);
	run(loop, 50, false);
	assert_in_range(fake_dp_polls(), 2, 100);
	boot_loop_destroy(loop);
	fake_dp_reset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_made_anew),
		cmocka_unit_test(test_readable_for_nothing),
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
