/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a new file's changes of two boxes read: VRRP, heartbeats, connection sync.
 */
#include "sl_test.h"
#include "test_model_diff.h"

#define PORT "port p {\n device net_null0\n address 10.0.0.1/8\n tap on\n}\n"
#define VI(name, vrid, lines)                                                                                \
	"vrrp_instance " name " {\n interface p\n virtual_router_id " vrid "\n" lines "\n}\n"
#define ONE(lines) PORT VI("VI", "51", lines "\n virtual_ipaddress {\n 10.0.0.9/8\n }")
#define TRACKS(delay)                                                                                        \
	"port q {\n device net_null1\n address 10.1.0.1/16\n}\n" ONE(                                        \
		"track_interface {\n q\n }") "interface_up_down_delays {\n " delay "\n}\n"
#define HEARTBEAT(lines) PORT "heartbeat udp h {\n peer 172.16.0.2\n" lines "\n}\n"
#define SYNC(lines) PORT "connection_sync {\n interface p\n lvs_peer\n" lines "\n}\n"
#define GROUP(line) ONE("") "local_address_group g {\n 10.0.0.200 p\n" line "\n}\n"

static const struct diff_row rows[] = {
	{ "nothing", ONE("priority 100"), ONE("# the default\n"), "" },
	{ "a value", ONE(""), ONE("priority 150"), "~ vrrp_instance VI priority 100 -> 150\n" },
	{ "a value for all of them", ONE(""), ONE("") "global_defs {\n vrrp_version 3\n}\n",
	  "~ vrrp_instance VI version 2 -> 3\n" },
	{ "an address more", ONE(""), ONE("virtual_ipaddress {\n 10.0.0.8 dev p\n }"),
	  "+ vrrp_instance VI virtual_ipaddress 10.0.0.8/32\n" },
	{ "an instance more", ONE(""), ONE("") VI("V2", "52", ""), "+ vrrp_instance V2\n" },
	{ "an instance less", ONE("") VI("V2", "52", ""), ONE(""), "- vrrp_instance V2\n" },
	{ "another order is no change", ONE("") VI("V2", "52", ""),
	  PORT VI("V2", "52", "") VI("VI", "51", "virtual_ipaddress {\n 10.0.0.9/8\n }"), "" },
	{ "a password is not shown", ONE("authentication {\n auth_type PASS\n auth_pass a\n }"),
	  ONE("authentication {\n auth_type PASS\n auth_pass b\n }"),
	  "~ vrrp_instance VI authentication auth_pass\n" },
	{ "a key is not shown", HEARTBEAT("key 12345678"), HEARTBEAT("key 12345679"),
	  "~ heartbeat udp h key\n" },
	{ "a channel", HEARTBEAT("key 12345678\n interval 1"), HEARTBEAT("key 12345678\n interval 2"),
	  "~ heartbeat udp h interval 1 -> 2\n~ heartbeat udp h dead 3.1 -> 6.1\n" },
	{ "a channel less", HEARTBEAT("key 12345678"), PORT, "- heartbeat udp h\n" },
	{ "connection sync", SYNC(""), SYNC("queue 100"), "~ connection_sync queue 65536 -> 100\n" },
	{ "no more of it", SYNC(""), PORT, "- connection_sync\n" },
	{ "the box", ONE(""), ONE("") "global_defs {\n vrrp_startup_delay 5\n}\n",
	  "+ global_defs vrrp_startup_delay 5\n" },
	{ "a group that moves", GROUP(""), GROUP("vrrp_instance VI"),
	  "~ local_address_group g vrrp_instance none -> VI\n" },
	{ "a tracked link's delay", TRACKS("q 1"), TRACKS("q 1 2"),
	  "~ interface_up_down_delays q 1.000 1.000 -> 1.000 2.000\n" },
	{ "a script", PORT "vrrp_script s {\n script /bin/true\n user 0 0\n}\n",
	  PORT "vrrp_script s {\n script \"/bin/true a\"\n user 0 0\n}\n",
	  "~ vrrp_script s script \"/bin/true\" -> \"/bin/true a\"\n" },
};

static void
changes(void **state)
{
	diff_rows_check(rows, SL_COUNT(rows), model_diff_ha);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
