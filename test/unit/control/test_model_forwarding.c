/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels, full NAT and the options of services in the model, by stories; the
 * local addresses in the data plane's network; how changes of all of it read;
 * what takes a restart; and the words for tunnels.
 */
#include "fake_dp.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_model_story.h"
#include "tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PORTS "port wan dev0 192.0.2.1/24\nport lan dev1 10.1.0.254/24\n"
#define GROUPS                                                                                               \
	PORTS "local four 10.1.0.200 lan\nlocal four 10.1.0.201 lan\nlocal six 2001:db8::200 wan\n"          \
	      "local both 10.1.0.202 lan\nlocal both 2001:db8::202 wan\n"

/* ---- stories ---- */

static const struct story stories[] = {
	{
		.name = "methods, tunnels and options of a file reach the data plane",
		.first = GROUPS "TCP 10.0.0.1:80 rr TUN=gue:6080:+c +mss=auto +silent 10.1.0.1:80*1 "
				"[2001:db8::1]:80*2 10.1.0.2:80*1/TUN=gre:+c 10.1.0.3:8080*1/NAT\n"
				"TCP [2001:db8::9]:80 rr FNAT +laddr=both +mss=1400 +toa +strip "
				"10.1.0.1:8080*1 [2001:db8::1]:81*1\n",
		.runs = "TCP 10.0.0.1:80 rr TUN=gue:6080:+c +mss=auto +silent 10.1.0.3:8080*1/NAT "
			"10.1.0.2:80*1/TUN=gre:+c [2001:db8::1]:80*2 10.1.0.1:80*1\n"
			"TCP [2001:db8::9]:80 rr FNAT +laddr=both +mss=1400 +toa +strip [2001:db8::1]:81*1 "
			"10.1.0.1:8080*1\n",
	},
	{
		.name = "commands: a server takes method and tunnel of its service, or brings its own",
		.first = GROUPS,
		.steps = { { "add-service TCP 10.0.0.1:80 rr TUN=gue:6080:r+c" },
			   { "add TCP 10.0.0.1:80 10.1.0.1:80*1" },
			   { "add TCP 10.0.0.1:80 10.1.0.2:80*1/TUN" },
			   { "add TCP 10.0.0.1:80 10.1.0.3:80*1/TUN=gre" },
			   { "add TCP 10.0.0.1:80 10.1.0.4:80*1/DR" },
			   { "edit TCP 10.0.0.1:80 10.1.0.4:80*-/TUN" },
			   { "add TCP 10.0.0.1:80 10.1.0.5:8080*1/NAT" },
			   { "edit TCP 10.0.0.1:80 10.1.0.3:80*5" },
			   { "edit-service TCP 10.0.0.1:80 - TUN" } },
		.runs = "TCP 10.0.0.1:80 rr TUN=gue:6080:r+c 10.1.0.5:8080*1/NAT 10.1.0.4:80*1 "
			"10.1.0.3:80*5/TUN=gre:-c 10.1.0.2:80*1 10.1.0.1:80*1\n",
	},
	{
		.name = "a tunnel goes when the method is another, and starts as ipip",
		.first = PORTS "TCP 10.0.0.1:80 rr TUN=gre:+c 10.1.0.1:80*1",
		.steps = { { "edit-service TCP 10.0.0.1:80 - DR" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*-/NAT" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*-/TUN" },
			   { "edit-service TCP 10.0.0.1:80 - TUN" } },
		.runs = "TCP 10.0.0.1:80 rr TUN 10.1.0.1:80*1\n",
	},
	{
		.name = "what is not given stays; options are given whole",
		.first = GROUPS "TCP 10.0.0.1:80 rr FNAT +laddr=four +mss=1400 +toa 10.1.0.1:80*1",
		.steps = { { "edit-service TCP 10.0.0.1:80 wrr -" },
			   { "edit-service TCP 10.0.0.1:80 - - +mss=auto" },
			   { "edit-service TCP 10.0.0.1:80 - - +strip +silent" },
			   { "edit-service TCP 10.0.0.1:80 - - +laddr=both" } },
		.runs = "TCP 10.0.0.1:80 wrr FNAT +laddr=both +mss=auto +strip +silent 10.1.0.1:80*1\n",
	},
	{
		.name = "options can be taken back, a group only by who does not need it",
		.first = GROUPS "TCP 10.0.0.1:80 rr FNAT +laddr=four +mss=1400 +toa 10.1.0.1:80*1",
		.steps = { { "edit-service TCP 10.0.0.1:80 - - +laddr=", -EINVAL,
			     "service TCP 10.0.0.1:80: FNAT needs laddr_group_name" },
			   { "edit-service TCP 10.0.0.1:80 - NAT +laddr=", -EINVAL,
			     "server 10.1.0.1:80 of service TCP 10.0.0.1:80: FNAT needs laddr_group_name of "
			     "the "
			     "service" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*-/NAT" },
			   { "edit-service TCP 10.0.0.1:80 - NAT +laddr= +mss=0 +none" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\n",
	},
	{
		.name = "what commands may not do: services",
		.first = GROUPS "UDP 10.0.0.1:53 rr NAT 10.1.0.1:53*1",
		.steps = { { "add-service TCP 10.0.0.1:80 rr FNAT", -EINVAL, "FNAT needs laddr_group_name" },
			   { "add-service TCP 10.0.0.1:80 rr FNAT +laddr=none", -EINVAL,
			     "there is no local_address_group none" },
			   { "add-service TCP 10.0.0.1:80 rr NAT +laddr=none", -EINVAL,
			     "there is no local_address_group none" },
			   { "add-service TCP 10.0.0.1:80 rr DR=gre", -EINVAL,
			     "service TCP 10.0.0.1:80: a tunnel goes with TUN, not with DR" },
			   { "add-service TCP 10.0.0.1:80 rr -=gre", -EINVAL, "not with DR" },
			   { "add-service TCP 10.0.0.1:80 rr NAT +mss=535", -EINVAL,
			     "mss_clamp 535 is out of range (536-65495, auto or off)" },
			   { "add-service UDP 10.0.0.1:80 rr NAT +mss=auto", -EINVAL, "for TCP services" },
			   { "edit-service UDP 10.0.0.1:53 - - +toa", -EINVAL, "for TCP services" },
			   { "edit-service UDP 10.0.0.1:53 - - +strip", -EINVAL, "for TCP services" },
			   { "edit-service UDP 10.0.0.1:53 - - +silent" } },
		.runs = "UDP 10.0.0.1:53 rr NAT +silent 10.1.0.1:53*1\n",
	},
	{
		.name = "what commands may not do: servers",
		.first = GROUPS "TCP 10.0.0.1:80 rr NAT +laddr=four 10.1.0.1:80*1\n"
				"TCP [2001:db8::9]:80 rr FNAT +laddr=six",
		.steps = { { "add TCP 10.0.0.1:80 10.1.0.2:81*1/TUN", -EINVAL,
			     "server 10.1.0.2:81 of service TCP 10.0.0.1:80: TUN cannot change the port: use "
			     "port 80, or NAT" },
			   { "add TCP 10.0.0.1:80 10.1.0.2:80*1/NAT=ipip", -EINVAL,
			     "a tunnel goes with TUN, not with NAT" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*1/-=gre", -EINVAL, "not with NAT" },
			   { "add TCP 10.0.0.1:80 [2001:db8::1]:80*1/FNAT", -EINVAL,
			     "FNAT needs a server of the service's family (IPv4)" },
			   { "add TCP [2001:db8::9]:80 10.1.0.2:80*1/NAT", -EINVAL,
			     "NAT needs a server of the service's family (IPv6)" },
			   { "add TCP [2001:db8::9]:80 10.1.0.2:80*1", -EINVAL,
			     "server 10.1.0.2:80 of service TCP [2001:db8::9]:80: local_address_group six "
			     "has "
			     "no IPv4 address to reach it from" },
			   { "add TCP [2001:db8::9]:80 [2001:db8::1]:8080*1" },
			   { "edit-service TCP [2001:db8::9]:80 - - +laddr=four", -EINVAL,
			     "local_address_group four has no IPv6 address" },
			   { "edit-service TCP [2001:db8::9]:80 - - +laddr=both" },
			   { "add TCP [2001:db8::9]:80 10.1.0.2:8080*1" } },
		.runs = "TCP 10.0.0.1:80 rr NAT +laddr=four 10.1.0.1:80*1\n"
			"TCP [2001:db8::9]:80 rr FNAT +laddr=both 10.1.0.2:8080*1 [2001:db8::1]:8080*1\n",
	},
	{
		.name = "an unchanged file leaves what commands made of methods and options",
		.first = GROUPS "TCP 10.0.0.1:80 rr TUN=gue:6080 +mss=auto 10.1.0.1:80*1",
		.steps = { { "edit-service TCP 10.0.0.1:80 - FNAT +laddr=four +mss=1400 +toa" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*-/TUN=gre" },
			   { "= " GROUPS "TCP 10.0.0.1:80 rr TUN=gue:6080 +mss=auto 10.1.0.1:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr FNAT +laddr=four +mss=1400 +toa 10.1.0.1:80*1/TUN=gre:-c\n",
	},
	{
		.name = "a file changes what its text changed: method and tunnel as one, each option for "
			"itself",
		.first = GROUPS
		"TCP 10.0.0.1:80 rr TUN=gue:6080 +mss=auto +silent 10.1.0.1:80*1 10.1.0.2:80*1",
		.steps = { { "edit-service TCP 10.0.0.1:80 - DR +mss=1400 +strip" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*-/NAT" },
			   { "edit TCP 10.0.0.1:80 10.1.0.2:80*-/NAT" },
			   { "= " GROUPS "TCP 10.0.0.1:80 rr TUN=gue:6081 +mss=auto +silent +toa "
			     "10.1.0.1:80*1/TUN=gue:6080 10.1.0.2:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr TUN=gue:6081:-c +mss=1400 +toa +strip 10.1.0.2:80*1 "
			"10.1.0.1:80*1/NAT\n",
	},
	{
		.name = "a file that drops what it said takes it away",
		.first = GROUPS "TCP 10.0.0.1:80 rr FNAT +laddr=four +mss=auto +toa +silent 10.1.0.1:80*1",
		.steps = { { "= " PORTS "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\n",
	},
	{
		.name = "a group that a command's service needs cannot go",
		.first = GROUPS,
		.steps = { { "add-service TCP 10.0.0.1:80 rr FNAT +laddr=four" },
			   { "add TCP 10.0.0.1:80 10.1.0.1:80*1" },
			   { "= " PORTS, -EINVAL,
			     "test.conf:1:1: service TCP 10.0.0.1:80: there is no local_address_group four" },
			   { "= " PORTS "local four 2001:db8::200 wan", -EINVAL,
			     "server 10.1.0.1:80 of service TCP 10.0.0.1:80: local_address_group four has no "
			     "IPv4 address" },
			   { "= " PORTS "local four 10.1.0.210 wan" },
			   { "del-service TCP 10.0.0.1:80" },
			   { "= " PORTS } },
		.runs = "",
	},
	{
		.name = "what a file and commands make together must fit: the fault is at the server's place",
		.first = GROUPS "TCP [2001:db8::9]:80 rr FNAT +laddr=both 10.1.0.1:80*1",
		.steps = { { "add TCP [2001:db8::9]:80 [2001:db8::1]:80*1" },
			   { "= " GROUPS "TCP [2001:db8::9]:80 rr FNAT +laddr=four 10.1.0.1:80*1", -EINVAL,
			     "test.conf:8:1: server [2001:db8::1]:80 of service TCP [2001:db8::9]:80: "
			     "local_address_group four has no IPv6 address" },
			   { "del TCP [2001:db8::9]:80 [2001:db8::1]:80" },
			   { "= " GROUPS "TCP [2001:db8::9]:80 rr FNAT +laddr=six 10.1.0.1:80*1", -EINVAL,
			     "test.conf:8:5: server 10.1.0.1:80 of service TCP [2001:db8::9]:80: "
			     "local_address_group six has no IPv4 address" },
			   { "= " GROUPS "TCP [2001:db8::9]:80 rr FNAT +laddr=four 10.1.0.1:80*1" } },
		.runs = "TCP [2001:db8::9]:80 rr FNAT +laddr=four 10.1.0.1:80*1\n",
	},
};

static void
test_stories(void **state)
{
	stories_run(stories, SL_COUNT(stories));
}

/* ---- local addresses in the network ---- */

static void
line_append(const char *text, void *context)
{
	char *buf = context;
	size_t len = strlen(buf);

	snprintf(buf + len, TEXT_SIZE - len, "%s\n", text);
}

static void
groups_print(char buf[TEXT_SIZE])
{
	const struct dp_net *net = fake_dp_net();
	char addr[SL_ADDR_STRLEN], line[160];

	buf[0] = '\0';
	for (unsigned int i = 0; i < net->group_count; i++) {
		for (unsigned int a = 0; a < net->groups[i].addr_count; a++) {
			snprintf(line, sizeof(line), "%s %s dev %u", net->groups[i].name,
				 sl_addr_format(&net->groups[i].addrs[a].addr, addr),
				 net->groups[i].addrs[a].port);
			line_append(line, buf);
		}
	}
}

static void
test_groups(void **state)
{
	static const struct {
		const char *file, *groups;
		unsigned int sets; /* how often the network was given to the data plane until then */
	} rows[] = {
		{ GROUPS,
		  "four 10.1.0.200 dev 1\nfour 10.1.0.201 dev 1\nsix 2001:db8::200 dev 0\n"
		  "both 10.1.0.202 dev 1\nboth 2001:db8::202 dev 0\n",
		  1 },
		/* Ports in another order: the same network. */
		{ "port lan dev1 10.1.0.254/24\nport wan dev0 192.0.2.1/24\nlocal four 10.1.0.200 lan\n"
		  "local four 10.1.0.201 lan\nlocal six 2001:db8::200 wan\nlocal both 10.1.0.202 lan\n"
		  "local both 2001:db8::202 wan\n",
		  "four 10.1.0.200 dev 1\nfour 10.1.0.201 dev 1\nsix 2001:db8::200 dev 0\n"
		  "both 10.1.0.202 dev 1\nboth 2001:db8::202 dev 0\n",
		  1 },
		/* Another port of one, another group of one. */
		{ PORTS "local four 10.1.0.200 wan\nlocal six 10.1.0.201 lan\n",
		  "four 10.1.0.200 dev 0\nsix 10.1.0.201 dev 1\n", 2 },
		{ PORTS, "", 3 },
	};
	struct model *model = model_from_text(rows[0].file);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_faults faults = { 0 };
		char groups[TEXT_SIZE];

		if (i > 0)
			sl_check_int(rows[i].file, model_apply(model, conf_from_text(rows[i].file), &faults),
				     0);
		groups_print(groups);
		sl_check_str(rows[i].file, groups, rows[i].groups);
		sl_check_int(rows[i].file, fake_dp_calls(FAKE_DP_NET), rows[i].sets);
	}
	model_destroy(model);
	fake_dp_reset();
}

/* ---- settings, restart, difference ---- */

static void
test_settings(void **state)
{
	static const struct {
		const char *file;
		bool pmtu_disc;
		unsigned int answer_rate, kernel_rate;
	} rows[] = {
		{ PORTS "set pmtu 0\nset answer 20\nset kernel 30", false, 20, 30 },
		{ PORTS "set answer 0\nset kernel 30", true, 0, 30 },
		{ PORTS, true, 1000, 50000 },
	};
	struct model *model = model_from_text(rows[0].file);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_faults faults = { 0 };

		if (i > 0)
			sl_check_int(rows[i].file, model_apply(model, conf_from_text(rows[i].file), &faults),
				     0);
		sl_check_int(rows[i].file, fake_dp_pmtu_disc(), rows[i].pmtu_disc);
		sl_check_int(rows[i].file, fake_dp_answer_rate(), rows[i].answer_rate);
		sl_check_int(rows[i].file, fake_dp_kernel_rate(), rows[i].kernel_rate);
	}
	model_destroy(model);
	fake_dp_reset();
}

#define WAN_LINE "port wan dev0 192.0.2.1/24\n"
#define LAN_LINE "port lan dev1 10.1.0.254/24\n"

static void
test_restart(void **state)
{
	static const struct {
		const char *first, *then, *fault;
	} rows[] = {
		{ PORTS, WAN_LINE "set tap 1\n" LAN_LINE,
		  "1:1: tap of port wan cannot change while running (now off): restart sluiced" },
		{ WAN_LINE "set tap 1\n" LAN_LINE, PORTS,
		  "1:1: tap of port wan cannot change while running (now on): restart sluiced" },
		{ WAN_LINE "set tap 1\n" LAN_LINE, WAN_LINE "set tap 1\nset transit 1\n" LAN_LINE,
		  "1:1: transit of port wan cannot change while running (now drop): restart sluiced" },
		{ PORTS, WAN_LINE "set closed 1\n" LAN_LINE,
		  "1:1: closed_port of port wan cannot change while running (now reject): restart sluiced" },
		{ WAN_LINE "set closed 1\n" LAN_LINE, PORTS,
		  "1:1: closed_port of port wan cannot change while running (now drop): restart sluiced" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct model *model = model_from_text(rows[i].first);
		struct conf *conf = conf_from_text(rows[i].then);
		struct conf_faults faults = { 0 };
		char says[DP_ERROR_SIZE];

		sl_check_int(rows[i].fault, model_apply(model, conf, &faults), -EINVAL);
		sl_check_int(rows[i].fault, faults.errors, 1);
		snprintf(says, sizeof(says), "%u:%u: %s", faults.first->line, faults.first->column,
			 faults.first->text);
		sl_check_str(rows[i].fault, says, rows[i].fault);
		conf_faults_free(&faults);
		conf_free(conf);
		model_destroy(model);
		fake_dp_reset();
	}
}

#define RUNS                                                                                                 \
	GROUPS "TCP 10.0.0.1:80 rr TUN=gue:6080 +mss=auto +silent 10.1.0.1:80*1 10.1.0.2:80*1/TUN=gre\n"     \
	       "TCP 10.0.0.1:81 rr NAT 10.1.0.1:81*1\n"

static void
test_diff(void **state)
{
	static const struct {
		const char *file, *diff;
	} rows[] = {
		{ RUNS, "" },
		{ GROUPS "TCP 10.0.0.1:80 rr TUN=gue:6081:r+c +mss=1400 +toa +strip 10.1.0.1:80*1/TUN "
			 "10.1.0.2:80*1/DR\nTCP 10.0.0.1:81 rr NAT +laddr=both 10.1.0.1:81*1\n",
		  "~ service TCP 10.0.0.1:80 forwarding TUN gue:6080:-c -> TUN gue:6081:r+c\n"
		  "~ service TCP 10.0.0.1:80 toa off -> on\n"
		  "~ service TCP 10.0.0.1:80 strip_tcp_timestamps off -> on\n"
		  "~ service TCP 10.0.0.1:80 reject off -> on\n"
		  "~ service TCP 10.0.0.1:80 mss_clamp auto -> 1400\n"
		  "~ real TCP 10.0.0.1:80 -> 10.1.0.2:80 forwarding TUN gre:-c -> DR\n"
		  "~ real TCP 10.0.0.1:80 -> 10.1.0.1:80 forwarding TUN gue:6080:-c -> TUN ipip\n"
		  "~ service TCP 10.0.0.1:81 laddr_group_name none -> both\n" },
		{ PORTS "set pmtu 0\nset answer 7\nset kernel 8\nlocal four 10.1.0.200 wan\n"
			"TCP 10.0.0.1:81 rr FNAT +laddr=four +toa +mss=auto +silent 10.1.0.1:8080*1\n",
		  "~ answer_rate 1000 -> 7\n~ kernel_rate 50000 -> 8\n~ pmtu_disc on -> off\n"
		  "- local address 10.1.0.200 of group four on port lan\n"
		  "+ local address 10.1.0.200 of group four on port wan\n"
		  "- local address 10.1.0.201 of group four on port lan\n"
		  "- local address 10.1.0.202 of group both on port lan\n"
		  "- local address 2001:db8::200 of group six on port wan\n"
		  "- local address 2001:db8::202 of group both on port wan\n"
		  "- service TCP 10.0.0.1:80 rr TUN gue:6080:-c\n"
		  "~ service TCP 10.0.0.1:81 forwarding NAT -> FNAT\n"
		  "~ service TCP 10.0.0.1:81 laddr_group_name none -> four\n"
		  "~ service TCP 10.0.0.1:81 toa off -> on\n"
		  "~ service TCP 10.0.0.1:81 reject on -> off\n"
		  "~ service TCP 10.0.0.1:81 mss_clamp off -> auto\n"
		  "+ real TCP 10.0.0.1:81 -> 10.1.0.1:8080 FNAT weight 1\n"
		  "- real TCP 10.0.0.1:81 -> 10.1.0.1:81 NAT weight 1\n" },
		{ RUNS "UDP 10.0.0.1:53 mh NAT +port +fallback\n",
		  "+ service UDP 10.0.0.1:53 mh NAT\n~ service UDP 10.0.0.1:53 mh-port off -> on\n"
		  "~ service UDP 10.0.0.1:53 mh-fallback off -> on\n" },
		{ RUNS "UDP 10.0.0.1:53 rr TUN +silent 10.1.0.1:53*1\n",
		  "+ service UDP 10.0.0.1:53 rr TUN ipip\n~ service UDP 10.0.0.1:53 reject on -> off\n"
		  "+ real UDP 10.0.0.1:53 -> 10.1.0.1:53 TUN ipip weight 1\n" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct model *model = model_from_text(RUNS);
		struct conf *conf = conf_from_text(rows[i].file);
		struct conf_faults faults = { 0 };
		char diff[TEXT_SIZE] = "";

		model_diff(model, conf, line_append, diff);
		sl_check_str(rows[i].file, diff, rows[i].diff);
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

/* ---- words for tunnels ---- */

static void
test_tunnel_words(void **state)
{
	static const struct {
		const char *text, *info, *words; /* info NULL: it is none */
	} rows[] = {
		{ "ipip", "ipip", "type ipip" },
		{ "IPIP", "ipip", "type ipip" },
		{ "gue:6080", "gue:6080:-c", "type gue port 6080 nocsum" },
		{ "gue:6080:-c", "gue:6080:-c", "type gue port 6080 nocsum" },
		{ "gue:1:+c", "gue:1:+c", "type gue port 1 csum" },
		{ "gue:65535:r+c", "gue:65535:r+c", "type gue port 65535 remcsum" },
		{ "gue:6080:remcsum", "gue:6080:r+c", "type gue port 6080 remcsum" },
		{ "gre", "gre:-c", "type gre nocsum" },
		{ "gre:csum", "gre:+c", "type gre csum" },
		{ "", NULL, NULL },
		{ "gr", NULL, NULL },
		{ "gretap", NULL, NULL },
		{ "ipip:-c", NULL, NULL },
		{ "ipip:", NULL, NULL },
		{ "gre:", NULL, NULL },
		{ "gre:r+c", NULL, NULL },
		{ "gre:6080", NULL, NULL },
		{ "gue", NULL, NULL },
		{ "gue:", NULL, NULL },
		{ "gue:0", NULL, NULL },
		{ "gue:-1", NULL, NULL },
		{ "gue:65536", NULL, NULL },
		{ "gue:18446744073709551617", NULL, NULL },
		{ "gue:6080x", NULL, NULL },
		{ "gue:6080:", NULL, NULL },
		{ "gue:6080:c", NULL, NULL },
		{ "gue:6080:+c:-c", NULL, NULL },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_tunnel tunnel = { 0 };
		char buf[TUNNEL_STRLEN];
		int rc = tunnel_parse(rows[i].text, &tunnel);

		sl_check_int(rows[i].text, rc, rows[i].info != NULL ? 0 : -EINVAL);
		if (rc != 0)
			continue;
		sl_check_str(rows[i].text, tunnel_info(&tunnel, buf), rows[i].info);
		sl_check_str(rows[i].text, tunnel_words(&tunnel, buf), rows[i].words);
		sl_check(rows[i].text, tunnel_fault(&tunnel) == NULL);
	}
}

static void
test_tunnel_faults(void **state)
{
	static const struct {
		const char *name;
		struct dp_tunnel tunnel;
		const char *fault; /* part of it */
	} rows[] = {
		{ "no such type", { SL_TUN_MAX, 0, 0 }, "ipip, gue or gre" },
		{ "gue without a port", { SL_TUN_GUE, 0, 0 }, "needs its port" },
		{ "ipip with a port", { SL_TUN_IPIP, 0, 1 }, "only gue has" },
		{ "gre with a port", { SL_TUN_GRE, 0, 1 }, "only gue has" },
		{ "ipip with a checksum",
		  { SL_TUN_IPIP, SL_TUN_SUM_FULL, 0 },
		  "ipip tunnel has no checksum" },
		{ "gre with remcsum", { SL_TUN_GRE, SL_TUN_SUM_REMOTE, 0 }, "nocsum or csum" },
		{ "no such checksum", { SL_TUN_GUE, SL_TUN_SUM_MAX, 1 }, "remcsum too" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const char *fault = tunnel_fault(&rows[i].tunnel);

		sl_check(rows[i].name, fault != NULL && strstr(fault, rows[i].fault) != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),       cmocka_unit_test(test_groups),
		cmocka_unit_test(test_settings),      cmocka_unit_test(test_restart),
		cmocka_unit_test(test_diff),          cmocka_unit_test(test_tunnel_words),
		cmocka_unit_test(test_tunnel_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
