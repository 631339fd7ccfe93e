# SPDX-License-Identifier: BSD-3-Clause
"""A stranger who claims the gateway's or a server's address, by request, by answer, gratuitously, moves no traffic: the
frames go on to the MACs that are known, and the claims are counted as arp_conflict."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP4, 54, "DR", [(SERVER4[2], 54)]))

WAN, ALL, NONE, STRANGER = PORT_MAC["wan"], "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "02:66:66:66:66:66"


def claims(address):
    return [Frame("wan", frame) for frame in (
        Ether(src=STRANGER, dst=ALL) / ARP(op=1, hwsrc=STRANGER, psrc=address, hwdst=NONE, pdst=address),
        Ether(src=STRANGER, dst=ALL) / ARP(op=2, hwsrc=STRANGER, psrc=address, hwdst=ALL, pdst=address),
        Ether(src=STRANGER, dst=WAN) / ARP(op=2, hwsrc=STRANGER, psrc=address, hwdst=WAN, pdst=OWN4))]


nat, direct = Flow("UDP", vport=53, sport=5353), Flow("UDP", "DR", vport=54, server=2)
conversation = [nat.request(b"q"), nat.reply(b"a"), direct.request(b"d")]

traffic = list(conversation)
traffic += [(frame, None) for address in (GATEWAY4, SERVER4[1], SERVER4[2]) for frame in claims(address)]
traffic += [Then()]
traffic += conversation + [Flow("UDP", vport=53, sport=5353, cport=7).request(b"new")]

drops = {"arp_conflict": 9}
