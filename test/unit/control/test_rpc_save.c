/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config.save, there and back: what runs is saved, the text loads without a
 * word, is no change to what runs, and a daemon that starts with it saves the
 * same again.
 */
#include "fake_dp.h"
#include "rpc_message.h"
#include "sl_test.h"
#include "test_rpc_fixture.h"
#include "verb_rate.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum { COMMANDS_MAX = 5, MANY = 3000 };

#define PORT "port wan {\n device net_null0\n address 10.0.0.1/24\n address 2001:db8::5/64\n}\n"
#define GROUP "local_address_group g {\n 10.0.0.200-201 wan\n 2001:db8::200 wan\n}\n"
#define WEB "\"proto\":\"tcp\",\"vip\":\"192.0.2.1:80\""

/* { configuration, methods called then with their params, lines that the saved text must have } */
static const struct row {
	const char *name, *conf;
	const char *commands[COMMANDS_MAX][2];
	const char *holds;
} rows[] = {
	{ "nearly nothing", PORT, { { NULL } }, "port wan {\n    device \"net_null0\"\n" },
	{ "the box",
	  PORT "global_defs {\n router_id \"a \\\"b\\\" $c # {\\\\} \303\274\"\n conn_reuse_mode 0\n"
	       " control_socket /run/x\n lvs_timeouts tcp 5\n}\n"
	       "dataplane {\n workers 2\n worker_cores 0-1\n idle busy\n connections 4m\n mbufs 1000\n"
	       " memory 100\n pmtu_disc off\n answer_rate 0\n kernel_rate 7\n}\n",
	  { { NULL } },
	  "    lvs_timeouts tcp 5 tcpfin 120 udp 300\n" },
	{ "what is announced",
	  "port lan {\n device net_null1\n tap on\n}\n" PORT
	  "global_defs {\n announce_table 4294967295\n announce_while any\n}\n",
	  { { NULL } },
	  "    announce_table 4294967295\n    announce_port lan\n    announce_while any\n" },
	{ "ports, routes, neighbours",
	  PORT "port lan2 {\n device \"net_null1,a=b c\"\n queues 3\n mtu 1400\n promiscuous on\n tap on\n"
	       " transit kernel\n closed_port drop\n address 10.9.0.1/16\n gateway 10.9.0.9\n"
	       " gateway fe80::1\n}\n"
	       "static_route 10.8.0.0/16 via 10.0.0.5\nstatic_route 10.7.0.0/16 dev lan2\n"
	       "static_route 2001:db8:7::/48 via fe80::7 dev wan\n"
	       "static_neighbor 10.0.0.9 02:00:00:00:00:09 dev wan\n",
	  { { NULL } },
	  "static_route 10.7.0.0/16 dev lan2\n" },
	{ "groups",
	  PORT "local_address_group g {\n 10.0.0.254-10.0.1.1 wan\n 10.0.0.7 wan\n "
	       "2001:db8::fffe-2001:db8::1:1 wan\n"
	       "}\nlocal_address_group empty.but-one_ { 10.0.0.8 wan }\n",
	  { { NULL } },
	  "    10.0.0.254-10.0.1.1 wan\n    10.0.0.7 wan\n    2001:db8::fffe-2001:db8::1:1 wan\n" },
	{ "services",
	  PORT GROUP "virtual_server 192.0.2.1 80 {\n lb_algo rr\n lb_kind TUN type gue port 6080 csum\n"
		     " mss_clamp 1400\n strip_tcp_timestamps on\n reject off\n laddr_group_name g\n"
		     " real_server 10.0.0.11 80 {\n  weight 0\n }\n"
		     " real_server 10.0.0.12 80 {\n  lvs_method TUN\n }\n"
		     " real_server 10.0.0.13 8080 {\n  lvs_method FNAT\n }\n"
		     " real_server 2001:db8::14 80 {\n  lvs_method TUN type gre csum\n }\n}\n"
		     "virtual_server 192.0.2.1 81 {\n lb_algo mh\n mh-port\n mh-fallback\n announce off\n "
		     "real_server 10.0.0.11\n}\n"
		     "virtual_server 2001:db8::1 80 {\n lb_kind FNAT\n laddr_group_name g\n toa on\n"
		     " mss_clamp auto\n real_server 10.0.0.21 8080\n}\n"
		     "virtual_server 192.0.2.1 53 {\n protocol UDP\n lb_kind DR\n real_server 10.0.0.21\n}\n",
	  { { NULL } },
	  "    lb_kind TUN type gue port 6080 csum\n" },
	{ "what commands made",
	  PORT GROUP "virtual_server 192.0.2.1 80 {\n lb_kind NAT\n real_server 10.0.0.11 8080\n"
		     " real_server 10.0.0.12 8080\n}\n",
	  { { "service.edit", WEB ",\"scheduler\":\"rr\",\"laddr_group_name\":\"g\",\"toa\":true,"
				  "\"mss_clamp\":\"auto\",\"reject\":false" },
	    { "real.add", WEB ",\"real\":\"10.0.0.13:8080\",\"method\":\"fnat\",\"weight\":7" },
	    { "real.del", WEB ",\"real\":\"10.0.0.11:8080\"" },
	    { "real.drain", WEB ",\"real\":\"10.0.0.12:8080\"" },
	    { "service.add", "\"proto\":\"tcp\",\"vip\":\"[2001:db8::1]:80\",\"method\":\"fnat\","
			     "\"laddr_group_name\":\"g\"" } },
	  "    real_server 10.0.0.12 8080 { # draining\n        weight 1\n    }\n"
	  "    real_server 10.0.0.13 8080 {\n        weight 7\n        lvs_method FNAT\n    }\n" },
	{ "health",
	  PORT "global_defs {\n script_user root\n enable_script_security\n checker_log_all_failures\n}\n"
	       "SSL {\n password \"a b\"\n}\ntrack_file f {\n file /run/f\n weight -3 reverse\n}\n"
	       "virtual_server 192.0.2.1 80 {\n delay_loop 0.5\n quorum 2\n hysteresis 1\n omega\n"
	       " ha_suspend\n flush_on_failure on\n quorum_up \"/bin/true 'a b' \\\"c\\\"\"\n"
	       " sorry_server 10.0.0.99 8080\n sorry_server_lvs_method DR\n sorry_server_inhibit\n"
	       " passive_check {\n window 2.5\n}\n feedback {\n memory 10\n custom q 5\n}\n"
	       " virtualhost v.example\n"
	       " real_server 10.0.0.11 80 {\n  weight 3\n  uthreshold 10\n  lthreshold 5\n"
	       "  inhibit_on_failure\n  notify_up /bin/true\n  HTTP_GET {\n   url {\n    path /a\n"
	       "    regex \"a\\\\.b|\\\"c d\\\"\"\n    status_code 200-204 301\n   }\n  }\n"
	       "  AGENT_CHECK {\n   port 3333\n   send \"x\\n\"\n  }\n }\n"
	       " real_server 10.0.0.12 80 {\n  UDP_CHECK {\n   payload 00 ff\n   require_reply 1x\n  }\n"
	       "  MISC_CHECK {\n   misc_path \"/bin/true 'a b'\"\n   misc_dynamic\n  }\n"
	       "  FILE_CHECK {\n   track_file f\n  }\n  SMTP_CHECK {\n   host {\n    connect_port 26\n   }\n"
	       "  }\n }\n}\n",
	  { { NULL } },
	  "        uthreshold 10\n        lthreshold 5\n        inhibit_on_failure on\n"
	  "        notify_up \"/bin/true\" 0 0\n        HTTP_GET {\n            url {\n"
	  "                path \"/a\"\n                virtualhost \"v.example\"\n" },
	{ "two boxes",
	  PORT "global_defs {\n router_id lb1\n fence \"/bin/true 'a b'\" root\n fence_timeout 3\n"
	       " notify_fifo /run/a.fifo root\n vrrp_version 3\n vrrp_rt_priority 0\n}\n"
	       "local_address_group g {\n 10.0.0.200-201 wan\n vrrp_instance VI\n}\n"
	       "vrrp_script chk {\n script \"/bin/true x\"\n interval 2.5\n weight -20\n}\n"
	       "vrrp_track_process px {\n process bird\n}\n"
	       "vrrp_instance VI {\n interface wan\n virtual_router_id 51\n advert_int 0.25\n"
	       " virtual_ipaddress {\n  192.0.2.1/24\n }\n track_script {\n  chk\n }\n"
	       " track_process {\n  px\n }\n track_quorum {\n  TCP 192.0.2.1 80\n }\n"
	       " notify_master /bin/true root\n}\n"
	       "vrrp_instance V6 {\n interface wan\n virtual_router_id 51\n adverts off\n"
	       " virtual_ipaddress {\n  2001:db8::1\n }\n}\n"
	       "vrrp_sync_group G {\n sync_group_tracking_weight\n group {\n  VI\n  V6\n }\n}\n"
	       "heartbeat udp m {\n peer 172.16.0.2\n key \"a $b # c {\"\n}\n"
	       "heartbeat serial s {\n device /dev/ttyS0\n key 12345678\n}\n"
	       "connection_sync {\n interface eth9\n instance VI\n key 12345678\n gate 5\n}\n"
	       "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.11 80 {\n }\n}\n",
	  { { NULL } },
	  "    virtual_ipaddress {\n        192.0.2.1/24\n    }\n    track_script {\n        \"chk\" weight "
	  "-20\n    }\n" },
	{ "a group as one",
	  PORT "virtual_server_group g {\n 192.0.2.1-3 80\n 192.0.2.9 81-83\n 192.0.2.20 7\n}\n"
	       "virtual_server group g {\n quorum 2\n sorry_server 10.0.0.99\n real_server 10.0.0.11 {\n"
	       "  TCP_CHECK {\n  }\n }\n real_server 10.0.0.12 8080\n}\n"
	       "virtual_server group g {\n protocol UDP\n real_server 10.0.0.11\n}\n",
	  { { NULL } },
	  "\nvirtual_server_group \"g\" {\n    192.0.2.1-192.0.2.3 80\n    192.0.2.9 81-83\n    192.0.2.20 "
	  "7\n}\n"
	  "\nvirtual_server group \"g\" {\n    protocol TCP\n    lb_algo wlc\n    lb_kind NAT\n    quorum 2\n"
	  "    sorry_server 10.0.0.99\n    real_server 10.0.0.11 {\n        weight 1\n        TCP_CHECK "
	  "{\n" },
	{ "a group that a command took apart",
	  PORT "virtual_server_group g {\n 192.0.2.1-2 80\n}\nvirtual_server group g {\n quorum 2\n"
	       " real_server 10.0.0.11 8080 {\n  TCP_CHECK {\n  }\n }\n real_server 10.0.0.12 8080\n}\n",
	  { { "real.edit", WEB ",\"real\":\"10.0.0.11:8080\",\"weight\":7" } },
	  "\nvirtual_server 192.0.2.2 80 {\n    protocol TCP\n    lb_algo wlc\n    lb_kind NAT\n    quorum "
	  "2\n"
	  "    real_server 10.0.0.11 8080 {\n        weight 1\n        TCP_CHECK {\n" },
};

struct world {
	struct fixture fixture;
	struct verb_context context;
};

static void
world_setup(struct world *world, const char *conf_text)
{
	fixture_setup(&world->fixture, conf_text, 1);
	world->context = (struct verb_context){
		.model = world->fixture.model,
		.conf_path = world->fixture.conf_path,
		.rates = verb_rates_create(world->fixture.base, world->fixture.model),
	};
}

static void
world_teardown(struct world *world)
{
	verb_rates_destroy(world->context.rates);
	fixture_teardown(&world->fixture);
}

static json_t *
call(struct world *world, const char *method, const char *params)
{
	struct rpc_message message = { .context = &world->context };
	struct evbuffer *out = evbuffer_new();
	json_t *answer, *result;
	char *line = NULL, *text;
	size_t len;

	assert_true(asprintf(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}",
			     method, params) > 0);
	rpc_message_start(&message, line, strlen(line), out);
	while (rpc_message_step(&message, out) > 0)
		;
	len = evbuffer_get_length(out);
	text = calloc(1, len + 1);
	evbuffer_remove(out, text, len);
	answer = json_loads(text, 0, NULL);
	result = json_incref(json_object_get(answer, "result"));
	if (result == NULL)
		fail_msg("%s is answered %s", line, text);
	json_decref(answer);
	evbuffer_free(out);
	free(text);
	free(line);
	return result;
}

/* To be freed. */
static char *
saved(struct world *world)
{
	json_t *lines = call(world, "config.save", ""), *line;
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);

	json_array_foreach(lines, i, line) fprintf(stream, "%s\n", json_string_value(line));
	fclose(stream);
	json_decref(lines);
	return text;
}

static void
line_append(const char *text, void *context)
{
	fail_msg("%s: the saved text would change: %s", (const char *)context, text);
}

static void
test_there_and_back(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct conf_faults faults = { 0 };
		struct world world;
		struct conf *conf;
		char *first, *second;

		world_setup(&world, row->conf);
		for (int c = 0; c < COMMANDS_MAX && row->commands[c][0] != NULL; c++)
			json_decref(call(&world, row->commands[c][0], row->commands[c][1]));
		first = saved(&world);
		if (strstr(first, row->holds) == NULL)
			fail_msg("%s: what is saved lacks %s:\n%s", row->name, row->holds, first);
		conf = conf_load_text("saved", first, strlen(first), false, &faults);
		conf_faults_print(&faults, stderr);
		sl_check(row->name, conf != NULL && faults.errors == 0);
		sl_check_str(row->name, conf->router_id, model_conf(world.fixture.model)->router_id);
		sl_check_str(row->name, conf->socket_path, model_conf(world.fixture.model)->socket_path);
		model_diff(world.fixture.model, conf, line_append, (void *)(uintptr_t)row->name);
		conf_free(conf);
		conf_faults_free(&faults);
		world_teardown(&world);

		world_setup(&world, first);
		second = saved(&world);
		if (strstr(first, "# draining") == NULL)
			sl_check_str(row->name, second, first);
		world_teardown(&world);
		free(first);
		free(second);
	}
}

/* A long one comes in pieces, and is whole. */
static void
test_many(void **state)
{
	char *conf_text = NULL, *text;
	size_t size;
	FILE *stream = open_memstream(&conf_text, &size);
	struct world world;
	unsigned int services = 0;

	fprintf(stream, PORT);
	for (unsigned int i = 0; i < MANY; i++)
		fprintf(stream, "virtual_server 192.0.2.1 %u {\n real_server 10.0.0.11\n}\n", i + 1);
	fclose(stream);
	world_setup(&world, conf_text);
	text = saved(&world);
	for (const char *at = text; (at = strstr(at, "\nvirtual_server ")) != NULL; at++)
		services++;
	assert_int_equal(services, MANY);
	free(text);
	free(conf_text);
	world_teardown(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
