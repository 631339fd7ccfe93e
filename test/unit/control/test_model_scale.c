/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model with a hundred thousand services: every way to change it must stay
 * far from quadratic. The limits are generous (a slow machine, sanitizers);
 * anything quadratic misses them by far.
 */
#include "fake_dp.h"
#include "sl_test.h"
#include "test_model_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SERVICES = 100000, MANY_SERVERS = 5000, LIMIT_MS = 10000 };

static unsigned long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

static void
check_time(const char *what, unsigned long since_ms)
{
	unsigned long took_ms = now_ms() - since_ms;

	print_message("%s: %lu ms\n", what, took_ms);
	if (took_ms > LIMIT_MS)
		fail_msg("%s took %lu ms", what, took_ms);
}

/* Services in an order that is far from sorted; `weight` of the first one's only server. */
static struct conf *
conf_make(unsigned int services, unsigned int weight)
{
	size_t size = (size_t)services * 64 + 64;
	char *text = malloc(size);
	struct conf *conf;
	size_t len = 0;

	assert_non_null(text);
	text[0] = '\0';
	for (unsigned int i = 0; i < services; i++) {
		unsigned int n = (unsigned int)((uint64_t)i * 7919 % services);

		len += (size_t)snprintf(text + len, size - len,
					"TCP 10.%u.%u.%u:80 rr NAT 172.16.0.1:80*%u\n", n >> 16, n >> 8 & 255,
					n & 255, i == 0 ? weight : 1);
	}
	conf = conf_from_text(text);
	free(text);
	return conf;
}

static void
apply(struct model *model, struct conf *conf, const char *what)
{
	struct conf_faults faults = { 0 };
	unsigned long since_ms = now_ms();

	assert_int_equal(model_apply(model, conf, &faults), 0);
	check_time(what, since_ms);
}

static void
test_files(void **state)
{
	struct model_error error;
	struct model *model = model_create(conf_from_text(""), &error);
	unsigned int puts, count = 0;
	const struct model_service *last = NULL;

	apply(model, conf_make(SERVICES, 1), "100,000 services added by a file");
	for (const struct model_service *s = model_services(model); s != NULL; s = s->next, count++) {
		if (last != NULL)
			assert_true(
				memcmp(last->key.vip.b, s->key.vip.b, 16) < 0 ||
				(sl_addr_eq(&last->key.vip, &s->key.vip) && last->key.port < s->key.port));
		last = s;
	}
	assert_int_equal(count, SERVICES);
	puts = fake_dp_calls(FAKE_DP_PUT);
	apply(model, conf_make(SERVICES, 2), "one of 100,000 changed");
	assert_int_equal(fake_dp_calls(FAKE_DP_PUT), puts + 1);
	apply(model, conf_from_text(""), "100,000 removed");
	assert_int_equal(model_service_count(model), 0);
	assert_null(fake_dp_service_at(0));
	model_destroy(model);
	fake_dp_reset();
}

static void
test_commands(void **state)
{
	struct model_error error;
	struct model *model = model_create(conf_from_text(""), &error);
	struct model_service_change change = MODEL_SERVICE_CHANGE_NONE;
	struct dp_service_key key = { .port = 80, .proto = SL_PROTO_TCP };
	unsigned long since_ms = now_ms();

	for (unsigned int i = 0; i < SERVICES; i++) {
		unsigned int n = (unsigned int)((uint64_t)i * 7919 % SERVICES);

		key.vip = sl_addr_from_v4(__builtin_bswap32(0x0a000001 + n));
		assert_int_equal(model_service_add(model, &key, &change, &error), 0);
	}
	check_time("100,000 services added by command", since_ms);
	since_ms = now_ms();
	assert_non_null(model_services(model));
	check_time("their list", since_ms);
	since_ms = now_ms();
	for (unsigned int i = 0; i < SERVICES; i++) {
		key.vip = sl_addr_from_v4(__builtin_bswap32(0x0a000001 + i));
		assert_int_equal(model_service_del(model, &key, &error), 0);
	}
	check_time("100,000 services removed by command", since_ms);
	model_destroy(model);
	fake_dp_reset();
}

/* One service with many servers, all of them changed by a file. */
static void
test_servers(void **state)
{
	static const struct conf_health no_checks;
	struct model_error error;
	struct model *model = model_create(conf_from_text(""), &error);

	for (unsigned int weight = 1; weight <= 3; weight++) {
		struct conf *conf = conf_from_text("TCP 10.0.0.1:80 rr NAT");
		struct conf_service *service = &conf->services[0];

		service->real_count = weight < 3 ? MANY_SERVERS : 1;
		service->reals = calloc(MANY_SERVERS, sizeof(*service->reals));
		assert_non_null(service->reals);
		for (unsigned int i = 0; i < MANY_SERVERS; i++)
			service->reals[i] = (struct conf_real){
				.addr = sl_addr_from_v4(__builtin_bswap32(0xac100001 + i)),
				.port = 80,
				.fwd = SL_FWD_NAT,
				.weight = weight,
				.health = &no_checks,
			};
		apply(model, conf, weight == 1 ? "5,000 servers added" : weight == 2 ? "changed" : "removed");
		assert_int_equal(model_services(model)->real_count, weight < 3 ? MANY_SERVERS : 1);
		assert_int_equal(model_services(model)->reals->weight, weight);
	}
	model_destroy(model);
	fake_dp_reset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
