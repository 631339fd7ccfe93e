# SPDX-License-Identifier: BSD-3-Clause
"""A packet longer than the MTU of the port it leaves by goes in fragments if it is IPv4 and may be; else it is
too_big, and its sender is told the MTU. One of exactly the MTU is forwarded whole. Both families, NAT and DR, both
directions."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])
          + service("UDP", VIP4, 54, "DR", [(SERVER4[2], 54)]))

four = Flow("UDP", vport=53, sport=5353)
six = Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)
direct = Flow("UDP", "DR", vport=54, server=2)

FITS = [four.request(bytes(1472)), four.reply(bytes(1472)), six.request(bytes(1452)), six.reply(bytes(1452)),
        direct.request(bytes(1472))]
CUT = [four.request(bytes(1473)), four.reply(bytes(1600)), direct.request(bytes(1473))]

long4, long6, long_direct = (four.sent(bytes(1473), ip_fields=dict(flags="DF")), six.sent(bytes(1453)),
                             direct.sent(bytes(1473), ip_fields=dict(flags="DF")))
back6, _left = six.reply(bytes(1800))
told = one_of(*(own_error(to_server(1, error(own, SERVER6[1], 2, 0, bytes(back6.data.payload)[:1280 - 48], 1500)))
                for own in (OWN6, OWN_LAN6)))

traffic = FITS + [(sent, cut_by_box(left, 1500)) for sent, left in CUT]
traffic += [(sent, too_big(sent, 1500)) for sent in (long4, long6, long_direct)] + [(back6, told)] + FITS

drops = {"too_big": 4}
answers = (4, 0)
