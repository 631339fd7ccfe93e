/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a service good, and does anybody know? What is announced to routers hangs
 * on it (health_service_state).
 */
#include "sl_addr.h"
#include "sl_test.h"
#include "test_health_farm.h"

#include <stdio.h>

#define SERVICE(more)                                                                                        \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n"                           \
	" delay_loop 0.01\n delay_before_retry 0.01\n retry 0\n warmup 0\n" more
#define REAL(last, weight) " real_server 10.1.0." #last " 80 {\n weight " #weight "\n TCP_CHECK {\n }\n }\n"
#define FIRST "10.1.0.1:80"
#define SECOND "10.1.0.2:80"

static enum health_service
state_of(struct farm *farm, const char *vip)
{
	struct dp_service_key key = { .proto = SL_PROTO_TCP };
	const struct model_service *service;

	assert_int_equal(sl_endpoint_parse(vip, &key.vip, &key.port), 0);
	service = model_service_find(farm->model, &key);
	assert_non_null(service);
	return health_service_state(farm->health, service);
}

static bool
is(struct farm *farm, void *context)
{
	return state_of(farm, "10.0.0.1:80") == *(const enum health_service *)context;
}

static void
becomes(struct farm *farm, enum health_service state, const char *what)
{
	farm_until(farm, is, &state, what);
}

/* Nobody has asked the servers yet: they count as up, but not as proven. */
static void
test_at_first(void **state)
{
	static const struct {
		const char *name, *text;
		enum health_service first;
	} rows[] = {
		{ "checked", SERVICE("") REAL(1, 1) "}", HEALTH_SERVICE_ASSUMED },
		{ "alpha", SERVICE(" alpha\n") REAL(1, 1) "}", HEALTH_SERVICE_DOWN },
		{ "alpha, and a sorry server", SERVICE(" alpha\n sorry_server 10.1.0.9 80\n") REAL(1, 1) "}",
		  HEALTH_SERVICE_UP },
		{ "not checked", SERVICE("") " real_server 10.1.0.1 80\n}", HEALTH_SERVICE_UP },
		{ "one that is not is enough", SERVICE("") REAL(1, 1) " real_server 10.1.0.2 80\n}",
		  HEALTH_SERVICE_UP },
		{ "... but for a quorum of both",
		  SERVICE(" quorum 2\n") REAL(1, 1) " real_server 10.1.0.2 80\n}", HEALTH_SERVICE_ASSUMED },
		{ "weight 0", SERVICE("") REAL(1, 0) "}", HEALTH_SERVICE_DOWN },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct farm farm;

		fake_check_set(NULL, FAKE_GOOD);
		farm = farm_open(rows[i].text);
		sl_check_int(rows[i].name, state_of(&farm, "10.0.0.1:80"), rows[i].first);
		farm_close(&farm);
	}
}

static void
test_story(void **state)
{
	struct farm farm;

	fake_check_set(NULL, FAKE_GOOD);
	farm = farm_open(SERVICE("") REAL(1, 1) REAL(2, 1) "}");
	becomes(&farm, HEALTH_SERVICE_UP, "checked");
	fake_check_set(FIRST, FAKE_BAD);
	farm_expect(&farm, "10.0.0.1:80", "10.1.0.2:80*1 10.1.0.1:80*1~");
	assert_int_equal(state_of(&farm, "10.0.0.1:80"), HEALTH_SERVICE_UP);
	fake_check_set(SECOND, FAKE_BAD);
	becomes(&farm, HEALTH_SERVICE_DOWN, "both failed");
	fake_check_set(SECOND, FAKE_GOOD);
	becomes(&farm, HEALTH_SERVICE_UP, "one is back");
	farm_command(&farm, "drain 10.1.0.2:80");
	becomes(&farm, HEALTH_SERVICE_DOWN, "the last one is drained");
	farm_command(&farm, "undrain 10.1.0.2:80");
	becomes(&farm, HEALTH_SERVICE_UP, "and undrained");
	/* Another check of all servers: what was up is that still, but nobody knows. */
	fake_check_set(NULL, FAKE_HANG);
	fake_check_set(FIRST, FAKE_HANG);
	fake_check_set(SECOND, FAKE_HANG);
	farm_apply(&farm, SERVICE(" connect_timeout 7\n") REAL(1, 1) REAL(2, 1) "}");
	becomes(&farm, HEALTH_SERVICE_ASSUMED, "new checks hang");
	farm_close(&farm);
}

static void
test_sorry(void **state)
{
	struct farm farm;

	fake_check_set(NULL, FAKE_GOOD);
	farm = farm_open(SERVICE(" sorry_server 10.1.0.9 80\n") REAL(1, 1) "}");
	fake_check_set(FIRST, FAKE_BAD);
	farm_expect(&farm, "10.0.0.1:80", "10.1.0.9:80*1 10.1.0.1:80*1~");
	assert_int_equal(state_of(&farm, "10.0.0.1:80"), HEALTH_SERVICE_UP);
	farm_close(&farm);
}

/* One that a command made, which nothing checks. */
static void
test_by_command(void **state)
{
	struct farm farm;
	struct dp_service_key key = { .proto = SL_PROTO_TCP };
	struct model_service_change service = MODEL_SERVICE_CHANGE_NONE;
	struct model_real_change real = MODEL_REAL_CHANGE_NONE;
	struct model_error error;
	struct sl_addr addr;

	fake_check_set(NULL, FAKE_GOOD);
	farm = farm_open(SERVICE("") REAL(1, 1) "}");
	assert_int_equal(sl_endpoint_parse("10.0.0.2:80", &key.vip, &key.port), 0);
	assert_int_equal(sl_addr_parse("10.1.0.5", &addr), 0);
	assert_int_equal(model_service_add(farm.model, &key, &service, &error), 0);
	assert_int_equal(state_of(&farm, "10.0.0.2:80"), HEALTH_SERVICE_DOWN);
	assert_int_equal(model_real_add(farm.model, &key, &addr, 80, &real, &error), 0);
	assert_int_equal(state_of(&farm, "10.0.0.2:80"), HEALTH_SERVICE_UP);
	assert_int_equal(model_real_drain(farm.model, &key, &addr, 80, true, &error), 0);
	assert_int_equal(state_of(&farm, "10.0.0.2:80"), HEALTH_SERVICE_DOWN);
	farm_close(&farm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_first),
		cmocka_unit_test(test_story),
		cmocka_unit_test(test_sorry),
		cmocka_unit_test(test_by_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
