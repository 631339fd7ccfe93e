# SPDX-License-Identifier: BSD-3-Clause
"""Neighbour solicitations for other addresses are not answered, and neighbour advertisements that nobody asked for
make nothing leave and move no traffic."""

from rig import *

config = one_arm() + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])

WAN, STRANGER = PORT_MAC["wan"], "02:66:66:66:66:66"


def asks(address):
    last = int(address.split(":")[-1], 16)
    to, to_mac = f"ff02::1:ff00:{last:x}", f"33:33:ff:00:{last >> 8:02x}:{last & 255:02x}"
    return Frame("wan", Ether(src=LINK_CLIENT_MAC, dst=to_mac) / IPv6(src=LINK_CLIENT6, dst=to, hlim=255) /
                 ICMPv6ND_NS(tgt=address) / ICMPv6NDOptSrcLLAddr(lladdr=LINK_CLIENT_MAC))


def claims(address):
    return [Frame("wan", Ether(src=STRANGER, dst=mac) / IPv6(src=address, dst=to, hlim=255) /
                  ICMPv6ND_NA(tgt=address, R=1, S=solicited, O=1) / ICMPv6NDOptDstLLAddr(lladdr=STRANGER))
            for to, mac, solicited in (("ff02::1", "33:33:00:00:00:01", 0), (OWN6, WAN, 1))]


flow = Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)

OTHERS = ["2001:db8:1::3", "2001:db8:2::22", SERVER6[1], GATEWAY6]

traffic = [flow.request(b"q"), flow.reply(b"a")]
traffic += [(asks(address), None) for address in OTHERS]
traffic += [(frame, None) for address in (GATEWAY6, SERVER6[1]) for frame in claims(address)]
traffic += [Then(), flow.request(b"q"), flow.reply(b"a")]

drops = {"arp_conflict": 4}
