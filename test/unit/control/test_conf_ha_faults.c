/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faulty configurations of VRRP: what each keyword says to a wrong value, to a
 * wrong place, and to what does not go together. Channels to the peer are in
 * test_conf_ha_channels.c.
 */
#include "test_conf_rows.h"

#include <stdio.h>
#include <stdlib.h>

/* Line 4 is the first of `lines`. The address is not the one that rows are about. */
#define VI(lines)                                                                                            \
	"vrrp_instance VI {\n interface p\n virtual_router_id 51\n" lines                                    \
	"\n virtual_ipaddress {\n  10.0.0.99\n }\n}\n"
#define BARE(lines) "vrrp_instance VI {\n interface p\n virtual_router_id 51\n" lines "\n}\n"
#define SCRIPT "vrrp_script chk {\n script /bin/true\n}\n"

static const struct conf_row value_rows[] = {
	{ "state", VI(" state PRIMARY"), "4:8: state must be MASTER or BACKUP, not \"PRIMARY\"\n" },
	{ "interface",
	  "vrrp_instance VI {\n interface q\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.9\n }\n}\n",
	  "2:12: there is no port \"q\": there are p\n" },
	{ "no interface",
	  "vrrp_instance VI {\n virtual_router_id 1\n virtual_ipaddress {\n 10.0.0.9\n }\n}\n",
	  "1:15: vrrp_instance VI lacks its interface: the port where its addresses are\n" },
	{ "no virtual_router_id",
	  "vrrp_instance VI {\n interface p\n virtual_ipaddress {\n 10.0.0.9\n }\n}\n",
	  "1:15: vrrp_instance VI lacks its virtual_router_id, 1 to 255, by which the boxes know it\n" },
	{ "virtual_router_id 0", VI(" virtual_router_id 0"),
	  "4:2: warning: \"virtual_router_id\" stands in line 8 already: the last one counts\n"
	  "4:20: virtual_router_id must be a number from 1 to 255, not \"0\"\n" },
	{ "priority 0", VI(" priority 0"), "4:11: priority must be a number from 1 to 255, not \"0\"\n" },
	{ "priority 256", VI(" priority 256"),
	  "4:11: priority must be a number from 1 to 255, not \"256\"\n" },
	{ "priority one", VI(" priority one"),
	  "4:11: priority must be a number from 1 to 255, not \"one\"\n" },
	{ "version 1", VI(" version 1"), "4:10: version must be a number from 2 to 3, not \"1\"\n" },
	{ "advert_int 0", VI(" advert_int 0"),
	  "4:13: advert_int must be seconds from 0.01 to 255, with three decimals at most, not \"0\"\n" },
	{ "a fraction without version 3", VI(" advert_int 0.1"),
	  "4:13: advert_int 0.1 needs \"version 3\": with version 2 it is whole seconds, 1 to 255\n" },
	{ "a fraction that version 3 has not", VI(" version 3\n advert_int 0.125"),
	  "5:13: advert_int must be 0.01 to 40.95 in hundredths of a second with version 3, not 0.125\n" },
	{ "too long for version 3", VI(" version 3\n advert_int 41"),
	  "5:13: advert_int must be 0.01 to 40.95 in hundredths of a second with version 3, not 41\n" },
	{ "preempt_delay", VI(" preempt_delay 1001"),
	  "4:16: preempt_delay must be seconds from 0 to 1000, with three decimals at most, not \"1001\"\n" },
	{ "adverts", VI(" adverts maybe"), "4:10: adverts must be on or off, not \"maybe\"\n" },
	{ "unicast_ttl 0", VI(" unicast_ttl 0"),
	  "4:14: unicast_ttl must be a number from 1 to 255, not \"0\"\n" },
	{ "unicast_ttl without a peer", VI(" unicast_ttl 9"),
	  "4:2: warning: unicast_ttl has no effect: there is no unicast_peer\n" },
	{ "a source", VI(" mcast_src_ip 224.0.0.1"),
	  "4:15: mcast_src_ip must be the address of a host, not \"224.0.0.1\" (zero, loopback, multicast or "
	  "broadcast)\n" },
	{ "a group", VI(" mcast_dst_ip 10.0.0.2"),
	  "4:15: mcast_dst_ip must be a multicast address, such as 224.0.0.18 or ff02::12, not "
	  "\"10.0.0.2\"\n" },
	{ "a peer", VI(" unicast_peer {\n  lb2\n }"),
	  "5:3: a peer must be an IPv4 or IPv6 address, not \"lb2\"\n" },
	{ "a peer's ttl", VI(" unicast_peer {\n  10.0.0.2 min_ttl 254\n }"),
	  "5:12: warning: \"min_ttl\" has no effect: the peers' TTL is not looked at, their address is "
	  "(check_unicast_src)\n" },
	{ "no peer", VI(" unicast_peer {\n }"),
	  "4:2: warning: unicast_peer is empty, so adverts are multicast: it lacks lines ADDRESS\n" },
	{ "auth_type", VI(" authentication {\n  auth_type MD5\n  auth_pass x\n }"),
	  "4:2: warning: authentication needs auth_type PASS and auth_pass: adverts go without\n"
	  "5:13: auth_type must be PASS, not \"MD5\"\n" },
	{ "AH", VI(" authentication {\n  auth_type AH\n  auth_pass x\n }"),
	  "4:2: warning: authentication needs auth_type PASS and auth_pass: adverts go without\n"
	  "5:13: auth_type AH is not available: give PASS, or leave authentication out, as RFC 5798 does; a "
	  "heartbeat is signed\n" },
	{ "no password", VI(" authentication {\n  auth_type PASS\n }"),
	  "4:2: warning: authentication needs auth_type PASS and auth_pass: adverts go without\n" },
	{ "a long password", VI(" authentication {\n  auth_type PASS\n  auth_pass 123456789\n }"),
	  "6:13: warning: auth_pass has 9 characters: the first 8 are used, a packet has no room for "
	  "more\n" },
	{ "a password of version 3", VI(" version 3\n authentication {\n  auth_type PASS\n  auth_pass x\n }"),
	  "6:13: warning: authentication has no effect: version 3 of VRRP has none (RFC 5798, 9)\n" },
	{ "garp_master_repeat 0", VI(" garp_master_repeat 0"),
	  "4:21: garp_master_repeat must be a number from 1 to 1000, not \"0\"\n" },
	{ "garp_interval", VI(" garp_interval 11"),
	  "4:16: garp_interval must be seconds from 0 to 10, with six decimals at most, not \"11\"\n" },
	{ "garp_interval of less than a microsecond", VI(" garp_interval 0.0000001"),
	  "4:16: garp_interval must be seconds from 0 to 10, with six decimals at most, not "
	  "\"0.0000001\"\n" },
	{ "a switch", VI(" lower_prio_no_advert perhaps"),
	  "4:23: lower_prio_no_advert must be on or off, not \"perhaps\"\n" },
	{ "use_vmac's name", VI(" use_vmac vrrp.51"),
	  "4:11: warning: \"vrrp.51\" has no effect: a virtual MAC address needs no interface of its own, "
	  "and is "
	  "that of RFC 5798\n" },
	{ "a long name",
	  "vrrp_instance 1234567890123456789012345678901234567890123456789012345678901234 {\n interface p\n"
	  " virtual_router_id 1\n}\n",
	  "1:15: the name of a vrrp_instance must have 1 to 63 characters, not 64\n" },
	{ "a name with a blank", "vrrp_instance \"V I\" {\n interface p\n virtual_router_id 1\n}\n",
	  "1:15: the name of a vrrp_instance must be without blanks, not \"V I\"\n" },
	{ "no name", "vrrp_instance {\n}\n",
	  "1:1: \"vrrp_instance\" lacks a value: it is written vrrp_instance NAME { interface PORT ... }\n" },
	{ "a misspelt keyword", VI(" prority 150"),
	  "4:2: unknown keyword \"prority\" in vrrp_instance (did you mean \"priority\"?)\n" },
	{ "a keyword of another block", VI(" lb_algo rr"),
	  "4:2: \"lb_algo\" cannot stand in vrrp_instance: it belongs in virtual_server\n" },
	{ "two on a line", VI(" priority 100 nopreempt"),
	  "4:15: \"nopreempt\" must begin a line of its own: \"priority\" ends before it\n" },
	{ "keepalived's that do nothing",
	  VI(" strict_mode\n debug 2\n virtual_routes {\n  10.1.0.0/16 via 10.0.0.9\n }"),
	  "4:2: warning: \"strict_mode\" has no effect yet: what the RFCs forbid is not forbidden here\n"
	  "5:2: warning: \"debug\" has no effect yet: sluicectl ha status tells why an instance is in its "
	  "state\n"
	  "6:2: warning: \"virtual_routes\" has no effect yet: routes do not move: static_route says what "
	  "both "
	  "boxes have\n" },
};

static const struct conf_row addr_rows[] = {
	{ "no address", BARE(""),
	  "1:15: warning: vrrp_instance VI has no address that would move with it\n" },
	{ "garbage", BARE(" virtual_ipaddress {\n  10.0.0.x\n }"),
	  "5:3: an address that moves must be ADDRESS or ADDRESS/LENGTH of a host, such as 192.0.2.1/24 or "
	  "2001:db8::1/64, not \"10.0.0.x\"\n" },
	{ "multicast", BARE(" virtual_ipaddress {\n  224.0.0.1/24\n }"),
	  "5:3: an address that moves must be ADDRESS or ADDRESS/LENGTH of a host, such as 192.0.2.1/24 or "
	  "2001:db8::1/64, not \"224.0.0.1/24\"\n" },
	{ "a port that is not", BARE(" virtual_ipaddress {\n  10.0.0.9 dev q\n }"),
	  "5:16: there is no port \"q\": there are p\n" },
	{ "dev alone", BARE(" virtual_ipaddress {\n  10.0.0.9 dev\n }"), "5:12: \"dev\" lacks its port\n" },
	{ "a word too much", BARE(" virtual_ipaddress {\n  10.0.0.9 10.0.0.10\n }"),
	  "5:12: \"10.0.0.10\" is too much: a line of virtual_ipaddress is ADDRESS[/LENGTH] [dev PORT]\n" },
	{ "options of a kernel interface",
	  BARE(" virtual_ipaddress {\n  10.0.0.9/8 dev p label p:1 scope global\n }"),
	  "5:20: warning: \"label\" has no effect: addresses that move are no addresses of a kernel "
	  "interface\n"
	  "5:30: warning: \"scope\" has no effect: addresses that move are no addresses of a kernel "
	  "interface\n" },
	{ "both families", BARE(" virtual_ipaddress {\n  10.0.0.9\n  2001:db8::9\n }"),
	  "6:3: 2001:db8::9 is IPv6, and the first address of vrrp_instance VI is IPv4: adverts list one "
	  "family; "
	  "the other belongs into virtual_ipaddress_excluded\n" },
	{ "the other way round", BARE(" virtual_ipaddress {\n  2001:db8::9\n  10.0.0.9\n }"),
	  "6:3: 10.0.0.9 is IPv4, and the first address of vrrp_instance VI is IPv6: adverts list one "
	  "family; the "
	  "other belongs into virtual_ipaddress_excluded\n" },
	{ "twice",
	  BARE(" virtual_ipaddress {\n  10.0.0.9\n }\n virtual_ipaddress_excluded {\n  10.0.0.9/8\n }"),
	  "8:3: address 10.0.0.9 is in vrrp_instance VI already (line 10)\n" },
	{ "in two instances",
	  VI("") "vrrp_instance VI2 {\n interface p\n virtual_router_id 52\n"
		 " virtual_ipaddress {\n  10.0.0.99\n }\n}\n",
	  "13:3: address 10.0.0.99 is in vrrp_instance VI already (line 11)\n" },
	{ "an own address", BARE(" virtual_ipaddress {\n  10.0.0.1\n }"),
	  "5:3: address 10.0.0.1 is that of port p (line 3), which stays: an address that moves is given "
	  "here "
	  "alone\n" },
	{ "a local address of full NAT",
	  BARE(" virtual_ipaddress {\n  10.0.0.200\n }") "local_address_group g {\n 10.0.0.200 p\n}\n",
	  "5:3: address 10.0.0.200 is a local address of full NAT (line 14): let its local_address_group say "
	  "\"vrrp_instance VI\" instead\n" },
	{ "a group that moves with nobody",
	  VI("") "local_address_group g {\n 10.0.0.200 p\n vrrp_instance V2\n}\n",
	  "11:16: there is no vrrp_instance \"V2\" (did you mean VI?)\n" },
	{ "a group that moves with two",
	  VI("") "local_address_group g {\n 10.0.0.200 p\n vrrp_instance VI\n vrrp_instance VI\n}\n",
	  "12:2: a local_address_group moves with one vrrp_instance, which is in line 16 already\n" },
	{ "full NAT that stays",
	  VI("") "local_address_group g {\n 10.0.0.200 p\n}\nvirtual_server 10.0.0.99 80 {\n lb_kind FNAT\n"
		 " laddr_group_name g\n real_server 10.0.0.2 80 {\n }\n}\n",
	  "12:16: warning: VIP 10.0.0.99 moves with vrrp_instance VI, and local_address_group g does not: "
	  "its "
	  "connections end at a take-over, unless the group has a line \"vrrp_instance VI\"\n" },
	{ "a gateway", "port p {\n device net_null9\n address 10.0.0.1/8\n gateway 10.0.0.99\n}\n" VI(""),
	  "4:10: gateway 10.0.0.99 is an address of vrrp_instance VI (line 11): packets to it would come "
	  "back to "
	  "this box\n",
	  .bare = true },
	{ "a brace is missing before the next block",
	  "vrrp_instance VI {\n interface p\n virtual_router_id 51\n virtual_ipaddress {\n  10.0.0.99\n }\n"
	  "heartbeat udp h {\n peer 172.16.0.2\n key 12345678\n}\n",
	  "7:1: \"heartbeat\" cannot stand inside \"vrrp_instance\", which is open since line 6: a \"}\" is "
	  "missing "
	  "before this line\n" },
	{ "a server",
	  BARE(" virtual_ipaddress {\n  10.0.0.9\n }") "virtual_server 192.0.2.1 80 {\n"
						       " real_server 10.0.0.9 80\n}\n",
	  "9:14: real_server 10.0.0.9 is an address of vrrp_instance VI (line 10): packets to it would come "
	  "back "
	  "to this box\n" },
};

static const struct conf_row together_rows[] = {
	{ "the name twice", VI("") "vrrp_instance VI {\n interface p\n virtual_router_id 52\n}\n",
	  "9:15: vrrp_instance \"VI\" is defined in line 6 already\n" },
	{ "the id twice",
	  VI("") "vrrp_instance V2 {\n interface p\n virtual_router_id 51\n virtual_ipaddress {\n"
		 "  10.0.0.98\n }\n}\n",
	  "11:20: virtual_router_id 51 of IPv4 on port p is that of vrrp_instance VI already (line 8)\n" },
	{ "nopreempt of a master", VI(" state MASTER\n nopreempt"),
	  "5:2: warning: nopreempt has no effect with state MASTER: it needs \"state BACKUP\"\n" },
	{ "preempt_delay of the owner", VI(" priority 255\n preempt_delay 3"),
	  "5:2: warning: preempt_delay has no effect with priority 255: it needs \"state BACKUP\"\n" },
	{ "preempt_delay with nopreempt", VI(" nopreempt\n preempt_delay 3"),
	  "5:2: warning: preempt_delay has no effect with nopreempt\n" },
	{ "the owner as backup", VI(" priority 255\n state BACKUP"),
	  "5:8: warning: priority 255 is that of the addresses' owner, who begins as MASTER: state MASTER is "
	  "used\n" },
	{ "version 2 of IPv6", BARE(" version 2\n virtual_ipaddress {\n  2001:db8::9\n }"),
	  "4:2: warning: version 2 knows IPv4 alone, and the addresses are IPv6: version 3 is used\n" },
	{ "a source of the other family", VI(" unicast_src_ip 2001:db8::1"),
	  "4:17: the source is IPv6, and vrrp_instance VI speaks IPv4\n" },
	{ "a group of the other family", VI(" mcast_dst_ip ff02::12"),
	  "4:15: mcast_dst_ip is IPv6, and vrrp_instance VI speaks IPv4\n" },
	{ "a peer of the other family", VI(" unicast_peer {\n  2001:db8::2\n }"),
	  "5:3: a peer is IPv6, and vrrp_instance VI speaks IPv4\n" },
	{ "a peer that is this box", VI(" unicast_peer {\n  10.0.0.1\n }"),
	  "5:3: peer 10.0.0.1 is this box itself (port p, line 3): peers are the other boxes\n" },
	{ "a peer twice", VI(" unicast_peer {\n  10.0.0.2\n  10.0.0.2\n }"),
	  "6:3: warning: peer 10.0.0.2 is given twice\n" },
	{ "nowhere to speak from", "port p {\n device net_null9\n address 2001:db8::1/64\n}\n" VI(""),
	  "6:12: port p has no IPv4 address to send adverts from: give it one, or the instance its "
	  "mcast_src_ip or "
	  "unicast_src_ip\n",
	  .bare = true },
	{ "no adverts and no heartbeat", VI(" adverts off"),
	  "4:2: \"adverts off\" needs a heartbeat: without either, vrrp_instance VI never knows whether its "
	  "peer "
	  "lives\n" },
};

static const struct conf_row track_rows[] = {
	{ "a script that is not", SCRIPT VI(" track_script {\n  chkk\n }"),
	  "8:3: there is no vrrp_script \"chkk\" (did you mean chk?)\n" },
	{ "a process that is not", VI(" track_process {\n  px\n }"),
	  "5:3: there is no vrrp_track_process \"px\"\n" },
	{ "a file that is not", VI(" track_file {\n  f\n }"), "5:3: there is no track_file \"f\"\n" },
	{ "a group that is not", VI(" track_quorum {\n  dns\n }"),
	  "5:3: there is no virtual_server_group with a virtual_server \"dns\"\n" },
	{ "a service that is not", VI(" track_quorum {\n  TCP 10.0.0.9 80\n }"),
	  "5:3: there is no virtual_server TCP 10.0.0.9:80\n" },
	{ "a service's protocol", VI(" track_quorum {\n  SCTP 10.0.0.9 80\n }"),
	  "5:3: a service is written TCP|UDP ADDRESS PORT, not \"SCTP\"\n" },
	{ "a gateway that is none", VI(" track_gateway {\n  gw\n }"),
	  "5:3: a gateway must be an IPv4 or IPv6 address, not \"gw\"\n" },
	{ "a gateway out of reach", VI(" track_gateway {\n  192.0.2.9\n }"),
	  "5:3: warning: gateway 192.0.2.9 is in no port's subnet: it cannot be asked whether it is "
	  "there\n" },
	{ "an interface that is not", VI(" track_interface {\n  ethh9 weight 5\n }"),
	  "5:3: warning: \"ethh9\" does not exist, neither as a port nor as a kernel interface: it counts as "
	  "down until it does\n",
	  .passes = true },
	{ "a port that is not", VI(" track_interface {\n  pp\n }"),
	  "5:3: warning: \"pp\" does not exist, neither as a port nor as a kernel interface (did you mean "
	  "p?): "
	  "it counts as down until it does\n",
	  .passes = true },
	{ "interfaces that are", VI(" track_interface {\n  lo\n  p\n  sl-p\n }"), "", .passes = true },
	{ "an interface that cannot be", VI(" track_interface {\n  a-very-long-name-of-one\n }"),
	  "5:3: \"a-very-long-name-of-one\" is neither a port nor can it be a kernel interface, whose names "
	  "have 15 "
	  "characters\n" },
	{ "a weight", SCRIPT VI(" track_script {\n  chk weight 254\n }"),
	  "8:14: weight (or -253 to -1, when it is negative) must be a number from 0 to 253, not \"254\"\n" },
	{ "a negative weight", SCRIPT VI(" track_script {\n  chk weight -254\n }"),
	  "8:14: weight (or -253 to -1, when it is negative) must be a number from 0 to 253, not \"254\"\n" },
	{ "not weight", SCRIPT VI(" track_script {\n  chk wait 5\n }"),
	  "8:7: a line of track_script is SCRIPT [weight NUMBER [reverse]]\n" },
	{ "weight alone", SCRIPT VI(" track_script {\n  chk weight\n }"),
	  "8:7: a line of track_script is SCRIPT [weight NUMBER [reverse]]\n" },
	{ "not reverse", SCRIPT VI(" track_script {\n  chk weight 5 back\n }"),
	  "8:16: behind a weight may stand reverse or noreverse, not \"back\"\n" },
	{ "twice", SCRIPT VI(" track_script {\n  chk\n  chk weight 5\n }"),
	  "9:3: vrrp_instance VI tracks \"chk\" already\n" },
	{ "nothing", VI(" track_script {\n }"),
	  "4:2: warning: track_script is empty: it lacks lines SCRIPT [weight NUMBER]\n" },
	{ "a file's weight is too much",
	  "track_file f {\n file /run/f\n weight 300\n}\n" VI(" track_file {\n  f\n }"),
	  "9:3: the weight of \"f\" is 300, and a priority takes -254 to 254: give it one here, \"f weight "
	  "NUMBER\"\n" },
	{ "weights of the owner", SCRIPT VI(" priority 255\n track_script {\n  chk weight 5\n }"),
	  "9:3: warning: the weight 5 of \"chk\" has no effect in vrrp_instance VI: its priority is 255, "
	  "which "
	  "stays; its failure is FAULT\n" },
	{ "weights in a sync group",
	  SCRIPT VI(" track_script {\n  chk weight 5\n }") "vrrp_sync_group G {\n group {\n  VI\n }\n}\n",
	  "8:3: warning: the weight 5 of \"chk\" has no effect in vrrp_instance VI: it is in a "
	  "vrrp_sync_group "
	  "without sync_group_tracking_weight; its failure is FAULT\n" },
	{ "no command", "vrrp_script chk {\n interval 2\n}\n",
	  "1:13: vrrp_script \"chk\" lacks its command: script \"/path arg\"\n" },
	{ "a command without a path", "vrrp_script chk {\n script \"./check x\"\n}\n",
	  "2:9: a command must begin with a path from the root, as \"/usr/local/bin/check arg\", not "
	  "\"./check "
	  "x\"\n" },
	{ "a command that is not there", "vrrp_script chk {\n script /nowhere/check\n}\n",
	  "2:9: warning: command \"/nowhere/check\": No such file or directory\n" },
	{ "a script twice", SCRIPT SCRIPT, "4:13: vrrp_script \"chk\" is defined in line 6 already\n" },
	{ "interval 0", "vrrp_script chk {\n script /bin/true\n interval 0\n}\n",
	  "3:11: interval must be seconds from 0.1 to 86400, with three decimals at most, not \"0\"\n" },
	{ "rise 0", "vrrp_script chk {\n script /bin/true\n rise 0\n}\n",
	  "3:7: rise must be a number from 1 to 1000, not \"0\"\n" },
	{ "a user", "vrrp_script chk {\n script /bin/true\n user nobody-of-this-name\n}\n",
	  "3:7: there is no user \"nobody-of-this-name\"\n" },
	{ "no process", "vrrp_track_process px {\n quorum 2\n}\n",
	  "1:20: vrrp_track_process \"px\" lacks its process: process NAME [PARAMETER ...]\n" },
	{ "param_match", "vrrp_track_process px {\n process a b\n param_match some\n}\n",
	  "3:14: param_match must be initial or partial, not \"some\"\n" },
	{ "quorum above quorum_max", "vrrp_track_process px {\n process a\n quorum 3\n quorum_max 2\n}\n",
	  "1:20: quorum 3 of vrrp_track_process \"px\" is more than its quorum_max, 2\n" },
	{ "a process twice",
	  "vrrp_track_process px {\n process a\n}\nvrrp_track_process px {\n process a\n}\n",
	  "4:20: vrrp_track_process \"px\" is defined in line 6 already\n" },
	{ "a notifier", VI(" notify_master \"notify me\""),
	  "4:16: a command must begin with a path from the root, as \"/usr/local/bin/check arg\", not "
	  "\"notify "
	  "me\"\n" },
	{ "no notifier", VI(" notify_master"),
	  "4:2: \"notify_master\" lacks a value: it is written notify_master COMMAND [USER [GROUP]]\n" },
	{ "delays of no port", "interface_up_down_delays {\n eth7 1\n}\n" VI(""),
	  "2:2: warning: the delays of \"eth7\" have no effect: there is no such port\n" },
	{ "a delay", "interface_up_down_delays {\n p 256\n}\n" VI(""),
	  "2:4: a delay must be seconds from 0 to 255, with three decimals at most, not \"256\"\n" },
	{ "a delay of nothing", "interface_up_down_delays {\n p\n}\n" VI(""),
	  "2:2: a line of interface_up_down_delays is PORT DOWN [UP], in seconds\n" },
};

#define V2(lines)                                                                                            \
	"vrrp_instance V2 {\n interface p\n virtual_router_id 52\n" lines                                    \
	"\n virtual_ipaddress {\n  10.0.0.98\n }\n}\n"

static const struct conf_row group_rows[] = {
	{ "no members", "vrrp_sync_group G {\n}\n",
	  "1:1: vrrp_sync_group \"G\" lacks its members: group { INSTANCE ... }\n" },
	{ "a member that is not", "vrrp_sync_group G {\n group {\n  VI\n  V2\n }\n}\n" VI(""),
	  "4:3: there is no vrrp_instance \"V2\" (did you mean VI?)\n" },
	{ "a member of two",
	  "vrrp_sync_group G {\n group {\n  VI\n }\n}\nvrrp_sync_group H {\n group {\n  VI\n }\n}\n" VI(""),
	  "8:3: vrrp_instance \"VI\" is in vrrp_sync_group \"G\" already (line 6)\n" },
	{ "twice",
	  "vrrp_sync_group G {\n group {\n  VI\n }\n}\nvrrp_sync_group G {\n group {\n  V2\n }\n}\n" VI("")
		  V2(""),
	  "6:17: vrrp_sync_group \"G\" is defined in line 6 already\n" },
	{ "members that differ",
	  "vrrp_sync_group G {\n group {\n  VI\n  V2\n }\n}\n" VI("") V2(" priority 90"),
	  "1:17: warning: vrrp_instance \"VI\" and \"V2\" of vrrp_sync_group \"G\" differ in their priority: "
	  "they "
	  "change state together, so give both the same\n" },
	{ "keepalived's that does nothing",
	  "vrrp_sync_group G {\n group {\n  VI\n }\n global_tracking\n}\n" VI(""),
	  "5:2: warning: \"global_tracking\" has no effect yet: what a sync group tracks always counts for "
	  "all of "
	  "its instances\n" },
	{ "a keyword of an instance", "vrrp_sync_group G {\n group {\n  VI\n }\n priority 5\n}\n" VI(""),
	  "5:2: \"priority\" cannot stand in vrrp_sync_group: it belongs in vrrp_instance\n" },
};

#define ROWS(name)                                                                                           \
	static void name(void **state)                                                                       \
	{                                                                                                    \
		conf_rows_check(name##_rows, SL_COUNT(name##_rows));                                         \
	}

ROWS(value)
ROWS(addr)
ROWS(together)
ROWS(track)
ROWS(group)

/* One more address than an advert has room for. */
static void
adverts_have_room(void **state)
{
	static const struct {
		const char *name;
		unsigned int most;
		char family;
	} rows[] = {
		{ "IPv4", 255, '4' },
		{ "IPv6", 90, '6' },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		for (unsigned int more = 0; more < 2; more++) {
			struct conf_faults faults = { 0 };
			char *text = NULL, *got, *want = NULL;
			size_t size;
			FILE *out = open_memstream(&text, &size);

			fprintf(out, "port p {\n device net_null9\n address 10.0.0.1/8\n}\n"
				     "vrrp_instance VI {\n interface p\n virtual_router_id 1\n "
				     "virtual_ipaddress {\n");
			for (unsigned int j = 0; j < rows[i].most + more; j++)
				fprintf(out, i == 0 ? "10.1.%u.%u\n" : "2001:db8::%x:%x\n", j / 200,
					j % 200 + 1);
			fprintf(out, "}\n}\n");
			fclose(out);

			struct conf *conf = conf_load_text("t", text, size, false, &faults);

			got = conf_faults_text(&faults, 8 + rows[i].most);
			assert_true(asprintf(&want,
					     "1:1: an advert has room for %u addresses of IPv%c: the others "
					     "belong "
					     "into virtual_ipaddress_excluded\n",
					     rows[i].most, rows[i].family) > 0);
			sl_check_str(rows[i].name, got, more == 0 ? "" : want);
			conf_free(conf);
			conf_faults_free(&faults);
			free(text);
			free(got);
			free(want);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value), cmocka_unit_test(addr),  cmocka_unit_test(together),
		cmocka_unit_test(track), cmocka_unit_test(group), cmocka_unit_test(adverts_have_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
