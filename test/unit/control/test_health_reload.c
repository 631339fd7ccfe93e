/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A new configuration: what is known of servers stays as far as their checks
 * do, and nothing that goes leaves anything behind. And five thousand servers
 * that go and come at once.
 */
#include "fake_dp.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_health_farm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 5000, COMMITS_MAX = 50 };

#define VIP "10.0.0.1:80"
#define SERVICE_AT(vip, more)                                                                                \
	"virtual_server " vip " 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n"                            \
	" delay_before_retry 0.01\n retry 0\n warmup 0\n" more
#define SERVICE SERVICE_AT("10.0.0.1", " delay_loop 0.01\n")
/* Checks that come once in the test's life: what is known is from before the reload. */
#define SLOW SERVICE_AT("10.0.0.1", " delay_loop 1000\n")
#define REAL(last, weight, check)                                                                            \
	" real_server 10.1.0." #last " 80 {\n weight " #weight "\n TCP_CHECK {\n" check "\n }\n }\n"

static bool
attempts_reached(struct farm *farm, void *context)
{
	return fake_check_attempts(NULL) >= *(unsigned int *)context;
}

static void
attempts_wait(struct farm *farm, unsigned int wanted)
{
	farm_until(farm, attempts_reached, &wanted, "attempts");
}

/* First file, with servers 1 (bad) and 2 (good) checked; then another; what comes of it without a verdict more. */
static void
test_states(void **state)
{
	static const struct {
		const char *name, *now;
		enum fake_verdict then; /* of all, from the reload on */
		const char *servers;
	} rows[] = {
		{ "the same text", SLOW REAL(1, 1, "") REAL(2, 1, "") "}", FAKE_HANG,
		  "10.1.0.2:80*1 10.1.0.1:80*1~" },
		{ "weights", SLOW REAL(1, 5, "") REAL(2, 7, "") "}", FAKE_HANG,
		  "10.1.0.2:80*7 10.1.0.1:80*5~" },
		{ "one more server", SLOW REAL(1, 1, "") REAL(2, 1, "") REAL(3, 1, "") "}", FAKE_HANG,
		  "10.1.0.3:80*1 10.1.0.2:80*1 10.1.0.1:80*1~" },
		{ "one server less", SLOW REAL(1, 1, "") "}", FAKE_HANG, "10.1.0.1:80*1~" },
		{ "another order", SLOW REAL(2, 1, "") REAL(1, 1, "") "}", FAKE_HANG,
		  "10.1.0.2:80*1 10.1.0.1:80*1~" },
		{ "changed checks begin as the server is", SLOW REAL(1, 1, "fall 3") REAL(2, 1, "fall 3") "}",
		  FAKE_HANG, "10.1.0.2:80*1 10.1.0.1:80*1~" },
		{ "and are made at once", SLOW REAL(1, 1, "fall 3") REAL(2, 1, "fall 3") "}", FAKE_GOOD,
		  "10.1.0.2:80*1 10.1.0.1:80*1" },
		{ "alpha does not take out what is up",
		  SLOW REAL(1, 1, "fall 3\nalpha") REAL(2, 1, "fall 3\nalpha") "}", FAKE_HANG,
		  "10.1.0.2:80*1 10.1.0.1:80*1~" },
		{ "without a check there is none that is down",
		  SLOW " real_server 10.1.0.1 80 {\n }\n" REAL(2, 1, "") "}", FAKE_HANG,
		  "10.1.0.2:80*1 10.1.0.1:80*1" },
		{ "the failed one gets inhibit_on_failure",
		  SLOW " inhibit_on_failure\n" REAL(1, 1, "") REAL(2, 1, "") "}", FAKE_HANG,
		  "10.1.0.2:80*1 10.1.0.1:80*0" },
		{ "a quorum that is not reached",
		  SLOW " sorry_server 10.1.0.9 80\n quorum 2\n" REAL(1, 1, "") REAL(2, 1, "") "}", FAKE_HANG,
		  "10.1.0.9:80*1 10.1.0.2:80*1~ 10.1.0.1:80*1~" },
		{ "another service before it",
		  SERVICE_AT("10.0.0.0", " delay_loop 1000\n") REAL(8, 1, "") "}\n" SLOW REAL(1, 1, "")
			  REAL(2, 1, "") "}",
		  FAKE_HANG, "10.1.0.2:80*1 10.1.0.1:80*1~" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct farm farm;

		print_message("%s\n", rows[i].name);
		farm = farm_open(SLOW REAL(1, 1, "") REAL(2, 1, "") "}");
		fake_check_set("10.1.0.1:80", FAKE_BAD);
		fake_check_set("10.1.0.2:80", FAKE_GOOD);
		attempts_wait(&farm, 2);
		farm_expect(&farm, VIP, "10.1.0.2:80*1 10.1.0.1:80*1~");
		fake_check_set("10.1.0.1:80", rows[i].then);
		fake_check_set("10.1.0.2:80", rows[i].then);
		fake_check_set(NULL, rows[i].then);
		farm_apply(&farm, rows[i].now);
		farm_run_ms(&farm, 30);
		farm_expect(&farm, VIP, rows[i].servers);
		farm_close(&farm);
	}
}

/* A check that is the same is not begun anew: what it found stands, and the next attempt is due when it was. */
static void
test_schedules(void **state)
{
	struct farm farm;

	farm = farm_open(SLOW REAL(1, 1, "") REAL(2, 1, "") "}");
	attempts_wait(&farm, 2);
	farm_run_ms(&farm, 20);
	farm_apply(&farm, SLOW REAL(1, 5, "") REAL(2, 1, "fall 3") "}");
	attempts_wait(&farm, 3);
	farm_run_ms(&farm, 20);
	assert_int_equal(fake_check_attempts(NULL), 3);
	farm_close(&farm);
}

/* Attempts under way are of the old file: they end with it, and are made again. */
static void
test_under_way(void **state)
{
	struct farm farm;

	farm = farm_open(SLOW REAL(1, 1, "") REAL(2, 1, "") "}");
	fake_check_set("10.1.0.1:80", FAKE_HANG);
	fake_check_set("10.1.0.2:80", FAKE_HANG);
	attempts_wait(&farm, 2);
	assert_int_equal(fake_check_running(NULL), 2);
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_apply(&farm, SLOW REAL(1, 1, "") "}");
	assert_int_equal(fake_check_running(NULL), 0);
	farm_expect(&farm, VIP, "10.1.0.1:80*1~");
	assert_int_equal(fake_check_running(NULL), 0);
	farm_close(&farm);
}

/* One that flaps through reload after reload is found right after the last of them. */
static void
test_again_and_again(void **state)
{
	struct farm farm;

	farm = farm_open(SERVICE REAL(1, 1, "") "}");
	for (int i = 0; i < 50; i++) {
		fake_check_set("10.1.0.1:80", i % 2 == 0 ? FAKE_BAD : FAKE_GOOD);
		farm_apply(&farm, i % 3 == 0 ? SERVICE REAL(1, 1, "") REAL(2, 1, "") "}"
					     : SERVICE REAL(1, 1, "") "}");
		farm_run_ms(&farm, (unsigned int)i % 7);
	}
	farm_apply(&farm, SERVICE REAL(1, 1, "") "}");
	farm_expect(&farm, VIP, "10.1.0.1:80*1");
	farm_close(&farm);
}

/* check_via_dataplane: the data plane's address of each server, as long as it is wanted. */
static void
test_probes(void **state)
{
	static const char via[] =
		"port lan { device net_null1\n address 10.1.0.254/24\n tap on\n }\n"
		"virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_kind DR\n delay_loop 0.01\n"
		" warmup 0\n retry 0\n" REAL(1, 1, "check_via_dataplane") "}";
	struct farm farm;
	char addr[SL_ADDR_STRLEN];

	farm = farm_open(via);
	fake_check_set(NULL, FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.1:80*1~");
	assert_non_null(fake_dp_probe_at(0));
	assert_null(fake_dp_probe_at(1));
	assert_string_equal(sl_addr_format(&fake_dp_probe_at(0)->probe.vip, addr), "10.0.0.1");
	assert_string_equal(sl_addr_format(&fake_dp_probe_at(0)->probe.real, addr), "10.1.0.1");
	assert_int_equal(fake_dp_probe_at(0)->probe.fwd, SL_FWD_DR);
	farm_command(&farm, "del 10.1.0.1:80");
	farm_expect(&farm, VIP, "");
	farm_run_ms(&farm, 20);
	assert_null(fake_dp_probe_at(0));
	farm_close(&farm);
}

/* ---- the system's clock ---- */

static time_t clock_step_s;

/* In the place of libc's, for all libraries of this process: somebody sets the system's time. */
int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	long rc = syscall(SYS_clock_gettime, clock, ret);

	if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += clock_step_s;
	return (int)rc;
}

int
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec now;
	int rc = clock_gettime(CLOCK_REALTIME, &now);

	*ret = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return rc;
}

time_t
time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret != NULL)
		*ret = now.tv_sec;
	return now.tv_sec;
}

/* An hour forth and back: checks go on as before, none too many, none too late, and nobody goes down. */
static void
test_clock(void **state)
{
	static const int steps_s[] = { 3600, -3600, -3600, 3600 };
	struct farm farm;

	farm = farm_open(SERVICE_AT("10.0.0.1", " delay_loop 0.05\n") REAL(1, 1, "") "}\n");
	attempts_wait(&farm, 3);
	for (size_t i = 0; i < SL_COUNT(steps_s); i++) {
		unsigned int attempts = fake_check_attempts(NULL);
		struct timespec began, now;
		uint64_t ms;

		clock_gettime(CLOCK_MONOTONIC, &began);
		clock_step_s += steps_s[i];
		attempts_wait(&farm, attempts + 5);
		clock_gettime(CLOCK_MONOTONIC, &now);
		ms = (uint64_t)(now.tv_sec - began.tv_sec) * 1000 + (uint64_t)(now.tv_nsec / 1000000) -
		     (uint64_t)(began.tv_nsec / 1000000);
		/* Five of them take four intervals at least. */
		assert_true(ms >= 195);
		farm_expect(&farm, VIP, "10.1.0.1:80*1");
	}
	farm_close(&farm);
}

/* ---- five thousand at once ---- */

static char *
many_make(unsigned int services)
{
	size_t size = (size_t)MANY * 160, len = 0;
	char *text = malloc(size);

	assert_non_null(text);
	for (unsigned int i = 0; i < MANY; i++) {
		if (services > 1 || i == 0)
			len += (size_t)snprintf(
				text + len, size - len,
				"%svirtual_server 10.0.%u.%u 80 {\n protocol TCP\n lb_kind NAT\n"
				" delay_loop 0.2\n retry 0\n",
				i > 0 ? "}\n" : "", i >> 8, i & 255);
		len += (size_t)snprintf(text + len, size - len,
					"real_server 10.1.%u.%u 80 {\n TCP_CHECK {\n }\n }\n", i >> 8,
					i & 255);
	}
	snprintf(text + len, size - len, "}\n");
	return text;
}

struct wanted {
	bool out;
	unsigned int seen;
};

static bool
all_are(struct farm *farm, void *context)
{
	const struct wanted *wanted = context;
	const struct fake_dp_service *service;

	for (unsigned int i = 0; (service = fake_dp_service_at(i)) != NULL; i++)
		for (uint32_t r = 0; r < service->real_count; r++)
			if (service->reals[r].out != wanted->out)
				return false;
	return true;
}

static void
test_many(void **state)
{
	for (int services = 1; services <= MANY; services += MANY - 1) {
		char *text = many_make((unsigned int)services);
		struct farm farm = farm_open(text);
		unsigned int commits = fake_dp_commits(), attempts;

		attempts = fake_check_attempts(NULL);
		for (int round = 0; round < 2; round++) {
			struct wanted wanted = { .out = round == 0 };

			fake_check_set(NULL, round == 0 ? FAKE_BAD : FAKE_GOOD);
			farm_until(&farm, all_are, &wanted, "all servers out, or in");
			print_message("%d services: %s with %u transactions\n", services,
				      round == 0 ? "down" : "back", fake_dp_commits() - commits);
			assert_true(fake_dp_commits() - commits <= COMMITS_MAX);
			commits = fake_dp_commits();
		}
		assert_true(fake_check_attempts(NULL) - attempts >= 2 * MANY);
		/* And a reload with all of it. */
		fake_check_set(NULL, FAKE_HANG);
		farm_apply(&farm, text);
		assert_true(all_are(&farm, &(struct wanted){ .out = false }));
		farm_close(&farm);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),    cmocka_unit_test(test_schedules),
		cmocka_unit_test(test_under_way), cmocka_unit_test(test_again_and_again),
		cmocka_unit_test(test_probes),    cmocka_unit_test(test_clock),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
