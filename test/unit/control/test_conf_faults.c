/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults of the grammar, of variables, keywords, and the blocks that hold for
 * the whole box: where each is reported and what is said.
 */
#include "test_conf_rows.h"

/* ---- words and blocks ---- */

static const struct conf_row words_and_blocks_rows[] = {
	{ "nested too deep",
	  "a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { a { "
	  "a { a { a { a { a { a { a { a { a { \n"
	  "} } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } } \n",
	  "1:1: unknown keyword \"a\" at the outermost level (the nearest that exists is \"SSL\")\n"
	  "1:131: blocks are nested more than 32 deep\n" },
	{ "~LST", "~LST(A, 1, 2) router_id ${A}\n",
	  "1:1: ~LST lines are not available: write out the lines that it stands for\n" },
	{ "an include of a block", "include x.conf {\n  a\n}\n",
	  "1:9: cannot include \"x.conf\": No such file or directory\n"
	  "1:16: a block needs a keyword before its \"{\"\n" },
	{ "an include without a name", "include\n", "1:1: \"include\" takes one file name or pattern\n" },
	{ "an include of two", "include a b\n", "1:11: \"include\" takes one file name or pattern\n" },
	{ "an include that is not there", "global_defs {\n  include /nonexistent/x.conf\n}\n",
	  "2:11: cannot include \"/nonexistent/x.conf\": No such file or directory\n" },
	{ "a pattern that must match", "includem /nonexistent/*.conf\ninclude /nonexistent/*.conf\n",
	  "1:10: no file matches \"/nonexistent/*.conf\"\n" },
	{ "a quote that is not closed", "global_defs {\n  router_id \"lb1\n}\n",
	  "2:13: the quote is not closed on its line: a \" is missing\n" },
	{ "a quote that swallows the brace", "virtual_server \"192.0.2.1 80 {\n  bogus\n}\n",
	  "1:16: the quote is not closed on its line: a \" is missing\n" },
	{ "an escape of zero", "global_defs {\n  router_id \"a\\0b\"\n}\n",
	  "2:15: this escape gives a zero byte, which no value can hold\n" },
	{ "a closing brace too much", "global_defs {\n}\n}\n",
	  "3:1: this \"}\" closes nothing: no block is open\n" },
	{ "a closing brace too few at the end", "global_defs {\n  router_id a\n",
	  "1:1: block \"global_defs\" is not closed: a \"}\" is missing before the end of the file\n" },
	{ "a closing brace too few before a block of the outermost level",
	  "global_defs {\n  router_id a\nvirtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 {\n  }\n}\n",
	  "3:1: \"virtual_server\" cannot stand inside \"global_defs\", which is open since line 6: a "
	  "\"}\" is missing before this line\n" },
	{ "a block without a keyword", "global_defs {\n}\n{\n  bogus\n}\n",
	  "3:1: a block needs a keyword before its \"{\"\n" },
	{ "~SEQ", "~SEQ(N, 1, 3) $RS\n",
	  "1:1: ~SEQ lines are not available: write out the lines that it stands for\n" },
	{ "a tab is one column", "\t\tbogus 1\n",
	  "1:3: unknown keyword \"bogus\" at the outermost level (the nearest that exists is \"port\")\n" },
	{ "after an umlaut, columns count bytes", "global_defs {\n  router_id \"\303\274\" x\n}\n",
	  "2:18: \"x\" is too much: \"router_id\" is written router_id NAME\n" },
	{ "two faults on a line", "global_defs { bogus }  } \n",
	  "1:15: unknown keyword \"bogus\" in global_defs (the nearest that exists is \"fence\")\n"
	  "1:24: this \"}\" closes nothing: no block is open\n" },
};

/* ---- variables ---- */

static const struct conf_row variables_rows[] = {
	{ "undefined as a value", "virtual_server 192.0.2.1 80 {\n  lb_algo $ALGO\n}\n",
	  "2:11: variable \"$ALGO\" is not defined: $NAME=VALUE must stand before its use\n" },
	{ "undefined in a part of a value",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.${N} 80\n}\n",
	  "2:15: variable \"${N}\" is not defined: $NAME=VALUE must stand before its use\n" },
	{ "undefined as a keyword", "$KEYWORD 1\n",
	  "1:1: variable \"$KEYWORD\" is not defined: $NAME=VALUE must stand before its use\n" },
	{ "contains itself", "$A=x $B\n$B=y $A\nvirtual_server $A 80 {\n}\n",
	  "3:16: variable $A contains itself\n" },
	{ "name begins with a digit", "$1A=x\n", "1:1: a variable's name cannot begin with a digit\n" },
	{ "a fault in a value stands where it is used",
	  "$W=70000\nvirtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80 {\n    weight $W\n  }\n}\n",
	  "4:12: weight must be a number from 0 to 65535, not \"70000\"\n" },
};

/* ---- keywords ---- */

static const struct conf_row keywords_rows[] = {
	{ "unknown, with a near one", "globl_defs {\n  bogus\n}\n",
	  "1:1: unknown keyword \"globl_defs\" at the outermost level (did you mean \"global_defs\"?)\n" },
	{ "unknown, with none near", "global_defs {\n  xyzzy 1\n}\n",
	  "2:3: unknown keyword \"xyzzy\" in global_defs (the nearest that exists is \"fence\")\n" },
	{ "too long to be compared",
	  "global_defs {\n  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 1\n}\n",
	  "2:3: unknown keyword \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\" in "
	  "global_defs\n" },
	{ "belongs elsewhere", "global_defs {\n  weight 1\n  virtual_server_group g {\n  }\n}\n",
	  "2:3: \"weight\" cannot stand in global_defs: it belongs in virtual_server\n"
	  "3:3: \"virtual_server_group\" cannot stand inside \"global_defs\", which is open since line 6: "
	  "a \"}\" is missing before this line\n"
	  "3:24: warning: virtual_server_group \"g\" is empty: it lacks lines ADDRESS[-ADDRESS] "
	  "PORT[-PORT]\n" },
	{ "belongs to the outermost level", "global_defs {\n  track_file x {\n    file a\n  }\n}\n",
	  "2:3: \"track_file\" cannot stand in global_defs: it belongs at the outermost level\n" },
	{ "lacks its value", "global_defs {\n  router_id\n}\n",
	  "2:3: \"router_id\" lacks a value: it is written router_id NAME\n" },
	{ "a word too many", "global_defs {\n  router_id a b\n}\n",
	  "2:15: \"b\" is too much: \"router_id\" is written router_id NAME\n" },
	{ "a second keyword on a line",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80 { weight 1 lvs_method NAT }\n}\n",
	  "2:38: \"lvs_method\" must begin a line of its own: \"weight\" ends before it\n" },
	{ "lacks its block", "port q\n",
	  "1:1: \"port\" needs a block: it is written port NAME { device ... }\n" },
	{ "has a block too much", "virtual_server 192.0.2.1 80 {\n  lb_algo rr {\n    bogus\n  }\n}\n",
	  "2:3: \"lb_algo\" takes no block: it is written lb_algo SCHEDULER, such as wlc\n" },
	{ "twice", "global_defs {\n  router_id a\n  router_id b\n}\n",
	  "3:3: warning: \"router_id\" stands in line 7 already: the last one counts\n" },
	{ "no effect yet",
	  "virtual_server 192.0.2.1 80 {\n  delay_loop 6\n  persistence_timeout 60\n"
	  "  real_server 10.0.0.2 80 {\n    TCP_CHECK {\n      connect_timeout 3\n    }\n  }\n}\n",
	  "3:3: warning: \"persistence_timeout\" has no effect yet: persistence is not built yet, "
	  "connections of one client may go to different servers\n" },
	{ "no effect yet, with an unknown one inside",
	  "garp_group {\n  garp_intrval 1\n  interface eth0\n}\n",
	  "1:1: warning: \"garp_group\" has no effect yet: garp_interval of an instance, or "
	  "vrrp_garp_interval, holds for each port by itself\n"
	  "2:3: unknown keyword \"garp_intrval\" in garp_group (did you mean \"garp_interval\"?)\n" },
	{ "not available", "static_rules {\n  from 192.0.2.0/24 table 1\n}\n",
	  "1:1: \"static_rules\" is not available yet: packets are routed by their destination alone\n" },
};

/* ---- global_defs and dataplane ---- */

static const struct conf_row global_defs_and_dataplane_rows[] = {
	{ "no router_id", "global_defs {\n  router_id \"\"\n}\n",
	  "2:13: router_id must have 1 to 63 characters, not 0\n" },
	{ "a long router_id",
	  "global_defs {\n  router_id xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n}\n",
	  "2:13: router_id must have 1 to 63 characters, not 64\n" },
	{ "timeouts", "global_defs {\n  lvs_timeouts tcp 0 udp 5s\n}\n",
	  "2:20: timeout tcp must be a number from 1 to 2678400, not \"0\"\n"
	  "2:26: timeout udp must be a number from 1 to 2678400, not \"5s\"\n" },
	{ "an unknown timeout", "global_defs {\n  lvs_timeouts icmp 5\n}\n",
	  "2:16: lvs_timeouts has tcp, tcpfin and udp, not \"icmp\"\n" },
	{ "a timeout without a value", "global_defs {\n  lvs_timeouts tcp 5 udp\n}\n",
	  "2:22: timeout \"udp\" lacks its seconds\n" },
	{ "control_socket", "global_defs {\n  control_socket run/x.sock\n}\n",
	  "2:18: control_socket must be a path from the root, not \"run/x.sock\"\n" },
	{ "conn_reuse_mode", "global_defs {\n  conn_reuse_mode 2\n}\n",
	  "2:19: conn_reuse_mode must be a number from 0 to 1, not \"2\"\n" },
	{ "workers", "dataplane {\n  workers 65\n}\n",
	  "2:11: workers (or auto) must be a number from 1 to 64, not \"65\"\n" },
	{ "idle", "dataplane {\n  idle lazy\n}\n", "2:8: idle must be adaptive or busy, not \"lazy\"\n" },
	{ "connections", "dataplane {\n  connections 4x\n}\n",
	  "2:15: connections must be a number from 1000 to 1000000000 (250k and 4m are decimal), not "
	  "\"4x\"\n" },
	{ "connections, too few", "dataplane {\n  connections 10\n}\n",
	  "2:15: connections must be a number from 1000 to 1000000000 (250k and 4m are decimal), not "
	  "\"10\"\n" },
	{ "connections, too many", "dataplane {\n  connections 2g\n}\n",
	  "2:15: connections must be a number from 1000 to 1000000000 (250k and 4m are decimal), not "
	  "\"2g\"\n" },
	{ "mbufs", "dataplane {\n  mbufs -1\n}\n",
	  "2:9: mbufs must be a number from 512 to 64000000 (250k and 4m are decimal), not \"-1\"\n" },
	{ "memory", "dataplane {\n  memory 64m\n}\n",
	  "2:10: memory (in megabytes) must be a number from 16 to 1048576, not \"64m\"\n" },
	{ "cores", "dataplane {\n  worker_cores 2-x\n}\n",
	  "2:16: worker_cores must be a list such as 2-5,7, not \"2-x\"\n" },
	{ "cores backwards", "dataplane {\n  worker_cores 1,5-2\n}\n",
	  "2:16: worker_cores: the range 5-2 runs backwards\n" },
	{ "cores past the last", "dataplane {\n  worker_cores 1020-1024\n}\n",
	  "2:16: worker_cores: 1020-1024 passes the highest core that can be, 1023\n" },
	{ "more cores than workers can be", "dataplane {\n  worker_cores 0-64\n}\n",
	  "2:16: worker_cores: there can be at most 64 workers\n" },
	{ "a core twice", "dataplane {\n  worker_cores 2,3,2\n}\n",
	  "2:16: warning: worker_cores: core 2 is given twice, two workers will share it\n" },
	{ "cores and workers differ", "dataplane {\n  workers 2\n  worker_cores 2-5\n}\n",
	  "1:1: 2 workers but 4 worker_cores: give one of them, or the same number\n" },
	{ "twice, in two blocks of one",
	  "dataplane {\n  workers 2\n}\ndataplane {\n  idle busy\n  workers 3\n}\n",
	  "6:3: warning: \"workers\" stands in line 7 already: the last one counts\n" },
};

static void
words_and_blocks(void **state)
{
	conf_rows_check(words_and_blocks_rows, SL_COUNT(words_and_blocks_rows));
}

static void
variables(void **state)
{
	conf_rows_check(variables_rows, SL_COUNT(variables_rows));
}

static void
keywords(void **state)
{
	conf_rows_check(keywords_rows, SL_COUNT(keywords_rows));
}

static void
global_defs_and_dataplane(void **state)
{
	conf_rows_check(global_defs_and_dataplane_rows, SL_COUNT(global_defs_and_dataplane_rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_blocks),
		cmocka_unit_test(variables),
		cmocka_unit_test(keywords),
		cmocka_unit_test(global_defs_and_dataplane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
