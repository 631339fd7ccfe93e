# SPDX-License-Identifier: BSD-3-Clause
"""Packets for a neighbour that never answers are given up after a few seconds as neigh_failed, all that wait and
those that come after; the box has asked several times, and the others are served."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [("10.0.0.99", 5353)])
          + service("UDP", VIP4, 54, "NAT", [(SERVER4[1], 5354)]))

silent, served = Flow("UDP", vport=53), Flow("UDP", vport=54, sport=5354)

WAN = PORT_MAC["wan"]

question = Frame("wan", Ether(src=WAN, dst="ff:ff:ff:ff:ff:ff") /
                 ARP(op=1, hwsrc=WAN, psrc=OWN_LAN4, hwdst="00:00:00:00:00:00", pdst="10.0.0.99"))
also_out = [repeated(question)]


def given_up(control):
    return control.drops().get("neigh_failed", 0) == 3 and sum(balance.held for balance in control.balances()) == 0


traffic = [
    (silent.sent(b"1"), None), (silent.sent(b"2"), None), served.request(b"q"), (silent.sent(b"3"), None),
    Then(wait=given_up, what="three packets are given up"),
    served.reply(b"a"), served.request(b"q"),
]

drops = {"neigh_failed": 3}


def check(result):
    asked = result.output["wan"].count(question.raw())
    return [] if asked >= 2 else [f"asked {asked} times"]
