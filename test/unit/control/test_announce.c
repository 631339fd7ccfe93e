/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VIPs as routes: which ones there are, after each change of health, of who
 * holds them, of the file, of the interface; that nothing is left behind at the
 * end; and that ten thousand of them do not hold up the loop.
 */
#include "announce.h"
#include "fake_dp.h"
#include "ha/ha.h"
#include "health.h"
#include "sl_addr.h"
#include "sl_clock.h"
#include "sl_log.h"
#include "sl_test.h"
#include "test_conf_load.h"

#include <sluice/dp_ha.h>

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#define PORTS                                                                                                \
	"port wan {\n device net_null0\n address 10.0.0.1/24\n tap on\n}\n"                                  \
	"port lan {\n device net_null1\n address 10.1.0.1/24\n tap on\n}\n"
#define TABLE(more) "global_defs {\n announce_table 100\n" more "}\n"
#define VS(vip, port, more) "virtual_server " vip " " port " {\n" more " real_server 10.1.0.2 80\n}\n"

enum { SERVICES_MAX = 4, MANY = 10000, LIMIT_MS = 5000 };

/* What the fakes below say: of services by their port, of VIPs by their last byte. */
static enum health_service states[65536];
static bool away[256];

/* What was told of VIPs, by their family and last two bytes. */
static bool told[2][65536];
static unsigned int told_count;

static struct {
	struct event_base *base;
	struct model *model;
	struct announce *announce;
} box;

enum health_service
health_service_state(struct health *health, const struct model_service *service)
{
	return states[service->key.port];
}

void
ha_vip_announced(struct ha *ha, const struct sl_addr *vip, bool announced, const char *text)
{
	bool *was = &told[sl_addr_is_v4(vip)][vip->b[14] << 8 | vip->b[15]];

	assert_ptr_equal(ha, &box);
	assert_true(announced != *was);
	assert_int_equal(strstr(text, "no longer announced: ") != NULL, !announced);
	*was = announced;
	told_count += announced ? 1 : -1u;
}

bool __wrap_dp_ha_addr_is_held(const struct sl_addr *addr);

bool
__wrap_dp_ha_addr_is_held(const struct sl_addr *addr)
{
	return !away[addr->b[15]];
}

static void
box_start(const char *text)
{
	struct dp_params params = { .workers = 2, .cpu = { 0, 1 }, .connections = 100000 };
	struct conf *conf = conf_load_good("a file", text);
	char error[DP_ERROR_SIZE];
	struct model_error refused;

	fake_dp_reset();
	fake_dp_run(true);
	sl_log_limit_set(SL_LOG_ERROR);
	for (unsigned int i = 0; i < SL_COUNT(states); i++)
		states[i] = HEALTH_SERVICE_UP;
	memset(away, 0, sizeof(away));
	assert_int_equal(dp_eal_start(&params, NULL, 0, 0, NULL, error), 0);
	for (unsigned int i = 0; i < conf->port_count; i++)
		assert_int_equal(dp_port_open(&conf->ports[i].dp, error), i);
	assert_int_equal(dp_start(error), 0);
	box.model = model_create(conf, &refused);
	assert_non_null(box.model);
	box.base = event_base_new();
	box.announce = announce_create(box.base, box.model, NULL, (struct ha *)&box);
	assert_non_null(box.announce);
}

static void
box_end(void)
{
	announce_destroy(box.announce);
	assert_string_equal(fake_dp_host_routes(), "");
	assert_int_equal(told_count, 0);
	event_base_free(box.base);
	model_destroy(box.model);
	dp_stop();
	fake_dp_reset();
}

static void
look(void)
{
	const char *routes;
	unsigned int count = 0;

	event_base_loop(box.base, EVLOOP_ONCE);
	for (routes = fake_dp_host_routes(); *routes != '\0'; routes++)
		count += *routes == '[';
	/* The fake has not room to name very many. */
	assert_true(told_count == count || told_count > 1000);
}

static void
apply(const char *text)
{
	struct conf_faults faults = { 0 };

	assert_int_equal(model_apply(box.model, conf_load_good("a file", text), &faults), 0);
	conf_faults_free(&faults);
}

/* Two VIPs of two services each, and what the states of these make of them. */
static void
test_states(void **state)
{
#define DOWN HEALTH_SERVICE_DOWN
#define ASSUMED HEALTH_SERVICE_ASSUMED
#define UP HEALTH_SERVICE_UP
	static const char both[] = " [100 wan 192.0.2.1] [100 wan 2001:db8::1]";
	static const char first[] = " [100 wan 192.0.2.1]", second[] = " [100 wan 2001:db8::1]";
	static const struct {
		const char *name;
		enum health_service of[SERVICES_MAX]; /* of ports 1, 2 (the first VIP), 3 and 4 */
		const char *all, *any;
	} rows[] = {
		{ "nothing is known", { ASSUMED, ASSUMED, ASSUMED, ASSUMED }, "", "" },
		{ "one service of the first VIP is up", { UP, ASSUMED, ASSUMED, DOWN }, "", first },
		{ "both are", { UP, UP, ASSUMED, ASSUMED }, first, first },
		{ "all are", { UP, UP, UP, UP }, both, both },
		{ "new checks: nothing is taken back", { ASSUMED, UP, ASSUMED, ASSUMED }, both, both },
		{ "one of the first VIP goes", { DOWN, UP, UP, UP }, second, both },
		{ "and the other", { DOWN, DOWN, UP, UP }, second, second },
		{ "all go", { DOWN, DOWN, DOWN, DOWN }, "", "" },
		{ "an assumption brings nothing back", { ASSUMED, UP, ASSUMED, DOWN }, "", first },
		{ "proof does", { UP, UP, UP, UP }, both, both },
	};

	for (int any = 0; any < 2; any++) {
		char text[2048];

		snprintf(text, sizeof(text),
			 PORTS "global_defs {\n announce_table 100\n announce_while %s\n}\n" VS(
				 "192.0.2.1", "1", "") VS("192.0.2.1", "2", "")
				 VS("192.0.2.1", "5",
				    " announce off\n") "virtual_server 2001:db8::1 3 {\n lb_kind TUN\n "
						       "real_server 10.1.0.2 3\n}\n"
						       "virtual_server 2001:db8::1 4 {\n protocol UDP\n "
						       "lb_kind TUN\n real_server 10.1.0.2 4\n}\n" VS(
							       "192.0.2.9", "5", " announce off\n"),
			 any ? "any" : "all");
		box_start(text);
		states[5] = HEALTH_SERVICE_DOWN;
		for (size_t i = 0; i < SL_COUNT(rows); i++) {
			for (unsigned int s = 0; s < SERVICES_MAX; s++)
				states[s + 1] = rows[i].of[s];
			look();
			sl_check_str(rows[i].name, fake_dp_host_routes(), any ? rows[i].any : rows[i].all);
		}
		box_end();
	}
}

static void
test_held(void **state)
{
	box_start(PORTS TABLE("") VS("192.0.2.1", "80", "") VS("192.0.2.2", "80", ""));
	away[1] = true;
	look();
	assert_string_equal(fake_dp_host_routes(), " [100 wan 192.0.2.2]");
	away[1] = false;
	away[2] = true;
	look();
	assert_string_equal(fake_dp_host_routes(), " [100 wan 192.0.2.1]");
	box_end();
}

static void
test_files(void **state)
{
	static const struct {
		const char *name, *text, *routes;
	} rows[] = {
		{ "a table", PORTS TABLE("") VS("192.0.2.1", "80", ""), " [100 wan 192.0.2.1]" },
		{ "another service", PORTS TABLE("") VS("192.0.2.1", "80", "") VS("192.0.2.2", "80", ""),
		  " [100 wan 192.0.2.1] [100 wan 192.0.2.2]" },
		{ "another port", PORTS TABLE(" announce_port lan\n") VS("192.0.2.2", "80", ""),
		  " [100 lan 192.0.2.2]" },
		{ "another table",
		  PORTS "global_defs {\n announce_table 70000\n}\n" VS("192.0.2.2", "80", ""),
		  " [70000 wan 192.0.2.2]" },
		{ "not announced", PORTS TABLE("") VS("192.0.2.2", "80", " announce off\n"), "" },
		{ "again", PORTS TABLE("") VS("192.0.2.2", "80", " announce on\n"), " [100 wan 192.0.2.2]" },
		{ "no table", PORTS VS("192.0.2.2", "80", ""), "" },
	};

	box_start(PORTS VS("192.0.2.1", "80", ""));
	look();
	assert_string_equal(fake_dp_host_routes(), "");
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		apply(rows[i].text);
		look();
		sl_check_str(rows[i].name, fake_dp_host_routes(), rows[i].routes);
	}
	box_end();
}

/* The interface goes, comes back with another number, and is set down and up again: then with the same. */
static void
test_interface(void **state)
{
	static const unsigned int indexes[] = { 0, 31, 32, 0, 32 };

	box_start(PORTS TABLE("") VS("192.0.2.1", "80", ""));
	look();
	for (size_t i = 0; i < SL_COUNT(indexes); i++) {
		fake_dp_tap_index_set(0, indexes[i]);
		assert_string_equal(fake_dp_host_routes(), "");
		look();
		assert_string_equal(fake_dp_host_routes(), indexes[i] != 0 ? " [100 wan 192.0.2.1]" : "");
	}
	box_end();
}

/* What the kernel refuses is tried again, and what it will not take away is not forgotten. */
static void
test_refused(void **state)
{
	box_start(PORTS TABLE("") VS("192.0.2.1", "80", "") VS("192.0.2.2", "80", ""));
	sl_log_limit_set(-1);
	fake_dp_fail(FAKE_DP_HOST_ROUTE, 1, -EPERM);
	look();
	assert_string_equal(fake_dp_host_routes(), " [100 wan 192.0.2.2]");
	look();
	assert_string_equal(fake_dp_host_routes(), " [100 wan 192.0.2.1] [100 wan 192.0.2.2]");
	away[1] = away[2] = true;
	fake_dp_fail(FAKE_DP_HOST_ROUTE, 1, -ENOBUFS);
	look();
	assert_string_equal(fake_dp_host_routes(), " [100 wan 192.0.2.1]");
	look();
	assert_string_equal(fake_dp_host_routes(), "");
	box_end();
}

static void
test_worker_stalls(void **state)
{
	uint64_t since_ms;

	box_start(PORTS TABLE("") VS("192.0.2.1", "80", ""));
	look();
	fake_dp_run(false);
	since_ms = sl_clock_ms();
	while (*fake_dp_host_routes() != '\0' && sl_clock_ms() - since_ms < LIMIT_MS)
		look();
	assert_in_range(sl_clock_ms() - since_ms, 1800, LIMIT_MS - 1);
	fake_dp_run(true);
	look();
	assert_string_equal(fake_dp_host_routes(), " [100 wan 192.0.2.1]");
	box_end();
}

/* Routers need their time, and the daemon's packets their way to them. */
static void
test_end_lingers(void **state)
{
	uint64_t since_ms;
	unsigned int polls;

	for (int announced = 0; announced < 2; announced++) {
		box_start(PORTS TABLE("") VS("192.0.2.1", "80", ""));
		away[1] = !announced;
		look();
		polls = fake_dp_polls();
		since_ms = sl_clock_ms();
		announce_destroy(box.announce);
		box.announce = NULL;
		assert_string_equal(fake_dp_host_routes(), "");
		if (announced) {
			assert_in_range(sl_clock_ms() - since_ms, 190, 1000);
			assert_true(fake_dp_polls() - polls > 20);
		} else {
			assert_in_range(sl_clock_ms() - since_ms, 0, 150);
		}
		box_end();
	}
}

static void
test_many(void **state)
{
	uint64_t since_ms, longest_ms = 0;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, PORTS TABLE(""));
	for (unsigned int i = 0; i < MANY; i++)
		fprintf(stream, VS("192.168.%u.%u", "80", ""), i / 200, i % 200 + 1);
	fclose(stream);
	box_start(text);
	for (int down = 0; down < 2; down++) {
		unsigned int before = fake_dp_calls(FAKE_DP_HOST_ROUTE);

		states[80] = down ? HEALTH_SERVICE_DOWN : HEALTH_SERVICE_UP;
		since_ms = sl_clock_ms();
		while (fake_dp_calls(FAKE_DP_HOST_ROUTE) - before < MANY) {
			uint64_t began_ms = sl_clock_ms();

			assert_true(began_ms - since_ms < 30000);
			look();
			if (sl_clock_ms() - began_ms > longest_ms)
				longest_ms = sl_clock_ms() - began_ms;
		}
		print_message("%u VIPs %s: %lu ms, the longest turn with its pause %lu ms\n", MANY,
			      down ? "withdrawn" : "announced", sl_clock_ms() - since_ms, longest_ms);
	}
	free(text);
	box_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),      cmocka_unit_test(test_held),
		cmocka_unit_test(test_files),       cmocka_unit_test(test_interface),
		cmocka_unit_test(test_refused),     cmocka_unit_test(test_worker_stalls),
		cmocka_unit_test(test_end_lingers), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
