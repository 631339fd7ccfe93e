/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ha.status, ha.failover, ha.release on the control socket: what keepalive
 * says is what is answered, and what is asked of it is what was called.
 */
#include "fake_ka.h"
#include "rpc_message.h"
#include "sl_test.h"
#include "test_rpc_fixture.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

static const char conf_text[] = "global_defs {\n router_id lb1\n}\n"
				"port wan {\n device net_null0\n address 10.0.0.1/24\n}\n";

#define CALL(method, params)                                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define ERROR(code, part) "{\"id\":1,\"error\":{\"code\":" #code ",\"message\":\"~" part "\"}}"
#define RESULT(json) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" json "}"

static void
answer_expect(const char *name, const char *line, const char *want_text)
{
	struct fixture fixture;
	struct verb_context context = { .started = time(NULL) };
	struct rpc_message message = { .context = &context };
	struct evbuffer *out = evbuffer_new();
	json_t *want = json_loads(want_text, 0, NULL), *got;
	char *text;

	fixture_setup(&fixture, conf_text, 4);
	context.model = fixture.model;
	context.conf_path = fixture.conf_path;
	rpc_message_start(&message, line, strlen(line), out);
	while (rpc_message_step(&message, out) > 0)
		;
	text = calloc(1, evbuffer_get_length(out) + 1);
	evbuffer_remove(out, text, evbuffer_get_length(out));
	got = json_loads(text, 0, NULL);
	sl_check(name, want != NULL);
	if (got == NULL || !json_holds(got, want))
		fail_msg("row \"%s\": the answer is %s instead of %s", name, text, want_text);
	json_decref(got);
	json_decref(want);
	free(text);
	evbuffer_free(out);
	fixture_teardown(&fixture);
}

static void
test_status(void **state)
{
	struct ka_instance_status *instance = fake_ka.instances;
	struct ka_channel_status *channel = fake_ka.channels;

	fake_ka_reset();
	answer_expect("nothing", CALL("ha.status", ""),
		      RESULT("{\"router_id\":\"lb1\",\"instances\":[],\"channels\":[],\"sync\":null}"));
	answer_expect("status without", CALL("status", ""), RESULT("{\"ha\":null}"));

	fake_ka.instance_status_count = 2;
	instance[0] = (struct ka_instance_status){
		.name = "VI_1",
		.group = 1,
		.state = KA_MASTER,
		.priority = 90,
		.base_priority = 150,
		.held_back = true,
		.since_ms = 5000,
		.master = sl_addr_from_v4(0x0200000a),
		.master_priority = 90,
		.master_down_ms = 360,
		.why = "no advert for 360 ms",
		.became_master = 2,
		.adverts_sent = 1234,
		.bad_checksum = 7,
		.bad_addrs = 8,
	};
	instance[1] = (struct ka_instance_status){ .name = "VI_2", .state = KA_FAULT };
	fake_ka.channel_count = 2;
	channel[0] = (struct ka_channel_status){
		.name = "mgmt", .kind = "udp", .alive = true, .heard_ago_ms = 20, .replayed = 3, .peer = "lb2"
	};
	channel[1] =
		(struct ka_channel_status){ .name = "line", .kind = "serial", .heard_ago_ms = UINT64_MAX };
	fake_ka.sync = (struct ka_sync_status){ .enabled = true,
						.sending = true,
						.in_sync = true,
						.peer_state = KA_SYNC_PEER_SILENT,
						.peer_state_ms = 12000,
						.bulk_total = 1000000,
						.conns_sent = 5,
						.peer = "10.0.0.2" };
	answer_expect(
		"all of it", CALL("ha.status", ""),
		RESULT("{\"instances\":[{\"instance\":\"VI_1\",\"state\":\"MASTER\",\"priority\":90,"
		       "\"base_priority\":150,\"held_back\":true,\"since_ms\":5000,\"master\":\"10.0.0.2\","
		       "\"master_priority\":90,\"master_down_ms\":360,\"why\":\"no advert for 360 ms\","
		       "\"counters\":{\"became_master\":2,\"released\":0,\"adverts_sent\":1234,"
		       "\"bad_checksum\":7,\"bad_addrs\":8}},"
		       "{\"instance\":\"VI_2\",\"state\":\"FAULT\",\"master\":null}],"
		       "\"channels\":[{\"channel\":\"mgmt\",\"kind\":\"udp\",\"alive\":true,"
		       "\"heard_ago_ms\":20,\"peer\":\"lb2\",\"counters\":{\"replayed\":3,\"bad_auth\":0}},"
		       "{\"channel\":\"line\",\"kind\":\"serial\",\"alive\":false,\"heard_ago_ms\":null}],"
		       "\"sync\":{\"sending\":true,\"receiving\":false,\"in_sync\":true,"
		       "\"peer_state\":\"silent\",\"peer_state_ms\":12000,\"bulk\":false,"
		       "\"bulk_total\":1000000,\"peer\":\"10.0.0.2\",\"counters\":{\"conns_sent\":5}}}"));
	answer_expect("status with", CALL("status", ""),
		      RESULT("{\"ha\":{\"instances\":2,\"master\":1,\"fault\":1}}"));
	fake_ka_reset();
}

static void
test_moves(void **state)
{
	static const struct {
		const char *name, *line;
		int rc; /* keepalive's */
		const char *answer;
		const char *instance; /* that keepalive was asked for; NULL: it was not asked */
		bool force;
		unsigned int failovers, releases;
	} rows[] = {
		{ "failover of all", CALL("ha.failover", ""), 0, RESULT("{}"), "", false, 1, 0 },
		{ "failover of one", CALL("ha.failover", "\"instance\":\"VI_1\""), 0, RESULT("{}"), "VI_1",
		  false, 1, 0 },
		{ "failover by force", CALL("ha.failover", "\"instance\":\"VI_1\",\"force\":true"), 0,
		  RESULT("{}"), "VI_1", true, 1, 0 },
		{ "release of all", CALL("ha.release", ""), 0, RESULT("{}"), "", false, 0, 1 },
		{ "release of one", CALL("ha.release", "\"instance\":\"VI_1\""), 0, RESULT("{}"), "VI_1",
		  false, 0, 1 },
		{ "no such instance", CALL("ha.failover", "\"instance\":\"VI_9\""), -ENOENT,
		  ERROR(-32005, "no vrrp_instance \\\"VI_9\\\""), "VI_9", false, 1, 0 },
		{ "no peer", CALL("ha.failover", ""), -EHOSTUNREACH, ERROR(-32000, "told to refuse"), "",
		  false, 1, 0 },
		{ "no MASTER", CALL("ha.failover", "\"instance\":\"VI_1\""), -EALREADY,
		  ERROR(-32000, "told to refuse"), "VI_1", false, 1, 0 },
		{ "instance is a number", CALL("ha.failover", "\"instance\":1"), 0,
		  ERROR(-32602, "the name of a vrrp_instance"), NULL, false, 0, 0 },
		{ "instance without a name", CALL("ha.release", "\"instance\":\"\""), 0,
		  ERROR(-32602, "the name of a vrrp_instance"), NULL, false, 0, 0 },
		{ "force is a number", CALL("ha.failover", "\"force\":1"), 0, ERROR(-32602, "true or false"),
		  NULL, false, 0, 0 },
		{ "release knows no force", CALL("ha.release", "\"force\":true"), 0, ERROR(-32602, "force"),
		  NULL, false, 0, 0 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		fake_ka_reset();
		fake_ka.move_rc = rows[i].rc;
		answer_expect(rows[i].name, rows[i].line, rows[i].answer);
		sl_check_int(rows[i].name, fake_ka.failovers, rows[i].failovers);
		sl_check_int(rows[i].name, fake_ka.releases, rows[i].releases);
		sl_check_int(rows[i].name, fake_ka.force, rows[i].force);
		sl_check_str(rows[i].name, fake_ka.instance,
			     rows[i].instance != NULL ? rows[i].instance : "");
	}
	fake_ka_reset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
