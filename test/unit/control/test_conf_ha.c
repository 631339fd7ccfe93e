/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What good configurations say of two boxes: every keyword's value, keepalived's
 * defaults, what the control core makes of it for keepalive and the data plane,
 * and that all of it is the same when it has been saved and read again.
 */
#include "conf.h"
#include "conf_write.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_conf_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTS                                                                                                \
	"port wan {\n device net_null0\n address 192.0.2.251/24\n address 2001:db8::251/64\n tap on\n}\n"    \
	"port lan {\n device \"net_af_packet0,iface=eth1\"\n address 10.0.0.251/24\n}\n"
#define HEARTBEAT "heartbeat udp h {\n peer 172.16.0.2\n key 12345678\n}\n"

/* ---- one value of an instance ---- */

#define MEMBER(member) offsetof(struct ka_instance, member), sizeof(((struct ka_instance *)NULL)->member)

/* { what is said, in global_defs, in the instance, which member, what it must be } */
static const struct {
	const char *name, *global, *lines;
	size_t offset, size;
	uint64_t value;
} value_rows[] = {
	/* keepalived's defaults */
	{ "group", "", "", MEMBER(group), 1 },
	{ "adverts by default", "", "", MEMBER(adverts), true },
	{ "family by default", "", "", MEMBER(family), 4 },
	{ "version by default", "", "", MEMBER(version), 2 },
	{ "priority by default", "", "", MEMBER(priority), 100 },
	{ "state by default", "", "", MEMBER(initial), KA_BACKUP },
	{ "advert_int by default", "", "", MEMBER(advert_ms), 1000 },
	{ "down_timer_adverts by default", "", "", MEMBER(down_adverts), 3 },
	{ "preempt by default", "", "", MEMBER(nopreempt), false },
	{ "unicast_ttl by default", "", "", MEMBER(unicast_ttl), 255 },
	{ "accept by default", "", "", MEMBER(accept), true },
	{ "the port is tracked by default", "", "", MEMBER(track_port), true },
	{ "announcements by default", "", "", MEMBER(garp.repeat), 5 },
	{ "their second round", "", "", MEMBER(garp.delay_ms), 5000 },
	{ "no refresh by default", "", "", MEMBER(garp.refresh_ms), 0 },
	{ "one a refresh by default", "", "", MEMBER(garp.refresh_repeat), 1 },
	{ "lower priority as on becoming master", "", "garp_master_repeat 2", MEMBER(garp.lower_repeat), 2 },
	{ "its delay, too", "", "garp_master_delay 7", MEMBER(garp.lower_delay_ms), 7000 },

	/* the instance */
	{ "state MASTER", "", "state MASTER", MEMBER(initial), KA_MASTER },
	{ "the owner begins as master", "", "priority 255", MEMBER(initial), KA_MASTER },
	{ "priority", "", "priority 254", MEMBER(priority), 254 },
	{ "virtual_router_id", "", "", MEMBER(vrid), 51 },
	{ "version 3", "", "version 3", MEMBER(version), 3 },
	{ "advert_int", "", "advert_int 255", MEMBER(advert_ms), 255000 },
	{ "advert_int of version 3", "", "advert_int 0.01\n version 3", MEMBER(advert_ms), 10 },
	{ "the longest of version 3", "", "version 3\n advert_int 40.95", MEMBER(advert_ms), 40950 },
	{ "nopreempt", "", "nopreempt", MEMBER(nopreempt), true },
	{ "preempt takes it back", "", "nopreempt\n preempt", MEMBER(nopreempt), false },
	{ "preempt_delay", "", "preempt_delay 1000", MEMBER(preempt_delay_ms), 1000000 },
	{ "adverts off", "", "adverts off", MEMBER(adverts), false },
	{ "unicast_ttl", "", "unicast_ttl 5\n unicast_peer {\n 192.0.2.252\n }", MEMBER(unicast_ttl), 5 },
	{ "peers", "", "unicast_peer {\n 192.0.2.252\n 192.0.2.253\n }", MEMBER(peer_count), 2 },
	{ "check_unicast_src", "", "check_unicast_src", MEMBER(check_unicast_src), true },
	{ "skip_check_adv_addr", "", "skip_check_adv_addr on", MEMBER(skip_check_addrs), true },
	{ "v3_checksum_as_v2", "", "v3_checksum_as_v2", MEMBER(checksum_as_v2), true },
	{ "down_timer_adverts", "", "down_timer_adverts 100", MEMBER(down_adverts), 100 },
	{ "lower_prio_no_advert", "", "lower_prio_no_advert", MEMBER(lower_prio_no_advert), true },
	{ "higher_prio_send_advert", "", "", MEMBER(higher_prio_send_advert), true },
	{ "higher_prio_send_advert off", "", "higher_prio_send_advert false", MEMBER(higher_prio_send_advert),
	  false },
	{ "use_vmac", "", "use_vmac", MEMBER(vmac), true },
	{ "use_vmac with a name", "", "use_vmac vrrp.51", MEMBER(vmac), true },
	{ "no_accept", "", "no_accept", MEMBER(accept), false },
	{ "dont_track_primary", "", "dont_track_primary", MEMBER(track_port), false },
	{ "notify_priority_changes", "", "notify_priority_changes on", MEMBER(notify_priority), true },
	{ "PASS", "", "authentication {\n auth_type PASS\n auth_pass secret\n }", MEMBER(auth),
	  KA_AUTH_PASS },
	{ "PASS with version 3", "", "version 3\n authentication {\n auth_type PASS\n auth_pass s\n }",
	  MEMBER(auth), KA_AUTH_NONE },
	{ "garp_master_delay 0", "", "garp_master_delay 0", MEMBER(garp.delay_ms), 0 },
	{ "garp_master_refresh", "", "garp_master_refresh 60", MEMBER(garp.refresh_ms), 60000 },
	{ "garp_master_refresh_repeat", "", "garp_master_refresh_repeat 2", MEMBER(garp.refresh_repeat), 2 },
	{ "garp_lower_prio_repeat 0", "", "garp_lower_prio_repeat 0", MEMBER(garp.lower_repeat), 0 },
	{ "garp_lower_prio_delay", "", "garp_lower_prio_delay 10", MEMBER(garp.lower_delay_ms), 10000 },
	{ "garp_interval", "", "garp_interval 0.000001", MEMBER(garp.interval_us), 1 },
	{ "gna_interval", "", "gna_interval 1.5", MEMBER(garp.na_interval_us), 1500000 },
	{ "its port", "", "interface eth1", MEMBER(port), 1 },

	/* global_defs, which an instance may say otherwise */
	{ "vrrp_version", "vrrp_version 3", "", MEMBER(version), 3 },
	{ "vrrp_version, and version", "vrrp_version 3", "version 2", MEMBER(version), 2 },
	{ "vrrp_garp_master_repeat", "vrrp_garp_master_repeat 1", "", MEMBER(garp.repeat), 1 },
	{ "vrrp_garp_lower_prio_repeat", "vrrp_garp_lower_prio_repeat 9", "garp_master_repeat 2",
	  MEMBER(garp.lower_repeat), 9 },
	{ "vrrp_min_garp", "vrrp_min_garp", "", MEMBER(garp.repeat), 1 },
	{ "no second round", "vrrp_min_garp", "", MEMBER(garp.delay_ms), 0 },
	{ "vrrp_min_garp, and its own", "vrrp_min_garp", "garp_master_delay 3", MEMBER(garp.delay_ms), 3000 },
	{ "vrrp_garp_interval", "vrrp_garp_interval 0.001", "", MEMBER(garp.interval_us), 1000 },
	{ "vrrp_gna_interval", "vrrp_gna_interval 0.002", "", MEMBER(garp.na_interval_us), 2000 },
	{ "vrrp_down_timer_adverts", "vrrp_down_timer_adverts 4", "", MEMBER(down_adverts), 4 },
	{ "vrrp_lower_prio_no_advert", "vrrp_lower_prio_no_advert", "", MEMBER(lower_prio_no_advert), true },
	{ "and off here", "vrrp_lower_prio_no_advert", "lower_prio_no_advert off",
	  MEMBER(lower_prio_no_advert), false },
	{ "vrrp_higher_prio_send_advert", "vrrp_higher_prio_send_advert off", "",
	  MEMBER(higher_prio_send_advert), false },
	{ "vrrp_check_unicast_src", "vrrp_check_unicast_src", "", MEMBER(check_unicast_src), true },
	{ "vrrp_skip_check_adv_addr", "vrrp_skip_check_adv_addr", "", MEMBER(skip_check_addrs), true },
	{ "v3_checksum_as_v2 for all", "v3_checksum_as_v2", "", MEMBER(checksum_as_v2), true },
	{ "vrrp_notify_priority_changes", "vrrp_notify_priority_changes on", "", MEMBER(notify_priority),
	  true },

	/* what does not go together gives way, as in keepalived */
	{ "nopreempt of a master", "", "state MASTER\n nopreempt", MEMBER(nopreempt), false },
	{ "preempt_delay of a master", "", "state MASTER\n preempt_delay 3", MEMBER(preempt_delay_ms), 0 },
	{ "preempt_delay with nopreempt", "", "nopreempt\n preempt_delay 3", MEMBER(preempt_delay_ms), 0 },

	/* the family */
	{ "IPv6 by its address", "", "virtual_ipaddress {\n 2001:db8::1/64\n }", MEMBER(family), 6 },
	{ "and then version 3", "", "virtual_ipaddress {\n 2001:db8::1/64\n }", MEMBER(version), 3 },
	{ "whatever is said", "", "version 2\n virtual_ipaddress {\n 2001:db8::1\n }", MEMBER(version), 3 },
	{ "IPv6 by its peer", "", "unicast_peer {\n 2001:db8::252\n }", MEMBER(family), 6 },
	{ "IPv6 by its source", "", "mcast_src_ip 2001:db8::251", MEMBER(family), 6 },
	{ "IPv6 by excluded ones", "", "virtual_ipaddress_excluded {\n 2001:db8::1\n }", MEMBER(family), 6 },
	{ "addresses", "", "virtual_ipaddress {\n 192.0.2.1\n 192.0.2.2 dev lan label x:1\n }",
	  MEMBER(addr_count), 2 },

	/* the port's delays */
	{ "down", "", "", MEMBER(debounce_down_ms), 1500 },
	{ "up", "", "", MEMBER(debounce_up_ms), 2000 },
	{ "both", "", "interface lan", MEMBER(debounce_up_ms), 3000 },
};

static void
values(void **state)
{
	for (size_t i = 0; i < SL_COUNT(value_rows); i++) {
		const char *interface =
			strstr(value_rows[i].lines, "interface") == NULL ? " interface wan\n" : "";
		uint64_t value = 0;
		char *text;

		assert_true(asprintf(&text,
				     PORTS HEARTBEAT "interface_up_down_delays {\n wan 1.5 2\n lan 3\n}\n"
						     "vrrp_instance VI {\n%s virtual_router_id 51\n %s\n}\n"
						     "global_defs {\n %s\n}\n",
				     interface, value_rows[i].lines, value_rows[i].global) > 0);

		struct conf *conf = conf_load_good(value_rows[i].name, text);

		sl_check_int(value_rows[i].name, conf->ka.instance_count, 1);
		memcpy(&value, (const char *)conf->ka.instances + value_rows[i].offset, value_rows[i].size);
		sl_check_int(value_rows[i].name, value, value_rows[i].value);
		conf_free(conf);
		free(text);
	}
}

/* ---- everything at once ---- */

static const char all[] = PORTS
	"local_address_group snat {\n 10.0.0.200-10.0.0.201 lan\n 2001:db8::200 wan\n vrrp_instance VI_1\n}\n"
	"local_address_group stays {\n 10.0.0.210 lan\n}\n"
	"global_defs {\n router_id lb1\n vrrp_startup_delay 5.5\n vrrp_rt_priority 0\n own_health off\n"
	" fence \"/bin/true the peer\" 0 0\n fence_timeout 3\n notify_fifo /run/a.fifo 0 0\n"
	" notify_fifo_script /bin/true 0 0\n vrrp_notify_fifo /run/b.fifo 0 0\n"
	" vrrp_notify_fifo_script \"/bin/true b\" 0 0\n vrrp_mcast_group4 224.0.0.19\n"
	" vrrp_mcast_group6 ff02::13\n lvs_sync_daemon lo VI_1 maxlen 1000\n}\n"
	"vrrp_script chk {\n script \"/bin/true a 'b c'\"\n user 0 0\n interval 2.5\n timeout 2\n rise 2\n "
	"fall 3\n"
	" weight -20 reverse\n init_fail\n}\n"
	"vrrp_script plain {\n script /bin/true\n user 0 0\n}\n"
	"vrrp_track_process px {\n process \"ha proxy\" -f x\n param_match partial\n full_command\n quorum "
	"2\n"
	" quorum_max 4\n fork_delay 1\n terminate_delay 2\n weight 10\n}\n"
	"vrrp_track_process alone {\n process bird\n param_match\n delay 0.5\n}\n"
	"vrrp_track_process any {\n process bird\n}\n"
	"track_file tf {\n file /run/x\n weight 2\n}\n"
	"interface_up_down_delays {\n wan 1 0\n eth1 4\n lan 2 3.5\n}\n"
	"vrrp_instance VI_1 {\n state BACKUP\n interface wan\n virtual_router_id 51\n priority 150\n"
	" preempt_delay 2\n authentication {\n auth_type PASS\n auth_pass \"a b#cdefgh\"\n }\n"
	" virtual_ipaddress {\n 192.0.2.1/24\n 192.0.2.2 dev wan\n }\n"
	" virtual_ipaddress_excluded {\n 10.0.0.1/24 dev lan\n 2001:db8::1/64\n }\n"
	" track_interface {\n lan\n lo weight 5\n }\n track_script {\n chk\n plain weight 7\n }\n"
	" track_file {\n tf\n }\n track_process {\n px\n alone weight -3 reverse\n any\n }\n"
	" track_gateway {\n 192.0.2.254 weight -10\n }\n"
	" track_quorum {\n TCP 192.0.2.1 80 weight 10\n dns\n }\n"
	" notify_master \"/bin/true m\" 0 0\n notify_backup /bin/true 0 0\n notify_fault /bin/true 0 0\n"
	" notify_stop /bin/true 0 0\n notify_deleted\n notify /bin/true 0 0\n"
	" notify_master_rx_lower_pri /bin/true 0 0\n garp_interval 0.25\n}\n"
	"vrrp_instance VI_2 {\n interface lan\n virtual_router_id 51\n unicast_src_ip 10.0.0.251\n"
	" unicast_peer {\n 10.0.0.252\n }\n priority 90\n no_accept\n virtual_ipaddress {\n 10.0.0.2/24\n }\n"
	" track_script {\n chk\n }\n}\n"
	"vrrp_instance VI_3 {\n interface lan\n virtual_router_id 3\n version 3\n advert_int 0.25\n"
	" virtual_ipaddress {\n 2001:db8:1::1/64\n }\n adverts off\n mcast_dst_ip ff02::99\n}\n"
	"vrrp_sync_group G {\n group {\n VI_2\n VI_3\n }\n track_interface {\n wan weight 4\n }\n"
	" notify /bin/true 0 0\n notify_priority_changes on\n}\n"
	"heartbeat udp management {\n interface wan\n local 172.16.0.1\n peer 172.16.0.2\n port 695\n ttl 2\n"
	" key \"the same on # both\"\n interval 0.2\n dead 2\n}\n"
	"heartbeat udp multicast {\n interface lo\n peer ff02::99\n key 12345678\n}\n"
	"heartbeat serial line {\n device /dev/ttyS0\n baud 9600\n key 12345678\n}\n"
	"connection_sync {\n interface lo\n instance VI_1\n peer 172.16.0.2\n port 8850\n ttl 3\n threads "
	"2\n"
	" refresh 10\n retries 2\n queue 8k\n key 12345678\n local 172.16.0.1\n gate 20\n}\n"
	"virtual_server_group dns {\n 192.0.2.1 53\n}\n"
	"virtual_server group dns {\n lb_algo rr\n real_server 10.0.0.11 53 {\n }\n}\n"
	"virtual_server 192.0.2.1 80 {\n lb_algo rr\n real_server 10.0.0.11 80 {\n }\n}\n";

static void
check_addr(const char *row, const struct sl_addr *got, const char *want)
{
	char text[SL_ADDR_STRLEN];

	sl_check_str(row, sl_addr_is_none(got) ? "none" : sl_addr_format(got, text), want);
}

static void
everything_instances(void **state)
{
	struct conf *conf = conf_load_good("all", all);
	const struct ka_instance *one = &conf->ka.instances[0], *two = &conf->ka.instances[1],
				 *three = &conf->ka.instances[2];
	static const struct {
		const char *addr;
		int port;
		bool excluded, local;
	} addrs[] = {
		{ "192.0.2.1", -1, false, false },   { "192.0.2.2", -1, false, false },
		{ "10.0.0.1", 1, true, false },      { "2001:db8::1", -1, true, false },
		{ "10.0.0.200", 1, true, true },     { "10.0.0.201", 1, true, true },
		{ "2001:db8::200", -1, true, true },
	};
	static const struct {
		enum ka_track_kind kind;
		const char *name;
		int weight;
		bool reverse, init_fail;
	} tracks[] = {
		{ KA_TRACK_PORT, "lan", 0, false, false },
		{ KA_TRACK_INTERFACE, "lo", 5, false, false },
		{ KA_TRACK_SCRIPT, "chk", -20, true, true },
		{ KA_TRACK_SCRIPT, "plain", 7, false, false },
		{ KA_TRACK_FILE, "tf", 2, false, false },
		{ KA_TRACK_PROCESS, "px", 10, false, false },
		{ KA_TRACK_PROCESS, "alone", -3, true, false },
		{ KA_TRACK_PROCESS, "any", 1, false, false },
		{ KA_TRACK_GATEWAY, "192.0.2.254", -10, false, false },
		{ KA_TRACK_QUORUM, "TCP 192.0.2.1:80", 10, false, false },
		{ KA_TRACK_QUORUM, "dns", 0, false, false },
	};

	sl_check_str("router_id", conf->ka.router_id, "lb1");
	sl_check_int("instances", conf->ka.instance_count, 3);
	sl_check_str("name", one->name, "VI_1");
	sl_check_str("auth_pass is cut", one->auth_pass, "a b#cdef");
	check_addr("vrrp_mcast_group4", &one->group_addr, "224.0.0.19");
	check_addr("mcast_dst_ip", &three->group_addr, "ff02::99");
	sl_check_int("addresses", one->addr_count, SL_COUNT(addrs));
	for (size_t i = 0; i < SL_COUNT(addrs); i++) {
		check_addr(addrs[i].addr, &one->addrs[i].prefix.addr, addrs[i].addr);
		sl_check_int(addrs[i].addr, one->addrs[i].port, addrs[i].port);
		sl_check_int(addrs[i].addr, one->addrs[i].excluded, addrs[i].excluded);
		sl_check_int(addrs[i].addr, one->addrs[i].local, addrs[i].local);
	}
	sl_check_int("prefix", one->addrs[0].prefix.len, 24);
	sl_check_int("prefix of an address alone", one->addrs[1].prefix.len, 32);
	sl_check_int("tracks", one->track_count, SL_COUNT(tracks));
	for (size_t i = 0; i < SL_COUNT(tracks); i++) {
		sl_check_str(tracks[i].name, one->tracks[i].name, tracks[i].name);
		sl_check_int(tracks[i].name, one->tracks[i].kind, tracks[i].kind);
		sl_check_int(tracks[i].name, one->tracks[i].weight, tracks[i].weight);
		sl_check_int(tracks[i].name, one->tracks[i].reverse, tracks[i].reverse);
		sl_check_int(tracks[i].name, one->tracks[i].init_fail, tracks[i].init_fail);
	}
	sl_check_int("a tracked port's number", one->tracks[0].port, 1);
	sl_check_int("its own delay", one->tracks[0].debounce_down_ms, 2000);
	sl_check_int("and up", one->tracks[0].debounce_up_ms, 3500);
	sl_check_int("no port, no delay", one->tracks[1].debounce_down_ms, 0);
	sl_check_int("in no sync group", one->sync_group, -1);
	sl_check_int("in a sync group", two->sync_group, 0);
	sl_check_int("where weights do not count", two->tracks[0].weight, 0);
	check_addr("unicast_src_ip", &two->source, "10.0.0.251");
	check_addr("unicast_peer", &two->peers[0], "10.0.0.252");
	sl_check_int("the same id on another port", two->vrid, one->vrid);
	sl_check_int("a sync group's tracks", conf->ka.groups[0].track_count, 1);
	sl_check_int("their weights", conf->ka.groups[0].tracks[0].weight, 4);
	sl_check_int("their delays", conf->ka.groups[0].tracks[0].debounce_down_ms, 1000);
	sl_check_str("a quorum by the group", conf_ha_pool(conf, "dns")->name, "dns");
	sl_check("a quorum by the service", conf_ha_pool(conf, "TCP 192.0.2.1:80") == conf->services[1].pool);
	sl_check("none of another port", conf_ha_pool(conf, "TCP 192.0.2.1:81") == NULL);
	conf_free(conf);
}

static void
everything_else(void **state)
{
	struct conf *conf = conf_load_good("all", all);
	const struct conf_ha *ha = &conf->ha;
	const struct ka_heartbeat *udp = &conf->ka.heartbeats[0], *serial = &conf->ka.heartbeats[2];
	const struct ka_sync *sync = &conf->ka.sync;

	sl_check_int("vrrp_startup_delay", conf->ka.startup_delay_ms, 5500);
	sl_check_int("vrrp_rt_priority", conf->ka.rt_priority, 0);
	sl_check_int("own_health", conf->ka.own_health, false);
	sl_check_int("fence", conf->ka.fence, true);
	sl_check_int("fence_timeout", conf->ka.fence_timeout_ms, 3000);
	sl_check_str("fence's argument", ha->fence->argv[2], "peer");
	sl_check_str("notify_fifo", ha->fifo.path, "/run/a.fifo");
	sl_check_str("vrrp_notify_fifo", ha->vrrp_fifo.path, "/run/b.fifo");
	sl_check_str("vrrp_notify_fifo_script", ha->vrrp_fifo.script->argv[1], "b");

	sl_check_str("script", ha->scripts[0].script->argv[2], "b c");
	sl_check_int("interval", ha->scripts[0].interval_ms, 2500);
	sl_check_int("timeout", ha->scripts[0].timeout_ms, 2000);
	sl_check_int("rise", ha->scripts[0].rise, 2);
	sl_check_int("fall", ha->scripts[0].fall, 3);
	sl_check_int("init_fail", ha->scripts[0].init_fail, true);
	sl_check_int("timeout by default", ha->scripts[1].timeout_ms, 1000);
	sl_check_str("process", ha->processes[0].argv[0], "ha proxy");
	sl_check_int("param_match", ha->processes[0].match, CONF_PARAM_PARTIAL);
	sl_check_int("quorum_max", ha->processes[0].quorum_max, 4);
	sl_check_int("param_match alone", ha->processes[1].match, CONF_PARAM_EXACT);
	sl_check_int("delay", ha->processes[1].fork_delay_ms, 500);
	sl_check_int("delay of both", ha->processes[1].terminate_delay_ms, 500);
	sl_check_int("any parameters", ha->processes[2].match, CONF_PARAM_ANY);
	sl_check("notify_deleted",
		 ha->instances[0].notify.say_deleted && ha->instances[0].notify.deleted == NULL);
	sl_check_str("notify_master", ha->instances[0].notify.master->argv[1], "m");
	sl_check("notify of a group", ha->groups[0].notify.any != NULL);
	sl_check("its priority changes", ha->groups[0].notify.priority_changes);

	sl_check_str("a port's kernel interface", udp->interface, "sl-wan");
	check_addr("local", &udp->local, "172.16.0.1");
	check_addr("peer", &udp->peer, "172.16.0.2");
	sl_check_int("port", udp->udp_port, 695);
	sl_check_int("ttl", udp->ttl, 2);
	sl_check_str("key", udp->key, "the same on # both");
	sl_check_int("interval", udp->interval_ms, 200);
	sl_check_int("dead", udp->dead_ms, 2000);
	sl_check_int("ttl of a group", conf->ka.heartbeats[1].ttl, 1);
	sl_check_int("port by default", conf->ka.heartbeats[1].udp_port, 694);
	sl_check_int("serial", serial->kind, KA_HEARTBEAT_SERIAL);
	sl_check_str("device", serial->device, "/dev/ttyS0");
	sl_check_int("baud", serial->baud, 9600);
	sl_check_int("interval by default", serial->interval_ms, 100);
	sl_check_int("dead by default", serial->dead_ms, 400);

	sl_check_int("sync", sync->enabled, true);
	sl_check_str("interface", sync->interface, "lo");
	sl_check_str("instance", sync->instance, "VI_1");
	sl_check_int("id of the instance", sync->sync_id, 51);
	sl_check_int("maxlen of lvs_sync_daemon", sync->max_len, 1000);
	check_addr("peer", &sync->group, "172.16.0.2");
	sl_check_int("port", sync->udp_port, 8850);
	sl_check_int("threads", sync->threads, 2);
	sl_check_int("refresh", sync->refresh_ms, 10000);
	sl_check_int("retries", sync->retries, 2);
	sl_check_int("queue", sync->queue, 8000);
	sl_check_int("gate", sync->gate_ms, 20000);
	sl_check_int("lvs_peer", sync->lvs_peer, false);
	conf_free(conf);
}

/* ---- lvs_sync_daemon and connection_sync ---- */

static const struct {
	const char *name, *daemon, *block;
	struct {
		const char *instance, *group;
		unsigned int id, port, ttl, max_len, gate_ms;
		bool lvs_peer;
	} want;
} sync_rows[] = {
	{ "an interface", "lvs_sync_daemon lo", "", { "", "224.0.0.81", 0, 8848, 1, 0, 0, true } },
	{ "an instance", "lvs_sync_daemon lo VI", "", { "VI", "224.0.0.81", 51, 8848, 1, 0, 0, true } },
	{ "inst", "lvs_sync_daemon lo inst VI id 3", "", { "VI", "224.0.0.81", 3, 8848, 1, 0, 0, true } },
	{ "all of it",
	  "lvs_sync_daemon lo VI id 255 maxlen 65507 port 65535 ttl 255 group ff05::81",
	  "",
	  { "VI", "ff05::81", 255, 65535, 255, 65507, 0, true } },
	{ "a block", "", "interface lo", { "", "224.0.0.81", 0, 8848, 1, 0, 30000, false } },
	{ "a peer that is LVS", "", "interface lo\n lvs_peer", { "", "224.0.0.81", 0, 8848, 1, 0, 0, true } },
	{ "no gate", "", "interface lo\n gate off", { "", "224.0.0.81", 0, 8848, 1, 0, 0, false } },
	{ "both, the same",
	  "lvs_sync_daemon lo VI id 9",
	  "interface lo\n id 9\n key 12345678",
	  { "VI", "224.0.0.81", 9, 8848, 1, 0, 30000, false } },
	{ "both, one of them has it all",
	  "lvs_sync_daemon lo VI port 1 ttl 2 group 224.0.0.82",
	  "gate 1",
	  { "VI", "224.0.0.82", 51, 1, 2, 0, 1000, false } },
};

static void
sync_words(void **state)
{
	for (size_t i = 0; i < SL_COUNT(sync_rows); i++) {
		const char *name = sync_rows[i].name;
		char *text;

		assert_true(asprintf(&text,
				     PORTS "global_defs {\n %s\n}\n%s%s%svrrp_instance VI {\n interface wan\n"
					   " virtual_router_id 51\n}\n",
				     sync_rows[i].daemon,
				     sync_rows[i].block[0] == '\0' ? "" : "connection_sync {\n ",
				     sync_rows[i].block, sync_rows[i].block[0] == '\0' ? "" : "\n}\n") > 0);

		struct conf *conf = conf_load_good(name, text);
		const struct ka_sync *sync = &conf->ka.sync;

		sl_check_str(name, sync->interface, "lo");
		sl_check_str(name, sync->instance, sync_rows[i].want.instance);
		check_addr(name, &sync->group, sync_rows[i].want.group);
		sl_check_int(name, sync->sync_id, sync_rows[i].want.id);
		sl_check_int(name, sync->udp_port, sync_rows[i].want.port);
		sl_check_int(name, sync->ttl, sync_rows[i].want.ttl);
		sl_check_int(name, sync->max_len, sync_rows[i].want.max_len);
		sl_check_int(name, sync->gate_ms, sync_rows[i].want.gate_ms);
		sl_check_int(name, sync->lvs_peer, sync_rows[i].want.lvs_peer);
		conf_free(conf);
		free(text);
	}
}

/* ---- for keepalive and the data plane ---- */

static void
renumbered(void **state)
{
	static const unsigned int ports[] = { 7, 3 };
	static const uint16_t groups[] = { 9, 1, 4 };
	struct conf *conf = conf_load_good("all", all);
	struct ka_conf *ka = conf_ha_copy(conf, ports, groups), *same = conf_ha_copy(conf, NULL, NULL);

	conf_free(conf);
	assert_non_null(ka);
	assert_non_null(same);
	sl_check_int("as the file counts: port", same->instances[1].port, 1);
	sl_check_int("as the file counts: group", same->instances[2].group, 3);
	sl_check_int("port", ka->instances[0].port, 7);
	sl_check_int("group", ka->instances[0].group, 9);
	sl_check_int("group", ka->instances[2].group, 4);
	sl_check_int("an address of the instance's port", ka->instances[0].addrs[0].port, -1);
	sl_check_int("an address of another port", ka->instances[0].addrs[2].port, 3);
	sl_check_int("a tracked port", ka->instances[0].tracks[0].port, 3);
	sl_check_int("a group's tracked port", ka->groups[0].tracks[0].port, 7);
	sl_check_str("strings live on", ka->heartbeats[0].key, "the same on # both");
	check_addr("peers live on", &ka->instances[1].peers[0], "10.0.0.252");

	struct dp_moving moving[9];

	sl_check_int("moving addresses", conf_ha_moving_count(ka), SL_COUNT(moving));
	conf_ha_moving(ka, moving);
	check_addr("a VIP", &moving[0].prefix.addr, "192.0.2.1");
	sl_check_int("its port", moving[0].port, 7);
	sl_check_int("its group", moving[0].group, 9);
	sl_check_int("its ping", moving[0].no_ping, false);
	check_addr("a gateway", &moving[2].prefix.addr, "10.0.0.1");
	sl_check_int("its port", moving[2].port, 3);
	check_addr("one without ping", &moving[7].prefix.addr, "10.0.0.2");
	sl_check_int("says so", moving[7].no_ping, true);
	free(ka);
	free(same);
}

/* ---- saved and read again ---- */

/* What two boxes are in a file, with what else they need. */
static char *
written(const struct conf *conf)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "global_defs {\n router_id lb1\n");
	conf_write_ha_global(out, " ", conf);
	fprintf(out, "}\n");
	for (int kind = 0; kind < CONF_HA_BLOCK_MAX; kind++) {
		for (unsigned int i = 0; i < conf_write_ha_count(conf, kind); i++) {
			const char *name = conf_write_ha_name(conf, kind, i);

			fputs(conf_write_ha_keyword(conf, kind, i), out);
			if (name != NULL)
				conf_write_word(out, name);
			fprintf(out, " {\n");
			conf_write_ha(out, " ", conf, kind, i);
			fprintf(out, "}\n");
		}
	}
	fclose(out);
	return text;
}

static void
ka_same(const struct ka_conf *a, const struct ka_conf *b)
{
	sl_check_int("instances", a->instance_count, b->instance_count);
	for (unsigned int i = 0; i < a->instance_count; i++) {
		struct ka_instance x = a->instances[i], y = b->instances[i];

		sl_check(x.name, x.peer_count == y.peer_count && x.addr_count == y.addr_count &&
					 x.track_count == y.track_count);
		for (unsigned int j = 0; j < x.peer_count; j++)
			sl_check(x.name, sl_addr_eq(&x.peers[j], &y.peers[j]));
		for (unsigned int j = 0; j < x.addr_count; j++)
			sl_check(x.name, memcmp(&x.addrs[j], &y.addrs[j], sizeof(*x.addrs)) == 0);
		for (unsigned int j = 0; j < x.track_count; j++)
			sl_check(x.tracks[j].name,
				 memcmp(&x.tracks[j], &y.tracks[j], sizeof(*x.tracks)) == 0);
		x.peers = y.peers = NULL;
		x.addrs = y.addrs = NULL;
		x.tracks = y.tracks = NULL;
		sl_check(x.name, memcmp(&x, &y, sizeof(x)) == 0);
	}
	sl_check_int("heartbeats", a->heartbeat_count, b->heartbeat_count);
	for (unsigned int i = 0; i < a->heartbeat_count; i++)
		sl_check(a->heartbeats[i].name,
			 memcmp(&a->heartbeats[i], &b->heartbeats[i], sizeof(*a->heartbeats)) == 0);
	sl_check("connection_sync", memcmp(&a->sync, &b->sync, sizeof(a->sync)) == 0);
	sl_check_int("vrrp_startup_delay", a->startup_delay_ms, b->startup_delay_ms);
	sl_check_int("fence_timeout", a->fence_timeout_ms, b->fence_timeout_ms);
}

static void
saved(void **state)
{
	struct conf *conf = conf_load_good("all", all);
	char *once = written(conf), *twice, *file;
	const char *rest = strstr(all, "virtual_server_group dns");

	/* What is not written here is the network, the file that is tracked, and the services. */
	assert_true(asprintf(&file,
			     PORTS
			     "%sglobal_defs {\n}\ntrack_file tf {\n file /run/x\n weight 2\n}\n"
			     "local_address_group snat {\n 10.0.0.200-10.0.0.201 lan\n 2001:db8::200 wan\n"
			     " vrrp_instance VI_1\n}\nlocal_address_group stays {\n 10.0.0.210 lan\n}\n%s",
			     once, rest) > 0);

	struct conf *again = conf_load_good("saved", file);

	twice = written(again);
	sl_check_str("saved twice", twice, once);
	ka_same(&conf->ka, &again->ka);
	conf_free(conf);
	conf_free(again);
	free(once);
	free(twice);
	free(file);
}

/* Links that are tracked, and no instance stands on them. */
static void
tracked_delays(void **state)
{
	static const char file[] =
		PORTS "port dmz {\n device net_null1\n address 172.16.0.251/24\n}\n"
		      "interface_up_down_delays {\n lan 1.5 0\n dmz 0 3\n}\n"
		      "vrrp_instance VI {\n interface wan\n virtual_router_id 51\n"
		      " track_interface {\n eth1\n sl-lan\n }\n}\n"
		      "vrrp_sync_group G {\n group {\n VI\n }\n track_interface {\n dmz\n }\n}\n";
	struct conf *conf = conf_load_good("tracked", file);
	const struct ka_instance *one = &conf->ka.instances[0];
	const struct ka_track *dmz = &conf->ka.groups[0].tracks[0];
	char *once = written(conf), *again_file;

	sl_check_int("its port's", one->debounce_down_ms, 0);
	sl_check_int("the link's", one->tracks[0].debounce_down_ms, 1500);
	sl_check_int("up", one->tracks[0].debounce_up_ms, 0);
	sl_check_int("a kernel interface has none", one->tracks[1].debounce_down_ms, 0);
	sl_check_int("the group's", dmz->debounce_down_ms, 0);
	sl_check_int("up", dmz->debounce_up_ms, 3000);
	assert_true(asprintf(&again_file,
			     PORTS "port dmz {\n device net_null1\n address 172.16.0.251/24\n}\n%s",
			     once) > 0);

	struct conf *again = conf_load_good("tracked, saved", again_file);

	ka_same(&conf->ka, &again->ka);
	sl_check("the group's, saved", memcmp(dmz, &again->ka.groups[0].tracks[0], sizeof(*dmz)) == 0);
	conf_free(conf);
	conf_free(again);
	free(once);
	free(again_file);
}

/* ---- keys in files ---- */

static void
key_files(void **state)
{
	char path[] = "/tmp/test-conf-key-XXXXXX", *text;
	int fd = mkstemp(path);
	struct conf *conf;

	assert_true(fd >= 0);
	assert_true(write(fd, "the key itself\r\nand more\n", 25) == 25);
	close(fd);
	assert_true(asprintf(&text, PORTS "heartbeat udp h {\n peer 172.16.0.2\n key_file %s\n}\n", path) >
		    0);
	conf = conf_load_good("key_file", text);
	sl_check_str("its first line", conf->ka.heartbeats[0].key, "the key itself");
	sl_check_str("where it is", conf->ha.heartbeat_key_files[0], path);
	conf_free(conf);
	assert_int_equal(chmod(path, 0644), 0);

	struct conf_faults faults = { 0 };

	conf = conf_load_text("t", text, strlen(text), false, &faults);
	sl_check("is taken", conf != NULL);
	sl_check_int("with a warning", faults.warnings, 1);
	sl_check("that says why", strstr(faults.first->text, "can be read by others") != NULL);
	conf_faults_free(&faults);
	conf_free(conf);
	unlink(path);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),          cmocka_unit_test(everything_instances),
		cmocka_unit_test(everything_else), cmocka_unit_test(sync_words),
		cmocka_unit_test(renumbered),      cmocka_unit_test(saved),
		cmocka_unit_test(tracked_delays),  cmocka_unit_test(key_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
