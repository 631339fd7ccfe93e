# SPDX-License-Identifier: BSD-3-Clause
"""Errors about tunnel packets that the box cannot have sent are not believed: to nobody's server, from another
source, about a packet of no connection, with a wrong checksum, with an absurd MTU; the path's MTU stays what it
was."""

from rig import *

config = one_arm() + service("UDP", VIP4, 80, "TUN", [(SERVER4[1], 80)])

flow = TunnelFlow(Tunnel(), proto="UDP")
DF = dict(flags="DF", id=3)
sent, left = flow.request(bytes(1400 - 28), ip_fields=DF)
inner = flow.packet(b"data" * 20, 63, DF)


def spoofed(quote, mtu=600, **more):
    return from_server(1, error("10.0.0.99", OWN_LAN4, 3, 4, bytes(quote), mtu, **more)), None


way = Tunnel()
traffic = [
    (sent, left),
    spoofed(way.wrap(inner, OWN_LAN4, "10.0.0.77")),  # no server of ours
    spoofed(way.wrap(inner, "10.0.0.77", SERVER4[1])),  # not from us
    spoofed(way.wrap(inner, OWN_LAN4, SERVER4[1]), good=False),
    spoofed(way.wrap(ip(CLIENT4, VIP4, flags="DF") / UDP(sport=1, dport=80) / b"xyz", OWN_LAN4, "10.0.0.78")),
    Then(),
    flow.request(bytes(1480 - 28), ip_fields=DF),
]
drops = {("icmp_no_flow", "icmp_ignored", "icmp_invalid", "punt_ignored"): 4}
