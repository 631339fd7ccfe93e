# SPDX-License-Identifier: BSD-3-Clause
"""Packets for a server whose MAC is not known wait in a queue that has an end: what does not fit is neigh_queue_full,
traffic to known servers flows on, and nothing gets lost from the accounts."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [("10.0.0.99", 5353)])
          + service("UDP", VIP4, 54, "NAT", [(SERVER4[1], 5354)]))

WAN = PORT_MAC["wan"]
PACKETS = 3000

known = [Flow("UDP", vport=54, sport=5354, cport=1000 + n) for n in range(30)]

waiting = [(Flow("UDP", vport=53, cport=2000 + n).sent(b"wait"), None) for n in range(50)] * (PACKETS // 100)

traffic = waiting + [flow.request(b"flows on") for flow in known] + waiting

also_out = [repeated(Frame("wan", Ether(src=WAN, dst="ff:ff:ff:ff:ff:ff") /
                           ARP(op=1, hwsrc=WAN, psrc=OWN_LAN4, hwdst="00:00:00:00:00:00", pdst="10.0.0.99")))]


drops = None  # how many of them wait is the queue's size, the implementation's choice


def check(result):
    held, dropped = sum(balance.held for balance in result.balances), result.drops.pop("neigh_queue_full", 0)
    failed = result.drops.pop("neigh_failed", 0)  # where the machine is so slow that the wait is over
    if result.drops:
        return [f"drops: nothing but neigh_queue_full should be there, not {result.drops}"]
    return [] if held > 0 and dropped > 0 and held + dropped + failed == PACKETS else [
        f"{held} packets wait, {dropped} were dropped: together it should be {PACKETS}, and some of each"]
