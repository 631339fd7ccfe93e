# SPDX-License-Identifier: BSD-3-Clause
"""Without static neighbours the box solicits its IPv6 servers and gateway by itself; packets wait for the
advertisement and leave in order when it comes."""

from rig import *

config = one_arm(neighbours=False) + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80)])

WAN = PORT_MAC["wan"]


def solicitation(own, address):
    """To the solicited-node group of an address that ends in ::n (RFC 4861 7.2.2)."""
    last = int(address.split(":")[-1], 16)
    group, mac = f"ff02::1:ff00:{last:x}", f"33:33:ff:00:{last >> 8:02x}:{last & 255:02x}"
    asked = (Ether(src=WAN, dst=mac) / IPv6(src=own, dst=group, hlim=255) / ICMPv6ND_NS(tgt=address) /
             ICMPv6NDOptSrcLLAddr(lladdr=WAN))
    return repeated(loosely(Frame("wan", asked), "ip6.flow"))


def advertisement(own, address, mac):
    return Frame("wan", Ether(src=mac, dst=WAN) / IPv6(src=address, dst=own, hlim=255) /
                 ICMPv6ND_NA(tgt=address, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))


def held(count):
    return lambda control: sum(balance.held for balance in control.balances()) == count


also_out = [
    repeated(Frame("wan", Ether(src=WAN, dst="ff:ff:ff:ff:ff:ff") /
                   ARP(op=1, hwsrc=WAN, psrc=OWN4, hwdst="00:00:00:00:00:00", pdst=GATEWAY4))),
    solicitation(OWN6, GATEWAY6),
    solicitation(OWN_LAN6, SERVER6[1]),
]

flow = Flow(kind="DR", client=CLIENT6, vip=VIP6)

traffic = [
    flow.request(flags="S"), flow.request(flags="A"), flow.request(b"data", flags="PA"),
    Then(wait=held(3), what="three packets wait for their server's MAC"),
    (advertisement(OWN_LAN6, SERVER6[1], SERVER_MAC[1]), None),
    Then(wait=held(0), what="the packets leave when the answer has come"),
    flow.request(b"more", flags="PA"),
]

conns = ["TCP ESTABLISHED [2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:80"]
