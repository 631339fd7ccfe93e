# SPDX-License-Identifier: BSD-3-Clause
"""A real server in a network behind a router is reached through that router, and several behind one share its MAC.
With two ports the router decides the port."""

from rig import *

ROUTER_MAC = "02:00:00:00:02:01"

config = (two_arm(extra=f"""
static_route 10.8.0.0/16 via 10.0.0.2
static_route fd08::/32 via fd00::2
static_neighbor 10.0.0.2 {ROUTER_MAC} dev lan
static_neighbor fd00::2 {ROUTER_MAC} dev lan
""") + service("TCP", VIP4, 80, "NAT", [("10.8.1.1", 8080)])
          + service("TCP", VIP4, 81, "NAT", [("10.8.255.254", 8081)])
          + service("TCP", VIP6, 80, "NAT", [("fd08:0:1::1", 8080)]))


def row(client, vip, port, real, real_port):
    left = ip(client, real, 63) / TCP(sport=40000, dport=real_port, flags="S")
    return (from_client(ip(client, vip, 64) / TCP(sport=40000, dport=port, flags="S")),
            Frame("lan", Ether(src=PORT_MAC["lan"], dst=ROUTER_MAC) / left))


traffic = [
    row(CLIENT4, VIP4, 80, "10.8.1.1", 8080),
    row(CLIENT4, VIP4, 81, "10.8.255.254", 8081),
    row(CLIENT6, VIP6, 80, "fd08:0:1::1", 8080),
]
