/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What health makes of servers, on its way through the model to the data
 * plane: each row of numbers, stories with files and commands in between,
 * failures, and five thousand servers at once.
 */
#include "fake_dp.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_model_story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MANY = 5000, LIMIT_MS = 10000 };

static struct dp_service_key
key_of(const char *vip)
{
	struct dp_service_key key = { .proto = SL_PROTO_TCP };

	assert_int_equal(sl_endpoint_parse(vip, &key.vip, &key.port), 0);
	return key;
}

static struct model_health
health_of(const char *vip, const char *real)
{
	struct model_health health = { .key = key_of(vip), .weight = -1 };

	assert_int_equal(sl_endpoint_parse(real, &health.addr, &health.port), 0);
	return health;
}

static int
set(struct model *model, const struct model_health *changes, size_t count)
{
	struct model_error error = { 0 };
	int rc = model_health_set(model, changes, count, &error);

	assert_int_equal(rc, error.code);
	return rc;
}

static const struct dp_real *
dp_real(const char *vip, const char *real)
{
	const struct model_health wanted = health_of(vip, real);
	const struct fake_dp_service *service = fake_dp_service_find(&wanted.key);

	assert_non_null(service);
	for (uint32_t i = 0; i < service->real_count; i++)
		if (service->reals[i].port == wanted.port &&
		    sl_addr_eq(&service->reals[i].addr, &wanted.addr))
			return &service->reals[i];
	fail_msg("the data plane has no server %s", real);
	return NULL;
}

/* Configured and decided numbers, and what comes of them. */
static void
test_numbers(void **state)
{
	static const struct {
		const char *name;
		uint32_t weight, upper, lower;
		bool draining;
		int64_t health_weight;
		uint32_t maxconn;
		uint32_t dp_weight, dp_upper, dp_lower;
	} rows[] = {
		{ "nothing said", 5, 0, 0, false, -1, 0, 5, 0, 0 },
		{ "weight by health", 5, 0, 0, false, 9, 0, 9, 0, 0 },
		{ "weight 0 by health", 5, 0, 0, false, 0, 0, 0, 0, 0 },
		{ "draining is 0", 5, 0, 0, true, -1, 0, 0, 0, 0 },
		{ "draining is 0 whatever health says", 5, 0, 0, true, 9, 0, 0, 0, 0 },
		{ "thresholds", 1, 100, 60, false, -1, 0, 1, 100, 60 },
		{ "LVS's default below: 3/4", 1, 100, 0, false, -1, 0, 1, 100, 75 },
		{ "rounded up", 1, 10, 0, false, -1, 0, 1, 10, 8 },
		{ "of one", 1, 1, 0, false, -1, 0, 1, 1, 1 },
		{ "lower is at most upper", 1, 10, 20, false, -1, 0, 1, 10, 10 },
		{ "the agent's limit alone", 1, 0, 0, false, -1, 7, 1, 7, 0 },
		{ "the agent's limit is less", 1, 100, 60, false, -1, 7, 1, 7, 0 },
		{ "the agent's limit is more", 1, 100, 60, false, -1, 700, 1, 100, 60 },
		{ "the agent's limit is the same", 1, 100, 0, false, -1, 100, 1, 100, 75 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct model_health change = health_of("10.0.0.1:80", "10.1.0.1:80");
		struct model_error error;
		const struct dp_real *dp;
		struct model *model;
		char text[128];

		snprintf(text, sizeof(text), "TCP 10.0.0.1:80 wlc NAT 10.1.0.1:80*%u^%u,%u", rows[i].weight,
			 rows[i].upper, rows[i].lower);
		model = model_from_text(text);
		if (rows[i].draining)
			assert_int_equal(
				model_real_drain(model, &change.key, &change.addr, change.port, true, &error),
				0);
		change.weight = rows[i].health_weight;
		change.maxconn = rows[i].maxconn;
		assert_int_equal(set(model, &change, 1), 0);
		dp = dp_real("10.0.0.1:80", "10.1.0.1:80");
		sl_check_int(rows[i].name, dp->weight, rows[i].dp_weight);
		sl_check_int(rows[i].name, dp->upper, rows[i].dp_upper);
		sl_check_int(rows[i].name, dp->lower, rows[i].dp_lower);
		sl_check_int(rows[i].name, dp->out, false);
		model_destroy(model);
		fake_dp_reset();
	}
}

/* A scheduler's table goes by the last weight that was not 0, whoever made it 0. */
static void
test_last_weights(void **state)
{
	enum maker { DRAIN, UNDRAIN, HEALTH };
	static const struct {
		const char *name;
		enum maker maker;
		int64_t health;
		uint32_t weight, last;
	} steps[] = {
		{ "drained at once", DRAIN, 0, 0, 5 },
		{ "back", UNDRAIN, 0, 5, 5 },
		{ "an agent's weight", HEALTH, 9, 9, 9 },
		{ "down to 0", HEALTH, 0, 0, 9 },
		{ "drained besides", DRAIN, 0, 0, 9 },
		{ "healthy, but draining", HEALTH, -1, 0, 9 },
		{ "back", UNDRAIN, 0, 5, 5 },
	};
	struct model *model = model_from_text("TCP 10.0.0.1:80 mh NAT 10.1.0.1:80*5 10.1.0.2:80*0");
	struct model_health health = health_of("10.0.0.1:80", "10.1.0.1:80");

	for (size_t i = 0; i < SL_COUNT(steps); i++) {
		struct model_error error;
		const struct dp_real *dp;

		health.weight = steps[i].health;
		if (steps[i].maker == HEALTH)
			assert_int_equal(set(model, &health, 1), 0);
		else
			assert_int_equal(model_real_drain(model, &health.key, &health.addr, health.port,
							  steps[i].maker == DRAIN, &error),
					 0);
		dp = dp_real("10.0.0.1:80", "10.1.0.1:80");
		sl_check_int(steps[i].name, dp->weight, steps[i].weight);
		sl_check_int(steps[i].name, dp->last_weight, steps[i].last);
		assert_int_equal(dp_real("10.0.0.1:80", "10.1.0.2:80")->last_weight, 0);
	}
	model_destroy(model);
	fake_dp_reset();
}

/* Files: sorry servers, thresholds and alpha. */
static void
test_files(void **state)
{
	static const struct story stories[] = {
		{ "a sorry server is there, and out",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80 ?10.1.0.9:80",
		  { { NULL } },
		  "TCP 10.0.0.1:80 rr NAT ?10.1.0.9:80*1~ 10.1.0.1:80*1\n" },
		{ "a sorry server comes with a file",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80 ?10.1.0.9:80", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT ?10.1.0.9:80*1~ 10.1.0.1:80*1\n" },
		{ "and goes with one",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80 ?10.1.0.9:80",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\n" },
		{ "another one takes its place",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80 ?10.1.0.9:80",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80 ?10.1.0.8:80", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT ?10.1.0.8:80*1~ 10.1.0.1:80*1\n" },
		{ "a sorry server becomes a real one",
		  "TCP 10.0.0.1:80 rr NAT ?10.1.0.9:80",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.9:80", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.9:80*1\n" },
		{ "and back",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.9:80",
		  { { "= TCP 10.0.0.1:80 rr NAT ?10.1.0.9:80", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT ?10.1.0.9:80*1~\n" },
		{ "one server cannot be both",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80 ?10.1.0.1:80", -EINVAL,
		      "sorry_server 10.1.0.1:80 of service TCP 10.0.0.1:80 is a real_server of it too" },
		    { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\n" },
		{ "alpha starts out",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80~ 10.1.0.2:80",
		  { { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*1 10.1.0.1:80*1~\n" },
		{ "one that runs stays in when its text says alpha",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2~", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2\n" },
		{ "one that is out stays out when its weight's text changes",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80~",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2~\n" },
		{ "thresholds change with their text",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1^100,50 10.1.0.2:80",
		  { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1^100,60 10.1.0.2:80*1^9,0", 0, NULL },
		    { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*1^9,0 10.1.0.1:80*1^100,60\n" },
		{ "added by command: in",
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80~",
		  { { "add TCP 10.0.0.1:80 10.1.0.2:80", 0, NULL }, { NULL } },
		  "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*1 10.1.0.1:80*1~\n" },
	};

	stories_run(stories, SL_COUNT(stories));
}

/* A decision holds until the next one, whatever files and commands do. */
static void
test_holds(void **state)
{
	static const char *const steps[] = {
		"edit TCP 10.0.0.1:80 10.1.0.1:80*4",
		"add TCP 10.0.0.1:80 10.1.0.3:80*1",
		"= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*7 10.1.0.2:80",
		"edit-service TCP 10.0.0.1:80 wlc -",
	};
	struct model *model = model_from_text("TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*3 10.1.0.2:80");
	struct model_health change = health_of("10.0.0.1:80", "10.1.0.1:80");
	char says[DP_ERROR_SIZE];

	change.out = true;
	change.weight = 2;
	change.maxconn = 5;
	assert_int_equal(set(model, &change, 1), 0);
	for (size_t i = 0; i < SL_COUNT(steps); i++) {
		const struct dp_real *dp;

		sl_check_int(steps[i], step_run(model, steps[i], says), 0);
		dp = dp_real("10.0.0.1:80", "10.1.0.1:80");
		sl_check_int(steps[i], dp->out, true);
		sl_check_int(steps[i], dp->weight, 2);
		sl_check_int(steps[i], dp->upper, 5);
		sl_check_int(steps[i], dp_real("10.0.0.1:80", "10.1.0.2:80")->out, false);
	}
	change = health_of("10.0.0.1:80", "10.1.0.1:80");
	assert_int_equal(set(model, &change, 1), 0);
	assert_int_equal(dp_real("10.0.0.1:80", "10.1.0.1:80")->weight, 7);
	model_destroy(model);
	fake_dp_reset();
}

static void
test_many_services(void **state)
{
	struct model *model = model_from_text("TCP 10.0.0.1:80 rr NAT 10.1.0.1:80 10.1.0.2:80\n"
					      "TCP 10.0.0.2:80 rr NAT 10.1.0.1:80\n"
					      "TCP 10.0.0.3:80 rr NAT 10.1.0.1:80");
	struct model_health changes[] = {
		health_of("10.0.0.2:80", "10.1.0.1:80"), health_of("10.0.0.1:80", "10.1.0.2:80"),
		health_of("10.0.0.2:80", "10.1.0.7:80"), health_of("10.0.0.9:80", "10.1.0.1:80"),
		health_of("10.0.0.1:80", "10.1.0.1:80"),
	};
	unsigned int commits = fake_dp_commits(), puts = fake_dp_calls(FAKE_DP_PUT);
	char text[TEXT_SIZE], same[TEXT_SIZE];

	for (size_t i = 0; i < SL_COUNT(changes) - 1; i++)
		changes[i].out = true;
	changes[1].flush = true;
	assert_int_equal(set(model, changes, SL_COUNT(changes)), 0);
	assert_string_equal(text_from_dp(model, text), "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*1~ 10.1.0.1:80*1\n"
						       "TCP 10.0.0.2:80 rr NAT 10.1.0.1:80*1~\n"
						       "TCP 10.0.0.3:80 rr NAT 10.1.0.1:80*1\n");
	assert_string_equal(text_from_model(model, same), text);
	assert_int_equal(fake_dp_commits(), commits + 1);
	assert_int_equal(fake_dp_calls(FAKE_DP_PUT), puts + 2);
	assert_true(fake_dp_flushed(dp_real("10.0.0.1:80", "10.1.0.2:80")->ret_slot));
	assert_false(fake_dp_flushed(dp_real("10.0.0.2:80", "10.1.0.1:80")->ret_slot));

	/* The same again is no transaction. */
	changes[1].flush = false;
	assert_int_equal(set(model, changes, SL_COUNT(changes)), 0);
	assert_int_equal(fake_dp_commits(), commits + 1);
	assert_int_equal(set(model, NULL, 0), 0);
	model_destroy(model);
	fake_dp_reset();
}

/* Whatever fails, nothing has changed, and the next attempt does all of it. */
static void
test_failures(void **state)
{
	static const struct {
		const char *name;
		enum fake_dp_call call;
		unsigned int n;
	} rows[] = {
		{ "no transaction", FAKE_DP_BEGIN, 1 }, { "first put", FAKE_DP_PUT, 1 },
		{ "second put", FAKE_DP_PUT, 2 },       { "flush", FAKE_DP_FLUSH, 1 },
		{ "commit", FAKE_DP_COMMIT, 1 },
	};
	struct model *model = model_from_text("TCP 10.0.0.1:80 rr NAT 10.1.0.1:80\n"
					      "TCP 10.0.0.2:80 rr NAT 10.1.0.1:80");
	struct model_health changes[] = { health_of("10.0.0.1:80", "10.1.0.1:80"),
					  health_of("10.0.0.2:80", "10.1.0.1:80") };
	char before[TEXT_SIZE], after[TEXT_SIZE];

	text_from_model(model, before);
	changes[0].out = changes[1].out = changes[0].flush = true;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		fake_dp_fail(rows[i].call, rows[i].n, -ENOMEM);
		sl_check_int(rows[i].name, set(model, changes, SL_COUNT(changes)), -ENOMEM);
		sl_check_str(rows[i].name, text_from_model(model, after), before);
		sl_check_str(rows[i].name, text_from_dp(model, after), before);
	}
	assert_int_equal(set(model, changes, SL_COUNT(changes)), 0);
	assert_string_equal(text_from_dp(model, after), "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1~\n"
							"TCP 10.0.0.2:80 rr NAT 10.1.0.1:80*1~\n");
	model_destroy(model);
	fake_dp_reset();
}

/* ---- the watcher ---- */

static char watched[256];

static void
watch_applied(const struct conf *old, const struct conf *now, void *context)
{
	struct model **model = context;

	assert_ptr_equal(model_conf(*model), now);
	snprintf(watched + strlen(watched), sizeof(watched) - strlen(watched), "file %u->%u;",
		 old->service_count, now->service_count);
}

static void
watch_changed(const struct dp_service_key *key, void *context)
{
	char endpoint[SL_ENDPOINT_STRLEN];

	snprintf(watched + strlen(watched), sizeof(watched) - strlen(watched), "%s;",
		 sl_endpoint_format(&key->vip, key->port, endpoint));
}

static void
test_watch(void **state)
{
	struct model *model = model_from_text("TCP 10.0.0.1:80 rr NAT 10.1.0.1:80");
	const struct model_watcher watcher = { watch_applied, watch_changed, &model };
	struct model_health change = health_of("10.0.0.1:80", "10.1.0.1:80");
	char says[DP_ERROR_SIZE];

	model_watch(model, &watcher);
	assert_int_equal(step_run(model, "add TCP 10.0.0.1:80 10.1.0.2:80*1", says), 0);
	assert_int_equal(step_run(model, "add TCP 10.0.0.1:80 10.1.0.2:80*1", says), -EEXIST);
	assert_int_equal(step_run(model, "= TCP 10.0.0.1:80 rr NAT\nTCP 10.0.0.2:80 rr NAT", says), 0);
	assert_int_equal(step_run(model, "del-service TCP 10.0.0.2:80", says), 0);
	change.out = true;
	assert_int_equal(set(model, &change, 1), 0);
	assert_string_equal(watched, "10.0.0.1:80;file 1->2;10.0.0.2:80;");
	model_unwatch(model, &model);
	assert_int_equal(step_run(model, "del-service TCP 10.0.0.1:80", says), 0);
	assert_string_equal(watched, "10.0.0.1:80;file 1->2;10.0.0.2:80;");
	model_destroy(model);
	fake_dp_reset();
}

/* ---- five thousand at once ---- */

static unsigned long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

/* In one service, and as many services of one server. The limit is for what is quadratic. */
static void
test_scale(void **state)
{
	for (unsigned int services = 1; services <= MANY; services += MANY - 1) {
		size_t size = (size_t)MANY * 64;
		char *text = malloc(size);
		struct model_health *changes = calloc(MANY, sizeof(*changes));
		unsigned int commits;
		unsigned long since_ms;
		struct model *model;
		size_t len = 0;

		assert_non_null(text);
		assert_non_null(changes);
		text[0] = '\0';
		for (unsigned int i = 0; i < services; i++)
			len += (size_t)snprintf(text + len, size - len, "TCP 10.0.%u.%u:80 rr NAT%s\n",
						i >> 8, i & 255, services > 1 ? " 10.1.0.1:80" : "");
		model = model_from_text(text);
		for (unsigned int i = 0; i < MANY; i++) {
			unsigned int n = (unsigned int)((uint64_t)i * 7919 % MANY);
			struct model_real_change change = MODEL_REAL_CHANGE_NONE;
			struct model_error error;

			changes[i] = health_of("10.0.0.0:80", "10.1.0.1:80");
			if (services > 1) {
				changes[i].key.vip.b[14] = (uint8_t)(n >> 8);
				changes[i].key.vip.b[15] = (uint8_t)n;
			} else {
				changes[i].addr = sl_addr_from_v4(__builtin_bswap32(0xac100001 + n));
				assert_int_equal(model_real_add(model, &changes[i].key, &changes[i].addr, 80,
								&change, &error),
						 0);
			}
		}
		commits = fake_dp_commits();
		since_ms = now_ms();
		for (int round = 0; round < 2; round++) {
			for (unsigned int i = 0; i < MANY; i++)
				changes[i].out = round == 0;
			assert_int_equal(set(model, changes, MANY), 0);
		}
		print_message("%u services: 5,000 down and back: %lu ms\n", services, now_ms() - since_ms);
		assert_true(now_ms() - since_ms < LIMIT_MS);
		assert_int_equal(fake_dp_commits(), commits + 2);
		assert_false(fake_dp_service_at(0)->reals[0].out);
		model_destroy(model);
		fake_dp_reset();
		free(changes);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),       cmocka_unit_test(test_files),
		cmocka_unit_test(test_last_weights),  cmocka_unit_test(test_holds),
		cmocka_unit_test(test_many_services), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_watch),         cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
