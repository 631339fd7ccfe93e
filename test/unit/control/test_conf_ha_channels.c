/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faulty heartbeats and connection sync, and what global_defs says of two boxes
 * (see test_conf_ha_faults.c); and keepalived's own examples of VRRP, where
 * they are installed.
 */
#include "test_conf_rows.h"

#include <stdio.h>
#include <stdlib.h>

/* Line 2 is the first of `lines`. */
#define UDP(lines) "heartbeat udp h {\n" lines "\n peer 172.16.0.2\n key 12345678\n}\n"
#define UDP2(lines) "heartbeat udp k {\n" lines "\n peer 172.16.0.2\n key 12345678\n}\n"
#define SERIAL(lines) "heartbeat serial h {\n" lines "\n device /dev/null\n key 12345678\n}\n"
#define GLOBAL(line) "global_defs {\n " line "\n}\n"
#define SYNC(lines) "connection_sync {\n" lines "\n interface lo\n key 12345678\n}\n"
#define VI                                                                                                   \
	"vrrp_instance VI {\n interface p\n virtual_router_id 51\n virtual_ipaddress {\n  10.0.0.99\n "      \
	"}\n}\n"

static const struct conf_row heartbeat_rows[] = {
	{ "neither udp nor serial", "heartbeat tcp h {\n}\n",
	  "1:11: a heartbeat is udp or serial, not \"tcp\"\n" },
	{ "no name", "heartbeat udp {\n}\n",
	  "1:1: \"heartbeat\" lacks a value: it is written heartbeat udp|serial NAME { ... }\n" },
	{ "no peer", "heartbeat udp h {\n key 12345678\n}\n",
	  "1:1: heartbeat h lacks its peer: an address, or a multicast group\n" },
	{ "no key", "heartbeat udp h {\n peer 172.16.0.2\n}\n",
	  "1:1: heartbeat h lacks its key: whoever reaches the box could speak for the peer; key \"...\" or "
	  "key_file "
	  "PATH, the same on both boxes\n" },
	{ "no line", "heartbeat serial h {\n key 12345678\n}\n",
	  "1:1: heartbeat h lacks its line: device PATH\n" },
	{ "twice", UDP("") UDP(""), "6:15: heartbeat \"h\" is defined in line 6 already\n" },
	{ "a short key", "heartbeat udp h {\n peer 172.16.0.2\n key secrets\n}\n",
	  "3:6: key must have 8 to 127 characters, not 7\n" },
	{ "both keys", "heartbeat udp h {\n peer 172.16.0.2\n key 12345678\n key_file /etc/hostname\n}\n",
	  "4:2: key and key_file are both given (line 8): one of them\n" },
	{ "a key_file that is not there", "heartbeat udp h {\n peer 172.16.0.2\n key_file /nowhere/key\n}\n",
	  "3:11: key_file \"/nowhere/key\": No such file or directory\n" },
	{ "a key_file that is none", "heartbeat udp h {\n peer 172.16.0.2\n key_file /dev/zero\n}\n",
	  "3:11: key_file \"/dev/zero\": it is not a regular file\n" },
	{ "a key_file that is a directory", "heartbeat udp h {\n peer 172.16.0.2\n key_file /dev\n}\n",
	  "3:11: key_file \"/dev\": it is a directory\n" },
	{ "peer", "heartbeat udp h {\n peer lb2\n key 12345678\n}\n",
	  "2:7: peer must be an IPv4 or IPv6 address, not \"lb2\"\n" },
	{ "local of another family", UDP(" local 2001:db8::1"), "2:8: local is IPv6, and peer is IPv4\n" },
	{ "local that is peer", UDP(" local 172.16.0.2"),
	  "3:7: peer is local: it is the address of the other box\n" },
	{ "a group without an interface", "heartbeat udp h {\n peer 224.0.0.99\n key 12345678\n}\n",
	  "2:7: a multicast group needs an interface\n" },
	{ "a port without a tap", "port p {\n device net_null9\n address 10.0.0.1/8\n}\n" UDP(" interface p"),
	  "6:12: port p has no kernel interface: it needs \"tap on\", or give a kernel interface here\n",
	  .bare = true },
	{ "an interface that cannot be", UDP(" interface a-very-long-name-of-one"),
	  "2:12: interface must be a kernel interface, whose names have 1 to 15 characters, not "
	  "\"a-very-long-name-of-one\"\n" },
	{ "an interface that is not there", UDP(" interface eth99"),
	  "2:12: warning: interface \"eth99\" does not exist: nothing is heard until it does\n",
	  .passes = true },
	{ "the tap of a port", UDP(" interface sl-p"), "", .passes = true },
	{ "the tap of no port", UDP(" interface sl-q"),
	  "2:12: warning: interface \"sl-q\" does not exist: nothing is heard until it does\n",
	  .passes = true },
	{ "twice the same way", UDP("") UDP2(""),
	  "6:15: heartbeat k is at the same port 694, interface and local address as heartbeat h (line 6), "
	  "where only one of two hears its peer: one of these must be another\n" },
	{ "twice by their names for it", UDP(" interface p") UDP2(" interface sl-p\n port 694"),
	  "6:15: heartbeat k is at the same port 694, interface and local address as heartbeat h (line 6), "
	  "where only one of two hears its peer: one of these must be another\n" },
	{ "two peers at one place", UDP(" local 10.0.0.1") UDP2(" peer 172.16.0.3\n local 10.0.0.1"),
	  "6:15: heartbeat k is at the same port 694, interface and local address as heartbeat h (line 6), "
	  "where only one of two hears its peer: one of these must be another\n"
	  "9:2: warning: \"peer\" stands in line 12 already: the last one counts\n" },
	{ "two ports", UDP("") UDP2(" port 695"), "", .passes = true },
	{ "two local addresses", UDP(" local 172.16.0.1") UDP2(" local 172.16.1.1"), "", .passes = true },
	{ "two interfaces", UDP(" interface lo") UDP2(" interface p"), "", .passes = true },
	{ "two families", UDP("") "heartbeat udp k {\n peer 2001:db8::2\n key 12345678\n}\n", "",
	  .passes = true },
	{ "two groups",
	  "heartbeat udp h {\n interface p\n peer 224.0.0.98\n key 12345678\n}\n"
	  "heartbeat udp k {\n interface p\n peer 224.0.0.99\n key 12345678\n}\n",
	  "", .passes = true },
	{ "a group twice",
	  "heartbeat udp h {\n interface p\n peer 224.0.0.99\n local 10.0.0.1\n key 12345678\n}\n"
	  "heartbeat udp k {\n interface p\n peer 224.0.0.99\n key 12345678\n}\n",
	  "7:15: heartbeat k is at the same port 694, interface and local address as heartbeat h (line 6), "
	  "where only one of two hears its peer: one of these must be another\n" },
	{ "two without a line, or a peer",
	  "heartbeat serial h {\n key 12345678\n}\nheartbeat serial k {\n key 12345678\n}\n"
	  "heartbeat udp l {\n key 12345678\n}\nheartbeat udp m {\n key 12345678\n}\n",
	  "1:1: heartbeat h lacks its line: device PATH\n"
	  "4:1: heartbeat k lacks its line: device PATH\n"
	  "7:1: heartbeat l lacks its peer: an address, or a multicast group\n"
	  "10:1: heartbeat m lacks its peer: an address, or a multicast group\n" },
	{ "two on one line", SERIAL("") "heartbeat serial k {\n device /dev/null\n key 12345678\n}\n",
	  "7:9: device \"/dev/null\" is that of heartbeat h already (line 6): a line has one heartbeat\n" },
	{ "a device that is not there", "heartbeat serial h {\n device /dev/none\n key 12345678\n}\n",
	  "2:9: warning: device \"/dev/none\" does not exist: nothing is heard until it does\n",
	  .passes = true },
	{ "a device that is a file", "heartbeat serial h {\n device /etc/passwd\n key 12345678\n}\n",
	  "2:9: device \"/etc/passwd\" is a regular file: a serial line is a character device\n" },
	{ "a device that is a directory", "heartbeat serial h {\n device /dev\n key 12345678\n}\n",
	  "2:9: device \"/dev\" is a directory: a serial line is a character device\n" },
	{ "port 0", UDP(" port 0"), "2:7: port must be a number from 1 to 65535, not \"0\"\n" },
	{ "ttl 0", UDP(" ttl 0"), "2:6: ttl must be a number from 1 to 255, not \"0\"\n" },
	{ "interval", UDP(" interval 0.001"),
	  "2:11: interval must be seconds from 0.01 to 60, with three decimals at most, not \"0.001\"\n" },
	{ "dead", UDP(" interval 1\n dead 1"),
	  "3:7: dead, 1, must be more than the interval, 1: several messages may be lost before the channel "
	  "is\n" },
	{ "a device without its path", "heartbeat serial h {\n device ttyS0\n key 12345678\n}\n",
	  "2:9: device must be a path from the root, such as /dev/ttyS0, not \"ttyS0\"\n" },
	{ "baud", SERIAL(" baud 9601"),
	  "2:7: a serial line has 9600, 19200, 38400, 57600, 115200 ... baud, not \"9601\"\n" },
	{ "peer of a serial line", SERIAL(" peer 172.16.0.2"),
	  "2:2: \"peer\" cannot stand in heartbeat serial: it belongs in heartbeat udp\n" },
	{ "a misspelt keyword", UDP(" intrval 1"),
	  "2:2: unknown keyword \"intrval\" in heartbeat udp (did you mean \"interval\"?)\n" },
};

static const struct conf_row sync_rows[] = {
	{ "no interface", "connection_sync {\n key 12345678\n}\n",
	  "1:1: connection_sync lacks its interface: where the peer is heard\n" },
	{ "no key", "connection_sync {\n interface lo\n}\n",
	  "1:1: warning: connection_sync has no key: whoever reaches its interface can make connections up; "
	  "key "
	  "\"...\" or key_file PATH, the same on both boxes (or \"lvs_peer on\", if the peer is LVS)\n" },
	{ "an instance that is not", VI SYNC(" instance V1"),
	  "9:11: there is no vrrp_instance \"V1\" (did you mean VI?)\n" },
	{ "id", SYNC(" id 256"), "2:5: id must be a number from 0 to 255, not \"256\"\n" },
	{ "peer and group", SYNC(" peer 172.16.0.2\n group 224.0.0.81"),
	  "3:2: group is one too many: where messages go is given in line 7\n" },
	{ "a peer that is a group", SYNC(" peer 224.0.0.81"),
	  "2:7: peer must be the address of the other box, not \"224.0.0.81\"\n" },
	{ "a group that is a peer", SYNC(" group 172.16.0.2"),
	  "2:8: group must be a multicast address, such as 224.0.0.81, not \"172.16.0.2\" (a peer is given "
	  "by "
	  "connection_sync's \"peer\")\n" },
	{ "maxlen", SYNC(" maxlen 65508"), "2:9: maxlen must be a number from 1 to 65507, not \"65508\"\n" },
	{ "threads", SYNC(" threads 9"), "2:10: threads must be a number from 1 to 8, not \"9\"\n" },
	{ "threads past the last port", SYNC(" threads 2\n port 65535"),
	  "1:1: 2 threads from port 65535 on pass the last port, 65535\n" },
	{ "retries", SYNC(" retries 4"), "2:10: retries must be a number from 0 to 3, not \"4\"\n" },
	{ "queue", SYNC(" queue 63"),
	  "2:8: queue must be a number from 64 to 16777216 (250k and 4m are decimal), not \"63\"\n" },
	{ "gate", SYNC(" gate long"),
	  "2:7: gate (or off) must be seconds from 0 to 3600, with three decimals at most, not \"long\"\n" },
	{ "gate of LVS", SYNC(" gate 5\n lvs_peer"),
	  "2:2: warning: gate has no effect with lvs_peer: LVS never says that it has told all it knows\n" },
	{ "local of another family", SYNC(" local 2001:db8::1"),
	  "2:8: local is IPv6, and the group 224.0.0.81 is IPv4\n" },
	{ "local that is peer", SYNC(" peer 172.16.0.2\n local 172.16.0.2"),
	  "3:8: local is peer: it is the address of this box\n" },
	{ "sysctls of LVS", SYNC(" sync_threshold 3 50\n sync_refresh_period 5"),
	  "2:2: warning: \"sync_threshold\" has no effect yet: a connection is synced as soon as it is "
	  "established, "
	  "and each change of its state at once\n"
	  "3:2: warning: \"sync_refresh_period\" has no effect yet: it is called refresh here\n" },
	{ "twice", SYNC("") SYNC(""),
	  "6:1: connection_sync stands in line 6 already: there is one connection sync\n" },
	{ "lvs_sync_daemon twice", GLOBAL("lvs_sync_daemon lo\n lvs_sync_daemon lo id 3"),
	  "3:2: lvs_sync_daemon stands in line 7 already: there is one connection sync\n" },
	{ "lvs_sync_daemon twice, in two blocks", GLOBAL("lvs_sync_daemon lo") GLOBAL("lvs_sync_daemon lo"),
	  "5:2: lvs_sync_daemon stands in line 7 already: there is one connection sync\n" },
	{ "an interface that is not there", "connection_sync {\n interface eth99\n key 12345678\n}\n",
	  "2:12: warning: interface \"eth99\" does not exist: nothing is heard until it does\n",
	  .passes = true },
	{ "lvs_sync_daemon's interface", GLOBAL("lvs_sync_daemon eth99"),
	  "2:18: warning: interface \"eth99\" does not exist: nothing is heard until it does\n",
	  .passes = true },
	{ "a word of lvs_sync_daemon", GLOBAL("lvs_sync_daemon lo inst VI peer 172.16.0.2") VI,
	  "2:29: lvs_sync_daemon has inst, id, maxlen, port, ttl and group, not \"peer\"\n" },
	{ "a value of lvs_sync_daemon", GLOBAL("lvs_sync_daemon lo id"), "2:21: \"id\" lacks its value\n" },
	{ "lvs_sync_daemon's id", GLOBAL("lvs_sync_daemon lo id 300"),
	  "2:24: id must be a number from 0 to 255, not \"300\"\n" },
	{ "lvs_sync_daemon's instance", GLOBAL("lvs_sync_daemon lo V1") VI,
	  "2:21: there is no vrrp_instance \"V1\" (did you mean VI?)\n" },
	{ "both, and not the same", GLOBAL("lvs_sync_daemon eth8 id 3 port 9000") SYNC(" id 4\n port 9000"),
	  "5:5: connection_sync has id \"4\", and lvs_sync_daemon \"3\" (line 7): they are one, and must say "
	  "the "
	  "same\n"
	  "7:12: connection_sync has interface \"lo\", and lvs_sync_daemon \"eth8\" (line 7): they are "
	  "one, and "
	  "must say the same\n" },
};

static const struct conf_row global_rows[] = {
	{ "vrrp_version", GLOBAL("vrrp_version 4"),
	  "2:15: vrrp_version must be a number from 2 to 3, not \"4\"\n" },
	{ "vrrp_mcast_group4", GLOBAL("vrrp_mcast_group4 ff02::12"),
	  "2:20: vrrp_mcast_group4 must be an IPv4 address, not \"ff02::12\"\n" },
	{ "vrrp_mcast_group6", GLOBAL("vrrp_mcast_group6 2001:db8::1"),
	  "2:20: vrrp_mcast_group6 must be a multicast address, such as 224.0.0.18 or ff02::12, not "
	  "\"2001:db8::1\"\n" },
	{ "vrrp_startup_delay", GLOBAL("vrrp_startup_delay -1"),
	  "2:21: vrrp_startup_delay must be seconds from 0 to 3600, with three decimals at most, not "
	  "\"-1\"\n" },
	{ "vrrp_rt_priority", GLOBAL("vrrp_rt_priority 100"),
	  "2:19: vrrp_rt_priority must be a number from 0 to 99, not \"100\"\n" },
	{ "own_health", GLOBAL("own_health good"), "2:13: own_health must be on or off, not \"good\"\n" },
	{ "fence", GLOBAL("fence \"power off lb2\""),
	  "2:8: a command must begin with a path from the root, as \"/usr/local/bin/check arg\", not \"power "
	  "off "
	  "lb2\"\n" },
	{ "fence_timeout alone", GLOBAL("fence_timeout 5"),
	  "2:2: warning: fence_timeout has no effect: there is no fence command\n" },
	{ "notify_fifo", GLOBAL("notify_fifo ha.fifo"),
	  "2:14: notify_fifo must be a path from the root, not \"ha.fifo\"\n" },
	{ "a setting of an instance", GLOBAL("garp_master_delay 5"),
	  "2:2: \"garp_master_delay\" cannot stand in global_defs: it belongs in vrrp_instance\n" },
	{ "a misspelt setting", GLOBAL("vrrp_garp_master_repeats 5"),
	  "2:2: unknown keyword \"vrrp_garp_master_repeats\" in global_defs (did you mean "
	  "\"vrrp_garp_master_repeat\"?)\n" },
	{ "lvs_notify_fifo", GLOBAL("lvs_notify_fifo /run/lvs"),
	  "2:2: warning: \"lvs_notify_fifo\" has no effect yet: sluicectl monitor tells what happens to "
	  "services and "
	  "servers\n" },
};

static void
heartbeat(void **state)
{
	conf_rows_check(heartbeat_rows, SL_COUNT(heartbeat_rows));
}

static void
sync(void **state)
{
	conf_rows_check(sync_rows, SL_COUNT(sync_rows));
}

static void
global(void **state)
{
	conf_rows_check(global_rows, SL_COUNT(global_rows));
}

/* ---- keepalived's own examples ---- */

#define SAMPLES "/usr/share/doc/keepalived/samples/keepalived.conf."

/* Errors are what Sluice, on purpose, does not take, and what keepalived itself has given up. */
static const struct {
	const char *name;
	unsigned int errors;
	const char *why;
} sample_rows[] = {
	{ "vrrp", 1, "is in vrrp_instance VI_1 already" },
	{ "vrrp.routes", 0, NULL },
	{ "vrrp.rules", 1, "packets are routed by their destination alone" },
	{ "vrrp.scripts", 0, NULL },
	{ "vrrp.static_ipaddress", 0, NULL },
	{ "vrrp.sync", 0, NULL },
	{ "vrrp.lvs_syncd", 2, "in vrrp_sync_group" }, /* from before `group` */
};

static void
samples(void **state)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < SL_COUNT(sample_rows); i++) {
		struct conf_faults faults = { 0 };
		char *path = NULL, *text = NULL;
		size_t size;
		FILE *file, *out = open_memstream(&text, &size);

		assert_true(asprintf(&path, SAMPLES "%s", sample_rows[i].name) > 0);
		for (unsigned int port = 0; port < 4; port++)
			fprintf(out, "port eth%u {\n device net_null%u\n address 192.168.%u.2/24\n}\n", port,
				port, 200 + port);
		file = fopen(path, "r");
		for (int c; file != NULL && (c = getc(file)) != EOF;)
			putc(c, out);
		fclose(out);
		if (file != NULL) {
			struct conf *conf = conf_load_text(path, text, size, false, &faults);

			if (faults.errors != sample_rows[i].errors)
				conf_faults_print(&faults, stderr);
			sl_check_int(sample_rows[i].name, faults.errors, sample_rows[i].errors);
			for (const struct conf_fault *fault = faults.first; fault != NULL;
			     fault = fault->next)
				sl_check(sample_rows[i].name,
					 fault->severity == CONF_WARNING ||
						 strstr(fault->text, sample_rows[i].why) != NULL);
			conf_free(conf);
			fclose(file);
			seen++;
		}
		conf_faults_free(&faults);
		free(path);
		free(text);
	}
	if (seen == 0)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heartbeat),
		cmocka_unit_test(sync),
		cmocka_unit_test(global),
		cmocka_unit_test(samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
