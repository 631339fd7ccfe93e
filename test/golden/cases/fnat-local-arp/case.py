# SPDX-License-Identifier: BSD-3-Clause
"""Local addresses are answered for: ARP, neighbour discovery, on the port they were given. Addresses beside the range
are not."""

from rig import *

config = (
    one_arm()
    + local_group("snat", "10.0.0.200-203")
    + local_group("six", "fd00::200-fd00::203")
    + service("TCP", VIP4, 80, "FNAT", [(SERVER4[1], 8080)], "rr", "laddr_group_name snat")
    + service("TCP", VIP6, 80, "FNAT", [(SERVER6[1], 8080)], "rr", "laddr_group_name six")
)

MAC = PORT_MAC["wan"]


def arp(address, known):
    asked = Frame(
        "wan",
        Ether(src=SERVER_MAC[1], dst="ff:ff:ff:ff:ff:ff")
        / ARP(op=1, hwsrc=SERVER_MAC[1], psrc=SERVER4[1], pdst=address),
    )
    answer = Frame(
        "wan",
        Ether(src=MAC, dst=SERVER_MAC[1]) / ARP(op=2, hwsrc=MAC, psrc=address, hwdst=SERVER_MAC[1], pdst=SERVER4[1]),
    )
    return asked, loosely(answer, "padding") if known else None


def nd(address, known):
    last = address.rpartition(":")[2].zfill(6)
    group, mac = f"ff02::1:ff{last[:2]}:{last[2:]}", f"33:33:ff:{last[:2]}:{last[2:4]}:{last[4:]}"
    asked = Frame(
        "wan",
        Ether(src=SERVER_MAC[1], dst=mac)
        / IPv6(src=SERVER6[1], dst=group, hlim=255)
        / ICMPv6ND_NS(tgt=address)
        / ICMPv6NDOptSrcLLAddr(lladdr=SERVER_MAC[1]),
    )
    answer = Frame(
        "wan",
        Ether(src=MAC, dst=SERVER_MAC[1])
        / IPv6(src=address, dst=SERVER6[1], hlim=255)
        / ICMPv6ND_NA(tgt=address, R=0, S=1, O=1)
        / ICMPv6NDOptDstLLAddr(lladdr=MAC),
    )
    return asked, loosely(answer, "na.router", "ip6.flow") if known else None


traffic = [arp(f"10.0.0.{n}", 200 <= n <= 203) for n in (199, 200, 201, 203, 204)]
traffic += [nd(f"fd00::{n}", n != 204) for n in (200, 203, 204)]

drops = None
