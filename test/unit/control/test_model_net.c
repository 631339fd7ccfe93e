/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new file changes beside services: the network, the settings, and what
 * it may not change while running; and how all changes read as text.
 */
#include "fake_dp.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_model_story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST                                                                                                \
	"set workers 2\nport wan dev0 192.0.2.1/24 2001:db8::1/64 gw 192.0.2.254\nport lan dev1 "            \
	"10.0.0.1/24\n"
#define REST                                                                                                 \
	"route 10.8.0.0/16 10.0.0.9\nroute 10.7.0.0/16 10.0.0.8 lan\nneigh 10.0.0.11 02:00:00:00:00:11 "     \
	"lan\nset tcp 600\n"                                                                                 \
	"TCP 192.0.2.10:80 rr NAT 10.0.0.11:80*1 10.0.0.12:80*2\n"

/* Lines of text, one below the other. */
static void
line_append(const char *text, void *context)
{
	char *buf = context;
	size_t len = strlen(buf);

	snprintf(buf + len, TEXT_SIZE - len, "%s\n", text);
}

/* The network in the data plane, in its order. */
static void
net_print(char buf[TEXT_SIZE])
{
	const struct dp_net *net = fake_dp_net();
	char a[SL_PREFIX_STRLEN], b[SL_ADDR_STRLEN], m[SL_MAC_STRLEN], line[160];

	buf[0] = '\0';
	for (unsigned int i = 0; i < net->addr_count; i++) {
		snprintf(line, sizeof(line), "%s dev %u", sl_prefix_format(&net->addrs[i].prefix, a),
			 net->addrs[i].port);
		line_append(line, buf);
	}
	for (unsigned int i = 0; i < net->route_count; i++) {
		snprintf(line, sizeof(line), "%s via %s dev %d", sl_prefix_format(&net->routes[i].prefix, a),
			 sl_addr_format(&net->routes[i].via, b), net->routes[i].port);
		line_append(line, buf);
	}
	for (unsigned int i = 0; i < net->neigh_count; i++) {
		snprintf(line, sizeof(line), "%s is %s dev %u", sl_addr_format(&net->neighs[i].addr, b),
			 sl_mac_format(net->neighs[i].mac, m), net->neighs[i].port);
		line_append(line, buf);
	}
}

static void
test_network(void **state)
{
	static const struct {
		const char *file, *net;
		unsigned int sets; /* how often the network was given to the data plane until then */
	} rows[] = {
		{ FIRST REST,
		  "192.0.2.1/24 dev 0\n2001:db8::1/64 dev 0\n10.0.0.1/24 dev 1\n"
		  "0.0.0.0/0 via 192.0.2.254 dev 0\n10.8.0.0/16 via 10.0.0.9 dev -1\n10.7.0.0/16 via "
		  "10.0.0.8 dev 1\n"
		  "10.0.0.11 is 02:00:00:00:00:11 dev 1\n",
		  1 },
		/* Ports in another order, everything else the same: the same network. */
		{ "set workers 2\nport lan dev1 10.0.0.1/24\n"
		  "port wan dev0 192.0.2.1/24 2001:db8::1/64 gw 192.0.2.254\n" REST,
		  "192.0.2.1/24 dev 0\n2001:db8::1/64 dev 0\n10.0.0.1/24 dev 1\n"
		  "0.0.0.0/0 via 192.0.2.254 dev 0\n10.8.0.0/16 via 10.0.0.9 dev -1\n10.7.0.0/16 via "
		  "10.0.0.8 dev 1\n"
		  "10.0.0.11 is 02:00:00:00:00:11 dev 1\n",
		  1 },
		/* In that order still, with another address and an IPv6 gateway. */
		{ "set workers 2\nport lan dev1 10.0.0.2/24 gw fe80::1\nport wan dev0\n"
		  "neigh 10.0.0.12 02:00:00:00:00:12 lan\n",
		  "10.0.0.2/24 dev 1\n::/0 via fe80::1 dev 1\n10.0.0.12 is 02:00:00:00:00:12 dev 1\n", 2 },
		{ "set workers 2\nport lan dev1\nport wan dev0\n", "", 3 },
	};
	struct model *model = model_from_text(rows[0].file);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_faults faults = { 0 };
		char net[TEXT_SIZE];

		if (i > 0)
			sl_check_int(rows[i].file, model_apply(model, conf_from_text(rows[i].file), &faults),
				     0);
		net_print(net);
		sl_check_str(rows[i].file, net, rows[i].net);
		sl_check_int(rows[i].file, fake_dp_calls(FAKE_DP_NET), rows[i].sets);
	}
	model_destroy(model);
	fake_dp_reset();
}

/* A setting changes when its text does; what was set at run time stays otherwise; gone is the default. */
static void
test_settings(void **state)
{
	static const struct {
		const char *file;
		unsigned int set_udp_s; /* at run time, before the file */
		unsigned int tcp_s, tcp_fin_s, udp_s, reuse, idle;
	} rows[] = {
		{ FIRST "set tcp 600\nset reuse 0\nset idle 1", 0, 600, 120, 300, 0, DP_IDLE_BUSY },
		{ FIRST "set tcp 600\nset reuse 0\nset idle 1", 77, 600, 120, 77, 0, DP_IDLE_BUSY },
		{ FIRST "set tcp 600\nset tcpfin 30\nset reuse 1", 0, 600, 30, 77, 1, DP_IDLE_ADAPTIVE },
		{ FIRST "set udp 40", 0, 900, 120, 40, 1, DP_IDLE_ADAPTIVE },
		{ FIRST, 0, 900, 120, 300, 1, DP_IDLE_ADAPTIVE },
	};
	struct model *model = model_from_text(rows[0].file);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_faults faults = { 0 };
		unsigned int tcp_s, tcp_fin_s, udp_s;

		dp_timeouts_set(0, 0, rows[i].set_udp_s);
		if (i > 0)
			sl_check_int(rows[i].file, model_apply(model, conf_from_text(rows[i].file), &faults),
				     0);
		dp_timeouts_get(&tcp_s, &tcp_fin_s, &udp_s);
		sl_check_int(rows[i].file, tcp_s, rows[i].tcp_s);
		sl_check_int(rows[i].file, tcp_fin_s, rows[i].tcp_fin_s);
		sl_check_int(rows[i].file, udp_s, rows[i].udp_s);
		sl_check_int(rows[i].file, fake_dp_conn_reuse_mode(), rows[i].reuse);
		sl_check_int(rows[i].file, fake_dp_idle(), rows[i].idle);
	}
	model_destroy(model);
	fake_dp_reset();
}

/* Each file adds a service too, which must not come to run. */
static void
test_restart(void **state)
{
	static const struct {
		const char *file, *fault; /* NULL: none */
	} rows[] = {
		{ FIRST, NULL },
		{ "set workers 3\nport wan dev0\nport lan dev1",
		  "1:1: workers cannot change while running (now 2): restart sluiced" },
		{ FIRST "set connections 5",
		  "1:1: connections cannot change while running (now 1000000): restart" },
		{ FIRST "set mbufs 5", "1:1: mbufs cannot change while running (now auto): restart sluiced" },
		{ FIRST "set memory 5",
		  "1:1: memory cannot change while running (now auto): restart sluiced" },
		{ FIRST "set socket 1",
		  "1:1: control socket cannot change while running (now the default): restart sluiced" },
		{ FIRST "port third dev2", "4:1: port third cannot be added while running: restart sluiced" },
		{ "set workers 2\nport wan dev0",
		  "1:1: port lan cannot be removed while running: restart sluiced" },
		{ "set workers 2\nport wan dev0\nport lan dev9",
		  "3:1: device of port lan cannot change while running (now dev1): restart sluiced" },
		{ FIRST "set queues 2",
		  "2:1: queues of port wan cannot change while running (now auto): restart" },
		{ FIRST "set mtu 9000",
		  "2:1: mtu of port wan cannot change while running (now auto): restart" },
		{ FIRST "set promiscuous 1", "2:1: promiscuous mode of port wan cannot change while running "
					     "(now off): restart sluiced" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct model *model = model_from_text(FIRST);
		char file[TEXT_SIZE], says[DP_ERROR_SIZE] = "", diff[TEXT_SIZE] = "";
		struct conf_faults faults = { 0 }, checked = { 0 };
		struct conf *conf;
		int rc;

		snprintf(file, sizeof(file), "%s\nTCP 192.0.2.1:80 rr NAT\n", rows[i].file);
		conf = conf_from_text(file);
		sl_check_int(rows[i].file, model_check(model, conf, &checked), rows[i].fault ? -EINVAL : 0);
		model_diff(model, conf, line_append, diff);
		sl_check(rows[i].file, (strchr(diff, '!') != NULL) == (rows[i].fault != NULL));
		rc = model_apply(model, conf, &faults);
		sl_check_int(rows[i].file, rc, rows[i].fault != NULL ? -EINVAL : 0);
		sl_check_int(rows[i].file, model_service_count(model), rows[i].fault != NULL ? 0 : 1);
		sl_check_int(rows[i].file, faults.errors, rows[i].fault != NULL ? 1 : 0);
		sl_check_int(rows[i].file, checked.errors, faults.errors);
		if (rows[i].fault != NULL) {
			snprintf(says, sizeof(says), "%u:%u: %s", faults.first->line, faults.first->column,
				 faults.first->text);
			if (strncmp(says, rows[i].fault, strlen(rows[i].fault)) != 0)
				fail_msg("says \"%s\", not \"%s\"", says, rows[i].fault);
			conf_free(conf);
		}
		conf_faults_free(&faults);
		conf_faults_free(&checked);
		model_destroy(model);
		fake_dp_reset();
	}
}

static void
test_diff(void **state)
{
	static const struct {
		const char *file, *diff;
	} rows[] = {
		{ FIRST REST, "" },
		{ FIRST "set idle 1\nset reuse 0\nset tcpfin 5\nroute 10.9.0.0/16 10.0.0.9\n"
			"neigh 10.0.0.11 02:00:00:00:00:12 lan\n"
			"TCP 192.0.2.10:80 wlc DR 10.0.0.12:80*3/DR 10.0.0.13:80*2/NAT\n"
			"UDP [2001:db8::1]:53 rr NAT [2001:db8::2]:5353*1 [2001:db8::3]:5353*1\n",
		  "~ idle adaptive -> busy\n~ timeout tcp 600 s -> 900 s\n~ timeout tcpfin 120 s -> 5 s\n"
		  "~ conn_reuse_mode 1 -> 0\n"
		  "- neighbour 10.0.0.11 02:00:00:00:00:11 on port lan\n"
		  "+ neighbour 10.0.0.11 02:00:00:00:00:12 on port lan\n"
		  "- route 10.7.0.0/16 via 10.0.0.8 on port lan\n"
		  "- route 10.8.0.0/16 via 10.0.0.9\n+ route 10.9.0.0/16 via 10.0.0.9\n"
		  "~ service TCP 192.0.2.10:80 scheduler rr -> wlc\n"
		  "~ service TCP 192.0.2.10:80 forwarding NAT -> DR\n"
		  "+ real TCP 192.0.2.10:80 -> 10.0.0.13:80 NAT weight 2\n"
		  "~ real TCP 192.0.2.10:80 -> 10.0.0.12:80 weight 2 -> 3\n"
		  "~ real TCP 192.0.2.10:80 -> 10.0.0.12:80 forwarding NAT -> DR\n"
		  "- real TCP 192.0.2.10:80 -> 10.0.0.11:80 NAT weight 1\n"
		  "+ service UDP [2001:db8::1]:53 rr NAT\n"
		  "+ real UDP [2001:db8::1]:53 -> [2001:db8::3]:5353 NAT weight 1\n"
		  "+ real UDP [2001:db8::1]:53 -> [2001:db8::2]:5353 NAT weight 1\n" },
		{ "set workers 2\nset tcp 600\nport wan dev0\nport lan dev1 gw 10.0.0.3\n",
		  "- address 10.0.0.1/24 on port lan\n- address 192.0.2.1/24 on port wan\n"
		  "- address 2001:db8::1/64 on port wan\n"
		  "- neighbour 10.0.0.11 02:00:00:00:00:11 on port lan\n"
		  "+ route 0.0.0.0/0 via 10.0.0.3 on port lan\n"
		  "- route 0.0.0.0/0 via 192.0.2.254 on port wan\n"
		  "- route 10.7.0.0/16 via 10.0.0.8 on port lan\n- route 10.8.0.0/16 via 10.0.0.9\n"
		  "- service TCP 192.0.2.10:80 rr NAT\n" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct model *model = model_from_text(FIRST REST);
		struct conf *conf = conf_from_text(rows[i].file);
		struct conf_faults faults = { 0 };
		char diff[TEXT_SIZE] = "";
		unsigned int commits = fake_dp_commits();

		model_diff(model, conf, line_append, diff);
		sl_check_str(rows[i].file, diff, rows[i].diff);
		sl_check_int(rows[i].file, fake_dp_commits(), commits);
		/* Once it has been applied, it changes nothing. */
		sl_check_int(rows[i].file, model_apply(model, conf, &faults), 0);
		conf = conf_from_text(rows[i].file);
		diff[0] = '\0';
		model_diff(model, conf, line_append, diff);
		sl_check_str(rows[i].file, diff, "");
		conf_free(conf);
		model_destroy(model);
		fake_dp_reset();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
