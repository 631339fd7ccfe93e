/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What good configurations say: words as the lexer cuts them, every keyword's
 * value, the defaults where a file is silent.
 */
#include "conf.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_conf_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PORT "port p {\n  device net_null0\n  address 10.0.0.1/8\n  address 2001:db8::1/64\n}\n"

/* ---- words, read back as the router_id ---- */

/* { text that ends up as router_id's, what it must be } */
static const struct {
	const char *name, *text, *router_id;
} word_rows[] = {
	{ "a word", "global_defs {\n router_id lb1\n}\n", "lb1" },
	{ "on one line", "global_defs { router_id lb1 }\n", "lb1" },
	{ "without blanks around braces", "global_defs{router_id lb1}", "lb1" },
	{ "brace on the next line", "global_defs\n\n! comment\n{\n\trouter_id\tlb1\n}\n", "lb1" },
	{ "comments", "# a\nglobal_defs { # {\n router_id lb1!x \"y\n} ! }\n", "lb1" },
	{ "line ends of DOS", "global_defs {\r\n router_id lb1\r\n}\r\n", "lb1" },
	{ "a byte order mark", "\357\273\277global_defs {\n router_id lb1\n}\n", "lb1" },
	{ "double quotes", "global_defs {\n router_id \"lb 1 # { ! '\"\n}\n", "lb 1 # { ! '" },
	{ "single quotes", "global_defs {\n router_id 'lb 1 \"'\n}\n", "lb 1 \"" },
	{ "quotes inside a word", "global_defs {\n router_id a\"b c\"d\n}\n", "ab cd" },
	{ "escapes in quotes", "global_defs {\n router_id \"\\\"\\\\\\x41\\102\\tz\"\n}\n", "\"\\AB\tz" },
	{ "escapes outside", "global_defs {\n router_id a\\ b\\#\\\"\\{\n}\n", "a b#\"{" },
	{ "a line that goes on", "global_defs {\n router_id \\\n   lb1\n}\n", "lb1" },
	{ "UTF-8", "global_defs {\n router_id Z\303\274rich\n}\n", "Z\303\274rich" },
	{ "a variable", "$A=lb1\nglobal_defs {\n router_id $A\n}\n", "lb1" },
	{ "a variable in braces", "$A=b\nglobal_defs {\n router_id l${A}1\n}\n", "lb1" },
	{ "a variable in quotes", "$A=b\nglobal_defs {\n router_id \"l ${A} 1\"\n}\n", "l b 1" },
	{ "a variable with a comment", "$A=lb1 # one\nglobal_defs {\n router_id $A\n}\n", "lb1" },
	{ "a variable with quotes", "$A=\"lb # 1\"\nglobal_defs {\n router_id $A\n}\n", "lb # 1" },
	{ "a variable of two words", "$A=router_id lb1\nglobal_defs {\n $A\n}\n", "lb1" },
	{ "a variable without a value", "$A=\nglobal_defs {\n $A\n router_id ${A}lb1\n}\n", "lb1" },
	{ "a variable of a variable", "$A=x$B\n$B=1\n$B=2\nglobal_defs {\n router_id $A\n}\n", "x2" },
	{ "a definition inside a block", "global_defs {\n $A=lb1\n router_id $A\n}\n", "lb1" },
	{ "a variable of lines", "$A= \\\n global_defs { \\\n  router_id ${B} # c \\\n }\n$B=lb1\n$A\n",
	  "lb1" },
	{ "a definition in a variable", "$A= \\\n $B=lb1 \\\n router_id $B\nglobal_defs {\n $A\n}\n", "lb1" },
	{ "not defined, in quotes", "global_defs {\n router_id \"$HOME ${x} $1 $\"\n}\n", "$HOME ${x} $1 $" },
	{ "a dollar alone", "global_defs {\n router_id a$\n}\n", "a$" },
	{ "_HASH and _BANG", "global_defs {\n router_id a${_HASH}b${_BANG}\n}\n", "a#b!" },
	{ "_PWD", "global_defs {\n router_id ${_PWD}/x\n}\n", "./x" },
	{ "_ENV", "global_defs {\n router_id a${_ENV SLUICE_TEST}\n}\n", "a lb #1 " },
	{ "another host's line", "global_defs {\n router_id lb1\n @no-such-host router_id lb2\n}\n", "lb1" },
	{ "any other host's line", "global_defs {\n @^no-such-host router_id lb1\n}\n", "lb1" },
	{ "another host's block opener", "@no-such-host global_defs {\nglobal_defs {\n router_id lb1\n}\n",
	  "lb1" },
};

static void
words(void **state)
{
	setenv("SLUICE_TEST", " lb #1 ", 1);
	for (size_t i = 0; i < SL_COUNT(word_rows); i++) {
		char *text = NULL;

		assert_true(asprintf(&text, "%s\n" PORT, word_rows[i].text) > 0);

		struct conf *conf = conf_load_good(word_rows[i].name, text);

		sl_check_str(word_rows[i].name, conf->router_id, word_rows[i].router_id);
		conf_free(conf);
		free(text);
	}
}

static void
host_of_the_line(void **state)
{
	char host[256] = "", text[512];

	gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	snprintf(text, sizeof(text), PORT "global_defs {\n @%s router_id mine\n @^%s router_id others\n}\n",
		 host, host);

	struct conf *conf = conf_load_good("this host's line", text);

	assert_string_equal(conf->router_id, "mine");
	conf_free(conf);
}

/* ---- numbers of the box ---- */

#define VALUE(member) offsetof(struct conf, member)

/* { statement, its block, where it goes, what must be there } */
static const struct {
	const char *block, *text;
	size_t offset;
	uint32_t want;
} number_rows[] = {
	{ "global_defs", "lvs_timeouts tcp 100", VALUE(tcp_s), 100 },
	{ "global_defs", "lvs_timeouts udp 30 tcpfin 20", VALUE(tcp_fin_s), 20 },
	{ "global_defs", "lvs_timeouts udp 30 tcpfin 20", VALUE(udp_s), 30 },
	{ "global_defs", "lvs_timeouts udp 30 tcpfin 20", VALUE(tcp_s), 0 },
	{ "global_defs", "conn_reuse_mode 0", VALUE(conn_reuse_mode), 0 },
	{ "global_defs", "router_id x", VALUE(conn_reuse_mode), 1 },
	{ "dataplane", "workers 3", VALUE(workers), 3 },
	{ "dataplane", "workers auto", VALUE(workers), 0 },
	{ "dataplane", "idle busy", VALUE(idle), DP_IDLE_BUSY },
	{ "dataplane", "idle adaptive", VALUE(idle), DP_IDLE_ADAPTIVE },
	{ "dataplane", "connections 250k", VALUE(connections), 250000 },
	{ "dataplane", "connections 4m", VALUE(connections), 4000000 },
	{ "dataplane", "connections 1G", VALUE(connections), 1000000000 },
	{ "dataplane", "connections 65536", VALUE(connections), 65536 },
	{ "dataplane", "workers 1", VALUE(connections), 1000000 },
	{ "dataplane", "mbufs 64k", VALUE(mbufs), 64000 },
	{ "dataplane", "memory 512", VALUE(memory_mb), 512 },
	{ "dataplane", "workers 1", VALUE(memory_mb), 0 },
	{ "dataplane", "worker_cores 4", VALUE(worker_cpu_count), 1 },
};

static void
numbers(void **state)
{
	for (size_t i = 0; i < SL_COUNT(number_rows); i++) {
		char text[512];
		uint32_t got;

		snprintf(text, sizeof(text), PORT "%s {\n  %s\n}\n", number_rows[i].block,
			 number_rows[i].text);

		struct conf *conf = conf_load_good(number_rows[i].text, text);

		memcpy(&got, (const char *)conf + number_rows[i].offset, sizeof(got));
		sl_check_int(number_rows[i].text, got, number_rows[i].want);
		conf_free(conf);
	}
}

static void
cores(void **state)
{
	static const int want[] = { 2, 3, 4, 5, 7, 0 };
	struct conf *conf =
		conf_load_good("cores", PORT "dataplane {\n  workers 6\n  worker_cores 2-5,7, 0\n}\n");

	assert_int_equal(conf->worker_cpu_count, SL_COUNT(want));
	assert_memory_equal(conf->worker_cpus, want, sizeof(want));
	conf_free(conf);
}

/* ---- ports ---- */

static const char ports_text[] = "port wan {\n"
				 "  device \"net_af_packet0,iface=eth1\"\n"
				 "  queues 4\n"
				 "  address 198.51.100.2/24\n"
				 "  address 2001:db8::2/64\n"
				 "  gateway 198.51.100.1\n"
				 "  gateway fe80::1\n"
				 "  mtu 9000\n"
				 "  promiscuous on\n"
				 "  tap off\n"
				 "  transit drop\n"
				 "}\n"
				 "port lan {\n"
				 "  device 3b:00.1\n"
				 "  queues auto\n"
				 "}\n"
				 "static_route 10.0.0.0/8 via 198.51.100.9\n"
				 "static_route ::/1 dev lan\n"
				 "static_routes {\n"
				 "  to 2001:db8:1::/48 gw 2001:db8::9 dev wan\n"
				 "  192.0.2.0/24 via 203.0.113.1 dev lan\n"
				 "}\n"
				 "static_route 203.0.113.1 dev lan\n"
				 "static_neighbor 198.51.100.9 02:00:00:00:00:11 dev wan\n";

static void
ports(void **state)
{
	struct conf *conf = conf_load_good("ports", ports_text);
	char buf[SL_PREFIX_STRLEN];

	assert_int_equal(conf->port_count, 2);
	assert_string_equal(conf->ports[0].dp.name, "wan");
	assert_string_equal(conf->ports[0].dp.device, "net_af_packet0,iface=eth1");
	assert_int_equal(conf->ports[0].dp.queues, 4);
	assert_int_equal(conf->ports[0].dp.mtu, 9000);
	assert_true(conf->ports[0].dp.promiscuous);
	assert_int_equal(conf->ports[0].addr_count, 2);
	assert_string_equal(sl_prefix_format(&conf->ports[0].addrs[0], buf), "198.51.100.2/24");
	assert_string_equal(sl_prefix_format(&conf->ports[0].addrs[1], buf), "2001:db8::2/64");
	assert_string_equal(sl_addr_format(&conf->ports[0].gateway4, buf), "198.51.100.1");
	assert_string_equal(sl_addr_format(&conf->ports[0].gateway6, buf), "fe80::1");
	assert_string_equal(conf->ports[0].place.file, "t.conf");
	assert_int_equal(conf->ports[0].place.line, 1);
	assert_int_equal(conf->ports[0].place.column, 6);

	assert_string_equal(conf->ports[1].dp.device, "3b:00.1");
	assert_int_equal(conf->ports[1].dp.queues, 0);
	assert_int_equal(conf->ports[1].dp.mtu, 0);
	assert_false(conf->ports[1].dp.promiscuous);
	assert_int_equal(conf->ports[1].addr_count, 0);
	assert_true(sl_addr_is_none(&conf->ports[1].gateway4));

	static const struct {
		const char *prefix, *via;
		int port;
	} routes[] = {
		{ "10.0.0.0/8", "198.51.100.9", -1 },    { "::/1", "::", 1 },
		{ "2001:db8:1::/48", "2001:db8::9", 0 }, { "192.0.2.0/24", "203.0.113.1", 1 },
		{ "203.0.113.1/32", "::", 1 },
	};

	assert_int_equal(conf->route_count, SL_COUNT(routes));
	for (size_t i = 0; i < SL_COUNT(routes); i++) {
		const struct dp_route *route = &conf->routes[i].dp;

		sl_check_str(routes[i].prefix, sl_prefix_format(&route->prefix, buf), routes[i].prefix);
		sl_check_str(routes[i].prefix, sl_addr_format(&route->via, buf), routes[i].via);
		sl_check_int(routes[i].prefix, route->port, routes[i].port);
	}
	assert_int_equal(conf->neigh_count, 1);
	assert_int_equal(conf->neighs[0].dp.port, 0);
	assert_memory_equal(conf->neighs[0].dp.mac, "\002\000\000\000\000\021", 6);
	assert_string_equal(sl_addr_format(&conf->neighs[0].dp.addr, buf), "198.51.100.9");
	conf_free(conf);
}

static const struct {
	const char *device;
} device_rows[] = {
	{ "0000:3b:00.0" },
	{ "3b:00.7" },
	{ "0000:3b:00.0,rx_vec_en=1" },
	{ "10000:3b:00.0" },
	{ "net_null0" },
	{ "net_pcap0,rx_pcap=a.pcap,tx_pcap=b.pcap" },
	{ "net_pcap_in,rx_pcap=/a:b/c.pcap" },
	{ "eth_af_packet0,iface=eth0" },
	{ "auxiliary:mlx5_core.sf.2" },
	{ "vdev:net_null0" },
};

static void
devices(void **state)
{
	for (size_t i = 0; i < SL_COUNT(device_rows); i++) {
		char text[512];

		snprintf(text, sizeof(text), "port x {\n  device \"%s\"\n}\n", device_rows[i].device);

		struct conf *conf = conf_load_good(device_rows[i].device, text);

		sl_check_str(device_rows[i].device, conf->ports[0].dp.device, device_rows[i].device);
		conf_free(conf);
	}
}

/* ---- services ---- */

/* { text, "PROTO endpoint scheduler METHOD: real/METHOD/weight ..." of all services } */
static const struct {
	const char *name, *text, *services;
} service_rows[] = {
	{ "keepalived's defaults", "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.2\n}\n",
	  "TCP 192.0.2.1:80 wlc NAT: 10.0.0.2:80/NAT/1" },
	{ "all said",
	  "virtual_server 192.0.2.1 80 {\n protocol UDP\n lb_algo rr\n lb_kind NAT\n"
	  " real_server 10.0.0.2 8080 {\n  weight 5\n }\n}\n",
	  "UDP 192.0.2.1:80 rr NAT: 10.0.0.2:8080/NAT/5" },
	{ "keepalived's other spellings",
	  "virtual_server 192.0.2.1 80 {\n protocol tcp\n lvs_sched wrr\n lvs_method dr\n"
	  " real_server 10.0.0.2 80 {\n  weight 65535\n }\n}\n",
	  "TCP 192.0.2.1:80 wrr DR: 10.0.0.2:80/DR/65535" },
	{ "what servers inherit may stand behind them",
	  "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.2\n real_server 10.0.0.3 {\n  weight 0\n }\n"
	  " weight 7\n lb_kind DR\n lb_algo lc\n}\n",
	  "TCP 192.0.2.1:80 lc DR: 10.0.0.2:80/DR/7 10.0.0.3:80/DR/0" },
	{ "a server's own method",
	  "virtual_server 192.0.2.1 80 {\n lb_kind NAT\n real_server 10.0.0.2 8080\n"
	  " real_server 10.0.0.3 80 {\n  lvs_method DR\n }\n}\n",
	  "TCP 192.0.2.1:80 wlc NAT: 10.0.0.2:8080/NAT/1 10.0.0.3:80/DR/1" },
	{ "DR with another port",
	  "virtual_server 192.0.2.1 80 {\n lb_kind DR\n real_server 10.0.0.2 8080\n}\n",
	  "TCP 192.0.2.1:80 wlc DR: 10.0.0.2:80/DR/1" },
	{ "IPv6", "virtual_server 2001:db8::80 443 {\n real_server 2001:db8::2 8443 {\n }\n}\n",
	  "TCP [2001:db8::80]:443 wlc NAT: [2001:db8::2]:8443/NAT/1" },
	{ "a server of several ports, and several services of a VIP",
	  "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.2 80\n real_server 10.0.0.2 81\n}\n"
	  "virtual_server 192.0.2.1 80 {\n protocol UDP\n real_server 10.0.0.2 80\n}\n"
	  "virtual_server 192.0.2.1 81 {\n real_server 10.0.0.2 80\n}\n",
	  "TCP 192.0.2.1:80 wlc NAT: 10.0.0.2:80/NAT/1 10.0.0.2:81/NAT/1\n"
	  "UDP 192.0.2.1:80 wlc NAT: 10.0.0.2:80/NAT/1\n"
	  "TCP 192.0.2.1:81 wlc NAT: 10.0.0.2:80/NAT/1" },
	{ "keepalived's sample of multi-line definitions",
	  "$RS= \\\n real_server 10.0.${VS}.${RS_NUM} 80 { \\\n  weight 2 \\\n }\n"
	  "$S= \\\n virtual_server 192.0.2.${VS} 80 { \\\n  $RS_NUM=1 \\\n  $RS \\\n  $RS_NUM=2 \\\n  $RS "
	  "\\\n }\n"
	  "$VS=3\n$S\n$VS=4\n$S\n",
	  "TCP 192.0.2.3:80 wlc NAT: 10.0.3.1:80/NAT/2 10.0.3.2:80/NAT/2\n"
	  "TCP 192.0.2.4:80 wlc NAT: 10.0.4.1:80/NAT/2 10.0.4.2:80/NAT/2" },
};

static void
services(void **state)
{
	static const char *const method[] = { [SL_FWD_NAT] = "NAT", [SL_FWD_DR] = "DR" };

	for (size_t i = 0; i < SL_COUNT(service_rows); i++) {
		char text[2048], got[1024] = "", buf[SL_ENDPOINT_STRLEN];
		size_t len = 0;
		struct conf *conf;

		snprintf(text, sizeof(text), PORT "%s", service_rows[i].text);
		conf = conf_load_good(service_rows[i].name, text);
		for (unsigned int j = 0; j < conf->service_count; j++) {
			const struct conf_service *service = &conf->services[j];

			len += (size_t)snprintf(got + len, sizeof(got) - len,
						"%s%s %s %s %s:", j > 0 ? "\n" : "",
						service->key.proto == SL_PROTO_UDP ? "UDP" : "TCP",
						sl_endpoint_format(&service->key.vip, service->key.port, buf),
						service->sched->name, method[service->fwd]);
			for (unsigned int k = 0; k < service->real_count; k++)
				len += (size_t)snprintf(got + len, sizeof(got) - len, " %s/%s/%u",
							sl_endpoint_format(&service->reals[k].addr,
									   service->reals[k].port, buf),
							method[service->reals[k].fwd],
							service->reals[k].weight);
		}
		sl_check_str(service_rows[i].name, got, service_rows[i].services);
		conf_free(conf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),    cmocka_unit_test(host_of_the_line),
		cmocka_unit_test(numbers),  cmocka_unit_test(cores),
		cmocka_unit_test(ports),    cmocka_unit_test(devices),
		cmocka_unit_test(services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
