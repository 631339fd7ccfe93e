# SPDX-License-Identifier: BSD-3-Clause
"""A TCP sender that finds its way's MTU: each long segment with DF is answered with the MTU, the next of that size
goes; the connection stays what it was, and what was not sent is not counted as sent."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "TUN", [(SERVER4[1], 80)])

flow = TunnelFlow(Tunnel())
DF = dict(flags="DF", id=0)
long = [flow.sent(bytes(size - 40), flags="PA", seq=2, ip_fields=DF) for size in (1500, 1490, 1481)]

traffic = [flow.request(flags="S", seq=1, ip_fields=DF), flow.request(flags="A", seq=2, ip_fields=DF)]
traffic += [(each, too_big(each, 1480)) for each in long]
traffic += [
    flow.request(bytes(1440), flags="PA", seq=2, ip_fields=DF),
    flow.request(bytes(1440), flags="PA", seq=1442, ip_fields=DF),
]

drops = {"too_big": 3}
answers = (3, 0)
conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:80"]
