# SPDX-License-Identifier: BSD-3-Clause
"""Neighbour solicitations for VIPs and own addresses are answered with the port's MAC: from global and link-local
askers, sent to the solicited-node group or to the box alone, and duplicate address detection, which is answered to
all nodes."""

from rig import *

config = one_arm() + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])

WAN = PORT_MAC["wan"]


def group(address):
    """The solicited-node group of an address that ends in ::n, and its MAC."""
    last = int(address.split(":")[-1], 16)
    return f"ff02::1:ff00:{last:x}", f"33:33:ff:00:{last >> 8:02x}:{last & 255:02x}"


def asks(address, who, mac, alone=False):
    to, to_mac = (address, WAN) if alone else group(address)
    asked = (Ether(src=mac, dst=to_mac) / IPv6(src=who, dst=to, hlim=255) / ICMPv6ND_NS(tgt=address) /
             ICMPv6NDOptSrcLLAddr(lladdr=mac))
    answer = (Ether(src=WAN, dst=mac) / IPv6(src=address, dst=who, hlim=255) /
              ICMPv6ND_NA(tgt=address, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=WAN))
    return Frame("wan", asked), loosely(Frame("wan", answer), "na.router", "ip6.flow")


def probes(address):
    """Duplicate address detection; its answer looks like an announcement."""
    to, to_mac = group(address)
    asked = Ether(src=LINK_CLIENT_MAC, dst=to_mac) / IPv6(src="::", dst=to, hlim=255) / ICMPv6ND_NS(tgt=address)
    return Frame("wan", asked), announcement(address)


traffic = [asks(address, GATEWAY6, GATEWAY_MAC) for address in (VIP6, OWN6)]
traffic += [asks(address, LINK_CLIENT6, LINK_CLIENT_MAC, alone=True) for address in (VIP6, OWN6)]
traffic += [asks(OWN_LAN6, SERVER6[1], SERVER_MAC[1]), asks(VIP6, SERVER6[2], SERVER_MAC[2])]
traffic += [asks(address, "fe80::5", LINK_CLIENT_MAC) for address in (VIP6, OWN6)]
traffic += [probes(VIP6)]

also_out = [announcement(VIP6)]  # of the start

drops = {"arp_conflict": 1}  # who probes a VIP is about to claim it
