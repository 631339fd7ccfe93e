/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What service.list says of a server that is out, or has a limit on its connections:
 * the limits in force and whether it is at them. One row a way it can stand.
 */
#include "fake_dp.h"
#include "rpc_message.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_rpc_fixture.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

static const char call[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"service.list\",\"params\":{\"proto\":"
			   "\"tcp\",\"vip\":\"192.0.2.1:80\"}}";

static void
answer_check(const char *row, struct model *model, const char *want_text)
{
	struct verb_context context = { .model = model };
	struct rpc_message message = { .context = &context };
	struct evbuffer *out = evbuffer_new();
	json_t *got, *want = json_loads(want_text, 0, NULL);
	char *text;

	rpc_message_start(&message, call, strlen(call), out);
	while (rpc_message_step(&message, out) > 0)
		;
	evbuffer_add(out, "", 1);
	text = (char *)evbuffer_pullup(out, -1);
	got = json_loads(text, 0, NULL);
	assert_non_null(want);
	if (got == NULL || !json_holds(got, want))
		fail_msg("row \"%s\": answered %s instead of %s", row, text, want_text);
	json_decref(got);
	json_decref(want);
	evbuffer_free(out);
}

static void
test_list(void **state)
{
	static const struct {
		const char *name, *conf; /* lines of the server */
		bool out;
		uint32_t maxconn; /* of its agent */
		bool overloaded;
		const char *members;
		int64_t weight; /* health's; 0: none */
	} rows[] = {
		{ "no limit", "", false, 0, false,
		  "\"out\":false,\"uthreshold\":0,\"lthreshold\":0,\"overloaded\":false" },
		{ "out", "", true, 0, false,
		  "\"out\":true,\"uthreshold\":0,\"lthreshold\":0,\"overloaded\":false" },
		{ "LVS's lower one by default", "uthreshold 100", false, 0, false,
		  "\"out\":false,\"uthreshold\":100,\"lthreshold\":75,\"overloaded\":false" },
		{ "both, and it is there", "uthreshold 100\n lthreshold 90", false, 0, true,
		  "\"out\":false,\"uthreshold\":100,\"lthreshold\":90,\"overloaded\":true" },
		{ "its agent allows fewer", "uthreshold 100\n lthreshold 90", false, 50, true,
		  "\"out\":false,\"uthreshold\":50,\"lthreshold\":0,\"overloaded\":true" },
		{ "out and full", "uthreshold 3", true, 0, true,
		  "\"out\":true,\"uthreshold\":3,\"lthreshold\":3,\"overloaded\":true" },
		{ "no weight of health's", "", false, 0, false, "\"weight\":1,\"effective_weight\":1" },
		{ "health's weight", "", false, 0, false, "\"weight\":1,\"effective_weight\":40", 40 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct model_health health = { .port = 8080,
					       .out = rows[i].out,
					       .weight = rows[i].weight != 0 ? rows[i].weight : -1,
					       .maxconn = rows[i].maxconn };
		char conf[512], want[512];
		const struct fake_dp_service *service;
		struct model_error error;
		struct fixture fixture;

		snprintf(conf, sizeof(conf),
			 "port wan {\n device net_null0\n address 10.0.0.1/24\n}\n"
			 "virtual_server 192.0.2.1 80 {\n lb_algo rr\n lb_kind NAT\n"
			 " real_server 10.0.0.11 8080 {\n weight 1\n %s\n }\n}\n",
			 rows[i].conf);
		snprintf(want, sizeof(want), "{\"id\":1,\"result\":[{\"reals\":[{%s}]}]}", rows[i].members);
		fixture_setup(&fixture, conf, 4);
		assert_int_equal(sl_endpoint_parse("192.0.2.1:80", &health.key.vip, &health.key.port), 0);
		assert_int_equal(sl_addr_parse("10.0.0.11", &health.addr), 0);
		health.key.proto = SL_PROTO_TCP;
		assert_int_equal(model_health_set(fixture.model, &health, 1, &error), 0);
		service = fake_dp_service_find(&health.key);
		fake_dp_overloaded_set(service->reals[0].ret_slot, rows[i].overloaded);
		answer_check(rows[i].name, fixture.model, want);
		fixture_teardown(&fixture);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_list) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
