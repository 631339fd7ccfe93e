# SPDX-License-Identifier: BSD-3-Clause
"""Without static neighbours the box asks for the gateway and the servers by itself; packets wait for the answer, held,
and leave in order when it comes. What a stranger claims later changes nothing; the box asks the MAC it knows whether it
is still there."""

from rig import *

config = one_arm(neighbours=False) + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])

WAN, ALL, NONE, STRANGER = PORT_MAC["wan"], "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "02:66:66:66:66:66"


def question(own, address, to=ALL):
    return Frame("wan", Ether(src=WAN, dst=to) / ARP(op=1, hwsrc=WAN, psrc=own, hwdst=NONE, pdst=address))


def answer(own, address, mac):
    return Frame("wan", Ether(src=mac, dst=WAN) / ARP(op=2, hwsrc=mac, psrc=address, hwdst=WAN, pdst=own))


flow = Flow("UDP", vport=53, sport=5353)


def held(count):
    return lambda control: sum(balance.held for balance in control.balances()) == count


def solicitation(own, address):
    """What asks for an IPv6 gateway: to the solicited-node group of its address (RFC 4861 7.2.2)."""
    last = int(address.split(":")[-1], 16)
    group, mac = f"ff02::1:ff00:{last:x}", f"33:33:ff:00:{last >> 8:02x}:{last & 255:02x}"
    return Frame("wan", Ether(src=WAN, dst=mac) / IPv6(src=own, dst=group, hlim=255) / ICMPv6ND_NS(tgt=address) /
                 ICMPv6NDOptSrcLLAddr(lladdr=WAN))


also_out = [
    repeated(question(OWN4, GATEWAY4)),
    repeated(question(OWN_LAN4, SERVER4[1])),
    repeated(loosely(solicitation(OWN6, GATEWAY6), "ip6.flow")),
    repeated(question(OWN4, GATEWAY4, to=GATEWAY_MAC)),
]

traffic = [
    flow.request(b"one"), flow.request(b"two"), flow.request(b"three"),
    Then(wait=held(3), what="three packets wait for their server's MAC"),
    (answer(OWN_LAN4, SERVER4[1], SERVER_MAC[1]), None),
    Then(wait=held(0), what="the packets leave when the answer has come"),
    flow.reply(b"one"),
    Then(wait=held(1), what="the reply waits for the gateway's MAC"),
    (answer(OWN4, GATEWAY4, GATEWAY_MAC), None),
    Then(wait=held(0), what="the reply leaves when the answer has come"),
    (Frame("wan", Ether(src=STRANGER, dst=ALL) /
           ARP(op=2, hwsrc=STRANGER, psrc=GATEWAY4, hwdst=ALL, pdst=GATEWAY4)), None),
    (answer(OWN4, GATEWAY4, STRANGER), None),
    Then(),
    flow.reply(b"two"), flow.request(b"four"),
]

drops = {"arp_conflict": 2}
