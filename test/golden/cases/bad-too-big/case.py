# SPDX-License-Identifier: BSD-3-Clause
"""A packet longer than the MTU of the port it leaves by is too_big; one of exactly the MTU is forwarded. Both families,
NAT and DR, both directions."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])
          + service("UDP", VIP4, 54, "DR", [(SERVER4[2], 54)]))

four = Flow("UDP", vport=53, sport=5353)
six = Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)
direct = Flow("UDP", "DR", vport=54, server=2)

FITS = [four.request(bytes(1472)), four.reply(bytes(1472)), six.request(bytes(1452)), six.reply(bytes(1452)),
        direct.request(bytes(1472))]
TOO_BIG = [four.request(bytes(1473)), four.reply(bytes(1600)), six.request(bytes(1453)), six.reply(bytes(1900)),
           direct.request(bytes(1473))]

traffic = FITS + [(sent, None) for sent, _left in TOO_BIG] + FITS

drops = {"too_big": len(TOO_BIG)}
