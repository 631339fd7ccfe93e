/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration of tunnels, full NAT, the kernel's path and what goes with
 * them: what each word becomes, and every fault, alone and against the rest.
 */
#include "sl_addr.h"
#include "test_conf_load.h"
#include "test_conf_rows.h"

#include <stdio.h>
#include <stdlib.h>

#define PORT "port p {\n  device net_null9\n  address 10.0.0.1/8\n  address 2001:db8::1/64\n}\n"
#define VS4 "virtual_server 192.0.2.1 80 {\n"
#define VS6 "virtual_server 2001:db8:9::1 80 {\n"

/* ---- methods ---- */

/* { words behind the keyword, what they mean } */
static const struct {
	const char *words;
	int fwd, type, sum, port;
} method_rows[] = {
	{ "NAT", SL_FWD_NAT, 0, 0, 0 },
	{ "DR", SL_FWD_DR, 0, 0, 0 },
	{ "tun", SL_FWD_TUN, SL_TUN_IPIP, SL_TUN_SUM_NONE, 0 },
	{ "TUN type ipip", SL_FWD_TUN, SL_TUN_IPIP, SL_TUN_SUM_NONE, 0 },
	{ "TUN type gue port 6080", SL_FWD_TUN, SL_TUN_GUE, SL_TUN_SUM_NONE, 6080 },
	{ "TUN type gue port 1 nocsum", SL_FWD_TUN, SL_TUN_GUE, SL_TUN_SUM_NONE, 1 },
	{ "TUN type gue port 65535 csum", SL_FWD_TUN, SL_TUN_GUE, SL_TUN_SUM_FULL, 65535 },
	{ "TUN type gue remcsum port 6080", SL_FWD_TUN, SL_TUN_GUE, SL_TUN_SUM_REMOTE, 6080 },
	{ "TUN type gre", SL_FWD_TUN, SL_TUN_GRE, SL_TUN_SUM_NONE, 0 },
	{ "TUN type gre nocsum", SL_FWD_TUN, SL_TUN_GRE, SL_TUN_SUM_NONE, 0 },
	{ "TUN type GRE csum", SL_FWD_TUN, SL_TUN_GRE, SL_TUN_SUM_FULL, 0 },
	{ "FNAT", SL_FWD_FNAT, 0, 0, 0 },
};

static void
method_check(const char *row, size_t i, int fwd, const struct dp_tunnel *tunnel)
{
	sl_check_int(row, fwd, method_rows[i].fwd);
	sl_check_int(row, tunnel->type, method_rows[i].type);
	sl_check_int(row, tunnel->sum, method_rows[i].sum);
	sl_check_int(row, tunnel->port, method_rows[i].port);
}

/* Each of the service, inherited by one server and said by another. */
static void
methods(void **state)
{
	for (size_t i = 0; i < SL_COUNT(method_rows); i++) {
		const char *words = method_rows[i].words;
		char *text = NULL;

		assert_true(asprintf(&text,
				     PORT "local_address_group g { 10.0.0.200 p }\n"
					  "local_address_group h {\n 10.0.1.200 p\n}\n" VS4
					  "  laddr_group_name g\n  lvs_method %s\n  real_server 10.0.0.2\n}\n"
					  "virtual_server 192.0.2.1 81 {\n  laddr_group_name g\n"
					  "  lb_kind FNAT\n  real_server 10.0.0.2 {\n    lvs_method %s\n  }\n"
					  "  real_server 10.0.0.3\n}\n",
				     words, words) > 0);

		struct conf *conf = conf_load_clean(words, text);
		const struct conf_service *first = &conf->services[0], *second = &conf->services[1];

		method_check(words, i, first->fwd, &first->tunnel);
		method_check(words, i, first->reals[0].fwd, &first->reals[0].tunnel);
		method_check(words, i, second->reals[0].fwd, &second->reals[0].tunnel);
		sl_check_int(words, second->fwd, SL_FWD_FNAT);
		sl_check_int(words, second->reals[1].fwd, SL_FWD_FNAT);
		conf_free(conf);
		free(text);
	}
}

/* A server's method says all: nothing of the service's tunnel is left. */
static void
method_of_a_server(void **state)
{
	struct conf *conf =
		conf_load_clean("server", PORT VS4 "  lb_kind TUN type gue port 6080 csum\n"
						   "  real_server 10.0.0.2 {\n    lvs_method TUN\n  }\n"
						   "  real_server 10.0.0.3 {\n    lvs_method DR\n  }\n}\n");

	sl_check_int("type", conf->services[0].reals[0].tunnel.type, SL_TUN_IPIP);
	sl_check_int("sum", conf->services[0].reals[0].tunnel.sum, SL_TUN_SUM_NONE);
	sl_check_int("port", conf->services[0].reals[0].tunnel.port, 0);
	sl_check_int("DR", conf->services[0].reals[1].tunnel.type, SL_TUN_IPIP);
	sl_check_int("DR", conf->services[0].reals[1].tunnel.port, 0);
	conf_free(conf);
}

#define METHOD(words) VS4 "  lb_kind " words "\n  real_server 10.0.0.2\n}\n"
#define WRITTEN                                                                                              \
	"\"lb_kind\" is written lb_kind NAT|DR|FNAT, or lb_kind TUN [type ipip|gue port NUMBER "             \
	"[nocsum|csum|remcsum]|gre [nocsum|csum]]\n"

static const struct conf_row method_fault_rows[] = {
	{ "a tunnel behind NAT", METHOD("NAT type ipip"),
	  "2:15: \"type\" is too much: a tunnel goes with TUN, not with NAT\n" },
	{ "a tunnel behind FNAT", METHOD("FNAT type gre"),
	  "2:16: \"type\" is too much: a tunnel goes with TUN, not with FNAT\n" },
	{ "anything behind DR", METHOD("DR ipip"), "2:14: \"ipip\" is too much: " WRITTEN },
	{ "a tunnel without its word", METHOD("TUN gue port 6080"), "2:15: \"gue\" is too much: " WRITTEN },
	{ "type without a type", METHOD("TUN type"), "2:15: \"type\" lacks its tunnel: ipip, gue or gre\n" },
	{ "a type that is none", METHOD("TUN type vxlan"),
	  "2:20: tunnel type must be ipip, gue or gre, not \"vxlan\"\n" },
	{ "ipip with a checksum", METHOD("TUN type ipip csum"),
	  "2:25: a tunnel of type ipip has no checksum, not \"csum\"\n" },
	{ "ipip without a checksum, said", METHOD("TUN type ipip nocsum"),
	  "2:25: a tunnel of type ipip has no checksum, not \"nocsum\"\n" },
	{ "ipip with a port", METHOD("TUN type ipip port 6080"),
	  "2:25: a tunnel of type ipip has no port: only gue has\n" },
	{ "gre with a port", METHOD("TUN type gre port 6080"),
	  "2:24: a tunnel of type gre has no port: only gue has\n" },
	{ "gre with remcsum", METHOD("TUN type gre remcsum"),
	  "2:24: a tunnel of type gre has nocsum or csum, not \"remcsum\"\n" },
	{ "gre with two checksums", METHOD("TUN type gre csum nocsum"),
	  "2:29: a tunnel has nocsum or csum: \"csum\" stands before \"nocsum\" already\n" },
	{ "gue without a port", METHOD("TUN type gue"),
	  "2:20: a gue tunnel lacks its port: it is written type gue port NUMBER, such as 6080\n" },
	{ "gue with a checksum, without a port", METHOD("TUN type gue csum"),
	  "2:20: a gue tunnel lacks its port: it is written type gue port NUMBER, such as 6080\n" },
	{ "gue, port without its number", METHOD("TUN type gue port"),
	  "2:24: \"port\" lacks its number, such as 6080\n" },
	{ "gue, port 0", METHOD("TUN type gue port 0"),
	  "2:29: port must be a number from 1 to 65535, not \"0\"\n" },
	{ "gue, port 65536", METHOD("TUN type gue port 65536"),
	  "2:29: port must be a number from 1 to 65535, not \"65536\"\n" },
	{ "gue, two ports", METHOD("TUN type gue port 1 port 2"), "2:31: a tunnel has one \"port\"\n" },
	{ "gue, two checksums", METHOD("TUN type gue port 1 csum remcsum"),
	  "2:36: a tunnel has nocsum, csum or remcsum: \"csum\" stands before \"remcsum\" already\n" },
	{ "gue, a number alone", METHOD("TUN type gue 6080"), "2:24: \"6080\" is too much: " WRITTEN },
	{ "the next keyword on the line", METHOD("TUN type ipip protocol TCP"),
	  "2:25: \"protocol\" must begin a line of its own: \"lb_kind\" ends before it\n" },
	{ "a variable that is not there", METHOD("TUN type $TYPE"),
	  "2:20: variable \"$TYPE\" is not defined: $NAME=VALUE must stand before its use\n" },
	{ "a server's", VS4 "  real_server 10.0.0.2 80 {\n    lvs_method TUN type gue\n  }\n}\n",
	  "3:25: a gue tunnel lacks its port: it is written type gue port NUMBER, such as 6080\n" },
	{ "TUN with another port", VS4 "  lb_kind TUN\n  real_server 10.0.0.2 8080\n}\n",
	  "3:24: warning: TUN cannot change the port: port 80 of the virtual_server is used, not 8080\n" },
};

static void
method_faults(void **state)
{
	conf_rows_check(method_fault_rows, SL_COUNT(method_fault_rows));
}

/* ---- families ---- */

/* { method, VIP, server, the fault or NULL } */
static const struct {
	const char *method, *vip, *real, *fault;
} family_rows[] = {
	{ "NAT", "192.0.2.1", "10.0.0.2", NULL },
	{ "NAT", "2001:db8:9::1", "2001:db8::2", NULL },
	{ "NAT", "2001:db8:9::1", "10.0.0.2", "NAT and DR keep the family" },
	{ "NAT", "192.0.2.1", "2001:db8::2", "NAT and DR keep the family" },
	{ "DR", "2001:db8:9::1", "10.0.0.2", "NAT and DR keep the family" },
	{ "DR", "192.0.2.1", "2001:db8::2", "NAT and DR keep the family" },
	{ "TUN", "192.0.2.1", "10.0.0.2", NULL },
	{ "TUN", "192.0.2.1", "2001:db8::2", NULL },
	{ "TUN", "2001:db8:9::1", "10.0.0.2", NULL },
	{ "TUN", "2001:db8:9::1", "2001:db8::2", NULL },
	{ "FNAT", "192.0.2.1", "10.0.0.2", NULL },
	{ "FNAT", "2001:db8:9::1", "2001:db8::2", NULL },
	{ "FNAT", "2001:db8:9::1", "10.0.0.2", NULL },
	{ "FNAT", "192.0.2.1", "2001:db8::2", "FNAT translates from IPv6 to IPv4, not back" },
};

static void
families(void **state)
{
	for (size_t i = 0; i < SL_COUNT(family_rows); i++) {
		bool vip_v4 = strchr(family_rows[i].vip, '.') != NULL;
		char *text = NULL, *row = NULL, *want = NULL, *got;
		struct conf_faults faults = { 0 };

		assert_true(asprintf(&row, "%s %s to %s", family_rows[i].method, family_rows[i].vip,
				     family_rows[i].real) > 0);
		assert_true(asprintf(&text,
				     PORT "local_address_group g {\n  10.0.0.200 p\n  2001:db8::200 p\n}\n"
					  "virtual_server %s 80 {\n  laddr_group_name g\n  lb_kind %s\n"
					  "  real_server %s\n}\n",
				     family_rows[i].vip, family_rows[i].method, family_rows[i].real) > 0);
		assert_true(asprintf(&want, "13:15: real_server %s is %s and its virtual_server %s: %s\n",
				     family_rows[i].real, vip_v4 ? "IPv6" : "IPv4", vip_v4 ? "IPv4" : "IPv6",
				     family_rows[i].fault) > 0);
		conf_free(conf_load_text("t", text, strlen(text), false, &faults));
		got = conf_faults_text(&faults, 0);
		sl_check_str(row, got, family_rows[i].fault != NULL ? want : "");
		conf_faults_free(&faults);
		free(got);
		free(want);
		free(text);
		free(row);
	}
}

/* ---- local addresses ---- */

/* { a line of a group, the first and last address, how many } */
static const struct {
	const char *line, *first, *last;
	unsigned int count;
} range_rows[] = {
	{ "10.0.0.200 p", "10.0.0.200", "10.0.0.200", 1 },
	{ "10.0.0.200-10.0.0.207 p", "10.0.0.200", "10.0.0.207", 8 },
	{ "10.0.0.200-207 p", "10.0.0.200", "10.0.0.207", 8 },
	{ "10.0.0.200-200 p", "10.0.0.200", "10.0.0.200", 1 },
	{ "10.0.0.254-10.0.1.1 p", "10.0.0.254", "10.0.1.1", 4 },
	{ "10.1.0.0-10.1.15.254 p", "10.1.0.0", "10.1.15.254", 4095 },
	{ "2001:db8::200 p", "2001:db8::200", "2001:db8::200", 1 },
	{ "2001:db8::10-2001:db8::1f p", "2001:db8::10", "2001:db8::1f", 16 },
	{ "2001:db8::10-1F p", "2001:db8::10", "2001:db8::1f", 16 },
	{ "2001:db8::ffff-2001:db8::1:0 p", "2001:db8::ffff", "2001:db8::1:0", 2 },
};

static void
ranges(void **state)
{
	for (size_t i = 0; i < SL_COUNT(range_rows); i++) {
		const char *row = range_rows[i].line;
		char *text = NULL, addr[SL_ADDR_STRLEN];

		assert_true(asprintf(&text, PORT "local_address_group g { %s }\n", row) > 0);

		struct conf *conf = conf_load_clean(row, text);
		const struct conf_local_group *group = &conf->groups[0];

		sl_check_int(row, conf->group_count, 1);
		sl_check_str(row, group->name, "g");
		sl_check_int(row, group->addr_count, range_rows[i].count);
		sl_check_str(row, sl_addr_format(&group->addrs[0].addr, addr), range_rows[i].first);
		sl_check_str(row, sl_addr_format(&group->addrs[group->addr_count - 1].addr, addr),
			     range_rows[i].last);
		sl_check_int(row, group->addrs[0].port, 0);
		conf_free(conf);
		free(text);
	}
}

/* Ports may follow in the file; each line has its own. */
static void
ports_of_ranges(void **state)
{
	struct conf *conf =
		conf_load_clean("ports", "local_address_group g {\n  10.0.0.200 p\n  10.0.0.201 q\n}\n" PORT
					 "port q {\n  device net_null0\n}\n");

	sl_check_int("p", conf->groups[0].addrs[0].port, 0);
	sl_check_int("q", conf->groups[0].addrs[1].port, 1);
	conf_free(conf);
}

#define LOCAL(line) "local_address_group g {\n  " line "\n}\n"
#define NO_RANGE                                                                                             \
	"2:3: a local address must be ADDRESS or ADDRESS-ADDRESS (10.0.0.200-10.0.0.207, 10.0.0.200-207), "  \
	"not "

static const struct conf_row local_fault_rows[] = {
	{ "a group nobody uses", LOCAL("10.0.0.200 p") "global_defs {\n  conn_reuse_mode 2\n}\n",
	  "5:19: conn_reuse_mode must be a number from 0 to 1, not \"2\"\n" },
	{ "no block", "local_address_group g\n",
	  "1:1: \"local_address_group\" needs a block: it is written local_address_group NAME { "
	  "ADDRESS[-ADDRESS] PORT ... }\n" },
	{ "an empty block", "local_address_group g {\n}\n",
	  "1:21: warning: local_address_group \"g\" has no address: it lacks lines ADDRESS[-ADDRESS] "
	  "PORT\n" },
	{ "a name that is none", "local_address_group \"a b\" {\n  10.0.0.200 p\n}\n",
	  "1:21: the name of a local_address_group must have 1 to 31 letters, digits, \"_\", \"-\" or \".\", "
	  "not \"a b\"\n" },
	{ "a name twice", LOCAL("10.0.0.200 p") LOCAL("10.0.0.201 p"),
	  "4:21: local_address_group g is defined in line 6 already\n" },
	{ "no port", LOCAL("10.0.0.200"),
	  "2:3: a line of local_address_group is ADDRESS[-ADDRESS] PORT, such as 10.0.0.200-10.0.0.207 "
	  "lan\n" },
	{ "too much", LOCAL("10.0.0.200 p q"),
	  "2:3: a line of local_address_group is ADDRESS[-ADDRESS] PORT, such as 10.0.0.200-10.0.0.207 "
	  "lan\n" },
	{ "a port that is not there", LOCAL("10.0.0.200 lan"),
	  "2:14: there is no port \"lan\": there are p\n" },
	{ "no address", LOCAL("snat p"), NO_RANGE "\"snat\"\n" },
	{ "a prefix", LOCAL("10.0.0.192/28 p"), NO_RANGE "\"10.0.0.192/28\"\n" },
	{ "a range without an end", LOCAL("10.0.0.200- p"), NO_RANGE "\"10.0.0.200-\"\n" },
	{ "a range without a start", LOCAL("-10.0.0.200 p"), NO_RANGE "\"-10.0.0.200\"\n" },
	{ "a range past the byte", LOCAL("10.0.0.200-256 p"), NO_RANGE "\"10.0.0.200-256\"\n" },
	{ "a range past the group", LOCAL("2001:db8::1-1ffff p"), NO_RANGE "\"2001:db8::1-1ffff\"\n" },
	{ "a range of letters", LOCAL("10.0.0.200-2a p"), NO_RANGE "\"10.0.0.200-2a\"\n" },
	{ "a range of two dashes", LOCAL("10.0.0.200-201-202 p"), NO_RANGE "\"10.0.0.200-201-202\"\n" },
	{ "a range of two families", LOCAL("10.0.0.200-2001:db8::1 p"),
	  NO_RANGE "\"10.0.0.200-2001:db8::1\"\n" },
	{ "backwards", LOCAL("10.0.0.207-10.0.0.200 p"),
	  "2:3: the range 10.0.0.207-10.0.0.200 runs backwards\n" },
	{ "backwards, in short", LOCAL("10.0.0.207-200 p"),
	  "2:3: the range 10.0.0.207-200 runs backwards\n" },
	{ "too long", LOCAL("10.1.0.0-10.1.15.255 p"),
	  "2:3: the range 10.1.0.0-10.1.15.255 is too long: all groups together have at most 4095 "
	  "addresses\n" },
	{ "far too long", LOCAL("2001:db8::1-2001:dba::1 p"),
	  "2:3: the range 2001:db8::1-2001:dba::1 is too long: all groups together have at most 4095 "
	  "addresses\n" },
	{ "too many together", "local_address_group h {\n  10.2.0.0-10.2.15.254 p\n}\n" LOCAL("10.0.0.200 p"),
	  "5:3: there can be at most 4095 local addresses in all groups\n" },
	{ "no host's", LOCAL("224.0.0.1 p"),
	  "2:3: a local address must be that of a host, not \"224.0.0.1\" (zero, loopback, multicast or "
	  "broadcast)\n" },
	{ "an own address", LOCAL("10.0.0.1 p"),
	  "2:3: local address 10.0.0.1 is that of port p (line 3): full NAT takes addresses of its own\n" },
	{ "an own address in the range", LOCAL("10.0.0.0-10.0.0.9 p"),
	  "2:3: local address 10.0.0.1 is that of port p (line 3): full NAT takes addresses of its own\n" },
	{ "a VIP", LOCAL("192.0.2.0-3 p") VS4 "  real_server 10.0.0.2\n}\n",
	  "2:3: local address 192.0.2.1 is a VIP (line 9): full NAT takes addresses of its own\n" },
	{ "twice in a group", LOCAL("10.0.0.200-210 p\n  10.0.0.205 p"),
	  "3:3: local address 10.0.0.205 is in local_address_group g already (line 7)\n" },
	{ "in two groups", LOCAL("10.0.0.200-210 p") "local_address_group h {\n  10.0.0.210-220 p\n}\n",
	  "5:3: local address 10.0.0.210 is in local_address_group g already (line 7)\n" },
	{ "a server", LOCAL("10.0.0.200-210 p") VS4 "  real_server 10.0.0.205\n}\n",
	  "5:15: real_server 10.0.0.205 is a local address of full NAT (line 7): connections would come back "
	  "to this box\n" },
};

static void
local_faults(void **state)
{
	conf_rows_check(local_fault_rows, SL_COUNT(local_fault_rows));
}

static void
too_many_groups(void **state)
{
	struct conf_faults faults = { 0 };
	char *text = NULL, *got;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, PORT);
	for (unsigned int i = 0; i < 1024; i++)
		fprintf(stream, "local_address_group g%u { 10.1.%u.%u p }\n", i, i / 250, i % 250);
	fclose(stream);
	assert_null(conf_load_text("t", text, size, false, &faults));
	got = conf_faults_text(&faults, 5);
	assert_string_equal(got, "1024:1: there can be at most 1023 groups of local addresses\n");
	conf_faults_free(&faults);
	free(got);
	free(text);
}

/* ---- full NAT and its group ---- */

#define NEEDS                                                                                                \
	"FNAT needs \"laddr_group_name NAME\" in the virtual_server: the local_address_group whose "         \
	"addresses servers see\n"

static const struct conf_row full_nat_rows[] = {
	{ "no group", VS4 "  lb_kind FNAT\n  real_server 10.0.0.2\n}\n", "3:15: " NEEDS },
	{ "no group, for one server",
	  VS4 "  real_server 10.0.0.2\n  real_server 10.0.0.3 {\n"
	      "    lvs_method FNAT\n  }\n}\n",
	  "3:15: " NEEDS },
	{ "no group, and no server either", VS4 "  lb_kind FNAT\n}\n",
	  "1:16: warning: virtual_server has no real_server: nobody gets its connections until one is added\n"
	  "1:16: " NEEDS },
	{ "no group, but nobody by FNAT",
	  VS4 "  lb_kind FNAT\n  real_server 10.0.0.2 {\n    lvs_method NAT\n"
	      "  }\n}\n",
	  "1:16: " NEEDS },
	{ "a group that is not there",
	  VS4 "  lb_kind FNAT\n  laddr_group_name g\n  real_server 10.0.0.2\n}\n",
	  "3:20: there is no local_address_group \"g\"\n" },
	{ "another group",
	  LOCAL("10.0.0.200 p") VS4 "  laddr_group_name snat\n  lb_kind FNAT\n"
				    "  real_server 10.0.0.2\n}\n",
	  "5:20: there is no local_address_group \"snat\": there are g\n" },
	{ "a group that is not there, for NAT", VS4 "  laddr_group_name g\n  real_server 10.0.0.2\n}\n",
	  "2:20: there is no local_address_group \"g\"\n" },
	{ "a name that is none", VS4 "  laddr_group_name \"\"\n  lb_kind FNAT\n  real_server 10.0.0.2\n}\n",
	  "2:20: the name of a local_address_group must have 1 to 31 letters, digits, \"_\", \"-\" or \".\", "
	  "not \"\"\n" },
	{ "no address of the family",
	  LOCAL("2001:db8::200 p") VS4 "  laddr_group_name g\n  lb_kind FNAT\n"
				       "  real_server 10.0.0.2\n}\n",
	  "7:15: real_server 10.0.0.2 is IPv4, and local_address_group g (line 6) has no IPv4 address to "
	  "reach it from\n" },
	{ "no address of the server's family, NAT64",
	  LOCAL("2001:db8::200 p") VS6 "  laddr_group_name g\n  lb_kind FNAT\n  real_server 2001:db8::2\n"
				       "  real_server 10.0.0.2\n}\n",
	  "8:15: real_server 10.0.0.2 is IPv4, and local_address_group g (line 6) has no IPv4 address to "
	  "reach it from\n" },
	{ "no address at all",
	  "local_address_group g {\n}\n" VS6 "  laddr_group_name g\n  lb_kind FNAT\n"
	  "  real_server 2001:db8::2\n}\n",
	  "1:21: warning: local_address_group \"g\" has no address: it lacks lines ADDRESS[-ADDRESS] PORT\n"
	  "6:15: real_server 2001:db8::2 is IPv6, and local_address_group g (line 6) has no IPv6 address to "
	  "reach it from\n" },
	{ "one mistake is one fault: a bad range",
	  LOCAL("10.0.0.300 p") VS4 "  laddr_group_name g\n  lb_kind FNAT\n  real_server 10.0.0.2\n}\n",
	  NO_RANGE "\"10.0.0.300\"\n" },
	{ "one mistake is one fault: a bad port",
	  LOCAL("10.0.0.200 q") VS4 "  laddr_group_name g\n  lb_kind FNAT\n  real_server 10.0.0.2\n}\n",
	  "2:14: there is no port \"q\": there are p\n" },
	{ "one mistake is one fault: a bad include",
	  "include nowhere.conf\n" VS4 "  laddr_group_name g\n  lb_kind FNAT\n  real_server 10.0.0.2\n}\n",
	  "1:9: cannot include \"nowhere.conf\": No such file or directory\n" },
};

static void
full_nat(void **state)
{
	conf_rows_check(full_nat_rows, SL_COUNT(full_nat_rows));
}

/* ---- options of a service ---- */

/* { lines of the service, its options, its MSS } */
static const struct {
	const char *lines;
	unsigned int options, mss;
} option_rows[] = {
	{ "", 0, DP_MSS_KEEP },
	{ "toa on", DP_SERVICE_TOA, DP_MSS_KEEP },
	{ "toa off", 0, DP_MSS_KEEP },
	{ "strip_tcp_timestamps on", DP_SERVICE_STRIP_TS, DP_MSS_KEEP },
	{ "strip_tcp_timestamps off", 0, DP_MSS_KEEP },
	{ "reject off", DP_SERVICE_SILENT, DP_MSS_KEEP },
	{ "reject on", 0, DP_MSS_KEEP },
	{ "toa yes\n strip_tcp_timestamps true\n reject no",
	  DP_SERVICE_TOA | DP_SERVICE_STRIP_TS | DP_SERVICE_SILENT, DP_MSS_KEEP },
	{ "mss_clamp auto", 0, DP_MSS_AUTO },
	{ "mss_clamp 536", 0, 536 },
	{ "mss_clamp 65495", 0, 65495 },
	{ "mss_clamp off", 0, DP_MSS_KEEP },
	{ "lb_algo mh", 0, DP_MSS_KEEP },
	{ "mh-port\n lb_algo mh", DP_SERVICE_PORT, DP_MSS_KEEP },
	{ "lb_algo mh\n mh-fallback", DP_SERVICE_FALLBACK, DP_MSS_KEEP },
	{ "lb_algo mh\n flag-1", DP_SERVICE_FALLBACK, DP_MSS_KEEP },
	{ "lb_algo mh\n flag-2", DP_SERVICE_PORT, DP_MSS_KEEP },
	{ "announce off", CONF_SERVICE_UNANNOUNCED, DP_MSS_KEEP },
	{ "announce on", 0, DP_MSS_KEEP },
	{ "mh-fallback\n mh-port\n lvs_sched mh\n reject off",
	  DP_SERVICE_FALLBACK | DP_SERVICE_PORT | DP_SERVICE_SILENT, DP_MSS_KEEP },
};

static void
options(void **state)
{
	for (size_t i = 0; i < SL_COUNT(option_rows); i++) {
		const char *row = option_rows[i].lines;
		char *text = NULL;

		assert_true(asprintf(&text,
				     PORT LOCAL("10.0.0.200 p") VS4
				     " laddr_group_name g\n lb_kind FNAT\n %s\n"
				     " real_server 10.0.0.2 8080\n}\n",
				     row) > 0);

		struct conf *conf = conf_load_clean(row, text);

		sl_check_int(row, conf->services[0].options, option_rows[i].options);
		sl_check_int(row, conf->services[0].mss, option_rows[i].mss);
		sl_check_str(row, conf->services[0].local_group, "g");
		sl_check_int(row, conf->services[0].reals[0].port, 8080);
		conf_free(conf);
		free(text);
	}
}

#define UDP(lines)                                                                                           \
	LOCAL("10.0.0.200 p")                                                                                \
	VS4 "  laddr_group_name g\n  lb_kind FNAT\n  " lines "\n  protocol UDP\n  real_server 10.0.0.2\n}\n"

static const struct conf_row option_fault_rows[] = {
	{ "toa on UDP", UDP("toa on"),
	  "7:3: warning: \"toa\" has no effect: it is a TCP option, and this service is UDP\n" },
	{ "timestamps on UDP", UDP("strip_tcp_timestamps on"),
	  "7:3: warning: \"strip_tcp_timestamps\" has no effect: they are a TCP option, and this service is "
	  "UDP\n" },
	{ "MSS on UDP", UDP("mss_clamp auto"),
	  "7:3: warning: \"mss_clamp\" has no effect: the MSS is a TCP option, and this service is UDP\n" },
	{ "toa without FNAT", VS4 "  toa on\n  lb_kind TUN\n  real_server 10.0.0.2\n}\n",
	  "2:3: warning: \"toa\" has no effect: by NAT, DR and TUN the server sees the client's address "
	  "anyway; it is for FNAT\n" },
	{ "toa that is neither", VS4 "  toa 254\n  real_server 10.0.0.2\n}\n",
	  "2:7: toa must be on or off, not \"254\"\n" },
	{ "timestamps that are neither", VS4 "  strip_tcp_timestamps maybe\n  real_server 10.0.0.2\n}\n",
	  "2:24: strip_tcp_timestamps must be on or off, not \"maybe\"\n" },
	{ "reject that is neither", VS4 "  reject icmp\n  real_server 10.0.0.2\n}\n",
	  "2:10: reject must be on or off, not \"icmp\"\n" },
	{ "MSS too small", VS4 "  mss_clamp 535\n  real_server 10.0.0.2\n}\n",
	  "2:13: mss_clamp (or auto, or off) must be a number from 536 to 65495, not \"535\"\n" },
	{ "MSS too large", VS4 "  mss_clamp 65496\n  real_server 10.0.0.2\n}\n",
	  "2:13: mss_clamp (or auto, or off) must be a number from 536 to 65495, not \"65496\"\n" },
	{ "options of a scheduler that the service has not",
	  VS4 "  mh-port\n  flag-1\n  real_server 10.0.0.2\n}\n",
	  "2:3: warning: \"mh-port\" has no effect: it is an option of the scheduler mh, and this service "
	  "has wlc\n3:3: warning: \"flag-1\" has no effect: it is an option of the scheduler mh, and this "
	  "service has wlc\n" },
	{ "an option that takes no word", VS4 "  lb_algo mh\n  mh-port on\n  real_server 10.0.0.2\n}\n",
	  "3:11: \"on\" is too much: \"mh-port\" is written mh-port\n" },
	{ "one mistake is one fault: a bad method",
	  VS4 "  toa on\n  lb_kind FULLNAT\n  real_server 10.0.0.2\n}\n",
	  "3:11: forwarding method must be one of NAT, DR, TUN, FNAT, not \"FULLNAT\"\n" },
	{ "announce that is neither", VS4 "  announce yes please\n  real_server 10.0.0.2\n}\n",
	  "2:16: \"please\" is too much: \"announce\" is written announce on|off\n" },
	{ "announced while most are good",
	  "global_defs {\n  announce_table 100\n  announce_while most\n}\n" VS4 "  real_server 10.0.0.2\n}\n",
	  "3:18: announce_while must be all or any, not \"most\"\n" },
	{ "table 0", "global_defs {\n  announce_table 0\n}\n" VS4 "  real_server 10.0.0.2\n}\n",
	  "2:18: announce_table must be a number from 1 to 4294967295, not \"0\"\n" },
	{ "the kernel's main table",
	  "global_defs {\n  announce_table 254\n  announce_port p\n}\n" VS4 "  real_server 10.0.0.2\n}\n",
	  "2:18: announce_table 254 is a routing table that the kernel forwards by: give a number of its "
	  "own, "
	  "such as 100\n" },
	{ "a port without a table", "global_defs {\n  announce_port p\n}\n" VS4 "  real_server 10.0.0.2\n}\n",
	  "2:17: warning: there is no announce_table: VIPs are not announced, and announce_port has no "
	  "effect\n" },
	{ "a port that is not there",
	  "global_defs {\n  announce_table 100\n  announce_port q\n}\n" VS4 "  real_server 10.0.0.2\n}\n",
	  "3:17: there is no port \"q\"\n" },
	{ "a port without a kernel interface",
	  "port q {\n device net_null1\n address 10.9.0.1/24\n}\n"
	  "global_defs {\n  announce_table 100\n  announce_port q\n}\n" VS4 "  real_server 10.0.0.2\n}\n",
	  "7:17: port q has no kernel interface that a route could lead to: it needs \"tap on\"\n" },
	{ "no port with one",
	  "port q {\n device net_null1\n address 10.0.0.1/24\n}\n"
	  "global_defs {\n  announce_table 100\n}\n" VS4 "  real_server 10.0.0.2\n}\n",
	  "6:3: announce_table needs a port with a kernel interface, for its routes: none has \"tap on\"\n",
	  .bare = true },
	{ "in the wrong block", VS4 "  real_server 10.0.0.2 80 {\n    toa on\n  }\n}\n",
	  "3:5: \"toa\" cannot stand in real_server: it belongs in virtual_server\n" },
};

static void
option_faults(void **state)
{
	conf_rows_check(option_fault_rows, SL_COUNT(option_fault_rows));
}

/* A table of mh has no place for more. */
static void
too_many_servers(void **state)
{
	for (unsigned int count = 4093; count <= 4094; count++) {
		struct conf_faults faults = { 0 };
		struct conf *conf;
		char *text = NULL;
		size_t size = 0;
		FILE *stream = open_memstream(&text, &size);

		fprintf(stream, PORT VS4 " lb_algo mh\n");
		for (unsigned int i = 0; i < count; i++)
			fprintf(stream, " real_server 10.1.%u.%u\n", i >> 7, (i & 127) + 1);
		fprintf(stream, "}\n");
		fclose(stream);
		conf = conf_load_text("t", text, size, false, &faults);
		sl_check_int("loaded", conf != NULL, count == 4093);
		if (conf == NULL)
			sl_check_str("the fault", faults.first->text,
				     "scheduler mh takes 4093 real servers at most, and this virtual_server "
				     "has 4094");
		conf_free(conf);
		conf_faults_free(&faults);
		free(text);
	}
}

/* What has no effect on UDP does not reach the data plane; a later word takes an earlier one back. */
static void
options_taken_out(void **state)
{
	static const char text[] = PORT LOCAL("10.0.0.200 p") VS4
		"  laddr_group_name g\n  lb_kind FNAT\n  protocol UDP\n  toa on\n  strip_tcp_timestamps on\n"
		"  mss_clamp 1400\n  reject off\n  real_server 10.0.0.2\n}\n"
		"virtual_server 192.0.2.1 81 {\n  toa on\n  toa off\n  reject off\n  reject on\n"
		"  mss_clamp 1400\n  mss_clamp off\n  mh-port\n  mh-fallback\n  real_server 10.0.0.2\n}\n";
	struct conf_faults faults = { 0 };
	struct conf *conf = conf_load_text("t", text, sizeof(text) - 1, false, &faults);

	assert_non_null(conf);
	sl_check_int("UDP options", conf->services[0].options, DP_SERVICE_SILENT);
	sl_check_int("UDP mss", conf->services[0].mss, DP_MSS_KEEP);
	sl_check_int("TCP options", conf->services[1].options, 0);
	sl_check_int("TCP mss", conf->services[1].mss, DP_MSS_KEEP);
	conf_free(conf);
	conf_faults_free(&faults);
}

/* ---- the kernel's path ---- */

/* { lines of a port; tap, transit to the kernel, silent closed ports } */
static const struct {
	const char *lines;
	bool tap, transit_kernel, closed_drop;
} port_rows[] = {
	{ "", false, false, false },
	{ "tap on", true, false, false },
	{ "tap off\n transit drop\n closed_port reject", false, false, false },
	{ "transit kernel\n tap on", true, true, false },
	{ "tap on\n transit drop", true, false, false },
	{ "closed_port drop", false, false, true },
};

static void
ports(void **state)
{
	for (size_t i = 0; i < SL_COUNT(port_rows); i++) {
		const char *row = port_rows[i].lines;
		char *text = NULL;

		assert_true(asprintf(&text, "port abcdefghijkl {\n device net_null0\n %s\n}\n", row) > 0);

		struct conf *conf = conf_load_clean(row, text);
		const struct dp_port_conf *dp = &conf->ports[0].dp;

		sl_check_int(row, dp->tap, port_rows[i].tap);
		sl_check_int(row, dp->transit_kernel, port_rows[i].transit_kernel);
		sl_check_int(row, dp->closed_drop, port_rows[i].closed_drop);
		conf_free(conf);
		free(text);
	}
}

static const struct conf_row port_fault_rows[] = {
	{ "tap", "port q {\n  device net_null0\n  tap maybe\n}\n",
	  "3:7: tap must be on or off, not \"maybe\"\n" },
	{ "transit", "port q {\n  device net_null0\n  transit forward\n}\n",
	  "3:11: transit must be kernel or drop, not \"forward\"\n" },
	{ "closed_port", "port q {\n  device net_null0\n  closed_port on\n}\n",
	  "3:15: closed_port must be drop or reject, not \"on\"\n" },
	{ "transit without a kernel interface", "port q {\n  device net_null0\n  transit kernel\n}\n",
	  "3:3: \"transit kernel\" needs \"tap on\": without it port q has no kernel interface\n" },
	{ "a name that is too long for Linux", "port abcdefghijklm {\n  device net_null0\n  tap on\n}\n",
	  "1:6: port abcdefghijklm: with \"tap on\" the name can have 12 characters, not 13: its kernel "
	  "interface is sl-abcdefghijklm, and Linux allows 15\n" },
};

static void
port_faults(void **state)
{
	conf_rows_check(port_fault_rows, SL_COUNT(port_fault_rows));
}

/* ---- rates of the box ---- */

/* { line of dataplane; what comes of it } */
static const struct {
	const char *line;
	bool pmtu_disc;
	unsigned int answer_rate, kernel_rate;
} rate_rows[] = {
	{ "", true, 1000, 50000 },
	{ "pmtu_disc off", false, 1000, 50000 },
	{ "pmtu_disc 0", false, 1000, 50000 },
	{ "pmtu_disc 1", true, 1000, 50000 },
	{ "pmtu_disc on", true, 1000, 50000 },
	{ "answer_rate 0", true, 0, 50000 },
	{ "answer_rate 20k", true, 20000, 50000 },
	{ "kernel_rate 1", true, 1000, 1 },
	{ "kernel_rate 2m", true, 1000, 2000000 },
};

static void
rates(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rate_rows); i++) {
		const char *row = rate_rows[i].line;
		char *text = NULL;

		assert_true(asprintf(&text, PORT "dataplane {\n %s\n}\n", row) > 0);

		struct conf *conf = conf_load_clean(row, text);

		sl_check_int(row, conf->pmtu_disc, rate_rows[i].pmtu_disc);
		sl_check_int(row, conf->answer_rate, rate_rows[i].answer_rate);
		sl_check_int(row, conf->kernel_rate, rate_rows[i].kernel_rate);
		conf_free(conf);
		free(text);
	}
}

static const struct conf_row rate_fault_rows[] = {
	{ "pmtu_disc", "dataplane {\n  pmtu_disc 2\n}\n", "2:13: pmtu_disc must be on or off, not \"2\"\n" },
	{ "answer_rate", "dataplane {\n  answer_rate unlimited\n}\n",
	  "2:15: answer_rate must be a number from 0 to 1000000000 (250k and 4m are decimal), not "
	  "\"unlimited\"\n" },
	{ "kernel_rate", "dataplane {\n  kernel_rate 0\n}\n",
	  "2:15: kernel_rate must be a number from 1 to 1000000000 (250k and 4m are decimal), not \"0\"\n" },
};

static void
rate_faults(void **state)
{
	conf_rows_check(rate_fault_rows, SL_COUNT(rate_fault_rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods),          cmocka_unit_test(method_of_a_server),
		cmocka_unit_test(method_faults),    cmocka_unit_test(families),
		cmocka_unit_test(ranges),           cmocka_unit_test(ports_of_ranges),
		cmocka_unit_test(local_faults),     cmocka_unit_test(too_many_groups),
		cmocka_unit_test(full_nat),         cmocka_unit_test(options),
		cmocka_unit_test(option_faults),    cmocka_unit_test(options_taken_out),
		cmocka_unit_test(too_many_servers), cmocka_unit_test(ports),
		cmocka_unit_test(port_faults),      cmocka_unit_test(rates),
		cmocka_unit_test(rate_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
