/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults of ports, routes, neighbours, services and servers, alone and against
 * each other: where each is reported and what is said.
 */
#include "test_conf_rows.h"

#define ANOTHER(number) "port q" number " {\n  device net_null1" number "\n}\n"

/* ---- port ---- */

static const struct conf_row port_rows[] = {
	{ "none at all", "global_defs {\n}\n",
	  "1:1: no port is defined: without \"port NAME { device ... }\" there is nothing to balance\n",
	  .bare = true },
	{ "a name that is none", "port \"a b\" {\n  device net_null0\n}\n",
	  "1:6: the name of a port must have 1 to 31 letters, digits, \"_\", \"-\" or \".\", not \"a b\"\n" },
	{ "the same name twice", "port p {\n  device net_null0\n}\n",
	  "1:6: port p is defined in line 1 already\n" },
	{ "no device", "port q {\n  mtu 1500\n}\n",
	  "1:1: port q has no device: a PCI address, or a DPDK device such as "
	  "\"net_af_packet0,iface=eth1\"\n" },
	{ "a kernel interface for a device", "port q {\n  device eth0\n}\n",
	  "2:10: device must be a PCI address (0000:3b:00.0) or a DPDK device "
	  "(\"net_af_packet0,iface=eth1\" for a kernel interface), not \"eth0\"\n" },
	{ "a PCI address that is none", "port q {\n  device 0000:3b:00\n}\n",
	  "2:10: device must be a PCI address (0000:3b:00.0) or a DPDK device "
	  "(\"net_af_packet0,iface=eth1\" for a kernel interface), not \"0000:3b:00\"\n" },
	{ "the same device twice", "port q {\n  device \"net_null9,size=64\"\n}\n",
	  "2:10: device net_null9 is that of port p already (line 2)\n" },
	{ "the same PCI device twice", "port q {\n  device 0000:3b:00.0\n}\nport r {\n  device 3B:00.0\n}\n",
	  "5:10: device 3B:00.0 is that of port q already (line 7)\n" },
	{ "queues", "port q {\n  device net_null0\n  queues 0\n}\n",
	  "3:10: queues (or auto) must be a number from 1 to 64, not \"0\"\n" },
	{ "mtu", "port q {\n  device net_null0\n  mtu 60\n}\n",
	  "3:7: mtu must be a number from 68 to 16110, not \"60\"\n" },
	{ "mtu too small for IPv6", "port q {\n  device net_null0\n  mtu 1000\n  address fd00::1/64\n}\n",
	  "3:7: mtu 1000 is too small for IPv6, which needs 1280\n" },
	{ "promiscuous", "port q {\n  device net_null0\n  promiscuous maybe\n}\n",
	  "3:15: promiscuous must be on or off, not \"maybe\"\n" },
	{ "transit", "port q {\n  device net_null0\n  transit forward\n}\n",
	  "3:11: transit must be kernel or drop, not \"forward\"\n" },
	{ "an address that is none",
	  "port q {\n  device net_null0\n  address 192.0.2.300/24\n  gateway 192.0.2.1\n}\n",
	  "3:11: address must be ADDRESS/LENGTH, such as 192.0.2.1/24 or 2001:db8::1/64, not "
	  "\"192.0.2.300/24\"\n" },
	{ "an address of a network", "port q {\n  device net_null0\n  address 192.0.2.0/24\n}\n",
	  "3:11: address 192.0.2.0/24 is that of the network itself: give one of its hosts\n" },
	{ "a broadcast address", "port q {\n  device net_null0\n  address 192.0.2.255/24\n}\n",
	  "3:11: address 192.0.2.255/24 is the broadcast address of its network: give one of its hosts\n" },
	{ "a multicast address", "port q {\n  device net_null0\n  address 224.0.0.1/24\n}\n",
	  "3:11: address must be that of a host, not \"224.0.0.1/24\" (zero, loopback, multicast or "
	  "broadcast)\n" },
	{ "an address twice", "port q {\n  device net_null0\n  address 10.0.0.1/24\n}\n",
	  "3:11: address 10.0.0.1 is that of port p already (line 3)\n" },
	{ "a subnet twice", "port q {\n  device net_null0\n  address 10.1.0.1/8\n}\n",
	  "3:11: the subnet of 10.1.0.1/8 is that of port p already (10.0.0.1/8, line 3): a subnet is on "
	  "one port\n" },
	{ "a gateway with a length", "port q {\n  device net_null0\n  gateway 10.0.0.1/24\n}\n",
	  "3:11: gateway must be an IPv4 or IPv6 address, not \"10.0.0.1/24\": no prefix length here\n" },
	{ "a gateway elsewhere",
	  "port q {\n  device net_null0\n  address 192.0.2.2/24\n  gateway 192.0.3.1\n}\n",
	  "4:11: gateway 192.0.3.1 is on no subnet of port q: one of its addresses must be of the "
	  "gateway's subnet, or static_route 192.0.3.1 dev q say that it is there\n" },
	{ "a gateway that is ourselves",
	  "port q {\n  device net_null0\n  address 192.0.2.2/24\n  gateway 192.0.2.2\n}\n",
	  "4:11: gateway 192.0.2.2 is an address of this box itself\n" },
	{ "two gateways of a family",
	  "port q {\n  device net_null0\n  address 192.0.2.2/24\n  gateway 192.0.2.1\n  gateway 192.0.2.3\n"
	  "}\n",
	  "5:11: port q has its IPv4 gateway in line 9 already: one of each family\n" },
	{ "gateways of a family on two ports",
	  "port q {\n  device net_null0\n  address 192.0.2.2/24\n  gateway 192.0.2.1\n}\nport r {\n"
	  "  device net_null1\n  address 192.0.3.2/24\n  gateway 192.0.3.1\n}\n",
	  "9:11: port q has the IPv4 gateway already: there is one default route of each family; others "
	  "are static_route PREFIX via 192.0.3.1\n" },
	{ "too many ports",
	  ANOTHER("0") ANOTHER("1") ANOTHER("2") ANOTHER("3") ANOTHER("4") ANOTHER("5") ANOTHER("6")
		  ANOTHER("7") ANOTHER("8") ANOTHER("9") ANOTHER("10") ANOTHER("11") ANOTHER("12")
			  ANOTHER("13") ANOTHER("14") ANOTHER("15"),
	  "46:1: there can be at most 16 ports\n" },
};

/* ---- routes and neighbours ---- */

static const struct conf_row routes_and_neighbours_rows[] = {
	{ "a route without a way", "static_route 10.8.0.0/16 from\n",
	  "1:1: \"static_route\" lacks a value: it is written static_route PREFIX via ADDRESS [dev PORT], "
	  "or static_route PREFIX dev PORT\n" },
	{ "a route without an address", "static_route 10.8.0.0/16 dev p via\n",
	  "1:32: \"via\" lacks its address\n" },
	{ "a route with a host's bits", "static_route 10.8.0.1/16 via 10.0.0.9\n",
	  "1:14: 10.8.0.1/16 has bits behind its length: the network is 10.8.0.0/16\n" },
	{ "a route to no prefix", "static_route 10.8/16 via 10.0.0.9\n",
	  "1:14: a route's prefix must be ADDRESS/LENGTH, such as 192.0.2.1/24 or 2001:db8::1/64, not "
	  "\"10.8/16\"\n" },
	{ "a route of two families", "static_route 10.8.0.0/16 via 2001:db8::9\n",
	  "1:14: the prefix is IPv4 and the address behind \"via\" is IPv6\n" },
	{ "a route by nobody", "static_route 192.0.2.0/24 via 198.51.100.9\n",
	  "1:31: 198.51.100.9 is on no subnet of any port: a route leads to a neighbour of this box\n" },
	{ "a route by nobody on this port",
	  "port q {\n  device net_null0\n  address 192.0.3.2/24\n}\n"
	  "static_route 192.0.2.0/24 via 10.0.0.9 dev q\n",
	  "5:31: 10.0.0.9 is on no subnet of port q: a route leads to a neighbour of this box\n" },
	{ "a route by ourselves", "static_route 192.0.2.0/24 via 10.0.0.1\n",
	  "1:31: 10.0.0.1 is an address of this box itself\n" },
	{ "a route by a link-local address", "static_route 2001:db8:1::/48 via fe80::1\n",
	  "1:34: fe80::1 is link-local and exists on every port: \"dev PORT\" must say which\n" },
	{ "a route to no port", "static_route 192.0.2.0/24 dev lan\n",
	  "1:31: there is no port \"lan\": there are p\n" },
	{ "a route twice", "static_route 192.0.2.0/24 dev p\nstatic_route 192.0.2.0/24 via 10.0.0.9\n",
	  "2:14: there is a route to 192.0.2.0/24 in line 6 already\n" },
	{ "a default route beside a gateway",
	  "port q {\n  device net_null0\n  address 192.0.2.2/24\n  gateway 192.0.2.1\n}\n"
	  "static_route default via 10.0.0.9\n",
	  "6:14: port q has a gateway, which is the route to 0.0.0.0/0 already\n" },
	{ "what keepalived's routes can and ours cannot",
	  "static_routes {\n  192.0.2.0/24 via 10.0.0.9 table 100\n  blackhole 192.0.3.0/24\n}\n",
	  "2:29: \"table\" in a route is not available: a route is PREFIX via ADDRESS [dev PORT], or PREFIX "
	  "dev PORT\n"
	  "3:3: \"blackhole\" in a route is not available: a route is PREFIX via ADDRESS [dev PORT], or "
	  "PREFIX dev PORT\n" },
	{ "what has no effect on a route",
	  "static_routes {\n  src 10.0.0.1 to 192.0.3.0/24 via 10.0.0.9 dev p scope link no_track\n}\n",
	  "2:3: warning: \"src\" has no effect on a route here\n"
	  "2:51: warning: \"scope\" has no effect on a route here\n"
	  "2:62: warning: \"no_track\" has no effect on a route here\n" },
	{ "a route by two", "static_route 192.0.2.0/24 via 10.0.0.9 via 10.0.0.8\n",
	  "1:40: a route has one \"via\"\n" },
	{ "a route by no address", "static_route 192.0.2.0/24 via router\n",
	  "1:31: via must be an IPv4 or IPv6 address, not \"router\"\n" },
	{ "a route without a prefix", "static_route via 10.0.0.9 dev p\n",
	  "1:1: a route is PREFIX via ADDRESS [dev PORT], or PREFIX dev PORT\n" },
	{ "a neighbour",
	  "static_neighbor 10.0.0.9 02:00:00:00:00 dev p\n"
	  "static_neighbor 10.0.0.9 01:00:00:00:00:01 dev p\n"
	  "static_neighbor 10.0.0 02:00:00:00:00:01 dev p\n"
	  "static_neighbor 10.0.0.9 02:00:00:00:00:01 on p\n"
	  "static_neighbor 10.0.0.9 02:00:00:00:00:01 dev lan\n",
	  "1:26: a MAC address is written 02:00:00:00:00:11, not \"02:00:00:00:00\"\n"
	  "2:26: 01:00:00:00:00:01 is not the MAC address of one host\n"
	  "3:17: static_neighbor must be an IPv4 or IPv6 address, not \"10.0.0\"\n"
	  "4:44: \"dev\" and the name of a port must stand here, not \"on\"\n"
	  "5:48: there is no port \"lan\": there are p\n" },
	{ "a neighbour twice",
	  "static_neighbor 10.0.0.9 02:00:00:00:00:01 dev p\n"
	  "static_neighbor 10.0.0.9 02:00:00:00:00:02 dev p\n",
	  "2:17: static_neighbor 10.0.0.9 on port p is in line 6 already\n" },
	{ "a neighbour of another network", "static_neighbor 192.0.2.9 02:00:00:00:00:01 dev p\n",
	  "1:17: warning: static_neighbor 192.0.2.9 is on no subnet of port p: no packet will look for it "
	  "there\n" },
	{ "a neighbour that is ourselves", "static_neighbor 10.0.0.1 02:00:00:00:00:01 dev p\n",
	  "1:17: 10.0.0.1 is an address of this box itself\n" },
};

/* ---- virtual_server ---- */

static const struct conf_row virtual_server_rows[] = {
	{ "a VIP that is none", "virtual_server www 80 {\n}\n",
	  "1:16: virtual_server must be an IPv4 or IPv6 address, not \"www\"\n" },
	{ "a VIP with its port", "virtual_server 192.0.2.1:80 {\n  real_server 10.0.0.2 80\n}\n",
	  "1:16: virtual_server must be an IPv4 or IPv6 address, not \"192.0.2.1:80\": the port is a word "
	  "of its own\n" },
	{ "a VIP that no host has", "virtual_server 127.0.0.1 80 {\n}\n",
	  "1:16: virtual_server must be the address of a host, not \"127.0.0.1\" (zero, loopback, "
	  "multicast or broadcast)\n" },
	{ "no port", "virtual_server 192.0.2.1 {\n  real_server 10.0.0.2 80\n}\n",
	  "1:16: virtual_server 192.0.2.1 needs a port from 1 to 65535: all ports at once (port 0) take "
	  "persistence, which is not available yet\n" },
	{ "port 0", "virtual_server 192.0.2.1 0 {\n  real_server 10.0.0.2\n}\n",
	  "1:26: virtual_server 192.0.2.1 needs a port from 1 to 65535: all ports at once (port 0) take "
	  "persistence, which is not available yet\n" },
	{ "a port that is none", "virtual_server 192.0.2.1 http {\n  real_server 10.0.0.2\n}\n",
	  "1:26: port must be a number from 1 to 65535, not \"http\"\n" },
	{ "fwmark", "virtual_server fwmark 3 {\n  real_server 10.0.0.2 80\n}\n",
	  "1:16: \"virtual_server fwmark\" is not available, and this service would be lost: packets reach "
	  "Sluice without passing a firewall that could mark them. Write virtual_server ADDRESS PORT, or a "
	  "virtual_server_group of them\n" },
	{ "protocol", "virtual_server 192.0.2.1 80 {\n  protocol ICMP\n}\n",
	  "2:12: protocol must be TCP or UDP, not \"ICMP\"\n" },
	{ "SCTP", "virtual_server 192.0.2.1 80 {\n  protocol SCTP\n}\n",
	  "2:12: protocol must be TCP or UDP, not \"SCTP\" (which is not available yet)\n" },
	{ "scheduler", "virtual_server 192.0.2.1 80 {\n  lb_algo wlcc\n}\n",
	  "2:11: unknown scheduler \"wlcc\" (did you mean wlc? There are rr, wrr, lc, wlc, mh)\n" },
	{ "scheduler, nothing near", "virtual_server 192.0.2.1 80 {\n  lb_algo fastest\n}\n",
	  "2:11: unknown scheduler \"fastest\" (there are rr, wrr, lc, wlc, mh)\n" },
	{ "scheduler that is not there yet", "virtual_server 192.0.2.1 80 {\n  lvs_sched sh\n}\n",
	  "2:13: scheduler \"sh\" is not available yet: there are rr, wrr, lc, wlc, mh\n" },
	{ "method", "virtual_server 192.0.2.1 80 {\n  lb_kind ROUTE\n}\n",
	  "2:11: forwarding method must be one of NAT, DR, TUN, FNAT, not \"ROUTE\"\n" },
	{ "method with options", "virtual_server 192.0.2.1 80 {\n  lvs_method DR type ipip\n}\n",
	  "2:17: \"type\" is too much: a tunnel goes with TUN, not with DR\n" },
	{ "a service twice",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2\n}\nvirtual_server 192.0.2.1 80 {\n"
	  "  protocol UDP\n  real_server 10.0.0.2\n}\nvirtual_server 192.0.2.1 80 {\n  protocol TCP\n"
	  "  real_server 10.0.0.3\n}\n",
	  "8:16: virtual_server TCP 192.0.2.1:80 is in line 6 already\n" },
	{ "a VIP that is a port's", "virtual_server 10.0.0.1 80 {\n  real_server 10.0.0.2\n}\n",
	  "1:16: warning: VIP 10.0.0.1 is also the address of port p (line 3): whatever comes to it and is "
	  "for none of its services is dropped\n" },
	{ "no server", "virtual_server 192.0.2.1 80 {\n  lb_algo rr\n}\n",
	  "1:16: warning: virtual_server has no real_server: nobody gets its connections until one is "
	  "added\n" },
};

/* ---- real_server ---- */

static const struct conf_row real_server_rows[] = {
	{ "an address that is none", "virtual_server 192.0.2.1 80 {\n  real_server web1 80\n}\n",
	  "2:15: real_server must be an IPv4 or IPv6 address, not \"web1\"\n" },
	{ "a port that is none", "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 65536\n}\n",
	  "2:24: port must be a number from 1 to 65535, not \"65536\"\n" },
	{ "weight", "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80 {\n    weight 65536\n  }\n}\n",
	  "3:12: weight must be a number from 0 to 65535, not \"65536\"\n" },
	{ "weight, negative",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80 {\n    weight -1\n  }\n}\n",
	  "3:12: weight must be a number from 0 to 65535, not \"-1\"\n" },
	{ "the service's weight", "virtual_server 192.0.2.1 80 {\n  weight x\n  real_server 10.0.0.2 80\n}\n",
	  "2:10: weight must be a number from 0 to 65535, not \"x\"\n" },
	{ "method",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80 {\n    lvs_method FULL\n  }\n}\n",
	  "3:16: forwarding method must be one of NAT, DR, TUN, FNAT, not \"FULL\"\n" },
	{ "another family", "virtual_server 192.0.2.1 80 {\n  real_server 2001:db8::2 80\n}\n",
	  "2:15: real_server 2001:db8::2 is IPv6 and its virtual_server IPv4: NAT and DR keep the family\n" },
	{ "DR with another port",
	  "virtual_server 192.0.2.1 80 {\n  lb_kind DR\n  real_server 10.0.0.2 8080\n}\n",
	  "3:24: warning: DR cannot change the port: port 80 of the virtual_server is used, not 8080\n" },
	{ "a server twice",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80\n  real_server 10.0.0.2 81\n"
	  "  real_server 10.0.0.2\n}\n",
	  "4:15: real_server 10.0.0.2:80 is in this virtual_server already (line 7)\n" },
	{ "a server twice, by DR",
	  "virtual_server 192.0.2.1 80 {\n  lb_kind DR\n  real_server 10.0.0.2 80\n"
	  "  real_server 10.0.0.2 81\n}\n",
	  "4:15: real_server 10.0.0.2:80 is in this virtual_server already (line 8)\n"
	  "4:24: warning: DR cannot change the port: port 80 of the virtual_server is used, not 81\n" },
	{ "a server twice among many",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2\n  real_server 10.0.0.3\n"
	  "  real_server 10.0.0.4\n  real_server 10.0.0.5\n  real_server 10.0.0.6\n  real_server 10.0.0.7\n"
	  "  real_server 10.0.0.8\n  real_server 10.0.0.9\n  real_server 10.0.0.10\n"
	  "  real_server 10.0.0.11\n  real_server 10.0.0.5\n}\n",
	  "12:15: real_server 10.0.0.5:80 is in this virtual_server already (line 10)\n" },
	{ "this box", "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.1 80\n}\n",
	  "2:15: real_server 10.0.0.1 is this box itself (port p, line 3): servers run elsewhere\n" },
	{ "a VIP", "virtual_server 192.0.2.1 80 {\n  real_server 192.0.2.1 8080\n}\n",
	  "2:15: real_server 192.0.2.1 is a VIP: connections would come back to this box\n" },
	{ "nowhere", "virtual_server 192.0.2.1 80 {\n  real_server 198.51.100.2 80\n}\n",
	  "2:15: warning: there is no way to real_server 198.51.100.2: no port's subnet, static_route or "
	  "gateway leads there\n" },
	{ "a router between, for NAT and for DR",
	  "static_route 10.8.0.0/16 via 10.0.0.9\nvirtual_server 192.0.2.1 80 {\n  real_server 10.8.0.2\n"
	  "  real_server 10.8.0.3 80 {\n    lvs_method DR\n  }\n}\n",
	  "4:15: warning: real_server 10.8.0.3 is behind a router: DR leaves the VIP in the packet, and a "
	  "router sends that back to this box\n" },
	{ "a lower limit above the upper",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80 {\n    uthreshold 100\n"
	  "    lthreshold 101\n  }\n}\n",
	  "4:16: lthreshold 101 is more than uthreshold, which is 100\n" },
	{ "a lower limit alone",
	  "virtual_server 192.0.2.1 80 {\n  real_server 10.0.0.2 80 {\n    lthreshold 7\n  }\n}\n",
	  "3:16: warning: \"lthreshold\" has no effect: there is no uthreshold\n" },
};

/* ---- one mistake, one fault ---- */

static const struct conf_row one_mistake_one_fault_rows[] = {
	{ "a bad port name is not unknown afterwards",
	  "port q {\n  device eth0\n}\nstatic_route 192.0.2.0/24 dev q\n",
	  "2:10: device must be a PCI address (0000:3b:00.0) or a DPDK device "
	  "(\"net_af_packet0,iface=eth1\" for a kernel interface), not \"eth0\"\n" },
	{ "a bad address does not make a gateway wrong",
	  "port q {\n  device net_null0\n  address 192.0.2.0/24\n  gateway 192.0.2.1\n}\n"
	  "static_route 198.51.100.0/24 via 192.0.2.9\n",
	  "3:11: address 192.0.2.0/24 is that of the network itself: give one of its hosts\n" },
	{ "a missing include does not make its ports unknown",
	  "include nowhere.conf\nstatic_route 192.0.2.0/24 dev q\n",
	  "1:9: cannot include \"nowhere.conf\": No such file or directory\n", .bare = true },
	{ "a bad method does not make ports or families wrong",
	  "virtual_server 192.0.2.1 80 {\n  lb_kind IPIP\n  real_server 2001:db8::2 8080\n}\n",
	  "2:11: forwarding method must be one of NAT, DR, TUN, FNAT, not \"IPIP\"\n" },
	{ "a bad VIP leaves the rest to be checked",
	  "virtual_server 192.0.2 80 {\n  lb_algo x\n  real_server 10.0.0.2 80 {\n    weight x\n  }\n}\n",
	  "1:16: virtual_server must be an IPv4 or IPv6 address, not \"192.0.2\"\n"
	  "2:11: unknown scheduler \"x\" (there are rr, wrr, lc, wlc, mh)\n"
	  "4:12: weight must be a number from 0 to 65535, not \"x\"\n" },
};

static void
port(void **state)
{
	conf_rows_check(port_rows, SL_COUNT(port_rows));
}

static void
routes_and_neighbours(void **state)
{
	conf_rows_check(routes_and_neighbours_rows, SL_COUNT(routes_and_neighbours_rows));
}

static void
virtual_server(void **state)
{
	conf_rows_check(virtual_server_rows, SL_COUNT(virtual_server_rows));
}

static void
real_server(void **state)
{
	conf_rows_check(real_server_rows, SL_COUNT(real_server_rows));
}

static void
one_mistake_one_fault(void **state)
{
	conf_rows_check(one_mistake_one_fault_rows, SL_COUNT(one_mistake_one_fault_rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port),
		cmocka_unit_test(routes_and_neighbours),
		cmocka_unit_test(virtual_server),
		cmocka_unit_test(real_server),
		cmocka_unit_test(one_mistake_one_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
