/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rates: against IPVS's own integer arithmetic, and through changes of the
 * services while a round is under way. The data plane here is the fake one
 * with its counters replaced by what the test says.
 */
#include "sl_test.h"
#include "test_rpc_fixture.h"
#include "verb_rate.h"
#include "verb_walk.h"

#include "sl_addr.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUND_MS = 2000, ROUNDS = 12 };

static const char conf_text[] =
	"port wan {\n device net_null0\n address 10.0.0.1/24\n address 2001:db8::2/64\n}\n"
	"virtual_server 192.0.2.1 80 {\n protocol TCP\n lb_algo wlc\n lb_kind NAT\n"
	" real_server 10.0.0.11 8080 {\n  weight 2\n }\n"
	" real_server 10.0.0.12 8080 {\n  weight 1\n }\n}\n"
	"virtual_server 2001:db8::1 80 {\n protocol TCP\n lb_algo wlc\n lb_kind NAT\n"
	" real_server 2001:db8::11 8080 {\n  weight 1\n }\n}\n"
	"virtual_server ::2 80 {\n protocol TCP\n lb_algo wlc\n lb_kind NAT\n"
	" real_server 2001:db8::12 8080 {\n  weight 1\n }\n}\n"
	"virtual_server 192.0.2.1 53 {\n protocol UDP\n lb_algo wlc\n lb_kind NAT\n"
	" real_server 10.0.0.13 53 {\n  weight 1\n }\n}\n";

static struct dp_service_key
key_from(uint8_t proto, const char *endpoint)
{
	struct dp_service_key key = { .proto = proto };

	assert_int_equal(sl_endpoint_parse(endpoint, &key.vip, &key.port), 0);
	return key;
}

/* Linux IPVS (ip_vs_est.c): connections per second scaled by 1024, bytes by 32; a round is two seconds. */
static uint64_t
ipvs_rate(uint64_t *scaled, uint64_t delta)
{
	uint64_t rate = delta << 9;

	*scaled += (uint64_t)(((int64_t)rate - (int64_t)*scaled) >> 2);
	return (*scaled + 0x1ff) >> 10;
}

/* Each server of the fake counts FAKE_DP_RATE packets of 100 bytes a second of the real clock. */
static void
test_follows_ipvs(void **state)
{
	struct dp_service_key key = key_from(SL_PROTO_TCP, "192.0.2.1:80");
	struct fixture fixture;
	struct verb_rates *rates;
	struct dp_traffic per_s;
	uint64_t scaled = 0, want = 0;

	fixture_setup(&fixture, conf_text, 0);
	rates = verb_rates_create(fixture.base, fixture.model);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		char number[16];

		/* 10 packets a connection: 2000 packets more each round, on each of two servers. */
		snprintf(number, sizeof(number), "%u", round < 6 ? 200 * round : 1000);
		setenv("FAKE_DP_CONNS", number, 1);
		verb_rates_round(rates, ROUND_MS);
		if (round > 0)
			want = ipvs_rate(&scaled, round < 6 ? 4000 : 0);
		verb_rates_service(rates, &key, &per_s);
		assert_in_range(per_s.in_packets, want > 2 ? want - 2 : 0, want + 2);
		assert_in_range(per_s.in_bytes, 100 * (want > 2 ? want - 2 : 0), 100 * (want + 2));
	}
	assert_true(want > 100 && want < 1000);
	verb_rates_destroy(rates);
	fixture_teardown(&fixture);
}

/* Every service and server is found in the array: its order is the model's, whatever family and protocol. */
static void
test_all_found(void **state)
{
	static const struct {
		uint8_t proto;
		const char *vip;
		uint64_t in_packets;
	} rows[] = {
		{ SL_PROTO_TCP, "192.0.2.1:80", 2 * 1250 }, { SL_PROTO_TCP, "[2001:db8::1]:80", 1250 },
		{ SL_PROTO_TCP, "[::2]:80", 1250 },         { SL_PROTO_UDP, "192.0.2.1:53", 1250 },
		{ SL_PROTO_UDP, "192.0.2.1:54", 0 },
	};
	struct fixture fixture;
	struct verb_rates *rates;
	struct dp_traffic per_s;

	fixture_setup(&fixture, conf_text, 1000);
	rates = verb_rates_create(fixture.base, fixture.model);
	verb_rates_round(rates, ROUND_MS);
	setenv("FAKE_DP_CONNS", "2000", 1);
	verb_rates_round(rates, ROUND_MS);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_service_key key = key_from(rows[i].proto, rows[i].vip);
		struct model_service *service = model_service_find(fixture.model, &key);

		verb_rates_service(rates, &key, &per_s);
		if (llabs((long long)per_s.in_packets - (long long)rows[i].in_packets) > 3)
			fail_msg("row \"%s\": %ju packets per second, not %ju", rows[i].vip,
				 (uintmax_t)per_s.in_packets, (uintmax_t)rows[i].in_packets);
		for (struct model_real *real = service != NULL ? service->reals : NULL; real != NULL;
		     real = real->next) {
			verb_rates_real(rates, &key, real->order, &per_s);
			sl_check(rows[i].vip, llabs((long long)per_s.in_packets - 1250) <= 3);
		}
	}
	verb_rates_destroy(rates);
	fixture_teardown(&fixture);
}

/* What a service had counted stays in the totals when it goes, by command or by file, and only once. */
static void
test_gone(void **state)
{
	struct dp_service_key web = key_from(SL_PROTO_TCP, "192.0.2.1:80");
	struct dp_service_key six = key_from(SL_PROTO_TCP, "[::2]:80");
	struct fixture fixture;
	struct verb_rates *rates;
	struct dp_traffic gone, last;
	struct model_error error;

	fixture_setup(&fixture, conf_text, 100);
	rates = verb_rates_create(fixture.base, fixture.model);
	verb_rates_round(rates, ROUND_MS);
	verb_rates_gone(rates, &gone);
	assert_int_equal(gone.conns, 0);

	/* By file: the next round finds it out. */
	assert_int_equal(model_service_del(fixture.model, &web, &error), 0);
	verb_rates_round(rates, ROUND_MS);
	verb_rates_gone(rates, &gone);
	assert_int_equal(gone.conns, 200);
	assert_int_equal(gone.in_bytes, 200 * 10 * 100);

	/* By command: at once, and the rounds add nothing. */
	dp_service_stats(model_service_find(fixture.model, &six)->slot, &last);
	assert_int_equal(model_service_del(fixture.model, &six, &error), 0);
	verb_rates_service_removed(rates, &six, &last);
	verb_rates_gone(rates, &gone);
	assert_int_equal(gone.conns, 300);
	for (unsigned int i = 0; i < 3; i++)
		verb_rates_round(rates, ROUND_MS);
	verb_rates_gone(rates, &gone);
	assert_int_equal(gone.conns, 300);
	verb_rates_destroy(rates);
	fixture_teardown(&fixture);
}

/* What a walk meets when, after so many steps, something changes. '(' service, 'r' server, ')' its end. */
static void
test_walk(void **state)
{
	enum change { NOTHING, DEL_CURRENT, DEL_FIRST_REAL, DEL_LAST_REAL, DEL_NEXT, ADD_REAL };
	static const struct {
		const char *name;
		unsigned int steps; /* before the change */
		enum change change;
		const char *met;
	} rows[] = {
		{ "nothing changes", 3, NOTHING, "(rr)(r)(r)(r)" },
		{ "the service goes before its servers", 1, DEL_CURRENT, "()(r)(r)(r)" },
		{ "the service goes between its servers", 2, DEL_CURRENT, "(r)(r)(r)(r)" },
		{ "the service goes after its end", 4, DEL_CURRENT, "(rr)(r)(r)(r)" },
		{ "the server met last goes", 2, DEL_FIRST_REAL, "(rr)(r)(r)(r)" },
		{ "the server to come goes", 2, DEL_LAST_REAL, "(r)(r)(r)(r)" },
		{ "the service to come goes", 2, DEL_NEXT, "(rr)(r)(r)" },
		{ "a server comes in front of the place", 2, ADD_REAL, "(rr)(r)(r)(r)" },
		{ "a server comes before any is met", 1, ADD_REAL, "(rrr)(r)(r)(r)" },
	};
	static const char letters[] = {
		[VERB_WALK_SERVICE] = '(', [VERB_WALK_REAL] = 'r', [VERB_WALK_SERVICE_END] = ')'
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_service_key web = key_from(SL_PROTO_TCP, "192.0.2.1:80");
		struct dp_service_key next = key_from(SL_PROTO_TCP, "[::2]:80");
		struct model_real_change defaults = MODEL_REAL_CHANGE_NONE;
		struct verb_walk walk = { 0 };
		struct fixture fixture;
		struct model_error error;
		struct sl_addr first, last, new;
		enum verb_walk_at at;
		char met[32] = "";
		size_t len = 0;
		int refused = 0;

		fixture_setup(&fixture, conf_text, 0);
		sl_addr_parse("10.0.0.12", &first); /* newest first */
		sl_addr_parse("10.0.0.11", &last);
		sl_addr_parse("10.0.0.14", &new);
		for (;;) {
			if (len == rows[i].steps) {
				switch (rows[i].change) {
				case DEL_CURRENT:
					refused = model_service_del(fixture.model, &web, &error);
					break;
				case DEL_FIRST_REAL:
					refused = model_real_del(fixture.model, &web, &first, 8080, false,
								 &error);
					break;
				case DEL_LAST_REAL:
					refused = model_real_del(fixture.model, &web, &last, 8080, false,
								 &error);
					break;
				case DEL_NEXT:
					refused = model_service_del(fixture.model, &next, &error);
					break;
				case ADD_REAL:
					refused = model_real_add(fixture.model, &web, &new, 8080, &defaults,
								 &error);
					break;
				case NOTHING:
					break;
				}
			}
			sl_check_int(rows[i].name, refused, 0);
			verb_walk_resume(&walk, fixture.model);
			at = verb_walk_next(&walk);
			if (at == VERB_WALK_END || len + 1 == sizeof(met))
				break;
			met[len++] = letters[at];
		}
		sl_check_str(rows[i].name, met, rows[i].met);
		fixture_teardown(&fixture);
	}
}

/* The order of services in the model is the one that rates are looked up by. */
static void
test_order(void **state)
{
	struct fixture fixture;
	const struct model_service *service;

	fixture_setup(&fixture, conf_text, 0);
	for (service = model_services(fixture.model); service != NULL && service->next != NULL;
	     service = service->next)
		assert_true(verb_key_compare(&service->key, &service->next->key) < 0);
	fixture_teardown(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows_ipvs), cmocka_unit_test(test_all_found),
		cmocka_unit_test(test_gone),         cmocka_unit_test(test_walk),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
