/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels, full NAT, options of services and the kernel's interfaces on the
 * control socket: what may be asked for, what the lists say then. A row is a
 * few lines sent one after the other to a daemon of its own.
 */
#include "rpc_message.h"
#include "sl_test.h"
#include "test_rpc_fixture.h"
#include "verb_rate.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES_MAX = 4 };

static const char conf_text[] =
	"port wan {\n device net_null0\n address 10.0.0.1/24\n address 2001:db8::5/64\n tap on\n}\n"
	"port lan {\n device net_null1\n address 10.1.0.1/24\n}\n"
	"local_address_group four {\n 10.0.0.200-10.0.0.201 wan\n 10.1.0.200 lan\n}\n"
	"local_address_group six {\n 2001:db8::200 wan\n}\n"
	"virtual_server 192.0.2.1 80 {\n lb_algo rr\n lb_kind TUN type gue port 6080 csum\n mss_clamp 1400\n"
	" strip_tcp_timestamps on\n reject off\n real_server 10.0.0.11\n"
	" real_server 10.0.0.12 80 {\n  lvs_method TUN type gre\n }\n"
	" real_server 10.0.0.13 8080 {\n  lvs_method NAT\n }\n}\n"
	"virtual_server 2001:db8::1 80 {\n lb_algo rr\n lb_kind FNAT\n laddr_group_name four\n toa on\n"
	" mss_clamp auto\n real_server 10.0.0.21 8080\n}\n";

#define CALL(method) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\"}"
#define CALLP(method, params)                                                                                \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define ERROR(code, part) "{\"id\":1,\"error\":{\"code\":" #code ",\"message\":\"~" part "\"}}"
#define RESULT(json) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" json "}"

#define WEB "\"proto\":\"tcp\",\"vip\":\"192.0.2.1:80\""
#define SIX "\"proto\":\"tcp\",\"vip\":\"[2001:db8::1]:80\""
#define NEW "\"proto\":\"tcp\",\"vip\":\"192.0.2.9:80\""
#define DNS "\"proto\":\"udp\",\"vip\":\"192.0.2.9:53\""
#define LIST(service) CALLP("service.list", service)
#define DONE RESULT("{}")

struct row {
	const char *name;
	struct {
		const char *line, *answer;
	} lines[LINES_MAX];
};

/* ---- lists ---- */

static const struct row list_rows[] = {
	{ "a service with tunnels",
	  { { LIST(WEB),
	      RESULT("[{\"method\":\"tun\",\"tunnel\":\"gue:6080:+c\",\"laddr_group_name\":\"\",\"toa\":"
		     "false,"
		     "\"strip_tcp_timestamps\":true,\"mss_clamp\":1400,\"reject\":false,\"reals\":["
		     "{\"real\":\"10.0.0.13:8080\",\"method\":\"nat\",\"tunnel\":null},"
		     "{\"real\":\"10.0.0.12:80\",\"method\":\"tun\",\"tunnel\":\"gre:-c\"},"
		     "{\"real\":\"10.0.0.11:80\",\"method\":\"tun\",\"tunnel\":\"gue:6080:+c\"}]}]") } } },
	{ "a service by full NAT",
	  { { LIST(SIX),
	      RESULT("[{\"method\":\"fnat\",\"tunnel\":null,\"laddr_group_name\":\"four\",\"toa\":true,"
		     "\"strip_tcp_timestamps\":false,\"mss_clamp\":\"auto\",\"reject\":true,\"reals\":["
		     "{\"real\":\"10.0.0.21:8080\",\"method\":\"fnat\",\"tunnel\":null}]}]") } } },
	{ "connections and their local address",
	  { { CALLP("conn.list", "\"real\":\"10.0.0.21\",\"limit\":1"),
	      RESULT("[{\"real\":\"10.0.0.21:8080\",\"local\":\"10.0.0.200:1024\",\"method\":\"fnat\"}]") },
	    { CALLP("conn.list", "\"real\":\"10.0.0.11\",\"limit\":1"),
	      RESULT("[{\"real\":\"10.0.0.11:80\",\"local\":null,\"method\":\"tun\"}]") } } },
	{ "ports and their kernel interface",
	  { { CALL("ports"),
	      RESULT("[{\"port\":\"wan\",\"kernel\":{\"name\":\"sl-wan\",\"present\":true,\"to_kernel_"
		     "packets\":7,"
		     "\"to_kernel_bytes\":700,\"from_kernel_packets\":0,\"from_kernel_bytes\":0}},"
		     "{\"port\":\"lan\",\"kernel\":null}]") } } },
	{ "local addresses",
	  { { CALL("locals"),
	      RESULT("[{\"group\":\"four\",\"address\":\"10.0.0.200\",\"port\":\"wan\",\"ports\":64512,"
		     "\"tcp_used\":200,\"udp_used\":100},"
		     "{\"group\":\"four\",\"address\":\"10.0.0.201\",\"port\":\"wan\"},"
		     "{\"group\":\"four\",\"address\":\"10.1.0.200\",\"port\":\"lan\"},"
		     "{\"group\":\"six\",\"address\":\"2001:db8::200\",\"tcp_used\":0,\"udp_used\":0}"
		     "]") } } },
	{ "answers that workers sent, and did not send",
	  { { CALL("workers"), RESULT("[{\"balanced\":true,\"answered\":4,\"answers_limited\":5},"
				      "{\"balanced\":true,\"answered\":4,\"answers_limited\":6},"
				      "{\"worker\":\"control\",\"answered\":0,\"answers_limited\":0}]") },
	    { CALL("stats"), RESULT("{\"total\":{\"answered\":8,\"answers_limited\":11}}") } } },
};

static const struct row change_rows[] = {
	{ "service.add with a tunnel",
	  { { CALLP("service.add", NEW ",\"method\":\"tun\",\"tunnel\":\"gre:+c\""), DONE },
	    { LIST(NEW),
	      RESULT("[{\"method\":\"tun\",\"tunnel\":\"gre:+c\",\"mss_clamp\":\"off\",\"reject\":true,"
		     "\"toa\":false}]") } } },
	{ "service.add with everything",
	  { { CALLP("service.add",
		    NEW ",\"method\":\"fnat\",\"laddr_group_name\":\"four\",\"toa\":true,"
			"\"strip_tcp_timestamps\":true,\"mss_clamp\":\"auto\",\"reject\":false"),
	      DONE },
	    { LIST(NEW),
	      RESULT("[{\"method\":\"fnat\",\"tunnel\":null,\"laddr_group_name\":\"four\",\"toa\":true,"
		     "\"strip_tcp_timestamps\":true,\"mss_clamp\":\"auto\",\"reject\":false}]") } } },
	{ "service.add by tun alone is ipip",
	  { { CALLP("service.add", NEW ",\"method\":\"tun\""), DONE },
	    { LIST(NEW), RESULT("[{\"method\":\"tun\",\"tunnel\":\"ipip\"}]") } } },
	{ "service.edit leaves what is not given",
	  { { CALLP("service.edit", WEB ",\"scheduler\":\"wrr\""), DONE },
	    { LIST(WEB), RESULT("[{\"scheduler\":\"wrr\",\"method\":\"tun\",\"tunnel\":\"gue:6080:+c\","
				"\"strip_tcp_timestamps\":true,\"mss_clamp\":1400,\"reject\":false}]") } } },
	{ "service.edit of one option leaves the others",
	  { { CALLP("service.edit", WEB ",\"reject\":true"), DONE },
	    { LIST(WEB), RESULT("[{\"strip_tcp_timestamps\":true,\"toa\":false,\"reject\":true}]") },
	    { CALLP("service.edit", WEB ",\"toa\":true,\"strip_tcp_timestamps\":false,\"mss_clamp\":\"off\""),
	      DONE },
	    { LIST(WEB), RESULT("[{\"strip_tcp_timestamps\":false,\"toa\":true,\"reject\":true,\"mss_clamp\":"
				"\"off\"}]") } } },
	{ "options of mh come and stay",
	  { { CALLP("service.edit", WEB ",\"scheduler\":\"mh\",\"mh-port\":true"), DONE },
	    { CALLP("service.edit", WEB ",\"mh-fallback\":true"), DONE },
	    { LIST(WEB), RESULT("[{\"scheduler\":\"mh\",\"mh-port\":true,\"mh-fallback\":true}]") } } },
	{ "and go with it",
	  { { CALLP("service.edit", WEB ",\"scheduler\":\"mh\",\"mh-port\":true"), DONE },
	    { CALLP("service.edit", WEB ",\"scheduler\":\"rr\",\"reject\":true"), DONE },
	    { LIST(WEB), RESULT("[{\"scheduler\":\"rr\",\"mh-port\":false,\"mh-fallback\":false}]") } } },
	{ "announced or not",
	  { { CALLP("service.edit", WEB ",\"announce\":false"), DONE },
	    { LIST(WEB), RESULT("[{\"announce\":false,\"reject\":false}]") },
	    { CALLP("service.edit", WEB ",\"announce\":true"), DONE },
	    { LIST(WEB), RESULT("[{\"announce\":true}]") } } },
	{ "service.edit of the tunnel; of the method, which takes the tunnel away",
	  { { CALLP("service.edit", WEB ",\"tunnel\":\"ipip\""), DONE },
	    { LIST(WEB), RESULT("[{\"tunnel\":\"ipip\",\"reals\":[\"*\",{\"tunnel\":\"gre:-c\"},"
				"{\"tunnel\":\"gue:6080:+c\"}]}]") },
	    { CALLP("service.edit", WEB ",\"method\":\"dr\""), DONE },
	    { LIST(WEB), RESULT("[{\"method\":\"dr\",\"tunnel\":null}]") } } },
	{ "service.edit of the group",
	  { { CALLP("service.edit", WEB ",\"laddr_group_name\":\"four\""), DONE },
	    { LIST(WEB), RESULT("[{\"laddr_group_name\":\"four\"}]") },
	    { CALLP("service.edit", WEB ",\"laddr_group_name\":\"\""), DONE },
	    { LIST(WEB), RESULT("[{\"laddr_group_name\":\"\"}]") } } },
	{ "real.add takes the service's tunnel, or its own, across families",
	  { { CALLP("real.add", WEB ",\"real\":\"10.0.0.14:80\""), DONE },
	    { CALLP("real.add",
		    WEB ",\"real\":\"[2001:db8::14]:80\",\"method\":\"tun\",\"tunnel\":\"gue:1:r+c\""),
	      DONE },
	    { LIST(WEB),
	      RESULT("[{\"reals\":[{\"real\":\"[2001:db8::14]:80\",\"tunnel\":\"gue:1:r+c\"},"
		     "{\"real\":\"10.0.0.14:80\",\"tunnel\":\"gue:6080:+c\"},\"*\",\"*\",\"*\"]}]") } } },
	{ "real.edit of the tunnel",
	  { { CALLP("real.edit", WEB ",\"real\":\"10.0.0.11:80\",\"tunnel\":\"gre\""), DONE },
	    { CALLP("real.edit", WEB ",\"real\":\"10.0.0.12:80\",\"method\":\"dr\""), DONE },
	    { LIST(WEB), RESULT("[{\"reals\":[\"*\",{\"method\":\"dr\",\"tunnel\":null},"
				"{\"method\":\"tun\",\"tunnel\":\"gre:-c\"}]}]") } } },
	{ "real.add by full NAT from IPv6 to IPv4",
	  { { CALLP("real.add", SIX ",\"real\":\"10.0.0.22:8080\""), DONE },
	    { LIST(SIX),
	      RESULT("[{\"reals\":[{\"real\":\"10.0.0.22:8080\",\"method\":\"fnat\"},\"*\"]}]") } } },
};

static const struct row refusal_rows[] = {
	{ "tunnel",
	  { { CALLP("real.edit", WEB ",\"real\":\"10.0.0.11:80\",\"tunnel\":\"gue\""),
	      ERROR(-32602, "\\\"tunnel\\\" is \\\"gue\\\"; it must be \\\"ipip\\\", "
			    "\\\"gue:PORT[:-c|+c|r+c]\\\" or \\\"gre[:-c|+c]\\\"") } } },
	{ "tunnel is a number",
	  { { CALLP("service.edit", WEB ",\"tunnel\":6080"), ERROR(-32602, "tunnel") } } },
	{ "method",
	  { { CALLP("service.edit", WEB ",\"method\":\"fulnat\""),
	      ERROR(-32602, "nat, dr, tun, fnat (did you mean fnat?)") } } },
	{ "toa is a number",
	  { { CALLP("service.edit", WEB ",\"toa\":1"), ERROR(-32602, "true or false") } } },
	{ "an option of mh for another scheduler",
	  { { CALLP("service.edit", WEB ",\"scheduler\":\"rr\",\"mh-port\":true"),
	      ERROR(-32602, "service TCP 192.0.2.1:80: mh-port and mh-fallback are for the scheduler mh, not "
			    "rr") } } },
	{ "mh-port is a number",
	  { { CALLP("service.edit", WEB ",\"mh-port\":1"), ERROR(-32602, "true or false") } } },
	{ "reject is a text",
	  { { CALLP("service.edit", WEB ",\"reject\":\"off\""), ERROR(-32602, "true or false") } } },
	{ "timestamps null",
	  { { CALLP("service.edit", WEB ",\"strip_tcp_timestamps\":null"),
	      ERROR(-32602, "true or false") } } },
	{ "mss too small",
	  { { CALLP("service.edit", WEB ",\"mss_clamp\":535"), ERROR(-32602, "from 536 to 65495") } } },
	{ "mss too large",
	  { { CALLP("service.edit", WEB ",\"mss_clamp\":65496"), ERROR(-32602, "from 536 to 65495") } } },
	{ "mss in words",
	  { { CALLP("service.edit", WEB ",\"mss_clamp\":\"maximum\""),
	      ERROR(-32602, "from 536 to 65495") } } },
	{ "a group's name too long",
	  { { CALLP("service.edit", WEB ",\"laddr_group_name\":\"abcdefghijklmnopqrstuvwxyzabcdef\""),
	      ERROR(-32602, "name of a local_address_group") } } },
	{ "a group that is not there",
	  { { CALLP("service.edit", WEB ",\"laddr_group_name\":\"snat\""),
	      ERROR(-32602, "there is no local_address_group snat") } } },
	{ "fnat without a group",
	  { { CALLP("service.add", NEW ",\"method\":\"fnat\""),
	      ERROR(-32602, "FNAT needs laddr_group_name") },
	    { CALLP("real.add", WEB ",\"real\":\"10.0.0.14:80\",\"method\":\"fnat\""),
	      ERROR(-32602, "FNAT needs laddr_group_name of the service") } } },
	{ "fnat without an address of the family",
	  { { CALLP("service.edit", SIX ",\"laddr_group_name\":\"six\""),
	      ERROR(-32602, "local_address_group six has no IPv4 address") },
	    { CALLP("real.add", SIX ",\"real\":\"[2001:db8::21]:80\""),
	      ERROR(-32602, "local_address_group four has no IPv6 address") } } },
	{ "fnat from IPv4 to IPv6",
	  { { CALLP("service.edit", WEB ",\"laddr_group_name\":\"six\""), DONE },
	    { CALLP("real.add", WEB ",\"real\":\"[2001:db8::21]:80\",\"method\":\"fnat\""),
	      ERROR(-32602, "family") } } },
	{ "a tunnel without tun",
	  { { CALLP("service.add", NEW ",\"tunnel\":\"ipip\""),
	      ERROR(-32602, "a tunnel goes with TUN, not with DR") },
	    { CALLP("real.edit", WEB ",\"real\":\"10.0.0.13:8080\",\"tunnel\":\"gre\""),
	      ERROR(-32602, "not with NAT") } } },
	{ "tun to another port",
	  { { CALLP("real.add", WEB ",\"real\":\"10.0.0.14:81\""),
	      ERROR(-32602, "TUN cannot change the port") } } },
	{ "what is of TCP, on UDP",
	  { { CALLP("service.add", DNS ",\"toa\":true"), ERROR(-32602, "for TCP services") },
	    { CALLP("service.add", DNS ",\"mss_clamp\":\"auto\""), ERROR(-32602, "for TCP services") },
	    { CALLP("service.add", DNS ",\"toa\":false,\"mss_clamp\":\"off\",\"reject\":false"), DONE },
	    { LIST(DNS), RESULT("[{\"toa\":false,\"reject\":false}]") } } },
	{ "a refusal changes nothing",
	  { { CALLP("service.edit",
		    WEB ",\"scheduler\":\"wlc\",\"mss_clamp\":600,\"laddr_group_name\":\"snat\""),
	      ERROR(-32602, "snat") },
	    { LIST(WEB),
	      RESULT("[{\"scheduler\":\"rr\",\"mss_clamp\":1400,\"laddr_group_name\":\"\"}]") } } },
};

/* Sends a line as root and gives the whole answer. */
static char *
answer_get(struct verb_context *context, const char *line)
{
	struct rpc_message message = { .context = context };
	struct evbuffer *out = evbuffer_new();
	size_t len;
	char *text;

	rpc_message_start(&message, line, strlen(line), out);
	while (rpc_message_step(&message, out) > 0)
		;
	len = evbuffer_get_length(out);
	text = calloc(1, len + 1);
	evbuffer_remove(out, text, len);
	evbuffer_free(out);
	return text;
}

static void
row_check(const struct row *row)
{
	struct fixture fixture;
	struct verb_context context;

	fixture_setup(&fixture, conf_text, 4);
	context = (struct verb_context){
		.model = fixture.model,
		.conf_path = fixture.conf_path,
		.rates = verb_rates_create(fixture.base, fixture.model),
	};
	for (int i = 0; i < LINES_MAX && row->lines[i].line != NULL; i++) {
		char *text = answer_get(&context, row->lines[i].line);
		json_t *got = json_loads(text, 0, NULL), *want = json_loads(row->lines[i].answer, 0, NULL);

		assert_non_null(want);
		if (got == NULL || !json_holds(got, want))
			fail_msg("row \"%s\": %s is answered %s instead of %s", row->name, row->lines[i].line,
				 text, row->lines[i].answer);
		json_decref(got);
		json_decref(want);
		free(text);
	}
	verb_rates_destroy(context.rates);
	fixture_teardown(&fixture);
}

static void
test_lists(void **state)
{
	for (size_t i = 0; i < SL_COUNT(list_rows); i++)
		row_check(&list_rows[i]);
}

static void
test_changes(void **state)
{
	for (size_t i = 0; i < SL_COUNT(change_rows); i++)
		row_check(&change_rows[i]);
}

static void
test_refusals(void **state)
{
	for (size_t i = 0; i < SL_COUNT(refusal_rows); i++)
		row_check(&refusal_rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
